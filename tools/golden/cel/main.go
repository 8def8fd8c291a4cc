// Records what cel-go says with the libraries of the Kubernetes API server and
// those that Flux uses: go run . [-seed N] [-n N] DIR writes DIR/cel.jsonl
// (values, costs), DIR/syntax.jsonl (what is no expression) and DIR/typed.jsonl
// (expressions over data with a schema), about N cases each. Cases whose
// answer changes from run to run (Go's map order) are left out.
//
// With -ask, answers the requests on standard input instead, line by line, as
// the driver does.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

const rounds = 6

func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		log.Fatal(err)
	}
	return b.Bytes()
}

// The request with its answer; nil when the answer is nobody's to keep.
func answered(request map[string]any) map[string]any {
	line := encode(request)
	var first []byte
	var out map[string]any
	for i := 0; i < rounds; i++ {
		out = map[string]any{}
		read(line, &out)
		read(line, &request)
		result, err := ask(request)
		if err == errPanic {
			return nil
		}
		if err != nil {
			out["error"] = err.Error()
		} else {
			out["output"] = result
		}
		if again := encode(out); first == nil {
			first = again
		} else if !bytes.Equal(first, again) {
			return nil
		}
	}
	return out
}

func read(line []byte, into any) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		log.Fatal(err)
	}
}

var other = regexp.MustCompile(`ERROR: <input>:\d+:\d+: (?:[^S]|S[^y])`)

// What is found besides in what is left of a broken tree depends on how the
// tree was patched up, which we do not do.
func keep(a map[string]any) bool {
	text, _ := a["error"].(string)
	return !strings.Contains(text, "Syntax error") || !other.MatchString(text)
}

func record(path string, n int, question func() map[string]any) {
	f, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	seen := map[string]bool{}
	for len(seen) < n {
		q := question()
		key := string(encode(q))
		if seen[key] {
			continue
		}
		seen[key] = true
		if a := answered(q); a != nil && keep(a) {
			f.Write(encode(a))
		}
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

func answerInput() {
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 0 {
			var q map[string]any
			read(line, &q)
			if result, err := ask(q); err != nil {
				os.Stdout.Write(encode(map[string]any{"error": err.Error()}))
			} else {
				os.Stdout.Write(encode(map[string]any{"output": result}))
			}
		}
		if err == io.EOF {
			return
		}
	}
}

func main() {
	seed := flag.Int64("seed", 1, "of the random cases")
	n := flag.Int("n", 800, "cases a file")
	asked := flag.Bool("ask", false, "answer standard input")
	flag.Parse()
	if *asked {
		answerInput()
		return
	}
	g := &generator{rand.New(rand.NewSource(*seed))}
	record(filepath.Join(flag.Arg(0), "cel.jsonl"), *n, g.expression)
	record(filepath.Join(flag.Arg(0), "syntax.jsonl"), *n/2, g.broken)
	record(filepath.Join(flag.Arg(0), "typed.jsonl"), *n, g.typed)
}
