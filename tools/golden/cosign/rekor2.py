#!/usr/bin/env python3
"""rekor2.py - records bundles with Rekor 2 and timestamps, for src/source/cosign.

    tools/golden/cosign/rekor2.py [CHECK]

The Sigstore of make.py with a transparency log of the second kind (Ed25519, proofs alone)
and a timestamp authority, which is `openssl ts`. Repositories become
tests/golden/cosign/rekor2*.json, the trusted root trusted_root2.json. CHECK is the program
of tools/golden/cosign/check, sigstore-go's verifier: what is recorded is what it accepts.
"""
import base64, datetime, hashlib, json, os, subprocess, sys, tempfile
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
import make
from make import ISSUER, IMAGE, OUT, SUBJECT, Sigstore, b64, canonical, der, key, sha, sign

CHECK = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else None
TMP = tempfile.mkdtemp()
LOG = "log2.example"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def tool(*argv):
    p = subprocess.run(argv, cwd=TMP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if p.returncode:
        sys.exit("%s: %s" % (" ".join(argv), p.stdout))


class Authority:
    """Of timestamps."""
    def __init__(self, name):
        self.name = name
        with open(TMP + "/tsa.cnf", "w") as f:
            f.write("[req]\ndistinguished_name=d\n[d]\n[ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n"
                    "[leaf]\nbasicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=critical,timeStamping\n"
                    "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
                    "[tsa]\nserial=%s/serial\ndefault_policy=1.2.3.4\ndigests=sha256,sha384,sha512\nsigner_digest=sha256\ness_cert_id_alg=sha256\n" % TMP)
        with open(TMP + "/serial", "w") as f:
            f.write("01\n")
        for part in ("root", "leaf"):
            tool("openssl", "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "%s-%s.key" % (name, part))
        tool("openssl", "req", "-x509", "-new", "-key", name + "-root.key", "-subj", "/O=example/CN=tsa root", "-days", "3650", "-config", "tsa.cnf", "-extensions", "ca", "-out", name + "-root.crt")
        tool("openssl", "req", "-new", "-key", name + "-leaf.key", "-subj", "/O=example/CN=tsa", "-config", "tsa.cnf", "-out", name + ".csr")
        tool("openssl", "x509", "-req", "-in", name + ".csr", "-CA", name + "-root.crt", "-CAkey", name + "-root.key", "-CAcreateserial", "-days", "3000",
             "-extfile", "tsa.cnf", "-extensions", "leaf", "-out", name + "-leaf.crt")

    def der(self, part):
        tool("openssl", "x509", "-in", "%s-%s.crt" % (self.name, part), "-outform", "DER", "-out", "one.der")
        with open(TMP + "/one.der", "rb") as f:
            return f.read()

    def stamp(self, data, certificate=True, digest="sha256"):
        with open(TMP + "/data", "wb") as f:
            f.write(data)
        tool("openssl", "ts", "-query", "-data", "data", "-" + digest, *(["-cert"] if certificate else []), "-out", "q.tsq")
        tool("openssl", "ts", "-reply", "-queryfile", "q.tsq", "-config", "tsa.cnf", "-section", "tsa", "-signer", self.name + "-leaf.crt",
             "-inkey", self.name + "-leaf.key", "-out", "r.tsr")
        with open(TMP + "/r.tsr", "rb") as f:
            return f.read()


class Second(Sigstore):
    def __init__(self, tsa):
        super().__init__()
        self.tsa, self.log = tsa, ed25519.Ed25519PrivateKey.generate()
        raw = self.log.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.log_id = hashlib.sha256(LOG.encode() + b"\n\x01" + raw).digest()

    def trusted_root(self):
        root = super().trusted_root()
        span = {"start": self.start.strftime("%Y-%m-%dT%H:%M:%SZ")}
        spki = self.log.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        root["tlogs"].append({"baseUrl": "https://" + LOG, "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(self.log_id)},
                              "publicKey": {"rawBytes": b64(spki), "keyDetails": "PKIX_ED25519", "validFor": span}})
        root["timestampAuthorities"] = [{"subject": {"organization": "example", "commonName": "tsa"}, "uri": "https://tsa.example",
                                         "certChain": {"certificates": [{"rawBytes": b64(self.tsa.der("leaf"))}, {"rawBytes": b64(self.tsa.der("root"))}]},
                                         "validFor": span}]
        return root

    def entry2(self, body):
        leaf = lambda d: hashlib.sha256(b"\0" + d).digest()
        pair = lambda l, r: hashlib.sha256(b"\1" + l + r).digest()
        leaves = [leaf(b"one"), leaf(body), leaf(b"three"), leaf(b"four"), leaf(b"five")]
        right = pair(leaves[2], leaves[3])
        root = pair(pair(pair(leaves[0], leaves[1]), right), leaves[4])
        note = "%s\n5\n%s\n" % (LOG, b64(root))
        checkpoint = note + "\n\u2014 %s %s\n" % (LOG, b64(self.log_id[:4] + self.log.sign(note.encode())))
        return {"logIndex": "1", "logId": {"keyId": b64(self.log_id)}, "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
                "inclusionProof": {"logIndex": "1", "rootHash": b64(root), "treeSize": "5",
                                   "hashes": [b64(leaves[0]), b64(right), b64(leaves[4])], "checkpoint": {"envelope": checkpoint}},
                "canonicalizedBody": b64(body)}


def bundle(s, digest, stamp):
    k = key()
    c = s.certificate(k)
    payload = canonical({"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": digest.split(":")[1]}}],
                         "predicateType": "https://sigstore.dev/cosign/sign/v1", "predicate": {}})
    kind = "application/vnd.in-toto+json"
    text = b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
    sig = sign(k, text)
    verifier = {"keyDetails": "PKIX_ECDSA_P256_SHA_256", "x509Certificate": {"rawBytes": b64(der(c))}}
    body = canonical({"apiVersion": "0.0.2", "kind": "hashedrekord", "spec": {"hashedRekordV002": {
        "data": {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(text).digest())}, "signature": {"content": b64(sig), "verifier": verifier}}}})
    material = {"certificate": {"rawBytes": b64(der(c))}, "tlogEntries": [s.entry2(body)]}
    stamps = stamp(sig)
    if stamps:
        material["timestampVerificationData"] = {"rfc3161Timestamps": [{"signedTimestamp": b64(t)} for t in stamps]}
    return {"mediaType": BUNDLE, "verificationMaterial": material,
            "dsseEnvelope": {"payload": b64(payload), "payloadType": kind, "signatures": [{"sig": b64(sig)}]}}


def record(name, s, stamp):
    manifest = json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": {"mediaType": "application/vnd.cncf.flux.config.v1+json", "digest": "sha256:" + sha(b"{}"), "size": 2},
                           "layers": [], "annotations": {"case": name}})
    digest = "sha256:" + sha(manifest.encode())
    text = json.dumps(bundle(s, digest, stamp))
    blob = "sha256:" + sha(text.encode())
    referrer = json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "artifactType": BUNDLE, "config": {"mediaType": "application/vnd.oci.empty.v1+json", "digest": "sha256:" + sha(b"{}"), "size": 2},
                           "layers": [{"mediaType": BUNDLE, "digest": blob, "size": len(text)}],
                           "subject": {"mediaType": IMAGE, "digest": digest, "size": len(manifest)}})
    of = "sha256:" + sha(referrer.encode())
    with open(os.path.join(OUT, name + ".json"), "w") as f:
        json.dump({"digest": digest, "manifests": {digest: manifest, of: referrer}, "blobs": {blob: text}, "referrers": {digest: [{"digest": of}]}}, f, indent=1, sort_keys=True)
    if CHECK:
        with open(TMP + "/bundle.json", "w") as f:
            f.write(text)
        p = subprocess.run([CHECK, OUT + "/trusted_root2.json", TMP + "/bundle.json", digest, SUBJECT, ISSUER], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print(name, p.returncode, p.stdout.strip()[:300])
        if (p.returncode == 0) != (name in ("rekor2", "rekor2nocert", "rekor2second")):
            sys.exit("%s: sigstore-go says otherwise" % name)


def main():
    tsa, other = Authority("tsa"), Authority("other")
    s = Second(tsa)
    with open(OUT + "/trusted_root2.json", "w") as f:
        json.dump(s.trusted_root(), f, indent=1)
    record("rekor2", s, lambda sig: [tsa.stamp(sig)])
    record("rekor2nocert", s, lambda sig: [tsa.stamp(sig, certificate=False, digest="sha512")])
    record("rekor2second", s, lambda sig: [other.stamp(sig), tsa.stamp(sig)])
    record("rekor2none", s, lambda sig: [])
    record("rekor2other", s, lambda sig: [other.stamp(sig)])
    record("rekor2text", s, lambda sig: [tsa.stamp(sig + b"x")])
    s.now -= datetime.timedelta(hours=1)
    record("rekor2late", s, lambda sig: [tsa.stamp(sig)])


main()
