package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"sort"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	apischema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/managedfields"
	"k8s.io/kube-openapi/pkg/validation/spec"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
)

// One write: what the live object becomes, or who is in the way.
type ssaCase struct {
	Op          string          `json:"op"`
	APIVersion  string          `json:"apiVersion"`
	Kind        string          `json:"kind"`
	Schema      json.RawMessage `json:"schema,omitempty"`
	Subresource string          `json:"subresource,omitempty"`
	Reset       []string        `json:"reset,omitempty"`
	Manager     string          `json:"manager"`
	Force       bool            `json:"force,omitempty"`
	Now         string          `json:"now"`
	Live        any             `json:"live"`
	Object      any             `json:"object"`
	Output      json.RawMessage `json:"output,omitempty"`
	Error       string          `json:"error,omitempty"`
	started     time.Time
	creater     runtime.ObjectCreater
	decode      func([]byte) (runtime.Object, error)
}

type noDefaults struct{}

func (noDefaults) Default(runtime.Object) {}

type sameVersion struct{}

func (sameVersion) Convert(in, out, context interface{}) error { return nil }
func (sameVersion) ConvertToVersion(in runtime.Object, gv runtime.GroupVersioner) (runtime.Object, error) {
	return in, nil
}
func (sameVersion) ConvertFieldLabel(gvk apischema.GroupVersionKind, label, value string) (string, string, error) {
	return label, value, nil
}

type unstructuredCreater struct{}

func (unstructuredCreater) New(g apischema.GroupVersionKind) (runtime.Object, error) {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetGroupVersionKind(g)
	return u, nil
}

var builtinConverter managedfields.TypeConverter

func converterOf(texts map[string]json.RawMessage) managedfields.TypeConverter {
	models := map[string]*spec.Schema{}
	for name, text := range texts {
		s := &spec.Schema{}
		if err := json.Unmarshal(text, s); err != nil {
			log.Fatal(err)
		}
		models[name] = s
	}
	c, err := managedfields.NewTypeConverter(models, false)
	if err != nil {
		log.Fatal(err)
	}
	return c
}

func filters(c *ssaCase) map[fieldpath.APIVersion]fieldpath.Filter {
	if len(c.Reset) == 0 {
		return nil
	}
	set := fieldpath.NewSet()
	for _, path := range c.Reset {
		var parts []any
		for _, p := range strings.Split(path, ".") {
			parts = append(parts, p)
		}
		set.Insert(fieldpath.MakePathOrDie(parts...))
	}
	return fieldpath.NewExcludeFilterSetMap(map[fieldpath.APIVersion]*fieldpath.Set{fieldpath.APIVersion(c.APIVersion): set})
}

func managerFor(c *ssaCase) *managedfields.FieldManager {
	gv, err := apischema.ParseGroupVersion(c.APIVersion)
	if err != nil {
		log.Fatal(err)
	}
	g := gv.WithKind(c.Kind)
	var fm *managedfields.FieldManager
	if c.Schema == nil {
		if builtinConverter == nil {
			builtinConverter = converterOf(raw)
		}
		c.creater = scheme
		c.decode = func(text []byte) (runtime.Object, error) {
			o, err := scheme.New(g)
			if err != nil {
				log.Fatal(err)
			}
			return o, json.Unmarshal(text, o)
		}
		fm, err = managedfields.NewDefaultFieldManager(builtinConverter, scheme, noDefaults{}, scheme, g, gv, c.Subresource, filters(c))
	} else {
		texts := map[string]json.RawMessage{"T": c.Schema}
		for _, name := range []string{"ObjectMeta", "ManagedFieldsEntry", "OwnerReference", "Time", "FieldsV1"} {
			name = "io.k8s.apimachinery.pkg.apis.meta.v1." + name
			texts[name] = raw[name]
		}
		c.creater = unstructuredCreater{}
		c.decode = func(text []byte) (runtime.Object, error) {
			u := &unstructured.Unstructured{}
			return u, u.UnmarshalJSON(text)
		}
		fm, err = managedfields.NewDefaultCRDFieldManager(converterOf(texts), sameVersion{}, noDefaults{}, unstructuredCreater{}, g, gv, c.Subresource, filters(c))
	}
	if err != nil {
		log.Fatal(err)
	}
	return fm
}

func toJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		log.Fatal(err)
	}
	return text
}

// Times of this run become the time of the case.
func fixTimes(object map[string]any, now string, started time.Time) {
	meta, _ := object["metadata"].(map[string]any)
	list, _ := meta["managedFields"].([]any)
	for _, e := range list {
		entry := e.(map[string]any)
		if text, ok := entry["time"].(string); ok {
			if t, err := time.Parse(time.RFC3339, text); err == nil && !t.Before(started.Add(-time.Second*2)) {
				entry["time"] = now
			}
		}
	}
}

func generic(text []byte) map[string]any {
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		log.Fatal(err)
	}
	return m
}

// run fills in the answer and gives the object that is there afterwards.
func (c *ssaCase) run() map[string]any {
	c.started = time.Now()
	fm := managerFor(c)
	gv, _ := apischema.ParseGroupVersion(c.APIVersion)
	var live runtime.Object
	var err error
	if c.Live == nil {
		live, err = c.creater.New(gv.WithKind(c.Kind))
		if err == nil && c.Schema == nil {
			live.GetObjectKind().SetGroupVersionKind(gv.WithKind(c.Kind))
		}
	} else {
		live, err = c.decode(toJSON(c.Live))
	}
	if err != nil {
		log.Fatal(err)
	}
	var out runtime.Object
	if c.Op == "managed-apply" {
		u := &unstructured.Unstructured{Object: c.Object.(map[string]any)}
		u = u.DeepCopy()
		out, err = fm.Apply(live, u, c.Manager, c.Force)
	} else {
		var object runtime.Object
		if object, err = c.decode(toJSON(c.Object)); err != nil {
			log.Fatal(err)
		}
		out = fm.UpdateNoErrors(live, object, c.Manager)
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) && status.Status().Details != nil {
		conflicts := []any{}
		causes, message := status.Status().Details.Causes, status.Status().Message
		sort.SliceStable(causes, func(i, j int) bool { // Go's map order, made that of the message
			return strings.Index(message, causes[i].Message[9:]+":") < strings.Index(message, causes[j].Message[9:]+":")
		})
		for _, cause := range causes {
			conflicts = append(conflicts, map[string]any{"message": cause.Message, "field": cause.Field})
		}
		c.Output = toJSON(map[string]any{"message": message, "conflicts": conflicts})
		return nil
	}
	if err != nil {
		c.Error = err.Error()
		return nil
	}
	object := generic(toJSON(out))
	fixTimes(object, c.Now, c.started)
	if c.Op == "managed-update" {
		meta, _ := object["metadata"].(map[string]any)
		c.Output = toJSON(map[string]any{"entries": meta["managedFields"]})
	} else {
		c.Output = toJSON(map[string]any{"object": object})
	}
	return object
}

// Deletes, replaces, adds and shuffles at random places.
func mutate(v any, s *schema, o odds, depth int) any {
	if s != nil {
		s, _ = resolve(s)
	}
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for key, below := range v {
			var next *schema
			if s != nil {
				if next = s.Properties[key]; next == nil {
					next = s.Additional
				}
			}
			switch n := r.Intn(100); {
			case depth == 0 && (key == "apiVersion" || key == "kind"):
				out[key] = below
			case n < 6:
			case n < 12 && next != nil && key != "name":
				out[key] = value(next, o, depth+1)
			default:
				out[key] = mutate(below, next, o, depth+1)
			}
		}
		if s != nil && len(s.names) > 0 && r.Intn(4) == 0 {
			name := s.names[r.Intn(len(s.names))]
			if depth > 0 || (name != "apiVersion" && name != "kind" && name != "metadata") {
				out[name] = value(s.Properties[name], o, depth+1)
			}
		}
		if s != nil && s.Properties == nil && s.Additional != nil && r.Intn(4) == 0 {
			out[pick("a", "b", "c", "d")] = value(s.Additional, o, depth+1)
		}
		return out
	case []any:
		out := []any{}
		var items *schema
		if s != nil {
			items = s.Items
		}
		for _, item := range v {
			if r.Intn(8) > 0 {
				out = append(out, mutate(item, items, o, depth+1))
			}
		}
		if items != nil && r.Intn(4) == 0 {
			out = append(out, value(items, o, depth+1))
		}
		if r.Intn(4) == 0 {
			r.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
		}
		return out
	}
	return v
}

// What clients own, less what only the server sets.
func body(k kind, m map[string]any) map[string]any {
	m["apiVersion"], m["kind"] = k.apiVersion(), k.Kind
	meta, _ := m["metadata"].(map[string]any)
	clean := map[string]any{"name": "x", "namespace": "ns"}
	for _, key := range []string{"labels", "annotations", "finalizers", "ownerReferences"} {
		if meta[key] != nil {
			clean[key] = meta[key]
		}
	}
	m["metadata"] = clean
	return m
}

var ssaQueue []any

// A story of several writes to one object.
func ssaStory() {
	k := pickKind()
	var custom json.RawMessage
	if r.Intn(3) == 0 {
		k, custom = customKind()
	}
	o := odds{null: 5, field: 130}
	if custom != nil {
		o.field = 600
	}
	if r.Intn(10) == 0 {
		o.wrong, o.unknown, o.numbers = 5, 10, 60
	}
	var live map[string]any
	last := map[string]map[string]any{}
	steps, updates := 3+r.Intn(12), 3
	if r.Intn(10) == 0 { // many who update: the oldest are folded into one
		steps, updates, custom = 30, 1, nil
		for k.Kind != "ConfigMap" {
			k = pickKind()
		}
	}
	for step := 0; step < steps; step++ {
		c := &ssaCase{Op: "managed-apply", APIVersion: k.apiVersion(), Kind: k.Kind, Schema: custom,
			Manager: pick("m1", "m2", "m3", "kubectl"), Now: fmt.Sprintf("2024-01-01T00:%02d:00Z", step)}
		if live != nil {
			c.Live = live
		}
		if r.Intn(8) == 0 {
			c.Subresource, c.Reset = "status", []string{"spec", "metadata.labels"}
		} else if r.Intn(4) > 0 {
			c.Reset = []string{"status"}
		}
		if r.Intn(updates) == 0 {
			c.Op = "managed-update"
			c.Manager = fmt.Sprintf("u%d", r.Intn(14))
			next := object(k.schema, o, 0)
			if live != nil {
				next = mutate(live, k.schema, o, 0).(map[string]any)
			}
			if steps == 30 {
				data := map[string]any{}
				if live != nil {
					for key, v := range live["data"].(map[string]any) {
						data[key] = v
					}
				}
				data[c.Manager] = pick("1", "2", "3")
				next = map[string]any{"data": data}
			}
			next = body(k, next)
			if live != nil && r.Intn(10) > 0 {
				next["metadata"].(map[string]any)["managedFields"] = live["metadata"].(map[string]any)["managedFields"]
			}
			if custom == nil {
				text, _, err := canon(k.gvk, toJSON(next))
				if err != nil {
					continue
				}
				next = generic(text)
			}
			c.Object = next
		} else {
			c.Force = r.Intn(3) == 0
			config := last[c.Manager]
			switch {
			case config == nil || r.Intn(4) == 0:
				config = object(k.schema, o, 0)
			case live != nil && r.Intn(5) == 0:
				config = mutate(live, k.schema, o, 0).(map[string]any)
			case r.Intn(6) > 0:
				config = mutate(config, k.schema, o, 0).(map[string]any)
			}
			config = body(k, generic(toJSON(config)))
			if c.Manager == "kubectl" && r.Intn(2) == 0 && live != nil {
				claim := toJSON(config)
				annotations, _ := live["metadata"].(map[string]any)["annotations"].(map[string]any)
				if annotations == nil {
					annotations = map[string]any{}
				}
				annotations["kubectl.kubernetes.io/last-applied-configuration"] = string(claim)
				live["metadata"].(map[string]any)["annotations"] = annotations
			}
			last[c.Manager] = config
			c.Object = config
		}
		if c.Live != nil {
			c.Live = generic(toJSON(c.Live))
		}
		after := c.run()
		again := *c
		again.Output, again.Error = nil, ""
		again.run()
		if string(again.Output) == string(c.Output) && again.Error == c.Error && !strings.Contains(c.Error, "errors:\n") {
			ssaQueue = append(ssaQueue, c)
		}
		if after != nil {
			live = after
			live["metadata"].(map[string]any)["uid"] = "u1"
		}
	}
}

func recordSSA() any {
	for len(ssaQueue) == 0 {
		ssaStory()
	}
	c := ssaQueue[0]
	ssaQueue = ssaQueue[1:]
	return c
}

// A random structural schema, as the API server has it of a CRD.
func customKind() (kind, json.RawMessage) {
	g := gvk{"example.com", "v1", "Thing"}
	s := map[string]any{
		"type": "object",
		"properties": map[string]any{
			"apiVersion": map[string]any{"type": "string"},
			"kind":       map[string]any{"type": "string"},
			"metadata":   map[string]any{"$ref": "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"},
			"spec":       randomSchema(0),
			"status":     randomSchema(1),
		},
		"x-kubernetes-group-version-kind": []any{g},
	}
	text := toJSON(s)
	parsed := &schema{}
	if err := json.Unmarshal(text, parsed); err != nil {
		log.Fatal(err)
	}
	order(parsed)
	return kind{g, parsed}, text
}

func randomSchema(depth int) map[string]any {
	n := r.Intn(12)
	if depth == 0 {
		n = 0
	}
	if depth > 4 && n < 7 {
		n += 7
	}
	switch {
	case n < 3:
		properties := map[string]any{}
		for i := 1 + r.Intn(5); i > 0; i-- {
			properties[pick("a", "b", "c", "d", "name", "port")] = randomSchema(depth + 1)
		}
		s := map[string]any{"type": "object", "properties": properties}
		if r.Intn(6) == 0 {
			s["x-kubernetes-map-type"] = "atomic"
		}
		if r.Intn(8) == 0 {
			s["x-kubernetes-preserve-unknown-fields"] = true
		}
		return s
	case n < 4:
		s := map[string]any{"type": "object", "additionalProperties": randomSchema(depth + 1)}
		if r.Intn(6) == 0 {
			s["x-kubernetes-map-type"] = "atomic"
		}
		return s
	case n < 6:
		properties := map[string]any{"name": map[string]any{"type": "string"}, "port": map[string]any{"type": "integer"}}
		for i := r.Intn(3); i > 0; i-- {
			properties[pick("a", "b", "c")] = randomSchema(depth + 1)
		}
		keys := []any{"name"}
		if r.Intn(2) == 0 {
			keys = []any{"port", "name"}
		}
		if r.Intn(2) == 0 {
			properties["name"].(map[string]any)["default"] = "a"
		}
		return map[string]any{"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys,
			"items": map[string]any{"type": "object", "properties": properties}}
	case n < 7:
		s := map[string]any{"type": "array", "items": randomSchema(depth + 1)}
		if r.Intn(2) == 0 {
			s["x-kubernetes-list-type"] = "atomic"
		}
		return s
	case n < 8:
		return map[string]any{"type": "array", "x-kubernetes-list-type": "set", "items": map[string]any{"type": pick("string", "integer")}}
	case n < 9:
		return map[string]any{"x-kubernetes-preserve-unknown-fields": true}
	}
	return map[string]any{"type": pick("string", "integer", "boolean", "number", "string")}
}
