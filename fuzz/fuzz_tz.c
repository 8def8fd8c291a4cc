#include <assert.h>

#include "text/gotime.h"

/* A zone file, and times all over. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct tz *tz;
	err *e = tz_read(&a, S("fuzz"), str_of((const char *)data, size), &tz);
	int32_t offset;

	if (e) {
		err_free(e);
		return 0;
	}
	for (int shift = 0; shift < 64; shift += 3)
		for (int sign = -1; sign <= 1; sign += 2) {
			int64_t sec = sign * (INT64_MAX >> shift);
			struct gotime t = gotime_in(gotime_utc(sec, 0), tz);

			tz_lookup_name(tz, t.zone, sec, &offset);
			gotime_add_date(t, 1, 1, 1);
		}
	for (int year = -5000; year < 5000; year += 7)
		gotime_date(year, year, year, year, 0, 0, 0, tz);
	return 0;
}
