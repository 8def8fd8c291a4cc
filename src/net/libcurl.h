/* libcurl - the HTTP library, loaded when somebody needs the network.
 *
 * Linking it would cost every run 7 ms and 7 MiB; so it is opened at its
 * first use, once, and called through a table of pointers whose types are
 * those of its own headers. Only the client includes this. Any thread.
 */
#ifndef NET_LIBCURL_H
#define NET_LIBCURL_H

/* The type checks are macros over the functions' names and know no table. */
#define CURL_DISABLE_TYPECHECK 1
#include <curl/curl.h>

#include "base/err.h"

struct libcurl {
#define CURLF(name) __typeof__(&name) name;
#include "net/libcurl.def"
#undef CURLF
};

/* The table, or why the library cannot be loaded. */
err *libcurl_get(const struct libcurl **out) __attribute__((warn_unused_result));

#endif
