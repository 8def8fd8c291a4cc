#include "server/age.h"

#include "base/clock.h"
#include "text/gotime.h"

enum { MINUTE = 60, HOUR = 3600, DAY_HOURS = 24, YEAR_DAYS = 365 };

static void add_two(struct buf *b, int64_t large, char unit, int64_t small, char part)
{
	buf_addf(b, "%lld%c", (long long)large, unit);
	if (small)
		buf_addf(b, "%lld%c", (long long)small, part);
}

void age_add(struct buf *b, int64_t duration)
{
	int64_t s = duration / CLOCK_SECOND, hours = s / HOUR, days = hours / DAY_HOURS;

	if (s < -1)
		buf_add(b, S("<invalid>"));
	else if (s < 0)
		buf_add(b, S("0s"));
	else if (s < 2 * MINUTE)
		add_two(b, s, 's', 0, 0);
	else if (s < 10 * MINUTE)
		add_two(b, s / MINUTE, 'm', s % MINUTE, 's');
	else if (s < 3 * HOUR)
		add_two(b, s / MINUTE, 'm', 0, 0);
	else if (hours < 8)
		add_two(b, hours, 'h', s / MINUTE % 60, 'm');
	else if (hours < 2 * DAY_HOURS)
		add_two(b, hours, 'h', 0, 0);
	else if (days < 8)
		add_two(b, days, 'd', hours % DAY_HOURS, 'h');
	else if (days < 2 * YEAR_DAYS)
		add_two(b, days, 'd', 0, 0);
	else if (days < 8 * YEAR_DAYS)
		add_two(b, days / YEAR_DAYS, 'y', days % YEAR_DAYS, 'd');
	else
		add_two(b, days / YEAR_DAYS, 'y', 0, 0);
}

bool age_instant(node timestamp, int64_t *out)
{
	struct gotime t;
	str text = node_str(timestamp);

	if ((timestamp.kind != NODE_STR && timestamp.kind != NODE_TIME) || !text.n)
		return false;
	err *e = gotime_parse(&t, GOTIME_RFC3339_NANO, text, NULL);

	if (e) {
		err_free(e);
		return false;
	}
	return !__builtin_mul_overflow(t.sec, CLOCK_SECOND, out) &&
	       !__builtin_add_overflow(*out, (int64_t)t.nanos, out);
}

node age_since(struct arena *a, node timestamp)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t then;

	if (!age_instant(timestamp, &then))
		return node_lit("<unknown>");
	age_add(&b, clock_wall() - then);
	return node_copy_str(a, buf_str(&b));
}

int64_t age_between(node from, node to)
{
	int64_t start, end;

	return age_instant(from, &start) && age_instant(to, &end) ? end - start : 0;
}
