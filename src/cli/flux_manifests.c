#include "cli/flux_manifests.h"

#include "api/kind.h"
#include "base/sort.h"
#include "value/yaml.h"

/* ---- options ----------------------------------------------------------- */

static const char *const known[] = {
	"source-controller",	   "kustomize-controller",   "helm-controller",
	"notification-controller", "image-reflector-controller", "image-automation-controller",
	"source-watcher",
};

err *manifests_check_components(const struct flag_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		bool found = false;

		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			found = found || str_eq(list->p[i], str_c(known[k]));
		if (!found)
			return err_new(ERR_INVALID, "component %.*s is not available",
				       STR_ARG(list->p[i]));
	}
	return NULL;
}

static err *check_version(str version)
{
	if (!version.n || str_eq(version, S("latest")) || str_eq(version, S("v" FLUX_VERSION)))
		return NULL;
	if (!str_starts(version, S("v")))
		return err_new(ERR_INVALID, "targeted version '%.*s' must be prefixed with 'v'",
			       STR_ARG(version));
	return err_new(ERR_INVALID,
		       "targeted version '%.*s' is not compatible with your current version of flux "
		       "(" FLUX_VERSION ")",
		       STR_ARG(version));
}

err *manifests_check(struct arena *a, const struct manifests_options *o)
{
	str user, password;

	(void)a;
	TRY(manifests_check_components(&o->components));
	TRY(manifests_check_components(&o->extra));
	if (o->registry_login.n && !o->image_pull_secret.n)
		return err_new(ERR_INVALID,
			       "--registry-creds requires --image-pull-secret to be set");
	if (o->registry_login.n && !str_split(o->registry_login, ':', &user, &password))
		return err_new(ERR_INVALID,
			       "invalid --registry-creds format, expected 'user:password'");
	return check_version(o->version);
}

/* ---- objects ----------------------------------------------------------- */

/* Flux's namespace and policies. Names and labels that depend on the options
 * are put in afterwards. */
static const char head[] =
	"apiVersion: v1\n"
	"kind: Namespace\n"
	"metadata:\n"
	"  labels:\n"
	"    pod-security.kubernetes.io/warn: restricted\n"
	"    pod-security.kubernetes.io/warn-version: latest\n";

static const char policies[] =
	"apiVersion: networking.k8s.io/v1\n"
	"kind: NetworkPolicy\n"
	"metadata: {name: allow-egress}\n"
	"spec:\n"
	"  egress: [{}]\n"
	"  ingress: [{from: [{podSelector: {}}]}]\n"
	"  podSelector: {}\n"
	"  policyTypes: [Ingress, Egress]\n"
	"---\n"
	"apiVersion: networking.k8s.io/v1\n"
	"kind: NetworkPolicy\n"
	"metadata: {name: allow-scraping}\n"
	"spec:\n"
	"  ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 8080, protocol: TCP}]}]\n"
	"  podSelector: {}\n"
	"  policyTypes: [Ingress]\n"
	"---\n"
	"apiVersion: networking.k8s.io/v1\n"
	"kind: NetworkPolicy\n"
	"metadata: {name: allow-webhooks}\n"
	"spec:\n"
	"  ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 9292, protocol: TCP}]}]\n"
	"  podSelector: {matchLabels: {app: notification-controller}}\n"
	"  policyTypes: [Ingress]\n";

/* Names in this part get the namespace behind them. "FLUX" is replaced by the
 * groups of Flux. */
static const char rights[] =
	"apiVersion: v1\n"
	"kind: ResourceQuota\n"
	"metadata: {name: critical-pods}\n"
	"spec:\n"
	"  hard: {pods: '1000'}\n"
	"  scopeSelector:\n"
	"    matchExpressions:\n"
	"    - operator: In\n"
	"      scopeName: PriorityClass\n"
	"      values: [system-node-critical, system-cluster-critical]\n"
	"---\n"
	"apiVersion: rbac.authorization.k8s.io/v1\n"
	"kind: ClusterRole\n"
	"metadata: {name: crd-controller}\n"
	"rules:\n"
	"- {apiGroups: FLUX, resources: ['*'], verbs: ['*']}\n"
	"- apiGroups: ['']\n"
	"  resources: [namespaces, secrets, configmaps, serviceaccounts]\n"
	"  verbs: [get, list, watch]\n"
	"- {apiGroups: [''], resources: [events], verbs: [create, patch]}\n"
	"- apiGroups: ['']\n"
	"  resources: [configmaps]\n"
	"  verbs: [get, list, watch, create, update, patch, delete]\n"
	"- {apiGroups: [''], resources: [configmaps/status], verbs: [get, update, patch]}\n"
	"- apiGroups: [coordination.k8s.io]\n"
	"  resources: [leases]\n"
	"  verbs: [get, list, watch, create, update, patch, delete]\n"
	"- {apiGroups: [''], resources: [serviceaccounts/token], verbs: [create]}\n"
	"- {nonResourceURLs: [/livez/ping], verbs: [head]}\n"
	"---\n"
	"apiVersion: rbac.authorization.k8s.io/v1\n"
	"kind: ClusterRole\n"
	"metadata:\n"
	"  labels:\n"
	"    rbac.authorization.k8s.io/aggregate-to-admin: 'true'\n"
	"    rbac.authorization.k8s.io/aggregate-to-edit: 'true'\n"
	"  name: flux-edit\n"
	"rules:\n"
	"- apiGroups: FLUX\n"
	"  resources: ['*']\n"
	"  verbs: [create, delete, deletecollection, patch, update]\n"
	"---\n"
	"apiVersion: rbac.authorization.k8s.io/v1\n"
	"kind: ClusterRole\n"
	"metadata:\n"
	"  labels:\n"
	"    rbac.authorization.k8s.io/aggregate-to-admin: 'true'\n"
	"    rbac.authorization.k8s.io/aggregate-to-edit: 'true'\n"
	"    rbac.authorization.k8s.io/aggregate-to-view: 'true'\n"
	"  name: flux-view\n"
	"rules:\n"
	"- {apiGroups: FLUX, resources: ['*'], verbs: [get, list, watch]}\n"
	"---\n"
	"apiVersion: rbac.authorization.k8s.io/v1\n"
	"kind: ClusterRoleBinding\n"
	"metadata: {name: cluster-reconciler}\n"
	"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}\n"
	"subjects: [{kind: ServiceAccount, name: " MANIFESTS_NAME "}]\n"
	"---\n"
	"apiVersion: rbac.authorization.k8s.io/v1\n"
	"kind: ClusterRoleBinding\n"
	"metadata: {name: crd-controller}\n"
	"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: crd-controller}\n"
	"subjects:\n"
	"- {kind: ServiceAccount, name: " MANIFESTS_NAME "}\n"
	"- {kind: ServiceAccount, name: notification-controller}\n"
	"- {kind: ServiceAccount, name: image-reflector-controller}\n"
	"- {kind: ServiceAccount, name: image-automation-controller}\n";

/* Artifacts are served under the name that they have always had: it stands in
 * the status of every source. */
static const char program[] =
	"apiVersion: v1\n"
	"kind: ServiceAccount\n"
	"metadata: {name: " MANIFESTS_NAME "}\n"
	"---\n"
	"apiVersion: v1\n"
	"kind: Service\n"
	"metadata: {labels: {control-plane: controller}, name: source-controller}\n"
	"spec:\n"
	"  ports: [{name: http, port: 80, protocol: TCP, targetPort: http}]\n"
	"  selector: {app: " MANIFESTS_NAME "}\n"
	"  type: ClusterIP\n"
	"---\n"
	"apiVersion: apps/v1\n"
	"kind: Deployment\n"
	"metadata: {labels: {control-plane: controller}, name: " MANIFESTS_NAME "}\n"
	"spec:\n"
	"  replicas: 1\n"
	"  selector: {matchLabels: {app: " MANIFESTS_NAME "}}\n"
	"  strategy: {type: Recreate}\n"
	"  template:\n"
	"    metadata:\n"
	"      annotations: {prometheus.io/port: '8080', prometheus.io/scrape: 'true'}\n"
	"      labels: {app: " MANIFESTS_NAME "}\n"
	"    spec:\n"
	"      containers:\n"
	"      - name: manager\n"
	"        env:\n"
	"        - name: RUNTIME_NAMESPACE\n"
	"          valueFrom: {fieldRef: {fieldPath: metadata.namespace}}\n"
	"        imagePullPolicy: IfNotPresent\n"
	"        livenessProbe: {httpGet: {path: /healthz, port: healthz}}\n"
	"        ports:\n"
	"        - {containerPort: 9090, name: http, protocol: TCP}\n"
	"        - {containerPort: 8080, name: http-prom, protocol: TCP}\n"
	"        - {containerPort: 9440, name: healthz, protocol: TCP}\n"
	"        readinessProbe: {httpGet: {path: /readyz, port: healthz}}\n"
	"        resources:\n"
	"          limits: {cpu: 1000m, memory: 1Gi}\n"
	"          requests: {cpu: 50m, memory: 32Mi}\n"
	"        securityContext:\n"
	"          allowPrivilegeEscalation: false\n"
	"          capabilities: {drop: [ALL]}\n"
	"          readOnlyRootFilesystem: true\n"
	"          runAsNonRoot: true\n"
	"          seccompProfile: {type: RuntimeDefault}\n"
	"        volumeMounts:\n"
	"        - {mountPath: /data, name: data}\n"
	"        - {mountPath: /tmp, name: tmp}\n"
	"      nodeSelector: {kubernetes.io/os: linux}\n"
	"      priorityClassName: system-cluster-critical\n"
	"      securityContext: {fsGroup: 1337, runAsUser: 65534}\n"
	"      serviceAccountName: " MANIFESTS_NAME "\n"
	"      terminationGracePeriodSeconds: 10\n"
	"      volumes:\n"
	"      - {emptyDir: {}, name: data}\n"
	"      - {emptyDir: {}, name: tmp}\n";

/* Flux's controllers whose work rill does not do may be kept beside it. They find
 * all that is theirs but the Deployment. */
static const char account[] =
	"apiVersion: v1\n"
	"kind: ServiceAccount\n"
	"metadata: {name: %s}\n";

/* What alerts and webhooks are sent to. */
static const char notification[] =
	"apiVersion: v1\n"
	"kind: Service\n"
	"metadata: {labels: {control-plane: controller}, name: notification-controller}\n"
	"spec:\n"
	"  ports: [{name: http, port: 80, protocol: TCP, targetPort: http}]\n"
	"  selector: {app: notification-controller}\n"
	"  type: ClusterIP\n"
	"---\n"
	"apiVersion: v1\n"
	"kind: Service\n"
	"metadata: {labels: {control-plane: controller}, name: webhook-receiver}\n"
	"spec:\n"
	"  ports: [{name: http, port: 80, protocol: TCP, targetPort: http-webhook}]\n"
	"  selector: {app: notification-controller}\n"
	"  type: ClusterIP\n";

static const char *const kept[] = {
	"notification-controller", "image-reflector-controller", "image-automation-controller",
};

bool manifests_is_kept(str component)
{
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (str_eq(component, str_c(kept[i])))
			return true;
	return false;
}

/* Whose work a kind is. */
static const struct {
	const char *group, *kind;	/* NULL: all others of the group */
	const char *component;
} owners[] = {
	{ "source.toolkit.fluxcd.io", NULL, "source-controller" },
	{ "source.extensions.fluxcd.io", NULL, "source-watcher" },
	{ "kustomize.toolkit.fluxcd.io", NULL, "kustomize-controller" },
	{ "helm.toolkit.fluxcd.io", NULL, "helm-controller" },
	{ "notification.toolkit.fluxcd.io", NULL, "notification-controller" },
	{ "image.toolkit.fluxcd.io", "ImageUpdateAutomation", "image-automation-controller" },
	{ "image.toolkit.fluxcd.io", NULL, "image-reflector-controller" },
};

static bool is_listed(const struct flag_list *list, const char *component)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->p[i], str_c(component)))
			return true;
	return false;
}

static bool has_component(const struct manifests_options *o, const char *component)
{
	return is_listed(&o->components, component) || is_listed(&o->extra, component);
}

static bool is_defined(const struct manifests_options *o, const struct api_kind *k)
{
	for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
		if (str_eq(k->group, str_c(owners[i].group)) &&
		    (!owners[i].kind || str_eq(k->kind, str_c(owners[i].kind))))
			return has_component(o, owners[i].component);
	return true;
}

/* What an object stands for in the whole. */
enum part { PART_HEAD, PART_PLAIN, PART_RIGHTS, PART_PROGRAM };

static void put(struct arena *a, node map, const char *key, str value)
{
	node_set(a, map, str_c(key), node_from_str(a, value));
}

static void label(struct arena *a, node map, const struct manifests_options *o, enum part part)
{
	if (part == PART_PROGRAM)
		put(a, map, "app.kubernetes.io/component", S(MANIFESTS_NAME));
	put(a, map, "app.kubernetes.io/instance", o->namespace);
	put(a, map, "app.kubernetes.io/part-of", S("flux"));
	put(a, map, "app.kubernetes.io/version", S("v" FLUX_VERSION));
}

/* The groups of Flux in the place of "FLUX". */
static void put_groups(struct arena *a, node rules)
{
	size_t n;
	const struct api_kind *kinds = api_kinds(&n);
	str *groups = arena_array(a, str, n);
	node list = node_seq(a, 8);

	for (size_t i = 0; i < n; i++)
		groups[i] = kinds[i].group;
	n = sort_unique(groups, n);
	for (size_t i = 0; i < n; i++)
		node_append(a, list, node_from_str(a, groups[i]));
	node_each_item(r, rules)
		if (str_eq(node_str(node_get(*r, S("apiGroups"))), S("FLUX")))
			node_set(a, *r, S("apiGroups"), list);
}

static void place(struct arena *a, node object, const struct manifests_options *o, enum part part)
{
	node metadata = node_need_map(a, object, S("metadata"));
	node name = node_get(metadata, S("name"));
	node role = node_dig(object, "roleRef");
	bool cluster = str_starts(node_str(node_get(object, S("kind"))), S("ClusterRole"));

	label(a, node_need_map(a, metadata, S("labels")), o, part);
	put(a, metadata, "name",
	    part == PART_HEAD	? o->namespace
	    : part == PART_RIGHTS ? arena_cat(a, node_str(name), S("-"), o->namespace)
				: node_str(name));
	if (!cluster && part != PART_HEAD)
		put(a, metadata, "namespace", o->namespace);
	node_each_item(s, node_get(object, S("subjects")))
		put(a, *s, "namespace", o->namespace);
	if (!node_is_nil(role) && !str_eq(node_str(node_get(role, S("name"))), S("cluster-admin")))
		put(a, role, "name",
		    arena_cat(a, node_str(node_get(role, S("name"))), S("-"), o->namespace));
	put_groups(a, node_get(object, S("rules")));
}

static err *add(struct arena *a, node list, const char *text, const struct manifests_options *o,
		enum part part)
{
	struct yaml_doc *docs;
	size_t n;

	TRY(yaml_read_all(a, str_c(text), YAML_KUBE, &docs, &n));
	for (size_t i = 0; i < n; i++) {
		place(a, docs[i].root, o, part);
		node_append(a, list, docs[i].root);
	}
	return NULL;
}

/* ---- the Deployment ---------------------------------------------------- */

static void add_names(struct buf *out, const struct flag_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		buf_addf(out, "%s%.*s", out->n ? "," : "", STR_ARG(list->p[i]));
}

/* "source-controller,kustomize-controller" */
static str component_names(struct arena *a, const struct manifests_options *o)
{
	CLEANUP(buf_release) struct buf names = BUF_INIT;

	add_names(&names, &o->components);
	add_names(&names, &o->extra);
	return arena_str(a, buf_str(&names));
}

static node arguments(struct arena *a, const struct manifests_options *o)
{
	const str args[] = {
		S("controller"),
		arena_cat(a, S("--components="), component_names(a, o)),
		arena_printf(a, "--watch-all-namespaces=%s",
			     o->watch_all_namespaces ? "true" : "false"),
		arena_cat(a, S("--log-level="), o->log_level),
		S("--log-encoding=json"),
		S("--enable-leader-election"),
		S("--storage-path=/data"),
		arena_cat(a, S("--storage-adv-addr=source-controller.$(RUNTIME_NAMESPACE).svc."),
			  o->cluster_domain, S(".")),
	};
	node list = node_seq(a, 8);

	for (size_t i = 0; i < sizeof args / sizeof *args; i++)
		node_append(a, list, node_from_str(a, args[i]));
	if (has_component(o, "notification-controller"))
		node_append(a, list,
			    node_from_str(a, arena_cat(a, S("--events-addr=http://notification-controller."
							    "$(RUNTIME_NAMESPACE).svc."),
						       o->cluster_domain, S("./"))));
	if (has_component(o, "source-watcher"))
		node_append(a, list, node_lit("--feature-gates=ExternalArtifact=true"));
	return list;
}

static void complete(struct arena *a, node deployment, const struct manifests_options *o)
{
	node template = node_dig(deployment, "spec", "template"), spec = node_get(template, S("spec"));
	node container = node_at(node_get(spec, S("containers")), 0);
	str image = S("rill:" RILL_VERSION);

	label(a, node_dig(template, "metadata", "labels"), o, PART_PROGRAM);
	node_set(a, container, S("args"), arguments(a, o));
	put(a, container, "image",
	    o->own_registry ? arena_cat(a, o->registry, S("/"), image) : image);
	if (o->image_pull_secret.n) {
		node secret = node_map(a, 1), list = node_seq(a, 1);

		put(a, secret, "name", o->image_pull_secret);
		node_append(a, list, secret);
		node_set(a, spec, S("imagePullSecrets"), list);
	}
	if (!o->toleration_keys.n)
		return;
	node list = node_seq(a, o->toleration_keys.n);

	for (size_t i = 0; i < o->toleration_keys.n; i++) {
		node toleration = node_map(a, 2);

		put(a, toleration, "key", o->toleration_keys.p[i]);
		put(a, toleration, "operator", S("Exists"));
		node_append(a, list, toleration);
	}
	node_set(a, spec, S("tolerations"), list);
}

err *manifests_make(struct arena *a, const struct manifests_options *o, node *out)
{
	node list = node_seq(a, 40);
	size_t n;
	const struct api_kind *kinds = api_kinds(&n);

	TRY(add(a, list, head, o, PART_HEAD));
	if (o->network_policy)
		TRY(add(a, list, policies, o, PART_PLAIN));
	TRY(add(a, list, rights, o, PART_RIGHTS));
	for (size_t i = 0; i < n; i++) {
		node labels = node_map(a, 4);

		if (!is_defined(o, &kinds[i]))
			continue;
		label(a, labels, o, PART_PROGRAM);
		node_append(a, list, api_kind_crd(a, &kinds[i], labels));
	}
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
		if (has_component(o, kept[i]))
			TRY(add(a, list, arena_printf(a, account, kept[i]).p, o, PART_PROGRAM));
	if (has_component(o, "notification-controller"))
		TRY(add(a, list, notification, o, PART_PROGRAM));
	TRY(add(a, list, program, o, PART_PROGRAM));
	complete(a, node_at(list, node_len(list) - 1), o);
	*out = list;
	return NULL;
}

/* ---- as text ----------------------------------------------------------- */

err *manifests_print(struct arena *a, const struct manifests_options *o, node objects,
		     struct buf *out)
{
	str names = component_names(a, o);

	buf_add(out, S("---\n"
		       "# This manifest was generated by flux. DO NOT EDIT.\n"
		       "# Flux Version: v" FLUX_VERSION " (rill " RILL_VERSION ")\n"
		       "# Components: "));
	buf_add(out, names);
	for (size_t i = 0; i < node_len(objects); i++) {
		node object = node_copy(a, node_at(objects, i));

		node_sort(object);
		buf_add(out, i ? S("---\n") : S("\n"));
		TRY(yaml_write(out, object, YAML_WRITE_SIGS));
	}
	return buf_check(out, "manifest");
}
