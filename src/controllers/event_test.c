#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "controllers/event.h"
#include "value/json.h"

#define GRACE (30 * CLOCK_SECOND)

/* ---- an events API that keeps what it is sent --------------------------------- */

enum { SENT_MAX = 64 };

struct sent {
	bool patch;
	str path;
	node body;
};

struct api {
	struct arena a;			/* of the events' thread, until that has ended */
	struct sent sent[SENT_MAX];
	size_t n;
	bool forgetful;			/* knows no event when it is to be counted */
	pthread_mutex_t *gate;		/* does not answer while that is taken; NULL: none */
};

static void *start(void *ctx, const struct client_request *r)
{
	struct api *api = ctx;
	struct sent *s = &api->sent[api->n++];

	if (api->gate) {
		pthread_mutex_lock(api->gate);
		pthread_mutex_unlock(api->gate);
	}
	assert_true(api->n < SENT_MAX);
	s->patch = str_eq(r->method, S("PATCH"));
	s->path = arena_str(&api->a, r->path);
	assert_null(json_read(&api->a, arena_str(&api->a, r->body), NULL, &s->body));
	return s;
}

static err *wait(void *ctx, void *handle, struct client_answer *out)
{
	struct api *api = ctx;
	const struct sent *s = handle;
	bool gone = s->patch && api->forgetful;

	out->status = gone ? 404 : s->patch ? 200 : 201;
	buf_add(&out->body, gone ? S("{\"kind\":\"Status\",\"reason\":\"NotFound\",\"message\":\"gone\"}")
				 : S("{}"));
	return NULL;
}

static void *stream(void *ctx, const struct client_request *r, const struct client_stream *s)
{
	(void)ctx;
	(void)r;
	(void)s;
	fail_msg("nobody watches");
	return NULL;
}

static void stop(void *ctx, void *handle)
{
	(void)ctx;
	(void)handle;
}

static void release(void *ctx)
{
	(void)ctx;
}

/* ---- telling --------------------------------------------------------------------- */

struct setting {
	struct arena a;
	struct api api;
	struct client *client;
	struct events *events;
	node object;
};

static void begin(struct setting *s, struct net_client *net, str address)
{
	*s = (struct setting){ 0 };
	log_set(LOG_JSON, LOG_ERROR + 1);
	s->client = client_new_over(
		&(struct client_transport){ start, wait, stream, stop, release, &s->api });
	s->events = events_new(&(struct events_options){ .client = s->client, .net = net,
							 .address = address });
	assert_null(json_read(&s->a,
			      S("{\"apiVersion\":\"v1\",\"kind\":\"Kustomization\",\"metadata\":{\"name\":"
				"\"apps\",\"namespace\":\"ns\",\"uid\":\"u1\",\"resourceVersion\":\"7\"}}"),
			      NULL, &s->object));
}

static void tell(struct setting *s, enum event_type type, const char *message)
{
	static const str meta[] = { S("kustomize.toolkit.fluxcd.io/revision"), S("main@sha1:1") };

	events_add(s->events, &(struct event){ .type = type,
					       .reason = S("Progressing"),
					       .message = str_c(message),
					       .component = S("kustomize-controller"),
					       .object = s->object,
					       .meta = meta,
					       .meta_n = 2 });
}

/* All is sent after this. */
static void flush(struct setting *s)
{
	events_free(s->events, GRACE);
	s->events = NULL;
}

static void end(struct setting *s)
{
	client_unref(s->client);
	arena_release(&s->api.a);
	arena_release(&s->a);
}

static str text(node n, const char *key)
{
	return node_str(node_get(n, str_c(key)));
}

static void test_an_event_says_who_and_what(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, NULL, STR_NONE);
	tell(&s, EVENT_WARNING, "it broke");
	flush(&s);
	assert_int_equal(s.api.n, 1);
	node e = s.api.sent[0].body, who = node_get(e, S("involvedObject"));

	assert_true(str_eq(s.api.sent[0].path, S("/api/v1/namespaces/ns/events")));
	assert_true(str_starts(node_str(node_dig(e, "metadata", "name")), S("apps.")));
	assert_true(str_eq(node_str(node_dig(e, "metadata", "annotations",
					     "kustomize.toolkit.fluxcd.io/revision")),
			   S("main@sha1:1")));
	assert_true(str_eq(text(e, "type"), S("Warning")));
	assert_true(str_eq(text(e, "reason"), S("Progressing")));
	assert_true(str_eq(text(e, "message"), S("it broke")));
	assert_true(str_eq(text(e, "reportingComponent"), S("kustomize-controller")));
	assert_true(str_eq(node_str(node_dig(e, "source", "component")), S("kustomize-controller")));
	assert_int_equal(node_int(node_get(e, S("count"))), 1);
	assert_true(str_eq(text(who, "uid"), S("u1")) && str_eq(text(who, "resourceVersion"), S("7")));
	end(&s);
}

static void test_the_same_again_is_counted(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, NULL, STR_NONE);
	tell(&s, EVENT_NORMAL, "one");
	tell(&s, EVENT_NORMAL, "two");
	tell(&s, EVENT_NORMAL, "one");
	tell(&s, EVENT_NORMAL, "one");
	flush(&s);
	assert_int_equal(s.api.n, 4);
	assert_false(s.api.sent[0].patch || s.api.sent[1].patch);
	for (size_t i = 2; i < 4; i++) {
		const struct sent *p = &s.api.sent[i];

		assert_true(p->patch);
		assert_true(str_ends(p->path,
				     node_str(node_dig(s.api.sent[0].body, "metadata", "name"))));
		assert_int_equal(node_int(node_get(p->body, S("count"))), (int64_t)i);
	}
	end(&s);
}

static void test_a_deleted_event_is_told_anew(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, NULL, STR_NONE);
	s.api.forgetful = true;
	tell(&s, EVENT_NORMAL, "one");
	tell(&s, EVENT_NORMAL, "one");
	flush(&s);
	assert_int_equal(s.api.n, 3);
	assert_true(s.api.sent[1].patch && !s.api.sent[2].patch);
	end(&s);
}

/* Ten different texts of one sort are told; from there on they are told as one. */
static void test_many_that_are_similar_become_one(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, NULL, STR_NONE);
	for (int i = 0; i < 13; i++) {
		char message[] = "text A";

		message[5] = (char)('A' + i);
		tell(&s, EVENT_NORMAL, message);
	}
	tell(&s, EVENT_NORMAL, "text B");
	flush(&s);
	assert_int_equal(s.api.n, 14);
	assert_true(str_eq(text(s.api.sent[8].body, "message"), S("text I")));
	assert_true(str_eq(text(s.api.sent[9].body, "message"),
			   S("(combined from similar events): text J")));
	assert_true(str_eq(text(s.api.sent[8].body, "reportingComponent"),
			   S("kustomize-controller")));
	assert_true(str_eq(text(s.api.sent[9].body, "reportingComponent"), STR_NONE));
	assert_true(node_is_nil(node_dig(s.api.sent[9].body, "metadata", "annotations")));
	assert_true(s.api.sent[10].patch && s.api.sent[12].patch);
	assert_true(str_eq(text(s.api.sent[12].body, "message"),
			   S("(combined from similar events): text M")));
	/* what had been told by itself still is */
	assert_true(s.api.sent[13].patch);
	assert_true(str_eq(text(s.api.sent[13].body, "message"), S("text B")));
	assert_int_equal(node_int(node_get(s.api.sent[13].body, S("count"))), 2);
	end(&s);
}

static void test_who_tells_too_much_falls_silent(void **state)
{
	struct setting s;

	(void)state;
	begin(&s, NULL, STR_NONE);
	for (int i = 0; i < 40; i++)
		tell(&s, EVENT_NORMAL, "again");
	flush(&s);
	assert_int_equal(s.api.n, 25);
	end(&s);
}

static bool metrics_say(struct setting *s, const char *line)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	events_metrics(s->events, &b);
	return str_has(buf_str(&b), str_c(line));
}

static void test_what_finds_no_room_is_counted(void **state)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct setting s;

	(void)state;
	begin(&s, NULL, STR_NONE);
	s.api.gate = &gate;
	pthread_mutex_lock(&gate);
	tell(&s, EVENT_NORMAL, "first");
	while (!metrics_say(&s, "rill_events_queued{way=\"api\"} 0\n"))
		sched_yield();		/* until it is on its way */
	for (int i = 0; i < EVENTS_QUEUE_MAX + 50; i++)
		tell(&s, EVENT_NORMAL, "more");
	assert_true(metrics_say(&s, "rill_events_queued{way=\"api\"} 32768\n"));
	assert_true(metrics_say(&s, "rill_events_dropped_total{way=\"api\"} 50\n"));
	pthread_mutex_unlock(&gate);
	flush(&s);
	assert_int_equal(s.api.n, 25);
	end(&s);
}

/* ---- the notification controller -------------------------------------------------- */

struct receiver {
	int listen;
	char url[64];
	const char *answers[4];
	char got[4][4096];
	int n;
};

static void take_one(struct receiver *r, int fd)
{
	char *to = r->got[r->n];
	size_t n = 0, all = 0;
	const char *answer = r->answers[r->n++];

	while (!all || n < all) {
		ssize_t got = read(fd, to + n, sizeof r->got[0] - 1 - n);

		if (got <= 0)
			break;
		n += (size_t)got;
		to[n] = 0;
		const char *body = strstr(to, "\r\n\r\n"), *length = strcasestr(to, "content-length: ");

		if (body && length)
			all = (size_t)(body + 4 - to) + strtoul(length + 16, NULL, 10);
	}
	dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", answer);
	close(fd);
}

static void *receive(void *arg)
{
	struct receiver *r = arg;

	while (r->answers[r->n]) {
		int fd = accept(r->listen, NULL, NULL);

		if (fd < 0)
			break;
		take_one(r, fd);
	}
	return NULL;
}

static void test_alerts_hear_of_it_and_a_failure_is_tried_again(void **state)
{
	struct receiver r = { .answers = { "500 Sorry", "429 Too Many Requests", "202 Accepted" } };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	struct net_client *net;
	struct setting s;
	pthread_t thread;

	(void)state;
	r.listen = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(r.listen, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(r.listen, 8), 0);
	getsockname(r.listen, (struct sockaddr *)&at, &size);
	snprintf(r.url, sizeof r.url, "http://127.0.0.1:%d/", ntohs(at.sin_port));
	assert_int_equal(pthread_create(&thread, NULL, receive, &r), 0);
	assert_null(net_client_new(&net, NULL));
	begin(&s, net, str_c(r.url));
	tell(&s, EVENT_NORMAL, "first");	/* 500, then a duplicate */
	tell(&s, EVENT_TRACE, "only for the events API");
	tell(&s, EVENT_WARNING, "second");
	flush(&s);
	pthread_join(thread, NULL);
	close(r.listen);
	assert_int_equal(s.api.n, 3);
	assert_true(str_eq(text(s.api.sent[1].body, "type"), S("Normal")));
	assert_non_null(strstr(r.got[0], "\"message\":\"first\""));
	assert_non_null(strstr(r.got[1], "\"message\":\"first\""));
	assert_non_null(strstr(r.got[1], "\"severity\":\"info\""));
	assert_non_null(strstr(r.got[2], "\"message\":\"second\""));
	assert_non_null(strstr(r.got[2], "\"severity\":\"error\""));
	assert_non_null(strstr(r.got[2], "\"reportingController\":\"kustomize-controller\""));
	assert_non_null(strstr(r.got[2], "\"kustomize.toolkit.fluxcd.io/revision\":\"main@sha1:1\""));
	end(&s);
	net_client_free(net);
}

static void count_errors(void *ctx, enum log_level level, str line)
{
	unsigned *n = ctx;

	*n += level == LOG_ERROR && str_has(line, S("unable to record event"));
}

static void test_that_nobody_hears_is_logged_once(void **state)
{
	unsigned errors = 0;
	const struct log_sink sink = { count_errors, &errors }, *before = log_use(&sink);
	struct net_client *net;
	struct setting s;

	(void)state;
	assert_null(net_client_new(&net, NULL));
	begin(&s, net, S("http://127.0.0.1:1/"));
	log_set(LOG_JSON, LOG_ERROR);
	tell(&s, EVENT_NORMAL, "first");
	tell(&s, EVENT_NORMAL, "second");
	tell(&s, EVENT_WARNING, "third");
	flush(&s);
	log_use(before);
	assert_int_equal(s.api.n, 3);
	assert_int_equal(errors, 1);
	end(&s);
	net_client_free(net);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_event_says_who_and_what),
		cmocka_unit_test(test_the_same_again_is_counted),
		cmocka_unit_test(test_a_deleted_event_is_told_anew),
		cmocka_unit_test(test_many_that_are_similar_become_one),
		cmocka_unit_test(test_who_tells_too_much_falls_silent),
		cmocka_unit_test(test_what_finds_no_room_is_counted),
		cmocka_unit_test(test_alerts_hear_of_it_and_a_failure_is_tried_again),
		cmocka_unit_test(test_that_nobody_hears_is_logged_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
