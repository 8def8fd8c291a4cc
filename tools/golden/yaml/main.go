// Records how go-yaml reads: run by hand, output under tests/golden/yaml.
//
//	go run -ldflags=-checklinkname=0 . ../../../tests/golden/yaml
package main

import (
	"os"
	"path/filepath"
)

func main() {
	dir := os.Args[1]
	writeResolve(filepath.Join(dir, "resolve.jsonl"))
}
