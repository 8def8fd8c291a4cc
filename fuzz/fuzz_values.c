/* A chart and values: texts parted by NUL. The first is the user's values, then
 * come names of files and their contents in turn. All of a render but the
 * templates' own functions is run. */
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"
#include "helm/coalesce.h"
#include "helm/depend.h"
#include "helm/values.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static err *run(struct arena *a, str all)
{
	struct chart_files files = { 0 };
	node values = NODE_NOTHING, out;
	struct chart *c;
	str first, name;

	str_split(all, 0, &first, &all);
	TRY(values_read(a, first, &values));
	while (all.n) {
		struct chart_file f = { 0 };

		str_split(all, 0, &name, &all);
		str_split(all, 0, &f.data, &all);
		f.name = name;
		avec_push(a, &files, f);
	}
	TRY(chart_load_files(a, &files, NULL, &c));
	TRY(depend_process(a, c, values, NULL));
	return coalesce_chart(a, c, values, COALESCE_VALUES, NULL, &out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)256 << 20);

	err_free(run(&a, str_of((const char *)data, size)));
	return 0;
}
