#!/usr/bin/env python3
"""Bases in other repositories, and files by URL, as commands build them: kustomize_remote.py RILL"""
import os
import subprocess
import sys
import tempfile

from world import serve

HERE = os.path.dirname(os.path.realpath(__file__))
rill = os.path.realpath(sys.argv[1])
temp = tempfile.TemporaryDirectory(prefix="rill-remote-")
home = temp.name
env = dict(os.environ, HOME=home, TMPDIR=home + "/tmp", GIT_CONFIG_NOSYSTEM="1", GIT_AUTHOR_NAME="a", GIT_AUTHOR_EMAIL="a@b",
           GIT_COMMITTER_NAME="c", GIT_COMMITTER_EMAIL="c@d")
for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
    env.pop(name, None)


def config(name):
    return "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\n" % name


def write(path, text):
    path = os.path.join(home, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def git(*args):
    subprocess.run(("git", "-C", home + "/base") + args, env=env, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def run(*args):
    r = subprocess.run((rill,) + args, cwd=home + "/over", env=env, text=True, stdin=subprocess.DEVNULL, timeout=60,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert os.listdir(home + "/tmp") == [], "left behind: %s" % os.listdir(home + "/tmp")
    return r.returncode, r.stdout, r.stderr


def gives(want, *args):
    got = run(*args)
    assert got == (0, want, ""), "%s: %r" % (args, got)


def refuses(words, *args):
    status, out, said = run(*args)
    assert status == 1 and not out and words in said and "\0" not in said, "%s: %r" % (args, (status, out, said))


# ---- a repository and a file, over HTTP ----

os.makedirs(home + "/tmp")
write("base/app/kustomization.yaml", "resources: [../shared]\nnamePrefix: v1-\n")
write("base/shared/kustomization.yaml", "resources: [cm.yaml]\n")
write("base/shared/cm.yaml", config("far"))
git("init", "-q", "-b", "main")
git("add", "-A")
git("commit", "-q", "-m", "one")
git("tag", "v1")
write("base/app/kustomization.yaml", "resources: [../shared]\nnamePrefix: v2-\n")
git("commit", "-qam", "two")
os.makedirs(home + "/root")
git("clone", "-q", "--bare", home + "/base", home + "/root/base.git")
server = subprocess.Popen((sys.executable, HERE + "/git_server.py", home + "/root", home + "/port"), env=env,
                          stdin=subprocess.PIPE)
while not os.path.exists(home + "/port"):
    assert server.poll() is None, "the Git server ended"
url = "http://127.0.0.1:%s/plain/base.git" % open(home + "/port").read()


file = serve({"/cm.yaml": config("file").encode()}) + "/"

# ---- kustomize build ----

write("over/kustomization.yaml", "namePrefix: my-\nresources:\n- %s//app?ref=v1\n- %scm.yaml\n" % (url, file))
built = config("my-file") + "---\n" + config("my-v1-far")
gives(built, "kustomize", "build")
gives(config("v2-far"), "kustomize", "build", url + "//app?ref=main")
gives(config("v2-far"), "kustomize", "build", url + "//app")
refuses("failed to fetch remote base '%s//app?ref=gone': " % url, "kustomize", "build", url + "//app?ref=gone")
refuses("/nowhere", "kustomize", "build", url + "//nowhere")
refuses("cannot be fetched here", "kustomize", "build", "--no-remote-bases")

# ---- flux build kustomization ----

write("ks.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: flux-system}\n"
      "spec: {interval: 1m, path: ./, prune: true, sourceRef: {kind: GitRepository, name: repo}}\n")
status, out, said = run("build", "kustomization", "app", "--path", ".", "--kustomization-file", "../ks.yaml", "--dry-run")
assert status == 0 and "name: my-v1-far" in out and "name: my-file" in out, (status, out, said)

# ---- kustomize localize ----

status, out, said = run("kustomize", "localize", ".", home + "/local")
assert status == 0 and "VERIFICATION SUCCESS" in said, (status, out, said)
server.stdin.close()
server.wait()
gives(built, "kustomize", "build", home + "/local")

# ---- nobody there ----

write("over/kustomization.yaml", "resources:\n- %s//app?ref=v1\n" % url)
refuses("connection refused", "kustomize", "build")
print("ok")
