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

static void test_downloads(void **state)
{
	struct tgz_file files[] = { { .name = S("a/b.yaml"), .bytes = S("kind: A\n") } };
	CLEANUP(buf_release) struct buf archive = BUF_INIT;
	struct server s = { 0 };
	struct net_client *net;
	struct git_test g;
	str digest, text;

	(void)state;
	git_test_init(&g);
	assert_ok(tgz_write(files, 1, NULL, &archive));
	s.archive = buf_str(&archive);
	assert_ok(digest_of(&g.a, DIGEST_SHA256, s.archive, &digest));
	assert_ok(loop_new(&s.loop));
	assert_ok(httpd_new(&s.httpd, s.loop, &(struct httpd_options){ .listen = S("127.0.0.1:0"),
								       .handle = handle, .ctx = &s }));
	pthread_create(&s.thread, NULL, run, s.loop);
	assert_ok(net_client_new(&net, NULL));
	str host = httpd_address(s.httpd), base = arena_cat(&g.a, S("http://"), host);
	struct download_spec spec = { .url = arena_cat(&g.a, base, S("/x.tar.gz")), .digest = digest };

	assert_ok(fs_mkdir(g.fs, S("one"), 0700));
	CLEANUP(fs_drop) struct fs *to = NULL;

	assert_ok(fs_open_below(&to, g.fs, S("one")));
	assert_ok(download_archive(net, &spec, to));
	assert_ok(fs_read(to, &g.a, S("a/b.yaml"), 100, &text));
	assert_true(str_eq(text, S("kind: A\n")));
	assert_ok(download_bytes(net, &spec, &g.a, &text));
	assert_true(str_eq(text, s.archive));
	/* by another host, without an algorithm, at the second try */
	spec.url = S("http://source-controller.invalid/first/x");
	spec.host = host;
	spec.digest = str_from(digest, 7);
	s.asked = 0;
	assert_ok(download_bytes(net, &spec, &g.a, &text));
	assert_int_equal(s.asked, 2);
	/* what is something else is not unpacked, and not asked for for ever */
	spec = (struct download_spec){ .url = arena_cat(&g.a, base, S("/x")),
				       .digest = S("sha256:00000000000000000000000000000000000000000"
						   "00000000000000000000000") };
	s.asked = 0;
	assert_error(download_archive(net, &spec, to),
		     "failed to verify archive: computed digest doesn't match provided "
		     "'sha256:0000000000000000000000000000000000000000000000000000000000000000' (check "
		     "whether file size exceeds max download size)");
	assert_int_equal(s.asked, 2);
	spec.digest = S("sha1:0000000000000000000000000000000000000000");
	assert_error(download_archive(net, &spec, to),
		     "failed to verify archive: failed to parse digest "
		     "'sha1:0000000000000000000000000000000000000000': unsupported digest algorithm");
	spec.digest = STR_NONE;
	assert_error(download_archive(net, &spec, to), "failed to verify archive: empty digest");
	spec.digest = digest;
	spec.max_bytes = 10;
	str want = arena_printf(&g.a,
				"artifact is %zu bytes greater than the max download size of 10 bytes",
				archive.n - 10);

	assert_error(download_archive(net, &spec, to), want.p);
	spec.max_bytes = 0;
	spec.url = arena_cat(&g.a, base, S("/none"));
	err *e = download_archive(net, &spec, to);

	assert_int_equal(err_kind(e), ERR_NOT_FOUND);
	assert_error(e, "file not found");
	spec.url = arena_cat(&g.a, base, S("/down"));
	want = arena_printf(&g.a,
			    "failed to download archive from %.*s (status: 503 Service Unavailable)",
			    STR_ARG(spec.url));
	assert_error(download_archive(net, &spec, to), want.p);
	net_client_free(net);
	loop_post(s.loop, stop, &s);
	pthread_join(s.thread, NULL);
	httpd_free(s.httpd);
	loop_free(s.loop);
	git_test_release(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_downloads) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
