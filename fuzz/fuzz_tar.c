#include "archive/name.h"
#include "archive/tar.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct stream_text from;
	struct tar_reader t;
	struct tar_entry e;
	bool more = true;
	err *bad = NULL;
	str bytes;

	stream_text_init(&from, str_of((const char *)data, size));
	tar_init(&t, &from.stream);
	while (!bad && more) {
		bad = tar_next(&t, &e, &more);
		if (bad || !more)
			break;
		err_free(archive_name_check(e.name));
		if (e.size & 1)		/* else it is skipped */
			bad = tar_read_all(&t, &a, &bytes);
	}
	err_free(bad);
	tar_release(&t);
	arena_release(&a);
	return 0;
}
