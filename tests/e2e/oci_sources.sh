#!/bin/bash
# OCIRepositories and Buckets, `rill controller` beside `rill server`: oci_sources.sh RILL
#
# From `flux push artifact` to an artifact, a new version noticed on request,
# failures and their end, a restart, delete. Skipped without docker-registry.
set -eu

program=oci_sources.sh
command -v docker-registry >/dev/null || {
	echo "$program: skipped, no docker-registry here"
	exit 77
}
. "$(dirname "$0")/sources_world.sh"
base=/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system
path=$base/ocirepositories/app

# ---- the world

port=$(free_port)
python3 -W ignore -c 'import crypt; print("user:" + crypt.crypt("pass word", "$2y$05$abcdefghijklmnopqrstuu"))' >htpasswd
cat >registry.yml <<-END
	version: 0.1
	log: {level: error}
	storage: {filesystem: {rootdirectory: $dir/registry}}
	auth: {htpasswd: {realm: test, path: $dir/htpasswd}}
	http: {addr: "127.0.0.1:$port"}
END
docker-registry serve registry.yml >registry.log 2>&1 &
pids+=($!)
start_server
until_true "the registry listens" eval '(exec 3<>/dev/tcp/127.0.0.1/$port)'
start_controller

repo=127.0.0.1:$port/org/app
push() {
	"$rill" push artifact "oci://$repo:$1" --path files --source https://x/y --revision "main@sha1:$1" \
		--creds 'user:pass word' -o json | python3 -c 'import json, sys; print(json.load(sys.stdin)["digest"])'
}
mkdir files
echo 'kind: A' >files/a.yaml
one=$(push 1.0.0)

# ---- without a login, and with it

create $base/ocirepositories '{"apiVersion":"source.toolkit.fluxcd.io/v1","kind":"OCIRepository","metadata":{"name":"app"},
  "spec":{"interval":"1h","url":"oci://'"$repo"'","insecure":true,"ref":{"semver":">=1"},"secretRef":{"name":"login"}}}'
until_true "no secret" is FetchFailed "True AuthenticationFailed failed to get credential: failed to get secret 'flux-system/login': secrets \"login\" not found"
until_true "event" tells "^Normal AuthenticationFailed source-controller auth secret 'login' not found$"
auth=$(printf '{"auths":{"127.0.0.1:%s":{"username":"user","password":"pass word"}}}' "$port" | base64 -w0)
create /api/v1/namespaces/flux-system/secrets '{"metadata":{"name":"login"},"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"'"$auth"'"}}'
until_true "stored" is Ready "True Succeeded stored artifact for digest '1.0.0@$one'"
is ArtifactInStorage "True Succeeded stored artifact for digest '1.0.0@$one'" || fail "ArtifactInStorage"
[ -z "$(condition Reconciling)$(condition FetchFailed)$(condition ArtifactOutdated)" ] || fail "conditions are left"
[ "$(field status/artifact/revision)" = "1.0.0@$one" ] || fail "revision: $(field status/artifact/revision)"
[ "$(field status/artifact/metadata/org.opencontainers.image.revision)" = main@sha1:1.0.0 ] || fail "metadata: $(field status/artifact)"
[ "$(curl -s "$(field status/artifact/url)" | tar xzO a.yaml)" = 'kind: A' ] || fail "the artifact's content"
[ "$(curl -s "$(field status/url)" | tar xzO a.yaml)" = 'kind: A' ] || fail "status.url: $(field status/url)"
until_true "event" tells "^Normal NewArtifact source-controller stored artifact with revision '1.0.0@$one' from 'oci://$repo', origin source 'https://x/y', origin revision 'main@sha1:1.0.0'$"

# ---- a new version, on request

echo 'kind: B' >files/b.yaml
two=$(push 1.1.0)
"$rill" reconcile source oci app >out 2>&1 || fail "reconcile: $(cat out)"
grep -q "fetched revision 1.1.0@$two" out || fail "reconcile says: $(cat out)"
[ "$(curl -s "$(field status/artifact/url)" | tar tzf - | sort | tr '\n' ' ')" = 'a.yaml b.yaml ' ] || fail "not the new one"
"$rill" reconcile source oci app >out 2>&1 || fail "reconcile: $(cat out)"
until_true "event" tells "ArtifactUpToDate source-controller artifact up-to-date with remote revision: '1.1.0@$two'$"

# ---- failures, and their end

patch '{"spec":{"ref":{"semver":">9"}}}'
until_true "failed" is FetchFailed "True ReadOperationFailed failed to determine the artifact tag for 'oci://$repo': no match found for semver: >9"
is Ready "False ReadOperationFailed failed to determine the artifact tag for 'oci://$repo': no match found for semver: >9" || fail "Ready: $(condition Ready)"
patch '{"spec":{"ref":{"semver":null,"digest":"'"$one"'"}}}'
until_true "by digest" is Ready "True Succeeded stored artifact for digest '$one'"
until_true "event" tells "^Normal (NewArtifact|Succeeded) source-controller stored artifact with revision '$one'"
patch '{"spec":{"verify":{"provider":"cosign","secretRef":{"name":"keys"}}}}'
until_true "not verified" eval 'condition SourceVerified | grep -q "^False VerificationError failed to verify the signature using provider .cosign.: "'
condition Ready | grep -q "^False VerificationError failed to verify the signature using provider .cosign.: secrets .keys. not found" ||
	fail "Ready although not verified: $(condition Ready)"
patch '{"spec":{"verify":null,"layerSelector":{"operation":"copy"}}}'
until_true "copied" eval '[ "$(curl -s "$(field status/artifact/url)" | tar tzf - | tr "\n" " ")" = "a.yaml " ] && is Ready "True Succeeded stored artifact for digest '"'$one'"'"'
[ -z "$(condition SourceVerified)" ] || fail "SourceVerified is left"
until_true "observed" eval '[ "$(field status/observedLayerSelector)" = "{'"'operation': 'copy'"'}" ]'
patch '{"spec":{"url":"oci://'"$repo"':tag"}}'
until_true "stalled" is Stalled "True URLInvalid URL validation failed for 'oci://$repo:tag': repository can only contain the characters \`abcdefghijklmnopqrstuvwxyz0123456789_-./\`: ${repo#*/}:tag"
patch '{"spec":{"url":"oci://'"$repo"'"}}'
until_true "recovered" is Ready "True Succeeded stored artifact for digest '$one'"

# ---- a restart, and the end

stop_controller
start_controller
until_true "looked again" eval 'tells ArtifactUpToDate && is Ready "True Succeeded stored artifact for digest '"'$one'"'"'
file=store/$(field status/artifact/path)
[ -s "$file" ] || fail "no $file"
api -X DELETE "$(url)$path" >/dev/null
until_true "gone" gone
[ ! -e "$(dirname "$file")" ] || fail "artifacts are left"

# ---- a bucket

"$here/bucket.py" --serve >bucket.port &
pids+=($!)
until_true "the store listens" test -s bucket.port
path=$base/buckets/app
create /api/v1/namespaces/flux-system/secrets '{"metadata":{"name":"keys"},"data":{"accesskey":"'"$(printf AKIDTEST | base64)"'","secretkey":"'"$(printf 'secret/key+1' | base64)"'"}}'
create $base/buckets '{"apiVersion":"source.toolkit.fluxcd.io/v1","kind":"Bucket","metadata":{"name":"app"},
  "spec":{"interval":"1h","bucketName":"stuff","endpoint":"127.0.0.1:'"$(cat bucket.port)"'","insecure":true,"prefix":"deploy/","secretRef":{"name":"keys"}}}'
until_true "stored" eval 'condition Ready | grep -q "^True Succeeded stored artifact: revision .sha256:"'
until_true "event" tells "^Normal NewArtifact source-controller stored artifact with 2 fetched files from 'stuff' bucket$"
[ "$(curl -s "$(field status/artifact/url)" | tar xzO deploy/b.yaml)" = 'kind: B' ] || fail "the bucket's content"
patch '{"spec":{"bucketName":"none"}}'
until_true "failed" is FetchFailed "True BucketOperationFailed bucket 'none' not found"
api -X DELETE "$(url)$path" >/dev/null
until_true "gone" gone

echo "oci_sources.sh: good"
