#include "server/custom_impl.h"

#include <stdlib.h>

#include "server/crd.h"
#include "server/registry.h"
#include "server/status.h"

static str text_at(node n, str key)
{
	return node_str_or(node_get(n, key), STR_NONE);
}

/* ---- writes ------------------------------------------------------------ */

static void defaults(struct arena *a, const struct kind *k, node object)
{
	/* What has too many defaults stays without the rest, and is then checked so. */
	err_free(structural_default(a, kind_type(k), object));
}

static void validate(struct kind_call *c)
{
	struct fielderrs kept = { .arena = c->arena };
	bool status = str_eq(c->subresource, S("status"));
	struct structural_check check = {
		.arena = c->arena, .type = kind_type(c->kind), .errors = c->errors,
		.meta = &custom_meta, .kept = &kept, .status = status,
	};

	structural_validate_values(&check, c->object, c->old);
	custom_check_scale(c, !status);
	structural_validate_rest(&check, c->object, c->old);
	for (size_t i = 0; i < kept.n; i++)
		kind_warn_text(c->warnings,
			       arena_cat(c->arena, kept.list[i].path, S(": "), kept.list[i].text));
	/* Status was dropped, and may have a default that readers see. */
	defaults(c->arena, c->kind, c->object);
}

/* An object that comes while its definition goes is refused. */
static void admit(struct kind_call *c)
{
	struct custom *custom = custom_version_of(c->kind)->custom;

	if (custom->terminating && !c->old.kind)
		c->refusal = status_forbidden(c->kind->gvk.group, c->kind->plural,
					      node_str(node_dig(c->object, "metadata", "name")),
					      "create not allowed while custom resource definition is "
					      "terminating");
}

static const struct kind_hooks hooks = {
	.type = custom_type,
	.defaults = defaults,
	.admit = admit,
	.validate = validate,
	.cells = custom_cells,
};

/* ---- rows -------------------------------------------------------------- */

static size_t texts_at(struct arena *a, node n, str key, const str **out)
{
	node list = node_get(n, key);
	str *texts = arena_array(a, str, node_len(list) + 1);
	size_t k = 0;

	node_each_item(item, list)
		texts[k++] = node_str(*item);
	*out = texts;
	return k;
}

/* "g/v1beta1 K is deprecated; use g/v2 K": the highest served version above. */
static str deprecation(struct arena *a, node crd, node version)
{
	str group = node_str(node_dig(crd, "spec", "group")), best = STR_NONE;
	str kind = node_str(node_dig(crd, "spec", "names", "kind"));
	str name = text_at(version, S("name"));
	node own = node_get(version, S("deprecationWarning"));

	if (own.kind == NODE_STR)
		return node_str(own);
	node_each_item(v, node_dig(crd, "spec", "versions")) {
		str other = text_at(*v, S("name"));

		if (node_bool(node_get(*v, S("served"))) && !node_bool(node_get(*v, S("deprecated"))) &&
		    registry_cmp_version(other, name) < 0 &&
		    (!best.n || registry_cmp_version(other, best) < 0))
			best = other;
	}
	str text = arena_cat(a, group, S("/"), name, S(" "), kind, S(" is deprecated"));

	return best.n ? arena_cat(a, text, S("; use "), group, S("/"), best, S(" "), kind) : text;
}

static void set_names(struct arena *a, struct kind *k, node names)
{
	k->plural = text_at(names, S("plural"));
	k->singular = text_at(names, S("singular"));
	k->list_kind = text_at(names, S("listKind"));
	k->short_names_n = texts_at(a, names, S("shortNames"), &k->short_names);
	k->categories_n = texts_at(a, names, S("categories"), &k->categories);
}

static void set_kind(struct custom *c, struct custom_version *v, node crd, node version)
{
	node names = node_dig(crd, "status", "acceptedNames");
	node sub = node_get(version, S("subresources"));
	struct kind *k = &v->kind;

	k->gvk = (struct gvk){ node_str(node_dig(crd, "spec", "group")), text_at(version, S("name")),
			       text_at(names, S("kind")) };
	set_names(&c->arena, k, names);
	k->namespaced = str_eq(node_str(node_dig(crd, "spec", "scope")), S("Namespaced"));
	k->has_status = !node_is_nil(node_get(sub, S("status")));
	k->has_scale = !node_is_nil(node_get(sub, S("scale")));
	k->custom = true;
	k->verbs = KIND_ALL_VERBS;
	k->generation = KIND_GENERATION_ALL;
	k->name_rule = KIND_NAME_SUBDOMAIN;
	k->hooks = &hooks;
	k->owner = &c->owner;
	k->more = v;
	if (node_bool(node_get(version, S("deprecated"))))
		k->deprecated = arena_str(&c->arena, deprecation(&c->arena, crd, version)).p;
	custom_set_columns(&c->arena, v, version);
	custom_set_scale(&c->arena, v, version);
}

/* A copy without the schemas, which are nearly all of it. */
static node brief_of(struct arena *a, node crd)
{
	CLEANUP(arena_release) struct arena scratch = ARENA_INIT;
	node brief = node_map(&scratch, 3), spec = node_map(&scratch, 8), versions = node_seq(&scratch, 4);

	node_each_item(version, node_dig(crd, "spec", "versions")) {
		node v = node_map(&scratch, 8);

		node_each_pair(p, *version)
			if (!str_eq(node_str(p->key), S("schema")))
				node_put(&scratch, v, p->key, p->value);
		node_append(&scratch, versions, v);
	}
	node_each_pair(p, node_get(crd, S("spec")))
		node_put(&scratch, spec, p->key, p->value);
	node_set(&scratch, spec, S("versions"), versions);
	node_set(&scratch, brief, S("spec"), spec);
	node_copy_field(&scratch, brief, crd, S("metadata"));
	node_copy_field(&scratch, brief, crd, S("status"));
	return node_copy_all(a, brief);
}

static err *fill(struct custom *c, node definition, uint64_t stamp)
{
	node crd = brief_of(&c->arena, definition), versions = node_dig(crd, "spec", "versions");

	c->name = node_str(node_dig(crd, "metadata", "name"));
	c->terminating = crd_is(crd, S("Terminating"));
	c->kinds = arena_array(&c->arena, const struct kind *, node_len(versions) + 1);
	node_each_item(version, versions) {
		struct custom_version *v;
		bool storage = node_bool(node_get(*version, S("storage")));
		bool served = node_bool(node_get(*version, S("served")));

		if (!served && !storage)
			continue;
		v = arena_new(&c->arena, struct custom_version);
		v->custom = c;
		v->kind.stamp = stamp;
		set_kind(c, v, crd, *version);
		if (storage)
			c->storage = &v->kind;
		if (served)
			c->kinds[c->n++] = &v->kind;
	}
	return c->storage ? NULL : err_new(ERR_INVALID, "no version is stored");
}

static void release(struct kind_owner *owner)
{
	struct custom *c = (struct custom *)owner;

	blob_unref(c->definition);
	pthread_mutex_destroy(&c->lock);
	arena_release(&c->arena);
	free(c);
}

_Static_assert(offsetof(struct custom, owner) == 0, "the owner is the whole");

err *custom_new(node crd, struct blob *stored, uint64_t stamp, struct custom **out)
{
	struct custom *c = mem_calloc(1, sizeof *c);

	atomic_init(&c->owner.refs, 1);
	c->owner.release = release;
	c->definition = blob_ref(stored);
	pthread_mutex_init(&c->lock, NULL);
	err *e = fill(c, crd, stamp);

	if (e) {
		release(&c->owner);
		return e;
	}
	*out = c;
	return NULL;
}

void custom_release(struct custom *c)
{
	if (c && atomic_fetch_sub_explicit(&c->owner.refs, 1, memory_order_acq_rel) == 1)
		release(&c->owner);
}

void custom_terminate(struct custom *c)
{
	c->terminating = true;
}

const struct kind *const *custom_kinds(const struct custom *c, size_t *n)
{
	*n = c->n;
	return c->kinds;
}

str custom_definition(const struct kind *k)
{
	return custom_version_of(k)->custom->name;
}

str custom_storage_version(const struct kind *k)
{
	return custom_version_of(k)->custom->storage->gvk.version;
}

/* ---- reading ----------------------------------------------------------- */

static err *fit_metadata(struct arena *a, node object, bool stored, struct structural_unknown *u)
{
	struct structural_unknown found = { .arena = a };
	node *meta = node_find(object, S("metadata"));
	node fitted;

	if (!meta)
		return NULL;
	err *e = custom_meta.fit(a, *meta, &found, &fitted);

	if (e && stored) {
		err_free(e);
		return NULL;
	}
	if (e)
		return e;
	*meta = fitted;
	for (size_t i = 0; u && i < found.n; i++)
		structural_unknown_add(u, arena_cat(u->arena, S("metadata."), found.p[i]));
	return NULL;
}

static err *fit(struct arena *a, const struct kind *k, node object, bool stored,
		struct structural_unknown *u)
{
	const struct type *t = kind_type(k);

	TRY(fit_metadata(a, object, stored, u));
	structural_prune(t, object, true, u);
	structural_drop_nulls(t, object);
	return structural_coerce(a, t, object, &custom_meta, stored, u);
}

err *custom_read(struct arena *a, const struct kind *k, node object, struct structural_unknown *u)
{
	return fit(a, k, object, false, u);
}

/* ---- versions ---------------------------------------------------------- */

static void make_version(struct arena *a, const struct kind *k, node object)
{
	node_set(a, object, S("apiVersion"), node_from_str(a, gvk_api_version(a, k->gvk)));
	err_free(fit(a, k, object, true, NULL));
}

node custom_store(struct arena *a, const struct kind *k, node object)
{
	const struct kind *storage = custom_version_of(k)->custom->storage;

	if (k == storage)
		return object;
	object = node_copy(a, object);
	make_version(a, storage, object);
	defaults(a, storage, object);
	return object;
}

node custom_show(struct arena *a, const struct kind *k, node object, bool current)
{
	const struct kind *storage = custom_version_of(k)->custom->storage;

	if (!current) {
		make_version(a, storage, object);
		defaults(a, storage, object);
	}
	if (k != storage)
		make_version(a, k, object);
	return object;
}
