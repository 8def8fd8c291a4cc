#include "archive/name.h"

#include "base/utf8.h"
#include "text/quote.h"

/* A name that does not fit is not shown whole either. */
enum { SHOWN_MAX = 512 };

static bool is_drive(str name)
{
	return name.n >= 2 && name.p[1] == ':' &&
	       ((name.p[0] | 0x20) >= 'a' && (name.p[0] | 0x20) <= 'z');
}

static bool has_control(str s)
{
	uint32_t rune;

	while (utf8_take(&s, &rune))
		if (rune < 0x20 || (rune >= 0x7f && rune < 0xa0))
			return true;
	return false;
}

bool archive_name_is_safe(str name)
{
	str part, rest = name;

	if (!name.n || name.n > ARCHIVE_PATH_MAX || name.p[0] == '/' || is_drive(name))
		return false;
	/* Flux refuses "a../b", too. */
	if (str_find_char(name, '\\') != STR_NPOS || str_has(name, S("../")))
		return false;
	if (!utf8_valid(name) || has_control(name))
		return false;
	while (str_cut(&rest, &part, '/'))
		if (part.n > ARCHIVE_NAME_MAX || str_eq(part, S("..")))
			return false;
	return true;
}

err *archive_name_check(str name)
{
	CLEANUP(buf_release) struct buf quoted = BUF_INIT;

	if (archive_name_is_safe(name))
		return NULL;
	quote_add(&quoted, str_sub(name, 0, SHOWN_MAX), QUOTE_PRINT);
	return err_new(ERR_INVALID, "tar contained invalid name error %s%s", buf_c(&quoted),
		       name.n > SHOWN_MAX ? "..." : "");
}
