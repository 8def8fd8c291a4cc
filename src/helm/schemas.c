#include "helm/schemas.h"

#include "base/buf.h"
#include "schema/schema.h"
#include "tmpl/value.h"

struct lender {
	const struct chart *c;
	schemas_fetch *fetch;
	void *ctx;
};

static bool lend_file(void *ctx, struct arena *a, str path, str *text)
{
	const struct lender *l = ctx;
	const struct chart_file *f = chart_find_file(&l->c->raw, path);

	(void)a;
	if (f)
		*text = f->data;
	return f;
}

static err *fetch(void *ctx, struct arena *a, str url, str *text)
{
	const struct lender *l = ctx;

	return l->fetch(l->ctx, a, url, text);
}

err *schemas_check_one(const struct chart *c, node values, schemas_fetch *fetcher, void *ctx)
{
	struct lender l = { c, fetcher, ctx };
	const struct schema_options o = {
		.file = lend_file,
		.fetch = fetcher ? fetch : NULL,
		.ctx = &l,
	};

	return schema_values_check(c->schema, values, &o);
}

static void check(const struct chart *c, node values, const struct lender *l, struct buf *b)
{
	if (c->has_schema) {
		err *e = schemas_check_one(c, values, l->fetch, l->ctx);

		if (e)
			buf_addf(b, "%.*s:\n%s", STR_ARG(c->meta.name), err_msg(e));
		err_free(e);
	}
	for (size_t i = 0; i < c->subs_n; i++) {
		const struct chart *sub = c->subs[i];
		node below = node_get(values, sub->meta.name);

		if (below.kind == NODE_MAP)
			check(sub, below, l, b);
		else if (!node_is_nil(below))
			buf_addf(b, "%.*s:\ninvalid type for values: expected object (map), got "
				    "%.*s\n",
				 STR_ARG(sub->meta.name), STR_ARG(value_type_name(below)));
	}
}

err *schemas_check(const struct chart *c, node values, schemas_fetch *fetcher, void *ctx)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(16 << 20);
	const struct lender l = { c, fetcher, ctx };

	check(c, values, &l, &b);
	if (!b.n)
		return NULL;
	return err_new(ERR_INVALID, "values don't meet the specifications of the schema(s) in the "
				    "following chart(s):\n%s",
		       buf_c(&b));
}
