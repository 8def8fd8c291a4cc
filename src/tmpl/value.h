/* value - Go's dynamic types on nodes, as templates see them.
 *
 * Templates show what Go type a value has: in error texts, `typeOf`, `%T`,
 * and in what they refuse to do. A node's kind gives the family, its `type`
 * nibble the Go type within it; type 0 is what YAML and JSON make. Bytes
 * ([]uint8) are a NODE_STR of type GO_BYTES, so ask value_is_str, not the
 * kind. Structs and pointers are NODE_OBJECTs that begin with their class.
 *
 * While a template runs, the `style` nibble of a value says how it was
 * reached: VALUE_IFACE means "by way of an interface{}", which Go's texts
 * tell apart from the bare value. A NODE_NONE is Go's invalid Value (the
 * untyped nil); a nil inside a list or map is NODE_NULL. What is stored in
 * lists and maps has no such flags: value_bare takes them off.
 *
 * Maps and lists are references, as in Go: a body in an arena that many
 * nodes point to.
 */
#ifndef TMPL_VALUE_H
#define TMPL_VALUE_H

#include "base/buf.h"
#include "value/node.h"

/* The `type` nibbles. Each group begins at 0. */
enum value_int_type {
	GO_INT64,
	GO_INT,
	GO_INT32,
	GO_UINT8,
	GO_UINT32,
	GO_UINT64, /* also every NODE_UINT */
	GO_DURATION,
	GO_MONTH,
	GO_WEEKDAY,
};

enum value_str_type { GO_STRING, GO_BYTES };

enum value_seq_type {
	GO_SLICE, /* []interface {} */
	GO_STRINGS,
	GO_INTS,
	GO_SLICES, /* [][]interface {} */
	GO_MAPS,   /* []map[string]interface {} */
	GO_VERSION_SET,
	GO_NIL_SLICE, /* a nil []interface {}: null in JSON, empty elsewhere */
	GO_NIL_STRINGS,
};

enum value_map_type {
	GO_MAP, /* map[string]interface {} */
	GO_STRING_MAP,
	GO_VALUES,  /* common.Values */
	GO_FILES,   /* engine.files, of GO_BYTES */
	GO_NIL_MAP, /* a nil map[string]interface {} */
	GO_NIL_STRING_MAP,
};

/* reflect.Kind, as far as values have it. */
enum value_kind {
	KIND_INVALID,
	KIND_BOOL,
	KIND_INT,
	KIND_INT32,
	KIND_INT64,
	KIND_UINT8,
	KIND_UINT32,
	KIND_UINT64,
	KIND_FLOAT,
	KIND_COMPLEX,
	KIND_STRING,
	KIND_SLICE,
	KIND_MAP,
	KIND_STRUCT,
	KIND_PTR,
};

enum { VALUE_IFACE = 1, VALUE_ADDR = 2 };

/* Depth to which values are followed when printed or copied: maps can hold
 * themselves. */
enum { VALUE_DEPTH_MAX = 3000 };

struct tmpl_func;

struct value_field {
	const char *name;
	node (*get)(struct arena *a, const void *object);
	const char *json; /* its name in JSON, when that is another... */
	bool omit_empty;  /* ... and it is left out when empty */
};

/* What a NODE_OBJECT is. `object` points to a struct whose first member is
 * `const struct value_class *`. Immutable, any thread. */
struct value_class {
	const char *type_name; /* "time.Time" */
	enum value_kind kind;  /* KIND_STRUCT, KIND_PTR, KIND_COMPLEX */
	const struct value_field *fields;
	const struct tmpl_func *methods;
	size_t fields_n, methods_n;
	/* String(): of the value itself, and (for what a pointer leads to, or a
	 * field of it) of its address. NULL: there is none. */
	void (*text)(struct buf *b, const void *object);
	void (*text_by_address)(struct buf *b, const void *object);
	/* What it is in JSON, when it is a text there; NULL: a map of its fields. */
	void (*wire_text)(struct buf *b, const void *object);
	bool (*equal)(const void *a, const void *b);
};

struct value_complex {
	const struct value_class *class;
	double re, im;
};
extern const struct value_class value_complex_class;

static inline const struct value_class *value_class(node n)
{
	return n.kind == NODE_OBJECT ? *(const struct value_class *const *)n.object : NULL;
}

/* ---- making ------------------------------------------------------------ */

static inline node value_typed_int(int64_t i, enum value_int_type type)
{
	return (node){ .kind = NODE_INT, .type = type & 15, .i = i };
}
static inline node value_int(int64_t i)
{
	return value_typed_int(i, GO_INT);
}
/* A uint64. */
node value_uint(uint64_t u);
node value_bytes(struct arena *a, str s);
node value_object(const void *object);
node value_complex(struct arena *a, double re, double im);
/* An empty list or map of a type. */
node value_seq(struct arena *a, enum value_seq_type type, size_t cap);
node value_map(struct arena *a, enum value_map_type type, size_t cap);

static inline node value_bare(node n)
{
	n.style = 0;
	if (n.kind == NODE_NONE)
		n.kind = NODE_NULL;
	return n;
}
static inline node value_iface(node n)
{
	n.style |= VALUE_IFACE;
	if (n.kind == NODE_NONE)
		n.kind = NODE_NULL;
	return n;
}
/* reflect's Elem of an interface: a nil one becomes the invalid Value. */
static inline node value_unwrap(node n)
{
	if (n.kind == NODE_NULL)
		return NODE_NOTHING;
	n.style &= (uint32_t)~VALUE_IFACE & 15;
	return n;
}

/* A bare value as the dot of a template: reflect.ValueOf. */
static inline node value_exec(node n)
{
	return n.kind == NODE_NULL ? NODE_NOTHING : n;
}

/* ---- asking ------------------------------------------------------------ */

static inline bool value_is_str(node n)
{
	return n.kind == NODE_STR && n.type == GO_STRING;
}
static inline bool value_is_bytes(node n)
{
	return n.kind == NODE_STR && n.type == GO_BYTES;
}
/* Integers of any width. */
static inline bool value_is_int(node n)
{
	return n.kind == NODE_INT || n.kind == NODE_UINT;
}
/* map[string]interface {} under any name. */
static inline bool value_is_dict(node n)
{
	return n.kind == NODE_MAP &&
	       (n.type == GO_MAP || n.type == GO_VALUES || n.type == GO_NIL_MAP);
}

/* The type of the value itself: "map[string]interface {}", "<nil>". */
str value_type_name(node n);
/* The same, but "interface {}" for what was reached through one. */
str value_static_type(node n);
enum value_kind value_kind(node n);
str value_kind_name(node n);

/* Truth as `if` has it, and sprig's `empty`; they differ for nothing but nil
 * pointers, which values have none of. */
bool value_true(node n);
/* Length of a list, map or text; -1 for all else. */
int64_t value_len(node n);
/* Item `i` as reflect's Index gives it (an interface for []interface {}). */
node value_item(node list, size_t i);
/* What a map's element is when the key is not there. */
node value_zero_elem(node map);
/* A map's value as reflect's MapIndex gives it; NODE_NONE when not there. */
node value_field(node map, str key);

/* reflect.DeepEqual of two interfaces. */
bool value_equal(node a, node b);
/* copystructure.Copy. */
node value_copy(struct arena *a, node n);

/* The pairs of a map in ascending order of keys: a copy, in the arena, which
 * no later change of the map touches. */
struct node_pair *value_sorted(struct arena *a, node map);

#endif
