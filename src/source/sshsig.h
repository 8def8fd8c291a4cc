/* sshsig - signatures made with SSH keys, as `git commit -S` makes them.
 *
 * A signature in its armour ("-----BEGIN SSH SIGNATURE-----") holds the key
 * that made it, what it was made for ("git" here, nothing else is taken) and
 * the name of a hash. It counts when one of the given authorized keys is
 * that key and the signature fits. Keys are Ed25519, ECDSA on the three NIST
 * curves, RSA of 2048 bits and more, and the first two kinds on security
 * tokens. Errors have the words of Flux. Any thread.
 */
#ifndef SOURCE_SSHSIG_H
#define SOURCE_SSHSIG_H

#include "base/arena.h"
#include "base/err.h"

/* More than any key or signature is long. */
enum { SSHSIG_KEY_MAX = 16 << 10, SSHSIG_TEXT_MAX = 64 << 10, SSHSIG_KEYS_MAX = 1000 };

bool sshsig_is(str signature);

/* `files` are texts in the form of authorized_keys. *fingerprint is that of
 * the key, "SHA256:...". */
err *sshsig_verify(struct arena *a, str signature, str payload, const str *files, size_t n,
		   str *fingerprint) __attribute__((warn_unused_result));

/* ---- its parts, for fuzzing and tests --------------------------------------- */

struct sshsig {
	str key, purpose, hash, signature;
};
/* What the armour holds; lives in `a`. */
err *sshsig_read(struct arena *a, str armoured, struct sshsig *out)
	__attribute__((warn_unused_result));
/* The key in one line of authorized_keys, as its wire form: "ssh: no key found". */
err *sshsig_authorized_key(struct arena *a, str line, str *key) __attribute__((warn_unused_result));

#endif
