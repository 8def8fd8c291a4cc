// The same measurements as bench_json, with encoding/json:
//
//	json BUILD              all cases, through bench_json of that build
//	json read|write FILE    one
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
)

func usage() syscall.Rusage {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return u
}

func cpu() float64 {
	u := usage()
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func all(build string) {
	self, err := os.Executable()
	if err != nil {
		log.Fatal(err)
	}
	c := exec.Command(filepath.Join(build, "bench/bench_json"), "--peer", self)
	c.Stdout, c.Stderr = os.Stdout, os.Stderr
	if err := c.Run(); err != nil {
		log.Fatal(err)
	}
}

func main() {
	if len(os.Args) == 2 {
		all(os.Args[1])
		return
	}
	text, err := os.ReadFile(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	var v any
	best := 1e9
	for i := 0; i < 5; i++ {
		runtime.GC()
		start := cpu()
		if os.Args[1] == "read" {
			v = nil
			err = json.Unmarshal(text, &v)
		} else if i > 0 {
			_, err = json.Marshal(v)
		} else {
			err = json.Unmarshal(text, &v)
			start -= 1e9
		}
		if err != nil {
			log.Fatal(err)
		}
		best = min(best, cpu()-start)
	}
	mb := float64(len(text)) / 1e6
	fmt.Printf("json-%-5s %-12s %-4s %8.2f MB %8.2f ms %8.1f MB/s %6.1f MiB\n", os.Args[1],
		filepath.Base(os.Args[2]), "go", mb, best*1e3, mb/best, float64(usage().Maxrss)/1024)
}
