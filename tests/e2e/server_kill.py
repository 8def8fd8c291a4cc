#!/usr/bin/env python3
"""Kill the server while 16 clients write: server_kill.py RILL [ROUNDS]

After each kill -9 and restart every answered write is there, numbers have not gone back, and a watch that
goes on from where it was sees every change once. The server runs with --sync=full."""
import http.client, json, os, random, re, shutil, signal, ssl, subprocess, sys, tempfile, threading, time, base64

rill, rounds = os.path.realpath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 4
WRITERS, NAMES = 16, 8
tmp = tempfile.mkdtemp(prefix="rill-kill-")
PATH = "/api/v1/namespaces/a/configmaps"
OURS = PATH + "?labelSelector=ours"


class Server:
    def __init__(self):
        config = os.path.join(tmp, "kubeconfig")
        if os.path.exists(config):
            os.unlink(config)
        self.p = subprocess.Popen([rill, "server", "--data-dir", os.path.join(tmp, "data"), "--listen", "127.0.0.1:0",
                                   "--token", "t", "--sync", "full", "--no-sim", "--write-kubeconfig", config],
                                  stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        end = time.time() + 20
        while not os.path.exists(config):
            assert self.p.poll() is None and time.time() < end, "the server does not start"
            time.sleep(0.01)
        text = open(config).read()
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)", text).group(1))
        self.tls = ssl.create_default_context(cadata=base64.b64decode(re.search(r"authority-data: (\S+)", text).group(1)).decode())

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=20)

    def kill(self):
        self.p.send_signal(signal.SIGKILL)
        self.p.wait()


def call(conn, method, path, body=None):
    conn.request(method, path, json.dumps(body) if body else None,
                 {"Authorization": "Bearer t", "Content-Type": "application/json"})
    r = conn.getresponse()
    return r.status, json.loads(r.read())


def write(server, writer, base, answered):
    """Until the server is gone."""
    conn, n = server.connect(), base
    try:
        while True:
            n += 1
            name = "w%d-%d" % (writer, n % NAMES)
            body = {"metadata": {"name": name, "labels": {"ours": ""}}, "data": {"n": str(n)}}
            code, o = call(conn, "PUT", PATH + "/" + name, body)
            if code == 404:
                code, o = call(conn, "POST", PATH, body)
            assert code in (200, 201), (code, o)
            answered[name] = (n, int(o["metadata"]["resourceVersion"]))
    except (OSError, http.client.HTTPException):
        pass


class Watch:
    """Follows all changes over restarts; `state` is what it knows."""
    def __init__(self):
        self.rv, self.state, self.events = None, {}, 0

    def start(self, server):
        self.conn = server.connect()
        if self.rv is None:
            self.rv = int(call(self.conn, "GET", OURS)[1]["metadata"]["resourceVersion"])
        self.conn.request("GET", OURS + "&watch=true&resourceVersion=%d" % self.rv, None, {"Authorization": "Bearer t"})
        self.thread = threading.Thread(target=self.follow, args=(self.conn.getresponse(),))
        self.thread.start()

    def follow(self, r):
        try:
            for line in iter(r.readline, b""):
                if not line.endswith(b"\n"):
                    break
                e = json.loads(line)
                assert e["type"] in ("ADDED", "MODIFIED"), e
                rv = int(e["object"]["metadata"]["resourceVersion"])
                assert rv > self.rv, "event %d behind %d" % (rv, self.rv)
                self.rv, self.events = rv, self.events + 1
                self.state[e["object"]["metadata"]["name"]] = e["object"]["data"]["n"]
        except (OSError, http.client.HTTPException, ValueError):
            pass


def check(server, answered, highest):
    code, l = call(server.connect(), "GET", OURS)
    assert code == 200
    there = {o["metadata"]["name"]: int(o["data"]["n"]) for o in l["items"]}
    for name, (n, rv) in answered.items():
        assert there.get(name, 0) >= n, "%s: answered %d, found %s" % (name, n, there.get(name))
    assert int(l["metadata"]["resourceVersion"]) >= highest, "numbers went back"
    return {k: str(v) for k, v in there.items()}


def main():
    answered, watch, highest, writes = {}, Watch(), 0, 0
    server = Server()
    call(server.connect(), "POST", "/api/v1/namespaces", {"metadata": {"name": "a"}})
    for i in range(rounds):
        watch.start(server)
        threads = [threading.Thread(target=write, args=(server, w, i * 1000000, answered)) for w in range(WRITERS)]
        for t in threads:
            t.start()
        time.sleep(random.uniform(0.05, 0.4))
        server.kill()
        for t in threads + [watch.thread]:
            t.join()
        highest = max([highest, watch.rv] + [rv for _, rv in answered.values()])
        server = Server()
        there = check(server, answered, highest)
    watch.start(server)
    end = time.time() + 10
    while watch.state != there and time.time() < end:
        time.sleep(0.05)
    odd = {k: (watch.state.get(k), there.get(k)) for k in {**watch.state, **there} if watch.state.get(k) != there.get(k)}
    assert not odd, "the watch knows other states: %s" % odd
    server.kill()
    watch.thread.join()
    print("%d rounds, %d objects, %d events: ok" % (rounds, len(there), watch.events))


try:
    main()
finally:
    shutil.rmtree(tmp, ignore_errors=True)
