/* The strings library of cel-go, of Kubernetes' regex library and of Flux's
 * encoders. */
#include "cel/cel_func_impl.h"
#include "cel/cel_text_format.h"
#include "cel/cel_value.h"

#include "base/utf8.h"
#include "text/base64.h"
#include "text/regex.h"
#include "text/unicode.h"

/* ---- runes ------------------------------------------------------------- */

static cel_value index_fault(struct cel_run *r, int64_t i)
{
	return cel_fault(r, "index out of range: %lld", (long long)i);
}

/* Bytes before rune `i`; STR_NPOS when there are fewer runes. */
static size_t offset_of(str s, int64_t i)
{
	str rest = s;
	uint32_t rune;

	while (i > 0 && utf8_take(&rest, &rune))
		i--;
	return i ? STR_NPOS : s.n - rest.n;
}

static cel_value char_at(struct cel_run *r, const cel_value *v, size_t n)
{
	size_t from, size;
	str s = v[0].s;
	(void)n;

	if (v[1].i < 0 || (from = offset_of(s, v[1].i)) == STR_NPOS)
		return index_fault(r, v[1].i);
	s = str_from(s, from);
	if (!s.n)
		return cel_string(S(""));
	utf8_decode(s, &size);
	return cel_string(str_sub(s, 0, size));
}

/* Where `find` is, in runes, between two offsets in bytes; -1: nowhere. */
static int64_t first_at(str s, str find, size_t from)
{
	size_t at = str_find(str_from(s, from), find);

	return at == STR_NPOS ? -1 : (int64_t)utf8_count(str_sub(s, 0, from + at));
}

static cel_value index_of(struct cel_run *r, const cel_value *v, size_t n)
{
	int64_t offset = n > 2 ? v[2].i : 0;
	size_t from;

	if (!v[1].s.n)
		return cel_int(offset);
	if (offset < 0)
		return index_fault(r, offset);
	if (!cel_run_work(r, v[0].s.n / 4))
		return CEL_NULL_VALUE;
	from = offset_of(v[0].s, offset);
	return cel_int(from == STR_NPOS ? -1 : first_at(v[0].s, v[1].s, from));
}

static cel_value last_index_of(struct cel_run *r, const cel_value *v, size_t n)
{
	str s = v[0].s, find = v[1].s;
	int64_t runes = (int64_t)utf8_count(s);
	int64_t offset = n > 2 ? v[2].i : runes - 1;

	if (!find.n)
		return cel_int(n > 2 ? offset : runes);
	if (n == 2 && s.n < find.n)
		return cel_int(-1);
	if (offset < 0)
		return index_fault(r, offset);
	if (offset >= runes || !cel_run_work(r, s.n / 4))
		return cel_int(-1);
	/* a match may begin at `offset` at the latest */
	size_t end = offset_of(s, offset) + find.n;
	size_t at = str_rfind(str_sub(s, 0, end), find);

	return cel_int(at == STR_NPOS ? -1 : (int64_t)utf8_count(str_sub(s, 0, at)));
}

static cel_value substring(struct cel_run *r, const cel_value *v, size_t n)
{
	str s = v[0].s;
	int64_t start = v[1].i;
	size_t from = start < 0 ? STR_NPOS : offset_of(s, start), to = s.n;

	if (n > 2 && start > v[2].i)
		return cel_fault(r, "invalid substring range. start: %lld, end: %lld",
				 (long long)start, (long long)v[2].i);
	if (from == STR_NPOS)
		return index_fault(r, start);
	if (n > 2 && (v[2].i < 0 || (to = offset_of(s, v[2].i)) == STR_NPOS))
		return index_fault(r, v[2].i);
	return cel_string(str_sub(s, from, to));
}

/* A copy in which bytes that are no UTF-8 are U+FFFD, changed rune by rune. */
static cel_value map_runes(struct cel_run *r, str s, char from, char to, int shift)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	uint32_t rune;

	while (utf8_take(&s, &rune)) {
		if (rune >= (unsigned char)from && rune <= (unsigned char)to)
			rune = (uint32_t)((int)rune + shift);
		utf8_add(&b, rune);
	}
	return cel_text(r, &b);
}

static cel_value lower_ascii(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return map_runes(r, v[0].s, 'A', 'Z', 'a' - 'A');
}

static cel_value upper_ascii(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	return map_runes(r, v[0].s, 'a', 'z', 'A' - 'a');
}

static cel_value reverse(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	str s = v[0].s;
	(void)n;

	while (s.n) {
		size_t size;

		utf8_add(&b, utf8_decode_last(s, &size));
		s = str_sub(s, 0, s.n - size);
	}
	return cel_text(r, &b);
}

static cel_value trim(struct cel_run *r, const cel_value *v, size_t n)
{
	str s = v[0].s;
	size_t size;
	(void)r;
	(void)n;

	while (s.n && unicode_is_space(utf8_decode(s, &size)))
		s = str_from(s, size);
	while (s.n && unicode_is_space(utf8_decode_last(s, &size)))
		s = str_sub(s, 0, s.n - size);
	return cel_string(s);
}

/* ---- pieces ------------------------------------------------------------ */

/* strings.Replace: an empty `find` is before every rune and at the end. */
static cel_value replace(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	str s = v[0].s, find = v[1].s, by = v[2].s;
	int64_t left = n > 3 ? v[3].i : -1;
	bool first = true;

	if (!cel_run_work(r, s.n / 4))
		return CEL_NULL_VALUE;
	while (left != 0 && (find.n || s.n || first)) {
		size_t at = str_find(s, find);

		if (!find.n)
			at = 0;
		if (!find.n && !first)
			utf8_decode(s, &at);
		if (at == STR_NPOS)
			break;
		buf_add(&b, str_sub(s, 0, at));
		buf_add(&b, by);
		s = str_from(s, at + find.n);
		first = false;
		left -= left > 0;
		if (b.full)
			break;
	}
	buf_add(&b, s);
	return cel_text(r, &b);
}

/* strings.SplitN. */
static cel_value split(struct cel_run *r, const cel_value *v, size_t n)
{
	str s = v[0].s, separator = v[1].s;
	int64_t limit = n > 2 ? v[2].i : -1;
	cel_value list = cel_list_new(r, 0);

	if (limit == 0)
		return list;
	while ((limit < 0 || (int64_t)cel_list_n(list) < limit - 1) && !r->stopped) {
		size_t at = str_find(s, separator);

		if (!separator.n) {
			if (!s.n)
				return list;
			utf8_decode(s, &at);
			if (at >= s.n)
				break;
		}
		if (at == STR_NPOS)
			break;
		cel_list_push(r, &list, cel_string(str_sub(s, 0, at)));
		s = str_from(s, at + separator.n);
	}
	if (separator.n || s.n)
		cel_list_push(r, &list, cel_string(s));
	return list;
}

static cel_value join(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX), bad = BUF_INIT;

	for (size_t i = 0; i < cel_list_n(v[0]) && cel_run_work(r, 1) && !b.full; i++) {
		cel_value item = cel_list_at(r, v[0], i);

		if (i && n > 1)
			buf_add(&b, v[1].s);
		if (item.kind != CEL_STRING) {
			cel_print(r, &bad, item);
			return cel_fault(r, "join: invalid input: %.*s", STR_ARG(buf_str(&bad)));
		}
		buf_add(&b, item.s);
	}
	return cel_text(r, &b);
}

static cel_value quote(struct cel_run *r, const cel_value *v, size_t n)
{
	static const char from[] = "\a\b\f\n\r\t\v\\\"", to[] = "abfnrtv\\\"";
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	str s = v[0].s;
	uint32_t rune;
	(void)n;

	buf_addc(&b, '"');
	while (utf8_take(&s, &rune)) {
		const char *special = rune && rune < 128 ? strchr(from, (int)rune) : NULL;

		if (special) {
			buf_addc(&b, '\\');
			buf_addc(&b, to[special - from]);
		} else {
			utf8_add(&b, rune);
		}
	}
	buf_addc(&b, '"');
	return cel_text(r, &b);
}

/* ---- regular expressions ----------------------------------------------- */

static const struct regex *compile(struct cel_run *r, str pattern, cel_value *fault)
{
	const struct regex *re = NULL;

	if (!cel_run_work(r, pattern.n * 4)) {
		*fault = CEL_NULL_VALUE;
		return NULL;
	}
	err *e = regex_compile(r->a, pattern, &re);

	if (e)
		*fault = cel_fault(r, "Illegal regex: %s", err_msg(e));
	err_free(e);
	return re;
}

static cel_value find(struct cel_run *r, const cel_value *v, size_t n)
{
	struct regex_span span;
	cel_value fault;
	(void)n;

	const struct regex *re = compile(r, v[1].s, &fault);

	if (!re)
		return fault;
	if (!cel_run_pattern(r, re, v[0].s))
		return CEL_NULL_VALUE;
	return cel_string(regex_find(re, v[0].s, &span, 1) ? regex_text(v[0].s, span) : S(""));
}

static cel_value find_all(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(regex_search_release) struct regex_search search = { 0 };
	int64_t limit = n > 2 ? v[2].i : -1;
	cel_value list = cel_list_new(r, 0), fault;
	struct regex_span span;

	const struct regex *re = compile(r, v[1].s, &fault);

	if (!re)
		return fault;
	if (!cel_run_pattern(r, re, v[0].s))
		return CEL_NULL_VALUE;
	regex_search_init(&search, re, v[0].s);
	while ((limit < 0 || (int64_t)cel_list_n(list) < limit) && regex_next(&search, &span, 1) &&
	       !r->stopped)
		cel_list_push(r, &list, cel_string(regex_text(v[0].s, span)));
	return list;
}

/* ---- encoders ---------------------------------------------------------- */

static cel_value base64_decode(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	err *e = base64_read(&b, v[0].s, BASE64_STD);
	(void)n;

	if (e) {
		err_free(e);
		buf_clear(&b);
		e = base64_read(&b, v[0].s, BASE64_RAW_STD);
	}
	if (e)
		return cel_fault_err(r, e);
	cel_value out = cel_text(r, &b);

	out.kind = out.kind == CEL_STRING ? CEL_BYTES : out.kind;
	return out;
}

static cel_value base64_encode(struct cel_run *r, const cel_value *v, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(CEL_TEXT_MAX);
	(void)n;

	base64_write(&b, v[0].s, BASE64_STD);
	return cel_text(r, &b);
}

/* ---- lists have some of the same names --------------------------------- */

static cel_value list_index_of(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	for (size_t i = 0; i < cel_list_n(v[0]) && !r->stopped; i++)
		if (cel_is_true(cel_equal(r, cel_list_at(r, v[0], i), v[1])))
			return cel_int((int64_t)i);
	return cel_int(-1);
}

static cel_value list_last_index_of(struct cel_run *r, const cel_value *v, size_t n)
{
	(void)n;
	for (size_t i = cel_list_n(v[0]); i > 0 && !r->stopped; i--)
		if (cel_is_true(cel_equal(r, cel_list_at(r, v[0], i - 1), v[1])))
			return cel_int((int64_t)i - 1);
	return cel_int(-1);
}

static cel_value list_reverse(struct cel_run *r, const cel_value *v, size_t n)
{
	cel_value out = cel_list_new(r, cel_list_n(v[0]));
	(void)n;

	for (size_t i = cel_list_n(v[0]); i > 0 && !r->stopped; i--)
		cel_list_push(r, &out, cel_list_at(r, v[0], i - 1));
	return out;
}

/* ---- tables ------------------------------------------------------------ */

#define T_STRINGS (&cel_func_list_string)
#define T_LIST (&cel_types[CEL_LIST])

static const struct cel_overload o_decode[] = {
	UNARY(base64_decode, "base64_decode_string", T_BYTES, T_STRING),
};
static const struct cel_overload o_encode[] = {
	UNARY(base64_encode, "base64_encode_bytes", T_STRING, T_BYTES),
};
static const struct cel_overload o_char_at[] = {
	BINARY_MEMBER(char_at, "string_char_at_int", T_STRING, T_STRING, T_INT),
};
static const struct cel_overload o_find[] = {
	BINARY_MEMBER(find, "string_find_string", T_STRING, T_STRING, T_STRING),
};
static const struct cel_overload o_find_all[] = {
	BINARY_MEMBER(find_all, "string_find_all_string", T_STRINGS, T_STRING, T_STRING),
	ANY_MEMBER(find_all, "string_find_all_string_int", T_STRINGS, T_STRING, T_STRING, T_INT),
};
static const struct cel_overload o_format[] = {
	ANY_MEMBER(cel_text_format, "string_format", T_STRING, T_STRING, T_LIST),
};
static const struct cel_overload o_index_of[] = {
	CODE(CEL_IN_KUBERNETES, true, CEL_BINARY, list_index_of, "list_a_index_of_int", T_INT,
	     T_LIST_A, T_A),
	BINARY_MEMBER(index_of, "string_index_of_string", T_INT, T_STRING, T_STRING),
	ANY_MEMBER(index_of, "string_index_of_string_int", T_INT, T_STRING, T_STRING, T_INT),
};
static const struct cel_overload o_join[] = {
	UNARY_MEMBER(join, "list_join", T_STRING, T_STRINGS),
	BINARY_MEMBER(join, "list_join_string", T_STRING, T_STRINGS, T_STRING),
};
static const struct cel_overload o_last_index_of[] = {
	CODE(CEL_IN_KUBERNETES, true, CEL_BINARY, list_last_index_of, "list_a_last_index_of_int", T_INT,
	     T_LIST_A, T_A),
	BINARY_MEMBER(last_index_of, "string_last_index_of_string", T_INT, T_STRING, T_STRING),
	ANY_MEMBER(last_index_of, "string_last_index_of_string_int", T_INT, T_STRING, T_STRING, T_INT),
};
static const struct cel_overload o_lower[] = {
	UNARY_MEMBER(lower_ascii, "string_lower_ascii", T_STRING, T_STRING),
};
static const struct cel_overload o_replace[] = {
	ANY_MEMBER(replace, "string_replace_string_string", T_STRING, T_STRING, T_STRING, T_STRING),
	ANY_MEMBER(replace, "string_replace_string_string_int", T_STRING, T_STRING, T_STRING, T_STRING,
		   T_INT),
};
static const struct cel_overload o_reverse[] = {
	CODE(CEL_IN_KUBERNETES, true, CEL_UNARY, list_reverse, "list_reverse", T_LIST_A, T_LIST_A),
	CODE(CEL_IN_FLUX, true, CEL_UNARY, reverse, "string_reverse", T_STRING, T_STRING),
};
static const struct cel_overload o_split[] = {
	BINARY_MEMBER(split, "string_split_string", T_STRINGS, T_STRING, T_STRING),
	ANY_MEMBER(split, "string_split_string_int", T_STRINGS, T_STRING, T_STRING, T_INT),
};
static const struct cel_overload o_quote[] = {
	UNARY(quote, "strings_quote", T_STRING, T_STRING),
};
static const struct cel_overload o_substring[] = {
	BINARY_MEMBER(substring, "string_substring_int", T_STRING, T_STRING, T_INT),
	ANY_MEMBER(substring, "string_substring_int_int", T_STRING, T_STRING, T_INT, T_INT),
};
static const struct cel_overload o_trim[] = {
	UNARY_MEMBER(trim, "string_trim", T_STRING, T_STRING),
};
static const struct cel_overload o_upper[] = {
	UNARY_MEMBER(upper_ascii, "string_upper_ascii", T_STRING, T_STRING),
};

#define FLUX_FUNCTION(called, list) \
	{ .name = called, .in = CEL_IN_FLUX, .n = COUNT(list), .overloads = list }

static const struct cel_function functions[] = {
	FLUX_FUNCTION("base64.decode", o_decode),
	FLUX_FUNCTION("base64.encode", o_encode),
	FUNCTION("charAt", o_char_at),
	KUBERNETES_FUNCTION("find", o_find),
	KUBERNETES_FUNCTION("findAll", o_find_all),
	FUNCTION("format", o_format),
	FUNCTION("indexOf", o_index_of),
	FUNCTION("join", o_join),
	FUNCTION("lastIndexOf", o_last_index_of),
	FUNCTION("lowerAscii", o_lower),
	FUNCTION("replace", o_replace),
	FUNCTION("reverse", o_reverse),
	FUNCTION("split", o_split),
	FUNCTION("strings.quote", o_quote),
	FUNCTION("substring", o_substring),
	FUNCTION("trim", o_trim),
	FUNCTION("upperAscii", o_upper),
};

const struct cel_function_table cel_func_strings = { functions, COUNT(functions) };
