/* The client and our own server, over TLS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>

#include "base/clock.h"
#include "crypto/keys.h"
#include "net/client.h"
#include "net/httpd.h"

#define assert_ok(call)                                          \
	do {                                                     \
		err *e_ = (call);                                \
		if (e_)                                          \
			fail_msg("unexpected: %s", err_msg(e_)); \
	} while (0)

struct pair {
	str cert, key;
};

static struct arena mem;
static struct pair ca, other_ca, user;
static struct net_client *client;

/* Says who asks; "/away" sends on to the same server under its other name, and "/keep" has
 * the server stop, and is answered when no connection is left. */
struct server {
	struct loop *loop;
	struct httpd *httpd;
	struct tls_server *tls;
	pthread_t thread;
	str address;
	struct httpd_call *kept;	/* loop thread */
};

static void stop_now(void *ctx);

static void handle(void *ctx, struct httpd_call *c)
{
	struct server *s = ctx;
	struct httpd_reply r = { .code = 200 };
	struct http1_header location = { S("Location"), STR_NONE };
	str port = str_from(s->address, str_rfind_char(s->address, ':'));

	if (str_eq(c->head.target, S("/keep"))) {
		s->kept = c;
		loop_post(s->loop, stop_now, s);
		return;
	}
	if (str_eq(c->head.target, S("/away"))) {
		location.value = arena_cat(&c->arena, S("https://localhost"), port, S("/who"));
		r = (struct httpd_reply){ .code = 302, .headers = &location, .headers_n = 1 };
	} else {
		r.body = c->peer == TLS_PEER_KNOWN ? c->subject.common_name : S("nobody");
	}
	httpd_reply(c, &r);
}

static void *run(void *loop)
{
	loop_run(loop);
	return NULL;
}

static void start(struct server *s, const struct pair *id)
{
	assert_ok(tls_server_new(&s->tls, &(struct tls_identity){ id->cert, id->key, ca.cert }));
	assert_ok(loop_new(&s->loop));
	assert_ok(httpd_new(
		&s->httpd, s->loop,
		&(struct httpd_options){
			.listen = S("127.0.0.1:0"), .tls = s->tls, .handle = handle, .ctx = s }));
	s->address = httpd_address(s->httpd);
	assert_int_equal(pthread_create(&s->thread, NULL, run, s->loop), 0);
}

static void stopped(void *ctx)
{
	loop_stop(((struct server *)ctx)->loop);
}

static void stop_now(void *ctx)
{
	httpd_stop(((struct server *)ctx)->httpd, CLOCK_SECOND, stopped, ctx);
}

static void clean_up(struct server *s)
{
	httpd_free(s->httpd);
	loop_free(s->loop);
	tls_server_free(s->tls);
}

static void stop(struct server *s)
{
	loop_post(s->loop, stop_now, s);
	pthread_join(s->thread, NULL);
	clean_up(s);
}

/* ---- certificates ------------------------------------------------------------ */

static void certify(struct pair *out, const struct keys_request *r)
{
	assert_ok(keys_certify(&mem, r, &out->cert, &out->key));
}

static void make_authority(struct pair *out, const char *name)
{
	int64_t now = clock_wall() / CLOCK_SECOND;
	struct keys_request r = {
		.name = str_c(name), .now = now - 60, .until = now + 3600, .authority = true
	};

	assert_ok(keys_new(&mem, KEYS_ECDSA, NULL, &r.key));
	certify(out, &r);
}

/* For a host and perhaps 127.0.0.1, good from `from` seconds from now. */
static void make_server(struct pair *out, const char *host, bool address, int64_t from)
{
	static const struct keys_address loopback = { { 127, 0, 0, 1 }, 4 };
	int64_t now = clock_wall() / CLOCK_SECOND;
	str hosts = str_c(host);
	struct keys_request r = {
		.name = hosts,
		.hosts = &hosts,
		.hosts_n = 1,
		.addresses = &loopback,
		.addresses_n = address,
		.now = now + from,
		.until = now + from + 3600,
		.signer_cert = ca.cert,
		.signer_key = ca.key,
	};

	assert_ok(keys_new(&mem, KEYS_ECDSA, NULL, &r.key));
	certify(out, &r);
}

static int set_up(void **state)
{
	(void)state;
	make_authority(&ca, "ca");
	make_authority(&other_ca, "other");
	make_server(&user, "someone", false, -60);
	assert_ok(net_client_new(&client, NULL));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	net_client_free(client);
	arena_release(&mem);
	return 0;
}

static str url_of(const struct server *s, const char *host, const char *path)
{
	str port = str_from(s->address, str_rfind_char(s->address, ':'));

	return arena_cat(&mem, S("https://"), str_c(host), port, str_c(path));
}

static err *get(str url, const struct net_tls *tls, struct net_response *r)
{
	return net_do(client,
		      &(struct net_request){ .url = url, .tls = tls, .timeout = 10 * CLOCK_SECOND },
		      r);
}

/* ---- tests --------------------------------------------------------------------- */

static void assert_refused(const struct server *s, const char *host, const struct net_tls *tls,
			   const char *why)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	str url = url_of(s, host, "/who");
	CLEANUP(err_drop) err *e = get(url, tls, &r);
	str want = arena_printf(&mem, "Get \"%.*s\": tls: failed to verify certificate: x509: %s",
				STR_ARG(url), why);

	if (!e)
		fail_msg("no error: %s", why);
	assert_string_equal(err_msg(e), want.p);
}

static void assert_says(str url, const struct net_tls *tls, const char *body)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;

	assert_ok(get(url, tls, &r));
	assert_int_equal(r.status, 200);
	assert_string_equal(buf_c(&r.body), body);
}

static void test_whom_we_believe(void **state)
{
	struct server s = { 0 };
	struct pair id;
	struct net_tls none = { 0 }, ours = { .ca = ca.cert },
		       both = { .ca = ca.cert, .ca_and_system = true },
		       others = { .ca = other_ca.cert }, insecure = { .insecure = true };

	(void)state;
	make_server(&id, "localhost", true, -60);
	start(&s, &id);
	assert_says(url_of(&s, "127.0.0.1", "/who"), &ours, "nobody");
	assert_says(url_of(&s, "localhost", "/who"), &ours, "nobody");
	assert_says(url_of(&s, "127.0.0.1", "/who"), &both, "nobody");
	assert_says(url_of(&s, "127.0.0.1", "/who"), &insecure, "nobody");
	/* also right after a connection of somebody less careful */
	assert_refused(&s, "127.0.0.1", &none, "certificate signed by unknown authority");
	assert_refused(&s, "127.0.0.1", &others, "certificate signed by unknown authority");
	assert_refused(&s, "127.0.0.1", NULL, "certificate signed by unknown authority");
	stop(&s);
}

static void test_names(void **state)
{
	struct server s = { 0 };
	struct pair id;
	struct net_tls ours = { .ca = ca.cert },
		       named = { .ca = ca.cert, .server_name = S("kubernetes.default") },
		       misnamed = { .ca = ca.cert, .server_name = S("other.example") };

	(void)state;
	make_server(&id, "kubernetes.default", false, -60);
	start(&s, &id);
	assert_refused(&s, "localhost", &ours,
		       "certificate is valid for kubernetes.default, not localhost");
	assert_refused(
		&s, "127.0.0.1", &ours,
		"cannot validate certificate for 127.0.0.1 because it doesn't contain any IP SANs");
	assert_says(url_of(&s, "127.0.0.1", "/who"), &named, "nobody");
	assert_refused(&s, "127.0.0.1", &misnamed,
		       "certificate is valid for kubernetes.default, not other.example");
	stop(&s);
}

static void test_times(void **state)
{
	struct net_tls ours = { .ca = ca.cert };
	static const struct {
		int64_t from;
		const char *than;
	} rows[] = { { -7200, " is after " }, { 1800, " is before " } };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
		struct server s = { 0 };
		struct pair id;

		make_server(&id, "localhost", true, rows[i].from);
		start(&s, &id);
		CLEANUP(err_drop) err *e = get(url_of(&s, "localhost", "/who"), &ours, &r);

		assert_non_null(e);
		assert_true(str_has(err_text(e),
				    S("tls: failed to verify certificate: x509: certificate has "
				      "expired or is not yet valid: current time 2")));
		assert_true(str_has(err_text(e), str_c(rows[i].than)));
		stop(&s);
	}
}

static void test_our_certificate_stays_with_its_host(void **state)
{
	struct net_tls mine = { .ca = ca.cert, .cert = user.cert, .key = user.key },
		       bad = { .ca = ca.cert, .cert = S("x"), .key = S("y") };
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct server s = { 0 };
	struct pair id;

	(void)state;
	make_server(&id, "localhost", true, -60);
	start(&s, &id);
	assert_says(url_of(&s, "127.0.0.1", "/who"), &mine, "someone");
	assert_says(url_of(&s, "127.0.0.1", "/away"), &mine, "nobody");
	str url = url_of(&s, "127.0.0.1", "/who"), want;
	CLEANUP(err_drop) err *e = get(url, &bad, &r);

	want = arena_printf(&mem,
			    "Get \"%.*s\": tls: failed to find any PEM data in certificate input",
			    STR_ARG(url));
	assert_non_null(e);
	assert_string_equal(err_msg(e), want.p);
	stop(&s);
}

/* What is being answered does not depend on the connection any more. */
static void test_the_connection_goes_before_the_answer(void **state)
{
	struct net_tls mine = { .ca = ca.cert, .cert = user.cert, .key = user.key };
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct server s = { 0 };
	struct pair id;

	(void)state;
	make_server(&id, "localhost", true, -60);
	start(&s, &id);
	CLEANUP(err_drop) err *e = get(url_of(&s, "127.0.0.1", "/keep"), &mine, &r);

	assert_non_null(e);
	pthread_join(s.thread, NULL);
	assert_null(s.kept->conn);
	assert_true(str_eq(s.kept->subject.common_name, S("someone")));
	httpd_reply(s.kept, &(struct httpd_reply){ .code = 200 });
	clean_up(&s);
}

static void test_connections_are_kept(void **state)
{
	struct net_tls ours = { .ca = ca.cert };
	struct server s = { 0 };
	struct pair id;

	(void)state;
	make_server(&id, "localhost", true, -60);
	start(&s, &id);
	uint64_t before = net_client_connections(client);

	for (int i = 0; i < 20; i++)
		assert_says(url_of(&s, "127.0.0.1", "/who"), &ours, "nobody");
	assert_int_equal(net_client_connections(client) - before, 1);
	stop(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whom_we_believe),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_our_certificate_stays_with_its_host),
		cmocka_unit_test(test_the_connection_goes_before_the_answer),
		cmocka_unit_test(test_connections_are_kept),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
