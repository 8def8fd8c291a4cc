/* For tests: repositories made by the git executable, in a directory that is
 * gone afterwards. Times and names are fixed, so ids are the same each run. */
#ifndef SOURCE_GIT_TEST_H
#define SOURCE_GIT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fs.h"
#include "base/proc.h"

#define assert_ok(call)                                          \
	do {                                                     \
		err *e_ = (call);                                \
		if (e_)                                          \
			fail_msg("unexpected: %s", err_msg(e_)); \
	} while (0)

#define assert_error(call, text)                          \
	do {                                              \
		CLEANUP(err_drop) err *e_ = (call);       \
		if (!e_)                                  \
			fail_msg("no error: %s", (text)); \
		assert_string_equal(err_msg(e_), (text)); \
	} while (0)

struct git_test {
	struct fs *fs;
	struct arena a;
};

static inline void git_test_init(struct git_test *g)
{
	g->a = (struct arena)ARENA_INIT;
	assert_ok(fs_open_temp(&g->fs, STR_NONE, S("git-test")));
}

static inline void git_test_release(struct git_test *g)
{
	fs_close(g->fs);
	arena_release(&g->a);
}

static inline const char *git_test_path(struct git_test *g, const char *name)
{
	return arena_printf(&g->a, "%.*s/%s", STR_ARG(fs_root(g->fs)), name).p;
}

/* Run a program in a directory of ours; what it says goes to `out`. */
static inline str git_test_run(struct git_test *g, const char *dir, str input,
			       const char *const *argv)
{
	static const char *const env[] = {
		"PATH=/usr/local/bin:/usr/bin:/bin",
		"HOME=/nonexistent",
		"GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=A U Thor",
		"GIT_AUTHOR_EMAIL=author@example.com",
		"GIT_AUTHOR_DATE=1700000000 +0100",
		"GIT_COMMITTER_NAME=C O Mitter",
		"GIT_COMMITTER_EMAIL=committer@example.com",
		"GIT_COMMITTER_DATE=1700000001 +0000",
		NULL,
	};
	struct proc_result r;
	struct proc_spec spec = {
		.argv = argv, .env = env, .dir = git_test_path(g, dir), .input = input
	};
	CLEANUP(err_drop) err *e = proc_run(&spec, &r);

	if (e)
		fail_msg("%s: %s", argv[0], err_msg(e));
	CLEANUP(err_drop) err *status = proc_check(&r);

	if (status)
		fail_msg("%s %s: %s: %s", argv[0], argv[1], err_msg(status), buf_c(&r.err));
	str out = arena_str(&g->a, buf_str(&r.out));

	proc_release(&r);
	return out;
}

#define git(g, dir, ...) \
	git_test_run((g), (dir), STR_NONE, (const char *const[]){ "git", __VA_ARGS__, NULL })
#define git_input(g, dir, input, ...) \
	git_test_run((g), (dir), (input), (const char *const[]){ "git", __VA_ARGS__, NULL })

static inline void git_test_file(struct git_test *g, const char *path, const char *text)
{
	str p = str_c(path);
	size_t slash = str_rfind_char(p, '/');

	if (slash != STR_NPOS)
		assert_ok(fs_mkdir(g->fs, str_sub(p, 0, slash), 0755));
	assert_ok(fs_write(g->fs, p, str_c(text), 0644));
}

/* A repository "repo" with a few files, three commits and two tags. */
static inline void git_test_repo(struct git_test *g, const char *format)
{
	assert_ok(fs_mkdir(g->fs, S("repo"), 0755));
	git(g, "repo", "init", "-q", "-b", "main", "--object-format", format, ".");
	git_test_file(g, "repo/README.md", "hello\n");
	git_test_file(g, "repo/apps/one.yaml", "kind: ConfigMap\n");
	git_test_file(g, "repo/apps/two.yaml", "kind: Secret\n");
	git_test_file(g, "repo/apps2/three.yaml", "kind: Service\n");
	git_test_file(g, "repo/run.sh", "#!/bin/sh\n");
	assert_int_equal(symlink("README.md", git_test_path(g, "repo/link")), 0);
	git(g, "repo", "add", ".");
	git(g, "repo", "update-index", "--chmod=+x", "run.sh");
	git(g, "repo", "commit", "-q", "-m", "first\n\nwith a body");
	git(g, "repo", "tag", "v1.0.0");
	git_test_file(g, "repo/README.md", "hello again\n");
	git(g, "repo", "commit", "-q", "-am", "second");
	git(g, "repo", "tag", "-a", "-m", "the second", "v1.1.0");
	git_test_file(g, "repo/README.md", "hello for the third time\n");
	git(g, "repo", "commit", "-q", "-am", "third");
}

#endif
