#!/bin/bash
# `rill up` and `rill down`: up.sh RILL
#
# A working tree becomes a cluster; a saved file is applied without a commit;
# entry points are found; a run that is kept goes on where it was.
set -eu

rill=$(realpath "$1")
dir=$(mktemp -d)
up= tail=
finish() {
	[ -z "$tail" ] || kill "$tail" 2>/dev/null || :
	[ -z "$up" ] || kill "$up" 2>/dev/null || :
	HOME=$dir "$rill" down --data-dir "$dir/kept" >/dev/null 2>&1 || :
	HOME=$dir "$rill" down >/dev/null 2>&1 || :
	wait
	rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
export HOME=$dir GIT_CONFIG_NOSYSTEM=1 NO_COLOR=1
unset XDG_STATE_HOME KUBECONFIG
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@d

fail() {
	echo "up.sh: $*" >&2
	cat err* >&2 2>/dev/null || :
	tail -5 .local/state/rill/up/log >&2 2>/dev/null || :
	exit 1
}
until_true() {
	local what=$1
	shift
	for _ in $(seq 200); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	fail "never: $what"
}
token() { sed -n 's/^ *token: //p' "$KUBECONFIG"; }
url() { sed -n 's/^ *server: //p' "$KUBECONFIG"; }
get() { curl -sk --max-time 10 -H "Authorization: Bearer $(token)" "$(url)$1"; }
value() { get /api/v1/namespaces/app/configmaps/settings | grep -q "\"colour\": *\"$1\""; }

# ---- a repository with one entry point

mkdir -p repo/bootstrap/flux-system repo/bootstrap/more
write() {
	cat >repo/bootstrap/app.yaml <<-YAML
	apiVersion: v1
	kind: Namespace
	metadata: {name: app}
	---
	apiVersion: v1
	kind: ConfigMap
	metadata: {name: settings, namespace: app}
	data: {colour: $1}
	YAML
}
write red
(cd repo && git init -q -b main && git add . && git commit -qm first)
commit=$(git -C repo rev-parse HEAD)

# ---- in a script

"$rill" up repo --until-ready >out 2>err || fail "--until-ready ends with $?"
grep -q "^export KUBECONFIG=$dir/.local/state/rill/up/kubeconfig$" out || fail "out: $(cat out)"
grep -q "✔ Kustomization/flux-system/flux-system Applied revision: main@sha1:${commit:0:8}$" err || fail "no word of the Kustomization"
[ ! -e .local/state/rill/up/kubeconfig ] || fail "a kubeconfig is left"

# ---- what is broken, is said, and is the status

echo 'kind: [' >repo/bootstrap/broken.yaml
if "$rill" up repo --until-ready --timeout 2s >out 2>err; then fail "broken, and ready"; fi
grep -q "^✗ not ready within 2s$" err || fail "does not end as it should"
grep -q "is not ready: .*broken.yaml" err || fail "does not say what is broken"
rm repo/bootstrap/broken.yaml

# ---- which folder

mkdir empty
if "$rill" up empty --until-ready >out 2>err </dev/null; then fail "no entry point, and up"; fi
grep -q "has no folder that looks like an entry point: say --path$" err || fail "no entry point"
if "$rill" up . --path repo --until-ready >out 2>err </dev/null; then fail "writes into what it follows"; fi
grep -q "lies in the repository: say another --data-dir$" err || fail "writes into what it follows"
refused() {
	local says=$1
	shift
	if "$rill" "$@" >out 2>err </dev/null; then fail "$*: not refused"; fi
	grep -qF "$says" err || fail "$*: does not say why"
}
refused "lies in the repository: say another --data-dir" up repo --data-dir repo/state
[ ! -e repo/state ] || fail "made a directory that it refused"
refused "✗ --branch is for URLs: of a directory, what is checked out is followed" up repo --branch other
refused "✗ https:// names no host" up https://
refused "✗ ftp://example.com/x: scheme ftp is neither https nor http" up ftp://example.com/x
refused "✗ ssh://git@example.com/org/repo: there is no key for SSH here; clone it" up git@example.com:org/repo
refused "✗ open gone: no such file or directory" up gone
"$rill" down --data-dir repo 2>err || fail "down where nothing runs"
grep -qx "► nothing runs in repo" err && [ ! -e repo/lock ] || fail "down where nothing runs"
mkdir -p two/clusters/a two/clusters/b
if "$rill" up two --until-ready >out 2>err </dev/null; then fail "two entry points, and up"; fi
grep -q "has several entry points: say --path, one of clusters/a, clusters/b$" err || fail "several entry points"
if "$rill" up two --path c >out 2>err </dev/null; then fail "no folder, and up"; fi
grep -q "has no folder c$" err || fail "no folder"

# ---- followed: a saved file is applied, committed or not

"$rill" up repo >out 2>err &
up=$!
until_true "serves" grep -q KUBECONFIG out
eval "$(cat out)"
until_true "applied" value red
if "$rill" up repo >out2 2>err2; then fail "two at once"; fi
grep -q "rill up is running already" err2 || fail "two at once: $(cat err2)"
"$rill" logs -f --kind GitRepository --since 1m >out3 2>err3 &
tail=$!
write green
start=$(date +%s%N)
until_true "saved, applied" value green
echo "saved and applied: $((($(date +%s%N) - start) / 1000000)) ms"
until_true "logs are followed" grep -q "GitRepository/flux-system.flux-system - .*$commit-dirty" out3
kill $tail
tail=
get /apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system |
	grep -qE "\"revision\": *\"main@sha1:$commit-dirty.[0-9a-f]{12}\"" || fail "revision of a dirty tree"
(cd repo && git commit -qam second)
log() { "$rill" logs "$@" 2>err2; }
log >out2 || fail "logs: $(cat err2)"
grep -q "^[0-9TZ:.-]* info GitRepository/flux-system.flux-system - stored artifact for revision 'main@sha1:$commit'" out2 ||
	fail "logs: $(cat out2)"
[ "$(log --tail 1 | wc -l)" -le 1 ] && [ "$(log --since-time 2099-01-01T00:00:00Z | wc -l)" = 0 ] || fail "logs: not all"
"$rill" check >out2 2>&1 || fail "check: $(cat out2)"
version=$("$rill" --version | sed 's/.* //')
grep -A2 '^► checking controllers$' out2 | tr '\n' ';' |
	grep -qF "✔ rill: runs all controllers in its own process;► rill:$version;" || fail "check: $(cat out2)"
(
	ln -sf "$rill" flux
	./flux version >out2 2>&1 && grep -qx "rill: $version" out2
) || fail "version: $(cat out2)"
until_true "clean again" eval 'get /apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories/flux-system | grep -q "\"revision\": *\"main@sha1:$(git -C repo rev-parse HEAD)\""'
"$rill" reconcile kustomization flux-system >out2 2>&1 || fail "reconcile: $(cat out2)"
sed -i '/^---/,$d' repo/bootstrap/app.yaml
until_true "pruned" eval '! value green'
"$rill" down >out2 2>&1 || fail "down: $(cat out2)"
wait $up || fail "up ends with $?"
up=
! get /version | grep -q major || fail "still up"

# ---- kept, in the background

write blue
"$rill" up repo --data-dir kept --detach --until-ready >out 2>err || fail "--detach: $?"
eval "$(cat out)"
value blue || fail "not ready after all"
uid=$(get /api/v1/namespaces/app | sed -n 's/.*"uid": *"\([^"]*\)".*/\1/p' | head -1)
"$rill" down --data-dir kept --keep >/dev/null 2>&1 || fail "down"
"$rill" up repo --data-dir kept --detach --until-ready >out 2>err || fail "--detach again: $?"
eval "$(cat out)"
[ "$(get /api/v1/namespaces/app | sed -n 's/.*"uid": *"\([^"]*\)".*/\1/p' | head -1)" = "$uid" ] || fail "not the same cluster"
"$rill" down --data-dir kept >/dev/null 2>&1 || fail "down"
[ ! -e kept/server ] || fail "data is left"

# ---- a repository that brings Flux's own controllers and definitions

cat >repo/bootstrap/flux-system/gotk-components.yaml <<-YAML
	---
	# This manifest was generated by flux. DO NOT EDIT.
	# Flux Version: v2.9.4
	# Components: source-controller
	apiVersion: apiextensions.k8s.io/v1
	kind: CustomResourceDefinition
	metadata: {name: gitrepositories.source.toolkit.fluxcd.io, labels: {app.kubernetes.io/part-of: flux}}
	spec:
	  group: source.toolkit.fluxcd.io
	  names: {kind: GitRepository, listKind: GitRepositoryList, plural: gitrepositories, singular: gitrepository}
	  scope: Namespaced
	  versions:
	  - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
	---
	apiVersion: apps/v1
	kind: Deployment
	metadata: {name: source-controller, namespace: flux-system, labels: {app.kubernetes.io/part-of: flux}}
	spec:
	  selector: {matchLabels: {app: source-controller}}
	  template:
	    metadata: {labels: {app: source-controller}}
	    spec: {containers: [{name: manager, image: ghcr.io/fluxcd/source-controller:v1.9.4}]}
YAML
cat >repo/bootstrap/old.yaml <<-YAML
	apiVersion: source.toolkit.fluxcd.io/v1beta1
	kind: GitRepository
	metadata: {name: old, namespace: app}
	spec: {interval: 1h, suspend: true, url: 'https://git.example.com/x'}
YAML
write red
"$rill" up repo --data-dir kept --detach --until-ready >out 2>err || fail "with Flux's own components: $?"
grep -q "the repository brings the controllers of Flux v2.9.4" err || fail "nothing said of Flux's components"
eval "$(cat out)"
"$rill" get sources git old -n app >out2 2>&1 || fail "an old version: $(cat out2)"
get /apis/apiextensions.k8s.io/v1/customresourcedefinitions/gitrepositories.source.toolkit.fluxcd.io |
	grep -q '"v1beta1"' || fail "the definitions are the repository's"
rm repo/bootstrap/flux-system/gotk-components.yaml
until_true "the Deployment is gone" eval 'get /apis/apps/v1/namespaces/flux-system/deployments/source-controller | grep -q NotFound'
get /apis/apiextensions.k8s.io/v1/customresourcedefinitions/gitrepositories.source.toolkit.fluxcd.io |
	grep -q '"v1beta1"' || fail "the definitions went with the repository's"
"$rill" down --data-dir kept >/dev/null 2>&1 || fail "down"
echo "up: ok"
