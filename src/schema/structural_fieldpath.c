/* The paths that rules and selectable fields name: ".spec['a.b'].c". */
#include "schema/structural_impl.h"

enum { FIELD_PATH_MAX = 64 << 10 };

struct walk {
	struct arena *arena;
	const struct type_rules *at;
	bool any;
	str path;
};

static bool is_delimiter(char c)
{
	return c == '.' || c == '[' || c == ']';
}

/* The next word: a delimiter, a text in quotes, or what stands up to a delimiter. */
static bool take(str *s, str *word)
{
	size_t n = 1;

	if (!s->n)
		return false;
	if (s->p[0] == '\'')
		while (n < s->n && (s->p[n] != '\'' || s->p[n - 1] == '\\'))
			n++;
	else if (!is_delimiter(s->p[0]))
		while (n < s->n && !is_delimiter(s->p[n]))
			n++;
	if (s->p[0] == '\'' && n < s->n)
		n++;
	*word = str_sub(*s, 0, n);
	*s = str_from(*s, n);
	return true;
}

static err *unquote(struct arena *a, str quoted, str *out)
{
	static const char from[] = "abfnrtv'\\", to[] = "\a\b\f\n\r\t\v'\\";
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str s = str_sub(quoted, 1, quoted.n - 1);

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '\\' || i + 1 == s.n) {
			buf_addc(&b, s.p[i]);
			continue;
		}
		const char *known = s.p[++i] ? strchr(from, s.p[i]) : NULL;

		if (!known)
			return err_new(ERR_INVALID,
				       "invalid string literal: invalid escape char \\%c", s.p[i]);
		buf_addc(&b, to[known - from]);
	}
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *step(struct walk *w, str name)
{
	const struct type_rules *s = w->at;

	if (!s || (!s->fields_n && s->additional == STRUCTURAL_NO_WORD))
		return err_new(ERR_INVALID, "does not refer to a valid field");
	if (s->fields_n) {
		w->path = w->any ? arena_cat(w->arena, w->path, S("."), name) : name;
		w->at = structural_field(s, name);
		if (!w->at)
			return err_new(ERR_INVALID, "does not refer to a valid field");
	} else {
		w->path = arena_cat(w->arena, w->path, S("["), name, S("]"));
		w->at = s->values;
	}
	w->any = true;
	return NULL;
}

static err *take_bracket(struct walk *w, str *s)
{
	str word, name;

	if (!take(s, &word))
		return err_new(ERR_INVALID, "unexpected end of JSON path");
	if (word.n < 2 || word.p[0] != '\'' || word.p[word.n - 1] != '\'')
		return err_new(ERR_INVALID, "expected single quoted string but got %.*s",
			       STR_ARG(word));
	TRY(unquote(w->arena, word, &name));
	TRY(step(w, name));
	if (!take(s, &word))
		return err_new(ERR_INVALID, "unexpected end of JSON path");
	if (!str_eq(word, S("]")))
		return err_new(ERR_INVALID, "expected ] but got %.*s", STR_ARG(word));
	return NULL;
}

err *structural_field_path(struct arena *a, const struct type_rules *s, str text, bool brackets,
			   str *path, const struct type_rules **found)
{
	struct walk w = { .arena = a, .at = s };
	str word;

	if (text.n > FIELD_PATH_MAX)
		return err_new(ERR_INVALID, "path is longer than %d bytes", FIELD_PATH_MAX);
	while (take(&text, &word)) {
		if (str_eq(word, S("["))) {
			if (!brackets)
				return err_new(ERR_INVALID, "array notation is not allowed");
			TRY(take_bracket(&w, &text));
		} else if (str_eq(word, S("."))) {
			if (!take(&text, &word))
				return err_new(ERR_INVALID, "unexpected end of JSON path");
			TRY(step(&w, word));
		} else {
			return err_new(ERR_INVALID, "expected [ or . but got: %.*s", STR_ARG(word));
		}
	}
	*path = w.path;
	*found = w.at;
	return NULL;
}

err *structural_fields_read(struct arena *a, node schema, struct structural_fields *out)
{
	struct type_rules *s;

	*out = (struct structural_fields){ .arena = a };
	TRY(structural_read(a, schema, &s));
	TRY(structural_refused(s));
	out->root = s;
	return NULL;
}

err *structural_fields_find(const struct structural_fields *f, str text, str *path, bool *scalar)
{
	const struct type_rules *found;

	TRY(structural_field_path(f->arena, f->root, text, false, path, &found));
	*scalar = found && (found->kind == STRUCTURAL_STRING || found->kind == STRUCTURAL_BOOLEAN ||
			    found->kind == STRUCTURAL_INTEGER);
	return NULL;
}
