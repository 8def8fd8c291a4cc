"""The reference programs of tools/peers: where they are, and a server of them."""
import base64
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import time
import urllib.request


def find(name):
    """The path of a program in $PEERS, else in ~/.cache/rill/peers; None."""
    for place in os.environ.get("PEERS", os.path.expanduser("~/.cache/rill/peers")).split(":"):
        for path in (os.path.join(place, name), os.path.join(place, "bin", name)):
            if os.access(path, os.X_OK) and os.path.isfile(path):
                return os.path.realpath(path)
    return None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    """Is there somebody on that port of loopback?"""
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) == 0


KUBECONFIG = """apiVersion: v1
kind: Config
clusters:
- name: real
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: admin
  user:
    token: %s
contexts:
- name: real
  context: {cluster: real, user: admin}
current-context: real
"""


class Server:
    """etcd and kube-apiserver on loopback, with nobody that runs workloads; `manager`, where it is
    given, is kube-controller-manager. `dir` gets its files."""
    token = "an-administrators-token"

    def __init__(self, dir, etcd, apiserver, manager=None):
        self.dir, self.children, self.port = dir, [], free_port()
        self.url, self.kubeconfig = "https://127.0.0.1:%d" % self.port, self.path("kubeconfig")
        subprocess.run(("openssl", "genrsa", "-out", self.path("sa.key"), "2048"), check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        with open(self.path("tokens.csv"), "w") as f:
            f.write('%s,admin,admin,"system:masters"\n' % self.token)
        self.start(etcd, apiserver)
        with open(self.path("certs/apiserver.crt"), "rb") as f:
            authority = base64.b64encode(f.read()).decode()
        with open(self.kubeconfig, "w") as f:
            f.write(KUBECONFIG % (self.url, authority, self.token))
        if manager:
            self.start_manager(manager)

    def path(self, name):
        return os.path.join(self.dir, name)

    def spawn(self, name, *argv):
        log = open(self.path(name + ".log"), "w")
        self.children.append(subprocess.Popen(argv, stdout=log, stderr=log, cwd=self.dir))

    def start(self, etcd, apiserver):
        client, members = ("http://127.0.0.1:%d" % free_port() for _ in range(2))
        self.spawn("etcd", etcd, "--data-dir=etcd", "--listen-client-urls=" + client, "--advertise-client-urls=" + client,
                   "--listen-peer-urls=" + members, "--initial-advertise-peer-urls=" + members,
                   "--initial-cluster=default=" + members, "--unsafe-no-fsync", "--log-level=warn")
        self.spawn("apiserver", apiserver, "--etcd-servers=" + client, "--bind-address=127.0.0.1",
                   "--secure-port=%d" % self.port, "--cert-dir=certs", "--token-auth-file=tokens.csv", "--authorization-mode=RBAC",
                   "--service-cluster-ip-range=10.96.0.0/12", "--service-account-issuer=https://kubernetes.default.svc",
                   "--service-account-key-file=sa.key", "--service-account-signing-key-file=sa.key",
                   "--endpoint-reconciler-type=none")
        for _ in range(1800):
            if self.is_ready():
                return
            time.sleep(0.1)
        print(open(self.path("apiserver.log")).read()[-3000:])
        self.stop()
        sys.exit("the API server does not become ready")

    def start_manager(self, manager):
        self.spawn("manager", manager, "--kubeconfig=" + self.kubeconfig, "--leader-elect=false", "--bind-address=127.0.0.1",
                   "--secure-port=%d" % free_port(), "--cert-dir=manager-certs", "--service-account-private-key-file=sa.key",
                   "--root-ca-file=certs/apiserver.crt", "--kube-api-qps=500", "--kube-api-burst=1000",
                   "--controllers=*,-node-lifecycle-controller,-node-ipam-controller,-node-route-controller,"
                   "-cloud-node-lifecycle-controller,-service-lb-controller,-taint-eviction-controller")
        for _ in range(1800):
            if self.ask("GET", "/api/v1/namespaces/default/serviceaccounts/default") is not None:
                return
            time.sleep(0.1)
        print(open(self.path("manager.log")).read()[-3000:])
        self.stop()
        sys.exit("the controller manager does nothing")

    def ask(self, method, path, body=None, kind="application/yaml"):
        """The text of an answer; None when it is none, or a refusal."""
        try:
            r = urllib.request.Request(self.url + path, method=method, data=body,
                                       headers={"Authorization": "Bearer " + self.token, "Content-Type": kind})
            return urllib.request.urlopen(r, timeout=30, context=ssl._create_unverified_context()).read()
        except OSError:
            return None

    def is_ready(self):
        return self.ask("GET", "/readyz") is not None

    def install_definitions(self, rill):
        """Those of Flux's kinds, until all are served."""
        more = "image-reflector-controller,image-automation-controller,source-watcher"
        text = subprocess.run((rill, "install", "--export", "--components-extra", more), check=True, stdout=subprocess.PIPE,
                              text=True).stdout
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
        names = []
        for doc in text.split("\n---\n"):
            if "\nkind: CustomResourceDefinition\n" in doc:
                names.append(doc.split("\n  name: ")[1].split("\n")[0])
                if self.ask("POST", path, doc.encode()) is None:
                    sys.exit("the definition of %s is refused" % names[-1])
        for name in names:
            for _ in range(600):
                got = json.loads(self.ask("GET", path + "/" + name) or b"{}")
                if any(c["type"] == "Established" and c["status"] == "True"
                       for c in got.get("status", {}).get("conditions", ())):
                    break
                time.sleep(0.1)
            else:
                sys.exit("%s is not served" % name)
        if not names:
            sys.exit("rill install --export has no definitions")

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
            child.wait()
        shutil.rmtree(self.path("etcd"), ignore_errors=True)


def start_server(dir, *, manager=False):
    """A Server; None where the programs are missing, after a word of it."""
    names = ["etcd", "kube-apiserver"] + ["kube-controller-manager"] * manager
    for name in names:
        if not find(name):
            print("there is no %s: make peers, or set $PEERS" % name)
            return None
    return Server(dir, *map(find, names))
