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
#include "release/relwait.h"
#include "value/json.h"

#define TIMEOUT (CLOCK_SECOND)

#define PATH "/apis/apps/v1/deployments"
#define DEPLOYMENT(version, ready)                                                            \
	"{\"apiVersion\":\"apps/v1\",\"kind\":\"Deployment\",\"metadata\":{\"name\":\"d\","   \
	"\"namespace\":\"ns\",\"uid\":\"u\",\"generation\":1,\"resourceVersion\":\"" version  \
	"\"},\"spec\":{\"replicas\":1},\"status\":{\"observedGeneration\":1,\"replicas\":1,"  \
	"\"updatedReplicas\":1,\"readyReplicas\":" ready ",\"availableReplicas\":" ready ","  \
	"\"conditions\":[{\"type\":\"Available\",\"status\":\"True\"}]}}"
#define EVENT(type, object) "{\"type\":\"" type "\",\"object\":" object "}\n"

/* A server of Deployments, with a stream on which it tells `news` in the middle of
 * answering a question for the one object. */
struct fake {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct client_stream stream;
	bool open;
	const char *list, *news;
	int status; /* of the answer */
	const char *object;
	bool used; /* a handle for the stream */
};

static void tell(struct fake *f, const char *event)
{
	pthread_mutex_lock(&f->lock);
	while (!f->open)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
	assert_true(f->stream.on_data(f->stream.ctx, str_c(event)));
}

static void *start(void *ctx, const struct client_request *r)
{
	struct fake *f = ctx;
	struct client_answer *a = mem_calloc(1, sizeof *a);
	bool list = str_eq(r->path, S(PATH));

	a->body = (struct buf)BUF_INIT;
	a->status = list ? 200 : f->status;
	buf_add(&a->body, str_c(list ? f->list : f->object));
	if (!list)
		tell(f, f->news);
	return a;
}

static err *wait_for(void *ctx, void *handle, struct client_answer *out)
{
	(void)ctx;
	*out = *(struct client_answer *)handle;
	free(handle);
	return NULL;
}

static void *open_stream(void *ctx, const struct client_request *r, const struct client_stream *s)
{
	struct fake *f = ctx;

	(void)r;
	s->on_head(s->ctx, 200);
	pthread_mutex_lock(&f->lock);
	f->stream = *s;
	f->open = true;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
	return &f->used;
}

static void close_stream(void *ctx, void *handle)
{
	(void)ctx;
	(void)handle;
}

static void release(void *ctx)
{
	(void)ctx;
}

/* What a wait for Deployment ns/d comes to. */
static err *wait_on(struct fake *f, const struct relwait_options *o)
{
	static const struct client_resource deployments = { S("apps"), S("v1"), S("deployments"),
							    S("Deployment"), true };
	struct relobj d = { .gvk = { S("apps"), S("v1"), S("Deployment") },
			    .resource = &deployments,
			    .ns = S("ns"),
			    .name = S("d"),
			    .object = NODE_NOTHING,
			    .live = NODE_NOTHING };

	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	struct client *client = client_new_over(&(struct client_transport){
		start, wait_for, open_stream, close_stream, release, f });
	struct live *live = live_new(client, NULL);
	err *e = relwait(&(struct relcluster){ .client = client, .live = live },
			 &(struct relobj_list){ &d, 1, 1 }, o);

	live_free(live);
	client_unref(client);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	return e;
}

#define EMPTY "{\"metadata\":{\"resourceVersion\":\"5\"},\"items\":[]}"

/* The answer is older than what was told before it came. */
static void test_an_old_answer_does_not_undo_what_the_stream_told(void **state)
{
	struct fake f = { .list = EMPTY,
			  .status = 200,
			  .object = DEPLOYMENT("6", "0"),
			  .news = EVENT("ADDED", DEPLOYMENT("7", "1")) };

	(void)state;
	assert_null(wait_on(&f, &(struct relwait_options){ .timeout = TIMEOUT }));
}

static void test_nor_does_one_that_nothing_is_there(void **state)
{
	struct fake f = { .list = EMPTY,
			  .status = 404,
			  .object = "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\","
				    "\"message\":\"not found\"}",
			  .news = EVENT("ADDED", DEPLOYMENT("7", "1")) };

	(void)state;
	assert_null(wait_on(&f, &(struct relwait_options){ .timeout = TIMEOUT }));
}

static void test_what_is_not_ready_is_told_at_the_end(void **state)
{
	struct fake f = { .list = EMPTY,
			  .status = 200,
			  .object = DEPLOYMENT("7", "1"),
			  .news = EVENT("ADDED", DEPLOYMENT("8", "0")) };
	err *e = wait_on(&f, &(struct relwait_options){ .timeout = CLOCK_SECOND / 10 });

	(void)state;
	assert_non_null(e);
	assert_string_equal(err_msg(e), "resource Deployment/ns/d not ready. status: InProgress, "
					"message: Available: 0/1\ncontext deadline exceeded");
	err_free(e);
}

static void test_flux_tells_the_first_that_stays(void **state)
{
	struct fake f = { .list = EMPTY,
			  .status = 200,
			  .object = DEPLOYMENT("7", "1"),
			  .news = EVENT("ADDED", DEPLOYMENT("8", "1")) };
	err *e = wait_on(&f, &(struct relwait_options){ .what = RELWAIT_GONE,
							.timeout = CLOCK_SECOND / 10,
							.flux_words = true });

	(void)state;
	assert_non_null(e);
	assert_string_equal(err_msg(e),
			    "Deployment/ns/d termination timeout: context deadline exceeded");
	err_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_old_answer_does_not_undo_what_the_stream_told),
		cmocka_unit_test(test_nor_does_one_that_nothing_is_there),
		cmocka_unit_test(test_what_is_not_ready_is_told_at_the_end),
		cmocka_unit_test(test_flux_tells_the_first_that_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
