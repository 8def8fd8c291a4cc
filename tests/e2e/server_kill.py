#!/usr/bin/env python3
"""Kill the server while 16 clients write: server_kill.py RILL [ROUNDS [SEED]]

ROUNDS times the server, which runs with --sync=full, gets a kill -9 at a random
moment, now and then while it starts. Afterwards the database is whole, every
object is in the state of its last answered write or of the one that was not answered any
more, numbers have not gone back, and a watch that goes on from where it was
has seen each answered write, and nothing twice.
"""
import base64
import http.client
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time

RILL = os.path.realpath(sys.argv[1])
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 5
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
WRITERS, NAMES, PATIENCE = 16, 6, 120
DIR = tempfile.mkdtemp(prefix="rill-kill-")
DATA = os.path.join(DIR, "data")
GONE = None
started = []
SHAPES = "shapes.example.com"
# what is written and watched: half of the writers each
KINDS = {
    "/api/v1/namespaces/a/configmaps": ("v1", "ConfigMap", "data"),
    "/apis/example.com/v1/namespaces/a/shapes": ("example.com/v1", "Shape", "spec"),
}
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": SHAPES},
    "spec": {"group": "example.com", "scope": "Namespaced", "names": {"kind": "Shape", "plural": "shapes"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "properties": {"spec": {"type": "object", "properties": {
                     "n": {"type": "string"}}}}}}}]},
}


class Server:
    def __init__(self):
        self.config = os.path.join(DIR, "kubeconfig")
        if os.path.exists(self.config):
            os.unlink(self.config)
        self.p = subprocess.Popen(
            [RILL, "server", "--data-dir", DATA, "--listen", "127.0.0.1:0", "--token", "t", "--sync", "full", "--no-sim",
             "--write-kubeconfig", self.config], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        started.append(self.p)

    def ready(self):
        end = time.time() + PATIENCE
        while not os.path.exists(self.config):
            assert self.p.poll() is None, "the server ended at its start: %s" % self.p.returncode
            assert time.time() < end, "the server does not start"
            time.sleep(0.01)
        text = open(self.config).read()
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)", text).group(1))
        ca = base64.b64decode(re.search(r"authority-data: (\S+)", text).group(1)).decode()
        self.tls = ssl.create_default_context(cadata=ca)
        return self

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=PATIENCE)

    def kill(self):
        self.p.send_signal(signal.SIGKILL)
        self.p.wait()


def call(conn, method, path, body=None, ctype="application/json"):
    conn.request(method, path, json.dumps(body) if body is not None else None,
                 {"Authorization": "Bearer t", "Content-Type": ctype})
    r = conn.getresponse()
    text = r.read()
    return r.status, json.loads(text) if text[:1] == b"{" else text


class Writer:
    """Owns some names. `known` is their last answered state, `tried` the one write that
    was sent and not answered."""

    def __init__(self, number, path, rng):
        self.number, self.path, self.rng = number, path, rng
        self.known, self.tried, self.acked, self.count = {}, {}, [], 0
        self.problem = None

    def object(self, name, text):
        version, kind, field = KINDS[self.path]
        return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, field: {"n": text}}

    def step(self, conn):
        name = "w%d-%d" % (self.number, self.rng.randrange(NAMES))
        place, there = self.path + "/" + name, self.known.get(name, GONE) is not GONE
        self.count += 1
        text = "%d-%d" % (self.number, self.count)
        how = self.rng.choice(["PUT", "PATCH", "apply", "DELETE"]) if there else self.rng.choice(["POST", "apply"])
        self.tried = {name: GONE if how == "DELETE" else text}
        body = self.object(name, text)
        if how == "POST":
            code, o = call(conn, "POST", self.path, body)
        elif how == "PATCH":
            code, o = call(conn, "PATCH", place, {KINDS[self.path][2]: {"n": text}}, "application/merge-patch+json")
        elif how == "apply":
            code, o = call(conn, "PATCH", place + "?fieldManager=w&force=true", body, "application/apply-patch+yaml")
        elif how == "PUT":
            code, o = self.put(conn, place, body)
        else:
            code, o = call(conn, "DELETE", place)
        assert code in (200, 201), (how, name, code, o)
        self.known.update(self.tried)
        self.tried = {}
        if how != "DELETE":
            self.acked.append(int(o["metadata"]["resourceVersion"]))

    def put(self, conn, place, body):
        body["metadata"]["resourceVersion"] = call(conn, "GET", place)[1]["metadata"]["resourceVersion"]
        return call(conn, "PUT", place, body)

    def run(self, server):
        """Until the server is gone."""
        try:
            conn = server.connect()
            while True:
                self.step(conn)
        except (OSError, http.client.HTTPException):
            pass
        except (AssertionError, LookupError) as e:
            self.problem = e

    def check(self, there):
        """After a restart; what was not answered is then settled."""
        assert not self.problem, self.problem
        for name in {**self.known, **self.tried}:
            found, last = there.get(name, GONE), self.known.get(name, GONE)
            assert found == last or (name in self.tried and found == self.tried[name]), \
                "%s: answered %s, unanswered %s, found %s" % (name, last, self.tried, found)
            self.known[name] = found
        self.tried = {}


class Watch:
    """Follows the changes of one kind over all restarts; `state` is what it knows."""

    def __init__(self, path):
        self.path, self.rv, self.state, self.seen, self.problem = path, None, {}, set(), None

    def start(self, server):
        self.conn = server.connect()
        if self.rv is None:
            self.rv = int(call(self.conn, "GET", self.path)[1]["metadata"]["resourceVersion"])
        self.conn.request("GET", self.path + "?watch=true&allowWatchBookmarks=true&resourceVersion=%d" % self.rv, None,
                          {"Authorization": "Bearer t"})
        self.thread = threading.Thread(target=self.follow, args=(self.conn.getresponse(),))
        self.thread.start()

    def follow(self, r):
        try:
            for line in iter(r.readline, b""):
                if not line.endswith(b"\n"):
                    break
                self.take(json.loads(line))
        except (OSError, http.client.HTTPException, ValueError):
            pass
        except (AssertionError, LookupError) as e:
            self.problem = e

    def take(self, event):
        change, o = event["type"], event["object"]
        rv = int(o["metadata"]["resourceVersion"])
        if change == "BOOKMARK":
            assert rv >= self.rv, "bookmark %d behind %d" % (rv, self.rv)
            self.rv = rv
            return
        name = o["metadata"]["name"]
        assert change in ("ADDED", "MODIFIED", "DELETED"), event
        assert rv > self.rv, "event %d behind %d" % (rv, self.rv)
        assert name[0] != "w" or (change == "ADDED") == (name not in self.state), "%s of %s" % (change, name)
        self.rv = rv
        if name[0] != "w":
            return
        self.seen.add(rv)
        if change == "DELETED":
            del self.state[name]
        else:
            self.state[name] = o[KINDS[self.path][2]]["n"]

    def reaches(self, there):
        end = time.time() + PATIENCE
        while self.state != there and not self.problem and time.time() < end:
            time.sleep(0.02)
        assert not self.problem, self.problem
        odd = {k: (self.state.get(k), there.get(k)) for k in {**self.state, **there} if self.state.get(k) != there.get(k)}
        assert not odd, "the watch of %s knows other states: %s" % (self.path, odd)


def check_database():
    """On a copy, as reading it would mend it."""
    copy = os.path.join(DIR, "copy")
    shutil.copytree(DATA, copy)
    db = sqlite3.connect("file:%s?mode=rw" % os.path.join(copy, "store.db"), uri=True)
    found = db.execute("PRAGMA integrity_check").fetchall()
    assert found == [("ok",)], found
    db.close()
    shutil.rmtree(copy)


def lists(server):
    """What is there, of each kind, and the number of the list."""
    conn, out, number = server.connect(), {}, 0
    for path, (_, _, field) in KINDS.items():
        code, found = call(conn, "GET", path)
        assert code == 200, found
        out[path] = {o["metadata"]["name"]: o[field]["n"] for o in found["items"] if o["metadata"]["name"][0] == "w"}
        number = max(number, int(found["metadata"]["resourceVersion"]))
    return out, number


def prepare():
    server = Server().ready()
    conn = server.connect()
    assert call(conn, "POST", "/api/v1/namespaces", {"metadata": {"name": "a"}})[0] == 201
    assert call(conn, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION)[0] == 201
    end = time.time() + PATIENCE
    while call(conn, "GET", list(KINDS)[1])[0] != 200:
        assert time.time() < end, "the definition is not served"
        time.sleep(0.02)
    return server


def play_round(server, writers, watches, rng):
    """Gives the server that was started after it."""
    for w in watches:
        w.start(server)
    threads = [threading.Thread(target=w.run, args=(server,)) for w in writers]
    for t in threads:
        t.start()
    time.sleep(rng.uniform(0.0, 0.5))
    server.kill()
    for t in threads + [w.thread for w in watches]:
        t.join()
    check_database()
    while rng.random() < 0.2:
        server = Server()
        time.sleep(rng.uniform(0.0, 0.1))
        server.kill()
        check_database()
    return Server().ready()


def main():
    rng = random.Random(SEED)
    print("seed %d" % SEED, flush=True)
    paths = list(KINDS)
    writers = [Writer(i, paths[i % 2], random.Random(rng.random())) for i in range(WRITERS)]
    watches = [Watch(p) for p in paths]
    server, highest = prepare(), 0
    for i in range(ROUNDS):
        server = play_round(server, writers, watches, rng)
        there, number = lists(server)
        highest = max([highest] + [w.rv for w in watches] + [w.acked[-1] for w in writers if w.acked])
        assert number >= highest, "numbers went back: %d after %d" % (number, highest)
        for w in writers:
            w.check(there[w.path])
    for w in watches:
        w.start(server)
        w.reaches(there[w.path])
    lost = [(w.path, rv) for w in writers for rv in w.acked if rv not in watches[paths.index(w.path)].seen]
    assert not lost, "answered writes that no watch saw: %s" % lost
    server.kill()
    for w in watches:
        w.thread.join()
    print("%d rounds, %d writes, %d objects, %d events, last number %d: ok" % (
        ROUNDS, sum(w.count for w in writers), sum(map(len, there.values())), sum(len(w.seen) for w in watches), number))


try:
    main()
finally:
    for p in started:
        if p.poll() is None:
            p.kill()
    shutil.rmtree(DIR, ignore_errors=True)
