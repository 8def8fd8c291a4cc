/* `generators`, `transformers` and `validators`: the built-in kinds, asked
 * for by objects of apiVersion "builtin". Programs and containers are not
 * run: a build is a pure function of its files. */
#include "kustomize/build_impl.h"
#include "kustomize/generate.h"
#include "kustomize/objfile.h"
#include "kustomize/plugins_type.h"
#include "kustomize/scalar.h"
#include "kustomize/value.h"
#include "text/path.h"
#include "value/json.h"
#include "value/yaml.h"

struct plugin {
	struct build *b;
	struct root *r;
	struct resmap *m;		/* what it works on */
	const struct resource *from;
	node config;
	struct resid id;
	size_t kind;			/* its place among the kinds */
};

/* ---- configurations ---------------------------------------------------- */

static err *fit(struct plugin *p, const struct plugin_type *type, node *out)
{
	const struct typed_options o = { .texts = true, .sources = p->b->t.sources };
	err *e = type->fields ? typed_fit(p->b->t.a, p->config, type->fields, &o, out) : NULL;

	if (!type->fields)
		*out = p->config;
	if (!e)
		return NULL;
	e = err_wrap(e, "error unmarshaling JSON: while decoding JSON");
	return type->wrap ? err_wrap(e, "%s", type->wrap) : e;
}

static fieldspecs specs_of(struct plugin *p, node config)
{
	fieldspecs specs = { 0 };

	fieldspec_read(p->b->t.a, &specs, node_get(config, S("fieldSpecs")));
	return specs;
}

static str text_of(node config, str field)
{
	return node_str(node_get(config, field));
}

/* ---- transformers ------------------------------------------------------ */

static err *run_entries(struct plugin *p, node config, str field)
{
	fieldspecs specs = specs_of(p, config);

	p->b->t.configured = true;
	return transform_entries(&p->b->t, p->m, node_get(config, field), &specs);
}

static err *run_labels(struct plugin *p, node config)
{
	return run_entries(p, config, S("labels"));
}

static err *run_annotations(struct plugin *p, node config)
{
	return run_entries(p, config, S("annotations"));
}

static err *run_image(struct plugin *p, node config)
{
	fieldspecs specs = specs_of(p, config);

	p->b->t.configured = true;
	return transform_image(&p->b->t, p->m, node_get(config, S("imageTag")), &specs);
}

static err *run_replicas(struct plugin *p, node config)
{
	fieldspecs specs = specs_of(p, config);

	p->b->t.configured = true;
	return transform_replicas(&p->b->t, p->m, node_get(config, S("replica")), &specs);
}

static err *run_namespace(struct plugin *p, node config)
{
	static const str modes[] = {
		[SUBJECTS_DEFAULT_ONLY] = { "defaultOnly", 11 },
		[SUBJECTS_ALL] = { "allServiceAccounts", 18 },
		[SUBJECTS_NONE] = { "none", 4 },
	};
	fieldspecs specs = specs_of(p, config);
	str mode = text_of(config, S("setRoleBindingSubjects"));
	struct namespace_config c = {
		.ns = text_of(node_get(config, S("metadata")), S("namespace")),
		.specs = &specs,
		.unset_only = node_bool(node_get(config, S("unsetOnly"))),
	};
	int found = mode.n ? -1 : SUBJECTS_DEFAULT_ONLY;

	for (int i = 0; i < 3; i++)
		if (str_eq(mode, modes[i]))
			found = i;
	if (found < 0)
		return err_new(ERR_INVALID,
			       "invalid value \"%.*s\" for setRoleBindingSubjects: must be one of "
			       "\"defaultOnly\", \"none\" or \"allServiceAccounts\"",
			       STR_ARG(mode));
	c.subjects = (enum subjects_mode)found;
	p->b->t.configured = true;
	return transform_namespace(&p->b->t, p->m, &c);
}

static err *run_affix(struct plugin *p, node config)
{
	fieldspecs specs = specs_of(p, config);

	if (!node_has(config, S("fieldSpecs")))
		return err_new(ERR_INVALID, "fieldSpecs is not expected to be nil");
	p->b->t.configured = true;
	TRY(transform_prefix(&p->b->t, p->m, text_of(config, S("prefix")), &specs));
	return transform_suffix(&p->b->t, p->m, text_of(config, S("suffix")), &specs);
}

static err *run_patch(struct plugin *p, node config)
{
	return transform_patch(&p->b->t, p->r->l, p->m, config);
}

static err *run_merge_patches(struct plugin *p, node config)
{
	return transform_merge_patches(&p->b->t, p->r->l, p->m, node_get(config, S("paths")),
				       node_get(config, S("patches")));
}

static err *run_json_patch(struct plugin *p, node config)
{
	return transform_json_patch(&p->b->t, p->r->l, p->m, node_get(config, S("target")),
				    text_of(config, S("path")), node_get(config, S("jsonOp")));
}

static err *run_replacements(struct plugin *p, node config)
{
	return transform_replacements(&p->b->t, p->r->l, p->m, node_get(config, S("replacements")));
}

static err *run_hash(struct plugin *p, node config)
{
	(void)config;
	p->b->t.configured = true;
	return transform_hash(&p->b->t, p->m);
}

/* ---- ValueAddTransformer ----------------------------------------------- */

/* The field at a path of names, made as far as it is missing. */
static node *need_field(struct arena *a, node object, str path)
{
	struct fieldspec_steps left = fieldspec_steps(path);
	node at = object;

	while (!left.end) {
		str name = fieldspec_take(a, &left);
		node *next = at.kind == NODE_MAP ? node_find(at, name) : NULL;

		if (!next) {
			if (at.kind != NODE_MAP)
				return NULL;
			node_set(a, at, name,
				 !left.end ? node_map(a, 1) : node_from_str(a, STR_NONE));
			next = node_find(at, name);
		}
		if (left.end)
			return next;
		at = *next;
	}
	return NULL;
}

/* The value as part number `position` of a path. */
static str insert_part(struct arena *a, str path, int64_t position, str value)
{
	bool absolute = str_starts(path, S("/"));
	VEC(str) parts = { 0 };
	str piece;

	while (str_cut(&path, &piece, '/'))
		if (piece.n)
			avec_push(a, &parts, piece);
	size_t at = position < (int64_t)parts.n ? (size_t)position : parts.n;

	avec_push(a, &parts, STR_NONE);
	memmove(parts.p + at + 1, parts.p + at, (parts.n - at - 1) * sizeof *parts.p);
	parts.p[at] = value;
	str joined = arena_join(a, parts.p, parts.n, S("/"));

	return absolute ? arena_cat(a, S("/"), joined) : joined;
}

static err *add_value(struct plugin *p, struct resource *r, str value, node target)
{
	struct arena *a = p->b->t.a;
	str path = text_of(target, S("fieldPath"));
	int64_t position = node_int(node_get(target, S("filePathPosition")));

	if (str_eq(path, S("metadata/namespace"))) {
		resource_set_ns(a, r, value);
		return NULL;
	}
	node *field = need_field(a, r->object, path);

	if (!field || field->kind == NODE_MAP || field->kind == NODE_SEQ)
		return err_new(ERR_INVALID, "wrong node kind: expected ScalarNode but got %s",
			       field && field->kind == NODE_SEQ ? "SequenceNode" : "MappingNode");
	if (position > 0)
		value = insert_part(a, node_text(a, *field), position - 1, value);
	*field = scalar_untagged(a, *field, value);
	return NULL;
}

static err *value_targets(struct plugin *p, node config, node *out)
{
	const struct yaml_options o = { .rules = YAML_1_1, .json = true,
					.sources = p->b->t.sources };
	str file = text_of(config, S("targetFilePath")), text;
	struct arena *a = p->b->t.a;
	node list = node_get(config, S("targets"));

	*out = list.kind == NODE_SEQ ? node_copy(a, list) : node_seq(a, 2);
	if (file.n) {
		node read, fitted;

		TRY(loader_read(a, p->r->l, file, &text, NULL));
		TRY(yaml_read(a, text, &o, &read));
		TRY(typed_fit(a, read, &plugin_targets_file, NULL, &fitted));
		list = node_get(fitted, S("targets"));
		node_each_item(i, list)
			node_append(a, *out, *i);
	}
	if (!node_len(*out))
		return err_new(ERR_INVALID, "must specify at least one target");
	node_each_item(t, *out) {
		int64_t position = node_int(node_get(*t, S("filePathPosition")));

		if (!text_of(*t, S("fieldPath")).n)
			return err_new(ERR_INVALID, "fieldPath cannot be empty");
		if (position < 0)
			return err_new(ERR_INVALID,
				       "value of FilePathPosition (%lld) cannot be negative",
				       (long long)position);
	}
	return NULL;
}

static err *run_value_add(struct plugin *p, node config)
{
	str value = str_trim(text_of(config, S("value")));
	node targets;

	if (!value.n)
		value = path_base(p->r->l->root);
	TRY(value_targets(p, config, &targets));
	p->b->t.configured = true;
	node_each_item(t, targets) {
		node selector = node_get(*t, S("selector"));
		resource_list selected = { 0 };

		if (selector.kind == NODE_MAP)
			TRY(target_select_all(&p->b->t, p->m, selector, &selected));
		else
			selected = (resource_list){ p->m->list, p->m->n, p->m->n };
		for (size_t i = 0; i < selected.n; i++)
			TRY(add_value(p, selected.p[i], value, *t));
	}
	resmap_touch(p->m);
	return NULL;
}

/* ---- generators -------------------------------------------------------- */

static err *add_generated(struct plugin *p, node args,
			  err *(*make)(struct arena *, const struct loader *, node,
				       struct resource **))
{
	struct arena *a = p->b->t.a;
	struct resource *made;

	if (!text_of(args, S("name")).n)
		node_set(a, args, S("name"), node_from_str(a, p->id.name));
	if (!text_of(args, S("namespace")).n && p->id.ns.n)
		node_set(a, args, S("namespace"), node_from_str(a, p->id.ns));
	p->b->t.configured = true;
	TRY(make(a, p->r->l, args, &made));
	return resmap_append(p->m, made);
}

static err *make_configmap(struct plugin *p, node config)
{
	return add_generated(p, config, generate_configmap);
}

static err *make_secret(struct plugin *p, node config)
{
	return add_generated(p, config, generate_secret);
}

/* A ServiceAccount that acts as one of a cloud; Google's is the only one. */
static err *make_iam_policy(struct plugin *p, node config)
{
	struct arena *a = p->b->t.a;
	node service = node_get(config, S("kubernetesService"));
	node account = node_get(config, S("serviceAccount"));
	node object = node_map(a, 3), metadata = node_map(a, 3), annotations = node_map(a, 1);
	str cloud = text_of(config, S("cloud")), ns = text_of(service, S("namespace"));

	p->b->t.configured = true;
	if (!str_eq(cloud, S("gke")))
		return err_new(ERR_INVALID, "cloud provider %.*s not supported yet", STR_ARG(cloud));
	node_set(a, object, S("apiVersion"), node_lit("v1"));
	node_set(a, object, S("kind"), node_lit("ServiceAccount"));
	node_set(a, object, S("metadata"), metadata);
	node_set(a, metadata, S("annotations"), annotations);
	node_set(a, annotations, S("iam.gke.io/gcp-service-account"),
		 node_from_str(a, arena_cat(a, text_of(account, S("name")), S("@"),
					    text_of(account, S("projectId")),
					    S(".iam.gserviceaccount.com"))));
	node_set(a, metadata, S("name"), node_from_str(a, text_of(service, S("name"))));
	if (ns.n)
		node_set(a, metadata, S("namespace"), node_from_str(a, ns));
	return resmap_append(p->m, resource_new(a, object));
}

static err *make_chart(struct plugin *p, node config)
{
	struct arena *a = p->b->t.a;
	struct kustomize_helm *helm = p->b->o->helm;
	node_list objects;
	str text;

	if (!helm)
		return err_new(ERR_INVALID, "must specify --enable-helm");
	TRY(fit(p, &plugin_type_helm_chart, &config));
	p->b->t.configured = true;
	TRY(helm->inflate(helm, a, p->r->l, config, config, &text));
	TRY(objfile_parse(a, p->b->t.sources, text, text_of(config, S("name")), &objects));
	for (size_t i = 0; i < objects.n; i++) {
		struct resource *r = resource_new(a, objects.p[i]);

		r->helm_generated = true;
		TRY(resmap_append(p->m, r));
	}
	return NULL;
}

/* ---- the kinds --------------------------------------------------------- */

static const struct {
	str kind;
	bool generator;
	const struct plugin_type *type;
	err *(*run)(struct plugin *p, node config);
} kinds[] = {
	{ S("AnnotationsTransformer"), false, &plugin_type_annotations, run_annotations },
	{ S("ConfigMapGenerator"), true, &plugin_type_configmap, make_configmap },
	{ S("HashTransformer"), false, &plugin_type_none, run_hash },
	{ S("HelmChartInflationGenerator"), true, &plugin_type_none, make_chart },
	{ S("IAMPolicyGenerator"), true, &plugin_type_iam_policy, make_iam_policy },
	{ S("ImageTagTransformer"), false, &plugin_type_image, run_image },
	{ S("LabelTransformer"), false, &plugin_type_labels, run_labels },
	{ S("NamespaceTransformer"), false, &plugin_type_namespace, run_namespace },
	{ S("PatchJson6902Transformer"), false, &plugin_type_json_patch, run_json_patch },
	{ S("PatchStrategicMergeTransformer"), false, &plugin_type_merge_patches, run_merge_patches },
	{ S("PatchTransformer"), false, &plugin_type_patch, run_patch },
	{ S("PrefixSuffixTransformer"), false, &plugin_type_affix, run_affix },
	{ S("PrefixTransformer"), false, &plugin_type_prefix, run_affix },
	{ S("ReplacementTransformer"), false, &plugin_type_replacements, run_replacements },
	{ S("ReplicaCountTransformer"), false, &plugin_type_replicas, run_replicas },
	{ S("SecretGenerator"), true, &plugin_type_secret, make_secret },
	{ S("SuffixTransformer"), false, &plugin_type_suffix, run_affix },
	{ S("ValueAddTransformer"), false, &plugin_type_value_add, run_value_add },
};

enum { KINDS_N = sizeof kinds / sizeof *kinds };

static err *read_config(struct plugin *p)
{
	struct arena *a = p->b->t.a;
	err *e = value_checked(a, p->b->t.sources, p->from->object, &p->config);

	return e ? err_wrap(e, "marshalling yaml from res %.*s", STR_ARG(resid_text(a, p->id))) : NULL;
}

/* What the plugin is, and its configuration as its kind reads it. */
static err *configure(struct plugin *p, bool generator)
{
	struct arena *a = p->b->t.a;
	str kind = p->id.gvk.kind;
	CLEANUP(buf_release) struct buf gvk = BUF_INIT;

	if (p->id.gvk.group.n || !str_eq(p->id.gvk.version, S("builtin")))
		return err_new(ERR_FORBIDDEN,
			       "external plugins disabled; unable to load external plugin '%.*s': "
			       "only built-in ones are run, never programs or containers that the "
			       "files of a build name",
			       STR_ARG(kind));
	for (p->kind = 0; p->kind < KINDS_N; p->kind++)
		if (str_eq(kinds[p->kind].kind, kind))
			break;
	if (p->kind == KINDS_N) {
		gvk_print(&gvk, p->id.gvk);
		return err_new(ERR_INVALID, "unable to load builtin %s", buf_c(&gvk));
	}
	if (kinds[p->kind].generator != generator)
		return err_new(ERR_INVALID, "plugin %.*s not a %s", STR_ARG(resid_text(a, p->id)),
			       generator ? "generator" : "transformer");
	TRY(read_config(p));
	err *e = fit(p, kinds[p->kind].type, &p->config);

	return e ? err_wrap(e, "plugin %.*s fails configuration", STR_ARG(resid_text(a, p->id)))
		 : NULL;
}

static err *run(struct plugin *p)
{
	p->b->t.configured = false;
	err *e = kinds[p->kind].run(p, p->config);

	if (e && !p->b->t.configured)
		e = err_wrap(e, "plugin %.*s fails configuration",
			     STR_ARG(resid_text(p->b->t.a, p->id)));
	return e;
}

/* ---- entries ----------------------------------------------------------- */

/* The configurations that a field lists: objects written in place, or files
 * and roots of them. */
static err *load(struct build *b, struct root *r, node entries, bool generators, struct layer *out)
{
	struct arena *a = b->t.a;
	node paths = node_seq(a, node_len(entries));

	out->m = resmap_new(a);
	node_each_item(i, entries) {
		node_list objects;
		err *e = objfile_parse_inline(a, b->t.sources, node_str(*i), i->place, S("plugin"),
					      &objects);

		if (e) {
			err_free(e);
			node_append(a, paths, *i);
			continue;
		}
		for (size_t k = 0; !e && k < objects.n; k++)
			e = resmap_append(out->m, resource_new(a, objects.p[k]));
		if (e)
			return err_wrap(e, "configuring external %s",
					generators ? "generator" : "transformer");
	}
	return accumulate_paths(b, r, out, paths);
}

typedef VEC(struct plugin) plugins;

/* All that the entries name, configured: before any of them runs. */
static err *load_all(struct build *b, struct root *r, node entries, bool generators, plugins *out)
{
	struct layer configs = { 0 };

	*out = (plugins){ 0 };
	TRY(load(b, r, entries, generators, &configs));
	for (size_t i = 0; i < configs.m->n; i++) {
		const struct resource *from = configs.m->list[i];
		struct plugin p = { .b = b, .r = r, .from = from, .id = resource_id(from) };
		err *e = configure(&p, generators);

		if (e) {
			if (generators)
				e = err_wrap(e, "failed to load generator");
			return sources_err(b->t.sources, from->object.place, e);
		}
		avec_push(b->t.a, out, p);
	}
	return NULL;
}

static void begin(struct plugin *p, struct resmap *m)
{
	struct build *b = p->b;

	p->m = m;
	if (b->t.trail)
		build_begin(b, p->r, arena_cat(b->t.a, p->id.gvk.kind, S(" "), p->id.name).p,
			    p->from->object.place);
}

err *plugins_generate(struct build *b, struct root *r, struct layer *to)
{
	node entries = node_get(r->k.root, S("generators"));
	plugins list;

	if (!node_len(entries))
		return NULL;
	err *e = load_all(b, r, entries, true, &list);

	if (e)
		return err_wrap(e, "loading generator plugins");
	for (size_t i = 0; i < list.n; i++) {
		struct resmap *made = resmap_new(b->t.a);

		begin(&list.p[i], made);
		e = run(&list.p[i]);
		if (e && !b->t.configured)
			e = err_wrap(err_wrap(e, "failed to load generator"),
				     "loading generator plugins");
		if (e)
			return sources_err(b->t.sources, list.p[i].from->object.place, e);
		origin_of_plugin(b, r, made, list.p[i].from, false);
		e = resmap_absorb(to->m, made, b->o->release_581);
		trail_done(b->t.trail, to->m);
		if (e)
			return err_wrap(e, "merging from generator %.*s",
					STR_ARG(list.p[i].id.gvk.kind));
	}
	return NULL;
}

static err *transform(struct build *b, struct root *r, struct layer *to, node entries)
{
	plugins list;

	TRY(load_all(b, r, entries, false, &list));
	for (size_t i = 0; i < list.n; i++) {
		begin(&list.p[i], to->m);
		err *e = run(&list.p[i]);

		if (e)
			return sources_err(b->t.sources, list.p[i].from->object.place, e);
		origin_of_plugin(b, r, to->m, list.p[i].from, true);
		trail_done(b->t.trail, to->m);
		resmap_sweep(to->m);
	}
	return NULL;
}

err *plugins_check(struct build *b, struct root *r)
{
	node entries = node_get(r->k.root, S("transformers"));
	plugins list;

	return node_len(entries) ? load_all(b, r, entries, false, &list) : NULL;
}

err *plugins_transform(struct build *b, struct root *r, struct layer *to)
{
	node entries = node_get(r->k.root, S("transformers"));

	return node_len(entries) ? transform(b, r, to, entries) : NULL;
}

static err *nodes_unequal(struct build *b, const struct resource *before,
			  const struct resource *after)
{
	const struct resource *both[] = { before, after };
	CLEANUP(buf_release) struct buf text = BUF_INIT;

	for (size_t i = 0; i < 2; i++) {
		node value;

		TRY(value_of(b->t.a, both[i]->object, false, &value));
		buf_add(&text, i ? S(",\n -- ") : S("\n -- "));
		TRY(json_write(&text, value, NULL));
	}
	return err_new(ERR_INVALID,
		       "validator shouldn't modify the resource map: nodes unequal: %s\n", buf_c(&text));
}

/* A validator may leave its mark, one label, and change nothing else. */
static err *check_unchanged(struct build *b, const struct resmap *before, const struct resmap *after)
{
	bool same = before->n == after->n;

	for (size_t i = 0; same && i < after->n; i++) {
		struct resource *copy = resource_copy(b->t.a, after->list[i]);
		node labels = resource_labels(copy);

		if (!resid_eq(resource_id(copy), resource_id(before->list[i])))
			return err_new(ERR_INVALID,
				       "validator shouldn't modify the resource map: id in self "
				       "missing from other; id: %.*s",
				       STR_ARG(resid_text(b->t.a, resource_id(before->list[i]))));
		if (node_remove(labels, S("validated-by")))
			resource_set_labels(b->t.a, copy, labels);
		same = node_equal(copy->object, before->list[i]->object);
		if (!same)
			TRY(nodes_unequal(b, before->list[i], copy));
	}
	if (same)
		return NULL;
	return err_new(ERR_INVALID, "validator shouldn't modify the resource map");
}

err *plugins_validate(struct build *b, struct root *r, struct layer *to)
{
	node entries = node_get(r->k.root, S("validators"));

	if (!node_len(entries))
		return NULL;
	struct resmap *before = resmap_copy(b->t.a, to->m);

	TRY(transform(b, r, to, entries));
	return check_unchanged(b, before, to->m);
}
