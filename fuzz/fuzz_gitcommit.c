/* The same bytes as a commit and as a tag. */
#include "source/gitobj.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = str_of((const char *)data, size);
	struct arena a = ARENA_INIT;
	struct buf b = BUF_INIT;
	struct gitobj_commit c;
	struct gitobj_tag t;

	for (int algo = GITID_SHA1; algo <= GITID_SHA256; algo++) {
		err *bad = gitobj_commit(&a, text, (enum gitid_algo)algo, &c);

		if (!bad)
			gitobj_subject(&b, c.message);
		err_free(bad);
		err_free(gitobj_tag(&a, text, (enum gitid_algo)algo, &t));
	}
	gitobj_is_ref_name(text);
	buf_release(&b);
	arena_release(&a);
	return 0;
}
