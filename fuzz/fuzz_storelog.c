/* A row of the store's log: change, body_at and meta_at in the first five bytes, then the
 * JSON. What passes the check is read like any object of the server's. */
#include "base/die.h"
#include "server/store.h"
#include "server/store_log.h"

enum { HEAD = 5 };

static void look(const struct store_log_row *row)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET((size_t)256 << 20);
	CLEANUP(blob_drop)
	struct blob *b = blob_of(&(struct blob_parts){ .namespace = row->namespace,
						       .name = row->name,
						       .body_at = row->body_at,
						       .meta_at = row->meta_at },
				 row->json, row->rv);
	str list = blob_meta(b, S("ownerReferences")), item;

	if (!node_is(blob_tree(&a, b), NODE_MAP))
		die_bug("no object");
	blob_labels(&a, b);
	blob_member(blob_metadata(b), S("uid"));
	while (blob_item(&list, &item))
		blob_member(item, S("uid"));
	if (blob_body(b).n > row->json.n)
		die_bug("a body beyond the object");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < HEAD)
		return 0;
	const struct store_log_row row = {
		.rv = 7,
		.table = S("/pods"),
		.namespace = S("ns"),
		.name = S("name"),
		.change = (int8_t)data[0],
		.body_at = data[1] | (uint32_t)data[2] << 8,
		.meta_at = data[3] | (uint32_t)data[4] << 8,
		.json = str_of((const char *)data + HEAD, size - HEAD),
	};
	err *e = store_log_check(&row);

	if (!e)
		look(&row);
	err_free(e);
	return 0;
}
