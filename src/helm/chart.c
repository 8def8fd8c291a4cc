#include "helm/chart.h"

#include "base/map.h"
#include "base/sort.h"
#include "helm/chart_impl.h"
#include "helm/values.h"
#include "text/path.h"

/* ---- from files -------------------------------------------------------- */

/* One chart with all that is in it. */
struct load {
	struct arena *a;
	const struct chart_options *o;
	uint64_t left;		/* bytes that archives in charts/ may still unpack to */
};

struct builder {
	struct load *l;
	struct arena *a;
	unsigned depth;
	struct chart *c;
	node meta;		/* of Chart.yaml and requirements.yaml, fitted */
	bool has_meta;
	struct map subs;	/* name below charts/ -> struct chart_files */
};

static bool is_v1(const struct builder *b)
{
	return str_eq(node_str(node_get(b->meta, S("apiVersion"))), S("v1"));
}

static err *read_meta(struct builder *b, const struct chart_file *f)
{
	err *e = meta_read(b->a, f->data, &b->meta);

	if (e)
		return err_wrap(e, "cannot load Chart.yaml");
	if (!node_str(node_get(b->meta, S("apiVersion"))).n)
		node_set(b->a, b->meta, S("apiVersion"), node_lit("v1"));
	b->has_meta = true;
	return NULL;
}

static err *read_lock(struct builder *b, const struct chart_file *f)
{
	err *e = meta_read_lock(b->a, f->data, &b->c->lock);

	return e ? err_wrap(e, "cannot load %.*s", STR_ARG(f->name)) : NULL;
}

static err *read_values(struct builder *b, const struct chart_file *f)
{
	err *e = values_read(b->a, f->data, &b->c->values);

	return e ? err_wrap(e, "cannot load values.yaml") : NULL;
}

static err *read_schema(struct builder *b, const struct chart_file *f)
{
	b->c->schema = f->data;
	b->c->has_schema = true;
	return NULL;
}

static void warn_requirements(struct builder *b, const char *text)
{
	if (!is_v1(b) && b->l->o)
		notice_printf(b->l->o->notices, "%s", text);
}

static err *read_requirements(struct builder *b, const struct chart_file *f)
{
	warn_requirements(b, "Warning: Dependencies are handled in Chart.yaml since apiVersion "
			     "\"v2\". We recommend migrating dependencies to Chart.yaml.");
	err *e = meta_read(b->a, f->data, &b->meta);

	if (e)
		return err_wrap(e, "cannot load requirements.yaml");
	b->has_meta = true;
	if (is_v1(b))
		avec_push(b->a, &b->c->files, *f);
	return NULL;
}

static err *read_requirements_lock(struct builder *b, const struct chart_file *f)
{
	TRY(read_lock(b, f));
	b->has_meta = true;
	warn_requirements(b, "Warning: Dependency locking is handled in Chart.lock since "
			     "apiVersion \"v2\". We recommend migrating to Chart.lock.");
	if (is_v1(b))
		avec_push(b->a, &b->c->files, *f);
	return NULL;
}

/* Files of a meaning of their own; Chart.yaml was read before. */
static const struct {
	str name;
	err *(*read)(struct builder *b, const struct chart_file *f);
} special[] = {
	{ S("Chart.yaml"), NULL },
	{ S("Chart.lock"), read_lock },
	{ S("values.yaml"), read_values },
	{ S("values.schema.json"), read_schema },
	{ S("requirements.yaml"), read_requirements },
	{ S("requirements.lock"), read_requirements_lock },
};

static void add_below_charts(struct builder *b, struct chart_file f)
{
	str name, rest;

	if (str_eq(path_ext(f.name), S(".prov"))) {
		avec_push(b->a, &b->c->files, f);
		return;
	}
	f.name = str_from(f.name, sizeof "charts/" - 1);
	str_split(f.name, '/', &name, &rest);
	struct chart_files *files = map_get(&b->subs, name);

	if (!files) {
		files = arena_new(b->a, struct chart_files);
		map_set(&b->subs, name, files);
	}
	avec_push(b->a, files, f);
}

static err *add_file(struct builder *b, const struct chart_file *f)
{
	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		if (str_eq(f->name, special[i].name))
			return special[i].read ? special[i].read(b, f) : NULL;
	if (str_starts(f->name, S("templates/")))
		avec_push(b->a, &b->c->templates, *f);
	else if (str_starts(f->name, S("charts/")))
		add_below_charts(b, *f);
	else
		avec_push(b->a, &b->c->files, *f);
	return NULL;
}

/* ---- subcharts --------------------------------------------------------- */

static err *build(struct load *l, const struct chart_files *files, unsigned depth,
		  struct chart **out);

static err *load_tgz(struct builder *b, const struct chart_files *files, struct chart **out)
{
	struct chart_files inner = { 0 };

	TRY(chart_unpack(b->a, files->p[0].data, b->l->left, &inner));
	for (size_t i = 0; i < inner.n; i++)
		b->l->left -= inner.p[i].data.n;
	return build(b->l, &inner, b->depth + 1, out);
}

static err *load_folder(struct builder *b, const struct chart_files *files, struct chart **out)
{
	struct chart_files inner = { 0 };

	for (size_t i = 0; i < files->n; i++) {
		struct chart_file f = files->p[i];
		str folder;

		if (str_split(f.name, '/', &folder, &f.name))
			avec_push(b->a, &inner, f);
	}
	return build(b->l, &inner, b->depth + 1, out);
}

static err *load_sub(struct builder *b, str name, const struct chart_files *files,
		     struct chart **out)
{
	bool tgz = str_eq(path_ext(name), S(".tgz"));
	str chart = b->c->meta.name;

	if (b->depth >= CHART_DEPTH_MAX)
		return err_new(ERR_INVALID, "charts are nested deeper than %d levels",
			       CHART_DEPTH_MAX);
	if (tgz && !str_eq(files->p[0].name, name))
		return err_new(ERR_INVALID,
			       "error unpacking subchart tar in %.*s: expected %.*s, got %.*s",
			       STR_ARG(chart), STR_ARG(name), STR_ARG(files->p[0].name));
	err *e = tgz ? load_tgz(b, files, out) : load_folder(b, files, out);

	if (e)
		return err_wrap(e, "error unpacking subchart %.*s in %.*s", STR_ARG(name),
				STR_ARG(chart));
	(*out)->parent = b->c;
	return NULL;
}

static err *add_subs(struct builder *b)
{
	size_t n = b->subs.n;
	str *names = arena_array(b->a, str, n + 1);

	for (size_t i = 0; i < n; i++)
		names[i] = b->subs.entries[i].key;
	sort_strs(names, n);
	b->c->subs = arena_array(b->a, struct chart *, n + 1);
	for (size_t i = 0; i < n; i++) {
		if (names[i].n && (names[i].p[0] == '_' || names[i].p[0] == '.'))
			continue;
		TRY(load_sub(b, names[i], map_get(&b->subs, names[i]),
			     &b->c->subs[b->c->subs_n]));
		b->c->subs_n++;
	}
	return NULL;
}

static err *fill(struct builder *b, const struct chart_files *files)
{
	b->c->raw = *files;
	for (size_t i = 0; i < files->n; i++)
		if (str_eq(files->p[i].name, S("Chart.yaml")))
			TRY(read_meta(b, &files->p[i]));
	for (size_t i = 0; i < files->n; i++)
		TRY(add_file(b, &files->p[i]));
	if (!b->has_meta)
		return err_new(ERR_INVALID, "Chart.yaml file is missing");
	meta_from_tree(b->a, b->meta, &b->c->meta);
	TRY(meta_check(b->a, &b->c->meta));
	return add_subs(b);
}

static err *build(struct load *l, const struct chart_files *files, unsigned depth,
		  struct chart **out)
{
	struct builder b = { .l = l, .a = l->a, .depth = depth, .c = arena_new(l->a, struct chart) };
	err *e = fill(&b, files);

	map_release(&b.subs);
	if (!e)
		*out = b.c;
	return e;
}

err *chart_load_files(struct arena *a, const struct chart_files *files,
		      const struct chart_options *o, struct chart **out)
{
	struct load l = { .a = a, .o = o, .left = CHART_NESTED_MAX };

	return build(&l, files, 0, out);
}

/* ---- asking ------------------------------------------------------------ */

str chart_full_path(struct arena *a, const struct chart *c)
{
	if (!c->parent)
		return c->meta.name;
	return arena_cat(a, chart_full_path(a, c->parent), S("/charts/"), c->meta.name);
}

const struct chart_file *chart_find_file(const struct chart_files *files, str name)
{
	for (size_t i = 0; i < files->n; i++)
		if (str_eq(files->p[i].name, name))
			return &files->p[i];
	return NULL;
}

bool chart_is_crd(const struct chart_file *f)
{
	str ext = path_ext(f->name);

	return str_starts(f->name, S("crds/")) &&
	       (str_eq_nocase(ext, S(".yaml")) || str_eq_nocase(ext, S(".yml")) ||
		str_eq_nocase(ext, S(".json")));
}

static bool has_sub(const struct chart *c, str name)
{
	for (size_t i = 0; i < c->subs_n; i++)
		if (str_eq(c->subs[i]->meta.name, name))
			return true;
	return false;
}

err *chart_check_dependencies(struct arena *a, const struct chart *c)
{
	str *missing = arena_array(a, str, c->meta.deps_n + 1);
	size_t n = 0;

	for (size_t i = 0; i < c->meta.deps_n; i++)
		if (!has_sub(c, c->meta.deps[i].name))
			missing[n++] = c->meta.deps[i].name;
	if (!n)
		return NULL;
	return err_new(ERR_NOT_FOUND, "found in Chart.yaml, but missing in charts/ directory: %.*s",
		       STR_ARG(arena_join(a, missing, n, S(", "))));
}
