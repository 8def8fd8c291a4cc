#include "controllers/decryption_identity.h"

#include "value/json.h"
#include "value/yaml.h"

void decryption_identity_of_pass(struct decryption_identity *d, struct pass *p)
{
	const struct settings *s = runtime_settings(p->rt);
	str account = node_str(node_dig(p->spec, "decryption", "serviceAccountName"));

	*d = (struct decryption_identity){ .vault_namespace = s->runtime_namespace,
					   .vault_name = s->sops_vault_configmap };
	identity_of_pass(&d->who, p, account);
	d->who.account = account.n ? account : s->default_decryption_service_account;
}

void decryption_identity_of_machine(struct decryption_identity *d, struct net_client *net,
				    char *const *env)
{
	*d = (struct decryption_identity){ .who.cloud = { .net = net, .env = env } };
}

void decryption_identity_release(struct decryption_identity *d)
{
	for (size_t i = 0; i < d->vaults.n; i++)
		explicit_bzero((char *)d->vaults.p[i].token.p, d->vaults.p[i].token.n);
	arena_release(&d->mem);
}

/* ---- clouds --------------------------------------------------------------------------- */

/* As sops.h wants it. */
static err *write_keys(struct arena *a, const struct cloud_aws_keys *keys, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	node n = node_map(a, 3);

	node_set(a, n, S("AccessKeyId"), node_from_str(a, keys->id));
	node_set(a, n, S("SecretAccessKey"), node_from_str(a, keys->secret));
	node_set(a, n, S("SessionToken"), node_from_str(a, keys->session));
	TRY(json_write(&b, n, NULL));
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

err *decryption_cloud_token(void *ctx, struct arena *a, const struct sops_cloud *ask, str *token)
{
	struct decryption_identity *d = ctx;
	const struct identity_need need = { .region = ask->region, .scope = ask->scope,
					    .client = ask->client };
	str kind = str_c(ask->kind);
	struct identity who = d->who;
	struct identity_token got;

	who.operation = arena_cat(a, S("decrypt_with_"), kind);
	TRY(identity_token(&who, a, identity_provider(kind), &need, &got));
	if (str_eq(kind, S("aws")))
		return write_keys(a, &got.aws, token);
	*token = got.bearer;
	return NULL;
}

/* ---- Vault ---------------------------------------------------------------------------- */

/* Of {instances: [{address, loginPath}]} below the key config.yaml. */
static err *login_path(struct decryption_identity *d, struct arena *a, str address, str *path)
{
	str where = arena_cat(a, d->vault_namespace, S("/"), d->vault_name);
	node object, config;
	err *e = client_get(d->who.client, a, &client_configmaps, d->vault_namespace, d->vault_name, &object);

	if (e)
		return err_wrap(e, "failed to get Vault ConfigMap '%.*s'", STR_ARG(where));
	node text = node_get(node_get(object, S("data")), S("config.yaml"));

	if (text.kind != NODE_STR)
		return err_new(ERR_INVALID, "Vault ConfigMap '%.*s' is missing the 'config.yaml' key",
			       STR_ARG(where));
	e = yaml_read(a, node_str(text), YAML_SIGS, &config);
	if (e)
		return err_wrap(e, "failed to parse 'config.yaml' in Vault ConfigMap '%.*s'",
				STR_ARG(where));
	*path = STR_NONE;
	node_each_item(i, node_get(config, S("instances")))
		if (str_eq(node_str(node_get(*i, S("address"))), address))
			*path = node_str(node_get(*i, S("loginPath")));
	return path->n ? NULL
		       : err_new(ERR_FORBIDDEN,
				 "no Vault login path configured for address '%.*s' in ConfigMap '%.*s'",
				 STR_ARG(address), STR_ARG(where));
}

/* "NAMESPACE_NAME" of the account whose token it is. */
static err *role_of(struct arena *a, str token, str *role)
{
	str subject, ns, name;
	err *e = identity_subject(a, token, &subject, &ns, &name);

	if (!e && !ns.n)
		e = err_new(ERR_INVALID, "unexpected token subject '%.*s'", STR_ARG(subject));
	if (e)
		return err_wrap(e, "failed to derive Vault role for authentication");
	*role = arena_cat(a, ns, S("_"), name);
	return NULL;
}

static err *log_in(struct decryption_identity *d, struct arena *a, str address, str *token)
{
	struct identity who = d->who;
	struct identity_token own;
	str path, role;

	TRY(login_path(d, a, address, &path));
	who.audiences = &address;
	who.audiences_n = 1;
	err *e = identity_token(&who, a, identity_provider(S("generic")), &(struct identity_need){ 0 },
				&own);

	if (e)
		return err_wrap(e, "failed to issue Kubernetes token for Vault authentication");
	TRY(role_of(a, own.bearer, &role));
	return sops_vault_login(d->keys, a,
				&(struct sops_vault_login){ address, path, role, own.bearer }, token);
}

err *decryption_vault_token(void *ctx, struct arena *a, str address, str *token)
{
	struct decryption_identity *d = ctx;

	for (size_t i = 0; i < d->vaults.n; i++)
		if (str_eq(d->vaults.p[i].address, address)) {
			*token = d->vaults.p[i].token;
			return NULL;
		}
	TRY(log_in(d, a, address, token));
	*token = arena_str(&d->mem, *token);
	avec_push(&d->mem, &d->vaults,
		  ((struct decryption_vault){ arena_str(&d->mem, address), *token }));
	return NULL;
}
