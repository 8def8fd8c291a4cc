/* The transformers that a kustomization's own fields ask for. */
#include "kustomize/build_impl.h"

struct step {
	struct build *b;
	struct root *r;
	struct layer *to;
};

/* After each transformer: what it wants known, and nothing empty is left. */
static err *done(struct step *s, const char *kind, node config, err *e)
{
	if (e) {
		if (!s->b->t.configured)
			e = build_bad_builtin(s->b->t.a, kind, config, e);
		return sources_err(s->b->t.sources, config.place, e);
	}
	origin_transformed(s->b, s->r, s->to->m, kind);
	resmap_sweep(s->to->m);
	trail_done(s->b->t.trail, s->to->m);
	return arena_check(s->b->t.a, "kustomize build");
}

static node field(struct step *s, str name)
{
	return node_get(s->r->k.root, name);
}

/* The work on a field of the file; `configured`: it has nothing that could be
 * wrong before it starts. */
static void begin(struct step *s, const char *name, bool configured)
{
	s->b->t.configured = configured;
	build_begin(s->b, s->r, name, field(s, str_c(name)).place);
}

/* On one entry of it. */
static void begin_entry(struct step *s, node entry, bool configured)
{
	s->b->t.configured = configured;
	trail_entry(s->b->t.trail, entry.place);
}

static const fieldspecs *specs(struct step *s, enum fieldspec_list list)
{
	return &s->to->config->lists[list];
}

static err *merge_patches(struct step *s)
{
	node paths = field(s, S("patchesStrategicMerge"));
	node config = node_map(s->b->t.a, 1);

	if (!node_len(paths))
		return NULL;
	node_set(s->b->t.a, config, S("paths"), paths);
	begin(s, "patchesStrategicMerge", false);
	return done(s, "PatchStrategicMergeTransformer", config,
		    transform_merge_patches(&s->b->t, s->r->l, s->to->m, paths,
					    NODE_NOTHING));
}

/* Kustomize reads all patches before it applies the first one: where the one at `at` cannot
 * be applied, a later one that cannot be read is told instead. */
static err *told_first(struct step *s, node list, size_t at, err *e)
{
	for (size_t i = at + 1; s->b->t.configured && i < node_len(list); i++) {
		err *bad = transform_patch_check(&s->b->t, s->r->l, node_at(list, i));

		if (!bad)
			continue;
		err_free(e);
		s->b->t.configured = false;
		return done(s, "PatchTransformer", node_at(list, i), bad);
	}
	return done(s, "PatchTransformer", node_at(list, at), e);
}

static err *patches(struct step *s)
{
	node list = field(s, S("patches"));

	begin(s, "patches", false);
	for (size_t i = 0; i < node_len(list); i++) {
		node patch = node_at(list, i);

		begin_entry(s, patch, false);
		err *e = transform_patch(&s->b->t, s->r->l, s->to->m, patch);

		TRY(e ? told_first(s, list, i, e) : done(s, "PatchTransformer", patch, NULL));
	}
	return NULL;
}

static err *names(struct step *s)
{
	node root = s->r->k.root;
	struct namespace_config ns = {
		.ns = node_str(node_get(root, S("namespace"))),
		.specs = specs(s, SPECS_NAMESPACE),
	};
	str prefix = node_str(node_get(root, S("namePrefix")));
	str suffix = node_str(node_get(root, S("nameSuffix")));

	begin(s, "namespace", true);
	if (ns.ns.n)
		TRY(done(s, "NamespaceTransformer", root,
			 transform_namespace(&s->b->t, s->to->m, &ns)));
	begin(s, "namePrefix", true);
	if (prefix.n)
		TRY(done(s, "PrefixTransformer", root,
			 transform_prefix(&s->b->t, s->to->m, prefix, specs(s, SPECS_NAME_PREFIX))));
	begin(s, "nameSuffix", true);
	if (suffix.n)
		TRY(done(s, "SuffixTransformer", root,
			 transform_suffix(&s->b->t, s->to->m, suffix, specs(s, SPECS_NAME_SUFFIX))));
	return NULL;
}

/* ---- labels ------------------------------------------------------------ */

static err *label_specs(struct step *s, node label, fieldspecs *out)
{
	static const struct fieldspec metadata = { .path = { "metadata/labels", 15 }, .create = true };
	struct arena *a = s->b->t.a;

	*out = (fieldspecs){ 0 };
	fieldspec_read(a, out, node_get(label, S("fields")));
	TRY(fieldspec_merge_all(a, out, specs(s, SPECS_LABELS)));
	if (node_bool(node_get(label, S("includeSelectors"))))
		return fieldspec_merge_all(a, out, specs(s, SPECS_COMMON_LABELS));
	if (node_bool(node_get(label, S("includeTemplates")))) {
		TRY(fieldspec_merge_all(a, out, specs(s, SPECS_TEMPLATE_LABELS)));
		/* 5.8.1 knew no claim templates of their own. */
		if (s->b->o->release_581)
			TRY(fieldspec_merge_all(a, out, specs(s, SPECS_CLAIM_LABELS)));
	}
	if (node_bool(node_get(label, S("includeVolumeClaimTemplates"))))
		TRY(fieldspec_merge_all(a, out, specs(s, SPECS_CLAIM_LABELS)));
	return fieldspec_merge(a, out, metadata);
}

static err *labels(struct step *s)
{
	node list = field(s, S("labels")), common = field(s, S("commonLabels"));

	begin(s, "labels", true);
	node_each_item(label, list) {
		fieldspecs where;
		err *e = label_specs(s, *label, &where);

		begin_entry(s, *label, true);
		if (e)
			return err_wrap(e, "failed to merge labels");
		TRY(done(s, "LabelTransformer", *label,
			 transform_entries(&s->b->t, s->to->m, node_get(*label, S("pairs")), &where)));
	}
	begin(s, "commonLabels", true);
	if (node_len(list) || node_len(common))
		TRY(done(s, "LabelTransformer", common,
			 transform_entries(&s->b->t, s->to->m, common,
					   specs(s, SPECS_COMMON_LABELS))));
	return NULL;
}

static err *annotations(struct step *s)
{
	node entries = field(s, S("commonAnnotations"));

	if (!node_len(entries))
		return NULL;
	begin(s, "commonAnnotations", true);
	return done(s, "AnnotationsTransformer", entries,
		    transform_entries(&s->b->t, s->to->m, entries,
				      specs(s, SPECS_COMMON_ANNOTATIONS)));
}

static err *json_patches(struct step *s)
{
	node list = field(s, S("patchesJson6902"));
	struct arena *a = s->b->t.a;

	begin(s, "patchesJson6902", false);
	node_each_item(p, list) {
		node config = node_map(a, 3), path = node_get(*p, S("path"));
		node ops = node_get(*p, S("patch")), target = node_get(*p, S("target"));

		if (ops.kind != NODE_NONE)
			node_set(a, config, S("jsonOp"), ops);
		if (path.kind != NODE_NONE)
			node_set(a, config, S("path"), path);
		if (target.kind != NODE_NONE)
			node_set(a, config, S("target"), target);
		config.place = p->place;
		begin_entry(s, *p, false);
		TRY(done(s, "PatchJson6902Transformer", config,
			 transform_json_patch(&s->b->t, s->r->l, s->to->m, target, node_str(path),
					      ops)));
	}
	return NULL;
}

static err *counts_and_images(struct step *s)
{
	node replicas = field(s, S("replicas")), images = field(s, S("images"));

	begin(s, "replicas", true);
	node_each_item(r, replicas) {
		begin_entry(s, *r, true);
		TRY(done(s, "ReplicaCountTransformer", *r,
			 transform_replicas(&s->b->t, s->to->m, *r, specs(s, SPECS_REPLICAS))));
	}
	begin(s, "images", true);
	node_each_item(i, images) {
		begin_entry(s, *i, true);
		TRY(done(s, "ImageTagTransformer", *i,
			 transform_image(&s->b->t, s->to->m, *i, specs(s, SPECS_IMAGES))));
	}
	return NULL;
}

static err *replacements(struct step *s)
{
	node list = field(s, S("replacements")), config = node_map(s->b->t.a, 1);

	if (!node_len(list))
		return NULL;
	node_set(s->b->t.a, config, S("Replacements"), list);
	begin(s, "replacements", false);
	return done(s, "ReplacementTransformer", config,
		    transform_replacements(&s->b->t, s->r->l, s->to->m, list));
}

err *transform_all(struct build *b, struct root *r, struct layer *to)
{
	struct step s = { b, r, to };

	TRY(merge_patches(&s));
	TRY(patches(&s));
	TRY(names(&s));
	TRY(labels(&s));
	TRY(annotations(&s));
	TRY(json_patches(&s));
	TRY(counts_and_images(&s));
	return replacements(&s);
}
