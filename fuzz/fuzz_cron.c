/* Schedules of CronJobs: the time that is next is behind the one that is asked about. */
#include "base/die.h"
#include "text/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t times[] = { 0, 951782399, 1709164800, 4102444799 };
	struct cron c;
	err *e = cron_parse(str_of((const char *)data, size), &c);

	for (size_t i = 0; !e && i < sizeof times / sizeof *times; i++) {
		int64_t next = cron_next(&c, times[i], NULL);

		if (next >= 0 && next <= times[i])
			die_bug("%lld is next after %lld", (long long)next, (long long)times[i]);
	}
	err_free(e);
	return 0;
}
