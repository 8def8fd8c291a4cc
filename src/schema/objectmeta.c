#include "schema/objectmeta.h"

#include <stdio.h>

#include "base/utf8.h"
#include "text/quote.h"
#include "text/unicode.h"

static str text(node n, const char *key)
{
	return node_str_or(node_get(n, str_c(key)), STR_NONE);
}

static void complain(struct fielderrs *e, str path, str name, enum name_rule rule, node value)
{
	str list[NAME_COMPLAINTS_MAX];
	size_t n = name_complaints(name, rule, list);

	for (size_t i = 0; i < n; i++)
		fielderr_invalid(e, path, value, "%.*s", STR_ARG(list[i]));
}

/* A name that more will be added to: a dash may end it. */
static str masked(struct arena *a, str prefix, enum name_rule rule)
{
	bool dns = rule == NAME_DNS_LABEL || rule == NAME_DNS_SUBDOMAIN || rule == NAME_DNS1035_LABEL;

	if (!dns || prefix.n < 2 || !str_ends(prefix, S("-")))
		return prefix;
	return arena_cat(a, str_sub(prefix, 0, prefix.n - 2), S("a"));
}

static void check_names(struct fielderrs *e, str path, node meta, enum name_rule rule,
			bool namespaced)
{
	str name = text(meta, "name"), prefix = text(meta, "generateName");
	str space = text(meta, "namespace");
	str space_path = fielderr_path(e->arena, path, ".namespace");

	if (prefix.n)
		complain(e, fielderr_path(e->arena, path, ".generateName"),
			 masked(e->arena, prefix, rule), rule, node_get(meta, S("generateName")));
	if (!name.n)
		fielderr_required(e, fielderr_path(e->arena, path, ".name"),
				  "name or generateName is required");
	else
		complain(e, fielderr_path(e->arena, path, ".name"), name, rule,
			 node_get(meta, S("name")));
	if (namespaced && !space.n)
		fielderr_required(e, space_path, "%s", "");
	else if (namespaced)
		complain(e, space_path, space, NAME_DNS_LABEL, node_get(meta, S("namespace")));
	else if (space.n)
		fielderr_forbidden(e, space_path, "not allowed on this type");
}

static void check_labels(struct fielderrs *e, str path, node labels)
{
	node_each_pair(p, labels) {
		complain(e, path, node_str(p->key), NAME_QUALIFIED, p->key);
		complain(e, path, node_str(p->value), NAME_LABEL_VALUE, p->value);
	}
}

static void check_annotations(struct fielderrs *e, str path, node annotations)
{
	size_t bytes = 0;

	node_each_pair(p, annotations) {
		complain(e, path, arena_lower(e->arena, node_str(p->key)), NAME_QUALIFIED, p->key);
		bytes += node_str(p->key).n + node_str(p->value).n;
	}
	if (bytes > OBJECTMETA_ANNOTATIONS_MAX)
		fielderr_too_long(e, path, OBJECTMETA_ANNOTATIONS_MAX);
}

static void check_owner(struct fielderrs *e, str path, node owner)
{
	static const char *const needed[] = { "kind", "name", "uid" };
	str version = text(owner, "apiVersion"), group, rest;

	if (!version.n || (str_split(version, '/', &group, &rest) && !rest.n))
		fielderr_invalid(e, fielderr_path(e->arena, path, ".apiVersion"),
				 node_from_str(e->arena, version), "version must not be empty");
	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!text(owner, needed[i]).n)
			fielderr_invalid(e, fielderr_path(e->arena, path, ".%s", needed[i]),
					 node_lit(""), "must not be empty");
	if (str_eq(version, S("v1")) && str_eq(text(owner, "kind"), S("Event")))
		fielderr_invalid(e, path, owner, "/v1, Kind=Event is disallowed from being an owner");
}

static void check_owners(struct fielderrs *e, str path, node owners)
{
	str first = STR_NONE;

	node_each_item(owner, owners) {
		check_owner(e, path, *owner);
		if (!node_bool(node_get(*owner, S("controller"))))
			continue;
		str this = arena_cat(e->arena, text(*owner, "kind"), S("/"), text(*owner, "name"));

		if (first.n)
			fielderr_invalid(e, path, owners,
					 "Only one reference can have Controller set to true. Found "
					 "\"true\" in references for %.*s and %.*s",
					 STR_ARG(first), STR_ARG(this));
		else
			first = this;
	}
}

static void check_finalizers(struct fielderrs *e, str path, node finalizers)
{
	bool orphan = false, foreground = false;

	node_each_item(f, finalizers) {
		complain(e, path, node_str(*f), NAME_QUALIFIED, *f);
		orphan |= str_eq(node_str(*f), S("orphan"));
		foreground |= str_eq(node_str(*f), S("foregroundDeletion"));
	}
	if (orphan && foreground)
		fielderr_invalid(e, path, finalizers,
				 "finalizer orphan and foregroundDeletion cannot be both set");
}

static void check_manager(struct fielderrs *e, str path, node manager)
{
	str s = node_str(manager), rest = s;
	uint32_t rune;

	if (s.n > OBJECTMETA_MANAGER_MAX)
		fielderr_too_long(e, path, OBJECTMETA_MANAGER_MAX);
	for (size_t at = 0; at = s.n - rest.n, utf8_take(&rest, &rune);)
		if (!unicode_is_print(rune)) {
			char hex[16];

			snprintf(hex, sizeof hex, "U+%04X", (unsigned)rune);
			fielderr_invalid(e, path, manager, "invalid character %s (at position %zu)", hex,
					 at);
		}
}

static void check_managed(struct fielderrs *e, str path, node entries)
{
	size_t i = 0;

	node_each_item(entry, entries) {
		str at = fielderr_path(e->arena, path, "[%zu]", i++);
		str operation = text(*entry, "operation"), type = text(*entry, "fieldsType");

		if (!str_eq(operation, S("Apply")) && !str_eq(operation, S("Update")))
			fielderr_invalid(e, fielderr_path(e->arena, at, ".operation"),
					 node_from_str(e->arena, operation),
					 "must be `Apply` or `Update`");
		if (type.n && !str_eq(type, S("FieldsV1")))
			fielderr_invalid(e, fielderr_path(e->arena, at, ".fieldsType"),
					 node_from_str(e->arena, type), "must be `FieldsV1`");
		check_manager(e, fielderr_path(e->arena, at, ".manager"),
			      node_get(*entry, S("manager")));
		if (text(*entry, "subresource").n > 256)
			fielderr_too_long(e, fielderr_path(e->arena, at, ".subresource"), 256);
	}
}

void objectmeta_check_parts(struct fielderrs *e, str path, node meta, bool finalizers)
{
	struct arena *a = e->arena;

	check_labels(e, fielderr_path(a, path, ".labels"), node_get(meta, S("labels")));
	check_annotations(e, fielderr_path(a, path, ".annotations"), node_get(meta, S("annotations")));
	check_owners(e, fielderr_path(a, path, ".ownerReferences"),
		     node_get(meta, S("ownerReferences")));
	if (finalizers)
		check_finalizers(e, fielderr_path(a, path, ".finalizers"),
				 node_get(meta, S("finalizers")));
	check_managed(e, fielderr_path(a, path, ".managedFields"), node_get(meta, S("managedFields")));
}

void objectmeta_check(struct fielderrs *e, str path, node meta, enum name_rule rule,
		      bool namespaced)
{
	node generation = node_get(meta, S("generation"));

	check_names(e, path, meta, rule, namespaced);
	if (node_is_num(generation) && node_int(generation) < 0)
		fielderr_invalid(e, fielderr_path(e->arena, path, ".generation"), generation,
				 "must be greater than or equal to 0");
	objectmeta_check_parts(e, path, meta, true);
}
