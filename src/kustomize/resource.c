#include "kustomize/resource.h"

#include "kustomize/scalar.h"

struct resource *resource_new(struct arena *a, node object)
{
	struct resource *r = arena_new(a, struct resource);

	r->object = object;
	return r;
}

#define COPY_LIST(a, list)                                                                   \
	do {                                                                                 \
		(list).p = avec_move((a), (list).p, (list).n, (list).n, sizeof *(list).p);   \
		(list).cap = (list).n;                                                       \
	} while (0)

struct resource *resource_copy(struct arena *a, const struct resource *r)
{
	struct resource *c = arena_new(a, struct resource);

	*c = *r;
	c->object = node_copy(a, r->object);
	COPY_LIST(a, c->former);
	COPY_LIST(a, c->prefixes);
	COPY_LIST(a, c->suffixes);
	COPY_LIST(a, c->ref_vars);
	return c;
}

/* ---- identity ---------------------------------------------------------- */

/* Texts only: a number where a name should be still counts by its text. */
static str text_in(node map, str key)
{
	node n = node_get(map, key);

	return n.kind == NODE_NULL ? STR_NONE : node_str(n);
}

/* What an object is counts as written, "null" and "~" too. */
str resource_kind(const struct resource *r)
{
	return node_str(node_get(r->object, S("kind")));
}

str resource_name(const struct resource *r)
{
	return text_in(node_get(r->object, S("metadata")), S("name"));
}

str resource_ns(const struct resource *r)
{
	return text_in(node_get(r->object, S("metadata")), S("namespace"));
}

struct gvk resource_gvk(const struct resource *r)
{
	return gvk_parse(node_str(node_get(r->object, S("apiVersion"))), resource_kind(r));
}

struct resid resource_id(const struct resource *r)
{
	node metadata = node_get(r->object, S("metadata"));

	return (struct resid){ resource_gvk(r), text_in(metadata, S("name")),
			       text_in(metadata, S("namespace")) };
}

struct resid resource_former_id(const struct resource *r, size_t i)
{
	struct gvk g = resource_gvk(r);

	g.kind = r->former.p[i].kind;
	return (struct resid){ g, r->former.p[i].name, r->former.p[i].ns };
}

struct resid resource_original_id(const struct resource *r)
{
	return r->former.n ? resource_former_id(r, 0) : resource_id(r);
}

bool resource_is(const struct resource *r, struct resid id)
{
	if (resid_eq(resource_id(r), id))
		return true;
	for (size_t i = 0; i < r->former.n; i++)
		if (resid_eq(resource_former_id(r, i), id))
			return true;
	return false;
}

void resource_remember(struct arena *a, struct resource *r)
{
	struct resid id = resource_id(r);
	node metadata = node_get(r->object, S("metadata"));
	node annotations = node_get(metadata, S("annotations"));

	/* Kustomize notes it among the annotations, in whose place a map comes. */
	if (annotations.kind == NODE_STR || annotations.kind == NODE_SEQ)
		node_remove(metadata, S("annotations"));
	avec_push(a, &r->former,
		  (struct former){ .name = id.name, .ns = resid_effective_ns(id), .kind = id.gvk.kind });
}

void resource_add_prefix(struct arena *a, struct resource *r, str prefix)
{
	if (prefix.n)
		avec_push(a, &r->prefixes, prefix);
}

void resource_add_suffix(struct arena *a, struct resource *r, str suffix)
{
	if (suffix.n)
		avec_push(a, &r->suffixes, suffix);
}

/* ---- fields ------------------------------------------------------------ */

static void set_text(struct arena *a, node map, str key, str text, bool untagged)
{
	node old = node_get(map, key);

	if (map.kind == NODE_MAP)
		node_set(a, map, key,
			 untagged ? scalar_untagged(a, old, text) : scalar_string(a, old, text));
}

void resource_set_kind(struct arena *a, struct resource *r, str kind)
{
	set_text(a, r->object, S("kind"), kind, true);
}

void resource_set_name(struct arena *a, struct resource *r, str name)
{
	set_text(a, node_need_map(a, r->object, S("metadata")), S("name"), name, true);
}

void resource_set_ns(struct arena *a, struct resource *r, str ns)
{
	node metadata = node_get(r->object, S("metadata"));

	if (!ns.n)
		node_remove(metadata, S("namespace"));
	else
		set_text(a, node_need_map(a, r->object, S("metadata")), S("namespace"), ns, true);
}

static node map_at(const struct resource *r, str key)
{
	node map = node_get(node_get(r->object, S("metadata")), key);

	return map.kind == NODE_MAP ? map : NODE_NOTHING;
}

static void set_map(struct arena *a, struct resource *r, str key, node map)
{
	if (!node_len(map))
		node_remove(node_get(r->object, S("metadata")), key);
	else
		node_set(a, node_need_map(a, r->object, S("metadata")), key, map);
}

node resource_labels(const struct resource *r)
{
	return map_at(r, S("labels"));
}

node resource_annotations(const struct resource *r)
{
	return map_at(r, S("annotations"));
}

void resource_set_labels(struct arena *a, struct resource *r, node map)
{
	set_map(a, r, S("labels"), map);
}

void resource_set_annotations(struct arena *a, struct resource *r, node map)
{
	set_map(a, r, S("annotations"), map);
}

void resource_annotate(struct arena *a, struct resource *r, str key, str value)
{
	node metadata = node_need_map(a, r->object, S("metadata"));

	if (metadata.kind == NODE_MAP)
		set_text(a, node_need_map(a, metadata, S("annotations")), key, value, false);
}

static str_list csv(struct arena *a, node annotations, str key)
{
	str text = node_str(node_get(annotations, key)), piece;
	str_list list = { 0 };

	while (str_cut(&text, &piece, ','))
		avec_push(a, &list, piece);
	return list;
}

#define INTERNAL "internal.config.kubernetes.io/"

void resource_take_history(struct arena *a, struct resource *r)
{
	node own = resource_annotations(r);

	if (!node_len(own))
		return;
	str_list names = csv(a, own, S(INTERNAL "previousNames"));
	str_list spaces = csv(a, own, S(INTERNAL "previousNamespaces"));
	str_list kinds = csv(a, own, S(INTERNAL "previousKinds"));

	/* Lists of unequal length make the original crash; here they say nothing. */
	if (names.n == spaces.n && names.n == kinds.n)
		for (size_t i = 0; i < names.n; i++)
			avec_push(a, &r->former,
				  (struct former){ names.p[i], spaces.p[i], kinds.p[i] });
	r->prefixes = csv(a, own, S(INTERNAL "prefixes"));
	r->suffixes = csv(a, own, S(INTERNAL "suffixes"));
	r->needs_hash = str_eq(node_str(node_get(own, S(INTERNAL "needsHashSuffix"))), S("enabled"));
}

void resource_mark_history(struct arena *a, struct resource *r)
{
	if (!r->former.n && !r->generated)
		return;
	node_need_map(a, node_get(r->object, S("metadata")), S("annotations"));
}

void resource_unmark_history(struct resource *r)
{
	node metadata = node_get(r->object, S("metadata"));
	node map = node_get(metadata, S("annotations"));

	if (r->former.n || r->generated)
		if (map.kind == NODE_NULL || (map.kind == NODE_MAP && !node_len(map)))
			node_remove(metadata, S("annotations"));
}

static void note_list(struct arena *a, struct resource *r, str key, const str_list *list)
{
	if (list->n)
		resource_annotate(a, r, key, arena_join(a, list->p, list->n, S(",")));
}

node resource_noted(struct arena *a, const struct resource *r)
{
	static const char *const behaviors[] = {
		[BEHAVIOR_NONE] = "unspecified", [BEHAVIOR_CREATE] = "create",
		[BEHAVIOR_REPLACE] = "replace",	 [BEHAVIOR_MERGE] = "merge",
	};
	struct resource *copy = resource_copy(a, r);
	str_list names = { 0 }, spaces = { 0 }, kinds = { 0 };

	for (size_t i = 0; i < r->former.n; i++) {
		avec_push(a, &names, r->former.p[i].name);
		avec_push(a, &spaces, r->former.p[i].ns);
		avec_push(a, &kinds, r->former.p[i].kind);
	}
	note_list(a, copy, S(INTERNAL "previousNames"), &names);
	note_list(a, copy, S(INTERNAL "previousNamespaces"), &spaces);
	note_list(a, copy, S(INTERNAL "previousKinds"), &kinds);
	note_list(a, copy, S(INTERNAL "prefixes"), &r->prefixes);
	note_list(a, copy, S(INTERNAL "suffixes"), &r->suffixes);
	if (r->generated)
		resource_annotate(a, copy, S(INTERNAL "generatorBehavior"),
				  str_c(behaviors[r->behavior]));
	if (r->needs_hash)
		resource_annotate(a, copy, S(INTERNAL "needsHashSuffix"), S("enabled"));
	return copy->object;
}
