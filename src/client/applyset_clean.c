/* applyset_clean - what kubectl and older controllers left on an object.
 *
 * Fields that another manager set by an update would stay when they go from
 * the repository. So its entries become ours: one entry, as if we had applied
 * them all. */
#include "client/applyset_impl.h"

#include "kube/fieldset.h"
#include "value/pointer.h"

static const str annotations[] = {
	S("kubectl.kubernetes.io/last-applied-configuration"),
	S("kustomize.toolkit.fluxcd.io/checksum"),
	S("fluxcd.io/sync-checksum"),
};
static const str labels[] = { S("fluxcd.io/sync-gc-mark") };

static node operation(struct arena *a, node patch, str op, str path)
{
	node o = node_map(a, 3);

	node_set(a, o, S("op"), node_from_str(a, op));
	node_set(a, o, S("path"), node_from_str(a, path));
	node_append(a, patch, o);
	return o;
}

static void remove_keys(struct arena *a, node patch, node live, const char *field, const str *keys,
			size_t n)
{
	node map = node_dig(live, "metadata", field);

	for (size_t i = 0; i < n; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		if (!node_has(map, keys[i]))
			continue;
		buf_addf(&b, "/metadata/%s", field);
		pointer_add(&b, keys[i]);
		operation(a, patch, S("remove"), arena_str(a, buf_str(&b)));
	}
}

static str text_of(node entry, const char *field)
{
	return node_str(node_get(entry, str_c(field)));
}

/* Of the object itself, by whom the user does not want. */
static bool is_overridden(node entry, const struct applyset_options *o)
{
	str manager = text_of(entry, "manager"), operation = text_of(entry, "operation");

	if (text_of(entry, "subresource").n ||
	    (!str_eq(operation, S("Update")) && !str_eq(operation, S("Apply"))))
		return false;
	for (size_t i = 0; i < o->override_managers_n; i++)
		if (str_starts(manager, o->override_managers[i]))
			return true;
	return false;
}

static bool is_foreign(node entry, const struct applyset_options *o)
{
	str manager = text_of(entry, "manager");
	bool update = str_eq(text_of(entry, "operation"), S("Update"));
	bool apply = str_eq(text_of(entry, "operation"), S("Apply"));

	if (text_of(entry, "subresource").n || (!update && !apply))
		return false;
	if (str_starts(manager, S("kubectl")))
		return true;
	if (update && (str_starts(manager, S("before-first-apply")) ||
		       str_starts(manager, o->manager)))
		return true;
	return is_overridden(entry, o);
}

static err *join(struct arena *a, node ours, node entry)
{
	node fields = node_get(entry, S("fieldsV1")), held = node_get(ours, S("fieldsV1"));
	struct fieldset *x, *y;

	if (node_is_nil(fields))
		return NULL;
	if (node_is_nil(held)) {
		node_set(a, ours, S("fieldsV1"), fields);
		return NULL;
	}
	err *e = fieldset_read(a, held, &x);

	if (!e)
		e = fieldset_read(a, fields, &y);
	if (e)
		return err_replace(e, "unable to merge managed fields: '%s'", err_msg(e));
	node_set(a, ours, S("fieldsV1"), fieldset_write(a, fieldset_union(a, x, y)));
	return NULL;
}

/* The entry that is ours already: the last one. */
static size_t find_ours(node entries, str manager)
{
	for (size_t i = node_len(entries); i-- > 0;)
		if (str_eq(text_of(node_at(entries, i), "manager"), manager) &&
		    str_eq(text_of(node_at(entries, i), "operation"), S("Apply")))
			return i;
	return STR_NPOS;
}

static err *take_over(struct arena *a, node patch, node live, const struct applyset_options *o,
		      bool (*is_theirs)(node entry, const struct applyset_options *o))
{
	node entries = node_dig(live, "metadata", "managedFields");
	size_t at = find_ours(entries, o->manager);
	node kept = node_seq(a, node_len(entries));
	node ours = at == STR_NPOS ? NODE_NOTHING : node_copy(a, node_at(entries, at));
	bool edited = false;

	for (size_t i = 0; i < node_len(entries); i++) {
		node entry = node_at(entries, i);

		if (i == at)
			continue;
		if (!is_theirs(entry, o)) {
			node_append(a, kept, entry);
			continue;
		}
		edited = true;
		if (node_is(ours, NODE_MAP)) {
			TRY(join(a, ours, entry));
			continue;
		}
		ours = node_copy(a, entry);
		node_set(a, ours, S("manager"), node_from_str(a, o->manager));
		node_set(a, ours, S("operation"), node_lit("Apply"));
	}
	if (!edited)
		return NULL;
	node_append(a, kept, ours);
	node_set(a, operation(a, patch, S("replace"), S("/metadata/managedFields")), S("value"),
		 kept);
	return NULL;
}

err *applyset_clean_patch(struct arena *a, node live, const struct applyset_options *o, node *out)
{
	node patch = node_seq(a, 4);

	remove_keys(a, patch, live, "annotations", annotations,
		    sizeof annotations / sizeof *annotations);
	remove_keys(a, patch, live, "labels", labels, sizeof labels / sizeof *labels);
	TRY(take_over(a, patch, live, o, is_foreign));
	*out = node_len(patch) ? patch : NODE_NOTHING;
	return NULL;
}

err *applyset_override_patch(struct arena *a, node live, const struct applyset_options *o,
			     node *out)
{
	node patch = node_seq(a, 1);

	TRY(take_over(a, patch, live, o, is_overridden));
	*out = node_len(patch) ? patch : NODE_NOTHING;
	return NULL;
}

node applyset_migrate_patch(struct arena *a, node live, str api_version)
{
	node entries = node_dig(live, "metadata", "managedFields");
	node patch = node_seq(a, 1), all = node_seq(a, node_len(entries));
	bool changed = false;

	node_each_item(i, entries) {
		node entry = node_copy(a, *i);

		if (!node_is(entry, NODE_MAP))	/* none that a server would keep */
			continue;
		changed = changed || !str_eq(text_of(entry, "apiVersion"), api_version);
		node_set(a, entry, S("apiVersion"), node_from_str(a, api_version));
		node_append(a, all, entry);
	}
	if (!changed)
		return NODE_NOTHING;
	node_set(a, operation(a, patch, S("replace"), S("/metadata/managedFields")), S("value"),
		 all);
	return patch;
}
