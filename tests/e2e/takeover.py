#!/usr/bin/env python3
"""takeover - a cluster goes from Flux to rill and back: takeover.py RILL SHARED

Flux's own controllers (of `make peers`) deploy the cookbook's template after
`flux migrate`; they stop and rill starts: no object differs but in statuses,
neither specs, nor managed fields, nor release records. Then each upgrades once
what the other left, and Flux has it back. On `rill server`, or on the API server
of $TEST_KUBECONFIG, which has nobody to run workloads: their statuses are
written here then. Skipped (status 77) without the controllers or the template.
"""
import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.request

import peers
from flux_case import Case
from flux_git import GitHost

SHARED = sys.argv[2]
TEMPLATE = os.path.join(SHARED, "corpus/template-flux")
CHARTS = os.path.join(SHARED, "corpus/charts/podinfo/repo")
CRDS = os.path.join(SHARED, "corpus/crds/current")
REAL = os.environ.get("TEST_KUBECONFIG")
FLUX = ("source", "kustomize", "helm")
# What comes and goes without anybody's doing, or is made of the rest.
PASSING = {"events", "leases", "endpointslices", "endpoints"}
SECONDS = 120


PEERS = {c: peers.find(c + "-controller") for c in FLUX}
if not all(PEERS.values()):
    print("takeover: skipped: no controllers of Flux: make peers, or set $PEERS")
    sys.exit(77)
if not all(map(os.path.isdir, (TEMPLATE, CHARTS, CRDS))):
    print("takeover: skipped: no recorded template in %s" % SHARED)
    sys.exit(77)
t = Case(server=not REAL, options=())
if REAL:
    t.kubeconfig = t.env["KUBECONFIG"] = REAL
    t.url = re.search(r"server: *(\S+)", open(REAL).read()).group(1)
    t.token = re.search(r"token: *(\S+)", open(REAL).read()).group(1)
host = GitHost(t.dir)
processes = {}


# Of both: in a cluster it is a Service's. Each has a directory of its own.
STORAGE = "127.0.0.1:%d" % peers.free_port()


def logs():
    return "".join("---- %s\n%s" % (n, "".join(open("%s/%s.log" % (t.dir, n)).readlines()[-15:])) for n in processes)


def until(what, ask):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        try:
            if ask():
                return
        except (KeyError, IndexError, TypeError, OSError):
            pass
        time.sleep(0.1)
    t.fail("not within %d s: %s\n%s" % (SECONDS, what, logs()))


# ---- who looks after the cluster

def spawn(name, argv, metrics):
    log = open("%s/%s.log" % (t.dir, name), "ab")
    processes[name] = subprocess.Popen(argv, stdout=log, stderr=log, cwd=t.dir, env={
        **t.env, "RUNTIME_NAMESPACE": "flux-system", "POD_NAMESPACE": "flux-system", "TMPDIR": t.dir})
    processes[name].metrics = metrics


def stop():
    for p in processes.values():
        p.terminate()
    for p in processes.values():
        p.wait()
    processes.clear()


def start_flux():
    """The sources first: their archives are not rill's to the byte, and Flux's other
    controllers take one of the other digest for broken, until the next interval."""
    os.makedirs(t.dir + "/flux-storage", exist_ok=True)
    for c in FLUX:
        metrics = "127.0.0.1:%d" % peers.free_port()
        argv = [PEERS[c], "--watch-all-namespaces", "--log-encoding=json", "--metrics-addr=" + metrics,
                "--health-addr=127.0.0.1:%d" % peers.free_port(), "--events-addr="]
        if c == "source":
            argv += ["--storage-path=" + t.dir + "/flux-storage", "--storage-addr=" + STORAGE,
                     "--storage-adv-addr=" + STORAGE]
        if c == "helm":
            argv += ["--watch-configs-label-selector=owner!=helm"]
        spawn(c + "-controller", argv, metrics)
        if c == "source":
            until("the sources have been looked at", lambda: "artifact" not in t.get(*FLUX_OBJECTS[0]).get(
                "status", {}) or all(passes().get(k) for k in ("gitrepository", "helmrepository", "helmchart")))


def start_rill():
    metrics = "127.0.0.1:%d" % peers.free_port()
    spawn("rill", [t.rill, "controller", "--storage-path", t.dir + "/rill-storage", "--storage-addr", STORAGE,
                   "--storage-adv-addr", STORAGE, "--metrics-addr", metrics, "--health-addr", ""], metrics)


def passes():
    """How often each controller has run, over all processes."""
    found = {}
    for p in processes.values():
        text = urllib.request.urlopen("http://%s/metrics" % p.metrics, timeout=10).read().decode()
        for name, n in re.findall(r'^controller_runtime_reconcile_total\{controller="(\w+)",result="\w+"\} (\d+)', text, re.M):
            found[name] = found.get(name, 0) + int(n)
    return found


def settle(before=None):
    """Each kind has been looked at, all are ready, and nothing happens any more."""
    wanted = ("gitrepository", "helmrepository", "helmchart", "kustomization", "helmrelease")
    until("all have been looked at", lambda: all(passes().get(k) for k in wanted))
    until("all are ready", all_ready)
    last = None
    for _ in range(60):
        now = passes()
        if now == last:
            return
        last = now
        time.sleep(2)
    t.fail("it does not come to rest: %s\n%s" % (last, logs()))


# ---- the cluster

def call(method, path, body=None, kind="application/json"):
    return t.call(method, path, body, kind)


def good(answer):
    if answer[0] not in (200, 201):
        t.fail("the server said %s" % (answer,))
    return answer[1]


FLUX_OBJECTS = (("source.toolkit.fluxcd.io/v1", "gitrepositories", "flux-system", "flux-system"),
                ("source.toolkit.fluxcd.io/v1", "helmrepositories", "flux-system", "podinfo"),
                ("source.toolkit.fluxcd.io/v1", "helmcharts", "flux-system", "podinfo-podinfo"),
                ("kustomize.toolkit.fluxcd.io/v1", "kustomizations", "flux-system", "flux-system"),
                ("kustomize.toolkit.fluxcd.io/v1", "kustomizations", "flux-system", "podinfo"),
                ("helm.toolkit.fluxcd.io/v2", "helmreleases", "podinfo", "podinfo"))


def ready(o):
    return o["metadata"]["generation"] == o["status"]["observedGeneration"] and any(
        c["type"] == "Ready" and c["status"] == "True" for c in o["status"]["conditions"])


def all_ready():
    return all(ready(t.get(*where)) for where in FLUX_OBJECTS)


def resources():
    groups = [("v1", "/api/v1")]
    for g in good(call("GET", "/apis"))["groups"]:
        v = g["preferredVersion"]["groupVersion"]
        groups.append((v, "/apis/" + v))
    for version, path in groups:
        for r in good(call("GET", path))["resources"]:
            if "list" in r["verbs"] and "/" not in r["name"] and r["name"] not in PASSING:
                yield version, path, r["name"]


def without_status(o):
    """The object but for what statuses are allowed to change."""
    o = json.loads(json.dumps(o))
    o.pop("status", None)
    o["metadata"].pop("resourceVersion", None)
    o["metadata"]["managedFields"] = [m for m in o["metadata"].get("managedFields", ()) if m.get("subresource") != "status"]
    return o


def snapshot():
    found = {}
    for version, path, name in resources():
        for o in good(call("GET", path + "/" + name))["items"]:
            m = o["metadata"]
            found["%s %s %s/%s" % (version, name, m.get("namespace", ""), m["name"])] = without_status(o)
    return found


def first_difference(a, b, path=""):
    if isinstance(a, dict) and isinstance(b, dict):
        for k in sorted(a.keys() | b.keys()):
            if a.get(k) != b.get(k):
                return first_difference(a.get(k), b.get(k), path + "/" + k)
    return "%s: %s -> %s" % (path, json.dumps(a)[:600], json.dumps(b)[:600])


def compare(who, before, after):
    said = []
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            said.append("%s %s" % (key, first_difference(before.get(key), after.get(key))))
    if said:
        t.fail("%s changed objects:\n%s" % (who, "\n".join(said)))
    print("%s: %d objects as they were" % (who, len(after)), flush=True)


def run_workloads():
    """Writes statuses for Deployments, as somebody who runs them would."""
    while True:
        time.sleep(0.1)
        try:
            for d in call("GET", "/apis/apps/v1/deployments")[1]["items"]:
                n, m = d["spec"]["replicas"], d["metadata"]
                if d.get("status", {}).get("observedGeneration") == m["generation"]:
                    continue
                call("PATCH", "/apis/apps/v1/namespaces/%s/deployments/%s/status" % (m["namespace"], m["name"]), {"status": {
                    "observedGeneration": m["generation"], "replicas": n, "updatedReplicas": n, "readyReplicas": n,
                    "availableReplicas": n, "conditions": [
                        {"type": "Available", "status": "True", "reason": "x", "message": "x"},
                        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable", "message": "x"}]}},
                     "application/merge-patch+json")
        except (OSError, KeyError, TypeError):
            pass


def define_kinds():
    definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    for name in sorted(os.listdir(CRDS)):
        if name.endswith(".yaml"):
            call("POST", definitions, open(os.path.join(CRDS, name)).read(), "application/yaml")
    until("the kinds are served", lambda: all(
        call("GET", "/apis/%s/%s/%s" % (d["spec"]["group"], v["name"], d["spec"]["names"]["plural"]))[0] == 200
        for d in call("GET", definitions)[1]["items"] for v in d["spec"]["versions"] if v["served"]))


# ---- the repository

def serve_charts():
    charts = os.path.join(t.dir, "charts")
    shutil.copytree(CHARTS, charts)
    subprocess.run(["chmod", "-R", "u+w", charts], check=True)
    index = os.path.join(charts, "index.yaml")
    text = open(index).read()
    with open(index, "w") as f:
        f.write(text.replace("https://stefanprodan.github.io/podinfo/", ""))

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=charts))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://127.0.0.1:%d" % server.server_address[1]


def files():
    """The template, migrated to what today's Flux takes, with charts from here."""
    shutil.copytree(TEMPLATE, t.work, dirs_exist_ok=True)
    subprocess.run(["chmod", "-R", "u+w", t.work], check=True)
    t.tell("migrate", "-f", ".", "--yes")
    found = {}
    for where, _, names in os.walk(t.work):
        for name in names:
            if name.endswith(".yaml"):
                path = os.path.join(where, name)
                found[os.path.relpath(path, t.work)] = open(path).read()
    repository = "bootstrap/helmrepositories/helmrepository-podinfo.yaml"
    found[repository] = found[repository].replace("https://stefanprodan.github.io/podinfo", serve_charts())
    return found


VALUES = "podinfo/configmap-podinfo-helm-chart-value-overrides.yaml"


def replicas(old, new):
    """Commits another number, and waits for it."""
    text = open(os.path.join(host.worktree("fleet.git"), VALUES)).read()
    host.commit("fleet.git", {VALUES: text.replace("replicaCount: %d" % old, "replicaCount: %d" % new)}, "replicas")
    for where in FLUX_OBJECTS[0], FLUX_OBJECTS[3]:
        t.patch(*where, {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": str(time.time())}}})
    text = "replicaCount: %d" % new
    until("the values arrive", lambda: text in t.get("v1", "configmaps", "podinfo", "podinfo-helm-chart-value-overrides")
          ["data"]["values.yaml"])
    t.patch(*FLUX_OBJECTS[5], {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": str(time.time())}}})
    until("%d replicas" % new, lambda: t.get("apps/v1", "deployments", "podinfo", "podinfo")["spec"]["replicas"] == new)


def version():
    history = t.get(*FLUX_OBJECTS[5])["status"]["history"][0]
    return history["version"], history["status"]


def main():
    if REAL:
        threading.Thread(target=run_workloads, daemon=True).start()
        define_kinds()
    host.repository("fleet.git", files())
    call("POST", "/api/v1/namespaces", {"metadata": {"name": "flux-system"}})
    good(call("POST", "/apis/source.toolkit.fluxcd.io/v1/namespaces/flux-system/gitrepositories", {
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": "flux-system"},
        "spec": {"interval": "10m", "url": host.base + "/fleet.git", "ref": {"branch": "main"}}}))
    good(call("POST", "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations", {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "flux-system"},
        "spec": {"interval": "10m", "path": "./bootstrap", "prune": True,
                 "sourceRef": {"kind": "GitRepository", "name": "flux-system"}}}))
    start_flux()
    settle()
    by_flux = snapshot()
    if version() != (1, "deployed"):
        t.fail("no release by Flux: %s" % (version(),))
    stop()
    start_rill()
    settle()
    compare("rill", by_flux, snapshot())
    replicas(1, 3)
    settle()
    if version() != (2, "deployed"):
        t.fail("no upgrade by rill: %s" % (version(),))
    by_rill = snapshot()
    stop()
    start_flux()
    settle()
    compare("Flux", by_rill, snapshot())
    replicas(3, 2)
    settle()
    if version() != (3, "deployed"):
        t.fail("no upgrade by Flux: %s" % (version(),))


try:
    main()
finally:
    stop()
