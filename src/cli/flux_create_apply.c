/* flux_create_apply - "flux create kustomization" and "flux create helmrelease". */
#include "base/fs.h"
#include "cli/flux_choice.h"
#include "cli/flux_create.h"
#include "helm/values.h"
#include "value/yaml.h"

static void put_source(struct arena *a, node spec, const char *path, const struct choice_source *s)
{
	node ref = node_map(a, 3);

	create_text(a, ref, "kind", s->kind);
	create_needed(a, ref, "name", s->name);
	create_text(a, ref, "namespace", s->namespace);
	create_value(a, spec, path, ref);
}

/* ---- kustomization ----------------------------------------------------- */

struct kustomization_options {
	struct choice_source source;
	str path, validation, service_account, target_namespace, kubeconfig_ref;
	str decryption, decryption_secret;
	bool prune, wait;
	int64_t health_timeout, retry_interval;
	struct flag_list health_checks, depends_on;
};

/* [a b c] of "a/b/c", as Go prints a list. */
static str words_of(struct arena *a, str text)
{
	str all = arena_cat(a, S("["), text, S("]"));

	for (size_t i = 0; i < all.n; i++)
		if (all.p[i] == '/')
			((char *)all.p)[i] = ' ';
	return all;
}

/* "Kind/name.namespace" */
static err *read_health_check(struct arena *a, str text, node *out)
{
	static const str kinds[] = { S("HelmRelease"), S("Deployment"), S("DaemonSet"),
				     S("StatefulSet") };
	str kind, rest, name, namespace;
	bool known = false;

	if (!str_split(text, '/', &kind, &rest) || str_has(rest, S("/")))
		return err_new(ERR_INVALID,
			       "invalid health check '%.*s' must be in the format "
			       "'kind/name.namespace' %s",
			       STR_ARG(text), words_of(a, text).p);
	for (size_t i = 0; i < 4; i++)
		known = known || str_eq(kinds[i], kind);
	if (!known)
		return err_new(ERR_INVALID,
			       "invalid health check kind '%.*s' can be HelmRelease, Deployment, "
			       "DaemonSet or StatefulSet",
			       STR_ARG(kind));
	if (!str_split(rest, '.', &name, &namespace) || str_has(namespace, S(".")))
		return err_new(ERR_INVALID,
			       "invalid health check '%.*s' must be in the format "
			       "'kind/name.namespace'",
			       STR_ARG(text));
	*out = node_map(a, 4);
	if (str_eq(kind, S("HelmRelease")))
		create_text(a, *out, "apiVersion", S("helm.toolkit.fluxcd.io/v2"));
	create_text(a, *out, "kind", kind);
	create_needed(a, *out, "name", name);
	create_text(a, *out, "namespace", namespace);
	return NULL;
}

static err *put_health(struct cli *c, node spec)
{
	const struct kustomization_options *o = c->options;
	node checks = node_seq(c->arena, o->health_checks.n);

	for (size_t i = 0; !o->wait && i < o->health_checks.n; i++) {	/* else they are not looked at */
		node check;

		TRY(read_health_check(c->arena, o->health_checks.p[i], &check));
		node_append(c->arena, checks, check);
	}
	if (o->wait) {
		create_flag(c->arena, spec, "wait", true);
	} else if (node_len(checks)) {
		create_value(c->arena, spec, "healthChecks", checks);
	}
	if (o->wait || node_len(checks))
		create_duration(c->arena, spec, "timeout", o->health_timeout);
	return NULL;
}

static err *run_kustomization(struct cli *c)
{
	static const struct create_words words = { .subject = "Kustomization",
						   .stored = "Kustomization",
						   .no_generate = true,
						   .ready = true,
						   .outcome = "applied revision" };
	const struct kustomization_options *o = c->options;
	struct arena *a = c->arena;
	node spec = node_map(a, 12);

	if (!o->path.n)
		return err_new(ERR_INVALID, "path is required");
	if (!str_starts(o->path, S("./")))
		return err_new(ERR_INVALID, "path must begin with ./");
	if (!o->source.kind.n)
		return err_new(ERR_INVALID, "source is required");
	if (!create_options(c)->export)
		flux_generating(c, "generating %s", words.subject);
	TRY(create_check_labels(c));
	create_needed_duration(a, spec, "interval", create_options(c)->interval);
	create_text(a, spec, "path", o->path);
	create_value(a, spec, "prune", node_from_bool(o->prune));
	put_source(a, spec, "sourceRef", &o->source);
	create_references(a, spec, "dependsOn", &o->depends_on);
	TRY(put_health(c, spec));
	create_text(a, spec, "kubeConfig.secretRef.name", o->kubeconfig_ref);
	create_text(a, spec, "serviceAccountName", o->service_account);
	create_text(a, spec, "targetNamespace", o->target_namespace);
	create_duration(a, spec, "retryInterval", o->retry_interval > 0 ? o->retry_interval : 0);
	if (o->decryption.n) {
		create_text(a, spec, "decryption.provider", o->decryption);
		create_text(a, spec, "decryption.secretRef.name", o->decryption_secret);
	}
	return create_finish(c, FLUX_KUSTOMIZATION, spec, &words, NULL);
}

#define AT(field) offsetof(struct kustomization_options, field)

static const struct flag kustomization_flags[] = {
	{ "decryption-provider", 0, FLAG_CUSTOM, AT(decryption), "tool that secrets are encrypted with",
	  .type = &choice_decryption_provider, .choices = "sops" },
	{ "decryption-secret", 0, FLAG_STRING, AT(decryption_secret), "Secret with the keys" },
	{ "depends-on", 0, FLAG_LIST, AT(depends_on),
	  "Kustomizations that must be ready first, as name or namespace/name" },
	{ "health-check", 0, FLAG_LIST, AT(health_checks),
	  "objects whose health decides, as Kind/name.namespace" },
	{ "health-check-timeout", 0, FLAG_DURATION, AT(health_timeout),
	  "how long they may take to be healthy", .fallback = "2m0s" },
	{ "kubeconfig-secret-ref", 0, FLAG_STRING, AT(kubeconfig_ref),
	  "Secret with the kubeconfig of another cluster" },
	{ "path", 0, FLAG_CUSTOM, AT(path), "directory to build", .fallback = "./",
	  .type = &choice_path },
	{ "prune", 0, FLAG_BOOL, AT(prune), "delete what is gone from the source" },
	{ "retry-interval", 0, FLAG_DURATION, AT(retry_interval),
	  "how long to wait after a failure" },
	{ "service-account", 0, FLAG_STRING, AT(service_account), "ServiceAccount to act as" },
	{ "source", 0, FLAG_CUSTOM, AT(source), "source to build from, as [Kind/]name[.namespace]",
	  .type = &choice_kustomization_source },
	{ "target-namespace", 0, FLAG_STRING, AT(target_namespace),
	  "namespace that all objects are put into" },
	{ "validation", 0, FLAG_STRING, AT(validation), "has no effect any more",
	  .deprecated = "this arg is no longer used, all resources are validated using server-side "
			"apply dry-run" },
	{ "wait", 0, FLAG_BOOL, AT(wait), "let the health of all objects decide" },
	{ 0 },
};

#undef AT

const struct command flux_create_kustomization_command = {
	.use = "kustomization [name]",
	.aliases = (const char *const[]){ "ks", NULL },
	.brief = "Create or update a Kustomization",
	.text = "Create a Kustomization and wait for it.",
	.example = "  flux create kustomization podinfo \\\n"
		   "    --source=podinfo --path=./deploy --prune=true --interval=10m",
	.flags = kustomization_flags,
	.options = sizeof(struct kustomization_options),
	.run = run_kustomization,
};

/* ---- helmrelease ------------------------------------------------------- */

struct release_options {
	struct choice_source source;
	str chart, chart_ref, chart_version, strategy, crds, release_name, service_account;
	str storage_namespace, target_namespace, kubeconfig_ref;
	bool create_namespace;
	int64_t chart_interval;
	struct flag_list depends_on, values, values_from;
};

enum { VALUES_SIZE_MAX = 16 << 20 };

/* `out` is nothing where the text is no YAML. */
static err *read_values(struct arena *a, str text, node *out)
{
	*out = NODE_NOTHING;
	err *e = yaml_read(a, text, YAML_KUBE, out);

	if (e) {
		str why = err_text(e);

		str_take_str(&why, S("error converting YAML to JSON: "));
		*out = NODE_NOTHING;
		return err_replace(e, "%.*s", STR_ARG(why));
	}
	if (!node_is(*out, NODE_MAP) && !node_is_nil(*out))
		return err_new(ERR_INVALID,
			       "json: cannot unmarshal %s into Go value of type map[string]interface {}",
			       node_kind_name(*out));
	return NULL;
}

static err *put_values(struct cli *c, node spec)
{
	const struct release_options *o = c->options;
	node all = node_map(c->arena, 8);

	for (size_t i = 0; i < o->values.n; i++) {
		str file = o->values.p[i], text;
		node values;
		err *e = fs_read_any(c->arena, file, VALUES_SIZE_MAX, &text);

		if (e)
			return err_wrap(e, "reading values from %.*s failed", STR_ARG(file));
		e = read_values(c->arena, text, &values);
		if (e)
			return err_wrap(e, "%s values %sfrom %.*s failed",
					values.kind == NODE_NONE ? "converting" : "unmarshaling",
					values.kind == NODE_NONE ? "to JSON " : "", STR_ARG(file));
		if (node_is(values, NODE_MAP))
			all = values_merge(c->arena, all, values);
	}
	if (o->values.n)
		create_value(c->arena, spec, "values", all);
	return NULL;
}

static err *put_values_from(struct cli *c, node spec)
{
	static const str kinds[] = { S("Secret"), S("ConfigMap") };
	const struct release_options *o = c->options;
	node list = node_seq(c->arena, o->values_from.n);

	for (size_t i = 0; i < o->values_from.n; i++) {
		str text = o->values_from.p[i], kind, name;
		node ref = node_map(c->arena, 2);

		choice_split(text, &kind, &name);
		if (!kind.n)
			return err_new(ERR_INVALID,
				       "invalid Kubernetes object reference '%.*s', must be in "
				       "format <kind>/<name>",
				       STR_ARG(text));
		size_t at = str_eq_nocase(kind, kinds[0]) ? 0 : str_eq_nocase(kind, kinds[1]) ? 1 : 2;

		if (at == 2)
			return err_new(ERR_INVALID,
				       "reference kind '%.*s' is not supported, must be one of: "
				       "Secret, ConfigMap",
				       STR_ARG(kind));
		create_text(c->arena, ref, "kind", kinds[at]);
		create_needed(c->arena, ref, "name", name);
		node_append(c->arena, list, ref);
	}
	if (node_len(list))
		create_value(c->arena, spec, "valuesFrom", list);
	return NULL;
}

static err *put_chart(struct cli *c, node spec)
{
	const struct release_options *o = c->options;
	struct arena *a = c->arena;

	create_text(a, spec, "chart.spec.chart", o->chart);
	create_text(a, spec, "chart.spec.version", o->chart_version);
	put_source(a, spec, "chart.spec.sourceRef", &o->source);
	create_text(a, spec, "chart.spec.reconcileStrategy", o->strategy);
	create_duration(a, spec, "chart.spec.interval", o->chart_interval);
	return NULL;
}

/* "Kind/name[.namespace]" of an OCIRepository or a HelmChart. */
static err *put_chart_ref(struct cli *c, node spec)
{
	const struct release_options *o = c->options;
	struct choice_source ref = { 0 };

	choice_split(o->chart_ref, &ref.kind, &ref.name);
	if (!str_eq(ref.kind, S("OCIRepository")) && !str_eq(ref.kind, S("HelmChart")))
		return err_new(ERR_INVALID,
			       "chart reference kind '%.*s' is not supported, must be one of: "
			       "OCIRepository, HelmChart",
			       STR_ARG(ref.kind));
	choice_split_namespace(&ref.name, &ref.namespace);
	put_source(c->arena, spec, "chartRef", &ref);
	return NULL;
}

static err *check_release(struct cli *c)
{
	const struct release_options *o = c->options;

	if (!o->chart.n && !o->chart_ref.n)
		return err_new(ERR_INVALID, "chart or chart-ref is required");
	if (o->chart.n && o->chart_ref.n)
		return err_new(ERR_INVALID, "cannot use --chart in combination with --chart-ref");
	TRY(create_check_labels(c));
	if (!create_options(c)->export)
		flux_generating(c, "generating HelmRelease");
	if (!str_eq(o->strategy, S("Revision")) && !str_eq(o->strategy, S("ChartVersion")))
		return err_new(ERR_INVALID,
			       "'%.*s' is an invalid reconcile strategy(valid: Revision, ChartVersion)",
			       STR_ARG(o->strategy));
	return NULL;
}

static err *run_helmrelease(struct cli *c)
{
	static const struct create_words words = { .subject = "HelmRelease",
						   .stored = "HelmRelease",
						   .no_generate = true,
						   .ready = true,
						   .outcome = "applied revision" };
	const struct release_options *o = c->options;
	struct arena *a = c->arena;
	node spec = node_map(a, 12);

	TRY(check_release(c));
	create_text(a, spec, "releaseName", o->release_name);
	create_references(a, spec, "dependsOn", &o->depends_on);
	create_needed_duration(a, spec, "interval", create_options(c)->interval);
	create_text(a, spec, "targetNamespace", o->target_namespace);
	create_text(a, spec, "storageNamespace",
		    o->storage_namespace.n ? o->storage_namespace : o->target_namespace);
	TRY(o->chart.n ? put_chart(c, spec) : put_chart_ref(c, spec));
	create_text(a, spec, "kubeConfig.secretRef.name", o->kubeconfig_ref);
	create_flag(a, spec, "install.createNamespace", o->create_namespace);
	create_text(a, spec, "serviceAccountName", o->service_account);
	if (o->crds.n) {
		create_text(a, spec, "install.crds", S("Create"));
		create_text(a, spec, "upgrade.crds", o->crds);
	}
	TRY(put_values(c, spec));
	TRY(put_values_from(c, spec));
	return create_finish(c, FLUX_RELEASE, spec, &words, NULL);
}

#define AT(field) offsetof(struct release_options, field)

static const struct flag release_flags[] = {
	{ "chart", 0, FLAG_STRING, AT(chart), "name or path of the chart" },
	{ "chart-interval", 0, FLAG_DURATION, AT(chart_interval),
	  "how often to look for a new chart" },
	{ "chart-ref", 0, FLAG_STRING, AT(chart_ref),
	  "existing chart source, as OCIRepository/name.namespace or HelmChart/name.namespace" },
	{ "chart-version", 0, FLAG_STRING, AT(chart_version), "version or range of versions" },
	{ "crds", 0, FLAG_CUSTOM, AT(crds), "what upgrades do with CRDs", .type = &choice_crds,
	  .choices = "Skip Create CreateReplace" },
	{ "create-target-namespace", 0, FLAG_BOOL, AT(create_namespace),
	  "make the target namespace" },
	{ "depends-on", 0, FLAG_LIST, AT(depends_on),
	  "HelmReleases that must be ready first, as name or namespace/name" },
	{ "kubeconfig-secret-ref", 0, FLAG_STRING, AT(kubeconfig_ref),
	  "Secret with the kubeconfig of another cluster" },
	{ "reconcile-strategy", 0, FLAG_STRING, AT(strategy),
	  "what makes a new chart: ChartVersion or Revision", .fallback = "ChartVersion" },
	{ "release-name", 0, FLAG_STRING, AT(release_name), "name of the release" },
	{ "service-account", 0, FLAG_STRING, AT(service_account), "ServiceAccount to act as" },
	{ "source", 0, FLAG_CUSTOM, AT(source), "source of the chart, as Kind/name[.namespace]",
	  .type = &choice_release_source },
	{ "storage-namespace", 0, FLAG_STRING, AT(storage_namespace),
	  "namespace that records are kept in" },
	{ "target-namespace", 0, FLAG_STRING, AT(target_namespace), "namespace of the release" },
	{ "values", 0, FLAG_LIST, AT(values), "files of values, merged in order" },
	{ "values-from", 0, FLAG_LIST, AT(values_from),
	  "ConfigMaps and Secrets of values, as Kind/name" },
	{ 0 },
};

#undef AT

const struct command flux_create_helmrelease_command = {
	.use = "helmrelease [name]",
	.aliases = (const char *const[]){ "hr", NULL },
	.brief = "Create or update a HelmRelease",
	.text = "Create a HelmRelease and wait for it.",
	.example = "  flux create hr podinfo \\\n"
		   "    --source=HelmRepository/podinfo --chart=podinfo --chart-version='>4.0.0'",
	.flags = release_flags,
	.options = sizeof(struct release_options),
	.run = run_helmrelease,
};
