/* artifact - the store of what sources have fetched: files by path, and the
 * same unpacked, by digest.
 *
 * Below one directory lie, as with Flux, KIND/NAMESPACE/NAME/FILE, and what
 * an object's status tells of its artifact is what artifact_add_list and its
 * kin give: path, URL, revision, digest, size, time. A store that Flux wrote
 * is taken over as it is, and one of ours given back.
 *
 * Consumers in this process open an artifact in place: artifact_open checks
 * its digest and unpacks it, once per digest, into a directory that all
 * consumers share; a struct artifact_tree keeps it alive as long as they look
 * at it. The directories are a cache beside the files (".trees", not served)
 * that is made anew after a reboot, when a directory that was never synced
 * might be half written. Everything else reads over HTTP, see
 * artifact_open_file.
 *
 * Artifacts of the same bytes are one file with several names; small ones are
 * written only once it is known that they are not there yet.
 *
 * Files appear under their names whole, or not at all, whenever the process
 * is killed; a full disk is an ordinary error and leaves nothing behind.
 * Leftovers of a killed process are removed when the store is opened. Nothing
 * is synced: what a power cut took from a file is found by its digest, which
 * every reader looks at, and is fetched again.
 *
 * Any thread; one store per directory.
 */
#ifndef SOURCE_ARTIFACT_H
#define SOURCE_ARTIFACT_H

#include "archive/stream.h"
#include "source/digest.h"
#include "source/filelist.h"

struct artifact {
	str path;     /* "gitrepository/flux-system/podinfo/<hash>.tar.gz" */
	str url;      /* "http://HOST/" and the path */
	str revision; /* "main@sha1:..." */
	str digest;   /* "sha256:..." of the file */
	int64_t time; /* when it was stored; nanoseconds since 1970 */
	uint64_t size;
};

/* Flux's defaults. */
#define ARTIFACT_TTL (60 * CLOCK_SECOND)
enum { ARTIFACT_RECORDS = 2, ARTIFACT_GC_FILES_MAX = 1000 };
/* Bytes of one artifact, packed and unpacked. */
#define ARTIFACT_BYTES_MAX ((uint64_t)4 << 30)

struct artifact_options {
	str dir;        /* made when it is not there */
	str host;       /* of the URLs: "source-controller.flux-system.svc.cluster.local." */
	int64_t ttl;    /* 0: ARTIFACT_TTL */
	size_t records; /* 0: ARTIFACT_RECORDS */
	enum digest_algo algo;
};

struct artifact_store;

err *artifact_store_open(struct artifact_store **out, const struct artifact_options *o)
	__attribute__((warn_unused_result));
/* All trees must be closed. */
void artifact_store_close(struct artifact_store *s);
/* Nothing will be stored for a while: let go of what is kept to store faster.
 * NULL is fine. */
void artifact_store_rest(struct artifact_store *s);
/* By which artifacts are named; so are revisions that are digests of something. */
enum digest_algo artifact_store_algo(const struct artifact_store *s);
/* For CLEANUP(artifact_store_drop) struct artifact_store *s = NULL. */
void artifact_store_drop(struct artifact_store **s);

/* An object's directory: what the functions below put files into. */
struct artifact_owner {
	str kind; /* "GitRepository"; in small letters in paths */
	str namespace, name;
};

/* "gitrepository/NS/NAME/FILE" */
str artifact_path(struct arena *a, const struct artifact_owner *o, str file);
/* The URL of a path, with today's host. */
str artifact_url(const struct artifact_store *s, struct arena *a, str path);

/* Store the files of a sorted list but those that `ignore` leaves out (NULL:
 * none), links too, as a compressed tar named `file`. The same files give the
 * same bytes. `out` lives in `a`. */
err *artifact_add_list(struct artifact_store *s, struct arena *a, const struct artifact_owner *o,
		       str file, str revision, const struct filelist *l,
		       const struct ignore *ignore, struct artifact *out)
	__attribute__((warn_unused_result));
/* Store bytes as they are: an index, a chart, a layer. */
err *artifact_add_bytes(struct artifact_store *s, struct arena *a, const struct artifact_owner *o,
			str file, str revision, str bytes, struct artifact *out)
	__attribute__((warn_unused_result));
/* Store what `fill` writes, which need never be in memory as a whole. */
typedef err *artifact_fill(void *ctx, struct sink *to);
err *artifact_add_filled(struct artifact_store *s, struct arena *a, const struct artifact_owner *o,
			 str file, str revision, artifact_fill *fill, void *ctx,
			 struct artifact *out) __attribute__((warn_unused_result));
/* Let NAME in the object's directory be a link to `file`. */
err *artifact_link(struct artifact_store *s, const struct artifact_owner *o, str file, str name)
	__attribute__((warn_unused_result));
/* Remove such a link; fine when it is not there, or no link. */
err *artifact_unlink(struct artifact_store *s, const struct artifact_owner *o, str name)
	__attribute__((warn_unused_result));

/* Whether the file is there. */
bool artifact_exists(const struct artifact_store *s, str path);
/* NULL when the file's digest is the one: "computed digest doesn't match
 * 'sha256:...'". A file that was found right is not read again until it
 * changes. */
err *artifact_verify(struct artifact_store *s, const struct artifact *artifact)
	__attribute__((warn_unused_result));
err *artifact_remove(struct artifact_store *s, str path) __attribute__((warn_unused_result));

/* ---- looking inside -------------------------------------------------------- */

struct artifact_tree;

/* A packed tar, opened as a directory. `path` and `digest` are looked at. */
err *artifact_open(struct artifact_store *s, const struct artifact *artifact,
		   struct artifact_tree **out) __attribute__((warn_unused_result));
const struct fs *artifact_tree_fs(const struct artifact_tree *t);
void artifact_close(struct artifact_tree *t);
/* For CLEANUP(artifact_tree_drop) struct artifact_tree *t = NULL. */
void artifact_tree_drop(struct artifact_tree **t);

/* ---- keeping house ----------------------------------------------------------- */

/* What Flux removes at each pass: of the files beside the current one (a
 * path; empty: none) those older than the retention time, then the oldest
 * until the number to keep is reached. */
err *artifact_collect(struct artifact_store *s, const struct artifact_owner *o, str current,
		      size_t *removed) __attribute__((warn_unused_result));
/* All that the object has. *any tells whether there was something. */
err *artifact_remove_all(struct artifact_store *s, const struct artifact_owner *o, bool *any)
	__attribute__((warn_unused_result));

/* ---- notes --------------------------------------------------------------------- */

/* A small text that outlives this process, though perhaps not the machine: what a
 * controller must find again when it was killed. Not served. `name` is the
 * controller's own, without '/'. An empty text takes the note away. */
err *artifact_note(struct artifact_store *s, str name, str text)
	__attribute__((warn_unused_result));
/* Empty when there is none. */
err *artifact_noted(struct artifact_store *s, struct arena *a, str name, str *out)
	__attribute__((warn_unused_result));

/* ---- serving ----------------------------------------------------------------- */

/* The file for a request's path (after the first '/', decoded); ERR_NOT_FOUND
 * for all that is none of ours to give: directories, hidden names, locks, and
 * links that lead out. The caller closes `fd`. */
err *artifact_open_file(const struct artifact_store *s, str path, int *fd, uint64_t *size)
	__attribute__((warn_unused_result));

#endif
