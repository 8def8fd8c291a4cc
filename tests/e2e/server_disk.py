#!/usr/bin/env python3
"""A disk that is full, and one that turns read-only: server_disk.py RILL

In a mount namespace of its own, so that the file systems are small and nobody's. Where
that may not be made the limit is one of the size of files, and what needs a file
system is left out, with a word. Writes are refused with a message that says why,
reads and watches go on, what was answered is there afterwards, and with room
writes and simulated workloads go on.
"""
import base64
import glob
import http.client
import json
import os
import re
import resource
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time

RILL = os.path.realpath(sys.argv[1])
MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments"
PATIENCE = 60
started = []
APPLY, MERGE = "application/apply-patch+yaml", "application/merge-patch+json"


def namespaced():
    """Runs this again with mounts of its own; gives False where that may not be."""
    if os.environ.get("RILL_DISK_MOUNTS"):
        return True
    for flags in ("-m", "-rm"):
        if subprocess.run(["unshare", flags, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], stderr=subprocess.DEVNULL).returncode == 0:
            os.environ["RILL_DISK_MOUNTS"] = "1"
            os.execvp("unshare", ["unshare", flags, sys.executable] + sys.argv)
    return False


def wait_for(what, fn):
    end = time.time() + PATIENCE
    while not fn():
        assert time.time() < end, "not within %d s: %s" % (PATIENCE, what)
        time.sleep(0.05)


class Server:
    def __init__(self, data, *flags, limit=None):
        self.config = tempfile.mktemp(prefix="kubeconfig-", dir=DIR)
        self.errors = open(self.config + ".err", "w+")
        self.p = subprocess.Popen([RILL, "server", "--data-dir", data, "--token", "t", "--write-kubeconfig", self.config, *flags],
                                  stderr=self.errors, stdout=subprocess.DEVNULL,
                                  preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_IGN))
        started.append(self.p)

    def starts(self):
        wait_for("a start", lambda: os.path.exists(self.config) or self.p.poll() is not None)
        if self.p.poll() is not None:
            return False
        text = open(self.config).read()
        self.port = int(re.search(r"127\.0\.0\.1:(\d+)", text).group(1))
        self.tls = ssl.create_default_context(cadata=base64.b64decode(re.search(r"authority-data: (\S+)", text).group(1)).decode())
        return True

    def says(self):
        self.errors.seek(0)
        return self.errors.read()

    def request(self, method, path, body=None, ctype="application/json"):
        c = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=PATIENCE)
        c.request(method, path, json.dumps(body) if body is not None else None,
                  {"Authorization": "Bearer t", "Content-Type": ctype})
        return c.getresponse()

    def call(self, *args):
        r = self.request(*args)
        text = r.read()
        return r.status, json.loads(text) if text[:1] == b"{" else text

    def end(self, how=signal.SIGTERM):
        self.p.send_signal(how)
        self.p.wait()


class Watch(threading.Thread):
    def __init__(self, server):
        super().__init__(daemon=True)
        self.r = server.request("GET", MAPS + "?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
                                "&allowWatchBookmarks=true")
        assert self.r.status == 200
        self.names = set()
        self.start()

    def run(self):
        try:
            for line in iter(self.r.readline, b""):
                e = json.loads(line)
                if e["type"] == "ADDED" and e["object"]["metadata"]["name"].startswith("n"):
                    self.names.add(e["object"]["metadata"]["name"])
        except (OSError, http.client.HTTPException, ValueError):
            pass


def config_map(name, size=8000):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": "x" * size}}


def deployment():
    return {"metadata": {"name": "web"}, "spec": {
        "replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "template": {
            "metadata": {"labels": {"a": "b"}, "annotations": {"sim.rill.dev/ready-after": "2s"}},
            "spec": {"containers": [{"name": "c", "image": "c"}]}}}}


def names(server):
    code, found = server.call("GET", MAPS)
    assert code == 200, found
    return {o["metadata"]["name"] for o in found["items"] if o["metadata"]["name"].startswith("n")}


def fill(server, writer, answered, refusals):
    """Until the server refuses three times in a row: what is large first, then what is small."""
    n = 0
    for size in (8000, 10):
        refused = 0
        while refused < 3:
            n += 1
            name = "n%d-%d" % (writer, n)
            code, o = server.call("POST", MAPS, config_map(name, size))
            if code == 201:
                answered.add(name)
                refused = 0
            else:
                refusals.append((code, o))
                refused += 1


def check_refusal(code, o, words):
    assert code == 500 and o["kind"] == "Status" and o["status"] == "Failure" and o["reason"] == "InternalError", (code, o)
    assert o["code"] == 500 and re.search(words, o["message"]), o["message"]


def check_refusals(server, words):
    """All kinds of writes, of an object that is there."""
    name = sorted(names(server))[0]
    place = MAPS + "/" + name
    old = server.call("GET", place)[1]
    for args in (("POST", MAPS, config_map("more")),
                 ("PUT", place, config_map(name, 9000)),
                 ("PATCH", place, {"data": {"x": "y" * 9000}}, MERGE),
                 ("PATCH", place + "?fieldManager=m&force=true", config_map(name, 9000), APPLY),
                 ("PATCH", MAPS + "/more?fieldManager=m", config_map("more"), APPLY),
                 ("DELETE", place),
                 ("DELETE", MAPS + "?fieldSelector=metadata.name=" + name)):
        code, o = server.call(*args)
        check_refusal(code, o, words)
    assert server.call("GET", place) == (200, old)
    assert server.call("GET", MAPS + "/more")[0] == 404
    assert server.call("POST", MAPS + "?dryRun=All", config_map("more"))[0] == 201
    assert server.call("GET", "/livez")[0] == 200


def fill_up(server):
    answered, refusals = set(), []
    threads = [threading.Thread(target=fill, args=(server, w, answered, refusals)) for w in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for code, o in refusals:
        check_refusal(code, o, FULL)
    return answered


FULL = "the store cannot be written: (database or disk is full|disk I/O error)"


def full_disk(data, less, more):
    """`less` takes the room away from the server, `more` gives some back."""
    server = Server(data)
    assert server.starts(), server.says()
    watch = Watch(server)
    assert server.call("POST", DEPLOYMENT, deployment())[0] == 201
    less(server)
    answered = fill_up(server)
    assert answered
    check_refusals(server, FULL)
    assert names(server) == answered, "there is what was not answered"
    wait_for("all events", lambda: watch.names == answered)
    more(server)
    code, o = server.call("POST", MAPS, config_map("n-after"))
    assert code == 201, o
    answered.add("n-after")
    wait_for("the Deployment is ready", lambda: server.call("GET", DEPLOYMENT + "/web")[1].get("status", {}).get("readyReplicas") == 2)
    server.end(signal.SIGKILL)
    server = Server(data)
    assert server.starts(), server.says()
    assert names(server) == answered, "other objects after the restart"
    server.end()
    print("full disk, %d objects: ok" % len(answered))


def start_on_full_disk(data):
    """Whether it starts or not: nothing is lost, and it says what is wrong."""
    server = Server(data, "--no-sim")
    assert server.starts(), server.says()
    answered = fill_up(server)
    open(os.path.join(data, "filler"), "wb").close()
    try:
        with open(os.path.join(data, "filler"), "ab", buffering=0) as f:
            while f.write(b"x" * 4096):
                pass
    except OSError:
        pass
    server.end(signal.SIGKILL)
    server = Server(data, "--no-sim")
    if server.starts():
        assert names(server) == answered
        server.end(signal.SIGKILL)
    else:
        assert re.search("disk is full|[Nn]o space left on device", server.says()), server.says()
    os.unlink(os.path.join(data, "filler"))
    mount("-o", "remount,size=32m", data).check_returncode()
    server = Server(data, "--no-sim")
    assert server.starts(), server.says()
    assert names(server) == answered
    server.end()
    print("start on a full disk: ok")


def limit_files(server, size):
    resource.prlimit(server.p.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def mount(*args):
    return subprocess.run(("mount",) + args, capture_output=True, text=True)


def small_disks():
    data = os.path.join(DIR, "small")
    os.mkdir(data)
    assert mount("-t", "tmpfs", "-o", "size=3m", "tmpfs", data).returncode == 0
    full_disk(data, lambda s: None, lambda s: mount("-o", "remount,size=32m", data).check_returncode())
    subprocess.run(["umount", data], check=True)
    assert mount("-t", "tmpfs", "-o", "size=3m", "tmpfs", data).returncode == 0
    start_on_full_disk(data)


def read_only_start(data, answered):
    assert mount("-o", "remount,ro", data).returncode == 0
    server = Server(data, "--no-sim")
    assert not server.starts(), "it starts on a read-only disk"
    assert re.search("store.db: cannot open the store: .*(it is read-only|[Rr]ead-only file system)", server.says()), server.says()
    mount("-o", "remount,rw", data).check_returncode()
    server = Server(data, "--no-sim")
    assert server.starts(), server.says()
    assert names(server) == answered, "other objects after the restart"
    server.end()
    print("start on a read-only disk: ok")


def writable(data):
    try:
        open(os.path.join(data, "probe"), "w").close()
    except OSError:
        return False
    return True


def read_only_disk():
    """ext4 turns itself read-only when it finds an error; we tell it of one."""
    image, data = os.path.join(DIR, "image"), os.path.join(DIR, "broken")
    os.mkdir(data)
    subprocess.run(["truncate", "-s", "32M", image], check=True)
    if not shutil.which("mkfs.ext4") or subprocess.run(["mkfs.ext4", "-q", image]).returncode or \
       mount("-o", "loop,errors=remount-ro", image, data).returncode:
        print("read-only disk: skipped, no file system can be made here")
        return
    device = re.search(r"/dev/(\S+) %s " % data, open("/proc/mounts").read()).group(1)
    trigger = "/sys/fs/ext4/%s/trigger_fs_error" % device
    server = Server(data, "--no-sim", "--sync", "full")
    assert server.starts(), server.says()
    answered = {"n%d" % i for i in range(20)}
    for name in answered:
        assert server.call("POST", MAPS, config_map(name))[0] == 201
    try:
        open(trigger, "w").write("1")
    except OSError:
        print("read-only disk: skipped, %s cannot be written" % trigger)
    else:
        wait_for("read-only", lambda: not writable(data))
        check_refusals(server, "the store cannot be written: (attempt to write a readonly database|disk I/O error|.*read-only)")
        assert names(server) == answered
        server.end()
        print("read-only disk: ok")
        subprocess.run(["umount", data], check=True)
        subprocess.run(["fsck.ext4", "-fp", image], stdout=subprocess.DEVNULL)
        mount("-o", "loop", image, data).check_returncode()
        server = Server(data, "--no-sim")
        assert server.starts(), server.says()
        assert names(server) == answered
        server.end()
    if server.p.poll() is None:
        server.end()
    read_only_start(data, answered)
    subprocess.run(["umount", data], check=True)


def main():
    if not MOUNTS:
        print("no mount namespace here: files are limited instead, read-only disks are skipped")
        data = os.path.join(DIR, "data")
        largest = lambda: max(os.path.getsize(p) for p in glob.glob(os.path.join(data, "*")))
        full_disk(data, lambda s: limit_files(s, largest() + (1 << 19)), lambda s: limit_files(s, resource.RLIM_INFINITY))
        return
    small_disks()
    read_only_disk()


MOUNTS = namespaced()
DIR = tempfile.mkdtemp(prefix="rill-disk-")
try:
    main()
finally:
    for p in started:
        if p.poll() is None:
            p.kill()
            p.wait()
    for place in ("small", "broken"):
        subprocess.run(["umount", "-l", os.path.join(DIR, place)], stderr=subprocess.DEVNULL)
    shutil.rmtree(DIR, ignore_errors=True)
