#include "server/custom.h"

#include "kube/builtin.h"
#include "kube/canon.h"

static err *fit(struct arena *a, node metadata, struct structural_unknown *unknown, node *out)
{
	const struct type *type = builtin_named(S("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"));
	struct canon_unknown found = { 0 };

	TRY(canon_object(a, metadata, type, &found, out));
	for (size_t i = 0; unknown && i < found.n; i++)
		structural_unknown_add(unknown, found.list[i]);
	return NULL;
}

const struct structural_meta custom_meta = { fit };
