/* What apply sets read of objects of strangers: ids of inventories, objects to be
 * sent, entries of managedFields, paths to leave alone. A JSON object with
 * "id", "wanted", "live", "path". */
#include "client/applyset_impl.h"
#include "client/live.h"
#include "value/json.h"

static err *read_id(struct arena *a, str text)
{
	struct objid id, again;

	TRY(objid_parse(a, text, &id));
	TRY(objid_parse(a, objid_print(a, &id), &again));
	/* "__" is a ':' of RBAC's kinds alone: others print it as it is. */
	if (!str_has(id.name, S(":")) && !objid_eq(&id, &again))
		__builtin_trap();
	if (objid_cmp(&id, &id))
		__builtin_trap();
	return NULL;
}

static err *run(struct arena *a, str text)
{
	node in, patch;
	struct applyset_rules rules;

	TRY(json_read(a, text, NULL, &in));
	err_free(read_id(a, node_str(node_get(in, S("id")))));
	node wanted = applyset_normal(a, node_get(in, S("wanted"))), live = node_get(in, S("live"));
	str path = node_str(node_get(in, S("path")));
	const struct applyset_ignore ignore = { .paths = &path, .paths_n = 1,
						.kind = node_str(node_get(in, S("kind"))) };
	const struct applyset_options o = { .manager = S("kustomize-controller"),
					    .group = S("kustomize.toolkit.fluxcd.io"),
					    .ignore = &ignore,
					    .ignore_n = 1 };

	if (!node_is(live, NODE_MAP) || !node_is(wanted, NODE_MAP))
		return NULL;
	live_content(live);
	TRY(applyset_clean_patch(a, live, &o, &patch));
	applyset_migrate_patch(a, live, S("v1"));
	TRY(applyset_rules_read(a, &o, &rules));
	if (applyset_rules_match(&rules, wanted)) {
		applyset_rules_strip(a, &rules, wanted, live);
		applyset_rules_adopt(a, &rules, o.manager, live, wanted, wanted);
	}
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;

	err_free(run(&a, str_of((const char *)data, size)));
	arena_release(&a);
	return 0;
}
