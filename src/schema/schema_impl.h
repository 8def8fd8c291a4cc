/* schema_impl - what the parts of the validator share. Private to schema_*.c.
 *
 * The parts, in order of work: schema_load.c finds documents, resources and
 * anchors and resolves references; schema_compile.c turns schema objects into
 * steps; schema_run.c runs the steps on an instance, with the keywords in
 * schema_steps.c; schema_print.c words the failures. schema_meta.c has the
 * meta-schemas, schema_format.c the formats, schema_number.c exact numbers.
 *
 * A schema is known by its place: the slot of a document where it stands.
 * Pointers are made into text only to be printed.
 */
#ifndef SCHEMA_SCHEMA_IMPL_H
#define SCHEMA_SCHEMA_IMPL_H

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "schema/schema.h"
#include "text/regex.h"

/* ---- drafts ------------------------------------------------------------ */

struct draft {
	int version;
	str url;		/* of its meta-schema */
	str id;			/* the keyword that names a resource */
	str vocabularies;	/* prefix of their URLs */
};

const struct draft *meta_find_draft(str url);	/* by "$schema"; NULL: none of ours */
extern const struct draft *const meta_latest_draft;

/* Vocabularies, as bits in the order of their names in schema_meta.c. */
enum vocab {
	VOCAB_CORE = 1,
	VOCAB_APPLICATOR = 2,
	VOCAB_UNEVALUATED = 4,
	VOCAB_VALIDATION = 8,
	VOCAB_META_DATA = 16,
	VOCAB_FORMAT = 32,
	VOCAB_FORMAT_ANNOTATION = 64,
	VOCAB_FORMAT_ASSERTION = 128,
	VOCAB_CONTENT = 256,
	VOCABS = 9,
};

/* A draft, and with a meta-schema of the user's own the vocabularies it
 * lists; `listed` is false when it lists none. */
struct dialect {
	const struct draft *draft;
	bool listed;
	uint16_t vocabs;
	uint8_t n;
	uint16_t order[VOCABS];
};

/* The bit of a vocabulary's URL; 0 when the draft has no such. */
uint16_t meta_find_vocab(const struct draft *d, str url);
bool meta_has_vocab(const struct dialect *d, enum vocab vocab);
/* The text of a meta-schema, by URL; false for other URLs. */
bool meta_text(str url, str *text);
/* The compiled meta-schema of a draft, or of one of its vocabularies. Made
 * once a process. */
const struct schema *meta_draft(const struct draft *d);
const struct schema *meta_vocab(const struct draft *d, enum vocab vocab);

/* ---- documents --------------------------------------------------------- */

struct place {
	const node *at;		/* its slot, which is its identity */
	struct place *parent;	/* NULL: the root */
	struct doc *doc;
	str token;		/* the last part of its pointer, not escaped */
	struct resource *near;	/* the resource that it belongs to */
	struct resource *own;	/* the resource that begins here, or NULL */
	bool collected;
	struct schema *schema;	/* once somebody asked for it */
};

/* A part of a document with a URL of its own. */
struct resource {
	struct place *place;
	str id;
	struct dialect dialect;
	const struct schema *meta;	/* of its dialect, once asked for */
	struct map anchors;		/* to places */
	VEC(str) dynamic;		/* those that are dynamic */
};

struct doc {
	str url;
	node root;
	struct place *top;
	bool rooted;			/* resources found, checked by its meta-schema */
	struct map places;		/* by the bytes of `at` */
	struct map ids;			/* to resources */
	VEC(struct resource *) resources;
};

struct compiler {
	struct arena *a;
	const struct schema_options *o;
	struct map docs;
	VEC(struct schema *) queue;
	bool formats;			/* assert them in every draft */
	bool trusted;			/* our own meta-schemas: nothing is checked */
};

/* The document behind a URL, loaded, searched and checked. */
err *load_doc(struct compiler *c, str url, struct doc **out) __attribute__((warn_unused_result));
err *load_add(struct compiler *c, str url, node root, struct doc **out)
	__attribute__((warn_unused_result));
/* JSON in the words of Go's decoder. */
err *load_json(struct arena *a, str text, node *out) __attribute__((warn_unused_result));
/* Search and check a place that no keyword of schemas leads to. */
err *load_place(struct compiler *c, struct place *p) __attribute__((warn_unused_result));
struct place *place_below(struct compiler *c, struct place *p, const node *slot, str token);
struct place *place_item(struct compiler *c, struct place *p, size_t i);
/* The place that a slot is known as, or NULL. */
struct place *place_find(const struct doc *doc, const node *slot);
/* "URL#POINTER", and the pointer alone as it is. */
void place_add_url(struct buf *b, const struct place *p);
void place_add_pointer(struct buf *b, const struct place *p, bool encoded, const struct place *from);

/* What a reference leads to: a place, or a pointer that leads nowhere. */
struct target {
	struct place *place;
	str bad;		/* the URL with the pointer */
	bool malformed;
};
err *load_reference(struct compiler *c, struct resource *from, str reference, struct target *out)
	__attribute__((warn_unused_result));
const struct schema *load_dialect_meta(struct compiler *c, struct resource *r);
/* %XX decoded; "error in parsing "URL": ..." */
err *load_fragment(struct arena *a, str url, str *before, str *fragment)
	__attribute__((warn_unused_result));

/* ---- schemas ----------------------------------------------------------- */

enum schema_type {
	TYPE_NULL = 1,
	TYPE_BOOLEAN = 2,
	TYPE_NUMBER = 4,
	TYPE_INTEGER = 8,
	TYPE_STRING = 16,
	TYPE_ARRAY = 32,
	TYPE_OBJECT = 64,
};

/* One keyword, in the order in which failures are told. */
enum op {
	OP_TYPE,
	OP_CONST,
	OP_ENUM,
	OP_FORMAT,
	OP_REF_ALONE,		/* before 2019-09, where it hides all other keywords */
	OP_REF,
	OP_MIN_PROPERTIES,
	OP_MAX_PROPERTIES,
	OP_REQUIRED,
	OP_DEPENDENCIES,
	OP_MEMBERS,
	OP_PROPERTY_NAMES,
	OP_DEPENDENT_SCHEMAS,
	OP_DEPENDENT_REQUIRED,
	OP_MIN_ITEMS,
	OP_MAX_ITEMS,
	OP_UNIQUE_ITEMS,
	OP_ITEMS,
	OP_CONTAINS,
	OP_MIN_LENGTH,
	OP_MAX_LENGTH,
	OP_PATTERN,
	OP_MINIMUM,
	OP_MAXIMUM,
	OP_EXCLUSIVE_MINIMUM,
	OP_EXCLUSIVE_MAXIMUM,
	OP_MULTIPLE_OF,
	OP_RECURSIVE_REF,
	OP_DYNAMIC_REF,
	OP_NOT,
	OP_ALL_OF,
	OP_ANY_OF,
	OP_ONE_OF,
	OP_IF,
	OP_UNEVALUATED_PROPERTIES,
	OP_UNEVALUATED_ITEMS,
	OPS,
};

enum rest { REST_ANY, REST_NONE, REST_ALL, REST_SCHEMA };

struct schema_list {
	const struct schema **p;
	size_t n;
};

struct str_list {
	const str *p;
	size_t n;
};

/* properties, patternProperties, additionalProperties. */
struct members {
	node properties;		/* for its index */
	struct schema_list of;		/* in its order */
	const struct regex **patterns;
	struct schema_list by_pattern;
	enum rest rest;
	const struct schema *rest_schema;
};

/* items, prefixItems, additionalItems. */
struct items {
	struct schema_list first;
	enum rest rest;
	const struct schema *rest_schema;
};

struct contains {
	const struct schema *schema;
	bool has_min, has_max, evaluates;
	int64_t min, max;
};

/* What is demanded when a property is there: others, or a schema. */
struct dependency {
	str name;
	struct str_list required;
	const struct schema *schema;
};

struct dependencies {
	const struct dependency *p;
	size_t n;
};

struct condition {
	const struct schema *test, *yes, *no;
};

struct dynamic_ref {
	const struct schema *schema;
	str anchor;			/* empty: a reference like any other */
};

struct format;

struct step {
	uint8_t op;
	uint8_t types;			/* of OP_TYPE and OP_ENUM */
	union {
		node want;
		int64_t n;
		struct str_list names;
		struct schema_list list;
		const struct schema *schema;
		const struct members *members;
		const struct items *items;
		const struct contains *contains;
		const struct dependencies *dependencies;
		const struct condition *condition;
		const struct dynamic_ref *dynamic;
		const struct regex *pattern;
		const struct format *format;
	};
};

struct anchor {
	str name;
	const struct schema *schema;
};

struct schema {
	const struct place *place;	/* NULL: made up, see `name` */
	str name;
	struct target missing;		/* a reference to nowhere, waiting to be told */
	int version;
	int8_t boolean;			/* 1: true, 0: false, -1: neither */
	bool all_members, all_items;	/* none is left unevaluated */
	bool judges_members, judges_items;	/* has unevaluatedProperties, unevaluatedItems */
	bool recursive_anchor;
	size_t items_evaluated;
	str dynamic_anchor;
	const struct schema *resource;	/* the schema at the root of its resource */
	const struct anchor *anchors;	/* the dynamic ones, of a resource */
	size_t anchors_n;
	const struct step *steps;
	size_t steps_n;
};

void schema_add_url(struct buf *b, const struct schema *s);
err *schema_compile_place(struct compiler *c, struct place *p, const struct schema **out)
	__attribute__((warn_unused_result));
void compile_release(struct compiler *c);

/* Keywords of an object as bits: most of those that are not there are known
 * by one look. */
static inline uint64_t schema_key_bit(str key)
{
	if (!key.n)
		return 1;
	return (uint64_t)1 << ((key.n * 11 + (unsigned char)key.p[0] * 3u +
				(unsigned char)key.p[key.n - 1]) & 63);
}

static inline uint64_t schema_key_bits(node obj)
{
	uint64_t bits = 0;

	node_each_pair(p, obj)
		bits |= schema_key_bit(node_str(p->key));
	return bits;
}

/* ---- numbers ----------------------------------------------------------- */

/* A decimal number of any size: 0.DIGITS times 10^point. */
struct number {
	bool ok;		/* false: out of all bounds */
	bool negative;
	const char *digits;	/* maybe with a '.' among them; no zeros at the ends */
	size_t n, span;		/* digits; bytes */
	int64_t point;
	char own[40];		/* the text of a number held by value */
};

void schema_number(struct number *out, node n);
int schema_number_cmp(const struct number *a, const struct number *b);
bool schema_number_is_int(const struct number *a);
/* Its lowest 64 bits; of an integer. */
int64_t schema_number_int(const struct number *a);
/* `*yes`: a is a multiple of b. Fails on numbers of very many digits. */
err *schema_number_multiple(const struct number *a, const struct number *b, bool *yes)
	__attribute__((warn_unused_result));
double schema_number_float(node n);

unsigned schema_type(node n);		/* 0: no JSON value */
bool schema_equal(const node *a, const node *b, uint64_t *work);
/* The first pair of equal items, by the later one. */
bool schema_duplicates(struct arena *a, node seq, size_t *i, size_t *j, uint64_t *work);

/* ---- formats ----------------------------------------------------------- */

/* NULL when nobody knows it. */
const struct format *format_find(str name);
str format_name(const struct format *f);
/* The error's words are those behind "is not valid NAME: ". */
err *format_check(const struct format *f, str text) __attribute__((warn_unused_result));

/* ---- running ----------------------------------------------------------- */

/* Where in the instance; made when a failure has to be told. */
struct loc {
	const struct loc *up;
	str key;
	size_t index;
	bool is_index;
};

enum fail_kind {
	FAIL_STEP,		/* worded by the op of `step` */
	FAIL_FALSE,
	FAIL_GROUP,		/* several failures of one schema */
	FAIL_CYCLE,
	FAIL_VALUE,		/* no JSON value */
	FAIL_PROPERTY_NAME,
	FAIL_MIN_CONTAINS,
	FAIL_MAX_CONTAINS,
	FAIL_ONE_OF_TWO,
};

struct fail {
	uint8_t kind;
	const struct step *step;
	const struct loc *at;
	struct fail *next, *first, *last;	/* the failures below it */
	node got;
	int64_t i, j;
	struct str_list names;
	const uint32_t *places;
	str text;
};

/* Validate; `doc` is the document itself when a schema is checked by its
 * meta-schema, else NULL. */
err *schema_run(const struct schema *s, const node *instance, struct compiler *c, struct doc *doc)
	__attribute__((warn_unused_result));

/* ---- words ------------------------------------------------------------- */

/* 'text', as the library quotes it. */
void print_quoted(struct buf *b, str s);
/* "text" as Go quotes it. */
void print_go_quoted(struct buf *b, str s);
void print_int(struct buf *b, int64_t i);
void print_float(struct buf *b, double f);
/* "1,234 items" and the like: %d with separators, %q, %s and %c (a rune, quoted). */
err *print_fails(const struct schema *s, const struct fail *f) __attribute__((warn_unused_result));

#endif
