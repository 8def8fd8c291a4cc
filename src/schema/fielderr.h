/* fielderr - what validation finds wrong with an object, field by field.
 *
 * The entries are those of apimachinery's field.ErrorList: a path
 * ("spec.ports[0].name"), a type ("FieldValueInvalid"), the value as the
 * message shows it, and a detail. Their texts are interface: they end up in
 * the Status that a client gets, in conditions and in alerts.
 *
 * A list collects; it never fails. Everything lives in the arena of the
 * request. Worker-local.
 */
#ifndef SCHEMA_FIELDERR_H
#define SCHEMA_FIELDERR_H

#include "base/arena.h"
#include "base/buf.h"
#include "value/node.h"

enum fielderr_type {
	FIELDERR_NOT_FOUND,	/* FieldValueNotFound: "Not found" */
	FIELDERR_REQUIRED,
	FIELDERR_DUPLICATE,
	FIELDERR_INVALID,
	FIELDERR_NOT_SUPPORTED,	/* FieldValueNotSupported: "Unsupported value" */
	FIELDERR_FORBIDDEN,
	FIELDERR_TOO_LONG,
	FIELDERR_TOO_MANY,
	FIELDERR_INTERNAL,
	FIELDERR_TYPE_INVALID,	/* FieldValueTypeInvalid: "Invalid value" */
};

struct fielderr {
	enum fielderr_type type;
	str path;
	str text;		/* "Invalid value: -1: must be greater than or equal to 0" */
};

/* Entries beyond this many are dropped. */
enum { FIELDERR_MAX = 1000 };

struct fielderrs {
	struct arena *arena;
	struct fielderr *list;
	size_t n, cap;
};

/* "FieldValueInvalid", the reason of a Status' cause. */
str fielderr_reason(enum fielderr_type type);

/* A path below another: fielderr_path(a, S("spec"), ".%s[%zu]", ...) is just
 * arena_printf with the start in front; an empty `base` drops the dot. */
str fielderr_path(struct arena *a, str base, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "base[key]", as field.Path's Key. */
str fielderr_key(struct arena *a, str base, str key);

/* The entry's text is "TYPE: VALUE: DETAIL", with the parts that the type
 * has. `value` is shown as Go shows it: texts quoted, numbers and booleans
 * bare, lists and maps as compact JSON, NODE_NONE as "null". */
void fielderr_invalid(struct fielderrs *e, str path, node value, const char *detail, ...)
	__attribute__((format(printf, 4, 5)));
void fielderr_type_invalid(struct fielderrs *e, str path, node value, const char *detail, ...)
	__attribute__((format(printf, 4, 5)));
void fielderr_required(struct fielderrs *e, str path, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));
void fielderr_forbidden(struct fielderrs *e, str path, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));
void fielderr_duplicate(struct fielderrs *e, str path, node value);
void fielderr_not_found(struct fielderrs *e, str path, node value);
/* The supported values are printed quoted, in this order. */
void fielderr_not_supported(struct fielderrs *e, str path, node value, const str *supported,
			    size_t n);
/* A negative `max` is not shown; nor is a negative `is`. */
void fielderr_too_long(struct fielderrs *e, str path, int64_t max);
void fielderr_too_many(struct fielderrs *e, str path, int64_t is, int64_t max);
/* An entry that shows no value. */
void fielderr_invalid_bare(struct fielderrs *e, str path, const char *detail, ...)
	__attribute__((format(printf, 3, 4)));
void fielderr_duplicate_bare(struct fielderrs *e, str path);
/* Any other text behind the path. */
void fielderr_add(struct fielderrs *e, enum fielderr_type type, str path, str text);

/* "path: text", or "[a, b]" for several, as ErrorList.ToAggregate prints
 * them: equal messages once. */
void fielderr_print(struct buf *b, const struct fielderrs *e);

#endif
