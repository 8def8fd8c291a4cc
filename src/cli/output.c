#include "cli/output.h"

#include <errno.h>
#include <unistd.h>

#include "cli/busy.h"

/* Large enough that system calls do not count, small beside what a run holds. */
enum { OUTPUT_STEP = 256 << 10 };

void output_release(struct output *o)
{
	buf_release(&o->buf);
}

void output_flush(struct output *o)
{
	const char *p = o->buf.p;
	size_t n = o->buf.n;

	if (o->fd < 0)
		return;
	if (n && o->busy)
		busy_end(o->busy);
	while (n && !o->failed) {
		ssize_t wrote = write(o->fd, p, n);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0) {
			o->failed = errno;
			break;
		}
		p += wrote;
		n -= (size_t)wrote;
	}
	buf_clear(&o->buf);
}

void output_step(struct output *o)
{
	if (o->buf.n >= OUTPUT_STEP)
		output_flush(o);
}

bool output_is_terminal(const struct output *o)
{
	return o->fd >= 0 && isatty(o->fd);
}

err *output_check(const struct output *o, const char *name)
{
	if (o->failed)
		return err_errno(o->failed, "write %s", name);
	return buf_check(&o->buf, name);
}
