"""What the tests of the flux commands share: a server, a program, and what it says.

A test is a script `NAME.py RILL` that makes a Case and calls its methods;
the first answer that differs ends it with a message. Only the standard
library of Python is used.
"""
import atexit
import difflib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

from terminal import open_terminal


class Case:
    """With `real` the server is the one that $TEST_KUBECONFIG names, where it names one;
    there `server` is None."""

    def __init__(self, server=True, options=("--no-sim",), crds="flux", real=False):
        self.rill = os.path.realpath(sys.argv[1])
        self.dir = tempfile.mkdtemp(prefix="flux-case-")
        atexit.register(self.close)
        self.flux = os.path.join(self.dir, "flux")
        os.symlink(self.rill, self.flux)
        self.work = os.path.join(self.dir, "work")
        os.mkdir(self.work)
        self.kubeconfig = os.path.join(self.dir, "kubeconfig")
        self.env = {"PATH": os.environ["PATH"], "HOME": self.work, "TZ": "UTC", "LANG": "C.UTF-8",
                    "KUBECONFIG": self.kubeconfig}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.server, self.token = None, "admin-token"
        given = os.environ.get("TEST_KUBECONFIG")
        if server and real and given:
            shutil.copy(given, self.kubeconfig)
            self.read_kubeconfig()
        elif server:
            self.start([*options, *(["--crds", crds] if crds else [])])

    def start(self, options):
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.server = subprocess.Popen(
            [self.rill, "server", "--data-dir", ":memory:", "--listen", "127.0.0.1:0", "--token", self.token,
             "--write-kubeconfig", self.kubeconfig, *options],
            stdout=self.log, stderr=self.log, env=self.env)
        for _ in range(1000):
            if os.path.exists(self.kubeconfig) and os.path.getsize(self.kubeconfig):
                break
            time.sleep(0.02)
        else:
            self.fail("the server does not start")
        self.read_kubeconfig()

    def read_kubeconfig(self):
        text = open(self.kubeconfig).read()
        self.url = re.search(r"server: *[\"']?(https?://[^\s\"']+)", text).group(1)
        self.token = re.search(r"token: *[\"']?([^\s\"']+)", text).group(1)

    def close(self):
        if self.server:
            self.server.send_signal(signal.SIGTERM)
            self.server.wait()
            self.log.close()
            self.server = None
        shutil.rmtree(self.dir, ignore_errors=True)

    def fail(self, text):
        print("FAIL:", text, file=sys.stderr)
        sys.exit(1)

    # ---- the program ----

    def run(self, *args, stdin="", env=None, program=None, timeout=60):
        """What the program does: exit status, standard output, standard error."""
        p = subprocess.run([program or self.flux, *args], cwd=self.work, env={**self.env, **(env or {})},
                           input=stdin.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout)
        return p.returncode, p.stdout.decode(), p.stderr.decode()

    def at_terminal(self, *args, env=None):
        """What somebody sees who has called the program."""
        ours, theirs = open_terminal()
        p = subprocess.Popen([self.flux, *args], cwd=self.work, env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                             stdout=theirs, stderr=theirs)
        os.close(theirs)
        text = b""
        try:
            while piece := os.read(ours, 65536):
                text += piece
        except OSError:     # so a terminal ends
            pass
        p.wait()
        os.close(ours)
        # what a slow machine shows while it waits is gone from the screen at the end
        return re.sub("(\r  . \\d+s\x1b\\[K)+\r\x1b\\[K", "", text.decode()).replace("\r\n", "\n")

    def tell(self, *args, status=0, out=None, err=None, out_has=None, err_has=None, **how):
        """Run, and compare what was given: whole texts, or pieces of them."""
        got = self.run(*args, **how)
        called = "flux " + " ".join(args)
        if got[0] != status:
            self.fail("%s: exit status %d, not %d\n%s%s" % (called, got[0], status, got[1], got[2]))
        for name, text, want in (("output", got[1], out), ("errors", got[2], err)):
            if want is not None and text != want:
                self.fail("%s: %s\n%s" % (called, name, "".join(difflib.unified_diff(
                    want.splitlines(True), text.splitlines(True), "wanted", "got"))))
        for name, text, want in (("output", got[1], out_has), ("errors", got[2], err_has)):
            for piece in [want] if isinstance(want, str) else want or ():
                if piece not in text:
                    self.fail("%s: no '%s' in its %s:\n%s" % (called, piece, name, text))
        return got[1] if out_has is None and err_has is None and out is None else got[1] + got[2]

    # ---- files and objects ----

    def write(self, path, text):
        path = os.path.join(self.work, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def read(self, path):
        with open(os.path.join(self.work, path)) as f:
            return f.read()

    def call(self, method, path, body=None, kind="application/json"):
        """Ask the server itself: status and answer. The body is an object, or text of that kind."""
        data = json.dumps(body) if body is not None and not isinstance(body, str) else body
        q = urllib.request.Request(self.url + path, method=method, data=data.encode() if data is not None else None)
        q.add_header("Authorization", "Bearer " + self.token)
        q.add_header("Content-Type", kind)
        try:
            with urllib.request.urlopen(q, context=ssl._create_unverified_context(), timeout=30) as r:
                text = r.read()
                return r.status, json.loads(text) if text else None
        except urllib.error.HTTPError as e:
            text = e.read()
            return e.code, json.loads(text) if text.startswith(b"{") else text

    def path(self, api, plural, namespace=None, name=None):
        return ("/api/v1" if api == "v1" else "/apis/" + api) + \
            ("/namespaces/" + namespace if namespace else "") + "/" + plural + ("/" + name if name else "")

    def make(self, api, plural, o):
        """Create an object, with its status, and give it back."""
        namespace = o["metadata"].get("namespace")
        if namespace:
            self.call("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        code, made = self.call("POST", self.path(api, plural, namespace), o)
        if code != 201:
            self.fail("creating %s: %s" % (o["metadata"]["name"], made))
        if "status" in o:
            self.patch(api, plural + "", namespace, o["metadata"]["name"] + "/status", {"status": o["status"]})
        return made

    def patch(self, api, plural, namespace, name, what):
        code, got = self.call("PATCH", self.path(api, plural, namespace, name), what,
                              "application/merge-patch+json")
        if code != 200:
            self.fail("patching %s: %s" % (name, got))
        return got

    def get(self, api, plural, namespace, name):
        """The object, or None."""
        code, got = self.call("GET", self.path(api, plural, namespace, name))
        return got if code == 200 else None
