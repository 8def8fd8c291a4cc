/* settings - the flags and feature gates of all controllers, in one struct.
 *
 * Flux's names and defaults (common.md §14). The command line fills it; the
 * controllers only read. Constant once the runtime starts: any thread.
 */
#ifndef CONTROLLERS_SETTINGS_H
#define CONTROLLERS_SETTINGS_H

#include "base/arena.h"
#include "base/err.h"
#include "source/digest.h"
#include "source/gitremote.h"

enum gate {
	GATE_ADDITIVE_CEL_DEPENDENCY_CHECK,
	GATE_ALLOW_DNS_LOOKUPS,
	GATE_CACHE_SECRETS_AND_CONFIG_MAPS,
	GATE_CANCEL_HEALTH_CHECK_ON_NEW_REVISION,
	GATE_CORRECT_DRIFT,
	GATE_DEFAULT_TO_RETRY_ON_FAILURE,
	GATE_DETECT_DRIFT,
	GATE_DIRECT_SOURCE_FETCH,
	GATE_DISABLE_CHART_DIGEST_TRACKING,
	GATE_DISABLE_COMMIT_STATUS_EVENT,
	GATE_DISABLE_CONFIG_WATCHERS,
	GATE_DISABLE_FAIL_FAST_BEHAVIOR,
	GATE_EXTERNAL_ARTIFACT,
	GATE_GROUP_CHANGE_LOG,
	GATE_MIGRATE_API_VERSION,
	GATE_OBJECT_LEVEL_WORKLOAD_IDENTITY,
	GATE_STRICT_POST_BUILD_SUBSTITUTIONS,
	GATE_USE_HELM3_DEFAULTS,
	GATES,
};

/* Something of this machine that stands for a source (rill up). */
struct replacement {
	str kind, namespace, name;	/* namespace empty: any */
	str dir;			/* a directory: its files are the artifact */
	str url;			/* or another address */
};

struct settings {
	bool gates[GATES];
	str runtime_namespace;		/* $RUNTIME_NAMESPACE; "flux-system" */
	bool watch_all_namespaces;
	str watch_label_selector;
	/* Empty: all ConfigMaps and Secrets that are referred to (rill's default). */
	str watch_configs_label_selector;
	bool no_cross_namespace_refs;
	str default_service_account;
	char *const *env;		/* for identities at clouds; NULL: none */
	str default_kubeconfig_service_account;	/* where kubeConfig.configMapRef names none */
	str default_decryption_service_account;	/* where spec.decryption names none */
	bool insecure_kubeconfig_exec, insecure_kubeconfig_tls;
	unsigned concurrent;		/* workers; 0: by the processors, at least 8 */
	unsigned concurrent_ssa;
	unsigned jitter_percent;
	int64_t min_retry_delay, max_retry_delay, requeue_dependency;
	str events_addr, metrics_addr, health_addr;	/* empty: none */
	str storage_addr, storage_adv_addr, storage_path;
	int64_t retention_ttl;
	unsigned retention_records;
	enum digest_algo digest_algo;	/* that artifacts are named by */
	enum digest_algo snapshot_digest_algo;	/* of releases and values, in status.history */
	unsigned http_retry;		/* soon, when a server is away; then at the retry interval */
	double kube_api_qps;		/* requests a second to each API server; 0: no limit */
	int64_t kube_api_burst;
	int64_t helm_index_max, helm_chart_max, helm_chart_file_max;	/* bytes */
	size_t token_cache_max;		/* tokens of clouds; 0: none are kept */
	int64_t token_cache_duration;
	bool no_remote_bases;
	bool no_private_addresses;	/* for what objects name: sources, their proxies, remote bases */
	const str *private_places;	/* but for those (net_is_place) */
	size_t private_places_n;
	struct gitremote_algos ssh_algos;
	str sops_age_secret, sops_vault_configmap;
	const str *override_managers;
	size_t override_managers_n;
	const str *custom_stage_kinds;	/* "group/Kind" */
	size_t custom_stage_kinds_n;
	const struct replacement *replacements;
	size_t replacements_n;
	int64_t graceful;		/* for passes that run when it stops */
	int64_t prune_guard;		/* 0: off; else at most that many objects at once */
	/* Definitions of Flux's own kinds are the program's: those of a Kustomization are
	 * left out (rill up). */
	bool own_definitions;
};

void settings_default(struct settings *s);
/* "Name=true,Name=false": unknown names are an error that lists the known. */
err *settings_gates(struct settings *s, str text) __attribute__((warn_unused_result));

#endif
