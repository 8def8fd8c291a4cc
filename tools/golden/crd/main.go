// Records what apiextensions says about definitions of custom resources, their schemas and
// objects: go run . [-seed N] [-n N] DIR writes N cases of each kind to DIR/*.jsonl. Cases
// whose answer changes from run to run (Go's map order) are left out.
//
// With -ask, answers the requests on standard input instead, line by line, as
// the driver does.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"sort"
	"strings"

	apiext "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	crdvalidation "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	structural "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	"k8s.io/apiextensions-apiserver/pkg/controller/openapi/builder"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/common"
	"k8s.io/kube-openapi/pkg/handler"
)

type request struct {
	Op      string          `json:"op"`
	Schema  json.RawMessage `json:"schema,omitempty"`
	Object  json.RawMessage `json:"object,omitempty"`
	Old     json.RawMessage `json:"old,omitempty"`
	Columns json.RawMessage `json:"columns,omitempty"`
	V2      bool            `json:"v2,omitempty"`
	Output  any             `json:"output,omitempty"`
	Error   string          `json:"error,omitempty"`
}

type entry struct {
	Field   string `json:"field"`
	Type    string `json:"type"`
	Message string `json:"message"`
}

func entries(list field.ErrorList) []entry {
	out := []entry{}
	for _, e := range list {
		out = append(out, entry{e.Field, string(e.Type), e.ErrorBody()})
	}
	sort.Slice(out, func(i, j int) bool {
		a, b := out[i], out[j]
		if a.Field != b.Field {
			return a.Field < b.Field
		}
		if a.Type != b.Type {
			return a.Type < b.Type
		}
		return a.Message < b.Message
	})
	return out
}

func value(raw json.RawMessage) (any, error) {
	var v any
	if len(raw) == 0 {
		return nil, nil
	}
	err := utiljson.Unmarshal(raw, &v)
	return v, err
}

func internalSchema(raw json.RawMessage) (*apiext.JSONSchemaProps, error) {
	var v1 apiextv1.JSONSchemaProps
	if err := json.Unmarshal(raw, &v1); err != nil {
		return nil, err
	}
	var in apiext.JSONSchemaProps
	return &in, apiextv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&v1, &in, nil)
}

func blocked(errs field.ErrorList) bool {
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong,
			field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return true
		}
	}
	return false
}

// The steps of the strategy of custom resources, without those of the object's own metadata.
func validate(q *request) (any, error) {
	in, err := internalSchema(q.Schema)
	if err != nil {
		return nil, err
	}
	ss, err := structural.NewStructural(in)
	if err != nil {
		return nil, err
	}
	validator, _, err := validation.NewSchemaValidator(in)
	if err != nil {
		return nil, err
	}
	object, err := value(q.Object)
	if err != nil {
		return nil, err
	}
	old, err := value(q.Old)
	if err != nil {
		return nil, err
	}
	now := object.(map[string]any)
	celValidator := cel.NewValidator(ss, true, celconfig.PerCallLimit)
	ctx := context.Background()
	var errs field.ErrorList
	var options []cel.Option
	var before any
	if old == nil {
		errs = append(errs, validation.ValidateCustomResource(nil, now, validator)...)
	} else {
		correlated := common.NewCorrelatedObject(now, old, &model.Structural{Structural: ss})
		options = append(options, cel.WithRatcheting(correlated))
		errs = append(errs, validation.ValidateCustomResourceUpdate(nil, now, old, validator,
			validation.WithRatcheting(correlated))...)
		before = old
	}
	errs = append(errs, objectmeta.Validate(nil, now, ss, false)...)
	if old == nil || len(listtype.ValidateListSetsAndMaps(nil, ss, old.(map[string]any))) == 0 {
		errs = append(errs, listtype.ValidateListSetsAndMaps(nil, ss, now)...)
	}
	if celValidator != nil {
		if blocked(errs) {
			errs = append(errs, field.Invalid(nil, nil, "some validation rules were not checked because the object was invalid; correct the existing errors to complete validation"))
		} else {
			found, _ := celValidator.Validate(ctx, nil, ss, now, before, celconfig.RuntimeCELCostBudget, options...)
			errs = append(errs, found...)
		}
	}
	return entries(errs), nil
}

func fill(q *request) (any, error) {
	in, err := internalSchema(q.Schema)
	if err != nil {
		return nil, err
	}
	ss, err := structural.NewStructural(in)
	if err != nil {
		return nil, err
	}
	object, err := value(q.Object)
	if err != nil {
		return nil, err
	}
	defaulting.PruneNonNullableNullsWithoutDefaults(object, ss)
	defaulting.Default(object, ss)
	return object, nil
}

// The object without what the schema does not know, and the names of that.
func prune(q *request) (any, error) {
	in, err := internalSchema(q.Schema)
	if err != nil {
		return nil, err
	}
	ss, err := structural.NewStructural(in)
	if err != nil {
		return nil, err
	}
	object, err := value(q.Object)
	if err != nil {
		return nil, err
	}
	unknown := pruning.PruneWithOptions(object, ss, true, structural.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if unknown == nil {
		unknown = []string{}
	}
	fieldErr, more := objectmeta.CoerceWithOptions(nil, object, ss, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if fieldErr != nil {
		return nil, fieldErr
	}
	return map[string]any{"object": object, "unknown": append(unknown, more...)}, nil
}

func wrapped(schema json.RawMessage) *apiextv1.CustomResourceDefinition {
	crd := &apiextv1.CustomResourceDefinition{}
	text := `{"metadata":{"name":"things.example.com"},"spec":{"group":"example.com","scope":"Namespaced",
"names":{"plural":"things","kind":"Thing"},"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":` +
		string(schema) + `}}]}}`
	if err := json.Unmarshal([]byte(text), crd); err != nil {
		return nil
	}
	return crd
}

func internalCRD(crd *apiextv1.CustomResourceDefinition) (*apiext.CustomResourceDefinition, error) {
	apiextv1.SetObjectDefaults_CustomResourceDefinition(crd)
	in := &apiext.CustomResourceDefinition{}
	return in, apiextv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(crd, in, nil)
}

func judge(q *request) (any, error) {
	crd := wrapped(q.Schema)
	if crd == nil {
		return nil, fmt.Errorf("not a schema")
	}
	in, err := internalCRD(crd)
	if err != nil {
		return nil, err
	}
	return entries(crdvalidation.ValidateCustomResourceDefinition(context.Background(), in)), nil
}

// A whole definition: on creation as it stands, with `old` as an update.
func judgeObject(q *request) (any, error) {
	var crd, old apiextv1.CustomResourceDefinition
	if err := json.Unmarshal(q.Object, &crd); err != nil {
		return nil, err
	}
	in, err := internalCRD(&crd)
	if err != nil {
		return nil, err
	}
	if len(q.Old) == 0 || string(q.Old) == "null" {
		in.Status = apiext.CustomResourceDefinitionStatus{}
		store(in)
		return entries(crdvalidation.ValidateCustomResourceDefinition(context.Background(), in)), nil
	}
	if err := json.Unmarshal(q.Old, &old); err != nil {
		return nil, err
	}
	before, err := internalCRD(&old)
	if err != nil {
		return nil, err
	}
	in.Status = before.Status
	store(in)
	in.ResourceVersion, before.ResourceVersion = "1", "1"
	return entries(crdvalidation.ValidateCustomResourceDefinitionUpdate(context.Background(), in, before)), nil
}

func store(in *apiext.CustomResourceDefinition) {
	for _, v := range in.Spec.Versions {
		if v.Storage {
			if !apiext.IsStoredVersion(in, v.Name) {
				in.Status.StoredVersions = append(in.Status.StoredVersions, v.Name)
			}
			break
		}
	}
}

// The definition of the kind in the OpenAPI documents, descriptions of implied fields left out.
func publish(q *request) (any, error) {
	crd := wrapped(q.Schema)
	if crd == nil {
		return nil, fmt.Errorf("not a schema")
	}
	apiextv1.SetDefaults_CustomResourceDefinition(crd)
	var raw []byte
	if q.V2 {
		swagger, err := builder.BuildOpenAPIV2(crd, "v1", builder.Options{V2: true})
		if err != nil {
			return nil, err
		}
		definitions := handler.PruneDefaults(swagger.Definitions)
		raw, err = json.Marshal(definitions["com.example.v1.Thing"])
		if err != nil {
			return nil, err
		}
	} else {
		doc, err := builder.BuildOpenAPIV3(crd, "v1", builder.Options{})
		if err != nil {
			return nil, err
		}
		raw, err = json.Marshal(doc.Components.Schemas["com.example.v1.Thing"])
		if err != nil {
			return nil, err
		}
	}
	v, err := value(raw)
	if err != nil {
		return nil, err
	}
	m := v.(map[string]any)
	delete(m, "x-kubernetes-group-version-kind")
	silence(m, true)
	return m, nil
}

// What every object has is described in words that are not of the schema.
func silence(v any, object bool) {
	if list, ok := v.([]any); ok {
		for _, item := range list {
			silence(item, false)
		}
	}
	schema, ok := v.(map[string]any)
	if !ok {
		return
	}
	if properties, ok := schema["properties"].(map[string]any); ok &&
		(object || schema["x-kubernetes-embedded-resource"] == true) {
		for _, name := range []string{"apiVersion", "kind", "metadata"} {
			if p, ok := properties[name].(map[string]any); ok {
				delete(p, "description")
			}
		}
	}
	for _, below := range schema {
		silence(below, false)
	}
}

// Schemas that are refused are not published.
func sound(q *request) bool {
	v, err := judge(q)
	list, ok := v.([]entry)
	return err == nil && ok && len(list) == 0
}

func cells(q *request) (any, error) {
	var columns []apiextv1.CustomResourceColumnDefinition
	if err := json.Unmarshal(q.Columns, &columns); err != nil {
		return nil, err
	}
	object, err := value(q.Object)
	if err != nil {
		return nil, err
	}
	c, _ := tableconvertor.New(columns)
	table, err := c.ConvertToTable(context.Background(), &unstructured.Unstructured{Object: object.(map[string]any)}, nil)
	if err != nil {
		return nil, err
	}
	return table.Rows[0].Cells, nil
}

var ops = map[string]func(*request) (any, error){
	"crd-validate": validate,
	"crd-default":  fill,
	"crd-read":     prune,
	"crd-schema":   judge,
	"crd-object":   judgeObject,
	"crd-openapi":  publish,
	"crd-cells":    cells,
}

func once(q *request) (out string) {
	defer func() {
		if r := recover(); r != nil {
			out = fmt.Sprintf(`{"panic":%q}`, fmt.Sprint(r))
		}
	}()
	run, ok := ops[q.Op]
	if !ok {
		return `{"error":"unknown operation"}`
	}
	v, err := run(q)
	var answer any
	if err != nil {
		answer = map[string]string{"error": err.Error()}
	} else {
		answer = map[string]any{"output": v}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(answer); err != nil {
		return fmt.Sprintf(`{"error":%q}`, err.Error())
	}
	return string(bytes.TrimSpace(b.Bytes()))
}

const rounds, longest = 4, 3000

// The answer, and whether it is the same every time.
func answer(q *request) (string, bool) {
	first := once(q)
	for i := 1; i < rounds; i++ {
		if once(q) != first {
			return first, false
		}
	}
	return first, true
}

func ask() {
	in := bufio.NewReader(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		line, err := in.ReadBytes('\n')
		if len(bytes.TrimSpace(line)) > 0 {
			var q request
			if e := json.Unmarshal(line, &q); e != nil {
				fmt.Fprintf(out, "{\"error\":%q}\n", e.Error())
			} else if text, steady := answer(&q); steady {
				fmt.Fprintln(out, text)
			} else {
				fmt.Fprintln(out, `{"varies":true}`)
			}
			out.Flush()
		}
		if err == io.EOF {
			return
		}
	}
}

func main() {
	log.SetFlags(0)
	asking := flag.Bool("ask", false, "answer requests on standard input")
	questions := flag.Bool("questions", false, "print random requests and end")
	seed := flag.Int64("seed", 1, "of the cases")
	n := flag.Int("n", 60, "cases of each operation")
	flag.Parse()
	r := rand.New(rand.NewSource(*seed))
	if *asking {
		ask()
		return
	}
	if *questions {
		for i := 0; i < *n; i++ {
			for _, q := range random(r) {
				fmt.Println(string(encode(q)))
			}
		}
		return
	}
	if flag.NArg() != 1 {
		log.Fatal("usage: go run . [-seed N] [-n N] DIR")
	}
	record(r, *n, flag.Arg(0))
}

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		log.Fatal(err)
	}
	return bytes.TrimSpace(b.Bytes())
}

func record(r *rand.Rand, n int, dir string) {
	files := map[string]*bytes.Buffer{}
	count := map[string]int{}
	for done := false; !done; {
		done = true
		for _, q := range random(r) {
			if count[q.Op] >= n {
				continue
			}
			done = false
			if q.Op == "crd-openapi" && !sound(&q) {
				continue
			}
			text, steady := answer(&q)
			if !steady {
				continue
			}
			var line map[string]json.RawMessage
			if err := json.Unmarshal(encode(q), &line); err != nil {
				log.Fatal(err)
			}
			var got map[string]json.RawMessage
			if err := json.Unmarshal([]byte(text), &got); err != nil {
				log.Fatal(err)
			}
			if got["panic"] != nil || got["error"] != nil || len(text) > longest || string(got["output"]) == "[]" && r.Intn(4) > 0 {
				continue
			}
			for k, v := range got {
				line[k] = v
			}
			if files[q.Op] == nil {
				files[q.Op] = &bytes.Buffer{}
			}
			files[q.Op].Write(encode(line))
			files[q.Op].WriteByte('\n')
			count[q.Op]++
		}
	}
	for op, b := range files {
		if err := os.WriteFile(filepath.Join(dir, strings.TrimPrefix(op, "crd-")+".jsonl"), b.Bytes(), 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
