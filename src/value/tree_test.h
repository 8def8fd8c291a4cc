/* tree_test - trees for the tests of this layer, written as JSON. */
#ifndef VALUE_TREE_TEST_H
#define VALUE_TREE_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/die.h"
#include "base/utf8.h"
#include "value/json.h"

#define N(table) (sizeof(table) / sizeof *(table))

/* The tree of a JSON text that is right; single quotes stand for double ones. */
static inline node tree(struct arena *a, const char *text)
{
	str copy = arena_str(a, str_c(text));
	node n = NODE_NOTHING;

	for (char *p = (char *)copy.p; *p; p++)
		if (*p == '\'')
			*p = '"';
	err *e = json_read(a, copy, NULL, &n);

	if (e)
		fail_msg("%s: %s", text, err_msg(e));
	return n;
}

/* The tree as JSON, keys in their own order, single quotes for double ones. */
static inline const char *text_of(struct arena *a, node n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = json_write(&b, n, &(const struct json_style){ .raw_html = true, .source_order = true });

	if (e)
		fail_msg("%s", err_msg(e));
	for (size_t i = 0; i < b.n; i++)
		if (b.p[i] == '"')
			b.p[i] = '\'';
	return arena_str(a, buf_str(&b)).p;
}

/* `depth` lists or maps ("k" or "k0" and on) around a 1. */
static inline node deep_tree(struct arena *a, size_t depth, bool maps)
{
	node n = node_from_int(1);

	for (size_t i = 0; i < depth; i++) {
		node outer = maps ? node_map(a, 1) : node_seq(a, 1);

		if (maps)
			node_set(a, outer, S("k"), n);
		else
			node_append(a, outer, n);
		n = outer;
	}
	return n;
}

#endif
