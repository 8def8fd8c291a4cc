/* artifact_check - which files were found to be what their digests say.
 *
 * In memory: a process looks at each file once. Found by path, and by digest, so that the
 * same bytes need not be written again. */
#include <stdlib.h>

#include "base/hash.h"
#include "source/artifact_impl.h"

enum { SLOTS_MIN = 64 };

/* A file whose digest was found right; it is in a list of each table. */
struct checked_link {
	struct artifact_checked *next, **at;
};

struct artifact_checked {
	str path, digest;	/* in one piece behind it */
	struct fs_info info;
	struct checked_link by_path, by_digest;
};

/* ---- the tables: under the lock -------------------------------------------- */

static size_t slot_of(const struct artifact_checks *k, str text)
{
	return (size_t)hash_bytes(text) & (k->slots - 1);
}

static void put(struct artifact_checks *k, struct artifact_checked *c)
{
	struct artifact_checked **path = &k->by_path[slot_of(k, c->path)];
	struct artifact_checked **digest = &k->by_digest[slot_of(k, c->digest)];

	c->by_path = (struct checked_link){ *path, path };
	if (*path)
		(*path)->by_path.at = &c->by_path.next;
	*path = c;
	c->by_digest = (struct checked_link){ *digest, digest };
	if (*digest)
		(*digest)->by_digest.at = &c->by_digest.next;
	*digest = c;
}

static void unlink_both(struct artifact_checked *c)
{
	*c->by_path.at = c->by_path.next;
	if (c->by_path.next)
		c->by_path.next->by_path.at = c->by_path.at;
	*c->by_digest.at = c->by_digest.next;
	if (c->by_digest.next)
		c->by_digest.next->by_digest.at = c->by_digest.at;
}

static void grow(struct artifact_checks *k)
{
	struct artifact_checks bigger = { .n = k->n,
					  .slots = k->slots ? k->slots * 2 : SLOTS_MIN };

	bigger.by_path = mem_calloc(bigger.slots, sizeof *bigger.by_path);
	bigger.by_digest = mem_calloc(bigger.slots, sizeof *bigger.by_digest);
	for (size_t i = 0; i < k->slots; i++)
		for (struct artifact_checked *c = k->by_path[i], *next; c; c = next) {
			next = c->by_path.next;
			put(&bigger, c);
		}
	free(k->by_path);
	free(k->by_digest);
	*k = bigger;
}

static struct artifact_checked *find(const struct artifact_checks *k, str path)
{
	struct artifact_checked *c = k->slots ? k->by_path[slot_of(k, path)] : NULL;

	while (c && !str_eq(c->path, path))
		c = c->by_path.next;
	return c;
}

static void drop(struct artifact_checks *k, struct artifact_checked *c)
{
	unlink_both(c);
	k->n--;
	free(c);
}

void artifact_checks_release(struct artifact_checks *k)
{
	for (size_t i = 0; i < k->slots; i++)
		while (k->by_path[i])
			drop(k, k->by_path[i]);
	free(k->by_path);
	free(k->by_digest);
}

/* ---- for the store ---------------------------------------------------------- */

void artifact_forget_check(struct artifact_store *s, str path)
{
	pthread_mutex_lock(&s->m);
	struct artifact_checked *c = find(&s->checks, path);

	if (c)
		drop(&s->checks, c);
	pthread_mutex_unlock(&s->m);
}

static bool is_same_file(const struct fs_info *a, const struct fs_info *b)
{
	return a->ino == b->ino && a->mtime == b->mtime && a->size == b->size;
}

bool artifact_is_checked(struct artifact_store *s, const struct artifact *artifact,
			 const struct fs_info *info)
{
	pthread_mutex_lock(&s->m);
	const struct artifact_checked *c = find(&s->checks, artifact->path);
	bool same = c && str_eq(c->digest, artifact->digest) && is_same_file(&c->info, info);

	pthread_mutex_unlock(&s->m);
	return same;
}

void artifact_remember_check(struct artifact_store *s, const struct artifact *artifact)
{
	struct fs_info info;
	err *e = fs_lstat(s->fs, artifact->path, &info);

	if (e) {
		err_free(e);
		return;
	}
	struct artifact_checked *c = mem_alloc(sizeof *c + artifact->path.n + artifact->digest.n);
	char *text = (char *)(c + 1);

	memcpy(text, artifact->path.p, artifact->path.n);
	memcpy(text + artifact->path.n, artifact->digest.p, artifact->digest.n);
	*c = (struct artifact_checked){ .path = str_of(text, artifact->path.n),
					.digest = str_of(text + artifact->path.n,
							 artifact->digest.n),
					.info = info };
	pthread_mutex_lock(&s->m);
	struct artifact_checked *old = find(&s->checks, c->path);

	if (old)
		drop(&s->checks, old);
	if (s->checks.n >= s->checks.slots)
		grow(&s->checks);
	put(&s->checks, c);
	s->checks.n++;
	pthread_mutex_unlock(&s->m);
}

/* Whether the file is as it was when it was found right. */
static bool is_as_checked(struct artifact_store *s, const struct artifact_checked *c)
{
	struct fs_info now;
	err *e = fs_lstat(s->fs, c->path, &now);
	bool same = !e && is_same_file(&now, &c->info);

	err_free(e);
	return same;
}

bool artifact_find_twin(struct artifact_store *s, struct arena *a, str path, str digest, str *out)
{
	bool found = false;

	pthread_mutex_lock(&s->m);
	const struct artifact_checks *k = &s->checks;

	for (const struct artifact_checked *c = k->slots ? k->by_digest[slot_of(k, digest)] : NULL;
	     c && !found; c = c->by_digest.next) {
		found = str_eq(c->digest, digest) && !str_eq(c->path, path) && is_as_checked(s, c);
		if (found)
			*out = arena_str(a, c->path);
	}
	pthread_mutex_unlock(&s->m);
	return found;
}
