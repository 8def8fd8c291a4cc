#!/usr/bin/env python3
"""What source-controller says first where much is wrong at once, and what it leaves in a status: sources_order.py RILL

The order of its checks is what users read. Besides: what is not told twice, which algorithm names a revision, and
where links lead once the store has moved.
"""
import glob
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading

import peers
from git_world import HERE, NS, SOURCES, World, config, run

SOURCE = "source.toolkit.fluxcd.io/v1"
PLURALS = {"GitRepository": "gitrepositories", "HelmRepository": "helmrepositories", "OCIRepository": "ocirepositories"}
INDEX = b"apiVersion: v1\nentries:\n  hello:\n  - {apiVersion: v2, name: hello, version: 0.1.0, urls: [hello.tgz]}\n"


class Behind(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(INDEX)))
        self.end_headers()
        self.wfile.write(INDEX)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Behind)
threading.Thread(target=server.serve_forever, daemon=True).start()
CHARTS = "http://127.0.0.1:%d" % server.server_port

w = World("--min-retry-delay", "1s", "--requeue-dependency", "1s", "--feature-gates", "ObjectLevelWorkloadIdentity=false")
w.ask("POST", "/api/v1/namespaces", {"metadata": {"name": NS}})
stores = subprocess.Popen([sys.executable, HERE + "/bucket.py", "--serve"], stdout=subprocess.PIPE, cwd=w.dir)
w.children.append(stores)
STORE = "127.0.0.1:" + stores.stdout.readline().decode().strip()


def secret(name, **data):
    w.ask("POST", "/api/v1/namespaces/%s/secrets" % NS, {"metadata": {"name": name}, "stringData": {
        k.replace("_", "."): v for k, v in data.items()}})


def make(kind, name, **spec):
    path = SOURCES + PLURALS.get(kind, kind.lower() + "s") + "/" + name
    w.apply(path, SOURCE, kind, {"interval": "1h", **spec})
    return path


def says(path, text, reason, type="FetchFailed"):
    """The condition has these words."""
    w.until(lambda: "%s: %s is '%s'" % (path.rsplit("/", 1)[1], type, w.condition(path, type)),
            lambda: w.condition(path, type).startswith("True %s " % reason) and text in w.condition(path, type))


def ref(name):
    return {"name": name}


def told(path, reason):
    name = path.rsplit("/", 1)[1]
    return sum(e.get("count", 1) for e in w.ok("GET", "/api/v1/namespaces/%s/events" % NS)["items"]
               if e["involvedObject"]["name"] == name and e["reason"] == reason)


def again(path):
    w.poke(path)
    w.until("it is looked at", lambda: w.status(path).get("lastHandledReconcileAt") == str(w.asked))


def test_git():
    secret("proxy-bad", x="y")
    wrong = {"include": [{"repository": ref("nobody")}], "secretRef": ref("nobody")}
    url = w.url + "plain/repo.git"
    says(make("GitRepository", "a", url="http://a b/", proxySecretRef=ref("proxy-bad"), **wrong), "failed to configure proxy options: ",
         "AuthenticationFailed")
    says(make("GitRepository", "b", url="http://a b/", **wrong), "failed to parse url 'http://a b/'", "URLInvalid")
    says(make("GitRepository", "c", url=url, **wrong), "failed to get secret '%s/nobody'" % NS, "AuthenticationFailed")
    says(make("GitRepository", "d", url=url, provider="github", include=wrong["include"]), "secretRef with github app data", "InvalidProviderConfiguration")
    says(make("GitRepository", "e", url=url, include=wrong["include"]), "could not get resource for include 'nobody'", "NotFound",
         "IncludeUnavailable")


def test_includes_that_are_new():
    w.write("a.yaml", config("a", "one"))
    w.commit()
    w.repository()
    w.until_ready(SOURCES + "gitrepositories/repo", "True Succeeded", begins=True)
    path = make("GitRepository", "with", url=w.url + "none.git", include=[{"repository": ref("repo"), "toPath": "x"}])
    says(path, "included artifacts differ from last observed includes", "ProgressingWithRetry", "Reconciling")


def test_a_file_replaces_a_file():
    """As a directory does not."""
    w.write("b.yaml", config("b", "one"))
    w.commit()
    again(SOURCES + "gitrepositories/repo")
    good = make("GitRepository", "file", url=w.url + "plain/repo.git", ref={"branch": "main"},
                include=[{"repository": ref("repo"), "fromPath": "b.yaml", "toPath": "a.yaml"}])
    w.until_ready(good, "True Succeeded", begins=True)
    made = glob.glob(w.dir + "/store/gitrepository/%s/file/*.tar.gz" % NS)[0]
    both = subprocess.run(["tar", "xzOf", made, "a.yaml"], stdout=subprocess.PIPE, check=True, text=True).stdout
    w.same(both, config("b", "one"), "a.yaml")
    w.write("d/c.yaml", config("c", "one"))
    w.commit()
    again(SOURCES + "gitrepositories/repo")
    says(make("GitRepository", "dir", url=w.url + "plain/repo.git", ref={"branch": "main"},
              include=[{"repository": ref("repo"), "fromPath": "d", "toPath": "d"}]), "failed to copy 'repo' include from d to d", "CopyFailure",
         "StorageOperationFailed")


def test_modes_of_verification():
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", w.dir + "/signer"], check=True)
    w.git("-c", "gpg.format=ssh", "-c", "user.signingkey=" + w.dir + "/signer", "commit", "-q", "-S", "--allow-empty", "-m", "signed")
    w.git("push", "-q", "origin", "HEAD:main")
    secret("signers", a_sshpub=open(w.dir + "/signer.pub").read())
    path = make("GitRepository", "signed", url=w.url + "plain/repo.git", ref={"branch": "main"}, verify={"mode": "head", "secretRef": ref("signers")})
    w.until_ready(path, "True Succeeded", begins=True)
    w.same(w.status(path).get("sourceVerificationMode"), "HEAD", "the mode")


def test_registries():
    path = make("OCIRepository", "a", url="oci://127.0.0.1:1/x", proxySecretRef=ref("proxy-bad"), certSecretRef=ref("nobody"))
    says(path, "failed to get proxy address: ", "AuthenticationFailed")
    w.post("/api/v1/namespaces/%s/serviceaccounts" % NS, {"metadata": {"name": "somebody"}})
    path = make("OCIRepository", "gate", url="oci://1.dkr.ecr.eu-west-1.amazonaws.com/x", provider="aws", serviceAccountName="somebody",
                certSecretRef=ref("nobody"))
    says(path, "please enable the ObjectLevelWorkloadIdentity feature gate", "FeatureGateDisabled", "Stalled")
    w.same(w.condition(path, "FetchFailed"), "", "FetchFailed")


def test_buckets():
    good = {"endpoint": STORE, "bucketName": "stuff", "insecure": True}
    secret("half", accesskey="a")
    secret("keys", accesskey="AKIDTEST", secretkey="secret/key+1")
    secret("ca-bad", ca_crt="x")
    for name, key in (("user", json.dumps({"type": "authorized_user"})), ("text", "{")):
        secret(name, serviceaccount=key)
    ldap = {"provider": "ldap", "endpoint": "http://[x"}
    auth = "AuthenticationFailed"
    says(make("Bucket", "a", **{**good, "provider": "aws"}, serviceAccountName="somebody", proxySecretRef=ref("nobody")), "ObjectLevelWorkloadIdentity",
         "FeatureGateDisabled")
    says(make("Bucket", "b", **good, sts={**ldap, "secretRef": ref("nobody")}, proxySecretRef=ref("nobody"), certSecretRef=ref("nobody")),
         "failed to get STS secret '", auth)
    says(make("Bucket", "c", **good, proxySecretRef=ref("proxy-bad"), certSecretRef=ref("nobody")), "failed to get proxy URL: ", auth)
    says(make("Bucket", "d", **good, certSecretRef=ref("ca-bad"), sts={**ldap, "certSecretRef": ref("nobody")}), "failed to get TLS config: ", auth)
    says(make("Bucket", "e", **good, secretRef=ref("half"), sts=ldap), "invalid 'half' secret data: required fields 'accesskey' and 'secretkey'", auth)
    says(make("Bucket", "f", **good, secretRef=ref("keys"), sts=ldap), "failed to parse STS endpoint 'http://[x'", "URLInvalid")
    says(make("Bucket", "g", **good, secretRef=ref("keys"), sts={**ldap, "endpoint": "http://x", "secretRef": ref("half")}),
         "invalid 'half' secret data for 'ldap' STS provider: required fields username, password", auth)
    says(make("Bucket", "h", **{**good, "provider": "gcp"}, secretRef=ref("user")), "invalid 'user' secret data: 'serviceaccount' must contain a service "
         "account key with 'type' set to 'service_account'", auth)
    says(make("Bucket", "i", **{**good, "provider": "gcp"}, secretRef=ref("text")), "invalid 'text' secret data: failed to parse 'serviceaccount' as JSON", auth)
    path = make("Bucket", "good", **good, secretRef=ref("keys"))
    w.until_ready(path, "True Succeeded", begins=True)
    make("Bucket", "good", **good, secretRef=ref("keys"), ignore="# nothing\n")
    w.until("the change is seen", lambda: w.status(path).get("observedGeneration") == 2)
    w.same(w.status(path).get("observedIgnore"), None, "what was observed of a change that changes nothing")


def test_helm():
    secret("half-pair", tls_crt="x")
    says(make("HelmRepository", "a", url="oci://x/y", secretRef=ref("nobody")), "'oci' URL scheme cannot be used", "URLInvalid")
    says(make("HelmRepository", "b", url="http://a b/c", secretRef=ref("nobody")), "invalid Helm repository URL: ", "URLInvalid")
    says(make("HelmRepository", "c", url=CHARTS, certSecretRef=ref("half-pair"), secretRef=ref("nobody")),
         "failed to construct Helm client's TLS config: ", "AuthenticationFailed")
    w.until_ready(make("HelmRepository", "good", url=CHARTS), "True Succeeded", begins=True)


def test_charts():
    w.write("chart/Chart.yaml", "apiVersion: v2\nname: hello\nversion: 0.1.0\n")
    w.commit()
    again(SOURCES + "gitrepositories/repo")
    source = {"kind": "GitRepository", "name": "repo"}
    path = make("HelmChart", "chart", chart="chart", sourceRef=source, valuesFiles=["nobody.yaml"])
    says(path, "values files merge error: ", "ValuesFilesError", "BuildFailed")
    make("HelmChart", "chart", chart="chart", sourceRef={**source, "name": "nobody"}, valuesFiles=["nobody.yaml"])
    says(path, "failed to get source: ", "SourceUnavailable")
    w.until_ready(path, "False SourceUnavailable failed to get source: ", begins=True)
    make("HelmChart", "chart", chart="chart", sourceRef=source)
    w.until_ready(path, "True ChartPackageSucceeded", begins=True)
    for file in glob.glob(w.dir + "/store/gitrepository/%s/repo/*.tar.gz" % NS):
        os.unlink(file)
    make("HelmChart", "late", chart="chart", sourceRef=source)
    says(SOURCES + "helmcharts/late", "no artifact available for GitRepository source 'repo'", "NoSourceArtifact")


def test_what_is_made_anew_is_not_told_anew():
    """The bytes are the same."""
    before = {}
    for path in (SOURCES + p for p in ("gitrepositories/repo", "helmrepositories/good", "buckets/good")):
        again(path)
        before[path] = told(path, "NewArtifact"), w.status(path)["artifact"]["digest"], w.dir + "/store/" + w.status(path)["artifact"]["path"]
    w.stop(w.controller)
    shutil.rmtree(w.dir + "/store")
    w.start_controller()
    for path, (count, digest, file) in before.items():
        w.until("%s is there again" % path, lambda: os.path.exists(file) and w.condition(path).startswith("True "))
        again(path)
        w.same((told(path, "NewArtifact"), w.status(path)["artifact"]["digest"]), (count, digest), "events and digest of " + path)


def test_the_store_moves():
    w.restart_controller("--storage-adv-addr", "artifacts.example")
    for path in (SOURCES + p for p in ("helmrepositories/good", "buckets/good", "helmcharts/chart")):
        kind, name = path.rsplit("/", 2)[1:]
        again(path)
        status = w.status(path)
        w.same((status["artifact"]["url"], status["url"].rsplit("/", 1)[0]),
               ("http://artifacts.example/" + status["artifact"]["path"], "http://artifacts.example/%s/%s/%s" % (
                   {"helmrepositories": "helmrepository"}.get(kind, kind[:-1]), NS, name)), "the URLs of " + name)


def test_what_a_manifest_said_moves_along():
    """Also where the registry is not there to say it again."""
    path = make("OCIRepository", "said", url="oci://127.0.0.1:1/x", insecure=True, timeout="2s")
    w.until("it fails", lambda: w.condition(path).startswith("False "))
    file, digest = "ocirepository/%s/said/x.tar.gz" % NS, hashlib.sha256(b"bytes").hexdigest()
    os.makedirs(os.path.dirname(w.dir + "/store/" + file))
    with open(w.dir + "/store/" + file, "wb") as f:
        f.write(b"bytes")
    w.patch(path + "/status", {"status": {"artifact": {
        "path": file, "url": "http://old.example/" + file, "revision": "latest@sha256:" + digest, "digest": "sha256:" + digest, "size": 5,
        "lastUpdateTime": "2024-01-01T00:00:00Z", "metadata": {"k": "v"}}}})
    again(path)
    artifact = w.status(path)["artifact"]
    w.same((artifact["url"], artifact.get("metadata")), ("http://artifacts.example/" + file, {"k": "v"}), "the artifact")


def test_algorithms():
    """A revision keeps the one of its time until there is another."""
    old = {p: w.status(SOURCES + p)["artifact"]["revision"] for p in ("helmrepositories/good", "buckets/good")}
    w.restart_controller("--artifact-digest-algo=sha512")
    for path, revision in old.items():
        again(SOURCES + path)
        w.same(w.status(SOURCES + path)["artifact"]["revision"], revision, "the revision of " + path)
    for path in (make("HelmRepository", "new", url=CHARTS), make("Bucket", "new", endpoint=STORE, bucketName="stuff", insecure=True, secretRef=ref("keys"))):
        w.until_ready(path, "True Succeeded", begins=True)
        artifact = w.status(path)["artifact"]
        w.same((artifact["revision"].split(":")[0], artifact["digest"].split(":")[0]), ("sha512", "sha512"), "the algorithms of " + path)


def test_old_artifacts_may_go_at_once():
    """No time and none but the current one."""
    w.restart_controller("--artifact-retention-ttl=0", "--artifact-retention-records=0")
    path = SOURCES + "gitrepositories/repo"
    for n in "12":
        w.write("a.yaml", config("a", "at once " + n))
        w.commit()
        again(path)
    again(path)
    left = glob.glob(w.dir + "/store/gitrepository/%s/repo/*.tar.gz" % NS)
    w.same(left, [w.dir + "/store/" + w.status(path)["artifact"]["path"]], "what is left")


run(globals())
