// Records what Go says about every rune and every \p class, as digests:
//
//	go run tools/golden/unicode/main.go > tests/golden/unicode/digests
//
// A line is NAME DIGEST (FNV-1a, 64 bit, over the 32 bit numbers named below,
// lowest byte first) or NAME none.
package main

import (
	"fmt"
	"regexp/syntax"
	"sort"
	"unicode"
)

type digest uint64

func (d *digest) add(n rune) {
	for i := 0; i < 4; i++ {
		*d = (*d ^ digest(byte(n>>(8*i)))) * 0x100000001b3
	}
}

func flags(r rune) (bits rune) {
	for i, is := range []func(rune) bool{
		unicode.IsLetter, unicode.IsMark, unicode.IsDigit, unicode.IsNumber, unicode.IsPunct,
		unicode.IsSymbol, unicode.IsUpper, unicode.IsLower, unicode.IsTitle, unicode.IsControl,
		unicode.IsSpace, unicode.IsPrint, unicode.IsGraphic,
	} {
		if is(r) {
			bits |= 1 << i
		}
	}
	return bits
}

// Ranges of \p{name}, lo and hi, as regexp understands it.
func class(name string) {
	re, err := syntax.Parse(`\p{`+name+`}`, syntax.Perl)
	if err != nil {
		fmt.Println(name, "none")
		return
	}
	d := digest(0xcbf29ce484222325)
	switch re.Op {
	case syntax.OpCharClass, syntax.OpLiteral:
		for i, r := range re.Rune {
			d.add(r)
			if re.Op == syntax.OpLiteral && i == 0 {
				d.add(r)
			}
		}
	case syntax.OpAnyChar:
		d.add(0)
		d.add(unicode.MaxRune)
	}
	fmt.Printf("%s %016x\n", name, uint64(d))
}

func main() {
	// One line for each 4096 runes: flags, upper, lower, title, next fold.
	for block := rune(0); block <= unicode.MaxRune; block += 4096 {
		d := digest(0xcbf29ce484222325)
		for r := block; r < block+4096; r++ {
			for _, n := range []rune{flags(r), unicode.ToUpper(r), unicode.ToLower(r),
				unicode.ToTitle(r), unicode.SimpleFold(r)} {
				d.add(n)
			}
		}
		fmt.Printf("%d %016x\n", block, uint64(d))
	}
	names := []string{"Any", "ASCII", "any", "aScIi", "Assigned", "assigned", "lc", "lu", "gReEk",
		"Old Italic", "OldItalic", "letter", "letter_", "uppercase letter", "-L-u-", "White_Space",
		"", "x", "Greekk", "Nosuchclassofthatverylongnamecouldbehere"}
	for name := range unicode.Categories {
		names = append(names, name)
	}
	for name := range unicode.Scripts {
		names = append(names, name)
	}
	for name := range unicode.CategoryAliases {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		class(name)
	}
}
