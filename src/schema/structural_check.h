/* structural_check - the parts of the judgement of a schema: is it structural?
 *
 * Private to structural*.c; the rules and their words are those of Kubernetes'
 * apiextensions-apiserver (pkg/apis/apiextensions/validation, pkg/apiserver/schema).
 * Complaints are added to `e`. Worker-local.
 */
#ifndef SCHEMA_STRUCTURAL_CHECK_H
#define SCHEMA_STRUCTURAL_CHECK_H

#include "schema/structural_impl.h"

/* The path of a word below a place. */
str structural_check_path(struct arena *a, const struct structural_where *at, const char *word);

/* Whether a word of a schema has the value that Go counts as not set. */
bool structural_says_nothing(node value);
void structural_check_shape(struct fielderrs *e, const struct structural_where *at,
			    const struct type_rules *s);
void structural_check_defaults(struct fielderrs *e, const struct structural_meta *meta,
			       const struct structural_where *at, const struct type_rules *s);
/* Everything else. `cel`: rules are judged too. */
void structural_check_words(struct fielderrs *e, const struct structural_where *at,
			    const struct type_rules *s, bool cel);

#endif
