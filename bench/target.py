"""Servers that are measured beside each other: `rill server`, and etcd with kube-apiserver."""
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "tests", "e2e"))
import peers  # noqa: E402

PATIENCE = 600


class Target:
    """A server: where it is, which processes it is, and the seconds until it was ready."""

    def __init__(self, name, kubeconfig, token, pids, begun):
        self.name, self.kubeconfig, self.token, self.pids = name, kubeconfig, token, pids
        self.start = time.time() - begun
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)", open(kubeconfig).read()).group(1))
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=PATIENCE)

    def call(self, c, method, path, body=None):
        c.request(method, path, json.dumps(body) if body is not None else None,
                  {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        r = c.getresponse()
        text = r.read()
        assert r.status < 300, (r.status, text)
        return json.loads(text)

    def await_path(self, path):
        """Until the path is served."""
        for _ in range(600):
            c = self.connect()
            c.request("GET", path, headers={"Authorization": "Bearer " + self.token})
            if c.getresponse().status == 200:
                return
            time.sleep(0.1)
        raise AssertionError(path + " is not served")

    def cpu(self):
        total = 0
        for pid in self.pids:
            fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def memory(self, key="VmRSS"):
        return sum(int(re.search(key + r":\s+(\d+)", open("/proc/%d/status" % p).read()).group(1)) for p in self.pids) / 1024


def rill_server(rill, measure):
    config, begun = os.path.join(os.getcwd(), "kubeconfig-rill"), time.time()
    p = subprocess.Popen([rill, "server", "--data-dir", "data", "--token", "t", "--no-sim", "--write-kubeconfig", config],
                         stderr=subprocess.DEVNULL)
    try:
        while not os.path.exists(config):
            assert p.poll() is None
            time.sleep(0.001)
        return measure(Target("rill", config, "t", [p.pid], begun))
    finally:
        p.terminate()
        p.wait()


def real_server(measure):
    begun, real = time.time(), peers.start_server(os.getcwd())
    if not real:
        return None
    try:
        return measure(Target("kube-apiserver", real.kubeconfig, real.token, [p.pid for p in real.children], begun))
    finally:
        real.stop()


def each(rill, measure):
    """What `measure` says of both; None for the second where `make peers` has not been."""
    there = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="rill-bench-") as dir:
        os.chdir(dir)
        try:
            return rill_server(rill, measure), real_server(measure)
        finally:
            os.chdir(there)
