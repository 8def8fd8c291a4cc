#include "archive/tgz.h"

#include <stdlib.h>

#include "archive/name.h"
#include "base/map.h"
#include "base/sort.h"
#include "base/vec.h"

/* Up to so many bytes a tar is unpacked whole: it is faster, and the entries
 * need no copy. */
enum { WHOLE_MAX = 16 << 20 };

/* Headers and padding of one entry, a long name included. */
enum { OVERHEAD = 4 * TAR_BLOCK };

/* Counts what comes out of the gzip reader, headers and all. */
struct counted {
	struct stream stream;
	struct stream *from;
	uint64_t left, max;	/* max: the limit that a message names */
};

struct tgz {
	struct arena *a;
	struct tgz_limits limits;
	uint64_t left;			/* of the total */
	size_t count;
	struct stream_text input;
	struct gzip_reader *gzip;	/* NULL: all is unpacked already */
	struct counted counted;
	struct tar_reader tar;
};

static err *excess(int code, const char *what, uint64_t max)
{
	err *e = err_new(ERR_INVALID, "%s %llu", what, (unsigned long long)max);

	err_set_code(e, code);
	return e;
}

static err *read_counted(struct stream *s, char *to, size_t n, size_t *got)
{
	struct counted *c = (struct counted *)s;

	TRY(c->from->read(c->from, to, n, got));
	if (*got > c->left)
		return excess(ARCHIVE_TOO_LARGE, "archive is larger than the maximum size",
			      c->max);
	c->left -= *got;
	return NULL;
}

/* ---- reading ---------------------------------------------------------- */

/* What a tar within the limits may come to. */
static uint64_t tar_max(const struct tgz *t)
{
	return t->limits.total + OVERHEAD * (uint64_t)t->limits.entries;
}

/* The whole tar in the arena, or false: then it is read as a stream, which
 * also tells what is wrong with it. */
static bool unpack_whole(struct tgz *t, str text)
{
	size_t n = gzip_claimed(text);
	struct arena_mark mark = arena_mark(t->a);

	if (!n || n > WHOLE_MAX || n > tar_max(t))
		return false;
	char *to = arena_alloc(t->a, n);

	if (!gzip_read_exact(text, to, n)) {
		arena_rewind(t->a, mark);
		return false;
	}
	stream_text_init(&t->input, str_of(to, n));
	return true;
}

err *tgz_open(struct tgz **out, struct arena *a, str text, const struct tgz_limits *limits)
{
	struct tgz *t = mem_calloc(1, sizeof *t);

	t->a = a;
	if (limits)
		t->limits = *limits;
	if (!t->limits.total)
		t->limits.total = TGZ_TOTAL_MAX;
	if (!t->limits.entry || t->limits.entry > t->limits.total)
		t->limits.entry = t->limits.total;
	if (!t->limits.entries)
		t->limits.entries = TGZ_ENTRIES_MAX;
	t->left = t->limits.total;
	if (unpack_whole(t, text)) {
		tar_init(&t->tar, &t->input.stream);
		*out = t;
		return NULL;
	}
	stream_text_init(&t->input, text);
	err *e = gzip_open(&t->gzip, &t->input.stream);

	if (e) {
		free(t);
		return e;
	}
	t->counted = (struct counted){
		.stream.read = read_counted,
		.from = gzip_stream(t->gzip),
		.left = tar_max(t),
		.max = t->limits.total,
	};
	tar_init(&t->tar, &t->counted.stream);
	*out = t;
	return NULL;
}

void tgz_close(struct tgz *t)
{
	if (!t)
		return;
	tar_release(&t->tar);
	gzip_close(t->gzip);
	free(t);
}

void tgz_drop(struct tgz **t)
{
	tgz_close(*t);
	*t = NULL;
}

/* Behind the archive's end there may be padding; the sums come after it. */
static err *read_to_end(struct tgz *t)
{
	char piece[16 << 10];
	size_t got = t->gzip != NULL;

	while (got)
		TRY(t->counted.stream.read(&t->counted.stream, piece, sizeof piece, &got));
	return NULL;
}

err *tgz_next(struct tgz *t, struct tar_entry *out, str *bytes, bool *more)
{
	TRY(tar_next(&t->tar, out, more));
	if (!*more)
		return read_to_end(t);
	if (t->count++ == t->limits.entries)
		return excess(ARCHIVE_TOO_MANY, "archive has more entries than",
			      t->limits.entries);
	if (t->tar.left > t->left)
		return excess(ARCHIVE_TOO_LARGE, "archive is larger than the maximum size",
			      t->limits.total);
	if (t->tar.left > t->limits.entry)
		return excess(ARCHIVE_TOO_LARGE, "archive entry is larger than the maximum size",
			      t->limits.entry);
	t->left -= t->tar.left;
	return tar_read_all(&t->tar, t->a, bytes);
}

/* ---- writing ---------------------------------------------------------- */

static int by_name(const void *a, const void *b, void *ctx)
{
	(void)ctx;
	return str_cmp((*(const struct tgz_file *const *)a)->name,
		       (*(const struct tgz_file *const *)b)->name);
}

static err *check_names(const struct tgz_file *files, size_t n)
{
	CLEANUP(map_release) struct map seen = MAP_INIT;

	for (size_t i = 0; i < n; i++) {
		str name = str_trim_right_set(files[i].name, S("/"));

		TRY(archive_name_check(files[i].name));
		if (map_has(&seen, name))
			return err_new(ERR_EXISTS, "archive holds '%.*s' twice", STR_ARG(name));
		map_set(&seen, name, &seen);
	}
	return NULL;
}

static err *write_file(struct tar_writer *t, const struct tgz_file *f, const struct tgz_options *o)
{
	uint32_t file = o->file_mode ? o->file_mode : 0644;
	uint32_t exec = o->exec_mode ? o->exec_mode : 0755;
	uint32_t dir = o->dir_mode ? o->dir_mode : 0755;

	TRY(tar_write_entry(t, &(const struct tar_entry){
				       .name = f->name,
				       .type = f->dir ? TAR_DIR : TAR_FILE,
				       .mode = f->dir ? dir : f->exec ? exec : file,
				       .size = f->dir ? 0 : f->bytes.n,
				       .mtime = o->mtime,
			       }));
	return f->dir ? NULL : tar_write_bytes(t, f->bytes);
}

static err *write_all(struct gzip_writer *gzip, const struct tgz_file **files, size_t n,
		      const struct tgz_options *o)
{
	struct tar_writer tar;

	tar_writer_init(&tar, gzip_sink(gzip));
	for (size_t i = 0; i < n; i++)
		TRY(write_file(&tar, files[i], o));
	TRY(tar_finish(&tar));
	return gzip_finish(gzip);
}

err *tgz_write(const struct tgz_file *files, size_t n, const struct tgz_options *o, struct buf *out)
{
	static const struct tgz_options usual;
	struct sink_buf to;

	if (!o)
		o = &usual;
	TRY(check_names(files, n));
	const struct tgz_file **list = mem_calloc(n, sizeof *list);

	for (size_t i = 0; i < n; i++)
		list[i] = &files[i];
	if (!o->keep_order)
		sort_stable(list, n, sizeof *list, by_name, NULL);
	sink_buf_init(&to, out, "archive");
	struct gzip_writer *gzip = gzip_writer_new(&to.sink, o->level);
	err *e = write_all(gzip, list, n, o);

	gzip_writer_free(gzip);
	free(list);
	return e;
}
