#!/usr/bin/env python3
"""walkthrough - the cookbook's template repository, unchanged, run by `rill up`.

    walkthrough.py RILL SHARED [bootstrap]

With "bootstrap", the same from `rill server`, `rill controller`, a Git server
and a chart repository, each a process of its own, and `flux bootstrap git`. The
server is that of $TEST_KUBECONFIG, where it is set.

SHARED holds corpus/template-flux and corpus/charts/podinfo/repo; without them
the test is skipped (status 77). What a user of the pages does, in their order:
deploy, look, change the number of replicas, ask for a version that does not
exist, suspend and resume, remove the application. The time of each step is
printed, and indented below it what somebody waits for in it.
"""
import functools
import http.server
import json
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

RILL = os.path.realpath(sys.argv[1])
SHARED = pathlib.Path(sys.argv[2])
TEMPLATE = SHARED / "corpus/template-flux"
CHARTS = SHARED / "corpus/charts/podinfo/repo"
PIECES = sys.argv[3:] == ["bootstrap"]
REAL = os.environ.get("TEST_KUBECONFIG") if PIECES else None
if not TEMPLATE.is_dir() or not CHARTS.is_dir():
    print("walkthrough: no recorded template in %s" % SHARED)
    sys.exit(77)

work = pathlib.Path(tempfile.mkdtemp(prefix="walkthrough"))
repo = work / "repo"
flux = work / "bin/flux"
env = {k: v for k, v in os.environ.items() if not k.startswith(("XDG_", "FLUX_", "KUBE"))}
env.update(HOME=str(work), GIT_CONFIG_NOSYSTEM="1", NO_COLOR="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b",
           GIT_COMMITTER_NAME="c", GIT_COMMITTER_EMAIL="c@d", KUBECONFIG=str(work / "state/kubeconfig"))


class Failed(Exception):
    pass


def run(*argv, ok=True, cwd=None, timeout=90):
    p = subprocess.run([str(a) for a in argv], env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                       timeout=timeout)
    if ok and p.returncode:
        raise Failed("%s ended with %d:\n%s" % (" ".join(map(str, argv)), p.returncode, p.stdout))
    return p.stdout if ok else (p.returncode, p.stdout)


def on_terminal(*argv):
    """What somebody reads who sits before it."""
    ours, theirs = os.openpty()
    p = subprocess.Popen([str(a) for a in argv], env=env, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    try:
        while True:
            text += os.read(ours, 65536)
    except OSError:     # nobody has the other end any more
        os.close(ours)
    p.wait()
    return text.decode()


def git(*argv):
    return run("git", *argv, cwd=repo)


def up(*flags):
    run(RILL, "up", repo, "--data-dir", work / "state", "--replace-source", "HelmRepository/podinfo=%s" % CHARTS, "--detach",
        "--until-ready", "--timeout", "60s", *flags)
    global server, token
    text = (work / "state/kubeconfig").read_text()
    server = re.search(r"server: (\S+)", text).group(1)
    token = re.search(r"token: (\S+)", text).group(1)


def down():
    run(RILL, "down", "--data-dir", work / "state")


context = ssl._create_unverified_context()


def get(path):
    """An object, or None."""
    r = urllib.request.Request(server + path, headers={"Authorization": "Bearer " + token})
    try:
        with urllib.request.urlopen(r, context=context, timeout=10) as f:
            return json.load(f)
    except urllib.error.HTTPError as e:
        if e.code == 404:
            return None
        raise


def until(what, true, seconds=10):
    start = time.monotonic()
    while True:
        try:
            if true():
                return time.monotonic() - start
        except (KeyError, IndexError, TypeError):
            pass
        if time.monotonic() - start > seconds:
            raise Failed("not within %s s: %s" % (seconds, what))
        time.sleep(0.02)


def waited(what, seconds):
    print("        %.2f s  %s" % (seconds, what))


def timed(*argv):
    start = time.monotonic()
    out = run(*argv)
    return out, time.monotonic() - start


def expect(text, pattern):
    if not re.search(pattern, text, re.M):
        raise Failed("no %r in:\n%s" % (pattern, text))


HR = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/podinfo/helmreleases/podinfo"
KS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/"
CHART = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/helmcharts/podinfo-podinfo"
DEPLOY = "/apis/apps/v1/namespaces/podinfo/deployments/podinfo"


def condition(path, type="Ready"):
    for c in get(path)["status"]["conditions"]:
        if c["type"] == type:
            return c
    return {}


def secrets():
    return sorted(s["metadata"]["name"] for s in get("/api/v1/namespaces/podinfo/secrets")["items"]
                  if s["type"] == "helm.sh/release.v1")


def commit(message):
    git("commit", "-qam", message)
    if PIECES:
        git("push", "-q", "origin", "HEAD:main")
        run(flux, "reconcile", "source", "git", "flux-system")


def change(path, old, new):
    f = repo / path
    text = f.read_text()
    if old not in text:
        raise Failed("%s has no %r" % (path, old))
    f.write_text(text.replace(old, new, 1))


def replicas(n):
    d = get(DEPLOY)
    return d["spec"]["replicas"] == n and d["status"].get("availableReplicas") == n


def version(n):
    return get(HR)["status"]["history"][0]["version"] == n


def ready(path):
    return condition(path)["status"] == "True"


VALUES = "podinfo/configmap-podinfo-helm-chart-value-overrides.yaml"
steps = []


def step(name):
    def wrap(f):
        steps.append((name, f))
        return f
    return wrap


def first_screen():
    """On a terminal, alone."""
    ours, theirs = os.openpty()
    start = time.monotonic()
    p = subprocess.Popen([str(a) for a in (RILL, "up", repo, "--data-dir", work / "seen")], env=dict(env, TERM="xterm"),
                         stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    os.close(theirs)
    text = b""
    try:
        while b"serving Kubernetes at " not in text:
            text += os.read(ours, 65536)
        waited("rill up: the first screen", time.monotonic() - start)
    except OSError:
        raise Failed("no screen:\n" + text.decode())
    finally:
        p.terminate()
        p.wait()
        os.close(ours)


def memory(pid):
    return int(re.search(r"^VmHWM:\s+(\d+)", pathlib.Path("/proc/%s/status" % pid).read_text(), re.M).group(1))


@step("deploy")
def deploy():
    first_screen()
    start = time.monotonic()
    up()
    waited("rill up: all is ready", time.monotonic() - start)
    print("        %.1f MiB at the most" % (memory((work / "state/lock").read_text().strip()) / 1024))
    waited("get all -A", min(timed(flux, "get", "all", "-A")[1] for _ in range(3)))
    expect(run(flux, "get", "kustomizations"), r"^flux-system\s+main@sha1:[0-9a-f]{8}\s+False\s+True\s+Applied revision: main@sha1:[0-9a-f]{8}\s*$")
    expect(run(flux, "get", "kustomizations"), r"^podinfo\s+main@sha1:[0-9a-f]{8}\s+False\s+True\s+Applied revision: main@sha1:[0-9a-f]{8}\s*$")


@step("look")
def look():
    expect(run(flux, "get", "helmreleases", "-n", "podinfo", "podinfo"),
           r"^podinfo\s+6\.14\.1\s+False\s+True\s+Helm install succeeded for release podinfo/podinfo\.v1 with chart podinfo@6\.14\.1\s*$")
    if not replicas(1):
        raise Failed("not one replica: %s" % get(DEPLOY)["status"])
    pods = get("/api/v1/namespaces/podinfo/pods?labelSelector=app.kubernetes.io/name=podinfo")["items"]
    if [p["status"]["phase"] for p in pods] != ["Running"]:
        raise Failed("pods: %s" % [p["status"] for p in pods])
    if secrets() != ["sh.helm.release.v1.podinfo.v1"]:
        raise Failed("releases: %s" % secrets())
    out = run(flux, "reconcile", "source", "git", "flux-system")
    expect(out, r"✔ fetched revision main@sha1:[0-9a-f]{40}$")
    expect(run(flux, "reconcile", "helmrelease", "-n", "podinfo", "podinfo"), r"✔ applied revision 6\.14\.1$")
    image = get(DEPLOY)["spec"]["template"]["spec"]["containers"][0]["image"]
    if image != "ghcr.io/stefanprodan/podinfo:6.0.3":
        raise Failed("image: " + image)


@step("three replicas")
def three():
    change(VALUES, "replicaCount: 1", "replicaCount: 3")
    commit("three replicas")
    start = time.monotonic()
    run(flux, "reconcile", "source", "git", "flux-system")
    run(flux, "reconcile", "kustomization", "podinfo")
    until("three replicas", lambda: replicas(3), 3 - (time.monotonic() - start))
    waited("from the commit to three replicas", time.monotonic() - start)
    until("release v2", lambda: version(2) and ready(HR), 3)
    time.sleep(0.5)
    if secrets() != ["sh.helm.release.v1.podinfo.v1", "sh.helm.release.v1.podinfo.v2"]:
        raise Failed("more than one upgrade: %s" % secrets())
    expect(condition(HR)["message"], r"^Helm upgrade succeeded for release podinfo/podinfo\.v2 with chart podinfo@6\.14\.1$")


@step("a saved file, not committed")
def saved():
    change(VALUES, "replicaCount: 3", "replicaCount: 2")
    waited("from the saved file to two replicas", until("two replicas", lambda: replicas(2), 3))
    git("commit", "-qam", "two replicas")


@step("a version that there is not")
def missing():
    change("podinfo/helmrelease-podinfo.yaml", "version: 6.x", "version: 10.x")
    commit("10.x")
    text = ("invalid chart reference: failed to get chart version for remote reference: no 'podinfo' chart with version "
            "matching '10.x' found")
    until("the chart fails", lambda: condition(CHART)["reason"] == "InvalidChartReference" and condition(CHART)["message"] == text)
    if condition(CHART, "Stalled").get("status") != "True" or condition(CHART, "FetchFailed").get("status") != "True":
        raise Failed("conditions: %s" % get(CHART)["status"])
    until("the release says so", lambda: condition(HR)["message"] == "HelmChart 'flux-system/podinfo-podinfo' is not ready: " + text)
    if condition(HR)["reason"] != "SourceNotReady":
        raise Failed("reason: %s" % condition(HR))
    code, out = run(flux, "reconcile", "source", "chart", "podinfo-podinfo", ok=False)
    expect(out, r"✗ .*" + re.escape(text))
    for more in ([], ["--with-source"]):
        start = time.monotonic()
        code, out = run(flux, "reconcile", "helmrelease", "podinfo", "-n", "podinfo", *more, ok=False)
        expect(out, r"✗ .*" + re.escape(text))
        if time.monotonic() - start > 30:
            raise Failed("a final outcome is waited for: %.1f s" % (time.monotonic() - start))
    for args in (["reconcile", "helmrelease", "podinfo", "-n", "podinfo"], ["get", "helmreleases", "-n", "podinfo"],
                 ["reconcile", "source", "chart", "podinfo-podinfo"], ["get", "sources", "chart"]):
        expect(on_terminal(flux, *args), r"the newest version of 'podinfo' is '6\.14\.1'")
    change("podinfo/helmrelease-podinfo.yaml", "version: 10.x", "version: 6.x")
    commit("6.x")
    until("recovered", lambda: ready(HR) and ready(CHART))


@step("suspended and resumed")
def suspended():
    run(flux, "suspend", "helmrelease", "podinfo", "-n", "podinfo")
    before = get(HR)["status"]["history"][0]["version"]
    now = get(DEPLOY)["spec"]["replicas"]
    change(VALUES, "replicaCount: %d" % now, "replicaCount: 4")
    commit("four replicas")
    run(flux, "reconcile", "source", "git", "flux-system")
    run(flux, "reconcile", "kustomization", "podinfo")
    time.sleep(0.5)
    if not replicas(now) or not version(before):
        raise Failed("suspended, and changed")
    run(flux, "resume", "helmrelease", "podinfo", "-n", "podinfo")
    until("four replicas", lambda: replicas(4), 5)


@step("removed")
def removed():
    git("rm", "-qr", "podinfo", "bootstrap/kustomizations")
    commit("no podinfo")
    until("pruned", lambda: get(KS + "podinfo") is None and get(HR) is None and get(DEPLOY) is None and not secrets())
    if get("/api/v1/namespaces/podinfo") is None:
        raise Failed("the namespace went with the application")
    git("rm", "-qr", "bootstrap/namespaces")
    commit("no namespace")
    until("no namespace", lambda: get("/api/v1/namespaces/podinfo") is None, 30)
    if not PIECES:
        down()


@step("with upstream's label selector")
def upstream():
    git("reset", "-q", "--hard", "template")
    up("--watch-configs-label-selector", "reconcile.fluxcd.io/watch=Enabled")
    change(VALUES, "replicaCount: 1", "replicaCount: 3")
    commit("three replicas")
    run(flux, "reconcile", "source", "git", "flux-system")
    run(flux, "reconcile", "kustomization", "podinfo")
    time.sleep(1)
    if not version(1) or not replicas(1):
        raise Failed("upgraded without being asked")
    run(flux, "reconcile", "helmrelease", "-n", "podinfo", "podinfo")
    until("three replicas", lambda: replicas(3), 5)
    down()


# ---- the same in pieces


processes = []


def start(*argv, **more):
    p = subprocess.Popen([str(a) for a in argv], env=env, stdout=open(work / "pieces.log", "a"), stderr=subprocess.STDOUT, **more)
    processes.append(p)
    return p


def serve_charts():
    """The recorded repository, with its archives beside the index."""
    charts = work / "charts"
    shutil.copytree(CHARTS, charts)
    run("chmod", "-R", "u+w", charts)
    index = charts / "index.yaml"
    index.write_text(re.sub(r"https://stefanprodan.github.io/podinfo/", "", index.read_text()))
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(charts)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://127.0.0.1:%d" % server.server_address[1]


def connect():
    global server, token
    path = work / "state/kubeconfig"
    until("the server listens", lambda: path.exists() and path.stat().st_size)
    server = re.search(r"server: (\S+)", path.read_text()).group(1)
    token = re.search(r"token: (\S+)", path.read_text()).group(1)


def bootstrap():
    here = pathlib.Path(__file__).resolve().parent
    (work / "state").mkdir()
    if REAL:
        shutil.copy(REAL, work / "state/kubeconfig")
    else:
        start(RILL, "server", "--write-kubeconfig", work / "state/kubeconfig")
    start(sys.executable, here / "git_server.py", work / "git", work / "port", stdin=subprocess.PIPE)
    connect()
    until("the Git server listens", lambda: (work / "port").exists())
    url = "http://127.0.0.1:%s/plain/fleet.git" % (work / "port").read_text()
    change("bootstrap/helmrepositories/helmrepository-podinfo.yaml", "https://stefanprodan.github.io/podinfo", serve_charts())
    git("commit", "-qam", "charts from here")
    git("clone", "-q", "--bare", ".", work / "git/fleet.git")
    run("git", "-C", work / "git/fleet.git", "config", "http.receivepack", "true")
    git("remote", "add", "origin", url)
    start(RILL, "controller", "--storage-path", work / "artifacts", "--storage-addr", "127.0.0.1:0", "--metrics-addr",
          "127.0.0.1:0", "--health-addr", "127.0.0.1:0")
    out = run(flux, "bootstrap", "git", "--url", url, "--allow-insecure-http", "--token-auth", "--password", "x", "--path",
              "bootstrap", "--timeout", "60s")
    expect(out, r"^✔ all components are healthy$")
    git("pull", "-q", "--rebase", "origin", "main")
    if len(git("log", "--format=%s", "origin/main").splitlines()) != 4:
        raise Failed("not two commits: " + git("log", "--format=%s", "origin/main"))
    for name in ("gotk-components.yaml", "gotk-sync.yaml", "kustomization.yaml"):
        if not (repo / "bootstrap/flux-system" / name).exists():
            raise Failed("no " + name)


def pushed():
    until("applied", lambda: ready(KS + "podinfo") and ready(HR), 30)
    if not replicas(1):
        raise Failed("not one replica")
    change(VALUES, "replicaCount: 1", "replicaCount: 3")
    git("commit", "-qam", "three replicas")
    git("push", "-q", "origin", "HEAD:main")
    start = time.monotonic()
    run(flux, "reconcile", "source", "git", "flux-system")
    returned = time.monotonic() - start
    until("three replicas", lambda: replicas(3) and version(2) and ready(HR))
    waited("from the push to the end of reconcile source git", returned)
    waited("from the push to three replicas", time.monotonic() - start)


if PIECES:
    steps = [("bootstrap", bootstrap), ("three replicas", pushed), *(s for s in steps if s[1] in (missing, suspended, removed))]


def main():
    flux.parent.mkdir()
    flux.symlink_to(RILL)
    shutil.copytree(TEMPLATE, repo)
    run("chmod", "-R", "u+w", repo)
    git("init", "-q", "-b", "main")
    git("add", "-A")
    git("commit", "-qm", "from the template")
    git("tag", "template")
    for name, f in steps:
        start = time.monotonic()
        f()
        print("%6.2f s  %s" % (time.monotonic() - start, name), flush=True)


try:
    main()
except (Failed, subprocess.TimeoutExpired, urllib.error.URLError) as e:
    print("walkthrough: %s" % e)
    for log in (work / "state/log", work / "pieces.log"):
        if log.exists():
            print("".join(log.read_text().splitlines(True)[-15:]))
    sys.exit(1)
finally:
    subprocess.run([RILL, "down", "--data-dir", str(work / "state")], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for p in processes:
        p.terminate()
    for p in processes:
        p.wait()
    shutil.rmtree(work, ignore_errors=True)
