#include "server/labelsel.h"

#include <stdlib.h>

#include "base/buf.h"
#include "text/names.h"

#define TEXT(of) node_str_or((of), STR_NONE)

static const struct {
	str word;
	enum selector_op op;
} operators[] = {
	{ S("In"), SELECTOR_IN },
	{ S("NotIn"), SELECTOR_NOT_IN },
	{ S("Exists"), SELECTOR_EXISTS },
	{ S("DoesNotExist"), SELECTOR_ABSENT },
};

static bool read_values(struct arena *a, node from, struct requirement *r)
{
	str *values = arena_array(a, str, node_len(from));

	for (size_t i = 0; i < node_len(from); i++) {
		values[i] = TEXT(node_at(from, i));
		if (!name_check(values[i], NAME_LABEL_VALUE, NULL))
			return false;
	}
	r->values = values;
	r->values_n = node_len(from);
	return true;
}

static bool read_expression(struct arena *a, node from, struct requirement *r)
{
	str word = TEXT(node_get(from, S("operator")));

	r->key = TEXT(node_get(from, S("key")));
	if (!name_check(r->key, NAME_QUALIFIED, NULL) ||
	    !read_values(a, node_get(from, S("values")), r))
		return false;
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
		if (!str_eq(operators[i].word, word))
			continue;
		r->op = operators[i].op;
		bool wants = r->op == SELECTOR_IN || r->op == SELECTOR_NOT_IN;

		return wants == (r->values_n > 0);
	}
	return false;
}

static bool read_label(struct arena *a, const struct node_pair *p, struct requirement *r)
{
	str *value = arena_new(a, str);

	*value = TEXT(p->value);
	*r = (struct requirement){ node_str(p->key), SELECTOR_IN, value, 1 };
	return name_check(r->key, NAME_QUALIFIED, NULL) &&
	       name_check(*value, NAME_LABEL_VALUE, NULL);
}

bool labelsel_read(struct arena *a, node from, struct selector *out)
{
	node labels = node_get(from, S("matchLabels"));
	node expressions = node_get(from, S("matchExpressions"));
	struct requirement *list =
		arena_array(a, struct requirement, node_len(labels) + node_len(expressions));
	size_t n = 0;

	node_each_pair(p, labels)
		if (!read_label(a, p, &list[n++]))
			return false;
	node_each_item(e, expressions)
		if (!read_expression(a, *e, &list[n++]))
			return false;
	*out = (struct selector){ list, n };
	return true;
}

bool labelsel_matches(struct arena *a, node selector, node labels)
{
	struct selector s;

	return !node_is_nil(selector) && labelsel_read(a, selector, &s) &&
	       selector_matches(&s, labels);
}

/* ---- as text ------------------------------------------------------------ */

static int by_key(const void *x, const void *y)
{
	return str_cmp(((const struct requirement *)x)->key, ((const struct requirement *)y)->key);
}

static int by_bytes(const void *x, const void *y)
{
	return str_cmp(*(const str *)x, *(const str *)y);
}

static void add_values(struct arena *a, struct buf *b, const struct requirement *r)
{
	str *sorted = arena_array(a, str, r->values_n);

	memcpy(sorted, r->values, r->values_n * sizeof *sorted);
	qsort(sorted, r->values_n, sizeof *sorted, by_bytes);
	buf_add(b, r->op == SELECTOR_IN ? S(" in (") : S(" notin ("));
	for (size_t i = 0; i < r->values_n; i++) {
		buf_add(b, i ? S(",") : STR_NONE);
		buf_add(b, sorted[i]);
	}
	buf_addc(b, ')');
}

static void add_requirement(struct arena *a, struct buf *b, const struct requirement *r, bool label)
{
	buf_add(b, b->n ? S(",") : STR_NONE);
	if (r->op == SELECTOR_ABSENT)
		buf_addc(b, '!');
	buf_add(b, r->key);
	if (label) {
		buf_addc(b, '=');
		buf_add(b, r->values[0]);
	} else if (r->values_n) {
		add_values(a, b, r);
	}
}

bool labelsel_text(struct arena *a, node selector, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t labels_n = node_len(node_get(selector, S("matchLabels")));
	struct selector s;

	if (!labelsel_read(a, selector, &s))
		return false;
	struct requirement *labels = arena_array(a, struct requirement, s.n);
	struct requirement *others = labels + labels_n;
	size_t others_n = s.n - labels_n, i = 0, j = 0;

	if (s.n)
		memcpy(labels, s.list, s.n * sizeof *labels);
	qsort(labels, labels_n, sizeof *labels, by_key);
	qsort(others, others_n, sizeof *others, by_key);
	while (i < labels_n || j < others_n) {
		bool label = j == others_n ||
			     (i < labels_n && str_cmp(labels[i].key, others[j].key) <= 0);

		add_requirement(a, &b, label ? &labels[i++] : &others[j++], label);
	}
	*out = arena_str(a, buf_str(&b));
	return true;
}

str labelsel_labels(struct arena *a, node labels)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str *pairs = arena_array(a, str, node_len(labels));
	size_t n = 0;

	node_each_pair(p, labels)
		pairs[n++] = arena_cat(a, node_str(p->key), S("="), TEXT(p->value));
	qsort(pairs, n, sizeof *pairs, by_bytes);
	return arena_join(a, pairs, n, S(","));
}
