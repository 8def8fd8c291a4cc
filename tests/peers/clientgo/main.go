// clientgo - a server as programs made with client-go meet it.
//
//	clientgo KUBECONFIG
//
// Every check prints "ok NAME" or fails with what is wrong. The line "restart"
// asks whoever started this to end the server and to start it again on the same
// address, and to answer with a line; one that is not "done" leaves that check out.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const (
	patience = 90 * time.Second
	proto    = "application/vnd.kubernetes.protobuf"
)

var shapes = schema.GroupVersionResource{Group: "example.com", Version: "v1", Resource: "shapes"}

// env is what the checks have: clients, and a namespace of their own.
type env struct {
	ctx    context.Context
	config *rest.Config // built-in kinds travel as protobuf
	plain  *rest.Config // JSON
	kube   *kubernetes.Clientset
	json   *kubernetes.Clientset
	dyn    *dynamic.DynamicClient
	meta   metadata.Interface
	ns     string
	input  *bufio.Reader
}

type check struct {
	name string
	run  func(e *env) error
}

var checks = []check{
	{"definition", checkDefinition},
	{"discovery", checkDiscovery},
	{"openapi", checkOpenAPI},
	{"protobuf", checkProtobuf},
	{"errors", checkErrors},
	{"pages", checkPages},
	{"patches", checkPatches},
	{"apply", checkApply},
	{"subresources", checkSubresources},
	{"conflicts", checkConflicts},
	{"dynamic client", checkDynamic},
	{"metadata client", checkMetadata},
	{"events", checkEvents},
	{"leader election", checkLeaders},
	{"watch tools", checkWatchTools},
	{"old resourceVersion", checkOldVersion},
	{"informers", checkInformers},
	{"informers of a selection", checkSelection},
	{"informers that were away", checkAway},
	{"informers over a restart", checkRestart},
}

func newEnv(path string) (*env, error) {
	plain, err := clientcmd.BuildConfigFromFlags("", path)
	if err != nil {
		return nil, err
	}
	plain.QPS, plain.Burst = -1, 0
	config := rest.CopyConfig(plain)
	config.ContentType = proto
	config.AcceptContentTypes = proto + ",application/json"
	e := &env{ctx: context.Background(), config: config, plain: plain, ns: "clientgo", input: bufio.NewReader(os.Stdin)}
	if e.kube, err = kubernetes.NewForConfig(config); err != nil {
		return nil, err
	}
	if e.json, err = kubernetes.NewForConfig(plain); err != nil {
		return nil, err
	}
	if e.dyn, err = dynamic.NewForConfig(plain); err != nil {
		return nil, err
	}
	e.meta, err = metadata.NewForConfig(config)
	return e, err
}

// eventually waits until `fn` says nil; what it last said is the error.
func eventually(fn func() error) error {
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if err = fn(); err == nil {
			return nil
		}
	}
	return fmt.Errorf("not within %v: %w", patience, err)
}

func want(what string, got, want any) error {
	if got != want {
		return fmt.Errorf("%s: got %v, want %v", what, got, want)
	}
	return nil
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: clientgo KUBECONFIG")
		os.Exit(2)
	}
	e, err := newEnv(os.Args[1])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	failed := 0
	for _, c := range checks {
		if err := c.run(e); err != nil {
			fmt.Printf("FAILED %s: %v\n", c.name, err)
			failed++
			continue
		}
		fmt.Printf("ok %s\n", c.name)
	}
	if failed > 0 {
		os.Exit(1)
	}
}
