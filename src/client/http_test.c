#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "client/client.h"

/* ---- a server that says one thing to each connection ------------------------ */

enum { ANSWERS_MAX = 3 };

struct script {
	const char *answers[ANSWERS_MAX];	/* of the connections, in order */
	bool hangs;				/* behind the last, until the client ends it */
	int listener;
};

static void *serve(void *arg)
{
	struct script *s = arg;
	char request[4096];

	for (size_t i = 0; i < ANSWERS_MAX && s->answers[i]; i++) {
		int fd = accept(s->listener, NULL, NULL);
		bool last = i + 1 == ANSWERS_MAX || !s->answers[i + 1];

		assert_true(recv(fd, request, sizeof request, 0) > 0);
		assert_true(send(fd, s->answers[i], strlen(s->answers[i]), MSG_NOSIGNAL) > 0);
		while (last && s->hangs && recv(fd, request, sizeof request, 0) > 0)
			;
		close(fd);
	}
	return NULL;
}

static str listen_at(struct script *s, struct arena *a)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof at;

	s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->listener, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(s->listener, 8), 0);
	getsockname(s->listener, (struct sockaddr *)&at, &n);
	return arena_printf(a, "http://127.0.0.1:%u", ntohs(at.sin_port));
}

/* ---- what a watch tells ------------------------------------------------------ */

struct heard {
	pthread_mutex_t m;
	pthread_cond_t changed;
	char text[256];
	unsigned events;
	bool ended;
};

static void hear(struct heard *h, str what, str of)
{
	size_t n = strlen(h->text);

	snprintf(h->text + n, sizeof h->text - n, "%.*s:%.*s ", STR_ARG(what), STR_ARG(of));
	pthread_cond_signal(&h->changed);
}

static void on_event(void *ctx, str type, node object)
{
	struct heard *h = ctx;

	pthread_mutex_lock(&h->m);
	h->events++;
	hear(h, type, node_str(node_get(object, S("x"))));
	pthread_mutex_unlock(&h->m);
}

static void on_end(void *ctx, const err *why)
{
	struct heard *h = ctx;
	str text = why ? str_c(err_msg(why)) : S("in peace");

	pthread_mutex_lock(&h->m);
	h->ended = true;
	hear(h, S("end"), str_from(text, str_has(text, S("\": ")) ? str_find(text, S("\": ")) + 3 : 0));
	pthread_mutex_unlock(&h->m);
}

/* Watch until so many events have come (0: until the end), and stop. */
static void watch(struct script *script, unsigned events, struct heard *h)
{
	static const struct client_resource nodes = { STR_NONE, S("v1"), S("nodes"), S("Node"), false };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	CLEANUP(client_drop) struct client *c = NULL;
	struct kubeconfig config = { .server = listen_at(script, &a) };
	pthread_t server;

	*h = (struct heard){ .m = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	assert_int_equal(pthread_create(&server, NULL, serve, script), 0);
	assert_null(net_client_new(&net, NULL));
	assert_null(client_new(&c, net, &config, NULL));
	struct client_watch *w = client_watch_start(
		c, &nodes, &(struct client_watch_options){ .on_event = on_event, .on_end = on_end, .ctx = h });

	pthread_mutex_lock(&h->m);
	while (!h->ended && (!events || h->events < events))
		pthread_cond_wait(&h->changed, &h->m);
	pthread_mutex_unlock(&h->m);
	client_watch_stop(w);
	pthread_join(server, NULL);
	close(script->listener);
}

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
/* 39 bytes each. */
#define ADDED(x) "27\r\n{\"type\":\"ADDED\",\"object\":{\"x\":\"" x "\"}}\n\r\n"

static void test_a_watch_ends_as_the_server_ends_it(void **state)
{
	struct script peace = { { CHUNKED ADDED("abcd") ADDED("efgh") "0\r\n\r\n" } };
	struct script cut = { { CHUNKED ADDED("abcd") "27\r\n{\"type\"" } };
	struct script refused = { { "HTTP/1.1 410 Gone\r\nContent-Length: 40\r\n\r\n"
				    "{\"kind\":\"Status\",\"message\":\"it is over\"}" } };
	struct heard h;

	(void)state;
	watch(&peace, 0, &h);
	assert_string_equal(h.text, "ADDED:abcd ADDED:efgh end:in peace ");
	watch(&cut, 0, &h);
	assert_string_equal(h.text, "ADDED:abcd end:unexpected EOF ");
	watch(&refused, 0, &h);
	assert_string_equal(h.text, "end:it is over ");
}

static void test_what_is_out_of_the_ordinary_goes_through_the_client(void **state)
{
	/* without a length: until the end */
	struct script s = { { "HTTP/1.1 200 OK\r\n\r\n",
			      "HTTP/1.1 200 OK\r\n\r\n{\"type\":\"ADDED\",\"object\":{\"x\":\"a\"}}\n" } };
	struct heard h;

	(void)state;
	watch(&s, 0, &h);
	assert_string_equal(h.text, "ADDED:a end:in peace ");
}

/* Neither waits for the server, which says nothing more. */
static void test_a_watch_that_hangs_can_be_stopped(void **state)
{
	struct script own = { .answers = { CHUNKED ADDED("abcd") }, .hangs = true };
	struct script other = { .answers = { "HTTP/1.1 200 OK\r\n\r\n",
					     "HTTP/1.1 200 OK\r\n\r\n{\"type\":\"ADDED\",\"object\":{\"x\":\"a\"}}\n" },
				.hangs = true };
	struct heard h;

	(void)state;
	watch(&own, 1, &h);
	assert_string_equal(h.text, "ADDED:abcd ");
	watch(&other, 1, &h);
	assert_string_equal(h.text, "ADDED:a end:context canceled ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_watch_ends_as_the_server_ends_it),
		cmocka_unit_test(test_what_is_out_of_the_ordinary_goes_through_the_client),
		cmocka_unit_test(test_a_watch_that_hangs_can_be_stopped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
