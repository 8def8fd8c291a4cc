/* The target, a NUL, and the patch laid over it. */
#include "kube/merge.h"
#include "value/yaml.h"

static err *merge(struct arena *a, str target, str patch, bool prepend)
{
	const struct yaml_options yaml = { .rules = YAML_1_2, .numbers = YAML_NUMBERS_TEXT };
	const struct merge_options o = {
		.schema = prepend ? merge_schema_builtin() : NULL, .prepend = prepend, .infer = !prepend,
	};
	CLEANUP(buf_release) struct buf out = BUF_INIT;
	node t, p, merged;

	TRY(yaml_read(a, target, &yaml, &t));
	TRY(yaml_read(a, patch, &yaml, &p));
	TRY(merge_strategic(a, t, p, &o, &merged));
	return yaml_write(&out, merged, YAML_WRITE_KYAML);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str target, patch;

	str_split(str_of((const char *)data, size), 0, &target, &patch);
	for (int prepend = 0; prepend < 2; prepend++) {
		struct arena a = ARENA_INIT;

		err_free(merge(&a, target, patch, prepend));
		arena_release(&a);
	}
	return 0;
}
