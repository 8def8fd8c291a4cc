#include "cli/up_state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"

str up_state_default(const struct cli *c)
{
	str state = str_c(cli_env(c, "XDG_STATE_HOME")), home = str_c(cli_env(c, "HOME"));

	if (state.n && state.p[0] == '/')
		return arena_cat(c->arena, state, S("/rill/up"));
	return arena_cat(c->arena, home.n ? home : S("/tmp"), S("/.local/state/rill/up"));
}

/* All that a run leaves there, and nothing else: the directory may be one
 * that the user named by mistake. */
static err *clean(const struct up_state *s)
{
	static const char *const ours[] = { "kubeconfig", "log", "artifacts", "server" };

	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		TRY(fs_remove_all(s->fs, str_c(ours[i])));
	return NULL;
}

static err *open_dir(struct cli *c, str dir, struct up_state *s)
{
	CLEANUP(fs_drop) struct fs *root = NULL;
	CLEANUP(fs_drop) struct fs *here = NULL;

	if (!str_starts(dir, S("/"))) {
		TRY(fs_open(&here, S("."), NULL));
		dir = arena_cat(c->arena, fs_root(here), S("/"), dir);
	}
	TRY(fs_open(&root, S("/"), &(struct fs_options){ .links = FS_LINKS_INSIDE }));
	TRY(fs_mkdir(root, str_from(dir, 1), 0700));
	TRY(fs_open(&s->fs, dir, NULL));
	s->dir = arena_str(c->arena, fs_root(s->fs));
	s->lock = -1;
	return NULL;
}

/* *pid: of the run that has it; 0: it is ours now. */
static err *take_lock(struct up_state *s, pid_t *pid)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str path = arena_cat(&a, s->dir, S("/lock"));
	char text[32];

	s->lock = open(path.p, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->lock < 0)
		return err_errno(errno, "open %s", path.p);
	*pid = 0;
	if (!flock(s->lock, LOCK_EX | LOCK_NB))
		return NULL;
	ssize_t n = pread(s->lock, text, sizeof text - 1, 0);
	uint64_t number = 0;

	if (n > 0)
		str_to_u64(str_trim(str_of(text, (size_t)n)), &number);
	*pid = number > 1 && number < INT32_MAX ? (pid_t)number : -1;
	close(s->lock);
	s->lock = -1;
	return NULL;
}

err *up_state_mine(struct up_state *s)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());

	if (ftruncate(s->lock, 0) || pwrite(s->lock, text, (size_t)n, 0) != n)
		return err_errno(errno, "write %.*s/lock", STR_ARG(s->dir));
	return NULL;
}

void up_state_leave(struct up_state *s)
{
	if (s->lock >= 0)
		close(s->lock);
	fs_close(s->fs);
	s->fs = NULL;
}

err *up_state_open(struct cli *c, str dir, bool keep, struct up_state *out)
{
	struct up_state s = { .keep = keep };
	pid_t pid;

	TRY(open_dir(c, dir, &s));
	err *e = take_lock(&s, &pid);

	if (!e && pid)
		e = err_new(ERR_EXISTS,
			    "rill up is running already, with %.*s (process %d): `rill down` ends it",
			    STR_ARG(s.dir), (int)pid);
	if (!e)
		e = up_state_mine(&s);
	if (!e && !keep)
		e = clean(&s);
	if (!e)
		e = fs_mkdir(s.fs, S("artifacts"), 0700);
	if (e) {
		up_state_leave(&s);
		return e;
	}
	*out = s;
	return NULL;
}

void up_state_close(struct up_state *s)
{
	if (!s->fs)
		return;
	if (!s->keep)
		err_free(clean(s));
	else
		err_free(fs_remove_all(s->fs, S("kubeconfig")));
	up_state_leave(s);
}

err *up_state_end(struct cli *c, str dir, bool keep, int64_t timeout, bool *ran)
{
	struct up_state s = { .keep = true };
	int64_t until = clock_after(clock_mono(), timeout);
	pid_t pid;

	/* No directory of a run, whatever else is in it. */
	*ran = false;
	if (access(arena_cat(c->arena, dir, S("/lock")).p, F_OK) && errno == ENOENT)
		return NULL;
	TRY(open_dir(c, dir, &s));
	err *e = take_lock(&s, &pid);

	*ran = !e && pid;
	if (!e && pid == -1)
		e = err_new(ERR_INVALID, "%.*s/lock has no process id in it", STR_ARG(s.dir));
	if (!e && pid > 0 && kill(pid, SIGTERM))
		e = err_errno(errno, "kill %d", (int)pid);
	while (!e && pid > 0) {
		struct timespec t = clock_timespec(20 * CLOCK_MS);

		nanosleep(&t, NULL);
		e = take_lock(&s, &pid);
		if (!e && pid && clock_mono() > until)
			e = err_new(ERR_TIMEOUT, "process %d does not end", (int)pid);
	}
	if (!e && !keep)
		e = clean(&s);
	up_state_leave(&s);
	return e;
}
