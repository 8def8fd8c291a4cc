#!/usr/bin/env python3
"""rill diff --base: a working tree against a commit: diff_base.py RILL"""
import subprocess

from flux_case import Case
from world import serve

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

# ---- what releases make: charts of the repository, of a server, and some that cannot be had ----
CHART = "apiVersion: v2\nname: %s\nversion: 1.0.%d\n"
MADE = """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-made}
data: {word: {{ .Values.word | quote }}, count: {{ .Values.count | quote }}, random: {{ randAlphaNum 5 | quote }}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: {{ .Release.Name }}-role}
"""
RELEASE = """apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: %s, namespace: web}
spec:
  interval: 1m
  chart: {spec: {chart: %s, version: 1.x, sourceRef: {kind: %s, name: %s, namespace: flux-system}}}
  valuesFrom: [{kind: ConfigMap, name: values}, {kind: Secret, name: elsewhere},
    {kind: ConfigMap, name: values, valuesKey: odd, targetPath: odd, literal: true}]
  values: {count: %d}
---
"""
VALUES = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: values, namespace: web}\ndata: {values.yaml: 'word: %s', odd: '{a,b'}\n"


def archive(version):
    """A chart as bytes, by our own means."""
    t.write("made/Chart.yaml", CHART % ("made", version))
    t.write("made/templates/a.yaml", MADE)
    out = t.run("helm", "package", "made", program=t.rill)
    assert out[0] == 0, out
    subprocess.run(["rm", "-r", "made"], cwd=t.work, check=True)
    with open("%s/made-1.0.%d.tgz" % (t.work, version), "rb") as f:
        data = f.read()
    subprocess.run(["rm", "made-1.0.%d.tgz" % version], cwd=t.work, check=True)
    return data


asked = {"/made-1.0.1.tgz": archive(1), "/made-1.0.2.tgz": archive(2)}
asked["/index.yaml"] = ("apiVersion: v1\nentries:\n  made:\n" + "".join(
    "  - {apiVersion: v2, name: made, version: 1.0.%d, urls: [made-1.0.%d.tgz]}\n" % (v, v) for v in (1, 2))).encode()
server = serve(asked)


def releases(count, word):
    t.write("apps/r.yaml", RELEASE % ("own", "./charts/own", "GitRepository", "flux-system", 1) +
            RELEASE % ("far", "made", "HelmRepository", "far", count) + RELEASE % ("same", "made", "HelmRepository", "gone", 1) +
            RELEASE % ("shut", "made", "HelmRepository", "shut", count) + VALUES % word)
    t.write("apps/sources.yaml", "".join(
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: HelmRepository\nmetadata: {name: %s, namespace: flux-system}\n"
        "spec: {interval: 1m, url: '%s'%s}\n---\n" % i for i in (
            ("far", server, ""), ("gone", "http://127.0.0.1:1", ""), ("shut", server, ", secretRef: {name: x}"))))


t.write("charts/own/Chart.yaml", CHART % ("own", 1))
t.write("charts/own/templates/a.yaml", MADE)
releases(1, "old")
git("add", "-A")
git("commit", "-qm", "releases")
diff("--base", "HEAD", "--path", "clusters/one", out="", err=ELSEWHERE)
# a template, and the number of one release
t.write("charts/own/templates/a.yaml", MADE.replace("\ndata: {", "\ndata: {new: line, "))
releases(3, "old")
SHUT = "⚠️ HelmRelease/web/shut is compared by what it says: its source needs a login\n"
OWN = "► ConfigMap/web/own-made changed\n\ndata\n+ one map entry added:\n  new: line\n\n"


def number(name):
    return "► HelmRelease/web/%s changed\n\nspec.values.count\n± value change\n- 1\n+ 3\n\n" % name


FAR = "► ConfigMap/web/far-made changed\n\ndata.count\n± value change\n- 1\n+ 3\n\n"
diff("--base", "HEAD", "--path", "clusters/one", status=1, out=number("far") + number("shut") + OWN + FAR, err=ELSEWHERE + SHUT + CHANGED)
# values that many have: a server that is gone is told of
git("add", "-A")
git("commit", "-qm", "three")
releases(3, "new")
out = diff("--base", "HEAD", "--path", "clusters/one", status=1, err_has=(
    SHUT, "⚠️ HelmRelease/web/same is compared by what it says: failed to cache index: "),
    out_has=("► ConfigMap/web/far-made changed\n\ndata.word\n± value change\n- old\n+ new\n", "► ConfigMap/web/own-made changed\n"))
assert "random" not in out and "ClusterRole" not in out, out
# a new one, and one whose template is broken
t.write("apps/r.yaml", RELEASE % ("fresh", "made", "HelmRepository", "far", 1))
out = diff("--base", "HEAD", "--path", "clusters/one", status=1)
assert "► ConfigMap/web/fresh-made created\n► ClusterRole/fresh-role created\n" in out, out
assert "► ConfigMap/web/own-made deleted\n" in out and "► ConfigMap/web/far-made deleted\n" in out, out
git("checkout", "-q", "apps/r.yaml")
t.write("charts/own/templates/a.yaml", "{{ .Values.word | nope }}")
diff("--base", "HEAD", "--path", "clusters/one", status=2, err_has="✗ working tree: HelmRelease/web/own: parse error at (own/templates/a.yaml:1)")

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
