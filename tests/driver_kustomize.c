#include "driver.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/utf8.h"
#include "kustomize/envsubst.h"

/* The recorded texts were printed as JSON, where a bad byte is U+FFFD. */
static node as_recorded(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf valid = BUF_INIT;

	for (uint32_t rune; utf8_take(&text, &rune);)
		utf8_add(&valid, rune);
	return node_copy_str(a, buf_str(&valid));
}

static err *run_envsubst(struct arena *a, node request, node *output)
{
	CLEANUP(map_release) struct map vars = MAP_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	node list = node_get(request, S("vars"));

	node_each_pair(p, list) {
		str *value = arena_new(a, str);

		*value = node_str(p->value);
		map_set(&vars, node_str(p->key), value);
	}
	TRY(envsubst(a, driver_text(a, request, "template"), &vars,
		     driver_bool(request, "strict", false), &out));
	*output = as_recorded(a, buf_str(&out));
	return NULL;
}

const struct driver_op driver_kustomize_ops[] = {
	{ .name = "envsubst", .run = run_envsubst },
	{ 0 },
};
