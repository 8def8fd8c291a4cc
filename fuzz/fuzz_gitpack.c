/* A pack without its sum, which is put behind it here: else no change would
 * get any further. All that is found in it is read. */
#include "source/gitpack.h"

#include <stddef.h>
#include <stdint.h>

static err *read_all(struct gitpack *p, struct arena *a)
{
	for (size_t i = 0; i < gitpack_count(p); i++) {
		enum gitpack_type type;
		struct gitid id = gitpack_at(p, i, &type);
		str bytes;

		TRY(gitpack_read(p, a, &id, type, &bytes));
	}
	return NULL;
}

static err *load(struct gitpack *p, str text)
{
	struct gitid_hash h;

	TRY(gitid_hash_init(&h, GITID_SHA1));
	gitid_hash_add(&h, text);
	struct gitid sum = gitid_hash_end(&h);

	gitid_hash_release(&h);
	TRY(gitpack_add(p, text));
	TRY(gitpack_add(p, str_of((const char *)sum.b, sum.n)));
	return gitpack_finish(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gitpack_limits limits = { .unpacked = 8 << 20,
					 .object = 1 << 20,
					 .memory = size % 2 ? 100 : 1 << 20 };
	struct arena a = ARENA_INIT;
	struct gitpack *p = NULL;
	err *bad = gitpack_new(&p, GITID_SHA1, &limits);

	if (!bad)
		bad = load(p, str_of((const char *)data, size));
	if (!bad)
		bad = read_all(p, &a);
	err_free(bad);
	gitpack_free(p);
	arena_release(&a);
	return 0;
}
