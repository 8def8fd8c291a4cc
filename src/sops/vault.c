/* HashiCorp Vault's and OpenBao's transit engine. */
#include "sops/impl.h"
#include "text/base64.h"
#include "text/path.h"
#include "value/json.h"

static err *find_token(struct sops_keys *k, struct arena *a, str address, str *token)
{
	if (k->vault_token.n) {
		*token = k->vault_token;
		return NULL;
	}
	if (k->o.vault_token)
		return k->o.vault_token(k->o.ctx, a, address, token);
	return err_new(ERR_NOT_FOUND, "no Vault token: the Secret of spec.decryption.secretRef has no "
				      "'sops.vault-token'");
}

/* As the Go client words it. */
static err *refused(struct arena *a, const struct sops_http *h, const struct sops_answer *answer)
{
	int status = answer->status;
	CLEANUP(buf_release) struct buf list = BUF_INIT;

	node_each_item(i, node_get(answer->json, S("errors")))
		buf_addf(&list, "\n\n* %.*s", STR_ARG(str_sub(node_text(a, *i), 0, 500)));
	return err_new(status == 403 || status == 401 ? ERR_FORBIDDEN : ERR_UNAVAILABLE,
		       "Error making API request.\n\nURL: PUT %.*s\nCode: %d. Errors:%.*s",
		       STR_ARG(h->url), status, STR_ARG(buf_str(&list)));
}

err *sops_vault_login(struct sops_keys *k, struct arena *a, const struct sops_vault_login *l,
		      str *token)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	struct sops_answer got;
	node o = node_map(a, 2);

	node_set(a, o, S("role"), node_from_str(a, l->role));
	node_set(a, o, S("jwt"), node_from_str(a, l->jwt));
	TRY(json_write(&body, o, NULL));
	const struct net_header header = { S("X-Vault-Request"), S("true") };
	const struct sops_http h = {
		.url = arena_cat(a, str_trim_right_set(l->address, S("/")), S("/v1/"), l->path),
		.body = buf_str(&body), .headers = &header, .headers_n = 1,
	};
	err *e = sops_http_post(k, a, &h, &got);

	if (!e && got.status / 100 != 2)
		e = refused(a, &h, &got);
	if (e)
		return err_wrap(e, "failed to authenticate with Vault '%.*s' at login path '%.*s' as role "
				   "'%.*s'",
				STR_ARG(l->address), STR_ARG(l->path), STR_ARG(l->role));
	*token = node_str(node_dig(got.json, "auth", "client_token"));
	if (!token->n)
		return err_new(ERR_FORBIDDEN,
			       "Vault '%.*s' returned no token for login at '%.*s' as role '%.*s'",
			       STR_ARG(l->address), STR_ARG(l->path), STR_ARG(l->role));
	sops_keys_keep(k, *token);
	return NULL;
}

static err *request(struct sops_keys *k, struct arena *a, const struct sops_master *m, str path,
		    node *answer)
{
	CLEANUP(buf_release) struct buf body = BUF_INIT;
	struct sops_answer got;
	str token;

	TRY(find_token(k, a, m->address, &token));
	node o = node_map(a, 1);

	node_set(a, o, S("ciphertext"), node_from_str(a, m->enc));
	TRY(json_write(&body, o, NULL));
	const struct net_header headers[] = { { S("X-Vault-Token"), token },
					      { S("X-Vault-Request"), S("true") } };
	const struct sops_http h = {
		.url = arena_cat(a, str_trim_right_set(m->address, S("/")), S("/v1/"), path),
		.body = buf_str(&body), .headers = headers, .headers_n = 2,
		.named = k->vault_token.n > 0,
	};

	TRY(sops_http_post(k, a, &h, &got));
	*answer = got.json;
	return got.status == 200 ? NULL : refused(a, &h, &got);
}

static err *read_answer(node answer, struct buf *out)
{
	node data = node_get(answer, S("data")), plain = node_get(data, S("plaintext"));

	if (data.kind != NODE_MAP)
		return err_new(ERR_INVALID, "transit backend is empty");
	if (plain.kind == NODE_NONE)
		return err_new(ERR_INVALID, "no decrypted data");
	if (plain.kind != NODE_STR)
		return err_new(ERR_INVALID, "decrypted plaintext data cannot be cast to string");
	err *e = base64_read(out, node_str(plain), BASE64_STD);

	return e ? err_replace(e, "cannot decode base64 plaintext into data key bytes") : NULL;
}

err *sops_vault_open(struct sops_keys *k, struct arena *a, const struct sops_master *m,
		     struct buf *out)
{
	str path = path_join(a, path_join(a, m->path, S("decrypt")), m->name);
	node answer;
	err *e = request(k, a, m, path, &answer);

	if (!e)
		e = read_answer(answer, out);
	return e ? err_wrap(e, "failed to decrypt sops data key from Vault transit backend '%.*s'",
			    STR_ARG(path))
		 : NULL;
}
