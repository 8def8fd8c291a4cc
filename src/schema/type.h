/* type - what may stand at one place of a Kubernetes object.
 *
 * Built-in kinds and custom resources go through one core, and this is what
 * it is driven by: a graph of types, from the type of the whole object
 * through its fields, values and items. The types of built-in kinds are
 * constant tables (kube/builtin.h), those of custom resources are compiled
 * from the structural schemas of their CustomResourceDefinition
 * (schema/structural.h). Reading (unknown fields, wrong kinds of values),
 * strategic merge, server-side apply, pruning, defaulting and the OpenAPI
 * documents all walk these types.
 *
 * A NULL type, and TYPE_ANY, mean "nothing is known here": everything is
 * kept. As in structured-merge-diff, objects below it are then merged by key
 * and lists replaced as a whole.
 *
 * Types may be recursive. Immutable: any thread. Those of a CRD live in the
 * arena that they were compiled in.
 */
#ifndef SCHEMA_TYPE_H
#define SCHEMA_TYPE_H

#include "value/node.h"

enum type_kind {
	TYPE_ANY,		/* RawExtension, JSON, preserve-unknown-fields without type */
	TYPE_OBJECT,		/* known fields */
	TYPE_MAP,		/* free keys, each value of type `values` */
	TYPE_LIST,
	TYPE_STRING,
	TYPE_INT,		/* `format`: int32, int64 */
	TYPE_NUMBER,
	TYPE_BOOL,
	TYPE_INT_OR_STRING,
	TYPE_QUANTITY,		/* a string or a number, kept canonical (built-in kinds) */
	TYPE_BYTES,		/* base64 text (built-in kinds) */
	TYPE_TIME,		/* RFC 3339, seconds (built-in kinds: metav1.Time) */
	TYPE_MICRO_TIME,	/* metav1.MicroTime */
	TYPE_FIELDS,		/* FieldsV1 */
};

enum type_list {
	TYPE_LIST_ATOMIC,	/* owned and replaced as a whole */
	TYPE_LIST_SET,		/* scalars, merged by value */
	TYPE_LIST_MAP,		/* objects, merged by `keys` */
};

/* How a strategic merge patch treats the value of a field. */
enum type_patch {
	TYPE_PATCH_MERGE = 1,		/* a list whose items are merged */
	TYPE_PATCH_RETAIN_KEYS = 2,
	TYPE_PATCH_REPLACE = 4,		/* an object that is replaced as a whole */
};

/* How the Go struct of a built-in kind declares a field. It decides what a
 * stored object has: a field that is not POINTER cannot be unset. Its zero
 * (false, 0, "", an empty list or map) is printed unless OMIT_EMPTY; a struct
 * and a time are printed even then, but for the zero time with OMIT_ZERO. A
 * POINTER that is not OMIT_EMPTY is printed as null when unset, and so is an unset list
 * or map. */
enum type_go {
	TYPE_GO_POINTER = 1,
	TYPE_GO_OMIT_EMPTY = 2,
	TYPE_GO_OMIT_ZERO = 4,
};

struct type;
struct type_rules;	/* schema/structural.h: limits, formats, CEL; of CRDs only */

struct type_field {
	str name;
	const struct type *type;
	node fallback;			/* the schema's default; NODE_NONE: none */
	str patch_key;			/* merge key of a strategic merge; empty: none */
	uint8_t patch;			/* enum type_patch, or-ed */
	uint8_t go;			/* enum type_go, or-ed; built-in kinds */
	bool required;
	const char *through;		/* built-in kinds: the embedded structs that it is in, or NULL */
};

struct type {
	uint8_t kind;			/* enum type_kind */
	uint8_t list;			/* enum type_list, of TYPE_LIST */
	bool atomic;			/* owned as a whole: map-type atomic, RawExtension */
	bool preserve;			/* unknown fields are kept (x-kubernetes-preserve-unknown-fields) */
	bool embedded;			/* a whole object: apiVersion, kind, metadata are implied */
	bool nullable;			/* CRDs: null is a value */
	bool metadata;			/* this is ObjectMeta */
	str name;			/* built-in types: "io.k8s.api.core.v1.PodSpec"; else empty */
	str go;				/* built-in types, how Go prints it: "v1.PodSpec", "[]string" */
	str format;			/* "int32", "date-time"; empty: none */
	const struct type_field *fields;	/* TYPE_OBJECT: sorted by name, bytewise */
	size_t fields_n;
	const struct type *values;	/* of TYPE_MAP, or of keys besides `fields` */
	const struct type *items;	/* of TYPE_LIST */
	const str *keys;		/* of TYPE_LIST_MAP */
	size_t keys_n;
	const str *choices;		/* the values that the documents list for a text */
	size_t choices_n;
	const struct type_rules *rules;	/* NULL: none */
};

/* The field of that name, or NULL; NULL in gives NULL. */
const struct type_field *type_field(const struct type *t, str name);
/* The type below a key of an object or map, or NULL when nothing is known
 * about it (also: the key is unknown). */
const struct type *type_below(const struct type *t, str key);

#endif
