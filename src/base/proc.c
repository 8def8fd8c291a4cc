#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"

/* How long a child gets between the request to end and the end; and how long
 * its pipes may stay open after it, in the hands of a grandchild. */
#define GRACE (2 * CLOCK_SECOND)
#define LINGER (CLOCK_SECOND / 4)
/* How often `cancel` is looked at, and a child without pidfd. */
enum { TICK_MS = 100, PIECE = 16384 };

/* ---- finding the program ----------------------------------------------- */

static const char *env_get(const char *const *env, const char *name)
{
	size_t n = strlen(name);

	for (; env && *env; env++)
		if (!strncmp(*env, name, n) && (*env)[n] == '=')
			return *env + n + 1;
	return NULL;
}

/* Relative directories in PATH are passed over: what they mean is up to
 * whoever chose our working directory. */
static err *find_program(const struct proc_spec *spec, struct buf *path)
{
	const char *name = spec->argv[0];
	str dirs = str_c(env_get(spec->env, "PATH")), dir;

	if (strchr(name, '/')) {
		buf_add(path, str_c(name));
		return NULL;
	}
	while (str_cut(&dirs, &dir, ':')) {
		if (!str_starts(dir, S("/")))
			continue;
		buf_clear(path);
		buf_add(path, dir);
		buf_addc(path, '/');
		buf_add(path, str_c(name));
		if (!access(buf_c(path), X_OK))
			return NULL;
	}
	return err_new(ERR_NOT_FOUND, "exec: \"%s\": executable file not found in $PATH", name);
}

/* ---- starting ---------------------------------------------------------- */

struct pipes {
	int child[3], ours[3];
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close_fd(&fds[i]);
}

static err *make_pipes(struct pipes *p)
{
	for (size_t i = 0; i < 3; i++)
		p->child[i] = p->ours[i] = -1;
	for (size_t i = 0; i < 3; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC)) {
			int code = errno;

			close_all(p->child, 3);
			close_all(p->ours, 3);
			return err_errno(code, "pipe");
		}
		p->child[i] = ends[i != 0];
		p->ours[i] = ends[i == 0];
		fcntl(p->ours[i], F_SETFL, O_NONBLOCK);
	}
	return NULL;
}

static void must(int code)
{
	if (code)
		die_bug("cannot prepare a process: errno %d", code);
}

/* Without pipes, the child has our own three. */
static void set_actions(posix_spawn_file_actions_t *actions, const struct proc_spec *spec,
			const struct pipes *p)
{
	must(posix_spawn_file_actions_init(actions));
	for (int i = 0; p && i < 3; i++)
		must(posix_spawn_file_actions_adddup2(actions, p->child[i], i));
	must(posix_spawn_file_actions_addclosefrom_np(actions, 3));
	if (spec->dir)
		must(posix_spawn_file_actions_addchdir_np(actions, spec->dir));
}

static void set_attributes(posix_spawnattr_t *attr, bool own_group)
{
	const int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	must(posix_spawnattr_init(attr));
	must(posix_spawnattr_setflags(attr, own_group ? flags | POSIX_SPAWN_SETPGROUP : flags));
	must(posix_spawnattr_setpgroup(attr, 0));
	must(posix_spawnattr_setsigdefault(attr, &all));
	must(posix_spawnattr_setsigmask(attr, &none));
}

/* A pipe end that happens to be 0, 1 or 2 (when we run without them) would be
 * overwritten by the dup2 of another. */
static err *move_up(struct pipes *p)
{
	for (size_t i = 0; i < 3; i++) {
		if (p->child[i] > 2)
			continue;
		int fd = fcntl(p->child[i], F_DUPFD_CLOEXEC, 3);

		if (fd < 0)
			return err_errno(errno, "dup");
		close(p->child[i]);
		p->child[i] = fd;
	}
	return NULL;
}

static err *spawn(const struct proc_spec *spec, const char *path, const struct pipes *p, pid_t *pid)
{
	static const char *const nothing[] = { NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;

	set_actions(&actions, spec, p);
	set_attributes(&attr, p != NULL);
	int code = posix_spawn(pid, path, &actions, &attr, (char *const *)spec->argv,
			       (char *const *)(spec->env ? spec->env : nothing));

	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	if (!code)
		return NULL;
	/* The code does not say which of the two it is about. */
	if (spec->dir && access(spec->dir, X_OK))
		return err_errno(errno, "chdir %s", spec->dir);
	return err_errno(code, "fork/exec %s", path);
}

static void tell_end(int status, struct proc_result *r)
{
	r->exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

err *proc_pass(const struct proc_spec *spec, struct proc_result *out)
{
	CLEANUP(buf_release) struct buf path = BUF_LIMIT(PATH_MAX);
	int status;
	pid_t pid;

	*out = (struct proc_result){ .exit = -1 };
	TRY(find_program(spec, &path));
	TRY(spawn(spec, buf_c(&path), NULL, &pid));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_errno(errno, "wait");
	tell_end(status, out);
	return NULL;
}

err *proc_start(const struct proc_spec *spec, struct proc *out)
{
	CLEANUP(buf_release) struct buf path = BUF_LIMIT(PATH_MAX);
	struct pipes p;
	pid_t pid;

	TRY(find_program(spec, &path));
	TRY(make_pipes(&p));
	err *e = move_up(&p);

	if (!e)
		e = spawn(spec, buf_c(&path), &p, &pid);
	close_all(p.child, 3);
	if (e) {
		close_all(p.ours, 3);
		return e;
	}
	*out = (struct proc){ pid, p.ours[0], p.ours[1], p.ours[2] };
	return NULL;
}

/* ---- ending ------------------------------------------------------------ */

/* Has it ended? It is not reaped yet: its number still stands for its group. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { 0 };

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid == pid;
}

static void reap(struct proc *p, struct proc_result *r)
{
	int status = 0;

	kill(-p->pid, SIGKILL);
	while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
	close_fd(&p->in);
	close_fd(&p->out);
	close_fd(&p->err);
	if (r)
		tell_end(status, r);
}

/* A descriptor that is readable once the child has ended; -1 on old kernels,
 * where waiting is asking again and again. */
static int end_of(pid_t pid)
{
	return pidfd_open(pid, 0);
}

static int sooner_ms(int64_t deadline, bool tick)
{
	int ms = deadline == INT64_MAX ? -1 : clock_poll_ms(deadline);

	return tick && (ms < 0 || ms > TICK_MS) ? TICK_MS : ms;
}

static bool wait_end(pid_t pid, int64_t deadline)
{
	int end = end_of(pid);
	bool ended;

	while (!(ended = has_ended(pid)) && clock_mono() < deadline) {
		struct pollfd fd = { .fd = end, .events = POLLIN };

		poll(&fd, 1, sooner_ms(deadline, end < 0));
	}
	close_fd(&end);
	return ended;
}

void proc_kill(struct proc *p)
{
	if (p->pid > 0)
		reap(p, NULL);
}

bool proc_wait(struct proc *p, int64_t deadline, struct proc_result *r)
{
	bool ended = wait_end(p->pid, deadline);

	if (!ended && !kill(-p->pid, SIGTERM))
		wait_end(p->pid, clock_after(clock_mono(), GRACE));
	reap(p, r);
	return ended;
}

/* ---- talking ----------------------------------------------------------- */

struct talk {
	struct proc p;
	const struct proc_spec *spec;
	struct proc_result *r;
	str input;
	size_t max_err;
	int end;		/* see end_of */
	bool ended;
	int64_t deadline;
};

ssize_t proc_write(int fd, str bytes)
{
	sigset_t pipe_set, old;
	const struct timespec now = { 0 };

	sigemptyset(&pipe_set);
	sigaddset(&pipe_set, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_set, &old);
	ssize_t n = write(fd, bytes.p, bytes.n);
	int code = errno;

	if (n < 0 && code == EPIPE && !sigismember(&old, SIGPIPE))
		while (sigtimedwait(&pipe_set, NULL, &now) < 0 && errno == EINTR)
			;
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = code;
	return n;
}

static void feed(struct talk *t)
{
	ssize_t n = proc_write(t->p.in, t->input);

	if (n > 0)
		t->input = str_from(t->input, (size_t)n);
	if (!t->input.n || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_fd(&t->p.in);
}

/* Of standard error, the end matters: there stands why it failed. */
static void keep_tail(struct buf *b, size_t max)
{
	if (b->n <= 2 * max)
		return;
	memmove(b->p, b->p + b->n - max, max);
	buf_trim(b, max);
}

static void drain(int *fd, struct buf *to, size_t tail)
{
	char piece[PIECE];
	ssize_t n = read(*fd, piece, sizeof piece);

	if (n > 0) {
		buf_bytes(to, piece, (size_t)n);
		if (tail)
			keep_tail(to, tail);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close_fd(fd);
	}
}

static void poll_once(struct talk *t)
{
	struct pollfd fds[] = {
		{ .fd = t->p.in, .events = POLLOUT },
		{ .fd = t->p.out, .events = POLLIN },
		{ .fd = t->p.err, .events = POLLIN },
		{ .fd = t->ended ? -1 : t->end, .events = POLLIN },
	};

	if (poll(fds, 4, sooner_ms(t->deadline, t->spec->cancel || t->end < 0)) < 0)
		return;
	if (fds[0].revents)
		feed(t);
	if (fds[1].revents)
		drain(&t->p.out, &t->r->out, 0);
	if (fds[2].revents)
		drain(&t->p.err, &t->r->err, t->max_err);
	if (!t->ended && (t->end < 0 || fds[3].revents) && has_ended(t->p.pid)) {
		int64_t linger = clock_after(clock_mono(), LINGER);

		t->ended = true;
		if (linger < t->deadline)
			t->deadline = linger;
	}
}

/* Until the child has ended and said all it had to say, or may not go on. */
static err *converse(struct talk *t)
{
	const char *name = t->spec->argv[0];

	while (!t->ended || t->p.out >= 0 || t->p.err >= 0) {
		poll_once(t);
		if (t->r->out.full)
			return err_wrap(buf_check(&t->r->out, "output"), "%s", name);
		if (t->spec->cancel && atomic_load(t->spec->cancel))
			return err_new(ERR_CANCELED, "%s: canceled", name);
		if (clock_mono() < t->deadline)
			continue;
		if (t->ended)
			return NULL;
		return err_new(ERR_TIMEOUT, "%s: timed out", name);
	}
	return NULL;
}

void proc_release(struct proc_result *r)
{
	buf_release(&r->out);
	buf_release(&r->err);
}

err *proc_run(const struct proc_spec *spec, struct proc_result *out)
{
	struct talk t = {
		.spec = spec,
		.r = out,
		.input = spec->input,
		.max_err = spec->max_err ? spec->max_err : PROC_ERR_MAX,
		.deadline = spec->timeout ? clock_after(clock_mono(), spec->timeout) : INT64_MAX,
	};

	*out = (struct proc_result){
		.exit = -1,
		.out = BUF_LIMIT(spec->max_out ? spec->max_out : PROC_OUT_MAX),
		.err = BUF_LIMIT(3 * t.max_err + PIECE),
	};
	TRY(proc_start(spec, &t.p));
	t.end = end_of(t.p.pid);
	if (!t.input.n)
		close_fd(&t.p.in);
	err *e = converse(&t);

	close_fd(&t.end);
	if (e && !kill(-t.p.pid, SIGTERM))
		wait_end(t.p.pid, clock_after(clock_mono(), GRACE));
	reap(&t.p, out);
	if (out->err.n > t.max_err) {
		memmove(out->err.p, out->err.p + out->err.n - t.max_err, t.max_err);
		buf_trim(&out->err, t.max_err);
	}
	return e;
}

err *proc_check(const struct proc_result *r)
{
	if (r->signal) {
		const char *text = sigdescr_np(r->signal);
		struct buf b = BUF_INIT;

		buf_add(&b, str_c(text ? text : "unknown"));
		/* Go's table is in lower case, but for abbreviations. */
		if (b.n > 1 && b.p[1] >= 'a' && b.p[1] <= 'z')
			b.p[0] = (char)(b.p[0] | 0x20);
		err *e = err_new(ERR_INTERNAL, "signal: %s", buf_c(&b));

		buf_release(&b);
		return e;
	}
	return r->exit ? err_new(ERR_INTERNAL, "exit status %d", r->exit) : NULL;
}
