#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/die.h"
#include "client/live.h"
#include "value/json.h"

/* A server of ConfigMaps: lists are answered by a text, streams stay open
 * until the test ends them. */
enum { STREAMS_MAX = 16 };

struct fake {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int status;
	char list[4096];
	char accept[128];
	size_t lists;
	struct client_stream streams[STREAMS_MAX];
	char queries[STREAMS_MAX][256];
	bool open[STREAMS_MAX];
	size_t streams_n;
};

static void *start(void *ctx, const struct client_request *r)
{
	struct fake *f = ctx;
	struct client_answer *a = mem_calloc(1, sizeof *a);

	a->body = (struct buf)BUF_INIT;
	pthread_mutex_lock(&f->lock);
	f->lists++;
	snprintf(f->accept, sizeof f->accept, "%.*s", STR_ARG(r->accept));
	a->status = f->status;
	buf_add(&a->body, str_c(f->list));
	pthread_mutex_unlock(&f->lock);
	return a;
}

static err *wait(void *ctx, void *handle, struct client_answer *out)
{
	(void)ctx;
	*out = *(struct client_answer *)handle;
	free(handle);
	return NULL;
}

static void *stream(void *ctx, const struct client_request *r, const struct client_stream *s)
{
	struct fake *f = ctx;

	s->on_head(s->ctx, 200);	/* before the test can know of it */
	pthread_mutex_lock(&f->lock);
	assert_true(f->streams_n < STREAMS_MAX);
	size_t i = f->streams_n++;

	f->streams[i] = *s;
	f->open[i] = true;
	snprintf(f->queries[i], sizeof f->queries[i], "%.*s", STR_ARG(r->query));
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	return &f->open[i];
}

static void stop(void *ctx, void *handle)
{
	(void)ctx;
	*(bool *)handle = false;
}

static void release(void *ctx)
{
	(void)ctx;
}

static void set_list(struct fake *f, int status, const char *text)
{
	pthread_mutex_lock(&f->lock);
	f->status = status;
	snprintf(f->list, sizeof f->list, "%s", text);
	pthread_mutex_unlock(&f->lock);
}

/* Wait for the n-th stream, and give it. */
static const struct client_stream *stream_of(struct fake *f, size_t n)
{
	pthread_mutex_lock(&f->lock);
	while (f->streams_n <= n)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
	return &f->streams[n];
}

static void send_event(struct fake *f, size_t n, const char *type, const char *object)
{
	const struct client_stream *s = stream_of(f, n);
	char line[2048];
	int len = snprintf(line, sizeof line, "{\"type\":\"%s\",\"object\":%s}\n", type, object);

	assert_true(s->on_data(s->ctx, str_of(line, (size_t)len)));
}

#define MAP(name, version, value)                                                        \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"" name   \
	"\",\"namespace\":\"ns\",\"uid\":\"u-" name "\",\"resourceVersion\":\"" version \
	"\",\"managedFields\":[{\"manager\":\"m\"}]},\"data\":{\"k\":\"" value "\"}}"
#define LIST(version, items) \
	"{\"kind\":\"ConfigMapList\",\"metadata\":{\"resourceVersion\":\"" version "\"},\"items\":[" items "]}"

static const struct client_resource maps = { STR_NONE, S("v1"), S("configmaps"), S("ConfigMap"),
					     true };

/* What the callback was told, as text. */
struct seen {
	pthread_mutex_t lock;
	char text[4096];
	size_t n;
};

static void on_event(void *ctx, const struct live_event *ev)
{
	struct seen *s = ctx;

	pthread_mutex_lock(&s->lock);
	s->n += (size_t)snprintf(s->text + s->n, sizeof s->text - s->n, "%.*s/%.*s:%s%s%s%s ",
				 STR_ARG(ev->namespace), STR_ARG(ev->name),
				 ev->what & LIVE_ADDED ? "+" : "",
				 ev->what & LIVE_DELETED ? "-" : "",
				 ev->what & LIVE_CONTENT ? "c" : "",
				 ev->what & LIVE_STATUS ? "s" : "");
	pthread_mutex_unlock(&s->lock);
}

static void expect_seen(struct seen *s, const char *want)
{
	pthread_mutex_lock(&s->lock);
	assert_string_equal(s->text, want);
	s->text[s->n = 0] = 0;
	pthread_mutex_unlock(&s->lock);
}

struct bench {
	struct fake fake;
	struct seen seen;
	struct client *client;
	struct live *live;
};

static void open_bench(struct bench *b, enum live_keep keep)
{
	memset(b, 0, sizeof *b);
	pthread_mutex_init(&b->fake.lock, NULL);
	pthread_cond_init(&b->fake.changed, NULL);
	pthread_mutex_init(&b->seen.lock, NULL);
	set_list(&b->fake, 200, LIST("10", MAP("a", "5", "1") "," MAP("b", "7", "2")));
	b->client = client_new_over(
		&(struct client_transport){ start, wait, stream, stop, release, &b->fake });
	b->live = live_new(b->client, &(struct live_options){ on_event, &b->seen });
	live_watch(b->live, &maps, &(struct live_watch_options){ .keep = keep });
}

static void close_bench(struct bench *b)
{
	live_free(b->live);
	client_unref(b->client);
}

static str value_of(struct bench *b, struct arena *a, const char *name)
{
	return node_str(node_dig(live_get(b->live, a, &maps, S("ns"), str_c(name)), "data", "k"));
}

static void test_lists_and_follows(void **state)
{
	struct bench b;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct live_state s;

	(void)state;
	open_bench(&b, LIVE_WHOLE);
	assert_null(live_wait(b.live, &maps, 10 * CLOCK_SECOND, NULL));
	expect_seen(&b.seen, "ns/a:+cs ns/b:+cs ");
	assert_true(str_eq(value_of(&b, &a, "a"), S("1")));
	assert_false(node_has(node_get(live_get(b.live, &a, &maps, S("ns"), S("a")), S("metadata")),
			      S("managedFields")));
	send_event(&b.fake, 0, "MODIFIED", MAP("a", "11", "3"));
	send_event(&b.fake, 0, "MODIFIED", MAP("b", "12", "2"));
	send_event(&b.fake, 0, "MODIFIED", MAP("b", "12", "2"));
	send_event(&b.fake, 0, "ADDED", MAP("c", "13", "4"));
	send_event(&b.fake, 0, "DELETED", MAP("a", "14", "3"));
	expect_seen(&b.seen, "ns/a:cs ns/b:s ns/c:+cs ns/a:- ");
	live_state(b.live, &a, &maps, S("ns"), S("a"), &s);
	assert_true(s.synced && !s.exists && s.health.status == HEALTH_NOT_FOUND);
	live_state(b.live, &a, &maps, S("ns"), S("c"), &s);
	assert_true(s.exists && s.content && s.health.status == HEALTH_CURRENT);
	assert_true(str_eq(s.resource_version, S("13")) && str_eq(s.uid, S("u-c")));
	assert_string_equal(b.fake.accept, "");
	close_bench(&b);
}

static void test_resumes_where_it_was(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, LIVE_META);
	const struct client_stream *s = stream_of(&b.fake, 0);

	assert_non_null(strstr(b.fake.queries[0], "resourceVersion=10&"));
	assert_non_null(strstr(b.fake.accept, "PartialObjectMetadataList"));
	send_event(&b.fake, 0, "BOOKMARK", "{\"metadata\":{\"resourceVersion\":\"40\"}}");
	s->on_end(s->ctx, NULL);
	stream_of(&b.fake, 1);
	assert_non_null(strstr(b.fake.queries[1], "resourceVersion=40&"));
	assert_int_equal(b.fake.lists, 1);
	expect_seen(&b.seen, "ns/a:+cs ns/b:+cs ");
	close_bench(&b);
}

/* 410: only what differs is told; what came and went meanwhile, too. */
static void test_lists_again_when_forgotten(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, LIVE_WHOLE);
	const struct client_stream *s = stream_of(&b.fake, 0);

	expect_seen(&b.seen, "ns/a:+cs ns/b:+cs ");
	set_list(&b.fake, 200, LIST("90", MAP("b", "7", "2") "," MAP("d", "80", "9")));
	send_event(&b.fake, 0, "ERROR", "{\"kind\":\"Status\",\"code\":410}");
	s->on_end(s->ctx, NULL);
	stream_of(&b.fake, 1);
	assert_non_null(strstr(b.fake.queries[1], "resourceVersion=90&"));
	expect_seen(&b.seen, "ns/d:+cs ns/a:- ");
	close_bench(&b);
}

static void test_takes_answers_at_once(void **state)
{
	struct bench b;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node object;

	(void)state;
	open_bench(&b, LIVE_WHOLE);
	stream_of(&b.fake, 0);
	expect_seen(&b.seen, "ns/a:+cs ns/b:+cs ");
	assert_null(json_read(&a, S(MAP("a", "20", "new")), NULL, &object));
	live_note(b.live, &maps, object);
	expect_seen(&b.seen, "ns/a:cs ");
	assert_true(str_eq(value_of(&b, &a, "a"), S("new")));
	/* its own event, and one from before it */
	send_event(&b.fake, 0, "MODIFIED", MAP("a", "19", "old"));
	send_event(&b.fake, 0, "MODIFIED", MAP("a", "20", "new"));
	expect_seen(&b.seen, "");
	/* an answer that comes when the object is gone already */
	send_event(&b.fake, 0, "DELETED", MAP("a", "25", "new"));
	assert_null(json_read(&a, S(MAP("a", "24", "late")), NULL, &object));
	live_note(b.live, &maps, object);
	expect_seen(&b.seen, "ns/a:- ");
	close_bench(&b);
}

static void test_keeps_more_when_asked(void **state)
{
	struct bench b;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct live_state s;

	(void)state;
	open_bench(&b, LIVE_META);
	stream_of(&b.fake, 0);
	live_state(b.live, &a, &maps, S("ns"), S("a"), &s);
	assert_true(s.exists && !s.content);
	assert_int_equal(live_get(b.live, &a, &maps, S("ns"), S("a")).kind, NODE_NONE);
	live_watch(b.live, &maps, &(struct live_watch_options){ .keep = LIVE_WHOLE });
	assert_null(live_wait(b.live, &maps, 10 * CLOCK_SECOND, NULL));
	assert_true(str_eq(value_of(&b, &a, "a"), S("1")));
	live_state(b.live, &a, &maps, S("ns"), S("a"), &s);
	assert_true(s.content != 0);
	close_bench(&b);
}

static void test_tells_a_refusal(void **state)
{
	struct bench b;

	(void)state;
	open_bench(&b, LIVE_META);
	stream_of(&b.fake, 0);
	close_bench(&b);
	memset(&b, 0, sizeof b);
	pthread_mutex_init(&b.fake.lock, NULL);
	pthread_cond_init(&b.fake.changed, NULL);
	pthread_mutex_init(&b.seen.lock, NULL);
	set_list(&b.fake, 403,
		 "{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":\"configmaps is forbidden\","
		 "\"reason\":\"Forbidden\",\"code\":403}");
	b.client = client_new_over(
		&(struct client_transport){ start, wait, stream, stop, release, &b.fake });
	b.live = live_new(b.client, &(struct live_options){ on_event, &b.seen });
	live_watch(b.live, &maps, &(struct live_watch_options){ .keep = LIVE_META });
	CLEANUP(err_drop) err *e = live_wait(b.live, &maps, 10 * CLOCK_SECOND, NULL);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "failed to list configmaps: configmaps is forbidden");
	assert_int_equal(err_kind(e), ERR_FORBIDDEN);
	/* and comes back when it may */
	set_list(&b.fake, 200, LIST("3", ""));
	live_watch(b.live, &maps, &(struct live_watch_options){ .keep = LIVE_META });
	stream_of(&b.fake, 0);
	assert_null(live_wait(b.live, &maps, 10 * CLOCK_SECOND, NULL));
	close_bench(&b);
}

static void test_content(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	static const struct {
		const char *x, *y;
		bool same;
	} rows[] = {
		{ "{\"a\":1,\"b\":[1,2]}", "{\"b\":[1,2],\"a\":1}", true },
		{ "{\"b\":[1,2]}", "{\"b\":[2,1]}", false },
		{ "{\"a\":1}", "{\"a\":\"1\"}", false },
		{ "{\"a\":{\"x\":1},\"b\":{\"y\":1}}", "{\"a\":{\"y\":1},\"b\":{\"x\":1}}", false },
		{ "{\"status\":{\"x\":1}}", "{\"status\":{\"x\":2}}", true },
		{ "{\"metadata\":{\"resourceVersion\":\"1\",\"labels\":{\"l\":\"1\"}}}",
		  "{\"metadata\":{\"resourceVersion\":\"2\",\"labels\":{\"l\":\"1\"}}}", true },
		{ "{\"metadata\":{\"labels\":{\"l\":\"1\"}}}", "{\"metadata\":{\"labels\":{\"l\":\"2\"}}}",
		  false },
		{ "{\"metadata\":{\"labels\":{\"l\":\"1\"}}}",
		  "{\"metadata\":{\"annotations\":{\"l\":\"1\"}}}", false },
		{ "{\"metadata\":{\"annotations\":{\"deployment.kubernetes.io/revision\":\"1\"}}}",
		  "{\"metadata\":{}}", true },
		{ "{\"metadata\":{\"annotations\":{\"a\":\"1\",\"reconcile.fluxcd.io/requestedAt\":\"x\"}}}",
		  "{\"metadata\":{\"annotations\":{\"a\":\"1\"}}}", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		node x, y;

		assert_null(json_read(&a, str_c(rows[i].x), NULL, &x));
		assert_null(json_read(&a, str_c(rows[i].y), NULL, &y));
		assert_int_equal(live_content(x) == live_content(y), rows[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists_and_follows),
		cmocka_unit_test(test_resumes_where_it_was),
		cmocka_unit_test(test_lists_again_when_forgotten),
		cmocka_unit_test(test_takes_answers_at_once),
		cmocka_unit_test(test_keeps_more_when_asked),
		cmocka_unit_test(test_tells_a_refusal),
		cmocka_unit_test(test_content),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
