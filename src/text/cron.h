/* cron - schedules of CronJobs: "0,30 9-17 * * mon-fri", "@daily", "@every 1h".
 *
 * As robfig/cron reads them, its words for what is none included. A schedule is
 * sets of minutes, hours, days and months, or an interval. Any thread.
 */
#ifndef TEXT_CRON_H
#define TEXT_CRON_H

#include "base/err.h"
#include "base/str.h"
#include "text/tz.h"

struct cron {
	uint64_t minutes, hours, days, months, weekdays;	/* bits by number; Sunday is 0 */
	bool any_day, any_weekday;	/* given as a star: the other one decides alone */
	int64_t every;			/* nanoseconds, of "@every"; 0: the sets count */
	str zone;			/* of "TZ=..." in front; borrowed from the text */
};

/* The zone is not looked up. */
err *cron_parse(str text, struct cron *out) __attribute__((warn_unused_result));

/* The first time after `after` (both in seconds since 1970) that the schedule is for,
 * by the clocks of that place (NULL: UTC); -1: there is none within five years. */
int64_t cron_next(const struct cron *c, int64_t after, const struct tz *tz);

#endif
