// Package peers pins the reference kustomize; ../../../tools/peers builds it from here.
package peers

import _ "sigs.k8s.io/kustomize/kustomize/v5/commands"
