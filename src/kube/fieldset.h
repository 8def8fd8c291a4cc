/* fieldset - sets of paths into objects, as structured-merge-diff has them.
 *
 * A set is a trie. A step of a path is the name of a field or key, the keys
 * of an item of a list (`k:{"name":"app"}`), the value of an item of a set
 * (`v:"x"`) or an index. A node of the trie can be a member itself, have
 * members below it, or both. The root is never a member.
 *
 * Sets are immutable once made; the functions share what did not change, so a
 * set lives as long as all arenas that it came from. Worker-local while it is
 * filled.
 */
#ifndef KUBE_FIELDSET_H
#define KUBE_FIELDSET_H

#include "base/buf.h"
#include "value/node.h"

enum fieldset_step_kind {	/* in their order */
	FIELDSET_FIELD,
	FIELDSET_KEYS,
	FIELDSET_VALUE,
	FIELDSET_INDEX,
};

struct fieldset_key {
	str name;
	node value;
};

struct fieldset_step {
	uint32_t kind;			/* enum fieldset_step_kind */
	uint32_t keys_n;
	union {
		str name;
		const struct fieldset_key *keys;	/* sorted by name */
		node value;
		int64_t index;
	};
};

struct fieldset;

struct fieldset_entry {
	struct fieldset_step step;
	bool member;
	struct fieldset *below;		/* NULL: nothing */
};

struct fieldset {
	struct fieldset_entry *entries;	/* sorted */
	uint32_t n, cap;
};

/* A path as it is walked: the last step, and the way to it on the stack. */
struct fieldset_path {
	const struct fieldset_path *up;
	struct fieldset_step step;
};

static inline struct fieldset_step fieldset_field(str name)
{
	return (struct fieldset_step){ .kind = FIELDSET_FIELD, .name = name };
}
/* The order of values of any kind: negative, zero or positive. Numbers compare
 * by value: 1 and 1.0 are equal. */
int fieldset_cmp_value(node x, node y);
int fieldset_cmp_step(const struct fieldset_step *x, const struct fieldset_step *y);

/* ---- asking ------------------------------------------------------------ */

/* A NULL set is empty everywhere. */
bool fieldset_is_empty(const struct fieldset *s);
bool fieldset_equal(const struct fieldset *x, const struct fieldset *y);
/* The entry of one step, or NULL. */
const struct fieldset_entry *fieldset_at(const struct fieldset *s, const struct fieldset_step *step);
bool fieldset_has(const struct fieldset *s, const struct fieldset_path *p);
/* All members in the original's order: those of a node before those below. */
void fieldset_each(const struct fieldset *s, void (*f)(void *ctx, const struct fieldset_path *p),
		   void *ctx);

/* ---- making ------------------------------------------------------------ */

struct fieldset *fieldset_new(struct arena *a);
/* The entry of a step, made if it is not there; good until the next one is. */
struct fieldset_entry *fieldset_need(struct arena *a, struct fieldset *s,
				     const struct fieldset_step *step);
/* Make a path a member; the empty one (NULL) never is. */
void fieldset_add(struct arena *a, struct fieldset *s, const struct fieldset_path *p);
/* A path of field names. */
void fieldset_add_fields(struct arena *a, struct fieldset *s, const str *names, size_t n);

struct fieldset *fieldset_union(struct arena *a, const struct fieldset *x, const struct fieldset *y);
struct fieldset *fieldset_common(struct arena *a, const struct fieldset *x, const struct fieldset *y);
/* Members of x that y does not have. */
struct fieldset *fieldset_minus(struct arena *a, const struct fieldset *x, const struct fieldset *y);
/* The same, and nothing below a member of y either. */
struct fieldset *fieldset_without(struct arena *a, const struct fieldset *x, const struct fieldset *y);

/* ---- texts ------------------------------------------------------------- */

/* From the value of `fieldsV1`; steps of unknown kinds are left out. */
enum { FIELDSET_DEPTH_MAX = 1000 };
err *fieldset_read(struct arena *a, node fields, struct fieldset **out)
	__attribute__((warn_unused_result));
/* The value of `fieldsV1`. */
node fieldset_write(struct arena *a, const struct fieldset *s);

/* ".spec.containers[name="app"].image" */
void fieldset_print_step(struct buf *b, const struct fieldset_step *step);
void fieldset_print_path(struct buf *b, const struct fieldset_path *p);

#endif
