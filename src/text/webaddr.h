/* webaddr - whether a text is an e-mail address or a URL, by the rules that
 * Helm holds Chart.yaml to (those of govalidator).
 *
 * They are looser and stricter than the standards, and charts pass or fail by
 * them: the patterns say what is accepted. Any thread.
 */
#ifndef TEXT_WEBADDR_H
#define TEXT_WEBADDR_H

#include "base/str.h"

/* "user@example.com"; letters of all scripts, quoted users. */
bool webaddr_is_email(str s);
/* "example.com", "https://example.com:80/x": a host, the scheme is optional. */
bool webaddr_is_url(str s);
/* A whole URL of any scheme, as a request line may have it. */
bool webaddr_is_request_url(str s);

#endif
