/* Envelopes of COSE (RFC 9052, one signer), read into what those of JWS say. */
#include "source/cbor.h"
#include "source/notation_impl.h"
#include "text/gotime.h"
#include "value/json.h"

enum { TAG_SIGN1 = 18, TAG_TIME = 1, LABEL_ALG = 1, LABEL_CRIT = 2, LABEL_TYPE = 3, LABEL_CHAIN = 33 };

static err *bad(const char *what)
{
	return err_new(ERR_FORBIDDEN, "signature envelope: %s", what);
}

/* A label as the attributes of JWS are named; numbers that have no such name as they are. */
static bool take_label(struct arena *a, str *s, str *out)
{
	struct cbor_item item;
	int64_t n;

	if (!cbor_take(s, &item))
		return false;
	if (item.kind == CBOR_TEXT) {
		*out = arena_str(a, item.text);
		return true;
	}
	if (!cbor_int(&item, &n))
		return false;
	*out = n == LABEL_ALG	 ? S("alg")
	       : n == LABEL_CRIT ? S("crit")
	       : n == LABEL_TYPE ? S("cty")
				 : arena_printf(a, "label %lld", (long long)n);
	return true;
}

static bool take_algorithm(str *s, str *out)
{
	static const struct {
		int64_t n;
		const char *name;
	} known[] = { { -37, "PS256" }, { -38, "PS384" }, { -39, "PS512" },
		      { -7, "ES256" },	{ -35, "ES384" }, { -36, "ES512" } };
	struct cbor_item item;
	int64_t n;

	if (!cbor_take(s, &item) || !cbor_int(&item, &n))
		return false;
	*out = S("unknown");
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (known[i].n == n)
			*out = str_c(known[i].name);
	return true;
}

/* What has no name in JWS, the type and the algorithm, is always understood. */
static bool take_critical(struct arena *a, str *s, node *out)
{
	struct cbor_item list;
	str label;

	*out = node_seq(a, 4);
	if (!cbor_take_kind(s, CBOR_ARRAY, &list) || !list.n)
		return false;
	for (uint64_t i = 0; i < list.n; i++) {
		if (!take_label(a, s, &label))
			return false;
		if (!str_eq(label, S("alg")) && !str_eq(label, S("cty")))
			node_append(a, *out, node_from_str(a, label));
	}
	return true;
}

/* A time as RFC 3339 has it, or a text; false for other kinds. */
static bool take_value(struct arena *a, str *s, node *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct cbor_item item;
	int64_t seconds;

	if (!cbor_take(s, &item))
		return false;
	if (item.kind == CBOR_TEXT) {
		*out = node_copy_str(a, item.text);
		return true;
	}
	if (item.kind != CBOR_TAG || item.n != TAG_TIME || !cbor_take(s, &item) ||
	    !cbor_int(&item, &seconds))
		return false;
	gotime_format(&b, gotime_utc(seconds, 0), GOTIME_RFC3339);
	*out = node_copy_str(a, buf_str(&b));
	return true;
}

static bool is_ours(str label)
{
	return str_eq(label, S("cty")) || str_starts(label, S("io.cncf.notary."));
}

static bool take_attribute(struct arena *a, str *s, node head)
{
	str label, name;
	node value = node_from_bool(true);	/* that it is there */

	if (!take_label(a, s, &label) || node_has(head, label))
		return false;
	if (str_eq(label, S("alg"))) {
		if (!take_algorithm(s, &name))
			return false;
		value = node_from_str(a, name);
	} else if (str_eq(label, S("crit"))) {
		if (!take_critical(a, s, &value))
			return false;
	} else if (is_ours(label) ? !take_value(a, s, &value) : !cbor_skip(s)) {
		return false;
	}
	node_set(a, head, label, value);
	return true;
}

static err *read_head(struct arena *a, str protected, node *out)
{
	struct cbor_item map;

	*out = node_map(a, 8);
	if (!cbor_take_kind(&protected, CBOR_MAP, &map))
		return bad("the protected header is no map");
	for (uint64_t i = 0; i < map.n; i++)
		if (!take_attribute(a, &protected, *out))
			return bad("an attribute cannot be read");
	return protected.n ? bad("there is more behind the protected header") : NULL;
}

static err *add_cert(str der, struct cert_list *out)
{
	struct cert *c;

	if (out->n == CERT_CHAIN_MAX)
		return bad("the signature envelope has no certificates, or too many");
	TRY(cert_read_der(&c, der));
	cert_list_add(out, c);
	return NULL;
}

/* One certificate, or a list of them. */
static err *take_chain(str *s, struct cert_list *out)
{
	struct cbor_item item, one;

	if (!cbor_take(s, &item))
		return bad("x5chain cannot be read");
	if (item.kind == CBOR_BYTES)
		return add_cert(item.text, out);
	if (item.kind != CBOR_ARRAY)
		return bad("x5chain cannot be read");
	for (uint64_t i = 0; i < item.n; i++) {
		if (!cbor_take_kind(s, CBOR_BYTES, &one))
			return bad("x5chain cannot be read");
		TRY(add_cert(one.text, out));
	}
	return NULL;
}

static err *take_stamp(struct arena *a, str *s, str *out)
{
	struct cbor_item item;

	if (!cbor_take_kind(s, CBOR_BYTES, &item))
		return bad("the timestamp countersignature cannot be read");
	*out = arena_str(a, item.text);
	return NULL;
}

static err *take_unprotected(struct arena *a, str *s, struct notation_envelope *out)
{
	static const str stamp = S("io.cncf.notary.timestampSignature");
	struct cbor_item map, label;
	int64_t n;

	if (!cbor_take_kind(s, CBOR_MAP, &map))
		return bad("the unprotected header is no map");
	for (uint64_t i = 0; i < map.n; i++) {
		if (!cbor_take(s, &label) || (label.kind > CBOR_NEGATIVE && label.kind != CBOR_TEXT))
			return bad("an attribute cannot be read");
		if (!out->chain.n && cbor_int(&label, &n) && n == LABEL_CHAIN)
			TRY(take_chain(s, &out->chain));
		else if (label.kind == CBOR_TEXT && !out->stamp.n && str_eq(label.text, stamp))
			TRY(take_stamp(a, s, &out->stamp));
		else if (!cbor_skip(s))
			return bad("an attribute cannot be read");
	}
	return out->chain.n ? NULL : bad("the signature envelope has no certificates, or too many");
}

/* RFC 9052, 4.4, without data of others. */
static str signed_text(struct arena *a, str protected, str payload)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(2 * COSIGN_BLOB_MAX);

	cbor_put(&b, CBOR_ARRAY, 4);
	cbor_put_text(&b, CBOR_TEXT, S("Signature1"));
	cbor_put_text(&b, CBOR_BYTES, protected);
	cbor_put_text(&b, CBOR_BYTES, STR_NONE);
	cbor_put_text(&b, CBOR_BYTES, payload);
	return arena_str(a, buf_str(&b));
}

err *notation_read_cose(struct arena *a, str text, struct notation_envelope *out)
{
	struct cbor_item tag, list, protected, payload, signature;

	if (!cbor_take_kind(&text, CBOR_TAG, &tag) || tag.n != TAG_SIGN1 ||
	    !cbor_take_kind(&text, CBOR_ARRAY, &list) || list.n != 4 ||
	    !cbor_take_kind(&text, CBOR_BYTES, &protected))
		return bad("it is no COSE_Sign1");
	TRY(read_head(a, protected.text, &out->head));
	TRY(take_unprotected(a, &text, out));
	if (!cbor_take_kind(&text, CBOR_BYTES, &payload) ||
	    !cbor_take_kind(&text, CBOR_BYTES, &signature) || text.n)
		return bad("payload and signature cannot be read");
	err *e = json_read(a, arena_str(a, payload.text), NULL, &out->payload);

	if (e)
		return err_wrap(e, "signature envelope: payload");
	out->signature = arena_str(a, signature.text);
	out->signed_text = signed_text(a, protected.text, payload.text);
	return NULL;
}
