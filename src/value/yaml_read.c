/* The reader's front: options, documents, errors with their places. */
#include "value/yaml_impl.h"

struct reader {
	struct arena *a;
	const struct yaml_options *o;
	str text;
	uint32_t base;		/* place of the first byte; 0: none */
	struct yaml_compose compose;
};

static uint32_t first_line(const struct yaml_options *o)
{
	return o->line ? o->line : 1;
}

/* go-yaml's own words tell a line; here the error gets the exact place. */
static err *with_place(struct reader *r, err *e, struct yaml_mark at)
{
	if (!e)
		return NULL;
	if (r->base)
		e = sources_err(r->o->sources, r->base + (uint32_t)at.pos, e);
	else if (r->o->name.n)
		e = err_at(e, r->o->name, first_line(r->o) + (uint32_t)at.line,
			   (uint32_t)at.column + 1);
	return e;
}

static err *with_prefix(struct reader *r, err *e)
{
	if (!e || !r->o->json || str_starts(err_text(e), S("error unmarshaling JSON")))
		return e;
	return err_wrap(e, "error converting YAML to JSON");
}

/* The next document; `more` is false when there is none. */
static err *next(struct reader *r, struct yaml_doc *out, bool *more)
{
	struct yaml_document doc;
	struct yaml_mark bad = { 0 };
	err *e = yaml_compose_next(&r->compose, &doc);

	*out = (struct yaml_doc){ .root = node_null() };
	*more = doc.root != NULL;
	if (e)
		return with_place(r, e, r->compose.parse.scan.bad);
	if (!doc.root)
		return NULL;
	if (r->o->keep) {
		yaml_keep(r->a, &doc, r->base, out);
		out->wide = yaml_is_wide(str_sub(r->text, (size_t)doc.from, (size_t)doc.to));
		return NULL;
	}
	e = yaml_decode(r->a, &doc, r->o, r->base, &out->root, &bad);
	if (!e && r->o->json)
		e = yaml_json_step(r->a, &out->root, r->o->numbers);
	return with_place(r, e, bad);
}

static err *open_reader(struct reader *r, struct arena *a, str text, const struct yaml_options *o)
{
	*r = (struct reader){ .a = a, .o = o, .text = text };
	if (text.n > YAML_TEXT_MAX)
		return err_new(ERR_INVALID, "yaml: text is larger than %d bytes", YAML_TEXT_MAX);
	yaml_compose_init(&r->compose, a, text, o);
	const struct yaml_scan *s = &r->compose.parse.scan;

	if (o->sources)
		r->base = sources_add_from(o->sources, o->name,
					   s->copy ? str_of(s->copy, text.n / 2 * 3) : text,
					   first_line(o));
	return NULL;
}

static err *read_first(struct reader *r, node *out)
{
	struct yaml_doc doc;
	bool more;

	TRY(next(r, &doc, &more));
	*out = doc.root;
	return NULL;
}

static err *read_all(struct reader *r, struct yaml_doc **docs, size_t *n)
{
	VEC(struct yaml_doc) list = { 0 };
	struct yaml_doc doc;
	bool more;

	for (;;) {
		TRY(next(r, &doc, &more));
		if (!more)
			break;
		avec_push(r->a, &list, doc);
	}
	*docs = list.p;
	*n = list.n;
	return NULL;
}

err *yaml_read(struct arena *a, str text, const struct yaml_options *o, node *out)
{
	struct reader r;

	TRY(open_reader(&r, a, text, o));
	err *e = with_prefix(&r, read_first(&r, out));

	yaml_compose_release(&r.compose);
	return e;
}

err *yaml_read_all(struct arena *a, str text, const struct yaml_options *o, struct yaml_doc **docs,
		   size_t *n)
{
	struct reader r;

	TRY(open_reader(&r, a, text, o));
	err *e = with_prefix(&r, read_all(&r, docs, n));

	yaml_compose_release(&r.compose);
	return e;
}
