#!/usr/bin/env python3
"""What programs made with client-go ask of a server: clientgo.py RILL

Runs tests/peers/clientgo, which tools/peers builds: shared informers over many kinds,
server-side apply, leader election and more, also over a restart of the
server. Skipped (status 77) where that program is missing. With $TEST_KUBECONFIG it asks that server, which
stays up.
"""
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import peers


class Server:
    def __init__(self, rill, dir):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        self.config = os.path.join(dir, "kubeconfig")
        self.args = [rill, "server", "--data-dir", os.path.join(dir, "data"), "--listen", "127.0.0.1:%d" % port, "--token", "t",
                     "--write-kubeconfig", self.config]
        self.start()

    def start(self):
        self.p = subprocess.Popen(self.args, stderr=subprocess.DEVNULL)
        end = time.time() + 60
        while not os.path.exists(self.config):
            assert self.p.poll() is None and time.time() < end, "the server does not start"
            time.sleep(0.02)

    def stop(self):
        self.p.terminate()
        self.p.wait()

    def restart(self):
        self.stop()
        os.unlink(self.config)
        self.start()


def converse(program, config, restart):
    child = subprocess.Popen([program, config], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    said = []
    for line in child.stdout:
        said.append(line.strip())
        print(line, end="", flush=True)
        if line == "restart\n":
            child.stdin.write("done\n" if restart else "no\n")
            child.stdin.flush()
            if restart:
                restart()
    return child.wait(), said


def main():
    program = peers.find("clientgo")
    if not program:
        print("clientgo.py: skipped: there is no clientgo: make peers, or set $PEERS")
        return 77
    if os.environ.get("TEST_KUBECONFIG"):
        return converse(program, os.environ["TEST_KUBECONFIG"], None)[0]
    dir = tempfile.mkdtemp(prefix="rill-clientgo-")
    server = Server(os.path.realpath(sys.argv[1]), dir)
    try:
        code, said = converse(program, server.config, server.restart)
        assert code or {"forgotten: pages true, watches true", "began anew: true"} <= set(said), "nothing was forgotten"
        return code
    finally:
        server.stop()
        shutil.rmtree(dir, ignore_errors=True)


sys.exit(main())
