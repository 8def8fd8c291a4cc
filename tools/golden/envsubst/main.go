// Records what Flux's envsubst makes of random templates:
// go run . [-seed N] [-n N] FILE writes N cases as lines of JSON.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"math/rand"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/fluxcd/pkg/envsubst"
)

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }

var vars = map[string]string{
	"A": "value", "path": "/home/user/notes.for.today", "E": "", "u": "éàü日本", "n": "12", "s": "a b  c*d",
	"img": "ghcr.io/org/app:1.2.3@sha256:abc", "x_1": "$${A}", "up": "MiXed",
}

func name() string {
	return pick("A", "path", "E", "u", "n", "s", "img", "x_1", "up", "missing", "日", "1a", "")
}

func text() string {
	return pick("", "a", "o", "/", "*", "?", "[a-z]", "[^/]*", ".", "*.", "*/", "for", "e", "é", `\/`, `\\`, `\`, "$$", "$", " ", "-1",
		"2", "5", "-5", "0", "100", "x y", "${A}", "${missing:=d}", "}", "{", "[", "]", "\n", ":", "#", "日")
}

func operator() string {
	return pick("", ":-", ":=", "-", "=", ":+", "+", ":?", "?", ":", "#", "##", "%", "%%", "/", "//", "/#", "/%", ",", ",,", "^", "^^", "@", "!")
}

func expression() string {
	var b strings.Builder
	b.WriteString("${")
	if r.Intn(12) == 0 {
		b.WriteString("#")
	}
	b.WriteString(name() + operator())
	for i := r.Intn(3); i > 0; i-- {
		b.WriteString(text() + pick("", "", ":", "/"))
	}
	if r.Intn(3) == 0 {
		b.WriteString(text())
	}
	if r.Intn(20) > 0 {
		b.WriteString("}")
	}
	return b.String()
}

func template() string {
	var b strings.Builder
	for i := r.Intn(3) + 1; i > 0; i-- {
		b.WriteString(pick("", "", "k: ", "$", "$$", "${", "}", "\n", `\`, "é", "$${A}", "$(x)"))
		b.WriteString(expression())
	}
	return b.String() + pick("", "", "end", "$")
}

type line struct {
	Op       string            `json:"op"`
	Template string            `json:"template"`
	Vars     map[string]string `json:"vars"`
	Strict   bool              `json:"strict,omitempty"`
	Output   *string           `json:"output,omitempty"`
	Error    string            `json:"error,omitempty"`
}

func record() (l line) {
	l = line{Op: "envsubst", Template: template(), Vars: vars}
	if r.Intn(4) == 0 { // one expression: the original tells of the first variable only
		l.Strict, l.Template = true, expression()
	}
	defer func() {
		if p := recover(); p != nil {
			l.Error = fmt.Sprintf("panic: %v", p)
		}
	}()
	out, err := envsubst.Eval(l.Template, func(s string) (string, bool) {
		v, ok := vars[s]
		return v, ok || !l.Strict
	})
	if err != nil {
		l.Error = err.Error()
	} else {
		l.Output = &out
	}
	return l
}

func main() {
	seed := flag.Int64("seed", 1, "")
	n := flag.Int("n", 400, "")
	flag.Parse()
	r = rand.New(rand.NewSource(*seed))
	f, err := os.Create(flag.Arg(0))
	if err != nil {
		log.Fatal(err)
	}
	w := bufio.NewWriter(f)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for i := 0; i < *n; {
		l := record()
		if !utf8.ValidString(l.Template) {
			continue
		}
		i++
		if err := e.Encode(l); err != nil {
			log.Fatal(err)
		}
	}
	w.Flush()
}
