#include "driver.h"

#include "archive/gzip.h"
#include "archive/tar.h"

enum { UNPACKED_MAX = 64 << 20 };

static err *gunzip(struct arena *a, str text, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(gzip_read(text, UNPACKED_MAX, &b));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *run_gunzip(struct arena *a, node request, node *output)
{
	str text;

	TRY(gunzip(a, driver_text(a, request, "data"), &text));
	*output = node_from_str(a, text);
	return NULL;
}

static node show(struct arena *a, const struct tar_entry *e, str bytes)
{
	node n = node_map(a, 8);

	node_set(a, n, S("name"), node_copy_str(a, e->name));
	node_set(a, n, S("type"), node_from_int((unsigned char)e->type));
	if (e->type == TAR_PAX_GLOBAL)
		return n;
	node_set(a, n, S("link"), node_copy_str(a, e->link));
	node_set(a, n, S("mode"), node_from_int(e->mode));
	node_set(a, n, S("mtime"), node_from_int(e->mtime));
	node_set(a, n, S("dir"), node_from_bool(tar_is_dir(e)));
	node_set(a, n, S("bytes"), node_from_str(a, bytes));
	return n;
}

static err *list(struct arena *a, struct tar_reader *t, node output)
{
	for (;;) {
		struct tar_entry e;
		str bytes;
		bool more;

		TRY(tar_next(t, &e, &more));
		if (!more)
			return NULL;
		TRY(tar_read_all(t, a, &bytes));
		node_append(a, output, show(a, &e, bytes));
	}
}

/* {"tgz"}: the compressed archive -> its entries. */
static err *run_tar(struct arena *a, node request, node *output)
{
	struct stream_text from;
	struct tar_reader t;
	str text;

	TRY(gunzip(a, driver_text(a, request, "tgz"), &text));
	*output = node_seq(a, 0);
	stream_text_init(&from, text);
	tar_init(&t, &from.stream);
	err *e = list(a, &t, *output);

	tar_release(&t);
	return e;
}

static err *write_entry(struct arena *a, struct tar_writer *t, node entry)
{
	str bytes = driver_text(a, entry, "bytes");

	TRY(tar_write_entry(t, &(const struct tar_entry){
				       .name = driver_text(a, entry, "name"),
				       .link = driver_text(a, entry, "link"),
				       .type = (char)node_int(node_get(entry, S("type"))),
				       .mode = node_int(node_get(entry, S("mode"))),
				       .mtime = node_int(node_get(entry, S("mtime"))),
				       .size = bytes.n,
			       }));
	return tar_write_bytes(t, bytes);
}

/* {"entries":[...]} -> the archive; "tgz" holds the one that is wanted. */
static err *run_tar_write(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct sink_buf to;
	struct tar_writer t;
	str want;

	sink_buf_init(&to, &b, "archive");
	tar_writer_init(&t, &to.sink);
	node_each_item(entry, node_get(request, S("entries")))
		TRY(write_entry(a, &t, *entry));
	TRY(tar_finish(&t));
	TRY(gunzip(a, driver_text(a, request, "tgz"), &want));
	*output = node_from_bool(str_eq(want, buf_str(&b)));
	return NULL;
}

const struct driver_op driver_archive_ops[] = {
	{ "gunzip", run_gunzip },
	{ "tar", run_tar },
	{ "tar-write", run_tar_write },
	{ 0 },
};
