/* The inside of the artifact store; see artifact.h.
 *
 * artifact.c        files: storing, checking, serving
 * artifact_tree.c   the same unpacked
 * artifact_gc.c     what is removed
 * artifact_note.c   notes
 * artifact_check.c  what was found right
 */
#ifndef SOURCE_ARTIFACT_IMPL_H
#define SOURCE_ARTIFACT_IMPL_H

#include <pthread.h>

#include "base/clock.h"
#include "base/map.h"
#include "source/artifact.h"

struct artifact_tree {
	struct artifact_store *store;
	str digest;
	struct fs *fs; /* NULL: being made */
	size_t refs;
	bool doomed; /* removed when the last one closes it */
	struct artifact_tree *next;
};

struct artifact_checked;

/* Files whose digests were found right: in lists by the hash of path and digest. */
struct artifact_checks {
	struct artifact_checked **by_path, **by_digest;
	size_t n, slots; /* a power of two, or 0 */
};

struct artifact_store {
	struct fs *fs, *trees; /* trees: NULL until one is needed */
	struct arena mem;
	str host;
	int64_t ttl;
	size_t records;
	enum digest_algo algo;

	pthread_mutex_t publishing; /* held while a file gets its name; before m */
	pthread_mutex_t m; /* guards the rest */
	pthread_cond_t made;
	struct artifact_tree *open;
	struct artifact_checks checks;
	struct gzip_packer *packer; /* that nobody uses now; NULL: none */

	pthread_mutex_t notes_lock; /* guards what follows */
	struct map notes;           /* in force: struct note by name */
	int notes_fd;               /* -1: not read yet */
	size_t notes_size, notes_rewritten;
};

#define ARTIFACT_TMP   ".tmp"
#define ARTIFACT_TREES ".trees"

/* "KIND/NAMESPACE/NAME" */
err *artifact_owner_dir(struct arena *a, const struct artifact_owner *o, str *out)
	__attribute__((warn_unused_result));
/* A name in ARTIFACT_TMP that nobody else has. */
str artifact_temp_name(struct arena *a);
/* The digest of a stored file. */
err *artifact_digest_file(struct artifact_store *s, struct arena *a, str path,
			  enum digest_algo algo, str *out) __attribute__((warn_unused_result));
/* The unpacked form is of no more use. */
void artifact_forget_tree(struct artifact_store *s, str digest);
void artifact_notes_release(struct artifact_store *s);
void artifact_checks_release(struct artifact_checks *k);
/* The file as it is now holds what the digest says. */
void artifact_remember_check(struct artifact_store *s, const struct artifact *artifact);
bool artifact_is_checked(struct artifact_store *s, const struct artifact *artifact,
			 const struct fs_info *info);
void artifact_forget_check(struct artifact_store *s, str path);
/* Another file that was found to have that digest. */
bool artifact_find_twin(struct artifact_store *s, struct arena *a, str path, str digest, str *out);
/* Remove the file and its unpacked form. */
err *artifact_remove_file(struct artifact_store *s, str path) __attribute__((warn_unused_result));

#endif
