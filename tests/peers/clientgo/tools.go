package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	typedcore "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/record"
	watchtools "k8s.io/client-go/tools/watch"
)

// Both recorders: what happens again is counted.
func checkEvents(e *env) error {
	about, err := e.kube.CoreV1().ConfigMaps(e.ns).Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "about"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	old := record.NewBroadcaster()
	defer old.Shutdown()
	old.StartRecordingToSink(&typedcore.EventSinkImpl{Interface: e.kube.CoreV1().Events(e.ns)})
	recorder := old.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "old"})
	for range 3 {
		recorder.Event(about, corev1.EventTypeNormal, "Again", "it happened")
	}
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: e.kube.EventsV1()})
	defer broadcaster.Shutdown()
	if err := broadcaster.StartRecordingToSinkWithContext(e.ctx); err != nil {
		return err
	}
	modern := broadcaster.NewRecorder(scheme.Scheme, "example.com/new")
	for range 3 {
		modern.Eventf(about, nil, corev1.EventTypeWarning, "Odd", "Look", "seen %d", 7)
	}
	return eventually(func() error {
		list, err := e.kube.CoreV1().Events(e.ns).List(e.ctx, metav1.ListOptions{FieldSelector: fields.Set{
			"involvedObject.name": "about", "involvedObject.uid": string(about.UID)}.String()})
		if err != nil {
			return err
		}
		counts := map[string]int32{}
		for _, event := range list.Items {
			counts[event.Reason] = event.Count
			if event.Series != nil {
				counts[event.Reason] = event.Series.Count
			}
		}
		return first(want("events", len(list.Items), 2), want("Again", counts["Again"], int32(3)), want("Odd", counts["Odd"] >= 2, true))
	})
}

func candidate(e *env, ctx context.Context, name string, leads chan<- string) *leaderelection.LeaderElector {
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, e.ns, "lock", e.kube.CoreV1(), e.kube.CoordinationV1(),
		resourcelock.ResourceLockConfig{Identity: name})
	if err != nil {
		panic(err)
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, LeaseDuration: 8 * time.Second, RenewDeadline: 5 * time.Second, RetryPeriod: time.Second, ReleaseOnCancel: true,
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { leads <- name }, OnStoppedLeading: func() {}},
	})
	if err != nil {
		panic(err)
	}
	go elector.Run(ctx)
	return elector
}

// One leads; when it goes, the other does.
func checkLeaders(e *env) error {
	leads := make(chan string, 2)
	ctx1, stop1 := context.WithCancel(e.ctx)
	ctx2, stop2 := context.WithCancel(e.ctx)
	defer stop1()
	defer stop2()
	candidate(e, ctx1, "one", leads)
	if err := want("first leader", <-leads, "one"); err != nil {
		return err
	}
	second := candidate(e, ctx2, "two", leads)
	if err := eventually(func() error { return want("whom two sees", second.GetLeader(), "one") }); err != nil {
		return err
	}
	stop1()
	select {
	case name := <-leads:
		if err := want("second leader", name, "two"); err != nil {
			return err
		}
	case <-time.After(patience):
		return fmt.Errorf("two does not lead")
	}
	lease, err := e.kube.CoordinationV1().Leases(e.ns).Get(e.ctx, "lock", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return first(want("holder", *lease.Spec.HolderIdentity, "two"), want("transitions", *lease.Spec.LeaseTransitions > 0, true))
}

// A watch that goes on over cuts of the link, and one that waits for a condition.
func checkWatchTools(e *env) error {
	config, link := linked(e.config)
	kube, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	maps := e.kube.CoreV1().ConfigMaps(e.ns)
	m, err := maps.Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "watched"}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	one := cache.NewListWatchFromClient(kube.CoreV1().RESTClient(), "configmaps", e.ns, fields.OneTermEqualSelector("metadata.name", "watched"))
	w, err := watchtools.NewRetryWatcherWithContext(e.ctx, m.ResourceVersion, cache.ToWatcherWithContext(one))
	if err != nil {
		return err
	}
	defer w.Stop()
	for i := range 5 {
		m.Data = map[string]string{"n": fmt.Sprint(i)}
		if m, err = maps.Update(e.ctx, m, metav1.UpdateOptions{}); err != nil {
			return err
		}
		select {
		case event := <-w.ResultChan():
			got, ok := event.Object.(*corev1.ConfigMap)
			if !ok || got.ResourceVersion != m.ResourceVersion {
				return fmt.Errorf("event %d is %v", i, event)
			}
		case <-time.After(patience):
			return fmt.Errorf("event %d does not come", i)
		}
		link.cut()
		link.mend()
	}
	ctx, cancel := context.WithTimeout(e.ctx, patience)
	defer cancel()
	go maps.Delete(e.ctx, "watched", metav1.DeleteOptions{})
	gone := func(store cache.Store) (bool, error) { return len(store.ListKeys()) == 0, nil }
	_, err = watchtools.UntilWithSync(ctx, one, &corev1.ConfigMap{}, gone, func(event watch.Event) (bool, error) {
		return event.Type == watch.Deleted, nil
	})
	return err
}
