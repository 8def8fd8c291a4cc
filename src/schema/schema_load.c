/* Documents: where they come from, which resources and anchors they have,
 * and what a reference leads to. */
#include "schema/schema_impl.h"

#include "text/gourl.h"
#include "text/number.h"
#include "value/json.h"

/* "BEFORE "TEXT"AFTER" */
static err *quoted(const char *before, str text, const char *after)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	print_go_quoted(&b, text);
	return err_new(ERR_INVALID, "%s%s%s", before, buf_c(&b), after);
}

static err *quoted_cause(const char *before, str text, const char *after, err *e)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	print_go_quoted(&b, text);
	return err_wrap(e, "%s%s%s", before, buf_c(&b), after);
}

/* ---- places ------------------------------------------------------------ */

static str slot_key(const node *const *slot)
{
	return str_of((const char *)slot, sizeof *slot);
}

struct place *place_find(const struct doc *doc, const node *slot)
{
	return map_get(&doc->places, slot_key(&slot));
}

static struct place *add_place(struct compiler *c, struct doc *doc, struct place *parent,
			       const node *slot, str token)
{
	struct place *p = place_find(doc, slot);

	if (p)
		return p;
	p = arena_new(c->a, struct place);
	*p = (struct place){ .at = slot, .parent = parent, .doc = doc, .token = token };
	if (parent)
		p->near = parent->near;
	map_set(&doc->places, slot_key(&p->at), p);
	return p;
}

struct place *place_below(struct compiler *c, struct place *p, const node *slot, str token)
{
	return add_place(c, p->doc, p, slot, token);
}

struct place *place_item(struct compiler *c, struct place *p, size_t i)
{
	return place_below(c, p, &p->at->seq->items[i], arena_printf(c->a, "%zu", i));
}

void place_add_pointer(struct buf *b, const struct place *p, bool encoded, const struct place *from)
{
	VEC(const struct place *) path = { 0 };

	for (; p && p != from && p->parent; p = p->parent)
		vec_push(&path, p);
	while (path.n) {
		CLEANUP(buf_release) struct buf token = BUF_INIT;

		p = path.p[--path.n];
		for (size_t i = 0; i < p->token.n; i++) {
			char ch = p->token.p[i];

			if (ch == '~' || ch == '/')
				buf_add(&token, ch == '~' ? S("~0") : S("~1"));
			else
				buf_addc(&token, ch);
		}
		buf_addc(b, '/');
		if (encoded)
			gourl_escape_segment(b, buf_str(&token));
		else
			buf_add(b, buf_str(&token));
	}
	vec_release(&path);
}

/* Percent signs where URLs need them, slashes left alone. */
static void add_encoded(struct buf *b, str text)
{
	str token;

	for (bool more = true, first = true; more; first = false) {
		more = str_split(text, '/', &token, &text);
		if (!first)
			buf_addc(b, '/');
		gourl_escape_segment(b, token);
	}
}

void place_add_url(struct buf *b, const struct place *p)
{
	buf_add(b, p->doc->url);
	buf_addc(b, '#');
	place_add_pointer(b, p, true, NULL);
}

/* ---- URLs -------------------------------------------------------------- */

err *load_fragment(struct arena *a, str url, str *before, str *fragment)
{
	str coded;

	str_split(url, '#', before, &coded);
	err *e = gourl_unescape_segment(a, coded, fragment);

	return e ? quoted_cause("error in parsing ", url, "", e) : NULL;
}

static err *parse_url(struct arena *a, str url, struct gourl *out)
{
	err *e = gourl_parse(a, url, out);

	return e ? quoted_cause("error in parsing ", url, "", e) : NULL;
}

static err *join_url(struct arena *a, str base, str reference, str *url, str *fragment)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gourl from, to, joined;
	str before;

	TRY(load_fragment(a, reference, &before, fragment));
	*url = base;
	if (!before.n)
		return NULL;
	TRY(parse_url(a, base, &from));
	TRY(parse_url(a, before, &to));
	gourl_resolve(a, &from, &to, &joined);
	if (!to.scheme.n && from.opaque.n)
		joined.opaque = from.opaque;
	gourl_add(&b, &joined);
	*url = arena_str(a, buf_str(&b));
	return NULL;
}

/* ---- loading ----------------------------------------------------------- */

/* Whether the error is that the text ends: then a byte more is the error. */
static bool is_cut_off(str text, const err *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node n;

	if (!str_starts(err_text(e), S("invalid character ' ' ")))
		return false;
	err *longer = json_read(&a, arena_cat(&a, text, S("\x01")), NULL, &n);
	bool cut_off = longer && str_starts(err_text(longer), S("invalid character '\\x01' "));

	err_free(longer);
	return cut_off;
}

err *load_json(struct arena *a, str text, node *out)
{
	err *e = json_read(a, text, &(struct json_options){ .numbers = JSON_NUMBERS_TEXT }, out);

	if (!e)
		return NULL;
	/* as a stream the text ends otherwise */
	if (is_cut_off(text, e))
		return err_replace(e, "unexpected EOF");
	if (str_eq(err_text(e), S("unexpected end of JSON input")))
		return err_replace(e, str_trim(text).n ? "unexpected EOF" : "EOF");
	if (str_starts(err_text(e), S("invalid character")) &&
	    str_ends(err_text(e), S(" after top-level value")))
		return err_replace(e, "invalid character after top-level value");
	return e;
}

static err *no_file(str path)
{
	return err_new(ERR_NOT_FOUND, "open %.*s: no such file or directory", STR_ARG(path));
}

static err *load_text(struct compiler *c, str url, str *text)
{
	const struct schema_options *o = c->o;
	struct gourl u;

	TRY(gourl_parse(c->a, url, &u));
	if (str_eq(u.scheme, S("urn"))) {
		*text = S("true");
		return NULL;
	}
	if (str_eq(u.scheme, S("file"))) {
		str path = str_trim_left_set(u.path, S("/"));

		return o && o->file && o->file(o->ctx, c->a, path, text) ? NULL : no_file(u.path);
	}
	if (str_eq(u.scheme, S("http")) || str_eq(u.scheme, S("https"))) {
		if (o && o->fetch)
			return o->fetch(o->ctx, c->a, url, text);
		return err_new(ERR_FORBIDDEN,
			       "remote refs disabled (--allow-remote-schema allows them)");
	}
	CLEANUP(buf_release) struct buf shown = BUF_INIT;

	gourl_add(&shown, &u);
	return quoted("no URLLoader registered for ", buf_str(&shown), "");
}

static struct doc *add_doc(struct compiler *c, str url, node root)
{
	struct doc *doc = arena_new(c->a, struct doc);

	*doc = (struct doc){ .url = url, .root = root };
	doc->top = add_place(c, doc, NULL, &doc->root, STR_NONE);
	map_set(&c->docs, url, doc);
	return doc;
}

/* The document as it is, neither searched nor checked. */
static err *load_raw(struct compiler *c, str url, struct doc **out)
{
	str text;
	node root;

	*out = map_get(&c->docs, url);
	if (*out)
		return NULL;
	if (meta_text(url, &text)) {
		TRY(load_json(c->a, text, &root));
	} else {
		err *e = load_text(c, url, &text);

		if (!e)
			e = load_json(c->a, text, &root);
		if (e)
			return quoted_cause("failing loading ", url, "", e);
	}
	*out = add_doc(c, url, root);
	return NULL;
}

/* ---- drafts and dialects ----------------------------------------------- */

/* What "$schema" says; NULL: it is not there, or no text. */
static const node *schema_keyword(node obj)
{
	const node *n = node_find(obj, S("$schema"));

	return n && n->kind == NODE_STR ? n : NULL;
}

/* The document behind a "$schema" that is none of ours. */
static err *load_meta(struct compiler *c, const node *keyword, str *url, struct doc **out)
{
	str rest;

	str_split(node_str(*keyword), '#', url, &rest);
	return load_raw(c, *url, out);
}

enum { META_CHAIN_MAX = 100 };

/* Follow "$schema" until one of our drafts is reached. */
static err *find_draft(struct compiler *c, struct place *p, const struct draft **draft)
{
	str seen[META_CHAIN_MAX];
	node at = *p->at;
	bool top = !p->parent;
	str own = p->doc->url;

	for (size_t n = 0;; n++) {
		const node *keyword = schema_keyword(at);
		struct doc *doc;
		struct gourl u;
		str url, rest;

		if (!keyword)
			return NULL;
		const struct draft *known = meta_find_draft(node_str(*keyword));

		if (known) {
			*draft = known;
			return NULL;
		}
		str_split(node_str(*keyword), '#', &url, &rest);
		err *e = gourl_parse(c->a, url, &u);

		if (e) {
			CLEANUP(buf_release) struct buf where = BUF_INIT;

			if (n)
				buf_addf(&where, "%.*s#", STR_ARG(own));
			else
				place_add_url(&where, p);
			return quoted_cause("invalid $schema in ", buf_str(&where), "", e);
		}
		if (top && str_eq(url, own))
			return quoted("draft ", url, " is not supported");
		for (size_t i = 0; i < n; i++)
			if (str_eq(seen[i], url))
				return quoted("cycle in resolving $schema in ", url, "");
		if (n == META_CHAIN_MAX)
			return quoted("too many meta-schemas behind ", p->doc->url, "");
		seen[n] = url;
		TRY(load_meta(c, keyword, &url, &doc));
		at = doc->root;
		top = true;
		own = url;
	}
}

/* The vocabularies that the meta-schema behind "$schema" asks for. */
static err *find_vocabs(struct compiler *c, struct place *p, struct dialect *d)
{
	const node *keyword = schema_keyword(*p->at);
	struct doc *doc;
	str url;

	if (meta_find_draft(node_str(*keyword)))
		return NULL;
	TRY(load_meta(c, keyword, &url, &doc));
	node list = node_get(doc->root, S("$vocabulary"));

	if (d->draft->version < 2019 || list.kind != NODE_MAP)
		return NULL;
	d->listed = true;
	node_each_pair(pair, list) {
		uint16_t bit = meta_find_vocab(d->draft, node_str(pair->key));

		if (pair->value.kind != NODE_BOOL || !node_bool(pair->value))
			continue;
		if (!bit || d->vocabs & bit) {
			CLEANUP(buf_release) struct buf in = BUF_INIT;

			if (bit)
				continue;
			buf_add(&in, S(" in "));
			print_go_quoted(&in, url);
			return quoted("unsupported vocabulary ", node_str(pair->key), buf_c(&in));
		}
		d->vocabs |= bit;
		d->order[d->n++] = bit;
	}
	if (!(d->vocabs & VOCAB_CORE)) {
		d->vocabs |= VOCAB_CORE;
		d->order[d->n++] = VOCAB_CORE;
	}
	return NULL;
}

const struct schema *load_dialect_meta(struct compiler *c, struct resource *r)
{
	if (r->meta)
		return r->meta;
	if (!r->dialect.listed)
		return r->meta = meta_draft(r->dialect.draft);
	struct schema *s = arena_new(c->a, struct schema);
	struct step *all = arena_new(c->a, struct step);
	const struct schema **list = arena_array(c->a, const struct schema *, r->dialect.n);

	for (size_t i = 0; i < r->dialect.n; i++)
		list[i] = meta_vocab(r->dialect.draft, r->dialect.order[i]);
	*all = (struct step){ .op = OP_ALL_OF, .list = { list, r->dialect.n } };
	*s = (struct schema){
		.name = S("urn:mem:metaschema"),
		.version = r->dialect.draft->version,
		.boolean = -1,
		.steps = all,
		.steps_n = 1,
		.resource = s,
	};
	if (s->version >= 2020) {
		struct anchor *anchor = arena_new(c->a, struct anchor);

		*anchor = (struct anchor){ S("meta"), s };
		s->dynamic_anchor = S("meta");
		s->anchors = anchor;
		s->anchors_n = 1;
	}
	return r->meta = s;
}

/* ---- searching for resources and anchors ------------------------------- */

enum shape { ONE, LIST, MAP };

/* Where schemas stand in schemas, from which draft on. */
static const struct {
	str keyword;
	enum shape shape;
	int since;
} below[] = {
	{ { "definitions", 11 }, MAP, 4 },
	{ { "not", 3 }, ONE, 4 },
	{ { "allOf", 5 }, LIST, 4 },
	{ { "anyOf", 5 }, LIST, 4 },
	{ { "oneOf", 5 }, LIST, 4 },
	{ { "properties", 10 }, MAP, 4 },
	{ { "additionalProperties", 20 }, ONE, 4 },
	{ { "patternProperties", 17 }, MAP, 4 },
	{ { "items", 5 }, ONE, 4 },
	{ { "items", 5 }, LIST, 4 },
	{ { "additionalItems", 15 }, ONE, 4 },
	{ { "dependencies", 12 }, MAP, 4 },
	{ { "propertyNames", 13 }, ONE, 6 },
	{ { "contains", 8 }, ONE, 6 },
	{ { "if", 2 }, ONE, 7 },
	{ { "then", 4 }, ONE, 7 },
	{ { "else", 4 }, ONE, 7 },
	{ { "$defs", 5 }, MAP, 2019 },
	{ { "dependentSchemas", 16 }, MAP, 2019 },
	{ { "unevaluatedProperties", 21 }, ONE, 2019 },
	{ { "unevaluatedItems", 16 }, ONE, 2019 },
	{ { "contentSchema", 13 }, ONE, 2019 },
	{ { "prefixItems", 11 }, LIST, 2020 },
};

struct search {
	struct place *place;
	struct resource *in;	/* NULL for the root */
};

typedef VEC(struct search) searches;

static void search_below(struct compiler *c, struct place *p, struct resource *in, int version,
			 searches *todo)
{
	uint64_t keys = schema_key_bits(*p->at);
	size_t start = todo->n;

	for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
		const node *slot = keys & schema_key_bit(below[i].keyword)
					   ? node_find(*p->at, below[i].keyword)
					   : NULL;

		if (!slot || version < below[i].since)
			continue;
		struct place *at = place_below(c, p, slot, below[i].keyword);

		if (below[i].shape == ONE)
			vec_push(todo, (struct search){ at, in });
		else if (below[i].shape == LIST)
			for (size_t k = 0; slot->kind == NODE_SEQ && k < slot->seq->n; k++)
				vec_push(todo, (struct search){ place_item(c, at, k), in });
		else
			node_each_pair(pair, *slot)
				vec_push(todo, (struct search){ place_below(c, at, &pair->value,
									  node_str(pair->key)),
								in });
	}
	/* the first one is to be taken first */
	for (size_t i = start, j = todo->n; i + 1 < j; i++) {
		struct search swap = todo->p[i];

		todo->p[i] = todo->p[--j];
		todo->p[j] = swap;
	}
}

static err *add_anchor(struct place *p, struct resource *r, str name)
{
	struct place *other = map_get(&r->anchors, name);
	CLEANUP(buf_release) struct buf after = BUF_INIT, pointer = BUF_INIT;

	if (!other)
		map_set(&r->anchors, name, p);
	if (!other || other == p)
		return NULL;
	buf_add(&after, S(" in "));
	print_go_quoted(&after, p->doc->url);
	buf_add(&after, S(" at "));
	place_add_pointer(&pointer, other, false, NULL);
	print_go_quoted(&after, buf_str(&pointer));
	buf_add(&after, S(" and "));
	buf_clear(&pointer);
	place_add_pointer(&pointer, p, false, NULL);
	print_go_quoted(&after, buf_str(&pointer));
	return quoted("duplicate anchor ", name, buf_c(&after));
}

static err *collect_anchors(struct compiler *c, struct place *p, struct resource *r)
{
	const struct draft *d = r->dialect.draft;
	node id = node_get(*p->at, d->id), anchor = node_get(*p->at, S("$anchor"));

	if (d->version < 2019) {
		str before, fragment;

		if (node_has(*p->at, S("$ref")) || id.kind != NODE_STR)
			return NULL;
		err *e = load_fragment(c->a, node_str(id), &before, &fragment);

		if (e) {
			CLEANUP(buf_release) struct buf where = BUF_INIT;

			err_free(e);
			place_add_url(&where, p);
			return quoted("error in parsing anchor at ", buf_str(&where), "");
		}
		if (fragment.n && fragment.p[0] != '/')
			return add_anchor(p, r, fragment);
		return NULL;
	}
	if (anchor.kind == NODE_STR)
		TRY(add_anchor(p, r, node_str(anchor)));
	anchor = node_get(*p->at, S("$dynamicAnchor"));
	if (d->version < 2020 || anchor.kind != NODE_STR)
		return NULL;
	TRY(add_anchor(p, r, node_str(anchor)));
	avec_push(c->a, &r->dynamic, node_str(anchor));
	return NULL;
}

/* The resource's name as a schema of this draft writes it, without fragment. */
static str get_id(node obj, const struct draft *d)
{
	str before, rest;

	if (d->version < 2019 && node_has(obj, S("$ref")))
		return STR_NONE;
	str_split(node_str_or(node_get(obj, d->id), STR_NONE), '#', &before, &rest);
	return before;
}

static err *duplicate_id(struct place *p, str id, struct place *other)
{
	CLEANUP(buf_release) struct buf after = BUF_INIT, pointer = BUF_INIT;

	buf_add(&after, S(" in "));
	print_go_quoted(&after, p->doc->url);
	buf_add(&after, S(" at "));
	place_add_pointer(&pointer, p, false, NULL);
	print_go_quoted(&after, buf_str(&pointer));
	buf_add(&after, S(" and "));
	buf_clear(&pointer);
	place_add_pointer(&pointer, other, false, NULL);
	print_go_quoted(&after, buf_str(&pointer));
	return quoted("duplicate id ", id, buf_c(&after));
}

/* Begin a resource at `p`, known as `id`. */
static err *add_resource(struct compiler *c, struct place *p, str id, const struct dialect *d,
			 struct resource **out)
{
	struct resource *r = map_get(&p->doc->ids, id);

	*out = r;
	if (r)
		return r->place == p ? NULL : duplicate_id(p, id, r->place);
	r = arena_new(c->a, struct resource);
	*r = (struct resource){ .place = p, .id = id, .dialect = *d };
	map_set(&p->doc->ids, id, r);
	avec_push(c->a, &p->doc->resources, r);
	p->own = p->near = r;
	*out = r;
	return NULL;
}

/* The dialect of the schema object at `p`, and the resource that it begins or
 * belongs to. */
static err *enter(struct compiler *c, struct place *p, const struct dialect *fallback,
		  struct resource **in, const struct draft **draft)
{
	struct dialect d = *fallback;
	bool has_schema = schema_keyword(*p->at);
	str base = *in ? (*in)->id : p->doc->url, rest;

	TRY(find_draft(c, p, &d.draft));
	str id = get_id(*p->at, d.draft);

	if (!id.n && p->parent) {
		/* "$schema" counts only where a resource begins */
		d.draft = fallback->draft;
		has_schema = false;
		id = get_id(*p->at, d.draft);
	}
	*draft = d.draft;
	if (!id.n && p->parent)
		return NULL;
	if (id.n) {
		err *e = join_url(c->a, base, id, &base, &rest);

		if (e) {
			CLEANUP(buf_release) struct buf where = BUF_INIT;

			err_free(e);
			place_add_url(&where, p);
			return quoted("error in parsing id at ", buf_str(&where), "");
		}
	}
	if (has_schema) {
		d = (struct dialect){ .draft = d.draft };
		TRY(find_vocabs(c, p, &d));
	} else {
		d = *fallback;
	}
	return add_resource(c, p, base, &d, in);
}

static err *collect_one(struct compiler *c, struct search at, searches *todo)
{
	struct place *p = at.place;
	const struct dialect latest = { .draft = meta_latest_draft };
	const struct dialect *fallback = at.in ? &at.in->dialect : &latest;
	const struct draft *draft;
	struct resource *in = at.in;

	if (p->collected)
		return NULL;
	p->collected = true;
	if (p->at->kind != NODE_MAP)
		return p->parent ? NULL : add_resource(c, p, p->doc->url, fallback, &in);
	TRY(enter(c, p, fallback, &in, &draft));
	p->near = in;
	TRY(collect_anchors(c, p, in));
	search_below(c, p, in, draft->version, todo);
	return arena_check(c->a, "schema");
}

static err *collect(struct compiler *c, struct place *p, struct resource *in)
{
	searches todo = { 0 };
	err *e = NULL;

	vec_push(&todo, (struct search){ p, in });
	while (!e && todo.n)
		e = collect_one(c, todo.p[--todo.n], &todo);
	vec_release(&todo);
	return e;
}

/* ---- checking ---------------------------------------------------------- */

static err *check_place(struct compiler *c, struct place *p)
{
	CLEANUP(buf_release) struct buf url = BUF_INIT;

	if (c->trusted)
		return NULL;
	err *e = schema_run(load_dialect_meta(c, p->near), p->at, c, p->doc);

	if (!e || err_kind(e) == ERR_INTERNAL)
		return e;
	place_add_url(&url, p);
	return quoted_cause("", buf_str(&url), " is not valid against metaschema", e);
}

err *load_place(struct compiler *c, struct place *p)
{
	if (p->collected)
		return NULL;
	TRY(collect(c, p, p->near));
	return check_place(c, p);
}

static err *root_doc(struct compiler *c, struct doc *doc)
{
	if (doc->rooted)
		return NULL;
	doc->rooted = true;
	TRY(collect(c, doc->top, NULL));
	if (str_starts(doc->url, S("http://json-schema.org/")) ||
	    str_starts(doc->url, S("https://json-schema.org/")))
		return NULL;
	return check_place(c, doc->top);
}

err *load_add(struct compiler *c, str url, node root, struct doc **out)
{
	*out = add_doc(c, url, root);
	return root_doc(c, *out);
}

err *load_doc(struct compiler *c, str url, struct doc **out)
{
	TRY(load_raw(c, url, out));
	return root_doc(c, *out);
}

/* ---- references -------------------------------------------------------- */

/* A token of a pointer with ~0 and ~1 read; false for any other ~. */
static bool unescape_token(struct arena *a, str token, str *out)
{
	char *to = arena_alloc(a, token.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < token.n; i++) {
		char ch = token.p[i];

		if (ch == '~') {
			i++;
			if (i == token.n || (token.p[i] != '0' && token.p[i] != '1'))
				return false;
			ch = token.p[i] == '0' ? '~' : '/';
		}
		to[n++] = ch;
	}
	*out = str_of(to, n);
	return true;
}

static const node *step_down(const node *at, str token)
{
	int64_t i;

	if (at->kind == NODE_MAP)
		return node_find(*at, token);
	if (at->kind != NODE_SEQ)
		return NULL;
	err *e = number_parse_atoi(token, &i);

	err_free(e);
	return !e && i >= 0 && (uint64_t)i < at->seq->n ? &at->seq->items[i] : NULL;
}

static void resolve_pointer(struct compiler *c, struct place *from, str pointer, struct target *out)
{
	str rest = pointer, coded, token;
	bool more = str_take(&rest, '/');
	struct place *p = from;

	while (more) {
		const node *slot = NULL;

		more = str_split(rest, '/', &coded, &rest);
		out->malformed = !unescape_token(c->a, coded, &token);
		if (!out->malformed)
			slot = step_down(p->at, token);
		if (slot) {
			p = place_below(c, p, slot, token);
			continue;
		}
		CLEANUP(buf_release) struct buf url = BUF_INIT;

		place_add_url(&url, from);
		add_encoded(&url, pointer);
		out->bad = arena_str(c->a, buf_str(&url));
		return;
	}
	out->place = p;
}

static err *no_anchor(struct resource *r, str anchor)
{
	CLEANUP(buf_release) struct buf url = BUF_INIT, after = BUF_INIT;

	buf_addf(&url, "%.*s#", STR_ARG(r->id));
	add_encoded(&url, anchor);
	buf_add(&after, S(" not found in schema "));
	print_go_quoted(&after, r->place->doc->url);
	return quoted("anchor in ", buf_str(&url), buf_c(&after));
}

err *load_reference(struct compiler *c, struct resource *from, str reference, struct target *out)
{
	struct doc *doc = from->place->doc;
	struct resource *r;
	str url, fragment;

	*out = (struct target){ 0 };
	TRY(join_url(c->a, from->id, reference, &url, &fragment));
	r = str_eq(url, doc->url) ? doc->top->own : map_get(&doc->ids, url);
	if (!r) {
		TRY(load_doc(c, url, &doc));
		r = doc->top->own;
	}
	if (!fragment.n || fragment.p[0] == '/') {
		resolve_pointer(c, r->place, fragment, out);
		return NULL;
	}
	out->place = map_get(&r->anchors, fragment);
	return out->place ? NULL : no_anchor(r, fragment);
}
