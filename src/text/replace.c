#include "text/replace.h"

#include "base/buf.h"

str replace_all(struct arena *a, str text, str from, str to)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	size_t at;

	while ((at = str_find(text, from)) != STR_NPOS) {
		buf_add(&b, str_sub(text, 0, at));
		buf_add(&b, to);
		text = str_from(text, at + from.n);
	}
	buf_add(&b, text);
	return arena_str(a, buf_str(&b));
}
