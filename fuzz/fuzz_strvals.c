/* A line of --set: the first byte says of which flag. */
#include <stddef.h>
#include <stdint.h>

#include "base/die.h"
#include "helm/strvals.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static err *load(void *ctx, struct arena *a, str path, str *out)
{
	(void)ctx;
	*out = arena_str(a, path);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);

	if (!size)
		return 0;
	const struct strvals_options o = { .kind = data[0] % 5, .load = load };

	err_free(strvals_parse(&a, str_of((const char *)data + 1, size - 1), &o, node_map(&a, 0)));
	return 0;
}
