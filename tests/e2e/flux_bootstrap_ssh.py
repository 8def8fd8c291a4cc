#!/usr/bin/env python3
"""flux bootstrap over SSH, against openssh-server on loopback: flux_bootstrap_ssh.py RILL

With a private key from a file, with the keys of an agent, and with a deploy
key that is made and shown. Skipped (status 77) without git or OpenSSH.
"""
import base64
import getpass
import os
import shutil
import subprocess
import sys
import time

import peers
from flux_case import Case
from flux_git import Controllers, GitHost

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
if not os.access(SSHD, os.X_OK) or not all(map(shutil.which, ("git", "ssh", "ssh-agent", "ssh-keyscan"))):
    sys.exit(77)
if os.geteuid() == 0:
    os.makedirs("/run/sshd", exist_ok=True)
t = Case(options=())
host = GitHost(t.dir)
controllers = Controllers(t, host)


def key(name, passphrase=""):
    file = os.path.join(t.work, name)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", file], check=True)
    return t.read(name + ".pub")


def serve():
    for _ in range(20):
        port = peers.free_port()
        log = open(os.path.join(t.dir, "sshd.log"), "wb")
        p = subprocess.Popen([SSHD, "-D", "-e", "-f", "/dev/null", "-p", str(port), "-h", os.path.join(t.work, "host"),
                              "-o", "ListenAddress=127.0.0.1", "-o", "PidFile=none", "-o", "StrictModes=no",
                              "-o", "AuthorizedKeysFile=" + os.path.join(t.work, "authorized"), "-o", "UsePAM=no"], stderr=log)
        for _ in range(600):
            if peers.listens(port):
                return p, port
            if p.poll() is not None:
                break
            time.sleep(0.05)
    sys.exit("sshd does not start")


host_key = key("host")
t.write("authorized", key("mine") + key("locked", "pass phrase"))
key("stranger")
sshd, port = serve()
agent = None
try:
    at = "ssh://%s@127.0.0.1:%d" % (getpass.getuser(), port)
    repo = host.repository("fleet.git", {"README.md": "hello\n"})
    url = at + repo
    controllers.ready["repo"] = repo
    boot = ["bootstrap", "git", "--url=" + url, "--path=clusters/a", "--timeout=90s"]

    # ---- a key of its own, which the cluster gets, too
    code, out, err = t.run(*boot, "--private-key-file=stranger", "-s", timeout=120)
    assert code == 1 and "unable to authenticate" in err, err
    t.tell(*boot, "--private-key-file=mine", stdin="n\n", status=1, timeout=120, err_has=[
        "✔ public key: %s\n" % " ".join(t.read("mine.pub").split()[:2]), "✗ aborting\n"])
    t.tell(*boot, "--private-key-file=mine", "--silent", timeout=120, err_has="✔ all components are healthy\n")
    data = {k: base64.b64decode(v).decode() for k, v in
            t.get("v1", "secrets", "flux-system", "flux-system")["data"].items()}
    assert data["identity"] == t.read("mine"), data
    assert data["known_hosts"].startswith("[127.0.0.1]:%d %s" % (port, " ".join(host_key.split()[:2]))), data
    assert "  url: %s\n" % url in host.git("show", "main:clusters/a/flux-system/gotk-sync.yaml", at=repo)
    t.tell(*boot, "--private-key-file=locked", "--password=pass phrase", "-s", timeout=120,
           err_has=["✔ component manifests are up to date\n", "✔ all components are healthy\n"])

    # ---- the keys of an agent; the cluster gets one that is made for it, and shown
    t.call("DELETE", t.path("v1", "secrets", "flux-system", "flux-system"))
    t.tell(*boot, status=1, err="✗ failed to create authentication options for %s: no SSH agent (SSH_AUTH_SOCK is not set) "
           "and no --private-key-file\n" % url)
    where = os.path.join(t.dir, "agent")
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", where], stdout=subprocess.DEVNULL)
    while not os.path.exists(where):
        time.sleep(0.05)
    env = {"SSH_AUTH_SOCK": where}
    subprocess.run(["ssh-add", "-q", os.path.join(t.work, "mine")], env={**os.environ, **env}, check=True,
                   stderr=subprocess.DEVNULL)
    t.tell(*boot, status=1, env=env, timeout=120, err_has="knownhosts: key is unknown")
    t.write(".ssh/known_hosts", "[127.0.0.1]:%d %s" % (port, host_key))
    said = t.tell(*boot, env=env, stdin="y\n", timeout=120, out_has="Please give the key access to your repository",
                  err_has="✔ all components are healthy\n")
    data = {k: base64.b64decode(v).decode() for k, v in
            t.get("v1", "secrets", "flux-system", "flux-system")["data"].items()}
    assert data["identity.pub"].startswith("ecdsa-sha2-nistp384 "), data
    assert "✔ public key: " + data["identity.pub"].strip() + "\n" in said, said
    t.tell(*boot, env=env, timeout=120, err_has=["✔ source secret up to date\n", "✔ all components are healthy\n"])
finally:
    controllers.stop()
    for p in (sshd, agent):
        if p:
            p.terminate()
            p.wait()
