#include "kustomize/repourl.h"

#include "base/err.h"
#include "text/duration.h"
#include "text/number.h"
#include "text/path.h"

#define SECOND INT64_C(1000000000)
enum { TIMEOUT_DEFAULT = 27 };	/* seconds, as kustomize waits for a clone */

static bool take_nocase(str *s, str prefix)
{
	if (!str_eq_nocase(str_sub(*s, 0, prefix.n), prefix))
		return false;
	*s = str_from(*s, prefix.n);
	return true;
}

/* ---- query ------------------------------------------------------------- */

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool unescape(struct arena *a, str in, str *out)
{
	char *to = arena_alloc(a, in.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '%') {
			if (i + 2 >= in.n || hex(in.p[i + 1]) < 0 || hex(in.p[i + 2]) < 0)
				return false;
			to[n++] = (char)(hex(in.p[i + 1]) << 4 | hex(in.p[i + 2]));
			i += 2;
		} else {
			to[n++] = in.p[i] == '+' ? ' ' : in.p[i];
		}
	}
	*out = str_of(to, n);
	return true;
}

static void set_timeout(struct repourl *u, str value)
{
	int64_t n;
	err *e = number_parse_atoi(value, &n);

	if (!e) {
		if (n > 0 && n < INT64_MAX / SECOND)
			u->timeout = n * SECOND;
		return;
	}
	err_free(e);
	e = duration_parse(value, &n);
	if (!e && n > 0)
		u->timeout = n;
	err_free(e);
}

static void set_submodules(struct repourl *u, str value)
{
	bool b;
	err *e = number_parse_bool(value, &b);

	if (!e)
		u->submodules = b;
	err_free(e);
}

/* A query that cannot be read at all sets nothing. */
static void parse_query(struct arena *a, str query, struct repourl *u)
{
	str ref = STR_NONE, version = STR_NONE, timeout = STR_NONE, submodules = STR_NONE, piece;

	while (str_cut(&query, &piece, '&')) {
		str key, value;

		str_split(piece, '=', &key, &value);
		if (str_find_char(piece, ';') != STR_NPOS || !unescape(a, key, &key) ||
		    !unescape(a, value, &value))
			return;
		if (str_eq(key, S("ref")) && !ref.n)
			ref = value;
		else if (str_eq(key, S("version")) && !version.n)
			version = value;
		else if (str_eq(key, S("timeout")) && !timeout.n)
			timeout = value;
		else if (str_eq(key, S("submodules")) && !submodules.n)
			submodules = value;
	}
	u->ref = ref.n ? ref : version;
	if (timeout.n)
		set_timeout(u, timeout);
	if (submodules.n)
		set_submodules(u, submodules);
}

/* ---- host and path ----------------------------------------------------- */

static str take_user(str *s)
{
	size_t n = 0;

	while (n < s->n && ((s->p[n] | 32) >= 'a' && (s->p[n] | 32) <= 'z'))
		n++;
	if (!n)
		return STR_NONE;
	while (n < s->n && (((s->p[n] | 32) >= 'a' && (s->p[n] | 32) <= 'z') ||
			    (s->p[n] >= '0' && s->p[n] <= '9') || s->p[n] == '-'))
		n++;
	if (n >= s->n || s->p[n] != '@')
		return STR_NONE;
	str user = str_sub(*s, 0, n + 1);

	*s = str_from(*s, n + 1);
	return user;
}

static str take_scheme(str *s)
{
	static const str schemes[] = { { "ssh://", 6 }, { "https://", 8 }, { "http://", 7 },
				       { "file://", 7 } };

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (take_nocase(s, schemes[i]))
			return schemes[i];
	return STR_NONE;
}

static bool is_github(str s)
{
	return take_nocase(&s, S("github.com/")) || take_nocase(&s, S("github.com:"));
}

/* Split what follows the scheme into the host, its separator included, and
 * the path; gives the clone URL's front. */
static bool take_host(struct arena *a, str *s, str *host, bool *whole_path)
{
	take_nocase(s, S("git::"));
	str scheme = take_scheme(s), user = take_user(s);
	bool github = is_github(*s), scp = !scheme.n && (user.n || github);

	*whole_path = str_eq(scheme, S("file://"));
	if (!scheme.n && !scp)
		return false;
	if (*whole_path) {
		*s = arena_cat(a, user, *s);
		*host = scheme;
		return true;
	}
	size_t sep = str_find_char(*s, '/'), colon = scp ? str_find_char(*s, ':') : STR_NPOS;

	if (colon != STR_NPOS && colon > 0 && (sep == STR_NPOS || colon < sep))
		sep = colon;
	str name = sep == STR_NPOS ? *s : str_sub(*s, 0, sep + 1);

	*s = str_from(*s, name.n);
	if (github && (str_eq(scheme, S("ssh://")) || user.n))
		*host = arena_cat(a, user, S("github.com:"));
	else if (github)
		*host = S("https://github.com/");
	else
		*host = arena_cat(a, scheme, user, name);
	return name.n > 0;
}

static size_t after_segments(str s, size_t from, unsigned count)
{
	for (size_t i = from; i < s.n; i++)
		if (s.p[i] == '/' && --count == 0)
			return i;
	return count <= 1 ? s.n : STR_NPOS;
}

static bool split_path(str s, bool whole, str *repo, str *path)
{
	size_t at;

	if ((at = str_find(s, S("_git/"))) != STR_NPOS) {
		at = after_segments(s, at + 5, 1);
		*repo = str_sub(s, 0, at);
		*path = str_from(s, at + 1);
	} else if ((at = str_find(s, S("//"))) != STR_NPOS) {
		*repo = str_sub(s, 0, at);
		*path = str_from(s, at + 2);
	} else if ((at = str_find(s, S(".git"))) != STR_NPOS) {
		*repo = str_sub(s, 0, at + 4);
		*path = str_from(s, at + 4);
	} else if (whole) {
		*repo = s;
		*path = STR_NONE;
	} else {
		at = after_segments(s, 0, 2);
		if (at == STR_NPOS)
			return false;
		*repo = str_sub(s, 0, at);
		*path = str_from(s, at + 1);
	}
	return repo->n > 0;
}

bool repourl_parse(struct arena *a, str text, struct repourl *out)
{
	struct repourl u = { .timeout = TIMEOUT_DEFAULT * SECOND, .submodules = true };
	str rest, query, host, repo;
	bool whole;

	if (path_is_abs(text))
		return false;
	str_split(text, '?', &rest, &query);
	parse_query(a, query, &u);
	if (!take_host(a, &rest, &host, &whole) || !split_path(rest, whole, &repo, &u.path))
		return false;
	str_take(&u.path, '/');
	str clean = path_clean(a, u.path);

	if (str_eq(clean, S("..")) || str_starts(clean, S("../")))
		return false;
	u.clone = arena_cat(a, host, repo);
	*out = u;
	return true;
}
