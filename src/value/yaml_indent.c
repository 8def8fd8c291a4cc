/* How a document indents its lists: kyaml's guess from the text. */
#include "value/yaml_impl.h"

static size_t leading_spaces(str line)
{
	size_t n = 0;

	while (n < line.n && line.p[n] == ' ')
		n++;
	return n;
}

/* The line above that is no comment, without the comment behind it. */
static str key_line(str text, size_t before)
{
	while (before) {
		size_t start = str_rfind_char(str_sub(text, 0, before - 1), '\n');

		start = start == STR_NPOS ? 0 : start + 1;
		str line = str_sub(text, start, before - 1);

		if (str_from(line, leading_spaces(line)).n == 0 ||
		    line.p[leading_spaces(line)] != '#')
			return str_sub(line, 0, str_find_char(line, '#'));
		before = start;
	}
	return STR_NONE;
}

/* "key:", with no other colon. */
static bool is_key_line(str line)
{
	line = str_trim_set(line, S(" "));
	return line.n && str_find_char(line, ':') == line.n - 1;
}

/* The first list below a key decides; a list indented by anything but 0 or 2
 * does not count. */
bool yaml_is_wide(str text)
{
	str rest = text, line;

	while (rest.n) {
		size_t at = (size_t)(rest.p - text.p);

		line = str_sub(rest, 0, str_find_char(rest, '\n'));
		rest = str_from(rest, line.n + 1);
		size_t dash = leading_spaces(line);

		if (!str_starts(str_from(line, dash), S("- ")))
			continue;
		str key = key_line(text, at);

		if (!is_key_line(key))
			continue;
		if (dash == leading_spaces(key))
			return false;
		if (dash == leading_spaces(key) + 2)
			return true;
	}
	return false;
}
