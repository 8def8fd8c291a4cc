/* bucket_impl - one provider's way of asking, as the common part sees it. */
#ifndef SOURCE_BUCKET_IMPL_H
#define SOURCE_BUCKET_IMPL_H

#include "base/clock.h"
#include "base/vec.h"
#include "source/bucket.h"
#include "text/gourl.h"

enum bucket_what { BUCKET_ASK_EXISTS, BUCKET_ASK_LIST, BUCKET_ASK_GET };

struct bucket_question {
	enum bucket_what what;
	str key;            /* to get */
	uint64_t from;      /* and from which byte on */
	str prefix, marker; /* to list */
};

enum { BUCKET_HEADERS = 8 };

/* A request ready to be sent. */
struct bucket_wire {
	str method, url, token;
	struct net_header headers[BUCKET_HEADERS];
	size_t headers_n;
};

struct bucket_object {
	str key, etag;
};

struct bucket_page {
	VEC(struct bucket_object) objects;
	str next; /* marker; empty: the last one */
};

struct bucket_kind {
	/* The Secret, before anything else. */
	err *(*check_secret)(const struct credentials *secret);
	/* What goes into a request; a Secret that is there was found right. */
	err *(*check)(struct bucket *b);
	/* A token, once; NULL: not needed. */
	err *(*log_in)(struct bucket *b);
	err *(*build)(struct bucket *b, struct arena *a, const struct bucket_question *q,
		      struct bucket_wire *out);
	err *(*read_page)(struct arena *a, str body, struct bucket_page *out);
	/* Etags stand in quotes, as in a header, also where a list has them without. */
	bool quotes_etags;
};

struct bucket {
	struct bucket_options o;
	const struct bucket_kind *kind;
	struct arena mem;
	int64_t deadline;
	str base; /* "https://host" */
	str host; /* as the header says it */
	str region;
	str token; /* bearer */
	bool logged_in;
};

extern const struct bucket_kind bucket_s3, bucket_gcs, bucket_azure;

/* All but letters, digits and "-_.~" as %XX; '/' as it is when `path`. */
void bucket_escape(struct buf *b, str text, bool path);
/* A request of a token server; its JSON answer, with status 200. */
err *bucket_ask_token(struct bucket *b, str url, str form, str *token)
	__attribute__((warn_unused_result));
void bucket_header(struct bucket_wire *w, str name, str value);
/* "invalid 'NAME' secret data: WHAT" */
err *bucket_bad_secret(const struct credentials *secret, const char *what)
	__attribute__((warn_unused_result, returns_nonnull));
/* "bytes=5-" of a question; empty: all of it. */
str bucket_range(struct arena *a, const struct bucket_question *q);
/* For xmlread: leaves of the objects' list are collected. */
str bucket_trim_etag(str etag);

#endif
