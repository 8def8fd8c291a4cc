/* A kustomization file, read and written as by `kustomize edit`, twice. (What was
 * written need not read well: comments are kept byte by byte, wrong ones, too.) */
#include "kustomize/kfile_edit.h"

static err *edit(struct arena *a, const str *text, struct buf *out)
{
	struct files_memory files;
	struct kfile_edit k;

	files_memory_init(&files);
	files_memory_add(&files, S("/r/kustomization.yaml"), text);
	err *e = kfile_edit_open(a, &files.files, S("/r"), &k);

	if (!e)
		e = kfile_edit_print(&k, a, out);
	files_memory_release(&files);
	return e;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf once = BUF_INIT, twice = BUF_INIT;
	struct arena a = ARENA_INIT;
	str text = str_of((const char *)data, size);
	err *e = edit(&a, &text, &once);

	if (!e) {
		str written = buf_str(&once);

		e = edit(&a, &written, &twice);
	}
	err_free(e);
	arena_release(&a);
	return 0;
}
