/* What the recorded output (tests/e2e/kustomize_cfg.sh) cannot show: inputs that
 * are made to be no good. */
#include "kustomize/krm.h"
#include "kustomize/memory_test.h"

static err *draw(struct arena *a, str text, const char *field, struct buf *out)
{
	struct krm_tree_field one = { .name = str_c(field) };
	const struct krm_tree tree = { .root = S("."), .fields = &one, .fields_n = *field != 0 };
	krm_docs docs = { 0 };

	TRY(krm_parse_path(a, str_c(field), &one.path));
	TRY(krm_read_text(a, text, &docs));
	return krm_tree(a, &docs, &tree, out);
}

/* Objects in directories whose names begin each other's. */
static void test_deep_directories(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, out = BUF_INIT, name = BUF_INIT;
	struct arena a = ARENA_INIT;

	(void)state;
	for (int i = 0; i < 1200; i++) {
		buf_addc(&name, 'd');
		buf_addf(&text, "---\nkind: A\nmetadata: {annotations: {config.kubernetes.io/path: %s/f}}\n",
			 buf_c(&name));
	}
	assert_says(draw(&a, buf_str(&text), "", &out), "the tree is deeper than 1000 levels");
	arena_release(&a);
}

/* Each of forty objects stands twice in the input: 2^40 ways to the last. */
static void test_owners_twice(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT, out = BUF_INIT;
	struct arena a = ARENA_INIT;

	(void)state;
	buf_add(&text, S("kind: A\nmetadata: {name: a0}\n"));
	for (int i = 1; i < 40; i++)
		for (int k = 0; k < 2; k++)
			buf_addf(&text,
				 "---\nkind: A\nmetadata: {name: a%d, ownerReferences: [{kind: A, name: "
				 "a%d}]}\n",
				 i, i - 1);
	assert_says(draw(&a, buf_str(&text), "", &out), "the tree has more than 1000000 branches");
	arena_release(&a);
}

/* Objects that own each other belong to no root, and nothing is drawn. */
static void test_owners_in_a_circle(void **state)
{
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct arena a = ARENA_INIT;

	(void)state;
	assert_fine(draw(&a,
			 S("kind: A\nmetadata: {name: a, ownerReferences: [{kind: A, name: b}]}\n---\n"
			   "kind: A\nmetadata: {name: b, ownerReferences: [{kind: A, name: a}]}\n"),
			 "", &out));
	assert_string_equal(buf_c(&out), ".\n");
	arena_release(&a);
}

/* A text inside a text inside a text: each is read when the path goes on. */
static void test_texts_in_texts(void **state)
{
	static const struct {
		const char *path, *text, *error;
	} cases[] = {
		{ "a.b.c", "kind: A\na: \"b: 'c: d'\"\n", NULL },
		{ "a.b", "kind: A\na: 'b: ['\n", "yaml: line 1: did not find" },
		{ "a.b", "kind: A\na: ''\n", "wrong node kind: expected MappingNode but got : node" },
		{ "a.99999999999999999999", "kind: A\na: [1]\n", "expected MappingNode but got SequenceNode" },
		{ "a.7", "kind: A\na: [1]\n", "index 7 specified but only 1 elements found" },
		{ "a[b]", "kind: A\na: [1]\n", "list path element must contain fieldName=fieldValue" },
		{ "a[b=(].c", "kind: A\na: [{b: 1}]\n", "missing closing ): `(`" },
		{ "a[[", "kind: A\n", "unrecognized path element: a[[." },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		CLEANUP(buf_release) struct buf out = BUF_INIT;
		struct arena a = ARENA_INIT;
		err *e = draw(&a, str_c(cases[i].text), cases[i].path, &out);

		if (cases[i].error)
			assert_says(e, cases[i].error);
		else
			assert_fine(e);
		if (!e)
			assert_string_equal(buf_c(&out), ".\n└── [.]  A \n    └── a.b.c: d\n");
		arena_release(&a);
	}
}

static void test_memory(void **state)
{
	CLEANUP(buf_release) struct buf text = BUF_LIMIT(32 << 20);
	struct arena a = ARENA_INIT;
	krm_docs docs = { 0 };

	(void)state;
	while (text.n < 1 << 20)
		buf_add(&text, S("---\nkind: A\nmetadata: {name: a}\n"));
	a.budget = 4 << 20;
	assert_says(krm_read_text(&a, buf_str(&text), &docs), "kustomize cfg");
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_deep_directories),
		cmocka_unit_test(test_owners_twice),
		cmocka_unit_test(test_owners_in_a_circle),
		cmocka_unit_test(test_texts_in_texts),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
