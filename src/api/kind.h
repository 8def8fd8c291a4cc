/* kind - the kinds of Flux as data: groups, versions, fields, limits, columns.
 *
 * One table a kind holds all its fields in all versions since the first
 * beta; from it come the CustomResourceDefinitions, and whoever reads an
 * object of an old version asks it what a field is called today. The tables
 * are facts of the original definitions (tools/gen-api-fields); the
 * sentences that describe a field are ours (about.c).
 *
 * A field row stands below the last row before it of a smaller depth. The
 * row named "*" is the item of a list or the value of a map. Bit i of a mask
 * stands for versions[i], oldest first.
 *
 * The versions of a kind share one schema as far as they can: a field that
 * another version knows is accepted and kept by all, without its limits, so
 * that nothing of an object is lost between a version that wrote it and the
 * newest one, in which controllers read and write.
 *
 * Constant: any thread.
 */
#ifndef API_KIND_H
#define API_KIND_H

#include "base/arena.h"
#include "kube/gvk.h"
#include "value/node.h"

enum api_type {
	API_OBJECT,
	API_MAP,
	API_LIST,
	API_STRING,
	API_INTEGER,
	API_BOOLEAN,
	API_INT_OR_STRING,
	API_ANY,		/* whatever JSON has */
};

/* Keywords of JSON Schema that hold in these versions, as JSON text. A list
 * ends with an empty mask. */
struct api_limits {
	uint16_t in;
	const char *keywords;
};

struct api_field {
	str name;
	uint8_t type;		/* enum api_type */
	uint8_t depth;		/* 0: apiVersion, kind, metadata, spec, status */
	uint16_t in;		/* the versions whose own definition has it */
	uint16_t required;
	const struct api_limits *limits;	/* NULL: none */
};

struct api_column {
	const char *name, *type, *path;
	int priority;
};

struct api_version {
	str name;
	str warning;		/* of a deprecated version; else empty */
	bool newest;		/* the one that is stored, and that controllers use */
	const struct api_column *columns;
	size_t columns_n;
};

struct api_kind {
	str group, kind, plural, singular;
	const str *short_names;
	size_t short_names_n;
	const str *categories;
	size_t categories_n;
	const struct api_version *versions;	/* oldest first */
	size_t versions_n;
	const struct api_field *fields;
	size_t fields_n;
};

/* All kinds, by name. */
const struct api_kind *api_kinds(size_t *n);
/* By group and kind; NULL when Flux has no such kind. */
const struct api_kind *api_kind_find(str group, str kind);
const struct api_version *api_kind_newest(const struct api_kind *k);
const struct api_version *api_kind_version(const struct api_kind *k, str name);

/* The CustomResourceDefinition, all versions served. `labels` (or NODE_NONE)
 * goes into the metadata. */
node api_kind_crd(struct arena *a, const struct api_kind *k, node labels);

/* A spec as the original's types print it: durations as Go spells them
 * ("1m0s"), optional fields with a zero value left out, unknown ones dropped; fields of
 * post-renderers in Go's order, others in that of the definition. */
node api_kind_canonical(struct arena *a, const struct api_kind *k, node spec);

#endif
