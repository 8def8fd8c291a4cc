/* flux_artifact_archive - directories as the compressed tars that artifacts are. */
#include "archive/tgz.h"
#include "cli/flux_artifact.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { FILE_MODE = 0600, EXEC_MODE = 0700, DIR_MODE = 0750 };
enum { DEPTH_MAX = 100, STDIN_MAX = 64 << 20 };

static str base_name(str path)
{
	size_t slash;

	path = str_trim_right_set(path, S("/"));
	slash = str_rfind_char(path, '/');
	return slash == STR_NPOS ? path : str_from(path, slash + 1);
}

err *flux_archive_check(struct cli *c, str path)
{
	struct stat st;

	if (stat(arena_str(c->arena, path).p, &st))
		return err_errno(errno, "stat %.*s", STR_ARG(path));
	return NULL;
}

/* ---- links --------------------------------------------------------------- */

/* Directories that are being walked: a link back to one of them ends there. */
struct walk {
	struct cli *c;
	struct filelist *l;
	const char *stack[DEPTH_MAX];
	size_t depth;
};

static err *add_resolved(struct walk *w, const char *dir, str at);

static err *add_entry(struct walk *w, const char *path, str at)
{
	struct arena *a = w->c->arena;
	char real[PATH_MAX];
	struct stat st;
	str text;

	if (!realpath(path, real))
		return err_wrap(err_errno(errno, "lstat %s", path), "resolving symlink %s", path);
	if (stat(real, &st))
		return err_errno(errno, "stat %s", real);
	if (S_ISDIR(st.st_mode)) {
		TRY(filelist_add(w->l, (struct filelist_entry){ .path = at,
								.type = FILELIST_DIR }));
		return add_resolved(w, arena_str(a, str_c(real)).p, at);
	}
	if (!S_ISREG(st.st_mode))
		return NULL;
	TRY(fs_read_any(a, str_c(real), FILELIST_FILE_MAX, &text));
	return filelist_add(w->l, (struct filelist_entry){
					  .path = at,
					  .type = st.st_mode & 0111 ? FILELIST_EXEC
								    : FILELIST_FILE,
					  .from = FILELIST_TEXT,
					  .text = text });
}

static err *add_resolved(struct walk *w, const char *dir, str at)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;
	struct arena *a = w->c->arena;
	struct fs_entry *entries;
	size_t n;

	for (size_t i = 0; i < w->depth; i++)
		if (!strcmp(w->stack[i], dir))
			return NULL;
	if (w->depth == DEPTH_MAX)
		return err_new(ERR_INVALID, "%s: more than %d directories deep", dir, DEPTH_MAX);
	w->stack[w->depth++] = dir;
	TRY(fs_open(&fs, str_c(dir), NULL));
	TRY(fs_list(fs, a, STR_NONE, FS_ENTRIES_MAX, &entries, &n));
	for (size_t i = 0; i < n; i++) {
		str name = entries[i].name;

		if (str_eq(name, S(".git")))
			continue;
		TRY(add_entry(w, arena_cat(a, str_c(dir), S("/"), name).p,
			      at.n ? arena_cat(a, at, S("/"), name) : name));
	}
	w->depth--;
	return NULL;
}

/* ---- lists --------------------------------------------------------------- */

static err *add_stdin(struct cli *c, struct filelist *l)
{
	str text;

	TRY(fs_read_any(c->arena, S("/dev/stdin"), STDIN_MAX, &text));
	return filelist_add(l, (struct filelist_entry){ .path = S("stdin.yaml"),
							.from = FILELIST_TEXT,
							.text = str_trim_right_set(text, S("\r\n")) });
}

static err *add_file(struct cli *c, struct filelist *l, str path, bool exec)
{
	str text;

	TRY(fs_read_any(c->arena, path, FILELIST_FILE_MAX, &text));
	return filelist_add(l, (struct filelist_entry){
				       .path = base_name(path),
				       .type = exec ? FILELIST_EXEC : FILELIST_FILE,
				       .from = FILELIST_TEXT,
				       .text = text });
}

/* `fs` stays open as long as the list is used. */
static err *list_path(struct cli *c, const struct flux_archive *o, str path, struct filelist *l,
		      struct fs **fs)
{
	const char *name = arena_str(c->arena, path).p;
	char real[PATH_MAX];
	struct stat st;

	if (str_eq(path, S("-")))
		return add_stdin(c, l);
	if (stat(name, &st))
		return err_errno(errno, "stat %s", name);
	if (!S_ISDIR(st.st_mode))
		return add_file(c, l, path, st.st_mode & 0111);
	if (!o->resolve_links) {
		TRY(fs_open(fs, path, NULL));
		return filelist_add_dir(l, *fs, STR_NONE, STR_NONE);
	}
	if (!realpath(name, real))
		return err_errno(errno, "lstat %s", name);
	struct walk w = { .c = c, .l = l };

	return add_resolved(&w, arena_str(c->arena, str_c(real)).p, STR_NONE);
}

static struct ignore *ignored(struct cli *c, const struct flux_archive *o)
{
	struct ignore *ig = ignore_new(c->arena);

	for (size_t i = 0; i < o->ignore.n; i++)
		ignore_add(ig, o->ignore.p[i], STR_NONE);
	for (size_t i = 0; i < o->add_ignore.n; i++)
		ignore_add(ig, o->add_ignore.p[i], STR_NONE);
	return ig;
}

/* ---- packing ------------------------------------------------------------- */

typedef VEC(struct tgz_file) file_list;

static err *read_files(struct cli *c, const struct filelist *l, const struct ignore *ig,
		       file_list *files)
{
	uint64_t total = 0;

	for (size_t i = 0; i < l->entries.n; i++) {
		const struct filelist_entry *e = &l->entries.p[i];
		struct tgz_file f = { .name = e->path,
				      .dir = e->type == FILELIST_DIR,
				      .exec = e->type == FILELIST_EXEC };

		if (e->type == FILELIST_LINK || ignore_match(ig, e->path, f.dir))
			continue;
		if (!f.dir)
			TRY(filelist_read(l, e, c->arena, &f.bytes));
		total += f.bytes.n;
		if (total > FLUX_ARCHIVE_MAX)
			return err_new(ERR_INVALID, "files have more than %d bytes",
				       FLUX_ARCHIVE_MAX);
		avec_push(c->arena, files, f);
	}
	return NULL;
}

err *flux_archive_make(struct cli *c, const struct flux_archive *o, str path, str *out)
{
	CLEANUP(fs_drop) struct fs *fs = NULL;
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(FLUX_ARCHIVE_MAX);
	struct filelist l = FILELIST_INIT(c->arena);
	struct tgz_options options = { .file_mode = FILE_MODE,
				       .exec_mode = EXEC_MODE,
				       .dir_mode = DIR_MODE,
				       .keep_order = true };
	file_list files = { 0 };

	TRY(list_path(c, o, path, &l, &fs));
	TRY(filelist_sort(&l));
	TRY(read_files(c, &l, ignored(c, o), &files));
	TRY(tgz_write(files.p, files.n, &options, &b));
	TRY(buf_check(&b, "artifact"));
	*out = arena_str(c->arena, buf_str(&b));
	return NULL;
}
