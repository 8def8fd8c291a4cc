#include "source/credentials.h"

#include "text/base64.h"
#include "text/gourl.h"

enum { PROXY_MAX = 2048, KEY_MAX = 1 << 20 };

static const struct credentials_item *find(const struct credentials *c, str key)
{
	for (size_t i = 0; c && i < c->n; i++)
		if (str_eq(c->items[i].key, key))
			return &c->items[i];
	return NULL;
}

str credentials_get(const struct credentials *c, str key)
{
	const struct credentials_item *item = find(c, key);

	return item ? item->value : STR_NONE;
}

bool credentials_has(const struct credentials *c, str key)
{
	return find(c, key) != NULL;
}

/* ---- git -------------------------------------------------------------------- */

static err *missing(const char *what)
{
	return err_new(ERR_INVALID, "invalid 'ssh' auth option: '%s' is required", what);
}

static err *read_ssh(const struct credentials *c, const struct gourl *u, struct gitremote_auth *out)
{
	out->identity = credentials_get(c, S("identity"));
	out->known_hosts = credentials_get(c, S("known_hosts"));
	out->password = credentials_get(c, S("password"));
	out->user = u->user.n ? u->user : S("git");
	if (!out->identity.n)
		return missing("identity");
	return out->known_hosts.n ? NULL : missing("known_hosts");
}

static void read_tls(const struct credentials *c, struct net_tls *out)
{
	str ca = credentials_get(c, S("ca.crt"));

	out->ca = ca.n ? ca : credentials_get(c, S("caFile"));
	out->ca_and_system = true;
	out->cert = credentials_get(c, S("tls.crt"));
	out->key = credentials_get(c, S("tls.key"));
	if (!out->cert.n || !out->key.n)
		out->cert = out->key = STR_NONE;
}

err *credentials_git(struct arena *a, const struct credentials *c, str url,
		     struct gitremote_auth *out)
{
	struct gitremote_auth auth = { 0 };
	struct gourl u;

	TRY(gourl_parse(a, arena_str(a, url), &u));
	if (str_eq(u.scheme, S("ssh"))) {
		TRY(read_ssh(c, &u, &auth));
		*out = auth;
		return NULL;
	}
	read_tls(c, &auth.tls);
	if (credentials_has(c, S("bearerToken"))) {
		auth.token = credentials_get(c, S("bearerToken"));
	} else {
		auth.user = credentials_get(c, S("username"));
		auth.password = credentials_get(c, S("password"));
	}
	if (!auth.user.n)
		auth.user = u.user;
	if (!auth.password.n)
		auth.password = u.password;
	if (!auth.user.n && auth.password.n)
		return err_new(ERR_INVALID,
			       "invalid '%.*s' auth option: 'password' requires 'username' to be "
			       "set",
			       STR_ARG(u.scheme));
	*out = auth;
	return NULL;
}

/* In OpenSSH's own form the cipher's name stands in front: "none" or another. */
static bool is_encrypted_openssh(str pem)
{
	static const char head[] = "openssh-key-v1";
	CLEANUP(buf_release) struct buf b = BUF_LIMIT(KEY_MAX);
	size_t end = str_find(pem, S("-----END OPENSSH PRIVATE KEY-----"));
	size_t start = str_find_char(pem, '\n');

	if (end == STR_NPOS || start == STR_NPOS || start > end)
		return false;
	err *e = base64_read(&b, str_trim(str_sub(pem, start, end)), BASE64_STD);

	err_free(e);
	str bytes = buf_str(&b);

	/* with its NUL, then a length in four bytes */
	return !e && bytes.n > sizeof head + 8 && !memcmp(bytes.p, head, sizeof head) &&
	       !str_starts(str_from(bytes, sizeof head), S("\0\0\0\4none"));
}

bool credentials_is_encrypted_key(str pem)
{
	pem = str_trim(pem);
	if (str_starts(pem, S("-----BEGIN OPENSSH PRIVATE KEY-----")))
		return is_encrypted_openssh(pem);
	return str_starts(pem, S("-----BEGIN ENCRYPTED PRIVATE KEY-----")) ||
	       str_has(pem, S("Proc-Type: 4,ENCRYPTED"));
}

/* ---- certificates ------------------------------------------------------------- */

static str get_either(const struct credentials *c, str key, str old)
{
	str value = credentials_get(c, key);

	return value.n ? value : credentials_get(c, old);
}

static err *incomplete_pair(const struct credentials *c, const char *has, const char *misses)
{
	return err_new(ERR_INVALID, "secret '%.*s/%.*s' contains '%s' but missing '%s'",
		       STR_ARG(c->namespace), STR_ARG(c->name), has, misses);
}

err *credentials_tls(const struct credentials *c, struct net_tls *out)
{
	struct net_tls t = { .ca = get_either(c, S("ca.crt"), S("caFile")),
			     .ca_and_system = true,
			     .cert = get_either(c, S("tls.crt"), S("certFile")),
			     .key = get_either(c, S("tls.key"), S("keyFile")) };

	if (t.cert.n && !t.key.n)
		return incomplete_pair(c, "tls.crt", "tls.key");
	if (t.key.n && !t.cert.n)
		return incomplete_pair(c, "tls.key", "tls.crt");
	if (!t.ca.n && !t.cert.n)
		return err_new(ERR_INVALID,
			       "secret '%.*s/%.*s' must contain either 'ca.crt' or both 'tls.crt' "
			       "and 'tls.key'",
			       STR_ARG(c->namespace), STR_ARG(c->name));
	if (t.ca.n && !str_has(t.ca, S("-----BEGIN CERTIFICATE-----")))
		return err_new(ERR_INVALID, "failed to parse CA certificate");
	*out = t;
	return NULL;
}

/* ---- proxies ---------------------------------------------------------------- */

static err *check_proxy(struct arena *a, str address)
{
	struct gourl u;

	if (address.n > PROXY_MAX)
		return err_new(ERR_INVALID, "proxy URL exceeds maximum length of %d characters",
			       PROXY_MAX);
	err *e = gourl_parse(a, address, &u);

	if (e)
		return err_wrap(e, "failed to parse proxy address '%.*s'", STR_ARG(address));
	if (!str_eq(u.scheme, S("http")) && !str_eq(u.scheme, S("https")) &&
	    !str_eq(u.scheme, S("socks5")))
		return err_new(ERR_INVALID,
			       "proxy URL must use one of the supported schemes (http, https, "
			       "socks5), got '%.*s'",
			       STR_ARG(u.scheme));
	return NULL;
}

err *credentials_proxy(struct arena *a, const struct credentials *c, struct net_proxy *out)
{
	str address = credentials_get(c, S("address"));

	if (!credentials_has(c, S("address")))
		return err_new(ERR_INVALID, "secret '%.*s/%.*s': key 'address' not found",
			       STR_ARG(c->namespace), STR_ARG(c->name));
	if (!address.n)
		return err_new(ERR_INVALID, "secret '%.*s/%.*s': proxy address is empty",
			       STR_ARG(c->namespace), STR_ARG(c->name));
	err *e = check_proxy(a, arena_str(a, address));

	if (e)
		return err_wrap(e, "secret '%.*s/%.*s'", STR_ARG(c->namespace), STR_ARG(c->name));
	*out = (struct net_proxy){ .url = address };
	if (credentials_has(c, S("username"))) {
		out->user = credentials_get(c, S("username"));
		out->password = credentials_get(c, S("password"));
	}
	return NULL;
}
