#!/usr/bin/env python3
"""real - the tests of what works on a cluster, on a real API server: real.py BUILD [NAME...]

Runs the tests of BUILD that take a server by $TEST_KUBECONFIG, each on etcd,
kube-apiserver and kube-controller-manager of its own (of `make peers`, found through
$PEERS, else in ~/.cache/rill/peers) on loopback. There is no kubelet: Deployments get
Pods, which nobody runs. NAMEs are those of the table below; without any, all are run.
Without the programs it says so and succeeds.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import peers

BUILD = os.path.realpath(sys.argv[1])
HERE = os.path.dirname(os.path.realpath(__file__))
SHARED = os.path.join(HERE, "../../../shared")
SKIPPED = 77
RILL = BUILD + "/rill"


def script(name, *more):
    return [sys.executable, os.path.join(HERE, name), RILL, *more]


# name, program, whether it wants the definitions of Flux's kinds to be there
TESTS = (
    ("applyset", [BUILD + "/tests/applyset"], False),
    ("kustomizations", [BUILD + "/tests/kustomization"], False),
    ("kustomization", script("kustomization.py"), True),
    ("artifactgenerator", script("artifactgenerator.py"), True),
    ("faults", script("faults.py"), True),
    ("takeover", script("takeover.py", SHARED), False),
)


def run(name, argv, definitions):
    """Whether it went well; None: the programs are missing."""
    dir = tempfile.mkdtemp(prefix="rill-real-")
    server = peers.start_server(dir, manager=True)
    if not server:
        return None
    started = time.monotonic()
    try:
        if definitions:
            server.install_definitions(RILL)
        code = subprocess.run(argv, cwd=dir, env=dict(os.environ, TEST_KUBECONFIG=server.kubeconfig)).returncode
    finally:
        server.stop()
        shutil.rmtree(dir, ignore_errors=True)
    print("real.py: %s: %s, %.0f s" % (name, "skipped" if code == SKIPPED else "failed" if code else "ok",
                                       time.monotonic() - started), flush=True)
    return code in (0, SKIPPED)


def main():
    wanted, failed = sys.argv[2:], []
    if unknown := set(wanted) - {name for name, _, _ in TESTS}:
        return "real.py: no such test: " + " ".join(sorted(unknown))
    for name, argv, definitions in TESTS:
        if wanted and name not in wanted:
            continue
        print("real.py: " + name, flush=True)
        went = run(name, argv, definitions)
        if went is None:
            print("real.py: skipped")
            return 0
        if not went:
            failed.append(name)
    return "real.py: failed: " + " ".join(failed) if failed else 0


sys.exit(main())
