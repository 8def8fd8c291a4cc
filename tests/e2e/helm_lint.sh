#!/bin/bash
# `helm lint` as recorded from Helm: helm_lint.sh RILL DIR. A case is a file
# tests/case.awk unpacks: the head has the arguments, and perhaps a line
# "setup:" of shell; want/out, want/err and want/status are what Helm gave.
set -eu

rill=$(realpath "$1")
cases=$(realpath "$2")
awk=$(realpath "$(dirname "$0")/../case.awk")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export HOME=$tmp/home TMPDIR=$tmp
failed=0

for case in "$cases"/*.case; do
	dir=$tmp/case
	mkdir "$dir"
	awk -v dir="$dir" -f "$awk" "$case"
	mv "$dir/want" "$tmp/want"
	(
		cd "$dir"
		args=$(sed -n 's/^args: //p' head)
		sed -n 's/^setup: //p' head >../setup
		rm head
		bash -e ../setup
		status=0
		eval "\"$rill\" helm $args" >"$tmp/want/got.out" 2>"$tmp/want/got.err" || status=$?
		echo $status >"$tmp/want/got.status"
	)
	for what in out err status; do
		sed -i "s|$dir|DIR|g" "$tmp/want/got.$what"
		diff -u "$tmp/want/$what" "$tmp/want/got.$what" || { echo "$(basename "$case"): $what"; failed=1; }
	done
	chmod -R u+w "$dir"
	rm -rf "$dir" "$tmp/want"
done
exit $failed
