#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/csv.h"
#include "value/json.h"

/* One text as recorded from encoding/csv; gives whether it reads otherwise. */
static bool check_line(str line)
{
	struct arena a = ARENA_INIT;
	struct csv_fields got = { 0 };
	node want;

	assert_null(json_read(&a, line, NULL, &want));
	node fields = node_get(want, S("fields"));
	CLEANUP(err_drop) err *e = csv_read(&a, node_str(node_get(want, S("text"))), &got);
	bool same = e ? str_eq(err_text(e), node_str(node_get(want, S("error"))))
		      : node_is(fields, NODE_SEQ) && got.n == node_len(fields);

	for (size_t i = 0; !e && same && i < got.n; i++)
		same = str_eq(got.p[i], node_str(node_at(fields, i)));
	if (!same)
		print_error("%.*s\n got %s\n", STR_ARG(line), e ? err_msg(e) : "other fields");
	arena_release(&a);
	return !same;
}

static void test_records_read_as_in_go(void **state)
{
	char path[4096], *line = NULL;
	size_t failed = 0, count = 0, room = 0;
	ssize_t n;

	(void)state;
	snprintf(path, sizeof path, "%s/cli/csv.jsonl", getenv("GOLDEN"));
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	for (; (n = getline(&line, &room, file)) > 0; count++)
		failed += check_line(str_of(line, (size_t)n));
	free(line);
	fclose(file);
	assert_true(count > 1000);
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_read_as_in_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
