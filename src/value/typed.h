/* typed - a tree fitted to a Go struct, as encoding/json decodes it.
 *
 * Kustomization files, Chart.yaml, HelmReleases: the originals decode them
 * into Go structs, and users see what that does: field names match without
 * regard to case, null leaves a field unset, a wrong kind is "json: cannot
 * unmarshal bool into Go struct field Kustomization.namespace of type
 * string", and a strict decoder refuses names it does not know. A table
 * describes the struct; typed_fit gives a tree that has the table's names
 * only, each of the right kind, so that code behind it need not check again.
 *
 * Tables are static and immutable. Any thread.
 */
#ifndef VALUE_TYPED_H
#define VALUE_TYPED_H

#include "base/arena.h"
#include "base/err.h"
#include "value/node.h"
#include "value/source.h"

enum typed_kind {
	TYPED_ANY,
	TYPED_STRING,
	TYPED_BOOL,
	TYPED_INT,		/* int, int64: whole numbers */
	TYPED_FLOAT,
	TYPED_LIST,
	TYPED_MAP,		/* string keys */
	TYPED_STRUCT,
};

struct typed_field;

struct typed {
	enum typed_kind kind;
	const char *go;			/* how Go prints the type: "[]types.Image" */
	const struct typed *of;		/* of a list's items, a map's values */
	const struct typed_field *fields;
	size_t fields_n;
	const char *name;		/* of a struct, without its package */
};

struct typed_field {
	str name;
	const struct typed *type;
	const char *via;	/* "ResId.Gvk.": the embedded structs that hold it, which errors name;
				 * NULL: none */
};

extern const struct typed typed_any, typed_string, typed_bool, typed_int, typed_int64,
	typed_strings, typed_string_map;

/* One line of a table of fields, and the struct made of such a table. */
#define TYPED_FIELD(name, type) { { "" name, sizeof(name) - 1 }, type, NULL }
#define TYPED_EMBEDDED(structs, name, type)                                     \
	{ { "" name, sizeof(name) - 1 }, type, structs "." }
#define TYPED_STRUCT_OF(package, struct_name, table)                            \
	{                                                                       \
		.kind = TYPED_STRUCT, .go = package "." struct_name,            \
		.name = struct_name, .fields = (table),                         \
		.fields_n = sizeof(table) / sizeof *(table),                    \
	}

struct typed_options {
	bool texts;		/* numbers and booleans become texts where one is wanted, as
				 * sigs.k8s.io/yaml does: not below fields of embedded structs */
	bool strict;			/* refuse unknown fields: json: unknown field "x" */
	struct sources *sources;	/* for the positions of errors; may be NULL */
};

/* Fit `in`, a tree with string keys. The first mistake in the order of sorted
 * keys is reported, as where the originals go through sorted JSON. */
err *typed_fit(struct arena *a, node in, const struct typed *type, const struct typed_options *o,
	       node *out) __attribute__((warn_unused_result));

/* The known name nearest to a misspelt one, or the empty text. */
str typed_suggest(const struct typed *type, str name);

#endif
