/* A provenance file: taken apart, and its sums compared. */
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "helm/prov.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)64 << 20);
	str text, signature, sum;
	err *e = prov_split(&a, str_of((const char *)data, size), &text, &signature);

	if (!e)
		e = prov_check(&a, text, S("abc"), S("a-1.tgz"), &sum);
	err_free(e);
	return 0;
}
