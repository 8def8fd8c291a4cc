/* direct - a client of the API server in the same process.
 *
 * Requests are calls and watches are callbacks: no socket, no TLS, no second
 * copy of a body. All above client/client.h works the same as over HTTP, and
 * the server treats such a request as any other: authorization, admission,
 * impersonation. Any thread.
 */
#ifndef CLI_DIRECT_H
#define CLI_DIRECT_H

#include "client/client.h"
#include "server/server.h"

/* As the server's administrator. `s` is borrowed, and must outlive the client. */
struct client *direct_client(struct server *s) __attribute__((returns_nonnull));

#endif
