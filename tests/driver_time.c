#include "driver.h"
#include "text/duration.h"
#include "text/gotime.h"

static err *run_duration(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t d;

	TRY(duration_parse(driver_text(a, request, "text"), &d));
	duration_add(&b, d);
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

/* "UTC", or an offset as "+05:30": a fixed zone without a name. */
static err *in_zone(struct gotime *t, str zone)
{
	struct gotime at;

	if (str_eq(zone, S("UTC")))
		return NULL;
	TRY(gotime_parse(&at, S("-07:00"), zone, NULL));
	*t = gotime_fixed(*t, at.offset, STR_NONE);
	return NULL;
}

static err *run_time_format(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gotime t = gotime_utc(node_int(node_get(request, S("unix"))),
				     node_int(node_get(request, S("nanos"))));

	TRY(in_zone(&t, driver_text(a, request, "zone")));
	gotime_format(&b, t, driver_text(a, request, "layout"));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

static err *run_time_parse(struct arena *a, node request, node *output)
{
	struct gotime t;

	TRY(gotime_parse(&t, driver_text(a, request, "layout"), driver_text(a, request, "text"),
			 NULL));
	*output = node_map(a, 4);
	node_set(a, *output, S("unix"), node_from_int(t.sec));
	node_set(a, *output, S("nanos"), node_from_int(t.nanos));
	node_set(a, *output, S("zone"), node_copy_str(a, t.zone));
	node_set(a, *output, S("offset"), node_from_int(t.offset));
	return NULL;
}

const struct driver_op driver_time_ops[] = {
	{ "duration", run_duration },
	{ "time-format", run_time_format },
	{ "time-parse", run_time_parse },
	{ 0 },
};
