#!/usr/bin/env python3
"""flux build and diff kustomization: flux_build.py RILL"""
import base64

from flux_case import Case

t = Case()
KS = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
      "metadata": {"name": "app", "namespace": "flux-system"},
      "spec": {"interval": "5m", "path": "./app", "prune": True, "targetNamespace": "default",
               "sourceRef": {"kind": "GitRepository", "name": "repo"},
               "postBuild": {"substitute": {"level": "debug"},
                             "substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]}},
      "status": {"inventory": {"entries": [{"id": "default_gone__ConfigMap", "v": "v1"},
                                           {"id": "default_one__ConfigMap", "v": "v1"}]}}}
t.write("app/one.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one}\n"
                        "data: {level: '${level}', region: '${region:=none}'}\n")
t.write("app/.sourceignore", "notes.yaml\n")
t.write("app/notes.yaml", "not: an object\n")
t.write("ks.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: app}\n---\n"
                   "apiVersion: kustomize.toolkit.fluxcd.io/v1beta2\nkind: Kustomization\n"
                   "metadata: {name: app}\nspec:\n  targetNamespace: staging\n  commonMetadata: {labels: {team: a}}\n"
                   "  postBuild: {substitute: {level: info}}\n")


def one(namespace, level, region, owner="flux-system", more=""):
    owner = owner or '""'
    return ("apiVersion: v1\ndata:\n  level: %s\n  region: %s\nkind: ConfigMap\nmetadata:\n  labels:\n"
            "    kustomize.toolkit.fluxcd.io/name: app\n    kustomize.toolkit.fluxcd.io/namespace: %s\n%s"
            "  name: one\n  namespace: %s\n---\n" % (level, region, owner, more, namespace))


# ---- build ----
t.tell("build", "ks", status=1, err="✗ kustomization name is required\n")
t.tell("build", "ks", "app", status=1, err='✗ invalid resource path ""\n')
t.tell("build", "ks", "app", "--path", "ks.yaml", status=1, err='✗ invalid resource path "%s/ks.yaml"\n' % t.work)
t.tell("build", "ks", "app", "--path", "app", "--dry-run", status=1,
       err="✗ dry-run mode requires a kustomization file\n")
t.tell("build", "ks", "app", "--path", "app", "--kustomization-file", "nope.yaml", status=1,
       err='✗ invalid kustomization file "nope.yaml"\n')
t.tell("build", "ks", "other", "--path", "app", "--kustomization-file", "ks.yaml", "--dry-run", status=1,
       err="✗ failed to get kustomization object: failed find kustomization with name 'other' and namespace "
           "'flux-system' in file 'ks.yaml'\n")
t.tell("build", "ks", "app", "--path", "app", status=1,
       err='✗ failed to get kustomization object: kustomizations.kustomize.toolkit.fluxcd.io "app" not found\n')
t.tell("build", "ks", "app", "--path", "app", "--kustomization-file", "ks.yaml", "--dry-run", err="",
       out=one("staging", "info", "none", owner="", more="    team: a\n"))
t.make("v1", "configmaps", {"metadata": {"name": "vars", "namespace": "flux-system"}, "data": {"region": "eu"}})
t.make("kustomize.toolkit.fluxcd.io/v1", "kustomizations", KS)
t.tell("build", "ks", "app", "--path", "app", err="", out=one("default", "debug", "eu"))
t.tell("build", "kustomization", "app", "--path=app/", "--ignore-paths", "one.yaml,!notes.yaml", status=1,
       err_has="notes.yaml")
t.write("app/two.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two}\ndata: {x: '${unset}'}\n")
t.tell("build", "ks", "app", "--path", "app", "--strict-substitute", status=1, out="", err_has="unset")
t.tell("build", "ks", "app", "--path", "app", out_has="  x: null\n")

# a Kustomization that makes another one, which makes the first again
t.write("top/child.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
                          "metadata: {name: child, namespace: flux-system}\nspec:\n  interval: 1m\n  path: ./child\n"
                          "  prune: true\n  sourceRef: {kind: GitRepository, name: repo}\n")
t.write("child/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\n---\n"
                        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
                        "metadata: {name: top, namespace: flux-system}\nspec:\n  interval: 1m\n  path: ./top\n"
                        "  prune: true\n  sourceRef: {kind: GitRepository, name: repo}\n")
t.write("top.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n"
                    "metadata: {name: top, namespace: flux-system}\nspec: {path: ./top}\n")
recursive = ["build", "ks", "top", "--path", "top", "--kustomization-file", "top.yaml", "--dry-run", "-r"]
t.tell(*recursive, status=1, out="",
       err="✗ cannot get local path for GitRepository/flux-system/repo of kustomization child\n")
out = t.tell(*recursive, "--local-sources", "GitRepository/flux-system/repo=.", err="")
assert out.count("\n---\n") == 3 and "\n  name: a\n" in out, out

# ---- diff ----
t.tell("diff", "ks", "app", status=2, err='✗ invalid resource path ""\n')
t.tell("diff", "ks", "app", "--path", "app", "--kustomization-file", "nope", status=1)
t.write("app/two.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: two}\nstringData: {a: new, c: x}\n")
t.make("v1", "configmaps", {"metadata": {"name": "one", "namespace": "default"},
                            "data": {"level": "info", "region": "eu"}})
secret = {k: base64.b64encode(v.encode()).decode() for k, v in {"a": "old", "b": "kept"}.items()}
t.make("v1", "secrets", {"metadata": {"name": "two", "namespace": "default"}, "data": secret})
LABELS = ("\nmetadata\n+ one map entry added:\n  labels:\n    kustomize.toolkit.fluxcd.io/name: app\n"
          "    kustomize.toolkit.fluxcd.io/namespace: flux-system\n")
t.tell("diff", "ks", "app", "--path", "app", status=1,
       err="⚠️ identified at least one change, exiting with non-zero exit code\n",
       out="► ConfigMap/default/one drifted\n\ndata.level\n± value change\n- info\n+ debug\n" + LABELS +
           "\n► Secret/default/two drifted\n\ndata\n+ one map entry added:\n  c: \"***\"\n\ndata.a\n± value change\n"
           "- *** (before)\n+ *** (after)\n" + LABELS + "\n► ConfigMap/default/gone deleted\n")
assert t.get("v1", "configmaps", "default", "one")["data"]["level"] == "info", "the diff wrote something"
t.write("app/two.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: two, namespace: default}\n")
t.tell("diff", "ks", "app", "--path", "app", status=1, out_has="► ConfigMap/default/two created\n")
t.write("app/two.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: one-more\n"
                        "  annotations: {kustomize.toolkit.fluxcd.io/reconcile: disabled}\n")
t.tell("diff", "ks", "app", "--path", "app", status=1, out_has="► ConfigMap/default/one-more skipped\n")
t.write("app/two.yaml", "apiVersion: v1\nkind: Nope\nmetadata: {name: two}\n")
t.tell("diff", "ks", "app", "--path", "app", status=2, out_has="► ConfigMap/default/one drifted\n",
       err='✗ Nope/default/two dry-run failed: no matches for kind "Nope" in version "v1"\n')
t.tell("diff", "ks", "new", "--path", "app", "--ignore-not-found", status=2,
       err="✗ kustomization file is required when assuming new kustomizations\n")
t.tell("diff", "ks", "top", "--path", "top", "-r", "--kustomization-file", "top.yaml", "--ignore-not-found",
       "--local-sources", "GitRepository/flux-system/repo=.", status=1,
       out="► Kustomization/flux-system/child created\n📁 Kustomization/flux-system/child changed\n"
           "► ConfigMap/default/a created\n► Kustomization/flux-system/top created\n")

# ---- on a terminal the line is shown ----
t.write("bent/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n data: {b: 1}\n")
PLACE = "\n  at bent/a.yaml:5:2\n  |  data: {b: 1}\n  |  ^\n"
for status, call in ((1, ("build", "--dry-run")), (2, ("diff", "--ignore-not-found"))):
    call = (call[0], "ks", "top", "--path", "bent", "--kustomization-file", "top.yaml", call[1])
    at = t.at_terminal(*call)
    assert at.endswith(PLACE), at
    said = t.tell(*call, status=status, err_has="MalformedYAMLError: yaml: line 4: did not find expected key")
    assert "at bent/" not in said, said

# ---- what the server warns of is told once ----
OLD = "apiVersion: source.toolkit.fluxcd.io/v1beta1\nkind: HelmRepository\nmetadata: {name: %s, namespace: default}\n" \
      "spec: {interval: 1m, url: 'https://charts.example.com'}\n"
t.write("old/both.yaml", OLD % "x" + "---\n" + OLD % "y")
t.tell("diff", "ks", "top", "--path", "old", "--kustomization-file", "top.yaml", "--ignore-not-found", status=1,
       out="► HelmRepository/default/x created\n► HelmRepository/default/y created\n",
       err="Warning: v1beta1 HelmRepository is deprecated, upgrade to v1\n"
           "⚠️ identified at least one change, exiting with non-zero exit code\n")
