/* yaml_impl - what the parts of the YAML reader share. Private to yaml_*.c.
 *
 * The full reader is a chain: input (bytes to checked UTF-8, in the windows
 * that go-yaml reads), scan (text to tokens), parse (tokens to events),
 * compose (events to items, one document at a time), and then either decode
 * (items to values: aliases followed, keys merged, scalars resolved) or keep
 * (items to nodes as they stand, with notes). Each stage stands beside the
 * one of go-yaml's that it must agree with, down to what is looked at before
 * what: the first error wins, and comments go where the look-ahead was.
 *
 * The fast reader (yaml_fast.c) goes from text to values in one step, and
 * gives up on anything unusual; then the chain reads that text again.
 */
#ifndef VALUE_YAML_IMPL_H
#define VALUE_YAML_IMPL_H

#include "base/map.h"
#include "base/vec.h"
#include "value/yaml.h"

/* What a plain scalar means. `value` is set for nulls, booleans and numbers;
 * without `times`, timestamps are texts. */
enum node_kind yaml_plain(str s, enum yaml_rules rules, bool times, node *value);
bool yaml_is_timestamp(str s);

/* ---- scanner ----------------------------------------------------------- */

/* Places in text count from 0. `index` and `column` count runes, a CR LF
 * pair being two; `pos` counts bytes. */
struct yaml_mark {
	int32_t index, line, column, pos;
};

/* The chain counts in 32 bits. */
enum { YAML_TEXT_MAX = INT32_MAX - 4096 };

enum yaml_token_type {
	TOKEN_NONE,
	TOKEN_STREAM_START,
	TOKEN_STREAM_END,
	TOKEN_VERSION_DIRECTIVE,
	TOKEN_TAG_DIRECTIVE,
	TOKEN_DOCUMENT_START,
	TOKEN_DOCUMENT_END,
	TOKEN_BLOCK_SEQ_START,
	TOKEN_BLOCK_MAP_START,
	TOKEN_BLOCK_END,
	TOKEN_FLOW_SEQ_START,
	TOKEN_FLOW_SEQ_END,
	TOKEN_FLOW_MAP_START,
	TOKEN_FLOW_MAP_END,
	TOKEN_BLOCK_ENTRY,
	TOKEN_FLOW_ENTRY,
	TOKEN_KEY,
	TOKEN_VALUE,
	TOKEN_ALIAS,
	TOKEN_ANCHOR,
	TOKEN_TAG,
	TOKEN_SCALAR,
};

struct yaml_token {
	uint8_t type;		/* enum yaml_token_type */
	uint8_t style;		/* enum node_style of a scalar */
	uint8_t major, minor;	/* of a version directive */
	struct yaml_mark start, end;
	str value;		/* scalar, anchor, alias; handle of a tag or tag directive */
	str suffix;		/* of a tag; prefix of a tag directive */
};

/* Where a key may have begun that needs no `?`; one a flow level. */
struct yaml_simple_key {
	bool possible, required;
	int32_t number;		/* of its token in the stream */
	struct yaml_mark mark;
};

/* Which simple key waits at a token: go-yaml's map from token numbers, which
 * is not tidied when tokens are put in between. A ring, as numbers that lie
 * behind the reader are never asked for. */
struct yaml_key_ring {
	struct yaml_key_slot {
		int32_t number, key;	/* key: index + 1; 0: free */
	} *slots;
	int32_t n;			/* power of two, or 0 */
};

enum yaml_comment_kind { COMMENT_DONE, COMMENT_HEAD, COMMENT_LINE, COMMENT_FOOT };

/* A comment waits until the parser comes to the token at `token`. */
struct yaml_comment {
	enum yaml_comment_kind kind;
	struct yaml_mark scan, token, start, end;
	str text;
};

struct yaml_scan {
	struct arena *a;		/* of the tree: texts that are not borrowed */
	enum yaml_rules rules;

	/* input: see yaml_input.c */
	str raw;
	int32_t raw_pos, raw_end;	/* not decoded yet; end of the window */
	bool wide, big_endian;		/* UTF-16 */
	bool ended;			/* the end was seen */
	char *copy;			/* UTF-16 as UTF-8, else NULL */
	const char *text;		/* UTF-8, byte order mark included */
	int32_t text_n;
	int32_t decoded;		/* runes that may be looked at */
	int32_t window;			/* where go-yaml's buffer begins */
	err *pending;			/* an error met while only looking ahead */

	struct yaml_mark mark;
	struct yaml_mark bad;		/* where the last error is */
	int32_t newlines;		/* line breaks since the last text */

	VEC(struct yaml_token) tokens;
	int32_t head, parsed;		/* next in `tokens`; tokens taken so far */
	bool ready;			/* the head may be taken */
	bool started;

	int32_t indent;
	VEC(int32_t) indents;
	int32_t flow;			/* depth of brackets */
	bool key_allowed;
	VEC(struct yaml_simple_key) keys;
	struct yaml_key_ring ring;

	VEC(struct yaml_comment) comments;
	size_t comments_head;
	VEC(struct yaml_mark) ends;	/* scratch */

	struct buf value, breaks, note;	/* scratch */
};

void yaml_scan_init(struct yaml_scan *s, struct arena *a, str text, enum yaml_rules rules);
void yaml_scan_release(struct yaml_scan *s);

/* Make `n` runes visible from the mark on. */
err *yaml_refill(struct yaml_scan *s, int32_t n) __attribute__((warn_unused_result));
/* The same for look-ahead: false when it failed; the error stays pending. */
bool yaml_look(struct yaml_scan *s, int32_t n);

static inline __attribute__((warn_unused_result)) err *yaml_need(struct yaml_scan *s, int32_t n)
{
	return s->mark.index + n > s->decoded ? yaml_refill(s, n) : NULL;
}

/* The byte `k` behind the mark; 0 from the end on (no text holds a NUL). */
static inline unsigned char yaml_at(const struct yaml_scan *s, int32_t k)
{
	int32_t at = s->mark.pos + k;

	return at < s->text_n ? (unsigned char)s->text[at] : 0;
}

static inline bool yaml_blank_at(const struct yaml_scan *s, int32_t k)
{
	unsigned char c = yaml_at(s, k);

	return c == ' ' || c == '\t';
}

/* CR, LF, NEL, LS, PS. */
static inline bool yaml_break_at(const struct yaml_scan *s, int32_t k)
{
	unsigned char c = yaml_at(s, k);

	if (c == '\n' || c == '\r')
		return true;
	if (c == 0xc2)
		return yaml_at(s, k + 1) == 0x85;
	return c == 0xe2 && yaml_at(s, k + 1) == 0x80 && (yaml_at(s, k + 2) | 1) == 0xa9;
}

static inline bool yaml_breakz_at(const struct yaml_scan *s, int32_t k)
{
	return !yaml_at(s, k) || yaml_break_at(s, k);
}

static inline bool yaml_blankz_at(const struct yaml_scan *s, int32_t k)
{
	return yaml_blank_at(s, k) || yaml_breakz_at(s, k);
}

static inline int32_t yaml_width(unsigned char c)
{
	return c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* Step over one rune that is no break. */
static inline void yaml_skip(struct yaml_scan *s)
{
	unsigned char c = yaml_at(s, 0);

	if (c != ' ' && c != '\t')
		s->newlines = 0;
	s->mark.index++;
	s->mark.column++;
	s->mark.pos += yaml_width(c);
}

/* Step over a break, if there is one. Gives the text it stands for: "\n", or
 * LS or PS as they are. */
str yaml_skip_line(struct yaml_scan *s);

/* A text under construction: borrowed from the input as long as all that was
 * added stood there side by side, else copied into `buf`. */
struct yaml_piece {
	str borrowed;
	bool copied;
	struct buf *buf;
};

/* `text` must live as long as the input, or be copied. */
void yaml_piece_add(struct yaml_piece *p, str text);
void yaml_piece_copy(struct yaml_piece *p, str text);
static inline size_t yaml_piece_len(const struct yaml_piece *p)
{
	return p->copied ? p->buf->n : p->borrowed.n;
}
/* The text, copied into the arena where needed. */
str yaml_piece_end(struct yaml_piece *p, struct arena *a);

/* Step over one rune and add it. */
void yaml_take(struct yaml_scan *s, struct yaml_piece *p);

/* A set of ASCII characters, as bits. */
struct yaml_set {
	uint64_t low, high;
};

#define YAML_BIT(c) ((uint64_t)1 << ((c) & 63))
/* Printable and no white space. */
#define YAML_LOW (~(uint64_t)0 << ('!' & 63))
#define YAML_HIGH (~YAML_BIT(0x7f))

static inline bool yaml_in_set(struct yaml_set set, unsigned char c)
{
	return c < 0x80 && ((c < 64 ? set.low : set.high) >> (c & 63) & 1);
}

/* Take what stands ahead as far as it is in the set and may be looked at
 * without reading on; single spaces inside are taken, too. What is left
 * alone here is a matter of rune by rune. */
void yaml_take_run(struct yaml_scan *s, struct yaml_piece *p, struct yaml_set set);

/* "yaml: line N: PROBLEM", found at the mark. Scanner errors tell its line, or
 * under 1.2 that of `context`; the first line of all is not told. */
err *yaml_scan_error(struct yaml_scan *s, struct yaml_mark context, const char *problem)
	__attribute__((warn_unused_result, returns_nonnull));

/* Scalars, tags, anchors, directives: from the mark on, into `t`. */
err *yaml_scan_plain(struct yaml_scan *s, struct yaml_token *t);
err *yaml_scan_quoted(struct yaml_scan *s, struct yaml_token *t, bool single);
err *yaml_scan_block(struct yaml_scan *s, struct yaml_token *t, bool literal);
err *yaml_scan_anchor(struct yaml_scan *s, struct yaml_token *t, enum yaml_token_type type);
err *yaml_scan_tag(struct yaml_scan *s, struct yaml_token *t);
err *yaml_scan_directive(struct yaml_scan *s, struct yaml_token *t);

/* Comments of rules 1.2, at the mark: the rest of a line that holds a token,
 * and lines of their own. */
err *yaml_scan_line_comment(struct yaml_scan *s, struct yaml_mark token);
err *yaml_scan_comments(struct yaml_scan *s, struct yaml_mark scan);

/* The next token, without taking it; it is valid until the next call. */
err *yaml_peek(struct yaml_scan *s, struct yaml_token **out);
void yaml_drop(struct yaml_scan *s);

/* ---- parser ------------------------------------------------------------ */

enum yaml_event_type {
	EVENT_STREAM_START,
	EVENT_STREAM_END,
	EVENT_DOCUMENT_START,
	EVENT_DOCUMENT_END,
	EVENT_ALIAS,
	EVENT_SCALAR,
	EVENT_SEQ_START,
	EVENT_SEQ_END,
	EVENT_MAP_START,
	EVENT_MAP_END,
};

struct yaml_event {
	uint8_t type;		/* enum yaml_event_type */
	uint8_t style;		/* enum node_style */
	bool implicit;		/* a plain scalar without tag, or with "!" */
	struct yaml_mark start;
	str anchor;		/* or the name of the alias */
	str tag;		/* in full: "tag:yaml.org,2002:str" */
	str value;
	str head, line, foot;	/* comments */
};

struct yaml_tag_handle {
	str handle, prefix;
};

struct yaml_parse {
	struct yaml_scan scan;
	uint8_t state;		/* enum state in yaml_parse.c */
	VEC(uint8_t) states;	/* to come back to */
	VEC(struct yaml_mark) marks;	/* where the open collections began */
	VEC(struct yaml_tag_handle) handles;
	struct buf head, line, foot;	/* comments on their way to an event */
	str stem;		/* head comment of a collection that is a list's entry */
};

void yaml_parse_init(struct yaml_parse *p, struct arena *a, str text, enum yaml_rules rules);
void yaml_parse_release(struct yaml_parse *p);
/* The next event; EVENT_STREAM_END for ever at the end. */
err *yaml_parse_next(struct yaml_parse *p, struct yaml_event *ev)
	__attribute__((warn_unused_result));

/* ---- composer ---------------------------------------------------------- */

enum yaml_item_kind { ITEM_SCALAR, ITEM_SEQ, ITEM_MAP, ITEM_ALIAS };

enum yaml_tag {
	TAG_NONE,
	TAG_LONE,		/* "!" */
	TAG_STR,
	TAG_BOOL,
	TAG_INT,
	TAG_FLOAT,
	TAG_NULL,
	TAG_TIME,
	TAG_BINARY,
	TAG_MERGE,
	TAG_SEQ,
	TAG_MAP,
	TAG_OTHER,
};

/* One node of a document as the source has it. */
struct yaml_item {
	uint8_t kind;		/* enum yaml_item_kind */
	uint8_t style;		/* enum node_style */
	uint8_t tag;		/* enum yaml_tag */
	bool implicit;		/* see struct yaml_event */
	bool busy;		/* an alias that is being followed */
	uint32_t n;		/* items below; keys and values of a map count each */
	struct yaml_mark start;
	str value;		/* of a scalar; name of an alias */
	str tag_text;		/* "!!str"; other tags as written */
	union {
		struct yaml_item *first;	/* below a list or map */
		struct yaml_item *target;	/* of an alias */
	};
	struct yaml_item *next;
	struct node_note *note;	/* when comments are kept, and there is one */
	node made;		/* keep: the node it became */
};

struct yaml_document {
	struct yaml_item *root;	/* NULL: no document is left */
	str head, foot;		/* comments of the document itself */
	int32_t from, to;	/* bytes of the text that it covers */
};

/* A collection that is not complete. */
struct yaml_open {
	struct yaml_item *of, *last;		/* `last`: newest item below */
	struct yaml_item *key, *key_before;	/* of a map */
};

struct yaml_compose {
	struct yaml_parse parse;
	struct arena *a;	/* of the tree */
	struct arena items;	/* of the documents' items */
	struct map anchors;	/* name to item; under 1.2 for all documents */
	VEC(struct yaml_open) open;
	size_t nodes, max_nodes;
	bool keep;
};

void yaml_compose_init(struct yaml_compose *c, struct arena *a, str text,
		       const struct yaml_options *o);
void yaml_compose_release(struct yaml_compose *c);
/* Begin at a document further down, on line `line` from 0. */
void yaml_compose_goto(struct yaml_compose *c, size_t pos, int32_t line);
/* The next document. Its items live until the next call. */
err *yaml_compose_next(struct yaml_compose *c, struct yaml_document *doc)
	__attribute__((warn_unused_result));

/* ---- values ------------------------------------------------------------ */

/* What unmarshalling the document into an empty interface gives. On errors
 * `bad` is the place. */
err *yaml_decode(struct arena *a, const struct yaml_document *doc, const struct yaml_options *o,
		 uint32_t base, node *out, struct yaml_mark *bad)
	__attribute__((warn_unused_result));

/* The same tree by way of JSON text: string keys, no infinities, and numbers
 * as `numbers` says. Changes it. */
err *yaml_json_step(struct arena *a, node *tree, enum yaml_numbers numbers)
	__attribute__((warn_unused_result));

/* The same for one number. False for infinities and NaN. */
bool yaml_json_number(node *n, enum yaml_numbers numbers);

/* The document as it stands. */
void yaml_keep(struct arena *a, const struct yaml_document *doc, uint32_t base,
	       struct yaml_doc *out);

/* ---- fast reader ------------------------------------------------------- */

struct fast;

struct yaml_fast {
	struct fast *f;
};

/* False when the text as a whole is not for the fast reader. */
bool yaml_fast_init(struct yaml_fast *fast, struct arena *a, str text,
		    const struct yaml_options *o);
/* The place of the first byte. */
void yaml_fast_base(struct yaml_fast *fast, uint32_t base);
void yaml_fast_release(struct yaml_fast *fast);
/* The next document; `*found` is false at the end. False when it is not for
 * the fast reader, which then stays where it is. */
bool yaml_fast_read(struct yaml_fast *fast, bool *found, node *root);
/* Whether the next `n` bytes are nothing unusual as such. Where they are, all
 * of the text is for the full reader, from the beginning. */
bool yaml_fast_check_ahead(struct yaml_fast *fast, size_t n);
size_t yaml_fast_pos(const struct yaml_fast *fast);
void yaml_fast_goto(struct yaml_fast *fast, size_t pos);

#endif
