#include "base/fmt.h"
#include "cli/commands.h"
#include "cli/helm.h"
#include "text/number.h"

struct variable {
	const char *name;
	str value;
};

static str or_env(struct cli *c, str flag, const char *name, str fallback)
{
	const char *env = cli_env(c, name);

	return flag.n ? flag : env ? str_c(env) : fallback;
}

static str truth(bool b)
{
	return b ? S("true") : S("false");
}

/* Plugins call us by it: "rill helm" cannot be called by one word. */
static str own_name(const struct cli *c)
{
	return c->program && !c->path.called ? str_c(c->program) : S("helm");
}

/* In the order of their names. */
static size_t collect(struct cli *c, struct variable *to)
{
	const struct helm_settings *s = helm_settings(c);
	str kubeconfig = s->kubeconfig;
	CLEANUP(buf_release) struct buf qps = BUF_INIT;
	str groups = arena_join(c->arena, s->as_groups.p, s->as_groups.n, S(","));

	number_add_format(&qps, s->qps, 'f', 2);
	const struct variable all[] = {
		{ "HELM_BIN", own_name(c) },
		{ "HELM_BURST_LIMIT", arena_printf(c->arena, "%lld", (long long)s->burst_limit) },
		{ "HELM_CACHE_HOME", helm_dir(c, "cache", STR_NONE) },
		{ "HELM_CONFIG_HOME", helm_dir(c, "config", STR_NONE) },
		{ "HELM_CONTENT_CACHE", or_env(c, s->content_cache, "HELM_CONTENT_CACHE",
					       helm_dir(c, "cache", S("content"))) },
		{ "HELM_DATA_HOME", helm_dir(c, "data", STR_NONE) },
		{ "HELM_DEBUG", truth(helm_debug(c)) },
		{ "HELM_KUBEAPISERVER", or_env(c, s->apiserver, "HELM_KUBEAPISERVER", STR_NONE) },
		{ "HELM_KUBEASGROUPS", or_env(c, groups, "HELM_KUBEASGROUPS", STR_NONE) },
		{ "HELM_KUBEASUSER", or_env(c, s->as_user, "HELM_KUBEASUSER", STR_NONE) },
		{ "HELM_KUBECAFILE", or_env(c, s->ca_file, "HELM_KUBECAFILE", STR_NONE) },
		{ "HELM_KUBECONTEXT", or_env(c, s->context, "HELM_KUBECONTEXT", STR_NONE) },
		{ "HELM_KUBEINSECURE_SKIP_TLS_VERIFY", truth(s->insecure) },
		{ "HELM_KUBETLS_SERVER_NAME",
		  or_env(c, s->tls_server_name, "HELM_KUBETLS_SERVER_NAME", STR_NONE) },
		{ "HELM_KUBETOKEN", or_env(c, s->token, "HELM_KUBETOKEN", STR_NONE) },
		{ "HELM_MAX_HISTORY", or_env(c, STR_NONE, "HELM_MAX_HISTORY", S("10")) },
		{ "HELM_NAMESPACE", helm_namespace(c) },
		{ "HELM_PLUGINS", or_env(c, STR_NONE, "HELM_PLUGINS",
					 helm_dir(c, "data", S("plugins"))) },
		{ "HELM_QPS", arena_str(c->arena, buf_str(&qps)) },
		{ "HELM_REGISTRY_CONFIG", or_env(c, s->registry_config, "HELM_REGISTRY_CONFIG",
						 helm_dir(c, "config", S("registry/config.json"))) },
		{ "HELM_REPOSITORY_CACHE", or_env(c, s->repository_cache, "HELM_REPOSITORY_CACHE",
						  helm_dir(c, "cache", S("repository"))) },
		{ "HELM_REPOSITORY_CONFIG",
		  or_env(c, s->repository_config, "HELM_REPOSITORY_CONFIG",
			 helm_dir(c, "config", S("repositories.yaml"))) },
		{ "KUBECONFIG", kubeconfig },
	};
	size_t n = sizeof all / sizeof *all;

	memcpy(to, all, sizeof all);
	return kubeconfig.n ? n : n - 1;
}

size_t helm_env(struct cli *c, str *to)
{
	struct variable all[HELM_ENV_MAX];
	size_t n = collect(c, all);

	for (size_t i = 0; i < n; i++)
		to[i] = arena_cat(c->arena, str_c(all[i].name), S("="), all[i].value);
	return n;
}

static err *run(struct cli *c)
{
	struct variable all[HELM_ENV_MAX];
	size_t n = collect(c, all);
	struct buf *b = &c->out.buf;

	for (size_t i = 0; i < n; i++) {
		if (!c->words.n)
			buf_addf(b, "%s=\"%.*s\"\n", all[i].name, STR_ARG(all[i].value));
		else if (str_eq(c->words.p[0], str_c(all[i].name)))
			buf_addf(b, "%.*s\n", STR_ARG(all[i].value));
	}
	if (c->words.n && !b->n)
		buf_addc(b, '\n');
	return NULL;
}

const struct command helm_env_command = {
	.use = "env",
	.brief = "Print the settings and where they lie",
	.args = { ARGS_MAX, .max = 1 },
	.run = run,
};
