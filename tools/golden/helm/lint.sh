#!/bin/bash
# Records what helm answers: lint.sh HELM CASE... writes want/ of each case
# (tests/e2e/helm_lint.sh tells what cases are).
set -eu

helm=$(realpath "$1")
shift
awk=$(realpath "$(dirname "$0")/../../../tests/case.awk")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export HOME=$tmp/home TMPDIR=$tmp

for case in "$@"; do
	dir=$tmp/case
	mkdir "$dir"
	awk -v dir="$dir" -f "$awk" "$case"
	rm -rf "$dir/want"
	(
		cd "$dir"
		args=$(sed -n 's/^args: //p' head)
		sed -n 's/^setup: //p' head >../setup
		rm head
		bash -e ../setup
		status=0
		eval "\"$helm\" $args" >"$tmp/out" 2>"$tmp/err" || status=$?
		echo $status >"$tmp/status"
	)
	sed -i '/^-- want\/out --$/,$d' "$case"
	for what in out err status; do
		echo "-- want/$what --" >>"$case"
		sed "s|$dir|DIR|g" "$tmp/$what" >>"$case"
	done
	chmod -R u+w "$dir"
	rm -rf "$dir"
done
