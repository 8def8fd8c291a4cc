// Records what Go's encoding/json and encoding/base64, sigs.k8s.io/json and
// evanphx/json-patch answer: go run . [-seed N] [-n N] DIR writes json.jsonl, patch.jsonl and
// base64.jsonl there, N lines each.
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

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	kjson "sigs.k8s.io/json"
)

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }

// A line keeps its fields in order and sends bytes that are not UTF-8 as base64.
type line struct{ b bytes.Buffer }

func (l *line) raw(k string, v any) {
	if l.b.Len() > 0 {
		l.b.WriteByte(',')
	}
	var e bytes.Buffer
	enc := json.NewEncoder(&e)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		log.Fatal(err)
	}
	fmt.Fprintf(&l.b, "%q:%s", k, bytes.TrimSpace(e.Bytes()))
}

func (l *line) text(k, v string) {
	if utf8.ValidString(v) {
		l.raw(k, v)
	} else {
		l.raw(k+"_b64", base64.StdEncoding.EncodeToString([]byte(v)))
	}
}

func (l *line) answer(out []byte, err error) {
	switch {
	case err != nil:
		l.text("error", err.Error())
	case utf8.Valid(out):
		l.raw("output", string(out))
	default:
		l.raw("output", map[string]string{"b64": base64.StdEncoding.EncodeToString(out)})
	}
}

// ---- documents

func space() string {
	if r.Intn(6) == 0 {
		return pick(" ", "\n", "\t", "\r\n", "  ")
	}
	return ""
}

func number() string {
	switch r.Intn(12) {
	case 0:
		return pick("0", "-0", "1", "-1", "1.0", "1e0", "1E+2", "0.1", "1e-7", "1e21", "1e400", "-1e999", "5e-324", "1e-400")
	case 1:
		return pick("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
			"18446744073709551615", "18446744073709551616", "9007199254740992", "9007199254740993", "123456789012345678901234567890")
	case 2:
		return fmt.Sprint(r.NormFloat64() * 1e5)
	case 3:
		return fmt.Sprintf("%de%d", r.Intn(100000), r.Intn(80)-40)
	case 4:
		return fmt.Sprintf("%.17g", r.ExpFloat64())
	}
	return fmt.Sprint(r.Intn(300) - 100)
}

func quoted() string {
	var b strings.Builder
	b.WriteByte('"')
	for n := r.Intn(5); n > 0; n-- {
		switch r.Intn(9) {
		case 0:
			b.WriteString(pick(`\n`, `\t`, `\"`, `\\`, `\/`, `\b`, `\f`, `\r`))
		case 1:
			b.WriteString(pick(`\u00e9`, `\u0041`, `\u003c`, `\u2028`, `\ud83d\ude00`, `\ud83d`, `\ude00`, `\ud83d\u0041`, `\u0000`, `\uFFFF`, `\uD83D\uD83D\uDE00`))
		case 2:
			b.WriteString(pick("é", "\u2028", "\u2029", "😀", "\u00a0", "\u007f", "漢字", "\ufffd", "\ufeff"))
		case 3:
			b.WriteString(pick("<", ">", "&", "<a&b>", "'", "/", "~"))
		case 4:
			if r.Intn(6) == 0 {
				b.WriteString(pick("\xff", "\xc3", "\xe2\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc0\x80"))
			}
		default:
			b.WriteString(pick("a", "b", "key", "name", "x y", "0", "some longer text without anything"))
		}
	}
	b.WriteByte('"')
	return b.String()
}

func key() string {
	if r.Intn(8) == 0 {
		return quoted()
	}
	return pick(`"a"`, `"b"`, `"c"`, `"d"`, `"a/b"`, `"m~n"`, `""`, `"\u0061"`, `"0"`, `"-"`, `"<"`, `"é"`)
}

func value(depth int) string {
	n := r.Intn(10)
	if depth <= 0 && n < 5 {
		n = 5 + r.Intn(5)
	}
	var b strings.Builder
	switch {
	case n < 3:
		b.WriteString("{" + space())
		for i, m := 0, r.Intn(5); i < m; i++ {
			if i > 0 {
				b.WriteString("," + space())
			}
			b.WriteString(key() + space() + ":" + space() + value(depth-1) + space())
		}
		b.WriteString("}")
	case n < 5:
		b.WriteString("[" + space())
		for i, m := 0, r.Intn(5); i < m; i++ {
			if i > 0 {
				b.WriteString("," + space())
			}
			b.WriteString(value(depth-1) + space())
		}
		b.WriteString("]")
	case n < 7:
		return number()
	case n < 9:
		return quoted()
	default:
		return pick("true", "false", "null", "null")
	}
	return b.String()
}

func mutated(s string) string {
	b := []byte(s)
	for n := 1 + r.Intn(2); n > 0 && len(b) > 0; n-- {
		i := r.Intn(len(b))
		switch r.Intn(4) {
		case 0:
			b = b[:i]
		case 1:
			b = append(b[:i], b[i+1:]...)
		case 2:
			const odd = "{}[]:,\"\\ \n\t\x00\x1f\x7f\x80\xa0\xad\xffeE.+-01tfnulx'"
			b[i] = odd[r.Intn(len(odd))]
		default:
			b = append(b[:i], append([]byte(pick("{", "}", "[", "]", ",", ":", "\"", "\\", "0", "e", ".", "-", "tru", "nul", "\\u12", "\\x")), b[i:]...)...)
		}
	}
	return string(b)
}

// As apimachinery reads objects: whole numbers stay whole.
func recordKube(text string) *line {
	l := &line{}
	l.raw("op", "json-kube")
	l.text("text", text)
	var v any
	err := kjson.UnmarshalCaseSensitivePreserveInts([]byte(text), &v)
	var out []byte
	if err == nil {
		out, err = json.Marshal(v)
	}
	l.answer(out, err)
	return l
}

func recordJSON() *line {
	text := value(4)
	if r.Intn(3) == 0 {
		text = mutated(text)
	}
	text = space() + text + space()
	if r.Intn(5) == 0 {
		return recordKube(text)
	}
	indent, escape, exact := r.Intn(2)*2, r.Intn(2) == 0, r.Intn(2) == 0
	l := &line{}
	l.raw("op", "json")
	l.text("text", text)
	l.raw("indent", indent)
	l.raw("escape_html", escape)
	l.raw("use_number", exact)
	var v any
	var err error
	if !exact {
		err = json.Unmarshal([]byte(text), &v)
	} else if !json.Valid([]byte(text)) {
		err = json.Unmarshal([]byte(text), &v)
	} else {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		err = d.Decode(&v)
	}
	var out bytes.Buffer
	if err == nil {
		enc := json.NewEncoder(&out)
		enc.SetEscapeHTML(escape)
		enc.SetIndent("", strings.Repeat(" ", indent))
		err = enc.Encode(v)
	}
	l.answer(bytes.TrimSuffix(out.Bytes(), []byte("\n")), err)
	return l
}

// ---- patches

// Pointers that lead somewhere in the document, and some that do not.
func pointers(v any, at string, to *[]string) {
	*to = append(*to, at)
	esc := strings.NewReplacer("~", "~0", "/", "~1")
	switch t := v.(type) {
	case map[string]any:
		for k, e := range t {
			pointers(e, at+"/"+esc.Replace(k), to)
		}
	case []any:
		for i, e := range t {
			pointers(e, fmt.Sprintf("%s/%d", at, i), to)
		}
	}
}

func path(all []string) string {
	p := all[r.Intn(len(all))]
	switch r.Intn(8) {
	case 0:
		p += "/" + pick("a", "b", "new", "0", "-", "-1", "+1", "01", "99999999999999999999", "~2", "m~n", "")
	case 1:
		if i := strings.LastIndexByte(p, '/'); i >= 0 {
			p = p[:i+1] + pick("-", "-1", "-2", "0", "1", "7", "x", "")
		}
	case 2:
		p = pick("", "/", "a", "x/a", "//", "/missing/x")
	}
	return p
}

func operation(all []string) string {
	var fields []string
	q := func(s string) string { b, _ := json.Marshal(s); return string(b) }
	op := pick("add", "add", "remove", "replace", "move", "copy", "copy", "test", "test")
	if r.Intn(60) == 0 {
		op = pick("", "Add", "noop", "unknown")
	}
	fields = append(fields, `"op":`+q(op))
	if r.Intn(50) > 0 {
		fields = append(fields, `"path":`+q(path(all)))
	} else {
		fields = append(fields, `"path":`+pick("null", "1", "[]", "{}", "true"))
	}
	if op == "move" || op == "copy" || r.Intn(20) == 0 {
		if r.Intn(40) > 0 {
			fields = append(fields, `"from":`+q(path(all)))
		} else {
			fields = append(fields, `"from":`+pick("null", "1", "[]"))
		}
	}
	if r.Intn(12) > 0 {
		fields = append(fields, `"value":`+pick(value(2), value(2), value(1), "null"))
	}
	return "{" + strings.Join(fields, ","+space()) + "}"
}

// A test that may well succeed: the value as it stands in the document.
func truth(doc any, all []string) string {
	p := all[r.Intn(len(all))]
	v := doc
	for _, k := range strings.Split(p, "/")[1:] {
		k = strings.NewReplacer("~1", "/", "~0", "~").Replace(k)
		switch t := v.(type) {
		case map[string]any:
			v = t[k]
		case []any:
			var i int
			fmt.Sscan(k, &i)
			v = t[i]
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.Encode(map[string]any{"op": "test", "path": p, "value": v})
	return strings.TrimSpace(b.String())
}

func patched(doc, patch string) (out []byte, err error, crashed bool) {
	defer func() {
		if recover() != nil {
			crashed = true
		}
	}()
	p, err := jsonpatch.DecodePatch([]byte(patch))
	if err == nil {
		out, err = p.Apply([]byte(doc))
	}
	return out, err, false
}

func recordPatch() *line {
	doc := value(3)
	var v any
	d := json.NewDecoder(strings.NewReader(doc))
	d.UseNumber()
	d.Decode(&v)
	var all []string
	pointers(v, "", &all)
	var ops []string
	for n := 1 + r.Intn(4); n > 0; n-- {
		if r.Intn(4) == 0 {
			ops = append(ops, truth(v, all))
		} else {
			ops = append(ops, operation(all))
		}
	}
	patch := "[" + strings.Join(ops, ",") + "]"
	if r.Intn(30) == 0 {
		patch = pick("null", "{}", "1", `["a"]`, "[null]", "[[]]", mutated(patch))
	}
	if r.Intn(30) == 0 {
		doc = pick("", "null", " []", "1", "true", `"s"`, mutated(doc))
	}
	l := &line{}
	l.raw("op", "json-patch")
	l.text("doc", doc)
	l.text("patch", patch)
	out, err, crashed := patched(doc, patch)
	if crashed {
		return nil
	}
	for i := 0; i < 4; i++ { // Go's map order must not show
		again, err2, crashed := patched(doc, patch)
		if crashed || !bytes.Equal(out, again) || fmt.Sprint(err) != fmt.Sprint(err2) {
			return nil
		}
	}
	l.answer(out, err)
	return l
}

func recordMerge() *line {
	doc, patch := value(3), value(3)
	if r.Intn(2) == 0 {
		doc = "{" + key() + ":" + value(3) + "," + key() + ":" + value(3) + "," + key() + ":" + value(3) + "}"
		patch = "{" + key() + ":" + value(3) + "," + key() + ":" + value(3) + "," + key() + ":null}"
	}
	if r.Intn(10) == 0 {
		patch = mutated(patch)
	}
	if r.Intn(20) == 0 {
		doc = mutated(doc)
	}
	l := &line{}
	l.raw("op", "merge-patch")
	l.text("doc", doc)
	l.text("patch", patch)
	out, err := jsonpatch.MergePatch([]byte(doc), []byte(patch))
	for i := 0; i < 4; i++ {
		again, _ := jsonpatch.MergePatch([]byte(doc), []byte(patch))
		if !bytes.Equal(out, again) {
			return nil
		}
	}
	l.answer(out, err)
	return l
}

func recordCreate() *line {
	object := func() string {
		s := "{"
		for i := 0; i < 4; i++ {
			s += key() + ":" + value(3) + ","
		}
		return s + `"end":0}`
	}
	from := object()
	to := from
	if p, err := jsonpatch.MergePatch([]byte(from), []byte(object())); err == nil && r.Intn(4) > 0 {
		to = string(p)
	}
	out, err := jsonpatch.CreateMergePatch([]byte(from), []byte(to))
	if err != nil {
		return nil
	}
	l := &line{}
	l.raw("op", "merge-patch-create")
	l.text("from", from)
	l.text("to", to)
	l.answer(out, nil)
	return l
}

// ---- base64

func recordBase64() *line {
	forms := map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.URLEncoding,
		"raw-std": base64.RawStdEncoding, "raw-url": base64.RawURLEncoding}
	form := pick("std", "std", "url", "raw-std", "raw-url")
	b := make([]byte, r.Intn(12))
	r.Read(b)
	text := forms[form].EncodeToString(b)
	l := &line{}
	if r.Intn(3) == 0 {
		l.raw("op", "base64-encode")
		l.text("text", string(b))
		l.raw("form", form)
		l.raw("output", text)
		return l
	}
	c := []byte(text)
	for n := r.Intn(4); n > 0; n-- {
		i := r.Intn(len(c) + 1)
		switch r.Intn(3) {
		case 0:
			c = append(c[:i:i], append([]byte(pick("\n", "\r\n", "=", "A", "-", "_", "+", "/", " ", "é", "==")), c[i:]...)...)
		case 1:
			c = c[:i]
		case 2:
			if i < len(c) {
				const odd = "=AZaz09+/-_\n\r ."
				c[i] = odd[r.Intn(len(odd))]
			}
		}
	}
	l.raw("op", "base64-decode")
	l.text("text", string(c))
	l.raw("form", form)
	out, err := forms[form].DecodeString(string(c))
	l.answer(out, err)
	return l
}

func write(dir, name string, n int, record func() *line) {
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		log.Fatal(err)
	}
	for n > 0 {
		if l := record(); l != nil {
			fmt.Fprintf(f, "{%s}\n", l.b.Bytes())
			n--
		}
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

func main() {
	seed := flag.Int64("seed", 1, "")
	n := flag.Int("n", 1500, "")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("usage: go run . [-seed N] [-n N] DIR")
	}
	r = rand.New(rand.NewSource(*seed))
	write(flag.Arg(0), "json.jsonl", *n, recordJSON)
	write(flag.Arg(0), "patch.jsonl", *n, func() *line {
		switch r.Intn(7) {
		case 0, 1:
			return recordMerge()
		case 2:
			return recordCreate()
		}
		return recordPatch()
	})
	write(flag.Arg(0), "base64.jsonl", *n/2, recordBase64)
}
