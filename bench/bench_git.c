/* bench_git - asking and fetching over HTTP, beside the git executable.
 *
 * A repository of 200 small files and 200 commits is made by git and served by
 * `git http-backend` behind our own server, in a process of its own, so that
 * its CPU is not counted. Printed are wall time, CPU and peak memory of one poll
 * (which reference is where) and of one fetch without history: ours, up to
 * the stored artifact, and git's. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"
#include "net/httpd.h"
#include "source/gitsource.h"

enum { FILES = 200, COMMITS = 200, POLLS = 50, FETCHES = 10 };

static struct arena mem;

static void check(err *e)
{
	if (e) {
		fprintf(stderr, "bench_git: %s\n", err_msg(e));
		exit(1);
	}
}

/* ---- the repository --------------------------------------------------------- */

static const char *const env[] = {
	"PATH=/usr/local/bin:/usr/bin:/bin",
	"HOME=/nonexistent",
	"GIT_CONFIG_NOSYSTEM=1",
	"GIT_AUTHOR_NAME=a",
	"GIT_AUTHOR_EMAIL=a@b",
	"GIT_COMMITTER_NAME=c",
	"GIT_COMMITTER_EMAIL=c@d",
	"GIT_TERMINAL_PROMPT=0",
	NULL,
};

static void git_in(const char *dir, str input, const char *const *argv)
{
	struct proc_result r;
	struct proc_spec spec = { .argv = argv, .env = env, .dir = dir, .input = input };

	check(proc_run(&spec, &r));
	check(proc_check(&r));
	proc_release(&r);
}
#define GIT(dir, ...) git_in((dir), STR_NONE, (const char *const[]){ "git", __VA_ARGS__, NULL })

/* As a stream for git fast-import: a file changes with each commit. */
static void make_repository(const char *dir)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	GIT(dir, "init", "-q", "--bare", "r.git");
	for (int c = 0; c < COMMITS; c++) {
		buf_addf(&b, "commit refs/heads/main\ncommitter c <c@d> %d +0000\ndata 2\nc\n\n",
			 1700000000 + c);
		for (int f = 0; f < FILES; f++) {
			str text =
				arena_printf(&mem,
					     "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: "
					     "cm-%d\ndata:\n  key: value-%d\n",
					     f, f == c ? c : 0);

			if (!c || f == c)
				buf_addf(&b,
					 "M 100644 inline apps/app-%d/cm.yaml\ndata %zu\n%.*s\n", f,
					 text.n, STR_ARG(text));
		}
	}
	const char *repo = arena_printf(&mem, "%s/r.git", dir).p;

	git_in(repo, buf_str(&b), (const char *const[]){ "git", "fast-import", "--quiet", NULL });
	GIT(repo, "repack", "-q", "-a", "-d");
}

/* ---- the server --------------------------------------------------------------- */

static const char *server_root;

static const char *variable(struct arena *a, const char *name, str value)
{
	return arena_printf(a, "%s=%.*s", name, STR_ARG(value)).p;
}

/* What the program prints: headers, an empty line, the body. */
static void pass_on(struct httpd_call *c, str out)
{
	struct http1_header headers[20];
	size_t n = 0, end = str_find(out, S("\r\n\r\n"));
	str head = str_sub(out, 0, end), line;
	struct httpd_reply r = { .code = 200, .headers = headers };

	while (n < 20 && str_line(&head, &line)) {
		str name, value;

		str_split(line, ':', &name, &value);
		headers[n++] = (struct http1_header){ name, str_trim(value) };
	}
	r.headers_n = n;
	r.body = str_from(out, end == STR_NPOS ? out.n : end + 4);
	httpd_reply(c, &r);
}

static str header_of(const struct httpd_call *c, str name)
{
	for (size_t i = 0; i < c->head.headers_n; i++)
		if (str_eq_nocase(c->head.headers[i].name, name))
			return c->head.headers[i].value;
	return STR_NONE;
}

static void handle(void *ctx, struct httpd_call *c)
{
	struct arena *a = &c->arena;
	str path, query;

	(void)ctx;
	str_split(c->head.target, '?', &path, &query);
	const char *const cgi[] = {
		env[0],
		variable(a, "GIT_PROJECT_ROOT", str_c(server_root)),
		"GIT_HTTP_EXPORT_ALL=1",
		variable(a, "PATH_INFO", path),
		variable(a, "QUERY_STRING", query),
		variable(a, "REQUEST_METHOD", c->head.method),
		variable(a, "CONTENT_TYPE", header_of(c, S("Content-Type"))),
		variable(a, "CONTENT_LENGTH", arena_printf(a, "%zu", c->body.n)),
		variable(a, "GIT_PROTOCOL", header_of(c, S("Git-Protocol"))),
		NULL,
	};
	static const char *const argv[] = { "git", "http-backend", NULL };
	struct proc_result r;

	check(proc_run(&(struct proc_spec){ .argv = argv, .env = cgi, .input = c->body }, &r));
	pass_on(c, arena_str(a, buf_str(&r.out)));
	proc_release(&r);
}

/* Tells its address through the pipe, and serves until it is killed. */
static pid_t start_server(const char *root, char address[64])
{
	int fds[2];

	if (pipe(fds))
		exit(1);
	pid_t pid = fork();

	if (!pid) {
		struct loop *l;
		struct httpd *h;

		server_root = root;
		check(loop_new(&l));
		check(httpd_new(&h, l,
				&(struct httpd_options){ .listen = S("127.0.0.1:0"),
							 .handle = handle }));
		str at = httpd_address(h);

		if (write(fds[1], at.p, at.n) != (ssize_t)at.n)
			_exit(1);
		close(fds[1]);
		loop_run(l);
		_exit(0);
	}
	close(fds[1]);
	ssize_t n = read(fds[0], address, 63);

	address[n > 0 ? n : 0] = 0;
	close(fds[0]);
	return pid;
}

/* ---- measuring ------------------------------------------------------------------ */

struct cost {
	int64_t wall;
	double cpu; /* seconds */
};

static struct cost now(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (struct cost){ clock_mono(),
			      (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
				      (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6 };
}

static void print(const char *what, struct cost from, struct cost to, int n)
{
	printf("git/%-24s %8.2f ms wall %8.2f ms CPU", what,
	       (double)(to.wall - from.wall) / 1e6 / n, (to.cpu - from.cpu) * 1e3 / n);
}

static void print_memory(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	printf(" %8.1f MiB", (double)u.ru_maxrss / 1024);
}

static void ours(const char *url, const char *dir)
{
	struct gitsource_env e = { 0 };
	struct gitremote_hint hint = { 0 };
	struct gitsource_seen seen = { .hint = &hint };
	struct gitsource_spec spec = {
		.owner = { S("GitRepository"), S("ns"), S("repo") },
		.url = str_c(url),
		.ref = { .branch = S("main") },
	};
	struct gitsource g = { 0 };
	struct cost start;

	check(net_client_new(&e.net, NULL));
	check(artifact_store_open(
		&e.store, &(struct artifact_options){ .dir = arena_printf(&mem, "%s/store", dir),
						      .host = S("h") }));
	check(gitsource_run(&g, &e, &spec, &seen)); /* libraries are loaded, connections open */
	start = now(RUSAGE_SELF);
	for (int i = 0; i < FETCHES; i++) {
		gitsource_release(&g);
		g = (struct gitsource){ 0 };
		check(gitsource_run(&g, &e, &spec, &seen));
	}
	print("fetch", start, now(RUSAGE_SELF), FETCHES);
	print_memory();
	puts("");
	seen.artifact = &g.artifact;
	seen.in_storage = true;
	start = now(RUSAGE_SELF);
	for (int i = 0; i < POLLS; i++) {
		struct gitsource poll = { 0 };

		check(gitsource_run(&poll, &e, &spec, &seen));
		if (!poll.unchanged)
			exit(1);
		gitsource_release(&poll);
	}
	print("poll", start, now(RUSAGE_SELF), POLLS);
	puts("");
	gitsource_release(&g);
	artifact_store_close(e.store);
	net_client_free(e.net);
}

static void theirs(const char *url, const char *dir)
{
	struct cost start = now(RUSAGE_CHILDREN);

	for (int i = 0; i < POLLS; i++)
		GIT(dir, "ls-remote", url, "refs/heads/main");
	print("poll, git ls-remote", start, now(RUSAGE_CHILDREN), POLLS);
	puts("");
	start = now(RUSAGE_CHILDREN);
	for (int i = 0; i < FETCHES; i++) {
		const char *to = arena_printf(&mem, "c%d", i).p;

		GIT(dir, "clone", "-q", "--depth=1", url, to);
	}
	print("fetch, git clone", start, now(RUSAGE_CHILDREN), FETCHES);
	puts("");
}

int main(void)
{
	CLEANUP(fs_drop) struct fs *dir = NULL;
	char address[64];

	check(fs_open_temp(&dir, STR_NONE, S("bench-git")));
	make_repository(fs_root(dir).p);
	pid_t server = start_server(fs_root(dir).p, address);
	const char *url = arena_printf(&mem, "http://%s/r.git", address).p;

	ours(url, fs_root(dir).p);
	theirs(url, fs_root(dir).p);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	arena_release(&mem);
	return 0;
}
