#!/usr/bin/env python3
"""flux plugin, and the plugins themselves: flux_plugin.py RILL"""
import hashlib
import io
import json
import os
import platform
import tarfile

from flux_case import Case
from world import serve

t = Case(server=False)
where = os.path.join(t.work, ".fluxcd/plugins")
ARCH = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
files = {}


base = serve(files) + "/"
t.env["FLUXCD_PLUGIN_CATALOG"] = base


def program(text):
    return ("#!/bin/sh\n" + text + "\n").encode()


def archive(name, data):
    b = io.BytesIO()
    with tarfile.open(fileobj=b, mode="w:gz") as tar:
        for n, d in (("README", b"x"), (name, data)):
            info = tarfile.TarInfo(n)
            info.size = len(d)
            tar.addfile(info, io.BytesIO(d))
    return b.getvalue()


def publish(name, versions, **more):
    m = {"apiVersion": "cli.fluxcd.io/v1beta1", "kind": "Plugin", "name": name, "bin": "flux-" + name, "versions": []}
    m.update(more)
    for version, data in versions:
        path = "/%s-%s%s" % (name, version, ".tar.gz" if data[:2] == b"\x1f\x8b" else "")
        files[path] = data
        m["versions"].append({"version": version, "platforms": [
            {"os": "linux", "arch": ARCH, "url": base + path[1:], "checksum": "sha256:" + hashlib.sha256(data).hexdigest()}]})
    files["/%s.yaml" % name] = json.dumps(m).encode()
    return m


# ---- nothing there ----
t.tell("plugin", "list", out="No plugins found\n", err="")
t.tell("plugin", "uninstall", "foo", status=1, err='✗ plugin "foo" is not installed\n')
t.tell("plugin", "install", "foo", status=1, err='✗ plugin "foo" not found in catalog\n')
t.tell("hello", status=1, err='✗ unknown command "hello" for "flux"\n')

# ---- the catalog ----
files["/catalog.yaml"] = json.dumps({"apiVersion": "cli.fluxcd.io/v1beta1", "kind": "PluginCatalog", "plugins": [
    {"name": "hello", "description": "Says hello"}, {"name": "other", "description": "Does more"}]}).encode()
hello = publish("hello", [("2.0", archive("bin/flux-hello", program('echo "two $*"; exit 3'))), ("1.0", program('echo one "$@"'))])
t.tell("plugin", "search", out_has=["NAME ", "hello\tSays hello ", "other\tDoes more "])
t.tell("plugin", "search", "nope", out='No plugins matching "nope" found in catalog\n')

# ---- install, run, update ----
t.tell("plugin", "install", "hello@1.0", err="✔ installed hello v1.0\n")
t.tell("hello", "a b", "--flag", "-n", "x", out="one a b --flag -n x\n", err="")
t.tell("plugin", "ls", out_has="hello\t1.0    \t%s/flux-hello" % where)
t.tell("plugin", "update", err="✔ updated hello v1.0 → v2.0\n")
t.tell("hello", "x", status=3, out="two x\n")
t.tell("plugin", "upgrade", "hello", err="✔ hello already up to date (v2.0)\n")
t.tell("plugin", "search", "HELLO", out_has="hello\tSays hello \t2.0 ")
t.tell("plugin", "install", "hello@" + hello["versions"][1]["platforms"][0]["checksum"], err="✔ installed hello v1.0\n")
assert "version: \"1.0\"\n" in t.read(".fluxcd/plugins/flux-hello.yaml")
t.tell("__complete", "plugin", "uninstall", "", out="hello\n:4\n")

# ---- what is refused ----
t.tell("plugin", "install", "hello@9", status=1, err='✗ version "9" not found for plugin "hello"\n')
publish("bad", [("1", b"x")], kind="Chart")
t.tell("plugin", "install", "bad", status=1, err='✗ plugin "bad" has unexpected kind "Chart" (expected "Plugin")\n')
for name in ("../flux-x", "flux-", "hello", "flux-a/b"):
    publish("bad", [("1", b"x")], bin=name)
    t.tell("plugin", "install", "bad", status=1, err_has='has invalid bin "%s" (must be a plain filename' % name)
publish("evil", [("1", program("echo pwned"))])
files["/evil-1"] = b"something else"
t.tell("plugin", "install", "evil", status=1, err_has="✗ checksum verification failed (expected: sha256:")
assert sorted(os.listdir(where)) == ["flux-hello", "flux-hello.yaml"], os.listdir(where)
publish("empty", [("1", archive("flux-other", b"x"))])
t.tell("plugin", "install", "empty", status=1, err='✗ binary "flux-empty" not found in archive\n')

# ---- one that the user put there; built-in commands stay what they are ----
for name in ("own", "get"):
    path = os.path.join(where, "flux-" + name)
    with open(path, "wb") as f:
        f.write(program("echo own"))
    os.chmod(path, 0o755)
t.tell("own", out="own\n")
t.tell("get", out_has="Usage:")
t.tell("plugin", "update", "own", err="⚠️ skipping own (manually installed)\n")
t.tell("plugin", "list", out_has="own  \tmanual \t")
t.tell("plugin", "delete", "hello", err="✔ uninstalled hello\n")
t.tell("hello", status=1, err='✗ unknown command "hello" for "flux"\n')
