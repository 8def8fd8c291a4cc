#include "crypto/pem.h"

#include "base/err.h"
#include "text/base64.h"

/* Behind the dashes of a line that begins with them. */
static bool find_begin(str *text)
{
	str begin = S("-----BEGIN "), rest = *text;

	if (!str_take_str(&rest, begin)) {
		size_t at = str_find(*text, S("\n-----BEGIN "));

		if (at == STR_NPOS)
			return false;
		rest = str_from(*text, at + 1 + begin.n);
	}
	*text = rest;
	return true;
}

bool pem_next(str *text, struct pem_block *out, struct buf *bytes)
{
	while (find_begin(text)) {
		size_t dashes = str_find(*text, S("-----"));
		size_t end = str_find(*text, S("-----END "));

		if (dashes == STR_NPOS || end == STR_NPOS || end < dashes + 5)
			continue;
		str body = str_trim(str_sub(*text, dashes + 5, end));
		size_t blank = str_find(body, S("\n\n"));

		out->headers = blank != STR_NPOS && str_has(str_sub(body, 0, blank), S(": "));
		if (out->headers)
			body = str_from(body, blank + 2);
		bytes->n = 0;
		err *bad = base64_read(bytes, body, BASE64_STD);

		err_free(bad);
		if (bad)
			continue;
		out->type = str_sub(*text, 0, dashes);
		*text = str_from(*text, end + strlen("-----END "));
		return true;
	}
	return false;
}
