/* discovery - which resources a server has.
 *
 * Asked once and kept: aggregated discovery in two requests where the server
 * has it, else a request a group version. A kind or name that is not known
 * makes it ask again, but not more often than every few seconds, so that a
 * CRD that was just applied is found and a misspelt kind costs little.
 *
 * What cannot be found is an error in the words of client-go's RESTMapper:
 * `no matches for kind "X" in version "g/v"`.
 *
 * Ownership: a struct discovery borrows its client; what it gives out lives
 * as long as itself. Any thread.
 */
#ifndef CLIENT_DISCOVERY_H
#define CLIENT_DISCOVERY_H

#include "client/client.h"
#include "kube/gvk.h"

struct discovery;

struct discovery *discovery_new(struct client *c) __attribute__((returns_nonnull));
void discovery_free(struct discovery *d);

/* The resource of a kind; an empty version takes the server's preferred one. */
err *discovery_kind(struct discovery *d, struct gvk g, const struct client_resource **out)
	__attribute__((warn_unused_result));
/* By what a user types: plural, singular or short name, kind in small
 * letters, each perhaps with ".group" or ".version.group"; NULL when there is none. */
err *discovery_name(struct discovery *d, str name, const struct client_resource **out)
	__attribute__((warn_unused_result));
/* All resources that can be listed, in the server's order: preferred versions. */
err *discovery_each(struct discovery *d,
		    err *(*visit)(void *ctx, const struct client_resource *r, bool deletable),
		    void *ctx) __attribute__((warn_unused_result));
/* What /version says: asked once, and again when the resources are. */
err *discovery_server(struct discovery *d, node *out) __attribute__((warn_unused_result));
/* All resources in all versions: what the server can do. */
err *discovery_every(struct discovery *d,
			err *(*visit)(void *ctx, const struct client_resource *r), void *ctx)
	__attribute__((warn_unused_result));
/* Ask again at the next question: a CRD was applied or deleted. */
void discovery_forget(struct discovery *d);

#endif
