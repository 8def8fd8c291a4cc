#include "kustomize/fieldpath.h"

#include "base/buf.h"
#include "kustomize/scalar.h"
#include "text/number.h"
#include "text/quote.h"
#include "text/regex.h"
#include "value/yaml.h"

enum { PARTS_MAX = 256 };

/* ---- splitting --------------------------------------------------------- */

static void split_at_dots(struct arena *a, str path, fieldpath *out)
{
	char *text = arena_alloc(a, path.n + 1);
	size_t start = 0, n = 0;

	for (size_t i = 0; i < path.n && out->n < PARTS_MAX; i++) {
		if (path.p[i] == '\\' && i + 1 < path.n && path.p[i + 1] == '.') {
			text[n++] = '.';
			i++;
		} else if (path.p[i] == '.') {
			if (i)
				avec_push(a, out, str_of(text + start, n - start));
			start = n;
		} else {
			text[n++] = path.p[i];
		}
	}
	avec_push(a, out, str_of(text + start, n - start));
}

fieldpath fieldpath_split(struct arena *a, str path)
{
	fieldpath pieces = { 0 }, out = { 0 };

	split_at_dots(a, path, &pieces);
	for (size_t i = 0; i < pieces.n; i++) {
		str part = pieces.p[i];

		if (!str_starts(part, S("[")) || str_ends(part, S("]"))) {
			avec_push(a, &out, part);
			continue;
		}
		while (i + 1 < pieces.n && !str_ends(part, S("]")))
			part = arena_cat(a, part, S("."), pieces.p[++i]);
		if (!str_has(part, S("=")))
			part = str_trim_set(part, S("[]"));
		avec_push(a, &out, part);
	}
	return out;
}

/* ---- parts ------------------------------------------------------------- */

static bool is_selection(str part)
{
	return str_starts(part, S("[")) && str_ends(part, S("]")) && part.n > 1;
}

static bool is_number(str part, int64_t *out)
{
	err *e = number_parse_atoi(part, out);

	err_free(e);
	return !e;
}

static bool is_index(str part, int64_t *out)
{
	return is_number(part, out) && *out >= 0;
}

static err *split_selection(str part, str *name, str *value)
{
	if (str_split(str_sub(part, 1, part.n - 1), '=', name, value))
		return NULL;
	return err_new(ERR_INVALID,
		       "list path element must contain fieldName=fieldValue for element to match");
}

/* ---- reading one value ------------------------------------------------- */

static node *item_where(struct arena *a, node *list, str name, str value)
{
	node_each_item(i, *list) {
		if (!name.n && i->kind != NODE_MAP && i->kind != NODE_SEQ &&
		    str_eq(scalar_text(a, *i), value))
			return i;
		const node *field = name.n ? node_find(*i, name) : NULL;

		if (field && str_eq(scalar_text(a, *field), value))
			return i;
	}
	return NULL;
}

static err *step(struct arena *a, node *at, str part, node **out)
{
	int64_t i;
	str name, value;

	*out = NULL;
	if (is_number(part, &i) || str_eq(part, S("-"))) {
		if (str_eq(part, S("-")))
			i = (int64_t)node_len(*at) - 1;
		else if (i < 0)
			return err_new(ERR_INVALID, "array index %lld cannot be negative", (long long)i);
		if (at->kind != NODE_SEQ)
			return scalar_wrong_kind(*at, "SequenceNode");
		if (i >= 0 && i < (int64_t)node_len(*at))
			*out = &at->seq->items[i];
		return NULL;
	}
	if (str_eq(part, S("*")))
		return err_new(ERR_INVALID, "wildcard is not supported in PathGetter");
	if (is_selection(part)) {
		TRY(split_selection(part, &name, &value));
		if (at->kind != NODE_SEQ)
			return scalar_wrong_kind(*at, "SequenceNode");
		*out = item_where(a, at, name, value);
		return NULL;
	}
	if (at->kind != NODE_MAP)
		return scalar_wrong_kind(*at, "MappingNode");
	*out = node_find(*at, part);
	return NULL;
}

err *fieldpath_find(struct arena *a, node *at, const fieldpath *path, size_t n, node **out)
{
	*out = NULL;
	for (size_t i = 0; i < n; i++) {
		str part = str_trim(path->p[i]);

		if (!part.n)
			continue;
		if (node_is_nil(*at))
			return NULL;
		TRY(step(a, at, part, &at));
		if (!at)
			return NULL;
	}
	*out = at;
	return NULL;
}

err *fieldpath_get(struct arena *a, node at, const fieldpath *path, node *out)
{
	node *found;

	TRY(fieldpath_find(a, &at, path, path->n, &found));
	*out = found ? *found : NODE_NOTHING;
	return NULL;
}

/* ---- matching many ----------------------------------------------------- */

struct matcher {
	struct arena *a;
	const fieldpath *path;
	enum node_kind make;
	fieldpath_slots *out;
	bool inside;
};

static err *match(struct matcher *m, node *at, size_t i);

/* What has to stand before the next part. */
static node made(struct matcher *m, size_t next)
{
	int64_t index;
	enum node_kind kind = m->make;

	if (next < m->path->n && m->path->p[next].n)
		kind = is_selection(m->path->p[next]) || is_index(m->path->p[next], &index) ? NODE_SEQ
											    : NODE_MAP;
	if (kind == NODE_MAP)
		return node_map(m->a, 0);
	if (kind == NODE_SEQ)
		return node_seq(m->a, 0);
	node n = node_from_str(m->a, STR_NONE);

	n.type = FIELDPATH_UNTAGGED;
	return n;
}

/* A text may hold YAML or JSON of its own; here it is only looked into. */
static err *match_text(struct matcher *m, node *at, size_t i)
{
	node *inner = arena_new(m->a, node);

	m->inside = true;
	TRY(yaml_read(m->a, scalar_text(m->a, *at), YAML_V3, inner));
	return match(m, inner, i);
}

static err *match_field(struct matcher *m, node *at, size_t i)
{
	if (node_is_nil(*at) && at->kind == NODE_NONE)
		return NULL;
	if (at->kind != NODE_MAP && at->kind != NODE_NULL)
		return scalar_wrong_kind(*at, "MappingNode");
	node *field = node_find(*at, m->path->p[i]);

	if (!field && m->make == NODE_NONE)
		return NULL;
	if (!field) {
		if (at->kind == NODE_NULL)
			*at = node_map(m->a, 1);
		node_set(m->a, *at, m->path->p[i], made(m, i + 1));
		field = node_find(*at, m->path->p[i]);
	}
	if (field->kind != NODE_MAP && field->kind != NODE_SEQ && i + 1 < m->path->n &&
	    field->kind != NODE_NULL)
		return match_text(m, field, i + 1);
	return match(m, field, i + 1);
}

static err *match_index(struct matcher *m, node *at, size_t i, int64_t index)
{
	if (at->kind != NODE_SEQ)
		return scalar_wrong_kind(*at, "SequenceNode");
	if (index == (int64_t)node_len(*at) && m->make != NODE_NONE)
		node_append(m->a, *at, made(m, i + 1));
	if (index >= (int64_t)node_len(*at))
		return err_new(ERR_NOT_FOUND, "index %lld specified but only %zu elements found",
			       (long long)index, node_len(*at));
	return match(m, &at->seq->items[index], i + 1);
}

/* The value as it would be printed, for the expression to look at. */
static str printed(struct arena *a, node n)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	err_free(yaml_write(&text, n, YAML_WRITE_KYAML));
	return arena_str(a, str_trim(buf_str(&text)));
}

static err *match_where(struct matcher *m, node *at, size_t i)
{
	const struct regex *re;
	str name, value;

	TRY(split_selection(m->path->p[i], &name, &value));
	if (at->kind != NODE_SEQ)
		return scalar_wrong_kind(*at, "SequenceNode");
	for (bool again = true; again;) {
		size_t before = m->out->n;

		again = false;
		if (node_len(*at))
			TRY(regex_compile(m->a, value, &re));
		node_each_item(item, *at) {
			const node *field = name.n ? node_find(*item, name) : item;

			if (!field || !regex_test(re, printed(m->a, *field)))
				continue;
			if (name.n)
				TRY(match(m, item, i + 1));
			else
				avec_push(m->a, m->out, item);
		}
		if (m->make == NODE_NONE || m->out->n > before)
			break;
		node key = scalar_untagged(m->a, NODE_NOTHING, value);

		if (name.n) {
			node made_item = node_map(m->a, 1);

			node_set(m->a, made_item, name, key);
			key = made_item;
		}
		node_append(m->a, *at, key);
		/* An expression that does not match its own text would go on for ever. */
		TRY(regex_compile(m->a, value, &re));
		again = regex_test(re, printed(m->a, name.n ? node_get(key, name) : key));
	}
	return NULL;
}

static err *match(struct matcher *m, node *at, size_t i)
{
	int64_t index;

	if (i == m->path->n) {
		avec_push(m->a, m->out, at);
		return NULL;
	}
	str part = m->path->p[i];

	if (is_index(part, &index))
		return match_index(m, at, i, index);
	if (is_selection(part))
		return match_where(m, at, i);
	if (str_eq(part, S("*"))) {
		if (at->kind != NODE_SEQ)
			return scalar_wrong_kind(*at, "SequenceNode");
		node_each_item(item, *at)
			TRY(match(m, item, i + 1));
		return NULL;
	}
	return match_field(m, at, i);
}

err *fieldpath_match(struct arena *a, node *at, const fieldpath *path, size_t from,
		     enum node_kind make, fieldpath_slots *out, bool *inside)
{
	struct matcher m = { .a = a, .path = path, .make = make, .out = out };
	err *e = match(&m, at, from);

	*inside = m.inside;
	return e;
}
