"""A proxy before the server of a world: it refuses requests, and keeps back what watches tell."""
import http.client, http.server, re, ssl, threading


class Proxy:
    """`kubeconfig` leads to it. `refuse` adds a rule; of `flows`, what watches of release records tell waits while it is clear."""

    def __init__(self, world):
        self.world, self.rules, self.flows = world, [], threading.Event()
        self.flows.set()
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Handler,), {"proxy": self}))
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.kubeconfig = world.env["KUBECONFIG"] + ".proxy"
        with open(world.env["KUBECONFIG"]) as f:
            direct = re.sub(r"(?m)^.*(certificate-authority|insecure-skip).*\n", "", f.read())
        with open(self.kubeconfig, "w") as f:
            f.write(re.sub(r"https://[\w.]+:\d+", "http://127.0.0.1:%d" % server.server_port, direct))

    def refuse(self, method, path, skip=0):
        """The requests that fit the pattern, but for the first ones."""
        self.rules.append([method, path, skip])

    def allow(self):
        self.rules = []

    def is_refused(self, method, path):
        for rule in self.rules:
            if rule[0] == method and re.search(rule[1], path):
                rule[2] -= 1
                return rule[2] < 0
        return False


REFUSAL = (b'{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","message":"nobody may",'
           b'"reason":"Forbidden","code":403}')


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    proxy = None

    def answer(self, code, kind, data):
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def forward(self):
        body, world = self.rfile.read(int(self.headers.get("Content-Length", 0))), self.proxy.world
        if self.proxy.is_refused(self.command, self.path):
            return self.answer(403, "application/json", REFUSAL)
        c = http.client.HTTPSConnection(world.host, world.port, context=ssl._create_unverified_context())
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "accept-encoding")}
        c.request(self.command, self.path, body, {"Authorization": "Bearer " + world.token, **headers})    # client-go says it to TLS only
        r = c.getresponse()
        if "watch=" in self.path:
            self.send_response(r.status)
            self.send_header("Content-Type", r.headers["Content-Type"] or "")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.stream(r)
        else:
            self.answer(r.status, r.headers["Content-Type"] or "", r.read())
        c.close()

    def stream(self, r):
        try:
            for line in iter(r.readline, b""):
                if "/secrets" in self.path:
                    self.proxy.flows.wait()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            pass
        self.close_connection = True

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward

    def log_message(self, *a):
        pass
