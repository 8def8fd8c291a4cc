/* The command tree of tools/golden/cli as tables, run over the command lines
 * that cobra and pflag were recorded with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/command.h"
#include "cli/help.h"
#include "text/number.h"
#include "text/quote.h"
#include "value/json.h"

/* ---- the tree ---------------------------------------------------------- */

static err *show(struct cli *c);

static err *set_level(struct arena *a, void *slot, str value, bool again)
{
	(void)a;
	(void)again;
	if (!str_eq(value, S("low")) && !str_eq(value, S("high")))
		return err_new(ERR_INVALID, "level '%.*s' is not known", STR_ARG(value));
	*(str *)slot = value;
	return NULL;
}

static err *set_step(struct arena *a, void *slot, str value, bool again)
{
	struct flag_list *list = slot;

	(void)again;
	if (!value.n)
		return err_new(ERR_INVALID, "a step needs a name");
	avec_push(a, list, value);
	return NULL;
}

static const struct flag_type level_type = { "low|high", false, set_level };
static const struct flag_type steps_type = { "steps", true, set_step };

/* One struct serves all commands; each writes the fields that it has. */
struct demo {
	str namespace, selector, dry_run, output, odd, old, secret, must, also, level, no_level;
	int64_t timeout, interval, loud, retries, tail;
	double qps;
	bool verbose, all, only_get, prune;
	struct flag_list groups, components, extra, set, step;
	struct flag_map labels;
};

#define AT(field) offsetof(struct demo, field)

static const struct flag root_flags[] = {
	{ "namespace", 'n', FLAG_STRING, AT(namespace), "the `scope` of the command", "demo-system" },
	{ "timeout", 0, FLAG_DURATION, AT(timeout), "how long to wait", "5m0s" },
	{ "verbose", 0, FLAG_BOOL, AT(verbose), "say more" },
	{ "as-group", 0, FLAG_ARRAY, AT(groups), "group to act as" },
	{ 0 },
};

static const struct flag get_shared[] = {
	{ "all-namespaces", 'A', FLAG_BOOL, AT(all), "in all namespaces" },
	{ "selector", 'l', FLAG_STRING, AT(selector), "filter by label" },
	{ 0 },
};

static const struct flag get_flags[] = {
	{ "only-get", 0, FLAG_BOOL, AT(only_get), "not for the commands below" },
	{ 0 },
};

static const struct flag number_flags[] = {
	{ "retries", 0, FLAG_INT, AT(retries), "how often", "10" },
	{ "tail", 0, FLAG_INT, AT(tail), "how many `lines`", "-1" },
	{ "qps", 0, FLAG_FLOAT, AT(qps), "requests a second", "50" },
	{ "interval", 0, FLAG_DURATION, AT(interval), "how often to look", "0s" },
	{ 0 },
};

static const struct flag things_flags[] = {
	{ "components", 0, FLAG_LIST, AT(components), "which components", "source,kustomize" },
	{ "extra", 'x', FLAG_LIST, AT(extra), "more components" },
	{ "set", 0, FLAG_ARRAY, AT(set), "set a value" },
	{ "labels", 'L', FLAG_MAP, AT(labels), "labels to add" },
	{ "loud", 'v', FLAG_COUNT, AT(loud), "louder\neach time" },
	{ .kind = FLAG_TABLE, .table = number_flags },
	{ "level", 'e', FLAG_CUSTOM, AT(level), "how high", "low", .type = &level_type },
	{ "no-level", 0, FLAG_CUSTOM, AT(no_level), "not at all", .type = &level_type },
	{ "step", 0, FLAG_CUSTOM, AT(step), "what to do", .type = &steps_type },
	{ "dry-run", 0, FLAG_STRING, AT(dry_run), "only say what would be done", "none", "client" },
	{ "prune", 0, FLAG_BOOL, AT(prune), "remove what is gone", "true" },
	{ "output", 'o', FLAG_STRING, AT(output), "format with a \"quote\"" },
	{ "odd", 0, FLAG_STRING, AT(odd), "a default that needs quotes", "a \"b\"\t\\" },
	{ "old", 0, FLAG_STRING, AT(old), "not any more", .deprecated = "use --new instead" },
	{ "secret", 0, FLAG_STRING, AT(secret), "nobody sees it", .hidden = true },
	{ 0 },
};

static const struct command things = {
	.use = "things [NAME]",
	.aliases = (const char *const[]){ "thing", "th", NULL },
	.brief = "Get things of all sorts",
	.text = "Get things of all sorts, and say so.",
	.example = "  demo get things",
	.flags = things_flags,
	.options = sizeof(struct demo),
	.run = show,
};

static const struct command get = {
	.use = "get",
	.aliases = (const char *const[]){ "g", "show", NULL },
	.brief = "Get things",
	.flags = get_flags,
	.shared = get_shared,
	.options = sizeof(struct demo),
	.commands = (const struct command *const[]){ &things, NULL },
};

static const struct command hidden = {
	.use = "hidden", .brief = "Not listed", .hidden = true, .run = show,
};

static const struct command old = {
	.use = "old-and-very-long-name", .brief = "Not any more", .deprecated = "use get",
	.run = show,
};

static const struct flag build_flags[] = {
	{ "namespace", 's', FLAG_STRING, AT(namespace), "hides the one above", "own" },
	{ "must", 0, FLAG_STRING, AT(must), "has to be there", .required = true },
	{ "also", 0, FLAG_STRING, AT(also), "has to be there too", .required = true },
	{ 0 },
};

static const struct command build = {
	.use = "build DIR",
	.brief = "Build one",
	.args = { ARGS_EXACT, .min = 1 },
	.flags = build_flags,
	.options = sizeof(struct demo),
	.run = show,
};

static const struct command least = {
	.use = "least A B... [flags]", .brief = "Two or more", .args = { ARGS_MIN, .min = 2 },
	.run = show,
};

static const struct command most = {
	.use = "most", .brief = "Two at the most", .args = { ARGS_MAX, .max = 2 }, .run = show,
};

static const struct command between = {
	.use = "between", .brief = "One or two", .args = { ARGS_RANGE, 1, 2 }, .run = show,
};

static const struct command bare = {
	.use = "bare", .brief = "None", .args = { ARGS_NONE }, .run = show,
};

static const struct command raw = {
	.use = "raw", .brief = "As they come", .raw = true, .run = show,
};

static const struct command inner = { .use = "inner", .hidden = true, .run = show };

static const struct command empty = {
	.use = "empty", .brief = "Holds only hidden ones",
	.commands = (const struct command *const[]){ &inner, NULL },
};

static const struct command er = { .use = "er", .brief = "Deeper", .run = show };

static const struct command deep = {
	.use = "deep", .brief = "Runs and has commands", .run = show,
	.commands = (const struct command *const[]){ &er, NULL },
};

static const struct applet applet = {
	.error_prefix = "Error: ", .run_hint = true, .notices_to_out = true,
};

static const struct command root = {
	.use = "demo",
	.brief = "Show how command lines are read",
	.text = "\nShow how command lines are read.\nIn two lines. \n\n",
	.example = "  # Get all things\n  demo get things -A\n",
	.version = "1.2.3",
	.shared = root_flags,
	.options = sizeof(struct demo),
	.commands = (const struct command *const[]){
		&bare, &between, &build, &deep, &empty, &get, &help_command, &hidden, &least,
		&most, &old, &raw, NULL,
	},
	.applet = &applet,
};

/* ---- what every command does: show what it got ------------------------- */

static void add_list(struct buf *b, const str *p, size_t n)
{
	buf_addc(b, '[');
	for (size_t i = 0; i < n; i++) {
		if (i)
			buf_addc(b, ' ');
		quote_add(b, p[i], QUOTE_PRINT);
	}
	buf_addc(b, ']');
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const str *)a, *(const str *)b);
}

static void add_map(struct arena *a, struct buf *b, const struct flag_map *map)
{
	str *pairs = arena_array(a, str, map->n);

	for (size_t i = 0; i < map->n; i++)
		pairs[i] = arena_cat(a, map->p[i].key, S("="), map->p[i].value);
	if (map->n)
		qsort(pairs, map->n, sizeof *pairs, by_text);
	add_list(b, pairs, map->n);
}

static void add_value(struct arena *a, struct buf *b, const struct flag_state *state)
{
	const struct flag_list *list = state->slot;

	switch (state->flag->kind) {
	case FLAG_BOOL:
		buf_add(b, *(bool *)state->slot ? S("true") : S("false"));
		break;
	case FLAG_FLOAT:
		number_add_float(b, *(double *)state->slot, NUMBER_V);
		break;
	case FLAG_INT:
	case FLAG_DURATION:
	case FLAG_COUNT:
		number_add_int(b, *(int64_t *)state->slot);
		break;
	case FLAG_LIST:
	case FLAG_ARRAY:
		add_list(b, list->p, list->n);
		break;
	case FLAG_MAP:
		add_map(a, b, state->slot);
		break;
	case FLAG_CUSTOM:
		if (state->flag->type == &steps_type) {
			add_list(b, list->p, list->n);
			break;
		}
		/* fall through */
	case FLAG_STRING:
		quote_add(b, *(str *)state->slot, QUOTE_PRINT);
		break;
	case FLAG_END:
	case FLAG_TABLE:
		break;
	}
}

static err *show(struct cli *c)
{
	struct buf *b = &c->out.buf;

	buf_add(b, command_path_text(c->arena, &c->path, false));
	buf_addc(b, '\n');
	for (size_t i = 0; i < c->flags.n; i++) {
		const struct flag_state *state = &c->flags.p[i];

		if (!state->given || !strcmp(state->flag->name, "help") ||
		    !strcmp(state->flag->name, "version"))
			continue;
		buf_addf(b, "%s: ", state->flag->name);
		add_value(c->arena, b, state);
		buf_addc(b, '\n');
	}
	buf_add(b, S("words: "));
	add_list(b, c->words.p, c->words.n);
	buf_addf(b, ", dash %d\n", c->words.dash == STR_NPOS ? -1 : (int)c->words.dash);
	if (c->words.n && str_eq(c->words.p[0], S("fail")))
		return err_new(ERR_INVALID, "it was told to fail");
	return NULL;
}

/* ---- tests ------------------------------------------------------------- */

static bool differs(node want, const char *key, str got, const char *line)
{
	str text = node_str(node_get(want, str_c(key)));

	if (str_eq(text, got))
		return false;
	print_error("%s\n want %s %.*s\n  got %.*s\n", line, key, STR_ARG(text), STR_ARG(got));
	return true;
}

/* Run one recorded line; gives whether it went otherwise. */
static bool check_line(str line)
{
	struct arena a = ARENA_INIT;
	struct cli c = { .arena = &a, .out = OUTPUT_INIT(-1), .err = OUTPUT_INIT(-1) };
	node want;

	assert_null(json_read(&a, line, NULL, &want));
	node words = node_get(want, S("args"));
	str *args = arena_array(&a, str, node_len(words));

	for (size_t i = 0; i < node_len(words); i++)
		args[i] = node_str(node_at(words, i));
	int status = command_run(&c, &root, args, node_len(words));
	str shown = arena_str(&a, str_sub(line, 0, 300));
	bool bad = differs(want, "stdout", buf_str(&c.out.buf), shown.p);

	bad |= differs(want, "stderr", buf_str(&c.err.buf), shown.p);
	bad |= status != node_int(node_get(want, S("exit")));
	output_release(&c.out);
	output_release(&c.err);
	arena_release(&a);
	return bad;
}

static void test_command_lines_go_as_in_cobra(void **state)
{
	char path[4096], *line = NULL;
	size_t failed = 0, count = 0, room = 0;
	ssize_t n;

	(void)state;
	snprintf(path, sizeof path, "%s/cli/cobra.jsonl", getenv("GOLDEN"));
	FILE *file = fopen(path, "rb");

	assert_non_null(file);
	for (; (n = getline(&line, &room, file)) > 0; count++)
		failed += check_line(str_of(line, (size_t)n));
	free(line);
	fclose(file);
	assert_true(count > 1000);
	assert_int_equal(failed, 0);
}

/* ---- a program inside a program ---------------------------------------- */

static err *check_before(struct cli *c)
{
	return cli_given(c, "refuse") ? err_new(ERR_INVALID, "refused before the run") : NULL;
}

static err *exit_with_three(struct cli *c)
{
	cli_note(c, "HOME is %s", cli_env(c, "HOME") ? cli_env(c, "HOME") : "not set");
	c->status = 3;
	return NULL;
}

struct crane_options {
	bool refuse;
	str hook;
};

static const struct flag crane_flags[] = {
	{ "refuse", 0, FLAG_BOOL, offsetof(struct crane_options, refuse), "do not run" },
	{ "hook", 0, FLAG_STRING, offsetof(struct crane_options, hook), "what to use", "iron" },
	{ 0 },
};

static err *lift_run(struct cli *c);

static const struct command lift = {
	.use = "lift NAME [WEIGHT]", .brief = "Lift", .args = { ARGS_RANGE, 1, 2 }, .run = lift_run,
};
static const struct command rest = {
	.use = "rest", .brief = "Rest", .args = { ARGS_NONE }, .run = exit_with_three,
};
static const struct command swing = {
	.use = "swing A B", .brief = "Swing", .args = { ARGS_EXACT, .min = 2 }, .run = lift_run,
};
static const struct command load = {
	.use = "load A", .brief = "Load", .args = { ARGS_MIN, .min = 1 }, .run = lift_run,
};
static const struct command crane = {
	.use = "crane",
	.brief = "A program of its own",
	.shared = crane_flags,
	.options = sizeof(struct crane_options),
	.before = check_before,
	.commands = (const struct command *const[]){ &lift, &load, &rest, &swing, NULL },
	.applet = &(const struct applet){
		.error_prefix = "Error: ", .run_hint = true, .helm_args = true,
	},
};

static const struct command site = {
	.use = "site",
	.brief = "Holds it",
	.shared = root_flags,
	.options = sizeof(struct demo),
	.commands = (const struct command *const[]){ &crane, NULL },
	.applet = &(const struct applet){ .error_prefix = "✗ " },
};

static err *lift_run(struct cli *c)
{
	const struct crane_options *o = cli_options(c, &crane);

	buf_addf(&c->out.buf, "lifted %.*s with %.*s\n", STR_ARG(c->words.p[0]),
		 STR_ARG(o->hook));
	return NULL;
}

static const struct {
	const struct command *root;
	const char *line;
	const char *out, *err;
	int status;
} programs[] = {
	{ &site, "crane lift a", "lifted a with iron\n", "", 0 },
	{ &crane, "lift --hook=rope a", "lifted a with rope\n", "", 0 },
	{ &site, "crane lift", "",
	  "Error: \"crane lift\" requires at least 1 argument\n\n"
	  "Usage:  crane lift NAME [WEIGHT] [flags]\n", 1 },
	{ &site, "crane lift a b c", "",
	  "Error: \"crane lift\" accepts at most 2 arguments\n\n"
	  "Usage:  crane lift NAME [WEIGHT] [flags]\n", 1 },
	{ &site, "crane swing a", "",
	  "Error: \"crane swing\" requires 2 arguments\n\nUsage:  crane swing A B [flags]\n", 1 },
	{ &site, "crane load", "",
	  "Error: \"crane load\" requires at least 1 argument\n\n"
	  "Usage:  crane load A [flags]\n", 1 },
	{ &site, "crane rest a", "",
	  "Error: \"crane rest\" accepts no arguments\n\nUsage:  crane rest [flags]\n", 1 },
	{ &site, "crane rest", "", "HOME is /home/me\n", 3 },
	{ &site, "crane lift a --refuse", "", "Error: refused before the run\n", 1 },
	{ &site, "crane lift a --verbose", "", "Error: unknown flag: --verbose\n", 1 },
	{ &site, "crane lft", "",
	  "Error: unknown command \"lft\" for \"crane\"\n\nDid you mean this?\n\tlift\n\n"
	  "Run 'site crane --help' for usage.\n", 1 },
	{ &site, "cran", "",
	  "✗ unknown command \"cran\" for \"site\"\n\nDid you mean this?\n\tcrane\n\n", 1 },
	{ &site, "crane lift --help",
	  "Lift\n\nUsage:\n  site crane lift NAME [WEIGHT] [flags]\n\nFlags:\n"
	  "  -h, --help   help for lift\n\nGlobal Flags:\n"
	  "      --hook string   what to use (default \"iron\")\n"
	  "      --refuse        do not run\n", "", 0 },
};

static void check_program(size_t i)
{
	struct arena a = ARENA_INIT;
	char *const env[] = { (char[]){ "HOMES=x" }, (char[]){ "HOME=/home/me" }, NULL };
	struct cli c = { .arena = &a, .out = OUTPUT_INIT(-1), .err = OUTPUT_INIT(-1), .env = env };
	str args[8], words = str_c(programs[i].line);
	size_t n = 0;

	while (str_cut(&words, &args[n], ' '))
		n++;
	int status = command_run(&c, programs[i].root, args, n);

	assert_string_equal(buf_c(&c.out.buf), programs[i].out);
	assert_string_equal(buf_c(&c.err.buf), programs[i].err);
	assert_int_equal(status, programs[i].status);
	output_release(&c.out);
	output_release(&c.err);
	arena_release(&a);
}

static void test_applets_speak_as_programs_of_their_own(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		check_program(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_applets_speak_as_programs_of_their_own),
		cmocka_unit_test(test_command_lines_go_as_in_cobra),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
