"""The objects and files that flux_beside_cli.py asks about."""
import base64
import gzip
import json

SOURCE, KS, HR = "source.toolkit.fluxcd.io/v1", "kustomize.toolkit.fluxcd.io/v1", "helm.toolkit.fluxcd.io/v2"
IMAGE, NOTE, HOOK = "image.toolkit.fluxcd.io/v1", "notification.toolkit.fluxcd.io/v1beta3", "notification.toolkit.fluxcd.io/v1"
GENERATOR = "source.extensions.fluxcd.io/v1beta1"
REVISION = "main@sha1:70da637c8d2b9f2c5c9c9a4d2d8f6cbe9f3e2b1a"
DIGEST = "sha256:9f1f0a52f5b71d67ad4bd08e6ee8a8a3bdcf8d6a1ff7d2b4fb7bb1c4d3c5a0e1"
THEN = "2020-01-02T03:04:05Z"
PLURALS = {"GitRepository": "gitrepositories", "OCIRepository": "ocirepositories", "HelmRepository": "helmrepositories", "ImagePolicy": "imagepolicies",
           "ImageRepository": "imagerepositories"}


def plural(kind):
    return PLURALS.get(kind, kind.lower() + "s")


def state(status="True", reason="Succeeded", message="done", generation=1, **more):
    """A status with its condition; generation 0: nobody has looked at it yet."""
    c = {"type": "Ready", "status": status, "reason": reason, "message": message, "lastTransitionTime": THEN}
    return {"observedGeneration": generation, "conditions": [dict(c, observedGeneration=generation)], **more}


def artifact(revision, **more):
    return {"artifact": {"digest": DIGEST, "lastUpdateTime": THEN, "path": "a/b.tar.gz", "revision": revision, "size": 1, "url": "http://x/b.tar.gz", **more}}


def o(api, kind, name, spec=None, status=None, ns="flux-system", labels=None, **more):
    made = {"apiVersion": api, "kind": kind, "metadata": {"name": name, **({"namespace": ns} if ns else {}), **({"labels": labels} if labels else {})}, **more}
    if spec is not None:
        made["spec"] = spec
    if status is not None:
        made["status"] = status
    return made


def managed(name, ns="flux-system", by="kustomize"):
    return {by + ".toolkit.fluxcd.io/name": name, by + ".toolkit.fluxcd.io/namespace": ns}


def kustomization(name, spec=None, status=None, labels=None, **more):
    return o(KS, "Kustomization", name, {"interval": "10m0s", "path": "./" + name, "prune": True, "sourceRef": {"kind": "GitRepository", "name": "flux-system"}, **(spec or {})},
             status, labels=labels, **more)


def release(name, spec=None, status=None, labels=None):
    return o(HR, "HelmRelease", name, {"interval": "15m0s", **(spec or {})}, status, "podinfo", labels)


def chart(source="podinfo", kind="HelmRepository", **more):
    return {"chart": {"spec": {"chart": "podinfo", "version": "6.x", "sourceRef": {"kind": kind, "name": source, "namespace": "flux-system"}, **more}}}


def inventory(*ids):
    return {"inventory": {"entries": [{"id": i, "v": v} for i, v in ids]}}


def text(message):
    return "%s\nsecond line of %s" % (message, REVISION)


MANIFEST = """apiVersion: v1
kind: Service
metadata: {name: podinfo}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: podinfo, namespace: podinfo}
"""
RECORD = base64.b64encode(base64.b64encode(gzip.compress(json.dumps({"name": "podinfo", "manifest": MANIFEST, "config": {"a": 1}}).encode(), mtime=0))).decode()
HISTORY = [{"chartName": "podinfo", "chartVersion": "6.14.1", "appVersion": "6.14.1", "configDigest": DIGEST, "digest": DIGEST, "firstDeployed": THEN,
            "lastDeployed": THEN, "deleted": None, "name": "podinfo", "namespace": "podinfo", "status": "deployed", "version": 1}]


def event(name, kind, of, ns="flux-system", kind_of="Normal", count=1, api=KS):
    return {"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": ns}, "reason": "Reason" + name, "message": "what happened\nto " + of, "type": kind_of,
            "involvedObject": {"apiVersion": api, "kind": kind, "name": of, "namespace": ns}, "firstTimestamp": THEN, "lastTimestamp": "2020-02-02T03:04:0%dZ" % (int(name[-1])),
            "count": count, "source": {"component": "c"}}


def workload(name, ns="flux-system", image="ghcr.io/fluxcd/%s:v1.9.4", labels=None, ready=True):
    return o("apps/v1", "Deployment", name, {"selector": {"matchLabels": {"app": name}}, "template": {"metadata": {"labels": {"app": name}}, "spec": {
        "containers": [{"name": "manager", "image": image % name if "%" in image else image}]}}},
        {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1, "conditions": [
            {"type": "Available", "status": "True", "lastTransitionTime": THEN, "lastUpdateTime": THEN, "reason": "r", "message": "m"}]} if ready else None, ns, labels)


OBJECTS = [
    o(SOURCE, "GitRepository", "flux-system", {"interval": "1m0s", "url": "ssh://git@example.com/a/b", "ref": {"branch": "main"}, "secretRef": {"name": "flux-system"}},
      state(message="stored artifact for revision '%s'" % REVISION, **artifact(REVISION)), labels=managed("flux-system")),
    o(SOURCE, "GitRepository", "failing", {"interval": "1m0s", "url": "https://example.com/a", "ref": {"semver": ">=1.0.0"}, "timeout": "20s"},
      state("False", "GitOperationFailed", text("failed to checkout"))),
    o(SOURCE, "GitRepository", "paused", {"interval": "1h30m0s", "url": "https://example.com/p", "suspend": True, "ignore": "/*\n!/a\n", "recurseSubmodules": True}),
    o(SOURCE, "OCIRepository", "manifests", {"interval": "10m0s", "url": "oci://ghcr.io/a/manifests", "ref": {"semver": "6.x"}}, state(**artifact(
        "6.14.1@" + DIGEST, metadata={"org.opencontainers.image.revision": "6.14.1@sha1:" + "5" * 40, "org.opencontainers.image.source": "https://example.com/m.git"}))),
    o(SOURCE, "OCIRepository", "digest", {"interval": "10m0s", "url": "oci://ghcr.io/a/digest", "ref": {"digest": DIGEST}, "suspend": True}),
    o(SOURCE, "HelmRepository", "podinfo", {"interval": "15m0s", "url": "https://example.com/charts", "secretRef": {"name": "login"}}, state(**artifact(DIGEST)), labels=managed("flux-system")),
    o(SOURCE, "HelmRepository", "podinfo-oci", {"interval": "15m0s", "url": "oci://ghcr.io/a/charts", "type": "oci"}),
    o(SOURCE, "HelmChart", "podinfo-podinfo", {"chart": "podinfo", "interval": "15m0s", "reconcileStrategy": "ChartVersion", "version": "6.x", "sourceRef": {
        "kind": "HelmRepository", "name": "podinfo"}}, state(reason="ChartPullSucceeded", message="pulled 'podinfo' chart with version '6.14.1'", **artifact("6.14.1"))),
    o(SOURCE, "HelmChart", "git-chart", {"chart": "./c", "interval": "15m0s", "sourceRef": {"kind": "GitRepository", "name": "failing"}}, dict(state(
        "False", "InvalidChartReference", "invalid chart reference"), conditions=[{"type": t, "status": s, "reason": "InvalidChartReference", "message": "invalid chart reference",
            "lastTransitionTime": THEN, "observedGeneration": 1} for t, s in (("Stalled", "True"), ("Ready", "False"))])),
    o(SOURCE, "Bucket", "minio", {"interval": "5m0s", "bucketName": "b", "endpoint": "minio:9000", "secretRef": {"name": "login"}, "provider": "generic"}),
    o(GENERATOR, "ArtifactGenerator", "my-gen", {"sources": [{"alias": "git", "kind": "GitRepository", "name": "flux-system"}], "artifacts": [{"name": "my-artifact", "copy": [
        {"from": "@git/**", "to": "@artifact/"}]}]}, {"inventory": [{"name": "my-artifact", "namespace": "flux-system", "digest": DIGEST, "filename": "1.tar.gz"}], "conditions": [
            {"type": "Ready", "status": "True", "reason": "Succeeded", "message": "reconciled", "lastTransitionTime": THEN}]}),
    o(SOURCE, "ExternalArtifact", "my-artifact", {"sourceRef": {"apiVersion": GENERATOR, "kind": "ArtifactGenerator", "name": "my-gen", "namespace": "flux-system"}},
      state(**artifact("latest@" + DIGEST))),
    kustomization("flux-system", {"path": "./bootstrap"}, state(reason="ReconciliationSucceeded", message="Applied revision: " + REVISION, lastAppliedRevision=REVISION,
        lastAttemptedRevision=REVISION, **inventory(("_podinfo__Namespace", "v1"), ("flux-system_flux-system_kustomize.toolkit.fluxcd.io_Kustomization", "v1"),
            ("flux-system_podinfo_kustomize.toolkit.fluxcd.io_Kustomization", "v1"), ("flux-system_podinfo_source.toolkit.fluxcd.io_HelmRepository", "v1"),
            ("_system__coloned_rbac.authorization.k8s.io_ClusterRole", "v1"))), managed("flux-system")),
    kustomization("podinfo", {"path": "podinfo", "timeout": "2m0s", "postBuild": {"substitute": {"a": "1", "b": "x\ny"}, "substituteFrom": [{"kind": "ConfigMap", "name": "vars"}]}},
        state(reason="ReconciliationSucceeded", message="Applied revision: " + REVISION, lastAppliedRevision=REVISION, lastAttemptedRevision=REVISION, history=[{"digest": DIGEST,
            "firstReconciled": THEN, "lastReconciled": THEN, "lastReconciledDuration": "1.2s", "lastReconciledStatus": "ReconciliationSucceeded", "totalReconciliations": 3}],
            **inventory(("podinfo_podinfo-values__ConfigMap", "v1"), ("podinfo_podinfo_helm.toolkit.fluxcd.io_HelmRelease", "v2"))), dict(managed("flux-system"), tier="app")),
    kustomization("broken", {"suspend": True, "sourceRef": {"kind": "OCIRepository", "name": "manifests", "namespace": "flux-system"}},
        state("False", "BuildFailed", text("kustomize build failed"), lastAttemptedRevision="6.14.1@" + DIGEST), {"tier": "app"}),
    kustomization("fresh", {"sourceRef": {"kind": "Bucket", "name": "minio"}, "targetNamespace": "apps", "dependsOn": [{"name": "podinfo"}]}),
    kustomization("ext", {"sourceRef": {"kind": "ExternalArtifact", "name": "my-artifact"}}, state(lastAppliedRevision="latest@" + DIGEST)),
    kustomization("vars", {"postBuild": {"substituteFrom": [{"kind": "Secret", "name": "login"}, {"kind": "ConfigMap", "name": "nope", "optional": True}]}}),
    kustomization("novars", {"postBuild": {"substituteFrom": [{"kind": "ConfigMap", "name": "nope"}]}}),
    kustomization("loop", {"path": "./loop"}, state(lastAppliedRevision=REVISION, **inventory(("flux-system_gone_kustomize.toolkit.fluxcd.io_Kustomization", "v1"))), {"tier": "b"}),
    release("podinfo", {**chart(), "timeout": "5m0s", "valuesFrom": [{"kind": "ConfigMap", "name": "podinfo-values"}], "values": {"replicaCount": 2}, "install": {"crds": "Create"}},
        state(reason="InstallSucceeded", message="Helm install succeeded", helmChart="flux-system/podinfo-podinfo", lastAttemptedRevision="6.14.1", storageNamespace="podinfo",
              lastAttemptedGeneration=1, history=HISTORY), managed("podinfo")),
    release("failed", {**chart("failing", "GitRepository"), "suspend": True}, dict(state("False", "InstallFailed", text("Helm install failed")), helmChart="flux-system/podinfo-failed")),
    release("byref", {"chartRef": {"kind": "OCIRepository", "name": "manifests", "namespace": "flux-system"}, "kubeConfig": {"secretRef": {"name": "remote"}}}),
    release("novalues", {**chart(), "valuesFrom": [{"kind": "Secret", "name": "nope"}]}),
    release("badvalues", {**chart(), "valuesFrom": [{"kind": "ConfigMap", "name": "badvalues", "valuesKey": "a"}, {"kind": "ConfigMap", "name": "nope", "optional": True}]}),
    o(IMAGE, "ImageRepository", "podinfo", {"image": "ghcr.io/a/podinfo", "interval": "5m0s"}, state(message="successful scan: found 104 tags", canonicalImageName="ghcr.io/a/podinfo",
        lastScanResult={"scanTime": THEN, "tagCount": 104, "latestTags": ["latest"], "revision": "1"})),
    o(IMAGE, "ImagePolicy", "podinfo", {"imageRepositoryRef": {"name": "podinfo"}, "policy": {"semver": {"range": "6.x"}}}, state(latestRef={"name": "ghcr.io/a/podinfo", "tag": "6.14.1"})),
    o(IMAGE, "ImagePolicy", "none", {"imageRepositoryRef": {"name": "nope"}, "policy": {"alphabetical": {"order": "asc"}}}),
    o(IMAGE, "ImageUpdateAutomation", "flux-system", {"interval": "30m0s", "sourceRef": {"kind": "GitRepository", "name": "flux-system"}, "git": {"checkout": {"ref": {"branch": "main"}},
        "commit": {"author": {"email": "a@b", "name": "a"}}}}, state(message="repository up-to-date", lastAutomationRunTime=THEN)),
    o(NOTE, "Provider", "slack", {"type": "slack", "channel": "general", "secretRef": {"name": "login"}}),
    o(NOTE, "Alert", "on-call", {"providerRef": {"name": "slack"}, "eventSeverity": "error", "eventSources": [{"kind": "Kustomization", "name": "*"}]}),
    o(HOOK, "Receiver", "github", {"type": "github", "events": ["ping", "push"], "secretRef": {"name": "login"}, "resources": [{"kind": "GitRepository", "name": "flux-system"}]},
      state(message="Receiver initialized for path: /hook/x", webhookPath="/hook/x")),
    o("v1", "Secret", "flux-system", data={"identity": "cHJpdg==", "identity.pub": "cHVi", "known_hosts": "aG9zdHM="}),
    o("v1", "Secret", "login", data={"username": "dQ==", "password": "cApw", "token": "dG9rZW4="}),
    o("v1", "Secret", "sh.helm.release.v1.podinfo.v1", ns="podinfo", data={"release": RECORD}, type="helm.sh/release.v1"),
    o("v1", "ConfigMap", "vars", data={"a": "from", "c": "z"}),
    o("v1", "ConfigMap", "podinfo-values", ns="podinfo", labels=managed("podinfo"), data={"values.yaml": "replicaCount: 1\nlogLevel: info\n"}),
    o("v1", "ConfigMap", "badvalues", ns="podinfo", data={"a": "b: [\n"}),
    workload("podinfo", "podinfo", "ghcr.io/a/podinfo:6", managed("podinfo", "podinfo", "helm")),
    workload("source-controller", labels={"app.kubernetes.io/part-of": "flux", "app.kubernetes.io/component": "source-controller"}),
    workload("kustomize-controller", image="reg:8080/fluxcd/kustomize-controller:v1.9.4@" + DIGEST, labels={"app.kubernetes.io/part-of": "flux"}),
    o("rbac.authorization.k8s.io/v1", "ClusterRole", "x", ns=None, rules=[]),
    event("e1", "Kustomization", "podinfo"), event("e2", "Kustomization", "broken", kind_of="Warning", count=7), event("e3", "HelmRelease", "podinfo", "podinfo", api=HR),
    event("e4", "Pod", "x", api="v1"), event("e5", "GitRepository", "flux-system", api=SOURCE), event("e6", "HelmChart", "podinfo-podinfo", api=SOURCE, count=2),
]
NAMESPACES = ("flux-system", "podinfo", "empty", "apps")
# where what a command changes shows: path, plural
WATCHED = [(SOURCE, p) for p in ("gitrepositories", "ocirepositories", "helmrepositories", "helmcharts", "buckets", "externalartifacts")] + \
    [(KS, "kustomizations"), (HR, "helmreleases"), (GENERATOR, "artifactgenerators")] + \
    [(IMAGE, p) for p in ("imagerepositories", "imagepolicies", "imageupdateautomations")] + [(NOTE, "alerts"), (NOTE, "providers"), (HOOK, "receivers"), ("v1", "secrets"),
        ("v1", "configmaps"), ("v1", "serviceaccounts"), ("apps/v1", "deployments"), ("rbac.authorization.k8s.io/v1", "rolebindings")]

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: podinfo
spec:
  replicas: ${n:=2}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:${tag}"}]}
"""
CONFIG = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s, namespace: podinfo}\ndata: {a: \"1\"}\n"
CHILD = """apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: %s, namespace: flux-system}
spec:
  interval: 10m
  path: %s
  prune: true
  sourceRef: {kind: GitRepository, name: flux-system}
"""
FILES = {
    "ks/kustomization.yaml": "resources: [deployment.yaml, config.yaml]\n", "ks/deployment.yaml": DEPLOYMENT, "ks/config.yaml": CONFIG % "podinfo-values", "ks/readme.md": "# x\n",
    "plain/config.yaml": CONFIG % "one", "plain/deployment.yaml": DEPLOYMENT, "plain/child.yaml": CHILD % ("podinfo", "./ks"), "plain/notes.txt": "x\n",
    "bad/kustomization.yaml": "resources: [nope.yaml]\n", "badyaml/a.yaml": "a: [\n", "empty/.keep": "", "sub/kustomization.yaml": "resources: [../ks]\nnamespace: apps\n",
    "values.yaml": "a: 1\nb: {c: [1, 2]}\n", "more.yaml": "a: 2\nd: null\n", "broken.yaml": "a: [\nb: }\n", "ks.yaml": CHILD % ("podinfo", "./ks"),
    "two.yaml": CONFIG % "zero" + "---\n" + CHILD % ("flux-system", "./") + "---\n" + CHILD % ("two", "./plain") +
        "  postBuild: {substitute: {n: \"5\"}}\n",
    "policy.json": json.dumps({"version": "1.0", "trustPolicies": [{"name": "p", "registryScopes": ["*"], "signatureVerification": {"level": "strict"}, "trustStores": ["ca:c"],
                                                                    "trustedIdentities": ["*"]}]}),
    "old/hr.yaml": "# kept\napiVersion: helm.toolkit.fluxcd.io/v2beta1 # old\nkind: HelmRelease\nmetadata: {name: a}\n---\napiVersion: source.toolkit.fluxcd.io/v1beta2\nkind: GitRepository\n",
    "old/ks.yml": "kind: Kustomization\napiVersion: kustomize.toolkit.fluxcd.io/v1beta1\nspec: {validation: client}\n", "old/readme.md": "apiVersion: helm.toolkit.fluxcd.io/v2beta1\nkind: HelmRelease\n",
    "old/new.yaml": CHILD % ("x", "./"), "old/deep/n.yaml": "apiVersion: notification.toolkit.fluxcd.io/v1beta2\nkind: Alert\n",
}
