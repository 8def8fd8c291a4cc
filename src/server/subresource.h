/* subresource - what is found below an object: status, scale, log, ...
 *
 * The rows of kinds say which resources have which (kind.h); discovery,
 * routing and authorization read them there. Here is what they do: one table
 * of functions, gathered in subresource.c from the parts of the server. A
 * row without a name stands for the resource itself, where it is no stored
 * object: reviews, bindings.
 *
 * A function runs on a worker, after authorization; kind and subresource are
 * set in the request, the object is not looked up. A subresource that no row
 * is here for answers that it is not supported.
 */
#ifndef SERVER_SUBRESOURCE_H
#define SERVER_SUBRESOURCE_H

#include "server/request.h"

struct subresource {
	const char *group, *plural;	/* NULL: of any kind that has it */
	const char *name;		/* "log"; "": the resource itself */
	err *(*run)(struct request *r);
};

/* The row, or NULL. */
const struct subresource *subresource_find(const struct kind *k, str name);

/* What the kind has under that name: its verbs and the kind that goes in and
 * out. False: no such subresource. */
bool subresource_of_kind(const struct kind *k, str name, struct kind_subresource *out);

#endif
