/* Azure Key Vault, with the secret or the certificate of an application, or as a managed
 * identity of the machine. */
#include "base/clock.h"
#include "crypto/certassert.h"
#include "sops/impl.h"
#include "text/base64.h"
#include "text/gourl.h"
#include "value/json.h"
#include "value/yaml.h"

static const char login[] = "https://login.microsoftonline.com";

/* A file that Windows wrote, as UTF-8. */
static str from_utf16(struct arena *a, str s)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	bool big = str_starts(s, S("\xfe\xff"));

	if (!big && !str_starts(s, S("\xff\xfe"))) {
		str_take_str(&s, S("\xef\xbb\xbf"));
		return s;
	}
	for (size_t i = 2; i + 1 < s.n; i += 2) {
		unsigned high = (unsigned char)s.p[big ? i : i + 1];
		unsigned low = (unsigned char)s.p[big ? i + 1 : i];
		unsigned rune = high << 8 | low;

		if (rune < 0x80)
			buf_addc(&b, (char)rune);
		else
			buf_addf(&b, "%c%c%c", (int)(0xe0 | rune >> 12),
				 (int)(0x80 | (rune >> 6 & 0x3f)), (int)(0x80 | (rune & 0x3f)));
	}
	return arena_str(a, buf_str(&b));
}

/* `password` and `chain` are of the certificate. */
static err *keep_certificate(struct sops_keys *k, str data, str password, bool chain)
{
	TRY(certassert_check(data, password));
	k->azure.certificate = sops_keys_keep(k, data);
	k->azure.password = sops_keys_keep(k, password);
	k->azure.chain = chain;
	return NULL;
}

static str field(node n, const char *name)
{
	return node_str(node_get(n, str_c(name)));
}

static err *no_credential(node n)
{
	if (field(n, "tenantId").n && field(n, "clientId").n)
		return err_new(ERR_INVALID, "invalid data: requires 'clientSecret' or "
					    "'clientCertificate' when both 'tenantId' and 'clientId' "
					    "are set");
	return err_new(ERR_INVALID,
		       "invalid data: requires a 'clientId' field, a combination of 'tenantId', "
		       "'clientId' and 'clientSecret', or 'tenantId', 'clientId' and "
		       "'clientCertificate'");
}

/* Of Flux's field names, then of those that Azure's tools give; a client alone is a managed
 * identity. */
static err *take_credential(struct sops_keys *k, node n)
{
	str tenant = field(n, "tenantId"), client = field(n, "clientId");
	str secret = field(n, "clientSecret"), cert = field(n, "clientCertificate");
	bool whole = tenant.n && client.n;

	if (!whole) {
		str app = field(n, "appId"), password = field(n, "password");

		tenant = field(n, "tenant");
		whole = tenant.n && app.n && password.n;
		client = whole ? app : client;
		secret = whole ? password : STR_NONE;
		cert = STR_NONE;
	}
	if (!client.n || (whole && !secret.n && !cert.n))
		return no_credential(n);
	k->azure = (struct sops_azure){
		.tenant = whole ? arena_str(&k->mem, tenant) : STR_NONE,
		.client = arena_str(&k->mem, client),
		.secret = sops_keys_keep(k, secret),
		.authority = arena_str(&k->mem, field(n, "authorityHost")),
	};
	if (!whole || secret.n)
		return NULL;
	return keep_certificate(k, cert, field(n, "clientCertificatePassword"),
				node_bool(node_get(n, S("clientCertificateSendChain"))));
}

err *sops_azure_import(struct sops_keys *k, str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET(16 << 20);
	node n;
	err *e = yaml_read(&a, from_utf16(&a, text), YAML_SIGS, &n);

	if (e)
		return err_wrap(e, "failed to unmarshal Azure authentication file");
	return take_credential(k, n);
}

static err *fetch_token(struct sops_keys *k, struct arena *a, str scope)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT, url = BUF_INIT;
	struct sops_answer got;
	str host = k->azure.authority.n	       ? k->azure.authority
		   : k->o.endpoints.azure_login.n ? k->o.endpoints.azure_login
						  : str_c(login);

	buf_add(&url, str_trim_right_set(host, S("/")));
	buf_addc(&url, '/');
	gourl_escape_segment(&url, k->azure.tenant);
	buf_add(&url, S("/oauth2/v2.0/token"));
	const struct certassert c = { .data = k->azure.certificate,
				      .password = k->azure.password,
				      .chain = k->azure.chain,
				      .client = k->azure.client,
				      .audience = buf_str(&url),
				      .now = clock_wall() / CLOCK_SECOND };

	TRY(certassert_form(a, &c, k->azure.secret, scope, &body));
	TRY(sops_http_post(k, a,
			   &(struct sops_http){ .url = buf_str(&url), .body = buf_str(&body),
						.type = S("application/x-www-form-urlencoded"),
						.named = k->azure.authority.n > 0 },
			   &got));
	str token = node_str(node_get(got.json, S("access_token")));

	if (got.status != 200 || !token.n)
		return err_new(ERR_FORBIDDEN,
			       "%s authentication failed.\nPOST %.*s\nRESPONSE "
			       "%d: %.*s: %.*s",
			       k->azure.secret.n ? "ClientSecretCredential"
						 : "ClientCertificateCredential",
			       STR_ARG(buf_str(&url)), got.status,
			       STR_ARG(sops_http_text(got.json, "error")),
			       STR_ARG(sops_http_text(got.json, "error_description")));
	k->azure_token = sops_keys_keep(k, token);
	k->azure_scope = arena_str(&k->mem, scope);
	return NULL;
}

/* A token for the domain of the vault, and no other: it is worth nothing where a
 * file could send it to. */
static err *find_token(struct sops_keys *k, struct arena *a, str vault, str *token)
{
	struct gourl url;
	str name, domain;

	TRY(gourl_parse(a, vault, &url));
	if (!url.host.n || !(str_eq(url.scheme, S("https")) || k->o.endpoints.azure_login.n))
		return err_new(ERR_INVALID, "invalid vault URL \"%.*s\"",
			       STR_ARG(str_sub(vault, 0, 300)));
	if (!str_split(url.host, '.', &name, &domain))
		domain = url.host;
	str scope = arena_cat(a, S("https://"), domain, S("/.default"));

	const struct sops_cloud ask = { .kind = "azure", .scope = scope, .client = k->azure.client };

	if (!k->azure.tenant.n && k->o.cloud_token)
		return k->o.cloud_token(k->o.ctx, a, &ask, token);
	if (!k->azure.tenant.n)
		return err_new(ERR_NOT_FOUND,
			       "no Azure credentials: the Secret of spec.decryption.secretRef has no "
			       "'sops.azure-kv'");
	if (!k->azure_token.n || !str_eq(k->azure_scope, scope))
		TRY(fetch_token(k, a, scope));
	*token = k->azure_token;
	return NULL;
}

static err *decrypt(struct sops_keys *k, struct arena *a, const struct sops_master *m,
		    struct buf *out)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT, url = BUF_INIT;
	struct sops_answer got;
	node o = node_map(a, 2);
	str token;

	TRY(find_token(k, a, m->address, &token));
	node_set(a, o, S("alg"), node_lit("RSA-OAEP-256"));
	node_set(a, o, S("value"), node_from_str(a, m->enc));
	TRY(json_write(&body, o, NULL));
	buf_add(&url, str_trim_right_set(m->address, S("/")));
	buf_add(&url, S("/keys/"));
	gourl_escape_segment(&url, m->name);
	buf_addc(&url, '/');
	gourl_escape_segment(&url, m->path);
	buf_add(&url, S("/decrypt?api-version=7.4"));
	TRY(sops_http_post(k, a,
			   &(struct sops_http){ .url = buf_str(&url), .body = buf_str(&body),
						.token = token, .named = true },
			   &got));
	if (got.status == 200)
		return base64_read(out, node_str(node_get(got.json, S("value"))), BASE64_RAW_URL);
	node error = node_get(got.json, S("error"));

	return err_new(got.status < 500 ? ERR_FORBIDDEN : ERR_UNAVAILABLE,
		       "POST %.*s\nRESPONSE %d\nERROR CODE: %.*s\n%.*s", STR_ARG(buf_str(&url)),
		       got.status, STR_ARG(sops_http_text(error, "code")),
		       STR_ARG(sops_http_text(error, "message")));
}

err *sops_azure_open(struct sops_keys *k, struct arena *a, const struct sops_master *m,
		     struct buf *out)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT;
	err *e = base64_read(&sealed, m->enc, BASE64_RAW_URL);

	if (e)
		return err_wrap(e, "failed to base64 decode Azure Key Vault encrypted key");
	e = decrypt(k, a, m, out);
	return e ? err_wrap(e, "failed to decrypt sops data key with Azure Key Vault key '%.*s'",
			    STR_ARG(sops_master_name(a, m)))
		 : NULL;
}
