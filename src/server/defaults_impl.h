/* defaults_impl - the tables of default values, which stand in defaults_*.c.
 *
 * defaults.c walks an object by its type and finds the rules of each type in them. Rules
 * change the object in place, in the request's arena, and cannot fail.
 */
#ifndef SERVER_DEFAULTS_IMPL_H
#define SERVER_DEFAULTS_IMPL_H

#include "server/defaults.h"

/* A rule of one type, which `type` names without "io.k8s.": it is called with
 * each object of that type, before what is below it. */
struct defaults_rule {
	const char *type;
	void (*set)(struct arena *a, node object);
};

/* A plain value for a field that is missing or empty. */
struct defaults_value {
	const char *type, *field;
	node value;
};

extern const struct defaults_rule defaults_core_rules[], defaults_pod_rules[], defaults_group_rules[];
extern const size_t defaults_core_rules_n, defaults_pod_rules_n, defaults_group_rules_n;

/* Not there, null or an empty text. */
bool defaults_lacks(node object, str field);
/* Set a field that is missing or empty. */
void defaults_set(struct arena *a, node object, str field, node value);
/* Copies the pairs that `to` does not have, under the key `field` of `object`. */
void defaults_merge(struct arena *a, node object, str field, node from);

#endif
