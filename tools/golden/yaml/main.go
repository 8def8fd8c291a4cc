// Records how go-yaml reads: run by hand, output under tests/golden/yaml.
//
//	go run -ldflags=-checklinkname=0 . DIR [SEED COUNT [SEEDS.jsonl]]
//
// Another seed and a count give a larger set to compare once; texts to begin
// with may come from other files of requests.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
)

func textsOf(path string) (texts []string) {
	f, err := os.Open(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	seen := map[string]bool{}
	for s := bufio.NewReader(f); ; {
		line, err := s.ReadBytes('\n')
		if err != nil {
			return texts
		}
		var r reading
		if json.Unmarshal(line, &r) == nil && r.Text != "" && !seen[r.Text] {
			seen[r.Text] = true
			texts = append(texts, r.Text)
		}
	}
}

func main() {
	dir, seed, count, texts := os.Args[1], int64(1), 9000, seeds
	if len(os.Args) > 3 {
		seed, _ = strconv.ParseInt(os.Args[2], 10, 64)
		count, _ = strconv.Atoi(os.Args[3])
	}
	if len(os.Args) > 4 {
		texts = append(append([]string{}, seeds...), textsOf(os.Args[4])...)
	}
	writeResolve(filepath.Join(dir, "resolve.jsonl"))
	writeRead(filepath.Join(dir, "read.jsonl"), seed, count, texts)
}
