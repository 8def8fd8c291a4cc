#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "source/notation.h"
#include "source/repo_test.h"

#define POLICY(level, scope, stores, identity)                                                   \
	"{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"p\",\"registryScopes\":[\"" scope   \
	"\"],\"signatureVerification\":{" level "},\"trustStores\":[" stores                     \
	"],\"trustedIdentities\":[\"" identity "\"]}]}"
#define STRICT     "\"level\":\"strict\""
#define CA         "\"ca:x\""
#define ACME       "x509.subject: C=US, ST=WA, O=acme\\\\, inc"

static err *verify_as(struct repo *r, const char *cert, const char *policy, bool *trusted)
{
	const struct cosign_source from = { get_manifest, get_blob, get_referrers, r };
	struct cert_list certs = { 0 };

	assert_null(cert_list_read(&certs, golden(&r->a, "notation",
						  arena_printf(&r->a, "%s.crt", cert).p)));
	err *e = notation_verify(&r->a, &from, S("registry.example/app"), r->digest,
				 &(struct notation_trust){ str_c(policy), &certs, NULL }, trusted);

	cert_list_release(&certs);
	return e;
}

static err *verify(struct repo *r, const char *cert, const char *policy)
{
	bool trusted;
	err *e = verify_as(r, cert, policy, &trusted);

	if (trusted == (e != NULL))
		fail_msg("trusted %d, %s", trusted, e ? err_msg(e) : "no error");
	return e;
}

static void test_signatures_of_notation(void **state)
{
	static const char *const names[] = { "rsa", "rsa3072", "p256", "p384", "cose", "cosersa" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct repo r;

		open_repo(&r, "notation", names[i]);
		err *e = verify(&r, names[i], POLICY(STRICT, "registry.example/app", CA, ACME));

		if (e)
			fail_msg("%s: %s", names[i], err_msg(e));
		assert_null(verify(&r, names[i], POLICY(STRICT, "*", CA, "*")));
		assert_refused(verify(&r, "expiry", POLICY(STRICT, "*", CA, "*")),
			       "signature is not produced by a trusted signer");
		arena_release(&r.a);
	}
}

#define STAMPS "\"ca:x\",\"tsa:y\""
#define ENDED(name)                                                                              \
	"verification time is after certificate \"CN=" name ",O=acme\\\\, inc,ST=WA,C=US\" validity " \
	"period, it was expired at \""

/* What a timestamp authority signed counts from then on, though the certificates end. */
static void test_countersignatures(void **state)
{
	static const struct {
		const char *name, *policy, *want;
	} rows[] = {
		{ "stamped", POLICY(STRICT, "*", STAMPS, ACME), NULL },
		{ "stampedcose", POLICY(STRICT, "*", STAMPS, ACME), NULL },
		{ "stamped", POLICY(STRICT ",\"verifyTimestamp\":\"always\"", "*", STAMPS, "*"), NULL },
		{ "stamped", POLICY(STRICT ",\"verifyTimestamp\":\"afterCertExpiry\"", "*", STAMPS, "*"), NULL },
		{ "stamped", POLICY(STRICT ",\"verifyTimestamp\":\"never\"", "*", STAMPS, "*"),
		  "trust policy statement \"p\" has invalid signatureVerification: verifyTimestamp must be "
		  "\"always\" or \"afterCertExpiry\", but got \"never\"" },
		{ "stamped", POLICY(STRICT, "*", CA, "*"), ENDED("stamped") },
		{ "stampedcose", POLICY(STRICT, "*", CA, "*"), ENDED("stampedcose") },
		{ "stamped", POLICY(STRICT ",\"override\":{\"authenticTimestamp\":\"log\"}", "*", CA, "*"), NULL },
		{ "stampedlate", POLICY(STRICT, "*", STAMPS, "*"),
		  "timestamp can be after certificate \"CN=stampedlate,O=acme\\\\, inc,ST=WA,C=US\" validity "
		  "period, it was expired at \"" },
		{ "stampedlate", POLICY("\"level\":\"permissive\"", "*", STAMPS, "*"), NULL },
		/* nobody stamped those, and they need none yet */
		{ "p256", POLICY(STRICT, "*", STAMPS, "*"),
		  "no timestamp countersignature was found in the signature envelope" },
		{ "p256", POLICY(STRICT ",\"verifyTimestamp\":\"afterCertExpiry\"", "*", STAMPS, "*"), NULL },
		{ "p256", POLICY(STRICT, "*", "\"ca:x\",\"signingAuthority:y\"", "*"), NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct repo r;

		open_repo(&r, "notation", rows[i].name);
		err *e = verify(&r, rows[i].name, rows[i].policy);

		if (rows[i].want)
			assert_refused(e, rows[i].want);
		else if (e)
			fail_msg("%zu %s: %s", i, rows[i].name, err_msg(e));
		arena_release(&r.a);
	}
}

#define STAMP_HEAD "\\\"io.cncf.notary.timestampSignature\\\":\\\""
/* Whatever stood there before is an attribute of another name. */
#define STAMP_TAIL "\\\",\\\"was\\\":\\\""

static str stamp_of(struct repo *r, const char *name)
{
	static const str head = S("timestampSignature\":\"");
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	open_repo(r, "notation", name);
	str text = node_str(node_get(r->data, S("blobs")).map->pairs[0].value);

	text = str_from(text, str_find(text, head) + head.n);
	assert_null(base64_read(&b, str_sub(text, 0, str_find(text, S("\""))), BASE64_STD));
	return arena_str(&r->a, buf_str(&b));
}

static err *verify_with(struct repo *r, const char *name, str stamp, const char *policy)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	base64_write(&b, stamp, BASE64_STD);
	change(r, name, STAMP_HEAD,
	       arena_cat(&r->a, S(STAMP_HEAD), buf_str(&b), S(STAMP_TAIL)).p);
	return verify(r, name, policy);
}

static void test_wrong_countersignatures(void **state)
{
	const char *policy = POLICY(STRICT, "*", STAMPS, "*");
	size_t accepted = 0;
	struct repo r, other;
	bool trusted;

	(void)state;
	str late = stamp_of(&other, "stampedlate"), good = stamp_of(&r, "stamped");

	assert_null(verify_with(&r, "stamped", good, policy));
	assert_refused(verify_with(&r, "stamped", late, policy),
		       "failed to verify the timestamp countersignature with error: timestamp: it does not "
		       "hold for the signature, or is of nobody who is trusted");
	for (size_t i = 0; i < good.n; i += 5) {
		const char changed = (char)(good.p[i] ^ 0x41);
		str stamp = arena_cat(&r.a, str_sub(good, 0, i), str_of(&changed, 1),
				      str_from(good, i + 1));
		CLEANUP(err_drop) err *e = verify_with(&r, "stamped", stamp, policy);

		accepted += !e;
		assert_refused(verify_with(&r, "stamped", str_sub(good, 0, i), policy), "");
	}
	assert_true(accepted < 10);	/* what is not signed: names of algorithms */
	change(&r, "stamped", STAMP_HEAD, STAMP_HEAD "!");
	assert_refused(verify(&r, "stamped", policy), "signature envelope: timestamp countersignature: ");
	/* an authority that is not trusted */
	arena_release(&r.a);
	open_repo(&r, "notation", "stamped");
	assert_refused(verify_as(&r, "stampedlate",
				 POLICY(STRICT ",\"override\":{\"authenticity\":\"log\"}", "*", STAMPS, "*"),
				 &trusted),
		       "is of nobody who is trusted");
	arena_release(&r.a);
	arena_release(&other.a);
}

static void test_policies(void **state)
{
	static const struct {
		const char *policy, *want;
	} rows[] = {
		{ POLICY(STRICT, "registry.example/other", CA, "*"),
		  "artifact \"registry.example/app\" has no applicable oci trust policy statement" },
		{ POLICY("\"level\":\"skip\",\"override\":{\"expiry\":\"log\"}", "*", CA, "*"),
		  "signature verification level \"skip\" can't be used to customize" },
		{ POLICY("\"level\":\"audit\",\"override\":{\"authenticity\":\"enforce\"}", "*", CA,
			 "x509.subject: C=US, ST=WA, O=evil"),
		  "does not match the X.509 trusted identities" },
		{ POLICY("\"level\":\"lax\"", "*", CA, "*"), "invalid signature verification level \"lax\"" },
		{ POLICY("", "*", CA, "*"), "invalid signature verification level \"\"" },
		{ POLICY(STRICT ",\"override\":{\"integrity\":\"log\"}", "*", CA, "*"),
		  "\"integrity\" verification can not be overridden in custom signature verification" },
		{ POLICY(STRICT ",\"override\":{\"expiry\":\"skip\"}", "*", CA, "*"),
		  "\"expiry\" verification can not be skipped in custom signature verification" },
		{ POLICY(STRICT ",\"override\":{\"x\":\"log\"}", "*", CA, "*"),
		  "verification type \"x\" in custom signature verification is not supported" },
		{ POLICY(STRICT ",\"override\":{\"expiry\":\"x\"}", "*", CA, "*"),
		  "verification action \"x\" in custom signature verification is not supported" },
		{ POLICY(STRICT, "*", "", "*"), "is either missing trust stores or trusted identities" },
		{ POLICY(STRICT, "*", "\"tsa:x\"", "*"), "is either missing trust stores" },
		{ POLICY(STRICT, "*", "\"x\"", "*"),
		  "trust policy statement \"p\" has malformed trust store value \"x\". The required format is "
		  "<TrustStoreType>:<TrustStoreName>" },
		{ POLICY(STRICT, "*", "\"ca:x\",\"other:y\"", "*"),
		  "uses an unsupported trust store type \"other\" in trust store value \"other:y\"" },
		{ POLICY(STRICT, "*", "\"signingAuthority:x\"", "*"),
		  "has no trust store for signatures of the scheme \"notary.x509\"" },
		{ POLICY(STRICT, "*", CA, "x509.subject: C=US, ST=WA, O=evil"),
		  "does not match the X.509 trusted identities defined in the trust policy \"p\"" },
		{ POLICY(STRICT, "*", CA, "x509.subject:"), "does not match the X.509 trusted" },
		{ POLICY(STRICT, "*", CA, "acme"), "does not match the X.509 trusted identities" },
		{ "{\"version\":\"2.0\"}", "uses unsupported version \"2.0\"" },
		{ "{", "error occurred while parsing trustpolicy.json: unexpected end of JSON input" },
		{ "{\"version\":\"1.0\"}", "has no applicable oci trust policy statement" },
	};
	struct repo r;

	(void)state;
	open_repo(&r, "notation", "p256");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_refused(verify(&r, "p256", rows[i].policy), rows[i].want);
	arena_release(&r.a);
}

/* What a policy does not insist on is let through, and not called trusted. */
static void test_audit_and_skip(void **state)
{
	static const struct {
		const char *cert, *policy;
		bool trusted;
	} rows[] = {
		{ "p256", POLICY("\"level\":\"audit\"", "*", CA, "*"), true },
		{ "p256", POLICY("\"level\":\"audit\"", "*", CA, "x509.subject: C=US, ST=WA, O=evil"), false },
		{ "expiry", POLICY("\"level\":\"audit\"", "*", CA, "*"), false },
		{ "expiry", POLICY(STRICT ",\"override\":{\"authenticity\":\"log\"}", "*", CA, "*"), false },
		/* Flux takes no notice of stores then */
		{ "p256", POLICY("\"level\":\"skip\"", "*", CA, "*"), false },
		{ "p256", "{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"p\",\"registryScopes\":[\"*\"],"
			  "\"signatureVerification\":{\"level\":\"skip\"}}]}", false },
	};
	struct repo r;
	bool trusted;

	(void)state;
	open_repo(&r, "notation", "p256");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		err *e = verify_as(&r, rows[i].cert, rows[i].policy, &trusted);

		if (e || trusted != rows[i].trusted)
			fail_msg("%zu: %s", i, e ? err_msg(e) : "trusted is wrong");
	}
	/* a signature that is not whole passes no audit */
	change(&r, "p256", "\\\"payload\\\":\\\"eyJ0", "\\\"payload\\\":\\\"eyJ1");
	assert_refused(verify(&r, "p256", POLICY("\"level\":\"audit\"", "*", CA, "*")),
		       "signature is invalid");
	r.digest = S("sha256:0000000000000000000000000000000000000000000000000000000000000000");
	assert_refused(verify(&r, "p256", POLICY("\"level\":\"audit\"", "*", CA, "*")),
		       "no signature is associated with ");
	arena_release(&r.a);
}

static void test_what_is_expired_or_not_known(void **state)
{
	struct repo r;

	(void)state;
	open_repo(&r, "notation", "expiry");
	assert_refused(verify(&r, "expiry", POLICY(STRICT, "*", CA, "*")),
		       "digital signature has expired");
	assert_null(verify(&r, "expiry", POLICY("\"level\":\"permissive\"", "*", CA, "*")));
	assert_refused(verify(&r, "expiry", POLICY("\"level\":\"permissive\",\"override\":{\"expiry\":"
						   "\"enforce\"}", "*", CA, "*")),
		       "digital signature has expired");
	arena_release(&r.a);
	open_repo(&r, "notation", "coseexpiry");
	assert_refused(verify(&r, "coseexpiry", POLICY(STRICT, "*", CA, "*")),
		       "digital signature has expired");
	assert_null(verify(&r, "coseexpiry", POLICY("\"level\":\"permissive\"", "*", CA, "*")));
	arena_release(&r.a);
	open_repo(&r, "notation", "cose");
	change(&r, "cose", "application/cose", "application/none");
	assert_refused(verify(&r, "cose", POLICY(STRICT, "*", CA, "*")),
		       "signature envelopes of the type application/none are not supported");
	r.digest = S("sha256:0000000000000000000000000000000000000000000000000000000000000000");
	assert_refused(verify(&r, "cose", POLICY(STRICT, "*", CA, "*")),
		       "no signature is associated with \"registry.example/app@sha256:0000");
	arena_release(&r.a);
}

/* In the recording the envelope is a text in a text. */
static void test_changed_envelopes(void **state)
{
	static const struct {
		const char *from, *to, *want;
	} rows[] = {
		{ "\\\"payload\\\":\\\"eyJ0", "\\\"payload\\\":\\\"eyJ1", "signature is invalid" },
		{ "\\\"signature\\\":\\\"", "\\\"signature\\\":\\\"AA", "signature" },
		{ "\\\"x5c\\\"", "\\\"other\\\"", "the signature envelope has no certificates" },
		{ "\\\"protected\\\":\\\"", "\\\"protected\\\":\\\"e30", "signature" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct repo r;

		open_repo(&r, "notation", "p256");
		change(&r, "p256", rows[i].from, rows[i].to);
		assert_refused(verify(&r, "p256", POLICY(STRICT, "*", CA, "*")), rows[i].want);
		arena_release(&r.a);
	}
}

/* Every byte of an envelope of COSE counts, but for those of the header that is not signed. */
static void test_changed_cose(void **state)
{
	const char *policy = POLICY(STRICT, "*", CA, "*");
	size_t accepted = 0, n;
	struct repo r;

	(void)state;
	open_repo(&r, "notation", "cose");
	node binary = node_get(r.data, S("binary"));
	str text = node_str(binary.map->pairs[0].value);
	CLEANUP(buf_release) struct buf bytes = BUF_INIT;

	assert_null(base64_read(&bytes, text, BASE64_STD));
	n = bytes.n;
	for (size_t i = 0; i < n; i += 3) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		bytes.p[i] ^= 0x41;
		base64_write(&b, buf_str(&bytes), BASE64_STD);
		bytes.p[i] ^= 0x41;
		binary.map->pairs[0].value = node_copy_str(&r.a, buf_str(&b));
		CLEANUP(err_drop) err *e = verify(&r, "cose", policy);

		accepted += !e;
	}
	assert_true(accepted < 20);	/* the name of the program that signed */
	for (size_t i = 0; i < n; i += 7) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		base64_write(&b, str_sub(buf_str(&bytes), 0, i), BASE64_STD);
		binary.map->pairs[0].value = node_copy_str(&r.a, buf_str(&b));
		assert_refused(verify(&r, "cose", policy), "");
	}
	arena_release(&r.a);
}

/* A good signature of another manifest. */
static void test_a_signature_is_for_one_manifest(void **state)
{
	static const char other[] =
		"sha256:0000000000000000000000000000000000000000000000000000000000000000";
	struct repo r;

	(void)state;
	open_repo(&r, "notation", "p256");
	/* The list of what refers is the last thing in the file that begins with the digest. */
	change(&r, "p256", arena_printf(&r.a, "\"%.*s\": [", STR_ARG(r.digest)).p,
	       arena_printf(&r.a, "\"%s\": [", other).p);
	r.digest = str_c(other);
	assert_refused(verify(&r, "p256", POLICY(STRICT, "*", CA, "*")), "content descriptor mismatch");
	arena_release(&r.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures_of_notation),
		cmocka_unit_test(test_countersignatures),
		cmocka_unit_test(test_wrong_countersignatures),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_audit_and_skip),
		cmocka_unit_test(test_what_is_expired_or_not_known),
		cmocka_unit_test(test_changed_envelopes),
		cmocka_unit_test(test_changed_cose),
		cmocka_unit_test(test_a_signature_is_for_one_manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
