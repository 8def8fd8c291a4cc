// What the Go libraries take for the documents of bench_yaml_write:
//
//	yaml BUILD
//
// One line for each set of documents and direction, as the benchmark prints
// them: CPU time of the whole process, the garbage collector's included.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"go.yaml.in/yaml/v3"
	sigs "sigs.k8s.io/yaml"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "yaml:", err)
		os.Exit(1)
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func peak() float64 {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return float64(u.Maxrss) / 1024
}

func load(file string) (docs []any) {
	b, err := os.ReadFile(file)
	check(err)
	for _, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
		var v any
		check(json.Unmarshal(line, &v))
		docs = append(docs, v)
	}
	return docs
}

func encodeV3(v any) []byte {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	check(e.Encode(v))
	check(e.Close())
	return b.Bytes()
}

func marshalSigs(v any) []byte {
	b, err := sigs.Marshal(v)
	check(err)
	return b
}

func report(what, set, name string, n int, took time.Duration) {
	mb, s := float64(n)/1e6, took.Seconds()
	fmt.Printf("%-10s %-6s %-8s %8.2f MB %8.2f ms %8.1f MB/s %6.1f MiB\n", what, set, name, mb, s*1e3, mb/s, peak())
}

func measure(set string, docs []any) {
	for _, w := range []struct {
		name  string
		write func(any) []byte
		read  func([]byte, any) error
	}{
		{"go-sigs", marshalSigs, func(b []byte, v any) error { return sigs.Unmarshal(b, v) }},
		{"go-v3", encodeV3, yaml.Unmarshal},
	} {
		var texts [][]byte
		n, start := 0, cpu()
		for _, v := range docs {
			b := w.write(v)
			n += len(b)
			texts = append(texts, b)
		}
		report("yaml-write", set, w.name, n, cpu()-start)
		start = cpu()
		for _, b := range texts {
			var v any
			check(w.read(b, &v))
		}
		report("yaml-read", set, w.name, n, cpu()-start)
	}
}

// Each set in a process of its own: the peak is one of the process.
func main() {
	if len(os.Args) == 3 {
		measure(os.Args[1], load(os.Args[2]))
		return
	}
	dir, err := os.MkdirTemp("", "bench-yaml")
	check(err)
	defer os.RemoveAll(dir)
	check(exec.Command(filepath.Join(os.Args[1], "bench", "bench_yaml_write"), "--json", dir).Run())
	for _, set := range []string{"crds", "index", "list"} {
		c := exec.Command(os.Args[0], set, filepath.Join(dir, set+".json"))
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		check(c.Run())
	}
}
