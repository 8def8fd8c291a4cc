#!/usr/bin/env python3
"""rill why: from a source to a Pod, and what is broken on the way: why.py RILL"""
from flux_case import Case

t = Case()
PROGRESS = [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}]
KS, HR = "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"


def ready(status, message, **more):
    return {"observedGeneration": 1, "conditions": [{"type": "Ready", "status": status, "reason": "Test", "message": message,
            "lastTransitionTime": "2026-01-01T00:00:00Z"}], **more}


def flux(kind, plural, api, namespace, name, spec, status=None, labels=None):
    o = {"apiVersion": api, "kind": kind, "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
         "spec": spec}
    if status:
        o["status"] = status
    t.make(api, plural, o)


def state(api, plural, namespace, name, status):
    t.patch(api, plural, namespace, name + "/status", {"status": status})


def why(*args, **how):
    return t.tell("why", *args, program=t.rill, **how)


SOURCE, KUST, REL = ("source.toolkit.fluxcd.io/v1", "gitrepositories"), (KS + "/v1", "kustomizations"), \
    (HR + "/v2", "helmreleases")
REVISION = "main@sha1:" + "a1b2c3d4" * 5
flux("GitRepository", SOURCE[1], SOURCE[0], "flux-system", "repo", {"interval": "1m", "url": "https://git.example.com/fleet"},
     ready("True", "stored artifact for revision '%s'" % REVISION, artifact={
         "revision": REVISION, "path": "x", "url": "http://x/x", "digest": "sha256:" + "0" * 64,
         "lastUpdateTime": "2026-01-01T00:00:00Z"}))
for name, depends in (("apps", ["infra"]), ("infra", [])):
    flux("Kustomization", KUST[1], KUST[0], "flux-system", name, {
        "interval": "1m", "prune": True, "path": "./" + name, "sourceRef": {"kind": "GitRepository", "name": "repo"},
        "dependsOn": [{"name": d} for d in depends]}, ready("True", "Applied revision: " + REVISION))
flux("HelmRelease", REL[1], REL[0], "web", "shop", {"interval": "1m", "chart": {"spec": {
    "chart": "./shop", "sourceRef": {"kind": "GitRepository", "name": "repo", "namespace": "flux-system"}}}},
     ready("True", "Helm install succeeded"), {KS + "/name": "apps", KS + "/namespace": "flux-system"})
app = {"app": "shop"}
t.make("apps/v1", "deployments", {
    "metadata": {"name": "shop", "namespace": "web", "labels": {HR + "/name": "shop", HR + "/namespace": "web"}},
    "spec": {"replicas": 1, "selector": {"matchLabels": app}, "template": {
        "metadata": {"labels": app}, "spec": {"containers": [{"name": "shop", "image": "shop:1"}]}}},
    "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": 1, "availableReplicas": 1,
               "conditions": PROGRESS + [{"type": "Available", "status": "True"}]}})
CHAIN = ["✔ GitRepository/flux-system/repo: stored artifact for revision 'main@sha1:a1b2c3d4'\n",
         "✔ Kustomization/flux-system/apps: Applied revision: main@sha1:a1b2c3d4\n"]

# ---- all is well ----
why("deployment/shop", "-n", "web", out="".join(CHAIN) + "✔ HelmRelease/web/shop: Helm install succeeded\n"
    "✔ Deployment/web/shop: Deployment is available. Replicas: 1\n\nall is well\n", err="")
why("ks", "apps", out="".join(CHAIN) + "\nall is well\n")

why("hr/shop", status=1, out="✗ HelmRelease/flux-system/shop: is not there\n\nwhy: HelmRelease/flux-system/shop is not there\n"
    "next: rill why HelmRelease/shop -n web\n")
why("hr/none", status=1, out="✗ HelmRelease/flux-system/none: is not there\n\nwhy: HelmRelease/flux-system/none is not there\n")

# ---- a Pod that does not start, and a release that waits for it ----
state("apps/v1", "deployments", "web", "shop", {"readyReplicas": 0, "availableReplicas": 0, "conditions": PROGRESS + [
    {"type": "Available", "status": "False"}]})
t.make("v1", "pods", {"metadata": {"name": "shop-1", "namespace": "web", "labels": app},
                      "spec": {"containers": [{"name": "shop", "image": "shop:1"}]},
                      "status": {"phase": "Pending", "containerStatuses": [{
                          "name": "shop", "ready": False, "restartCount": 0, "image": "shop:1", "imageID": "", "state": {
                              "waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image \"shop:1\""}}}]}})
state(*REL, "web", "shop", ready("False", "Helm install failed: timeout waiting for: [Deployment/web/shop status: "
                                          "'InProgress']"))
why("deployment/shop", "-n", "web", status=1, out_has=[
    "✗ HelmRelease/web/shop: Helm install failed: timeout", "✗ Pod/web/shop-1: container shop: ImagePullBackOff: ",
    '\nwhy: Pod/web/shop-1: container shop: ImagePullBackOff: Back-off pulling image "shop:1"\n'
    "in Git: https://git.example.com/fleet main@sha1:a1b2c3d4 ./apps\nnext: kubectl describe Pod shop-1 -n web\n"])
state(*REL, "web", "shop", ready("False", "Helm install failed: values don't meet the schema"))
why("deployment/shop", "-n", "web", status=1,
    out_has="\nwhy: HelmRelease/web/shop: Helm install failed: values don't meet the schema\n")

# ---- a dependency ----
state(*KUST, "flux-system", "apps", ready("False", "dependency 'flux-system/infra' is not ready"))
state(*KUST, "flux-system", "infra", ready("False", "kustomize build failed: accumulating resources: no such file 'x.yaml'"))
why("hr/shop", "-n", "web", status=1, out_has=[
    "\nwhy: Kustomization/flux-system/infra: kustomize build failed: accumulating resources: no such file 'x.yaml'\n"
    "in Git: https://git.example.com/fleet main@sha1:a1b2c3d4 ./infra\n"
    "next: rill events --for Kustomization/infra -n flux-system\n"])

# ---- what is not there, and who should have made it ----
why("service/shop", "-n", "web", status=1, out_has=["✗ Service/web/shop: is not there\n", "\nwhy: Kustomization/flux-system/"])

state(*REL, "web", "shop", ready("False", "Helm install failed: Service \"shop\" is invalid: port; Service/web/shop is gone"))
why("service/shop", "-n", "web", status=1, out_has=["\nwhy: Kustomization/flux-system/infra: kustomize build failed"])
t.patch(*KUST, "flux-system", "apps", {"spec": {"dependsOn": None}})
state(*REL, "web", "shop", ready("False", "Helm install failed"))
state(*KUST, "flux-system", "infra", ready("False", "Service/web/shop2 dry-run failed"))
state(*KUST, "flux-system", "apps", ready("False", "Service/web/shop dry-run failed"))
for name, says in (("shop", "apps: Service/web/shop dry"), ("shop2", "infra: Service/web/shop2 dry")):
    why("service/" + name, "-n", "web", status=1, out_has="\nwhy: Kustomization/flux-system/%s-run failed\n" % says)

# ---- they wait for each other ----
for name, other in (("infra", "apps"), ("apps", "infra")):
    t.patch(*KUST, "flux-system", name, {"spec": {"dependsOn": [{"name": other}]}})
state(*KUST, "flux-system", "apps", ready("False", "dependency 'flux-system/infra' is not ready"))
state(*KUST, "flux-system", "infra", ready("False", "dependency 'flux-system/apps' is not ready"))
why("ks/apps", status=1, out_has="\nthese wait for each other: Kustomization/flux-system/apps → Kustomization/flux-system/infra "
    "→ Kustomization/flux-system/apps\n")
t.patch(*KUST, "flux-system", "infra", {"spec": {"dependsOn": None}})

# ---- suspended, and a source that fails ----
t.patch(*KUST, "flux-system", "infra", {"spec": {"suspend": True}})
why("ks/infra", status=1, out_has="next: rill resume kustomization infra -n flux-system\n")
state(*SOURCE, "flux-system", "repo", ready("False", "failed to checkout and determine revision: authentication required"))
why("ks/apps", status=1, out_has="\nwhy: GitRepository/flux-system/repo: failed to checkout")

# ---- what is asked wrongly ----
why(status=1, err="✗ accepts between 1 and 2 arg(s), received 0\n")
why("podd/x", status=1, err='✗ the server doesn\'t have a resource type "podd"\n')
why("pods", status=1, err="✗ an object is required: KIND/NAME, or KIND NAME\n")
t.tell("why", "ks/apps", status=1, err_has='✗ unknown command "why" for "flux"')

# ---- the other kinds ----
FIELDS = {"path": "x", "url": "http://x/x", "digest": "sha256:" + "0" * 64, "lastUpdateTime": "2026-01-01T00:00:00Z"}
flux("OCIRepository", "ocirepositories", SOURCE[0], "oci", "image", {"interval": "1m", "url": "oci://reg.example.com/x"},
     ready("True", "stored artifact for digest 'latest@sha256:%s'" % ("a1" * 32), artifact={
         "revision": "latest@sha256:" + "a1" * 32, "metadata": {
             "org.opencontainers.image.source": "https://git.example.com/built",
             "org.opencontainers.image.revision": "main@sha1:" + "c0ffee00" * 5}, **FIELDS}))
flux("Kustomization", KUST[1], KUST[0], "oci", "built", {
    "interval": "1m", "prune": True, "path": "./deploy", "sourceRef": {"kind": "OCIRepository", "name": "image"}},
     ready("False", "kustomize build failed"))
why("ks/built", "-n", "oci", status=1, out="✔ OCIRepository/oci/image: stored artifact for digest 'latest@sha256:a1a1a1a1'\n"
    "✗ Kustomization/oci/built: kustomize build failed\n\nwhy: Kustomization/oci/built: kustomize build failed\n"
    "in Git: https://git.example.com/built main@sha1:c0ffee00 ./deploy\nnext: rill events --for Kustomization/built -n oci\n")
flux("ArtifactGenerator", "artifactgenerators", "source.extensions.fluxcd.io/v1beta1", "oci", "gen", {
    "sources": [{"alias": "a", "kind": "OCIRepository", "name": "image"}],
    "artifacts": [{"name": "part", "copy": [{"from": "@a/**", "to": "@artifact/"}]}]}, ready("False", "no such file"))
flux("ExternalArtifact", "externalartifacts", SOURCE[0], "oci", "part", {"sourceRef": {
    "apiVersion": "source.extensions.fluxcd.io/v1beta1", "kind": "ArtifactGenerator", "name": "gen"}})
flux("Kustomization", KUST[1], KUST[0], "oci", "parts", {
    "interval": "1m", "prune": True, "sourceRef": {"kind": "ExternalArtifact", "name": "part"}})
why("ks/parts", "-n", "oci", status=1, out_has=[
    "✔ OCIRepository/oci/image: ", "✗ ArtifactGenerator/oci/gen: no such file\n◎ ExternalArtifact/oci/part",
    "why: ArtifactGenerator/oci/gen: no such file\n"])
IMAGE = "image.toolkit.fluxcd.io/v1"
flux("ImageRepository", "imagerepositories", IMAGE, "oci", "app", {"image": "reg.example.com/app", "interval": "1m"},
     ready("False", "auth failed"))
flux("ImagePolicy", "imagepolicies", IMAGE, "oci", "app", {
    "imageRepositoryRef": {"name": "app"}, "policy": {"semver": {"range": "1.x"}}}, ready("False", "no tags"))
why("imagepolicy/app", "-n", "oci", status=1, out_has="why: ImageRepository/oci/app: auth failed\n")
NOTE = "notification.toolkit.fluxcd.io/v1beta3"
flux("Alert", "alerts", NOTE, "oci", "all", {"providerRef": {"name": "chat"}, "eventSources": [{"kind": "Kustomization", "name": "*"}]})
why("alert/all", "-n", "oci", status=1, out_has="why: Provider/oci/chat is not there\n")
flux("Provider", "providers", NOTE, "oci", "chat", {"type": "slack", "address": "https://chat.example.com"})
why("alert/all", "-n", "oci", out="✔ Provider/oci/chat\n✔ Alert/oci/all\n\nall is well\n")
