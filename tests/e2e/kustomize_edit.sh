#!/bin/bash
# What `kustomize edit` and `create` make of files, as a transcript:
#
#	kustomize_edit.sh DIR PROGRAM [WORD...]
. "$(dirname "$0")/transcript.sh"

run() {
	say "$@"
	cat kustomization.yaml 2>/dev/null || :
	# The files of vars, where they were converted.
	if grep -q _PLACEHOLDER ./*.yaml base/*.yaml 2>/dev/null; then
		head -50 ./[a-jl-z]*.yaml base/*.yaml
	fi
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

# Generators of ConfigMaps and Secrets.
generators() {
	on_file edit add configmap new --from-literal=k=v --from-literal 'l=a b' --from-file=one.txt,t*o.txt --from-file=key=one.txt
	on_file edit add configmap cm --from-literal=k=v --disableNameSuffixHash --behavior=merge
	on_file edit add configmap cm --namespace=other --from-env-file=env.txt
	on_file edit add configmap cm --namespace=default --from-literal=z=1
	on_file edit add configmap new --from-file='*.txt'
	on_file edit add configmap new --from-file=k='*.txt'
	on_file edit add configmap new --from-file=k=gone.txt
	on_file edit add configmap new --from-file=gone.txt
	on_file edit add configmap new --from-env-file=gone.txt
	on_file edit add configmap new --from-env-file=env.txt --from-literal=a=b
	on_file edit add configmap new --from-literal=novalue
	on_file edit add configmap new --from-literal=a=b --behavior=grow
	on_file edit add configmap new
	on_file edit add configmap --from-literal=a=b
	on_file edit add configmap one two --from-literal=a=b
	on_file edit add configmap cm --from-literal=a=again
	on_file edit add configmap new --from-file=../outside.txt
	on_file edit add secret new --from-literal=k=v
	on_file edit add secret s --from-literal=k=v --type=kubernetes.io/tls
	on_file edit add secret t --type=kubernetes.io/tls --from-file=tls.crt=one.txt --disableNameSuffixHash
	on_file edit add secret s
	on_file edit set configmap cm --from-literal=a=new
	on_file edit set configmap cm --from-literal=nope=new
	on_file edit set configmap cm --from-literal=a=b=c
	on_file edit set configmap cm --new-namespace=moved
	on_file edit set configmap cm --namespace=default --new-namespace=moved
	on_file edit set configmap gone --from-literal=a=new
	on_file edit set configmap cm
	on_file edit set configmap --from-literal=a=b
	on_file edit set secret s --from-literal=p=new
	on_file edit set secret gone --new-namespace=x
	on_file edit remove configmap cm
	on_file edit remove configmap cm,gone
	on_file edit remove configmap cm --namespace=elsewhere
	on_file edit remove configmap gone
	on_file edit remove configmap
	on_file edit remove configmap a b
	on_file edit remove secret s,t
	on_file edit remove secret gone
	on_nothing edit add configmap x --from-literal=a=b
	on_nothing edit set secret x --from-literal=a=b
	on_nothing edit remove configmap x
}

patches() {
	on_file edit add patch --path p.yaml
	on_file edit add patch --path p.yaml --kind Deployment --name web --group apps --version v1 --namespace ns --annotation-selector a=b --label-selector 'c in (d)'
	on_file edit add patch --patch '[{"op": "remove", "path": "/x"}]' --kind Service
	on_file edit add patch --patch "$(printf 'kind: Service\nmetadata:\n  name: a\n')"
	on_file edit add patch
	on_file edit add patch --path p.yaml --patch x
	on_file edit remove patch --path old.yaml
	on_file edit remove patch --path web.yaml --kind Deployment
	on_file edit remove patch --path p.yaml --patch x
}

rest() {
	on_file edit add buildmetadata originAnnotations,managedByLabel
	on_file edit add buildmetadata transformerAnnotations
	on_file edit add buildmetadata wrong
	on_file edit add buildmetadata originAnnotations,
	on_file edit add buildmetadata
	on_file edit add buildmetadata originAnnotations managedByLabel
	on_file edit set buildmetadata originAnnotations
	on_file edit set buildmetadata
	on_file edit remove buildmetadata transformerAnnotations
	on_file edit remove buildmetadata managedByLabel
	on_file edit remove buildmetadata x
	on_file edit add label --without-selector x:y
	on_file edit add label --without-selector --include-templates x:y
	on_file edit add label --include-templates x:y
	on_file edit add label --without-selector l:n
	on_file edit add label --without-selector -f l:n
	on_file edit set annotation 'bad key:x'
	on_file edit set annotation example.com/good.key:x
	on_nothing edit set label :x
	echo '## edit alpha-list-builtin-plugin, in any order'
	"$program" "${words[@]}" edit alpha-list-builtin-plugin | sort
	on_file edit fix
	on_vars edit fix
	on_vars edit fix --vars
	on_nothing edit fix
	on_tree create --autodetect
	on_tree create --autodetect --recursive
	on_tree create --autodetect --resources base,a.yaml
	on_nothing create --resources a.yaml,a.yaml
	on_nothing create --labels :x
}

on_vars() {
	fresh
	cp -r "$golden"/vars/. .
	run "$@"
}

on_tree() {
	fresh
	mkdir -p sub/deep sub/root .hidden
	cp a.yaml sub/deep/c.yaml
	cp a.yaml .hidden/h.yaml
	cp a.yaml .dot
	cp a.yaml sub/plain
	: >empty
	echo 'some text' >README.md
	echo 'kind: Service' >nameless.yaml
	echo 'resources: [../../a.yaml]' >sub/root/Kustomization
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
	generators
	patches
	rest
	on_file create
	on_nothing create
	on_nothing create --resources a.yaml,base --namespace ns --nameprefix p- --namesuffix=-s --labels a:b,c:d --annotations 'x:y'
	on_nothing create --resources gone
	on_nothing edit set namespace x
}

all | transcript
