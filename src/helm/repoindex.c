#include "base/sort.h"
#include "helm/repoindex_impl.h"
#include "text/constraint.h"
#include "text/quote.h"
#include "value/json.h"
#include "value/yaml.h"

/* ---- the struct that Go decodes into ------------------------------------- */

static const struct typed_field more_fields[] = {
	TYPED_FIELD("urls", &typed_strings),	 TYPED_FIELD("created", &typed_any),
	TYPED_FIELD("removed", &typed_bool),	 TYPED_FIELD("digest", &typed_string),
	TYPED_FIELD("checksum", &typed_string),	 TYPED_FIELD("engine", &typed_string),
	TYPED_FIELD("tillerVersion", &typed_string), TYPED_FIELD("url", &typed_string),
};
enum { MORE = sizeof more_fields / sizeof *more_fields };

static const struct typed any_map = { .kind = TYPED_MAP, .go = "map[string]interface {}",
				      .of = &typed_any };

/* Entries are looked at one by one: here only that they are maps. */
static const struct typed version_type = { .kind = TYPED_STRUCT, .go = "repo.ChartVersion",
					   .name = "ChartVersion" };
static const struct typed list_type = { .kind = TYPED_LIST, .go = "repo.ChartVersions",
					.of = &version_type };
static const struct typed entries_type = { .kind = TYPED_MAP,
					   .go = "map[string]repo.ChartVersions",
					   .of = &list_type };
static const struct typed_field root_fields[] = {
	TYPED_FIELD("serverInfo", &any_map),	   TYPED_FIELD("apiVersion", &typed_string),
	TYPED_FIELD("generated", &typed_any),	   TYPED_FIELD("entries", &entries_type),
	TYPED_FIELD("publicKeys", &typed_strings), TYPED_FIELD("annotations", &typed_string_map),
};
static const struct typed root_type = TYPED_STRUCT_OF("repo", "IndexFile", root_fields);

static err *undecodable(const struct repoindex *ix, err *e)
{
	return ix->form == REPOINDEX_JSON
		       ? e
		       : err_wrap(e, "error unmarshaling JSON: while decoding JSON");
}

/* JSON is taken as it comes; YAML strictly, numbers where texts belong too. */
static const struct typed_options *options_of(const struct repoindex *ix)
{
	static const struct typed_options strict = { .texts = true, .strict = true }, loose = { 0 };

	return ix->form == REPOINDEX_JSON ? &loose : &strict;
}

static err *read_time(const struct repoindex *ix, node n, struct gotime *out)
{
	*out = GOTIME_ZERO;
	if (node_is_nil(n))
		return NULL;
	if (n.kind != NODE_STR)
		return undecodable(ix, err_new(ERR_INVALID, "Time.UnmarshalJSON: input is not a "
							    "JSON string"));
	err *e = gotime_parse(out, GOTIME_RFC3339, node_str(n), NULL);

	return e ? undecodable(ix, e) : NULL;
}

/* ---- one entry ----------------------------------------------------------- */

static const struct typed_field *find_field(const struct typed_field *fields, size_t n, str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(fields[i].name, name))
			return &fields[i];
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(fields[i].name, name))
			return &fields[i];
	return NULL;
}

/* The error of one field, as Go words it: the metadata is a struct within. */
static err *field_error(struct arena *a, const struct repoindex *ix, const struct node_pair *p,
			const struct typed_field *field, const struct typed_options *o,
			bool is_meta)
{
	const struct typed_field one[] = { *field };
	const struct typed inner = { .kind = TYPED_STRUCT, .go = "v2.Metadata",
				     .name = "ChartVersion", .fields = one, .fields_n = 1 };
	const struct typed_field within[] = { TYPED_FIELD("Metadata", &inner) };
	const struct typed middle = { .kind = TYPED_STRUCT, .go = "repo.ChartVersion",
				      .name = "ChartVersion", .fields = is_meta ? within : one,
				      .fields_n = 1 };
	const struct typed_field outer[] = { TYPED_FIELD("entries", &middle) };
	const struct typed root = { .kind = TYPED_STRUCT, .name = "IndexFile", .fields = outer,
				    .fields_n = 1 };
	node value = node_map(a, 1), tree = node_map(a, 1), meta = node_map(a, 1), out;

	node_set(a, value, field->name, p->value);
	node_set(a, meta, S("Metadata"), value);
	node_set(a, tree, S("entries"), is_meta ? meta : value);
	err *e = typed_fit(a, tree, &root, o, &out);

	return undecodable(ix, e ? e : err_new(ERR_INVALID, "json: unknown error"));
}

static int cmp_pairs(const void *x, const void *y, void *ctx)
{
	(void)ctx;
	return str_cmp(node_str(((const struct node_pair *)x)->key),
		       node_str(((const struct node_pair *)y)->key));
}

/* sigs.k8s.io/yaml makes texts of numbers where the struct itself has a text;
 * for the metadata, which is embedded, it does not. */
static err *fit_field(struct arena *a, const struct repoindex *ix, const struct node_pair *p,
		      node to)
{
	str name = node_str(p->key);
	const struct typed_field *field = find_field(more_fields, MORE, name);
	bool is_meta = !field;
	node value = NODE_NOTHING;

	if (is_meta)
		field = find_field(meta_type.fields, meta_type.fields_n, name);
	if (!field) {
		if (ix->form == REPOINDEX_JSON)
			return NULL;
		return undecodable(ix, err_new(ERR_INVALID, "json: unknown field %.*s",
					       STR_ARG(quote_str(a, name))));
	}
	const struct typed_options *o = options_of(ix);
	const struct typed_options texts = { .texts = o->texts && !is_meta, .strict = o->strict };
	err *e = typed_fit(a, p->value, field->type, &texts, &value);

	if (e) {
		err_free(e);
		return field_error(a, ix, p, field, &texts, is_meta);
	}
	if (str_eq(field->name, S("created"))) {
		struct gotime t;

		TRY(read_time(ix, value, &t));
	}
	if (!node_is_nil(value))
		node_set(a, to, field->name, value);
	return NULL;
}

static bool is_right(node in, const struct typed *type);

static bool are_right(node in, const struct typed_field *fields, size_t n,
		      const struct typed_field *more, size_t more_n)
{
	node_each_pair(p, in) {
		str name = node_str(p->key);
		const struct typed_field *field = NULL;

		for (size_t i = 0; i < n && !field; i++)
			if (str_eq(fields[i].name, name))
				field = &fields[i];
		for (size_t i = 0; i < more_n && !field; i++)
			if (str_eq(more[i].name, name))
				field = &more[i];
		if (!field || !is_right(p->value, field->type))
			return false;
	}
	return true;
}

/* Nothing about the value has to be changed or refused. */
static bool is_right(node in, const struct typed *type)
{
	switch (type->kind) {
	case TYPED_ANY:
		return true;
	case TYPED_STRING:
		return in.kind == NODE_STR;
	case TYPED_BOOL:
		return in.kind == NODE_BOOL;
	case TYPED_LIST:
		node_each_item(i, in)
			if (!is_right(*i, type->of))
				return false;
		return in.kind == NODE_SEQ;
	case TYPED_MAP:
		node_each_pair(p, in)
			if (!is_right(p->value, type->of))
				return false;
		return in.kind == NODE_MAP;
	case TYPED_STRUCT:
		return in.kind == NODE_MAP && are_right(in, type->fields, type->fields_n, NULL, 0);
	case TYPED_INT:
	case TYPED_FLOAT:
		break;
	}
	return false;
}

static err *fit_entry(struct arena *a, const struct repoindex *ix, node in, node *out)
{
	*out = node_is_nil(in) ? node_null() : in;
	if (node_is_nil(in) ||
	    are_right(in, meta_type.fields, meta_type.fields_n, more_fields, MORE))
		return NULL;
	if (!sort_is_sorted(in.map->pairs, in.map->n, sizeof *in.map->pairs, cmp_pairs, NULL)) {
		in = node_copy(a, in);
		sort_stable(in.map->pairs, in.map->n, sizeof *in.map->pairs, cmp_pairs, NULL);
	}
	*out = node_map(a, node_len(in));
	node_each_pair(p, in)
		TRY(fit_field(a, ix, p, *out));
	return NULL;
}

/* A chart's list is no list, or holds what is no map. */
static err *check_shape(struct arena *a, const struct repoindex *ix, str name, node list)
{
	static const struct typed_options loose = { 0 };
	node tree = node_map(a, 1), entries = node_map(a, 1);

	node_set(a, entries, name, list);
	node_set(a, tree, S("entries"), entries);
	err *e = typed_fit(a, tree, &root_type, &loose, &tree);

	return e ? undecodable(ix, e) : NULL;
}

/* ---- reading ------------------------------------------------------------- */

static err *read_yaml(struct arena *a, str text, uint32_t line, node *out)
{
	const struct yaml_options o = { .json = true, .numbers = YAML_NUMBERS_TEXT,
					.strict = true, .line = line };

	return yaml_read(a, text, &o, out);
}

/* One version, fitted: its fields by their names, or null. *cut: whether the
 * piece was one. */
static err *read_item(struct arena *a, const struct repoindex *ix, str name,
		      struct repoindex_part part, node *out, enum repoindex_cut *cut)
{
	str text = repoindex_text(ix, part);
	node list, item;

	*cut = REPOINDEX_ODD;
	if (part.n > REPOINDEX_WHOLE_MAX)
		return err_new(ERR_INVALID, "line %u: a version of '%.*s' is larger than %d bytes",
			       part.line, STR_ARG(name), REPOINDEX_WHOLE_MAX);
	if (ix->form == REPOINDEX_JSON) {
		TRY(json_read(a, text, NULL, &item));
		list = node_seq_of(a, &item, 1);
	} else {
		TRY(read_yaml(a, text, part.line, &list));
		if (list.kind != NODE_SEQ || node_len(list) != 1)
			return NULL;
	}
	*cut = REPOINDEX_CUT;
	item = node_at(list, 0);
	if (item.kind != NODE_MAP && !node_is_nil(item))
		return check_shape(a, ix, name, list);
	return fit_entry(a, ix, item, out);
}

/* ---- what counts --------------------------------------------------------- */

/* JFrog's servers drop the alias: Helm lets that pass. */
static bool is_skippable(const err *e)
{
	return str_starts(err_text(e),
			  S("validation: more than one dependency with name or alias"));
}

static void skip_notice(const struct repoindex *ix, str name, str version, const err *e)
{
	if (e)
		notice(ix->o.notices, NOTICE_WARN, S("skipping loading invalid entry for chart"),
		       { "name", name }, { "version", version }, { "source", ix->o.source },
		       { "error", err_text(e) });
	else
		notice(ix->o.notices, NOTICE_WARN,
		       S("skipping loading invalid entry for chart: empty entry"), { "name", name },
		       { "source", ix->o.source });
}

static void read_meta(struct arena *a, node item, struct chart_meta *out)
{
	meta_from_tree(a, item, out);
	if (!out->api_version.n)
		out->api_version = S("v1");
}

/* *valid: whether the entry is a chart. */
static err *read_version(struct arena *a, const struct repoindex *ix, str name, node item,
			 struct repoindex_version *out, bool *valid)
{
	struct chart_meta m;

	*valid = false;
	if (node_is_nil(item)) {
		skip_notice(ix, name, STR_NONE, NULL);
		return NULL;
	}
	TRY(read_time(ix, node_get(item, S("created")), &out->created));
	read_meta(a, item, &m);
	err *e = meta_check(a, &m);

	*valid = !e || is_skippable(e);
	if (!*valid)
		skip_notice(ix, name, m.version, e);
	err_free(e);
	out->name = m.name;
	out->version = m.version;
	out->url = node_str_or(node_at(node_get(item, S("urls")), 0), STR_NONE);
	out->digest = node_str_or(node_get(item, S("digest")), STR_NONE);
	return NULL;
}

/* ---- loading ------------------------------------------------------------- */

struct loading {
	struct arena *a, scratch;
	struct repoindex *ix;
	str name;
	bool entries, check_only;
	bool seen;			/* the list has items, valid or not */
	VEC(struct repoindex_version) versions;
};

/* Newest first; what is no version goes to the end. */
static int cmp_versions(const void *x, const void *y, void *ctx)
{
	struct semver a, b;

	(void)ctx;
	bool is_a = semver_try_parse(&a, ((const struct repoindex_version *)x)->version);
	bool is_b = semver_try_parse(&b, ((const struct repoindex_version *)y)->version);

	if (!is_a || !is_b)
		return is_b - is_a;
	return semver_cmp(&b, &a);
}

static err *take_item(struct loading *l, node item, struct repoindex_part part)
{
	struct repoindex_version v = { .part = part };
	bool valid;

	l->seen = true;
	TRY(read_version(&l->scratch, l->ix, l->name, item, &v, &valid));
	if (!valid || l->check_only)
		return NULL;
	if (l->versions.n >= REPOINDEX_VERSIONS_MAX)
		return err_new(ERR_INVALID, "index has more than %d versions of '%.*s'",
			       REPOINDEX_VERSIONS_MAX, STR_ARG(l->name));
	v.name = arena_str(l->a, v.name);
	v.version = arena_str(l->a, v.version);
	v.url = arena_str(l->a, v.url);
	v.digest = arena_str(l->a, v.digest);
	v.created.zone = STR_NONE;
	if (l->ix->form == REPOINDEX_WHOLE || l->entries)
		v.entry = item;
	vec_push(&l->versions, v);
	return NULL;
}

static err *load_tree(struct loading *l, node list)
{
	node item;

	if (node_is_nil(list))
		return NULL;
	l->seen = true;
	TRY(check_shape(&l->scratch, l->ix, l->name, list));
	node_each_item(i, list) {
		TRY(fit_entry(l->check_only ? &l->scratch : l->a, l->ix, *i, &item));
		TRY(take_item(l, item, (struct repoindex_part){ 0 }));
	}
	return NULL;
}

static err *load_text(struct loading *l, struct repoindex_part body, enum repoindex_cut *cut)
{
	struct repoindex_items it = { .ix = l->ix, .rest = body };
	struct repoindex_part part;

	while (repoindex_next_item(&it, &part)) {
		struct arena *to = l->entries ? l->a : &l->scratch;
		node item;

		TRY(read_item(to, l->ix, l->name, part, &item, cut));
		if (*cut == REPOINDEX_ODD)
			return NULL;
		TRY(take_item(l, item, part));
		arena_clear(&l->scratch);
		repoindex_pass(l->ix, part.n);
	}
	*cut = it.cut;
	return NULL;
}

/* Whole entries of so much text are kept; a long list is read again. */
enum { KEPT_TEXT_MAX = 1 << 20 };

static err *load(struct loading *l, const struct repoindex_ref *ref, enum repoindex_cut *cut)
{
	*cut = REPOINDEX_CUT;
	if (l->ix->form == REPOINDEX_WHOLE || ref->list.kind != NODE_NONE)
		return load_tree(l, ref->list);
	if (l->ix->form == REPOINDEX_JSON) {
		str text = repoindex_text(l->ix, ref->body);

		if (str_eq(text, S("null")))
			return NULL;
		l->seen = true;
		if (text.p[0] != '[') {
			node list;

			*cut = REPOINDEX_ODD;
			TRY(json_read(&l->scratch, text, NULL, &list));
			*cut = REPOINDEX_CUT;
			return check_shape(&l->scratch, l->ix, l->name, list);
		}
	}
	l->entries = l->entries && ref->body.n <= KEPT_TEXT_MAX;
	return load_text(l, ref->body, cut);
}

err *repoindex_load(struct arena *a, struct repoindex *ix, str name, bool entries,
		    struct repoindex_chart *out)
{
	const struct repoindex_ref *ref = map_get(&ix->charts, name);
	struct loading l = { .a = a, .ix = ix, .name = name, .entries = entries };
	enum repoindex_cut cut;

	if (!ref)
		return err_new(ERR_NOT_FOUND, "no chart name found");
	err *e = load(&l, ref, &cut);

	arena_release(&l.scratch);
	if (!e && cut == REPOINDEX_ODD)
		e = err_new(ERR_INVALID, "the versions of '%.*s' are not laid out as in an index "
					 "that was checked", STR_ARG(name));
	if (!e) {
		*out = (struct repoindex_chart){
			.versions = arena_array(a, struct repoindex_version, l.versions.n),
			.n = l.versions.n,
			.is_null = !l.seen,
		};
		if (l.versions.n)
			memcpy(out->versions, l.versions.p,
			       l.versions.n * sizeof *out->versions);
		sort_stable(out->versions, out->n, sizeof *out->versions, cmp_versions, NULL);
	}
	vec_release(&l.versions);
	return e;
}

/* ---- opening ------------------------------------------------------------- */

static err *check_head(struct repoindex *ix)
{
	struct gotime generated;
	err *e = typed_fit(&ix->mem, ix->head, &root_type, options_of(ix), &ix->head);

	return e ? undecodable(ix, e) : read_time(ix, node_get(ix->head, S("generated")), &generated);
}

/* Everything at once, for small texts. */
static err *read_whole(struct repoindex *ix)
{
	enum repoindex_cut cut;
	node tree;

	map_clear(&ix->charts);
	ix->form = REPOINDEX_WHOLE;
	TRY(read_yaml(&ix->mem, ix->text, 0, &tree));
	ix->head = node_map(&ix->mem, 8);
	ix->null_entries = true;
	if (tree.kind != NODE_MAP && !node_is_nil(tree)) {
		ix->head = tree;
		return NULL;
	}
	node_each_pair(p, tree) {
		if (!str_eq_nocase(node_str(p->key), S("entries")) || p->value.kind != NODE_MAP) {
			node_put(&ix->mem, ix->head, p->key, p->value);
			continue;
		}
		ix->null_entries = false;
		node_each_pair(c, p->value)
			TRY(repoindex_add_chart(ix, node_str(c->key), (struct repoindex_part){ 0 },
						c->value, &cut));
	}
	return NULL;
}

static err *check_charts(struct repoindex *ix, enum repoindex_cut *cut)
{
	struct loading l = { .ix = ix, .check_only = true };
	err *e = NULL;

	*cut = REPOINDEX_CUT;
	for (size_t i = 0; !e && *cut == REPOINDEX_CUT && i < ix->charts.n; i++) {
		l.name = ix->charts.entries[i].key;
		e = load(&l, ix->charts.entries[i].value, cut);
	}
	arena_release(&l.scratch);
	return e;
}

/* Cut, and, unless that was done before, all pieces looked at. */
static err *read_pieces(struct repoindex *ix, enum repoindex_cut *cut)
{
	bool json = str_starts(str_trim_left_set(ix->text, S(" \t\r\n")), S("{"));

	ix->head = node_map(&ix->mem, 8);
	TRY(json ? repoindex_split_json(ix, cut) : repoindex_split_yaml(ix, cut));
	if (*cut == REPOINDEX_ODD)
		return NULL;
	node entries = node_get(ix->head, S("entries"));

	if (node_len(entries) && ix->form == REPOINDEX_YAML) {
		*cut = REPOINDEX_ODD;
		return NULL;
	}
	TRY(check_head(ix));
	if (entries.kind == NODE_MAP)
		ix->null_entries = false;
	node_remove(ix->head, S("entries"));
	return ix->o.checked ? NULL : check_charts(ix, cut);
}

static err *read_index(struct repoindex *ix)
{
	enum repoindex_cut cut = REPOINDEX_ODD;
	err *e = read_pieces(ix, &cut);

	if (!e && cut == REPOINDEX_CUT)
		return NULL;
	/* The whole reader has the last word, where it can have one. */
	if (ix->text.n > REPOINDEX_WHOLE_MAX)
		return e ? e
			 : err_new(ERR_INVALID,
				   "index is larger than %d bytes and not laid out as Helm writes "
				   "it",
				   REPOINDEX_WHOLE_MAX);
	if (e && ix->form == REPOINDEX_JSON && cut == REPOINDEX_CUT)
		return e;
	err_free(e);
	TRY(read_whole(ix));
	TRY(check_head(ix));
	return check_charts(ix, &cut);
}

err *repoindex_open(struct repoindex **out, str text, const struct repoindex_options *o)
{
	if (!text.n)
		return err_new(ERR_INVALID, "empty index.yaml file");
	if (text.n > REPOINDEX_TEXT_MAX)
		return err_new(ERR_INVALID, "index is larger than %d bytes", REPOINDEX_TEXT_MAX);
	struct repoindex *ix = mem_calloc(1, sizeof *ix);

	ix->text = text;
	if (o)
		ix->o = *o;
	err *e = read_index(ix);

	if (!e && !node_str_or(node_get(ix->head, S("apiVersion")), STR_NONE).n)
		e = err_new(ERR_INVALID, "no API version specified");
	/* Told once, as by Helm, which looks at an index when it reads it. */
	if (!ix->o.checked)
		ix->o.notices = NULL;
	if (e)
		repoindex_close(ix);
	else
		*out = ix;
	return e;
}

void repoindex_close(struct repoindex *ix)
{
	if (!ix)
		return;
	map_release(&ix->charts);
	arena_release(&ix->mem);
	free(ix);
}

void repoindex_drop(struct repoindex **ix)
{
	repoindex_close(*ix);
}

size_t repoindex_count(const struct repoindex *ix)
{
	return ix->charts.n;
}

str repoindex_name(const struct repoindex *ix, size_t i)
{
	return ix->charts.entries[i].key;
}

bool repoindex_has(const struct repoindex *ix, str name)
{
	return map_has(&ix->charts, name);
}

node repoindex_head(const struct repoindex *ix)
{
	return ix->head;
}

/* ---- whole entries ------------------------------------------------------- */

static void add_fields(struct arena *a, node to, node from, const struct typed *type)
{
	for (size_t i = 0; i < type->fields_n; i++) {
		node v = node_get(from, type->fields[i].name);

		if (v.kind == NODE_STR ? node_str(v).n > 0
		    : v.kind == NODE_BOOL ? node_bool(v) : node_len(v) > 0)
			node_set(a, to, type->fields[i].name, v);
	}
}

/* Go's order, without what is empty. */
static node in_order(struct arena *a, node from, const struct typed *type)
{
	node out = node_map(a, node_len(from) + 4);

	add_fields(a, out, from, type);
	return out;
}

static node maintainers_in_order(struct arena *a, node list)
{
	const struct typed *type = NULL;
	node out = node_seq(a, node_len(list));

	for (size_t i = 0; i < meta_type.fields_n; i++)
		if (str_eq(meta_type.fields[i].name, S("maintainers")))
			type = meta_type.fields[i].type->of;
	node_each_item(i, list)
		node_append(a, out, in_order(a, *i, type));
	return out;
}

node repoindex_metadata(struct arena *a, const struct chart_meta *m)
{
	node tree = meta_tree(a, m);

	if (node_len(m->maintainers))
		node_set(a, tree, S("maintainers"), maintainers_in_order(a, m->maintainers));
	node_sort(m->annotations);
	for (size_t i = 0; i < m->deps_n; i++) {
		node_sort(m->deps[i].import_values);
		if (m->deps[i].is_null)
			node_get(tree, S("dependencies")).seq->items[i] = node_null();
	}
	return in_order(a, tree, &meta_type);
}

node repoindex_new_entry(struct arena *a, const struct chart_meta *m, node urls, str created,
			 str digest)
{
	node out = repoindex_metadata(a, m);

	node_set(a, out, S("urls"), urls.kind == NODE_SEQ ? urls : node_null());
	node_set(a, out, S("created"), node_from_str(a, created));
	if (digest.n)
		node_set(a, out, S("digest"), node_from_str(a, digest));
	return out;
}

static err *write_time(struct arena *a, struct gotime t, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(gotime_write(&b, t));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

err *repoindex_entry(struct arena *a, struct repoindex *ix, const struct repoindex_version *v,
		     node *out)
{
	static const struct typed rest = { .kind = TYPED_STRUCT, .fields = more_fields + 2,
					   .fields_n = MORE - 2 };
	enum repoindex_cut cut;
	node item = v->entry;
	struct chart_meta m;
	str created;

	if (item.kind == NODE_NONE)
		TRY(read_item(a, ix, v->name, v->part, &item, &cut));
	read_meta(a, item, &m);
	err_free(meta_check(a, &m));
	TRY(write_time(a, v->created, &created));
	*out = repoindex_new_entry(a, &m, node_get(item, S("urls")), created, STR_NONE);
	add_fields(a, *out, item, &rest);
	return NULL;
}

/* ---- choosing ------------------------------------------------------------ */

static const struct repoindex_version *find_exact(const struct repoindex_chart *chart, str version)
{
	for (size_t i = 0; i < chart->n; i++)
		if (version.n && str_eq(chart->versions[i].version, version))
			return &chart->versions[i];
	return NULL;
}

static bool is_later(const struct gotime *a, const struct gotime *b)
{
	return a->sec != b->sec ? a->sec > b->sec : a->nanos > b->nanos;
}

/* Of versions that only differ in their build, the one made last. */
static const struct repoindex_version *pick(const struct repoindex_chart *chart,
					    const struct constraint *c, bool tags)
{
	const struct repoindex_version *best = NULL;
	struct semver v, b = { 0 };

	for (size_t i = 0; i < chart->n; i++) {
		const struct repoindex_version *x = &chart->versions[i];

		if (!(tags ? semver_try_tag(&v, x->version) : semver_try_parse(&v, x->version)) ||
		    !constraint_check(c, &v))
			continue;
		if (!best || (tags && !semver_cmp(&v, &b) && is_later(&x->created, &best->created))) {
			best = x;
			b = v;
		}
	}
	return best;
}

static err *pick_range(const struct repoindex_chart *chart, str range, bool tags,
		       const struct repoindex_version **out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct constraint *c;

	TRY(constraint_parse(&a, range.n ? range : S("*"), &c));
	*out = pick(chart, c, tags);
	return NULL;
}

err *repoindex_pick_flux(const struct repoindex_chart *chart, str name, str range,
			 const struct repoindex_version **out)
{
	if (!chart->n)
		return err_new(ERR_NOT_FOUND, "no chart version found");
	const struct repoindex_version *found = find_exact(chart, range);

	if (!found)
		TRY(pick_range(chart, range, true, &found));
	if (!found)
		return err_new(ERR_NOT_FOUND, "no '%.*s' chart with version matching '%.*s' found",
			       STR_ARG(name), STR_ARG(range));
	*out = found;
	return NULL;
}

err *repoindex_pick_helm(const struct repoindex_chart *chart, str name, str range,
			 const struct repoindex_version **out)
{
	const struct repoindex_version *found;

	if (!chart->n)
		return err_new(ERR_NOT_FOUND, "no chart version found");
	TRY(pick_range(chart, range, false, &found));
	if (find_exact(chart, range))
		found = find_exact(chart, range);
	if (!found)
		return err_new(ERR_NOT_FOUND, "no chart version found for %.*s-%.*s", STR_ARG(name),
			       STR_ARG(range));
	*out = found;
	return NULL;
}

const struct repoindex_version *repoindex_newest(const struct repoindex_chart *chart)
{
	for (size_t i = 0; i < chart->n; i++) {
		struct semver v;

		if (semver_try_parse(&v, chart->versions[i].version) && !v.prerelease.n)
			return &chart->versions[i];
	}
	return chart->n ? &chart->versions[0] : NULL;
}
