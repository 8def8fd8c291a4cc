/* status - how the API says no: errors that carry a Kubernetes Status.
 *
 * Everything that refuses a request gives an err whose code is the HTTP
 * status, whose text is the message, and whose detail is the whole Status as
 * JSON. An err that comes from elsewhere, without a code, is what the
 * original makes of an error that it does not know: code 500, no reason.
 *
 * The constructors have the words of apimachinery's api/errors. `group` and
 * `plural` name the resource ("deployments.apps "x" not found"). Any thread.
 */
#ifndef SERVER_STATUS_H
#define SERVER_STATUS_H

#include "base/buf.h"
#include "base/err.h"
#include "kube/gvk.h"
#include "schema/fielderr.h"

struct status_cause {
	str reason, message, field;
};

struct status {
	int code;
	str reason;		/* may be empty */
	str message;
	bool details;		/* write details even when nothing is in them */
	str name, group, kind, uid;
	const struct status_cause *causes;
	size_t causes_n;
	int retry_after;	/* seconds; 0: none */
	str token;		/* metadata.continue of an expired list */
};

err *status_err(const struct status *s) __attribute__((warn_unused_result, returns_nonnull));
/* The Status of what went well: `{"kind":"Status",...,"status":"Success",...}`. */
void status_success(struct buf *b, str group, str plural, str name, str uid);
/* The Status of any err, as JSON; gives its code. */
int status_print(struct buf *b, const err *e);
/* retryAfterSeconds of the Status, for the header; 0: none. */
int status_retry_after(const err *e);
/* `"reason"` of the Status, or empty. */
str status_reason(const err *e);

#define STATUS_FORMAT(at) __attribute__((format(printf, at, at + 1), warn_unused_result, returns_nonnull))
#define STATUS_NEW __attribute__((warn_unused_result, returns_nonnull))

err *status_bad_request(const char *fmt, ...) STATUS_FORMAT(1);
/* "Internal error occurred: ..." */
err *status_internal(const char *fmt, ...) STATUS_FORMAT(1);
/* Code without a reason. */
err *status_plain(int code, const char *fmt, ...) STATUS_FORMAT(2);
/* `deployments.apps "x" is forbidden: ...`; without name: `deployments.apps is forbidden: ...` */
err *status_forbidden(str group, str plural, str name, const char *fmt, ...) STATUS_FORMAT(4);
/* "Operation cannot be fulfilled on deployments.apps "x": ..." */
err *status_conflict(str group, str plural, str name, const char *fmt, ...) STATUS_FORMAT(4);
err *status_not_found(str group, str plural, str name) STATUS_NEW;
err *status_exists(str group, str plural, str name) STATUS_NEW;
err *status_unauthorized(void) STATUS_NEW;
/* "the server could not find the requested resource" */
err *status_no_resource(void) STATUS_NEW;
err *status_method_not_allowed(void) STATUS_NEW;
/* "KIND.GROUP "NAME" is invalid: ..." with a cause for each entry. */
err *status_invalid(str group, str kind, str name, const struct fielderrs *errors) STATUS_NEW;
err *status_too_large(void) STATUS_NEW;
/* Reason TooManyRequests, with Retry-After. */
err *status_too_many(int retry_after, const char *fmt, ...) STATUS_FORMAT(2);
/* Reason Expired, code 410. `token`: where an inconsistent list goes on, or empty. */
err *status_expired(str token, const char *fmt, ...) STATUS_FORMAT(2);
/* "Timeout: Too large resource version: N, current: M" */
err *status_future(uint64_t asked, uint64_t current) STATUS_NEW;

#endif
