#!/usr/bin/env python3
"""Signed charts, by rill and by the real helm in turn: helm_signed.py RILL

Charts are packed and signed, lie behind nginx (TLS and basic auth) and in
docker-registry, and are pulled, verified and taken as dependencies. Where helm 4 is among
the peers ($PEERS), each verifies what the other signed and pushed. Skipped without gpg,
openssl or nginx.
"""
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

RILL = os.path.realpath(sys.argv[1])
PROGRAMS = {"rill": [RILL, "helm"]}
for d in (os.environ.get("PEERS") or "").split(":"):
    if d and os.access(d + "/bin/helm", os.X_OK) and b"v4." in subprocess.run([d + "/bin/helm", "version", "--short"], stdout=subprocess.PIPE).stdout:
        PROGRAMS["helm"] = [d + "/bin/helm"]
if not all(shutil.which(p) for p in ("gpg", "openssl", "nginx")):
    sys.exit(77)
DIR = tempfile.mkdtemp(prefix="rill-signed-")
os.chdir(DIR)
os.mkdir("gnupg", 0o700)
os.environ.update(GNUPGHOME=DIR + "/gnupg")
children = []


def fail(text):
    print("helm_signed.py: " + text)
    sys.exit(1)


def tool(*argv, data=None):
    p = subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if p.returncode:
        fail("%s: %s" % (" ".join(argv), p.stderr.decode()))
    return p.stdout


def run(who, *argv, data=None):
    home = DIR + "/home-" + who
    env = {"PATH": os.environ["PATH"], "HOME": home, "GNUPGHOME": DIR + "/gnupg-none", "HELM_CACHE_HOME": home + "/cache",
           "HELM_CONFIG_HOME": home + "/config", "HELM_DATA_HOME": home + "/data"}
    os.makedirs(home, exist_ok=True)
    p = subprocess.run([*PROGRAMS[who], *argv], input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=300)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def good(who, *argv, data=None):
    code, out, err = run(who, *argv, data=data)
    if code:
        fail("%s %s: %s%s" % (who, " ".join(argv), out, err))
    return out


def bad(text, *argv, data=None, programs=("rill",)):
    for who in programs:
        code, out, err = run(who, *argv, data=data)
        if code == 0 or text not in err:
            fail("%s %s: exit %d, want %r\n%s%s" % (who, " ".join(argv), code, text, out, err))


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def chart(name, version, more=""):
    write("src/%s/Chart.yaml" % name, "apiVersion: v2\nname: %s\ndescription: A chart - with a dash\nversion: %s\n%s" % (name, version, more))
    write("src/%s/values.yaml" % name, "a: 1\n")
    write("src/%s/templates/cm.yaml" % name, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n")
    return "src/" + name


def port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def until(what, true):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            if true():
                return
        except OSError:
            pass
        time.sleep(0.1)
    fail("never: " + what)


# ---- keys

def make_keys():
    for name, phrase in (("Jane Maker <jane@example.org>", ""), ("Joe Maker <joe@example.org>", "two words")):
        tool("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", phrase, "--quick-generate-key", name, "rsa2048", "sign", "never")
    for out, args in (("pub.gpg", ["--export"]), ("jane-pub.gpg", ["--export", "jane@example.org"]), ("sec.gpg", ["--export-secret-keys"])):
        with open(out, "wb") as f:
            f.write(tool("gpg", "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "two words", *args))
    write("phrase", "two words\n")
    write("wrong", "three words\n")
    tool("gpgconf", "--kill", "all")


def fingerprint(mail):
    lines = tool("gpg", "--batch", "--with-colons", "--list-keys", mail).decode().split("\n")
    return [l.split(":")[9] for l in lines if l.startswith("fpr:")][0]


def report(mail, name, path):
    with open(path, "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    return "Signed by: %s\nUsing Key With Fingerprint: %s\nChart Hash Verified: sha256:%s\n" % (name, fingerprint(mail), digest)


def signs():
    for who in PROGRAMS:
        app = chart("app", "1.0.0")
        good(who, "package", app, "-d", "out-" + who, "--sign", "--key", "Jane", "--keyring", "sec.gpg")
        good(who, "package", chart("odd", "2.0.0+x"), "-d", "out-" + who, "--sign", "--key", "Joe Maker <joe@example.org>", "--keyring", "sec.gpg",
             "--passphrase-file", "phrase", "--version", "2.1.0+x")
        for by in PROGRAMS:
            for file, mail, name in (("app-1.0.0.tgz", "jane@example.org", "Jane Maker <jane@example.org>"),
                                     ("odd-2.1.0+x.tgz", "joe@example.org", "Joe Maker <joe@example.org>")):
                got = good(by, "verify", "out-%s/%s" % (who, file), "--keyring", "pub.gpg")
                want = report(mail, name, "out-%s/%s" % (who, file))
                if got != want:
                    fail("%s verifies what %s signed:\n%s\nwant:\n%s" % (by, who, got, want))
    if "helm" in PROGRAMS:      # the same text is signed; the archives differ by their times
        cut = lambda who: open("out-%s/app-1.0.0.tgz.prov" % who).read().split("\n...\n")[0]
        if cut("rill") != cut("helm"):
            fail("the signed texts differ:\n%s\n%s" % (cut("rill"), cut("helm")))
    app, both = chart("app", "1.0.0"), tuple(PROGRAMS)
    bad("Error: --key is required for signing a package", "package", app, "--sign", "--keyring", "sec.gpg", programs=both)
    bad("Error: private key not found", "package", app, "--sign", "--key", "Nobody", "--keyring", "sec.gpg", programs=both)
    bad('Error: more than one key contain the id "Maker"', "package", app, "--sign", "--key", "Maker", "--keyring", "sec.gpg", programs=both)
    bad("Error: provided key is not a private key. Try providing a keyring with secret keys", "package", app, "--sign", "--key", "Jane",
        "--keyring", "pub.gpg", programs=both)
    bad("Error: open none.gpg: no such file or directory", "package", app, "--sign", "--key", "Jane", "--keyring", "none.gpg", programs=both)
    bad("Error: ", "package", app, "--sign", "--key", "Joe", "--keyring", "sec.gpg", "--passphrase-file", "wrong", programs=both)
    bad("openpgp: signature made by unknown entity", "verify", "out-rill/odd-2.1.0+x.tgz", "--keyring", "jane-pub.gpg", programs=both)


# ---- a repository behind nginx

def nginx():
    n = port()
    tool("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "tls.key", "-out", "tls.crt", "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1")
    write("htpasswd", "me:{PLAIN}pass word\n")
    write("nginx.conf", """daemon off; worker_processes 1; pid %(d)s/nginx.pid; error_log %(d)s/nginx.log; user root;
events {}
http {
  access_log off; client_body_temp_path %(d)s/t1; proxy_temp_path %(d)s/t2; fastcgi_temp_path %(d)s/t3; uwsgi_temp_path %(d)s/t4; scgi_temp_path %(d)s/t5;
  server {
    listen 127.0.0.1:%(p)d ssl; ssl_certificate %(d)s/tls.crt; ssl_certificate_key %(d)s/tls.key; root %(d)s/www;
    auth_basic "charts"; auth_basic_user_file %(d)s/htpasswd;
  }
}
""" % {"d": DIR, "p": n})
    os.chmod(DIR, 0o755)
    children.append(subprocess.Popen(["nginx", "-c", DIR + "/nginx.conf", "-p", DIR], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def listens():
        with socket.create_connection(("127.0.0.1", n), 5):
            return True
    until("nginx listens", listens)
    return "https://127.0.0.1:%d" % n


LOGIN = ["--username", "me", "--password", "pass word", "--ca-file", "tls.crt"]


def repository(url):
    os.makedirs("www")
    good("rill", "package", chart("plain", "1.0.0"), "-d", "www")
    for f in os.listdir("out-rill"):
        shutil.copy("out-rill/" + f, "www")
    forged = "www/forged-1.0.0.tgz"
    good("rill", "package", chart("forged", "1.0.0"), "-d", "www", "--sign", "--key", "Jane", "--keyring", "sec.gpg")
    good("rill", "package", chart("forged", "1.0.0", "appVersion: other\n"), "-d", "www")        # not what was signed
    good("rill", "repo", "index", "www")
    for who in PROGRAMS:
        bad("401 Unauthorized", "repo", "add", "charts", url, "--ca-file", "tls.crt", programs=(who,))
        bad("x509: certificate signed by unknown authority", "repo", "add", "charts", url, *LOGIN[:4], programs=(who,))
        good(who, "repo", "add", "charts", url, *LOGIN)
        got = good(who, "pull", "charts/app", "--verify", "--keyring", "pub.gpg", "-d", "out-" + who)
        want = report("jane@example.org", "Jane Maker <jane@example.org>", "www/app-1.0.0.tgz")
        if got != want:
            fail("%s pull --verify: %s" % (who, got))
        bad("failed to fetch provenance", "pull", "charts/plain", "--verify", "--keyring", "pub.gpg", programs=(who,))
        bad("sha256 sum does not match for forged-1.0.0.tgz", "pull", "charts/forged", "--verify", "--keyring", "pub.gpg", programs=(who,))
    if not os.path.exists(forged):
        fail("no forged chart")


def depends(url, name):
    path = chart("top", "1.0.0", "dependencies:\n- {name: %s, version: 1.0.0, repository: '%s'}\n" % (name, url))
    shutil.rmtree(path + "/charts", ignore_errors=True)
    if os.path.exists(path + "/Chart.lock"):
        os.unlink(path + "/Chart.lock")
    return path


def dependencies(url):
    ring = ["--verify", "--keyring", "pub.gpg"]
    for who in PROGRAMS:
        path = depends(url, "app")
        good(who, "dependency", "update", path, *ring)
        if not os.path.exists(path + "/charts/app-1.0.0.tgz"):
            fail("%s dep update: no chart" % who)
        shutil.rmtree(path + "/charts")
        good(who, "dependency", "build", path, *ring)
        bad("openpgp: signature made by unknown entity", "dependency", "update", path, "--verify", "--keyring", "joe.gpg" if os.path.exists("joe.gpg") else make_joe(),
            programs=(who,))
        path = depends(url, "plain")
        bad('could not download %s/plain-1.0.0.tgz: failed to fetch provenance "%s/plain-1.0.0.tgz.prov"' % (url, url), "dependency", "update", path, *ring, programs=(who,))
        good(who, "dependency", "update", path)
        shutil.rmtree(path + "/charts")
        got = good(who, "dependency", "build", path, *ring)
        if "WARNING: Verification not found for %s/plain-1.0.0.tgz: failed to fetch %s/plain-1.0.0.tgz.prov : 404 Not Found\n" % (url, url) not in got:
            fail("%s dep build --verify: %s" % (who, got))
        path = depends(url, "forged")
        good(who, "dependency", "update", path)
        shutil.rmtree(path + "/charts")
        for way in "update", "build":
            bad("could not download %s/forged-1.0.0.tgz: sha256 sum does not match for forged-1.0.0.tgz" % url, "dependency", way, path, *ring, programs=(who,))


def make_joe():
    with open("joe.gpg", "wb") as f:
        f.write(tool("gpg", "--batch", "--quiet", "--export", "joe@example.org"))
    return "joe.gpg"


# ---- a registry: pushed by one, pulled by the other

def registry():
    if not shutil.which("docker-registry"):
        return print("helm_signed.py: no docker-registry here: nothing is pushed")
    n = port()
    write("registry.yml", "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: %s/data}}\nhttp: {addr: '127.0.0.1:%d'}\n" % (DIR, n))
    children.append(subprocess.Popen(["docker-registry", "serve", "registry.yml"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    until("the registry listens", lambda: urllib.request.urlopen("http://127.0.0.1:%d/v2/" % n, timeout=5).status == 200)
    for who in PROGRAMS:
        ref = "oci://127.0.0.1:%d/%s" % (n, who)
        for file in ("app-1.0.0.tgz", "odd-2.1.0+x.tgz"):
            said = good(who, "push", "out-rill/" + file, ref, "--plain-http")
            again = {by: run(by, "push", "out-rill/" + file, ref, "--plain-http") for by in PROGRAMS}
            if len({(c, o, e) for c, o, e in again.values()}) != 1 or said != again[who][1]:
                fail("pushing %s: %s %s" % (file, said, again))
        for by in PROGRAMS:
            os.makedirs("pulled-%s-%s" % (who, by), exist_ok=True)
            got = good(by, "pull", ref + "/odd", "--version", "2.1.0+x", "--plain-http", "--prov", "-d", "pulled-%s-%s" % (who, by))
            for end in ("", ".prov"):
                if open("pulled-%s-%s/odd-2.1.0+x.tgz%s" % (who, by, end), "rb").read() != open("out-rill/odd-2.1.0+x.tgz" + end, "rb").read():
                    fail("%s pulls what %s pushed: another %s" % (by, who, end or "chart"))
            if "Digest: sha256:" not in got + said:
                fail("%s pull: %s" % (by, got))
            path = depends(ref, "app")
            good(by, "dependency", "update", path, "--verify", "--keyring", "pub.gpg", "--plain-http")


try:
    make_keys()
    signs()
    url = nginx()
    repository(url)
    dependencies(url)
    registry()
    print("helm_signed.py: good, with %s" % " and ".join(PROGRAMS))
finally:
    for c in children:
        c.terminate()
    for c in children:
        c.wait()
    shutil.rmtree(DIR, ignore_errors=True)
