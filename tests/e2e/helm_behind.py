#!/usr/bin/env python3
"""A watch that is behind: helm_behind.py RILL

The controller speaks with the server through a proxy that keeps back what the
watch of release records tells. Who changed a release with the helm program and
then asks for a pass gets one that knows of it, all the same.
"""
import http.client, http.server, re, ssl, sys, threading

from helm_session import Session, ok, rill_controller

flows = threading.Event()
flows.set()


class Proxy(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def forward(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        c = http.client.HTTPSConnection(w.host, w.port, context=ssl._create_unverified_context())
        c.request(self.command, self.path, body, {k: v for k, v in self.headers.items() if k.lower() not in ("host", "accept-encoding")})
        r = c.getresponse()
        watch = "watch=" in self.path
        self.send_response(r.status)
        self.send_header("Content-Type", r.headers["Content-Type"] or "")
        if watch:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.stream(r)
        else:
            data = r.read()
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        c.close()

    def stream(self, r):
        try:
            for line in iter(r.readline, b""):
                if "/secrets" in self.path:
                    flows.wait()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

    def log_message(self, *a):
        pass


def start(world):
    """The controller, behind the proxy."""
    global w
    w = world
    proxy = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    proxy.daemon_threads = True
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    direct = open(w.env["KUBECONFIG"]).read()
    with open(w.env["KUBECONFIG"] + ".behind", "w") as f:
        f.write(re.sub(r"https://[\w.]+:\d+", "http://127.0.0.1:%d" % proxy.server_port, re.sub(
            r"(?m)^.*(certificate-authority|insecure-skip).*\n", "", direct)))
    env, w.env = w.env, dict(w.env, KUBECONFIG=w.env["KUBECONFIG"] + ".behind")
    p = rill_controller(w)
    w.env = env
    return p


s = Session(sys.argv[1], "rill", start)
s.begin("behind")
s.release()
s.settle(ok())
s.reconcile()
s.settle(ok())
flows.clear()
assert s.helm("uninstall", "web")[0] == 0
assert not s.object("configmaps")
s.reconcile()
s.settle(ok(), history=["v1 deployed install"])
assert s.object("configmaps"), "a release that is gone passes for one that is there"
flows.set()
s.change(values={"colour": "blue"})
s.settle(ok("upgrade", 2))
flows.clear()
assert s.helm("rollback", "web", "1", "--force-conflicts")[0] == 0
s.reconcile()
s.settle(ok("upgrade", 4))
assert s.object("configmaps")["data"]["colour"] == "blue"
assert s.helm("rollback", "web", "3", "--force-conflicts")[0] == 0
s.change(values={"colour": "green"})
s.settle(ok("upgrade", 6), history=["v6 deployed upgrade"])
flows.set()
