#include <assert.h>

#include "text/gotime.h"

/* A layout, a NUL, and a text. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 20);
	str layout, value;
	struct gotime t, back;
	int64_t sec = 0;

	str_split(str_of((const char *)data, size), 0, &layout, &value);
	memcpy(&sec, data, size < sizeof sec ? size : sizeof sec);
	err *e = gotime_parse(&t, layout, value, NULL);

	if (e)
		t = gotime_fixed(gotime_utc(sec, sec), (int32_t)(sec % 90000), STR_NONE);
	err_free(e);
	gotime_format(&b, t, layout);
	buf_clear(&b);
	if (!(e = gotime_write(&b, t)) && t.offset % 60 == 0) {
		e = gotime_parse(&back, GOTIME_RFC3339_NANO, buf_str(&b), NULL);
		assert(!e && gotime_cmp(t, back) == 0 && back.offset == t.offset);
	}
	err_free(e);
	struct gotime_civil c = gotime_civil(t);

	assert(c.month >= 1 && c.month <= 12 && c.day >= 1 &&
	       c.day <= gotime_days_in(c.year, c.month) && c.hour < 24 && c.yearday <= 366);
	gotime_add_date(t, (int)sec, (int)(sec >> 16), (int)(sec >> 32));
	gotime_add(t, sec);
	return 0;
}
