/* GCP KMS, as a service account: a token for a signed claim, then one request. */
#include "base/clock.h"
#include "crypto/jwt.h"
#include "sops/impl.h"
#include "text/base64.h"
#include "value/json.h"

err *sops_gcp_import(struct sops_keys *k, str text)
{
	CLEANUP(arena_release) struct arena a = ARENA_BUDGET(16 << 20);
	node n;

	TRY(json_read(&a, str_trim_set(text, S("\n")), NULL, &n));
	str type = node_str(node_get(n, S("type")));

	if (!type.n)
		return err_new(ERR_INVALID, "missing 'type' field in credentials");
	if (!str_eq(type, S("service_account")))
		return err_new(ERR_INVALID, "credentials of type \"%.*s\" are not supported",
			       STR_ARG(type));
	k->gcp = (struct sops_gcp){
		.email = arena_str(&k->mem, node_str(node_get(n, S("client_email")))),
		.key = sops_keys_keep(k, node_str(node_get(n, S("private_key")))),
		.key_id = arena_str(&k->mem, node_str(node_get(n, S("private_key_id")))),
		.token_uri = arena_str(&k->mem, node_str_or(node_get(n, S("token_uri")),
							    S("https://oauth2.googleapis.com/token"))),
	};
	k->has_gcp = true;
	return NULL;
}

/* A claim that the account signs itself (RFC 7523). */
static err *sign_claim(struct arena *a, const struct sops_gcp *g, str *out)
{
	node account = node_map(a, 3);

	node_set(a, account, S("client_email"), node_from_str(a, g->email));
	node_set(a, account, S("private_key"), node_from_str(a, g->key));
	node_set(a, account, S("private_key_id"), node_from_str(a, g->key_id));
	return jwt_google(a, account,
			  S("https://www.googleapis.com/auth/cloud-platform "
			    "https://www.googleapis.com/auth/cloudkms"),
			  g->token_uri, clock_wall() / CLOCK_SECOND, out);
}

static err *fetch_token(struct sops_keys *k, struct arena *a)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	str claim;
	struct sops_answer got;
	err *e = sign_claim(a, &k->gcp, &claim);

	if (e)
		return err_wrap(e, "auth: cannot sign the token request");
	buf_add(&body, S("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="));
	buf_add(&body, claim);
	TRY(sops_http_post(k, a,
			   &(struct sops_http){ .url = k->gcp.token_uri, .body = buf_str(&body),
						.type = S("application/x-www-form-urlencoded"),
						.named = true },
			   &got));
	str token = node_str(node_get(got.json, S("access_token")));

	if (got.status != 200 || !token.n)
		return err_new(ERR_FORBIDDEN, "auth: cannot fetch token: %d\nResponse: %.*s: %.*s",
			       got.status, STR_ARG(sops_http_text(got.json, "error")),
			       STR_ARG(sops_http_text(got.json, "error_description")));
	k->gcp_token = sops_keys_keep(k, token);
	return NULL;
}

static err *find_token(struct sops_keys *k, struct arena *a, str *out)
{
	if (!k->has_gcp && k->o.cloud_token)
		return k->o.cloud_token(k->o.ctx, a, &(struct sops_cloud){ .kind = "gcp" }, out);
	if (!k->has_gcp)
		return err_new(ERR_NOT_FOUND,
			       "no GCP credentials: the Secret of spec.decryption.secretRef has no "
			       "'sops.gcp-kms'");
	if (!k->gcp.token.n && !k->gcp_token.n)
		TRY(fetch_token(k, a));
	*out = k->gcp.token.n ? k->gcp.token : k->gcp_token;
	return NULL;
}

/* projects/P/locations/L/keyRings/R/cryptoKeys/K */
static bool is_resource(str name)
{
	static const str words[] = { S("projects"), S("locations"), S("keyRings"), S("cryptoKeys") };
	str piece;

	for (size_t i = 0; i < 4; i++) {
		if (!str_cut(&name, &piece, '/') || !str_eq(piece, words[i]) ||
		    !str_cut(&name, &piece, '/') || !piece.n)
			return false;
		for (size_t j = 0; j < piece.n; j++)
			if (piece.p[j] <= ' ' || strchr("?#%\\", piece.p[j]) || piece.p[j] == 0x7f)
				return false;
	}
	return !name.n;
}

/* PERMISSION_DENIED as gRPC's PermissionDenied. */
static err *refused(const struct sops_answer *got)
{
	CLEANUP(buf_release) struct buf code = BUF_INIT;
	node error = node_get(got->json, S("error"));
	str status = sops_http_text(error, "status");
	bool small = false;

	for (size_t i = 0; i < status.n; i++) {
		char c = status.p[i];

		if (c != '_')
			buf_addc(&code, small && c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
		small = c != '_';
	}
	return err_new(got->status < 500 ? ERR_FORBIDDEN : ERR_UNAVAILABLE,
		       "rpc error: code = %.*s desc = %.*s", STR_ARG(buf_str(&code)),
		       STR_ARG(sops_http_text(error, "message")));
}

static err *decrypt(struct sops_keys *k, struct arena *a, const struct sops_master *m, str token,
		    struct buf *out)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	str host = k->o.endpoints.gcp.n ? k->o.endpoints.gcp : S("https://cloudkms.googleapis.com");
	struct sops_answer got;
	node o = node_map(a, 1);

	node_set(a, o, S("ciphertext"), node_from_str(a, m->enc));
	TRY(json_write(&body, o, NULL));
	TRY(sops_http_post(k, a,
			   &(struct sops_http){ .url = arena_cat(a, host, S("/v1/"), m->name,
								 S(":decrypt")),
						.body = buf_str(&body), .token = token },
			   &got));
	if (got.status != 200)
		return refused(&got);
	return base64_read(out, node_str(node_get(got.json, S("plaintext"))), BASE64_STD);
}

err *sops_gcp_open(struct sops_keys *k, struct arena *a, const struct sops_master *m,
		   struct buf *out)
{
	CLEANUP(buf_release) struct buf sealed = BUF_INIT;
	str token;

	if (!is_resource(m->name))
		return err_new(ERR_INVALID,
			       "cannot create GCP KMS service: no valid resource ID found in \"%.*s\"",
			       STR_ARG(str_sub(m->name, 0, 300)));
	TRY(base64_read(&sealed, m->enc, BASE64_STD));
	err *e = find_token(k, a, &token);

	if (!e)
		e = decrypt(k, a, m, token, out);
	return e ? err_wrap(e, "failed to decrypt sops data key with GCP KMS key") : NULL;
}
