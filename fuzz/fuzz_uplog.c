/* The log of a `rill up`: how many of the last lines, then the log. The last lines are
 * those that reading it whole gives last. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/die.h"
#include "cli/up_log.h"

struct taken {
	struct arena *a;
	VEC(str) lines;
};

static bool take(void *ctx, str line)
{
	struct taken *t = ctx;

	avec_push(t->a, &t->lines, arena_str(t->a, line));
	return true;
}

static struct taken lines_of(struct arena *a, str path, const struct up_log_options *o)
{
	struct taken t = { .a = a };
	err *e = up_log_read(path, o, take, &t);

	if (e)
		die_bug("%s", err_msg(e));
	return t;
}

static void check(struct arena *a, str path, int64_t tail)
{
	const struct up_log_options whole = { .since = INT64_MIN, .tail = -1 };
	const struct up_log_options last = { .since = INT64_MIN, .tail = tail };
	const struct up_log_options late = { .since = 1700000000, .tail = -1 };
	struct taken all = lines_of(a, path, &whole), some = lines_of(a, path, &last);

	if (some.lines.n > all.lines.n || (int64_t)some.lines.n > tail)
		die_bug("%zu lines of %zu", some.lines.n, all.lines.n);
	for (size_t i = 0; i < some.lines.n; i++)
		if (!str_eq(some.lines.p[i], all.lines.p[all.lines.n - some.lines.n + i]))
			die_bug("not the last lines");
	if (lines_of(a, path, &late).lines.n > all.lines.n)
		die_bug("more late lines than lines");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	char path[] = "/tmp/fuzz-uplog-XXXXXX";
	int fd = size ? mkstemp(path) : -1;

	if (fd < 0)
		return 0;
	if (write(fd, data + 1, size - 1) == (ssize_t)size - 1)
		check(&a, str_c(path), data[0]);
	close(fd);
	unlink(path);
	return 0;
}
