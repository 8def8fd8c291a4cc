# For scripts that record what a program prints and writes as a transcript:
#
#	SCRIPT DIR PROGRAM [WORD...]
#
# DIR/in is what it works on; the transcript must be DIR/want, which was
# recorded with the original program (RECORD=1 writes it). Usage texts, times
# and the lines that tell positions are left out.
set -eu

golden=$(realpath "$1")
program=$(realpath "$2")
shift 2
words=("$@")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/w"
cd "$tmp/w"
root=$(pwd -P)

# The program's words and how it ended.
say() {
	local status=0

	echo "## $*"
	"$program" "${words[@]}" "$@" 2>&1 || status=$?
	echo "status $status"
}

# Compare what comes in.
transcript() {
	sed "/^Usage:/,/stack-trace/d; /^  at /d; /^\$/d; s|$root|ROOT|g; s/^20[0-9][0-9][^ ]* [^ ]* //" >"$tmp/got"
	if [ -n "${RECORD-}" ]; then
		cp "$tmp/got" "$golden/want"
	fi
	diff -u "$golden/want" "$tmp/got"
}
