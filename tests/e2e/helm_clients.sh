#!/bin/bash
# helm against `rill server`: helm_clients.sh RILL [HELM...]
#
# With the helm of the machine, those under $PEERS (helm 4, and helm 3 as
# "helm3") and those given. Skipped (status 77) when there is none.
set -eu

rill=$(realpath "$1")
shift
. "$(dirname "$0")/clients.sh"
unset HELM_NAMESPACE HELM_CACHE_HOME HELM_CONFIG_HOME HELM_DATA_HOME

client() {
	timeout 200 "$program" -n "$ns" "$@"
}

# ask PATH: the server's answer
ask() {
	python3 - "$KUBECONFIG" "$1" <<-'PY'
	import re, ssl, sys, urllib.request
	text = open(sys.argv[1]).read()
	find = lambda key: re.search(r"^\s*%s: (\S+)" % key, text, re.M).group(1)
	request = urllib.request.Request(find("server") + sys.argv[2], headers={"Authorization": "Bearer " + find("token")})
	try:
	    print(urllib.request.urlopen(request, context=ssl._create_unverified_context(), timeout=60).read().decode())
	except urllib.error.HTTPError as e:
	    print(e.code)
	PY
}

# there PATTERN PATH
there() {
	local out
	out=$(ask "$2")
	grep -qE -e "$1" <<<"$out" || fail "no '$1' in $2: ${out:0:3000}"
}

# A chart of one object of most kinds, a custom resource with its definition, and hooks.
write_chart() {
	mkdir -p "$1/templates" "$1/crds"
	printf 'apiVersion: v2\nname: full\nversion: 1.0.0\nappVersion: "9"\n' >"$1/Chart.yaml"
	printf 'colour: red\nimage: nginx\nreplicas: 2\nbefore: work\n' >"$1/values.yaml"
	cat >"$1/crds/shape.yaml" <<-'YAML'
	apiVersion: apiextensions.k8s.io/v1
	kind: CustomResourceDefinition
	metadata: {name: shapes.charts.example.com}
	spec:
	  group: charts.example.com
	  names: {kind: Shape, plural: shapes, singular: shape, listKind: ShapeList}
	  scope: Namespaced
	  versions:
	  - name: v1
	    served: true
	    storage: true
	    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {colour: {type: string}}}}}}
	YAML
	cat >"$1/templates/config.yaml" <<-'YAML'
	apiVersion: v1
	kind: ConfigMap
	metadata: {name: {{ .Release.Name }}}
	data: {colour: {{ .Values.colour }}, revision: "{{ .Release.Revision }}"}
	---
	apiVersion: v1
	kind: Secret
	metadata: {name: {{ .Release.Name }}}
	stringData: {colour: {{ .Values.colour }}}
	---
	apiVersion: v1
	kind: ServiceAccount
	metadata: {name: {{ .Release.Name }}}
	---
	apiVersion: rbac.authorization.k8s.io/v1
	kind: Role
	metadata: {name: {{ .Release.Name }}}
	rules: [{apiGroups: [""], resources: [pods], verbs: [get]}]
	---
	apiVersion: rbac.authorization.k8s.io/v1
	kind: RoleBinding
	metadata: {name: {{ .Release.Name }}}
	roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .Release.Name }}}
	subjects: [{kind: ServiceAccount, name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}]
	---
	apiVersion: charts.example.com/v1
	kind: Shape
	metadata: {name: {{ .Release.Name }}}
	spec: {colour: {{ .Values.colour }}}
	YAML
	cat >"$1/templates/work.yaml" <<-'YAML'
	{{- define "pod" }}
	metadata: {labels: {app: {{ .kind }}-{{ .root.Release.Name }}}}
	spec: {containers: [{name: c, image: {{ .root.Values.image }}}]}
	{{- end }}
	{{- range $kind := list "Deployment" "StatefulSet" "DaemonSet" }}
	---
	apiVersion: apps/v1
	kind: {{ $kind }}
	metadata: {name: {{ $.Release.Name }}}
	spec:
	  {{- if ne $kind "DaemonSet" }}
	  replicas: {{ $.Values.replicas }}
	  {{- end }}
	  {{- if eq $kind "StatefulSet" }}
	  serviceName: {{ $.Release.Name }}
	  {{- end }}
	  selector: {matchLabels: {app: {{ $kind }}-{{ $.Release.Name }}}}
	  template: {{- include "pod" (dict "kind" $kind "root" $) | nindent 4 }}
	{{- end }}
	---
	apiVersion: v1
	kind: Service
	metadata: {name: {{ .Release.Name }}}
	spec: {selector: {app: Deployment-{{ .Release.Name }}}, ports: [{port: 80, targetPort: 8080}]}
	---
	apiVersion: networking.k8s.io/v1
	kind: Ingress
	metadata: {name: {{ .Release.Name }}}
	spec: {defaultBackend: {service: {name: {{ .Release.Name }}, port: {number: 80}}}}
	---
	apiVersion: policy/v1
	kind: PodDisruptionBudget
	metadata: {name: {{ .Release.Name }}}
	spec: {minAvailable: 1, selector: {matchLabels: {app: Deployment-{{ .Release.Name }}}}}
	---
	apiVersion: batch/v1
	kind: CronJob
	metadata: {name: {{ .Release.Name }}}
	spec:
	  schedule: "0 0 1 1 *"
	  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: work}]}}}}
	---
	apiVersion: batch/v1
	kind: Job
	metadata:
	  name: {{ .Release.Name }}-before
	  annotations: {helm.sh/hook: "pre-install,pre-upgrade", helm.sh/hook-delete-policy: before-hook-creation}
	spec:
	  backoffLimit: 0
	  template: {spec: {restartPolicy: Never, containers: [{name: c, image: {{ .Values.before }}}]}}
	---
	apiVersion: v1
	kind: Pod
	metadata: {name: {{ .Release.Name }}-test, annotations: {helm.sh/hook: test}}
	spec: {restartPolicy: Never, containers: [{name: c, image: work}]}
	YAML
	printf 'It is {{ .Values.colour }}.\n' >"$1/templates/NOTES.txt"
}

whole_life() {
	local chart=$dir/full core="/api/v1/namespaces/$ns" apps="/apis/apps/v1/namespaces/$ns"
	expect 'STATUS: deployed' install one "$chart" --create-namespace --wait --timeout 120s
	there '"readyReplicas":2' "$apps/deployments/one"
	there '"readyReplicas":2' "$apps/statefulsets/one"
	there '"colour":"red"' "$core/configmaps/one"
	there '"colour":"red"' "/apis/charts.example.com/v1/namespaces/$ns/shapes/one"
	expect '^one[[:space:]].*deployed[[:space:]]+full-1\.0\.0' list
	expect 'It is red' get notes one
	refuse 'cannot re-?use a name' install one "$chart"
	expect 'TEST SUITE: +one-test' test one
	expect 'Phase: +Succeeded' status one
	expect 'has been upgraded' upgrade one "$chart" --set colour=blue,replicas=3 --wait --timeout 120s
	there '"readyReplicas":3' "$apps/deployments/one"
	there '"colour":"blue"' "$core/configmaps/one"
	there '"revision":"2"' "$core/configmaps/one"
	expect 'Rollback was a success' rollback one 1 --wait --timeout 120s
	there '"colour":"red"' "$core/configmaps/one"
	there '"replicas":2' "$apps/deployments/one/scale"
	expect '3[[:space:]].*deployed.*Rollback to 1' history one
	expect 'colour: blue' get values one --revision 2
	expect 'kind: StatefulSet' get manifest one
}

# Dry runs, what fails and is taken back, objects of others.
troubles() {
	local chart=$dir/full core="/api/v1/namespaces/$ns"
	expect 'colour: dry' upgrade one "$chart" --set colour=dry --dry-run=server
	there '"colour":"red"' "$core/configmaps/one"
	refuse 'UPGRADE FAILED' upgrade one "$chart" --set replicas=many
	expect 'has been upgraded' upgrade one "$chart" --set colour=green --wait --timeout 120s
	if ! other; then
		refuse 'UPGRADE FAILED' upgrade one "$chart" --set image=sim-pull-error,colour=never "$atomic" --timeout 8s
		there '"colour":"green"' "$core/configmaps/one"
		refuse 'UPGRADE FAILED.*(pre-upgrade|hook)' upgrade one "$chart" --set before=sim-exit-1 --timeout 60s
	fi
	mkdir -p "$dir/other/templates"
	printf 'apiVersion: v2\nname: other\nversion: 1.0.0\n' >"$dir/other/Chart.yaml"
	printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n' >"$dir/other/templates/map.yaml"
	refuse 'ConfigMap "one" in namespace .* exists and cannot be imported.*invalid ownership metadata' install two "$dir/other"
}

gone() {
	local core="/api/v1/namespaces/$ns"
	expect 'release "one" uninstalled' uninstall one --wait --timeout 120s
	there '^404' "$core/configmaps/one"
	there '^404' "$core/services/one"
	there '^404' "/apis/apps/v1/namespaces/$ns/deployments/one"
	there '"items":\[\]' "$core/secrets?labelSelector=owner%3Dhelm"
	there 'shapes' "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/shapes.charts.example.com"
	refuse 'not found' status one
}

# The chart that helm makes for beginners, in a second namespace at the same time.
scaffold() {
	(cd "$dir" && "$program" create start >/dev/null)
	expect 'STATUS: deployed' install start "$dir/start" --wait --timeout 120s --set autoscaling.enabled=true
	expect 'has been upgraded' upgrade --install start "$dir/start" --set replicaCount=2 --wait --timeout 120s
	expect 'TEST SUITE: +start-test-connection' test start
	expect 'uninstalled' uninstall start --wait --timeout 120s
	rm -r "$dir/start"
}

run() {
	program=$1 ns=$2
	local version
	version=$("$program" version --template '{{.Version}}')
	atomic=--rollback-on-failure
	[ "${version#v3}" = "$version" ] || atomic=--atomic
	whole_life
	troubles
	gone
	scaffold
	echo "helm $version: ok"
}

found=
start :memory:
write_chart "$dir/full"
n=0
while read -r candidate; do
	[ -n "$candidate" ] && [ -x "$candidate" ] || continue
	found=1
	n=$((n + 1))
	run "$candidate" "helm-$n"
done < <(programs helm helm3; printf '%s\n' "$@")
if [ -z "$found" ]; then
	echo "no helm here (tools/peers builds one): skipped"
	exit 77
fi
