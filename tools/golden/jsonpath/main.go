// Records what k8s.io/client-go/util/jsonpath answers: go run . [-seed N] [-n N] DIR
// writes N cases to DIR/jsonpath.jsonl. Cases whose answer changes from run to
// run (Go's map order) and those that crash the original are left out.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"k8s.io/client-go/util/jsonpath"
)

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }

// ---- documents

var names = []string{"a", "b", "items", "x.y", "k8s.io/n", "", "é", "it's", "1", "true"}

func name() string { return names[r.Intn(len(names))] }

func scalar() string {
	return pick(`1`, `2`, `-1`, `0`, `1.5`, `1e21`, `1e-7`, `100`, `9007199254740993`, `9223372036854775807`,
		`9223372036854775808`, `"a"`, `"b"`, `""`, `"x y"`, `"<é>"`, `true`, `false`, `null`, `"1"`, `2.0`)
}

func document(depth int) string {
	if depth == 0 || r.Intn(4) == 0 {
		return scalar()
	}
	var parts []string
	n := r.Intn(4)
	if r.Intn(2) == 0 {
		same := r.Intn(2) == 0
		shape := r.Int63()
		for i := 0; i < n; i++ {
			if same {
				// items of one shape, as lists of objects have
				keep := r
				r = rand.New(rand.NewSource(shape))
				k := name()
				r = keep
				parts = append(parts, fmt.Sprintf(`{%q:%s,"a":%s}`, k, document(depth-1), scalar()))
			} else {
				parts = append(parts, document(depth-1))
			}
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	for i := 0; i < n; i++ {
		k, _ := json.Marshal(name())
		parts = append(parts, string(k)+":"+document(depth-1))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// ---- templates

func index() string {
	return pick("0", "1", "-1", "-2", "2", "9", "*", "", ":", "0:1", "1:", ":2", ":-1", "-2:", "::2", "0:3:2", "::0", "2:1",
		"-9:", "-", "a", "1.5", "99999999999999999999", "0:1:2:3", " 0", "::-1", "-1:0", "1:1")
}

func quoted() string {
	s := pick("a", "b", "", "x y", "it", `\n`, `\t\\`, `\"`, `\'`, `\x41`, `\u00e9`, `\q`, `a)b`, `]`, "{}")
	if r.Intn(2) == 0 {
		return "'" + s + "'"
	}
	return `"` + s + `"`
}

func operand() string {
	switch r.Intn(8) {
	case 0:
		return quoted()
	case 1:
		return pick("1", "2", "1.5", "-1", "true", "false", "0", "+3", "1.2.3", "1e3")
	case 2:
		return pick("@", "$", "", " @.a ", "@.*", "@..a")
	default:
		return "@" + strings.Repeat(step(0), r.Intn(2)+1)
	}
}

func filter() string {
	if r.Intn(4) == 0 {
		return "[?(" + operand() + ")]"
	}
	return "[?(" + operand() + pick("==", "==", "==", "!=", "<", ">", "<=", ">=", "=", "=!", " == ", "===") + operand() + ")]"
}

func step(depth int) string {
	switch r.Intn(14) {
	case 0, 1, 2, 3:
		return "." + strings.NewReplacer(".", pick(`\.`, "."), "/", pick("/", `\/`)).Replace(name())
	case 4:
		return "[" + index() + "]"
	case 5:
		return "[*]"
	case 6:
		return ".*"
	case 7:
		return ".." + pick("a", "b", "", "*", "[0]", "items")
	case 8:
		return "['" + strings.ReplaceAll(name(), ".", `\.`) + "']"
	case 9:
		return "[" + pick("'a','b'", "0,1", "0, 1", "'a',", "*,0", ",", "'a', 'items'", "a,b", "0:1,2") + "]"
	case 10, 11:
		if depth > 0 {
			return filter()
		}
		return ".a"
	default:
		return pick("", ".", "@", "$", " ", "..", "[", "]", "!", "#", "~", "\t", "é", "_a", "1", "-", `\`, "\n", "range ", "end", "true", `"t"`, "(")
	}
}

func action(depth int) string {
	var b strings.Builder
	for i := r.Intn(4) + 1; i > 0; i-- {
		if r.Intn(4) == 0 {
			b.WriteString(step(1))
		} else {
			b.WriteString(pick(".a", ".items", "[*]", "..a", ".*", "@", "[0]", "[-1:]", filter()))
		}
	}
	return b.String()
}

func template(depth int) string {
	var b strings.Builder
	for i := r.Intn(3) + 1; i > 0; i-- {
		switch r.Intn(8) {
		case 0:
			b.WriteString(pick("text", " ", "\n", "é", "}", "a}b", "\xff", ""))
		case 1:
			b.WriteString("{" + quoted() + "}")
		case 2, 3:
			if depth > 0 {
				b.WriteString("{range " + action(depth) + "}" + template(depth-1) + pick("{end}", "{end}", "{end}", ""))
				continue
			}
			fallthrough
		default:
			b.WriteString("{" + action(depth) + pick("}", "}", "}", "}", "}", "}", "}", "}", "}", "}", ""))
		}
	}
	return b.String()
}

func mutate(s string) string {
	if r.Intn(5) > 0 || len(s) == 0 {
		return s
	}
	i := r.Intn(len(s))
	switch r.Intn(3) {
	case 0:
		return s[:i] + s[i+1:]
	case 1:
		return s[:i] + pick("{", "}", "[", "]", "'", `"`, ".", "\\", ",", "(", ")", "?", "@", "=", "é", "\xff", "\n") + s[i:]
	default:
		return s[:i] + s[i:i+1] + s[i:]
	}
}

// ---- answers

// The numbers of a document as kubectl holds them.
func decode(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return convert(v), nil
}

func convert(v any) any {
	switch v := v.(type) {
	case json.Number:
		if i, err := v.Int64(); err == nil {
			return i
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = convert(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = convert(v[k])
		}
	}
	return v
}

func ask(doc, template string, missing bool) (out string, crashed bool, err error) {
	defer func() {
		if e := recover(); e != nil {
			crashed = true
		}
	}()
	v, err := decode(doc)
	if err != nil {
		log.Fatal(doc, err)
	}
	j := jsonpath.New("x").AllowMissingKeys(missing)
	if err := j.Parse(template); err != nil {
		return "", false, err
	}
	var b bytes.Buffer
	err = j.Execute(&b, v)
	return b.String(), false, err
}

func said(out string, err error) string {
	if err != nil {
		return "!" + err.Error()
	}
	return out
}

func field(b *bytes.Buffer, key, value string) {
	if utf8.ValidString(value) {
		e := json.NewEncoder(b)
		e.SetEscapeHTML(false)
		fmt.Fprintf(b, ",%q:", key)
		if err := e.Encode(value); err != nil {
			log.Fatal(err)
		}
		b.Truncate(b.Len() - 1)
		return
	}
	fmt.Fprintf(b, ",%q:%q", key+"_b64", base64.StdEncoding.EncodeToString([]byte(value)))
}

func record() (string, bool) {
	doc, t, missing := document(4), mutate(template(2)), r.Intn(2) == 0
	out, crashed, err := ask(doc, t, missing)
	for i := 0; i < 12 && !crashed; i++ {
		again, _, e := ask(doc, t, missing)
		if said(again, e) != said(out, err) {
			return "", false
		}
	}
	// most templates of this kind fail early: keep some of those only
	if crashed || (err != nil && r.Intn(4) > 0) || (err == nil && out == "" && r.Intn(3) > 0) {
		return "", false
	}
	var b bytes.Buffer
	b.WriteString(`{"op":"jsonpath"`)
	field(&b, "doc", doc)
	field(&b, "template", t)
	if missing {
		b.WriteString(`,"allow_missing":true`)
	}
	switch {
	case err != nil:
		field(&b, "error", err.Error())
	case utf8.ValidString(out):
		field(&b, "output", out)
	default:
		fmt.Fprintf(&b, `,"output":{"b64":%q}`, base64.StdEncoding.EncodeToString([]byte(out)))
	}
	b.WriteString("}\n")
	return b.String(), true
}

func main() {
	seed := flag.Int64("seed", 1, "")
	n := flag.Int("n", 6000, "")
	flag.Parse()
	r = rand.New(rand.NewSource(*seed))
	f, err := os.Create(filepath.Join(flag.Arg(0), "jsonpath.jsonl"))
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	for i := 0; i < *n; {
		if line, ok := record(); ok {
			if _, err := f.WriteString(line); err != nil {
				log.Fatal(err)
			}
			i++
		}
	}
}
