/* Documents kept as they stand, and what is written of them, with lists of
 * either style. */
#include <stdlib.h>

#include "value/yaml.h"

enum { SIZE_MOST = 64 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_BUDGET(SIZE_MOST);
	struct yaml_doc *docs;
	size_t n = 0;
	err *e = yaml_read_all(&a, str_of((const char *)data, size), YAML_KEEP, &docs, &n);

	for (size_t i = 0; !e && i < n; i++) {
		CLEANUP(buf_release) struct buf yaml = BUF_LIMIT(SIZE_MOST);

		docs[i].wide = size & 1;
		e = yaml_write_doc(&yaml, &docs[i], YAML_WRITE_KYAML);
	}
	err_free(e);
	arena_release(&a);
	return 0;
}
