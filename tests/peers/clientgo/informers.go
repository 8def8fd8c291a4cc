package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/metadata/metadatainformer"
	"k8s.io/client-go/tools/cache"
)

// follower is one informer: its store, and what its handlers were told.
type follower struct {
	name     string
	gvr      schema.GroupVersionResource
	informer cache.SharedIndexInformer
	selector string
	mu       sync.Mutex
	told     map[string]string
	problem  error
}

// state is what tells two states of an object apart.
func state(o any) (string, string) {
	if gone, ok := o.(cache.DeletedFinalStateUnknown); ok {
		o = gone.Obj
	}
	m, err := meta.Accessor(o)
	if err != nil {
		return "?", err.Error()
	}
	return m.GetName(), string(m.GetUID()) + "/" + m.GetResourceVersion()
}

func (f *follower) tell(o any, known, stays bool) {
	name, s := state(o)
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.told[name]; ok != known && f.problem == nil {
		f.problem = fmt.Errorf("%s: %s was known: %v", f.name, name, ok)
	}
	if stays {
		f.told[name] = s
	} else {
		delete(f.told, name)
	}
}

func follow(name string, gvr schema.GroupVersionResource, informer cache.SharedIndexInformer, selector string) *follower {
	f := &follower{name: name, gvr: gvr, informer: informer, selector: selector, told: map[string]string{}}
	informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { f.tell(o, false, true) },
		UpdateFunc: func(_, o any) { f.tell(o, true, true) },
		DeleteFunc: func(o any) { f.tell(o, true, false) },
	})
	return f
}

// agrees compares store and handlers with a list.
func (f *follower) agrees(e *env) error {
	list, err := e.dyn.Resource(f.gvr).Namespace(e.ns).List(e.ctx, metav1.ListOptions{LabelSelector: f.selector})
	if err != nil {
		return err
	}
	there, stored := map[string]string{}, map[string]string{}
	for i := range list.Items {
		name, s := state(&list.Items[i])
		there[name] = s
	}
	for _, o := range f.informer.GetStore().List() {
		name, s := state(o)
		stored[name] = s
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.problem != nil {
		return f.problem
	}
	if !maps.Equal(there, stored) {
		return fmt.Errorf("%s: %d in the list, %d in the store: %s", f.name, len(there), len(stored), difference(there, stored))
	}
	if !maps.Equal(there, f.told) {
		return fmt.Errorf("%s: %d in the list, %d told: %s", f.name, len(there), len(f.told), difference(there, f.told))
	}
	return nil
}

func difference(a, b map[string]string) string {
	var odd []string
	for name := range a {
		if a[name] != b[name] {
			odd = append(odd, fmt.Sprintf("%s (%s, %s)", name, a[name], b[name]))
		}
	}
	for name := range b {
		if _, ok := a[name]; !ok {
			odd = append(odd, name+" should be gone")
		}
	}
	return strings.Join(odd[:min(len(odd), 5)], ", ")
}

// group is all informers of one link.
type group struct {
	link      *link
	followers []*follower
	stop      chan struct{}
}

func (g *group) agrees(e *env) error {
	return eventually(func() error {
		for _, f := range g.followers {
			if err := f.agrees(e); err != nil {
				return err
			}
		}
		return nil
	})
}

func core(resource string) schema.GroupVersionResource {
	return corev1.SchemeGroupVersion.WithResource(resource)
}

// start gives informers of many kinds, of a custom resource, and of metadata, with what
// they hold synced.
func start(e *env, selector string) (*group, error) {
	config, l := linked(e.config)
	g := &group{link: l, stop: make(chan struct{})}
	kube, err1 := kubernetes.NewForConfig(config)
	json, err2 := dynamic.NewForConfig(config)
	partial, err3 := metadata.NewForConfig(config)
	if err := first(err1, err2, err3); err != nil {
		return nil, err
	}
	tweak := func(o *metav1.ListOptions) { o.LabelSelector = selector }
	typed := informers.NewSharedInformerFactoryWithOptions(kube, 0, informers.WithNamespace(e.ns), informers.WithTweakListOptions(tweak))
	custom := dynamicinformer.NewFilteredDynamicSharedInformerFactory(json, 0, e.ns, tweak)
	light := metadatainformer.NewFilteredSharedInformerFactory(partial, 0, e.ns, tweak)
	for _, r := range []string{"configmaps", "secrets", "services", "serviceaccounts", "pods"} {
		informer, err := typed.ForResource(core(r))
		if err != nil {
			return nil, err
		}
		g.followers = append(g.followers, follow(r, core(r), informer.Informer(), selector))
	}
	apps := schema.GroupVersion{Group: "apps", Version: "v1"}
	deployments, sets := apps.WithResource("deployments"), apps.WithResource("replicasets")
	g.followers = append(g.followers,
		follow("deployments", deployments, typed.Apps().V1().Deployments().Informer(), selector),
		follow("replicasets", sets, typed.Apps().V1().ReplicaSets().Informer(), selector),
		follow("shapes", shapes, custom.ForResource(shapes).Informer(), selector),
		follow("configmaps, dynamic", core("configmaps"), custom.ForResource(core("configmaps")).Informer(), selector),
		follow("secrets, metadata", core("secrets"), light.ForResource(core("secrets")).Informer(), selector),
		follow("shapes, metadata", shapes, light.ForResource(shapes).Informer(), selector))
	typed.Start(g.stop)
	custom.Start(g.stop)
	light.Start(g.stop)
	ctx, cancel := context.WithTimeout(e.ctx, patience)
	defer cancel()
	for _, f := range g.followers {
		if !cache.WaitForCacheSync(ctx.Done(), f.informer.HasSynced) {
			return nil, fmt.Errorf("%s is not synced", f.name)
		}
	}
	return g, nil
}

// churn makes, changes and deletes objects of several kinds.
func churn(e *env, rng *rand.Rand, steps int) error {
	there := map[string]bool{}
	for i := range steps {
		name := fmt.Sprintf("churn-%d", rng.Intn(20))
		r := []schema.GroupVersionResource{core("configmaps"), core("secrets"), shapes}[rng.Intn(3)]
		client, key := e.dyn.Resource(r).Namespace(e.ns), r.Resource+"/"+name
		var err error
		switch {
		case !there[key]:
			o := &unstructured.Unstructured{Object: map[string]any{"metadata": map[string]any{"name": name,
				"labels": map[string]any{"pick": fmt.Sprint(rng.Intn(2))}}}}
			o.SetAPIVersion(r.GroupVersion().String())
			o.SetKind(map[string]string{"configmaps": "ConfigMap", "secrets": "Secret", "shapes": "Shape"}[r.Resource])
			_, err = client.Create(e.ctx, o, metav1.CreateOptions{})
			if errors.IsAlreadyExists(err) {
				err = nil
			}
			there[key] = true
		case rng.Intn(3) == 0:
			err = client.Delete(e.ctx, name, metav1.DeleteOptions{})
			there[key] = false
		default:
			patch := fmt.Sprintf(`{"metadata":{"labels":{"pick":"%d"},"annotations":{"n":"%d"}}}`, rng.Intn(2), i)
			_, err = client.Patch(e.ctx, name, types.MergePatchType, []byte(patch), metav1.PatchOptions{})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

// flood writes more than any server keeps of old states for watches.
func flood(e *env) error {
	filler, client := strings.Repeat("x", 500000), e.kube.CoreV1().ConfigMaps(e.ns)
	m, err := client.Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "flood"}}, metav1.CreateOptions{})
	for i := 0; i < 40 && err == nil; i++ {
		m.Data = map[string]string{"x": filler, "n": fmt.Sprint(i)}
		m, err = client.Update(e.ctx, m, metav1.UpdateOptions{})
	}
	return first(err, client.Delete(e.ctx, "flood", metav1.DeleteOptions{}))
}

func checkInformers(e *env) error {
	g, err := start(e, "")
	if err != nil {
		return err
	}
	defer close(g.stop)
	if err := churn(e, rand.New(rand.NewSource(1)), 400); err != nil {
		return err
	}
	if err := g.agrees(e); err != nil {
		return err
	}
	lists, _, initial := g.link.asked()
	return first(want("lists", lists, 0), want("watches with initial events", initial, len(g.followers)))
}

// What leaves the selection is deleted for who follows it.
func checkSelection(e *env) error {
	g, err := start(e, "pick=1")
	if err != nil {
		return err
	}
	defer close(g.stop)
	return first(churn(e, rand.New(rand.NewSource(2)), 400), g.agrees(e))
}

// The link is cut twice: for little, and for so much that the server has forgotten.
func checkAway(e *env) error {
	g, err := start(e, "")
	if err != nil {
		return err
	}
	defer close(g.stop)
	// client-go takes a watch that ends within a second for a bad one
	time.Sleep(2 * time.Second)
	g.link.cut()
	err = churn(e, rand.New(rand.NewSource(3)), 100)
	g.link.mend()
	if err := first(err, g.agrees(e)); err != nil {
		return err
	}
	_, _, initial := g.link.asked()
	if err := want("watches with initial events", initial, len(g.followers)); err != nil {
		return err
	}
	time.Sleep(2 * time.Second)
	g.link.cut()
	err = first(churn(e, rand.New(rand.NewSource(4)), 100), flood(e))
	g.link.mend()
	if err := first(err, g.agrees(e)); err != nil {
		return err
	}
	_, _, again := g.link.asked()
	fmt.Printf("began anew: %v\n", again > initial)
	return nil
}

func checkRestart(e *env) error {
	g, err := start(e, "")
	if err != nil {
		return err
	}
	defer close(g.stop)
	fmt.Println("restart")
	line, err := e.input.ReadString('\n')
	if err != nil || line != "done\n" {
		fmt.Println("no restart: left out")
		return nil
	}
	err = eventually(func() error {
		_, err := e.kube.Discovery().ServerVersion()
		return err
	})
	return first(err, churn(e, rand.New(rand.NewSource(5)), 200), g.agrees(e))
}

// A watch or a page from long ago is refused as clients expect it.
func checkOldVersion(e *env) error {
	client := e.kube.CoreV1().ConfigMaps(e.ns)
	if err := makeMaps(e, "old", 3); err != nil {
		return err
	}
	list, err := client.List(e.ctx, metav1.ListOptions{Limit: 1})
	if err != nil {
		return err
	}
	if err := flood(e); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(e.ctx, 10*time.Second)
	defer cancel()
	_, err = client.List(ctx, metav1.ListOptions{Limit: 1, Continue: list.Continue})
	if err != nil && !errors.IsResourceExpired(err) {
		return fmt.Errorf("a page from long ago: %w", err)
	}
	expired := err != nil
	if expired {
		next := err.(errors.APIStatus).Status().ListMeta.Continue
		if _, err := client.List(ctx, metav1.ListOptions{Limit: 1, Continue: next}); err != nil {
			return fmt.Errorf("the page that the refusal offers: %w", err)
		}
	}
	w, err := client.Watch(ctx, metav1.ListOptions{ResourceVersion: list.ResourceVersion})
	if err == nil {
		defer w.Stop()
		event, ok := <-w.ResultChan()
		if !ok {
			return fmt.Errorf("the watch ended without a word")
		}
		err = errors.FromObject(event.Object)
	}
	gone := errors.IsResourceExpired(err) || errors.IsGone(err)
	fmt.Printf("forgotten: pages %v, watches %v\n", expired, gone)
	future := e.kube.CoreV1().RESTClient().Get().Namespace(e.ns).Resource("configmaps").MaxRetries(0).VersionedParams(&metav1.ListOptions{
		ResourceVersion: "999999999999", ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan}, scheme.ParameterCodec).Do(e.ctx).Error()
	if !errors.IsTimeout(future) {
		return fmt.Errorf("a list of the future: %v", future)
	}
	return nil
}
