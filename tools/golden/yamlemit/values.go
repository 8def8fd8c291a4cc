package main

import (
	"bufio"
	"fmt"
	"hash/fnv"
	"math"
	"math/rand"

	"go.yaml.in/yaml/v3"
)

type gen struct {
	r *rand.Rand
}

// Pieces that matter to an emitter, and words that do not.
var pieces = []string{
	"a", "b", "Z", "word", "longer words here", "0", "1", "9", "10", "007", "0x1F", "1e3", ".5", "1.", "-", "--",
	"---", "...", "+", "~", "null", "true", "yes", "y", "n", "No", "off", "on", ":", ": ", " :", "#", " #", "# ",
	",", "?", "? ", "[", "]", "{", "}", "&", "*", "!", "|", ">", "'", "\"", "%", "@", "`", "=", "<<", "<", " ", "  ",
	"   ", "\n", "\n\n", "\t", "\r", "\r\n", "\x00", "\x07", "\x1b", "\\", "/", "é", "\u00a0", "\u00ad", "\u2028",
	"\u2029", "\ufeff", "\ud7ff", "\ue000", "\ufffd", "\U0001F600", "中", "٠", "٩", "_", "2001-01-01",
	"2001-12-14t21:59:43.10-05:00", "12:30:45", "1:30", "190:20:30.15", "1_000", "-1", "+1", "1.5e+3", ".inf",
	".NaN", "nan", "0b11", "0o17", "08", "aaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
	"the quick brown fox jumps over the lazy dog ",
}

// What JSON text holds as it is and YAML does not read, or reads otherwise.
var rare = []string{"\u0085", "\x7f", "\u0080", "\u009f", "\ufffe", "\uffff", "\u0085\n", " \u0085 "}

func (g *gen) pick(from []string) string {
	return from[g.r.Intn(len(from))]
}

func (g *gen) text(odd float64) (s string) {
	for n := []int{0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 8, 15, 30}[g.r.Intn(14)]; n > 0; n-- {
		if g.r.Float64() < odd {
			s += g.pick(rare)
		} else {
			s += g.pick(pieces)
		}
	}
	return s
}

// Every place where a text can stand, with no map of two keys.
func places(s string) any {
	return []any{
		s,
		map[string]any{"k": s},
		map[string]any{s: "v"},
		[]any{[]any{s}},
		map[string]any{"k": []any{s, map[string]any{s: s}}},
		map[string]any{"k": map[string]any{s: []any{s}}},
		map[string]any{s: map[string]any{}},
	}
}

func scalar(s string, style yaml.Style) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s, Style: style}
}

func list(style yaml.Style, items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: style, Content: items}
}

func mapping(style yaml.Style, items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: style, Content: items}
}

// The same for nodes, in each style.
func nodePlaces(s string) *yaml.Node {
	all := list(0)
	for _, style := range []yaml.Style{0, yaml.SingleQuotedStyle, yaml.DoubleQuotedStyle, yaml.LiteralStyle,
		yaml.FoldedStyle} {
		n := scalar(s, style)
		all.Content = append(all.Content, n, list(0, n), mapping(0, scalar("k", 0), n),
			mapping(0, n, list(0, n)), list(yaml.FlowStyle, n, mapping(yaml.FlowStyle, n, n)))
	}
	return all
}

// strings.jsonl holds the texts, one a line; strings.sum one line for every 50
// of them: FNV-1a (64 bit) of all that is written of them, profile by profile.
func (g *gen) strings(dir string, n int) {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = g.text(0.003)
	}
	create(dir, "strings.jsonl", func(w *bufio.Writer) {
		for _, s := range texts {
			line(w, s)
		}
	})
	create(dir, "strings.sum", func(w *bufio.Writer) {
		for ; len(texts) > 0; texts = texts[50:] {
			a, b, c := fnv.New64a(), fnv.New64a(), fnv.New64a()
			for _, s := range texts[:50] {
				a.Write([]byte(writeSigs(s) + writeSigs(places(s))))
				b.Write([]byte(writeV3(s, true) + writeV3(places(s), true)))
				c.Write([]byte(writeV3(scalar(s, 0), false) + writeV3(nodePlaces(s), false)))
			}
			fmt.Fprintf(w, "%016x %016x %016x\n", a.Sum64(), b.Sum64(), c.Sum64())
		}
	})
}

func (g *gen) number() float64 {
	set := []float64{0, 1, -1, 1.5, 1e21, 1e20, 1e-7, 123456789, 1234567.891, 1e-5, 1 << 53, 1 << 63, 1 << 64,
		-(1 << 63), -1 << 62, math.Copysign(0, -1), 5e-324, math.MaxFloat64, 1e6, 123456, 1234567, 0.0001}
	switch g.r.Intn(4) {
	case 0:
		return g.r.NormFloat64() * 1e6
	case 1:
		return math.Float64frombits(g.r.Uint64()&^(0x7ff<<52) | uint64(g.r.Intn(0x7ff))<<52)
	}
	return set[g.r.Intn(len(set))]
}

func (g *gen) tree(depth int) any {
	switch p := g.r.Float64(); {
	case depth == 0 || p < 0.5:
		switch g.r.Intn(10) {
		case 0:
			return g.number()
		case 1:
			return []any{nil, true, false}[g.r.Intn(3)]
		}
		return g.text(0)
	case p < 0.7:
		items := make([]any, g.r.Intn(4))
		for i := range items {
			items[i] = g.tree(depth - 1)
		}
		return items
	}
	m := map[string]any{}
	for n := []int{0, 1, 2, 3, 5, 9}[g.r.Intn(6)]; n > 0; n-- {
		m[g.text(0)] = g.tree(depth - 1)
	}
	return m
}

// trees.jsonl: a JSON tree and how it is written. Maps whose order is left to
// chance, natural order being no order for every set of keys, are left out.
func (g *gen) trees(dir string, n int) {
	create(dir, "trees.jsonl", func(w *bufio.Writer) {
		for n > 0 {
			t := g.tree(1 + g.r.Intn(4))
			a, b := writeSigs(t), writeV3(t, true)
			stable := true
			for i := 0; i < 30 && stable; i++ {
				stable = writeSigs(t) == a && writeV3(t, true) == b
			}
			if stable && len(a)+len(b) < 3000 {
				line(w, map[string]any{"tree": t, "sigs": a, "v3": b, "compact": writeV3(t, false)})
				n--
			}
		}
	})
}

// keys.jsonl: sets of keys in their order, of v2 and of v3.
func (g *gen) keys(dir string, n int) {
	order := func(m map[string]any, write func(any) string) (out string) {
		for i := 0; i < 30; i++ {
			again := write(m)
			if i > 0 && again != out {
				return ""
			}
			out = again
		}
		return out
	}
	small := []string{"a", "b", "B", "1", "2", "10", "01", "0", "-", "_", ".", "é", "٠", "٩", "中", "/", "a1", "z9", "x"}
	create(dir, "keys.jsonl", func(w *bufio.Writer) {
		for n > 0 {
			m := map[string]any{}
			for k := 2 + g.r.Intn(4); k > 0; k-- {
				s := ""
				for j := g.r.Intn(4); j >= 0; j-- {
					s += g.pick(small)
				}
				m[s] = 1.0
			}
			a := order(m, writeSigs)
			b := order(m, func(v any) string { return writeV3(v, true) })
			if a != "" && b != "" {
				line(w, map[string]any{"tree": m, "sigs": a, "v3": b, "compact": b})
				n--
			}
		}
	})
}
