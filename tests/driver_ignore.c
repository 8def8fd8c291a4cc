#include "driver.h"

#include "base/vec.h"
#include "text/helmignore.h"
#include "text/ignore.h"

static err *run_ignore(struct arena *a, node request, node *output)
{
	struct ignore *ig = ignore_new(a);
	VEC(str) parts = { 0 };

	node_each_item(part, node_get(request, S("domain")))
		avec_push(a, &parts, node_str(*part));
	str domain = arena_join(a, parts.p, parts.n, S("/"));

	if (driver_bool(request, "defaults", false)) {
		ignore_add_vcs(ig, domain);
		ignore_add_defaults(ig, domain);
	}
	ignore_add(ig, driver_text(a, request, "patterns"), domain);
	*output = node_seq(a, 0);
	node_each_item(item, node_get(request, S("paths"))) {
		bool hit = ignore_match(ig, driver_text(a, *item, "path"),
					driver_bool(*item, "dir", false));

		node_append(a, *output, node_from_bool(hit));
	}
	return NULL;
}

static err *run_helmignore(struct arena *a, node request, node *output)
{
	const struct helmignore *h;

	TRY(helmignore_parse(a, driver_text(a, request, "patterns"), &h));
	*output = node_seq(a, 0);
	node_each_item(item, node_get(request, S("paths"))) {
		bool hit = helmignore_match(h, driver_text(a, *item, "path"),
					    driver_bool(*item, "dir", false));

		node_append(a, *output, node_from_bool(hit));
	}
	return NULL;
}

const struct driver_op driver_ignore_ops[] = {
	{ "helmignore", run_helmignore },
	{ "ignore", run_ignore },
	{ 0 },
};
