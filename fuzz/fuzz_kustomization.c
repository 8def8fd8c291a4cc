/* Three files between NULs: kustomization.yaml, a.yaml and b/kustomization.yaml. */
#include "kustomize/build.h"

static err *build(struct arena *a, const struct files *files)
{
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const struct kustomize_options o = {
		.files = files, .sources = &sources, .working_dir = S("/"), .version = S("v5.8.3"),
	};
	struct resmap *m;

	TRY(kustomize_build(a, &o, S("/r"), &m));
	return kustomize_print(a, &sources, m, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const str names[] = { S("/r/kustomization.yaml"), S("/r/a.yaml"),
				     S("/r/b/kustomization.yaml") };
	str rest = str_of((const char *)data, size), texts[3];
	struct arena a = ARENA_INIT;
	struct files_memory files;

	files_memory_init(&files);
	for (size_t i = 0; i < 3 && rest.n; i++) {
		str_split(rest, 0, &texts[i], &rest);
		files_memory_add(&files, names[i], &texts[i]);
	}
	err_free(build(&a, &files.files));
	files_memory_release(&files);
	arena_release(&a);
	return 0;
}
