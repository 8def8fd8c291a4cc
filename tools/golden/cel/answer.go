package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/checker"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
	"github.com/google/cel-go/common/types/traits"
	"github.com/google/cel-go/ext"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	v1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	schemacel "k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/version"
	apicel "k8s.io/apiserver/pkg/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"k8s.io/apiserver/pkg/cel/library"
)

const costLimit = 1000000

var (
	errPanic   = errors.New("panic")
	kubernetes = environment.MustBaseEnvSet(version.MajorMinor(1, 36))
	flux       = fluxEnv()
)

func fluxEnv() *cel.Env {
	env, err := cel.NewEnv(cel.HomogeneousAggregateLiterals(), cel.EagerlyValidateDeclarations(true),
		cel.DefaultUTCTimeZone(true), cel.CrossTypeNumericComparisons(true), cel.OptionalTypes(),
		ext.Strings(), ext.Sets(), ext.Encoders())
	if err != nil {
		panic(err)
	}
	return env
}

// Numbers of JSON as CEL sees them: int64 where they fit, else float64.
func plain(v any) any {
	switch t := v.(type) {
	case json.Number:
		if i, err := t.Int64(); err == nil {
			return i
		}
		f, _ := t.Float64()
		return f
	case map[string]any:
		for k := range t {
			t[k] = plain(t[k])
		}
	case []any:
		for i := range t {
			t[i] = plain(t[i])
		}
	}
	return v
}

func kindOf(v ref.Val) string {
	switch v.(type) {
	case apicel.Quantity, *apicel.Quantity:
		return "quantity"
	case apicel.URL:
		return "url"
	case apicel.IP:
		return "ip"
	case apicel.CIDR:
		return "cidr"
	case apicel.Semver:
		return "semver"
	case apicel.Format:
		return "format"
	case types.Null:
		return "null"
	case types.Timestamp:
		return "timestamp"
	case types.Duration:
		return "duration"
	case *types.Optional:
		return "optional"
	case *types.Type:
		return "type"
	case traits.Lister:
		return "list"
	case traits.Mapper:
		return "map"
	}
	return v.Type().TypeName()
}

// A value as JSON. What has no place in it is nobody's interface: panics.
func asJSON(v ref.Val) any {
	switch t := v.(type) {
	case apicel.Quantity:
		return t.Quantity.String()
	case *apicel.Quantity:
		return t.Quantity.String()
	case apicel.URL:
		return t.URL.String()
	case apicel.IP:
		return t.Addr.String()
	case apicel.CIDR:
		return t.Prefix.String()
	case apicel.Semver:
		return t.Version.String()
	case apicel.Format:
		return t.Name
	case types.Null:
		return nil
	case types.Double:
		if f := float64(t); math.IsNaN(f) || math.IsInf(f, 0) {
			return strings.Replace(strings.TrimPrefix(fmt.Sprint(f), "+"), "Inf", "Infinity", 1)
		}
		return json.RawMessage(strconv.FormatFloat(float64(t), 'e', -1, 64))
	case types.Bytes:
		return base64.StdEncoding.EncodeToString(t)
	case types.Timestamp:
		return t.Time.UTC().Format(time.RFC3339Nano)
	case types.Duration:
		return t.ConvertToType(types.StringType).Value()
	case *types.Type:
		return t.TypeName()
	case *types.Optional:
		if !t.HasValue() {
			return map[string]any{"has": false}
		}
		return map[string]any{"has": true, "type": kindOf(t.GetValue()), "value": asJSON(t.GetValue())}
	case traits.Lister:
		out := []any{}
		for it := t.Iterator(); it.HasNext() == types.True; {
			out = append(out, asJSON(it.Next()))
		}
		return out
	case traits.Mapper:
		out := map[string]any{}
		for it := t.Iterator(); it.HasNext() == types.True; {
			key := it.Next()
			switch key.(type) {
			case traits.Lister, traits.Mapper, *types.Optional:
				panic("a key that JSON has not")
			}
			out[fmt.Sprint(key.Value())] = asJSON(t.Get(key))
		}
		return out
	case *types.Err:
		panic("an error inside a value")
	}
	return v.Value()
}

func compile(env *cel.Env, request map[string]any) (*cel.Ast, error) {
	ast, issues := env.Compile(request["expr"].(string))
	if issues.Err() != nil {
		return nil, errors.New(issues.String())
	}
	return ast, nil
}

func evaluated(env *cel.Env, ast *cel.Ast, vars map[string]any, cost bool, options ...cel.ProgramOption) (ref.Val, uint64, error) {
	if cost {
		options = append(options, cel.CostLimit(costLimit), cel.CostTracking(&library.CostEstimator{}))
	}
	program, err := env.Program(ast, options...)
	if err != nil {
		return nil, 0, err
	}
	v, details, err := program.Eval(vars)
	if err != nil || !cost {
		return v, 0, err
	}
	return v, *details.ActualCost(), nil
}

func askPlain(request map[string]any) (any, error) {
	vars, _ := plain(request["vars"]).(map[string]any)
	names := []string{}
	for name := range vars {
		names = append(names, name)
	}
	sort.Strings(names)
	env, kind := kubernetes.StoredExpressionsEnv(), cel.DynType
	if request["env"] == "flux" {
		env, kind = flux, cel.ObjectType("google.protobuf.Struct")
	}
	options := []cel.EnvOption{}
	for _, name := range names {
		options = append(options, cel.Variable(name, kind))
	}
	env, err := env.Extend(options...)
	if err != nil {
		return nil, err
	}
	ast, err := compile(env, request)
	if err != nil {
		return nil, err
	}
	if vars == nil {
		vars = map[string]any{}
	}
	cost := request["op"] == "cel-cost"
	program := []cel.ProgramOption{}
	if request["env"] == "flux" {
		program = append(program, cel.EvalOptions(cel.OptOptimize))
	}
	v, n, err := evaluated(env, ast, vars, cost, program...)
	if err != nil {
		return nil, err
	}
	if cost {
		return map[string]any{"cost": n}, nil
	}
	return map[string]any{"type": kindOf(v), "value": asJSON(v)}, nil
}

func structural(v any) (*schema.Structural, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var external v1.JSONSchemaProps
	var internal apiextensions.JSONSchemaProps
	if err := json.Unmarshal(text, &external); err != nil {
		return nil, err
	}
	if err := v1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(&external, &internal, nil); err != nil {
		return nil, err
	}
	return schema.NewStructural(&internal)
}

// The sizes that a schema allows.
type sizes struct{ root *apicel.DeclType }

func part(t *apicel.DeclType, name string) *apicel.DeclType {
	switch name {
	case "@items", "@values":
		return t.ElemType
	case "@keys":
		return t.KeyType
	}
	if f, ok := t.Fields[name]; ok {
		return f.Type
	}
	return nil
}

func (s sizes) EstimateSize(node checker.AstNode) *checker.SizeEstimate {
	path, at := node.Path(), s.root
	for i := 1; i < len(path) && at != nil; i++ {
		at = part(at, path[i])
	}
	if len(path) == 0 || at == nil {
		return nil
	}
	return &checker.SizeEstimate{Max: uint64(at.MaxElements)}
}

func (s sizes) EstimateCallCost(string, string, *checker.AstNode, []checker.AstNode) *checker.CallEstimate {
	return nil
}

func askTyped(request map[string]any) (any, error) {
	s, err := structural(request["schema"])
	if err != nil {
		return nil, errPanic
	}
	root := model.SchemaDeclType(s, false)
	if root == nil {
		return nil, errPanic
	}
	self := root.MaybeAssignTypeName("selfType")
	set, err := kubernetes.Extend(environment.VersionedOptions{
		IntroducedVersion: version.MajorMinor(1, 0),
		EnvOptions:        []cel.EnvOption{cel.Variable("self", self.CelType()), cel.Variable("oldSelf", self.CelType())},
		DeclTypes:         []*apicel.DeclType{self},
	})
	if err != nil {
		return nil, err
	}
	env := set.StoredExpressionsEnv()
	ast, err := compile(env, request)
	if err != nil {
		return nil, err
	}
	estimate, err := env.EstimateCost(ast, &library.CostEstimator{SizeEstimator: sizes{root}})
	if err != nil {
		return nil, err
	}
	out := map[string]any{"min": estimate.Min, "max": estimate.Max}
	vars := map[string]any{"self": schemacel.UnstructuredToVal(plain(request["self"]), s)}
	if old, ok := request["old"]; ok {
		vars["oldSelf"] = schemacel.UnstructuredToVal(plain(old), s)
	}
	v, cost, err := evaluated(env, ast, vars, true)
	if err != nil {
		out["fault"] = err.Error()
		return out, nil
	}
	out["type"], out["value"], out["cost"] = kindOf(v), asJSON(v), cost
	return out, nil
}

func ask(request map[string]any) (result any, err error) {
	defer func() {
		if recover() != nil {
			result, err = nil, errPanic
		}
	}()
	if request["op"] == "cel-typed" {
		return askTyped(request)
	}
	return askPlain(request)
}
