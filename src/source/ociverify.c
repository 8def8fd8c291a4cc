#include "source/ociverify.h"

#include "source/notation.h"

/* ---- the registry ------------------------------------------------------------ */

static err *get_manifest(void *ctx, struct arena *a, str wanted, struct ocimanifest *out)
{
	return oci_manifest(ctx, a, wanted, out);
}

static err *get_blob(void *ctx, struct arena *a, const struct ocidescriptor *d, size_t max, str *out)
{
	return oci_blob_text(ctx, a, d, max, out);
}

static err *get_referrers(void *ctx, struct arena *a, str digest, struct ocidescriptor **out,
			  size_t *n)
{
	return oci_referrers(ctx, a, digest, STR_NONE, out, n);
}

/* ---- cosign ------------------------------------------------------------------- */

/* What was wrong last goes to the detail: the message is Flux's. */
static err *none_found(err *why, struct arena *a, const struct ociref *ref)
{
	struct ociref shown = *ref;

	shown.tag = STR_NONE;
	err *e = err_new(ERR_FORBIDDEN, "no matching signatures were found for '%.*s'",
			 STR_ARG(ociref_text(a, &shown)));

	err_set_detail(e, err_text(why));
	err_free(why);
	return e;
}

static size_t find_keys(const struct ociverify *v, struct arena *a, str **out)
{
	size_t n = 0;

	*out = arena_array(a, str, v->keys->n);
	for (size_t i = 0; i < v->keys->n; i++)
		if (str_ends(v->keys->items[i].key, S(".pub")))
			(*out)[n++] = v->keys->items[i].value;
	return n;
}

static err *check_keys(const struct ociverify *v, const str *keys, size_t n)
{
	if (!n && v->chart.n)
		return err_new(ERR_INVALID, "no public keys found in secret '%.*s/%.*s'",
			       STR_ARG(v->keys->namespace), STR_ARG(v->keys->name));
	for (size_t i = 0; i < n; i++) {
		struct pubkey *key;

		TRY(pubkey_read_pem(&key, keys[i]));
		pubkey_free(key);
	}
	return NULL;
}

static err *run_keys(const struct ociverify *v, struct arena *a, const struct cosign_source *from,
		     const struct ociref *ref)
{
	str *keys;
	size_t n = find_keys(v, a, &keys);

	TRY(check_keys(v, keys, n));
	if (!n)
		return none_found(err_new(ERR_INVALID, "the Secret has no key that ends in '.pub'"), a,
				  ref);
	err *e = cosign_verify(a, from, ref->digest,
			       &(struct cosign_trust){ .keys = keys, .keys_n = n });

	bool refused = e && (err_kind(e) == ERR_FORBIDDEN || err_kind(e) == ERR_NOT_FOUND);

	return refused && !v->chart.n ? none_found(e, a, ref) : e;
}

static err *fetch_root(const struct ociverify *v, struct arena *a, struct sigroot *out)
{
	str json;

	if (!v->public)
		return err_new(ERR_INVALID,
			       "unable to initialize trusted root: none is fetched, give one by "
			       "spec.verify.trustedRootSecretRef");
	TRY(sigstore_get(v->public, a, v->cancel, &json));
	return sigroot_read(out, json);
}

static err *read_root(const struct ociverify *v, struct arena *a, struct sigroot *out)
{
	str json = credentials_get(v->root, S("trusted_root.json"));

	if (!v->root)
		return fetch_root(v, a, out);
	if (!json.n)
		return err_new(ERR_INVALID,
			       "failed to read trusted root from secret '%.*s/%.*s': 'trusted_root.json' "
			       "not found in secret '%.*s/%.*s'",
			       STR_ARG(v->root->namespace), STR_ARG(v->root->name),
			       STR_ARG(v->root->namespace), STR_ARG(v->root->name));
	return sigroot_read(out, json);
}

static err *run_keyless(const struct ociverify *v, struct arena *a,
			const struct cosign_source *from, const struct ociref *ref)
{
	CLEANUP(sigroot_release) struct sigroot root = { 0 };

	TRY(read_root(v, a, &root));
	return cosign_verify(a, from, ref->digest,
			     &(struct cosign_trust){ .root = &root, .identities = v->identities,
						     .identities_n = v->identities_n });
}

/* ---- notation ------------------------------------------------------------------- */

static err *read_certs(const struct ociverify *v, struct cert_list *out)
{
	for (size_t i = 0; i < v->keys->n; i++) {
		str key = v->keys->items[i].key;

		if (!str_ends(key, S(".crt")) && !str_ends(key, S(".pem")))
			continue;
		err *e = cert_list_read(out, v->keys->items[i].value);

		if (e)
			return err_wrap(e, "failed to parse certificate '%.*s'", STR_ARG(key));
	}
	return out->n ? NULL
		      : err_new(ERR_INVALID, "no certificates found in secret '%.*s/%.*s'",
				STR_ARG(v->keys->namespace), STR_ARG(v->keys->name));
}

static err *check_notation(const struct ociverify *v, str subject)
{
	if (!v->keys)
		return err_new(ERR_INVALID, "verification secret cannot be empty: '%.*s'",
			       STR_ARG(subject));
	if (!credentials_has(v->keys, S("trustpolicy.json")))
		return err_new(ERR_INVALID, "'trustpolicy.json' not found in secret '%.*s/%.*s'",
			       STR_ARG(v->keys->namespace), STR_ARG(v->keys->name));
	return NULL;
}

/* Who tells of revoked certificates is no part of the registry. */
static err *ask_authority(void *ctx, struct arena *a, const struct revocation_ask *ask, str *out)
{
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	const struct oci_options *o = oci_opened_with(ctx);
	const struct net_header type = { S("Content-Type"), S("application/ocsp-request") };
	const struct net_request q = {
		.method = ask->question.n ? S("POST") : S("GET"),
		.url = ask->url,
		.headers = &type,
		.headers_n = ask->question.n ? 1 : 0,
		.body = ask->question,
		.addresses = o->addresses,
		.timeout = ask->timeout,
		.max_body = ask->max,
		.cancel = o->cancel,
	};

	TRY(net_do(o->net, &q, &r));
	if (r.status != 200)
		return err_new(ERR_UNAVAILABLE, "response had status code %d", r.status);
	*out = arena_str(a, buf_str(&r.body));
	return NULL;
}

static err *run_notation(struct ociverify *v, struct oci *c, struct arena *a,
			 const struct cosign_source *from, const struct ociref *ref)
{
	const struct revocation_net net = { ask_authority, c };
	struct cert_list certs = { 0 };
	struct ociref repository = { .registry = ref->registry, .repository = ref->repository };
	struct ociref shown = *ref;
	bool trusted = false;

	shown.tag = STR_NONE;
	TRY(check_notation(v, v->chart.n ? v->chart : ociref_text(a, &shown)));
	err *e = read_certs(v, &certs);

	if (!e)
		e = notation_verify(a, from, ociref_name(a, &repository), ref->digest,
				    &(struct notation_trust){
					    credentials_get(v->keys, S("trustpolicy.json")), &certs,
					    &net },
				    &trusted);
	v->ignored = !e && !trusted;
	cert_list_release(&certs);
	return e;
}

/* ---- both ------------------------------------------------------------------------ */

static err *bad_provider(const struct ociverify *v)
{
	return err_new(ERR_INVALID, "unsupported verification provider: %.*s", STR_ARG(v->provider));
}

err *ociverify_check(const struct ociverify *v, struct arena *a)
{
	CLEANUP(sigroot_release) struct sigroot root = { 0 };
	struct cert_list certs = { 0 };
	str *keys;

	if (str_eq(v->provider, S("notation"))) {
		TRY(check_notation(v, v->chart));
		err *e = read_certs(v, &certs);

		cert_list_release(&certs);
		return e;
	}
	if (!str_eq(v->provider, S("cosign")))
		return bad_provider(v);
	if (!v->keys)
		return read_root(v, a, &root);
	size_t n = find_keys(v, a, &keys);

	return check_keys(v, keys, n);
}

err *ociverify_run(void *ctx, struct oci *c, struct arena *a, const struct ociref *ref)
{
	struct ociverify *v = ctx;
	const struct cosign_source from = { get_manifest, get_blob, get_referrers, c };

	if (!ref->digest.n)
		return err_new(ERR_INTERNAL, "only what is named by its digest can be verified");
	if (str_eq(v->provider, S("notation")))
		return run_notation(v, c, a, &from, ref);
	if (!str_eq(v->provider, S("cosign")))
		return bad_provider(v);
	return v->keys ? run_keys(v, a, &from, ref) : run_keyless(v, a, &from, ref);
}
