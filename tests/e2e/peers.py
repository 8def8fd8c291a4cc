"""The reference programs of tools/peers: where they are, and a server of them."""
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


KUBECONFIG = """apiVersion: v1
kind: Config
clusters:
- name: real
  cluster:
    server: %s
    insecure-skip-tls-verify: true
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
    """etcd and kube-apiserver on loopback, with nobody that runs workloads. `dir` gets its files."""
    token = "an-administrators-token"

    def __init__(self, dir, etcd, apiserver):
        self.dir, self.children, self.port = dir, [], free_port()
        self.url, self.kubeconfig = "https://127.0.0.1:%d" % self.port, self.path("kubeconfig")
        subprocess.run(("openssl", "genrsa", "-out", self.path("sa.key"), "2048"), check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        with open(self.path("tokens.csv"), "w") as f:
            f.write('%s,admin,admin,"system:masters"\n' % self.token)
        with open(self.kubeconfig, "w") as f:
            f.write(KUBECONFIG % (self.url, self.token))
        self.start(etcd, apiserver)

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

    def is_ready(self):
        try:
            r = urllib.request.Request(self.url + "/readyz", headers={"Authorization": "Bearer " + self.token})
            return urllib.request.urlopen(r, timeout=5, context=ssl._create_unverified_context()).status == 200
        except OSError:
            return False

    def stop(self):
        for child in reversed(self.children):
            child.terminate()
            child.wait()
        shutil.rmtree(self.path("etcd"), ignore_errors=True)


def start_server(dir):
    """A Server; None where the programs are missing, after a word of it."""
    for name in ("etcd", "kube-apiserver"):
        if not find(name):
            print("there is no %s: make peers, or set $PEERS" % name)
            return None
    return Server(dir, find("etcd"), find("kube-apiserver"))
