#!/usr/bin/env python3
"""Releases where a request is refused, or a record cannot be read: helm_faults.py RILL

Each case has a namespace with a release, a line, and the requests that the proxy before the server refuses meanwhile. What
the line says, how it exits and which revisions there are afterwards stands with the case, as helm 4.3 has it: where helm is
($PEERS), it is asked the same and must agree.
"""
import os, re, sys

from helm_world import World, masked, unfold
from peers import find
from proxy import Proxy

w = World(sys.argv[1])
proxy = Proxy(w)
os.symlink(w.rill, w.dir + "/helm")
PROGRAMS = [p for p in (w.dir + "/helm", find("helm")) if p]
CONFIG = """apiVersion: v1
kind: ConfigMap
metadata: {name: %s}
data: {a: "{{ .Values.colour }}"}
---
"""
WEB = CONFIG % "a" + CONFIG % "b" + """{{- if .Values.more }}
""" + CONFIG % "more" + """{{- end }}
{{- if .Values.bad }}
apiVersion: v1
kind: Service
metadata: {name: bad}
spec: {ports: [{port: 0}]}
{{- end }}
{{- with .Values.scaler }}
---
apiVersion: {{ . }}
kind: HorizontalPodAutoscaler
metadata: {name: scaler}
spec: {maxReplicas: 2, scaleTargetRef: {kind: Deployment, name: none, apiVersion: apps/v1}}
{{- end }}
"""
HOOKS = """{{- range $name, $x := .Values.hooks }}
---
apiVersion: {{ $x.image | ternary "batch/v1" "v1" }}
kind: {{ $x.image | ternary "Job" "ConfigMap" }}
metadata:
  name: {{ $name }}
  annotations: {helm.sh/hook: "{{ $x.on }}", helm.sh/hook-delete-policy: {{ $x.policy | default "before-hook-creation" }}}
{{- with $x.image }}
spec: {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: run, image: {{ . }}}]}}}
{{- end }}
{{- end }}
"""
unfold(w.dir + "/web", {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "values.yaml": "colour: red\n",
                        "templates/a.yaml": WEB, "templates/hooks.yaml": HOOKS.replace("$x.image |", "(hasKey $x \"image\") |")})
unfold(w.dir + "/empty", {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.1.0\n", "templates/a.yaml": ""})
unfold(w.dir + "/kept", {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
                         "templates/a.yaml": (CONFIG % "a").replace("{name: a}", "{name: a, annotations: {helm.sh/resource-policy: keep}}")})
LIST = ("GET", r"/secrets\?.*labelSelector=")
RECORD = r"/secrets/sh\.helm\.release\.v1\.web\.v%d"
failures, names = [], iter("case%d" % i for i in range(10000))


def break_record(ns):
    w.patch("/api/v1/namespaces/%s/secrets/sh.helm.release.v1.web.v1" % ns, {"data": {"release": "eA=="}})


def disown(ns):
    w.patch("/apis/autoscaling/v1/namespaces/%s/horizontalpodautoscalers/scaler" % ns, {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}})


def lose(name):
    return lambda ns: w.delete("/api/v1/namespaces/%s/configmaps/%s" % (ns, name))


def configs(ns):
    return sorted(o["metadata"]["name"] for o in w.get("/api/v1/namespaces/%s/configmaps" % ns)["items"] if o["metadata"]["name"] != "kube-root-ca.crt")


def revisions(ns):
    out = []
    for s in w.secrets(ns):
        labels = s["metadata"]["labels"]
        out.append("v%s %s" % (labels["version"], labels["status"]))
    return out


def run(program, line, before, refused):
    ns = next(names)
    w.namespace(ns)
    for step in before:
        if callable(step):
            step(ns)
        else:
            w.run(program, "-n", ns, *step.split())
    proxy.allow()
    for rule in refused:
        proxy.refuse(*rule)
    code, out, err = w.run(program, "-n", ns, *line.split(), env={"KUBECONFIG": proxy.kubeconfig})
    proxy.allow()
    said = re.sub(r"(?m)^[IWE]\d{4} [\d:.]+ .*\n", "", masked(out + err)).replace(ns, "NS")
    return code, said, revisions(ns), configs(ns)


def case(line, code, said, records, objects=None, before=("install web ./web",), refused=(), times=1):
    """`said`: what is among its words, so many times."""
    for program in PROGRAMS:
        got = run(program, line, before, refused)
        if (got[0], got[1].count(said), got[2]) != (code, times, records) or (objects is not None and got[3] != objects):
            failures.append(line)
            print("---- %s: %s\nexit status %d, not %d; revisions %s, not %s; objects %s; %d times not %d %r in:\n%s"
                  % (os.path.basename(program), line, got[0], code, got[2], records, got[3], got[1].count(said), times, said, got[1]))


def installs():
    case("install web ./web", 0, "STATUS: deployed", ["v1 deployed"], before=(), refused=[LIST])
    case("install web ./web", 1, "INSTALLATION FAILED: release: already exists", ["v1 deployed"], refused=[LIST])
    case("install web ./web --replace", 1, "INSTALLATION FAILED: update: failed to update: nobody may", ["v1 uninstalled"],
         before=("install web ./web", "uninstall web --keep-history"), refused=[("PUT", RECORD % 1)])
    case("install web ./web", 0, 'level=ERROR msg="failed to record the release" error="update: failed to update: nobody may"', ["v1 pending-install"],
         before=(), refused=[("PUT", RECORD % 1)])
    case("install web ./web --set bad=true --rollback-on-failure --debug", 1,
         'msg="uninstall: given cascade value, defaulting to delete propagation background" value=""', [], before=())
    case("install web ./web --set bad=true", 1, "failed to update", ["v1 pending-install"], before=(), refused=[("PUT", RECORD % 1)], times=0)


def upgrades():
    case("upgrade Bad_Name ./web -i", 1, "Error: release name is invalid: Bad_Name", [], before=())
    case("upgrade web ./web", 1, "UPGRADE FAILED: update: failed to update: nobody may", ["v1 superseded", "v2 pending-upgrade"],
         refused=[("PUT", RECORD % 2)])
    case("upgrade web ./web", 1, 'msg="upgrade failed"', ["v1 superseded", "v2 pending-upgrade"], refused=[("PUT", RECORD % 2)], times=0)
    before = ("install web ./web --set scaler=autoscaling/v1", disown)
    case("upgrade web ./web --set scaler=autoscaling/v1", 0, "has been upgraded", ["v1 superseded", "v2 deployed"], before=before)
    case("upgrade web ./web --set scaler=autoscaling/v2", 1, "UPGRADE FAILED: unable to continue with update: HorizontalPodAutoscaler", ["v1 deployed"],
         before=before)
    line = "upgrade web ./web --set bad=true,more=true --cleanup-on-fail"
    case(line, 1, "UPGRADE FAILED: failed to create resource", ["v1 deployed", "v2 failed"], ["a", "b"])
    # What was missing was made by this upgrade as well.
    case(line, 1, "UPGRADE FAILED: failed to create resource", ["v1 deployed", "v2 failed"], ["b"], before=("install web ./web", lose("a")))
    case(line + " --rollback-on-failure", 1, "an error occurred while cleaning up resources. original upgrade error", ["v1 deployed", "v2 failed"],
         refused=[("DELETE", "/configmaps/more")])
    case(line + " --rollback-on-failure --set colour=blue", 1, "an error occurred while rolling back the release. original upgrade error",
         ["v1 deployed", "v2 superseded", "v3 failed"], ["a", "b"], before=("install web ./web", lose("a")),
         refused=[("PATCH", "/configmaps/b", 1)])


def rollbacks():
    before = ("install web ./kept", "upgrade web ./empty")
    said = 'level=WARN msg="resource exists on cluster but not in original release, using cluster state as baseline" namespace=NS name=a kind=ConfigMap'
    case("rollback web 1", 0, said, ["v1 superseded", "v2 superseded", "v3 deployed"], before=before)
    case("rollback web 1 --server-side=false", 0, said, ["v1 superseded", "v2 superseded", "v3 deployed"], before=before)
    case("rollback web 1", 0, said, ["v1 superseded", "v2 superseded", "v3 deployed"], before=("install web ./web", "upgrade web ./web"), times=0)


def uninstalls():
    case("uninstall web", 1, "uninstall: Release not loaded: web: query: failed to query with labels: nobody may", ["v1 deployed"], refused=[LIST])
    case("uninstall web --ignore-not-found", 0, 'release "web" uninstalled', ["v1 deployed"], refused=[LIST])
    case("uninstall web --ignore-not-found --dry-run", 1, "Error: query: failed to query with labels: nobody may", ["v1 deployed"], refused=[LIST])


def unreadable():
    before = ("install web ./web", break_record)
    none = 'no revision for release "web"'
    for line, said in (("upgrade web ./web", "UPGRADE FAILED: " + none), ("upgrade web ./web -i", "UPGRADE FAILED: " + none),
                       ("rollback web", none), ("uninstall web", "no release provided"), ("uninstall web --ignore-not-found", "no release provided"),
                       ("uninstall web --dry-run --ignore-not-found", none), ("status web", none), ("get values web", none), ("test web", none),
                       ("install web ./web", "INSTALLATION FAILED: release: already exists")):
        case(line, 1, said, ["v1 deployed"], before=before)
    case("history web", 0, "REVISION", ["v1 deployed"], before=before)


def hooks():
    made = 'msg="Created resource via patch" namespace=NS name=twice'
    case("install web ./web --debug --set-json hooks={\"twice\":{\"on\":\"pre-install,pre-install\"}}", 0, made, ["v1 deployed"], before=(), times=2)
    hooks = "hooks.a.on=post-upgrade,hooks.a.policy=hook-succeeded,hooks.b.on=post-upgrade,hooks.b.image=sim-exit-1"
    case("upgrade web ./web --timeout 20s --set " + hooks, 1,
         "UPGRADE FAILED: post-upgrade hooks failed: nobody may", ["v1 deployed", "v2 failed"], refused=[("DELETE", "/configmaps/a")])


for group in (installs, upgrades, rollbacks, uninstalls, unreadable, hooks):
    group()
sys.exit("differ: " + ", ".join(failures) if failures else 0)
