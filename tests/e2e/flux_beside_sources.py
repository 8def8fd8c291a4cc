#!/usr/bin/env python3
"""flux_beside_sources - source-controller and rill, given the same sources: flux_beside_sources.py RILL [CASE...]

As flux_beside.py, for HelmRepositories, HelmCharts, OCIRepositories, Buckets and ExternalArtifacts: good ones, and every
way to fail that a stand-in can show. Both sides get the objects of flux_beside_sources_cases.py, a change of what lies behind
them and of their specs, a request to reconcile all, and their deletion. After each step what can be seen must be the same:
conditions, status, artifacts and what is in them, events. Where rill has words of its own on purpose, the case says
why ("words"), and only reasons are compared. Says so and succeeds without the programs.
"""
import gzip
import hashlib
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
from flux_beside_sources_cases import CASES, SECRETS, then
from flux_beside_sources_world import Behind

API = "/apis/source.toolkit.fluxcd.io/v1/namespaces/%s/" % beside.NS
PLURALS = {"HelmRepository": "helmrepositories", "HelmChart": "helmcharts", "OCIRepository": "ocirepositories", "Bucket": "buckets",
           "GitRepository": "gitrepositories", "ExternalArtifact": "externalartifacts"}
FIRST = ("GitRepository", "HelmRepository", "Bucket", "OCIRepository", "ExternalArtifact")


def wanted():
    return {n: c for n, c in CASES.items() if not beside.WANTED or n in beside.WANTED or c.get("base")}


def path_of(kind, name=""):
    return API + PLURALS[kind] + ("/" + name if name else "")


class Side(beside.Side):
    def start(self):
        storage = "127.0.0.1:%d" % peers.free_port()
        os.makedirs(self.dir + "/store", exist_ok=True)
        flags = ["--watch-all-namespaces", "--events-addr=", "--interval-jitter-percentage=0", "--concurrent=40", "--requeue-dependency=2s",
                 "--kube-api-qps=500", "--kube-api-burst=1000", "--storage-path=%s/store" % self.dir, "--storage-addr=" + storage,
                 "--storage-adv-addr=" + storage, "--metrics-addr=127.0.0.1:%d" % peers.free_port(), "--min-retry-delay=30s", "--artifact-retention-ttl=1h"]
        if self.name == "rill":
            self.spawn("rill", beside.RILL, "controller", *flags, "--health-addr=")
        else:
            self.spawn("source-controller", peers.find("source-controller"), *flags, "--health-addr=127.0.0.1:%d" % peers.free_port())


# ---- what both are given

def give(side, world):
    side.make("/api/v1/namespaces", "apiVersion: v1\nkind: Namespace\nmetadata: {name: %s}\n" % beside.NS)
    for name, data in SECRETS.items():
        data = dict(data)
        kind = data.pop("type", "Opaque")
        side.make("/api/v1/namespaces/%s/secrets" % beside.NS, {
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "type": kind,
            "stringData": {k: world.fill(v) for k, v in data.items()}}, "application/json")
    side.start()
    for kinds in (FIRST, ("HelmChart",)):
        for name, case in wanted().items():
            if (case["kind"] in kinds and not case.get("late")) or (case.get("late") and "HelmChart" in kinds):
                make(side, world, name, case)
        settle(side)


def make(side, world, name, case):
    spec = json.loads(world.fill(json.dumps(case["spec"])))
    if case["kind"] != "ExternalArtifact":
        spec.setdefault("interval", "1h")
    status, answer = side.call("POST", path_of(case["kind"]), {
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": case["kind"], "metadata": {"name": name}, "spec": spec})
    if status != 201:
        print("%s: %s is refused: %s" % (side.name, name, answer.get("message")))


def change(side, world):
    for name, case in wanted().items():
        if case.get("gone"):
            side.call("DELETE", path_of(case["kind"], name))
        elif case.get("patch"):
            side.merge(path_of(case["kind"], name), {"spec": json.loads(world.fill(json.dumps(case["patch"])))})


# ---- waiting

def objects(side):
    for kind, plural in PLURALS.items():
        for o in side.list(API + plural):
            yield kind, o


def settle(side, asked=None):
    last, since = None, time.monotonic()
    end = since + beside.PATIENCE
    while time.monotonic() < end:
        items = [(k, o) for k, o in objects(side) if k != "ExternalArtifact"]
        waiting = [o["metadata"]["name"] for _, o in items if unsettled(o, asked)]
        now = [(o["metadata"]["name"], [(c["type"], c["status"], c["reason"]) for c in o.get("status", {}).get("conditions", ())])
               for _, o in items]
        if waiting or now != last:
            last, since = now, time.monotonic()
        elif time.monotonic() - since > beside.SETTLED:
            return
        time.sleep(0.5)
    print("%s: not settled: %s" % (side.name, waiting))


def unsettled(o, asked):
    status = o.get("status", {})
    if o["spec"].get("suspend") or o["spec"].get("type") == "oci":
        return False
    c = {c["type"]: c for c in status.get("conditions", ())}
    if asked and status.get("lastHandledReconcileAt") != asked:
        return True
    return "Ready" not in c or c["Ready"]["status"] == "Unknown" and c.get("Reconciling", {}).get("reason") == "Progressing"


def ask_all(side, value):
    body = {"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": value}}}
    for chart in (False, True):
        for kind, o in objects(side):
            if (kind == "HelmChart") == chart and kind != "ExternalArtifact":
                side.merge(path_of(kind, o["metadata"]["name"]), body)
        settle(side, value if chart else None)


# ---- what can be seen

def plain(side, text):
    """Without the places of temporary files, which rill does not tell, and what Go's client says of who was late."""
    text = re.sub(r"\S*/helmchart-[^/ ]*/source/", "", beside.plain(side, text))
    return text.replace(" (Client.Timeout exceeded while awaiting headers)", "")


def content(side, artifact):
    """What is in it: digests depend on who packs, but for what is taken as it is."""
    try:
        data = urllib.request.urlopen(artifact["url"], timeout=10).read()
    except OSError as e:
        return str(e)
    if hashlib.sha256(data).hexdigest() != artifact["digest"].split(":")[1] or len(data) != artifact.get("size"):
        return "not what digest and size say"
    if not data.startswith(b"\x1f\x8b"):
        return json.loads(data) if data[:1] == b"{" else data.decode()
    found = {}
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as t:
        for m in t:
            body = hashlib.sha256(t.extractfile(m).read()).hexdigest()[:12] if m.isfile() else ""
            if m.name == ".":       # the root itself, which rill leaves out
                continue
            found[m.name] = "%o %s %d/%d %r %s" % (m.mode, m.type.decode(), m.uid, m.gid, m.uname, body)
    return found


def without_words(name, text):
    """The status and the reason alone, or only the status, of what rill says in its own way."""
    case = CASES.get(name, {})
    return " ".join(text.split()[:1 if case.get("reasons") else 2]) if case.get("words") else text


def seen(side, kind, o):
    s = o.get("status", {})
    artifact = s.get("artifact") or {}
    told = {k: v for k, v in artifact.items() if k in ("revision", "metadata")}
    if artifact:
        told["path"] = artifact["path"]
        told["url"] = plain(side, artifact["url"])
        told["content"] = content(side, artifact)
        if kind == "HelmChart" and o["spec"]["sourceRef"]["kind"] == "HelmRepository" and not o["spec"].get("valuesFiles"):
            told["digest"] = artifact["digest"]
    status = {k: plain(side, v) if isinstance(v, str) else v for k, v in s.items() if k not in ("conditions", "artifact")}
    name = o["metadata"]["name"]
    if "includedArtifacts" in status:       # their bytes depend on who packs
        status["includedArtifacts"] = [(a["path"], a["revision"]) for a in status["includedArtifacts"]]
    return {"conditions": {k: without_words(name, plain(side, v)) for k, v in beside.seen_conditions(side, o).items()}, "artifact": told, "status": status,
            "finalizers": o["metadata"].get("finalizers"),
            "managers": sorted({(m["manager"], m["operation"], m.get("subresource", "")) for m in o["metadata"]["managedFields"]})}


def look(side):
    found = {"%s/%s" % (kind, o["metadata"]["name"]): seen(side, kind, o) for kind, o in objects(side)}
    for e in beside.seen_events(side)["events"]:
        of, text = e.split(": ", 1)
        if text.startswith("Normal NewestVersion "):     # a hint of rill's own, of what there is
            continue
        told = found.setdefault("events of " + of, [])
        told += [t for t in [without_words(of.split("/")[1], plain(side, text))] if t not in told]
    return found


def without_looks(flux, rill):
    """rill looks once more when a Secret or a source has changed, and says so when it finds nothing."""
    for step, told in rill.items():
        for of in [of for of in told if of.startswith("events of ")]:
            known = flux[step].get(of, [])
            told[of] = [t for t in told[of] if t in known or not t.startswith("Normal ArtifactUpToDate ")]


# ---- the whole

def steps(side, world, barrier, told):
    give(side, world)
    told["made"] = look(side)
    change(side, world)
    settle(side)
    told["changed"] = look(side)
    barrier.wait()          # what lies behind changes
    barrier.wait()
    ask_all(side, "2")
    told["other things behind"] = look(side)
    ask_all(side, "3")
    told["once more"] = look(side)
    for charts in (True, False):
        for kind, o in list(objects(side)):
            if (kind == "HelmChart") == charts:
                side.call("DELETE", path_of(kind, o["metadata"]["name"]))
        end = time.monotonic() + 60
        while time.monotonic() < end and any((kind == "HelmChart") == charts for kind, _ in objects(side)):
            time.sleep(0.5)
    told["deleted"] = dict(look(side), store=sorted(f for _, _, files in os.walk(side.dir + "/store") for f in files
                                                    if not f.endswith((".lock", ".db"))))


def run_both(dir, world):
    told, failed = {"flux": {}, "rill": {}}, []
    sides = []
    barrier = threading.Barrier(3)

    def run(side):
        try:
            steps(side, world, barrier, told[side.name])
        except BaseException as e:
            failed.append("%s: %r" % (side.name, e))
            barrier.abort()
    try:
        sides = [Side(name, "%s/%s" % (dir, name), "") for name in told]
        threads = [threading.Thread(target=run, args=(s,)) for s in sides]
        for t in threads:
            t.start()
        try:
            barrier.wait()
            then(world)
            barrier.wait()
        except threading.BrokenBarrierError:
            pass
        for t in threads:
            t.join()
    finally:
        for s in sides:
            s.stop()
    if failed:
        sys.exit("; ".join(failed))
    return told


def main():
    if not peers.find("source-controller"):
        print("flux_beside_sources.py: skipped: there is no source-controller: make peers, or set $PEERS")
        return 0
    dir = tempfile.mkdtemp(prefix="rill-beside-")
    world = Behind(dir)
    try:
        if not world.start():
            return 0
        told = run_both(dir, world)
        if os.environ.get("BESIDE_OUT"):
            with open(os.environ["BESIDE_OUT"], "w") as f:
                json.dump(told, f)
        without_looks(told["flux"], told["rill"])
        return 1 if beside.compare(told["flux"], told["rill"]) else 0
    finally:
        world.stop()
        if not os.environ.get("BESIDE_KEEP"):
            shutil.rmtree(dir, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
