package main

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A float of a kind that is likely to be hard, or likely to be met.
func float(r *random) float64 {
	sign := float64(1 - 2*int(r.next()&1))
	switch r.below(6) {
	case 0: // any bits
		for {
			if f := math.Float64frombits(r.next()); !math.IsNaN(f) && !math.IsInf(f, 0) {
				return f
			}
		}
	case 1: // a short decimal
		return sign * float64(r.below(1000000)) / math.Pow10(r.below(8))
	case 2: // an integer
		return sign * float64(r.next()>>r.below(64))
	case 3: // around a power of two
		bits := uint64(r.below(2046)) << 52
		return sign * math.Float64frombits(bits+uint64(r.below(5)))
	case 4: // subnormal
		return sign * math.Float64frombits(r.next()>>12>>r.below(52))
	}
	return sign * float64(r.below(1000))
}

// A text that is often a number, or nearly.
func digits(r *random) string {
	sign := r.pick("", "", "-", "+")
	switch r.below(8) {
	case 0:
		return sign + r.text("0123456789", 25)
	case 1:
		return sign + r.text("0123456789", 20) + "." + r.text("0123456789", 20)
	case 2:
		return sign + r.text("0123456789", 10) + "." + r.text("0123456789", 25) + r.pick("e", "E") +
			r.pick("", "-", "+") + r.text("0123", 3)
	case 3:
		return sign + r.pick("0x", "0X", "0b", "0o", "0", "0x_") + r.text("0123456789abcdefABCDEF_", 18)
	case 4:
		return sign + "0x" + r.text("0123456789abcdef.", 22) + r.pick("p", "P") +
			r.pick("", "-", "+") + r.text("01234567", 4)
	case 5:
		return sign + r.text("0123456789_", 8) + r.pick("", ".") + r.text("0123456789_", 8)
	case 6:
		return sign + r.pick("0.", "00.", "1", "") + strings.Repeat("0", r.below(400)) +
			r.text("0123456789", 30) + r.pick("", "e-300", "e300", "e400", "e-400")
	}
	return r.text("0123456789_xXbo+-aeEfFpP.inItynN\x00\xff", 8)
}

func number() {
	record("v", 50000, func(r *random) string { return fmt.Sprint(float(r)) })
	record("json", 50000, func(r *random) string {
		b, _ := json.Marshal(float(r))
		return string(b)
	})
	record("float32", 50000, func(r *random) string {
		bits := uint32(r.next())
		if r.below(4) == 0 {
			bits &= 0xff800000
		}
		// Exactly between 0.00024414062 and ...63, Go takes the odd one, here alone.
		if bits&0x7fffffff == 0x39800000 {
			bits++
		}
		return strconv.FormatFloat(float64(math.Float32frombits(bits)), 'g', -1, 32)
	})
	record("format", 50000, func(r *random) string {
		f, verb, precision := float(r), "efgEGbxX"[r.below(8)], r.below(30)-1
		if r.below(50) == 0 {
			precision = r.below(1200)
		}
		return strconv.FormatFloat(f, verb, precision, 64)
	})
	record("float", 50000, func(r *random) string {
		f, err := strconv.ParseFloat(digits(r), 64)
		return answer(fmt.Sprintf("%016x", math.Float64bits(f)), err)
	})
	// All digits of a float, with one more or less at the end.
	record("near", 5000, func(r *random) string {
		f := math.Abs(float(r))
		text := strconv.FormatFloat(f, 'e', r.below(780), 64)
		mantissa, exponent, _ := strings.Cut(text, "e")
		f, err := strconv.ParseFloat(mantissa+r.pick("", "5", "49999999", "50000001", "0")+"e"+exponent, 64)
		return answer(fmt.Sprintf("%016x", math.Float64bits(f)), err)
	})
	record("int", 20000, func(r *random) string { return answer(strconv.ParseInt(digits(r), 0, 64)) })
	record("uint", 20000, func(r *random) string { return answer(strconv.ParseUint(digits(r), 0, 64)) })
	record("atoi", 20000, func(r *random) string { return answer(strconv.Atoi(digits(r))) })
	record("base", 20000, func(r *random) string {
		n, base := int64(r.next()>>r.below(64)), r.below(35)+2
		return strconv.FormatInt(n, base)
	})
}
