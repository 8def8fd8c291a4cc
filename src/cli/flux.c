#include "cli/flux.h"

#include <stdarg.h>

#include "base/clock.h"
#include "base/fmt.h"
#include "base/fs.h"
#include "cli/busy.h"
#include "cli/commands.h"
#include "kube/health.h"
#include "text/names.h"
#include "value/yaml.h"

#define AT(field) offsetof(struct flux_settings, field)

static str default_namespace(const struct cli *c);
static str default_cache(const struct cli *c);
static bool complete_namespace(struct cli *c, str prefix, struct buf *b);

const struct flag flux_settings_flags[] = {
	{ "as", 0, FLAG_STRING, AT(as), "user to act as" },
	{ "as-group", 0, FLAG_ARRAY, AT(as_groups), "group to act as, repeatable" },
	{ "as-uid", 0, FLAG_STRING, AT(as_uid), "UID to act as" },
	{ "as-user-extra", 0, FLAG_ARRAY, AT(as_extra),
	  "what else to say about the user to act as, as key=value, repeatable" },
	{ "cache-dir", 0, FLAG_STRING, AT(cache_dir), "directory of what is known about servers",
	  .computed = default_cache },
	{ "certificate-authority", 0, FLAG_STRING, AT(certificate_authority),
	  "file of certificates that the server's is checked by" },
	{ "client-certificate", 0, FLAG_STRING, AT(client_certificate),
	  "file of the client certificate" },
	{ "client-key", 0, FLAG_STRING, AT(client_key), "file of the client certificate's key" },
	{ "cluster", 0, FLAG_STRING, AT(cluster), "cluster of the kubeconfig to use" },
	{ "context", 0, FLAG_STRING, AT(context), "context of the kubeconfig to use",
	  .complete = flux_contexts },
	{ "disable-compression", 0, FLAG_BOOL, AT(disable_compression),
	  "do not ask for compressed answers" },
	{ "insecure-skip-tls-verify", 0, FLAG_BOOL, AT(insecure),
	  "do not check the server's certificate" },
	{ "kube-api-burst", 0, FLAG_INT, AT(burst), "most requests to the server at once; counts where this or the next is said",
	  .fallback = "300" },
	{ "kube-api-qps", 0, FLAG_FLOAT, AT(qps), "requests a second to the server; 0, or neither said: no limit",
	  .fallback = "50" },
	{ "kubeconfig", 0, FLAG_STRING, AT(kubeconfig), "kubeconfig file to use" },
	{ "namespace", 'n', FLAG_STRING, AT(namespace),
	  "namespace of the objects, or of the controllers", .computed = default_namespace,
	  .complete = complete_namespace },
	{ "ns-follows-kube-context", 0, FLAG_BOOL, AT(ns_follows_context),
	  "take the namespace from the kubeconfig's context" },
	{ "server", 0, FLAG_STRING, AT(server), "address of the Kubernetes API server" },
	{ "timeout", 0, FLAG_DURATION, AT(timeout), "how long the command may take",
	  .fallback = "5m0s" },
	{ "tls-server-name", 0, FLAG_STRING, AT(tls_server_name),
	  "name that the server's certificate is for" },
	{ "token", 0, FLAG_STRING, AT(token), "bearer token for the server" },
	{ "user", 0, FLAG_STRING, AT(user), "user of the kubeconfig to use" },
	{ "verbose", 0, FLAG_BOOL, AT(verbose), "print the objects that are made" },
	{ 0 },
};

#undef AT

struct flux_settings *flux_settings(struct cli *c)
{
	return c->options_at[0];
}

/* ---- defaults ---------------------------------------------------------- */

static str env_namespace(const struct cli *c)
{
	return str_c(cli_env(c, "FLUX_SYSTEM_NAMESPACE"));
}

static bool is_namespace(str name)
{
	return name_check(name, NAME_DNS_LABEL, NULL);
}

static str default_namespace(const struct cli *c)
{
	str named = env_namespace(c);

	return named.n && is_namespace(named) ? named : S("flux-system");
}

static str default_cache(const struct cli *c)
{
	str home = str_c(cli_env(c, "HOME"));

	return arena_cat(c->arena, home, S("/.kube/cache"));
}

static struct kubeconfig_wish wish_of(const struct flux_settings *s)
{
	return (struct kubeconfig_wish){
		.path = s->kubeconfig,
		.context = s->context,
		.cluster = s->cluster,
		.user = s->user,
		.server = s->server,
		.token = s->token,
		.as = s->as,
		.as_uid = s->as_uid,
		.as_groups = s->as_groups.p,
		.as_groups_n = s->as_groups.n,
		.as_extra = s->as_extra.p,
		.as_extra_n = s->as_extra.n,
		.client_certificate = s->client_certificate,
		.client_key = s->client_key,
		.certificate_authority = s->certificate_authority,
		.tls_server_name = s->tls_server_name,
		.insecure = s->insecure,
	};
}

/* The namespace of the chosen context; a kubeconfig that cannot be read is
 * no reason to stop here. */
static void follow_context(struct cli *c, struct flux_settings *s)
{
	struct kubeconfig k;
	const struct kubeconfig_wish wish = wish_of(s);
	err *e = kubeconfig_load(c->arena, c->env, &wish, &k);

	if (!e && k.namespace.n)
		s->namespace = k.namespace;
	err_free(e);
}

void flux_check_environment(struct cli *c)
{
	str wrong = env_namespace(c);

	if (wrong.n && !is_namespace(wrong))
		flux_warning(c, " ignoring invalid FLUX_SYSTEM_NAMESPACE: \"%.*s\"",
			     STR_ARG(wrong));
}

err *flux_before(struct cli *c)
{
	struct flux_settings *s = flux_settings(c);
	const char *follows = cli_env(c, "FLUX_NS_FOLLOWS_KUBE_CONTEXT");

	if (!cli_given(c, "namespace") && (s->ns_follows_context || (follows && *follows)))
		follow_context(c, s);
	if (!is_namespace(s->namespace))
		return err_new(ERR_INVALID, "namespace must be a valid DNS label: \"%.*s\"",
			       STR_ARG(s->namespace));
	return NULL;
}

/* ---- messages ---------------------------------------------------------- */

/* What begins may take its time. */
__attribute__((format(printf, 4, 0)))
static void say(struct cli *c, const char *symbol, bool begins, const char *fmt, va_list args)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	fmt_add(&b, fmt, args);
	cli_note(c, "%s %s", symbol, buf_c(&b));
	if (begins && c->err.busy)
		busy_begin(c->err.busy);
}

#define MESSAGE(name, symbol, begins)                   \
	void flux_##name(struct cli *c, const char *fmt, ...) \
	{                                               \
		va_list args;                           \
                                                        \
		va_start(args, fmt);                    \
		say(c, symbol, begins, fmt, args);      \
		va_end(args);                           \
	}

MESSAGE(action, "►", true)
MESSAGE(generating, "✚", true)
MESSAGE(waiting, "◎", true)
MESSAGE(success, "✔", false)
MESSAGE(warning, "⚠️", false)
MESSAGE(failure, "✗", false)

/* ---- the server -------------------------------------------------------- */

/* A server warns of every request for a deprecated version: once is enough. */
static void note_warning(void *ctx, str text)
{
	struct flux_server *s = ctx;
	bool told = false;

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->warned_n; i++)
		told = told || str_eq(s->warned[i], text);
	if (!told && s->warned_n < FLUX_WARNINGS_MAX)
		s->warned[s->warned_n++] = arena_str(&s->warned_mem, text);
	if (!told)
		cli_note(s->cli, "Warning: %.*s", STR_ARG(text));
	pthread_mutex_unlock(&s->lock);
}

bool flux_is_limited(const struct cli *c)
{
	return cli_given(c, "kube-api-qps") || cli_given(c, "kube-api-burst");
}

err *flux_net(struct flux_server *s, struct net_client **out)
{
	if (!s->net)
		TRY(net_client_new(&s->net, &(struct net_options){ .proxy_env = true }));
	*out = s->net;
	return NULL;
}

static err *make_net(void *ctx, struct net_client **out)
{
	return flux_net(ctx, out);
}

#define LIMITER "client rate limiter Wait returned an error: "

/* Less than this is over before anything is asked. */
#define SHORTEST (CLOCK_SECOND / 1000)

err *flux_open(struct cli *c, struct flux_server *out)
{
	const struct flux_settings *s = flux_settings(c);
	const struct kubeconfig_wish wish = wish_of(s);
	const struct client_options o = { .user_agent = out->quiet ? S("rill-controller/" RILL_VERSION)
								   : S("flux/v" FLUX_VERSION),
					  .env = c->env,
					  .on_warning = out->quiet ? NULL : note_warning,
					  .ctx = out,
					  .net = out->quiet ? NULL : make_net };

	struct net_client *net = NULL;

	out->cli = c;
	err *e = kubeconfig_load(c->arena, c->env, &wish, &out->config);

	if (e)
		return out->loading ? err_wrap(e, "%s", out->loading) : e;
	out->deadline = clock_after(clock_mono(), s->timeout);
	if (out->quiet)
		TRY(flux_net(out, &net));
	e = client_new(&out->client, net, &out->config, &o);
	if (e)
		return out->loading ? e : err_wrap(e, "kubernetes client initialization failed");
	if (flux_is_limited(c))
		client_limit(out->client, s->qps, s->burst);
	/* Who waits for its turn to ask is told that there is none. */
	if (s->qps > 0 && s->burst < 0)
		client_refuse(out->client, arena_printf(c->arena,
							LIMITER "rate: Wait(n=1) exceeds limiter's "
								"burst %lld",
							(long long)s->burst));
	else if (s->timeout < SHORTEST && !out->quiet && !out->patient)
		client_refuse(out->client, S(LIMITER "context deadline exceeded"));
	return NULL;
}

void flux_close(struct flux_server *s)
{
	client_drop(&s->client);
	net_client_drop(&s->net);
	arena_release(&s->warned_mem);
}

/* ---- names for the shell ------------------------------------------------ */

static bool add_names(struct cli *c, const struct client_resource *r, str namespace, str prefix,
		      struct buf *b)
{
	CLEANUP(flux_close) struct flux_server s = FLUX_SERVER_NONE;
	node list;

	CLEANUP(err_drop) err *e = flux_open(c, &s);

	if (!e)
		e = client_list(s.client, c->arena, r, namespace, STR_NONE, STR_NONE, &list);
	if (e)
		return false;
	node_each_item(o, node_get(list, S("items")))
		if (str_starts(flux_name(*o), prefix))
			buf_addf(b, "%.*s\n", STR_ARG(flux_name(*o)));
	return true;
}

bool flux_complete(struct cli *c, str prefix, struct buf *b)
{
	const struct flux_kind *k = cli_subject(c);

	if (!k)
		return true;
	const struct client_resource r = flux_resource(k);

	return add_names(c, &r, flux_settings(c)->namespace, prefix, b);
}

static bool complete_namespace(struct cli *c, str prefix, struct buf *b)
{
	static const struct client_resource r = { STR_NONE, S("v1"), S("namespaces"),
						  S("Namespace"), false };

	return add_names(c, &r, STR_NONE, prefix, b);
}

/* Of all files that are named; one that cannot be read has none. */
bool flux_contexts(struct cli *c, str prefix, struct buf *b)
{
	str files = flux_settings(c)->kubeconfig, file;

	if (!files.n)
		files = str_c(cli_env(c, "KUBECONFIG"));
	if (!files.n)
		files = arena_cat(c->arena, str_c(cli_env(c, "HOME")), S("/.kube/config"));
	while (str_cut(&files, &file, ':')) {
		node root = NODE_NOTHING;
		str text;

		CLEANUP(err_drop)
		err *e = fs_read_any(c->arena, arena_str(c->arena, file), KUBECONFIG_SIZE_MAX,
				     &text);

		if (!e)
			e = yaml_read(c->arena, text, YAML_KUBE, &root);
		node_each_item(x, node_get(root, S("contexts"))) {
			str name = node_str(node_get(*x, S("name")));

			if (str_starts(name, prefix))
				buf_addf(b, "%.*s\n", STR_ARG(name));
		}
	}
	return true;
}

/* ---- kinds ------------------------------------------------------------- */

#define SOURCE "source.toolkit.fluxcd.io"
#define IMAGE "image.toolkit.fluxcd.io"
#define NOTIFICATION "notification.toolkit.fluxcd.io"

const struct flux_kind flux_kinds[FLUX_KINDS] = {
	[FLUX_GIT] = { SOURCE, "GitRepository", "v1", "gitrepositories", "source git" },
	[FLUX_OCI] = { SOURCE, "OCIRepository", "v1", "ocirepositories", "source oci" },
	[FLUX_HELM_REPOSITORY] = { SOURCE, "HelmRepository", "v1", "helmrepositories",
				   "source helm" },
	[FLUX_CHART] = { SOURCE, "HelmChart", "v1", "helmcharts", "source chart" },
	[FLUX_BUCKET] = { SOURCE, "Bucket", "v1", "buckets", "source bucket" },
	[FLUX_EXTERNAL] = { SOURCE, "ExternalArtifact", "v1", "externalartifacts",
			    "source external-artifact" },
	[FLUX_GENERATOR] = { "source.extensions.fluxcd.io", "ArtifactGenerator", "v1beta1",
			     "artifactgenerators", "artifactgenerator" },
	[FLUX_KUSTOMIZATION] = { "kustomize.toolkit.fluxcd.io", "Kustomization", "v1",
				 "kustomizations", "kustomization" },
	[FLUX_RELEASE] = { "helm.toolkit.fluxcd.io", "HelmRelease", "v2", "helmreleases",
			   "helmrelease" },
	[FLUX_IMAGE_REPOSITORY] = { IMAGE, "ImageRepository", "v1", "imagerepositories",
				    "image repository" },
	[FLUX_IMAGE_POLICY] = { IMAGE, "ImagePolicy", "v1", "imagepolicies", "image policy" },
	[FLUX_IMAGE_UPDATE] = { IMAGE, "ImageUpdateAutomation", "v1", "imageupdateautomations",
				"image update automation" },
	[FLUX_ALERT] = { NOTIFICATION, "Alert", "v1beta3", "alerts", "alert", true },
	[FLUX_PROVIDER] = { NOTIFICATION, "Provider", "v1beta3", "providers", "alert provider",
			    true },
	[FLUX_RECEIVER] = { NOTIFICATION, "Receiver", "v1", "receivers", "receiver" },
};

struct client_resource flux_resource(const struct flux_kind *k)
{
	return (struct client_resource){ str_c(k->group), str_c(k->version), str_c(k->plural),
					 str_c(k->kind), true };
}

enum flux_kind_id flux_kind_of(const struct cli *c)
{
	const struct flux_kind *k = cli_subject(c);

	return (enum flux_kind_id)(k - flux_kinds);
}

enum flux_kind_id flux_kind_find(str kind)
{
	for (size_t i = 0; i < FLUX_KINDS; i++)
		if (str_eq(str_c(flux_kinds[i].kind), kind))
			return (enum flux_kind_id)i;
	return FLUX_KINDS;
}

/* ---- objects ----------------------------------------------------------- */

str flux_name(node object)
{
	return node_str(node_dig(object, "metadata", "name"));
}

str flux_namespace(node object)
{
	return node_str(node_dig(object, "metadata", "namespace"));
}

str flux_bool(bool b)
{
	return b ? S("True") : S("False");
}

static bool is_hex(char ch)
{
	return (ch >= '0' && ch <= '9') || (ch >= 'a' && ch <= 'f');
}

static bool is_word(char ch)
{
	return is_hex(ch) || (ch >= 'g' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}

/* A whole word of 40 to 128 hexadecimal digits is a digest. */
str flux_short(struct arena *a, str text)
{
	enum { DIGEST_MIN = 40, DIGEST_MAX = 128, SHOWN = 8 };
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0, n; i < text.n; i += n) {
		bool hex = true;

		for (n = 0; i + n < text.n && is_word(text.p[i + n]); n++)
			hex = hex && is_hex(text.p[i + n]);
		if (!n)
			n = 1;
		bool digest = hex && n >= DIGEST_MIN && n <= DIGEST_MAX;

		buf_add(&b, str_sub(text, i, i + (digest ? SHOWN : n)));
	}
	return b.n == text.n ? text : arena_str(a, buf_str(&b));
}
