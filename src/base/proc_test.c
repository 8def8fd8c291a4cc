#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/proc.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SH(line) ARGV("/bin/sh", "-c", line)

static const char *const path_env[] = { "PATH=relative:/usr/bin:/bin", NULL };

static void need(err *e)
{
	if (e)
		fail_msg("%s", err_msg(e));
}

static void fails(err *e, enum err_kind kind, const char *want)
{
	assert_non_null(e);
	assert_string_equal(err_msg(e), want);
	assert_int_equal(err_kind(e), kind);
	err_free(e);
}

static void test_output_and_status_come_back(void **state)
{
	struct proc_spec spec = { .argv = SH("echo out; echo err >&2; exit 3") };
	struct proc_result r;

	(void)state;
	need(proc_run(&spec, &r));
	assert_string_equal(buf_c(&r.out), "out\n");
	assert_string_equal(buf_c(&r.err), "err\n");
	assert_int_equal(r.exit, 3);
	fails(proc_check(&r), ERR_INTERNAL, "exit status 3");
	proc_release(&r);
}

static void test_arguments_are_not_interpreted(void **state)
{
	struct proc_spec spec = { .argv = ARGV("printf", "%s\n", "a b; $(id) `id` *", "--x"),
				  .env = path_env };
	struct proc_result r;

	(void)state;
	need(proc_run(&spec, &r));
	assert_string_equal(buf_c(&r.out), "a b; $(id) `id` *\n--x\n");
	assert_null(proc_check(&r));
	proc_release(&r);
}

static void test_environment_is_what_was_given(void **state)
{
	struct proc_spec spec = { .argv = ARGV("/usr/bin/env"),
				  .env = ARGV("A=1", "B=x y") };
	struct proc_result r;

	(void)state;
	setenv("LEAKED", "yes", 1);
	need(proc_run(&spec, &r));
	assert_string_equal(buf_c(&r.out), "A=1\nB=x y\n");
	proc_release(&r);
	spec.env = NULL;
	need(proc_run(&spec, &r));
	assert_string_equal(buf_c(&r.out), "");
	proc_release(&r);
}

static void test_working_directory(void **state)
{
	struct proc_spec spec = { .argv = ARGV("/bin/pwd"), .dir = "/usr" };
	struct proc_result r;

	(void)state;
	need(proc_run(&spec, &r));
	assert_string_equal(buf_c(&r.out), "/usr\n");
	proc_release(&r);
	spec.dir = "/nowhere";
	fails(proc_run(&spec, &r), ERR_NOT_FOUND, "chdir /nowhere: no such file or directory");
	proc_release(&r);
}

static void test_programs_that_cannot_run(void **state)
{
	struct proc_spec spec = { .argv = ARGV("no-such-program"), .env = path_env };
	struct proc_result r;

	(void)state;
	fails(proc_run(&spec, &r), ERR_NOT_FOUND,
	      "exec: \"no-such-program\": executable file not found in $PATH");
	proc_release(&r);
	/* Without PATH nothing is found by name. */
	spec = (struct proc_spec){ .argv = ARGV("sh") };
	fails(proc_run(&spec, &r), ERR_NOT_FOUND,
	      "exec: \"sh\": executable file not found in $PATH");
	proc_release(&r);
	spec.argv = ARGV("/nowhere/x");
	fails(proc_run(&spec, &r), ERR_NOT_FOUND,
	      "fork/exec /nowhere/x: no such file or directory");
	proc_release(&r);
	spec.argv = ARGV("/etc/passwd");
	fails(proc_run(&spec, &r), ERR_FORBIDDEN, "fork/exec /etc/passwd: permission denied");
	proc_release(&r);
}

static void test_input_is_fed_while_output_is_read(void **state)
{
	struct proc_spec spec = { .argv = ARGV("/bin/cat") };
	struct buf big = BUF_INIT;
	struct proc_result r;

	(void)state;
	/* More than pipes hold: writing first and reading then would hang. */
	for (int i = 0; i < 300000; i++)
		buf_addf(&big, "%d,", i);
	spec.input = buf_str(&big);
	need(proc_run(&spec, &r));
	assert_true(str_eq(buf_str(&r.out), buf_str(&big)));
	proc_release(&r);
	/* A child that does not want it does not kill us. */
	spec.argv = SH("exec <&-; exit 0");
	need(proc_run(&spec, &r));
	assert_int_equal(r.exit, 0);
	proc_release(&r);
	buf_release(&big);
}

static void test_too_much_output_ends_it(void **state)
{
	struct proc_spec spec = { .argv = ARGV("yes"), .env = path_env, .max_out = 1000 };
	struct proc_result r;

	(void)state;
	fails(proc_run(&spec, &r), ERR_INVALID, "yes: output is larger than 1000 bytes");
	assert_int_equal(r.signal, SIGTERM);
	fails(proc_check(&r), ERR_INTERNAL, "signal: terminated");
	proc_release(&r);
}

static void test_the_end_of_long_complaints_is_kept(void **state)
{
	struct proc_spec spec = {
		.argv = SH("i=0; while [ $i -lt 3000 ]; do echo progress $i >&2; i=$((i+1)); done;"
			   "echo fatal: the reason >&2"),
		.max_err = 100,
	};
	struct proc_result r;

	(void)state;
	need(proc_run(&spec, &r));
	assert_int_equal(r.err.n, 100);
	assert_true(str_ends(buf_str(&r.err), S("progress 2999\nfatal: the reason\n")));
	proc_release(&r);
}

static void test_timeout_kills_the_whole_group(void **state)
{
	struct proc_spec spec = {
		.argv = SH("trap '' TERM; (trap '' TERM; sleep 100) & echo $!; sleep 100; sleep 100"),
		.timeout = CLOCK_SECOND / 5,
	};
	struct proc_result r;
	int64_t began = clock_mono();

	(void)state;
	fails(proc_run(&spec, &r), ERR_TIMEOUT, "/bin/sh: timed out");
	assert_true(clock_mono() - began < 20 * CLOCK_SECOND);
	uint64_t number = 0;

	assert_true(str_to_u64(str_trim(buf_str(&r.out)), &number));
	pid_t grandchild = (pid_t)number;

	assert_true(grandchild > 0);
	/* Whoever inherited it may need a moment to reap it. */
	for (int i = 0; i < 500 && !kill(grandchild, 0); i++)
		poll(NULL, 0, 10);
	proc_release(&r);
}

static void test_children_left_behind_do_not_hold_us(void **state)
{
	struct proc_spec spec = { .argv = SH("echo done; sleep 100 &") };
	struct proc_result r;
	int64_t began = clock_mono();

	(void)state;
	need(proc_run(&spec, &r));
	assert_true(clock_mono() - began < 20 * CLOCK_SECOND);
	assert_string_equal(buf_c(&r.out), "done\n");
	assert_int_equal(r.exit, 0);
	proc_release(&r);
}

static void test_cancel_ends_it(void **state)
{
	atomic_bool cancel = true;
	struct proc_spec spec = { .argv = SH("sleep 100"), .cancel = &cancel };
	struct proc_result r;

	(void)state;
	fails(proc_run(&spec, &r), ERR_CANCELED, "/bin/sh: canceled");
	proc_release(&r);
}

static void test_no_descriptor_leaks_into_the_child(void **state)
{
	struct proc_spec spec = { .argv = ARGV("/bin/ls", "/proc/self/fd") };
	struct proc_result r;
	int leak = open("/dev/null", O_RDONLY);		/* not closed on exec */
	int high = fcntl(leak, F_DUPFD, 200);

	(void)state;
	need(proc_run(&spec, &r));
	/* 3 is the directory that ls reads. */
	assert_string_equal(buf_c(&r.out), "0\n1\n2\n3\n");
	proc_release(&r);
	close(leak);
	close(high);
}

static size_t open_descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_no_descriptor_is_left_with_us(void **state)
{
	size_t before = open_descriptors();
	struct proc_spec spec = { .argv = SH("exit 0") };
	struct proc_spec bad = { .argv = ARGV("/nowhere/x") };
	struct proc_result r;

	(void)state;
	need(proc_run(&spec, &r));
	proc_release(&r);
	err_free(proc_run(&bad, &r));
	proc_release(&r);
	assert_int_equal(open_descriptors(), before);
}

static void test_runs_without_own_standard_streams(void **state)
{
	struct proc_spec spec = { .argv = SH("cat; echo err >&2"), .input = S("in") };
	struct proc_result r;
	int saved[3];

	(void)state;
	for (int i = 0; i < 3; i++) {
		saved[i] = fcntl(i, F_DUPFD_CLOEXEC, 10);
		close(i);
	}
	err *e = proc_run(&spec, &r);

	for (int i = 0; i < 3; i++) {
		dup2(saved[i], i);
		close(saved[i]);
	}
	need(e);
	assert_string_equal(buf_c(&r.out), "in");
	assert_string_equal(buf_c(&r.err), "err\n");
	proc_release(&r);
}

/* Our standard output is a file for as long as the child runs. */
static void pass(const struct proc_spec *spec, struct proc_result *r, char *said, size_t max)
{
	char name[] = "/tmp/proc-test-XXXXXX";
	int file = mkstemp(name), own = dup(1);

	assert_true(file >= 0 && own >= 0);
	unlink(name);
	assert_int_equal(dup2(file, 1), 1);
	err *e = proc_pass(spec, r);

	dup2(own, 1);
	close(own);
	need(e);
	ssize_t n = pread(file, said, max - 1, 0);

	assert_true(n >= 0);
	said[n] = '\0';
	close(file);
}

static void test_a_child_in_our_place(void **state)
{
	struct proc_result r;
	char said[100], want[100];

	(void)state;
	pass(&(struct proc_spec){ .argv = SH("read -r a b c d group e </proc/self/stat; "
					     "echo \"$group $WORD $PWD\"; exit 4"),
				  .env = ARGV("WORD=yes"), .dir = "/" },
	     &r, said, sizeof said);
	snprintf(want, sizeof want, "%d yes /\n", (int)getpgrp());
	assert_string_equal(said, want);
	assert_int_equal(r.exit, 4);
	assert_int_equal(r.out.n, 0);
	pass(&(struct proc_spec){ .argv = SH("kill -TERM $$") }, &r, said, sizeof said);
	assert_int_equal(r.exit, -1);
	assert_int_equal(r.signal, SIGTERM);
	fails(proc_pass(&(struct proc_spec){ .argv = ARGV("no-such"), .env = path_env }, &r),
	      ERR_NOT_FOUND, "exec: \"no-such\": executable file not found in $PATH");
}

static void test_talking_back_and_forth(void **state)
{
	struct proc_spec spec = { .argv = SH("read a; echo got $a; read b; echo got $b; exit 7") };
	struct proc_result r;
	struct proc p;
	char got[32];

	(void)state;
	need(proc_start(&spec, &p));
	for (int i = 0; i < 2; i++) {
		struct pollfd fd = { .fd = p.out, .events = POLLIN };

		assert_int_equal(write(p.in, i ? "two\n" : "one\n", 4), 4);
		assert_int_equal(poll(&fd, 1, 10000), 1);
		assert_int_equal(read(p.out, got, sizeof got), 8);
		assert_memory_equal(got, i ? "got two\n" : "got one\n", 8);
	}
	assert_true(proc_wait(&p, INT64_MAX, &r));
	assert_int_equal(r.exit, 7);
	proc_kill(&p);
	spec.argv = SH("exec sleep 100");
	need(proc_start(&spec, &p));
	assert_false(proc_wait(&p, clock_mono(), &r));
	assert_int_equal(r.signal, SIGTERM);
	need(proc_start(&spec, &p));
	proc_kill(&p);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_status_come_back),
		cmocka_unit_test(test_arguments_are_not_interpreted),
		cmocka_unit_test(test_environment_is_what_was_given),
		cmocka_unit_test(test_working_directory),
		cmocka_unit_test(test_programs_that_cannot_run),
		cmocka_unit_test(test_input_is_fed_while_output_is_read),
		cmocka_unit_test(test_too_much_output_ends_it),
		cmocka_unit_test(test_the_end_of_long_complaints_is_kept),
		cmocka_unit_test(test_timeout_kills_the_whole_group),
		cmocka_unit_test(test_children_left_behind_do_not_hold_us),
		cmocka_unit_test(test_cancel_ends_it),
		cmocka_unit_test(test_no_descriptor_leaks_into_the_child),
		cmocka_unit_test(test_no_descriptor_is_left_with_us),
		cmocka_unit_test(test_runs_without_own_standard_streams),
		cmocka_unit_test(test_a_child_in_our_place),
		cmocka_unit_test(test_talking_back_and_forth),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
