/* relobj_patch - client-side apply, and the way from it to server-side apply.
 *
 * A patch is made of three states: the old wish (what goes away), the new one,
 * and what the server has (what differs). Lists of built-in kinds are merged by
 * their keys where the types say so, as the API server reads such patches
 * (kube/strategic.h).
 */
#include "base/die.h"
#include "kube/builtin.h"
#include "kube/fieldset.h"
#include "release/relobj_impl.h"
#include "value/json.h"
#include "value/patch.h"

/* ---- from updates to applies ------------------------------------------- */

static bool is_ours(const struct relcluster *c, node entry, const char *operation)
{
	return str_eq(node_str(node_get(entry, S("manager"))), c->manager) &&
	       str_eq(node_str(node_get(entry, S("operation"))), str_c(operation)) &&
	       !node_str(node_get(entry, S("subresource"))).n;
}

static node *find_entry(const struct relcluster *c, node list, const char *operation)
{
	node_each_item(e, list)
		if (is_ours(c, *e, operation))
			return e;
	return NULL;
}

bool relobj_needs_migration(const struct relcluster *c, node live)
{
	return find_entry(c, node_dig(live, "metadata", "managedFields"), "Update") != NULL;
}

/* The fields of our updates go to the entry of our applies, if they speak of
 * the same version; `to` is changed. */
static err *take_fields(const struct relcluster *c, struct arena *a, node list, node to)
{
	struct fieldset *own, *more;

	node_each_item(e, list) {
		if (!is_ours(c, *e, "Update") ||
		    !str_eq(node_str(node_get(*e, S("apiVersion"))),
			    node_str(node_get(to, S("apiVersion")))))
			continue;
		TRY(fieldset_read(a, node_get(to, S("fieldsV1")), &own));
		TRY(fieldset_read(a, node_get(*e, S("fieldsV1")), &more));
		node_set(a, to, S("fieldsV1"), fieldset_write(a, fieldset_union(a, own, more)));
		break;
	}
	return NULL;
}

static node operation(struct arena *a, str path, node value)
{
	node op = node_map(a, 3);

	node_set(a, op, S("op"), node_lit("replace"));
	node_set(a, op, S("path"), node_from_str(a, path));
	node_set(a, op, S("value"), value);
	return op;
}

err *relobj_migrate(const struct relcluster *c, struct arena *a, struct relobj *o)
{
	node list = node_copy(a, node_dig(o->live, "metadata", "managedFields"));
	node kept = node_seq(a, node_len(list)), patch = node_seq(a, 2);
	node *to = find_entry(c, list, "Apply");
	const struct client_patch_options how = { .type = CLIENT_PATCH_JSON, .manager = c->manager };

	if (!to) {
		to = find_entry(c, list, "Update");
		if (!to)
			return NULL;
		node_set(a, *to, S("operation"), node_lit("Apply"));
	}
	TRY(take_fields(c, a, list, *to));
	node_each_item(e, list)
		if (!is_ours(c, *e, "Update"))
			node_append(a, kept, *e);
	node_append(a, patch, operation(a, S("/metadata/managedFields"), kept));
	node_append(a, patch, operation(a, S("/metadata/resourceVersion"),
					node_dig(o->live, "metadata", "resourceVersion")));
	err *e = client_patch(c->client, a, o->resource, o->ns, o->name, patch, &how, &o->live);

	if (!e)
		return NULL;
	str gvk = relobj_gvk(a, o->gvk);

	return err_wrap(e, "failed to patch object to upgrade CSA field manager %.*s/%.*s %.*s",
			STR_ARG(o->ns), STR_ARG(o->name), STR_ARG(gvk));
}

/* ---- strategic patches ------------------------------------------------- */

enum { DEPTH_MAX = 1000 };

static node diff_map(struct arena *a, node old, node new, node live, const struct type *type,
		     unsigned depth);

static node with_key(node list, str key, node value)
{
	node_each_item(i, list)
		if (node_equal(node_get(*i, key), value))
			return *i;
	return NODE_NOTHING;
}

static bool has_scalar(node list, node value)
{
	node_each_item(i, list)
		if (node_equal(*i, value))
			return true;
	return false;
}

/* Items of maps, by their key. Nothing when all is as it should be. */
static node diff_items(struct arena *a, node old, node new, node live,
		       const struct type_field *f, unsigned depth)
{
	str key = f->patch_key;
	const struct type *items = f->type ? f->type->items : NULL;
	node out = node_seq(a, node_len(new));

	node_each_item(i, new) {
		node id = node_get(*i, key), there = with_key(live, key, id);

		if (there.kind != NODE_MAP) {
			node_append(a, out, *i);
			continue;
		}
		node patch = diff_map(a, with_key(old, key, id), *i, there, items, depth + 1);

		if (node_len(patch)) {
			node_set(a, patch, key, id);
			node_append(a, out, patch);
		}
	}
	node_each_item(i, old) {
		node id = node_get(*i, key);

		if (with_key(new, key, id).kind == NODE_MAP ||
		    with_key(live, key, id).kind != NODE_MAP)
			continue;
		node gone = node_map(a, 2);

		node_set(a, gone, S("$patch"), node_lit("delete"));
		node_set(a, gone, key, id);
		node_append(a, out, gone);
	}
	return out;
}

/* The order that the new wish has. */
static void set_order(struct arena *a, node patch, str name, node new, str key)
{
	node order = node_seq(a, node_len(new));

	node_each_item(i, new) {
		node item = *i;

		if (key.n) {
			item = node_map(a, 1);
			node_set(a, item, key, node_get(*i, key));
		}
		node_append(a, order, item);
	}
	node_set(a, patch, arena_cat(a, S("$setElementOrder/"), name), order);
}

static void diff_scalars(struct arena *a, node patch, str name, node old, node new, node live)
{
	node more = node_seq(a, node_len(new)), less = node_seq(a, node_len(old));

	node_each_item(i, new)
		if (!has_scalar(live, *i))
			node_append(a, more, *i);
	node_each_item(i, old)
		if (!has_scalar(new, *i) && has_scalar(live, *i))
			node_append(a, less, *i);
	if (node_len(less))
		node_set(a, patch, arena_cat(a, S("$deleteFromPrimitiveList/"), name), less);
	if (node_len(more))
		node_set(a, patch, name, more);
	if (node_len(more) || node_len(less))
		set_order(a, patch, name, new, STR_NONE);
}

static void diff_list(struct arena *a, node patch, str name, node old, node new, node live,
		      const struct type_field *f, unsigned depth)
{
	if (!f || !(f->patch & TYPE_PATCH_MERGE)) {
		if (!node_equal(new, live))
			node_set(a, patch, name, new);
		return;
	}
	if (!f->patch_key.n) {
		diff_scalars(a, patch, name, old, new, live);
		return;
	}
	node items = diff_items(a, old, new, live, f, depth);

	if (node_len(items)) {
		node_set(a, patch, name, items);
		set_order(a, patch, name, new, f->patch_key);
	}
}

static void retain_keys(struct arena *a, node patch, node new)
{
	node keys = node_seq(a, node_len(new));

	node_each_pair(p, new)
		node_append(a, keys, p->key);
	node_set(a, patch, S("$retainKeys"), keys);
}

static void diff_value(struct arena *a, node patch, str name, node old, node new, node live,
		       const struct type *type, unsigned depth)
{
	const struct type_field *f = type_field(type, name);

	if (new.kind == NODE_MAP && live.kind == NODE_MAP && depth < DEPTH_MAX &&
	    !(f && f->patch & TYPE_PATCH_REPLACE)) {
		node below = diff_map(a, old, new, live, type_below(type, name), depth + 1);

		if (!node_len(below))
			return;
		if (f && f->patch & TYPE_PATCH_RETAIN_KEYS)
			retain_keys(a, below, new);
		node_set(a, patch, name, below);
	} else if (new.kind == NODE_SEQ && live.kind == NODE_SEQ) {
		diff_list(a, patch, name, old, new, live, f, depth);
	} else if (!node_equal(new, live) && !(node_is_nil(new) && node_is_nil(live))) {
		node_set(a, patch, name, new);
	}
}

static node diff_map(struct arena *a, node old, node new, node live, const struct type *type,
		     unsigned depth)
{
	node patch = node_map(a, 4);

	node_each_pair(p, new) {
		str name = node_str(p->key);

		diff_value(a, patch, name, node_get(old, name), p->value, node_get(live, name), type,
			   depth);
	}
	node_each_pair(p, old) {
		str name = node_str(p->key);

		if (!node_has(new, name) && node_has(live, name))
			node_set(a, patch, name, node_null());
	}
	return patch;
}

/* ---- the patch --------------------------------------------------------- */

/* Without a type lists are whole: a merge patch of three states. */
static err *make_patch(struct arena *a, const struct relobj *old, const struct relobj *target,
		       bool three_way, enum client_patch *kind, node *out)
{
	const struct type *type = builtin_type(target->gvk);
	bool strategic = type && !str_eq(target->gvk.kind, S("CustomResourceDefinition"));

	*kind = strategic ? CLIENT_PATCH_STRATEGIC : CLIENT_PATCH_MERGE;
	if (strategic || three_way)
		*out = diff_map(a, old->object, target->object, target->live,
				strategic ? type : NULL, 0);
	else
		*out = patch_create(a, old->object, target->object);
	return NULL;
}

err *relobj_patch(const struct relcluster *c, struct arena *a, const struct relobj *old,
		  struct relobj *target, bool three_way)
{
	struct client_patch_options how = { .manager = c->manager };
	node patch;

	TRY(make_patch(a, old, target, three_way, &how.type, &patch));
	if (!node_len(patch))
		return NULL;
	err *e = client_patch(c->client, a, target->resource, target->ns, target->name, patch, &how,
			      &target->live);

	return e ? err_wrap(e, "cannot patch \"%.*s\" with kind %.*s", STR_ARG(target->name),
			    STR_ARG(target->gvk.kind))
		 : NULL;
}
