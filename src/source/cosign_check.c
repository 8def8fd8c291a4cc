/* By whom a signature was made. */
#include "crypto/tstamp.h"
#include "source/cosign_impl.h"
#include "source/sct.h"
#include "text/regex.h"

/* ---- with keys ---------------------------------------------------------------- */

static err *check_keys(const struct cosign_signature *s, const struct cosign_trust *trust)
{
	for (size_t i = 0; i < trust->keys_n; i++) {
		CLEANUP(pubkey_drop) struct pubkey *key = NULL;

		TRY(pubkey_read_pem(&key, trust->keys[i]));
		if (pubkey_verify(key, PUBKEY_PLAIN, s->signed_text, s->signature))
			return NULL;
	}
	return err_new(ERR_FORBIDDEN, "the signature was made with none of the public keys");
}

/* ---- with a certificate -------------------------------------------------------- */

/* The new form is an ASN.1 text, the old one the bytes. */
static str find_issuer(struct arena *a, const struct cert *c)
{
	str text;

	if (cert_extension(a, c, "1.3.6.1.4.1.57264.1.8", &text)) {
		if (text.n >= 2 && text.p[0] == 0x0c && (size_t)(unsigned char)text.p[1] == text.n - 2)
			return str_from(text, 2);
		if (text.n >= 3 && text.p[0] == 0x0c && (unsigned char)text.p[1] == 0x81 &&
		    (size_t)(unsigned char)text.p[2] == text.n - 3)
			return str_from(text, 3);
		return STR_NONE;
	}
	return cert_extension(a, c, "1.3.6.1.4.1.57264.1.1", &text) ? text : STR_NONE;
}

static err *matches(struct arena *a, str pattern, const str *texts, size_t n, bool *out)
{
	const struct regex *re;

	*out = false;
	TRY(regex_compile(a, pattern, &re));
	for (size_t i = 0; i < n; i++)
		*out = *out || (texts[i].n && regex_test(re, texts[i]));
	return NULL;
}

/* Whose a bundle's is, in the words of Sigstore's library: that of the last who might be it. */
static err *not_expected(const struct cosign_identity *last, str issuer, str name)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	bool of = false;

	TRY(matches(&a, last->subject, &name, 1, &of));
	return err_new(ERR_FORBIDDEN,
		       "failed to verify certificate identity: no matching CertificateIdentity found, "
		       "last error: expected %s value to match regex \"%.*s\", got \"%.*s\"",
		       of ? "issuer" : "SAN", STR_ARG(of ? last->issuer : last->subject),
		       STR_ARG(str_sub(of ? issuer : name, 0, 300)));
}

static err *check_identity(struct arena *a, const struct cert *c, const struct cosign_trust *trust,
			   bool bundle)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str issuer = find_issuer(a, c), *names;
	size_t n;

	TRY(cert_names(a, c, &names, &n));
	for (size_t i = 0; i < trust->identities_n && i < COSIGN_IDENTITIES_MAX; i++) {
		const struct cosign_identity *id = &trust->identities[i];
		bool by, of;

		if (!id->issuer.n || !id->subject.n)
			continue;
		TRY(matches(a, id->issuer, &issuer, 1, &by));
		TRY(matches(a, id->subject, names, n, &of));
		if (by && of)
			return NULL;
	}
	const struct cosign_identity *last = trust->identities_n
						     ? &trust->identities[trust->identities_n - 1]
						     : NULL;

	if (bundle && last && last->issuer.n && last->subject.n)
		return not_expected(last, issuer, n ? names[0] : STR_NONE);
	for (size_t i = 0; i < n && i < 5; i++)
		buf_addf(&b, "%s%.*s", i ? ", " : "", STR_ARG(str_sub(names[i], 0, 300)));
	return err_new(ERR_FORBIDDEN,
		       "none of the expected identities matched what was in the certificate, got "
		       "subjects [%.*s] with issuer %.*s",
		       STR_ARG(buf_str(&b)), STR_ARG(str_sub(issuer, 0, 300)));
}

/* The authority that the certificate leads to, and the certificate that signed it. */
static err *check_chain(struct arena *a, const struct sigroot *root, const struct cert *c,
			int64_t at)
{
	err *e = err_new(ERR_FORBIDDEN, "the trusted root has no certificate authority of that time");

	for (size_t i = 0; i < root->authorities_n; i++) {
		const struct sigroot_authority *ca = &root->authorities[i];

		if (at < ca->from || at > ca->until)
			continue;
		err_free(e);
		e = cert_verify(c, &(struct cert_check){ .roots = &ca->roots, .between = &ca->between,
							 .at = at, .code_signing = true });
		if (!e)
			e = sct_check(a, root, c, ca->between.n ? ca->between.p[0] : ca->roots.p[0]);
		if (!e)
			return NULL;
	}
	return e;
}

/* By an authority that counted at the time it tells. */
static err *check_stamp(const struct sigroot *root, str stamp, str signature, int64_t *at)
{
	int64_t claim;

	TRY(tstamp_claim(stamp, &claim));
	err *e = err_new(ERR_FORBIDDEN, "timestamp: the trusted root has no authority of that time");

	for (size_t i = 0; i < root->stampers_n; i++) {
		const struct sigroot_authority *ca = &root->stampers[i];

		if (claim < ca->from || claim > ca->until)
			continue;
		err_free(e);
		e = tstamp_verify(stamp, signature, &ca->roots, &ca->between);
		if (!e) {
			*at = claim;
			return NULL;
		}
	}
	return e;
}

/* One that holds suffices; *at stays 0 where the log itself has signed a time. */
static err *find_time(const struct cosign_signature *s, const struct sigroot *root, int64_t *at)
{
	err *e = err_new(ERR_FORBIDDEN, "the signature has no time that the log or an authority signed");

	*at = 0;
	if (s->entry.promise.n) {
		err_free(e);
		return NULL;
	}
	for (size_t i = 0; i < s->stamps_n; i++) {
		err_free(e);
		e = check_stamp(root, s->stamps[i], s->signature, at);
		if (!e)
			return NULL;
	}
	return e;
}

static err *check_keyless(struct arena *a, const struct cosign_signature *s,
			  const struct cosign_trust *trust, const struct cert_list *list)
{
	CLEANUP(pubkey_drop) struct pubkey *key = NULL;
	const struct cert *c = list->p[0];

	if (!s->has_entry)
		return err_new(ERR_FORBIDDEN, "the signature has no transparency log entry");
	int64_t at;

	TRY(find_time(s, trust->root, &at));
	TRY(rekor_check(trust->root, &s->entry, at));
	TRY(rekor_check_body(a, &s->entry, &(struct rekor_subject){ .payload = s->payload,
								    .text = s->signed_text,
								    .signature = s->signature,
								    .cert = cert_der(a, c),
								    .dsse = s->dsse }));
	TRY(check_chain(a, trust->root, c, at ? at : s->entry.time));
	TRY(check_identity(a, c, trust, s->dsse));
	TRY(cert_key(c, &key));
	return pubkey_verify(key, PUBKEY_PLAIN, s->signed_text, s->signature)
		       ? NULL
		       : err_new(ERR_FORBIDDEN, "the signature does not verify with its certificate");
}

err *cosign_check(struct arena *a, const struct cosign_signature *s,
		  const struct cosign_trust *trust)
{
	struct cert_list list = { 0 };

	if (trust->keys_n)
		return check_keys(s, trust);
	if (!s->cert_text.n)
		return err_new(ERR_FORBIDDEN, "no certificate found on signature");
	err *e = cert_list_read(&list, s->cert_text);

	if (!e)
		e = check_keyless(a, s, trust, &list);
	cert_list_release(&list);
	return e;
}
