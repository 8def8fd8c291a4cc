#!/usr/bin/env python3
"""real - the tests of what works on a cluster, on a real API server: real.py BUILD

Starts etcd and kube-apiserver (of `make peers`, found through $PEERS, else in
~/.cache/rill/peers) on loopback, with nobody that runs workloads, and runs the
tests of BUILD that take a server by $TEST_KUBECONFIG. Without the two it says so
and succeeds.
"""
import os
import shutil
import subprocess
import sys
import tempfile

import peers

BUILD = os.path.realpath(sys.argv[1])
HERE = os.path.dirname(os.path.realpath(__file__))
SHARED = os.path.join(HERE, "../../../shared")
SKIPPED = 77


def main():
    dir, failed = tempfile.mkdtemp(prefix="rill-real-"), []
    server = peers.start_server(dir)
    if not server:
        print("real.py: skipped")
        return 0
    try:
        os.environ["TEST_KUBECONFIG"] = server.kubeconfig
        # The second leaves the definitions of Flux behind, which the third needs.
        for argv in ([BUILD + "/tests/applyset"], [BUILD + "/tests/kustomization"],
                     [sys.executable, HERE + "/kustomization.py", BUILD + "/rill"],
                     [sys.executable, HERE + "/takeover.py", BUILD + "/rill", SHARED]):
            print("real.py: " + os.path.basename(argv[-1] if len(argv) == 1 else argv[1]), flush=True)
            if subprocess.run(argv, cwd=dir).returncode not in (0, SKIPPED):
                failed.append(argv)
    finally:
        server.stop()
        shutil.rmtree(dir, ignore_errors=True)
    return "real.py: failed: %r" % failed if failed else 0


sys.exit(main())
