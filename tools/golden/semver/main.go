// Records what Masterminds/semver says, and compares a build with it.
//
//	go run . record DIR           write DIR/versions, DIR/constraints, DIR/FROM
//	go run . compare DRIVER N     ask tests/driver N random questions
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"

	"github.com/Masterminds/semver/v3"
)

type source struct{ *rand.Rand }

func (s source) pick(from ...string) string { return from[s.Intn(len(from))] }

func (s source) number() string {
	return s.pick("0", "1", "2", "3", "4", "10", "11", "20", "1", "2", "0", "01", "18446744073709551615", "18446744073709551616")
}

func (s source) idents() string {
	id := s.pick("alpha", "beta", "rc", "0", "1", "2", "11", "01", "-", "a-b", "x", "18446744073709551616", "99999999999999999999", "")
	if s.Intn(2) == 0 {
		return id + "." + s.pick("1", "2", "10", "x", "0", "01", "", "-1")
	}
	return id
}

func (s source) version() string {
	var b strings.Builder
	b.WriteString(s.pick("", "", "", "v", "v", "V", "vv", " ", "="))
	n := 3
	if s.Intn(4) == 0 {
		n = 1 + s.Intn(4)
	}
	for i := 0; i < n; i++ {
		if i > 0 {
			b.WriteString(".")
		}
		b.WriteString(s.number())
	}
	if s.Intn(3) == 0 {
		b.WriteString("-" + s.idents())
	}
	if s.Intn(5) == 0 {
		b.WriteString("+" + s.idents())
	}
	b.WriteString(s.pick("", "", "", "", "", "", "", "", " ", "\n", ".", "-", "+", "_", "é", "\xff"))
	return b.String()
}

// good is a version as they mostly are, so that constraints have a chance.
func (s source) good() string {
	v := fmt.Sprintf("%d.%d.%d", s.Intn(4), s.Intn(4), s.Intn(4))
	if s.Intn(4) == 0 {
		v += "-" + s.pick("alpha", "beta.1", "rc.2", "0", "1")
	}
	return v + s.pick("", "", "", "", "+b")
}

func (s source) partial() string {
	part := func() string {
		return s.pick("0", "1", "2", "3", "0", "1", "2", "3", "x", "X", "*", "10", "01", "xx", "1|2", "")
	}
	v := s.pick("", "", "", "v") + part()
	for s.Intn(3) > 0 {
		v += "." + part()
	}
	return v + s.pick("", "", "", "", "", "", "-0", "-alpha", "-rc.1", "-01", "+b", "-a+b", "-")
}

func (s source) comparison() string {
	return s.pick("", "", "=", "!=", ">", "<", ">=", "=>", "<=", "=<", "~", "~>", "^", "^", "~", ">", "<", "==", "!", "<>") +
		s.pick("", "", "", " ", "  ", "\t") + s.partial()
}

func (s source) constraint() string {
	var b strings.Builder
	b.WriteString(s.pick("", "", "", " "))
	for n := 1 + s.Intn(3); n > 0; n-- {
		if s.Intn(6) == 0 {
			b.WriteString(s.partial() + s.pick(" - ", " - ", "  -  ", "- ", " -") + s.partial())
		} else {
			b.WriteString(s.comparison())
		}
		if n > 1 {
			b.WriteString(s.pick(" ", ", ", ",", " ,", "||", " || ", "|| ", " , ", "|", ",,", ""))
		}
	}
	b.WriteString(s.pick("", "", "", " ", "\u00a0"))
	return b.String()
}

func reasons(c *semver.Constraints, v *semver.Version) (bool, string) {
	ok, errs := c.Validate(v)
	texts := []string{c.String()}
	for _, e := range errs {
		texts = append(texts, e.Error())
	}
	return ok, strings.Join(texts, "\n")
}

func read(v *semver.Version, err error) string {
	if err != nil {
		return "!" + err.Error()
	}
	return v.String()
}

func write(path string, lines []string) error {
	sort.Strings(lines)
	var b strings.Builder
	for i, l := range lines {
		if i == 0 || l != lines[i-1] {
			b.WriteString(l + "\n")
		}
	}
	return os.WriteFile(path, []byte(b.String()), 0o666)
}

func record(dir string) error {
	s := source{rand.New(rand.NewSource(1))}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	var versions, constraints []string
	for range 2500 {
		v := s.version()
		versions = append(versions, fmt.Sprintf("%s\t%s\t%s", strconv.Quote(v), read(semver.NewVersion(v)),
			read(semver.StrictNewVersion(v))))
	}
	for range 9000 {
		text, version := s.constraint(), s.good()
		c, err := semver.NewConstraint(text)
		if err != nil {
			if s.Intn(3) == 0 {
				constraints = append(constraints, fmt.Sprintf("%s\t!%s", strconv.Quote(text), err))
			}
			continue
		}
		v := semver.MustParse(version)
		ok, why := reasons(c, v)
		if ok != c.Check(v) {
			return errors.New("Validate and Check disagree")
		}
		h := fnv.New32a()
		h.Write([]byte(why))
		constraints = append(constraints, fmt.Sprintf("%s\t%s\t%t\t%08x", strconv.Quote(text), version, ok, h.Sum32()))
	}
	if err := write(filepath.Join(dir, "versions"), versions); err != nil {
		return err
	}
	if err := write(filepath.Join(dir, "constraints"), constraints); err != nil {
		return err
	}
	from := "tools/golden/semver record, github.com/Masterminds/semver/v3 v3.5.0\n"
	return os.WriteFile(filepath.Join(dir, "FROM"), []byte(from), 0o666)
}

func output(v any) map[string]any { return map[string]any{"output": v} }

func failure(err error) map[string]any { return map[string]any{"error": err.Error()} }

func versionAnswer(v *semver.Version, err error) map[string]any {
	if err != nil {
		return failure(err)
	}
	return output(map[string]any{
		"major": v.Major(), "minor": v.Minor(), "patch": v.Patch(), "prerelease": v.Prerelease(),
		"metadata": v.Metadata(), "string": v.String(),
	})
}

func (s source) question() (request, want map[string]any) {
	text := strings.ToValidUTF8(s.version(), "?")
	switch s.Intn(4) {
	case 0:
		return map[string]any{"op": "semver", "text": text}, versionAnswer(semver.NewVersion(text))
	case 1:
		return map[string]any{"op": "semver", "text": text, "strict": true}, versionAnswer(semver.StrictNewVersion(text))
	}
	constraint := s.constraint()
	if s.Intn(10) > 0 {
		text = s.good()
	}
	request = map[string]any{"op": "constraint", "constraint": constraint, "version": text}
	c, err := semver.NewConstraint(constraint)
	if err != nil {
		return request, failure(err)
	}
	v, err := semver.NewVersion(text)
	if err != nil {
		return request, failure(err)
	}
	return request, output(c.Check(v))
}

// plain is a value as it reads back from JSON.
func plain(v any) (out any) {
	text, _ := json.Marshal(v)
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	_ = d.Decode(&out)
	return out
}

func compare(driver string, n int) error {
	s := source{rand.New(rand.NewSource(rand.Int63()))}
	cmd := exec.Command(driver)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	bad := 0
	for i := 0; i < n && bad < 20; i++ {
		request, want := s.question()
		line, _ := json.Marshal(request)
		fmt.Fprintf(in, "%s\n", line)
		if !lines.Scan() {
			return fmt.Errorf("the driver ended at %s", line)
		}
		if !reflect.DeepEqual(plain(json.RawMessage(lines.Bytes())), plain(want)) {
			bad++
			fmt.Printf("%s\n got %s\nwant %v\n", line, lines.Text(), want)
		}
	}
	in.Close()
	fmt.Printf("%d questions, %d differences\n", n, bad)
	return cmd.Wait()
}

func main() {
	var err error
	switch {
	case len(os.Args) == 3 && os.Args[1] == "record":
		err = record(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "compare":
		var n int
		if n, err = strconv.Atoi(os.Args[3]); err == nil {
			err = compare(os.Args[2], n)
		}
	default:
		err = errors.New("usage: record DIR | compare DRIVER N")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
