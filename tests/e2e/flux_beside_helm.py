#!/usr/bin/env python3
"""flux_beside_helm - helm-controller and rill, given the same HelmReleases: flux_beside_helm.py RILL [N/M | CASE...]

As flux_beside.py. Both sides get the HelmReleases of flux_beside_helm_cases.py, with one repository of charts; their next
state, a request to reconcile all, and their deletion. After each step what can be seen must be the same: conditions, status,
history, events, what the release records hold, HelmCharts, and the objects with their managed fields. Says so and succeeds
without the programs.
"""
import base64
import gzip
import hashlib
import http.server
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import urllib.request

import flux_beside as beside
import peers
from flux_beside_helm_cases import CASES, CHARTS, KUBECONFIGS, NS

HR = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/%s/helmreleases" % NS
SRC = "/apis/source.toolkit.fluxcd.io/v1/namespaces/%s/" % NS
CORE = "/api/v1/namespaces/%s/" % NS
PROGRAMS = {n: peers.find(n) for n in ("source-controller", "helm-controller")}
IMAGE = "application/vnd.oci.image.manifest.v1+json"
KINDS = ("/api/v1/configmaps", "/api/v1/secrets", "/api/v1/services", "/api/v1/namespaces", "/apis/apps/v1/deployments",
         "/apis/batch/v1/jobs", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")
OF_ALL = "toys.web.example.com"        # with the label of whichever release was last
# Reconciled over and over: so long must nothing have happened.
SETTLED, PATIENCE = 9, 150
# What fails is tried again with growing pauses, which begin anew in rill when somebody asks: from here on how often is chance.
RETRIES_TOLD = 3
# Where the values of an error stand (docs/helm.md).
SAID_BESIDES = r"\n\nValues:\n(\n\.Values\.\S+ is set in [^\n]+)+"


def wanted():
    """And what those depend on."""
    names = [n for n in sys.argv[2:] if n in CASES] or list(CASES)
    part = re.fullmatch(r"(\d+)/(\d+)", " ".join(sys.argv[2:]))
    if part:
        n, m = int(part[1]), int(part[2])
        names = names[(n - 1) * len(names) // m:n * len(names) // m]
    for name in names:
        names += [d["name"] for d in CASES[name]["spec"].get("dependsOn", ()) if d["name"] in CASES and d["name"] not in names]
    return {n: CASES[n] for n in CASES if n in names}


class Side(beside.Side):
    def start(self):
        storage = "127.0.0.1:%d" % peers.free_port()
        os.makedirs(self.dir + "/store", exist_ok=True)
        more = ["--watch-all-namespaces", "--events-addr=", "--concurrent=30", "--requeue-dependency=5s", "--kube-api-qps=500",
                "--kube-api-burst=1000", "--interval-jitter-percentage=0"]
        at = ["--storage-path=%s/store" % self.dir, "--storage-addr=" + storage, "--storage-adv-addr=" + storage]
        more.append("--feature-gates=ExternalArtifact=true")
        if self.name == "rill":
            self.spawn("rill", beside.RILL, "controller", *more, *at, "--metrics-addr=", "--health-addr=")
            return
        for name in PROGRAMS:
            self.spawn(name, PROGRAMS[name], *more[:len(more) - (name == "source-controller")], *(at if name == "source-controller" else ()),
                       "--metrics-addr=127.0.0.1:%d" % peers.free_port(), "--health-addr=127.0.0.1:%d" % peers.free_port())


# ---- what both are given

VALUES = """apiVersion: v1
kind: %s
metadata: {name: values}
%s:
  values.yaml: "colour: yellow"
  one: "'12'"
  commas: a,b=c
  bad: "{a"
  more.yaml: "count: 5"
  deep: "{m: {both: {y: 2}, of: ref}, list: [9], colour: deep}"
  number: "12"
  "true": "true"
  "null": "null"
  zero: "007"
  float: "1.5"
  empty: ""
  curly: "{a,b}"
  list: "[1, 2]"
  lines: "a=1,b\\\\n[c]\\n"
"""
STRONG = """apiVersion: v1
kind: ServiceAccount
metadata: {name: strong, namespace: %s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: strong}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: strong, namespace: %s}]
""" % (NS, NS)


def basics(side):
    for name in (NS, "elsewhere"):
        side.make("/api/v1/namespaces", "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n" % name)
    side.make(CORE + "configmaps", VALUES % ("ConfigMap", "data"))
    side.make(CORE + "secrets", VALUES % ("Secret", "stringData"))
    side.make(CORE + "serviceaccounts", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: weak}\n")
    account, binding = STRONG.split("---\n")
    side.make(CORE + "serviceaccounts", account)
    side.make("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", binding)
    with open(side.server.kubeconfig) as f:
        side.make(CORE + "secrets", {"metadata": {"name": "kubeconfig"}, "stringData": {"value": f.read()}}, "application/json")
    side.make(CORE + "secrets", {"metadata": {"name": "kubeconfigs"}, "stringData": KUBECONFIGS}, "application/json")
    for case in wanted().values():
        for text in case["before"]:
            side.make(CORE + "configmaps?fieldManager=kubectl-client-side-apply", text)


def external(side):
    """An ExternalArtifact that somebody made: the chart of a HelmChart."""
    artifact = side.call("GET", SRC + "helmcharts/shared")[1]["status"]["artifact"]
    side.make(SRC + "externalartifacts", {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact",
                                          "metadata": {"name": "made"}, "spec": {}}, "application/json")
    side.merge(SRC + "externalartifacts/made/status", {"status": {"artifact": artifact, "conditions": [
        {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "stored", "observedGeneration": 1,
         "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})


def images(source, registry):
    for name, ref, ns in (("tagged", {"tag": "1.1.0"}, NS), ("ranged", {"semver": "1.x"}, NS), ("other-tag", {"tag": "other"}, NS),
                          ("by-digest", {"digest": registry.digest}, NS), ("far", {"tag": "1.0.0"}, "elsewhere")):
        source("OCIRepository", "ocirepositories", name, {
            "interval": "1h", "url": "oci://%s/charts/web" % registry.host, "insecure": True, "ref": ref,
            "layerSelector": {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "operation": "copy"}}, ns)


def give(side, charts, registry):
    def source(kind, plural, name, spec, ns=NS):
        side.make(SRC.replace(NS, ns) + plural, {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": {"name": name}, "spec": spec},
                  "application/json")
    of = {"chart": "web", "version": "1.x", "interval": "1h", "sourceRef": {"kind": "HelmRepository", "name": "charts"}}
    source("HelmRepository", "helmrepositories", "charts", {"interval": "1h", "url": charts})
    source("HelmChart", "helmcharts", "shared", of)
    beside.until(side, "the shared chart is there",
                 lambda: side.call("GET", SRC + "helmcharts/shared")[1].get("status", {}).get("artifact"))
    external(side)
    images(source, registry)
    for name, case in wanted().items():
        spec = {"interval": "1h", "chart": {"spec": of}, **case["spec"]}
        for key in case["drop"]:
            spec.pop(key)
        side.make(HR.replace("/v2/", "/%s/" % case["version"]), {
            "apiVersion": "helm.toolkit.fluxcd.io/" + case["version"], "kind": "HelmRelease",
            "metadata": {"name": name, "annotations": case["meta"]}, "spec": spec}, "application/json")


def helm(side, words):
    done = subprocess.run((beside.RILL, "helm", *words, "-n", NS, "--kubeconfig", side.server.kubeconfig), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        print("%s: helm %s: %s" % (side.name, " ".join(words), done.stdout))


def change(side):
    for case in wanted().values():
        for method, path, body in case["after"]:
            if method == "DELETE":
                side.call("DELETE", path)
            elif method == "POST":
                side.make(path, body, "application/json")
            elif method == "HELM":
                helm(side, path.replace("CHARTS", side.dir + "/../charts").split())
            else:
                side.merge(path, body)
    for name, case in wanted().items():
        if not case["then"]:
            continue
        spec = dict(case["then"])
        if "values" in spec:     # as a whole
            before = side.call("GET", HR + "/" + name)[1].get("spec", {}).get("values", {})
            spec["values"] = {**{k: None for k in before}, **spec["values"]}
        side.merge(HR + "/" + name, {"spec": spec})


# ---- waiting

def unsettled(o, asked):
    status = o.get("status", {})
    if o["spec"].get("suspend"):
        return False
    if asked and status.get("lastHandledReconcileAt") != asked:
        return True
    c = {c["type"]: c for c in status.get("conditions", ())}
    if "Remediated" in c and "Reconciling" in c:     # there is another attempt
        return True
    if c.get("Ready", {}).get("observedGeneration") != o["metadata"]["generation"]:
        return True
    return c["Ready"]["status"] == "Unknown" or (c["Ready"]["status"] == "True" and "Reconciling" in c)


def settle(side, asked=None):
    last, since = None, time.monotonic()
    end = since + PATIENCE
    while time.monotonic() < end:
        items = side.list(HR)
        waiting = [o["metadata"]["name"] for o in items if unsettled(o, asked)]
        now = [(o["metadata"]["name"], [(c["type"], c["status"], c["reason"]) for c in o.get("status", {}).get("conditions", ())])
               for o in items]
        if waiting or now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > SETTLED:
            return
        time.sleep(0.7)
    print("%s: not settled: %s" % (side.name, waiting))


# ---- what can be seen

TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
UID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def plain(side, text):
    text = UID.sub("UID", TIMES.sub("TIME", text))
    text = text.replace("&limit=500", "")       # rill takes lists in pieces
    return re.sub(r"127\.0\.0\.1:\d\d+", "HOST", text).replace(side.dir, "DIR")


def plain_log(text):
    """Helm makes objects of a kind at once: who is told first is chance."""
    made = r"(?:TIME: (?:Created|Error creating) resource via patch: [^\n]*\n?)+"
    return re.sub(made, lambda m: "\n".join(sorted(m[0].strip("\n").split("\n"))) + "\n" * m[0].endswith("\n"), text)


def plain_tree(side, value):
    return json.loads(plain(side, json.dumps(value)))


def managers(o):
    return sorted({(m["manager"], m["operation"], m.get("subresource", "")) for m in o["metadata"]["managedFields"]})


def seen_releases(side):
    found = {}
    for o in side.list(HR):
        s = o.get("status", {})
        rest = {k: v for k, v in s.items() if k not in ("conditions", "lastAttemptedReleaseActionDuration", "history")}
        if rest.get("failures", 0) > RETRIES_TOLD:
            rest["failures"] = "many"
        for h in s.get("history") or ():
            h["digest"] = re.sub("[0-9a-f]{64}", "HEX", h["digest"])    # of a record with times in it
        found["HelmRelease/" + o["metadata"]["name"]] = {
            "conditions": {c["type"]: "%s %s %s (%s)" % (c["status"], c["reason"], plain(side, c["message"]), c.get("observedGeneration"))
                           for c in s.get("conditions", ())},
            "finalizers": o["metadata"].get("finalizers"), "managers": managers(o),
            "history": plain_tree(side, s.get("history")), "status": plain_tree(side, rest), "keys": sorted(s)}
    for o in side.list(SRC + "helmcharts"):
        m = o["metadata"]
        found["HelmChart/" + m["name"]] = {"spec": o["spec"], "labels": m.get("labels"), "annotations": m.get("annotations"),
                                           "managers": managers(o)}
    return found


def seen_events(side):
    found = {}
    for e in side.list(CORE + "events"):
        what = e["involvedObject"]
        if what["kind"] != "HelmRelease":
            continue
        text = plain_log(plain(side, e["message"]))
        if text.startswith("(combined from similar events)"):     # as many as there were retries
            continue
        if side.name == "rill":
            text = re.sub(SAID_BESIDES, "", text)
        more = json.dumps(e["metadata"].get("annotations") or {}, sort_keys=True)
        found.setdefault("events of " + what["name"], set()).add(
            "%s %s %s %s by %s" % (e["type"], e["reason"], text, more, e["source"].get("component")))
    return {k: sorted(v) for k, v in found.items()}


def open_record(o):
    """The record of a release in its Secret, without the templates, which are the chart's."""
    o["data"] = json.loads(gzip.decompress(base64.b64decode(base64.b64decode(o["data"]["release"]))))
    o["data"]["chart"].pop("templates", None)
    for key in ("createdAt", "modifiedAt"):
        if key in o["metadata"]["labels"]:
            o["metadata"]["labels"][key] = "TIME"


def seen_objects(side):
    found = {}
    for path in KINDS:
        for o in side.list(path):
            m = o["metadata"]
            if {m.get("namespace"), m["name"]} & beside.OWN or m["name"].endswith("fluxcd.io") or m["name"] in ("kube-root-ca.crt", "kubeconfig", "kubeconfigs"):
                continue
            for key in ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "selfLink"):
                m.pop(key, None)
            for f in m.get("managedFields", ()):
                f.pop("time", None)
            m["managedFields"] = sorted(m.get("managedFields", ()), key=lambda f: json.dumps(f, sort_keys=True))
            for key in ("clusterIP", "clusterIPs"):
                o.get("spec", {}).pop(key, None)
            if o.get("type") == "helm.sh/release.v1":
                open_record(o)
            o.pop("status", None)
            if m["name"] == OF_ALL:
                m["labels"]["helm.toolkit.fluxcd.io/name"] = "the last"
            found["%s %s/%s" % (path.rsplit("/", 1)[1], m.get("namespace", ""), m["name"])] = plain_tree(side, o)
    return found


def look(side, step):
    """Without what rill does otherwise in a step: the cases say how."""
    seen = {**seen_releases(side), **seen_events(side), **seen_objects(side)}
    gone = ["^%s(.*[ /.])?%s(-show|\\.v\\d+)?$" % (c["what"], n) for n, c in CASES.items() if step in c["apart"]]
    return {k: v for k, v in seen.items() if not any(re.search(g, k) for g in gone)}


# ---- the whole


class Registry:
    """docker-registry with the charts `web`, and one that has another tag than its version."""

    def __init__(self, dir, charts):
        port = peers.free_port()
        self.host = "127.0.0.1:%d" % port
        os.makedirs(dir)
        with open(dir + "/config.yml", "w") as f:
            f.write("version: 0.1\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: '%s'}\nlog: {level: error}\n"
                    % (dir, self.host))
        with open(dir + "/log", "w") as log:
            self.process = subprocess.Popen(("docker-registry", "serve", dir + "/config.yml"), stdout=log, stderr=log)
        for _ in range(600):
            if peers.listens(port):
                break
            time.sleep(0.1)
        for version in "1.0.0", "1.1.0":
            subprocess.run((beside.RILL, "helm", "push", "--plain-http", "%s/web-%s.tgz" % (charts, version), "oci://%s/charts" % self.host),
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        at = "http://%s/v2/charts/web/manifests/" % self.host
        manifest = urllib.request.urlopen(urllib.request.Request(at + "1.1.0", headers={"Accept": IMAGE})).read()
        self.digest = "sha256:" + hashlib.sha256(manifest).hexdigest()
        urllib.request.urlopen(urllib.request.Request(at + "other", manifest, {"Content-Type": IMAGE}, method="PUT"))

    def stop(self):
        self.process.terminate()
        self.process.wait()


def steps(side, charts, registry, seen):
    basics(side)
    side.start()
    give(side, charts, registry)
    settle(side)
    seen["made"] = look(side, "made")
    change(side)
    time.sleep(4)
    settle(side)
    seen["changed"] = look(side, "changed")
    for o in side.list(HR):
        side.merge(HR + "/" + o["metadata"]["name"], {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": "2"}}})
    settle(side, "2")
    seen["asked"] = look(side, "asked")
    for o in side.list(HR):
        side.call("DELETE", HR + "/" + o["metadata"]["name"])
    end = time.monotonic() + 90
    while time.monotonic() < end and side.list(HR):
        time.sleep(0.5)
    time.sleep(2)       # for the last events
    seen["deleted"] = look(side, "deleted")


def repository(dir):
    """Serves CHARTS; what stops it, and its URL."""
    os.makedirs(dir)
    for name, version, files in CHARTS:
        with tarfile.open("%s/%s-%s.tgz" % (dir, name, version), "w:gz") as t:
            for path, text in files.items():
                data = (text % version if path == "Chart.yaml" else text).encode()
                info = tarfile.TarInfo("%s/%s" % (name, path))
                info.size, info.mtime = len(data), 1700000000
                t.addfile(info, io.BytesIO(data))
    subprocess.run((beside.RILL, "helm", "repo", "index", dir), check=True, stdout=subprocess.DEVNULL)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kw):
            super().__init__(*args, directory=dir, **kw)

        def log_message(self, *args):
            pass
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, "http://127.0.0.1:%d/" % server.server_address[1]


def run_both(dir, charts, registry):
    seen, failed, sides = {"flux": {}, "rill": {}}, [], []

    def run(side):
        try:
            steps(side, charts, registry, seen[side.name])
        except BaseException as e:
            failed.append("%s: %r" % (side.name, e))
    try:
        sides = [Side(name, "%s/%s" % (dir, name), "") for name in seen]
        threads = [threading.Thread(target=run, args=(s,)) for s in sides]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        for s in sides:
            s.stop()
    if failed:
        sys.exit("; ".join(failed))
    return seen


def main():
    if not all(PROGRAMS.values()):
        print("flux_beside_helm.py: skipped: there are no controllers of Flux: make peers, or set $PEERS")
        return 0
    if not shutil.which("docker-registry"):
        print("flux_beside_helm.py: skipped: there is no docker-registry")
        return 0
    dir, registry = tempfile.mkdtemp(prefix="rill-beside-"), None
    try:
        server, charts = repository(dir + "/charts")
        registry = Registry(dir + "/registry", dir + "/charts")
        seen = run_both(dir, charts, registry)
        server.shutdown()
        if os.environ.get("BESIDE_OUT"):
            with open(os.environ["BESIDE_OUT"], "w") as f:
                json.dump(seen, f)
        return 1 if beside.compare(seen["flux"], seen["rill"]) else 0
    finally:
        if registry:
            registry.stop()
        if not os.environ.get("BESIDE_KEEP"):
            shutil.rmtree(dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
