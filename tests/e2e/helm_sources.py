#!/usr/bin/env python3
"""HelmRepositories and HelmCharts from end to end: helm_sources.py RILL

`rill controller` beside `rill server`, a chart repository on loopback that
can be down, slow, shut or wrong, charts in Git, and, where docker-registry is
installed, charts in a registry.
"""
import base64
import hashlib
import http.server
import io
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request
from world import sanitized

RILL = os.path.realpath(sys.argv[1])
HERE = os.path.dirname(os.path.realpath(__file__))
GROUP = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/"


def chart(name, version, files=None, deps=None, api="v2"):
    """A packaged chart."""
    out = io.BytesIO()
    meta = "apiVersion: %s\nname: %s\nversion: %s\n" % (api, name, version)
    if deps:
        meta += "dependencies:\n" + deps
    all_files = {"Chart.yaml": meta, "values.yaml": "a: 1\nm:\n  x: 1\n  z: 2\n",
                 "templates/c.yaml": "kind: ConfigMap\n"}
    all_files.update(files or {})
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for path, text in all_files.items():
            info = tarfile.TarInfo(name + "/" + path)
            info.size = len(text.encode())
            t.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


class Repo(http.server.BaseHTTPRequestHandler):
    """/PLACE/file: the place says how it is answered."""
    protocol_version = "HTTP/1.1"
    files = {}
    seen = []           # (path, Authorization, If-None-Match, status)
    places = {}         # place -> "plain", "auth", "404", "500", "429", "cut", "away", "resume", ...
    patience = "1"      # Retry-After of 429 and 503
    away = ""
    ranges = []         # (path, Range, If-Range, status)

    def answer(self, code, body=b"", **headers):
        self.send_response(code)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        Repo.seen.append((self.path, self.headers.get("Authorization"), self.headers.get("If-None-Match"), code))

    def do_GET(self):
        _, place, name = self.path.split("/", 2)
        how = Repo.places.get(place, place)
        if how == "auth" and self.headers.get("Authorization") != "Basic " + base64.b64encode(b"me:pass").decode():
            return self.answer(401)
        if how.isdigit():
            return self.answer(int(how), **({"Retry_After": Repo.patience} if how in ("429", "503") else {}))
        if how == "away":
            return self.answer(302, Location=Repo.away + "/plain/" + name)
        if name not in Repo.files:
            return self.answer(404)
        body = Repo.files[name]
        tag = '"%s"' % hashlib.md5(body).hexdigest()
        if how.startswith("resume"):
            return self.resume(how, name, body, tag)
        if how == "cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
            return None
        if self.headers.get("If-None-Match") == tag:
            return self.answer(304, ETag=tag)
        return self.answer(200, body, ETag=tag)

    def resume(self, how, name, body, tag):
        """The first answer is cut; then the rest can be had, or what `how` says."""
        asked, tag = self.headers.get("Range"), "W/" + tag if how == "resume-weak" else tag
        if not asked:
            Repo.ranges.append((self.path, asked, None, 200))
            self.send_response(200)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[:len(body) // 2])
            self.close_connection = True
            if how == "resume-changed":
                Repo.files[name] = Repo.files["changed-" + name]
            return None
        start, same_file = int(asked[len("bytes="):-1]), self.headers.get("If-Range") == tag
        Repo.ranges.append((self.path, asked, same_file, 206 if same_file else 200))
        if not same_file:
            return self.answer(200, body, ETag=tag)
        if how == "resume-wrong":
            return self.answer(206, body[7:], Content_Range="bytes 7-%d/%d" % (len(body) - 1, len(body)))
        return self.answer(206, body[start:], ETag=tag, Content_Range="bytes %d-%d/%d" % (start, len(body) - 1, len(body)))

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        pass            # a client that has seen enough


def serve():
    s = Server(("127.0.0.1", 0), Repo)
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s.server_address[1]


class World:
    def __init__(self):
        self.dir = tempfile.mkdtemp()
        os.chdir(self.dir)
        self.procs = []
        os.environ.update(HOME=self.dir, TUF_MIRROR="https://tuf.test", KUBECONFIG=self.dir + "/kubeconfig", GIT_CONFIG_NOSYSTEM="1",
                          GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="c", GIT_COMMITTER_EMAIL="c@d")
        self.context = ssl._create_unverified_context()
        self.log = open("controller.log", "ab")

    def start(self, *argv, **more):
        p = subprocess.Popen(list(argv), **more)
        self.procs.append(p)
        return p

    def start_controller(self):
        self.controller = self.start(RILL, "controller", "--storage-path", "store", "--storage-addr", "127.0.0.1:0",
                                     "--metrics-addr", "127.0.0.1:0", "--health-addr", "127.0.0.1:0",
                                     "--min-retry-delay", "100ms", "--max-retry-delay", "400ms",
                                     "--requeue-dependency", "200ms", stdout=self.log, stderr=self.log)

    def stop_controller(self):
        self.controller.send_signal(signal.SIGTERM)
        if self.controller.wait(20) != 0:
            fail("the controller ended with %d" % self.controller.returncode)

    def end(self):
        for p in self.procs:
            if p.poll() is None:
                p.terminate()
        for p in self.procs:
            p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def api(self, method, path, body=None, type_="application/json"):
        text = open("kubeconfig").read()
        url = re.search(r"server: (\S+)", text).group(1)
        token = re.search(r"token: (\S+)", text).group(1)
        r = urllib.request.Request(url + path, method=method, data=json.dumps(body).encode() if body else None,
                                   headers={"Authorization": "Bearer " + token, "Content-Type": type_})
        try:
            return json.load(urllib.request.urlopen(r, context=self.context, timeout=20))
        except urllib.error.HTTPError as e:
            return json.load(e)

    def create(self, kind, name, spec, version="v1", **meta):
        plural = {"HelmRepository": "helmrepositories", "HelmChart": "helmcharts", "GitRepository": "gitrepositories"}[kind]
        path = GROUP.replace("/v1/", "/%s/" % version) + plural
        out = self.api("POST", path, {"apiVersion": "source.toolkit.fluxcd.io/" + version, "kind": kind,
                                      "metadata": dict(name=name, **meta), "spec": spec})
        if "metadata" not in out or "creationTimestamp" not in out["metadata"]:
            fail("create %s/%s: %s" % (kind, name, out))
        return Object(self, GROUP + plural + "/" + name, name)

    def secret(self, name, **data):
        path = "/api/v1/namespaces/flux-system/secrets"
        self.api("DELETE", path + "/" + name)
        self.api("POST", path, {"metadata": {"name": name},
                                "data": {k: base64.b64encode(v.encode()).decode() for k, v in data.items()}})

    def events(self, name):
        items = self.api("GET", "/api/v1/namespaces/flux-system/events")["items"]
        return ["%s %s %s" % (e["type"], e["reason"], e["message"]) for e in items
                if e["involvedObject"]["name"] == name]


class Object:
    def __init__(self, world, path, name):
        self.world, self.path, self.name = world, path, name

    def get(self):
        return self.world.api("GET", self.path)

    def patch(self, body):
        self.world.api("PATCH", self.path, body, "application/merge-patch+json")

    def spec(self, **fields):
        self.patch({"spec": fields})

    def poke(self):
        self.patch({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": str(time.time_ns())}}})

    def status(self):
        return self.get().get("status", {})

    def condition(self, kind):
        for c in self.status().get("conditions", []):
            if c["type"] == kind:
                return "%s %s %s" % (c["status"], c["reason"], c["message"])
        return ""

    def wait(self, kind, text, seconds=60):
        until(lambda: self.condition(kind) == text, seconds,
              lambda: "%s of %s: %s\n   want: %s" % (kind, self.name, self.condition(kind), text))

    def event(self, text):
        until(lambda: text in self.world.events(self.name), 30,
              lambda: "no event of %s: %s\n   got: %s" % (self.name, text, "\n   ".join(self.world.events(self.name))))

    def artifact(self):
        a = self.status()["artifact"]
        body = urllib.request.urlopen(a["url"], timeout=10).read()
        same(a["digest"], "sha256:" + hashlib.sha256(body).hexdigest(), "digest")
        same(a["size"], len(body), "size")
        return a, body

    def delete(self):
        self.world.api("DELETE", self.path)
        until(lambda: self.get().get("code") == 404, 10, lambda: self.name + " stays")


def fail(text):
    print("helm_sources.py: " + text)
    print("--- log")
    print("\n".join(open("controller.log", errors="replace").read().splitlines()[-15:]))
    raise SystemExit(1)


def until(what, seconds, text):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return
        time.sleep(0.05)
    fail("never: " + text())


def same(got, want, what):
    if got != want:
        fail("%s: %r\n   want: %r" % (what, got, want))


def index(*charts, extra=""):
    """Of (name, version, url), in this order."""
    out, last = "apiVersion: v1\nentries:\n", None
    for name, version, url in charts:
        if name != last:
            out += "  %s:\n" % name
        last = name
        out += "  - apiVersion: v2\n    name: %s\n    version: %s\n    created: \"2024-01-01T00:00:00Z\"\n    urls:\n    - %s\n" % (name, version, url)
    return (out + extra).encode()


def unpack(body):
    with tarfile.open(fileobj=io.BytesIO(body)) as t:
        return {m.name: t.extractfile(m).read().decode() for m in t if m.isfile()}


def revision(body):
    return "sha256:" + hashlib.sha256(body).hexdigest()


class Cases:
    def __init__(self, world):
        self.w = world
        self.port = serve()
        self.base = "http://127.0.0.1:%d" % self.port
        Repo.away = "http://localhost:%d" % self.port
        for v in ("1.0.0", "1.1.0", "2.0.0"):
            Repo.files["podinfo-%s.tgz" % v] = chart("podinfo", v, {"prod.yaml": "a: 3\nm:\n  z: 4\n"})
        self.put_index("1.0.0", "1.1.0", "2.0.0")

    def put_index(self, *versions):
        Repo.files["index.yaml"] = index(*[("podinfo", v, "podinfo-%s.tgz" % v) for v in versions])

    # ---- HelmRepository

    def repository(self):
        r = self.repo = self.w.create("HelmRepository", "charts", {"url": self.base + "/plain", "interval": "1h"})
        rev = revision(Repo.files["index.yaml"])
        r.wait("Ready", "True Succeeded stored artifact: revision '%s'" % rev)
        same(r.condition("ArtifactInStorage"), "True Succeeded stored artifact: revision '%s'" % rev, "ArtifactInStorage")
        a, body = r.artifact()
        same(a["revision"], rev, "revision")
        same(a["path"], "helmrepository/flux-system/charts/index-%s.yaml" % rev[7:], "path")
        same([v["version"] for v in json.loads(body)["entries"]["podinfo"]], ["2.0.0", "1.1.0", "1.0.0"], "order")
        same(urllib.request.urlopen(r.status()["url"]).read(), body, "the link")
        n = len(body)
        size = "%.4g%s" % ((n / 1000, "kB") if n >= 1000 else (n, "B"))
        r.event("Normal NewArtifact stored fetched index of size %s from '%s/plain'" % (size, self.base))
        same(r.get()["metadata"]["finalizers"], ["finalizers.fluxcd.io"], "finalizer")

    def unchanged(self):
        r = self.repo
        before = len(Repo.seen)
        r.poke()
        until(lambda: len(Repo.seen) > before, 10, lambda: "no request")
        same(Repo.seen[-1][3], 304, "by etag")
        r.event("Normal ArtifactUpToDate artifact up-to-date with remote revision: '%s'" % revision(Repo.files["index.yaml"]))

    def failures(self):
        r, rev = self.repo, revision(Repo.files["index.yaml"])
        text = "failed to fetch Helm repository index: failed to cache index to temporary file: "
        for place, what in (("404", "404 Not Found"), ("500", "500 Internal Server Error"), ("auth", "401 Unauthorized"),
                            ("429", "429 Too Many Requests")):
            r.spec(url="%s/%s" % (self.base, place))
            want = "%sfailed to fetch %s/%s/index.yaml : %s%s" % (text, self.base, place, what, "; retry after 1s" if place == "429" else "")
            r.wait("FetchFailed", "True Failed " + want)
            same(r.condition("Ready"), "False Failed " + want, "Ready")
        r.spec(url=self.base + "/cut")
        until(lambda: "unexpected EOF" in r.condition("FetchFailed"), 10, lambda: "cut: " + r.condition("FetchFailed"))
        r.spec(url="http://127.0.0.1:1/x")
        until(lambda: r.condition("FetchFailed").startswith("True Failed " + text + 'Get "http://127.0.0.1:1/x/index.yaml": dial tcp 127.0.0.1:1: connect'), 10,
              lambda: "down: " + r.condition("FetchFailed"))
        same(r.status()["artifact"]["revision"], rev, "the artifact stays")
        r.spec(url=self.base + "/plain")
        r.wait("Ready", "True Succeeded stored artifact: revision '%s'" % rev)
        same(r.condition("FetchFailed"), "", "FetchFailed is left")
        until(lambda: any(e.startswith("Normal Succeeded stored fetched index") for e in self.w.events("charts")), 10, lambda: "no word of recovery")

    def patience(self):
        """What one object is told, others of that host heed; all come back by themselves."""
        base, Repo.patience = "http://127.0.0.1:%d" % serve(), "6"
        Repo.places["busy"] = "503"
        first = self.w.create("HelmRepository", "busy-1", {"url": base + "/busy", "interval": "1h"})
        until(lambda: first.condition("Ready").endswith("/busy/index.yaml : 503 Service Unavailable; retry after 6s"), 60, lambda: "no patience: " + first.condition("Ready"))
        began = time.monotonic()
        others = [self.w.create("HelmRepository", "busy-%d" % i, {"url": base + "/busy", "interval": "1h"}) for i in (2, 3)]
        for o in others:
            until(lambda: o.condition("Ready"), 60, lambda: "no word of " + o.name)
        asked = len([s for s in Repo.seen if s[0] == "/busy/index.yaml"])
        if time.monotonic() - began < 5:        # else the machine is too slow to tell
            same(asked, 1, "requests to a host that asked to be left alone")
            for o in others:
                if " answers too many requests with Retry-After, and is not asked for another " not in o.condition("Ready"):
                    fail("it does not say why it waits: " + o.condition("Ready"))
        Repo.places["busy"], Repo.patience = "plain", "1"
        for o in [first] + others:
            o.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(Repo.files["index.yaml"]))
            o.delete()

    def resumed(self):
        """A download that is cut goes on, and never with what has changed meanwhile."""
        r = self.repo
        r.spec(url=self.base + "/resume")
        until(lambda: len(Repo.ranges) > 1, 60, lambda: "requests: %s" % Repo.ranges)
        r.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(Repo.files["index.yaml"]))
        same([(x[2], x[3]) for x in Repo.ranges], [(None, 200), (True, 206)], "requests of a download that was cut")
        text = "failed to fetch Helm repository index: failed to cache index to temporary file: "
        r.spec(url=self.base + "/resume-weak")
        until(lambda: "unexpected EOF" in r.condition("FetchFailed"), 60, lambda: "weak: " + r.condition("FetchFailed"))
        r.spec(url=self.base + "/resume-wrong")
        r.wait("FetchFailed", "True Failed %sfailed to fetch %s/resume-wrong/index.yaml : not the range that was asked for" % (text, self.base))
        self.put_index("1.0.0")
        Repo.files["changed-index.yaml"] = Repo.files["index.yaml"]
        self.put_index("1.0.0", "1.1.0", "2.0.0")
        del Repo.ranges[:]
        r.spec(url=self.base + "/resume-changed")
        r.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(Repo.files["changed-index.yaml"]))
        same([(x[2], x[3]) for x in Repo.ranges if x[0].startswith("/resume-changed/")], [(None, 200), (False, 200)], "requests of a file that changed")
        self.put_index("1.0.0", "1.1.0", "2.0.0")
        r.spec(url=self.base + "/plain")
        r.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(Repo.files["index.yaml"]))

    def bad_index(self):
        r, good = self.repo, Repo.files["index.yaml"]
        text = "failed to load Helm repository from index YAML: failed to load index: "
        for body, what in ((b"entries: {}\n", "no API version specified"), (b"", "empty index.yaml file"),
                           (b"apiVersion: v1\nentries:\n  a:\n  - x: 1\n",
                            'error unmarshaling JSON: while decoding JSON: json: unknown field "x"')):
            Repo.files["index.yaml"] = body
            r.poke()
            r.wait("FetchFailed", "True IndexationFailed " + text + what)
        Repo.files["index.yaml"] = good
        r.poke()
        r.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(good))

    def large(self):
        """What is kept of an index is little; what is too large is refused."""
        def peak():
            return int(re.search(r"VmHWM:\s+(\d+)", open("/proc/%d/status" % self.w.controller.pid).read()).group(1))
        good, before = Repo.files["index.yaml"], peak()
        one = b"".join(b'  - apiVersion: v2\n    name: c\n    version: 1.%d.0\n    urls:\n    - c-%d.tgz\n    description: %s\n' % (v, v, b"x" * 300) for v in range(2000))
        Repo.files["index.yaml"] = b"apiVersion: v1\nentries:\n" + b"".join(b"  c%03d:\n%s" % (i, one) for i in range(50)) + good.split(b"entries:\n")[1]
        self.repo.poke()
        self.repo.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(Repo.files["index.yaml"]), 120)
        c = self.w.create("HelmChart", "large", {"chart": "podinfo", "interval": "1h", "sourceRef": {"kind": "HelmRepository", "name": "charts"}})
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '2.0.0'", 60)
        c.delete()
        # a sanitizer keeps what was freed
        if peak() - before > 16 << 10 and not sanitized(RILL):
            fail("an index of %d MB took %d KiB" % (len(Repo.files["index.yaml"]) / 1e6, peak() - before))
        Repo.files["index.yaml"] += b"#" * (53 << 20)
        self.repo.poke()
        self.repo.wait("FetchFailed", "True Failed failed to fetch Helm repository index: failed to cache index to temporary file: index exceeds the maximum index file size of 52428800 bytes", 60)
        Repo.files["index.yaml"] = good
        self.repo.poke()
        self.repo.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(good))

    def stalls(self):
        r = self.w.create("HelmRepository", "wrong", {"url": "oci://127.0.0.1/x", "interval": "1h"})
        r.wait("Stalled", "True URLInvalid invalid Helm repository URL: 'oci' URL scheme cannot be used with 'default' HelmRepository type")
        same(r.condition("Reconciling"), "", "Reconciling")
        r.delete()

    def login(self):
        w = self.w
        r = w.create("HelmRepository", "private", {"url": self.base + "/auth", "interval": "1h", "secretRef": {"name": "login"}})
        r.wait("FetchFailed", "True AuthenticationFailed failed to get authentication secret 'flux-system/login': secrets \"login\" not found")
        w.secret("login", username="me")
        r.wait("FetchFailed", "True AuthenticationFailed failed to detect authentication methods: secret 'flux-system/login': malformed basic auth - has 'username' but missing 'password'")
        w.secret("login", username="me", password="pass")
        r.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(Repo.files["index.yaml"]))
        c = w.create("HelmChart", "private", {"chart": "podinfo", "interval": "1h", "sourceRef": {"kind": "HelmRepository", "name": "private"}})
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '2.0.0'")
        c.delete()
        # a chart elsewhere is asked for without the password
        Repo.files["index.yaml"] = index(("podinfo", "2.0.0", Repo.away + "/plain/podinfo-2.0.0.tgz"))
        r.poke()
        r.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(Repo.files["index.yaml"]))
        before = len(Repo.seen)
        c = w.create("HelmChart", "private", {"chart": "podinfo", "interval": "1h", "sourceRef": {"kind": "HelmRepository", "name": "private"}})
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '2.0.0'")
        asked = [s for s in Repo.seen[before:] if s[0].endswith(".tgz")]
        same([s[1] for s in asked], [None], "the password for another host")
        c.delete()
        r.delete()
        self.put_index("1.0.0", "1.1.0", "2.0.0")

    def redirected(self):
        r = self.w.create("HelmRepository", "away", {"url": self.base + "/away", "interval": "1h"})
        r.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(Repo.files["index.yaml"]))
        r.delete()

    # ---- HelmChart

    def pulled(self):
        self.repo.poke()
        self.repo.wait("Ready", "True Succeeded stored artifact: revision '%s'" % revision(Repo.files["index.yaml"]))
        c = self.chart = self.w.create("HelmChart", "podinfo", {"chart": "podinfo", "version": "1.x", "interval": "1h",
                                                                "sourceRef": {"kind": "HelmRepository", "name": "charts"}})
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '1.1.0'")
        same(c.condition("ArtifactInStorage"), "True ChartPullSucceeded pulled 'podinfo' chart with version '1.1.0'", "ArtifactInStorage")
        a, body = c.artifact()
        same((a["revision"], a["path"]), ("1.1.0", "helmchart/flux-system/podinfo/podinfo-1.1.0.tgz"), "artifact")
        same(body, Repo.files["podinfo-1.1.0.tgz"], "the chart, byte for byte")
        s = c.status()
        same(s["observedChartName"], "podinfo", "observedChartName")
        same(s["observedSourceArtifactRevision"], revision(Repo.files["index.yaml"]), "observedSourceArtifactRevision")
        same(urllib.request.urlopen(s["url"]).read(), body, "the link")
        c.event("Normal ChartPullSucceeded pulled 'podinfo' chart with version '1.1.0'")

    def chart_resumed(self):
        Repo.files["podinfo-1.1.5.tgz"] = chart("podinfo", "1.1.5", {"big.txt": os.urandom(50000).hex()})
        Repo.files["index.yaml"] = index(("podinfo", "1.1.0", "podinfo-1.1.0.tgz"), ("podinfo", "1.1.5", "../resume/podinfo-1.1.5.tgz"))
        del Repo.ranges[:]
        self.repo.poke()
        self.chart.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '1.1.5'")
        same(self.chart.artifact()[1], Repo.files["podinfo-1.1.5.tgz"], "the chart, byte for byte")
        same([(x[2], x[3]) for x in Repo.ranges], [(None, 200), (True, 206)], "requests of a download that was cut")
        # charts of servers have no signature in a registry: who wants one gets none
        c, text = self.chart, "chart verification error: not implemented"
        c.spec(verify={"provider": "cosign", "secretRef": {"name": "keys"}})
        c.wait("Ready", "False VerificationError " + text)
        same((c.condition("SourceVerified"), c.condition("BuildFailed")), ("False VerificationError " + text, "True ChartVerificationError " + text), "conditions")
        c.event("Warning ChartVerificationError " + text)
        c.spec(verify=None)
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '1.1.5'")

    def newer_version(self):
        Repo.files["podinfo-1.2.0.tgz"] = chart("podinfo", "1.2.0")
        self.put_index("1.0.0", "1.1.0", "1.2.0", "2.0.0")
        self.repo.poke()
        self.chart.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '1.2.0'")
        self.chart.event("Normal ChartPullSucceeded pulled 'podinfo' chart with version '1.2.0'")
        before = len(Repo.seen)
        self.chart.poke()
        until(lambda: any("ArtifactUpToDate" in e for e in self.w.events("podinfo")), 10, lambda: "no word that it is the same")
        same([s for s in Repo.seen[before:] if s[0].endswith("tgz")], [], "downloads of what is stored")

    def no_such(self):
        c = self.chart
        for name, version, what in (
                ("podinfo", "10.x", "no 'podinfo' chart with version matching '10.x' found"),
                ("nothing", "1.x", "no chart name found"),
                ("podinfo", "latest", "improper constraint: \"latest\"")):
            c.spec(chart=name, version=version)
            text = "InvalidChartReference invalid chart reference: failed to get chart version for remote reference: " + what
            c.wait("FetchFailed", "True " + text)
            c.wait("Stalled", "True " + text)
            c.wait("Ready", "False " + text)
        if "the newest version of 'podinfo' is '2.0.0'" not in open("controller.log").read():
            fail("no hint of the newest version")
        c.spec(chart="UPPER", version="1.x")
        c.wait("FetchFailed", "True InvalidChartReference invalid chart reference: invalid chart name 'UPPER': a valid name must be lower case letters and numbers and MAY be separated with dashes (-), slashes (/) or periods (.)")
        c.spec(chart="podinfo", version="1.x")
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '1.2.0'")
        same(c.condition("Stalled"), "", "Stalled is left")

    def bad_charts(self):
        c = self.chart
        Repo.files["index.yaml"] = index(("podinfo", "3.0.0", "podinfo-3.0.0.tgz"), ("podinfo", "3.1.0", "junk.tgz"), ("podinfo", "3.2.0", "\"\""), ("podinfo", "3.3.0", "big.tgz"),
                                         ("podinfo", "3.4.0", self.base + "/auth/podinfo-1.0.0.tgz"))
        Repo.files["junk.tgz"] = b"no archive"
        Repo.files["big.tgz"] = b"x" * (11 << 20)
        self.repo.poke()
        pull = "True ChartPullError chart pull error: "
        for version, text in (
                ("3.0.0", "failed to download chart for remote reference: failed to fetch %s/plain/podinfo-3.0.0.tgz : 404 Not Found" % self.base),
                ("3.1.0", "failed to load chart metadata from written chart: gzip: invalid header"),
                ("3.3.0", "failed to download chart for remote reference: chart exceeds the maximum chart file size of 10485760 bytes")):
            c.spec(version=version)
            c.wait("FetchFailed", pull + text)
            same(c.status()["artifact"]["revision"], "1.2.0", "what was stored stays")
            same(c.condition("ArtifactOutdated"), "", "a chart that cannot be got is not announced")
        c.spec(version="3.4.0")
        c.wait("FetchFailed", "True Unknown unknown build error: failed to authenticate with the Helm repository: chart pull error: failed to download chart for remote reference: failed to fetch %s/auth/podinfo-1.0.0.tgz : 401 Unauthorized" % self.base)
        self.put_index("1.0.0", "1.1.0", "1.2.0", "2.0.0")
        self.repo.poke()
        c.spec(version="1.x")
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '1.2.0'")

    def values_files(self):
        c = self.w.create("HelmChart", "values", {"chart": "podinfo", "version": "2.x", "interval": "1h", "valuesFiles": ["values.yaml", "prod.yaml"],
                                                  "sourceRef": {"kind": "HelmRepository", "name": "charts"}})
        c.wait("Ready", "True ChartPackageSucceeded packaged 'podinfo' chart with version '2.0.0+1' and merged values files [values.yaml prod.yaml]")
        a, body = c.artifact()
        same((a["revision"], a["path"].split("/")[-1]), ("2.0.0+1", "podinfo-2.0.0+1.tgz"), "artifact")
        files = unpack(body)
        same(files["podinfo/values.yaml"], "a: 3\nm:\n  x: 1\n  z: 4\n", "merged values")
        same("version: 2.0.0+1\n" in files["podinfo/Chart.yaml"], True, "its version")
        c.spec(valuesFiles=["values.yaml", "none.yaml"])
        c.wait("BuildFailed", "True ValuesFilesError values files merge error: failed to merge chart values: no values file found at path 'none.yaml'")
        c.wait("Stalled", "True ValuesFilesError values files merge error: failed to merge chart values: no values file found at path 'none.yaml'")
        c.spec(ignoreMissingValuesFiles=True, valuesFiles=["prod.yaml", "none.yaml"])
        c.wait("Ready", "True ChartPackageSucceeded packaged 'podinfo' chart with version '2.0.0+3' and merged values files [prod.yaml]")
        same(c.status()["observedValuesFiles"], ["prod.yaml"], "observedValuesFiles")
        c.poke()
        until(lambda: any("ArtifactUpToDate" in e for e in self.w.events("values")), 10, lambda: "not the same")
        same(c.condition("Ready"), "True ChartPackageSucceeded packaged 'podinfo' chart with version '2.0.0+3' and merged values files [prod.yaml]", "Ready")
        c.delete()

    def old_version(self):
        """valuesFile of v1beta2 comes first."""
        c = self.w.create("HelmChart", "older", {"chart": "podinfo", "version": "2.x", "interval": "1h", "valuesFile": "values.yaml", "valuesFiles": ["prod.yaml"],
                                                 "sourceRef": {"kind": "HelmRepository", "name": "charts"}}, version="v1beta2")
        c.wait("Ready", "True ChartPackageSucceeded packaged 'podinfo' chart with version '2.0.0+1' and merged values files [values.yaml prod.yaml]")
        c.delete()

    def no_source(self):
        c = self.w.create("HelmChart", "early", {"chart": "podinfo", "interval": "1h", "sourceRef": {"kind": "HelmRepository", "name": "later"}})
        c.wait("FetchFailed", "True SourceUnavailable failed to get source: HelmRepository.source.toolkit.fluxcd.io \"later\" not found")
        r = self.w.create("HelmRepository", "later", {"url": self.base + "/404", "interval": "1h"})
        c.wait("FetchFailed", "True NoSourceArtifact no artifact available for HelmRepository source 'later'")
        r.spec(url=self.base + "/plain")
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '2.0.0'")
        c.delete()
        r.delete()

    # ---- charts in Git

    def git(self, *argv, cwd="app"):
        return subprocess.run(["git", *argv], cwd=cwd, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.strip()

    def commit(self, files):
        for path, text in files.items():
            os.makedirs(os.path.dirname("app/" + path), exist_ok=True)
            with open("app/" + path, "wb") as f:
                f.write(text if isinstance(text, bytes) else text.encode())
        self.git("add", ".")
        self.git("commit", "-qm", "x")
        self.git("push", "-q", "origin", "HEAD:main")
        self.source.poke()
        head = self.git("rev-parse", "HEAD")
        self.source.wait("Ready", "True Succeeded stored artifact for revision 'main@sha1:%s'" % head)
        return head

    def from_git(self):
        os.mkdir("repos")
        self.git("init", "-q", "--bare", "-b", "main", "repos/app.git", cwd=".")
        self.git("config", "http.receivepack", "true", cwd="repos/app.git")
        self.git("clone", "-q", "repos/app.git", "app", cwd=".")
        self.w.start(sys.executable, HERE + "/git_server.py", "repos", "gitport", stdin=subprocess.PIPE)
        until(lambda: os.path.exists("gitport") and open("gitport").read(), 10, lambda: "no git server")
        self.source = self.w.create("GitRepository", "app", {"url": "http://127.0.0.1:%s/plain/app.git" % open("gitport").read().strip(), "interval": "1h", "ref": {"branch": "main"}})
        head = self.commit({
            "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 0.1.0\ndependencies:\n- name: base\n  version: 1.x\n  repository: file://../base\n- name: podinfo\n  alias: other\n  version: ~1.0\n  repository: %s/plain\n" % self.base,
            "charts/web/values.yaml": "a: 1\n", "charts/web/templates/a.yaml": "kind: A\n",
            "charts/base/Chart.yaml": "apiVersion: v2\nname: base\nversion: 1.5.0\n", "charts/base/values.yaml": "b: 1\n",
            "charts/packed.tgz": chart("packed", "4.0.0"), "env/prod.yaml": "a: 2\n"})
        c = self.local = self.w.create("HelmChart", "web", {"chart": "./charts/web", "interval": "1h", "sourceRef": {"kind": "GitRepository", "name": "app"}})
        c.wait("Ready", "True ChartPackageSucceeded packaged 'web' chart with version '0.1.0'")
        files = unpack(c.artifact()[1])
        for path in ("web/Chart.yaml", "web/values.yaml", "web/templates/a.yaml", "web/charts/base/Chart.yaml", "web/charts/other/Chart.yaml"):
            if path not in files:
                fail("%s is missing in %s" % (path, sorted(files)))
        same(c.status()["observedSourceArtifactRevision"], "main@sha1:" + head, "observedSourceArtifactRevision")
        c.event("Normal ResolvedDependencies resolved 2 chart dependencies")

    def strategies(self):
        c = self.local
        digest = c.status()["artifact"]["digest"]
        head = self.commit({"charts/web/templates/b.yaml": "kind: B\n"})
        until(lambda: c.status()["observedSourceArtifactRevision"].endswith(head), 10, lambda: "the commit is not seen")
        same(c.status()["artifact"]["digest"], digest, "the version is the same")
        c.spec(reconcileStrategy="Revision")
        c.wait("Ready", "True ChartPackageSucceeded packaged 'web' chart with version '0.1.0+%s'" % head[:12])
        same("web/templates/b.yaml" in unpack(c.artifact()[1]), True, "the new file")
        head = self.commit({"charts/web/templates/c.yaml": "kind: C\n"})
        c.wait("Ready", "True ChartPackageSucceeded packaged 'web' chart with version '0.1.0+%s'" % head[:12])
        c.spec(valuesFiles=["charts/web/values.yaml", "env/prod.yaml"])
        c.wait("Ready", "True ChartPackageSucceeded packaged 'web' chart with version '0.1.0+%s.3' and merged values files [charts/web/values.yaml env/prod.yaml]" % head[:12])
        same(unpack(c.artifact()[1])["web/values.yaml"], "a: 2\n", "values")

    def local_failures(self):
        c = self.local
        c.spec(valuesFiles=["../../etc/passwd"])
        c.wait("BuildFailed", "True ValuesFilesError values files merge error: no values file found at path '/etc/passwd' (reference '../../etc/passwd')")
        c.spec(valuesFiles=None, chart="./nowhere")
        until(lambda: c.condition("FetchFailed").startswith("True InvalidChartReference invalid chart reference: ") and "nowhere: no such file or directory" in c.condition("FetchFailed"), 10,
              lambda: "no chart: " + c.condition("FetchFailed"))
        c.spec(chart="charts/packed.tgz", reconcileStrategy="ChartVersion")
        c.wait("Ready", "True ChartPullSucceeded pulled 'packed' chart with version '4.0.0'")
        for repository, text in (
                ("file://../none", "failed to add local dependency 'd': no chart found at '/charts/none' (reference 'file://../none')"),
                ("file://../base", "failed to add local dependency 'd': can't get a valid version for constraint '2.x'"),
                ("'@stable'", "failed to add remote dependency 'd': aliased repository dependency is not supported: @stable/"),
                (self.base + "/404", "failed to add remote dependency 'd': failed to get chart 'd' version '2.x' from '%s/404': failed to cache index: failed to cache index to temporary file: failed to fetch %s/404/index.yaml : 404 Not Found" % (self.base, self.base)),
                (self.base + "/plain", "failed to add remote dependency 'd': failed to get chart 'd' version '2.x' from '%s/plain': no chart name found" % self.base)):
            name = "dep%d" % len(text)
            self.commit({"charts/%s/Chart.yaml" % name: "apiVersion: v2\nname: x\nversion: 1.0.0\ndependencies:\n- name: d\n  version: 2.x\n  repository: %s\n" % repository,
                         "charts/%s/values.yaml" % name: ""})
            c.spec(chart="charts/" + name)
            c.wait("BuildFailed", "True DependencyBuildError dependency build error: " + text)
        c.delete()

    # ---- a registry

    def chart_not_verified(self, c, where):
        """What Ready, its reasons and the events say, step by step."""
        def unknown(text):
            c.wait("SourceVerified", "False VerificationError " + text)
            same(c.condition("Ready"), "False VerificationError " + text, "Ready")
            same(c.condition("FetchFailed"), "True Unknown unknown build error: " + text, "FetchFailed")
            same(c.condition("BuildFailed"), "", "BuildFailed")
            c.event("Warning VerificationError " + text)
        c.spec(verify={"provider": "cosign"})
        unknown("failed to verify the signature using provider 'cosign keyless': unable to initialize trusted root: error setting TUF options: error setting root: could not find cached root.json (for the mirror https://tuf.test name its file by TUF_ROOT_JSON)")
        c.spec(verify={"provider": "notation"})
        unknown("failed to verify the signature using provider 'notation': verification secret cannot be empty: 'oci'")
        c.spec(verify={"provider": "cosign", "secretRef": {"name": "signers"}})
        unknown("failed to verify the signature using provider 'cosign': secrets \"signers\" not found")
        self.w.secret("signers", other="x")
        unknown("failed to verify the signature using provider 'cosign': no public keys found in secret 'flux-system/signers'")
        with open(HERE + "/../golden/cosign/a.pub") as f:
            self.w.secret("signers", **{"a.pub": f.read()})
        until(lambda: c.condition("BuildFailed"), 60, lambda: "verification: " + c.condition("SourceVerified"))
        text = "chart verification error: failed to verify oci://%s@sha256:" % where
        if not c.condition("BuildFailed").startswith("True ChartVerificationError " + text) or not c.condition("BuildFailed").endswith(": no signatures found"):
            fail("BuildFailed: " + c.condition("BuildFailed"))
        for name in "SourceVerified", "Ready":
            same(c.condition(name), c.condition("BuildFailed").replace("True ChartVerificationError", "False VerificationError"), name)
        same(c.condition("FetchFailed"), "", "FetchFailed")
        c.event(c.condition("BuildFailed").replace("True", "Warning"))
        c.spec(verify=None)
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '2.0.0-rc.1'")
        same(c.condition("SourceVerified"), "", "SourceVerified")

    def registry(self):
        if not shutil.which("docker-registry"):
            print("helm_sources.py: no docker-registry here: charts of registries are not tried")
            return
        s = socket.socket()
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
        s.close()
        with open("registry.yml", "w") as f:
            f.write("version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %s/registry}\nhttp:\n  addr: 127.0.0.1:%d\n" % (self.w.dir, port))
        self.w.start("docker-registry", "serve", "registry.yml", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def up():
            try:
                return urllib.request.urlopen("http://127.0.0.1:%d/v2/" % port, timeout=5).status == 200
            except OSError:
                return False
        until(up, 20, lambda: "no registry")
        for v in ("1.0.0", "1.3.0+b", "2.0.0-rc.1"):
            push(port, "charts/podinfo", "podinfo", v, chart("podinfo", v))
        r = self.w.create("HelmRepository", "registry", {"type": "oci", "insecure": True, "url": "oci://127.0.0.1:%d/charts" % port, "interval": "1h"})
        c = self.w.create("HelmChart", "oci", {"chart": "podinfo", "version": "1.x", "interval": "1h", "sourceRef": {"kind": "HelmRepository", "name": "registry"}})
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '1.3.0+b'")
        same(c.artifact()[1], chart_of[("podinfo", "1.3.0+b")], "the chart, byte for byte")
        c.spec(version="9.x")
        c.wait("FetchFailed", "True ChartPullError chart pull error: failed to get chart version for remote reference: could not locate a version matching provided version string 9.x")
        c.spec(version="2.0.0-rc.1")
        c.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '2.0.0-rc.1'")
        # a suspended object's generation counts as seen
        c.spec(suspend=True)
        until(lambda: c.status()["observedGeneration"] == c.get()["metadata"]["generation"], 10, lambda: "not observed: %s" % c.get())
        c.spec(suspend=False)
        self.chart_not_verified(c, "127.0.0.1:%d/charts/podinfo" % port)
        # a registry is left alone; what a server left goes, an observedGeneration of -1 as well
        until(lambda: (r.get()["metadata"].get("finalizers"), r.get().get("status") or {}) == (None, {}), 10, lambda: "not left alone: %s" % r.get())
        self.repo.spec(type="oci", insecure=True, url="oci://127.0.0.1:%d/charts" % port)
        until(lambda: "finalizers" not in self.repo.get()["metadata"] and "artifact" not in self.repo.status(), 10, lambda: "not left alone: %s" % self.repo.get())
        same(os.path.exists("store/helmrepository/flux-system/charts"), False, "artifacts are left")
        self.chart.wait("Ready", "True ChartPullSucceeded pulled 'podinfo' chart with version '1.3.0+b'")
        c.delete()
        r.delete()

    def ends(self):
        before = self.chart.status()["artifact"]["digest"]
        self.w.stop_controller()
        self.w.start_controller()
        self.chart.poke()
        until(lambda: self.chart.status()["lastHandledReconcileAt"] == self.chart.get()["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"], 15, lambda: "not looked at again")
        same(self.chart.status()["artifact"]["digest"], before, "after a restart")
        self.chart.delete()
        same(os.path.exists("store/helmchart/flux-system/podinfo"), False, "artifacts are left")


chart_of = {}


def push(port, repository, name, version, body):
    """As helm push."""
    base = "http://127.0.0.1:%d/v2/%s" % (port, repository)
    chart_of[(name, version)] = body

    def put(url, data, kind):
        r = urllib.request.Request(url, method="PUT", data=data, headers={"Content-Type": kind})
        urllib.request.urlopen(r, timeout=20).read()

    def blob(data):
        digest = "sha256:" + hashlib.sha256(data).hexdigest()
        r = urllib.request.urlopen(urllib.request.Request(base + "/blobs/uploads/", method="POST", data=b""), timeout=20)
        where = r.headers["Location"]
        put(where + ("&" if "?" in where else "?") + "digest=" + digest, data, "application/octet-stream")
        return digest
    config = json.dumps({"name": name, "version": version, "apiVersion": "v2"}).encode()
    manifest = {"schemaVersion": 2, "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": blob(config), "size": len(config)},
                "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": blob(body), "size": len(body)}]}
    put(base + "/manifests/" + version.replace("+", "_"), json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")


def main():
    w = World()
    try:
        w.start(RILL, "server", "--write-kubeconfig", "kubeconfig", "--crds", "flux", stderr=subprocess.DEVNULL)
        until(lambda: os.path.exists("kubeconfig") and os.path.getsize("kubeconfig"), 20, lambda: "no server")
        w.api("POST", "/api/v1/namespaces", {"metadata": {"name": "flux-system"}})
        w.start_controller()
        cases = Cases(w)
        for name in ("repository", "unchanged", "failures", "patience", "resumed", "bad_index", "large", "stalls", "login", "redirected", "pulled", "chart_resumed", "newer_version",
                     "no_such", "bad_charts", "values_files", "old_version", "no_source", "from_git", "strategies", "local_failures",
                     "registry", "ends"):
            getattr(cases, name)()
            print("ok", name)
    finally:
        w.end()


main()
