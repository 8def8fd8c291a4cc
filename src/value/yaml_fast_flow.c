/* The fast reader's brackets: lists and maps of scalars and of each other, as
 * JSON has them or with plain scalars. Indentation means nothing inside. */
#include "value/yaml_fast_impl.h"

/* White space and line breaks. A comment, or what looks like the beginning
 * of a document, is not for us. */
static bool skip_space(const struct fast *f, const char **p)
{
	while (*p < f->end && (**p == ' ' || **p == '\t' || **p == '\n')) {
		bool broken = **p == '\n';

		++*p;
		if (broken && f->end - *p >= 3 && (**p == '-' || **p == '.') && (*p)[1] == **p)
			return false;
	}
	return *p < f->end && **p != '#';
}

/* A plain scalar on one line, at `*p`; `*p` goes behind it. */
static bool plain(const struct fast *f, const char **p, str *out)
{
	const char *from = *p, *q = from;

	if (memchr("-?:,[]{}#&*!|>'\"%@`", *q, 19) &&
	    (*q != '-' || fast_is_blankz(f, q + 1)))
		return false;
	for (; !fast_is_eol(f, q); q++) {
		if (memchr(",?[]{}", *q, 6) || (*q == ':' && fast_is_blankz(f, q + 1)))
			break;
		if (*q == '#' && (q[-1] == ' ' || q[-1] == '\t'))
			return false;
	}
	*p = q;
	while (q > from && (q[-1] == ' ' || q[-1] == '\t'))
		q--;
	*out = (str){ from, (size_t)(q - from) };
	return true;
}

enum { KEY_MAX = 1000 };

/* A key and its colon, on one line. Behind a quote the colon needs no space. */
static bool take_key(struct fast *f, const char **p)
{
	const char *at = *p;
	bool quoted = *at == '"' || *at == '\'';
	node n, unused;
	str text;

	if (!(quoted ? fast_quoted(f, p, &text) : plain(f, p, &text)))
		return false;
	*p = fast_skip_spaces(f, *p);
	if (*p == f->end || **p != ':' || *p - at > KEY_MAX ||
	    memchr(at, '\n', (size_t)(*p - at)))
		return false;
	if (!quoted && (yaml_plain(text, f->o->rules, true, &unused) != NODE_STR ||
			str_eq(text, S("<<"))))
		return false;
	++*p;
	n = node_from_str(f->a, text);
	n.place = fast_place(f, at);
	vec_push(&f->values, n);
	return skip_space(f, p);
}

static bool take_scalar(struct fast *f, const char **p)
{
	const char *at = *p;
	str text;
	node n;

	if (*at == '"' || *at == '\'') {
		if (!fast_quoted(f, p, &text))
			return false;
		n = node_from_str(f->a, text);
	} else if (!plain(f, p, &text) || !fast_plain(f, text, &n)) {
		return false;
	}
	fast_give(f, n, at);
	return true;
}

/* Behind a value: close what ends, and go to the next entry. */
static bool after_value(struct fast *f, const char **p, size_t depth)
{
	while (f->levels.n > depth) {
		bool map = fast_top(f)->kind == FAST_FLOW_MAP;

		if (!skip_space(f, p))
			return false;
		char c = **p;

		++*p;
		if (c == ',') {
			if (!skip_space(f, p))
				return false;
			if (**p != (map ? '}' : ']'))	/* a last comma adds nothing */
				return !map || take_key(f, p);
			c = *(*p)++;
		}
		if (c != (map ? '}' : ']') || !fast_close(f))
			return false;
	}
	return true;
}

/* `*opened`: an empty collection is a value already. */
static bool open_flow(struct fast *f, const char **p, bool *opened)
{
	bool map = **p == '{';

	if (!fast_open(f, map ? FAST_FLOW_MAP : FAST_FLOW_SEQ, 0, *p))
		return false;
	++*p;
	if (!skip_space(f, p))
		return false;
	*opened = **p != (map ? '}' : ']');
	if (*opened)
		return !map || take_key(f, p);
	++*p;
	return fast_close(f);
}

bool fast_flow(struct fast *f, const char **p)
{
	size_t depth = f->levels.n;

	do {
		bool opened = false;

		if (**p == '[' || **p == '{') {
			if (!open_flow(f, p, &opened))
				return false;
		} else if (!take_scalar(f, p)) {
			return false;
		}
		if (!opened && !after_value(f, p, depth))
			return false;
	} while (f->levels.n > depth);
	return true;
}
