// Package peers pins the reference programs of Kubernetes; ../../../tools/peers
// builds them from here.
package peers

import (
	_ "k8s.io/kubernetes/cmd/kube-apiserver/app"
	_ "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	_ "k8s.io/kubectl/pkg/cmd"
)
