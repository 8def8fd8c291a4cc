#include "cli/up_log.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "cli/up_state.h"
#include "text/gotime.h"
#include "value/json.h"
#include "value/yaml.h"

/* A longer line is cut off. */
enum { LINE_MAX_BYTES = 1 << 20, PIECE = 64 << 10 };
/* Between two looks for more. */
#define PAUSE (100 * CLOCK_MS)

/* ---- finding ------------------------------------------------------------- */

static bool serves(struct arena *a, str kubeconfig, str server)
{
	node root, clusters;
	str text;
	err *e = fs_read_any(a, kubeconfig, KUBECONFIG_SIZE_MAX, &text);

	if (!e)
		e = yaml_read(a, text, YAML_KUBE, &root);
	bool read = !e;

	err_free(e);
	clusters = read ? node_get(root, S("clusters")) : NODE_NOTHING;
	node_each_item(x, clusters)
		if (str_eq(node_str(node_dig(*x, "cluster", "server")), server))
			return true;
	return false;
}

/* The lock tells the directory of a run from any other. */
static str log_beside(struct cli *c, str dir, str server)
{
	str lock = arena_cat(c->arena, dir, S("/lock"));
	str kubeconfig = arena_cat(c->arena, dir, S("/kubeconfig"));
	str log = arena_cat(c->arena, dir, S("/log"));

	return access(lock.p, R_OK) == 0 && access(log.p, R_OK) == 0 &&
			       serves(c->arena, kubeconfig, server)
		       ? log
		       : STR_NONE;
}

str up_log_find(struct cli *c, const struct flux_server *s)
{
	str files = flux_settings(c)->kubeconfig, file;

	if (!files.n)
		files = str_c(cli_env(c, "KUBECONFIG"));
	while (str_cut(&files, &file, ':')) {
		size_t end = str_rfind_char(file, '/');
		str dir = end == STR_NPOS ? S(".") : str_sub(file, 0, end);
		str log = log_beside(c, dir, s->config.server);

		if (log.n)
			return log;
	}
	return log_beside(c, up_state_default(c), s->config.server);
}

/* ---- reading ------------------------------------------------------------- */

static bool is_late_enough(str line, int64_t since)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gotime t;
	node entry;

	if (since == INT64_MIN)
		return true;
	err *e = json_read(&a, line, NULL, &entry);

	if (!e)
		e = gotime_parse(&t, GOTIME_RFC3339, node_str(node_get(entry, S("ts"))), NULL);
	bool fine = !e && t.sec >= since;

	err_free(e);
	return fine;
}

/* Where the last `n` lines begin. */
static off_t tail_of(int fd, int64_t n)
{
	off_t at = lseek(fd, 0, SEEK_END);
	char piece[PIECE];
	bool last = true;	/* the newline at the very end ends a line, and begins none */

	while (at > 0) {
		off_t from = at > PIECE ? at - PIECE : 0;
		ssize_t got = pread(fd, piece, (size_t)(at - from), from);

		for (ssize_t i = got - 1; i >= 0; i--) {
			if (piece[i] == '\n' && !last && n-- <= 1)
				return from + i + 1;
			last = false;
		}
		at = got > 0 ? from : 0;
	}
	return 0;
}

static bool take_lines(struct buf *line, str piece, const struct up_log_options *o,
		       bool (*take)(void *ctx, str line), void *ctx)
{
	while (piece.n) {
		size_t end = str_find_char(piece, '\n');

		buf_add(line, str_sub(piece, 0, end));
		if (end == STR_NPOS)
			return true;
		if (!line->full && is_late_enough(buf_str(line), o->since) &&
		    !take(ctx, buf_str(line)))
			return false;
		buf_clear(line);
		piece = str_from(piece, end + 1);
	}
	return true;
}

static err *read_on(int fd, const struct up_log_options *o, bool (*take)(void *ctx, str line),
		    void *ctx)
{
	CLEANUP(buf_release) struct buf line = BUF_LIMIT(LINE_MAX_BYTES);
	const struct timespec pause = clock_timespec(PAUSE);
	char piece[PIECE];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof piece);

		if (n < 0 && errno != EINTR)
			return err_errno(errno, "read");
		if (n > 0 && !take_lines(&line, str_of(piece, (size_t)n), o, take, ctx))
			return NULL;
		if (n == 0 && !o->follow)
			return NULL;
		if (n == 0)
			nanosleep(&pause, NULL);
	}
}

err *up_log_read(str path, const struct up_log_options *o, bool (*take)(void *ctx, str line),
		 void *ctx)
{
	int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return err_errno(errno, "open %s", path.p);
	lseek(fd, o->tail < 0 ? 0 : o->tail ? tail_of(fd, o->tail) : lseek(fd, 0, SEEK_END),
	      SEEK_SET);
	err *e = read_on(fd, o, take, ctx);

	close(fd);
	return e;
}
