// Package peers pins the reference helm; ../../../tools/peers builds it from here.
package peers

import _ "helm.sh/helm/v4/pkg/cmd"
