# clients.sh - what tests of programs that ask a server have in common; sourced.
#
# $rill is the program; `client ARG...` runs the one that is tested. With
# $TEST_KUBECONFIG it is that server that is asked, which has controllers and a
# node named $TEST_NODE.

dir=$(mktemp -d)
server=
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || :
	wait
	rm -rf "$dir"
}
trap finish EXIT
export HOME=$dir KUBECONFIG=${TEST_KUBECONFIG:-$dir/kubeconfig}
node=${TEST_NODE:-rill-node}

# other: it is not rill's server, nor its node
other() {
	[ -n "${TEST_KUBECONFIG:-}" ]
}

# start DATA: a server of rill, unless there is one
start() {
	! other || return 0
	rm -f "$KUBECONFIG"
	"$rill" server --data-dir "$1" --listen 127.0.0.1:0 --write-kubeconfig "$KUBECONFIG" 2>/dev/null &
	server=$!
	for _ in $(seq 1500); do
		[ ! -s "$KUBECONFIG" ] || return 0
		sleep 0.02
	done
	echo "the server does not start" >&2
	exit 1
}

fail() {
	echo "$program: $*" >&2
	exit 1
}

# expect PATTERN ARG...: it works, and prints what matches the pattern
expect() {
	local pattern=$1 out
	shift
	out=$(client "$@" 2>&1) || fail "$* failed: ${out:0:3000}"
	grep -qE -e "$pattern" <<<"$out" || fail "$*: no '$pattern' in: ${out:0:3000}"
}

# refuse PATTERN ARG...: it fails, and says so
refuse() {
	local pattern=$1 out
	shift
	if out=$(client "$@" 2>&1); then
		fail "$* did not fail: ${out:0:3000}"
	fi
	grep -qE -e "$pattern" <<<"$out" || fail "$*: no '$pattern' in: ${out:0:3000}"
}

# finally PATTERN ARG...: sooner or later it prints that
finally() {
	local pattern=$1 out
	shift
	for _ in $(seq 300); do
		out=$(client "$@" 2>&1) || :
		! grep -qE -e "$pattern" <<<"$out" || return 0
		sleep 0.2
	done
	fail "$*: never '$pattern', at last: ${out:0:3000}"
}

# programs NAME...: the first of them on $PATH, and all of them under $PEERS
programs() {
	local place name
	command -v "$1" || :
	for place in $(tr : ' ' <<<"${PEERS:-$HOME/.cache/rill/peers}"); do
		for name in "$@"; do
			ls "$place/$name" "$place/bin/$name" 2>/dev/null || :
		done
	done
}
