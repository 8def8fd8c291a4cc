#include "net/http1.h"

#include "base/ascii.h"

/* ---- characters -------------------------------------------------------- */

static bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_visible(char c)
{
	return (unsigned char)c > 0x20 && c != 0x7f;
}

/* What a header's value may hold: no controls but tabs. */
static bool is_value(char c)
{
	return (unsigned char)c >= 0x20 ? c != 0x7f : c == '\t';
}

static bool all(str s, bool (*is)(char))
{
	for (size_t i = 0; i < s.n; i++)
		if (!is(s.p[i]))
			return false;
	return true;
}

/* ---- the head ---------------------------------------------------------- */

size_t http1_find_end(str bytes, size_t from)
{
	for (size_t i = from; i < bytes.n; i++) {
		const char *lf = memchr(bytes.p + i, '\n', bytes.n - i);

		if (!lf)
			break;
		i = (size_t)(lf - bytes.p);
		if (!i || bytes.p[i - 1] != '\r')
			return HTTP1_BAD;
		if (i >= 3 && bytes.p[i - 2] == '\n')
			return i + 1;
	}
	return 0;
}

static bool take_line(str *s, str *line)
{
	size_t n = str_find(*s, S("\r\n"));

	if (n == STR_NPOS)
		return false;
	*line = str_sub(*s, 0, n);
	*s = str_from(*s, n + 2);
	return true;
}

static bool take_word(str *s, str *word)
{
	size_t n = str_find_char(*s, ' ');

	if (n == STR_NPOS || !n)
		return false;
	*word = str_sub(*s, 0, n);
	*s = str_from(*s, n + 1);
	return true;
}

/* "http://host/path" is "/path"; the host in it must be of no consequence. */
static str without_host(str target)
{
	if (!str_take_str(&target, S("http://")) && !str_take_str(&target, S("https://")))
		return target;
	size_t n = str_find_char(target, '/');

	return n == STR_NPOS ? S("/") : str_from(target, n);
}

static int parse_request_line(str line, struct http1_head *out)
{
	if (!take_word(&line, &out->method) || !all(out->method, is_token) ||
	    !take_word(&line, &out->target) || !all(out->target, is_visible))
		return 400;
	if (str_eq(line, S("HTTP/1.1")))
		out->minor = 1;
	else if (!str_eq(line, S("HTTP/1.0")))
		return str_starts(line, S("HTTP/")) && all(line, is_visible) ? 505 : 400;
	out->target = without_host(out->target);
	return out->target.p[0] == '/' ? 0 : 400;
}

static void make_small(str s)
{
	char *p = (char *)s.p;

	for (size_t i = 0; i < s.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] |= 0x20;
}

static int parse_header(str line, struct http1_head *out)
{
	struct http1_header h;
	size_t colon = str_find_char(line, ':');

	if (colon == STR_NPOS || !colon)
		return 400;
	if (out->headers_n == HTTP1_HEADERS_MAX)
		return 431;
	h.name = str_sub(line, 0, colon);
	h.value = str_trim_set(str_from(line, colon + 1), S(" \t"));
	if (!all(h.name, is_token) || !all(h.value, is_value))
		return 400;
	make_small(h.name);
	out->headers[out->headers_n++] = h;
	return 0;
}

static size_t count(const struct http1_head *h, str name)
{
	size_t n = 0;

	for (size_t i = 0; i < h->headers_n; i++)
		n += str_eq(h->headers[i].name, name);
	return n;
}

str http1_header(const struct http1_head *h, str name)
{
	for (size_t i = 0; i < h->headers_n; i++)
		if (str_eq(h->headers[i].name, name))
			return h->headers[i].value;
	return STR_NONE;
}

/* Whether a header with a list of words has this one. */
static bool has_word(const struct http1_head *h, str name, str word)
{
	for (size_t i = 0; i < h->headers_n; i++) {
		str list = h->headers[i].value, one;

		if (!str_eq(h->headers[i].name, name))
			continue;
		while (str_cut(&list, &one, ','))
			if (str_eq_nocase(str_trim(one), word))
				return true;
	}
	return false;
}

static int find_length(struct http1_head *h)
{
	str coding = http1_header(h, S("transfer-encoding"));
	str length = http1_header(h, S("content-length"));
	size_t codings = count(h, S("transfer-encoding")), lengths = count(h, S("content-length"));

	if (codings) {
		if (codings > 1 || lengths || !h->minor)
			return 400;
		h->chunked = true;
		return str_eq_nocase(coding, S("chunked")) ? 0 : 501;
	}
	if (lengths > 1 || (lengths && !str_to_u64(length, &h->length)))
		return 400;
	return 0;
}

static int judge(struct http1_head *h)
{
	size_t hosts = count(h, S("host"));
	str expect = http1_header(h, S("expect"));

	if (hosts > 1 || (h->minor && !hosts))
		return 400;
	if (expect.n && !str_eq_nocase(expect, S("100-continue")))
		return 417;
	h->expect = expect.n && h->minor;
	h->close = has_word(h, S("connection"), S("close")) ||
		   (!h->minor && !has_word(h, S("connection"), S("keep-alive")));
	h->upgrade =
		has_word(h, S("connection"), S("upgrade")) && http1_header(h, S("upgrade")).n > 0;
	return find_length(h);
}

int http1_parse(char *bytes, size_t n, struct http1_head *out)
{
	str s = str_of(bytes, n), line;

	out->headers_n = 0;
	out->minor = 0;
	out->chunked = false;
	out->length = 0;
	if (!take_line(&s, &line))
		return 400;
	int code = parse_request_line(line, out);

	while (!code && take_line(&s, &line) && line.n)
		code = parse_header(line, out);
	return code ? code : judge(out);
}

/* ---- chunks ------------------------------------------------------------ */

enum {
	CHUNK_SIZE,    /* its hexadecimal digits */
	CHUNK_SIZE_LF, /* the LF behind them */
	CHUNK_DATA,
	CHUNK_DATA_CR,
	CHUNK_DATA_LF,
	CHUNK_TRAILER,      /* the lines behind the last chunk: at the start of one, */
	CHUNK_TRAILER_LINE, /* within one, */
	CHUNK_TRAILER_LF,   /* at the LF of one, */
	CHUNK_LAST_LF,      /* at the LF of the blank one */
	CHUNK_END,
};

/* A size of more digits than any body we take has. */
enum { CHUNK_DIGITS_MAX = 8, CHUNK_TRAILER_MAX = 4096 };

static int hex(char c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool step_size(struct http1_chunks *c, char byte)
{
	int digit = hex(byte);

	if (digit >= 0) {
		c->left = c->left << 4 | (uint64_t)digit;
		return ++c->digits <= CHUNK_DIGITS_MAX;
	}
	c->state = CHUNK_SIZE_LF; /* extensions are refused */
	return byte == '\r' && c->digits;
}

static bool step_trailer(struct http1_chunks *c, char byte)
{
	if (c->state == CHUNK_TRAILER)
		c->state = byte == '\r' ? CHUNK_LAST_LF : CHUNK_TRAILER_LINE;
	else if (byte == '\r')
		c->state = CHUNK_TRAILER_LF;
	return (byte == '\r' || is_value(byte)) && ++c->trailer <= CHUNK_TRAILER_MAX;
}

/* One byte that is no data; false: refused. */
static bool step(struct http1_chunks *c, char byte)
{
	switch (c->state) {
	case CHUNK_SIZE:
		return step_size(c, byte);
	case CHUNK_SIZE_LF:
		c->digits = 0;
		c->state = c->left ? CHUNK_DATA : CHUNK_TRAILER;
		return byte == '\n';
	case CHUNK_DATA_CR:
		c->state = CHUNK_DATA_LF;
		return byte == '\r';
	case CHUNK_DATA_LF:
		c->state = CHUNK_SIZE;
		return byte == '\n';
	case CHUNK_TRAILER:
	case CHUNK_TRAILER_LINE:
		return step_trailer(c, byte);
	case CHUNK_TRAILER_LF:
		c->state = CHUNK_TRAILER;
		return byte == '\n';
	default:
		c->state = CHUNK_END;
		return byte == '\n';
	}
}

int http1_chunks_take(struct http1_chunks *c, str *in, struct buf *body)
{
	while (in->n && c->state != CHUNK_END) {
		if (c->state != CHUNK_DATA) {
			if (!step(c, in->p[0]))
				return 400;
			*in = str_from(*in, 1);
			continue;
		}
		str data = str_sub(*in, 0, c->left);

		buf_add(body, data);
		if (body->full)
			return 413;
		*in = str_from(*in, data.n);
		c->left -= data.n;
		if (!c->left)
			c->state = CHUNK_DATA_CR;
	}
	return c->state == CHUNK_END ? HTTP1_DONE : HTTP1_MORE;
}
