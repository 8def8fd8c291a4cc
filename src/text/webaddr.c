#include "text/webaddr.h"

#include "text/gourl.h"
#include "base/utf8.h"
#include "text/netip.h"
#include "text/regex.h"

static bool matches(str pattern, str s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	const struct regex *re;
	err *e = regex_compile(&a, pattern, &re);

	if (e)
		die_bug("pattern of an address: %s", err_msg(e));
	return regex_test(re, s);
}

/* ---- e-mail ------------------------------------------------------------ */

/* Letters beyond ASCII, in a class and alone. */
#define WIDE_IN "\\x{00A0}-\\x{D7FF}\\x{F900}-\\x{FDCF}\\x{FDF0}-\\x{FFEF}"
#define LETTER "[a-zA-Z" WIDE_IN "]"
#define LETTER_DIGIT "[a-zA-Z0-9" WIDE_IN "]"

#define ATOM "[-a-zA-Z0-9!#$%&'*+/=?^_`{|}~" WIDE_IN "]+"
#define USER ATOM "(\\." ATOM ")*"
/* White space of a mail's header, which may be folded. */
#define FOLD "(([ \\t]*\\r\\n)?[ \\t]+)?"
#define QUOTABLE "[\\x01-\\x08\\x0b\\x0c\\x0e-\\x1f\\x21\\x23-\\x5b\\x5d-\\x7f" WIDE_IN "]"
#define BEHIND_PAREN "[\\x01-\\x09\\x0b-\\x7f" WIDE_IN "]"
/* Every character is quoted anew: that is what users of the rule live with. */
#define QUOTED_USER "(\"" FOLD "(" QUOTABLE "|\\(" BEHIND_PAREN "))*" FOLD "\""
#define LABELS LETTER_DIGIT "([-a-zA-Z0-9._~" WIDE_IN "]*" LETTER_DIGIT ")?"
#define LAST_LABEL LETTER "([-a-zA-Z0-9_~" WIDE_IN "]*" LETTER ")?"

bool webaddr_is_email(str s)
{
	return matches(S("^(" USER "|" QUOTED_USER ")@" LABELS "\\." LAST_LABEL "\\.?$"), s);
}

/* ---- URL --------------------------------------------------------------- */

enum { URL_RUNES_MAX = 2083, URL_BYTES_MIN = 4 };

#define SCHEME "((ftp|tcp|udp|wss?|https?)://)?"
#define LOGIN "(\\S+(:\\S*)?@)?"
#define TWO_DIGITS_OR_BYTE "([0-9]{1,2}|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
/* Not 0, not the multicast ones, but the reserved ones from 240. */
#define FIRST_BYTE "([1-9][0-9]?|1[0-9][0-9]|2[01][0-9]|22[0-3]|24[0-9]|25[0-5])"
#define IPV4 FIRST_BYTE "(\\." TWO_DIGITS_OR_BYTE "){2}\\." \
	     "([0-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])"
/* No URL holds this byte: gourl refuses it. */
#define MARK "\x01"
#define AN "[a-zA-Z0-9]"
#define WIDE_URL "\\x{00a1}-\\x{ffff}"
#define SUBDOMAIN "(www\\.|" AN "+([-_.]?" AN ")*" AN "\\." AN "+)?"
#define BEFORE_HOST "(" AN "([-_a-zA-Z0-9]+)?" AN "([-.]" AN "+)*|" SUBDOMAIN ")?"
#define HOST "([a-zA-Z0-9" WIDE_URL "]+-?-?)*[a-zA-Z0-9" WIDE_URL "]+(\\.[a-zA-Z" WIDE_URL "]+)?"

static bool is_url_text(str s)
{
	return matches(S("^" SCHEME LOGIN "(" IPV4 "|" MARK "|" BEFORE_HOST HOST ")"
			 "\\.?(:[0-9]{1,5})?([/?#]\\S*)?$"),
		       s);
}

/* A host may be an address in brackets: MARK stands in for each of them. */
static void mark_addresses(struct buf *b, str s)
{
	size_t open, close;

	while ((open = str_find_char(s, '[')) != STR_NPOS &&
	       (close = str_find_char(str_from(s, open), ']')) != STR_NPOS) {
		struct netip ip;
		err *e = netip_parse(str_sub(s, open + 1, open + close), &ip);

		buf_add(b, str_sub(s, 0, open));
		if (!e && ip.v6) {
			buf_add(b, S(MARK));
			s = str_from(s, open + close + 1);
		} else {
			buf_addc(b, '[');
			s = str_from(s, open + 1);
		}
		err_free(e);
	}
	buf_add(b, s);
}

bool webaddr_is_url(str s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	CLEANUP(buf_release) struct buf marked = BUF_INIT;
	struct gourl u;
	bool bare = str_has(s, S(":")) && !str_has(s, S("://"));

	if (s.n < URL_BYTES_MIN || utf8_count(s) >= URL_RUNES_MAX || str_starts(s, S(".")))
		return false;
	err *e = gourl_parse(&a, bare ? arena_cat(&a, S("http://"), s) : s, &u);

	if (e) {
		err_free(e);
		return false;
	}
	if (str_starts(u.host, S(".")) || (!u.host.n && u.path.n && !str_has(u.path, S("."))))
		return false;
	mark_addresses(&marked, s);
	return is_url_text(buf_str(&marked));
}

bool webaddr_is_request_url(str s)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	struct gourl u;
	err *e = gourl_parse_request(&a, s, &u);
	bool is = !e && u.scheme.n;

	err_free(e);
	return is;
}
