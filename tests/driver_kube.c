#include "driver.h"

#include "base/buf.h"
#include "base/clock.h"
#include "kube/health.h"
#include "kube/merge.h"
#include "value/yaml.h"

static err *read_kept(struct arena *a, str text, struct yaml_doc *out)
{
	struct yaml_doc *docs;
	size_t n;

	TRY(yaml_read_all(a, text, YAML_KEEP, &docs, &n));
	*out = n ? docs[0] : (struct yaml_doc){ .root = node_null() };
	return NULL;
}

static err *run_merge(struct arena *a, node request, node *output)
{
	const struct merge_options o = {
		.schema = merge_schema_builtin(),
		.prepend = driver_bool(request, "prepend", false),
		.infer = driver_bool(request, "infer", false),
	};
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	struct yaml_doc dest, patch;

	TRY(read_kept(a, driver_text(a, request, "dest"), &dest));
	TRY(read_kept(a, driver_text(a, request, "patch"), &patch));
	TRY(merge_strategic(a, dest.root, patch.root, &o, &dest.root));
	dest.wide = false;
	if (!node_is_nil(dest.root))
		TRY(yaml_write_doc(&text, &dest, YAML_WRITE_KYAML));
	*output = node_copy_str(a, buf_str(&text));
	return NULL;
}

static err *run_health(struct arena *a, node request, node *output)
{
	struct health h;

	/* 2024: between the creation times of the recorded objects */
	TRY(health_kstatus(a, node_get(request, S("object")), 1704067200 * CLOCK_SECOND, &h));
	*output = node_map(a, 3);
	node_set(a, *output, S("message"), node_from_str(a, h.message));
	node_set(a, *output, S("reason"), node_from_str(a, h.reason));
	node_set(a, *output, S("status"), node_from_str(a, health_name(h.status)));
	return NULL;
}

const struct driver_op driver_kube_ops[] = {
	{ .name = "health", .run = run_health },
	{ .name = "strategic-merge", .run = run_merge },
	{ 0 },
};
