// Records what Helm's engine renders from random templates, for
// tests/golden/tmpl/random.jsonl, and from those of a list, one a line, for
// texts.jsonl:
//
//	go run . [-seed N] [-n N] > FILE
//	go run . -texts texts > FILE
//
// Every line is a request for tests/driver with its answer. The templates
// call functions of the tables below with arguments of fitting and of other
// kinds; the data is the same for all.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"strings"
	"unicode/utf8"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
)

// Names and parameters: s string, i int, b bool, f float64, u uint32, a any,
// m map, l list, v any, others; * repeats the last.
const functions = `
abbrev:is abbrevboth:iis add:a* add1:a add1f:a addf:a* adler32sum:s all:a* any:a* append:aa
atoi:s b32dec:s b32enc:s b64dec:s b64enc:s base:s biggest:aa* camelcase:s cat:a* ceil:a
chunk:ia clean:s coalesce:a* compact:a concat:a* contains:ss dateModify:st date_modify:st
deepCopy:a deepEqual:aa default:aa* dict:a* dig:a* dir:s div:aa divf:aa* duration:a
durationDays:a durationHours:a durationMicroseconds:a durationMilliseconds:a
durationMinutes:a durationNanoseconds:a durationRoundTo:aa durationSeconds:a
durationTruncateTo:aa durationWeeks:a empty:a eq:vv* ext:s fail:s first:a float64:a floor:a
fromJson:s fromJsonArray:s fromToml:s fromYaml:s fromYamlArray:s ge:vv get:ms gt:vv has:aa
hasKey:ms hasPrefix:ss hasSuffix:ss hello: html:a* indent:is index:vv* initial:a initials:s
int:a int64:a isAbs:s join:sa js:a* kebabcase:s kindIs:sa kindOf:a last:a le:vv len:v list:a*
lower:s lt:vv max:aa* maxf:aa* merge:mm* mergeOverwrite:mm* min:aa* minf:aa* mod:aa mul:aa*
mulf:aa* mustAppend:aa mustChunk:ia mustCompact:a mustDateModify:st mustDeepCopy:a
mustFirst:a mustFromJson:s mustHas:aa mustInitial:a mustLast:a mustMerge:mm*
mustMergeOverwrite:mm* mustPrepend:aa mustPush:aa mustRegexFind:ss mustRegexFindAll:ssi
mustRegexMatch:ss mustRegexReplaceAll:sss mustRegexReplaceAllLiteral:sss mustRegexSplit:ssi
mustRest:a mustReverse:a mustSlice:aa* mustToDate:ss mustToDuration:a mustToJson:a
mustToPrettyJson:a mustToRawJson:a mustToToml:a mustToYaml:a mustUniq:a mustWithout:aa*
must_date_modify:st ne:vv nindent:is nospace:s not:v omit:ms* osBase:s osClean:s osDir:s
osExt:s osIsAbs:s pick:ms* pluck:sm* plural:ssi prepend:aa print:a* printf:sa* println:a*
push:aa quote:a* regexFind:ss regexFindAll:ssi regexMatch:ss regexQuoteMeta:s
regexReplaceAll:sss regexReplaceAllLiteral:sss regexSplit:ssi repeat:is replace:sss
required:sa rest:a reverse:a round:aif* semver:s semverCompare:ss seq:i* set:msa sha1sum:s
sha256sum:s sha512sum:s slice:aa* snakecase:s sortAlpha:a split:ss splitList:ss splitn:sis
squote:a* sub:aa subf:aa* substr:iis swapcase:s ternary:aab title:s toDate:ss toDecimal:a
toJson:a toPrettyJson:a toRawJson:a toString:a toStrings:a toToml:a toYaml:a toYamlPretty:a
trim:s trimAll:ss trimPrefix:ss trimSuffix:ss trimall:ss trunc:is tuple:a* typeIs:sa
typeIsLike:sa typeOf:a uniq:a unixEpoch:t unset:ms until:i untilStep:iii untitle:s upper:s
urlJoin:m urlParse:s urlquery:a* without:aa* wrap:is wrapWith:iss
`

const data = `{"b":true,"e":"","el":[],"em":{},"f":2.5,"fi":3.0,"i":7,"l":["b","a",null,1,"a",2.5],
"ls":["x","y","z"],"m":{"a":1,"b":{"c":"d"},"z":null},"n":null,"neg":-4,"s":"some Text-here",
"sp":"  two\nlines ","u":"h\u00e9llo w\u00f6rld","y":"a: [1, {b: c}]\nd: null\n"}`

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }

// An argument for a parameter; now and then of another kind.
func arg(kind byte, depth int) string {
	if r.Intn(8) == 0 {
		kind = "sibfamln"[r.Intn(8)]
	}
	if depth > 0 && r.Intn(5) == 0 {
		return "(" + call(depth-1) + ")"
	}
	switch kind {
	case 's':
		return pick(`"a"`, `"b"`, `"a-b_c"`, `"x y"`, `"1.2.3"`, `">=1.0.0"`, `"5"`, `"-"`, `""`, `"12h30m"`,
			`"%v|%5d|%q"`, `"[a-z]+"`, `"(a)(b)?"`, `"HTTPServer2xx"`, `".Values"`, `"http://u@h:1/p?q#f"`,
			`"{\"a\":[1,2.50,null]}"`, `"a = 1\n[t]\nb = [1.5]"`, ".Values.s", ".Values.sp", ".Values.u", ".Values.e", ".Values.y")
	case 'i', 'u', 'd':
		return pick("0", "1", "2", "3", "5", "-1", "10", "(int .Values.fi)", "(len .Values.l)")
	case 'b':
		return pick("true", "false", ".Values.b")
	case 'f':
		return pick("0.5", "1.0", ".Values.f", "2")
	case 'm':
		return pick(".Values.m", ".Values.em", `(dict "a" 1 "b" (dict "x" "y"))`, `(dict "k" nil)`)
	case 'l':
		return pick(".Values.l", ".Values.ls", ".Values.el", `(list 3 1 "z")`, "(until 3)", `(list (list 1) "a")`)
	case 'n':
		return pick("nil", ".Values.n", ".Values.missing")
	case 't':
		return `(toDate "2006-01-02" "2024-02-29")`
	default:
		return arg("sibfmlsn"[r.Intn(8)], depth)
	}
}

var names, params []string

func call(depth int) string {
	k := r.Intn(len(names))
	p := params[k]
	var b strings.Builder
	b.WriteString(names[k])
	n := len(p)
	if strings.HasSuffix(p, "*") {
		n += r.Intn(3) - 2
		if n < 0 {
			n = 0
		}
	}
	if r.Intn(30) == 0 {
		n++
	}
	for i := 0; i < n; i++ {
		kind := byte('a')
		if len(p) > 0 {
			kind = p[min(i, len(p)-1)]
			if kind == '*' {
				kind = p[len(p)-2]
			}
		}
		b.WriteString(" " + arg(kind, depth))
	}
	return b.String()
}

func template() string {
	switch c := call(2); r.Intn(12) {
	case 0:
		return "{{ " + c + " | " + call(0) + " }}"
	case 1:
		return "{{ range $i, $x := " + c + " }}{{ $i }}={{ $x }};{{ else }}none{{ end }}"
	case 2:
		return "{{ if " + c + " }}yes{{ else }}no{{ end }}"
	case 3:
		return "{{ with " + c + " }}{{ . }}{{ end }}"
	case 4:
		return "{{ " + c + " | toJson }}"
	case 5:
		return "{{ " + c + " | toYaml }}"
	case 6:
		return "{{ printf \"%v %T\" (" + c + ") (" + c + ") }}"
	case 7:
		return "{{ define \"t\" }}[{{ " + c + " }}]{{ end }}{{ include \"t\" . }}"
	case 8:
		return "{{ $x := " + c + " }}{{ kindOf $x }} {{ typeOf $x }}"
	default:
		return "{{ " + c + " }}"
	}
}

func render(text string) (string, error) {
	var values map[string]any
	if err := json.Unmarshal([]byte(data), &values); err != nil {
		log.Fatal(err)
	}
	c := &chart.Chart{Metadata: &chart.Metadata{Name: "c", Version: "1.0.0"},
		Templates: []*common.File{{Name: "templates/t.yaml", Data: []byte(text)}}}
	out, err := engine.Render(c, common.Values{"Values": common.Values(values)})
	return out["c/templates/t.yaml"], err
}

func main() {
	seed := flag.Int64("seed", 1, "")
	n := flag.Int("n", 1000, "")
	list := flag.String("texts", "", "")
	flag.Parse()
	r = rand.New(rand.NewSource(*seed))
	for _, row := range strings.Fields(functions) {
		name, p, _ := strings.Cut(row, ":")
		names = append(names, name)
		params = append(params, p)
	}
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	// All numbers of the data are float64, as values are.
	floats := strings.NewReplacer(":7,", ":7.0,", ":-4,", ":-4.0,", ":1,", ":1.0,", "null,1,", "null,1.0,").Replace(data)
	var texts []string
	if *list != "" {
		b, err := os.ReadFile(*list)
		if err != nil {
			log.Fatal(err)
		}
		texts = strings.Split(strings.TrimSpace(string(b)), "\n")
		*n = len(texts)
	}
	for i := 0; i < *n; i++ {
		var text string
		if texts != nil {
			text = texts[i]
		} else {
			text = template()
		}
		out, err := render(text)
		line := map[string]any{"op": "gotmpl", "templates": map[string]string{"c/templates/t.yaml": text},
			"data": json.RawMessage(fmt.Sprintf(`{"Values":%s}`, strings.ReplaceAll(floats, "\n", "")))}
		if err != nil {
			line["error"] = err.Error()
			if !utf8.ValidString(err.Error()) {
				continue
			}
		} else {
			line["output"] = map[string]string{"c/templates/t.yaml": out}
		}
		if err := e.Encode(line); err != nil {
			log.Fatal(err)
		}
	}
}
