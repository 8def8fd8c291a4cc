#!/usr/bin/env python3
"""kustomization - from a commit to objects, with real programs: kustomization.py RILL

Git over HTTP, `rill controller` and an API server: `rill server`, or the one of
$TEST_KUBECONFIG. A repository with a root Kustomization (an old API version in
it, as the published template has it), changes, drift, pruning, and then faults:
the controllers killed $KILLS times at random moments while commits come, and
the API server killed and back $SERVER_KILLS times. In the end the cluster is
what Git says.
"""
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

RILL = os.path.realpath(sys.argv[1])
HERE = os.path.dirname(os.path.realpath(__file__))
KILLS = int(os.environ.get("KILLS", "15"))
SERVER_KILLS = int(os.environ.get("SERVER_KILLS", "3"))
REAL = os.environ.get("TEST_KUBECONFIG")
DIR = tempfile.mkdtemp(prefix="rill-e2e-")
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
NS, KS = "flux-system", "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations"
GIT = "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories"
random.seed(SEED)
os.environ.update(HOME=DIR, GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b",
                  GIT_COMMITTER_NAME="c", GIT_COMMITTER_EMAIL="c@d")
children = {}


def fail(text):
    print("kustomization.py: %s (SEED=%d)" % (text, SEED), file=sys.stderr)
    with open(DIR + "/controller.log") as f:
        for line in f.readlines()[-25:]:
            print(line.rstrip()[:600], file=sys.stderr)
    sys.exit(1)


def spawn(name, *argv, **more):
    log = open("%s/%s.log" % (DIR, name), "a")
    children[name] = subprocess.Popen(argv, stdout=log, stderr=log, cwd=DIR, **more)


def kill(name, how=signal.SIGKILL):
    children[name].send_signal(how)
    children[name].wait()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


# ---- the API server -----------------------------------------------------------------

PORT = free_port()
KUBECONFIG = REAL or DIR + "/kubeconfig"


def start_server():
    if REAL:
        return
    spawn("server", RILL, "server", "--crds", "flux", "--data-dir", DIR + "/data", "--listen", "127.0.0.1:%d" % PORT,
          "--plain-http", "--token", "secret", "--write-kubeconfig", KUBECONFIG)
    until("the server is ready", lambda: ask("GET", "/readyz", raw=True) == "ok" and os.path.exists(KUBECONFIG))


def endpoint():
    if not REAL:
        return "http://127.0.0.1:%d" % PORT, "secret"
    url = token = None
    for line in open(KUBECONFIG):
        key, _, value = line.strip().partition(": ")
        url = value if key == "server" else url
        token = value if key == "token" else token
    return url, token


def ask(method, path, body=None, kind="application/json", raw=False):
    url, token = endpoint()
    r = urllib.request.Request(url + path, method=method, data=json.dumps(body).encode() if body is not None else None,
                               headers={"Authorization": "Bearer " + token, "Content-Type": kind})
    try:
        with urllib.request.urlopen(r, timeout=10, context=ssl._create_unverified_context()) as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None
    return text if raw else json.loads(text)


def patch(path, body):
    return ask("PATCH", path, body, "application/merge-patch+json")


def put(path, obj):
    if not ask("PATCH", path + "?fieldManager=test&force=true", obj, "application/apply-patch+yaml"):
        fail("cannot apply " + path)


def until(what, true, seconds=20):
    end = time.time() + seconds
    while time.time() < end:
        if true():
            return
        time.sleep(0.02)
    fail("never: " + what)


# ---- Git -------------------------------------------------------------------------------

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


requests = 0


def fetch():
    global requests
    requests += 1
    patch(GIT + "/repo", {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": str(requests)}}})


def start_controller():
    spawn("controller", RILL, "controller", "--kubeconfig", KUBECONFIG, "--storage-path", DIR + "/store",
          "--storage-addr", "127.0.0.1:0", "--metrics-addr", "", "--health-addr", "", "--min-retry-delay", "50ms",
          "--requeue-dependency", "1s")


# ---- what is there ----------------------------------------------------------------------

def config(name, value, namespace="shop"):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n  namespace: %s\ndata:\n  key: %s\n" % (
        name, namespace, value)


def ready(name):
    for c in ((ask("GET", KS + "/" + name) or {}).get("status") or {}).get("conditions", []):
        if c["type"] == "Ready":
            return c["status"] + " " + c["message"]
    return ""


def configs(namespace="shop"):
    """Name and value of all that are ours."""
    all = ask("GET", "/api/v1/namespaces/%s/configmaps" % namespace)
    if all is None:
        return None
    return {c["metadata"]["name"]: c["data"]["key"] for c in all["items"]
            if "kustomize.toolkit.fluxcd.io/name" in c["metadata"].get("labels", {})}


def applied(name, revision):
    return ready(name) == "True Applied revision: " + revision


def test_the_way_of_a_commit():
    write("bootstrap/namespaces/shop.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n")
    write("bootstrap/kustomizations/shop.yaml", """apiVersion: kustomize.toolkit.fluxcd.io/v1beta1
kind: Kustomization
metadata:
  name: shop
  namespace: flux-system
spec:
  interval: 15m
  retryInterval: 1s
  path: shop
  prune: true # remove any elements later removed from the above path
  sourceRef:
    kind: GitRepository
    name: repo
  validation: server
""")
    write("shop/a.yaml", config("a", "one"))
    write("shop/b.yaml", config("b", "one"))
    revision = commit()
    ask("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}})
    port = open(DIR + "/port").read()
    put(GIT + "/repo", {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository",
                        "metadata": {"name": "repo", "namespace": NS},
                        "spec": {"interval": "1h", "url": "http://127.0.0.1:%s/plain/repo.git" % port,
                                 "ref": {"branch": "main"}}})
    put(KS + "/root", {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                       "metadata": {"name": "root", "namespace": NS},
                       "spec": {"interval": "1h", "retryInterval": "1s", "path": "./bootstrap", "prune": True,
                                "wait": True, "sourceRef": {"kind": "GitRepository", "name": "repo"}}})
    until("the root is ready", lambda: applied("root", revision))
    until("the app is ready", lambda: applied("shop", revision))
    if configs() != {"a": "one", "b": "one"}:
        fail("objects are %r" % configs())


def test_a_push():
    write("shop/a.yaml", config("a", "two"))
    os.unlink(DIR + "/work/shop/b.yaml")
    revision = commit()
    begin = time.time()
    fetch()
    until("the push is applied", lambda: applied("shop", revision))
    print("from request to applied: %.0f ms" % ((time.time() - begin) * 1000))
    if configs() != {"a": "two"}:
        fail("objects are %r" % configs())


def test_drift():
    patch("/api/v1/namespaces/shop/configmaps/a", {"data": {"key": "drifted"}})
    until("drift is put right", lambda: configs() == {"a": "two"})
    ask("DELETE", "/api/v1/namespaces/shop/configmaps/a")
    until("what was deleted is back", lambda: configs() == {"a": "two"})


def test_garbage_in_the_repository():
    write("shop/bad.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  namespace: shop\nspec:\n"
          "  ports:\n  - port: 99999\n")
    commit()
    fetch()
    until("a bad value is told with its place", lambda: "\nat shop/bad.yaml:8:" in ready("shop"))
    write("shop/bad.yaml", "a: [\n")
    commit()
    fetch()
    until("bad YAML is told", lambda: "failed to decode Kubernetes YAML" in ready("shop"))
    os.unlink(DIR + "/work/shop/bad.yaml")
    revision = commit()
    fetch()
    until("all is well again", lambda: applied("shop", revision))


def test_a_remote_base():
    base = DIR + "/base"
    for name in ("app", "other"):
        os.makedirs("%s/%s" % (base, name))
    with open(base + "/app/kustomization.yaml", "w") as f:
        f.write("resources: [cm.yaml, ../other]\n")
    with open(base + "/app/cm.yaml", "w") as f:
        f.write(config("remote", "base", "x"))
    with open(base + "/other/kustomization.yaml", "w") as f:
        f.write("resources: [cm.yaml]\n")
    with open(base + "/other/cm.yaml", "w") as f:
        f.write(config("other", "base", "x"))
    git("init", "-q", "-b", "main", where="base")
    git("add", "-A", where="base")
    git("commit", "-q", "-m", "base", where="base")
    git("tag", "v1", where="base")
    subprocess.run(("git", "clone", "-q", "--bare", base, DIR + "/root/base.git"), check=True)
    url = "http://127.0.0.1:%s/plain/base.git//app" % open(DIR + "/port").read()
    for ref in ("main", "v1"):
        write("shop/kustomization.yaml", "namespace: shop\nresources:\n- %s?ref=%s\n" % (url, ref))
        revision = commit()
        fetch()
        until("the base is applied from " + ref, lambda: applied("shop", revision))
        if configs() != {"remote": "base", "other": "base"}:
            fail("objects are %r" % configs())
    write("shop/kustomization.yaml", "namespace: shop\nresources:\n- %s?ref=gone\n" % url)
    commit()
    fetch()
    until("a base that is not there is told", lambda: "failed to fetch remote base" in ready("shop"))


def follows(want, revision):
    """The cluster becomes what Git says, soon after the status says so."""
    until("the last commit is applied", lambda: applied("shop", revision), 60)
    try:
        until("the cluster is what Git says", lambda: configs() == want, 60)
    except SystemExit:
        print("it has %r, and not %r" % (configs(), want), file=sys.stderr)
        raise


def change():
    """A random repository; gives what shall be there."""
    shutil.rmtree(DIR + "/work/shop")
    write("shop/.keep", "")
    want = {}
    for name in random.sample("abcdefghij", random.randrange(1, 9)):
        want[name] = "v%d" % random.randrange(5)
        write("shop/%s.yaml" % name, config(name, want[name]))
    return want


def test_controllers_killed():
    want = revision = None
    for _ in range(KILLS):
        want = change()
        revision = commit()
        fetch()
        time.sleep(random.random() * 0.15)
        kill("controller")
        start_controller()
        if random.random() < 0.3:
            time.sleep(random.random() * 0.3)
    fetch()
    follows(want, revision)
    inventory = sorted(e["id"] for e in ask("GET", KS + "/shop")["status"]["inventory"]["entries"])
    if inventory != sorted("shop_%s__ConfigMap" % n for n in want):
        fail("the inventory is %r, and not of %r" % (inventory, want))


def test_server_killed():
    if REAL:
        return
    for _ in range(SERVER_KILLS):
        want = change()
        revision = commit()
        fetch()
        time.sleep(random.random() * 0.1)
        kill("server")
        start_server()
    fetch()
    follows(want, revision)


def test_the_end():
    shutil.rmtree(DIR + "/work/bootstrap/kustomizations")
    shutil.rmtree(DIR + "/work/shop")
    revision = commit()
    fetch()
    until("the root is ready", lambda: applied("root", revision))
    until("the app is gone", lambda: ask("GET", KS + "/shop") is None)
    until("its objects are gone", lambda: configs() == {})


try:
    os.makedirs(DIR + "/work")
    os.makedirs(DIR + "/root")
    git("init", "-q", "-b", "main")
    subprocess.run(("git", "init", "-q", "--bare", "-b", "main", DIR + "/root/repo.git"), check=True)
    git("remote", "add", "origin", DIR + "/root/repo.git")
    spawn("git", sys.executable, HERE + "/git_server.py", DIR + "/root", DIR + "/port", stdin=subprocess.PIPE)
    until("the Git server listens", lambda: os.path.exists(DIR + "/port"))
    start_server()
    start_controller()
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            begin = time.time()
            test()
            print("%s: %.1f s" % (name, time.time() - begin))
finally:
    for child in children.values():
        if child.poll() is None:
            child.kill()
            child.wait()
    shutil.rmtree(DIR, ignore_errors=True)
