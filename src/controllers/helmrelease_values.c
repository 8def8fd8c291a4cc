/* helmrelease_values - values of a HelmRelease: references first, then its own.
 *
 * Maps are merged as Flux merges them, sharing what stands on one side only, so
 * that what a targetPath writes into such a map is in the inline values, too;
 * digests depend on it.
 */
#include <math.h>

#include "base/map.h"
#include "controllers/hr_impl.h"
#include "helm/strvals.h"
#include "helm/values.h"
#include "value/yaml.h"

struct reference {
	str kind, name, key, path;
	bool optional, literal;
};

static err *refuse(const struct hr *h, const struct reference *r, err *e, const char *why)
{
	err *made = err_new(e ? err_kind(e) : ERR_NOT_FOUND,
			    "could not resolve %s%.*s chart values reference '%.*s/%.*s' with key "
			    "'%.*s': %s",
			    r->optional ? "optional " : "", STR_ARG(r->kind),
			    STR_ARG(h->p->key.namespace), STR_ARG(r->name), STR_ARG(r->key),
			    e ? err_msg(e) : why);

	err_free(e);
	return made;
}

static void pass_over(const struct hr *h, err *e)
{
	log_info(h->p->log, err_text(e), log_bool("optional", true));
	err_free(e);
}

/* `*data` NULL: there is none, and that is fine. Each object is read once. */
static err *fetch(struct hr *h, struct map *seen, const struct reference *r, const str **data)
{
	str index = arena_cat(h->a, r->kind, S("/"), r->name);
	struct credentials *c = map_get(seen, index);
	bool secret = str_eq(r->kind, S("Secret"));
	err *e = NULL;

	*data = NULL;
	if (!secret && !str_eq(r->kind, S("ConfigMap")))
		return refuse(h, r, NULL, "unsupported values reference kind");
	if (!c && map_has(seen, index)) {
		e = refuse(h, r, NULL, "resource not found");
	} else if (!c) {
		c = arena_new(h->a, struct credentials);
		map_set(seen, index, NULL);
		e = secret ? pass_secret(h->p, r->name, c) : pass_configmap(h->p, r->name, c);
		if (e && err_kind(e) != ERR_NOT_FOUND)
			return e;
		if (e)
			e = refuse(h, r, e, NULL);
		else
			map_set(seen, index, c);
	}
	if (!e && !credentials_has(c, r->key))
		e = refuse(h, r, NULL, "key not found");
	if (e && !r->optional)
		return e;
	if (e) {
		pass_over(h, e);
		return NULL;
	}
	str *found = arena_new(h->a, str);

	*found = credentials_get(c, r->key);
	*data = found;
	return NULL;
}

static struct reference reference_of(node n)
{
	str key = node_str(node_get(n, S("valuesKey")));

	return (struct reference){ .kind = node_str(node_get(n, S("kind"))),
				   .name = node_str(node_get(n, S("name"))),
				   .key = key.n ? key : S("values.yaml"),
				   .path = node_str(node_get(n, S("targetPath"))),
				   .optional = node_bool(node_get(n, S("optional"))),
				   .literal = node_bool(node_get(n, S("literal"))) };
}

static err *add_reference(struct hr *h, struct map *seen, node n, node own, node *result)
{
	struct reference r = reference_of(n);
	const str *data;
	err *e;

	TRY(fetch(h, seen, &r, &data));
	if (!data)
		return NULL;
	hr_note_values(h, r.kind, r.name, r.key, r.path, *data);
	e = values_add(h->a, &(struct values_given){ *data, r.path, r.literal }, own, result);
	return e ? refuse(h, &r, e, NULL) : NULL;
}

/* Numbers as an empty interface has them: float64. */
static node as_floats(struct arena *a, node n)
{
	if (n.kind == NODE_INT || n.kind == NODE_UINT)
		return node_from_float(node_float(n));
	node_each_pair(p, n)
		p->value = as_floats(a, p->value);
	node_each_item(i, n)
		*i = as_floats(a, *i);
	return n;
}

err *hr_values(struct hr *h)
{
	CLEANUP(map_release) struct map seen = MAP_INIT;
	node own = node_get(h->spec, S("values"));
	node result = node_map(h->a, 8);

	own = own.kind == NODE_MAP ? as_floats(h->a, node_copy(h->a, own)) : node_map(h->a, 0);
	node_each_item(ref, node_get(h->spec, S("valuesFrom")))
		TRY(add_reference(h, &seen, *ref, own, &result));
	hr_take_values(h, values_merge(h->a, result, own));
	return NULL;
}

/* Whole numbers as sigs.k8s.io/yaml takes them from JSON. */
static node as_whole(node n)
{
	double f = n.kind == NODE_FLOAT ? node_float(n) : NAN;

	if (f >= -0x1p63 && f < 0x1p63 && f == (double)(int64_t)f)
		return node_from_int((int64_t)f);
	if (f >= 0x1p63 && f < 0x1p64)
		return node_from_uint((uint64_t)f);
	node_each_pair(p, n)
		p->value = as_whole(p->value);
	node_each_item(i, n)
		*i = as_whole(*i);
	return n;
}

str hr_values_digest(struct arena *a, enum digest_algo algo, node values)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (node_len(values)) {
		node sorted = as_whole(node_copy(a, values));

		node_sort(sorted);
		err_free(yaml_write(&b, sorted, YAML_WRITE_V2));
	}
	return hr_digest(a, algo, buf_str(&b));
}

void hr_take_values(struct hr *h, node values)
{
	h->values = values;
	h->config_digest = hr_values_digest(h->a, hr_digest_algo(h), values);
}

bool hr_has_values(const struct hr *h, str digest)
{
	struct digest d;
	err *e = digest_parse_any(&d, digest);

	if (e) {
		err_free(e);
		return false;
	}
	return str_eq(digest, d.algo == hr_digest_algo(h)
				      ? h->config_digest
				      : hr_values_digest(h->a, d.algo, h->values));
}
