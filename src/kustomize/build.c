#include "kustomize/build.h"

#include "base/buf.h"
#include "kustomize/build_impl.h"
#include "kustomize/generate.h"
#include "kustomize/objfile.h"
#include "kustomize/value.h"
#include "value/goprint.h"
#include "value/yaml.h"

/* ---- after everything is together -------------------------------------- */

err *transform_hash(struct transform *t, struct resmap *m)
{
	for (size_t i = 0; i < m->n; i++) {
		struct resource *r = m->list[i];
		char hash[11];

		if (!r->needs_hash)
			continue;
		TRY(generate_hash(t->a, r, hash));
		resource_remember(t->a, r);
		resource_set_name(t->a, r, arena_cat(t->a, resource_name(r), S("-"), str_c(hash)));
	}
	resmap_touch(m);
	return NULL;
}

/* Patches may have left less than an object. */
static err *drop_local(struct build *b, struct resmap *m)
{
	struct arena *a = b->t.a;

	for (size_t i = 0; i < m->n; i++) {
		node object = m->list[i]->object;
		err *e = node_len(object) ? objfile_check(a, object) : NULL;

		if (e) {
			err_free(e);
			e = objfile_check(a, resource_noted(a, m->list[i]));
			return sources_err(b->t.sources, object.place, e);
		}
		node mark = node_get(resource_annotations(m->list[i]),
				     S("config.kubernetes.io/local-config"));

		if (mark.kind != NODE_NONE && !str_eq(node_text(a, mark), S("false")))
			m->list[i]->gone = true;
	}
	resmap_sweep(m);
	return NULL;
}

static bool asks_for(node metadata, str option)
{
	node_each_item(i, metadata)
		if (str_eq(node_str(*i), option))
			return true;
	return false;
}

static err *apply_order(struct build *b, const struct root *r, struct resmap *m)
{
	node options = node_get(r->k.root, S("sortOptions"));
	node legacy = node_get(options, S("legacySortOptions"));
	str order = node_str(node_get(options, S("order")));

	if (options.kind != NODE_MAP) {
		if (b->o->order != KUSTOMIZE_ORDER_NONE)
			kustomize_sort(b->t.a, m, NODE_NOTHING, NODE_NOTHING);
		return NULL;
	}
	if (b->o->order != KUSTOMIZE_ORDER_DEFAULT && b->o->warn)
		b->o->warn(b->o->context,
			   S("Warning: Sorting order is set both in 'kustomization.yaml' "
			     "('sortOptions') and in a CLI flag ('--reorder'). Using the kustomization "
			     "file over the CLI flag."));
	if (!str_eq(order, S("fifo")) && !str_eq(order, S("legacy")))
		return err_new(ERR_INVALID, "the field 'sortOptions.order' must be one of [fifo, legacy]");
	if (str_eq(order, S("fifo"))) {
		if (legacy.kind == NODE_MAP)
			return err_new(ERR_INVALID,
				       "the field 'sortOptions.legacySortOptions' is set but the selected "
				       "sort order is 'fifo', not 'legacy'");
		return NULL;
	}
	if (legacy.kind == NODE_MAP) {
		node first = node_get(legacy, S("orderFirst")), last = node_get(legacy, S("orderLast"));

		kustomize_sort(b->t.a, m, first.kind == NODE_SEQ ? first : node_null(),
			       last.kind == NODE_SEQ ? last : node_null());
		return NULL;
	}
	kustomize_sort(b->t.a, m, NODE_NOTHING, NODE_NOTHING);
	return NULL;
}

static err *add_managed_by(struct build *b, struct resmap *m)
{
	struct fieldspec where = { .path = S("metadata/labels"), .create = true };
	fieldspecs one = { .p = &where, .n = 1, .cap = 1 };
	node labels = node_map(b->t.a, 1);

	node_set(b->t.a, labels, S("app.kubernetes.io/managed-by"),
		 node_from_str(b->t.a, arena_cat(b->t.a, S("kustomize-"), b->o->version)));
	return transform_entries(&b->t, m, labels, &one);
}

/* Annotations that only kustomize itself reads. */
static bool is_internal(str key, bool keep_origin, bool keep_changes)
{
	static const char *const keys[] = {
		"internal.config.kubernetes.io/previousKinds",
		"internal.config.kubernetes.io/previousNames",
		"internal.config.kubernetes.io/prefixes",
		"internal.config.kubernetes.io/suffixes",
		"internal.config.kubernetes.io/previousNamespaces",
		"internal.config.kubernetes.io/allowNameChange",
		"internal.config.kubernetes.io/allowKindChange",
		"internal.config.kubernetes.io/refBy",
		"internal.config.kubernetes.io/generatorBehavior",
		"internal.config.kubernetes.io/needsHashSuffix",
		"internal.config.kubernetes.io/path",
		"internal.config.kubernetes.io/index",
		"internal.config.kubernetes.io/seqindent",
		"internal.config.kubernetes.io/id",
		"internal.config.kubernetes.io/annotations-migration-resource-id",
		"internal.config.kubernetes.io/helm-generated",
		"config.kubernetes.io/path",
		"config.kubernetes.io/index",
		"config.k8s.io/id",
	};

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (str_eq(key, str_c(keys[i])))
			return true;
	return (!keep_origin && str_eq(key, S("config.kubernetes.io/origin"))) ||
	       (!keep_changes && str_eq(key, S("alpha.config.kubernetes.io/transformations")));
}

/* Every object's annotations are written anew: as texts, without kustomize's
 * own, and not at all when none is left. */
static void clean_annotations(struct build *b, struct resmap *m, node metadata)
{
	bool origin = asks_for(metadata, S("originAnnotations"));
	bool changes = asks_for(metadata, S("transformerAnnotations"));

	for (size_t i = 0; i < m->n; i++) {
		struct resource *r = m->list[i];
		node have = node_get(node_get(r->object, S("metadata")), S("annotations"));

		/* Lists may have come without; to write is to make it. */
		if (!(origin && changes) && !node_has(r->object, S("metadata")))
			node_set(b->t.a, r->object, S("metadata"), node_map(b->t.a, 0));
		if (have.kind == NODE_NONE || (origin && changes && have.kind != NODE_MAP))
			continue;
		node texts = value_texts(b->t.a, have);

		for (size_t k = node_len(texts); k-- > 0;)
			if (is_internal(node_str(texts.map->pairs[k].key), origin, changes))
				node_remove_at(texts, k);
		resource_set_annotations(b->t.a, r, texts);
	}
}

/* Kustomize joins an object's former names, namespaces and kinds with commas,
 * and gives up on those that have commas in them (SOPS encrypts names so). */
static err *check_histories(const struct resmap *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct resource *r = m->list[i];
		size_t names = 0, spaces = 0, kinds = 0;

		for (size_t k = 0; k < r->former.n; k++) {
			names += str_count_char(r->former.p[k].name, ',');
			spaces += str_count_char(r->former.p[k].ns, ',');
			kinds += str_count_char(r->former.p[k].kind, ',');
		}
		if (names == spaces && names == kinds)
			continue;
		err *e = err_new(ERR_INVALID, "number of previous names, number of previous namespaces, "
				 "number of previous kinds not equal");

		err_set_code(e, KUSTOMIZE_PANIC);
		return e;
	}
	return NULL;
}

/* ---- all --------------------------------------------------------------- */

void build_begin(struct build *b, const struct root *r, const char *what, uint32_t place)
{
	if (!b->t.trail)
		return;
	trail_begin(b->t.trail,
		    arena_cat(b->t.a, str_c(what), r->k.component ? S(" of a component") : STR_NONE),
		    place);
}

static err *finish(struct build *b, struct root *r, struct layer *layer)
{
	trail_begin(b->t.trail, S("hash of the contents"), 0);
	TRY(transform_hash(&b->t, layer->m));
	trail_done(b->t.trail, layer->m);
	TRY(check_histories(layer->m));
	trail_begin(b->t.trail, S("reference to a name"), 0);
	TRY(transform_namerefs(&b->t, layer->m, &layer->config->names));
	trail_done(b->t.trail, layer->m);
	build_begin(b, r, "vars", node_get(r->k.root, S("vars")).place);
	TRY(vars_resolve(b, layer));
	trail_done(b->t.trail, layer->m);
	TRY(drop_local(b, layer->m));
	TRY(apply_order(b, r, layer->m));
	build_begin(b, r, "buildMetadata", r->metadata.place);
	if (b->o->managed_by || asks_for(r->metadata, S("managedByLabel")))
		TRY(add_managed_by(b, layer->m));
	clean_annotations(b, layer->m, r->metadata);
	trail_done(b->t.trail, layer->m);
	return NULL;
}

/* Values stand where those of `from` do. */
static void take_places(node *to, node from)
{
	to->place = from.place;
	node_each_item(i, *to)
		take_places(i, node_at(from, (size_t)(i - to->seq->items)));
	node_each_pair(p, *to)
		take_places(&p->value, node_get(from, node_str(p->key)));
}

err *kustomize_build(struct arena *a, const struct kustomize_options *o, str target,
		     struct resmap **out)
{
	struct build b = {
		.t = { .a = a, .sources = o->sources, .schema = merge_schema_builtin(),
		       .release_581 = o->release_581 },
		.o = o,
		.defaults = config_defaults(a),
	};
	struct layer layer = { .m = resmap_new(a) };
	struct loader *l;
	struct root r;

	if (o->trail && o->sources) {
		b.trail = (struct trail){ .a = a, .sources = o->sources };
		b.t.trail = &b.trail;
	}
	TRY(loader_open(a, o->files ? o->files : &files_disk, o->remote, target, o->working_dir,
			!o->any_file, &l));
	l->release_581 = o->release_581;
	TRY(build_open_root(&b, l, o->lenient_root, &r));
	if (o->root_places.kind == NODE_MAP)
		take_places(&r.k.root, o->root_places);
	r.metadata = node_get(r.k.root, S("buildMetadata"));
	b.track = node_len(r.metadata) > 0;
	TRY(build_set_schema(&b, &r, true));
	TRY(accumulate(&b, &r, &layer));
	TRY(finish(&b, &r, &layer));
	*out = layer.m;
	return NULL;
}

err *kustomize_print(struct arena *a, struct sources *sources, const struct resmap *m,
		     struct buf *out)
{
	for (size_t i = 0; i < m->n; i++) {
		struct arena_mark mark = arena_mark(a);
		node value;

		TRY(value_to_print(a, sources, m->list[i]->object, &value));
		if (i)
			buf_add(out, S("---\n"));
		err *e = yaml_write(out, value, YAML_WRITE_SIGS);

		if (e) {
			CLEANUP(buf_release) struct buf shown = BUF_LIMIT(1 << 24);

			goprint_add_syntax(&shown, value);
			return err_wrap(e, "%s", buf_c(&shown));
		}
		arena_rewind(a, mark);
	}
	return buf_check(out, "the result of the build");
}
