/* kfile - the kustomization file.
 *
 * A kfile is the file as a tree fitted to its Go struct (value/typed.h): only
 * known names, each of the right kind, the deprecated fields moved to where
 * today's are. So node_get(k->root, S("resources")) is a list of texts or is
 * not there.
 *
 * Ownership: everything lives in the arena of the build and borrows from the
 * file's bytes. Worker-local.
 */
#ifndef KUSTOMIZE_KFILE_H
#define KUSTOMIZE_KFILE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "kustomize/loader.h"
#include "value/node.h"
#include "value/source.h"
#include "value/typed.h"

struct kfile {
	node root;
	bool component;		/* kind: Component */
	VEC(str) warnings;	/* about deprecated fields, a line each */
};

/* The names a kustomization file may have, in order of preference. */
extern const str kfile_names[3];

/* The one kustomization file of a root: its text, and which name it has. */
err *kfile_load(struct arena *a, const struct loader *l, str *text, str *name)
	__attribute__((warn_unused_result));

/* Decode and check a file's text; `dir` is named in errors about its kind and
 * version. `lenient` drops unknown fields, as Flux reads the root file. A file that
 * fails the checks has its warnings nevertheless. */
err *kfile_parse(struct arena *a, str text, str name, str dir, struct sources *sources,
		 bool lenient, struct kfile *out) __attribute__((warn_unused_result));

/* A tree fitted to kfile_type as YAML: what a Go program writes of the struct,
 * empty fields left out. */
err *kfile_write(struct arena *a, node root, struct buf *out) __attribute__((warn_unused_result));

/* Without a change but that of the types: for copying. */
err *kfile_read_as_is(struct arena *a, str text, str name, struct sources *sources, node *out)
	__attribute__((warn_unused_result));

/* The same without checks or defaults but kind and version: for editing, and
 * `lenient` for whoever only looks. */
err *kfile_read(struct arena *a, str text, str name, bool lenient, node *out)
	__attribute__((warn_unused_result));
void kfile_set_kind(struct arena *a, node root);

/* The struct of the file, and those of its parts that plugins and
 * configurations share. */
extern const struct typed kfile_type;
extern const struct typed kfile_fieldspecs_type, kfile_patch_type, kfile_patch_options_type,
	kfile_image_type, kfile_replica_type, kfile_replacement_type, kfile_file_replacement_type,
	kfile_selector_type, kfile_generator_options_type, kfile_configmap_type, kfile_secret_type,
	kfile_helm_chart_type, kfile_helm_globals_type, kfile_label_type;

#endif
