/* A template and its data: the text up to the first NUL is the template, the
 * rest JSON. Everything but keys and certificates may run. */
#include <stddef.h>
#include <stdint.h>

#include "helm/engine.h"
#include "value/json.h"

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

static err *render(struct arena *a, str text, str json)
{
	const struct tmpl_options o = {
		.limits = { .text = 1 << 20, .stack = 2 << 20, .steps = 200000 },
		.now = now,
		.random = fill,
	};
	const struct engine_file file = { S("t.yaml"), text, S("templates") };
	struct engine_templates parsed;
	struct engine_output *out;
	node dot;
	size_t n;
	err *e = json_read(a, json, NULL, &dot);

	if (e || dot.kind != NODE_MAP) {
		err_free(e);
		dot = node_map(a, 1);
		node_set(a, dot, S("s"), node_from_str(a, json));
	}
	dot.type = GO_VALUES;
	TRY(engine_parse(a, &file, 1, NULL, &parsed));
	return engine_render(a, &parsed, &dot, &o, &out, &n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);
	str all = { (const char *)data, size }, text = all, json = STR_NONE;

	/* These take seconds, and no surprises. */
	if (str_has(all, S("gen")) || str_has(all, S("derive")) || str_has(all, S("crypt")) ||
	    str_has(all, S("htp")))
		return 0;
	str_split(all, 0, &text, &json);
	err_free(render(&a, text, json));
	return 0;
}
