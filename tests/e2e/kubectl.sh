#!/bin/bash
# kubectl against `rill server`: kubectl.sh RILL [KUBECTL...]
#
# With the kubectl of the machine, that under $PEERS where there is one, and
# those given. Skipped (status 77) when there is none at all.
set -eu

rill=$(realpath "$1")
shift
. "$(dirname "$0")/clients.sh"

client() {
	timeout 120 "$program" -n "$ns" "$@"
}

# since MINOR: kubectl is at least that old
since() {
	[ "$minor" -ge "$1" ]
}

# objects COLOUR TAG
objects() {
	cat >"$dir/objects.yaml" <<-YAML
	apiVersion: v1
	kind: ConfigMap
	metadata: {name: settings, namespace: $ns, labels: {set: objects}}
	data: {colour: $1}
	---
	apiVersion: apps/v1
	kind: Deployment
	metadata: {name: web, namespace: $ns, labels: {set: objects}}
	spec:
	  selector: {matchLabels: {app: web}}
	  template:
	    metadata: {labels: {app: web}}
	    spec: {containers: [{name: app, image: "nginx:$2"}]}
	YAML
}

about_the_server() {
	expect 'v1\.36' version
	expect '^deployments +deploy +apps/v1 +true +Deployment' api-resources
	expect '^namespaces .*create[, ]delete[, ]get[, ]list[, ]patch[, ]update[, ]watch' api-resources -o wide --namespaced=false
	expect '^apps/v1$' api-versions
	expect 'control plane.* is running at .*127\.0\.0\.1' cluster-info
	expect '^ok' get --raw /readyz
	expect 'replicas' explain deployment.spec
	expect 'rollingUpdate' explain deployment.spec.strategy --recursive
	expect 'FIELD: +namespace|name.*<string>' explain pod.metadata.namespace
	expect "^$ns " get namespaces
	expect '^Name: +default' describe namespace default
}

applied() {
	objects red 1.27
	expect 'configmap/settings created' apply -f "$dir/objects.yaml"
	expect 'configmap/settings unchanged' apply -f "$dir/objects.yaml"
	expect 'colour: red' apply view-last-applied configmap settings
	objects blue 1.28
	refuse '^\+ +- image: nginx:1.28|^\+  colour: blue' diff -f "$dir/objects.yaml"
	! since 25 || refuse '^\+ +- image: nginx:1.28|^\+  colour: blue' diff --server-side --force-conflicts -f "$dir/objects.yaml"
	expect 'configmap/settings configured \(server dry run\)' apply --dry-run=server -f "$dir/objects.yaml"
	expect 'configmap/settings configured' apply -f "$dir/objects.yaml"
	expect 'deployment.apps/web serverside-applied' apply --server-side -f "$dir/objects.yaml"
	expect '' diff -f "$dir/objects.yaml"
	objects green 1.28
	refuse 'conflict' apply --server-side --field-manager=other -f "$dir/objects.yaml"
	expect 'configmap/settings serverside-applied' apply --server-side --field-manager=other --force-conflicts -f "$dir/objects.yaml"
	expect 'deployment.apps/web' get -f "$dir/objects.yaml" -o name
	expect 'web +[01]/1' get deployments
	expect 'nginx:1.28' get deployment web -o 'jsonpath={.spec.template.spec.containers[0].image}'
	expect '^configmap/dry$' create -f - --dry-run=server -o name <<<'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"dry"}}'
}

# What is not applied any more goes.
pruned() {
	local both='[{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"p1","labels":{"prune":"x"}}},{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"p2","labels":{"prune":"x"}}}]'
	printf '{"apiVersion":"v1","kind":"List","items":%s}' "$both" >"$dir/both.json"
	printf '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"p1","labels":{"prune":"x"}}}' >"$dir/one.json"
	expect 'p2 created' apply -f "$dir/both.json"
	local what=
	since 26 || what=--prune-whitelist=core/v1/ConfigMap # by default also kinds that are no more
	expect 'configmap/p2 pruned' apply -f "$dir/one.json" --prune -l prune=x $what
	refuse 'not found' get configmap p2
	since 27 || return 0
	export KUBECTL_APPLYSET=true
	expect 'p2 serverside-applied' apply --server-side -f "$dir/both.json" --prune --applyset=configmaps/set --force-conflicts
	expect 'configmap/p2 pruned' apply --server-side -f "$dir/one.json" --prune --applyset=configmaps/set --force-conflicts
}

edited() {
	printf '#!/bin/sh\nsed -i "s/colour: .*/colour: edited/" "$1"\n' >"$dir/editor"
	chmod +x "$dir/editor"
	KUBE_EDITOR=$dir/editor expect 'configmap/settings edited' edit configmap settings
	expect '^edited$' get configmap settings -o 'jsonpath={.data.colour}'
	expect 'patched' patch configmap settings -p '{"data":{"size":"1"}}'
	expect 'patched' patch configmap settings --type=json -p '[{"op":"remove","path":"/data/size"}]'
	expect 'patched' patch deployment web --type=merge -p '{"spec":{"minReadySeconds":0,"revisionHistoryLimit":5}}'
	expect 'no change' patch configmap settings --type=merge -p '{"data":{"colour":"edited"}}'
	refuse 'The request is invalid' patch configmap settings --type=json -p '[{"op":"test","path":"/data/colour","value":"x"}]'
	expect 'labeled' label configmap settings tier=front
	refuse "already has a value" label configmap settings tier=back
	expect 'labeled' label --overwrite configmap settings tier=back
	expect 'settings' get configmaps -l tier=back --no-headers
	expect '(un)?labeled' label configmap settings tier-
	expect 'annotated' annotate configmap settings note=x
	expect 'annotated' annotate --overwrite configmap settings note=y
	expect '(un)?annotated' annotate configmap settings note-
	client get configmap settings -o yaml | sed 's/colour: .*/colour: replaced/' >"$dir/replace.yaml"
	expect 'configmap/settings replaced' replace -f "$dir/replace.yaml"
	expect 'configmap/settings replaced' replace --force -f "$dir/replace.yaml"
	refuse 'already exists' create configmap settings
	refuse '"nothing" not found' get configmap nothing
	refuse "doesn't have a resource type" get nothings
	refuse 'Invalid value' create configmap Bad_Name
}

created() {
	expect 'created' create secret generic password --from-literal=p=w
	expect 'Opaque' get secret password
	expect 'created' create secret docker-registry pull --docker-server=x --docker-username=u --docker-password=p
	expect 'kubernetes.io/dockerconfigjson' get secret pull
	expect 'created' create deployment made --image=nginx --replicas=2 --port=80
	expect 'created' create job once --image=work -- true
	! since 21 || expect 'created' create cronjob tick --image=work --schedule='0 0 1 1 *' -- true
	! since 21 || expect 'created' create job now --from=cronjob/tick
	expect 'created' create serviceaccount robot
	expect 'created' create role reader --verb=get,list --resource=pods,configmaps
	expect 'created' create rolebinding reads --role=reader --serviceaccount="$ns:robot"
	expect 'created' create clusterrole "cr-$ns" --verb=get --resource=nodes
	expect 'created' create clusterrolebinding "crb-$ns" --clusterrole="cr-$ns" --user=joe
	expect 'created' create quota limit --hard=configmaps=100,services=50
	expect 'created' create priorityclass "pc-$ns" --value=10
	expect 'created' create service clusterip plain --tcp=80:8080
	expect 'created' create service nodeport open --tcp=80:8080
	expect 'created' create service loadbalancer balanced --tcp=80:8080
	expect 'created' create service externalname away --external-name=a.b
	expect 'created' create ingress front --rule='a.b/*=plain:80'
	! since 21 || expect 'created' create poddisruptionbudget keep --selector=app=made --min-available=1
	! since 24 || expect '^ey' create token robot
	expect 'exposed' expose deployment made --port=80 --name=exposed
	expect 'pod/alone created' run alone --image=nginx --labels=run=alone
	expect '' delete clusterrolebinding "crb-$ns"
	expect '' delete clusterrole "cr-$ns"
	expect '' delete priorityclass "pc-$ns"
}

rolled_out() {
	expect 'successfully rolled out' rollout status deployment/made --timeout=60s
	expect 'image updated' set image deployment/made nginx=nginx:2
	expect 'successfully rolled out' rollout status deployment/made --timeout=60s
	expect '^2 ' rollout history deployment/made
	expect 'nginx:2' rollout history deployment/made --revision=2
	expect 'rolled back' rollout undo deployment/made
	expect 'successfully rolled out' rollout status deployment/made --timeout=60s
	expect '^nginx$' get deployment made -o 'jsonpath={.spec.template.spec.containers[0].image}'
	expect 'restarted' rollout restart deployment/made
	expect 'paused' rollout pause deployment/made
	expect 'env updated' set env deployment/made A=B
	expect 'resumed' rollout resume deployment/made
	expect 'resource requirements updated' set resources deployment/made --limits=cpu=1 --requests=cpu=100m
	expect 'serviceaccount updated' set serviceaccount deployment/made robot
	expect 'selector updated' set selector service plain app=made
	expect 'scaled' scale deployment made --replicas=3
	expect 'successfully rolled out' rollout status deployment/made --timeout=60s
	finally '^3$' get deployment made -o 'jsonpath={.status.readyReplicas}'
	refuse 'replicas' scale deployment made --replicas=5 --current-replicas=1
	expect 'autoscaled' autoscale deployment made --min=1 --max=3
	expect 'Deployment/made' get hpa made
	expect 'condition met' wait --for=condition=Available deployment/made --timeout=60s
	expect 'condition met' wait --for=condition=complete job --all --timeout=60s
	! since 23 || expect 'condition met' wait --for=jsonpath='{.status.phase}'=Running pod/alone --timeout=60s
	refuse 'timed out' wait --for=condition=Never deployment/made --timeout=1s
}

printed() {
	expect '^alone +1/1 +Running +0 +.*10\.' get pods -o wide
	expect '^alone +Running' get pods -o custom-columns=N:.metadata.name,P:.status.phase
	expect 'alone' get pods --sort-by=.metadata.creationTimestamp
	expect 'Running' get pods -o 'jsonpath={.items[*].status.phase}'
	expect '^pod/alone$' get pods -o name
	expect 'alone;' get pods -o 'go-template={{range .items}}{{.metadata.name}};{{end}}'
	expect '"kind": "List"' get pods -o json
	expect 'kind: Pod' get pod alone -o yaml
	expect 'run=alone' get pods --show-labels
	expect '^alone .*alone$' get pods -L run
	expect '^alone' get pods --field-selector=metadata.name=alone
	expect '^deployment.apps/made' get all
	expect "^$ns +alone" get pods -A
	expect 'SuccessfulCreate +replicaset/made' get events
	! since 26 || expect 'ReplicaSet/made' events
	client get pods -w --request-timeout=3s >"$dir/watched" 2>&1 || :
	grep -q '^alone' "$dir/watched" || fail "get -w: $(cat "$dir/watched")"
	client get events --watch --request-timeout=3s >"$dir/watched" 2>&1 || :
	grep -q 'replicaset/made' "$dir/watched" || fail "get events --watch: $(cat "$dir/watched")"
}

# What scheduler and kubelet would say.
from_the_node() {
	! other || return 0
	expect 'Scheduled +pod/alone' get events
	expect 'Scheduled' describe pod alone
	expect 'simulated by rill' logs deployment/made
	expect 'simulated by rill' logs alone --tail=1 --timestamps=false
	refuse 'previous terminated container "alone" in pod "alone" not found' logs alone -p
}

described() {
	expect 'StrategyType: +RollingUpdate' describe deployment made
	expect 'NewReplicaSet: +made-' describe deployment made
	expect 'Controlled By: +ReplicaSet/made-' describe pods -l app=made
	expect '^Status: +Running' describe pod alone
	expect '^Type: +NodePort' describe service open
	expect 'p: +1 bytes' describe secret password
	expect 'configmaps +[0-9]+ +100' describe quota limit
	expect 'Reference: +Deployment/made' describe hpa made
	expect 'plain:80' describe ingress front
	expect '1 Succeeded' describe job once
	expect '^Name: +robot' describe serviceaccount robot
	expect 'pods +\[\] +\[\] +\[get list\]' describe role reader
	expect 'ServiceAccount +robot' describe rolebinding reads
	expect '^Name: +'"$node" describe node "$node"
	! since 21 || expect 'Schedule: +0 0 1 1' describe cronjob tick
	! since 21 || expect 'Min available: +1' describe poddisruptionbudget keep
}

allowed() {
	expect '^yes$' auth can-i create pods
	refuse '^no' auth can-i create pods --as=joe
	expect '^yes$' auth can-i list configmaps --as="system:serviceaccount:$ns:robot"
	refuse '^no' auth can-i delete configmaps --as="system:serviceaccount:$ns:robot"
	expect '^\*\.\*' auth can-i --list
	refuse 'cannot list resource "secrets"' get secrets --as="system:serviceaccount:$ns:robot"
	expect 'password|settings' get configmaps --as="system:serviceaccount:$ns:robot"
	! since 28 || expect '^Username +' auth whoami
	cat >"$dir/role.yaml" <<-YAML
	apiVersion: rbac.authorization.k8s.io/v1
	kind: Role
	metadata: {name: reader, namespace: $ns}
	rules: [{apiGroups: [""], resources: [pods, configmaps, services], verbs: [get, list]}]
	YAML
	expect 'reconciled' auth reconcile -f "$dir/role.yaml"
}

of_nodes() {
	expect "^$node +Ready" get nodes
	other || expect '^$' get node "$node" -o 'jsonpath={.spec.taints}'
	expect 'cordoned' cordon "$node"
	expect 'SchedulingDisabled' get nodes
	local all=(--ignore-daemonsets --delete-emptydir-data --force)
	other || ! since 21 || refuse "violate the pod's disruption budget" drain "$node" "${all[@]}" --timeout=8s
	! since 21 || expect 'deleted' delete poddisruptionbudget keep
	expect 'evicted|drained' drain "$node" "${all[@]}" --timeout=100s
	refuse 'not found' get pod alone
	expect 'uncordoned' uncordon "$node"
	expect 'successfully rolled out' rollout status deployment/made --timeout=60s
	expect 'tainted' taint node "$node" a=b:PreferNoSchedule
	expect 'untainted' taint node "$node" a-
}

# A container joins the Pod; there is no way into it.
debugged() {
	since 25 || return 0
	local pod
	pod=$(client get pods -l app=made -o name | head -1)
	client debug "$pod" --image=work --container=look >/dev/null 2>&1 || fail "debug failed"
	finally 'running' get "$pod" -o 'jsonpath={.status.ephemeralContainerStatuses[?(@.name=="look")].state}'
	expect 'container look \(work\) runs nowhere' logs "$pod" -c look
	expect 'Ephemeral Containers' describe "$pod"
}

# There is nothing to reach, and it says so.
out_of_reach() {
	refuse 'Metrics API not available' top nodes
	refuse 'Metrics API not available' top pods
	! other || return 0
	debugged
	local no='this server simulates workloads, no container runs'
	refuse "exec of pods .*$no" exec deployment/made -- ls
	refuse "attach of pods .*$no" attach deployment/made
	refuse "portforward of pods .*$no" port-forward deployment/made 8080:80
	refuse "exec of pods .*$no" cp "$(client get pods -l app=made -o name | head -1 | cut -d/ -f2)":/etc/hosts "$dir/hosts"
}

customised() {
	cat >"$dir/crd.yaml" <<-YAML
	apiVersion: apiextensions.k8s.io/v1
	kind: CustomResourceDefinition
	metadata: {name: shapes.$ns.example.com}
	spec:
	  group: $ns.example.com
	  scope: Namespaced
	  names: {kind: Shape, plural: shapes, singular: shape, shortNames: [sh-$ns], categories: [all]}
	  versions:
	  - name: v1
	    served: true
	    storage: true
	    subresources: {status: {}, scale: {specReplicasPath: .spec.sides, statusReplicasPath: .status.sides}}
	    additionalPrinterColumns: [{name: Sides, type: integer, jsonPath: .spec.sides}]
	    schema:
	      openAPIV3Schema:
	        type: object
	        properties:
	          spec:
	            description: What it looks like
	            type: object
	            properties: {sides: {type: integer, minimum: 3}, colour: {type: string, default: red}}
	          status: {type: object, properties: {sides: {type: integer}}}
	YAML
	expect 'created' apply -f "$dir/crd.yaml"
	expect 'condition met' wait --for=condition=Established "crd/shapes.$ns.example.com" --timeout=60s
	shape 3 | expect 'created' apply -f -
	shape 4 | expect 'configured' apply -f -
	shape 4 | expect 'unchanged' apply -f -
	shape 5 | refuse '^\+ +sides: 5' diff -f -
	shape 5 | expect 'serverside-applied' apply --server-side --force-conflicts -f -
	shape 2 | refuse 'should be greater than or equal to 3' apply -f -
	expect '^NAME +SIDES' get "sh-$ns"
	expect '^s +5' get "shapes.v1.$ns.example.com"
	expect "shape.$ns.example.com/s" get all
	expect 'patched' patch "sh-$ns" s --type=merge -p '{"spec":{"colour":"blue"}}'
	expect 'scaled' scale "sh-$ns/s" --replicas=6
	expect 'Sides: +6' describe "sh-$ns" s
	! since 28 || expect 'What it looks like' explain "shapes.spec" --api-version="$ns.example.com/v1"
	expect 'deleted' delete "sh-$ns" s
	expect 'deleted' delete -f "$dir/crd.yaml"
}

shape() {
	printf '{"apiVersion":"%s.example.com/v1","kind":"Shape","metadata":{"name":"s","namespace":"%s"},"spec":{"sides":%d}}' "$ns" "$ns" "$1"
}

deleted() {
	expect 'deleted' delete configmap settings
	expect 'deleted' delete -f "$dir/objects.yaml" --ignore-not-found
	refuse 'not found' get deployment web
	expect 'deleted' delete deployment made --cascade=orphan
	expect '^replicaset.apps/made' get replicasets -o name
	expect 'deleted' delete replicasets,services,jobs,cronjobs --all
	finally 'No resources found' get pods
	expect 'deleted' delete namespace "$ns"
	refuse 'not found' get namespace "$ns"
}

run() {
	program=$1 ns=$2
	rm -rf "$dir/.kube"
	local version
	version=$(env -u KUBECONFIG "$program" version --client 2>/dev/null | sed -n 's/.*v1\.\([0-9]*\).*/\1/p' | head -1)
	minor=$version
	"$program" create namespace "$ns" >/dev/null || fail "create namespace failed"
	for part in about_the_server applied pruned edited created rolled_out printed from_the_node described allowed of_nodes out_of_reach customised deleted; do
		$part
	done
	"$program" create namespace "kept-$ns" >/dev/null
	echo "kubectl 1.$minor: ok"
}

found=
start "$dir/data"
n=0
while read -r candidate; do
	[ -n "$candidate" ] && [ -x "$candidate" ] || continue
	found=1
	n=$((n + 1))
	run "$candidate" "e2e-$n"
done < <(programs kubectl; printf '%s\n' "$@")
if [ -z "$found" ]; then
	echo "no kubectl here: skipped"
	exit 77
fi
! other || exit 0
# all of it is there after a restart
kill "$server"
wait "$server" || :
start "$dir/data"
ns=default
expect "^kept-e2e-1 " get namespaces
echo ok
