#!/usr/bin/env python3
"""Sources with the identities that clouds give: cloud_sources.py RILL

Buckets of three providers without static keys, read with what the machine gives
(a container's credentials at Amazon, the metadata of Google, the service of Azure, all
stand-ins that bucket.py serves and that check the requests), or with temporary keys of
an STS server; and what is said where no identity can be had.
"""
import os
import subprocess
import sys

from oci_world import NS, World

HERE = os.path.dirname(os.path.realpath(__file__))
w = World(os.path.realpath(sys.argv[1]), "cloud_sources.py")


def condition(o, kind):
    for c in (o or {}).get("status", {}).get("conditions", []):
        if c["type"] == kind:
            return c
    return {}


def source(plural, kind, name, spec):
    w.ask("POST", w.path(plural), {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": kind, "metadata": {"name": name},
                                   "spec": dict({"interval": "1h"}, **spec)})


def bucket(name, spec):
    source("buckets", "Bucket", name, dict({"bucketName": "stuff", "endpoint": host, "insecure": True, "timeout": "20s"}, **spec))


def secret(name, data):
    w.ask("POST", "/api/v1/namespaces/%s/secrets" % NS, {"metadata": {"name": name}, "stringData": data})


def good(plural, name):
    w.until(lambda: "%s is ready: %r" % (name, condition(w.ask("GET", w.path(plural, name)), "Ready")),
            lambda: condition(w.ask("GET", w.path(plural, name)), "Ready").get("status") == "True")


def bad(plural, name, reason, message, stalled=False):
    def failed():
        o = w.ask("GET", w.path(plural, name))
        return condition(o, "FetchFailed") if condition(o, "FetchFailed").get("status") == "True" else None
    w.until(lambda: "%s fails: %r" % (name, condition(w.ask("GET", w.path(plural, name)), "Ready")), failed)
    c = failed()
    w.same(c["reason"], reason, name)
    if not c["message"].startswith(message):
        w.fail("%s: %s\n   want: %s" % (name, c["message"], message))
    if stalled:
        w.until(name + " is stalled", lambda: condition(w.ask("GET", w.path(plural, name)), "Stalled").get("status") == "True")


try:
    stores = subprocess.Popen([sys.executable, HERE + "/bucket.py", "--serve"], stdout=subprocess.PIPE)
    w.children.append(stores)
    host = "127.0.0.1:" + stores.stdout.readline().decode().strip()
    w.start(AWS_REGION="eu-west-1", AWS_CONTAINER_CREDENTIALS_FULL_URI="http://%s/creds" % host,
            AWS_CONTAINER_AUTHORIZATION_TOKEN="pod", GCE_METADATA_HOST=host, IDENTITY_ENDPOINT="http://%s/msi" % host,
            IDENTITY_HEADER="app", AWS_ACCESS_KEY_ID="", AWS_EC2_METADATA_DISABLED="true")
    azure = {"provider": "azure", "endpoint": "http://%s/acct" % host}
    secret("named", {"clientId": "named"})
    secret("unknown", {"clientId": "unknown"})
    w.ask("POST", "/api/v1/namespaces/%s/serviceaccounts" % NS, {"metadata": {"name": "who"}})
    secret("jo", {"username": "jo", "password": "p&w"})
    bucket("aws", {"provider": "aws", "region": "eu-west-1"})
    bucket("gcp", {"provider": "gcp"})
    bucket("azure", azure)
    bucket("azure-named", dict(azure, secretRef={"name": "named"}))
    bucket("azure-unknown", dict(azure, secretRef={"name": "unknown"}))
    bucket("ldap", {"sts": {"provider": "ldap", "endpoint": "http://%s/sts" % host, "secretRef": {"name": "jo"}}})
    bucket("no-sts-secret", {"sts": {"provider": "ldap", "endpoint": "http://%s/sts" % host, "secretRef": {"name": "none"}}})
    bucket("account", {"provider": "aws", "region": "eu-west-1", "serviceAccountName": "who"})
    source("ocirepositories", "OCIRepository", "ecr", {"url": "oci://ghcr.io/org/app", "provider": "aws"})
    source("ocirepositories", "OCIRepository", "gar", {"url": "oci://%s/app" % host, "provider": "gcp", "insecure": True})
    source("ocirepositories", "OCIRepository", "account", {"url": "oci://team.azurecr.io/app", "provider": "azure", "serviceAccountName": "who"})
    source("gitrepositories", "GitRepository", "commit", {"url": "https://github.com/org/app", "provider": "aws"})
    source("helmrepositories", "HelmRepository", "charts", {"url": "oci://ghcr.io/org", "type": "oci", "provider": "azure"})
    source("helmcharts", "HelmChart", "chart", {"chart": "app", "version": "1.0.0", "sourceRef": {"kind": "HelmRepository", "name": "charts"}})
    secret("wrong", {"accesskey": "AKIDTEST", "secretkey": "no"})
    bucket("wrong", {"secretRef": {"name": "wrong"}, "region": "eu-west-1"})
    bucket("no-cert", {"certSecretRef": {"name": "none"}})
    bucket("no-proxy", {"proxySecretRef": {"name": "none"}})
    source("ocirepositories", "OCIRepository", "no-account", {"url": "oci://ghcr.io/org/app", "serviceAccountName": "none"})
    source("ocirepositories", "OCIRepository", "no-cert", {"url": "oci://ghcr.io/org/app", "certSecretRef": {"name": "none"}})
    source("ocirepositories", "OCIRepository", "no-proxy", {"url": "oci://ghcr.io/org/app", "proxySecretRef": {"name": "none"}})
    source("ocirepositories", "OCIRepository", "short", {"url": "oci://ghcr.io/org/app", "ref": {"digest": "sha256:0"}})
    for name in ("aws", "gcp", "azure", "azure-named", "ldap"):
        good("buckets", name)
    bad("buckets", "wrong", "BucketOperationFailed", "failed to confirm existence of 'stuff' bucket: Access Denied.")
    none = "secret '%s/none' not found" % NS
    bad("buckets", "no-cert", "AuthenticationFailed", "failed to get TLS config: " + none)
    bad("buckets", "no-proxy", "AuthenticationFailed", "failed to get proxy URL: " + none)
    bad("ocirepositories", "no-account", "AuthenticationFailed", "failed to get credential: serviceaccount '%s/none' not found" % NS)
    bad("ocirepositories", "no-cert", "AuthenticationFailed", "failed to generate transport for 'oci://ghcr.io/org/app': " + none)
    bad("ocirepositories", "no-proxy", "AuthenticationFailed", "failed to get proxy address: " + none)
    bad("ocirepositories", "short", "OCIArtifactPullFailed", "failed to determine artifact digest: wrong number of hex digits for sha256: 0")
    gate = "to use spec.serviceAccountName for provider authentication please enable the ObjectLevelWorkloadIdentity feature gate"
    bad("buckets", "account", "FeatureGateDisabled", gate, True)
    stalled = lambda: condition(w.ask("GET", w.path("ocirepositories", "account")), "Stalled")
    w.until("the registry's object stalls", lambda: stalled().get("reason") == "FeatureGateDisabled" and stalled()["message"].startswith(gate))
    w.same(condition(w.ask("GET", w.path("ocirepositories", "account")), "FetchFailed"), {}, "a gate that is no failure to fetch")
    bad("buckets", "azure-unknown", "BucketOperationFailed", "failed to confirm existence of 'stuff' bucket: ")
    bad("buckets", "no-sts-secret", "AuthenticationFailed", "failed to get STS secret '%s/none': " % NS)
    bad("ocirepositories", "ecr", "AuthenticationFailed", "failed to get credential from aws: invalid AWS registry: 'ghcr.io'. must match ")
    bad("ocirepositories", "gar", "AuthenticationFailed", "failed to get credential from gcp: invalid GCP registry: '%s'" % host)
    bad("gitrepositories", "commit", "AuthenticationFailed", "failed to configure authentication options: invalid AWS CodeCommit Git URL: github.com")
    bad("helmcharts", "chart", "Unknown", "unknown build error: failed to get credential from 'azure': invalid Azure registry: 'ghcr.io'")
finally:
    w.end()
print("cloud_sources.py: good")
