package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"os"
	"time"
	_ "unsafe"

	_ "go.yaml.in/yaml/v2"
	_ "go.yaml.in/yaml/v3"
)

//go:linkname resolve2 go.yaml.in/yaml/v2.resolve
func resolve2(tag string, in string) (string, interface{})

//go:linkname resolve3 go.yaml.in/yaml/v3.resolve
func resolve3(tag string, in string) (string, interface{})

var scalars = []string{
	"", "~", "null", "Null", "NULL", "nULL", "true", "True", "TRUE", "tRUE", "false", "False", "FALSE",
	"y", "Y", "yes", "Yes", "YES", "yEs", "n", "N", "no", "No", "NO", "on", "On", "ON", "oN", "off", "Off", "OFF",
	".nan", ".NaN", ".NAN", ".Nan", ".inf", ".Inf", ".INF", "+.inf", "-.inf", "-.Inf", "+.INF", "-.nan", "inf", "nan", "+inf",
	"<<", "=", "-", "+", ".", "..", "...", "-.", "+.", "_", "-_", "1_", "_1", "1__0", "0_", "._5", ".5_0", ".5_", ".5__0",
	"0", "-0", "+0", "00", "-00", "01", "07", "08", "09", "010", "0777", "-010", "+010", "0x", "0x0", "0X1F", "-0x1f", "+0xff",
	"0xg", "0x_1", "0xffffffffffffffff", "0x10000000000000000", "-0x8000000000000000", "-0x8000000000000001",
	"0b", "0b0", "0b101", "-0b101", "+0b101", "0b-101", "0b+101", "-0b-1", "-0b+1", "0b2", "0B11", "0b_1",
	"0o", "0o7", "0o8", "-0o17", "+0o17", "0o-7", "0o+7", "-0o-7", "0O17", "0o_7",
	"0b-1000000000000000000000000000000000000000000000000000000000000000",
	"0b-1000000000000000000000000000000000000000000000000000000000000001",
	"0b+1000000000000000000000000000000000000000000000000000000000000000",
	"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
	"18446744073709551615", "18446744073709551616", "+18446744073709551615", "+9223372036854775807", "+9223372036854775808",
	"123456789012345678901234567890", "1e3", "1E3", "1e+3", "1e-3", "1e", "1e+", ".e3", "1.e3", ".5e3", "1.", "-1.", "+.5", "-.5", ".5",
	"1.5", "1.5.6", "1e400", "-1e400", "1e-400", "4.9e-324", "1.7976931348623157e308", "1.7976931348623159e308", ".1e999", ".1e-999",
	"1_000", "1_000.5", "1,000", "12e03", "0x1p-2", "0x1.8p1", ".0x1", "1f", "1d", "0.1_5", "1e1_0",
	"190:20:30", "1:30", "2001-01-01", "2001-1-1", "2001-1-32", "2001-2-29", "2000-2-29", "1900-2-29", "2001-13-1", "2001-0-1", "2001-1-0",
	"2001-01-01T10:00:00Z", "2001-01-01t10:00:00Z", "2001-01-01T10:00:00", "2001-01-01T10:00:00+01:00", "2001-01-01T10:00:00-24:60",
	"2001-01-01T10:00:00-25:00", "2001-01-01T10:00:00-01:61", "2001-01-01T1:2:3.4Z", "2001-01-01T1:2:3,456Z", "2001-01-01T1:2:3.Z",
	"2001-01-01T24:00:00Z", "2001-01-01T23:60:00Z", "2001-01-01T23:00:60Z", "2001-01-01 10:00:00", "2001-01-01   10:00:00.5", "2001-01-01 10:00:00Z",
	"2001-01-01 10:00", "2001-01-01 ", "2001-01-01\t10:00:00", "2001-12-14 21:59:43.10 -5", "2001-01-01T10:00:00.1234567890123456789Z",
	"2001-01-01T10:00:00+1:00", "2001-01-01T10:00:00+0100", "20010101", "200-1-1", "20010-1-1", "2001-01-011", "2001-001-1", "0000-01-01", "0000-1-0",
	"2001-1-1T1:1:1Z", "2001-1-1T1:1:1z", "2001-1-1 1:1:1.9,9", "2001-11", "2001-11-", "2001-", "2001-01-01T", "-2001-01-01", "+2001-01-01",
	"yesno", "nullx", "trues", "o", "O", "f", "t", "Off ", "off\n", "a", "1 2", "1\x00", "é", "١", "0١",
}

func value(tag string, v interface{}) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool, int, int64:
		return fmt.Sprint(v)
	case uint64:
		return fmt.Sprint(v)
	case float64:
		if math.IsNaN(v) {
			return "nan"
		}
		return fmt.Sprintf("%016x", math.Float64bits(v))
	case time.Time:
		return "time"
	}
	return "text"
}

func random(r *rand.Rand) string {
	sets := []string{"0123456789", "01", "+-.0123456789eE_", "0123456789abcdefxXoObB_+-", "0123456789-T:Z .+", ".+-infINFnaA", "yYeEsSnNoOfFtTrRuUlL~"}
	set := sets[r.Intn(len(sets))]
	b := make([]byte, 1+r.Intn(14))
	for i := range b {
		b[i] = set[r.Intn(len(set))]
	}
	return string(b)
}

func mutate(r *rand.Rand, s string) string {
	b := []byte(s)
	if len(b) == 0 {
		return s
	}
	i := r.Intn(len(b))
	switch r.Intn(3) {
	case 0:
		b[i] = "0123456789+-._:eExXtTzZ ,"[r.Intn(25)]
	case 1:
		b = append(b[:i], b[i+1:]...)
	case 2:
		b = append(b, b[i])
	}
	return string(b)
}

func writeResolve(path string) {
	f, err := os.Create(path)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	e := json.NewEncoder(f)
	e.SetEscapeHTML(false)
	r := rand.New(rand.NewSource(1))
	list := append([]string{}, scalars...)
	for i := 0; i < 2500; i++ {
		list = append(list, random(r), mutate(r, scalars[r.Intn(len(scalars))]))
	}
	for _, s := range list {
		t2, v2 := resolve2("", s)
		t3, v3 := resolve3("", s)
		short := func(t string) string {
			if len(t) > 18 && t[:18] == "tag:yaml.org,2002:" {
				return t[18:]
			}
			return t[2:]
		}
		e.Encode([]string{s, short(t2), value(t2, v2), short(t3), value(t3, v3)})
	}
}
