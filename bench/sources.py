#!/usr/bin/env python3
"""Many OCIRepositories and HelmCharts: sources.py RILL [N]

N (1000) OCIRepositories of one registry (docker-registry) and N HelmCharts of one static
chart repository, all on loopback, are made and reconciled by `RILL controller`, then asked
to look again; where `make peers` left source-controller, the same once more with
that, on a new server. The server is kube-apiserver with etcd where those are, else (and
with BENCH_SERVER=rill) `RILL server`. Prints CPU (user and system) an object, peak
memory, and requests to the API server an object, and how the two compare.
"""
import http.server
import io
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "tests", "e2e"))
import peers  # noqa: E402

RILL, N = os.path.realpath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1000
PEER, ETCD, APISERVER = (peers.find(p) for p in ("source-controller", "etcd", "kube-apiserver"))
REAL = ETCD and APISERVER and os.environ.get("BENCH_SERVER") != "rill"
GROUP = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/"
DIR = tempfile.mkdtemp(prefix="rill-bench-")
os.chdir(DIR)


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def chart():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for name, text in (("app/Chart.yaml", "apiVersion: v2\nname: app\nversion: 1.0.0\n"), ("app/values.yaml", "a: 1\n"),
                           ("app/templates/cm.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")):
            i = tarfile.TarInfo(name)
            i.size = len(text)
            t.addfile(i, io.BytesIO(text.encode()))
    return out.getvalue()


class Repo(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Api:
    def __init__(self, name):
        self.real = None
        if REAL:
            self.start_real(name)
        else:
            self.start_ours()
        self.call("POST", "/api/v1/namespaces", {"metadata": {"name": "flux-system"}})

    def start_real(self, name):
        os.mkdir("cluster-" + name)
        self.real = peers.Server(DIR + "/cluster-" + name, ETCD, APISERVER)
        self.url, self.token = self.real.url, self.real.token
        self.real.install_definitions(RILL)
        shutil.copy(self.real.kubeconfig, "kubeconfig")    # its authority is known, as in a cluster

    def start_ours(self):
        self.server = subprocess.Popen([RILL, "server", "--write-kubeconfig", "kubeconfig", "--crds", "flux", "--no-sim"],
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while not (os.path.exists("kubeconfig") and os.path.getsize("kubeconfig")):
            time.sleep(0.05)
        text = open("kubeconfig").read()
        self.url, self.token = re.search(r"server: (\S+)", text).group(1), re.search(r"token: (\S+)", text).group(1)

    def call(self, method, path, body=None):
        r = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                   headers={"Authorization": "Bearer " + self.token,
                                            "Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"})
        with urllib.request.urlopen(r, context=ssl._create_unverified_context(), timeout=120) as answer:
            return json.load(answer)

    def create(self, kind, plural, name, spec):
        self.call("POST", GROUP + plural, {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})

    def wait(self, plural, n, ready):
        while True:
            items = self.call("GET", GROUP + plural)["items"]
            if sum(ready(o) for o in items) >= n:
                return
            time.sleep(1)

    def end(self):
        if self.real:
            self.real.stop()
        else:
            self.server.kill()
            self.server.wait()
        os.unlink("kubeconfig")


def is_ready(o):
    return any(c["type"] == "Ready" and c["status"] == "True" for c in o.get("status", {}).get("conditions", []))


def cpu(pid):
    with open("/proc/%d/stat" % pid) as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def peak(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024


def requests(address):
    text = urllib.request.urlopen("http://%s/metrics" % address, timeout=30).read().decode()
    return sum(float(l.rsplit(" ", 1)[1]) for l in text.split("\n") if l.startswith("rest_client_requests_total"))


def measure(name, command, registry, repo):
    api, figures = Api(name), {}
    ports = {k: "127.0.0.1:%d" % port() for k in ("storage", "metrics", "health")}
    os.mkdir("store-" + name)
    p = subprocess.Popen(command + ["--storage-path", DIR + "/store-" + name, "--storage-addr", ports["storage"], "--storage-adv-addr", ports["storage"],
                                    "--metrics-addr", ports["metrics"], "--health-addr", ports["health"], "--concurrent", "10"],
                         stdout=open(name + ".log", "w"), stderr=subprocess.STDOUT,
                         env=dict(os.environ, KUBECONFIG=DIR + "/kubeconfig", HOME=DIR, RUNTIME_NAMESPACE="flux-system", GOMEMLIMIT="1GiB"))
    time.sleep(3)
    api.create("HelmRepository", "helmrepositories", "charts", {"interval": "1h", "url": repo})
    api.wait("helmrepositories", 1, is_ready)

    def phase(what, plural, act, ready):
        before, sent = cpu(p.pid), requests(ports["metrics"])
        act()
        api.wait(plural, N, ready)
        time.sleep(1)
        figures[what] = got = (1000 * (cpu(p.pid) - before) / N, (requests(ports["metrics"]) - sent) / N, peak(p.pid))
        print("%-18s %-24s %8.2f ms CPU an object %7.2f requests an object %7.1f MiB peak" % (name, what, *got), flush=True)

    def oci():
        for i in range(N):
            api.create("OCIRepository", "ocirepositories", "o%d" % i, {"interval": "1h", "url": "oci://%s/app%d" % (registry, i % 10), "insecure": True, "ref": {"tag": "v1"}})

    def charts():
        for i in range(N):
            api.create("HelmChart", "helmcharts", "c%d" % i, {"interval": "1h", "chart": "app", "version": "1.x", "sourceRef": {"kind": "HelmRepository", "name": "charts"}})

    def again(plural, prefix):
        for i in range(N):
            api.call("PATCH", GROUP + plural + "/%s%d" % (prefix, i), {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "now"}}})

    handled = lambda o: is_ready(o) and o["status"].get("lastHandledReconcileAt") == "now"
    try:
        phase("OCIRepositories, new", "ocirepositories", oci, is_ready)
        phase("OCIRepositories, again", "ocirepositories", lambda: again("ocirepositories", "o"), handled)
        phase("HelmCharts, new", "helmcharts", charts, is_ready)
        phase("HelmCharts, again", "helmcharts", lambda: again("helmcharts", "c"), handled)
    finally:
        p.terminate()
        p.wait()
        api.end()
    return figures


def main():
    address = "127.0.0.1:%d" % port()
    with open("registry.yml", "w") as f:
        f.write("version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: '%s'}\n" % (DIR, address))
    registry = subprocess.Popen(["docker-registry", "serve", "registry.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        os.mkdir("www")
        with open("www/app-1.0.0.tgz", "wb") as f:
            f.write(chart())
        with open("www/index.yaml", "w") as f:
            f.write("apiVersion: v1\nentries:\n  app:\n  - {apiVersion: v2, name: app, version: 1.0.0, urls: [app-1.0.0.tgz]}\n")
        repo = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Repo(*a, directory=DIR + "/www"))
        threading.Thread(target=repo.serve_forever, daemon=True).start()
        time.sleep(2)
        os.mkdir("files")
        for i in range(4):
            with open("files/%d.yaml" % i, "w") as f:
                f.write("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c%d}\n" % i)
        for i in range(10):
            subprocess.run([RILL, "push", "artifact", "oci://%s/app%d:v1" % (address, i), "--path", "files", "--source", "x", "--revision", "main@sha1:%d" % i],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = "http://127.0.0.1:%d" % repo.server_address[1]
        ours = measure("rill", [RILL, "controller"], address, url)
        theirs = measure("source-controller", [PEER, "--watch-all-namespaces"], address, url) if PEER else {}
        for what, (ms, asked, mib) in theirs.items():
            print("%-18s %-24s 1/%.1f of the CPU, 1/%.1f of the requests, 1/%.1f of the memory" % (
                "compared", what, ms / max(ours[what][0], 0.01), asked / max(ours[what][1], 0.01), mib / ours[what][2]))
    finally:
        registry.terminate()
        registry.wait()
        shutil.rmtree(DIR, ignore_errors=True)


main()
