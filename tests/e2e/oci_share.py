#!/usr/bin/env python3
"""What several objects want is downloaded once: oci_share.py RILL

A registry on loopback that counts, and is slow with blobs; OCIRepositories and
HelmCharts of the same artifact, by several ways; the store's files.
"""
import base64
import hashlib
import io
import json
import os
import sys
import tarfile
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

sys.argv = sys.argv[:2]
RILL = os.path.realpath(sys.argv[1])
HERE = os.path.dirname(os.path.realpath(__file__))
NS = "flux-system"
COUNT, LOCK = {}, threading.Lock()
WRONG = set()       # repositories whose next blob is wrong


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text)
            t.addfile(info, io.BytesIO(text))
    return out.getvalue()


CHART = archive({"demo/Chart.yaml": b"apiVersion: v2\nname: demo\nversion: 1.0.0\n", "demo/values.yaml": b"a: 1\n",
                 "demo/noise": os.urandom(200000)})
CONFIG = json.dumps({"name": "demo", "version": "1.0.0", "apiVersion": "v2"}).encode()
MANIFEST = json.dumps({
    "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
    "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest(CONFIG), "size": len(CONFIG)},
    "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": digest(CHART),
                "size": len(CHART)}]}).encode()


class Registry(BaseHTTPRequestHandler):
    """open/..., other/...: for everybody; shut/...: for me:pass."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body=b"", **head):
        self.send_response(status)
        for k, v in head.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self):
        self.do_GET()

    def do_GET(self):
        parts = self.path.split("?")[0].split("/")
        if parts[1] in ("charts", "locked"):
            return self.chart(parts[1], parts[2])
        if len(parts) < 6 or parts[1] != "v2":
            return self.say(200)
        place, what, name = parts[2], parts[4], parts[5]
        login = self.headers.get("Authorization")
        if place == "shut" and login != "Basic " + base64.b64encode(b"me:pass").decode():
            return self.say(401, b"{}", WWW_Authenticate='Basic realm="x"')
        if what == "manifests":
            return self.say(200, MANIFEST, Content_Type="application/vnd.oci.image.manifest.v1+json",
                            Docker_Content_Digest=digest(MANIFEST))
        if what == "tags":
            return self.say(200, json.dumps({"name": "x", "tags": ["1.0.0"]}).encode(), Content_Type="application/json")
        if name == digest(CHART):
            with LOCK:
                COUNT[place] = COUNT.get(place, 0) + 1
                wrong = place in WRONG
                WRONG.discard(place)
            time.sleep(1)       # so that all others want it meanwhile
            return self.say(200, CHART[:-1] + b"x" if wrong else CHART)
        return self.say(200, CONFIG) if name == digest(CONFIG) else self.say(404)


    def chart(self, place, name):
        """A chart repository: charts/ for everybody, locked/ for me:pass."""
        if place == "locked" and self.headers.get("Authorization") != "Basic " + base64.b64encode(b"me:pass").decode():
            return self.say(401)
        if name == "index.yaml":
            return self.say(200, b"apiVersion: v1\nentries:\n  demo:\n  - {apiVersion: v2, name: demo, version: 1.0.0, urls: [demo-1.0.0.tgz]}\n")
        with LOCK:
            COUNT[place] = COUNT.get(place, 0) + 1
        time.sleep(1)
        return self.say(200, CHART)


class Server(ThreadingHTTPServer):
    request_queue_size = 200

    def handle_error(self, *_):
        pass


def main():
    sys.path.insert(0, HERE)
    from oci_world import World
    server = Server(("127.0.0.1", 0), Registry)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    host = "127.0.0.1:%d" % server.server_address[1]
    w = World(RILL, "oci_share.py")
    try:
        w.start()

        def repository(name, place, **spec):
            w.create("ocirepositories", "OCIRepository", name,
                     dict({"interval": "1h", "url": "oci://%s/%s/demo" % (host, place), "insecure": True,
                           "ref": {"tag": "1.0.0"}}, **spec))

        def stored(kind, names, plural):
            inodes = set()
            for n in names:
                w.ready(plural, n)
                a = w.get(plural, n)["status"]["artifact"]
                inodes.add(os.stat(w.dir + "/store/" + a["path"]).st_ino)
            return inodes

        copy = {"layerSelector": {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "operation": "copy"}}
        names = ["r%d" % i for i in range(12)]
        for n in names:
            repository(n, "open", **copy)
        w.same(len(stored("r", names, "ocirepositories")), 1, "files of equal copies")
        w.same(COUNT, {"open": 1}, "downloads")
        print("ok twelve at once")

        more = ["x%d" % i for i in range(4)]
        for n in more:
            repository(n, "open")
        w.same(len(stored("x", more, "ocirepositories")), 1, "files of equal archives")
        w.same(COUNT, {"open": 1}, "downloads")
        print("ok four later, another form")

        w.create("helmrepositories", "HelmRepository", "charts",
                 {"interval": "1h", "type": "oci", "url": "oci://%s/open" % host, "insecure": True})
        for n in ("c1", "c2"):
            w.create("helmcharts", "HelmChart", n, {"interval": "1h", "chart": "demo", "version": "1.0.0",
                                                    "sourceRef": {"kind": "HelmRepository", "name": "charts"}})
        w.same(stored("c", ("c1", "c2"), "helmcharts"), stored("r", names[:1], "ocirepositories"), "a chart is the same file")
        w.same(COUNT, {"open": 1}, "downloads")
        print("ok charts")

        w.ask("POST", "/api/v1/namespaces/%s/secrets" % NS, {"metadata": {"name": "me"}, "stringData": {"username": "me", "password": "pass"}})
        for name, place, more in (("http", "charts", {}), ("mine", "locked", {"secretRef": {"name": "me"}})):
            w.create("helmrepositories", "HelmRepository", name, dict({"interval": "1h", "url": "http://%s/%s" % (host, place)}, **more))
            charts = ["%s%d" % (name, i) for i in range(8)]
            for n in charts:
                w.create("helmcharts", "HelmChart", n, {"interval": "1h", "chart": "demo", "version": "1.x",
                                                        "sourceRef": {"kind": "HelmRepository", "name": name}})
            w.same(stored("h", charts, "helmcharts"), stored("r", names[:1], "ocirepositories"), "the same file")
            w.same(COUNT[place], 1, "downloads of eight charts over HTTP")
        print("ok charts over HTTP")

        before = COUNT["open"]
        repository("elsewhere", "other", **copy)
        w.ready("ocirepositories", "elsewhere")
        w.same(COUNT.get("other"), 1, "another repository proves itself")
        w.secret("login", ".dockerconfigjson", json.dumps({"auths": {host: {"username": "me", "password": "pass"}}}))
        for n in ("s1", "s2", "s3"):
            repository(n, "shut", secretRef={"name": "login"}, **copy)
        repository("stranger", "shut", **copy)
        w.same(len(stored("s", ("s1", "s2", "s3"), "ocirepositories")), 1, "files behind a login")
        w.same(COUNT["shut"], 1, "downloads behind a login")
        w.until(lambda: "stranger: " + w.condition("ocirepositories", "stranger"),
                lambda: w.condition("ocirepositories", "stranger").startswith("False"))
        if "artifact" in w.get("ocirepositories", "stranger")["status"]:
            w.fail("who may not read the repository has got it")
        w.same(COUNT["open"], before, "downloads")
        print("ok who may not have it does not get it")

        WRONG.add("bad")
        for n in ("b1", "b2", "b3"):
            repository(n, "bad", **copy)
        stored("b", ("b1", "b2", "b3"), "ocirepositories")
        w.same(COUNT["bad"], 2, "a bad download is made again, once for all")
        print("ok a bad download is nobody's")

        for n in names[1:]:
            w.delete("ocirepositories", n)
        w.until("eleven are gone", lambda: not any(os.path.exists("%s/store/ocirepository/%s/%s" % (w.dir, NS, n))
                                                   for n in names[1:]))
        a = w.get("ocirepositories", "r0")["status"]["artifact"]
        w.same(digest(open(w.dir + "/store/" + a["path"], "rb").read()), a["digest"], "the last one stays")
        print("ok what one gives up others keep")
    finally:
        w.end()


main()
