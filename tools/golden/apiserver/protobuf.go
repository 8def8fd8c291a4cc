package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"log"

	apischema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
)

type protobufCase struct {
	Op     string          `json:"op"`
	Body   string          `json:"body_b64"`
	Output json.RawMessage `json:"output"`
}

// An object in the binary form, and what reading that gives.
func recordProtobuf() any {
	for {
		k := pickKind()
		o := odds{field: 250}
		object := object(k.schema, o, 0)
		object["apiVersion"], object["kind"] = k.apiVersion(), k.Kind
		obj, err := scheme.New(apischema.GroupVersionKind(k.gvk))
		if err != nil {
			log.Fatal(err)
		}
		if json.Unmarshal(toJSON(object), obj) != nil {
			continue
		}
		s := protobuf.NewSerializer(scheme, scheme)
		var b bytes.Buffer
		if err := s.Encode(obj, &b); err != nil {
			continue
		}
		again, _, err := s.Decode(b.Bytes(), nil, nil)
		if err != nil {
			log.Fatal(err)
		}
		again.GetObjectKind().SetGroupVersionKind(apischema.GroupVersionKind(k.gvk))
		return protobufCase{"protobuf", base64.StdEncoding.EncodeToString(b.Bytes()), toJSON(again)}
	}
}
