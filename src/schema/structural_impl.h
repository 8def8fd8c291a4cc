/* Private to structural*.c: a schema as it was read.
 *
 * One struct type_rules is one schema node of an openAPIV3Schema (what
 * apiextensions calls JSONSchemaProps), with all that validation, pruning and
 * defaulting look at. The nodes that are reached through properties, items
 * and additionalProperties alone are the spine of the schema; those below
 * allOf, anyOf, oneOf and not only restrict values. Keywords that only make
 * a schema invalid, and texts for people, stay in `source`.
 */
#ifndef SCHEMA_STRUCTURAL_IMPL_H
#define SCHEMA_STRUCTURAL_IMPL_H

#include "cel/cel.h"
#include "schema/fielderr.h"
#include "schema/structural.h"
#include "text/regex.h"

enum structural_kind {
	STRUCTURAL_UNTYPED,
	STRUCTURAL_OBJECT,
	STRUCTURAL_ARRAY,
	STRUCTURAL_STRING,
	STRUCTURAL_INTEGER,
	STRUCTURAL_NUMBER,
	STRUCTURAL_BOOLEAN,
	STRUCTURAL_NULL,
	STRUCTURAL_OTHER,	/* no type of OpenAPI */
};

enum structural_additional {
	STRUCTURAL_NO_WORD,	/* no additionalProperties */
	STRUCTURAL_FALSE,
	STRUCTURAL_TRUE,
	STRUCTURAL_SCHEMA,
};

/* x-kubernetes-list-type and x-kubernetes-map-type. */
enum structural_topology {
	STRUCTURAL_PLAIN,	/* not said */
	STRUCTURAL_ATOMIC,
	STRUCTURAL_SET,		/* lists */
	STRUCTURAL_MAP,		/* lists */
	STRUCTURAL_GRANULAR,	/* maps */
	STRUCTURAL_STRANGE,
};

/* One entry of x-kubernetes-validations. */
struct structural_rule {
	str rule, message, message_expression, reason, field_path;
	bool has_reason, has_optional, optional_old_self;
	/* What became of it; set by structural_compile_rules. */
	const struct cel_program *program;	/* NULL: empty, or `fault` says why */
	const struct cel_program *message_program;
	str fault, message_fault;		/* texts of compilation errors */
	bool uses_old;
	str path;				/* field_path as a field path, below the node */
};

struct structural_field {
	str name;
	struct type_rules *schema;
};

struct structural_list {
	struct type_rules **p;
	size_t n;
};

/* Which of the limits are there. */
enum structural_has {
	HAS_MAXIMUM = 1 << 0,
	HAS_MINIMUM = 1 << 1,
	HAS_MULTIPLE_OF = 1 << 2,
	HAS_MAX_LENGTH = 1 << 3,
	HAS_MIN_LENGTH = 1 << 4,
	HAS_MAX_ITEMS = 1 << 5,
	HAS_MIN_ITEMS = 1 << 6,
	HAS_MAX_PROPERTIES = 1 << 7,
	HAS_MIN_PROPERTIES = 1 << 8,
};

/* What restricts values further than their type; most nodes have none of it. */
struct structural_limits {
	uint16_t has;			/* enum structural_has, or-ed */
	bool exclusive_maximum, exclusive_minimum, unique_items;
	double maximum, minimum, multiple_of;
	int64_t max_length, min_length, max_items, min_items, max_properties, min_properties;
	node enums;			/* a list, or NODE_NONE */
	str pattern;			/* empty: none */
	const struct regex *regex;	/* NULL: the pattern is none, and why */
	str pattern_fault;
	struct structural_list all_of, any_of, one_of;
	struct type_rules *not_;
};

struct type_rules {
	uint8_t kind;			/* enum structural_kind */
	uint8_t additional;		/* enum structural_additional */
	uint8_t list_type, map_type;	/* enum structural_topology */
	bool nullable, int_or_string, embedded;
	bool preserve, preserve_false;	/* x-kubernetes-preserve-unknown-fields */
	bool has_items;			/* whatever it holds */
	bool items_list;		/* a list of schemas: refused everywhere */
	bool rules_below;		/* this node or the spine below it has CEL rules */
	bool rules_run;			/* and they are run: CEL sees this part of the schema */
	str format;
	const struct structural_limits *limits;	/* never NULL */
	node fallback;			/* `default`; NODE_NONE: none */
	const str *required;
	size_t required_n;
	struct type_rules *items, *values;
	const struct structural_field *fields;	/* sorted by name, bytewise */
	size_t fields_n;
	const str *keys;		/* x-kubernetes-list-map-keys */
	size_t keys_n;
	struct structural_rule *rules;
	size_t rules_n;
	const struct cel_decl *decl;	/* where rules are below, once they are compiled */
	node source;
};

/* The text of `type`, as the schema has it. */
str structural_type_text(const struct type_rules *s);

/* ---- structural_read.c ------------------------------------------------- */

/* Read a schema; what has the wrong kind of value counts as not there.
 * Fails only when the schema nests too deeply or holds too much. */
err *structural_read(struct arena *a, node schema, struct type_rules **out)
	__attribute__((warn_unused_result));
/* The first thing that keeps a schema from being structural at all, in the words of
 * the API server; NULL when there is none. */
err *structural_refused(const struct type_rules *s) __attribute__((warn_unused_result));
struct type_rules *structural_field(const struct type_rules *s, str name);
/* The schema of a key's value on the spine: of the property, else of
 * additionalProperties; NULL when nothing is known. */
struct type_rules *structural_below(const struct type_rules *s, str key);
/* structural_below, and whether the key is one that the schema allows for. */
bool structural_step(const struct type_rules *s, str key, const struct type_rules **below);

/* ---- structural_where.c ------------------------------------------------ */

/* Where in an object we are, spelt out only when there is something to say. */
struct structural_where {
	const struct structural_where *up;	/* NULL: the start */
	str name;
	size_t index;
	enum { WHERE_START, WHERE_CHILD, WHERE_KEY, WHERE_INDEX, WHERE_VALUE } kind;
};

/* As field.Path prints it: "a.b[0][k]"; the start's name, or "<nil>" without one. */
str structural_where_path(struct arena *a, const struct structural_where *w);
/* As go-openapi names it: "a.b[0].k"; a value of a map has a dot even at the root. */
str structural_where_name(struct arena *a, const struct structural_where *w);

/* ---- structural_old.c -------------------------------------------------- */

/* A value and the one that stood in its place before. */
struct structural_pair {
	node value, old;
	const struct type_rules *schema;
	struct structural_items *items;	/* a list's old items by their keys; made when asked */
	int8_t equal;			/* not known yet: 0 */
};

bool structural_pair_key(const struct structural_pair *p, str key, struct structural_pair *out);
bool structural_pair_index(struct arena *a, struct structural_pair *p, size_t index,
			   struct structural_pair *out);
/* Equal as the API server counts it: lists of type map in any order, nothing
 * is equal below what the schema does not know. NULL is not equal. */
bool structural_pair_equal(struct arena *a, struct structural_pair *p);

/* Items of a list of type map, found by their keys. */
struct structural_items *structural_items(struct arena *a, const struct type_rules *list, node items);
/* The item with the keys of `like`; NODE_NONE when there is none. */
node structural_items_get(struct structural_items *items, node like);

/* ---- structural_result.c, structural_number.c, structural_format.c ----- */

enum structural_code {
	FOUND_OTHER,		/* no place of its own */
	FOUND_INVALID,
	FOUND_TYPE,
	FOUND_REQUIRED,
	FOUND_ENUM,
	FOUND_TOO_LONG,
	FOUND_TOO_MANY,
};

struct structural_finding {
	enum structural_code code;
	const struct type_rules *schema;	/* FOUND_ENUM: whose */
	str name;		/* the place */
	node value;
	int64_t max;		/* FOUND_TOO_LONG, FOUND_TOO_MANY */
	str message;
	uint32_t hash;		/* of the message */
};

/* What one schema finds wrong with one value. `matches` counts what was
 * right: of several alternatives the nearest one is reported. */
struct structural_result {
	struct structural_finding *p;
	size_t n, cap;
	int64_t matches;
};

/* Copies nothing; messages that are there already are not added again. */
void structural_result_add(struct arena *a, struct structural_result *r,
			   struct structural_finding f);
void structural_result_merge(struct arena *a, struct structural_result *r,
			     const struct structural_result *other);
/* As the API server words them. `at` comes in front of the names. */
void structural_result_report(struct fielderrs *e, const struct structural_where *at,
			      const struct structural_result *r);

void structural_check_number(struct arena *a, const struct type_rules *s, bool all_formats,
			     const struct structural_where *w, node value,
			     struct structural_result *out);
/* Close enough to a whole number that JSON can hold. */
bool structural_is_whole(node value);

/* Whether texts are checked by a format of that name; others are ignored. */
bool structural_format_known(str format);
bool structural_format_fits(str format, str text);
/* The format of a schema in so far as custom resources are checked by it. */
str structural_format(const struct type_rules *s);
/* ---- structural_run.c -------------------------------------------------- */

struct structural_run {
	struct arena *arena;
	bool all_formats;	/* defaults: the schema as it stands, not as resources see it */
};

/* Check a value by everything but CEL and report; `pair` for ratcheting, or
 * NULL. `at` comes in front of all paths; NULL: nothing does. */
void structural_run(const struct structural_run *r, struct fielderrs *e,
		    const struct structural_where *at, const struct type_rules *s, node value,
		    struct structural_pair *pair);

/* ---- structural_lists.c ------------------------------------------------ */

void structural_check_lists(struct fielderrs *e, const struct structural_where *at,
			    const struct type_rules *s, node value);

/* ---- structural_meta.c ------------------------------------------------- */

/* Check apiVersion, kind and metadata of embedded objects; `root`: of this one too. */
void structural_check_embedded(struct fielderrs *e, const struct structural_meta *m,
			       const struct structural_where *at, const struct type_rules *s,
			       node value, bool root);

/* Fit them to their types; false, and one finding, where that cannot be. */
bool structural_fit(struct fielderrs *e, const struct structural_meta *m,
		    const struct structural_where *at, const struct type_rules *s, node value,
		    bool root);

/* ---- structural_cel.c -------------------------------------------------- */

/* Compile the rules of the spine. `s` was read from a custom resource's schema. */
void structural_compile_rules(struct arena *a, struct type_rules *s);

struct structural_cel {
	struct arena *arena;
	struct fielderrs *errors;
	int64_t budget;			/* below 0: spent */
	struct fielderrs *kept;		/* what an unchanged part breaks; may be NULL */
};

/* Run the rules of `value`. `old` NODE_NONE: none. `pair` NULL: no ratcheting. */
void structural_run_rules(struct structural_cel *c, const struct structural_where *at,
			  const struct type_rules *s, node value, node old,
			  struct structural_pair *pair);

/* ---- structural_fieldpath.c -------------------------------------------- */

/* A path such as ".spec['a.b'].c", checked against the schema. */
err *structural_field_path(struct arena *a, const struct type_rules *s, str text, bool brackets,
			   str *path, const struct type_rules **found)
	__attribute__((warn_unused_result));

#endif
