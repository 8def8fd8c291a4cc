/* Keys and certificates of strangers: PEM, DER, OpenSSH's own form, bech32. */
#include "crypto/bech32.h"
#include "crypto/cert.h"
#include "crypto/es256.h"
#include "crypto/pem.h"
#include "crypto/sshkey.h"
#include "source/sct.h"

static void look_at_key(struct pubkey *key)
{
	uint8_t id[32];

	err_free(pubkey_id(key, id));
	pubkey_verify(key, PUBKEY_PLAIN, S("x"), S("y"));
	pubkey_verify(key, PUBKEY_RAW_256, S("x"), S("y"));
	pubkey_free(key);
}

static void look_at_cert(struct arena *a, const struct cert *c)
{
	const struct sigroot none = { 0 };
	const struct cert_check check = { .roots = &(struct cert_list){ 0 } };
	struct cert_field *fields;
	struct pubkey *key = NULL;
	int64_t from, until;
	str *names, bytes;
	size_t n;

	err_free(cert_subject(a, c, &fields, &n));
	err_free(cert_names(a, c, &names, &n));
	cert_extension(a, c, "1.3.6.1.4.1.57264.1.1", &bytes);
	cert_validity(c, &from, &until);
	cert_is_self_issued(c);
	err_free(cert_verify(c, &check));
	err_free(sct_check(a, &none, c, c));
	err *e = cert_key(c, &key);

	if (!e)
		look_at_key(key);
	err_free(e);
}

static void look(struct arena *a, str text)
{
	struct cert_list certs = { 0 };
	struct pubkey *key;
	struct es256 *own;
	str public;
	err *e = cert_list_read(&certs, text);

	for (size_t i = 0; !e && i < certs.n; i++)
		look_at_cert(a, certs.p[i]);
	cert_list_release(&certs);
	err_free(e);
	e = pubkey_read_der(&key, text);
	if (!e)
		look_at_key(key);
	err_free(e);
	e = pubkey_read_pem(&key, text);
	if (!e)
		look_at_key(key);
	err_free(e);
	e = es256_read(&own, text);
	if (!e)
		es256_free(own);
	err_free(e);
	err_free(sshkey_public(a, text, S("secret"), &public));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(buf_release) struct buf bytes = BUF_LIMIT(1 << 20);
	struct arena a = ARENA_BUDGET(64 << 20);
	str text = str_of((const char *)data, size), rest = text, what;
	struct pem_block block;

	look(&a, text);
	while (pem_next(&rest, &block, &bytes))
		buf_clear(&bytes);
	err_free(bech32_read(text, &what, &bytes));
	arena_release(&a);
	return 0;
}
