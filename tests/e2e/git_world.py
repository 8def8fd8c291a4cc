"""What the tests share that follow commits: a server that can go and come back, Git over HTTP, a controller.

A test is made of functions test_*, which run() calls in their order.
"""
import os
import signal
import subprocess
import sys
import time

import peers
import world

HERE = os.path.dirname(os.path.realpath(__file__))
NS = "flux-system"
SOURCES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/%s/" % NS
KUSTOMIZATIONS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/%s/kustomizations/" % NS


def config(name, value, namespace="shop"):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  namespace: %s\ndata:\n  key: %s\n" % (
        name, namespace, value)


class World(world.World):
    """Below its directory: work, a working tree; root, with what is pushed; store, with artifacts."""
    data = "data"

    def __init__(self, *controller):
        super().__init__(sys.argv[1], "--crds", "flux")
        self.env.update(GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="c",
                        GIT_COMMITTER_EMAIL="c@d")
        self.asked = 0
        for name in ("work", "root"):
            os.mkdir(self.dir + "/" + name)
        self.git("init", "-q", "-b", "main")
        self.git("init", "-q", "--bare", "-b", "main", self.dir + "/root/repo.git")
        self.git("remote", "add", "origin", self.dir + "/root/repo.git")
        self.start_git()
        self.controller_flags = ("--storage-path", self.dir + "/store", "--storage-addr",
                                 "127.0.0.1:%d" % peers.free_port(), "--metrics-addr", "", "--health-addr", "", *controller)
        self.start_controller()

    # ---- programs ----

    def start_git(self):
        """git_server.py: self.url + HOW + "/repo.git" is the repository, HOW one of its manners."""
        port = self.dir + "/port"
        if os.path.exists(port):
            os.unlink(port)
        self.git_server = self.spawn("git", HERE + "/git_server.py", self.dir + "/root", port, program=sys.executable,
                                     stdin=subprocess.PIPE)
        self.until("the Git server listens", lambda: os.path.exists(port))
        self.url = "http://127.0.0.1:%s/" % open(port).read()

    def start_controller(self, *more):
        self.controller = self.spawn("controller", "controller", *self.controller_flags, *more)

    def restart_controller(self, *more, sign=signal.SIGKILL):
        self.stop(self.controller, sign)
        self.start_controller(*more)

    def restart_server(self):
        self.stop(self.server)
        self.start_server()
        self.until("the server is back", lambda: self.get("/version"))

    # ---- Git ----

    def git(self, *args, where="work"):
        return subprocess.run(("git",) + args, cwd=self.dir + "/" + where, env=self.env, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    def write(self, path, text):
        path = self.dir + "/work/" + path
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)

    def commit(self):
        """What was written is pushed; gives the revision."""
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        self.git("push", "-q", "origin", "HEAD:main")
        return "main@sha1:" + self.git("rev-parse", "HEAD").strip()

    # ---- objects ----

    def get(self, path):
        """The object; None also where no server answers."""
        try:
            return super().get(path)
        except OSError:
            return None

    def apply(self, path, api, kind, spec, **meta):
        namespace, name = path.split("/namespaces/")[1].split("/")[::2]
        self.patch(path + "?fieldManager=test&force=true", {
            "apiVersion": api, "kind": kind, "metadata": dict(meta, name=name, namespace=namespace), "spec": spec},
            "application/apply-patch+yaml")

    def repository(self, at=SOURCES + "gitrepositories/repo", **spec):
        self.apply(at, "source.toolkit.fluxcd.io/v1", "GitRepository", {
            "interval": "1h", "url": self.url + "plain/repo.git", "ref": {"branch": "main"}, **spec})

    def kustomization(self, at, kind, name, **spec):
        self.apply(at, "kustomize.toolkit.fluxcd.io/v1", "Kustomization", {
            "interval": "1h", "prune": True, "sourceRef": {"kind": kind, "name": name}, **spec})

    def poke(self, path=SOURCES + "gitrepositories/repo"):
        """Ask for a pass."""
        self.asked += 1
        self.patch(path, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "%d" % self.asked}}})

    def status(self, path):
        return (self.get(path) or {}).get("status") or {}

    def condition(self, path, type="Ready"):
        """"True Succeeded text", or nothing."""
        for c in self.status(path).get("conditions", []):
            if c["type"] == type:
                return "%(status)s %(reason)s %(message)s" % c
        return ""

    def value(self, name, namespace="shop"):
        """Of config()."""
        return ((self.get("/api/v1/namespaces/%s/configmaps/%s" % (namespace, name)) or {}).get("data") or {}).get("key")

    # ---- verdicts ----

    def fail(self, text):
        print("FAIL: " + text, self.log("controller"), sep="\n", file=sys.stderr)
        sys.exit(1)

    def until(self, what, true, seconds=60):
        end = time.time() + seconds
        while time.time() < end:
            if true():
                return
            time.sleep(0.02)
        self.fail("never: " + (what() if callable(what) else what))

    def until_ready(self, path, text, begins=False):
        """The condition Ready is that text, or begins so."""
        self.until(lambda: "%s is '%s', but '%s'" % (path.rsplit("/", 1)[1], text, self.condition(path)),
                   lambda: self.condition(path).startswith(text) if begins else self.condition(path) == text)

    def same(self, got, want, what):
        if got != want:
            self.fail("%s: %r\n   want: %r" % (what, got, want))


def run(tests):
    """The functions test_* of a module, as globals() has them."""
    for name, test in list(tests.items()):
        if name.startswith("test_"):
            begin = time.time()
            test()
            print("%s: %.1f s" % (name, time.time() - begin), flush=True)
