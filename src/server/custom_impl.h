/* custom_impl - what the server makes of a definition, shared by custom*.c.
 *
 * A struct custom is the owner of its kinds (kind.h), counted, and immutable but for what
 * the fields say: a schema is compiled when somebody first asks for it, under the lock.
 */
#ifndef SERVER_CUSTOM_IMPL_H
#define SERVER_CUSTOM_IMPL_H

#include <pthread.h>

#include "base/arena.h"
#include "server/custom.h"
#include "value/jsonpath.h"

struct custom_column {
	const struct jsonpath *path;	/* NULL: the name */
	const char *type;
};

/* One version of a definition. */
struct custom_version {
	struct kind kind;
	struct custom *custom;
	_Atomic(const struct type *) type;	/* NULL: nobody has asked for it */
	const struct custom_column *columns;	/* as many as the kind has */
	bool scale;
	str spec_path, status_path, selector_path;	/* of scale, without the dot in front */
};

struct custom {
	struct kind_owner owner;
	struct arena arena;		/* under the lock once it is made */
	pthread_mutex_t lock;
	struct blob *definition;	/* a state of it that has the schemas; under the lock */
	bool compiled;			/* some type borrows from that state; under the lock */
	str name;
	atomic_bool terminating;	/* the definition is being deleted */
	const struct kind *storage;	/* the row of that version, even if it is not served */
	const struct kind **kinds;
	size_t n;
};

static inline const struct custom_version *custom_version_of(const struct kind *k)
{
	return k->more;
}

/* custom_schema.c: the version's type, made at the first call; its openAPIV3Schema
 * as a tree of its own, or NODE_NONE. */
const struct type *custom_type(const struct kind *k);
node custom_schema(struct arena *a, const struct custom_version *v);

/* custom_table.c: columns and selectable fields from the version's node. */
void custom_set_columns(struct arena *a, struct custom_version *v, node version);
void custom_cells(struct arena *a, const struct kind *k, node object, node *cells);

/* custom_scale.c: what validation says of the numbers that scale shows. */
void custom_set_scale(struct arena *a, struct custom_version *v, node version);
void custom_check_scale(struct kind_call *c, bool spec);

#endif
