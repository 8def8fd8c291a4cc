// Records TUF repositories and what go-tuf's client says of them, for src/source/tuf: each case of
// tests/golden/tuf/cases.json is one or more visits, with the files that the mirror has then, and
// the content of the target or the error. sigstore.json is a mirror with the trusted root of
// tests/golden/cosign. Times are fixed: what is good ends in 2100, what has expired
// did in 2020; it is 2026.
package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/config"
	"github.com/theupdateframework/go-tuf/v2/metadata/updater"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

var (
	now  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	ends = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	past = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
)

func ec() crypto.Signer { return must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }

func edwards() crypto.Signer {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	must(0, err)
	return k
}

// A state of a repository; publish writes it to files.
type repo struct {
	roots                           [][]crypto.Signer // signers of each version's root role
	threshold                       int
	online, targetKeys              []crypto.Signer
	version                         int64 // of timestamp, snapshot, targets
	rootEnd, stampEnd, snapEnd, end time.Time
	consistent                      bool
	target                          []byte
	lengths                         bool
}

func fresh() *repo {
	return &repo{roots: [][]crypto.Signer{{ec(), ec(), ec()}}, threshold: 2, online: []crypto.Signer{ec()}, targetKeys: []crypto.Signer{ec()},
		version: 1, rootEnd: ends, stampEnd: ends, snapEnd: ends, end: ends, consistent: true, target: []byte("{\"trusted\": \"root\"}\n"), lengths: true}
}

func sign[T metadata.Roles](m *metadata.Metadata[T], keys ...crypto.Signer) []byte {
	for _, k := range keys {
		var s signature.Signer
		switch k := k.(type) {
		case *rsa.PrivateKey:
			s = must(signature.LoadRSAPSSSigner(k, crypto.SHA256, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}))
		default:
			s = must(signature.LoadSigner(k, crypto.SHA256))
		}
		must(m.Sign(s))
	}
	return must(m.ToBytes(false))
}

func (r *repo) root(i int) []byte {
	m := metadata.Root(r.rootEnd)
	m.Signed.Version, m.Signed.ConsistentSnapshot = int64(i+1), r.consistent
	add := func(role string, threshold int, keys []crypto.Signer) {
		m.Signed.Roles[role].Threshold = threshold
		for _, k := range keys {
			must(0, m.Signed.AddKey(must(metadata.KeyFromPublicKey(k.Public())), role))
		}
	}
	add("root", r.threshold, r.roots[i])
	add("timestamp", 1, r.online)
	add("snapshot", 1, r.online)
	add("targets", 1, r.targetKeys)
	signers := r.roots[i]
	if i > 0 {
		signers = slices.Clone(signers)
		for _, k := range r.roots[i-1] {
			if !slices.Contains(signers, k) {
				signers = append(signers, k)
			}
		}
	}
	return sign(m, signers...)
}

type files map[string]string

func (r *repo) publish() files {
	f := files{}
	for i := range r.roots {
		f[fmt.Sprintf("%d.root.json", i+1)] = string(r.root(i))
	}
	prefix, hash := "", ""
	if r.consistent {
		prefix = fmt.Sprintf("%d.", r.version)
	}
	dir := must(os.MkdirTemp("", "tuf"))
	path := filepath.Join(dir, "trusted_root.json")
	must(0, os.WriteFile(path, r.target, 0o600))
	info := must(metadata.TargetFile().FromFile(path, "sha256"))
	if r.consistent {
		hash = hex.EncodeToString(info.Hashes["sha256"]) + "."
	}
	f["targets/"+hash+"trusted_root.json"] = string(r.target)
	t := metadata.Targets(r.end)
	t.Signed.Version = r.version
	t.Signed.Targets["trusted_root.json"] = info
	targets := sign(t, r.targetKeys...)
	f[prefix+"targets.json"] = string(targets)
	s := metadata.Snapshot(r.snapEnd)
	s.Signed.Version = r.version
	s.Signed.Meta["targets.json"] = r.meta(targets)
	snapshot := sign(s, r.online...)
	f[prefix+"snapshot.json"] = string(snapshot)
	m := metadata.Timestamp(r.stampEnd)
	m.Signed.Version = r.version
	m.Signed.Meta["snapshot.json"] = r.meta(snapshot)
	f["timestamp.json"] = string(sign(m, r.online...))
	return f
}

func (r *repo) meta(data []byte) *metadata.MetaFiles {
	m := metadata.MetaFile(r.version)
	if r.lengths {
		path := filepath.Join(must(os.MkdirTemp("", "tuf")), "x")
		must(0, os.WriteFile(path, data, 0o600))
		info := must(metadata.TargetFile().FromFile(path, "sha256", "sha512"))
		m.Length, m.Hashes = info.Length, info.Hashes
	}
	return m
}

func (f files) with(path, from, to string) files {
	g := files{}
	for k, v := range f {
		if k == path {
			if !strings.Contains(v, from) {
				panic(path + " has no " + from)
			}
			v = strings.Replace(v, from, to, 1)
		}
		g[k] = v
	}
	return g
}

func (f files) without(path string) files {
	g := files{}
	for k, v := range f {
		if k != path {
			g[k] = v
		}
	}
	return g
}

func (f files) and(path, text string) files {
	g := f.without(path)
	g[path] = text
	return g
}

const mirror = "https://mirror.test"

type fetch struct{ files files }

func (s *fetch) DownloadFile(url string, max int64, _ time.Duration) ([]byte, error) {
	text, ok := s.files[strings.TrimPrefix(url, mirror+"/")]
	if !ok {
		return nil, &metadata.ErrDownloadHTTP{StatusCode: 404, URL: url}
	}
	if int64(len(text)) > max {
		return nil, &metadata.ErrDownloadLengthMismatch{Msg: fmt.Sprintf("download failed for %s, length %d is larger than expected %d", url, len(text), max)}
	}
	return []byte(text), nil
}

type visit struct {
	Files files  `json:"files"`
	Got   string `json:"got,omitempty"`
	Error string `json:"error,omitempty"`
}

func (v *visit) run(root []byte, dir string) error {
	c := must(config.New(mirror, root))
	c.LocalMetadataDir, c.LocalTargetsDir, c.Fetcher = dir, filepath.Join(dir, "targets"), &fetch{v.Files}
	u, err := updater.New(c)
	if err != nil {
		return err
	}
	u.UnsafeSetRefTime(now)
	if err := u.Refresh(); err != nil {
		return err
	}
	info, err := u.GetTargetInfo("trusted_root.json")
	if err != nil {
		return err
	}
	_, got, err := u.DownloadTarget(info, "", "")
	v.Got = string(got)
	return err
}

type sample struct {
	Name   string   `json:"name"`
	Root   string   `json:"root"`
	Visits []*visit `json:"visits"`
}

func main() {
	var cases []*sample
	add := func(name string, root []byte, all ...files) {
		c := &sample{Name: name, Root: string(root)}
		dir := must(os.MkdirTemp("", "tuf"))
		for _, f := range all {
			v := &visit{Files: f}
			if err := v.run(root, dir); err != nil {
				v.Error = err.Error()
			}
			c.Visits = append(c.Visits, v)
			fmt.Printf("%-20s %s%s\n", name, v.Got[:min(len(v.Got), 9)], v.Error)
		}
		cases = append(cases, c)
	}
	good := fresh()
	root, all := good.root(0), good.publish()
	add("good", root, all, all)
	plain := fresh()
	plain.consistent = false
	add("plain", plain.root(0), plain.publish())
	bare := fresh()
	bare.lengths = false
	add("bare", bare.root(0), bare.publish())
	kinds := fresh()
	kinds.roots[0], kinds.online = []crypto.Signer{edwards(), must(rsa.GenerateKey(rand.Reader, 2048)), ec()}, []crypto.Signer{edwards()}
	kinds.targetKeys = []crypto.Signer{must(rsa.GenerateKey(rand.Reader, 2048))}
	add("kinds of keys", kinds.root(0), kinds.publish())

	next := *good
	next.roots = append(next.roots, []crypto.Signer{good.roots[0][0], ec(), ec()}, []crypto.Signer{ec(), ec(), ec()})
	add("rotated", root, next.publish())
	newer := next
	newer.version = 2
	add("newer", root, all, newer.publish())
	stranger := *good
	stranger.roots = [][]crypto.Signer{good.roots[0], {ec(), ec(), ec()}}
	twice := stranger.publish()
	alone := &repo{roots: [][]crypto.Signer{stranger.roots[1]}, threshold: 2, online: good.online, targetKeys: good.targetKeys, rootEnd: ends, consistent: true}
	lone := strings.Replace(string(alone.root(0)), `"version":1`, `"version":2`, 1)
	add("root of others", root, twice.and("2.root.json", lone))
	id := func(i int) string { return must(must(metadata.KeyFromPublicKey(good.roots[0][i].Public())).ID()) }
	add("root by one", root, twice.with("2.root.json", id(0), strings.Repeat("0", 64)).with("2.root.json", id(1), strings.Repeat("1", 64)))
	add("root signed twice", root, twice.with("2.root.json", id(0), id(1)))
	add("root skips one", root, next.publish().and("2.root.json", next.publish()["3.root.json"]))
	add("root is itself", root, all.and("2.root.json", all["1.root.json"]))
	add("root is text", root, all.and("2.root.json", "no"))
	add("root of a type", root, all.and("2.root.json", all["timestamp.json"]))
	old := *good
	old.rootEnd = past
	add("root has expired", old.root(0), old.publish())
	later := *good
	later.roots = append(later.roots, good.roots[0])
	passed := later.publish().and("1.root.json", string(old.root(0)))
	add("first has expired", old.root(0), passed)

	add("no timestamp", root, all.without("timestamp.json"))
	old = *good
	old.stampEnd = past
	add("timestamp expired", root, old.publish())
	old = *good
	old.snapEnd = past
	add("snapshot expired", root, old.publish())
	old = *good
	old.end = past
	add("targets expired", root, old.publish())
	add("timestamp changed", root, all.with("timestamp.json", "2100-", "2101-"))
	add("snapshot changed", root, all.with("1.snapshot.json", "2100-", "2101-"))
	add("snapshot longer", root, all.with("1.snapshot.json", "2100-", "12100-"))
	add("targets changed", root, all.with("1.targets.json", "2100-", "2101-"))
	bareAll := bare.publish()
	add("snapshot unsigned", bare.root(0), bareAll.with("1.snapshot.json", "2100-", "2101-"))
	add("targets unsigned", bare.root(0), bareAll.with("1.targets.json", "2100-", "2101-"))
	add("no snapshot", root, all.without("1.snapshot.json"))
	add("no targets", root, all.without("1.targets.json"))
	for path := range all {
		if strings.HasPrefix(path, "targets/") {
			add("target changed", root, all.with(path, "trusted", "trustee"))
			add("target longer", root, all.with(path, "trusted", "trusted by"))
			add("no target", root, all.without(path))
		}
	}
	two := *good
	two.version = 2
	second := two.publish()
	add("rolled back", root, second, all)
	mixed := *bare
	mixed.version = 2
	back := mixed.publish()
	add("snapshot of another", bare.root(0), back.and("2.snapshot.json", bareAll["1.snapshot.json"]))
	add("targets of another", bare.root(0), back.and("2.targets.json", bareAll["1.targets.json"]))
	mixed.version = 3
	third := mixed.publish()
	mixed.version = 2
	mixed.lengths = true
	add("same again", root, second, second)
	// a newer timestamp that names an older snapshot
	m := must(metadata.Timestamp().FromBytes([]byte(back["timestamp.json"])))
	m.Signed.Version, m.Signatures = 4, nil
	add("snapshot rolled back", bare.root(0), third, third.and("timestamp.json", string(sign(m, bare.online...))).and("2.snapshot.json", back["2.snapshot.json"]))
	// a newer snapshot that names older targets
	s := must(metadata.Snapshot().FromBytes([]byte(back["2.snapshot.json"])))
	s.Signed.Version, s.Signatures = 4, nil
	m.Signed.Meta["snapshot.json"].Version, m.Signatures = 4, nil
	add("targets rolled back", bare.root(0), third, third.and("timestamp.json", string(sign(m, bare.online...))).and("4.snapshot.json", string(sign(s, bare.online...))).and("2.targets.json", back["2.targets.json"]))
	delete(s.Signed.Meta, "targets.json")
	s.Signatures, m.Signatures = nil, nil
	add("targets left out", bare.root(0), bareAll, third.and("timestamp.json", string(sign(m, bare.online...))).and("4.snapshot.json", string(sign(s, bare.online...))))
	t := must(metadata.Targets().FromBytes([]byte(bareAll["1.targets.json"])))
	delete(t.Signed.Targets, "trusted_root.json")
	t.Signatures = nil
	add("not a target", bare.root(0), bareAll.and("1.targets.json", string(sign(t, bare.targetKeys...))))
	zero := strings.Replace(string(root), `"threshold":2`, `"threshold":0`, 1)
	add("threshold of none", []byte(zero), all)
	text := must(json.MarshalIndent(cases, "", " "))
	must(0, os.MkdirAll(os.Args[1], 0o755))
	sigstore := fresh()
	sigstore.target = must(os.ReadFile(filepath.Join(os.Args[1], "../cosign/trusted_root.json")))
	whole := must(json.MarshalIndent(map[string]any{"root": string(sigstore.root(0)), "files": sigstore.publish()}, "", " "))
	must(0, os.WriteFile(filepath.Join(os.Args[1], "sigstore.json"), append(whole, '\n'), 0o644))
	must(0, os.WriteFile(filepath.Join(os.Args[1], "cases.json"), append(text, '\n'), 0o644))
	must(0, os.WriteFile(filepath.Join(os.Args[1], "FROM"), []byte("tools/golden/tuf, go-tuf v2.4.2\n"), 0o644))
}
