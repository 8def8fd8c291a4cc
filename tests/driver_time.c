#include "driver.h"
#include "text/duration.h"

static err *run_duration(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t d;

	TRY(duration_parse(driver_text(a, request, "text"), &d));
	duration_add(&b, d);
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

const struct driver_op driver_time_ops[] = {
	{ "duration", run_duration },
	{ 0 },
};
