/* patience - hosts that asked to be left alone: 429 or 503 with Retry-After.
 *
 * What one request is told counts for all who would ask the same host, whichever object
 * they ask for; so each asks here before it asks there:
 *
 *	struct patience *p = net_client_patience(client);
 *	TRY(patience_check(p, url));
 *	... request ...
 *	patience_keep(p, url, &head);
 *
 * A host is one with its port, as a URL names it. Nobody waits here. Any thread.
 */
#ifndef NET_PATIENCE_H
#define NET_PATIENCE_H

#include "net/client.h"

enum { PATIENCE_HOSTS = 1024 };

struct patience;

struct patience *patience_new(void) __attribute__((returns_nonnull));
void patience_free(struct patience *p);

/* "'HOST' answers too many requests with Retry-After, and is not asked for another 7s",
 * with err_code 429; NULL when it may be asked. */
err *patience_check(struct patience *p, str url) __attribute__((warn_unused_result));
/* Nanoseconds until the host of that URL may be asked again; 0: now. */
int64_t patience_left(struct patience *p, str url);
/* Keep what an answer to that URL asks for, also one that another host gave in the end:
 * nanoseconds, or -1 when it asks for nothing. */
int64_t patience_keep(struct patience *p, str url, const struct net_response *head);
/* "; retry after 7s" onto the words about such an answer; nothing when it asks for nothing. */
void patience_words(struct buf *b, const struct net_response *head);

#endif
