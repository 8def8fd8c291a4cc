#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#include "base/fs.h"
#include "crypto/cert.h"
#include "crypto/certassert.h"
#include "text/base64.h"
#include "value/json.h"

static struct arena mem;
static struct fs *dir;
static bool have;

/* A certificate with an authority's, and its key: PEM and PKCS #12, as openssl makes them. */
static int set_up(void **state)
{
	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("certassert-")));
	str line = arena_cat(
		&mem, S("cd "), fs_root(dir),
		S(" && { openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=ca -keyout ca.key -out ca.crt "
		  "&& openssl req -new -newkey rsa:2048 -nodes -subj /CN=app -keyout key -out csr "
		  "&& openssl x509 -req -in csr -CA ca.crt -CAkey ca.key -set_serial 2 -out crt "
		  "&& cat ca.crt key crt >pem && cat ca.crt crt >nokey && cat ca.crt key >other "
		  "&& openssl pkcs12 -export -in crt -inkey key -certfile ca.crt -passout pass:hush -out p12 "
		  "&& openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ec "
		  "-keyout ec.key -out ec.crt && cat ec.key ec.crt >ec; } >log 2>&1"));

	have = system(line.p) == 0;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fs_close(dir);
	arena_release(&mem);
	return 0;
}

static str file(const char *name)
{
	str text;

	assert_null(fs_read(dir, &mem, str_c(name), CERTASSERT_MAX, &text));
	return text;
}

static node part(str text)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node n;

	assert_null(base64_read(&b, text, BASE64_RAW_URL));
	assert_null(json_read(&mem, arena_str(&mem, buf_str(&b)), NULL, &n));
	return n;
}

static node head_of(const char *name, const char *password, bool chain)
{
	CLEANUP(buf_release) struct buf signature = BUF_INIT;
	CLEANUP(pubkey_drop) struct pubkey *key = NULL;
	struct cert_list certs = { 0 };
	const struct certassert c = { .data = file(name),
				      .password = str_c(password),
				      .chain = chain,
				      .client = S("app"),
				      .audience = S("https://login/t/token"),
				      .now = 1000 };
	str word, head, claims;
	err *e = certassert(&mem, &c, &word);

	if (e)
		fail_msg("%s", err_msg(e));
	str signed_text = str_sub(word, 0, str_rfind_char(word, '.'));

	assert_null(base64_read(&signature, str_from(word, signed_text.n + 1), BASE64_RAW_URL));
	assert_null(cert_list_read(&certs, file("crt")));
	assert_null(cert_key(certs.p[0], &key));
	assert_true(pubkey_verify(key, PUBKEY_PSS_256, signed_text, buf_str(&signature)));
	cert_list_release(&certs);
	assert_true(str_split(signed_text, '.', &head, &claims));
	node said = part(claims);

	assert_true(str_eq(node_str(node_get(said, S("aud"))), S("https://login/t/token")));
	assert_true(str_eq(node_str(node_get(said, S("iss"))), S("app")));
	assert_true(str_eq(node_str(node_get(said, S("sub"))), S("app")));
	assert_int_equal(node_int(node_get(said, S("nbf"))), 1000);
	assert_int_equal(node_int(node_get(said, S("exp"))), 1600);
	assert_int_equal(node_str(node_get(said, S("jti"))).n, 36);
	return part(head);
}

static void test_assertions(void **state)
{
	(void)state;
	if (!have)
		return;
	node head = head_of("pem", "", false);

	assert_true(str_eq(node_str(node_get(head, S("alg"))), S("PS256")));
	assert_int_equal(node_str(node_get(head, S("x5t#S256"))).n, 44);
	assert_false(node_has(head, S("x5c")));
	/* the key's own certificate comes first */
	head = head_of("pem", "", true);
	assert_int_equal(node_len(node_get(head, S("x5c"))), 2);
	CLEANUP(buf_release) struct buf der = BUF_INIT;
	struct cert_list certs = { 0 };

	assert_null(base64_read(&der, node_str(node_at(node_get(head, S("x5c")), 0)), BASE64_STD));
	assert_null(cert_list_read(&certs, file("crt")));
	assert_true(str_eq(buf_str(&der), cert_der(&mem, certs.p[0])));
	cert_list_release(&certs);
	assert_int_equal(node_len(node_get(head_of("p12", "hush", true), S("x5c"))), 2);
}

static void assert_refused(const char *name, const char *password, const char *words)
{
	CLEANUP(err_drop) err *e = certassert_check(file(name), str_c(password));

	assert_non_null(e);
	assert_string_equal(err_msg(e), words);
}

static void test_what_is_no_identity(void **state)
{
	(void)state;
	if (!have)
		return;
	assert_refused("key", "", "found no certificate");
	assert_refused("nokey", "", "found no private key");
	assert_refused("other", "", "the key doesn't match any of the provided certificates");
	assert_refused("ec", "", "the key must be an RSA key");
	assert_refused("p12", "wrong", "pkcs12: decryption password incorrect");
	assert_refused("log", "", "pkcs12: error reading P12 data");
	assert_refused("pem", "hush", "pkcs12: error reading P12 data");
	assert_null(certassert_check(file("p12"), S("hush")));
	assert_null(certassert_check(file("pem"), STR_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_assertions),
		cmocka_unit_test(test_what_is_no_identity),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
