#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "net/client.h"

#define REFUSAL "nothing private here"

/* ---- a server on all of loopback: "/to/HOST" sends there, all else is answered --------- */

struct server {
	int fd;
	unsigned port;
	pthread_t thread;
};

static void answer(struct server *s, int fd)
{
	char head[4096], text[512], host[64];
	ssize_t n = read(fd, head, sizeof head - 1);
	const char *to;

	head[n > 0 ? n : 0] = 0;
	to = strstr(head, "/to/");
	if (to && sscanf(to, "/to/%63s", host) == 1)
		snprintf(text, sizeof text,
			 "HTTP/1.1 302 Found\r\nLocation: http://%s:%u/\r\nContent-Length: 0\r\n"
			 "Connection: close\r\n\r\n",
			 host, s->port);
	else
		snprintf(text, sizeof text,
			 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello");
	if (write(fd, text, strlen(text)) < 0)
		die_bug("write failed");
	close(fd);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0)
		answer(s, fd);
	return NULL;
}

static int set_up(void **state)
{
	static struct server s;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
	socklen_t n = sizeof a;

	s.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s.fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(s.fd, 16), 0);
	getsockname(s.fd, (struct sockaddr *)&a, &n);
	s.port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
	*state = &s;
	return 0;
}

static int tear_down(void **state)
{
	struct server *s = *state;

	shutdown(s->fd, SHUT_RDWR);
	pthread_join(s->thread, NULL);
	close(s->fd);
	return 0;
}

/* ---- tests --------------------------------------------------------------- */

static struct net_client *locked(const str *open, size_t n)
{
	struct net_client *c;
	const struct net_options o = {
		.proxy_env = true,
		.lockdown = { .on = true, .open = open, .open_n = n, .refusal = S(REFUSAL) },
	};

	assert_null(net_client_new(&c, &o));
	return c;
}

static void check(struct net_client *c, const struct net_request *q, const char *want)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	CLEANUP(err_drop) err *e = net_do(c, q, &r);

	if (want) {
		if (!e)
			fail_msg("%.*s is let through", STR_ARG(q->url));
		if (!strstr(err_msg(e), want))
			fail_msg("'%s' has no '%s'", err_msg(e), want);
		assert_int_equal(err_kind(e), ERR_FORBIDDEN);
	} else {
		if (e)
			fail_msg("%.*s: %s", STR_ARG(q->url), err_msg(e));
		assert_string_equal(buf_c(&r.body), "hello");
	}
}

/* `open` a place that is open; `want` what the error has, NULL: there is none. */
static const struct {
	const char *url, *open, *want;
} places[] = {
	{ "http://127.0.0.1:PORT/", NULL, "dial tcp 127.0.0.1:PORT: " REFUSAL },
	{ "http://localhost:PORT/", NULL, REFUSAL },
	{ "http://[::ffff:127.0.0.1]:PORT/", NULL, REFUSAL },
	{ "http://2130706433:PORT/", NULL, REFUSAL },
	{ "http://0.0.0.0:PORT/", NULL, REFUSAL },
	{ "http://10.0.0.1:PORT/", NULL, "dial tcp 10.0.0.1:PORT: " REFUSAL },
	{ "http://127.0.0.1:PORT/", "127.0.0.0/8", NULL },
	{ "http://127.0.0.1:PORT/", "127.0.0.1", NULL },
	{ "http://127.0.0.2:PORT/", "127.0.0.1", REFUSAL },
	{ "http://localhost:PORT/", "LocalHost", NULL },
	{ "http://127.0.0.1:PORT/", "localhost", REFUSAL },
	{ "http://127.0.0.1:PORT/to/127.0.0.2", "127.0.0.1", "dial tcp 127.0.0.2:PORT: " REFUSAL },
	{ "http://127.0.0.1:PORT/to/localhost", "127.0.0.0/8", NULL },
	{ "http://169.254.169.254/", "169.254.0.0/16", "link-local addresses are not allowed" },
};

static str with_port(struct arena *a, const char *text, unsigned port)
{
	const char *at = strstr(text, "PORT");

	return at ? arena_printf(a, "%.*s%u%s", (int)(at - text), text, port, at + 4) : str_c(text);
}

static void test_places(void **state)
{
	const struct server *s = *state;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		const str open = str_c(places[i].open ? places[i].open : "");
		CLEANUP(net_client_drop) struct net_client *c = locked(&open, open.n > 0);
		str url = with_port(&a, places[i].url, s->port);
		const char *want =
			places[i].want ? with_port(&a, places[i].want, s->port).p : NULL;

		check(c, &(struct net_request){ .url = url }, want);
		check(c, &(struct net_request){ .url = url, .small = true }, want);
	}
}

static void test_what_the_program_itself_asks_is_free(void **state)
{
	const struct server *s = *state;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_client_drop) struct net_client *c = locked(NULL, 0);
	struct net_request q = { .url = arena_printf(&a, "http://127.0.0.1:%u/", s->port),
				 .addresses = NET_ANY_ADDRESS };

	check(c, &q, NULL);
}

static void test_proxies(void **state)
{
	const struct server *s = *state;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct net_proxy proxy = { .url = arena_printf(&a, "http://127.0.0.1:%u", s->port) };
	struct net_request q = { .url = S("http://example.invalid/"), .proxy = &proxy };
	const str open = S("127.0.0.1");

	setenv("HTTP_PROXY", proxy.url.p, 1);
	CLEANUP(net_client_drop) struct net_client *c = locked(NULL, 0), *other = locked(&open, 1);

	unsetenv("HTTP_PROXY");
	check(c, &q, REFUSAL);
	check(other, &q, NULL);
	q.proxy = NULL;		/* the environment's */
	check(c, &q, NULL);
	q.url = S("http://10.1.2.3/");
	check(c, &q, REFUSAL);
}

static void test_those_who_connect_by_themselves(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const str open = S("localhost");
	CLEANUP(net_client_drop) struct net_client *free = NULL, *c = locked(NULL, 0);
	CLEANUP(net_client_drop) struct net_client *other = locked(&open, 1);
	str address;

	(void)state;
	assert_null(net_client_new(&free, NULL));
	assert_null(net_client_dial(free, &a, S("localhost"), S("22"), &address));
	assert_int_equal(address.n, 0);
	assert_null(net_client_dial(other, &a, S("localhost"), S("22"), &address));
	assert_true(str_eq(address, S("127.0.0.1")) || str_eq(address, S("::1")));
	CLEANUP(err_drop) err *e = net_client_dial(c, &a, S("127.0.0.1"), S("22"), &address);

	assert_string_equal(err_msg(e), "dial tcp 127.0.0.1:22: " REFUSAL);
	CLEANUP(err_drop) err *near = net_client_dial(c, &a, S("169.254.1.1"), S("22"), &address);

	assert_string_equal(err_msg(near),
			    "dial tcp 169.254.1.1:22: link-local addresses are not allowed");
}

static void test_what_is_a_place(void **state)
{
	static const char *const good[] = { "10.0.0.0/8", "10.1.2.3", "fd00::/8", "::1", "a",
					    "registry.corp.example", "x_y-1.z" };
	static const char *const bad[] = { "", "10.0.0.0/33", "fd00::/129", "a/8", "/8", "a:80", "a..b",
					   ".a", "http://a", "*.a", "a b" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		if (!net_is_place(str_c(good[i])))
			fail_msg("'%s' is none", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (net_is_place(str_c(bad[i])))
			fail_msg("'%s' is one", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_what_the_program_itself_asks_is_free),
		cmocka_unit_test(test_proxies),
		cmocka_unit_test(test_those_who_connect_by_themselves),
		cmocka_unit_test(test_what_is_a_place),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
