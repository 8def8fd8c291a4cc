/* TOML, read, and written again when it is any. */
#include <stddef.h>
#include <stdint.h>

#include "tmpl/toml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 20);
	node n;
	err *e = toml_read(&a, str_of((const char *)data, size), NULL, &n);

	if (!e)
		e = toml_write(&b, &a, n);
	err_free(e);
	return 0;
}
