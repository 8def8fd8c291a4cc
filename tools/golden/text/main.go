// Records what Go's strconv and time, and Kubernetes' resource.Quantity, do
// with many generated inputs. The inputs come from a fixed sequence of random
// numbers that src/text/golden_test.h makes as well; of the answers only
// digests are kept, one for each thousand:
//
//	go run . number > ../../../tests/golden/number/digests
//
// and so on for the other areas.
package main

import (
	"fmt"
	"os"
)

// A random number: splitmix64.
type random uint64

func (r *random) next() uint64 {
	*r += 0x9e3779b97f4a7c15
	z := uint64(*r)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

func (r *random) below(n int) int { return int(r.next() % uint64(n)) }

// Up to most characters of the alphabet.
func (r *random) text(alphabet string, most int) string {
	b := make([]byte, r.below(most+1))
	for i := range b {
		b[i] = alphabet[r.below(len(alphabet))]
	}
	return string(b)
}

// One of some words.
func (r *random) pick(words ...string) string { return words[r.below(len(words))] }

// Ask n times and print a line NAME DIGEST for every thousand answers.
func record(name string, n int, ask func(r *random) string) {
	r := random(len(name))
	digest := uint64(0xcbf29ce484222325)
	for i := 0; i < n; i++ {
		answer := ask(&r)
		if os.Getenv("ANSWERS") != "" {
			fmt.Fprintf(os.Stderr, "%s %d %q\n", name, i, answer)
		}
		for _, c := range []byte(answer + "\n") {
			digest = (digest ^ uint64(c)) * 0x100000001b3
		}
		if i%1000 == 999 || i == n-1 {
			fmt.Printf("%s %016x\n", name, digest)
		}
	}
}

// The answer of a call: the value or the text of the error.
func answer(v any, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(v)
}

func main() {
	areas := map[string]func(){"duration": duration, "number": number, "quantity": quantities, "quote": quote, "time": times, "webaddr": addresses}
	if len(os.Args) != 2 || areas[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: text AREA")
		os.Exit(2)
	}
	areas[os.Args[1]]()
}
