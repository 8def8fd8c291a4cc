// Prints src/text/width_table.h: the runes that take two columns.
//
//	cd tools/width && go run . >../../src/text/width_table.h
package main

import (
	"fmt"
	"unicode"

	"golang.org/x/text/width"
)

func isWide(r rune) bool {
	k := width.LookupRune(r).Kind()
	return k == width.EastAsianWide || k == width.EastAsianFullwidth
}

func main() {
	fmt.Printf("/* Made by tools/width from golang.org/x/text, Unicode %s. */\n", unicode.Version)
	fmt.Print("static const struct {\n\tuint32_t lo, hi;\n} wide[] = {")
	n := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !isWide(r) {
			continue
		}
		lo := r
		for r < unicode.MaxRune && isWide(r+1) {
			r++
		}
		fmt.Printf("%s{ 0x%x, 0x%x },", []string{"\n\t", " ", " ", " "}[n%4], lo, r)
		n++
	}
	fmt.Print("\n};\n")
}
