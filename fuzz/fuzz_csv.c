#include "cli/csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct csv_fields fields = { 0 };
	CLEANUP(err_drop) err *e = csv_read(&a, str_of((const char *)data, size), &fields);

	arena_release(&a);
	return 0;
}
