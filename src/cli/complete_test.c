#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/commands.h"
#include "cli/help.h"

struct cut_options {
	str format, name;
	struct flag_list with;
	bool fast, quiet, hidden;
};

static const struct flag cut_flags[] = {
	{ "fast", 'f', FLAG_BOOL, offsetof(struct cut_options, fast), "be fast" },
	{ "format", 'o', FLAG_STRING, offsetof(struct cut_options, format), "what `form`\nto use",
	  .choices = "json yaml wide" },
	{ "hidden", 0, FLAG_BOOL, offsetof(struct cut_options, hidden), "x", .hidden = true },
	{ "with", 'w', FLAG_LIST, offsetof(struct cut_options, with), "use this" },
	{ 0 },
};

static const struct flag shared_flags[] = {
	{ "name", 'n', FLAG_STRING, offsetof(struct cut_options, name), "its name" },
	{ "quiet", 'q', FLAG_BOOL, offsetof(struct cut_options, quiet), "say less" },
	{ 0 },
};

static err *run(struct cli *c)
{
	(void)c;
	return NULL;
}

static const struct command cut = {
	.use = "cut FILE", .brief = "Cut it", .flags = cut_flags, .run = run,
	.options = sizeof(struct cut_options),
};
static const struct command close = {
	.use = "close", .brief = "Close it", .args = { ARGS_NONE }, .run = run,
};
static const struct command secret = { .use = "secret", .hidden = true, .run = run };
static const struct command paper = {
	.use = "paper", .brief = "Work on paper",
	.commands = (const struct command *const[]){ &close, &cut, &secret, NULL },
};
static const struct command shop = {
	.use = "shop",
	.shared = shared_flags,
	.options = sizeof(struct cut_options),
	.commands = (const struct command *const[]){ &complete_command, &help_command, &paper, NULL },
	.applet = &(const struct applet){ .error_prefix = "Error: " },
};

/* Words before the last are parted by "|". */
static const struct {
	const char *line, *want;
} cases[] = {
	{ "", "help\tHelp about any command\npaper\tWork on paper\n:4\n" },
	{ "p", "paper\tWork on paper\n:4\n" },
	{ "paper|", "close\tClose it\ncut\tCut it\n:4\n" },
	{ "-n|x|paper|cl", "close\tClose it\n:4\n" },
	{ "paper|close|", ":4\n" },
	{ "paper|cut|", ":0\n" },
	{ "paper|wrong|", ":4\n" },
	{ "wrong|", ":4\n" },
	{ "paper|cut|--f", "--fast\tbe fast\n--format\twhat form\n:4\n" },
	{ "paper|cut|-f|--fa", ":4\n" },
	{ "paper|cut|--with|a|--w", "--with\tuse this\n:4\n" },
	{ "paper|cut|-w", "-w\tuse this\n:4\n" },
	{ "paper|cut|--hid", ":4\n" },
	{ "paper|cut|--qu", "--quiet\tsay less\n:4\n" },
	{ "paper|cut|-o|", "json\nyaml\nwide\n:4\n" },
	{ "paper|cut|-fo|w", "wide\n:4\n" },
	{ "paper|cut|-of|", ":0\n" },
	{ "paper|cut|--format|y", "yaml\n:4\n" },
	{ "paper|cut|--format=j", "json\n:4\n" },
	{ "paper|cut|--wrong=j", ":4\n" },
	{ "paper|cut|--format=json|", ":0\n" },
	{ "paper|cut|--name|", ":0\n" },
	{ "paper|cut|--wrong|", ":1\n" },
	{ "paper|cut|--|--f", ":0\n" },
	{ "help|", "help\tHelp about any command\npaper\tWork on paper\n:4\n" },
	{ "help|paper|cu", "cut\tCut it\n:4\n" },
	{ "help|nope|", ":4\n" },
};

static void test_candidates(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena a = ARENA_INIT;
		struct cli c = { .arena = &a, .out = OUTPUT_INIT(-1), .err = OUTPUT_INIT(-1) };
		str args[8] = { S("__complete") }, rest = str_c(cases[i].line);
		size_t n = 1;

		while (str_split(rest, '|', &args[n], &rest))
			n++;
		assert_int_equal(command_run(&c, &shop, args, n + 1), 0);
		if (strcmp(buf_c(&c.out.buf), cases[i].want) != 0)
			print_error("for %s\n", cases[i].line);
		assert_string_equal(buf_c(&c.out.buf), cases[i].want);
		output_release(&c.out);
		output_release(&c.err);
		arena_release(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_candidates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
