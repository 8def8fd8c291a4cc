#!/usr/bin/env python3
"""A controller that keeps sources off private addresses: lockdown.py RILL

All that an object can name a host with leads to loopback here: nobody there is asked, and the status says how to allow it.
What is allowed by its name or address works, and does not open the places that it points to.
"""
import base64
import getpass
import hashlib
import http.server
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading

import peers
from git_world import KUSTOMIZATIONS, NS, SOURCES, World, config, run

WHY = "private addresses are not allowed; those of the controller's --allowed-private-addresses are"
IMAGE = "application/vnd.oci.image.manifest.v1+json"


def pack(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            info.size = len(text)
            t.addfile(info, io.BytesIO(text.encode()))
    return out.getvalue()


CHART = pack({"hello/Chart.yaml": "apiVersion: v2\nname: hello\nversion: 0.1.0\n"})


class Behind(http.server.BaseHTTPRequestHandler):
    """On all of loopback: an index whose chart is at 127.0.0.2, and a registry whose tokens are there."""
    asked = []

    def do_GET(self):
        self.asked.append("%s %s" % (self.headers["Host"].split(":")[0], self.path))
        body, status, headers = b"", 404, {}
        if self.path == "/index.yaml":
            status, body = 200, ("apiVersion: v1\nentries:\n  hello:\n  - {apiVersion: v2, name: hello, version: 0.1.0, urls: ['%s/hello.tgz'], "
                                 "digest: %s}\n" % (at("127.0.0.2"), hashlib.sha256(CHART).hexdigest())).encode()
        elif self.path == "/hello.tgz":
            status, body = 200, CHART
        elif self.path.startswith("/v2/"):
            status, headers = 401, {"WWW-Authenticate": 'Bearer realm="%s/token",service="x"' % at("127.0.0.2")}
        self.send_response(status)
        for k, v in headers.items():
            self.send_header(k, v)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_HEAD = do_GET

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("0.0.0.0", 0), Behind)
threading.Thread(target=server.serve_forever, daemon=True).start()
PORT = server.server_port


def at(host):
    return "http://%s:%d" % (host, PORT)


# that a cloud would be asked, by way of a proxy
os.environ.update(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b", AWS_REGION="eu-west-1")
FLAGS = "--no-private-addresses", "--min-retry-delay", "1s"
w = World(*FLAGS)
SSHD = shutil.which("sshd") or "/usr/sbin/sshd"


def secret(name, **data):
    w.ask("POST", "/api/v1/namespaces/%s/secrets" % NS, {"metadata": {"name": name}, "stringData": {
        k.replace("_pub", ".pub"): v for k, v in data.items()}})


def source(kind, name, **spec):
    plural = {"HelmRepository": "helmrepositories", "GitRepository": "gitrepositories", "OCIRepository": "ocirepositories"}.get(kind, kind.lower() + "s")
    path = SOURCES + plural + "/" + name
    w.apply(path, "source.toolkit.fluxcd.io/v1", kind, {"interval": "1h", **({} if kind == "HelmChart" else {"timeout": "20s"}), **spec})
    return path


def refused(path, host="127.0.0.1", port=PORT):
    text = "dial tcp %s:%d: %s" % (host, port, WHY)
    w.until(lambda: "%s: %s" % (path.rsplit("/", 1)[1], w.condition(path)), lambda: text in w.condition(path))


def key(name):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", w.dir + "/" + name], check=True)
    return open(w.dir + "/" + name).read(), open(w.dir + "/" + name + ".pub").read()


def test_nobody_on_a_private_address_is_asked():
    w.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})
    secret("keys", accesskey="a", secretkey="b")
    secret("proxy", address=at("127.0.0.1"))
    secret("ssh", identity=key("mine")[0], known_hosts="127.0.0.1 " + key("host")[1])
    git = int(w.url.rstrip("/").rsplit(":", 1)[1])
    for path in (source("HelmRepository", "charts", url=at("127.0.0.1")), source("HelmRepository", "by-name", url=at("localhost")),
                 source("OCIRepository", "image", url="oci://127.0.0.1:%d/app" % PORT, insecure=True),
                 source("OCIRepository", "by-proxy", url="oci://example.com/app", proxySecretRef={"name": "proxy"}),
                 source("OCIRepository", "cloud", url="oci://1.dkr.ecr.eu-west-1.amazonaws.com/app", provider="aws", proxySecretRef={"name": "proxy"}),
                 source("Bucket", "stuff", endpoint="127.0.0.1:%d" % PORT, bucketName="stuff", insecure=True, secretRef={"name": "keys"}),
                 source("Bucket", "sts", endpoint="example.com", bucketName="stuff",
                        sts={"provider": "ldap", "endpoint": at("127.0.0.1")}),
                 source("Bucket", "azure", endpoint=at("127.0.0.1"), bucketName="stuff", provider="azure"),
                 source("GitRepository", "by-proxy", url="https://example.com/x", proxySecretRef={"name": "proxy"})):
        host = "127.0.0.1"
        if path.endswith("/by-name") and "[::1]" in w.condition(path):
            host = "[::1]"
        refused(path, host)
    refused(source("GitRepository", "http", url=w.url + "plain/repo.git"), port=git)
    refused(source("GitRepository", "ssh", url="ssh://git@127.0.0.1:%d/repo.git" % PORT, secretRef={"name": "ssh"}))
    refused(source("GitRepository", "ssh-by-name", url="ssh://git@localhost/repo.git", secretRef={"name": "ssh"}), port=22)
    source("HelmRepository", "oci", url="oci://127.0.0.1:%d/charts" % PORT, insecure=True, type="oci")
    refused(source("HelmChart", "oci", chart="hello", version="0.1.0", sourceRef={"kind": "HelmRepository", "name": "oci"}))
    w.same(Behind.asked, [], "what was asked for")


def test_what_is_allowed_opens_nothing_else():
    w.restart_controller("--allowed-private-addresses=127.0.0.1")
    w.until_ready(SOURCES + "helmrepositories/charts", "True Succeeded", begins=True)
    refused(source("HelmChart", "elsewhere", chart="hello", sourceRef={"kind": "HelmRepository", "name": "charts"}), "127.0.0.2")
    refused(SOURCES + "ocirepositories/image", "127.0.0.2")
    w.same([a for a in Behind.asked if a.startswith("127.0.0.2")], [], "what was asked for there")
    w.restart_controller("--allowed-private-addresses=127.0.0.0/8")
    w.until_ready(SOURCES + "helmcharts/elsewhere", "True ChartPullSucceeded", begins=True)


def test_remote_bases():
    w.write("app/kustomization.yaml", "resources: [%s/base.yaml]\n" % at("127.0.0.2"))
    w.write("repo/kustomization.yaml", "resources: ['%splain/repo.git?ref=main']\n" % w.url.replace("127.0.0.1", "127.0.0.2"))
    w.write("kustomization.yaml", "resources: [a.yaml]\n")
    w.write("a.yaml", config("a", "one", NS))
    w.commit()
    w.restart_controller("--allowed-private-addresses=127.0.0.1")
    w.repository()
    for name in ("app", "repo", "."):
        w.kustomization(KUSTOMIZATIONS + name.replace(".", "root"), "GitRepository", "repo", path="./" + name)
    w.until_ready(KUSTOMIZATIONS + "root", "True ReconciliationSucceeded", begins=True)
    refused(KUSTOMIZATIONS + "app", "127.0.0.2")
    refused(KUSTOMIZATIONS + "repo", "127.0.0.2", int(w.url.rstrip("/").rsplit(":", 1)[1]))


def test_ssh_to_a_host_that_is_allowed():
    """Its key is looked up by its name, though its address is what ssh goes to."""
    if not os.access(SSHD, os.X_OK) or not shutil.which("ssh"):
        return print("no sshd: skipped")
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    port = peers.free_port()
    shutil.copy(w.dir + "/mine.pub", w.dir + "/authorized")
    w.spawn("sshd", "-D", "-e", "-f", "/dev/null", "-p", str(port), "-h", w.dir + "/host", "-o", "ListenAddress=127.0.0.1", "-o", "PidFile=none",
            "-o", "StrictModes=no", "-o", "AuthorizedKeysFile=" + w.dir + "/authorized", "-o", "UsePAM=no", "-o", "AcceptEnv=GIT_PROTOCOL", program=SSHD)
    w.until("sshd listens", lambda: peers.listens(port))
    for name, hosts in (("right", "[localhost]:%d" % port), ("wrong", "[127.0.0.1]:%d" % port)):
        secret(name, identity=open(w.dir + "/mine").read(), known_hosts=hosts + " " + open(w.dir + "/host.pub").read())
    w.restart_controller("--allowed-private-addresses=localhost")
    url = "ssh://%s@LocalHost:%d%s/root/repo.git" % (getpass.getuser(), port, w.dir)
    good, bad = (source("GitRepository", "ssh-" + n, url=url, secretRef={"name": n}, ref={"branch": "main"}) for n in ("right", "wrong"))
    w.until_ready(good, "True Succeeded", begins=True)
    w.until(lambda: w.condition(bad), lambda: "knownhosts: key" in w.condition(bad))
    refused(source("GitRepository", "ssh-address", url=url.replace("LocalHost", "127.0.0.1"), secretRef={"name": "wrong"}), port=port)


def test_flags():
    for flags, said in ((("--allowed-private-addresses=10.0.0.0/8",), "is of use with --no-private-addresses only"),
                        (("--no-private-addresses", "--allowed-private-addresses=10.0.0.0/33"), "'10.0.0.0/33' is neither a network")):
        code, _, err = w.run(w.rill, "controller", *flags)
        w.same((code, said in err), (1, True), err)


run(globals())
