#!/usr/bin/env python3
"""faults - sources that are away, slow, cut off or wrong: faults.py RILL

`rill controller` on `rill server` or the server of $TEST_KUBECONFIG; a Git server that misbehaves by the path of its
URLs (git_server.py), and a store of artifacts that somebody else makes, which
misbehaves here; at last the API server itself. While a source is broken its words are in the status and what was
applied stays as it is; once it is whole again the cluster becomes what it says.
"""
import hashlib
import http.server
import io
import os
import resource
import signal
import tarfile
import threading
import time

import git_world
import peers
from git_world import run

NS = "faults"
SOURCES = git_world.SOURCES.replace(git_world.NS, NS)
KUSTOMIZATIONS = git_world.KUSTOMIZATIONS.replace(git_world.NS, NS)
STORE_PORT = peers.free_port()
os.environ["SOURCE_WATCHER_LOCALHOST"] = "127.0.0.1:%d" % STORE_PORT
w = git_world.World("--min-retry-delay", "50ms", "--max-retry-delay", "500ms", "--requeue-dependency", "1s")
w.namespace(NS)


def value(name):
    return w.value(name, NS)


def config(name, value):
    return git_world.config(name, value, NS)


def kustomization(name, kind):
    w.kustomization(KUSTOMIZATIONS + name, kind, name)


def expect(path, text):
    w.until_ready(path, text, begins=True)


# ---- Git ------------------------------------------------------------------------------------

GIT = SOURCES + "gitrepositories/git"


def commit(text):
    w.write("git.yaml", config("git", text))
    w.commit()


def fetch_from(manner):
    w.patch(GIT, {"spec": {"url": w.url + manner + "/repo.git"}})


def test_git():
    commit("first")
    w.repository(GIT, timeout="2s")
    kustomization("git", "GitRepository")
    w.until("the first commit is applied", lambda: value("git") == "first")
    broken = "False GitOperationFailed failed to checkout and determine revision: "
    for how, words in (("cut", broken + "unable to clone"), ("broken", broken + "unable to clone"),
                       ("error", broken), ("hang", broken), ("slow", broken), ("forbidden", broken), ("dumb", broken)):
        before = value("git")
        commit("after-" + how)
        fetch_from(how)
        expect(GIT, words)
        if value("git") != before or not w.condition(KUSTOMIZATIONS + "git").startswith("True"):
            w.fail("%s: a source that fails changed what was applied" % how)
        fetch_from("plain")
        w.until("%s: the commit is applied" % how, lambda: value("git") == "after-" + how)
        expect(GIT, "True Succeeded stored artifact for revision 'main@sha1:")
        print("git, %s: whole again" % how, flush=True)
    w.stop(w.git_server)
    commit("down")
    fetch_from("plain/.")
    expect(GIT, broken)
    w.start_git()
    fetch_from("plain")
    w.until("down: the commit is applied", lambda: value("git") == "down")
    print("git, down: whole again", flush=True)


# ---- artifacts of somebody else ----------------------------------------------------------------

def archive(text):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        data = config("artifact", text).encode()
        info = tarfile.TarInfo("artifact.yaml")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Store(http.server.BaseHTTPRequestHandler):
    """Gives what `body` holds, in the manner of `how`."""
    body, how = b"", "whole"

    def log_message(self, *args):
        pass

    def do_GET(self):
        how, body = Store.how, Store.body
        if how == "missing":
            return self.send_error(404)
        if how == "error":
            return self.send_error(500)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            if how == "cut":
                self.wfile.write(body[:len(body) // 2])
                self.close_connection = True
            elif how == "slow":
                for i in range(0, len(body), 16):
                    self.wfile.write(body[i:i + 16])
                    self.wfile.flush()
                    time.sleep(0.1)
            else:
                self.wfile.write(body)
        except OSError:
            pass


def publish(revision, body, digest=None, host="127.0.0.1:%d" % STORE_PORT):
    Store.body = body
    name = revision.split(":")[1] + ".tar.gz"
    w.patch(SOURCES + "externalartifacts/artifact/status", {"status": {"artifact": {
        "digest": digest or "sha256:" + hashlib.sha256(body).hexdigest(), "revision": revision, "size": len(body),
        "lastUpdateTime": "2026-01-01T00:00:00Z", "path": "externalartifact/%s/artifact/%s" % (NS, name),
        "url": "http://%s/externalartifact/%s/artifact/%s" % (host, NS, name)},
        "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored",
                        "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})


def start_store():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", STORE_PORT), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_artifacts():
    store = start_store()
    w.apply(SOURCES + "externalartifacts/artifact", "source.toolkit.fluxcd.io/v1", "ExternalArtifact", {})
    publish("v:0", archive("zero"))
    kustomization("artifact", "ExternalArtifact")
    w.until("the first artifact is applied", lambda: value("artifact") == "zero")
    wrong = "sha256:" + hashlib.sha256(b"another").hexdigest()
    noise = b"this is no archive"
    verify = "False ArtifactFailed failed to verify archive: computed digest doesn't match provided '%s'" % wrong
    for n, (how, body, digest, words) in enumerate((
            ("cut", None, None, "False ArtifactFailed failed to copy temp contents: "),
            ("missing", None, None, "False ArtifactFailed Source is not ready, artifact not found, retrying in 1s"),
            ("error", None, None, "False ArtifactFailed failed to download archive from http://127.0.0.1:%d/" % STORE_PORT),
            ("digest", None, wrong, verify),
            ("noise", noise, None, "False ArtifactFailed "),
            ("down", None, None, "False ArtifactFailed failed to download archive: "))):
        before, text = value("artifact"), "after-" + how
        Store.how = how
        if how == "down":
            store.shutdown()
            store.server_close()
        publish("v:%d" % (n + 1), body or archive(text), digest)
        expect(KUSTOMIZATIONS + "artifact", words)
        if value("artifact") != before:
            w.fail("%s: an artifact that is wrong changed what was applied" % how)
        Store.how = "whole"
        if how == "down":
            store = start_store()
        if body or digest:      # its maker puts it right
            publish("v:%d-again" % (n + 1), archive(text))
        w.until("%s: the artifact is applied" % how, lambda: value("artifact") == text)
        expect(KUSTOMIZATIONS + "artifact", "True ReconciliationSucceeded Applied revision: v:%d" % (n + 1))
        print("artifact, %s: whole again" % how, flush=True)
    publish("v:local", archive("local"), host="source-watcher.flux-system.svc.cluster.local.")
    w.until("local: the artifact is applied", lambda: value("artifact") == "local")
    print("artifact, of a Service: applied", flush=True)
    Store.how = "slow"
    publish("v:slow", archive("slow"))
    w.until("slow: the artifact is applied", lambda: value("artifact") == "slow")
    print("artifact, slow: applied", flush=True)


# ---- the program itself ----------------------------------------------------------------------------

def dumps_core(name, *argv, program=None, when=lambda: True):
    """It is aborted: does the system keep what it had in memory?"""
    most = resource.getrlimit(resource.RLIMIT_CORE)[1]
    p = w.spawn(name, *argv, program=program, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (most, most)))
    w.until("%s runs" % name, when)
    p.send_signal(signal.SIGABRT)
    status = os.waitpid(p.pid, 0)[1]
    p.returncode = -signal.SIGABRT
    w.children.remove(p)
    return os.WCOREDUMP(status)


def test_core():
    if not dumps_core("sleep", "60", program="/bin/sleep"):
        print("core files: this machine makes none", flush=True)
        return
    health = peers.free_port()
    if dumps_core("aborted", "controller", "--storage-path", w.dir + "/aborted", "--storage-addr", "127.0.0.1:0", "--metrics-addr", "",
                  "--health-addr", "127.0.0.1:%d" % health, "--watch-label-selector", "nobody=has", when=lambda: peers.listens(health)):
        w.fail("a core file with all keys")
    print("core files: none", flush=True)


# ---- the API server -----------------------------------------------------------------------------

def test_server():
    """It hangs for longer than a request may take, in the middle of a pass."""
    if w.real:
        return      # it is others' as well
    publish("v:hang", archive("hang"))
    time.sleep(0.3)     # the artifact is on its way, slowly
    w.server.send_signal(signal.SIGSTOP)
    time.sleep(36)
    w.server.send_signal(signal.SIGCONT)
    w.until("hang: the artifact is applied", lambda: value("artifact") == "hang", 120)
    expect(KUSTOMIZATIONS + "artifact", "True ReconciliationSucceeded Applied revision: v:hang")
    print("API server, hanging: whole again", flush=True)


run(globals())
