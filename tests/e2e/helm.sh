#!/bin/bash
# Charts made, fetched, packed and rendered: helm.sh RILL. The texts compared
# here are those of helm 4.3.1 for the same files.
set -eu

rill=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
export HOME=$dir SOURCE_DATE_EPOCH=1700000000

fail() {
	echo "helm.sh: $*"
	exit 1
}
expect() {
	local want=$1
	shift
	local got
	got=$("$@" 2>&1) || true
	[ "$got" = "$want" ] || fail "$*: want '$want', got '$got'"
}
h() { "$rill" helm "$@"; }

mkdir -p p/templates p/charts/here dep/templates outside
printf 'apiVersion: v2\nname: p\nversion: 1.0.0\ndependencies:\n- name: dep\n  version: ^1.0.0\n  repository: file://../dep\n- name: here\n  version: "*"\n' >p/Chart.yaml
printf 'apiVersion: v2\nname: dep\nversion: 1.2.3\n' >dep/Chart.yaml
printf 'apiVersion: v2\nname: here\nversion: 0.1.0\n' >p/charts/here/Chart.yaml
printf 'a: 1\n' >p/values.yaml
printf 'kind: A\nname: {{ .Release.Name }}\na: {{ .Values.a }}\n' >p/templates/a.yaml
printf 'kind: B\nrandom: {{ randAlphaNum 20 }}\n' >dep/templates/b.yaml

missing="Error: an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: dep"
expect "$missing" h template x p
saved='Saving 2 charts
Dependency here did not declare a repository. Assuming it exists in the charts directory
Deleting outdated charts'
[ "$(h template x p --dependency-update | head -3)" = "$saved" ] || fail "--dependency-update"
rm -r p/charts/dep-1.2.3.tgz p/Chart.lock
expect "$saved" h dependency update p
expect "$saved" h dependency build p
grep -q '^digest: sha256:' p/Chart.lock || fail "no digest"
h dependency list p | grep -q '^dep .*file://../dep.*ok' || fail "dep is not ok"
expect "Successfully packaged chart and saved it to: $dir/p-1.0.0.tgz" h package p
cp p-1.0.0.tgz first.tgz
h package p >/dev/null
cmp first.tgz p-1.0.0.tgz || fail "two archives of one chart differ"
[ "$(h template x p-1.0.0.tgz | grep -c '^# Source: p/')" = 2 ] || fail "packed chart renders otherwise"
[ "$(h template x p --stable)" = "$(h template x p --stable)" ] || fail "--stable is not"
[ "$(h template x p)" != "$(h template x p)" ] || fail "random texts are the same"
mkdir -p k/templates
printf 'apiVersion: v2\nname: k\nversion: 1.0.0\n' >k/Chart.yaml
cat >k/templates/k.yaml <<'END'
{{- $ca := genCA "ca" 365 }}
{{- $ec := genPrivateKey "ecdsa" }}
{{- $cert := genSignedCertWithKey "x" nil (list "x.y") 30 $ca $ec }}
a: {{ list $ca.Cert $ca.Key $cert.Cert $cert.Key (genPrivateKey "ed25519") | toJson }}
b: {{ list (bcrypt "x") (htpasswd "a" "b") (encryptAES "k" "t") (derivePassword 1 "long" "p" "u" "s") (randBytes 9) uuidv4 | toJson }}
c: {{ list (randInt 0 1000000) (shuffle "abcdefghij") (now | unixEpoch) | toJson }}
END
h template x k --stable >once
sleep 1.1
h template x k --stable | cmp - once || fail "--stable keys change"
h template y k --stable | cmp -s - once && fail "--stable keys of another release are the same"
grep -q '1700000000' once || fail "--stable has no still clock"
(unset SOURCE_DATE_EPOCH; h template x k --stable | grep -q '"1577836800"') || fail "--stable without a date"
expect 'Error: invalid argument "sh" for "--post-renderer" flag: plugin: {Name:sh Type:postrenderer/v1} not found' \
	h template x p --post-renderer sh

# Places: of objects, and of what is no YAML. A pipe gets Helm's message alone.
mkdir -p o/templates
printf 'apiVersion: v2\nname: o\nversion: 1.0.0\n' >o/Chart.yaml
printf '{{ define "labels" }}\na: 1\nb: {{ .Values.b }}\n{{ end }}' >o/templates/_h.tpl
printf 'kind: A\n---\n{{ include "labels" . | trim }}\n' >o/templates/a.yaml
[ "$(h template o --origins | grep '^# Origin')" = '# Origin: o/templates/_h.tpl:2
# Origin: o/templates/a.yaml:1' ] || fail "origins"
bad="Error: YAML parse error on o/templates/a.yaml: error converting YAML to JSON: yaml: line 2: did not find expected ',' or ']'"
expect "$bad

Use --debug flag to render out invalid YAML" h template o --set 'b=[x'
h template o --set 'b=[x' --debug 2>&1 >/dev/null | tail -2 >place
printf '  at o/templates/_h.tpl:3: b: {{ .Values.b }}\n  line 4 of the output of o/templates/a.yaml: b: [x\n' |
	diff place - || fail "place of the error"

# Schemas on servers are for those who ask for them.
printf '{"$ref":"http://127.0.0.1:1/s.json"}' >o/values.schema.json
h template o 2>&1 | grep -q 'failing loading "http://127.0.0.1:1/s.json": remote refs disabled (--allow-remote-schema allows them)$' ||
	fail "remote schema"
h template o --allow-remote-schema 2>&1 | grep -q 'HTTP request failed for http://127.0.0.1:1/s.json: Get "http://127.0.0.1:1/s.json": dial tcp 127.0.0.1:1: connect: connection refused$' ||
	fail "remote schema, allowed"

# A lock that leads out of the chart is not written through.
rm p/Chart.lock
ln -s "$dir/outside/lock" p/Chart.lock
h dependency update p >/dev/null 2>&1 && fail "lock written through a link"
[ ! -e outside/lock ] || fail "file outside the chart"
expect 'Error: path "./nope" not found' h template x ./nope
expect "Error: file '$dir/p/values.yaml' seems to be a YAML file, but expected a gzipped archive" h template x p/values.yaml
echo ok
