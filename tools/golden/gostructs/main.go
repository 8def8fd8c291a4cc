// Prints, as a C table, how the API server's internal structs are written by encoding/json: the
// messages of its validation show them. For each struct the fields in their order, with the name
// that Go prints, the field of the versioned object that it comes from, and what it holds.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"sort"
	"strings"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	nodev1 "k8s.io/api/node/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	resourcev1 "k8s.io/api/resource/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/kubernetes/pkg/apis/admissionregistration"
	"k8s.io/kubernetes/pkg/apis/apps"
	"k8s.io/kubernetes/pkg/apis/autoscaling"
	"k8s.io/kubernetes/pkg/apis/batch"
	"k8s.io/kubernetes/pkg/apis/certificates"
	"k8s.io/kubernetes/pkg/apis/coordination"
	"k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/apis/discovery"
	"k8s.io/kubernetes/pkg/apis/flowcontrol"
	"k8s.io/kubernetes/pkg/apis/networking"
	"k8s.io/kubernetes/pkg/apis/node"
	"k8s.io/kubernetes/pkg/apis/policy"
	"k8s.io/kubernetes/pkg/apis/rbac"
	apiresource "k8s.io/kubernetes/pkg/apis/resource"
	"k8s.io/kubernetes/pkg/apis/scheduling"
	"k8s.io/kubernetes/pkg/apis/storage"
)

// What is printed, and the same as clients see it.
var roots = [][2]any{
	{core.Pod{}, corev1.Pod{}}, {core.PodTemplate{}, corev1.PodTemplate{}},
	{core.ReplicationController{}, corev1.ReplicationController{}},
	{core.Service{}, corev1.Service{}}, {core.Secret{}, corev1.Secret{}},
	{core.ConfigMap{}, corev1.ConfigMap{}}, {core.Node{}, corev1.Node{}},
	{core.Namespace{}, corev1.Namespace{}}, {core.Event{}, corev1.Event{}},
	{core.PersistentVolume{}, corev1.PersistentVolume{}},
	{core.PersistentVolumeSource{}, corev1.PersistentVolumeSource{}},
	{core.PersistentVolumeClaim{}, corev1.PersistentVolumeClaim{}},
	{core.ResourceQuota{}, corev1.ResourceQuota{}}, {core.LimitRange{}, corev1.LimitRange{}},
	{core.Endpoints{}, corev1.Endpoints{}}, {core.ServiceAccount{}, corev1.ServiceAccount{}},
	{apps.Deployment{}, appsv1.Deployment{}}, {apps.StatefulSet{}, appsv1.StatefulSet{}},
	{apps.DaemonSet{}, appsv1.DaemonSet{}}, {apps.ReplicaSet{}, appsv1.ReplicaSet{}},
	{apps.ControllerRevision{}, appsv1.ControllerRevision{}},
	{batch.Job{}, batchv1.Job{}}, {batch.CronJob{}, batchv1.CronJob{}},
	{networking.Ingress{}, networkingv1.Ingress{}},
	{networking.IngressClass{}, networkingv1.IngressClass{}},
	{networking.NetworkPolicy{}, networkingv1.NetworkPolicy{}},
	{networking.IPAddress{}, networkingv1.IPAddress{}},
	{networking.ServiceCIDR{}, networkingv1.ServiceCIDR{}},
	{policy.PodDisruptionBudget{}, policyv1.PodDisruptionBudget{}},
	{autoscaling.HorizontalPodAutoscaler{}, autoscalingv2.HorizontalPodAutoscaler{}},
	{rbac.RoleBinding{}, rbacv1.RoleBinding{}}, {rbac.ClusterRole{}, rbacv1.ClusterRole{}},
	{storage.StorageClass{}, storagev1.StorageClass{}}, {storage.CSIDriver{}, storagev1.CSIDriver{}},
	{storage.CSINode{}, storagev1.CSINode{}},
	{storage.CSIStorageCapacity{}, storagev1.CSIStorageCapacity{}},
	{storage.VolumeAttachment{}, storagev1.VolumeAttachment{}},
	{storage.VolumeAttributesClass{}, storagev1.VolumeAttributesClass{}},
	{admissionregistration.ValidatingWebhookConfiguration{}, admissionv1.ValidatingWebhookConfiguration{}},
	{admissionregistration.MutatingWebhookConfiguration{}, admissionv1.MutatingWebhookConfiguration{}},
	{admissionregistration.ValidatingAdmissionPolicy{}, admissionv1.ValidatingAdmissionPolicy{}},
	{admissionregistration.ValidatingAdmissionPolicyBinding{}, admissionv1.ValidatingAdmissionPolicyBinding{}},
	{admissionregistration.MutatingAdmissionPolicy{}, admissionv1.MutatingAdmissionPolicy{}},
	{admissionregistration.MutatingAdmissionPolicyBinding{}, admissionv1.MutatingAdmissionPolicyBinding{}},
	{certificates.CertificateSigningRequest{}, certificatesv1.CertificateSigningRequest{}},
	{coordination.Lease{}, coordinationv1.Lease{}},
	{discovery.EndpointSlice{}, discoveryv1.EndpointSlice{}},
	{flowcontrol.FlowSchema{}, flowcontrolv1.FlowSchema{}},
	{flowcontrol.PriorityLevelConfiguration{}, flowcontrolv1.PriorityLevelConfiguration{}},
	{node.RuntimeClass{}, nodev1.RuntimeClass{}},
	{apiresource.DeviceClass{}, resourcev1.DeviceClass{}},
	{apiresource.ResourceClaim{}, resourcev1.ResourceClaim{}},
	{apiresource.ResourceClaimTemplate{}, resourcev1.ResourceClaimTemplate{}},
	{apiresource.ResourceSlice{}, resourcev1.ResourceSlice{}},
	{scheduling.PriorityClass{}, schedulingv1.PriorityClass{}},
}

type field struct {
	name, from, flags, class, of string
	element                      reflect.Type
}

var found = map[reflect.Type][]field{}
var marshaler = reflect.TypeFor[json.Marshaler]()

func tag(f reflect.StructField) (string, bool) {
	parts := strings.Split(f.Tag.Get("json"), ",")
	return parts[0], strings.Contains(f.Tag.Get("json"), ",omitempty") || strings.Contains(f.Tag.Get("json"), ",omitzero")
}

func byName(t reflect.Type, name string) (reflect.StructField, bool) {
	if t == nil || t.Kind() != reflect.Struct {
		return reflect.StructField{}, false
	}
	return t.FieldByName(name)
}

func strip(t reflect.Type, kinds ...reflect.Kind) (reflect.Type, string) {
	flags := ""
	for t != nil {
		switch t.Kind() {
		case reflect.Pointer:
			flags += " | GO_POINTER"
		case reflect.Slice:
			if t.Elem().Kind() == reflect.Uint8 {
				return t, flags
			}
			flags += " | GO_LIST"
		case reflect.Map:
			flags += " | GO_MAP"
		default:
			return t, flags
		}
		t = t.Elem()
	}
	return t, flags
}

func class(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[resource.Quantity]():
		return "GO_QUANTITY"
	case reflect.TypeFor[intstr.IntOrString]():
		return "GO_INT"
	case reflect.TypeFor[metav1.Time](), reflect.TypeFor[metav1.MicroTime](), reflect.TypeFor[runtime.RawExtension](), reflect.TypeFor[metav1.FieldsV1]():
		return "GO_ANY"
	}
	switch t.Kind() {
	case reflect.String:
		return "GO_TEXT"
	case reflect.Bool:
		return "GO_BOOL"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Float64, reflect.Int16, reflect.Int8, reflect.Uint8:
		return "GO_INT"
	case reflect.Struct:
		return "GO_STRUCT"
	}
	return "GO_ANY"
}

func walk(t, v reflect.Type) {
	if _, ok := found[t]; ok || t.Kind() != reflect.Struct {
		return
	}
	found[t] = nil
	var fields []field
	collect(t, v, &fields)
	found[t] = fields
}

func collect(t, v reflect.Type, fields *[]field) {
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		if !f.IsExported() || f.Name == "TypeMeta" {
			continue
		}
		vf, ok := byName(v, f.Name)
		name, omit := tag(f)
		if f.Anonymous && name == "" {
			if f.Name == "ObjectMeta" {
				var meta []field
				collect(f.Type, vf.Type, &meta)
				for _, m := range meta {
					m.from = "metadata." + m.from
					*fields = append(*fields, m)
				}
			} else {
				inner := v
				if ok {
					if n, _ := tag(vf); n == "" {
						inner = vf.Type
					}
				}
				collect(f.Type, inner, fields)
			}
			continue
		}
		from, _ := tag(vf)
		if !ok {
			if t == reflect.TypeFor[core.PodSecurityContext]() {
				from = "^" + strings.ToLower(f.Name[:1]) + f.Name[1:]
			} else {
				fmt.Fprintln(os.Stderr, t, f.Name)
			}
		}
		if name == "" {
			name = f.Name
		}
		element, flags := strip(f.Type)
		velement, _ := strip(vf.Type)
		if omit {
			flags += " | GO_OMIT"
		}
		fd := field{name: name, from: from, flags: strings.TrimPrefix(flags, " | "), class: class(element)}
		if fd.class == "GO_STRUCT" {
			fd.element = element
			walk(element, velement)
		}
		*fields = append(*fields, fd)
	}
}

func id(t reflect.Type) string {
	return strings.ReplaceAll(t.String(), ".", "_")
}

func main() {
	for _, r := range roots {
		walk(reflect.TypeOf(r[0]), reflect.TypeOf(r[1]))
	}
	var all []reflect.Type
	for t := range found {
		all = append(all, t)
	}
	sort.Slice(all, func(i, j int) bool { return t2s(all[i]) < t2s(all[j]) })
	fmt.Println("/* Generated by tools/golden/gostructs; do not edit. */")
	fmt.Println("enum {")
	for _, t := range all {
		fmt.Printf("\tID_%s,\n", id(t))
	}
	fmt.Println("};")
	// Texts are offsets into one: a table of pointers would be made right at every start.
	fmt.Println("static const struct go_field fields[] = {")
	first, n := map[reflect.Type]int{}, 0
	for _, t := range all {
		fmt.Printf("\t/* %s */\n", t)
		first[t] = n
		for _, f := range found[t] {
			flags := f.flags
			if flags == "" {
				flags = "0"
			}
			of := "0"
			if f.element != nil {
				of = "ID_" + id(f.element)
			}
			fmt.Printf("\t{ %d, %d, %s, %s, %s }, /* %s */\n", text(f.name), text(f.from), f.class, flags, of, f.name)
			n++
		}
	}
	fmt.Println("};")
	fmt.Println("static const struct go_struct structs[] = {")
	for _, t := range all {
		fmt.Printf("\t{ %d, %d, %d }, /* %s */\n", text(t.String()), first[t], len(found[t]), t)
	}
	fmt.Println("};")
	fmt.Println("static const char texts[] =")
	for i, s := range texts {
		end := ""
		if i == len(texts)-1 {
			end = ";"
		}
		fmt.Printf("\t\"%s\\0\"%s\n", s, end)
	}
}

var (
	texts   []string
	offsets = map[string]int{}
	size    int
)

// text gives where in the table's texts it begins.
func text(s string) int {
	at, ok := offsets[s]
	if !ok {
		at = size
		offsets[s] = at
		texts = append(texts, s)
		size += len(s) + 1
	}
	return at
}

func t2s(t reflect.Type) string { return t.String() }
