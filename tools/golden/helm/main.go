// Records what Helm's packages answer: go run . [-seed N] [-n N] DIR writes
// DIR/strvals.jsonl (lines of --set and its kin), DIR/values.jsonl (values of
// charts with subcharts, after dependencies were processed) and
// DIR/manifests.jsonl (rendered files cut and sorted). Cases whose answer
// changes from run to run (Go's map order) are left out.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
	"helm.sh/helm/v4/pkg/strvals"
)

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }

type row map[string]any

// ---- strvals

func line() string {
	var b strings.Builder
	for i := r.Intn(3); i >= 0; i-- {
		for k := r.Intn(4); k >= 0; k-- {
			b.WriteString(pick("a", "b", "key", "x.y", "l[0]", "l[1].z", "m[2][0]", "é", `a\.b`, "", "[", "a[", "a[x]", "n[-1]", "n[70000]", "n[+1]"))
			if k > 0 {
				b.WriteString(pick(".", ".", "[0].", "[1]", ""))
			}
		}
		b.WriteString(pick("=", "=", "=", "=", "", "=="))
		b.WriteString(pick("1", "-0", "+5", "01", "1.5", "true", "TRUE", "null", "Null", "text", "", "{a,b}", "{}", "{1,null,}", "{a", `x\,y`,
			`"s"`, `[1,{"a":null}]`, `{"a":{"b":[true]}}`, "9223372036854775808", " ", "a=b", "}", "{{x}}", "\xff", "e\\"))
		b.WriteString(pick(",", ",", "", " , ", ",,"))
	}
	return b.String()
}

func parseLine(kind, s string, into map[string]any) error {
	switch kind {
	case "typed":
		return strvals.ParseInto(s, into)
	case "string":
		return strvals.ParseIntoString(s, into)
	case "json":
		return strvals.ParseJSON(s, into)
	case "file":
		return strvals.ParseIntoFile(s, into, func(rs []rune) (any, error) {
			if strings.HasPrefix(string(rs), "t") {
				return nil, fmt.Errorf("no file %s", string(rs))
			}
			return "<" + string(rs) + ">", nil
		})
	}
	return strvals.ParseLiteralInto(s, into)
}

func strvalsCase() row {
	kind, s := pick("typed", "typed", "typed", "string", "json", "file", "literal"), line()
	if !json.Valid([]byte("\"\"")) || strings.ContainsRune(s, 0xfffd) || strings.Contains(s, "\xff") {
		return nil
	}
	into := map[string]any{}
	if r.Intn(3) == 0 {
		into = map[string]any{"a": map[string]any{"b": 1.0}, "l": []any{1.0, map[string]any{"z": "q"}}, "key": nil, "b": "s"}
	}
	before, _ := json.Marshal(into)
	err := parseLine(kind, s, into)
	out := row{"op": "strvals", "kind": kind, "line": s, "into": json.RawMessage(before)}
	if err != nil {
		if kind == "json" {
			out["error_any"] = true // nobody sees its words
		}
		out["error"] = err.Error()
	} else {
		out["output"] = into
	}
	return out
}

// ---- values

var names = []string{"a", "b", "c", "d"}

func value(depth int) any {
	switch n := r.Intn(10); {
	case n < 3 && depth > 0:
		return table(depth - 1)
	case n == 3:
		return nil
	case n == 4:
		return []any{1.0, nil}
	case n == 5:
		return r.Intn(2) == 0
	case n == 6:
		return 1.5
	}
	return pick("x", "y", "")
}

func table(depth int) map[string]any {
	m := map[string]any{}
	for i := r.Intn(4); i > 0; i-- {
		m[pick("k", "l", "m", "a", "b", "c", "d", "global", "tags", "enabled", "exports")] = value(depth)
	}
	if r.Intn(3) == 0 {
		m["exports"] = map[string]any{"data": map[string]any{pick("k", "l", "global"): value(1)}}
	}
	if r.Intn(4) == 0 {
		m["tags"] = map[string]any{pick("t", "u"): r.Intn(2) == 0}
	}
	if r.Intn(4) == 0 {
		m[pick(names...)] = map[string]any{"enabled": r.Intn(2) == 0, "k": value(1)}
	}
	return m
}

func dependency() map[string]any {
	d := map[string]any{"name": pick(names...), "repository": "", "version": pick("1.x", "*", "^1.0.0", "2.0.0", ">0", "bad range")}
	if r.Intn(3) == 0 {
		d["alias"] = pick("aka", "b", "other")
	}
	if r.Intn(3) == 0 {
		d["condition"] = pick("a.enabled", "b.enabled,enabled", "k", "c.enabled", "global.enabled")
	}
	if r.Intn(3) == 0 {
		d["tags"] = []any{pick("t", "u"), pick("t", "v")}
	}
	if r.Intn(3) == 0 {
		d["import-values"] = []any{pick("data", "nosuch"), map[string]any{"child": pick("k", "exports.data"), "parent": pick("m", ".", "m.n")}}
	}
	return d
}

func addChart(files map[string]string, prefix, name string, depth int) {
	meta := map[string]any{"apiVersion": "v2", "name": name, "version": pick("1.0.0", "1.2.3", "v1.4", "2.0.0")}
	var deps []any
	for i := r.Intn(3); i > 0; i-- {
		deps = append(deps, dependency())
	}
	if r.Intn(4) > 0 {
		meta["dependencies"] = deps
	}
	text, _ := json.Marshal(meta)
	files[prefix+"Chart.yaml"] = string(text)
	if r.Intn(8) > 0 {
		text, _ = json.Marshal(table(2))
		files[prefix+"values.yaml"] = string(text)
	}
	for _, n := range names {
		if depth > 0 && r.Intn(3) == 0 {
			addChart(files, prefix+"charts/"+n+"/", n, depth-1)
		}
	}
}

func shape(c *chart.Chart) any {
	subs := map[string]any{}
	for _, d := range c.Dependencies() {
		subs[d.Name()] = shape(d)
	}
	deps := []any{}
	for _, d := range c.Metadata.Dependencies {
		deps = append(deps, d.Name)
	}
	return map[string]any{"deps": deps, "subs": subs}
}

func runChart(files map[string]string, values map[string]any) row {
	var list []*archive.BufferedFile
	for n, t := range files {
		list = append(list, &archive.BufferedFile{Name: n, Data: []byte(t)})
	}
	c, err := loader.LoadFiles(list)
	if err == nil {
		err = chartutil.ProcessDependencies(c, values)
	}
	if err != nil {
		return row{"error": err.Error()}
	}
	all, err := util.CoalesceValues(c, values)
	if err != nil {
		return row{"error": err.Error()}
	}
	return row{"output": map[string]any{"values": all, "chart": shape(c)}}
}

func valuesCase() row {
	files := map[string]string{}
	addChart(files, "", "root", 2)
	values := table(3)
	var first []byte
	for i := 0; i < 24; i++ {
		answer, err := json.Marshal(runChart(files, values))
		if err != nil {
			log.Fatal(err)
		}
		if first == nil {
			first = answer
		} else if !bytes.Equal(first, answer) {
			return nil
		}
	}
	var out row
	json.Unmarshal(first, &out)
	out["op"], out["files"], out["values"] = "chart-values", files, values
	return out
}

// ---- manifests

func rendered() string {
	var b strings.Builder
	for i := r.Intn(4); i >= 0; i-- {
		b.WriteString(pick("---\n", "---\n", "--- # c\n", "---", " ---\n", "----\n", "\n", "------ x\n"))
		switch r.Intn(8) {
		case 0:
			b.WriteString(pick("# only a comment\n", "- list\n", "scalar", "kind: [\n", "a: b: c\n", "metadata: 5\n", "kind: {}\n"))
		case 1:
			b.WriteString("kind: 5\nmetadata: {annotations: {n: 1, b: true, f: 1.50}}\n")
		default:
			fmt.Fprintf(&b, "apiVersion: v1\nkind: %s\nmetadata:\n  name: %s\n", pick("Pod", "Service", "Zed", "Alpha", "Namespace", "ConfigMap", "Job"), pick("x", "y", "1"))
			if r.Intn(2) == 0 {
				fmt.Fprintf(&b, "  annotations:\n    helm.sh/hook: %s\n    helm.sh/hook-weight: %s\n", pick("pre-install", "test, Post-Install", "test-success", "nope", `""`, "pre-delete,pre-delete"),
					pick(`"5"`, "-3", "x", `"+7"`))
			}
		}
		b.WriteString(pick("", "\n", "\n\n", "\u00a0\n"))
	}
	return b.String()
}

func manifestsCase() row {
	files := map[string]string{}
	for i := r.Intn(3); i >= 0; i-- {
		files["c/templates/"+pick("a.yaml", "b.txt", "_p.yaml", "sub/z")] = rendered()
	}
	out := row{"op": "manifests", "files": files}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		out["error"] = err.Error()
		return out
	}
	list := []any{}
	for _, m := range manifests {
		list = append(list, []any{m.Name, m.Head.Kind, m.Content})
	}
	for _, h := range hooks {
		list = append(list, []any{h.Path, h.Kind, h.Name, h.Weight, h.Events, h.Manifest})
	}
	out["output"] = list
	return out
}

func write(path string, n int, one func() row) {
	f, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	enc := json.NewEncoder(f)
	enc.SetEscapeHTML(false)
	for done := 0; done < n; {
		if c := one(); c != nil {
			if err := enc.Encode(c); err != nil {
				log.Fatal(err)
			}
			done++
		}
	}
}

func main() {
	seed, n := flag.Int64("seed", 1, ""), flag.Int("n", 400, "")
	flag.Parse()
	r = rand.New(rand.NewSource(*seed))
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	log.SetOutput(io.Discard)
	write(filepath.Join(flag.Arg(0), "strvals.jsonl"), *n, strvalsCase)
	write(filepath.Join(flag.Arg(0), "values.jsonl"), *n, valuesCase)
	write(filepath.Join(flag.Arg(0), "manifests.jsonl"), *n, manifestsCase)
}
