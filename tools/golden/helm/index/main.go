// Records what Helm makes of repository indexes: go run ./index [-seed N]
// [-n N] [FILE...] > index.jsonl. The indexes are made up, cut about and laid
// out in several ways, or read from the files.
package main

import (
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

	repo "helm.sh/helm/v4/pkg/repo/v1"
	"sigs.k8s.io/yaml"
)

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }
func one(n int) bool          { return r.Intn(n) == 0 }

type row map[string]any

var versions = []string{"1.0.0", "1.2.3", "v1.2.3", "1.2.3+a", "1.2.3+b", "2.0.0-rc.1", "2.0.0", "0.1", "10.1.0", "1.10.0", "1.9.0", "01.2.0", "3"}

func version() map[string]any {
	v := map[string]any{"name": pick("a", "podinfo", "x-y"), "version": pick(versions...), "apiVersion": pick("v1", "v2"),
		"urls": []any{pick("https://h/a.tgz", "a.tgz", "charts/a+1.tgz")}, "created": pick("2026-07-22T08:38:48.962904122Z", "2016-10-06T16:23:20.499814565-06:00", "2020-01-02T03:04:05.500Z"),
		"digest": pick("3d4a", "sha256:00")}
	if one(2) {
		v["description"] = pick("A chart", "two\nlines\n", "with <b> & \"q\"", "tab\tin", "  spaces  ", "a: b", "é\u2028x", "long "+strings.Repeat("word ", 30))
	}
	if one(3) {
		v["maintainers"] = []any{map[string]any{"url": "u", "name": "n", "email": pick("e", "")}, map[string]any{"name": "m"}}
	}
	if one(3) {
		v["dependencies"] = []any{map[string]any{"name": "d", "version": "1.x", "repository": pick("", "https://x")}, map[string]any{"name": pick("d", "e"), "tags": []any{"t"}, "import-values": []any{map[string]any{"parent": "p", "child": "c"}, "s"}, "enabled": one(2)}}
	}
	if one(3) {
		v["annotations"] = map[string]any{"z": "1", "a/b": pick("- kind: x\n  text: y\n", "x"), "artifacthub.io/changes": "- a\n- b\n"}
	}
	if one(4) {
		v["keywords"] = []any{"k", "l"}
		v["sources"] = []any{}
		v["type"] = pick("application", "library", "")
		v["deprecated"] = one(2)
		v["appVersion"] = pick("1", "v2")
		v["kubeVersion"] = ">=1.0"
		v["icon"], v["home"], v["condition"], v["tags"] = "i", "h", "c", "t"
	}
	for one(6) {
		switch r.Intn(14) {
		case 0:
			v["version"] = pick("", "latest", "1.2.3.4", "1.2.3-")
		case 1:
			delete(v, pick("name", "version", "apiVersion", "urls", "created", "digest"))
		case 2:
			v[pick("name", "version", "apiVersion", "urls", "created", "digest", "dependencies", "maintainers")] = nil
		case 3:
			v["name"] = pick("..", "a/b", ".")
		case 4:
			v["type"] = "other"
		case 5:
			v["maintainers"] = []any{nil}
		case 6:
			v["removed"] = true
			v["engine"], v["checksum"], v["tillerVersion"], v["url"] = "gotpl", "c", "t", "u"
		case 7:
			v[pick("version", "appVersion")] = []any{1.5, 1, 6.10, true, 1e3}[r.Intn(5)]
		case 8:
			v[pick("version", "urls", "digest", "maintainers", "name", "deprecated", "annotations")] = pickAny()
		case 9:
			v[pick("unknown", "Version", "NAME")] = "x"
		case 10:
			v["created"] = []any{"yesterday", "2020-01-02", 5, "", "2020-01-02T03:04:05", "2020-01-02t03:04:05z"}[r.Intn(6)]
		case 11:
			v["dependencies"] = []any{map[string]any{"name": "d", "alias": "x"}, map[string]any{"name": "e", "alias": pick("x", "b@d")}, nil}[:2+r.Intn(2)]
		case 12:
			v["digest"] = ""
		case 13:
			v["annotations"] = map[string]any{"n": pickAny()}
		}
	}
	return v
}

func pickAny() any {
	return []any{1, 1.5, true, "s", []any{"x"}, map[string]any{"k": "v"}, []any{map[string]any{"a": 1}}}[r.Intn(7)]
}

func index() map[string]any {
	entries := map[string]any{}
	for i := r.Intn(4); i > 0; i-- {
		list := []any{}
		for k := r.Intn(5); k > 0; k-- {
			list = append(list, version())
		}
		if one(12) {
			list = append(list, nil)
		}
		entries[pick("podinfo", "a", "b.c", "x-y", "1.0", "true", "a/b")] = list
		if one(15) {
			entries["null-list"] = nil
		}
	}
	ix := map[string]any{"apiVersion": "v1", "entries": entries, "generated": pick("2026-07-22T08:38:48.962904122Z", "2020-01-02T03:04:05+02:00")}
	if one(4) {
		ix["serverInfo"] = map[string]any{"contextPath": "/api", "n": 1.5, "b": true}
	}
	if one(5) {
		ix["publicKeys"] = []any{"k"}
		ix["annotations"] = map[string]any{"z": "1", "a": "2"}
	}
	for one(8) {
		switch r.Intn(6) {
		case 0:
			delete(ix, pick("apiVersion", "generated", "entries"))
		case 1:
			ix[pick("apiVersion", "generated", "entries", "serverInfo", "annotations")] = pickAny()
		case 2:
			ix[pick("apiVersion", "generated", "entries", "serverInfo")] = nil
		case 3:
			ix["extra"] = "x"
		case 4:
			ix["entries"] = map[string]any{}
		case 5:
			ix["entries"] = map[string]any{"a": pickAny()}
		}
	}
	return ix
}

func text() string {
	ix := index()
	if one(4) {
		b, _ := json.MarshalIndent(ix, "", pick("", " ", "\t"))
		if one(2) {
			b, _ = json.Marshal(ix)
		}
		return mangle(string(b))
	}
	b, err := yaml.Marshal(ix)
	if err != nil {
		log.Fatal(err)
	}
	s := string(b)
	if one(5) { // lists one further in
		var lines []string
		in := false
		for _, l := range strings.Split(s, "\n") {
			if !strings.HasPrefix(l, " ") {
				in = false
			}
			if in && len(l) > 2 && (l[2] == ' ' || l[2] == '-') {
				l = "  " + l
			}
			if l == "entries:" {
				in = true
			}
			lines = append(lines, l)
		}
		s = strings.Join(lines, "\n")
	}
	if one(5) {
		s = "---\n# an index\n" + s
	}
	if one(8) {
		s = strings.ReplaceAll(s, "\n", "\r\n")
	}
	return mangle(s)
}

func mangle(s string) string {
	if one(3) {
		lines := strings.Split(s, "\n")
		for k := r.Intn(3); k >= 0 && len(lines) > 1; k-- {
			i := r.Intn(len(lines))
			switch r.Intn(9) {
			case 0:
				lines = append(lines[:i], lines[i+1:]...)
			case 1:
				lines = append(lines[:i+1], lines[i:]...)
			case 2:
				lines[i] = pick(" ", "  ", "\t") + lines[i]
			case 3:
				lines[i] = strings.TrimPrefix(lines[i], "  ")
			case 4:
				lines[i] += pick(" # note", "&x", " \"", "'", ":", "   ", "{", "|", "\x00")
			case 5:
				lines[i] = pick("# comment", "", "   # comment", "...", "---", "  podinfo:", "entries:", "- x", "  - x", "  'q u': []", "  e: []", "  e: {}", "  e:", "  \"podinfo\":", "  a: &a []", "  b: *a", "  ? x", "%YAML 1.1", "\u2028  x:")
			case 6:
				lines[i] = lines[i][:r.Intn(len(lines[i])+1)]
			case 7:
				lines = lines[:i+1]
			case 8:
				lines[i] = strings.Replace(lines[i], pick(":", "-", "\"", " "), pick("", ": ", "- ", "'"), 1)
			}
			if len(lines) == 0 {
				return ""
			}
		}
		s = strings.Join(lines, "\n")
	}
	return s
}

var ranges = []string{"", "*", "1.2.3", "v1.2.3", "^1", "1.x", ">=2.0.0-0", "10.x", ">0.0.0-0", "1.2.3+a", "nope", "~1.2", "2.0.0-rc.1", "99"}

func record(s string) (out row) {
	if strings.ContainsRune(s, 0xfffd) {
		return nil
	}
	dir, err := os.MkdirTemp("", "index")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	defer func() {
		if e := recover(); e != nil {
			out = nil
		}
	}()
	file := filepath.Join(dir, "i")
	os.WriteFile(file, []byte(s), 0o600)
	out = row{"op": "repo-index", "text": s}
	ix, err := repo.LoadIndexFile(file)
	if err != nil {
		out["error"] = strings.TrimPrefix(err.Error(), "error loading "+file+": ")
		return out
	}
	b, err := json.MarshalIndent(ix, "", "  ")
	if err != nil {
		return nil
	}
	picks := []any{}
	for k := 0; k < 4; k++ {
		name, rng := pick("podinfo", "a", "x-y", "1.0"), pick(ranges...)
		cv, err := ix.Get(name, rng)
		if err != nil {
			picks = append(picks, []string{name, rng, "error: " + err.Error()})
		} else {
			picks = append(picks, []string{name, rng, cv.Version})
		}
	}
	out["picks"] = picks
	out["output"] = row{"json": string(b), "picks": picks}
	return out
}

var times = strings.NewReplacer("yesterday", good, `2020-01-02"`, good+`"`, `created": 5`, `created": null`, `created":5`, `created":null`, `created: 5`,
	`created:`, `created": ""`, `created": null`, `created":""`, `created":null`, `created: ""`, `created:`, `03:04:05"`, `03:04:05Z"`, `03:04:05z`, `03:04:05Z`)

const good = "2020-01-02T03:04:05Z"

// A bad time ends Go's decoder at once and hides mistakes that come before
// it; we tell the first one.
func shadowed(s string, a row) bool {
	if a["error"] == nil || times.Replace(s) == s {
		return false
	}
	return record(times.Replace(s))["error"] != nil
}

func main() {
	seed, n := flag.Int64("seed", 1, ""), flag.Int("n", 600, "")
	flag.Parse()
	r = rand.New(rand.NewSource(*seed))
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	put := func(s string) {
		a := record(s)
		if a == nil || shadowed(s, a) {
			return
		}
		for i := 0; i < 4; i++ { // Go's map order
			state := r.Int63()
			r.Seed(state)
			b := record(s)
			if b == nil || fmt.Sprint(a["error"]) != fmt.Sprint(b["error"]) {
				return
			}
		}
		enc.Encode(a)
	}
	for _, f := range flag.Args() {
		b, err := os.ReadFile(f)
		if err != nil {
			log.Fatal(err)
		}
		put(string(b))
	}
	for i := 0; i < *n; i++ {
		put(text())
	}
}
