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

struct quick;
struct quick_call;

/* For a server "https://host:port" or "http://...", checked by the authorities of
 * `tls` (borrowed, as is its identity); NULL: not ordinary enough. Connects to nothing. */
struct quick *quick_new(str server, const struct net_tls *tls, enum net_addresses addresses);
void quick_free(struct quick *q);

/* Send a request: its method, url, headers, body, token, user and password, timeout, cancel
 * flag and max_body count; the URL begins with the server. NULL: not here, and the server
 * does not have it. */
struct quick_call *quick_start(struct quick *q, const struct net_request *r);
/* Its answer; false: ask the client. Ends the call. */
bool quick_wait(struct quick *q, struct quick_call *c, struct net_response *out);
/* There is no connection, and there will be none: what is asked is the client's affair. */
bool quick_is_broken(struct quick *q);
/* Connected, with nothing under way. */
bool quick_is_idle(struct quick *q);
/* Idle, and the server has not ended it meanwhile. */
bool quick_is_alive(struct quick *q);

#endif
