"""A server and a controller for tests of sources."""
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import base64
import urllib.error
import urllib.request

NS = "flux-system"


class World:
    def __init__(self, rill, name):
        self.rill, self.name = rill, name
        self.dir = tempfile.mkdtemp(prefix="rill-e2e-")
        self.children = []
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]

    def spawn(self, log, *argv, **env):
        out = open("%s/%s.log" % (self.dir, log), "a")
        p = subprocess.Popen(argv, stdout=out, stderr=out, cwd=self.dir, env=dict(os.environ, HOME=self.dir, **env))
        self.children.append(p)
        return p

    def start(self, *flags, **env):
        config = self.dir + "/kubeconfig"
        self.spawn("server", self.rill, "server", "--crds", "flux", "--data-dir", self.dir + "/data", "--listen",
                   "127.0.0.1:%d" % self.port, "--token", "secret", "--write-kubeconfig", config)
        self.until("the server is ready", lambda: os.path.exists(config) and self.ask("GET", "/readyz") is not None)
        self.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})
        self.controller = self.spawn(
            "controller", self.rill, "controller", "--kubeconfig", config, "--storage-path", self.dir + "/store",
            "--storage-addr", "127.0.0.1:0", "--metrics-addr", "", "--health-addr", "", "--min-retry-delay", "100ms",
            "--max-retry-delay", "500ms", "--requeue-dependency", "500ms", "--concurrent", "16", *flags, **env)

    def end(self):
        for p in self.children:
            if p.poll() is None:
                p.kill()
                p.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def fail(self, text):
        print("%s: %s" % (self.name, text))
        try:
            print("".join(line[:500] + "\n" for line in open(self.dir + "/controller.log").read().splitlines()[-8:]))
        except OSError:
            pass
        raise SystemExit(1)

    def until(self, what, true, seconds=40):
        end = time.time() + seconds
        while time.time() < end:
            if true():
                return
            time.sleep(0.03)
        self.fail("never: " + (what() if callable(what) else what))

    def same(self, got, want, what):
        if got != want:
            self.fail("%s: %r\n   want: %r" % (what, got, want))

    def ask(self, method, path, body=None, kind="application/json"):
        r = urllib.request.Request("https://127.0.0.1:%d%s" % (self.port, path), method=method,
                                   data=json.dumps(body).encode() if body is not None else None,
                                   headers={"Authorization": "Bearer secret", "Content-Type": kind})
        try:
            with urllib.request.urlopen(r, timeout=20, context=ssl._create_unverified_context()) as answer:
                text = answer.read().decode()
                return json.loads(text) if text[:1] == "{" else {}
        except (urllib.error.URLError, OSError):
            return None

    def path(self, plural, name=""):
        return "/apis/source.toolkit.fluxcd.io/v1/namespaces/%s/%s%s" % (NS, plural, "/" + name if name else "")

    def create(self, plural, kind, name, spec):
        out = self.ask("POST", self.path(plural), {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind,
                                                   "metadata": {"name": name}, "spec": spec})
        if not out:
            self.fail("cannot create %s/%s" % (kind, name))

    def secret(self, name, key, text):
        self.ask("POST", "/api/v1/namespaces/%s/secrets" % NS, {
            "metadata": {"name": name}, "data": {key: base64.b64encode(text.encode()).decode()},
            "type": "kubernetes.io/dockerconfigjson" if key == ".dockerconfigjson" else "Opaque"})

    def patch(self, plural, name, body):
        return self.ask("PATCH", self.path(plural, name), body, "application/merge-patch+json")

    def get(self, plural, name):
        return self.ask("GET", self.path(plural, name)) or {}

    def delete(self, plural, name):
        self.ask("DELETE", self.path(plural, name))

    def condition(self, plural, name, kind="Ready"):
        for c in self.get(plural, name).get("status", {}).get("conditions", []):
            if c["type"] == kind:
                return "%s %s %s" % (c["status"], c["reason"], c["message"])
        return ""

    def ready(self, plural, name):
        self.until(lambda: "%s/%s is ready: %s" % (plural, name, self.condition(plural, name)),
                   lambda: self.condition(plural, name).startswith("True"))
