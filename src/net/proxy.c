#include "net/proxy.h"

#include <stdlib.h>

#include "net/address.h"

enum { PROXY_ENV_MAX = 64 << 10 };

static str env(struct arena *a, const char *upper, const char *lower)
{
	const char *v = getenv(upper);

	if (!v || !*v)
		v = getenv(lower);
	str s = str_c(v);

	return s.n && s.n <= PROXY_ENV_MAX ? arena_str(a, s) : STR_NONE;
}

void proxy_from_env(struct arena *a, struct proxy_rules *out)
{
	*out = (struct proxy_rules){
		.http = env(a, "HTTP_PROXY", "http_proxy"),
		.https = env(a, "HTTPS_PROXY", "https_proxy"),
		.no = env(a, "NO_PROXY", "no_proxy"),
		.cgi = getenv("REQUEST_METHOD") != NULL,
	};
}

/* "host:port", "[v6]:port" or "host" of one rule. */
static void split_port(str s, str *host, str *port)
{
	size_t colon = str_rfind_char(s, ':');

	*host = s;
	*port = STR_NONE;
	if (colon != STR_NPOS &&
	    (s.p[0] == '[' ? s.p[colon - 1] == ']' : str_find_char(s, ':') == colon)) {
		*host = str_sub(s, 0, colon);
		*port = str_from(s, colon + 1);
	}
	if (host->n > 1 && host->p[0] == '[' && host->p[host->n - 1] == ']')
		*host = str_sub(*host, 1, host->n - 1);
}

static bool ends_nocase(str s, str suffix)
{
	return s.n > suffix.n && str_eq_nocase(str_from(s, s.n - suffix.n), suffix);
}

static bool rule_matches(str rule, str host, str port, const struct address *address)
{
	struct address own;
	str name, rule_port;

	if (str_eq(rule, S("*")))
		return true;
	if (str_find_char(rule, '/') != STR_NPOS)
		return address && address_in(address, rule);
	split_port(rule, &name, &rule_port);
	if (!name.n || (rule_port.n && !str_eq(rule_port, port)))
		return false;
	if (address_parse(name, &own))
		return address && !memcmp(address, &own, sizeof own);
	str_take_str(&name, S("*"));
	if (name.n && name.p[0] == '.')
		return ends_nocase(host, name);
	return str_eq_nocase(host, name) ||
	       (ends_nocase(host, name) && host.p[host.n - name.n - 1] == '.');
}

static str default_port(str scheme)
{
	return str_eq(scheme, S("https")) ? S("443") : S("80");
}

str proxy_for(const struct proxy_rules *p, const struct gourl *url)
{
	bool https = str_eq(url->scheme, S("https"));
	str proxy = https ? p->https : p->cgi ? STR_NONE : p->http;
	struct address address;
	str host, port, no = p->no, rule;

	if (!proxy.n)
		return STR_NONE;
	split_port(url->host, &host, &port);
	if (!port.n)
		port = default_port(url->scheme);
	host = str_trim_right_set(host, S("."));
	bool literal = address_parse(host, &address);

	if (str_eq_nocase(host, S("localhost")) || (literal && address_is_loopback(&address)))
		return STR_NONE;
	while (str_cut(&no, &rule, ','))
		if ((rule = str_trim(rule)).n &&
		    rule_matches(rule, host, port, literal ? &address : NULL))
			return STR_NONE;
	return proxy;
}
