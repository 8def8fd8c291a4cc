/* compose - one artifact out of parts of others, as an ArtifactGenerator asks.
 *
 * Copy operations, in order, from "@alias/PATTERN" to "@artifact/PATH", with
 * the rules and words of Flux's source-watcher: as cp for one file or one
 * directory; for patterns (those of Go's io/fs.Glob; of doublestar where
 * archives are extracted) with the part of the path before "/ **" taken off;
 * files over files, or YAML merged as Helm merges values, or the inside of
 * .tgz files.
 *
 * Nothing is copied: the result is a list of files that points into the
 * sources, whose directories must stay open as long as it is used. What is
 * merged or extracted is held in the arena, within COMPOSE_BYTES_MAX. No path,
 * however written, leads out of a source or out of the artifact; links are
 * not followed.
 *
 * Worker-local.
 */
#ifndef CONTROLLERS_COMPOSE_H
#define CONTROLLERS_COMPOSE_H

#include <stdatomic.h>

#include "source/filelist.h"

enum { COMPOSE_BYTES_MAX = 256 << 20 };

struct compose_source {
	str alias;
	const struct fs *fs;
};

enum compose_strategy { COMPOSE_OVERWRITE, COMPOSE_MERGE, COMPOSE_EXTRACT };

struct compose_op {
	str from, to;
	enum compose_strategy strategy;
	const str *exclude;
	size_t exclude_n;
};

struct compose_spec {
	const struct compose_source *sources;
	size_t sources_n;
	const struct compose_op *ops;
	size_t ops_n;
	const atomic_bool *cancel; /* or NULL */
};

/* The files, sorted; `out` must be FILELIST_INIT of the arena they live in.
 * "failed to apply copy operation from 'F' to 'T': ..." */
err *compose_files(const struct compose_spec *s, struct filelist *out)
	__attribute__((warn_unused_result));

/* The number that names what is in a list: source-watcher's hash of the files
 * below a directory called `name`, in decimal. It is a name, not a proof. */
err *compose_hash(const struct filelist *l, str name, struct arena *a, str *out)
	__attribute__((warn_unused_result));

#endif
