/* allocator - cluster IPs and node ports of Services.
 *
 * Which are taken is in memory, found in the Services at the start, and kept
 * up to date by the writes themselves: a write that asks for one and fails
 * gives it back. Any thread.
 */
#ifndef SERVER_ALLOCATOR_H
#define SERVER_ALLOCATOR_H

#include "server/blob.h"
#include "server/kind.h"

struct allocator;
struct server;

/* The ranges of a cluster made with kubeadm. */
#define ALLOCATOR_RANGE "10.96.0.0/16"
enum { ALLOCATOR_PORT_MIN = 30000, ALLOCATOR_PORT_MAX = 32767 };

/* All Services of the store count as there. */
struct allocator *allocator_new(struct server *s);
void allocator_free(struct allocator *a);

/* The functions of a struct kind_call (kind.h). */
node allocator_ip(struct kind_call *c, str wanted, str path);
node allocator_port(struct kind_call *c, int64_t wanted, str path);
/* The write of this call did not happen. */
void allocator_give_back(struct kind_call *c);
/* A write happened, of any kind: what a Service had and has not any more is
 * free again. */
void allocator_changed(struct server *s, const struct kind *k, const struct blob *old,
		       const struct blob *now);
void allocator_removed(struct server *s, const struct kind *k, const struct blob *old);

#endif
