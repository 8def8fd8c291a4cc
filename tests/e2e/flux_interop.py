#!/usr/bin/env python3
"""Artifacts that rill and the real flux push, pull, list, tag and compare: flux_interop.py RILL

Against docker-registry on loopback; what each says is compared word for word, and what
one pushed the other pulls. Skipped where flux is not among the peers ($PEERS) or there is no
docker-registry.
"""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

RILL = os.path.realpath(sys.argv[1])
flux = [d + "/bin/flux" for d in (os.environ.get("PEERS") or "").split(":") if d and os.access(d + "/bin/flux", os.X_OK)]
if not flux or not shutil.which("docker-registry"):
    sys.exit(77)
PROGRAMS = {"rill": [RILL], "flux": [flux[0]]}
DIR = tempfile.mkdtemp(prefix="rill-interop-")
os.chdir(DIR)
children = []


def fail(text):
    print("flux_interop.py: " + text)
    sys.exit(1)


def run(who, *argv, data=None):
    env = {"PATH": os.environ["PATH"], "HOME": DIR + "/home-" + who, "KUBECONFIG": "/nonexistent"}
    os.makedirs(env["HOME"], exist_ok=True)
    p = subprocess.run([*PROGRAMS[who], *argv], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=300)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def good(who, *argv, data=None):
    code, out, err = run(who, *argv, data=data)
    if code:
        fail("%s %s: exit %d\n%s%s" % (who, " ".join(argv), code, out, err))
    return out, err


def plain(text, *names):
    """Without what must differ: digests, times, and the names of who did it."""
    text = re.sub(r"sha256:[0-9a-f]{64}", "sha256:X", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\S*Z| \+0000 UTC)?", "TIME", text)
    for name in names:
        text = text.replace(name, "WHO")
    return text


def both(*argv, status=None, data=None, names=("rill", "flux")):
    """Both are asked the same (WHO in it is their name) and say the same."""
    got = {who: run(who, *[a.replace("WHO", who) for a in argv], data=data) for who in PROGRAMS}
    a, b = [(got[who][0], plain(got[who][1], *names), plain(got[who][2], *names)) for who in PROGRAMS]
    if a != b or (status is not None and a[0] != status):
        fail("%s:\nrill: %s\nflux: %s" % (" ".join(argv), got["rill"], got["flux"]))
    return got


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def tree(top):
    out = {}
    for where, _, files in os.walk(top):
        for name in files:
            path = os.path.join(where, name)
            with open(path, "rb") as f:
                out[os.path.relpath(path, top)] = f.read()
    return out


def start_registry():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    write("registry.yml", "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: '127.0.0.1:%d'}\n" % (DIR, port))
    children.append(subprocess.Popen(["docker-registry", "serve", "registry.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if urllib.request.urlopen("http://127.0.0.1:%d/v2/" % port, timeout=5).status == 200:
                return "127.0.0.1:%d" % port
        except OSError:
            time.sleep(0.1)
    fail("the registry does not listen")


def manifest(host, name, tag):
    r = urllib.request.Request("http://%s/v2/%s/manifests/%s" % (host, name, tag), headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})
    with urllib.request.urlopen(r, timeout=10) as answer:
        m = json.load(answer)
        m["digest"] = answer.headers["Docker-Content-Digest"]
        return m


def shape(m):
    """A manifest without digests and sizes."""
    return json.dumps({"type": m.get("mediaType"), "config": m["config"]["mediaType"], "layers": [l["mediaType"] for l in m["layers"]],
                       "annotations": {k: plain(v, "rill", "flux") for k, v in m.get("annotations", {}).items()}}, sort_keys=True)


def artifacts(host):
    write("files/a.yaml", "kind: A\n")
    write("files/sub/b.yaml", "kind: B\n")
    write("files/docs/x.md", "text\n")
    os.symlink("a.yaml", "files/link.yaml")
    about = ["--source", "https://git.example/app", "--revision", "main@sha1:0123456789012345678901234567890123456789"]
    push = ["push", "artifact", "oci://%s/WHO:v1" % host, "--path", "files", *about]
    both(*push, status=0)
    both(*push, "--ignore-paths", "docs/", "-a", "org.example.key=value", "-o", "json", status=0)
    both(*push, "-o", "yaml", status=0)
    both(*push, "--reproducible", status=0)
    both("push", "artifact", "oci://%s/WHO:one" % host, "--path", "files/a.yaml", *about, status=0)
    both("push", "artifact", "oci://%s/WHO:input" % host, "--path", "-", *about, data=b"kind: C\n", status=0)
    for tag in ("v1", "one", "input"):
        if shape(manifest(host, "rill", tag)) != shape(manifest(host, "flux", tag)):
            fail("manifests of %s differ:\n%s\n%s" % (tag, shape(manifest(host, "rill", tag)), shape(manifest(host, "flux", tag))))


def pulls(host):
    for pusher in PROGRAMS:
        for tag in ("v1", "one", "input", "@" + manifest(host, pusher, "v1")["digest"]):
            ref, trees = "oci://%s/%s%s" % (host, pusher, tag if tag[0] == "@" else ":" + tag), []
            for who in PROGRAMS:
                os.makedirs("pulled-" + who)
            both("pull", "artifact", ref, "--output", "pulled-WHO", status=0)
            for who in PROGRAMS:
                trees.append(tree("pulled-" + who))
                shutil.rmtree("pulled-" + who)
            if trees[0] != trees[1] or not trees[0]:
                fail("%s, pulled by rill: %s, by flux: %s" % (ref, sorted(trees[0]), sorted(trees[1])))


def others(host):
    for pusher in PROGRAMS:
        ref = "oci://%s/%s" % (host, pusher)
        for tagger in PROGRAMS:
            good(tagger, "tag", "artifact", ref + ":v1", "--tag", "by-" + tagger, "--tag", "1.2.3-" + tagger)
        both("tag", "artifact", ref + ":v1", "--tag", "again", status=0)
        both("list", "artifacts", ref, status=0, names=())
        both("list", "artifacts", ref, "--filter-semver", ">=1.0.0-0", status=0, names=())
        both("list", "artifacts", ref, "--filter-regex", "^by", status=0, names=())
        if pusher == "flux":
            both("diff", "artifact", ref + ":v1", "--path", "files", status=0)
        else:       # flux compares compressed bytes, which its own compressor alone makes; rill what is in them
            good("rill", "diff", "artifact", ref + ":v1", "--path", "files")
        write("other/a.yaml", "kind: Z\n")
        if {run(who, "diff", "artifact", ref + ":v1", "--path", "other")[0] for who in PROGRAMS} != {1}:
            fail("diff artifact does not see the difference")
    both("pull", "artifact", "oci://%s/none:v1" % host, "--output", ".", status=1)
    both("pull", "artifact", "oci://%s/rill:none" % host, "--output", ".", status=1)
    both("pull", "artifact", "http://%s/rill:v1" % host, "--output", ".", status=1)
    both("push", "artifact", "oci://%s/WHO:v1" % host, "--path", "files", status=1)
    both("push", "artifact", "oci://%s/WHO:v1" % host, "--path", "none", "--source", "x", "--revision", "y", status=1)
    both("list", "artifacts", "oci://%s/none" % host, status=1)


try:
    host = start_registry()
    artifacts(host)
    pulls(host)
    others(host)
    print("flux_interop.py: good, with %s" % run("flux", "--version")[1].strip())
finally:
    for c in children:
        c.terminate()
    for c in children:
        c.wait()
    shutil.rmtree(DIR, ignore_errors=True)
