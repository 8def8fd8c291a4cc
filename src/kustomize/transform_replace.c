/* Replacements: a value of one object's field put into fields of others. */
#include "kustomize/build_impl.h"
#include "kustomize/kfile.h"
#include "text/quote.h"
#include "value/fieldpath.h"
#include "value/json.h"
#include "value/yaml.h"

struct options {
	str delimiter;
	int64_t index;
	bool create;
};

static struct options options_of(node n)
{
	node o = node_get(n, S("options"));

	return (struct options){
		.delimiter = node_str(node_get(o, S("delimiter"))),
		.index = node_int(node_get(o, S("index"))),
		.create = node_bool(node_get(o, S("create"))),
	};
}

static bool is_scalar(node n)
{
	return n.kind != NODE_MAP && n.kind != NODE_SEQ;
}

typedef VEC(str) parts;

static parts split(struct arena *a, str text, str delimiter)
{
	parts out = { 0 };

	for (;;) {
		size_t at = str_find(text, delimiter);

		avec_push(a, &out, str_sub(text, 0, at));
		if (at == STR_NPOS)
			return out;
		text = str_from(text, at + delimiter.n);
	}
}

/* ---- the source -------------------------------------------------------- */

static struct resid id_in(node n)
{
	return (struct resid){
		.gvk = { node_str(node_get(n, S("group"))), node_str(node_get(n, S("version"))),
			 node_str(node_get(n, S("kind"))) },
		.name = node_str(node_get(n, S("name"))),
		.ns = node_str(node_get(n, S("namespace"))),
	};
}

/* The i-th of a resource's identities, the present one last. */
static struct resid nth_id(const struct resource *r, size_t i)
{
	return i < r->former.n ? resource_former_id(r, i) : resource_id(r);
}

static str source_text(struct arena *a, node source)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct options o = options_of(source);
	str path = node_str(node_get(source, S("fieldPath")));

	resid_print(&b, id_in(source));
	if (path.n)
		buf_addf(&b, ":%.*s", STR_ARG(path));
	if (o.delimiter.n || o.create)
		buf_addf(&b, ":%.*s(%lld), create=%s", STR_ARG(o.delimiter), (long long)o.index,
			 o.create ? "true" : "false");
	return arena_str(a, buf_str(&b));
}

static err *find_source(struct transform *t, struct resmap *m, node source, struct resource **out)
{
	struct resid wanted = id_in(source);

	*out = NULL;
	for (size_t i = 0; i < m->n; i++) {
		struct resource *r = m->list[i];
		bool selected = false;

		for (size_t k = 0; k <= r->former.n && !selected; k++)
			selected = resid_selected(nth_id(r, k), wanted);
		if (!selected)
			continue;
		if (*out)
			return err_new(ERR_CONFLICT, "multiple matches for selector %.*s",
				       STR_ARG(source_text(t->a, source)));
		*out = r;
	}
	if (!*out)
		return err_new(ERR_NOT_FOUND, "nothing selected by %.*s",
			       STR_ARG(source_text(t->a, source)));
	return NULL;
}

static bool is_blank(node n)
{
	return node_is_nil(n) || (!is_scalar(n) && !node_len(n));
}

static err *refine(struct transform *t, struct options o, node *value)
{
	if (!o.delimiter.n)
		return NULL;
	if (!is_scalar(*value))
		return err_new(ERR_INVALID, "delimiter option can only be used with scalar nodes");
	str text = node_text(t->a, *value);
	parts list = split(t->a, text, o.delimiter);

	if (o.index < 0 || o.index >= (int64_t)list.n)
		return err_new(ERR_INVALID, "options.index %lld is out of bounds for value %.*s",
			       (long long)o.index, STR_ARG(text));
	uint32_t place = value->place;

	*value = node_from_str(t->a, list.p[o.index]);
	value->place = place;
	return NULL;
}

static err *find_value(struct transform *t, struct resmap *m, node replacement, node *out)
{
	node source = node_get(replacement, S("source")), given = node_get(replacement, S("sourceValue"));
	str path = node_str(node_get(source, S("fieldPath")));
	struct resource *r;

	if (given.kind != NODE_NONE && source.kind == NODE_MAP)
		return err_new(ERR_INVALID, "value and resource selectors are mutually exclusive");
	if (given.kind != NODE_NONE) {
		*out = given;
		return NULL;
	}
	TRY(find_source(t, m, source, &r));
	if (!path.n)
		path = S("metadata.name");
	struct fieldpath steps;
	node *found;

	TRY(fieldpath_parse(t->a, path, &steps));
	err *e = fieldpath_get(&r->object, steps, &found, NULL);

	if (e)
		return err_wrap(e, "error looking up replacement source");
	*out = found ? *found : NODE_NOTHING;
	if (is_blank(*out))
		return err_new(ERR_NOT_FOUND, "fieldPath `%.*s` is missing for replacement source %.*s",
			       STR_ARG(path), STR_ARG(resid_text(t->a, id_in(source))));
	return refine(t, options_of(source), out);
}

/* ---- setting ----------------------------------------------------------- */

static str tag_of(node n)
{
	return yaml_kind_tag((enum node_kind)n.kind);
}

/* A scalar keeps its tag and its quotes when its text changes; a text that
 * the tag does not allow cannot be printed. */
static err *set_text(struct transform *t, node *slot, bool untagged, str text, uint32_t place)
{
	node new = yaml_resolve(t->a, text, YAML_1_2, YAML_NUMBERS_TEXT);
	bool fits = untagged || str_eq(tag_of(*slot), tag_of(new)) ||
		    (slot->kind == NODE_FLOAT && new.kind == NODE_INT);

	if (slot->kind == NODE_STR && !untagged) {
		new = node_from_str(t->a, text);
		fits = true;
	}
	if (!fits)
		return err_new(ERR_INVALID,
			       "map[string]interface {}(nil): yaml: cannot decode %.*s `%.*s` as a %.*s",
			       STR_ARG(tag_of(new)), STR_ARG(text), STR_ARG(tag_of(*slot)));
	new.style = slot->style;
	new.place = place ? place : slot->place;
	*slot = new;
	return NULL;
}

static err *set_value(struct transform *t, struct options o, const struct fieldpath_place *at,
		      node value)
{
	node *slot = fieldpath_node(at);
	str text = is_scalar(value) ? node_text(t->a, value) : STR_NONE;

	if (o.delimiter.n) {
		if (!is_scalar(*slot))
			return err_new(ERR_INVALID, "delimiter option can only be used with scalar nodes");
		parts list = split(t->a, node_text(t->a, *slot), o.delimiter);

		if (o.index < 0 || o.index >= (int64_t)list.n) {
			avec_push(t->a, &list, text);
			if (o.index < 0) {
				memmove(list.p + 1, list.p, (list.n - 1) * sizeof *list.p);
				list.p[0] = text;
			}
		} else {
			list.p[o.index] = text;
		}
		text = arena_join(t->a, list.p, list.n, o.delimiter);
	}
	if (is_scalar(*slot))
		return set_text(t, slot, at->made, text, value.place);
	*slot = is_scalar(value) ? value : node_copy(t->a, value);
	return NULL;
}

/* ---- fields inside texts ----------------------------------------------- */

static err *print_structured(struct transform *t, struct yaml_doc *doc, str before, str *out)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	str start = str_trim(before);
	bool pretty = str_has(before, S("\n")) && str_has(before, S("  "));

	doc->wide = false;
	TRY(yaml_write_doc(&text, doc, YAML_WRITE_KYAML));
	if (str_starts(start, S("{")) || str_starts(start, S("["))) {
		const struct json_style style = { .indent = pretty ? 2 : 0 };
		node value;

		TRY(yaml_read(t->a, arena_str(t->a, buf_str(&text)), YAML_V3, &value));
		buf_clear(&text);
		TRY(json_write(&text, value, &style));
		*out = arena_str(t->a, buf_str(&text));
		return NULL;
	}
	*out = arena_str(t->a, str_trim(buf_str(&text)));
	return NULL;
}

/* When a part of the path leads to a text, the rest applies inside of it.
 * False (and nothing changed) when it is no such path. */
static bool set_inside(struct transform *t, node *object, struct fieldpath path,
		       enum node_kind make, struct options o, node value)
{
	node *scalar = NULL;
	struct yaml_doc *docs;
	struct fieldpath_place *places;
	size_t n, used = 0;
	str text;

	for (size_t i = 1; i < path.n && !used; i++) {
		node *at;
		err *e = fieldpath_get(object, (struct fieldpath){ path.steps, i }, &at, NULL);

		err_free(e);
		if (e || !at || !is_scalar(*at) || at->kind == NODE_NONE)
			continue;
		e = yaml_read_all(t->a, node_text(t->a, *at), YAML_KEEP, &docs, &n);
		err_free(e);
		if (e || !n)
			continue;
		scalar = at;
		used = i;
	}
	if (!scalar || !str_trim(node_text(t->a, *scalar)).n)
		return false;
	struct fieldpath rest = { path.steps + used, path.n - used };
	err *e = fieldpath_match(t->a, &docs[0].root, rest, make, &places, &n, NULL);

	for (size_t i = 0; !e && i < n; i++)
		e = set_value(t, o, &places[i], value);
	if (!e && n)
		e = print_structured(t, &docs[0], node_text(t->a, *scalar), &text);
	if (!e && n)
		e = set_text(t, scalar, false, text, value.place);
	err_free(e);
	return !e && n > 0;
}

/* ---- targets ----------------------------------------------------------- */

static err *missing_field(struct transform *t, str path, bool create, err *cause)
{
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;
	const char *what = create ? "unable to find or create field" : "unable to find field";

	(void)t;
	quote_add(&quoted, path, QUOTE_PRINT);
	if (cause)
		return err_wrap(cause, "%s %s in replacement target", what, buf_c(&quoted));
	return err_new(ERR_NOT_FOUND, "%s %s in replacement target", what, buf_c(&quoted));
}

static err *set_field(struct transform *t, struct resource *r, str path, struct options o, node value)
{
	struct fieldpath_place *places;
	struct fieldpath steps;
	size_t n = 0;
	enum node_kind make = !o.create		? NODE_NONE
			      : is_scalar(value) ? NODE_STR
						 : (enum node_kind)value.kind;

	TRY(fieldpath_parse(t->a, path, &steps));
	if (steps.n > 1 && set_inside(t, &r->object, steps, make,
					    t->release_581 ? (struct options){ 0 } : o, value))
		return NULL;
	err *e = fieldpath_match(t->a, &r->object, steps, make, &places, &n, NULL);

	if (e || !n)
		return missing_field(t, path, o.create, e);
	/* A text whose value cannot be set is found, but stays as it was. */
	for (size_t i = 0; i < n; i++)
		if (!places[i].apart)
			TRY(set_value(t, o, &places[i], value));
	return NULL;
}

/* By any identity that the resource ever had. */
static bool chooses_any(const struct target *c, const struct resource *r)
{
	for (size_t i = 0; i <= r->former.n; i++)
		if (target_fits_id(c, nth_id(r, i)))
			return true;
	return false;
}

static bool is_rejected(struct target *const *reject, size_t n, const struct resource *r)
{
	for (size_t i = 0; i < n; i++)
		if ((target_has_marks(reject[i]) && target_fits_marks(reject[i], r)) ||
		    (target_has_id(reject[i]) && chooses_any(reject[i], r)))
			return true;
	return false;
}

static err *set_fields(struct transform *t, struct resource *r, node target, node value)
{
	node paths = node_get(target, S("fieldPaths"));

	resource_mark_history(t->a, r);
	if (!node_len(paths))
		return set_field(t, r, S("metadata.name"), options_of(target), value);
	node_each_item(p, paths) {
		err *e = set_field(t, r, node_str(*p), options_of(target), value);

		if (e)
			return sources_err(t->sources, p->place, e);
	}
	return NULL;
}

static err *apply(struct transform *t, struct resmap *m, node target, node value)
{
	node select = node_get(target, S("select")), rejects = node_get(target, S("reject"));
	struct target *chosen, **reject = arena_array(t->a, struct target *, node_len(rejects));

	if (select.kind != NODE_MAP)
		return err_new(ERR_INVALID, "target must specify resources to select");
	err *e = target_compile(t->a, select, &chosen);

	for (size_t i = 0; !e && i < node_len(rejects); i++)
		e = target_compile(t->a, node_at(rejects, i), &reject[i]);
	if (e)
		return err_wrap(e, "error creating target selector");
	for (size_t i = 0; i < m->n; i++) {
		struct resource *r = m->list[i];

		if (target_fits_marks(chosen, r) && !is_rejected(reject, node_len(rejects), r) &&
		    chooses_any(chosen, r))
			TRY(set_fields(t, r, target, node_copy(t->a, value)));
		TRY(arena_check(t->a, "kustomize build"));
	}
	return NULL;
}

/* ---- the list ---------------------------------------------------------- */

static err *add_from_file(struct transform *t, const struct loader *l, str path, node to)
{
	struct yaml_options rules = { .rules = YAML_1_1, .json = true, .sources = t->sources };
	static const struct typed list_type = { .kind = TYPED_LIST, .go = "[]types.Replacement",
						.of = &kfile_file_replacement_type };
	const struct typed_options o = { .texts = true, .sources = t->sources };
	str text, real;
	node read, fitted;

	TRY(loader_read(t->a, l, path, &text, &real));
	rules.name = real;
	TRY(yaml_read(t->a, text, &rules, &read));
	if (read.kind != NODE_SEQ && read.kind != NODE_MAP)
		return err_new(ERR_INVALID,
			       "unsupported replacement type encountered within replacement path: %s",
			       node_is_nil(read)	   ? "invalid"
			       : read.kind == NODE_BOOL ? "bool"
			       : node_is_num(read)	   ? "float64"
							: "string");
	err *e = typed_fit(t->a, read,
			   read.kind == NODE_MAP ? &kfile_file_replacement_type : &list_type, &o,
			   &fitted);

	if (e)
		return err_wrap(e, "error unmarshaling JSON: while decoding JSON");
	if (read.kind == NODE_MAP)
		node_append(t->a, to, fitted);
	node_each_item(i, fitted)
		node_append(t->a, to, *i);
	return NULL;
}

static node inline_entry(struct arena *a, node entry)
{
	uint32_t place = entry.place;

	if (node_len(node_get(entry, S("targets"))))
		return entry;
	entry = node_copy(a, entry);
	entry.place = place;
	node_remove(entry, S("targets"));
	return entry;
}

err *transform_replacements(struct transform *t, const struct loader *l, struct resmap *m,
			    node replacements)
{
	node list = node_seq(t->a, node_len(replacements));

	node_each_item(r, replacements) {
		str path = node_str(node_get(*r, S("path")));

		if (path.n && (node_has(*r, S("source")) || node_len(node_get(*r, S("targets")))))
			return sources_err(t->sources, r->place,
					   err_new(ERR_INVALID, "cannot specify both path and inline "
								"replacement"));
		if (path.n)
			TRY(add_from_file(t, l, path, list));
		else	/* an empty list of targets is lost on the way to the transformer */
			node_append(t->a, list, inline_entry(t->a, *r));
	}
	t->configured = true;
	node_each_item(r, list) {
		node value, targets = node_get(*r, S("targets"));

		if ((node_is_nil(node_get(*r, S("source"))) && !node_has(*r, S("sourceValue"))) ||
		    targets.kind != NODE_SEQ)
			return sources_err(t->sources, r->place,
					   err_new(ERR_INVALID, "replacements must specify a source "
								"and at least one target"));
		trail_entry(t->trail, r->place);
		err *e = find_value(t, m, *r, &value);

		if (e)
			return sources_err(t->sources, node_get(*r, S("source")).place, e);
		node_each_item(target, targets) {
			e = apply(t, m, *target, value);
			if (e)
				return sources_err(t->sources, target->place, e);
		}
		trail_done(t->trail, m);
	}
	resmap_touch(m);
	return NULL;
}
