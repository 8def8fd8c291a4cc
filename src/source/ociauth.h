/* ociauth - who we are at a registry: Docker's config.json, and challenges.
 *
 * A Secret of type kubernetes.io/dockerconfigjson, ~/.docker/config.json and
 * Helm's registry/config.json are the same text. Its "auths" name a registry,
 * with a path where one login counts for part of it, and with * in the place
 * of one name of the host ("*.azurecr.io"); the longest that fits wins. What a
 * credential helper holds is asked for only where the caller allows that,
 * which controllers do not: it starts a program.
 *
 * A challenge is what a registry answers to those it does not know:
 *	Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="..."
 *
 * Results live in the arena. Any thread.
 */
#ifndef SOURCE_OCIAUTH_H
#define SOURCE_OCIAUTH_H

#include "base/vec.h"
#include "source/ociref.h"

/* All empty: nobody. */
struct ociauth {
	str user, password;
	str identity_token; /* exchanged for tokens, instead of a password */
	str registry_token; /* sent as it is */
};

struct ociauth_entry {
	str host, path; /* of its key, without scheme; path "" or "/org" */
	struct ociauth auth;
	str helper; /* "docker-credential-HELPER" knows */
};

enum { OCIAUTH_CONFIG_MAX = 1 << 20, OCIAUTH_ENTRIES_MAX = 10000 };

struct ociauth_config {
	VEC(struct ociauth_entry) entries; /* best first */
	str store;                         /* the helper for all others */
};

/* Errors of encoding/json, and `unable to decode auth field: ...`. */
err *ociauth_read(struct arena *a, str json, struct ociauth_config *out)
	__attribute__((warn_unused_result));
/* The same into one that may hold some already: several pull Secrets. */
err *ociauth_add(struct arena *a, str json, struct ociauth_config *to)
	__attribute__((warn_unused_result));
/* Nobody when there is no entry. `c` may be NULL. */
struct ociauth ociauth_find(const struct ociauth_config *c, const struct ociref *r);
/* The same, and helpers are run, with `env` as proc_spec has it. */
err *ociauth_ask(struct arena *a, const struct ociauth_config *c, const struct ociref *r,
		 const char *const *env, struct ociauth *out) __attribute__((warn_unused_result));
bool ociauth_is_nobody(const struct ociauth *auth);

/* The text `json` (empty: none yet) with the login of one registry in it, or
 * without it when `auth` is NULL. All else stays as it is. "not logged in"
 * (ERR_NOT_FOUND) when there is none to remove. */
err *ociauth_set(struct arena *a, str json, str registry, const struct ociauth *auth,
		 struct buf *out) __attribute__((warn_unused_result));

struct ociauth_challenge {
	bool bearer; /* else basic */
	str realm, service, scope;
};
/* The first of a WWW-Authenticate header that we can answer; false: none. */
bool ociauth_challenge_parse(struct arena *a, str header, struct ociauth_challenge *out);

#endif
