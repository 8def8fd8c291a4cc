#include "controllers/decryption.h"

_Static_assert((int)FLUX_BINARY == (int)SOPS_BINARY && (int)FLUX_DOTENV == (int)SOPS_DOTENV &&
		       (int)FLUX_INI == (int)SOPS_INI && (int)FLUX_JSON == (int)SOPS_JSON &&
		       (int)FLUX_YAML == (int)SOPS_YAML,
	       "the formats of a build are those of SOPS");

static err *decrypt(struct flux_decryptor *f, struct arena *a, str bytes, enum flux_format in,
		    enum flux_format out, str *plain)
{
	struct decryption *d = (struct decryption *)f;

	return sops_decrypt(d->keys, a, bytes, (enum sops_format)in, (enum sops_format)out, plain);
}

static err *check(struct flux_decryptor *f, str bytes, enum flux_format in)
{
	struct decryption *d = (struct decryption *)f;

	return sops_check(d->keys, bytes, (enum sops_format)in);
}

static err *new_keys(struct decryption *d, const struct sops_options *o)
{
	d->flux.decrypt = decrypt;
	return sops_keys_new(&d->keys, o);
}

static const struct sops_item *items_of(struct arena *a, const struct credentials *c)
{
	struct sops_item *items = arena_array(a, struct sops_item, c->n);

	for (size_t i = 0; i < c->n; i++)
		items[i] = (struct sops_item){ c->items[i].key, c->items[i].value };
	return items;
}

/* What the API says of an absent Secret stays as it is; so does Flux. */
static err *unreadable(err *e, const char *what, str secret)
{
	return err_kind(e) == ERR_NOT_FOUND
		       ? e
		       : err_wrap(e, "cannot get %s Secret '%.*s'", what, STR_ARG(secret));
}

static err *import_secret(struct decryption *d, struct pass *p, str name)
{
	str secret = arena_cat(p->arena, p->key.namespace, S("/"), name);
	struct credentials c;
	err *e = pass_secret(p, name, &c);

	if (e)
		return unreadable(e, "sops decryption", secret);
	return sops_keys_import(d->keys, secret, items_of(p->arena, &c), c.n);
}

/* --sops-age-secret, of the controller's own namespace. */
static err *import_shared(struct decryption *d, struct pass *p, str name)
{
	const struct settings *s = runtime_settings(p->rt);
	struct pass own = *p;
	struct credentials c;
	str secret = arena_cat(p->arena, s->runtime_namespace, S("/"), name);

	own.key.namespace = s->runtime_namespace;
	err *e = pass_secret(&own, name, &c);

	if (e)
		return unreadable(e, "sops SOPS age decryption", secret);
	return sops_keys_import_age(d->keys, secret, items_of(p->arena, &c), c.n);
}

err *decryption_open(struct decryption *d, struct pass *p)
{
	node spec = node_get(p->spec, S("decryption"));
	str name = node_str(node_dig(spec, "secretRef", "name"));
	str shared = runtime_settings(p->rt)->sops_age_secret;

	if (!str_eq(node_str(node_get(spec, S("provider"))), S("sops")))
		return NULL;
	decryption_identity_of_pass(&d->identity, p);
	TRY(new_keys(d, &(struct sops_options){
				.net = runtime_net(p->rt),
				.outer = runtime_outer_net(p->rt),
				.cancel = p->cancel,
				.cloud_token = decryption_cloud_token,
				.vault_token = d->identity.vault_name.n ? decryption_vault_token : NULL,
				.ctx = &d->identity }));
	d->identity.keys = d->keys;
	if (!node_is_nil(node_get(spec, S("secretRef"))))
		return import_secret(d, p, name);
	return shared.n ? import_shared(d, p, shared) : NULL;
}

err *decryption_offline(struct decryption *d, struct net_client *net, char *const *env,
			bool *found)
{
	decryption_identity_of_machine(&d->identity, net, env);
	TRY(new_keys(d, &(struct sops_options){ .net = net,
						.cloud_token = net ? decryption_cloud_token : NULL,
						.ctx = &d->identity }));
	d->identity.keys = d->keys;
	d->flux.check = check;
	return sops_keys_from_env(d->keys, NULL, found);
}

void decryption_close(struct decryption *d)
{
	sops_keys_free(d->keys);
	d->keys = NULL;
	decryption_identity_release(&d->identity);
}

struct flux_decryptor *decryption_of(struct decryption *d)
{
	return d->keys ? &d->flux : NULL;
}
