#!/usr/bin/env python3
"""Many watchers of one stream of changes: watchers.py RILL [WATCHERS [EVENTS]]

WATCHERS (100) connections watch the ConfigMaps of a namespace while EVENTS (10000) updates
are written to a thousand of them over four connections. One line for rill, and
one for etcd with kube-apiserver where `make peers` left them: how long the writes
took, how long after the last of them until every watcher had every event, how late an event
is (median, 99th percentile, of a watcher that looks at each), the
server's CPU seconds, and its memory without watchers, with them, and at most."""
import http.client
import json
import multiprocessing
import os
import re
import selectors
import socket
import ssl
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "e2e"))
import peers  # noqa: E402

RILL = os.path.realpath(sys.argv[1])
WATCHERS = int(sys.argv[2]) if len(sys.argv) > 2 else 100
EVENTS = int(sys.argv[3]) if len(sys.argv) > 3 else 10000
OBJECTS, WRITERS, PATIENCE = 1000, 4, 600
EVENT = b'{"type":"MODIFIED"'
PATH = "/api/v1/namespaces/default/configmaps"


class Target:
    """A server: where it is, and which processes it is."""

    def __init__(self, name, port, token, pids):
        self.name, self.port, self.token, self.pids = name, port, token, pids
        self.tls = ssl.create_default_context()
        self.tls.check_hostname, self.tls.verify_mode = False, ssl.CERT_NONE

    def connect(self):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=PATIENCE)

    def call(self, c, method, path, body=None):
        c.request(method, path, json.dumps(body) if body is not None else None,
                  {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        r = c.getresponse()
        text = r.read()
        assert r.status < 300, (r.status, text)
        return json.loads(text)

    def cpu(self):
        total = 0
        for pid in self.pids:
            fields = open("/proc/%d/stat" % pid).read().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def memory(self, key="VmRSS"):
        return sum(int(re.search(key + r":\s+(\d+)", open("/proc/%d/status" % p).read()).group(1)) for p in self.pids) / 1024


def config_map(n, text):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m%d" % n},
            "data": {"at": text, "filler": "x" * 300}}


def write(target, writer, count):
    c = target.connect()
    for i in range(count):
        n = (i * WRITERS + writer) % OBJECTS
        target.call(c, "PUT", PATH + "/m%d" % n, config_map(n, repr(time.time())))


class Watcher:
    def __init__(self, target, version, looks):
        raw = socket.create_connection(("127.0.0.1", target.port), timeout=PATIENCE)
        self.s = target.tls.wrap_socket(raw, server_hostname="127.0.0.1")
        self.s.sendall(("GET %s?watch=true&resourceVersion=%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                        "Accept: application/json\r\n\r\n" % (PATH, version, target.token)).encode())
        self.events, self.tail, self.rest, self.late, self.looks = 0, b"", b"", [], looks
        self.done = False

    def take(self):
        """What has come; False at the end."""
        try:
            data = self.s.recv(1 << 17)
        except ssl.SSLWantReadError:
            return True
        text = self.tail + data
        self.events += text.count(EVENT)
        self.tail = text[1 - len(EVENT):]
        assert b'{"type":"ERROR"' not in text, text[:500]
        if self.looks:
            self.look(data)
        return bool(data)

    def look(self, data):
        now, lines = time.time(), (self.rest + data).split(b"\n")
        self.rest = lines.pop()
        for line in lines:
            at = re.search(rb'"at":"([0-9.]+)"', line)
            if at:
                self.late.append(now - float(at.group(1)))


def watch(target, version, pipe):
    """The process of all watchers."""
    select, watchers = selectors.DefaultSelector(), [Watcher(target, version, i == 0) for i in range(WATCHERS)]
    for w in watchers:
        w.s.setblocking(False)
        select.register(w.s, selectors.EVENT_READ, w)
    pipe.send("ready")
    waiting, end = len(watchers), time.time() + PATIENCE
    while waiting and time.time() < end:
        for key, _ in select.select(1):
            w = key.data
            while True:
                before = w.events
                assert w.take(), "a watch ended after %d events" % w.events
                if w.events == before and not w.s.pending():
                    break
            if w.events >= EVENTS and not w.done:
                w.done = True
                waiting -= 1
    pipe.send((time.time(), min(w.events for w in watchers), max(w.events for w in watchers), sorted(watchers[0].late)))


def measure(target):
    c = target.connect()
    for n in range(OBJECTS):
        target.call(c, "POST", PATH, config_map(n, "0"))
    version = target.call(c, "GET", PATH + "?limit=1")["metadata"]["resourceVersion"]
    alone = target.memory()
    pipe, other = multiprocessing.Pipe()
    crowd = multiprocessing.Process(target=watch, args=(target, version, other))
    crowd.start()
    assert pipe.recv() == "ready"
    time.sleep(1)
    with_them, cpu, begun = target.memory(), target.cpu(), time.time()
    writers = [multiprocessing.Process(target=write, args=(target, w, EVENTS // WRITERS)) for w in range(WRITERS)]
    for w in writers:
        w.start()
    for w in writers:
        w.join()
        assert w.exitcode == 0
    written = time.time()
    assert pipe.poll(PATIENCE), "the watchers do not get everything"
    finished, least, most, late = pipe.recv()
    crowd.join()
    assert least == most == EVENTS, "between %d and %d of %d events" % (least, most, EVENTS)
    at = lambda part: 1000 * late[min(len(late) - 1, int(part * len(late)))]
    print("watchers  %-15s %d x %d events: writes %.1f s, all there %+.3f s; late %.1f ms, p99 %.1f ms; "
          "CPU %.2f s; memory %.0f MiB alone, %.0f with watchers, %.0f at most" % (
              target.name, WATCHERS, EVENTS, written - begun, finished - written, at(0.5), at(0.99), target.cpu() - cpu,
              alone, with_them, target.memory("VmHWM")), flush=True)


def measure_rill():
    config = os.path.join(os.getcwd(), "kubeconfig-rill")
    p = subprocess.Popen([RILL, "server", "--data-dir", "data", "--token", "t", "--no-sim", "--write-kubeconfig", config],
                         stderr=subprocess.DEVNULL)
    try:
        while not os.path.exists(config):
            assert p.poll() is None
            time.sleep(0.01)
        measure(Target("rill", int(re.search(r"127\.0\.0\.1:(\d+)", open(config).read()).group(1)), "t", [p.pid]))
    finally:
        p.terminate()
        p.wait()


def main():
    there = os.getcwd()
    with tempfile.TemporaryDirectory(prefix="rill-watchers-") as dir:
        os.chdir(dir)
        try:
            measure_rill()
            real = peers.start_server(dir)
            if not real:
                print("watchers  kube-apiserver: skipped, make peers builds it")
                return
            try:
                measure(Target("kube-apiserver", real.port, real.token, [p.pid for p in real.children]))
            finally:
                real.stop()
        finally:
            os.chdir(there)


main()
