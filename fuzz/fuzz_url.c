/* URLs, hosts and addresses; a second line is seen from the first, or is a list of hosts
 * that need no proxy. */
#include "base/die.h"
#include "net/address.h"
#include "net/proxy.h"
#include "text/gourl.h"
#include "text/netip.h"
#include "text/webaddr.h"

static str print(struct arena *a, const struct gourl *u)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	gourl_add(&b, u);
	return arena_str(a, buf_str(&b));
}

/* What is printed is read, and printed the same. */
static void check_again(struct arena *a, const struct gourl *u)
{
	struct gourl again;
	str text = print(a, u);
	err *e = gourl_parse(a, text, &again);

	if (!e && !str_eq(print(a, &again), text))
		die_bug("%.*s is printed as another", STR_ARG(text));
	err_free(e);
}

static void look_at_url(struct arena *a, str text, str more)
{
	struct gourl u, ref, both;
	err *e = gourl_parse(a, text, &u);

	if (!e) {
		const struct proxy_rules rules = { .http = S("http://p"), .https = S("http://s"),
						   .no = more };

		check_again(a, &u);
		gourl_hostname(&u);
		proxy_for(&rules, &u);
		e = gourl_parse(a, more, &ref);
		if (!e) {
			gourl_resolve(a, &u, &ref, &both);
			print(a, &both);
		}
	}
	err_free(e);
	err_free(gourl_parse_request(a, text, &u));
	err_free(gourl_unescape_segment(a, text, &more));
}

static void look_at_address(str text, str network)
{
	struct address address;
	struct netip ip;
	char printed[ADDRESS_TEXT];

	err_free(netip_parse(text, &ip));
	if (address_parse(text, &address)) {
		address_print(&address, 80, printed);
		address_in(&address, network);
		address_is_private(&address);
	}
	webaddr_is_email(text);
	webaddr_is_url(text);
	webaddr_is_request_url(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_BUDGET(64 << 20);
	str more = str_of((const char *)data, size), text = STR_NONE;

	if (size > 4096)
		return 0;
	str_cut(&more, &text, '\n');
	look_at_url(&a, text, more);
	look_at_address(text, more);
	arena_release(&a);
	return 0;
}
