#!/usr/bin/env python3
"""git_server - repositories over HTTP for tests, with `git http-backend`.

    git_server.py ROOT PORTFILE [CERT KEY [CLIENT_CA]]

Serves the repositories below ROOT on a port of its choice, written to PORTFILE
once it listens. The first part of a path says how:

    /plain/...      as they are
    /v0/...         without hearing of protocol version 2
    /basic/...      for user "me", password "pass word"
    /bearer/...     for the token "a-token"
    /moved/...      with the first request sent on to /plain
    /away/...       sent on to another name of this host, where /basic is asked for
    /loop/...       sent on to itself
    /dumb/...       as plain files
    /hang/...       never answering
    /slow/...       one byte a second
    /cut/...        with packs that end half way
    /broken/...     with a byte of each pack changed
    /error/...      status 500
    /forbidden/...  status 403
    /api/...        what the API of GitHub Apps says
"""
import base64
import http.server
import json
import os
import ssl
import subprocess
import sys
import threading
import time

ROOT, PORTFILE = sys.argv[1:3]
BASIC = "Basic " + base64.b64encode(b"me:pass word").decode()
LOG = open(PORTFILE + ".log", "a", buffering=1)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def say(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def backend(self, path, query, body, v2=True):
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": ROOT,
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "CONTENT_LENGTH": str(len(body)),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
        }
        if v2 and self.headers.get("Git-Protocol"):
            env["GIT_PROTOCOL"] = self.headers["Git-Protocol"]
        out = subprocess.run(["git", "http-backend"], input=body, env=env, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL).stdout
        head, _, rest = out.partition(b"\r\n\r\n")
        status, headers = 200, []
        for line in head.decode().split("\r\n"):
            name, _, value = line.partition(": ")
            if name == "Status":
                status = int(value.split()[0])
            elif name:
                headers.append((name, value))
        return status, rest, headers

    def api(self, path, body):
        token = self.headers.get("Authorization", "").split(" ")[-1].split(".")
        if len(token) != 3:
            return self.say(401, b'{"message":"A JSON web token could not be decoded"}')
        claims = json.loads(base64.urlsafe_b64decode(token[1] + "=="))
        LOG.write("app %s %s\n" % (path, claims["iss"]))
        if path == "/orgs/org/installation":
            return self.say(200, b'{"id":77}')
        if path in ("/app/installations/77/access_tokens",):
            return self.say(201, b'{"token":"pass word","expires_at":"2030-01-01T00:00:00Z"}')
        return self.say(404, b'{"message":"Not Found"}')

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        path, _, query = self.path.partition("?")
        _, how, rest = path.split("/", 2)
        rest = "/" + rest
        auth = self.headers.get("Authorization")
        LOG.write("%s %s %s %s\n" % (self.command, self.path, self.headers.get("Host"), auth))
        if how == "api":
            return self.api(rest, body)
        if how == "hang":
            time.sleep(60)
            return None
        if how == "error":
            return self.say(500, b"it broke")
        if how == "forbidden":
            return self.say(403, b"not for you")
        if how == "loop":
            return self.say(302, b"", [("Location", self.path)])
        if how == "moved" and self.command == "GET":
            return self.say(302, b"", [("Location", "/plain" + rest + "?" + query)])
        if how == "away":
            port = self.server.server_address[1]
            to = "http://localhost:%d/basic%s?%s" % (port, rest, query)
            return self.say(302, b"", [("Location", to)])
        if how == "app" and auth != "Basic " + base64.b64encode(b"x-access-token:pass word").decode():
            return self.say(401, b"no app")
        if (how == "basic" and auth != BASIC) or (how == "bearer" and auth != "Bearer a-token"):
            return self.say(401, b"who are you?", [("WWW-Authenticate", 'Basic realm="git"')])
        if how == "dumb":
            try:
                with open(ROOT + rest, "rb") as f:
                    return self.say(200, f.read(), [("Content-Type", "text/plain")])
            except OSError:
                return self.say(404)
        status, answer, headers = self.backend(rest, query, body, how != "v0")
        if self.command == "POST" and b"PACK" in answer:
            at = answer.index(b"PACK")
            if how == "cut":
                self.send_response(200)
                for name, value in headers + [("Content-Length", str(len(answer)))]:
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer[:at + 20])
                self.close_connection = True
                return None
            if how == "broken":
                answer = answer[:at + 40] + bytes([answer[at + 40] ^ 1]) + answer[at + 41:]
        if how == "slow":
            self.send_response(status)
            for name, value in headers + [("Content-Length", str(len(answer)))]:
                self.send_header(name, value)
            self.end_headers()
            for i in range(len(answer)):
                self.wfile.write(answer[i:i + 1])
                self.wfile.flush()
                time.sleep(1)
            return None
        return self.say(status, answer, headers)

    def guarded(self):
        try:
            self.handle_one()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    do_GET = do_POST = do_HEAD = guarded


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
if len(sys.argv) > 4:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[3], sys.argv[4])
    if len(sys.argv) > 5:
        context.load_verify_locations(sys.argv[5])
        context.verify_mode = ssl.CERT_REQUIRED
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
with open(PORTFILE + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(PORTFILE + ".new", PORTFILE)
# Gone with whoever started it.
threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
server.serve_forever()
