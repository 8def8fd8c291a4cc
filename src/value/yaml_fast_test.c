#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "value/json.h"
#include "value/yaml_twice.h"

static str read_golden(struct arena *a, const char *name)
{
	char path[4096];

	snprintf(path, sizeof path, "%s/yaml/%s", getenv("GOLDEN"), name);
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	assert_int_equal(fseek(f, 0, SEEK_END), 0);
	size_t n = (size_t)ftell(f);
	char *p = arena_alloc(a, n + 1);

	rewind(f);
	assert_int_equal(fread(p, 1, n, f), n);
	fclose(f);
	return (str){ p, n };
}

struct tally {
	size_t texts, taken, wrong;
};

static void compare(struct tally *t, str text)
{
	t->texts++;
	for (size_t i = 0; i < sizeof twice_options / sizeof *twice_options; i++) {
		const char *what;

		t->taken += twice_read(text, &twice_options[i], &what) > 0;
		if (what && t->wrong++ < 10)
			print_error("options %zu: %s:\n%.*s\n----\n", i, what, STR_ARG(text));
	}
}

static void test_recorded_texts_read_the_same_by_both_readers(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str all = read_golden(&a, "read.jsonl"), line;
	struct tally t = { 0 };

	(void)state;
	while (str_line(&all, &line)) {
		CLEANUP(arena_release) struct arena one = ARENA_INIT;
		node request;

		assert_null(json_read(&one, line, NULL, &request));
		compare(&t, node_str(node_get(request, S("text"))));
	}
	assert_int_equal(t.wrong, 0);
	assert_true(t.taken > t.texts / 2);
}

static uint32_t draw(uint32_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % below;
}

static const char *const tokens[] = {
	"a", "b: ", "c:\n", "- ", "-\n", "  ", "    ", " ", "\n", "\n  ", "\n    ", "\n\n", "\t", "#",
	" # c\n", "'x'", "'it''s'", "\"y\"", "\"\\n\\x41\"", "'", "\"", "[", "]", "{", "}", ", ", ",",
	":", ": ", "[]", "{}", "[1, b]", "{a: 1}", "{\"a\":1}", "|\n", "|-\n", ">\n", ">-\n", "|+\n",
	"|2\n", "x y", "long text", "1", "-1.5", "0x1f", "true", "yes", "~", "null", "2001-01-01",
	"---\n", "--- ", "...\n", "? ", "&a ", "*a", "!!str ", "<<", "k: v\n", "k: |\n  t\n   u\n",
	"\xc3\xa9", "\xe2\x80\xa8", "\r\n", ".inf", "1e3",
};

static void test_random_texts_read_the_same_by_both_readers(void **state)
{
	enum { TEXTS = 20000, TOKENS = 24 };
	struct tally t = { 0 };
	uint32_t random = 20240229;

	(void)state;
	for (int i = 0; i < TEXTS; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		for (uint32_t n = 1 + draw(&random, TOKENS); n; n--)
			buf_add(&b, str_c(tokens[draw(&random, sizeof tokens / sizeof *tokens)]));
		compare(&t, buf_str(&b));
	}
	assert_int_equal(t.wrong, 0);
	assert_true(t.taken > TEXTS / 20);
}

/* What the fast reader is for; giving up here would be slow, not wrong. */
static const char *const taken[] = {
	"a: 1\nb:\n  c: [x, \"y\", {z: 1}]\n  d: {}\n",
	"a: 1\nb:\n- x\n- k: z\n  w:\n    - deeper\n    -\n      - 1\nc: # comment\n  d: e # f\n",
	"# head\n---\na: |\n  text\n\n   more\nb: >-\n  folded\n  text\n\nc: |2\n   x\n",
	"a: 'it''s'\nb: \"esc\\taped\"\nc: \"over\n  lines\"\nd: plain\n  over lines\n\n  too\n",
	"list:\n- deep:\n    a: folded text\n      goes on\n    b: 'quoted\n\n      text'\n",
	"- - - a\n    - b\n  - c\n-   k: v\n    l: w\n",
	"{\"apiVersion\": \"v1\",\n  \"items\": [\n    {\"a\":1, \"b\": null},\n    true\n  ]\n}\n",
	"a: x\n---\n---\n# nothing\n---\nb: y",
	"\"quoted key\": v\n'another' : w\nkey with spaces: x\nurl: http://x:80/#y\n",
	"a: 1.0\nb: 0x10\nc: 1e3\nd: ~\ne: null\nf: yes\ng: 2001-01-01\nh: -\xc3\xa9\n",
};

static void test_plain_block_texts_are_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		for (size_t k = 0; k < 4; k++) {
			const char *what;

			if (!twice_read(str_c(taken[i]), &twice_options[k], &what))
				fail_msg("given up with options %zu:\n%s", k, taken[i]);
			assert_null(what);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded_texts_read_the_same_by_both_readers),
		cmocka_unit_test(test_random_texts_read_the_same_by_both_readers),
		cmocka_unit_test(test_plain_block_texts_are_taken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
