/* A list of two in JSON: an object of a built-in kind, and a patch. */
#include "kube/builtin.h"
#include "kube/canon.h"
#include "kube/strategic.h"
#include "value/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_BUDGET(256 << 20);
	node doc, live, out;
	err *e = json_read(&a, str_of((const char *)data, size), NULL, &doc);
	const struct type *type = e ? NULL : builtin_type(gvk_of(node_at(doc, 0)));

	if (!e && type)
		e = canon_object(&a, node_at(doc, 0), type, NULL, &live);
	if (!e && type)
		e = strategic_patch(&a, live, node_at(doc, 1), type, &out);
	if (!e && type)
		e = canon_object(&a, out, type, NULL, &out);
	err_free(e);
	arena_release(&a);
	return 0;
}
