/* Namespaces, prefixes and suffixes. */
#include "kustomize/scalar.h"
#include "kustomize/transform.h"
#include "kustomize/value.h"
#include "value/json.h"

/* ---- namespace --------------------------------------------------------- */

struct setting {
	const struct namespace_config *c;
};

static err *set_namespace(void *context, struct arena *a, node *value)
{
	const struct setting *s = context;

	if (value->kind == NODE_MAP || value->kind == NODE_SEQ)
		return scalar_wrong_kind(*value, "ScalarNode");
	if (s->c->unset_only && node_text(a, *value).n)
		return NULL;
	*value = scalar_string(a, *value, s->c->ns);
	return NULL;
}

static err *set_subject(struct transform *t, struct setting *s, node subject)
{
	bool wanted = s->c->subjects == SUBJECTS_ALL
			      ? str_eq(node_text(t->a, node_get(subject, S("kind"))), S("ServiceAccount"))
			      : str_eq(node_text(t->a, node_get(subject, S("name"))), S("default"));

	if (!wanted)
		return NULL;
	node *ns = node_find(subject, S("namespace"));

	if (!ns) {
		node_set(t->a, subject, S("namespace"), node_from_str(t->a, STR_NONE));
		ns = node_find(subject, S("namespace"));
	}
	return set_namespace(s, t->a, ns);
}

static err *set_subjects(struct transform *t, struct setting *s, const struct resource *r, str kind)
{
	node subjects = node_get(r->object, S("subjects"));

	if (s->c->subjects == SUBJECTS_NONE ||
	    (!str_eq(kind, S("RoleBinding")) && !str_eq(kind, S("ClusterRoleBinding"))))
		return NULL;
	node_each_item(i, subjects) {
		err *e = set_subject(t, s, *i);

		if (e)
			return err_wrap(e, "setting namespace on (cluster)role binding subjects");
	}
	return NULL;
}

/* Specs that the code above does better. */
static bool is_covered(const struct fieldspec *spec, struct gvk gvk)
{
	bool core = !gvk.group.n && str_eq(gvk.version, S("v1"));
	str kind = spec->gvk.kind;

	if (str_eq(spec->path, S("metadata/namespace")))
		return true;
	if (str_eq(spec->path, S("metadata/name")) && !core)
		return true;
	return str_eq(spec->path, S("subjects/namespace")) &&
	       (str_eq(kind, S("RoleBinding")) || str_eq(kind, S("ClusterRoleBinding")));
}

static err *move(struct transform *t, struct setting *s, struct resource *r)
{
	static const struct fieldspec own = { .path = { "metadata/namespace", 18 }, .create = true };
	struct gvk gvk = resource_gvk(r);

	if (!gvk_is_cluster_scoped(gvk))
		TRY(fieldspec_walk_as(t->a, r->object, gvk, &own, NODE_STR, set_namespace, s));
	TRY(set_subjects(t, s, r, gvk.kind));
	for (size_t i = 0; i < s->c->specs->n; i++) {
		const struct fieldspec *spec = &s->c->specs->p[i];

		if (!gvk_selected(gvk, spec->gvk) || is_covered(spec, gvk))
			continue;
		err *e = fieldspec_walk_as(t->a, r->object, gvk, spec, NODE_STR, set_namespace, s);

		if (e && str_has(err_text(e), S("wrong node kind")))
			return err_wrap(e, "namespace field specs must target scalar nodes");
		if (e)
			return err_wrap(e, "namespace transformation failed");
	}
	return NULL;
}

/* Of objects that have become one, shown as JSON. */
static err *conflict(struct transform *t, const resource_list *same)
{
	CLEANUP(buf_release) struct buf shown = BUF_LIMIT(1 << 24);

	for (size_t i = 0; i < same->n; i++) {
		node value;

		TRY(value_checked(t->a, t->sources, resource_noted(t->a, same->p[i]), &value));
		buf_add(&shown, i ? S(" ") : STR_NONE);
		TRY(json_write(&shown, value, NULL));
	}
	return err_new(ERR_CONFLICT, "namespace transformation produces ID conflict: [%s]",
		       buf_c(&shown));
}

err *transform_namespace(struct transform *t, struct resmap *m, const struct namespace_config *c)
{
	struct setting s = { c };

	if (!c->ns.n)
		return NULL;
	for (size_t i = 0; i < m->n; i++) {
		struct resource *r = m->list[i];

		if (!node_len(r->object) || r->helm_generated)
			continue;
		resource_remember(t->a, r);
		TRY(move(t, &s, r));
	}
	resmap_touch(m);
	resource_list same = resmap_clash(m);

	return same.n ? conflict(t, &same) : NULL;
}

/* ---- prefix and suffix ------------------------------------------------- */

struct affix {
	str prefix, suffix;
};

static err *add_affix(void *context, struct arena *a, node *value)
{
	const struct affix *x = context;

	if (value->kind == NODE_MAP || value->kind == NODE_SEQ)
		return scalar_wrong_kind(*value, "ScalarNode");
	*value = scalar_untagged(a, *value,
				 arena_cat(a, x->prefix, node_text(a, *value), x->suffix));
	return NULL;
}

static bool keeps_its_name(struct resid id)
{
	return str_eq(id.gvk.kind, S("CustomResourceDefinition")) ||
	       str_eq(id.gvk.kind, S("Namespace")) ||
	       (str_eq(id.gvk.kind, S("APIService")) &&
		str_eq(id.gvk.group, S("apiregistration.k8s.io")));
}

static err *rename_all(struct transform *t, struct resmap *m, struct affix x,
		       const fieldspecs *specs)
{
	for (size_t i = 0; i < m->n; i++) {
		struct resource *r = m->list[i];
		struct resid original = resource_original_id(r);

		if (keeps_its_name(original))
			continue;
		for (size_t k = 0; k < specs->n; k++) {
			const struct fieldspec *spec = &specs->p[k];

			if (!gvk_selected(original.gvk, spec->gvk))
				continue;
			if (str_eq(spec->path, S("metadata/name"))) {
				resource_add_prefix(t->a, r, x.prefix);
				resource_add_suffix(t->a, r, x.suffix);
				resource_remember(t->a, r);
			}
			TRY(fieldspec_walk(t->a, r->object, spec, NODE_STR, add_affix, &x));
		}
	}
	resmap_touch(m);
	return NULL;
}

err *transform_prefix(struct transform *t, struct resmap *m, str prefix, const fieldspecs *specs)
{
	return prefix.n ? rename_all(t, m, (struct affix){ .prefix = prefix }, specs) : NULL;
}

err *transform_suffix(struct transform *t, struct resmap *m, str suffix, const fieldspecs *specs)
{
	return suffix.n ? rename_all(t, m, (struct affix){ .suffix = suffix }, specs) : NULL;
}
