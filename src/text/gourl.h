/* gourl - URLs as Go's net/url takes them apart and puts them together.
 *
 * Parts are decoded where Go decodes them (user, host, path, fragment); the
 * spelling of a path or fragment is kept when it differs from the one Go
 * would write, so that printing gives back what was read. Errors have Go's
 * words: `parse "http://a b": invalid character " " in host name`.
 *
 * Ownership: parts borrow from the text or live in the arena. Any thread.
 */
#ifndef TEXT_GOURL_H
#define TEXT_GOURL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

struct gourl {
	str scheme; /* in small letters */
	str opaque; /* what follows the scheme when it is no path */
	bool has_user, has_password;
	str user, password;
	str host;           /* with port and brackets */
	str path, raw_path; /* raw: as written, or empty when that is the usual way */
	str query;          /* as written, without '?' */
	bool empty_query;   /* a '?' with nothing behind it */
	str fragment, raw_fragment;
	bool omit_host; /* "scheme:/path", no empty authority */
};

/* url.Parse. */
err *gourl_parse(struct arena *a, str text, struct gourl *out) __attribute__((warn_unused_result));
/* url.ParseRequestURI: a path or a whole URL, and '#' has no meaning. */
err *gourl_parse_request(struct arena *a, str text, struct gourl *out)
	__attribute__((warn_unused_result));
/* URL.ResolveReference: `ref` as seen from `base`. */
void gourl_resolve(struct arena *a, const struct gourl *base, const struct gourl *ref,
		   struct gourl *out);
/* URL.String. */
void gourl_add(struct buf *b, const struct gourl *u);
/* URL.EscapedPath. */
void gourl_add_path(struct buf *b, const struct gourl *u);
/* Userinfo.String: "user:password", encoded. */
void gourl_add_user(struct buf *b, const struct gourl *u);
/* The host without port and brackets. */
str gourl_hostname(const struct gourl *u);
/* url.QueryEscape and url.PathEscape. */
void gourl_escape_query(struct buf *b, str s);
void gourl_escape_segment(struct buf *b, str s);
/* url.PathUnescape: `invalid URL escape "%zz"`. */
err *gourl_unescape_segment(struct arena *a, str s, str *out) __attribute__((warn_unused_result));

#endif
