/* applyset_ignore - fields of objects that others may change.
 *
 * Rules as specs have them (struct applyset_ignore: JSON pointers, and which objects they
 * are for), made ready to be used many times. Of apply sets, and of whoever else compares
 * what is there with what is wanted.
 *
 * Ownership: rules live in the arena that they were read into. Worker-local.
 */
#ifndef CLIENT_APPLYSET_IGNORE_H
#define CLIENT_APPLYSET_IGNORE_H

#include "client/applyset.h"

struct applyset_rules {
	struct applyset_rule *list;
	size_t n;
};

/* Those of `o->ignore`: "invalid kind regex: ..." */
err *applyset_rules_read(struct arena *a, const struct applyset_options *o,
			 struct applyset_rules *out) __attribute__((warn_unused_result));
/* Whether any rule is about the object. */
bool applyset_rules_match(const struct applyset_rules *r, node object);
/* A copy of `object` without the fields that the rules for `as` name. */
node applyset_rules_strip(struct arena *a, const struct applyset_rules *r, node as, node object);
/* What to send instead of `wanted`: ignored fields that another manager
 * applied are left out, others keep the value they have in `live`. */
node applyset_rules_adopt(struct arena *a, const struct applyset_rules *r, str manager, node live,
			  node rehearsal, node wanted);

#endif
