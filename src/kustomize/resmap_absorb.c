/* Taking in what generators made. */
#include "kustomize/resmap.h"
#include "kustomize/value.h"
#include "text/quote.h"

static const char *behavior_word(enum behavior b)
{
	switch (b) {
	case BEHAVIOR_CREATE:
		return "create";
	case BEHAVIOR_REPLACE:
		return "replace";
	case BEHAVIOR_MERGE:
		return "merge";
	case BEHAVIOR_NONE:
		break;
	}
	return "unspecified";
}

/* The id as Go's %#v shows the struct. */
static str go_syntax(struct arena *a, struct resid id)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	const struct {
		const char *before;
		str text;
	} parts[] = {
		{ "resid.ResId{Gvk:resid.Gvk{Group:", id.gvk.group },
		{ ", Version:", id.gvk.version },
		{ ", Kind:", id.gvk.kind },
	};

	for (size_t i = 0; i < 3; i++) {
		buf_add(&b, str_c(parts[i].before));
		quote_add(&b, parts[i].text, QUOTE_PRINT);
	}
	buf_addf(&b, ", isClusterScoped:%s}, Name:", gvk_is_cluster_scoped(id.gvk) ? "true" : "false");
	quote_add(&b, id.name, QUOTE_PRINT);
	buf_add(&b, S(", Namespace:"));
	quote_add(&b, id.ns, QUOTE_PRINT);
	buf_addc(&b, '}');
	return arena_str(a, buf_str(&b));
}

/* `over` laid on `under`, all values as texts. */
static node overlay(struct arena *a, node under, node over)
{
	node map = value_texts(a, under), top = value_texts(a, over);

	node_each_pair(p, top)
		node_set(a, map, node_str(p->key), p->value);
	return map;
}

static void overlay_field(struct arena *a, node under, node over, str field)
{
	node map = overlay(a, node_get(under, field), node_get(over, field));

	if (node_len(map))
		node_set(a, over, field, map);
	else
		node_remove(over, field);
}

/* The generated one takes the place, the name and the history of the old. */
static void take_over(struct arena *a, struct resource *new, const struct resource *old)
{
	bool data = new->behavior == BEHAVIOR_MERGE;

	resource_set_labels(a, new, overlay(a, resource_labels(old), resource_labels(new)));
	resource_set_annotations(a, new,
				 overlay(a, resource_annotations(old), resource_annotations(new)));
	resource_set_name(a, new, resource_name(old));
	resource_set_ns(a, new, resource_ns(old));
	new->former = old->former;
	new->prefixes = old->prefixes;
	new->suffixes = old->suffixes;
	new->ref_by = old->ref_by;
	new->ref_vars = old->ref_vars;
	new->behavior = old->behavior;
	new->allow_name_change = old->allow_name_change;
	new->allow_kind_change = old->allow_kind_change;
	new->needs_hash = new->needs_hash && old->needs_hash;
	if (!data)
		return;
	overlay_field(a, old->object, new->object, S("data"));
	overlay_field(a, old->object, new->object, S("binaryData"));
}

static err *absorb(struct resmap *m, struct resource *r)
{
	struct resid id = resource_id(r);
	resource_list found = resmap_by_any_id(m, id);
	bool joins = r->behavior == BEHAVIOR_MERGE || r->behavior == BEHAVIOR_REPLACE;

	if (!found.n && joins)
		return err_new(ERR_NOT_FOUND, "id %.*s does not exist; cannot merge or replace",
			       STR_ARG(go_syntax(m->a, id)));
	if (!found.n)
		return resmap_append(m, r);
	if (found.n > 1)
		return err_new(ERR_CONFLICT, "found multiple objects that could accept merge of %.*s",
			       STR_ARG(resid_text(m->a, id)));
	if (!joins)
		return err_new(ERR_EXISTS,
			       "id %.*s exists; can not use behavior: '%s', behavior must be merge or "
			       "replace",
			       STR_ARG(go_syntax(m->a, id)), behavior_word(r->behavior));
	take_over(m->a, r, found.p[0]);
	for (size_t i = 0; i < m->n; i++)
		if (m->list[i] == found.p[0])
			m->list[i] = r;
	resmap_touch(m);
	return NULL;
}

err *resmap_absorb(struct resmap *m, const struct resmap *generated)
{
	for (size_t i = 0; i < generated->n; i++)
		TRY(absorb(m, generated->list[i]));
	return NULL;
}
