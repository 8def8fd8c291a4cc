package main

import (
	"fmt"
	"strconv"
)

// Bytes of which some make runes.
func bytes(r *random) string {
	text := ""
	for range r.below(12) {
		switch r.below(4) {
		case 0:
			text += r.text("abc \"'`\\\n\t\r\x00\x7f", 3)
		case 1:
			text += string(rune(r.below(0x500)))
		case 2:
			text += string(rune(r.below(0x11000)))
		case 3:
			text += string(rune(r.below(0x30000))) + r.text("\xff\xc3\x80\xed\xa0", 2)
		}
	}
	return text
}

func quote() {
	record("print", 20000, func(r *random) string { return strconv.Quote(bytes(r)) })
	record("ascii", 20000, func(r *random) string { return strconv.QuoteToASCII(bytes(r)) })
	record("graphic", 20000, func(r *random) string { return strconv.QuoteToGraphic(bytes(r)) })
	record("%#q", 20000, func(r *random) string { return fmt.Sprintf("%#q", bytes(r)) })
	record("%+q", 20000, func(r *random) string { return fmt.Sprintf("%+q", bytes(r)) })
	record("rune", 20000, func(r *random) string { return fmt.Sprintf("%q", rune(r.below(0x120000))) })
	record("unquote", 20000, func(r *random) string {
		q := r.pick("\"", "'", "`")
		return answer(strconv.Unquote(q + r.text("ab\\\\\\xuU01237f\"'`n\n\xc3\xa9", 9) + q))
	})
}
