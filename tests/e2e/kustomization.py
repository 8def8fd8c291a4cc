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
import sys
import time

from git_world import KUSTOMIZATIONS, NS, World, config, run

KILLS = int(os.environ.get("KILLS", "15"))
SERVER_KILLS = int(os.environ.get("SERVER_KILLS", "3"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 30))))
random.seed(SEED)
print("SEED=%d" % SEED)
w = World("--min-retry-delay", "50ms", "--requeue-dependency", "1s")


def ready(name):
    return w.condition(KUSTOMIZATIONS + name)


def configs(namespace="shop"):
    """Name and value of all that are ours."""
    all = w.get("/api/v1/namespaces/%s/configmaps" % namespace)
    if all is None:
        return None
    return {c["metadata"]["name"]: c["data"]["key"] for c in all["items"]
            if "kustomize.toolkit.fluxcd.io/name" in c["metadata"].get("labels", {})}


def applied(name, revision):
    return ready(name) == "True ReconciliationSucceeded Applied revision: " + revision


def test_the_way_of_a_commit():
    w.write("bootstrap/namespaces/shop.yaml", "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n")
    w.write("bootstrap/kustomizations/shop.yaml", """apiVersion: kustomize.toolkit.fluxcd.io/v1beta1
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
    w.write("shop/a.yaml", config("a", "one"))
    w.write("shop/b.yaml", config("b", "one"))
    revision = w.commit()
    w.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})     # a cluster that is not ours may have it
    w.repository()
    w.kustomization(KUSTOMIZATIONS + "root", "GitRepository", "repo", path="./bootstrap", wait=True,
                    retryInterval="1s")
    w.until("the root is ready", lambda: applied("root", revision))
    w.until("the app is ready", lambda: applied("shop", revision))
    w.same(configs(), {"a": "one", "b": "one"}, "objects")


def test_a_push():
    w.write("shop/a.yaml", config("a", "two"))
    os.unlink(w.dir + "/work/shop/b.yaml")
    revision = w.commit()
    begin = time.time()
    w.poke()
    w.until("the push is applied", lambda: applied("shop", revision))
    print("from request to applied: %.0f ms" % ((time.time() - begin) * 1000))
    w.same(configs(), {"a": "two"}, "objects")


def test_drift():
    w.patch("/api/v1/namespaces/shop/configmaps/a", {"data": {"key": "drifted"}})
    w.until("drift is put right", lambda: configs() == {"a": "two"})
    w.delete("/api/v1/namespaces/shop/configmaps/a")
    w.until("what was deleted is back", lambda: configs() == {"a": "two"})


def logged(what):
    """Lines of the log about Kustomization "shop" with that in their message."""
    found = []
    for line in open(w.dir + "/controller.log"):
        if '"controller":"kustomization"' in line and '"name":"shop"' in line:
            entry = json.loads(line)
            if what in entry["msg"]:
                found.append(entry)
    return found


def test_the_log_tells_each_thing_once():
    """As the original does: a failure and an end are one line, with what they are about; an event is none."""
    w.write("shop/bad.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  namespace: shop\nspec:\n"
          "  ports:\n  - port: 99999\n")
    revision, ends, before = w.commit(), len(logged("Reconciliation finished in ")), len(logged(""))
    w.poke()
    w.until("a bad value is told", lambda: "dry-run failed" in ready("shop"))
    failures = [entry for entry in logged("")[before:] if entry["level"] == "error"]
    assert len(failures) == 1, failures
    assert failures[0]["msg"].startswith("Reconciliation failed after ") and failures[0]["revision"] == revision, failures
    assert failures[0]["error"].startswith("Service/shop/s dry-run failed (Invalid): "), failures
    os.unlink(w.dir + "/work/shop/bad.yaml")
    w.write("shop/more.yaml", config("more", "x"))
    revision = w.commit()
    w.poke()
    w.until("all is well again", lambda: applied("shop", revision))
    assert [entry["revision"] for entry in logged("Reconciliation finished in ")[ends:]] == [revision]
    assert logged("server-side apply completed")[-1]["output"]["ConfigMap/shop/more"] == "created"
    assert not logged("ConfigMap/shop/more"), logged("ConfigMap/shop/more")
    os.unlink(w.dir + "/work/shop/more.yaml")
    revision = w.commit()
    w.poke()
    w.until("it is pruned", lambda: applied("shop", revision))
    assert [entry["msg"] for entry in logged("ConfigMap/shop/more")] == ["garbage collection completed: ConfigMap/shop/more deleted"]


def test_garbage_in_the_repository():
    w.write("shop/bad.yaml", "apiVersion: v1\nkind: Service\nmetadata:\n  name: s\n  namespace: shop\nspec:\n"
          "  ports:\n  - port: 99999\n")
    w.commit()
    w.poke()
    w.until("a bad value is told with its place", lambda: "\nat shop/bad.yaml:8:" in ready("shop"))
    w.write("shop/bad.yaml", "a: [\n")
    w.commit()
    w.poke()
    w.until("bad YAML is told, by the file's name in the repository", lambda: " failed to decode Kubernetes YAML "
            "from shop/bad.yaml: " in ready("shop") and "\nat shop/bad.yaml:" in ready("shop"))
    w.write("shop/bad.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\n  namespace: shop\ndata:\n  a: b\n  a: c\n")
    w.commit()
    w.poke()
    w.until("so is a key that is there twice", lambda: ready("shop").endswith("\nat shop/bad.yaml:8:3"))
    os.unlink(w.dir + "/work/shop/bad.yaml")
    revision = w.commit()
    w.poke()
    w.until("all is well again", lambda: applied("shop", revision))


def test_secret_variables_are_not_told():
    """What the server says of an object repeats its values: those from Secrets are left out."""
    secret, known = "s3cret" * 12, "kn0wn" * 13
    w.ask("POST", "/api/v1/namespaces/%s/secrets" % NS, {"metadata": {"name": "vars"}, "stringData": {"hidden": secret}})
    w.ask("POST", "/api/v1/namespaces/%s/configmaps" % NS, {"metadata": {"name": "vars"}, "data": {"open": known}})
    w.write("vars/a.yaml", config("v", "x").replace("metadata:", "metadata:\n  labels: {hidden: '${hidden}', open: '${open}'}"))
    w.commit()
    w.poke()
    w.kustomization(KUSTOMIZATIONS + "vars", "GitRepository", "repo", path="./vars", retryInterval="1s",
                    postBuild={"substituteFrom": [{"kind": kind, "name": "vars"} for kind in ("Secret", "ConfigMap")]})
    w.until("the label is refused", lambda: "*****" in ready("vars"))
    assert known in ready("vars") and secret not in ready("vars"), ready("vars")
    events = [e["message"] for e in w.get("/api/v1/namespaces/%s/events" % NS)["items"]
              if e["involvedObject"]["name"] == "vars"]
    assert [m for m in events if "*****" in m] and not [m for m in events if secret in m], events
    w.delete(KUSTOMIZATIONS + "vars")
    shutil.rmtree(w.dir + "/work/vars")
    w.commit()
    w.poke()


def test_a_remote_base():
    base = w.dir + "/base"
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
    w.git("init", "-q", "-b", "main", where="base")
    w.git("add", "-A", where="base")
    w.git("commit", "-q", "-m", "base", where="base")
    w.git("tag", "v1", where="base")
    w.git("clone", "-q", "--bare", base, w.dir + "/root/base.git")
    url = w.url + "plain/base.git//app"
    for ref in ("main", "v1"):
        w.write("shop/kustomization.yaml", "namespace: shop\nresources:\n- %s?ref=%s\n" % (url, ref))
        revision = w.commit()
        w.poke()
        w.until("the base is applied from " + ref, lambda: applied("shop", revision))
        w.same(configs(), {"remote": "base", "other": "base"}, "objects")
    w.write("shop/kustomization.yaml", "namespace: shop\nresources:\n- %s?ref=gone\n" % url)
    w.commit()
    w.poke()
    w.until("a base that is not there is told", lambda: "failed to fetch remote base" in ready("shop"))


def follows(want, revision):
    """The cluster becomes what Git says, soon after the status says so."""
    w.until("the last commit is applied", lambda: applied("shop", revision), 60)
    try:
        w.until("the cluster is what Git says", lambda: configs() == want, 60)
    except SystemExit:
        print("it has %r, and not %r" % (configs(), want), file=sys.stderr)
        raise


def change():
    """A random repository; gives what shall be there."""
    shutil.rmtree(w.dir + "/work/shop")
    w.write("shop/.keep", "")
    want = {}
    for name in random.sample("abcdefghij", random.randrange(1, 9)):
        want[name] = "v%d" % random.randrange(5)
        w.write("shop/%s.yaml" % name, config(name, want[name]))
    return want


def test_controllers_killed():
    want = revision = None
    for _ in range(KILLS):
        want = change()
        revision = w.commit()
        w.poke()
        time.sleep(random.random() * 0.15)
        w.restart_controller()
        if random.random() < 0.3:
            time.sleep(random.random() * 0.3)
    w.poke()
    follows(want, revision)
    inventory = sorted(e["id"] for e in w.get(KUSTOMIZATIONS + "shop")["status"]["inventory"]["entries"])
    w.same(inventory, sorted("shop_%s__ConfigMap" % n for n in want), "inventory")


def test_server_killed():
    if w.real:
        return
    for _ in range(SERVER_KILLS):
        want = change()
        revision = w.commit()
        w.poke()
        time.sleep(random.random() * 0.1)
        w.restart_server()
    w.poke()
    follows(want, revision)


def test_the_end():
    shutil.rmtree(w.dir + "/work/bootstrap/kustomizations")
    shutil.rmtree(w.dir + "/work/shop")
    revision = w.commit()
    w.poke()
    w.until("the root is ready", lambda: applied("root", revision))
    w.until("the app is gone", lambda: w.get(KUSTOMIZATIONS + "shop") is None)
    w.until("its objects are gone", lambda: configs() == {})


run(globals())
