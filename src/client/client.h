/* client - requests to a Kubernetes API server.
 *
 * A struct client is one server and one identity. It knows nothing of kinds:
 * objects are node trees, resources are named by path. How a request gets to
 * the server is the transport's affair: HTTP (here), or a direct call into a
 * server in the same process (whoever has one makes a transport for it). All
 * above this header works the same over both.
 *
 * An answer of 400 or more is an error with the server's message, made from
 * its Status: err_code is the HTTP code, err_kind follows the reason
 * (NotFound, AlreadyExists, Conflict, Forbidden, Invalid, Timeout), and
 * err_detail is the Status as JSON. An answer that is no Status reads as
 * client-go words it: "the server could not find the requested resource".
 *
 * Three ways to ask: client_do and its kin wait; client_start sends many at
 * once, each to be waited for with client_wait; client_watch_start delivers
 * events until it is stopped.
 *
 * Ownership: a client is counted. Answers live in the caller's arena. Any
 * thread; a struct client_call belongs to one.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "client/kubeconfig.h"
#include "client/tally.h"
#include "net/client.h"
#include "value/node.h"

struct client;
struct client_call;
struct client_watch;

/* What a transport carries. `path` begins with '/', `query` has no '?'. */
struct client_request {
	str method;		/* empty: GET */
	str path, query;
	str content_type;	/* of the body; empty: "application/json" */
	str accept;		/* empty: "application/json" */
	str body;
	int64_t timeout;	/* nanoseconds; 0: CLIENT_TIMEOUT */
	const atomic_bool *cancel;	/* or NULL */
	str as;			/* impersonate; the transport's own user when empty */
	const str *as_groups;
	size_t as_groups_n;
	bool twice;		/* a change that comes to the same when it is made twice */
};

/* For `accept`: of the items of a list their metadata are enough. */
#define CLIENT_PARTIAL_LIST \
	"application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json"

#define CLIENT_TIMEOUT (32 * CLOCK_SECOND)
enum { CLIENT_ANSWER_MAX = 256 << 20 };

struct client_answer {
	int status;
	struct buf body;
};
#define CLIENT_ANSWER_INIT { .body = { .max = CLIENT_ANSWER_MAX } }
void client_answer_release(struct client_answer *a);

/* Called for each piece of a stream, and once at its end (`why` borrowed;
 * NULL: the server closed it). Must be quick. */
struct client_stream {
	void (*on_head)(void *ctx, int status);
	bool (*on_data)(void *ctx, str piece);
	void (*on_end)(void *ctx, const err *why);
	void *ctx;
};

struct client_transport {
	/* Begin a request; `wait` ends it and frees the handle. */
	void *(*start)(void *ctx, const struct client_request *r);
	err *(*wait)(void *ctx, void *handle, struct client_answer *out);
	/* Begin a stream; `stop` returns when no callback runs any more. */
	void *(*stream)(void *ctx, const struct client_request *r, const struct client_stream *s);
	void (*stop)(void *ctx, void *handle);
	void (*free)(void *ctx);
	void *ctx;
	str host;		/* "example.com:6443", for metrics; lives as long as the transport */
};

/* ---- making ------------------------------------------------------------ */

/* A token that is got when it is needed, and anew after `*until` (clock_wall). Called
 * under a lock of the client's, on the thread of whoever asks. */
struct client_login {
	err *(*token)(void *ctx, struct arena *a, str *token, int64_t *until);
	void (*free)(void *ctx);
	void *ctx;
};

struct client_options {
	str user_agent;		/* empty: "rill/VERSION"; its part before '/' is the default manager */
	char *const *env;	/* for an exec plugin; NULL: exec plugins are refused */
	const struct client_login *login;	/* taken, also on failure; NULL: what the kubeconfig says */
	/* The texts of Warning headers, from any thread; NULL: nobody wants them. */
	void (*on_warning)(void *ctx, str text);
	void *ctx;
	/* Of a command that is over soon: plain GETs, and what may be asked twice, go without
	 * the HTTP client (net/quick.h), and `net` may be NULL; this makes it when it is
	 * needed, to be borrowed as well. */
	err *(*net)(void *ctx, struct net_client **out);
};

/* Over HTTP; `net` is borrowed and must outlive the client. */
err *client_new(struct client **out, struct net_client *net, const struct kubeconfig *k,
		const struct client_options *o) __attribute__((warn_unused_result));
/* Over a transport of the caller's making, which it takes. */
struct client *client_new_over(const struct client_transport *t) __attribute__((returns_nonnull));
struct client *client_ref(struct client *c);
void client_unref(struct client *c);
/* For CLEANUP(client_drop) struct client *c = NULL. */
void client_drop(struct client **c);

/* The same server as another user: Impersonate-User and perhaps groups. */
err *client_impersonate(struct client *c, str user, const str *groups, size_t n,
			struct client **out) __attribute__((warn_unused_result));

/* At most `qps` requests a second, but `burst` at once (at least one) after a pause; who
 * asks waits. It counts for those made of it by client_impersonate, too. Before the
 * client is used; 0: no limit. */
void client_limit(struct client *c, double qps, int64_t burst);
/* Requests, but not streams, fail with this, and the server hears of none. Before the client
 * is used. */
void client_refuse(struct client *c, str why);

/* Requests made so far, without those of clients made of it: for tests. */
uint64_t client_requests(const struct client *c);
/* Where the client's requests are counted, and those of clients made of it. Each begins with
 * a tally of its own; from client_count_with on, which comes before its first request, it is
 * the other's. */
struct tally *client_tally(const struct client *c);
void client_count_with(struct client *c, const struct client *other);

/* ---- asking ------------------------------------------------------------ */

/* One request with a JSON answer into `a`. `out` may be NULL. */
err *client_do(struct client *c, struct arena *a, const struct client_request *r, node *out)
	__attribute__((warn_unused_result));
/* The same with the raw answer: for texts, logs and streams that end. */
err *client_raw(struct client *c, const struct client_request *r, struct client_answer *out)
	__attribute__((warn_unused_result));
struct client_call *client_start(struct client *c, const struct client_request *r)
	__attribute__((returns_nonnull));
err *client_wait(struct client_call *call, struct arena *a, node *out)
	__attribute__((warn_unused_result));
/* The same and the HTTP code of what is no error: 201 for an object that was made. */
err *client_wait_code(struct client_call *call, struct arena *a, node *out, int *code)
	__attribute__((warn_unused_result));
/* A stream of bytes, such as a log that is followed: callbacks as the header of
 * struct client_stream says, until it is stopped. The client must outlive it. */
struct client_tail;
struct client_tail *client_tail_start(struct client *c, const struct client_request *r,
				      const struct client_stream *s)
	__attribute__((returns_nonnull));
/* No callback runs after this, so none of its own may call it. NULL is fine. */
void client_tail_stop(struct client_tail *t);
/* The error that an answer of 400 or more stands for. */
err *client_status_error(int status, str body) __attribute__((warn_unused_result, returns_nonnull));
/* The same by its code alone: what client-go says of an answer that it does not read, as
 * that of /version. Takes `e`; one of no answer stays. */
err *client_raw_error(err *e) __attribute__((warn_unused_result, returns_nonnull));
/* "Conflict": the reason of the Status in an error, or empty. */
str client_status_reason(struct arena *a, const err *e);

/* ---- resources --------------------------------------------------------- */

/* What a path is made of. */
struct client_resource {
	str group, version;	/* group empty: core */
	str plural;
	str kind;
	bool namespaced;
};

/* Those that are asked for most. */
extern const struct client_resource client_secrets, client_configmaps, client_pods, client_accounts;

/* "/apis/apps/v1/namespaces/NS/deployments/NAME/SUB"; empty parts are left
 * out. NS counts for namespaced resources only. */
str client_path(struct arena *a, const struct client_resource *r, str namespace, str name, str sub);
/* "field=value" of a field selector, with what would be its grammar escaped. */
str client_field(struct arena *a, str field, str value);
/* "a=b&c=d" of pairs, escaped; pairs with an empty value are left out. */
str client_query(struct arena *a, const str *pairs, size_t n);
#define client_query_of(a, ...)                              \
	client_query((a), (const str[]){ __VA_ARGS__ },      \
		     sizeof((const str[]){ __VA_ARGS__ }) / sizeof(str))

err *client_get(struct client *c, struct arena *a, const struct client_resource *r, str namespace,
		str name, node *out) __attribute__((warn_unused_result));
/* All pages. `selector` and `fields` may be empty. `out` is the list object
 * with all items, each with its apiVersion and kind. */
err *client_list(struct client *c, struct arena *a, const struct client_resource *r, str namespace,
		 str selector, str fields, node *out) __attribute__((warn_unused_result));
err *client_create(struct client *c, struct arena *a, const struct client_resource *r,
		   node object, str manager, node *out) __attribute__((warn_unused_result));
err *client_update(struct client *c, struct arena *a, const struct client_resource *r,
		   node object, str sub, str manager, node *out)
	__attribute__((warn_unused_result));

enum client_patch {
	CLIENT_PATCH_JSON,
	CLIENT_PATCH_MERGE,
	CLIENT_PATCH_STRATEGIC,
	CLIENT_PATCH_APPLY,
};

struct client_patch_options {
	enum client_patch type;
	str sub;		/* subresource */
	str manager;
	bool force, dry_run;
	bool twice;		/* as of client_request */
};
err *client_patch(struct client *c, struct arena *a, const struct client_resource *r,
		  str namespace, str name, node patch, const struct client_patch_options *o,
		  node *out) __attribute__((warn_unused_result));

struct client_delete_options {
	str propagation;	/* "Background", ...; empty: the server's */
	str uid;		/* precondition */
	str resource_version;
	bool dry_run;
};
err *client_delete(struct client *c, struct arena *a, const struct client_resource *r,
		   str namespace, str name, const struct client_delete_options *o)
	__attribute__((warn_unused_result));

/* ---- watching ---------------------------------------------------------- */

struct client_watch_options {
	str namespace;		/* empty: all */
	str selector, fields;
	str resource_version;	/* empty: all present objects first */
	bool bookmarks;
	bool initial_events;	/* sendInitialEvents, with resourceVersionMatch */
	bool metadata;		/* PartialObjectMetadata is enough */
	int64_t timeout;	/* nanoseconds after which the server ends it; 0: its own */
	/* Both on a thread of the transport, one at a time: be quick, do not wait.
	 * `object` lives until the call returns; keep a copy. An "ERROR" event has a Status. */
	void (*on_event)(void *ctx, str type, node object);
	/* The stream has ended; `why` is borrowed, NULL: by the server, in peace. */
	void (*on_end)(void *ctx, const err *why);
	void *ctx;
};

struct client_watch *client_watch_start(struct client *c, const struct client_resource *r,
					const struct client_watch_options *o)
	__attribute__((returns_nonnull));
/* No callback runs after this, so none of its own may call it. NULL is fine. */
void client_watch_stop(struct client_watch *w);

#endif
