#include "value/tree_test.h"

#include <math.h>

#include "value/node.h"

/* ---- scalars ----------------------------------------------------------- */

static void test_texts_of_any_length(void **state)
{
	static const size_t lengths[] = { 0,      1, 100, NODE_LONG - 1, NODE_LONG, NODE_LONG + 1,
					  3 << 20 };
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	buf_fill(&b, 'x', 3 << 20);
	for (size_t i = 0; i < N(lengths); i++) {
		str s = str_sub(buf_str(&b), 0, lengths[i]);
		node n = node_from_str(&a, s), copy = node_copy_str(&a, s);

		assert_true(str_eq(node_str(n), s));
		assert_true(node_equal(n, copy));
		assert_true(lengths[i] == 0 || node_str(n).p == s.p);
		assert_true(lengths[i] == 0 || node_str(copy).p != s.p);
		assert_int_equal(n.kind, NODE_STR);
	}
	assert_true(str_eq(node_str_or(node_lit("a"), S("b")), S("a")));
	assert_true(str_eq(node_str_or(node_lit(""), S("b")), S("")));
	assert_true(str_eq(node_str_or(node_null(), S("b")), S("b")));
}

static void test_numbers_as_other_kinds(void **state)
{
	const struct {
		node n;
		int64_t i;
		uint64_t u;
		double f;
	} rows[] = {
		{ node_from_int(-5), -5, 0, -5 },
		{ node_from_int(INT64_MAX), INT64_MAX, INT64_MAX, 9223372036854775807.0 },
		{ node_from_uint(7), 7, 7, 7 },
		{ node_from_uint(UINT64_MAX), INT64_MAX, UINT64_MAX, 18446744073709551615.0 },
		{ node_from_float(2.9), 2, 2, 2.9 },
		{ node_from_float(-2.9), -2, 0, -2.9 },
		{ node_from_float(1e300), INT64_MAX, INT64_MAX, 1e300 },
		{ node_from_float(-1e300), INT64_MIN, 0, -1e300 },
		{ node_from_float((double)NAN), 0, 0, (double)NAN },
		{ node_from_bool(true), 0, 0, 0 },
		{ node_lit("5"), 0, 0, 0 },
		{ NODE_NOTHING, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		assert_true(node_int(rows[i].n) == rows[i].i);
		assert_true(node_uint(rows[i].n) == rows[i].u);
		assert_true(node_float(rows[i].n) == rows[i].f || isnan(rows[i].f));
	}
	assert_int_equal(node_from_uint(7).kind, NODE_INT);
	assert_int_equal(node_from_uint((uint64_t)INT64_MAX + 1).kind, NODE_UINT);
}

/* As YAML 1.1, 1.2 and JSON write numbers. */
static void test_kept_numbers_are_decoded(void **state)
{
	static const struct {
		enum node_kind kind;
		const char *text;
		int64_t i;
		double f;
	} rows[] = {
		{ NODE_INT, "0", 0, 0 },
		{ NODE_INT, "-0", 0, 0 },
		{ NODE_INT, "+12", 12, 12 },
		{ NODE_INT, "-12", -12, -12 },
		{ NODE_INT, "9223372036854775807", INT64_MAX, 9223372036854775807.0 },
		{ NODE_INT, "-9223372036854775808", INT64_MIN, -9223372036854775808.0 },
		{ NODE_INT, "0x1F", 31, 31 },
		{ NODE_INT, "-0x1f", -31, -31 },
		{ NODE_INT, "0o17", 15, 15 },
		{ NODE_INT, "017", 15, 15 },
		{ NODE_INT, "0b101", 5, 5 },
		{ NODE_INT, "1_000_000", 1000000, 1000000 },
		{ NODE_INT, "0x_ff_ff", 65535, 65535 },
		{ NODE_UINT, "18446744073709551615", INT64_MAX, 18446744073709551615.0 },
		{ NODE_UINT, "0xffffffffffffffff", INT64_MAX, 18446744073709551615.0 },
		{ NODE_FLOAT, "1.50", 1, 1.5 },
		{ NODE_FLOAT, "+.5", 0, 0.5 },
		{ NODE_FLOAT, "-1.", -1, -1 },
		{ NODE_FLOAT, "1e3", 1000, 1000 },
		{ NODE_FLOAT, "1_0.2_5", 10, 10.25 },
		{ NODE_FLOAT, "08", 8, 8 },
		{ NODE_FLOAT, "18446744073709551616", INT64_MAX, 18446744073709551616.0 },
		{ NODE_FLOAT, ".inf", INT64_MAX, (double)INFINITY },
		{ NODE_FLOAT, "-.Inf", INT64_MIN, -(double)INFINITY },
		{ NODE_FLOAT, "+.INF", INT64_MAX, (double)INFINITY },
		{ NODE_FLOAT, ".NaN", 0, (double)NAN },
		{ NODE_FLOAT, "1e999", INT64_MAX, (double)INFINITY },
		{ NODE_FLOAT, "-1e999", INT64_MIN, -(double)INFINITY },
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		node n = node_from_text(&a, rows[i].kind, str_c(rows[i].text));

		if (node_int(n) != rows[i].i)
			fail_msg("%s is %lld", rows[i].text, (long long)node_int(n));
		if (node_float(n) != rows[i].f && !(isnan(rows[i].f) && isnan(node_float(n))))
			fail_msg("%s is %g", rows[i].text, node_float(n));
		assert_true(str_eq(node_str(n), str_c(rows[i].text)));
	}
	assert_true(node_uint(node_from_text(&a, NODE_UINT, S("18446744073709551615"))) ==
		    UINT64_MAX);
	buf_add(&b, S("0."));	/* longer than any buffer for numbers */
	buf_fill(&b, '0', 5000);
	buf_add(&b, S("1e5001"));
	assert_true(node_float(node_from_text(&a, NODE_FLOAT, buf_str(&b))) == 1);
	assert_true(node_bool(node_from_text(&a, NODE_BOOL, S("On"))));
	assert_true(node_bool(node_from_text(&a, NODE_BOOL, S("TRUE"))));
	assert_false(node_bool(node_from_text(&a, NODE_BOOL, S("no"))));
	assert_false(node_bool(node_lit("true")));
}

/* ---- maps -------------------------------------------------------------- */

/* The same operations on a map and on a plain array, which is searched from
 * the front; sizes on both sides of where slots begin. */
struct model {
	str keys[400];
	int64_t values[400];
	size_t n;
};

static size_t model_find(const struct model *m, str key)
{
	size_t i = 0;

	while (i < m->n && !str_eq(m->keys[i], key))
		i++;
	return i;
}

static void model_remove(struct model *m, size_t at)
{
	memmove(m->keys + at, m->keys + at + 1, (m->n - at - 1) * sizeof *m->keys);
	memmove(m->values + at, m->values + at + 1, (m->n - at - 1) * sizeof *m->values);
	m->n--;
}

static void check_model(const struct model *m, node map)
{
	assert_int_equal(node_len(map), m->n);
	for (size_t i = 0; i < m->n; i++) {
		assert_true(str_eq(node_str(map.map->pairs[i].key), m->keys[i]));
		assert_int_equal(node_int(map.map->pairs[i].value), m->values[i]);
		assert_int_equal(node_index(map, m->keys[i]), model_find(m, m->keys[i]));
	}
}

static void test_maps_do_what_arrays_do(void **state)
{
	static struct model m;
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node map = node_map(&a, 0);
	uint32_t random = 1;

	(void)state;
	for (int step = 0; step < 20000; step++) {
		random = random * 1664525 + 1013904223;
		str key = arena_printf(&a, "k%u", (random >> 8) % 150);
		size_t at = model_find(&m, key);

		assert_int_equal(node_has(map, key), at < m.n);
		if ((random >> 20) % 3 == 0 || m.n > 140) {
			assert_int_equal(node_remove(map, key), at < m.n);
			if (at < m.n)
				model_remove(&m, at);
		} else {
			node_set(&a, map, key, node_from_int(step));
			m.keys[at] = key;
			m.values[at] = step;
			m.n += at == m.n;
		}
		if (step % 97 == 0)
			check_model(&m, map);
	}
	check_model(&m, map);
	for (size_t i = 0; i < m.n; i += 3)
		map.map->pairs[i].value = NODE_NOTHING;
	node_remove_none(map);
	for (size_t i = (m.n - 1) / 3 * 3 + 3; i >= 3;)
		model_remove(&m, i -= 3);
	check_model(&m, map);
}

static void test_repeated_keys_are_found_from_the_front(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node map = node_map(&a, 0);

	(void)state;
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 30; i++)
			node_push(&a, map, node_from_str(&a, arena_printf(&a, "k%d", i)),
				  node_from_int(round));
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 30; i++) {
			str key = arena_printf(&a, "k%d", i);

			assert_int_equal(node_int(node_get(map, key)), round);
			assert_true(node_remove(map, key));
		}
	assert_int_equal(node_len(map), 0);
}

static void test_keys_of_all_kinds(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (int more = 0; more < 2; more++) {	/* few pairs, then many */
		node map = node_map(&a, 0);
		const node keys[] = {
			node_lit("1"),
			node_from_int(1),
			node_from_float(1),
			node_null(),
			node_from_bool(true),
			node_from_bool(false),
			tree(&a, "[1]"),
			tree(&a, "[1,2]"),
			tree(&a, "{'a':1,'b':2}"),
			node_from_float((double)NAN),
			node_from_float(0),
			node_from_text(&a, NODE_TIME, S("2001-01-01")),
		};

		for (size_t i = 0; i < N(keys); i++)
			assert_true(node_put(&a, map, keys[i], node_from_int((int64_t)i)));
		for (int i = 0; more && i < 100; i++)
			node_put(&a, map, node_from_int(100 + i), node_null());
		for (size_t i = 0; i < N(keys); i++)
			assert_int_equal(node_index_of(map, keys[i]), i);
		assert_int_equal(node_index_of(map, tree(&a, "{'b':2,'a':1}")), 8);
		assert_int_equal(node_index_of(map, node_from_float(-0.0)), 10);
		assert_int_equal(node_index_of(map, node_from_text(&a, NODE_INT, S("0x1"))), 1);
		assert_int_equal(node_index(map, S("1")), 0);
		assert_int_equal(node_index_of(map, node_lit("true")), STR_NPOS);
	}
}

static void test_ten_thousand_keys_that_are_lists(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node map = node_map(&a, 0);

	(void)state;
	for (int i = 0; i < 10000; i++) {
		node key = node_seq(&a, 2);

		node_append(&a, key, node_from_int(i));
		node_append(&a, key, node_from_bool(i % 2));
		assert_true(node_put(&a, map, key, node_from_int(i)));
	}
	assert_int_equal(
		node_int(map.map->pairs[node_index_of(map, map.map->pairs[777].key)].value), 777);
}

static void test_digging(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n = tree(&a, "{'a':{'b':{'c':1}},'s':'x','z':null}");

	(void)state;
	assert_int_equal(node_int(node_dig(n, "a", "b", "c")), 1);
	assert_int_equal(node_dig(n, "a", "x", "c").kind, NODE_NONE);
	assert_int_equal(node_dig(n, "s", "x").kind, NODE_NONE);
	assert_true(node_is_nil(node_get(n, S("z"))) && node_is_nil(node_get(n, S("none"))));
	assert_int_equal(node_at(n, 0).kind, NODE_NONE);
	assert_int_equal(node_len(node_need_map(&a, n, S("a"))), 1);
	assert_int_equal(node_need_map(&a, n, S("s")).kind, NODE_NONE);
	node made = node_need_map(&a, n, S("z"));

	node_set(&a, made, S("k"), node_from_int(2));
	assert_string_equal(text_of(&a, n), "{'a':{'b':{'c':1}},'s':'x','z':{'k':2}}");
}

/* ---- lists and notes --------------------------------------------------- */

static void test_lists(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n = node_seq(&a, 0);

	(void)state;
	for (int i = 0; i < 10; i++)
		node_insert(&a, n, (size_t)i / 2, node_from_int(i));
	assert_string_equal(text_of(&a, n), "[1,3,5,7,9,8,6,4,2,0]");
	node_remove_at(n, 0);
	node_remove_at(n, 8);
	node_remove_at(n, 3);
	assert_string_equal(text_of(&a, n), "[3,5,7,8,6,4,2]");
	assert_int_equal(node_at(n, 7).kind, NODE_NONE);
	assert_int_equal(node_int(node_at(n, 6)), 2);
}

static void note(struct arena *a, node n, size_t which, str text)
{
	node_note_need(a, n, which)->line = text;
}

static void test_notes_stay_with_their_entries(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node list = tree(&a, "[0,1,2]"), map = tree(&a, "{'a':0,'b':1,'c':2}");

	(void)state;
	note(&a, list, 1, S("one"));
	node_insert(&a, list, 0, node_from_int(-1));
	assert_null(node_note(list, 1));
	assert_true(str_eq(node_note(list, 2)->line, S("one")));
	node_remove_at(list, 0);
	node_remove_at(list, 0);
	assert_true(str_eq(node_note(list, 0)->line, S("one")));
	assert_null(node_note(list, 1));
	note(&a, map, 2, S("key b"));
	note(&a, map, 3, S("value b"));
	for (int i = 0; i < 20; i++)
		node_set(&a, map, arena_printf(&a, "k%d", i), node_from_int(i));
	node_remove(map, S("a"));
	assert_true(str_eq(node_note(map, 0)->line, S("key b")));
	assert_true(str_eq(node_note(map, 1)->line, S("value b")));
	node copy = node_copy_all(&a, map);

	assert_true(str_eq(node_note(copy, 1)->line, S("value b")));
	assert_ptr_not_equal(node_note(copy, 1), node_note(map, 1));
	*node_find(map, S("c")) = NODE_NOTHING;
	*node_find(map, S("b")) = NODE_NOTHING;
	node_remove_none(map);
	assert_null(node_note(map, 0));
	assert_null(node_note(map, 2 * 19));
	assert_null(node_note(map, 10000));
	assert_null(node_note(node_null(), 0));
}

/* ---- whole trees ------------------------------------------------------- */

static void test_copies_share_nothing(void **state)
{
	struct arena a = ARENA_INIT;
	CLEANUP(arena_release) struct arena b = ARENA_INIT;
	static const char text[] = "{'l':[1,{'x':'y'}],'s':'text','t':1.5}";
	node n = tree(&a, text);

	(void)state;
	for (int i = 0; i < 30; i++)
		node_set(&a, n, arena_printf(&a, "key%d", i), node_copy_str(&a, S("value")));
	const char *want = text_of(&b, n);
	node copy = node_copy_all(&b, n);

	node_set(&a, node_at(node_get(n, S("l")), 1), S("x"), node_null());
	memset((char *)node_str(node_get(n, S("key7"))).p, '?', 5);
	arena_release(&a);
	assert_string_equal(text_of(&b, copy), want);
	assert_int_equal(node_index(copy, S("key29")), 32);
}

static void test_aliases_of_copies_point_into_the_copy(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n = tree(&a, "{'base':{'x':[1]},'use':[0,0,0,0]}");
	node *uses = node_get(n, S("use")).seq->items;
	struct node_anchor base = { S("base"), node_get(n, S("base")) };
	struct node_anchor scalar = { S("s"), node_lit("text") };
	struct node_anchor elsewhere = { S("e"), tree(&a, "[{'far':true}]") };

	(void)state;
	node_note_need(&a, n, 1)->anchor = S("base");
	uses[0] = uses[1] = (node){ .kind = NODE_ALIAS, .anchor = &base };
	uses[2] = (node){ .kind = NODE_ALIAS, .anchor = &scalar };
	uses[3] = (node){ .kind = NODE_ALIAS, .anchor = &elsewhere };
	node copy = node_copy_all(&a, n);
	const node *copied = node_get(copy, S("use")).seq->items;

	assert_true(node_equal(copy, n));
	assert_ptr_equal(copied[0].anchor, copied[1].anchor);
	assert_ptr_not_equal(copied[0].anchor, &base);
	assert_ptr_equal(copied[0].anchor->target.map, node_get(copy, S("base")).map);
	assert_true(str_eq(node_str(copied[2].anchor->target), S("text")));
	assert_ptr_not_equal(copied[3].anchor->target.seq, elsewhere.target.seq);
	assert_string_equal(text_of(&a, copy), text_of(&a, n));
}

static void test_an_anchor_inside_itself_is_copied(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node outer = tree(&a, "[[0]]"), inner = node_at(outer, 0);
	struct node_anchor self = { S("self"), inner };

	(void)state;
	node_note_need(&a, outer, 0)->anchor = S("self");
	inner.seq->items[0] = (node){ .kind = NODE_ALIAS, .anchor = &self };
	node copy = node_copy(&a, outer);

	assert_true(node_equal(copy, outer));
	assert_ptr_equal(node_at(node_at(copy, 0), 0).anchor->target.seq, node_at(copy, 0).seq);
}

static void test_equality(void **state)
{
	static const char *const different[] = {
		"null",
		"true",
		"false",
		"0",
		"1",
		"1.5",
		"18446744073709551615",
		"''",
		"'1'",
		"[]",
		"{}",
		"[1]",
		"[1,2]",
		"[2,1]",
		"[[1]]",
		"{'a':1}",
		"{'a':2}",
		"{'b':1}",
		"{'a':1,'b':null}",
		"{'a':1,'b':[]}",
		"{'a':{'a':1}}",
	};
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < N(different); i++)
		for (size_t k = 0; k < N(different); k++)
			assert_int_equal(node_equal(tree(&a, different[i]), tree(&a, different[k])),
					 i == k);
	assert_true(node_equal(tree(&a, "{'a':1,'b':[{'c':2,'d':3}]}"),
			       tree(&a, "{'b':[{'d':3,'c':2}],'a':1}")));
	assert_false(node_equal(node_from_int(1), node_from_float(1)));
	assert_true(node_equal(node_from_int(255), node_from_text(&a, NODE_INT, S("0xFF"))));
	assert_true(node_equal(node_from_float((double)NAN), node_from_float((double)NAN)));
	assert_true(node_equal(NODE_NOTHING, NODE_NOTHING));
	assert_false(node_equal(NODE_NOTHING, node_null()));
}

static void test_sorting(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n = tree(&a, "{'b':[{'z':1,'y':{'b':0,'a':0}}],'':0,'B':0,'\u00e9':0,'a10':0,'a9':0}");

	(void)state;
	for (int i = 0; i < 20; i++)
		node_set(&a, n, arena_printf(&a, "k%02d", 19 - i), node_from_int(i));
	node_sort(n);
	assert_true(str_starts(
		str_c(text_of(&a, n)),
		S("{'':0,'B':0,'a10':0,'a9':0,'b':[{'y':{'a':0,'b':0},'z':1}],'k00':19,")));
	assert_int_equal(node_int(node_get(n, S("k07"))), 12);
	assert_int_equal(node_index(n, S("\u00e9")), 25);
}

static void test_bodies_made_at_once(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct node_pair pairs[40];

	(void)state;
	for (size_t n = 0; n <= N(pairs); n++) {
		for (size_t i = 0; i < n; i++)
			pairs[i] =
				(struct node_pair){ node_from_str(&a, arena_printf(&a, "k%zu", i)),
						    node_from_int((int64_t)i) };
		node map = node_map_of(&a, pairs, n);

		assert_int_equal(node_len(map), n);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(node_index(map, node_str(pairs[i].key)), i);
		node_set(&a, map, S("more"), node_null());
		assert_int_equal(node_index(map, S("more")), n);
	}
	node list = node_seq_of(&a, (const node[]){ node_lit("a"), node_lit("b") }, 2);

	node_append(&a, list, node_lit("c"));
	assert_string_equal(text_of(&a, list), "['a','b','c']");
	node_append(&a, node_seq_of(&a, NULL, 0), node_lit("c"));
}

static void test_words_for_kinds(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct node_anchor anchor = { S("x"), node_seq(&a, 0) };

	(void)state;
	assert_string_equal(node_kind_name(NODE_NOTHING), "null");
	assert_string_equal(node_kind_name(node_from_bool(false)), "bool");
	assert_string_equal(node_kind_name(node_from_uint(UINT64_MAX)), "number");
	assert_string_equal(node_kind_name(node_lit("")), "string");
	assert_string_equal(node_kind_name(node_map(&a, 0)), "object");
	assert_string_equal(node_kind_name((node){ .kind = NODE_ALIAS, .anchor = &anchor }),
			    "array");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts_of_any_length),
		cmocka_unit_test(test_numbers_as_other_kinds),
		cmocka_unit_test(test_kept_numbers_are_decoded),
		cmocka_unit_test(test_maps_do_what_arrays_do),
		cmocka_unit_test(test_repeated_keys_are_found_from_the_front),
		cmocka_unit_test(test_keys_of_all_kinds),
		cmocka_unit_test(test_ten_thousand_keys_that_are_lists),
		cmocka_unit_test(test_digging),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_notes_stay_with_their_entries),
		cmocka_unit_test(test_copies_share_nothing),
		cmocka_unit_test(test_aliases_of_copies_point_into_the_copy),
		cmocka_unit_test(test_an_anchor_inside_itself_is_copied),
		cmocka_unit_test(test_equality),
		cmocka_unit_test(test_sorting),
		cmocka_unit_test(test_bodies_made_at_once),
		cmocka_unit_test(test_words_for_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
