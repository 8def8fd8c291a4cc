/* status - the errors that a server's answers stand for. */
#include "client/client.h"

#include "value/json.h"

static const struct reason {
	str reason;
	enum err_kind kind;
} reasons[] = {
	{ S("AlreadyExists"), ERR_EXISTS },
	{ S("BadRequest"), ERR_INVALID },
	{ S("Conflict"), ERR_CONFLICT },
	{ S("Expired"), ERR_UNAVAILABLE },
	{ S("Forbidden"), ERR_FORBIDDEN },
	{ S("Gone"), ERR_UNAVAILABLE },
	{ S("InternalError"), ERR_INTERNAL },
	{ S("Invalid"), ERR_INVALID },
	{ S("MethodNotAllowed"), ERR_INVALID },
	{ S("NotAcceptable"), ERR_INVALID },
	{ S("NotFound"), ERR_NOT_FOUND },
	{ S("RequestEntityTooLarge"), ERR_INVALID },
	{ S("ServerTimeout"), ERR_TIMEOUT },
	{ S("ServiceUnavailable"), ERR_UNAVAILABLE },
	{ S("Timeout"), ERR_TIMEOUT },
	{ S("TooManyRequests"), ERR_UNAVAILABLE },
	{ S("Unauthorized"), ERR_FORBIDDEN },
	{ S("UnsupportedMediaType"), ERR_INVALID },
};

/* client-go's words for an answer that is no Status (NewGenericServerResponse). */
static const struct plain {
	int code;
	str reason, text;
} plains[] = {
	{ 400, S("BadRequest"), S("the server rejected our request for an unknown reason") },
	{ 401, S("Unauthorized"), S("the server has asked for the client to provide credentials") },
	{ 403, S("Forbidden"), S("unknown") },
	{ 404, S("NotFound"), S("the server could not find the requested resource") },
	{ 405, S("MethodNotAllowed"),
	  S("the server does not allow this method on the requested resource") },
	{ 406, S("NotAcceptable"),
	  S("the server was unable to respond with a content type that the client supports") },
	{ 409, S("Conflict"), S("the server reported a conflict") },
	{ 410, S("Gone"), S("the server is no longer able to return this resource") },
	{ 413, S("RequestEntityTooLarge"), S("the request is too large for the server") },
	{ 415, S("UnsupportedMediaType"),
	  S("the media type of the request is not supported by the server") },
	{ 422, S("Invalid"), S("the server rejected our request due to an error in our request") },
	{ 429, S("TooManyRequests"),
	  S("the server has received too many requests and has asked us to try again later") },
	{ 503, S("ServiceUnavailable"), S("the server is currently unable to handle the request") },
	{ 504, S("Timeout"),
	  S("the server was unable to return a response in the time allotted, but may still be "
	    "processing the request") },
};

/* A text of a body is put behind the words when there is no more of it. */
enum { PLAIN_BODY_MAX = 2048 };

static enum err_kind kind_of(str reason, int code)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
		if (str_eq(reasons[i].reason, reason))
			return reasons[i].kind;
	return code == 404 ? ERR_NOT_FOUND : code == 409 ? ERR_CONFLICT : ERR_INTERNAL;
}

static err *plain_error(int status, str body)
{
	str reason = status >= 500 ? S("InternalError") : S("Unknown");
	str text = STR_NONE;
	err *e;

	for (size_t i = 0; i < sizeof plains / sizeof *plains; i++)
		if (plains[i].code == status) {
			reason = plains[i].reason;
			text = plains[i].text;
		}
	body = str_trim(body);
	if (status == 403 && body.n && body.n < PLAIN_BODY_MAX)
		text = body;
	if (text.n)
		e = err_new(kind_of(reason, status), "%.*s", STR_ARG(text));
	else if (status >= 500)
		e = err_new(ERR_INTERNAL,
			    "an error on the server (\"%.*s\") has prevented the request from succeeding",
			    STR_ARG(str_sub(body.n ? body : S("unknown"), 0, PLAIN_BODY_MAX)));
	else
		e = err_new(kind_of(reason, status),
			    "the server responded with the status code %d but did not return more "
			    "information",
			    status);
	err_set_code(e, status);
	return e;
}

err *client_raw_error(err *e)
{
	int code = err_code(e);
	err *plain = code >= 400 ? plain_error(code, STR_NONE) : NULL;

	if (!plain)
		return e;
	err_free(e);
	return plain;
}

err *client_status_error(int status, str body)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	node s;
	err *bad = json_read(&a, body, NULL, &s);

	if (bad || !str_eq(node_str(node_get(s, S("kind"))), S("Status"))) {
		err_free(bad);
		return plain_error(status, body);
	}
	str message = node_str(node_get(s, S("message")));
	str reason = node_str(node_get(s, S("reason")));
	err *e = err_new(kind_of(reason, status), "%.*s", STR_ARG(message));

	err_set_code(e, status);
	err_set_detail(e, body);
	return e;
}

str client_status_reason(struct arena *a, const err *e)
{
	node s;
	err *bad = json_read(a, err_detail(e), NULL, &s);

	if (bad) {
		err_free(bad);
		return STR_NONE;
	}
	return node_str(node_get(s, S("reason")));
}
