// Verifies a bundle as cosign 3 does one of Rekor 2: check TRUSTED_ROOT BUNDLE DIGEST SUBJECT ISSUER
package main

import (
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/sigstore/sigstore-go/pkg/bundle"
	"github.com/sigstore/sigstore-go/pkg/root"
	"github.com/sigstore/sigstore-go/pkg/verify"
)

func run() error {
	trusted, err := root.NewTrustedRootFromPath(os.Args[1])
	if err != nil {
		return err
	}
	b, err := bundle.LoadJSONFromPath(os.Args[2])
	if err != nil {
		return err
	}
	digest, err := hex.DecodeString(strings.TrimPrefix(os.Args[3], "sha256:"))
	if err != nil {
		return err
	}
	v, err := verify.NewVerifier(trusted, verify.WithSignedCertificateTimestamps(1), verify.WithTransparencyLog(1), verify.WithSignedTimestamps(1))
	if err != nil {
		return err
	}
	id, err := verify.NewShortCertificateIdentity(os.Args[5], "", os.Args[4], "")
	if err != nil {
		return err
	}
	_, err = v.Verify(b, verify.NewPolicy(verify.WithArtifactDigest("sha256", digest), verify.WithCertificateIdentity(id)))
	return err
}

func main() {
	if err := run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
