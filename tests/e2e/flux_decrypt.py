#!/usr/bin/env python3
"""flux build and diff kustomization with --decrypt: flux_decrypt.py RILL

Files that sops encrypted (recorded, tests/golden/sops), decrypted without a cluster by
the keys of the machine, wherever sops finds them; what is not decrypted stays masked.
"""
import base64
import os
import shutil

from flux_case import Case

t = Case(server=False)
GOLDEN = os.path.join(os.path.dirname(os.path.realpath(__file__)), "../golden/sops/")


def golden(name):
    with open(GOLDEN + name) as f:
        return f.read()


def b64(text):
    return base64.b64encode(text.encode()).decode()


KS = ("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: app, namespace: flux-system}\n"
      "spec:\n  interval: 5m\n  path: ./app\n  prune: true\n  targetNamespace: apps\n  sourceRef: {kind: GitRepository, name: repo}\n")
t.write("plain.yaml", KS)
t.write("ks.yaml", KS + "  decryption: {provider: sops, secretRef: {name: keys}}\n")
t.write("app/secret.yaml", golden("secret.enc.yaml"))
t.write("app/blob.bin", golden("blob.enc.bin"))
t.write("app/kustomization.yaml", "resources: [secret.yaml]\nsecretGenerator:\n- name: made\n  files: [blob.bin]\n"
                                  "  options: {disableNameSuffixHash: true}\n")
build = ["build", "ks", "app", "--path", "app", "--dry-run", "--kustomization-file"]
PASSWORD, BLOB = b64("s3cr3t-value"), base64.b64encode(open(GOLDEN + "blob.want.bin", "rb").read()).decode()


def shows(out, *parts, hidden=()):
    for p in parts:
        assert p in out, "no %r in\n%s" % (p, out)
    for p in hidden:
        assert p not in out, "%r in\n%s" % (p, out)


# ---- unless asked for, as flux has it ----
t.env["SOPS_AGE_KEY"] = golden("age1.agekey").strip().split("\n")[-1]
shows(t.tell(*build, "ks.yaml", err=""), "KipTT1BTKio=", hidden=(PASSWORD, "s3cr3t-value", "sops:"))

# ---- asked for, and shown ----
shown = t.tell(*build, "ks.yaml", "--decrypt", err="")
shows(shown, "password: s3cr3t-value", BLOB, "namespace: apps", hidden=("sops:", "KipTT1BTKio=", "ENC["))
# a Kustomization without spec.decryption would not be decrypted in the cluster either
shows(t.tell(*build, "plain.yaml", "--decrypt", err=""), "KipTT1BTKio=", hidden=(PASSWORD, "s3cr3t-value"))

# ---- wherever the key is ----
del t.env["SOPS_AGE_KEY"]
t.write("key.txt", golden("age1.agekey"))
t.env["SOPS_AGE_KEY_FILE"] = os.path.join(t.work, "key.txt")
assert t.tell(*build, "ks.yaml", "--decrypt", err="") == shown
del t.env["SOPS_AGE_KEY_FILE"]
t.write(".config/sops/age/keys.txt", golden("age1.agekey"))
assert t.tell(*build, "ks.yaml", "--decrypt", err="") == shown
t.env["XDG_CONFIG_HOME"] = os.path.join(t.work, "none")
t.tell(*build, "ks.yaml", "--decrypt", status=1, out="",
       err_has="Failed to get the data key required to decrypt the SOPS file.")
del t.env["XDG_CONFIG_HOME"]
t.write("bad.txt", "AGE-SECRET-KEY-1QQ\n")
t.env["SOPS_AGE_KEY_FILE"] = os.path.join(t.work, "bad.txt")
t.tell(*build, "ks.yaml", "--decrypt", status=1, out="", err_has="failed to read 'SOPS_AGE_KEY_FILE': ")
del t.env["SOPS_AGE_KEY_FILE"]

# ---- files that were changed are refused, also where each value is what it was ----
t.write("app/secret.yaml", golden("secret.enc.yaml").replace("Opaque", "opaque"))
t.tell(*build, "ks.yaml", "--decrypt", status=1, out="",
       err_has="secret.yaml': failed to verify sops data integrity: expected mac '")
t.write("app/secret.yaml", golden("secret.enc.yaml"))
blob = golden("blob.enc.bin")
t.write("app/blob.bin", blob.replace('"lastmodified": "2', '"lastmodified": "1'))
t.tell(*build, "ks.yaml", "--decrypt", status=1, out="", err_has="error decrypting sources: ")
t.write("app/blob.bin", blob)

# ---- GnuPG's own keys ----
if shutil.which("gpg"):
    home = os.path.join(t.dir, "gnupg")
    os.mkdir(home, 0o700)
    t.env["GNUPGHOME"] = home
    t.run("--batch", "--quiet", "--import", GOLDEN + "pgp.asc", program="gpg")
    t.write("pgp/secret.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n")
    t.write("pgp/kustomization.yaml", "secretGenerator:\n- name: made\n  files: [file.yaml]\n")
    t.write("pgp/file.yaml", golden("pgp.enc.yaml"))
    out = t.tell("build", "ks", "app", "--path", "pgp", "--dry-run", "--kustomization-file", "ks.yaml", "--decrypt", err="")
    shows(out, base64.b64encode(golden("pgp.want.yaml").encode()).decode())
    t.run("--kill", "all", program="gpgconf")
