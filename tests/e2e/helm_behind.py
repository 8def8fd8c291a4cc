#!/usr/bin/env python3
"""A watch that is behind: helm_behind.py RILL

The controller speaks with the server through a proxy that keeps back what the
watch of release records tells. Who changed a release with the helm program and
then asks for a pass gets one that knows of it, all the same.
"""
import sys

from helm_session import Session, ok, rill_controller
from proxy import Proxy


def start(world):
    """The controller, behind the proxy."""
    global flows
    proxy = Proxy(world)
    flows = proxy.flows
    env, world.env = world.env, dict(world.env, KUBECONFIG=proxy.kubeconfig)
    p = rill_controller(world)
    world.env = env
    return p


s = Session(sys.argv[1], "rill", start)
s.begin("behind")
s.release()
s.settle(ok())
s.reconcile()
s.settle(ok())
flows.clear()
assert s.helm("uninstall", "web")[0] == 0
assert not s.object("configmaps")
s.reconcile()
s.settle(ok(), history=["v1 deployed install"])
assert s.object("configmaps"), "a release that is gone passes for one that is there"
flows.set()
s.change(values={"colour": "blue"})
s.settle(ok("upgrade", 2))
flows.clear()
assert s.helm("rollback", "web", "1", "--force-conflicts")[0] == 0
s.reconcile()
s.settle(ok("upgrade", 4))
assert s.object("configmaps")["data"]["colour"] == "blue"
assert s.helm("rollback", "web", "3", "--force-conflicts")[0] == 0
s.change(values={"colour": "green"})
s.settle(ok("upgrade", 6), history=["v6 deployed upgrade"])
flows.set()
