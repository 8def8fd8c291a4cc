/* How lists are indented, told from the text as kyaml does it: line by line
 * and without knowing YAML, so block texts can deceive it in the same way. */
#include "value/yaml.h"

static size_t spaces_before(str s)
{
	return s.n - str_trim_left_set(s, S(" ")).n;
}

bool yaml_is_wide(str text)
{
	str line, key = STR_NONE;	/* the last line that is no comment, up to its comment */

	while (str_line(&text, &line)) {
		str entry = str_trim_set(line, S(" "));
		size_t indent = spaces_before(line);

		if (str_starts(str_from(line, indent), S("- "))) {
			str k = str_trim_set(key, S(" "));

			if (str_ends(k, S(":")) && str_count_char(k, ':') == 1) {
				if (indent == spaces_before(key))
					return false;
				if (indent == spaces_before(key) + 2)
					return true;
			}
		}
		if (!str_starts(entry, S("#")))
			str_split(line, '#', &key, &entry);
	}
	return false;
}
