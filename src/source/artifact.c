#include "source/artifact.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/gzip.h"
#include "archive/name.h"
#include "archive/tar.h"
#include "base/rand.h"
#include "source/artifact_impl.h"

/* The modes that Flux gives. */
enum { DIR_MODE = 0750, FILE_MODE = 0600, EXEC_MODE = 0700, STORE_MODE = 0700 };

/* ---- the store ----------------------------------------------------------- */

/* The directory of the store, made with those above it. Within it there are
 * links of ours: to the newest file of an object. */
static err *open_root(struct fs **out, str dir)
{
	static const struct fs_options inside = { .links = FS_LINKS_INSIDE };
	CLEANUP(fs_drop) struct fs *top = NULL;
	err *e = fs_open(out, dir, &inside);

	if (!e || err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e);
	TRY(fs_open(&top, str_starts(dir, S("/")) ? S("/") : S("."), &inside));
	TRY(fs_mkdir(top, str_trim_left_set(dir, S("/")), STORE_MODE));
	return fs_open(out, dir, &inside);
}

err *artifact_store_open(struct artifact_store **out, const struct artifact_options *o)
{
	struct fs *fs;

	TRY(open_root(&fs, o->dir));
	err *e = fs_remove_all(fs, S(ARTIFACT_TMP));

	if (!e)
		e = fs_mkdir(fs, S(ARTIFACT_TMP), STORE_MODE);
	if (e) {
		fs_close(fs);
		return e;
	}
	struct artifact_store *s = mem_calloc(1, sizeof *s);

	s->fs = fs;
	s->host = arena_str(&s->mem, o->host);
	s->ttl = o->ttl ? o->ttl : ARTIFACT_TTL;
	s->records = o->records ? o->records : ARTIFACT_RECORDS;
	s->algo = o->algo;
	pthread_mutex_init(&s->m, NULL);
	pthread_mutex_init(&s->publishing, NULL);
	pthread_cond_init(&s->made, NULL);
	pthread_mutex_init(&s->notes_lock, NULL);
	s->notes_fd = -1;
	*out = s;
	return NULL;
}

void artifact_store_close(struct artifact_store *s)
{
	if (!s)
		return;
	if (s->open)
		die_bug("an artifact is still open");
	artifact_store_rest(s);
	artifact_checks_release(&s->checks);
	artifact_notes_release(s);
	fs_close(s->trees);
	fs_close(s->fs);
	pthread_cond_destroy(&s->made);
	pthread_mutex_destroy(&s->m);
	pthread_mutex_destroy(&s->publishing);
	arena_release(&s->mem);
	free(s);
}

/* The packer that is kept, or NULL, now the caller's; `p` (taken, or NULL) is kept in its place. */
static struct gzip_packer *swap_packer(struct artifact_store *s, struct gzip_packer *p)
{
	pthread_mutex_lock(&s->m);
	struct gzip_packer *was = s->packer;

	s->packer = p;
	pthread_mutex_unlock(&s->m);
	return was;
}

void artifact_store_rest(struct artifact_store *s)
{
	if (s)
		gzip_packer_free(swap_packer(s, NULL));
}

enum digest_algo artifact_store_algo(const struct artifact_store *s)
{
	return s->algo;
}

void artifact_store_drop(struct artifact_store **s)
{
	artifact_store_close(*s);
}

/* ---- names ---------------------------------------------------------------- */

str artifact_path(struct arena *a, const struct artifact_owner *o, str file)
{
	return arena_cat(a, arena_lower(a, o->kind), S("/"), o->namespace, S("/"), o->name, S("/"), file);
}

static bool is_name(str s)
{
	return s.n && s.p[0] != '.' && str_find_char(s, '/') == STR_NPOS && archive_name_is_safe(s);
}

err *artifact_owner_dir(struct arena *a, const struct artifact_owner *o, str *out)
{
	if (!is_name(o->kind) || !is_name(o->namespace) || !is_name(o->name))
		return err_new(ERR_INVALID, "invalid name of an object: %.*s/%.*s/%.*s",
			       STR_ARG(o->kind), STR_ARG(o->namespace), STR_ARG(o->name));
	*out = arena_cat(a, arena_lower(a, o->kind), S("/"), o->namespace, S("/"), o->name);
	return NULL;
}

str artifact_url(const struct artifact_store *s, struct arena *a, str path)
{
	return arena_cat(a, str_has(s->host, S("://")) ? STR_NONE : S("http://"), s->host, S("/"),
			 path);
}

str artifact_temp_name(struct arena *a)
{
	char random[17];

	rand_name(random, 16);
	return arena_cat(a, S(ARTIFACT_TMP "/"), str_c(random));
}

/* ---- writing -------------------------------------------------------------- */

/* Counts and hashes what goes into the file. As much as is held is not written before it
 * is known whether the same bytes lie there already. */
enum { HELD = 1 << 20 };

struct file_sink {
	struct sink sink;
	const struct fs *fs;
	str temp;	/* the file's first name */
	int fd;		/* -1: all of it is held, or was closed */
	bool there;	/* the file was made */
	struct buf held;
	uint64_t n;
	struct digest_hash hash;
};

/* From here on there is a file. */
static err *spill(struct file_sink *f)
{
	if (f->there)
		return NULL;
	TRY(fs_create_open(f->fs, f->temp, FILE_MODE, &f->fd));
	f->there = true;
	err *e = fs_write_all(f->fd, buf_str(&f->held), "write artifact");

	buf_release(&f->held);
	return e;
}

static err *write_file(struct sink *sink, str bytes)
{
	struct file_sink *f = (struct file_sink *)sink;

	if (bytes.n > ARTIFACT_BYTES_MAX - f->n)
		return err_new(ERR_INVALID, "artifact is larger than %llu bytes",
			       (unsigned long long)ARTIFACT_BYTES_MAX);
	digest_hash_add(&f->hash, bytes);
	f->n += bytes.n;
	if (f->n > HELD)
		TRY(spill(f));
	if (f->there)
		return fs_write_all(f->fd, bytes, "write artifact");
	buf_add(&f->held, bytes);
	return NULL;
}

struct writing {
	const struct filelist *l;
	const struct ignore *ignore;
	struct tar_writer tar;
	str dir; /* whose entry was written last, or left out */
};

static err *write_dir(struct writing *w, str dir)
{
	if (!dir.n || (w->ignore && ignore_match(w->ignore, dir, true)))
		return NULL;
	TRY(archive_name_check(dir));
	return tar_write_entry(&w->tar, &(const struct tar_entry){
						.name = dir, .type = TAR_DIR, .mode = DIR_MODE });
}

/* The directories down to the one of `path` that have no entry yet. */
static err *write_dirs(struct writing *w, str path)
{
	for (size_t i = 0; i < path.n; i++) {
		str dir = str_sub(path, 0, i);

		if (path.p[i] != '/' ||
		    (str_starts(w->dir, dir) && (w->dir.n == i || w->dir.p[i] == '/')))
			continue;
		TRY(write_dir(w, dir));
		w->dir = dir;
	}
	size_t slash = str_rfind_char(path, '/');

	w->dir = slash == STR_NPOS ? STR_NONE : str_sub(path, 0, slash);
	return NULL;
}

static err *write_entry(struct writing *w, const struct filelist_entry *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str bytes;

	TRY(write_dirs(w, e->path));
	if (e->type == FILELIST_DIR) {
		TRY(write_dir(w, e->path));
		w->dir = e->path;
		return NULL;
	}
	if (e->type == FILELIST_LINK || (w->ignore && ignore_match(w->ignore, e->path, false)))
		return NULL;
	TRY(archive_name_check(e->path));
	TRY(filelist_read(w->l, e, &a, &bytes));
	TRY(tar_write_entry(&w->tar,
			    &(const struct tar_entry){
				    .name = e->path,
				    .type = TAR_FILE,
				    .mode = e->type == FILELIST_EXEC ? EXEC_MODE : FILE_MODE,
				    .size = bytes.n,
			    }));
	return tar_write_bytes(&w->tar, bytes);
}

static err *write_list(struct file_sink *file, const struct filelist *l,
		       const struct ignore *ignore, struct gzip_packer *packer)
{
	struct gzip_writer *gzip = gzip_writer_new(&file->sink, 0);
	struct writing w = { .l = l, .ignore = ignore };
	err *e = NULL;

	gzip_writer_use(gzip, packer);
	tar_writer_init(&w.tar, gzip_sink(gzip));
	for (size_t i = 0; !e && i < l->entries.n; i++)
		e = write_entry(&w, &l->entries.p[i]);
	if (!e)
		e = tar_finish(&w.tar);
	if (!e)
		e = gzip_finish(gzip);
	gzip_writer_free(gzip);
	return e;
}

/* What is written into the new file: a list, what a function writes, or bytes. */
struct content {
	const struct filelist *l;
	const struct ignore *ignore;
	artifact_fill *fill;
	void *ctx;
	str bytes;
};

/* Small artifacts, one after the other, are packed in the same memory. */
static err *pack_list(struct artifact_store *s, struct file_sink *f, const struct content *c)
{
	struct gzip_packer *p = swap_packer(s, NULL);

	if (!p)
		p = gzip_packer_new(0);
	err *e = write_list(f, c->l, c->ignore, p);

	gzip_packer_free(swap_packer(s, p));
	return e;
}

static err *write_content(struct artifact_store *s, struct file_sink *f, const struct content *c)
{
	if (c->l)
		return pack_list(s, f, c);
	return c->fill ? c->fill(c->ctx, &f->sink) : write_file(&f->sink, c->bytes);
}

/* Some file systems tell only now what they could not write. */
static err *close_file(struct file_sink *f)
{
	int fd = f->fd;

	f->fd = -1;
	return fd >= 0 && close(fd) ? err_errno(errno, "close artifact") : NULL;
}

/* The same bytes lie there already: one file, two names. */
static bool share_file(struct artifact_store *s, struct arena *a, const struct artifact *made)
{
	str twin, link = artifact_temp_name(a);

	if (!artifact_find_twin(s, a, made->path, made->digest, &twin))
		return false;
	err *e = fs_link(s->fs, twin, made->path);

	if (e && err_kind(e) == ERR_EXISTS) {
		err_free(e);
		e = fs_link(s->fs, twin, link);
		if (!e)
			e = fs_rename(s->fs, link, made->path);
		/* Also where both were names of one file, which does nothing. */
		err_free(fs_remove_all(s->fs, link));
	}
	bool shared = !e;

	err_free(e); /* then there are two files */
	return shared;
}

/* Give the bytes their name. One at a time, so that of equal ones that come at once all but
 * the first find it. */
static err *publish(struct artifact_store *s, struct arena *a, const struct artifact *made,
		    struct file_sink *f)
{
	err *e = NULL;

	pthread_mutex_lock(&s->publishing);
	if (!share_file(s, a, made)) {
		e = spill(f);
		if (!e)
			e = close_file(f);
		if (!e)
			e = fs_rename(s->fs, f->temp, made->path);
	}
	if (!e)
		artifact_remember_check(s, made);
	pthread_mutex_unlock(&s->publishing);
	return e;
}

static err *make_file(struct artifact_store *s, struct arena *a, const struct content *c,
		      struct file_sink *f, struct artifact *made)
{
	TRY(digest_hash_init(&f->hash, s->algo));
	err *e = write_content(s, f, c);

	if (!e)
		made->digest = digest_hash_end(&f->hash, a);
	made->size = f->n;
	digest_hash_release(&f->hash);
	return e ? e : publish(s, a, made, f);
}

static err *store(struct artifact_store *s, struct arena *a, const struct artifact_owner *o,
		  str file, str revision, const struct content *c, struct artifact *out)
{
	struct artifact made = { .revision = arena_str(a, revision) };
	struct file_sink f = { .sink.write = write_file, .fs = s->fs, .fd = -1,
			       .held = BUF_LIMIT(HELD), .temp = artifact_temp_name(a) };
	str dir;

	if (!is_name(file))
		return err_new(ERR_INVALID, "invalid name of an artifact: %.*s", STR_ARG(file));
	TRY(artifact_owner_dir(a, o, &dir));
	TRY(fs_mkdir(s->fs, dir, STORE_MODE));
	made.path = arena_cat(a, dir, S("/"), file);
	err *e = make_file(s, a, c, &f, &made);

	buf_release(&f.held);
	err_free(close_file(&f));
	if (f.there)	/* what was not renamed */
		err_free(fs_remove_all(s->fs, f.temp));
	if (e)
		return e;
	made.url = artifact_url(s, a, made.path);
	made.time = clock_wall();
	*out = made;
	return NULL;
}

err *artifact_add_list(struct artifact_store *s, struct arena *a, const struct artifact_owner *o,
		       str file, str revision, const struct filelist *l,
		       const struct ignore *ignore, struct artifact *out)
{
	struct content c = { .l = l, .ignore = ignore };

	if (!l->sorted)
		die_bug("list of files is not sorted");
	return store(s, a, o, file, revision, &c, out);
}

err *artifact_add_bytes(struct artifact_store *s, struct arena *a, const struct artifact_owner *o,
			str file, str revision, str bytes, struct artifact *out)
{
	struct content c = { .bytes = bytes };

	return store(s, a, o, file, revision, &c, out);
}

err *artifact_add_filled(struct artifact_store *s, struct arena *a, const struct artifact_owner *o,
			 str file, str revision, artifact_fill *fill, void *ctx,
			 struct artifact *out)
{
	struct content c = { .fill = fill, .ctx = ctx };

	return store(s, a, o, file, revision, &c, out);
}

err *artifact_link(struct artifact_store *s, const struct artifact_owner *o, str file, str name)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str dir, temp = artifact_temp_name(&a);

	if (!is_name(file) || !is_name(name))
		return err_new(ERR_INVALID, "invalid name of an artifact: %.*s", STR_ARG(name));
	TRY(artifact_owner_dir(&a, o, &dir));
	str path = arena_cat(&a, dir, S("/"), name), was;
	err *e = fs_read_link(s->fs, &a, path, &was);

	if (!e && str_eq(was, file))
		return NULL;
	err_free(e);
	str at = arena_cat(&a, fs_root(s->fs), S("/"), temp);

	if (symlink(arena_str(&a, file).p, at.p))
		return err_errno(errno, "symlink %.*s", STR_ARG(name));
	e = fs_rename(s->fs, temp, path);
	if (e)
		err_free(fs_remove_all(s->fs, temp));
	return e;
}

err *artifact_unlink(struct artifact_store *s, const struct artifact_owner *o, str name)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct fs_info info;
	str dir;

	TRY(artifact_owner_dir(&a, o, &dir));
	str path = arena_cat(&a, dir, S("/"), name);
	err *e = fs_lstat(s->fs, path, &info);

	if (e || info.type != FS_LINK) {
		err_free(e);
		return NULL;
	}
	return fs_remove(s->fs, path);
}

/* ---- checking ------------------------------------------------------------- */

bool artifact_exists(const struct artifact_store *s, str path)
{
	struct fs_info info;
	err *e = fs_lstat(s->fs, path, &info);

	err_free(e);
	return !e && info.type == FS_FILE;
}

err *artifact_digest_file(struct artifact_store *s, struct arena *a, str path,
			  enum digest_algo algo, str *out)
{
	CLEANUP(digest_hash_release) struct digest_hash h = { 0 };
	char piece[64 << 10];
	int fd;
	ssize_t n;

	TRY(digest_hash_init(&h, algo));
	TRY(fs_open_file(s->fs, path, &fd, NULL));
	while ((n = read(fd, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			digest_hash_add(&h, str_of(piece, (size_t)n));
	int code = errno;

	close(fd);
	if (n < 0)
		return err_errno(code, "read %.*s", STR_ARG(path));
	*out = digest_hash_end(&h, a);
	return NULL;
}

err *artifact_verify(struct artifact_store *s, const struct artifact *artifact)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct fs_info info;
	struct digest want;
	str have;

	if (!artifact->digest.n)
		return err_new(ERR_INVALID, "artifact has no digest");
	err *e = digest_parse(&want, artifact->digest);

	if (e)
		return err_wrap(e, "failed to parse artifact digest '%.*s'",
				STR_ARG(artifact->digest));
	TRY(fs_lstat(s->fs, artifact->path, &info));
	if (info.type != FS_FILE)
		return err_new(ERR_INVALID, "'%.*s' is no file", STR_ARG(artifact->path));
	if (artifact_is_checked(s, artifact, &info))
		return NULL;
	TRY(artifact_digest_file(s, &a, artifact->path, want.algo, &have));
	if (!str_eq(have, artifact->digest))
		return err_new(ERR_INVALID, "computed digest doesn't match '%.*s'",
			       STR_ARG(artifact->digest));
	artifact_remember_check(s, artifact);
	return NULL;
}

/* ---- serving -------------------------------------------------------------- */

static bool is_served(str path)
{
	str name;

	if (!path.n || str_ends(path, S("/")) || str_ends(path, S(".lock")))
		return false;
	while (str_cut(&path, &name, '/'))
		if (!name.n || name.p[0] == '.')
			return false;
	return true;
}

err *artifact_open_file(const struct artifact_store *s, str path, int *fd, uint64_t *size)
{
	struct fs_info info;

	if (!is_served(path))
		return err_new(ERR_NOT_FOUND, "404 page not found");
	err *e = fs_open_file(s->fs, path, fd, &info);

	if (e) {
		err_free(e);
		return err_new(ERR_NOT_FOUND, "404 page not found");
	}
	*size = info.size;
	return NULL;
}
