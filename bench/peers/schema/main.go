// Prints the lines of bench_schema for santhosh-tekuri/jsonschema: main BUILD.
package main

import (
	"bytes"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const rounds = 200

func text(what string) []byte {
	out, err := exec.Command(filepath.Join(os.Args[1], "bench", "bench_schema"), what).Output()
	if err != nil {
		log.Fatal(err)
	}
	return out
}

func compile(schema []byte) *jsonschema.Schema {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		log.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("file:///values.schema.json", doc); err != nil {
		log.Fatal(err)
	}
	return c.MustCompile("file:///values.schema.json")
}

func measure(name string, f func()) {
	start := time.Now()
	for i := 0; i < rounds; i++ {
		f()
	}
	fmt.Printf("schema-%-8s %8.1f us  (jsonschema)\n", name, float64(time.Since(start).Microseconds())/rounds)
}

func main() {
	schema := text("schema")
	values, err := jsonschema.UnmarshalJSON(bytes.NewReader(text("values")))
	if err != nil {
		log.Fatal(err)
	}
	s := compile(schema)
	check := func() {
		if err := s.Validate(values); err != nil {
			log.Fatal(err)
		}
	}
	measure("compile", func() { compile(schema) })
	measure("validate", check)
	measure("check", func() { s = compile(schema); check() })
}
