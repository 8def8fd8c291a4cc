/* tls - the server's side of TLS, on sockets that do not block.
 *
 * TLS 1.2 and 1.3, HTTP/1.1 as the only protocol offered. A client may show a
 * certificate of an authority of ours; one that is not of it does not end
 * the handshake: tls_peer tells, and whoever asks for the user refuses it.
 *
 * A struct tls_server is immutable once made, any thread; a struct tls
 * belongs to one thread.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include "base/arena.h"
#include "base/err.h"

struct tls_server;
struct tls;

/* PEM texts: ours, and the authority of client certificates (empty: none are
 * asked for). */
struct tls_identity {
	str cert, key, client_ca;
};

err *tls_server_new(struct tls_server **out, const struct tls_identity *id)
	__attribute__((warn_unused_result));
void tls_server_free(struct tls_server *s);

/* On an accepted socket (borrowed). */
struct tls *tls_new(struct tls_server *s, int fd);
/* Says goodbye, without waiting. */
void tls_free(struct tls *t);

/* Bytes moved; or TLS_AGAIN once the socket can be read, or written
 * (TLS_AGAIN_WRITE); or TLS_END for the end, in order or not. */
enum { TLS_END = 0, TLS_AGAIN = -1, TLS_AGAIN_WRITE = -2 };
long tls_read(struct tls *t, void *to, size_t n);
long tls_write(struct tls *t, const void *from, size_t n);

/* Whose certificate the client showed. */
enum tls_peer { TLS_PEER_NONE, TLS_PEER_KNOWN, TLS_PEER_UNKNOWN };
struct tls_subject {
	str common_name;
	const str *organizations;
	size_t organizations_n;
};
/* `out` is set for TLS_PEER_KNOWN, its texts in the arena. */
enum tls_peer tls_peer(struct tls *t, struct arena *a, struct tls_subject *out);

#endif
