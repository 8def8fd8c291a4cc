#include <inttypes.h>
#include <math.h>

#include "driver.h"
#include "text/number.h"
#include "text/quote.h"

static err *run_format_float(struct arena *a, node request, node *output)
{
	static const struct {
		str style;
		enum number_form form;
	} forms[] = {
		{ S("v"), NUMBER_V },
		{ S("g"), NUMBER_G },
		{ S("json"), NUMBER_JSON },
		{ S("yaml"), NUMBER_YAML },
	};
	str style = driver_text(a, request, "style");
	uint64_t bits;
	double f;

	TRY(number_parse_uint(driver_text(a, request, "bits"), 16, &bits));
	memcpy(&f, &bits, sizeof f);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		if (!str_eq(style, forms[i].style))
			continue;
		number_add_float(&b, f, forms[i].form);
		if (forms[i].form == NUMBER_JSON && !isfinite(f))
			return err_new(ERR_INVALID, "json: unsupported value: %s", buf_c(&b));
		*output = node_copy_str(a, buf_str(&b));
		return NULL;
	}
	return err_new(ERR_INVALID, "unknown style '%.*s'", STR_ARG(style));
}

static err *run_parse_number(struct arena *a, node request, node *output)
{
	str text = driver_text(a, request, "text"), kind = driver_text(a, request, "kind");
	bool atoi = str_eq(kind, S("atoi")), int10 = str_eq(kind, S("int10"));

	if (str_eq(kind, S("uint"))) {
		uint64_t u;

		TRY(number_parse_uint(text, 0, &u));
		*output = node_from_str(a, arena_printf(a, "%" PRIu64, u));
	} else if (str_eq(kind, S("float"))) {
		uint64_t bits;
		double f;

		TRY(number_parse_float(text, &f));
		memcpy(&bits, &f, sizeof bits);
		*output = node_from_str(a, arena_printf(a, "%016" PRIx64, bits));
	} else if (str_eq(kind, S("bool"))) {
		bool value;

		TRY(number_parse_bool(text, &value));
		*output = node_from_bool(value);
	} else {
		int64_t i;

		TRY(atoi ? number_parse_atoi(text, &i)
			 : number_parse_int(text, int10 ? 10 : 0, &i));
		*output = node_from_str(a, arena_printf(a, "%" PRId64, i));
	}
	return NULL;
}

static err *run_quote(struct arena *a, node request, node *output)
{
	str text = driver_text(a, request, "text"), style = driver_text(a, request, "style");
	node rune = node_get(request, S("rune"));
	enum quote_form form = str_eq(style, S("ascii")) ? QUOTE_ASCII : QUOTE_PRINT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (node_is_num(rune))
		quote_add_rune(&b, (uint32_t)node_int(rune), form);
	else if (str_starts(style, S("%")))
		quote_add_verb(&b, text, str_has(style, S("#")), str_has(style, S("+")));
	else
		quote_add(&b, text, form);
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

static err *run_unquote(struct arena *a, node request, node *output)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	TRY(quote_unquote(&b, driver_text(a, request, "text")));
	*output = node_copy_str(a, buf_str(&b));
	return NULL;
}

const struct driver_op driver_number_ops[] = {
	{ "format-float", run_format_float },
	{ "parse-number", run_parse_number },
	{ "quote", run_quote },
	{ "unquote", run_unquote },
	{ 0 },
};
