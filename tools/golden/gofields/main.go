// Prints what the OpenAPI documents do not say about the built-in types of the Kubernetes API:
// for each Go struct, by its definition's name, the fields with their Go type and how they are
// printed when they are empty. tools/gen-builtin-types reads it.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/version"
	"k8s.io/client-go/kubernetes/scheme"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

type field struct {
	Go      string `json:"go"`
	Pointer bool   `json:"pointer,omitempty"`
	Omit    bool   `json:"omit,omitempty"`
	Zero    bool   `json:"omitzero,omitempty"`
	Through string `json:"through,omitempty"` // names of the embedded structs that it is in
}

var marshaler = reflect.TypeFor[json.Marshaler]()

var found = map[string]map[string]field{}

func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	host := strings.Split(parts[0], ".")
	for i, j := 0, len(host)-1; i < j; i, j = i+1, j-1 {
		host[i], host[j] = host[j], host[i]
	}
	return strings.Join(append(append(host, parts[1:]...), t.Name()), ".")
}

func walk(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		walk(t.Elem())
		return
	case reflect.Struct:
	default:
		return
	}
	if !strings.HasPrefix(t.PkgPath(), "k8s.io/") || found[name(t)] != nil || t.Implements(marshaler) {
		return
	}
	fields := map[string]field{}
	found[name(t)] = fields
	collect(t, "", fields)
}

func collect(t reflect.Type, through string, fields map[string]field) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("json"), ",")
		if !f.IsExported() || tag[0] == "-" {
			continue
		}
		if f.Anonymous && tag[0] == "" {
			e := f.Type
			if e.Kind() == reflect.Pointer {
				e = e.Elem()
			}
			collect(e, through+e.Name()+".", fields)
			continue
		}
		if tag[0] == "" {
			tag[0] = f.Name
		}
		out := field{Go: f.Type.String(), Through: strings.TrimSuffix(through, ".")}
		for _, option := range tag[1:] {
			out.Omit = out.Omit || option == "omitempty"
			out.Zero = out.Zero || option == "omitzero"
		}
		if f.Type.Kind() == reflect.Pointer {
			out.Pointer = true
			out.Go = f.Type.Elem().String()
		}
		fields[tag[0]] = out
		walk(f.Type)
	}
}

func main() {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{scheme.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme} {
		if err := add(s); err != nil {
			panic(err)
		}
	}
	for _, t := range s.AllKnownTypes() {
		walk(t)
	}
	walk(reflect.TypeOf(metav1.APIGroupList{}))
	walk(reflect.TypeOf(metav1.APIVersions{}))
	walk(reflect.TypeOf(metav1.APIResourceList{}))
	walk(reflect.TypeOf(version.Info{}))
	e := json.NewEncoder(os.Stdout)
	e.SetIndent("", " ")
	if err := e.Encode(found); err != nil {
		panic(err)
	}
}
