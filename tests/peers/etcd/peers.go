// Package peers pins the reference store; ../../../tools/peers builds it from here.
package peers

import _ "go.etcd.io/etcd/server/v3/etcdmain"
