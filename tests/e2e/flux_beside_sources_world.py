"""What lies behind the sources of flux_beside_sources.py: chart repositories, registries and a bucket store on loopback."""
import base64
import hashlib
import http.server
import io
import json
import os
import shutil
import ssl
import subprocess
import sys
import tarfile
import threading
import time
import urllib.error
import urllib.request

import peers

HERE = os.path.dirname(os.path.realpath(__file__))
IMAGE = "application/vnd.oci.image.manifest.v1+json"
FLUX = {"config": "application/vnd.cncf.flux.config.v1+json", "layer": "application/vnd.cncf.flux.content.v1.tar+gzip"}
HELM = {"config": "application/vnd.cncf.helm.config.v1+json", "layer": "application/vnd.cncf.helm.chart.content.v1.tar+gzip"}
BASIC = "Basic " + base64.b64encode(b"me:pass").decode()


def pack(files, prefix=""):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for path, text in files.items():
            info = tarfile.TarInfo(prefix + path)
            info.size, info.mtime = len(text.encode()), 1700000000
            t.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


def chart_files(name, version, **more):
    return {"Chart.yaml": "apiVersion: v2\nname: %s\nversion: %s\ndescription: a chart\nappVersion: '7'\n" % (name, version),
            "values.yaml": "# first\na: 1\nm:\n  x: 1\n  z: 2\n", "values-prod.yaml": "a: 9\nm: {y: 7}\n",
            "templates/c.yaml": "kind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n", **more}


def index(entries, digest=True):
    lines = ["apiVersion: v1", "entries:"]
    for name in sorted({n for n, _, _, _ in entries}):
        lines.append("  %s:" % name)
        for n, version, url, data in entries:
            if n == name:
                lines += ["  - apiVersion: v2", "    name: " + n, "    version: " + version, "    created: '2024-01-02T03:04:05Z'",
                          "    description: a chart", "    urls: ['%s']" % url]
                lines += ["    digest: " + (hashlib.sha256(data).hexdigest() if digest is True else digest)] if digest else []
    return "\n".join(lines + ["generated: '2024-01-02T03:04:05Z'", ""]).encode()


class Repositories(http.server.BaseHTTPRequestHandler):
    """/PLACE/FILE."""
    protocol_version = "HTTP/1.1"
    files = {}

    def answer(self, code, body=b"", **headers):
        self.send_response(code)
        for k, v in headers.items():
            self.send_header(k.replace("_", "-"), v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        _, place, name = (self.path.split("?")[0] + "//").split("/", 2)
        name = name.strip("/")
        if place == "auth" and self.headers.get("Authorization") != BASIC:
            return self.answer(401, b"who are you")
        if place.isdigit():
            return self.answer(int(place), b"no")
        if place == "moved":
            return self.answer(302, Location="/plain/" + name)
        if place == "slow":
            time.sleep(30)
        body = self.files.get(place + "/" + name, self.files.get("plain/" + name) if place in ("auth", "slow") else None)
        return self.answer(404, b"nothing here") if body is None else self.answer(200, body)

    def log_message(self, *_):
        pass


class Quiet(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


class Behind:
    def __init__(self, dir):
        self.dir, self.children, self.names = dir, [], {}

    def fill(self, text):
        for key, value in self.names.items():
            text = text.replace("{%s}" % key, value)
        return text

    def spawn(self, *argv, **env):
        log = open(self.dir + "/behind.log", "ab")
        p = subprocess.Popen(argv, stdout=log, stderr=log, cwd=self.dir, env=dict(os.environ, HOME=self.dir, **env))
        self.children.append(p)
        return p

    def start(self):
        for name in ("docker-registry", "moto_server", "openssl", "git"):
            if not shutil.which(name):
                print("flux_beside_sources.py: skipped: there is no " + name)
                return False
        self.repositories()
        self.registry("registry", "")
        self.registry("shut", "auth: {htpasswd: {realm: x, path: %s/htpasswd}}\n" % self.dir)
        self.images()
        self.buckets()
        self.git()
        return True

    def stop(self):
        for p in self.children:
            p.terminate()
        for p in self.children:
            p.wait()

    # ---- chart repositories

    def repositories(self):
        server = Quiet(("127.0.0.1", 0), Repositories)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.names["http"] = "http://127.0.0.1:%d" % server.server_address[1]
        self.names["nobody-host"] = "127.0.0.1:%d" % peers.free_port()
        self.names["nobody"] = "http://127.0.0.1:%d" % peers.free_port()
        for name, subject in (("ca", "/CN=authority"), ("other", "/CN=another")):
            self.tool("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", subject, "-days", "2", "-keyout", name + ".key",
                      "-out", name + ".pem")
        self.tool("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "tls.key", "-out", "tls.csr")
        with open(self.dir + "/ext", "w") as f:
            f.write("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        self.tool("openssl", "x509", "-req", "-in", "tls.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", "7", "-days", "2", "-extfile", "ext",
                  "-out", "tls.pem")
        for name in ("ca", "other"):
            with open("%s/%s.pem" % (self.dir, name)) as f:
                self.names[name] = f.read()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.dir + "/tls.pem", self.dir + "/tls.key")
        secure = Quiet(("127.0.0.1", 0), Repositories)
        secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=secure.serve_forever, daemon=True).start()
        self.names["https"] = "https://127.0.0.1:%d" % secure.server_address[1]
        self.charts()

    def charts(self):
        files = Repositories.files
        self.packed = {}
        entries = []
        for version in ("0.1.0", "0.2.0", "0.3.0-rc.1", "1.0.0+build"):
            data = self.packed[version] = pack(chart_files("hello", version), "hello/")
            files["plain/hello-%s.tgz" % version] = data
            entries.append(("hello", version, "hello-%s.tgz" % version, data))
        self.entries = entries
        files["plain/index.yaml"] = index(entries)
        files["moved/index.yaml"] = files["plain/index.yaml"]
        files["nodigest/index.yaml"] = index(entries, None)
        files["nodigest/hello-0.2.0.tgz"] = self.packed["0.2.0"]
        files["wrongdigest/index.yaml"] = index(entries, "0" * 64)
        files["wrongdigest/hello-0.2.0.tgz"] = self.packed["0.2.0"]
        files["nochart/index.yaml"] = index(entries)
        files["nourl/index.yaml"] = index(entries).replace(b"    urls: ['hello-0.2.0.tgz']\n", b"")
        files["absolute/index.yaml"] = index([(n, v, self.names["http"] + "/plain/" + u, d) for n, v, u, d in entries])
        files["notgz/index.yaml"] = index([("hello", "0.2.0", "hello.tgz", b"text")])
        files["notgz/hello.tgz"] = b"text"
        nothing = pack({"x": "y"}, "hello/")
        files["notchart/index.yaml"] = index([("hello", "0.2.0", "hello.tgz", nothing)])
        files["notchart/hello.tgz"] = nothing
        other = pack(chart_files("bye", "0.9.0"), "bye/")
        files["othername/index.yaml"] = index([("hello", "0.2.0", "hello.tgz", other)])
        files["othername/hello.tgz"] = other
        files["noapi/index.yaml"] = b"entries: {}\n"
        files["text/index.yaml"] = b"hello, world\n"
        files["badyaml/index.yaml"] = b"a: [\n"
        files["html/index.yaml"] = b"<html><body>nothing</body></html>"
        files["empty/index.yaml"] = b""
        files["none/index.yaml"] = b"apiVersion: v1\nentries: {}\n"
        files["badversion/index.yaml"] = index([("hello", "not-a-version", "hello-0.1.0.tgz", b""), ("hello", "0.1.0", "hello-0.1.0.tgz", self.packed["0.1.0"])])
        files["badversion/hello-0.1.0.tgz"] = self.packed["0.1.0"]
        files["twice/index.yaml"] = index(entries).replace(b"generated:", b"entries: {}\ngenerated:")

    def tool(self, *argv, data=None):
        done = subprocess.run(argv, cwd=self.dir, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            sys.exit("%s: %s" % (" ".join(argv), done.stderr.decode()))
        return done.stdout.decode()

    # ---- registries

    def registry(self, name, more):
        import crypt
        port = peers.free_port()
        with open(self.dir + "/htpasswd", "w") as f:
            f.write("me:%s\n" % crypt.crypt("pass", "$2b$05$abcdefghijklmnopqrstuu"))
        with open("%s/%s.yml" % (self.dir, name), "w") as f:
            f.write("version: 0.1\nstorage: {filesystem: {rootdirectory: %s/%s}, delete: {enabled: true}}\nhttp: {addr: '127.0.0.1:%d'}\n"
                    "log: {level: error}\n%s" % (self.dir, name, port, more))
        self.spawn("docker-registry", "serve", "%s/%s.yml" % (self.dir, name))
        self.names[name] = "127.0.0.1:%d" % port
        self.wait(port)

    def wait(self, port):
        end = time.monotonic() + 60
        while not peers.listens(port):
            if time.monotonic() > end:
                sys.exit("nobody listens")
            time.sleep(0.1)

    def http(self, method, host, path, data=None, **headers):
        url = path if path.startswith("http") else "http://%s%s" % (host, path)
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if host == self.names["shut"]:
            headers["Authorization"] = BASIC
        return urllib.request.urlopen(urllib.request.Request(url, data=data, method=method, headers=headers), timeout=20)

    def blob(self, host, repo, data, type):
        d = "sha256:" + hashlib.sha256(data).hexdigest()
        to = self.http("POST", host, "/v2/%s/blobs/uploads/" % repo, b"").headers["Location"]
        self.http("PUT", host, to + ("&" if "?" in to else "?") + "digest=" + d, data, Content_Type="application/octet-stream")
        return {"mediaType": type, "digest": d, "size": len(data)}

    def manifest(self, host, repo, tag, layers, config, **more):
        text = json.dumps({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers, **more}).encode()
        self.http("PUT", host, "/v2/%s/manifests/%s" % (repo, tag), text, Content_Type=IMAGE)
        return "sha256:" + hashlib.sha256(text).hexdigest()

    def image(self, host, repo, tag, data, types=FLUX, config=b"{}", **more):
        return self.manifest(host, repo, tag, [self.blob(host, repo, data, types["layer"])], self.blob(host, repo, config, types["config"]), **more)

    def images(self):
        open_, shut = self.names["registry"], self.names["shut"]
        notes = {"org.opencontainers.image.revision": "main@sha1:abc", "org.opencontainers.image.source": "https://example.com", "own": "note"}
        for tag in ("1.0.0", "1.1.0", "2.0.0-rc.1", "latest", "v1"):
            self.names["digest"] = self.image(open_, "app", tag, pack({"a.yaml": "tag: %s\n" % tag, "d/b.txt": "b\n", "x.jpg": "j",
                                                                       ".sourceignore": "*.txt\n"}), annotations=notes)
        self.image(shut, "app", "latest", pack({"a.yaml": "shut\n"}))
        self.image(open_, "text", "latest", b"no archive")
        self.image(open_, "typed", "latest", pack({"a.yaml": "x\n"}), {"config": "application/x", "layer": "application/y+gzip"})
        self.manifest(open_, "nolayers", "latest", [], self.blob(open_, "nolayers", b"{}", FLUX["config"]))
        self.manifest(open_, "two", "latest", [self.blob(open_, "two", pack({n: n}), t) for n, t in
                                               (("one", "application/one"), ("two", "application/two"))], self.blob(open_, "two", b"{}", FLUX["config"]))
        self.image(open_, "outside", "latest", pack({"../up": "x"}))
        for version in ("0.1.0", "0.2.0"):
            config = json.dumps({"name": "hello", "version": version, "apiVersion": "v2"}).encode()
            for host in (open_, shut):
                self.image(host, "charts/hello", version, self.packed[version], HELM, config)
        for name in ("key2", "key3", "keyless3"):
            self.recorded(open_, name)

    def golden(self, *path):
        with open(os.path.join(HERE, "../golden", *path), "rb") as f:
            return f.read()

    def recorded(self, host, name):
        """What cosign pushed."""
        data = json.loads(self.golden("cosign", name + ".json"))
        for blob in [b"{}", name.encode()] + [b.encode() for b in data["blobs"].values()]:
            self.blob(host, name, blob, "")
        for text in data["manifests"].values():
            for layer in json.loads(text).get("layers", []):
                self.blob(host, name, ('{"architecture":"","created":"0001-01-01T00:00:00Z","history":[{"created":"0001-01-01T00:00:00Z"}],'
                                       '"os":"","rootfs":{"type":"layers","diff_ids":["%s"]},"config":{}}' % layer["digest"]).encode(), "")
        for ref, text in sorted(data["manifests"].items(), key=lambda m: "manifests" in json.loads(m[1])):
            self.http("PUT", host, "/v2/%s/manifests/%s" % (name, ref), text.encode(), Content_Type=json.loads(text)["mediaType"])
        for key in ("a", "b"):
            self.names["key-" + key] = self.golden("cosign", key + ".pub").decode()
        self.names["trusted"] = self.golden("cosign", "trusted_root.json").decode()

    # ---- a store

    def buckets(self):
        port = peers.free_port()
        self.spawn("moto_server", "-H", "127.0.0.1", "-p", str(port))
        self.names["s3"] = "127.0.0.1:%d" % port
        self.wait(port)
        import boto3
        self.s3 = boto3.client("s3", endpoint_url="http://127.0.0.1:%d" % port, aws_access_key_id="test", aws_secret_access_key="test",
                               region_name="us-east-1")
        self.s3.create_bucket(Bucket="stuff")
        self.s3.create_bucket(Bucket="bare")
        for key, text in {".sourceignore": "*.md\n", "a.yaml": "a\n", "deploy/b.yaml": "b\n", "deploy/c d.yaml": "c\n", "x.md": "no\n",
                          "deploy/x.jpg": "j", "grün.yaml": "g\n"}.items():
            self.s3.put_object(Bucket="stuff", Key=key, Body=text.encode())
        for path, text in chart_files("hello", "5.0.0").items():
            self.s3.put_object(Bucket="stuff", Key="charts/hello/" + path, Body=text.encode())
        stores = subprocess.Popen([sys.executable, HERE + "/bucket.py", "--serve"], stdout=subprocess.PIPE, cwd=self.dir)
        self.children.append(stores)
        self.names["checking"] = "127.0.0.1:" + stores.stdout.readline().decode().strip()

    # ---- Git

    def git(self):
        work, env = self.dir + "/work", {"PATH": os.environ["PATH"], "HOME": self.dir, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
                                         "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
        self.git_env = env
        os.makedirs(work)
        os.makedirs(self.dir + "/root")
        for args in (("init", "-q", "-b", "main", work), ("init", "-q", "--bare", "-b", "main", self.dir + "/root/repo.git")):
            subprocess.run(("git",) + args, check=True, env=env)
        dep = "dependencies:\n- {name: sub, version: '%s', repository: '%s'}\n"
        self.commit({"charts/hello/" + k: v for k, v in chart_files("hello", "3.0.0").items()})
        self.commit({"charts/parent/" + k: v for k, v in chart_files("parent", "1.0.0").items()})
        self.commit({"charts/sub/" + k: v for k, v in chart_files("sub", "1.2.3").items()})
        base = chart_files("parent", "1.0.0")["Chart.yaml"]
        self.commit({"charts/parent/Chart.yaml": base + dep % (">=1.0.0", "file://../sub"), "charts/nodep/Chart.yaml": base + dep % ("1.0.0", "file://../none"),
                     "charts/olddep/Chart.yaml": base + dep % (">=2.0.0", "file://../sub"), "charts/out/Chart.yaml": base + dep % ("1", "file://../../../x"),
                     "charts/baddep/Chart.yaml": base + dep % ("1", self.names["nobody"]), "charts/invalid/Chart.yaml": "name: [\n",
                     "charts/noversion/Chart.yaml": "apiVersion: v2\nname: x\n", "charts/file": "no chart\n", "charts/remote/Chart.yaml":
                     base + "dependencies:\n- {name: hello, version: 0.x, repository: '%s/plain'}\n" % self.names["http"]})
        server = subprocess.Popen((sys.executable, HERE + "/git_server.py", self.dir + "/root", self.dir + "/port"), stdin=subprocess.PIPE)
        self.children.append(server)
        while not os.path.exists(self.dir + "/port"):
            time.sleep(0.1)
        self.names["git"] = "http://127.0.0.1:%s/plain/repo.git" % open(self.dir + "/port").read()

    def commit(self, files):
        for path, text in files.items():
            path = "%s/work/%s" % (self.dir, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                f.write(text)
        for args in (("add", "-A"), ("commit", "-q", "-m", "x"), ("push", "-q", self.dir + "/root/repo.git", "HEAD:main")):
            subprocess.run(("git",) + args, cwd=self.dir + "/work", check=True, env=self.git_env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
