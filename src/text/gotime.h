/* gotime - instants, and the layouts in which Go reads and prints them.
 *
 * A layout is an example: the way the moment "Mon Jan 2 15:04:05 MST 2006"
 * would be written. A struct gotime is a small value: an instant, and the
 * zone in which it is shown. The zone is UTC, a fixed distance from it with
 * or without a name, or a place of the zone database (text/tz.h), which must
 * outlive the value. The calendar is the Gregorian one, for all years.
 *
 * Nothing here asks for the current time or looks at the environment. Any
 * thread.
 */
#ifndef TEXT_GOTIME_H
#define TEXT_GOTIME_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "text/tz.h"

struct gotime {
	int64_t sec;		/* seconds since 1970 */
	int32_t nanos;		/* 0 to 999,999,999 */
	int32_t offset;		/* of the zone, seconds east of UTC */
	str zone;		/* abbreviation ("CEST"), may be empty; borrowed */
	const struct tz *tz;	/* the place; NULL when the zone is fixed */
};

/* Go's zero time, January 1 of year 1. */
#define GOTIME_ZERO gotime_utc(-62135596800, 0)

#define GOTIME_RFC3339 S("2006-01-02T15:04:05Z07:00")
#define GOTIME_RFC3339_NANO S("2006-01-02T15:04:05.999999999Z07:00")
#define GOTIME_RFC1123 S("Mon, 02 Jan 2006 15:04:05 MST")
#define GOTIME_DATE S("2006-01-02")
/* Time.String, and so %v. */
#define GOTIME_STRING S("2006-01-02 15:04:05.999999999 -0700 MST")

/* The instant in UTC; nanos may be any number. */
struct gotime gotime_utc(int64_t sec, int64_t nanos);
/* The same instant elsewhere. */
struct gotime gotime_fixed(struct gotime t, int32_t offset, str zone);
struct gotime gotime_in(struct gotime t, const struct tz *tz);	/* NULL: UTC */

struct gotime_civil {
	int64_t year;
	int month, day;		/* both from 1 */
	int hour, minute, second;
	int yearday;		/* from 1 */
	int weekday;		/* Sunday is 0 */
};
struct gotime_civil gotime_civil(struct gotime t);

/* time.Date: fields out of their range carry over ("October 32"). */
struct gotime gotime_date(int year, int month, int day, int hour, int minute, int second,
			  int64_t nanos, const struct tz *tz);
/* Time.AddDate, in the zone of `t`. */
struct gotime gotime_add_date(struct gotime t, int years, int months, int days);
int gotime_days_in(int64_t year, int month);

struct gotime gotime_add(struct gotime t, int64_t duration);
/* a - b; the longest or shortest duration when that is out of range. */
int64_t gotime_sub(struct gotime a, struct gotime b);
int gotime_cmp(struct gotime a, struct gotime b);
bool gotime_is_zero(struct gotime t);

/* Time.Format. */
void gotime_format(struct buf *b, struct gotime t, str layout);
/* Time.MarshalText, which is RFC 3339 with nanoseconds: an error for what that
 * has no form for ("year outside of range [0,9999]"). */
err *gotime_write(struct buf *b, struct gotime t) __attribute__((warn_unused_result));

/* time.ParseInLocation, texts of errors included; with NULL, as time.Parse
 * where the local zone is UTC. The name of a zone borrows from `value`. */
err *gotime_parse(struct gotime *out, str layout, str value, const struct tz *tz)
	__attribute__((warn_unused_result));

/* "January" and "Sunday": months from 1, days of the week from 0. */
str gotime_month_name(int month);
str gotime_weekday_name(int weekday);

#endif
