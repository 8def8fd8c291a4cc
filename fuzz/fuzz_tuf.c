/* A mirror whose files are all the same bytes: those of the root that is trusted, too. */
#include "source/tuf.h"

#include <stddef.h>
#include <stdint.h>

static err *get(void *ctx, struct arena *a, str url, size_t max, str *out)
{
	(void)a;
	(void)url;
	(void)max;
	*out = *(str *)ctx;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = str_of((const char *)data, size), got;
	const struct tuf_mirror mirror = { S("https://m.test"), get, &text };
	struct arena a = ARENA_BUDGET(256 << 20);
	struct tuf_memory memory = { 0 };

	err_free(tuf_get(&a, &mirror, &memory, text, S("a"), 1, &got));
	buf_add(&memory.timestamp, text);
	err_free(tuf_get(&a, &mirror, &memory, text, S("a"), 1, &got));
	tuf_memory_release(&memory);
	arena_release(&a);
	return 0;
}
