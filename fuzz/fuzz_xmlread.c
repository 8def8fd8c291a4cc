/* The XML that object stores answer with. */
#include <stdlib.h>

#include "source/xmlread.h"

static err *look(void *ctx, str path, bool leaf, str text)
{
	(void)ctx;
	if (!path.n || (!leaf && text.n))
		abort();
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	err_free(xmlread(&a, (str){ (const char *)data, size }, look, NULL));
	return 0;
}
