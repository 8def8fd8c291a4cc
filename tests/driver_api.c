#include "driver.h"

#include "api/kind.h"

static err *run_crd(struct arena *a, node request, node *output)
{
	const struct api_kind *k =
		api_kind_find(driver_text(a, request, "group"), driver_text(a, request, "kind"));

	if (!k)
		return err_new(ERR_NOT_FOUND, "no such kind");
	*output = api_kind_crd(a, k, node_get(request, S("labels")));
	return NULL;
}

const struct driver_op driver_api_ops[] = {
	{ .name = "flux-crd", .run = run_crd },
	{ 0 },
};
