#include "kustomize/build_impl.h"

const struct config *config_defaults(struct arena *a)
{
	struct config *c = arena_new(a, struct config);

	for (int i = 0; i < SPECS_LISTS; i++)
		c->lists[i] = fieldspec_defaults(a, (enum fieldspec_list)i);
	c->names = nameref_defaults(a);
	return c;
}

err *config_merge(struct build *b, const struct config *one, const struct config *two,
		  const struct config **out)
{
	struct arena *a = b->t.a;

	if (!one || !two || one == two) {
		*out = one ? one : two;
		return NULL;
	}
	struct config *c = arena_new(a, struct config);

	for (int i = 0; i < SPECS_LISTS; i++) {
		TRY(fieldspec_merge_all(a, &c->lists[i], &one->lists[i]));
		TRY(fieldspec_merge_all(a, &c->lists[i], &two->lists[i]));
	}
	TRY(nameref_merge(a, &c->names, &one->names));
	TRY(nameref_merge(a, &c->names, &two->names));
	*out = c;
	return NULL;
}
