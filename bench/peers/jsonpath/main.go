// The Go original beside bench_jsonpath: go run . in this folder.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"strings"
	"time"

	"k8s.io/client-go/util/jsonpath"
)

const objects, rounds = 10000, 10

func main() {
	var b strings.Builder
	b.WriteString(`{"items":[`)
	for i := range objects {
		comma, phase := ",", "Running"
		if i == 0 {
			comma = ""
		}
		if i%3 == 0 {
			phase = "Pending"
		}
		fmt.Fprintf(&b, `%s{"metadata":{"name":"pod-%d","namespace":"ns-%d","labels":{"app":"a"}},"spec":{"containers":[{"name":"c","image":"i:%d"}],"replicas":%d},"status":{"phase":"%s"}}`,
			comma, i, i%50, i%7, i%5, phase)
	}
	b.WriteString("]}")
	var list any
	if err := json.Unmarshal([]byte(b.String()), &list); err != nil {
		log.Fatal(err)
	}
	for _, c := range [][2]string{
		{"names", "{.items[*].metadata.name}"},
		{"range", `{range .items[*]}{.metadata.namespace}/{.metadata.name}{"\n"}{end}`},
		{"filter", `{.items[?(@.status.phase=="Running")].metadata.name}`},
		{"descent", "{..image}"},
		{"objects", "{.items[*].spec}"},
	} {
		best, size := time.Hour, 0
		for range rounds {
			j := jsonpath.New("x").AllowMissingKeys(true)
			if err := j.Parse(c[1]); err != nil {
				log.Fatal(err)
			}
			var out bytes.Buffer
			start := time.Now()
			if err := j.Execute(&out, list); err != nil {
				log.Fatal(err)
			}
			best, size = min(best, time.Since(start)), out.Len()
		}
		fmt.Printf("go jsonpath %-8s %8.2f ms %8d bytes\n", c[0], best.Seconds()*1e3, size)
	}
}
