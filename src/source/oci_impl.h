/* oci_impl - requests to a registry, as the parts of oci share them. */
#ifndef SOURCE_OCI_IMPL_H
#define SOURCE_OCI_IMPL_H

#include "base/clock.h"
#include "source/blobshare.h"
#include "source/oci.h"

/* Media types of manifests that are understood. */
#define OCI_MANIFESTS                                           \
	"application/vnd.oci.image.manifest.v1+json,"           \
	"application/vnd.oci.image.index.v1+json,"              \
	"application/vnd.docker.distribution.manifest.v2+json," \
	"application/vnd.docker.distribution.manifest.list.v2+json"

struct oci {
	struct oci_options o;
	struct ociauth auth; /* who we are at the registry */
	const struct net_tls *tls;
	struct oci_memory *memory;
	bool own_memory;
	struct arena mem;
	const char *actions; /* "pull", "push,pull" */
	bool http;           /* instead of https */
	str token;           /* sent with each request; empty: none */
	bool basic;
	int64_t fetched; /* when the token was asked for; 0: it was not */
	int64_t deadline;
	bool answered; /* the registry did, whatever it said */
	bool proven; /* we may read the repository: it gave us a manifest */
};

/* ---- what sessions share (oci_memory.c); copies go into `a` ------------------- */

bool oci_memory_challenge(struct oci_memory *m, struct arena *a, str registry, bool *http,
			  struct ociauth_challenge *out);
void oci_memory_keep_challenge(struct oci_memory *m, str registry, bool http,
			       const struct ociauth_challenge *c);
bool oci_memory_token(struct oci_memory *m, struct arena *a, str key, str *out);
void oci_memory_keep_token(struct oci_memory *m, str key, str token, int64_t until);
void oci_memory_forget_token(struct oci_memory *m, str key);

/* ---- requests (oci_request.c) --------------------------------------------------- */

struct oci_ask {
	str method; /* "GET" */
	str path;   /* behind /v2/, or a whole URL */
	str accept, type, range;
	bool exact; /* no compression on the way */
	bool small; /* the answer is short */
	str body;
};

struct oci_answer {
	struct net_call *call;
	struct net_response head;
	str url; /* asked for */
	struct arena mem;
};
void oci_answer_release(struct oci_answer *answer);

/* Ask, as somebody where the registry wants that; any answer is one. */
err *oci_ask(struct oci *c, const struct oci_ask *ask, struct oci_answer *out)
	__attribute__((warn_unused_result));
/* The same; a status that is not one of those (ended by 0) is an error. */
err *oci_ask_for(struct oci *c, const struct oci_ask *ask, const int *statuses,
		 struct oci_answer *out) __attribute__((warn_unused_result));
/* What the registry says of an answer that is an error. */
err *oci_answer_error(const struct oci *c, const struct oci_ask *ask, struct oci_answer *answer)
	__attribute__((warn_unused_result, returns_nonnull));
/* The body, of at most `max` bytes, in `a`. */
err *oci_answer_text(struct oci_answer *answer, struct arena *a, size_t max, str *out)
	__attribute__((warn_unused_result));
/* The URL of the next page, empty on the last one: of a Link header. */
err *oci_answer_next(const struct oci *c, struct oci_answer *answer, struct arena *a, str *out)
	__attribute__((warn_unused_result));
/* REPOSITORY/WHAT/NAME */
str oci_path(const struct oci *c, struct arena *a, const char *what, str name);
/* "https://host" */
str oci_base(const struct oci *c, struct arena *a);
/* A URL that the registry named, as seen from the one it answered to. */
err *oci_follow(const struct oci *c, struct oci_answer *answer, struct arena *a, str to, str *out)
	__attribute__((warn_unused_result));

/* Get a token, or remember that basic auth is wanted; *ok is false when the
 * challenge cannot be answered (oci_token.c). */
err *oci_answer_challenge(struct oci *c, const struct ociauth_challenge *challenge, bool again,
			  bool *ok) __attribute__((warn_unused_result));

#endif
