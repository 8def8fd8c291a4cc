#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/die.h"
#include "controllers/runtime_impl.h"
#include "value/json.h"

struct setting {
	struct arena a;
	struct clock_fake clock;
	struct run r;
};

static node read(struct arena *a, const char *json)
{
	node n;

	assert_null(json_read(a, str_c(json), NULL, &n));
	return n;
}

/* A pass at 2023-11-14T22:13:20Z on an object of generation 3 with that status. */
static void begin(struct setting *s, const char *status)
{
	*s = (struct setting){ .clock = CLOCK_FAKE(INT64_C(1700000000) * CLOCK_SECOND) };
	clock_fake_use(&s->clock);
	s->r.p.arena = &s->a;
	s->r.p.generation = 3;
	s->r.written = read(&s->a, status);
	s->r.p.status = node_copy(&s->a, s->r.written);
}

static void end(struct setting *s)
{
	clock_use(NULL);
	arena_release(&s->a);
}

static str field(struct setting *s, const char *type, const char *key)
{
	return node_str(node_get(condition_get(&s->r.p, str_c(type)), str_c(key)));
}

static const char before[] =
	"{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\",\"reason\":\"Succeeded\","
	"\"message\":\"fine\",\"observedGeneration\":2,\"lastTransitionTime\":\"2020-01-01T00:00:00Z\"}]}";

static void test_times_move_with_what_is_said(void **state)
{
	struct setting s;
	struct pass *p = &s.r.p;

	(void)state;
	begin(&s, before);
	condition_set(p, S("Ready"), CONDITION_UNKNOWN, S("Progressing"), S("doing"));
	assert_true(str_eq(field(&s, "Ready", "lastTransitionTime"), S("2023-11-14T22:13:20Z")));
	/* back to what everybody saw: nothing has moved */
	condition_set(p, S("Ready"), CONDITION_TRUE, S("Succeeded"), S("fine"));
	assert_true(str_eq(field(&s, "Ready", "lastTransitionTime"), S("2020-01-01T00:00:00Z")));
	assert_int_equal(node_int(node_get(condition_get(p, S("Ready")), S("observedGeneration"))), 3);
	condition_set(p, S("Ready"), CONDITION_TRUE, S("Succeeded"), S("fine again"));
	assert_true(str_eq(field(&s, "Ready", "lastTransitionTime"), S("2023-11-14T22:13:20Z")));
	assert_int_equal(node_len(node_get(p->status, S("conditions"))), 1);
	end(&s);
}

static void test_reconciling_and_stalled_exclude_each_other(void **state)
{
	struct setting s;
	struct pass *p = &s.r.p;

	(void)state;
	begin(&s, "{}");
	condition_set(p, S("Reconciling"), CONDITION_TRUE, S("Progressing"), S("x"));
	condition_set(p, S("Stalled"), CONDITION_TRUE, S("Failed"), S("y"));
	assert_false(condition_is(p, S("Reconciling"), CONDITION_TRUE));
	assert_true(condition_is(p, S("Stalled"), CONDITION_TRUE));
	condition_set(p, S("Reconciling"), CONDITION_TRUE, S("Progressing"), S("x"));
	assert_int_equal(condition_get(p, S("Stalled")).kind, NODE_NONE);
	condition_drop(p, S("Reconciling"));
	condition_drop(p, S("Reconciling"));
	assert_int_equal(node_len(node_get(p->status, S("conditions"))), 0);
	end(&s);
}

static void test_long_messages_are_cut(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct setting s;

	(void)state;
	begin(&s, "{}");
	for (int i = 0; i < 32768; i++)
		buf_addc(&b, 'a');
	condition_set(&s.r.p, S("Ready"), CONDITION_FALSE, S("Failed"), buf_str(&b));
	assert_int_equal(field(&s, "Ready", "message").n, 32768);
	assert_true(str_ends(field(&s, "Ready", "message"), S("aaa")));
	buf_addc(&b, 'a');
	condition_set(&s.r.p, S("Ready"), CONDITION_FALSE, S("Failed"), buf_str(&b));
	assert_int_equal(field(&s, "Ready", "message").n, 32768);
	assert_true(str_ends(field(&s, "Ready", "message"), S("a...")));
	end(&s);
}

static void test_readers_find_them_in_order(void **state)
{
	static const char *const want[] = { "Reconciling", "Ready", "Zebra", "Apple", "Mango" };
	struct setting s;
	struct pass *p = &s.r.p;

	(void)state;
	begin(&s, "{\"conditions\":[{\"type\":\"Mango\",\"observedGeneration\":1},"
		  "{\"type\":\"Apple\",\"observedGeneration\":1},"
		  "{\"type\":\"Ready\",\"observedGeneration\":1}]}");
	condition_set(p, S("Zebra"), CONDITION_TRUE, S("R"), S(""));
	condition_set(p, S("Reconciling"), CONDITION_TRUE, S("R"), S(""));
	condition_sort(p);
	node list = node_get(p->status, S("conditions"));

	assert_int_equal(node_len(list), 5);
	for (size_t i = 0; i < 5; i++)
		assert_true(str_eq(node_str(node_get(node_at(list, i), S("type"))), str_c(want[i])));
	end(&s);
}

static const char *const types[] = { "StorageFailed", "Fetched", "Stored", "Reconciling" };
static const char *const negative[] = { "StorageFailed", "Reconciling" };
static const struct summary summary = { types, 4, negative, 2 };

static void test_ready_is_made_of_others(void **state)
{
	static const struct {
		const char *type;
		enum condition_status status;
		const char *type2;
		enum condition_status status2;
		const char *ready, *from;
	} rows[] = {
		{ "Stored", CONDITION_TRUE, "Fetched", CONDITION_TRUE, "True", "Fetched" },
		{ "Stored", CONDITION_TRUE, "Fetched", CONDITION_FALSE, "False", "Fetched" },
		{ "Stored", CONDITION_FALSE, "StorageFailed", CONDITION_TRUE, "False", "StorageFailed" },
		{ "Stored", CONDITION_TRUE, "StorageFailed", CONDITION_FALSE, "True", "Stored" },
		{ "Reconciling", CONDITION_TRUE, "Stored", CONDITION_TRUE, "False", "Reconciling" },
		{ "Stored", CONDITION_UNKNOWN, "Other", CONDITION_FALSE, "Unknown", "Stored" },
		{ "Other", CONDITION_FALSE, "Else", CONDITION_TRUE, "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct setting s;

		begin(&s, "{}");
		condition_set(&s.r.p, str_c(rows[i].type), rows[i].status, S("R"), str_c(rows[i].type));
		condition_set(&s.r.p, str_c(rows[i].type2), rows[i].status2, S("R"),
			      str_c(rows[i].type2));
		condition_summarise(&s.r.p, &summary);
		assert_true(str_eq(field(&s, "Ready", "status"), str_c(rows[i].ready)));
		assert_true(str_eq(field(&s, "Ready", "message"), str_c(rows[i].from)));
		end(&s);
	}
}

static void test_what_is_ready(void **state)
{
	static const struct {
		bool ready;
		const char *object;
	} rows[] = {
		{ true, "{\"metadata\":{\"generation\":2},\"status\":{\"observedGeneration\":2,"
			"\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}" },
		{ false, "{\"metadata\":{\"generation\":3},\"status\":{\"observedGeneration\":2,"
			 "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}" },
		{ false, "{\"metadata\":{\"generation\":2},\"status\":{\"observedGeneration\":2,"
			 "\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"},"
			 "{\"type\":\"Reconciling\",\"status\":\"True\"}]}}" },
		{ false, "{\"metadata\":{\"generation\":2},\"status\":{\"observedGeneration\":2}}" },
		{ false, "{}" },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(object_is_ready(read(&a, rows[i].object)), rows[i].ready);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_times_move_with_what_is_said),
		cmocka_unit_test(test_reconciling_and_stalled_exclude_each_other),
		cmocka_unit_test(test_long_messages_are_cut),
		cmocka_unit_test(test_readers_find_them_in_order),
		cmocka_unit_test(test_ready_is_made_of_others),
		cmocka_unit_test(test_what_is_ready),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
