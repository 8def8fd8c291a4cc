#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/client.h"

/* ---- a server that counts -------------------------------------------------------- */

enum { REQUEST_MAX = 1 << 20, LONG = 5 << 20 };

static int listener;
static unsigned port;
static atomic_int connections, requests, bodies;

static const struct {
	const char *path, *text;
	bool end; /* of the connection, behind it */
} answers[] = {
	{ " /plain ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\n\r\nhello", false },
	{ " /chunked ",
	  "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", false },
	{ " /none ", "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\nnone", false },
	{ " /last ", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nlast",
	  true },
	{ " /ended ", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nended", true },
	{ " /moved ", "HTTP/1.1 302 Found\r\nLocation: /plain\r\nContent-Length: 0\r\n\r\n",
	  false },
	{ " /old ", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nold", true },
	{ " /gone ", "", true },
};

static bool send_all(int fd, const char *text, size_t n)
{
	return send(fd, text, n, MSG_NOSIGNAL) == (ssize_t)n;
}

static bool send_long(int fd)
{
	char head[100], *body = mem_alloc(LONG);

	memset(body, 'x', LONG);
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", LONG);
	bool sent = send_all(fd, head, strlen(head)) && send_all(fd, body, LONG);

	free(body);
	return sent;
}

static bool answer(int fd, const char *request)
{
	char c;

	if (!strncmp(request, "HEAD ", 5)) {
		static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n";

		return send_all(fd, head, sizeof head - 1);
	}
	if (strstr(request, " /long "))
		return send_long(fd);
	if (strstr(request, " /hang "))
		return recv(fd, &c, 1, 0) > 0;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
		if (strstr(request, answers[i].path))
			return send_all(fd, answers[i].text, strlen(answers[i].text)) &&
			       !answers[i].end;
	return false;
}

/* Up to the end of one request; 0: no more. */
static size_t receive(int fd, char *request)
{
	size_t n = 0, all = 0;

	while (!all || n < all) {
		ssize_t got = recv(fd, request + n, REQUEST_MAX - n - 1, 0);

		if (got <= 0)
			return 0;
		n += (size_t)got;
		request[n] = 0;
		char *end = strstr(request, "\r\n\r\n"),
		     *sized = strstr(request, "Content-Length: ");

		if (end)
			all = (size_t)(end + 4 - request) +
			      (sized ? strtoul(sized + 16, NULL, 10) : 0);
	}
	return n;
}

static void *serve(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char *request = mem_alloc(REQUEST_MAX);
	bool more = true;

	while (more && receive(fd, request)) {
		requests++;
		bodies += strstr(request, "\r\n\r\nbody") != NULL;
		more = answer(fd, request);
	}
	close(fd);
	free(request);
	return NULL;
}

static void *accept_all(void *arg)
{
	int fd;

	while ((fd = accept(listener, NULL, NULL)) >= 0) {
		pthread_t t;

		connections++;
		assert_int_equal(pthread_create(&t, NULL, serve, (void *)(intptr_t)fd), 0);
		pthread_detach(t);
	}
	return arg;
}

static pthread_t acceptor;
static struct net_client *client;

static int set_up(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;

	(void)state;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(listener, 64), 0);
	getsockname(listener, (struct sockaddr *)&a, &n);
	port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&acceptor, NULL, accept_all, NULL), 0);
	connections = requests = bodies = 0;
	assert_null(net_client_new(&client, NULL));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	net_client_free(client);
	shutdown(listener, SHUT_RDWR);
	pthread_join(acceptor, NULL);
	close(listener);
	return 0;
}

/* ---- asking ------------------------------------------------------------------------ */

struct asked {
	struct arena mem;
	struct net_response r;
	str body;
	err *e;
};

static void asked_release(struct asked *a)
{
	net_response_release(&a->r);
	err_free(a->e);
	arena_release(&a->mem);
}

static struct asked ask(const char *method, const char *path, const char *body, bool twice)
{
	struct asked a = { .r = NET_RESPONSE_INIT };
	const struct net_request r = {
		.method = str_c(method),
		.url = arena_printf(&a.mem, "http://127.0.0.1:%u%s", port, path),
		.body = str_c(body),
		.small = true,
		.twice = twice,
	};

	a.e = net_do(client, &r, &a.r);
	a.body = buf_str(&a.r.body);
	return a;
}

static void assert_answer(const char *path, int status, const char *body)
{
	CLEANUP(asked_release) struct asked a = ask("GET", path, "", false);

	if (a.e)
		fail_msg("%s: %s", path, err_msg(a.e));
	assert_int_equal(a.r.status, status);
	assert_true(str_eq(a.body, str_c(body)));
	assert_true(str_ends(a.r.url, str_c(path)) || !strcmp(path, "/moved"));
}

static void test_one_connection_for_one_who_asks(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		assert_answer("/plain", 200, "hello");
		assert_answer("/chunked", 200, "abc");
		assert_answer("/none", 404, "none");
	}
	assert_int_equal(connections, 1);
	assert_int_equal(requests, 15);
	assert_int_equal(net_client_connections(client), 0);
}

static void test_heads_and_bodies(void **state)
{
	CLEANUP(asked_release) struct asked head = ask("HEAD", "/plain", "", false);
	CLEANUP(asked_release) struct asked post = ask("POST", "/plain", "body", false);

	(void)state;
	assert_null(head.e);
	assert_true(str_eq(net_response_header(&head.r, S("Content-Length")), S("500")));
	assert_null(post.e);
	assert_true(str_eq(post.body, S("hello")));
	assert_int_equal(bodies, 1);
	assert_int_equal(connections, 1);
}

/* Connections that the server ends are not asked on again. */
static void test_connections_that_end(void **state)
{
	(void)state;
	assert_answer("/last", 200, "last");
	assert_answer("/plain", 200, "hello");
	assert_int_equal(connections, 2);
	assert_answer("/ended", 200, "ended");
	usleep(50000);
	CLEANUP(asked_release) struct asked post = ask("POST", "/plain", "body", false);

	assert_null(post.e);
	assert_int_equal(connections, 3);
	assert_int_equal(net_client_connections(client), 0);
	assert_int_equal(requests, 4);
}

/* The client asks again where that does no harm. */
static void test_no_answer(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	assert_answer("/plain", 200, "hello");
	CLEANUP(asked_release) struct asked post = ask("POST", "/gone", "body", false);

	assert_non_null(post.e);
	assert_string_equal(err_msg(post.e),
			    arena_printf(&a, "Post \"http://127.0.0.1:%u/gone\": EOF", port).p);
	assert_int_equal(err_kind(post.e), ERR_UNAVAILABLE);
	assert_int_equal(bodies, 1);
	CLEANUP(asked_release) struct asked twice = ask("PATCH", "/gone", "body", true);

	assert_non_null(twice.e);
	assert_true(bodies >= 3);
	CLEANUP(asked_release) struct asked get = ask("GET", "/gone", "", false);

	assert_non_null(get.e);
	assert_answer("/plain", 200, "hello");
}

static void test_what_is_the_clients_affair(void **state)
{
	(void)state;
	assert_answer("/moved", 200, "hello");
	CLEANUP(asked_release) struct asked all = ask("GET", "/long", "", false);

	assert_null(all.e);
	assert_int_equal(all.body.n, LONG);
	assert_answer("/old", 200, "old");
	int seen = requests;

	/* one that does not keep connections is the client's at once from now on */
	assert_answer("/old", 200, "old");
	assert_int_equal(requests, seen + 1);
}

static void test_pull(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct net_response head = NET_RESPONSE_INIT;
	char text[16];
	size_t n;
	const struct net_request r = { .url = arena_printf(&a, "http://127.0.0.1:%u/plain", port),
				       .small = true,
				       .pull = true };

	(void)state;
	for (int i = 0; i < 3; i++) {
		CLEANUP(net_call_drop) struct net_call *call = net_start(client, &r);

		assert_null(net_head(call, &head));
		assert_true(str_eq(net_response_header(&head, S("X-One")), S("1")));
		assert_null(net_read(call, text, sizeof text, &n));
		assert_memory_equal(text, "hello", 5);
		assert_null(net_read(call, text, sizeof text, &n));
		assert_int_equal(n, 0);
	}
	net_drop(net_start(client, &r));
	assert_int_equal(connections, 1);
}

static void test_patience_ends(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_response_release) struct net_response out = NET_RESPONSE_INIT;
	atomic_bool stop = false;
	struct net_request r = { .url = arena_printf(&a, "http://127.0.0.1:%u/hang", port),
				 .small = true,
				 .timeout = 200 * CLOCK_MS };
	CLEANUP(err_drop) err *late = net_do(client, &r, &out);

	(void)state;
	assert_int_equal(err_kind(late), ERR_TIMEOUT);
	r.cancel = &stop;
	r.timeout = 60 * CLOCK_SECOND;
	struct net_call *call = net_start(client, &r);

	atomic_store(&stop, true);
	CLEANUP(err_drop) err *ended = net_wait(call, &out);

	assert_int_equal(err_kind(ended), ERR_CANCELED);
}

static void *ask_often(void *arg)
{
	for (int i = 0; i < 50; i++)
		assert_answer("/plain", 200, "hello");
	return arg;
}

static void test_many_threads(void **state)
{
	pthread_t t[24];

	(void)state;
	for (size_t i = 0; i < 24; i++)
		assert_int_equal(pthread_create(&t[i], NULL, ask_often, NULL), 0);
	for (size_t i = 0; i < 24; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(requests, 24 * 50);
	assert_true(connections <= 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_one_connection_for_one_who_asks, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_heads_and_bodies, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_connections_that_end, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_answer, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_the_clients_affair, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pull, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_patience_ends, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_many_threads, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
