// Records signatures made by notation-go, for src/source/notation: each case becomes
// tests/golden/notation/NAME.json (manifests, blobs and referrers by digest), with the
// certificate to trust in NAME.crt (with that of the timestamp authority, by `openssl ts`). What is
// good, notation-go has verified.
package main

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/notaryproject/notation-go"
	"github.com/notaryproject/notation-go/signer"
	"github.com/notaryproject/notation-go/verifier"
	"github.com/notaryproject/notation-go/verifier/trustpolicy"
	"github.com/notaryproject/notation-go/verifier/truststore"
	"github.com/notaryproject/tspclient-go"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	_ "github.com/notaryproject/notation-core-go/signature/cose"
	_ "github.com/notaryproject/notation-core-go/signature/jws"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

type store []*x509.Certificate

func (s store) GetCertificates(context.Context, truststore.Type, string) ([]*x509.Certificate, error) {
	return s, nil
}

func dig(b []byte) string {
	h := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(h[:])
}

var serial int64

func cert(key crypto.Signer, name string, ca *x509.Certificate, by crypto.Signer, isCA bool, life time.Duration) *x509.Certificate {
	serial++
	t := &x509.Certificate{
		SerialNumber: big.NewInt(serial), NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: time.Now().Add(life),
		Subject: pkix.Name{CommonName: name, Organization: []string{"acme, inc"}, Country: []string{"US"}, Province: []string{"WA"}},
		BasicConstraintsValid: true, IsCA: isCA,
	}
	if isCA {
		t.KeyUsage, t.MaxPathLen = x509.KeyUsageCertSign, 1
	} else {
		t.KeyUsage, t.ExtKeyUsage = x509.KeyUsageDigitalSignature, []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
	}
	if stamps := (pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true}); key == stamper && !isCA {
		stamps.Value = must(asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}}))
		t.ExtKeyUsage, t.ExtraExtensions = nil, []pkix.Extension{stamps}
	}
	if ca == nil {
		ca, by = t, key
	}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, t, ca, key.Public(), by))))
}

const ever = 3650 * 24 * time.Hour

// A timestamp authority, by `openssl ts`.
var stamper = must(rsa.GenerateKey(rand.Reader, 2048))

type authority struct {
	root *x509.Certificate
	dir  string
	wait time.Duration
}

const config = `[tsa]
default_policy = 1.2.3.4
digests = sha256, sha384, sha512
accuracy = secs:1
signer_digest = sha256
ess_cert_id_alg = sha256
serial = serial
signer_cert = tsa.pem
signer_key = tsa.key
`

func newAuthority() *authority {
	a := &authority{dir: must(os.MkdirTemp("", "tsa"))}
	ca := must(rsa.GenerateKey(rand.Reader, 2048))
	a.root = cert(ca, "timestamp root", nil, nil, true, ever)
	own := cert(stamper, "timestamps", a.root, ca, false, ever)
	for name, text := range map[string][]byte{
		"config": []byte(config), "serial": []byte("01\n"),
		"tsa.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Raw}),
		"tsa.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(stamper))}),
	} {
		must(0, os.WriteFile(filepath.Join(a.dir, name), text, 0o600))
	}
	return a
}

func (a *authority) Timestamp(_ context.Context, q *tspclient.Request) (*tspclient.Response, error) {
	must(0, os.WriteFile(filepath.Join(a.dir, "query"), must(q.MarshalBinary()), 0o600))
	time.Sleep(a.wait)
	c := exec.Command("openssl", "ts", "-reply", "-config", "config", "-section", "tsa", "-queryfile", "query")
	c.Dir = a.dir
	r := &tspclient.Response{}
	return r, r.UnmarshalBinary(must(c.Output()))
}

type sample struct {
	name, media string
	key         crypto.Signer
	life        time.Duration // of the certificate
	expiry      time.Duration
	stamped     bool
	good        bool
}

func main() {
	out := os.Args[1]
	must(0, os.MkdirAll(out, 0o755))
	ctx := context.Background()
	for _, c := range []sample{
		{"rsa", "application/jose+json", must(rsa.GenerateKey(rand.Reader, 2048)), ever, 0, false, true},
		{"rsa3072", "application/jose+json", must(rsa.GenerateKey(rand.Reader, 3072)), ever, 0, false, true},
		{"p256", "application/jose+json", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), ever, 0, false, true},
		{"p384", "application/jose+json", must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), ever, 0, false, true},
		{"expiry", "application/jose+json", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), ever, time.Second, false, false},
		{"cose", "application/cose", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), ever, 0, false, true},
		{"cosersa", "application/cose", must(rsa.GenerateKey(rand.Reader, 2048)), ever, 0, false, true},
		{"stamped", "application/jose+json", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), 3 * time.Second, 0, true, true},
		{"stampedcose", "application/cose", must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), 3 * time.Second, 0, true, true},
		{"stampedlate", "application/jose+json", must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), 2 * time.Second, 0, true, false},
		{"coseexpiry", "application/cose", must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader)), ever, time.Second, false, false},
	} {
		if len(os.Args) > 2 && !slices.Contains(os.Args[2:], c.name) {
			continue
		}
		ca := must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
		root := cert(ca, c.name+" root", nil, nil, true, ever)
		leaf := cert(c.key, c.name, root, ca, false, c.life)
		manifest := []byte(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.empty.v1+json","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[],"annotations":{"case":"` + c.name + `"}}`)
		desc := ocispec.Descriptor{MediaType: ocispec.MediaTypeImageManifest, Digest: digest.Digest(dig(manifest)), Size: int64(len(manifest))}
		s := must(signer.NewGenericSigner(c.key, []*x509.Certificate{leaf, root}))
		options := notation.SignerSignOptions{SignatureMediaType: c.media, ExpiryDuration: c.expiry}
		stores, trusted := []string{"ca:x"}, store{root}
		if c.stamped {
			tsa := newAuthority()
			if !c.good {
				tsa.wait = 3 * time.Second
			}
			options.Timestamper, options.TSARootCAs = tsa, x509.NewCertPool()
			options.TSARootCAs.AddCert(tsa.root)
			stores, trusted = append(stores, "tsa:x"), append(trusted, tsa.root)
		}
		sig, _, err := s.Sign(ctx, desc, options)
		must(0, err)
		time.Sleep(max(c.expiry, c.life%ever) + time.Second)
		policy := &trustpolicy.Document{Version: "1.0", TrustPolicies: []trustpolicy.TrustPolicy{{
			Name: "p", RegistryScopes: []string{"registry.example/app"}, TrustStores: stores, TrustedIdentities: []string{`x509.subject: C=US, ST=WA, O=acme\, inc`},
			SignatureVerification: trustpolicy.SignatureVerification{VerificationLevel: "strict"}}}}
		v := must(verifier.New(policy, trusted, nil))
		_, err = v.Verify(ctx, desc, sig, notation.VerifierVerifyOptions{ArtifactReference: "registry.example/app@" + string(desc.Digest), SignatureMediaType: c.media})
		fmt.Println(c.name, err)
		if (err == nil) != c.good {
			panic(c.name)
		}
		sm := must(json.Marshal(ocispec.Manifest{MediaType: ocispec.MediaTypeImageManifest, ArtifactType: "application/vnd.cncf.notary.signature",
			Config: ocispec.DescriptorEmptyJSON, Subject: &desc, Layers: []ocispec.Descriptor{{MediaType: c.media, Digest: digest.Digest(dig(sig)), Size: int64(len(sig))}}}))
		sm = append([]byte(`{"schemaVersion":2,`), append(sm[len(`{"schemaVersion":0,`):])...)
		data := map[string]any{"digest": desc.Digest,
			"manifests": map[string]string{string(desc.Digest): string(manifest), dig(sm): string(sm)},
			"blobs":     map[string]string{},
			"referrers": map[string]any{string(desc.Digest): []any{map[string]any{"digest": dig(sm)}}}}
		if utf8.Valid(sig) {
			data["blobs"] = map[string]string{dig(sig): string(sig)}
		} else {
			data["binary"] = map[string][]byte{dig(sig): sig}
		}
		must(0, os.WriteFile(filepath.Join(out, c.name+".json"), must(json.MarshalIndent(data, "", " ")), 0o644))
		var certs []byte
		for _, one := range trusted {
			certs = append(certs, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: one.Raw})...)
		}
		must(0, os.WriteFile(filepath.Join(out, c.name+".crt"), certs, 0o644))
	}
	must(0, os.WriteFile(filepath.Join(out, "FROM"), []byte("tools/golden/notation, notation-go v1.3.2\n"), 0o644))
}
