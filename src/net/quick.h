/* quick - requests to one server over one connection, without the HTTP client.
 *
 * Loading the HTTP client's library, with the thirty it brings along, costs a
 * short command more than all else that it does. What such a command asks is
 * ordinary: a few small requests to one server whose authority it knows. That is done
 * here, over HTTP/1.1 on OpenSSL alone; requests go out as they come, answers
 * are read in their order.
 *
 * Whatever is out of the ordinary (no connection, a certificate that does not
 * hold, a redirect, an answer that is cut off or unclear) is no error here:
 * the caller asks again through the client (net/client.h), which tells what is
 * wrong in its words. So only what can be asked again is asked here: GETs, and
 * changes that come to the same when they are made twice.
 *
 * Any thread; one waits while another reads.
 */
#ifndef NET_QUICK_H
#define NET_QUICK_H

#include "net/client.h"

struct quick_site;
struct quick;
struct quick_call;

/* What all connections to a server "https://host:port" or "http://..." have in common: it is
 * checked by the authorities of `tls` (borrowed, as is its identity), which are read once.
 * NULL: not ordinary enough. */
struct quick_site *quick_site_new(str server, const struct net_tls *tls,
				  enum net_addresses addresses);
/* Behind its last connection. NULL is fine. */
void quick_site_free(struct quick_site *site);

/* One connection, of which there is nothing before the first request. Borrows the site. */
struct quick *quick_new(struct quick_site *site) __attribute__((returns_nonnull));
/* NULL is fine. */
void quick_free(struct quick *q);

/* Send a request: its method, url, headers, body, token, user and password, timeout, cancel
 * flag and max_body count; the URL begins with the server. NULL: not here, and the server
 * does not have it. */
struct quick_call *quick_start(struct quick *q, const struct net_request *r);
/* Its answer; false: ask the client. Ends the call. */
bool quick_wait(struct quick *q, struct quick_call *c, struct net_response *out);

/* An answer that goes on is read piece by piece, on a connection that nobody else asks on:
 * quick_start, quick_head, quick_more until it says false, quick_end. */

/* The answer without its body (borrowed, until the end); false: ask the client. */
bool quick_head(struct quick *q, struct quick_call *c, const struct net_response **out);
/* Wait for bytes; false: none are left, and `*whole` tells whether that was the end or it was
 * cut off. There is no limit to the time. */
bool quick_more(struct quick *q, struct quick_call *c, struct buf *piece, bool *whole);
/* Ends call and connection; also behind a quick_head or quick_more that said false. */
void quick_end(struct quick *q, struct quick_call *c);
/* From another thread: nothing more comes or goes. */
void quick_stop(struct quick *q);

/* There is no connection, and there will be none: what is asked is the client's affair. */
bool quick_is_broken(struct quick *q);
/* Connected, with nothing under way. */
bool quick_is_idle(struct quick *q);
/* Idle, and the server has not ended it meanwhile. */
bool quick_is_alive(struct quick *q);

#endif
