#include <openssl/x509_vfy.h>
#include <stdio.h>

#include "net/client_impl.h"

#include "base/fs.h"
#include "base/mask.h"
#include "crypto/keypair.h"
#include "text/gotime.h"
#include "text/quote.h"

enum { CLIENT_NAMES_MAX = 20 };

/* ---- without secrets ----------------------------------------------------- */

/* Passwords may be short; then the mask leaves them alone, and nobody
 * prints them: of the URL only the user's name is shown. */
static void add_masked(const struct net_call *call, str text, struct buf *b)
{
	const str secrets[] = { call->r.token, call->r.password, call->proxy.password };
	struct mask *m = mask_new();

	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		mask_add(m, secrets[i]);
	mask_text(m, text, b);
	mask_free(m);
}

/* As Go's stripPassword. */
static void add_url(struct buf *b, const struct gourl *url)
{
	CLEANUP(buf_release) struct buf plain = BUF_INIT;
	struct gourl u = *url;

	if (!u.has_password) {
		gourl_add(b, &u);
		return;
	}
	u.has_password = false;
	u.password = STR_NONE;
	gourl_add(&plain, &u);
	size_t at = str_find_char(buf_str(&plain), '@');

	buf_add(b, str_sub(buf_str(&plain), 0, at));
	buf_add(b, S(":***"));
	buf_add(b, str_from(buf_str(&plain), at));
}

err *client_wrap(const struct net_call *call, err *cause)
{
	CLEANUP(buf_release) struct buf url = BUF_INIT, b = BUF_INIT, clean = BUF_INIT;
	str m = call->r.method;

	add_url(&url, &call->url);
	buf_addc(&b, m.p[0]);
	for (size_t i = 1; i < m.n; i++)
		buf_addc(&b, m.p[i] >= 'A' && m.p[i] <= 'Z' ? (char)(m.p[i] + 32) : m.p[i]);
	buf_addc(&b, ' ');
	quote_add(&b, buf_str(&url), QUOTE_PRINT);
	buf_addf(&b, ": %s", err_msg(cause));
	add_masked(call, buf_str(&b), &clean);
	return err_replace(cause, "%s", buf_c(&clean));
}

err *client_headers_too_long(void)
{
	return err_new(ERR_INVALID, "net/http: server response headers exceeded %d bytes; aborted",
		       NET_HEADERS_MAX);
}

/* ---- the way to the server ----------------------------------------------- */

static err *dial(const struct net_call *call, err *cause)
{
	return call->proxied ? err_wrap(cause, "proxyconnect tcp") : cause;
}

static err *no_such_host(struct net_call *call)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str host = gourl_hostname(&call->url), conf, line, server = STR_NONE;
	CLEANUP(err_drop) err *e = fs_read_any(&a, S("/etc/resolv.conf"), 64 << 10, &conf);

	if (call->proxied)
		return dial(call, err_new(ERR_UNAVAILABLE, "dial tcp: lookup proxy: no such host"));
	while (!e && !server.n && str_line(&conf, &line))
		if (str_take_str(&line, S("nameserver")))
			server = str_trim(line);
	if (!server.n)
		return err_new(ERR_UNAVAILABLE, "dial tcp: lookup %.*s: no such host",
			       STR_ARG(host));
	return err_new(ERR_UNAVAILABLE, "dial tcp: lookup %.*s on %.*s:53: no such host",
		       STR_ARG(host), STR_ARG(server));
}

static void dial_text(const struct net_call *call, char to[ADDRESS_TEXT])
{
	snprintf(to, ADDRESS_TEXT, "unknown address");
	if (call->dialed)
		address_print(&call->dial_address, call->dial_port, to);
}

static err *from_errno(long number, const char *what)
{
	err *e = err_errno((int)number, "%s", what);

	err_set_kind(e, ERR_UNAVAILABLE);
	return e;
}

static err *no_connection(struct net_call *call)
{
	char address[ADDRESS_TEXT], what[ADDRESS_TEXT + 20];
	long number = 0;

	dial_text(call, address);
	snprintf(what, sizeof what, "dial tcp %s: connect", address);
	call->client->curl->curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &number);
	if (number)
		return dial(call, from_errno(number, what));
	return dial(call, err_new(ERR_UNAVAILABLE, "dial tcp %s: %s", address, call->message));
}

static err *timed_out(struct net_call *call)
{
	char address[ADDRESS_TEXT];
	double connected = 0;

	if (clock_mono() + CLOCK_MS >= call->deadline)
		return err_new(ERR_TIMEOUT, "context deadline exceeded");
	dial_text(call, address);
	call->client->curl->curl_easy_getinfo(call->easy, CURLINFO_CONNECT_TIME, &connected);
	if (connected > 0)
		return dial(call, err_new(ERR_TIMEOUT, "net/http: TLS handshake timeout"));
	return dial(call, err_new(ERR_TIMEOUT, "dial tcp %s: i/o timeout", address));
}

static err *broken_off(struct net_call *call)
{
	const struct libcurl *l = call->client->curl;
	char *remote = NULL, *local = NULL, from[ADDRESS_TEXT], to[ADDRESS_TEXT];
	char what[2 * ADDRESS_TEXT + 20];
	long number = 0, remote_port = 0, local_port = 0, tunnel = 0;
	struct address a, b;

	l->curl_easy_getinfo(call->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
	if (tunnel && tunnel / 100 != 2) {
		CLEANUP(arena_release) struct arena mem = ARENA_INIT;
		str status = net_status(&mem, (int)tunnel);

		return err_new(ERR_UNAVAILABLE, "%s", str_from(status, 4).p);
	}
	l->curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &number);
	l->curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_IP, &remote);
	l->curl_easy_getinfo(call->easy, CURLINFO_PRIMARY_PORT, &remote_port);
	l->curl_easy_getinfo(call->easy, CURLINFO_LOCAL_IP, &local);
	l->curl_easy_getinfo(call->easy, CURLINFO_LOCAL_PORT, &local_port);
	/* A handle used before may still hold the number of another failure. */
	if (!strstr(call->message, " failure: ") && !strstr(call->message, "errno "))
		number = 0;
	if (!number || !address_parse(str_c(local), &a) || !address_parse(str_c(remote), &b))
		return err_new(ERR_UNAVAILABLE, call->head_done ? "unexpected EOF" : "EOF");
	address_print(&a, (uint16_t)local_port, from);
	address_print(&b, (uint16_t)remote_port, to);
	snprintf(what, sizeof what, "read tcp %s->%s: read", from, to);
	return from_errno(number, what);
}

/* ---- certificates -------------------------------------------------------- */

struct leaf {
	str names[CLIENT_NAMES_MAX], addresses[CLIENT_NAMES_MAX];
	size_t names_n, addresses_n;
	str from, until, subject;
};

static void add_names(struct leaf *leaf, str list)
{
	str item;

	while (str_cut(&list, &item, ',')) {
		item = str_trim(item);
		if (str_take_str(&item, S("DNS:")) && leaf->names_n < CLIENT_NAMES_MAX)
			leaf->names[leaf->names_n++] = item;
		else if (str_take_str(&item, S("IP Address:")) &&
			 leaf->addresses_n < CLIENT_NAMES_MAX)
			leaf->addresses[leaf->addresses_n++] = item;
	}
}

/* The server's own certificate, as the library describes it. */
static bool read_leaf(struct net_call *call, struct leaf *leaf)
{
	struct curl_certinfo *info = NULL;

	*leaf = (struct leaf){ 0 };
	call->client->curl->curl_easy_getinfo(call->easy, CURLINFO_CERTINFO, &info);
	if (!info || info->num_of_certs < 1)
		return false;
	for (struct curl_slist *l = info->certinfo[0]; l; l = l->next) {
		str key, value;

		str_split(str_c(l->data), ':', &key, &value);
		if (str_eq(key, S("X509v3 Subject Alternative Name")))
			add_names(leaf, value);
		else if (str_eq(key, S("Start date")))
			leaf->from = value;
		else if (str_eq(key, S("Expire date")))
			leaf->until = value;
		else if (str_eq(key, S("Subject")))
			leaf->subject = value;
	}
	return true;
}

static void add_list(struct buf *b, const str *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s%.*s", i ? ", " : "", STR_ARG(items[i]));
}

static bool name_matches(str pattern, str host)
{
	str rest;

	if (str_eq_nocase(pattern, host))
		return true;
	return str_take_str(&pattern, S("*.")) && str_split(host, '.', &host, &rest) && host.n &&
	       str_eq_nocase(pattern, rest);
}

static bool has_name(const struct leaf *leaf, str host)
{
	struct address want, a;

	if (address_parse(host, &want)) {
		for (size_t i = 0; i < leaf->addresses_n; i++)
			if (address_parse(leaf->addresses[i], &a) && !memcmp(&a, &want, sizeof a))
				return true;
		return false;
	}
	for (size_t i = 0; i < leaf->names_n; i++)
		if (name_matches(leaf->names[i], host))
			return true;
	return false;
}

static void wrong_name(struct buf *b, const struct leaf *leaf, str host)
{
	struct address a;
	bool is_address = address_parse(host, &a);

	if (is_address && !leaf->addresses_n) {
		buf_addf(
			b,
			"cannot validate certificate for %.*s because it doesn't contain any IP SANs",
			STR_ARG(host));
		return;
	}
	if (!leaf->names_n && !leaf->addresses_n) {
		buf_add(b, S("certificate relies on legacy Common Name field, use SANs instead"));
		return;
	}
	buf_add(b, S("certificate is valid for "));
	if (is_address)
		add_list(b, leaf->addresses, leaf->addresses_n);
	else if (leaf->names_n)
		add_list(b, leaf->names, leaf->names_n);
	else
		b->n = 0,
		buf_add(b, S("certificate is not valid for any names, but wanted to match"));
	buf_addf(b, leaf->names_n || is_address ? ", not %.*s" : " %.*s", STR_ARG(host));
}

static bool read_date(str text, struct gotime *out)
{
	err *e = gotime_parse(out, S("Jan _2 15:04:05 2006 MST"), str_trim(text), NULL);

	err_free(e);
	return !e;
}

static bool wrong_time(struct buf *b, const struct leaf *leaf)
{
	struct gotime now = gotime_utc(clock_wall() / CLOCK_SECOND, 0), t;
	const char *than = NULL;

	if (read_date(leaf->from, &t) && gotime_cmp(now, t) < 0)
		than = "before";
	else if (read_date(leaf->until, &t) && gotime_cmp(now, t) > 0)
		than = "after";
	if (!than)
		return false;
	buf_add(b, S("certificate has expired or is not yet valid: current time "));
	gotime_format(b, now, GOTIME_RFC3339);
	buf_addf(b, " is %s ", than);
	gotime_format(b, t, GOTIME_RFC3339);
	return true;
}

/* In Go's order: time, name, authority. The library only says which of them
 * it met first, so the certificate is fetched once more, with nothing sent. */
static err *bad_certificate(struct net_call *call)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	struct leaf leaf;

	buf_add(&b, S("tls: failed to verify certificate: x509: "));
	if (!read_leaf(call, &leaf))
		buf_add(&b, S("certificate signed by unknown authority"));
	else if (!wrong_time(&b, &leaf)) {
		str host = call->tls.server_name.n && !call->foreign ? call->tls.server_name
								     : gourl_hostname(&call->url);
		CLEANUP(buf_release) struct buf why = BUF_INIT;

		if (!has_name(&leaf, host)) {
			wrong_name(&why, &leaf, host);
			buf_add(&b, buf_str(&why));
		} else {
			buf_add(&b, S("certificate signed by unknown authority"));
		}
	}
	return err_new(ERR_UNAVAILABLE, "%s", buf_c(&b));
}

/* What the libraries say, and what Go does. */
static const struct {
	const char *has, *text;
} known_texts[] = {
	{ "alert certificate required", "remote error: tls: certificate required" },
	{ "alert bad certificate", "remote error: tls: bad certificate" },
	{ "alert unknown ca", "remote error: tls: unknown certificate authority" },
	{ "alert certificate expired", "remote error: tls: expired certificate" },
	{ "alert certificate unknown", "remote error: tls: unknown certificate" },
	{ "alert access denied", "remote error: tls: access denied" },
	{ "alert handshake failure", "remote error: tls: handshake failure" },
	{ "alert protocol version", "remote error: tls: protocol version not supported" },
	{ "alert internal error", "remote error: tls: internal error" },
	{ "unrecognized name", "remote error: tls: unrecognized name" },
	{ "wrong version number", "http: server gave HTTP response to HTTPS client" },
	{ "http request", "http: server gave HTTP response to HTTPS client" },
	{ "SSL_ERROR_SYSCALL", "EOF" },
	{ "unexpected eof", "EOF" },
	{ "Too long hexadecimal number", "http chunk length too large" },
	{ "hexadecimal", "invalid byte in chunk length" },
	{ "Malformed encoding found in chunked-encoding", "malformed chunked encoding" },
	{ "Failed reading the chunked-encoded stream", "malformed chunked encoding" },
};

static const char *known_text(const struct net_call *call)
{
	for (size_t i = 0; i < sizeof known_texts / sizeof *known_texts; i++)
		if (strstr(call->message, known_texts[i].has))
			return known_texts[i].text;
	return NULL;
}

/* ---- all of them --------------------------------------------------------- */

static const struct {
	CURLcode code;
	const char *text;
} plain_texts[] = {
	{ CURLE_GOT_NOTHING, "EOF" },
	{ CURLE_PARTIAL_FILE, "unexpected EOF" },
	{ CURLE_UNSUPPORTED_PROTOCOL, "net/http: HTTP/1.x transport connection broken: malformed "
				      "HTTP response" },
	{ CURLE_WEIRD_SERVER_REPLY, "net/http: HTTP/1.x transport connection broken: malformed "
				    "HTTP response" },
	{ CURLE_BAD_CONTENT_ENCODING, "gzip: invalid header" },
	{ CURLE_SSL_CACERT_BADFILE, "no certificate authority in the PEM text" },
};

/* What is wrong with our certificate or its key. */
static err *bad_keypair(const struct net_call *call)
{
	err *e = keypair_check(call->tls.cert, call->tls.key);

	return e ? e : err_new(ERR_UNAVAILABLE, "tls: the client certificate cannot be used");
}

err *client_error(struct net_call *call, CURLcode code)
{
	const char *text;

	if (call->explain && (code == CURLE_OK || code == CURLE_PEER_FAILED_VERIFICATION))
		return bad_certificate(call);
	switch ((int)code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return no_such_host(call);
	case CURLE_COULDNT_CONNECT:
		return no_connection(call);
	case CURLE_OPERATION_TIMEDOUT:
		return timed_out(call);
	case CURLE_PEER_FAILED_VERIFICATION:
		call->explain = true;
		return NULL;
	case CURLE_SSL_CERTPROBLEM:
		return bad_keypair(call);
	case CURLE_OUT_OF_MEMORY: /* one header beyond the library's own limit */
		return client_headers_too_long();
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		if ((text = known_text(call)))
			return err_new(ERR_UNAVAILABLE, "%s", text);
		return broken_off(call);
	}
	for (size_t i = 0; i < sizeof plain_texts / sizeof *plain_texts; i++)
		if (plain_texts[i].code == code)
			return err_new(ERR_UNAVAILABLE, "%s", plain_texts[i].text);
	return err_new(ERR_UNAVAILABLE, "%s",
		       call->message[0] ? call->message
					: call->client->curl->curl_easy_strerror(code));
}
