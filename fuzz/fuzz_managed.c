/* A list in JSON: a live object (or null), then what is applied and written to
 * it in turn, everything applied twice. */
#include "kube/builtin.h"
#include "kube/canon.h"
#include "kube/managed.h"
#include "value/json.h"

static err *one(struct arena *a, struct managed_request *r, node *live, node next, size_t round)
{
	struct managed_result result;

	r->manager = round % 3 ? S("kubectl") : S("m");
	r->force = round % 2;
	if (round % 4 == 3) {
		node object = NODE_NOTHING;

		TRY(canon_object(a, next, r->type, NULL, &object));
		managed_update(a, r, *live, object);
		return NULL;
	}
	TRY(managed_apply(a, r, *live, next, &result));
	if (result.conflicts_n)
		return NULL;
	*live = result.object;
	node before = result.object;

	TRY(managed_apply(a, r, *live, next, &result));
	if (!result.conflicts_n)
		managed_keep_times(a, before, result.object);
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_BUDGET(256 << 20);
	node doc, live = NODE_NOTHING;
	struct managed_request r = { .now = S("2024-01-02T03:04:05Z") };
	err *e = json_read(&a, str_of((const char *)data, size), NULL, &doc);

	if (!e) {
		r.gvk = gvk_of(node_at(doc, 1));
		r.type = builtin_type(r.gvk);
		if (!node_is_nil(node_at(doc, 0)))
			e = canon_object(&a, node_at(doc, 0), r.type, NULL, &live);
	}
	for (size_t i = 1; !e && i < node_len(doc) && i < 20; i++)
		e = one(&a, &r, &live, node_at(doc, i), i);
	err_free(e);
	arena_release(&a);
	return 0;
}
