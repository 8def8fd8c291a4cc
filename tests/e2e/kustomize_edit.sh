#!/bin/bash
# What `kustomize edit` and `create` make of files, as a transcript:
#
#	kustomize_edit.sh DIR PROGRAM [WORD...]
#
# DIR/in is what they work on; the transcript must be DIR/want, which was
# recorded with kustomize (RECORD=1 writes it). Usage texts and times are left
# out.
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

run() {
	local status=0

	echo "## $*"
	"$program" "${words[@]}" "$@" 2>&1 || status=$?
	echo "status $status"
	cat kustomization.yaml 2>/dev/null || :
}

fresh() {
	rm -rf ./*
	mkdir base
	echo 'namePrefix: x' >base/kustomization.yaml
	printf 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\n' | tee a.yaml b.yaml >p.yaml
}

on_file() {
	fresh
	cp "$golden"/in/* .
	run "$@"
}

on_nothing() {
	fresh
	run "$@"
}

all() {
	on_file edit set image nginx=foo:2.0 redis:7 abc@sha256:11 'busybox=*:new' 'x=y' r:5000/i:t@sha256:22
	on_file edit set image nginx
	on_file edit set image
	on_file edit set namespace staging
	on_file edit set namespace
	on_file edit set nameprefix acme-
	on_file edit set namesuffix -- -acme
	on_file edit set replicas web=3 a=1
	on_file edit set replicas web=x
	on_file edit set label d:e 'f:"g h"' only
	on_file edit set label :x
	on_file edit set annotation n:1 m:true
	on_file edit add resource b.yaml base '*.yaml'
	on_file edit add resource gone.yaml
	on_file edit add resource a.yaml
	on_file edit add resource --no-verify gone.yaml
	on_file edit add resource
	on_file edit add component base
	on_file edit add base base
	on_file edit add base nope
	on_file edit add generator a.yaml 'q*'
	on_file edit add transformer a.yaml b.yaml
	on_file edit add label a:c
	on_file edit add label -f a:c x:y
	on_file edit add annotation q:r
	on_file edit remove resource a.yaml base
	on_file edit remove resource 'zzz*'
	on_file edit remove label a,c
	on_file edit remove label q
	on_file edit remove annotation q
	on_file edit remove transformer z
	on_file create
	on_nothing create
	on_nothing create --resources a.yaml,base --namespace ns --nameprefix p- --namesuffix=-s --labels a:b,c:d --annotations 'x:y'
	on_nothing create --resources gone
	on_nothing edit set namespace x
}

all | sed "/^Usage:/,/stack-trace/d; /^\$/d; s|$root|ROOT|g; s/^20[0-9][0-9][^ ]* [^ ]* //" >"$tmp/got"
if [ -n "${RECORD-}" ]; then
	cp "$tmp/got" "$golden/want"
fi
diff -u "$golden/want" "$tmp/got"
