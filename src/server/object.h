/* object - between trees, which the rules work on, and blobs, which are kept.
 *
 * A blob has the form of the kind that is stored: another version of the
 * resource sees it through conversion, and a custom resource whose schema
 * changed through the new schema. Where nothing stands between, the bytes go out as they
 * are (object_is_plain). Worker-local.
 */
#ifndef SERVER_OBJECT_H
#define SERVER_OBJECT_H

#include "server/blob.h"
#include "server/kind.h"

/* The group and version under which objects of this row are stored. */
struct gvk object_stored_gvk(const struct kind *k);
/* Whether clients of `k` get the blob's own bytes. */
bool object_is_plain(const struct kind *k, const struct blob *b);
/* The object as `k` shows it. */
node object_read(struct arena *a, const struct kind *k, const struct blob *b);
/* The blob itself, or where only the schema is newer, the object as that has it,
 * which takes the blob's place in the store: a reference. */
struct server;
struct blob *object_current(struct server *s, const struct kind *k, struct blob *b);
/* The object made ready to be stored; `out` lives in the arena. */
void object_parts(struct arena *a, const struct kind *k, node object, struct blob_parts *out);
/* The same of the bytes of a blob: its next state differs by its number alone. */
void object_same_parts(const struct blob *b, struct blob_parts *out);
/* Compact JSON with kind, apiVersion and metadata in front, as Go writes them. */
void object_print(struct buf *b, node object);
/* A text of the object: what clients of `k` get; as an item of a list less
 * kind and apiVersion, where lists of the kind leave them out. */
void object_add(struct buf *b, struct arena *a, const struct kind *k, const struct blob *blob,
		bool in_list);
void object_set_names(struct arena *a, node object, struct gvk gvk);

#endif
