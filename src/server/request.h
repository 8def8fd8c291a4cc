/* request - one question to the server, and its answer.
 *
 * A request comes from a socket or by a direct call. It is routed (route.h) to what
 * it asks for, its user is made sure of (auth.h), and then it is answered by
 * one function: a verb of the core, a subresource (subresource.h) or an
 * endpoint beside the resources (endpoint.h). That function returns an err
 * for a refusal (status.h), or fills `answer`.
 *
 * Everything of a request lives in its arena; the answer's body and the
 * references it holds are its own and are ended by request_release. A
 * request belongs to one thread at a time: the loop for what is answered
 * from memory at once, else a worker, which may block.
 */
#ifndef SERVER_REQUEST_H
#define SERVER_REQUEST_H

#include "base/buf.h"
#include "base/vec.h"
#include "server/blob.h"
#include "server/kind.h"

struct server;
struct feed;

struct request_pair {
	str key, value;
};

struct request_user {
	str name, uid;
	const str *groups;
	size_t groups_n;
	const struct request_pair *extra;	/* sorted by key, a key may repeat */
	size_t extra_n;
};

/* How the answer is to be written: negotiate.h. */
enum request_form { REQUEST_JSON, REQUEST_YAML, REQUEST_PROTOBUF };
enum request_shape { REQUEST_PLAIN, REQUEST_TABLE, REQUEST_META, REQUEST_META_LIST };

struct request_accept {
	uint8_t form;			/* enum request_form */
	uint8_t shape;			/* enum request_shape */
	str version;			/* of meta.k8s.io: "v1", "v1beta1" */
	bool pretty;
};

struct answer {
	int code;			/* 0: 200 */
	str type;			/* Content-Type; empty: application/json */
	struct buf body;
	struct blob *blob;		/* instead of a body: its JSON; a reference */
	struct request_pair *headers;	/* besides the usual ones */
	size_t headers_n;
	struct feed *feed;		/* instead of both: goes on by itself (feed.h) */
};

struct request {
	struct arena *arena;
	struct server *server;

	/* as it came */
	str method;			/* "GET" */
	str path;			/* decoded, begins with '/' */
	str raw_path;			/* as written */
	const struct request_pair *query;	/* decoded, in order */
	size_t query_n;
	const struct request_pair *headers;	/* keys in small letters */
	size_t headers_n;
	str body;
	bool direct;			/* a call within the process: the user is given */

	struct request_user user;	/* as impersonated */
	str created_name;		/* the name in the body of a creation, for messages */
	str real_user;			/* who impersonates; empty: nobody */

	/* what it asks for */
	bool resource;			/* else an endpoint */
	bool below;			/* of a namespace: "/namespaces/NS/pods" */
	str verb;			/* of authorization: "get", "deletecollection" */
	str group, version, plural;
	str namespace, name, sub, sub_path;	/* sub_path: what follows the subresource */
	str auth_name;			/* the name, or the one that the field selector asks for */
	const struct kind *kind;	/* a reference; NULL: no such resource */
	struct request_accept accept;

	struct kind_warnings warnings;
	struct answer answer;
	VEC(const struct kind *) held;	/* request_hold */
};

void request_init(struct request *r, struct server *s, struct arena *a);
void request_release(struct request *r);
/* Until the release: a row that something in the arena borrows from, such as the type of
 * another version. Takes the reference; NULL is fine. */
void request_hold(struct request *r, const struct kind *k);

/* The first value of a query parameter or a header; empty when there is none. */
str request_query(const struct request *r, str key);
bool request_has_query(const struct request *r, str key);
/* Everything but "false" and "0" counts as true when it is there, "" too. */
bool request_flag(const struct request *r, str key);
str request_header(const struct request *r, str key);

/* Headers of the answer. The texts are borrowed. */
void request_add_header(struct request *r, str key, str value);

/* Split "a=b&c=%20" as url.ParseQuery does, leaving out what is malformed. */
enum { REQUEST_QUERY_MAX = 1000 };
void request_parse_query(struct request *r, str text);

/* Who asks, as messages name them: request_is_in(&r->user, S("system:masters")). */
bool request_is_in(const struct request_user *u, str group);

#endif
