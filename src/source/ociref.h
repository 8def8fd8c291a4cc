/* ociref - names of what lies in an OCI registry.
 *
 *	ghcr.io/org/app:1.2.3			a tag
 *	ghcr.io/org/app@sha256:<hex>		bytes, for ever
 *	127.0.0.1:5000/org/app			no tag: "latest" where one is needed
 *	app					library/app of Docker Hub
 *
 * Read as go-containerregistry does, whose words the errors have; Helm's
 * rule, that the first part always is the registry, is ociref_parse_at.
 *
 * Parts borrow from the text or live in the arena. Any thread.
 */
#ifndef SOURCE_OCIREF_H
#define SOURCE_OCIREF_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

/* Characters of a repository with its slashes, and of a tag. */
enum { OCIREF_REPOSITORY_MAX = 255, OCIREF_TAG_MAX = 128 };

struct ociref {
	str registry;   /* "ghcr.io", "127.0.0.1:5000", "index.docker.io" */
	str repository; /* "org/app" */
	str tag;        /* empty: none is written */
	str digest;     /* "sha256:..."; empty: none is written */
};

/* "could not parse reference: TEXT", and nothing more, as the original. */
err *ociref_parse(struct arena *a, str text, struct ociref *out)
	__attribute__((warn_unused_result));
/* By the grammar of ORAS, which Helm reads by: what is before the first slash is the registry,
 * whatever it looks like; a name may be of one letter. "invalid reference: invalid tag "x!"". */
err *ociref_parse_at(struct arena *a, str text, struct ociref *out)
	__attribute__((warn_unused_result));
/* A repository alone, with the reason why it is none: "repository can only
 * contain the characters `...`: X". */
err *ociref_parse_repository(struct arena *a, str text, struct ociref *out)
	__attribute__((warn_unused_result));
/* What of a reference stands behind oci://; false for another scheme. */
bool ociref_take_scheme(str *url);

/* "tag can only contain the characters `...`: x!": whether it may be one. */
err *ociref_check_tag(str tag) __attribute__((warn_unused_result));

/* REGISTRY/REPOSITORY */
str ociref_name(struct arena *a, const struct ociref *r);
/* The same with ":TAG" (of "latest" when there is none) or "@DIGEST". */
str ociref_text(struct arena *a, const struct ociref *r);
/* What requests ask for: the digest, else the tag, else "latest". */
str ociref_wanted(const struct ociref *r);

/* A registry on this machine or a private IPv4 network, where plain HTTP is
 * tried when HTTPS is not spoken. */
bool ociref_is_local(str registry);

#endif
