#include "value/fieldpath.h"

#include "base/vec.h"
#include "text/number.h"
#include "text/quote.h"
#include "text/regex.h"
#include "value/yaml.h"

/* What a message shows of a node is cut here. */
enum { SHOWN_MAX = 64 << 10 };

/* ---- parsing ---------------------------------------------------------- */

struct part {
	str text;
	size_t at;
};

typedef VEC(struct part) parts;

/* Split at the dots that no backslash is before. */
static void split(struct arena *a, str text, parts *out)
{
	size_t at = str_starts(text, S("."));	/* one at the very front says nothing */
	bool more = true;

	for (str rest = str_from(text, at); more;) {
		struct part *last = out->n ? &out->p[out->n - 1] : NULL;
		str piece;

		more = str_split(rest, '.', &piece, &rest);
		if (last && str_ends(last->text, S("\\"))) {
			last->text.n--;
			last->text = arena_cat(a, last->text, S("."), piece);
		} else {
			avec_push(a, out, (struct part){ piece, at });
		}
		at += piece.n + 1;
	}
}

/* Put together what brackets hold: "[a", "b]" is "[a.b]". */
static void join(struct arena *a, parts *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct part p = list->p[i];

		if (str_starts(p.text, S("[")) && !str_ends(p.text, S("]"))) {
			VEC(str) pieces = { 0 };

			avec_push(a, &pieces, p.text);
			while (i + 1 < list->n) {
				avec_push(a, &pieces, list->p[++i].text);
				if (str_ends(list->p[i].text, S("]")))
					break;
			}
			p.text = arena_join(a, pieces.p, pieces.n, S("."));
			if (str_find_char(p.text, '=') == STR_NPOS)
				p.text = str_trim_set(p.text, S("[]"));
		}
		list->p[kept++] = p;
	}
	list->n = kept;
}

static struct fieldpath_step step_of(struct part p)
{
	struct fieldpath_step s = { .kind = FIELDPATH_KEY, .text = p.text, .at = p.at };
	err *e = number_parse_atoi(p.text, &s.index);

	if (!e) {
		s.kind = FIELDPATH_INDEX;
	} else if (str_starts(p.text, S("[")) && str_ends(p.text, S("]"))) {
		str inside = p.text;

		inside.n--;
		str_take(&inside, '[');
		s.kind = FIELDPATH_ITEM;
		s.bad = !str_split(inside, '=', &s.key, &s.value);
	}
	err_free(e);
	return s;
}

err *fieldpath_parse(struct arena *a, str text, struct fieldpath *out)
{
	parts list = { 0 };

	split(a, text, &list);
	join(a, &list);
	if (list.n > FIELDPATH_STEPS_MAX)
		return err_new(ERR_INVALID, "field path has more than %d parts",
			       FIELDPATH_STEPS_MAX);
	struct fieldpath_step *steps = arena_array(a, struct fieldpath_step, list.n);

	for (size_t i = 0; i < list.n; i++)
		steps[i] = step_of(list.p[i]);
	*out = (struct fieldpath){ steps, list.n };
	return NULL;
}

/* ---- nodes as kyaml sees them ----------------------------------------- */

static const char *kind_word(node n)
{
	switch ((enum node_kind)n.kind) {
	case NODE_SEQ:
		return "SequenceNode";
	case NODE_MAP:
		return "MappingNode";
	case NODE_ALIAS:
		return "AliasNode";
	default:
		return "ScalarNode";
	}
}

/* A value as YAML, with its comments. */
static err *print(struct buf *b, node n, struct node_note *note)
{
	const struct yaml_doc doc = { .root = n, .note = note };

	return yaml_write_doc(b, &doc, YAML_WRITE_KYAML);
}

static err *wrong_kind(node n, const char *expected)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(SHOWN_MAX);
	err *unprintable = print(&b, n, NULL);
	err *e;

	if (unprintable)
		e = err_new(ERR_INVALID, "wrong node kind: expected %s but got %s", expected,
			    kind_word(n));
	else
		e = err_new(ERR_INVALID,
			    "wrong node kind: expected %s but got %s: node contents:\n%.*s",
			    expected, kind_word(n), STR_ARG(buf_str(&b)));
	err_free(unprintable);
	return e;
}

static err *need_seq(node n)
{
	return node_is_nil(n) || n.kind == NODE_SEQ ? NULL : wrong_kind(n, "SequenceNode");
}

static err *need_map(node n)
{
	return node_is_nil(n) || n.kind == NODE_MAP ? NULL : wrong_kind(n, "MappingNode");
}

static err *bad_item(void)
{
	return err_new(ERR_INVALID, "list path element must contain fieldName=fieldValue for "
				    "element to match");
}

/* ---- sources ---------------------------------------------------------- */

static bool item_is(node item, const struct fieldpath_step *s)
{
	char text[NODE_TEXT_MAX];

	if (!s->key.n)
		return str_eq(node_text_in(item, text), s->value);
	size_t i = item.kind == NODE_MAP ? node_index(item, s->key) : STR_NPOS;

	return i != STR_NPOS && str_eq(node_text_in(item.map->pairs[i].value, text), s->value);
}

static err *get_index(node *n, const struct fieldpath_step *s, node **out)
{
	if (s->index < 0)
		return err_new(ERR_INVALID, "array index %lld cannot be negative",
			       (long long)s->index);
	TRY(need_seq(*n));
	*out = (uint64_t)s->index < node_len(*n) ? &n->seq->items[s->index] : NULL;
	return NULL;
}

static err *get_item(node *n, const struct fieldpath_step *s, node **out)
{
	*out = NULL;
	if (s->bad)
		return bad_item();
	TRY(need_seq(*n));
	node_each_item(item, *n)
		if (item_is(*item, s)) {
			*out = item;
			break;
		}
	return NULL;
}

static err *get_step(node *n, const struct fieldpath_step *s, str name, node **out)
{
	if (s->kind == FIELDPATH_INDEX)
		return get_index(n, s, out);
	if (s->kind == FIELDPATH_ITEM)
		return get_item(n, s, out);
	if (str_eq(name, S("*")))
		return err_new(ERR_INVALID, "wildcard is not supported in PathGetter");
	if (str_eq(name, S("-"))) {
		TRY(need_seq(*n));
		*out = node_len(*n) ? &n->seq->items[node_len(*n) - 1] : NULL;
		return NULL;
	}
	TRY(need_map(*n));
	*out = node_find(*n, name);
	return NULL;
}

err *fieldpath_get(node *root, struct fieldpath p, node **out, size_t *at)
{
	node *n = root;

	for (size_t i = 0; n && i < p.n; i++) {
		str name = str_trim(p.steps[i].text);
		struct fieldpath_step s = p.steps[i];

		if (!name.n)
			continue;
		if (name.n < s.text.n)
			s = step_of((struct part){ name, s.at });
		if (at)
			*at = s.at;
		TRY(get_step(n, &s, name, &n));
	}
	*out = n;
	return NULL;
}

/* ---- targets ---------------------------------------------------------- */

struct matcher {
	struct arena *a;
	struct fieldpath p;
	enum node_kind create;
	const struct regex **patterns;	/* one a step, compiled when first met */
	VEC(struct fieldpath_place) found;
	size_t step;			/* the last one looked at */
	bool apart;			/* in a document that a scalar holds */
};

static err *match(struct matcher *m, struct fieldpath_place at, size_t step);

static struct fieldpath_place inside(node parent, size_t index, bool made)
{
	return (struct fieldpath_place){ .parent = parent, .index = (uint32_t)index, .made = made };
}

static bool is_index(const struct fieldpath_step *s)
{
	return s->kind == FIELDPATH_INDEX && s->index >= 0;
}

static bool is_each(const struct fieldpath_step *s)
{
	return str_eq(s->text, S("*"));
}

/* What step `next` wants to stand on, when it has to be made. */
static node fresh(struct matcher *m, size_t next)
{
	const struct fieldpath_step *s = next < m->p.n ? &m->p.steps[next] : NULL;
	enum node_kind kind = m->create;

	if (s && (s->kind == FIELDPATH_ITEM || is_index(s)))
		kind = NODE_SEQ;
	else if (s && s->text.n)
		kind = NODE_MAP;
	if (kind == NODE_MAP)
		return node_map(m->a, 1);
	if (kind == NODE_SEQ)
		return node_seq(m->a, 1);
	return node_from_str(m->a, STR_NONE);
}

/* Something made below a null: it hangs on nothing, and is never printed. */
static struct fieldpath_place nowhere(struct matcher *m, node n)
{
	node *root = arena_new(m->a, node);

	*root = n;
	return (struct fieldpath_place){ .root = root, .made = true, .apart = true };
}

/* kyaml gives keys that it makes no tag, so nothing puts quotes around them. */
static node plain_key(struct arena *a, str key)
{
	node n = node_from_str(a, key);

	n.style = STYLE_PLAIN;
	return n;
}

static err *add(struct matcher *m, struct fieldpath_place at)
{
	if (m->found.n == FIELDPATH_PLACES_MAX)
		return err_new(ERR_INVALID, "field path leads to more than %d places",
			       FIELDPATH_PLACES_MAX);
	at.apart |= m->apart;
	avec_push(m->a, &m->found, at);
	return NULL;
}

/* Go on in the document that a scalar holds. */
static err *match_text(struct matcher *m, node scalar, size_t step)
{
	const struct fieldpath_step *s = &m->p.steps[step];
	str yaml = node_text(m->a, scalar);
	struct yaml_doc *docs;
	size_t n;

	TRY(yaml_read_all(m->a, yaml, YAML_KEEP, &docs, &n));
	if (n) {
		bool before = m->apart;

		m->apart = true;
		err *e = match(m, (struct fieldpath_place){ .root = &docs[0].root }, step);
		m->apart = before;
		return e;
	}
	/* No document at all is of no kind. */
	m->step = step;
	return err_new(ERR_INVALID,
		       "wrong node kind: expected %s but got : node contents:\nnull\n",
		       is_index(s) || is_each(s) || s->kind == FIELDPATH_ITEM ? "SequenceNode"
		       : s->text.n					      ? "MappingNode"
									      : "ScalarNode");
}

/* A step without a name is the scalar itself, if that is empty. Any other
 * scalar is replaced when something is to be made. */
static err *match_nothing(struct matcher *m, struct fieldpath_place at, size_t step)
{
	char text[NODE_TEXT_MAX];
	node n = *fieldpath_node(&at);

	if (n.kind == NODE_SEQ || n.kind == NODE_MAP)
		return wrong_kind(n, "ScalarNode");
	if (node_is_nil(n) || node_text_in(n, text).n) {
		if (m->create == NODE_NONE)
			return NULL;
		*fieldpath_node(&at) = fresh(m, step + 1);
		return match(m, nowhere(m, fresh(m, step + 1)), step + 1);
	}
	if (step + 1 < m->p.n)
		return match_text(m, n, step + 1);
	return add(m, at);
}

static err *match_key(struct matcher *m, struct fieldpath_place at, size_t step)
{
	str key = m->p.steps[step].text;
	node map = *fieldpath_node(&at), made;
	bool create = m->create != NODE_NONE;

	if (!key.n)
		return match_nothing(m, at, step);
	TRY(need_map(map));
	size_t i = node_index(map, key);

	if (i == STR_NPOS && !create)
		return NULL;
	if (i == STR_NPOS) {
		made = fresh(m, step + 1);
		if (map.kind != NODE_MAP)
			return match(m, nowhere(m, made), step + 1);
		i = node_len(map);
		node_push(m->a, map, plain_key(m->a, key), made);
		return match(m, inside(map, i, true), step + 1);
	}
	node value = map.map->pairs[i].value;

	if (value.kind != NODE_SEQ && value.kind != NODE_MAP && step + 1 < m->p.n)
		return match_text(m, value, step + 1);
	return match(m, inside(map, i, false), step + 1);
}

static err *match_index(struct matcher *m, struct fieldpath_place at, size_t step)
{
	uint64_t index = (uint64_t)m->p.steps[step].index;
	node list = *fieldpath_node(&at);

	TRY(need_seq(list));
	bool made = index == node_len(list) && m->create != NODE_NONE;

	if (made) {
		node item = fresh(m, step + 1);

		if (list.kind != NODE_SEQ)
			return match(m, nowhere(m, item), step + 1);
		node_append(m->a, list, item);
	}
	if (index >= node_len(list))
		return err_new(ERR_INVALID, "index %llu specified but only %zu elements found",
			       (unsigned long long)index, node_len(list));
	return match(m, inside(list, index, made), step + 1);
}

static err *match_each(struct matcher *m, struct fieldpath_place at, size_t step)
{
	node list = *fieldpath_node(&at);

	TRY(need_seq(list));
	for (size_t i = 0; i < node_len(list); i++)
		TRY(match(m, inside(list, i, false), step + 1));
	return NULL;
}

/* Whether the pattern is in the value as YAML prints it. */
static err *is_match(struct matcher *m, const struct fieldpath_step *s, node value,
		     struct node_note *note, bool *out)
{
	const struct regex **re = &m->patterns[s - m->p.steps];
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (!*re)
		TRY(regex_compile(m->a, s->value, re));
	TRY(print(&b, value, note));
	TRY(buf_check(&b, "value"));
	*out = regex_test(*re, str_trim(buf_str(&b)));
	return NULL;
}

static err *match_one(struct matcher *m, node list, size_t i, bool made, size_t step)
{
	const struct fieldpath_step *s = &m->p.steps[step];
	node item = node_at(list, i);
	bool hit;

	if (!s->key.n) {
		TRY(is_match(m, s, item, node_note(list, i), &hit));
		return hit ? add(m, inside(list, i, made)) : NULL;
	}
	/* Go compiles the pattern before it looks for the field. */
	if (!m->patterns[step])
		TRY(regex_compile(m->a, s->value, &m->patterns[step]));
	size_t k = item.kind == NODE_MAP ? node_index(item, s->key) : STR_NPOS;

	if (k == STR_NPOS)
		return NULL;
	TRY(is_match(m, s, item.map->pairs[k].value, node_note(item, 2 * k + 1), &hit));
	return hit ? match(m, inside(list, i, made), step + 1) : NULL;
}

static void append_item(struct matcher *m, node list, const struct fieldpath_step *s)
{
	node value = yaml_resolve(m->a, s->value, YAML_1_2, YAML_NUMBERS_TEXT);

	value.style = STYLE_PLAIN;
	if (!s->key.n) {
		node_append(m->a, list, value);
		return;
	}
	node item = node_map(m->a, 1);

	node_push(m->a, item, plain_key(m->a, s->key), value);
	node_append(m->a, list, item);
}

static err *match_items(struct matcher *m, struct fieldpath_place at, size_t step)
{
	const struct fieldpath_step *s = &m->p.steps[step];
	node list = *fieldpath_node(&at);
	size_t before = m->found.n;

	if (s->bad)
		return bad_item();
	TRY(need_seq(list));
	for (size_t i = 0; i < node_len(list); i++)
		TRY(match_one(m, list, i, false, step));
	if (m->found.n > before || m->create == NODE_NONE || list.kind != NODE_SEQ)
		return NULL;
	append_item(m, list, s);
	TRY(match_one(m, list, node_len(list) - 1, true, step));
	m->step = step;
	if (m->found.n > before)
		return NULL;
	/* kustomize would try again for ever. */
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;

	quote_add(&quoted, s->text, QUOTE_PRINT);
	return err_new(ERR_INVALID, "failed to create element for %s", buf_c(&quoted));
}

static err *match(struct matcher *m, struct fieldpath_place at, size_t step)
{
	if (step == m->p.n)
		return add(m, at);
	const struct fieldpath_step *s = &m->p.steps[step];

	m->step = step;
	if (is_index(s))
		return match_index(m, at, step);
	if (s->kind == FIELDPATH_ITEM)
		return match_items(m, at, step);
	if (is_each(s))
		return match_each(m, at, step);
	return match_key(m, at, step);
}

err *fieldpath_match(struct arena *a, node *root, struct fieldpath p, enum node_kind create,
		     struct fieldpath_place **out, size_t *n, size_t *at)
{
	struct matcher m = { .a = a, .p = p, .create = create };

	m.patterns = arena_array(a, const struct regex *, p.n);
	err *e = match(&m, (struct fieldpath_place){ .root = root }, 0);

	if (e) {
		if (at)
			*at = p.steps[m.step].at;
		return e;
	}
	*out = m.found.p;
	*n = m.found.n;
	return NULL;
}
