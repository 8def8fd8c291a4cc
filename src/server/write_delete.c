#include <stdio.h>

#include "base/clock.h"
#include "base/vec.h"
#include "server/admission.h"
#include "server/allocator.h"
#include "server/crd.h"
#include "server/meta.h"
#include "server/object.h"
#include "server/policies.h"
#include "server/read.h"
#include "server/server.h"
#include "server/status.h"
#include "server/write.h"
#include "text/gotime.h"
#include "value/json.h"

#define ORPHAN     S("orphan")
#define FOREGROUND S("foregroundDeletion")

/* One object that is to go. */
struct removal {
	struct request *r;
	struct options_delete options;
	str name;
	struct blob *blob; /* its state after this: a reference */
	bool gone;
	bool as_status; /* answer with a Status, not with the object */
};

/* ---- preconditions ----------------------------------------------------- */

static str text_of(str json)
{
	return str_sub(json, 1, json.n ? json.n - 1 : 0);
}

static err *check_preconditions(const struct removal *d, const struct blob *b)
{
	const struct kind *k = d->r->kind;
	str uid = text_of(blob_meta(b, S("uid")));
	str version = text_of(blob_meta(b, S("resourceVersion")));

	if (d->options.uid.n && !str_eq(d->options.uid, uid))
		return status_conflict(
			k->gvk.group, k->gvk.kind, d->name,
			"the UID in the precondition (%.*s) does not match the UID in "
			"record (%.*s). The object might have been deleted and then "
			"recreated",
			STR_ARG(d->options.uid), STR_ARG(uid));
	if (d->options.version.n && !str_eq(d->options.version, version))
		return status_conflict(
			k->gvk.group, k->gvk.kind, d->name,
			"the ResourceVersion in the precondition (%.*s) does not match "
			"the ResourceVersion in record (%.*s). The object might have "
			"been modified",
			STR_ARG(d->options.version), STR_ARG(version));
	return NULL;
}

/* ---- finalizers of the garbage collector ------------------------------- */

static bool orphans_by_default(const struct kind *k)
{
	return (str_eq(k->gvk.group, S("batch")) && str_eq(k->plural, S("jobs"))) ||
	       (!k->gvk.group.n && str_eq(k->plural, S("replicationcontrollers")));
}

static bool is_event(const struct kind *k)
{
	return str_eq(k->gvk.kind, S("Event")) &&
	       (!k->gvk.group.n || str_eq(k->gvk.group, S("events.k8s.io")));
}

static bool wants_orphans(const struct removal *d, node object)
{
	switch (d->options.propagation) {
	case OPTIONS_ORPHAN:
		return true;
	case OPTIONS_BACKGROUND:
	case OPTIONS_FOREGROUND:
		return false;
	case OPTIONS_DEFAULT:
		break;
	}
	if (meta_has_finalizer(object, ORPHAN))
		return true;
	return !meta_has_finalizer(object, FOREGROUND) && orphans_by_default(d->r->kind);
}

static bool wants_foreground(const struct removal *d, node object)
{
	if (d->options.propagation != OPTIONS_DEFAULT)
		return d->options.propagation == OPTIONS_FOREGROUND;
	return meta_has_finalizer(object, FOREGROUND);
}

/* True when the list changed. */
static bool set_collector_finalizers(const struct removal *d, node object)
{
	struct arena *a = d->r->arena;
	node old = node_dig(object, "metadata", "finalizers"), new = node_seq(a, 2);

	if (is_event(d->r->kind))
		return false;
	bool orphan = wants_orphans(d, object), foreground = wants_foreground(d, object);

	node_each_item(f, old)
		if (!str_eq(node_str(*f), ORPHAN) && !str_eq(node_str(*f), FOREGROUND))
			node_append(a, new, *f);
	if (orphan)
		node_append(a, new, node_from_str(a, ORPHAN));
	if (foreground)
		node_append(a, new, node_from_str(a, FOREGROUND));
	if (node_equal(old, new) || (!node_len(old) && !node_len(new)))
		return false;
	if (node_len(new))
		node_set(a, meta_of(a, object), S("finalizers"), new);
	else
		node_remove(meta_of(a, object), S("finalizers"));
	return true;
}

/* ---- marking ----------------------------------------------------------- */

static str time_from_now(struct arena *a, int64_t seconds)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gotime_format(&b, gotime_utc(clock_wall() / CLOCK_SECOND + seconds, 0), GOTIME_RFC3339);
	return arena_str(a, buf_str(&b));
}

static void bump_generation(struct arena *a, node object)
{
	int64_t is = node_int(node_dig(object, "metadata", "generation"));

	if (is > 0)
		node_set(a, meta_of(a, object), S("generation"), node_from_int(is + 1));
}

static void mark(struct arena *a, node object, int64_t seconds)
{
	node meta = meta_of(a, object);

	node_set(a, meta, S("deletionTimestamp"), node_from_str(a, time_from_now(a, seconds)));
	node_set(a, meta, S("deletionGracePeriodSeconds"), node_from_int(seconds));
}

enum grace {
	GRACE_NONE,   /* the kind knows none, or its time is over */
	GRACE_BEGINS, /* the object is marked now */
	GRACE_RUNS,   /* it was marked before: nothing to do */
};

/* A deletion under way may only be hastened. */
static enum grace shorten(struct removal *d, node object)
{
	struct arena *a = d->r->arena;
	node was = node_dig(object, "metadata", "deletionGracePeriodSeconds");
	struct gotime began;

	if (!node_int(was))
		return GRACE_NONE;
	if (!d->options.has_grace || d->options.grace >= node_int(was))
		return GRACE_RUNS;
	err *e = gotime_parse(&began, GOTIME_RFC3339, meta_get(object, S("deletionTimestamp")),
			      NULL);

	if (!e) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;
		int64_t less = node_int(was) - d->options.grace;

		gotime_format(&b, gotime_utc(began.sec - less, 0), GOTIME_RFC3339);
		meta_set(a, object, S("deletionTimestamp"), arena_str(a, buf_str(&b)));
	}
	err_free(e);
	node_set(a, meta_of(a, object), S("deletionGracePeriodSeconds"),
		 node_from_int(d->options.grace));
	return GRACE_BEGINS;
}

/* Pods end in their own time: of all kinds, only their deletions wait. */
static bool waits(const struct kind *k)
{
	return !k->gvk.group.n && str_eq(k->plural, S("pods"));
}

static int64_t pod_grace(const struct removal *d, node pod)
{
	str phase = node_str(node_dig(pod, "status", "phase"));
	int64_t own = node_int(node_dig(pod, "spec", "terminationGracePeriodSeconds"));
	int64_t seconds = d->options.has_grace ? d->options.grace : own;

	if (!node_str(node_dig(pod, "spec", "nodeName")).n || str_eq(phase, S("Failed")) ||
	    str_eq(phase, S("Succeeded")))
		return 0;
	return seconds < 0 ? 1 : seconds;
}

/* rest.BeforeDelete. */
static enum grace begin(struct removal *d, node object)
{
	if (d->options.has_grace && d->options.grace < 0)
		d->options.grace = 1;
	if (!waits(d->r->kind))
		return GRACE_NONE;
	if (meta_is_deleting(object))
		return shorten(d, object);
	d->options.grace = pod_grace(d, object);
	d->options.has_grace = true;
	mark(d->r->arena, object, d->options.grace);
	bump_generation(d->r->arena, object);
	return GRACE_BEGINS;
}

/* ---- writing ----------------------------------------------------------- */

static struct store_table *table_of(const struct removal *d)
{
	return server_table(d->r->server, d->r->kind);
}

static err *outcome(struct removal *d, struct store_op *op, bool *retry)
{
	switch (store_write(server_store(d->r->server), op)) {
	case STORE_DONE:
		blob_unref(d->blob);
		d->blob = op->blob;
		return NULL;
	case STORE_FAILED: {
		err *e = status_internal("%s", err_msg(op->error));

		err_free(op->error);
		return e;
	}
	case STORE_MISSING:
		return status_not_found(d->r->kind->gvk.group, d->r->kind->plural, d->name);
	default:
		*retry = true;
		return NULL;
	}
}

/* Put the marked object in the place of the old one. */
static err *write_marked(struct removal *d, const struct blob *old, node object, bool *retry)
{
	struct store_op op = { .write = STORE_UPDATE, .table = table_of(d), .expect = old->rv };
	struct blob_parts was;

	object_parts(d->r->arena, d->r->kind, object, &op.parts);
	object_same_parts(old, &was);
	if (str_eq(was.head, op.parts.head) && str_eq(was.tail, op.parts.tail))
		return NULL;
	if (d->options.dry_run) {
		blob_unref(d->blob);
		d->blob = blob_new(&op.parts, old->rv);
		return NULL;
	}
	return outcome(d, &op, retry);
}

static err *write_gone(struct removal *d, bool *retry)
{
	struct blob *last = d->blob;
	struct store_op op = { .write = STORE_DELETE, .table = table_of(d), .expect = last->rv };

	d->gone = true;
	if (d->options.dry_run)
		return NULL;
	object_same_parts(last, &op.parts);
	blob_ref(last);
	err *e = outcome(d, &op, retry);

	if (!e && !*retry)
		allocator_removed(d->r->server, d->r->kind, last);
	blob_unref(last);
	return e;
}

/* ---- namespaces -------------------------------------------------------- */

/* They go in steps: first the phase; what is in them is others' work, and the
 * last of their finalizers takes them away (change.c). */
static err *remove_namespace(struct removal *d, const struct blob *old, node object, bool *retry)
{
	static const char *const kept[] = { "default", "kube-system", "kube-public" };
	struct arena *a = d->r->arena;

	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (str_eq(d->name, str_c(kept[i])))
			return status_forbidden(STR_NONE, S("namespaces"), d->name,
						"this namespace may not be deleted");
	if (!meta_is_deleting(object))
		meta_set(a, object, S("deletionTimestamp"), meta_now(a));
	node_set(a, node_need_map(a, object, S("status")), S("phase"), node_lit("Terminating"));
	set_collector_finalizers(d, object);
	TRY(write_marked(d, old, object, retry));
	if (!*retry && !node_len(node_dig(object, "spec", "finalizers")) &&
	    !node_len(node_dig(object, "metadata", "finalizers")))
		return write_gone(d, retry);
	return NULL;
}

static bool is_namespace(const struct kind *k)
{
	return !k->gvk.group.n && str_eq(k->plural, S("namespaces"));
}

/* ---- definitions ------------------------------------------------------- */

static bool is_definition(const struct kind *k)
{
	return str_eq(k->plural, S("customresourcedefinitions")) &&
	       str_eq(k->gvk.group, S("apiextensions.k8s.io"));
}

/* The first request only asks for it: their objects go first (crd_control.c). */
static err *mark_definition(struct removal *d, const struct blob *old, node object, bool *retry)
{
	struct arena *a = d->r->arena;

	return write_marked(d, old, crd_marked(a, object, meta_now(a)), retry);
}

/* ---- one object -------------------------------------------------------- */

static err *remove_once(struct removal *d, bool *retry)
{
	struct request *r = d->r;
	CLEANUP(blob_drop)
	struct blob *old = store_get(server_store(r->server), table_of(d), r->namespace, d->name);

	*retry = false;
	if (!old)
		return status_not_found(r->kind->gvk.group, r->kind->plural, d->name);
	TRY(check_preconditions(d, old));
	blob_unref(d->blob);
	d->blob = blob_ref(old);
	node object = object_read(r->arena, r->kind, old);

	TRY(policies_delete(r, object, d->options.dry_run));
	if (is_namespace(r->kind))
		return remove_namespace(d, old, object, retry);
	if (is_definition(r->kind) && !meta_is_deleting(object))
		return mark_definition(d, old, object, retry);
	bool had_finalizers = node_len(node_dig(object, "metadata", "finalizers")) > 0;
	enum grace grace = begin(d, object);

	if (grace == GRACE_RUNS) {
		d->as_status = !r->kind->delete_returns_object;
		return NULL;
	}
	bool changed = set_collector_finalizers(d, object);
	bool pending = node_len(node_dig(object, "metadata", "finalizers")) > 0;

	if (grace == GRACE_NONE && !changed && !had_finalizers)
		return write_gone(d, retry);
	if (grace == GRACE_NONE && pending && !meta_is_deleting(object)) {
		bump_generation(r->arena, object);
		mark(r->arena, object, 0);
	}
	TRY(write_marked(d, old, object, retry));
	if (*retry || pending || (grace == GRACE_BEGINS && d->options.grace > 0))
		return NULL;
	return write_gone(d, retry);
}

static err *remove_object(struct removal *d)
{
	struct options_delete asked = d->options;
	bool retry = true;

	for (int i = 0; retry && i < CHANGE_TRIES; i++) {
		d->options = asked;
		d->gone = false;
		TRY(remove_once(d, &retry));
	}
	if (retry)
		return status_conflict(
			d->r->kind->gvk.group, d->r->kind->plural, d->name,
			"the object has been modified; please apply your changes to the "
			"latest version and try again");
	if (d->gone && !d->r->kind->delete_returns_object)
		d->as_status = true;
	return NULL;
}

static void warn_of_orphans(struct request *r, const struct options_delete *o)
{
	if (o->propagation == OPTIONS_DEFAULT && str_eq(r->kind->plural, S("jobs")) &&
	    orphans_by_default(r->kind))
		kind_warn(&r->warnings,
			  "child pods are preserved by default when jobs are deleted; set "
			  "propagationPolicy=Background to remove them or set "
			  "propagationPolicy=Orphan to suppress this warning");
}

static err *answer_status(struct removal *d)
{
	const struct kind *k = d->r->kind;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node tree;

	status_success(&b, k->gvk.group, k->plural, d->name, text_of(blob_meta(d->blob, S("uid"))));
	TRY(json_read(d->r->arena, arena_str(d->r->arena, buf_str(&b)), NULL, &tree));
	return view_tree(d->r, tree);
}

err *write_delete(struct request *r)
{
	struct removal d = { .r = r, .name = r->name };

	TRY(options_delete(r, &d.options));
	warn_of_orphans(r, &d.options);
	err *e = remove_object(&d);

	if (!e)
		e = d.as_status ? answer_status(&d) : view_blob(r, r->kind, d.blob);
	blob_unref(d.blob);
	return e;
}

err *write_remove(struct request *r, const struct options_delete *o)
{
	struct removal d = { .r = r, .name = r->name, .options = *o };
	err *e = remove_object(&d);

	blob_unref(d.blob);
	return e;
}

/* ---- all of them ------------------------------------------------------- */

/* The answer is the list of what was there, in its last state before. */
static err *remove_all(struct request *r, const struct options_delete *o, struct view_list *view)
{
	for (size_t i = 0; i < view->n; i++) {
		struct removal d = { .r = r, .options = *o, .name = blob_name(view->items[i]) };
		err *e = remove_object(&d);

		blob_unref(d.blob);
		if (e && err_code(e) != 404)
			return e;
		err_free(e);
	}
	return NULL;
}

err *write_delete_all(struct request *r)
{
	struct options_list list;
	struct options_delete o;
	struct store_list all;
	struct view_list view;

	TRY(options_list(r, false, &list));
	TRY(options_delete(r, &o));
	warn_of_orphans(r, &o);
	TRY(read_some(r, &list, &all, &view));
	err *e = remove_all(r, &o, &view);

	if (!e)
		e = view_list(r, &view);
	store_list_release(&all);
	return e;
}
