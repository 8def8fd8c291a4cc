package main

import (
	"bufio"

	"go.yaml.in/yaml/v3"
)

// A node as the recorded files hold it; what is empty is left out.
type node struct {
	Kind   string  `json:"kind"` // seq, map, alias, or a scalar's: str, int ...
	Text   string  `json:"text,omitempty"`
	Style  string  `json:"style,omitempty"` // plain when left out
	Tag    string  `json:"tag,omitempty"`
	Anchor string  `json:"anchor,omitempty"`
	Head   string  `json:"head,omitempty"`
	Line   string  `json:"line,omitempty"`
	Foot   string  `json:"foot,omitempty"`
	Nodes  []*node `json:"nodes,omitempty"`
}

var styles = map[string]yaml.Style{
	"single": yaml.SingleQuotedStyle, "double": yaml.DoubleQuotedStyle, "literal": yaml.LiteralStyle,
	"folded": yaml.FoldedStyle, "flow": yaml.FlowStyle, "": 0,
}

func (n *node) yaml() *yaml.Node {
	to := &yaml.Node{
		Kind: yaml.ScalarNode, Tag: "!!" + n.Kind, Value: n.Text, Style: styles[n.Style], Anchor: n.Anchor,
		HeadComment: n.Head, LineComment: n.Line, FootComment: n.Foot,
	}
	switch n.Kind {
	case "seq":
		to.Kind = yaml.SequenceNode
	case "map":
		to.Kind = yaml.MappingNode
	case "alias":
		to.Kind, to.Tag = yaml.AliasNode, ""
	}
	if n.Kind == "str" && n.Style == "" && n.Text == "<<" {
		to.Tag = "!!merge"
	}
	if n.Tag != "" {
		to.Tag = n.Tag
		to.Style |= yaml.TaggedStyle
	}
	for _, c := range n.Nodes {
		to.Content = append(to.Content, c.yaml())
	}
	return to
}

var comments = []string{
	"# c", "# c", "# a\n# b", "no hash", "# x\n\n# y", "#", "# é", "# trailing ", "# a\n", "\n# a",
}

func (g *gen) sometimes(p float64, from ...string) string {
	if g.r.Float64() < p {
		return g.pick(from)
	}
	return ""
}

func (g *gen) scalarNode() *node {
	typed := []node{
		{Kind: "null"}, {Kind: "null", Text: "~"}, {Kind: "null", Text: "null"}, {Kind: "bool", Text: "true"},
		{Kind: "bool", Text: "FALSE"}, {Kind: "int", Text: "0x1F"}, {Kind: "int", Text: "1_000"},
		{Kind: "float", Text: "1.50"}, {Kind: "float", Text: ".inf"}, {Kind: "timestamp", Text: "2001-1-1"},
		{Kind: "float", Text: "2.0.1"}, {Kind: "int", Text: "x", Style: "double"},
		{Kind: "null", Text: "5", Style: "single"}, {Kind: "bool", Text: "yes"}, {Kind: "int", Text: "2001-01-01"},
		{Kind: "int", Text: "7", Style: "double"},
		{Kind: "str", Text: "<<"}, {Kind: "str", Text: "a"}, {Kind: "str", Text: "key"}, {Kind: "str", Text: ""},
	}
	if g.r.Intn(2) == 0 {
		n := typed[g.r.Intn(len(typed))]
		return &n
	}
	return &node{Kind: "str", Text: g.text(0), Style: g.sometimes(0.5, "single", "double", "literal", "folded")}
}

// p: how often a node gets a comment of each kind.
func (g *gen) node(depth int, p float64) *node {
	var n *node
	switch k := g.r.Float64(); {
	case depth == 0 || k < 0.4:
		n = g.scalarNode()
	case k < 0.45:
		n = &node{Kind: "alias", Text: g.pick([]string{"a", "b1", "x-y_Z"})}
	case k < 0.65:
		n = &node{Kind: "seq", Style: g.sometimes(0.3, "flow")}
		for i := g.r.Intn(4); i > 0; i-- {
			n.Nodes = append(n.Nodes, g.node(depth-1, p))
		}
	default:
		n = &node{Kind: "map", Style: g.sometimes(0.25, "flow")}
		for i := g.r.Intn(5); i > 0; i-- {
			if g.r.Intn(12) == 0 {
				n.Nodes = append(n.Nodes, g.node(depth-1, p))
			} else {
				k := g.scalarNode()
				g.decorate(k, p)
				n.Nodes = append(n.Nodes, k)
			}
			n.Nodes = append(n.Nodes, g.node(depth-1, p))
		}
	}
	g.decorate(n, p)
	return n
}

func (g *gen) decorate(n *node, p float64) {
	n.Head = g.sometimes(p, comments...)
	n.Line = g.sometimes(p, comments...)
	n.Foot = g.sometimes(p, comments...)
	if n.Kind == "alias" {
		return
	}
	n.Anchor = g.sometimes(0.04, "a", "b1", "x-y_Z", "bad anchor", "é")
	n.Tag = g.sometimes(0.04, "!!str", "!!int", "!!binary", "!custom", "!a/b?é", "foo:bar", "!!", "!!map", "!x y")
}

// nodes.jsonl: kept documents with all that can stand around a node.
func (g *gen) nodes(dir string, n int) {
	create(dir, "nodes.jsonl", func(w *bufio.Writer) {
		for n > 0 {
			p := []float64{0, 0.02, 0.1, 0.3}[g.r.Intn(4)]
			root := g.node(1+g.r.Intn(4), p)
			doc := &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root.yaml()},
				HeadComment: g.sometimes(p, comments...), FootComment: g.sometimes(p, comments...)}
			wide := g.r.Intn(3) == 0
			out := writeV3(doc, wide)
			if out == "" || len(out) > 1500 {
				continue
			}
			line(w, map[string]any{"head": doc.HeadComment, "foot": doc.FootComment, "wide": wide,
				"root": root, "want": out})
			n--
		}
	})
}
