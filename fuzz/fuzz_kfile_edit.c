/* A kustomization file, read and written as by `kustomize edit`: what was written
 * reads as the same, and is written as the same. */
#include "base/die.h"
#include "kustomize/kfile_edit.h"

static err *edit(struct arena *a, const str *text, node *root, struct buf *out)
{
	struct files_memory files;
	struct kfile_edit k;

	files_memory_init(&files);
	files_memory_add(&files, S("/r/kustomization.yaml"), text);
	err *e = kfile_edit_open(a, &files.files, S("/r"), &k);

	if (!e)
		e = kfile_edit_print(&k, a, out);
	if (!e)
		*root = k.root;
	files_memory_release(&files);
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf once = BUF_INIT, twice = BUF_INIT;
	struct arena a = ARENA_INIT;
	str text = str_of((const char *)data, size);
	node first, second;
	err *e = edit(&a, &text, &first, &once);

	if (!e) {
		str written = buf_str(&once);

		e = edit(&a, &written, &second, &twice);
		if (e)
			die_bug("what was written cannot be read: %s", err_msg(e));
	}
	err_free(e);
	arena_release(&a);
	return 0;
}
