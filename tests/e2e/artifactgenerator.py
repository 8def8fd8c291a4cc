#!/usr/bin/env python3
"""ArtifactGenerators from end to end: artifactgenerator.py RILL

Git over HTTP, `rill controller` and an API server (`rill server`, or the one of
$TEST_KUBECONFIG): commits become ExternalArtifacts, which Kustomizations and
HelmReleases apply; drift of cluster and store; directories that come and go;
objects of strangers; the controllers killed $KILLS times while commits come.
"""
import hashlib
import io
import os
import random
import shutil
import signal
import tarfile
import time
import urllib.request
import zlib

from git_world import KUSTOMIZATIONS, NS, SOURCES, World, config, run
from world import serve

KILLS = int(os.environ.get("KILLS", "5"))
GENERATORS = "/apis/source.extensions.fluxcd.io/v1beta1/namespaces/%s/artifactgenerators" % NS
HR = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/%s/helmreleases" % NS
w = World("--min-retry-delay", "100ms", "--max-retry-delay", "1s", "--requeue-dependency", "500ms")


def push():
    revision = w.commit()
    w.poke()
    w.until("the commit is fetched",
            lambda: (artifact(SOURCES + "gitrepositories/repo") or {}).get("revision") == revision)
    return revision


# ---- what is there ------------------------------------------------------------------------

def artifact(path):
    return w.status(path).get("artifact")


def external(name):
    return SOURCES + "externalartifacts/" + name


def download(url):
    try:
        return urllib.request.urlopen(url, timeout=10).read()
    except OSError:
        return None     # the controller has just begun


def inside(name):
    """The files of an ExternalArtifact, whose digest is looked at."""
    w.until("there is a file of " + name, lambda: download(artifact(external(name))["url"]) is not None)
    a = artifact(external(name))
    body = download(a["url"])
    w.same("sha256:" + hashlib.sha256(body).hexdigest(), a["digest"], "digest of " + name)
    w.same(len(body), a["size"], "size of " + name)
    with tarfile.open(fileobj=io.BytesIO(body)) as t:
        return {m.name: t.extractfile(m).read().decode() for m in t if m.isfile()}


def adler(name, files):
    lines = "".join("%x  %s/%s\n" % (zlib.adler32(text.encode()), name, path) for path, text in sorted(files.items()))
    return "%d" % zlib.adler32(lines.encode())


def events(name):
    items = w.get("/api/v1/namespaces/%s/events" % NS)["items"]
    return ["%s %s %s" % (e["type"], e["reason"], e["message"]) for e in items if e["involvedObject"]["name"] == name]


def generator(name, spec, **meta):
    w.apply(GENERATORS + "/" + name, "source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator", spec, **meta)
    return GENERATORS + "/" + name


def kustomization(name, source):
    w.kustomization(KUSTOMIZATIONS + name, "ExternalArtifact", source, path="./", retryInterval="1s")


REPO = {"alias": "repo", "kind": "GitRepository", "name": "repo"}


def split(*extra):
    return {"sources": [REPO], "artifacts": [
        {"name": "app-a", "originRevision": "@repo",
         "copy": [{"from": "@repo/apps/a/**", "to": "@artifact/", "exclude": ["*.md"]}]},
        {"name": "app-b", "revision": "@repo", "copy": [{"from": "@repo/apps/b", "to": "@artifact/"}]}] + list(extra)}


# ---- tests ------------------------------------------------------------------------------------

def test_from_a_commit_to_objects():
    w.write("apps/a/a.yaml", config("a", "one"))
    w.write("apps/a/README.md", "# a\n")
    w.write("apps/b/b.yaml", config("b", "one"))
    w.write(".sourceignore", "/nothing\n")   # so that pictures are in the source's artifact
    w.write("apps/b/picture.jpg", "left out as by default\n")
    revision = w.commit()
    for name in (NS, "shop"):
        w.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    generator("split", split())
    w.until_ready(GENERATORS + "/split", "False SourceFetchFailed get sources failed: gitrepositories.source.toolkit.fluxcd.io"
          " \"repo\" not found")
    kustomization("a", "app-a")
    kustomization("b", "app-b")
    w.repository()
    w.until_ready(GENERATORS + "/split", "True Succeeded reconciliation succeeded, generated 2 artifact(s)")
    w.until("objects are applied", lambda: (w.value("a"), w.value("b")) == ("one", "one"))
    a, b = artifact(external("app-a")), artifact(external("app-b"))
    w.same(inside("app-a"), {"a.yaml": config("a", "one")}, "app-a")
    w.same(inside("app-b"), {"b/b.yaml": config("b", "one")}, "app-b")
    w.same(a["revision"], "latest@" + a["digest"], "revision of app-a")
    w.same(a["metadata"], {"org.opencontainers.image.revision": revision}, "metadata of app-a")
    w.same((b["revision"], b.get("metadata")), (revision, None), "revision of app-b")
    name = adler("app-b", {"b/b.yaml": config("b", "one"), "b/picture.jpg": "left out as by default\n"}) + ".tar.gz"
    w.same(b["path"], "externalartifact/%s/app-b/%s" % (NS, name), "path")
    g = w.get(GENERATORS + "/split")
    w.same(g["metadata"]["finalizers"], ["source.extensions.fluxcd.io/finalizer"], "finalizer")
    w.same(g["status"]["inventory"], [
        {"name": n, "namespace": NS, "digest": x["digest"], "filename": x["path"].rsplit("/", 1)[1]}
        for n, x in (("app-a", a), ("app-b", b))], "inventory")
    source = artifact(SOURCES + "gitrepositories/repo")
    line = "repo=[digest=%(digest)s,revision=%(revision)s,url=%(url)s]" % source
    w.same(g["status"]["observedSourcesDigest"], "sha256:" + hashlib.sha256(line.encode()).hexdigest(), "observed")
    e = w.get(external("app-a"))
    w.same(e["metadata"]["labels"], {"app.kubernetes.io/managed-by": "source-watcher",
                                   "source.extensions.fluxcd.io/generator": g["metadata"]["uid"]}, "labels")
    w.same(e["spec"]["sourceRef"], {"apiVersion": "source.extensions.fluxcd.io/v1beta1", "kind": "ArtifactGenerator",
                                  "name": "split", "namespace": NS}, "sourceRef")
    w.same(w.condition(external("app-a")), "True Succeeded Artifact is ready", "condition")
    text = "Normal Ready external artifacts reconciled: %s/app-a (%s)\n%s/app-b (%s)" % (NS, a["digest"], NS, b["digest"])
    w.until(lambda: "an event: %r" % events("split"), lambda: text in events("split"))


def test_what_did_not_change_stays():
    before = {n: w.get(external(n)) for n in ("app-a", "app-b")}
    w.write("apps/a/a.yaml", config("a", "two"))
    push()
    w.until("the change is applied", lambda: w.value("a") == "two")
    w.write("apps/a/README.md", "# not part of it\n")
    revision = push()
    w.until("b has the revision", lambda: artifact(external("app-b"))["revision"] == revision)
    w.same(artifact(external("app-b"))["digest"], before["app-b"]["status"]["artifact"]["digest"], "digest of app-b")
    spec = split()
    del spec["artifacts"][1]["revision"], spec["artifacts"][0]["originRevision"]
    generator("split", spec)
    w.until("its own revision", lambda: artifact(external("app-b"))["revision"].startswith("latest@"))
    w.until_ready(GENERATORS + "/split", "True Succeeded reconciliation succeeded, generated 2 artifact(s)")
    before = {n: w.get(external(n)) for n in ("app-a", "app-b")}
    w.write("apps/b/b.yaml", config("b", "two"))
    push()
    w.until("the change is applied", lambda: w.value("b") == "two")
    w.same(w.get(external("app-a")), before["app-a"], "app-a was not touched")


def test_drift_is_mended():
    before = artifact(external("app-a"))
    w.delete(external("app-a"))
    w.until("a deleted artifact is back", lambda: (artifact(external("app-a")) or {}).get("digest") == before["digest"])
    for harm in (os.unlink, lambda path: open(path, "w").close()):
        harm(w.dir + "/store/" + before["path"])
        w.poke(GENERATORS + "/split")
        w.until("the stored file is back", lambda: os.path.exists(w.dir + "/store/" + before["path"]) and
              os.path.getsize(w.dir + "/store/" + before["path"]) == before["size"])
    w.same(inside("app-a"), {"a.yaml": config("a", "two")}, "app-a")


def test_values_are_merged_for_a_release():
    w.write("chart/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.2.3\n")
    w.write("chart/values.yaml", "a: 1\nm:\n  x: 1\n  v: 1\n")
    w.write("chart/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: demo\n  namespace: shop\n"
          "data:\n  key: {{ .Values.a }}, {{ .Values.m.x }}, {{ .Values.m.v }}, {{ .Values.z }}\n")
    w.write("prod.yaml", "m:\n  v: 2\n---\nz: [3]\n")
    push()
    generator("chart", {"sources": [REPO], "artifacts": [{"name": "demo", "copy": [
        {"from": "@repo/chart", "to": "@artifact/"},
        {"from": "@repo/prod.yaml", "to": "@artifact/chart/values.yaml", "strategy": "Merge"}]}]})
    w.until_ready(GENERATORS + "/chart", "True Succeeded reconciliation succeeded, generated 1 artifact(s)")
    w.apply(HR + "/demo", "helm.toolkit.fluxcd.io/v2", "HelmRelease",
        {"interval": "1h", "chartRef": {"kind": "ExternalArtifact", "name": "demo"}})
    w.until(lambda: "released: %s, %s" % (w.condition(HR + "/demo"), w.value("demo")),
          lambda: w.value("demo") == "1, 1, 2, [3]")


def test_one_from_another():
    """An ExternalArtifact is a source as well, and so is an archive in one."""
    generator("second", {"sources": [{"alias": "first", "kind": "ExternalArtifact", "name": "app-a"}],
                         "commonMetadata": {"labels": {"team": "x"}, "annotations": {"note": "y"}},
                         "artifacts": [{"name": "again", "revision": "@first", "copy": [
                             {"from": "@first/*.yaml", "to": "@artifact/deep/"}]}]})
    w.until_ready(GENERATORS + "/second", "True Succeeded reconciliation succeeded, generated 1 artifact(s)")
    w.same(inside("again"), {"deep/a.yaml": config("a", "two")}, "again")
    w.same(artifact(external("again"))["revision"], artifact(external("app-a"))["revision"], "revision")
    meta = w.get(external("again"))["metadata"]
    w.same((meta["labels"]["team"], meta["annotations"]["note"]), ("x", "y"), "common metadata")
    w.write("apps/a/a.yaml", config("a", "three"))
    push()
    w.until("the change went through both", lambda: artifact(external("again"))["revision"] ==
          artifact(external("app-a"))["revision"] and inside("again") == {"deep/a.yaml": config("a", "three")})


def test_directories_that_come_and_go():
    w.write("envs/Dev/eu/x.yaml", config("x", "1"))
    w.write("envs/prod/eu/x.yaml", config("x", "2"))
    push()
    path = generator("envs", {"sources": [REPO], "pathPattern": "@repo/envs/{env}/{region}", "artifacts": [
        {"name": "env-{env}-{region}", "copy": [{"from": "@repo/envs/{env}/{region}/**", "to": "@artifact/{env}/"}]}]})
    w.until_ready(path, "True Succeeded reconciliation succeeded, generated 2 artifact(s)")
    w.same(inside("env-dev-eu"), {"Dev/x.yaml": config("x", "1")}, "env-dev-eu")
    labels = w.get(external("env-prod-eu"))["metadata"]["labels"]
    w.same((labels["env"], labels["region"]), ("prod", "eu"), "labels")
    w.write("envs/prod/us/x.yaml", config("x", "3"))
    shutil.rmtree(w.dir + "/work/envs/Dev")
    push()
    w.until("a new one", lambda: artifact(external("env-prod-us")) is not None)
    w.until("the old one is gone", lambda: w.get(external("env-dev-eu")) is None and
          not os.path.exists(w.dir + "/store/externalartifact/%s/env-dev-eu" % NS))
    w.write("envs/PROD/us/x.yaml", config("x", "4"))
    push()
    text = ('failed to expand path pattern: pathPattern "@repo/envs/{env}/{region}": directories "envs/PROD/us" and '
            '"envs/prod/us" both resolve to artifact name "env-prod-us"')
    w.until_ready(path, "False BuildFailed " + text)
    w.same(w.condition(path, "Stalled"), "True BuildFailed " + text, "stalled")
    shutil.rmtree(w.dir + "/work/envs/PROD")
    push()
    w.until_ready(path, "True Succeeded reconciliation succeeded, generated 2 artifact(s)")
    w.same(w.condition(path, "Stalled"), "", "stalled no more")


def test_errors():
    def bad(name, spec, text, stalled):
        path = generator(name, spec)
        w.until_ready(path, text)
        w.same(w.condition(path, "Stalled"), text.replace("False", "True", 1) if stalled else "", "stalled " + name)
        w.until(lambda: "an event: %r" % events(name), lambda: "Warning " + text[6:] in events(name))
        w.delete(path)
        w.until("it is gone", lambda: w.get(path) is None)

    copy = [{"from": "@repo/nothing", "to": "@artifact/"}]
    bad("twice", {"sources": [REPO, REPO], "artifacts": [{"name": "x", "copy": copy}]},
        "False ValidationFailed duplicate source alias 'repo' found", True)
    bad("names", {"sources": [REPO], "artifacts": [{"name": "x", "copy": copy}, {"name": "x", "copy": copy}]},
        "False ValidationFailed duplicate artifact name 'x' found", True)
    bad("alias", {"sources": [REPO], "artifacts": [{"name": "x", "revision": "@y", "copy": copy}]},
        "False ValidationFailed artifact x revision source alias 'y' not found", True)
    bad("empty", {"sources": [REPO], "artifacts": [{"name": "x", "copy": copy}]},
        "False BuildFailed x build failed: failed to apply copy operations: failed to apply copy operation from "
        "'@repo/nothing' to '@artifact/': source 'nothing' does not exist", False)
    bad("up", {"sources": [REPO], "artifacts": [{"name": "x", "copy": [{"from": "@repo/../..", "to": "@artifact/"}]}]},
        "False BuildFailed x build failed: failed to apply copy operations: failed to apply copy operation from "
        "'@repo/../..' to '@artifact/': failed to stat source '../..': statat ../..: path escapes from parent", False)


def test_a_stranger_does_not_touch_ours():
    """Somebody else's ExternalArtifact claims the path of one of our files."""
    ours = artifact(external("app-a"))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        info = tarfile.TarInfo("evil.yaml")
        info.size = len(config("evil", "x"))
        t.addfile(info, io.BytesIO(config("evil", "x").encode()))

    w.apply(external("evil"), "source.toolkit.fluxcd.io/v1", "ExternalArtifact", {"sourceRef": {"kind": "Own", "name": "x"}})
    digest = "sha256:" + hashlib.sha256(out.getvalue()).hexdigest()
    w.patch(external("evil") + "/status", {"status": {"artifact": {
        "path": ours["path"], "digest": digest, "revision": "latest@" + digest, "lastUpdateTime": "2024-01-01T00:00:00Z",
        "url": serve({"/x.tar.gz": out.getvalue()}) + "/x.tar.gz"},
        "conditions": [{"type": "Ready", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "2024-01-01T00:00:00Z"}]}})
    kustomization("evil", "evil")
    w.until("it is applied", lambda: w.value("evil") == "x")
    w.same(inside("app-a"), {"a.yaml": config("a", "three")}, "app-a")
    w.delete(KUSTOMIZATIONS + "evil")
    w.until("it is pruned", lambda: w.value("evil") is None)


def rill(*argv):
    status, out, errors = w.run(w.rill, *argv)
    return "%s%s[%d]" % (out, errors, status)


def test_command_line():
    a = artifact(external("app-a"))
    short = "latest@sha256:" + a["revision"][14:22]
    def shows(want, *argv):
        got = " ".join(rill(*argv).split())
        if want not in got:
            w.fail("%s: %s\n   want: %s" % (argv, got, want))

    shows("split False True reconciliation succeeded, generated 2 artifact(s)", "get", "artifacts", "generators")
    shows("app-a %s ArtifactGenerator/%s/split True Artifact is ready" % (short, NS), "get", "sources", "external")
    shows("ArtifactGenerator/%s/split ├── ExternalArtifact/%s/app-a └── ExternalArtifact/%s/app-b" % (NS, NS, NS),
          "tree", "artifact", "generator", "split")
    shows("kind: ArtifactGenerator", "export", "artifact", "generator", "split")
    shows("kind: ExternalArtifact", "export", "source", "external", "app-a")
    shows("Source: ArtifactGenerator/%s/split Revision: %s" % (NS, a["revision"]), "trace", "-n", "shop", "cm", "a")
    shows("Normal Ready ArtifactGenerator/chart external artifacts reconciled: %s/demo" % NS, "events", "--for",
          "ArtifactGenerator/chart")
    got = rill("why", "ConfigMap/a", "-n", "shop").split("\n")
    w.same([line.split(":")[0] for line in got[:5]],
         ["✔ GitRepository/%s/repo" % NS, "✔ ArtifactGenerator/%s/split" % NS, "✔ ExternalArtifact/%s/app-a" % NS,
          "✔ Kustomization/%s/a" % NS, "✔ ConfigMap/shop/a"], "why")


def test_disabled():
    path = GENERATORS + "/split"
    w.patch(path, {"metadata": {"annotations": {"source.extensions.fluxcd.io/reconcile": "Disabled"}}})
    before = artifact(external("app-a"))
    w.write("apps/a/a.yaml", config("a", "four"))
    push()
    w.poke(path)
    said = rill("why", "ArtifactGenerator/split", "-n", NS)
    if "disabled: nothing is done until its annotation is changed" not in said or "next: kubectl annotate" not in said:
        w.fail("why: " + said)
    asked = w.get(path)["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
    w.until("it is handled", lambda: w.status(path).get("lastHandledReconcileAt") == asked)
    w.same(artifact(external("app-a")), before, "nothing was made")
    w.patch(path, {"metadata": {"annotations": {"source.extensions.fluxcd.io/reconcile": "enabled"}}})
    w.poke(path)
    w.until("it is made", lambda: inside("app-a") == {"a.yaml": config("a", "four")})
    generator("asleep", split(), annotations={"source.extensions.fluxcd.io/reconcile": "disabled"})
    w.until_ready(GENERATORS + "/asleep", "True ReconciliationDisabled Initialized with reconciliation suspended")
    w.delete(GENERATORS + "/asleep")


def test_killed():
    """Whenever the process dies, in the end there is what Git says."""
    for i in range(KILLS):
        w.write("apps/a/a.yaml", config("a", "kill%d" % i))
        w.commit()
        w.poke(SOURCES + "gitrepositories/repo")
        time.sleep(random.random() * 0.3)
        w.restart_controller()
    w.until("the last commit is applied", lambda: w.value("a") == "kill%d" % (KILLS - 1))
    w.same(inside("app-a"), {"a.yaml": config("a", "kill%d" % (KILLS - 1))}, "app-a")


def test_cross_namespace():
    w.restart_controller("--no-cross-namespace-refs", sign=signal.SIGTERM)
    path = generator("cross", {"sources": [dict(REPO, namespace="shop")],
                               "artifacts": [{"name": "x", "copy": [{"from": "@repo/**", "to": "@artifact/"}]}]})
    w.until_ready(path, "False AccessDenied cross-namespace reference to source GitRepository/shop/repo is not allowed")
    w.restart_controller(sign=signal.SIGTERM)
    generator("cross", {"sources": [dict(REPO, namespace=NS)],
                        "artifacts": [{"name": "x", "copy": [{"from": "@repo/**", "to": "@artifact/"}]}]})
    w.until_ready(path, "True Succeeded reconciliation succeeded, generated 1 artifact(s)")
    w.delete(path)


def test_the_end():
    for name in ("split", "envs"):
        w.delete(GENERATORS + "/" + name)
    w.until("all are gone", lambda: all(w.get(external(n)) is None for n in ("app-a", "app-b", "env-prod-eu")))
    w.until("and their files", lambda: not os.path.exists(w.dir + "/store/externalartifact/%s/app-a" % NS))
    w.until("and the generators", lambda: w.get(GENERATORS + "/split") is None)


run(globals())
