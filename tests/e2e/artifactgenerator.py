#!/usr/bin/env python3
"""ArtifactGenerators from end to end: artifactgenerator.py RILL

Git over HTTP, `rill controller` and an API server (`rill server`, or the one of
$TEST_KUBECONFIG): commits become ExternalArtifacts, which Kustomizations and
HelmReleases apply; drift of cluster and store; directories that come and go;
objects of strangers; the controllers killed $KILLS times while commits come.
"""
import hashlib
import http.server
import io
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.error
import urllib.request
import zlib

RILL = os.path.realpath(sys.argv[1])
HERE = os.path.dirname(os.path.realpath(__file__))
KILLS = int(os.environ.get("KILLS", "5"))
REAL = os.environ.get("TEST_KUBECONFIG")
DIR = tempfile.mkdtemp(prefix="rill-e2e-")
NS = "flux-system"
SOURCES = "/apis/source.toolkit.fluxcd.io/v1/namespaces/%s/" % NS
GENERATORS = "/apis/source.extensions.fluxcd.io/v1beta1/namespaces/%s/artifactgenerators" % NS
KS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/%s/kustomizations" % NS
HR = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/%s/helmreleases" % NS
os.environ.update(HOME=DIR, GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b",
                  GIT_COMMITTER_NAME="c", GIT_COMMITTER_EMAIL="c@d")
children = {}


def fail(text):
    print("artifactgenerator.py: " + text, file=sys.stderr)
    with open(DIR + "/controller.log") as f:
        for line in f.readlines()[-6:]:
            print(line.rstrip()[:500], file=sys.stderr)
    sys.exit(1)


def same(got, want, what):
    if got != want:
        fail("%s: %r\n   want: %r" % (what, got, want))


def until(what, true, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if true():
            return
        time.sleep(0.03)
    fail("never: " + (what() if callable(what) else what))


def spawn(name, *argv, **more):
    log = open("%s/%s.log" % (DIR, name), "a")
    children[name] = subprocess.Popen(argv, stdout=log, stderr=log, cwd=DIR, **more)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- the API server -------------------------------------------------------------------

PORT, STORE_PORT = free_port(), free_port()
KUBECONFIG = REAL or DIR + "/kubeconfig"


def endpoint():
    if not REAL:
        return "http://127.0.0.1:%d" % PORT, "secret"
    url = token = None
    for line in open(KUBECONFIG):
        key, _, value = line.strip().partition(": ")
        url = value if key == "server" else url
        token = value if key == "token" else token
    return url, token


def ask(method, path, body=None, kind="application/json"):
    url, token = endpoint()
    r = urllib.request.Request(url + path, method=method, data=json.dumps(body).encode() if body is not None else None,
                               headers={"Authorization": "Bearer " + token, "Content-Type": kind})
    try:
        with urllib.request.urlopen(r, timeout=10, context=ssl._create_unverified_context()) as answer:
            text = answer.read().decode()
            return json.loads(text) if text[:1] in "{[" else {}
    except (urllib.error.URLError, OSError):
        return None


def patch(path, body):
    return ask("PATCH", path, body, "application/merge-patch+json")


def put(path, api, kind, spec, **meta):
    name = path.rsplit("/", 1)[1]
    obj = {"apiVersion": api, "kind": kind, "metadata": dict(meta, name=name, namespace=NS), "spec": spec}
    if not ask("PATCH", path + "?fieldManager=test&force=true", obj, "application/apply-patch+yaml"):
        fail("cannot apply " + path)


def start_server():
    if not REAL:
        spawn("server", RILL, "server", "--crds", "flux", "--data-dir", DIR + "/data", "--listen", "127.0.0.1:%d" % PORT,
              "--plain-http", "--token", "secret", "--write-kubeconfig", KUBECONFIG)
    until("the server is ready", lambda: ask("GET", "/readyz") is not None and os.path.exists(KUBECONFIG))


def start_controller(*more):
    spawn("controller", RILL, "controller", "--kubeconfig", KUBECONFIG, "--storage-path", DIR + "/store",
          "--storage-addr", "127.0.0.1:%d" % STORE_PORT, "--metrics-addr", "", "--health-addr", "",
          "--min-retry-delay", "100ms", "--max-retry-delay", "1s", "--requeue-dependency", "500ms", *more)


def stop_controller(how=signal.SIGTERM):
    children["controller"].send_signal(how)
    children["controller"].wait()


# ---- Git --------------------------------------------------------------------------------

def git(*argv, where="work"):
    subprocess.run(("git",) + argv, cwd=DIR + "/" + where, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def write(path, text):
    path = DIR + "/work/" + path
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def commit():
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "change")
    git("push", "-q", "origin", "HEAD:main")
    return "main@sha1:" + subprocess.run(("git", "rev-parse", "HEAD"), cwd=DIR + "/work", check=True,
                                         capture_output=True, text=True).stdout.strip()


def poke(path):
    patch(path, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": str(time.time_ns())}}})


def push():
    revision = commit()
    poke(SOURCES + "gitrepositories/repo")
    until("the commit is fetched", lambda: (artifact(SOURCES + "gitrepositories/repo") or {}).get("revision") == revision)
    return revision


# ---- what is there ------------------------------------------------------------------------

def status(path):
    return (ask("GET", path) or {}).get("status") or {}


def artifact(path):
    return status(path).get("artifact")


def condition(path, kind="Ready"):
    for c in status(path).get("conditions", []):
        if c["type"] == kind:
            return "%s %s %s" % (c["status"], c["reason"], c["message"])
    return ""


def ready(path, text):
    until(lambda: "%s is ready: %s" % (path.rsplit("/", 1)[1], condition(path)), lambda: condition(path) == text)


def external(name):
    return SOURCES + "externalartifacts/" + name


def download(url):
    try:
        return urllib.request.urlopen(url, timeout=10).read()
    except OSError:
        return None     # the controller has just begun


def inside(name):
    """The files of an ExternalArtifact, whose digest is looked at."""
    until("there is a file of " + name, lambda: download(artifact(external(name))["url"]) is not None)
    a = artifact(external(name))
    body = download(a["url"])
    same("sha256:" + hashlib.sha256(body).hexdigest(), a["digest"], "digest of " + name)
    same(len(body), a["size"], "size of " + name)
    with tarfile.open(fileobj=io.BytesIO(body)) as t:
        return {m.name: t.extractfile(m).read().decode() for m in t if m.isfile()}


def adler(name, files):
    lines = "".join("%x  %s/%s\n" % (zlib.adler32(text.encode()), name, path) for path, text in sorted(files.items()))
    return "%d" % zlib.adler32(lines.encode())


def events(name):
    items = ask("GET", "/api/v1/namespaces/%s/events" % NS)["items"]
    return ["%s %s %s" % (e["type"], e["reason"], e["message"]) for e in items if e["involvedObject"]["name"] == name]


def config(name, value):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  namespace: shop\ndata:\n  key: %s\n" % (name, value)


def value(name):
    return ((ask("GET", "/api/v1/namespaces/shop/configmaps/" + name) or {}).get("data") or {}).get("key")


def generator(name, spec, **meta):
    put(GENERATORS + "/" + name, "source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator", spec, **meta)
    return GENERATORS + "/" + name


def kustomization(name, source):
    put(KS + "/" + name, "kustomize.toolkit.fluxcd.io/v1", "Kustomization",
        {"interval": "1h", "retryInterval": "1s", "prune": True, "path": "./",
         "sourceRef": {"kind": "ExternalArtifact", "name": source}})


REPO = {"alias": "repo", "kind": "GitRepository", "name": "repo"}


def split(*extra):
    return {"sources": [REPO], "artifacts": [
        {"name": "app-a", "originRevision": "@repo",
         "copy": [{"from": "@repo/apps/a/**", "to": "@artifact/", "exclude": ["*.md"]}]},
        {"name": "app-b", "revision": "@repo", "copy": [{"from": "@repo/apps/b", "to": "@artifact/"}]}] + list(extra)}


# ---- tests ------------------------------------------------------------------------------------

def test_from_a_commit_to_objects():
    write("apps/a/a.yaml", config("a", "one"))
    write("apps/a/README.md", "# a\n")
    write("apps/b/b.yaml", config("b", "one"))
    write(".sourceignore", "/nothing\n")   # so that pictures are in the source's artifact
    write("apps/b/picture.jpg", "left out as by default\n")
    revision = commit()
    for name in (NS, "shop"):
        ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    generator("split", split())
    ready(GENERATORS + "/split", "False SourceFetchFailed get sources failed: gitrepositories.source.toolkit.fluxcd.io"
          " \"repo\" not found")
    kustomization("a", "app-a")
    kustomization("b", "app-b")
    port = open(DIR + "/port").read()
    put(SOURCES + "gitrepositories/repo", "source.toolkit.fluxcd.io/v1", "GitRepository",
        {"interval": "1h", "url": "http://127.0.0.1:%s/plain/repo.git" % port, "ref": {"branch": "main"}})
    ready(GENERATORS + "/split", "True Succeeded reconciliation succeeded, generated 2 artifact(s)")
    until("objects are applied", lambda: (value("a"), value("b")) == ("one", "one"))
    a, b = artifact(external("app-a")), artifact(external("app-b"))
    same(inside("app-a"), {"a.yaml": config("a", "one")}, "app-a")
    same(inside("app-b"), {"b/b.yaml": config("b", "one")}, "app-b")
    same(a["revision"], "latest@" + a["digest"], "revision of app-a")
    same(a["metadata"], {"org.opencontainers.image.revision": revision}, "metadata of app-a")
    same((b["revision"], b.get("metadata")), (revision, None), "revision of app-b")
    name = adler("app-b", {"b/b.yaml": config("b", "one"), "b/picture.jpg": "left out as by default\n"}) + ".tar.gz"
    same(b["path"], "externalartifact/%s/app-b/%s" % (NS, name), "path")
    g = ask("GET", GENERATORS + "/split")
    same(g["metadata"]["finalizers"], ["source.extensions.fluxcd.io/finalizer"], "finalizer")
    same(g["status"]["inventory"], [
        {"name": n, "namespace": NS, "digest": x["digest"], "filename": x["path"].rsplit("/", 1)[1]}
        for n, x in (("app-a", a), ("app-b", b))], "inventory")
    source = artifact(SOURCES + "gitrepositories/repo")
    line = "repo=[digest=%(digest)s,revision=%(revision)s,url=%(url)s]" % source
    same(g["status"]["observedSourcesDigest"], "sha256:" + hashlib.sha256(line.encode()).hexdigest(), "observed")
    e = ask("GET", external("app-a"))
    same(e["metadata"]["labels"], {"app.kubernetes.io/managed-by": "source-watcher",
                                   "source.extensions.fluxcd.io/generator": g["metadata"]["uid"]}, "labels")
    same(e["spec"]["sourceRef"], {"apiVersion": "source.extensions.fluxcd.io/v1beta1", "kind": "ArtifactGenerator",
                                  "name": "split", "namespace": NS}, "sourceRef")
    same(condition(external("app-a")), "True Succeeded Artifact is ready", "condition")
    text = "Normal Ready external artifacts reconciled: %s/app-a (%s)\n%s/app-b (%s)" % (NS, a["digest"], NS, b["digest"])
    until(lambda: "an event: %r" % events("split"), lambda: text in events("split"))


def test_what_did_not_change_stays():
    before = {n: ask("GET", external(n)) for n in ("app-a", "app-b")}
    write("apps/a/a.yaml", config("a", "two"))
    push()
    until("the change is applied", lambda: value("a") == "two")
    write("apps/a/README.md", "# not part of it\n")
    revision = push()
    until("b has the revision", lambda: artifact(external("app-b"))["revision"] == revision)
    same(artifact(external("app-b"))["digest"], before["app-b"]["status"]["artifact"]["digest"], "digest of app-b")
    spec = split()
    del spec["artifacts"][1]["revision"], spec["artifacts"][0]["originRevision"]
    generator("split", spec)
    until("its own revision", lambda: artifact(external("app-b"))["revision"].startswith("latest@"))
    ready(GENERATORS + "/split", "True Succeeded reconciliation succeeded, generated 2 artifact(s)")
    before = {n: ask("GET", external(n)) for n in ("app-a", "app-b")}
    write("apps/b/b.yaml", config("b", "two"))
    push()
    until("the change is applied", lambda: value("b") == "two")
    same(ask("GET", external("app-a")), before["app-a"], "app-a was not touched")


def test_drift_is_mended():
    before = artifact(external("app-a"))
    ask("DELETE", external("app-a"))
    until("a deleted artifact is back", lambda: (artifact(external("app-a")) or {}).get("digest") == before["digest"])
    for harm in (os.unlink, lambda path: open(path, "w").close()):
        harm(DIR + "/store/" + before["path"])
        poke(GENERATORS + "/split")
        until("the stored file is back", lambda: os.path.exists(DIR + "/store/" + before["path"]) and
              os.path.getsize(DIR + "/store/" + before["path"]) == before["size"])
    same(inside("app-a"), {"a.yaml": config("a", "two")}, "app-a")


def test_values_are_merged_for_a_release():
    write("chart/Chart.yaml", "apiVersion: v2\nname: demo\nversion: 1.2.3\n")
    write("chart/values.yaml", "a: 1\nm:\n  x: 1\n  v: 1\n")
    write("chart/templates/c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: demo\n  namespace: shop\n"
          "data:\n  key: {{ .Values.a }}, {{ .Values.m.x }}, {{ .Values.m.v }}, {{ .Values.z }}\n")
    write("prod.yaml", "m:\n  v: 2\n---\nz: [3]\n")
    push()
    generator("chart", {"sources": [REPO], "artifacts": [{"name": "demo", "copy": [
        {"from": "@repo/chart", "to": "@artifact/"},
        {"from": "@repo/prod.yaml", "to": "@artifact/chart/values.yaml", "strategy": "Merge"}]}]})
    ready(GENERATORS + "/chart", "True Succeeded reconciliation succeeded, generated 1 artifact(s)")
    put(HR + "/demo", "helm.toolkit.fluxcd.io/v2", "HelmRelease",
        {"interval": "1h", "chartRef": {"kind": "ExternalArtifact", "name": "demo"}})
    until(lambda: "released: %s, %s" % (condition(HR + "/demo"), value("demo")),
          lambda: value("demo") == "1, 1, 2, [3]")


def test_one_from_another():
    """An ExternalArtifact is a source as well, and so is an archive in one."""
    generator("second", {"sources": [{"alias": "first", "kind": "ExternalArtifact", "name": "app-a"}],
                         "commonMetadata": {"labels": {"team": "x"}, "annotations": {"note": "y"}},
                         "artifacts": [{"name": "again", "revision": "@first", "copy": [
                             {"from": "@first/*.yaml", "to": "@artifact/deep/"}]}]})
    ready(GENERATORS + "/second", "True Succeeded reconciliation succeeded, generated 1 artifact(s)")
    same(inside("again"), {"deep/a.yaml": config("a", "two")}, "again")
    same(artifact(external("again"))["revision"], artifact(external("app-a"))["revision"], "revision")
    meta = ask("GET", external("again"))["metadata"]
    same((meta["labels"]["team"], meta["annotations"]["note"]), ("x", "y"), "common metadata")
    write("apps/a/a.yaml", config("a", "three"))
    push()
    until("the change went through both", lambda: artifact(external("again"))["revision"] ==
          artifact(external("app-a"))["revision"] and inside("again") == {"deep/a.yaml": config("a", "three")})


def test_directories_that_come_and_go():
    write("envs/Dev/eu/x.yaml", config("x", "1"))
    write("envs/prod/eu/x.yaml", config("x", "2"))
    push()
    path = generator("envs", {"sources": [REPO], "pathPattern": "@repo/envs/{env}/{region}", "artifacts": [
        {"name": "env-{env}-{region}", "copy": [{"from": "@repo/envs/{env}/{region}/**", "to": "@artifact/{env}/"}]}]})
    ready(path, "True Succeeded reconciliation succeeded, generated 2 artifact(s)")
    same(inside("env-dev-eu"), {"Dev/x.yaml": config("x", "1")}, "env-dev-eu")
    labels = ask("GET", external("env-prod-eu"))["metadata"]["labels"]
    same((labels["env"], labels["region"]), ("prod", "eu"), "labels")
    write("envs/prod/us/x.yaml", config("x", "3"))
    shutil.rmtree(DIR + "/work/envs/Dev")
    push()
    until("a new one", lambda: artifact(external("env-prod-us")) is not None)
    until("the old one is gone", lambda: ask("GET", external("env-dev-eu")) is None and
          not os.path.exists(DIR + "/store/externalartifact/%s/env-dev-eu" % NS))
    write("envs/PROD/us/x.yaml", config("x", "4"))
    push()
    text = ('failed to expand path pattern: pathPattern "@repo/envs/{env}/{region}": directories "envs/PROD/us" and '
            '"envs/prod/us" both resolve to artifact name "env-prod-us"')
    ready(path, "False BuildFailed " + text)
    same(condition(path, "Stalled"), "True BuildFailed " + text, "stalled")
    shutil.rmtree(DIR + "/work/envs/PROD")
    push()
    ready(path, "True Succeeded reconciliation succeeded, generated 2 artifact(s)")
    same(condition(path, "Stalled"), "", "stalled no more")


def test_errors():
    def bad(name, spec, text, stalled):
        path = generator(name, spec)
        ready(path, text)
        same(condition(path, "Stalled"), text.replace("False", "True", 1) if stalled else "", "stalled " + name)
        until(lambda: "an event: %r" % events(name), lambda: "Warning " + text[6:] in events(name))
        ask("DELETE", path)
        until("it is gone", lambda: ask("GET", path) is None)

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

    class Files(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(out.getvalue())

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    put(external("evil"), "source.toolkit.fluxcd.io/v1", "ExternalArtifact", {"sourceRef": {"kind": "Own", "name": "x"}})
    digest = "sha256:" + hashlib.sha256(out.getvalue()).hexdigest()
    patch(external("evil") + "/status", {"status": {"artifact": {
        "path": ours["path"], "digest": digest, "revision": "latest@" + digest, "lastUpdateTime": "2024-01-01T00:00:00Z",
        "url": "http://127.0.0.1:%d/x.tar.gz" % server.server_address[1]},
        "conditions": [{"type": "Ready", "status": "True", "reason": "x", "message": "", "lastTransitionTime": "2024-01-01T00:00:00Z"}]}})
    kustomization("evil", "evil")
    until("it is applied", lambda: value("evil") == "x")
    same(inside("app-a"), {"a.yaml": config("a", "three")}, "app-a")
    ask("DELETE", KS + "/evil")
    until("it is pruned", lambda: value("evil") is None)
    server.shutdown()


def rill(*argv):
    p = subprocess.run((RILL,) + argv, capture_output=True, text=True, timeout=60, env=dict(os.environ, KUBECONFIG=KUBECONFIG))
    return "%s%s[%d]" % (p.stdout, p.stderr, p.returncode)


def test_command_line():
    a = artifact(external("app-a"))
    short = "latest@sha256:" + a["revision"][14:22]
    def shows(want, *argv):
        got = " ".join(rill(*argv).split())
        if want not in got:
            fail("%s: %s\n   want: %s" % (argv, got, want))

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
    same([line.split(":")[0] for line in got[:5]],
         ["✔ GitRepository/%s/repo" % NS, "✔ ArtifactGenerator/%s/split" % NS, "✔ ExternalArtifact/%s/app-a" % NS,
          "✔ Kustomization/%s/a" % NS, "✔ ConfigMap/shop/a"], "why")


def test_disabled():
    path = GENERATORS + "/split"
    patch(path, {"metadata": {"annotations": {"source.extensions.fluxcd.io/reconcile": "Disabled"}}})
    before = artifact(external("app-a"))
    write("apps/a/a.yaml", config("a", "four"))
    push()
    poke(path)
    said = rill("why", "ArtifactGenerator/split", "-n", NS)
    if "disabled: nothing is done until its annotation is changed" not in said or "next: kubectl annotate" not in said:
        fail("why: " + said)
    asked = ask("GET", path)["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
    until("it is handled", lambda: status(path).get("lastHandledReconcileAt") == asked)
    same(artifact(external("app-a")), before, "nothing was made")
    patch(path, {"metadata": {"annotations": {"source.extensions.fluxcd.io/reconcile": "enabled"}}})
    poke(path)
    until("it is made", lambda: inside("app-a") == {"a.yaml": config("a", "four")})
    generator("asleep", split(), annotations={"source.extensions.fluxcd.io/reconcile": "disabled"})
    ready(GENERATORS + "/asleep", "True ReconciliationDisabled Initialized with reconciliation suspended")
    ask("DELETE", GENERATORS + "/asleep")


def test_killed():
    """Whenever the process dies, in the end there is what Git says."""
    for i in range(KILLS):
        write("apps/a/a.yaml", config("a", "kill%d" % i))
        commit()
        poke(SOURCES + "gitrepositories/repo")
        time.sleep(random.random() * 0.3)
        stop_controller(signal.SIGKILL)
        start_controller()
    until("the last commit is applied", lambda: value("a") == "kill%d" % (KILLS - 1))
    same(inside("app-a"), {"a.yaml": config("a", "kill%d" % (KILLS - 1))}, "app-a")


def test_cross_namespace():
    stop_controller()
    start_controller("--no-cross-namespace-refs")
    path = generator("cross", {"sources": [dict(REPO, namespace="shop")],
                               "artifacts": [{"name": "x", "copy": [{"from": "@repo/**", "to": "@artifact/"}]}]})
    ready(path, "False AccessDenied cross-namespace reference to source GitRepository/shop/repo is not allowed")
    stop_controller()
    start_controller()
    generator("cross", {"sources": [dict(REPO, namespace=NS)],
                        "artifacts": [{"name": "x", "copy": [{"from": "@repo/**", "to": "@artifact/"}]}]})
    ready(path, "True Succeeded reconciliation succeeded, generated 1 artifact(s)")
    ask("DELETE", path)


def test_the_end():
    for name in ("split", "envs"):
        ask("DELETE", GENERATORS + "/" + name)
    until("all are gone", lambda: all(ask("GET", external(n)) is None for n in ("app-a", "app-b", "env-prod-eu")))
    until("and their files", lambda: not os.path.exists(DIR + "/store/externalartifact/%s/app-a" % NS))
    until("and the generators", lambda: ask("GET", GENERATORS + "/split") is None)


try:
    os.makedirs(DIR + "/work")
    os.makedirs(DIR + "/root")
    git("init", "-q", "-b", "main")
    subprocess.run(("git", "init", "-q", "--bare", "-b", "main", DIR + "/root/repo.git"), check=True)
    git("remote", "add", "origin", DIR + "/root/repo.git")
    spawn("git", sys.executable, HERE + "/git_server.py", DIR + "/root", DIR + "/port", stdin=subprocess.PIPE)
    until("the Git server listens", lambda: os.path.exists(DIR + "/port") and os.path.getsize(DIR + "/port"))
    start_server()
    start_controller()
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            begin = time.time()
            test()
            print("%s: %.1f s" % (name, time.time() - begin), flush=True)
finally:
    for child in children.values():
        if child.poll() is None:
            child.kill()
            child.wait()
    if not os.environ.get("KEEP"):
        shutil.rmtree(DIR, ignore_errors=True)
