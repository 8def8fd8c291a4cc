// Command health makes tests/golden/health/health.jsonl: objects of every kind
// that kstatus has a rule for, with random fields, and what kstatus says.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

type object = map[string]interface{}

var r = rand.New(rand.NewSource(1))

func one[T any](of ...T) T { return of[r.Intn(len(of))] }

// Some fields of `all`, each left out one time in four.
func some(all object) object {
	out := object{}
	for k, v := range all {
		if r.Intn(4) > 0 {
			out[k] = v
		}
	}
	return out
}

func count() int64 { return int64(r.Intn(4)) }

func condition(kinds ...string) object {
	return some(object{
		"type":    one(kinds...),
		"status":  one("True", "True", "False", "Unknown"),
		"reason":  one("NewReplicaSetAvailable", "NewReplicaSetAvailable", "ProgressDeadlineExceeded", "Installing", "Why", "Unschedulable"),
		"message": one("because", "it is so"),
	})
}

func conditions(kinds ...string) []interface{} {
	list := []interface{}{}
	for i := r.Intn(4); i > 0; i-- {
		list = append(list, condition(kinds...))
	}
	return list
}

func containers() []interface{} {
	list := []interface{}{}
	for i := r.Intn(3); i > 0; i-- {
		list = append(list, object{"name": one("a", "b"), "state": some(object{
			"waiting": object{"reason": one("CrashLoopBackOff", "ImagePullBackOff")},
			"running": object{},
		})})
	}
	return list
}

var kinds = []struct{ apiVersion, kind string }{
	{"v1", "Service"}, {"v1", "Pod"}, {"v1", "Pod"}, {"v1", "Secret"}, {"v1", "PersistentVolumeClaim"},
	{"v1", "ConfigMap"}, {"apps/v1", "StatefulSet"}, {"apps/v1", "StatefulSet"}, {"apps/v1", "DaemonSet"},
	{"apps/v1", "Deployment"}, {"apps/v1", "Deployment"}, {"apps/v1", "ReplicaSet"},
	{"policy/v1", "PodDisruptionBudget"}, {"batch/v1", "CronJob"}, {"batch/v1", "Job"},
	{"apiextensions.k8s.io/v1", "CustomResourceDefinition"}, {"example.com/v1", "Thing"}, {"v1", "Namespace"},
}

func make_(n int) object {
	k := kinds[n%len(kinds)]
	generation := int64(1 + r.Intn(2))
	wanted := count()
	near := func() int64 {
		if r.Intn(3) > 0 {
			return wanted
		}
		return count()
	}
	meta := some(object{"generation": generation, "creationTimestamp": one("2001-01-01T00:00:00Z", "2101-01-01T00:00:00Z")})
	meta["name"] = "x"
	if r.Intn(20) == 0 {
		meta["deletionTimestamp"] = "2024-01-01T00:00:00Z"
	}
	spec := some(object{
		"replicas": wanted, "parallelism": count(), "completions": count(),
		"type": one("ClusterIP", "LoadBalancer"), "clusterIP": one("", "10.0.0.1"),
		"progressDeadlineSeconds": int64(600),
	})
	if r.Intn(3) == 0 {
		spec["updateStrategy"] = some(object{
			"type":          one("RollingUpdate", "RollingUpdate", "OnDelete"),
			"rollingUpdate": some(object{"partition": count()}),
		})
	}
	st := some(object{
		"replicas": near(), "readyReplicas": near(), "currentReplicas": near(), "updatedReplicas": near(),
		"availableReplicas": near(), "fullyLabeledReplicas": near(),
		"desiredNumberScheduled": wanted, "currentNumberScheduled": near(), "updatedNumberScheduled": near(),
		"numberAvailable": near(), "numberReady": near(), "succeeded": count(), "active": count(), "failed": count(),
		"startTime": "2024-01-01T00:00:00Z", "currentRevision": one("a", "b"), "updateRevision": one("a", "b"),
		"phase": one("Pending", "Running", "Running", "Succeeded", "Failed", "Bound", ""),
	})
	if r.Intn(2) == 0 {
		st["observedGeneration"] = one(generation, generation, generation, 7)
	}
	if r.Intn(3) > 0 {
		st["conditions"] = conditions("Progressing", "Available", "Ready", "Ready", "PodScheduled", "Complete", "Failed",
			"ReplicaFailure", "NamesAccepted", "Established")
		if r.Intn(10) == 0 {
			st["conditions"] = conditions("Reconciling", "Stalled", "Ready")
		}
	}
	if r.Intn(3) == 0 {
		st["containerStatuses"] = containers()
	}
	return object{"apiVersion": k.apiVersion, "kind": k.kind, "metadata": meta, "spec": spec, "status": st}
}

func main() {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for i := 0; i < 1500; i++ {
		o := make_(i)
		line := object{"op": "health", "object": o}
		res, err := status.Compute(&unstructured.Unstructured{Object: o})
		if err != nil {
			line["error"] = err.Error()
		} else {
			reason := ""
			if len(res.Conditions) > 0 {
				reason = res.Conditions[0].Reason
			}
			line["output"] = object{"status": string(res.Status), "message": res.Message, "reason": reason}
		}
		if err := out.Encode(line); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
