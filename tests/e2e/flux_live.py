#!/usr/bin/env python3
"""A cluster that follows a repository, all of it real: flux_live.py RILL

`rill server`, `rill controller`, a Git server: bootstrap, look, change, break,
ask why. Skipped (status 77) without git.
"""
import shutil
import subprocess
import sys
import time

from flux_case import Case
from flux_git import GitHost

if not shutil.which("git"):
    sys.exit(77)
t = Case(options=())
host = GitHost(t.dir)
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: apps}\ndata: {a: %s}\n"
host.repository("fleet.git", {"README.md": "hello\n", "clusters/a/apps.yaml":
                "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n---\n" + CONFIG % "b"})
log = open(t.dir + "/controller.log", "wb")
controller = subprocess.Popen(
    [t.rill, "controller", "--storage-path", t.dir + "/artifacts", "--storage-addr", "127.0.0.1:0", "--metrics-addr", "",
     "--health-addr", ""], env=t.env, stdout=log, stderr=log)


def until(what, ask):
    for _ in range(600):
        if ask():
            return
        time.sleep(0.05)
    t.fail(what + "\n" + open(t.dir + "/controller.log").read()[-3000:])


try:
    began = time.monotonic()
    t.tell("bootstrap", "git", "--url=" + host.base + "/fleet.git", "--token-auth", "--allow-insecure-http", "--password=x",
           "--path=clusters/a", "--timeout=100s", timeout=120, err_has="✔ all components are healthy\n")
    print("bootstrap: %.2f s" % (time.monotonic() - began))
    assert t.get("v1", "configmaps", "apps", "one")["data"] == {"a": "b"}
    t.tell("check", err_has=["✔ bootstrapped: true\n", "✔ all checks passed\n"])
    t.tell("tree", "ks", "flux-system", out_has=["├── ConfigMap/apps/one\n", "├── Deployment/flux-system/rill\n"])
    t.tell("trace", "configmap", "one", "-n", "apps", out_has="Kustomization:   flux-system\n")
    t.tell("why", "configmap/one", "-n", "apps", program=t.rill, out_has="✔ ConfigMap/apps/one")

    # a change, by one command
    host.git("pull", "-q", host.root + "/fleet.git", "main", at=host.worktree("fleet.git"))
    host.commit("fleet.git", {"clusters/a/one.yaml": CONFIG.replace("one", "two") % "c"}, "more")
    began = time.monotonic()
    t.tell("reconcile", "ks", "flux-system", "--with-source", "--timeout=100s", timeout=120,
           err_has="✔ applied revision main@sha1:")
    print("reconcile: %.2f s" % (time.monotonic() - began))
    assert t.get("v1", "configmaps", "apps", "two")["data"] == {"a": "c"}

    # what a folder would change, beside what is there
    t.tell("diff", "ks", "flux-system", "--path", host.worktree("fleet.git") + "/clusters/a", err="", out="")
    host.commit("fleet.git", {"clusters/a/one.yaml": "apiVersion: v1\nkind: ConfigMap\ndata: {a: d}\n"}, "break it")
    t.tell("reconcile", "source", "git", "flux-system", "--timeout=100s", timeout=120)
    until("the mistake is not noticed", lambda: t.run("why", "ks/flux-system", program=t.rill)[0] == 1)
    t.tell("why", "ks/flux-system", program=t.rill, status=1, out_has=[
        "✔ GitRepository/flux-system/flux-system: ", "\nwhy: Kustomization/flux-system/flux-system: ",
        "in Git: " + host.base + "/fleet.git main@sha1:"])
    t.tell("events", "--types=Warning", out_has="Kustomization/flux-system")
finally:
    controller.terminate()
    controller.wait()
    log.close()
