/* json - RFC 8259, read and written as Go's encoding/json does.
 *
 * The reader takes exactly one text (white space around it is fine) and
 * reports errors in Go's words: "invalid character 'x' after object key".
 * The last of several equal keys wins. Bad UTF-8 and lone surrogates become
 * U+FFFD. Depth and size are bounded. Worker-local.
 */
#ifndef VALUE_JSON_H
#define VALUE_JSON_H

#include "base/buf.h"
#include "value/node.h"
#include "value/source.h"

enum json_numbers {
	JSON_NUMBERS_KUBE,	/* int64 where it fits, else float64: apimachinery's rule */
	JSON_NUMBERS_FLOAT,	/* all float64: an empty interface's rule; out of range fails */
	JSON_NUMBERS_TEXT,	/* Decoder.UseNumber: the source text is kept */
};

/* Keys that stand twice in one object, by their paths, in the order in which
 * the objects end: "data.a", "items[0].name". Beyond the limit they are dropped. */
enum { JSON_REPEATS_MAX = 100 };
struct json_repeats {
	str list[JSON_REPEATS_MAX];	/* in the arena */
	size_t n;
};

struct json_options {
	enum json_numbers numbers;
	struct sources *sources;	/* NULL: nodes get no place */
	str name;			/* file name for `sources` and positions */
	const struct source_scalar *in;	/* it is the value of a scalar of another text; or NULL */
	size_t max_depth;		/* 0: JSON_DEPTH_MAX */
	bool raw;			/* a raw tree, see below; `numbers` is ignored */
	struct json_repeats *repeats;	/* NULL: nobody asks */
};

/* As encoding/json: deeper fails with "exceeded max depth". Longer texts are
 * refused unread. */
enum { JSON_DEPTH_MAX = 10000, JSON_SIZE_MAX = 1 << 30 };

/* Read one text. Borrows strings without escapes from it. `o` may be NULL. */
err *json_read(struct arena *a, str text, const struct json_options *o, node *out)
	__attribute__((warn_unused_result));

struct json_style {
	unsigned indent;		/* spaces a level; 0: compact */
	bool raw_html;			/* leave < > & as they are; U+2028 and U+2029 never are */
	bool source_order;		/* do not sort keys */
	bool values;			/* numbers by their value where the source text is kept */
};

/* Write without a final newline; `s` may be NULL: compact, sorted, escaped.
 * NaN and infinities fail: "json: unsupported value: NaN". */
err *json_write(struct buf *b, node n, const struct json_style *s)
	__attribute__((warn_unused_result));
/* A raw tree keeps what the text said: numbers and strings as written, keys
 * too, repeated ones and all. Its maps and strings carry STYLE_RAW; json_write
 * gives them back as they came, without the white space, and with < > & U+2028
 * U+2029 escaped like Go's RawMessage. For changing one value and leaving the
 * rest of a text alone.
 *
 * json_open makes one raw map a real one: keys decoded, the last of equal
 * keys wins. Anything else is given back as it is. json_text is the meaning
 * of a string, raw or not. */
node json_open(struct arena *a, node n);
str json_text(struct arena *a, node n);

/* A JSON string in quotes. */
void json_write_str(struct buf *b, str s, bool raw_html);

#endif
