"""What the tests of controllers and releases share: a directory, a server, requests.

The server is `rill server`, or the one that $TEST_KUBECONFIG names. Only the
standard library of Python is used.
"""
import atexit, http.client, http.server, json, os, re, shutil, ssl, subprocess, tempfile, threading, time


def until(f, what, seconds=60):
    end = time.time() + seconds
    while True:
        v = f()
        if v:
            return v
        if time.time() > end:
            raise AssertionError(what() if callable(what) else what)
        time.sleep(0.02)


def serve(files):
    """The address of a web server of {path: bytes}, which may change while it runs; it ends with the program."""
    class Files(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = files.get(self.path)
            self.send_response(200 if body is not None else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return "http://127.0.0.1:%d" % server.server_port


def sanitized(program):
    """Is it built with a sanitizer, which keeps what was freed?"""
    with open(program, "rb") as f:
        built = f.read()
    return b"__asan_init" in built or b"__tsan_init" in built


class World:
    """A directory of its own, with a server that its programs find."""
    data = ":memory:"       # where the server keeps its objects, below the directory

    def __init__(self, rill, *flags):
        self.rill = os.path.realpath(rill)
        self.dir = tempfile.mkdtemp(prefix="rill-helm-")
        self.env = dict(os.environ, HOME=self.dir, TZ="UTC", KUBECONFIG=self.dir + "/kubeconfig")
        self.children = []
        atexit.register(self.close)
        given = os.environ.get("TEST_KUBECONFIG")
        self.flags, self.port, self.server, self.real = flags, 0, None, bool(given)
        if given:
            shutil.copy(given, self.env["KUBECONFIG"])
        else:
            self.start_server()
        text = open(self.env["KUBECONFIG"]).read()
        self.host, port = re.search(r"https://([\w.]+):(\d+)", text).groups()
        self.port = int(port)
        self.token = re.search(r"token: (\S+)", text).group(1)

    def start_server(self):
        """On the port that it had before, if it had one."""
        self.server = self.spawn("server", "server", "--data-dir", self.data, "--listen", "127.0.0.1:%d" % self.port,
                                 "--token", "t", "--write-kubeconfig", self.env["KUBECONFIG"], *self.flags)
        until(lambda: os.path.exists(self.env["KUBECONFIG"]), "the server does not start")

    def close(self):
        for p in reversed(self.children):
            p.kill()
            p.wait()
        self.children = []
        shutil.rmtree(self.dir, ignore_errors=True)

    def spawn(self, name, *argv, program=None, **more):
        log = open(self.dir + "/" + name + ".log", "a")
        p = subprocess.Popen([program or self.rill, *argv], env=self.env, cwd=self.dir, stdout=log, stderr=log,
                             **more)
        self.children.append(p)
        return p

    def stop(self, p, sign=9):
        p.send_signal(sign)
        p.wait()
        self.children.remove(p)

    def log(self, name, lines=25):
        with open(self.dir + "/" + name + ".log") as f:
            return "".join(f.readlines()[-lines:])

    # ---- programs ----

    def run(self, *argv, stdin="", env=None, timeout=600):
        """Exit status, standard output, standard error."""
        p = subprocess.run(argv, env={**self.env, **(env or {})}, input=stdin, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, timeout=timeout, cwd=self.dir)
        return p.returncode, p.stdout, p.stderr

    # ---- requests ----

    def ask(self, method, path, body=None, kind="application/json", headers={}):
        c = http.client.HTTPSConnection(self.host, self.port, context=ssl._create_unverified_context(), timeout=60)
        c.request(method, path, json.dumps(body) if body is not None else None,
                  {"Authorization": "Bearer " + self.token, "Content-Type": kind, **headers})
        r = c.getresponse()
        answer = r.status, json.loads(r.read() or b"null")
        c.close()
        return answer

    def ok(self, *request, **how):
        code, answer = self.ask(*request, **how)
        assert code < 300, (request, code, answer)
        return answer

    def get(self, path):
        code, o = self.ask("GET", path)
        return o if code == 200 else None

    def post(self, path, body):
        return self.ok("POST", path, body)

    def patch(self, path, body, kind="application/merge-patch+json"):
        return self.ok("PATCH", path, body, kind)

    def delete(self, path):
        return self.ask("DELETE", path)

    def namespace(self, name):
        self.post("/api/v1/namespaces", {"metadata": {"name": name}})
