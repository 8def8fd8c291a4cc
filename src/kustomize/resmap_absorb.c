/* Taking in what generators made. */
#include "kustomize/resmap.h"
#include "kustomize/generate.h"
#include "kustomize/scalar.h"
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

/* A Secret's stringData as data, in base64. */
static node with_texts(struct arena *a, node object)
{
	node texts = node_get(object, S("stringData")), data = value_texts(a, node_get(object, S("data")));

	node_each_pair(p, texts)
		node_set(a, data, node_str(p->key),
			 scalar_string(a, NODE_NOTHING,
				       generate_base64(a, node_text(a, p->value))));
	return data;
}

/* The generated one takes the place, the name and the history of the old. */
static void take_over(struct arena *a, struct resource *new, const struct resource *old,
		      bool release_581)
{
	bool data = new->behavior == BEHAVIOR_MERGE;
	node origin = node_get(resource_annotations(old), S("config.kubernetes.io/origin"));

	resource_set_labels(a, new, overlay(a, resource_labels(old), resource_labels(new)));
	resource_set_annotations(a, new,
				 overlay(a, resource_annotations(old), resource_annotations(new)));
	resource_set_name(a, new, resource_name(old));
	resource_set_ns(a, new, resource_ns(old));
	new->seen = old->seen;
	new->former = old->former;
	new->prefixes = old->prefixes;
	new->suffixes = old->suffixes;
	new->ref_vars = old->ref_vars;
	new->behavior = old->behavior;
	new->allow_name_change = old->allow_name_change;
	new->allow_kind_change = old->allow_kind_change;
	new->needs_hash = new->needs_hash && old->needs_hash;
	if (!data)
		return;
	if (origin.kind == NODE_STR)
		resource_annotate(a, new, S("config.kubernetes.io/origin"), node_str(origin));
	if (!release_581 && str_eq(resource_kind(old), S("Secret")) &&
	    node_has(old->object, S("stringData")))
		node_set(a, old->object, S("data"), with_texts(a, old->object));
	overlay_field(a, old->object, new->object, S("data"));
	overlay_field(a, old->object, new->object, S("binaryData"));
}

static err *absorb(struct resmap *m, struct resource *r, bool release_581)
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
	take_over(m->a, r, found.p[0], release_581);
	for (size_t i = 0; i < m->n; i++)
		if (m->list[i] == found.p[0])
			m->list[i] = r;
	resmap_touch(m);
	return NULL;
}

err *resmap_absorb(struct resmap *m, const struct resmap *generated, bool release_581)
{
	for (size_t i = 0; i < generated->n; i++)
		TRY(absorb(m, generated->list[i], release_581));
	return NULL;
}
