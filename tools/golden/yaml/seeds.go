package main

import (
	"strings"
	"unicode/utf16"
)

func utf16Text(s string, big bool) string {
	var b strings.Builder
	put := func(u uint16) {
		if big {
			b.WriteByte(byte(u >> 8))
			b.WriteByte(byte(u))
		} else {
			b.WriteByte(byte(u))
			b.WriteByte(byte(u >> 8))
		}
	}
	put(0xfeff)
	for _, u := range utf16.Encode([]rune(s)) {
		put(u)
	}
	return b.String()
}

var seeds = []string{
	"",
	"\n",
	"# only a comment\n",
	"a",
	"---\n",
	"---\n---\n...\n",
	"a: 1\nb: two\nc:\n- x\n- y: z\n  w: v\nd: {e: f, g: [1, 2]}\n",
	"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cm\n  labels:\n    app: x\n    \"tier\": 'web'\ndata:\n  key: \"value\"\n  script: |\n    #!/bin/sh\n    echo hi\n\n    exit 0\n  folded: >-\n    one\n    two\n\n    three\n     more\n    end\n",
	"# head of document\n\n# head of first\nfirst: 1 # line\n# foot of first\n\n# head of second\nsecond:\n  # head of nested\n  nested: x # nested line\n  # foot of nested\n# head of third\nthird: y\n# foot of all\n",
	"list:\n# head of one\n- one # line of one\n# foot of one\n\n- two\n  # deeper\n- # about what follows\n  a: 1\n  b: 2 # b\n- - x # x\n  - y\n# end\n",
	"a: # about a\n  b: 1\nc: # about c\n  - 1\n  - 2\nd:\n  # only a comment\ne: | # literal\n  text\nf: > # folded\n  text\n",
	"{a: 1, # one\n b: 2, # two\n # three\n c: 3\n # end\n}\n",
	"[a, # one\n b, # two\n # three\n c\n # end\n]\n",
	"- a\n\n# one\n# two\n\n# three\n- b\n\n\n# four\n\n- c\n# five\n\n# six\n",
	"a:\n  b:\n    c: 1\n    # at c\n  # at b\n# at a\nd: 2\n",
	"a:\n  b:\n    c: 1\n\n    # at c\n\n  # at b\n\n# at a\n\nd: 2\n",
	"# one\n---\n# two\na: 1\n# three\n---\n# four\nb: 2\n...\n# five\n",
	"%YAML 1.1\n%TAG !e! tag:example.com,2000:\n---\n!e!foo {a: !!str 1, b: !<tag:yaml.org,2002:int> \"2\", c: ! x}\n",
	"base: &base\n  a: 1\n  b: [x, y]\nother:\n  <<: *base\n  b: own\nlist:\n- <<: [*base, {c: 3, a: 9}]\n- *base\n",
	"- &a 1\n- &b x\n- [*a, *b]\n- ? *a\n  : *b\n- *a : c\n",
	"&x {k: &y v, z: *y}\n",
	"a: &a [*a]\n",
	"a: *nowhere\n",
	"<<: {a: 1}\na: 2\n<<: {b: 1}\n",
	"x: &m {1: a, b: c}\ny:\n  <<: *m\n  d: e\nz: {<<: *m, 1: own}\n",
	"<<: &l [1, 2]\n", "<<: x\n", "<<:\n- a: 1\n- x\n", "\"<<\": {a: 1}\n", "!!merge <<: {a: 1}\nb: <<\n",
	"a: 1\na: 2\nb: {c: 1, c: 2, c: 3}\n? [x]\n: 1\n",
	"{a: 1, b: 2, a: 3, b: 4, 1: x, 1: y, true: a, true: b, ~: c, ~: d}\n",
	"yes: 1\nno: 2\non: [y, n, off]\ntrue: 3\n1: a\n1.5: b\n0x10: c\n1e3: d\n1e40: e\n.inf: f\n",
	"? complex\n: value\n? - a\n  - b\n: x\n",
	"? |\n  block key\n: - one\n  - two\n? >\n  folded key\n: {a: b}\n",
	"[]: x\n", "{}: x\n", "[a, b]: c\n", "{a: b}: c\n", "? []\n: x\n", "{[]: x, {}: y}\n", "[[]: a, {}: b, c: d, ? e, ? : f, : g]\n",
	"{a, b: , : c, ? d, ? e : f, \"g\":h, 'i':j}\n",
	"[a b, 'c d', \"e f\", -g, ?h, :i, j:k, l#m, n #o\n]\n",
	"a: 'it''s'\nb: \"tab\\tnew\\nhex\\x41 uni\\u00e9 big\\U0001F600 nul\\0 esc\\e nel\\N sp\\_ ls\\L ps\\P sl\\/\"\n",
	"a: \"line one\n  line two\n\n  line four \\\n  joined\\\n\n  end\"\nb: 'single\n  folded\n\n\n  twice'\nc: plain\n  folded\n\n  twice\nd: x\n",
	"a: |\n\n  leading\n\n\n  middle\n\n\nb: |+\n  keep\n\n\nc: |-\n  strip\n\n\nd: >\n\n  folded\n  text\n\n    indented\n\n  back\n\n\ne: >+\n  x\n\n",
	"a: |2\n    two more\n  base\nb: |1-\n  one\n text\nc: >2-\n   spaced\n  not\n",
	"a: |\n  \ttab\n \t\nb: >\n  x\n  \ty\n", "a: |\n x\n  y\n z\n", "- |\n a\n-  >\n  b\n- |-\n\n- |+\n\n- x\n", "a: |0\n x\n", "a: |x\n", "a: | # c\n x\n",
	"--- |\n doc\n--- >\n doc\n--- x\n--- {a: b}\n---\n- y\n... # c\n",
	"a: 1\r\nb:\r\n- x\r\n- |\r\n  lit\r\n  two\r\n# c\r\n\r\nc: 'q\r\n  r'\r\n", "a: 1\rb: 2\r", "a: x\u0085b: y\u2028c: z\u2029d: |\n  e\u2028  f\u0085  g\n",
	"\uFEFFa: 1\n", "\uFEFF\uFEFFa: 1\nb: 2\n", "a: \uFEFFb\n\uFEFFc: d\n", "\uFEFF# c\na: 1\n",
	utf16Text("a: é😀\nb: [1, 2] # c\n", false), utf16Text("a: é😀\nb: |\n  x\n", true), "\xff\xfea", "\xff\xfe\x00\xd8a\x00", "\xfe\xff\xdc\x00",
	"a: \x01\n", "a: \x7f\n", "a: \xff\n", "a: \xc3\n", "a: \xc0\x80\n", "a: \xed\xa0\x80\n", "a: \xf4\x90\x80\x80\n", "a: \xe2\x82", "a: \"\\ud800\"\n", "a: \uFFFE\n", "a\x00b",
	"a: b: c\n", "a:\n\tb: c\n", "\ta: 1\n", "a:\t1\nb: \t2\t\n- x\n", "a: 1\n b: 2\n", "a:\n  b: 1\n c: 2\n", "- a\nb: c\n", "a: - b\n", "a: [1, 2\nb: 3\n", "a: {b: c\n", "a: 'x\n", "a: \"x\n", "a: ]\n", "a: }\n", ": x\n", "? x\n", "- - - a\n    - b\n  - c\n- d\n",
	"@a\n", "`a\n", "%a\n", "a: @b\n", "a: %b\n", "|a\n", "&\n", "*\n", "! \n", "a: !<x\n", "!a!b c\n", "!%zz x\n", "!%41 x\n", "!e%C3%A9 x\n", "%YAML 1.2\n---\na\n", "%YAML 1.1\n%YAML 1.1\n---\na\n", "%FOO x\n---\na\n", "%YAML 1\n---\n", "%YAML 123.1\n---\n", "%TAG ! x\n%TAG ! y\n---\n!a b\n", "%TAG a b\n", "%YAML 1.1\na\n",
	"a: !!int x\n", "a: !!float 1\nb: !!float x\n", "a: !!bool yes\n", "a: !!null x\nb: !!null ''\n", "a: !!timestamp 2001-01-01\nb: !!timestamp x\n", "a: !!binary aGk=\nb: !!binary \"?\"\nc: !!binary |\n  aGVs\n  bG8=\nd: !!binary gA==\n", "!!binary aGk=: x\n", "a: !!str\nb: !foo\nc: &x\nd: !!null\n", "!!set {a, b}\n", "a: !!map {b: c}\nd: !!seq [e]\nf: !!map x\n", "a: !!str 1\nb: !!int '1'\nc: !!str ~\nd: !!float 18446744073709551615\n",
	"a: .inf\n", "b: .inf\na: .nan\n", "- 1\n- .nan\n", "~: x\n", "18446744073709551615: x\n", "a: 18446744073709551615\nb: 9223372036854775808\nc: -9223372036854775809\nd: 1e21\ne: 0.1\nf: 1e400\n",
	"a: 2001-01-01\nb: 2001-1-2T3:4:5Z\n2001-01-01: c\nd: '2001-01-01'\n",
	"key: " + strings.Repeat("x", 1100) + "\n" + strings.Repeat("k", 1020) + ": a\n" + strings.Repeat("k", 1023) + ": b\n", strings.Repeat("k", 1025) + ": c\n", "? " + strings.Repeat("k", 1100) + "\n: v\n", "{" + strings.Repeat("k", 1100) + ": v}\n", "\"" + strings.Repeat("é", 1020) + "\": v\n",
	"a: b # " + strings.Repeat("c", 600) + "\n", "a: b" + strings.Repeat(" ", 600) + "# c\n", "a: b\n" + strings.Repeat("\n", 600) + "# c\nd: e\n", "# a\n" + strings.Repeat(" ", 600) + "\n# b\nc: d\n", "a: 1\n" + strings.Repeat("# c\n", 200) + "b: 2\n",
	strings.Repeat("a: ok\n", 1) + strings.Repeat("- x\n", 130) + "\x01", "a: [\n" + strings.Repeat("x, ", 170) + "\n}\n\x01", "a: b" + strings.Repeat(" ", 520) + "\x01 # c\n",
	strings.Repeat("[", 60) + strings.Repeat("]", 60) + "\n", strings.Repeat("- ", 60) + "a\n", strings.Repeat("{a: ", 40) + "b" + strings.Repeat("}", 40) + "\n",
	"a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n",
	"a: &a x\n---\nb: *a\n",
	"image: repo/app:v1 # {\"$imagepolicy\": \"flux-system:app\"}\nreplicas: 3\n\n# note\n\nspec:\n    wide:\n      - a\n      - b: c\n",
	"a:\n- b\n-\n- c:\n  -\n-\n  d\n- ? e\n- : f\n", "a:\n\n\n  b: 1\n\n\n\n  c: 2\n", "-\n  -\n    -\n      a\n", "- a: 1\n\n  b: 2\n-\n  c: 3\n",
	"a: \"\"\nb: ''\nc:\nd: ~\ne: null\nf: []\ng: {}\nh: ''''\ni: \"\\\"\"\n", "a: x y  z\nb: x:y\nc: x#y\nd: -1-\ne: ?x\nf: :x\ng: a,b\nh: a]b\ni: =\nj: ...\nk: ---x\nl: - \n",
	"'a': 1\n\"b\": 2\n'c d' : 3\n\"e\\n\": 4\n'':5\n", "a : 1\nb   :   2\nc:3\n", "a: 1 #c\nb: 2#c\nc: #c\n#d\n",
}
