package main

import (
	"fmt"
	"reflect"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	authnv1 "k8s.io/api/authentication/v1"
	authzv1 "k8s.io/api/authorization/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/util/retry"
)

func template(app string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": app}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{
			Name: "c", Image: "c:1", Env: []corev1.EnvVar{{Name: "A", Value: "1"}},
			Ports: []corev1.ContainerPort{{ContainerPort: 80}},
			Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
				corev1.ResourceCPU: resource.MustParse("100m"), corev1.ResourceMemory: resource.MustParse("1Gi")}},
			ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/", Port: intstr.FromInt32(80)}}},
		}}},
	}
}

func deployment(name string, replicas int32) *appsv1.Deployment {
	return &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: appsv1.DeploymentSpec{
		Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}, Template: template(name)}}
}

// What goes in as protobuf is what the JSON client reads, and the other way round.
func checkProtobuf(e *env) error {
	o, u := metav1.CreateOptions{}, metav1.GetOptions{}
	prefix := networkingv1.PathTypePrefix
	_, err1 := e.kube.CoreV1().Secrets(e.ns).Create(e.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Data: map[string][]byte{"k": {0, 255, 10}}}, o)
	_, err2 := e.kube.CoreV1().Services(e.ns).Create(e.ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Spec: corev1.ServiceSpec{
		Selector: map[string]string{"app": "x"}, Ports: []corev1.ServicePort{{Port: 80, TargetPort: intstr.FromString("http")}}}}, o)
	job := template("job")
	job.Spec.RestartPolicy = corev1.RestartPolicyNever
	_, err3 := e.kube.BatchV1().Jobs(e.ns).Create(e.ctx, &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Spec: batchv1.JobSpec{Template: job}}, o)
	_, err4 := e.kube.RbacV1().Roles(e.ns).Create(e.ctx, &rbacv1.Role{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"pods"}, Verbs: []string{"get"}}}}, o)
	_, err5 := e.kube.NetworkingV1().Ingresses(e.ns).Create(e.ctx, &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Name: "s"}, Spec: networkingv1.IngressSpec{
		Rules: []networkingv1.IngressRule{{Host: "a.b", IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{
			Paths: []networkingv1.HTTPIngressPath{{Path: "/", PathType: &prefix, Backend: networkingv1.IngressBackend{
				Service: &networkingv1.IngressServiceBackend{Name: "s", Port: networkingv1.ServiceBackendPort{Number: 80}}}}}}}}}}}, o)
	d, err6 := e.kube.AppsV1().Deployments(e.ns).Create(e.ctx, deployment("proto", 0), o)
	if err := first(err1, err2, err3, err4, err5, err6); err != nil {
		return err
	}
	secret, err1 := e.json.CoreV1().Secrets(e.ns).Get(e.ctx, "s", u)
	j, err2 := e.json.AppsV1().Deployments(e.ns).Get(e.ctx, "proto", u)
	p, err3 := e.kube.AppsV1().Deployments(e.ns).Get(e.ctx, "proto", u)
	if err := first(err1, err2, err3); err != nil {
		return err
	}
	if !reflect.DeepEqual(j.Spec, d.Spec) || !reflect.DeepEqual(j.Spec, p.Spec) {
		return fmt.Errorf("the Deployment is another one as JSON:\n%v\n%v", j.Spec, d.Spec)
	}
	if !reflect.DeepEqual(secret.Data["k"], []byte{0, 255, 10}) {
		return fmt.Errorf("the Secret has other bytes: %v", secret.Data)
	}
	err := retry.RetryOnConflict(retry.DefaultBackoff, func() error { // controllers write, too
		p, err1 = e.kube.AppsV1().Deployments(e.ns).Get(e.ctx, "proto", u)
		p.Spec.Template.Spec.Containers[0].Image = "c:2"
		p, err2 = e.kube.AppsV1().Deployments(e.ns).Update(e.ctx, p, metav1.UpdateOptions{})
		return first(err1, err2)
	})
	if err != nil {
		return err
	}
	return first(want("image", p.Spec.Template.Spec.Containers[0].Image, "c:2"),
		e.kube.AppsV1().Deployments(e.ns).Delete(e.ctx, "proto", metav1.DeleteOptions{Preconditions: metav1.NewUIDPreconditions(string(p.UID))}))
}

func checkPatches(e *env) error {
	deployments, o := e.kube.AppsV1().Deployments(e.ns), metav1.PatchOptions{FieldManager: "patcher"}
	if _, err := deployments.Create(e.ctx, deployment("patched", 0), metav1.CreateOptions{}); err != nil {
		return err
	}
	_, err1 := deployments.Patch(e.ctx, "patched", types.StrategicMergePatchType,
		[]byte(`{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[{"name":"B","value":"2"}]},{"name":"d","image":"d"}]}}}}`), o)
	_, err2 := deployments.Patch(e.ctx, "patched", types.MergePatchType, []byte(`{"metadata":{"labels":{"x":"y"}}}`), o)
	d, err3 := deployments.Patch(e.ctx, "patched", types.JSONPatchType,
		[]byte(`[{"op":"test","path":"/spec/replicas","value":0},{"op":"add","path":"/metadata/labels/z","value":"1"}]`), o)
	if err := first(err1, err2, err3); err != nil {
		return err
	}
	containers := d.Spec.Template.Spec.Containers
	err := first(want("containers", len(containers), 2), want("variables", len(containers[0].Env)+len(containers[1].Env), 2), want("labels", len(d.Labels), 2))
	if err != nil {
		return err
	}
	_, err = deployments.Patch(e.ctx, "patched", types.MergePatchType, []byte(`{"metadata":{"resourceVersion":"1","labels":{"x":"w"}}}`), o)
	if !errors.IsConflict(err) {
		return fmt.Errorf("a patch of an old state is accepted: %v", err)
	}
	_, err = deployments.Patch(e.ctx, "patched", types.JSONPatchType, []byte(`[{"op":"test","path":"/spec/replicas","value":7}]`), o)
	if !errors.IsInvalid(err) {
		return fmt.Errorf("a failing test is accepted: %v", err)
	}
	return nil
}

func webApply(ns, image string) *appsapply.DeploymentApplyConfiguration {
	labels := map[string]string{"app": "web"}
	return appsapply.Deployment("web", ns).WithSpec(appsapply.DeploymentSpec().
		WithSelector(metaapply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(coreapply.PodTemplateSpec().WithLabels(labels).WithSpec(coreapply.PodSpec().
			WithContainers(coreapply.Container().WithName("web").WithImage(image)))))
}

func checkApply(e *env) error {
	deployments := e.kube.AppsV1().Deployments(e.ns)
	a, b := metav1.ApplyOptions{FieldManager: "a"}, metav1.ApplyOptions{FieldManager: "b"}
	if _, err := deployments.Apply(e.ctx, webApply(e.ns, "web:1"), a); err != nil {
		return err
	}
	if _, err := deployments.Apply(e.ctx, webApply(e.ns, "web:2"), b); !errors.IsConflict(err) {
		return fmt.Errorf("no conflict of two managers: %v", err)
	}
	b.Force = true
	d, err := deployments.Apply(e.ctx, webApply(e.ns, "web:2"), b)
	if err != nil {
		return err
	}
	mine, err1 := appsapply.ExtractDeployment(d, "a")
	theirs, err2 := appsapply.ExtractDeployment(d, "b")
	if err := first(err1, err2); err != nil {
		return err
	}
	if image := mine.Spec.Template.Spec.Containers[0].Image; image != nil {
		return fmt.Errorf("the image is still a's: %s", *image)
	}
	status := appsapply.Deployment("web", e.ns).WithStatus(appsapply.DeploymentStatus().WithCollisionCount(7))
	d, err = deployments.ApplyStatus(e.ctx, status, metav1.ApplyOptions{FieldManager: "s", Force: true})
	if err != nil {
		return err
	}
	return first(want("image", *theirs.Spec.Template.Spec.Containers[0].Image, "web:2"), want("collisions", *d.Status.CollisionCount, int32(7)))
}

func checkSubresources(e *env) error {
	deployments, pods := e.kube.AppsV1().Deployments(e.ns), e.kube.CoreV1().Pods(e.ns)
	if _, err := deployments.UpdateScale(e.ctx, "web", &autoscalingv1.Scale{ObjectMeta: metav1.ObjectMeta{Name: "web", Namespace: e.ns},
		Spec: autoscalingv1.ScaleSpec{Replicas: 2}}, metav1.UpdateOptions{}); err != nil {
		return err
	}
	scale, err := deployments.GetScale(e.ctx, "web", metav1.GetOptions{})
	if err != nil {
		return err
	}
	if err := first(want("replicas", scale.Spec.Replicas, int32(2)), want("selector", scale.Status.Selector, "app=web")); err != nil {
		return err
	}
	pod := template("alone")
	made, err1 := pods.Create(e.ctx, &corev1.Pod{ObjectMeta: metav1.ObjectMeta{GenerateName: "alone-"}, Spec: pod.Spec}, metav1.CreateOptions{})
	if err1 != nil {
		return err1
	}
	made.Status.Message = "said"
	_, err1 = pods.UpdateStatus(e.ctx, made, metav1.UpdateOptions{})
	if errors.IsConflict(err1) { // somebody runs Pods here
		err1 = nil
	}
	err2 := pods.EvictV1(e.ctx, &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Name: made.Name, Namespace: e.ns}})
	review, err3 := e.kube.AuthorizationV1().SelfSubjectAccessReviews().Create(e.ctx, &authzv1.SelfSubjectAccessReview{
		Spec: authzv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &authzv1.ResourceAttributes{Verb: "delete", Resource: "pods"}}}, metav1.CreateOptions{})
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "robot"}}
	_, err4 := e.kube.CoreV1().ServiceAccounts(e.ns).Create(e.ctx, account, metav1.CreateOptions{})
	token, err5 := e.kube.CoreV1().ServiceAccounts(e.ns).CreateToken(e.ctx, "robot", &authnv1.TokenRequest{}, metav1.CreateOptions{})
	if err := first(err1, err2, err3, err4, err5); err != nil {
		return err
	}
	answer, err := e.kube.AuthenticationV1().TokenReviews().Create(e.ctx, &authnv1.TokenReview{Spec: authnv1.TokenReviewSpec{Token: token.Status.Token}}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	return first(want("allowed", review.Status.Allowed, true), want("user", answer.Status.User.Username, "system:serviceaccount:"+e.ns+":robot"))
}

// Eight count in one object, and none is lost.
func checkConflicts(e *env) error {
	const workers, times = 8, 10
	maps := e.kube.CoreV1().ConfigMaps(e.ns)
	if _, err := maps.Create(e.ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "counter"}, Data: map[string]string{"n": "0"}}, metav1.CreateOptions{}); err != nil {
		return err
	}
	backoff := retry.DefaultBackoff
	backoff.Steps = 1000
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			for range times {
				errs[w] = first(errs[w], retry.RetryOnConflict(backoff, func() error {
					m, err := maps.Get(e.ctx, "counter", metav1.GetOptions{})
					if err != nil {
						return err
					}
					var n int
					fmt.Sscan(m.Data["n"], &n)
					m.Data["n"] = fmt.Sprint(n + 1)
					_, err = maps.Update(e.ctx, m, metav1.UpdateOptions{})
					return err
				}))
			}
		})
	}
	wg.Wait()
	if err := first(errs...); err != nil {
		return err
	}
	m, err := maps.Get(e.ctx, "counter", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return want("count", m.Data["n"], fmt.Sprint(workers*times))
}

func shape(name string, sides int64) *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "example.com/v1", "kind": "Shape",
		"metadata": map[string]any{"name": name}, "spec": map[string]any{"sides": sides}}}
}

func checkDynamic(e *env) error {
	client := e.dyn.Resource(shapes).Namespace(e.ns)
	made, err := client.Create(e.ctx, shape("tri", 3), metav1.CreateOptions{FieldValidation: "Strict"})
	if err != nil {
		return err
	}
	colour, _, _ := unstructured.NestedString(made.Object, "spec", "colour")
	if _, err := client.Create(e.ctx, shape("line", 2), metav1.CreateOptions{}); !errors.IsInvalid(err) {
		return fmt.Errorf("a shape of two sides: %v", err)
	}
	unknown := shape("odd", 5)
	unknown.Object["spec"].(map[string]any)["weight"] = int64(1)
	if _, err := client.Create(e.ctx, unknown, metav1.CreateOptions{FieldValidation: "Strict"}); !errors.IsBadRequest(err) {
		return fmt.Errorf("an unknown field: %v", err)
	}
	unstructured.SetNestedField(made.Object, int64(4), "spec", "sides")
	made, err1 := client.Update(e.ctx, made, metav1.UpdateOptions{})
	unstructured.SetNestedField(made.Object, int64(16), "status", "area")
	made, err2 := client.UpdateStatus(e.ctx, made, metav1.UpdateOptions{})
	if err := first(err1, err2); err != nil {
		return err
	}
	_, err3 := client.Patch(e.ctx, "tri", types.MergePatchType, []byte(`{"spec":{"colour":"blue"}}`), metav1.PatchOptions{})
	applied, err4 := client.Apply(e.ctx, "tri", shape("tri", 4), metav1.ApplyOptions{FieldManager: "dyn"})
	_, err5 := client.ApplyStatus(e.ctx, "tri", &unstructured.Unstructured{Object: map[string]any{"apiVersion": "example.com/v1", "kind": "Shape",
		"metadata": map[string]any{"name": "tri"}, "status": map[string]any{"area": int64(17)}}}, metav1.ApplyOptions{FieldManager: "dyn", Force: true})
	_, err6 := client.Patch(e.ctx, "tri", types.StrategicMergePatchType, []byte(`{}`), metav1.PatchOptions{})
	if err := first(err3, err4, err5); err != nil {
		return err
	}
	if !errors.IsUnsupportedMediaType(err6) {
		return fmt.Errorf("a strategic merge of a custom resource: %v", err6)
	}
	list, err := client.List(e.ctx, metav1.ListOptions{})
	if err != nil {
		return err
	}
	sides, _, _ := unstructured.NestedInt64(applied.Object, "spec", "sides")
	return first(want("default", colour, "red"), want("sides", sides, int64(4)), want("shapes", len(list.Items), 1),
		want("generation", applied.GetGeneration(), int64(3)), client.DeleteCollection(e.ctx, metav1.DeleteOptions{}, metav1.ListOptions{}))
}

func checkMetadata(e *env) error {
	client := e.meta.Resource(corev1.SchemeGroupVersion.WithResource("configmaps")).Namespace(e.ns)
	o, err1 := client.Get(e.ctx, "counter", metav1.GetOptions{})
	list, err2 := client.List(e.ctx, metav1.ListOptions{Limit: 1})
	if err := first(err1, err2); err != nil {
		return err
	}
	patched, err := client.Patch(e.ctx, "counter", types.MergePatchType, []byte(`{"metadata":{"labels":{"by":"metadata"}}}`), metav1.PatchOptions{})
	if err != nil {
		return err
	}
	return first(want("name", o.Name, "counter"), want("objects", len(list.Items), 1), want("label", patched.Labels["by"], "metadata"),
		client.Delete(e.ctx, "counter", metav1.DeleteOptions{}))
}
