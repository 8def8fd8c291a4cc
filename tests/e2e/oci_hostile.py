#!/usr/bin/env python3
"""A registry that answers wrongly in every way: oci_hostile.py OCIFETCH

The first part of a repository's name says what goes wrong with it. Two
servers are started, so that one can point to the other: the second one (as
"localhost", so that it is another host) notes whether credentials came.
"""
import base64
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

OCIFETCH = os.path.abspath(sys.argv[1])
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONTENT = "application/vnd.cncf.flux.content.v1.tar+gzip"


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def archive(entries):
    """Of (name, bytes) or ready TarInfos with their bytes."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as t:
        for entry, data in entries:
            if isinstance(entry, str):
                name, entry = entry, tarfile.TarInfo(entry)
                entry.size = len(data)
            t.addfile(entry, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


def special(kind, name, link=""):
    t = tarfile.TarInfo(name)
    t.type, t.linkname = kind, link
    return t, b""


def image(blobs, **more):
    m = {"schemaVersion": 2, "mediaType": IMAGE,
         "config": {"mediaType": "application/vnd.cncf.flux.config.v1+json", "size": 2, "digest": digest(b"{}")},
         "layers": [{"mediaType": CONTENT, "size": len(b), "digest": digest(b)} for b in blobs]}
    m.update(more)
    return json.dumps(m).encode()


GOOD = archive([("a.yaml", b"kind: A\n"), ("big", os.urandom(300000))])
MANIFEST = image([GOOD], annotations={"org.opencontainers.image.source": "https://x/y",
                                      "org.opencontainers.image.revision": "main@sha1:12"})
OTHER = image([archive([("b.yaml", b"kind: B\n")])])


class State:
    def __init__(self):
        self.lock = threading.Lock()
        self.count = {}
        self.seen = []          # "HOST METHOD PATH AUTH"
        self.blobs = {}

    def times(self, what):
        with self.lock:
            self.count[what] = self.count.get(what, 0) + 1
            return self.count[what]


STATE = State()
PORTS = {}


def keep(data):
    STATE.blobs[digest(data)] = data
    return data


for b in (GOOD, b"{}"):
    keep(b)

TARS = {
    "dotdot": [("../../etc/x", b"1")],
    "absolute": [("/etc/x", b"1")],
    "inner": [("a/../../x", b"1")],
    "backslash": [("a\\..\\..\\x", b"1")],
    "drive": [("C:\\x", b"1")],
    "linkout": [special(tarfile.SYMTYPE, "a", "/etc"), ("a/passwd", b"1")],
    "hardlink": [special(tarfile.LNKTYPE, "a", "/etc/passwd")],
    "device": [special(tarfile.CHRTYPE, "null")],
    "fifo": [special(tarfile.FIFOTYPE, "fifo")],
    "twice": [("a", b"1"), ("a/b", b"2")],
    "longname": [("n" * 300, b"1")],
    "newline": [("a\nb", b"1")],
    "escape": [("a\x1b[2Jb", b"1")],
}
LAYERS = {name: archive(entries) for name, entries in TARS.items()}
LAYERS["truncated"] = GOOD[:-2000]
LAYERS["badsum"] = GOOD[:-8] + b"\0\0\0\0" + GOOD[-4:]
LAYERS["trailing"] = GOOD + b"garbage behind the archive"
LAYERS["empty"] = b""
LAYERS["zip"] = b"PK\3\4" + b"\0" * 40
LAYERS["html"] = b"<html>login first</html>"


def bomb():
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=9, mtime=0) as g:
        t = tarfile.TarInfo("zeros")
        t.size = 256 << 20
        g.write(t.tobuf())
        block = b"\0" * (1 << 20)
        for _ in range(256):
            g.write(block)
    return out.getvalue()


def many():
    t = tarfile.TarInfo("x")
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=1, mtime=0) as g:
        for i in range(110000):
            t.name = "d/%d" % i
            g.write(t.tobuf())
        g.write(b"\0" * 1024)
    return out.getvalue()


LAYERS["bomb"] = bomb()
LAYERS["many"] = many()
for b in LAYERS.values():
    keep(b)


class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", type_="application/json", head=None, length=None):
        self.send_response(status)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        for k, v in (head or {}).items():
            self.send_header(k, v)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def manifest(self, body, type_=IMAGE, said=None):
        self.answer(200, body, type_, {"Docker-Content-Digest": said or digest(body)})

    def error(self, status, code, message, head=None):
        body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
        self.answer(status, b"" if self.command == "HEAD" else body, head=head)

    def do_HEAD(self):
        self.serve()

    def do_GET(self):
        self.serve()

    def serve(self):
        host = self.headers.get("Host", "").split(":")[0]
        STATE.seen.append("%s %s %s %s" % (host, self.command, self.path, self.headers.get("Authorization", "-")))
        path = self.path.split("?")[0]
        parts = path.split("/")
        if path.startswith("/token"):
            return self.token()
        if parts[1] != "v2" or len(parts) < 6:
            return self.answer(200, b"secret of the other host" if path == "/loot" else b"{}")
        what = parts[2]
        method = getattr(self, "bad_" + what.replace("-", "_"), None)
        if method and method(parts):
            return None
        if parts[4] == "manifests":
            if what in LAYERS:
                return self.manifest(image([LAYERS[what]]))
            return self.manifest(MANIFEST)
        if parts[4] == "tags":
            return self.answer(200, json.dumps({"tags": ["1.0.0"]}).encode())
        data = STATE.blobs.get(parts[5])
        if data is None:
            return self.error(404, "BLOB_UNKNOWN", "blob unknown")
        return self.blob(data)

    def blob(self, data):
        ranged = self.headers.get("Range")
        if ranged:
            at = int(ranged[len("bytes="):-1])
            return self.answer(206, data[at:], "application/octet-stream",
                               {"Content-Range": "bytes %d-%d/%d" % (at, len(data) - 1, len(data))})
        return self.answer(200, data, "application/octet-stream")

    def cut(self, data, at):
        self.answer(200, data[:at], "application/octet-stream", length=len(data))
        self.wfile.flush()
        self.connection.close()
        self.close_connection = True
        return True

    # ---- what goes wrong; True when it was answered ----

    def bad_e401(self, _):
        self.error(401, "UNAUTHORIZED", "go away", {"WWW-Authenticate": 'Basic realm="x"'})
        return True

    def bad_e403(self, _):
        self.error(403, "DENIED", "not for you")
        return True

    def bad_e404(self, _):
        self.error(404, "MANIFEST_UNKNOWN", "manifest unknown")
        return True

    def bad_e429(self, _):
        self.error(429, "TOOMANYREQUESTS", "too many", {"Retry-After": "7"})
        return True

    def bad_e500(self, _):
        self.answer(500, b"" if self.command == "HEAD" else b"oops", "text/plain")
        return True

    def bad_slow(self, _):
        time.sleep(5)

    def bad_drip(self, parts):
        if parts[4] != "blobs":
            return False
        self.answer(200, b"", length=len(GOOD))
        try:
            for i in range(50):
                self.wfile.write(GOOD[i:i + 1])
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            pass
        self.close_connection = True
        return True

    def bad_cut(self, parts):
        if parts[4] == "blobs" and STATE.times("cut") == 1:
            return self.cut(GOOD, 200000)
        return False

    def bad_cutstart(self, parts):
        """Goes on from the start, as a server without ranges does."""
        if parts[4] != "blobs":
            return False
        if STATE.times("cutstart") == 1:
            return self.cut(GOOD, 200000)
        self.answer(200, GOOD, "application/octet-stream")
        return True

    def bad_cutrange(self, parts):
        """Answers with another range than was asked for."""
        if parts[4] != "blobs":
            return False
        if STATE.times("cutrange") == 1:
            return self.cut(GOOD, 200000)
        self.answer(206, GOOD[7:], head={"Content-Range": "bytes 7-%d/%d" % (len(GOOD) - 1, len(GOOD))})
        return True

    def bad_cutalways(self, parts):
        return parts[4] == "blobs" and self.cut(GOOD, 0)

    def bad_wrongblob(self, parts):
        if parts[4] != "blobs":
            return False
        self.blob(bytes(GOOD[:-1]) + b"x")
        return True

    def bad_longblob(self, parts):
        if parts[4] != "blobs":
            return False
        self.blob(GOOD + b"more")
        return True

    def bad_shortblob(self, parts):
        if parts[4] != "blobs":
            return False
        self.blob(GOOD[:-10])
        return True

    def bad_liar(self, parts):
        """The header names another digest than the bytes have."""
        if parts[4] != "manifests":
            return False
        self.manifest(MANIFEST, said=digest(OTHER))
        return True

    def bad_moves(self, parts):
        """A tag that moves on: what it named first is pulled all the same."""
        if parts[4] != "manifests":
            return False
        if parts[5].startswith("sha256:"):
            self.manifest(MANIFEST if parts[5] == digest(MANIFEST) else OTHER)
        else:
            self.manifest(MANIFEST if STATE.times("moves") == 1 else OTHER)
        return True

    def bad_hugemanifest(self, parts):
        if parts[4] != "manifests":
            return False
        self.answer(200, b"" if self.command == "HEAD" else b" " * (5 << 20), IMAGE, length=5 << 20)
        return True

    def bad_badtype(self, parts):
        if parts[4] != "manifests":
            return False
        self.manifest(MANIFEST, "text/html")
        return True

    def bad_badinner(self, parts):
        if parts[4] != "manifests":
            return False
        self.manifest(image([GOOD], mediaType="text/html"), "text/html")
        return True

    def bad_badtext(self, parts):
        if parts[4] != "manifests":
            return False
        self.manifest(b'{"schemaVersion":2,"layers":[}')
        return True

    def bad_badfield(self, parts):
        if parts[4] != "manifests":
            return False
        self.manifest(image([], layers={}))
        return True

    def bad_badindex(self, parts):
        if parts[4] != "manifests":
            return False
        self.manifest(b'{"schemaVersion":2,"manifests":[}', INDEX)
        return True

    def bad_confused(self, parts):
        if parts[4] != "manifests":
            return False
        self.manifest(MANIFEST, INDEX)
        return True

    def bad_nolayers(self, parts):
        if parts[4] != "manifests":
            return False
        self.manifest(image([]))
        return True

    def bad_md5(self, parts):
        if parts[4] != "manifests":
            return False
        self.manifest(image([], layers=[{"mediaType": CONTENT, "size": 1, "digest": "md5:" + "0" * 32}]))
        return True

    def bad_hugelayer(self, parts):
        if parts[4] != "manifests":
            return False
        self.manifest(image([], layers=[{"mediaType": CONTENT, "size": 1 << 40, "digest": digest(b"x")}]))
        return True

    def bad_foreign(self, parts):
        """A layer that is said to lie elsewhere."""
        if parts[4] != "manifests":
            return False
        url = "http://localhost:%d/loot" % PORTS["other"]
        self.manifest(image([], layers=[{"mediaType": CONTENT, "size": 24, "urls": [url],
                                         "digest": digest(b"secret of the other host")}]))
        return True

    def index(self, parts, entries):
        if parts[4] != "manifests":
            return False
        if parts[5] == digest(MANIFEST):
            return False
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
        self.manifest(body, INDEX)
        return True

    def bad_index(self, parts):
        def entry(arch, d):
            return {"mediaType": IMAGE, "size": 1, "digest": d, "platform": {"os": "linux", "architecture": arch}}
        return self.index(parts, [entry("arm64", digest(OTHER)), entry("amd64", digest(MANIFEST))])

    def bad_noplatform(self, parts):
        return self.index(parts, [{"mediaType": IMAGE, "size": 1, "digest": digest(MANIFEST),
                                   "platform": {"os": "plan9", "architecture": "mips"}}])

    def bad_manychildren(self, parts):
        return self.index(parts, [{"mediaType": IMAGE, "size": 1, "digest": digest(MANIFEST)}] * 20000)

    def bad_metadata(self, parts):
        if parts[4] != "blobs":
            return False
        self.answer(307, head={"Location": "http://169.254.169.254/latest/meta-data"})
        return True

    def bad_file(self, parts):
        if parts[4] != "blobs":
            return False
        self.answer(307, head={"Location": "file:///etc/passwd"})
        return True

    def bad_elsewhere(self, parts):
        """As registries do that keep their blobs in a store: it gets no credentials."""
        if not self.headers.get("Authorization"):
            self.error(401, "UNAUTHORIZED", "who?", {"WWW-Authenticate": 'Basic realm="x"'})
            return True
        if parts[4] != "blobs":
            return False
        self.answer(307, head={"Location": "http://localhost:%d/v2/store/app/blobs/%s" % (PORTS["other"], parts[5])})
        return True

    def bearer(self, realm):
        if self.headers.get("Authorization") == "Bearer good":
            return False
        self.error(401, "UNAUTHORIZED", "token?",
                   {"WWW-Authenticate": 'Bearer realm="%s",service="here",scope="x"' % realm})
        return True

    def bad_bearer(self, _):
        return self.bearer("http://127.0.0.1:%d/token?a=b" % PORTS["first"])

    def bad_evilrealm(self, _):
        return self.bearer("http://localhost:%d/token" % PORTS["other"])

    def bad_filerealm(self, _):
        return self.bearer("file:///etc/passwd")

    def bad_notoken(self, _):
        return self.bearer("http://127.0.0.1:%d/token/none" % PORTS["first"])

    def bad_neverenough(self, _):
        self.error(401, "UNAUTHORIZED", "token?",
                   {"WWW-Authenticate": 'Bearer realm="http://127.0.0.1:%d/token"' % PORTS["first"]})
        return True

    def token(self):
        if self.path.startswith("/token/none"):
            return self.answer(200, b'{"access_token": ""}')
        auth = self.headers.get("Authorization", "")
        if auth and auth != "Basic " + base64.b64encode(b"user:pass word").decode():
            return self.error(401, "UNAUTHORIZED", "wrong password")
        return self.answer(200, b'{"token": "good", "expires_in": 300}')

    def bad_pages(self, parts):
        if parts[4] != "tags":
            return False
        q = dict(p.split("=") for p in self.path.split("?")[1].split("&"))
        page = int(q.get("page", "0"))
        head = {"Link": '</v2/pages/app/tags/list?page=%d>; rel="next"' % (page + 1)} if page < 3 else {}
        self.answer(200, json.dumps({"tags": ["%d.0.0" % page, "bad tag!"]}).encode(), head=head)
        return True

    def bad_foreignpage(self, parts):
        if parts[4] != "tags":
            return False
        self.answer(200, b'{"tags": ["1"]}',
                    head={"Link": '<http://localhost:%d/loot>; rel="next"' % PORTS["other"]})
        return True

    def bad_manytags(self, parts):
        if parts[4] != "tags":
            return False
        self.answer(200, json.dumps({"tags": ["t%d" % i for i in range(300000)]}).encode())
        return True

    def bad_referrers(self, parts):
        if parts[4] != "referrers":
            return False
        body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
            {"mediaType": IMAGE, "size": 7, "digest": digest(OTHER), "artifactType": "application/vnd.sig"}]}).encode()
        self.answer(200, body, INDEX)
        return True

    def bad_fallbacktag(self, parts):
        if parts[4] == "referrers":
            self.error(404, "NOT_FOUND", "page not found")
            return True
        if parts[4] == "manifests" and parts[5] == "sha256-" + digest(MANIFEST)[7:]:
            body = json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": [
                {"mediaType": IMAGE, "size": 9, "digest": digest(OTHER)}]}).encode()
            self.manifest(body, INDEX)
            return True
        return False


class Server(ThreadingHTTPServer):
    def handle_error(self, *_):
        if not isinstance(sys.exc_info()[1], OSError):      # clients that go away
            super().handle_error(*_)


def start():
    s = Server(("127.0.0.1", 0), Registry)
    s.daemon_threads = True
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s.server_address[1]


PORTS["first"], PORTS["other"] = start(), start()
HERE = "127.0.0.1:%d" % PORTS["first"]
LOGIN = "secret..dockerconfigjson=" + json.dumps(
    {"auths": {HERE: {"username": "user", "password": "pass word"}}})
DIR = tempfile.mkdtemp()
failures = 0


def run(*args):
    p = subprocess.run([OCIFETCH, *args], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                       env={"PATH": os.environ["PATH"], "TMPDIR": DIR})
    return p.returncode, p.stdout.decode("utf-8", "replace")


def say(name, what, out):
    global failures
    failures += 1
    print("--- %s: %s\n%s" % (name, what, out))


def fetch(name, *args):
    before = len(STATE.seen)
    code, out = run("fetch", DIR + "/store", "oci://%s/%s/app" % (HERE, name), "tag=1", "insecure=", *args)
    return code, out, STATE.seen[before:]


def good(name, *args, want="kind: A"):
    code, out, seen = fetch(name, *args)
    if code or "  0600 a.yaml 8" not in out:
        say(name, "should have come", out)
    return seen


def bad(name, text, *args, seconds=10):
    started = time.time()
    code, out, seen = fetch(name, *args)
    text = text.replace("HERE", "http://%s/v2/%s/app" % (HERE, name))
    last = out.strip().split("\n")[-1]
    if code != 1 or text not in last:
        say(name, "wanted: " + text, out)
    if time.time() - started > seconds:
        say(name, "took %.1f s" % (time.time() - started), out)
    left = [n for n in os.listdir(DIR) if n != "store"]
    if left:
        say(name, "left behind", repr(left))
    return seen


def check(name, condition, seen=()):
    if not condition:
        say(name, "not as it should be", "\n".join(seen))


PULL = "FetchFailed OCIArtifactPullFailed: failed to determine artifact digest: "
LAYER = "FetchFailed OCIArtifactLayerOperationFailed: failed to extract layer contents from artifact: "
BLOB = "FetchFailed OCIArtifactLayerOperationFailed: failed to extract the first layer from artifact: "


def faults():
    good("plain")
    bad("e401", PULL + "GET HERE/manifests/1: UNAUTHORIZED: go away")
    bad("e403", PULL + "GET HERE/manifests/1: DENIED: not for you")
    bad("e404", PULL + "GET HERE/manifests/1: MANIFEST_UNKNOWN: manifest unknown")
    seen = bad("e429", PULL + "HEAD HERE/manifests/1: unexpected status code 429 Too Many Requests "
               "(HEAD responses have no body, use GET for details); retry after 7s")
    check("e429", len(seen) == 1, seen)
    bad("e500", PULL + "GET HERE/manifests/1: unexpected status code 500 Internal Server Error: oops")
    bad("slow", "context deadline exceeded", "timeout=500", seconds=3)
    bad("drip", "context deadline exceeded", "timeout=800", seconds=3)
    code, out = run("fetch", DIR + "/store", "oci://127.0.0.1:1/x/app", "insecure=")
    check("down", code == 1 and "connect: connection refused" in out, [out])


def cuts():
    seen = good("cut")
    check("cut", len([s for s in seen if "/blobs/" in s]) == 2, seen)
    good("cutstart")
    bad("cutrange", "not the range that was asked for")
    bad("cutalways", "unexpected EOF")
    bad("wrongblob", BLOB + "error verifying sha256 checksum after reading %d bytes; got " % len(GOOD))
    bad("longblob", BLOB + "error verifying size; got more than %d" % len(GOOD))
    bad("shortblob", BLOB + "error verifying size; got %d, want %d" % (len(GOOD) - 10, len(GOOD)))


def manifests():
    bad("liar", "manifest digest: \"%s\" does not match requested digest: \"%s\"" % (digest(MANIFEST), digest(OTHER)))
    good("moves")
    bad("hugemanifest", "is larger than 4194304 bytes")
    good("badtype")     # as the original, which knows servers of static files
    bad("badinner", "failed to pull artifact from 'oci://%s/badinner/app': unsupported MediaType: \"text/html\"" % HERE)
    unread = "FetchFailed OCIArtifactLayerOperationFailed: failed to parse artifact manifest: "
    bad("badtext", unread + "invalid character '}' looking for beginning of value")
    bad("badfield", unread + "json: cannot unmarshal object into Go struct field Manifest.layers of type []v1.Descriptor")
    bad("badindex", "failed to pull artifact from 'oci://%s/badindex/app': invalid character '}' looking for beginning of value" % HERE)
    bad("confused", "manifest's mediaType \"%s\" is not the one it was sent as, \"%s\"" % (IMAGE, INDEX))
    bad("nolayers", "FetchFailed OCIArtifactLayerOperationFailed: no layers found in artifact")
    bad("md5", "unsupported digest algorithm")
    bad("hugelayer", "has 1099511627776 bytes, more than the limit of 536870912")
    seen = bad("foreign", "BLOB_UNKNOWN: blob unknown")
    check("foreign", not [s for s in seen if "/loot" in s], seen)
    good("index")
    bad("noplatform", "no child with platform linux/amd64 in index")
    bad("manychildren", "manifest has 20000 parts, more than 10000")


def archives():
    for name in ("dotdot", "absolute", "inner", "backslash", "drive", "longname", "newline", "escape"):
        bad(name, LAYER + "tar contained invalid name error ")
    code, out, _ = fetch("escape")
    check("escape", "\x1b" not in out and "\\x1b[2J" in out, [out])
    for name, text in (("hardlink", "contained unsupported file type"), ("device", "contained unsupported file type"),
                       ("fifo", "contained unsupported file type"), ("twice", "a"),
                       ("truncated", "unexpected EOF"), ("badsum", "gzip: invalid checksum"),
                       ("trailing", "gzip: invalid header"), ("empty", "requires gzip-compressed body: EOF"),
                       ("zip", "the layer is a zip archive"), ("html", "requires gzip-compressed body: gzip: invalid header"),
                       ("bomb", "archive entry is larger than the maximum size 104857600"),
                       ("many", "archive has more entries than 100000")):
        if name == "bomb":
            text = "larger than the maximum size"
        bad(name, text)
    code, out, _ = fetch("linkout")     # the link is skipped, and not followed
    check("linkout", code == 0 and "a/passwd" in out, [out])


def credentials():
    seen = good("elsewhere", LOGIN)
    check("elsewhere", [s for s in seen if s.startswith("localhost GET /v2/store") and s.endswith(" -")], seen)
    check("elsewhere", not [s for s in seen if s.startswith("localhost") and not s.endswith(" -")], seen)
    bad("metadata", "169.254.169.254:80: link-local addresses are not allowed")
    bad("file", "unsupported protocol scheme")
    seen = good("bearer", LOGIN)
    tokens = [s for s in seen if "/token" in s]
    check("bearer", len(tokens) == 1 and "a=b&scope=repository%3Abearer%2Fapp%3Apull&service=here" in tokens[0]
          and "Basic " in tokens[0], seen)
    good("bearer")
    seen = good("bearer", "again=")
    check("bearer again", len([s for s in seen if "/token" in s]) == 1, seen)
    seen = bad("evilrealm", "wants its credentials sent to 'localhost:%d'" % PORTS["other"], LOGIN)
    check("evilrealm", not [s for s in seen if "localhost" in s], seen)
    seen = good("evilrealm")        # nobody's token may be asked for anywhere
    both = json.dumps({"auths": {HERE: {"username": "user", "password": "other"},
                                 "localhost:%d" % PORTS["other"]: {"username": "user", "password": "pass word"}}})
    good("evilrealm", "secret..dockerconfigjson=" + both)
    bad("filerealm", "has a token server that is no https URL")
    bad("notoken", "no token in bearer response")
    bad("bearer", "UNAUTHORIZED: wrong password",
        "secret..dockerconfigjson=" + json.dumps({"auths": {HERE: {"username": "user", "password": "hunter2!"}}}))
    seen = bad("neverenough", "UNAUTHORIZED: token?")
    check("neverenough", len(seen) < 12, seen)
    for name in ("e401", "evilrealm", "neverenough"):
        _, out, _ = fetch(name, LOGIN)
        check(name, "pass word" not in out and "cGFzcyB3b3Jk" not in out, [out])


def lists():
    code, out = run("tags", HERE + "/pages/app", "insecure=")
    check("pages", out == "4 tags\n0.0.0\n1.0.0\n2.0.0\n3.0.0\n", [out])
    code, out = run("tags", HERE + "/foreignpage/app", "insecure=")
    check("foreignpage", "next page is on another host" in out, [out])
    code, out = run("tags", HERE + "/manytags/app", "insecure=")
    check("manytags", "repository has more than 200000 tags" in out, [out])
    code, out = run("referrers", HERE + "/referrers/app:1", "insecure=")
    check("referrers", out == "%s 7 %s application/vnd.sig\n" % (digest(OTHER), IMAGE), [out])
    code, out = run("referrers", HERE + "/fallbacktag/app:1", "insecure=")
    check("fallbacktag", out == "%s 9 %s\n" % (digest(OTHER), IMAGE), [out])
    code, out = run("referrers", HERE + "/plain/app:1", "insecure=")


faults()
cuts()
manifests()
archives()
credentials()
lists()
subprocess.run(["rm", "-rf", DIR], check=False)
if failures:
    sys.exit("oci_hostile.py: %d failures" % failures)
print("oci_hostile.py: good")
