#include "server/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "value/json.h"

/* ---- writing ----------------------------------------------------------- */

struct writer {
	struct buf *b;
	bool more; /* a comma is due */
};

static void put_key(struct writer *w, const char *key)
{
	if (w->more)
		buf_addc(w->b, ',');
	w->more = true;
	buf_addf(w->b, "\"%s\":", key);
}

static void put_text(struct writer *w, const char *key, str value)
{
	if (!value.n)
		return;
	put_key(w, key);
	json_write_str(w->b, value, false);
}

static void put_causes(struct writer *w, const struct status *s)
{
	put_key(w, "causes");
	for (size_t i = 0; i < s->causes_n; i++) {
		struct writer in = { w->b, false };

		buf_add(w->b, i ? S(",{") : S("[{"));
		put_text(&in, "reason", s->causes[i].reason);
		put_text(&in, "message", s->causes[i].message);
		put_text(&in, "field", s->causes[i].field);
		buf_addc(w->b, '}');
	}
	buf_addc(w->b, ']');
}

static void put_details(struct writer *w, const struct status *s)
{
	struct writer in = { w->b, false };

	put_key(w, "details");
	buf_addc(w->b, '{');
	put_text(&in, "name", s->name);
	put_text(&in, "group", s->group);
	put_text(&in, "kind", s->kind);
	put_text(&in, "uid", s->uid);
	if (s->causes_n)
		put_causes(&in, s);
	if (s->retry_after) {
		put_key(&in, "retryAfterSeconds");
		buf_addf(w->b, "%d", s->retry_after);
	}
	buf_addc(w->b, '}');
}

static void write_status(struct buf *b, const struct status *s)
{
	struct writer w = { b, true };

	buf_add(b, S("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{"));
	if (s->token.n) {
		buf_add(b, S("\"continue\":"));
		json_write_str(b, s->token, false);
	}
	buf_add(b, S("}"));
	put_text(&w, "status", s->code < 300 ? S("Success") : S("Failure"));
	put_text(&w, "message", s->message);
	put_text(&w, "reason", s->reason);
	if (s->details || s->name.n || s->group.n || s->kind.n || s->uid.n || s->causes_n ||
	    s->retry_after)
		put_details(&w, s);
	if (s->code >= 300) {
		put_key(&w, "code");
		buf_addf(b, "%d", s->code);
	}
	buf_addc(b, '}');
}

void status_success(struct buf *b, str group, str plural, str name, str uid)
{
	write_status(
		b, &(struct status){
			   .code = 200, .name = name, .group = group, .kind = plural, .uid = uid });
}

static enum err_kind kind_of_code(int code)
{
	switch (code) {
	case 401:
	case 403:
		return ERR_FORBIDDEN;
	case 404:
		return ERR_NOT_FOUND;
	case 409:
		return ERR_CONFLICT;
	case 429:
	case 503:
		return ERR_UNAVAILABLE;
	case 504:
		return ERR_TIMEOUT;
	default:
		return code < 500 ? ERR_INVALID : ERR_INTERNAL;
	}
}

err *status_err(const struct status *s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = err_new(kind_of_code(s->code), "%.*s", STR_ARG(s->message));

	write_status(&b, s);
	err_set_code(e, s->code);
	err_set_detail(e, buf_str(&b));
	return e;
}

/* ---- reading ----------------------------------------------------------- */

static bool is_status(const err *e)
{
	return err_code(e) >= 400 && str_starts(err_detail(e), S("{\"kind\":\"Status\""));
}

int status_print(struct buf *b, const err *e)
{
	if (is_status(e)) {
		buf_add(b, err_detail(e));
		return err_code(e);
	}
	write_status(b, &(struct status){ .code = 500, .message = err_text(e) });
	return 500;
}

static node read_detail(struct arena *a, const err *e)
{
	node n = NODE_NOTHING;

	if (is_status(e))
		err_free(json_read(a, err_detail(e), NULL, &n));
	return n;
}

int status_retry_after(const err *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;

	return (int)node_int(node_dig(read_detail(&a, e), "details", "retryAfterSeconds"));
}

str status_reason(const err *e)
{
	str detail = err_detail(e), key = S("\"reason\":\"");
	size_t at = is_status(e) ? str_find(detail, key) : STR_NPOS;
	str rest = at == STR_NPOS ? STR_NONE : str_from(detail, at + key.n);

	return str_sub(rest, 0, str_find_char(rest, '"'));
}

/* ---- the usual ones ---------------------------------------------------- */

#define FORMAT(message, fmt)                                \
	CLEANUP(buf_release) struct buf message = BUF_INIT; \
	do {                                                \
		va_list args;                               \
		va_start(args, fmt);                        \
		add_format(&message, fmt, args);            \
		va_end(args);                               \
	} while (0)

static void add_format(struct buf *b, const char *fmt, va_list args)
{
	char small[256];
	va_list again;

	va_copy(again, args);
	int n = vsnprintf(small, sizeof small, fmt, args);

	if (n >= 0 && (size_t)n < sizeof small) {
		buf_bytes(b, small, (size_t)n);
	} else if (n >= 0) {
		char *to = buf_reserve(b, (size_t)n);

		if (to) {
			vsnprintf(to, (size_t)n + 1, fmt, again);
			b->n += (size_t)n;
		}
	}
	va_end(again);
}

static void add_resource(struct buf *b, str group, str plural)
{
	buf_add(b, plural);
	if (group.n)
		buf_addf(b, ".%.*s", STR_ARG(group));
}

err *status_bad_request(const char *fmt, ...)
{
	FORMAT(m, fmt);
	return status_err(
		&(struct status){ .code = 400, .reason = S("BadRequest"), .message = buf_str(&m) });
}

err *status_internal(const char *fmt, ...)
{
	FORMAT(m, fmt);
	CLEANUP(buf_release) struct buf all = BUF_INIT;
	struct status_cause cause = { .message = buf_str(&m) };

	buf_addf(&all, "Internal error occurred: %.*s", STR_ARG(buf_str(&m)));
	return status_err(&(struct status){ .code = 500,
					    .reason = S("InternalError"),
					    .message = buf_str(&all),
					    .causes = &cause,
					    .causes_n = 1 });
}

err *status_plain(int code, const char *fmt, ...)
{
	FORMAT(m, fmt);
	return status_err(&(struct status){ .code = code, .message = buf_str(&m) });
}

err *status_forbidden(str group, str plural, str name, const char *fmt, ...)
{
	FORMAT(m, fmt);
	CLEANUP(buf_release) struct buf all = BUF_INIT;

	add_resource(&all, group, plural);
	if (name.n)
		buf_addf(&all, " \"%.*s\"", STR_ARG(name));
	buf_addf(&all, " is forbidden: %.*s", STR_ARG(buf_str(&m)));
	return status_err(&(struct status){ .code = 403,
					    .reason = S("Forbidden"),
					    .message = buf_str(&all),
					    .name = name,
					    .group = group,
					    .kind = plural,
					    .details = true });
}

err *status_conflict(str group, str plural, str name, const char *fmt, ...)
{
	FORMAT(m, fmt);
	CLEANUP(buf_release) struct buf all = BUF_INIT;

	buf_add(&all, S("Operation cannot be fulfilled on "));
	add_resource(&all, group, plural);
	buf_addf(&all, " \"%.*s\": %.*s", STR_ARG(name), STR_ARG(buf_str(&m)));
	return status_err(&(struct status){ .code = 409,
					    .reason = S("Conflict"),
					    .message = buf_str(&all),
					    .name = name,
					    .group = group,
					    .kind = plural });
}

static err *about(int code, str reason, str group, str plural, str name, const char *what)
{
	CLEANUP(buf_release) struct buf m = BUF_INIT;

	add_resource(&m, group, plural);
	buf_addf(&m, " \"%.*s\" %s", STR_ARG(name), what);
	return status_err(&(struct status){ .code = code,
					    .reason = reason,
					    .message = buf_str(&m),
					    .name = name,
					    .group = group,
					    .kind = plural });
}

err *status_not_found(str group, str plural, str name)
{
	return about(404, S("NotFound"), group, plural, name, "not found");
}

err *status_exists(str group, str plural, str name)
{
	return about(409, S("AlreadyExists"), group, plural, name, "already exists");
}

err *status_unauthorized(void)
{
	return status_err(&(struct status){
		.code = 401, .reason = S("Unauthorized"), .message = S("Unauthorized") });
}

err *status_no_resource(void)
{
	return status_err(
		&(struct status){ .code = 404,
				  .reason = S("NotFound"),
				  .message = S("the server could not find the requested resource"),
				  .details = true });
}

err *status_method_not_allowed(void)
{
	return status_err(&(struct status){
		.code = 405,
		.reason = S("MethodNotAllowed"),
		.message = S("the server does not allow this method on the requested resource"),
		.details = true });
}

err *status_invalid(str group, str kind, str name, const struct fielderrs *errors)
{
	CLEANUP(buf_release) struct buf m = BUF_INIT;
	struct status_cause *causes = mem_calloc(errors->n + 1, sizeof *causes);

	for (size_t i = 0; i < errors->n; i++)
		causes[i] = (struct status_cause){ .reason = fielderr_reason(errors->list[i].type),
						   .message = errors->list[i].text,
						   .field = errors->list[i].path };
	add_resource(&m, group, kind);
	buf_addf(&m, " \"%.*s\" is invalid", STR_ARG(name));
	if (errors->n) {
		buf_add(&m, S(": "));
		fielderr_print(&m, errors);
	}
	err *e = status_err(&(struct status){ .code = 422,
					      .reason = S("Invalid"),
					      .message = buf_str(&m),
					      .name = name,
					      .group = group,
					      .kind = kind,
					      .causes = causes,
					      .causes_n = errors->n });

	free(causes);
	return e;
}

err *status_too_large(void)
{
	return status_err(
		&(struct status){ .code = 413,
				  .reason = S("RequestEntityTooLarge"),
				  .message = S("Request entity too large: limit is 3145728") });
}

err *status_too_many(int retry_after, const char *fmt, ...)
{
	FORMAT(m, fmt);
	return status_err(&(struct status){ .code = 429,
					    .reason = S("TooManyRequests"),
					    .message = buf_str(&m),
					    .retry_after = retry_after });
}

err *status_expired(str token, const char *fmt, ...)
{
	FORMAT(m, fmt);
	return status_err(&(struct status){
		.code = 410, .reason = S("Expired"), .message = buf_str(&m), .token = token });
}

err *status_future(uint64_t asked, uint64_t current)
{
	struct status_cause cause = { .reason = S("ResourceVersionTooLarge"),
				      .message = S("Too large resource version") };
	CLEANUP(buf_release) struct buf m = BUF_INIT;

	buf_addf(&m, "Timeout: Too large resource version: %llu, current: %llu",
		 (unsigned long long)asked, (unsigned long long)current);
	return status_err(&(struct status){ .code = 504,
					    .reason = S("Timeout"),
					    .message = buf_str(&m),
					    .causes = &cause,
					    .causes_n = 1,
					    .retry_after = 1 });
}
