#!/usr/bin/env python3
"""flux_beside - Flux's controllers and rill, given the same: flux_beside.py RILL [N/M | CASE...]

Two API servers of `make peers`, one repository. On one server run Flux's source- and kustomize-controller, on the
other rill; both get the Kustomizations and GitRepositories of flux_beside_cases.py (of M groups the Nth), a second
commit, a request to reconcile all, and their deletion. After each step what can be seen must be the same: conditions,
inventory, history, events (type, reason, message, metadata), and all objects with their managed fields. What rill says
besides on purpose stands with the case (`more`). Says so and succeeds without the programs.
"""
import difflib
import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import peers
from flux_beside_cases import AHEAD, CASES, SOURCES


def group(names):
    """The Nth of M groups of all cases, for N/M."""
    if len(names) != 1 or "/" not in names[0]:
        return names
    n, m = map(int, names[0].split("/"))
    all = [*CASES, *SOURCES]
    return all[(n - 1) * len(all) // m:n * len(all) // m]


def with_needed(names):
    """And what those depend on."""
    for name in names:
        spec = CASES.get(name, {}).get("spec", {})
        names += {d["name"] for d in spec.get("dependsOn", []) + [spec.get("sourceRef", {"name": name})]
                  if d["name"] not in names and d["name"] in {*CASES, *SOURCES}}
    return names


RILL = os.path.realpath(sys.argv[1])
WANTED = with_needed(group(sys.argv[2:]))
HERE = os.path.dirname(os.path.realpath(__file__))
NS = "flux-system"
KS = "/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/%s/kustomizations" % NS
GIT = "/apis/source.toolkit.fluxcd.io/v1/namespaces/%s/gitrepositories" % NS
PROGRAMS = {n: peers.find(n) for n in ("source-controller", "kustomize-controller")}
SETTLED, PATIENCE = 7, 240
KINDS = ("/api/v1/configmaps", "/api/v1/secrets", "/api/v1/services", "/api/v1/namespaces", "/api/v1/serviceaccounts",
         "/apis/apps/v1/deployments", "/apis/rbac.authorization.k8s.io/v1/roles", "/apis/rbac.authorization.k8s.io/v1/rolebindings",
         "/apis/rbac.authorization.k8s.io/v1/clusterroles", "/apis/networking.k8s.io/v1/ingresses", "/apis/batch/v1/cronjobs",
         "/apis/autoscaling/v2/horizontalpodautoscalers", "/apis/scheduling.k8s.io/v1/priorityclasses",
         "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", "/apis/toys.example.com/v1/bears", "/apis/toys.example.com/v1/cars")
# Of Go, of webhooks that rill has not, of rill alone, and one that Flux has from the first token on.
OTHER_METRICS = re.compile(r"go_|process_|certwatcher_|controller_runtime_(conversion_)?webhook_|rill_|gotk_token_cache_requests_total")
OWN = {"kube-system", "kube-public", "kube-node-lease", "default"}


# ---- a side: a server, and who looks after it

class Side:
    def __init__(self, name, dir, git):
        self.name, self.dir, self.git, self.processes, self.metrics = name, dir, git, [], []
        os.makedirs(dir, exist_ok=True)
        self.server = peers.start_server(dir)
        if not self.server:
            sys.exit(0)
        self.server.install_definitions(RILL)
        self.local = threading.local()

    def call(self, method, path, body=None, kind="application/json"):
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode() if body is not None else None
        for again in range(3):
            c = getattr(self.local, "c", None)
            if not c:
                c = self.local.c = http.client.HTTPSConnection("127.0.0.1", self.server.port, timeout=60,
                                                               context=ssl._create_unverified_context())
            try:
                c.request(method, path, data, {"Authorization": "Bearer " + self.server.token, "Content-Type": kind})
                r = c.getresponse()
                text = r.read()
                return r.status, json.loads(text) if text.startswith(b"{") else {"message": text.decode()}
            except (OSError, http.client.HTTPException):
                self.local.c = None
        raise OSError("no answer")

    def make(self, path, body, kind="application/yaml"):
        status, answer = self.call("POST", path, body, kind)
        if status not in (200, 201):
            sys.exit("%s: %s %s: %s" % (self.name, path, body, answer))

    def merge(self, path, body):
        status, answer = self.call("PATCH", path, body, "application/merge-patch+json")
        if status != 200:
            print("%s: PATCH %s: %s" % (self.name, path, answer.get("message")))

    def list(self, path):
        return self.call("GET", path)[1].get("items") or []

    def spawn(self, name, *argv):
        log = open("%s/%s.log" % (self.dir, name), "ab")
        self.processes.append(subprocess.Popen(argv, stdout=log, stderr=log, cwd=self.dir, env={
            "PATH": os.environ["PATH"], "HOME": self.dir, "KUBECONFIG": self.server.kubeconfig, "RUNTIME_NAMESPACE": NS,
            "POD_NAMESPACE": NS, "TMPDIR": self.dir}))

    def start(self):
        storage = "127.0.0.1:%d" % peers.free_port()
        more = ["--watch-all-namespaces", "--events-addr=", "--interval-jitter-percentage=0", "--concurrent=60", "--requeue-dependency=3s",
                "--kube-api-qps=500", "--kube-api-burst=1000"]
        # What is old is collected by the next pass on both sides, however long they take.
        at = ["--storage-path=%s/store" % self.dir, "--storage-addr=" + storage, "--storage-adv-addr=" + storage,
              "--artifact-retention-ttl=5s"]
        os.makedirs(self.dir + "/store", exist_ok=True)
        if self.name == "rill":
            self.spawn("rill", RILL, "controller", *more, *at, self.metrics_flag(), "--health-addr=", "--override-manager=my-tool",
                       "--feature-gates=ExternalArtifact=false")
            return
        for name in PROGRAMS:
            own = at if name == "source-controller" else ["--override-manager=my-tool"]
            self.spawn(name, PROGRAMS[name], *more, *own, self.metrics_flag(), "--health-addr=127.0.0.1:%d" % peers.free_port())

    def metrics_flag(self):
        self.metrics.append("127.0.0.1:%d" % peers.free_port())
        return "--metrics-addr=" + self.metrics[-1]

    def stop(self):
        for p in self.processes:
            p.terminate()
        for p in self.processes:
            p.wait()
        self.server.stop()


# ---- what both are given

def basics(side):
    for name in (NS, "apps", "elsewhere"):
        side.make("/api/v1/namespaces", "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n" % name)
    core = "/api/v1/namespaces/%s/" % NS
    side.make(core + "configmaps", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars}\ndata: {from: map, both: map}\n")
    side.make(core + "secrets", "apiVersion: v1\nkind: Secret\nmetadata: {name: vars}\nstringData: {secret: hidden, both: secret}\n")
    side.make(core + "secrets", "apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {x.txt: nothing}\n")
    side.make(core + "secrets", "apiVersion: v1\nkind: Secret\nmetadata: {name: bad-keys}\nstringData: {x.agekey: nothing}\n")
    side.make(core + "serviceaccounts", "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: worker}\n")
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/apps/"
    side.make(rbac + "roles", "apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: worker}\n"
              "rules: [{apiGroups: [''], resources: [configmaps], verbs: ['*']}]\n")
    side.make(rbac + "rolebindings", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: worker}\n"
              "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: worker}\n"
              "subjects: [{kind: ServiceAccount, name: worker, namespace: %s}]\n" % NS)
    for case in cases().values():
        for text in case["before"]:
            side.make("/api/v1/namespaces/apps/configmaps?fieldManager=kubectl-client-side-apply", text)


def cases():
    return {k: v for k, v in CASES.items() if not WANTED or k in WANTED}


def sources():
    return {k: v for k, v in SOURCES.items() if not WANTED or k in WANTED}


def give(side):
    def repository(name, spec):
        spec = {"interval": "1h", "url": "{git}repo.git", "ref": {"branch": "main"}, "timeout": "20s", **spec}
        spec["url"] = spec["url"].replace("{git}", side.git)
        side.make(GIT, {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": {"name": name}, "spec": spec},
                  "application/json")
    repository("repo", {})
    until(side, "the repository is there", lambda: side.call("GET", GIT + "/repo")[1].get("status", {}).get("artifact"))
    for name, spec in sources().items():
        repository(name, spec)
    settle(side)
    for name, case in cases().items():
        spec = {"interval": "1h", "retryInterval": "1h", "timeout": "30s", "prune": True, "path": "./%s/%s" % (name, case["path"] or ""),
                "sourceRef": {"kind": "GitRepository", "name": "repo"}, **case["spec"]}
        side.make(KS, {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                       "metadata": dict(case["meta"], name=name), "spec": spec}, "application/json")


def touch(side):
    for case in cases().values():
        for path, patch in case["after"]:
            if path.startswith("DELETE "):
                side.call("DELETE", path[7:])
            else:
                side.merge(path, patch)


# ---- waiting

def until(side, what, ask):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if ask():
            return
        time.sleep(0.2)
    sys.exit("%s: not within %d s: %s" % (side.name, PATIENCE, what))


def unsettled(o, asked):
    status = o.get("status", {})
    if o["spec"].get("suspend"):
        return False
    if asked and status.get("lastHandledReconcileAt") != asked:
        return True
    c = {c["type"]: c for c in status.get("conditions", ())}
    return "Ready" not in c or c["Ready"]["status"] == "Unknown" or c.get("Reconciling", {}).get("reason") == "Progressing"


def settle(side, asked=None):
    last, since = None, time.monotonic()
    end = since + PATIENCE
    while time.monotonic() < end:
        items = side.list(KS) + side.list(GIT)
        waiting = [o["metadata"]["name"] for o in items if unsettled(o, asked)]
        now = [(o["metadata"]["name"], [(c["type"], c["status"], c["reason"]) for c in o.get("status", {}).get("conditions", ())]) for o in items]
        if waiting or now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > SETTLED:
            return
        time.sleep(0.5)
    print("%s: not settled: %s" % (side.name, waiting))


def ask_all(side, value):
    body = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": value}}}
    side.merge(GIT + "/repo", body)     # first what others include
    settle(side)
    for path in (GIT, KS):
        for o in side.list(path):
            side.merge(path + "/" + o["metadata"]["name"], body)
        if path == GIT:
            settle(side)


# ---- what can be seen

SPAN = r"(?:\d+(?:\.\d+)?(?:h|ms|µs|ns|m|s))+"


def plain(side, text):
    text = re.sub(r"(finished in|passed in|failed after|healthy in) " + SPAN, r"\1 SPAN", text)
    text = re.sub(r"[^\s'\"]*/kustomization-\d+/?", "", text)
    text = re.sub(r"\S*/gitrepository-[^/ ]*/?", "", text)
    text = re.sub(r"127\.0\.0\.1:\d\d+", "HOST", text)
    text = text.replace("is not in or below '.'", "is not in or below ''")
    for case in cases().values():
        text = re.sub(case["more"], "", text) if case["more"] else text
    # The server tells the errors of one object in an order of its own each time.
    lines = text.split("\n")
    at = [i for i, line in enumerate(lines) if line.startswith("  .")]
    for i, line in zip(at, sorted(lines[i] for i in at)):
        lines[i] = line
    text = "\n".join(lines)
    return text.replace(side.dir, "DIR")


def without_place(text):
    """rill adds where in the repository it is, where Flux has an empty line."""
    return re.sub(r"\n(at \S+)?$", "", text)


def seen_conditions(side, o):
    return {c["type"]: "%s %s %s (%s)" % (c["status"], c["reason"], without_place(plain(side, c["message"])), c.get("observedGeneration"))
            for c in o.get("status", {}).get("conditions", ())}


def seen_flux(side, path):
    found = {}
    for o in side.list(path):
        s = o.get("status", {})
        artifact = s.get("artifact") or {}
        found["%s/%s" % (o["kind"] if "kind" in o else path.rsplit("/", 1)[1], o["metadata"]["name"])] = {
            "conditions": seen_conditions(side, o),
            "finalizers": o["metadata"].get("finalizers"),
            "managers": sorted({(m["manager"], m["operation"], m.get("subresource", "")) for m in o["metadata"]["managedFields"]}),
            "inventory": [(e["id"], e["v"]) for e in (s.get("inventory") or {}).get("entries") or ()],
            "history": [(h["digest"], h["lastReconciledStatus"], h.get("metadata")) for h in s.get("history", ())],
            "artifact": (artifact.get("revision"), artifact.get("metadata")),
            "status": {k: v for k, v in s.items() if k not in ("conditions", "inventory", "history", "artifact", "includedArtifacts")},
            "keys": sorted(s)}
    for name, case in cases().items():
        for key in case["otherwise"]:
            found.get("Kustomization/" + name, {}).pop(key, None)
    return found


def seen_events(side):
    """Of those that say the same only the first: the message of Flux's next one may name another temporary directory, and
    is no repetition then."""
    found = {}
    not_told = [name for name, case in cases().items() if "events" in case["otherwise"]]
    for e in sorted(side.list("/api/v1/namespaces/%s/events" % NS), key=lambda e: (e["firstTimestamp"], e["metadata"]["uid"]), reverse=True):
        what = e["involvedObject"]
        if what["name"] in not_told:
            continue
        if what["name"] in AHEAD and e["reason"] in ("GarbageCollectionSucceeded", "GitOperationSucceeded"):
            continue
        message = without_place(plain(side, e["message"]))
        more = e["metadata"].get("annotations") or {}
        # Of a compressed archive, and no two programs compress alike.
        more.pop("source.toolkit.fluxcd.io/digest", None)
        found["%s/%s: %s %s %s" % (what["kind"], what["name"], e["type"], e["reason"], message)] = "%s by %s" % (
            json.dumps(more, sort_keys=True), e["source"].get("component"))
    return {"events": sorted("%s %s" % e for e in found.items())}


def seen_objects(side):
    found = {}
    not_compared = tuple(name for name, case in cases().items() if "objects" in case["otherwise"])
    for path in KINDS:
        for o in side.list(path):
            m = o["metadata"]
            if m["name"].startswith(not_compared) or m.get("namespace") in OWN or m["name"] in OWN or m["name"].startswith("system:") or m["name"].endswith("fluxcd.io"):
                continue
            for key in ("uid", "resourceVersion", "creationTimestamp", "deletionTimestamp", "generation", "selfLink"):
                m.pop(key, None)
            fields = m.pop("managedFields", [])
            for f in fields:
                f.pop("time", None)
            m["managedFields"] = sorted(fields, key=lambda f: json.dumps(f, sort_keys=True))
            for key in ("clusterIP", "clusterIPs"):
                o.get("spec", {}).pop(key, None)
            o.pop("status", None)
            found["%s %s/%s" % (path.rsplit("/", 1)[1], m.get("namespace", ""), m["name"])] = o
    return found


def seen_metrics(side):
    """The families, and with which labels they have values; what help says is each one's own."""
    found = {}
    for address in side.metrics:
        text = urllib.request.urlopen("http://%s/metrics" % address).read().decode()
        families = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
        for name, labels in re.findall(r"^([a-zA-Z_]\w*)(?:\{(.*)\})? \S+$", text, re.M):
            family = name if name in families else re.sub(r"_(bucket|sum|count)$", "", name)
            if not OTHER_METRICS.match(family):
                of = found.setdefault("metric " + family, {"type": families.get(family), "labels": set()})
                of["labels"].add(" ".join(sorted(re.findall(r'(?:^|,)(\w+)="', labels))))
    for of in found.values():
        of["labels"] = sorted(of["labels"])
    return found


def look(side):
    return {**seen_flux(side, KS), **seen_flux(side, GIT), **seen_events(side), **seen_objects(side)}


# ---- the whole

def commit(dir, files, first):
    def git(*args):
        subprocess.run(("git",) + args, cwd=dir + "/work", check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={
            "PATH": os.environ["PATH"], "HOME": dir, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b",
            "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"})
    if first:
        for name in ("root", "work"):
            os.makedirs("%s/%s" % (dir, name))
        git("init", "-q", "-b", "main")
        git("init", "-q", "--bare", "-b", "main", dir + "/root/repo.git")
    for path, text in files.items():
        path = "%s/work/%s" % (dir, path)
        if text is None:
            os.unlink(path)
            continue
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    git("add", "-A")
    git("commit", "-q", "--allow-empty", "-m", "change")
    git("push", "-q", dir + "/root/repo.git", "HEAD:main")


def steps(side, dir, barrier, seen):
    basics(side)
    side.start()
    give(side)
    settle(side)
    seen["first commit"] = look(side)
    touch(side)
    time.sleep(3)
    barrier.wait()          # the second commit is made
    barrier.wait()
    ask_all(side, "2")
    settle(side, "2")
    seen["second commit"] = look(side)
    ask_all(side, "3")
    settle(side, "3")
    seen["once more"] = {**look(side), **seen_metrics(side)}
    for path in (KS, GIT):
        for o in side.list(path):
            side.call("DELETE", path + "/" + o["metadata"]["name"])
    end = time.monotonic() + 60
    while time.monotonic() < end and side.list(KS) + side.list(GIT):
        time.sleep(0.5)
    seen["deleted"] = look(side)


def text_of(value):
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False).split("\n")


def compare(flux, rill):
    """How many things differ; a thing that differed at an earlier step is told once."""
    told, bad = set(), 0
    for step in flux:
        print("==== " + step)
        for key in sorted(set(flux[step]) | set(rill[step])):
            a, b = text_of(flux[step].get(key)), text_of(rill[step].get(key))
            lines = [l for l in difflib.unified_diff(a, b, "flux", "rill", lineterm="", n=0) if not l.startswith(("---", "+++", "@@"))]
            lines = [l for l in lines if (key, l) not in told]
            told.update((key, l) for l in lines)
            if lines:
                bad += 1
                print("-- %s\n   %s" % (key, "\n   ".join(lines)))
    return bad


def main():
    if not all(PROGRAMS.values()):
        print("flux_beside.py: skipped: there are no controllers of Flux: make peers, or set $PEERS")
        return 0
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    dir = tempfile.mkdtemp(prefix="rill-beside-")
    sides, server, seen = [], None, {"flux": {}, "rill": {}}
    try:
        commit(dir, {"%s/%s" % (n, p): t for n, c in CASES.items() for p, t in c["files"].items()}, True)
        server = subprocess.Popen((sys.executable, HERE + "/git_server.py", dir + "/root", dir + "/port"), stdin=subprocess.PIPE)
        while not os.path.exists(dir + "/port"):
            time.sleep(0.1)
        git = "http://127.0.0.1:%s/plain/" % open(dir + "/port").read()
        for name in seen:
            sides.append(Side(name, "%s/%s" % (dir, name), git))
        barrier, failed = threading.Barrier(len(sides) + 1), []

        def run(side):
            try:
                steps(side, dir, barrier, seen[side.name])
            except BaseException as e:
                failed.append("%s: %r" % (side.name, e))
                barrier.abort()
        threads = [threading.Thread(target=run, args=(s,)) for s in sides]
        for t in threads:
            t.start()
        try:
            barrier.wait()
            commit(dir, {"%s/%s" % (n, p): t for n, c in CASES.items() for p, t in c["then"].items()}, False)
            barrier.wait()
        except threading.BrokenBarrierError:
            pass
        for t in threads:
            t.join()
        if failed:
            return "; ".join(failed)
        if os.environ.get("BESIDE_OUT"):
            with open(os.environ["BESIDE_OUT"], "w") as f:
                json.dump(seen, f)
        return 1 if compare(seen["flux"], seen["rill"]) else 0
    finally:
        for s in sides:
            s.stop()
        if server:
            server.terminate()
        if not os.environ.get("BESIDE_KEEP"):
            shutil.rmtree(dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
