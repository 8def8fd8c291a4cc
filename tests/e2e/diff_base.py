#!/usr/bin/env python3
"""rill diff --base: a working tree against a commit: diff_base.py RILL"""
import subprocess

from flux_case import Case

t = Case(server=False)
SOURCE = "sourceRef: {kind: GitRepository, name: %s}"


def git(*args):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@example.com", *args], cwd=t.work, check=True,
                   stdout=subprocess.DEVNULL)


def kustomization(name, source="flux-system"):
    return ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: %s, namespace: flux-system}\n"
            "spec: {interval: 1m, path: ./%s, prune: true, %s, postBuild: {substitute: {zone: eu}}}\n---\n"
            % (name, name, SOURCE % source))


def diff(*args, **how):
    return t.tell("diff", *args, program=t.rill, **how)


def config(name, value):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: web}\ndata: {key: \"%s ${zone}\"}\n" % (name, value)


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: web}\nstringData: {word: %s, other: same}\n"
CHANGED = "⚠️ identified at least one change, exiting with non-zero exit code\n"
t.write("clusters/one/apps.yaml", kustomization("apps") + kustomization("other", "elsewhere"))
t.write("clusters/two/apps.yaml", kustomization("infra"))
t.write("apps/a.yaml", config("a", "old"))
t.write("apps/b.yaml", config("b", "old"))
t.write("apps/s.yaml", SECRET % "hidden1")
t.write("infra/i.yaml", config("i", "old"))
git("init", "-q", "-b", "main")
git("add", "-A")
git("commit", "-qm", "first")

# ---- what differs, and what does not ----
ELSEWHERE = "⚠️ Kustomization/flux-system/other and what else is of GitRepository/flux-system/elsewhere is not looked into\n"
diff("--base", "main", out="", err=ELSEWHERE)
t.write("apps/a.yaml", config("a", "new"))
t.write("apps/c.yaml", config("c", "new"))
t.write("apps/s.yaml", SECRET % "hidden2")
git("rm", "-q", "--cached", "apps/b.yaml")
subprocess.run(["rm", "apps/b.yaml"], cwd=t.work, check=True)
ONE = ("► ConfigMap/web/a changed\n\ndata.key\n± value change\n- old eu\n+ new eu\n\n► ConfigMap/web/c created\n"
       "► Secret/web/s changed\n\ndata.word\n± value change\n- *** (before)\n+ *** (after)\n\n► ConfigMap/web/b deleted\n")
diff("--base", "main", status=1, out="📁 clusters/one changed\n" + ONE, err=ELSEWHERE + CHANGED)
diff("--base", "HEAD", "--path", "./clusters/one/", status=1, out=ONE)
diff("--base", "main", "--path", "clusters/two", out="", err="")
diff("--base", "main", t.work, "--path", "clusters/two", out="", err="")
git("add", "-A")
git("commit", "-qm", "second")
diff("--base", "HEAD", out="")
diff("--base", "main~1", status=1, out="📁 clusters/one changed\n" + ONE)

# ---- a cluster that is new ----
t.write("clusters/three/apps.yaml", kustomization("infra"))
diff("--base", "HEAD", status=1, out="📁 clusters/three changed\n► Kustomization/flux-system/infra created\n"
                                     "► ConfigMap/web/i created\n")

# ---- what cannot be told ----
diff("--base", "nope", status=2, err="✗ %s has no commit nope\n" % t.work)
diff("--base=--all", status=2, err="✗ %s has no commit --all\n" % t.work)
diff("--base", "HEAD", "--path", "nope", status=2, err="✗ %s has no folder nope\n" % t.work)
diff("--base", "HEAD", "/nowhere", status=2, err_has="✗ open /nowhere: no such file or directory\n")
diff(".", status=1, err="✗ --base is required: the commit, branch or tag to compare with\n")
t.write("apps/a.yaml", "a: [b\n")
diff("--base", "HEAD", "--path", "clusters/one", status=2, err_has="✗ working tree: failed to generate kustomization.yaml: ")
diff(out_has="--base commit")
t.tell("diff", out_has="Available Commands:")
