/* A tree's entries; and the same bytes as a .gitmodules file. */
#include "source/gittree.h"

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	str text = str_of((const char *)data, size), tree = text;
	enum gitid_algo algo = size % 2 ? GITID_SHA256 : GITID_SHA1;
	struct arena a = ARENA_INIT;
	struct gitobj_order last = { 0 };
	struct gitobj_entry e;
	gittree_modules modules = { 0 };
	bool more = true;
	err *bad = NULL;

	while (!bad && more)
		bad = gitobj_tree_next(&tree, algo, &last, &e, &more);
	err_free(bad);
	err_free(gittree_read_modules(&a, text, &modules));
	arena_release(&a);
	return 0;
}
