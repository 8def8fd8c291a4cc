/* node - the one value: what YAML, JSON, templates and patches work on.
 *
 * A node is 16 bytes and passed by value. It is null, a boolean, a number, a
 * text, a list or a map; NODE_NONE, all zero, is "not there". Lists and maps
 * are bodies in an arena that the node points to: two nodes with the same
 * body are the same list, as Go's maps are. Maps keep the order of the
 * source and find a key at once, however many there are.
 *
 * Numbers, booleans and nulls are held as the value, or, where the reader
 * was told to keep them, as the source text (`n` > 0), which the accessors
 * decode when asked: so "1.0" and "0x1F" can be written back as they came.
 *
 * Where a node was read from a file, it knows its place (value/source.h).
 * Comments, tags and anchors, when kept, are notes beside the entries.
 *
 * Ownership: a tree lives in the arena it was made in. Strings are borrowed
 * from the input where it holds them as they are: the input must live as long as the
 * tree. Changing functions take the arena of the tree. By convention a tree
 * that was handed on is not changed any more; copy it first. Immutable trees
 * may be read by any thread.
 */
#ifndef VALUE_NODE_H
#define VALUE_NODE_H

#include "base/arena.h"
#include "base/str.h"

enum node_kind {
	NODE_NONE,		/* not there */
	NODE_NULL,
	NODE_BOOL,
	NODE_INT,		/* int64 */
	NODE_UINT,		/* uint64 above the range of int64 */
	NODE_FLOAT,		/* float64 */
	NODE_STR,
	NODE_TIME,		/* a YAML 1.2 timestamp, as its text */
	NODE_SEQ,
	NODE_MAP,
	NODE_ALIAS,		/* only where YAML aliases are kept */
	NODE_OBJECT,		/* an engine's own value (templates): `object` */
};

/* How the source wrote it; kept for comment-preserving output only. */
enum node_style {
	STYLE_ANY,
	STYLE_PLAIN,
	STYLE_SINGLE,
	STYLE_DOUBLE,
	STYLE_LITERAL,
	STYLE_FOLDED,
	STYLE_BLOCK,
	STYLE_FLOW,
	STYLE_RAW,		/* JSON text not decoded yet: value/json.h */
	STYLE_ANY_KEYS,		/* a map that Go has as map[interface {}]interface {} */
};

typedef struct node node;

struct node_seq;
struct node_map;

struct node {
	uint32_t kind : 4;	/* enum node_kind */
	uint32_t style : 4;	/* enum node_style */
	uint32_t type : 4;	/* for the template engine: which Go type; 0 elsewhere */
	uint32_t n : 20;	/* bytes of text; NODE_LONG: see `big` */
	uint32_t place;		/* value/source.h; 0: nowhere */
	union {
		bool b;
		int64_t i;
		uint64_t u;
		double f;
		const char *text;	/* NODE_STR, NODE_TIME; numbers, bools, nulls with n > 0 */
		const str *big;		/* the same when n == NODE_LONG */
		struct node_seq *seq;
		struct node_map *map;
		const struct node_anchor *anchor;	/* NODE_ALIAS */
		void *object;
	};
};

enum { NODE_LONG = (1 << 20) - 1 };

_Static_assert(sizeof(struct node) == 16, "a node is 16 bytes");

/* What YAML writes around an entry: kept when the reader is asked to. */
struct node_note {
	str head;		/* comment lines above, '#' included, lines joined by "\n" */
	str line;		/* comment behind */
	str foot;		/* comment lines below */
	str tag;		/* explicit tag as resolved ("!!str", "!custom"), or empty */
	str anchor;		/* without '&' */
};

struct node_anchor {
	str name;
	node target;
};

struct node_seq {
	uint32_t n, cap;
	node *items;
	struct node_note **notes;	/* NULL, or one a place of `items`; each may be NULL */
};

struct node_pair {
	node key;		/* a NODE_STR but in YAML 1.2 trees */
	node value;
};

struct node_map {
	uint32_t n, cap;
	struct node_pair *pairs;
	uint32_t *slots;		/* index + 1 by hash of the key; NULL while small */
	uint32_t slots_n;
	struct node_note **notes;	/* NULL, or two a pair: of the key, of the value */
};

/* ---- making ------------------------------------------------------------ */

#define NODE_NOTHING ((node){ 0 })
static inline node node_null(void)
{
	return (node){ .kind = NODE_NULL };
}
static inline node node_from_bool(bool b)
{
	return (node){ .kind = NODE_BOOL, .b = b };
}
static inline node node_from_int(int64_t i)
{
	return (node){ .kind = NODE_INT, .i = i };
}
/* NODE_INT where the number fits it. */
static inline node node_from_uint(uint64_t u)
{
	return u <= INT64_MAX ? node_from_int((int64_t)u) : (node){ .kind = NODE_UINT, .u = u };
}
static inline node node_from_float(double f)
{
	return (node){ .kind = NODE_FLOAT, .f = f };
}
/* Borrows the bytes; `a` holds the length of a text above 1 MiB. */
node node_from_str(struct arena *a, str s);
/* Copies the bytes. */
node node_copy_str(struct arena *a, str s);
/* A literal: node_lit("List"). */
#define node_lit(literal) ((node){ .kind = NODE_STR, .n = sizeof(literal) - 1, .text = "" literal })
/* A number, boolean, null or time that keeps its source text (borrowed). */
node node_from_text(struct arena *a, enum node_kind kind, str text);
node node_seq(struct arena *a, size_t cap);
node node_map(struct arena *a, size_t cap);
/* The same with entries, which are copied, and not a byte to spare: for
 * readers that know all entries when they make the body. The last of equal
 * string keys wins, in the place of the first. */
node node_seq_of(struct arena *a, const node *items, size_t n);
node node_map_of(struct arena *a, const struct node_pair *pairs, size_t n);

/* ---- asking ------------------------------------------------------------ */

static inline bool node_is(node n, enum node_kind kind)
{
	return n.kind == kind;
}
/* Not there, or null. */
static inline bool node_is_nil(node n)
{
	return n.kind <= NODE_NULL;
}
static inline bool node_is_num(node n)
{
	return n.kind >= NODE_INT && n.kind <= NODE_FLOAT;
}

/* The text of a NODE_STR or NODE_TIME, or the kept source text of another
 * scalar; empty for all else. */
static inline str node_str(node n)
{
	if (n.kind >= NODE_NULL && n.kind <= NODE_TIME && n.n)
		return n.n == NODE_LONG ? *n.big : (str){ n.text, n.n };
	return STR_NONE;
}
/* The text of any scalar: as the source has it, else as YAML writes it; empty
 * for all else. Into `to` where it must be made, or into the arena. */
enum { NODE_TEXT_MAX = 48 };
str node_text_in(node n, char to[NODE_TEXT_MAX]);
str node_text(struct arena *a, node n);
/* `fallback` unless it is a NODE_STR. */
static inline str node_str_or(node n, str fallback)
{
	return n.kind == NODE_STR ? node_str(n) : fallback;
}
/* The value of a NODE_BOOL; false for all else. */
bool node_bool(node n);
/* The value of a number as int64: floats are cut, too large ones clipped;
 * 0 for what is no number. */
int64_t node_int(node n);
uint64_t node_uint(node n);
double node_float(node n);

/* Entries of a list or map, 0 for all else. */
static inline size_t node_len(node n)
{
	if (n.kind == NODE_SEQ)
		return n.seq->n;
	return n.kind == NODE_MAP ? n.map->n : 0;
}

/* Item `i` of a list; NODE_NONE outside it or for all else. */
static inline node node_at(node n, size_t i)
{
	return n.kind == NODE_SEQ && i < n.seq->n ? n.seq->items[i] : NODE_NOTHING;
}

/* The value of a string key; NODE_NONE when it is not there or `map` is no
 * map. node_find gives the place of the value, to change it. */
node node_get(node map, str key);
node *node_find(node map, str key);
bool node_has(node map, str key);
/* Index of the pair, or STR_NPOS; `node_index_of` also for keys of other kinds. */
size_t node_index(node map, str key);
size_t node_index_of(node map, node key);
/* Walk down string keys: node_dig(n, "metadata", "name"). */
#define node_dig(n, ...) \
	node_dig_path((n), (const char *const[]){ __VA_ARGS__, NULL })
node node_dig_path(node n, const char *const *keys);

/* Pairs and items in order:
 *	node_each_pair(p, map) use(p->key, p->value);
 *	node_each_item(i, seq) use(*i);  */
#define node_each_pair(p, of)                                                            \
	for (struct node_pair *p##_end_, *p = node_pairs_begin(of, &p##_end_); p != p##_end_; p++)
#define node_each_item(p, of)                                                            \
	for (struct node *p##_end_, *p = node_items_begin(of, &p##_end_); p != p##_end_; p++)

/* What these go over is worked out once: it may be the answer to a question. */
static inline struct node_pair *node_pairs_begin(struct node of, struct node_pair **end)
{
	struct node_pair *p = of.kind == NODE_MAP ? of.map->pairs : NULL;

	*end = p ? p + of.map->n : NULL;
	return p;
}

static inline struct node *node_items_begin(struct node of, struct node **end)
{
	struct node *p = of.kind == NODE_SEQ ? of.seq->items : NULL;

	*end = p ? p + of.seq->n : NULL;
	return p;
}

/* ---- changing ---------------------------------------------------------- */

/* Set a string key (borrowed); an existing one keeps its place. */
void node_set(struct arena *a, node map, str key, node value);
/* The same with a key node, of any kind. True when the key is new. */
bool node_put(struct arena *a, node map, node key, node value);
/* Add a pair that is known to be new, or wanted twice (kept YAML). */
void node_push(struct arena *a, node map, node key, node value);
bool node_remove(node map, str key);
/* Make the field of `to` what it is in `from`, absence included. */
void node_copy_field(struct arena *a, node to, node from, str key);
/* The map at `key`; what is no map there is replaced by an empty one. */
node node_map_at(struct arena *a, node map, str key);
void node_remove_at(node map_or_seq, size_t index);
/* Drop all pairs whose value is NODE_NONE: one pass, however many. */
void node_remove_none(node map);
void node_append(struct arena *a, node seq, node item);
void node_insert(struct arena *a, node seq, size_t at, node item);
/* The map under `key`, made when it is not there or null. NODE_NONE when
 * something else is there. */
node node_need_map(struct arena *a, node map, str key);

/* Notes of an entry: `which` is the index in `notes` (item i; pair i has 2i for the
 * key and 2i+1 for the value). node_note_need makes an empty one. */
struct node_note *node_note(node n, size_t which);
struct node_note *node_note_need(struct arena *a, node n, size_t which);

/* ---- whole trees ------------------------------------------------------- */

/* A copy that shares nothing but the bytes of its texts; kept aliases stay aliases. */
node node_copy(struct arena *a, node n);
/* The same and the texts' bytes: for a tree that outlives its source. */
node node_copy_all(struct arena *a, node n);
/* Equal values: kinds and values alike, maps in any order, 1 and 1.0 differ. */
bool node_equal(node a, node b);
/* Sort the pairs of all maps by the bytes of their keys, as encoding/json. */
void node_sort(node n);

/* The word Go's JSON errors use: "null", "bool", "number", "string",
 * "array", "object". */
const char *node_kind_name(node n);

#endif
