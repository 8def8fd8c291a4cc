#include "release/relobj.h"

#include "base/die.h"
#include "base/vec.h"
#include "helm/manifest.h"
#include "release/relobj_impl.h"
#include "value/yaml.h"

err *relobj_join(err *so_far, err *more, const char *separator)
{
	if (!so_far || !more)
		return so_far ? so_far : more;
	err *joined = err_replace(so_far, "%s%s%s", err_msg(so_far), separator, err_msg(more));

	err_free(more);
	return joined;
}

err *relobj_join_all(struct relobj_errors *l, const char *separator)
{
	err *all = NULL;

	for (size_t i = 0; i < l->n; i++)
		all = relobj_join(all, l->p[i], separator);
	l->n = 0;
	return all;
}

/* ---- reading ----------------------------------------------------------- */

/* What Helm's look at a manifest with the server's schema says first. */
static err *check_type(node object)
{
	node version = node_get(object, S("apiVersion")), kind = node_get(object, S("kind"));
	const char *no_version = "apiVersion not set", *no_kind = "kind not set";

	if (node_str(version).n)
		no_version = NULL;
	else if (version.kind != NODE_NONE && version.kind != NODE_STR)
		no_version = "apiVersion isn't string type";
	if (node_str(kind).n)
		no_kind = NULL;
	else if (kind.kind != NODE_NONE && kind.kind != NODE_STR)
		no_kind = "kind isn't string type";
	if (!no_version && !no_kind)
		return NULL;
	if (!no_version || !no_kind)
		return err_new(ERR_INVALID, "error validating \"\": error validating data: %s",
			       no_version ? no_version : no_kind);
	return err_new(ERR_INVALID, "error validating \"\": error validating data: [%s, %s]",
		       no_version, no_kind);
}

static const char *json_kind(node v)
{
	switch (v.kind) {
	case NODE_BOOL:
		return "bool";
	case NODE_MAP:
		return "object";
	case NODE_SEQ:
		return "array";
	default:
		return "number";
	}
}

/* A name goes into paths: nothing but text may be one. */
static err *check_name(node object)
{
	static const char *const fields[] = { "name", "namespace" };

	for (size_t i = 0; i < 2; i++) {
		node v = node_dig(object, "metadata", fields[i]);

		if (v.kind != NODE_NONE && v.kind != NODE_NULL && v.kind != NODE_STR)
			return err_new(ERR_INVALID,
				       "unable to decode \"\": json: cannot unmarshal %s into Go "
				       "struct field ObjectMeta.metadata.%s of type string",
				       json_kind(v), fields[i]);
	}
	return NULL;
}

static err *add_object(struct arena *a, node object, struct relobj_list *out)
{
	node items = node_get(object, S("items"));
	struct relobj o = { .gvk = gvk_of(object), .object = object };

	if (out->n >= RELOBJ_MAX)
		return err_new(ERR_INVALID, "a manifest has more than %d objects", RELOBJ_MAX);
	TRY(check_type(object));
	TRY(check_name(object));
	if (str_ends(o.gvk.kind, S("List")) && items.kind == NODE_SEQ) {
		node_each_item(i, items)
			TRY(add_object(a, *i, out));
		return NULL;
	}
	o.ns = node_str(node_dig(object, "metadata", "namespace"));
	o.name = node_str(node_dig(object, "metadata", "name"));
	avec_push(a, out, o);
	return NULL;
}

err *relobj_parse(struct arena *a, str manifest, struct relobj_list *out)
{
	struct manifest_cut cut = { .rest = manifest_trim_left(manifest) };
	str document;

	*out = (struct relobj_list){ 0 };
	while (manifest_take(&cut, &document)) {
		node object;
		err *e = yaml_read(a, document, YAML_KUBE, &object);

		if (e)
			return err_wrap(e, "error parsing ");
		if (!node_is_nil(object))
			TRY(add_object(a, object, out));
	}
	return NULL;
}

static err *no_mapping(const struct relobj *o, err *e)
{
	if (err_kind(e) != ERR_NOT_FOUND)
		return e;
	return err_replace(e,
			   "resource mapping not found for name: \"%.*s\" namespace: \"%.*s\" from "
			   "\"\": %s\nensure CRDs are installed first",
			   STR_ARG(o->name), STR_ARG(o->ns), err_msg(e));
}

static err *resolve(const struct relcluster *c, struct arena *a, str ns, struct relobj *o)
{
	err *e = discovery_kind(c->discovery, o->gvk, &o->resource);

	if (e)
		return no_mapping(o, e);
	if (!o->resource->namespaced) {
		o->ns = STR_NONE;
	} else if (!o->ns.n) {
		o->ns = ns;
		node_set(a, node_map_at(a, o->object, S("metadata")), S("namespace"),
			 node_from_str(a, ns));
	}
	return NULL;
}

err *relobj_resolve(const struct relcluster *c, struct arena *a, node object, str ns,
		    struct relobj *out)
{
	*out = (struct relobj){ .gvk = gvk_of(object), .object = object };
	out->ns = node_str(node_dig(object, "metadata", "namespace"));
	out->name = node_str(node_dig(object, "metadata", "name"));
	return resolve(c, a, ns, out);
}

err *relobj_build(const struct relcluster *c, struct arena *a, str manifest, str ns,
		  struct relobj_list *out)
{
	err *all = NULL;
	size_t bad = 0;

	TRY(relobj_parse(a, manifest, out));
	for (size_t i = 0; i < out->n; i++) {
		err *e = resolve(c, a, ns, &out->p[i]);

		bad += e != NULL;
		all = relobj_join(all, e, ", ");
	}
	return bad > 1 ? err_replace(all, "[%s]", err_msg(all)) : all;
}

/* ---- names ------------------------------------------------------------- */

str relobj_id(struct arena *a, const struct relobj *o)
{
	return o->ns.n ? arena_cat(a, o->gvk.kind, S("/"), o->ns, S("/"), o->name)
		       : arena_cat(a, o->gvk.kind, S("/"), o->name);
}

bool relobj_same(const struct relobj *x, const struct relobj *y)
{
	return str_eq(x->name, y->name) && str_eq(x->ns, y->ns) &&
	       str_eq(x->gvk.kind, y->gvk.kind) && str_eq(x->gvk.group, y->gvk.group);
}

const struct relobj *relobj_find(const struct relobj_list *l, const struct relobj *o)
{
	for (size_t i = 0; i < l->n; i++)
		if (relobj_same(&l->p[i], o))
			return &l->p[i];
	return NULL;
}

str relobj_gvk(struct arena *a, struct gvk g)
{
	return g.group.n ? arena_cat(a, g.group, S("/"), g.version, S(", Kind="), g.kind)
			 : arena_cat(a, S("/"), g.version, S(", Kind="), g.kind);
}

/* ---- ownership --------------------------------------------------------- */

#define MANAGED_BY   S("app.kubernetes.io/managed-by")
#define RELEASE_NAME S("meta.helm.sh/release-name")
#define RELEASE_NS   S("meta.helm.sh/release-namespace")

void relobj_own(struct arena *a, struct relobj_list *l, str release, str release_ns)
{
	for (size_t i = 0; i < l->n; i++) {
		node meta = node_map_at(a, l->p[i].object, S("metadata"));
		node annotations = node_map_at(a, meta, S("annotations"));

		node_set(a, node_map_at(a, meta, S("labels")), MANAGED_BY, node_lit("Helm"));
		node_set(a, annotations, RELEASE_NAME, node_from_str(a, release));
		node_set(a, annotations, RELEASE_NS, node_from_str(a, release_ns));
	}
}

static err *require(node map, const char *what, str key, str value)
{
	node there = node_get(map, key);

	if (there.kind == NODE_NONE)
		return err_new(ERR_CONFLICT,
			       "%s validation error: missing key \"%.*s\": must be set to \"%.*s\"",
			       what, STR_ARG(key), STR_ARG(value));
	if (str_eq(node_str(there), value))
		return NULL;
	return err_new(ERR_CONFLICT,
		       "%s validation error: key \"%.*s\" must equal \"%.*s\": current value is "
		       "\"%.*s\"",
		       what, STR_ARG(key), STR_ARG(value), STR_ARG(node_str(there)));
}

err *relobj_check_owner(node live, str release, str release_ns)
{
	node labels = node_dig(live, "metadata", "labels");
	node annotations = node_dig(live, "metadata", "annotations");
	err *all = require(labels, "label", MANAGED_BY, S("Helm"));

	all = relobj_join(all, require(annotations, "annotation", RELEASE_NAME, release), "; ");
	all = relobj_join(all, require(annotations, "annotation", RELEASE_NS, release_ns), "; ");
	return all ? err_replace(all, "invalid ownership metadata; %s", err_msg(all)) : NULL;
}

static err *check_names(const struct relobj *o, bool *generated)
{
	*generated = node_str(node_dig(o->object, "metadata", "generateName")).n > 0;
	if (*generated && o->name.n)
		return err_new(ERR_INVALID,
			       "metadata.name and metadata.generateName cannot both be set");
	if (!*generated && !o->name.n)
		return err_new(ERR_INVALID, "resource name may not be empty");
	return NULL;
}

err *relobj_start_get(const struct relcluster *c, struct arena *a, const struct relobj *o,
		      struct client_call **out)
{
	*out = client_start(c->client,
			    &(struct client_request){ .path = client_path(a, o->resource, o->ns,
									  o->name, STR_NONE) });
	return NULL;
}

/* `e` is that of the question, `o->live` its answer. */
static err *judge(const struct relcluster *c, struct arena *a, struct relobj *o, err *e,
		  str release, str release_ns, bool take, struct relobj_list *out)
{
	str what = arena_printf(a, "%.*s \"%.*s\" in namespace \"%.*s\"", STR_ARG(o->gvk.kind),
				STR_ARG(o->name), STR_ARG(o->ns));

	bool absent = e && err_kind(e) == ERR_NOT_FOUND;

	if (e && !absent)
		return err_wrap(e, "could not get information about the resource %.*s",
				STR_ARG(what));
	err_free(e);
	e = NULL;
	if (c->on_shown)
		c->on_shown(c->shown_ctx, o->resource, o->ns);
	if (absent) {
		o->live = NODE_NOTHING;
		return NULL;
	}
	if (!take)
		e = relobj_check_owner(o->live, release, release_ns);
	if (e)
		return err_wrap(e, "%.*s exists and cannot be imported into the current release",
				STR_ARG(what));
	avec_push(a, out, *o);
	return NULL;
}

err *relobj_adoptable(const struct relcluster *c, struct arena *a, struct relobj_list *l,
		      str release, str release_ns, bool take, struct relobj_list *out)
{
	struct client_call **calls = arena_array(a, struct client_call *, l->n + 1);
	err *first = NULL;

	for (size_t i = 0; i < l->n && !first; i++) {
		bool generated;

		first = check_names(&l->p[i], &generated);
		if (!first && !generated)
			first = relobj_start_get(c, a, &l->p[i], &calls[i]);
	}
	for (size_t i = 0; i < l->n; i++) {
		if (!calls[i])
			continue;
		err *e = client_wait(calls[i], a, &l->p[i].live);

		if (first)
			err_free(e);
		else
			first = judge(c, a, &l->p[i], e, release, release_ns, take, out);
	}
	return first;
}
