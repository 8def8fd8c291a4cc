"""Kustomizations, and what lies below their paths, for flux_beside.py.

A case is made by add(NAME, FILES, SPEC): FILES are by path below its directory of the repository, SPEC is merged over
that of all. `then` are files of the second commit (None: gone); `before` objects that are there already, made with
kubectl's manager; `after` what another manager does between the commits, (PATH, PATCH); `more` a regular expression
of what one side says besides; `otherwise` what of its Kustomization is not compared, with a word why.
"""
CASES = {}


def add(case, files, spec=None, *, then=None, before=(), after=(), meta=None, path=None, more=None,
        otherwise=()):
    CASES[case] = {"files": files, "spec": spec or {}, "then": then or {}, "before": before, "after": after,
                   "meta": meta or {}, "path": path, "more": more,
                   "otherwise": otherwise}


def cm(name, data="k: v", meta="", namespace="apps", more=""):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n%s%sdata:\n  %s\n%s" % (
        name, "  namespace: %s\n" % namespace if namespace else "", meta, data.replace("\n", "\n  "), more)


def mark(kind, key, value):
    return "  %s: {kustomize.toolkit.fluxcd.io/%s: %s}\n" % (kind, key, value)


def crd(plural, kind, group="toys.example.com", scope="Namespaced"):
    return """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %s.%s}
spec:
  group: %s
  names: {kind: %s, plural: %s}
  scope: %s
  versions:
  - name: v1
    served: true
    storage: true
    subresources: {status: {}}
    schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
""" % (plural, group, group, kind, plural, scope)


DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata: {name: %s, namespace: apps}
spec:
  replicas: 1
  selector: {matchLabels: {app: %s}}
  template:
    metadata: {labels: {app: %s}}
    spec:
      containers:
      - {name: main, image: 'example.com/main:1', ports: [{containerPort: 80}]}
"""

# ---- what goes well

add("plain", {"a.yaml": cm("plain-a") + "---\n" + cm("plain-b")}, then={"a.yaml": cm("plain-a", "k: w")})
add("unchanged", {"a.yaml": cm("unchanged")})
add("folders", {"a.yaml": cm("folders-a"), "x/b.yml": cm("folders-b"), "x/y/c.yaml": cm("folders-c"),
                "z/kustomization.yaml": "namePrefix: z-\nresources: [d.yaml]\n", "z/d.yaml": cm("folders-d"), "README.md": "no"})
add("all-kinds", {"a.yaml": DEPLOYMENT % (("all-kinds",) * 3) + """---
apiVersion: v1
kind: Service
metadata: {name: all-kinds, namespace: apps}
spec: {selector: {app: x}, ports: [{port: 80}]}
---
apiVersion: v1
kind: Secret
metadata: {name: all-kinds, namespace: apps}
stringData: {a: b}
data: {c: ZA==}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: all-kinds, namespace: apps}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: 'all:kinds', namespace: apps}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: 'all:kinds', namespace: apps}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: 'all:kinds'}
subjects: [{kind: ServiceAccount, name: all-kinds}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: 'all:kinds'}
rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: all-kinds, namespace: apps}
spec: {rules: [{host: a.example.com, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: x, port: {number: 80}}}}]}}]}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: all-kinds, namespace: apps}
spec: {schedule: '@yearly', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: a}]}}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: all-kinds, namespace: apps}
spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: x}, metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]}
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: {name: all-kinds}
value: 10
"""})
add("with-namespace", {"a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: with-namespace}\n---\n" + cm("a", namespace="with-namespace")})
add("with-definition", {"a.yaml": crd("bears", "Bear") + "---\napiVersion: toys.example.com/v1\nkind: Bear\nmetadata: {name: a, namespace: apps}\nspec: {size: 1}\n"})
add("list", {"a.yaml": "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: list-a, namespace: apps}\n- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: list-b, namespace: apps}\n"})
add("empty", {"README.md": "nothing"})
add("only-comments", {"a.yaml": "# nothing\n"})
add("with-status", {"a.yaml": DEPLOYMENT % (("with-status",) * 3) + "status: {replicas: 5}\n"})

# ---- the spec's transformers

add("patches", {"a.yaml": cm("patches-a") + "---\n" + cm("patches-b")}, {"patches": [
    {"patch": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: patches-a, namespace: apps}\ndata: {more: x}\n"},
    {"patch": "- {op: replace, path: /data/k, value: json}\n", "target": {"kind": "ConfigMap", "name": ".*-b"}}]})
add("patches-nothing", {"a.yaml": cm("patches-nothing")}, {"patches": [
    {"patch": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: nobody}\ndata: {more: x}\n"}]})
add("patches-bad", {"a.yaml": cm("patches-bad")}, {"patches": [{"patch": "- {op: replace, path: /data/none/x, value: json}\n", "target": {"kind": "ConfigMap"}}]})
add("patches-no-yaml", {"a.yaml": cm("patches-no-yaml")}, {"patches": [{"patch": "a: [b", "target": {"kind": "ConfigMap"}}]})
add("images", {"a.yaml": DEPLOYMENT % (("images",) * 3)}, {"images": [
    {"name": "example.com/main", "newName": "example.org/other", "newTag": "2"}]})
add("images-digest", {"kustomization.yaml": "resources: [a.yaml]\nimages:\n- {name: example.com/main, newTag: '3'}\n- {name: x, newName: y}\n",
                      "a.yaml": DEPLOYMENT % (("images-digest",) * 3)},
    {"images": [{"name": "example.com/main", "digest": "sha256:" + "0" * 64}]})
add("components", {"base/a.yaml": cm("components"), "comp/kustomization.yaml":
                   "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{patch: '[{op: add, path: /data/c, value: x}]', target: {kind: ConfigMap}}]\n"},
    {"components": ["../comp"]}, path="base")
add("components-missing", {"a.yaml": cm("components-missing")}, {"components": ["../none"]})
add("components-ignored", {"a.yaml": cm("components-ignored")}, {"components": ["../none"], "ignoreMissingComponents": True})
add("components-absolute", {"a.yaml": cm("components-absolute")}, {"components": ["/etc"]})
add("components-remote", {"a.yaml": cm("components-remote")}, {"components": ["https://example.com/x"]})
add("prefix", {"a.yaml": cm("name")}, {"namePrefix": "prefix-", "nameSuffix": "-suffix"})
add("target-namespace", {"a.yaml": cm("target-namespace", namespace="") + "---\n" + cm("target-namespace-b", namespace="elsewhere")},
    {"targetNamespace": "apps"})
add("target-namespace-missing", {"a.yaml": cm("x", namespace="")}, {"targetNamespace": "nowhere"})
add("common-metadata", {"a.yaml": cm("common-metadata", meta="  labels: {a: mine, b: mine}\n")},
    {"commonMetadata": {"labels": {"a": "theirs"}, "annotations": {"c": "d"}}})
add("build-metadata", {"kustomization.yaml": "resources: [a.yaml]\n", "a.yaml": cm("build-metadata")},
    {"buildMetadata": ["originAnnotations", "transformerAnnotations"], "namePrefix": "x-"})
add("everything", {"kustomization.yaml": "resources: [a.yaml]\nnamePrefix: in-\ncommonLabels: {x: y}\n", "a.yaml": cm("everything", namespace="")},
    {"namePrefix": "out-", "nameSuffix": "-out", "targetNamespace": "apps", "commonMetadata": {"labels": {"app": "x"}}})

# ---- variables

VARS = {"substitute": {"one": "1", "text": "a b", "lines": "a\nb\n", "empty": "", "quoted": '"7"'}}
add("variables", {"a.yaml": cm("variables", "\n".join((
    "a: ${text}", "c: ${none:=default}", "d: ${none:-x${text}}", "e: $${kept}", "f: ${text^^}", "g: ${text:0:1}", "h: ${text/a/b}",
    "i: '${lines}'", "j: '$text'", "k: ${empty:=e}", "l: x${#text}", "m: ${text//a/b}", "n: ${text#a }", "o: ${text%b}", "p: ${quoted}")))
    + "---\n" + DEPLOYMENT.replace("replicas: 1", "replicas: ${one}") % (("variables",) * 3)}, {"postBuild": VARS})
add("variables-number", {"a.yaml": cm("variables-number", "a: ${one}")}, {"postBuild": VARS})
add("variables-missing", {"a.yaml": cm("variables-missing", "a: ${none}")}, {"postBuild": VARS},
    more=r" \(none at \S+\); set it in spec\.postBuild, [^\n]*")   # where, and how to mend it
add("variables-off", {"a.yaml": cm("variables-off", "a: ${none}", meta=mark("annotations", "substitute", "disabled"))}, {"postBuild": VARS})
add("variables-none", {"a.yaml": cm("variables-none", "a: ${none}")}, {"postBuild": {"substitute": {}}})
add("variables-always", {"a.yaml": cm("variables-always", "a: ${none:=x}")}, {"postBuild": {"substituteStrategy": "Always"}})
add("variables-name", {"a.yaml": cm("variables-name")}, {"postBuild": {"substitute": {"a-b": "c"}}})
add("variables-brace", {"a.yaml": cm("variables-brace", "a: ${text")}, {"postBuild": VARS})
add("variables-bad", {"a.yaml": cm("variables-bad", "a: ${text-x}")}, {"postBuild": VARS})
add("variables-yaml", {"a.yaml": cm("variables-yaml", "a: x\n  ${bad}")}, {"postBuild": {"substitute": {"bad": "a: b: c"}}})
add("variables-from", {"a.yaml": cm("variables-from", "a: ${from} ${secret} ${both}")}, {"postBuild": {
    "substitute": {"both": "inline"}, "substituteFrom": [{"kind": "ConfigMap", "name": "vars"}, {"kind": "Secret", "name": "vars"},
                                                         {"kind": "Secret", "name": "none", "optional": True}]}})
add("variables-from-missing", {"a.yaml": cm("variables-from-missing")}, {"postBuild": {"substituteFrom": [{"kind": "Secret", "name": "none"}]}})
add("variables-secret-error", {"a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: variables-secret-error, namespace: apps}\nspec: {type: '${secret}', ports: [{port: 80}]}\n"},
    {"postBuild": {"substituteFrom": [{"kind": "Secret", "name": "vars"}]}})

# ---- garbage in the repository

add("bad-yaml", {"a.yaml": "a: b: c\n"})
add("bad-indent", {"a.yaml": cm("bad-indent") + " x: y\n  z\n"})
add("bad-tab", {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n\tname: x\n"})
add("no-kind", {"a.yaml": "apiVersion: v1\nmetadata: {name: x}\n"})
add("no-name", {"a.yaml": "apiVersion: v1\nkind: ConfigMap\ndata: {a: b}\n"})
add("no-object", {"a.yaml": "just text\n"})
add("a-sequence", {"a.yaml": "- a\n- b\n"})
add("duplicate-key", {"a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, name: y}\n"})
add("twice", {"a.yaml": cm("twice"), "b.yaml": cm("twice")})
add("missing-path", {"x/a.yaml": cm("missing-path")}, path="nope")
add("path-outside", {"a.yaml": cm("path-outside")}, path="../../../../nope")
# Flux tells that it could not remove what it could not write.
add("path-is-file", {"a.yaml": cm("path-is-file")}, path="a.yaml", otherwise=("conditions", "events"))
add("k-unknown-field", {"kustomization.yaml": "resources: [a.yaml]\nnonsense: true\n", "a.yaml": cm("k-unknown-field")})
add("k-missing-resource", {"kustomization.yaml": "resources: [none.yaml]\n"})
add("k-empty", {"kustomization.yaml": ""})
add("k-empty-resources", {"kustomization.yaml": "resources: []\n"})
add("k-two", {"kustomization.yaml": "resources: [a.yaml]\n", "kustomization.yml": "resources: [a.yaml]\n", "a.yaml": cm("k-two")})
add("k-bad-yaml", {"kustomization.yaml": "resources: [a\n"})
add("k-wrong-type", {"kustomization.yaml": "resources: a.yaml\n", "a.yaml": cm("k-wrong-type")})
add("k-wrong-kind", {"kustomization.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n"})
add("k-outside", {"kustomization.yaml": "resources: [%setc/passwd]\n" % ("../" * 20)})
add("k-helm", {"kustomization.yaml": "helmCharts: [{name: x, repo: 'https://example.com'}]\n"})
add("k-remote", {"kustomization.yaml": "resources: ['http://127.0.0.1:1/x.yaml']\n"})
add("k-generators", {"kustomization.yaml": "configMapGenerator: [{name: k-generators, namespace: apps, literals: [a=b], files: [f.txt]}]\nsecretGenerator: [{name: k-generators, namespace: apps, envs: [e.env]}]\n",
                     "f.txt": "text\n", "e.env": "A=b\n"}, then={"f.txt": "other\n"})
add("k-generator-missing", {"kustomization.yaml": "configMapGenerator: [{name: x, files: [none.txt]}]\n"})
add("k-cycle", {"kustomization.yaml": "resources: [sub]\n", "sub/kustomization.yaml": "resources: [..]\n"})
add("k-exec", {"kustomization.yaml": "generators: [g.yaml]\n", "g.yaml": "apiVersion: a/v1\nkind: B\nmetadata: {name: x, annotations: {config.kubernetes.io/function: 'exec: {path: ./x}'}}\n"},
    more=r": only built-in ones are run, never [^()]* name")

# ---- what the server refuses

add("bad-port", {"a.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: bad-port, namespace: apps}\nspec: {ports: [{port: 99999}]}\n"})
add("bad-field", {"a.yaml": DEPLOYMENT.replace("replicas: 1", "replicaz: 1") % (("bad-field",) * 3)})
add("bad-type", {"a.yaml": DEPLOYMENT.replace("replicas: 1", "replicas: many") % (("bad-type",) * 3)})
add("bad-base64", {"a.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: bad-base64, namespace: apps}\ndata: {a: '***'}\n"})
add("bad-name", {"a.yaml": cm("Bad_Name")})
add("bad-label", {"a.yaml": cm("bad-label", meta="  labels: {a: 'b c'}\n")})
add("number-as-text", {"a.yaml": cm("number-as-text", "a: 1")})
add("no-namespace", {"a.yaml": cm("no-namespace", namespace="")})
add("namespace-missing", {"a.yaml": cm("x", namespace="nowhere")})
add("no-definition", {"a.yaml": "apiVersion: none.example.com/v1\nkind: Thing\nmetadata: {name: x, namespace: apps}\n"})
add("no-definition-some", {"a.yaml": cm("no-definition-some") + "---\napiVersion: none.example.com/v1\nkind: Thing\nmetadata: {name: x, namespace: apps}\n"})
add("no-version", {"a.yaml": "apiVersion: apps/v9\nkind: Deployment\nmetadata: {name: x, namespace: apps}\n"})
add("cluster-in-namespace", {"a.yaml": "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: cluster-in-namespace, namespace: apps}\nrules: []\n"})
# What was made before the failure stands in rill's inventory: it goes when the repository no longer has it.
add("partly", {"a.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: partly}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: x, namespace: partly}\nspec: {ports: [{port: 99999}]}\n"},
    otherwise=("inventory", "keys", "events"))
FIXED = "immutable: true\n"
add("immutable", {"a.yaml": cm("immutable", more=FIXED)}, then={"a.yaml": cm("immutable", "k: w", more=FIXED)})
add("immutable-force", {"a.yaml": cm("immutable-force", more=FIXED)}, {"force": True}, then={"a.yaml": cm("immutable-force", "k: w", more=FIXED)})
add("immutable-mark", {"a.yaml": cm("immutable-mark", more=FIXED, meta=mark("annotations", "force", "Enabled"))},
    then={"a.yaml": cm("immutable-mark", "k: w", more=FIXED, meta=mark("annotations", "force", "Enabled"))})
add("immutable-selector", {"a.yaml": DEPLOYMENT % (("immutable-selector",) * 3)},
    then={"a.yaml": DEPLOYMENT % ("immutable-selector", "other", "other")})

# ---- marks

add("mark-reconcile", {"a.yaml": cm("mark-reconcile", meta=mark("annotations", "reconcile", "disabled")) + "---\n" + cm("mark-reconcile-b")})
add("mark-ignore", {"a.yaml": cm("mark-ignore", meta=mark("labels", "ssa", "Ignore"))})
add("mark-merge", {"a.yaml": cm("mark-merge", meta=mark("annotations", "ssa", "merge"))}, before=[cm("mark-merge", "k: old\nextra: x")],
    then={"a.yaml": cm("mark-merge", "k: new", meta=mark("annotations", "ssa", "merge"))})
add("mark-once", {"a.yaml": cm("mark-once", meta=mark("annotations", "ssa", "IfNotPresent"))},
    then={"a.yaml": cm("mark-once", "k: new", meta=mark("annotations", "ssa", "IfNotPresent"))})
add("mark-prune", {"a.yaml": cm("mark-prune", meta=mark("annotations", "prune", "Disabled")), "b.yaml": cm("mark-prune-b")}, then={"a.yaml": None})
add("mark-live", {"a.yaml": cm("mark-live")}, after=[("/api/v1/namespaces/apps/configmaps/mark-live", {
    "metadata": {"annotations": {"kustomize.toolkit.fluxcd.io/reconcile": "disabled"}}})], then={"a.yaml": cm("mark-live", "k: new")})

# ---- field managers

add("of-kubectl", {"a.yaml": cm("of-kubectl")}, before=[cm("of-kubectl", "k: old\nextra: x")])
# What another changed is set right when it is seen, not by the next request: so told with the revision of before.
add("of-override", {"a.yaml": cm("of-override")}, after=[("/api/v1/namespaces/apps/configmaps/of-override?fieldManager=my-tool", {
    "data": {"k": "theirs", "extra": "x"}})], then={"a.yaml": cm("of-override", "k: new")}, otherwise=("events",))
add("of-others", {"a.yaml": cm("of-others")}, after=[("/api/v1/namespaces/apps/configmaps/of-others?fieldManager=somebody", {
    "data": {"k": "theirs", "extra": "x"}})], then={"a.yaml": cm("of-others", "k: new")}, otherwise=("events",))
add("ignored", {"a.yaml": DEPLOYMENT % (("ignored",) * 3)}, {"ignore": [{"paths": ["/spec/replicas"], "target": {"kind": "Deployment"}}]},
    after=[("/apis/apps/v1/namespaces/apps/deployments/ignored?fieldManager=scaler", {"spec": {"replicas": 3}})],
    then={"a.yaml": DEPLOYMENT.replace("main:1", "main:2") % (("ignored",) * 3)})
# A path that is none is refused before anything is made, not when it is to be used.
add("ignored-bad", {"a.yaml": cm("ignored-bad")}, {"ignore": [{"paths": ["no-pointer"]}]},
    then={"a.yaml": cm("ignored-bad", "k: new")},
    otherwise=("conditions", "history", "inventory", "status", "keys", "events", "objects"))
add("ignored-regex", {"a.yaml": cm("ignored-regex")}, {"ignore": [{"paths": ["/data/k"], "target": {"name": "("}}]},
    then={"a.yaml": cm("ignored-regex", "k: new")})

# ---- pruning and deleting

add("prune", {"a.yaml": cm("prune-a"), "b.yaml": cm("prune-b"), "c.yaml": cm("prune-c")}, then={"b.yaml": None, "c.yaml": None})
add("prune-all", {"a.yaml": cm("prune-all")}, then={"a.yaml": None, "README.md": "x"})
add("prune-off", {"a.yaml": cm("prune-off-a"), "b.yaml": cm("prune-off-b")}, {"prune": False}, then={"b.yaml": None})
add("prune-gone", {"a.yaml": cm("prune-gone-a"), "b.yaml": cm("prune-gone-b")}, after=[("DELETE /api/v1/namespaces/apps/configmaps/prune-gone-b", None)], then={"b.yaml": None}, otherwise=("events",))
add("prune-other", {"a.yaml": cm("prune-other-a"), "b.yaml": cm("prune-other-b")}, after=[("/api/v1/namespaces/apps/configmaps/prune-other-b", {
    "metadata": {"labels": {"kustomize.toolkit.fluxcd.io/name": "somebody"}}})], then={"b.yaml": None}, otherwise=("events", "objects"))
add("prune-held", {"a.yaml": cm("prune-held-a"), "b.yaml": cm("prune-held-b")}, after=[("/api/v1/namespaces/apps/configmaps/prune-held-b", {
    "metadata": {"finalizers": ["example.com/hold"]}})], then={"b.yaml": None})
add("renamed", {"a.yaml": cm("renamed-old")}, then={"a.yaml": cm("renamed-new")})
for policy in ("Delete", "Orphan", "WaitForTermination", "MirrorPrune"):
    add("end-" + policy.lower(), {"a.yaml": cm("end-" + policy.lower())}, {"deletionPolicy": policy, "prune": policy != "Delete"})
add("end-no-prune", {"a.yaml": cm("end-no-prune")}, {"prune": False})

# ---- health

add("wait", {"a.yaml": cm("wait") + "---\n" + "apiVersion: v1\nkind: Service\nmetadata: {name: wait, namespace: apps}\nspec: {ports: [{port: 80}]}\n"}, {"wait": True})
add("wait-never", {"a.yaml": DEPLOYMENT % (("wait-never",) * 3)}, {"wait": True})
add("wait-skipped", {"a.yaml": DEPLOYMENT.replace("namespace: apps}", "namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}}") % (("wait-skipped",) * 3) + "---\n" + cm("wait-skipped")}, {"wait": True})
add("checks", {"a.yaml": cm("checks")}, {"healthChecks": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "checks", "namespace": "apps"}]})
add("checks-missing", {"a.yaml": cm("checks-missing")}, {"healthChecks": [{"kind": "Deployment", "name": "none", "namespace": "apps"},
                                                                           {"apiVersion": "v1", "kind": "ConfigMap", "name": "checks-missing", "namespace": "apps"}]})
add("checks-no-kind", {"a.yaml": cm("checks-no-kind")}, {"healthChecks": [{"apiVersion": "none.example.com/v1", "kind": "Thing", "name": "none", "namespace": "apps"}]})
add("checks-no-namespace", {"a.yaml": cm("checks-no-namespace")}, {"healthChecks": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "checks-no-namespace"}]})
RULE = {"apiVersion": "v1", "kind": "ConfigMap"}
add("rules-current", {"a.yaml": cm("rules-current")}, {"wait": True, "healthCheckExprs": [dict(RULE, current="data.k == 'v'")]})
add("rules-failed", {"a.yaml": cm("rules-failed")}, {"wait": True, "healthCheckExprs": [dict(RULE, current="data.k == 'x'", failed="data.k == 'v'")]})
add("rules-progress", {"a.yaml": cm("rules-progress")}, {"wait": True, "healthCheckExprs": [dict(RULE, current="data.k == 'x'")]})
add("rules-error", {"a.yaml": cm("rules-error")}, {"wait": True, "healthCheckExprs": [dict(RULE, current="data.none == 'x'")]})
add("rules-unset", {"a.yaml": cm("rules-unset")}, {"wait": True, "healthCheckExprs": [dict(RULE, current="status.conditions[0].type == 'x'")]})
add("rules-no-bool", {"a.yaml": cm("rules-no-bool")}, {"wait": True, "healthCheckExprs": [dict(RULE, current="data.k")]})
add("rules-bad", {"a.yaml": cm("rules-bad")}, {"wait": True, "healthCheckExprs": [dict(RULE, current="data.k ==")]})
add("rules-twice", {"a.yaml": cm("rules-twice")}, {"wait": True, "healthCheckExprs": [dict(RULE, current="true"), dict(RULE, current="true")]})
add("rules-group", {"a.yaml": cm("rules-group")}, {"wait": True, "healthCheckExprs": [{"apiVersion": "v1", "kind": "", "current": "true"}]})
add("stalled-object", {"a.yaml": crd("cars", "Car") + "---\napiVersion: toys.example.com/v1\nkind: Car\nmetadata: {name: a, namespace: apps}\nspec: {size: 1}\n"}, {"wait": True})

# ---- dependencies

add("dep-first", {"a.yaml": cm("dep-first")})
add("dep-second", {"a.yaml": cm("dep-second")}, {"dependsOn": [{"name": "dep-first"}]})
add("dep-missing", {"a.yaml": cm("dep-missing")}, {"dependsOn": [{"name": "nobody"}]})
add("dep-missing-namespace", {"a.yaml": cm("dep-missing-namespace")}, {"dependsOn": [{"name": "nobody", "namespace": "nowhere"}]})
add("dep-itself", {"a.yaml": cm("dep-itself")}, {"dependsOn": [{"name": "dep-itself"}]})
add("dep-circle-a", {"a.yaml": cm("dep-circle-a")}, {"dependsOn": [{"name": "dep-circle-b"}]})
add("dep-circle-b", {"a.yaml": cm("dep-circle-b")}, {"dependsOn": [{"name": "dep-circle-a"}]})
add("dep-failed", {"a.yaml": cm("dep-failed")}, {"dependsOn": [{"name": "bad-yaml"}]})
add("dep-suspended", {"a.yaml": cm("dep-suspended")}, {"dependsOn": [{"name": "suspended"}]})
add("dep-expr", {"a.yaml": cm("dep-expr")}, {"dependsOn": [{"name": "bad-yaml", "readyExpr": "dep.metadata.name == 'bad-yaml' && self.spec.prune"}]})
add("dep-expr-false", {"a.yaml": cm("dep-expr-false")}, {"dependsOn": [{"name": "dep-first", "readyExpr": "dep.metadata.name == 'x'"}]})
add("dep-expr-bad", {"a.yaml": cm("dep-expr-bad")}, {"dependsOn": [{"name": "dep-first", "readyExpr": "dep.metadata.name =="}]})
add("dep-expr-type", {"a.yaml": cm("dep-expr-type")}, {"dependsOn": [{"name": "dep-first", "readyExpr": "'text'"}]})
add("dep-expr-error", {"a.yaml": cm("dep-expr-error")}, {"dependsOn": [{"name": "dep-first", "readyExpr": "dep.none.x == 'a'"}]})
add("dep-expr-unknown", {"a.yaml": cm("dep-expr-unknown")}, {"dependsOn": [{"name": "dep-first", "readyExpr": "other.x == 'a'"}]})

# ---- sources, accounts, clusters

add("suspended", {"a.yaml": cm("suspended")}, {"suspend": True})
add("source-missing", {}, {"sourceRef": {"kind": "GitRepository", "name": "nobody"}})
add("source-missing-namespace", {}, {"sourceRef": {"kind": "OCIRepository", "name": "nobody", "namespace": "nowhere"}})
add("source-no-artifact", {}, {"sourceRef": {"kind": "GitRepository", "name": "no-artifact"}})
add("source-external", {}, {"sourceRef": {"kind": "ExternalArtifact", "name": "nobody"}})
add("account-missing", {"a.yaml": cm("account-missing")}, {"serviceAccountName": "nobody"})
add("account-without-rights", {"a.yaml": cm("account-without-rights")}, {"serviceAccountName": "default"})
add("account", {"a.yaml": cm("account")}, {"serviceAccountName": "worker"})
# Of a set that is all new nothing is rehearsed, so what may be made is made (and stands in the inventory).
add("account-some-rights", {"a.yaml": cm("account-some-rights") + "---\napiVersion: v1\nkind: Secret\nmetadata: {name: account-some-rights, namespace: apps}\n"}, {"serviceAccountName": "worker"},
    otherwise=("inventory", "keys", "events", "objects"))
add("cluster-missing", {"a.yaml": cm("cluster-missing")}, {"kubeConfig": {"secretRef": {"name": "nobody"}}})
add("cluster-no-key", {"a.yaml": cm("cluster-no-key")}, {"kubeConfig": {"secretRef": {"name": "vars"}}})
add("cluster-named-key", {"a.yaml": cm("cluster-named-key")}, {"kubeConfig": {"secretRef": {"name": "vars", "key": "x"}}})
add("cluster-bad", {"a.yaml": cm("cluster-bad")}, {"kubeConfig": {"secretRef": {"name": "vars", "key": "secret"}}})
add("cluster-map-missing", {"a.yaml": cm("cluster-map-missing")}, {"kubeConfig": {"configMapRef": {"name": "nobody"}}})
add("cluster-map-bad", {"a.yaml": cm("cluster-map-bad")}, {"kubeConfig": {"configMapRef": {"name": "vars"}}})

# ---- decryption

SEALED = """apiVersion: v1
kind: Secret
metadata: {name: %s, namespace: apps}
data: {a: 'ENC[AES256_GCM,data:aGk=,iv:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=,tag:MDEyMzQ1Njc4OTAxMjM0NQ==,type:str]'}
sops:
  age:
  - recipient: age1lgyuyajtmct0nklvgvdaca6ggclwajz7mzcxyxefffjg4k77e4rsn6z3q8
    enc: |
      -----BEGIN AGE ENCRYPTED FILE-----
      YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IFgyNTUxOSBrVmRkdE5SQzRGSUY4dGNP
      -----END AGE ENCRYPTED FILE-----
  lastmodified: "2024-01-01T00:00:00Z"
  mac: 'ENC[AES256_GCM,data:aGk=,iv:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=,tag:MDEyMzQ1Njc4OTAxMjM0NQ==,type:str]'
  encrypted_regex: ^(data|stringData)$
  version: 3.8.1
"""
SOPS = {"decryption": {"provider": "sops", "secretRef": {"name": "keys"}}}
add("sealed", {"a.yaml": SEALED % "sealed"})
# The original looks among the files of the machine, too.
LOCAL_KEYS = r"(?s)\. Did not find keys in.*?keys\.txt'\."
add("sealed-no-keys", {"a.yaml": SEALED % "sealed-no-keys"}, SOPS, more=LOCAL_KEYS)
add("sealed-missing-secret", {"a.yaml": SEALED % "sealed-missing-secret"}, {"decryption": {"provider": "sops", "secretRef": {"name": "nobody"}}})
add("sealed-bad-key", {"a.yaml": cm("sealed-bad-key")}, {"decryption": {"provider": "sops", "secretRef": {"name": "bad-keys"}}})
add("sealed-without-ref", {"a.yaml": SEALED % "sealed-without-ref"}, {"decryption": {"provider": "sops"}}, more=LOCAL_KEYS)
add("sealed-off", {"a.yaml": (SEALED % "sealed-off").replace("namespace: apps}", "namespace: apps, annotations: {kustomize.toolkit.fluxcd.io/decrypt: disabled}}")}, SOPS)
add("sealed-account", {"a.yaml": cm("sealed-account")}, {"decryption": {"provider": "sops", "serviceAccountName": "x"}})
add("sealed-nothing", {"a.yaml": cm("sealed-nothing")}, SOPS)

# ---- sources: GitRepository by name

SOURCES = {
    "no-artifact": {"url": "{git}none.git"},
    "no-branch": {"ref": {"branch": "nope"}},
    "no-tag": {"ref": {"tag": "nope"}},
    "no-semver": {"ref": {"semver": ">=9.0.0"}},
    "bad-semver": {"ref": {"semver": "not a range"}},
    "no-commit": {"ref": {"branch": "main", "commit": "0" * 40}},
    "no-name": {"ref": {"name": "refs/heads/nope"}},
    "bad-host": {"url": "http://127.0.0.1:1/x.git"},
    "no-secret": {"secretRef": {"name": "nobody"}},
    "odd-secret": {"secretRef": {"name": "vars"}},
    "ssh-no-secret": {"url": "ssh://git@127.0.0.1:1/x.git"},
    "include-missing": {"include": [{"repository": {"name": "nobody"}}]},
    "include-bad": {"include": [{"repository": {"name": "repo"}, "toPath": "../x"}]},
    "included": {"include": [{"repository": {"name": "repo"}, "fromPath": "plain", "toPath": "inc"}]},
    "verified-nothing": {"verify": {"mode": "HEAD", "secretRef": {"name": "nobody"}}},
    "verified-odd": {"verify": {"mode": "HEAD", "secretRef": {"name": "vars"}}},
    "sparse": {"sparseCheckout": ["plain"]},
    "sparse-missing": {"sparseCheckout": ["nope"]},
    "ignoring": {"ignore": "/*\n!/plain\n"},
    "resting": {"suspend": True},
    "proxy-missing": {"proxySecretRef": {"name": "nobody"}},
    "provider-gate": {"provider": "azure", "serviceAccountName": "x"},
}
# They are made anew with what they include. Asked later they have no news, and say so, while Flux has waited to be asked.
AHEAD = ("included", "include-bad")
