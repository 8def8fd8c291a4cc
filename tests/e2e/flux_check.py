#!/usr/bin/env python3
"""flux check, version and logs: flux_check.py RILL"""
import http.server
import json
import threading
import time

from flux_case import Case

t = Case()
KUBERNETES = "► checking prerequisites\n✔ Kubernetes 1.36.3+rill >=1.33.0-0\n"


def deployment(name, image, ready):
    labels = {"app": name}
    t.make("apps/v1", "deployments", {
        "metadata": {"name": name, "namespace": "flux-system", "labels": {"app.kubernetes.io/part-of": "flux"}},
        "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                 "template": {"metadata": {"labels": labels},
                              "spec": {"containers": [{"name": "manager", "image": image}]}}},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": int(ready),
                   "availableReplicas": int(ready),
                   "conditions": [{"type": "Available", "status": str(bool(ready))},
                                  {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]}})


# ---- check ----
t.tell("check", "--pre", out="", err=KUBERNETES + "✔ prerequisites checks passed\n")
t.tell("check", "x", status=1, err='✗ unknown command "x" for "flux check"\n')
t.tell("check", "--timeout", "1s", status=1, err_has=[
    "✔ distribution: flux-v2.9.4\n✔ bootstrapped: false\n► checking controllers\n",
    "✗ no controllers found in the 'flux-system' namespace with the label selector 'app.kubernetes.io/part-of=flux'\n",
    "► checking crds\n✔ alerts.notification.toolkit.fluxcd.io/v1beta3\n", "\n✗ check failed\n"])
deployment("source-controller", "ghcr.io/fluxcd/source-controller:v1.9.4", True)
t.tell("check", err_has=["► checking controllers\n✔ source-controller: deployment ready\n"
                         "► ghcr.io/fluxcd/source-controller:v1.9.4\n", "✔ all checks passed\n"])
deployment("helm-controller", "reg:5000/helm-controller:v1@sha256:abc", False)
t.tell("check", "--timeout=300ms", "--poll-interval=100ms", status=1,
       err_has=["✗ helm-controller: deployment not ready\n► reg:5000/helm-controller:v1@sha256:abc\n"
                "✔ source-controller: deployment ready\n", "✗ check failed\n"])
t.tell("check", "--pre", "--server", "http://127.0.0.1:1", status=1, err_has="✗ Kubernetes API call failed: ")
t.tell("check", "--pre", "--context", "nope", status=1,
       err='► checking prerequisites\n✗ Kubernetes client initialization failed: kubernetes configuration load failed: context "nope" does not exist\n')

t.tell("logs", "--cluster", "nope", status=1, err='✗ kubernetes configuration load failed: cluster "nope" does not exist\n')
t.tell("events", "--token=bad", status=1, err="✗ error getting events: failed to get server groups: the server has asked "
       "for the client to provide credentials\n")

# ---- version ----
t.tell("version", "--client", out="flux: v2.9.4\n", err="")
t.tell("version", out="flux: v2.9.4\ndistribution: flux-v2.9.4\nhelm-controller: v1@sha256:abc\n"
                      "source-controller: v1.9.4\n")
t.tell("version", "-o", "xml", status=1, err="✗ --output must be json or yaml, not xml\n")

# ---- logs, from a server that has pods ----
ENTRIES = [
    {"level": "info", "ts": "2026-01-02T03:04:05.000Z", "msg": "stored artifact", "controllerKind": "GitRepository",
     "name": "podinfo", "namespace": "default"},
    {"level": "error", "ts": "2026-01-02T03:04:06.000Z", "msg": "Reconciler error", "error": "no such path",
     "reconciler kind": "Kustomization", "name": "apps", "namespace": "flux-system"},
    {"level": "info", "ts": "2026-01-02T03:04:07.000Z", "msg": "starting manager"},
]
LINES = ["2026-01-02T03:04:05.000Z info GitRepository/podinfo.default - stored artifact \n",
         "2026-01-02T03:04:06.000Z error Kustomization/apps.flux-system - Reconciler error no such path\n",
         "2026-01-02T03:04:07.000Z info  - starting manager \n"]
asked = []


class Cluster(http.server.BaseHTTPRequestHandler):
    log = ""
    status = 200

    def do_GET(self):
        asked.append(self.path)
        pods = [{"metadata": {"name": "one", "namespace": "flux-system"}, "spec": {"containers": [{"name": "manager"}]},
                 "status": {"phase": "Pending"}},
                {"metadata": {"name": "two", "namespace": "flux-system"},
                 "spec": {"containers": [{"name": "manager"}, {"name": "mesh"}]},
                 "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}]
        code, body = 200, None
        if "/deployments" in self.path:
            body = {"kind": "DeploymentList", "apiVersion": "apps/v1", "items": [
                {"metadata": {"name": "a"}, "spec": {"selector": {"matchLabels": {"app": "a"}}}}]}
        elif "/log" in self.path:
            code, body = Cluster.status, Cluster.log
        else:
            body = {"kind": "PodList", "apiVersion": "v1", "items": pods}
        text = (body if isinstance(body, str) else json.dumps(body)).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        pass


cluster = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Cluster)
threading.Thread(target=cluster.serve_forever, daemon=True).start()
there = ["--server", "http://127.0.0.1:%d" % cluster.server_port]
Cluster.log = "I0102 not json\n" + "".join(json.dumps(e) + "\n" for e in ENTRIES)
t.tell("logs", "-A", *there, out="".join(LINES), err="")
assert asked[-1].endswith("/api/v1/namespaces/flux-system/pods/two/log?container=manager"), asked[-1]
t.tell("logs", *there, out=LINES[1])
t.tell("logs", "-n", "default", *there, out=LINES[0])
t.tell("logs", "-A", "--level", "error", *there, out=LINES[1])
t.tell("logs", "-A", "--kind", "gitrepository", *there, out=LINES[0])
t.tell("logs", "-A", "--name", "apps", "--follow", "--tail=3", "--since=90s", *there, out=LINES[1])
assert asked[-1].endswith("?container=manager&follow=true&sinceSeconds=90&tailLines=3"), asked[-1]
t.tell("logs", "-A", "--since=1m", "--since-time", "2026-01-01T00:00:00Z", *there, status=1,
       err="✗ at most one of `sinceTime` or `sinceDuration` may be specified\n")
t.tell("logs", "-A", "--since-time", "now", *there, status=1, err="✗ now is not a valid (RFC3339) time\n")
t.tell("logs", "x", *there, status=1, err="✗ no argument required\n")
Cluster.log = '{"a":1\n' + Cluster.log
t.tell("logs", "-A", *there, out="", err="✗ parse error: unexpected end of JSON input\n")
Cluster.status, Cluster.log = 403, json.dumps(
    {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": "pods is forbidden", "code": 403})
t.tell("logs", "-A", *there, status=1, out="",
       err="failed getting logs: pods is forbidden\n✗ failed to collect logs from all Flux pods\n")
t.tell("logs", status=1, err='✗ no Flux pods found in namespace "flux-system"\n')

# ---- what helps, for who reads along ----
for args, env, want in (
        (["get", "ks", "--context", "nope"], {}, '✗ context "nope" does not exist\n  there are these contexts: rill\n'),
        (["get", "ks", "--kubeconfig", "nope"], {}, "✗ stat nope: no such file or directory\n  KUBECONFIG and --kubeconfig "),
        (["get", "ks"], {"KUBECONFIG": ""}, "connection refused\n  no kubeconfig was found: "),
        (["get", "ks", "--server", "http://127.0.0.1:1"], {}, "connection refused\n  is the cluster up, "),
        (["export", "ks", "nope"], {}, '"nope" not found\n  `flux get all -A` shows what there is\n')):
    seen = t.at_terminal(*args, env=env)
    assert want in seen, (args, seen)
t.tell("get", "ks", "--context", "nope", status=1, err='✗ context "nope" does not exist\n')
for crd in t.call("GET", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions")[1]["items"]:
    t.call("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/" + crd["metadata"]["name"])
for _ in range(200):
    if t.call("GET", "/apis/kustomize.toolkit.fluxcd.io/v1/kustomizations")[0] == 404:
        break
    time.sleep(0.05)
MISSING = '✗ no matches for kind "Kustomization" in version "kustomize.toolkit.fluxcd.io/v1"\n'
t.tell("get", "ks", status=1, err=MISSING)
assert MISSING + "  Flux is not installed in this cluster: `flux install` does it\n" == t.at_terminal("get", "ks")
