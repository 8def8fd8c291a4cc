#!/usr/bin/env python3
"""verified.py - encrypted files and signed artifacts through the controllers: verified.py RILL

`rill server` and `rill controller` beside docker-registry. A Kustomization of an
artifact with files that sops encrypted, with the right key and without; an artifact that
cosign signed (both recorded, tests/golden), with its key, with another one, and keyless by a root that is
given or that a mirror has; verifiers that do not exist; where there is
openssl, artifacts signed as by notation, whose authority takes certificates back. Skipped
when docker-registry is not there.
"""
import base64, hashlib, io, json, os, shutil, socket, ssl, subprocess, sys, tarfile, tempfile, time, urllib.error, urllib.request

import peers

RILL = os.path.realpath(sys.argv[1])
GOLDEN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../golden")
DIR = tempfile.mkdtemp(prefix="rill-e2e-")
NS = "flux-system"
SOURCES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/%s/ocirepositories" % NS
CHARTS, REPOSITORIES = (SOURCES.replace("ocirepositories", k) for k in ("helmcharts", "helmrepositories"))
KS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/%s/kustomizations" % NS
IMAGE = "application/vnd.oci.image.manifest.v1+json"
os.environ.update(HOME=DIR)
children = []


def fail(text):
    print("verified.py: " + text, file=sys.stderr)
    for name in ("controller", "server", "registry"):
        try:
            with open("%s/%s.log" % (DIR, name)) as f:
                for line in f.readlines()[-8:]:
                    print(name + ": " + line.rstrip()[:500], file=sys.stderr)
        except OSError:
            pass
    sys.exit(1)


def spawn(name, *argv):
    log = open("%s/%s.log" % (DIR, name), "a")
    children.append(subprocess.Popen(argv, stdout=log, stderr=log, cwd=DIR))


def golden(*path):
    with open(os.path.join(GOLDEN, *path), "rb") as f:
        return f.read()


def until(what, true, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        got = true()
        if got is True:
            return
        time.sleep(.1)
    fail("never: %s: %s" % (what, got))


# ---- the registry

with socket.socket() as s:
    s.bind(("127.0.0.1", 0))
    PORT = s.getsockname()[1]
HOST = "127.0.0.1:%d" % PORT


def http(method, url, data=None, **headers):
    r = urllib.request.Request(url, data=data, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()})
    return urllib.request.urlopen(r, timeout=10)


def push_blob(repo, data):
    d = "sha256:" + hashlib.sha256(data).hexdigest()
    to = http("POST", "http://%s/v2/%s/blobs/uploads/" % (HOST, repo), b"").headers["Location"]
    http("PUT", to + ("&" if "?" in to else "?") + "digest=" + d, data, Content_Type="application/octet-stream")
    return {"digest": d, "size": len(data)}


def push_manifest(repo, ref, text):
    http("PUT", "http://%s/v2/%s/manifests/%s" % (HOST, repo, ref), text, Content_Type=json.loads(text)["mediaType"])


def push_files(repo, files):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w:gz") as t:
        for name, data in files.items():
            i = tarfile.TarInfo(name)
            i.size = len(data)
            t.addfile(i, io.BytesIO(data))
    config = dict(push_blob(repo, b"{}"), mediaType="application/vnd.cncf.flux.config.v1+json")
    layer = dict(push_blob(repo, b.getvalue()), mediaType="application/vnd.cncf.flux.content.v1.tar+gzip")
    push_manifest(repo, "v1", json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": [layer]}).encode())


def push_recorded(name):
    data = json.loads(golden("cosign", name + ".json"))
    push_blob(name, b"{}")
    push_blob(name, name.encode())
    for blob in data["blobs"].values():
        push_blob(name, blob.encode())
    for text in data["manifests"].values():
        for layer in json.loads(text).get("layers", []):    # cosign's configurations are not recorded, but known
            push_blob(name, ('{"architecture":"","created":"0001-01-01T00:00:00Z","history":[{"created":"0001-01-01T00:00:00Z"}],'
                             '"os":"","rootfs":{"type":"layers","diff_ids":["%s"]},"config":{}}' % layer["digest"]).encode())
    # An index comes after what it lists.
    for ref, text in sorted(data["manifests"].items(), key=lambda m: "manifests" in json.loads(m[1])):
        push_manifest(name, ref, text.encode())


# ---- the cluster

def api(method, path, body=None):
    with open(DIR + "/kubeconfig") as f:
        lines = f.read().split("\n")
    field = lambda k: [l.split(k + ": ")[1] for l in lines if k + ": " in l][0].strip()
    r = urllib.request.Request(field("server") + path, method=method, data=None if body is None else json.dumps(body).encode(),
                               headers={"Authorization": "Bearer " + field("token"), "Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"})
    try:
        with urllib.request.urlopen(r, context=ssl._create_unverified_context(), timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as e:
        return {"code": e.code, "message": e.read().decode()}


def create(path, kind, version, name, spec=None, **more):
    o = {"apiVersion": version, "kind": kind, "metadata": {"name": name, "namespace": NS}, **more}
    if spec is not None:
        o["spec"] = spec
    got = api("POST", path, o)
    if "metadata" not in got:
        fail("create %s %s: %s" % (kind, name, got))


def condition(path, name, kind):
    for c in api("GET", path + "/" + name).get("status", {}).get("conditions", []):
        if c["type"] == kind:
            return "%s %s %s" % (c["status"], c["reason"], c["message"])
    return ""


def says(path, name, kind, want):
    def check():
        got = condition(path, name, kind)
        return True if want in got else got
    until("%s %s of %s says %r" % (name, kind, path.rsplit("/", 1)[1], want), check)


def event(name, text):
    def check():
        items = api("GET", "/api/v1/namespaces/%s/events" % NS)["items"]
        got = ["%s %s %s" % (e["type"], e["reason"], e["message"]) for e in items if e["involvedObject"]["name"] == name]
        return True if text in got else got
    until("the event %r of %s" % (text, name), check)


def source(name, spec):
    create(SOURCES, "OCIRepository", "source.toolkit.fluxcd.io/v1", name,
           {"interval": "1h", "url": "oci://%s/%s" % (HOST, spec.pop("repo")), "insecure": True, "ref": {"tag": "v1"}, **spec})


def secret(name, data):
    create("/api/v1/namespaces/%s/secrets" % NS, "Secret", "v1", name, data={k: base64.b64encode(v).decode() for k, v in data.items()})


def decrypts():
    push_files("app", {"kustomization.yaml": b"resources: [secret.yaml]\nsecretGenerator:\n- name: made\n  namespace: default\n"
                       b"  options: {disableNameSuffixHash: true}\n  files: [blob.bin]\n",
                       "secret.yaml": golden("sops", "secret.enc.yaml"), "blob.bin": golden("sops", "blob.enc.bin")})
    source("app", {"repo": "app"})
    secret("right", {"a.agekey": golden("sops", "age1.agekey")})
    secret("wrong", {"a.agekey": golden("sops", "age3.agekey")})
    ks = lambda name, ref: create(KS, "Kustomization", "kustomize.toolkit.fluxcd.io/v1", name, {
        "interval": "1h", "prune": True, "path": "./", "sourceRef": {"kind": "OCIRepository", "name": "app"},
        "decryption": {"provider": "sops", "secretRef": {"name": ref}}})
    ks("bad", "wrong")
    says(KS, "bad", "Ready", "False BuildFailed error decrypting sources: cannot get sops data key: Failed to get the data key required to decrypt the SOPS file.")
    ks("gone", "nowhere")
    says(KS, "gone", "Ready", 'False BuildFailed secrets "nowhere" not found')
    ks("good", "right")
    says(KS, "good", "Ready", "True ReconciliationSucceeded")
    data = api("GET", "/api/v1/namespaces/default/secrets/app")["data"]
    if base64.b64decode(data["password"]) != b"s3cr3t-value":
        fail("the Secret holds %s" % data)
    data = api("GET", "/api/v1/namespaces/default/secrets/made")["data"]
    if base64.b64decode(data["blob.bin"]) != golden("sops", "blob.want.bin"):
        fail("the generated Secret holds %s" % data)


def mirror():
    """A mirror with the trusted root of the recorded signatures."""
    recorded = json.loads(golden("tuf", "sigstore.json"))
    for path, text in recorded["files"].items():
        os.makedirs(os.path.dirname(DIR + "/mirror/" + path), exist_ok=True)
        with open(DIR + "/mirror/" + path, "w") as f:
            f.write(text)
    with open(DIR + "/root.json", "w") as f:
        f.write(recorded["root"])
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    spawn("mirror", sys.executable, "-u", "-m", "http.server", "-b", "127.0.0.1", "-d", DIR + "/mirror", str(port))
    until("the mirror is there", lambda: peers.listens(port))
    os.environ.update(TUF_MIRROR="http://127.0.0.1:%d" % port, TUF_ROOT_JSON=DIR + "/root.json")


def verifies():
    copy = {"layerSelector": {"operation": "copy"}}
    for name in ("key2", "key3"):
        push_recorded(name)
        source(name + "-good", {"repo": name, **copy, "verify": {"provider": "cosign", "secretRef": {"name": "cosign-a"}}})
        source(name + "-bad", {"repo": name, **copy, "verify": {"provider": "cosign", "secretRef": {"name": "cosign-b"}}})
    push_recorded("keyless3")
    identity = {"issuer": "^https://token.actions.githubusercontent.com$", "subject": "^https://github.com/org/repo/"}
    source("keyless", {"repo": "keyless3", **copy, "verify": {"provider": "cosign", "trustedRootSecretRef": {"name": "root"}, "matchOIDCIdentity": [identity]}})
    source("other", {"repo": "keyless3", **copy, "verify": {"provider": "cosign", "trustedRootSecretRef": {"name": "root"}, "matchOIDCIdentity": [dict(identity, subject="^x$")]}})
    secret("cosign-a", {"cosign.pub": golden("cosign", "a.pub")})
    secret("cosign-b", {"cosign.pub": golden("cosign", "b.pub")})
    secret("root", {"trusted_root.json": golden("cosign", "trusted_root.json")})
    for name in ("key2", "key3"):
        says(SOURCES, name + "-good", "SourceVerified", "True Succeeded verified signature of revision v1@sha256:")
        digest = condition(SOURCES, name + "-good", "SourceVerified").split("@")[1]
        refused = "failed to verify the signature using provider 'cosign': no matching signatures were found for '%s/%s@%s'" % (HOST, name, digest)
        says(SOURCES, name + "-bad", "Ready", "False VerificationError " + refused)
        says(SOURCES, name + "-bad", "SourceVerified", "False VerificationError " + refused)
        says(SOURCES, name + "-bad", "Reconciling", "True ProgressingWithRetry building artifact: new revision 'v1@%s' for '%s/%s:v1'" % (digest, HOST, name))
        event(name + "-bad", "Warning VerificationError " + refused)
        if api("GET", SOURCES + "/%s-bad" % name)["status"].get("artifact"):
            fail("%s is not verified, and has an artifact" % name)
    # what was verified once stays stored when the next look fails; the verdict is the new one
    kept = api("GET", SOURCES + "/key2-good")["status"]["artifact"]
    api("PATCH", SOURCES + "/key2-good", {"spec": {"verify": {"secretRef": {"name": "cosign-b"}}}})
    says(SOURCES, "key2-good", "Ready", "False VerificationError failed to verify the signature using provider 'cosign': no matching signatures")
    if api("GET", SOURCES + "/key2-good")["status"]["artifact"] != kept:
        fail("the artifact of what was verified before has gone")
    api("PATCH", SOURCES + "/key2-good", {"spec": {"verify": {"secretRef": {"name": "cosign-a"}}}})
    says(SOURCES, "key2-good", "Ready", "True Succeeded stored artifact for digest 'v1@")
    source("fetched", {"repo": "keyless3", **copy, "verify": {"provider": "cosign", "matchOIDCIdentity": [identity]}})
    says(SOURCES, "fetched", "SourceVerified", "True Succeeded verified signature of revision v1@sha256:")
    source("again", {"repo": "keyless3", **copy, "verify": {"provider": "cosign", "matchOIDCIdentity": [identity]}})
    says(SOURCES, "again", "SourceVerified", "True Succeeded verified signature of revision v1@sha256:")
    with open(DIR + "/mirror.log") as f:
        asked = [line.split('"')[1].split()[1] for line in f if '"GET ' in line]
    want = ["/2.root.json", "/timestamp.json", "/1.snapshot.json", "/1.targets.json"]
    if asked[:4] != want or len(asked) != 5 or not asked[4].endswith(".trusted_root.json"):
        fail("the mirror was asked for %s" % asked)
    says(SOURCES, "keyless", "SourceVerified", "True Succeeded verified signature of revision v1@sha256:")
    says(SOURCES, "other", "SourceVerified", "False VerificationError failed to verify the signature using provider 'cosign keyless': "
         "no matching attestations: failed to verify certificate identity: no matching CertificateIdentity found, last error: expected ")


def nobody_verifies():
    """Providers that do not exist: the server refuses them; were it not to, there would be no artifact."""
    registry = "oci://" + HOST
    create(REPOSITORIES, "HelmRepository", "source.toolkit.fluxcd.io/v1", "charts", {"type": "oci", "interval": "1h", "url": registry, "insecure": True})
    kinds = ((SOURCES, "OCIRepository", {"interval": "1h", "url": registry + "/app", "insecure": True, "ref": {"tag": "v1"}}),
             (CHARTS, "HelmChart", {"interval": "1h", "chart": "app", "version": "1.0.0", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}))
    for path, kind, spec in kinds:
        o = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": {"name": "nobody", "namespace": NS},
             "spec": dict(spec, verify={"provider": "nobody"})}
        got = api("POST", path, o)
        if got.get("code") != 422 or "Unsupported value" not in got["message"]:
            fail("a verifier that does not exist: %s" % got)
        crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/%s.source.toolkit.fluxcd.io" % path.rsplit("/", 1)[1]
        definition = api("GET", crd)
        for version in definition["spec"]["versions"]:
            version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["verify"]["properties"]["provider"].pop("enum", None)
        if "metadata" not in api("PUT", crd, definition):
            fail("%s cannot be changed" % crd)
        until("%s takes any provider" % kind, lambda: "metadata" in api("POST", path, o))
        says(path, "nobody", "SourceVerified", "False VerificationError failed to verify the signature using provider 'nobody")
        says(path, "nobody", "Ready", "unsupported verification provider: nobody")
        if api("GET", path + "/nobody")["status"].get("artifact"):
            fail("what nobody verifies has an artifact")


# ---- notation, and an authority with an OCSP server and a list

INDEX = "application/vnd.oci.image.index.v1+json"


def tool(*argv, data=None):
    done = subprocess.run(argv, cwd=DIR, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        fail("%s: %s" % (" ".join(argv), done.stderr.decode()))
    return done.stdout


def write(name, text):
    with open(DIR + "/" + name, "w") as f:
        f.write(text)


def certify(name, serial, section):
    tool("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/C=US/O=acme/CN=" + name, "-keyout", name + ".key", "-out", "csr")
    tool("openssl", "x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", str(serial), "-days", "2",
         "-extfile", "ca.config", "-extensions", section, "-out", name + ".pem")


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def der64(name):
    return base64.b64encode(tool("openssl", "x509", "-in", name, "-outform", "DER")).decode()


def push_signed(repo, signer):
    """An artifact, and what notation's sign pushes for it."""
    push_files(repo, {"x": repo.encode()})
    text = http("GET", "http://%s/v2/%s/manifests/v1" % (HOST, repo), Accept=IMAGE).read()
    target = {"mediaType": IMAGE, "digest": "sha256:" + hashlib.sha256(text).hexdigest(), "size": len(text)}
    scheme = "io.cncf.notary.signingScheme"
    protected = url64(json.dumps({"alg": "PS256", "cty": "application/vnd.cncf.notary.payload.v1+json", "crit": [scheme], scheme: "notary.x509",
                                  "io.cncf.notary.signingTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}).encode())
    payload = url64(json.dumps({"targetArtifact": target}).encode())
    signature = tool("openssl", "dgst", "-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest", "-sign", signer + ".key",
                     data=(protected + "." + payload).encode())
    envelope = json.dumps({"payload": payload, "protected": protected, "signature": url64(signature),
                           "header": {"x5c": [der64(signer + ".pem"), der64("ca.pem")]}}).encode()
    kind = "application/vnd.cncf.notary.signature"
    manifest = json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": dict(push_blob(repo, b"{}"), mediaType=kind),
                           "layers": [dict(push_blob(repo, envelope), mediaType="application/jose+json")], "subject": target}).encode()
    digest = "sha256:" + hashlib.sha256(manifest).hexdigest()
    push_manifest(repo, digest, manifest)
    push_manifest(repo, target["digest"].replace(":", "-"), json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
        {"mediaType": IMAGE, "digest": digest, "size": len(manifest), "artifactType": kind}]}).encode())
    source(repo, {"repo": repo, "verify": {"provider": "notation", "secretRef": {"name": "notation"}}})


def revoked():
    if not shutil.which("openssl"):
        return
    ports = []
    for _ in range(3):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            ports.append(s.getsockname()[1])
    ask, lists, nobody = ("http://127.0.0.1:%d" % p for p in ports)
    usage = "keyUsage = digitalSignature\n"
    write("ca.config", "[ca]\ndefault_ca = ours\n[ours]\ndatabase = book\ncrlnumber = number\ndefault_md = sha256\ndefault_crl_days = 2\n"
          "[asked]\n%sauthorityInfoAccess = OCSP;URI:%s\n[silent]\n%sauthorityInfoAccess = OCSP;URI:%s\n"
          "[listed]\n%sauthorityInfoAccess = OCSP;URI:%s\ncrlDistributionPoints = URI:%s/ca.crl\n" % (usage, ask, usage, nobody, usage, nobody, lists))
    tool("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=ca", "-days", "2", "-keyout", "ca.key", "-out", "ca.pem",
         "-addext", "keyUsage=critical,keyCertSign,cRLSign")
    book = ""
    for serial, (name, section) in enumerate([("asked", "asked"), ("taken", "asked"), ("silent", "silent"), ("listed", "listed"), ("struck", "listed")], 16):
        certify(name, serial, section)
        back = "R\t350101000000Z\t240101000000Z" if name in ("taken", "struck") else "V\t350101000000Z\t"
        book += "%s\t%X\tunknown\t/CN=%s\n" % (back, serial, name)
    write("book", book)
    write("book.attr", "unique_subject = no\n")
    write("number", "01\n")
    os.mkdir(DIR + "/lists")
    tool("openssl", "ca", "-config", "ca.config", "-gencrl", "-cert", "ca.pem", "-keyfile", "ca.key", "-out", "crl.pem")
    tool("openssl", "crl", "-in", "crl.pem", "-outform", "DER", "-out", "lists/ca.crl")
    spawn("ocsp", "openssl", "ocsp", "-index", "book", "-CA", "ca.pem", "-rsigner", "ca.pem", "-rkey", "ca.key", "-port", str(ports[0]), "-ndays", "1")
    spawn("lists", sys.executable, "-m", "http.server", "-b", "127.0.0.1", "-d", DIR + "/lists", str(ports[1]))
    # A connection without a question would hold openssl up for ever.
    until("openssl listens", lambda: "waiting for" in open(DIR + "/ocsp.log").read())
    until("the lists are there", lambda: peers.listens(ports[1]))
    policy = {"version": "1.0", "trustPolicies": [{"name": "p", "registryScopes": ["*"], "signatureVerification": {"level": "strict"},
                                                   "trustStores": ["ca:x"], "trustedIdentities": ["*"]}]}
    secret("notation", {"trustpolicy.json": json.dumps(policy).encode(), "ca.crt": open(DIR + "/ca.pem", "rb").read()})
    for name in ("asked", "taken", "silent", "listed", "struck"):
        push_signed(name, name)
    for name in ("asked", "listed"):
        says(SOURCES, name, "SourceVerified", "True Succeeded verified signature of revision v1@sha256:")
        says(SOURCES, name, "Ready", "True Succeeded")
    for name, state in (("taken", "is revoked"), ("struck", "is revoked"), ("silent", "revocation status is unknown")):
        says(SOURCES, name, "SourceVerified", 'signing certificate with subject "CN=%s,O=acme,C=US" %s' % (name, state))
        if api("GET", SOURCES + "/" + name)["status"].get("artifact"):
            fail("%s is not verified, and has an artifact" % name)


def main():
    if not shutil.which("docker-registry"):
        sys.exit(77)
    with open(DIR + "/registry.yml", "w") as f:
        f.write("version: 0.1\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: '%s'}\nlog: {level: error}\n" % (DIR, HOST))
    spawn("registry", "docker-registry", "serve", DIR + "/registry.yml")
    spawn("server", RILL, "server", "--write-kubeconfig", DIR + "/kubeconfig", "--crds", "flux")
    until("the server listens", lambda: os.path.exists(DIR + "/kubeconfig") and os.path.getsize(DIR + "/kubeconfig") > 0)
    os.environ["KUBECONFIG"] = DIR + "/kubeconfig"
    api("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})
    mirror()
    spawn("controller", RILL, "controller", "--storage-path", "store", "--storage-addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0",
          "--health-addr", "127.0.0.1:0", "--min-retry-delay", "100ms")
    decrypts()
    verifies()
    nobody_verifies()
    revoked()
    log = open(DIR + "/controller.log").read()
    for plain in ("s3cr3t-value", base64.b64encode(b"s3cr3t-value").decode(), "plain bytes", "AGE-SECRET-KEY"):
        if plain in log or plain in json.dumps(api("GET", "/api/v1/namespaces/%s/events" % NS)) or plain in json.dumps(api("GET", KS)):
            fail("%r is in the log, an event or a status" % plain)


try:
    main()
finally:
    for c in reversed(children):
        c.terminate()
    for c in children:
        c.wait()
    shutil.rmtree(DIR)
