/* negotiate - in which form the answer goes, and in which the body came.
 *
 * Two readers of Accept stand behind each other in the original: the routes,
 * which want one of their media types, or any, by its plain name, and the
 * serializers, which look at qualities and parameters. Both refuse with 406,
 * in their own words. JSON is the default. Objects are written in protobuf
 * only for those who accept nothing else (kubectl and client-go programs accept
 * JSON as well, which costs less here); watches never. Any thread.
 */
#ifndef SERVER_NEGOTIATE_H
#define SERVER_NEGOTIATE_H

#include "server/request.h"

/* Fill in r->accept for a resource: `builtin` kinds have routes. */
err *negotiate_accept(struct request *r, bool builtin) __attribute__((warn_unused_result));

/* The same for a route that answers with one media type, whatever is asked for. */
err *negotiate_route(const struct request *r, const char *type) __attribute__((warn_unused_result));

/* Indented, for people: when that is asked for, and for browsers and curl. */
bool negotiate_pretty(const struct request *r);
/* Fill in r->accept for what has no other shapes than its own: a Status, discovery. False: the
 * client takes none of the forms; a Status comes as indented JSON then. */
bool negotiate_plain(struct request *r);

/* One clause of an Accept header, best first; for documents that have forms
 * of their own. */
struct negotiate_clause {
	str type;			/* "application/json" */
	const struct request_pair *params;
	size_t params_n;
	double quality;
};
enum { NEGOTIATE_CLAUSES_MAX = 64 };
size_t negotiate_parse(struct arena *a, str accept, struct negotiate_clause **out);
str negotiate_param(const struct negotiate_clause *c, str name);

enum negotiate_body {
	NEGOTIATE_JSON,
	NEGOTIATE_YAML,
	NEGOTIATE_PROTOBUF,
	NEGOTIATE_JSON_PATCH,
	NEGOTIATE_MERGE_PATCH,
	NEGOTIATE_STRATEGIC,
	NEGOTIATE_APPLY,
};
/* The Content-Type of a body that is an object; of a patch. 415 otherwise. */
err *negotiate_content(const struct request *r, enum negotiate_body *out)
	__attribute__((warn_unused_result));
err *negotiate_patch(const struct request *r, bool custom, enum negotiate_body *out)
	__attribute__((warn_unused_result));

#endif
