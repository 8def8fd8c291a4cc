#!/bin/bash
# kustomize_explain.sh RILL DIR: what --explain prints of each object that the
# golden builds in DIR give is, its comments apart, what the build gives; and
# the words on the command line mean what the help says.
set -eu

rill=$(realpath "$1")
cases=$(realpath "$2")
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# KIND/NAME of every document.
objects() {
	awk '/^---$/ { meta = 0 } /^kind: / { kind = $2 } /^[^ ]/ { meta = /^metadata:/ }
		meta && /^  name: / { name = $2 } { last = $0 }
		/^---$/ && kind { print kind "/" name; kind = "" }
		END { if (kind) print kind "/" name }' "$1" | tr -d '"' | sort -u
}

# A build of what was explained, comments and all, is the build again.
check() {
	local case=$1 args separator=

	args=$(cat "$case/args")
	: >"$tmp/all.yaml"
	for object in $(objects "$case/want"); do
		printf '%s' "$separator" >>"$tmp/all.yaml"
		separator=$'---\n'
		# shellcheck disable=SC2086 # several words
		(cd "$case/in" && "$rill" kustomize build --explain "$object" $args) >>"$tmp/all.yaml" ||
			return 1
	done
	echo 'resources: [all.yaml]' >"$tmp/kustomization.yaml"
	"$rill" kustomize build "$tmp" | diff -u "$case/want" -
}

for case in "$cases"/*/; do
	# Sorted in another way, with what each build adds anew, or without a name to ask for.
	[ -s "$case/want" ] || continue
	case $(basename "$case") in
	order-* | metadata-of-builds* | configurations | list-without-metadata) continue ;;
	esac
	check "$case" 2>"$tmp/err" || {
		echo "$(basename "$case"): failed"
		cat "$tmp/err"
		failed=$((failed + 1))
	}
done

# DIR, PATH, both, neither.
says() {
	local want=$1
	shift
	if ! "$rill" kustomize build --explain "$@" 2>&1 | head -1 | grep -qF -- "$want"; then
		echo "--explain $*: no '$want'"
		failed=$((failed + 1))
	fi
}
cd "$cases/names/in"
says '# Deployment ' deployment/web over
says 'spec.replicas: ' Deployment/web over spec.replicas
cd over
says '# Deployment ' Deployment/web
says 'spec.replicas: ' Deployment/web spec.replicas
says 'Error: the object has no field "spec.nope"' Deployment/web spec.nope
says 'Error: the build has no Job/web; it has ' Job/web
says "Error: --explain takes KIND/NAME, not 'web'" web
says 'Error: specify one path' Deployment/web . spec.replicas more
exit $((failed > 0))
