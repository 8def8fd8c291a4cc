#include "cli/flux_secret.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/proc.h"
#include "cli/flux_create.h"
#include "crypto/keypair.h"
#include "crypto/keys.h"
#include "crypto/sshkey.h"
#include "net/client.h"
#include "text/gourl.h"
#include "text/base64.h"
#include "value/json.h"

enum { FILE_MAX = 1 << 20, SCAN_MAX = 64 << 10 };

#define SCAN_TIMEOUT (30 * CLOCK_SECOND)
#define DIAL_TIMEOUT (5 * CLOCK_SECOND)

node secret_new(struct cli *c, str name, const char *type)
{
	node secret = create_object(c, "v1", "Secret", name, flux_settings(c)->namespace);

	if (type)
		create_text(c->arena, secret, "type", str_c(type));
	return secret;
}

void secret_put(struct cli *c, node secret, const char *key, str value)
{
	node data;

	if (!value.n)
		return;
	data = node_need_map(c->arena, secret, S("stringData"));
	node_set(c->arena, data, str_c(key), node_from_str(c->arena, value));
}

static void merge(struct cli *c, node from, node into, const char *key)
{
	if (node_is_nil(node_get(from, str_c(key))))
		return;
	node to = node_need_map(c->arena, into, str_c(key));

	node_each_pair(p, node_get(from, str_c(key)))
		node_put(c->arena, to, p->key, p->value);
}

err *secret_store(struct cli *c, struct flux_server *s, node secret)
{
	struct arena *a = c->arena;
	node there, metadata = node_get(secret, S("metadata"));
	err *e = client_get(s->client, a, &client_secrets, flux_namespace(secret), flux_name(secret),
			    &there);

	if (e && err_kind(e) == ERR_NOT_FOUND) {
		err_free(e);
		return client_create(s->client, a, &client_secrets, secret, S("flux"), NULL);
	}
	if (e)
		return e;
	merge(c, metadata, node_get(there, S("metadata")), "labels");
	merge(c, metadata, node_get(there, S("metadata")), "annotations");
	merge(c, secret, there, "stringData");
	return client_update(s->client, a, &client_secrets, there, STR_NONE, S("flux"), NULL);
}

/* ---- files ------------------------------------------------------------- */

err *secret_read(struct cli *c, const char *what, str path, str *out)
{
	err *e = fs_read_any(c->arena, path, FILE_MAX, out);

	return e ? err_wrap(e, "%s", what) : NULL;
}

err *secret_put_tls(struct cli *c, node secret, str ca, str cert, str key)
{
	if (cert.n && !key.n)
		return err_new(ERR_INVALID, "found certificate but missing private key");
	if (key.n && !cert.n)
		return err_new(ERR_INVALID, "found private key but missing certificate");
	err *e = cert.n ? keypair_check(cert, key) : NULL;

	if (e)
		return err_wrap(e, "invalid TLS certificate and key pair");
	secret_put(c, secret, "tls.crt", cert);
	secret_put(c, secret, "tls.key", key);
	secret_put(c, secret, "ca.crt", ca);
	return NULL;
}

err *secret_read_parts(struct cli *c, const struct secret_basic *w, struct secret_parts *out)
{
	*out = (struct secret_parts){ .username = w->username, .password = w->password };
	if (w->ca_file.n)
		TRY(secret_read(c, "unable to read TLS CA file", w->ca_file, &out->ca));
	if (w->cert_file.n)
		TRY(secret_read(c, "failed to read cert file", w->cert_file, &out->cert));
	if (w->key_file.n)
		TRY(secret_read(c, "failed to read key file", w->key_file, &out->key));
	return NULL;
}

/* ---- Helm -------------------------------------------------------------- */

static err *check_login(str username, str password)
{
	if (!username.n)
		return err_new(ERR_INVALID, "username is required");
	if (!password.n)
		return err_new(ERR_INVALID, "password is required");
	return NULL;
}

err *secret_make_helm(struct cli *c, const struct secret_parts *p, str name, node *out)
{
	if (p->cert.n || p->key.n) {
		*out = secret_new(c, name, "kubernetes.io/tls");
		TRY(secret_put_tls(c, *out, p->ca, p->cert, p->key));
	} else if (p->username.n || p->password.n) {
		TRY(check_login(p->username, p->password));
		*out = secret_new(c, name, "kubernetes.io/basic-auth");
		secret_put(c, *out, "ca.crt", p->ca);
		secret_put(c, *out, "username", p->username);
		secret_put(c, *out, "password", p->password);
	} else {
		*out = secret_new(c, name, p->ca.n ? "Opaque" : NULL);
		secret_put(c, *out, "ca.crt", p->ca);
	}
	return NULL;
}

/* ---- Git over SSH ------------------------------------------------------ */

/* The first line that is none of ssh-keyscan's remarks. */
static str first_key(str lines)
{
	str line;

	while (str_line(&lines, &line))
		if (line.n && line.p[0] != '#')
			return line;
	return STR_NONE;
}

/* Why nobody answers at "host:port", as Go tells it; empty where somebody does. It is
 * asked for by HTTP, and only what comes before that counts. */
static str dial_failure(struct arena *a, str address)
{
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	CLEANUP(net_response_release) struct net_response r = NET_RESPONSE_INIT;
	err *e = net_client_new(&net, &(struct net_options){ 0 });

	if (!e)
		e = net_do(net, &(struct net_request){ .url = arena_cat(a, S("http://"), address),
						       .no_proxy = true,
						       .timeout = DIAL_TIMEOUT }, &r);
	size_t at = e ? str_find(err_text(e), S("dial tcp")) : STR_NPOS;
	str why = at == STR_NPOS ? STR_NONE : arena_str(a, str_from(err_text(e), at));

	err_free(e);
	return why;
}

/* What ssh-keyscan said last; that there is no key, where it said nothing. */
static str scan_failure(struct arena *a, str address, str lines)
{
	str line, last = S("no host key"), why = dial_failure(a, address);

	while (str_line(&lines, &line))
		if (line.n && line.p[0] != '#')
			last = str_trim(line);
	return why.n ? why : last;
}

/* The preferred key of the server, as "host type base64". */
static err *scan_host(struct cli *c, const struct gourl *url, str *out)
{
	str host = gourl_hostname(url), port = S("22");
	size_t colon = str_rfind_char(url->host, ':');
	CLEANUP(proc_release) struct proc_result r = { 0 };

	str address = arena_cat(c->arena, url->host, S(":"), port);

	if (colon != STR_NPOS && !str_ends(url->host, S("]"))) {
		port = str_from(url->host, colon + 1);
		address = url->host;
	}
	/* A host that begins with a dash would be taken for an option. */
	if (!host.n || host.p[0] == '-')
		return err_new(ERR_INVALID, "SSH key scan for host %.*s failed, error: no such host",
			       STR_ARG(url->host));
	const char *const argv[] = { "ssh-keyscan",
				     "-T",
				     "30",
				     "-t",
				     "ecdsa,ed25519,rsa",
				     "-p",
				     arena_str(c->arena, port).p,
				     "--",
				     arena_str(c->arena, host).p,
				     NULL };
	const struct proc_spec spec = { .argv = argv,
					.env = (const char *const *)c->env,
					.max_out = SCAN_MAX,
					.timeout = SCAN_TIMEOUT };
	err *e = proc_run(&spec, &r);
	str key = first_key(buf_str(&r.out));

	if (e)
		return err_wrap(e, "SSH key scan for host %.*s failed, error", STR_ARG(address));
	if (!key.n) {
		str why = scan_failure(c->arena, address, buf_str(&r.err));

		return err_new(ERR_UNAVAILABLE, "SSH key scan for host %.*s failed, error: %.*s",
			       STR_ARG(address), STR_ARG(why));
	}
	*out = str_trim(arena_str(c->arena, key));
	return NULL;
}

static enum sshkey_kind kind_of(const struct secret_git *w)
{
	if (str_eq(w->key_algorithm, S("rsa")))
		return SSHKEY_RSA;
	if (str_eq(w->key_algorithm, S("ed25519")))
		return SSHKEY_ED25519;
	return str_eq(w->curve, S("p256"))   ? SSHKEY_P256
	       : str_eq(w->curve, S("p521")) ? SSHKEY_P521
					     : SSHKEY_P384;
}

static err *make_ssh(struct cli *c, const struct secret_git *w, const struct gourl *url, str name,
		     node *out, struct secret_note *note)
{
	str private;

	if (w->private_key.n) {
		TRY(secret_read(c, "failed to open private key file", w->private_key, &private));
		err *e = sshkey_public(c->arena, private, w->password, &note->public_key);

		if (e)
			return err_wrap(e, "failed to load private key");
	} else {
		TRY(sshkey_new(c->arena, kind_of(w), (unsigned)w->rsa_bits, &private,
			       &note->public_key));
	}
	TRY(scan_host(c, url, &note->known_hosts));
	*out = secret_new(c, name, NULL);
	secret_put(c, *out, "identity", private);
	secret_put(c, *out, "identity.pub", note->public_key);
	secret_put(c, *out, "known_hosts", note->known_hosts);
	secret_put(c, *out, "password", w->password);
	return NULL;
}

/* ---- Git over HTTP ----------------------------------------------------- */

static err *make_http(struct cli *c, const struct secret_git *w, str name, node *out)
{
	bool login = w->username.n && w->password.n;
	str ca = STR_NONE;

	if (w->needed && !login && !w->bearer_token.n)
		return err_new(ERR_INVALID, "for Git over HTTP/S the username and password, or a "
					    "bearer token is required");
	if (login && w->bearer_token.n)
		return err_new(ERR_INVALID,
			       "user credentials and bearer token cannot be used together");
	if (w->ca_file.n)
		TRY(secret_read(c, "unable to read TLS CA file", w->ca_file, &ca));
	if (!login && !w->bearer_token.n && !ca.n)
		return NULL;
	*out = secret_new(c, name, NULL);
	if (login) {
		secret_put(c, *out, "username", w->username);
		secret_put(c, *out, "password", w->password);
	}
	secret_put(c, *out, "bearerToken", w->bearer_token);
	secret_put(c, *out, "ca.crt", ca);
	return NULL;
}

err *secret_make_git(struct cli *c, const struct secret_git *w, str name, node *out,
		     struct secret_note *note)
{
	struct gourl url;

	*out = NODE_NOTHING;
	*note = (struct secret_note){ 0 };
	err *e = gourl_parse(c->arena, w->url, &url);

	if (e)
		return err_wrap(e, "git URL parse failed");
	if (str_eq(url.scheme, S("ssh")))
		return make_ssh(c, w, &url, name, out, note);
	if (str_eq(url.scheme, S("http")) || str_eq(url.scheme, S("https")))
		return make_http(c, w, name, out);
	return err_new(ERR_INVALID, "git URL scheme '%.*s' not supported, can be: ssh, http and https",
		       STR_ARG(url.scheme));
}

err *secret_login(struct arena *a, str host, str username, str password, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node root = node_map(a, 1), auths = node_map(a, 1), login = node_map(a, 3);

	base64_write(&b, arena_cat(a, username, S(":"), password), BASE64_STD);
	node_set(a, login, S("username"), node_from_str(a, username));
	node_set(a, login, S("password"), node_from_str(a, password));
	node_set(a, login, S("auth"), node_copy_str(a, buf_str(&b)));
	node_set(a, auths, host, login);
	node_set(a, root, S("auths"), auths);
	buf_clear(&b);
	TRY(json_write(&b, root, &(struct json_style){ .indent = 2, .source_order = true }));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}
