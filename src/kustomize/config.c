#include "kustomize/build_impl.h"

const struct config *config_defaults(struct arena *a)
{
	struct config *c = arena_new(a, struct config);

	for (int i = 0; i < SPECS_LISTS; i++)
		c->lists[i] = fieldspec_defaults(a, (enum fieldspec_list)i);
	c->names = nameref_defaults(a);
	return c;
}

/* The lists as kustomize's messages call them. */
static const char *const go_names[SPECS_LISTS] = {
	[SPECS_NAME_PREFIX] = "NamePrefix",
	[SPECS_NAME_SUFFIX] = "NameSuffix",
	[SPECS_NAMESPACE] = "NameSpace",
	[SPECS_COMMON_LABELS] = "CommonLabels",
	[SPECS_LABELS] = "Labels",
	[SPECS_TEMPLATE_LABELS] = "TemplateLabels",
	[SPECS_CLAIM_LABELS] = "VolumeClaimTemplateLabels",
	[SPECS_COMMON_ANNOTATIONS] = "CommonAnnotations",
	[SPECS_VAR_REFERENCE] = "VarReference",
	[SPECS_IMAGES] = "Images",
	[SPECS_REPLICAS] = "Replicas",
};

/* Specs are sorted by kind whenever lists were merged. It shows: a spec for
 * one kind that comes before the one for all kinds makes the latter count as
 * there already when the lists are merged again. */
static void sort_specs(fieldspecs *list)
{
	for (size_t i = 1; i < list->n; i++) {
		struct fieldspec spec = list->p[i];
		size_t at = i;

		for (; at && kustomize_gvk_cmp(list->p[at - 1].gvk, spec.gvk) > 0; at--)
			list->p[at] = list->p[at - 1];
		list->p[at] = spec;
	}
}

static err *merge_into(struct build *b, struct config *c, const struct config *from)
{
	for (int i = 0; from && i < SPECS_LISTS; i++) {
		err *e = fieldspec_merge_all(b->t.a, &c->lists[i], &from->lists[i]);

		if (e)
			return err_wrap(e, "failed to merge %s fieldSpec", go_names[i]);
	}
	err *e = from ? nameref_merge(b->t.a, &c->names, &from->names) : NULL;

	return e ? err_wrap(e, "failed to merge NameReference fieldSpec") : NULL;
}

err *config_merge(struct build *b, const struct config *one, const struct config *two,
		  const struct config **out)
{
	struct arena *a = b->t.a;

	if (one == two || (!one && two == b->defaults) || !two) {
		*out = one ? one : two;
		return NULL;
	}
	struct config *c = arena_new(a, struct config);

	TRY(merge_into(b, c, one));
	TRY(merge_into(b, c, two));
	for (int i = 0; i < SPECS_LISTS; i++)
		sort_specs(&c->lists[i]);
	*out = c;
	return NULL;
}
