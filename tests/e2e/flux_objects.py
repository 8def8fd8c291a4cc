#!/usr/bin/env python3
"""The flux commands about objects, on a server without controllers: flux_objects.py RILL

get, create, export, suspend, resume, reconcile, delete, events, stats, tree,
trace, debug, trigger, envsubst, migrate, completion.
"""
import base64
import gzip
import hashlib
import hmac
import http.server
import json
import os
import threading
import time

from flux_case import Case

t = Case()
t.call("POST", "/api/v1/namespaces", {"metadata": {"name": "flux-system"}})
SOURCE, KS, HR = "source.toolkit.fluxcd.io/v1", "kustomize.toolkit.fluxcd.io/v1", "helm.toolkit.fluxcd.io/v2"
IMAGE, NOTE = "image.toolkit.fluxcd.io/v1", "notification.toolkit.fluxcd.io/v1beta3"
REVISION = "main@sha1:" + "0123456789" * 4


def export(*args):
    """What --export prints, without its first line."""
    said = "✚ generating HelmChart source\n" if "chart" in args else ""   # so it is
    out = t.tell(*args, "--export", err=said)
    assert out.startswith("---\n") and out.endswith("\n"), out
    return out[4:]


def answer(api, plural, name, status, on="create"):
    """Play the controller: write a status once the object asks for it."""
    def play():
        for _ in range(600):
            o = t.get(api, plural, "flux-system", name)
            asked = o and o["metadata"].get("annotations", {}).get("reconcile.fluxcd.io/requestedAt")
            if o and (on == "create" or (on == "request" and asked and
                                         asked != o.get("status", {}).get("lastHandledReconcileAt")) or
                      (on == "resume" and not o["spec"].get("suspend"))):
                s = dict(status, observedGeneration=o["metadata"]["generation"])
                s["conditions"] = [dict(c, observedGeneration=o["metadata"]["generation"], reason="Test",
                                        lastTransitionTime="2026-01-01T00:00:00Z") for c in status["conditions"]]
                if asked:
                    s["lastHandledReconcileAt"] = asked
                t.patch(api, plural, "flux-system", name + "/status", {"status": s})
                return
            time.sleep(0.02)
    thread = threading.Thread(target=play, daemon=True)
    thread.start()
    return thread


READY = {"conditions": [{"type": "Ready", "status": "True", "message": "stored artifact"}]}
ARTIFACT = dict(READY, artifact={"revision": REVISION, "path": "x", "url": "http://x/x", "digest": "sha256:" + "0" * 64,
                                 "lastUpdateTime": "2026-01-01T00:00:00Z", "size": 100})

# ---- create --export: every kind ----
HEAD = "apiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n  namespace: flux-system\nspec:\n"
for args, api, kind, name, spec in (
    (["source", "git", "app", "--url=ssh://git@example.com/app", "--tag-semver=>1", "--secret-ref=login"], SOURCE,
     "GitRepository", "app", "  interval: 1m0s\n  ref:\n    semver: '>1'\n  secretRef:\n    name: login\n"
                             "  url: ssh://git@example.com/app\n"),
    (["source", "helm", "charts", "--url=https://example.com/charts"], SOURCE, "HelmRepository", "charts",
     "  interval: 1m0s\n  url: https://example.com/charts\n"),
    (["source", "oci", "oci", "--url=oci://example.com/o", "--tag=1"], SOURCE, "OCIRepository", "oci",
     "  interval: 1m0s\n  provider: generic\n  ref:\n    tag: \"1\"\n  url: oci://example.com/o\n"),
    (["source", "bucket", "bb", "--bucket-name=b", "--endpoint=e"], SOURCE, "Bucket", "bb",
     "  bucketName: b\n  endpoint: e\n  interval: 1m0s\n  provider: generic\n"),
    (["source", "chart", "cc", "--source=GitRepository/app", "--chart=./c", "--chart-version=1"], SOURCE, "HelmChart", "cc",
     "  chart: ./c\n  interval: 1m0s\n  reconcileStrategy: ChartVersion\n  sourceRef:\n    kind: GitRepository\n"
     "    name: app\n  version: \"1\"\n"),
    (["kustomization", "app", "--source=app.other", "--path=deploy", "--prune", "--depends-on=infra", "--wait"], KS,
     "Kustomization", "app", "  dependsOn:\n  - name: infra\n  interval: 1m0s\n  path: ./deploy\n  prune: true\n"
                             "  sourceRef:\n    kind: GitRepository\n    name: app\n    namespace: other\n"
                             "  timeout: 2m0s\n  wait: true\n"),
    (["helmrelease", "shop", "--chart-ref=OCIRepository/oci", "--interval=90s", "--target-namespace=web"], HR, "HelmRelease",
     "shop", "  chartRef:\n    kind: OCIRepository\n    name: oci\n  interval: 1m30s\n  storageNamespace: web\n  targetNamespace: web\n"),
    (["alert", "all", "--provider-ref=chat", "--event-source=Kustomization/app", "--event-severity=error"], NOTE, "Alert",
     "all", "  eventSeverity: error\n  eventSources:\n  - kind: Kustomization\n    name: app\n  providerRef:\n    name: chat\n"),
    (["alert-provider", "chat", "--type=slack", "--channel=ops", "--secret-ref=chat"], NOTE, "Provider", "chat",
     "  channel: ops\n  secretRef:\n    name: chat\n  type: slack\n"),
    (["receiver", "hook", "--type=github", "--event=push", "--secret-ref=hook", "--resource=GitRepository/app"],
     "notification.toolkit.fluxcd.io/v1", "Receiver", "hook",
     "  events:\n  - push\n  resources:\n  - kind: GitRepository\n    name: app\n  secretRef:\n    name: hook\n  type: github\n"),
    (["image", "repository", "img", "--image=ghcr.io/a/b"], IMAGE, "ImageRepository", "img",
     "  image: ghcr.io/a/b\n  interval: 1m0s\n"),
    (["image", "policy", "img", "--image-ref=img", "--select-semver=>1"], IMAGE, "ImagePolicy", "img",
     "  imageRepositoryRef:\n    name: img\n  policy:\n    semver:\n      range: '>1'\n"),
    (["image", "update", "img", "--git-repo-ref=app", "--checkout-branch=main", "--author-name=a", "--author-email=a@b"],
     IMAGE, "ImageUpdateAutomation", "img",
     "  git:\n    checkout:\n      ref:\n        branch: main\n    commit:\n      author:\n        email: a@b\n        name: a\n"
     "  interval: 1m0s\n  sourceRef:\n    kind: GitRepository\n    name: app\n"),
):
    out = export("create", *args)
    want = HEAD % (api, kind, name) + spec
    if out != want:
        t.fail("create %s:\n%s\nwanted:\n%s" % (args, out, want))
for args, text in (  # what the objects need is there, be it empty
    ("source git xx --url=https://x/y --branch=main --interval=0", "\nspec:\n  interval: 0s\n  ref:\n"),
    ("ks xx --source=p --health-check=Deployment/.b", "  - kind: Deployment\n    name: \"\"\n    namespace: b\n"),
    ("hr xx --source=HelmRepository/p --chart=c --values-from=Secret/", "  - kind: Secret\n    name: \"\"\n"),
    ("ks xx --source=p --depends-on=a/b@x,c@y", "  dependsOn:\n  - name: b\n    namespace: a\n  - name: c\n"),
    ("image policy xx --image-ref=r --select-semver=1.x --filter-regex=a --filter-extract=$$x$7", "    extract: $$x$7\n"),
):
    out = export("create", *args.split())
    if text not in out:
        t.fail("create %s:\n%s\nwithout:\n%s" % (args, out, text))
out = export("create", "secret", "git", "login", "--url=https://x/y", "-u", "me", "-p", "pw")
assert out == ("apiVersion: v1\nkind: Secret\nmetadata:\n  name: login\n  namespace: flux-system\nstringData:\n"
               "  password: pw\n  username: me\n\n"), out
out = export("create", "tenant", "dev", "--with-namespace=web")
assert [l for l in out.split("\n") if l.startswith("kind: ")] == ["kind: Namespace", "kind: ServiceAccount",
                                                                  "kind: RoleBinding"], out
t.tell("create", "source", "git", "A_b", "--url=https://x/y", status=1, err_has="✗ name 'A_b' is invalid")
t.tell("create", "ks", status=1, err="✗ name is required\n")

# ---- create, with a controller ----
answer(SOURCE, "gitrepositories", "app", ARTIFACT)
t.tell("create", "source", "git", "app", "--url=https://example.com/app", "--branch=main", "--timeout=20s", out="", err=(
    "✚ generating GitRepository source\n► applying GitRepository source\n✔ GitRepository source created\n"
    "◎ waiting for GitRepository source reconciliation\n✔ GitRepository source reconciliation completed\n"
    "✔ fetched revision: %s\n" % REVISION))
answer(KS, "kustomizations", "app", dict(READY, lastAppliedRevision=REVISION, inventory={"entries": [
    {"id": "default_one__ConfigMap", "v": "v1"}, {"id": "flux-system_shop_helm.toolkit.fluxcd.io_HelmRelease", "v": "v2"}]}))
t.tell("create", "kustomization", "app", "--source=app", "--path=./deploy", "--prune", "--interval=10m", "--timeout=20s",
       err_has=["✔ Kustomization created\n", "✔ applied revision %s\n" % REVISION])
t.tell("create", "hr", "shop", "--source=GitRepository/app", "--chart=./shop", "--timeout=300ms", status=1,
       err_has="✗ context deadline exceeded\n")
# A file is read once: it may be a pipe. A certificate without a key is left alone.
os.mkfifo(t.dir + "/ca")
threading.Thread(target=lambda: open(t.dir + "/ca", "w").write("CA"), daemon=True).start()
t.tell("create", "source", "helm", "piped", "--url=https://example.com/charts", "--ca-file=" + t.dir + "/ca", "--cert-file=/none", "--timeout=300ms",
       status=1, err_has="► applying secret with repository credentials\n✔ authentication configured\n► applying HelmRepository source\n")
assert t.get("v1", "secrets", "flux-system", "helm-piped")["data"] == {"ca.crt": base64.b64encode(b"CA").decode()}
t.tell("create", "source", "helm", "half", "--url=https://example.com/charts", "--key-file=/none", "--timeout=300ms", status=1,
       err_has="✚ generating HelmRepository source\n► applying HelmRepository source\n")
t.tell("create", "secret", "git", "login", "--url=https://x/y", "-u", "me", "-p", "pw", err="► git secret 'login' created in 'flux-system' namespace\n")
assert t.get("v1", "secrets", "flux-system", "login")["data"]["username"] == base64.b64encode(b"me").decode()

# ---- get ----
ROW = "app\tmain@sha1:01234567\tFalse\tTrue\tstored artifact\t\n"
t.tell("get", "sources", "git", out="NAME\tREVISION          \tSUSPENDED\tREADY\tMESSAGE         \n"
       "app \tmain@sha1:01234567\tFalse    \tTrue \tstored artifact\t\n", err="")
t.tell("get", "sources", "git", "app", "--no-header", out=ROW)
t.tell("get", "sources", "git", "-A", out_has="flux-system\tapp ")
t.tell("get", "ks", "--status-selector", "ready=false", out_has="", err="")
t.tell("get", "ks", "nope", status=1, err='✗ Kustomization object \'nope\' not found in "flux-system" namespace\n')
t.tell("get", "helmreleases", out_has=["shop\t", "waiting to be reconciled"])
t.tell("get", "all", out_has=["gitrepository/app\t", "kustomization/app\t", "helmrelease/shop\t"])
t.tell("get", "images", "all", status=0)
t.tell("get", "sources", "git", "-n", "empty", status=1, err='✗ no GitRepository objects found in "empty" namespace\n')
t.tell("get", "ks", "-n", "A_b", status=1, err='✗ namespace must be a valid DNS label: "A_b"\n')

# ---- export ----
t.tell("export", "ks", "app", out="---\n" + HEAD % (KS, "Kustomization", "app") +
       "  interval: 10m0s\n  path: ./deploy\n  prune: true\n  sourceRef:\n    kind: GitRepository\n    name: app\n")
t.tell("export", "source", "git", "--all", out_has="  url: https://example.com/app\n")
t.tell("export", "source", "git", status=1, err="✗ name is required\n")

# ---- suspend, resume, reconcile ----
t.tell("suspend", "source", "git", "app", "nope", out="", err=(
    "► suspending source git app in flux-system namespace\n✔ source git suspended\n"
    "✗ GitRepository nope not found in flux-system namespace\n"))
assert t.get(SOURCE, "gitrepositories", "flux-system", "app")["spec"]["suspend"] is True
t.tell("reconcile", "source", "git", "app", status=1, err="✗ resource is suspended\n")
# an empty word, as an unset variable leaves it, is the name of nothing, and not of all
t.tell("suspend", "source", "git", "", err="✗ GitRepository  not found in flux-system namespace\n")
t.tell("resume", "source", "git", "", err="✗ GitRepository object '' not found in flux-system namespace\n")
assert t.get(SOURCE, "gitrepositories", "flux-system", "app")["spec"]["suspend"] is True
DENIED = "gitrepositories.source.toolkit.fluxcd.io is forbidden: User \"nobody\" cannot list "
t.tell("suspend", "source", "git", "app", "--as=nobody",
       err_has="✗ failed suspending GitRepository app in flux-system namespace: gitrepositories.source.toolkit.fluxcd.io")
t.tell("suspend", "source", "git", "--all", "--as=nobody", status=1, err_has="✗ " + DENIED)
t.tell("resume", "source", "git", "--all", "--as=nobody", status=1, err_has="✗ failed patching objects: " + DENIED)
t.tell("delete", "source", "git", "app", status=1, stdin="yes\n", err="✗ aborting\n")
answer(SOURCE, "gitrepositories", "app", ARTIFACT, on="resume")
t.tell("resume", "source", "git", "app", "--timeout=20s", out="", err=(
    "► resuming source git app in flux-system namespace\n✔ source git resumed\n◎ waiting for GitRepository reconciliation\n"
    "✔ GitRepository app reconciliation completed\n✔ fetched revision %s\n" % REVISION))
answer(SOURCE, "gitrepositories", "app", ARTIFACT, on="request")
playing = answer(KS, "kustomizations", "app", dict(READY, lastAppliedRevision=REVISION), on="request")
t.tell("reconcile", "ks", "app", "--with-source", "--timeout=20s", out="", err=(
    "► annotating GitRepository app in flux-system namespace\n✔ GitRepository annotated\n"
    "◎ waiting for GitRepository reconciliation\n✔ fetched revision %s\n"
    "► annotating Kustomization app in flux-system namespace\n✔ Kustomization annotated\n"
    "◎ waiting for Kustomization reconciliation\n✔ applied revision %s\n" % (REVISION, REVISION)))
playing.join()
# a failure is final: no wait for the timeout, unless one is asked for
answer(KS, "kustomizations", "app", {"conditions": [{"type": "Ready", "status": "False", "message": "build failed"}]},
       on="request")
began = time.monotonic()
t.tell("reconcile", "ks", "app", status=1, err_has="✗ Kustomization reconciliation failed: build failed\n")
assert time.monotonic() - began < 20
t.tell("reconcile", "ks", status=1, err="✗ Kustomization name is required\n")

# ---- events ----
t.make("v1", "events", {"metadata": {"name": "e1", "namespace": "flux-system"}, "type": "Warning", "reason": "BuildFailed",
                        "message": "build failed", "involvedObject": {"kind": "Kustomization", "name": "app",
                                                                      "namespace": "flux-system"},
                        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z"})
t.tell("events", out_has=["LAST SEEN", "Warning", "BuildFailed", "Kustomization/app", "build failed"])
t.tell("events", "--for", "Kustomization/app", "--types=Warning", out_has="build failed")
t.tell("events", "--watch", "--timeout=500ms", out_has=["LAST SEEN", "build failed"], err="")
t.tell("events", "--watch", "--timeout=500ms", "--types=Normal", out="", err="")
t.tell("events", "--types=Normal", err="✗ No events found in flux-system namespace.\n")
t.tell("events", "--for", "Pod/x", status=1, err="✗ 'Pod' is not a recognized Flux kind\n")

# ---- stats, tree, trace ----
t.tell("stats", out_has=["RECONCILERS", "GitRepository        \t1      \t0      \t0        \t100 B", "Kustomization"])
t.patch(KS, "kustomizations", "flux-system", "app/status", {"status": {"inventory": {"entries": [
    {"id": "default_one__ConfigMap", "v": "v1"}, {"id": "flux-system_shop_helm.toolkit.fluxcd.io_HelmRelease", "v": "v2"}]}}})
release = base64.b64encode(base64.b64encode(gzip.compress(json.dumps({"name": "shop", "namespace": "web", "manifest": (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: shop\n---\n"
    "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata:\n  name: shop\n")}).encode()))).decode()
t.make("v1", "secrets", {"metadata": {"name": "sh.helm.release.v1.shop.v1", "namespace": "flux-system"},
                         "data": {"release": release}})
t.patch(HR, "helmreleases", "flux-system", "shop/status", {"status": {"storageNamespace": "flux-system", "history": [{
    "name": "shop", "namespace": "web", "version": 1, "chartName": "shop", "chartVersion": "1.0.0", "digest": "x",
    "configDigest": "x", "status": "deployed", "firstDeployed": "2026-01-01T00:00:00Z",
    "lastDeployed": "2026-01-01T00:00:00Z"}]}})
t.tell("tree", "ks", "app", out="Kustomization/flux-system/app\n├── ConfigMap/default/one\n"
       "└── HelmRelease/flux-system/shop\n    ├── Deployment/web/shop\n    └── ClusterRole/shop\n\n", err="")
t.tell("tree", "ks", "app", "--compact", out_has="HelmRelease/flux-system/shop")
t.make("v1", "configmaps", {"metadata": {"name": "one", "namespace": "default", "labels": {
    "kustomize.toolkit.fluxcd.io/name": "app", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}}})
t.tell("trace", "configmap", "one", "-n", "default", out_has=[
    "\nObject:          ConfigMap/one\nNamespace:       default\nStatus:          Managed by Flux\n---\n"
    "Kustomization:   app\n", "GitRepository:   app\nNamespace:       flux-system\nURL:             https://example.com/app\n"])
t.tell("trace", "configmap", "nope", "-n", "default", status=1, err_has='configmaps "nope" not found')

# ---- debug ----
t.tell("debug", "ks", "app", status=1, err="✗ exactly one of --show-status, --show-vars, or --show-history must be set\n")
t.tell("debug", "ks", "app", "--show-status", out_has="# Status documentation: ")
t.patch(HR, "helmreleases", "flux-system", "shop", {"spec": {"values": {"b": 1, "a": {"x": "y"}}}})
t.tell("debug", "hr", "shop", "--show-values", out="a:\n  x: \"y\"\nb: 1\n")
# As the controller: own values come over before a path is set, so what only they have is shared and changed with it.
t.make("v1", "configmaps", {"metadata": {"name": "values", "namespace": "flux-system"}, "data": {
    "values.yaml": "a: {x: ref}\nc: [1]", "odd": "{a,b=c", "one": "1", "bad": "{a"}})
t.make("v1", "secrets", {"metadata": {"name": "values", "namespace": "flux-system"}, "stringData": {"one": "'2'"}})


def values_from(*refs):
    t.patch(HR, "helmreleases", "flux-system", "shop", {"spec": {"valuesFrom": [{"kind": "ConfigMap", "name": "values", **r} for r in refs]}})


values_from({}, {"kind": "Secret", "valuesKey": "one", "targetPath": "only.deep"}, {"valuesKey": "odd", "targetPath": "a.odd", "literal": True},
            {"valuesKey": "one", "targetPath": "b"}, {"name": "none", "optional": True}, {"valuesKey": "none", "optional": True})
t.patch(HR, "helmreleases", "flux-system", "shop", {"spec": {"values": {"only": {"deep": "own", "kept": True}}}})
t.tell("debug", "hr", "shop", "--show-values", out="a:\n  odd: '{a,b=c'\n  x: \"y\"\nb: 1\nc:\n- 1\nonly:\n  deep: \"2\"\n  kept: true\n")
REFUSED = "✗ could not resolve %sConfigMap chart values reference 'flux-system/values' with key '%s': %s\n"
values_from({"valuesKey": "none"})
t.tell("debug", "hr", "shop", "--show-values", status=1, err=REFUSED % ("", "none", "key not found"))
values_from({"valuesKey": "bad", "optional": True})
t.tell("debug", "hr", "shop", "--show-values", status=1, err=REFUSED % (
    "optional ", "bad", "error converting YAML to JSON: yaml: line 1: did not find expected ',' or '}'"))
values_from({"valuesKey": "odd", "targetPath": "a"})
t.tell("debug", "hr", "shop", "--show-values", status=1, err=REFUSED % ("", "odd", "list must terminate with '}'"))
values_from()

# ---- delete ----
t.tell("delete", "source", "git", "app", stdin="n\n", status=1, err="✗ aborting\n")
t.tell("delete", "source", "git", "app", "-s", err="► deleting source git app in flux-system namespace\n"
       "✔ source git deleted\n")
assert not t.get(SOURCE, "gitrepositories", "flux-system", "app")

# ---- without a server ----
t.write("old.yaml", "apiVersion: helm.toolkit.fluxcd.io/v2beta1\nkind: HelmRelease\nmetadata: {name: a} # kept\n")
t.tell("migrate", "-f", "old.yaml", "-y", err_has="✚ old.yaml:1: HelmRelease v2beta1 -> v2\n")
t.write("gone.yaml", "# validation: all\n---\napiVersion: kustomize.toolkit.fluxcd.io/v1beta1\nkind: Kustomization\n"
        "validation: not a field of spec\nspec:\n    # validation: kept\n    prune: true\n    validation: server # gone\n"
        "    patches:\n    - patch: |\n        validation: kept\n    nested:\n      validation: kept\n    validations: kept\n---\n"
        "apiVersion: example.com/v1beta1\nkind: Kustomization\nspec:\n  validation: kept\n---\n"
        "apiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: GitRepository\nspec:\n  gitImplementation: libgit2\n  url: x\n")
before = t.read("gone.yaml")
t.tell("migrate", "-f", "gone.yaml", "-y", err_has="✚ gone.yaml:3: Kustomization v1beta1 -> v1\n")
assert t.read("gone.yaml") == before.replace("fluxcd.io/v1beta1", "fluxcd.io/v1").replace("fluxcd.io/v1beta2", "fluxcd.io/v1") \
    .replace("    validation: server # gone\n", "").replace("  gitImplementation: libgit2\n", ""), t.read("gone.yaml")
os.mkdir(os.path.join(t.work, "links"))
for link in ("links/link.yaml", "link.yaml"):
    os.symlink(os.path.relpath("old.yaml", os.path.dirname(link)), os.path.join(t.work, link))
t.tell("migrate", "-f", "links", err="► starting migration of custom resources\n"
       "⚠️ skipping irregular file links/link.yaml\n✔ no custom resources found that require migration\n")
t.tell("migrate", "-f", "link.yaml", status=1,
       err="► starting migration of custom resources\n✗ file link.yaml is irregular\n")
assert t.read("old.yaml") == "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a} # kept\n"
t.tell("envsubst", stdin="a: ${A:=none}\nb: ${B}\n", env={"B": "x"}, out="a: none\nb: x\n")
t.tell("envsubst", "--strict", stdin="a: ${UNSET}\n", status=1, err_has="UNSET")
for shell in ("bash", "zsh", "fish", "powershell"):
    assert "flux" in t.tell("completion", shell)
t.tell("__complete", "get", "kustomizations", "", out_has="app\n:4\n")
t.tell("__complete", "get", "ks", "--namespace", "flux", out="flux-system\n:4\n")
t.tell("__complete", "get", "ks", "--context", "", out="rill\n:4\n")
t.tell("__complete", "get", "ks", "--server=http://127.0.0.1:1", "", out=":1\n")

# ---- trigger ----
seen = []


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        seen.append((self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
threading.Thread(target=hook.serve_forever, daemon=True).start()
t.tell("trigger", "receiver", "hook", "--url=http://127.0.0.1:%d/" % hook.server_port, "--token=secret", "--type=generic-hmac",
       "--payload={}", err="► triggering Receiver flux-system/hook\n✔ Receiver flux-system/hook triggered\n")
path, headers, body = seen[0]
assert path == "/hook/" + hashlib.sha256(b"secrethookflux-system").hexdigest(), path
assert headers["X-Signature"] == "sha256=" + hmac.new(b"secret", body, "sha256").hexdigest(), headers
