/* yaml - YAML as the Go programs read and write it.
 *
 * Two rule sets for reading. 1.1 is go-yaml v2 behind sigs.k8s.io/yaml: "yes"
 * is true, keys become strings, the last of equal keys wins unless `strict`.
 * 1.2 is go-yaml v3: "yes" is text, keys keep their kind, equal keys fail.
 * Errors have go-yaml's words and line numbers: "yaml: line 3: ...".
 *
 * Profiles for writing: `sigs` (Marshal of sigs.k8s.io/yaml), `kyaml` (keeps
 * comments, order and styles), `v3-wide` and `v3-compact` (yaml v3 with indent
 * 2, and two ways to indent lists), `v3` (yaml v3's nodes with indent 4).
 *
 * A fast reader takes the plain block style that nearly every file has; what
 * it does not know, it leaves to the full scanner and parser, which decide
 * every question of right and wrong. Worker-local.
 */
#ifndef VALUE_YAML_H
#define VALUE_YAML_H

#include "base/buf.h"
#include "value/node.h"
#include "value/source.h"

enum yaml_rules { YAML_1_1, YAML_1_2 };

enum yaml_numbers {
	YAML_NUMBERS_EXACT,	/* int64, uint64, float64 */
	YAML_NUMBERS_FLOAT,	/* all float64: an empty interface behind the JSON step */
	YAML_NUMBERS_TEXT,	/* as the source wrote them; scalars know their style, too */
};

struct yaml_options {
	enum yaml_rules rules;
	enum yaml_numbers numbers;
	bool json;		/* the JSON step of sigs.k8s.io/yaml: string keys, its errors and prefixes */
	bool strict;		/* equal keys fail also under 1.1: UnmarshalStrict */
	bool flow;		/* 1.2: lists and maps in brackets are STYLE_FLOW, as in kept trees */
	bool keep;		/* comments, styles, aliases, equal keys, source text: kyaml nodes */
	struct sources *sources;	/* NULL: nodes get no place */
	str name;
	uint32_t line;		/* the text begins on this line of its file; 0: 1 */
	const struct source_scalar *in;	/* it is the value of a scalar of another text; or NULL */
	size_t max_nodes;	/* 0: YAML_NODES_MAX */
};

/* Bounds what one text can make us hold: 16 bytes and a little a node. */
enum { YAML_NODES_MAX = 50000000, YAML_DEPTH_MAX = 10000 };

/* sigs.k8s.io/yaml into an empty interface; the same with exact numbers (as
 * apimachinery's unstructured objects); yaml v3; kyaml's nodes. */
#define YAML_SIGS (&(const struct yaml_options){ .json = true, .numbers = YAML_NUMBERS_FLOAT })
#define YAML_KUBE (&(const struct yaml_options){ .json = true })
#define YAML_V3 (&(const struct yaml_options){ .rules = YAML_1_2 })
#define YAML_KEEP                                                              \
	(&(const struct yaml_options){ .rules = YAML_1_2, .keep = true,        \
				       .numbers = YAML_NUMBERS_TEXT })

/* What a kept tree says beyond values. A scalar node has the style it was
 * written in; STYLE_PLAIN with no text is an empty null, STYLE_ANY a value
 * that code made. Lists and maps are STYLE_FLOW, or block. A tag stands in
 * the note only when the source wrote one, in its short form ("!!str",
 * "!custom"); "!" alone is none. A foot comment of a pair is that of its key. */
struct yaml_doc {
	node root;		/* NODE_NULL for an empty document */
	struct node_note *note;	/* of the root; NULL when nothing was kept */
	str head, foot;		/* comments of the document, set off from the root by a blank line */
	bool wide;		/* kept: lists stand indented below their key */
};

/* The first document; an empty text is null. Strings that stand in the text
 * as they are are borrowed from it. */
err *yaml_read(struct arena *a, str text, const struct yaml_options *o, node *out)
	__attribute__((warn_unused_result));
/* All documents; `docs` is an array in the arena. */
err *yaml_read_all(struct arena *a, str text, const struct yaml_options *o, struct yaml_doc **docs,
		   size_t *n) __attribute__((warn_unused_result));

/* Whether lists stand indented below their key ("wide") in a document: kyaml's
 * look at the first list it can tell of. */
bool yaml_is_wide(str text);

enum yaml_profile {
	YAML_WRITE_SIGS,
	YAML_WRITE_V2,		/* yaml v2 of a MapSlice: pairs stay in their order */
	YAML_WRITE_KYAML,
	YAML_WRITE_V3_WIDE,
	YAML_WRITE_V3_COMPACT,	/* lists at the column of their key: kyaml's Marshal of a map */
	YAML_WRITE_V3,		/* yaml v3 by itself: comments, order and styles kept, indent 4 */
};

/* Write one document, final newline included. */
err *yaml_write(struct buf *b, node n, enum yaml_profile profile)
	__attribute__((warn_unused_result));
/* The same with the notes of its root and, for kyaml, its own list indent. */
err *yaml_write_doc(struct buf *b, const struct yaml_doc *doc, enum yaml_profile profile)
	__attribute__((warn_unused_result));

/* What a plain scalar means under the rules: a node without place. For
 * emitters' quoting and for texts that are not whole documents. Timestamps
 * are NODE_TIME under both rules; "<<" is a text. */
node yaml_resolve(struct arena *a, str plain, enum yaml_rules rules, enum yaml_numbers numbers);

/* The tag of a scalar of that kind: "!!int"; "!!null" for none, "!!str" for
 * what is no scalar. */
str yaml_kind_tag(enum node_kind kind);
/* The text of a NODE_TIME as Go prints the time: RFC 3339 with its fraction.
 * Gives the length. */
enum { YAML_TIME_MAX = 48 };
size_t yaml_print_time(char to[YAML_TIME_MAX], str time);
/* Whether the printed time is one for JSON: its zone is less than a day away. */
bool yaml_time_is_json(str printed);

#endif
