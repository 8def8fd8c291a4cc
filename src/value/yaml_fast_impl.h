/* yaml_fast_impl - the fast reader's parts. Private to yaml_fast*.c.
 *
 * Functions that return bool return false to give up: the full reader then
 * reads the document. They never decide that a text is wrong. */
#ifndef VALUE_YAML_FAST_IMPL_H
#define VALUE_YAML_FAST_IMPL_H

#include "value/yaml_impl.h"

enum fast_kind { FAST_SEQ, FAST_MAP, FAST_FLOW_SEQ, FAST_FLOW_MAP };

/* A collection that is not complete. Its entries so far (keys and values of
 * a map) are the newest of `values`. */
struct fast_level {
	enum fast_kind kind;
	bool indentless;	/* a list at the column of the key it belongs to */
	int32_t indent;
	uint32_t first;		/* in `values` */
	const char *at;		/* where it begins */
	const char *pending;	/* behind the ':' or '-' whose value did not come yet */
};

struct fast {
	struct arena *a;
	const struct yaml_options *o;
	const char *text, *end;
	const char *p;			/* next line */
	const char *checked;		/* valid and ordinary up to here */
	bool broken;			/* and not so behind it */
	const char *ahead_line, *ahead;	/* a line's beginning and first text, if known */
	uint32_t base;			/* place of the first byte; 0: none */
	VEC(struct fast_level) levels;
	VEC(node) values;
	size_t nodes, max_nodes;
	struct yaml_scan scan;		/* for scalars with escapes or over lines */
	struct buf folded;
	VEC(str) lines;			/* of a block text */
};

static inline struct fast_level *fast_top(struct fast *f)
{
	return f->levels.n ? &f->levels.p[f->levels.n - 1] : NULL;
}

static inline bool fast_is_eol(const struct fast *f, const char *p)
{
	return p == f->end || *p == '\n';
}

static inline bool fast_is_blankz(const struct fast *f, const char *p)
{
	return p == f->end || *p == '\n' || *p == ' ' || *p == '\t';
}

static inline const char *fast_skip_spaces(const struct fast *f, const char *p)
{
	while (f->end - p >= 8 && memcmp(p, "        ", 8) == 0)
		p += 8;
	while (p < f->end && *p == ' ')
		p++;
	return p;
}

enum fast_stop { FAST_EOL, FAST_COMMENT, FAST_COLON };

/* The end of a plain scalar on its line, without the white space behind it. */
enum fast_stop fast_plain_end(const struct fast *f, const char *p, const char **out);

/* The beginning of the next line. */
static inline const char *fast_next_line(const struct fast *f, const char *p)
{
	const char *nl = memchr(p, '\n', (size_t)(f->end - p));

	return nl ? nl + 1 : f->end;
}

static inline uint32_t fast_place(const struct fast *f, const char *p)
{
	return f->base ? f->base + (uint32_t)(p - f->text) : 0;
}

/* The style of a scalar that stands at `at`, where it is wanted. */
static inline void fast_style(const struct fast *f, node *n, const char *at)
{
	if (f->o->numbers != YAML_NUMBERS_TEXT || n->kind >= NODE_SEQ)
		return;
	n->style = STYLE_PLAIN;
	if (n->kind != NODE_STR)
		return;
	switch (*at) {
	case '"':
		n->style = STYLE_DOUBLE;
		break;
	case '\'':
		n->style = STYLE_SINGLE;
		break;
	case '|':
		n->style = STYLE_LITERAL;
		break;
	case '>':
		n->style = STYLE_FOLDED;
		break;
	default:
		break;
	}
}

/* A value is complete: it goes to the innermost open collection. */
static inline void fast_give(struct fast *f, node n, const char *at)
{
	fast_style(f, &n, at);
	n.place = fast_place(f, at);
	vec_push(&f->values, n);
	if (f->levels.n)
		fast_top(f)->pending = NULL;
}

bool fast_open(struct fast *f, enum fast_kind kind, int32_t indent, const char *at);
/* Make the list or map, and give it. */
bool fast_close(struct fast *f);

/* What a plain text means, numbers as the options want them. */
bool fast_plain(struct fast *f, str text, node *out);
/* A quoted scalar at `*p`; `*p` goes behind it. */
bool fast_quoted(struct fast *f, const char **p, str *out);
/* A plain scalar that goes on over lines: from `p` to `end` on the first one.
 * The next line is set. */
bool fast_folded_plain(struct fast *f, const char *p, const char *end, str *out);
/* `|` or `>` at `p`: gives the value and sets the next line. */
bool fast_block(struct fast *f, const char *p);
/* `[` or `{` at `*p`; gives the value. */
bool fast_flow(struct fast *f, const char **p);

#endif
