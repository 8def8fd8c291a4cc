/* cel_decl - what CEL sees of a structural schema.
 *
 * A rule of a CustomResourceDefinition is checked against the type of the
 * node that it sits on, costs are estimated from the sizes that the schema
 * allows, and values are read through the schema: texts of format date-time
 * are timestamps, lists of type set compare without order, property names
 * that are no identifiers are escaped ("a-b" is a__dash__b). One decl holds
 * all that for one node of the schema; the decls of a schema form a tree
 * like the schema itself.
 *
 * Parts of a schema that CEL does not expose (of unknown content) have decls, too,
 * since equality looks through them: cel_decl_exposed tells. Nothing here
 * judges a schema: what makes no sense is not exposed.
 *
 * Ownership: the tree lives in the arena it was made in, borrows from the
 * schema's texts and is immutable: any thread.
 */
#ifndef CEL_CEL_DECL_H
#define CEL_CEL_DECL_H

#include "base/arena.h"
#include "value/node.h"

enum cel_decl_kind {
	CEL_DECL_NONE,		/* no type that CEL knows */
	CEL_DECL_OBJECT,	/* properties, or nothing known */
	CEL_DECL_MAP,		/* additionalProperties with a schema */
	CEL_DECL_LIST,
	CEL_DECL_STRING,
	CEL_DECL_BYTES,		/* format byte */
	CEL_DECL_DURATION,
	CEL_DECL_DATE,
	CEL_DECL_DATE_TIME,
	CEL_DECL_BOOL,
	CEL_DECL_INT,
	CEL_DECL_NUMBER,
	CEL_DECL_INT_OR_STRING,
};

enum cel_list_type {
	CEL_LIST_PLAIN,
	CEL_LIST_ATOMIC,
	CEL_LIST_SET,
	CEL_LIST_MAP,
	CEL_LIST_OTHER,
};

struct cel_decl;

struct cel_decl_field {
	str name;			/* as in the schema */
	str escaped;			/* as in expressions; empty: cannot be written there */
	const struct cel_decl *decl;
};

struct cel_decl {
	enum cel_decl_kind kind;
	enum cel_list_type list_type;
	bool exposed;			/* has a type in expressions */
	bool nullable;
	bool preserves;			/* x-kubernetes-preserve-unknown-fields */
	bool has_properties;		/* `properties` is there, or implied by a resource */
	str type, list_type_name;	/* as the schema words them */
	const struct cel_decl *elem;	/* of lists and maps; NULL when there is no schema */
	struct cel_decl_field *fields;	/* of objects, in the schema's order */
	size_t n;
	const str *keys;		/* of a list of type map */
	size_t keys_n;
	int64_t max_elements;		/* items, entries or bytes that a value may have */
	int64_t min_size;		/* least bytes of a value as JSON */
	const struct cel_type *cel_type;	/* when exposed */
	const struct cel_decl *parent;		/* what it is a part of, and as which: */
	str label;				/* the escaped name, "@idx" or "@elem" */
	const uint32_t *slots;		/* index + 1 of a field by its name; NULL while few */
	const uint32_t *escaped_slots;
	uint32_t slots_n;
};

/* Nesting below which a schema is cut off: nothing deeper is exposed. */
enum { CEL_DECL_DEPTH_MAX = 256 };

/* The decls of an openAPIV3Schema. `resource`: its root is that of a custom
 * resource, so apiVersion, kind, metadata.name and metadata.generateName are
 * there whatever it says. Never NULL. */
const struct cel_decl *cel_decl_read(struct arena *a, node schema, bool resource);

/* A property by its own or its escaped name; NULL when there is none. */
const struct cel_decl_field *cel_decl_field(const struct cel_decl *object, str name);
const struct cel_decl_field *cel_decl_escaped(const struct cel_decl *object, str escaped);

/* A property name as an identifier: false when it cannot be one. `*out` is
 * `name` itself or a new text. cel_unescape undoes it; false for escapes
 * that do not exist. */
bool cel_decl_escape(struct arena *a, str name, str *out);
bool cel_decl_unescape(struct arena *a, str escaped, str *out);

/* How often data of this decl may occur in one request when a list or map
 * without bound is around it. */
uint64_t cel_decl_cardinality(const struct cel_decl *decl);

#endif
