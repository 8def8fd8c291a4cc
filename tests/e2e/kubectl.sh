#!/bin/bash
# kubectl against `rill server`: kubectl.sh RILL
#
# With the kubectl of the machine, and with that under $PEERS where there is
# one. Skipped (status 77) when there is none at all.
set -eu

rill=$(realpath "$1")
dir=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	wait
	rm -rf "$dir"
}
trap finish EXIT
export HOME=$dir KUBECONFIG=$dir/kubeconfig

fail() {
	echo "$kubectl: $*" >&2
	exit 1
}

# expect PATTERN ARG...: what kubectl prints matches the pattern
expect() {
	local pattern=$1 out
	shift
	out=$("$kubectl" "$@" 2>&1) || fail "$* failed: $out"
	grep -qE -e "$pattern" <<<"$out" || fail "$*: no '$pattern' in: $out"
}

# refuse PATTERN ARG...: kubectl fails, and says so
refuse() {
	local pattern=$1 out
	shift
	if out=$("$kubectl" "$@" 2>&1); then
		fail "$* did not fail: $out"
	fi
	grep -qE -e "$pattern" <<<"$out" || fail "$*: no '$pattern' in: $out"
}

start() {
	rm -f "$KUBECONFIG"
	"$rill" server --data-dir "$dir/data" --listen 127.0.0.1:0 --write-kubeconfig "$KUBECONFIG" --no-sim 2>/dev/null &
	server=$!
	for _ in $(seq 500); do
		[ ! -s "$KUBECONFIG" ] || return 0
		sleep 0.02
	done
	echo "the server does not start" >&2
	exit 1
}

objects() {
	cat <<-YAML
	apiVersion: v1
	kind: ConfigMap
	metadata: {name: settings, namespace: $1}
	data: {colour: $2}
	---
	apiVersion: apps/v1
	kind: Deployment
	metadata: {name: web, namespace: $1}
	spec:
	  selector: {matchLabels: {app: web}}
	  template:
	    metadata: {labels: {app: web}}
	    spec: {containers: [{name: app, image: "nginx:$3"}]}
	YAML
}

run() {
	kubectl=$1
	local ns=$2
	rm -rf "$dir/.kube"
	expect 'v1\.36' version
	expect '^deployments +deploy +apps/v1 +true +Deployment' api-resources
	expect 'apps/v1' api-versions
	expect 'created' create namespace "$ns"
	expect "^$ns " get namespaces
	objects "$ns" red 1.27 >"$dir/objects.yaml"
	expect 'configmap/settings created' apply -f "$dir/objects.yaml"
	expect 'deployment.apps/web unchanged' apply -f "$dir/objects.yaml"
	objects "$ns" blue 1.28 >"$dir/objects.yaml"
	refuse '^\+ +- image: nginx:1.28|^\+  colour: blue' diff -f "$dir/objects.yaml"
	expect 'configmap/settings configured' apply -f "$dir/objects.yaml"
	expect 'deployment.apps/web serverside-applied' apply --server-side -f "$dir/objects.yaml"
	expect 'web +0/1' -n "$ns" get deployments
	expect 'nginx:1.28' -n "$ns" get deployment web -o 'jsonpath={.spec.template.spec.containers[0].image}'
	expect 'StrategyType: +RollingUpdate' -n "$ns" describe deployment web
	expect 'replicas' explain deployment.spec
	expect 'labeled' -n "$ns" label configmap settings tier=front
	expect 'settings' -n "$ns" get configmaps -l tier=front --no-headers
	expect 'annotated' -n "$ns" annotate configmap settings note=x
	expect 'scaled' -n "$ns" scale deployment web --replicas=3
	expect '^3$' -n "$ns" get deployment web -o 'jsonpath={.spec.replicas}'
	expect 'image updated' -n "$ns" set image deployment/web app=nginx:1.29
	expect 'patched' -n "$ns" patch configmap settings -p '{"data":{"size":"1"}}'
	expect 'patched' -n "$ns" patch configmap settings --type=json -p '[{"op":"remove","path":"/data/size"}]'
	expect 'created' -n "$ns" create secret generic password --from-literal=p=w
	expect 'Opaque' -n "$ns" get secret password
	refuse 'already exists' -n "$ns" create configmap settings
	refuse '"nothing" not found' -n "$ns" get configmap nothing
	refuse "doesn't have a resource type" get nothings
	expect 'deleted' -n "$ns" delete configmap settings
	expect 'deleted' delete -f "$dir/objects.yaml" --ignore-not-found
	echo "$("$kubectl" version 2>/dev/null | sed -n '1s/.*GitVersion:"\([^"]*\)".*/\1/;1s/Client Version: //p'): ok"
}

found=
start
n=0
for k in "$(command -v kubectl || :)" "${PEERS:+$PEERS/kubectl}"; do
	[ -n "$k" ] && [ -x "$k" ] || continue
	found=1
	n=$((n + 1))
	run "$k" "e2e-$n"
done
if [ -z "$found" ]; then
	echo "no kubectl here: skipped"
	exit 77
fi
# all of it is there after a restart
kill "$server"
wait "$server" || :
start
expect '^e2e-1 ' get namespaces
echo ok
