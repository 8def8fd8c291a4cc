/* cel_type - the types of expressions.
 *
 * A type is a node of a small immutable graph: the simple ones are constants,
 * lists, maps, optionals and types of types have parameters, objects point
 * to the decl that knows their fields. A type parameter stands for a type
 * that is not known yet; the checker (cel_unify.h) finds it.
 *
 * Ownership: made types live in the arena. Any thread.
 */
#ifndef CEL_CEL_TYPE_H
#define CEL_CEL_TYPE_H

#include "base/buf.h"
#include "cel/cel.h"

struct cel_type {
	enum cel_kind kind;
	uint8_t n;			/* parameters */
	bool any;			/* CEL_DYN: google.protobuf.Any */
	bool nullable;			/* the wrapper of a simple type */
	bool bare;			/* no part is a type parameter */
	uint32_t var;			/* CEL_TYPE_PARAM: its number */
	str name;			/* at run time; of a parameter, in declarations */
	const struct cel_type *params[2];
	const struct cel_decl *decl;	/* CEL_OBJECT */
};

/* The types of kinds without parameters; lists, maps and optionals of dyn. */
extern const struct cel_type cel_types[];

const struct cel_type *cel_type_of(enum cel_kind kind);
const struct cel_type *cel_type_any(void);
/* google.protobuf.Int64Value and the like. */
const struct cel_type *cel_type_nullable(enum cel_kind kind);
/* What a name means as a type: "int", "net.IP", "google.protobuf.Struct". NULL when it is none.
 * Only `kubernetes` knows the types of its libraries. */
const struct cel_type *cel_type_named(str name, bool kubernetes);

const struct cel_type *cel_type_list(struct arena *a, const struct cel_type *elem);
const struct cel_type *cel_type_map(struct arena *a, const struct cel_type *key,
				    const struct cel_type *value);
const struct cel_type *cel_type_optional(struct arena *a, const struct cel_type *of);
const struct cel_type *cel_type_type(struct arena *a, const struct cel_type *of);
const struct cel_type *cel_type_object(struct arena *a, const struct cel_decl *decl);
const struct cel_type *cel_type_param(struct arena *a, uint32_t var);

/* What an expression makes under that name: Object, Object.FIELD, JSONPatch; NULL: nothing. */
const struct cel_type *cel_type_made(struct arena *a, str name);
/* Of the authorizer, and of what it makes of the resource of a request. */
const struct cel_type *cel_authorizer_type(void);
const struct cel_type *cel_authorizer_check_type(void);

/* The same type, wrappers and their plain types being the same. */
bool cel_type_equal(const struct cel_type *a, const struct cel_type *b);
/* As cel-go prints it in errors: "map(string, dyn)", "timestamp". Objects are
 * named by their place below the root of the schema: "selfType.spec". */
void cel_type_print(struct buf *b, const struct cel_type *t);

#endif
