/* Chart repositories: who is told what, and what is taken. */
#include "source/git_test.h"

#include <pthread.h>

#include "base/clock.h"
#include "net/httpd.h"
#include "source/helmrepo.h"

/* Says what it was told: "AUTHORIZATION|IF-NONE-MATCH". */
struct server {
	struct loop *loop;
	struct httpd *httpd;
	pthread_t thread;
	char host[64];
	int asked;
};

static void redirect(struct httpd_call *c, str to)
{
	const struct http1_header where = { S("Location"), to };

	httpd_reply(c, &(struct httpd_reply){ .code = 302, .headers = &where, .headers_n = 1 });
}

static void handle(void *ctx, struct httpd_call *c)
{
	struct server *s = ctx;
	const struct http1_header headers[] = { { S("ETag"), S("\"e1\"") },
						{ S("Retry-After"), S("7") } };
	str target = c->head.target, known = http1_header(&c->head, S("if-none-match"));
	struct httpd_reply r = { .code = 200, .headers = headers, .headers_n = 2 };

	s->asked++;
	if (str_starts(target, S("/away/")))
		return redirect(c, arena_printf(&c->arena, "http://localhost:%s/x",
						strrchr(s->host, ':') + 1));
	if (str_starts(target, S("/none/")))
		r.code = 404;
	else if (str_starts(target, S("/busy/")))
		r.code = 429;
	else if (str_eq(known, S("\"e1\"")))
		r.code = 304;
	r.body = arena_printf(&c->arena, "%.*s|%.*s",
			      STR_ARG(http1_header(&c->head, S("authorization"))), STR_ARG(known));
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
	struct arena a;
	struct server s;
	struct net_client *net;
};

static int set_up(void **state)
{
	struct setting *t = mem_calloc(1, sizeof *t);
	struct server *s = &t->s;

	assert_ok(loop_new(&s->loop));
	assert_ok(httpd_new(
		&s->httpd, s->loop,
		&(struct httpd_options){ .listen = S("127.0.0.1:0"), .handle = handle, .ctx = s }));
	snprintf(s->host, sizeof s->host, "%.*s", STR_ARG(httpd_address(s->httpd)));
	pthread_create(&s->thread, NULL, run, s->loop);
	assert_ok(net_client_new(&t->net, NULL));
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
	arena_release(&t->a);
	free(t);
	return 0;
}

static str url_of(struct setting *t, const char *host, const char *path)
{
	return arena_printf(&t->a, "http://%s:%s%s", host, strrchr(t->s.host, ':') + 1, path);
}

static struct helmrepo repo_of(struct setting *t)
{
	return (struct helmrepo){ .net = t->net, .url = url_of(t, "127.0.0.1", "/charts/"),
				  .user = S("u"), .password = S("p"),
				  .timeout = 10 * CLOCK_SECOND };
}

static err *get(struct setting *t, const struct helmrepo *r, str url, struct helmrepo_hint *hint,
		bool *same, str *out)
{
	CLEANUP(spool_release) struct spool spool;
	str text;

	spool_init(&spool, HELMREPO_HELD);
	TRY(helmrepo_fetch(r, url, "index", 100, hint, same, &spool));
	TRY(spool_text(&spool, &text));
	*out = arena_str(&t->a, text);
	return NULL;
}

#define BASIC "Basic dTpw"

static void test_who_is_told(void **state)
{
	struct setting *t = *state;
	const struct {
		const char *host, *path, *want;
		bool pass;
	} cases[] = {
		{ "127.0.0.1", "/charts/index.yaml", BASIC "|", false },
		{ "127.0.0.1", "/elsewhere", BASIC "|", false },
		{ "localhost", "/charts/a.tgz", "|", false },
		{ "localhost", "/charts/a.tgz", BASIC "|", true },
		{ "127.0.0.1", "/away/a.tgz", "|", false },
		{ "127.0.0.1", "/away/a.tgz", "|", true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct helmrepo r = repo_of(t);
		str got;

		r.pass_credentials = cases[i].pass;
		assert_ok(get(t, &r, url_of(t, cases[i].host, cases[i].path), NULL, NULL, &got));
		assert_string_equal(got.p, cases[i].want);
	}
}

static void test_half_a_password_is_none(void **state)
{
	struct setting *t = *state;
	struct helmrepo r = repo_of(t);
	str got;

	r.password = STR_NONE;
	assert_ok(get(t, &r, url_of(t, "127.0.0.1", "/x"), NULL, NULL, &got));
	assert_string_equal(got.p, "|");
}

static void test_the_same_is_not_sent_again(void **state)
{
	struct setting *t = *state;
	struct helmrepo r = repo_of(t);
	struct helmrepo_hint hint = { 0 };
	bool same;
	str got;

	assert_ok(get(t, &r, url_of(t, "127.0.0.1", "/i"), &hint, &same, &got));
	assert_false(same);
	assert_ok(get(t, &r, url_of(t, "127.0.0.1", "/i"), &hint, &same, &got));
	assert_true(same && !got.n);
}

static void test_refused(void **state)
{
	struct setting *t = *state;
	struct helmrepo r = repo_of(t);
	struct helmrepo_hint hint = { 0 };
	str got, url = url_of(t, "127.0.0.1", "/none/index.yaml");
	const char *texts[] = {
		arena_printf(&t->a, "failed to fetch %s : 404 Not Found", url.p).p,
		"scheme \"file\" not supported",
		"index exceeds the maximum index file size of 5 bytes",
	};

	assert_error(get(t, &r, url, NULL, NULL, &got), texts[0]);
	assert_error(get(t, &r, S("file:///etc/passwd"), NULL, NULL, &got), texts[1]);
	CLEANUP(spool_release) struct spool spool;

	spool_init(&spool, 100);
	assert_error(helmrepo_fetch(&r, url_of(t, "127.0.0.1", "/x"), "index", 5, NULL, NULL,
				    &spool),
		     texts[2]);
	err *e = get(t, &r, url_of(t, "127.0.0.1", "/busy/"), &hint, NULL, &got);

	assert_non_null(e);
	assert_int_equal(err_code(e), 429);
	assert_int_equal(err_kind(e), ERR_UNAVAILABLE);
	assert_true(str_ends(err_text(e), S("/busy/ : 429 Too Many Requests; retry after 7s")));
	err_free(e);
}

static void test_urls(void **state)
{
	struct setting *t = *state;
	static const char *const resolved[][3] = {
		{ "https://h/charts", "a-1.tgz", "https://h/charts/a-1.tgz" },
		{ "https://h/charts/", "a-1.tgz", "https://h/charts/a-1.tgz" },
		{ "https://h/charts?t=1", "x/a.tgz", "https://h/charts/x/a.tgz?t=1" },
		{ "https://h/charts", "/a.tgz", "https://h/a.tgz" },
		{ "https://h/charts", "../a.tgz", "https://h/a.tgz" },
		{ "https://h/charts", "https://o/a.tgz", "https://o/a.tgz" },
		{ "https://h/a%2fb/", "c.tgz", "https://h/a%2fb/c.tgz" },
		{ "https://u:p@h/x", "c.tgz", "https://u:p@h/x/c.tgz" },
	};
	static const char *const normal[][2] = {
		{ "https://h", "https://h/" },	     { "https://h/x//", "https://h/x/" },
		{ "oci://h/x/", "oci://h/x" },	     { "https://h/x?q=1", "https://h/x/?q=1" },
		{ "", "" },
	};
	static const char *const indexes[][2] = {
		{ "https://h", "https://h/index.yaml" },
		{ "https://h/x/", "https://h/x/index.yaml" },
		{ "https://h/x?q=1", "https://h/x/index.yaml?q=1" },
		{ "https://h/a%2Fb", "https://h/a%2Fb/index.yaml" },
	};
	str got;

	for (size_t i = 0; i < sizeof resolved / sizeof *resolved; i++) {
		assert_ok(helmrepo_resolve(&t->a, str_c(resolved[i][0]), str_c(resolved[i][1]),
					   &got));
		assert_string_equal(arena_str(&t->a, got).p, resolved[i][2]);
	}
	for (size_t i = 0; i < sizeof normal / sizeof *normal; i++) {
		assert_ok(helmrepo_normalize(&t->a, str_c(normal[i][0]), &got));
		assert_string_equal(arena_str(&t->a, got).p, normal[i][1]);
	}
	for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
		assert_ok(helmrepo_index_url(&t->a, str_c(indexes[i][0]), &got));
		assert_string_equal(got.p, indexes[i][1]);
	}
}

static void test_secrets(void **state)
{
	struct setting *t = *state;
	const struct credentials_item both[] = { { S("username"), S("u") },
						 { S("password"), S("p") } };
	struct credentials c = { S("ns"), S("s"), both, 2 };
	struct helmrepo r = { .net = t->net };
	struct net_tls tls;

	assert_ok(helmrepo_credentials(&r, &c, &tls));
	assert_true(str_eq(r.user, S("u")) && str_eq(r.password, S("p")) && !r.tls);
	c.n = 1;
	assert_error(helmrepo_credentials(&r, &c, &tls),
		     "secret 'ns/s': malformed basic auth - has 'username' but missing 'password'");
	const struct credentials_item old[] = { { S("certFile"), S("c") }, { S("keyFile"), S("k") } };

	c = (struct credentials){ S("ns"), S("s"), old, 2 };
	assert_ok(helmrepo_credentials(&r, &c, &tls));
	assert_true(r.tls && str_eq(r.tls->cert, S("c")) && str_eq(r.tls->key, S("k")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_is_told),
		cmocka_unit_test(test_half_a_password_is_none),
		cmocka_unit_test(test_the_same_is_not_sent_again),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_secrets),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
