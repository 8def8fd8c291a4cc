/* An object, a NUL, and a patch: laid over it as both kinds, from a file and
 * written in place, with the way of every field kept and explained. */
#include "kustomize/build.h"
#include "kustomize/explain.h"

static err *build(struct arena *a, const struct files *files)
{
	CLEANUP(sources_release) struct sources sources = SOURCES_INIT;
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	const struct kustomize_options o = {
		.files = files, .sources = &sources, .working_dir = S("/"), .trail = true,
	};
	const struct explain x = { .sources = &sources, .dir = S("/r") };
	struct resmap *m;

	TRY(kustomize_build(a, &o, S("/r"), &m));
	for (size_t i = 0; i < m->n; i++) {
		TRY(explain_print(&x, a, m->list[i], STR_NONE, &out));
		err_free(explain_print(&x, a, m->list[i], S("spec.a[0]"), &out));
	}
	return kustomize_print(a, &sources, m, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const str kfiles[] = {
		S("resources: [a.yaml]\npatches: [{path: p.yaml}]\n"),
		S("resources: [a.yaml]\npatches: [{path: p.yaml, target: {kind: .*}}]\n"),
		S("resources: [a.yaml]\npatchesStrategicMerge: [p.yaml]\n"),
		S("resources: [a.yaml]\npatches:\n- path: p.yaml\n  target: {name: .*}\n  options: "
		  "{allowNameChange: true, allowKindChange: true}\n- patch: '[{\"op\": \"test\", \"path\": "
		  "\"/a\", \"value\": 1}]'\n  target: {name: x}\n"),
	};
	str texts[2];

	str_split(str_of((const char *)data, size), 0, &texts[0], &texts[1]);
	for (size_t i = 0; i < sizeof kfiles / sizeof *kfiles; i++) {
		struct arena a = ARENA_BUDGET(256 << 20);
		struct files_memory files;

		files_memory_init(&files);
		files_memory_add(&files, S("/r/kustomization.yaml"), &kfiles[i]);
		files_memory_add(&files, S("/r/a.yaml"), &texts[0]);
		files_memory_add(&files, S("/r/p.yaml"), &texts[1]);
		err_free(build(&a, &files.files));
		files_memory_release(&files);
		arena_release(&a);
	}
	return 0;
}
