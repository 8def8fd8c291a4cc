package main

import (
	"encoding/json"
	"log"

	"k8s.io/apimachinery/pkg/runtime"
	apischema "k8s.io/apimachinery/pkg/runtime/schema"
	kjson "sigs.k8s.io/json"
)

type canonCase struct {
	Op         string          `json:"op"`
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Maps       bool            `json:"maps,omitempty"`
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

// The same by the reader that goes from maps straight into the struct.
func restored(k gvk, text []byte) ([]byte, []error, error) {
	var from map[string]any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &from); err != nil {
		log.Fatal(err)
	}
	obj, err := scheme.New(apischema.GroupVersionKind(k))
	if err != nil {
		log.Fatal(err)
	}
	err = runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(from, obj, true)
	strict, isStrict := runtime.AsStrictDecodingError(err)
	var unknown []error
	if isStrict {
		unknown = strict.Errors()
	} else if err != nil {
		return nil, nil, err
	}
	out, err := json.Marshal(obj)
	return out, unknown, err
}

func recordCanon() any { return record(canon, odds{null: 20, unknown: 30, field: 200}) }

func recordRestored() any {
	return record(restored, odds{null: 20, wrong: 20, unknown: 30, field: 200, numbers: 100})
}

func record(read func(gvk, []byte) ([]byte, []error, error), o odds) any {
	k := pickKind()
	if r.Intn(4) == 0 {
		o.wrong = 15
	}
	object := object(k.schema, o, 0)
	object["apiVersion"], object["kind"] = k.apiVersion(), k.Kind
	text, err := json.Marshal(object)
	if err != nil {
		log.Fatal(err)
	}
	c := canonCase{Op: "canon", APIVersion: k.apiVersion(), Kind: k.Kind, Maps: o.numbers > 0, Object: text}
	out, strict, err := read(k.gvk, text)
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
