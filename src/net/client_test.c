#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/client.h"

/* ---- a server that says what the path asks for --------------------------- */

enum { REQUEST_MAX = 64 << 10 };

struct server {
	int fd;
	uint16_t port;
	pthread_t thread;
	pthread_mutex_t m;
	char last[REQUEST_MAX]; /* the last request */
	atomic_int requests;
};

struct visit {
	struct server *server;
	int fd;
};

static bool say(int fd, const char *text)
{
	size_t n = strlen(text);

	return send(fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool say_times(int fd, const char *text, size_t times)
{
	for (size_t i = 0; i < times; i++)
		if (!say(fd, text))
			return false;
	return true;
}

static void redirect(int fd, const char *status, const char *to)
{
	char text[1024];

	snprintf(text, sizeof text, "HTTP/1.1 %s\r\nLocation: %s\r\nContent-Length: 5\r\n\r\nmoved",
		 status, to);
	say(fd, text);
}

#define SIXTY_FOUR "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* "x" 20 times, packed. */
static const unsigned char packed[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xab, 0xa8,
	0xc0, 0x04, 0x00, 0x47, 0x42, 0xad, 0x27, 0x14, 0x00, 0x00, 0x00,
};

static bool is(const char *request, const char *path)
{
	const char *at = strchr(request, ' ');

	return at && !strncmp(at + 1, path, strlen(path));
}

/* What is always the same; `close`: nothing follows. */
static const struct {
	const char *path, *text;
	bool close;
} fixed[] = {
	{ "http://", "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nproxied", false },
	{ "/plain", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello", false },
	{ "/chunked",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
	  false },
	{ "/badchunk",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc\r\n",
	  true },
	{ "/missing", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", false },
	{ "/gone", "HTTP/1.1 410 File not found\r\nContent-Length: 4\r\n\r\nnone", false },
	{ "/escape", "HTTP/1.1 410 \33[2J\r\nContent-Length: 4\r\n\r\nnone", false },
	{ "/later", "HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n",
	  false },
	{ "/cut", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello", true },
	{ "/empty", "", true },
	{ "/garbage", "this is no HTTP at all\r\n\r\n", true },
	{ "/watch",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n4\r\ntwo\n\r\n",
	  false },
};

/* A start, and a text many times behind it. */
static const struct {
	const char *path, *start, *again;
	size_t times;
	const char *end;
	bool close;
} long_ones[] = {
	{ "/endless", "HTTP/1.1 200 OK\r\n\r\n", SIXTY_FOUR, 1 << 20, "", true },
	{ "/headers", "HTTP/1.1 200 OK\r\n", "X-Many: 0123456789\r\n", 20000, "\r\n", true },
	{ "/longheader", "HTTP/1.1 200 OK\r\nX-Long: ", "0123456789", 100000, "\r\n\r\n", true },
	{ "/big", "HTTP/1.1 200 OK\r\nContent-Length: 6400000\r\n\r\n", SIXTY_FOUR, 100000, "",
	  false },
};

static const struct {
	const char *path, *status, *to;
} redirects[] = {
	{ "/loop", "302 Found", "/loop" },
	{ "/see", "303 See Other", "/plain" },
	{ "/moved", "307 Temporary Redirect", "/plain?again=1" },
	{ "/metadata", "302 Found", "http://169.254.169.254/latest" },
	{ "/file", "302 Found", "file:///etc/passwd" },
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static bool answer_specially(struct server *s, int fd, const char *request)
{
	char text[256], c;

	if (!strncmp(request, "CONNECT ", 8)) /* as a proxy that does not know us */
		return say(
			fd,
			"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
	if (is(request, "/gzip")) {
		say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 23\r\n\r\n");
		return send(fd, packed, sizeof packed, MSG_NOSIGNAL) == sizeof packed;
	}
	if (is(request, "/hang"))
		return recv(fd, &c, 1, 0) > 0;
	if (is(request, "/elsewhere")) {
		snprintf(text, sizeof text, "http://localhost:%u/plain", s->port);
		redirect(fd, "302 Found", text);
		return true;
	}
	return say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

/* False: close the connection. */
static bool answer(struct server *s, int fd, const char *request)
{
	for (size_t i = 0; i < COUNT(fixed); i++)
		if (is(request, fixed[i].path))
			return say(fd, fixed[i].text) && !fixed[i].close;
	for (size_t i = 0; i < COUNT(long_ones); i++)
		if (is(request, long_ones[i].path))
			return say(fd, long_ones[i].start) &&
			       say_times(fd, long_ones[i].again, long_ones[i].times) &&
			       say(fd, long_ones[i].end) && !long_ones[i].close;
	for (size_t i = 0; i < COUNT(redirects); i++)
		if (is(request, redirects[i].path)) {
			redirect(fd, redirects[i].status, redirects[i].to);
			return true;
		}
	return answer_specially(s, fd, request);
}

static size_t body_length(const char *request)
{
	const char *at = strcasestr(request, "\r\nContent-Length:");

	return at ? strtoul(at + 17, NULL, 10) : 0;
}

static void *serve(void *arg)
{
	struct visit v = *(struct visit *)arg;
	char *request = mem_alloc(REQUEST_MAX);
	size_t n = 0;
	bool more = true;

	free(arg);
	while (more) {
		char *end = NULL;

		while (!end || n < (size_t)(end - request) + 4 + body_length(request)) {
			ssize_t got = recv(v.fd, request + n, REQUEST_MAX - n - 1, 0);

			if (got <= 0)
				goto out;
			n += (size_t)got;
			if (request[0] == 0x16) { /* a TLS greeting */
				say(v.fd, "HTTP/1.0 400 Bad Request\r\n\r\n");
				goto out;
			}
			request[n] = 0;
			end = strstr(request, "\r\n\r\n");
		}
		pthread_mutex_lock(&v.server->m);
		memcpy(v.server->last, request, n + 1);
		pthread_mutex_unlock(&v.server->m);
		v.server->requests++;
		more = answer(v.server, v.fd, request);
		n = 0;
	}
out:
	close(v.fd);
	free(request);
	return NULL;
}

static void *accept_all(void *arg)
{
	struct server *s = arg;
	int fd;

	while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
		struct visit *v = mem_alloc(sizeof *v);
		pthread_t t;

		*v = (struct visit){ s, fd };
		if (pthread_create(&t, NULL, serve, v))
			die_bug("pthread_create");
		pthread_detach(t);
	}
	return NULL;
}

static struct server *server_start(void)
{
	struct server *s = mem_calloc(1, sizeof *s);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;

	pthread_mutex_init(&s->m, NULL);
	s->fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(s->fd, 64), 0);
	getsockname(s->fd, (struct sockaddr *)&a, &n);
	s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&s->thread, NULL, accept_all, s), 0);
	return s;
}

/* ---- what all tests share ------------------------------------------------ */

static struct server *server;
static struct net_client *client;

static int set_up(void **state)
{
	(void)state;
	server = server_start();
	err *e = net_client_new(&client, NULL);

	if (e)
		fail_msg("%s", err_msg(e));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	net_client_free(client);
	shutdown(server->fd, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->fd);
	return 0;
}

static str at(struct arena *a, const char *path)
{
	return arena_printf(a, "http://127.0.0.1:%u%s", server->port, path);
}

static bool server_saw(const char *text)
{
	pthread_mutex_lock(&server->m);
	bool saw = strstr(server->last, text) != NULL;

	pthread_mutex_unlock(&server->m);
	return saw;
}

#define assert_ok(call)                                          \
	do {                                                     \
		err *e_ = (call);                                \
		if (e_)                                          \
			fail_msg("unexpected: %s", err_msg(e_)); \
	} while (0)

/* ---- tests --------------------------------------------------------------- */

static const struct {
	const char *path;
	int status;
	const char *body;
} answers[] = {
	{ "/plain", 200, "hello" },
	{ "/chunked", 200, "abcde" },
	{ "/gzip", 200, "xxxxxxxxxxxxxxxxxxxx" },
	{ "/missing", 404, "none" },
	{ "/see", 200, "hello" },
	{ "/moved", 200, "hello" },
	{ "/elsewhere", 200, "hello" },
};

static void test_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;

		assert_ok(net_do(client, &(struct net_request){ .url = at(&a, answers[i].path) },
				 &r));
		assert_int_equal(r.status, answers[i].status);
		assert_string_equal(buf_c(&r.body), answers[i].body);
	}
}

/* PORT stands for the server's. */
static const struct {
	const char *url, *text;
	enum err_kind kind;
} failures[] = {
	{ "http://127.0.0.1:1/x",
	  "Get \"http://127.0.0.1:1/x\": dial tcp 127.0.0.1:1: connect: connection refused",
	  ERR_UNAVAILABLE },
	{ "ftp://127.0.0.1/x", "Get \"ftp://127.0.0.1/x\": unsupported protocol scheme \"ftp\"",
	  ERR_INVALID },
	{ "file:///etc/passwd", "Get \"file:///etc/passwd\": unsupported protocol scheme \"file\"",
	  ERR_INVALID },
	{ "http:///x", "Get \"http:///x\": http: no Host in request URL", ERR_INVALID },
	{ "http://u:secret@127.0.0.1:1/x",
	  "Get \"http://u:***@127.0.0.1:1/x\": dial tcp 127.0.0.1:1: connect: connection refused",
	  ERR_UNAVAILABLE },
	{ "http://169.254.169.254/latest",
	  "Get \"http://169.254.169.254/latest\": dial tcp 169.254.169.254:80: link-local "
	  "addresses are not allowed",
	  ERR_FORBIDDEN },
	{ "http://127.0.0.1:PORT/empty", "Get \"http://127.0.0.1:PORT/empty\": EOF",
	  ERR_UNAVAILABLE },
	{ "http://127.0.0.1:PORT/cut", "Get \"http://127.0.0.1:PORT/cut\": unexpected EOF",
	  ERR_UNAVAILABLE },
	{ "http://127.0.0.1:PORT/garbage",
	  "Get \"http://127.0.0.1:PORT/garbage\": net/http: HTTP/1.x transport connection broken: "
	  "malformed HTTP response",
	  ERR_UNAVAILABLE },
	{ "http://127.0.0.1:PORT/badchunk",
	  "Get \"http://127.0.0.1:PORT/badchunk\": http chunk length too large", ERR_UNAVAILABLE },
	{ "http://127.0.0.1:PORT/headers",
	  "Get \"http://127.0.0.1:PORT/headers\": net/http: server response headers exceeded 262144 "
	  "bytes; aborted",
	  ERR_INVALID },
	{ "http://127.0.0.1:PORT/longheader",
	  "Get \"http://127.0.0.1:PORT/longheader\": net/http: server response headers exceeded "
	  "262144 bytes; aborted",
	  ERR_INVALID },
	{ "http://127.0.0.1:PORT/loop",
	  "Get \"http://127.0.0.1:PORT/loop\": stopped after 10 redirects", ERR_INVALID },
	{ "http://127.0.0.1:PORT/metadata",
	  "Get \"http://169.254.169.254/latest\": dial tcp 169.254.169.254:80: link-local "
	  "addresses are not allowed",
	  ERR_FORBIDDEN },
	{ "http://127.0.0.1:PORT/file",
	  "Get \"file:///etc/passwd\": unsupported protocol scheme \"file\"", ERR_INVALID },
	{ "http://127.0.0.1:PORT/hang",
	  "Get \"http://127.0.0.1:PORT/hang\": context deadline exceeded", ERR_TIMEOUT },
	{ "http://127.0.0.1:PORT/endless",
	  "Get \"http://127.0.0.1:PORT/endless\": response body is larger than 1048576 bytes",
	  ERR_INVALID },
	{ "https://127.0.0.1:PORT/plain",
	  "Get \"https://127.0.0.1:PORT/plain\": http: server gave HTTP response to HTTPS client",
	  ERR_UNAVAILABLE },
};

static str with_port(struct arena *a, const char *text)
{
	const char *at = strstr(text, "PORT");

	if (!at)
		return str_c(text);
	return arena_printf(a, "%.*s%u%s", (int)(at - text), text, server->port, at + 4);
}

static void test_failures_in_gos_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof failures / sizeof *failures; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
		struct net_request q = { .url = with_port(&a, failures[i].url),
					 .max_body = 1 << 20,
					 .timeout = CLOCK_SECOND };
		CLEANUP(err_drop) err *e = net_do(client, &q, &r);

		if (!e)
			fail_msg("%s: no error", failures[i].url);
		assert_string_equal(err_msg(e), with_port(&a, failures[i].text).p);
		assert_int_equal(err_kind(e), failures[i].kind);
	}
}

static void test_no_secret_in_errors(void **state)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct net_request q = { .url = S("http://127.0.0.1:1/s3cret-token?p=s3cret-pass"),
				 .token = S("s3cret-token"),
				 .password = S("s3cret-pass") };
	CLEANUP(err_drop) err *e = net_do(client, &q, &r);

	(void)state;
	assert_string_equal(err_msg(e),
			    "Get \"http://127.0.0.1:1/***?p=***\": dial tcp 127.0.0.1:1: "
			    "connect: connection refused");
}

static void test_an_unknown_host(void **state)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	CLEANUP(err_drop)
	err *e = net_do(client, &(struct net_request){ .url = S("http://no-such-host.invalid/") },
			&r);

	(void)state;
	assert_non_null(e);
	assert_true(
		str_starts(err_text(e), S("Get \"http://no-such-host.invalid/\": dial tcp: lookup "
					  "no-such-host.invalid")));
	assert_true(str_ends(err_text(e), S(": no such host")));
}

static void test_requests_as_sent(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	const struct net_header headers[] = { { S("Accept"), S("text/plain") },
					      { S("X-Empty"), S("") } };

	(void)state;
	assert_ok(net_do(client,
			 &(struct net_request){ .method = S("PATCH"),
						.url = at(&a, "/patch?x=1#gone"),
						.headers = headers,
						.headers_n = 2,
						.token = S("tok"),
						.body = S("{}") },
			 &r));
	assert_true(server_saw("PATCH /patch?x=1 HTTP/1.1\r\n"));
	assert_true(server_saw("\r\nAccept: text/plain\r\n"));
	assert_true(server_saw("\r\nX-Empty:\r\n"));
	assert_true(server_saw("\r\nAuthorization: Bearer tok\r\n"));
	assert_true(server_saw("\r\nContent-Length: 2\r\n"));
	assert_false(server_saw("Content-Type"));
	assert_false(server_saw("Expect"));
	assert_true(server_saw("\r\nAccept-Encoding: gzip\r\n"));
	str user = arena_printf(&a, "http://me:pw@127.0.0.1:%u/", server->port);

	assert_ok(net_do(client, &(struct net_request){ .url = user }, &r));
	assert_true(server_saw("GET / HTTP/1.1\r\n"));
	assert_true(server_saw("\r\nAuthorization: Basic bWU6cHc=\r\n"));
	assert_ok(net_do(client,
			 &(struct net_request){ .method = S("DELETE"), .url = at(&a, "/d") }, &r));
	assert_true(server_saw("DELETE /d HTTP/1.1\r\n"));
	assert_false(server_saw("Content-Length"));
	assert_ok(net_do(client, &(struct net_request){ .method = S("HEAD"), .url = at(&a, "/h") },
			 &r));
	assert_true(server_saw("HEAD /h HTTP/1.1\r\n"));
}

static void test_redirects_keep_secrets_at_home(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	const struct net_header headers[] = { { S("Cookie"), S("c=1") }, { S("X-Kept"), S("1") } };
	struct net_request q = {
		.headers = headers, .headers_n = 2, .user = S("me"), .password = S("pw")
	};

	(void)state;
	q.url = at(&a, "/moved");
	assert_ok(net_do(client, &q, &r));
	assert_true(server_saw("Authorization: Basic"));
	assert_true(str_ends(r.url, S("/plain?again=1")));
	q.url = at(&a, "/elsewhere");
	assert_ok(net_do(client, &q, &r));
	assert_true(server_saw("Host: localhost:"));
	assert_true(server_saw("X-Kept: 1"));
	assert_false(server_saw("Authorization"));
	assert_false(server_saw("Cookie"));
	q.method = S("POST");
	q.body = S("data");
	q.url = at(&a, "/moved");
	assert_ok(net_do(client, &q, &r));
	assert_true(server_saw("POST /plain?again=1"));
	assert_true(server_saw("\r\n\r\ndata"));
	q.url = at(&a, "/see");
	assert_ok(net_do(client, &q, &r));
	assert_true(server_saw("GET /plain "));
	q.no_redirect = true;
	assert_ok(net_do(client, &q, &r));
	assert_int_equal(r.status, 303);
	assert_true(str_eq(net_response_header(&r, S("location")), S("/plain")));
}

static void test_many_at_once(void **state)
{
	enum { N = 200 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct net_call *calls[N];
	uint64_t before = net_client_connections(client);

	(void)state;
	for (size_t i = 0; i < N; i++)
		calls[i] = net_start(client, &(struct net_request){ .url = at(&a, "/plain") });
	for (size_t i = 0; i < N; i++) {
		CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;

		assert_ok(net_wait(calls[i], &r));
		assert_string_equal(buf_c(&r.body), "hello");
	}
	assert_true(net_client_connections(client) - before <= NET_PER_HOST);
}

static void test_places_are_limited_and_waiting_ends_in_time(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct net_call *calls[NET_PER_HOST];

	(void)state;
	for (size_t i = 0; i < NET_PER_HOST; i++)
		calls[i] = net_start(client, &(struct net_request){ .url = at(&a, "/hang") });
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	err *e = net_do(client,
			&(struct net_request){ .url = at(&a, "/plain"), .timeout = 200 * CLOCK_MS },
			&r);

	assert_non_null(e);
	assert_int_equal(err_kind(e), ERR_TIMEOUT);
	err_free(e);
	struct net_call *late = net_start(client, &(struct net_request){ .url = at(&a, "/plain") });

	for (size_t i = 0; i < NET_PER_HOST; i++)
		net_drop(calls[i]);
	assert_ok(net_wait(late, &r));
}

static void test_proxies(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct net_proxy proxy = { .url = at(&a, ""), .user = S("me"), .password = S("pw") },
			 gone = { .url = S("http://x:secret-word@127.0.0.1:1") },
			 odd = { .url = S("gopher://127.0.0.1") };
	struct net_request q = { .url = S("http://example.invalid/x"), .proxy = &proxy };

	(void)state;
	assert_ok(net_do(client, &q, &r));
	assert_string_equal(buf_c(&r.body), "proxied");
	assert_true(server_saw("GET http://example.invalid/x HTTP/1.1\r\n"));
	assert_true(server_saw("\r\nProxy-Authorization: Basic bWU6cHc=\r\n"));
	q.url = S("https://example.invalid/x");
	CLEANUP(err_drop) err *refused = net_do(client, &q, &r);

	assert_string_equal(err_msg(refused),
			    "Get \"https://example.invalid/x\": Proxy Authentication Required");
	q.proxy = &gone;
	CLEANUP(err_drop) err *no_proxy = net_do(client, &q, &r);

	assert_string_equal(err_msg(no_proxy),
			    "Get \"https://example.invalid/x\": proxyconnect tcp: dial tcp "
			    "127.0.0.1:1: connect: connection refused");
	q.proxy = &odd;
	CLEANUP(err_drop) err *bad = net_do(client, &q, &r);

	assert_string_equal(err_msg(bad), "Get \"https://example.invalid/x\": proxyconnect: "
					  "unsupported proxy scheme \"gopher\"");
	/* asked to go without */
	q = (struct net_request){ .url = at(&a, "/plain"), .proxy = &gone, .no_proxy = true };
	assert_ok(net_do(client, &q, &r));
	/* the address is checked where the proxy would go, too */
	q = (struct net_request){ .url = S("http://169.254.169.254/"), .proxy = &proxy };
	CLEANUP(err_drop) err *local = net_do(client, &q, &r);

	assert_string_equal(err_msg(local),
			    "Get \"http://169.254.169.254/\": link-local addresses are "
			    "not allowed");
}

static void *cancel_soon(void *call)
{
	usleep(50000);
	net_cancel(call);
	return NULL;
}

static void test_canceled(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	struct net_call *call = net_start(client, &(struct net_request){ .url = at(&a, "/hang") });
	atomic_bool flag = true;
	pthread_t t;

	(void)state;
	pthread_create(&t, NULL, cancel_soon, call);
	err *e = net_wait(call, &r);

	pthread_join(t, NULL);
	assert_true(str_ends(err_text(e), S("/hang\": context canceled")));
	assert_int_equal(err_kind(e), ERR_CANCELED);
	err_free(e);
	e = net_do(client, &(struct net_request){ .url = at(&a, "/hang"), .cancel = &flag }, &r);
	assert_int_equal(err_kind(e), ERR_CANCELED);
	err_free(e);
}

static void test_pull(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_call_drop)
	struct net_call *call =
		net_start(client, &(struct net_request){ .url = at(&a, "/big"), .pull = true });
	struct net_response head;
	char piece[10000];
	size_t n, all = 0;

	(void)state;
	assert_ok(net_head(call, &head));
	assert_int_equal(head.status, 200);
	assert_true(str_eq(net_response_header(&head, S("content-length")), S("6400000")));
	usleep(20000);
	do {
		assert_ok(net_read(call, piece, sizeof piece, &n));
		for (size_t i = 0; i < n; i++)
			if (piece[i] != "0123456789abcdef"[(all + i) % 16])
				fail_msg("wrong byte at %zu", all + i);
		all += n;
	} while (n);
	assert_int_equal(all, 6400000);
}

static void test_pull_of_a_cut_body(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_call_drop)
	struct net_call *call =
		net_start(client, &(struct net_request){ .url = at(&a, "/cut"), .pull = true });
	char piece[100];
	size_t n;

	(void)state;
	assert_ok(net_read(call, piece, sizeof piece, &n));
	assert_int_equal(n, 5);
	CLEANUP(err_drop) err *e = net_read(call, piece, sizeof piece, &n);

	assert_non_null(e);
	assert_true(str_ends(err_text(e), S("unexpected EOF")));
}

struct watcher {
	pthread_mutex_t m;
	pthread_cond_t cond;
	struct buf got;
	int status;
	bool ended;
};

static void on_head(void *ctx, const struct net_response *head)
{
	struct watcher *w = ctx;

	w->status = head->status;
}

static bool on_data(void *ctx, str piece)
{
	struct watcher *w = ctx;

	pthread_mutex_lock(&w->m);
	buf_add(&w->got, piece);
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->m);
	return true;
}

static void on_end(void *ctx, const err *why)
{
	struct watcher *w = ctx;

	pthread_mutex_lock(&w->m);
	w->ended = why != NULL && err_kind(why) == ERR_CANCELED;
	pthread_mutex_unlock(&w->m);
}

static void test_watch(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct watcher w = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, BUF_INIT, 0,
			     false };
	struct net_call *call = net_start(client, &(struct net_request){ .url = at(&a, "/watch"),
									 .on_head = on_head,
									 .on_data = on_data,
									 .on_end = on_end,
									 .ctx = &w });

	(void)state;
	pthread_mutex_lock(&w.m);
	while (w.got.n < 8)
		pthread_cond_wait(&w.cond, &w.m);
	pthread_mutex_unlock(&w.m);
	assert_string_equal(buf_c(&w.got), "one\ntwo\n");
	assert_int_equal(w.status, 200);
	net_drop(call);
	assert_true(w.ended);
	buf_release(&w.got);
}

static void test_idle(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	CLEANUP(err_drop)
	err *e = net_do(client,
			&(struct net_request){ .url = at(&a, "/hang"), .idle = CLOCK_SECOND }, &r);

	(void)state;
	assert_non_null(e);
	assert_true(str_ends(err_text(e), S("/hang\": no data for 1 seconds")));
}

static void test_a_status_is_told_in_the_servers_words(void **state)
{
	static const char *const cases[][2] = { { "/missing", "404 Not Found" },
						{ "/gone", "410 File not found" },
						{ "/escape", "410 Gone" } };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;

		assert_ok(net_do(client, &(struct net_request){ .url = at(&a, cases[i][0]) }, &r));
		assert_string_equal(net_response_status(&a, &r).p, cases[i][1]);
	}
}

static void test_retry_after(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;

	(void)state;
	assert_ok(net_do(client, &(struct net_request){ .url = at(&a, "/later") }, &r));
	assert_true(net_response_retry_after(&r) == 7 * CLOCK_SECOND);
	assert_ok(net_do(client, &(struct net_request){ .url = at(&a, "/plain") }, &r));
	assert_true(net_response_retry_after(&r) == -1);
	assert_true(str_eq(net_status(&a, 503), S("503 Service Unavailable")));
}

static const struct {
	struct net_header header;
	const char *method, *text;
} bad_requests[] = {
	{ { S("A B"), S("x") }, "GET", "net/http: invalid header field name \"A B\"" },
	{ { S("A"), S("x\r\nB: y") }, "GET", "net/http: invalid header field value for \"A\"" },
	{ { S("A"), S("x") }, "GE T", "net/http: invalid method \"GE T\"" },
};

static void test_nothing_slips_into_headers(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad_requests / sizeof *bad_requests; i++) {
		CLEANUP(arena_release) struct arena a = ARENA_INIT;
		CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
		CLEANUP(err_drop)
		err *e = net_do(client,
				&(struct net_request){ .url = at(&a, "/plain"),
						       .method = str_c(bad_requests[i].method),
						       .headers = &bad_requests[i].header,
						       .headers_n = 1 },
				&r);

		assert_non_null(e);
		assert_true(str_ends(err_text(e), str_c(bad_requests[i].text)));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_failures_in_gos_words),
		cmocka_unit_test(test_no_secret_in_errors),
		cmocka_unit_test(test_an_unknown_host),
		cmocka_unit_test(test_requests_as_sent),
		cmocka_unit_test(test_redirects_keep_secrets_at_home),
		cmocka_unit_test(test_proxies),
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_places_are_limited_and_waiting_ends_in_time),
		cmocka_unit_test(test_canceled),
		cmocka_unit_test(test_pull),
		cmocka_unit_test(test_pull_of_a_cut_body),
		cmocka_unit_test(test_watch),
		cmocka_unit_test(test_idle),
		cmocka_unit_test(test_a_status_is_told_in_the_servers_words),
		cmocka_unit_test(test_retry_after),
		cmocka_unit_test(test_nothing_slips_into_headers),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
