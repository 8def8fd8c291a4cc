/* The name suffix: a hash over a ConfigMap's or Secret's contents. */
#include "crypto/sha256.h"
#include "kustomize/generate.h"
#include "value/json.h"

/* A field as kustomize encodes it: a map as it is, a scalar by its text, "" for
 * nothing; lists are null. */
static node contents(struct arena *a, const struct resource *r, str field)
{
	node n = node_get(r->object, field);

	if (n.kind == NODE_NONE)
		return node_from_str(a, STR_NONE);
	if (n.kind == NODE_MAP)
		return n;
	return n.kind == NODE_SEQ ? node_null() : node_from_str(a, node_text(a, n));
}

static node encoded(struct arena *a, const struct resource *r)
{
	bool secret = str_eq(resource_kind(r), S("Secret"));
	str extra = secret ? S("stringData") : S("binaryData");
	node map = node_map(a, 6);

	node_set(a, map, S("kind"), node_from_str(a, resource_kind(r)));
	/* kustomize looks for a field called "metadata/name", which is not there. */
	node_set(a, map, S("name"), node_from_str(a, STR_NONE));
	node_set(a, map, S("data"), contents(a, r, S("data")));
	if (secret)
		node_set(a, map, S("type"), contents(a, r, S("type")));
	if (node_get(r->object, extra).kind == NODE_MAP)
		node_set(a, map, extra, node_get(r->object, extra));
	return map;
}

err *generate_hash(struct arena *a, const struct resource *r, char out[11])
{
	CLEANUP(buf_release) struct buf json = BUF_INIT;
	char hex[SHA256_HEX + 1];
	str kind = resource_kind(r);
	bool known = str_eq(kind, S("ConfigMap")) || str_eq(kind, S("Secret"));

	TRY(json_write(&json, known ? encoded(a, r) : r->object, NULL));
	sha256_hex(buf_str(&json), hex);
	/* Letters that spell no words and look like no digits. */
	for (int i = 0; i < 10; i++) {
		const char *from = "013ae", *to = "ghkmt", *at = strchr(from, hex[i]);

		out[i] = at ? to[at - from] : hex[i];
	}
	out[10] = 0;
	return NULL;
}
