/* Objects, a NUL, and replacements of their fields. */
#include "kustomize/build.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const str kfile = S("resources: [a.yaml]\nreplacements: [{path: r.yaml}]\n");
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	struct arena a = ARENA_BUDGET(256 << 20);
	struct files_memory files;
	struct resmap *m;
	str texts[2];

	str_split(str_of((const char *)data, size), 0, &texts[0], &texts[1]);
	files_memory_init(&files);
	files_memory_add(&files, S("/r/kustomization.yaml"), &kfile);
	files_memory_add(&files, S("/r/a.yaml"), &texts[0]);
	files_memory_add(&files, S("/r/r.yaml"), &texts[1]);
	const struct kustomize_options o = {
		.files = &files.files, .sources = &sources, .working_dir = S("/"), .trail = true,
	};
	err *e = kustomize_build(&a, &o, S("/r"), &m);

	if (!e)
		e = kustomize_print(&a, &sources, m, &out);
	err_free(e);
	files_memory_release(&files);
	arena_release(&a);
	return 0;
}
