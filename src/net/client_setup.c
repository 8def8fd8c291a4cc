#include <fcntl.h>
#include <unistd.h>

#include "net/client_impl.h"

#include "base/fmt.h"
#include "base/fs.h"
#include "text/base64.h"
#include "text/quote.h"

enum { CLIENT_CA_MAX = 16 << 20 };

/* ---- what is asked for --------------------------------------------------- */

static err *refuse_quoted(const char *before, str what)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	buf_addf(&b, "%s ", before);
	quote_add(&b, what, QUOTE_PRINT);
	return err_new(ERR_INVALID, "%s", buf_c(&b));
}

static bool is_token(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c > 126 || strchr("\"(),/:;<=>?@[\\]{}", c))
			return false;
	}
	return s.n > 0;
}

static bool is_header_value(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c < ' ' && c != '\t') || c == 127)
			return false;
	}
	return true;
}

static err *check_texts(const struct net_request *r)
{
	if (!is_token(r->method))
		return refuse_quoted("net/http: invalid method", r->method);
	for (size_t i = 0; i < r->headers_n; i++) {
		if (!is_token(r->headers[i].name))
			return refuse_quoted("net/http: invalid header field name",
					     r->headers[i].name);
		if (!is_header_value(r->headers[i].value))
			return refuse_quoted("net/http: invalid header field value for",
					     r->headers[i].name);
	}
	if (!is_header_value(r->token))
		return refuse_quoted("net/http: invalid header field value for",
				     S("Authorization"));
	return NULL;
}

static err *check_scheme(const struct gourl *u)
{
	if (!str_eq(u->scheme, S("http")) && !str_eq(u->scheme, S("https")))
		return refuse_quoted("unsupported protocol scheme", u->scheme);
	if (!u->host.n)
		return err_new(ERR_INVALID, "http: no Host in request URL");
	return NULL;
}

err *client_parse_url(struct net_call *call, str text)
{
	struct net_request *r = &call->r;

	if (text.n > NET_URL_MAX)
		return err_new(ERR_INVALID, "the URL is longer than %d bytes", NET_URL_MAX);
	TRY(gourl_parse(&call->mem, arena_str(&call->mem, text), &call->url));
	err *e = check_texts(r);

	if (!e)
		e = check_scheme(&call->url);
	if (e)
		return client_wrap(call, e);
	if (call->url.has_user && !r->user.n && !r->token.n) {
		r->user = call->url.user;
		r->password = call->url.password;
	}
	return NULL;
}

/* ---- where it goes ------------------------------------------------------- */

static void refuse_address(struct net_call *call, const struct address *a, uint16_t port,
			   const char *why)
{
	err_free(call->failure);
	call->failure = client_refusal(a, port, why);
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct net_call *call = arg;
	struct address a;
	uint16_t port;
	const char *why;

	(void)purpose;
	if (address_of(&to->addr, &a, &port)) {
		if (!call->dialed) {
			call->dialed = true;
			call->dial_address = a;
			call->dial_port = port;
		}
		if ((why = client_refuses_call(call, call->dial_host, &a))) {
			refuse_address(call, &a, port, why);
			return CURL_SOCKET_BAD;
		}
	}
	call->client->connections++;
	return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

/* Also of a connection that another call opened. */
static int on_connected(void *arg, char *remote, char *local, int port, int local_port)
{
	struct net_call *call = arg;
	struct address a;
	const char *why;

	(void)local;
	(void)local_port;
	if (!address_parse(str_c(remote), &a) ||
	    !(why = client_refuses_call(call, call->dial_host, &a)))
		return CURL_PREREQFUNC_OK;
	refuse_address(call, &a, (uint16_t)port, why);
	return CURL_PREREQFUNC_ABORT;
}

/* ---- settings ------------------------------------------------------------ */

static void set_long(struct net_call *call, CURLoption option, long value)
{
	call->client->curl->curl_easy_setopt(call->easy, option, value);
}

static void set_text(struct net_call *call, CURLoption option, str value)
{
	const char *text = value.n ? arena_str(&call->mem, value).p : NULL;

	call->client->curl->curl_easy_setopt(call->easy, option, text);
}

static void set_ptr(struct net_call *call, CURLoption option, const void *value)
{
	call->client->curl->curl_easy_setopt(call->easy, option, value);
}

static void set_blob(struct net_call *call, CURLoption option, str value)
{
	struct curl_blob blob = { (void *)value.p, value.n, CURL_BLOB_COPY };

	if (value.n)
		call->client->curl->curl_easy_setopt(call->easy, option, &blob);
}

static void add_header(struct net_call *call, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static void append(struct net_call *call, struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = call->client->curl->curl_slist_append(*list, line);

	if (!longer)
		die_bug("out of memory");
	*list = longer;
}

static void add_header(struct net_call *call, const char *fmt, ...)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	fmt_add(&b, fmt, ap);
	va_end(ap);
	append(call, &call->headers, buf_c(&b));
}

/* What Go's client keeps from other hosts. */
static bool is_private_header(str name)
{
	return str_eq_nocase(name, S("Authorization")) || str_eq_nocase(name, S("Cookie")) ||
	       str_eq_nocase(name, S("Cookie2")) || str_eq_nocase(name, S("Www-Authenticate")) ||
	       str_eq_nocase(name, S("Proxy-Authorization"));
}

bool client_has_header(const struct net_request *r, str name)
{
	for (size_t i = 0; i < r->headers_n; i++)
		if (str_eq_nocase(r->headers[i].name, name))
			return true;
	return false;
}

static void set_authorization(struct net_call *call)
{
	const struct net_request *r = &call->r;
	CLEANUP(buf_release) struct buf pair = BUF_INIT, b = BUF_INIT;

	if (call->foreign || client_has_header(r, S("Authorization")))
		return;
	if (r->token.n) {
		add_header(call, "Authorization: Bearer %.*s", STR_ARG(r->token));
	} else if (r->user.n || r->password.n) {
		buf_addf(&pair, "%.*s:%.*s", STR_ARG(r->user), STR_ARG(r->password));
		base64_write(&b, buf_str(&pair), BASE64_STD);
		add_header(call, "Authorization: Basic %s", buf_c(&b));
	}
}

static void set_headers(struct net_call *call)
{
	const struct net_request *r = &call->r;

	for (size_t i = 0; i < r->headers_n; i++) {
		const struct net_header *h = &r->headers[i];

		if (call->foreign && is_private_header(h->name))
			continue;
		if (!call->body.n && call->redirects && str_eq_nocase(h->name, S("Content-Type")))
			continue;
		/* "Name;" is how the library is told of an empty value. */
		if (h->value.n)
			add_header(call, "%.*s: %.*s", STR_ARG(h->name), STR_ARG(h->value));
		else
			add_header(call, "%.*s;", STR_ARG(h->name));
	}
	set_authorization(call);
	if (call->body.n && !client_has_header(r, S("Content-Type")))
		append(call, &call->headers, "Content-Type:");
	append(call, &call->headers, "Expect:");
}

static void set_method(struct net_call *call)
{
	str m = call->method;
	bool sends = call->body.n || str_eq(m, S("POST")) || str_eq(m, S("PUT")) ||
		     str_eq(m, S("PATCH"));

	if (str_eq(m, S("HEAD"))) {
		set_long(call, CURLOPT_NOBODY, 1);
		return;
	}
	if (sends) {
		set_long(call, CURLOPT_POST, 1);
		call->client->curl->curl_easy_setopt(call->easy, CURLOPT_POSTFIELDSIZE_LARGE,
						     (curl_off_t)call->body.n);
		set_ptr(call, CURLOPT_POSTFIELDS, call->body.n ? call->body.p : "");
	}
	set_text(call, CURLOPT_CUSTOMREQUEST, m);
	if (!client_has_header(&call->r, S("Accept-Encoding")) && !client_has_header(&call->r, S("Range")))
		set_ptr(call, CURLOPT_ACCEPT_ENCODING, "gzip");
}

/* Besides the system's authorities when they are one file: both in one text. */
static err *join_authorities(struct net_call *call, str *ca)
{
	str bundle;

	TRY(fs_read_any(&call->mem, call->client->ca_file, CLIENT_CA_MAX, &bundle));
	*ca = arena_cat(&call->mem, bundle, S("\n"), *ca);
	return NULL;
}

static err *set_tls(struct net_call *call)
{
	const struct net_client *c = call->client;
	const struct net_tls *t = &call->tls;
	str ca = t->ca;

	if (t->insecure || call->explain) {
		set_long(call, CURLOPT_SSL_VERIFYPEER, 0);
		set_long(call, CURLOPT_SSL_VERIFYHOST, 0);
	}
	if (ca.n && t->ca_and_system && c->ca_file.n)
		TRY(join_authorities(call, &ca));
	bool system = !ca.n || t->ca_and_system;

	set_text(call, CURLOPT_CAINFO, ca.n ? STR_NONE : c->ca_file);
	set_text(call, CURLOPT_CAPATH, system ? c->ca_dir : STR_NONE);
	set_blob(call, CURLOPT_CAINFO_BLOB, ca);
	if (!call->foreign && !call->explain) {
		set_blob(call, CURLOPT_SSLCERT_BLOB, t->cert);
		set_blob(call, CURLOPT_SSLKEY_BLOB, t->key);
	}
	return NULL;
}

/* The server is asked for by another name than it is found under. */
static void set_server_name(struct net_call *call, struct gourl *u)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str name = call->tls.server_name, host = u->host;

	if (!name.n || call->foreign || !str_eq(u->scheme, S("https")))
		return;
	str port = client_port(u);

	if (!client_has_header(&call->r, S("Host")))
		add_header(call, "Host: %.*s", STR_ARG(host));
	buf_addf(&b, "%.*s:%.*s:%.*s:%.*s", STR_ARG(name), STR_ARG(port),
		 STR_ARG(str_sub(host, 0,
				 host.n - (str_ends(host, port) && host.n > port.n &&
							   host.p[host.n - port.n - 1] == ':'
						   ? port.n + 1
						   : 0))),
		 STR_ARG(port));
	append(call, &call->connect_to, buf_c(&b));
	set_ptr(call, CURLOPT_CONNECT_TO, call->connect_to);
	u->host = arena_cat(&call->mem, name, S(":"), port);
}

static err *set_proxy(struct net_call *call)
{
	const struct net_request *r = &call->r;
	struct net_proxy p = call->proxy;
	struct gourl u;
	struct address a;
	const char *why;

	set_ptr(call, CURLOPT_PROXY, "");
	set_ptr(call, CURLOPT_NOPROXY, "");
	if (!r->proxy && !r->no_proxy)
		p.url = proxy_for(&call->client->proxies, &call->url);
	call->dial_host = gourl_hostname(&call->url);
	if (!p.url.n || r->no_proxy)
		return NULL;
	if (!str_has(p.url, S("://")))
		p.url = arena_cat(&call->mem, S("http://"), p.url);
	TRY(gourl_parse(&call->mem, p.url, &u));
	if (!str_eq(u.scheme, S("http")) && !str_eq(u.scheme, S("https")) &&
	    !str_eq(u.scheme, S("socks5")) && !str_eq(u.scheme, S("socks5h")))
		return refuse_quoted("proxyconnect: unsupported proxy scheme", u.scheme);
	if (address_parse(call->dial_host, &a) &&
	    (why = client_refuses_call(call, call->dial_host, &a)))
		return err_new(ERR_FORBIDDEN, "%s", why);
	call->own_proxy = !r->proxy;
	call->dial_host = gourl_hostname(&u);
	if (!p.user.n && u.has_user) {
		p.user = u.user;
		p.password = u.password;
	}
	/* The proxy's name resolves the names, as with Go's dialer. */
	set_text(call, CURLOPT_PROXY,
		 arena_cat(&call->mem, str_starts(u.scheme, S("socks5")) ? S("socks5h") : u.scheme,
			   S("://"), u.host));
	if (p.user.n || p.password.n) {
		set_text(call, CURLOPT_PROXYUSERNAME, p.user);
		set_text(call, CURLOPT_PROXYPASSWORD, p.password);
		set_long(call, CURLOPT_PROXYAUTH, (long)CURLAUTH_BASIC);
	}
	call->proxied = true;
	return NULL;
}

static void set_time(struct net_call *call)
{
	set_long(call, CURLOPT_NOSIGNAL, 1);
	set_long(call, CURLOPT_CONNECTTIMEOUT_MS, CLIENT_DIAL_MS);
	if (call->deadline != INT64_MAX) {
		int ms = clock_poll_ms(call->deadline);

		set_long(call, CURLOPT_TIMEOUT_MS, ms ? ms : 1);
	}
	set_long(call, CURLOPT_TCP_KEEPALIVE, 1);
}

static void set_url(struct net_call *call)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct gourl u = call->url;

	u.has_user = u.has_password = false;
	u.user = u.password = u.fragment = u.raw_fragment = STR_NONE;
	gourl_add(&b, &u);
	call->resp.url = arena_str(&call->resp.mem, buf_str(&b));
	set_server_name(call, &u);
	buf_clear(&b);
	gourl_add(&b, &u);
	set_text(call, CURLOPT_URL, buf_str(&b));
	bool old = call->r.http1 || call->r.pull;

	/* A reader that is held back would hold all on its connection back. */
	set_long(call, CURLOPT_HTTP_VERSION,
		 old ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS);
	set_long(call, CURLOPT_PIPEWAIT, !old);
	set_ptr(call, CURLOPT_PROTOCOLS_STR, "http,https");
}

static void set_callbacks(struct net_call *call)
{
	const struct libcurl *l = call->client->curl;

	l->curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, client_on_header);
	set_ptr(call, CURLOPT_HEADERDATA, call);
	l->curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, client_on_data);
	set_ptr(call, CURLOPT_WRITEDATA, call);
	l->curl_easy_setopt(call->easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
	set_ptr(call, CURLOPT_OPENSOCKETDATA, call);
	l->curl_easy_setopt(call->easy, CURLOPT_PREREQFUNCTION, on_connected);
	set_ptr(call, CURLOPT_PREREQDATA, call);
	set_ptr(call, CURLOPT_PRIVATE, call);
	set_ptr(call, CURLOPT_ERRORBUFFER, call->message);
	set_long(call, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
}

err *client_setup(struct net_call *call)
{
	const struct libcurl *l = call->client->curl;

	l->curl_easy_reset(call->easy);
	l->curl_slist_free_all(call->headers);
	l->curl_slist_free_all(call->connect_to);
	call->headers = call->connect_to = NULL;
	call->message[0] = 0;
	call->dialed = call->proxied = call->own_proxy = false;
	call->in_head = call->head_done = false;
	call->body_bytes = call->head_bytes = 0;
	call->next_url = STR_NONE;
	set_callbacks(call);
	set_text(call, CURLOPT_USERAGENT, call->client->user_agent);
	set_method(call);
	set_headers(call);
	set_url(call);
	set_time(call);
	TRY(set_tls(call));
	TRY(set_proxy(call));
	set_ptr(call, CURLOPT_HTTPHEADER, call->headers);
	if (call->explain) {
		set_long(call, CURLOPT_CONNECT_ONLY, 1);
		set_long(call, CURLOPT_CERTINFO, 1);
	}
	return NULL;
}

/* ---- redirects ----------------------------------------------------------- */

str client_port(const struct gourl *u)
{
	size_t colon = str_rfind_char(u->host, ':');

	if (colon != STR_NPOS && colon + 1 < u->host.n &&
	    str_find_char(str_from(u->host, colon), ']') == STR_NPOS)
		return str_from(u->host, colon + 1);
	return str_eq(u->scheme, S("https")) ? S("443") : S("80");
}

/* The same host, and not where others could listen in. */
static bool keeps_credentials(const struct gourl *from, const struct gourl *to)
{
	bool upgrade = str_eq(from->scheme, S("http")) && str_eq(to->scheme, S("https")) &&
		       str_eq(client_port(from), S("80")) && str_eq(client_port(to), S("443"));

	return str_eq_nocase(gourl_hostname(from), gourl_hostname(to)) &&
	       (upgrade ||
		(str_eq(from->scheme, to->scheme) && str_eq(client_port(from), client_port(to))));
}

bool client_redirect(struct net_call *call, err **failure)
{
	struct gourl ref, to;
	int status = call->resp.status;
	str location = call->next_url;
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	if (location.n > NET_URL_MAX) {
		*failure = err_new(ERR_INVALID, "the Location header is longer than %d bytes",
				   NET_URL_MAX);
		return false;
	}
	err *e = gourl_parse(&call->mem, location, &ref);

	if (e) {
		quote_add(&b, location, QUOTE_PRINT);
		*failure = err_wrap(e, "failed to parse Location header %s", buf_c(&b));
		return false;
	}
	gourl_resolve(&call->mem, &call->url, &ref, &to);
	call->foreign = call->foreign || !keeps_credentials(&call->url, &to);
	call->url = to;
	call->url.has_user = call->url.has_password = false;
	*failure = check_scheme(&to);
	if (!*failure && ++call->redirects >= NET_REDIRECTS_MAX)
		*failure = err_new(ERR_INVALID, "stopped after %d redirects", NET_REDIRECTS_MAX);
	if (*failure)
		return false;
	if (status != 307 && status != 308) {
		if (!str_eq(call->method, S("HEAD")))
			call->method = S("GET");
		call->body = STR_NONE;
	}
	return true;
}
