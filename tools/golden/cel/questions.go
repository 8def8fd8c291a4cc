package main

import (
	"math/rand"
	"strings"
)

type generator struct{ *rand.Rand }

func (g *generator) pick(of ...string) string { return of[g.Intn(len(of))] }

func (g *generator) chance(percent int) bool { return g.Intn(100) < percent }

// ---- expressions ------------------------------------------------------------

// What may stand for a value of a kind; X, L, S are replaced by other values.
var shapes = map[string][]string{
	"int": {"0", "1", "-1", "7", "-7", "9223372036854775807", "size(S)", "size(L)", "INT + INT", "INT - INT",
		"INT * INT", "INT / INT", "INT % INT", "-(INT)", "int(S)", "int(DOUBLE)", "S.indexOf(S)", "S.lastIndexOf(S)",
		"TIME.getFullYear()", "TIME.getDayOfWeek()", "TIME.getHours(\"+02:00\")", "DURATION.getSeconds()", "L.sum()",
		"L.max()", "L.indexOf(INT)", "l[INT]", "BOOL ? INT : INT", "Q.asInteger()", "Q.sign()", "Q.compareTo(Q)",
		"V.major()", "IP.family()", "l[?0].orValue(INT)", "CIDR.prefixLength()"},
	"double": {"0.0", "1.5", "-0.0", "1e308", "DOUBLE * DOUBLE", "DOUBLE / DOUBLE", "DOUBLE + DOUBLE", "double(INT)",
		"double(S)", "Q.asApproximateFloat()", "[DOUBLE, DOUBLE].min()"},
	"uint": {"0u", "3u", "18446744073709551615u", "uint(INT)", "UINT + UINT", "UINT - UINT", "UINT % UINT"},
	"string": {`""`, `"a"`, `"h\u00e9llo \U0001F600"`, `"1,2,,3"`, `"10"`, "s", "S + S", "string(INT)", "string(DOUBLE)",
		"string(DURATION)", "string(TIME)", "S.upperAscii()", "S.lowerAscii()", "S.trim()", "S.replace(S, S)",
		"S.replace(S, S, INT)", "S.substring(INT)", "S.substring(INT, INT)", "S.charAt(INT)", "S.split(S).join(S)",
		"S.reverse()", "S.find(\"[a-z]+\")", "strings.quote(S)", `"%s|%d|%.2f|%x".format([X, INT, DOUBLE, INT])`,
		"URL.getHost()", "URL.getEscapedPath()", "string(IP)", "string(CIDR)", "string(b'abc')", "type(X) == int ? S : S"},
	"bool": {"true", "false", "INT < INT", "DOUBLE >= INT", "S < S", "S == S", "X == X", "X != X", "!BOOL", "BOOL && BOOL",
		"BOOL || BOOL", "S.contains(S)", "S.startsWith(S)", "S.endsWith(S)", "S.matches(\"^[a-z]*$\")", "INT in L",
		"L.all(i, i > INT)", "L.exists(i, i == INT)", "L.exists_one(i, i == INT)", "L.isSorted()", "has(m.a)", "has(m.zz)",
		`"a" in m`, "isQuantity(S)", "isIP(S)", "isURL(S)", "isCIDR(S)", "isSemver(S)", "Q.isGreaterThan(Q)",
		"IP.isLoopback()", "CIDR.containsIP(IP)", "TIME < TIME", "sets.contains(L, L)", "sets.intersects(L, L)",
		"l[?5].hasValue()", "m.?a.hasValue()", "type(X) == type(X)", "V.isLessThan(V)", "dyn(X) < dyn(X)",
		"!format.dns1123Label().validate(S).hasValue()", "m.all(k, v, k != S)", "L.exists(i, v, v > i)"},
	"list": {"[]", "[1, 2, 3]", "l", "[INT, INT]", "L + L", "L.map(i, i * 2)", "L.map(i, i > 1, i + INT)",
		"L.filter(i, i != INT)", "[L, L].flatten()", "L.transformList(i, v, i + v)", "L.distinct()", "L.sort()"},
	"time":     {`timestamp("2024-02-29T23:59:59.5Z")`, `timestamp("1969-12-31T00:00:00-08:00")`, "TIME + DURATION", "timestamp(INT)"},
	"duration": {`duration("1h30m")`, `duration("-1.5s")`, "TIME - TIME", "DURATION + DURATION", "duration(S)"},
	"quantity": {`quantity("1Gi")`, `quantity("500m")`, `quantity("-3")`, "Q.add(Q)", "Q.sub(INT)", "quantity(S)"},
	"url":      {`url("https://user@example.com:80/a%20b?q=1")`, `url("/path")`, "url(S)"},
	"ip":       {`ip("127.0.0.1")`, `ip("2001:db8::1")`, "CIDR.ip()", "ip(S)"},
	"cidr":     {`cidr("10.0.0.0/8")`, `cidr("2001:db8::/32")`, "CIDR.masked()"},
	"version":  {`semver("1.2.3")`, `semver("v1.0", true)`, `semver("2.0.0-rc.1+b")`},
	"any": {"null", "INT", "DOUBLE", "UINT", "S", "BOOL", "L", "TIME", "DURATION", "b'\\xff'", "{}", `{"a": INT, "b": S}`,
		"m", "m.a", "m.b.c", "m[S]", "Q", "URL", "IP", "CIDR", "V", "optional.of(X)", "optional.none()", "type(X)",
		"m.?b.?c", "optional.ofNonZeroValue(X).orValue(X)", "m.transformMap(k, v, k)", "[X, X]", "dyn(X) + dyn(X)",
		"{1: X, 2u: X}", "S.findAll(\"[a-z]\")", "S.split(S)", "optional.of(INT).optMap(v, v + 1)"},
}

var holes = map[string]string{
	"INT": "int", "DOUBLE": "double", "UINT": "uint", "S": "string", "BOOL": "bool", "L": "list", "TIME": "time",
	"DURATION": "duration", "Q": "quantity", "URL": "url", "IP": "ip", "CIDR": "cidr", "V": "version", "X": "any",
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func isWord(c byte) bool {
	return isUpper(c) || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_'
}

// A value of a kind, of another one now and then.
func (g *generator) value(kind string, depth int) string {
	if g.chance(3) {
		kind = "any"
	}
	all := shapes[kind]
	shape := all[g.Intn(len(all))]
	for depth <= 0 && g.chance(85) && strings.ContainsAny(shape, "ABCDEFGHIJKLMNOPQRSTUVWXYZ(") {
		shape = all[g.Intn(len(all))]
		if kind == "any" && depth < -3 {
			return "null"
		}
	}
	var b strings.Builder
	quoted := byte(0)
	for i := 0; i < len(shape); {
		end := i
		for quoted == 0 && end < len(shape) && isUpper(shape[end]) {
			end++
		}
		free := i == 0 || !isWord(shape[i-1])
		if hole, ok := holes[shape[i:end]]; ok && free && (end == len(shape) || !isWord(shape[end])) {
			inner := g.value(hole, depth-1)
			if strings.ContainsAny(inner, " ?-") {
				inner = "(" + inner + ")"
			}
			b.WriteString(inner)
			i = end
			continue
		}
		if c := shape[i]; quoted == 0 && (c == '"' || c == '\'') {
			quoted = c
		} else if c == quoted {
			quoted = 0
		}
		b.WriteByte(shape[i])
		i++
	}
	return b.String()
}

var someVars = map[string]any{
	"l": []any{3, 1, 2}, "s": "hello world", "m": map[string]any{"a": 1, "b": map[string]any{"c": []any{1.5, "x", nil, true}}},
}

func (g *generator) expression() map[string]any {
	q := map[string]any{"op": "cel", "expr": g.value(g.pick("any", "int", "string", "bool", "bool", "list", "double", "uint", "time"), 2)}
	if g.chance(25) {
		q["op"] = "cel-cost"
	} else if g.chance(20) {
		q["env"] = "flux"
		q["vars"] = map[string]any{"m": someVars["m"]}
	}
	if q["vars"] == nil {
		q["vars"] = someVars
	}
	return q
}

var pieces = []string{"a", "1", "-", "!", ".", "?", ":", "(", ")", "[", "]", "{", "}", ",", "+", "<", "in", "&&", "true",
	`"s"`, "`q`", "1.5", "'", "\\", " ", "\n", "a.b", "f(", "a.b{", "null", "#", "é"}

func (g *generator) broken() map[string]any {
	text := []rune(g.value(g.pick("any", "int", "bool"), 1+g.Intn(2)))
	for n := 1 + g.Intn(3); n > 0; n-- {
		at := g.Intn(len(text) + 1)
		switch {
		case g.chance(50):
			text = append(append(append([]rune{}, text[:at]...), []rune(g.pick(pieces...))...), text[at:]...)
		case at < len(text):
			text = append(append([]rune{}, text[:at]...), text[at+1:]...)
		}
	}
	return map[string]any{"op": "cel", "expr": string(text)}
}

// ---- schemas ----------------------------------------------------------------

type dict = map[string]any

var escaped = map[string]string{"my-prop": "my__dash__prop", "x.y": "x__dot__y", "in": "__in__"}

func (g *generator) schema(depth int) dict {
	s := dict{"type": "string"}
	switch kind := g.Intn(17); {
	case kind < 3 || depth == 0:
		if g.chance(50) {
			s["maxLength"] = []int{0, 10, 64, 1000}[g.Intn(4)]
		}
	case kind == 3:
		s["enum"] = []any{"a", "bb"}
	case kind == 4:
		s["format"] = g.pick("date", "date-time", "duration", "byte")
	case kind < 7:
		s["type"] = g.pick("integer", "number", "boolean")
	case kind == 7:
		s = dict{"x-kubernetes-int-or-string": true}
	case kind == 8:
		s = dict{"type": "object", "x-kubernetes-preserve-unknown-fields": true}
	case kind < 12:
		items := g.schema(depth - 1)
		s = dict{"type": "array", "items": items}
		if g.chance(50) {
			s["maxItems"] = []int{1, 5, 100}[g.Intn(3)]
		}
		if t := items["type"]; g.chance(40) && t != "object" && t != "array" && t != nil && items["format"] == nil {
			s["x-kubernetes-list-type"] = "set"
		} else if p, ok := items["properties"].(dict); ok && p["a"] != nil && g.chance(50) {
			s["x-kubernetes-list-type"] = "map"
			s["x-kubernetes-list-map-keys"] = []any{"a"}
		}
	case kind < 14:
		s = dict{"type": "object", "additionalProperties": g.schema(depth - 1)}
		if g.chance(50) {
			s["maxProperties"] = []int{1, 5, 100}[g.Intn(3)]
		}
	default:
		properties := dict{}
		for n := 1 + g.Intn(4); n > 0; n-- {
			properties[g.pick("a", "b", "name", "my-prop", "x.y", "in", "size")] = g.schema(depth - 1)
		}
		s = dict{"type": "object", "properties": properties}
	}
	if g.chance(12) {
		s["nullable"] = true
	}
	return s
}

// Data of a schema, properties missing now and then.
func (g *generator) data(s dict) any {
	if s["nullable"] == true && g.chance(20) {
		return nil
	}
	switch s["type"] {
	case nil:
		return []any{1, "x", "50%"}[g.Intn(3)]
	case "integer":
		return []any{0, 1, -5, 100}[g.Intn(4)]
	case "number":
		return []any{0.5, 1.5, -2.25}[g.Intn(3)]
	case "boolean":
		return g.chance(50)
	case "array":
		out := []any{}
		for n := g.Intn(4); n > 0; n-- {
			out = append(out, g.data(s["items"].(dict)))
		}
		return out
	case "object":
		out := dict{}
		if of, ok := s["additionalProperties"].(dict); ok && g.chance(70) {
			out["k"] = g.data(of)
		}
		properties, _ := s["properties"].(dict)
		for _, name := range []string{"a", "b", "name", "my-prop", "x.y", "in", "size"} {
			if of, ok := properties[name].(dict); ok && g.chance(75) {
				out[name] = g.data(of)
			}
		}
		return out
	}
	switch s["format"] {
	case "date":
		return g.pick("2024-01-02", "2023-12-31")
	case "date-time":
		return g.pick("2024-01-02T03:04:05Z", "2024-01-02T03:04:05.5+01:00")
	case "duration":
		return g.pick("1h", "90s")
	case "byte":
		return g.pick("YWJj", "")
	}
	if s["enum"] != nil {
		return g.pick("a", "bb")
	}
	return g.pick("", "a", "abc", "hello world", "10", "é")
}

type place struct {
	path string
	s    dict
}

func places(s dict, path string, out []place) []place {
	out = append(out, place{path, s})
	if items, ok := s["items"].(dict); ok {
		return places(items, path+"[0]", out)
	}
	if of, ok := s["additionalProperties"].(dict); ok {
		return places(of, path+`["k"]`, out)
	}
	properties, _ := s["properties"].(dict)
	for _, name := range []string{"a", "b", "name", "my-prop", "x.y", "in", "size"} {
		if of, ok := properties[name].(dict); ok {
			if e, ok := escaped[name]; ok {
				name = e
			}
			out = places(of, path+"."+name, out)
		}
	}
	return out
}

// What may be asked of data: P is where it is, O another place, OLD the same
// place in oldSelf, E something about an element.
var questions = map[string][]string{
	"": {"P", "P == O", "has(P)", "type(P)", "string(P)", "P == OLD", "dyn(P) == O", "[P]", "P != null"},
	"string": {"size(P) > 2", `P + "x"`, `P.contains("a")`, `P.matches("^[a-z]+$")`, `P.split(" ").map(x, x + "y")`,
		`P.replace("a", "bb")`, "int(P)", "quantity(P).isInteger()", "url(P).getHost()", "isIP(P)", `P in ["a", "b"]`,
		"P.substring(1)", `P.split("").all(c, c < "m")`, "P.matches(P)", "!format.uuid().validate(P).hasValue()"},
	"bytes":     {"size(P)", `P == b"abc"`, `P + b"x"`},
	"date-time": {"P.getFullYear()", `P > timestamp("2024-01-01T00:00:00Z")`, `P + duration("1h")`},
	"duration":  {"P.getSeconds()", `P + duration("1h") > duration("2h")`},
	"integer":   {"P + 1", "P / 2", "P in [1, 2]", "double(P)", "P < 1.5", "[1, 2, 3][P]"},
	"number":    {"P + 1.0", "P > 1", "int(P)", "P == 1"},
	"boolean":   {"!P", "P && O == O", "P ? 1 : 2"},
	"array": {"size(P)", "P.all(x, E)", "P.exists(x, E)", "P.map(x, E)", "P.filter(x, E)", "P.exists_one(x, E)", "P + P",
		"P == OLD", "P[0] in P", "P.isSorted()", "P.max()", "P.indexOf(P[0])", "sets.contains(P, P)", "P.sort()",
		"P.distinct()", "P.all(x, P.exists(y, x == y))", "P.all(i, x, i >= 0 && E)", "P == [P[0]]", "P.join(\",\")",
		"P.map(x, string(x)).join(\"-\")", "P.transformMap(i, x, x)"},
	"map": {"size(P)", `"k" in P`, "P.all(k, k.size() < 5)", "P.exists(k, P[k] == O)", "P == OLD", "P.all(k, x, E)",
		"P.transformList(k, x, E)", `P[?"k"].hasValue()`, "P.filter(k, k == \"l\")", `P.exists(k, x, k == "k")`},
	"object": {"P.zzz", "has(P.a) && has(P.b)", "P.?a.hasValue()", `P["a"]`, "P == OLD"},
	"any":    {"P == 1", `type(P) == int ? P < 5 : P.size() > 0`, "P.p", "has(P.p)"},
}

func kind(s dict) string {
	t, _ := s["type"].(string)
	switch f, _ := s["format"].(string); {
	case f == "byte":
		return "bytes"
	case f == "date":
		return "date-time"
	case f != "":
		return f
	case s["additionalProperties"] != nil:
		return "map"
	case t == "" || t == "object" && s["properties"] == nil:
		return "any"
	}
	return t
}

func (g *generator) question(all []place, depth int) string {
	p := all[g.Intn(len(all))]
	of := questions[kind(p.s)]
	if g.chance(30) {
		of = questions[""]
	}
	text := g.pick(of...)
	if strings.Contains(text, "E") {
		elem, ok := p.s["items"].(dict)
		if !ok {
			elem, _ = p.s["additionalProperties"].(dict)
		}
		inner := "true"
		if depth > 0 && elem != nil {
			inner = g.question(append(places(elem, "x", nil), all[0]), depth-1)
		}
		text = strings.Replace(text, "E", inner, 1)
	}
	old := "oldSelf" + strings.TrimPrefix(p.path, "self")
	if !strings.HasPrefix(p.path, "self") {
		old = p.path
	}
	text = strings.NewReplacer("OLD", old, "P", p.path, "O", all[g.Intn(len(all))].path).Replace(text)
	if depth > 1 && g.chance(30) {
		text = "(" + text + ") " + g.pick("==", "&&", "||", "+") + " (" + g.question(all, depth-1) + ")"
	}
	return text
}

func (g *generator) typed() map[string]any {
	s := g.schema(3)
	for s["properties"] == nil && g.chance(70) {
		s = g.schema(3)
	}
	q := dict{"op": "cel-typed", "schema": s, "self": g.data(s), "expr": g.question(places(s, "self", nil), 2)}
	if g.chance(50) {
		q["old"] = q["self"]
	} else {
		q["old"] = g.data(s)
	}
	return q
}
