#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/log.h"
#include "client/election.h"
#include "value/json.h"

/* ---- a server of Leases "a" and "b" -------------------------------------------- */

enum { LEASES = 2 };

struct fake {
	pthread_mutex_t lock;
	struct {
		bool exists;
		long version;
		char holder[32];
		int64_t seconds, transitions;
	} leases[LEASES];
	bool broken;
};

struct reply {
	int status;
	struct buf body;
};

static size_t index_of(str path, node body)
{
	str name = str_ends(path, S("/leases")) ? node_str(node_dig(body, "metadata", "name"))
						: str_from(path, path.n - 1);

	assert_true(str_eq(name, S("a")) || str_eq(name, S("b")));
	return name.p[0] == 'b';
}

static void refuse(struct reply *r, int status, const char *reason)
{
	r->status = status;
	buf_addf(&r->body, "{\"kind\":\"Status\",\"code\":%d,\"reason\":\"%s\",\"message\":\"no\"}", status,
		 reason);
}

static void write_lease(struct fake *f, size_t i, node body, bool update, struct reply *r)
{
	node spec = node_get(body, S("spec"));
	str version = node_str(node_dig(body, "metadata", "resourceVersion"));
	char now[32];

	snprintf(now, sizeof now, "%ld", f->leases[i].version);
	if (!update && f->leases[i].exists)
		return refuse(r, 409, "AlreadyExists");
	if (update && !str_eq(version, str_c(now)))
		return refuse(r, 409, "Conflict");
	f->leases[i].exists = true;
	f->leases[i].version++;
	snprintf(f->leases[i].holder, sizeof f->leases[i].holder, "%.*s",
		 STR_ARG(node_str(node_get(spec, S("holderIdentity")))));
	f->leases[i].seconds = node_int(node_get(spec, S("leaseDurationSeconds")));
	f->leases[i].transitions = node_int(node_get(spec, S("leaseTransitions")));
	buf_add(&r->body, S("{}"));
}

static void read_lease(struct fake *f, size_t i, struct reply *r)
{
	if (!f->leases[i].exists)
		return refuse(r, 404, "NotFound");
	buf_addf(&r->body,
		 "{\"metadata\":{\"name\":\"%c\",\"resourceVersion\":\"%ld\"},\"spec\":{\"holderIdentity\":"
		 "\"%s\",\"leaseDurationSeconds\":%lld,\"leaseTransitions\":%lld}}",
		 (char)('a' + i), f->leases[i].version, f->leases[i].holder,
		 (long long)f->leases[i].seconds, (long long)f->leases[i].transitions);
}

static void *start(void *ctx, const struct client_request *q)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct fake *f = ctx;
	struct reply *r = mem_calloc(1, sizeof *r);
	node body = NODE_NOTHING;
	bool put = str_eq(q->method, S("PUT"));

	r->status = 200;
	r->body = (struct buf)BUF_INIT;
	if (q->body.n)
		assert_null(json_read(&a, arena_str(&a, q->body), NULL, &body));
	size_t i = index_of(q->path, body);

	pthread_mutex_lock(&f->lock);
	if (f->broken)
		refuse(r, 500, "InternalError");
	else if (q->body.n)
		write_lease(f, i, body, put, r);
	else
		read_lease(f, i, r);
	pthread_mutex_unlock(&f->lock);
	return r;
}

static err *wait(void *ctx, void *handle, struct client_answer *out)
{
	struct reply *r = handle;

	(void)ctx;
	out->status = r->status;
	buf_release(&out->body);
	out->body = r->body;
	free(r);
	return NULL;
}

static void release(void *ctx)
{
	(void)ctx;
}

/* ---- elections -------------------------------------------------------------------- */

struct setting {
	struct fake fake;
	struct client *client;
	atomic_bool cancel, lost;
};

static void on_lost(void *ctx)
{
	atomic_store(&((struct setting *)ctx)->lost, true);
}

static void begin(struct setting *s)
{
	*s = (struct setting){ 0 };
	log_set(LOG_JSON, LOG_ERROR + 1);
	pthread_mutex_init(&s->fake.lock, NULL);
	s->client = client_new_over(
		&(struct client_transport){ start, wait, NULL, NULL, release, &s->fake });
}

static void end(struct setting *s)
{
	client_unref(s->client);
	pthread_mutex_destroy(&s->fake.lock);
}

static err *win(struct setting *s, const char *who, bool release_it, struct election **out)
{
	static const str names[] = { S("a"), S("b") };

	return election_win(out,
			    &(struct election_options){ .client = s->client,
							.namespace = S("ns"),
							.names = names,
							.n = LEASES,
							.identity = str_c(who),
							.lease = 2 * CLOCK_SECOND,
							.renew = CLOCK_SECOND / 5,
							.retry = CLOCK_SECOND / 50,
							.release = release_it,
							.lost = on_lost,
							.ctx = s },
			    &s->cancel);
}

static bool holds(struct setting *s, size_t i, const char *who)
{
	pthread_mutex_lock(&s->fake.lock);
	bool yes = !strcmp(s->fake.leases[i].holder, who);

	pthread_mutex_unlock(&s->fake.lock);
	return yes;
}

static void set_holder(struct setting *s, size_t i, const char *who, int64_t seconds)
{
	pthread_mutex_lock(&s->fake.lock);
	s->fake.leases[i].exists = true;
	s->fake.leases[i].version++;
	snprintf(s->fake.leases[i].holder, sizeof s->fake.leases[i].holder, "%s", who);
	s->fake.leases[i].seconds = seconds;
	pthread_mutex_unlock(&s->fake.lock);
}

static void test_all_leases_are_taken_renewed_and_given_back(void **state)
{
	struct setting s;
	struct election *e;

	(void)state;
	begin(&s);
	assert_null(win(&s, "me", true, &e));
	assert_true(holds(&s, 0, "me") && holds(&s, 1, "me"));
	pthread_mutex_lock(&s.fake.lock);
	long version = s.fake.leases[1].version;

	assert_int_equal(s.fake.leases[0].seconds, 2);
	pthread_mutex_unlock(&s.fake.lock);
	for (int i = 0; i < 3000; i++) {
		usleep(10000);
		pthread_mutex_lock(&s.fake.lock);
		bool renewed = s.fake.leases[1].version > version + 1;

		pthread_mutex_unlock(&s.fake.lock);
		if (renewed)
			break;
	}
	assert_true(s.fake.leases[1].version > version + 1);
	election_free(e);
	assert_true(holds(&s, 0, "") && holds(&s, 1, ""));
	/* who comes next need not wait */
	assert_null(win(&s, "you", false, &e));
	election_free(e);
	assert_true(holds(&s, 0, "you"));
	assert_int_equal(s.fake.leases[0].transitions, 1);
	assert_false(s.lost);
	end(&s);
}

static void test_a_silent_leader_is_waited_for(void **state)
{
	struct setting s;
	struct election *e;

	(void)state;
	begin(&s);
	set_holder(&s, 1, "other", 1);
	int64_t before = clock_mono();

	assert_null(win(&s, "me", false, &e));
	assert_true(clock_mono() - before >= CLOCK_SECOND);
	assert_true(holds(&s, 0, "me") && holds(&s, 1, "me"));
	election_free(e);
	end(&s);
}

static void *cancel_soon(void *arg)
{
	usleep(200000);
	atomic_store((atomic_bool *)arg, true);
	return NULL;
}

static void test_waiting_can_be_ended(void **state)
{
	struct setting s;
	struct election *e = NULL;
	pthread_t thread;

	(void)state;
	begin(&s);
	set_holder(&s, 0, "other", 3600);
	assert_int_equal(pthread_create(&thread, NULL, cancel_soon, &s.cancel), 0);
	CLEANUP(err_drop) err *failed = win(&s, "me", true, &e);

	pthread_join(thread, NULL);
	assert_int_equal(err_kind(failed), ERR_CANCELED);
	assert_true(holds(&s, 0, "other"));
	end(&s);
}

static void await_lost(struct setting *s)
{
	for (int i = 0; i < 3000 && !atomic_load(&s->lost); i++)
		usleep(10000);
	assert_true(atomic_load(&s->lost));
}

static void test_who_cannot_renew_is_told(void **state)
{
	struct setting s;
	struct election *e;

	(void)state;
	begin(&s);
	assert_null(win(&s, "me", true, &e));
	pthread_mutex_lock(&s.fake.lock);
	s.fake.broken = true;
	pthread_mutex_unlock(&s.fake.lock);
	await_lost(&s);
	election_free(e);
	end(&s);
}

static void test_a_lease_that_was_taken_away_is_not_given_back(void **state)
{
	struct setting s;
	struct election *e;

	(void)state;
	begin(&s);
	assert_null(win(&s, "me", true, &e));
	set_holder(&s, 0, "other", 3600);
	await_lost(&s);
	election_free(e);
	assert_true(holds(&s, 0, "other"));
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_leases_are_taken_renewed_and_given_back),
		cmocka_unit_test(test_a_silent_leader_is_waited_for),
		cmocka_unit_test(test_waiting_can_be_ended),
		cmocka_unit_test(test_who_cannot_renew_is_told),
		cmocka_unit_test(test_a_lease_that_was_taken_away_is_not_given_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
