#!/bin/bash
# What `kustomize localize` copies, as a transcript:
#
#	kustomize_localize.sh DIR PROGRAM [WORD...]
. "$(dirname "$0")/transcript.sh"

fresh() {
	rm -rf ./* ./.[a-z]*
	cp -r "$golden/in/." .
}

# Run, and show each file of the copy.
run() {
	fresh
	again "$@"
}

again() {
	say localize "$@"
	find . -path '*/localized-*' -type f -o -path './copy*' | sort | while read -r path; do
		echo "== $path"
		[ -d "$path" ] || cat "$path"
	done
}

links() {
	fresh
	mkdir -p linked/real
	echo 'A=1' >linked/real/a.env
	ln -s real/a.env linked/b.env
	ln -s ../base linked/base
	ln -s linked alias
	printf 'resources: [base]\nconfigMapGenerator:\n- {name: a, env: b.env}\n' >linked/kustomization.yaml
	mkdir linked/charts
	ln -s ../real linked/charts/link
	echo 'helmGlobals: {configHome: x}' >>linked/kustomization.yaml
	again linked --scope . --no-verify
	rm -rf localized-*
	again alias copy --scope . --no-verify
}

# The destination is no place to read from.
inside() {
	fresh
	mkdir -p inside
	printf 'resources: [new]\n' >inside/kustomization.yaml
	again inside inside/new
	printf 'resources: [new/kustomization.yaml]\n' >inside/kustomization.yaml
	again inside inside/new
}

all() {
	run app --scope .
	run app --scope . --no-verify
	run app
	run old --scope . --no-verify
	run charts --no-verify
	run charts-default --no-verify
	run charts-old --no-verify
	run charts-default
	run plugins
	run base copy
	run base copy/deep
	run base app
	run base copy --scope nowhere
	run base copy --scope base/cm.yaml
	run base copy --scope app
	run base/cm.yaml
	run nowhere
	run base copy third
	run https://example.com/org/repo
	run https://example.com/org/repo?ref=v1 --scope nowhere copy | sed '/^Error/s/v1".*/.../; /exit status/d'
	for dir in "$golden"/in/broken/*; do
		run "broken/${dir##*/}" --scope broken/"${dir##*/}" |
			sed 's/\(as file: invalid file reference: \).*example.com.*/\1.../'
	done
	run broken/outside --scope . --no-verify
	links
	inside
}

all | transcript

# kustomize builds a wrong directory, or compares nothing.
[ -z "${RECORD-}" ] || exit 0
fresh
say localize broken/outside --scope . | grep -q '^VERIFICATION SUCCESS'
mkdir named
cp base/cm.yaml named
cat >named/kustomization.yaml <<EOF
resources: [cm.yaml]
transformers:
- |-
  {apiVersion: builtin, kind: ValueAddTransformer, metadata: {name: v},
   targets: [{fieldPath: metadata/name}]}
EOF
say localize named >got
grep -q '^Error: VERIFICATION FAILED: `kustomize build` for named' got
grep -q '^status 1' got
