// Records what kyaml's PathGetter and PathMatcher find along the paths of
// kustomize's replacements: go run . [-seed N] [-n N] DIR writes N cases to
// DIR/fieldpath.jsonl.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/utils"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }

var names = []string{"name", "spec", "a", "b.c", "k8s.io/x", "image", "env", "0x"}

func scalar() string {
	return pick("x", "app", "nginx:1.0", "1", "80", "true", "1.5", `"quoted"`, `'single'`, `"80"`, "null", "a b", "x-y", "-jar",
		`'{"a": {"name": 1}, "l": [1, {"name": "x"}]}'`, `'["x", "y"]'`, `"a: 1\nb:\n- name: x\n"`)
}

func document(b *strings.Builder, indent, depth int) {
	pad := strings.Repeat("  ", indent)
	switch {
	case depth == 0 || r.Intn(5) == 0:
		b.WriteString(" " + scalar() + "\n")
	case r.Intn(12) == 0:
		b.WriteString(" " + pick("{}", "[]", "[1, 2]", "{name: x}", "[{name: x}, {name: y}]") + "\n")
	case r.Intn(2) == 0:
		b.WriteString("\n")
		for _, i := range r.Perm(len(names))[:r.Intn(4)+1] {
			b.WriteString(pad + names[i] + ":")
			document(b, indent+1, depth-1)
		}
	default:
		b.WriteString("\n")
		for i := r.Intn(3) + 1; i > 0; i-- {
			if r.Intn(3) > 0 {
				b.WriteString(pad + "- name: " + scalar() + "\n")
				if r.Intn(2) == 0 {
					b.WriteString(pad + "  " + pick("a", "image", "env") + ":")
					document(b, indent+2, depth-1)
				}
			} else {
				b.WriteString(pad + "- " + scalar() + "\n")
			}
		}
	}
}

func step() string {
	switch r.Intn(16) {
	case 0, 1, 2, 3, 4, 5:
		return strings.ReplaceAll(names[r.Intn(len(names))], ".", pick(`\.`, `\.`, "."))
	case 6:
		return "[b.c]"
	case 7, 8, 9:
		return "[name=" + pick("x", "app", "80", "^x$", ".", "nginx:1.0", "x|y", "quoted", `"`, "", "(", "1.5", "a=b", "{") + "]"
	case 10:
		return "[=" + pick("x", "1", "-jar", "^1$", ".*", "") + "]"
	case 11:
		return pick("0", "1", "2", "9", "-1", "+1", "00", "99999999999999999999")
	case 12:
		return "*"
	case 13:
		return "-"
	default:
		return pick("[x]", "[", "]", "[]", "[x", "x]", "", " a ", "[name]", "[=", "[a=b", `\`, "é")
	}
}

func path() string {
	var parts []string
	for i := r.Intn(4) + 1; i > 0; i-- {
		parts = append(parts, step())
	}
	return pick("", "", "", "", ".") + strings.Join(parts, ".")
}

// A path that leads somewhere, mostly.
func along(n *yaml.RNode) string {
	var parts []string
	for r.Intn(8) > 0 {
		switch n.YNode().Kind {
		case yaml.MappingNode:
			fields, _ := n.Fields()
			if len(fields) == 0 {
				return strings.Join(parts, ".")
			}
			f := fields[r.Intn(len(fields))]
			if strings.Contains(f, ".") && r.Intn(2) == 0 {
				parts = append(parts, "["+f+"]")
			} else {
				parts = append(parts, strings.ReplaceAll(f, ".", `\.`))
			}
			n = n.Field(f).Value
		case yaml.SequenceNode:
			elements, _ := n.Elements()
			if len(elements) == 0 {
				return strings.Join(parts, ".")
			}
			i := r.Intn(len(elements))
			n = elements[i]
			name := n.Field("name")
			switch {
			case r.Intn(4) == 0:
				parts = append(parts, pick("*", "-"))
			case name != nil && r.Intn(3) > 0:
				parts = append(parts, "[name="+name.Value.YNode().Value+"]")
			case n.YNode().Kind == yaml.ScalarNode && r.Intn(2) == 0:
				parts = append(parts, "[="+n.YNode().Value+"]")
			default:
				parts = append(parts, fmt.Sprint(i))
			}
		default:
			if r.Intn(3) == 0 {
				parts = append(parts, step())
			}
			return strings.Join(parts, ".")
		}
	}
	if r.Intn(4) == 0 {
		parts = append(parts, step())
	}
	return strings.Join(parts, ".")
}

type answer struct {
	list []string
	err  error
}

func ask(doc, p, mode string, create yaml.Kind) (a answer, crashed bool) {
	defer func() {
		if recover() != nil {
			crashed = true
		}
	}()
	n, err := yaml.Parse(doc)
	if err != nil {
		log.Fatal(doc, err)
	}
	parts := utils.SmarterPathSplitter(p, ".")
	a.list = []string{}
	if mode == "get" {
		found, err := n.Pipe(yaml.Lookup(parts...))
		if err != nil {
			return answer{err: err}, false
		}
		if found != nil {
			s, err := found.String()
			if err != nil {
				log.Fatal(err)
			}
			a.list = append(a.list, s)
		}
		return a, false
	}
	found, err := n.Pipe(&yaml.PathMatcher{Path: parts, Create: create})
	if err != nil {
		return answer{err: err}, false
	}
	elements, err := found.Elements()
	if err != nil {
		return answer{err: err}, false
	}
	for _, e := range elements {
		if y := e.YNode(); y.Kind == yaml.ScalarNode && y.Value == "" && y.Tag == "" {
			y.Value = "made" // or else it has no printed form
		}
	}
	for _, e := range append(elements, n) {
		s, err := e.String()
		if err != nil {
			return answer{}, true // a node that nobody can print
		}
		a.list = append(a.list, s)
	}
	return a, false
}

func main() {
	seed := flag.Int64("seed", 1, "")
	count := flag.Int("n", 3000, "")
	flag.Parse()
	r = rand.New(rand.NewSource(*seed))
	f, err := os.Create(filepath.Join(flag.Arg(0), "fieldpath.jsonl"))
	if err != nil {
		log.Fatal(err)
	}
	e := json.NewEncoder(f)
	e.SetEscapeHTML(false)
	kinds := map[string]yaml.Kind{"scalar": yaml.ScalarNode, "map": yaml.MappingNode, "list": yaml.SequenceNode}
	for i := 0; i < *count; {
		var b strings.Builder
		document(&b, 0, 4)
		doc := strings.TrimPrefix(strings.TrimPrefix(b.String(), " "), "\n")
		n, err := yaml.Parse(doc)
		if err != nil {
			log.Fatal(doc, err)
		}
		p := path()
		if r.Intn(2) == 0 {
			p = along(n)
		}
		o := map[string]any{"op": "fieldpath", "doc": doc, "path": p, "mode": pick("get", "match")}
		create := ""
		if o["mode"] == "match" && r.Intn(3) == 0 {
			create = pick("scalar", "map", "list")
			o["create"] = create
			// keys that are made have no tag, and may turn into numbers; a root
			// that is a scalar is replaced by something without a printed form
			if strings.Contains("."+p+".", "..") || strings.Contains(p, "999") || strings.Contains(p, "-1") || n.YNode().Kind == yaml.ScalarNode {
				continue
			}
			// kustomize makes an item again and again when it does not match
			// its own pattern, or leads nowhere
			if strings.Contains(p, "=") && (strings.Contains(doc, "null") || !plain(p)) {
				continue
			}
		}
		a, crashed := ask(doc, p, o["mode"].(string), kinds[create])
		if crashed || (a.err == nil && len(a.list) == 0 && r.Intn(4) > 0) {
			continue
		}
		if a.err != nil {
			o["error"] = a.err.Error()
		} else {
			o["output"] = a.list
		}
		if err := e.Encode(o); err != nil {
			log.Fatal(err)
		}
		i++
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

// No pattern in it but words.
func plain(p string) bool {
	for _, part := range utils.SmarterPathSplitter(p, ".") {
		if strings.HasPrefix(part, "[") && strings.ContainsAny(strings.TrimPrefix(strings.TrimPrefix(part, "[name="), "[="), "^$(.*|{\"'=+?\\\n") {
			return false
		}
	}
	return true
}
