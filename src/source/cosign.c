#include "source/cosign.h"

#include "source/cosign_impl.h"
#include "text/base64.h"
#include "value/json.h"

static const char bundle_type[] = "application/vnd.dev.sigstore.bundle";
static const char simple_type[] = "application/vnd.dev.cosign.simplesigning.v1+json";

static err *refuse(const char *why)
{
	return err_new(ERR_FORBIDDEN, "%s", why);
}

static err *decode(struct arena *a, str text, const char *what, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(COSIGN_BLOB_MAX);
	err *e = base64_read(&b, text, BASE64_STD);

	if (e)
		return err_wrap(e, "%s", what);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

/* ---- signatures of cosign 2 --------------------------------------------------- */

static err *check_simple(struct arena *a, str payload, str digest)
{
	node n;

	TRY(json_read(a, payload, NULL, &n));
	if (!str_eq(node_str(node_dig(n, "critical", "type")), S("cosign container image signature")))
		return refuse("the signed text is not about a container image");
	if (!str_eq(node_str(node_dig(n, "critical", "image", "docker-manifest-digest")), digest))
		return refuse("invalid or missing digest in claim");
	return NULL;
}

static err *read_simple(struct arena *a, const struct cosign_source *from,
			const struct ocidescriptor *layer, str digest, struct cosign_signature *out)
{
	str entry = ocimanifest_annotation(layer->annotations, S("dev.sigstore.cosign/bundle"));
	str cert = ocimanifest_annotation(layer->annotations, S("dev.sigstore.cosign/certificate"));

	*out = (struct cosign_signature){ .cert_text = cert };
	if (!str_eq(layer->media_type, str_c(simple_type)))
		return refuse("a layer is of another type than a signature");
	TRY(from->blob(from->ctx, a, layer, COSIGN_BLOB_MAX, &out->signed_text));
	out->payload = out->signed_text;
	TRY(check_simple(a, out->payload, digest));
	TRY(decode(a, ocimanifest_annotation(layer->annotations,
					     S("dev.cosignproject.cosign/signature")),
		   "signature", &out->signature));
	if (!out->signature.n)
		return refuse("a signature is empty");
	if (entry.n) {
		TRY(rekor_read_annotation(a, entry, &out->entry));
		out->has_entry = true;
	}
	return NULL;
}

static err *try_simple(struct arena *a, const struct cosign_source *from, str digest,
		       const struct cosign_trust *trust)
{
	struct ocimanifest m;
	str algorithm, hex;

	str_split(digest, ':', &algorithm, &hex);
	err *e = from->manifest(from->ctx, a, arena_cat(a, algorithm, S("-"), hex, S(".sig")), &m);

	if (!e && !m.parts_n)
		return refuse("no signatures found");
	if (e && err_kind(e) == ERR_NOT_FOUND)
		return err_replace(e, "no signatures found");
	TRY(e);
	for (size_t i = 0; i < m.parts_n && i < COSIGN_SIGNATURES_MAX; i++) {
		struct cosign_signature s;

		err_free(e);
		e = read_simple(a, from, &m.parts[i], digest, &s);
		if (!e)
			e = cosign_check(a, &s, trust);
		if (!e)
			return NULL;
	}
	return err_wrap(e, "no matching signatures");
}

/* ---- bundles of cosign 3 ------------------------------------------------------- */

/* The text that is signed (DSSE): lengths and all. */
static str envelope_text(struct arena *a, str type, str payload)
{
	return arena_printf(a, "DSSEv1 %zu %.*s %zu %.*s", type.n, STR_ARG(type), payload.n,
			    STR_ARG(payload));
}

static err *check_statement(struct arena *a, str payload, str digest)
{
	str algorithm, hex;
	node n;

	TRY(json_read(a, payload, NULL, &n));
	if (!str_starts(node_str(node_get(n, S("_type"))), S("https://in-toto.io/Statement/")))
		return refuse("the signed text is no in-toto statement");
	if (!str_eq(node_str(node_get(n, S("predicateType"))),
		    S("https://sigstore.dev/cosign/sign/v1")))
		return refuse("the statement is no signature, but an attestation of something else");
	str_split(digest, ':', &algorithm, &hex);
	node_each_item(i, node_get(n, S("subject")))
		if (str_eq(node_str(node_get(node_get(*i, S("digest")), algorithm)), hex))
			return NULL;
	return refuse("provided artifact digest does not match any digest in statement");
}

static err *read_envelope(struct arena *a, node envelope, str digest, struct cosign_signature *out)
{
	node signatures = node_get(envelope, S("signatures"));
	str type = node_str(node_get(envelope, S("payloadType")));

	if (envelope.kind != NODE_MAP)
		return refuse("the bundle has no envelope");
	if (!str_eq(type, S("application/vnd.in-toto+json")))
		return refuse("the envelope is of an unsupported type");
	if (node_len(signatures) != 1)
		return refuse("the envelope has not exactly one signature");
	TRY(decode(a, node_str(node_get(envelope, S("payload"))), "payload", &out->payload));
	TRY(decode(a, node_str(node_get(node_at(signatures, 0), S("sig"))), "signature",
		   &out->signature));
	out->signed_text = envelope_text(a, type, out->payload);
	out->dsse = true;
	return check_statement(a, out->payload, digest);
}

static err *read_stamps(struct arena *a, node list, struct cosign_signature *out)
{
	if (node_len(list) > COSIGN_STAMPS_MAX)
		return refuse("the bundle has too many timestamps");
	node_each_item(i, list)
		TRY(decode(a, node_str(node_get(*i, S("signedTimestamp"))), "timestamp",
			   &out->stamps[out->stamps_n++]));
	return NULL;
}

static err *read_material(struct arena *a, node material, struct cosign_signature *out)
{
	node entries = node_get(material, S("tlogEntries"));
	node chain = node_dig(material, "x509CertificateChain", "certificates");
	str cert = node_str(node_dig(material, "certificate", "rawBytes"));

	if (!cert.n)
		cert = node_str(node_get(node_at(chain, 0), S("rawBytes")));
	TRY(decode(a, cert, "certificate", &out->cert_text));
	TRY(read_stamps(a, node_dig(material, "timestampVerificationData", "rfc3161Timestamps"), out));
	if (!node_len(entries))
		return NULL;
	if (node_len(entries) > 1)
		return refuse("the bundle has more than one transparency log entry");
	TRY(rekor_read_bundle(a, node_at(entries, 0), &out->entry));
	out->has_entry = true;
	return NULL;
}

static err *read_bundle(struct arena *a, str text, str digest, struct cosign_signature *out)
{
	node n;

	*out = (struct cosign_signature){ 0 };
	TRY(json_read(a, text, NULL, &n));
	str type = node_str(node_get(n, S("mediaType")));

	if (!str_starts(type, S("application/vnd.dev.sigstore.bundle.v0.3+json")) &&
	    !str_eq(type, S("application/vnd.dev.sigstore.bundle+json;version=0.3")))
		return err_new(ERR_FORBIDDEN, "unsupported bundle: %.*s", STR_ARG(str_sub(type, 0, 100)));
	TRY(read_envelope(a, node_get(n, S("dsseEnvelope")), digest, out));
	return read_material(a, node_get(n, S("verificationMaterial")), out);
}

/* The bundle in a manifest that refers to ours; empty: it has none. */
static err *fetch_bundle(struct arena *a, const struct cosign_source *from,
			 const struct ocidescriptor *d, str digest, str *out)
{
	struct ocimanifest m;

	*out = STR_NONE;
	TRY(from->manifest(from->ctx, a, d->digest, &m));
	if (m.index || m.parts_n != 1 || !str_starts(m.parts[0].media_type, str_c(bundle_type)))
		return NULL;
	if (m.subject.digest.n && !str_eq(m.subject.digest, digest))
		return NULL;
	return from->blob(from->ctx, a, &m.parts[0], COSIGN_BLOB_MAX, out);
}

/* `*any`: there are bundles, whether or not one holds. */
static err *try_bundles(struct arena *a, const struct cosign_source *from, str digest,
			const struct cosign_trust *trust, bool *any)
{
	struct ocidescriptor *list = NULL;
	size_t n = 0;
	err *e = from->referrers(from->ctx, a, digest, &list, &n);

	*any = false;
	if (e && err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e);
	e = NULL;
	for (size_t i = 0; i < n && i < COSIGN_SIGNATURES_MAX; i++) {
		struct cosign_signature s;
		str text;
		err *why = fetch_bundle(a, from, &list[i], digest, &text);

		if (!why && !text.n)
			continue;
		*any = true;
		if (!why)
			why = read_bundle(a, text, digest, &s);
		if (!why)
			why = cosign_check(a, &s, trust);
		err_free(e);
		if (!why)
			return NULL;
		e = why;
	}
	return e ? err_wrap(e, "no matching attestations") : NULL;
}

err *cosign_verify(struct arena *a, const struct cosign_source *from, str digest,
		   const struct cosign_trust *trust)
{
	bool any;

	if (!str_starts(digest, S("sha256:")))
		return refuse("only manifests with a digest of SHA-256 can be verified");
	if (!trust->keys_n && !trust->root)
		return refuse("there are neither public keys nor a trusted root");
	if (!trust->keys_n && !trust->identities_n)
		return refuse("keyless verification needs at least one identity in matchOIDCIdentity");
	err *e = try_bundles(a, from, digest, trust, &any);

	if (e || any)
		return e;
	return try_simple(a, from, digest, trust);
}
