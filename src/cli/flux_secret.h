/* flux_secret - Secrets as the flux commands make them.
 *
 * Values stand in `stringData`, in the clear. A Secret that is there already
 * keeps what is not given anew. Used by "create secret", and by "create
 * source" for credentials on its command line.
 */
#ifndef CLI_FLUX_SECRET_H
#define CLI_FLUX_SECRET_H

#include "cli/flux.h"

/* Without values yet; `type` NULL: none is named. Labels are the command's. */
node secret_new(struct cli *c, str name, const char *type);
/* An empty value is left out. */
void secret_put(struct cli *c, node secret, const char *key, str value);
/* Make it, or put its values, labels and annotations into the one there is. */
err *secret_store(struct cli *c, struct flux_server *s, node secret)
	__attribute__((warn_unused_result));

/* The bytes of a file, or an error behind `what`. */
err *secret_read(struct cli *c, const char *what, str path, str *out)
	__attribute__((warn_unused_result));
/* The certificate's pair and the authorities of a TLS Secret. One without the
 * other, or two that do not match, is an error. */
err *secret_put_tls(struct cli *c, node secret, str ca, str cert, str key)
	__attribute__((warn_unused_result));

/* What ".dockerconfigjson" holds for one registry. */
err *secret_login(struct arena *a, str host, str username, str password, str *out)
	__attribute__((warn_unused_result));

struct secret_basic {
	str username, password, ca_file, cert_file, key_file;
};
/* The same with what the files hold; each is read once, as it may be a pipe. */
struct secret_parts {
	str username, password, ca, cert, key;
};
err *secret_read_parts(struct cli *c, const struct secret_basic *wish, struct secret_parts *out)
	__attribute__((warn_unused_result));
err *secret_make_helm(struct cli *c, const struct secret_parts *parts, str name, node *out)
	__attribute__((warn_unused_result));

struct secret_git {
	str url, username, password, bearer_token, ca_file, private_key;
	str key_algorithm, curve;
	int64_t rsa_bits;
	bool needed;	/* over HTTP, no credentials are an error; else there is no Secret */
};

/* The flags of a new key; `at` is a macro that gives a field's offset. Their
 * types are in flux_choice.h. */
#define SECRET_KEY_FLAGS(at)                                                                 \
	{ "ssh-ecdsa-curve", 0, FLAG_CUSTOM, at(curve), "curve of a new SSH key",            \
	  .fallback = "p384", .type = &choice_curve, .choices = "p256 p384 p521" },          \
	{ "ssh-key-algorithm", 0, FLAG_CUSTOM, at(key_algorithm), "algorithm of a new SSH key", \
	  .fallback = "ecdsa", .type = &choice_key_algorithm, .choices = "rsa ecdsa ed25519" }, \
	{ "ssh-rsa-bits", 0, FLAG_CUSTOM, at(rsa_bits), "size of a new RSA key",             \
	  .fallback = "2048", .type = &choice_rsa_bits }

/* What the user should be told. */
struct secret_note {
	str public_key, known_hosts;
};

/* Asks the server of an ssh URL for its keys. */
err *secret_make_git(struct cli *c, const struct secret_git *wish, str name, node *out,
		     struct secret_note *note) __attribute__((warn_unused_result));

#endif
