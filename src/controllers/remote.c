#include "controllers/remote.h"

#include <stdlib.h>

#include "base/die.h"
#include "controllers/remote_impl.h"
#include "crypto/sha256.h"
#include "text/gourl.h"

static void digest(struct pass *p, const char *form, str text, str *out)
{
	char hex[SHA256_HEX + 1];

	sha256_hex(text, hex);
	*out = arena_cat(p->arena, str_c(form), str_c(hex));
}

/* ---- a Secret ------------------------------------------------------------------ */

static err *read_secret(struct pass *p, node ref, struct remote *out)
{
	str name = node_str(node_get(ref, S("name"))), wanted = node_str(node_get(ref, S("key")));
	struct credentials c;
	str key = wanted;
	err *e = pass_secret(p, name, &c);

	if (e)
		return err_wrap(e, "unable to read KubeConfig secret '%.*s/%.*s' error",
				STR_ARG(p->key.namespace), STR_ARG(name));
	if (!wanted.n)
		key = credentials_has(&c, S("value")) ? S("value") : S("value.yaml");
	out->text = credentials_get(&c, key);
	if (!credentials_has(&c, key))
		return err_new(ERR_INVALID,
			       "KubeConfig secret '%.*s/%.*s' does not contain a '%.*s' key with a "
			       "kubeconfig",
			       STR_ARG(p->key.namespace), STR_ARG(name),
			       STR_ARG(wanted.n ? wanted : S("value")));
	out->of_secret = true;
	digest(p, "", out->text, &out->key);
	return NULL;
}

static err *secret_client(struct pass *p, const struct remote *r, struct client **out)
{
	const struct settings *s = runtime_settings(p->rt);
	str name = node_str(node_dig(p->spec, "kubeConfig", "secretRef", "name"));
	struct kubeconfig config;
	err *e = kubeconfig_read(p->arena, r->text, s->insecure_kubeconfig_exec,
				 s->insecure_kubeconfig_tls, &config);

	if (e)
		return err_wrap(e, "invalid KubeConfig in secret '%.*s/%.*s'",
				STR_ARG(p->key.namespace), STR_ARG(name));
	return client_new(out, runtime_net(p->rt), &config, NULL);
}

/* ---- generic: the other cluster trusts ours ---------------------------------------- */

static err *generic_connect(struct remote_login *l, struct arena *a, struct kubeconfig *out)
{
	if (!l->address.n)
		return err_new(ERR_INVALID, "cluster address is required to create a REST config");
	err *e = remote_address(a, l->address, &out->server);

	out->ca = l->ca;
	return e ? err_wrap(e, "failed to parse cluster address %.*s", STR_ARG(l->address)) : NULL;
}

/* For its address, when it does not say for whom. */
static err *generic_token(struct remote_login *l, struct arena *a, str *token, int64_t *ends)
{
	struct identity_token got;

	if (!l->who.audiences_n) {
		l->who.audiences = &l->address;
		l->who.audiences_n = 1;
	}
	TRY(remote_identity(l, a, &(struct identity_need){ 0 }, &got));
	*token = got.bearer;
	*ends = got.ends;
	return NULL;
}

static const struct remote_provider remote_generic = { "generic", generic_connect, generic_token };

static const struct remote_provider *const providers[] = {
	&remote_generic,
	&remote_aws,
	&remote_azure,
	&remote_gcp,
};

static err *find_provider(str name, const struct remote_provider **out)
{
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
		if (str_eq(str_c(providers[i]->name), name)) {
			*out = providers[i];
			return NULL;
		}
	return err_new(ERR_INVALID, "provider '%.*s' not implemented", STR_ARG(name));
}

/* ---- a ConfigMap ----------------------------------------------------------------- */

static err *read_configmap(struct pass *p, node ref, struct remote *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	str name = node_str(node_get(ref, S("name")));
	err *e = pass_configmap(p, name, &out->data);

	if (e)
		return err_wrap(e, "failed to get configmap %.*s/%.*s", STR_ARG(p->key.namespace),
				STR_ARG(name));
	buf_addf(&b, "%.*s\n", STR_ARG(p->key.namespace));
	for (size_t i = 0; i < out->data.n; i++) {
		const struct credentials_item *d = &out->data.items[i];

		buf_addf(&b, "%.*s %zu %.*s\n", STR_ARG(d->key), d->value.n, STR_ARG(d->value));
	}
	digest(p, "configmap ", buf_str(&b), &out->key);
	return NULL;
}

static str *split_lines(struct arena *a, str text, size_t *n)
{
	VEC(str) lines = { 0 };
	str line;

	while (str_cut(&text, &line, '\n'))
		if (str_trim(line).n)
			avec_push(a, &lines, arena_str(a, str_trim(line)));
	*n = lines.n;
	return lines.p;
}

err *remote_identity(struct remote_login *l, struct arena *a, const struct identity_need *need,
		     struct identity_token *out)
{
	err *e = identity_token(&l->who, a, identity_provider(str_c(l->provider->name)), need, out);

	return e ? err_wrap(e, "failed to get access token for cluster") : NULL;
}

/* A token is used for four fifths of its life, and for an hour at most. */
static int64_t until_of(int64_t ends)
{
	int64_t now = clock_wall(), left = ends - now;

	if (left <= 0)
		return now;
	left = left / 5 * 4;
	return now + (left < CLOCK_HOUR ? left : CLOCK_HOUR);
}

static err *token(void *ctx, struct arena *a, str *out, int64_t *until)
{
	struct remote_login *l = ctx;
	int64_t ends = 0;

	TRY(l->provider->token(l, a, out, &ends));
	*until = until_of(ends);
	return NULL;
}

static void login_free(void *ctx)
{
	struct remote_login *l = ctx;

	client_unref(l->who.client);
	arena_release(&l->mem);
	free(l);
}

static struct remote_login *login_new(struct pass *p, const struct remote *r)
{
	const struct settings *s = runtime_settings(p->rt);
	struct remote_login *l = mem_calloc(1, sizeof *l);
	struct arena *a = &l->mem;

	str account = credentials_get(&r->data, S("serviceAccountName"));

	l->cluster = arena_str(a, credentials_get(&r->data, S("cluster")));
	l->address = arena_str(a, credentials_get(&r->data, S("address")));
	l->ca = arena_str(a, credentials_get(&r->data, S("ca.crt")));
	identity_of_pass(&l->who, p, account);
	if (!account.n)
		account = s->default_kubeconfig_service_account;
	l->who.account = arena_str(a, account);
	l->who.namespace = arena_str(a, p->key.namespace);
	l->who.name = arena_str(a, p->key.name);
	l->who.operation = S("fetch_kubeconfig");
	l->who.cloud.cancel = NULL;
	l->who.client = client_ref(l->who.client);
	l->who.audiences = split_lines(a, credentials_get(&r->data, S("audiences")),
				       &l->who.audiences_n);
	return l;
}

err *remote_address(struct arena *a, str address, str *out)
{
	struct gourl u;

	if (!str_starts(address, S("http")))
		address = arena_cat(a, S("https://"), address);
	err *e = gourl_parse(a, address, &u);

	if (e)
		return err_wrap(e, "failed to parse Kubernetes API server address '%.*s'",
				STR_ARG(address));
	if (!str_eq(u.scheme, S("https")))
		return err_new(ERR_INVALID,
			       "the Kubernetes API server address '%.*s' must use https scheme",
			       STR_ARG(address));
	str after = str_ends(u.host, S("]")) ? STR_NONE : u.host;
	bool port = str_rfind_char(after, ':') != STR_NPOS;

	*out = arena_cat(a, S("https://"), arena_lower(a, u.host), port ? STR_NONE : S(":443"));
	return NULL;
}

static err *log_in(struct pass *p, struct remote_login *l, str name, struct client **out)
{
	struct kubeconfig config = { 0 };
	str first;
	int64_t until;
	const struct client_login login = { token, login_free, l };
	err *e = find_provider(name, &l->provider);

	if (!e)
		e = l->provider->connect(l, p->arena, &config);
	/* That nothing comes of it is to be known now. */
	if (!e)
		e = token(l, p->arena, &first, &until);
	if (e) {
		login_free(l);
		return e;
	}
	return client_new(out, runtime_net(p->rt), &config, &(struct client_options){ .login = &login });
}

/* ---- both -------------------------------------------------------------------------- */

err *remote_read(struct pass *p, struct remote *out)
{
	node config = node_get(p->spec, S("kubeConfig"));
	node secret = node_get(config, S("secretRef")), map = node_get(config, S("configMapRef"));

	*out = (struct remote){ 0 };
	if (secret.kind == NODE_MAP)
		return read_secret(p, secret, out);
	if (map.kind == NODE_MAP)
		return read_configmap(p, map, out);
	return err_new(ERR_INVALID, "invalid .spec.kubeConfig, neither .spec.kubeConfig.provider nor "
				    ".spec.kubeConfig.secretRef is set");
}

err *remote_client(struct pass *p, const struct remote *r, struct client **out)
{
	const struct settings *s = runtime_settings(p->rt);

	if (r->of_secret)
		TRY(secret_client(p, r, out));
	else
		TRY(log_in(p, login_new(p, r), credentials_get(&r->data, S("provider")), out));
	client_limit(*out, s->kube_api_qps, s->kube_api_burst);
	client_count_with(*out, runtime_client(p->rt));
	return NULL;
}
