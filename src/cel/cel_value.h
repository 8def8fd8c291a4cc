/* cel_value - values of expressions: lists, maps, equality, order, text.
 *
 * Scalars are held in the cel_value itself. Lists and maps are held in one of
 * several forms: nodes of the caller's tree, read with or without a decl;
 * items and entries that the expression made; two lists joined. What they
 * answer, when elements cannot be compared too, is what the types of cel-go
 * and of Kubernetes' CEL answer.
 *
 * A failure is a value, too (CEL_FAULT): it travels up until an operator
 * absorbs it. All that loops counts its work with the run, which stops when
 * there was too much (cel_run_work).
 *
 * Values live in the run's arena. Worker-local.
 */
#ifndef CEL_CEL_VALUE_H
#define CEL_CEL_VALUE_H

#include "base/buf.h"
#include "base/vec.h"
#include "cel/cel.h"
#include "cel/cel_func.h"
#include "text/gourl.h"
#include "text/netip.h"
#include "text/quantity.h"

enum cel_form {
	CEL_FORM_NODES,		/* of_node */
	CEL_FORM_ITEMS,		/* list */
	CEL_FORM_DECLARED,	/* list of plain values that are read through a decl */
	CEL_FORM_CONCAT,
	CEL_FORM_ENTRIES,
	CEL_FORM_POINTER,	/* a quantity that was computed: equal to none */
};

struct cel_items {
	cel_value *p;
	size_t n, cap;
};

struct cel_concat {
	cel_value prev, next;
	size_t n;
};

struct cel_entry_value {
	cel_value key, value;
};

struct cel_entries {
	struct cel_entry_value *p;
	size_t n, cap;
	uint32_t *slots;	/* index + 1; NULL while few */
	size_t slots_n;
	str made;		/* the type of an Object or JSONPatch; empty: a map */
};

struct cel_net {
	struct netip ip;	/* without a zone */
	uint8_t bits;		/* of a prefix */
};

struct cel_version {
	uint64_t major, minor, patch;
	const str *pre, *build;	/* identifiers */
	size_t pre_n, build_n;
};

struct cel_format;
struct cel_asked;
struct regex;

struct cel_box {
	union {
		str text;		/* of a fault */
		cel_value value;	/* of an optional; of CEL_UNKNOWN: data without a type */
		struct quantity quantity;
		struct gourl url;
		struct cel_net net;
		struct cel_version version;
		const struct cel_format *format;
		const struct cel_asked *asked;
	};
};

/* One evaluation. */
struct cel_run {
	struct arena *a;
	enum cel_library library;
	const struct tz_source *zones;
	size_t held;		/* bytes of the arena when it began */
	uint64_t work;		/* steps of loops left */
	unsigned depth;		/* of the value being compared or printed */
	bool stopped;		/* a limit was passed: nothing counts any more */
	bool spent;		/* it was one of ours, that cel-go does not have */
	const char *why;
};

/* Steps that one evaluation may take inside functions, and bytes it may use. */
enum { CEL_WORK_MAX = 50000000, CEL_MEMORY_MAX = 128 << 20 };
/* A text that one function makes. */
enum { CEL_TEXT_MAX = 16 << 20 };
/* How deep values may nest where they are compared, printed, converted. */
enum { CEL_VALUE_DEPTH_MAX = 1000 };

/* Stop a run that uses more than it may; the reason is the first one told. */
static inline void cel_run_stop(struct cel_run *r, const char *why)
{
	if (r->stopped)
		return;
	r->stopped = r->spent = true;
	r->why = why;
}

/* Count `n` steps; false once the run is stopped. */
static inline bool cel_run_work(struct cel_run *r, uint64_t n)
{
	if (r->work < n)
		cel_run_stop(r, "operation cancelled: too many steps");
	else if (r->a->held > r->held + CEL_MEMORY_MAX)
		cel_run_stop(r, "operation cancelled: too much memory");
	else
		r->work -= n;
	return !r->stopped;
}

/* Count what looking for a pattern may take. */
bool cel_run_pattern(struct cel_run *r, const struct regex *pattern, str text);

/* ---- making ------------------------------------------------------------ */

#define CEL_NULL_VALUE ((cel_value){ .kind = CEL_NULL })
static inline cel_value cel_bool(bool b)
{
	return (cel_value){ .kind = CEL_BOOL, .b = b };
}
static inline cel_value cel_int(int64_t i)
{
	return (cel_value){ .kind = CEL_INT, .i = i };
}
static inline cel_value cel_uint(uint64_t u)
{
	return (cel_value){ .kind = CEL_UINT, .u = u };
}
static inline cel_value cel_double(double d)
{
	return (cel_value){ .kind = CEL_DOUBLE, .d = d };
}
static inline cel_value cel_string(str s)
{
	return (cel_value){ .kind = CEL_STRING, .s = s };
}
static inline cel_value cel_duration(int64_t nanoseconds)
{
	return (cel_value){ .kind = CEL_DURATION, .i = nanoseconds };
}
#define CEL_NONE_VALUE ((cel_value){ .kind = CEL_OPTIONAL })
cel_value cel_some(struct cel_run *r, cel_value v);
cel_value cel_boxed(struct cel_run *r, enum cel_kind kind, struct cel_box box);
cel_value cel_fault(struct cel_run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "no such overload", or `v` if it is a fault. */
cel_value cel_no_overload(struct cel_run *r, cel_value v);
/* Takes `e`. */
cel_value cel_fault_err(struct cel_run *r, err *e);
/* A text that was written into a buffer; a fault when it was too large. */
cel_value cel_text(struct cel_run *r, const struct buf *b);

static inline bool cel_is_fault(cel_value v)
{
	return v.kind == CEL_FAULT;
}
static inline bool cel_is_true(cel_value v)
{
	return v.kind == CEL_BOOL && v.b;
}

/* ---- asking ------------------------------------------------------------ */

/* Traits of the value's type: enum cel_trait. */
unsigned cel_traits(cel_value v);
/* Name of the Go type behind it, as messages have it: "types.Int". */
const char *cel_go_type(cel_value v);
/* Whether it may be an argument where `t` is declared. */
bool cel_matches_type(struct cel_run *r, cel_value v, const struct cel_type *t);
/* As Go prints it with %v. */
void cel_print(struct cel_run *r, struct buf *b, cel_value v);
/* What size() says, or 1: costs are counted by it. Optionals have the size of
 * their value, if `optionals`. */
uint64_t cel_size(cel_value v, bool optionals);

cel_value cel_equal(struct cel_run *r, cel_value a, cel_value b);
/* The same, nulls being equal to nulls only. */
cel_value cel_equal_null(struct cel_run *r, cel_value a, cel_value b);
/* CEL_INT -1, 0, 1, or a fault. */
cel_value cel_compare(struct cel_run *r, cel_value a, cel_value b);
cel_value cel_convert(struct cel_run *r, cel_value v, enum cel_kind to);
bool cel_is_zero(cel_value v);

/* ---- lists ------------------------------------------------------------- */

size_t cel_list_n(cel_value list);
/* A fault outside it. */
cel_value cel_list_at(struct cel_run *r, cel_value list, size_t i);
/* By any number; a fault when that is no index. */
cel_value cel_list_get(struct cel_run *r, cel_value list, cel_value index);
/* False, with a fault, for what is no index. */
bool cel_list_index(struct cel_run *r, cel_value index, int64_t *out, cel_value *fault);
cel_value cel_list_add(struct cel_run *r, cel_value a, cel_value b);
cel_value cel_list_contains(struct cel_run *r, cel_value list, cel_value v);
/* A list to fill: items are added to the newest value of it only. */
cel_value cel_list_new(struct cel_run *r, size_t cap);
void cel_list_push(struct cel_run *r, cel_value *list, cel_value v);

/* ---- maps -------------------------------------------------------------- */

size_t cel_map_n(cel_value map);
/* Key `i` in order, false when that one is not to be seen. */
bool cel_map_key(struct cel_run *r, cel_value map, size_t i, cel_value *key);
/* The same with its value. */
bool cel_map_at(struct cel_run *r, cel_value map, size_t i, cel_value *key, cel_value *value);
/* False when it is not there; a fault may be found, too. */
bool cel_map_find(struct cel_run *r, cel_value map, cel_value key, cel_value *out);
cel_value cel_map_new(struct cel_run *r, size_t cap);
/* Set a key; an entry of it is replaced. Changes the map. */
void cel_map_set(struct cel_run *r, cel_value map, cel_value key, cel_value value);
void cel_map_remove(cel_value map, cel_value key);
/* Whether it cannot be a key; the run is stopped then. */
bool cel_map_bad_key(struct cel_run *r, cel_value key);
/* Whether it is there just so, of the same type. */
bool cel_map_has_exact(cel_value map, cel_value key);

/* ---- nodes ------------------------------------------------------------- */

/* A node of the caller's; `decl` NULL: as it is. */
cel_value cel_wrap(struct cel_run *r, node n, const struct cel_decl *decl);
/* A plain value as an element of a declared list. */
cel_value cel_wrap_plain(struct cel_run *r, cel_value v, const struct cel_decl *decl);
/* The same value without its decl: Go's Value(). */
cel_value cel_plain(struct cel_run *r, cel_value v);

/* The type of what has to do with the authorizer. */
const struct cel_type *cel_authorizer_type_of(cel_value v);

/* private to cel_value.c, cel_list.c, cel_map.c, cel_declared.c */
cel_value cel_equal_lists(struct cel_run *r, cel_value a, cel_value b);
cel_value cel_equal_maps(struct cel_run *r, cel_value a, cel_value b);
cel_value cel_equal_declared_map(struct cel_run *r, cel_value a, cel_value b);
cel_value cel_equal_declared_set(struct cel_run *r, cel_value a, cel_value b);
cel_value cel_equal_declared_keyed(struct cel_run *r, cel_value a, cel_value b);
cel_value cel_add_declared(struct cel_run *r, cel_value a, cel_value b);
bool cel_find_declared(struct cel_run *r, cel_value map, cel_value key, cel_value *out);
/* The decl of a list or map, or NULL. */
static inline const struct cel_decl *cel_decl_of(cel_value v)
{
	if (v.kind != CEL_LIST && v.kind != CEL_MAP)
		return NULL;
	return v.form == CEL_FORM_NODES	     ? v.of_node.decl
	       : v.form == CEL_FORM_DECLARED ? v.list.decl
					     : NULL;
}

#endif
