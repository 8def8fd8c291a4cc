/* A repository's index: read, a version chosen, and written as JSON, which
 * must read again as the same. */
#include <stddef.h>
#include <stdint.h>

#include "base/die.h"
#include "helm/repoindex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static err *pick(struct arena *a, struct repoindex *ix)
{
	for (size_t i = 0; i < repoindex_count(ix) && i < 8; i++) {
		const struct repoindex_version *v;
		struct repoindex_chart chart;

		TRY(repoindex_load(a, ix, repoindex_name(ix, i), i % 2 == 0, &chart));
		err_free(repoindex_pick_flux(&chart, S("a"), S("1.x"), &v));
		err_free(repoindex_pick_helm(&chart, S("a"), S(""), &v));
	}
	return NULL;
}

static err *write(str text, bool checked, struct buf *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(repoindex_drop) struct repoindex *ix = NULL;
	const struct repoindex_options o = { .checked = checked };
	struct sink_buf sink;

	TRY(repoindex_open(&ix, text, &o));
	TRY(pick(&a, ix));
	sink_buf_init(&sink, out, "index");
	return repoindex_write_json(ix, &sink.sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf first = BUF_LIMIT((size_t)64 << 20);
	CLEANUP(buf_release) struct buf second = BUF_LIMIT((size_t)64 << 20);
	err *e = write(str_of((const char *)data, size), false, &first);

	err_free(write(str_of((const char *)data, size), true, &second));
	buf_clear(&second);
	if (!e) {
		err *again = write(buf_str(&first), true, &second);

		if (again || !str_eq(buf_str(&first), buf_str(&second)))
			die_bug("an index that was written reads differently");
	}
	err_free(e);
	return 0;
}
