/* With the authorities, lists and answers that openssl makes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "source/revocation.h"
#include "text/base64.h"
#include "text/gourl.h"

static struct arena mem;
static struct fs *dir;

static str file(const char *name)
{
	str text;

	assert_null(fs_read(dir, &mem, str_c(name), 1 << 20, &text));
	return text;
}

static void put(const char *name, str text)
{
	assert_null(fs_write(dir, str_c(name), text, 0644));
}

static bool try_shell(const char *commands)
{
	str line = arena_cat(&mem, S("cd "), fs_root(dir), S(" && { "), str_c(commands),
			     S("\n} >log 2>&1"));

	return system(line.p) == 0;
}

static void shell(const char *commands)
{
	if (!try_shell(commands))
		fail_msg("%s: %s", commands, file("log").p);
}

/* ---- authorities ---------------------------------------------------------------- */

static const char config[] =
	"[ca]\ndefault_ca = ours\n[ours]\ndatabase = index.txt\ncrlnumber = number\n"
	"default_md = sha256\ndefault_crl_days = 20\ncrl_extensions = list\n"
	"[list]\nauthorityKeyIdentifier = keyid\n"
	"[both]\nauthorityInfoAccess = OCSP;URI:http://ocsp.test/\n"
	"crlDistributionPoints = URI:http://list.test/root.crl\nkeyUsage = digitalSignature\n"
	"[ocsp]\nauthorityInfoAccess = OCSP;URI:http://ocsp.test/\nkeyUsage = digitalSignature\n"
	"[secret]\nauthorityInfoAccess = OCSP;URI:https://ocsp.test/\n"
	"[lists]\ncrlDistributionPoints = URI:http://list.test/root.crl\n"
	"[none]\nkeyUsage = digitalSignature\n"
	"[responder]\nextendedKeyUsage = OCSPSigning\n";

#define KEY " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
#define ROOT(name)                                                                            \
	"openssl req -x509" KEY "-days 30 -subj /CN=" name " -keyout " name ".key -out " name \
	".pem -addext keyUsage=critical,keyCertSign,cRLSign\n"
#define LEAF(name, section)                                                                     \
	"openssl req -new" KEY "-subj '/C=US/ST=WA/O=acme, inc/CN=" name "' -keyout " name      \
	".key -out csr\nopenssl x509 -req -in csr -CA root.pem -CAkey root.key -set_serial 16 " \
	"-days 30 -extfile config -extensions " section " -out " name ".pem\n"

static int set_up(void **state)
{
	(void)state;
	assert_null(fs_open_temp(&dir, STR_NONE, S("revocation-")));
	if (!try_shell("command -v openssl"))
		return 0;
	put("config", str_c(config));
	shell("set -e\n" ROOT("root") ROOT("other") LEAF("both", "both") LEAF("ocsp", "ocsp")
		      LEAF("secret", "secret") LEAF("lists", "lists") LEAF("none", "none")
			      LEAF("responder", "responder"));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	fs_close(dir);
	arena_release(&mem);
	return 0;
}

/* ---- who answers ------------------------------------------------------------------ */

/* Empty: nobody. `entry` is what the authority's book says of the certificate. */
static struct world {
	const char *entry, *responder, *ocsp_options;
	const char *list_signer, *list_options, *list_entry;
	int asked, listed;
} world;

static void keep_book(const char *entry)
{
	put("index.txt",
	    entry ? arena_cat(&mem, str_c(entry), S("\t10\tunknown\t/CN=x\n")) : STR_NONE);
	put("index.txt.attr", S("unique_subject = no\n"));
	put("number", S("05\n"));
}

static err *answer(const struct revocation_ask *ask, str *out)
{
	CLEANUP(buf_release) struct buf der = BUF_INIT;
	str text, question = ask->question;

	world.asked++;
	if (!world.responder)
		return err_new(ERR_UNAVAILABLE, "nobody there");
	if (!question.n) {
		assert_true(str_starts(ask->url, S("http://ocsp.test/")));
		assert_null(gourl_unescape_segment(&mem, str_from(ask->url, 17), &text));
		assert_null(base64_read(&der, text, BASE64_STD));
		question = buf_str(&der);
	}
	keep_book(world.entry);
	put("question", question);
	shell(arena_printf(&mem,
			   "openssl ocsp -index index.txt -CA root.pem -rsigner %s.pem -rkey "
			   "%s.key -reqin question -respout answer %s",
			   world.responder, world.responder,
			   world.ocsp_options ? world.ocsp_options : "-ndays 1")
		      .p);
	*out = file("answer");
	return NULL;
}

static err *list(str *out)
{
	world.listed++;
	if (!world.list_signer)
		return err_new(ERR_UNAVAILABLE, "response had status code 404");
	keep_book(world.list_entry);
	shell(arena_printf(&mem,
			   "openssl ca -config config -gencrl -cert %s.pem -keyfile %s.key %s "
			   "-out pem && openssl crl -in pem -outform DER -out list",
			   world.list_signer, world.list_signer,
			   world.list_options ? world.list_options : "")
		      .p);
	*out = file("list");
	return NULL;
}

static err *get(void *ctx, struct arena *a, const struct revocation_ask *ask, str *out)
{
	(void)ctx;
	(void)a;
	return str_has(ask->url, S("list.test")) ? list(out) : answer(ask, out);
}

#define GOOD    "V\t350101000000Z\t"
#define REVOKED "R\t350101000000Z\t200101000000Z"

static err *check(const char *leaf, int64_t later, int64_t signed_at)
{
	static const struct revocation_net net = { .get = get };
	struct cert_list chain = { 0 };

	assert_null(cert_list_read(&chain, file(arena_printf(&mem, "%s.pem", leaf).p)));
	assert_null(cert_list_read(&chain, file("root.pem")));
	err *e = revocation_check(&mem, &net, "signing", &chain, clock_wall() / CLOCK_SECOND + later,
				  signed_at);

	cert_list_release(&chain);
	return e;
}

#define SUBJECT(name) "signing certificate with subject \"CN=" name ",O=acme\\\\, inc,ST=WA,C=US\" "

static void assert_words(err *e, const char *words)
{
	if (!words && e)
		fail_msg("%s: %.*s", err_msg(e), STR_ARG(err_detail(e)));
	if (words && (!e || strcmp(err_msg(e), words)))
		fail_msg("not %s, but %s", words, e ? err_msg(e) : "good");
	err_free(e);
}

/* ---- tests ---------------------------------------------------------------------------- */

static bool skipped(void)
{
	if (fs_is_file(dir, S("root.pem")))
		return false;
	print_message("no openssl\n");
	return true;
}

static void test_servers(void **state)
{
	static const struct {
		const char *leaf, *words;
		struct world w;
	} rows[] = {
		{ "ocsp", NULL, { .entry = GOOD, .responder = "root" } },
		{ "both", NULL, { .entry = GOOD, .responder = "root" } },
		{ "none", NULL, { .entry = NULL } },
		{ "ocsp", SUBJECT("ocsp") "is revoked", { .entry = REVOKED, .responder = "root" } },
		{ "ocsp",
		  SUBJECT("ocsp") "is revoked",
		  { .entry = REVOKED ",certificateHold", .responder = "root" } },
		/* by one whom the authority has for that, and by one whom it has not */
		{ "ocsp", NULL, { .entry = GOOD, .responder = "responder" } },
		{ "ocsp",
		  SUBJECT("ocsp") "revocation status is unknown",
		  { .entry = GOOD, .responder = "none" } },
		{ "ocsp",
		  SUBJECT("ocsp") "revocation status is unknown",
		  { .entry = GOOD, .responder = "other" } },
		/* it says not until when, or does not know */
		{ "ocsp",
		  SUBJECT("ocsp") "revocation status is unknown",
		  { .entry = GOOD, .responder = "root", .ocsp_options = " " } },
		{ "ocsp", SUBJECT("ocsp") "revocation status is unknown", { .responder = "root" } },
		{ "ocsp", SUBJECT("ocsp") "revocation status is unknown", { .entry = GOOD } },
		{ "secret",
		  SUBJECT("secret") "revocation status is unknown",
		  { .entry = GOOD, .responder = "root" } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows && !skipped(); i++) {
		world = rows[i].w;
		assert_words(check(rows[i].leaf, 0, 0), rows[i].words);
		assert_int_equal(world.listed, 0);
	}
}

static void test_lists(void **state)
{
	static const struct {
		const char *leaf, *words;
		struct world w;
		int64_t later;
	} rows[] = {
		{ "lists", NULL, { .list_signer = "root", .list_entry = GOOD }, 0 },
		{ "lists",
		  SUBJECT("lists") "is revoked",
		  { .list_signer = "root", .list_entry = REVOKED },
		  0 },
		{ "lists",
		  SUBJECT("lists") "is revoked",
		  { .list_signer = "root", .list_entry = REVOKED ",certificateHold" },
		  0 },
		{ "lists",
		  NULL,
		  { .list_signer = "root", .list_entry = REVOKED ",removeFromCRL" },
		  0 },
		{ "lists",
		  SUBJECT("lists") "revocation status is unknown",
		  { .list_signer = "other", .list_entry = GOOD },
		  0 },
		{ "lists",
		  SUBJECT("lists") "revocation status is unknown",
		  { .list_signer = "root", .list_entry = GOOD },
		  21 * 86400 },
		{ "lists",
		  SUBJECT("lists") "revocation status is unknown",
		  { .list_entry = GOOD },
		  0 },
		/* where no server helps */
		{ "both", NULL, { .list_signer = "root", .list_entry = GOOD }, 0 },
		{ "both",
		  SUBJECT("both") "is revoked",
		  { .responder = "root", .list_signer = "root", .list_entry = REVOKED },
		  0 },
		{ "both", SUBJECT("both") "revocation status is unknown", { .entry = GOOD }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows && !skipped(); i++) {
		world = rows[i].w;
		assert_words(check(rows[i].leaf, rows[i].later, 0), rows[i].words);
		assert_int_equal(world.listed, 1);
	}
}

/* What became invalid only after it signed was good then. */
static void test_invalid_since(void **state)
{
	const char *since = REVOKED ",keyTime,20250101000000Z";
	const int64_t before = 1700000000, after = 1750000000;

	(void)state;
	if (skipped())
		return;
	world = (struct world){ .entry = since, .responder = "root" };
	assert_words(check("ocsp", 0, before), NULL);
	assert_words(check("ocsp", 0, after), SUBJECT("ocsp") "is revoked");
	assert_words(check("ocsp", 0, 0), SUBJECT("ocsp") "is revoked");
	world = (struct world){ .list_entry = since, .list_signer = "root" };
	assert_words(check("lists", 0, before), NULL);
	assert_words(check("lists", 0, after), SUBJECT("lists") "is revoked");
}

static void test_the_detail_says_why(void **state)
{
	(void)state;
	if (skipped())
		return;
	world = (struct world){ .entry = GOOD };
	CLEANUP(err_drop) err *e = check("both", 0, 0);

	assert_non_null(e);
	assert_true(str_eq(err_detail(e), S("http://ocsp.test/: nobody there; "
					    "http://list.test/root.crl: failed to download CRL: "
					    "response had status code 404")));
}

static void test_chains(void **state)
{
	static const struct revocation_net net = { .get = get };
	struct cert_list chain = { 0 };

	(void)state;
	if (skipped())
		return;
	assert_null(cert_list_read(&chain, file("root.pem")));
	assert_null(revocation_check(&mem, &net, "signing", &chain, 1, 0));
	assert_null(cert_list_read(&chain, file("ocsp.pem")));
	CLEANUP(err_drop) err *e = revocation_check(&mem, &net, "signing", &chain, 1, 0);

	assert_non_null(e);
	assert_true(str_has(str_c(err_msg(e)),
			    S("unable to check revocation status, err: invalid chain")));
	cert_list_release(&chain);
	/* its last is no root, and could have been taken back */
	assert_null(cert_list_read(&chain, file("ocsp.pem")));
	world = (struct world){ .entry = GOOD };
	assert_words(revocation_check(&mem, &net, "signing", &chain, clock_wall() / CLOCK_SECOND, 0),
		     SUBJECT("ocsp") "revocation status is unknown");
	cert_list_release(&chain);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_servers),       cmocka_unit_test(test_lists),
		cmocka_unit_test(test_invalid_since), cmocka_unit_test(test_the_detail_says_why),
		cmocka_unit_test(test_chains),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
