/* protobuf - bodies of requests in the API's binary form.
 *
 * kubectl and helm send built-in objects as "k8s\0" and a message: an
 * envelope with apiVersion and kind, and the object by the numbers of its
 * fields. Here they become the tree that the JSON of the same object would
 * give, in the shape that the sender's Go struct has: still to be made
 * canonical (kube/canon.h), as all bodies. Objects are written in this form
 * only for who takes no other: JSON costs nothing here, and all known clients
 * take it as well.
 *
 * Input is bounded: depth, and one node for at least two bytes. Any thread.
 */
#ifndef SERVER_PROTOBUF_H
#define SERVER_PROTOBUF_H

#include "base/buf.h"
#include "kube/gvk.h"

#define PROTOBUF_MAGIC ((str){ "k8s\0", 4 })

/* Texts are copied, so the body may go. `wanted` is what it is when the
 * envelope does not say. */
err *protobuf_read(struct arena *a, str body, struct gvk wanted, node *out)
	__attribute__((warn_unused_result));

/* An object or a list of a built-in kind, or PartialObjectMetadata of any kind. What is
 * not there is not written: for who reads, it is zero. An error: the kind has no such
 * form (Table). */
err *protobuf_write(struct arena *a, node object, struct buf *out) __attribute__((warn_unused_result));

#endif
