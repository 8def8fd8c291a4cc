package main

import (
	"encoding/json"
	"log"

	apischema "k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
)

type canonCase struct {
	Op         string          `json:"op"`
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Object     json.RawMessage `json:"object"`
	Output     *canonOutput    `json:"output,omitempty"`
	Error      string          `json:"error,omitempty"`
}

type canonOutput struct {
	Object  json.RawMessage `json:"object"`
	Unknown []string        `json:"unknown"`
}

// What decoding into the Go struct and printing makes of an object.
func canon(k gvk, text []byte) ([]byte, []error, error) {
	obj, err := scheme.New(apischema.GroupVersionKind(k))
	if err != nil {
		log.Fatal(err)
	}
	strict, err := kjson.UnmarshalStrict(text, obj)
	if err != nil {
		return nil, nil, err
	}
	out, err := json.Marshal(obj)
	return out, strict, err
}

func recordCanon() any {
	k := pickKind()
	o := odds{null: 20, wrong: 0, unknown: 30, field: 200}
	if r.Intn(4) == 0 {
		o.wrong = 15
	}
	object := object(k.schema, o, 0)
	object["apiVersion"], object["kind"] = k.apiVersion(), k.Kind
	text, err := json.Marshal(object)
	if err != nil {
		log.Fatal(err)
	}
	c := canonCase{Op: "canon", APIVersion: k.apiVersion(), Kind: k.Kind, Object: text}
	out, strict, err := canon(k.gvk, text)
	if err != nil {
		c.Error = err.Error()
		return c
	}
	c.Output = &canonOutput{Object: out, Unknown: []string{}}
	for _, e := range strict {
		c.Output.Unknown = append(c.Output.Unknown, e.Error())
	}
	return c
}
