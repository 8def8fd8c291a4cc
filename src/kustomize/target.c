/* Selecting resources by expressions over their identity. */
#include "kube/selector.h"
#include "kustomize/transform.h"
#include "text/regex.h"

enum part { GROUP, VERSION, KIND, NAME, NAMESPACE, PARTS };

struct target {
	const struct regex *part[PARTS];	/* NULL: any */
	struct selector labels, annotations;
	bool has_marks;
};

static const str part_fields[PARTS] = {
	[GROUP] = { "group", 5 }, [VERSION] = { "version", 7 },	    [KIND] = { "kind", 4 },
	[NAME] = { "name", 4 },	  [NAMESPACE] = { "namespace", 9 },
};

static err *compile_id(struct arena *a, node selector, struct target *t)
{
	for (size_t i = 0; i < PARTS; i++) {
		str pattern = node_str(node_get(selector, part_fields[i]));

		if (pattern.n)
			TRY(regex_compile(a, arena_cat(a, S("^(?:"), pattern, S(")$")), &t->part[i]));
	}
	return NULL;
}

static err *compile_marks(struct arena *a, node selector, struct target *t)
{
	str labels = node_str(node_get(selector, S("labelSelector")));
	str annotations = node_str(node_get(selector, S("annotationSelector")));

	TRY(selector_parse_as(a, labels, SELECTOR_KYAML, &t->labels));
	TRY(selector_parse_as(a, annotations, SELECTOR_KYAML, &t->annotations));
	t->has_marks = labels.n || annotations.n;
	return NULL;
}

err *target_compile(struct arena *a, node selector, struct target **out)
{
	struct target *t = arena_new(a, struct target);

	TRY(compile_id(a, selector, t));
	TRY(compile_marks(a, selector, t));
	*out = t;
	return NULL;
}

static bool fits(const struct target *t, enum part part, str text)
{
	return !t->part[part] || regex_test(t->part[part], text);
}

static bool fits_gvk(const struct target *t, struct gvk gvk)
{
	return fits(t, GROUP, gvk.group) && fits(t, VERSION, gvk.version) && fits(t, KIND, gvk.kind);
}

bool target_has_id(const struct target *t)
{
	for (size_t i = 0; i < PARTS; i++)
		if (t->part[i])
			return true;
	return false;
}

bool target_has_marks(const struct target *t)
{
	return t->has_marks;
}

bool target_fits_id(const struct target *t, struct resid id)
{
	return fits_gvk(t, id.gvk) && fits(t, NAME, id.name) && fits(t, NAMESPACE, id.ns);
}

bool target_fits_marks(const struct target *t, const struct resource *r)
{
	return selector_matches(&t->labels, resource_labels(r)) &&
	       selector_matches(&t->annotations, resource_annotations(r));
}

/* By original or present name and namespace, as `patches` select. */
static bool selects_id(const struct target *t, const struct resource *r)
{
	struct resid now = resource_id(r), first = resource_original_id(r);

	return (fits(t, NAMESPACE, resid_effective_ns(first)) ||
		fits(t, NAMESPACE, resid_effective_ns(now))) &&
	       (fits(t, NAME, first.name) || fits(t, NAME, now.name)) && fits_gvk(t, now.gvk);
}

err *target_select_all(struct transform *t, struct resmap *m, node selector, resource_list *out)
{
	struct target target = { 0 };

	*out = (resource_list){ 0 };
	TRY(compile_id(t->a, selector, &target));
	/* What is wrong with these is told when a resource comes so far. */
	err *e = compile_marks(t->a, selector, &target);

	for (size_t i = 0; i < m->n; i++) {
		if (!selects_id(&target, m->list[i]))
			continue;
		if (e)
			return e;
		if (target_fits_marks(&target, m->list[i]))
			avec_push(t->a, out, m->list[i]);
	}
	err_free(e);
	return NULL;
}
