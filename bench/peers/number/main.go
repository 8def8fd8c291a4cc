// The Go originals beside bench_number: go run . in this folder.
package main

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"
)

const n, rounds = 4096, 50

func main() {
	var floats, common [n]float64
	var texts [4][n]string
	suffixes := []string{"m", "", "Mi", "Gi", "k"}
	r := uint64(88172645463325252)
	next := func() uint64 {
		r ^= r << 13
		r ^= r >> 7
		r ^= r << 17
		return r
	}
	for i := range n {
		for {
			floats[i] = math.Float64frombits(next())
			if !math.IsNaN(floats[i]) && !math.IsInf(floats[i], 0) {
				break
			}
		}
		common[i] = float64(next()%100000) / 100
		texts[0][i] = strconv.FormatFloat(floats[i], 'g', -1, 64)
		texts[1][i] = strconv.FormatFloat(common[i], 'g', -1, 64)
		texts[2][i] = strconv.FormatInt(int64(next()>>40), 10)
		texts[3][i] = strconv.Itoa(int(next()%10000)) + suffixes[i%5]
	}
	sum := 0
	var buf []byte
	cases := []struct {
		name string
		run  func(i int)
	}{
		{"float print any", func(i int) { buf = strconv.AppendFloat(buf[:0], floats[i], 'g', -1, 64) }},
		{"float print common", func(i int) { buf = strconv.AppendFloat(buf[:0], common[i], 'g', -1, 64) }},
		{"float print %.2f", func(i int) { buf = strconv.AppendFloat(buf[:0], common[i], 'f', 2, 64) }},
		{"float parse any", func(i int) { f, _ := strconv.ParseFloat(texts[0][i], 64); sum += int(f) & 1 }},
		{"float parse common", func(i int) { f, _ := strconv.ParseFloat(texts[1][i], 64); sum += int(f) }},
		{"int parse", func(i int) { v, _ := strconv.ParseInt(texts[2][i], 10, 64); sum += int(v) }},
		{"quote", func(i int) {
			buf = strconv.AppendQuote(buf[:0], "a text of some \"length\" that is quoted, w\u00f6rd by word")
		}},
		{"time format rfc3339", func(i int) {
			buf = time.Unix(1700000000+int64(i), 0).UTC().AppendFormat(buf[:0], time.RFC3339)
		}},
		{"time parse rfc3339", func(i int) {
			t, _ := time.Parse(time.RFC3339, "2024-05-06T07:08:09Z")
			sum += int(t.Unix())
		}},
		{"duration parse+print", func(i int) {
			d, _ := time.ParseDuration("1h15m30.918s")
			sum += len((d + time.Duration(i)).String())
		}},
		{"quantity parse+print", func(i int) {
			q, _ := resource.ParseQuantity(texts[3][i])
			sum += len(q.String())
		}},
	}
	for _, c := range cases {
		best := time.Hour
		for range rounds {
			start := time.Now()
			for i := range n {
				c.run(i)
			}
			best = min(best, time.Since(start))
		}
		fmt.Printf("go     %-22s %8.1f ns\n", c.name, float64(best.Nanoseconds())/n)
	}
	if sum == 42 {
		fmt.Println(string(buf))
	}
}
