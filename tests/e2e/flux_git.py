"""Git over HTTP for the tests of flux commands, and stand-ins for the APIs of its providers.

GitHost(dir) serves the repositories below dir with `git http-backend`, pushes
included. Paths below /api/ and /rest/ are answered from `known`, and kept in `asked`.
Controllers(case, host) writes the status that controllers would.
"""
import http.server
import json
import os
import subprocess
import threading

SOURCES, SYNCS = ("source.toolkit.fluxcd.io/v1", "gitrepositories"), ("kustomize.toolkit.fluxcd.io/v1", "kustomizations")


class Controllers:
    """The bootstrapped objects become Ready at the head of ready["repo"], or fail with ready["fail"]."""

    def __init__(self, case, host):
        self.case, self.host, self.over = case, host, threading.Event()
        self.ready = {"repo": None, "fail": None, "namespace": "flux-system"}
        threading.Thread(target=self.until_the_end, daemon=True).start()

    def stop(self):
        self.over.set()

    def until_the_end(self):
        try:
            while not self.over.wait(0.05):
                for api in (SOURCES, SYNCS):
                    self.look(api)
        except OSError:     # the cluster has gone
            pass

    def look(self, api):
        ready, name = self.ready, self.ready["namespace"]
        o = self.case.get(*api, name, name)
        if not o or not ready["repo"]:
            return
        try:
            revision = "main@sha1:" + self.host.git("rev-parse", "main", at=ready["repo"]).strip()
        except subprocess.CalledProcessError:
            return
        status = {"observedGeneration": o["metadata"]["generation"], "conditions": [{
            "type": "Ready", "status": "False" if ready["fail"] else "True", "reason": "Test",
            "message": ready["fail"] or "fine", "lastTransitionTime": "2026-01-01T00:00:00Z",
            "observedGeneration": o["metadata"]["generation"]}]}
        if api is SOURCES:
            status["artifact"] = {"revision": revision, "path": "x", "url": "http://x/x", "digest": "sha256:" + "0" * 64,
                                  "lastUpdateTime": "2026-01-01T00:00:00Z"}
        else:
            status.update(lastAttemptedRevision=revision, lastAppliedRevision=revision)
        self.case.call("PATCH", self.case.path(*api, name, name + "/status"), {"status": status},
                       "application/merge-patch+json")


class GitHost:
    def __init__(self, where):
        self.dir = where
        self.root = os.path.join(where, "repos")
        self.logins, self.asked, self.known, self.race = set(), [], {}, None
        self.env = {"PATH": os.environ["PATH"], "HOME": where, "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "a",
                    "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
        handler = type("Bound", (Handler,), {"host": self})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.base = "http://127.0.0.1:%d" % self.server.server_port

    def git(self, *args, at=None):
        return subprocess.run(["git", *args], cwd=at or self.root, env=self.env, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, text=True).stdout

    def worktree(self, name):
        return os.path.join(self.dir, "w-" + name.replace("/", "-"))

    def repository(self, name, files=None):
        """A bare repository whose branch main holds the files."""
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.git("init", "-q", "--bare", "-b", "main", path)
        self.git("config", "http.receivepack", "true", at=path)
        if files:
            self.git("init", "-q", "-b", "main", self.worktree(name))
            self.commit(name, files)
        return path

    def commit(self, name, files, message="first"):
        """Write files into the working tree of a repository, commit, push."""
        work = self.worktree(name)
        for file, content in files.items():
            os.makedirs(os.path.dirname(os.path.join(work, file)), exist_ok=True)
            with open(os.path.join(work, file), "w") as f:
                f.write(content)
        self.git("add", "-A", at=work)
        self.git("commit", "-qm", message, at=work)
        self.git("push", "-q", os.path.join(self.root, name), "main", at=work)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def say(self, status, body=b"", kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def provider(self, path, body):
        what = (self.command, path, json.loads(body) if body else None)
        self.host.asked.append(what)
        token = self.headers.get("Authorization") or self.headers.get("Private-Token")
        if "secret-token" not in token:
            return self.say(401, b'{"message": "Bad credentials"}')
        answer = self.host.known.get((self.command, path))
        if answer is None:
            return self.say(404, b'{"message": "Not Found"}')
        return self.say(201 if self.command == "POST" else 200, json.dumps(answer).encode())

    def do(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith(("/api/", "/rest/")):
            return self.provider(self.path, body)
        path, _, query = self.path.partition("?")
        self.host.logins.add(self.headers.get("Authorization"))
        if path.endswith("/git-receive-pack") and self.host.race:
            race, self.host.race = self.host.race, None
            race()
        out = subprocess.run(["git", "http-backend"], input=body, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": self.host.root, "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
            "QUERY_STRING": query, "REQUEST_METHOD": self.command, "REMOTE_USER": "me",
            "CONTENT_TYPE": self.headers.get("Content-Type") or "", "CONTENT_LENGTH": str(len(body)),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or ""}).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        return self.say(int(fields.get("Status", "200").split()[0]), rest, fields.get("Content-Type", "text/plain"))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def log_message(self, *_):
        pass
