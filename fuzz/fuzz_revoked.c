/* What an authority says of revoked certificates, and a certificate that names authorities. */
#include "base/clock.h"
#include "crypto/keys.h"
#include "crypto/revoked.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static struct arena mem;

static struct cert *certify(const char *name, str signer, str signer_key, str *cert, str *key)
{
	struct cert_list list = { 0 };
	struct keys_request r = { .name = str_c(name),
				  .now = 1,
				  .until = 2000000000,
				  .authority = !signer.n,
				  .signer_cert = signer,
				  .signer_key = signer_key };
	err *e = keys_new(&mem, KEYS_ECDSA, NULL, &r.key);

	if (!e)
		e = keys_certify(&mem, &r, cert, key);
	if (!e)
		e = cert_list_read(&list, *cert);
	if (e)
		die_bug("%s", err_msg(e));
	struct cert *c = list.p[0];

	free(list.p);
	return c;
}

static void read_list(struct arena *a, str text, const struct cert *c, const struct cert *issuer)
{
	struct revoked_list *l = NULL;
	enum revoked state;
	str *urls;
	size_t n;
	err *e = revoked_list_read(&l, text);

	if (!e) {
		revoked_list_changes(a, l, &urls, &n);
		e = revoked_list_find(l, l, c, issuer, 1000, 0, &state);
	}
	err_free(e);
	revoked_list_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct cert *issuer, *ours;
	struct arena a = ARENA_INIT;
	str text = str_of((const char *)data, size), cert, key, own, none;
	struct revoked_points points;
	struct cert *theirs;
	enum revoked state;

	if (!issuer) {
		issuer = certify("issuer", STR_NONE, STR_NONE, &cert, &key);
		ours = certify("ours", cert, key, &own, &none);
	}
	err_free(revoked_answer(text, ours, issuer, 1000, 0, &state));
	read_list(&a, text, ours, issuer);
	err *e = cert_read_der(&theirs, text);

	if (!e) {
		revoked_points(&a, theirs, &points);
		err_free(revoked_ask(&a, theirs, issuer, &none));
		cert_free(theirs);
	}
	err_free(e);
	arena_release(&a);
	return 0;
}
