#!/usr/bin/env python3
"""real - the tests of what works on a cluster, on a real API server: real.py BUILD

Starts etcd and kube-apiserver (of `make peers`, found through $PEERS, else in
~/.cache/rill/peers) on loopback, with nobody that runs workloads, and runs the
tests of BUILD that take a server by $TEST_KUBECONFIG. Without the two it says so
and succeeds.
"""
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request

import peers

BUILD = os.path.realpath(sys.argv[1])
HERE = os.path.dirname(os.path.realpath(__file__))
TOKEN = "an-administrators-token"
children = []


def need(name):
    path = peers.find(name)
    if not path:
        print("real.py: skipped: there is no %s: make peers, or set $PEERS" % name)
        sys.exit(0)
    return path


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def spawn(name, *argv):
    log = open(name + ".log", "w")
    children.append(subprocess.Popen(argv, stdout=log, stderr=log))


def openssl(*argv):
    subprocess.run(("openssl",) + argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def is_ready(url):
    try:
        r = urllib.request.Request(url + "/readyz", headers={"Authorization": "Bearer " + TOKEN})
        return urllib.request.urlopen(r, timeout=5, context=ssl._create_unverified_context()).status == 200
    except OSError:
        return False


def start(etcd, apiserver):
    client, peer, port = (free_port() for _ in range(3))
    url = "https://127.0.0.1:%d" % port
    openssl("genrsa", "-out", "sa.key", "2048")
    with open("tokens.csv", "w") as f:
        f.write('%s,admin,admin,"system:masters"\n' % TOKEN)
    with open("kubeconfig", "w") as f:
        f.write("""apiVersion: v1
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
""" % (url, TOKEN))
    members = "http://127.0.0.1:%d" % peer
    spawn("etcd", etcd, "--data-dir=etcd", "--listen-client-urls=http://127.0.0.1:%d" % client,
          "--advertise-client-urls=http://127.0.0.1:%d" % client, "--listen-peer-urls=" + members,
          "--initial-advertise-peer-urls=" + members, "--initial-cluster=default=" + members, "--unsafe-no-fsync",
          "--log-level=warn")
    spawn("apiserver", apiserver, "--etcd-servers=http://127.0.0.1:%d" % client, "--bind-address=127.0.0.1",
          "--secure-port=%d" % port, "--cert-dir=certs", "--token-auth-file=tokens.csv", "--authorization-mode=RBAC",
          "--service-cluster-ip-range=10.96.0.0/12", "--service-account-issuer=https://kubernetes.default.svc",
          "--service-account-key-file=sa.key", "--service-account-signing-key-file=sa.key",
          "--endpoint-reconciler-type=none")
    for _ in range(600):
        if is_ready(url):
            return
        time.sleep(0.1)
    print(open("apiserver.log").read()[-3000:])
    sys.exit("real.py: the API server does not become ready")


etcd, apiserver = need("etcd"), need("kube-apiserver")
dir = tempfile.mkdtemp(prefix="rill-real-")
failed = []
try:
    os.chdir(dir)
    start(etcd, apiserver)
    os.environ["TEST_KUBECONFIG"] = dir + "/kubeconfig"
    # The second leaves the definitions of Flux behind, which the third needs.
    for argv in ([BUILD + "/tests/applyset"], [BUILD + "/tests/kustomization"],
                 [sys.executable, HERE + "/kustomization.py", BUILD + "/rill"]):
        print("real.py: " + os.path.basename(argv[-1] if len(argv) == 1 else argv[1]), flush=True)
        if subprocess.run(argv).returncode:
            failed.append(argv)
finally:
    for child in reversed(children):
        child.terminate()
        child.wait()
    os.chdir("/")
    shutil.rmtree(dir, ignore_errors=True)
sys.exit("real.py: failed: %r" % failed if failed else 0)
