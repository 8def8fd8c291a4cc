#include "cli/crds.h"

#include "api/kind.h"
#include "value/json.h"

/* Labelled as Flux installs them: "flux migrate" and "flux check" look for it.
 * (Definitions of all versions up to this one.) */
err *crds_flux(struct arena *a, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t n;
	const struct api_kind *kinds = api_kinds(&n);
	node *items = arena_array(a, node, n);

	for (size_t i = 0; i < n; i++) {
		node labels = node_map(a, 2);

		node_set(a, labels, S("app.kubernetes.io/part-of"), node_lit("flux"));
		node_set(a, labels, S("app.kubernetes.io/version"), node_lit("v" FLUX_VERSION));
		items[i] = api_kind_crd(a, &kinds[i], labels);
	}
	TRY(json_write(&b,
		       node_map_of(a, &(struct node_pair){ node_from_str(a, S("items")),
							   node_seq_of(a, items, n) },
				   1),
		       &(struct json_style){ .source_order = true }));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}
