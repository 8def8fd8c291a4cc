/* A registry whose manifests and blobs are all the same bytes, and the same as a trusted
 * root, a trust policy and certificates. */
#include "crypto/tstamp.h"
#include "source/cosign.h"
#include "source/notation.h"
#include "source/rekor.h"
#include "value/json.h"

#include <stddef.h>
#include <stdint.h>

#define DIGEST "sha256:0000000000000000000000000000000000000000000000000000000000000000"

static err *get_manifest(void *ctx, struct arena *a, str wanted, struct ocimanifest *out)
{
	(void)ctx;
	(void)a;
	static struct ocidescriptor layers[] = {
		{ .media_type = S("application/vnd.dev.cosign.simplesigning.v1+json") },
		{ .media_type = S("application/vnd.dev.sigstore.bundle.v0.3+json") },
		{ .media_type = S("application/jose+json") },
		{ .media_type = S("application/cose") },
	};

	*out = (struct ocimanifest){ .parts = layers + (wanted.p[wanted.n - 1] == '1' ? 1 : 0),
				     .parts_n = 1 };
	if (wanted.p[wanted.n - 1] == '2')
		out->parts = layers + 2;
	if (wanted.p[wanted.n - 1] == '3')
		out->parts = layers + 3;
	return NULL;
}

static err *get_blob(void *ctx, struct arena *a, const struct ocidescriptor *d, size_t max, str *out)
{
	(void)a;
	(void)d;
	(void)max;
	*out = *(str *)ctx;
	return NULL;
}

static err *get_referrers(void *ctx, struct arena *a, str digest, struct ocidescriptor **out,
			  size_t *n)
{
	static struct ocidescriptor list[] = {
		{ .digest = S("1") },
		{ .digest = S("2"), .artifact_type = S("application/vnd.cncf.notary.signature") },
		{ .digest = S("3"), .artifact_type = S("application/vnd.cncf.notary.signature") },
	};

	(void)ctx;
	(void)a;
	(void)digest;
	*out = list;
	*n = 3;
	return NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char policy[] =
		"{\"version\":\"1.0\",\"trustPolicies\":[{\"name\":\"p\",\"registryScopes\":[\"*\"],"
		"\"signatureVerification\":{\"level\":\"strict\"},\"trustStores\":[\"ca:x\",\"tsa:x\"],"
		"\"trustedIdentities\":[\"*\"]}]}";
	str text = str_of((const char *)data, size);
	struct cosign_source from = { get_manifest, get_blob, get_referrers, &text };
	struct cosign_identity identity = { S("."), S(".") };
	struct arena a = ARENA_BUDGET(256 << 20);
	struct cert_list certs = { 0 };
	struct sigroot root = { 0 };
	struct tstamp stamp = { 0 };
	struct rekor_entry entry;
	bool trusted;

	err_free(sigroot_read(&root, text));
	err_free(cert_list_read(&certs, text));
	err_free(tstamp_verify(text, S("x"), &certs, &certs));
	err_free(tstamp_open(&stamp, text, S("x"), &certs));
	tstamp_release(&stamp);
	err_free(rekor_read_annotation(&a, text, &entry));
	err_free(cosign_verify(&a, &from, S(DIGEST),
			       &(struct cosign_trust){ .root = &root, .identities = &identity,
						       .identities_n = 1 }));
	err_free(notation_verify(&a, &from, S("r/a"), S(DIGEST),
				 &(struct notation_trust){ str_c(policy), &certs, NULL }, &trusted));
	err_free(notation_verify(&a, &from, S("r/a"), S(DIGEST),
				 &(struct notation_trust){ text, &certs, NULL }, &trusted));
	cert_list_release(&certs);
	sigroot_release(&root);
	arena_release(&a);
	return 0;
}
