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
import signal
import subprocess
import sys
import tarfile
import threading
import time

import peers
from flux_case import Case

SOURCES, KUSTOMIZE = "source.toolkit.fluxcd.io/v1", "kustomize.toolkit.fluxcd.io/v1"
NS = "faults"
HERE = os.path.dirname(os.path.realpath(__file__))
case = Case(real=True)
case.env.update(GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="c", GIT_COMMITTER_EMAIL="c@d",
                GIT_CONFIG_NOSYSTEM="1")
STORE_PORT = peers.free_port()
case.env["SOURCE_WATCHER_LOCALHOST"] = "127.0.0.1:%d" % STORE_PORT
log = open(os.path.join(case.dir, "controller.log"), "wb")
controller = subprocess.Popen(
    [case.rill, "controller", "--storage-path", os.path.join(case.dir, "store"), "--storage-addr", "127.0.0.1:0",
     "--metrics-addr", "", "--health-addr", "", "--min-retry-delay", "50ms", "--max-retry-delay", "500ms",
     "--requeue-dependency", "1s"], env=case.env, stdout=log, stderr=log)


# ---- what is there -------------------------------------------------------------------

def fail(text):
    with open(log.name) as f:
        for line in f.readlines()[-20:]:
            print(line.rstrip()[:500], file=sys.stderr)
    case.fail(text)


def until(what, true, seconds=60):
    end = time.time() + seconds
    while time.time() < end:
        if true():
            return
        time.sleep(0.02)
    fail("never: " + what)


def ready(api, plural, name):
    o = case.get(api, plural, NS, name) or {}
    for c in o.get("status", {}).get("conditions", []):
        if c["type"] == "Ready":
            return "%s %s: %s" % (c["status"], c["reason"], c["message"])
    return ""


def expect(api, plural, name, text):
    try:
        until("%s is '%s'" % (name, text), lambda: ready(api, plural, name).startswith(text))
    except SystemExit:
        print("it is '%s'" % ready(api, plural, name), file=sys.stderr)
        raise


def value(name):
    return ((case.get("v1", "configmaps", NS, name) or {}).get("data") or {}).get("key")


def config(name, value):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\ndata:\n  key: %s\n" % (name, value)


def kustomization(name, kind, **more):
    case.make(KUSTOMIZE, "kustomizations", {
        "apiVersion": KUSTOMIZE, "kind": "Kustomization", "metadata": {"name": name, "namespace": NS},
        "spec": {"interval": "1h", "prune": True, "targetNamespace": NS, "sourceRef": {"kind": kind, "name": name}, **more}})


# ---- Git ------------------------------------------------------------------------------------

def git(*argv):
    subprocess.run(("git",) + argv, cwd=case.work, env=case.env, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def start_git():
    where = os.path.join(case.dir, "port")
    if os.path.exists(where):
        os.unlink(where)
    server = subprocess.Popen([sys.executable, os.path.join(HERE, "git_server.py"), os.path.join(case.dir, "root"), where],
                              stdin=subprocess.PIPE)
    until("the Git server listens", lambda: os.path.exists(where))
    return server, "http://127.0.0.1:%s/" % open(where).read()


def commit(text):
    case.write("git.yaml", config("git", text))
    git("add", "git.yaml")
    git("commit", "-q", "-m", text)
    git("push", "-q", "origin", "HEAD:main")


def fetch_from(url):
    case.patch(SOURCES, "gitrepositories", NS, "git", {"spec": {"url": url + "/repo.git"}})


def test_git():
    os.makedirs(os.path.join(case.dir, "root"))
    git("init", "-q", "-b", "main")
    git("init", "-q", "--bare", "-b", "main", os.path.join(case.dir, "root", "repo.git"))
    git("remote", "add", "origin", os.path.join(case.dir, "root", "repo.git"))
    server, url = start_git()
    commit("first")
    case.make(SOURCES, "gitrepositories", {
        "apiVersion": SOURCES, "kind": "GitRepository", "metadata": {"name": "git", "namespace": NS},
        "spec": {"interval": "1h", "timeout": "2s", "url": url + "plain/repo.git", "ref": {"branch": "main"}}})
    kustomization("git", "GitRepository")
    until("the first commit is applied", lambda: value("git") == "first")
    broken = "False GitOperationFailed: failed to checkout and determine revision: "
    for how, words in (("cut", broken + "unable to clone"), ("broken", broken + "unable to clone"),
                       ("error", broken), ("hang", broken), ("slow", broken), ("forbidden", broken), ("dumb", broken)):
        before = value("git")
        commit("after-" + how)
        fetch_from(url + how)
        expect(SOURCES, "gitrepositories", "git", words)
        if value("git") != before or not ready(KUSTOMIZE, "kustomizations", "git").startswith("True"):
            fail("%s: a source that fails changed what was applied" % how)
        fetch_from(url + "plain")
        until("%s: the commit is applied" % how, lambda: value("git") == "after-" + how)
        expect(SOURCES, "gitrepositories", "git", "True Succeeded: stored artifact for revision 'main@sha1:")
        print("git, %s: whole again" % how, flush=True)
    server.kill()
    server.wait()
    commit("down")
    fetch_from(url + "plain/.")
    expect(SOURCES, "gitrepositories", "git", broken)
    server, url = start_git()
    fetch_from(url + "plain")
    until("down: the commit is applied", lambda: value("git") == "down")
    server.kill()
    server.wait()
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


def publish(port, revision, body, digest=None, host=None):
    Store.body = body
    name = revision.split(":")[1] + ".tar.gz"
    case.patch(SOURCES, "externalartifacts", NS, "artifact/status", {"status": {"artifact": {
        "digest": digest or "sha256:" + hashlib.sha256(body).hexdigest(), "revision": revision, "size": len(body),
        "lastUpdateTime": "2026-01-01T00:00:00Z", "path": "externalartifact/%s/artifact/%s" % (NS, name),
        "url": "http://%s/externalartifact/%s/artifact/%s" % (host or "127.0.0.1:%d" % port, NS, name)},
        "conditions": [{"type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored",
                        "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})


def start_store(port):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, server.server_address[1]


def test_artifacts():
    store, port = start_store(STORE_PORT)
    case.make(SOURCES, "externalartifacts", {
        "apiVersion": SOURCES, "kind": "ExternalArtifact", "metadata": {"name": "artifact", "namespace": NS}, "spec": {}})
    publish(port, "v:0", archive("zero"))
    kustomization("artifact", "ExternalArtifact")
    until("the first artifact is applied", lambda: value("artifact") == "zero")
    wrong = "sha256:" + hashlib.sha256(b"another").hexdigest()
    noise = b"this is no archive"
    verify = "False ArtifactFailed: failed to verify archive: computed digest doesn't match provided '%s'" % wrong
    for n, (how, body, digest, words) in enumerate((
            ("cut", None, None, "False ArtifactFailed: failed to copy temp contents: "),
            ("missing", None, None, "False ArtifactFailed: Source is not ready, artifact not found, retrying in 1s"),
            ("error", None, None, "False ArtifactFailed: failed to download archive from http://127.0.0.1:%d/" % port),
            ("digest", None, wrong, verify),
            ("noise", noise, None, "False ArtifactFailed: "),
            ("down", None, None, "False ArtifactFailed: failed to download archive: "))):
        before, text = value("artifact"), "after-" + how
        Store.how = how
        if how == "down":
            store.shutdown()
            store.server_close()
        publish(port, "v:%d" % (n + 1), body or archive(text), digest)
        expect(KUSTOMIZE, "kustomizations", "artifact", words)
        if value("artifact") != before:
            fail("%s: an artifact that is wrong changed what was applied" % how)
        Store.how = "whole"
        if how == "down":
            store, port = start_store(port)
        if body or digest:      # its maker puts it right
            publish(port, "v:%d-again" % (n + 1), archive(text))
        until("%s: the artifact is applied" % how, lambda: value("artifact") == text)
        expect(KUSTOMIZE, "kustomizations", "artifact", "True ReconciliationSucceeded: Applied revision: v:%d" % (n + 1))
        print("artifact, %s: whole again" % how, flush=True)
    publish(port, "v:local", archive("local"), host="source-watcher.flux-system.svc.cluster.local.")
    until("local: the artifact is applied", lambda: value("artifact") == "local")
    print("artifact, of a Service: applied", flush=True)
    Store.how = "slow"
    publish(port, "v:slow", archive("slow"))
    until("slow: the artifact is applied", lambda: value("artifact") == "slow")
    print("artifact, slow: applied", flush=True)
    return port


# ---- the API server -----------------------------------------------------------------------------

def test_server(port):
    """It hangs for longer than a request may take, in the middle of a pass."""
    if not case.server:
        return      # it is others' as well
    publish(port, "v:hang", archive("hang"))
    time.sleep(0.3)     # the artifact is on its way, slowly
    case.server.send_signal(signal.SIGSTOP)
    time.sleep(36)
    case.server.send_signal(signal.SIGCONT)
    until("hang: the artifact is applied", lambda: value("artifact") == "hang", 120)
    expect(KUSTOMIZE, "kustomizations", "artifact", "True ReconciliationSucceeded: Applied revision: v:hang")
    print("API server, hanging: whole again", flush=True)


try:
    test_git()
    test_server(test_artifacts())
finally:
    controller.terminate()
    controller.wait()
