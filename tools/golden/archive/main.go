// Records what Go's archive/tar and compress/gzip answer: go run . [-seed N] [-n N] DIR
// writes tar.jsonl, gzip.jsonl and write.jsonl there. Archives travel
// compressed. Sparse files are left out: they are refused here.
package main

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

var r *rand.Rand

func pick(s ...string) string { return s[r.Intn(len(s))] }

type object = map[string]any

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// A text field, as base64 where it is not UTF-8.
func put(o object, key, value string) {
	if utf8.ValidString(value) {
		o[key] = value
	} else {
		o[key+"_b64"] = base64.StdEncoding.EncodeToString([]byte(value))
	}
}

func out(value string) any {
	if utf8.ValidString(value) {
		return value
	}
	return object{"b64": base64.StdEncoding.EncodeToString([]byte(value))}
}

func pack(b []byte) string {
	var w bytes.Buffer
	z, _ := gzip.NewWriterLevel(&w, 9)
	_, err := z.Write(b)
	must(err)
	must(z.Close())
	return base64.StdEncoding.EncodeToString(w.Bytes())
}

// ---- tar

func name() string {
	s := pick("a", "dir/file", "é", "x.y", "a b", "dir/", "./a", "../x", "/abs", "a\\b", "\xff", "日本/語", "")
	switch r.Intn(12) {
	case 0:
		s = strings.Repeat("n", 90+r.Intn(30))
	case 1:
		s = strings.Repeat("dir/", 20+r.Intn(60)) + s
	case 2:
		s = strings.Repeat("d", 100+r.Intn(60)) + "/" + strings.Repeat("f", 90+r.Intn(20))
	case 3:
		s = strings.Repeat("é", 40+r.Intn(30)) + pick("", "/", "/x")
	case 4:
		s = strings.Repeat("a/", 49) + pick("b", "bb", "bbb", "/", "//")
	}
	return s
}

func body() string {
	switch r.Intn(6) {
	case 0:
		return ""
	case 1:
		return strings.Repeat("x", r.Intn(1200))
	case 2:
		return strings.Repeat("y", 512*r.Intn(3))
	default:
		return pick("hello\n", "a", "\x00\x01", "\xff\xfe")
	}
}

func mtime() time.Time {
	switch r.Intn(5) {
	case 0:
		return time.Unix(0, 0)
	case 1:
		return time.Unix(int64(r.Intn(3))-1, 500000000)
	case 2:
		return time.Unix(1<<33+int64(r.Intn(10)), 0)
	default:
		return time.Unix(r.Int63n(1<<33), 0)
	}
}

func byWriter(w *bytes.Buffer) {
	t := tar.NewWriter(w)
	for i := r.Intn(4); i >= 0; i-- {
		b := body()
		h := &tar.Header{
			Name: name(), Mode: int64(r.Intn(0o10000)), ModTime: mtime(), Size: int64(len(b)),
			Typeflag: []byte("000000512347g")[r.Intn(13)],
			Format:   []tar.Format{0, 0, tar.FormatUSTAR, tar.FormatPAX, tar.FormatGNU}[r.Intn(5)],
			Uid:      r.Intn(3000000), Gname: pick("", "g", "é"),
		}
		if h.Typeflag == 'g' {
			h = &tar.Header{Typeflag: 'g', Name: pick("", "g"), PAXRecords: map[string]string{"comment": "x", "path": pick("", "p")}}
			b = ""
		} else if h.Typeflag != '0' && h.Typeflag != '7' {
			b, h.Size = "", 0
			h.Linkname = name()
		}
		if r.Intn(6) == 0 && h.Typeflag != 'g' && h.Format != tar.FormatUSTAR && h.Format != tar.FormatGNU {
			h.PAXRecords = map[string]string{pick("comment", "SCHILY.xattr.user.x", "k"): pick("v", "", "=", "x\ny")}
		}
		if t.WriteHeader(h) == nil {
			t.Write([]byte(b))
		}
	}
	if r.Intn(8) > 0 {
		t.Close()
	} else {
		t.Flush()
	}
}

func field(b []byte, at, n int, s string) {
	copy(b[at:at+n], s)
}

func number(n int) string {
	switch r.Intn(14) {
	case 0:
		return pick("", " ", "\x00", "7", "12 \x00", "  17\x00", "8", "x", "1 2", "-1", "+1", "1\x005", "\x00\x0012")
	case 1:
		b := make([]byte, n)
		b[0] = 0x80
		b[n-1] = byte(r.Intn(256))
		return string(b)
	case 2:
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Intn(256))
		}
		b[0] |= 0x80
		return string(b)
	case 3:
		return strings.Repeat("\xff", n)
	case 4:
		return strings.Repeat("7", n)
	default:
		return fmt.Sprintf("%0*o", n-1, r.Intn(2000))
	}
}

func seal(b []byte) {
	for i := 148; i < 156; i++ {
		b[i] = ' '
	}
	var u, s int64
	for _, c := range b {
		u += int64(c)
		s += int64(int8(c))
	}
	if r.Intn(5) == 0 {
		u = s
	}
	if u < 0 {
		u = 0
	}
	copy(b[148:156], fmt.Sprintf("%06o\x00 ", u))
}

func record(k, v string) string {
	rest := len(k) + len(v) + 3
	n := rest + len(fmt.Sprint(rest))
	n = rest + len(fmt.Sprint(n))
	s := fmt.Sprintf("%d %s=%s\n", n, k, v)
	switch r.Intn(25) {
	case 0:
		return pick("5 a=\n", "4 =\n", "0 x\n", "-5 a=b\n", "99 a=b\n", "6 a=b", "6 abc\n", "7 a=b\n\n", "x a=b\n", "+6 a=b\n", "06 a=b\n", " ", "6", "6 a=b\nx", "12 path=a\x00b\n", "8 a\x00b=c\n")
	}
	return s
}

// A header as no writer makes it, followed by its bytes.
func crafted(w *bytes.Buffer) {
	b := make([]byte, 512)
	special := r.Intn(3) == 0
	data := body()
	size := len(data)
	field(b, 0, 100, pick(name(), "f", "dir/"))
	field(b, 100, 8, number(8))
	field(b, 108, 8, number(8))
	field(b, 116, 8, number(8))
	field(b, 136, 12, number(12))
	b[156] = []byte("\x0000051237xgLKDVA\xff")[r.Intn(17)]
	if special {
		b[156] = "xxxxLLK"[r.Intn(7)]
	}
	switch b[156] {
	case 'x', 'g':
		data = ""
		for i := r.Intn(4); i >= 0; i-- {
			data += record(pick("path", "linkpath", "size", "mtime", "atime", "uid", "gid", "uname", "comment", "k"),
				pick("", "p", "é", "3", "-1", "10", "1.5", "-0.5", "1.", ".5", "1.x", "1e3", "99999999999999999999", "dir/", "512", "\xff"))
		}
		size = len(data)
	case 'L', 'K':
		data = pick("long/name", "long/name\x00", "\x00x", "", strings.Repeat("l", 200)+"\x00")
		size = len(data)
	}
	if r.Intn(10) == 0 {
		field(b, 124, 12, number(12))
	} else {
		field(b, 124, 12, fmt.Sprintf("%011o", size))
	}
	field(b, 157, 100, pick("", "", "link", "../l"))
	switch r.Intn(6) {
	case 0: // v7
	case 1, 2:
		field(b, 257, 8, "ustar\x0000")
		field(b, 345, 155, pick("", "prefix", "pre/fix", strings.Repeat("p", 155)))
	case 3:
		field(b, 257, 8, "ustar  \x00")
		if r.Intn(3) == 0 {
			field(b, 345, 12, pick(number(12), "prefix", "\xffp"))
			field(b, 357, 12, number(12))
		}
	case 4:
		field(b, 257, 8, "ustar\x0000")
		field(b, 345, 131, pick("", "prefix"))
		field(b, 476, 12, number(12))
		field(b, 488, 12, number(12))
		field(b, 508, 4, "tar\x00")
	case 5:
		field(b, 257, 8, pick("ustar\x00  ", "ustar   ", "USTAR\x0000"))
	}
	if r.Intn(4) == 0 {
		field(b, 329, 8, number(8))
	}
	seal(b)
	w.Write(b)
	w.WriteString(data)
	w.Write(make([]byte, (512-len(data)%512)%512))
}

func mutateTar(b []byte) []byte {
	switch r.Intn(8) {
	case 0:
		return b[:r.Intn(len(b)+1)]
	case 1:
		if n := len(b) / 512; n > 0 {
			at := r.Intn(n) * 512
			b[at+r.Intn(512)] = byte(r.Intn(256))
			if r.Intn(2) == 0 {
				seal(b[at : at+512])
			}
		}
	case 2:
		return append(b, "garbage"...)
	}
	return b
}

func archive() []byte {
	var w bytes.Buffer
	for i := r.Intn(3); i >= 0; i-- {
		if r.Intn(2) == 0 {
			crafted(&w)
		} else {
			byWriter(&w)
		}
	}
	if r.Intn(3) > 0 {
		w.Write(make([]byte, 1024))
	}
	return mutateTar(w.Bytes())
}

func listTar(b []byte) (list []object, sparse bool, err error) {
	list = []object{}
	t := tar.NewReader(bytes.NewReader(b))
	for {
		h, err := t.Next()
		if err == io.EOF {
			return list, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		if h.Typeflag == tar.TypeGNUSparse {
			return nil, true, nil
		}
		for k := range h.PAXRecords {
			if strings.HasPrefix(k, "GNU.sparse.") {
				return nil, true, nil
			}
		}
		o := object{"name": out(h.Name), "type": int(h.Typeflag)}
		list = append(list, o)
		if h.Typeflag == 'g' {
			continue
		}
		data, err := io.ReadAll(t)
		if err != nil {
			return nil, false, err
		}
		o["link"], o["mode"], o["mtime"] = out(h.Linkname), h.Mode, h.ModTime.Unix()
		o["dir"], o["bytes"] = h.FileInfo().IsDir(), out(string(data))
	}
}

func tarCase() object {
	for {
		b := archive()
		list, sparse, err := listTar(b)
		if sparse || (err != nil && r.Intn(3) > 0) {
			continue
		}
		// Go merges records in map order, and stops at a bad one
		changes := false
		first, _ := json.Marshal(list)
		for i := 0; i < 60 && !changes; i++ {
			again, _, _ := listTar(b)
			text, _ := json.Marshal(again)
			changes = !bytes.Equal(first, text)
		}
		if changes {
			continue
		}
		o := object{"op": "tar", "tgz_b64": pack(b)}
		if err != nil {
			o["error"] = err.Error()
		} else {
			o["output"] = list
		}
		return o
	}
}

func writeCase() object {
	for {
		var entries []object
		var w bytes.Buffer
		t := tar.NewWriter(&w)
		for i := r.Intn(3); i >= 0; i-- {
			b := body()
			h := &tar.Header{Name: name(), Mode: int64(r.Intn(0o10000)), ModTime: time.Unix(mtime().Unix(), 0), Size: int64(len(b)), Typeflag: "000052"[r.Intn(6)]}
			if h.Typeflag != '0' {
				b, h.Size = "", 0
			}
			if h.Typeflag == '2' {
				h.Linkname = name()
			}
			if h.Typeflag == '0' {
				h.Name = strings.TrimRight(h.Name, "/") // Go makes a directory of it
			}
			if err := t.WriteHeader(h); err != nil {
				continue
			}
			_, err := t.Write([]byte(b))
			must(err)
			e := object{"type": int(h.Typeflag), "mode": h.Mode, "mtime": h.ModTime.Unix()}
			put(e, "name", h.Name)
			put(e, "link", h.Linkname)
			put(e, "bytes", b)
			entries = append(entries, e)
		}
		must(t.Close())
		if len(entries) > 0 {
			return object{"op": "tar-write", "entries": entries, "tgz_b64": pack(w.Bytes()), "output": true}
		}
	}
}

// ---- gzip

func content() []byte {
	switch r.Intn(5) {
	case 0:
		return nil
	case 1:
		return bytes.Repeat([]byte(pick("a", "ab", "hello ")), r.Intn(300))
	case 2:
		b := make([]byte, r.Intn(200))
		r.Read(b)
		return b
	default:
		return []byte(pick("hello\n", "x", "some text, some text, some more text"))
	}
}

func member(w *bytes.Buffer) {
	b := content()
	flags := byte(0)
	if r.Intn(3) == 0 {
		flags = byte(r.Intn(256))
	}
	start := w.Len()
	w.Write([]byte{0x1f, 0x8b, 8, flags, 1, 2, 3, 4, byte(r.Intn(3)), 255})
	if flags&4 != 0 {
		n := r.Intn(20)
		w.Write([]byte{byte(n), 0})
		w.Write(make([]byte, n))
	}
	for _, bit := range []byte{8, 16} {
		if flags&bit != 0 {
			w.WriteString(pick("", "name", "é", "\xff", strings.Repeat("n", 505+r.Intn(10))) + "\x00")
		}
	}
	if flags&2 != 0 {
		sum := crc32.ChecksumIEEE(w.Bytes()[start:])
		if r.Intn(4) == 0 {
			sum++
		}
		w.Write([]byte{byte(sum), byte(sum >> 8)})
	}
	f, _ := flate.NewWriter(w, r.Intn(11)-1)
	f.Write(b)
	f.Close()
	sum, size := crc32.ChecksumIEEE(b), uint32(len(b))
	switch r.Intn(12) {
	case 0:
		sum ^= 1
	case 1:
		size++
	case 2:
		size = 1 << 30
	}
	binary.Write(w, binary.LittleEndian, sum)
	binary.Write(w, binary.LittleEndian, size)
}

func zipped() []byte {
	var w bytes.Buffer
	for i := []int{0, 0, 0, 1, 2, -1}[r.Intn(6)]; i >= 0; i-- {
		member(&w)
	}
	switch r.Intn(10) {
	case 0:
		return w.Bytes()[:r.Intn(w.Len()+1)]
	case 1:
		w.WriteString(pick("x", "garbage that is long enough", "\x1f", "\x1f\x8b\x08", "\x00", strings.Repeat("\x00", 512)))
	case 2:
		if b := w.Bytes(); len(b) > 0 {
			b[r.Intn(len(b))] ^= byte(1 << r.Intn(8))
		}
	case 3:
		if b := w.Bytes(); len(b) > 20 {
			b[10+r.Intn(len(b)-18)] = byte(r.Intn(256))
		}
	}
	return w.Bytes()
}

func gzipCase() object {
	b := zipped()
	o := object{"op": "gunzip"}
	put(o, "data", string(b))
	z, err := gzip.NewReader(bytes.NewReader(b))
	var data []byte
	if err == nil {
		data, err = io.ReadAll(z)
	}
	if err != nil {
		o["error"] = err.Error()
	} else {
		o["output"] = out(string(data))
	}
	return o
}

func write(dir, file string, n int, make func() object) {
	f, err := os.Create(filepath.Join(dir, file))
	must(err)
	e := json.NewEncoder(f)
	e.SetEscapeHTML(false)
	for ; n > 0; n-- {
		must(e.Encode(make()))
	}
	must(f.Close())
}

func main() {
	seed := flag.Int64("seed", 1, "")
	n := flag.Int("n", 1000, "")
	flag.Parse()
	r = rand.New(rand.NewSource(*seed))
	write(flag.Arg(0), "tar.jsonl", *n, tarCase)
	write(flag.Arg(0), "write.jsonl", *n/2, writeCase)
	write(flag.Arg(0), "gzip.jsonl", *n, gzipCase)
}
