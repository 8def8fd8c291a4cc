/* Regular expressions. */
#include "text/quote.h"
#include "text/regex.h"
#include "tmpl/exec_impl.h"

/* Equal expressions are compiled once a render. */
static err *compile(struct tmpl_call *c, const struct regex **out)
{
	str pattern = tmpl_arg_str(c, 0);
	const node *seen = node_find(c->x->regexes, pattern);

	TRY(tmpl_spend(c, 16));
	if (seen) {
		*out = seen->object;
		return NULL;
	}
	TRY(regex_compile(c->a, pattern, out));
	node_set(c->a, c->x->regexes, pattern, value_object(*out));
	return arena_check(c->a, "template");
}

/* The functions without "must" panic, in other words than those with it. */
enum { MUST = 16 };

static err *compile_or_panic(struct tmpl_call *c, const struct regex **out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	err *e = compile(c, out);
	str pattern = tmpl_arg_str(c, 0);

	if (!e || c->mode & MUST)
		return e;
	if (quote_can_backquote(pattern)) {
		buf_addc(&b, '`');
		buf_add(&b, pattern);
		buf_addc(&b, '`');
	} else {
		quote_add(&b, pattern, QUOTE_PRINT);
	}
	return err_replace(e, "regexp: Compile(%.*s): %.*s", STR_ARG(buf_str(&b)),
			   STR_ARG(err_text(e)));
}

static err *run_match(struct tmpl_call *c)
{
	const struct regex *re;
	err *e = compile(c, &re);

	if (e && c->mode & MUST)
		return e;
	err_free(e);
	TRY(tmpl_spend(c, tmpl_arg_str(c, 1).n / 16));
	return tmpl_give_bool(c, !e && regex_test(re, tmpl_arg_str(c, 1)));
}

static err *run_find(struct tmpl_call *c)
{
	const struct regex *re;
	struct regex_span span;
	str s = tmpl_arg_str(c, 1);

	TRY(compile_or_panic(c, &re));
	TRY(tmpl_spend(c, s.n / 16));
	return tmpl_give_str(c, regex_find(re, s, &span, 1) ? regex_text(s, span) : STR_NONE);
}

static void find_all(struct arena *a, const struct regex *re, str s, int64_t max, node out)
{
	CLEANUP(regex_search_release) struct regex_search search;
	struct regex_span span;

	regex_search_init(&search, re, s);
	for (int64_t n = 0; (max < 0 || n < max) && regex_next(&search, &span, 1); n++)
		node_append(a, out, node_from_str(a, regex_text(s, span)));
}

static err *run_find_all(struct tmpl_call *c)
{
	const struct regex *re;
	str s = tmpl_arg_str(c, 1);

	TRY(compile_or_panic(c, &re));
	TRY(tmpl_spend(c, s.n / 16));
	c->out = value_seq(c->a, GO_STRINGS, 0);
	find_all(c->a, re, s, tmpl_arg_int(c, 2), c->out);
	if (!node_len(c->out))
		c->out.type = GO_NIL_STRINGS;
	return arena_check(c->a, "template");
}

enum { REPLACE, REPLACE_LITERAL };

static err *run_replace(struct tmpl_call *c)
{
	const struct regex *re;
	struct buf *b = tmpl_scratch(c);

	TRY(compile_or_panic(c, &re));
	TRY(tmpl_spend(c, tmpl_arg_str(c, 1).n / 16));
	if ((c->mode & ~MUST) == REPLACE)
		regex_replace(re, tmpl_arg_str(c, 1), tmpl_arg_str(c, 2), b);
	else
		regex_replace_literal(re, tmpl_arg_str(c, 1), tmpl_arg_str(c, 2), b);
	return tmpl_give_buf(c, b);
}

static err *run_split(struct tmpl_call *c)
{
	const struct regex *re;
	regex_pieces pieces = { 0 };

	TRY(compile_or_panic(c, &re));
	TRY(tmpl_spend(c, tmpl_arg_str(c, 1).n / 16));
	c->out = value_seq(c->a, tmpl_arg_int(c, 2) ? GO_STRINGS : GO_NIL_STRINGS, 0);
	regex_split(c->a, re, tmpl_arg_str(c, 1), tmpl_arg_int(c, 2), &pieces);
	for (size_t i = 0; i < pieces.n; i++)
		node_append(c->a, c->out, node_from_str(c->a, pieces.p[i]));
	return arena_check(c->a, "template");
}

static err *run_quote_meta(struct tmpl_call *c)
{
	struct buf *b = tmpl_scratch(c);

	regex_quote(b, tmpl_arg_str(c, 0));
	return tmpl_give_buf(c, b);
}

static const struct tmpl_func table[] = {
	{ "mustRegexFind", "ss", run_find, MUST },
	{ "mustRegexFindAll", "ssi", run_find_all, MUST },
	{ "mustRegexMatch", "ss", run_match, MUST },
	{ "mustRegexReplaceAll", "sss", run_replace, REPLACE | MUST },
	{ "mustRegexReplaceAllLiteral", "sss", run_replace, REPLACE_LITERAL | MUST },
	{ "mustRegexSplit", "ssi", run_split, MUST },
	{ "regexFind", "ss", run_find, 0 },
	{ "regexFindAll", "ssi", run_find_all, 0 },
	{ "regexMatch", "ss", run_match, 0 },
	{ "regexQuoteMeta", "s", run_quote_meta },
	{ "regexReplaceAll", "sss", run_replace, REPLACE },
	{ "regexReplaceAllLiteral", "sss", run_replace, REPLACE_LITERAL },
	{ "regexSplit", "ssi", run_split, 0 },
};

const struct tmpl_funcs fn_regex = { table, sizeof table / sizeof *table };
