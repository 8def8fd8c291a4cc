#!/usr/bin/env python3
"""An API server under load, beside etcd with kube-apiserver: apiserver.py RILL [N [APILOAD]]

`rill server` runs on one processor and the generator (bench/apiload.c; beside RILL in bench/
where it is not named) on another, over 16 TLS connections; then etcd and kube-apiserver
where `make peers` left them, in the place of rill. A line for the start, the
memory of 1,000 ConfigMaps and 1,000 custom resources, and each of N (5000) creations, reads and
server-side applies that change something; at the end how the two compare."""
import os
import re
import subprocess
import sys

import target

RILL = os.path.realpath(sys.argv[1])
N = sys.argv[2] if len(sys.argv) > 2 else "5000"
APILOAD = os.path.realpath(sys.argv[3] if len(sys.argv) > 3 else os.path.join(os.path.dirname(RILL), "bench", "apiload"))
CONNECTIONS, STATE, OPERATIONS = "16", "1000", ("create", "get", "apply")
PROCESSORS = sorted(os.sched_getaffinity(0))
DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "benches.bench.example.com"},
    "spec": {"group": "bench.example.com", "scope": "Namespaced", "names": {"plural": "benches", "kind": "Bench"},
             "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
                 "type": "object", "properties": {"spec": {"type": "object", "properties": {
                     "a": {"type": "string"}, "v": {"type": "string"}, "n": {"type": "integer"},
                     "d": {"type": "string", "default": "x"},
                     "items": {"type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                               "items": {"type": "object", "required": ["name"], "properties": {
                                   "name": {"type": "string"}, "value": {"type": "string"}}}}}}}}}}]}}


def load(server, n, *operations):
    """What the generator says: requests a second and 99th percentile of each operation."""
    out = subprocess.run((APILOAD, server.kubeconfig, CONNECTIONS, n) + operations, check=True, text=True,
                         stdout=subprocess.PIPE, preexec_fn=lambda: os.sched_setaffinity(0, PROCESSORS[-1:])).stdout
    return out.splitlines()


def prepare(server):
    c = server.connect()
    server.call(c, "POST", "/api/v1/namespaces", {"metadata": {"name": "bench"}})
    server.call(c, "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION)
    server.await_path("/apis/bench.example.com/v1/namespaces/bench/benches")


def say(server, what):
    print("apiserver %-15s %s" % (server.name, what), flush=True)


def measure(server):
    """(start, memory, {operation: (requests a second, 99th percentile)})"""
    prepare(server)
    load(server, STATE, "create", "crcreate")
    memory, result = server.memory(), {}
    say(server, "start %.2f s; %.1f MiB with %s ConfigMaps and %s custom resources" % (server.start, memory, STATE, STATE))
    load(server, STATE, "delete")
    for operation in OPERATIONS:
        cpu = server.cpu()
        line, = load(server, N, operation)
        say(server, "%s; server CPU %.2f s" % (line, server.cpu() - cpu))
        rate, late = re.search(r"([0-9.]+)/s.* p99 ([0-9.]+)", line).groups()
        result[operation] = float(rate), float(late)
    say(server, "%.1f MiB after that, %.1f at most" % (server.memory(), server.memory("VmHWM")))
    return server.start, memory, result


def main():
    os.sched_setaffinity(0, PROCESSORS[:1])    # the servers', too
    ours, theirs = target.each(RILL, measure)
    if not theirs:
        return
    print("apiserver start 1/%.0f, memory 1/%.1f" % (theirs[0] / ours[0], theirs[1] / ours[1]))
    for operation in OPERATIONS:
        (rate, late), (slow, later) = ours[2][operation], theirs[2][operation]
        print("apiserver %s: %.1f x the requests, p99 1/%.1f" % (operation, rate / slow, later / late))


main()
