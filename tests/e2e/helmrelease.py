#!/usr/bin/env python3
"""HelmReleases from start to end: helmrelease.py RILL

On `rill server` with `rill controller`; charts come as HelmCharts and
ExternalArtifacts whose status the test writes, their files from a web server of
its own. Every step says what must come of it."""
import hashlib, json, os, re, sys, time

from helm_session import HELM, SOURCE, artifact, condition, rill_controller
from helm_world import DEPLOYMENT, World, archive, pack, read_record, write_record
from world import until

w = World(sys.argv[1], "--crds", "flux")
get, post, patch = w.get, w.post, w.patch


# ---- charts ------------------------------------------------------------------

WEB = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  colour: {{ .Values.colour | quote }}
  revision: "{{ .Release.Revision }}"
{{- if .Values.broken }}
  {{ fail "it is broken" }}
{{- end }}
---
""" + DEPLOYMENT
TEST = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-test
  annotations: {helm.sh/hook: test}
"""


def chart(version, name="web", **files):
    texts = {"Chart.yaml": "apiVersion: v2\nname: %s\nversion: %s\nappVersion: '9'\n" % (name, version),
             "values.yaml": "colour: red\nreplicas: 1\nimage: web\nbroken: false\n",
             "templates/web.yaml": WEB, "templates/test.yaml": TEST}
    texts.update(files)
    return pack(name, texts)


def set_source(kind, ns, name, bytes_, revision):
    path = SOURCE % ns + kind + "/" + name
    o = get(path)
    status = {"artifact": artifact(bytes_, revision), "observedGeneration": o["metadata"]["generation"],
              "conditions": [{"type": "Ready", "status": "True", "reason": "ok", "message": "ok",
                              "lastTransitionTime": "2026-01-01T00:00:00Z"}]}
    patch(path + "/status", {"status": status})


def external(ns, name, bytes_, revision):
    if not get(SOURCE % ns + "externalartifacts/" + name):
        post(SOURCE % ns + "externalartifacts", {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact",
             "metadata": {"name": name, "namespace": ns},
             "spec": {"sourceRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "none"}}})
    set_source("externalartifacts", ns, name, bytes_, revision)


def release(ns, name, ref, **spec):
    spec = dict({"interval": "1h", "chartRef": {"kind": "ExternalArtifact", "name": ref}}, **spec)
    return post(HELM % ns, {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
                            "metadata": {"name": name, "namespace": ns}, "spec": spec})


# ---- what is looked at ---------------------------------------------------------

def wait_for(ns, name, status, pattern, type_="Ready", seconds=30, settled=True):
    path = HELM % ns + "/" + name

    def f():
        o = get(path)
        c = condition(o, type_)
        done = not settled or condition(o, "Reconciling")["status"] != "True" or status == "False"
        fresh = c.get("observedGeneration") == (o or {}).get("metadata", {}).get("generation")
        return o if c["status"] == status and re.search(pattern, c["message"]) and done and fresh else None
    return until(f, lambda: "%s: no %s=%s '%s' in %s" % (name, type_, status, pattern, json.dumps(get(path), indent=1)),
                 seconds)


def helm(*args):
    status, out, errors = w.run(w.rill, "helm", *args)
    return out + errors


def colour(ns, name):
    o = get("/api/v1/namespaces/%s/configmaps/%s" % (ns, name))
    return o and o["data"]["colour"]


def annotate(ns, name, **keys):
    patch(HELM % ns + "/" + name, {"metadata": {"annotations": {"reconcile.fluxcd.io/" + k: v for k, v in keys.items()}}})


def history(ns, name):
    return [(h["version"], h["status"]) for h in get(HELM % ns + "/" + name)["status"].get("history", [])]


# ---- the story --------------------------------------------------------------------

def install_and_upgrade():
    external("default", "web", chart("1.0.0"), "1.0.0")
    post("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "values"}, "data": {"values.yaml": "colour: green"}})
    release("default", "one", "web", valuesFrom=[{"kind": "ConfigMap", "name": "values"}], values={"replicas": 2})
    o = wait_for("default", "one", "True", r"^Helm install succeeded for release default/one\.v1 with chart web@1\.0\.0$")
    s = o["status"]
    assert s["observedGeneration"] == 1 and s["lastAttemptedRevision"] == "1.0.0", s
    assert s["lastAttemptedReleaseAction"] == "install" and s["storageNamespace"] == "default", s
    assert s["history"][0]["chartVersion"] == "1.0.0" and s["history"][0]["action"] == "install", s
    assert s["history"][0]["configDigest"] == s["lastAttemptedConfigDigest"], s
    ids = sorted(e["id"] for e in s["inventory"]["entries"])
    assert ids == ["default_one__ConfigMap", "default_one_apps_Deployment"], ids
    assert colour("default", "one") == "green"
    assert "deployed" in helm("list")
    labels = get("/api/v1/namespaces/default/configmaps/one")["metadata"]["labels"]
    assert labels["helm.toolkit.fluxcd.io/name"] == "one" and labels["app.kubernetes.io/managed-by"] == "Helm", labels
    # a ConfigMap that is referred to counts at once, and once
    patch("/api/v1/namespaces/default/configmaps/values", {"data": {"values.yaml": "colour: blue"}})
    wait_for("default", "one", "True", r"^Helm upgrade succeeded for release default/one\.v2 with chart web@1\.0\.0$", seconds=5)
    assert colour("default", "one") == "blue" and history("default", "one") == [(2, "deployed"), (1, "superseded")]
    # and so does a new chart
    external("default", "web", chart("1.1.0"), "1.1.0")
    wait_for("default", "one", "True", r"default/one\.v3 with chart web@1\.1\.0$", seconds=5)
    # asked for without a change: nothing is released
    annotate("default", "one", requestedAt="a")
    until(lambda: get(HELM % "default" + "/one")["status"].get("lastHandledReconcileAt") == "a", "the request is not handled")
    assert history("default", "one")[0][0] == 3
    annotate("default", "one", requestedAt="b", forceAt="b")
    wait_for("default", "one", "True", r"default/one\.v4 with")
    # somebody else's revision is put right
    assert "Rollback was a success" in helm("rollback", "one", "1", "--force-conflicts")
    annotate("default", "one", requestedAt="c")
    wait_for("default", "one", "True", r"default/one\.v6 with")
    assert colour("default", "one") == "blue"


def template_of_a_chart():
    post(HELM % "default", {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
         "metadata": {"name": "two", "namespace": "default"},
         "spec": {"interval": "10m", "targetNamespace": "apps", "install": {"createNamespace": True},
                  "chart": {"spec": {"chart": "web", "version": "1.x", "sourceRef": {"kind": "HelmRepository", "name": "repo"}}}}})
    o = until(lambda: get(SOURCE % "default" + "helmcharts/default-two"), "no HelmChart is made")
    assert o["spec"]["interval"] == "10m0s" and o["spec"]["sourceRef"] == {"kind": "HelmRepository", "name": "repo"}, o
    assert o["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"] == "two"
    wait_for("default", "two", "False", r"^HelmChart 'default/default-two' is not ready: ", settled=False)
    set_source("helmcharts", "default", "default-two", chart("1.2.0"), "1.2.0")
    wait_for("default", "two", "True", r"^Helm install succeeded for release apps/apps-two\.v1 with chart web@1\.2\.0$")
    assert get(HELM % "default" + "/two")["status"]["helmChart"] == "default/default-two"
    w.ok("DELETE", HELM % "default" + "/two")
    until(lambda: not get(HELM % "default" + "/two"), "two is not deleted")
    assert not get("/apis/apps/v1/namespaces/apps/deployments/apps-two")
    assert not get(SOURCE % "default" + "helmcharts/default-two")
    # deleted before its status tells of a chart
    post(HELM % "default", {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
         "metadata": {"name": "brief", "namespace": "default"},
         "spec": {"interval": "10m", "chart": {"spec": {"chart": "web", "sourceRef": {"kind": "HelmRepository", "name": "repo"}}}}})
    until(lambda: get(SOURCE % "default" + "helmcharts/default-brief"), "no HelmChart is made")
    w.ok("DELETE", HELM % "default" + "/brief")
    until(lambda: not get(HELM % "default" + "/brief"), "brief is not deleted")
    until(lambda: not get(SOURCE % "default" + "helmcharts/default-brief"), "its chart is left behind")


def helm_logs(name, reason):
    for e in w.ok("GET", "/api/v1/namespaces/default/events")["items"]:
        head, begin, lines = e["message"].partition("\n\nLast Helm logs:\n\n")
        if e["involvedObject"]["name"] == name and e["reason"] == reason and begin:
            return lines.split("\n\n")[0].split("\n")
    return []


def failures():
    external("default", "bad", chart("1.0.0"), "1.0.0")
    # a template that fails writes no record, and is tried again
    release("default", "bad", "bad", values={"broken": True})
    wait_for("default", "bad", "False", r"^Helm install failed for release default/bad with chart web@1\.0\.0: execution error at "
             r"\(web/templates/web\.yaml:\d+:\d+\): it is broken$", settled=False)
    assert "bad" not in helm("list", "-q")
    patch(HELM % "default" + "/bad", {"spec": {"values": {"broken": False}}})
    wait_for("default", "bad", "True", r"default/bad\.v1")
    # a Deployment that cannot be made fails the upgrade; without retries nothing is undone
    patch(HELM % "default" + "/bad", {"spec": {"values": {"replicas": -1}}})
    o = wait_for("default", "bad", "False", r"^Helm upgrade failed for release default/bad with chart web@1\.0\.0: ", settled=False)
    o = wait_for("default", "bad", "True", r"^Failed to upgrade after 1 attempt\(s\)$", "Stalled")
    assert o["status"]["upgradeFailures"] == 1, o["status"]
    # the event has Helm's last lines, with their time
    until(lambda: helm_logs("bad", "UpgradeFailed"), "no event with Helm's lines")
    lines = helm_logs("bad", "UpgradeFailed")
    assert len(lines) == 10 and all(re.match(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z: ", line) for line in lines), lines
    assert [line.split(": ", 1)[1] for line in lines[-4:]] == [
        'checking resources for changes: {"resources":2}',
        'Patched resource: {"gvk":"/v1, Kind=ConfigMap","name":"bad","namespace":"default"}',
        'Error patching resource: {"error":{},"gvk":"apps/v1, Kind=Deployment","name":"bad","namespace":"default"}',
        'warning: upgrade failed: {"error":{},"name":"bad"}'], lines
    # with retries it goes back to what worked
    patch(HELM % "default" + "/bad", {"spec": {"upgrade": {"remediation": {"retries": 1}}}})
    o = wait_for("default", "bad", "True", r"^Failed to upgrade after 2 attempt\(s\)$", "Stalled", 60)
    assert condition(o, "Ready")["reason"] == "RollbackSucceeded", o["status"]
    assert condition(o, "Remediated")["message"].startswith("Helm rollback to previous release default/bad.v"), o["status"]
    assert get("/apis/apps/v1/namespaces/default/deployments/bad")["spec"]["replicas"] == 1
    patch(HELM % "default" + "/bad", {"spec": {"values": {"replicas": 2}}})
    wait_for("default", "bad", "True", r"^Helm upgrade succeeded")
    # a failed install is taken away where that is wanted
    release("default", "worse", "bad", values={"replicas": -1},
            install={"remediation": {"retries": 0, "remediateLastFailure": True}})
    o = wait_for("default", "worse", "True", r"^Failed to install after 1 attempt\(s\)$", "Stalled")
    assert condition(o, "Ready")["reason"] == "InstallFailed", o["status"]
    assert not get("/api/v1/namespaces/default/configmaps/worse")
    # values that are not there
    release("default", "novalues", "bad", valuesFrom=[{"kind": "Secret", "name": "none"}])
    wait_for("default", "novalues", "False", r"^could not resolve Secret chart values reference 'default/none' with key "
             r"'values\.yaml': ", settled=False)
    # what it depends on
    release("default", "later", "bad", dependsOn=[{"name": "novalues"}])
    wait_for("default", "later", "False", r"^dependency 'default/novalues' is not ready$", settled=False)
    post("/api/v1/namespaces/default/secrets", {"metadata": {"name": "none"}, "stringData": {"values.yaml": "colour: x"}})
    wait_for("default", "novalues", "True", "install succeeded")
    wait_for("default", "later", "True", "install succeeded")


def dead_owner():
    """A record that was left pending is unlocked."""
    external("default", "dead", chart("1.0.0"), "1.0.0")
    release("default", "dead", "dead")
    wait_for("default", "dead", "True", "install succeeded")
    make_pending("dead", 2)
    annotate("default", "dead", requestedAt="x")
    wait_for("default", "dead", "True", r"default/dead\.v3 with")


def make_pending(name, version, **info):
    """A record as an operation leaves it that never ended, behind the one there is."""
    key = "sh.helm.release.v1.%s.v" % name
    s = get("/api/v1/namespaces/default/secrets/" + key + "1")
    r = read_record(s)
    r["info"].update(info, status="pending-upgrade")
    r["version"] = version
    s["data"]["release"] = write_record(r)
    s["metadata"] = {"name": key + str(version), "labels": dict(s["metadata"]["labels"], status="pending-upgrade",
                                                               version=str(version))}
    post("/api/v1/namespaces/default/secrets", s)


def taken_over():
    """rill helm goes on where whoever began is gone: when it is told so, or when nothing was heard for long."""
    open(w.dir + "/web.tgz", "wb").write(chart("1.0.0"))
    assert "STATUS: deployed" in helm("install", "cli", w.dir + "/web.tgz", "-n", "default")
    make_pending("cli", 2)
    text = helm("upgrade", "cli", w.dir + "/web.tgz", "-n", "default")
    assert "another operation (install/upgrade/rollback) is in progress" in text, text
    text = helm("upgrade", "cli", w.dir + "/web.tgz", "-n", "default", "--take-over")
    assert "REVISION: 3" in text and "taking over" in text, text
    make_pending("cli", 4, last_deployed="2026-01-01T00:00:00Z")
    text = helm("upgrade", "cli", w.dir + "/web.tgz", "-n", "default")
    assert "REVISION: 5" in text, text
    text = helm("history", "cli", "-n", "default")
    assert text.count("Release unlocked from stale 'pending-upgrade' state") == 2, text
    w.env["HELM_DRIVER"] = "memory"
    try:
        assert "STATUS: deployed" in helm("install", "gone", w.dir + "/web.tgz", "-n", "default")
        assert "gone" not in helm("list", "-n", "default")
        w.env["HELM_DRIVER"] = "sql"
        assert "the sql driver is not supported" in helm("list", "-n", "default")
    finally:
        del w.env["HELM_DRIVER"]


def tests_and_drift():
    external("default", "t", chart("1.0.0"), "1.0.0")
    release("default", "t", "t", test={"enable": True}, driftDetection={"mode": "enabled"})
    o = wait_for("default", "t", "True", r"^Helm test succeeded for release default/t\.v1 with chart web@1\.0\.0: 1 test hook completed successfully$")
    assert list(o["status"]["history"][0]["testHooks"]) == ["t-test"], o["status"]["history"]
    patch("/api/v1/namespaces/default/configmaps/t", {"data": {"colour": "stolen"}})
    annotate("default", "t", requestedAt="x")
    until(lambda: colour("default", "t") == "red", "drift is not corrected")
    wait_for("default", "t", "True", "test succeeded")
    w.ok("DELETE", "/api/v1/namespaces/default/configmaps/t")
    annotate("default", "t", requestedAt="y")
    until(lambda: colour("default", "t") == "red", "what was deleted is not made again")


def drift_at_once():
    """What others change is put right without a request, but for what is to be ignored; nothing else is asked for."""
    external("default", "d", chart("1.0.0"), "1.0.0")
    release("default", "d", "d", driftDetection={"mode": "enabled", "ignore": [
        {"paths": ["/spec/replicas"], "target": {"kind": "Deployment"}}]})
    wait_for("default", "d", "True", "install succeeded")
    deployment = "/apis/apps/v1/namespaces/default/deployments/d"
    until(lambda: get(deployment)["status"].get("readyReplicas"), "the Deployment is not ready")
    patch("/api/v1/namespaces/default/configmaps/d", {"data": {"colour": "stolen"}})
    until(lambda: colour("default", "d") == "red", "drift is not corrected at once")
    w.ok("DELETE", deployment)
    until(lambda: get(deployment), "what was deleted does not come back")
    patch(deployment, {"spec": {"replicas": 3}})
    patch("/api/v1/namespaces/default/configmaps/d", {"data": {"more": "x"}})
    time.sleep(2)
    assert get(deployment)["spec"]["replicas"] == 3
    assert "/api/v1/namespaces/default/configmaps/d" and colour("default", "d") == "red"
    patch(HELM % "default" + "/d", {"spec": {"driftDetection": {"mode": "warn"}}})
    wait_for("default", "d", "True", "succeeded")
    patch("/api/v1/namespaces/default/configmaps/d", {"data": {"colour": "stolen"}})
    wait_for("default", "d", "True", "ConfigMap/default/d changed", type_="Drifted")
    assert colour("default", "d") == "stolen"
    patch("/api/v1/namespaces/default/configmaps/d", {"data": {"colour": "red"}})
    wait_for("default", "d", "False", "No drift detected", type_="Drifted")


FIXED = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-fixed
  finalizers: [example.org/held]
data: {colour: red, shape: round}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-free
  annotations: {helm.toolkit.fluxcd.io/driftDetection: disabled}
data: {colour: red}
"""


def set_back():
    """An upgrade puts back what others changed of objects that it wants as they were, and what drift
    detection is told to leave alone."""
    external("default", "back", chart("1.0.0", **{"templates/fixed.yaml": FIXED}), "1.0.0")
    rules = [{"paths": ["/data/shape"], "target": {"kind": "ConfigMap"}}]
    fixed, free = ("/api/v1/namespaces/default/configmaps/back-" + name for name in ("fixed", "free"))

    def data():
        o, p = get(fixed), get(free)
        return o["data"]["colour"], o["data"]["shape"], p["data"]["colour"], o["metadata"].get("finalizers")
    release("default", "back", "back", driftDetection={"mode": "enabled", "ignore": rules})
    wait_for("default", "back", "True", r"default/back\.v1 with")
    for i, mode in enumerate(("enabled", "disabled")):
        patch(HELM % "default" + "/back", {"spec": {"driftDetection": {"mode": mode}}})
        patch(fixed, {"data": {"shape": "square"}})
        patch(free, {"data": {"colour": "blue"}})
        annotate("default", "back", requestedAt=mode)
        until(lambda: get(HELM % "default" + "/back")["status"].get("lastHandledReconcileAt") == mode, "not handled")
        assert data() == ("red", "square", "blue", ["example.org/held"]), data()
        patch(fixed, {"metadata": {"finalizers": []}})
        patch(HELM % "default" + "/back", {"spec": {"values": {"colour": mode}}})
        wait_for("default", "back", "True", r"default/back\.v%d with" % (i + 2))
        assert data() == ("red", "round", "red", ["example.org/held"]), data()
    # without any drift detection, and right before a forced upgrade
    patch(fixed, {"data": {"colour": "blue"}})
    annotate("default", "back", requestedAt="now", forceAt="now")
    wait_for("default", "back", "True", r"default/back\.v4 with")
    assert data() == ("red", "round", "red", ["example.org/held"]), data()
    patch(fixed, {"metadata": {"finalizers": []}})
    w.ok("DELETE", HELM % "default" + "/back")


STUCK = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-stuck
spec:
  selector: {matchLabels: {app: stuck}}
  template:
    metadata: {labels: {app: stuck}}
    spec: {containers: [{name: web, image: sim-not-ready}]}
"""


def overtaken():
    """A wait for what never becomes ready ends when something new comes; nobody else waits for it."""
    stuck = chart("1.0.0", **{"templates/stuck.yaml": "{{ if .Values.stuck }}%s{{ end }}" % STUCK})
    external("default", "o", stuck, "1.0.0")
    for i in range(12):
        release("default", "o%d" % i, "o", timeout="10m", values={"stuck": True})
    for i in range(12):
        wait_for("default", "o%d" % i, "Unknown", "Running 'install' action", settled=False, seconds=60)
    release("default", "free", "o", values={"stuck": False})
    wait_for("default", "free", "True", "install succeeded", seconds=60)
    for i in range(12):
        patch(HELM % "default" + "/o%d" % i, {"spec": {"values": {"stuck": False}}})
    for i in range(12):
        o = wait_for("default", "o%d" % i, "True", r"Helm upgrade succeeded for release default/o%d\.v2" % i, seconds=60)
        assert not o["status"].get("upgradeFailures"), o["status"]
    events = get("/api/v1/namespaces/default/events")["items"]
    assert [e for e in events if e["reason"] == "HealthCheckCanceled" and "HelmRelease/default/o0" in e["message"]]
    assert not [e for e in events if e["reason"] == "InstallFailed" and e["involvedObject"]["name"] == "o0"]


def legacy():
    external("default", "l", chart("1.0.0"), "1.0.0")
    release("default", "l", "l", waitStrategy={"name": "legacy"})
    wait_for("default", "l", "True", "install succeeded", seconds=60)
    stuck = chart("1.1.0", **{"templates/stuck.yaml": STUCK})
    external("default", "l", stuck, "1.1.0")
    patch(HELM % "default" + "/l", {"spec": {"timeout": "3s"}})
    wait_for("default", "l", "False", "upgrade failed .*: context deadline exceeded", seconds=60)


def origins():
    """An error about a value says which object sets it, and where."""
    schema = json.dumps({"properties": {"replicas": {"type": "integer"}}})
    bad = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x-{{ .Values.deep.er.name }}\n"
    external("default", "from", chart("1.0.0", **{"values.schema.json": schema, "templates/bad.yaml": bad}), "1.0.0")
    post("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "from"}, "data": {
        "values.yaml": "colour: red\nreplicas: many\ndeep:\n  er: text\n"}})
    release("default", "from", "from", valuesFrom=[{"kind": "ConfigMap", "name": "from"}])

    def told(text):
        events = get("/api/v1/namespaces/default/events")["items"]
        return [e for e in events if e["involvedObject"]["name"] == "from" and text in e["message"]]
    until(lambda: told(".Values.replicas is set in ConfigMap default/from, values.yaml:2:11"), "no place of replicas")
    patch(HELM % "default" + "/from", {"spec": {"values": {"replicas": 1}}})
    until(lambda: told(".Values.deep.er is set in ConfigMap default/from, values.yaml:4:7"),
          lambda: [e["message"] for e in told("")])
    patch(HELM % "default" + "/from", {"spec": {"values": {"deep": {"er": {"name": "y"}}}}})
    wait_for("default", "from", "True", "install succeeded")


def origins_in_git():
    """Of a HelmRelease that a Kustomization applied, the file, line and column in its source."""
    schema = json.dumps({"properties": {"replicas": {"type": "integer"}, "colour": {"type": "string"}}})
    external("default", "placed", chart("1.0.0", **{"values.schema.json": schema}), "1.0.0")
    head = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata:\n  name: placed\n"
    spec = "spec:\n  interval: 1h\n  chartRef: {kind: ExternalArtifact, name: placed}\n  values:\n    colour: %s\n    replicas: %s\n"
    files = {"apps/placed.yaml": "# ours\n---\n" + head + spec % ("red", "one"),
             "apps/patch.yaml": head + "spec:\n  values:\n    colour: 12\n",
             "apps/kustomization.yaml": "namespace: default\nresources: [placed.yaml]\npatches: [{path: patch.yaml}]\n",
             "other/placed.yaml": "\n" + head + spec % ("12", "one")}
    external("default", "files", archive(files), "main@sha1:1")
    post("/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/default/kustomizations", {
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": {"name": "placed"}, "spec": {
            "interval": "1h", "prune": True, "path": "./apps", "sourceRef": {"kind": "ExternalArtifact", "name": "files"}}})

    def lines():
        return [line for e in get("/api/v1/namespaces/default/events")["items"] if e["involvedObject"]["name"] == "placed"
                for line in e["message"].split("\n") if "is set in" in line]
    where = " is set in HelmRelease default/placed, spec.values, apps/%s of ExternalArtifact default/files"
    for wanted in (".Values.replicas" + where % "placed.yaml:12:15", ".Values.colour" + where % "patch.yaml:7:13"):
        until(lambda: wanted in lines(), lambda: "not %s: %s" % (wanted, lines()))
    for name, text in files.items():
        files[name] = text.replace("one", "2").replace("12", "blue")
    external("default", "files", archive(files), "main@sha1:2")
    wait_for("default", "placed", "True", "install succeeded")


def large():
    """A release that comes near what a Secret may hold is told of, with what it is made of."""
    noise = "".join(hashlib.sha256(b"%d" % i).hexdigest() for i in range(14500))
    external("default", "big", chart("1.0.0", **{"files/noise": noise}), "1.0.0")
    release("default", "big", "big")
    wait_for("default", "big", "True", "install succeeded")
    until(lambda: [e for e in get("/api/v1/namespaces/default/events")["items"] if e["reason"] == "ReleaseSize" and
                   re.search(r"takes \d+ of 1048576 bytes; before compression: templates \d+, other files of the chart "
                             r"92\d+, ", e["message"])], "nothing is said of the size")
    noise = noise + noise[::-1]
    external("default", "big", chart("1.1.0", **{"files/noise": noise}), "1.1.0")
    wait_for("default", "big", "False", r"Too long: .*the release takes \d+ of 1048576 bytes", seconds=60)


def post_renderers():
    external("default", "post", chart("1.0.0"), "1.0.0")
    release("default", "post", "post", commonMetadata={"labels": {"team": "a"}}, postRenderers=[{"kustomize": {
        "patches": [{"target": {"kind": "Deployment"}, "patch": "- op: replace\n  path: /spec/replicas\n  value: 3\n"}],
        "images": [{"name": "web", "newTag": "v9"}]}}])
    wait_for("default", "post", "True", "install succeeded")
    d = get("/apis/apps/v1/namespaces/default/deployments/post")
    assert d["spec"]["replicas"] == 3 and d["spec"]["template"]["spec"]["containers"][0]["image"] == "web:v9", d["spec"]
    assert d["metadata"]["labels"]["team"] == "a"
    patch(HELM % "default" + "/post", {"spec": {"commonMetadata": {"labels": {"team": "b"}}}})
    wait_for("default", "post", "True", r"default/post\.v2")


CRD = """apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %ss.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: %s, plural: %ss}
  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]
"""


def definitions():
    """The definitions of a chart, and of those below it that are switched on."""
    files = {"Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies:\n"
             "- {name: kept, version: 1.0.0, condition: kept.enabled}\n- {name: left, version: 1.0.0, condition: left.enabled}\n"}
    for name in ("kept", "left"):
        files["charts/%s/Chart.yaml" % name] = "apiVersion: v2\nname: %s\nversion: 1.0.0\n" % name
        files["charts/%s/crds/c.yaml" % name] = CRD % (name, name.title(), name)
    external("default", "defs", chart("1.0.0", **files), "1.0.0")
    release("default", "defs", "defs", values={"kept": {"enabled": True}, "left": {"enabled": False}})
    o = wait_for("default", "defs", "True", "install succeeded")
    ids = [e["id"] for e in o["status"]["inventory"]["entries"] if "Definition" in e["id"]]
    assert ids == ["_kepts.example.org_apiextensions.k8s.io_CustomResourceDefinition"], ids
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/%ss.example.org"
    labels = get(path % "kept")["metadata"]["labels"]
    assert labels["helm.toolkit.fluxcd.io/name"] == "defs" and not get(path % "left"), labels


def suspend_and_delete():
    external("default", "s", chart("1.0.0"), "1.0.0")
    release("default", "s", "s")
    wait_for("default", "s", "True", "install succeeded")
    patch(HELM % "default" + "/s", {"spec": {"suspend": True, "values": {"colour": "late"}}})
    time.sleep(0.5)
    assert colour("default", "s") == "red"
    patch(HELM % "default" + "/s", {"spec": {"suspend": False}})
    wait_for("default", "s", "True", r"default/s\.v2")
    assert colour("default", "s") == "late"
    # the release's name changes: the old one goes, the new one comes
    patch(HELM % "default" + "/s", {"spec": {"releaseName": "renamed"}})
    wait_for("default", "s", "True", r"Helm install succeeded for release default/renamed\.v1")
    assert not colour("default", "s") and colour("default", "renamed") == "late"
    w.ok("DELETE", HELM % "default" + "/s")
    until(lambda: not get(HELM % "default" + "/s"), "s is not deleted")
    assert not colour("default", "renamed") and "renamed" not in helm("list", "-q")


def other_namespaces():
    """Of a tenant's own namespace alone, where the controller is told so."""
    global running
    w.namespace("theirs")
    external("theirs", "far", chart("1.0.0"), "1.0.0")
    w.stop(running)
    running = rill_controller(w, "--no-cross-namespace-refs")
    release("default", "far", "far", chartRef={"kind": "ExternalArtifact", "name": "far", "namespace": "theirs"})
    o = wait_for("default", "far", "False",
                 "^cross-namespace references are not allowed: cannot access ExternalArtifact theirs/far$")
    assert condition(o, "Ready")["reason"] == condition(o, "Stalled")["reason"] == "AccessDenied", o["status"]
    assert not colour("default", "far") and "far" not in helm("list", "-A", "-q").split()
    w.stop(running)
    running = rill_controller(w)
    wait_for("default", "far", "True", "install succeeded")


def killed():
    """Killed at any moment, it converges: one deployed revision, nothing orphaned."""
    global running
    external("default", "kill", chart("1.0.0"), "1.0.0")
    release("default", "kill", "kill")
    wait_for("default", "kill", "True", "install succeeded")
    for i in range(int(os.environ.get("KILLS", "5"))):
        patch(HELM % "default" + "/kill", {"spec": {"values": {"colour": "c%d" % i}}})
        time.sleep(0.01 + 0.013 * (i % 7))
        w.stop(running)
        running = rill_controller(w)
        wait_for("default", "kill", "True", "succeeded", seconds=60)
        until(lambda: colour("default", "kill") == "c%d" % i, "not converged")
        records = [s["metadata"]["labels"]["status"] for s in
                   get("/api/v1/namespaces/default/secrets?labelSelector=owner%3Dhelm,name%3Dkill")["items"]]
        assert records.count("deployed") == 1 and not [r for r in records if r.startswith("pending")], records


running = rill_controller(w)
try:
    for step in (install_and_upgrade, template_of_a_chart, failures, dead_owner, taken_over, tests_and_drift, drift_at_once, set_back,
                 overtaken, legacy, origins, origins_in_git, large, post_renderers, definitions, suspend_and_delete,
                 other_namespaces, killed):
        if len(sys.argv) > 2 and step.__name__ not in sys.argv[2:]:
            continue
        began = time.time()
        step()
        print("%s: %.1f s" % (step.__name__, time.time() - began))
    if running.poll() is not None:
        raise AssertionError("the controller has ended: %s" % running.returncode)
except BaseException:
    sys.stderr.write(w.log("controller"))
    raise
