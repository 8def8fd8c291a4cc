#!/usr/bin/env python3
"""Killed at any moment, releases converge: helm_kill.py RILL [ROUNDS [SEED]]

In each round the controller, or `rill helm`, is killed with SIGKILL while it
installs or upgrades. What comes after (the next controller; the same command
again) must leave one deployed revision and nothing else: no pending record, no
object that is not wanted. The seed is printed; with it, the moments are the
same.
"""
import os, random, subprocess, sys, time

from helm_session import Session, chart, rill_controller
from world import until

ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 6
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.randrange(1 << 32)
print("helm_kill.py: seed %d" % SEED, flush=True)
random.seed(SEED)
s = Session(sys.argv[1], "rill", rill_controller)
w = s.w
open(w.dir + "/web.tgz", "wb").write(chart())
HELM = w.dir + "/helm"
os.symlink(w.rill, HELM)
# An object whose name changes with every revision: the old one must go.
EXTRA = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "extra"}}
counts = {}


def extra(i):
    return dict(EXTRA, metadata={"name": "extra-%d" % i})


def names(ns):
    return sorted(o["metadata"]["name"] for o in w.get("/api/v1/namespaces/%s/configmaps" % ns)["items"]
                  if o["metadata"]["name"] != "kube-root-ca.crt")


def check(ns, name, i, wanted):
    records = [(r["version"], r["info"]["status"]) for r in w.records(ns, name)]
    states = [status for _, status in records]
    assert states.count("deployed") == 1 and records[-1][1] == "deployed", (ns, records)
    assert not [x for x in states if x.startswith("pending")], (ns, records)
    assert names(ns) == sorted(wanted), (ns, names(ns), wanted)
    assert w.get("/api/v1/namespaces/%s/configmaps/%s" % (ns, name))["data"]["colour"] == "c%d" % i
    d = w.get("/apis/apps/v1/namespaces/%s/deployments/%s" % (ns, name))
    assert d and d["spec"]["replicas"] == 1 + i % 3, (ns, d and d["spec"])


def count(what):
    counts[what] = counts.get(what, 0) + 1


def controller(i):
    """An install in even rounds, else an upgrade of it."""
    ns = s.ns = "k%d" % (i // 2)
    values = {"colour": "c%d" % i, "replicas": 1 + i % 3, "extra": extra(i)}
    if i % 2 == 0:
        w.namespace(ns)
        s.case = ns
        s.seen[ns] = []
        s.chart(chart())
        s.release(values=values)
    else:
        s.change(values=values)
    time.sleep(random.random() * 0.15)
    before = [r["info"]["status"] for r in w.records(ns)]
    w.stop(s.p)
    count("controller, killed with the last record %s" % (before[-1] if before else "missing"))
    s.p = rill_controller(w)
    s.settle("Ready=True .*Succeeded Helm (install|upgrade) succeeded .*", seconds=120)
    until(lambda: w.get("/api/v1/namespaces/%s/configmaps/web" % ns)["data"]["colour"] == "c%d" % i, lambda: s.told("web", "old"))
    check(ns, "web", i, ["web", "extra-%d" % i])


def cli(i):
    ns = "h%d" % (i // 2)
    if i % 2 == 0:
        w.namespace(ns)
    open(w.dir + "/values.yaml", "w").write("{colour: c%d, replicas: %d, extra: {apiVersion: v1, kind: ConfigMap, metadata: "
                                            "{name: extra-%d}}}" % (i, 1 + i % 3, i))
    command = [HELM, "-n", ns, "upgrade", "--install", "r", "web.tgz", "-f", "values.yaml", "--timeout", "60s", "--force-conflicts"]
    p = subprocess.Popen(command, env=w.env, cwd=w.dir, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.005 + random.random() * 0.06)
    p.kill()
    p.wait()
    last = ([r["info"]["status"] for r in w.records(ns)] or ["missing"])[-1]
    count("helm, killed with the last record %s" % last)
    # Who knows that the owner is dead says so; else helm's words stand in the way.
    code, out, err = w.run(*command, "--take-over")
    assert code == 0, (last, code, out, err)
    check(ns, "r", i, ["r", "extra-%d" % i])


began = time.time()
for i in range(ROUNDS):
    try:
        controller(i)
        cli(i)
    except AssertionError:
        print("round %d of seed %d\n%s" % (i, SEED, w.log("controller", 20)))
        raise
for what in sorted(counts):
    print("   %4d  %s" % (counts[what], what))
print("helm_kill.py: %d rounds each, %.0f s" % (ROUNDS, time.time() - began))
