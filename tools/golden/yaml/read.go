package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strings"
	"unicode/utf8"

	yaml2 "go.yaml.in/yaml/v2"
	yaml3 "go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

// What one text reads as, in one way; the fields of a driver request come first.
type reading struct {
	Op       string `json:"op"`
	Text     string `json:"text,omitempty"`
	TextB64  string `json:"text_b64,omitempty"`
	Rules    string `json:"rules,omitempty"`
	Emit     string `json:"emit,omitempty"`
	Strict   bool   `json:"strict,omitempty"`
	All      bool   `json:"all,omitempty"`
	Output   any    `json:"output,omitempty"`
	Error    string `json:"error,omitempty"`
	ErrorB64 string `json:"error_b64,omitempty"`
}

func text(s string) any {
	if utf8.ValidString(s) {
		return s
	}
	return map[string]string{"b64": base64.StdEncoding.EncodeToString([]byte(s))}
}

func v3Wide(v any) (string, error) {
	var b bytes.Buffer
	e := yaml3.NewEncoder(&b)
	e.SetIndent(2)
	err := e.Encode(v)
	e.Close()
	return b.String(), err
}

func readSigs(s string, strict bool, emit string) (string, error) {
	var v any
	read := sigs.Unmarshal
	if strict {
		read = sigs.UnmarshalStrict
	}
	if err := read([]byte(s), &v); err != nil {
		return "", err
	}
	if emit == "sigs" {
		b, err := sigs.Marshal(v)
		return string(b), err
	}
	return v3Wide(v)
}

func readV3(s, emit string) (string, error) {
	var v any
	if err := yaml3.Unmarshal([]byte(s), &v); err != nil {
		return "", err
	}
	if emit == "sigs" {
		b, err := sigs.Marshal(v)
		return string(b), err
	}
	return v3Wide(v)
}

func readAll(s string) (string, error) {
	var all []string
	for d := yaml3.NewDecoder(strings.NewReader(s)); ; {
		var v any
		if err := d.Decode(&v); err == io.EOF {
			return strings.Join(all, "---\n"), nil
		} else if err != nil {
			return "", err
		}
		b, err := v3Wide(v)
		if err != nil {
			return "", err
		}
		all = append(all, b)
	}
}

func nodes(s string) (docs []*yaml3.Node, err error) {
	d := yaml3.NewDecoder(strings.NewReader(s))
	for {
		var n yaml3.Node
		if err := d.Decode(&n); err == io.EOF {
			return docs, nil
		} else if err != nil {
			return nil, err
		}
		docs = append(docs, &n)
	}
}

func readKyaml(s string) (string, error) {
	docs, err := nodes(s)
	if err != nil || len(docs) == 0 {
		return "", err
	}
	var b bytes.Buffer
	for i, d := range docs {
		if i > 0 {
			b.WriteString("---\n")
		}
		e := yaml3.NewEncoder(&b)
		e.SetIndent(2)
		e.CompactSeqIndent()
		if err := e.Encode(d); err != nil {
			return "", err
		}
		e.Close()
	}
	return b.String(), nil
}

var kinds = map[yaml3.Kind]string{yaml3.DocumentNode: "doc", yaml3.SequenceNode: "seq", yaml3.MappingNode: "map", yaml3.ScalarNode: "scalar", yaml3.AliasNode: "alias"}

func dump(b *strings.Builder, n *yaml3.Node, depth int) {
	fmt.Fprintf(b, "%*s%s", depth, "", kinds[n.Kind])
	if n.Kind != yaml3.DocumentNode {
		style := "plain"
		switch {
		case n.Style&yaml3.DoubleQuotedStyle != 0:
			style = "double"
		case n.Style&yaml3.SingleQuotedStyle != 0:
			style = "single"
		case n.Style&yaml3.LiteralStyle != 0:
			style = "literal"
		case n.Style&yaml3.FoldedStyle != 0:
			style = "folded"
		case n.Style&yaml3.FlowStyle != 0:
			style = "flow"
		case n.Kind == yaml3.SequenceNode || n.Kind == yaml3.MappingNode:
			style = "block"
		case n.Kind == yaml3.AliasNode:
			style = "any"
		}
		fmt.Fprintf(b, " %d:%d %s", n.Line, n.Column, style)
		if n.Style&yaml3.TaggedStyle != 0 {
			fmt.Fprintf(b, " %s", n.Tag)
		}
		if n.Kind == yaml3.ScalarNode || n.Kind == yaml3.AliasNode {
			fmt.Fprintf(b, " %q", n.Value)
		}
	}
	for _, x := range []struct{ name, text string }{{"anchor", n.Anchor}, {"head", n.HeadComment}, {"line", n.LineComment}, {"foot", n.FootComment}} {
		if x.text != "" {
			fmt.Fprintf(b, " %s %q", x.name, x.text)
		}
	}
	b.WriteByte('\n')
	for _, c := range n.Content {
		dump(b, c, depth+1)
	}
}

// Lines end with line feeds here, a byte order mark is a column, and the end
// of the text is where it is; texts where go-yaml sees that differently are not
// asked for places.
func readTree(s string) (string, error) {
	if !strings.HasSuffix(s, "\n") || strings.ContainsAny(s, "\r\u0085\u2028\u2029\uFEFF") || strings.HasPrefix(s, "\xff\xfe") || strings.HasPrefix(s, "\xfe\xff") {
		panic("not asked")
	}
	docs, err := nodes(s)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, d := range docs {
		dump(&b, d, 0)
	}
	return b.String(), nil
}

var ways = []struct {
	r   reading
	run func(s string) (string, error)
}{
	{reading{Op: "yaml", Rules: "1.1", Emit: "sigs"}, func(s string) (string, error) { return readSigs(s, false, "sigs") }},
	{reading{Op: "yaml", Rules: "1.1", Emit: "sigs", Strict: true}, func(s string) (string, error) { return readSigs(s, true, "sigs") }},
	{reading{Op: "yaml", Rules: "1.1", Emit: "v3-wide"}, func(s string) (string, error) { return readSigs(s, false, "v3-wide") }},
	{reading{Op: "yaml", Rules: "1.2", Emit: "v3-wide"}, func(s string) (string, error) { return readV3(s, "v3-wide") }},
	{reading{Op: "yaml", Rules: "1.2", Emit: "sigs"}, func(s string) (string, error) { return readV3(s, "sigs") }},
	{reading{Op: "yaml", Rules: "1.2", Emit: "kyaml"}, readKyaml},
	{reading{Op: "yaml-tree"}, readTree},
	{reading{Op: "yaml", Rules: "1.2", Emit: "v3-wide", All: true}, readAll},
}

// The answer, unless the library crashes or changes its mind (Go's map order).
func record(e *json.Encoder, r reading, run func(s string) (string, error), s string) {
	defer func() { recover() }()
	out, err := run(s)
	for i := 0; i < 3; i++ {
		again, err2 := run(s)
		if again != out || fmt.Sprint(err2) != fmt.Sprint(err) {
			return
		}
	}
	if utf8.ValidString(s) {
		r.Text = s
	} else {
		r.TextB64 = base64.StdEncoding.EncodeToString([]byte(s))
	}
	switch {
	case err == nil:
		r.Output = text(out)
	case utf8.ValidString(err.Error()):
		r.Error = err.Error()
	default:
		r.ErrorB64 = base64.StdEncoding.EncodeToString([]byte(err.Error()))
	}
	if len(r.Error) > 4000 {
		return
	}
	e.Encode(r)
}

var _ = yaml2.Unmarshal

var soup = strings.Split("a|b|k|x|1|0x1|-1.5|~|null|true|yes|on|2001-01-01|<<|é|😀|\u2028|\u0085|: |:|:\n|- |-|-\n|? |?|, |,|[|]|{|}|[]|{}|#| #|# c\n| # c\n|\n|\n\n|\n |\n  |\n    |\r\n|\r| |  |\t|&a |*a|&b |*b|!!str |!!int |!!binary |! |!x |!<x> |!e!x |\"|'|\\|\\n|\\x41|\\u00e9|''|---\n|--- |...\n|%YAML 1.1\n|%TAG !e! tag:e,2000:\n|||>|\\|-\n|>+\n|2|+|%|@|`|\x00|\x7f|\uFEFF", "|")

func randomSoup(r *rand.Rand) string {
	var b strings.Builder
	for i, n := 0, 1+r.Intn(24); i < n; i++ {
		t := soup[r.Intn(len(soup))]
		if t == "" {
			t = "|"
		}
		b.WriteString(t)
	}
	return b.String()
}

func damage(r *rand.Rand, s string) string {
	for n := 1 + r.Intn(3); n > 0 && len(s) > 0; n-- {
		i := r.Intn(len(s))
		switch r.Intn(7) {
		case 0:
			s = s[:i] + s[i+1:]
		case 1:
			s = s[:i] + soup[r.Intn(len(soup))] + s[i:]
		case 2:
			s = s[:i] + soup[r.Intn(len(soup))] + s[i+1:]
		case 3:
			j := i + r.Intn(len(s)-i)
			s = s[:i] + s[j:]
		case 4:
			j := i + r.Intn(len(s)-i)
			s = s[:j] + s[i:j] + s[j:]
		case 5:
			s = s[:i]
		case 6:
			lines := strings.SplitAfter(s, "\n")
			a, b := r.Intn(len(lines)), r.Intn(len(lines))
			lines[a], lines[b] = lines[b], lines[a]
			s = strings.Join(lines, "")
		}
	}
	return s
}

func writeRead(path string, seed int64, count int, seeds []string) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	e := json.NewEncoder(f)
	e.SetEscapeHTML(false)
	r := rand.New(rand.NewSource(seed))
	for i := 0; i < count; i++ {
		var s string
		switch {
		case i < len(seeds):
			s = seeds[i]
		case r.Intn(3) == 0:
			s = randomSoup(r)
		case r.Intn(4) == 0:
			s = seeds[r.Intn(len(seeds))]
			for n := 1 + r.Intn(3); n > 0; n-- {
				s += "\n---\n" + damage(r, seeds[r.Intn(len(seeds))])
			}
		default:
			s = damage(r, seeds[r.Intn(len(seeds))])
		}
		if i < len(seeds) {
			for _, w := range ways {
				record(e, w.r, w.run, s)
			}
		} else {
			w := ways[r.Intn(len(ways))]
			record(e, w.r, w.run, s)
		}
	}
}
