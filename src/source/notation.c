#include "source/notation.h"

#include "base/clock.h"
#include "source/notation_impl.h"
#include "text/base64.h"
#include "text/gotime.h"
#include "value/json.h"

static const char signature_type[] = "application/vnd.cncf.notary.signature";

static err *refuse(const char *why)
{
	return err_new(ERR_FORBIDDEN, "%s", why);
}

/* ---- the envelope -------------------------------------------------------------- */

static err *decode(struct arena *a, node n, enum base64_form form, const char *what, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(COSIGN_BLOB_MAX);
	err *e = base64_read(&b, node_str(n), form);

	if (e)
		return err_wrap(e, "signature envelope: %s", what);
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *read_json(struct arena *a, node n, const char *what, node *out)
{
	str text;

	TRY(decode(a, n, BASE64_RAW_URL, what, &text));
	err *e = json_read(a, text, NULL, out);

	return e ? err_wrap(e, "signature envelope: %s", what) : NULL;
}

static err *read_chain(struct arena *a, node list, struct cert_list *out)
{
	if (!node_len(list) || node_len(list) > CERT_CHAIN_MAX)
		return refuse("the signature envelope has no certificates, or too many");
	node_each_item(i, list) {
		struct cert *c;
		str der;

		TRY(decode(a, *i, BASE64_STD, "x5c", &der));
		TRY(cert_read_der(&c, der));
		cert_list_add(out, c);
	}
	return NULL;
}

static err *read_envelope(struct arena *a, str text, struct notation_envelope *out)
{
	node n;

	TRY(json_read(a, text, NULL, &n));
	node protected = node_get(n, S("protected")), payload = node_get(n, S("payload"));

	TRY(read_json(a, protected, "protected", &out->head));
	TRY(read_json(a, payload, "payload", &out->payload));
	TRY(decode(a, node_get(n, S("signature")), BASE64_RAW_URL, "signature", &out->signature));
	out->signed_text = arena_cat(a, node_str(protected), S("."), node_str(payload));
	node stamp = node_dig(n, "header", "io.cncf.notary.timestampSignature");

	if (node_str(stamp).n)
		TRY(decode(a, stamp, BASE64_STD, "timestamp countersignature", &out->stamp));
	return read_chain(a, node_dig(n, "header", "x5c"), &out->chain);
}

/* ---- attributes ----------------------------------------------------------------- */

/* What must be understood, is. */
static err *check_critical(node head)
{
	static const char *const known[] = { "io.cncf.notary.signingScheme", "io.cncf.notary.expiry",
					     "io.cncf.notary.authenticSigningTime" };
	bool scheme = false;

	node_each_item(i, node_get(head, S("crit"))) {
		bool found = false;

		for (size_t j = 0; j < sizeof known / sizeof *known; j++)
			found = found || str_eq(node_str(*i), str_c(known[j]));
		if (!found || !node_has(head, node_str(*i)))
			return err_new(ERR_FORBIDDEN,
				       "the signature has a critical attribute that is not supported: %.*s",
				       STR_ARG(str_sub(node_str(*i), 0, 100)));
		scheme = scheme || str_eq(node_str(*i), str_c(known[0]));
	}
	if (!scheme)
		return refuse("the signing scheme is not marked as critical");
	if (!str_eq(node_str(node_get(head, S("cty"))),
		    S("application/vnd.cncf.notary.payload.v1+json")))
		return refuse("the payload of the signature is of an unsupported type");
	return NULL;
}

err *notation_time_at(node head, const char *name, int64_t *out)
{
	str text = node_str(node_get(head, str_c(name)));
	struct gotime t;

	*out = 0;
	if (!text.n)
		return NULL;
	TRY(gotime_parse(&t, GOTIME_RFC3339, text, NULL));
	*out = t.sec;
	return NULL;
}

static err *check_expiry(node head, const struct notation_policy *p, int64_t now)
{
	int64_t expiry;

	TRY(notation_time_at(head, "io.cncf.notary.expiry", &expiry));
	if (expiry && now >= expiry && p->enforce_expiry)
		return refuse("digital signature has expired");
	return NULL;
}

bool notation_by_authority(const struct notation_envelope *e)
{
	return str_eq(node_str(node_get(e->head, S("io.cncf.notary.signingScheme"))),
		      S("notary.x509.signingAuthority"));
}

/* That the policy trusts somebody with signatures of that kind. */
static err *check_scheme(const struct notation_envelope *e, const struct notation_policy *p)
{
	str scheme = node_str(node_get(e->head, S("io.cncf.notary.signingScheme")));

	if (notation_by_authority(e) ? p->authority : p->plain && str_eq(scheme, S("notary.x509")))
		return NULL;
	return err_new(ERR_FORBIDDEN,
		       "the trust policy \"%.*s\" has no trust store for signatures of the scheme "
		       "\"%.*s\"", STR_ARG(p->name), STR_ARG(str_sub(scheme, 0, 60)));
}

/* ---- the chain ------------------------------------------------------------------- */

static bool is_trusted(const struct cert *c, const struct cert_list *certs)
{
	for (size_t i = 0; i < certs->n; i++)
		if (cert_equal(c, certs->p[i]))
			return true;
	return false;
}

static err *no_network(void *ctx, struct arena *a, const struct revocation_ask *ask, str *out)
{
	(void)ctx;
	(void)a;
	(void)out;
	return err_new(ERR_UNAVAILABLE, "%.*s is not asked", STR_ARG(ask->url));
}

const struct revocation_net *notation_net(const struct notation_trust *trust)
{
	static const struct revocation_net none = { .get = no_network };

	return trust->net ? trust->net : &none;
}

/* By the time of signing where an authority vouches for it. */
static err *check_revocation(struct arena *a, const struct notation_envelope *e,
			     const struct notation_trust *trust, int64_t now)
{
	int64_t at = 0;

	if (notation_by_authority(e))
		TRY(notation_time_at(e->head, "io.cncf.notary.authenticSigningTime", &at));
	return revocation_check(a, notation_net(trust), "signing", &e->chain, now, at);
}

/* A BIT STRING whose first bit is "digital signature". */
static err *check_usage(struct arena *a, const struct cert *leaf)
{
	str bits;

	if (!cert_extension(a, leaf, "2.5.29.15", &bits) || bits.n < 4 || bits.p[0] != 3 ||
	    !(bits.p[3] & 0x80))
		return refuse("the signing certificate is not for digital signatures");
	return NULL;
}

/* Whether it was valid then is another question. */
static err *check_chain(const struct notation_envelope *e, const struct cert_list *certs)
{
	struct cert_list trusted = { 0 };
	bool any = false;

	for (size_t i = 0; i < e->chain.n; i++) {
		if (!is_trusted(e->chain.p[i], certs))
			continue;
		cert_list_add(&trusted, e->chain.p[i]);
		any = true;
	}
	err *bad = any ? cert_verify(e->chain.p[0],
				     &(struct cert_check){ .roots = &trusted, .between = &e->chain,
							   .at_any_time = true,
							   .code_signing = true,
							   .usage_optional = true })
		       : refuse("signature is not produced by a trusted signer");

	vec_release(&trusted);	/* the certificates are the chain's */
	return bad;
}

static err *check_signature(const struct notation_envelope *e)
{
	static const struct {
		str name;
		enum pubkey_scheme scheme;
	} schemes[] = {
		{ S("PS256"), PUBKEY_PSS_256 }, { S("PS384"), PUBKEY_PSS_384 },
		{ S("PS512"), PUBKEY_PSS_512 }, { S("ES256"), PUBKEY_RAW_256 },
		{ S("ES384"), PUBKEY_RAW_384 }, { S("ES512"), PUBKEY_RAW_512 },
	};
	CLEANUP(pubkey_drop) struct pubkey *key = NULL;
	str name = node_str(node_get(e->head, S("alg")));

	TRY(cert_key(e->chain.p[0], &key));
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (str_eq(name, schemes[i].name) &&
		    pubkey_verify(key, schemes[i].scheme, e->signed_text, e->signature))
			return NULL;
	return refuse("signature is invalid");
}

/* ---- one signature ----------------------------------------------------------------- */

/* Whose it is. */
static err *check_signer(struct arena *a, const struct notation_envelope *e,
			 const struct notation_policy *p, const struct cert_list *certs)
{
	if (!certs->n)
		return refuse("there are no trusted certificates");
	TRY(check_scheme(e, p));
	TRY(check_chain(e, certs));
	return notation_policy_check(a, p, e->chain.p[0]);
}

static err *check(struct arena *a, const struct notation_envelope *e, const struct notation_policy *p,
		  str digest, const struct notation_trust *trust, bool *trusted)
{
	int64_t now = clock_wall() / CLOCK_SECOND;

	TRY(check_signature(e));
	TRY(check_critical(e->head));
	TRY(check_usage(a, e->chain.p[0]));
	if (!str_eq(node_str(node_dig(e->payload, "targetArtifact", "digest")), digest))
		return refuse("content descriptor mismatch");
	err *stranger = check_signer(a, e, p, trust->certs);

	if (stranger && p->enforce_authenticity)
		return stranger;
	bool known = !stranger;

	err_free(stranger);
	TRY(check_expiry(e->head, p, now));
	if (p->enforce_time)
		TRY(notation_check_time(a, e, p, trust, now));
	if (p->enforce_revocation)
		TRY(check_revocation(a, e, trust, now));
	*trusted = known;
	return NULL;
}

static err *try_signature(struct arena *a, const struct cosign_source *from,
			  const struct ocidescriptor *d, const struct notation_policy *p, str digest,
			  const struct notation_trust *trust, bool *trusted)
{
	struct notation_envelope env = { 0 };
	struct ocimanifest m;
	str text;

	TRY(from->manifest(from->ctx, a, d->digest, &m));
	if (m.parts_n != 1)
		return refuse("a signature's manifest has not exactly one layer");
	bool cose = str_eq(m.parts[0].media_type, S("application/cose"));

	if (!cose && !str_eq(m.parts[0].media_type, S("application/jose+json")))
		return err_new(ERR_FORBIDDEN, "signature envelopes of the type %.*s are not supported",
			       STR_ARG(str_sub(m.parts[0].media_type, 0, 100)));
	TRY(from->blob(from->ctx, a, &m.parts[0], COSIGN_BLOB_MAX, &text));
	err *e = cose ? notation_read_cose(a, text, &env) : read_envelope(a, text, &env);

	if (!e)
		e = check(a, &env, p, digest, trust, trusted);
	cert_list_release(&env.chain);
	return e;
}

/* Old manifests have the type in their configuration. */
static bool is_signature(struct arena *a, const struct cosign_source *from,
			 const struct ocidescriptor *d)
{
	struct ocimanifest m;

	if (d->artifact_type.n)
		return str_eq(d->artifact_type, str_c(signature_type));
	err *e = from->manifest(from->ctx, a, d->digest, &m);
	bool is = !e && (str_eq(m.artifact_type, str_c(signature_type)) ||
			 str_eq(m.config.media_type, str_c(signature_type)));

	err_free(e);
	return is;
}

err *notation_verify(struct arena *a, const struct cosign_source *from, str repository, str digest,
		     const struct notation_trust *trust, bool *trusted)
{
	struct notation_policy policy;
	struct ocidescriptor *list = NULL;
	size_t n = 0, tried = 0;

	*trusted = false;
	TRY(notation_policy_find(a, trust->policy, repository, &policy));
	if (policy.skip)
		return NULL;
	err *e = from->referrers(from->ctx, a, digest, &list, &n);

	if (e && err_kind(e) != ERR_NOT_FOUND)
		return e;
	err_free(e);
	e = err_new(ERR_FORBIDDEN, "no signature is associated with \"%.*s@%.*s\", make sure the "
				   "artifact was signed successfully",
		    STR_ARG(repository), STR_ARG(digest));
	for (size_t i = 0; i < n && i < COSIGN_SIGNATURES_MAX && tried < NOTATION_ATTEMPTS; i++) {
		if (!is_signature(a, from, &list[i]))
			continue;
		tried++;
		err_free(e);
		e = try_signature(a, from, &list[i], &policy, digest, trust, trusted);
		if (!e)
			return NULL;
		e = err_wrap(e, "signature verification failed: failed to verify signature with digest "
				"%.*s", STR_ARG(list[i].digest));
	}
	return e;
}
