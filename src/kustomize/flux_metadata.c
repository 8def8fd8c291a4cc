/* What Flux adds to the objects of a build, and what it hides. */
#include "base/buf.h"
#include "kustomize/flux_impl.h"
#include "kustomize/scalar.h"
#include "kustomize/value.h"
#include "text/base64.h"
#include "value/yaml.h"

/* ---- labels and annotations -------------------------------------------- */

/* A map that is not all texts counts as none, as in apimachinery. */
static bool is_text_map(node n)
{
	if (n.kind != NODE_MAP)
		return false;
	node_each_pair(p, n)
		if (p->value.kind != NODE_STR)
			return false;
	return true;
}

static void put_all(struct arena *a, node object, str field, node pairs)
{
	node metadata = node_need_map(a, object, S("metadata"));
	node have = node_get(metadata, field);

	if (metadata.kind != NODE_MAP || !node_len(pairs))
		return;
	if (!is_text_map(have)) {
		have = node_map(a, node_len(pairs));
		node_set(a, metadata, field, have);
	}
	node_each_pair(p, pairs)
		node_set(a, have, node_str(p->key), p->value);
}

void flux_own_labels(struct arena *a, node kustomization, node object)
{
	node metadata = node_get(kustomization, S("metadata")), labels = node_map(a, 2);

	node_set(a, labels, FLUX_KEY("name"),
		 node_from_str(a, node_str(node_get(metadata, S("name")))));
	node_set(a, labels, FLUX_KEY("namespace"),
		 node_from_str(a, node_str(node_get(metadata, S("namespace")))));
	put_all(a, object, S("labels"), labels);
}

void flux_common_metadata(struct arena *a, node kustomization, node object)
{
	node common = node_dig(kustomization, "spec", "commonMetadata");

	put_all(a, object, S("labels"), node_get(common, S("labels")));
	put_all(a, object, S("annotations"), node_get(common, S("annotations")));
}

/* ---- masks ------------------------------------------------------------- */

static const str mask = S("**SOPS**");
static const str docker_mask = S("{\"mask\":\"**SOPS**\"}");

static str encoded(struct arena *a, str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, text, BASE64_STD);
	return arena_str(a, buf_str(&b));
}

static void mask_all(struct arena *a, node map, str text)
{
	node_each_pair(p, map)
		p->value = scalar_string(a, NODE_NOTHING, text);
}

static bool looks_encrypted(str bytes)
{
	return str_has(bytes, S("sops")) && str_has(bytes, S("ENC["));
}

static err *mask_some(struct arena *a, node data, node texts)
{
	node_each_pair(p, data) {
		CLEANUP(buf_release) struct buf bytes = BUF_INIT;

		TRY(base64_read(&bytes, node_str(p->value), BASE64_STD));
		if (looks_encrypted(buf_str(&bytes)))
			p->value = scalar_string(a, NODE_NOTHING, encoded(a, mask));
	}
	node_each_pair(p, texts)
		if (looks_encrypted(node_str(p->value)))
			p->value = scalar_string(a, NODE_NOTHING, encoded(a, mask));
	return NULL;
}

static err *mask_data(struct arena *a, struct resource *r, node data, node texts)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	bool docker = str_eq(node_str(node_get(r->object, S("type"))),
			     S("kubernetes.io/dockerconfigjson"));
	node value;

	TRY(value_of(a, r->object, false, &value));
	TRY(yaml_write(&text, value, YAML_WRITE_SIGS));
	if (!str_has(buf_str(&text), S("sops:")) || !str_has(buf_str(&text), S("mac: ENC[")))
		return mask_some(a, data, texts);
	node_remove(r->object, S("sops"));
	mask_all(a, data, encoded(a, docker ? docker_mask : mask));
	mask_all(a, texts, docker ? docker_mask : mask);
	return NULL;
}

err *flux_mask_secret(struct arena *a, struct resource *r)
{
	node data, texts;

	if (!str_eq(resource_kind(r), S("Secret")))
		return NULL;
	data = value_texts(a, node_get(r->object, S("data")));
	texts = value_texts(a, node_get(r->object, S("stringData")));
	err *e = mask_data(a, r, data, texts);

	if (e)
		return err_wrap(e, "failed to mask secret %.*s sops data", STR_ARG(resource_name(r)));
	if (node_len(data))
		node_set(a, r->object, S("data"), data);
	else
		node_remove(r->object, S("data"));
	if (node_len(texts))
		node_set(a, r->object, S("stringData"), texts);
	return NULL;
}
