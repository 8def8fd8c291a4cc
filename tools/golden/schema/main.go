// Records what Helm says about values and their schema: go run . [-seed N] [-n N] DIR
// writes N cases to DIR/schema.jsonl. Cases whose answer changes from run to
// run (Go's map order) are left out.
//
// With -ask, answers the requests on standard input instead, line by line, as
// the driver does.
package main

import (
	"bufio"
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
	"regexp"
	"strconv"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common/util"
)

type request struct {
	Op     string          `json:"op"`
	Schema string          `json:"schema"`
	Values json.RawMessage `json:"values"`
	Output *string         `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Varies bool            `json:"error_any,omitempty"`
}

const rounds = 6

func answer(q *request) {
	texts := map[string]bool{}
	for i := 0; i < rounds; i++ {
		var values map[string]any
		d := json.NewDecoder(bytes.NewReader(q.Values))
		d.UseNumber()
		if err := d.Decode(&values); err != nil {
			log.Fatal(err)
		}
		text := ""
		if err := util.ValidateAgainstSingleSchema(values, []byte(q.Schema)); err != nil {
			text = err.Error()
		}
		texts[text] = true
		q.Error = text
	}
	if q.Error == "" {
		q.Output = new(string)
	}
	q.Varies = len(texts) > 1
}

// ---- schemas and values that often meet

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }

func name() string { return pick("a", "b", "c", "a/b", "x~y", "é", "it's", "", "10", `q"\`) }

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func number() string {
	return pick("0", "1", "-1", "2", "3", "4.0", "1.5", "-0.0", "100000", "1234567", "1e2", "1e-7", "0.1", "0.30",
		"12345678901234567890", "1e400", "-1e-400", "1e2000000", "9007199254740993", "65535", "2.50")
}

func text() string {
	return quoted(pick("", "a", "ab", "abc", "é", "éé", "a b", "2024-01-02", "2024-01-02T03:04:05Z", "12:30:60Z", "23:59:60Z",
		"24:00:00Z", "P1D", "P1Y2M", "PT", "P1W", "1.2.3.4", "1.2.3", "01.2.3.4", "::1", "1::2::3", "::ffff:1.2.3.4", "a@b.c",
		"@b", "a@[1.2.3.4]", "http://x/y", "http://[::1]/", "//x", "/a{b}", "x:y", "%zz", "#/a/b", "/a~1b", "/~", "1/a", "0#",
		"1.2.3-rc.1+b", "1.02.3", "01234567-89ab-cdef-0123-456789abcdef", "host.name", "-host", "[", "^a", "it's", `\`, `"`, "\u0001",
		"P1D/2024-01-02T03:04:05Z", "2024-02-30", "2024-01-02T03:04:05+01:00", "2024-01-02t03:04:05.5-23:59"))
}

func value(depth int) string {
	switch n := r.Intn(10); {
	case n < 2:
		return number()
	case n < 4:
		return text()
	case n == 4:
		return pick("true", "false", "null")
	case depth == 0:
		return pick("{}", "[]", "1", `"a"`)
	case n < 7:
		var items []string
		for i := r.Intn(4); i > 0; i-- {
			items = append(items, value(depth-1))
		}
		return "[" + strings.Join(items, ",") + "]"
	}
	return object(depth)
}

func object(depth int) string {
	var members []string
	seen := map[string]bool{}
	for i := r.Intn(4); i > 0; i-- {
		k := name()
		if !seen[k] {
			members = append(members, quoted(k)+":"+value(depth-1))
		}
		seen[k] = true
	}
	return "{" + strings.Join(members, ",") + "}"
}

func list(f func() string, least, most int) string {
	var items []string
	for i := least + r.Intn(most-least+1); i > 0; i-- {
		items = append(items, f())
	}
	return "[" + strings.Join(items, ",") + "]"
}

func mapOf(key func() string, f func() string) string {
	var members []string
	seen := map[string]bool{}
	for i := r.Intn(3); i >= 0; i-- {
		k := key()
		if !seen[k] {
			members = append(members, quoted(k)+":"+f())
		}
		seen[k] = true
	}
	return "{" + strings.Join(members, ",") + "}"
}

func typeName() string {
	return quoted(pick("null", "boolean", "number", "integer", "string", "array", "object"))
}

func pattern() string {
	return pick("^a", "b$", ".", "^[a-z]+$", "é", "[0-9]", "(?i)A", "^$", "(", `\d`, "(?=a)")
}

func small() string { return pick("0", "1", "2", "3", "1.0", "2e0", "10", "-1", "1.5", "1000") }

func reference() string {
	return quoted(pick("#", "#/$defs/a", "#/$defs/b", "#/definitions/a", "#a", "#b", "#/properties/a", "#/nothing", "#/x~2", "r.json",
		"r.json#a", "http://e.com/s", "#/$defs/x~1y", "#/allOf/0", "#/%24defs/a", "http://json-schema.org/draft-07/schema#",
		"https://json-schema.org/draft/2020-12/schema", "urn:x:y", "ftp://x/y", "%zz", "no.json", "#/$defs/a/properties/a", "#none"))
}

func keyword(draft, depth int) string {
	sub := func() string { return schema(draft, depth-1) }
	id := `"$id":`
	if draft == 4 {
		id = `"id":`
	}
	all := []func() string{
		func() string { return `"type":` + typeName() },
		func() string { return `"type":` + list(typeName, 1, 3) },
		func() string { return `"enum":` + list(func() string { return value(1) }, 1, 3) },
		func() string { return `"const":` + value(1) },
		func() string { return `"minimum":` + number() },
		func() string { return `"maximum":` + number() },
		func() string { return `"exclusiveMinimum":` + number() },
		func() string { return `"exclusiveMaximum":` + pick(number(), "true") },
		func() string { return `"multipleOf":` + number() },
		func() string { return `"minLength":` + small() },
		func() string { return `"maxLength":` + small() },
		func() string { return `"pattern":` + quoted(pattern()) },
		func() string { return `"minItems":` + small() },
		func() string { return `"maxItems":` + small() },
		func() string { return `"uniqueItems":` + pick("true", "false") },
		func() string { return `"minProperties":` + small() },
		func() string { return `"maxProperties":` + small() },
		func() string { return `"required":` + list(func() string { return quoted(name()) }, 1, 2) },
		func() string {
			return `"format":` + quoted(pick("date", "date-time", "time", "duration", "period", "ipv4", "ipv6", "hostname", "email",
				"uri", "iri", "uri-reference", "iri-reference", "uri-template", "uuid", "json-pointer", "relative-json-pointer",
				"regex", "semver", "unknown"))
		},
	}
	deep := []func() string{
		func() string { return `"properties":` + mapOf(name, sub) },
		func() string { return `"properties":` + mapOf(name, sub) },
		func() string { return `"patternProperties":` + mapOf(pattern, sub) },
		func() string { return `"additionalProperties":` + pick("false", "true", sub()) },
		func() string { return `"items":` + sub() },
		func() string { return `"items":` + list(sub, 1, 2) },
		func() string { return `"prefixItems":` + list(sub, 1, 2) },
		func() string { return `"additionalItems":` + pick("false", sub()) },
		func() string { return `"contains":` + sub() },
		func() string { return `"minContains":` + small() },
		func() string { return `"maxContains":` + small() },
		func() string { return `"propertyNames":` + sub() },
		func() string {
			return `"dependencies":` + mapOf(name, func() string { return pick(sub(), `["a"]`, `["b","c"]`) })
		},
		func() string {
			return `"dependentRequired":` + mapOf(name, func() string { return pick(`["a"]`, `["b","c"]`) })
		},
		func() string { return `"dependentSchemas":` + mapOf(name, sub) },
		func() string { return `"allOf":` + list(sub, 1, 3) },
		func() string { return `"anyOf":` + list(sub, 1, 3) },
		func() string { return `"oneOf":` + list(sub, 1, 3) },
		func() string { return `"not":` + sub() },
		func() string { return `"if":` + sub() + `,"then":` + sub() + `,"else":` + sub() },
		func() string { return `"unevaluatedProperties":` + pick("false", sub()) },
		func() string { return `"unevaluatedItems":` + pick("false", sub()) },
		func() string { return `"$ref":` + reference() },
		func() string { return `"$dynamicRef":` + reference() },
		func() string { return `"$recursiveRef":"#","$recursiveAnchor":true` },
		func() string { return `"$anchor":` + pick(`"a"`, `"b"`) },
		func() string { return `"$dynamicAnchor":` + pick(`"a"`, `"b"`) },
		func() string { return id + quoted(pick("r.json", "http://e.com/s", "#a", "d/r.json", "urn:x", "../q")) },
		func() string { return `"$defs":{"a":` + sub() + `,"b":` + sub() + `}` },
		func() string { return `"definitions":{"a":` + sub() + `}` },
	}
	if depth > 0 && r.Intn(2) == 0 {
		return deep[r.Intn(len(deep))]()
	}
	return all[r.Intn(len(all))]()
}

func schema(draft, depth int) string {
	if r.Intn(12) == 0 {
		return pick("true", "false", "{}")
	}
	var members []string
	seen := map[string]bool{}
	for i := 1 + r.Intn(3); i > 0; i-- {
		k := keyword(draft, depth)
		word := k[:strings.Index(k, ":")]
		if !seen[word] {
			members = append(members, k)
		}
		seen[word] = true
	}
	return "{" + strings.Join(members, ",") + "}"
}

var drafts = map[int]string{
	4: "http://json-schema.org/draft-04/schema#", 6: "http://json-schema.org/draft-06/schema#",
	7: "http://json-schema.org/draft-07/schema#", 2019: "https://json-schema.org/draft/2019-09/schema",
	2020: "https://json-schema.org/draft/2020-12/schema",
}

func newCase() request {
	versions := []int{4, 6, 7, 7, 2019, 2020, 2020}
	draft := versions[r.Intn(len(versions))]
	q := request{Op: "values-schema", Values: json.RawMessage(object(3))}
	root := schema(draft, 3)
	if strings.HasPrefix(root, "{") && root != "{}" && (draft != 2020 || r.Intn(3) == 0) {
		root = `{"$schema":` + quoted(drafts[draft]) + "," + root[1:]
	}
	if r.Intn(3) == 0 && strings.HasPrefix(root, "{") && root != "{}" && !strings.Contains(root, `"$defs"`) {
		root = `{"$defs":{"a":` + schema(draft, 2) + `,"b":` + schema(draft, 2) + `},` + root[1:]
	}
	q.Schema = root
	return q
}

// Servers are not asked, and what is said about them is our own.
func usesNet(q request) bool { return strings.Contains(q.Error, `failing loading "http`) }

var badName = regexp.MustCompile(`at '(.*)': invalid propertyName '(.*)'`)

// The original keeps the location of a bad property name in memory that it
// goes on to use, so that it may tell any other location.
func mislocated(q request) bool {
	for _, m := range badName.FindAllStringSubmatch(q.Error, -1) {
		var doc any
		d := json.NewDecoder(strings.NewReader(q.Schema))
		d.UseNumber()
		if err := d.Decode(&doc); err != nil {
			log.Fatal(err)
		}
		if !strings.HasSuffix(m[1], "/patternProperties") && strings.Contains(q.Error, "metaschema") {
			return true
		}
		for _, part := range strings.Split(m[1]+"/"+m[2], "/")[1:] {
			switch at := doc.(type) {
			case map[string]any:
				doc = at[part]
			case []any:
				i, err := strconv.Atoi(part)
				if err != nil || i >= len(at) {
					return true
				}
				doc = at[i]
			default:
				return strings.Contains(q.Error, "metaschema")
			}
			if doc == nil && strings.Contains(q.Error, "metaschema") {
				return true
			}
		}
	}
	return false
}

func write(w io.Writer, q request) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	if err := e.Encode(q); err != nil {
		log.Fatal(err)
	}
}

func ask() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	for in.Scan() {
		var q request
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			log.Fatal(err)
		}
		answer(&q)
		write(out, q)
		out.Flush()
	}
}

func main() {
	seed := flag.Int64("seed", 1, "")
	n := flag.Int("n", 2000, "cases")
	asking := flag.Bool("ask", false, "answer requests")
	flag.Parse()
	os.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	slog.SetDefault(slog.New(slog.NewTextHandler(io.Discard, nil)))
	if *asking {
		ask()
		return
	}
	r = rand.New(rand.NewSource(*seed))
	f, err := os.Create(filepath.Join(flag.Arg(0), "schema.jsonl"))
	if err != nil {
		log.Fatal(err)
	}
	w := bufio.NewWriter(f)
	for done := 0; done < *n; {
		q := newCase()
		answer(&q)
		if q.Varies || usesNet(q) || mislocated(q) {
			continue
		}
		write(w, q)
		done++
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(*n, "cases")
}
