/* A definition, a NUL, and an object of the first version that it serves. */
#include "kube/builtin.h"
#include "kube/canon.h"
#include "server/crd.h"
#include "server/custom.h"
#include "value/json.h"

#define DEFINITION \
	S("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinition")

static void show(struct arena *a, const struct kind *k, node object)
{
	node *cells = arena_array(a, node, k->columns_n), out;
	struct structural_unknown unknown = { .arena = a };
	bool found;

	custom_openapi(a, k, false);
	custom_openapi(a, k, true);
	err_free(custom_read(a, k, object, &unknown));
	object = custom_show(a, k, object, false);
	k->hooks->cells(a, k, object, cells);
	err_free(custom_scale(a, k, object, &found, &out));
	err_free(custom_rescale(a, k, object, 3));
	custom_store(a, k, object);
}

static void serve(struct arena *a, node crd, node object)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct custom *custom = NULL;
	size_t n;

	err *e = json_write(&b, crd, &(struct json_style){ .source_order = true });

	CLEANUP(blob_drop)
	struct blob *stored = blob_of(&(struct blob_parts){ 0 }, buf_str(&b), 1);

	if (!e)
		e = custom_new(crd, stored, 1, &custom);
	if (!e) {
		const struct kind *const *kinds = custom_kinds(custom, &n);

		if (n && object.kind == NODE_MAP)
			show(a, kinds[0], object);
		custom_release(custom);
	}
	err_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct fielderrs errors = { .arena = &a };
	struct kind_warnings warnings = { .arena = &a };
	struct kind_call c = { .arena = &a, .errors = &errors, .warnings = &warnings };
	str definition = str_of((const char *)data, size), text = S("{}");
	node crd, object, settled;

	str_split(definition, 0, &definition, &text);
	err *e = json_read(&a, definition, NULL, &crd);

	if (!e)
		e = json_read(&a, text, NULL, &object);
	if (!e)
		e = canon_object(&a, crd, builtin_named(DEFINITION), NULL, &c.object);
	if (!e && c.object.kind == NODE_MAP) {
		crd_hooks.defaults(&a, NULL, c.object);
		crd_hooks.prepare(&c);
		crd_hooks.validate(&c);
		if (crd_settle(&a, c.object, node_seq(&a, 0), S("2020-01-02T03:04:05Z"), &settled))
			c.object = settled;
		serve(&a, c.object, object);
	}
	err_free(e);
	arena_release(&a);
	return 0;
}
