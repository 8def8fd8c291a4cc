#include "base/sort.h"
#include "source/artifact_impl.h"

struct old_file {
	str path;
	int64_t mtime;
	bool expired;
};

typedef VEC(struct old_file) old_files;

static int by_time(const void *a, const void *b, void *ctx)
{
	const struct old_file *x = a, *y = b;

	(void)ctx;
	return x->mtime < y->mtime ? -1 : x->mtime > y->mtime;
}

static err *remove_lock(struct artifact_store *s, str path)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	return fs_remove_all(s->fs, arena_cat(&a, path, S(".lock")));
}

/* False: another file has the same bytes, and so the same unpacked form. */
static bool forget_tree(struct artifact_store *s, str path, str digest)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str twin;

	if (artifact_find_twin(s, &a, path, digest, &twin))
		return false;
	artifact_forget_tree(s, digest);
	return true;
}

err *artifact_remove_file(struct artifact_store *s, str path)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str digest = STR_NONE;

	/* The unpacked form is found by the digest, so it goes first; unless another
	 * object has the same, which may be going at the same time. */
	if (str_ends(path, S(".tar.gz")))
		err_free(artifact_digest_file(s, &a, path, s->algo, &digest));
	bool shared = digest.n && !forget_tree(s, path, digest);

	artifact_forget_check(s, path);
	TRY(fs_remove(s->fs, path));
	if (shared)
		forget_tree(s, path, digest);
	return remove_lock(s, path);
}

err *artifact_remove(struct artifact_store *s, str path)
{
	return artifact_exists(s, path) ? artifact_remove_file(s, path) : NULL;
}

/* The object's files, but links and locks; the current one counts, too, whatever its age. */
static err *list_files(struct artifact_store *s, struct arena *a, str dir, str current,
		       old_files *out)
{
	struct fs_entry *entries;
	int64_t now = clock_wall();
	size_t n;

	TRY(fs_list(s->fs, a, dir, FS_ENTRIES_MAX, &entries, &n));
	for (size_t i = 0; i < n && out->n < ARTIFACT_GC_FILES_MAX; i++) {
		str path = arena_cat(a, dir, S("/"), entries[i].name);
		struct fs_info info = { 0 };

		if (entries[i].type != FS_FILE || str_ends(path, S(".lock")))
			continue;
		if (!str_eq(path, current))
			TRY(fs_lstat(s->fs, path, &info));
		avec_push(a, out, (struct old_file){ path, info.mtime, now - info.mtime > s->ttl });
	}
	sort_stable(out->p, out->n, sizeof *out->p, by_time, NULL);
	return NULL;
}

err *artifact_collect(struct artifact_store *s, const struct artifact_owner *o, str current,
		      size_t *removed)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	old_files files = { 0 };
	size_t left;
	str dir;

	*removed = 0;
	TRY(artifact_owner_dir(&a, o, &dir));
	err *e = list_files(s, &a, dir, current, &files);

	if (e && !fs_is_dir(s->fs, dir)) {
		err_free(e);
		return NULL;
	}
	if (e)
		return e;
	left = files.n;
	for (size_t i = 0; i < files.n; i++)
		left -= files.p[i].expired && !str_eq(files.p[i].path, current);
	for (size_t i = 0; i < files.n; i++) {
		const struct old_file *f = &files.p[i];

		if (str_eq(f->path, current))
			continue;
		if (!f->expired && left <= s->records)
			continue;
		left -= !f->expired;
		TRY(artifact_remove_file(s, f->path));
		++*removed;
	}
	return NULL;
}

err *artifact_remove_all(struct artifact_store *s, const struct artifact_owner *o, bool *any)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	old_files files = { 0 };
	str dir;

	TRY(artifact_owner_dir(&a, o, &dir));
	*any = fs_is_dir(s->fs, dir);
	if (!*any)
		return NULL;
	TRY(list_files(s, &a, dir, STR_NONE, &files));
	for (size_t i = 0; i < files.n; i++)
		TRY(artifact_remove_file(s, files.p[i].path));
	return fs_remove_all(s->fs, dir);
}
