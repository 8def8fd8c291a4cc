#include "net/client.h"

#include "base/clock.h"
#include "text/gotime.h"

enum { PHRASE_MAX = 200 };

static const struct {
	int status;
	const char *text;
} names[] = {
	{ 100, "Continue" },
	{ 101, "Switching Protocols" },
	{ 102, "Processing" },
	{ 103, "Early Hints" },
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 203, "Non-Authoritative Information" },
	{ 204, "No Content" },
	{ 205, "Reset Content" },
	{ 206, "Partial Content" },
	{ 207, "Multi-Status" },
	{ 208, "Already Reported" },
	{ 226, "IM Used" },
	{ 300, "Multiple Choices" },
	{ 301, "Moved Permanently" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 305, "Use Proxy" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 406, "Not Acceptable" },
	{ 407, "Proxy Authentication Required" },
	{ 408, "Request Timeout" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Request Entity Too Large" },
	{ 414, "Request URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 416, "Requested Range Not Satisfiable" },
	{ 417, "Expectation Failed" },
	{ 418, "I'm a teapot" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Entity" },
	{ 423, "Locked" },
	{ 424, "Failed Dependency" },
	{ 425, "Too Early" },
	{ 426, "Upgrade Required" },
	{ 428, "Precondition Required" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 451, "Unavailable For Legal Reasons" },
	{ 500, "Internal Server Error" },
	{ 501, "Not Implemented" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
	{ 505, "HTTP Version Not Supported" },
	{ 506, "Variant Also Negotiates" },
	{ 507, "Insufficient Storage" },
	{ 508, "Loop Detected" },
	{ 510, "Not Extended" },
	{ 511, "Network Authentication Required" },
};

str net_status(struct arena *a, int status)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (names[i].status == status)
			return arena_printf(a, "%d %s", status, names[i].text);
	return arena_printf(a, "%d", status);
}

/* What could play tricks on a terminal, or is no phrase, is not repeated. */
static bool is_phrase(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return s.n && s.n <= PHRASE_MAX;
}

str net_response_status(struct arena *a, const struct net_response *r)
{
	return is_phrase(r->reason) ? arena_printf(a, "%d %.*s", r->status, STR_ARG(r->reason))
				    : net_status(a, r->status);
}

bool net_response_goes_on(const struct net_response *r, uint64_t at)
{
	str range = net_response_header(r, S("Content-Range")), from, rest;
	uint64_t n;

	return str_take_str(&range, S("bytes ")) && str_split(range, '-', &from, &rest) &&
	       str_to_u64(from, &n) && n == at;
}

int64_t net_response_retry_after(const struct net_response *r)
{
	str value = net_response_header(r, S("Retry-After"));
	struct gotime t;
	uint64_t seconds;

	if (!value.n)
		return -1;
	if (str_to_u64(value, &seconds))
		return seconds < 86400 ? (int64_t)seconds * CLOCK_SECOND : 24 * CLOCK_HOUR;
	CLEANUP(err_drop) err *e = gotime_parse(&t, GOTIME_RFC1123, value, NULL);

	if (e)
		return -1;
	int64_t wait = t.sec - clock_wall() / CLOCK_SECOND;

	return wait < 0 ? 0 : wait < 86400 ? wait * CLOCK_SECOND : 24 * CLOCK_HOUR;
}
