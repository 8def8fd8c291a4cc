# sources_world.sh - what the tests of source controllers in bash have in common; sourced.
#
# A directory of its own, in which the rest happens. $program is the test's name, $rill
# the program, $path where the object lies that is looked at; `pids` end with the test.

rill=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
dir=$(mktemp -d)
pids=()
finish() {
	kill "${pids[@]}" 2>/dev/null || :
	wait
	rm -rf "$dir"
}
trap finish EXIT
cd "$dir"
export HOME=$dir KUBECONFIG=$dir/kubeconfig
: >controller.log

fail() {
	echo "$program: $*" >&2
	echo "--- log" >&2
	tail -20 controller.log >&2
	exit 1
}

# until_true TEXT COMMAND...: within twenty seconds
until_true() {
	local what=$1
	shift
	for _ in $(seq 400); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.05
	done
	fail "never: $what; Ready: $(condition Ready)"
}

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# ---- programs

start_server() {
	"$rill" server --write-kubeconfig kubeconfig --crds flux 2>/dev/null &
	pids+=($!)
	until_true "the server listens" test -s kubeconfig
	create /api/v1/namespaces '{"metadata":{"name":"flux-system"}}'
}

start_controller() {
	"$rill" controller --storage-path store --storage-addr 127.0.0.1:0 --metrics-addr 127.0.0.1:0 \
		--health-addr 127.0.0.1:0 --min-retry-delay 100ms "$@" >>controller.log 2>&1 &
	controller=$!
	pids+=($controller)
}

stop_controller() {
	kill $controller
	wait $controller || fail "the controller ended with $?"
}

# ---- the object

token() { sed -n 's/^ *token: //p' kubeconfig; }
url() { sed -n 's/^ *server: //p' kubeconfig; }
api() { curl -sk --max-time 10 -H "Authorization: Bearer $(token)" "$@"; }

# field KEY/KEY...: nothing when it is not there
field() {
	api "$(url)$path" | python3 -c 'import json, sys
o = json.load(sys.stdin)
for k in sys.argv[1].split("/"):
    o = o.get(k, {}) if isinstance(o, dict) else {}
print(o if o != {} else "")' "$1"
}

# condition TYPE: "STATUS REASON MESSAGE"
condition() {
	api "$(url)$path" | python3 -c 'import json, sys
for c in json.load(sys.stdin).get("status", {}).get("conditions", []):
    if c["type"] == sys.argv[1]: print(c["status"], c["reason"], c["message"])' "$1"
}

# is TYPE TEXT: the condition reads so
is() { [ "$(condition "$1")" = "$2" ]; }

# tells PATTERN: an Event about the object
tells() {
	api "$(url)/api/v1/namespaces/flux-system/events" | python3 -c 'import json, sys
for e in json.load(sys.stdin)["items"]:
    print(e["type"], e["reason"], e["source"]["component"], e["message"])' | grep -qE "$1"
}

# create PATH OBJECT
create() {
	local answer
	answer=$(api -X POST -H 'Content-Type: application/json' -d "$2" "$(url)$1")
	grep -q creationTimestamp <<<"$answer" || fail "create $1: $answer"
}

patch() { api -X PATCH -H 'Content-Type: application/merge-patch+json' -d "$1" "$(url)$path" >/dev/null; }
gone() { api "$(url)$path" | grep -q '"NotFound"'; }
