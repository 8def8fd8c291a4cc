package main

import (
	"fmt"
	"time"
)

// A text that often is a duration.
func durationText(r *random) string {
	text := r.pick("", "", "-", "+")
	if r.below(20) == 0 {
		return text + r.text("0123456789.hmsnu\xc2\xb5\" \x01", 6)
	}
	for range r.below(4) {
		text += r.text("0123456789", 6)
		switch r.below(12) {
		case 0:
			text += "." + r.text("0123456789", 22)
		case 1, 2, 3, 4:
			text += "." + r.text("0123456789", 4)
		case 5:
			text += r.text("0123456789", 16)
		}
		text += r.pick("h", "m", "s", "ms", "us", "\u00b5s", "\u03bcs", "ns", "s", "m", "d", "")
	}
	return text
}

func duration() {
	record("parse", 50000, func(r *random) string { return answer(time.ParseDuration(durationText(r))) })
	record("string", 20000, func(r *random) string {
		n := r.next()
		return time.Duration(int64(n) >> r.below(64)).String()
	})
	record("round", 20000, func(r *random) string {
		n := r.next()
		d := time.Duration(int64(n) >> r.below(64))
		m := r.next()
		unit := time.Duration(int64(m) >> r.below(64))
		return fmt.Sprintf("%d %d %.9g %.9g %.9g", d.Round(unit), d.Truncate(unit), d.Hours(),
			d.Minutes(), d.Seconds())
	})
}
