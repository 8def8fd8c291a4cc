#include "text/gourl.h"

#include "base/ascii.h"
#include "base/die.h"
#include "text/netip.h"
#include "text/quote.h"

/* Where a text stands decides which bytes need no %. */
enum place {
	PLACE_PATH = 1,
	PLACE_HOST = 2,
	PLACE_ZONE = 4,
	PLACE_USER = 8,
	PLACE_QUERY = 16,
	PLACE_FRAGMENT = 32,
	PLACE_SEGMENT = 64,
};

static bool is_alnum(unsigned char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

static bool is_plain(unsigned char c, enum place place)
{
	static const struct {
		const char *bytes;
		int places;
	} sets[] = {
		{ "-._~", 127 },
		{ "!()*", PLACE_FRAGMENT | PLACE_HOST | PLACE_ZONE },
		{ "\"'<>[]", PLACE_HOST | PLACE_ZONE },
		{ ",;", PLACE_FRAGMENT | PLACE_USER | PLACE_HOST | PLACE_ZONE | PLACE_PATH },
		{ "$&+=", 127 & ~PLACE_QUERY },
		{ ":", PLACE_FRAGMENT | PLACE_HOST | PLACE_ZONE | PLACE_PATH | PLACE_SEGMENT },
		{ "@", PLACE_FRAGMENT | PLACE_PATH | PLACE_SEGMENT },
		{ "/", PLACE_FRAGMENT | PLACE_PATH },
		{ "?", PLACE_FRAGMENT },
	};

	if (is_alnum(c))
		return true;
	for (size_t i = 0; c && i < sizeof sets / sizeof *sets; i++)
		if (strchr(sets[i].bytes, c))
			return sets[i].places & place;
	return false;
}

static void escape(struct buf *b, str s, enum place place)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (is_plain(c, place))
			buf_addc(b, (char)c);
		else if (c == ' ' && place == PLACE_QUERY)
			buf_addc(b, '+');
		else
			buf_addf(b, "%%%02X", c);
	}
}

void gourl_escape_query(struct buf *b, str s)
{
	escape(b, s, PLACE_QUERY);
}

void gourl_escape_segment(struct buf *b, str s)
{
	escape(b, s, PLACE_SEGMENT);
}

static err *quoted_error(const char *before, str s, const char *after)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, s, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s%.*s%s", before, STR_ARG(buf_str(&b)), after);
}

/* The byte of "%41" at the front of `s`; -1 when it is not allowed there. */
static int escaped_byte(str s, enum place place)
{
	int hi = s.n > 2 ? ascii_hex(s.p[1]) : -1, lo = s.n > 2 ? ascii_hex(s.p[2]) : -1;
	bool percent = str_starts(s, S("%25"));

	if (hi < 0 || lo < 0)
		return -1;
	int c = hi << 4 | lo;

	if (place == PLACE_HOST && hi < 8 && !percent)
		return -1;
	if (place == PLACE_ZONE && !percent && c != ' ' && !is_plain((unsigned char)c, PLACE_HOST))
		return -1;
	return c;
}

static err *unescape(struct arena *a, str s, enum place place, str *out)
{
	char *to = arena_alloc(a, s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n;) {
		unsigned char ch = (unsigned char)s.p[i];

		if (ch == '%') {
			int c = escaped_byte(str_from(s, i), place);

			if (c < 0)
				return quoted_error("invalid URL escape ", str_sub(s, i, i + 3),
						    "");
			to[n++] = (char)c;
			i += 3;
			continue;
		}
		if ((place == PLACE_HOST || place == PLACE_ZONE) && ch < 0x80 &&
		    !is_plain(ch, place))
			return quoted_error("invalid character ", str_sub(s, i, i + 1),
					    " in host name");
		to[n++] = (char)ch;
		i++;
	}
	to[n] = 0;
	*out = str_of(to, n);
	return NULL;
}

err *gourl_unescape_segment(struct arena *a, str s, str *out)
{
	return unescape(a, s, PLACE_SEGMENT, out);
}

/* ---- parsing ----------------------------------------------------------- */

static err *take_scheme(str *s, str *scheme)
{
	for (size_t i = 0; i < s->n; i++) {
		char c = s->p[i];

		if (c == ':') {
			if (!i)
				return err_new(ERR_INVALID, "missing protocol scheme");
			*scheme = str_sub(*s, 0, i);
			*s = str_from(*s, i + 1);
			return NULL;
		}
		if ((c | 32) >= 'a' && (c | 32) <= 'z')
			continue;
		if (!i || !((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'))
			return NULL;
	}
	return NULL;
}

static err *check_port(str port)
{
	bool valid = !port.n || port.p[0] == ':';

	for (size_t i = 1; i < port.n; i++)
		valid = valid && port.p[i] >= '0' && port.p[i] <= '9';
	return valid ? NULL : quoted_error("invalid port ", port, " after host");
}

static err *check_address(str host)
{
	struct netip ip;
	err *e = netip_parse(host, &ip);

	if (e)
		return err_wrap(e, "invalid host");
	return ip.v6 ? NULL : err_new(ERR_INVALID, "invalid IP-literal");
}

/* "[::1]:80" */
static err *parse_literal(struct arena *a, str s, str *out)
{
	size_t close = str_rfind_char(s, ']');
	str port, name, part;

	if (close == STR_NPOS)
		return err_new(ERR_INVALID, "missing ']' in host");
	TRY(check_port(str_from(s, close + 1)));
	TRY(unescape(a, str_from(s, close + 1), PLACE_HOST, &port));
	str inner = str_sub(s, 1, close);
	size_t zone = str_find(inner, S("%25"));

	TRY(unescape(a, str_sub(inner, 0, zone), PLACE_HOST, &name));
	if (zone != STR_NPOS) {
		TRY(unescape(a, str_from(inner, zone), PLACE_ZONE, &part));
		name = arena_cat(a, name, part);
	}
	TRY(check_address(name));
	*out = arena_cat(a, S("["), name, S("]"), port);
	return NULL;
}

static err *parse_host(struct arena *a, str scheme, str s, str *out)
{
	size_t open = str_rfind_char(s, '['), colon = str_find_char(s, ':');

	if (open == 0)
		return parse_literal(a, s, out);
	if (open != STR_NPOS)
		return err_new(ERR_INVALID, "invalid IP-literal");
	if (colon != STR_NPOS) {
		if (!str_eq(scheme, S("http")) && !str_eq(scheme, S("https")))
			colon = str_rfind_char(s, ':');
		TRY(check_port(str_from(s, colon)));
	}
	return unescape(a, s, PLACE_HOST, out);
}

static err *parse_user(struct arena *a, str s, struct gourl *u)
{
	str user = s, password = STR_NONE;

	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum((unsigned char)s.p[i]) &&
		    (!s.p[i] || !strchr("-._:~!$&'()*+,;=%@", s.p[i])))
			return err_new(ERR_INVALID, "net/url: invalid userinfo");
	u->has_user = true;
	u->has_password = str_split(s, ':', &user, &password);
	TRY(unescape(a, user, PLACE_USER, &u->user));
	return unescape(a, password, PLACE_USER, &u->password);
}

static err *parse_authority(struct arena *a, str s, struct gourl *u)
{
	size_t at = str_rfind_char(s, '@');

	TRY(parse_host(a, u->scheme, at == STR_NPOS ? s : str_from(s, at + 1), &u->host));
	return at == STR_NPOS ? NULL : parse_user(a, str_sub(s, 0, at), u);
}

/* Decode, and keep the spelling when it is not the one we would write. */
static err *set_part(struct arena *a, str s, enum place place, str *part, str *raw)
{
	CLEANUP(buf_release) struct buf usual = BUF_INIT;

	TRY(unescape(a, s, place, part));
	escape(&usual, *part, place);
	*raw = str_eq(s, buf_str(&usual)) ? STR_NONE : s;
	return NULL;
}

static void take_query(str *s, struct gourl *u)
{
	size_t at = str_find_char(*s, '?');

	if (at == STR_NPOS)
		return;
	u->query = str_from(*s, at + 1);
	u->empty_query = !u->query.n;
	*s = str_sub(*s, 0, at);
}

static str in_small_letters(struct arena *a, str s)
{
	char *to = arena_alloc(a, s.n + 1);

	for (size_t i = 0; i < s.n; i++)
		to[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
	return str_of(to, s.n);
}

static err *parse_rest(struct arena *a, str s, bool request, struct gourl *u)
{
	str segment, after;

	if (!str_starts(s, S("/"))) {
		if (u->scheme.n) {
			u->opaque = s;
			return NULL;
		}
		if (request)
			return err_new(ERR_INVALID, "invalid URI for request");
		str_split(s, '/', &segment, &after);
		if (str_find_char(segment, ':') != STR_NPOS)
			return err_new(ERR_INVALID,
				       "first path segment in URL cannot contain colon");
	}
	if (str_starts(s, S("//")) && (u->scheme.n || (!request && !str_starts(s, S("///"))))) {
		str authority = str_from(s, 2);
		size_t slash = str_find_char(authority, '/');

		s = slash == STR_NPOS ? STR_NONE : str_from(authority, slash);
		TRY(parse_authority(a, str_sub(authority, 0, slash), u));
	} else if (u->scheme.n && s.n) {
		u->omit_host = true;
	}
	return set_part(a, s, PLACE_PATH, &u->path, &u->raw_path);
}

static err *parse_all(struct arena *a, str s, bool request, struct gourl *u)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return err_new(ERR_INVALID, "net/url: invalid control character in URL");
	if (request && !s.n)
		return err_new(ERR_INVALID, "empty url");
	if (str_eq(s, S("*"))) {
		u->path = s;
		return NULL;
	}
	TRY(take_scheme(&s, &u->scheme));
	u->scheme = in_small_letters(a, u->scheme);
	take_query(&s, u);
	return parse_rest(a, s, request, u);
}

static err *parse_error(str text, err *e)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, text, QUOTE_PRINT);
	return err_wrap(e, "parse %.*s", STR_ARG(buf_str(&b)));
}

err *gourl_parse(struct arena *a, str text, struct gourl *out)
{
	struct gourl u = { 0 };
	str before, fragment;

	str_split(text, '#', &before, &fragment);
	err *e = parse_all(a, before, false, &u);

	if (e)
		return parse_error(before, e);
	if (fragment.n)
		e = set_part(a, fragment, PLACE_FRAGMENT, &u.fragment, &u.raw_fragment);
	if (e)
		return parse_error(text, e);
	*out = u;
	return NULL;
}

err *gourl_parse_request(struct arena *a, str text, struct gourl *out)
{
	struct gourl u = { 0 };
	err *e = parse_all(a, text, true, &u);

	if (e)
		return parse_error(text, e);
	*out = u;
	return NULL;
}

/* ---- printing ---------------------------------------------------------- */

/* The spelling that was read, while it still says the same. */
static void add_part(struct buf *b, str part, str raw, enum place place)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str decoded;
	bool valid = raw.n > 0;

	for (size_t i = 0; i < raw.n && valid; i++) {
		char c = raw.p[i];

		valid = c && (strchr("!$&'()*+,;=:@[]%", c) || is_plain((unsigned char)c, place));
	}
	if (valid) {
		err *e = unescape(&a, raw, place, &decoded);

		valid = !e && str_eq(decoded, part);
		err_free(e);
	}
	if (valid)
		buf_add(b, raw);
	else if (place == PLACE_PATH && str_eq(part, S("*")))
		buf_addc(b, '*');
	else
		escape(b, part, place);
}

void gourl_add_user(struct buf *b, const struct gourl *u)
{
	escape(b, u->user, PLACE_USER);
	if (u->has_password) {
		buf_addc(b, ':');
		escape(b, u->password, PLACE_USER);
	}
}

static void add_authority(struct buf *b, const struct gourl *u)
{
	if (!u->scheme.n && !u->host.n && !u->has_user)
		return;
	if (u->omit_host && !u->host.n && !u->has_user)
		return;
	if (u->host.n || u->path.n || u->has_user)
		buf_add(b, S("//"));
	if (u->has_user) {
		gourl_add_user(b, u);
		buf_addc(b, '@');
	}
	escape(b, u->host, PLACE_HOST);
}

static void add_path(struct buf *b, const struct gourl *u, size_t start)
{
	CLEANUP(buf_release) struct buf path = BUF_INIT;
	str segment, after;

	add_part(&path, u->path, u->raw_path, PLACE_PATH);
	if (path.n && path.p[0] != '/' && u->host.n)
		buf_addc(b, '/');
	str_split(buf_str(&path), '/', &segment, &after);
	if (b->n == start && str_find_char(segment, ':') != STR_NPOS)
		buf_add(b, S("./"));
	buf_add(b, buf_str(&path));
}

void gourl_add(struct buf *b, const struct gourl *u)
{
	size_t start = b->n;

	if (u->scheme.n) {
		buf_add(b, u->scheme);
		buf_addc(b, ':');
	}
	if (u->opaque.n) {
		buf_add(b, u->opaque);
	} else {
		add_authority(b, u);
		add_path(b, u, start);
	}
	if (u->empty_query || u->query.n) {
		buf_addc(b, '?');
		buf_add(b, u->query);
	}
	if (u->fragment.n) {
		buf_addc(b, '#');
		add_part(b, u->fragment, u->raw_fragment, PLACE_FRAGMENT);
	}
}

str gourl_hostname(const struct gourl *u)
{
	str h = u->host;
	size_t close = str_rfind_char(h, ']'), colon = str_rfind_char(h, ':');

	if (str_starts(h, S("[")) && close != STR_NPOS)
		return str_sub(h, 1, close);
	return str_sub(h, 0, colon);
}

/* ---- references -------------------------------------------------------- */

/* The path without "." and ".." elements, beginning with a slash. */
static void add_clean_path(struct buf *out, str full)
{
	bool more = true, first = true;
	str element = STR_NONE;

	buf_addc(out, '/');
	while (more) {
		more = str_split(full, '/', &element, &full);
		if (str_eq(element, S("."))) {
			first = false;
		} else if (str_eq(element, S(".."))) {
			size_t slash = str_rfind_char(str_from(buf_str(out), 1), '/');

			buf_trim(out, slash == STR_NPOS ? 1 : slash + 1);
			first = out->n == 1;
		} else {
			if (!first)
				buf_addc(out, '/');
			buf_add(out, element);
			first = false;
		}
	}
	if (str_eq(element, S(".")) || str_eq(element, S("..")))
		buf_addc(out, '/');
}

/* Set the path to `reference` as seen from `base`, both escaped. */
static void join_path(struct arena *a, str base, str reference, struct gourl *out)
{
	CLEANUP(buf_release) struct buf full = BUF_INIT, clean = BUF_INIT;

	if (!reference.n || reference.p[0] != '/')
		buf_add(&full, reference.n ? str_sub(base, 0, str_rfind_char(base, '/') + 1) : base);
	buf_add(&full, reference);
	if (full.n)
		add_clean_path(&clean, buf_str(&full));
	str path = buf_str(&clean);

	/* what was escaped decodes again */
	if (path.n > 1 && path.p[1] == '/')
		path = str_from(path, 1);
	err_free(set_part(a, arena_str(a, path), PLACE_PATH, &out->path, &out->raw_path));
}

void gourl_add_path(struct buf *b, const struct gourl *u)
{
	add_part(b, u->path, u->raw_path, PLACE_PATH);
}

static str escaped_path(struct buf *b, const struct gourl *u)
{
	gourl_add_path(b, u);
	return buf_str(b);
}

void gourl_resolve(struct arena *a, const struct gourl *base, const struct gourl *ref,
		   struct gourl *out)
{
	CLEANUP(buf_release) struct buf from = BUF_INIT, to = BUF_INIT;
	struct gourl u = *ref;

	if (!ref->scheme.n)
		u.scheme = base->scheme;
	if (ref->scheme.n || ref->host.n || ref->has_user) {
		join_path(a, escaped_path(&to, ref), STR_NONE, &u);
	} else if (!ref->opaque.n) {
		if (!ref->path.n && !ref->empty_query && !ref->query.n) {
			u.query = base->query;
			if (!ref->fragment.n) {
				u.fragment = base->fragment;
				u.raw_fragment = base->raw_fragment;
			}
		}
		if (!ref->path.n && base->opaque.n) {
			u.opaque = base->opaque;
		} else {
			u.host = base->host;
			u.has_user = base->has_user;
			u.has_password = base->has_password;
			u.user = base->user;
			u.password = base->password;
			join_path(a, escaped_path(&from, base), escaped_path(&to, ref), &u);
		}
	}
	*out = u;
}
