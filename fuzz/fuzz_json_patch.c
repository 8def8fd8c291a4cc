/* A document, a NUL, and a patch. */
#include "base/die.h"
#include "value/diff.h"
#include "value/json.h"
#include "value/patch.h"
#include "value/pointer.h"

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			die_bug("%s", #condition); \
	} while (0)

static bool failed(err *e)
{
	err_free(e);
	return e != NULL;
}

static bool reads(struct arena *a, str text, node *out)
{
	return !failed(json_read(a, text, &(const struct json_options){
				 .numbers = JSON_NUMBERS_TEXT }, out));
}

static void patch_texts(struct arena *a, str doc, str patch)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct patch_options o = { .copy_limit = 1 << 16 };
	node n;

	if (!failed(patch_json_text(&b, doc, patch, &o)))
		CHECK(!doc.n || reads(a, buf_str(&b), &n));
}

/* Texts and trees merge alike. */
static void merge_texts(struct arena *a, str doc, str patch, node doc_tree, node patch_tree)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node on_text, on_tree;
	bool bad_text = failed(patch_merge_text(&b, doc, patch, NULL));
	bool bad_tree = failed(patch_merge(a, doc_tree, patch_tree, &on_tree));

	CHECK(bad_text == bad_tree);
	if (bad_text)
		return;
	CHECK(reads(a, buf_str(&b), &on_text));
	CHECK(node_equal(on_text, on_tree));
}

static void compare_trees(struct arena *a, node doc, node other)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(1 << 20);
	struct diff d = diff_trees(a, doc, other, NULL);
	node out;

	CHECK((d.n == 0) == node_equal(doc, other));
	diff_write(&b, &d, NULL);
	if (doc.kind != NODE_MAP || other.kind != NODE_MAP)
		return;
	CHECK(!patch_merge(a, doc, patch_create(a, doc, other), &out));
	CHECK(node_len(patch_create(a, doc, doc)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct patch_options o = { .copy_limit = 1 << 16 };
	str doc, patch;
	node doc_tree, patch_tree, out;
	struct pointer at;

	str_split(str_of((const char *)data, size), 0, &doc, &patch);
	patch_texts(&a, doc, patch);
	if (!reads(&a, doc, &doc_tree))
		return 0;
	if (!failed(pointer_parse(&a, patch, &at))) {
		CHECK(failed(pointer_get(doc_tree, at, NULL, &out)) ==
		      !pointer_find(&doc_tree, at));
		pointer_print(&b, at, STR_NPOS);
		CHECK(str_eq(buf_str(&b), patch));
	}
	if (!reads(&a, patch, &patch_tree))
		return 0;
	merge_texts(&a, doc, patch, doc_tree, patch_tree);
	compare_trees(&a, doc_tree, patch_tree);
	if (!failed(patch_json(&a, doc_tree, patch_tree, &o, &out)))
		CHECK(!json_write(&b, out, NULL));
	return 0;
}
