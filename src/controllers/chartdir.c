#include "controllers/chartdir.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/fs.h"
#include "crypto/sha256.h"
#include "helm/pack.h"
#include "text/gotime.h"
#include "value/json.h"

enum { ENTRIES_MAX = 10000, ARCHIVE_MAX = 64 << 20 };

struct chartdir {
	struct fs *fs;
	struct arena mem;
	str dir;
};

err *chartdir_open(struct chartdir **out, str dir)
{
	struct fs *fs;

	TRY(fs_open(&fs, dir, NULL));
	struct chartdir *d = mem_calloc(1, sizeof *d);

	d->fs = fs;
	d->dir = arena_str(&d->mem, dir);
	*out = d;
	return NULL;
}

void chartdir_free(struct chartdir *d)
{
	if (!d)
		return;
	fs_close(d->fs);
	arena_release(&d->mem);
	free(d);
}

/* A chart that lies there as a folder, packed; the same folder gives the same bytes. */
static err *pack(struct chartdir *d, struct arena *a, str folder, struct chart **chart,
		 struct buf *out)
{
	str shown = folder.n ? arena_cat(a, d->dir, S("/"), folder) : d->dir;

	TRY(chart_load_dir(a, d->fs, folder, shown, NULL, chart));
	return pack_chart(a, *chart, 0, out);
}

/* Copies into `a`, where the entries are. */
static err *add(struct chartdir *d, struct arena *a, node entries, const struct chart *c, str file,
		str of, str bytes)
{
	CLEANUP(arena_release) struct arena own = ARENA_INIT;
	node one = node_copy_all(a, meta_tree(&own, &c->meta)), urls = node_seq(a, 1);
	CLEANUP(buf_release) struct buf time = BUF_INIT;
	char hex[SHA256_HEX + 1];
	struct fs_info info = { 0 };

	sha256_hex(bytes, hex);
	node_append(a, urls, node_copy_str(a, file));
	/* As old as its file: the same charts make the same index. */
	err_free(fs_stat(d->fs, of, &info));
	gotime_format(&time, gotime_utc(info.mtime / CLOCK_SECOND, 0), GOTIME_RFC3339);
	node_set(a, one, S("urls"), urls);
	node_set(a, one, S("digest"), node_copy_str(a, str_c(hex)));
	node_set(a, one, S("created"), node_copy_str(a, buf_str(&time)));
	node list = node_get(entries, c->meta.name);

	if (list.kind != NODE_SEQ) {
		list = node_seq(a, 4);
		node_set(a, entries, arena_str(a, c->meta.name), list);
	}
	node_append(a, list, one);
	return NULL;
}

/* What is no chart is passed over, as by Helm. */
static err *add_entry(struct chartdir *d, struct arena *to, node entries, const struct fs_entry *e)
{
	CLEANUP(arena_release) struct arena own = ARENA_INIT;
	struct arena *a = &own;
	CLEANUP(buf_release) struct buf packed = BUF_LIMIT(ARCHIVE_MAX);
	struct chart *c;
	str bytes;

	if (e->type == FS_DIR) {
		str meta = arena_cat(a, e->name, S("/Chart.yaml"));

		if (!fs_is_file(d->fs, meta))
			return NULL;
		TRY(pack(d, a, e->name, &c, &packed));
		return add(d, to, entries, c, pack_name(a, c), meta, buf_str(&packed));
	}
	if (!str_ends(e->name, S(".tgz")))
		return NULL;
	TRY(fs_read(d->fs, a, e->name, ARCHIVE_MAX, &bytes));
	TRY(chart_load_archive(a, bytes, NULL, &c));
	return add(d, to, entries, c, e->name, e->name, bytes);
}

static err *add_all(struct chartdir *d, struct arena *a, node entries)
{
	CLEANUP(buf_release) struct buf packed = BUF_LIMIT(ARCHIVE_MAX);
	struct fs_entry *list;
	struct chart *c;
	size_t n;

	if (fs_is_file(d->fs, S("Chart.yaml"))) {
		TRY(pack(d, a, STR_NONE, &c, &packed));
		return add(d, a, entries, c, pack_name(a, c), S("Chart.yaml"), buf_str(&packed));
	}
	TRY(fs_list(d->fs, a, STR_NONE, ENTRIES_MAX, &list, &n));
	for (size_t i = 0; i < n; i++) {
		err *e = add_entry(d, a, entries, &list[i]);

		if (e)
			return err_wrap(e, "%.*s/%.*s", STR_ARG(d->dir), STR_ARG(list[i].name));
	}
	return NULL;
}

static err *write_index(struct chartdir *d, struct buf *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node index = node_map(&a, 2), entries = node_map(&a, 8);

	node_set(&a, index, S("apiVersion"), node_lit("v1"));
	node_set(&a, index, S("entries"), entries);
	TRY(add_all(d, &a, entries));
	return json_write(out, index, NULL);
}

/* A folder whose packed name it is. */
static err *find_folder(struct chartdir *d, struct arena *a, str file, struct buf *out)
{
	struct fs_entry *list;
	struct chart *c;
	size_t n = 1;

	if (fs_is_file(d->fs, S("Chart.yaml")))
		list = &(struct fs_entry){ .type = FS_DIR };
	else
		TRY(fs_list(d->fs, a, STR_NONE, ENTRIES_MAX, &list, &n));
	for (size_t i = 0; i < n; i++) {
		str folder = list[i].name;

		if (list[i].type != FS_DIR ||
		    !fs_is_file(d->fs, folder.n ? arena_cat(a, folder, S("/Chart.yaml"))
						: S("Chart.yaml")))
			continue;
		buf_clear(out);
		TRY(pack(d, a, folder, &c, out));
		if (str_eq(pack_name(a, c), file))
			return NULL;
	}
	return err_new(ERR_NOT_FOUND, "no chart %.*s", STR_ARG(file));
}

err *chartdir_get(struct chartdir *d, str file, struct buf *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str bytes;

	if (str_eq(file, S("index.yaml")))
		return write_index(d, out);
	if (str_find_char(file, '/') != STR_NPOS || !str_ends(file, S(".tgz")))
		return err_new(ERR_NOT_FOUND, "no chart %.*s", STR_ARG(file));
	err *e = fs_read(d->fs, &a, file, ARCHIVE_MAX, &bytes);

	if (!e) {
		buf_add(out, bytes);
		return NULL;
	}
	err_free(e);
	return find_folder(d, &a, file, out);
}
