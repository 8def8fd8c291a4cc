/* The bytes of a packaged chart, loaded and its manifests cut. */
#include <stddef.h>
#include <stdint.h>

#include "helm/render.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t now(void *ctx)
{
	(void)ctx;
	return 1700000000000000000;
}

static void fill(void *ctx, void *to, size_t n)
{
	(void)ctx;
	memset(to, 7, n);
}

static err *run(struct arena *a, str bytes)
{
	static const struct tmpl_options tmpl = {
		.limits = { .text = 1 << 20, .stack = 2 << 20, .steps = 200000 },
		.now = now,
		.random = fill,
	};
	const struct chart_options o = { .max_size = 1 << 20 };
	struct caps caps = caps_offline(a, NULL, 0);
	const struct render_options ro = { .release = { .name = S("r"), .ns = S("n") },
					   .caps = &caps, .tmpl = &tmpl };
	struct render out;
	struct chart *c;

	TRY(chart_load_archive(a, bytes, &o, &c));
	return render_chart(a, c, NODE_NOTHING, &ro, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)256 << 20);

	err_free(run(&a, str_of((const char *)data, size)));
	return 0;
}
