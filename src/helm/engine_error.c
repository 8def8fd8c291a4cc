#include "helm/engine_error.h"

#include "base/buf.h"
#include "tmpl/exec.h"

/* What `required` and `fail` put around their message. */
#define MESSAGE_START S("HELM_ERR_START")
#define MESSAGE_END   S("HELM_ERR_END")

err *engine_parse_error(str file, err *e)
{
	str text = err_text(e);
	size_t first = str_find(text, S(": ")), last = str_rfind(text, S(": "));

	if (first == STR_NPOS)
		return err_replace(e, "parse error in (%.*s): %.*s", STR_ARG(file), STR_ARG(text));
	str location = str_from(text, first + 2);

	location = str_sub(location, 0, str_find(location, S(": ")));
	return err_replace(e, "parse error at (%.*s): %.*s", STR_ARG(location),
			   STR_ARG(str_from(text, last + 2)));
}

/* ---- one link of the chain --------------------------------------------- */

struct link {
	str location, executed, message;
};

/* The text before `sep`, the text after it; false when it is not there. */
static bool cut(str s, str sep, str *before, str *after)
{
	size_t at = str_find(s, sep);

	if (at == STR_NPOS)
		return false;
	*before = str_sub(s, 0, at);
	*after = str_from(s, at + sep.n);
	return true;
}

static str without_next(str message)
{
	return str_sub(message, 0, str_find(message, S(" template:")));
}

/* `FILE:1:2: executing "NAME" at <CONTEXT>: MESSAGE` */
static bool parse_executing(struct arena *a, str s, struct link *l)
{
	str file, rest, name, context, message;

	if (!cut(s, S(": executing "), &file, &rest) || !str_take(&rest, '"') ||
	    !cut(rest, S("\""), &name, &rest) || !str_take_str(&rest, S(" at <")) ||
	    !cut(rest, S(">: "), &context, &message))
		return false;
	l->location = file;
	l->executed = arena_cat(a, S("executing \""), name, S("\" at <"), context, S(">:"));
	l->message = without_next(message);
	return true;
}

static bool parse_link(struct arena *a, str text, struct link *l)
{
	str s = text;

	*l = (struct link){ 0 };
	if (!str_take_str(&s, S("template: ")))
		return false;
	if (str_starts(s, S("no template "))) {
		l->message = text;
		return true;
	}
	if (parse_executing(a, s, l))
		return true;
	size_t last = str_rfind(s, S(": "));

	if (last == STR_NPOS)
		return false;
	l->location = str_sub(s, 0, last);
	l->message = without_next(str_from(s, last + 2));
	return true;
}

static bool same_link(const struct link *a, const struct link *b)
{
	return str_eq(a->location, b->location) && str_eq(a->executed, b->executed) &&
	       str_eq(a->message, b->message);
}

static void add_link(struct buf *b, const struct link *l)
{
	if (l->location.n) {
		buf_add(b, l->location);
		buf_add(b, S("\n  "));
	}
	if (l->executed.n) {
		buf_add(b, l->executed);
		buf_add(b, S("\n    "));
	}
	if (l->message.n) {
		buf_add(b, l->message);
		buf_addc(b, '\n');
	}
}

/* ---- the whole --------------------------------------------------------- */

/* The message between the first START and the last END; false without. */
static bool find_message(str s, str *message)
{
	size_t start = str_find(s, MESSAGE_START);

	if (start == STR_NPOS)
		return false;
	str rest = str_from(s, start + MESSAGE_START.n);
	size_t end = str_rfind(rest, MESSAGE_END);

	if (end == STR_NPOS)
		return false;
	*message = str_sub(rest, 0, end);
	return true;
}

static err *stack_error(err *e)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct link before = { 0 };
	bool first = true;

	for (const err *at = e; at; at = err_cause(at)) {
		struct link l;

		if (!parse_link(&a, err_text(at), &l))
			return e;
		if (first || !same_link(&before, &l))
			add_link(&b, &l);
		before = l;
		first = false;
	}
	str text = str_trim(buf_str(&b));

	return err_replace(e, "%.*s", STR_ARG(text));
}

err *engine_exec_error(str file, err *e)
{
	str location, rest, message;

	if (!tmpl_is_exec_error(e))
		return e;
	if (!cut(err_text(e), S(": "), &location, &rest) || !cut(rest, S(": "), &location, &rest))
		return err_replace(e, "execution error in (%.*s): %.*s", STR_ARG(file),
				   STR_ARG(err_text(e)));
	if (find_message(rest, &message))
		return err_replace(e, "execution error at (%.*s): %.*s", STR_ARG(location),
				   STR_ARG(message));
	return stack_error(e);
}
