#!/usr/bin/env python3
"""One release in many hands: helm_interop.py RILL [controller]

What `rill helm` or rill's controller installed, helm 4 and 3 list, upgrade, roll
back and uninstall, and the other way round. Programs that are not there
($PEERS) are left out; without any the test is skipped. On $TEST_KUBECONFIG's
server, where that is set. With `controller` the programs take turns with the
controller alone.
"""
import json, os, sys, time

from helm_session import Session, chart, ok, rill_controller
from helm_world import unfold
from peers import find
from world import until

peers = [name for name in ("helm", "helm3") if find(name)]
if not peers:
    print("helm_interop.py: skipped: there is no helm: make peers, or set $PEERS")
    sys.exit(77)

s = Session(sys.argv[1], "rill", rill_controller)
w = s.w
# By the name that its users know: it is the manager of fields.
PROGRAMS = {}
for name, path in [("rill", w.rill)] + [(n, find(n)) for n in peers]:
    os.mkdir(w.dir + "/" + name)
    os.symlink(path, w.dir + "/" + name + "/helm")
    PROGRAMS[name] = w.dir + "/" + name + "/helm"
unfold(w.dir + "/web", {
    "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: '9'\n", "values.yaml": "colour: none\n",
    "templates/a.yaml": """apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, labels: {colour: {{ .Values.colour }}}}
data: {colour: {{ .Values.colour }}, {{ .Values.colour }}: x}
---
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-hook, annotations: {helm.sh/hook: "pre-install,pre-upgrade"}}
""", "templates/NOTES.txt": "It is {{ .Values.colour }}\n"})


def helm(program, ns, *args, fails=False):
    code, out, err = w.run(PROGRAMS[program], "-n", ns, *args)
    assert bool(code) == fails, "%s -n %s %s: %d\n%s%s" % (program, ns, " ".join(args), code, out, err)
    return out


def colour(ns, name):
    data = w.get("/api/v1/namespaces/%s/configmaps/%s" % (ns, name))["data"]
    assert sorted(data) == sorted(["colour", data["colour"]]), data     # what was no longer wanted is gone
    return data["colour"]


def is_so(ns, name, revision, wanted):
    """Everybody sees the same release."""
    records = w.records(ns, name)
    assert [r["version"] for r in records if r["info"]["status"] == "deployed"] == [revision], (ns, [
        (r["version"], r["info"]["status"]) for r in records])
    assert colour(ns, name) == wanted, (ns, colour(ns, name))
    seen = []
    for p in PROGRAMS:
        one = json.loads(helm(p, ns, "list", "-o", "json", "-f", "^%s$" % name))
        assert (one[0]["revision"], one[0]["status"]) == (str(revision), "deployed"), (p, one)
        history = json.loads(helm(p, ns, "history", name, "-o", "json"))
        status = json.loads(helm(p, ns, "status", name, "-o", "json"))
        seen.append((one, [(h["revision"], h["status"], h["chart"], h["app_version"], h["description"]) for h in history],
                     helm(p, ns, "get", "manifest", name), helm(p, ns, "get", "values", name, "-o", "json"),
                     helm(p, ns, "get", "hooks", name), helm(p, ns, "get", "notes", name).strip(), status["info"]["status"]))
    for p, x in zip(PROGRAMS, seen):
        for a, b in zip(x, seen[0]):
            assert a == b, "%s sees %s, rill %s" % (p, a, b)


def in_turn(owner, other):
    ns = "%s-%s" % (owner, other)
    w.namespace(ns)
    helm(owner, ns, "install", "r", "./web", "--set", "colour=c0")
    is_so(ns, "r", 1, "c0")
    helm(other, ns, "upgrade", "r", "./web", "--set", "colour=c1")
    is_so(ns, "r", 2, "c1")
    helm(owner, ns, "upgrade", "r", "./web", "--reuse-values", "--set", "colour=c2")
    is_so(ns, "r", 3, "c2")
    helm(other, ns, "rollback", "r", "1")
    is_so(ns, "r", 4, "c0")
    helm(owner, ns, "rollback", "r")
    is_so(ns, "r", 5, "c2")
    helm(other, ns, "upgrade", "r", "./web", "--set", "colour=no label", fails=True)
    helm(owner, ns, "rollback", "r", "5")
    is_so(ns, "r", 7, "c2")
    helm(other, ns, "uninstall", "r")
    assert not w.records(ns) and not w.get("/api/v1/namespaces/%s/configmaps/r" % ns)
    helm(other, ns, "install", "back", "./web", "--set", "colour=c3")
    helm(owner, ns, "uninstall", "back", "--keep-history")
    assert [r["info"]["status"] for r in w.records(ns)] == ["uninstalled"]
    helm(other, ns, "rollback", "back", "1")
    is_so(ns, "back", 2, "c3")
    helm(owner, ns, "uninstall", "back")


def controlled(program):
    """The controller's releases in the program's hands, and the other way round."""
    ns = s.ns
    helm(program, ns, "list")
    s.release()
    s.settle(ok())
    one = json.loads(helm(program, ns, "list", "-o", "json"))
    assert one[0]["name"] == "web" and one[0]["status"] == "deployed" and one[0]["chart"] == "web-1.0.0", one
    s.change(values={"colour": "blue"})
    s.settle(ok("upgrade", 2))
    force = ["--force-conflicts"] if program != "helm3" else []
    helm(program, ns, "rollback", "web", "1", *force)
    assert s.object("configmaps")["data"]["colour"] == "red"
    s.reconcile()
    s.settle(ok("upgrade", 4))
    assert s.object("configmaps")["data"]["colour"] == "blue"
    helm(program, ns, "upgrade", "web", "./packed.tgz", "--set", "colour=green", *force)
    assert s.object("configmaps")["data"]["colour"] == "green"
    s.reconcile()
    s.settle(ok("upgrade", 6))
    assert s.object("configmaps")["data"]["colour"] == "blue"
    helm(program, ns, "uninstall", "web")
    s.reconcile()
    s.settle(ok())
    s.change(suspend=True)
    helm(program, ns, "uninstall", "web")
    helm(program, ns, "install", "web", "./packed.tgz", "--set", "colour=mine")
    s.w.patch("/apis/helm.toolkit.fluxcd.io/v2/namespaces/%s/helmreleases/web" % ns, {"spec": {"suspend": False}})
    s.settle(ok("upgrade", 2))
    assert s.object("configmaps")["data"]["colour"] == "blue"
    s.delete()
    until(lambda: not s.get(), lambda: s.told("web", "not gone"))
    assert not w.records(ns) and not s.object("configmaps")


open(w.dir + "/packed.tgz", "wb").write(chart())
try:
    for owner in PROGRAMS if sys.argv[2:] != ["controller"] else ():
        for other in PROGRAMS:
            if owner != other:
                began = time.time()
                in_turn(owner, other)
                print("%s and %s: %.1f s" % (owner, other, time.time() - began), flush=True)
    for program in PROGRAMS:
        began = time.time()
        s.begin("controlled-by-" + program)
        controlled(program)
        print("the controller and %s: %.1f s" % (program, time.time() - began), flush=True)
except AssertionError:
    print(w.log("controller", 10))
    raise
