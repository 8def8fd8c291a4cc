/* credentials - what the data of a Secret means to a source.
 *
 * Secrets are flat: keys with bytes. Here is which keys count for whom, which
 * go together, and the words when they do not. Results borrow from the
 * Secret. Any thread.
 */
#ifndef SOURCE_CREDENTIALS_H
#define SOURCE_CREDENTIALS_H

#include "net/client.h"
#include "source/gitremote.h"

struct credentials_item {
	str key, value;
};

/* A Secret; its values are decoded already. */
struct credentials {
	str namespace, name;
	const struct credentials_item *items;
	size_t n;
};

/* Empty when there is none; `c` may be NULL. */
str credentials_get(const struct credentials *c, str key);
bool credentials_has(const struct credentials *c, str key);

/* For a GitRepository: `invalid 'ssh' auth option: 'identity' is required`.
 * `c` may be NULL; then what the URL says counts. Texts live in `a`. */
err *credentials_git(struct arena *a, const struct credentials *c, str url,
		     struct gitremote_auth *out) __attribute__((warn_unused_result));
/* Whether an SSH key needs a passphrase. */
bool credentials_is_encrypted_key(str pem);

/* A certSecretRef: "ca.crt", besides the system's authorities, and "tls.crt"
 * with "tls.key", or these three by their old names. Not all of nothing:
 * "secret 'ns/name' must contain either 'ca.crt' or both 'tls.crt' and
 * 'tls.key'". */
err *credentials_tls(const struct credentials *c, struct net_tls *out)
	__attribute__((warn_unused_result));

/* A proxy: address, username, password. */
err *credentials_proxy(struct arena *a, const struct credentials *c, struct net_proxy *out)
	__attribute__((warn_unused_result));

#endif
