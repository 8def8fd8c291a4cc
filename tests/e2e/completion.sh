#!/bin/bash
# The bash script completes what it should: completion.sh RILL
set -eu

dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
ln -s "$(realpath "$1")" "$dir/rill"
PATH=$dir:$PATH
"$1" completion bash >"$dir/script"
. "$dir/script"
for shell in fish powershell zsh; do
	"$1" completion $shell | grep -q 'rill __complete\|rill completion' || exit 1
done

# A file of functions: it is called when it is loaded, or the first TAB gives nothing.
"$1" completion zsh | tail -3 | tr '\n' ' ' | grep -q '^if .*funcstack.1. == _rill .*_rill "$@"' || exit 1

expect() {
	COMP_LINE=$1 COMP_POINT=${#1} COMPREPLY=()
	_rill_complete
	if [ "${COMPREPLY[*]}" != "$2" ]; then
		printf "'%s': want '%s', got '%s'\n" "$1" "$2" "${COMPREPLY[*]}"
		exit 1
	fi
}

expect 'rill vers' 'version'
expect 'rill completion ' 'bash fish powershell zsh'
expect 'rill version -o ' 'json yaml'
expect 'rill version --output=y' 'yaml'
COMP_WORDBREAKS=' '
expect 'rill version --output=y' '--output=yaml'
expect 'rill nope ' ''
echo ok
