#!/usr/bin/env python3
"""What a HelmRelease comes to, whatever happens: helmrelease_states.py RILL [CASE...]

Each case has a namespace of its own and says what conditions, history and
counters must be. Where there is Flux's helm-controller ($PEERS), the same cases
run on it, on a server of its own, and what was seen (conditions, history,
inventory, events) must be equal.
"""
import base64, difflib, json, re, sys, time

from helm_session import (HELM, PEER, SOURCE, Session, chart, condition, files, flux_controller, ok, rill_controller, web)
from helm_world import read_record, write_record
from world import until

INDEX = b"""apiVersion: v1
entries:
  podinfo:
  - {apiVersion: v2, name: podinfo, version: 6.14.1, urls: [podinfo-6.14.1.tgz]}
  - {apiVersion: v2, name: podinfo, version: 6.5.4, urls: [podinfo-6.5.4.tgz]}
"""


# ---- failing releases ------------------------------------------------------------

def install_fails(s):
    """No retries: it stalls, and the release stays."""
    s.release(values={"replicas": -1})
    s.settle("Ready=False InstallFailed Helm install failed for release install-fails/web with chart web@1.0.0: .*",
             "Stalled=True RetriesExceeded Failed to install after 1 attempt\\(s\\)", "Released=False InstallFailed .*",
             history=["v1 failed install"], installFailures=1, failures=1)
    # a new spec is a new beginning: the failed release is upgraded
    s.change(values={"replicas": 1})
    s.settle(ok("upgrade", 2), history=["v2 deployed upgrade", "v1 superseded"])


def install_fails_with_retries(s):
    s.release(values={"replicas": -1}, install={"remediation": {"retries": 1}})
    s.settle("Ready=False InstallFailed .*", "Stalled=True RetriesExceeded Failed to install after 2 attempt\\(s\\)",
             installFailures=2)
    s.note("deployed", bool(s.object("configmaps")))


def install_fails_remediate_last(s):
    s.release(values={"replicas": -1}, install={"remediation": {"remediateLastFailure": True}})
    s.settle("Stalled=True RetriesExceeded Failed to install after 1 attempt\\(s\\)",
             "Remediated=True UninstallSucceeded Helm uninstall remediation for release "
             "install-fails-remediate-last/web\\.v1 with chart web@1\\.0\\.0 succeeded")
    s.note("deployed", bool(s.object("configmaps")))
    s.change(values={"replicas": 1})
    s.settle(ok())


def install_retry_on_failure(s):
    s.release(values={"replicas": -1}, install={"strategy": {"name": "RetryOnFailure", "retryInterval": "2s"}},
              upgrade={"strategy": {"name": "RetryOnFailure", "retryInterval": "1h"}})
    s.settle("Ready=False UpgradeFailed .*", "Reconciling=True ProgressingWithRetry retrying after 1h0m0s", upgradeFailures=1)
    s.change(values={"replicas": 1})
    s.settle(ok("upgrade", 3))


def upgrade_fails(s):
    """Without retries nothing is undone."""
    s.release()
    s.settle(ok())
    s.change(values={"replicas": -1})
    s.settle("Ready=False UpgradeFailed Helm upgrade failed for release upgrade-fails/web with chart web@1.0.0: .*",
             "Stalled=True RetriesExceeded Failed to upgrade after 1 attempt\\(s\\)", upgradeFailures=1)
    s.change(values={"replicas": 2})
    s.settle(ok("upgrade", 3))


def upgrade_rolls_back(s):
    s.release(upgrade={"remediation": {"retries": 1}})
    s.settle(ok())
    s.change(values={"replicas": -1})
    s.settle("Ready=False RollbackSucceeded Helm rollback to previous release upgrade-rolls-back/web\\.v3 with chart web@1\\.0\\.0 succeeded",
             "Stalled=True RetriesExceeded Failed to upgrade after 2 attempt\\(s\\)")
    s.note("replicas", s.object("apps/v1/deployments")["spec"]["replicas"])
    # what it was rolled back to is what is wanted
    s.change(values={})
    s.settle("Ready=True UpgradeSucceeded .*")


def upgrade_rolls_back_last_not(s):
    s.release(upgrade={"remediation": {"retries": 1, "remediateLastFailure": False}})
    s.settle(ok())
    s.change(values={"replicas": -1})
    s.settle("Stalled=True RetriesExceeded Failed to upgrade after 2 attempt\\(s\\)", "Ready=False UpgradeFailed .*")


def upgrade_uninstalls(s):
    s.release(upgrade={"remediation": {"retries": 1, "strategy": "uninstall"}})
    s.settle(ok())
    s.change(values={"replicas": -1})
    s.settle("Stalled=True RetriesExceeded Failed to install after 1 attempt\\(s\\)")


def upgrade_retry_on_failure(s):
    s.release(upgrade={"strategy": {"name": "RetryOnFailure", "retryInterval": "1h"}})
    s.settle(ok())
    s.change(values={"replicas": -1})
    s.settle("Ready=False UpgradeFailed .*", "Reconciling=True ProgressingWithRetry retrying after 1h0m0s", upgradeFailures=1)
    s.change(values={"replicas": 1})
    s.settle(ok("upgrade", 3))


def rollback_target_gone(s):
    s.release(upgrade={"remediation": {"retries": 1}})
    s.settle(ok())
    s.w.patch(HELM % s.ns + "/web/status", {"status": {"history": []}})
    s.change(values={"replicas": -1})
    s.settle("Stalled=True MissingRollbackTarget Failed to perform remediation: missing target release for rollback: "
             "cannot remediate failed release")


def not_ready_in_time(s):
    s.release(values={"image": "sim-not-ready"}, install={"timeout": "3s"})
    s.settle("Ready=False InstallFailed Helm install failed for release not-ready-in-time/web with chart web@1.0.0: .*",
             "Stalled=True .*")


def template_fails(s):
    """Nothing is stored, nothing is counted; it is tried again."""
    s.release(values={"broken": True})
    s.settle("Ready=False InstallFailed Helm install failed for release template-fails/web with chart web@1\\.0\\.0: .*"
             "it is broken", "Stalled= *")
    o = s.get()["status"]
    assert not o.get("installFailures") and not o.get("history"), o
    s.change(values={})
    s.settle(ok())


def no_object(s):
    """What is no object is refused where all is sent through the post-renderer, in its words."""
    for text, words in (("hello", "wrong node kind: expected MappingNode but got ScalarNode: node contents:\nhello"),
                        ("- a", "wrong node kind: expected MappingNode but got SequenceNode: node contents:\n- a"),
                        ("kind: A\nmetadata: {name: a\ndata: b", "MalformedYAMLError: yaml: line 1: did not find expected ',' or '}'")):
        s.chart(chart(**{"templates/more.yaml": text}), revision="%d" % len(text))
        if not s.get():
            s.release()
        s.settle("Ready=False InstallFailed Helm install failed for release no-object/web with chart web@1\\.0\\.0: "
                 "error merging manifests: parsing web/templates/more.yaml: " + re.escape(words))


def a_list(s):
    """A List that is alone in its text falls apart; the chart is told of the Helm in helm-controller."""
    items = "".join("- apiVersion: v1\n  kind: ConfigMap\n  metadata: {name: %s}\n" % n for n in ("b", "a"))
    s.chart(chart(**{"templates/list.yaml": "apiVersion: v1\nkind: List\nitems:\n" + items,
                     "templates/caps.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: caps}\ndata:\n"
                     "  helm: {{ .Capabilities.HelmVersion.Version }} {{ .Capabilities.HelmVersion.KubeClientVersion }}\n"}))
    s.release()
    s.settle(ok())
    s.note("manifest", s.w.records(s.ns)[0]["manifest"])


def breaks_the_schema(s):
    s.chart(chart(**{"values.schema.json": json.dumps({"type": "object", "properties": {"replicas": {"maximum": 3}}})}))
    s.release(values={"replicas": 5})
    s.settle("Ready=False InstallFailed Helm install failed for release breaks-the-schema/web with chart web@1\\.0\\.0: .*"
             "values don't meet the specifications of the schema\\(s\\) in the following chart\\(s\\):\nweb:\n.*")
    s.change(install={"disableSchemaValidation": True})
    s.settle(ok())


# ---- tests and hooks ----------------------------------------------------------------

def tests_pass(s):
    s.release(test={"enable": True}, values={"tested": "sim-exit-0"})
    s.settle("Ready=True TestSucceeded Helm test succeeded for release tests-pass/web\\.v1 with chart web@1\\.0\\.0: "
             "2 test hooks completed successfully", "TestSuccess=True TestSucceeded .*", "Released=True .*")
    s.change(test={"enable": False})
    s.settle(ok())


def no_tests(s):
    s.release(test={"enable": True})
    s.settle("Ready=True TestSucceeded Helm test succeeded for release no-tests/web\\.v1 with chart web@1\\.0\\.0: no test hooks")


def filtered_tests(s):
    s.release(test={"enable": True, "filters": [{"name": "web-test", "exclude": True}]}, values={"tested": "sim-exit-1"})
    s.settle("Ready=True TestSucceeded Helm test succeeded for release filtered-tests/web\\.v1 with chart web@1\\.0\\.0: "
             "1 test hook completed successfully")


def tests_fail(s):
    s.release(test={"enable": True}, values={"tested": "sim-exit-1"})
    s.settle("Ready=False TestFailed Helm test failed for release tests-fail/web\\.v1 with chart web@1\\.0\\.0: .*",
             "Stalled=True RetriesExceeded Failed to install after 1 attempt\\(s\\)", installFailures=1)


def tests_fail_ignored(s):
    s.release(test={"enable": True, "ignoreFailures": True}, values={"tested": "sim-exit-1"})
    s.settle(ok(), "TestSuccess=False TestFailed .*")


def tests_fail_ignored_by_remediation(s):
    s.release(test={"enable": True}, values={"tested": "sim-exit-1"}, install={"remediation": {"ignoreTestFailures": True}})
    s.settle("Ready=False TestFailed .*", "TestSuccess=False TestFailed .*", failures=1)


def tests_fail_rolls_back(s):
    s.release(test={"enable": True}, upgrade={"remediation": {"retries": 0, "remediateLastFailure": True}})
    s.settle("Ready=True TestSucceeded .*")
    s.change(values={"tested": "sim-exit-1"})
    s.settle("Stalled=True RetriesExceeded Failed to upgrade after 1 attempt\\(s\\)", "Remediated=True RollbackSucceeded .*")


def hook_fails(s):
    s.release(timeout="8s", values={"hook": "sim-exit-3", "policy": "hook-failed"})
    s.settle("Ready=False InstallFailed Helm install failed for release hook-fails/web with chart web@1.0.0: .*", "Stalled=True .*",
             history=["v1 failed install"])
    until(lambda: not s.object("batch/v1/jobs", "web-hook"), "the hook stays")


def hook_stays(s):
    s.release(timeout="8s", values={"hook": "sim-exit-0", "policy": "before-hook-creation"})
    s.settle(ok())
    s.note("there", bool(s.object("batch/v1/jobs", "web-hook")))
    s.change(values={"hook": "sim-exit-0", "policy": "hook-succeeded"})
    s.settle(ok("upgrade", 2))
    s.note("there", bool(s.object("batch/v1/jobs", "web-hook")))


def delete_hook_fails(s):
    """The finalizer stays as long as the release cannot be uninstalled."""
    s.release(timeout="8s", values={"hook": "sim-exit-3", "event": "pre-delete"})
    s.settle(ok())
    s.delete()
    until(lambda: condition(s.get(), "Released")["reason"] == "UninstallFailed", lambda: s.told("web", "uninstalled"))
    s.w.patch(HELM % s.ns + "/web", {"spec": {"uninstall": {"disableHooks": True}}})
    until(lambda: not s.get(), lambda: s.told("web", "not gone"))
    s.note("records", len(s.w.records(s.ns)))


# ---- sources ---------------------------------------------------------------------------

def no_such_version(s):
    """The words of an index without that version, and the newest that it has."""
    message = ("invalid chart reference: failed to get chart version for remote reference: no 'podinfo' chart with version "
               "matching '10.x' found")
    path = SOURCE % s.ns + "helmcharts/no-such-version-web"
    files["/repo/index.yaml"] = INDEX
    s.w.post(SOURCE % s.ns + "helmrepositories", {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "HelmRepository",
             "metadata": {"name": "podinfo"}, "spec": {"interval": "1h", "url": web + "/repo"}})
    s.release(chart={"spec": {"chart": "podinfo", "version": "10.x", "sourceRef": {"kind": "HelmRepository", "name": "podinfo"}}})
    until(lambda: s.w.get(path), lambda: s.told("web", "no HelmChart is made"))
    if s is not ours:       # it has no source controller beside it
        s.status("helmcharts", s.ns + "-web", {"observedGeneration": 1, "conditions": [
            {"type": t, "status": v, "reason": "InvalidChartReference", "message": message, "observedGeneration": 1,
             "lastTransitionTime": "2026-01-01T00:00:00Z"} for t, v in (("Stalled", "True"), ("FetchFailed", "True"), ("Ready", "False"))]})
    s.settle("Ready=False SourceNotReady HelmChart 'no-such-version/no-such-version-web' is not ready: " + message)
    c = s.w.get(path)
    for type_, status in (("Stalled", "True"), ("FetchFailed", "True"), ("Ready", "False")):
        got = condition(c, type_)
        assert (got["status"], got["reason"], got["message"]) == (status, "InvalidChartReference", message), c["status"]
    s.note("chart", s.mask(json.dumps(c["spec"], sort_keys=True)))


def no_artifact(s):
    s.w.post(SOURCE % s.ns + "externalartifacts", {
        "apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "ExternalArtifact", "metadata": {"name": "none"},
        "spec": {"sourceRef": {"apiVersion": "v1", "kind": "ConfigMap", "name": "none"}}})
    s.release(chartRef={"kind": "ExternalArtifact", "name": "none"})
    s.settle("Ready=False SourceNotReady ExternalArtifact 'no-artifact/none' is not ready: does not have an artifact")


def no_source(s):
    s.release(chartRef={"kind": "OCIRepository", "name": "none"})
    s.settle("Ready=False ArtifactFailed could not get Source object: .*")


def bad_chart(s):
    s.chart(b"no chart")
    s.release()
    s.settle("Ready=False ArtifactFailed Could not load chart: .*")


def new_chart(s):
    s.release()
    s.settle(ok())
    s.chart(chart("1.1.0"), "2")
    s.settle(ok("upgrade", 2, "web@1.1.0"), history=["v2 deployed upgrade", "v1 superseded"])


def digest_revision(s):
    s.chart(chart(), "1.0.0@sha256:" + "ab" * 32)
    s.release()
    s.settle("Ready=True InstallSucceeded Helm install succeeded for release digest-revision/web\\.v1 with chart web@1\\.0\\.0\\+abababababab")
    s.chart(chart(), "2.0.0@sha256:" + "ab" * 32)
    s.annotate(requestedAt="x")
    s.settle("Ready=False ChartMutateError artifact revision 2\\.0\\.0 does not match chart version 1\\.0\\.0")


def chart_name_changes(s):
    s.release()
    s.settle(ok())
    s.chart(chart("1.0.0", "other"), "2")
    s.settle(ok("install", 1, "other@1.0.0"))
    s.change(upgrade={"chartNameChangeStrategy": "InPlaceUpdate"})
    s.settle(ok("install", 1, "other@1.0.0"))
    s.chart(chart("1.0.0", "third"), "3")
    s.settle(ok("upgrade", 2, "third@1.0.0"))


# ---- values ------------------------------------------------------------------------------

def values_from(s):
    s.w.post("/api/v1/namespaces/%s/configmaps" % s.ns, {"metadata": {"name": "v"}, "data": {
        "values.yaml": "colour: green\nreplicas: 2\n", "one": "a,b", "bad": "a: ["}})
    s.release(valuesFrom=[{"kind": "ConfigMap", "name": "v"}, {"kind": "Secret", "name": "none", "optional": True},
                          {"kind": "ConfigMap", "name": "v", "valuesKey": "two", "optional": True},
                          {"kind": "ConfigMap", "name": "v", "valuesKey": "one", "targetPath": "colour", "literal": True}])
    s.settle(ok())
    s.note("colour", s.object("configmaps")["data"]["colour"])
    s.change(values={"replicas": 3}, valuesFrom=[{"kind": "ConfigMap", "name": "v"}])
    s.settle(ok("upgrade", 2))
    s.change(valuesFrom=[{"kind": "ConfigMap", "name": "v", "valuesKey": "two"}])
    s.settle("Ready=False ValuesError could not resolve ConfigMap chart values reference 'values-from/v' with key 'two': key not found")
    s.change(valuesFrom=[{"kind": "Secret", "name": "none"}])
    s.settle("Ready=False ValuesError could not resolve Secret chart values reference 'values-from/none' with key 'values.yaml': .*")
    s.change(valuesFrom=[{"kind": "ConfigMap", "name": "v", "valuesKey": "bad"}])
    s.settle("Ready=False ValuesError could not resolve ConfigMap chart values reference 'values-from/v' with key 'bad': .*")
    s.change(valuesFrom=[{"kind": "ConfigMap", "name": "v", "valuesKey": "one", "targetPath": "a[0].b"}])
    s.settle(".*".join(["Ready=False ValuesError could not resolve ConfigMap chart values reference 'values-from/v' with key 'one': ", ""]))


def values_preserved(s):
    """Helm adds the old release's values to those wanted; that is no reason for another upgrade."""
    s.release(values={"colour": "green"}, upgrade={"preserveValues": True})
    s.settle(ok())
    s.change(values={"replicas": 2})
    s.settle(ok("upgrade", 2), "Reconciling= *", history=["v2 deployed upgrade", "v1 superseded"])
    s.note("config", [r["config"] for r in s.w.records(s.ns)])


# ---- drift -----------------------------------------------------------------------------------

def drift_corrected(s):
    s.release(driftDetection={"mode": "enabled"})
    s.settle(ok())
    s.reconcile()
    s.settle(ok(), "Drifted=False NoDriftDetected No drift detected against the cluster state")
    s.w.patch("/api/v1/namespaces/%s/configmaps/web" % s.ns, {"data": {"colour": "stolen"}, "metadata": {"labels": {"more": "x"}}})
    s.w.delete("/apis/apps/v1/namespaces/%s/deployments/web" % s.ns)
    s.reconcile()
    until(lambda: s.object("configmaps")["data"]["colour"] == "red" and s.object("apps/v1/deployments"), "not corrected")
    s.reconcile()
    s.settle(ok(), "Drifted=False NoDriftDetected .*")


def drift_warned(s):
    s.release(driftDetection={"mode": "warn"})
    s.settle(ok())
    s.w.patch("/api/v1/namespaces/%s/configmaps/web" % s.ns, {"data": {"colour": "stolen"}})
    s.reconcile()
    s.settle(ok(), "Drifted=True DriftDetected Cluster state of release drift-warned/web\\.v1 has drifted from the desired state:\n"
             "ConfigMap/drift-warned/web changed \\(0 additions, 1 changes, 0 removals\\)")
    s.note("colour", s.object("configmaps")["data"]["colour"])


def drift_ignored(s):
    s.release(driftDetection={"mode": "enabled", "ignore": [{"paths": ["/data/colour"], "target": {"kind": "ConfigMap"}},
                                                            {"paths": [""], "target": {"kind": "Deployment"}}]})
    s.settle(ok())
    s.w.patch("/api/v1/namespaces/%s/configmaps/web" % s.ns, {"data": {"colour": "stolen"}})
    s.w.delete("/apis/apps/v1/namespaces/%s/deployments/web" % s.ns)
    s.reconcile()
    s.settle(ok(), "Drifted=False .*")
    s.w.patch("/api/v1/namespaces/%s/configmaps/web" % s.ns, {"data": {"colour": "stolen", "more": "x"}})
    s.reconcile()
    s.settle(ok())
    s.note("data", s.object("configmaps")["data"])


# ---- somebody else ---------------------------------------------------------------------------

def suspended(s):
    s.release()
    s.settle(ok())
    s.change(suspend=True, values={"colour": "late"})
    time.sleep(1)
    s.keep()
    s.note("colour", s.object("configmaps")["data"]["colour"])
    s.change(suspend=False)
    s.settle(ok("upgrade", 2))
    s.change(suspend=True)
    s.delete()
    until(lambda: not s.get(), lambda: s.told("web", "not gone"))
    s.note("stays", [r["info"]["status"] for r in s.w.records(s.ns)])


def uninstalled_outside(s):
    s.release(install={"replace": True})
    s.settle(ok())
    s.helm("uninstall", "web")
    s.reconcile()
    s.settle(ok(), history=["v1 deployed install"])
    s.helm("uninstall", "web", "--keep-history")
    s.reconcile()
    s.settle("Ready=True .*")


def record_deleted(s):
    s.release()
    s.settle(ok())
    s.w.delete("/api/v1/namespaces/%s/secrets/sh.helm.release.v1.web.v1" % s.ns)
    s.reconcile()
    s.settle(ok())
    s.note("records", [r["info"]["status"] for r in s.w.records(s.ns)])


def rolled_back_outside(s):
    s.release()
    s.settle(ok())
    s.change(values={"colour": "blue"})
    s.settle(ok("upgrade", 2))
    s.helm("rollback", "web", "1", "--force-conflicts")
    s.reconcile()
    s.settle(ok("upgrade", 4), history=["v4 deployed upgrade"])
    s.note("colour", s.object("configmaps")["data"]["colour"])


def installed_before(s):
    """A release of the helm program is adopted."""
    s.w.run("mkdir", "-p", "adopted")
    open(s.w.dir + "/adopted.tgz", "wb").write(chart())
    s.helm("install", "web", "adopted.tgz")
    s.release()
    s.settle(ok("upgrade", 2))


def owner_died(s):
    s.release()
    s.settle(ok())
    path = "/api/v1/namespaces/%s/secrets" % s.ns
    for status, version in (("pending-upgrade", 2), ("pending-rollback", 4)):
        secret = s.w.get(path + "/sh.helm.release.v1.web.v%d" % (version - 1))
        r = read_record(secret)
        r["info"]["status"], r["version"] = status, version
        s.w.post(path, {"metadata": {"name": "sh.helm.release.v1.web.v%d" % version, "labels": dict(
            secret["metadata"]["labels"], status=status, version=str(version))}, "type": "helm.sh/release.v1",
            "data": {"release": write_record(r)}})
        s.reconcile()
        s.settle(ok("upgrade", version + 1))


def no_rights(s):
    s.w.post("/api/v1/namespaces/%s/serviceaccounts" % s.ns, {"metadata": {"name": "nobody"}})
    s.release(serviceAccountName="nobody")
    s.settle("Ready=False StateError Could not determine release state: failed to retrieve last release from storage: .*"
             "cannot list resource \"secrets\" .*")


def some_rights(s, *rules):
    """A release of an account with its release's records and these rights."""
    s.w.post("/api/v1/namespaces/%s/serviceaccounts" % s.ns, {"metadata": {"name": "some"}})
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/%s/" % s.ns
    s.w.post(rbac + "roles", {"metadata": {"name": "some"}, "rules": [may("secrets", "*"), *rules]})
    s.w.post(rbac + "rolebindings", {
        "metadata": {"name": "some"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "some"},
        "subjects": [{"kind": "ServiceAccount", "name": "some", "namespace": s.ns}]})
    s.release(serviceAccountName="some")
    return rbac + "roles/some"


def may(resource, *verbs):
    return {"apiGroups": ["*"], "resources": [resource], "verbs": verbs}


def may_only_look(s):
    """Each object is tried, and each failure told."""
    some_rights(s, may("*", "get", "list", "watch"))
    s.settle("Ready=False InstallFailed .* Kind=ConfigMap: .* cannot patch .*\nserver-side apply failed for object .* Kind=Deployment: .*",
             installFailures=1)


def may_only_look_later(s):
    """The same where nobody looks again at what was shown just before."""
    role = some_rights(s, may("*", "*"))
    s.settle(ok())
    s.delete()
    until(lambda: not s.get(), lambda: s.told("web", "not gone"))
    s.w.patch(role, {"rules": [may("secrets", "*"), may("*", "get", "list", "watch")]})
    s.release(serviceAccountName="some")
    s.settle("Ready=False InstallFailed .* Kind=ConfigMap: .* cannot patch .*\nserver-side apply failed for object .* Kind=Deployment: .*",
             installFailures=1)


def may_not_look(s):
    """Nothing is made and nothing stored before all could be looked at, so it is tried again until it may."""
    role = some_rights(s, may("configmaps", "*"), may("deployments", "patch"))
    s.settle("Ready=False InstallFailed .*: unable to continue with install: could not get information about the resource "
             "Deployment \"web\" in namespace \"may-not-look\": .* cannot get resource .*", history=[], installFailures=0)
    assert not s.object("configmaps")
    s.w.patch(role, {"rules": [may("*", "*")]})
    s.settle(ok())


def may_not_delete(s):
    role = some_rights(s, may("*", "get", "list", "watch", "create", "patch", "update"))
    s.settle(ok())
    s.delete()
    until(lambda: condition(s.get(), "Released")["reason"] == "UninstallFailed", lambda: s.told("web", "uninstalled"))
    s.w.patch(role, {"rules": [may("*", "*")]})
    until(lambda: not s.get(), lambda: s.told("web", "not gone"))


def no_such_field(s):
    """What can be made is made beside what cannot."""
    s.release(values={"extra": {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"}, "dta": {"a": "b"}}})
    s.settle("Ready=False InstallFailed .* failed to create typed patch object .*", "Stalled=True .*")
    s.note("made", [bool(s.object("configmaps")), bool(s.object("apps/v1/deployments"))])


def definitions(s):
    """What becomes of crds/ stands among Helm's lines."""
    def with_crd(spec):
        return chart(**{"crds/a.yaml": json.dumps({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "as.crds.example.com"}, "spec": {"group": "crds.example.com", **spec}})})
    s.chart(with_crd({}), "bad")
    s.release(values={"replicas": -1}, upgrade={"crds": "CreateReplace"})
    s.settle("Ready=False InstallFailed .*: failed to create CustomResourceDefinition as.crds.example.com: .*")
    s.change(install={"crds": "Skip"})
    s.settle("Ready=False InstallFailed .*", installFailures=1)
    s.chart(with_crd({"names": {"kind": "A", "plural": "as"}, "scope": "Namespaced", "versions": [
        {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {"type": "object"}}}]}), "good")
    s.change(values={"replicas": -2})
    s.settle("Ready=False UpgradeFailed .*", upgradeFailures=1)
    s.change(upgrade={"crds": "Create"})
    s.settle("Ready=False UpgradeFailed .*", upgradeFailures=1)


def unreadable(s):
    s.release()
    s.settle(ok())
    s.w.patch("/api/v1/namespaces/%s/secrets/sh.helm.release.v1.web.v1" % s.ns, {"data": {"release": "eA=="}})
    s.reconcile()
    s.settle("Ready=False StateError Could not determine release state: failed to retrieve last release from storage: no revision for release .web.")


def old_checksum(s):
    """Of values, as controllers noted it before there were digests: others were tried before."""
    s.release(values={"replicas": -1})
    s.settle("Ready=False InstallFailed .*", installFailures=1)
    s.w.patch(HELM % s.ns + "/web/status", {"status": {"lastAttemptedConfigDigest": None, "lastAttemptedValuesChecksum": "0" * 40}})
    s.reconcile()
    s.settle("Ready=False UpgradeFailed .*", upgradeFailures=1)


def no_field(s):
    """A rule that asks for what the object has not is told, when nothing came of it."""
    s.release(timeout="2s", healthCheckExprs=[{"apiVersion": "v1", "kind": "ConfigMap", "current": "status.phase == 'done'"}])
    s.settle("Ready=False InstallFailed .*: timeout waiting for: .ConfigMap/no-field/web status: 'Unknown': failed to evaluate the CEL expression "
             "'status.phase == 'done'': no such attribute.s.: status.phase.", installFailures=1)


def no_cluster(s):
    s.release(kubeConfig={"secretRef": {"name": "none"}})
    s.settle("Ready=False RESTClientError .*")
    s.w.post("/api/v1/namespaces/%s/secrets" % s.ns, {"metadata": {"name": "empty"}, "data": {"other": ""}})
    s.change(kubeConfig={"secretRef": {"name": "empty"}})
    s.settle("Ready=False RESTClientError KubeConfig secret 'no-cluster/empty' does not contain a 'value' or 'value.yaml' key with data")
    s.change(kubeConfig={"secretRef": {"name": "empty", "key": "k"}})
    s.settle("Ready=False RESTClientError KubeConfig secret 'no-cluster/empty' does not contain a 'k' key with data")
    s.w.patch("/api/v1/namespaces/%s/secrets/empty" % s.ns, {"data": {"value": ""}})
    s.change(kubeConfig={"secretRef": {"name": "empty"}})
    s.settle("Ready=False RESTClientError failed to load KubeConfig from secret 'no-cluster/empty': invalid configuration: no configuration has been provided.*")
    s.change(kubeConfig={"secretRef": {"name": "none"}})
    s.w.post("/api/v1/namespaces/%s/secrets" % s.ns, {"metadata": {"name": "none"}, "data": {
        "value": base64.b64encode(open(s.w.env["KUBECONFIG"], "rb").read()).decode()}})
    s.settle(ok())
    s.w.delete("/api/v1/namespaces/%s/secrets/none" % s.ns)
    s.delete()
    until(lambda: not s.get(), lambda: s.told("web", "not gone"))
    s.note("stays", [r["info"]["status"] for r in s.w.records(s.ns)])


# ---- what is asked for --------------------------------------------------------------------------

def forced_and_reset(s):
    s.release()
    s.settle(ok())
    s.reconcile(forceAt=True)
    s.settle(ok("upgrade", 2))
    s.change(values={"replicas": -1})
    s.settle("Stalled=True .*", upgradeFailures=1)
    s.reconcile(forceAt=True)
    s.settle("Stalled=True RetriesExceeded Failed to upgrade after 2 attempt\\(s\\)", upgradeFailures=2)
    s.reconcile(resetAt=True)
    s.settle("Stalled=True RetriesExceeded Failed to upgrade after 1 attempt\\(s\\)", upgradeFailures=1)


def depends(s):
    s.release("c", dependsOn=[{"name": "b"}], releaseName="c")
    s.settle("Ready=False DependencyNotReady unable to get 'depends/b' dependency: .*", name="c")
    s.release(suspend=True)
    s.release("b", dependsOn=[{"name": "web", "readyExpr": "has(dep.status.history) && dep.status.history[0].version > 1"}],
              releaseName="b")
    s.settle("Ready=False DependencyNotReady .*", name="b")
    s.settle("Ready=False DependencyNotReady dependency 'depends/b' is not ready", name="c")
    s.change(suspend=False)
    s.settle(ok())
    s.settle("Ready=False DependencyNotReady dependency 'depends/web' is not ready according to readyExpr eval", name="b")
    s.change(values={"colour": "x"})
    s.settle(ok("upgrade", 2))
    s.settle(ok(name="b"), name="b")
    s.settle(ok(name="c"), name="c")


def bad_expression(s):
    s.release(dependsOn=[{"name": "web", "readyExpr": "dep.status +"}])
    s.settle("Stalled=True InvalidCELExpression Reconciliation failed terminally due to configuration error: .*")


def post_rendered(s):
    s.release(commonMetadata={"labels": {"team": "a"}}, postRenderers=[{"kustomize": {
        "patches": [{"target": {"kind": "Deployment"}, "patch": "- op: replace\n  path: /spec/replicas\n  value: 3\n"}],
        "images": [{"name": "web", "newTag": "v9"}]}}])
    s.settle(ok())
    s.note("manifest", s.w.records(s.ns)[0]["manifest"])
    s.change(commonMetadata={"labels": {"team": "b"}})
    s.settle(ok("upgrade", 2))
    s.change(postRenderers=[])
    s.settle(ok("upgrade", 3))


def bad_post_renderer(s):
    """It fails until it is mended or taken back. Flux takes its digest for observed, and the old release for the new one."""
    def patch(text):
        s.change(postRenderers=[{"kustomize": {"patches": [{"target": {"kind": "Deployment"}, "patch": text}]}}])
    s.release()
    s.settle(ok())
    for _ in range(2):
        patch("not: [a patch")
        s.settle("Ready=False UpgradeFailed .*")
        s.reconcile()
        assert condition(s.get(), "Ready")["status"] == "False", s.told("web", "a failure is forgotten")
        s.w.patch(HELM % s.ns + "/web", {"spec": {"postRenderers": None}})
        s.settle("Ready=True UpgradeSucceeded Helm upgrade succeeded for release bad-post-renderer/web\\.v1 .*")
    patch("not: [a patch")
    s.settle("Ready=False UpgradeFailed .*")
    patch("- op: replace\n  path: /spec/replicas\n  value: 3\n")
    s.settle(ok("upgrade", 2))
    assert s.object("apps/v1/deployments")["spec"]["replicas"] == 3
    # what was rolled back is not what is wanted: a later pass does not call it good
    s.change(upgrade={"remediation": {"retries": 1}})
    patch("- op: replace\n  path: /spec/replicas\n  value: -1\n")
    s.settle("Ready=False RollbackSucceeded .*", "Stalled=True RetriesExceeded Failed to upgrade after 2 attempt\\(s\\)")
    s.reconcile()
    s.settle("Ready=False RollbackSucceeded .*", "Stalled=True RetriesExceeded .*")


def moved(s):
    """Other names and namespaces: the old release goes first."""
    s.w.namespace("moved-store")
    s.w.namespace("moved-target")
    s.release()
    s.settle(ok())
    s.change(releaseName="renamed")
    s.settle(ok(name="renamed"))
    s.change(storageNamespace="moved-store")
    s.settle(ok(name="renamed"))
    s.note("stored", [r["name"] for r in s.w.records("moved-store")])
    s.change(targetNamespace="moved-target")
    s.settle(ok(name="renamed", ns="moved-target"))
    if s is ours:       # Flux looks for it in the new namespace
        assert not s.object("configmaps", "renamed")
    s.delete()
    until(lambda: not s.get(), lambda: s.told("web", "not gone"))
    s.note("records", len(s.w.records("moved-store")))


def long_name(s):
    s.release("a" * 40 + "b" * 20)
    s.settle("Ready=True .*", name="a" * 40 + "b" * 20)


def kept(s):
    extra = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept", "annotations": {"helm.sh/resource-policy": "keep"}}}
    s.release(values={"extra": extra}, uninstall={"deletionPropagation": "foreground", "keepHistory": True})
    s.settle(ok())
    s.w.patch("/api/v1/namespaces/%s/configmaps/web" % s.ns, {"metadata": {"finalizers": ["example.com/wait"]}})
    s.delete()
    until(lambda: s.object("configmaps")["metadata"].get("deletionTimestamp"), "not deleted")
    time.sleep(1)
    assert s.get(), "gone before its objects"
    s.w.patch("/api/v1/namespaces/%s/configmaps/web" % s.ns, {"metadata": {"finalizers": None}})
    until(lambda: not s.get(), lambda: s.told("web", "not gone"))
    s.note("kept", bool(s.object("configmaps", "kept")))
    s.note("records", [r["info"]["status"] for r in s.w.records(s.ns)])


def owned_by_another(s):
    """Flux's Helm does not look for the owner of what it deletes."""
    s.release()
    s.settle(ok())
    s.w.patch("/api/v1/namespaces/%s/configmaps/web" % s.ns, {"metadata": {"annotations": {"meta.helm.sh/release-name": "other"}}})
    s.w.patch("/apis/apps/v1/namespaces/%s/deployments/web" % s.ns, {"metadata": {"labels": {"app.kubernetes.io/managed-by": "me"}}})
    s.delete()
    until(lambda: not s.get(), lambda: s.told("web", "not gone"))
    until(lambda: not s.object("apps/v1/deployments"), "the Deployment is still there")
    assert not s.object("configmaps"), "the ConfigMap is still there"


def rolled_back_record(s):
    """The record of a rollback is that of the Helm that Flux has."""
    s.release(upgrade={"remediation": {"retries": 1}})
    s.settle(ok())
    s.change(values={"replicas": -1})
    s.settle("Stalled=True RetriesExceeded Failed to upgrade after 2 attempt\\(s\\)")
    s.note("records", [sorted(r["info"]) for r in s.w.records(s.ns)])


CASES = [install_fails, install_fails_with_retries, install_fails_remediate_last, install_retry_on_failure, upgrade_fails,
         upgrade_rolls_back, upgrade_rolls_back_last_not, upgrade_uninstalls, upgrade_retry_on_failure, rollback_target_gone,
         not_ready_in_time, template_fails, no_object, a_list, breaks_the_schema, tests_pass, no_tests, filtered_tests, tests_fail,
         tests_fail_ignored, tests_fail_ignored_by_remediation, tests_fail_rolls_back, hook_fails, hook_stays, delete_hook_fails,
         no_such_version, no_artifact, no_source, bad_chart, new_chart, digest_revision, chart_name_changes, values_from,
         values_preserved,
         drift_corrected, drift_warned, drift_ignored, suspended, uninstalled_outside, record_deleted, rolled_back_outside,
         installed_before, owner_died, no_rights, may_only_look, may_only_look_later, may_not_look, may_not_delete, no_such_field,
         definitions,
         unreadable, old_checksum, no_field, no_cluster, forced_and_reset, depends, bad_expression, post_rendered, bad_post_renderer, moved, long_name,
         kept, owned_by_another, rolled_back_record]


def compare(name, a, b):
    """What both have seen."""
    for i, (x, y) in enumerate(zip(a, b)):
        if x != y:
            print("---- %s, view %d of %d\n%s\n" % (name, i + 1, len(a), "\n".join(difflib.unified_diff(
                y.splitlines(), x.splitlines(), "helm-controller", "rill", lineterm="", n=1))))
    return a == b


def run(s, cases, like=None):
    failed = []
    for case in cases:
        name, began = case.__name__, time.time()
        try:
            s.begin(name)
            case(s)
            s.end()
            if like and not compare(name, like.seen[name], s.seen[name]):
                failed.append(name)
            print("%s: %s: %.1f s" % (s.name, case.__name__, time.time() - began), flush=True)
        except AssertionError as e:
            print("%s: %s: FAILED: %s" % (s.name, case.__name__, e), flush=True)
            failed.append(case.__name__)
    return failed


unknown = set(sys.argv[2:]) - {c.__name__ for c in CASES}
if unknown:
    sys.exit("no such case: " + ", ".join(sorted(unknown)))
cases = [c for c in CASES if not sys.argv[2:] or c.__name__ in sys.argv[2:]]
ours = Session(sys.argv[1], "rill", rill_controller)
failed = run(ours, cases)
if failed:
    print(ours.w.log("controller"))
    sys.exit("failed: " + ", ".join(failed))
if not PEER:
    print("helmrelease_states.py: there is no helm-controller to compare with: make peers, or set $PEERS")
    sys.exit(0)
if ours.w.real:
    print("helmrelease_states.py: helm-controller is compared with on a server of its own only: without $TEST_KUBECONFIG")
    sys.exit(0)
theirs = Session(sys.argv[1], "helm-controller", flux_controller)
# Its hooks of Jobs take their whole timeout, and block a worker each; what fails at once is seen in the midst of the next try.
apart = (hook_fails, hook_stays, delete_hook_fails, bad_post_renderer, no_object)
failed = run(theirs, [c for c in cases if c not in apart], ours)
sys.exit("differ: " + ", ".join(failed) if failed else 0)
