#!/usr/bin/env python3
"""`rill up` of a repository on a server, and of one with several entry points: up_url.py RILL

Skipped (status 77) without git.
"""
import os
import select
import shutil
import subprocess
import sys

from flux_case import Case
from flux_git import GitHost
from terminal import open_terminal

if not shutil.which("git"):
    sys.exit(77)
t = Case(server=False)
host = GitHost(t.dir)
state = os.path.join(t.dir, "state")
t.env.update(KUBECONFIG=os.path.join(state, "kubeconfig"), TERM="xterm")
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: default}\n"


def up(*args, **how):
    return t.tell("up", *args, "--data-dir", state, "--timeout=90s", program=t.rill, timeout=120, **how)


# ---- one entry point, on a server
host.repository("one.git", {"clusters/a/flux-system/.keep": "", "clusters/a/one.yaml": CONFIG % "one"})
url = host.base + "/one.git"
up(url, "--until-ready", out_has="export KUBECONFIG=%s/kubeconfig\n" % state, err_has=[
    "► following %s\n" % url, "► following clusters/a of %s\n" % url,
    "✔ Kustomization/flux-system/flux-system Applied revision: main@sha1:"])
up(url, "--detach", "--until-ready")
t.tell("get", "ks", out_has="Applied revision: main@sha1:")
assert t.tell("export", "source", "git", "flux-system", out_has="  url: %s\n" % url)
t.tell("tree", "ks", "flux-system", out_has="ConfigMap/default/one\n")
t.tell("down", "--data-dir", state, program=t.rill, err_has="is down\n")
t.tell("down", "--data-dir", state, program=t.rill, err_has="► nothing runs in ")

# ---- another branch; a server that has it not; none at all
host.git("push", "-q", host.root + "/one.git", "main:other", at=host.worktree("one.git"))
up(url, "--branch=other", "--until-ready", err_has="Applied revision: other@sha1:")
t.tell("up", url, "--branch=nope", "--until-ready", "--timeout=3s", "--data-dir", state, program=t.rill, status=1, timeout=60,
       err_has=["GitRepository/flux-system/flux-system is not ready: ", "refs/heads/nope", "✗ not ready within 3s\n"])
t.tell("up", "http://127.0.0.1:1/x.git", "--until-ready", "--timeout=3s", "--data-dir", state, program=t.rill, status=1,
       timeout=60, err_has="connection refused")

# ---- several entry points
host.repository("two.git", {"clusters/%s/%s.yaml" % (c, c): CONFIG % c for c in "ab"})
url = host.base + "/two.git"
up(url, "--until-ready", status=1, err_has="has several entry points: say --path, one of clusters/a, clusters/b\n")
up(url, "--path=clusters/b", "--until-ready", err_has="► following clusters/b of ")
up(url, "--path=clusters/c", "--until-ready", status=1, err_has="has no folder clusters/c\n")

# ---- who sits at a terminal is asked
for answer, chosen in (("2\n", "clusters/b"), ("\n", "clusters/a"), ("9\n", None)):
    ours, theirs = open_terminal()
    p = subprocess.Popen([t.rill, "up", host.worktree("two.git"), "--data-dir", state, "--until-ready", "--timeout=90s"],
                         env=t.env, cwd=t.work, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    seen, asked = b"", False
    for _ in range(1200):
        if select.select([ours], [], [], 0.1)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
        if not asked and b"Which of them? [1] " in seen:
            asked = True
            os.write(ours, answer.encode())
    status = p.wait()
    os.close(ours)
    seen = seen.decode().replace("\r\n", "\n")
    assert "has several entry points:\n  1  clusters/a\n  2  clusters/b\n" in seen, seen
    assert status == (0 if chosen else 1), (status, seen)
    assert ("following %s of" % chosen if chosen else '✗ "9" is none of 1 to 2\n') in seen, seen
