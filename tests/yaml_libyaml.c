/* yaml_libyaml - our parser beside libyaml's, on random texts.
 *
 * go-yaml is a translation of libyaml, so that the two agree on what is YAML
 * and on its events, but for what has changed in libyaml since (kept out of
 * the tokens here): colons and question marks in brackets, and the version
 * directive. A fixed seed: the same texts on every run. */
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "value/yaml_impl.h"

static const char *const tokens[] = {
	"a", "b: ", "c:\n", "key: value\n", "- ", "-\n", "- - ", "? ", ": ", "?\n", ":\n", "  ", "    ",
	" ", "\n", "\n  ", "\n    ", "\n\n", "\t", "# c\n", " # c\n", "'x'", "'it''s'", "'", "\"y\"",
	"\"\\n\\x41\\u00e9\"", "\"", "\\", "[", "]", "{", "}", ", ", "[a, b]", "{a: 1}", "[]", "{}",
	"|\n", "|-\n", "|+\n", "|2\n", ">\n", ">-\n", ">+\n", "text\n", "  text\n", "long text ",
	"&x ", "*x", "&y\n", "!t ", "!!str ", "!<tag:x> ", "! ", "---\n", "--- ", "...\n",
	"%TAG !e! tag:e,2000:\n", "!e!f ", "\xc3\xa9", "\xf0\x9f\x98\x80", "\xe2\x80\xa8", "\xc2\x85",
	"\r\n", "@", "`", "%", "\x01", "\xff",
};

static uint32_t draw(uint32_t *state, uint32_t below)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state % below;
}

/* ---- events as text ---------------------------------------------------- */

static void add_text(struct buf *b, const char *name, const void *p, size_t n)
{
	if (n)
		buf_addf(b, " %s=%zu:", name, n);
	buf_bytes(b, p, n);
}

static const char *style_name(int style)
{
	static const char *const names[] = {
		[YAML_PLAIN_SCALAR_STYLE] = "plain",
		[YAML_SINGLE_QUOTED_SCALAR_STYLE] = "single",
		[YAML_DOUBLE_QUOTED_SCALAR_STYLE] = "double",
		[YAML_LITERAL_SCALAR_STYLE] = "literal",
		[YAML_FOLDED_SCALAR_STYLE] = "folded",
	};

	return names[style];
}

static size_t length(const yaml_char_t *s)
{
	return s ? strlen((const char *)s) : 0;
}

static void add_libyaml(struct buf *b, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		buf_addf(b, "doc");
		break;
	case YAML_DOCUMENT_END_EVENT:
		buf_addf(b, "end doc");
		break;
	case YAML_ALIAS_EVENT:
		add_text(b, "alias", ev->data.alias.anchor, length(ev->data.alias.anchor));
		break;
	case YAML_SCALAR_EVENT:
		buf_addf(b, "%s", style_name(ev->data.scalar.style));
		add_text(b, "anchor", ev->data.scalar.anchor, length(ev->data.scalar.anchor));
		add_text(b, "tag", ev->data.scalar.tag, length(ev->data.scalar.tag));
		add_text(b, "value", ev->data.scalar.value, ev->data.scalar.length);
		break;
	case YAML_SEQUENCE_START_EVENT:
		buf_addf(b, ev->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? "[" : "-");
		add_text(b, "anchor", ev->data.sequence_start.anchor,
			 length(ev->data.sequence_start.anchor));
		add_text(b, "tag", ev->data.sequence_start.tag, length(ev->data.sequence_start.tag));
		break;
	case YAML_MAPPING_START_EVENT:
		buf_addf(b, ev->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? "{" : ":");
		add_text(b, "anchor", ev->data.mapping_start.anchor,
			 length(ev->data.mapping_start.anchor));
		add_text(b, "tag", ev->data.mapping_start.tag, length(ev->data.mapping_start.tag));
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		buf_addf(b, "end");
		break;
	default:
		return;
	}
	buf_addc(b, '\n');
}

static bool libyaml(struct buf *b, str text)
{
	yaml_parser_t parser;
	yaml_event_t ev;
	bool ok, done = false;

	yaml_parser_initialize(&parser);
	yaml_parser_set_input_string(&parser, (const yaml_char_t *)text.p, text.n);
	while ((ok = yaml_parser_parse(&parser, &ev)) && !done) {
		add_libyaml(b, &ev);
		done = ev.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&parser);
	return ok;
}

static void add_ours(struct buf *b, const struct yaml_event *ev)
{
	static const char *const names[] = {
		[STYLE_PLAIN] = "plain", [STYLE_SINGLE] = "single", [STYLE_DOUBLE] = "double",
		[STYLE_LITERAL] = "literal", [STYLE_FOLDED] = "folded",
	};
	bool flow = ev->style == STYLE_FLOW;

	switch ((enum yaml_event_type)ev->type) {
	case EVENT_STREAM_START:
	case EVENT_STREAM_END:
		return;
	case EVENT_DOCUMENT_START:
		buf_addf(b, "doc\n");
		return;
	case EVENT_DOCUMENT_END:
		buf_addf(b, "end doc\n");
		return;
	case EVENT_SEQ_END:
	case EVENT_MAP_END:
		buf_addf(b, "end\n");
		return;
	case EVENT_ALIAS:
		add_text(b, "alias", ev->anchor.p, ev->anchor.n);
		buf_addc(b, '\n');
		return;
	case EVENT_SCALAR:
		buf_addf(b, "%s", names[ev->style]);
		break;
	case EVENT_SEQ_START:
		buf_addf(b, flow ? "[" : "-");
		break;
	case EVENT_MAP_START:
		buf_addf(b, flow ? "{" : ":");
		break;
	}
	add_text(b, "anchor", ev->anchor.p, ev->anchor.n);
	add_text(b, "tag", ev->tag.p, ev->tag.n);
	add_text(b, "value", ev->value.p, ev->value.n);
	buf_addc(b, '\n');
}

static bool ours(struct buf *b, str text, enum yaml_rules rules)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct yaml_parse parse;
	struct yaml_event ev = { 0 };
	err *e = NULL;

	yaml_parse_init(&parse, &a, text, rules);
	while (!e && ev.type != EVENT_STREAM_END) {
		e = yaml_parse_next(&parse, &ev);
		if (!e)
			add_ours(b, &ev);
	}
	yaml_parse_release(&parse);
	err_free(e);
	return !e;
}

/* ---- the comparison ---------------------------------------------------- */

struct tally {
	int texts, accepted, differ;
};

/* go-yaml v2 does not see that an empty collection in brackets is a key. */
static bool has_empty_brackets(str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] != '[' && text.p[i] != '{')
			continue;
		str rest = str_trim_left_set(str_from(text, i + 1), S(" \t\r\n"));

		if (rest.n && (rest.p[0] == ']' || rest.p[0] == '}'))
			return true;
	}
	return false;
}

static void compare(struct tally *t, str text, enum yaml_rules rules)
{
	CLEANUP(buf_release) struct buf want = BUF_INIT, got = BUF_INIT;

	if (rules == YAML_1_1 && has_empty_brackets(text))
		return;
	bool accepts = libyaml(&want, text);

	t->texts++;
	t->accepted += accepts;
	if (ours(&got, text, rules) == accepts &&
	    (!accepts || str_eq(buf_str(&want), buf_str(&got))))
		return;
	if (t->differ++ < 10)
		printf("rules 1.%d, libyaml %s:\n%.*s\n-- libyaml:\n%s-- ours:\n%s\n",
		       rules == YAML_1_1 ? 1 : 2, accepts ? "accepts" : "refuses", STR_ARG(text),
		       buf_c(&want), buf_c(&got));
}

int main(int argc, char **argv)
{
	enum { TEXTS = 60000, TOKENS = 20 };
	int texts = argc > 1 ? (int)strtol(argv[1], NULL, 10) : TEXTS;
	uint32_t random = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 19790524;
	struct tally t = { 0 };

	for (int i = 0; i < texts; i++) {
		CLEANUP(buf_release) struct buf b = BUF_INIT;

		for (uint32_t n = 1 + draw(&random, TOKENS); n; n--)
			buf_add(&b, str_c(tokens[draw(&random, sizeof tokens / sizeof *tokens)]));
		compare(&t, buf_str(&b), i % 2 ? YAML_1_1 : YAML_1_2);
	}
	printf("%d texts, %d accepted, %d differ\n", t.texts, t.accepted, t.differ);
	return t.differ || t.accepted < t.texts / 20;
}
