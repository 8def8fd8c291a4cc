/* Values against their schema, as go-openapi's validator does it.
 *
 * All checks that apply to the kind of a value are made, whatever the type
 * said: their order, and the count of those that hold, decide what is
 * reported of alternatives. */
#include "schema/structural_impl.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"
#include "text/quote.h"
#include "value/json.h"

struct runner {
	struct arena *arena;
	bool all_formats;
};

static void run(const struct runner *r, const struct type_rules *s,
		const struct structural_where *w, node value, struct structural_pair *pair,
		struct structural_result *out);

/* ---- types ------------------------------------------------------------- */

static bool is_float(node v)
{
	return v.kind == NODE_FLOAT || v.kind == NODE_UINT;
}

static enum structural_kind kind_of(node v)
{
	switch (v.kind) {
	case NODE_BOOL:
		return STRUCTURAL_BOOLEAN;
	case NODE_INT:
		return STRUCTURAL_INTEGER;
	case NODE_UINT:
	case NODE_FLOAT:
		return STRUCTURAL_NUMBER;
	case NODE_SEQ:
		return STRUCTURAL_ARRAY;
	case NODE_MAP:
		return STRUCTURAL_OBJECT;
	default:
		return STRUCTURAL_STRING;
	}
}

/* Custom resources see int-or-string as the two types. */
static bool two_types(const struct runner *r, const struct type_rules *s)
{
	return s->int_or_string && !r->all_formats;
}

static str types_of(const struct runner *r, const struct type_rules *s)
{
	return two_types(r, s) ? S("integer,string") : structural_type_text(s);
}

static bool has_types(const struct runner *r, const struct type_rules *s)
{
	return two_types(r, s) || s->kind != STRUCTURAL_UNTYPED;
}

static bool has_kind(const struct runner *r, const struct type_rules *s, enum structural_kind k)
{
	return two_types(r, s) ? k == STRUCTURAL_INTEGER || k == STRUCTURAL_STRING : s->kind == k;
}

static void wrong_type(const struct runner *r, const struct structural_where *w, str wanted,
		       str found, struct structural_result *out)
{
	str name = structural_where_name(r->arena, w);

	structural_result_add(r->arena, out, (struct structural_finding){
		.code = FOUND_TYPE, .name = name, .value = node_from_str(r->arena, found),
		.message = arena_printf(r->arena, "%.*s in body must be of type %.*s: \"%.*s\"",
					STR_ARG(name), STR_ARG(wanted), STR_ARG(found)),
	});
}

static str format_of(const struct runner *r, const struct type_rules *s)
{
	return r->all_formats ? s->format : structural_format(s);
}

static void check_null(const struct runner *r, const struct type_rules *s,
		       const struct structural_where *w, struct structural_result *out)
{
	if (has_types(r, s) && s->kind != STRUCTURAL_NULL && !s->nullable)
		wrong_type(r, w, types_of(r, s), S("null"), out);
	else
		out->matches++;
}

static void check_type(const struct runner *r, const struct type_rules *s,
		       const struct structural_where *w, node v, struct structural_result *out)
{
	static const str names[] = {
		[STRUCTURAL_OBJECT] = S("object"),	[STRUCTURAL_ARRAY] = S("array"),
		[STRUCTURAL_STRING] = S("string"),	[STRUCTURAL_INTEGER] = S("integer"),
		[STRUCTURAL_NUMBER] = S("number"),	[STRUCTURAL_BOOLEAN] = S("boolean"),
	};
	enum structural_kind kind = kind_of(v);
	bool fits = has_kind(r, s, kind) ||
		    (is_float(v) && has_kind(r, s, STRUCTURAL_INTEGER) && structural_is_whole(v)) ||
		    (v.kind == NODE_INT && has_kind(r, s, STRUCTURAL_NUMBER));
	str format = format_of(r, s);
	bool left_to_format = kind == STRUCTURAL_STRING || kind == STRUCTURAL_ARRAY;
	str own = v.kind == NODE_INT ? S("int64") : is_float(v) ? S("float64") : S("");

	if (format.n && !left_to_format && !fits && !str_eq(own, format))
		wrong_type(r, w, format, own, out);
	else if (format.n && left_to_format && !has_kind(r, s, STRUCTURAL_NUMBER) &&
		 !has_kind(r, s, STRUCTURAL_INTEGER))
		out->matches++;
	else if (!fits)
		wrong_type(r, w, types_of(r, s), names[kind], out);
	else
		out->matches++;
}

/* ---- texts ------------------------------------------------------------- */

static void say(const struct runner *r, const struct structural_where *w, node value,
		struct structural_result *out, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* "NAME in body ..." */
static void say(const struct runner *r, const struct structural_where *w, node value,
		struct structural_result *out, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str name = structural_where_name(r->arena, w);
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(NULL, 0, fmt, args);

	va_end(args);
	buf_addf(&b, "%.*s in body ", STR_ARG(name));
	char *to = buf_reserve(&b, (size_t)n + 1);

	va_start(args, fmt);
	if (to)
		b.n += (size_t)vsnprintf(to, (size_t)n + 1, fmt, args);
	va_end(args);
	structural_result_add(r->arena, out, (struct structural_finding){
		.code = FOUND_INVALID, .name = name, .value = value,
		.message = arena_str(r->arena, buf_str(&b)),
	});
}

/* Only the first thing wrong with a text is said. */
static void check_text(const struct runner *r, const struct type_rules *s,
		       const struct structural_where *w, node v, struct structural_result *out)
{
	const struct structural_limits *l = s->limits;
	int64_t runes = l->has & (HAS_MAX_LENGTH | HAS_MIN_LENGTH)
				? (int64_t)utf8_count(node_str(v)) : 0;

	if ((l->has & HAS_MAX_LENGTH) && runes > l->max_length) {
		str name = structural_where_name(r->arena, w);

		structural_result_add(r->arena, out, (struct structural_finding){
			.code = FOUND_TOO_LONG, .name = name, .max = l->max_length,
			.message = arena_printf(r->arena, "%.*s in body should be at most %lld chars long",
						STR_ARG(name), (long long)l->max_length),
		});
	} else if ((l->has & HAS_MIN_LENGTH) && runes < l->min_length) {
		say(r, w, v, out, "should be at least %lld chars long", (long long)l->min_length);
	} else if (l->pattern_fault.n) {
		say(r, w, v, out, "should match '%.*s, but pattern is invalid: %.*s'",
		    STR_ARG(l->pattern), STR_ARG(l->pattern_fault));
	} else if (l->pattern.n && !regex_test(l->regex, node_str(v))) {
		say(r, w, v, out, "should match '%.*s'", STR_ARG(l->pattern));
	}
}

static void check_format(const struct runner *r, const struct type_rules *s,
			 const struct structural_where *w, node v, struct structural_result *out)
{
	str format = format_of(r, s);

	if (!structural_format_fits(format, node_str(v))) {
		str name = structural_where_name(r->arena, w);
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		buf_addf(&b, "%.*s in body must be of type %.*s: ", STR_ARG(name), STR_ARG(format));
		quote_add(&b, node_str(v), QUOTE_PRINT);
		structural_result_add(r->arena, out, (struct structural_finding){
			.code = FOUND_TYPE, .name = name, .value = v,
			.message = arena_str(r->arena, buf_str(&b)),
		});
	}
}

/* ---- enum -------------------------------------------------------------- */

/* Go converts a value to the type of the other where it can, also a number to
 * the text of that rune, and a float to the whole number below it. */
static bool is_one(node v, node one)
{
	char rune[4];

	if (one.kind == NODE_NULL || v.kind == NODE_NULL)
		return false;
	if (node_is_num(v) && node_is_num(one)) {
		if (one.kind != NODE_INT)
			return node_float(v) == node_float(one);
		return (v.kind == NODE_INT ? node_int(v) : node_int(node_from_float(node_float(v)))) ==
		       node_int(one);
	}
	if (v.kind == NODE_INT && one.kind == NODE_STR) {
		int64_t i = node_int(v);
		size_t n = utf8_encode(i < 0 || i > 0x10ffff ? UTF8_BAD : (uint32_t)i, rune);

		return str_eq(node_str(one), str_of(rune, n));
	}
	return node_equal(v, one);
}

static void check_enum(const struct runner *r, const struct type_rules *s,
		       const struct structural_where *w, node v, struct structural_result *out)
{
	node enums = s->limits->enums;

	if (!node_len(enums))
		return;
	node_each_item(item, enums)
		if (is_one(v, *item))
			return;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str name = structural_where_name(r->arena, w);

	buf_addf(&b, "%.*s in body should be one of ", STR_ARG(name));
	err_free(json_write(&b, enums, NULL));
	structural_result_add(r->arena, out, (struct structural_finding){
		.code = FOUND_ENUM, .schema = s, .name = name, .value = v,
		.message = arena_str(r->arena, buf_str(&b)),
	});
}

/* ---- lists and objects ------------------------------------------------- */

static void too_many(const struct runner *r, const struct structural_where *w, size_t is,
		     int64_t max, const char *what, struct structural_result *out)
{
	str name = structural_where_name(r->arena, w);

	structural_result_add(r->arena, out, (struct structural_finding){
		.code = FOUND_TOO_MANY, .name = name, .value = node_from_uint(is), .max = max,
		.message = arena_printf(r->arena, "%.*s in body should have at most %lld %s",
					STR_ARG(name), (long long)max, what),
	});
}

static void check_list(const struct runner *r, const struct type_rules *s,
		       const struct structural_where *w, node v, struct structural_pair *pair,
		       struct structural_result *out)
{
	const struct structural_limits *l = s->limits;
	size_t n = node_len(v);

	for (size_t i = 0; s->items && i < n; i++) {
		struct structural_where at = { .up = w, .kind = WHERE_INDEX, .index = i };
		struct structural_pair item;
		bool paired = structural_pair_index(r->arena, pair, i, &item);

		run(r, s->items, &at, node_at(v, i), paired ? &item : NULL, out);
		if (paired && item.equal < 0)
			pair->equal = -1;
	}
	if ((l->has & HAS_MIN_ITEMS) && (int64_t)n < l->min_items)
		say(r, w, node_from_uint(n), out, "should have at least %lld items",
		    (long long)l->min_items);
	if ((l->has & HAS_MAX_ITEMS) && (int64_t)n > l->max_items)
		too_many(r, w, n, l->max_items, "items", out);
	out->matches++;
}

static void check_value(const struct runner *r, const struct type_rules *s,
			const struct structural_where *w, bool property, str key, node v,
			struct structural_pair *pair, struct structural_result *out)
{
	struct structural_where at = { .up = w, .name = key,
				       .kind = property ? WHERE_CHILD : WHERE_VALUE };
	struct structural_pair below;
	/* Both sides of an update were converted to one version: nothing to keep. */
	bool type_meta = w->kind == WHERE_START &&
			 (str_eq(key, S("kind")) || str_eq(key, S("apiVersion")));
	bool paired = pair && !type_meta && structural_pair_key(pair, key, &below);

	run(r, s, &at, v, paired ? &below : NULL, out);
	if (paired && below.equal < 0)
		pair->equal = -1;
}

static void check_required(const struct runner *r, const struct type_rules *s,
			   const struct structural_where *w, node v, struct structural_result *out)
{
	for (size_t i = 0; i < s->required_n; i++) {
		if (node_has(v, s->required[i]))
			continue;
		struct structural_where at = { .up = w, .name = s->required[i],
					       .kind = WHERE_VALUE };
		str name = structural_where_name(r->arena, &at);

		structural_result_add(r->arena, out, (struct structural_finding){
			.code = FOUND_REQUIRED, .name = name,
			.message = arena_cat(r->arena, name, S(" in body is required")),
		});
	}
}

static void check_object(const struct runner *r, const struct type_rules *s,
			 const struct structural_where *w, node v, struct structural_pair *pair,
			 struct structural_result *out)
{
	const struct structural_limits *l = s->limits;
	size_t n = node_len(v);

	if ((l->has & HAS_MIN_PROPERTIES) && (int64_t)n < l->min_properties)
		say(r, w, node_from_uint(n), out, "should have at least %lld properties",
		    (long long)l->min_properties);
	if ((l->has & HAS_MAX_PROPERTIES) && (int64_t)n > l->max_properties)
		too_many(r, w, n, l->max_properties, "properties", out);
	node_each_pair(p, v) {
		str key = node_str(p->key);
		const struct type_rules *below = structural_field(s, key);

		if (below) {
			check_value(r, below, w, true, key, p->value, pair, out);
		} else if (s->additional == STRUCTURAL_FALSE) {
			str name = structural_where_name(r->arena, w);

			structural_result_add(r->arena, out, (struct structural_finding){
				.code = FOUND_INVALID, .name = name,
				.value = node_from_str(r->arena, key),
				.message = arena_cat(r->arena, name, S("."), key,
						     S(" in body is a forbidden property")),
			});
		} else if (s->values) {
			check_value(r, s->values, w, false, key, p->value, pair, out);
		}
	}
	check_required(r, s, w, v, out);
}

/* ---- alternatives ------------------------------------------------------ */

/* "\"NAME\" WORDS", at no place of its own. */
static void say_plain(const struct runner *r, const struct structural_where *w,
		      struct structural_result *out, str words)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	quote_add(&b, structural_where_name(r->arena, w), QUOTE_PRINT);
	buf_addf(&b, " must %.*s", STR_ARG(words));
	structural_result_add(r->arena, out, (struct structural_finding){
		.code = FOUND_OTHER, .message = arena_str(r->arena, buf_str(&b)),
	});
}

static void check_any(const struct runner *r, const struct structural_list *list,
		      const struct structural_where *w, node v, struct structural_result *out)
{
	struct structural_result best = { .matches = -1 };

	for (size_t i = 0; i < list->n; i++) {
		struct structural_result one = { 0 };

		run(r, list->p[i], w, v, NULL, &one);
		if (!one.n) {
			structural_result_merge(r->arena, out, &one);
			return;
		}
		if (one.matches > best.matches)
			best = one;
	}
	say_plain(r, w, out, S("validate at least one schema (anyOf)"));
	structural_result_merge(r->arena, out, &best);
}

static void check_one(const struct runner *r, const struct structural_list *list,
		      const struct structural_where *w, node v, struct structural_result *out)
{
	struct structural_result best = { .matches = -1 }, first = { 0 };
	size_t valid = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct structural_result one = { 0 };

		run(r, list->p[i], w, v, NULL, &one);
		if (!one.n && !valid++)
			first = one;
		else if (one.n && one.matches > best.matches)
			best = one;
	}
	if (valid == 1) {
		structural_result_merge(r->arena, out, &first);
	} else if (!valid) {
		say_plain(r, w, out, S("validate one and only one schema (oneOf). Found none valid"));
		structural_result_merge(r->arena, out, &best);
	} else {
		say_plain(r, w, out,
			  arena_printf(r->arena, "validate one and only one schema (oneOf). Found %zu "
						 "valid alternatives", valid));
	}
}

static void check_all(const struct runner *r, const struct structural_list *list,
		      const struct structural_where *w, node v, struct structural_result *out)
{
	size_t valid = 0;

	for (size_t i = 0; i < list->n; i++) {
		struct structural_result one = { 0 };

		run(r, list->p[i], w, v, NULL, &one);
		valid += !one.n;
		structural_result_merge(r->arena, out, &one);
	}
	if (valid != list->n)
		say_plain(r, w, out,
			  valid ? S("validate all the schemas (allOf)")
				: S("validate all the schemas (allOf). None validated"));
}

static void check_combined(const struct runner *r, const struct type_rules *s,
			   const struct structural_where *w, node v, struct structural_result *out)
{
	const struct structural_limits *l = s->limits;

	if (l->any_of.n)
		check_any(r, &l->any_of, w, v, out);
	if (l->one_of.n)
		check_one(r, &l->one_of, w, v, out);
	if (l->all_of.n)
		check_all(r, &l->all_of, w, v, out);
	if (l->not_) {
		struct structural_result one = { 0 };

		run(r, l->not_, w, v, NULL, &one);
		if (!one.n)
			say_plain(r, w, out, S("not validate the schema (not)"));
	}
	out->matches++;
}

/* ---- all of it --------------------------------------------------------- */

static void run_checks(const struct runner *r, const struct type_rules *s,
		       const struct structural_where *w, node v, struct structural_pair *pair,
		       struct structural_result *out)
{
	if (v.kind <= NODE_NULL) {
		check_null(r, s, w, out);
		check_enum(r, s, w, v, out);
		return;
	}
	str format = format_of(r, s);

	if (has_types(r, s) || format.n) {
		check_type(r, s, w, v, out);
		out->matches++;
	}
	check_combined(r, s, w, v, out);
	out->matches++;
	if (v.kind == NODE_STR || v.kind == NODE_TIME) {
		check_text(r, s, w, v, out);
		out->matches++;
		if (structural_format_known(format)) {
			check_format(r, s, w, v, out);
			out->matches++;
		}
	} else if (node_is_num(v)) {
		structural_check_number(r->arena, s, r->all_formats, w, v, out);
		out->matches++;
	} else if (v.kind == NODE_SEQ) {
		check_list(r, s, w, v, pair, out);
		out->matches++;
	}
	check_enum(r, s, w, v, out);
	out->matches++;
	if (v.kind == NODE_MAP) {
		check_object(r, s, w, v, pair, out);
		out->matches++;
	}
	out->matches++;
}

/* What an update leaves as it was is not held against it. */
static void run(const struct runner *r, const struct type_rules *s,
		const struct structural_where *w, node v, struct structural_pair *pair,
		struct structural_result *out)
{
	if (!pair) {
		run_checks(r, s, w, v, NULL, out);
		return;
	}
	struct structural_result own = { 0 };

	run_checks(r, s, w, v, pair, &own);
	if (own.n && structural_pair_equal(r->arena, pair))
		own.n = 0;
	structural_result_merge(r->arena, out, &own);
}

void structural_run(const struct structural_run *o, struct fielderrs *e,
		    const struct structural_where *at, const struct type_rules *s, node value,
		    struct structural_pair *pair)
{
	struct runner r = { .arena = o->arena, .all_formats = o->all_formats };
	struct structural_where start = { .kind = WHERE_START };
	struct structural_result found = { 0 };

	run(&r, s, &start, value, pair, &found);
	structural_result_report(e, at, &found);
}
