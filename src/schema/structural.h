/* structural - the schemas of custom resources.
 *
 * A version of a CustomResourceDefinition describes its objects by a
 * structural schema: OpenAPI v3 with rules that make it a tree of types. From
 * it come the types that drive reading, merging and apply (schema/type.h),
 * and here are the things that only custom resources have: unknown fields
 * are dropped (and named), nulls and defaults follow apiextensions' rules,
 * values are checked with the texts of the API server, CEL rules run within
 * their budget, and what an update left alone is not held against it.
 * structural_check judges a schema itself, as the creation of a definition does.
 *
 * A compiled schema lives in an arena, borrows from the texts of its node
 * and is immutable: any thread. Everything else is worker-local. Nothing
 * here looks at names of objects; metadata of the object itself is the
 * caller's business, that of embedded objects is checked here.
 *
 * Schemas and objects are hostile: nesting, size, number of defaults,
 * findings and cost of rules are bounded.
 */
#ifndef SCHEMA_STRUCTURAL_H
#define SCHEMA_STRUCTURAL_H

#include "schema/fielderr.h"
#include "schema/type.h"
#include "value/node.h"

enum {
	STRUCTURAL_DEPTH_MAX = 200,	/* levels of a schema */
	STRUCTURAL_NODES_MAX = 200000,	/* schemas in a schema */
	STRUCTURAL_DEFAULTS_MAX = 100000,	/* defaults that one object takes */
	STRUCTURAL_DEFAULTS_BYTES_MAX = 64 << 20,	/* what they may hold */
	STRUCTURAL_UNKNOWN_MAX = 1000,	/* unknown fields that are named */
	STRUCTURAL_MESSAGE_MAX = 5 * 1024,	/* bytes of a message that a rule makes */
};

/* ---- one version ------------------------------------------------------- */

/* Compile an openAPIV3Schema; `metadata` is the type of the object's own
 * metadata (NULL: unknown). Rules in CEL are compiled too, and a rule that does not
 * compile fails each object it should check. Fails for what is no structural schema
 * at all. */
err *structural_compile(struct arena *a, node schema, const struct type *metadata,
			const struct type **out) __attribute__((warn_unused_result));

/* The type of `status` in the schema, or NULL. */
const struct type *structural_status(const struct type *t);

/* ---- reading objects --------------------------------------------------- */

struct structural_unknown {
	struct arena *arena;
	str *p;			/* "spec.items[0].bogus", sorted */
	size_t n, cap;
};

void structural_unknown_add(struct structural_unknown *u, str path);

/* Drop the fields that the schema does not know, and name them. `root`: this
 * is a whole object, its apiVersion, kind and metadata stay. `u` may be NULL. */
void structural_prune(const struct type *t, node object, bool root, struct structural_unknown *u);
/* Drop nulls where neither null nor a default may stand. */
void structural_drop_nulls(const struct type *t, node object);
/* Set what is missing. `a` is the arena of the object. */
err *structural_default(struct arena *a, const struct type *t, node object)
	__attribute__((warn_unused_result));

/* How metadata is decoded, which this layer does not know. */
struct structural_meta {
	/* The known fields of metadata in their usual form; `unknown` (may be NULL)
	 * gets the names of others, the error is the decoder's. */
	err *(*fit)(struct arena *a, node metadata, struct structural_unknown *unknown, node *out);
};

/* Fit apiVersion, kind and metadata of embedded objects to their types: unknown
 * fields of metadata go (and are named), wrong ones are an error, or go too
 * (`drop`: for what was stored before). */
err *structural_coerce(struct arena *a, const struct type *t, node object,
		       const struct structural_meta *m, bool drop, struct structural_unknown *u)
	__attribute__((warn_unused_result));

/* ---- checking objects -------------------------------------------------- */

struct structural_check {
	struct arena *arena;
	const struct type *type;
	struct fielderrs *errors;
	const struct structural_meta *meta;	/* NULL: metadata is taken as it is */
	struct fielderrs *kept;	/* rules that an unchanged part breaks, for warnings; may be NULL */
	bool status;		/* an update of /status: only that is checked by the schema */
};

/* Everything the schema says about an object. `old` is NODE_NONE on create.
 * Between values (types, limits, formats) and the rest (embedded objects, lists, rules)
 * the API server looks at other things. */
void structural_validate_values(const struct structural_check *c, node object, node old);
void structural_validate_rest(const struct structural_check *c, node object, node old);

/* ---- checking schemas -------------------------------------------------- */

/* What one rule of a schema may cost at most, and all of them together. */
#define STRUCTURAL_RULE_COST_MAX UINT64_C(10000000)
#define STRUCTURAL_TOTAL_COST_MAX UINT64_C(100000000)

struct structural_schema {
	struct fielderrs *errors;
	str path;		/* "spec.validation.openAPIV3Schema" */
	bool status;		/* the definition has a status subresource */
	const struct structural_meta *meta;
};

/* Everything that is wrong with the schema of a definition. Fails for what is
 * too deep or too large to be judged. */
err *structural_check_schema(const struct structural_schema *o, node schema)
	__attribute__((warn_unused_result));

/* The places in objects that a schema has, for paths such as ".spec.color". */
struct structural_fields {
	struct arena *arena;
	const struct type_rules *root;
};
err *structural_fields_read(struct arena *a, node schema, struct structural_fields *out)
	__attribute__((warn_unused_result));
/* `path` is the path as errors name it; `scalar`: a string, integer or boolean is
 * there. Keys in brackets are not taken. */
err *structural_fields_find(const struct structural_fields *f, str text, str *path, bool *scalar)
	__attribute__((warn_unused_result));

/* The formats of a schema that nothing checks, one a place. */
struct structural_formats {
	struct arena *arena;
	str *p;
	size_t n, cap;
};
err *structural_ignored_formats(node schema, struct structural_formats *out)
	__attribute__((warn_unused_result));

#endif
