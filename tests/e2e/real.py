#!/usr/bin/env python3
"""real - the tests of what works on a cluster, on a real API server: real.py BUILD [NAME...]

Runs the tests of BUILD that take a server by $TEST_KUBECONFIG, each on etcd,
kube-apiserver and kube-controller-manager of its own (of `make peers`, found through
$PEERS, else in ~/.cache/rill/peers) on loopback. Deployments get Pods, which nobody
runs, but where the table below says that somebody does as if (kubelet.py). NAMEs are
those of the table; without any, all are run.
Without the programs it says so and succeeds.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import time

import peers
from kubelet import Kubelet

BUILD = os.path.realpath(sys.argv[1])
HERE = os.path.dirname(os.path.realpath(__file__))
SHARED = os.path.join(HERE, "../../../shared")
SKIPPED = 77
RILL = BUILD + "/rill"


def script(name, *more):
    return [sys.executable, os.path.join(HERE, name), RILL, *more]


# name, program, whether it wants the definitions of Flux's kinds to be there, and Pods to run
TESTS = (
    ("applyset", [BUILD + "/tests/applyset"], False, False),
    ("kustomizations", [BUILD + "/tests/kustomization"], False, False),
    ("kustomization", script("kustomization.py"), True, False),
    ("artifactgenerator", script("artifactgenerator.py"), True, False),
    ("faults", script("faults.py"), True, False),
    ("helmrelease", script("helmrelease.py"), True, True),
    ("helmrelease-states", script("helmrelease_states.py"), True, True),
    ("helm-idle", script("helm_idle.py"), True, True),
    ("helm-kill", script("helm_kill.py"), True, True),
    ("helm-interchange", script("helm_interop.py"), True, True),
    ("helm-exchange", script("helm_exchange.py"), False, True),
    ("walkthrough", script("walkthrough.py", SHARED, "bootstrap"), False, True),
    ("takeover", script("takeover.py", SHARED), False, True),
)


def run(name, argv, definitions, pods):
    """Whether it went well; None: the programs are missing."""
    dir = tempfile.mkdtemp(prefix="rill-real-")
    server = peers.start_server(dir, manager=True)
    if not server:
        return None
    started = time.monotonic()
    kubelet = Kubelet(server.port, server.token) if pods else None
    try:
        if kubelet:
            kubelet.start()
        if definitions:
            server.install_definitions(RILL)
        code = subprocess.run(argv, cwd=dir, env=dict(os.environ, TEST_KUBECONFIG=server.kubeconfig)).returncode
    finally:
        if kubelet:
            kubelet.stop()
        server.stop()
        shutil.rmtree(dir, ignore_errors=True)
    print("real.py: %s: %s, %.0f s" % (name, "skipped" if code == SKIPPED else "failed" if code else "ok",
                                       time.monotonic() - started), flush=True)
    return code in (0, SKIPPED)


def main():
    wanted, failed = sys.argv[2:], []
    if unknown := set(wanted) - {t[0] for t in TESTS}:
        return "real.py: no such test: " + " ".join(sorted(unknown))
    for name, argv, definitions, pods in TESTS:
        if wanted and name not in wanted:
            continue
        print("real.py: " + name, flush=True)
        went = run(name, argv, definitions, pods)
        if went is None:
            print("real.py: skipped")
            return 0
        if not went:
            failed.append(name)
    return "real.py: failed: " + " ".join(failed) if failed else 0


sys.exit(main())
