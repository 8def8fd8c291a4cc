#include "schema/schema_impl.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "text/number.h"
#include "text/quote.h"

/* What validation may say at all. */
enum { TEXT_MAX = 16 << 20 };

/* ---- quotes ------------------------------------------------------------ */

void print_go_quoted(struct buf *b, str s)
{
	quote_add(b, s, QUOTE_PRINT);
}

/* The original turns \" into " behind quoting, the closing quote included: a
 * backslash at the end of the text loses its twin. */
void print_quoted(struct buf *b, str s)
{
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;

	quote_add(&quoted, s, QUOTE_PRINT);
	buf_addc(b, '\'');
	for (size_t i = 1; i < quoted.n; i++) {
		if (quoted.p[i] == '\\' && i + 1 < quoted.n && quoted.p[i + 1] == '"') {
			if (i + 2 < quoted.n)
				buf_addc(b, '"');
			i++;
		} else if (quoted.p[i] == '\'') {
			buf_add(b, S("\\'"));
		} else if (i + 1 < quoted.n) {
			buf_addc(b, quoted.p[i]);
		}
	}
	buf_addc(b, '\'');
}

static void print_quoted_list(struct buf *b, struct str_list names)
{
	for (size_t i = 0; i < names.n; i++) {
		if (i)
			buf_add(b, S(", "));
		print_quoted(b, names.p[i]);
	}
}

/* ---- numbers, for an English reader ------------------------------------ */

/* Digits with a comma before every third from the right. */
static void print_grouped(struct buf *b, str digits)
{
	for (size_t i = 0; i < digits.n; i++) {
		if (i && (digits.n - i) % 3 == 0)
			buf_addc(b, ',');
		buf_addc(b, digits.p[i]);
	}
}

void print_int(struct buf *b, int64_t i)
{
	char digits[24];
	int n = snprintf(digits, sizeof digits, "%" PRIu64, i < 0 ? -(uint64_t)i : (uint64_t)i);

	if (i < 0)
		buf_addc(b, '-');
	print_grouped(b, str_of(digits, (size_t)n));
}

static void print_raised(struct buf *b, str exponent)
{
	static const char *const digits[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };

	for (size_t i = 0; i < exponent.n; i++) {
		if (exponent.p[i] == '-')
			buf_add(b, S("⁻"));
		else if (exponent.p[i] != '+')
			buf_add(b, str_c(digits[exponent.p[i] - '0']));
	}
}

void print_float(struct buf *b, double f)
{
	CLEANUP(buf_release) struct buf text = BUF_INIT;
	str mantissa, rest;

	if (!isfinite(f)) {
		buf_add(b, isnan(f) ? S("NaN") : f < 0 ? S("-∞") : S("∞"));
		return;
	}
	number_add_format(&text, f == 0 ? 0 : f, 'e', -1);	/* no -0 */
	str_split(buf_str(&text), 'e', &mantissa, &rest);
	if (f != 0 && (fabs(f) >= 1e6 || fabs(f) < 1e-4)) {
		buf_add(b, mantissa);
		buf_add(b, S("×10"));
		print_raised(b, rest);
		return;
	}
	buf_clear(&text);
	number_add_format(&text, f == 0 ? 0 : f, 'f', -1);
	str_split(buf_str(&text), '.', &mantissa, &rest);
	if (str_take(&mantissa, '-'))
		buf_addc(b, '-');
	print_grouped(b, mantissa);
	if (rest.n) {
		buf_addc(b, '.');
		buf_add(b, rest);
	}
}

/* ---- the words of a failure -------------------------------------------- */

static const char *const keywords[OPS] = {
	[OP_MIN_PROPERTIES] = "minProperties",
	[OP_MAX_PROPERTIES] = "maxProperties",
	[OP_MIN_ITEMS] = "minItems",
	[OP_MAX_ITEMS] = "maxItems",
	[OP_MIN_LENGTH] = "minLength",
	[OP_MAX_LENGTH] = "maxLength",
	[OP_MINIMUM] = "minimum",
	[OP_MAXIMUM] = "maximum",
	[OP_EXCLUSIVE_MINIMUM] = "exclusiveMinimum",
	[OP_EXCLUSIVE_MAXIMUM] = "exclusiveMaximum",
	[OP_MULTIPLE_OF] = "multipleOf",
};

static void print_types(struct buf *b, unsigned types)
{
	static const char *const names[] = {
		"null", "boolean", "number", "integer", "string", "array", "object",
	};
	bool more = false;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (types & 1u << i) {
			buf_addf(b, "%s%s", more ? " or " : "", names[i]);
			more = true;
		}
}

/* As Go prints the value: texts in quotes, numbers as written. */
static void print_value(struct buf *b, node n)
{
	switch (schema_type(n)) {
	case TYPE_NULL:
		buf_add(b, S("<nil>"));
		break;
	case TYPE_BOOLEAN:
		buf_add(b, node_bool(n) ? S("true") : S("false"));
		break;
	case TYPE_NUMBER:
		if (node_str(n).n)
			buf_add(b, node_str(n));
		else if (n.kind == NODE_FLOAT)
			number_add_float(b, node_float(n), NUMBER_V);
		else if (n.kind == NODE_UINT)
			number_add_uint(b, node_uint(n));
		else
			number_add_int(b, node_int(n));
		break;
	case TYPE_STRING:
		print_quoted(b, node_str(n));
		break;
	default:
		buf_add(b, S("value"));
	}
}

static void print_const(struct buf *b, node want)
{
	if (want.kind == NODE_SEQ || want.kind == NODE_MAP) {
		buf_add(b, S("'const' failed"));
		return;
	}
	buf_add(b, S("value must be "));
	print_value(b, want);
}

static void print_enum(struct buf *b, node want)
{
	node_each_item(item, want)
		if (item->kind == NODE_SEQ || item->kind == NODE_MAP) {
			buf_add(b, S("'enum' failed"));
			return;
		}
	buf_add(b, node_len(want) == 1 ? S("value must be ") : S("value must be one of "));
	for (size_t i = 0; i < node_len(want) && !b->full; i++) {
		if (i)
			buf_add(b, S(", "));
		print_value(b, node_at(want, i));
	}
}

static void print_required(struct buf *b, struct str_list missing)
{
	buf_add(b, missing.n == 1 ? S("missing property ") : S("missing properties "));
	print_quoted_list(b, missing);
}

static void print_dependent(struct buf *b, const struct fail *f)
{
	buf_add(b, S("properties "));
	print_quoted_list(b, f->names);
	buf_add(b, S(" required, if "));
	print_quoted(b, f->text);
	buf_add(b, S(" exists"));
}

static void print_contains(struct buf *b, const struct fail *f, const char *bound)
{
	buf_addf(b, "%s ", bound);
	print_int(b, f->i);
	buf_add(b, S(" items required to match contains schema, but "));
	if (f->kind == FAIL_MIN_CONTAINS && !f->j) {
		buf_add(b, S("none matched"));
		return;
	}
	buf_add(b, S("matched "));
	print_int(b, f->j);
	buf_add(b, S(" items at "));
	for (int64_t i = 0; i < f->j; i++)
		buf_addf(b, "%s%" PRIu32, i ? " " : "", f->places[i]);
}

static void print_pair(struct buf *b, const char *before, const char *between, const char *after,
		       const struct fail *f)
{
	buf_add(b, str_c(before));
	print_int(b, f->i);
	buf_add(b, str_c(between));
	print_int(b, f->j);
	buf_add(b, str_c(after));
}

static void print_counts(struct buf *b, const struct fail *f)
{
	buf_addf(b, "%s: got ", keywords[f->step->op]);
	print_int(b, f->i);
	buf_add(b, S(", want "));
	print_int(b, f->step->n);
}

static void print_bound(struct buf *b, const struct fail *f)
{
	buf_addf(b, "%s: got ", keywords[f->step->op]);
	print_float(b, schema_number_float(f->got));
	buf_add(b, S(", want "));
	print_float(b, schema_number_float(f->step->want));
}

static void print_format(struct buf *b, const struct fail *f)
{
	print_quoted(b, node_str(f->got));
	buf_add(b, S(" is not valid "));
	buf_add(b, format_name(f->step->format));
	buf_add(b, S(": "));
	buf_add(b, f->text);
}

/* Those that always say the same. */
static const char *const fixed[OPS] = {
	[OP_REF_ALONE] = "validation failed",
	[OP_REF] = "validation failed",
	[OP_RECURSIVE_REF] = "validation failed",
	[OP_DYNAMIC_REF] = "validation failed",
	[OP_CONTAINS] = "no items match contains schema",
	[OP_NOT] = "'not' failed",
	[OP_ALL_OF] = "'allOf' failed",
	[OP_ANY_OF] = "'anyOf' failed",
	[OP_ONE_OF] = "'oneOf' failed, none matched",
};

static void print_type(struct buf *b, const struct fail *f)
{
	buf_add(b, S("got "));
	print_types(b, schema_type(f->got));
	buf_add(b, S(", want "));
	print_types(b, f->step->types);
}

static void print_additional(struct buf *b, const struct fail *f)
{
	buf_add(b, S("additional properties "));
	print_quoted_list(b, f->names);
	buf_add(b, S(" not allowed"));
}

static void print_pattern(struct buf *b, const struct fail *f)
{
	print_quoted(b, node_str(f->got));
	buf_add(b, S(" does not match pattern "));
	print_quoted(b, regex_pattern(f->step->pattern));
}

static void print_step(struct buf *b, const struct fail *f)
{
	switch (f->step->op) {
	case OP_TYPE:
		print_type(b, f);
		break;
	case OP_CONST:
		print_const(b, f->step->want);
		break;
	case OP_ENUM:
		print_enum(b, f->step->want);
		break;
	case OP_FORMAT:
		print_format(b, f);
		break;
	case OP_REQUIRED:
		print_required(b, f->names);
		break;
	case OP_DEPENDENCIES:
	case OP_DEPENDENT_REQUIRED:
		print_dependent(b, f);
		break;
	case OP_MEMBERS:
		print_additional(b, f);
		break;
	case OP_UNIQUE_ITEMS:
		print_pair(b, "items at ", " and ", " are equal", f);
		break;
	case OP_ITEMS:
		buf_add(b, S("last "));
		print_int(b, f->i);
		buf_add(b, S(" additionalItem(s) not allowed"));
		break;
	case OP_PATTERN:
		print_pattern(b, f);
		break;
	default:
		if (fixed[f->step->op])
			buf_add(b, str_c(fixed[f->step->op]));
		else if (f->step->op >= OP_MINIMUM)
			print_bound(b, f);
		else
			print_counts(b, f);
	}
}

static void print_words(struct buf *b, const struct fail *f)
{
	switch ((enum fail_kind)f->kind) {
	case FAIL_STEP:
		print_step(b, f);
		break;
	case FAIL_FALSE:
		buf_add(b, S("false schema"));
		break;
	case FAIL_GROUP:
		buf_add(b, S("validation failed"));
		break;
	case FAIL_CYCLE:
		buf_add(b, f->text);
		break;
	case FAIL_VALUE:
		buf_add(b, S("invalid jsonType float64"));
		break;
	case FAIL_PROPERTY_NAME:
		buf_add(b, S("invalid propertyName "));
		print_quoted(b, f->text);
		break;
	case FAIL_MIN_CONTAINS:
		print_contains(b, f, "min");
		break;
	case FAIL_MAX_CONTAINS:
		print_contains(b, f, "max");
		break;
	case FAIL_ONE_OF_TWO:
		print_pair(b, "'oneOf' failed, subschemas ", ", ", " matched", f);
		break;
	}
}

/* ---- the tree of failures ---------------------------------------------- */

static bool is_reference(const struct fail *f)
{
	if (f->kind != FAIL_STEP)
		return false;
	switch ((enum op)f->step->op) {
	case OP_REF_ALONE:
	case OP_REF:
	case OP_RECURSIVE_REF:
	case OP_DYNAMIC_REF:
		return true;
	default:
		return false;
	}
}

static void print_loc(struct buf *b, const struct loc *at)
{
	CLEANUP(buf_release) struct buf pointer = BUF_INIT;
	VEC(const struct loc *) path = { 0 };

	for (; at; at = at->up)
		vec_push(&path, at);
	while (path.n) {
		at = path.p[--path.n];
		buf_addc(&pointer, '/');
		if (at->is_index) {
			number_add_uint(&pointer, at->index);
			continue;
		}
		for (size_t i = 0; i < at->key.n; i++) {
			char c = at->key.p[i];

			if (c == '~' || c == '/')
				buf_add(&pointer, c == '~' ? S("~0") : S("~1"));
			else
				buf_addc(&pointer, c);
		}
	}
	vec_release(&path);
	print_quoted(b, buf_str(&pointer));
}

struct shown {
	const struct fail *fail;
	size_t indent;
};

err *print_fails(const struct schema *s, const struct fail *f)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(TEXT_MAX), url = BUF_INIT;
	VEC(struct shown) todo = { 0 };

	schema_add_url(&url, s);
	buf_add(&b, S("jsonschema validation failed with "));
	print_quoted(&b, buf_str(&url));
	vec_push(&todo, (struct shown){ f->kind == FAIL_GROUP ? f->first : f, 0 });
	while (todo.n && !b.full) {
		struct shown at = todo.p[--todo.n];
		bool skip = is_reference(at.fail) && at.fail->first == at.fail->last;

		if (!skip) {
			buf_addc(&b, '\n');
			buf_fill(&b, ' ', 2 * at.indent);
			buf_add(&b, S("- at "));
			print_loc(&b, at.fail->at);
			buf_add(&b, S(": "));
			print_words(&b, at.fail);
		}
		if (at.fail->next)
			vec_push(&todo, (struct shown){ at.fail->next, at.indent });
		if (at.fail->first)
			vec_push(&todo, (struct shown){ at.fail->first, at.indent + !skip });
	}
	vec_release(&todo);
	TRY(buf_check(&b, "text of validation errors"));
	return err_new(ERR_INVALID, "%.*s", STR_ARG(buf_str(&b)));
}
