#include "client/applyset_ignore.h"

#include "base/vec.h"
#include "kube/fieldset.h"
#include "kube/selector.h"
#include "text/regex.h"
#include "value/pointer.h"

struct pattern {
	const struct regex *regex;	/* NULL: any */
};

struct applyset_rule {
	const struct pointer *paths;
	size_t paths_n;
	struct pattern group, version, kind, name, namespace;
	struct selector labels, annotations;
};

struct applyset_ignore *applyset_read_ignore(struct arena *a, node list, size_t *n)
{
	struct applyset_ignore *rules = arena_array(a, struct applyset_ignore, node_len(list) + 1);

	*n = 0;
	node_each_item(i, list) {
		node target = node_get(*i, S("target")), paths = node_get(*i, S("paths"));
		str *to = arena_array(a, str, node_len(paths) + 1);
		struct applyset_ignore *r = &rules[(*n)++];

		*r = (struct applyset_ignore){
			.paths = to,
			.group = node_str(node_get(target, S("group"))),
			.version = node_str(node_get(target, S("version"))),
			.kind = node_str(node_get(target, S("kind"))),
			.name = node_str(node_get(target, S("name"))),
			.namespace = node_str(node_get(target, S("namespace"))),
			.labels = node_str(node_get(target, S("labelSelector"))),
			.annotations = node_str(node_get(target, S("annotationSelector"))),
		};
		node_each_item(path, paths)
			to[r->paths_n++] = node_str(*path);
	}
	return rules;
}

static err *read_pattern(struct arena *a, const char *what, str text, struct pattern *out)
{
	if (!text.n)
		return NULL;
	err *e = regex_compile(a, arena_cat(a, S("^(?:"), text, S(")$")), &out->regex);

	return e ? err_wrap(e, "invalid %s regex", what) : NULL;
}

static err *read_selector(struct arena *a, const char *what, str text, struct selector *out)
{
	err *e = text.n ? selector_parse(a, text, out) : NULL;

	return e ? err_wrap(e, "invalid %s selector", what) : NULL;
}

static err *read_target(struct arena *a, const struct applyset_ignore *from,
			struct applyset_rule *to)
{
	TRY(read_pattern(a, "group", from->group, &to->group));
	TRY(read_pattern(a, "version", from->version, &to->version));
	TRY(read_pattern(a, "kind", from->kind, &to->kind));
	TRY(read_pattern(a, "name", from->name, &to->name));
	TRY(read_pattern(a, "namespace", from->namespace, &to->namespace));
	TRY(read_selector(a, "label", from->labels, &to->labels));
	return read_selector(a, "annotation", from->annotations, &to->annotations);
}

static err *read_rule(struct arena *a, const struct applyset_ignore *from, struct applyset_rule *to)
{
	struct pointer *paths = arena_array(a, struct pointer, from->paths_n);

	for (size_t i = 0; i < from->paths_n; i++)
		TRY(pointer_parse(a, from->paths[i], &paths[i]));
	to->paths = paths;
	to->paths_n = from->paths_n;
	err *e = read_target(a, from, to);

	return e ? err_wrap(e, "failed to create ignore rule selector") : NULL;
}

err *applyset_rules_read(struct arena *a, const struct applyset_options *o,
			 struct applyset_rules *out)
{
	out->list = arena_array(a, struct applyset_rule, o->ignore_n);
	out->n = o->ignore_n;
	for (size_t i = 0; i < o->ignore_n; i++)
		TRY(read_rule(a, &o->ignore[i], &out->list[i]));
	return NULL;
}

static bool fits(struct pattern p, str text)
{
	return !p.regex || regex_test(p.regex, text);
}

static bool is_about(const struct applyset_rule *r, node object)
{
	struct gvk g = gvk_of(object);
	struct objid id = objid_of(object);

	return fits(r->namespace, id.namespace) && fits(r->name, id.name) &&
	       fits(r->group, g.group) && fits(r->version, g.version) && fits(r->kind, g.kind) &&
	       selector_matches(&r->labels, node_dig(object, "metadata", "labels")) &&
	       selector_matches(&r->annotations, node_dig(object, "metadata", "annotations"));
}

bool applyset_rules_match(const struct applyset_rules *r, node object)
{
	for (size_t i = 0; i < r->n; i++)
		if (is_about(&r->list[i], object))
			return true;
	return false;
}

/* The last part names a field or item of what the others lead to. */
static void drop(node *root, struct pointer at)
{
	if (!at.n)
		return;
	node *above = pointer_find(root, (struct pointer){ at.parts, at.n - 1 });
	str last = at.parts[at.n - 1];
	size_t index;

	if (!above)
		return;
	if (node_is(*above, NODE_MAP))
		node_remove(*above, last);
	else if (node_is(*above, NODE_SEQ) && pointer_index(last, node_len(*above), &index))
		node_remove_at(*above, index);
}

node applyset_rules_strip(struct arena *a, const struct applyset_rules *r, node as, node object)
{
	node out = node_copy(a, object);

	for (size_t i = 0; i < r->n; i++)
		if (is_about(&r->list[i], as))
			for (size_t k = 0; k < r->list[i].paths_n; k++)
				drop(&out, r->list[i].paths[k]);
	return out;
}

/* ---- who owns a field ---------------------------------------------------- */

static bool has_keys(const struct fieldset_entry *e, node item)
{
	if (e->step.kind != FIELDSET_KEYS)
		return false;
	for (uint32_t i = 0; i < e->step.keys_n; i++)
		if (fieldset_cmp_value(e->step.keys[i].value,
				       node_get(item, e->step.keys[i].name)))
			return false;
	return true;
}

static const struct fieldset_entry *step_into(const struct fieldset *set, node at, str part,
					      node *below)
{
	size_t index;

	if (node_is(at, NODE_SEQ)) {
		if (!pointer_index(part, node_len(at), &index))
			return NULL;
		*below = node_at(at, index);
		for (uint32_t i = 0; i < set->n; i++)
			if (has_keys(&set->entries[i], *below))
				return &set->entries[i];
		return NULL;
	}
	struct fieldset_step step = fieldset_field(part);

	*below = node_get(at, part);
	return fieldset_at(set, &step);
}

static bool holds(const struct fieldset *set, node live, struct pointer at)
{
	const struct fieldset_entry *e = NULL;

	for (size_t i = 0; i < at.n; i++) {
		if (!set)
			return false;
		e = step_into(set, live, at.parts[i], &live);
		if (!e)
			return false;
		set = e->below;
	}
	return e;
}

static bool is_owned_by_other(struct arena *a, node live, str manager, struct pointer at)
{
	node_each_item(entry, node_dig(live, "metadata", "managedFields")) {
		struct fieldset *set;

		if (node_str(node_get(*entry, S("subresource"))).n ||
		    !str_eq(node_str(node_get(*entry, S("operation"))), S("Apply")) ||
		    str_eq(node_str(node_get(*entry, S("manager"))), manager))
			continue;
		err *e = fieldset_read(a, node_get(*entry, S("fieldsV1")), &set);

		if (!e && holds(set, live, at))
			return true;
		err_free(e);
	}
	return false;
}

static void adopt(struct arena *a, node *wanted, struct pointer at, node value)
{
	node *above = pointer_find(wanted, (struct pointer){ at.parts, at.n - 1 });
	str last = at.parts[at.n - 1];
	size_t index;

	if (!above)
		return;
	if (node_is(*above, NODE_MAP))
		node_set(a, *above, last, value);
	else if (node_is(*above, NODE_SEQ) && pointer_index(last, node_len(*above), &index))
		above->seq->items[index] = value;
}

node applyset_rules_adopt(struct arena *a, const struct applyset_rules *r, str manager, node live,
			  node rehearsal, node wanted)
{
	node out = node_copy(a, wanted);

	for (size_t i = 0; i < r->n; i++)
		for (size_t k = 0; k < r->list[i].paths_n; k++) {
			struct pointer at = r->list[i].paths[k];

			if (!at.n || !is_about(&r->list[i], rehearsal))
				continue;
			node *has = pointer_find(&live, at), *gets = pointer_find(&rehearsal, at);

			if (has ? gets && node_equal(*has, *gets) : !gets)
				continue;
			if (!has || is_owned_by_other(a, live, manager, at))
				drop(&out, at);
			else
				adopt(a, &out, at, *has);
		}
	return out;
}
