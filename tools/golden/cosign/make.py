#!/usr/bin/env python3
"""make.py - records signed artifacts of an OCI registry, for src/source/cosign.

    COSIGN=/path/to/cosign tools/golden/cosign/make.py

A registry (docker-registry) is filled, signed with cosign and a key, in the form
of cosign 2 and as bundles; then signed keyless by a Sigstore that this program
plays: an authority, a certificate log and a transparency log of its own. The real
cosign verifies what it made, so what is recorded is what cosign accepts. Each
repository becomes tests/golden/cosign/NAME.json: manifests by tag and digest, blobs
by digest, referrers by digest. The plaintexts are tiny.
"""
import base64, datetime, hashlib, json, os, shutil, struct, subprocess, sys, tempfile, time, urllib.request
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID, ExtendedKeyUsageOID, ObjectIdentifier

COSIGN = os.environ.get("COSIGN", "cosign")
OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../../tests/golden/cosign")
TMP = tempfile.mkdtemp()
HOST = "127.0.0.1:5078"
ISSUER = "https://token.actions.githubusercontent.com"
SUBJECT = "https://github.com/org/repo/.github/workflows/release.yml@refs/heads/main"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
b64 = lambda b: base64.b64encode(b).decode()
sha = lambda b: hashlib.sha256(b).hexdigest()

def http(method, url, data=None, **headers):
    r = urllib.request.Request(url, data=data, method=method,
                               headers={k.replace("_", "-"): v for k, v in headers.items()})
    return urllib.request.urlopen(r)

class Repo:
    def __init__(self, name):
        self.name, self.base = name, "http://%s/v2/%s/" % (HOST, name)
    def blob(self, data, media):
        d = "sha256:" + sha(data)
        loc = http("POST", self.base + "blobs/uploads/", b"").headers["Location"]
        http("PUT", loc + ("&" if "?" in loc else "?") + "digest=" + d, data, Content_Type="application/octet-stream")
        return {"mediaType": media, "digest": d, "size": len(data)}
    def manifest(self, ref, m, media=IMAGE):
        text = json.dumps(m).encode()
        http("PUT", self.base + "manifests/" + (ref or "sha256:" + sha(text)), text, Content_Type=media)
        return {"mediaType": media, "digest": "sha256:" + sha(text), "size": len(text)}
    def app(self):
        cfg = self.blob(b"{}", "application/vnd.cncf.flux.config.v1+json")
        layer = self.blob(self.name.encode(), "application/vnd.cncf.flux.content.v1.tar+gzip")
        self.subject = self.manifest("v1", {"schemaVersion": 2, "mediaType": IMAGE, "config": cfg, "layers": [layer]})
        return self.subject["digest"]
    def dump(self, digest):
        out = {"digest": digest, "manifests": {}, "blobs": {}, "referrers": {}}
        seen = []
        def get(ref):
            r = http("GET", self.base + "manifests/" + ref, Accept=IMAGE + ", " + INDEX)
            text = r.read().decode()
            out["manifests"][ref] = out["manifests"]["sha256:" + sha(text.encode())] = text
            m = json.loads(text)
            for d in m.get("layers", []):
                if d["digest"] not in out["blobs"]:
                    out["blobs"][d["digest"]] = http("GET", self.base + "blobs/" + d["digest"]).read().decode()
            for d in m.get("manifests", []):
                get(d["digest"])
            return m
        for tag in json.load(http("GET", self.base + "tags/list"))["tags"]:
            m = get(tag)
            if m.get("manifests"):
                out["referrers"][tag.replace("-", ":")] = m["manifests"]
        with open(os.path.join(OUT, self.name + ".json"), "w") as f:
            json.dump(out, f, indent=1, sort_keys=True)

def cosign(*args, ok=True):
    env = dict(os.environ, COSIGN_PASSWORD="", HOME=TMP)
    p = subprocess.run([COSIGN] + list(args), cwd=TMP, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if ok and p.returncode:
        sys.exit("cosign %s: %s" % (" ".join(args), p.stdout))
    return p

# ---- a Sigstore of our own ------------------------------------------------------------

def key():
    return ec.generate_private_key(ec.SECP256R1())
def spki(k):
    return k.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
def sign(k, data):
    return k.sign(data, ec.ECDSA(hashes.SHA256()))
def pem(c):
    return c.public_bytes(serialization.Encoding.PEM)
def der(c):
    return c.public_bytes(serialization.Encoding.DER)

class Sigstore:
    def __init__(self):
        self.ca, self.mid, self.rekor, self.ct = key(), key(), key(), key()
        self.now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        self.start = self.now - datetime.timedelta(days=1)
        end = self.now + datetime.timedelta(days=3650)
        name = lambda n: x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "example"), x509.NameAttribute(NameOID.COMMON_NAME, n)])
        usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
        def authority(subject, issuer, k, by, length):
            b = (x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer)).public_key(k.public_key())
                 .serial_number(x509.random_serial_number()).not_valid_before(self.start).not_valid_after(end)
                 .add_extension(x509.BasicConstraints(True, length), True).add_extension(usage, True)
                 .add_extension(x509.SubjectKeyIdentifier.from_public_key(k.public_key()), False))
            if by is not k:
                b = (b.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
                     .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), False))
            return b.sign(by, hashes.SHA256())
        self.root = authority("root", "root", self.ca, self.ca, 1)
        self.between = authority("intermediate", "root", self.mid, self.ca, 0)
        self.name = name
    def trusted_root(self):
        span = {"start": self.start.strftime("%Y-%m-%dT%H:%M:%SZ")}
        def log(k, url):
            return {"baseUrl": url, "hashAlgorithm": "SHA2_256", "logId": {"keyId": b64(hashlib.sha256(spki(k)).digest())},
                    "publicKey": {"rawBytes": b64(spki(k)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": span}}
        return {"mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
                "tlogs": [log(self.rekor, "https://rekor.example")], "ctlogs": [log(self.ct, "https://ct.example")],
                "certificateAuthorities": [{"subject": {"organization": "example", "commonName": "root"}, "uri": "https://fulcio.example",
                    "certChain": {"certificates": [{"rawBytes": b64(der(self.between))}, {"rawBytes": b64(der(self.root))}]}, "validFor": span}]}
    def certificate(self, k, subject=SUBJECT, issuer=ISSUER, sct=True):
        utf8 = lambda s: b"\x0c" + bytes([len(s)]) + s.encode()
        ext = lambda n, v: x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1." + n), v)
        b = (x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(self.between.subject).public_key(k.public_key())
             .serial_number(x509.random_serial_number()).not_valid_before(self.now - datetime.timedelta(minutes=1))
             .not_valid_after(self.now + datetime.timedelta(minutes=9))
             .add_extension(x509.KeyUsage(True, False, False, False, False, False, False, False, False), True)
             .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), False)
             .add_extension(x509.SubjectKeyIdentifier.from_public_key(k.public_key()), False)
             .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.mid.public_key()), False)
             .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(subject)]), True)
             .add_extension(ext("57264.1.1", issuer.encode()), False).add_extension(ext("57264.1.8", utf8(issuer)), False))
        if not sct:
            return b.sign(self.mid, hashes.SHA256())
        tbs = b.sign(self.mid, hashes.SHA256()).tbs_certificate_bytes
        stamp = struct.pack(">Q", int(self.now.timestamp() * 1000))
        body = b"\0\0" + stamp + b"\0\1" + hashlib.sha256(spki(self.mid)).digest() + struct.pack(">I", len(tbs))[1:] + tbs + b"\0\0"
        s = sign(self.ct, body)
        one = b"\0" + hashlib.sha256(spki(self.ct)).digest() + stamp + b"\0\0" + b"\4\3" + struct.pack(">H", len(s)) + s
        lst = struct.pack(">H", len(one)) + one
        lst = struct.pack(">H", len(lst)) + lst
        octets = b"\x04" + (bytes([len(lst)]) if len(lst) < 128 else b"\x81" + bytes([len(lst)])) + lst
        return b.add_extension(ext("11129.2.4.2", octets), False).sign(self.mid, hashes.SHA256())
    def entry(self, body, when=None):
        t, index = int((when or self.now).timestamp()), 1
        log_id = hashlib.sha256(spki(self.rekor)).digest()
        set_text = '{"body":"%s","integratedTime":%d,"logID":"%s","logIndex":%d}' % (b64(body), t, log_id.hex(), index)
        leaf = lambda d: hashlib.sha256(b"\0" + d).digest()
        pair = lambda l, r: hashlib.sha256(b"\1" + l + r).digest()
        leaves = [leaf(b"one"), leaf(body), leaf(b"three"), leaf(b"four"), leaf(b"five")]
        right = pair(leaves[2], leaves[3])
        root = pair(pair(pair(leaves[0], leaves[1]), right), leaves[4])
        note = "rekor.example - 42\n5\n%s\n" % b64(root)
        checkpoint = note + "\n\u2014 rekor.example %s\n" % b64(log_id[:4] + sign(self.rekor, note.encode()))
        return {"logIndex": str(index), "logId": {"keyId": b64(log_id)}, "integratedTime": str(t),
                "inclusionPromise": {"signedEntryTimestamp": b64(sign(self.rekor, set_text.encode()))},
                "inclusionProof": {"logIndex": "1", "rootHash": b64(root), "treeSize": "5",
                                   "hashes": [b64(leaves[0]), b64(right), b64(leaves[4])], "checkpoint": {"envelope": checkpoint}},
                "canonicalizedBody": b64(body)}

canonical = lambda o: json.dumps(o, sort_keys=True, separators=(",", ":")).encode()

def simple_layer(s, repo, digest, subject=SUBJECT, issuer=ISSUER, sct=True, when=None):
    """A keyless signature in the form of cosign 2."""
    k = key()
    c = s.certificate(k, subject, issuer, sct)
    payload = canonical({"critical": {"identity": {"docker-reference": HOST + "/" + repo.name}, "image": {"docker-manifest-digest": digest},
                                      "type": "cosign container image signature"}, "optional": None})
    sig = sign(k, payload)
    body = canonical({"apiVersion": "0.0.1", "kind": "hashedrekord", "spec": {"data": {"hash": {"algorithm": "sha256", "value": sha(payload)}},
        "signature": {"content": b64(sig), "publicKey": {"content": b64(pem(c))}}}})
    e = s.entry(body, when)
    layer = repo.blob(payload, "application/vnd.dev.cosign.simplesigning.v1+json")
    layer["annotations"] = {"dev.cosignproject.cosign/signature": b64(sig), "dev.sigstore.cosign/certificate": pem(c).decode(),
        "dev.sigstore.cosign/chain": (pem(s.between) + pem(s.root)).decode(),
        "dev.sigstore.cosign/bundle": json.dumps({"SignedEntryTimestamp": e["inclusionPromise"]["signedEntryTimestamp"],
            "Payload": {"body": b64(body), "integratedTime": int(e["integratedTime"]), "logIndex": 1,
                        "logID": base64.b64decode(e["logId"]["keyId"]).hex()}})}
    return layer

def push_simple(repo, digest, layers):
    cfg = repo.blob(b'{"architecture":"","created":"0001-01-01T00:00:00Z","history":[],"os":"","rootfs":{"type":"layers","diff_ids":[]},"config":{}}', "application/vnd.oci.image.config.v1+json")
    repo.manifest(digest.replace(":", "-") + ".sig", {"schemaVersion": 2, "mediaType": IMAGE, "config": cfg, "layers": layers})

def bundle(s, digest, predicate="https://sigstore.dev/cosign/sign/v1"):
    k = key()
    c = s.certificate(k)
    payload = canonical({"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {"sha256": digest.split(":")[1]}}], "predicateType": predicate, "predicate": {}})
    kind = "application/vnd.in-toto+json"
    sig = sign(k, b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
    envelope = {"payload": b64(payload), "payloadType": kind, "signatures": [{"sig": b64(sig)}]}
    body = canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": {"envelopeHash": {"algorithm": "sha256", "value": sha(canonical(envelope))},
        "payloadHash": {"algorithm": "sha256", "value": sha(payload)}, "signatures": [{"signature": b64(sig), "verifier": b64(pem(c))}]}})
    e = dict(s.entry(body), kindVersion={"kind": "dsse", "version": "0.0.1"})
    return {"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": {"certificate": {"rawBytes": b64(der(c))}, "tlogEntries": [e]}, "dsseEnvelope": envelope}

def push_bundles(repo, digest, bundles):
    kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
    empty = repo.blob(b"{}", "application/vnd.oci.empty.v1+json")
    refs = []
    for b in bundles:
        m = {"schemaVersion": 2, "mediaType": IMAGE, "artifactType": kind, "config": empty, "layers": [repo.blob(json.dumps(b).encode(), kind)],
             "subject": repo.subject, "annotations": {"dev.sigstore.bundle.content": "dsse-envelope", "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
             "org.opencontainers.image.created": "2026-01-01T00:00:00Z"}}
        refs.append(dict(repo.manifest(None, m), artifactType=kind))
    repo.manifest(digest.replace(":", "-"), {"schemaVersion": 2, "mediaType": INDEX, "manifests": refs}, INDEX)

def main():
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    with open(TMP + "/config.yml", "w") as f:
        f.write("version: 0.1\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: %s}\nlog: {level: error}\n" % (TMP, HOST))
    registry = subprocess.Popen(["docker-registry", "serve", TMP + "/config.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        time.sleep(1)
        for k in "ab":
            cosign("generate-key-pair", "--output-key-prefix", k)
            shutil.copy(TMP + "/%s.pub" % k, OUT)
        for name, new in (("key2", "false"), ("key3", "true")):
            r = Repo(name)
            d = r.app()
            cosign("sign", "-y", "--key", "a.key", "--tlog-upload=false", "--new-bundle-format=" + new, "--allow-http-registry", "%s/%s@%s" % (HOST, name, d))
            r.dump(d)
        s = Sigstore()
        with open(OUT + "/trusted_root.json", "w") as f:
            json.dump(s.trusted_root(), f, indent=1)
        with open(OUT + "/other_root.json", "w") as f:
            json.dump(Sigstore().trusted_root(), f, indent=1)
        cases = {"keyless2": lambda r, d: push_simple(r, d, [simple_layer(s, r, d)]),
                 "keyless3": lambda r, d: push_bundles(r, d, [bundle(s, d)]),
                 "late": lambda r, d: push_simple(r, d, [simple_layer(s, r, d, when=s.now + datetime.timedelta(hours=1))]),
                 "nosct": lambda r, d: push_simple(r, d, [simple_layer(s, r, d, sct=False)]),
                 "attestation": lambda r, d: push_bundles(r, d, [bundle(s, d, "https://slsa.dev/provenance/v1")]),
                 "second": lambda r, d: push_simple(r, d, [simple_layer(s, r, "sha256:" + "0" * 64), simple_layer(s, r, d)])}
        good = {"keyless2", "keyless3", "second"}
        for name, fill in cases.items():
            r = Repo(name)
            d = r.app()
            fill(r, d)
            new = name in ("keyless3", "attestation")
            p = cosign("verify", "--trusted-root", OUT + "/trusted_root.json", "--certificate-identity", SUBJECT, "--certificate-oidc-issuer", ISSUER,
                       "--new-bundle-format=" + str(new).lower(), "--allow-http-registry", "%s/%s@%s" % (HOST, name, d), ok=False)
            print(name, p.returncode, p.stdout.strip().split("\n")[-1][:200])
            if (p.returncode == 0) != (name in good) and name != "attestation":
                sys.exit("%s: cosign says otherwise: %s" % (name, p.stdout))
            r.dump(d)
        version = [l for l in cosign("version").stdout.split("\n") if "GitVersion" in l][0].split()[-1]
        with open(OUT + "/FROM", "w") as f:
            f.write("tools/golden/cosign/make.py, cosign %s\n" % version)
    finally:
        registry.terminate()
        shutil.rmtree(TMP)

if __name__ == "__main__":
    main()
