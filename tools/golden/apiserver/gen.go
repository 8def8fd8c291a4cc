package main

import (
	"compress/gzip"
	"encoding/json"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

// The recorded OpenAPI v3 documents, as far as values are made from them.
type schema struct {
	Ref        string             `json:"$ref"`
	AllOf      []*schema          `json:"allOf"`
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Enum       []any              `json:"enum"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
	Additional *schema            `json:"additionalProperties"`
	Required   []string           `json:"required"`
	ListType   string             `json:"x-kubernetes-list-type"`
	Kinds      []gvk              `json:"x-kubernetes-group-version-kind"`
	names      []string
}

type gvk struct {
	Group   string `json:"group"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
}

func (g gvk) apiVersion() string {
	if g.Group == "" {
		return g.Version
	}
	return g.Group + "/" + g.Version
}

type kind struct {
	gvk
	schema *schema
}

var (
	schemas = map[string]*schema{}
	raw     = map[string]json.RawMessage{}
	kinds   []kind
	r       *rand.Rand
)

// Kinds that carry most of what clients send; the others come now and then.
var favourites = map[string]bool{
	"Deployment": true, "Service": true, "ConfigMap": true, "Pod": true, "StatefulSet": true,
	"Secret": true, "Ingress": true, "ServiceAccount": true, "Role": true, "CronJob": true,
	"CustomResourceDefinition": true, "HorizontalPodAutoscaler": true, "NetworkPolicy": true,
}

func load(dir string) {
	files, err := filepath.Glob(filepath.Join(dir, "v3", "*_v*.json.gz"))
	if err != nil || len(files) == 0 {
		log.Fatal("no documents in ", dir)
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			log.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			log.Fatal(err)
		}
		var doc struct {
			Components struct {
				Schemas map[string]json.RawMessage `json:"schemas"`
			} `json:"components"`
		}
		if err := json.NewDecoder(z).Decode(&doc); err != nil {
			log.Fatal(err)
		}
		for name, text := range doc.Components.Schemas {
			if raw[name] == nil {
				raw[name] = text
				s := &schema{}
				if err := json.Unmarshal(text, s); err != nil {
					log.Fatal(err)
				}
				schemas[name] = s
			}
		}
	}
	for _, s := range schemas {
		order(s)
		if len(s.Kinds) == 1 && s.Properties["metadata"] != nil && s.Properties["items"] == nil && s.Kinds[0].Kind != "Status" {
			kinds = append(kinds, kind{s.Kinds[0], s})
		}
	}
	sort.Slice(kinds, func(i, j int) bool {
		return kinds[i].apiVersion()+kinds[i].Kind < kinds[j].apiVersion()+kinds[j].Kind
	})
}

func order(s *schema) {
	for name, p := range s.Properties {
		s.names = append(s.names, name)
		order(p)
	}
	sort.Strings(s.names)
}

func pickKind() kind {
	for {
		k := kinds[r.Intn(len(kinds))]
		if favourites[k.Kind] || r.Intn(10) == 0 {
			return k
		}
	}
}

func resolve(s *schema) (*schema, string) {
	ref := s.Ref
	if ref == "" && len(s.AllOf) == 1 {
		ref = s.AllOf[0].Ref
	}
	if ref == "" {
		return s, ""
	}
	name := ref[strings.LastIndexByte(ref, '/')+1:]
	return schemas[name], name
}

func pick[T any](from ...T) T { return from[r.Intn(len(from))] }

// How values are made: chances in a thousand.
type odds struct {
	null, wrong, unknown int
	field                int // a field is there
	numbers              int // an integer is written in another way, or too large
}

func anything(depth int) any {
	switch n := r.Intn(8); {
	case n == 0 && depth < 3:
		m := map[string]any{}
		for i := r.Intn(3); i > 0; i-- {
			m[pick("a", "b", "c", "name")] = anything(depth + 1)
		}
		return m
	case n == 1 && depth < 3:
		var l = []any{}
		for i := r.Intn(3); i > 0; i-- {
			l = append(l, anything(depth+1))
		}
		return l
	case n == 2:
		return r.Intn(5)
	case n == 3:
		return r.Intn(2) == 0
	case n == 4:
		return pick(1.5, 0.25, 3e9)
	}
	return pick("", "x", "y", "1")
}

func value(s *schema, o odds, depth int) any {
	if r.Intn(1000) < o.null {
		return nil
	}
	if r.Intn(1000) < o.wrong {
		return anything(0)
	}
	s, name := resolve(s)
	switch name[strings.LastIndexByte(name, '.')+1:] {
	case "Quantity":
		return pick[any]("1", "100m", "0.1", "1Gi", "1024Mi", "0", "500Mi", "2000m", 5, "1e3", "0.5")
	case "Time":
		return pick("2024-01-02T03:04:05Z", "2024-05-06T07:08:09+02:00")
	case "MicroTime":
		return pick("2024-01-02T03:04:05.000001Z", "2024-05-06T07:08:09.123456+02:00")
	case "IntOrString":
		return pick[any](0, 80, "http", "25%")
	case "RawExtension", "JSON", "FieldsV1":
		return map[string]any{"a": anything(0)}
	case "JSONSchemaPropsOrBool":
		if depth > 6 || r.Intn(2) == 0 {
			return r.Intn(2) == 0
		}
		return value(schemas["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"], o, depth+1)
	case "JSONSchemaPropsOrArray":
		return value(schemas["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"], o, depth+1)
	case "JSONSchemaPropsOrStringArray":
		return []any{"a"}
	}
	switch s.Type {
	case "string":
		if s.Format == "byte" {
			return pick("YWJj", "", "aGVsbG8=")
		}
		if len(s.Enum) > 0 && r.Intn(10) > 0 {
			return s.Enum[r.Intn(len(s.Enum))]
		}
		return pick("", "a", "b", "c", "TCP", "app", "x.y/z")
	case "integer":
		if r.Intn(1000) < o.numbers {
			return json.RawMessage(pick("2.0", "3000000000", "-3e9", "1.5", "1e30", "9223372036854775807", "18446744073709551615"))
		}
		return pick(0, 1, 2, 80, 8080)
	case "number":
		return pick[any](1, 0.5, 0)
	case "boolean":
		return r.Intn(2) == 0
	case "array":
		list := []any{}
		for i := r.Intn(4) - depth/5; i > 0; i-- {
			list = append(list, value(s.Items, o, depth+1))
		}
		return list
	case "object":
		return object(s, o, depth)
	}
	return anything(0)
}

func object(s *schema, o odds, depth int) map[string]any {
	m := map[string]any{}
	if s.Properties == nil {
		for i := r.Intn(4); i > 0; i-- {
			key := pick("a", "b", "c", "cpu", "memory", "x.y/z")
			if s.Additional != nil {
				m[key] = value(s.Additional, o, depth+1)
			} else {
				m[key] = anything(0)
			}
		}
		return m
	}
	required := map[string]bool{}
	for _, name := range s.Required {
		required[name] = true
	}
	for _, name := range s.names {
		chance := o.field
		if required[name] {
			chance = 850
		}
		if depth > 6 {
			chance /= 4
		}
		if r.Intn(1000) < chance {
			m[name] = value(s.Properties[name], o, depth+1)
		}
	}
	if r.Intn(1000) < o.unknown {
		m[pick("bogus", "Spec", "other")] = anything(0)
	}
	return m
}
