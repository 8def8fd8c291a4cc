/* A compressed archive, or where the first byte says so one that is compressed here: listed
 * in memory, and written below a directory. */
#include "archive/gzip.h"
#include "source/unpack.h"

#include <stddef.h>
#include <stdint.h>

enum { TOTAL = 8 << 20 };

struct held {
	struct sink sink;
	struct buf bytes;
};

static err *hold(struct sink *sink, str bytes)
{
	buf_add(&((struct held *)sink)->bytes, bytes);
	return NULL;
}

static void compress(str text, struct held *to)
{
	struct gzip_writer *w = gzip_writer_new(&to->sink, 1);
	struct sink *in = gzip_sink(w);

	err_free(in->write(in, text));
	err_free(gzip_finish(w));
	gzip_writer_free(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_BUDGET(64 << 20);
	struct filelist l = FILELIST_INIT(&a);
	struct held held = { .sink.write = hold, .bytes = BUF_INIT };
	struct fs *dir = NULL;

	if (!size)
		return 0;
	str text = str_of((const char *)data + 1, size - 1);
	const struct unpack_options o = { .limits.total = TOTAL, .skip_links = data[0] & 2 };

	if (data[0] & 1) {
		compress(text, &held);
		text = buf_str(&held.bytes);
	}
	err *e = unpack_list(&l, text, &o);

	if (!e)
		e = filelist_sort(&l);
	err_free(e);
	if (data[0] & 4) {
		e = fs_open_temp(&dir, STR_NONE, S("fuzz-unpack-"));
		if (!e)
			e = unpack_tgz(dir, text, &o);
		err_free(e);
		fs_close(dir);
	}
	buf_release(&held.bytes);
	arena_release(&a);
	return 0;
}
