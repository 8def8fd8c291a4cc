package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
)

type m = map[string]any

func pick[T any](r *rand.Rand, from ...T) T {
	return from[r.Intn(len(from))]
}

func chance(r *rand.Rand, percent int) bool {
	return r.Intn(100) < percent
}

var names = []string{"a", "b", "c", "d-e", "f.g", "namespace", "metadata", "kind", "status", "x__y"}

var formats = []string{"date", "date-time", "datetime", "duration", "byte", "ipv4", "ipv6", "cidr", "mac", "uri", "email",
	"hostname", "uuid", "uuid3", "uuid4", "uuid5", "isbn", "isbn10", "isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor",
	"bsonobjectid", "k8s-short-name", "k8s-long-name", "password", "int32", "int64", "float", "double", "unknown"}

var texts = []string{"", "a", "abc", "ABC", "x-1", "2020-01-02", "2020-01-02T10:00:00Z", "2020-01-02t10:00:00.5+01:00", "1h", "5 days",
	"aGVsbG8=", "1.2.3.4", "01.2.3.4", "::1", "::ffff:1.2.3.4", "1.2.3.0/24", "::/0", "00:11:22:33:44:55", "http://a/b", "/p?q#f",
	"x@y.z", "A B <x@y.z>", "\"q q\"@[1.2.3.4]", "(c) x@y (d)", "localhost", "a.bc", "-a", "123e4567-e89b-12d3-a456-426614174000",
	"123e4567e89b42d3a456426614174000", "0321751043", "978-0321751041", "4111 1111 1111 1111", "123-45-6789", "#fff", "rgb(1, 22,255)",
	"507f1f77bcf86cd799439011", "é", "日本", "10%", "5", "true"}

var rules = []string{"true", "self == oldSelf", "size(self) < 3", "self.a == 1", "has(self.a)", "self > 2", "self.all(x, x != 'b')",
	"self.startsWith('a')", "self.x", "1", "self.a.b.c == 'x'", "self in ['a','b']", "oldSelf.orValue(1) == 1", "!has(oldSelf.a)", " ", "self.matches('^a')"}

// A schema of a node on the spine.
func schema(r *rand.Rand, depth int, wild int) m {
	s := m{}
	t := pick(r, "object", "object", "array", "string", "string", "integer", "number", "boolean")
	if depth <= 0 && (t == "object" || t == "array") {
		t = "string"
	}
	s["type"] = t
	switch t {
	case "object":
		object(r, s, depth, wild)
	case "array":
		array(r, s, depth, wild)
	default:
		scalar(r, s, t)
	}
	general(r, s, depth, wild)
	return s
}

func object(r *rand.Rand, s m, depth, wild int) {
	if chance(r, 20) {
		switch r.Intn(3) {
		case 0:
			s["additionalProperties"] = chance(r, 70)
		default:
			s["additionalProperties"] = schema(r, depth-1, wild)
		}
		if !chance(r, wild) {
			limits(r, s, "Properties")
			return
		}
	}
	props := m{}
	for i := 0; i < 1+r.Intn(3); i++ {
		props[pick(r, names...)] = schema(r, depth-1, wild)
	}
	s["properties"] = props
	if chance(r, 25) {
		s["required"] = []string{pick(r, names...)}
	}
	if chance(r, 10) {
		s["x-kubernetes-preserve-unknown-fields"] = true
	}
	if chance(r, 8) {
		s["x-kubernetes-embedded-resource"] = true
	}
	if chance(r, 5) {
		s["x-kubernetes-map-type"] = pick(r, "atomic", "granular", "odd")
	}
	limits(r, s, "Properties")
}

func array(r *rand.Rand, s m, depth, wild int) {
	s["items"] = schema(r, depth-1, wild)
	limits(r, s, "Items")
	switch r.Intn(6) {
	case 0:
		s["x-kubernetes-list-type"] = "set"
		if !chance(r, wild) {
			s["items"] = m{"type": pick(r, "string", "integer")}
		}
	case 1:
		s["x-kubernetes-list-type"] = "map"
		s["x-kubernetes-list-map-keys"] = []string{"a"}
		if chance(r, 30) {
			s["x-kubernetes-list-map-keys"] = []string{"a", "b"}
		}
		if !chance(r, wild) {
			s["items"] = m{"type": "object", "required": []string{"a"}, "properties": m{
				"a": m{"type": pick(r, "string", "integer")}, "b": m{"type": "string", "default": "x"}, "c": schema(r, depth-2, wild)}}
		}
	case 2:
		s["x-kubernetes-list-type"] = pick(r, "atomic", "odd")
	}
	if chance(r, wild/4) {
		delete(s, "items")
	}
}

func limits(r *rand.Rand, s m, what string) {
	if chance(r, 10) {
		s["max"+what] = r.Intn(3)
	}
	if chance(r, 10) {
		s["min"+what] = r.Intn(3)
	}
}

func scalar(r *rand.Rand, s m, t string) {
	switch t {
	case "string":
		limits(r, s, "Length")
		if chance(r, 15) {
			s["pattern"] = pick(r, "^a", "[a-z]+$", "^.{2}$", "[", "(a", "\\d+")
		}
		if chance(r, 12) {
			s["enum"] = []any{"a", "b", pick(r, texts...)}
		}
		if chance(r, 25) {
			s["format"] = pick(r, formats...)
		}
	case "integer", "number":
		for _, w := range []string{"maximum", "minimum", "multipleOf"} {
			if chance(r, 12) {
				s[w] = pick[any](r, 0, 1, 2, 5, -1, 0.5, 1e300, 2.5)
			}
		}
		if chance(r, 10) {
			s["exclusiveMaximum"] = true
		}
		if chance(r, 10) {
			s["exclusiveMinimum"] = true
		}
		if chance(r, 20) {
			s["format"] = pick(r, "int32", "int64", "float", "double", "odd")
		}
		if chance(r, 10) {
			s["enum"] = []any{1, 2.5, 3}
		}
	}
}

func general(r *rand.Rand, s m, depth, wild int) {
	if chance(r, 12) {
		s["nullable"] = true
	}
	if chance(r, 15) {
		if chance(r, wild) {
			s["default"] = object2(r, 2)
		} else {
			s["default"] = fitting(r, s, 2)
		}
	}
	if chance(r, 12) {
		rule := m{"rule": pick(r, rules...)}
		if chance(r, 20) {
			rule["message"] = pick(r, "no", " ", "a\nb", "x")
		}
		if chance(r, 15) {
			rule["messageExpression"] = pick(r, "'m'", "1", "string(self)", " ", "self.a")
		}
		if chance(r, 10) {
			rule["reason"] = pick(r, "FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate", "Odd")
		}
		if chance(r, 10) {
			rule["fieldPath"] = pick(r, ".a", ".a.b", "['a']", "x", ".", ".d-e")
		}
		if chance(r, 10) {
			rule["optionalOldSelf"] = chance(r, 50)
		}
		s["x-kubernetes-validations"] = []any{rule}
	}
	if chance(r, 8) && depth > 0 {
		s[pick(r, "allOf", "anyOf", "oneOf")] = []any{nested(r, s, wild), nested(r, s, wild)}
	}
	if chance(r, 4) && depth > 0 {
		s["not"] = nested(r, s, wild)
	}
	if chance(r, 6) {
		delete(s, "type")
		if chance(r, 100-wild) {
			s["x-kubernetes-int-or-string"] = true
			delete(s, "properties")
			delete(s, "items")
			delete(s, "additionalProperties")
			if chance(r, 30) {
				s["anyOf"] = []any{m{"type": "integer"}, m{"type": "string"}}
			}
		} else if chance(r, 50) {
			s["x-kubernetes-preserve-unknown-fields"] = true
		}
	}
	if chance(r, 5) {
		s["description"] = "d"
	}
	if chance(r, wild/3) {
		s[pick(r, "$ref", "id", "uniqueItems", "type", "patternProperties", "definitions", "additionalItems", "title", "x-kubernetes-list-map-keys")] =
			pick[any](r, "x", true, m{"a": m{"type": "string"}}, []string{"a"}, "null")
	}
}

func nested(r *rand.Rand, s m, wild int) m {
	n := m{}
	switch r.Intn(6) {
	case 0:
		n["required"] = []string{pick(r, names...)}
	case 1:
		n["pattern"] = pick(r, "^a", "b$")
	case 2:
		n["minLength"] = r.Intn(4)
	case 3:
		n["maximum"] = r.Intn(4)
	case 4:
		if props, ok := s["properties"].(m); ok {
			for k := range props {
				n["properties"] = m{k: m{"enum": []any{"a", 1}}}
				break
			}
		}
	default:
		n["enum"] = []any{"a", 1, true}
	}
	if chance(r, wild/2) {
		n[pick(r, "type", "description", "default", "nullable", "x-kubernetes-int-or-string")] = pick[any](r, "string", "object", true)
	}
	if chance(r, 20) {
		n["not"] = m{"minLength": 3}
	}
	return n
}

// Any value.
func object2(r *rand.Rand, depth int) any {
	switch r.Intn(9) {
	case 0:
		return nil
	case 1:
		return chance(r, 50)
	case 2:
		return pick[any](r, 0, 1, 2, 3, -1, 5, 100000, 3000000000, 9007199254740993)
	case 3:
		return pick[any](r, 1.5, 2.0, 0.1, 1e20, -2.5, 1e300)
	case 4, 5:
		return pick(r, texts...)
	case 6:
		list := []any{}
		for i := 0; depth > 0 && i < r.Intn(4); i++ {
			list = append(list, object2(r, depth-1))
		}
		return list
	default:
		o := m{}
		for i := 0; depth > 0 && i < r.Intn(4); i++ {
			o[pick(r, names...)] = object2(r, depth-1)
		}
		return o
	}
}

// A value that mostly fits.
func fitting(r *rand.Rand, s m, depth int) any {
	if chance(r, 8) {
		return object2(r, 2)
	}
	if s["nullable"] == true && chance(r, 20) {
		return nil
	}
	if e, ok := s["enum"].([]any); ok && chance(r, 80) {
		return pick(r, e...)
	}
	t, _ := s["type"].(string)
	if s["x-kubernetes-int-or-string"] == true {
		t = pick(r, "integer", "string")
	}
	switch t {
	case "object":
		o := m{}
		if props, ok := s["properties"].(m); ok {
			for _, k := range names {
				if p, ok := props[k].(m); ok && chance(r, 75) {
					o[k] = fitting(r, p, depth-1)
				}
			}
		}
		if p, ok := s["additionalProperties"].(m); ok {
			for i := 0; i < r.Intn(3); i++ {
				o[pick(r, names...)] = fitting(r, p, depth-1)
			}
		}
		if chance(r, 12) {
			o[pick(r, names...)] = object2(r, 1)
		}
		if s["x-kubernetes-embedded-resource"] == true {
			if chance(r, 80) {
				o["apiVersion"] = pick[any](r, "v1", "apps/v1", "a/b/c", "", 1)
			}
			if chance(r, 80) {
				o["kind"] = pick[any](r, "Pod", "bad_kind", "", true)
			}
			if chance(r, 60) {
				o["metadata"] = metadata(r)
			}
		}
		return o
	case "array":
		list := []any{}
		items, _ := s["items"].(m)
		for i := 0; i < r.Intn(4); i++ {
			if items != nil {
				list = append(list, fitting(r, items, depth-1))
			}
		}
		return list
	case "string":
		return pick(r, texts...)
	case "integer":
		return pick[any](r, 0, 1, 2, 3, 4, 5, 10, -1, 3000000000, 2.0, 1.5)
	case "number":
		return pick[any](r, 0, 1, 2.5, 0.5, 3, 1e39, -1)
	case "boolean":
		return chance(r, 50)
	}
	return object2(r, 2)
}

func metadata(r *rand.Rand) any {
	o := m{}
	for i := 0; i < r.Intn(4); i++ {
		switch r.Intn(8) {
		case 0:
			o["name"] = pick[any](r, "a", "a/b", "..", "", 5)
		case 1:
			o["labels"] = pick[any](r, m{"a": "b"}, m{"-a": "b c"}, m{}, m{"a": 1}, "x")
		case 2:
			o["annotations"] = pick[any](r, m{"A": "b"}, m{"a b": ""}, m{"x/y/z": ""})
		case 3:
			o["namespace"] = pick[any](r, "n", "N", "a.b")
		case 4:
			o["bogus"] = 1
		case 5:
			o["finalizers"] = pick[any](r, []any{"a"}, []any{"a b", "orphan", "foregroundDeletion"})
		case 6:
			o["ownerReferences"] = []any{pick(r, m{}, m{"apiVersion": "v1", "kind": "Event", "name": "x", "uid": "u"}, m{"apiVersion": "a/", "kind": "K", "bad": 1})}
		case 7:
			o["generation"] = pick[any](r, 1, -1)
		}
	}
	return o
}

func root(r *rand.Rand, wild int) m {
	s := m{"type": "object"}
	props := m{}
	for i := 0; i < 1+r.Intn(3); i++ {
		props[pick(r, "spec", "status", "a", "b", "spec")] = schema(r, 3, wild)
	}
	if chance(r, 15) {
		props["metadata"] = pick(r, m{"type": "object"}, m{"type": "object", "properties": m{"name": m{"type": "string", "maxLength": 3}}},
			m{"type": "object", "properties": m{"labels": m{"type": "object"}}}, m{"type": "string"})
	}
	s["properties"] = props
	if chance(r, 10) {
		s["x-kubernetes-validations"] = []any{m{"rule": pick(r, "self.metadata.name == 'a'", "has(self.spec)", "self.kind == 'x'")}}
	}
	if chance(r, wild/4) {
		s[pick(r, "nullable", "anyOf", "additionalProperties", "required", "type", "description")] = pick[any](r, true, []any{"a"}, "array", m{"type": "string"})
	}
	return s
}

func raw(v any) json.RawMessage {
	return encode(v)
}

func definition(r *rand.Rand) m {
	name := pick(r, "things", "things", "things", "Bad_Name", "")
	group := pick(r, "example.com", "example.com", "nodots", "a.k8s.io", "UPPER.x", "")
	versions := []any{}
	for i := 0; i < 1+r.Intn(2); i++ {
		v := m{"name": pick(r, "v1", "v2", "v1beta1", "V_1"), "served": true, "storage": i == 0}
		if chance(r, 15) {
			v["storage"] = chance(r, 50)
		}
		if chance(r, 90) {
			s := m{"type": "object", "properties": m{"spec": m{"type": "object", "properties": m{"color": m{"type": "string"}, "n": m{"type": "integer"}, "o": m{"type": "object"}}}}}
			if chance(r, 30) {
				s = root(r, 20)
			}
			v["schema"] = m{"openAPIV3Schema": s}
		}
		if chance(r, 30) {
			v["subresources"] = pick(r, m{"status": m{}}, m{"scale": m{"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n"}},
				m{"scale": m{"specReplicasPath": "spec.n", "statusReplicasPath": ".spec.n", "labelSelectorPath": ".x"}}, m{"status": m{}, "scale": m{}})
		}
		if chance(r, 30) {
			v["additionalPrinterColumns"] = []any{m{"name": pick(r, "X", ""), "type": pick(r, "string", "date", "odd", ""), "format": pick(r, "", "int32", "odd"), "jsonPath": pick(r, ".a", "a", "")}}
		}
		if chance(r, 20) {
			v["selectableFields"] = []any{m{"jsonPath": pick(r, ".spec.color", ".spec.o", ".metadata.name", ".x", "", ".spec['color']")}, m{"jsonPath": pick(r, ".spec.color", ".spec.n")}}
		}
		if chance(r, 15) {
			v["deprecated"] = true
		}
		if chance(r, 15) {
			v["deprecationWarning"] = pick(r, "old", "", "a\u0007b")
		}
		versions = append(versions, v)
	}
	spec := m{"group": group, "scope": pick(r, "Namespaced", "Cluster", "Odd", "Namespaced"), "versions": versions,
		"names": m{"plural": name, "kind": pick(r, "Thing", "Thing", "bad kind", "")}}
	if chance(r, 20) {
		spec["names"].(m)["shortNames"] = []any{pick(r, "th", "T H")}
	}
	if chance(r, 20) {
		spec["names"].(m)["listKind"] = pick(r, "Thing", "ThingList", "x y")
	}
	if chance(r, 20) {
		spec["names"].(m)["categories"] = []any{pick(r, "all", "A B")}
	}
	if chance(r, 20) {
		spec["conversion"] = pick(r, m{"strategy": "None"}, m{"strategy": "Webhook"}, m{"strategy": "Odd"}, m{},
			m{"strategy": "Webhook", "webhook": m{"clientConfig": m{"url": pick(r, "https://a/b", "http://u:p@a?x#y", "%zz")}, "conversionReviewVersions": []any{"v1", "v1", "V X"}}},
			m{"strategy": "Webhook", "webhook": m{"clientConfig": m{"service": m{"name": "n", "namespace": pick(r, "", "x"), "path": pick(r, "/a", "b//c", "//", "/A")}}, "conversionReviewVersions": []any{"v2"}}},
			m{"strategy": "None", "webhook": m{"conversionReviewVersions": []any{"v1"}}})
	}
	if chance(r, 5) {
		spec["preserveUnknownFields"] = true
	}
	crd := m{"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": m{"name": fmt.Sprintf("%s.%s", name, group)}, "spec": spec}
	if chance(r, 10) {
		crd["metadata"].(m)["name"] = "other.example.com"
	}
	if chance(r, 30) {
		crd["metadata"].(m)["annotations"] = m{"api-approved.kubernetes.io": pick(r, "https://x/y", "unapproved, x", "zz")}
	}
	return crd
}

func established(crd m) m {
	for _, v := range crd["spec"].(m)["versions"].([]any) {
		if v.(m)["schema"] == nil {
			v.(m)["schema"] = m{"openAPIV3Schema": m{"type": "object"}}
		}
	}
	delete(crd["spec"].(m), "preserveUnknownFields")
	crd["status"] = m{"conditions": []any{m{"type": "Established", "status": "True", "lastTransitionTime": nil, "reason": "x", "message": ""}},
		"acceptedNames": m{"plural": "things", "kind": "Thing"}, "storedVersions": []any{"v1"}}
	return crd
}

func column(r *rand.Rand) m {
	return m{"name": "C", "type": pick(r, "string", "integer", "number", "boolean", "date"),
		"jsonPath": pick(r, ".a", ".b", ".c", ".a.b", ".c[0]", ".c[-1]", ".c[*]", ".c[*].a", ".x", ".c[?(@.a==\"a\")].b", ".a\\.b", "..a", ".c[0:2]", ".c[5]", "[")}
}

func random(r *rand.Rand) []request {
	s := root(r, 0)
	wild := root(r, pick(r, 5, 20, 60))
	object := raw(fitting(r, s, 4))
	for object[0] != '{' {
		object = raw(fitting(r, s, 4))
	}
	old := raw(fitting(r, s, 4))
	if old[0] != '{' || chance(r, 40) {
		old = nil
	}
	def := definition(r)
	next := definition(r)
	next["metadata"].(m)["name"] = def["metadata"].(m)["name"]
	if chance(r, 70) {
		spec := next["spec"].(m)
		spec["group"] = def["spec"].(m)["group"]
		spec["names"].(m)["plural"] = def["spec"].(m)["names"].(m)["plural"]
	}
	out := []request{
		{Op: "crd-validate", Schema: raw(s), Object: object, Old: old},
		{Op: "crd-default", Schema: raw(s), Object: object},
		{Op: "crd-read", Schema: raw(s), Object: object},
		{Op: "crd-schema", Schema: raw(wild)},
		{Op: "crd-schema", Schema: raw(s)},
		{Op: "crd-object", Object: raw(def)},
		{Op: "crd-object", Object: raw(next), Old: raw(established(def))},
		{Op: "crd-openapi", Schema: raw(s), V2: chance(r, 50)},
		{Op: "crd-cells", Columns: raw([]any{column(r), column(r), column(r)}), Object: raw(m{"metadata": m{"name": "n"}, "a": object2(r, 3), "b": object2(r, 1), "c": []any{object2(r, 2), m{"a": "a", "b": object2(r, 1)}}})},
	}
	return out
}
