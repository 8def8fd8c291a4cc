#!/usr/bin/env python3
"""flux bootstrap against Git servers, providers and a cluster on loopback: flux_bootstrap.py RILL

Git is spoken by `git http-backend`; the APIs of the providers are a stand-in
that keeps what it is told; a thread writes the status that controllers would.
Skipped (status 77) without git.
"""
import base64
import os
import shutil
import subprocess
import sys
import threading
import time

from flux_case import Case
from flux_git import GitHost

if not shutil.which("git"):
    sys.exit(77)
t = Case(options=())
host = GitHost(t.dir)
git, repository, base = host.git, host.repository, host.base
SOURCES, SYNCS = ("source.toolkit.fluxcd.io/v1", "gitrepositories"), ("kustomize.toolkit.fluxcd.io/v1", "kustomizations")
stop = threading.Event()
ready = {"repo": None, "fail": None, "namespace": "flux-system"}


def controllers():
    """Ready at the head of the repository, as soon as the objects are there."""
    while not stop.is_set():
        for api, field in ((SOURCES, "artifact"), (SYNCS, "lastAttemptedRevision")):
            o = t.get(*api, ready["namespace"], ready["namespace"])
            if not o or not ready["repo"]:
                continue
            try:
                revision = "main@sha1:" + git("rev-parse", "main", at=ready["repo"]).strip()
            except subprocess.CalledProcessError:
                continue
            status = {"observedGeneration": o["metadata"]["generation"], "conditions": [{
                "type": "Ready", "status": "False" if ready["fail"] else "True", "reason": "Test",
                "message": ready["fail"] or "fine", "lastTransitionTime": "2026-01-01T00:00:00Z",
                "observedGeneration": o["metadata"]["generation"]}]}
            if field == "artifact":
                status["artifact"] = {"revision": revision, "path": "x", "url": "http://x/x", "digest": "sha256:" + "0" * 64,
                                      "lastUpdateTime": "2026-01-01T00:00:00Z"}
            else:
                status.update(lastAttemptedRevision=revision, lastAppliedRevision=revision)
            t.call("PATCH", t.path(*api, ready["namespace"], ready["namespace"] + "/status"), {"status": status},
                   "application/merge-patch+json")
        stop.wait(0.05)


def until_the_end():
    try:
        controllers()
    except OSError:     # the cluster has gone
        pass


threading.Thread(target=until_the_end, daemon=True).start()

# ---- git: an existing repository, a token ----
repo = repository("fleet.git", {"README.md": "hello\n", "bootstrap/flux-system/.gitkeep": "", "bootstrap/ns.yaml":
                                "apiVersion: v1\nkind: Namespace\nmetadata: {name: apps}\n"})
ready["repo"] = repo
url = base + "/fleet.git"
http = ["bootstrap", "git", "--url=" + url, "--token-auth", "--allow-insecure-http", "--password=pass word",
        "--path=./bootstrap", "--timeout=30s"]
t.tell("bootstrap", "git", "--url=" + url, "--token-auth", "--password=x", status=1,
       err="✗ failed to create authentication options for %s: scheme http is insecure, pass "
           "--allow-insecure-http=true to allow it\n" % url)
t.tell("bootstrap", "git", "--url=ftp://x/y", "--password=x", "--token-auth", status=1,
       err='✗ scheme "ftp" is not supported\n')
t.tell("bootstrap", "git", "--components=source-controller", "--url=" + url, status=1,
       err="✗ component kustomize-controller is required\n")
t.tell("bootstrap", "git", "--ssh-signing-reuse-private-key", "--url=" + url, status=1,
       err="✗ --ssh-signing-reuse-private-key requires --private-key-file\n")
code, out, errors = t.run(*http)
steps = errors
for _ in range(2):
    head, mark, rest = steps.partition('to "main" ("')
    assert mark, errors
    steps = head + 'to "main" (<' + rest[40:].replace('")', ">)", 1)
assert code == 0 and out == "", (out, errors)
assert steps == """► cloning branch "main" from Git repository "{0}"
✔ cloned repository
► generating component manifests
✔ generated component manifests
✔ committed component manifests to "main" (<>)
► pushing component manifests to "{0}"
► installing components in "flux-system" namespace
✔ installed components
✔ reconciled components
► determining if source secret "flux-system/flux-system" exists
► generating source secret
► applying source secret "flux-system/flux-system"
✔ reconciled source secret
► generating sync manifests
✔ generated sync manifests
✔ committed sync manifests to "main" (<>)
► pushing sync manifests to "{0}"
► applying sync manifests
✔ reconciled sync configuration
◎ waiting for GitRepository "flux-system/flux-system" to be reconciled
✔ GitRepository reconciled successfully
◎ waiting for Kustomization "flux-system/flux-system" to be reconciled
✔ Kustomization reconciled successfully
► confirming components are healthy
✔ rill: deployment ready
✔ all components are healthy
""".format(url), steps
git("fsck", "--strict", at=repo)
log = git("log", "--format=%an <%ae> %s", "main", at=repo)
assert log == (
    "Flux <> Add Flux sync manifests\nFlux <> Add Flux v2.9.4 component manifests\na <a@b> first\n"), log
assert git("ls-tree", "-r", "--name-only", "main", at=repo).split() == [
    "README.md", "bootstrap/flux-system/.gitkeep", "bootstrap/flux-system/gotk-components.yaml",
    "bootstrap/flux-system/gotk-sync.yaml", "bootstrap/flux-system/kustomization.yaml", "bootstrap/ns.yaml"]
assert git("show", "main:bootstrap/flux-system/kustomization.yaml", at=repo) == (
    "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n- .gitkeep\n- gotk-components.yaml\n"
    "- gotk-sync.yaml\n")
assert git("show", "main:bootstrap/flux-system/gotk-sync.yaml", at=repo) == """# This manifest was generated by flux. DO NOT EDIT.
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 1m0s
  ref:
    branch: main
  secretRef:
    name: flux-system
  url: {0}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata:
  name: flux-system
  namespace: flux-system
spec:
  interval: 10m0s
  path: ./bootstrap
  prune: true
  sourceRef:
    kind: GitRepository
    name: flux-system
""".format(url)
data = t.get("v1", "secrets", "flux-system", "flux-system")["data"]
assert {k: base64.b64decode(v).decode() for k, v in data.items()} == {"username": "git", "password": "pass word"}
assert "Basic " + base64.b64encode(b"git:pass word").decode() in host.logins

# ---- once more: nothing to do; another path: refused; what fails is told ----
t.tell(*http, err_has=["✔ component manifests are up to date\n✔ reconciled components\n",
                       "✔ sync manifests are up to date\n", "✔ all components are healthy\n"])
t.tell(*http[:6], "--path=other", "--timeout=30s", status=1,
       err_has='✗ sync path configuration ("./other") would overwrite path ("./bootstrap") of existing Kustomization\n')
ready["fail"] = "no such thing"
time.sleep(0.3)
t.tell(*http, status=1, err_has=[
    "✗ no such thing\n", "✗ bootstrap failed with 2 health check failure(s): [error while waiting for GitRepository to be "
    "ready: 'no such thing', error while waiting for Kustomization to be ready: 'no such thing']\n"])
ready["fail"] = None
time.sleep(0.3)

# ---- somebody else pushes meanwhile ----
work = host.worktree("fleet.git")


def push():
    git("pull", "-q", repo, "main", at=work)
    host.commit("fleet.git", {"README.md": "hello\nmore\n"}, "second")


host.race = push
t.tell(*http, "--toleration-keys=x", "--commit-message-appendix=[ci skip]",
       err_has=["◎ git conflict detected, retrying with a fresh clone\n► cloning branch", "✔ all components are healthy\n"])
log = git("log", "--format=%s|%b", "main", at=repo).strip().split("\n")
assert "Add Flux v2.9.4 component manifests|[ci skip]" in log and "second|" in log, log

# ---- an empty repository, another namespace, signed commits ----
if shutil.which("ssh-keygen"):
    empty = repository("empty.git")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(t.work, "key")], check=True)
    ready.update(repo=empty, namespace="gitops")
    t.tell("bootstrap", "git", "--url=" + base + "/empty.git", "--token-auth", "--allow-insecure-http", "--password=x", "-n",
           "gitops", "--ssh-signing-key-file=key", "--timeout=90s", timeout=100, err_has="✔ all components are healthy\n")
    assert git("cat-file", "-p", "main", at=empty).count("gpgsig -----BEGIN SSH SIGNATURE-----") == 1
    with open(os.path.join(t.work, "signers"), "w") as f:
        f.write("* " + t.read("key.pub"))
    git("-c", "gpg.ssh.allowedSignersFile=" + os.path.join(t.work, "signers"), "verify-commit", "main", at=empty)
    assert git("show", "main:gitops/gotk-sync.yaml", at=empty).count("  path: ./\n") == 1
    t.call("DELETE", "/api/v1/namespaces/gitops")

if shutil.which("gpg"):
    ring, home = repository("ring.git"), os.path.join(t.dir, "gnupg")
    os.mkdir(home, 0o700)

    def gpg(*args):
        return subprocess.run(["gpg", "--batch", "--homedir", home, "--pinentry-mode", "loopback", "--passphrase", "pw", *args],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    gpg("--quick-generate-key", "Flux <flux@example.com>", "ed25519", "sign", "never")
    with open(os.path.join(t.work, "ring.asc"), "wb") as f:
        f.write(gpg("--armor", "--export-secret-keys"))
    signed = ["bootstrap", "git", "--url=" + base + "/ring.git", "--token-auth", "--allow-insecure-http", "--password=x", "-n",
              "gitops", "--gpg-key-ring=ring.asc", "--timeout=90s"]
    t.tell(*signed, "--gpg-passphrase=wrong", status=1, err_has="✗ invalid GPG signing key: ")
    ready.update(repo=ring, namespace="gitops")
    t.tell(*signed, "--gpg-passphrase=pw", timeout=100, err_has="✔ all components are healthy\n")
    host.env["GNUPGHOME"] = home
    git("verify-commit", "main", at=ring)
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    t.call("DELETE", "/api/v1/namespaces/gitops")

# ---- the providers ----
for api in (SYNCS, SOURCES):
    t.call("DELETE", t.path(*api, "flux-system", "flux-system"))
t.call("DELETE", t.path("v1", "secrets", "flux-system", "flux-system"))
org = repository("org/fleet.git", {"README.md": "made by the provider\n"})
ready.update(repo=org, namespace="flux-system")
common = ["--owner=org", "--repository=fleet", "--hostname=" + base, "--path=clusters/a", "--token-auth", "--timeout=30s"]


def provider(name, *more, **how):
    host.asked.clear()
    said = t.tell("bootstrap", name, *common, *more, env={name.split("-")[0].upper() + "_TOKEN": "secret-token"}, **how)
    return said, list(host.asked)


t.tell("bootstrap", "github", *common, env={"GITHUB_TOKEN": "wrong"}, status=1,
       err_has='✗ failed to get Git repository "%s/org/fleet": provider error: GET %s/api/v3/repos/org/fleet: 401 Bad '
               "credentials\n" % (base, base))
host.known = {("POST", "/api/v3/orgs/org/repos"): {"id": 1},
                ("PUT", "/api/v3/orgs/org/teams/ops/repos/org/fleet"): {}}
said, asked = provider("github", "--team=ops,devs:pull", err_has=[
    '► connecting to %s\n✔ repository "%s/org/fleet" created\n► reconciling repository permissions\n'
    '✔ granted "maintain" permissions to "ops"\n✗ failed to grant "pull" permissions to "devs": ' % (base, base),
    '► cloning branch "main" from Git repository "%s/org/fleet.git"\n' % base, "✔ all components are healthy\n"])
assert asked[0][:2] == ("GET", "/api/v3/repos/org/fleet"), asked
assert asked[1] == ("POST", "/api/v3/orgs/org/repos", {"name": "fleet", "private": True, "auto_init": True}), asked
assert asked[2] == ("PUT", "/api/v3/orgs/org/teams/ops/repos/org/fleet", {"permission": "maintain"}), asked

host.known = {("GET", "/api/v1/repos/org/fleet"): {"id": 1}, ("PATCH", "/api/v1/repos/org/fleet"): {"id": 1}}
said, asked = provider("gitea", "--reconcile", "--private=false", err_has="✔ all components are healthy\n")
assert asked == [("GET", "/api/v1/repos/org/fleet", None),
                 ("PATCH", "/api/v1/repos/org/fleet", {"name": "fleet", "private": False})], asked

host.known = {("GET", "/api/v4/groups/org"): {"id": 7}, ("POST", "/api/v4/projects"): {"id": 1},
                ("POST", "/api/v4/projects/org%2Ffleet/deploy_tokens"): {"username": "gitlab+1", "token": "read-only"}}
common.remove("--token-auth")
said, asked = provider("gitlab", "--deploy-token-auth", "--visibility=internal", err_has=[
    "► checking to reconcile deploy token for source secret\n", "✔ all components are healthy\n"])
assert asked[2] == ("POST", "/api/v4/projects", {
    "visibility": "internal", "name": "fleet", "path": "fleet", "default_branch": "main", "initialize_with_readme": True,
    "namespace_id": 7}), asked
data = t.get("v1", "secrets", "flux-system", "flux-system")["data"]
assert base64.b64decode(data["password"]) == b"read-only"

repository("scm/org/fleet.git", {"README.md": "made by the provider\n"})
host.known = {("GET", "/rest/api/1.0/projects/org/repos/fleet"): {"links": {"clone": [{"name": "ssh", "href": "x"}]}}}
ready["repo"] = os.path.join(host.root, "scm/org/fleet.git")
provider("bitbucket-server", "--token-auth", "--username=me", err_has=[
    '► cloning branch "main" from Git repository "%s/scm/org/fleet.git"\n' % base, "✔ all components are healthy\n"])
stop.set()
