#include "client/client_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/die.h"
#include "value/json.h"

void client_answer_release(struct client_answer *a)
{
	buf_release(&a->body);
}

static struct client *make(void)
{
	struct client *c = mem_calloc(1, sizeof *c);

	atomic_init(&c->count, 1);
	return c;
}

struct client *client_new_over(const struct client_transport *t)
{
	struct client *c = make();

	c->transport = *t;
	c->tally = tally_new();
	return c;
}

err *client_new(struct client **out, struct net_client *net, const struct kubeconfig *k,
		const struct client_options *o)
{
	struct client_transport t;

	TRY(http_transport(&t, net, k, o));
	*out = client_new_over(&t);
	return NULL;
}

struct client *client_ref(struct client *c)
{
	atomic_fetch_add(&c->count, 1);
	return c;
}

void client_unref(struct client *c)
{
	if (!c || atomic_fetch_sub(&c->count, 1) != 1)
		return;
	if (c->limit)
		pthread_mutex_destroy(&c->limit->lock);
	free(c->limit);
	tally_unref(c->tally);
	if (c->over)
		client_unref(c->over);
	else
		c->transport.free(c->transport.ctx);
	arena_release(&c->mem);
	free(c);
}

void client_drop(struct client **c)
{
	client_unref(*c);
	*c = NULL;
}

err *client_impersonate(struct client *c, str user, const str *groups, size_t n,
			struct client **out)
{
	if (!user.n)
		return err_new(ERR_INVALID, "nobody to impersonate");
	struct client *as = make();
	str *copies = arena_array(&as->mem, str, n);

	as->over = client_ref(c->over ? c->over : c);
	as->transport = as->over->transport;
	as->as = arena_str(&as->mem, user);
	for (size_t i = 0; i < n; i++)
		copies[i] = arena_str(&as->mem, groups[i]);
	as->as_groups = copies;
	as->as_groups_n = n;
	*out = as;
	return NULL;
}

/* ---- counting ---------------------------------------------------------- */

uint64_t client_requests(const struct client *c)
{
	return atomic_load(&c->requests);
}

struct tally *client_tally(const struct client *c)
{
	return c->over ? c->over->tally : c->tally;
}

void client_count_with(struct client *c, const struct client *other)
{
	struct tally *own = c->tally;

	c->tally = tally_ref(client_tally(other));
	tally_unref(own);
}

void client_count(const struct client *c, str method, int status)
{
	tally_add(client_tally(c), method.n ? method : S("GET"), c->transport.host, status);
}

/* ---- limits ------------------------------------------------------------ */

/* A canceled wait is looked at so often. */
#define WAIT_SLICE (100 * CLOCK_MS)

void client_limit(struct client *c, double qps, int64_t burst)
{
	if (qps <= 0 || c->limit)
		return;
	c->limit = mem_calloc(1, sizeof *c->limit);
	pthread_mutex_init(&c->limit->lock, NULL);
	c->limit->qps = qps;
	c->limit->burst = burst > 1 ? (double)burst : 1;
	c->limit->left = c->limit->burst;
	c->limit->at = clock_mono();
}

void client_refuse(struct client *c, str why)
{
	c->refusal = arena_str(&c->mem, why);
}

/* Takes a place; gives how long until it comes. */
static int64_t take_place(struct client_limit *l)
{
	pthread_mutex_lock(&l->lock);
	int64_t now = clock_mono();

	l->left += (double)(now - l->at) / (double)CLOCK_SECOND * l->qps;
	if (l->left > l->burst)
		l->left = l->burst;
	l->at = now;
	l->left -= 1;
	int64_t wait = l->left < 0 ? (int64_t)(-l->left / l->qps * (double)CLOCK_SECOND) : 0;

	pthread_mutex_unlock(&l->lock);
	return wait;
}

static void wait_for_place(struct client *c, const atomic_bool *cancel)
{
	struct client_limit *l = c->over ? c->over->limit : c->limit;
	int64_t left = l ? take_place(l) : 0;

	while (left > 0 && !(cancel && atomic_load(cancel))) {
		int64_t span = left < WAIT_SLICE ? left : WAIT_SLICE;
		struct timespec t = clock_timespec(span);

		nanosleep(&t, NULL);
		left -= span;
	}
}

/* ---- calls ------------------------------------------------------------- */

/* "DELETE" is the longest that is used. */
enum { METHOD_MAX = 8 };

struct client_call {
	struct client *client;
	void *handle;		/* NULL: refused */
	char method[METHOD_MAX];
};

/* The request as this client's user makes it. */
static struct client_request as_own(struct client *c, const struct client_request *r)
{
	struct client_request own = *r;

	if (c->as.n && !own.as.n) {
		own.as = c->as;
		own.as_groups = c->as_groups;
		own.as_groups_n = c->as_groups_n;
	}
	atomic_fetch_add(&c->requests, 1);
	return own;
}

static str refusal(const struct client *c)
{
	return c->over ? c->over->refusal : c->refusal;
}

struct client_call *client_start(struct client *c, const struct client_request *r)
{
	struct client_call *call = mem_calloc(1, sizeof *call);
	struct client_request own = as_own(c, r);

	snprintf(call->method, sizeof call->method, "%.*s", STR_ARG(r->method));
	call->client = client_ref(c);
	if (refusal(c).n)
		return call;
	wait_for_place(c, r->cancel);
	call->handle = c->transport.start(c->transport.ctx, &own);
	return call;
}

static err *finish(struct client_call *call, struct client_answer *out)
{
	struct client *c = call->client;
	err *e = call->handle ? c->transport.wait(c->transport.ctx, call->handle, out)
			      : err_new(ERR_TIMEOUT, "%.*s", STR_ARG(refusal(c)));

	if (call->handle)
		client_count(c, str_c(call->method), e ? 0 : out->status);
	client_unref(c);
	free(call);
	if (!e && out->status >= 400)
		e = client_status_error(out->status, buf_str(&out->body));
	return e;
}

err *client_wait(struct client_call *call, struct arena *a, node *out)
{
	int code;

	return client_wait_code(call, a, out, &code);
}

err *client_wait_code(struct client_call *call, struct arena *a, node *out, int *code)
{
	CLEANUP(client_answer_release) struct client_answer answer = CLIENT_ANSWER_INIT;

	TRY(finish(call, &answer));
	*code = answer.status;
	if (!out)
		return NULL;
	node got;
	err *e = json_read(a, arena_str(a, buf_str(&answer.body)), NULL, &got);

	if (e)
		return err_wrap(e, "the server's answer is no JSON");
	if (!node_is(got, NODE_MAP))
		return err_new(ERR_INTERNAL, "the server's answer is no object but of type %s",
			       node_kind_name(got));
	*out = got;
	return NULL;
}

err *client_do(struct client *c, struct arena *a, const struct client_request *r, node *out)
{
	return client_wait(client_start(c, r), a, out);
}

err *client_raw(struct client *c, const struct client_request *r, struct client_answer *out)
{
	return finish(client_start(c, r), out);
}
