// Package peers pins the reference helm 3; ../../../tools/peers builds it from here.
package peers

import _ "helm.sh/helm/v3/cmd/helm"
