#include "release/record.h"

/* What reads as a record is written, and reads as the same again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = str_of((const char *)data, size);
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf once = BUF_INIT, twice = BUF_INIT;
	struct record r, again;
	err *e = record_decode(&a, text, &r);

	err_free(e);
	e = record_read(&a, text, &r);
	if (!e)
		e = record_write(&r, &once);
	if (!e) {
		e = record_read(&a, buf_str(&once), &again);
		if (e)
			__builtin_trap();
		e = record_write(&again, &twice);
		if (e || !str_eq(buf_str(&once), buf_str(&twice)))
			__builtin_trap();
	}
	err_free(e);
	return 0;
}
