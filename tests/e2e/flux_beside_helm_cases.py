"""HelmReleases for flux_beside_helm.py, and the charts they are of.

A case is add(NAME, SPEC): merged over the spec of all. `then` is the spec's next state, `before` objects that are there
already, `after` what is done between, (METHOD, PATH, BODY); `values` and the rest as in the spec.
"""
NS = "apps"
CASES = {}


def add(name, spec=None, *, then=None, before=(), after=(), values=None, drop=()):
    spec = dict(spec or {})
    if values is not None:
        spec["values"] = values
    CASES[name] = {"spec": spec, "then": then, "before": before, "after": after, "drop": drop}


def chart(name="web", version="1.x", kind="HelmRepository", source="charts", **more):
    return {"chart": {"spec": {"chart": name, "version": version, "sourceRef": {"kind": kind, "name": source},
                               "interval": "1h", **more}}}


CM = "/api/v1/namespaces/%s/configmaps/" % NS
WEB = {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: %s\nappVersion: '1'\n",
    "values.yaml": "colour: blue\ncount: 1\n",
    "values.schema.json": '{"type": "object", "properties": {"count": {"type": "integer"}}}',
    "templates/_helpers.tpl": '{{- define "web.name" -}}{{ .Release.Name }}{{- end }}',
    "templates/main.yaml": """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "web.name" . }}
  labels: {app: web}
data:
  # a comment
  colour: {{ .Values.colour | quote }}
  count: "{{ .Values.count }}"
  keep: {{ .Values.keep | default "x" | quote }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "web.name" . }}
spec:
  ports:
    - port: 80
      name: http
  selector: {app: web}
""",
    "templates/more.yaml": """{{- if .Values.fail }}{{ fail "no, never" }}{{ end }}
{{- if .Values.required }}{{ required "a name is needed" .Values.nothing }}{{ end }}
{{- with .Values.raw }}{{ . }}{{ end }}
{{- if .Values.deployment }}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: 1
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: main, image: 'example.com/main:1'}]}
{{- end }}
{{- if .Values.caps }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-caps}
data:
  helm: {{ .Capabilities.HelmVersion | toJson | quote }}
  kube: {{ .Capabilities.KubeVersion.Version }}
  upgrade: "{{ .Release.IsUpgrade }} {{ .Release.IsInstall }} {{ .Release.Revision }} {{ .Release.Service }}"
  apis: "{{ .Capabilities.APIVersions.Has "helm.toolkit.fluxcd.io/v2/HelmRelease" }}"
  lookup: {{ (lookup "v1" "ConfigMap" .Release.Namespace .Release.Name).data | toJson | quote }}
{{- end }}
{{- if .Values.list }}
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: {{ .Release.Name }}-l1}
- apiVersion: v1
  kind: ConfigMap
  metadata: {name: {{ .Release.Name }}-l2}
{{- end }}
{{- if .Values.kept }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-kept
  annotations: {helm.sh/resource-policy: keep}
{{- end }}
{{- if .Values.invalid }}
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}-bad}
spec: {ports: [{port: 0}]}
{{- end }}
{{- if .Values.unknown }}
apiVersion: nobody.example.com/v1
kind: Thing
metadata: {name: {{ .Release.Name }}}
{{- end }}
{{- if .Values.odd }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-odd}
dada: {a: b}
{{- end }}
""",
    "templates/hooks.yaml": """{{- range $event := .Values.hooks }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ $.Release.Name }}-{{ $event }}
  annotations: {helm.sh/hook: {{ $event }}, helm.sh/hook-weight: "3"}
data: {a: b}
{{- end }}
{{- range $event := .Values.jobs }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $.Release.Name }}-{{ $event }}
  annotations: {helm.sh/hook: {{ $event }}}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'example.com/a:1'}]}}
{{- end }}
""",
    "templates/NOTES.txt": "Hello {{ .Release.Name }}, {{ .Values.colour }}\n",
    "crds/toys.yaml": """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: toys.web.example.com}
spec:
  group: web.example.com
  names: {kind: Toy, plural: toys}
  scope: Namespaced
  versions:
  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
""",
}
CHARTS = [("web", "1.0.0", WEB), ("web", "1.1.0", WEB), ("web", "2.0.0", WEB),
          ("bad", "1.0.0", {"Chart.yaml": "apiVersion: v2\nname: bad\nversion: %s\n", "templates/a.yaml": "{{ .Values.a.b.c }}"}),
          ("new-kube", "1.0.0", {"Chart.yaml": "apiVersion: v2\nname: new-kube\nversion: %s\nkubeVersion: '>=2.0'\n", "templates/a.yaml": ""}),
          ("empty", "1.0.0", {"Chart.yaml": "apiVersion: v2\nname: empty\nversion: %s\n", "templates/a.yaml": "# nothing\n"})]

FAST = {"timeout": "4s"}


def remedy(action, **r):
    return {action: {"remediation": r}, **FAST}


# ---- what goes well
add("plain")
add("upgraded", values={"colour": "red"}, then={"values": {"colour": "green"}})
add("version", chart(version="1.0.0"), then=chart(version="1.1.0"))
add("empty-chart", chart("empty"))
add("caps", values={"caps": True}, then={"values": {"caps": True, "colour": "red"}})
add("list", values={"list": True})
add("hooks", values={"hooks": ["pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-delete", "post-delete"]},
    then={"values": {"hooks": ["pre-upgrade", "post-upgrade", "post-delete"], "colour": "red"}})
add("no-hooks", {"install": {"disableHooks": True}}, values={"hooks": ["pre-install"]})
add("kept", values={"kept": True}, then={"values": {"kept": False}})
add("target", {"targetNamespace": "fresh", "install": {"createNamespace": True}})
add("target-missing", {"targetNamespace": "nowhere"})
add("stored-elsewhere", {"storageNamespace": "elsewhere"})
add("a-name-that-is-longer-than-fifty-three-characters-by-far")
add("named", {"releaseName": "other"}, then={"releaseName": "another"})
add("metadata", {"commonMetadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}}},
    then={"commonMetadata": {"labels": {"team": "b"}}})
add("client-side", {"install": {"serverSideApply": False}}, then={"values": {"colour": "red"}})
add("crds-skip", {"install": {"crds": "Skip"}})
add("crds-replace", {"install": {"crds": "CreateReplace"}, "upgrade": {"crds": "CreateReplace"}}, then={"values": {"colour": "red"}})
add("unstored-limit", {"maxHistory": 1}, then={"values": {"colour": "red"}})
add("preserved", {"upgrade": {"preserveValues": True}}, values={"colour": "red"}, then={"values": {"count": 2}})
add("suspended", {"suspend": True}, then={"suspend": False})
add("suspended-late", then={"suspend": True})
add("orphans", {"uninstall": {"deletionPropagation": "orphan"}})
add("history-kept", {"uninstall": {"keepHistory": True}})
add("legacy-wait", {"waitStrategy": {"name": "legacy"}})
# ---- values
add("values-from", {"valuesFrom": [{"kind": "ConfigMap", "name": "values"}, {"kind": "Secret", "name": "values", "valuesKey": "more.yaml"}]})
add("values-path", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "one", "targetPath": "colour"}]})
add("values-literal", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "commas", "targetPath": "colour", "literal": True}]})
add("values-commas", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "commas", "targetPath": "colour"}]})
add("values-missing", {"valuesFrom": [{"kind": "ConfigMap", "name": "none"}]})
add("values-no-key", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "none"}]})
add("values-optional", {"valuesFrom": [{"kind": "ConfigMap", "name": "none", "optional": True}, {"kind": "Secret", "name": "values", "valuesKey": "none", "optional": True}]})
add("values-bad", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "bad"}]})
add("schema", values={"count": "many"})
# ---- what does not
add("no-version", chart(version="9.x"))
add("no-chart", chart("nobody"))
add("no-repository", chart(source="nobody"))
add("bad-template", chart("bad"))
add("new-kube", chart("new-kube"))
add("fails", values={"fail": True})
add("required", values={"required": True})
add("bad-yaml", values={"raw": "a: {b"})
add("scalar-yaml", values={"raw": "hello"})
add("no-kind", values={"raw": "metadata: {name: a}"})
add("invalid", values={"invalid": True})
add("unknown-kind", values={"unknown": True})
add("odd-field", values={"odd": True})
add("waits", FAST, values={"deployment": True})
add("waits-not", {"install": {"disableWait": True}}, values={"deployment": True})
add("job-fails", FAST, values={"jobs": ["pre-install"]})
add("install-retried", remedy("install", retries=1), values={"deployment": True})
add("install-last", remedy("install", retries=1, remediateLastFailure=True), values={"deployment": True})
add("install-again", {"install": {"strategy": {"name": "RetryOnFailure", "retryInterval": "1h"}}, **FAST}, values={"deployment": True})
for name, more in (("rolled-back", {"retries": 1}), ("uninstalled", {"retries": 1, "strategy": "uninstall"}), ("left", {}),
                   ("last", {"remediateLastFailure": True}), ("not-last", {"retries": 1, "remediateLastFailure": False})):
    add("upgrade-" + name, remedy("upgrade", **more), then={"values": {"deployment": True}})
add("upgrade-again", {"upgrade": {"strategy": {"name": "RetryOnFailure", "retryInterval": "1h"}}, **FAST}, then={"values": {"deployment": True}})
add("upgrade-cleaned", {"upgrade": {"cleanupOnFail": True}, **FAST}, then={"values": {"deployment": True}})
add("upgrade-invalid", then={"values": {"invalid": True}})
add("upgrade-broken", then={"values": {"fail": True}})
add("upgrade-mended", remedy("upgrade", retries=0), values={"invalid": True}, then={"values": {}})
# ---- tests
add("tested", {"test": {"enable": True}}, values={"hooks": ["test"]})
add("tested-nothing", {"test": {"enable": True}})
add("test-fails", {"test": {"enable": True}, **FAST}, values={"jobs": ["test"]})
add("test-fails-ignored", {"test": {"enable": True, "ignoreFailures": True}, **FAST}, values={"jobs": ["test"]})
add("test-fails-remedied", {"test": {"enable": True}, "install": {"remediation": {"retries": 1}}, **FAST}, values={"jobs": ["test"]})
add("test-filtered", {"test": {"enable": True, "filters": [{"name": "test-filtered-none"}]}}, values={"hooks": ["test"]})
# ---- drift
def changed(name):
    return (("PATCH", CM + name, {"data": {"colour": "odd"}}), ("DELETE", "/api/v1/namespaces/%s/services/%s" % (NS, name), None))


add("drift-off", after=changed("drift-off"))
add("drift-warn", {"driftDetection": {"mode": "warn"}}, after=changed("drift-warn"))
add("drift-on", {"driftDetection": {"mode": "enabled"}}, after=changed("drift-on"))
add("drift-ignored", {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/data/colour"]}, {"paths": [""], "target": {"kind": "Service"}}]}},
    after=changed("drift-ignored"))
# ---- what others do
SECRET = "/api/v1/namespaces/" + NS + "/secrets/sh.helm.release.v1.%s.v1"
add("secret-gone", after=[("DELETE", SECRET % "secret-gone", None)])
add("secret-relabelled", after=[("PATCH", SECRET % "secret-relabelled", {"metadata": {"labels": {"mine": "yes"}}})])
add("owned", before=["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned, annotations: {meta.helm.sh/release-name: x, meta.helm.sh/release-namespace: z}}\n"])
add("owned-strictly", {"install": {"disableTakeOwnership": True}},
    before=["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned-strictly, annotations: {meta.helm.sh/release-name: x, meta.helm.sh/release-namespace: z}}\n"])
# ---- sources
add("of-chart", {"chartRef": {"kind": "HelmChart", "name": "shared"}}, drop=["chart"])
add("of-chart-missing", {"chartRef": {"kind": "HelmChart", "name": "nobody"}}, drop=["chart"])
add("of-oci-missing", {"chartRef": {"kind": "OCIRepository", "name": "nobody"}}, drop=["chart"])
add("of-external-missing", {"chartRef": {"kind": "ExternalArtifact", "name": "nobody"}}, drop=["chart"])
add("becomes-ref", then={"chart": None, "chartRef": {"kind": "HelmChart", "name": "shared"}})
# ---- post-renderers
def rendered(*kustomizations):
    return {"postRenderers": [{"kustomize": k} for k in kustomizations]}


add("patched", rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: add, path: /data/more, value: why}"}]}),
    then=rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: add, path: /data/more, value: 'no'}"}]}))
add("patched-merge", rendered({"patches": [{"patch": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: patched-merge}\ndata: {count: null}\n"}]}))
add("imaged", {"install": {"disableWait": True}, **rendered({"images": [{"name": "example.com/main", "newName": "example.com/other", "newTag": "2"}]})}, values={"deployment": True})
add("patched-badly", rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: test, path: /data/none, value: why}"}]}))
add("patched-broken", then=rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: remove, path: /data/none}"}]}))
for s in ("nohooks", "separate", "combined"):
    add("post-" + s, {"postRenderStrategy": s, **rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: add, path: /data/more, value: why}"}]})},
        values={"hooks": ["pre-install"]})
# ---- dependencies and clusters
add("depends", {"dependsOn": [{"name": "plain"}]})
add("depends-missing", {"dependsOn": [{"name": "nobody"}]})
add("depends-failed", {"dependsOn": [{"name": "fails"}]})
add("depends-expr", {"dependsOn": [{"name": "plain", "readyExpr": "dep.metadata.name == 'x'"}]})
add("depends-bad-expr", {"dependsOn": [{"name": "plain", "readyExpr": "dep.metadata.("}]})
add("no-kubeconfig", {"kubeConfig": {"secretRef": {"name": "nobody"}}})
add("empty-kubeconfig", {"kubeConfig": {"secretRef": {"name": "values"}}})
add("account-missing", {"serviceAccountName": "nobody"})
add("account-weak", {"serviceAccountName": "weak"})
add("health", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "data.colour == 'blue'"}]})
add("health-fails", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "Service", "current": "false", "failed": "true"}], **FAST})
add("health-bad", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "Service", "current": "data.("}]})
