#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "source/repo_test.h"

#define SUBJECT "^https://github\\.com/org/repo/\\.github/workflows/release\\.yml@refs/heads/main$"
#define ISSUER  "^https://token\\.actions\\.githubusercontent\\.com$"

static err *verify(struct repo *r, const struct cosign_trust *trust)
{
	const struct cosign_source from = { get_manifest, get_blob, get_referrers, r };

	return cosign_verify(&r->a, &from, r->digest, trust);
}

/* ---- keys ----------------------------------------------------------------------- */

static void test_signatures_of_keys(void **state)
{
	static const char *const names[] = { "key2", "key3" };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct repo r;

		open_repo(&r, "cosign", names[i]);
		str keys[] = { golden(&r.a, "cosign", "b.pub"), golden(&r.a, "cosign", "a.pub") };

		assert_null(verify(&r, &(struct cosign_trust){ .keys = keys + 1, .keys_n = 1 }));
		assert_null(verify(&r, &(struct cosign_trust){ .keys = keys, .keys_n = 2 }));
		assert_refused(verify(&r, &(struct cosign_trust){ .keys = keys, .keys_n = 1 }),
			       "the signature was made with none of the public keys");
		keys[0] = S("no key");
		assert_refused(verify(&r, &(struct cosign_trust){ .keys = keys, .keys_n = 1 }),
			       "PEM decoding failed");
		/* The same signatures, for another manifest. */
		r.digest = S("sha256:0000000000000000000000000000000000000000000000000000000000000000");
		assert_refused(verify(&r, &(struct cosign_trust){ .keys = keys + 1, .keys_n = 1 }),
			       "no signatures found");
		arena_release(&r.a);
	}
}

/* A signature for one manifest hung below another one. */
static void test_a_signature_is_for_one_manifest(void **state)
{
	struct repo r;

	(void)state;
	open_repo(&r, "cosign", "key2");
	str key = golden(&r.a, "cosign", "a.pub");
	const struct cosign_trust trust = { .keys = &key, .keys_n = 1 };
	const char *other = "sha256-0000000000000000000000000000000000000000000000000000000000000000";
	str tag = arena_cat(&r.a, S("sha256-"), str_from(r.digest, 7));

	change(&r, "key2", arena_cat(&r.a, tag, S(".sig\"")).p,
	       arena_printf(&r.a, "%s.sig\"", other).p);
	r.digest = arena_cat(&r.a, S("sha256:"), str_from(str_c(other), 7));
	assert_refused(verify(&r, &trust), "invalid or missing digest in claim");
	arena_release(&r.a);
	open_repo(&r, "cosign", "key3");
	key = golden(&r.a, "cosign", "a.pub");
	change(&r, "key3", arena_printf(&r.a, "\"%.*s\": [", STR_ARG(r.digest)).p,
	       arena_printf(&r.a, "\"sha256:%s\": [", other + 7).p);
	r.digest = arena_cat(&r.a, S("sha256:"), str_from(str_c(other), 7));
	assert_refused(verify(&r, &trust), "no signatures found");
	arena_release(&r.a);
}

/* ---- keyless --------------------------------------------------------------------- */

struct keyless {
	struct sigroot root;
	struct cosign_identity identity;
	struct cosign_trust trust;
};

static void open_keyless(struct keyless *k, struct arena *a, const char *root)
{
	*k = (struct keyless){ .identity = { S(ISSUER), S(SUBJECT) } };
	assert_null(sigroot_read(&k->root, golden(a, "cosign", root)));
	k->trust = (struct cosign_trust){ .root = &k->root, .identities = &k->identity,
					  .identities_n = 1 };
}

static void test_keyless_signatures(void **state)
{
	static const struct {
		const char *name, *want;
	} rows[] = {
		{ "keyless2", NULL },
		{ "keyless3", NULL },
		{ "second", NULL },
		{ "late", "x509: certificate cannot be verified: certificate has expired" },
		{ "nosct", "the certificate has no signed certificate timestamp" },
		{ "attestation", "the statement is no signature, but an attestation" },
		{ "key2", "no certificate found on signature" },
		{ "key3", "no certificate found on signature" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct keyless k;
		struct repo r;

		open_repo(&r, "cosign", rows[i].name);
		open_keyless(&k, &r.a, "trusted_root.json");
		err *e = verify(&r, &k.trust);

		if (rows[i].want)
			assert_refused(e, rows[i].want);
		else if (e)
			fail_msg("%s: %s", rows[i].name, err_msg(e));
		sigroot_release(&k.root);
		arena_release(&r.a);
	}
}

#define MISMATCH                                                                          \
	"no matching attestations: failed to verify certificate identity: no matching "   \
	"CertificateIdentity found, last error: expected "

static void test_identities_and_roots(void **state)
{
	static const struct {
		const char *issuer, *subject, *want;
	} rows[] = {
		{ ISSUER, ".*", NULL },
		{ "^https://other$", SUBJECT, MISMATCH "issuer value to match regex \"^https://other$\", "
						       "got \"https://token.actions.githubusercontent.com\"" },
		{ ISSUER, "^https://github\\.com/evil/", MISMATCH "SAN value to match regex \"^https://"
			  "github\\.com/evil/\", got \"https://github.com/org/repo/" },
		{ "", "", "none of the expected identities matched" },
		{ "(", ".*", "error parsing regexp" },
	};
	struct keyless k;
	struct repo r;

	(void)state;
	open_repo(&r, "cosign", "keyless3");
	open_keyless(&k, &r.a, "trusted_root.json");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		k.identity = (struct cosign_identity){ str_c(rows[i].issuer), str_c(rows[i].subject) };
		err *e = verify(&r, &k.trust);

		if (rows[i].want)
			assert_refused(e, rows[i].want);
		else
			assert_null(e);
	}
	k.trust.identities_n = 0;
	assert_refused(verify(&r, &k.trust), "keyless verification needs at least one identity");
	k.trust.root = NULL;
	assert_refused(verify(&r, &k.trust), "neither public keys nor a trusted root");
	sigroot_release(&k.root);
	open_keyless(&k, &r.a, "other_root.json");
	assert_refused(verify(&r, &k.trust), "the trusted root has no log of that ID and time");
	sigroot_release(&k.root);
	assert_refused(sigroot_read(&k.root, S("{}")), "unable to parse trusted root: unsupported "
						       "TrustedRoot media type: ");
	arena_release(&r.a);
}

/* Each part that a signature rests on, changed. In the file the bundles are texts in
 * a text, so quotes have a backslash. */
static void test_every_part_is_checked(void **state)
{
	static const struct {
		const char *name, *from, *to, *want;
	} rows[] = {
		{ "keyless3", "\\\"treeSize\\\": \\\"5\\\"", "\\\"treeSize\\\": \\\"6\\\"",
		  "inclusion proof does not verify" },
		{ "keyless3", "\\\"logIndex\\\": \\\"1\\\"", "\\\"logIndex\\\": \\\"2\\\"",
		  "signed entry timestamp does not verify" },
		{ "keyless3", "rekor.example - 42", "rekor.example - 43",
		  "inclusion proof does not verify" },
		{ "keyless3", "\\\"inclusionPromise\\\"", "\\\"none\\\"",
		  "the signature has no time that the log or an authority signed" },
		{ "keyless3", "\\\"tlogEntries\\\"", "\\\"none\\\"",
		  "the signature has no transparency log entry" },
		{ "keyless3", "\\\"certificate\\\"", "\\\"none\\\"", "no certificate found on signature" },
		{ "keyless3", "bundle.v0.3+json\\\", \\\"ver", "bundle.v0.9+json\\\", \\\"ver",
		  "unsupported bundle" },
		{ "keyless3", "\\\"sig\\\": \\\"ME", "\\\"sig\\\": \\\"MA",
		  "it is about another signature" },
		{ "keyless2", "\\\\\\\"integratedTime\\\\\\\": 1", "\\\\\\\"integratedTime\\\\\\\": 2",
		  "transparency log entry: " },
		{ "keyless2", "dev.sigstore.cosign/bundle", "dev.sigstore.cosign/other",
		  "the signature has no transparency log entry" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct keyless k;
		struct repo r;

		open_repo(&r, "cosign", rows[i].name);
		change(&r, rows[i].name, rows[i].from, rows[i].to);
		open_keyless(&k, &r.a, "trusted_root.json");
		assert_refused(verify(&r, &k.trust), rows[i].want);
		sigroot_release(&k.root);
		arena_release(&r.a);
	}
}

/* Rekor 2: no promise, the time is a timestamp authority's. */
static void test_timestamps(void **state)
{
	static const struct {
		const char *name, *from, *to, *root, *want;
	} rows[] = {
		{ "rekor2", NULL, NULL, "trusted_root2.json", NULL },
		{ "rekor2nocert", NULL, NULL, "trusted_root2.json", NULL },
		{ "rekor2second", NULL, NULL, "trusted_root2.json", NULL },
		{ "rekor2none", NULL, NULL, "trusted_root2.json",
		  "the signature has no time that the log or an authority signed" },
		{ "rekor2other", NULL, NULL, "trusted_root2.json",
		  "timestamp: it does not hold for the signature, or is of nobody who is trusted" },
		{ "rekor2text", NULL, NULL, "trusted_root2.json", "timestamp: it does not hold" },
		{ "rekor2late", NULL, NULL, "trusted_root2.json",
		  "x509: certificate cannot be verified: certificate has expired" },
		{ "rekor2", NULL, NULL, "trusted_root.json",
		  "timestamp: the trusted root has no authority of that time" },
		{ "rekor2", "\\\"treeSize\\\": \\\"5\\\"", "\\\"treeSize\\\": \\\"6\\\"",
		  "trusted_root2.json", "inclusion proof does not verify" },
		{ "rekor2", "log2.example\\\\n5", "log2.example\\\\n6", "trusted_root2.json",
		  "inclusion proof does not verify" },
		{ "rekor2", "\\\"inclusionProof\\\"", "\\\"none\\\"", "trusted_root2.json",
		  "its time is not signed by the log" },
		{ "rekor2", "\\\"sig\\\": \\\"ME", "\\\"sig\\\": \\\"MA", "trusted_root2.json",
		  "timestamp: it does not hold" },
		{ "rekor2", "\\\"signedTimestamp\\\": \\\"MII", "\\\"signedTimestamp\\\": \\\"NII",
		  "trusted_root2.json", "timestamp: it cannot be read" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct keyless k;
		struct repo r;

		open_repo(&r, "cosign", rows[i].name);
		if (rows[i].from)
			change(&r, rows[i].name, rows[i].from, rows[i].to);
		open_keyless(&k, &r.a, rows[i].root);
		err *e = verify(&r, &k.trust);

		if (rows[i].want)
			assert_refused(e, rows[i].want);
		else if (e)
			fail_msg("%s: %s", rows[i].name, err_msg(e));
		sigroot_release(&k.root);
		arena_release(&r.a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signatures_of_keys),
		cmocka_unit_test(test_a_signature_is_for_one_manifest),
		cmocka_unit_test(test_keyless_signatures),
		cmocka_unit_test(test_identities_and_roots),
		cmocka_unit_test(test_every_part_is_checked),
		cmocka_unit_test(test_timestamps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
