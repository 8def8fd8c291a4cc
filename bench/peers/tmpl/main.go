// What Helm's engine takes for the chart of bench_tmpl:
//
//	tmpl BUILD
//
// Lines as the benchmark prints them: CPU time of the whole process, the
// garbage collector's included. The engine has no render without parsing.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/engine"
)

const rounds, times = 5, 200

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "tmpl:", err)
		os.Exit(1)
	}
}

func usage() (cpu time.Duration, peak float64) {
	var u syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), float64(u.Maxrss) / 1024
}

func main() {
	file := filepath.Join(os.TempDir(), fmt.Sprintf("bench-tmpl-%d.json", os.Getpid()))
	defer os.Remove(file)
	check(exec.Command(filepath.Join(os.Args[1], "bench", "bench_tmpl"), "--json", file).Run())
	b, err := os.ReadFile(file)
	check(err)
	var in struct {
		Values    map[string]map[string]any
		Templates map[string]string
	}
	check(json.Unmarshal(b, &in))
	c := &chart.Chart{Metadata: &chart.Metadata{Name: "app", Version: "1.2.3"}}
	for name, text := range in.Templates {
		c.Templates = append(c.Templates, &common.File{Name: strings.TrimPrefix(name, "app/"), Data: []byte(text)})
	}
	best, bytes := time.Hour, 0
	for i := 0; i < rounds; i++ {
		start, _ := usage()
		for k := 0; k < times; k++ {
			out, err := engine.Render(c, common.Values{"Values": common.Values(in.Values["Values"]), "Release": in.Values["Release"]})
			check(err)
			bytes = 0
			for _, text := range out {
				bytes += len(text)
			}
		}
		end, _ := usage()
		best = min(best, (end-start)/times)
	}
	_, peak := usage()
	fmt.Printf("tmpl %-14s %6d bytes %8.1f us %6.1f MiB  (helm 4.3.1)\n", "parse+render", bytes, float64(best)/1e3, peak)
}
