/* krm - the objects of files, with their comments and their order.
 *
 * What `kustomize cfg` works on: a package is a directory with all its *.yaml
 * and *.yml files; directories in it that hold a "Krmfile" are packages of
 * their own, and what its .krmignore names is left out. Each object carries the
 * file it is from and its number in it as annotations, written in today's and
 * yesterday's form, until it is printed.
 *
 * Trees are kept ones (value/yaml.h), in the arena; texts are borrowed from
 * the files' bytes there. Worker-local.
 */
#ifndef KUSTOMIZE_KRM_H
#define KUSTOMIZE_KRM_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "value/yaml.h"

#define KRM_FILE "Krmfile"	/* what makes a directory a package */

typedef VEC(struct yaml_doc) krm_docs;
typedef VEC(str) krm_paths;

/* ---- reading ----------------------------------------------------------- */

/* The documents of a text; a lone List or ResourceList is unwrapped, and its items
 * are not marked. */
err *krm_read_text(struct arena *a, str text, krm_docs *out) __attribute__((warn_unused_result));
/* The documents of a file's text, marked with its path. */
err *krm_read_file(struct arena *a, str text, str path, krm_docs *out)
	__attribute__((warn_unused_result));
/* Those of a package, or of one file. `packages`: without those of packages in
 * it. */
err *krm_read_dir(struct arena *a, str dir, bool packages, krm_docs *out)
	__attribute__((warn_unused_result));
/* The packages in and below a directory, itself first; without `recurse`, itself. */
err *krm_find_packages(struct arena *a, str dir, bool recurse, krm_paths *out)
	__attribute__((warn_unused_result));

/* ---- asking ------------------------------------------------------------ */

struct krm_meta {
	str api_version, kind, name, ns;	/* empty where there is none */
	node annotations;			/* a map, or NODE_NONE */
};

struct krm_meta krm_meta(const struct yaml_doc *doc);
/* The text of a scalar that is an annotation; empty where there is none. */
str krm_annotation(const struct krm_meta *m, str key);
/* The file the object is from, from its package on; empty for a stream. */
str krm_path(const struct krm_meta *m);

/* Fails when marks contradict each other or are there in two forms: a step would
 * not know what to keep. */
err *krm_check_marks(const krm_docs *docs) __attribute__((warn_unused_result));

/* ---- matching ---------------------------------------------------------- */

/* A path is one text a step: a field; in lists a number, "*" for all, or
 * "[name=REGEX]" for the items whose field matches. A text that is YAML itself
 * is gone into. */
typedef VEC(str) krm_steps;

struct krm_match {
	struct yaml_doc at;	/* the value, in the object's own tree or one of a text */
	str key;		/* what the list items on the way were found by */
};
typedef VEC(struct krm_match) krm_matches;

/* "spec.containers[name=x].image", "a\.b" for a dot in a name. */
err *krm_parse_path(struct arena *a, str path, krm_steps *out) __attribute__((warn_unused_result));
err *krm_find(struct arena *a, const struct yaml_doc *doc, const krm_steps *path, krm_matches *out)
	__attribute__((warn_unused_result));

struct krm_query;

/* "PATH=REGEX", "PATH>=QUANTITY"; without a comparison, what has the path. */
err *krm_query_parse(struct arena *a, str text, bool invert, struct krm_query **out)
	__attribute__((warn_unused_result));
err *krm_query_run(struct arena *a, const struct krm_query *q, const krm_docs *docs, krm_docs *out)
	__attribute__((warn_unused_result));

/* ---- changing and printing --------------------------------------------- */

/* Objects that only tools read (config.kubernetes.io/local-config). */
void krm_select(struct arena *a, krm_docs *docs, bool local, bool others);
/* Fields in the order that kustomize gives them. */
err *krm_format(struct arena *a, krm_docs *docs) __attribute__((warn_unused_result));
/* Take comments away, but not those set off from the first object by a blank line. */
void krm_strip(struct yaml_doc *doc);

err *krm_set_annotation(struct arena *a, struct yaml_doc *doc, str key, str text)
	__attribute__((warn_unused_result));
/* Take the marks that were made in reading away. */
err *krm_clean(struct yaml_doc *doc) __attribute__((warn_unused_result));

struct krm_print {
	bool marks;		/* leave the marks that were made in reading */
	bool paths;		/* leave those about paths when not all are left */
	bool flow, tagged;	/* style of the objects */
	str wrap_kind, wrap_version;	/* of a list around them */
	const struct yaml_doc *function_config;	/* in that list; or NULL */
};

/* Docs lose their marks. */
err *krm_print(struct arena *a, krm_docs *docs, const struct krm_print *how, struct buf *out)
	__attribute__((warn_unused_result));

/* Where fields stand that both orders name: lower first, 0 for others. */
unsigned krm_field_order(str name);

struct krm_tree_field {
	krm_steps path;
	str name;		/* what it is printed as, or the list whose items' it is */
	str in_item;		/* its name in those; empty: it is no list item's */
};

enum krm_structure { KRM_ANY, KRM_DIRECTORIES, KRM_OWNERS };

struct krm_tree {
	str root;		/* the directory's name */
	enum krm_structure structure;	/* KRM_ANY: owners if there are any */
	const struct krm_tree_field *fields;
	size_t fields_n;
};

/* Draw the objects below their directories or owners. */
err *krm_tree(struct arena *a, const krm_docs *docs, const struct krm_tree *t, struct buf *out)
	__attribute__((warn_unused_result));

#endif
