#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/artifact_impl.h"

#include "source/download.h"

enum { TREE_MODE = 0700, BOOT_ID_MAX = 64 };

/* ---- where they are -------------------------------------------------------- */

/* Trees are not synced, so those that were written before the machine last
 * started are not believed: each boot has a directory of its own. */
static err *open_trees(struct artifact_store *s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct fs_entry *entries;
	size_t n;
	str boot;
	err *e = fs_read_any(&a, S("/proc/sys/kernel/random/boot_id"), BOOT_ID_MAX, &boot);

	if (e) {
		err_free(e);
		boot = S("boot");
	}
	boot = arena_cat(&a, S(ARTIFACT_TREES "/"), str_trim(boot));
	TRY(fs_mkdir(s->fs, boot, TREE_MODE));
	TRY(fs_list(s->fs, &a, S(ARTIFACT_TREES), FS_ENTRIES_MAX, &entries, &n));
	for (size_t i = 0; i < n; i++) {
		str other = arena_cat(&a, S(ARTIFACT_TREES "/"), entries[i].name);

		if (!str_eq(other, boot))
			TRY(fs_remove_all(s->fs, other));
	}
	return fs_open_below(&s->trees, s->fs, boot);
}

/* "sha256-<hex>" */
static str tree_name(struct arena *a, str digest)
{
	str algo, hex;

	str_split(digest, ':', &algo, &hex);
	return arena_cat(a, algo, S("-"), hex);
}

/* ---- making one ------------------------------------------------------------ */

static err *unpack_into(struct artifact_store *s, str temp, str bytes)
{
	static const struct unpack_options o = {
		.limits = { .total = ARTIFACT_BYTES_MAX, .entries = FILELIST_MAX },
		.skip_links = true,
	};
	CLEANUP(fs_drop) struct fs *to = NULL;

	TRY(fs_mkdir(s->fs, temp, TREE_MODE));
	TRY(fs_open_below(&to, s->fs, temp));
	return unpack_tgz(to, bytes, &o);
}

static err *unpack_checked(struct artifact_store *s, struct arena *a,
			   const struct artifact *artifact, str name, int fd, uint64_t size)
{
	void *map = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
	str temp = artifact_temp_name(a);

	if (map == MAP_FAILED)
		return err_errno(errno, "map %.*s", STR_ARG(artifact->path));
	str bytes = str_of(map, size);
	err *e = download_check(bytes, artifact->digest);

	if (!e)
		e = unpack_into(s, temp, bytes);
	if (map)
		munmap(map, size);
	if (!e)
		e = fs_rename(s->fs, temp, name);
	if (e)
		err_free(fs_remove_all(s->fs, temp));
	return e;
}

/* Open the tree of that digest; unpack it first where it is not there. */
static err *make(struct artifact_store *s, const struct artifact *artifact, struct fs **out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str name = tree_name(&a, artifact->digest), root = fs_root(s->trees);
	struct fs_info info;
	struct digest d;
	int fd;
	err *e = digest_parse(&d, artifact->digest);

	if (e)
		return err_wrap(e, "failed to parse digest '%.*s'", STR_ARG(artifact->digest));
	if (!fs_is_dir(s->trees, name)) {
		str below = arena_cat(&a, str_from(root, fs_root(s->fs).n + 1), S("/"), name);

		TRY(fs_open_file(s->fs, artifact->path, &fd, &info));
		e = unpack_checked(s, &a, artifact, below, fd, info.size);
		close(fd);
		if (e)
			return e;
	}
	/* Messages show paths as they are in the artifact. */
	return fs_open(out, arena_cat(&a, root, S("/"), name),
		       &(struct fs_options){ .links = FS_LINKS_REFUSE, .show_below = true });
}

/* ---- sharing them ---------------------------------------------------------- */

static struct artifact_tree *find_tree(struct artifact_store *s, str digest)
{
	struct artifact_tree *t = s->open;

	while (t && !str_eq(t->digest, digest))
		t = t->next;
	return t;
}

static void unlink_tree(struct artifact_store *s, struct artifact_tree *t)
{
	struct artifact_tree **at = &s->open;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
}

static void free_tree(struct artifact_tree *t)
{
	fs_close(t->fs);
	free((char *)t->digest.p);
	free(t);
}

static struct artifact_tree *new_tree(struct artifact_store *s, str digest)
{
	struct artifact_tree *t = mem_calloc(1, sizeof *t);
	struct buf b = BUF_INIT;

	buf_add(&b, digest);
	t->digest.p = buf_detach(&b, &t->digest.n);
	t->store = s;
	t->refs = 1;
	t->next = s->open;
	s->open = t;
	return t;
}

err *artifact_open(struct artifact_store *s, const struct artifact *artifact,
		   struct artifact_tree **out)
{
	struct artifact_tree *t;
	err *e = NULL;

	if (!artifact->digest.n)
		return err_new(ERR_INVALID, "empty digest");
	pthread_mutex_lock(&s->m);
	/* One unpacks, the others wait for it; when it fails, the next tries. */
	while ((t = find_tree(s, artifact->digest)) && !t->fs)
		pthread_cond_wait(&s->made, &s->m);
	if (t)
		t->refs++;
	else if (!s->trees)
		e = open_trees(s);
	if (!t && !e) {
		struct fs *fs = NULL;

		t = new_tree(s, artifact->digest);
		pthread_mutex_unlock(&s->m);
		e = make(s, artifact, &fs);
		pthread_mutex_lock(&s->m);
		t->fs = fs;
		if (e) {
			unlink_tree(s, t);
			free_tree(t);
		}
		pthread_cond_broadcast(&s->made);
	}
	pthread_mutex_unlock(&s->m);
	if (!e)
		*out = t;
	return e;
}

const struct fs *artifact_tree_fs(const struct artifact_tree *t)
{
	return t->fs;
}

/* Moved away first, so that it is never seen half removed. */
static void remove_tree(struct artifact_store *s, str digest)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str root = fs_root(s->trees), temp = artifact_temp_name(&a);
	str below =
		arena_cat(&a, str_from(root, fs_root(s->fs).n + 1), S("/"), tree_name(&a, digest));
	err *e = fs_rename(s->fs, below, temp);

	if (!e)
		e = fs_remove_all(s->fs, temp);
	err_free(e); /* what is left is removed at the next start */
}

void artifact_close(struct artifact_tree *t)
{
	if (!t)
		return;
	struct artifact_store *s = t->store;
	bool last, doomed;

	pthread_mutex_lock(&s->m);
	last = --t->refs == 0;
	doomed = last && t->doomed;
	if (doomed)
		remove_tree(s, t->digest);
	if (last)
		unlink_tree(s, t);
	pthread_mutex_unlock(&s->m);
	if (last)
		free_tree(t);
}

void artifact_tree_drop(struct artifact_tree **t)
{
	artifact_close(*t);
}

void artifact_forget_tree(struct artifact_store *s, str digest)
{
	err *e = NULL;

	pthread_mutex_lock(&s->m);
	struct artifact_tree *t = find_tree(s, digest);

	if (t)
		t->doomed = true;
	else if (!s->trees)
		e = open_trees(s);
	if (!t && !e)
		remove_tree(s, digest);
	pthread_mutex_unlock(&s->m);
	err_free(e);
}
