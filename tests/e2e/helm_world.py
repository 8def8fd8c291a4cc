"""What the tests of Helm's releases share: a server, charts, what is stored.

The server is `rill server`, or the one that $TEST_KUBECONFIG names. Only the
standard library of Python is used.
"""
import atexit, base64, gzip, http.client, io, json, os, re, shutil, ssl, subprocess, tarfile, tempfile, time


def peer(name):
    """A reference program of `make peers`, or None."""
    for place in os.environ.get("PEERS", os.path.expanduser("~/.cache/rill/peers")).split(":"):
        for path in (os.path.join(place, name), os.path.join(place, "bin", name)):
            if os.path.isfile(path) and os.access(path, os.X_OK):
                return path
    return None


def until(f, what, seconds=60):
    end = time.time() + seconds
    while True:
        v = f()
        if v:
            return v
        if time.time() > end:
            raise AssertionError(what() if callable(what) else what)
        time.sleep(0.02)


class World:
    """A directory of its own, with a server that its programs find."""

    def __init__(self, rill, *flags):
        self.rill = os.path.realpath(rill)
        self.dir = tempfile.mkdtemp(prefix="rill-helm-")
        self.env = dict(os.environ, HOME=self.dir, TZ="UTC", KUBECONFIG=self.dir + "/kubeconfig")
        self.children = []
        atexit.register(self.close)
        given = os.environ.get("TEST_KUBECONFIG")
        if given:
            shutil.copy(given, self.env["KUBECONFIG"])
        else:
            self.spawn("server", "server", "--data-dir", ":memory:", "--listen", "127.0.0.1:0", "--token", "t",
                       "--write-kubeconfig", self.env["KUBECONFIG"], *flags)
            until(lambda: os.path.exists(self.env["KUBECONFIG"]), "the server does not start")
        text = open(self.env["KUBECONFIG"]).read()
        self.host, port = re.search(r"https://([\w.]+):(\d+)", text).groups()
        self.port = int(port)
        self.token = re.search(r"token: (\S+)", text).group(1)
        self.real = bool(given)

    def close(self):
        for p in reversed(self.children):
            p.kill()
            p.wait()
        self.children = []
        shutil.rmtree(self.dir, ignore_errors=True)

    def spawn(self, name, *argv, program=None):
        log = open(self.dir + "/" + name + ".log", "a")
        p = subprocess.Popen([program or self.rill, *argv], env=self.env, stdout=log, stderr=log)
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

    def ask(self, method, path, body=None, kind="application/json"):
        c = http.client.HTTPSConnection(self.host, self.port, context=ssl._create_unverified_context(), timeout=60)
        c.request(method, path, json.dumps(body) if body is not None else None,
                  {"Authorization": "Bearer " + self.token, "Content-Type": kind})
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

    # ---- releases ----

    def secrets(self, ns, name=None):
        s = self.get("/api/v1/namespaces/%s/secrets?labelSelector=owner%%3Dhelm%s" % (ns, name and ",name%3D" + name or ""))
        return sorted(s["items"], key=lambda s: (s["metadata"]["labels"]["name"], int(s["metadata"]["labels"]["version"])))

    def records(self, ns, name=None):
        """What is stored of a namespace's releases, or of one."""
        return [read_record(s) for s in self.secrets(ns, name)]


def read_record(secret):
    return json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))


def write_record(record):
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()


def pack(name, files):
    """A chart's archive: {path: text} below the chart's directory."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for path, text in files.items():
            i = tarfile.TarInfo(name + "/" + path)
            i.size = len(text.encode())
            t.addfile(i, io.BytesIO(text.encode()))
    return out.getvalue()


def unfold(directory, files):
    """The same as a directory."""
    for path, text in files.items():
        path = os.path.join(directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    return directory


# ---- what differs between two runs of the same -----------------------------------

TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC"
                   r"|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"
                   r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d( UTC)? \d{4}")
AGES = re.compile(r"(?<=\s)(\d+[smh])+(?=\s|$)")


def masked(text, **names):
    """Times, ages and the given words replaced."""
    text = AGES.sub("AGE", TIMES.sub("TIME", text))
    for word, by in names.items():
        text = text.replace(word, by)
    return text


def plain(object):
    """An object without what every server and every moment sets anew."""
    o = json.loads(json.dumps(object))
    m = o.get("metadata", {})
    for key in ("uid", "resourceVersion", "creationTimestamp", "generation", "selfLink"):
        m.pop(key, None)
    for f in m.get("managedFields", []):
        f.pop("time", None)
    for key in ("clusterIP", "clusterIPs"):
        if o.get("spec", {}).get(key) not in (None, "None", ["None"]):
            o["spec"].pop(key)
    if o.get("kind") in (None, "Service"):
        for port in o.get("spec", {}).get("ports", []):
            port.pop("nodePort", None)
    o.pop("status", None)
    return o
