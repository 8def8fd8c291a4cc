/* Values by their paths, and objects by their values. */
#include "kustomize/krm_impl.h"
#include "text/number.h"
#include "text/quantity.h"
#include "text/regex.h"

/* ---- paths ------------------------------------------------------------- */

/* The text up to a dot that is none of a name. */
static bool cut_step(struct arena *a, str *rest, str *step)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t i = 0;

	if (!rest->p)
		return false;
	for (; i < rest->n && rest->p[i] != '.'; i++)
		if (rest->p[i] == '\\' && i + 1 < rest->n && rest->p[i + 1] == '.')
			buf_addc(&b, rest->p[++i]);
		else
			buf_addc(&b, rest->p[i]);
	*step = arena_str(a, buf_str(&b));
	*rest = i < rest->n ? str_from(*rest, i + 1) : STR_NONE;
	return true;
}

err *krm_parse_path(struct arena *a, str path, krm_steps *out)
{
	str rest = { path.p ? path.p : "", path.n }, step;

	while (cut_step(a, &rest, &step)) {
		size_t at = str_find_char(step, '[');

		if (str_count_char(step, '[') > 1)
			return err_new(ERR_INVALID,
				       "unrecognized path element: %.*s.  Should be of the form "
				       "'list[field=value]'",
				       STR_ARG(step));
		avec_push(a, out, str_sub(step, 0, at));
		if (at != STR_NPOS)
			avec_push(a, out, str_from(step, at));
	}
	return NULL;
}

/* ---- finding ----------------------------------------------------------- */

struct finder {
	struct arena *a;
	const krm_steps *path;
	const struct regex **items;	/* of the step's items, made when first asked */
	krm_matches *out;
};

static err *find(struct finder *f, const struct yaml_doc *at, size_t step);

static struct yaml_doc item_at(node list, size_t i)
{
	return (struct yaml_doc){ .root = node_at(list, i), .note = node_note(list, i) };
}

static struct yaml_doc field_at(node map, str name)
{
	size_t i = node_index(map, name);

	if (i == STR_NPOS)
		return (struct yaml_doc){ 0 };
	return (struct yaml_doc){ .root = map.map->pairs[i].value, .note = node_note(map, 2 * i + 1) };
}

/* What was found from `first` on lies in a list item that `key` found. */
static void add_key(struct finder *f, size_t first, str key)
{
	for (size_t i = first; key.n && i < f->out->n; i++) {
		str *have = &f->out->p[i].key;

		*have = have->n ? arena_cat(f->a, *have, S("/"), key) : key;
	}
}

static err *text_of(struct finder *f, const struct yaml_doc *at, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(16 << 20);

	TRY(yaml_write_doc(&b, at, YAML_WRITE_KYAML));
	*out = arena_str(f->a, str_trim(buf_str(&b)));
	return NULL;
}

static err *item_pattern(struct finder *f, size_t step, str text, const struct regex **out)
{
	if (!f->items[step])
		TRY(regex_compile(f->a, text, &f->items[step]));
	*out = f->items[step];
	return NULL;
}

/* "[name=REGEX]" or "[=REGEX]". */
static err *find_items(struct finder *f, const struct yaml_doc *at, size_t step)
{
	str name, pattern, text, part = f->path->p[step];
	const struct regex *re;

	if (!str_split(str_sub(part, 1, part.n - 1), '=', &name, &pattern))
		return err_new(ERR_INVALID,
			       "list path element must contain fieldName=fieldValue for element to match");
	if (!node_is_nil(at->root) && at->root.kind != NODE_SEQ)
		return krm_wrong_kind(at, "SequenceNode");
	for (size_t i = 0; i < node_len(at->root); i++) {
		struct yaml_doc item = item_at(at->root, i);
		struct yaml_doc value = name.n ? field_at(item.root, name) : item;
		size_t first = f->out->n;

		TRY(item_pattern(f, step, pattern, &re));
		if (value.root.kind == NODE_NONE)
			continue;
		TRY(text_of(f, &value, &text));
		if (!regex_test(re, text))
			continue;
		if (name.n) {
			TRY(find(f, &item, step + 1));
			add_key(f, first, text);
		} else {
			avec_push(f->a, f->out, (struct krm_match){ .at = item });
		}
	}
	return NULL;
}

static err *find_all(struct finder *f, const struct yaml_doc *at, size_t step)
{
	if (!node_is_nil(at->root) && at->root.kind != NODE_SEQ)
		return krm_wrong_kind(at, "SequenceNode");
	for (size_t i = 0; i < node_len(at->root); i++) {
		struct yaml_doc item = item_at(at->root, i);
		size_t first = f->out->n;

		TRY(find(f, &item, step + 1));
		add_key(f, first, S("*"));
	}
	return NULL;
}

static err *find_index(struct finder *f, const struct yaml_doc *at, size_t step, uint64_t index)
{
	if (!node_is_nil(at->root) && at->root.kind != NODE_SEQ)
		return krm_wrong_kind(at, "SequenceNode");
	if (index >= node_len(at->root))
		return err_new(ERR_INVALID, "index %llu specified but only %zu elements found",
			       (unsigned long long)index, node_len(at->root));
	struct yaml_doc item = item_at(at->root, index);

	return find(f, &item, step + 1);
}

/* The text of a scalar is YAML itself: annotations of tools hold some. */
static err *find_inside(struct finder *f, node scalar, size_t step)
{
	str text = node_text(f->a, scalar);
	struct yaml_doc *docs, none = { 0 };
	size_t n;

	TRY(yaml_read_all(f->a, text, YAML_KEEP, &docs, &n));
	return find(f, n && text.n ? &docs[0] : &none, step);
}

static err *find_field(struct finder *f, const struct yaml_doc *at, size_t step)
{
	if (at->root.kind == NODE_NULL)
		return NULL;
	/* The field without a name of a text is the text, if it is empty. */
	if (!f->path->p[step].n) {
		if (at->root.kind >= NODE_SEQ || at->root.kind == NODE_NONE)
			return krm_wrong_kind(at, "ScalarNode");
		return node_str(at->root).n ? NULL : find(f, at, step + 1);
	}
	if (at->root.kind != NODE_MAP)
		return krm_wrong_kind(at, "MappingNode");
	struct yaml_doc value = field_at(at->root, f->path->p[step]);

	if (value.root.kind == NODE_NONE)
		return NULL;
	if (step + 1 < f->path->n && value.root.kind < NODE_SEQ && value.root.kind != NODE_NULL)
		return find_inside(f, value.root, step + 1);
	return find(f, &value, step + 1);
}

static err *find(struct finder *f, const struct yaml_doc *at, size_t step)
{
	uint64_t index;

	if (step == f->path->n) {
		avec_push(f->a, f->out, (struct krm_match){ .at = *at });
		return arena_check(f->a, "kustomize cfg");
	}
	str part = f->path->p[step];

	if (str_to_u64(part, &index))
		return find_index(f, at, step, index);
	if (str_starts(part, S("[")) && str_ends(part, S("]")))
		return find_items(f, at, step);
	if (str_eq(part, S("*")))
		return find_all(f, at, step);
	return find_field(f, at, step);
}

err *krm_find(struct arena *a, const struct yaml_doc *doc, const krm_steps *path, krm_matches *out)
{
	struct finder f = {
		.a = a, .path = path, .items = arena_array(a, const struct regex *, path->n), .out = out,
	};

	return find(&f, doc, 0);
}

/* ---- queries ----------------------------------------------------------- */

enum comparison { MATCHES, AT_LEAST, AT_MOST, ABOVE, BELOW };

/* In the order in which a query is searched for them. */
static const struct {
	str sign;
	enum comparison how;
} signs[] = {
	{ S(">="), AT_LEAST }, { S("<="), AT_MOST }, { S(">"), ABOVE }, { S("<"), BELOW },
	{ S("="), MATCHES },
};

struct krm_query {
	krm_steps path;
	enum comparison how;
	str value;
	bool invert;
	const struct regex *pattern;
};

static err *split_comparison(str *last, struct krm_query *q)
{
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
		size_t at = str_find(*last, signs[i].sign);

		if (at == STR_NPOS)
			continue;
		q->how = signs[i].how;
		q->value = str_from(*last, at + signs[i].sign.n);
		if (str_has(q->value, signs[i].sign))
			return err_new(ERR_INVALID,
				       "ambiguous match -- multiple of ['<', '>', '<=', '>=', '=' in final "
				       "path element: %.*s",
				       STR_ARG(*last));
		*last = str_sub(*last, 0, at);
		return NULL;
	}
	return NULL;
}

err *krm_query_parse(struct arena *a, str text, bool invert, struct krm_query **out)
{
	struct krm_query *q = arena_new(a, struct krm_query);

	q->invert = invert;
	TRY(krm_parse_path(a, text, &q->path));
	TRY(split_comparison(&q->path.p[q->path.n - 1], q));
	*out = q;
	return NULL;
}

static err *compare(struct arena *a, const struct krm_query *q, str text, bool *found)
{
	struct quantity one, two;
	err *e = quantity_parse(a, text, &one);

	if (e)
		return err_wrap(e, "%.*s", STR_ARG(text));
	TRY(quantity_parse(a, q->value, &two));
	int order = quantity_cmp(&one, &two);

	*found |= (q->how == AT_LEAST && order >= 0) || (q->how == AT_MOST && order <= 0) ||
		  (q->how == ABOVE && order > 0) || (q->how == BELOW && order < 0);
	return NULL;
}

static err *test(struct arena *a, const struct krm_query *q, const struct regex *re,
		 const struct krm_match *m, bool *found)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str text;

	if (q->how != MATCHES) {
		text = node_text(a, m->at.root);
		return text.n ? compare(a, q, text, found) : NULL;
	}
	TRY(krm_flow_text(a, &m->at, &text));
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '"')
			buf_addc(&b, text.p[i]);
	*found |= regex_test(re, str_trim(buf_str(&b)));
	return NULL;
}

err *krm_query_run(struct arena *a, const struct krm_query *q, const krm_docs *docs, krm_docs *out)
{
	const struct regex *re = NULL;

	if (q->how == MATCHES)
		TRY(regex_compile(a, q->value, &re));
	for (size_t i = 0; i < docs->n; i++) {
		krm_matches matches = { 0 };
		bool found = false;

		TRY(krm_find(a, &docs->p[i], &q->path, &matches));
		for (size_t k = 0; k < matches.n; k++)
			TRY(test(a, q, re, &matches.p[k], &found));
		if (found != q->invert)
			avec_push(a, out, docs->p[i]);
	}
	return NULL;
}
