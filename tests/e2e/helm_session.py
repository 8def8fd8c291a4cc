"""HelmReleases on a controller: a session has a server, charts by HTTP, and one
controller, and writes down what is seen. Only the standard library of Python is
used.
"""
import hashlib, json, re, time

from helm_world import DEPLOYMENT, World, masked, pack
from peers import find
from world import serve, until

PEER = find("helm-controller")
HELM = "/apis/helm.toolkit.fluxcd.io/v2/namespaces/%s/helmreleases"
SOURCE = "/apis/source.toolkit.fluxcd.io/v1/namespaces/%s/"


files = {}       # of `web`
web = serve(files)

WEB = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
data:
  colour: {{ .Values.colour | quote }}
{{- if .Values.broken }}
  {{ fail "it is broken" }}
{{- end }}
---
""" + DEPLOYMENT + """{{- with .Values.extra }}
---
{{ toYaml . }}
{{- end }}
"""
TEST = """{{- if .Values.tested }}
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations: {helm.sh/hook: test}
spec:
  restartPolicy: Never
  containers: [{name: test, image: {{ .Values.tested }}}]
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-test2
  annotations: {helm.sh/hook: test, helm.sh/hook-weight: "-1"}
{{- end }}
"""
HOOK = """{{- if .Values.hook }}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-hook
  annotations:
    helm.sh/hook: {{ .Values.event | default "pre-install,pre-upgrade" }}
    helm.sh/hook-delete-policy: {{ .Values.policy }}
    helm.sh/hook-output-log-policy: hook-failed,hook-succeeded
spec:
  backoffLimit: 0
  template: {spec: {restartPolicy: Never, containers: [{name: hook, image: {{ .Values.hook }}}]}}
{{- end }}
"""
VALUES = "colour: red\nreplicas: 1\nimage: web\nbroken: false\nhook: ''\npolicy: before-hook-creation\ntested: ''\n"


def chart(version="1.0.0", name="web", **files):
    texts = {"Chart.yaml": "apiVersion: v2\nname: %s\nversion: %s\nappVersion: '9'\n" % (name, version), "values.yaml": VALUES,
             "templates/web.yaml": WEB, "templates/test.yaml": TEST, "templates/hook.yaml": HOOK}
    texts.update(files)
    return pack(name, texts)


def artifact(bytes_, revision):
    """As a status names it: the bytes are served from now on."""
    digest = hashlib.sha256(bytes_).hexdigest()
    path = "/%s.tgz" % digest[:16]
    files[path] = bytes_
    return {"path": "externalartifact/default/x" + path, "url": web + path, "revision": revision,
            "digest": "sha256:" + digest, "size": len(bytes_), "lastUpdateTime": "2026-01-01T00:00:00Z"}


def condition(o, type_):
    for c in (o or {}).get("status", {}).get("conditions", []):
        if c["type"] == type_:
            return c
    return {"status": "", "reason": "", "message": ""}


class Session:
    """One controller on a server of its own."""

    def __init__(self, rill, name, start):
        self.name, self.seen, self.patience = name, {}, 0.1 if name == "rill" else 1.5
        self.w = World(rill, "--crds", "flux")
        self.start = start
        self.p = start(self.w)

    # ---- what is given ----

    def begin(self, case):
        self.ns, self.case = case.replace("_", "-"), case
        self.seen[case] = []
        self.w.namespace(self.ns)
        self.chart(chart())

    def chart(self, bytes_, revision=None, name="web"):
        if not self.w.get(SOURCE % self.ns + "externalartifacts/" + name):
            self.w.post(SOURCE % self.ns + "externalartifacts", {
                "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact", "metadata": {"name": name},
                "spec": {"sourceRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "none"}}})
        self.status("externalartifacts", name, {
            "conditions": [{"type": "Ready", "status": "True", "reason": "ok", "message": "ok", "observedGeneration": 1,
                            "lastTransitionTime": "2026-01-01T00:00:00Z"}],
            "artifact": artifact(bytes_, revision or "1")})

    def status(self, kind, name, status):
        self.w.patch(SOURCE % self.ns + kind + "/" + name + "/status", {"status": status})

    def release(self, name="web", **spec):
        spec = {"interval": "1h", **spec}
        if "chart" not in spec and "chartRef" not in spec:
            spec["chartRef"] = {"kind": "ExternalArtifact", "name": "web"}
        self.w.post(HELM % self.ns, {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease",
                                     "metadata": {"name": name}, "spec": spec})

    def change(self, name="web", **spec):
        self.w.patch(HELM % self.ns + "/" + name, [{"op": "add", "path": "/spec/" + k, "value": v} for k, v in spec.items()],
                     "application/json-patch+json")

    def annotate(self, name="web", **keys):
        self.w.patch(HELM % self.ns + "/" + name,
                     {"metadata": {"annotations": {"reconcile.fluxcd.io/" + k: v for k, v in keys.items()}}})

    def reconcile(self, name="web", **also):
        """Ask for a pass, and wait until it is done."""
        self.asked = getattr(self, "asked", 0) + 1
        at = "%d" % self.asked
        self.annotate(name, requestedAt=at, **{k: at for k in also})
        until(lambda: self.get(name)["status"].get("lastHandledReconcileAt") == at, lambda: self.told(name, "the request is not handled"))

    def delete(self, name="web"):
        self.w.delete(HELM % self.ns + "/" + name)

    def helm(self, *args):
        return self.w.run(self.w.rill, "helm", "-n", self.ns, *args)

    # ---- what is seen ----

    def get(self, name="web"):
        return self.w.get(HELM % self.ns + "/" + name)

    def told(self, name, what):
        return "%s on %s: %s: %s" % (self.case, self.name, what, json.dumps(self.get(name), indent=1))

    def object(self, path, name="web"):
        prefix = "/api/v1" if "/" not in path else "/apis/" + path.rsplit("/", 1)[0]
        return self.w.get("%s/namespaces/%s/%s/%s" % (prefix, self.ns, path.rsplit("/", 1)[-1], name))

    def settle(self, *wanted, name="web", history=None, seconds=30, **counters):
        """Until the conditions are "Type=Status Reason text..." (a regular expression), and so on; it is kept."""
        def is_so():
            o = self.get(name)
            if not o:
                return None
            s = o.get("status", {})
            if condition(o, "Ready").get("observedGeneration") != o["metadata"]["generation"]:
                return None
            for w in wanted:
                type_, rest = w.split("=", 1)
                c = condition(o, type_)
                if not re.match(rest + "$", "%(status)s %(reason)s %(message)s" % c, re.S):
                    return None
            if history is not None and [self.entry(h) for h in s.get("history", [])] != history:
                return None
            return o if all(s.get(k, 0) == v for k, v in counters.items()) else None
        until(is_so, lambda: self.told(name, "not %s %s %s" % (wanted, history, counters)), seconds)
        self.keep(self.rest(name))

    def rest(self, name):
        """What ends the pass may follow: until nothing does for a while, and no slow pass has just begun."""
        before = None
        for _ in range(20):
            o = self.get(name)
            if o["metadata"]["resourceVersion"] == before and not (
                    condition(o, "Reconciling")["message"] == "Fulfilling prerequisites"
                    and condition(o, "Released")["reason"].endswith("Failed")):
                break
            before = o["metadata"]["resourceVersion"]
            time.sleep(self.patience)
        return name

    @staticmethod
    def entry(h):
        return "v%d %s" % (h["version"], h["status"]) + (" " + h["action"] if h.get("action") else "")

    def mask(self, text):
        return re.sub(r"sha256:[0-9a-f]{64}|uid: \\S+|127\.0\.0\.1:\d+", "...", masked(text))

    def keep(self, name="web"):
        o = self.get(name)
        s = json.loads(json.dumps(o["status"])) if o else {}
        for h in s.get("history", []):
            h.pop("digest")
        s.pop("lastAttemptedReleaseActionDuration", None)
        # What no attempt is counted for is tried again at once, and more often before a slow one is looked at.
        if s.get("failures") and not s.get("installFailures") and not s.get("upgradeFailures"):
            s["failures"] = "some"
        s["conditions"] = sorted("%(type)s=%(status)s %(reason)s %(message)s" % c + " @%s" % (
            o["metadata"]["generation"] - c.get("observedGeneration", 0)) for c in s.get("conditions", []))
        if "inventory" in s:
            s["inventory"] = sorted(e["id"] + " " + e["v"] for e in s["inventory"]["entries"])
        s["generation"] = o and o["metadata"]["generation"]
        s["finalizers"] = o and o["metadata"].get("finalizers")
        self.seen[self.case].append(self.mask(json.dumps(s, indent=1, sort_keys=True)))

    def note(self, what, value):
        self.seen[self.case].append("%s: %s" % (what, value))

    def end(self):
        events = self.w.get("/api/v1/namespaces/%s/events" % self.ns)["items"]
        mine = sorted({"%s %s %s %s" % (e["involvedObject"]["name"], e["type"], e["reason"],
                                        self.mask(without_times(e["message"])).strip())
                       for e in events if e["involvedObject"]["kind"] == "HelmRelease"})
        self.seen[self.case].append("events:\n" + "\n".join(mine))
        for h in (self.w.get(HELM % self.ns) or {}).get("items", []):
            self.w.patch(HELM % self.ns + "/" + h["metadata"]["name"], {"spec": {"suspend": True}})


def without_times(message):
    """An event's message; Helm's lines in it in an order, as objects of one kind are sent together."""
    message, _, _ = message.partition("\n\nValues:\n\n")     # rill's own
    head, begin, lines = message.partition("\n\nLast Helm logs:\n\n")
    lines = [re.sub(r"^20\d\d-[\d:.TZ-]+: ", "", line) for line in lines.split("\n")]
    return head + begin + "\n".join(sorted(lines))


def ok(what="install", version=1, chart="web@1.0.0", reason=None, ns="[a-z0-9-]+", name="web"):
    return "Ready=True %sSucceeded Helm %s succeeded for release %s/%s\\.v%d with chart %s" % (
        reason or what.capitalize(), what, ns, name, version, re.escape(chart))


# ---- controllers -----------------------------------------------------------------

def rill_controller(w, *more, metrics=""):
    return w.spawn("controller", "controller", "--storage-path", w.dir + "/artifacts", "--storage-addr", "127.0.0.1:0",
                   "--metrics-addr", metrics, "--health-addr", "", "--feature-gates", "ExternalArtifact=true",
                   "--requeue-dependency", "2s", *more)


def flux_controller(w):
    w.env["RUNTIME_NAMESPACE"] = "default"
    return w.spawn("controller", "--metrics-addr=127.0.0.1:0", "--health-addr=127.0.0.1:0", "--watch-all-namespaces",
                   "--feature-gates=ExternalArtifact=true", "--requeue-dependency=2s", "--concurrent=8", program=PEER)
