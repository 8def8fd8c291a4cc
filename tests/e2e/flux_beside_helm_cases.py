"""HelmReleases for flux_beside_helm.py, and the charts they are of.

A case is add(NAME, SPEC): merged over the spec of all. `then` is the spec's next state, `before` objects that are there
already, `after` what is done between, (METHOD, PATH, BODY); `values` and the rest as in the spec. `apart`: the
steps in which rill does otherwise on purpose, and what begins with `what` (all of the case) is not compared. `version`: of the API, when it is made; `meta`: its annotations.
"""
NS = "apps"
CASES = {}


def add(name, spec=None, *, then=None, before=(), after=(), values=None, drop=(), apart=(), what="", version="v2", meta=None):
    spec = dict(spec or {})
    if values is not None:
        spec["values"] = values
    CASES[name] = {"spec": spec, "then": then, "before": before, "after": after, "drop": drop, "apart": apart, "what": what, "version": version,
                   "meta": meta or {}}


def chart(name="web", version="1.x", kind="HelmRepository", source="charts", **more):
    return {"chart": {"spec": {"chart": name, "version": version, "sourceRef": {"kind": kind, "name": source},
                               "interval": "1h", **more}}}


HR = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/%s/helmreleases/" % NS
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
  annotations: {helm.sh/hook: {{ $event }}, helm.sh/hook-weight: "3"{{ with $.Values.hookDelete }}, helm.sh/hook-delete-policy: '{{ . }}'{{ end }}}
data: {a: b}
{{- end }}
{{- range $event := .Values.jobs }}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ $.Release.Name }}-{{ $event }}
  annotations: {helm.sh/hook: {{ $event }}{{ with $.Values.hookDelete }}, helm.sh/hook-delete-policy: '{{ . }}'{{ end }}}
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'example.com/a:1'}]}}
{{- end }}
""",
    "templates/show.yaml": """{{- if .Values.show }}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-show
  annotations: {note: chart, {{ .Values.annotation | default "other: x" }}}
  labels: {team: chart}
data: {values: {{ omit .Values "show" | toJson | quote }}}
{{- end }}
{{- range .Values.badHooks }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ $.Release.Name }}-bad-hook
  annotations: {helm.sh/hook: {{ . }}}
spec: {ports: [{port: 0}]}
{{- end }}
""",
    "values-red.yaml": "colour: red\nextra: {a: 1}\n",
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
def definition(group, *versions):
    return """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: toys.%s.example.com}
spec:
  group: %s.example.com
  names: {kind: Toy, plural: toys}
  scope: Namespaced
  versions:
""" % (group, group) + "".join("  - {name: %s, served: true, storage: %s, schema: {openAPIV3Schema: {type: object}}}\n" % (v, str(v == versions[0]).lower())
                               for v in versions)


def defining(name, **crds):
    """A chart with these files in crds/, and an object."""
    return {"Chart.yaml": "apiVersion: v2\nname: %s\nversion: %%s\n" % name, "templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}'}\n",
            **{"crds/%s.yaml" % k: v for k, v in crds.items()}}


POLICIES = ("skip", "create", "replace", "none")
DEFINING = [c for p in POLICIES for c in (
    (p, "1.0.0", defining(p, a=definition(p, "v1"))),
    (p, "1.1.0", defining(p, a=definition(p, "v1", "v2"), b=definition(p + "2", "v1"))))] + [
    ("crd-broken", "1.0.0", defining("crd-broken", a="a: [")), ("crd-other", "1.0.0", defining("crd-other", a="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: crd-other-inner}\n")),
    ("crd-invalid", "1.0.0", defining("crd-invalid", a=definition("invalid", "v1").replace("plural: toys", "plural: Toys"))),
    ("crd-empty", "1.0.0", defining("crd-empty", a=""))]
CHARTS = DEFINING + [("web", "1.0.0", WEB), ("web", "1.1.0", WEB), ("web", "2.0.0", WEB),
          ("heb", "1.0.0", WEB),
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
# Flux upgrades in every pass: what was preserved is in the release's values and not in those of the HelmRelease.
add("preserved", {"upgrade": {"preserveValues": True}}, values={"colour": "red"}, then={"values": {"count": 2}}, apart=("asked", "deleted"))
add("suspended", {"suspend": True}, then={"suspend": False})
add("suspended-late", then={"suspend": True})
add("orphans", {"uninstall": {"deletionPropagation": "orphan", "timeout": "3s"}})      # and nobody takes the finalizers off
add("history-kept", {"uninstall": {"keepHistory": True}})
add("legacy-wait", {"waitStrategy": {"name": "legacy"}})
add("metadata-over", {"commonMetadata": {"labels": {"team": "a"}, "annotations": {"note": "b"}}}, values={"show": True, "hooks": ["pre-install"]},
    then={"commonMetadata": None})
add("metadata-late", values={"show": True}, then={"commonMetadata": {"annotations": {"late": "yes"}}})
add("files", chart(valuesFiles=["values.yaml", "values-red.yaml"]), values={"show": True})
add("files-missing", chart(valuesFiles=["values-none.yaml"]))
add("files-missing-ignored", chart(valuesFiles=["values-none.yaml", "values-red.yaml"], ignoreMissingValuesFiles=True), values={"show": True})
add("revision", chart(reconcileStrategy="Revision"))
add("template-metadata", {"chart": {"metadata": {"labels": {"l": "1"}, "annotations": {"a": "2"}}, **chart()["chart"]}})
add("chart-renamed", then=chart("heb"))
add("chart-renamed-in-place", {"upgrade": {"chartNameChangeStrategy": "InPlaceUpdate"}}, then=chart("heb"))
# Flux looks for the old release's objects in the new namespace, and leaves them behind.
add("moved", then={"targetNamespace": "elsewhere"}, apart=("changed", "asked", "deleted"), what="(configmaps|services) apps/")
add("stored-anew", then={"storageNamespace": "elsewhere"})
add("becomes-client", then={"values": {"colour": "red"}, "upgrade": {"serverSideApply": "disabled"}})
add("becomes-server", {"install": {"serverSideApply": False}}, then={"values": {"colour": "red"}, "upgrade": {"serverSideApply": "enabled"}})
add("replaced", {"install": {"serverSideApply": False}}, then={"values": {"colour": "red"}, "upgrade": {"force": True}})
add("unchecked", {"install": {"disableOpenAPIValidation": True, "disableSchemaValidation": True}, **FAST}, values={"count": "many"})
add("history-all", {"maxHistory": 0}, then={"values": {"colour": "red"}})
add("hooks-deleted", values={"hooks": ["pre-install", "post-install", "pre-upgrade"], "hookDelete": "hook-succeeded"},
    then={"values": {"colour": "red", "hooks": ["pre-upgrade", "post-upgrade"], "hookDelete": "before-hook-creation,hook-succeeded"}})
add("uninstalled-without-hooks", {"uninstall": {"disableHooks": True, "disableWait": True}}, values={"hooks": ["pre-delete"]})
add("kept-till-end", values={"kept": True})
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
def path(target, key="one", kind="ConfigMap", **more):
    return {"kind": kind, "name": "values", "valuesKey": key, "targetPath": target, **more}


SHOWN = {"show": True, "m": {"here": 1, "both": {"x": 1}}, "list": [{"a": 1}, "two"], "nothing": None}
add("values-shown", {"valuesFrom": [{"kind": "Secret", "name": "values", "valuesKey": "deep"}]}, values=SHOWN)
add("values-nested", {"valuesFrom": [path("m.here"), path("m.new", "number"), path("fresh.a.b", "number", "Secret")]}, values=SHOWN)
add("values-nested-both", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "deep"}, path("m.here"), path("m.both.x", "number")]},
    values=SHOWN)
add("values-index", {"valuesFrom": [path("list[0].a", "number"), path("list[3]", "true"), path("made[1].x", "null")]}, values=SHOWN)
add("values-order", {"valuesFrom": [path("colour", "number"), {"kind": "ConfigMap", "name": "values"}, {"kind": "Secret", "name": "values", "valuesKey": "deep"}]},
    values={"show": True})
add("values-own-last", {"valuesFrom": [path("colour"), {"kind": "ConfigMap", "name": "values"}]}, values={"show": True, "colour": "own"})
add("values-lines", {"valuesFrom": [path("m.text", "lines", literal=True), path("escaped\\.dot", "number")]}, values=SHOWN)
add("values-curly", {"valuesFrom": [path("m.list", "curly"), path("m.kept", "curly", literal=True)]}, values=SHOWN)
add("values-typed", {"valuesFrom": [path("t.true", "true"), path("t.null", "null"), path("t.zero", "zero"), path("t.float", "float"), path("t.empty", "empty")]},
    values={"show": True})
add("values-empty", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "empty"}]})
add("values-scalar", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "number"}]})
add("values-list", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "list"}]})
add("values-far", {"valuesFrom": [path("list[99999]")]}, values=SHOWN)
add("values-not-a-map", {"valuesFrom": [path("show.deeper")]}, values=SHOWN)
add("values-optional-bad", {"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "bad", "optional": True}]})
add("values-null", values={"show": True, "count": None, "colour": None})
add("values-numbers", values={"show": True, "big": 12345678901, "float": 1.5, "round": 2.0, "text": "007", "exp": 1e21, "negative": -3})
add("values-changed", {"valuesFrom": [{"kind": "ConfigMap", "name": "own-values"}]}, values={"show": True},
    before=["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own-values, labels: {reconcile.fluxcd.io/watch: Enabled}}\ndata: {values.yaml: 'colour: one'}\n"],
    after=[("PATCH", CM + "own-values", {"data": {"values.yaml": "colour: two"}})])
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
add("upgrade-unknown", then={"values": {"unknown": True}})
add("upgrade-broken", then={"values": {"fail": True}})
add("upgrade-mended", remedy("upgrade", retries=0), values={"invalid": True}, then={"values": {}})
add("hook-bad", values={"badHooks": ["pre-install"]})
add("hook-bad-after", values={"badHooks": ["post-install"]})
add("hook-bad-upgrade", remedy("upgrade", retries=1), then={"values": {"badHooks": ["pre-upgrade"]}})
add("job-fails-after", FAST, values={"jobs": ["post-install"]})
add("job-fails-deleted", FAST, values={"jobs": ["pre-install"], "hookDelete": "hook-failed"})
add("job-fails-upgrade", remedy("upgrade", retries=1), then={"values": {"jobs": ["post-upgrade"]}})
add("job-fails-delete", {"uninstall": {"timeout": "2s"}}, values={"jobs": ["pre-delete"]})
add("forced", after=[("PATCH", HR + "forced", {"metadata": {"annotations": {
    "reconcile.fluxcd.io/requestedAt": "1", "reconcile.fluxcd.io/forceAt": "1"}}})])
add("reset", remedy("install", retries=0), values={"deployment": True}, after=[("PATCH", HR + "reset", {"metadata": {"annotations": {
    "reconcile.fluxcd.io/requestedAt": "1", "reconcile.fluxcd.io/resetAt": "1"}}})])
add("force-failed", remedy("install", retries=0), values={"deployment": True}, after=[("PATCH", HR + "force-failed", {"metadata": {"annotations": {
    "reconcile.fluxcd.io/requestedAt": "1", "reconcile.fluxcd.io/forceAt": "1"}}})])
# ---- tests
add("tested", {"test": {"enable": True}}, values={"hooks": ["test"]})
add("tested-nothing", {"test": {"enable": True}})
add("test-fails", {"test": {"enable": True}, **FAST}, values={"jobs": ["test"]})
add("test-fails-ignored", {"test": {"enable": True, "ignoreFailures": True}, **FAST}, values={"jobs": ["test"]})
add("test-fails-remedied", {"test": {"enable": True}, "install": {"remediation": {"retries": 1}}, **FAST}, values={"jobs": ["test"]})
add("test-filtered", {"test": {"enable": True, "filters": [{"name": "test-filtered-none"}]}}, values={"hooks": ["test"]})
add("test-fails-upgrade", {"test": {"enable": True}, **remedy("upgrade", retries=1)}, values={"hooks": ["test"]}, then={"values": {"jobs": ["test"]}})
add("test-fails-not-remedied", {"test": {"enable": True}, "install": {"remediation": {"retries": 1, "ignoreTestFailures": True}}, **FAST}, values={"jobs": ["test"]})
add("test-excluded", {"test": {"enable": True, "filters": [{"name": "test-excluded-test", "exclude": True}]}, **FAST}, values={"jobs": ["test"]})
add("test-late", values={"hooks": ["test"]}, then={"test": {"enable": True}})
add("test-off", {"test": {"enable": True}}, values={"hooks": ["test"]}, then={"test": {"enable": False}})
add("test-bad", {"test": {"enable": True}}, values={"badHooks": ["test"]})
# ---- drift: rill says and mends it at once, Flux when it is asked
SOONER = ("changed",)


def changed(name):
    return (("PATCH", CM + name, {"data": {"colour": "odd"}}), ("DELETE", "/api/v1/namespaces/%s/services/%s" % (NS, name), None))


add("drift-off", after=changed("drift-off"))
add("drift-warn", {"driftDetection": {"mode": "warn"}}, after=changed("drift-warn"), apart=SOONER)
add("drift-on", {"driftDetection": {"mode": "enabled"}}, after=changed("drift-on"), apart=SOONER)
add("drift-ignored", {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/data/colour"]}, {"paths": [""], "target": {"kind": "Service"}}]}},
    after=changed("drift-ignored"))
add("drift-warn-ignored", {"driftDetection": {"mode": "warn", "ignore": [{"paths": ["/data"], "target": {"kind": "Config.*", "name": "drift-.*"}}]}},
    after=changed("drift-warn-ignored"), apart=SOONER)
add("drift-labelled", {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/data/colour"], "target": {"labelSelector": "app=web"}},
                                                                         {"paths": [""], "target": {"labelSelector": "app=none"}}]}}, after=changed("drift-labelled"), apart=SOONER)
add("drift-annotated", {"driftDetection": {"mode": "enabled"}}, values={"show": True, "annotation": "helm.toolkit.fluxcd.io/driftDetection: disabled"},
    after=[("PATCH", CM + "drift-annotated-show", {"data": {"values": "odd"}})])
add("drift-labels", {"driftDetection": {"mode": "enabled"}}, values={"show": True},
    after=[("PATCH", CM + "drift-labels-show", {"metadata": {"labels": {"team": "other", "own": "x"}, "annotations": {"note": None, "mine": "y"}}})], apart=SOONER)
add("drift-added", {"driftDetection": {"mode": "enabled"}}, after=[("PATCH", CM + "drift-added", {"data": {"mine": "more"}})], apart=SOONER)
add("drift-gone-ignored", {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/data"]}]}},
    after=[("DELETE", CM + "drift-gone-ignored", None)], apart=SOONER)
# ---- what others do
SECRET = "/api/v1/namespaces/" + NS + "/secrets/sh.helm.release.v1.%s.v1"
add("secret-gone", after=[("DELETE", SECRET % "secret-gone", None)])
add("secret-relabelled", after=[("PATCH", SECRET % "secret-relabelled", {"metadata": {"labels": {"mine": "yes"}}})])
add("owned", before=["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned, annotations: {meta.helm.sh/release-name: x, meta.helm.sh/release-namespace: z}}\n"])
add("owned-strictly", {"install": {"disableTakeOwnership": True}},
    before=["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned-strictly, annotations: {meta.helm.sh/release-name: x, meta.helm.sh/release-namespace: z}}\n"])
add("helm-upgraded", after=[("HELM", "upgrade helm-upgraded CHARTS/web-1.1.0.tgz --set colour=hand --force-conflicts", None)])
# The record that helm made is noted as superseded: Flux's Helm leaves out what only Helm 4.3 knows.
add("helm-rolled-back", values={"colour": "red"}, after=[("HELM", "upgrade helm-rolled-back CHARTS/web-1.1.0.tgz --force-conflicts", None),
                                                          ("HELM", "rollback helm-rolled-back 1 --force-conflicts", None)],
    apart=("asked", "deleted"), what="secrets")
add("helm-uninstalled", after=[("HELM", "uninstall helm-uninstalled", None)])
add("helm-uninstalled-kept", after=[("HELM", "uninstall helm-uninstalled-kept --keep-history", None)])
# ---- sources
add("of-chart", {"chartRef": {"kind": "HelmChart", "name": "shared"}}, drop=["chart"])
add("of-chart-missing", {"chartRef": {"kind": "HelmChart", "name": "nobody"}}, drop=["chart"])
add("of-oci-missing", {"chartRef": {"kind": "OCIRepository", "name": "nobody"}}, drop=["chart"])
add("of-external-missing", {"chartRef": {"kind": "ExternalArtifact", "name": "nobody"}}, drop=["chart"])
add("becomes-ref", then={"chart": None, "chartRef": {"kind": "HelmChart", "name": "shared"}})
def of(kind, name, **more):
    return {"chartRef": {"kind": kind, "name": name, **more}}


add("of-oci", of("OCIRepository", "tagged"), drop=["chart"])
add("of-oci-range", of("OCIRepository", "ranged"), drop=["chart"], then={"values": {"colour": "red"}})
add("of-oci-digest", of("OCIRepository", "by-digest"), drop=["chart"])
add("of-oci-other-tag", of("OCIRepository", "other-tag"), drop=["chart"])
add("of-oci-far", of("OCIRepository", "far", namespace="elsewhere"), drop=["chart"])
add("of-oci-becomes-chart", of("OCIRepository", "tagged"), drop=["chart"], then={"chartRef": None, **chart()})
add("of-external", of("ExternalArtifact", "made"), drop=["chart"])
# ---- versions of the API
OLD = {"install": {"remediation": {"retries": 2}}, "upgrade": {"remediation": {"strategy": "uninstall"}, "cleanupOnFail": True},
       "postRenderers": [{"kustomize": {"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: add, path: /data/more, value: why}"}]}}],
       "valuesFrom": [{"kind": "ConfigMap", "name": "values"}]}
add("v2beta1", OLD, version="v2beta1", then={"values": {"count": 3}})
add("v2beta2", {**OLD, "driftDetection": {"mode": "enabled"}, "test": {"enable": True}}, version="v2beta2", then={"values": {"count": 3}})
# ---- post-renderers
def rendered(*kustomizations):
    return {"postRenderers": [{"kustomize": k} for k in kustomizations]}


add("patched", rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: add, path: /data/more, value: why}"}]}),
    then=rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: add, path: /data/more, value: 'no'}"}]}))
add("patched-merge", rendered({"patches": [{"patch": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: patched-merge}\ndata: {count: null}\n"}]}))
add("imaged", {"install": {"disableWait": True}, **rendered({"images": [{"name": "example.com/main", "newName": "example.com/other", "newTag": "2"}]})}, values={"deployment": True})
add("patched-badly", rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: test, path: /data/none, value: why}"}]}))
# Flux takes it for observed, and calls the release before a success: docs/helm.md.
add("patched-broken", apart=("changed", "asked", "deleted"), then=rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: remove, path: /data/none}"}]}))
add("patched-twice", rendered({"patches": [{"target": {"kind": "ConfigMap", "labelSelector": "app=web"}, "patch": "- {op: add, path: /data/more, value: one}"}]},
                              {"patches": [{"target": {"name": "patched-.*", "kind": "ConfigMap", "version": "v1", "labelSelector": "app=web"},
                                            "patch": "- {op: replace, path: /data/more, value: '<two> & more'}"},
                                           {"patch": "{apiVersion: v1, kind: Service, metadata: {name: patched-twice, annotations: {x: y}}}"}]}))
add("patched-away", rendered({"patches": [{"patch": "$patch: delete\napiVersion: v1\nkind: Service\nmetadata: {name: patched-away}\n"}]}))
add("patched-late", then=rendered({"patches": [{"target": {"kind": "Service"}, "patch": "- {op: add, path: /metadata/annotations, value: {a: b}}"}]}))
add("imaged-digest", {"install": {"disableWait": True}, **rendered({"images": [{"name": "example.com/main", "digest": "sha256:" + "ab" * 32}],
    "patches": [{"target": {"kind": "Deployment", "group": "apps", "version": "v1"}, "patch": "- {op: add, path: /metadata/annotations, value: {a: b}}"}]})}, values={"deployment": True})
add("patched-no-target", rendered({"patches": [{"patch": "{apiVersion: v1, kind: Service, metadata: {name: nobody}}"}]}))
for s in ("nohooks", "separate", "combined"):
    add("post-" + s, {"postRenderStrategy": s, **rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: add, path: /data/more, value: why}"}]})},
        values={"hooks": ["pre-install"]})
# ---- dependencies and clusters
# Whether it has to wait for the other is chance.
add("depends", {"dependsOn": [{"name": "plain"}]}, apart=("made", "changed", "asked", "deleted"), what="events of ")
add("depends-missing", {"dependsOn": [{"name": "nobody"}]})
add("depends-failed", {"dependsOn": [{"name": "fails"}]})
add("depends-expr", {"dependsOn": [{"name": "plain", "readyExpr": "dep.metadata.name == 'x'"}]})
add("depends-bad-expr", {"dependsOn": [{"name": "plain", "readyExpr": "dep.metadata.("}]})
add("no-kubeconfig", {"kubeConfig": {"secretRef": {"name": "nobody"}}})
add("empty-kubeconfig", {"kubeConfig": {"secretRef": {"name": "values"}}})
KUBECONFIGS = {"value": "", "no-map": "a", "no-yaml": "a: [", "no-context": "current-context: none\n", "nothing": "{}", "no-server": "current-context: a\n"
               "clusters: [{name: c, cluster: {}}]\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n",
               "no-cluster": "current-context: a\ncontexts: [{name: a, context: {cluster: c, user: u}}]\nusers: [{name: u, user: {}}]\n",
               "no-user": "current-context: a\nclusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n"
                          "contexts: [{name: a, context: {cluster: c, user: u}}]\n"}
for key in KUBECONFIGS:
    add("kubeconfig-" + key, {"kubeConfig": {"secretRef": {"name": "kubeconfigs", **({"key": key} if key != "value" else {})}}})
add("account-missing", {"serviceAccountName": "nobody"})
add("account-weak", {"serviceAccountName": "weak"})
add("account-strong", {"serviceAccountName": "strong"}, then={"values": {"colour": "red"}})
add("other-cluster", {"kubeConfig": {"secretRef": {"name": "kubeconfig"}}}, then={"values": {"colour": "red"}})
add("health", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "data.colour == 'blue'"}]})
add("health-fails", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "Service", "current": "false", "failed": "true"}], **FAST})
add("health-bad", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "Service", "current": "data.("}]})

add("depends-true", {"dependsOn": [{"name": "plain", "readyExpr": "dep.metadata.name == 'plain' && self.metadata.name == 'depends-true'"}]})
add("depends-text", {"dependsOn": [{"name": "plain", "readyExpr": "dep.metadata.name"}]})
add("depends-no-field", {"dependsOn": [{"name": "plain", "readyExpr": "dep.status.nothing.here == 1"}]})
add("depends-itself", {"dependsOn": [{"name": "depends-itself"}]})
add("depends-far", {"dependsOn": [{"name": "plain", "namespace": "elsewhere"}]})
add("depends-suspended", {"dependsOn": [{"name": "suspended-ever"}]})
add("suspended-ever", {"suspend": True})
add("health-progress", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "false", "inProgress": "true"}], **FAST})
add("health-no-field", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "status.nothing == 'x'"}], **FAST})
add("health-twice", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "true"}, {"apiVersion": "v1", "kind": "ConfigMap", "current": "false"}], **FAST})
# A rule is all that counts, also of an object that is going.
add("health-ending", {"healthCheckExprs": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "data.count == '1'"}], "uninstall": {"disableWait": True}, **FAST},
    then={"values": {"colour": "red"}}, after=[("PATCH", CM + "health-ending", {"metadata": {"finalizers": ["example.com/stay"]}}), ("DELETE", CM + "health-ending", None)])
add("health-legacy", {"waitStrategy": {"name": "legacy"}, "healthCheckExprs": [{"apiVersion": "v1", "kind": "ConfigMap", "current": "false"}], **FAST})
# ---- definitions of charts
for policy, word in (("skip", "Skip"), ("create", "Create"), ("replace", "CreateReplace")):
    add("crds-of-" + policy, {**chart(policy, "1.0.0"), "install": {"crds": word}, "upgrade": {"crds": word}}, then=chart(policy, "1.1.0"))
add("crds-of-none", chart("none", "1.0.0"), then=chart("none", "1.1.0"))
for name in ("broken", "other", "invalid", "empty"):
    add("crds-" + name, chart("crd-" + name))
# ---- waiting
add("wait-poller", {"waitStrategy": {"name": "poller"}, **FAST}, values={"deployment": True})
add("wait-legacy-fails", {"waitStrategy": {"name": "legacy"}, **FAST}, values={"deployment": True})
add("wait-legacy-hook", {"waitStrategy": {"name": "legacy"}, **FAST}, values={"jobs": ["pre-install"]})
def job(name):
    return {"raw": "apiVersion: batch/v1\nkind: Job\nmetadata: {name: %s-job}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: 'example.com/a:1'}]}}}" % name}


add("wait-job", FAST, values=job("wait-job"))
add("wait-job-legacy", {"waitStrategy": {"name": "legacy"}, **FAST}, values=job("wait-job-legacy"))
add("wait-no-job", {"install": {"disableWaitForJobs": True}, **FAST}, values=job("wait-no-job"))
add("timeout-own", {"install": {"timeout": "2s"}}, values={"deployment": True})
add("client-anew", {"persistentClient": False}, then={"values": {"colour": "red"}})
# ---- what is done when it fails
add("upgrade-no-target", {"upgrade": {"remediation": {"retries": 1}}, **FAST}, values={"deployment": True}, then={"values": {"deployment": True, "colour": "red"}})
add("upgrade-uninstalled-last", remedy("upgrade", strategy="uninstall", remediateLastFailure=True), then={"values": {"deployment": True}})
add("upgrade-uninstalled-kept", {"uninstall": {"keepHistory": True}, **remedy("upgrade", strategy="uninstall", retries=1)}, then={"values": {"deployment": True}})
add("upgrade-back-no-hooks", {"rollback": {"disableHooks": True, "cleanupOnFail": True}, **remedy("upgrade", retries=1)}, values={"hooks": ["pre-rollback"]},
    then={"values": {"deployment": True, "hooks": ["pre-rollback"]}})
add("upgrade-back-hooks", remedy("upgrade", retries=1), values={"hooks": ["pre-rollback", "post-rollback"]}, then={"values": {"deployment": True}})
add("upgrade-back-client", {"rollback": {"serverSideApply": "disabled"}, **remedy("upgrade", retries=1)}, then={"values": {"deployment": True}})
add("upgrade-back-forced", {"rollback": {"force": True, "recreate": True}, **remedy("upgrade", retries=1)}, then={"values": {"deployment": True}})
add("upgrade-again-mended", {"upgrade": {"strategy": {"name": "RetryOnFailure", "retryInterval": "3s"}}, **FAST}, values={"invalid": True}, then={"values": {}})
add("install-kept", {"uninstall": {"keepHistory": True}, **remedy("install", retries=1)}, values={"deployment": True})
add("install-replaced", {"install": {"replace": True, "remediation": {"retries": 1}}, "uninstall": {"keepHistory": True}, **FAST}, values={"deployment": True})
add("force-alone", after=[("PATCH", HR + "force-alone", {"metadata": {"annotations": {"reconcile.fluxcd.io/forceAt": "1"}}})])
add("force-other", after=[("PATCH", HR + "force-other", {"metadata": {"annotations": {
    "reconcile.fluxcd.io/requestedAt": "1", "reconcile.fluxcd.io/forceAt": "0"}}})])
add("upgrade-reset", remedy("upgrade", retries=0), then={"values": {"deployment": True}}, after=[("PATCH", HR + "upgrade-reset", {"metadata": {"annotations": {
    "reconcile.fluxcd.io/requestedAt": "1", "reconcile.fluxcd.io/resetAt": "1"}}})])
add("upgrade-owned-strictly", {"upgrade": {"disableTakeOwnership": True}}, then={"values": {"kept": True}},
    before=["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: upgrade-owned-strictly-kept}\n"])
# ---- tests once more
add("test-ignored-not", {"test": {"enable": True, "ignoreFailures": True}, "install": {"remediation": {"ignoreTestFailures": False}}, **FAST}, values={"jobs": ["test"]})
add("test-timeout", {"test": {"enable": True, "timeout": "2s"}}, values={"jobs": ["test"]})
add("test-two", {"test": {"enable": True, "filters": [{"name": "test-two-test"}, {"name": "test-two-other", "exclude": True}]}}, values={"hooks": ["test"]})
add("test-again", {"test": {"enable": True}, "upgrade": {"strategy": {"name": "RetryOnFailure", "retryInterval": "1h"}}, **FAST}, values={"hooks": ["test"]},
    then={"values": {"jobs": ["test"]}})
add("test-ignored-upgrade", {"test": {"enable": True, "ignoreFailures": True}, **FAST}, values={"hooks": ["test"]}, then={"values": {"jobs": ["test"]}})
add("test-mended", {"test": {"enable": True}, **FAST}, values={"jobs": ["test"]}, then={"values": {"hooks": ["test"]}})
# ---- drift once more
add("drift-disabled", {"driftDetection": {"mode": "disabled", "ignore": [{"paths": ["/data"]}]}}, after=changed("drift-disabled"))
add("drift-nobody", {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/data/colour"], "target": {"namespace": "other"}}]}}, after=changed("drift-nobody"), apart=SOONER)
add("drift-group", {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["/data/colour"], "target": {"group": "", "version": "v1", "kind": "ConfigMap", "namespace": "ap.s"}},
                                                                   {"paths": [""], "target": {"version": "v[0-9]", "kind": "Service"}}]}}, after=changed("drift-group"))
add("drift-annotation", {"driftDetection": {"mode": "warn", "ignore": [{"paths": ["/data"], "target": {"annotationSelector": "note=chart"}}]}}, values={"show": True},
    after=[("PATCH", CM + "drift-annotation-show", {"data": {"values": "odd"}})])
add("drift-bad-selector", {"driftDetection": {"mode": "warn", "ignore": [{"paths": ["/data"], "target": {"labelSelector": "a=("}}]}}, after=changed("drift-bad-selector"))
add("drift-bad-pattern", {"driftDetection": {"mode": "warn", "ignore": [{"paths": ["/data"], "target": {"name": "(a"}}]}}, after=changed("drift-bad-pattern"))
add("drift-bad-path", {"driftDetection": {"mode": "enabled", "ignore": [{"paths": ["data"]}]}}, after=changed("drift-bad-path"), apart=SOONER)
add("drift-turned-on", {"driftDetection": {"mode": "warn"}}, then={"driftDetection": {"mode": "enabled"}}, after=changed("drift-turned-on"), apart=SOONER)
add("drift-client", {"driftDetection": {"mode": "enabled"}, "install": {"serverSideApply": False}}, after=changed("drift-client"), apart=SOONER)
add("drift-hook", {"driftDetection": {"mode": "enabled"}}, values={"hooks": ["post-install"]}, after=[("PATCH", CM + "drift-hook-post-install", {"data": {"a": "odd"}})])
add("drift-rendered", {"driftDetection": {"mode": "enabled"}, "commonMetadata": {"labels": {"team": "a"}},
                       **rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "- {op: add, path: /data/more, value: why}"}]})},
    after=[("PATCH", CM + "drift-rendered", {"data": {"more": "odd"}, "metadata": {"labels": {"team": None}}})], apart=SOONER)
# ---- names and namespaces
add("too-long-with-its-namespace-before-it-and-a-tail", {"targetNamespace": "elsewhere"})
add("stored-nowhere", {"storageNamespace": "nowhere"})
add("both-elsewhere", {"targetNamespace": "elsewhere", "storageNamespace": "elsewhere"}, then={"values": {"colour": "red"}})
add("renamed-failed", {"releaseName": "broken", **FAST}, values={"deployment": True}, then={"releaseName": "broken2"})
# ---- charts
add("version-odd", chart(version="abc"))
add("git-missing", chart("./web", kind="GitRepository", source="nobody"))
add("bucket-missing", chart("./web", kind="Bucket", source="nobody"))
add("far-repository", {"chart": {"spec": {"chart": "web", "sourceRef": {"kind": "HelmRepository", "name": "charts", "namespace": "elsewhere"}}}})
add("chart-verified", chart(verify={"provider": "cosign"}))
add("becomes-oci", of("HelmChart", "shared"), drop=["chart"], then=of("OCIRepository", "tagged"))
add("becomes-other-oci", of("OCIRepository", "far", namespace="elsewhere"), drop=["chart"], then=of("OCIRepository", "tagged", namespace=None))
add("of-far-chart-missing", of("HelmChart", "shared", namespace="elsewhere"), drop=["chart"])
# ---- values and post-renderers once more
add("values-unwatched", {"valuesFrom": [{"kind": "ConfigMap", "name": "quiet-values"}]}, values={"show": True},
    before=["apiVersion: v1\nkind: ConfigMap\nmetadata: {name: quiet-values}\ndata: {values.yaml: 'colour: one'}\n"],
    after=[("PATCH", CM + "quiet-values", {"data": {"values.yaml": "colour: two"}})])
add("values-come", {"valuesFrom": [{"kind": "ConfigMap", "name": "late-values", "optional": True}]}, values={"show": True},
    after=[("POST", CM[:-1], {"metadata": {"name": "late-values"}, "data": {"values.yaml": "colour: late"}})])
add("values-bad-later", {"valuesFrom": [{"kind": "ConfigMap", "name": "values"}]}, then={"valuesFrom": [{"kind": "ConfigMap", "name": "values", "valuesKey": "bad"}]})
add("values-gone", values={"colour": "red", "count": 3}, then={"values": {}})
add("patched-not", rendered({"patches": [{"patch": "{apiVersion: v1, kind: Service, metadata: {name: patched-not, annotations: {x: y}}}"}]}), then={"postRenderers": None})
add("patched-metadata", {"commonMetadata": {"labels": {"team": "a"}}, **rendered({"patches": [{"target": {"labelSelector": "team=a"}, "patch": "- {op: add, path: /data/more, value: why}"},
    {"target": {"kind": "ConfigMap", "annotationSelector": "note=chart"}, "patch": "- {op: add, path: /data/noted, value: 'yes'}"}]})}, values={"show": True})
add("patched-no-yaml", rendered({"patches": [{"target": {"kind": "ConfigMap"}, "patch": "a: [b"}]}))
add("patched-hook", {"postRenderStrategy": "separate", **rendered({"patches": [{"target": {"kind": "ConfigMap", "name": ".*-pre-install"}, "patch": "- {op: add, path: /data/more, value: why}"}]})},
    values={"hooks": ["pre-install"]})
