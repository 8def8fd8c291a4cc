// Go's archive/tar and compress/gzip beside bench_archive: go run . in this folder.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"log"
	"strings"
	"time"
)

const files, rounds = 200, 5

func text(file int) string {
	var b strings.Builder
	r := uint32(file) + 1
	for range 400 {
		r = r*1664525 + 1013904223
		fmt.Fprintf(&b, "    - name: item-%d\n      image: registry.example/app:%d\n", r>>20, r>>8)
	}
	return b.String()
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	var texts [files]string
	for i := range files {
		texts[i] = text(i)
	}
	pack, read, total, size := time.Hour, time.Hour, 0, 0
	for range rounds {
		var b bytes.Buffer
		start := time.Now()
		z := gzip.NewWriter(&b)
		t := tar.NewWriter(z)
		for i, s := range texts {
			must(t.WriteHeader(&tar.Header{Name: fmt.Sprintf("dir/file-%03d.yaml", i), Mode: 0o644, Size: int64(len(s))}))
			_, err := t.Write([]byte(s))
			must(err)
		}
		must(t.Close())
		must(z.Close())
		size = b.Len()
		middle := time.Now()
		total = 0
		in, err := gzip.NewReader(&b)
		must(err)
		for r := tar.NewReader(in); ; {
			_, err := r.Next()
			if err == io.EOF {
				break
			}
			must(err)
			data, err := io.ReadAll(r)
			must(err)
			total += len(data)
		}
		pack, read = min(pack, middle.Sub(start)), min(read, time.Since(middle))
	}
	fmt.Printf("go archive pack     %8.2f ms %8.0f MB/s %8d bytes\n", pack.Seconds()*1e3, float64(total)/pack.Seconds()/1e6, size)
	fmt.Printf("go archive unpack   %8.2f ms %8.0f MB/s\n", read.Seconds()*1e3, float64(total)/read.Seconds()/1e6)
}
