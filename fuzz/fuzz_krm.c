/* Objects with their comments, and the path or query of a field: that on the first
 * line, objects below. What is printed is read once more. */
#include "base/die.h"
#include "kustomize/krm.h"

enum { PRINT_MAX = 16 << 20 };

static void look(struct arena *a, const krm_docs *docs, str text)
{
	CLEANUP(buf_release) struct buf picture = BUF_LIMIT(PRINT_MAX);
	struct krm_tree_field field = { .in_item = S("field") };
	struct krm_query *query;
	krm_docs found = { 0 };
	err *e = krm_query_parse(a, text, false, &query);

	if (!e)
		e = krm_query_run(a, query, docs, &found);
	err_free(e);
	e = krm_parse_path(a, text, &field.path);
	if (!e) {
		const struct krm_tree tree = {
			.root = S("."), .fields = &field, .fields_n = 1,
			.structure = (enum krm_structure)(text.n % 3),
		};

		field.name = text;
		e = krm_tree(a, docs, &tree, &picture);
	}
	err_free(e);
}

static void check_again(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf again = BUF_LIMIT(PRINT_MAX);
	krm_docs docs = { 0 };

	err_free(krm_read_file(a, text, S("again.yaml"), &docs));
	if (docs.n)
		err_free(krm_print(a, &docs, &(struct krm_print){ 0 }, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf out = BUF_LIMIT(PRINT_MAX);
	const struct krm_print how = { .flow = size % 5 == 0, .wrap_kind = size % 7 ? STR_NONE : S("L") };
	struct arena a = ARENA_INIT;
	str text = str_of((const char *)data, size), line = STR_NONE;
	krm_docs docs = { 0 };

	a.budget = (size_t)1 << 30;
	str_line(&text, &line);
	err *e = krm_read_text(&a, text, &docs);

	if (!e)
		look(&a, &docs, line);
	if (!e)
		e = krm_check_marks(&docs);
	if (!e)
		e = krm_format(&a, &docs);
	if (!e && docs.n)
		e = krm_print(&a, &docs, &how, &out);
	if (!e)
		check_again(&a, arena_str(&a, buf_str(&out)));
	err_free(e);
	arena_release(&a);
	return 0;
}
