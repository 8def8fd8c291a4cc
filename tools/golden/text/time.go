package main

import (
	"fmt"
	"os"
	"time"
)

var places = []string{
	"Africa/Casablanca", "America/New_York", "America/Nuuk", "Asia/Kolkata", "Australia/Lord_Howe",
	"Etc/GMT+3", "Europe/Berlin", "Europe/Dublin",
}

var elements = []string{
	"January", "Jan", "1", "01", "Monday", "Mon", "2", "_2", "02", "__2", "002", "15", "3", "03",
	"4", "04", "5", "05", "2006", "06", "PM", "pm", "MST", "Z0700", "Z070000", "Z07", "Z07:00",
	"Z07:00:00", "-0700", "-070000", "-07", "-07:00", "-07:00:00", ".000", ".0", ".999", ",000000000",
	".999999999", ",99", "_2006", "Janu", "Month", "PMs", ".00001",
}

func layout(r *random) string {
	switch r.below(8) {
	case 0:
		return time.RFC3339
	case 1:
		return time.RFC3339Nano
	case 2:
		return r.pick(time.ANSIC, time.UnixDate, time.RubyDate, time.RFC822, time.RFC822Z, time.RFC850,
			time.RFC1123, time.RFC1123Z, time.Kitchen, time.StampNano, time.DateTime)
	}
	text := ""
	for n := r.below(8); n > 0; n-- {
		text += elements[r.below(len(elements))] + r.pick("", "", " ", "-", ":", "/", "T", ", ", "x\u00e9")
	}
	return text
}

// An instant: mostly of our time, sometimes of any.
func instant(r *random) time.Time {
	sec := int64(r.next() % 5000000000)
	switch r.below(10) {
	case 0:
		sec = int64(r.next()) >> r.below(40)
	case 1, 2:
		sec = int64(r.next()) >> 25
	}
	nanos := int64(r.below(1000000000))
	switch r.below(4) {
	case 0:
		nanos = 0
	case 1:
		nanos = nanos / 1000000 * 1000000
	}
	return time.Unix(sec, nanos).UTC()
}

func zoned(r *random, t time.Time) time.Time {
	switch r.below(4) {
	case 0:
		return t.In(time.FixedZone("", (r.below(2000)-1000)*60))
	case 1:
		return t.In(time.FixedZone(r.pick("CET", "X", "ABCDEF"), r.below(200000)-100000))
	}
	return t
}

func place(r *random) *time.Location {
	name := places[r.below(len(places))]
	data, err := os.ReadFile("../../../tests/golden/time/zones/" + name)
	if err != nil {
		panic(err)
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		panic(err)
	}
	return loc
}

// A text with, sometimes, one or two bytes changed.
func damaged(r *random, text string) string {
	b := []byte(text)
	if r.below(2) == 0 || len(b) == 0 {
		return text
	}
	for n := r.below(3); n > 0; n-- {
		at := r.below(len(b))
		b[at] = "0123456789-+:. TZxPAma\xc3"[r.below(23)]
	}
	if r.below(8) == 0 {
		b = b[:r.below(len(b))]
	}
	if r.below(8) == 0 {
		return string(b) + r.pick("x", " ", ".5", "Z", "0")
	}
	return string(b)
}

func upper(text string) string {
	b := []byte(text)
	for i, c := range b {
		if c >= 'a' && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}

func show(t time.Time, err error) string {
	if err != nil {
		return err.Error()
	}
	name, offset := t.Zone()
	return fmt.Sprintf("%d %d %s %d", t.Unix(), t.Nanosecond(), name, offset)
}

func times() {
	time.Local = time.UTC
	record("format", 50000, func(r *random) string {
		t := instant(r)
		t = zoned(r, t)
		return t.Format(layout(r))
	})
	record("parse", 50000, func(r *random) string {
		t := instant(r)
		t = zoned(r, t)
		wanted := layout(r)
		return show(time.Parse(wanted, damaged(r, t.Format(wanted))))
	})
	record("loose", 20000, func(r *random) string {
		wanted := layout(r)
		return show(time.Parse(wanted, damaged(r, upper(instant(r).Format(layout(r))))))
	})
	record("in", 20000, func(r *random) string {
		t := instant(r)
		loc := place(r)
		return t.In(loc).String()
	})
	record("date", 20000, func(r *random) string {
		year, month, day := 1850+r.below(300), r.below(30)-9, r.below(80)-20
		hour, minute, second := r.below(50)-20, r.below(130)-60, r.below(130)-60
		loc := place(r)
		t := time.Date(year, time.Month(month), day, hour, minute, second, r.below(5), loc)
		years, months, days := r.below(20)-10, r.below(40)-20, r.below(80)-40
		t2 := t.AddDate(years, months, days)
		n := r.next()
		t3 := t.Add(time.Duration(int64(n) >> r.below(30)))
		return fmt.Sprintf("%s, %s, %s, %s, %s, %d", t, t2, t3, t3.Sub(t2), t2.Weekday(), t2.YearDay())
	})
	record("there", 20000, func(r *random) string {
		t := instant(r)
		loc := place(r)
		wanted := r.pick("2006-01-02 15:04:05 MST", "2006-01-02 15:04", time.RFC3339,
			"2006-01-02 15:04 -0700 MST")
		text := t.In(loc).Format(wanted)
		return show(time.ParseInLocation(wanted, text, loc))
	})
	record("write", 5000, func(r *random) string {
		t := instant(r)
		text, err := zoned(r, t).MarshalText()
		return answer(string(text), err)
	})
}
