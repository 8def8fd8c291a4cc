package main

import (
	"fmt"

	"github.com/asaskevich/govalidator"
)

// A text of pieces that addresses are made of, and of some that they are not.
func address(r *random, begin ...string) string {
	text := r.pick(begin...)
	for n := 1 + r.below(6); n > 0; n-- {
		text += r.pick("a", "b9", "www.", "example", "com", ".", ".", ".org", "-", "--", "_", "@", ":", "/", "?", "#", "x.y", "é",
			"漢", "~", "+", "*", "A", "1.2.3.4", "0.1.2.3", "230.1.1.1", "255.255.255.255", "[::1]", "[fe80::1]", "[1:2", ":80",
			":123456", " ", "\t", "\"", "(", "\\", "%20", "%zz", "\x7f", "\r\n ", "<")
	}
	return text
}

func addresses() {
	record("email", 20000, func(r *random) string {
		return fmt.Sprint(govalidator.IsEmail(address(r, "", "user@", "a.b+c@x.", "\"q\"@x.", "\"q", "\"jo\"@x.", "\" j\"o\"@x.", "\"@x.")))
	})
	record("url", 20000, func(r *random) string {
		return fmt.Sprint(govalidator.IsURL(address(r, "", "https://", "http://", "ftp://x", "git+ssh://", "mailto:")))
	})
	record("request", 20000, func(r *random) string {
		return fmt.Sprint(govalidator.IsRequestURL(address(r, "", "https://", "x:", "git+ssh://", "//")))
	})
}
