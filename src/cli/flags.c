#include "cli/flags.h"

#include "base/die.h"
#include "cli/csv.h"
#include "text/duration.h"
#include "text/number.h"
#include "text/quote.h"

/* ---- values ------------------------------------------------------------ */

static err *set_list(struct arena *a, struct flag_list *list, str value, bool again)
{
	struct csv_fields fields = { 0 };

	if (value.n)
		TRY(csv_read(a, value, &fields));
	if (!again)
		*list = (struct flag_list){ 0 };
	for (size_t i = 0; i < fields.n; i++)
		avec_push(a, list, fields.p[i]);
	return NULL;
}

static void set_pair(struct arena *a, struct flag_map *map, str key, str value)
{
	for (size_t i = 0; i < map->n; i++)
		if (str_eq(map->p[i].key, key)) {
			map->p[i].value = value;
			return;
		}
	avec_push(a, map, (struct flag_pair){ key, value });
}

/* A value with one "=" is one pair, whatever else is in it; one with more is
 * a CSV record of pairs. */
static err *set_map(struct arena *a, struct flag_map *map, str value, bool again)
{
	struct csv_fields fields = { 0 };
	str key, text;
	size_t eq = 0;

	for (size_t i = 0; i < value.n; i++)
		eq += value.p[i] == '=';
	if (!eq)
		return err_new(ERR_INVALID, "%.*s must be formatted as key=value", STR_ARG(value));
	if (eq == 1)
		avec_push(a, &fields, arena_str(a, str_trim_set(value, S("\""))));
	else
		TRY(csv_read(a, value, &fields));
	for (size_t i = 0; i < fields.n; i++)
		if (!str_split(fields.p[i], '=', &key, &text))
			return err_new(ERR_INVALID, "%.*s must be formatted as key=value",
				       STR_ARG(fields.p[i]));
	if (!again)
		*map = (struct flag_map){ 0 };
	for (size_t i = 0; i < fields.n; i++) {
		str_split(fields.p[i], '=', &key, &text);
		set_pair(a, map, arena_str(a, key), text);
	}
	return NULL;
}

static err *set_count(int64_t *count, str value)
{
	if (str_eq(value, S("+1"))) {
		++*count;
		return NULL;
	}
	return number_parse_int(value, 0, count);
}

static err *set_array(struct arena *a, struct flag_list *list, str value, bool again)
{
	if (!again)
		*list = (struct flag_list){ 0 };
	avec_push(a, list, value);
	return NULL;
}

static err *set_value(struct arena *a, const struct flag *flag, void *slot, str value, bool again)
{
	switch (flag->kind) {
	case FLAG_BOOL:
		return number_parse_bool(value, slot);
	case FLAG_STRING:
		*(str *)slot = value;
		return NULL;
	case FLAG_INT:
		return number_parse_int(value, 0, slot);
	case FLAG_FLOAT:
		return number_parse_float(value, slot);
	case FLAG_DURATION:
		return duration_parse(value, slot);
	case FLAG_COUNT:
		return set_count(slot, value);
	case FLAG_LIST:
		return set_list(a, slot, value, again);
	case FLAG_ARRAY:
		return set_array(a, slot, value, again);
	case FLAG_MAP:
		return set_map(a, slot, value, again);
	case FLAG_CUSTOM:
		return flag->type->set(a, slot, value, again);
	case FLAG_END:
	case FLAG_TABLE:
		break;
	}
	die_bug("flag --%s has no kind", flag->name);
}

/* ---- the flags of a command -------------------------------------------- */

/* Index of the first name that is not below `name`. */
static size_t place_of(const struct flags *f, str name)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (str_cmp(str_c(f->p[middle].flag->name), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct flag_state *flags_find(const struct flags *f, str name)
{
	size_t i = place_of(f, name);

	if (i < f->n && str_eq(str_c(f->p[i].flag->name), name))
		return &f->p[i];
	return NULL;
}

struct flag_state *flags_find_letter(const struct flags *f, char letter)
{
	for (size_t i = 0; i < f->n; i++)
		if (letter && f->p[i].flag->letter == letter)
			return &f->p[i];
	return NULL;
}

static str default_of(const struct flags *f, const struct flag *flag)
{
	return flag->computed ? flag->computed(f->cli) : str_c(flag->fallback);
}

static void add_one(struct flags *f, const struct flag *flag, char *options, bool inherited)
{
	struct flag_state state = {
		.flag = flag,
		.slot = options ? options + flag->at : NULL,
		.fallback = default_of(f, flag),
		.inherited = inherited,
	};
	str name = str_c(flag->name);
	size_t i = place_of(f, name);

	if (i < f->n && str_eq(str_c(f->p[i].flag->name), name))
		return;
	if (state.slot && state.fallback.n) {
		err *e = set_value(f->arena, flag, state.slot, state.fallback, false);

		if (e)
			die_bug("default of --%s: %s", flag->name, err_msg(e));
	}
	avec_reserve(f->arena, f, 1);
	memmove(f->p + i + 1, f->p + i, (f->n - i) * sizeof *f->p);
	f->p[i] = state;
	f->n++;
}

void flags_add(struct flags *f, const struct flag *table, void *options, bool inherited)
{
	for (const struct flag *flag = table; flag && flag->kind != FLAG_END; flag++)
		if (flag->kind == FLAG_TABLE)
			flags_add(f, flag->table, options ? (char *)options + flag->at : NULL,
				  inherited);
		else
			add_one(f, flag, options, inherited);
}

const char *flag_bare(const struct flag *flag)
{
	if (flag->bare)
		return flag->bare;
	if (flag->kind == FLAG_BOOL)
		return "true";
	return flag->kind == FLAG_COUNT ? "+1" : NULL;
}

/* ---- arguments --------------------------------------------------------- */

/* What the parser works on: the arguments not yet seen. */
struct reader {
	struct flags *flags;
	const str *args;
	size_t n;
	struct buf *notices;
};

static err *give(struct reader *r, struct flag_state *state, str value)
{
	const struct flag *flag = state->flag;
	err *e = set_value(r->flags->arena, flag, state->slot, value, state->given);

	if (e) {
		CLEANUP(buf_release) struct buf quoted = BUF_INIT;
		char letter[] = { '-', flag->letter, ',', ' ', 0 };

		quote_add(&quoted, value, QUOTE_PRINT);
		return err_wrap(e, "invalid argument %s for \"%s--%s\" flag", buf_c(&quoted),
				flag->letter ? letter : "", flag->name);
	}
	state->given = true;
	if (flag->deprecated)
		buf_addf(r->notices, "Flag --%s has been deprecated, %s\n", flag->name,
			 flag->deprecated);
	return NULL;
}

static bool next(struct reader *r, str *value)
{
	if (!r->n)
		return false;
	*value = *r->args++;
	r->n--;
	return true;
}

/* "--name", "--name=value" or "--name value". */
static err *take_long(struct reader *r, str arg)
{
	str name, value;
	bool joined = str_split(str_from(arg, 2), '=', &name, &value);

	if (!name.n || name.p[0] == '-')
		return err_new(ERR_INVALID, "bad flag syntax: %.*s", STR_ARG(arg));
	struct flag_state *state = flags_find(r->flags, name);

	if (!state)
		return err_new(ERR_INVALID, "unknown flag: --%.*s", STR_ARG(name));
	const char *bare = flag_bare(state->flag);

	if (!joined && bare)
		value = str_c(bare);
	else if (!joined && !next(r, &value))
		return err_new(ERR_INVALID, "flag needs an argument: --%.*s", STR_ARG(name));
	return give(r, state, value);
}

/* A letter as Go's %q shows it. pflag takes the letter for the first byte of
 * its UTF-8 form, so that one above ASCII shows as one of two. */
static err *bad_letter(const char *what, str letters)
{
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;
	unsigned char c = (unsigned char)letters.p[0];

	quote_add_rune(&quoted, c < 0x80 ? c : c < 0xc0 ? 0xc2 : 0xc3, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s: %s in -%.*s", what, buf_c(&quoted), STR_ARG(letters));
}

/* "-a", "-abc", "-avalue", "-a=value" or "-a value". */
static err *take_short(struct reader *r, str arg)
{
	str letters = str_from(arg, 1), value;

	while (letters.n) {
		struct flag_state *state = flags_find_letter(r->flags, letters.p[0]);

		if (!state)
			return bad_letter("unknown shorthand flag", letters);
		const char *bare = flag_bare(state->flag);
		str rest = str_from(letters, 1);

		if (letters.n > 2 && letters.p[1] == '=') {
			value = str_from(letters, 2);
			rest = STR_NONE;
		} else if (bare) {
			value = str_c(bare);
		} else if (rest.n) {
			value = rest;
			rest = STR_NONE;
		} else if (!next(r, &value)) {
			return bad_letter("flag needs an argument", letters);
		}
		TRY(give(r, state, value));
		letters = rest;
	}
	return NULL;
}

err *flags_parse(struct flags *f, const str *args, size_t n, struct flag_words *words,
		 struct buf *notices)
{
	struct reader r = { f, args, n, notices };
	str arg;

	words->p = arena_array(f->arena, str, n);
	words->n = 0;
	words->dash = STR_NPOS;
	while (next(&r, &arg)) {
		if (str_eq(arg, S("--"))) {
			words->dash = words->n;
			while (next(&r, &arg))
				words->p[words->n++] = arg;
		} else if (str_starts(arg, S("--"))) {
			TRY(take_long(&r, arg));
		} else if (arg.n > 1 && arg.p[0] == '-') {
			TRY(take_short(&r, arg));
		} else {
			words->p[words->n++] = arg;
		}
	}
	return NULL;
}

struct flag_state *flags_waiting(const struct flags *f, str arg)
{
	struct flag_state *state = NULL;

	if (arg.n < 2 || arg.p[0] != '-' || str_find_char(arg, '=') != STR_NPOS)
		return NULL;
	if (str_starts(arg, S("--"))) {
		state = flags_find(f, str_from(arg, 2));
		return state && !flag_bare(state->flag) ? state : NULL;
	}
	/* In "-An" the value belongs to the last letter, in "-nA" to none. */
	for (size_t i = 1; i < arg.n; i++) {
		if (state)
			return NULL;
		state = flags_find_letter(f, arg.p[i]);
		if (!state)
			return NULL;
		if (flag_bare(state->flag))
			state = NULL;
	}
	return state;
}

err *flags_check_required(const struct flags *f)
{
	CLEANUP(buf_release) struct buf missing = BUF_INIT;

	for (size_t i = 0; i < f->n; i++)
		if (f->p[i].flag->required && !f->p[i].given)
			buf_addf(&missing, "%s\"%s\"", missing.n ? ", " : "", f->p[i].flag->name);
	if (!missing.n)
		return NULL;
	return err_new(ERR_INVALID, "required flag(s) %s not set", buf_c(&missing));
}

/* ---- help -------------------------------------------------------------- */

/* The usage text with its back-quoted word bare, and that word, if any. */
static str unquote(struct arena *a, str usage, str *word)
{
	size_t from = str_find_char(usage, '`');
	size_t to = from == STR_NPOS ? from : str_find_char(str_from(usage, from + 1), '`');

	if (to == STR_NPOS)
		return usage;
	*word = str_sub(usage, from + 1, from + 1 + to);
	return arena_cat(a, str_sub(usage, 0, from), *word, str_from(usage, from + to + 2));
}

/* The word for the value in help; a bool has none. */
static const char *kind_word(const struct flag *flag)
{
	static const char *const words[] = {
		[FLAG_STRING] = "string",	[FLAG_INT] = "int",
		[FLAG_FLOAT] = "float32",	[FLAG_DURATION] = "duration",
		[FLAG_COUNT] = "count",		[FLAG_LIST] = "strings",
		[FLAG_ARRAY] = "stringArray",	[FLAG_MAP] = "stringToString",
	};

	if (flag->kind == FLAG_CUSTOM)
		return flag->type->name;
	return flag->kind < sizeof words / sizeof *words ? words[flag->kind] : NULL;
}

/* "  -n, --name word[=bare]" */
static str left_side(struct arena *a, const struct flag *flag, str word)
{
	str bare = STR_NONE;

	if (!word.n)
		word = str_c(kind_word(flag));
	if (flag->bare && flag->kind == FLAG_STRING)
		bare = arena_printf(a, "[=\"%s\"]", flag->bare);
	else if (flag->bare)
		bare = arena_printf(a, "[=%s]", flag->bare);
	return arena_cat(a,
			 flag->letter ? arena_printf(a, "  -%c, ", flag->letter) : S("      "),
			 S("--"), str_c(flag->name), word.n ? S(" ") : STR_NONE, word, bare);
}

/* A default that is the kind's zero is not worth a word. pflag looks only at
 * the text for kinds it does not know: so an empty map shows as "[]". */
static bool default_is_zero(const struct flag *flag, str text)
{
	switch (flag->kind) {
	case FLAG_BOOL:
		return !text.n || str_eq(text, S("false"));
	case FLAG_INT:
	case FLAG_FLOAT:
	case FLAG_COUNT:
		return !text.n || str_eq(text, S("0"));
	case FLAG_DURATION:
		return !text.n || str_eq(text, S("0")) || str_eq(text, S("0s"));
	case FLAG_STRING:
	case FLAG_LIST:
	case FLAG_ARRAY:
		return !text.n;
	case FLAG_CUSTOM:
		return !flag->type->list && (!text.n || str_eq(text, S("false")) ||
					     str_eq(text, S("<nil>")) || str_eq(text, S("0")));
	case FLAG_MAP:
	case FLAG_END:
	case FLAG_TABLE:
		break;
	}
	return false;
}

static void add_default(struct buf *b, const struct flag *flag, str text)
{
	bool list = flag->kind == FLAG_LIST || flag->kind == FLAG_ARRAY || flag->kind == FLAG_MAP ||
		    (flag->kind == FLAG_CUSTOM && flag->type->list);

	if (default_is_zero(flag, text))
		return;
	buf_add(b, S(" (default "));
	if (flag->kind == FLAG_STRING)
		quote_add(b, text, QUOTE_PRINT);
	else if (list)
		buf_addf(b, "[%.*s]", STR_ARG(text));
	else
		buf_add(b, text);
	buf_addc(b, ')');
}

static bool is_listed(const struct flag_state *state, bool inherited)
{
	return state->inherited == inherited && !state->flag->hidden && !state->flag->deprecated;
}

void flags_usage(const struct flags *f, bool inherited, struct buf *b)
{
	str *left = arena_array(f->arena, str, f->n), *usage = arena_array(f->arena, str, f->n);
	size_t width = 0;

	for (size_t i = 0; i < f->n; i++) {
		str word = STR_NONE;

		if (!is_listed(&f->p[i], inherited))
			continue;
		usage[i] = unquote(f->arena, str_c(f->p[i].flag->usage), &word);
		left[i] = left_side(f->arena, f->p[i].flag, word);
		if (left[i].n > width)
			width = left[i].n;
	}
	for (size_t i = 0; i < f->n; i++) {
		str rest = usage[i], line;

		if (!is_listed(&f->p[i], inherited))
			continue;
		buf_add(b, left[i]);
		buf_fill(b, ' ', width + 3 - left[i].n);
		for (bool first = true; str_cut(&rest, &line, '\n'); first = false) {
			if (!first) {
				buf_addc(b, '\n');
				buf_fill(b, ' ', width + 3);
			}
			buf_add(b, line);
		}
		add_default(b, f->p[i].flag, f->p[i].fallback);
		buf_addc(b, '\n');
	}
}
