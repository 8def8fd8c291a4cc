#include "source/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fs.h"

void spool_init(struct spool *s, size_t memory)
{
	*s = (struct spool){ .held = BUF_LIMIT(memory), .memory = memory, .fd = -1 };
}

void spool_release(struct spool *s)
{
	if (s->map)
		munmap(s->map, s->n);
	if (s->fd >= 0)
		close(s->fd);
	buf_release(&s->held);
	s->map = NULL;
	s->fd = -1;
	s->n = 0;
}

void spool_restart(struct spool *s)
{
	size_t memory = s->memory;

	spool_release(s);
	spool_init(s, memory);
}

static err *open_file(struct spool *s)
{
	const char *dir = getenv("TMPDIR");
	char name[4096];

	if (!dir || !*dir)
		dir = "/tmp";
	s->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (s->fd >= 0)
		return NULL;
	/* A file system that cannot do that. */
	if (strlen(dir) > sizeof name - 20)
		return err_errno(ENAMETOOLONG, "open %s", dir);
	snprintf(name, sizeof name, "%s/spool-XXXXXX", dir);
	s->fd = mkostemp(name, O_CLOEXEC);
	if (s->fd < 0)
		return err_errno(errno, "open %s", name);
	unlink(name);
	return NULL;
}

static err *write_all(struct spool *s, str bytes)
{
	return fs_write_all(s->fd, bytes, "write temporary file");
}

err *spool_add(struct spool *s, str bytes)
{
	if (s->fd < 0 && bytes.n > s->memory - s->held.n) {
		TRY(open_file(s));
		TRY(write_all(s, buf_str(&s->held)));
		buf_release(&s->held);
	}
	if (s->fd < 0)
		buf_add(&s->held, bytes);
	else
		TRY(write_all(s, bytes));
	s->n += bytes.n;
	return NULL;
}

err *spool_read(struct spool *s, uint64_t at, void *to, size_t n)
{
	if (s->fd < 0) {
		if (n)
			memcpy(to, s->held.p + at, n);
		return NULL;
	}
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(s->fd, (char *)to + done, n - done, (off_t)(at + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_errno(got ? errno : EIO, "read temporary file");
		done += (size_t)got;
	}
	return NULL;
}

err *spool_text(struct spool *s, str *out)
{
	if (s->fd < 0 || !s->n) {
		*out = buf_str(&s->held);
		return NULL;
	}
	if (!s->map) {
		void *map = mmap(NULL, s->n, PROT_READ, MAP_PRIVATE, s->fd, 0);

		if (map == MAP_FAILED)
			return err_errno(errno, "map temporary file");
		s->map = map;
	}
	*out = str_of(s->map, s->n);
	return NULL;
}

err *spool_copy(struct spool *from, struct spool *to)
{
	if (from->fd < 0)
		return spool_add(to, buf_str(&from->held));
	int fd = fcntl(from->fd, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return err_errno(errno, "duplicate temporary file");
	to->fd = fd;
	to->n = from->n;
	return NULL;
}

void spool_forget(struct spool *s)
{
	if (s->map)
		madvise(s->map, s->n, MADV_DONTNEED);
}
