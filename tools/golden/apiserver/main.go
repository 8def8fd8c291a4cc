// Records what the API server's packages answer: go run . [-seed N] [-n N] WHAT OPENAPI writes N
// cases to standard output, one a line. OPENAPI is a folder of recorded documents, WHAT is one of
//
//	canon    objects decoded into Go structs and printed again
//	restored the same, straight from maps
//	ssa      stories of updates and applies, and who owns what after each
//	smp      strategic merge patches
//	protobuf objects in the binary form
package main

import (
	"encoding/json"
	"flag"
	"log"
	"math/rand"
	"os"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientscheme "k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

var scheme = runtime.NewScheme()

func main() {
	seed := flag.Int64("seed", 1, "")
	n := flag.Int("n", 100, "")
	flag.Parse()
	for _, add := range []func(*runtime.Scheme) error{clientscheme.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme} {
		if err := add(scheme); err != nil {
			log.Fatal(err)
		}
	}
	r = rand.New(rand.NewSource(*seed))
	load(flag.Arg(1))
	record := map[string]func() any{
		"protobuf": recordProtobuf,
		"ssa":      recordSSA,
		"smp":      recordSMP,
		"canon":    recordCanon,
		"restored": recordRestored,
	}[flag.Arg(0)]
	if record == nil {
		log.Fatal("unknown: ", flag.Arg(0))
	}
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	for i := 0; i < *n; i++ {
		if err := e.Encode(record()); err != nil {
			log.Fatal(err)
		}
	}
}
