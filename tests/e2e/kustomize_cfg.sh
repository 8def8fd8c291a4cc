#!/bin/bash
# What `kustomize cfg` prints, as a transcript:
#
#	kustomize_cfg.sh DIR PROGRAM [WORD...]
. "$(dirname "$0")/transcript.sh"

cp -r "$golden/in/." .

on() {
	local input=$1

	shift
	echo "### < $input"
	say cfg "$@" <"$input"
	echo
}

directories() {
	say cfg cat d
	say cfg cat d --format=false
	say cfg cat d --strip-comments
	say cfg cat d --exclude-non-local --include-local
	say cfg cat d --wrap-kind List --wrap-version v1
	say cfg cat d --style FlowStyle
	say cfg cat d -R=false
	say cfg cat d/sub --annotate --include-local
	say cfg cat d/dep.yaml --annotate
	say cfg cat d --function-config d/sub/cm.yaml --wrap-kind ResourceList --include-local
	say cfg cat d --function-config d/dep.yaml
	say cfg cat nowhere
	say cfg cat nowhere -R=false
	say cfg cat one two
	say cfg cat d/pkg --dest out
	cat out
	say cfg cat bad
	say cfg cat bad -R=false
	say cfg cat bad2 -R=false
	say cfg cat ignored
	say cfg count d
	say cfg count d --kind=false
	say cfg count d/ -R=false
	say cfg count bad
	say cfg grep kind=Service d
	say cfg grep kind=Service d --annotate=false
	say cfg grep 'spec.replicas>2' d
	say cfg grep 'spec.template.spec.containers[name=zed].image=nginx:1' d
	say cfg grep 'spec.template.spec.containers[name=.*].image=busy' --invert-match d
	say cfg grep metadata.name.x=y bad2
	say cfg grep
	say cfg tree d
	say cfg tree d/ --all
	say cfg tree d --include-local --exclude-non-local
	say cfg tree d --field metadata.name,spec.ports --image
	say cfg tree d --all --name=false --field 'spec.template.spec.containers[name=zed].args'
	say cfg tree nowhere
	say cfg tree bad
	(cd d && say cfg tree)
}

inputs() {
	local file

	for file in stream list owners edge json marks forms; do
		on $file.yaml cat
		on $file.yaml cat --annotate
		on $file.yaml count
		on $file.yaml tree -
	done
	for file in stream list edge; do
		on $file.yaml cat --wrap-kind List
		on $file.yaml cat --wrap-kind Many --wrap-version 1 --style FlowStyle
		on $file.yaml cat --style FlowStyle,Nothing
		on $file.yaml cat --style TaggedStyle
		on $file.yaml cat --strip-comments --format=false
	done
	on wild.yaml cat
	on owners.yaml tree - --all
	on owners.yaml tree - --graph-structure directory
	on orphan.yaml tree -
	on paths.yaml tree - --field t,n
	on paths.yaml tree - --graph-structure owners --field metadata.name
	on edge.yaml tree - --all --field spec.text,spec.folded
	on edge.yaml grep 'spec.text=lines'
	on edge.yaml grep 'spec.alpha.b=^quoted$'
	on edge.yaml grep 'spec.alpha.a=^single$'
	on edge.yaml grep 'spec.alpha=a: .single'
	on edge.yaml grep 'metadata.annotations.config\.kubernetes\.io/formatting'
	on edge.yaml grep 'spec.template.spec.containers[name=a].ports[name=http].containerPort>=80'
	for query in metadata.annotations.x=1 a.x=1 b.x=1 l.p.q=r m.1=2 'm[=2]' 'm.*=2' 'm[x=2]' \
		'b>2' 'b>=3' 'b<=2' 'b<4' 'b<x' 'kind=[AB]' 'kind=(' 'm=1' 'a.b.c[' kind 'kind=A=B' \
		'm.5=1' a= 'm[=1]x=y' 'a[b[c]=d' 'm[1]=2' a.=
	do
		on stream.yaml grep "$query"
	done
	on stream.yaml grep kind=A --invert-match
}

all() {
	directories
	inputs
}

all | transcript

# Functions are looked for and never run.
[ -z "${RECORD-}" ] || exit 0
printf 'kind: F\nmetadata:\n  name: f\n  annotations:\n    config.kubernetes.io/function: "container: {image: x}"\n' >fn.yaml
say fn run <fn.yaml | grep -q "^Error: functions are not run: object 'F/f' would be one"
say fn run --image x <stream.yaml | grep -q "^Error: functions are not run: image 'x' would be one"
say fn run <stream.yaml | grep -q '^kind: D'
say fn run d --dry-run | grep -q '^kind: Service'
