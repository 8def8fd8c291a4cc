/* check - what validation of built-in kinds is made of: places in an object
 * and the checks that many fields share.
 *
 * A place is a chain of steps on the stack; it becomes text only when there
 * is something to say about it:
 *
 *	const struct at *spec = AT(NULL, "spec");
 *	check_non_negative(e, AT(spec, "replicas"), node_get(object, S("replicas")));
 *
 * The texts are those of apimachinery and k8s.io/kubernetes. Checks see
 * canonical objects with their defaults; what is not there counts as Go's
 * zero, and what has another type than it should as not there. Worker-local.
 */
#ifndef SERVER_CHECK_H
#define SERVER_CHECK_H

#include "schema/fielderr.h"
#include "text/names.h"

struct at {
	const struct at *up;
	str name;
	size_t index;
	enum { AT_FIELD, AT_INDEX, AT_KEY } how;
};

/* They live as long as the block around them. */
#define AT(up_, field) (&(const struct at){ (up_), S(field), 0, AT_FIELD })
#define AT_NAMED(up_, field) (&(const struct at){ (up_), (field), 0, AT_FIELD })
#define AT_I(up_, i) (&(const struct at){ (up_), STR_NONE, (i), AT_INDEX })
#define AT_K(up_, key) (&(const struct at){ (up_), (key), 0, AT_KEY })

str check_at(struct arena *a, const struct at *at);

/* ---- asking for fields --------------------------------------------------- */

/* The text of a field; empty when it is not there. */
static inline str text_of(node object, str key)
{
	return node_str_or(node_get(object, key), STR_NONE);
}
#define TEXT_OF(object, key) text_of((object), S(key))
#define INT_OF(object, key) node_int(node_get((object), S(key)))
#define BOOL_OF(object, key) node_bool(node_get((object), S(key)))
#define GET(object, key) node_get((object), S(key))
/* Not there or null: Go's nil, and what a field without a value has. */
#define LACKS(object, key) node_is_nil(node_get((object), S(key)))
#define HAS(object, key) (!LACKS(object, key))
/* A text node of a str that lives long enough. */
static inline node check_text(struct fielderrs *e, str s)
{
	return node_from_str(e->arena, s);
}

/* ---- saying what is wrong ------------------------------------------------ */

#define check_invalid(e, at, value, ...) \
	fielderr_invalid((e), check_at((e)->arena, (at)), (value), __VA_ARGS__)
#define check_invalid_text(e, at, text, ...) \
	check_invalid((e), (at), check_text((e), (text)), __VA_ARGS__)
#define check_forbidden(e, at, ...) \
	fielderr_forbidden((e), check_at((e)->arena, (at)), __VA_ARGS__)
#define check_required_why(e, at, ...) \
	fielderr_required((e), check_at((e)->arena, (at)), __VA_ARGS__)
void check_required(struct fielderrs *e, const struct at *at);
void check_duplicate(struct fielderrs *e, const struct at *at, node value);
void check_not_found(struct fielderrs *e, const struct at *at, node value);
void check_too_many(struct fielderrs *e, const struct at *at, size_t is, size_t max);
void check_too_long(struct fielderrs *e, const struct at *at, size_t max);
void check_not_supported(struct fielderrs *e, const struct at *at, node value, const str *list,
			 size_t n);
/* "Invalid value: VALUE: WHY" for each of the complaints of a rule. */
void check_name(struct fielderrs *e, const struct at *at, str name, enum name_rule rule);

/* A name that must be there and fit between two slashes of a URL. */
void check_path_segment(struct fielderrs *e, const struct at *at, str name);

/* True for one of the words; else says what is supported. ONE_OF(e, at, value, "A", "B") */
bool check_words(struct fielderrs *e, const struct at *at, node value, const char *const *words);
#define ONE_OF(e, at, value, ...) \
	check_words((e), (at), (value), (const char *const[]){ __VA_ARGS__, NULL })
/* Whether a text is one of the words. */
bool check_is(str text, const char *const *words);
#define IS_ONE_OF(text, ...) check_is((text), (const char *const[]){ __VA_ARGS__, NULL })

/* Lists of words where "*" stands for all of them and so stands alone: "if '*' is
 * present, must not specify other OTHERS". */
bool check_has_star(node list);
void check_starred(struct fielderrs *e, const struct at *at, node list, const char *others);

/* ---- numbers --------------------------------------------------------------- */

/* Nothing to say about what is not there. */
void check_non_negative(struct fielderrs *e, const struct at *at, node value);
void check_positive(struct fielderrs *e, const struct at *at, node value);
/* "must be between LOW and HIGH, inclusive" */
bool check_range(struct fielderrs *e, const struct at *at, node value, int64_t low, int64_t high);
bool check_port(struct fielderrs *e, const struct at *at, node value);
/* A port by number or name. */
void check_port_or_name(struct fielderrs *e, const struct at *at, node value);
void check_port_name(struct fielderrs *e, const struct at *at, str name);
/* A number or a percentage, neither negative. */
void check_int_or_percent(struct fielderrs *e, const struct at *at, node value);
/* Percent at most 100. */
void check_at_most_100(struct fielderrs *e, const struct at *at, node value);
/* The number of a percentage; false: no percentage. */
bool check_percent(node value, int64_t *out);
void check_quantity_non_negative(struct fielderrs *e, const struct at *at, node value);

/* ---- labels, selectors, names --------------------------------------------- */

void check_label_name(struct fielderrs *e, const struct at *at, str name);
void check_labels(struct fielderrs *e, const struct at *at, node labels);
void check_annotations(struct fielderrs *e, const struct at *at, node annotations);
/* `lenient`: values that are no values of labels are let through, as an older
 * state of the object has them. */
void check_label_selector(struct fielderrs *e, const struct at *at, node selector, bool lenient);
/* One of its matchExpressions. `any_operator`: operators that a later version may know are good. */
void check_requirement(struct fielderrs *e, const struct at *at, node expression, bool lenient,
		       bool any_operator);
bool check_has_bad_value(node selector);
/* As a message shows it: in the order of its fields. */
node check_selector_shown(struct fielderrs *e, node selector);
/* The key of a ConfigMap or Secret. */
void check_config_key(struct fielderrs *e, const struct at *at, str key);
size_t check_config_key_complaints(str key, str out[NAME_COMPLAINTS_MAX]);
void check_env_name(struct fielderrs *e, const struct at *at, str name);
void check_header_name(struct fielderrs *e, const struct at *at, str name);
/* Domains with at least three or two segments; "a.b/path". */
void check_qualified_name(struct fielderrs *e, const struct at *at, str name);
void check_qualified_domain(struct fielderrs *e, const struct at *at, str name);
void check_domain_path(struct fielderrs *e, const struct at *at, str path);
void check_wildcard_subdomain(struct fielderrs *e, const struct at *at, str name);
bool check_is_wildcard_subdomain(str name);
/* RFC 1123 subdomain where '_' is good, too. */
void check_subdomain_underscore(struct fielderrs *e, const struct at *at, str name);

/* The same value; what is not there is the same as null. */
bool check_same(node x, node y);
/* Two values that should be the same: "field is immutable". */
bool check_immutable(struct fielderrs *e, const struct at *at, node now, node before, node shown);

/* How many of the named fields an object has. */
size_t check_count(node object, const char *const *fields);

#endif
