/* A strict flag, the value of one variable, a NUL, and the template. */
#include "kustomize/envsubst.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf out = BUF_LIMIT(1 << 20);
	CLEANUP(map_release) struct map vars = MAP_INIT;
	str value, template;

	if (!size)
		return 0;
	str_split(str_of((const char *)data + 1, size - 1), 0, &value, &template);
	map_set(&vars, S("a"), &value);
	map_set(&vars, S("b_2"), &value);
	err_free(envsubst(&a, template, &vars, data[0] & 1, &out));
	arena_release(&a);
	return 0;
}
