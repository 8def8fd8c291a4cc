/* sshkey - SSH key pairs: made, and the public half of a private key.
 *
 * New private keys are PEM of PKCS #8; the public half is a line of
 * authorized_keys with its newline. A key that exists is read as PEM of any
 * form that OpenSSL knows, or in OpenSSH's own form, whose public half is not
 * encrypted. Results live in the arena. Any thread; RSA takes a while.
 */
#ifndef CRYPTO_SSHKEY_H
#define CRYPTO_SSHKEY_H

#include "base/arena.h"
#include "base/err.h"

enum sshkey_kind { SSHKEY_RSA, SSHKEY_P256, SSHKEY_P384, SSHKEY_P521, SSHKEY_ED25519 };

/* `bits` counts for RSA only. */
err *sshkey_new(struct arena *a, enum sshkey_kind kind, unsigned bits, str *private, str *public)
	__attribute__((warn_unused_result));
/* The words of an error are those of Go's ssh package. */
err *sshkey_public(struct arena *a, str private, str passphrase, str *public)
	__attribute__((warn_unused_result));

#endif
