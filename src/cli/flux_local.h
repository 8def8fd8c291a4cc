/* flux_local - what Kustomizations make of files on this machine.
 *
 * "flux build kustomization" and "flux diff kustomization" take a directory in
 * place of the artifact, and the Kustomization from the cluster, from a file, or
 * both: the file's words with the cluster's status. The steps are those of the
 * controller (kustomize/flux.h); nothing is written anywhere.
 *
 * Worker-local; results live in the command's arena.
 */
#ifndef CLI_FLUX_LOCAL_H
#define CLI_FLUX_LOCAL_H

#include "cli/flux.h"
#include "kustomize/resmap.h"

/* Kustomizations below Kustomizations. */
enum { LOCAL_DEPTH_MAX = 64 };

struct local_options {
	str path, file;
	struct flag_list ignore;
	struct flag_map sources;	/* "Kind/namespace/name": directory */
	bool recursive, strict, in_memory;
	bool dry_run;			/* the cluster is not asked */
	bool ignore_missing;		/* the Kustomization need not be there */
	bool decrypt;			/* with the keys of this machine */
};

/* The flags of both commands; `at` is a macro that gives a field's offset. */
#define LOCAL_FLAGS(at)                                                                        \
	{ "decrypt", 0, FLAG_BOOL, at(decrypt),                                                \
	  "decrypt what SOPS encrypted, with the keys that sops finds on this machine" },      \
	{ "ignore-paths", 0, FLAG_LIST, at(ignore),                                            \
	  "paths to leave out, as in a .gitignore file" },                                     \
	{ "in-memory-build", 0, FLAG_BOOL, at(in_memory),                                      \
	  "accepted for compatibility: files are never changed" },                             \
	{ "kustomization-file", 0, FLAG_STRING, at(file),                                      \
	  "`file` with the Kustomization, in place of the cluster's" },                        \
	{ "local-sources", 0, FLAG_MAP, at(sources),                                           \
	  "directories of sources, as Kind/namespace/name=path, for --recursive" },            \
	{ "path", 0, FLAG_STRING, at(path), "`directory` with the manifests" },                \
	{ "recursive", 'r', FLAG_BOOL, at(recursive),                                          \
	  "do the same for the Kustomizations among the manifests" },                          \
	{ "strict-substitute", 0, FLAG_BOOL, at(strict),                                       \
	  "fail on a variable without value and default" }

/* One Kustomization and what it makes. */
struct local_build {
	const struct local_build *above;	/* that made it; NULL for the first */
	str name, namespace;		/* of the Kustomization */
	node kustomization;
	struct resmap *made;
};

/* The checks on --path and --kustomization-file, and the absolute path; `as_given`: a
 * wrong one is told as it was given. */
err *local_check_path(struct cli *c, const struct local_options *o, bool as_given, str *path)
	__attribute__((warn_unused_result));
err *local_check_file(const struct local_options *o) __attribute__((warn_unused_result));

/* Build the Kustomization `name` of the command's namespace. `s` may be NULL
 * in a dry run. */
err *local_build(struct cli *c, struct flux_server *s, const struct local_options *o, str name,
		 str path, struct local_build *out) __attribute__((warn_unused_result));
/* Build one that `above` made; its source must be among the local ones. */
err *local_build_child(struct cli *c, struct flux_server *s, const struct local_options *o,
		       const struct local_build *above, node child, struct local_build *out)
	__attribute__((warn_unused_result));
/* Whether its source is among the local ones. */
bool local_has_source(struct cli *c, const struct local_options *o, node child);
/* Whether an object is a Kustomization to go into: not one that led here. */
bool local_is_child(const struct local_build *b, node object);

#endif
