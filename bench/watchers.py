#!/usr/bin/env python3
"""Many watchers of one stream of changes: watchers.py RILL [WATCHERS [EVENTS]]

WATCHERS (100) connections watch the ConfigMaps of a namespace while EVENTS (10000) updates
are written to a thousand of them over four connections. One line for rill, and
one for etcd with kube-apiserver where `make peers` left them: how long the writes
took, how long after the last of them until every watcher had every event, how late an event
is (median, 99th percentile, of a watcher that looks at each), the
server's CPU seconds, and its memory without watchers, with them, and at most."""
import multiprocessing
import os
import re
import selectors
import socket
import ssl
import sys
import time

import target
from target import PATIENCE

RILL = os.path.realpath(sys.argv[1])
WATCHERS = int(sys.argv[2]) if len(sys.argv) > 2 else 100
EVENTS = int(sys.argv[3]) if len(sys.argv) > 3 else 10000
OBJECTS, WRITERS = 1000, 4
EVENT = b'{"type":"MODIFIED"'
PATH = "/api/v1/namespaces/default/configmaps"


def config_map(n, text):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m%d" % n},
            "data": {"at": text, "filler": "x" * 300}}


def write(server, writer, count):
    c = server.connect()
    for i in range(count):
        n = (i * WRITERS + writer) % OBJECTS
        server.call(c, "PUT", PATH + "/m%d" % n, config_map(n, repr(time.time())))


class Watcher:
    def __init__(self, server, version, looks):
        raw = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        self.s = server.tls.wrap_socket(raw, server_hostname="127.0.0.1")
        self.s.sendall(("GET %s?watch=true&resourceVersion=%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n"
                        "Accept: application/json\r\n\r\n" % (PATH, version, server.token)).encode())
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


def watch(server, version, pipe):
    """The process of all watchers."""
    select, watchers = selectors.DefaultSelector(), [Watcher(server, version, i == 0) for i in range(WATCHERS)]
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


def measure(server):
    c = server.connect()
    for n in range(OBJECTS):
        server.call(c, "POST", PATH, config_map(n, "0"))
    version = server.call(c, "GET", PATH + "?limit=1")["metadata"]["resourceVersion"]
    alone = server.memory()
    pipe, other = multiprocessing.Pipe()
    crowd = multiprocessing.Process(target=watch, args=(server, version, other))
    crowd.start()
    assert pipe.recv() == "ready"
    time.sleep(1)
    with_them, cpu, begun = server.memory(), server.cpu(), time.time()
    writers = [multiprocessing.Process(target=write, args=(server, w, EVENTS // WRITERS)) for w in range(WRITERS)]
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
              server.name, WATCHERS, EVENTS, written - begun, finished - written, at(0.5), at(0.99), server.cpu() - cpu,
              alone, with_them, server.memory("VmHWM")), flush=True)


target.each(RILL, measure)
