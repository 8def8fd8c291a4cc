// Records what Go's package regexp does, and compares a build with it.
//
//	go run main.go record DIR           write DIR/patterns and DIR/FROM
//	go run main.go compare DRIVER N     ask tests/driver N random questions
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"unicode/utf8"
)

// texts gives all texts over an alphabet up to a length; the test does the same.
func texts(alphabet []string, max int) []string {
	all := []string{""}
	last := all
	for n := 0; n < max; n++ {
		var next []string
		for _, t := range last {
			for _, c := range alphabet {
				next = append(next, t+c)
			}
		}
		all = append(all, next...)
		last = next
	}
	return all
}

// patterns combines atoms by operators, `depth` times.
func patterns(atoms, post []string, depth int) []string {
	level := [][]string{{}}
	level[0] = append(level[0], atoms...)
	all := append([]string{}, atoms...)
	for d := 1; d < depth; d++ {
		var next []string
		for _, p := range level[d-1] {
			for _, op := range post {
				if len(p) > 1 && !(p[0] == '(' && strings.Count(p, "(") == 1) {
					next = append(next, "(?:"+p+")"+op)
				} else {
					next = append(next, p+op)
				}
			}
		}
		for i := 0; i < d; i++ {
			for _, a := range level[i] {
				for _, b := range level[d-1-i] {
					next = append(next, a+b, "(?:"+a+"|"+b+")", "("+a+"|"+b+")")
				}
			}
		}
		level = append(level, next)
		all = append(all, next...)
	}
	return all
}

func describe(re *regexp.Regexp, text string) string {
	var b strings.Builder
	for _, m := range re.FindAllStringSubmatchIndex(text, -1) {
		for _, at := range m {
			b.WriteString(strconv.Itoa(at))
			b.WriteByte(' ')
		}
		b.WriteByte(';')
	}
	return b.String()
}

type family struct {
	name           string
	atoms, post    []string
	depth          int
	alphabet       []string
	length, sample int
}

var families = []family{
	{"ab", []string{"a", "b", "(a)", "."}, []string{"*", "+?", "{2}", "??"}, 3, []string{"a", "b"}, 6, 6000},
	{"empty", []string{"a", "(|a)", "(a|)", "()", "(a*)"}, []string{"*", "*?", "+", "+?", "?", "{0,2}"}, 3,
		[]string{"a", "b"}, 4, 6000},
	{"places", []string{"a", "^", "$", `\b`, `\B`, "(?m:^)", "(?m:$)", "\n", `\z`}, []string{"*", "?", "+?"}, 3,
		[]string{"a", "-", "\n"}, 4, 6000},
	{"runes", []string{"[^a]", "é", "(?i:é)", `\pL`, "(?s:.)", "[a-é]"}, []string{"*?", "{1,2}", "+"}, 3,
		[]string{"a", "é", "É", "\xff", "\xc3"}, 3, 4000},
}

func record(dir string) error {
	random := rand.New(rand.NewSource(1))
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, "patterns"))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for _, fam := range families {
		quoted := make([]string, len(fam.alphabet))
		for i, c := range fam.alphabet {
			quoted[i] = strconv.Quote(c)
		}
		fmt.Fprintf(w, "# %s %d %s\n", fam.name, fam.length, strings.Join(quoted, " "))
		ts := texts(fam.alphabet, fam.length)
		ps := patterns(fam.atoms, fam.post, fam.depth)
		random.Shuffle(len(ps), func(i, j int) { ps[i], ps[j] = ps[j], ps[i] })
		if len(ps) > fam.sample {
			ps = ps[:fam.sample]
		}
		for _, p := range ps {
			re, err := regexp.Compile(p)
			if err != nil {
				fmt.Fprintf(w, "%s !%s\n", strconv.Quote(p), err)
				continue
			}
			h := fnv.New32a()
			for _, t := range ts {
				h.Write([]byte(describe(re, t)))
				h.Write([]byte("\n"))
			}
			fmt.Fprintf(w, "%s %08x\n", strconv.Quote(p), h.Sum32())
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	from := "tools/golden/regex record, package regexp of " + runtime.Version() + "\n"
	return os.WriteFile(filepath.Join(dir, "FROM"), []byte(from), 0o666)
}

// A source of random patterns and texts.
type source struct{ *rand.Rand }

func (s source) pick(from ...string) string { return from[s.Intn(len(from))] }

func (s source) class() string {
	var b strings.Builder
	b.WriteString("[")
	if s.Intn(3) == 0 {
		b.WriteString("^")
	}
	for n := 1 + s.Intn(3); n > 0; n-- {
		b.WriteString(s.pick("a", "b", "a-c", "k", "K-S", "é", "α-ω", `\d`, `\W`, `\pL`, `\P{Lu}`, "[:alpha:]",
			"[:^digit:]", `\n`, "-", `\x{1F600}`, `\s`, "ſ", `\x{212a}`, "0-9", `\]`, "^", "[", `\x{fffd}`, "z-a",
			`\PN`, `\p{Greek}`))
	}
	b.WriteString("]")
	return b.String()
}

func (s source) pattern(depth int) string {
	if depth <= 0 {
		switch s.Intn(12) {
		case 0:
			return s.class()
		case 1:
			return s.pick(`\d`, `\w`, `\s`, `\D`, `\W`, `\S`, `\pL`, `\PL`, `\p{Greek}`, `\p{^Lu}`, ".")
		case 2:
			return s.pick("^", "$", `\b`, `\B`, `\A`, `\z`, "(?m:^)", "(?m:$)")
		case 3:
			return s.pick(`\x41`, `\101`, `\x{e9}`, `\n`, `\Qa.b\E`, `\.`, `\-`, `\t`, `\\`, `\x{fffd}`, `\07`)
		case 4:
			return s.pick("é", "K", "k", "s", "ſ", "α", "Σ", "ς", "日", "😀")
		case 5:
			return s.pick("foo", "bar", "http", "abc", "ab", "ba", "123")
		default:
			return s.pick("a", "b", "c", "a", "b", "1", "-", "_", ".")
		}
	}
	switch s.Intn(12) {
	case 0, 1, 2, 3:
		return s.pattern(depth-1) + s.pattern(depth-1)
	case 4, 5:
		return s.pattern(depth-1) + "|" + s.pattern(depth-1)
	case 6:
		return "(" + s.pattern(depth-1) + ")"
	case 7:
		return "(?:" + s.pattern(depth-1) + ")"
	case 8:
		return s.pick("(?i:", "(?s:", "(?m:", "(?U:", "(?i-s:", "(?P<n>", "(?<m>", "(?is)(?:", "(?-i:", "(?mU:") +
			s.pattern(depth-1) + ")"
	case 9:
		return "(?:" + s.pattern(depth-1) + ")" + s.repeat()
	default:
		return s.pattern(depth-1) + s.repeat()
	}
}

func (s source) repeat() string {
	return s.pick("*", "+", "?", "*?", "+?", "??", "{2}", "{1,3}", "{0,2}?", "{2,}", "{,3}", "{0}", "{1}", "{3,2}", "{0,1}")
}

// broken damages a pattern, to see what is said about it.
func (s source) broken(p string) string {
	for n := 1 + s.Intn(2); n > 0; n-- {
		at := s.Intn(len(p) + 1)
		switch s.Intn(3) {
		case 0:
			if at < len(p) {
				p = p[:at] + p[at+1:]
			}
		case 1:
			p = p[:at] + s.pick("(", ")", "[", "]", "{", "}", "*", "+", "?", "|", `\`, "^", "$", "(?", "(?P<", "\xff", "\xc3",
				"{1001}", "{2,1}", "(?i", "-", "<", ">", ":", "P", "x", `\p`, `\x{`, `\C`, "[:", ":]", `\Q`) + p[at:]
		default:
			p = p[:at]
		}
	}
	return p
}

func (s source) text() string {
	var b strings.Builder
	n := s.Intn(12)
	if s.Intn(20) == 0 {
		n = s.Intn(60)
	}
	for ; n > 0; n-- {
		b.WriteString(s.pick("a", "b", "c", "a", "b", "ab", "foo", "bar", "http", "1", "23", " ", "\n", "-", "_", ".",
			"é", "É", "K", "k", "\u212a", "s", "ſ", "α", "Σ", "ς", "日", "😀", "\xff", "\xe2\x82", "\ufffd", "\x00", "A", "Z"))
	}
	t := b.String()
	if s.Intn(25) == 0 && t != "" { // long enough for other engines
		t = strings.Repeat(t, 4500/len(t)+1) + t
	}
	return t
}

func field(request map[string]any, name, value string) {
	if utf8.ValidString(value) {
		request[name] = value
	} else {
		request[name+"_b64"] = base64.StdEncoding.EncodeToString([]byte(value))
	}
}

func sendable(text string) any {
	if utf8.ValidString(text) {
		return text
	}
	return map[string]any{"b64": base64.StdEncoding.EncodeToString([]byte(text))}
}

func answer(p, t, template, op string, limit int) map[string]any {
	re, err := regexp.Compile(p)
	if err != nil {
		if utf8.ValidString(err.Error()) {
			return map[string]any{"error": err.Error()}
		}
		return map[string]any{"error_b64": base64.StdEncoding.EncodeToString([]byte(err.Error()))}
	}
	switch op {
	case "regex-replace":
		return map[string]any{"output": sendable(re.ReplaceAllString(t, template))}
	case "regex-split":
		pieces := []any{}
		for _, piece := range re.Split(t, limit) {
			pieces = append(pieces, sendable(piece))
		}
		return map[string]any{"output": pieces}
	}
	find, names := []any{}, []any{}
	for _, m := range re.FindAllStringSubmatchIndex(t, -1) {
		match := []any{}
		for _, at := range m {
			match = append(match, float64(at))
		}
		find = append(find, match)
	}
	for _, n := range re.SubexpNames() {
		names = append(names, n)
	}
	return map[string]any{"output": map[string]any{"find": find, "names": names}}
}

func compare(driver string, n int) error {
	s := source{rand.New(rand.NewSource(rand.Int63()))}
	cmd := exec.Command(driver)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<26)
	bad := 0
	for i := 0; i < n && bad < 20; i++ {
		p, t := s.pattern(1+s.Intn(5)), s.text()
		if s.Intn(5) == 0 {
			p = s.broken(p)
		}
		op := s.pick("regex", "regex", "regex", "regex-replace", "regex-split")
		limit := s.Intn(6) - 2
		request := map[string]any{"op": op, "limit": limit}
		template := ""
		if op == "regex-replace" {
			template = s.pick("x", "$0", "<$1>", "$n$m", "${1}a$$", "$1a", "${n", "$", "$2-$1", "é$é")
			field(request, "template", template)
		}
		field(request, "pattern", p)
		field(request, "input", t)
		line, err := json.Marshal(request)
		if err != nil {
			return err
		}
		fmt.Fprintf(in, "%s\n", line)
		if !lines.Scan() {
			return fmt.Errorf("the driver ended at %s", line)
		}
		var got map[string]any
		if err := json.Unmarshal(lines.Bytes(), &got); err != nil {
			return err
		}
		if want := answer(p, t, template, op, limit); !reflect.DeepEqual(got, want) {
			bad++
			w, _ := json.Marshal(want)
			fmt.Printf("%q %q on %.200q\n got %.300s\nwant %.300s\n", p, template, t, lines.Text(), w)
		}
	}
	in.Close()
	fmt.Printf("%d questions, %d differences\n", n, bad)
	return cmd.Wait()
}

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "record":
		err = record(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "compare":
		var n int
		if n, err = strconv.Atoi(os.Args[3]); err == nil {
			err = compare(os.Args[2], n)
		}
	default:
		err = fmt.Errorf("usage: record DIR | compare DRIVER N")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
