/* The reader's front: options, documents, errors with their places, and who
 * reads what. The fast reader begins; a document that it gives up on is read
 * by the full one, from its beginning. */
#include "value/yaml_impl.h"

struct reader {
	struct arena *a;
	const struct yaml_options *o;
	str text;
	uint32_t base;		/* place of the first byte; 0: none */
	struct yaml_fast fast;
	bool is_fast;		/* the next document is the fast reader's */
	size_t read_n;		/* documents so far */
	bool is_open;		/* `compose` is in use */
	struct yaml_compose compose;
	size_t counted;		/* bytes whose lines are counted ... */
	int32_t lines;		/* ... this many */
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

/* ---- the full reader --------------------------------------------------- */

static int32_t lines_before(struct reader *r, size_t pos)
{
	for (; r->counted < pos; r->counted++)
		r->lines += r->text.p[r->counted] == '\n';
	return r->lines;
}

static void open_compose(struct reader *r, size_t pos)
{
	if (r->is_open)
		yaml_compose_release(&r->compose);
	yaml_compose_init(&r->compose, r->a, r->text, r->o);
	yaml_compose_goto(&r->compose, pos, lines_before(r, pos));
	r->is_open = true;
}

/* The fast reader may go on at the next document, unless that may refer to
 * anchors before it. To change readers costs too much where all documents are small. */
static void back_to_fast(struct reader *r, const struct yaml_document *doc)
{
	enum { SMALL = 512 };
	size_t pos = (size_t)doc->to;

	if (!r->fast.f || doc->to - doc->from < SMALL || !str_starts(str_from(r->text, pos), S("---")) ||
	    (r->o->rules == YAML_1_2 && r->compose.anchors.n))
		return;
	yaml_fast_goto(&r->fast, pos);
	r->is_fast = true;
}

static err *read_full(struct reader *r, struct yaml_doc *out, bool *more)
{
	struct yaml_document doc;
	struct yaml_mark bad = { 0 };
	err *e = yaml_compose_next(&r->compose, &doc);

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
	if (!e)
		back_to_fast(r, &doc);
	return with_place(r, e, bad);
}

/* Where the text as such is wrong, go-yaml may tell so long before it gets
 * there; the documents above are no news. */
static err *start_again(struct reader *r)
{
	struct yaml_document doc;

	yaml_fast_release(&r->fast);
	open_compose(r, 0);
	for (size_t i = 0; i < r->read_n; i++) {
		err *e = yaml_compose_next(&r->compose, &doc);

		if (e)
			return with_place(r, e, r->compose.parse.scan.bad);
	}
	return NULL;
}

/* ---- documents --------------------------------------------------------- */

/* The next document; `more` is false when there is none. */
static err *next(struct reader *r, struct yaml_doc *out, bool *more)
{
	*out = (struct yaml_doc){ .root = node_null() };
	if (r->is_fast) {
		if (yaml_fast_read(&r->fast, more, &out->root)) {
			r->read_n++;
			return NULL;
		}
		r->is_fast = false;
		if (yaml_fast_check_ahead(&r->fast, r->text.n))
			open_compose(r, yaml_fast_pos(&r->fast));
		else
			TRY(start_again(r));
	}
	r->read_n++;
	return read_full(r, out, more);
}

/* UTF-16 is copied as it is read; its places are in the copy. */
static str text_of_places(const struct reader *r)
{
	const struct yaml_scan *s = &r->compose.parse.scan;

	return r->is_open && s->copy ? str_of(s->copy, r->text.n / 2 * 3) : r->text;
}

static err *open_reader(struct reader *r, struct arena *a, str text, const struct yaml_options *o)
{
	*r = (struct reader){ .a = a, .o = o, .text = text };
	if (text.n > YAML_TEXT_MAX)
		return err_new(ERR_INVALID, "yaml: text is larger than %d bytes", YAML_TEXT_MAX);
	r->is_fast = yaml_fast_init(&r->fast, a, text, o);
	if (!r->is_fast)
		open_compose(r, 0);
	if (o->sources && o->in)
		r->base = sources_add_in(o->sources, o->name, text_of_places(r), o->in);
	else if (o->sources)
		r->base = sources_add_from(o->sources, o->name, text_of_places(r), first_line(o));
	if (r->is_fast)
		yaml_fast_base(&r->fast, r->base);
	return NULL;
}

static void close_reader(struct reader *r)
{
	yaml_fast_release(&r->fast);
	if (r->is_open)
		yaml_compose_release(&r->compose);
}

/* Go-yaml looks ahead over the end of the first document: it meets what is
 * wrong with the text there, and under 1.2 errors in the next tokens, too. */
static bool is_alone(struct reader *r)
{
	enum { WINDOWS = 2048 };

	if (yaml_fast_pos(&r->fast) == r->text.n)
		return true;
	return r->o->rules == YAML_1_1 && yaml_fast_check_ahead(&r->fast, WINDOWS);
}

static err *read_first(struct reader *r, node *out)
{
	struct yaml_doc doc;
	bool more;
	struct arena_mark mark = arena_mark(r->a);
	bool was_fast = r->is_fast;

	TRY(next(r, &doc, &more));
	if (was_fast && r->is_fast && !is_alone(r)) {
		arena_rewind(r->a, mark);
		r->is_fast = false;
		yaml_fast_release(&r->fast);
		open_compose(r, 0);
		TRY(next(r, &doc, &more));
	}
	*out = doc.root;
	return NULL;
}

static err *read_all(struct reader *r, struct yaml_doc **docs, size_t *n)
{
	VEC(struct yaml_doc) list = { 0 };
	struct yaml_doc doc;
	bool more;
	err *e;

	while (!(e = next(r, &doc, &more)) && more)
		vec_push(&list, doc);
	if (!e) {
		*n = list.n;
		*docs = arena_alloc(r->a, list.n * sizeof doc);
		if (list.n)
			memcpy(*docs, list.p, list.n * sizeof doc);
	}
	vec_release(&list);
	return e;
}

err *yaml_read(struct arena *a, str text, const struct yaml_options *o, node *out)
{
	struct reader r;

	TRY(open_reader(&r, a, text, o));
	err *e = with_prefix(&r, read_first(&r, out));

	close_reader(&r);
	return e;
}

err *yaml_read_all(struct arena *a, str text, const struct yaml_options *o, struct yaml_doc **docs,
		   size_t *n)
{
	struct reader r;

	TRY(open_reader(&r, a, text, o));
	err *e = with_prefix(&r, read_all(&r, docs, n));

	close_reader(&r);
	return e;
}
