#include "server/request.h"

#include "base/vec.h"
#include "text/gourl.h"

void request_init(struct request *r, struct server *s, struct arena *a)
{
	*r = (struct request){
		.arena = a,
		.server = s,
		.warnings.arena = a,
		.answer.body = BUF_INIT,
	};
}

void request_release(struct request *r)
{
	buf_release(&r->answer.body);
	blob_unref(r->answer.blob);
	r->answer.blob = NULL;
	kind_unref(r->kind);
	r->kind = NULL;
	for (size_t i = 0; i < r->held.n; i++)
		kind_unref(r->held.p[i]);
	r->held.n = 0;
}

void request_hold(struct request *r, const struct kind *k)
{
	for (size_t i = 0; k && i < r->held.n; i++)
		if (r->held.p[i] == k) {
			kind_unref(k);
			return;
		}
	if (k)
		avec_push(r->arena, &r->held, k);
}

static const struct request_pair *find(const struct request_pair *pairs, size_t n, str key)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(pairs[i].key, key))
			return &pairs[i];
	return NULL;
}

str request_query(const struct request *r, str key)
{
	const struct request_pair *p = find(r->query, r->query_n, key);

	return p ? p->value : STR_NONE;
}

bool request_has_query(const struct request *r, str key)
{
	return find(r->query, r->query_n, key) != NULL;
}

bool request_flag(const struct request *r, str key)
{
	const struct request_pair *p = find(r->query, r->query_n, key);

	return p && !str_eq_nocase(p->value, S("false")) && !str_eq(p->value, S("0"));
}

str request_header(const struct request *r, str key)
{
	const struct request_pair *p = find(r->headers, r->headers_n, key);

	return p ? p->value : STR_NONE;
}

void request_add_header(struct request *r, str key, str value)
{
	struct answer *a = &r->answer;
	struct request_pair *more = arena_array(r->arena, struct request_pair, a->headers_n + 1);

	if (a->headers_n)
		memcpy(more, a->headers, a->headers_n * sizeof *more);
	more[a->headers_n++] = (struct request_pair){ key, value };
	a->headers = more;
}

/* url.QueryUnescape; false for a wrong escape. */
static bool unescape(struct arena *a, str s, str *out)
{
	if (str_find_char(s, '+') != STR_NPOS) {
		str copy = arena_str(a, s);

		for (size_t i = 0; i < copy.n; i++)
			if (copy.p[i] == '+')
				((char *)copy.p)[i] = ' ';
		s = copy;
	}
	err *e = gourl_unescape_segment(a, s, out);

	err_free(e);
	return !e;
}

void request_parse_query(struct request *r, str text)
{
	VEC(struct request_pair) v = { 0 };
	str part;

	while (str_cut(&text, &part, '&') && v.n < REQUEST_QUERY_MAX) {
		struct request_pair pair;
		str key, value;

		if (!part.n || str_find_char(part, ';') != STR_NPOS)
			continue;
		str_split(part, '=', &key, &value);
		if (unescape(r->arena, key, &pair.key) && unescape(r->arena, value, &pair.value))
			avec_push(r->arena, &v, pair);
	}
	r->query = v.p;
	r->query_n = v.n;
}

bool request_is_in(const struct request_user *u, str group)
{
	for (size_t i = 0; i < u->groups_n; i++)
		if (str_eq(u->groups[i], group))
			return true;
	return false;
}
