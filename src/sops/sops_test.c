#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/fs.h"
#include "crypto/ossl.h"
#include "sops/impl.h"
#include "text/base64.h"

/* tests/golden/sops has what the sops program made of small files. */
static str golden(struct arena *a, const char *name)
{
	str text;

	assert_null(fs_read_any(a, arena_printf(a, "%s/sops/%s", getenv("GOLDEN"), name), 1 << 20,
				&text));
	return text;
}

static struct sops_keys *keys(struct arena *a, const char *const *names, bool check_mac)
{
	struct sops_keys *k;
	struct sops_item items[8];
	size_t n = 0;

	for (; *names; names++)
		items[n++] = (struct sops_item){ str_c(*names), golden(a, *names) };
	assert_null(sops_keys_new(&k, &(struct sops_options){ .check_mac = check_mac }));
	assert_null(sops_keys_import(k, S("ns/keys"), items, n));
	return k;
}

static const char *const first[] = { "age1.agekey", NULL };

static const struct {
	const char *name, *ext;
	enum sops_format format;
} cases[] = {
	{ "types", "yaml", SOPS_YAML },	     { "documents", "yaml", SOPS_YAML },
	{ "secret", "yaml", SOPS_YAML },     { "suffix", "yaml", SOPS_YAML },
	{ "encsuffix", "yaml", SOPS_YAML },  { "unregex", "yaml", SOPS_YAML },
	{ "default", "yaml", SOPS_YAML },    { "comments", "yaml", SOPS_YAML },
	{ "uncomments", "yaml", SOPS_YAML }, { "maconly", "yaml", SOPS_YAML },
	{ "types", "json", SOPS_JSON },	     { "object", "json", SOPS_JSON },
	{ "vars", "env", SOPS_DOTENV },	     { "conf", "ini", SOPS_INI },
	{ "blob", "bin", SOPS_BINARY },	     { "long", "bin", SOPS_BINARY },
	{ "two", "yaml", SOPS_YAML },
};

static void test_what_sops_encrypted_is_decrypted_alike(void **state)
{
	struct arena a = ARENA_INIT;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, first, true);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		str enc = golden(&a, arena_printf(&a, "%s.enc.%s", cases[i].name, cases[i].ext).p);
		str want = golden(&a, arena_printf(&a, "%s.want.%s", cases[i].name, cases[i].ext).p);
		enum sops_format seen;
		str got;
		err *e = sops_decrypt(k, &a, enc, cases[i].format, cases[i].format, &got);

		if (e)
			fail_msg("%s.%s: %s", cases[i].name, cases[i].ext, err_msg(e));
		assert_string_equal(got.p, want.p);
		assert_true(sops_is_encrypted(enc, &seen));
		assert_int_equal(seen, cases[i].format == SOPS_BINARY ? SOPS_JSON : cases[i].format);
		assert_false(sops_is_encrypted(want, NULL));
	}
	arena_release(&a);
}

static void test_formats_are_crossed(void **state)
{
	static const struct {
		const char *enc, *want;
		enum sops_format in, out;
	} rows[] = {
		{ "default.enc.yaml", "default.want.json", SOPS_YAML, SOPS_JSON },
		{ "default.enc.yaml", "default.want.dotenv", SOPS_YAML, SOPS_DOTENV },
		{ "types.enc.yaml", "types.cross.json", SOPS_YAML, SOPS_JSON },
		{ "types.enc.json", "types.cross.yaml", SOPS_JSON, SOPS_YAML },
		{ "conf.enc.ini", "conf.cross.yaml", SOPS_INI, SOPS_YAML },
	};
	struct arena a = ARENA_INIT;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, first, true);
	str got;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_null(sops_decrypt(k, &a, golden(&a, rows[i].enc), rows[i].in, rows[i].out,
					 &got));
		assert_string_equal(got.p, golden(&a, rows[i].want).p);
	}
	err *e = sops_decrypt(k, &a, golden(&a, "types.enc.yaml"), SOPS_YAML, SOPS_DOTENV, &got);

	assert_non_null(e);
	assert_string_equal(err_msg(e), "failed to emit encrypted YAML file as decrypted dotenv: cannot "
					"use complex value in dotenv file; offending key nested");
	err_free(e);
	arena_release(&a);
}

static void test_groups_need_their_threshold(void **state)
{
	static const char *const both[] = { "age1.agekey", "age3.agekey", NULL };
	static const char *const all[] = { "age1.agekey", "age2.agekey", "age3.agekey", NULL };
	struct arena a = ARENA_INIT;
	str enc = golden(&a, "groups.enc.yaml"), got;

	(void)state;
	for (int i = 0; i < 2; i++) {
		CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, i ? all : both, true);

		assert_null(sops_decrypt(k, &a, enc, SOPS_YAML, SOPS_YAML, &got));
		assert_string_equal(got.p, golden(&a, "groups.want.yaml").p);
	}
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, first, true);
	err *e = sops_decrypt(k, &a, enc, SOPS_YAML, SOPS_YAML, &got);

	assert_non_null(e);
	assert_true(str_starts(err_text(e), S("cannot get sops data key: Failed to get the data key")));
	assert_true(str_has(err_text(e), S("\n\nGroup 0: SUCCESS\n\nGroup 1: FAILED\n  age1")));
	assert_true(str_has(err_text(e), S("threshold of\n2, but only 1 part(s) were")));
	err_free(e);
	arena_release(&a);
}

static void test_pgp(void **state)
{
	static const char *const pgp[] = { "pgp.asc", NULL };
	struct arena a = ARENA_INIT;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, pgp, true);
	CLEANUP(sops_keys_drop) struct sops_keys *none = keys(&a, first, true);
	str got;

	(void)state;
	assert_null(sops_decrypt(k, &a, golden(&a, "pgp.enc.yaml"), SOPS_YAML, SOPS_YAML, &got));
	assert_string_equal(got.p, golden(&a, "pgp.want.yaml").p);
	err *e = sops_decrypt(none, &a, golden(&a, "pgp.enc.yaml"), SOPS_YAML, SOPS_YAML, &got);

	assert_non_null(e);
	assert_true(str_has(err_text(e), S(": FAILED\n    - | could not decrypt data key with PGP key: "
					   "GnuPG binary error:\n      | failed to decrypt sops data key "
					   "with pgp: gpg: ")));
	err_free(e);
	e = sops_keys_import(k, S("ns/x"), &(struct sops_item){ S("bad.asc"), S("no key") }, 1);
	assert_non_null(e);
	assert_true(str_starts(err_text(e),
			       S("failed to import 'bad.asc' data from sops decryption Secret 'ns/x': "
				 "failed to import armored key data into GnuPG keyring (exit status 2): "
				 "gpg: no valid OpenPGP data found.")));
	err_free(e);
	arena_release(&a);
}

/* ---- hostile ------------------------------------------------------------- */

static void assert_refused(struct sops_keys *k, struct arena *a, str text, const char *want)
{
	str got;
	err *e = sops_decrypt(k, a, text, SOPS_YAML, SOPS_YAML, &got);

	if (!e)
		fail_msg("accepted, not: %s", want);
	if (!str_has(err_text(e), str_c(want)))
		fail_msg("\"%s\" has no \"%s\"", err_msg(e), want);
	assert_false(str_has(err_text(e), S("s3cr3t-value")));
	err_free(e);
}

static str swapped(struct arena *a, str text, const char *from, const char *to)
{
	size_t at = str_find(text, str_c(from));

	assert_true(at != STR_NPOS);
	return arena_cat(a, str_sub(text, 0, at), str_c(to), str_from(text, at + strlen(from)));
}

/* The sealed value of a key. */
static str value_of(str text, const char *key)
{
	size_t from = str_find(text, str_c(key));

	assert_true(from != STR_NPOS);
	text = str_from(text, from + strlen(key));
	return str_sub(text, 0, str_find_char(text, '\n'));
}

static void test_changed_files_are_refused(void **state)
{
	struct arena a = ARENA_INIT;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, first, true);
	str text = golden(&a, "secret.enc.yaml");
	str password = value_of(text, "password: "), token = value_of(text, "token: ");
	str moved = swapped(&a, text, token.p ? arena_str(&a, token).p : "",
			    arena_str(&a, password).p);

	(void)state;
	assert_refused(k, &a, moved, "Could not decrypt value: Could not decrypt with AES_GCM: cipher: "
				     "message authentication failed");
	assert_refused(k, &a, swapped(&a, text, "Opaque", "opaque"),
		       "failed to verify sops data integrity: expected mac '");
	assert_refused(k, &a, swapped(&a, text, "    mac: ENC[", "    other: ENC["),
		       "failed to verify sops data integrity: expected mac 'no MAC', got '");
	assert_refused(k, &a, swapped(&a, text, ",type:str]", ",type:none]"),
		       "Unknown datatype: none");
	assert_refused(k, &a, swapped(&a, text, ",type:str]", ",type:int]"),
		       "the decrypted value is no int");
	assert_refused(k, &a, swapped(&a, text, ",type:str]", ""),
		       "Could not decrypt value: Input string <redacted> does not match sops' data "
		       "format");
	assert_refused(k, &a, swapped(&a, text, ",iv:", ",iv:!"), "Error base64-decoding iv: illegal "
								  "base64 data at input byte 0");
	size_t tag = str_find(text, S(",tag:")) + 5;
	str cut = arena_cat(&a, str_sub(text, 0, tag + 8), str_from(text, tag + 24));

	assert_refused(k, &a, cut, "cipher: message authentication failed");
	assert_refused(k, &a, swapped(&a, text, "    lastmodified: \"2", "    lastmodified: \"1"),
		       "failed to verify sops data integrity");
	assert_refused(k, &a, S("a: b\n"), "failed to load encrypted YAML data: sops metadata not found");
	assert_refused(k, &a, S("a: b\nsops: {lastmodified: \"2024-01-01T00:00:00Z\"}\n"),
		       "failed to load encrypted YAML data: No keys found in file");
	assert_refused(k, &a, S("a: b\nsops: {}\n"), "failed to load encrypted YAML data: parsing time \"\" "
						     "as \"2006-01-02T15:04:05Z07:00\": cannot parse");
	arena_release(&a);
}

/* As the sops program does, but with an IV all of one byte. */
static str seal(struct arena *a, const uint8_t key[SOPS_DATA_KEY], const char *where, const char *plain,
		char iv_byte)
{
	CLEANUP(buf_release) struct buf data = BUF_INIT, iv = BUF_INIT, tag = BUF_INIT;
	const struct ossl *o;
	unsigned char nonce[32], out[64], mark[16];
	int n, m;

	assert_null(ossl_get(&o));
	EVP_CIPHER_CTX *c = o->EVP_CIPHER_CTX_new();

	memset(nonce, iv_byte, sizeof nonce);
	assert_int_equal(o->EVP_EncryptInit_ex(c, o->EVP_aes_256_gcm(), NULL, NULL, NULL), 1);
	assert_int_equal(o->EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_IVLEN, sizeof nonce, NULL), 1);
	assert_int_equal(o->EVP_EncryptInit_ex(c, NULL, NULL, key, nonce), 1);
	assert_int_equal(o->EVP_EncryptUpdate(c, NULL, &m, (const unsigned char *)where, (int)strlen(where)), 1);
	assert_int_equal(o->EVP_EncryptUpdate(c, out, &n, (const unsigned char *)plain, (int)strlen(plain)), 1);
	assert_int_equal(o->EVP_EncryptFinal_ex(c, out + n, &m), 1);
	assert_int_equal(o->EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, sizeof mark, mark), 1);
	o->EVP_CIPHER_CTX_free(c);
	base64_write(&data, str_of((const char *)out, (size_t)n), BASE64_STD);
	base64_write(&iv, str_of((const char *)nonce, sizeof nonce), BASE64_STD);
	base64_write(&tag, str_of((const char *)mark, sizeof mark), BASE64_STD);
	return arena_printf(a, "ENC[AES256_GCM,data:%s,iv:%s,tag:%s,type:str]", buf_c(&data), buf_c(&iv),
			    buf_c(&tag));
}

static void data_key(struct sops_keys *k, struct arena *a, str file, uint8_t key[SOPS_DATA_KEY])
{
	struct sops_branches tree = { 0 };
	struct sops_metadata m;

	assert_null(sops_read(a, SOPS_YAML, file, &tree));
	assert_null(sops_metadata_take(a, SOPS_YAML, &tree, &m));
	assert_null(sops_datakey_get(k, a, &m, key));
}

/* The same value twice in a list has one IV, and is the same as a whole: so sops edits. */
static void test_an_iv_stands_for_one_value(void **state)
{
	struct arena a = ARENA_INIT;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, first, false);
	str file = golden(&a, "default.enc.yaml"), tail = str_from(file, str_find(file, S("sops:\n")));
	uint8_t key[SOPS_DATA_KEY];
	str got;

	(void)state;
	data_key(k, &a, file, key);
	str one = arena_cat(&a, S("a: "), seal(&a, key, "a:", "hunter2", 1), S("\n"));
	str other = arena_cat(&a, S("b: "), seal(&a, key, "b:", "hunter3", 2), S("\n"));
	str reused = arena_cat(&a, S("b: "), seal(&a, key, "b:", "hunter3", 1), S("\n"));
	str same = arena_cat(&a, S("- "), seal(&a, key, "l:", "x", 3), S("\n"));
	str remark = arena_cat(&a, S("#"), seal(&a, key, ":", "hunter4", 1), S("\n"));

	assert_null(sops_decrypt(k, &a, arena_cat(&a, one, other, S("l:\n"), same, same, tail), SOPS_YAML,
				 SOPS_YAML, &got));
	assert_string_equal(got.p, "a: hunter2\nb: hunter3\nl:\n    - x\n    - x\n");
	assert_refused(k, &a, arena_cat(&a, one, reused, tail),
		       "Could not decrypt value: another value has the same iv");
	assert_refused(k, &a, arena_cat(&a, one, S("l:\n- "), seal(&a, key, "l:", "y", 1), S("\n"), tail),
		       "Could not decrypt value: another value has the same iv");
	assert_refused(k, &a, arena_cat(&a, remark, one, tail),
		       "Could not decrypt value: another value has the same iv");
	arena_release(&a);
}

static void test_flux_does_not_look_at_the_mac(void **state)
{
	struct arena a = ARENA_INIT;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, first, false);
	str text = swapped(&a, golden(&a, "secret.enc.yaml"), "Opaque", "opaque"), got;

	(void)state;
	assert_null(sops_decrypt(k, &a, text, SOPS_YAML, SOPS_YAML, &got));
	assert_true(str_has(got, S("type: opaque\n")));
	arena_release(&a);
}

static void test_size_and_depth_are_bounded(void **state)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct arena a = ARENA_INIT;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, first, false);

	(void)state;
	buf_fill(&b, ' ', SOPS_FILE_MAX + 1);
	assert_refused(k, &a, buf_str(&b),
		       "cannot decrypt file with size (5242881 bytes) exceeding limit (5242880)");
	buf_clear(&b);
	buf_add(&b, S("a: "));
	buf_fill(&b, '[', SOPS_DEPTH_MAX + 1);
	buf_fill(&b, ']', SOPS_DEPTH_MAX + 1);
	assert_refused(k, &a, buf_str(&b), "nested deeper than 500 levels");
	buf_clear(&b);
	buf_add(&b, S("a: &a [x, x, x, x, x, x, x, x, x, x]\n"));
	for (int i = 0; i < 10; i++)
		buf_addf(&b, "b%d: &b%d [*%s%.0d, *%s%.0d, *%s%.0d, *%s%.0d, *%s%.0d, *%s%.0d]\n", i, i,
			 i ? "b" : "a", i ? i - 1 : 0, i ? "b" : "a", i ? i - 1 : 0, i ? "b" : "a",
			 i ? i - 1 : 0, i ? "b" : "a", i ? i - 1 : 0, i ? "b" : "a", i ? i - 1 : 0,
			 i ? "b" : "a", i ? i - 1 : 0);
	str got;
	err *e = sops_decrypt(k, &a, buf_str(&b), SOPS_YAML, SOPS_YAML, &got);

	assert_non_null(e);
	err_free(e);
	arena_release(&a);
}

static void test_a_missing_key_is_told_with_advice(void **state)
{
	static const char *const third[] = { "age3.agekey", NULL };
	struct arena a = ARENA_INIT;
	CLEANUP(sops_keys_drop) struct sops_keys *k = keys(&a, third, true);
	str got, want = str_trim(golden(&a, "two.error"));
	err *e = sops_decrypt(k, &a, golden(&a, "two.enc.yaml"), SOPS_YAML, SOPS_YAML, &got);

	(void)state;
	assert_non_null(e);
	/* sops has looked into more places than a Secret. */
	size_t same = str_find(want, S(". Did not find"));

	assert_true(str_starts(str_from(err_text(e), strlen("cannot get sops data key: ")),
			       str_sub(want, 0, same == STR_NPOS ? want.n : same)));
	assert_true(str_starts(err_detail(e), S("the file is encrypted for age1")));
	assert_true(str_has(err_detail(e), S("; the keys at hand are those of age1")));
	err_free(e);
	arena_release(&a);
}

static const char *no_env(const char *name)
{
	(void)name;
	return NULL;
}

static const char *key_file;

static const char *some_env(const char *name)
{
	return strcmp(name, "SOPS_AGE_KEY_FILE") == 0 ? key_file : NULL;
}

static void test_keys_of_the_environment(void **state)
{
	struct arena a = ARENA_INIT;
	CLEANUP(sops_keys_drop) struct sops_keys *none = NULL, *one = NULL;
	bool found = true;
	str got;

	(void)state;
	assert_null(sops_keys_new(&none, NULL));
	assert_null(sops_keys_from_env(none, no_env, &found));
	assert_false(found);
	err *e = sops_decrypt(none, &a, golden(&a, "default.enc.yaml"), SOPS_YAML, SOPS_YAML, &got);

	assert_non_null(e);
	assert_true(str_has(err_text(e), S("    - | failed to load age identities. Did not find keys in\n"
					   "      | locations 'SOPS_AGE_KEY', 'SOPS_AGE_KEY_FILE'.\n")));
	err_free(e);
	key_file = arena_printf(&a, "%s/sops/age1.agekey", getenv("GOLDEN")).p;
	assert_null(sops_keys_new(&one, NULL));
	assert_null(sops_keys_from_env(one, some_env, &found));
	assert_true(found);
	assert_null(sops_decrypt(one, &a, golden(&a, "default.enc.yaml"), SOPS_YAML, SOPS_YAML, &got));
	arena_release(&a);
}

static void test_bad_keys_name_the_secret(void **state)
{
	static const struct {
		const char *key, *value, *want;
	} rows[] = {
		{ "a.agekey", "AGE-SECRET-KEY-1QQ",
		  "failed to import 'a.agekey' data from sops decryption Secret 'ns/x': failed to parse "
		  "and add to age identities: malformed secret key: separator '1' at invalid position: "
		  "pos=15, len=18" },
		{ "a.agekey", "nonsense",
		  "failed to import 'a.agekey' data from sops decryption Secret 'ns/x': failed to parse "
		  "and add to age identities: unknown identity type" },
		{ "sops.aws-kms", "a: [",
		  "failed to import 'sops.aws-kms' data from sops decryption Secret 'ns/x': failed to "
		  "unmarshal AWS credentials file: error converting YAML to JSON: yaml: line 1: did not "
		  "find expected node content" },
		{ "sops.azure-kv", "tenantId: x\nclientId: app",
		  "failed to import 'sops.azure-kv' data from sops decryption Secret 'ns/x': invalid data: "
		  "requires 'clientSecret' or 'clientCertificate' when both 'tenantId' and 'clientId' are set" },
		{ "sops.azure-kv", "tenantId: x",
		  "failed to import 'sops.azure-kv' data from sops decryption Secret 'ns/x': invalid data: "
		  "requires a 'clientId' field, a combination of 'tenantId', 'clientId' and "
		  "'clientSecret', or 'tenantId', 'clientId' and 'clientCertificate'" },
		{ "sops.gcp-kms", "{}",
		  "failed to import 'sops.gcp-kms' data from sops decryption Secret 'ns/x': missing 'type' "
		  "field in credentials" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(sops_keys_drop) struct sops_keys *k = NULL;
		const struct sops_item item = { str_c(rows[i].key), str_c(rows[i].value) };

		assert_null(sops_keys_new(&k, NULL));
		err *e = sops_keys_import(k, S("ns/x"), &item, 1);

		assert_non_null(e);
		assert_string_equal(err_msg(e), rows[i].want);
		err_free(e);
		e = sops_keys_import_age(k, S("ns/x"), &item, 1);
		assert_true((e != NULL) == str_ends(item.key, S(".agekey")));
		err_free(e);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_sops_encrypted_is_decrypted_alike),
		cmocka_unit_test(test_formats_are_crossed),
		cmocka_unit_test(test_groups_need_their_threshold),
		cmocka_unit_test(test_pgp),
		cmocka_unit_test(test_changed_files_are_refused),
		cmocka_unit_test(test_an_iv_stands_for_one_value),
		cmocka_unit_test(test_flux_does_not_look_at_the_mac),
		cmocka_unit_test(test_size_and_depth_are_bounded),
		cmocka_unit_test(test_a_missing_key_is_told_with_advice),
		cmocka_unit_test(test_keys_of_the_environment),
		cmocka_unit_test(test_bad_keys_name_the_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
