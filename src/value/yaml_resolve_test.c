#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "value/json.h"
#include "value/yaml.h"

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

static const char *kind_word(node n)
{
	static const char *const kinds[] = {
		[NODE_NULL] = "null", [NODE_BOOL] = "bool", [NODE_INT] = "int", [NODE_UINT] = "int",
		[NODE_FLOAT] = "float", [NODE_STR] = "str", [NODE_TIME] = "timestamp",
	};

	return kinds[n.kind];
}

/* As the recorded answers write a value; floats by their bits. */
static void print_value(char to[64], node n)
{
	uint64_t bits;

	switch (n.kind) {
	case NODE_NULL:
		snprintf(to, 64, "null");
		return;
	case NODE_BOOL:
		snprintf(to, 64, "%s", n.b ? "true" : "false");
		return;
	case NODE_INT:
		snprintf(to, 64, "%lld", (long long)n.i);
		return;
	case NODE_UINT:
		snprintf(to, 64, "%llu", (unsigned long long)n.u);
		return;
	case NODE_FLOAT:
		memcpy(&bits, &n.f, sizeof bits);
		if (isnan(n.f))
			snprintf(to, 64, "nan");
		else
			snprintf(to, 64, "%016llx", (unsigned long long)bits);
		return;
	default:
		snprintf(to, 64, "%s", n.kind == NODE_TIME ? "time" : "text");
	}
}

static int compare(struct arena *a, str text, enum yaml_rules rules, str want_kind, str want)
{
	node n = yaml_resolve(a, text, rules, YAML_NUMBERS_EXACT);
	char got[64];

	print_value(got, n);
	if (str_eq(str_c(kind_word(n)), want_kind) && str_eq(str_c(got), want))
		return 0;
	print_error("'%.*s' under 1.%d: %s %s, want %.*s %.*s\n", STR_ARG(text),
		    rules == YAML_1_1 ? 1 : 2, kind_word(n), got, STR_ARG(want_kind),
		    STR_ARG(want));
	return 1;
}

static void test_plain_scalars_mean_what_go_yaml_says(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str all = read_golden(&a, "resolve.jsonl"), line;
	int wrong = 0, n = 0;

	(void)state;
	for (; str_line(&all, &line); n++) {
		node row;

		assert_null(json_read(&a, line, NULL, &row));
		str text = node_str(node_at(row, 0));

		wrong += compare(&a, text, YAML_1_1, node_str(node_at(row, 1)),
				 node_str(node_at(row, 2)));
		wrong += compare(&a, text, YAML_1_2, node_str(node_at(row, 3)),
				 node_str(node_at(row, 4)));
	}
	assert_int_equal(wrong, 0);
	assert_true(n > 5000);
}

static void test_numbers_as_float_or_as_text(void **state)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n = yaml_resolve(&a, S("0x10"), YAML_1_2, YAML_NUMBERS_FLOAT);

	(void)state;
	assert_int_equal(n.kind, NODE_FLOAT);
	assert_true(n.f == 16);
	n = yaml_resolve(&a, S("0x10"), YAML_1_2, YAML_NUMBERS_TEXT);
	assert_int_equal(n.kind, NODE_INT);
	assert_true(str_eq(node_str(n), S("0x10")));
	assert_int_equal(node_int(n), 16);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_scalars_mean_what_go_yaml_says),
		cmocka_unit_test(test_numbers_as_float_or_as_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
