#include "source/ociref.h"

#include "source/digest.h"
#include "text/gourl.h"
#include "text/quote.h"

static const char docker_hub[] = "index.docker.io";

/* ---- characters ------------------------------------------------------------ */

#define REPOSITORY_CHARS "abcdefghijklmnopqrstuvwxyz0123456789_-./"
#define TAG_CHARS        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-."

static err *check(const char *what, str text, str allowed, size_t min, size_t max)
{
	if (text.n < min || text.n > max)
		return err_new(ERR_INVALID,
			       "%s must be between %zu and %zu characters in length: %.*s", what,
			       min, max, STR_ARG(str_sub(text, 0, 2 * OCIREF_REPOSITORY_MAX)));
	for (size_t i = 0; i < text.n; i++)
		if (str_find_char(allowed, text.p[i]) == STR_NPOS)
			return err_new(ERR_INVALID,
				       "%s can only contain the characters `%.*s`: %.*s", what,
				       STR_ARG(allowed), STR_ARG(text));
	return NULL;
}

err *ociref_check_tag(str tag)
{
	return check("tag", tag, S(TAG_CHARS), 1, OCIREF_TAG_MAX);
}

/* Slashes and dots that no registry has in a name, and that would change
 * the path of a request. */
static bool has_odd_part(str repository)
{
	str part;

	if (str_ends(repository, S("/")))
		return true;
	while (str_cut(&repository, &part, '/'))
		if (!part.n || str_eq(part, S(".")) || str_eq(part, S("..")))
			return true;
	return false;
}

static err *check_repository(str repository)
{
	TRY(check("repository", repository, S(REPOSITORY_CHARS), 2, OCIREF_REPOSITORY_MAX));
	if (has_odd_part(repository))
		return err_new(ERR_INVALID, "repository has an empty or dotted part: %.*s",
			       STR_ARG(repository));
	return NULL;
}

/* It must be a URL's authority, and nothing else of a URL. */
static err *check_registry(struct arena *a, str registry)
{
	struct gourl u;
	err *e = gourl_parse(a, arena_cat(a, S("//"), registry), &u);

	if (!e && str_eq(u.host, registry) && !u.has_user && !u.path.n && !u.query.n)
		return NULL;
	err_free(e);
	return err_new(ERR_INVALID, "registries must be valid RFC 3986 URI authorities: %.*s",
		       STR_ARG(registry));
}

/* ---- parsing --------------------------------------------------------------- */

/* "host:port/repo:tag" without its tag; a colon before the last slash is a port's. */
static err *take_tag(str *name, str *tag)
{
	size_t colon = str_rfind_char(*name, ':');

	if (colon == STR_NPOS || str_find_char(str_from(*name, colon), '/') != STR_NPOS)
		return NULL;
	*tag = str_from(*name, colon + 1);
	*name = str_sub(*name, 0, colon);
	return ociref_check_tag(*tag);
}

static err *take_digest(str *name, str *digest)
{
	struct digest d;
	size_t at = str_find_char(*name, '@');

	if (at == STR_NPOS)
		return NULL;
	*digest = str_from(*name, at + 1);
	*name = str_sub(*name, 0, at);
	return digest_parse(&d, *digest);
}

/* The registry that has no name of its own, and its own repositories. */
static void at_docker_hub(struct arena *a, struct ociref *r)
{
	if (!r->registry.n || str_eq(r->registry, S("docker.io")))
		r->registry = str_c(docker_hub);
	if (str_eq(r->registry, str_c(docker_hub)) && str_find_char(r->repository, '/') == STR_NPOS)
		r->repository = arena_cat(a, S("library/"), r->repository);
}

static err *parse_repository(struct arena *a, str text, struct ociref *out)
{
	struct ociref r = { .tag = out->tag, .digest = out->digest, .repository = text };
	str first, rest;

	if (str_split(text, '/', &first, &rest) &&
	    (str_find_char(first, '.') != STR_NPOS || str_find_char(first, ':') != STR_NPOS)) {
		r.registry = first;
		r.repository = rest;
	}
	TRY(check_repository(r.repository));
	if (r.registry.n)
		TRY(check_registry(a, r.registry));
	at_docker_hub(a, &r);
	*out = r;
	return NULL;
}

static err *parse(struct arena *a, str text, struct ociref *out)
{
	struct ociref r = { 0 };

	TRY(take_digest(&text, &r.digest));
	TRY(take_tag(&text, &r.tag));
	TRY(parse_repository(a, text, &r));
	*out = r;
	return NULL;
}

err *ociref_parse(struct arena *a, str text, struct ociref *out)
{
	err *e = parse(a, text, out);

	return e ? err_replace(e, "could not parse reference: %.*s", STR_ARG(text)) : NULL;
}

err *ociref_parse_repository(struct arena *a, str text, struct ociref *out)
{
	struct ociref r = { 0 };

	TRY(parse_repository(a, text, &r));
	*out = r;
	return NULL;
}

/* ---- as ORAS has it ----------------------------------------------------------- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Words with ".", "_", "__" or any number of "-" between two of them. */
static bool is_component(str s)
{
	size_t i = 0;

	if (!s.n || !is_word(s.p[0]) || !is_word(s.p[s.n - 1]))
		return false;
	while (i < s.n) {
		size_t from = i;

		if (is_word(s.p[i++]))
			continue;
		while (i < s.n && !is_word(s.p[i]))
			i++;
		str between = str_sub(s, from, i);

		if (str_eq(between, S(".")) || str_eq(between, S("_")) || str_eq(between, S("__")))
			continue;
		for (size_t k = 0; k < between.n; k++)
			if (between.p[k] != '-')
				return false;
	}
	return true;
}

static bool is_repository(str s)
{
	str part;

	if (!s.n || s.n > OCIREF_REPOSITORY_MAX || str_ends(s, S("/")))
		return false;
	while (str_cut(&s, &part, '/'))
		if (!is_component(part))
			return false;
	return true;
}

static err *invalid(struct arena *a, const char *what, str text)
{
	return err_new(ERR_INVALID, "invalid reference: invalid %s %.*s", what,
		       STR_ARG(quote_str(a, text)));
}

static err *check_marks(struct arena *a, const struct ociref *r)
{
	struct digest d;
	err *e = r->digest.n ? digest_parse(&d, r->digest) : NULL;

	if (e)
		return err_wrap(e, "invalid reference: invalid digest %.*s",
				STR_ARG(quote_str(a, r->digest)));
	e = r->tag.n ? ociref_check_tag(r->tag) : NULL;
	if (!e && !str_starts(r->tag, S(".")) && !str_starts(r->tag, S("-")))
		return NULL;
	err_free(e);
	return invalid(a, "tag", r->tag);
}

err *ociref_parse_at(struct arena *a, str text, struct ociref *out)
{
	struct ociref r = { 0 };

	if (!str_split(text, '/', &r.registry, &r.repository))
		return err_new(ERR_INVALID,
			       "invalid reference: missing registry or repository");
	str_split(r.repository, '@', &r.repository, &r.digest);
	str_split(r.repository, ':', &r.repository, &r.tag);
	err *e = check_registry(a, r.registry);

	if (e) {
		err_free(e);
		return invalid(a, "registry", r.registry);
	}
	if (!is_repository(r.repository))
		return invalid(a, "repository", r.repository);
	TRY(check_marks(a, &r));
	at_docker_hub(a, &r);
	*out = r;
	return NULL;
}

bool ociref_take_scheme(str *url)
{
	return str_take_str(url, S("oci://"));
}

/* ---- printing -------------------------------------------------------------- */

str ociref_name(struct arena *a, const struct ociref *r)
{
	return arena_cat(a, r->registry, S("/"), r->repository);
}

str ociref_wanted(const struct ociref *r)
{
	if (r->digest.n)
		return r->digest;
	return r->tag.n ? r->tag : S("latest");
}

str ociref_text(struct arena *a, const struct ociref *r)
{
	return arena_cat(a, ociref_name(a, r), r->digest.n ? S("@") : S(":"), ociref_wanted(r));
}

/* ---- places ---------------------------------------------------------------- */

static bool is_private_v4(str host)
{
	uint64_t part[4];
	str text;
	size_t n = 0;

	while (str_cut(&host, &text, '.'))
		if (n == 4 || !str_to_u64(text, &part[n++]))
			return false;
	if (n != 4)
		return false;
	return part[0] == 127 || part[0] == 10 || (part[0] == 192 && part[1] == 168) ||
	       (part[0] == 172 && part[1] >= 16 && part[1] < 32);
}

bool ociref_is_local(str registry)
{
	struct gourl u = { .host = registry };
	str host = gourl_hostname(&u);

	return str_eq(host, S("localhost")) || str_ends(host, S(".localhost")) ||
	       str_ends(host, S(".local")) || str_eq(host, S("::1")) || is_private_v4(host);
}
