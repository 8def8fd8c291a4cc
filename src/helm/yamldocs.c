#include "helm/yamldocs.h"

static err *is_separator(str line, bool *out)
{
	*out = false;
	if (!str_take_str(&line, S("---")))
		return NULL;
	line = str_trim(line);
	if (line.n && line.p[0] != '#')
		return err_new(ERR_INVALID, "invalid Yaml document separator: %.*s", STR_ARG(line));
	*out = true;
	return NULL;
}

err *yamldocs_take(str *text, str *out)
{
	const char *start = text->p;
	str line;

	while (text->n) {
		const char *at = text->p;
		bool separator;

		str_line(text, &line);
		TRY(is_separator(line, &separator));
		if (separator && at > start) {
			*out = str_of(start, (size_t)(at - start));
			return NULL;
		}
	}
	*out = str_of(start, (size_t)(text->p - start));
	return NULL;
}
