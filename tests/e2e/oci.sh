#!/bin/bash
# Artifacts in a real registry: oci.sh OCIFETCH RILL
#
# docker-registry (Debian's package) on loopback: without and with a login,
# with TLS; skipped when it is not there.
set -eu

ocifetch=$(realpath "$1")
rill=$(realpath "$2")
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
export HOME=$dir

command -v docker-registry >/dev/null || {
	echo "oci.sh: skipped, no docker-registry here"
	exit 77
}

fail() {
	echo "oci.sh: $*"
	exit 1
}
# want TEXT COMMAND...: what it says.
want() {
	local want=$1 got
	shift
	got=$("$@" 2>&1) || true
	[ "$got" = "$want" ] || fail "$*"$'\n'"--- want"$'\n'"$want"$'\n'"--- got"$'\n'"$got"
}
# The same, of which only the last line counts.
want_last() {
	local want=$1 got
	shift
	got=$("$@" 2>&1 | tail -1) || true
	[ "$got" = "$want" ] || fail "$*"$'\n'"--- want"$'\n'"$want"$'\n'"--- got"$'\n'"$got"
}
# The same, of which the pattern must match a line.
want_line() {
	local want=$1 got
	shift
	got=$("$@" 2>&1) || true
	grep -qx -- "$want" <<<"$got" || fail "$*"$'\n'"--- want a line"$'\n'"$want"$'\n'"--- got"$'\n'"$got"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start NAME EXTRA: a registry; sets port.
start() {
	port=$(free_port)
	cat >"$1.yml" <<-END
		version: 0.1
		log: {level: error}
		storage:
		  filesystem: {rootdirectory: $dir/$1}
		  delete: {enabled: true}
		$2
		http:
		  addr: 127.0.0.1:$port
		$3
	END
	docker-registry serve "$1.yml" >"$1.log" 2>&1 &
	for _ in $(seq 100); do
		(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return
		sleep 0.1
	done
	fail "docker-registry does not start: $(cat "$1.log")"
}

# ---- without a login -----------------------------------------------------------

mkdir -p files/deploy
echo 'kind: A' >files/a.yaml
echo 'kind: B' >files/deploy/b.yaml
echo picture >files/pic.png
tar --sort=name --mtime=@0 --owner=0 --group=0 -C files -czf a.tgz .
tar --sort=name --mtime=@0 --owner=0 --group=0 -C files -cf a.tar .

start open '' ''
reg=127.0.0.1:$port
first=$("$ocifetch" push "$reg/org/app:1.0.0" a.tgz | cut -d' ' -f1)
case $first in sha256:*) ;; *) fail "push: $first" ;; esac
for tag in 1.1.0 1.2.0-rc.1 2.0.0 v3 nightly; do
	"$ocifetch" tag "$reg/org/app:1.0.0" $tag || fail "tag $tag"
done
tags() { "$ocifetch" tags "$@" | LC_ALL=C sort; }
want "1.0.0
1.1.0
1.2.0-rc.1
2.0.0
6 tags
nightly
v3" tags "$reg/org/app"
want_line "$first [0-9]* application/vnd.oci.image.manifest.v1+json" "$ocifetch" resolve "$reg/org/app:1.1.0"

want "revision: 1.1.0@$first
reference: $reg/org/app:1.1.0
event: stored artifact with revision '1.1.0@$first' from 'oci://$reg/org/app'
url: http://source.example/ocirepository/ns/repo/$first.tar.gz
link: http://source.example/ocirepository/ns/repo/latest.tar.gz
  0600 a.yaml 8
  0750 deploy/
  0600 deploy/b.yaml 8
revision: 1.1.0@$first (unchanged)" "$ocifetch" fetch store "oci://$reg/org/app" semver='<2' again=
want_line "revision: 1.2.0-rc.1@$first" "$ocifetch" fetch store "oci://$reg/org/app" semver='<2.0.0-0'
want_line "revision: 2.0.0@$first" "$ocifetch" fetch store "oci://$reg/org/app" semver='*' filter='^[0-9.]*$'
want_line "revision: $first" "$ocifetch" fetch store "oci://$reg/org/app" digest="$first"
want_line "revision: nightly@$first" "$ocifetch" fetch store "oci://$reg/org/app" tag=nightly insecure=
want_line "  0600 pic.png 8" "$ocifetch" fetch store "oci://$reg/org/app" tag=v3 ignore='*.txt'
want_line "digest: sha256:$(sha256sum <a.tgz | cut -d' ' -f1)" \
	"$ocifetch" fetch store "oci://$reg/org/app" tag=v3 operation=copy
want "failed: FetchFailed ReadOperationFailed: failed to determine the artifact tag for 'oci://$reg/org/app': \
no match found for semver: >9" "$ocifetch" fetch store "oci://$reg/org/app" semver='>9'
want "failed: FetchFailed OCIArtifactPullFailed: failed to determine artifact digest: \
GET http://$reg/v2/org/app/manifests/none: MANIFEST_UNKNOWN: manifest unknown; map[Tag:none]" \
	"$ocifetch" fetch store "oci://$reg/org/app" tag=none
want "failed: FetchFailed ReadOperationFailed: failed to determine the artifact tag for 'oci://$reg/org/none': \
GET http://$reg/v2/org/none/tags/list?n=1000: NAME_UNKNOWN: repository name not known to registry; map[name:org/none]" \
	"$ocifetch" fetch store "oci://$reg/org/none" semver='*'
want_last "failed: FetchFailed OCIArtifactLayerOperationFailed: failed to find layer with media type 'x/y' in artifact" \
	"$ocifetch" fetch store "oci://$reg/org/app" tag=v3 layer=x/y
want_last "failed: FetchFailed OCIArtifactLayerOperationFailed: unsupported layer operation: move" \
	"$ocifetch" fetch store "oci://$reg/org/app" tag=v3 operation=move

# Layers that are no compressed tar.
"$ocifetch" push "$reg/org/plain:1" a.tar >/dev/null
want_last "failed: FetchFailed OCIArtifactLayerOperationFailed: failed to extract layer contents from artifact: \
requires gzip-compressed body: gzip: invalid header: the layer is a tar archive without compression; \
layerSelector.operation copy stores it as it is" "$ocifetch" fetch store "oci://$reg/org/plain" tag=1
{ printf '\x28\xb5\x2f\xfd'; head -c 60 /dev/zero; } >a.zst
"$ocifetch" push "$reg/org/zstd:1" a.zst >/dev/null
want_last "failed: FetchFailed OCIArtifactLayerOperationFailed: failed to extract layer contents from artifact: \
requires gzip-compressed body: gzip: invalid header: the layer is compressed with zstd, only gzip is known; \
layerSelector.operation copy stores it as it is" "$ocifetch" fetch store "oci://$reg/org/zstd" tag=1
want_line "digest: sha256:$(sha256sum <a.zst | cut -d' ' -f1)" \
	"$ocifetch" fetch store "oci://$reg/org/zstd" tag=1 operation=copy

# What refers to it, by the tag that stands in for the API (this registry has none).
second=$("$ocifetch" push "$reg/org/app" a.tar subject=1.0.0 | cut -d' ' -f1)
want "" "$ocifetch" referrers "$reg/org/app:1.0.0"
want_line ".*\"subject\":{[^}]*\"digest\":\"$first\".*" "$ocifetch" manifest "$reg/org/app@$second"
"$ocifetch" delete "$reg/org/app@$second"
want_line "failed: .* MANIFEST_UNKNOWN: manifest unknown.*" "$ocifetch" manifest "$reg/org/app@$second"

# ---- with a login, and TLS ---------------------------------------------------------

hash=$(python3 -W ignore -c 'import crypt; print(crypt.crypt("pass word", "$2y$05$abcdefghijklmnopqrstuu"))')
echo "user:$hash" >htpasswd
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=registry -addext 'subjectAltName=IP:127.0.0.1' \
	-keyout key.pem -out cert.pem 2>/dev/null
start locked "auth: {htpasswd: {realm: test, path: $dir/htpasswd}}" "  tls: {certificate: $dir/cert.pem, key: $dir/key.pem}"
reg=127.0.0.1:$port
auth=$(printf 'user:pass word' | base64)
echo "{\"auths\":{\"$reg\":{\"auth\":\"$auth\"}}}" >good.json
echo "{\"auths\":{\"$reg\":{\"username\":\"user\",\"password\":\"wrong\"}}}" >bad.json
push() { "$ocifetch" push "$reg/org/app:1.0.0" a.tgz "$@"; }

want_line "$first [0-9]* .*" push secret.x=@good.json cert.ca.crt=@cert.pem
want "failed: - Failed: HEAD https://$reg/v2/org/app/blobs/sha256:$(sha256sum <a.tgz | cut -d' ' -f1): \
unexpected status code 401 Unauthorized (HEAD responses have no body, use GET for details)" \
	push secret.x=@bad.json cert.ca.crt=@cert.pem
fetch() { "$ocifetch" fetch store "oci://$reg/org/app" tag=1.0.0 "$@"; }
want_line "revision: 1.0.0@$first" fetch secret..dockerconfigjson=@good.json cert.ca.crt=@cert.pem
want_line "revision: 1.0.0@$first" fetch secret..dockerconfigjson=@good.json insecure=
want_line "failed: FetchFailed OCIArtifactPullFailed: failed to determine artifact digest: \
GET https://$reg/v2/org/app/manifests/1.0.0: UNAUTHORIZED: authentication required; .*" \
	fetch cert.ca.crt=@cert.pem
want_line "failed: FetchFailed OCIArtifactPullFailed: failed to determine artifact digest: \
Get \"https://$reg/v2/\": tls: failed to verify certificate: x509: certificate signed by unknown authority" \
	fetch secret..dockerconfigjson=@good.json
want "failed: FetchFailed AuthenticationFailed: failed to generate transport for 'oci://$reg/org/app': \
secret 'ns/secret' contains 'tls.crt' but missing 'tls.key'" fetch cert.tls.crt=@cert.pem
want "failed: FetchFailed AuthenticationFailed: failed to get credential: unexpected end of JSON input" \
	fetch secret..dockerconfigjson='{'

# ---- the commands ----------------------------------------------------------------------

mkdir flux && ln -s "$rill" flux/flux
PATH=$dir/flux:$PATH
mkdir .docker
cp good.json .docker/config.json
export SSL_CERT_FILE=$dir/cert.pem
url=oci://$reg/org/manifests

flux build artifact -p files -o built.tgz 2>out || fail "build: $(cat out)"
[ "$(cat out)" = "► building artifact from files
✔ artifact created at built.tgz" ] || fail "build says: $(cat out)"
[ "$(tar -tvzf built.tgz | awk '{ print $1, $2, $6 }')" = "-rw------- 0/0 a.yaml
drwxr-x--- 0/0 deploy
-rw------- 0/0 deploy/b.yaml" ] || fail "build: $(tar -tvzf built.tgz)"
push() { flux push artifact "$url:$1" --path "${@:2}" --source https://x/y --revision main@sha1:12; }
push v1 files >out 2>err || fail "push: $(cat err)"
digest=$(sed -n 's/.*@\(sha256:.*\)/\1/p' err)
[ "$(cat out err)" = "► pushing artifact to $reg/org/manifests:v1
✔ artifact successfully pushed to $reg/org/manifests@$digest" ] || fail "push says: $(cat out err)"
again=$(push v2 files --reproducible -a 'a.b/c=d' -o json)
[ "$again" = "$(push v3 files --reproducible -a 'a.b/c=d' -o json | sed 's/v3/v2/')" ] || fail "not reproducible"
two=$(sed -n 's/.*"digest": "\(.*\)".*/\1/p' <<<"$again")
[ "$again" = "{
  \"url\": \"oci://$reg/org/manifests@$two\",
  \"repository\": \"$reg/org/manifests\",
  \"tag\": \"v2\",
  \"digest\": \"$two\"
}" ] || fail "push -o json says: $again"
[ "$(push v2 files --reproducible -a 'a.b/c=d' -o yaml)" = "digest: $two
repository: $reg/org/manifests
tag: v2
url: oci://$reg/org/manifests@$two" ] || fail "push -o yaml"
want "► tagging artifact
✔ artifact tagged as $reg/org/manifests:latest
✔ artifact tagged as $reg/org/manifests:1.2.0" flux tag artifact "$url:v1" --tag latest,1.2.0
flux list artifacts "$url" >out 2>&1 || fail "list: $(cat out)"
[ "$(sed 's/[ \t]*$//' out | tr -s ' \t' ' ')" = "ARTIFACT DIGEST SOURCE REVISION
$reg/org/manifests:v3 $two https://x/y main@sha1:12
$reg/org/manifests:v2 $two https://x/y main@sha1:12
$reg/org/manifests:v1 $digest https://x/y main@sha1:12
$reg/org/manifests:latest $digest https://x/y main@sha1:12
$reg/org/manifests:1.2.0 $digest https://x/y main@sha1:12" ] || fail "list says: $(cat out)"
[ "$(flux list artifacts "$url" --filter-semver '>=1' | tail -n +2 | cut -c1-40 | wc -l)" = 1 ] || fail "list --filter-semver"
[ "$(flux list artifacts "$url" --filter-regex '^v[12]$' | tail -n +2 | wc -l)" = 2 ] || fail "list --filter-regex"

mkdir got && echo old >got/a.yaml
want "► pulling artifact from $reg/org/manifests:v1
✔ source https://x/y
✔ revision main@sha1:12
✔ digest $reg/org/manifests@$digest
✔ artifact content extracted to got" flux pull artifact "$url:v1" -o got
[ "$(cat got/a.yaml got/deploy/b.yaml)" = "$(cat files/a.yaml files/deploy/b.yaml)" ] || fail "pull: other content"
[ ! -e got/pic.png ] || fail "pull: ignored files came"
echo x >plain
want "✗ invalid output path \"plain\": %!w(<nil>)" flux pull artifact "$url:v1" -o plain
want "✗ listing tags failed: parsing repo \"$reg/org/manifests:v1\": repository can only contain the characters \
\`abcdefghijklmnopqrstuvwxyz0123456789_-./\`: org/manifests:v1" flux list artifacts "$url:v1"
want "► tagging artifact
✗ tagging artifact failed: fetching \"$reg/org/manifests:gone\": GET https://$reg/v2/org/manifests/manifests/gone: \
MANIFEST_UNKNOWN: manifest unknown; map[Tag:gone]" flux tag artifact "$url:gone" --tag x
nobody='"https://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused; Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused'
want "► pulling artifact from 127.0.0.1:1/app
✗ Get $nobody" flux pull artifact oci://127.0.0.1:1/app -o got
want "✗ listing tags failed: Get $nobody" flux list artifacts oci://127.0.0.1:1/app
want "✗ invalid output path \"nope\": stat nope: no such file or directory" flux pull artifact "$url:v1" -o nope
# As another program compresses it.
"$ocifetch" push "$reg/org/manifests:other" <(gzip -dc built.tgz | gzip -1n) secret.x=@good.json cert.ca.crt=@cert.pem >/dev/null
for tag in v1 other; do
	want "✔ no changes detected" flux diff artifact "$url:$tag" --path files
done
echo 'kind: C' >files/c.yaml
want "✗ the remote artifact contents differs from the local one" flux diff artifact "$url:v1" --path files
rm files/c.yaml
want "✗ 'oci://$reg/Org' invalid URL: could not parse reference: $reg/Org" flux pull artifact "oci://$reg/Org" -o got
# Links, a single file, standard input.
ln -s "$dir/files/deploy" linked && mkdir tree && ln -s "$dir/files/a.yaml" tree/a.yaml && ln -s ../linked tree/linked && ln -s .. tree/linked2
flux build artifact -p tree --resolve-symlinks --add-ignore-paths linked2 -o t.tgz 2>/dev/null
[ "$(tar -tzf t.tgz)" = "a.yaml
linked
linked/b.yaml" ] || fail "links: $(tar -tzf t.tgz)"
flux build artifact -p tree -o t.tgz 2>/dev/null
[ -z "$(tar -tzf t.tgz)" ] || fail "links are in it: $(tar -tzf t.tgz)"
flux build artifact -p files/a.yaml -o t.tgz 2>/dev/null
[ "$(tar -xzOf t.tgz a.yaml)" = 'kind: A' ] || fail "a single file"
printf 'kind: S\n\n' | flux build artifact -p - -o t.tgz 2>/dev/null
[ "$(tar -xzOf t.tgz)" = 'kind: S' ] || fail "standard input"

# Logins.
rm .docker/config.json
want_line ".*unexpected status code 401 Unauthorized.*" push v4 files
want "► logging in to registry with credentials
► pushing artifact to $reg/org/manifests:v4
✔ artifact successfully pushed to $reg/org/manifests@$two" \
	flux push artifact "$url:v4" --path files --source https://x/y --revision main@sha1:12 -a a.b/c=d --reproducible --creds 'user:pass word'
mkdir helpers && cat >helpers/docker-credential-test <<-'END' && chmod +x helpers/docker-credential-test
	#!/bin/sh
	[ "$1" = get ] && { read -r server || :; } && echo "{\"ServerURL\":\"$server\",\"Username\":\"user\",\"Secret\":\"pass word\"}"
END
echo "{\"credHelpers\":{\"$reg\":\"test\"}}" >.docker/config.json
PATH=$dir/helpers:$PATH want_line "✔ digest $reg/org/manifests@$two" flux pull artifact "$url:v4" -o got
unset SSL_CERT_FILE

# ---- verification ---------------------------------------------------------------------

good=(secret..dockerconfigjson=@good.json cert.ca.crt=@cert.pem)
want_line "verified: verified signature of revision 1.0.0@$first" fetch "${good[@]}" verify=cosign
want_line "verifying $reg/org/app@$first" fetch "${good[@]}" verify=cosign
want "failed: SourceVerified VerificationError: failed to verify the signature using provider 'cosign keyless': \
no matching signatures were found for '$reg/org/app@$first'" fetch "${good[@]}" verify=no:cosign
want "failed: SourceVerified VerificationError: failed to verify the signature using provider 'cosign keyless': \
no verifier is available for '$reg/org/app:1.0.0'" fetch "${good[@]}" verify=none:cosign
want "failed: SourceVerified VerificationError: failed to verify the signature using provider 'gpg': \
unsupported verification provider: gpg" fetch "${good[@]}" verify=gpg

# ---- what is refused before anything is asked ---------------------------------------------

url() { "$ocifetch" fetch store "$@"; }
want "failed: FetchFailed URLInvalid (stalled): URL validation failed for 'http://x/y': \
URL must be in format 'oci://<domain>/<org>/<repo>'" url http://x/y
want "failed: FetchFailed URLInvalid (stalled): URL validation failed for 'oci://ghcr.io/org/app:1': \
repository can only contain the characters \`abcdefghijklmnopqrstuvwxyz0123456789_-./\`: org/app:1" url oci://ghcr.io/org/app:1
want "failed: FetchFailed URLInvalid (stalled): URL validation failed for 'oci://ghcr.io/Org/app': \
repository can only contain the characters \`abcdefghijklmnopqrstuvwxyz0123456789_-./\`: Org/app" url oci://ghcr.io/Org/app
want_line "failed: FetchFailed AuthenticationFailed: failed to get credential from aws: .*" url oci://ghcr.io/org/app provider=aws
want 'failed: FetchFailed OCIArtifactPullFailed: failed to determine artifact digest: unsupported hash: "md5"' \
	url oci://ghcr.io/org/app digest=md5:d41d8cd98f00b204e9800998ecf8427e
want "failed: FetchFailed AuthenticationFailed: failed to get proxy address: secret 'ns/secret': key 'address' not found" \
	url oci://ghcr.io/org/app proxy.x=y
want_line "failed: FetchFailed OCIArtifactPullFailed: .* registry.local.*" url oci://registry.local:1/x/y

echo "oci.sh: good"
