/* A text of JSON objects or YAML documents, nobody knows which: it begins as
 * JSON when its first character is a brace, and is YAML from the first object
 * on that is no JSON, unless two objects were read by then. When it is
 * neither, the error of the JSON reader is told. */
#include "base/utf8.h"
#include "helm/lint_impl.h"
#include "helm/manifest.h"
#include "helm/yamldocs.h"
#include "helm/yamlfit.h"
#include "value/json.h"

/* How far the first brace may be. */
enum { GUESS_MAX = 4096 };

void lint_docs_init(struct lint_docs *d, str text)
{
	str head = manifest_trim_left(str_sub(text, 0, GUESS_MAX));

	*d = (struct lint_docs){ .rest = text, .json = str_starts(head, S("{")) };
}

/* The length of the object or other value that the text begins with. */
static size_t json_length(str s)
{
	size_t depth = 0;
	bool inside = false;

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (inside && c == '\\')
			i++;
		else if (c == '"')
			inside = !inside;
		else if (!inside && (c == '{' || c == '['))
			depth++;
		else if (!inside && (c == '}' || c == ']') && (!depth || !--depth))
			return i + 1;
	}
	return s.n;
}

/* The number of bytes up to the one that an error is about, and it. */
static size_t offset_of(str text, const err *e)
{
	struct err_pos pos = err_position(e);
	size_t at = 0, end;

	while (pos.line-- > 1 && (end = str_find_char(str_from(text, at), '\n')) != STR_NPOS)
		at += end + 1;
	str rest = str_from(text, at);

	uint32_t rune;

	while (pos.col-- > 0 && utf8_take(&rest, &rune))
		;
	return (size_t)(rest.p - text.p);
}

static err *json_error(const struct lint_docs *d, str text, err *e)
{
	if (str_eq(err_text(e), S("unexpected end of JSON input")))
		return err_replace(e, "unexpected EOF");
	if (d->count > 1)
		return e;
	return err_replace(e, "json: offset %zu: %s", d->offset + offset_of(text, e), err_msg(e));
}

/* One value; `decoded` tells whether it was JSON, wrong for its type or not. */
static err *take_json(struct lint_docs *d, struct arena *a, const struct typed *type, node *out,
		      bool *decoded)
{
	static const struct json_options o = { .name = S("document") };
	str text = manifest_trim_left(d->rest);
	size_t blank = d->rest.n - text.n;
	node tree;

	*decoded = false;
	text = str_sub(text, 0, json_length(text));
	err *e = json_read(a, text, &o, &tree);

	if (e)
		return json_error(d, str_sub(d->rest, 0, blank + text.n), e);
	TRY(typed_fit(a, tree, type, &(const struct typed_options){ 0 }, out));
	*decoded = true;
	d->offset += blank + text.n;
	d->rest = str_from(d->rest, blank + text.n);
	d->count++;
	return NULL;
}

/* What stands between a JSON object and the YAML behind it: white space up to
 * the end of the line. */
static void skip_to_line(str *s)
{
	str rest = manifest_trim_left(*s);
	size_t newline = str_find_char(str_sub(*s, 0, s->n - rest.n), '\n');

	*s = newline == STR_NPOS ? rest : str_from(*s, newline + 1);
}

err *lint_docs_next(struct lint_docs *d, struct arena *a, const struct typed *type, node *out,
		    bool *more)
{
	CLEANUP(err_drop) err *first = NULL;
	str document;

	*more = manifest_trim_left(d->rest).n > 0 || (!d->json && d->rest.n);
	*out = node_null();
	if (!*more)
		return NULL;
	if (d->json) {
		bool decoded;

		first = take_json(d, a, type, out, &decoded);
		if (decoded)
			return NULL;
		if (d->count > 1) {
			err *e = first;

			first = NULL;
			return e;
		}
		d->json = false;
		skip_to_line(&d->rest);
	}
	err *e = yamldocs_take(&d->rest, &document);

	if (!e && document.n)
		e = yamlfit_read(a, document, type, NULL, out);
	return e && first ? err_replace(e, "%s", err_msg(first)) : e;
}
