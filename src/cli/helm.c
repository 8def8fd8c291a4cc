#include "cli/helm.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/rand.h"
#include "base/zoneinfo.h"
#include "cli/commands.h"
#include "cli/helm_fetch.h"
#include "cli/helm_verify.h"
#include "crypto/sha256.h"
#include "helm/values.h"
#include "text/errtext.h"
#include "text/number.h"
#include "text/path.h"
#include "text/quote.h"
#include "value/yaml.h"

enum { FILE_MAX = 128 << 20 };

/* ---- settings ---------------------------------------------------------- */

#define AT(field) offsetof(struct helm_settings, field)

const struct flag helm_settings_flags[] = {
	{ "burst-limit", 0, FLAG_INT, AT(burst_limit), "most requests to a cluster at once",
	  .fallback = "100" },
	{ "color", 0, FLAG_STRING, AT(color), "use colored output (never, auto, always)",
	  .fallback = "auto", .choices = "never auto always" },
	{ "colour", 0, FLAG_STRING, AT(color), "use colored output (never, auto, always)",
	  .fallback = "auto", .choices = "never auto always" },
	{ "content-cache", 0, FLAG_STRING, AT(content_cache), "directory of downloaded charts" },
	{ "debug", 0, FLAG_BOOL, AT(debug), "say more" },
	{ "kube-apiserver", 0, FLAG_STRING, AT(apiserver), "address of the Kubernetes API" },
	{ "kube-as-group", 0, FLAG_ARRAY, AT(as_groups), "group to act as, repeatable" },
	{ "kube-as-user", 0, FLAG_STRING, AT(as_user), "user to act as" },
	{ "kube-ca-file", 0, FLAG_STRING, AT(ca_file), "certificates that the API's is checked by" },
	{ "kube-context", 0, FLAG_STRING, AT(context), "context of the kubeconfig to use" },
	{ "kube-insecure-skip-tls-verify", 0, FLAG_BOOL, AT(insecure),
	  "do not check the API's certificate" },
	{ "kube-tls-server-name", 0, FLAG_STRING, AT(tls_server_name),
	  "name that the API's certificate is for" },
	{ "kube-token", 0, FLAG_STRING, AT(token), "bearer token for the API" },
	{ "kubeconfig", 0, FLAG_STRING, AT(kubeconfig), "path of the kubeconfig file" },
	{ "namespace", 'n', FLAG_STRING, AT(ns), "namespace of the release" },
	{ "qps", 0, FLAG_FLOAT, AT(qps), "requests a second to a cluster", .fallback = "0" },
	{ "registry-config", 0, FLAG_STRING, AT(registry_config), "file of registry logins" },
	{ "repository-cache", 0, FLAG_STRING, AT(repository_cache),
	  "directory of cached repository indexes" },
	{ "repository-config", 0, FLAG_STRING, AT(repository_config),
	  "file of repository names and URLs" },
	{ 0 },
};

#undef AT

const struct helm_settings *helm_settings(const struct cli *c)
{
	return cli_options(c, &helm_root);
}

err *helm_check_settings(struct cli *c)
{
	str given = helm_settings(c)->color, word = STR_NONE, modes = S("never auto always");

	while (str_cut(&modes, &word, ' '))
		if (str_eq(word, given))
			return NULL;
	return err_new(ERR_INVALID, "invalid color mode %.*s: must be one of: never, auto, always",
		       STR_ARG(quote_str(c->arena, given)));
}

static str env(const struct cli *c, const char *name)
{
	return str_c(cli_env(c, name));
}

bool helm_debug(const struct cli *c)
{
	str v = env(c, "HELM_DEBUG");

	return helm_settings(c)->debug || str_eq(v, S("1")) || str_eq_nocase(v, S("true"));
}

/* The namespace of the kubeconfig's context, or the empty text. */
static str context_namespace(struct cli *c, str file, str context)
{
	node config, contexts;
	str text;
	err *e = fs_read_any(c->arena, file, FILE_MAX, &text);

	if (!e)
		e = yaml_read(c->arena, text, YAML_KUBE, &config);
	if (e) {
		err_free(e);
		return STR_NONE;
	}
	if (!context.n)
		context = node_str(node_get(config, S("current-context")));
	contexts = node_get(config, S("contexts"));
	node_each_item(one, contexts)
		if (str_eq(node_str(node_get(*one, S("name"))), context))
			return node_str(node_dig(*one, "context", "namespace"));
	return STR_NONE;
}

str helm_namespace(struct cli *c)
{
	const struct helm_settings *s = helm_settings(c);
	str ns = cli_given(c, "namespace") ? s->ns : env(c, "HELM_NAMESPACE");
	str context = s->context.n ? s->context : env(c, "HELM_KUBECONTEXT");
	str list = s->kubeconfig.n ? s->kubeconfig : env(c, "KUBECONFIG"), file;

	if (ns.n)
		return ns;
	if (!list.n && env(c, "HOME").n)
		list = arena_cat(c->arena, env(c, "HOME"), S("/.kube/config"));
	while (!ns.n && str_cut(&list, &file, s->kubeconfig.n ? '\0' : ':'))
		ns = context_namespace(c, file, context);
	return ns.n ? ns : S("default");
}

str helm_dir(struct cli *c, const char *kind, str below)
{
	static const struct {
		const char *kind, *helm, *xdg, *home;
	} dirs[] = {
		{ "cache", "HELM_CACHE_HOME", "XDG_CACHE_HOME", ".cache" },
		{ "config", "HELM_CONFIG_HOME", "XDG_CONFIG_HOME", ".config" },
		{ "data", "HELM_DATA_HOME", "XDG_DATA_HOME", ".local/share" },
	};

	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		if (strcmp(dirs[i].kind, kind) != 0)
			continue;
		if (env(c, dirs[i].helm).n)
			return path_join(c->arena, env(c, dirs[i].helm), below);
		if (env(c, dirs[i].xdg).n)
			return path_join(c->arena, env(c, dirs[i].xdg), S("helm"), below);
		return path_join(c->arena, env(c, "HOME"), str_c(dirs[i].home), S("helm"), below);
	}
	return below;
}

static void write_notice(void *ctx, enum notice_level level, str line)
{
	(void)level;
	cli_note(ctx, "%.*s", STR_ARG(line));
}

struct notices helm_notices(struct cli *c)
{
	return (struct notices){ .line = write_notice, .ctx = c, .debug = helm_debug(c) };
}

void helm_make_visible(struct cli *c)
{
	struct buf shown = BUF_INIT;

	if (!output_is_terminal(&c->out))
		return;
	errtext_visible(&shown, buf_str(&c->out.buf));
	buf_release(&c->out.buf);
	c->out.buf = shown;
}

/* ---- values ------------------------------------------------------------ */

#define AT(field) offsetof(struct helm_value_options, field)

const struct flag helm_value_flags[] = {
	{ "set", 0, FLAG_ARRAY, AT(sets), "set values: a.b=1,list[0]=x; may be repeated" },
	{ "set-file", 0, FLAG_ARRAY, AT(from_files), "set values to the contents of files: a=path" },
	{ "set-json", 0, FLAG_ARRAY, AT(json), "set values to JSON: a=[1,2], or a whole object" },
	{ "set-literal", 0, FLAG_ARRAY, AT(literals), "set a value to the text behind its first =" },
	{ "set-string", 0, FLAG_ARRAY, AT(strings), "set values, all as texts" },
	{ "values", 'f', FLAG_LIST, AT(files), "YAML file with values; may be repeated" },
	{ 0 },
};

#undef AT

/* As Helm gets a chart: the whole text, no login. */
static err *load_url(struct cli *c, struct arena *a, str url, str *out)
{
	CLEANUP(net_client_drop) struct net_client *net = NULL;
	CLEANUP(spool_release) struct spool spool;
	const struct helm_repo repo = { .url = url };
	struct helmrepo server;
	str text;

	spool_init(&spool, HELMREPO_HELD);
	TRY(helm_net(&net));
	TRY(helm_repo_open(c, net, &repo, &server));
	TRY(helmrepo_fetch(&server, url, "values", FILE_MAX, NULL, NULL, &spool));
	TRY(spool_text(&spool, &text));
	*out = arena_str(a, text);
	return NULL;
}

static err *load_text(void *ctx, struct arena *a, str path, str *out)
{
	if (str_eq(str_trim(path), S("-")))
		return fs_read_any(a, S("/dev/stdin"), FILE_MAX, out);
	if (str_starts(path, S("http://")) || str_starts(path, S("https://")))
		return load_url(ctx, a, path, out);
	if (str_starts(path, S("oci://")))
		return err_new(ERR_UNAVAILABLE, "values from %.*s: registries have charts only",
			       STR_ARG(path));
	return fs_read_any(a, path, FILE_MAX, out);
}

err *helm_values(struct cli *c, const struct helm_value_options *o, node *out)
{
	const struct values_sources s = {
		.files = o->files.p, .files_n = o->files.n,
		.json = o->json.p, .json_n = o->json.n,
		.sets = o->sets.p, .sets_n = o->sets.n,
		.strings = o->strings.p, .strings_n = o->strings.n,
		.from_files = o->from_files.p, .from_files_n = o->from_files.n,
		.literals = o->literals.p, .literals_n = o->literals.n,
		.load = load_text,
		.ctx = c,
	};

	return values_collect(c->arena, &s, out);
}

err *helm_epoch(const struct cli *c, int64_t *out)
{
	str text = env(c, "SOURCE_DATE_EPOCH");

	*out = PACK_OWN_TIMES;
	if (!text.n)
		return NULL;
	err *e = number_parse_int(text, 10, out);

	if (e)
		return err_wrap(e, "invalid SOURCE_DATE_EPOCH");
	if (*out < 0)
		return err_new(ERR_INVALID, "invalid SOURCE_DATE_EPOCH: must not be negative");
	return NULL;
}

/* ---- charts ------------------------------------------------------------ */

#define AT(field) offsetof(struct helm_server_options, field)

const struct flag helm_server_flags[] = {
	{ "ca-file", 0, FLAG_STRING, AT(ca_file), "certificates that a server's is checked by" },
	{ "cert-file", 0, FLAG_STRING, AT(cert_file), "certificate to show a server" },
	{ "insecure-skip-tls-verify", 0, FLAG_BOOL, AT(insecure),
	  "do not check servers' certificates" },
	{ "key-file", 0, FLAG_STRING, AT(key_file), "key of the certificate to show" },
	{ "password", 0, FLAG_STRING, AT(password), "password at the repository" },
	{ "plain-http", 0, FLAG_BOOL, AT(plain_http), "fetch charts without TLS" },
	{ "username", 0, FLAG_STRING, AT(username), "user at the repository" },
	{ 0 },
};

#undef AT
#define AT(field) offsetof(struct helm_chart_options, field)

const struct flag helm_chart_flags[] = {
	{ 0, 0, FLAG_TABLE, AT(server), .table = helm_server_flags },
	{ "keyring", 0, FLAG_STRING, AT(keyring), "file of the keys that signatures are checked by" },
	{ "pass-credentials", 0, FLAG_BOOL, AT(pass_credentials), "send credentials to all domains" },
	{ "repo", 0, FLAG_STRING, AT(repo), "URL of the repository that has the chart" },
	{ "verify", 0, FLAG_BOOL, AT(verify), "check the chart's signature before using it" },
	{ "version", 0, FLAG_STRING, AT(version), "version or range of versions of the chart" },
	{ 0 },
};

#undef AT

struct helm_chart_options helm_devel(const struct helm_chart_options *o, bool devel)
{
	struct helm_chart_options out = *o;

	if (!out.version.n && devel)
		out.version = S(">0.0.0-0");
	return out;
}

str helm_abs(struct cli *c, str path)
{
	char here[PATH_MAX];

	return !path_is_abs(path) && getcwd(here, sizeof here)
		       ? path_join(c->arena, str_c(here), path)
		       : path;
}

static err *verify(struct cli *c, str path, const struct helm_chart_options *o)
{
	str report;

	return helm_verify_path(c, helm_abs(c, path), helm_keyring(c, o->keyring), &report);
}

err *helm_locate(struct cli *c, str name, const struct helm_chart_options *o, str *path)
{
	name = arena_str(c->arena, str_trim(name));
	if (!o->repo.n && name.n && access(name.p, F_OK) == 0) {
		*path = name;
		return o->verify ? verify(c, name, o) : NULL;
	}
	if (!o->repo.n && (path_is_abs(name) || str_starts(name, S("."))))
		return err_new(ERR_NOT_FOUND, "path %.*s not found",
			       STR_ARG(quote_str(c->arena, name)));
	return helm_fetch_cached(c, name, str_trim(o->version), o, path);
}

/* ---- what templates may ask for ---------------------------------------- */

/* 2020-01-01: no time of the render, and later than what templates take for
 * a clock that was never set. */
enum { STILL_SECONDS = 1577836800 };

static int64_t now(void *ctx)
{
	(void)ctx;
	return clock_wall();
}

static void random_bytes(void *ctx, void *to, size_t n)
{
	(void)ctx;
	rand_bytes(to, n);
}

static void hash(str bytes, uint8_t out[SHA256_SIZE])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, bytes);
	sha256_end(&s, out);
}

/* SHA-256 of the seed and a counter, block by block. */
static void seeded_bytes(void *ctx, void *to, size_t n)
{
	struct helm_world *w = ctx;
	uint8_t block[sizeof w->seed + sizeof w->drawn], sum[SHA256_SIZE];
	uint8_t *p = to;

	memcpy(block, w->seed, sizeof w->seed);
	while (n) {
		size_t part = n < sizeof sum ? n : sizeof sum;

		w->drawn++;
		for (size_t i = 0; i < sizeof w->drawn; i++)
			block[sizeof w->seed + i] = (uint8_t)(w->drawn >> (8 * i));
		hash(str_of((const char *)block, sizeof block), sum);
		memcpy(p, sum, part);
		p += part;
		n -= part;
	}
}

static const struct tz_source zones = { .load = zoneinfo_load };

/* The machine's zone, by $TZ or /etc/localtime; UTC where it cannot be read. */
static const struct tz *local_zone(struct cli *c)
{
	const char *name = cli_env(c, "TZ");
	const struct tz *tz = NULL;
	str bytes;
	err *e;

	if (name) {
		name += *name == ':';
		e = tz_find(c->arena, &zones, str_c(name), &tz);
	} else {
		e = fs_read_any(c->arena, S("/etc/localtime"), 1 << 20, &bytes);
		if (!e)
			e = tz_read(c->arena, S("Local"), bytes, &tz);
	}
	err_free(e);
	return e ? NULL : tz;
}

void helm_world_init(struct cli *c, struct helm_world *w)
{
	*w = (struct helm_world){ .options = {
		.limits = engine_limits,
		.now = now,
		.random = random_bytes,
		.zones = &zones,
		.local = local_zone(c),
	} };
}

static int64_t still(void *ctx)
{
	return ((const struct helm_world *)ctx)->now;
}

err *helm_world_seed(struct cli *c, struct helm_world *w, const str *texts, size_t n)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;
	int64_t epoch;

	TRY(helm_epoch(c, &epoch));
	w->now = (epoch == PACK_OWN_TIMES ? STILL_SECONDS : epoch) * CLOCK_SECOND;
	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%zu:%.*s,", texts[i].n, STR_ARG(texts[i]));
	hash(buf_str(&b), w->seed);
	w->drawn = 0;
	w->options.random = seeded_bytes;
	w->options.now = still;
	w->options.seeded = true;
	w->options.ctx = w;
	return NULL;
}
