// The Go originals beside bench_regex: go run . in this folder.
package main

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

const bestOf = 7

var compiled = []string{
	"^(?:podinfo)$", "^main-[a-f0-9]+-(?P<ts>[0-9]+)", `(?i)[\pL_][\pL\pN_]*`,
	`^([a-z0-9]([-a-z0-9]*[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`,
}

var shorts = [][2]string{
	{"^(?:podinfo)$", "podinfo"},
	{"^main-[a-f0-9]+-(?P<ts>[0-9]+)", "main-3f9a2b17c-1699999999"},
	{"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "source-controller-7d9f8b6c5-x2vbn"},
	{`(\d+)\.(\d+)\.(\d+)`, "registry.example.com/app:v12.34.56"},
	{"[aeiou]+x", "the quick brown fox jumps over the lazy dog"},
}

var longs = []string{
	"kubernetes", `image:\s*(\S+)`, `[a-z0-9]+(?:\.[a-z0-9]+)+`, `\b\w+ing\b`,
	`(?m)^\s*name: (.+)$`, "(?i)deployment", `\d{4}-\d{2}-\d{2}`, "foo|bar|baz|qux",
	"[a-q][^u-z]{13}x", "(?s)spec:.*?status:", ".*", `[^\n]*nginx[^\n]*`,
}

func text(size int) string {
	var b strings.Builder
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app-%d\n"+
			"  labels:\n    app.kubernetes.io/name: app-%d\n"+
			"  annotations:\n    date: \"2026-%02d-%02d\"\n    note: \"r\u00e9sum\u00e9 %d\"\n"+
			"spec:\n  replicas: %d\n  template:\n    spec:\n      containers:\n"+
			"      - name: main\n        image: registry.example.com/team/nginx:1.%d.%d\n"+
			"        imagePullPolicy: Always\nstatus:\n  phase: Running\n---\n",
			i, i, i%12+1, i%28+1, i, i%5, i%30, i%7)
	}
	return b.String()
}

func best(run func()) float64 {
	best := 1e9
	for range bestOf {
		start := time.Now()
		run()
		best = min(best, time.Since(start).Seconds())
	}
	return best
}

func ns(what, name string, n int, run func()) {
	s := best(func() {
		for range n {
			run()
		}
	})
	fmt.Printf("go %-12s %-42.42s %9.1f ns\n", what, name, s/float64(n)*1e9)
}

func long(pattern, text string) {
	re := regexp.MustCompile(pattern)
	n := 0
	s := best(func() { n = len(re.FindAllStringSubmatchIndex(text, -1)) })
	fmt.Printf("go %-12s %-42.42s %9.1f MB/s %8d found\n", "find all", pattern, float64(len(text))/s/1e6, n)
}

func main() {
	for _, p := range compiled {
		ns("compile", p, 2000, func() { regexp.MustCompile(p) })
	}
	for _, s := range shorts {
		re := regexp.MustCompile(s[0])
		ns("test", s[0], 20000, func() { re.MatchString(s[1]) })
		ns("find", s[0], 20000, func() { re.FindStringSubmatchIndex(s[1]) })
	}
	re := regexp.MustCompile("[^a-z0-9]+")
	ns("replace", re.String(), 20000, func() { re.ReplaceAllString("feature/ABC-123_some branch name", "-") })
	ns("semver", "v1.24.7-rc.1+build.5", 20000, func() { semver.NewVersion("v1.24.7-rc.1+build.5") })
	c, _ := semver.NewConstraint(">=1.2.0 <2.0.0 || ^3.1")
	v := semver.MustParse("v1.24.7-rc.1+build.5")
	ns("constraint", ">=1.2.0 <2.0.0 || ^3.1", 20000, func() { c.Check(v) })
	t := text(1 << 20)
	for _, p := range longs {
		long(p, t)
	}
	long("^(a+)+$", strings.Repeat("a", 100000)+"b")
}
