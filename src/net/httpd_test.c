#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/httpd.h"

/* A server on a thread of its own. "/echo" gives back method and body,
 * "/stream" ten pieces of 64 KiB, "/later" answers from another thread. */
struct fixture {
	struct loop *loop;
	struct httpd *httpd;
	pthread_t thread;
	uint16_t port;
	int pieces;
	atomic_int ended;
	struct httpd_stream *stream;
};

static bool fill(void *ctx, struct buf *b)
{
	struct fixture *f = ctx;

	if (f->pieces == 10)
		return false;
	buf_fill(b, (char)('a' + f->pieces++), HTTPD_PIECE);
	return true;
}

static void ended(void *ctx)
{
	struct fixture *f = ctx;

	f->ended++;
}

struct later {
	struct loop *loop;
	struct httpd_call *call;
};

static void answer_later(void *arg)
{
	struct later *l = arg;

	httpd_reply(l->call, &(struct httpd_reply){ .code = 200, .body = S("later") });
	free(l);
}

static void *post_later(void *arg)
{
	struct later *l = arg;

	usleep(20000);
	loop_post(l->loop, answer_later, l);
	return NULL;
}

static void handle(void *ctx, struct httpd_call *c)
{
	struct fixture *f = ctx;
	struct httpd_reply r = { .code = 200, .type = S("text/plain") };

	if (str_eq(c->head.target, S("/stream"))) {
		f->pieces = 0;
		f->stream = httpd_stream(
			c, &r, &(struct httpd_source){ .fill = fill, .end = ended, .ctx = f });
		return;
	}
	if (str_eq(c->head.target, S("/later"))) {
		struct later *l = malloc(sizeof *l);
		pthread_t t;

		*l = (struct later){ f->loop, c };
		pthread_create(&t, NULL, post_later, l);
		pthread_detach(t);
		return;
	}
	if (c->too_large)
		r.code = 413;
	r.body = arena_printf(&c->arena, "%.*s %.*s[%.*s]", STR_ARG(c->head.method),
			      STR_ARG(c->head.target), STR_ARG(c->body));
	httpd_reply(c, &r);
}

static void *run(void *loop)
{
	loop_run(loop);
	return NULL;
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	uint64_t port = 0;

	assert_null(loop_new(&f->loop));
	assert_null(httpd_new(&f->httpd, f->loop,
			      &(struct httpd_options){ .listen = S("127.0.0.1:0"),
						       .limits = { .body = 100000,
								   .head_time = CLOCK_SECOND / 2,
								   .body_time = CLOCK_SECOND / 2,
								   .connections = 50 },
						       .handle = handle,
						       .ctx = f }));
	str address = httpd_address(f->httpd);

	assert_true(str_to_u64(str_from(address, str_rfind_char(address, ':') + 1), &port));
	f->port = (uint16_t)port;
	pthread_create(&f->thread, NULL, run, f->loop);
	*state = f;
	return 0;
}

static void stopped(void *ctx)
{
	struct fixture *f = ctx;

	loop_stop(f->loop);
}

static void stop(void *ctx)
{
	struct fixture *f = ctx;

	httpd_stop(f->httpd, 2 * CLOCK_SECOND, stopped, f);
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	loop_post(f->loop, stop, f);
	pthread_join(f->thread, NULL);
	httpd_free(f->httpd);
	loop_free(f->loop);
	free(f);
	return 0;
}

/* ---- a client ---------------------------------------------------------- */

static int dial(const struct fixture *f)
{
	struct sockaddr_in sa = { .sin_family = AF_INET,
				  .sin_port = htons(f->port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

static void say(int fd, const char *text)
{
	size_t n = strlen(text);

	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), (ssize_t)n);
}

/* All that comes until the other side closes, or until `enough` was seen. */
static void hear(int fd, struct buf *b, const char *enough)
{
	char piece[4096];
	ssize_t n;

	while ((!enough || !str_has(buf_str(b), str_c(enough))) &&
	       (n = recv(fd, piece, sizeof piece, 0)) > 0)
		buf_bytes(b, piece, (size_t)n);
}

static void ask(const struct fixture *f, const char *text, const char *want)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int fd = dial(f);

	say(fd, text);
	hear(fd, &b, NULL);
	close(fd);
	if (!str_has(buf_str(&b), str_c(want))) {
		print_error("%s\ngave %s\n", text, buf_c(&b));
		fail();
	}
}

/* ---- tests ------------------------------------------------------------- */

static void test_answers(void **state)
{
	const struct fixture *f = *state;

	ask(f, "GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /a[]");
	ask(f, "GET /a HTTP/1.0\r\n\r\n", "GET /a[]");
	ask(f, "POST /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\nabc",
	    "POST /b[abc]");
	ask(f,
	    "POST /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
	    "POST /b[abc]");
	ask(f, "GET /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "later");
	ask(f,
	    "POST /b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n"
	    "Expect: 100-continue\r\n\r\nabc",
	    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK");
}

static void test_no_body_to_head(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int fd = dial(*state);

	say(fd, "HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	hear(fd, &b, NULL);
	assert_true(str_has(buf_str(&b), S("Content-Length: 9\r\n")));
	assert_true(str_ends(buf_str(&b), S("\r\n\r\n")));
	close(fd);
}

static void test_one_after_the_other(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int fd = dial(*state);

	say(fd, "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\n"
		"Content-Length: 2\r\n\r\nhiGET /later HTTP/1.1\r\nHost: x\r\n\r\n"
		"GET /4 HTTP/1.1\r\nHost: x\r\n\r\n");
	hear(fd, &b, "GET /4[]");
	size_t one = str_find(buf_str(&b), S("GET /1[]")),
	       two = str_find(buf_str(&b), S("POST /2[hi]"));
	size_t three = str_find(buf_str(&b), S("later"));

	assert_true(one < two && two < three && three != STR_NPOS);
	close(fd);
}

static void test_what_is_doubtful_is_refused(void **state)
{
	const struct fixture *f = *state;

	ask(f,
	    "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
	    "HTTP/1.1 400 Bad Request\r\n");
	ask(f, "GET /a HTTP/1.1\nHost: x\n\n", "HTTP/1.1 400 Bad Request\r\n");
	ask(f,
	    "POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;a\r\nx\r\n0\r\n\r\n",
	    "HTTP/1.1 400 Bad Request\r\n");
	ask(f, "\x16\x03\x01\x02\n", "HTTP/1.1 400 Bad Request\r\n");
}

static void test_too_much(void **state)
{
	const struct fixture *f = *state;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_add(&b, S("GET / HTTP/1.1\r\nHost: x\r\nA: "));
	buf_fill(&b, 'a', HTTP1_HEAD_MAX);
	ask(f, buf_c(&b), "HTTP/1.1 431 ");
	ask(f, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n", "HTTP/1.1 413 ");
	buf_clear(&b);
	buf_add(&b, S("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		      "20000\r\n"));
	buf_fill(&b, 'a', 0x20000);
	ask(f, buf_c(&b), "HTTP/1.1 413 ");
}

/* A client that says its head or body one byte a year is sent away. */
static void test_too_slow(void **state)
{
	static const char *const begun[] = {
		"",
		"GET / HT",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab",
	};

	for (size_t i = 0; i < sizeof begun / sizeof *begun; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		int fd = dial(*state);
		int64_t from = clock_mono();

		say(fd, begun[i]);
		hear(fd, &b, NULL);
		assert_true(clock_mono() - from < 5 * CLOCK_SECOND);
		assert_int_equal(b.n, 0);
		close(fd);
	}
}

static void test_streams(void **state)
{
	struct fixture *f = *state;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int fd = dial(f);

	say(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	hear(fd, &b, "\r\n0\r\n\r\n");
	assert_true(b.n > 10 * HTTPD_PIECE);
	assert_true(str_has(buf_str(&b), S("10000\r\naaaa")));
	say(fd, "GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
	buf_clear(&b);
	hear(fd, &b, "GET /a[]");
	close(fd);
	assert_int_equal(f->ended, 1);
}

static void test_a_stream_whose_client_goes(void **state)
{
	struct fixture *f = *state;
	int before = f->ended;
	int fd = dial(f);

	say(fd, "GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
	close(fd);
	for (int i = 0; i < 500 && f->ended == before; i++)
		usleep(10000);
	assert_int_equal(f->ended, before + 1);
}

static void test_more_clients_than_there_is_room_for(void **state)
{
	int fds[60];

	for (int i = 0; i < 60; i++)
		fds[i] = dial(*state);
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	hear(fds[59], &b, NULL); /* closed at once */
	assert_int_equal(b.n, 0);
	for (int i = 0; i < 60; i++)
		close(fds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_no_body_to_head),
		cmocka_unit_test(test_one_after_the_other),
		cmocka_unit_test(test_what_is_doubtful_is_refused),
		cmocka_unit_test(test_too_much),
		cmocka_unit_test(test_too_slow),
		cmocka_unit_test(test_streams),
		cmocka_unit_test(test_a_stream_whose_client_goes),
		cmocka_unit_test(test_more_clients_than_there_is_room_for),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
