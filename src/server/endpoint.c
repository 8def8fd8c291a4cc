#include "server/endpoint.h"

#include "server/parts.h"

/* How much of the path a row answers for; 0: it is not this one. */
static size_t match(const struct endpoint *e, str path)
{
	str is = str_c(e->path);

	if (is.n && is.p[is.n - 1] == '*') {
		is.n--;
		return str_starts(path, is) ? is.n : 0;
	}
	return str_eq(path, is) ? is.n + 1 : 0;
}

const struct endpoint *endpoint_find(str path)
{
	const struct endpoint *best = NULL;
	size_t most = 0;

	for (const struct endpoint *const *t = parts_endpoints; *t; t++)
		for (const struct endpoint *e = *t; e->path; e++) {
			size_t n = match(e, path);

			if (n > most) {
				most = n;
				best = e;
			}
		}
	return best;
}

const struct endpoint *endpoint_next(size_t *at)
{
	size_t i = 0;

	for (const struct endpoint *const *t = parts_endpoints; *t; t++)
		for (const struct endpoint *e = *t; e->path; e++)
			if (i++ == *at) {
				++*at;
				return e;
			}
	return NULL;
}

void endpoint_text(struct request *r, str text)
{
	r->answer.type = S("text/plain; charset=utf-8");
	buf_add(&r->answer.body, text);
}
