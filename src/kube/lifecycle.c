#include "kube/lifecycle.h"

#include <stdlib.h>

#include "kube/lifecycle_table.h"

static int cmp(const void *x, const void *y)
{
	const struct lifecycle *a = x, *b = y;
	int c = str_cmp(a->api_version, b->api_version);

	return c ? c : str_cmp(a->kind, b->kind);
}

const struct lifecycle *lifecycle_find(str api_version, str kind)
{
	const struct lifecycle key = { .api_version = api_version, .kind = kind };

	return bsearch(&key, rows, sizeof rows / sizeof *rows, sizeof *rows, cmp);
}

bool lifecycle_is_deprecated(const struct lifecycle *l, struct lifecycle_release now)
{
	if (!now.major && !now.minor)
		return true;
	if (l->deprecated.major != now.major)
		return l->deprecated.major < now.major;
	return l->deprecated.minor <= now.minor;
}

void lifecycle_warn(struct buf *b, const struct lifecycle *l)
{
	buf_addf(b, "%.*s %.*s is deprecated in v%llu.%llu+", STR_ARG(l->api_version), STR_ARG(l->kind),
		 (unsigned long long)l->deprecated.major, (unsigned long long)l->deprecated.minor);
	if (l->removed.major || l->removed.minor)
		buf_addf(b, ", unavailable in v%llu.%llu+", (unsigned long long)l->removed.major,
			 (unsigned long long)l->removed.minor);
	if (l->use.n)
		buf_addf(b, "; use %.*s", STR_ARG(l->use));
}
