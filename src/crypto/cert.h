/* cert - X.509 certificates: read, asked, and followed up to one that is trusted.
 *
 * For signatures, not for TLS: which names a certificate has, what its extensions
 * say, and whether a chain leads from it to a given root at a given time. Any
 * thread; a certificate is immutable.
 */
#ifndef CRYPTO_CERT_H
#define CRYPTO_CERT_H

#include "crypto/pubkey.h"

struct cert;

enum { CERT_MAX = 256 << 10, CERT_CHAIN_MAX = 10, CERT_LIST_MAX = 1000 };

err *cert_read_der(struct cert **out, str der) __attribute__((warn_unused_result));
void cert_free(struct cert *c);
/* For CLEANUP(cert_drop) struct cert *c = NULL. */
void cert_drop(struct cert **c);

/* Certificates, owned. */
struct cert_list {
	struct cert **p;
	size_t n, cap;
};
void cert_list_release(struct cert_list *l);
/* Takes `c`. */
void cert_list_add(struct cert_list *l, struct cert *c);
/* All of a PEM text, or the one of DER. */
err *cert_list_read(struct cert_list *l, str text) __attribute__((warn_unused_result));

struct cert_check {
	const struct cert_list *roots;		/* whom to trust; need not be self-signed */
	const struct cert_list *between;	/* or NULL */
	int64_t at;				/* seconds since 1970 ... */
	bool at_any_time;			/* ... or whenever it was valid */
	bool code_signing;			/* the extended key usage that is needed ... */
	bool usage_optional;			/* ... if there is any */
	struct cert_list *chain;		/* or NULL: gets `c` and what led to the root */
};
/* NULL: a chain leads to a root, and all of it was valid at that time. */
err *cert_verify(const struct cert *c, const struct cert_check *how)
	__attribute__((warn_unused_result));

err *cert_key(const struct cert *c, struct pubkey **out) __attribute__((warn_unused_result));
str cert_der(struct arena *a, const struct cert *c);
bool cert_equal(const struct cert *a, const struct cert *b);
/* Whether it names itself as its issuer. */
bool cert_is_self_issued(const struct cert *c);
/* Seconds since 1970. */
void cert_validity(const struct cert *c, int64_t *from, int64_t *until);
/* "CN=x,O=y,C=US" with the types' short names, as the fields stand in it. */
struct cert_field {
	str type, value;
};
err *cert_subject(struct arena *a, const struct cert *c, struct cert_field **out, size_t *n)
	__attribute__((warn_unused_result));
/* As Go prints it, "CN=x,O=y\\, z": fields in an order of its own; what has no name is left out. */
str cert_subject_text(struct arena *a, const struct cert *c);
/* E-mail addresses, URIs, host names of the alternative names, and Fulcio's user names. */
err *cert_names(struct arena *a, const struct cert *c, str **out, size_t *n)
	__attribute__((warn_unused_result));
/* The bytes of an extension, by its number ("1.3.6.1..."); false when it is not there. */
bool cert_extension(struct arena *a, const struct cert *c, const char *number, str *out);

#endif
