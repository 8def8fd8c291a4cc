/* A chart that is linted: texts parted by NUL, names of files and their
 * contents in turn. */
#include <stddef.h>
#include <stdint.h>

#include "helm/lint.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tmpl_options tmpl = {
		.limits = { .text = 1 << 20, .stack = 2 << 20, .steps = 200000 },
		.now = now,
		.random = fill,
	};
	static const struct lint_options o = { .ns = S("n"), .tmpl = &tmpl };
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)256 << 20);
	struct lint_messages messages = { 0 };
	struct chart_files files = { 0 };
	str all = { (const char *)data, size };

	while (all.n) {
		struct chart_file f = { 0 };

		str_split(all, 0, &f.name, &all);
		str_split(all, 0, &f.data, &all);
		avec_push(&a, &files, f);
	}
	lint_files(&a, S("/c"), &files, node_map(&a, 0), &o, &messages);
	return 0;
}
