#include "source/git_test.h"

#include <pthread.h>

#include "base/clock.h"
#include "net/httpd.h"
#include "source/download.h"

/* Serves one archive; "/first/..." spoils the first answer. */
struct server {
	struct loop *loop;
	struct httpd *httpd;
	pthread_t thread;
	str archive;
	int asked;
};

static void handle(void *ctx, struct httpd_call *c)
{
	struct server *s = ctx;
	struct httpd_reply r = { .code = 200, .body = s->archive };

	s->asked++;
	if (str_starts(c->head.target, S("/none")))
		r = (struct httpd_reply){ .code = 404 };
	else if (str_starts(c->head.target, S("/down")))
		r = (struct httpd_reply){ .code = 503 };
	else if (str_starts(c->head.target, S("/first")) && s->asked == 1)
		r.body = S("something else");
	httpd_reply(c, &r);
}

static void *run(void *loop)
{
	loop_run(loop);
	return NULL;
}

static void stopped(void *ctx)
{
	loop_stop(((struct server *)ctx)->loop);
}

static void stop(void *ctx)
{
	httpd_stop(((struct server *)ctx)->httpd, CLOCK_SECOND, stopped, ctx);
}

struct setting {
	struct git_test g;
	struct server s;
	struct net_client *net;
	struct buf archive;
	str digest, base, host;
	struct fs *to;
};

static int set_up(void **state)
{
	struct tgz_file files[] = { { .name = S("a/b.yaml"), .bytes = S("kind: A\n") } };
	struct setting *t = mem_calloc(1, sizeof *t);
	struct server *s = &t->s;

	git_test_init(&t->g);
	t->archive = (struct buf)BUF_INIT;
	assert_ok(tgz_write(files, 1, NULL, &t->archive));
	s->archive = buf_str(&t->archive);
	assert_ok(digest_of(&t->g.a, DIGEST_SHA256, s->archive, &t->digest));
	assert_ok(loop_new(&s->loop));
	assert_ok(httpd_new(
		&s->httpd, s->loop,
		&(struct httpd_options){ .listen = S("127.0.0.1:0"), .handle = handle, .ctx = s }));
	pthread_create(&s->thread, NULL, run, s->loop);
	assert_ok(net_client_new(&t->net, NULL));
	t->host = httpd_address(s->httpd);
	t->base = arena_cat(&t->g.a, S("http://"), t->host);
	assert_ok(fs_mkdir(t->g.fs, S("one"), 0700));
	assert_ok(fs_open_below(&t->to, t->g.fs, S("one")));
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	struct setting *t = *state;

	net_client_free(t->net);
	loop_post(t->s.loop, stop, &t->s);
	pthread_join(t->s.thread, NULL);
	httpd_free(t->s.httpd);
	loop_free(t->s.loop);
	fs_close(t->to);
	buf_release(&t->archive);
	git_test_release(&t->g);
	free(t);
	return 0;
}

static struct download_spec spec_of(struct setting *t, const char *path)
{
	t->s.asked = 0;
	return (struct download_spec){ .url = arena_cat(&t->g.a, t->base, str_c(path)),
				       .digest = t->digest };
}

static void test_what_fits_is_unpacked(void **state)
{
	struct setting *t = *state;
	struct download_spec spec = spec_of(t, "/x.tar.gz");
	str text;

	assert_ok(download_archive(t->net, &spec, t->to));
	assert_ok(fs_read(t->to, &t->g.a, S("a/b.yaml"), 100, &text));
	assert_true(str_eq(text, S("kind: A\n")));
	assert_ok(download_bytes(t->net, &spec, &t->g.a, &text));
	assert_true(str_eq(text, t->s.archive));
}

/* By another host, without an algorithm. */
static void test_a_second_try(void **state)
{
	struct setting *t = *state;
	struct download_spec spec = spec_of(t, "/first/x");
	str text;

	spec.url = S("http://source-controller.invalid/first/x");
	spec.host = t->host;
	spec.digest = str_from(t->digest, 7);
	assert_ok(download_bytes(t->net, &spec, &t->g.a, &text));
	assert_int_equal(t->s.asked, 2);
}

static void test_something_else_is_not_unpacked(void **state)
{
	struct setting *t = *state;
	struct download_spec spec = spec_of(t, "/x");

	spec.digest = S("sha256:0000000000000000000000000000000000000000000000000000000000000000");
	assert_error(
		download_archive(t->net, &spec, t->to),
		"failed to verify archive: computed digest doesn't match provided "
		"'sha256:0000000000000000000000000000000000000000000000000000000000000000' (check "
		"whether file size exceeds max download size)");
	assert_int_equal(t->s.asked, 2);
	assert_false(fs_is_dir(t->to, S("a")));
	spec.digest = S("sha1:0000000000000000000000000000000000000000");
	assert_error(
		download_archive(t->net, &spec, t->to),
		"failed to verify archive: failed to parse digest "
		"'sha1:0000000000000000000000000000000000000000': unsupported digest algorithm");
	spec.digest = STR_NONE;
	assert_error(download_archive(t->net, &spec, t->to),
		     "failed to verify archive: empty digest");
}

static void test_failures(void **state)
{
	struct setting *t = *state;
	struct download_spec spec = spec_of(t, "/x");
	str want =
		arena_printf(&t->g.a,
			     "artifact is %zu bytes greater than the max download size of 10 bytes",
			     t->archive.n - 10);

	spec.max_bytes = 10;
	assert_error(download_archive(t->net, &spec, t->to), want.p);
	spec = spec_of(t, "/none");
	err *e = download_archive(t->net, &spec, t->to);

	assert_int_equal(err_kind(e), ERR_NOT_FOUND);
	assert_error(e, "file not found");
	spec = spec_of(t, "/down");
	want = arena_printf(
		&t->g.a, "failed to download archive from %.*s (status: 503 Service Unavailable)",
		STR_ARG(spec.url));
	assert_error(download_archive(t->net, &spec, t->to), want.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_fits_is_unpacked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_second_try, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_something_else_is_not_unpacked, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_failures, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
