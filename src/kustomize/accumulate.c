/* One root: its resources, generators, components and transformers, in
 * kustomize's order. */
#include "base/buf.h"
#include "kustomize/build_impl.h"
#include "kustomize/generate.h"
#include "kustomize/objfile.h"
#include "text/path.h"
#include "text/quote.h"
#include "value/json.h"
#include "value/yaml.h"

/* ---- opening a root ---------------------------------------------------- */

err *build_open_root(struct build *b, const struct loader *l, bool lenient, struct root *out)
{
	struct root r = { .l = l };
	str text;

	TRY(kfile_load(b->t.a, l, &text, &r.file_name));
	err *e = kfile_parse(b->t.a, text, path_join(b->t.a, l->root, r.file_name), l->root,
			     b->t.sources, lenient, &r.k);

	for (size_t i = 0; b->o->warn && i < r.k.warnings.n; i++)
		b->o->warn(b->o->context, r.k.warnings.p[i]);
	TRY(e);
	*out = r;
	return NULL;
}

/* ---- the schema of strategic merges ------------------------------------ */

static err *parse_schema(struct build *b, str text, str name, node *out)
{
	const struct yaml_options o = { .rules = YAML_1_1, .json = true, .name = name };
	str trimmed = str_trim(text);

	if (str_starts(trimmed, S("{")))
		return json_read(b->t.a, text, NULL, out);
	return yaml_read(b->t.a, text, &o, out);
}

err *build_set_schema(struct build *b, struct root *r, bool top)
{
	node openapi = node_get(r->k.root, S("openapi"));
	node path = node_get(openapi, S("path")), version = node_get(openapi, S("version"));
	str text = STR_NONE;
	node document;

	if (path.kind != NODE_NONE)
		TRY(loader_read(b->t.a, r->l, node_str(path), &text, NULL));
	if (b->schema_set && !top)
		return NULL;
	if (path.kind != NODE_NONE) {
		if (version.kind != NODE_NONE)
			return err_new(ERR_INVALID,
				       "builtin version and custom schema provided, cannot use both");
		TRY(parse_schema(b, text, node_str(path), &document));
		b->t.schema = merge_schema_from_openapi(
			b->t.a, document,
			b->o->release_581 || b->schema_used ? merge_schema_builtin() : NULL);
		b->schema_set = true;
		return NULL;
	}
	if (!node_str(version).n)
		return NULL;
	if (!str_eq(node_str(version), S("v1.21.2")) && !str_eq(node_str(version), S("v1212")))
		return err_new(ERR_INVALID, "the specified OpenAPI version is not built in");
	b->schema_set = true;
	return NULL;
}

/* ---- resources --------------------------------------------------------- */

/* kustomize reads its own schema when it first meets a kind that it does not
 * know by heart; a schema of the user's that comes later adds to it. */
static struct resource *take_in(struct build *b, node object)
{
	struct resource *r = resource_new(b->t.a, object);
	struct gvk g = resource_gvk(r);
	str api = node_str(node_get(object, S("apiVersion")));

	if (!gvk_is_cluster_scoped(g) && !merge_schema_root(merge_schema_builtin(), api, g.kind))
		b->schema_used = true;
	resource_take_history(b->t.a, r);
	return r;
}

static err *add_file(struct build *b, struct root *r, struct layer *to, str path)
{
	struct arena *a = b->t.a;
	struct resmap *read = resmap_new(a);
	node_list objects;
	str text, real;
	err *e = loader_read(a, r->l, path, &text, &real);

	if (!e) {
		e = objfile_parse(a, b->t.sources, text, real, &objects);
		for (size_t i = 0; !e && i < objects.n; i++)
			e = resmap_append(read, take_in(b, objects.p[i]));
		if (e)
			e = objfile_name_file(e, path);
	}
	if (e)
		return err_wrap(e, "accumulating resources from '%.*s'", STR_ARG(path));
	trail_read(b->t.trail, read);
	origin_of_file(b, r, read, path);
	e = resmap_append_all(to->m, read);
	if (!e)
		e = arena_check(a, "kustomize build");
	return e ? err_wrap(e, "merging resources from '%.*s'", STR_ARG(path)) : NULL;
}

static err *add_layer(struct build *b, struct layer *to, const struct layer *from)
{
	TRY(resmap_append_all(to->m, from->m));
	TRY(config_merge(b, to->config, from->config, &to->config));
	for (size_t i = 0; i < from->vars.n; i++) {
		for (size_t k = 0; k < to->vars.n; k++)
			if (node_equal(node_get(to->vars.p[k], S("name")),
				       node_get(from->vars.p[i], S("name"))))
				return err_new(ERR_EXISTS, "var '%.*s' already encountered",
					       STR_ARG(node_str(node_get(from->vars.p[i], S("name")))));
		avec_push(b->t.a, &to->vars, from->vars.p[i]);
	}
	return NULL;
}

static err *enter_root(struct build *b, struct root *from, struct loader *l, str path,
		       bool component, struct root *out)
{
	str ns = node_str(node_get(from->k.root, S("namespace")));
	err *e = build_open_root(b, l, false, out);

	if (e)
		return err_wrap(e, "couldn't make target for path '%.*s'", STR_ARG(l->root));
	out->metadata = from->metadata;
	out->place = b->track ? origin_enter(b->t.a, from->place, path) : from->place;
	out->helm_ns = ns.n ? ns : from->helm_ns;
	TRY(build_set_schema(b, out, false));
	if (component && !out->k.component)
		return err_new(ERR_INVALID, "expected kind 'Component' for path '%.*s' but got '%.*s'",
			       STR_ARG(l->root), STR_ARG(node_str(node_get(out->k.root, S("kind")))));
	if (!component && out->k.component)
		return err_new(ERR_INVALID, "expected kind != 'Component' for path '%.*s'",
			       STR_ARG(l->root));
	return NULL;
}

static err *add_root(struct build *b, struct root *r, struct layer *to, struct loader *l, str path,
		     bool component)
{
	struct layer fresh = { .m = resmap_new(b->t.a) };
	struct root sub;

	TRY(enter_root(b, r, l, path, component, &sub));
	/* A component works on what is there; a base brings its own. */
	struct layer *work = component ? to : &fresh;
	err *e = accumulate(b, &sub, work);

	if (e)
		return err_wrap(e, "recursed accumulation of path '%.*s'", STR_ARG(l->root));
	if (component)
		return NULL;
	e = add_layer(b, to, &fresh);
	return e ? err_wrap(e, "recursed merging from path '%.*s'", STR_ARG(l->root)) : NULL;
}

err *accumulate_paths(struct build *b, struct root *r, struct layer *to, node paths)
{
	node_each_item(p, paths) {
		str path = node_str(*p);
		err *as_file = add_file(b, r, to, path), *e;
		struct loader *l;

		if (!as_file)
			continue;
		if (str_starts(err_text(as_file), S("HTTP Error")))
			return as_file;
		e = loader_enter(b->t.a, r->l, path, &l);
		if (e && objfile_is_malformed(as_file)) {
			err_free(e);
			return as_file;
		}
		if (!e)
			e = add_root(b, r, to, l, path, false);
		if (e) {
			struct err_pos in_file = err_position(as_file);

			e = err_wrap(e, "accumulation err='%.*s'", STR_ARG(err_text(as_file)));
			if (in_file.file.n)
				e = err_at_pos(e, &in_file);
			err_free(as_file);
			return sources_err(b->t.sources, p->place, e);
		}
		err_free(as_file);
	}
	return NULL;
}

static err *quoted(const char *context, err *cause)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, err_text(cause), QUOTE_PRINT);
	return err_replace(cause, "%s%s", context, buf_c(&b));
}

static err *add_components(struct build *b, struct root *r, struct layer *to)
{
	node paths = node_get(r->k.root, S("components"));

	node_each_item(p, paths) {
		struct loader *l;
		err *e = loader_enter(b->t.a, r->l, node_str(*p), &l);

		if (e)
			return sources_err(b->t.sources, p->place, quoted("loader.New ", e));
		e = add_root(b, r, to, l, node_str(*p), true);
		if (e)
			return sources_err(b->t.sources, p->place,
					   quoted("accumulateDirectory: ", e));
	}
	return NULL;
}

/* ---- generators -------------------------------------------------------- */

err *build_bad_builtin(struct arena *a, const char *kind, node config, err *cause)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	err_free(yaml_write(&text, transform_shown(a, config), YAML_WRITE_SIGS));
	return err_wrap(cause, "trouble configuring builtin %s with config: `\n%s`", kind,
			buf_c(&text));
}

static err *run_generators(struct build *b, struct root *r, struct layer *to, const char *kind,
			   node list, node options,
			   err *(*generate)(struct arena *, const struct loader *, node,
					    struct resource **))
{
	struct arena *a = b->t.a;

	node_each_item(i, list) {
		struct resmap *made = resmap_new(a);
		node args = node_copy(a, *i), merged;
		struct resource *made_one;

		merged = generate_merge_options(a, node_get(args, S("options")), options);
		if (merged.kind == NODE_MAP)
			node_set(a, args, S("options"), merged);
		err *e = generate(a, r->l, args, &made_one);

		if (e)
			return sources_err(b->t.sources, i->place, e);
		TRY(resmap_append(made, made_one));
		origin_of_generated(b, r, made, kind);
		e = resmap_absorb(to->m, made, b->o->release_581);
		trail_entry(b->t.trail, i->place);
		trail_done(b->t.trail, to->m);
		if (e)
			return sources_err(b->t.sources, i->place,
					   err_wrap(e, "merging from generator %s", kind));
	}
	return NULL;
}

static err *inflate_charts(struct build *b, struct root *r, struct layer *to)
{
	struct arena *a = b->t.a;
	node charts = node_get(r->k.root, S("helmCharts"));
	str ns = node_str(node_get(r->k.root, S("namespace")));

	node_each_item(i, charts) {
		node chart = node_copy(a, *i);
		struct resmap *made = resmap_new(a);
		node_list objects;
		str text;

		if (!b->o->helm)
			return build_bad_builtin(a, "HelmChartInflationGenerator", chart,
						 err_new(ERR_INVALID, "must specify --enable-helm"));
		if (!node_str(node_get(chart, S("namespace"))).n && (ns.n || r->helm_ns.n))
			node_set(a, chart, S("namespace"), node_from_str(a, ns.n ? ns : r->helm_ns));
		TRY(b->o->helm->inflate(b->o->helm, a, r->l, chart,
					node_get(r->k.root, S("helmGlobals")), &text));
		TRY(objfile_parse(a, b->t.sources, text, node_str(node_get(chart, S("name"))),
				  &objects));
		for (size_t k = 0; k < objects.n; k++) {
			struct resource *one = resource_new(a, objects.p[k]);

			one->helm_generated = true;
			TRY(resmap_append(made, one));
		}
		origin_of_generated(b, r, made, "HelmChartInflationGenerator");
		TRY(resmap_absorb(to->m, made, b->o->release_581));
		trail_entry(b->t.trail, i->place);
		trail_done(b->t.trail, to->m);
	}
	return NULL;
}

static err *generate(struct build *b, struct root *r, struct layer *to)
{
	node options = node_get(r->k.root, S("generatorOptions"));

	build_begin(b, r, "configMapGenerator", 0);
	TRY(run_generators(b, r, to, "ConfigMapGenerator",
			   node_get(r->k.root, S("configMapGenerator")), options,
			   generate_configmap));
	build_begin(b, r, "secretGenerator", 0);
	TRY(run_generators(b, r, to, "SecretGenerator", node_get(r->k.root, S("secretGenerator")),
			   options, generate_secret));
	build_begin(b, r, "helmCharts", 0);
	TRY(inflate_charts(b, r, to));
	return plugins_generate(b, r, to);
}

/* As Go prints a list of texts. */
static const char *files_text(struct arena *a, node files)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	node_each_item(f, files)
		buf_addf(&b, "%s%.*s", b.n ? " " : "", STR_ARG(node_str(*f)));
	return arena_str(a, buf_str(&b)).p;
}

/* ---- a root ------------------------------------------------------------ */

static err *load_config(struct build *b, struct root *r, struct layer *to)
{
	const struct config *own, *crds;
	node crd_files = node_get(r->k.root, S("crds"));

	TRY(config_load(b, r, node_get(r->k.root, S("configurations")), &own));
	err *e = config_merge(b, to->config, own, &to->config);

	if (e)
		return sources_err(b->t.sources,
				   node_get(r->k.root, S("configurations")).place,
				   err_wrap(e, "merging config"));
	if (!node_len(crd_files))
		return NULL;
	e = config_load_crds(b, r, crd_files, &crds);
	if (e)
		return err_wrap(e, "loading CRDs [%s]", files_text(b->t.a, crd_files));
	e = config_merge(b, to->config, crds, &to->config);
	return e ? err_wrap(e, "merging CRDs") : NULL;
}

/* What goes wrong in the work of a field comes after what is wrong with plugins. */
static err *transform_fields(struct build *b, struct root *r, struct layer *to)
{
	err *e = transform_all(b, r, to), *earlier = NULL;

	if (e && b->t.configured)
		earlier = plugins_check(b, r);
	if (!earlier)
		return e;
	err_free(e);
	return earlier;
}

err *accumulate(struct build *b, struct root *r, struct layer *to)
{
	err *e = accumulate_paths(b, r, to, node_get(r->k.root, S("resources")));

	if (e)
		return err_wrap(e, "accumulating resources");
	TRY(load_config(b, r, to));
	TRY(generate(b, r, to));
	e = add_components(b, r, to);
	if (e)
		return err_wrap(e, "accumulating components");
	TRY(transform_fields(b, r, to));
	TRY(plugins_transform(b, r, to));
	TRY(plugins_validate(b, r, to));
	node vars = node_get(r->k.root, S("vars"));

	e = vars_merge(b, to, vars);
	if (!e)
		return NULL;
	e = err_wrap(e, "merging vars %.*s", STR_ARG(vars_text(b->t.a, vars)));
	return sources_err(b->t.sources, vars.place, e);
}
