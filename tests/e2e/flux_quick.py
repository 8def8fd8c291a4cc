#!/usr/bin/env python3
"""The short way of a command's requests, and what makes it take the long one: flux_quick.py RILL

Servers that answer in every way, good and bad: what flux says is the same,
or an error; a server whose certificate does not hold is never told a token.
Skipped (status 77) without openssl.
"""
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading

from flux_case import Case

if not shutil.which("openssl"):
    sys.exit(77)
t = Case(server=False)
LIST = json.dumps({"kind": "KustomizationList", "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "metadata": {}, "items": [{
    "metadata": {"name": "app", "namespace": "flux-system"}, "spec": {}, "status": {"conditions": [
        {"type": "Ready", "status": "True", "message": "x" * 70000}]}}]}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SIZED = HEAD + b"Content-Length: %d\r\n\r\n" % len(LIST) + LIST


def chunked(piece):
    parts = [LIST[i:i + piece] for i in range(0, len(LIST), piece)]
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


# what the first connection answers; None: closes at once. Later ones answer well.
ANSWERS = {
    "sized": SIZED,
    "chunked": chunked(10000),
    "small chunks": chunked(700),
    "closing": HEAD + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(LIST) + LIST,
    "without a length": HEAD + b"\r\n" + LIST,
    "cut off": SIZED[:-500],
    "cut off in a chunk": chunked(10000)[:-700],
    "nothing": None,
    "garbage": b"\x00\x01\x02 hello\r\n\r\n",
    "another protocol": b"HTTP/0.9 200 OK\r\n\r\n",
    "no status": b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\n{}",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: %d\r\n\r\n" % len(LIST) + LIST,
    "length and chunks": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "packed": HEAD + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nxxxx",
    "huge length": HEAD + b"Content-Length: 99999999999999\r\n\r\n{}",
    "endless head": b"HTTP/1.1 200 OK\r\n" + b"X: " + b"x" * 100000,
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
}


class Server:
    """Counts connections and requests; `tls` is (certificate, key)."""

    def __init__(self, first, tls=None):
        self.first, self.connections, self.asked, self.bodies = first, 0, [], []
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.s = socket.create_server(("127.0.0.1", 0))
        self.port = self.s.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                c = self.s.accept()[0]
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self.serve, args=(c, self.first if self.connections == 1 or callable(self.first) else SIZED), daemon=True).start()

    def serve(self, c, answer):
        try:
            if self.context:
                c = self.context.wrap_socket(c, server_side=True)
            data = b""
            while piece := c.recv(65536):
                data += piece
                while b"\r\n\r\n" in data:
                    head, data = data.split(b"\r\n\r\n", 1)
                    self.asked.append(head.decode())
                    for line in head.decode().lower().split("\r\n"):
                        if line.startswith("content-length: "):
                            size = int(line[16:])
                            while len(data) < size and (piece := c.recv(65536)):
                                data += piece
                            self.bodies.append(data[:size])
                            data = data[size:]
                    if callable(answer):
                        answer(self, c, head)
                        continue
                    if answer:
                        c.sendall(answer)
                    if answer is not SIZED and not (answer and answer.endswith(LIST[-20:]) and b"-Length: %d\r" % len(LIST) in answer):
                        c.close()
                        return
        except (OSError, ssl.SSLError):
            pass
        finally:
            c.close()


def config(url, ca="", user="{token: secret}"):
    t.write("config", "apiVersion: v1\nkind: Config\ncurrent-context: a\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
                      "clusters: [{name: a, cluster: {server: '%s'%s}}]\nusers: [{name: a, user: %s}]\n" % (
                          url, ", certificate-authority: " + ca if ca else "", user))
    t.env["KUBECONFIG"] = os.path.join(t.work, "config")


def certificate(name, for_what):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    name + ".key", "-out", name + ".pem", "-days", "2", "-subj", "/CN=" + name, "-addext",
                    "subjectAltName=" + for_what], cwd=t.work, check=True, stderr=subprocess.DEVNULL)
    return os.path.join(t.work, name + ".pem"), os.path.join(t.work, name + ".key")


mine, other, elsewhere = certificate("mine", "IP:127.0.0.1,DNS:localhost"), certificate("other", "IP:127.0.0.1"), \
    certificate("elsewhere", "IP:127.0.0.9,DNS:example.com")

# who we are is told over TLS alone
want = None
for what, tls, answer in [(w, tls, a) for tls in (None, mine) for w, a in ANSWERS.items()]:
    s = Server(answer, tls)
    config("http%s://127.0.0.1:%d" % ("s" if tls else "", s.port), "mine.pem" if tls else "")
    status, out, err = t.run("get", "ks")
    want = want or out
    assert (status, out, err) == (0, want, ""), (what, status, out[:300], err[:300])
    assert "xxxx" in out and s.asked[0].startswith("GET /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/"), (what, s.asked)
    assert all(("\r\nAuthorization: Bearer secret" in a) == (tls is not None) for a in s.asked), s.asked
    good = what in ("sized", "chunked", "small chunks", "closing")
    assert (s.connections == 1) == good, (what, s.connections)

# one connection for all that a command asks
s = Server(SIZED, mine)
config("https://127.0.0.1:%d" % s.port, "mine.pem", "{username: me, password: pw}")
t.run("get", "all")
assert s.connections == 1 and len(s.asked) > 10, (s.connections, len(s.asked))
assert all("\r\nAuthorization: Basic bWU6cHc=" in a for a in s.asked), s.asked[0]

# a change that may be made twice goes the same way, and is made again where it is unclear
OBJECT = json.dumps({"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization",
                     "metadata": {"name": "app", "namespace": "flux-system"}, "spec": {}}).encode()
ALL = json.dumps({"kind": "KustomizationList", "apiVersion": "kustomize.toolkit.fluxcd.io/v1", "metadata": {},
                  "items": [json.loads(OBJECT)]}).encode()
ALL = HEAD + b"Content-Length: %d\r\n\r\n" % len(ALL) + ALL
WHOLE = HEAD + b"Content-Length: %d\r\n\r\n" % len(OBJECT) + OBJECT


def answering(first):
    def answer(server, c, head):
        bad = head.startswith(b"PATCH ") and server.connections == 1
        c.sendall(first if bad else WHOLE if b"/kustomizations/app" in head.split(b"\r\n")[0] else ALL)
        if bad and first is not WHOLE:
            c.close()
    return answer


for what, first, tries in (("well", WHOLE, 1), ("nothing", b"", 2), ("cut off", WHOLE[:-9], 2), ("garbage", b"\0\r\n\r\n", 2)):
    s = Server(answering(first))
    config("http://127.0.0.1:%d" % s.port)
    t.tell("suspend", "ks", "app", err_has="✔ kustomization suspended\n")
    patches = [a for a in s.asked if a.startswith("PATCH /apis/kustomize.toolkit.fluxcd.io/v1/namespaces/flux-system/kustomizations/app?")]
    assert (len(patches), s.connections) == (tries, tries), (what, s.connections, s.asked)
    assert all("\r\nContent-Type: application/merge-patch+json" in p for p in patches), patches
    assert s.bodies == [b'{"spec":{"suspend":true}}'] * tries, s.bodies


# ---- certificates
for host, tls, ca, fine in (("127.0.0.1", mine, "mine.pem", True), ("localhost", mine, "mine.pem", True),
                            ("127.0.0.1", mine, "other.pem", False), ("127.0.0.1", elsewhere, "elsewhere.pem", False),
                            ("localhost", elsewhere, "elsewhere.pem", False)):
    s = Server(SIZED, tls)
    config("https://%s:%d" % (host, s.port), ca)
    status, out, err = t.run("get", "ks")
    if fine:
        assert (status, out) == (0, want) and s.connections == 1, (host, ca, err)
    else:
        assert status == 1 and "tls: failed to verify certificate" in err and not s.asked, (host, ca, err, s.asked)

# our own certificate; with others behind it, the short way is not for it
user = "{client-certificate: %s, client-key: other.key}"
chain = t.read("other.pem") + t.read("mine.pem")
t.write("chain.pem", chain)
for file in ("other.pem", "chain.pem"):
    s = Server(SIZED, mine)
    s.context.verify_mode = ssl.CERT_OPTIONAL
    s.context.load_verify_locations(other[0])
    s.context.load_verify_locations(mine[0])
    config("https://127.0.0.1:%d" % s.port, "mine.pem", user % file)
    status, out, err = t.run("get", "ks")
    assert (status, out) == (0, want), (file, err)
    assert s.asked[0].split("\r\n")[1].startswith("Host: ") and len(s.asked) == 1, s.asked

# no way but the long one: proxies
s = Server(SIZED)
config("http://cluster.invalid:80")
t.env["http_proxy"] = t.env["HTTP_PROXY"] = "http://127.0.0.1:%d" % s.port
t.tell("get", "ks", out=want, err="")
assert s.asked[0].startswith("GET http://cluster.invalid"), s.asked
