package main

import (
	"fmt"
	"sort"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/pager"

	"context"
)

var definitions = schema.GroupVersionResource{Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions"}

// checkDefinition makes the namespace and the custom resource that others use.
func checkDefinition(e *env) error {
	definition := map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
		"metadata": map[string]any{"name": "shapes.example.com"},
		"spec": map[string]any{
			"group": "example.com", "scope": "Namespaced",
			"names": map[string]any{"kind": "Shape", "plural": "shapes", "singular": "shape", "listKind": "ShapeList"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"subresources": map[string]any{"status": map[string]any{}},
				"schema": map[string]any{"openAPIV3Schema": map[string]any{
					"type": "object",
					"properties": map[string]any{
						"spec": map[string]any{"type": "object", "properties": map[string]any{
							"sides":  map[string]any{"type": "integer", "minimum": int64(3)},
							"colour": map[string]any{"type": "string", "default": "red"}}},
						"status": map[string]any{"type": "object", "properties": map[string]any{
							"area": map[string]any{"type": "integer"}}}}}}}}},
	}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: e.ns}}
	if _, err := e.kube.CoreV1().Namespaces().Create(e.ctx, ns, metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err := e.dyn.Resource(definitions).Create(e.ctx, &unstructured.Unstructured{Object: definition}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return eventually(func() error {
		_, err := e.dyn.Resource(shapes).Namespace(e.ns).List(e.ctx, metav1.ListOptions{})
		return err
	})
}

func names(lists []*metav1.APIResourceList) string {
	var all []string
	for _, l := range lists {
		for _, r := range l.APIResources {
			all = append(all, fmt.Sprintf("%s %s %s %v %v", l.GroupVersion, r.Name, r.Kind, r.Namespaced, r.Verbs))
		}
	}
	sort.Strings(all)
	return strings.Join(all, "\n")
}

// Both ways of discovery tell the same.
func checkDiscovery(e *env) error {
	version, err := e.kube.Discovery().ServerVersion()
	if err != nil {
		return err
	}
	if err := want("minor version", version.Minor, "36"); err != nil {
		return err
	}
	_, aggregated, err := e.kube.Discovery().ServerGroupsAndResources()
	if err != nil {
		return err
	}
	old, err := discovery.NewDiscoveryClientForConfig(e.plain)
	if err != nil {
		return err
	}
	old.UseLegacyDiscovery = true
	_, legacy, err := old.ServerGroupsAndResources()
	if err != nil {
		return err
	}
	if a, l := names(aggregated), names(legacy); a != l {
		return fmt.Errorf("aggregated discovery differs from the other:\n%s\n--- other\n%s", a, l)
	}
	if _, err := discovery.ServerPreferredResources(old); err != nil {
		return err
	}
	groups, err := restmapper.GetAPIGroupResources(e.kube.Discovery())
	if err != nil {
		return err
	}
	mapping, err := restmapper.NewDiscoveryRESTMapper(groups).RESTMapping(schema.GroupKind{Group: "example.com", Kind: "Shape"})
	if err != nil {
		return err
	}
	return want("resource of Shape", mapping.Resource, shapes)
}

func checkOpenAPI(e *env) error {
	old, err := e.kube.Discovery().OpenAPISchema()
	if err != nil {
		return err
	}
	if len(old.GetDefinitions().GetAdditionalProperties()) < 500 {
		return fmt.Errorf("only %d definitions in version 2", len(old.GetDefinitions().GetAdditionalProperties()))
	}
	paths, err := e.kube.Discovery().OpenAPIV3().Paths()
	if err != nil {
		return err
	}
	for _, path := range []string{"api/v1", "apis/apps/v1", "apis/example.com/v1"} {
		group, ok := paths[path]
		if !ok {
			return fmt.Errorf("no version 3 document of %s", path)
		}
		text, err := group.Schema("application/json")
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if len(text) < 1000 {
			return fmt.Errorf("%s has %d bytes", path, len(text))
		}
	}
	return nil
}

func checkErrors(e *env) error {
	maps := e.kube.CoreV1().ConfigMaps(e.ns)
	_, err := maps.Get(e.ctx, "none", metav1.GetOptions{})
	if !errors.IsNotFound(err) {
		return fmt.Errorf("none is there: %v", err)
	}
	_, err = maps.Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "Bad_Name"}}, metav1.CreateOptions{})
	if !errors.IsInvalid(err) {
		return fmt.Errorf("a bad name is accepted: %v", err)
	}
	_, err = e.kube.CoreV1().Namespaces().Create(e.ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: e.ns}}, metav1.CreateOptions{})
	if !errors.IsAlreadyExists(err) {
		return fmt.Errorf("made twice: %v", err)
	}
	_, err = maps.List(e.ctx, metav1.ListOptions{FieldSelector: "data.x=1"})
	if !errors.IsBadRequest(err) {
		return fmt.Errorf("an odd field selector is accepted: %v", err)
	}
	_, err = e.dyn.Resource(schema.GroupVersionResource{Group: "no", Version: "v1", Resource: "things"}).List(e.ctx, metav1.ListOptions{})
	if !errors.IsNotFound(err) {
		return fmt.Errorf("an unknown resource is there: %v", err)
	}
	_, err = e.kube.CoreV1().ConfigMaps("nowhere").Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a"}}, metav1.CreateOptions{})
	if !errors.IsNotFound(err) {
		return fmt.Errorf("made in no namespace: %v", err)
	}
	return nil
}

func makeMaps(e *env, prefix string, n int) error {
	for i := range n {
		m := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("%s-%03d", prefix, i), Labels: map[string]string{"set": prefix}}}
		if _, err := e.kube.CoreV1().ConfigMaps(e.ns).Create(e.ctx, m, metav1.CreateOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// Pages show one state, whatever happens between them.
func checkPages(e *env) error {
	const total = 230
	if err := makeMaps(e, "page", total); err != nil {
		return err
	}
	maps, options := e.kube.CoreV1().ConfigMaps(e.ns), metav1.ListOptions{LabelSelector: "set=page", Limit: 100}
	seen, version, pages := map[string]bool{}, "", 0
	for {
		list, err := maps.List(e.ctx, options)
		if err != nil {
			return err
		}
		if version == "" {
			version = list.ResourceVersion
			if err := maps.Delete(e.ctx, "page-200", metav1.DeleteOptions{}); err != nil {
				return err
			}
		}
		if err := want("resourceVersion of the page", list.ResourceVersion, version); err != nil {
			return err
		}
		for _, m := range list.Items {
			seen[m.Name] = true
		}
		pages++
		if options.Continue = list.Continue; options.Continue == "" {
			break
		}
	}
	count := 0
	err := pager.New(pager.SimplePageFunc(func(o metav1.ListOptions) (runtime.Object, error) {
		return maps.List(e.ctx, o)
	})).EachListItem(context.Background(), metav1.ListOptions{LabelSelector: "set=page", Limit: 50}, func(runtime.Object) error {
		count++
		return nil
	})
	exact, err2 := maps.List(e.ctx, metav1.ListOptions{LabelSelector: "set=page", ResourceVersion: version, ResourceVersionMatch: metav1.ResourceVersionMatchExact})
	if err := first(err, err2); err != nil {
		return err
	}
	return first(want("pages", pages, 3), want("objects in pages", len(seen), total), want("objects by the pager", count, total-1),
		want("objects of the old state", len(exact.Items), total),
		maps.DeleteCollection(e.ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "set=page"}))
}
