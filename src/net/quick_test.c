#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/quick.h"

/* ---- a server that says one thing --------------------------------------------- */

static int listener;
static struct arena mem;
static struct quick_site *site;
static str server;

struct answer {
	const char *pieces[4];
	bool hangs; /* behind them, until the other side ends the connection */
};

static void *serve(void *arg)
{
	const struct answer *a = arg;
	char request[1024];
	int fd = accept(listener, NULL, NULL);

	assert_true(recv(fd, request, sizeof request, 0) > 0);
	for (size_t i = 0; i < 4 && a->pieces[i]; i++) {
		assert_true(send(fd, a->pieces[i], strlen(a->pieces[i]), MSG_NOSIGNAL) > 0);
		usleep(20000);
	}
	if (a->hangs)
		assert_int_equal(recv(fd, request, sizeof request, 0), 0);
	close(fd);
	return NULL;
}

static int set_up(void **state)
{
	static const struct net_tls none = { 0 };
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;

	(void)state;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(listener, 8), 0);
	getsockname(listener, (struct sockaddr *)&a, &n);
	server = arena_printf(&mem, "http://127.0.0.1:%u", ntohs(a.sin_port));
	site = quick_site_new(server, &none, NET_ANY_ADDRESS);
	assert_non_null(site);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	quick_site_free(site);
	close(listener);
	arena_release(&mem);
	return 0;
}

/* ---- answers that go on ---------------------------------------------------------- */

struct seen {
	bool head, whole;
	int status;
	struct buf text;
	size_t pieces;
};

static void *stop_soon(void *arg)
{
	usleep(100000);
	quick_stop(arg);
	return NULL;
}

/* `stops`: by another thread, a little later. */
static struct seen read_all(const struct answer *a, bool stops)
{
	const struct net_request r = { .url = arena_cat(&mem, server, S("/watch")),
				       .timeout = 2 * CLOCK_SECOND };
	CLEANUP(buf_release) struct buf piece = BUF_INIT;
	const struct net_response *head;
	struct seen out = { .text = BUF_INIT };
	struct quick *q = quick_new(site);
	pthread_t t, stopper;

	assert_int_equal(pthread_create(&t, NULL, serve, (void *)(uintptr_t)a), 0);
	struct quick_call *c = quick_start(q, &r);

	assert_non_null(c);
	if (stops)
		assert_int_equal(pthread_create(&stopper, NULL, stop_soon, q), 0);
	out.head = quick_head(q, c, &head);
	out.status = out.head ? head->status : 0;
	while (out.head && quick_more(q, c, &piece, &out.whole)) {
		buf_add(&out.text, buf_str(&piece));
		out.pieces++;
	}
	if (stops)
		pthread_join(stopper, NULL);
	quick_end(q, c);
	quick_free(q);
	pthread_join(t, NULL);
	return out;
}

static void assert_seen(struct seen s, int status, const char *text, bool whole)
{
	assert_true(s.head);
	assert_int_equal(s.status, status);
	assert_true(str_eq(buf_str(&s.text), str_c(text)));
	assert_int_equal(s.whole, whole);
	buf_release(&s.text);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static void test_pieces_come_as_they_are_sent(void **state)
{
	static const struct answer chunked = { { CHUNKED "3\r\nabc\r\n", "2\r\nde\r\n1\r", "\nf\r\n0\r\n\r\n" },
					       false };
	static const struct answer sized = { { "HTTP/1.1 404 Not Found\r\nContent-Length: 6\r\n\r\nab", "cdef" },
					     false };
	struct seen s = read_all(&chunked, false);

	(void)state;
	assert_int_equal(s.pieces, 3);
	assert_seen(s, 200, "abcdef", true);
	s = read_all(&sized, false);
	assert_int_equal(s.pieces, 2);
	assert_seen(s, 404, "abcdef", true);
}

static void test_what_is_cut_off_is_not_whole(void **state)
{
	static const struct answer chunked = { { CHUNKED "3\r\nabc\r\n", "5\r\nde" }, false };
	static const struct answer sized = { { "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab" }, false };
	static const struct answer wrong = { { CHUNKED "3\r\nabc\r\n", "x\r\nde" }, false };

	(void)state;
	assert_seen(read_all(&chunked, false), 200, "abcde", false);
	assert_seen(read_all(&sized, false), 200, "ab", false);
	assert_seen(read_all(&wrong, false), 200, "abc", false);
}

static void test_stopped_by_another_thread(void **state)
{
	static const struct answer a = { { CHUNKED "3\r\nabc\r\n" }, true };
	static const struct answer silent = { { NULL }, true };

	(void)state;
	assert_seen(read_all(&a, true), 200, "abc", false);
	assert_false(read_all(&silent, true).head);
}

static void test_what_is_the_clients_affair(void **state)
{
	static const struct answer all[] = {
		{ { "HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n" }, false },
		{ { "HTTP/1.1 200 OK\r\n\r\nuntil the end" }, false },
		{ { "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx" }, false },
		{ { "HTTP/1.1 200 OK\r\nTransfer-Enc" }, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		assert_false(read_all(&all[i], false).head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_pieces_come_as_they_are_sent, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_cut_off_is_not_whole, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stopped_by_another_thread, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_the_clients_affair, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
