#!/usr/bin/env python3
"""Many OCIRepositories and HelmCharts: sources.py RILL [N]

N (1000) OCIRepositories and N HelmCharts as flux-benchmark makes them, of one registry
(docker-registry) on loopback: an application of four objects, and a chart of podinfo's size
out of a HelmRepository of type oci. They are made and reconciled by `RILL controller`,
then asked to look again; where `make peers` left source-controller, the same once more
with that, on a new server. The server is kube-apiserver with etcd where those are, else
(and with BENCH_SERVER=rill) `RILL server`. Prints CPU (user and system) an object, peak
memory, and requests to the API server an object, and how the two compare.
"""
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
import time
import urllib.request
import zlib

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


# Names and bytes of what podinfo's chart has.
CHART = {".helmignore": 333, "LICENSE": 11365, "README.md": 17134, "values.yaml": 7346, "values-prod.yaml": 4740,
         "templates/NOTES.txt": 1405, "templates/_helpers.tpl": 2209, "templates/certificate.yaml": 504, "templates/deployment.yaml": 8536,
         "templates/grpcroute.yaml": 1106, "templates/hpa.yaml": 1044, "templates/httproute.yaml": 1108, "templates/ingress.yaml": 1203,
         "templates/pdb.yaml": 448, "templates/service.yaml": 1442, "templates/serviceaccount.yaml": 325,
         "templates/servicemonitor.yaml": 709, "templates/hooks/job.yaml": 1100, "templates/redis/config.yaml": 323,
         "templates/redis/deployment.yaml": 1710, "templates/redis/service.yaml": 480, "templates/tests/grpc.yaml": 800,
         "templates/tests/jwt.yaml": 950, "templates/tests/service.yaml": 700, "templates/tests/timeout.yaml": 650}
OBJECTS = {"ServiceAccount": "apiVersion: v1\n", "Service": "apiVersion: v1\nspec: {selector: {app: podinfo}, ports: [{name: http, port: 9898}]}\n",
           "Deployment": """apiVersion: apps/v1
spec:
  replicas: 0
  selector: {matchLabels: {app: podinfo}}
  template:
    metadata: {labels: {app: podinfo}, annotations: {prometheus.io/scrape: "true", prometheus.io/port: "9797"}}
    spec:
      serviceAccountName: podinfo
      containers:
      - name: podinfod
        image: ghcr.io/stefanprodan/podinfo:6.5.3
        command: [./podinfo, --port=9898, --port-metrics=9797, --level=info]
        ports: [{name: http, containerPort: 9898}, {name: http-metrics, containerPort: 9797}]
        livenessProbe: {exec: {command: [podcli, check, http, localhost:9898/healthz]}, initialDelaySeconds: 5, timeoutSeconds: 5}
        resources: {limits: {cpu: 2000m, memory: 512Mi}, requests: {cpu: 1m, memory: 1Mi}}
""", "Ingress": """apiVersion: networking.k8s.io/v1
spec:
  ingressClassName: nginx
  rules:
  - host: podinfo.example.com
    http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: podinfo, port: {number: 9898}}}}]}
"""}


def chart():
    files = {"Chart.yaml": "apiVersion: v2\nname: podinfo\nversion: 6.5.3\nappVersion: 6.5.3\ndescription: Files of many sizes\n"}
    for name, size in CHART.items():
        text = "".join("# %d: %08x%08x\n" % (i, zlib.crc32(b"%d" % i), zlib.adler32(b"%d" % i)) for i in range(size // 16))
        files[name] = text[:size - 1] + "\n"
    with tarfile.open("podinfo-6.5.3.tgz", "w:gz") as t:
        for name, text in files.items():
            i = tarfile.TarInfo("podinfo/" + name)
            i.size = len(text)
            t.addfile(i, io.BytesIO(text.encode()))
    return "podinfo-6.5.3.tgz"


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


def measure(name, command, registry):
    api, figures = Api(name), {}
    ports = {k: "127.0.0.1:%d" % port() for k in ("storage", "metrics", "health")}
    os.mkdir("store-" + name)
    p = subprocess.Popen(command + ["--storage-path", DIR + "/store-" + name, "--storage-addr", ports["storage"], "--storage-adv-addr", ports["storage"],
                                    "--metrics-addr", ports["metrics"], "--health-addr", ports["health"], "--concurrent", "10"],
                         stdout=open(name + ".log", "w"), stderr=subprocess.STDOUT,
                         env=dict(os.environ, KUBECONFIG=DIR + "/kubeconfig", HOME=DIR, RUNTIME_NAMESPACE="flux-system", GOMEMLIMIT="1GiB"))
    time.sleep(3)
    api.create("HelmRepository", "helmrepositories", "charts", {"interval": "12h", "type": "oci", "insecure": True, "url": "oci://%s/charts" % registry})

    def phase(what, plural, act, ready):
        before, sent = cpu(p.pid), requests(ports["metrics"])
        act()
        api.wait(plural, N, ready)
        time.sleep(1)
        figures[what] = got = (1000 * (cpu(p.pid) - before) / N, (requests(ports["metrics"]) - sent) / N, peak(p.pid))
        print("%-18s %-24s %8.2f ms CPU an object %7.2f requests an object %7.1f MiB peak" % (name, what, *got), flush=True)

    def oci():
        for i in range(N):
            api.create("OCIRepository", "ocirepositories", "o%d" % i, {"interval": "1h", "url": "oci://%s/manifests/podinfo" % registry, "insecure": True, "ref": {"tag": "latest"}})

    def charts():
        for i in range(N):
            api.create("HelmChart", "helmcharts", "c%d" % i, {"interval": "1h", "chart": "podinfo", "version": "6.5.3", "sourceRef": {"kind": "HelmRepository", "name": "charts"}})

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
        time.sleep(2)
        os.mkdir("files")
        for kind, fields in OBJECTS.items():
            with open("files/%s.yaml" % kind.lower(), "w") as f:
                f.write("kind: %s\nmetadata: {name: podinfo, labels: {app: podinfo}}\n%s" % (kind, fields))
        for line in (["push", "artifact", "oci://%s/manifests/podinfo:latest" % address, "--path", "files", "--source", "x", "--revision", "main@sha1:1"],
                     ["helm", "push", chart(), "oci://%s/charts" % address, "--plain-http"]):
            subprocess.run([RILL] + line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        ours = measure("rill", [RILL, "controller"], address)
        theirs = measure("source-controller", [PEER, "--watch-all-namespaces"], address) if PEER else {}
        for what, (ms, asked, mib) in theirs.items():
            print("%-18s %-24s 1/%.1f of the CPU, 1/%.1f of the requests, 1/%.1f of the memory" % (
                "compared", what, ms / max(ours[what][0], 0.01), asked / max(ours[what][1], 0.01), mib / ours[what][2]))
    finally:
        registry.terminate()
        registry.wait()
        shutil.rmtree(DIR, ignore_errors=True)


main()
