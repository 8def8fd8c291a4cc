#include "server/scale.h"

#include "base/vec.h"
#include "kube/builtin.h"
#include "kube/managed.h"
#include "server/cells.h"
#include "server/change.h"
#include "server/custom.h"
#include "server/labelsel.h"
#include "server/meta.h"
#include "server/object.h"
#include "server/policies.h"
#include "server/server.h"
#include "server/status.h"
#include "server/store.h"
#include "server/view.h"
#include "server/write.h"

#define SCALE_GVK ((struct gvk){ S("autoscaling"), S("v1"), S("Scale") })

/* "spec.replicas" as its steps. */
static const str *split(struct arena *a, str path, size_t *n)
{
	VEC(str) v = { 0 };
	str step;

	while (str_cut(&path, &step, '.'))
		avec_push(a, &v, step);
	*n = v.n;
	return v.p;
}

/* ---- the object as a Scale --------------------------------------------- */

/* Of a ReplicationController the selector is a plain map. */
static str selector_text(struct arena *a, const struct kind *k, node object)
{
	node selector = node_dig(object, "spec", "selector");
	str text = STR_NONE;

	if (!k->gvk.group.n)
		return labelsel_labels(a, selector);
	labelsel_text(a, selector, &text);
	return text;
}

static struct managed_scale version_of(struct arena *a, const struct kind *k)
{
	struct managed_scale v = { .api_version = gvk_api_version(a, k->gvk) };

	v.path = split(a, k->custom ? custom_scale_path(k) : S("spec.replicas"), &v.path_n);
	return v;
}

static node builtin_scale(struct arena *a, const struct kind *k, node object)
{
	static const char *const kept[] = { "name", "namespace", "uid", "resourceVersion",
					    "creationTimestamp" };
	node scale = node_map(a, 5), meta = node_map(a, 6), spec = node_map(a, 1);
	node status = node_map(a, 2), replicas = node_dig(object, "spec", "replicas");
	str selector = selector_text(a, k, object);

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		node value = node_dig(object, "metadata", kept[i]);

		if (!node_is_nil(value))
			node_set(a, meta, str_c(kept[i]), value);
	}
	object_set_names(a, scale, SCALE_GVK);
	node_set(a, scale, S("metadata"), meta);
	if (node_int(replicas))
		node_set(a, spec, S("replicas"), node_from_int(node_int(replicas)));
	node_set(a, scale, S("spec"), spec);
	node_set(a, status, S("replicas"),
		 node_from_int(node_int(node_dig(object, "status", "replicas"))));
	if (selector.n)
		node_set(a, status, S("selector"), node_from_str(a, selector));
	node_set(a, scale, S("status"), status);
	return scale;
}

/* With the owners of the number. */
static err *to_scale(struct arena *a, const struct kind *k, node object, node *out)
{
	struct managed_scale version = version_of(a, k);
	bool found;

	if (k->custom)
		TRY(custom_scale(a, k, object, &found, out));
	else
		*out = builtin_scale(a, k, object);
	node entries =
		managed_to_scale(a, node_dig(object, "metadata", "managedFields"), &version, 1);

	if (node_len(entries))
		node_set(a, meta_of(a, *out), S("managedFields"), entries);
	return NULL;
}

/* Of a custom resource whose schema has no such number nothing is kept. */
static err *set_replicas(struct arena *a, const struct kind *k, node *object, int64_t replicas)
{
	if (k->custom) {
		TRY(custom_rescale(a, k, *object, replicas));
		return body_fit(a, k, *object, NULL, object);
	}
	node_set(a, node_need_map(a, *object, S("spec")), S("replicas"), node_from_int(replicas));
	return NULL;
}

static node without_owners(struct arena *a, node scale)
{
	node_remove(meta_of(a, scale), S("managedFields"));
	return scale;
}

/* ---- a write ----------------------------------------------------------- */

struct scaling {
	bool put;
	node body;                /* of a PUT */
	struct write_patch patch; /* of a patch; */
	node config;              /* of an apply */
};

static void scale_request(struct change *c, struct managed_request *m)
{
	change_managed_request(c, m);
	m->gvk = SCALE_GVK;
	m->type = builtin_type(SCALE_GVK);
	m->reset = managed_reset(c->r->arena, SCALE_GVK, false, true, STR_NONE);
	m->convert = NULL;
}

static err *apply_scale(struct change *c, const struct scaling *s, node live, node *out)
{
	struct managed_request m;
	struct managed_result result;

	scale_request(c, &m);
	err *e = managed_apply(c->r->arena, &m, live, s->config, &result);

	if (e)
		return write_with_code(c->r->arena, e);
	if (result.conflicts_n)
		return write_conflict(&result);
	*out = result.object;
	return NULL;
}

static err *patch_scale(struct change *c, const struct scaling *s, node live, node *out)
{
	struct arena *a = c->r->arena;
	struct body_findings found = { .arena = a };
	struct canon_unknown unknown = { .n = 0 };
	str shown;
	node patched;

	TRY(write_patched(a, &s->patch, live, &found, &shown, &patched));
	err *e = canon_object(a, patched, builtin_type(SCALE_GVK), &unknown, out);

	for (size_t i = 0; i < unknown.n; i++)
		body_find(&found, "unknown field \"%.*s\"", STR_ARG(unknown.list[i]));
	return write_patch_findings(c, shown, &found, e);
}

static err *new_scale(struct change *c, const struct scaling *s, node live, node *out)
{
	struct arena *a = c->r->arena;
	struct managed_request m;

	if (s->put) {
		*out = node_copy(a, s->body);
	} else if (s->patch.form == NEGOTIATE_APPLY) {
		return apply_scale(c, s, live, out);
	} else {
		TRY(patch_scale(c, s, live, out));
	}
	scale_request(c, &m);
	node entries = managed_update(a, &m, live, *out);

	if (node_is(entries, NODE_NONE))
		node_remove(meta_of(a, *out), S("managedFields"));
	else
		node_set(a, meta_of(a, *out), S("managedFields"), entries);
	return NULL;
}

static err *check_scale(struct arena *a, node scale)
{
	struct fielderrs errors = { .arena = a };
	node replicas = node_dig(scale, "spec", "replicas");

	if (node_int(replicas) >= 0)
		return NULL;
	fielderr_invalid(&errors, S("spec.replicas"), replicas,
			 "must be greater than or equal to 0");
	return status_invalid(S("autoscaling"), S("Scale"), meta_get(scale, S("name")), &errors);
}

/* What policies make of it. */
static err *mutate(struct change *c, node *scale, node live)
{
	struct kind *k = arena_new(c->r->arena, struct kind);

	*k = (struct kind){ .gvk = SCALE_GVK, .type = builtin_type(SCALE_GVK) };
	TRY(policies_mutate_below(c->r, &(struct policies_shape){ k, S("UPDATE"), c->options.dry_run }, scale,
				  live));
	c->shape = (struct kind_shape){ k, *scale, live };
	return NULL;
}

static err *make_scaled(struct change *c, node old, node *object)
{
	struct arena *a = c->r->arena;
	struct managed_scale version = version_of(a, c->kind);
	const struct scaling *s = c->ctx;
	node live, scale;

	TRY(to_scale(a, c->kind, old, &live));
	TRY(new_scale(c, s, live, &scale));
	TRY(mutate(c, &scale, live));
	TRY(check_scale(a, scale));
	*object = node_copy(a, old);
	TRY(set_replicas(a, c->kind, object, node_int(node_dig(scale, "spec", "replicas"))));
	meta_set(a, *object, S("name"), meta_get(scale, S("name")));
	if (meta_get(scale, S("namespace")).n)
		meta_set(a, *object, S("namespace"), meta_get(scale, S("namespace")));
	/* an update may leave the number out; a custom resource then has its own */
	str rv = meta_get(scale, S("resourceVersion"));

	if (rv.n || !c->kind->custom)
		meta_set(a, *object, S("resourceVersion"), rv);
	if (s->put && meta_get(scale, S("uid")).n)
		meta_set(a, *object, S("uid"), meta_get(scale, S("uid")));
	node entries = managed_from_scale(a, node_dig(old, "metadata", "managedFields"),
					  node_dig(scale, "metadata", "managedFields"),
					  version.api_version, &version, 1);

	if (node_len(entries))
		node_set(a, meta_of(a, *object), S("managedFields"), entries);
	else
		node_remove(meta_of(a, *object), S("managedFields"));
	return NULL;
}

static err *read_wish(struct request *r, struct change *c, struct scaling *s)
{
	bool apply = false;

	s->put = str_eq(r->verb, S("update"));
	if (!s->put) {
		TRY(negotiate_patch(r, r->kind->custom, &s->patch.form));
		apply = s->patch.form == NEGOTIATE_APPLY;
	}
	TRY(options_write(r,
			  &(struct options_of){ s->put ? "UpdateOptions" : "PatchOptions", !s->put,
						apply },
			  &c->options));
	if (s->put)
		return body_read_as(r, SCALE_GVK, builtin_type(SCALE_GVK), c->options.fields,
				    &s->body);
	s->patch.body = r->body;
	s->patch.type = builtin_type(SCALE_GVK);
	c->patch = true;
	return apply ? write_read_config(r, &s->config) : NULL;
}

static const struct cell_rule cells[] = {
	{ .what = CELL_TEXT, .path = "metadata.name" },
	{ .what = CELL_INT, .path = "spec.replicas" },
	{ .what = CELL_INT, .path = "status.replicas" },
	{ .what = CELL_SINCE, .path = "metadata.creationTimestamp", .fallback = "<unknown>" },
};

static const char *about_column(const struct kind *k, str name)
{
	for (size_t i = 0; i < k->columns_n; i++)
		if (str_eq(str_c(k->columns[i].name), name))
			return k->columns[i].about;
	return "";
}

static err *answer_scale(struct request *r, node object)
{
	const struct kind_column columns[] = {
		{ "Name", "string", "", about_column(r->kind, S("Name")), 0 },
		{ "Desired", "integer", "",
		  "replicas is the desired number of instances for the scaled object.", 0 },
		{ "Available", "integer", "",
		  "replicas is the actual number of observed instances of the scaled object.", 0 },
		{ "Age", "string", "", about_column(r->kind, S("Age")), 0 },
	};
	const struct kind shown = { .gvk = SCALE_GVK,
				    .columns = columns,
				    .columns_n = sizeof columns / sizeof *columns,
				    .cells = cells,
				    .cells_n = sizeof cells / sizeof *cells };
	node scale;

	TRY(to_scale(r->arena, r->kind, object, &scale));
	return view_object(r, &shown, without_owners(r->arena, scale));
}

static err *write_scale(struct request *r)
{
	struct scaling s = { 0 };
	struct change c = {
		.r = r,
		.kind = r->kind,
		.sub = S("scale"),
		.namespace = r->namespace,
		.name = r->name,
		.owned = true,
		.make = make_scaled,
		.ctx = &s,
	};

	TRY(read_wish(r, &c, &s));
	err *e = change_run(&c);

	if (!e)
		e = answer_scale(r, c.blob ? object_read(r->arena, r->kind, c.blob) : c.object);
	change_release(&c);
	return e;
}

err *scale_run(struct request *r)
{
	if (!str_eq(r->verb, S("get")))
		return write_scale(r);
	CLEANUP(blob_drop)
	struct blob *b = store_get(server_store(r->server), server_table(r->server, r->kind),
				   r->namespace, r->name);

	if (!b)
		return status_not_found(r->group, r->plural, r->name);
	return answer_scale(r, object_read(r->arena, r->kind, b));
}
