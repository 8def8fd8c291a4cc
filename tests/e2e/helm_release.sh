#!/bin/bash
# The life of a release on `rill server`: helm_release.sh RILL
#
# Installed, listed, upgraded, rolled back, tested, uninstalled; and what must
# be refused. With $HELM, a helm 4, it takes turns with rill on one release.
set -eu

rill=$(realpath "$1")
program=helm_release.sh
unset TEST_KUBECONFIG
. "$(dirname "$0")/clients.sh"
export TZ=UTC

client() {
	"$@"
}

helm() {
	"$rill" helm "$@"
}

start :memory:
chart=$dir/web
mkdir -p "$chart/templates" "$chart/crds"
cat >"$chart/Chart.yaml" <<'YAML'
apiVersion: v2
name: web
version: 1.0.0
appVersion: "9"
YAML
cat >"$chart/values.yaml" <<'YAML'
colour: red
replicas: 1
YAML
cat >"$chart/templates/web.yaml" <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Values.name | default .Release.Name }}-settings
data:
  colour: {{ .Values.colour }}
  revision: "{{ .Release.Revision }}"
  crds: "{{ .Capabilities.APIVersions.Has "example.com/v1/Shape" }}"
  seen: "{{ (lookup "v1" "Namespace" "" "default").metadata.name }}"
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-kept
  annotations: {helm.sh/resource-policy: keep}
{{- with .Values.extra }}
---
{{ toYaml . }}
{{- end }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: web}]}
YAML
cat >"$chart/templates/hooks.yaml" <<'YAML'
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-before
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-delete-policy: hook-succeeded
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-test
  annotations: {helm.sh/hook: test}
YAML
cat >"$chart/templates/NOTES.txt" <<'TXT'
It is {{ .Values.colour }}.
TXT
cat >"$chart/crds/shape.yaml" <<'YAML'
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: shapes.example.com}
spec:
  group: example.com
  names: {kind: Shape, plural: shapes, singular: shape, listKind: ShapeList}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
YAML

# One install: the definition first, which the templates see; then all the rest.
expect '^STATUS: deployed$' helm install one "$chart" --wait --timeout 30s
expect '^It is red\.$' helm get notes one
expect 'crds: "true"' helm get manifest one
expect 'seen: "default"' helm get manifest one
expect '^one[[:space:]]+default[[:space:]]+1[[:space:]].*deployed[[:space:]]+web-1\.0\.0[[:space:]]+9' helm list
refuse 'cannot reuse a name that is still in use' helm install one "$chart"
refuse 'release name "Bad": invalid release name' helm install Bad "$chart"
refuse 'unable to continue with install: ConfigMap "one-settings" in namespace "default" exists and cannot be imported into the current release: invalid ownership metadata; annotation validation error: key "meta.helm.sh/release-name" must equal "two": current value is "one"' \
	helm install two "$chart" --set name=one --skip-crds
refuse 'has no deployed releases' helm upgrade nothing "$chart"
refuse '^Error: release: not found$' helm status nothing

# Values stay unless there are new ones; both are on record.
expect 'Release "one" has been upgraded' helm upgrade one "$chart" --set colour=blue
expect 'colour: blue' helm get manifest one
expect 'Release "one" has been upgraded' helm upgrade one "$chart"
expect 'colour: blue' helm get values one
expect 'revision: "3"' helm get manifest one
expect 'Happy Helming' helm rollback one 1
expect 'colour: red' helm get manifest one
expect '^4[[:space:]].*deployed[[:space:]]+web-1\.0\.0[[:space:]]+9[[:space:]]+Rollback to 1' helm history one
refuse 'release has no 77 version' helm rollback one 77
expect 'TEST SUITE: +one-test' helm test one
expect '"status":"deployed"' helm list -o json

# Taking over makes it the other's.
expect 'deployed' helm install two "$chart" --set name=one --skip-crds --take-ownership --force-conflicts
refuse 'must equal "one": current value is "two"' helm install one "$chart" --skip-crds --replace --dry-run=server
expect 'uninstalled' helm uninstall two

# Limits of the history, and what fails leaves a record.
for i in 1 2 3; do
	helm upgrade one "$chart" --set "colour=c$i" --history-max 3 >/dev/null
done
[ "$(helm history one -o json | tr '{' '\n' | grep -c revision)" = 3 ] || fail "the history is not cut: $(helm history one)"
refuse 'UPGRADE FAILED' helm upgrade one "$chart" --set 'replicas=many'
expect 'failed' helm history one

# An object that cannot be made ends the upgrade before later kinds change.
cat >"$dir/extra.yaml" <<'YAML'
replicas: 5
extra: {apiVersion: v1, kind: ConfigMap, metadata: {name: one-extra}, data: {a: true}}
YAML
refuse 'UPGRADE FAILED: failed to create resource: server-side apply failed for object default/one-extra' \
	helm upgrade one "$chart" -f "$dir/extra.yaml"
expect 'replicas: 5' helm get manifest one
refuse 'validating "": error validating data: kind not set' helm upgrade one "$chart" --set extra.apiVersion=v1
refuse 'cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string' \
	helm upgrade one "$chart" -f "$dir/extra.yaml" --set extra.metadata.name=7
refuse 'cannot use server-side apply and force replace together' helm upgrade one "$chart" --force-replace
refuse 'forceConflicts enabled when serverSideApply disabled' \
	helm upgrade one "$chart" --force-conflicts --server-side=false

# Client-side, and back.
expect 'has been upgraded' helm upgrade one "$chart" --server-side=false --set colour=client
expect 'has been upgraded' helm upgrade one "$chart" --set colour=client2
expect 'has been upgraded' helm upgrade one "$chart" --server-side=true --set colour=server
expect 'has been upgraded' helm upgrade one "$chart" --set replicas=2

# Gone, but for what is to be kept.
expect 'These resources were kept due to the resource policy' helm uninstall one
[ -z "$(helm list -q)" ] || fail "still there: $(helm list)"
expect 'release "none" uninstalled' helm uninstall none --ignore-not-found
refuse 'uninstall: Release not loaded: none: release: not found' helm uninstall none

if [ -n "${HELM:-}" ]; then
	expect deployed "$HELM" install turn "$chart" --skip-crds
	expect '^turn' helm list
	expect 'has been upgraded' helm upgrade turn "$chart" --set colour=mine
	expect 'colour: mine' "$HELM" get values turn
	expect 'has been upgraded' "$HELM" upgrade turn "$chart" --set colour=theirs
	expect 'Happy Helming' helm rollback turn 2
	expect 'Happy Helming' "$HELM" rollback turn
	expect 'uninstalled' helm uninstall turn
fi
