#!/bin/bash
# Charts in a registry: helm_push.sh RILL
#
# Logins, and charts pushed by rill and pulled again, beside the real helm
# where tools/peers has built it: it makes the same manifest, pulls what rill
# pushed, and logs in and out of the same file. Skipped without docker-registry.
set -eu

rill=$(realpath "$1")
peer=${PEERS:-$HOME/.cache/rill/peers}/bin/helm
[ -x "$peer" ] || peer=
dir=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$dir"' EXIT
cd "$dir"
export HOME=$dir TZ=UTC
unset HELM_REGISTRY_CONFIG XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME

command -v docker-registry >/dev/null || {
	echo "helm_push.sh: skipped, no docker-registry here"
	exit 77
}
helm() { "$rill" helm "$@"; }
fail() {
	echo "helm_push.sh: $*"
	exit 1
}
# want TEXT ARGS...: what rill helm says, on both outputs.
want() {
	local want=$1 got
	shift
	got=$(timeout 60 "$rill" helm "$@" 2>&1 </dev/null) || true
	[ "$got" = "$want" ] || fail "$*"$'\n'"--- want"$'\n'"$want"$'\n'"--- got"$'\n'"$got"
}

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
python3 -W ignore -c 'import crypt; print("user:" + crypt.crypt("pass word", "$2y$05$abcdefghijklmnopqrstuu"))' >htpasswd
cat >registry.yml <<-END
	version: 0.1
	log: {level: error}
	storage: {filesystem: {rootdirectory: $dir/registry}}
	auth: {htpasswd: {realm: test, path: $dir/htpasswd}}
	http: {addr: "127.0.0.1:$port"}
END
docker-registry serve registry.yml >registry.log 2>&1 &
for _ in $(seq 100); do
	(exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
	sleep 0.1
done
reg=127.0.0.1:$port

mkdir -p app/templates
cat >app/Chart.yaml <<-'END'
	apiVersion: v2
	name: app
	version: 1.2.3+meta.1
	appVersion: "1.16.0"
	description: " A chart <for> tests & more "
	type: application
	home: https://home
	kubeVersion: ">=1.20"
	sources: [https://src1, https://src2]
	keywords: [a, b]
	maintainers:
	- name: Me
	  email: me@x
	- name: You
	annotations: {z: "1", a: b, org.opencontainers.image.title: other, org.opencontainers.image.source: own}
END
echo 'a: 1' >app/values.yaml
echo 'kind: ConfigMap' >app/templates/a.yaml
helm package app >/dev/null
chart=app-1.2.3+meta.1.tgz

# ---- logins

insecure='level=WARN msg="using --password via the CLI is insecure. Use --password-stdin"'
want "$insecure
Error: authenticating to \"$reg\": GET \"http://$reg/v2/\": response status code 401: unauthorized: authentication required" \
	registry login "$reg" -u user -p wrong --plain-http
[ ! -e .config/helm/registry/config.json ] || fail "a wrong login was kept"
want "$insecure
level=WARN msg=\"registry login currently only supports registry hostname, not a repository path\" host=$reg/x suggested=$reg
Error: invalid reference: invalid registry \"$reg/x\"" registry login "$reg/x" -u user -p x --plain-http
got=$(echo 'pass word' | helm registry login "$reg" -u user --password-stdin --plain-http 2>&1)
[ "$got" = 'Login Succeeded' ] || fail "login: $got"
[ "$(stat -c %a .config/helm/registry/config.json)" = 600 ] || fail "others may read the logins"
[ "$(cat .config/helm/registry/config.json)" = "{
	\"auths\": {
		\"$reg\": {
			\"auth\": \"$(printf 'user:pass word' | base64)\"
		}
	}
}" ] || fail "config.json: $(cat .config/helm/registry/config.json)"

# ---- pushing

want "Error: nope.tgz: no such file" push nope.tgz "oci://$reg/charts" --plain-http
want "Error: cannot push directory, must provide chart archive (.tgz)" push app "oci://$reg/charts" --plain-http
want "Error: scheme \"http\" not supported" push "$chart" "http://$reg/charts" --plain-http
want "Error: invalid reference: invalid tag \"9/app:1.2.3_meta.1\"" push "$chart" "oci://$reg/charts/app:9" --plain-http
helm push "$chart" "oci://$reg/charts" --plain-http >out 2>err || fail "push: $(cat err)"
digest=$(sed -n 's/^Digest: //p' out)
[ "$(head -2 out)" = "Pushed: $reg/charts/app:1.2.3_meta.1
Digest: $digest" ] || fail "push says: $(cat out)"
grep -q "^$reg/charts/app:1.2.3_meta.1 contains an underscore.$" out || fail "no word of the underscore"
mkdir got
helm pull "oci://$reg/charts/app" --version 1.2.3+meta.1 -d got --plain-http >/dev/null 2>err || fail "pull: $(cat err)"
cmp "$chart" "got/$chart" || fail "another chart came back"

# ---- beside the real helm

if [ -n "$peer" ]; then
	cp out mine
	"$peer" push "$chart" "oci://$reg/charts" --plain-http >out 2>err || fail "helm push: $(cat err)"
	cmp mine out || fail "helm says:"$'\n'"$(cat out)"
	echo prov >"$chart.prov"
	helm push "$chart" "oci://$reg/charts" --plain-http >mine
	"$peer" push "$chart" "oci://$reg/charts" --plain-http >out
	cmp mine out || fail "with a provenance file, helm says:"$'\n'"$(cat out)"
	rm "$chart.prov"
	helm push "$chart" "oci://$reg/ours" --plain-http >/dev/null
	mkdir theirs
	"$peer" pull "oci://$reg/ours/app" --version 1.2.3+meta.1 -d theirs --plain-http >/dev/null 2>err || fail "helm pull: $(cat err)"
	cmp "$chart" "theirs/$chart" || fail "helm pulled another chart"
	cp .config/helm/registry/config.json before
	echo 'pass word' | "$peer" registry login "$reg" -u user --password-stdin --plain-http >/dev/null 2>&1
	cmp before .config/helm/registry/config.json || fail "helm writes other logins"
else
	echo "helm_push.sh: no helm here (tools/peers), what compares with it is skipped"
fi

# ---- logging out

want "Removing login credentials for $reg" registry logout "$reg"
want "Removing login credentials for $reg" registry logout "$reg"
helm push "$chart" "oci://$reg/charts" --plain-http >out 2>err && fail "pushed without a login"
grep -q 'basic credential not found' err || fail "without a login: $(cat err)"
helm push "$chart" "oci://$reg/charts" --plain-http --username user --password 'pass word' >/dev/null || fail "with --password"

echo "helm_push.sh: good"
