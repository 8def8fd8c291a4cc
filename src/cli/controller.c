/* controller - "rill controller": all of Flux's controllers in one process. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/engine.h"
#include "cli/flux.h"
#include "cli/flux_manifests.h"

struct controller_flags {
	struct settings settings;
	bool elect, release;
	int64_t lease, renew, retry;
	str log_level, log_encoding;
	struct flag_list gates, overrides, components, kex_algos, host_key_algos, private_places;
	str stage_kinds, digest_algo, snapshot_algo;
	int64_t concurrent, concurrent_ssa, jitter, records, http_retry, prune_guard, tokens;
	int64_t ignored_int;
	bool ignored_bool;
	str ignored;
	int64_t ignored_span;
};

#define AT(field) offsetof(struct controller_flags, field)
#define SETTING(field) offsetof(struct controller_flags, settings.field)

static str env_or(const struct cli *c, const char *name, const char *otherwise)
{
	const char *value = cli_env(c, name);

	return str_c(value && *value ? value : otherwise);
}

static str events_addr(const struct cli *c)
{
	return env_or(c, "EVENTS_ADDR", "");
}

static str metrics_addr(const struct cli *c)
{
	return env_or(c, "METRICS_ADDR", ":8080");
}

static str health_addr(const struct cli *c)
{
	return env_or(c, "HEALTH_ADDR", ":9440");
}

static str storage_path(const struct cli *c)
{
	return env_or(c, "STORAGE_PATH", "/data");
}

static str storage_addr(const struct cli *c)
{
	return env_or(c, "STORAGE_ADDRESS", ":9090");
}

static str storage_adv_addr(const struct cli *c)
{
	return env_or(c, "STORAGE_ADV_ADDR", "");
}

#define NO_EFFECT "accepted as the originals' flag, without effect here"

static const struct flag controller_flag_table[] = {
	{ "allowed-private-addresses", 0, FLAG_LIST, AT(private_places),
	  "`places` that --no-private-addresses leaves open: networks, addresses, names of hosts" },
	{ "artifact-digest-algo", 0, FLAG_STRING, AT(digest_algo),
	  "`algorithm` that artifacts are named by", .fallback = "sha256",
	  .choices = "sha256 sha384 sha512 blake3" },
	{ "artifact-retention-records", 0, FLAG_INT, AT(records),
	  "how many artifacts of an object are kept at most", .fallback = "2" },
	{ "artifact-retention-ttl", 0, FLAG_DURATION, SETTING(retention_ttl),
	  "how long an artifact is kept after a newer one came", .fallback = "1m0s" },
	{ "components", 0, FLAG_LIST, AT(components),
	  "controllers of Flux whose work to do; unless it is said, of all" },
	{ "concurrent", 0, FLAG_INT, AT(concurrent),
	  "how many objects are reconciled at a time, of all kinds together; 0: by the processors" },
	{ "concurrent-ssa", 0, FLAG_INT, AT(concurrent_ssa),
	  "how many objects of a Kustomization are applied at a time", .fallback = "4" },
	{ "custom-apply-stage-kinds", 0, FLAG_STRING, AT(stage_kinds),
	  "kinds that are applied before all others, as group/Kind, with commas between" },
	{ "default-decryption-service-account", 0, FLAG_STRING, SETTING(default_decryption_service_account),
	  "`account` to ask key services of clouds with, where spec.decryption names none" },
	{ "default-kubeconfig-service-account", 0, FLAG_STRING, SETTING(default_kubeconfig_service_account),
	  "`account` to log in to other clusters with, where a ConfigMap of kubeConfig names none" },
	{ "default-service-account", 0, FLAG_STRING, SETTING(default_service_account),
	  "`account` to apply objects as, where none is said" },
	{ "enable-leader-election", 0, FLAG_BOOL, AT(elect),
	  "work only while no other process does, by the Leases of Flux's controllers" },
	{ "events-addr", 0, FLAG_STRING, SETTING(events_addr),
	  "`URL` that events are posted to", .computed = events_addr },
	{ "feature-gates", 0, FLAG_LIST, AT(gates), "what to switch on or off, as Name=true" },
	{ "graceful-shutdown-timeout", 0, FLAG_DURATION, SETTING(graceful),
	  "how long what runs may go on when it is told to stop", .fallback = "10s" },
	{ "health-addr", 0, FLAG_STRING, SETTING(health_addr), "`address` of /healthz and /readyz",
	  .computed = health_addr },
	{ "helm-chart-file-max-size", 0, FLAG_INT, SETTING(helm_chart_file_max),
	  "bytes of a file of a chart", .fallback = "5242880" },
	{ "helm-chart-max-size", 0, FLAG_INT, SETTING(helm_chart_max), "bytes of a chart",
	  .fallback = "10485760" },
	{ "helm-index-max-size", 0, FLAG_INT, SETTING(helm_index_max), "bytes of a repository's index",
	  .fallback = "52428800" },
	{ "http-retry", 0, FLAG_INT, AT(http_retry),
	  "how often a Kustomization that failed as a server was away is tried again soon, before its "
	  "retry interval",
	  .fallback = "9" },
	{ "insecure-kubeconfig-exec", 0, FLAG_BOOL, SETTING(insecure_kubeconfig_exec),
	  "let a kubeconfig in a Secret start programs" },
	{ "insecure-kubeconfig-tls", 0, FLAG_BOOL, SETTING(insecure_kubeconfig_tls),
	  "let a kubeconfig in a Secret forgo the check of certificates" },
	{ "interval-jitter-percentage", 0, FLAG_INT, AT(jitter),
	  "by how much of a hundred an interval may be longer or shorter", .fallback = "5" },
	{ "leader-election-lease-duration", 0, FLAG_DURATION, AT(lease),
	  "how long others wait for a leader that is silent", .fallback = "35s" },
	{ "leader-election-release-on-cancel", 0, FLAG_BOOL, AT(release),
	  "give the leadership back at the end", .fallback = "true" },
	{ "leader-election-renew-deadline", 0, FLAG_DURATION, AT(renew),
	  "how long a leader tries to stay one", .fallback = "30s" },
	{ "leader-election-retry-period", 0, FLAG_DURATION, AT(retry),
	  "how often to ask for the leadership", .fallback = "5s" },
	{ "log-encoding", 0, FLAG_STRING, AT(log_encoding), "`form` of log lines",
	  .fallback = "json", .choices = "json console" },
	{ "log-level", 0, FLAG_STRING, AT(log_level), "`level` from which on lines are logged",
	  .fallback = "info", .choices = "trace debug info error" },
	{ "max-retry-delay", 0, FLAG_DURATION, SETTING(max_retry_delay),
	  "the longest wait after failures", .fallback = "15m0s" },
	{ "metrics-addr", 0, FLAG_STRING, SETTING(metrics_addr), "`address` of /metrics and /debug/dump",
	  .computed = metrics_addr },
	{ "min-retry-delay", 0, FLAG_DURATION, SETTING(min_retry_delay),
	  "the wait after a first failure", .fallback = "750ms" },
	{ "no-cross-namespace-refs", 0, FLAG_BOOL, SETTING(no_cross_namespace_refs),
	  "refuse references to objects of other namespaces" },
	{ "no-private-addresses", 0, FLAG_BOOL, SETTING(no_private_addresses),
	  "keep sources, their proxies and remote bases off loopback and private addresses" },
	{ "no-remote-bases", 0, FLAG_BOOL, SETTING(no_remote_bases),
	  "refuse kustomizations that fetch others" },
	{ "override-manager", 0, FLAG_ARRAY, AT(overrides),
	  "field `manager` whose fields are taken over, repeatable" },
	{ "prune-guard", 0, FLAG_INT, AT(prune_guard),
	  "hold a prune of more objects than this back, and of volumes, namespaces and definitions "
	  "in use; 0: never" },
	{ "requeue-dependency", 0, FLAG_DURATION, SETTING(requeue_dependency),
	  "how soon a dependency that is not ready is looked at again", .fallback = "30s" },
	{ "snapshot-digest-algo", 0, FLAG_STRING, AT(snapshot_algo),
	  "`algorithm` of the digests that tell whether a release or its values changed",
	  .fallback = "sha256", .choices = "sha256 sha384 sha512 blake3 sha1" },
	{ "sops-age-secret", 0, FLAG_STRING, SETTING(sops_age_secret),
	  "`Secret` of age keys that decrypt for all" },
	{ "sops-vault-configmap", 0, FLAG_STRING, SETTING(sops_vault_configmap),
	  "`ConfigMap` of Vault's settings" },
	{ "ssh-hostkey-algos", 0, FLAG_LIST, AT(host_key_algos),
	  "`algorithms` of the keys that Git servers may have over ssh; unless it is said, all but SHA-1's" },
	{ "ssh-kex-algos", 0, FLAG_LIST, AT(kex_algos),
	  "`algorithms` to agree on a secret with Git servers by over ssh; unless it is said, those of ssh" },
	{ "storage-addr", 0, FLAG_STRING, SETTING(storage_addr), "`address` to serve artifacts at",
	  .computed = storage_addr },
	{ "storage-adv-addr", 0, FLAG_STRING, SETTING(storage_adv_addr),
	  "`host` that the URLs of artifacts name", .computed = storage_adv_addr },
	{ "storage-path", 0, FLAG_STRING, SETTING(storage_path), "`directory` of the artifacts",
	  .computed = storage_path },
	{ "token-cache-max-duration", 0, FLAG_DURATION, SETTING(token_cache_duration),
	  "how long a cloud's token is used at most", .fallback = "1h0m0s" },
	{ "token-cache-max-size", 0, FLAG_INT, AT(tokens), "how many tokens of clouds are kept; 0: none",
	  .fallback = "100" },
	{ "watch-all-namespaces", 0, FLAG_BOOL, SETTING(watch_all_namespaces),
	  "look after all namespaces, not only the own one", .fallback = "true" },
	{ "watch-configs-label-selector", 0, FLAG_STRING, SETTING(watch_configs_label_selector),
	  "`labels` of the ConfigMaps and Secrets whose change counts; empty: all that are referred to" },
	{ "watch-label-selector", 0, FLAG_STRING, SETTING(watch_label_selector),
	  "`labels` of the objects to look after" },
	/* Of the originals. */
	{ "helm-cache-max-size", 0, FLAG_INT, AT(ignored_int), NO_EFFECT, .hidden = true },
	{ "helm-cache-purge-interval", 0, FLAG_DURATION, AT(ignored_span), NO_EFFECT, .hidden = true },
	{ "helm-cache-ttl", 0, FLAG_DURATION, AT(ignored_span), NO_EFFECT, .hidden = true },
	{ "http-timeout", 0, FLAG_DURATION, AT(ignored_span), NO_EFFECT, .hidden = true },
	{ "oom-watch-current-memory-path", 0, FLAG_STRING, AT(ignored), NO_EFFECT, .hidden = true },
	{ "oom-watch-interval", 0, FLAG_DURATION, AT(ignored_span), NO_EFFECT, .hidden = true },
	{ "oom-watch-max-memory-path", 0, FLAG_STRING, AT(ignored), NO_EFFECT, .hidden = true },
	{ "oom-watch-memory-threshold", 0, FLAG_INT, AT(ignored_int), NO_EFFECT, .hidden = true },
	{ "reconciliation-timeout", 0, FLAG_DURATION, AT(ignored_span), NO_EFFECT, .hidden = true },
	{ .name = NULL },
};

/* ---- what the flags say ------------------------------------------------------------- */

static err *check_number(const char *flag, int64_t n, int64_t max)
{
	if (n < 0 || n > max)
		return err_new(ERR_INVALID, "--%s: %lld is not between 0 and %lld", flag,
			       (long long)n, (long long)max);
	return NULL;
}

typedef bool algo_parse(str name, enum digest_algo *out);

static err *set_algo(str name, algo_parse *parse, enum digest_algo *out)
{
	CLEANUP(arena_release) struct arena a = ARENA_INIT;
	str nothing;

	if (!parse(name, out))
		return err_new(ERR_INVALID, "unsupported digest algorithm '%.*s'", STR_ARG(name));
	/* Others come from a library, which may not be there. */
	return *out == DIGEST_SHA256 ? NULL : digest_of(&a, *out, STR_NONE, &nothing);
}

static err *set_numbers(struct controller_flags *f)
{
	struct settings *s = &f->settings;

	TRY(check_number("concurrent", f->concurrent, 1000));
	TRY(check_number("concurrent-ssa", f->concurrent_ssa, 1000));
	TRY(check_number("interval-jitter-percentage", f->jitter, 100));
	TRY(check_number("artifact-retention-records", f->records, 1000));
	TRY(check_number("http-retry", f->http_retry, 1000));
	TRY(check_number("prune-guard", f->prune_guard, INT32_MAX));
	TRY(check_number("token-cache-max-size", f->tokens, 10000));
	s->concurrent = (unsigned)f->concurrent;
	s->concurrent_ssa = (unsigned)f->concurrent_ssa;
	s->jitter_percent = (unsigned)f->jitter;
	s->retention_records = (unsigned)f->records;
	s->http_retry = (unsigned)f->http_retry;
	s->prune_guard = f->prune_guard;
	s->token_cache_max = (size_t)f->tokens;
	return NULL;
}

static void split_kinds(struct arena *a, str text, struct settings *s)
{
	VEC(str) kinds = { 0 };
	str one;

	while (str_cut(&text, &one, ','))
		if (str_trim(one).n)
			avec_push(a, &kinds, str_trim(one));
	s->custom_stage_kinds = kinds.p;
	s->custom_stage_kinds_n = kinds.n;
}

static bool is_algo(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-@._", c);
}

/* One list for ssh, to whom a name that begins otherwise is something else. */
static err *join_algos(struct arena *a, const char *flag, const struct flag_list *l, str *out)
{
	CLEANUP(buf_release) struct buf b = BUF_INIT;

	for (size_t i = 0; i < l->n; i++) {
		str name = str_trim(l->p[i]), rest = name;

		if (!name.n || str_span(&rest, is_algo).n != name.n || name.p[0] == '-')
			return err_new(ERR_INVALID, "--%s: '%.*s' is no algorithm", flag,
				       STR_ARG(l->p[i]));
		buf_addf(&b, "%s%.*s", i ? "," : "", STR_ARG(name));
	}
	*out = arena_str(a, buf_str(&b));
	return NULL;
}

static err *set_places(const struct flag_list *l, struct settings *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (!net_is_place(l->p[i]))
			return err_new(ERR_INVALID,
				       "--allowed-private-addresses: '%.*s' is neither a network "
				       "(10.0.0.0/8) nor an address nor the name of a host",
				       STR_ARG(l->p[i]));
	if (l->n && !s->no_private_addresses)
		return err_new(ERR_INVALID, "--allowed-private-addresses is of use with "
					    "--no-private-addresses only");
	s->private_places = l->p;
	s->private_places_n = l->n;
	return NULL;
}

static err *set_log(const struct controller_flags *f)
{
	enum log_level level;

	if (!log_level_parse(f->log_level, &level))
		return err_new(ERR_INVALID, "--log-level: \"%.*s\" is none of trace, debug, info, error",
			       STR_ARG(f->log_level));
	if (!str_eq(f->log_encoding, S("json")) && !str_eq(f->log_encoding, S("console")))
		return err_new(ERR_INVALID, "--log-encoding: \"%.*s\" is neither json nor console",
			       STR_ARG(f->log_encoding));
	log_set(str_eq(f->log_encoding, S("json")) ? LOG_JSON : LOG_HUMAN, level);
	return NULL;
}

/* As the originals refuse to start: accounts that nobody would be asked about. */
static err *check_accounts(const struct settings *s)
{
	if (s->gates[GATE_OBJECT_LEVEL_WORKLOAD_IDENTITY] ||
	    (!s->default_kubeconfig_service_account.n && !s->default_decryption_service_account.n))
		return NULL;
	return err_new(ERR_INVALID,
		       "invalid configuration: cannot set default service accounts when the "
		       "feature gate ObjectLevelWorkloadIdentity is not enabled");
}

static err *read_flags(struct cli *c, struct controller_flags *f)
{
	struct settings *s = &f->settings, defaults;
	const char *namespace = cli_env(c, "RUNTIME_NAMESPACE");

	TRY(manifests_check_components(&f->components));
	settings_default(&defaults);
	memcpy(s->gates, defaults.gates, sizeof s->gates);
	for (size_t i = 0; i < f->gates.n; i++)
		TRY(settings_gates(s, f->gates.p[i]));
	TRY(check_accounts(s));
	s->runtime_namespace = namespace && *namespace && !cli_given(c, "namespace")
				       ? str_c(namespace)
				       : flux_settings(c)->namespace;
	s->env = c->env;
	s->override_managers = f->overrides.p;
	s->override_managers_n = f->overrides.n;
	split_kinds(c->arena, f->stage_kinds, s);
	TRY(join_algos(c->arena, "ssh-kex-algos", &f->kex_algos, &s->ssh_algos.kex));
	TRY(join_algos(c->arena, "ssh-hostkey-algos", &f->host_key_algos, &s->ssh_algos.host_key));
	TRY(set_places(&f->private_places, s));
	TRY(set_algo(f->digest_algo, digest_algo_parse, &s->digest_algo));
	TRY(set_algo(f->snapshot_algo, digest_algo_parse_any, &s->snapshot_digest_algo));
	TRY(set_numbers(f));
	if (flux_is_limited(c)) {
		s->kube_api_qps = flux_settings(c)->qps;
		s->kube_api_burst = flux_settings(c)->burst;
	}
	return set_log(f);
}

/* ---- running --------------------------------------------------------------------------- */

static void on_lost(void *ctx)
{
	(void)ctx;
	log_error(NULL, NULL, S("leader election lost"));
	kill(getpid(), SIGUSR1);
}

/* A signal ends the start as well as the work. */
struct waiting {
	sigset_t signals;
	pthread_t thread;
	atomic_bool stop;
	int got;
};

static void *wait_for_signal(void *arg)
{
	struct waiting *w = arg;

	sigwait(&w->signals, &w->got);
	atomic_store(&w->stop, true);
	return NULL;
}

static void block_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGTERM);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGHUP);
	sigaddset(set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static err *run_engine(struct cli *c, struct flux_server *server, struct waiting *w)
{
	const struct controller_flags *f = c->options;
	struct net_client *net;
	struct engine *engine;

	TRY(flux_net(server, &net));
	const struct engine_options o = {
		.net = net,
		.client = server->client,
		.settings = &f->settings,
		.elect = f->elect,
		.release = f->release,
		.components = f->components.p,
		.components_n = f->components.n,
		.lease = f->lease,
		.renew = f->renew,
		.retry = f->retry,
		.cancel = &w->stop,
		.lost = on_lost,
	};
	err *e = engine_start(&engine, &o);

	if (e && !atomic_load(&w->stop))
		pthread_kill(w->thread, SIGTERM);
	else if (!e)
		log_info(NULL, S("controllers started"));
	pthread_join(w->thread, NULL);
	if (e)
		return e;
	log_info(NULL, S("stopping"));
	engine_stop(engine);
	return w->got == SIGUSR1 ? err_new(ERR_UNAVAILABLE, "leader election lost") : NULL;
}

static err *run_controller(struct cli *c)
{
	struct controller_flags *f = c->options;
	CLEANUP(flux_close) struct flux_server server = FLUX_SERVER_NONE;
	struct waiting w = { .stop = false };

	server.quiet = true;
	TRY(read_flags(c, f));
	block_signals(&w.signals);
	TRY(flux_open(c, &server));
	if (pthread_create(&w.thread, NULL, wait_for_signal, &w))
		die_bug("pthread_create failed");
	err *e = run_engine(c, &server, &w);

	if (e && err_kind(e) == ERR_CANCELED) {	/* told to stop while it started */
		err_free(e);
		e = NULL;
	}
	return e;
}

const struct command controller_command = {
	.use = "controller",
	.brief = "Run the controllers of Flux, all in this process",
	.text = "Run the controllers of Flux, all in this process, on a cluster: sources, kustomizations\n"
		"and releases. Flags and feature gates are those of Flux's controllers.",
	.example = "  # On the cluster of the current kubeconfig, with artifacts in a folder\n"
		   "  rill controller --storage-path ./artifacts --storage-addr 127.0.0.1:9090",
	.args = { ARGS_NONE },
	.flags = controller_flag_table,
	.options = sizeof(struct controller_flags),
	.run = run_controller,
};
