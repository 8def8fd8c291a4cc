package main

import (
	"encoding/json"
	"fmt"
	"log"
	"strings"

	apischema "k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	kjson "sigs.k8s.io/json"
)

type smpCase struct {
	Op         string          `json:"op"`
	APIVersion string          `json:"apiVersion"`
	Kind       string          `json:"kind"`
	Live       json.RawMessage `json:"live"`
	Object     json.RawMessage `json:"object"`
	Output     json.RawMessage `json:"output,omitempty"`
	Error      string          `json:"error,omitempty"`
}

func (c *smpCase) run(k gvk) {
	obj, err := scheme.New(apischema.GroupVersionKind(k))
	if err != nil {
		log.Fatal(err)
	}
	var live, patch map[string]any
	if err := kjson.UnmarshalCaseSensitivePreserveInts(c.Live, &live); err != nil {
		log.Fatal(err)
	}
	if err := kjson.UnmarshalCaseSensitivePreserveInts(c.Object, &patch); err != nil {
		log.Fatal(err)
	}
	defer func() {
		if r := recover(); r != nil {
			c.Error = fmt.Sprint("panic: ", r)
		}
	}()
	out, err := strategicpatch.StrategicMergeMapPatch(live, patch, obj)
	if err != nil {
		c.Error = err.Error()
		return
	}
	c.Output = toJSON(out)
}

// Puts directives into a patch, sensible ones and others.
func direct(v any, live any, s *schema, depth int) any {
	if s != nil {
		s, _ = resolve(s)
	}
	switch v := v.(type) {
	case map[string]any:
		old, _ := live.(map[string]any)
		keys := map[string]bool{}
		for key, below := range v {
			keys[key] = true
			var next *schema
			if s != nil {
				next = s.Properties[key]
			}
			v[key] = direct(below, old[key], next, depth+1)
		}
		for key := range keys {
			list, ok := v[key].([]any)
			if !ok {
				continue
			}
			switch r.Intn(5) {
			case 0:
				order := []any{}
				for _, item := range list {
					if m, ok := item.(map[string]any); ok {
						if m["$patch"] != nil {
							continue
						}
						short := map[string]any{}
						for _, k := range []string{"name", "port", "containerPort", "type", "uid", "mountPath", "ip", "key"} {
							if m[k] != nil {
								short[k] = m[k]
							}
						}
						item = short
					}
					order = append(order, item)
				}
				if l, ok := old[key].([]any); ok && r.Intn(2) == 0 {
					order = append(order, l...)
				}
				if r.Intn(6) == 0 {
					r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
				}
				v["$setElementOrder/"+key] = order
			case 1:
				if len(list) > 0 {
					if _, ok := list[0].(string); ok {
						v["$deleteFromPrimitiveList/"+key] = list
						if r.Intn(2) == 0 {
							delete(v, key)
						}
					}
				}
			}
		}
		switch r.Intn(40) {
		case 0:
			v["$patch"] = pick[any]("replace", "delete", "merge", "bogus", 3)
		case 1:
			if depth > 1 {
				retain := []any{}
				for key := range v {
					if !strings.HasPrefix(key, "$") {
						retain = append(retain, key)
					}
				}
				v["$retainKeys"] = retain
			}
		}
		return v
	case []any:
		old, _ := live.([]any)
		var next *schema
		if s != nil {
			next = s.Items
		}
		for i := range v {
			var other any
			if len(old) > 0 {
				other = old[r.Intn(len(old))]
			}
			v[i] = direct(v[i], other, next, depth+1)
			if m, ok := v[i].(map[string]any); ok && r.Intn(8) == 0 {
				if o, ok := other.(map[string]any); ok {
					for _, k := range []string{"name", "port", "containerPort", "type", "uid", "mountPath"} {
						if o[k] != nil {
							m[k] = o[k]
						}
					}
				}
				m["$patch"] = pick("delete", "delete", "replace", "merge")
			}
		}
	}
	return v
}

func recordSMP() any {
	for {
		k := pickKind()
		o := odds{field: 200, null: 20}
		text, _, err := canon(k.gvk, toJSON(body(k, object(k.schema, o, 0))))
		if err != nil {
			continue
		}
		c := &smpCase{Op: "strategic-patch", APIVersion: k.apiVersion(), Kind: k.Kind, Live: text}
		if r.Intn(6) == 0 {
			o.wrong, o.unknown = 8, 15
		}
		o.field = 250
		patch := object(k.schema, o, 0)
		if r.Intn(3) == 0 {
			patch = mutate(generic(text), k.schema, o, 0).(map[string]any)
		}
		delete(patch, "apiVersion")
		delete(patch, "kind")
		patch = direct(patch, generic(text), k.schema, 0).(map[string]any)
		c.Object = toJSON(patch)
		c.run(k.gvk)
		steady := !strings.HasPrefix(c.Error, "panic")
		for i := 0; i < 6; i++ {
			again := *c
			again.Output, again.Error = nil, ""
			again.run(k.gvk)
			steady = steady && string(again.Output) == string(c.Output) && again.Error == c.Error
		}
		if steady {
			return c
		}
	}
}
