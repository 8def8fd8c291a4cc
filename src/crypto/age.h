/* age - files encrypted to X25519 keys or to a passphrase (age-encryption.org/v1).
 *
 * A file is a header of stanzas, each of which holds the file's key wrapped for
 * one recipient, and a payload in chunks of 64 KiB. A file, plain or armoured, is
 * decrypted whole: nothing of it is given out unless all of it is genuine.
 * A passphrase may ask for 2^22 rounds of scrypt at most, as age itself allows.
 *
 * Errors have the words of age. Any thread; a passphrase takes seconds.
 */
#ifndef CRYPTO_AGE_H
#define CRYPTO_AGE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	AGE_FILE_MAX = 16 << 20,
	AGE_STANZAS_MAX = 1000, /* recipients of one file */
	AGE_WORK_MAX = 22,      /* log2 of scrypt's N: 4 GiB of memory */
	AGE_IDENTITIES_MAX = 1000,
};

/* X25519 keys, or a passphrase where there is one. Holds secrets: the owner
 * wipes it. */
struct age_identity {
	uint8_t secret[32], public[32];
	str passphrase; /* borrowed; a key when it is empty */
};

/* "AGE-SECRET-KEY-1...": "malformed secret key: invalid checksum". */
err *age_identity_parse(str text, struct age_identity *out) __attribute__((warn_unused_result));
/* "age1...", whom to encrypt for so that this key can read it. */
void age_recipient(struct buf *b, const struct age_identity *id);

/* Whether it begins as an age file does, plain or armoured. */
bool age_is(str file);
/* Adds to `out`. ERR_NOT_FOUND when none of the identities fits: "identity did
 * not match any of the recipients: incorrect identity for recipient block". */
err *age_decrypt(str file, const struct age_identity *ids, size_t n, struct buf *out)
	__attribute__((warn_unused_result));

/* ---- its parts, for fuzzing and tests --------------------------------------- */

struct age_stanza {
	str type;
	const str *args;
	size_t args_n;
	str body; /* decoded */
};

struct age_header {
	const struct age_stanza *stanzas;
	size_t n;
	str signed_text; /* what the MAC is made over */
	uint8_t mac[32];
	str payload;
};

err *age_header_read(struct arena *a, str file, struct age_header *out)
	__attribute__((warn_unused_result));
/* What the armour holds; "invalid armor: ..." */
err *age_dearmor(str text, struct buf *out) __attribute__((warn_unused_result));

#endif
