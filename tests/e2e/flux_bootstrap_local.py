#!/usr/bin/env python3
"""flux bootstrap of a directory that `rill up` follows: flux_bootstrap_local.py RILL

Skipped (status 77) without git.
"""
import os
import shutil
import subprocess
import sys

from flux_case import Case

if not shutil.which("git"):
    sys.exit(77)
t = Case(server=False)
repo, state = os.path.join(t.work, "repo"), os.path.join(t.dir, "state")
t.env.update(GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b", GIT_COMMITTER_NAME="a",
             GIT_COMMITTER_EMAIL="a@b", KUBECONFIG=os.path.join(state, "kubeconfig"))


def git(*args, at=repo):
    return subprocess.run(["git", "-C", at, *args], env=t.env, check=True, stdout=subprocess.PIPE, text=True).stdout


def rill(*args):
    return t.tell(*args, program=t.rill, timeout=120)


t.write("repo/bootstrap/app.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n")
t.write("repo/README.md", "a\n")
git("init", "-q", "-b", "main")
git("add", ".")
git("commit", "-qm", "first")
boot = ["bootstrap", "git", "--path=bootstrap", "--timeout=90s"]
t.tell(*boot, "--url=./nowhere", status=1, err_has='✗ failed to open repository "./nowhere": ')
rill("up", "repo", "--data-dir", state, "--detach", "--until-ready", "--timeout=60s")
try:
    # what is not committed is not lost, and says why nothing is done
    t.write("repo/README.md", "b\n")
    t.tell(*boot, "--url=./repo", status=1, timeout=120,
           err_has="✗ failed to push manifests: command error on refs/heads/main: Working directory has unstaged changes\n")
    assert t.read("repo/README.md") == "b\n" and git("log", "--format=%s").split() == ["first"]
    git("checkout", "-q", "README.md")

    t.tell(*boot, "--url=./repo", timeout=120, err_has=[
        '► cloning branch "main" from Git repository "file://%s"\n' % os.path.realpath(repo),
        "✔ reconciled components\n► generating sync manifests\n", "✔ GitRepository reconciled successfully\n",
        "✔ Kustomization reconciled successfully\n", "✔ all components are healthy\n"])
    assert git("log", "--format=%an %s").split("\n")[:2] == ["Flux Add Flux sync manifests",
                                                            "Flux Add Flux v2.9.4 component manifests"]
    assert not git("status", "--porcelain"), git("status", "--porcelain")
    sync = t.read("repo/bootstrap/flux-system/gotk-sync.yaml")
    assert "secretRef" not in sync and "  url: ssh://localhost%s\n" % os.path.realpath(repo) in sync, sync
    t.tell(*boot, "--url=file://" + repo, timeout=120, err_has=[
        "✔ component manifests are up to date\n", "✔ sync manifests are up to date\n", "✔ all components are healthy\n"])
    t.tell("get", "ks", out_has="Applied revision: main@sha1:" + git("rev-parse", "HEAD")[:8])
finally:
    rill("down", "--data-dir", state)

# ---- again from what lies there now
rill("up", "repo", "--data-dir", state, "--detach", "--until-ready", "--timeout=60s")
rill("down", "--data-dir", state)
