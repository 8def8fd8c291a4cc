#include "controllers/settings.h"

#include "base/buf.h"
#include "base/clock.h"

static const struct {
	const char *name;
	bool on;	/* by default */
} gates[GATES] = {
	[GATE_ADDITIVE_CEL_DEPENDENCY_CHECK] = { "AdditiveCELDependencyCheck", false },
	[GATE_ALLOW_DNS_LOOKUPS] = { "AllowDNSLookups", false },
	[GATE_CACHE_SECRETS_AND_CONFIG_MAPS] = { "CacheSecretsAndConfigMaps", false },
	[GATE_CANCEL_HEALTH_CHECK_ON_NEW_REVISION] = { "CancelHealthCheckOnNewRevision", false },
	[GATE_CORRECT_DRIFT] = { "CorrectDrift", false },
	[GATE_DEFAULT_TO_RETRY_ON_FAILURE] = { "DefaultToRetryOnFailure", false },
	[GATE_DETECT_DRIFT] = { "DetectDrift", false },
	[GATE_DIRECT_SOURCE_FETCH] = { "DirectSourceFetch", false },
	[GATE_DISABLE_CHART_DIGEST_TRACKING] = { "DisableChartDigestTracking", false },
	[GATE_DISABLE_COMMIT_STATUS_EVENT] = { "DisableCommitStatusEvent", false },
	[GATE_DISABLE_CONFIG_WATCHERS] = { "DisableConfigWatchers", false },
	[GATE_DISABLE_FAIL_FAST_BEHAVIOR] = { "DisableFailFastBehavior", false },
	[GATE_EXTERNAL_ARTIFACT] = { "ExternalArtifact", true },
	[GATE_GROUP_CHANGE_LOG] = { "GroupChangeLog", false },
	[GATE_MIGRATE_API_VERSION] = { "MigrateAPIVersion", false },
	[GATE_OBJECT_LEVEL_WORKLOAD_IDENTITY] = { "ObjectLevelWorkloadIdentity", false },
	[GATE_STRICT_POST_BUILD_SUBSTITUTIONS] = { "StrictPostBuildSubstitutions", true },
	[GATE_USE_HELM3_DEFAULTS] = { "UseHelm3Defaults", false },
};

/* Gates of Flux that change nothing here: there is no poller's cache, no
 * process whose memory must be watched by itself, and image automation pushes
 * in one way. */
static const char *const accepted[] = {
	"AdoptLegacyReleases",	 "DisableStatusPollerCache", "GitAllBranchReferences",
	"GitForcePushBranch",	 "GitShallowClone",	     "GitSparseCheckout",
	"OOMWatch",
};

void settings_default(struct settings *s)
{
	*s = (struct settings){
		.runtime_namespace = S("flux-system"),
		.watch_all_namespaces = true,
		.concurrent_ssa = 4,
		.jitter_percent = 5,
		.min_retry_delay = 750 * CLOCK_MS,
		.max_retry_delay = 15 * CLOCK_MINUTE,
		.requeue_dependency = 30 * CLOCK_SECOND,
		.retention_ttl = CLOCK_MINUTE,
		.retention_records = 2,
		.http_retry = 9,
		.token_cache_max = 100,
		.token_cache_duration = CLOCK_HOUR,
		.helm_index_max = 50 << 20,
		.helm_chart_max = 10 << 20,
		.helm_chart_file_max = 5 << 20,
		.graceful = 10 * CLOCK_SECOND,
	};
	for (size_t i = 0; i < GATES; i++)
		s->gates[i] = gates[i].on;
}

static err *unknown(str name)
{
	CLEANUP(buf_release) struct buf known = BUF_INIT;

	for (size_t i = 0; i < GATES; i++)
		buf_addf(&known, "%s%s", i ? ", " : "", gates[i].name);
	return err_new(ERR_INVALID, "feature-gate '%.*s' not supported (known are %s)", STR_ARG(name),
		       buf_c(&known));
}

static err *set_gate(struct settings *s, str name, bool on)
{
	for (size_t i = 0; i < GATES; i++)
		if (str_eq(str_c(gates[i].name), name)) {
			s->gates[i] = on;
			return NULL;
		}
	for (size_t i = 0; i < sizeof accepted / sizeof *accepted; i++)
		if (str_eq(str_c(accepted[i]), name))
			return NULL;
	return unknown(name);
}

err *settings_gates(struct settings *s, str text)
{
	str piece, name, value;

	while (str_cut(&text, &piece, ',')) {
		piece = str_trim(piece);
		if (!piece.n)
			continue;
		if (!str_split(piece, '=', &name, &value))
			return err_new(ERR_INVALID, "missing bool value for %.*s", STR_ARG(piece));
		value = str_trim(value);
		bool on = str_eq_nocase(value, S("true"));

		if (!on && !str_eq_nocase(value, S("false")))
			return err_new(ERR_INVALID,
				       "invalid value of %.*s: %.*s, err: must be true or false",
				       STR_ARG(name), STR_ARG(value));
		TRY(set_gate(s, str_trim(name), on));
	}
	return NULL;
}
