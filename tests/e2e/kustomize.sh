#!/bin/sh
# Golden builds: kustomize.sh RILL DIR. Each CASE/in of DIR, built with the
# arguments in CASE/args, gives CASE/want and says CASE/error; without the
# latter it says nothing. CASE/where holds the place and the advice that rill
# adds, if the case is about them. CASE/differs holds what rill says otherwise, on
# purpose.
set -eu

rill=$(realpath "$1")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
: >"$tmp/empty"
failed=0

for case in "$2"/*/; do
	case=$(cd "$case" && pwd -P)
	status=0
	# shellcheck disable=SC2046 # several words
	(cd "$case/in" && "$rill" kustomize build $(cat "$case/args") >"$tmp/out" 2>"$tmp/raw") ||
		status=$?
	sed "s|$case/in|ROOT|g" "$tmp/raw" >"$tmp/all"
	grep -Ev '^  (at |did you mean)' "$tmp/all" >"$tmp/err" || true
	grep -E '^  (at |did you mean)' "$tmp/all" >"$tmp/at" || true
	want=$case/want error=$case/error expected=0
	[ -e "$want" ] || want=$tmp/empty expected=1
	[ -e "$error" ] || error=$tmp/empty
	[ ! -e "$case/differs" ] || error=$case/differs
	[ -e "$case/where" ] || cp "$tmp/at" "$tmp/where"
	[ ! -e "$case/where" ] || cp "$case/where" "$tmp/where"
	if [ $status != $expected ] || ! diff -u "$want" "$tmp/out" || ! diff -u "$error" "$tmp/err" ||
		! diff -u "$tmp/where" "$tmp/at"
	then
		echo "$(basename "$case"): failed, status $status"
		failed=$((failed + 1))
	fi
done
exit $((failed > 0))
