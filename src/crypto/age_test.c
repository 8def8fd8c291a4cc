#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/fs.h"
#include "crypto/aead.h"
#include "crypto/age.h"
#include "crypto/bech32.h"

/* tests/golden/sops has files that age made, and the keys for them. */
static str golden(struct arena *a, const char *name)
{
	str text;

	assert_null(fs_read_any(a, arena_printf(a, "%s/sops/%s", getenv("GOLDEN"), name), 1 << 20,
				&text));
	return text;
}

static struct age_identity identity(struct arena *a, const char *name)
{
	struct age_identity id;
	str text = golden(a, name), line;

	while (str_line(&text, &line))
		if (str_starts(line, S("AGE-")))
			break;
	assert_null(age_identity_parse(line, &id));
	return id;
}

static void assert_text(err *e, const char *want)
{
	assert_non_null(e);
	assert_string_equal(err_msg(e), want);
	err_free(e);
}

static void test_files_of_age_open(void **state)
{
	static const struct {
		const char *name;
		size_t n;
	} files[] = { { "size0.age", 0 }, { "size1.age", 1 }, { "size100.age", 100 } };
	struct arena a = ARENA_INIT;
	struct age_identity ids[2] = { identity(&a, "age3.agekey"), identity(&a, "age2.agekey") };

	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		assert_null(age_decrypt(golden(&a, files[i].name), ids, 2, &b));
		assert_int_equal(b.n, files[i].n);
		for (size_t j = 0; j < b.n; j++)
			assert_int_equal(b.p[j], 'a');
	}
	arena_release(&a);
}

static void test_chunks_are_bound_to_their_places(void **state)
{
	enum { SIZE = 70000, CHUNK = 65536 + AEAD_TAG };
	struct arena a = ARENA_INIT;
	struct age_identity id = identity(&a, "age1.agekey");
	str file = golden(&a, "size70000.age");
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t payload = file.n - (SIZE + 2 * AEAD_TAG);

	(void)state;
	assert_null(age_decrypt(file, &id, 1, &b));
	assert_int_equal(b.n, SIZE);
	buf_clear(&b);
	/* Cut at the end of a chunk, and in the middle of one; a bit turned; more behind it. */
	err_free(age_decrypt(str_sub(file, 0, payload + CHUNK), &id, 1, &b));
	assert_int_equal(b.n, 0);
	assert_text(age_decrypt(str_sub(file, 0, file.n - 1), &id, 1, &b),
		    "failed to decrypt and authenticate payload chunk, file may be corrupted or "
		    "tampered with");
	assert_int_equal(b.n, 0);
	char *copy = (char *)(uintptr_t)arena_str(&a, file).p;

	copy[file.n - 1] ^= 1;
	assert_text(age_decrypt(str_of(copy, file.n), &id, 1, &b),
		    "failed to decrypt and authenticate payload chunk, file may be corrupted or "
		    "tampered with");
	assert_text(age_decrypt(arena_cat(&a, file, S("x")), &id, 1, &b),
		    "failed to decrypt and authenticate payload chunk, file may be corrupted or "
		    "tampered with");
	assert_int_equal(b.n, 0);
	arena_release(&a);
}

static void test_passphrases(void **state)
{
	struct arena a = ARENA_INIT;
	struct age_identity id = { .passphrase = S("correct horse") };
	struct age_identity key = identity(&a, "age1.agekey");
	str file = golden(&a, "phrase.age");
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	(void)state;
	assert_null(age_decrypt(file, &id, 1, &b));
	assert_string_equal(buf_c(&b), "by passphrase");
	id.passphrase = S("wrong");
	assert_text(age_decrypt(file, &id, 1, &b),
		    "identity did not match any of the recipients: incorrect identity for recipient "
		    "block: incorrect passphrase");
	assert_text(age_decrypt(file, &key, 1, &b),
		    "identity did not match any of the recipients: incorrect identity for recipient "
		    "block");
	arena_release(&a);
}

#define STANZA "-> scrypt AAAAAAAAAAAAAAAAAAAAAA "
#define REST "\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n--- " \
	     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"

static void test_work_is_bounded(void **state)
{
	static const struct {
		const char *work, *want;
	} rows[] = {
		{ "23", "scrypt work factor too large: 23" },
		{ "40", "scrypt work factor too large: 40" },
		{ "99999999999999999999999", "scrypt work factor too large: 99999999999999999999999" },
		{ "018", "scrypt work factor encoding invalid: \"018\"" },
		{ "-1", "scrypt work factor encoding invalid: \"-1\"" },
		{ "x", "scrypt work factor encoding invalid: \"x\"" },
	};
	struct age_identity id = { .passphrase = S("x") };

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT, file = BUF_INIT;

		buf_addf(&file, "age-encryption.org/v1\n" STANZA "%s" REST, rows[i].work);
		assert_text(age_decrypt(buf_str(&file), &id, 1, &b), rows[i].want);
	}
}

static void test_broken_files_say_why(void **state)
{
	static const struct {
		const char *file, *want;
	} rows[] = {
		{ "", "failed to read header: parsing age header: file is empty" },
		{ "age-encryption.org/v2\n",
		  "failed to read header: parsing age header: unexpected intro: "
		  "\"age-encryption.org/v2\"" },
		{ "age-encryption.org/v1\n-> X25519\n",
		  "failed to read header: failed to parse header: failed to read line: EOF" },
		{ "age-encryption.org/v1\n-> X25519  a\n\n",
		  "failed to read header: failed to parse header: malformed stanza: \"-> X25519  a\"" },
		{ "age-encryption.org/v1\n--- AAAA\n",
		  "failed to read header: parsing age header: malformed closing line: \"--- AAAA\"" },
		{ "-----BEGIN AGE ENCRYPTED FILE-----\nAAAA\n",
		  "failed to read header: parsing age header: failed to read intro: invalid armor: "
		  "unexpected EOF" },
		{ "-----BEGIN AGE ENCRYPTED FILE-----\nAAA=\n-----END AGE ENCRYPTED FILE-----\nx",
		  "failed to read header: parsing age header: failed to read intro: invalid armor: "
		  "trailing data after armored file" },
	};
	struct arena a = ARENA_INIT;
	struct age_identity id = identity(&a, "age1.agekey");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		assert_text(age_decrypt(str_c(rows[i].file), &id, 1, &b), rows[i].want);
	}
	arena_release(&a);
}

/* A stanza from another file, and a header whose text was changed. */
static void test_headers_are_genuine(void **state)
{
	struct arena a = ARENA_INIT;
	struct age_identity id = identity(&a, "age1.agekey");
	CLEANUP(buf_release) struct buf plain = BUF_INIT, file = BUF_INIT, b = BUF_INIT;

	(void)state;
	assert_null(age_dearmor(golden(&a, "size1.age"), &plain));
	size_t second = str_rfind(buf_str(&plain), S("-> X25519"));

	buf_add(&file, str_sub(buf_str(&plain), 0, second));
	buf_add(&file, str_from(buf_str(&plain), str_find(buf_str(&plain), S("---"))));
	assert_text(age_decrypt(buf_str(&file), &id, 1, &b), "bad header MAC");
	arena_release(&a);
}

static void test_keys(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "AGE-SECRET-KEY-1QQ", "malformed secret key: separator '1' at invalid position: "
					"pos=15, len=18" },
		{ "AGE-SECRET-KEY-1QQQQQQQQ", "malformed secret key: invalid checksum" },
		{ "age-secret-key-1QQQQQQQQ", "malformed secret key: mixed case" },
	};
	struct arena a = ARENA_INIT;
	struct age_identity id = identity(&a, "age1.agekey");
	CLEANUP(buf_release) struct buf b = BUF_INIT, bytes = BUF_INIT;
	str what;

	(void)state;
	age_recipient(&b, &id);
	assert_true(str_has(golden(&a, "age1.agekey"), buf_str(&b)));
	assert_null(bech32_read(buf_str(&b), &what, &bytes));
	assert_true(str_eq(what, S("age")));
	assert_memory_equal(bytes.p, id.public, 32);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_text(age_identity_parse(str_c(rows[i].text), &id), rows[i].want);
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_of_age_open),
		cmocka_unit_test(test_chunks_are_bound_to_their_places),
		cmocka_unit_test(test_passphrases),
		cmocka_unit_test(test_work_is_bounded),
		cmocka_unit_test(test_broken_files_say_why),
		cmocka_unit_test(test_headers_are_genuine),
		cmocka_unit_test(test_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
