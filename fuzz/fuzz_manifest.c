/* What a chart was rendered to: cut into documents, and these read as objects. */
#include "helm/manifest.h"
#include "helm/yamldocs.h"
#include "release/relobj.h"

static void cut(struct arena *a, str text)
{
	struct manifest_file file = { .path = S("app/templates/all.yaml"), .text = text };
	struct manifest_list manifests = { 0 }, hooks = { 0 };
	str document;

	for (int tight = 0; tight < 2; tight++) {
		struct manifest_cut c = { .rest = text, .tight = tight };

		while (manifest_take(&c, &document))
			;
	}
	err_free(manifest_sort(a, &file, 1, MANIFEST_INSTALL, NULL, &manifests, &hooks));
}

static void read(struct arena *a, str text)
{
	struct relobj_list objects = { 0 };
	err *e = relobj_parse(a, text, &objects);

	if (!e)
		relobj_own(a, &objects, S("name"), S("namespace"));
	for (size_t i = 0; !e && i < objects.n; i++) {
		relobj_id(a, &objects.p[i]);
		err_free(relobj_check_owner(objects.p[i].object, S("other"), S("namespace")));
	}
	err_free(e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_BUDGET(256 << 20);
	str text = str_of((const char *)data, size), rest = text, document;
	err *e = NULL;

	cut(&a, text);
	while (!e && rest.n)
		e = yamldocs_take(&rest, &document);
	err_free(e);
	read(&a, text);
	arena_release(&a);
	return 0;
}
