#!/usr/bin/env python3
"""Kill the controllers while they download and tidy up: controller_kill.py RILL [ROUNDS [SEED]]

A server on loopback has a chart repository, a registry and a bucket whose contents change
all the time and come in small pieces; of each artifact only the newest stays in the
store, so that every pass removes one. ROUNDS times `rill controller` gets a kill -9 at a
random moment. Whatever is served meanwhile is whole and has the digest that the object's
status tells; what lies in the store afterwards is whole, and what was under way is removed
at the next start, in the store and among the temporary files.
"""
import gzip
import hashlib
import http.client
import http.server
import io
import json
import os
import random
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request

RILL = os.path.realpath(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
PATIENCE = 120
DIR = tempfile.mkdtemp(prefix="rill-kill-")
NS = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/"
KINDS = ("helmrepositories", "helmcharts", "ocirepositories", "buckets")
IMAGE = "application/vnd.oci.image.manifest.v1+json"
rng = random.Random(SEED)
os.chdir(DIR)
os.mkdir("tmp")
problems = []


def sha(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=1) as t:
        for name, data in files.items():
            i = tarfile.TarInfo(name)
            i.size = len(data)
            t.addfile(i, io.BytesIO(data))
    return out.getvalue()


class World:
    """What there is to fetch: number `n` of everything."""
    def __init__(self):
        self.n, self.blobs, self.moves = 0, {}, True
        self.step()

    def keep(self, data):
        self.blobs[sha(data)] = data
        return {"digest": sha(data), "size": len(data)}

    def step(self):
        n = self.n + 1
        noise = bytes(rng.getrandbits(8) for _ in range(60000))
        chart = archive({"app/Chart.yaml": b"apiVersion: v2\nname: app\nversion: 1.0.%d\n" % n, "app/noise": noise})
        layer = archive({"a.yaml": b"n: %d\n" % n, "noise": noise})
        manifest = json.dumps({"schemaVersion": 2, "mediaType": IMAGE,
                               "config": dict(self.keep(b"{}"), mediaType="application/vnd.cncf.flux.config.v1+json"),
                               "layers": [dict(self.keep(layer), mediaType="application/vnd.cncf.flux.content.v1.tar+gzip")]}).encode()
        self.manifest = manifest
        self.blobs[sha(manifest)] = manifest
        self.blobs["app-1.0.%d.tgz" % n] = chart
        self.index = ("apiVersion: v1\nentries:\n  app:\n" + "".join(
            "  - {apiVersion: v2, name: app, version: 1.0.%d, urls: [app-1.0.%d.tgz]}\n" % (i, i) for i in range(max(1, n - 50), n + 1))).encode()
        self.objects = {"a.yaml": b"n: %d\n" % n, "noise": noise}
        self.n = n

    def run(self):
        while True:
            if self.moves:
                self.step()
            time.sleep(0.3)


WORLD = World()


class Store(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body, type_="application/octet-stream", status=200, **head):
        self.send_response(status)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Length", str(len(body)))
        for k, v in head.items():
            self.send_header(k.replace("_", "-"), v)
        self.end_headers()
        for at in range(0, len(body) if self.command != "HEAD" else 0, 8192):
            self.wfile.write(body[at:at + 8192])
            self.wfile.flush()
            time.sleep(0.01)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        path, _, query = self.path.partition("?")
        name = path.rsplit("/", 1)[1]
        if path.startswith("/v2/") and "/manifests/" in path:
            body = WORLD.blobs.get(name, WORLD.manifest)
            return self.answer(body, IMAGE, Docker_Content_Digest=sha(body))
        if path == "/charts/index.yaml":
            return self.answer(WORLD.index)
        if path.startswith("/stuff"):
            return self.bucket(path[len("/stuff"):].strip("/"), query)
        body = WORLD.blobs.get(name)
        return self.answer(b"{}" if body is None else body, status=404 if body is None else 200)

    def bucket(self, key, query):
        objects = WORLD.objects
        if "list-type" in query:
            return self.answer(("<ListBucketResult><IsTruncated>false</IsTruncated>" + "".join(
                "<Contents><Key>%s</Key><ETag>&quot;%s&quot;</ETag></Contents>" % (k, hashlib.md5(v).hexdigest())
                for k, v in sorted(objects.items())) + "</ListBucketResult>").encode(), "application/xml")
        if key and key not in objects:
            return self.answer(b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>", "application/xml", 404)
        return self.answer(objects[key] if key else b"", ETag='"%s"' % hashlib.md5(objects[key] if key else b"").hexdigest())


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def fail(text):
    print("controller_kill.py: %s (seed %d)" % (text, SEED))
    try:
        print("\n".join(open("controller.log", errors="replace").read().splitlines()[-15:]))
    except OSError:
        pass
    sys.exit(1)


def until(what, true, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = true()
        if got is True:
            return
        time.sleep(0.1)
    fail("never: %s: %s" % (what, got))


def api(method, path, body=None):
    text = open("kubeconfig").read()
    r = urllib.request.Request(re.search(r"server: (\S+)", text).group(1) + path, method=method,
                               data=None if body is None else json.dumps(body).encode(),
                               headers={"Authorization": "Bearer " + re.search(r"token: (\S+)", text).group(1), "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(r, context=ssl._create_unverified_context(), timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as e:
        return {"code": e.code, "message": e.read().decode()}


def create(kind, plural, name, spec):
    got = api("POST", NS + plural, {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
    if "metadata" not in got:
        fail("create %s: %s" % (name, got))


def objects():
    for plural in KINDS:
        for o in api("GET", NS + plural).get("items", []):
            yield plural, o


# ---- what is served, and what lies in the store

def look(url):
    """The bytes behind a URL; None when nobody is there or it was removed."""
    try:
        with urllib.request.urlopen(url, timeout=10) as r:
            return r.read()
    except (OSError, http.client.HTTPException):        # a 404, nobody, or one who was killed meanwhile
        return None


def is_whole(path, body):
    try:
        if path.endswith(".yaml"):
            return isinstance(json.loads(body), dict)
        with tarfile.open(fileobj=io.BytesIO(body), mode="r:gz") as t:
            t.getmembers()
        return gzip.decompress(body) is not None
    except (OSError, EOFError, ValueError, tarfile.TarError):
        return False


class Consumer(threading.Thread):
    """Takes what statuses tell, all the time."""
    def __init__(self):
        super().__init__(daemon=True)
        self.seen = 0

    def run(self):
        while not problems:
            for _, o in objects():
                status = o.get("status", {})
                a = status.get("artifact")
                body = look(a["url"]) if a else None
                if body is not None and sha(body) != a["digest"]:
                    problems.append("%s: %d bytes, %s; its status tells of %s" % (a["path"], len(body), sha(body), a))
                self.seen += body is not None
                body = look(status["url"]) if status.get("url") else None
                if body is not None and not is_whole(status["url"], body):
                    problems.append("%s: %d bytes that are broken" % (status["url"], len(body)))
            time.sleep(0.02)


def check_store():
    for top, dirs, files in os.walk("store"):
        dirs[:] = [d for d in dirs if not d.startswith(".")]
        for name in files:
            path = os.path.join(top, name)
            if name.endswith(".lock") or os.path.islink(path):
                continue
            with open(path, "rb") as f:
                body = f.read()
            if not is_whole(path, body):
                fail("%s is broken after a kill" % path)
            if name.startswith("app-") and body != WORLD.blobs[name]:
                fail("%s is another chart" % path)


def start_controller():
    return subprocess.Popen([RILL, "controller", "--storage-path", "store", "--storage-addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0",
                             "--health-addr", "127.0.0.1:0", "--min-retry-delay", "100ms", "--artifact-retention-ttl", "1s",
                             "--artifact-retention-records", "1", "--enable-leader-election=false"],
                            stdout=open("controller.log", "a"), stderr=subprocess.STDOUT,
                            env=dict(os.environ, KUBECONFIG=DIR + "/kubeconfig", TMPDIR=DIR + "/tmp", HOME=DIR))


def kill(p):
    p.send_signal(signal.SIGKILL)
    p.wait()


def one_round(i, consumer):
    """One life of the controllers: objects come and go, then the kill."""
    p = start_controller()
    seen = consumer.seen
    create("OCIRepository", "ocirepositories", "gone-%d" % i, oci())
    until("something is served", lambda: consumer.seen > seen or bool(problems) or p.poll())
    time.sleep(rng.uniform(0, 1.5))
    api("DELETE", NS + "ocirepositories/gone-%d" % i)
    time.sleep(rng.uniform(0, 0.5))
    if p.poll() is not None:
        fail("the controllers ended by themselves: %s" % p.returncode)
    kill(p)
    check_store()
    if problems:
        fail("; ".join(problems))


def oci():
    return {"interval": "300ms", "url": "oci://%s/app" % HOST, "insecure": True, "ref": {"tag": "latest"}}


def is_current():
    """All objects are at the last state of the world, and their artifacts can be had."""
    count = 0
    for plural, o in objects():
        a = o.get("status", {}).get("artifact")
        want = {"helmcharts": "1.0.%d" % WORLD.n, "ocirepositories": "latest@" + sha(WORLD.manifest),
                "helmrepositories": sha(WORLD.index)}.get(plural)
        if not a or (want and a["revision"] != want):
            return "%s is at %s" % (o["metadata"]["name"], a and a["revision"])
        body = look(a["url"])
        if body is None or sha(body) != a["digest"]:
            return "%s cannot be had" % a["path"]
        count += 1
    return True if count == 7 else "%d objects" % count


def is_tidy():
    left = os.listdir("tmp") + os.listdir("store/.tmp" if os.path.isdir("store/.tmp") else "tmp")
    dirs = sorted(d for k in os.listdir("store") if not k.startswith(".") for d in os.listdir("store/%s/flux-system" % k))
    if left or dirs != ["app", "app-0", "app-1", "app-2", "app-3", "charts", "stuff"]:
        return "left: %s, directories: %s" % (left, dirs)
    return True


def main(children):
    global HOST
    server = Server(("127.0.0.1", 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    threading.Thread(target=WORLD.run, daemon=True).start()
    HOST = "127.0.0.1:%d" % server.server_address[1]
    children.append(subprocess.Popen([RILL, "server", "--write-kubeconfig", "kubeconfig", "--crds", "flux"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    until("the server listens", lambda: os.path.exists("kubeconfig") and os.path.getsize("kubeconfig") > 0)
    api("POST", "/api/v1/namespaces", {"metadata": {"name": "flux-system"}})
    create("HelmRepository", "helmrepositories", "charts", {"interval": "300ms", "url": "http://%s/charts" % HOST})
    create("HelmChart", "helmcharts", "app", {"interval": "300ms", "chart": "app", "version": "1.x", "sourceRef": {"kind": "HelmRepository", "name": "charts"}})
    create("Bucket", "buckets", "stuff", {"interval": "300ms", "bucketName": "stuff", "endpoint": HOST, "insecure": True})
    for i in range(4):
        create("OCIRepository", "ocirepositories", "app-%d" % i, oci())
    consumer = Consumer()
    consumer.start()
    os.mkdir("tmp/bucket-0123456789ab.rill-tmp")        # as if killed in the middle of a bucket
    open("tmp/bucket-0123456789ab.rill-tmp/half", "w").close()
    for i in range(ROUNDS):
        one_round(i, consumer)
    WORLD.moves = False
    children.append(start_controller())
    until("all is current", is_current)
    until("all is tidy", is_tidy)
    if problems:
        fail("; ".join(problems))
    print("controller_kill.py: %d kills, %d artifacts taken, world %d, seed %d" % (ROUNDS, consumer.seen, WORLD.n, SEED))


children = []
try:
    main(children)
finally:
    problems.append("over")
    for c in reversed(children):
        c.terminate()
    for c in children:
        c.wait()
    shutil.rmtree(DIR, ignore_errors=True)
