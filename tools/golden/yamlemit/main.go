// Records how the Go libraries write YAML: run by hand, output under
// tests/golden/yamlemit.
//
//	go run . DIR [SEED SCALE]
//
// Everything is drawn from one seeded generator, so a second run writes the
// same files; another seed and a scale give a larger set to compare once.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"

	"go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func create(dir, name string, fill func(w *bufio.Writer)) {
	f, err := os.Create(filepath.Join(dir, name))
	check(err)
	w := bufio.NewWriter(f)
	fill(w)
	check(w.Flush())
	check(f.Close())
}

// One line of JSON, without HTML escapes.
func line(w *bufio.Writer, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	check(e.Encode(v))
}

func writeSigs(v any) string {
	b, err := sigs.Marshal(v)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	return string(b)
}

// The v3 encoder; wide is its default, kyaml's is compact.
func writeV3(v any, wide bool) (out string) {
	defer func() {
		if r := recover(); r != nil {
			out = "" // the library crashes: not recorded
		}
	}()
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if !wide {
		e.CompactSeqIndent()
	}
	if err := e.Encode(v); err != nil {
		return "error: " + err.Error() + "\n"
	}
	check(e.Close())
	return b.String()
}

func main() {
	dir, seed, scale := os.Args[1], int64(1), 1
	if len(os.Args) > 3 {
		n, err := strconv.ParseInt(os.Args[2], 10, 64)
		check(err)
		seed = n
		scale, err = strconv.Atoi(os.Args[3])
		check(err)
	}
	g := &gen{r: rand.New(rand.NewSource(seed))}
	g.strings(dir, 20000*scale)
	g.trees(dir, 1000*scale)
	g.nodes(dir, 2500*scale)
	g.keys(dir, 1500*scale)
	create(dir, "FROM", func(w *bufio.Writer) {
		fmt.Fprintln(w, "tools/golden/yamlemit, Go 1.26.8: sigs.k8s.io/yaml 1.6.0 over "+
			"go.yaml.in/yaml/v2 2.4.4, go.yaml.in/yaml/v3 3.0.4")
	})
}
