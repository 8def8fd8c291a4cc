#include "server/change.h"

#include <stdio.h>

#include "kube/canon.h"
#include "kube/managed.h"
#include "server/admission.h"
#include "server/allocator.h"
#include "server/meta.h"
#include "server/object.h"
#include "server/policies.h"
#include "server/server.h"
#include "server/status.h"
#include "server/store.h"
#include "server/view.h"
#include "text/number.h"

/* ---- owners of fields -------------------------------------------------- */

static bool convert_managed(void *context, struct arena *a, node object, str api_version,
			    struct managed_version *out)
{
	struct change *c = context;
	str is = node_str(node_get(object, S("apiVersion")));
	const struct kind *from = admission_version(c->r->server, c->kind, is);
	const struct kind *to = admission_version(c->r->server, c->kind, api_version);

	if (to)
		*out = (struct managed_version){ admission_convert(a, from ? from : c->kind, to, object),
						 kind_type(to) };
	kind_unref(from);
	request_hold(c->r, to);	/* its type is used until the change is worked out */
	return to != NULL;
}

void change_managed_request(struct change *c, struct managed_request *out)
{
	*out = (struct managed_request){
		.gvk = c->kind->gvk,
		.type = kind_type(c->kind),
		.manager = c->options.manager,
		.subresource = c->sub,
		.now = meta_now(c->r->arena),
		.force = c->options.force,
		.reset = managed_reset(c->r->arena, c->kind->gvk, c->kind->custom,
				       c->kind->has_status, c->sub),
		.only = managed_only(c->r->arena, c->kind->gvk, c->sub),
		.convert = convert_managed,
		.context = c,
	};
}

static void own_fields(struct change *c, node old, node object)
{
	struct managed_request m;

	if (c->internal || c->owned)
		return;
	if (c->own) {
		c->own(c, old, object);
		return;
	}
	change_managed_request(c, &m);
	node meta = meta_of(c->r->arena, object);
	node entries = managed_update(c->r->arena, &m, old, object);

	if (node_is(entries, NODE_NONE))
		node_remove(meta, S("managedFields"));
	else
		node_set(c->r->arena, meta, S("managedFields"), entries);
}

/* ---- the strategy of all kinds ----------------------------------------- */

/* `status` as an object has it that nobody said anything about. */
static void reset_status(struct arena *a, const struct kind *k, node object)
{
	node zero = NODE_NOTHING;

	node_remove(object, S("status"));
	if (k->custom || canon_object(a, node_map(a, 0), k->type, NULL, &zero))
		return;
	if (node_has(zero, S("status")))
		node_set(a, object, S("status"), node_get(zero, S("status")));
}

static bool is_deployment(const struct kind *k)
{
	return str_eq(k->gvk.kind, S("Deployment")) && str_eq(k->gvk.group, S("apps"));
}

/* Through /status, nothing but the status moves; of Deployments not even the
 * labels, of custom resources no metadata at all. */
static void keep_all_but_status(struct kind_call *k)
{
	struct arena *a = k->arena;
	node was = node_get(k->old, S("metadata")), meta = meta_of(a, k->object);

	node_each_pair(p, k->old) {
		str key = node_str(p->key);

		if (!str_eq(key, S("status")) && !str_eq(key, S("metadata")))
			node_set(a, k->object, key, p->value);
	}
	for (size_t i = node_len(k->object); i--;) {
		str key = node_str(k->object.map->pairs[i].key);

		if (!node_has(k->old, key) && !str_eq(key, S("status")))
			node_remove_at(k->object, i);
	}
	if (is_deployment(k->kind))
		node_copy_field(a, meta, was, S("labels"));
	if (!k->kind->custom)
		return;
	node entries = node_get(meta, S("managedFields"));
	node version = node_get(meta, S("resourceVersion")), kept = node_copy(a, was);

	node_set(a, k->object, S("metadata"), kept);
	node_remove(kept, S("managedFields"));
	if (!node_is_nil(entries))
		node_set(a, kept, S("managedFields"), entries);
	if (!node_is_nil(version))
		node_set(a, kept, S("resourceVersion"), version);
}

static bool same_field(node x, node y, str key)
{
	node a = node_get(x, key), b = node_get(y, key);

	if (node_is_nil(a) || node_is_nil(b))
		return node_is_nil(a) && node_is_nil(b);
	return node_equal(a, b);
}

/* Whether anything outside metadata (and the status of its own) differs. */
static bool differs_beyond(const struct kind_call *k)
{
	const node both[] = { k->object, k->old };

	for (size_t i = 0; i < 2; i++)
		node_each_pair(p, both[i]) {
			str key = node_str(p->key);

			if (str_eq(key, S("metadata")) || str_eq(key, S("kind")) ||
			    str_eq(key, S("apiVersion")) ||
			    (k->kind->has_status && str_eq(key, S("status"))))
				continue;
			if (!same_field(k->object, k->old, key))
				return true;
		}
	return false;
}

static bool moves_generation(const struct kind_call *k)
{
	if (str_eq(k->subresource, S("binding")))	/* the scheduler's choice is nobody's wish */
		return false;
	switch ((enum kind_generation)k->kind->generation) {
	case KIND_GENERATION_NONE:
	case KIND_GENERATION_FIRST:
		return false;
	case KIND_GENERATION_ANNOTATIONS:
		if (!same_field(node_get(k->object, S("metadata")), node_get(k->old, S("metadata")),
				S("annotations")))
			return true;
		return !same_field(k->object, k->old, S("spec"));
	case KIND_GENERATION_SPEC:
		return !same_field(k->object, k->old, S("spec"));
	case KIND_GENERATION_LABELS:
		if (!same_field(node_get(k->object, S("metadata")), node_get(k->old, S("metadata")),
				S("labels")))
			return true;
		return differs_beyond(k);
	case KIND_GENERATION_ALL:
		return differs_beyond(k);
	}
	return false;
}

/* Subresources, besides /status, that are about what is in the status. */
static bool moves_status(const struct kind_call *k)
{
	return str_eq(k->subresource, S("status")) || str_eq(k->subresource, S("binding")) ||
	       str_eq(k->subresource, S("eviction")) || str_eq(k->subresource, S("approval"));
}

static void prepare(struct kind_call *k)
{
	struct arena *a = k->arena;

	if (node_is(k->old, NODE_NONE)) {
		if (k->kind->has_status && !k->kind->begins_with_status)
			reset_status(a, k->kind, k->object);
		meta_begin(a, k->kind, k->object);
	} else {
		meta_keep(a, k->object, k->old);
		if (str_eq(k->subresource, S("status")))
			keep_all_but_status(k);
		else if (k->kind->has_status && !moves_status(k))
			node_copy_field(a, k->object, k->old, S("status"));
	}
	if (k->kind->hooks && k->kind->hooks->prepare)
		k->kind->hooks->prepare(k);
	if (!node_is(k->old, NODE_NONE) && !str_eq(k->subresource, S("status")) &&
	    moves_generation(k))
		node_set(a, meta_of(a, k->object), S("generation"),
			 node_from_int(node_int(node_dig(k->old, "metadata", "generation")) + 1));
}

static err *validate(struct kind_call *k)
{
	const struct kind_hooks *h = k->kind->hooks;

	if (node_is(k->old, NODE_NONE))
		meta_validate(k);
	else
		meta_validate_update(k);
	if (h && h->validate)
		h->validate(k);
	if (node_is(k->old, NODE_NONE) && !k->errors->n)
		meta_validate_shared(k);
	meta_warn(k);
	if (k->refusal)
		return NULL; /* the caller's to take */
	if (!k->errors->n) {
		if (h && h->warn)
			h->warn(k);
		return NULL;
	}
	const struct gvk *g = &kind_stored(k->kind)->gvk;

	return status_invalid(g->group, g->kind, meta_get(k->object, S("name")), k->errors);
}

/* ---- one try ----------------------------------------------------------- */

static err *check_namespace(struct change *c, node object)
{
	str is = meta_get(object, S("namespace"));

	if (!c->kind->namespaced || !is.n)
		meta_set(c->r->arena, object, S("namespace"),
			 c->kind->namespaced ? c->namespace : STR_NONE);
	else if (!str_eq(is, c->namespace))
		return status_bad_request("the namespace of the provided object does not match the "
					  "namespace sent on the request");
	return NULL;
}

static err *check_name(struct change *c, node object)
{
	str is = meta_get(object, S("name"));

	if (c->create || str_eq(is, c->name))
		return NULL;
	if (!is.n)
		return status_bad_request("the name of the object (%.*s based on URL) was "
					  "undeterminable: name must be provided",
					  STR_ARG(c->name));
	return status_bad_request(
		"the name of the object (%.*s) does not match the name on the URL "
		"(%.*s)",
		STR_ARG(is), STR_ARG(c->name));
}

static err *take_refusal(struct kind_call *k)
{
	err *e = k->refusal;

	k->refusal = NULL;
	return e;
}

static err *admit(struct change *c, struct kind_call *k)
{
	const struct kind_hooks *h = c->kind->hooks;

	if (!c->internal)
		admission_admit(k);
	TRY(take_refusal(k));
	if (h && h->admit)
		h->admit(k);
	return take_refusal(k);
}

/* What policies made of it is admitted like what the client sent. */
static err *mutate(struct change *c, struct kind_call *k)
{
	struct policies_turns turns = { 0 };
	bool changed = policies_mutate(k, &turns);

	TRY(take_refusal(k));
	for (int i = 0; changed && i < 2; i++) {
		TRY(check_namespace(c, k->object));
		TRY(admit(c, k));
		changed = i == 0 && policies_mutate(k, &turns);
		TRY(take_refusal(k));
	}
	return NULL;
}

/* Who may change what is there may not make it, for that. */
static err *may_create(struct change *c)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct auth_question q = { .user = &c->r->user,
					 .verb = S("create"),
					 .resource = true,
					 .group = c->kind->gvk.group,
					 .version = c->kind->gvk.version,
					 .plural = c->kind->plural,
					 .namespace = c->namespace,
					 .name = c->name };
	str reason = STR_NONE;

	if (auth_allows(c->r->server, c->r->arena, &q, &reason))
		return NULL;
	auth_print_refusal(&b, &q);
	if (reason.n)
		buf_addf(&b, ": %.*s", STR_ARG(reason));
	return status_forbidden(q.group, q.plural, q.name, "%s", buf_c(&b));
}

/* Admission, strategy, validation: the object becomes what will be stored. */
static err *work_out(struct change *c, struct kind_call *k)
{
	const struct kind_hooks *h = c->kind->hooks;

	if (!c->internal)
		TRY(admission_namespace(c->r, c->kind, c->namespace, node_is(k->old, NODE_NONE)));
	TRY(admit(c, k));
	if (!c->internal)
		TRY(mutate(c, k));
	prepare(k);
	TRY(take_refusal(k));
	if (c->internal)
		return NULL;
	TRY(validate(k));
	TRY(take_refusal(k));
	if (c->may_create && node_is(k->old, NODE_NONE))
		TRY(may_create(c));
	if (h && h->check)
		h->check(k);
	TRY(take_refusal(k));
	admission_check(k);
	TRY(take_refusal(k));
	if (h && h->stored)
		h->stored(k->arena, k->kind, k->object);
	return NULL;
}

static void begin_call(struct change *c, struct kind_call *k, struct fielderrs *errors, node object,
		       node old)
{
	*errors = (struct fielderrs){ .arena = c->r->arena };
	admission_call(c->r, k);
	k->kind = c->kind;
	k->object = object;
	k->old = old;
	k->shape = c->shape.kind ? &c->shape : NULL;
	k->subresource = c->sub;
	k->namespace = c->namespace;
	k->dry_run = c->options.dry_run;
	k->errors = errors;
}

err *change_check_place(struct change *c, node object)
{
	TRY(check_namespace(c, object));
	return check_name(c, object);
}

/* What the client said the state was that he changed; 0: he did not say. */
static err *expected_version(struct change *c, node object, uint64_t *out)
{
	str version = meta_get(object, S("resourceVersion"));

	*out = 0;
	if (version.n)
		TRY(number_parse_uint(version, 10, out));
	if (*out || !(c->kind->custom || c->kind->needs_version) || c->internal)
		return NULL;
	struct fielderrs errors = { .arena = c->r->arena };

	fielderr_invalid(&errors, S("metadata.resourceVersion"), node_from_int(0),
			 "must be specified for an update");
	return status_invalid(c->kind->gvk.group, c->kind->plural, c->name, &errors);
}

static err *modified(const struct change *c)
{
	return status_conflict(
		c->kind->gvk.group, c->kind->plural, c->name,
		"the object has been modified; please apply your changes to the latest "
		"version and try again");
}

/* Where the original keeps objects of the kind. */
static str storage_prefix(const struct change *c)
{
	static const struct {
		const char *group, *plural, *prefix;
	} odd[] = {
		{ "", "endpoints", "services/endpoints" },
		{ "", "nodes", "minions" },
		{ "", "replicationcontrollers", "controllers" },
		{ "", "services", "services/specs" },
		{ "networking.k8s.io", "ingresses", "ingress" },
	};
	const struct gvk *g = &c->kind->gvk;

	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
		if (str_eq(g->group, str_c(odd[i].group)) && str_eq(c->kind->plural, str_c(odd[i].plural)))
			return str_c(odd[i].prefix);
	if (c->kind->custom || str_eq(g->group, S("apiextensions.k8s.io")))
		return arena_cat(c->r->arena, g->group, S("/"), c->kind->plural);
	return c->kind->plural;
}

/* `is`: that of the object; empty: there is none yet. */
static err *check_uid(struct change *c, node object, str is)
{
	str wanted = meta_get(object, S("uid")), prefix = storage_prefix(c);

	if (!wanted.n || str_eq(wanted, is) || c->patch)
		return NULL;
	str key = c->namespace.n ? arena_cat(c->r->arena, c->namespace, S("/"), c->name) : c->name;

	return status_conflict(
		c->kind->gvk.group, c->kind->plural, c->name,
		"StorageError: invalid object, Code: 4, Key: %s/%.*s/%.*s, "
		"ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in "
		"precondition: %.*s, UID in object meta: %.*s",
		c->options.dry_run ? "" : "/registry", STR_ARG(prefix), STR_ARG(key), STR_ARG(wanted),
		STR_ARG(is));
}

static err *exists(const struct change *c, str name)
{
	return admission_exists(c->r, c->kind, c->namespace, name, c->generated);
}

/* The write itself. `retry`: somebody was faster, and the client does not mind. */
static err *store(struct change *c, struct store_op *op, bool conditional, bool *retry)
{
	struct store *s = server_store(c->r->server);

	op->table = server_table(c->r->server, c->kind);
	switch (store_write(s, op)) {
	case STORE_DONE:
		c->blob = op->blob;
		return NULL;
	case STORE_NO_GUARD:
		return status_not_found(STR_NONE, S("namespaces"), op->guard_name);
	case STORE_EXISTS:
		if (c->may_create) {
			*retry = true;
			return NULL;
		}
		return exists(c, op->parts.name);
	case STORE_MISSING:
	case STORE_CONFLICT:
		if (conditional)
			return modified(c);
		*retry = true;
		return NULL;
	case STORE_FAILED:
		break;
	}
	err *e = status_internal("%s", err_msg(op->error));

	err_free(op->error);
	return e;
}

/* ---- creating ---------------------------------------------------------- */

static err *create_dry(struct change *c, node object)
{
	CLEANUP(blob_drop)
	struct blob *there =
		store_get(server_store(c->r->server), server_table(c->r->server, c->kind),
			  c->namespace, meta_get(object, S("name")));

	if (there)
		return exists(c, blob_name(there));
	c->object = object;
	return NULL;
}

/* An update that may create what it is about, and does. */
static bool is_update(const struct change *c)
{
	return c->may_create && !c->patch;
}

/* A number that is none counts as no number. */
static err *check_new_version(const struct change *c, node object)
{
	str version = meta_get(object, S("resourceVersion"));
	uint64_t number = 0;

	if (c->options.dry_run || !node_has(node_get(object, S("metadata")), S("resourceVersion")))
		return NULL;
	err_free(number_parse_uint(version, 10, &number));
	node_remove(node_get(object, S("metadata")), S("resourceVersion"));
	if (!number || is_update(c))	/* which may say of what state it is */
		return NULL;
	return status_plain(500, "resourceVersion should not be set on objects to be created");
}

static err *create_once(struct change *c, node object, bool *retry)
{
	struct fielderrs errors;
	struct kind_call k;
	err *e;

	TRY(check_namespace(c, object));
	if (is_update(c)) {
		str version = meta_get(object, S("resourceVersion"));
		uint64_t number;

		TRY(check_uid(c, object, STR_NONE));
		if (version.n)
			TRY(number_parse_uint(version, 10, &number));
	}
	c->r->created_name = meta_get(object, S("name"));
	c->generated = meta_get(object, S("generateName")).n > 0;
	if (!c->internal)
		meta_wipe(object);
	own_fields(c, NODE_NOTHING, object);
	begin_call(c, &k, &errors, object, NODE_NOTHING);
	e = work_out(c, &k);
	if (!e)
		e = check_new_version(c, k.object);
	if (!e && c->options.dry_run) {
		e = create_dry(c, k.object);
		allocator_give_back(&k);
	} else if (!e) {
		struct store_op op = { .write = STORE_CREATE };

		object_parts(c->r->arena, c->kind, k.object, &op.parts);
		if (c->kind->namespaced && !c->internal) {
			op.guard = admission_namespaces(c->r->server);
			op.guard_name = c->namespace;
		}
		e = store(c, &op, false, retry);
	}
	if (e || *retry)
		allocator_give_back(&k);
	c->created = true;
	return e;
}

/* ---- updating ---------------------------------------------------------- */

/* The last finalizer is gone, and so is the object with it. */
static bool goes_now(const struct change *c, node object, node old)
{
	node meta = node_get(object, S("metadata"));

	if (!meta_is_deleting(old) || node_len(node_get(meta, S("finalizers"))))
		return false;
	if (node_int(node_dig(old, "metadata", "deletionGracePeriodSeconds")))
		return false;
	return !str_eq(c->kind->plural, S("namespaces")) || c->kind->gvk.group.n ||
	       !node_len(node_dig(object, "spec", "finalizers"));
}

static bool is_same(struct change *c, const struct blob *old, node old_tree,
		    const struct blob_parts *parts, node object)
{
	struct blob_parts was;

	if (!object_is_plain(c->kind, old))
		return node_equal(old_tree, object);
	object_same_parts(old, &was);
	return (str_eq(was.head, parts->head) && str_eq(was.tail, parts->tail)) ||
	       node_equal(old_tree, object);
}

static void set_version(struct change *c, node object, uint64_t rv)
{
	char text[24];

	snprintf(text, sizeof text, "%llu", (unsigned long long)rv);
	node_set(c->r->arena, meta_of(c->r->arena, object), S("resourceVersion"),
		 node_copy_str(c->r->arena, str_c(text)));
}

static err *remove_now(struct change *c, const struct blob *old, node object, bool conditional,
		       bool *retry)
{
	struct store_op op = { .write = STORE_DELETE, .expect = old->rv };

	c->object = object;
	c->deleted = true;
	set_version(c, object, old->rv);
	if (c->options.dry_run)
		return NULL;
	object_same_parts(old, &op.parts);
	err *e = store(c, &op, conditional, retry);

	if (!e && !*retry)
		allocator_removed(c->r->server, c->kind, old);
	blob_unref(c->blob);
	c->blob = NULL;
	return e;
}

/* Put what was worked out in the place of `old`. */
static err *write_over(struct change *c, struct blob *old, struct kind_call *k, bool conditional,
		       bool *retry)
{
	struct store_op op = { .write = STORE_UPDATE, .expect = old->rv };

	if (goes_now(c, k->object, k->old))
		return remove_now(c, old, k->object, conditional, retry);
	set_version(c, k->object, old->rv);
	managed_keep_times(c->r->arena, k->old, k->object);
	if (!c->options.dry_run)
		node_remove(node_get(k->object, S("metadata")), S("selfLink"));
	object_parts(c->r->arena, c->kind, k->object, &op.parts);
	if (is_same(c, old, k->old, &op.parts, k->object)) {
		c->blob = blob_ref(old);
		return NULL;
	}
	c->object = k->object;
	if (c->options.dry_run)
		return NULL;
	err *e = store(c, &op, conditional, retry);

	if (!e && !*retry)
		allocator_changed(c->r->server, c->kind, old, c->blob);
	return e;
}

static err *update_once(struct change *c, struct blob *old, node old_tree, node object, bool *retry)
{
	struct fielderrs errors;
	struct kind_call k;
	uint64_t wanted;

	TRY(change_check_place(c, object));
	TRY(expected_version(c, object, &wanted));
	str uid = blob_meta(old, S("uid"));

	TRY(check_uid(c, object, str_sub(uid, 1, uid.n - 1)));
	if (wanted && wanted != old->rv)
		return modified(c);
	own_fields(c, old_tree, object);
	begin_call(c, &k, &errors, object, old_tree);
	/* a patch takes the number of what it was made of, and so does what the
	 * server makes itself: that is no condition */
	bool conditional = wanted && !c->patch && !c->internal;
	err *e = work_out(c, &k);

	if (!e)
		e = write_over(c, old, &k, conditional, retry);
	if (e || *retry || c->options.dry_run)
		allocator_give_back(&k);
	return e;
}

/* ---- trying ------------------------------------------------------------ */

static err *try_once(struct change *c, bool *retry)
{
	struct arena *a = c->r->arena;
	struct blob *old =
		c->create ? NULL
			  : store_get(server_store(c->r->server),
				      server_table(c->r->server, c->kind), c->namespace, c->name);
	node old_tree = NODE_NOTHING, object = NODE_NOTHING;

	blob_unref(c->from);
	c->from = old;
	*retry = false;
	if (!old && !c->create && !c->may_create)
		return status_not_found(c->kind->gvk.group, c->kind->plural, c->name);
	if (old)
		old_tree = object_read(a, c->kind, old);
	TRY(c->make(c, old_tree, &object));
	meta_dedup_owners(a, object, &c->r->warnings);
	return old ? update_once(c, old, old_tree, object, retry) : create_once(c, object, retry);
}

err *change_run(struct change *c)
{
	bool retry = true;

	for (int i = 0; retry && i < CHANGE_TRIES; i++)
		TRY(try_once(c, &retry));
	return retry ? modified(c) : NULL;
}

void change_release(struct change *c)
{
	blob_unref(c->blob);
	blob_unref(c->from);
	c->blob = c->from = NULL;
}

static err *answer(struct change *c)
{
	c->r->answer.code = c->created ? 201 : 200;
	if (c->blob)
		return view_blob(c->r, c->kind, c->blob);
	return view_object(c->r, c->kind, c->object);
}

err *change_finish(struct change *c, err *e)
{
	if (!e)
		e = answer(c);
	change_release(c);
	return e;
}
