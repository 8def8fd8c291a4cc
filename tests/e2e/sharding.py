#!/usr/bin/env python3
"""sharding - two controllers that share the objects by a label: sharding.py RILL

One looks after what has no shard, the other after shard "one". Each has Leases of its own. A Kustomization of a shard
may use a source that the other one looks after, and follows its commits.
"""
import hashlib
import urllib.request

import peers
from git_world import KUSTOMIZATIONS, NS, SOURCES, World, config, run

KEY = "sharding.fluxcd.io/key"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/%s/leases" % NS
rest = "127.0.0.1:%d" % peers.free_port()
one = "127.0.0.1:%d" % peers.free_port()
SELECTORS = {"controller": "!" + KEY, "shard": KEY + "=one"}
w = World("--watch-label-selector", SELECTORS["controller"], "--metrics-addr", rest)


def start_shard():
    w.spawn("shard", "controller", "--storage-path", w.dir + "/store-one", "--storage-addr", "127.0.0.1:%d" % peers.free_port(),
            "--health-addr", "", "--watch-label-selector", SELECTORS["shard"], "--metrics-addr", one,
            "--enable-leader-election")


def looked_after(address):
    """Who has had a pass there."""
    text = urllib.request.urlopen("http://%s/metrics" % address).read().decode()
    return {line.split('name="')[1].split('"')[0] for line in text.splitlines()
            if line.startswith("gotk_reconcile_duration_seconds_count{")}


def applied(name, revision):
    return w.condition(KUSTOMIZATIONS + name) == "True ReconciliationSucceeded Applied revision: " + revision


def label(path, value):
    w.patch(path, {"metadata": {"labels": {KEY: value}}})


def test_each_looks_after_its_own():
    for name in (NS, "shop"):
        w.ask("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    w.restart_controller("--enable-leader-election")
    start_shard()
    w.write("a/a.yaml", config("a", "one"))
    w.write("b/b.yaml", config("b", "one"))
    revision = w.commit()
    w.repository()
    w.apply(SOURCES + "gitrepositories/own", "source.toolkit.fluxcd.io/v1", "GitRepository",
            {"interval": "1h", "url": w.url + "plain/repo.git", "ref": {"branch": "main"}}, labels={KEY: "one"})
    w.kustomization(KUSTOMIZATIONS + "a", "GitRepository", "repo", path="./a")
    w.kustomization(KUSTOMIZATIONS + "b", "GitRepository", "repo", path="./b")
    label(KUSTOMIZATIONS + "b", "one")
    for name in "ab":
        w.until("%s is applied" % name, lambda: applied(name, revision))
    w.until("the shard has fetched", lambda: w.condition(SOURCES + "gitrepositories/own").startswith("True "))
    w.until("the passes are counted", lambda: (looked_after(rest), looked_after(one)) == ({"repo", "a"}, {"own", "b"}))


def test_leases_are_those_of_the_selectors():
    names = {o["metadata"]["name"] for o in w.get(LEASES)["items"]}
    for selector in SELECTORS.values():
        shard = hashlib.sha256(selector.encode()).hexdigest()[:8]
        for component in ("source-controller", "kustomize-controller", "helm-controller"):
            want = "%s-leader-election-%s" % (component, shard)
            if want not in names:
                w.fail("no Lease %s: %s" % (want, sorted(names)))


def test_a_push_reaches_both():
    w.write("a/a.yaml", config("a", "two"))
    w.write("b/b.yaml", config("b", "two"))
    revision = w.commit()
    w.poke()
    for name in "ab":
        w.until("%s has the push" % name, lambda: applied(name, revision), 20)
        w.same(w.value(name), "two", name)


def test_a_label_moves_a_source_and_its_kustomization():
    label(KUSTOMIZATIONS + "a", "one")
    label(SOURCES + "gitrepositories/repo", "one")
    w.until("the shard has both", lambda: {"repo", "a"} <= looked_after(one))
    w.until("the other one has forgotten them", lambda: not looked_after(rest))
    w.write("a/a.yaml", config("a", "three"))
    revision = w.commit()
    w.poke()
    w.until("a has the push", lambda: applied("a", revision), 20)
    w.same(looked_after(rest), set(), "whom the other one looks after")


def test_flags_that_are_wrong_end_the_start():
    for flags, words in (
            (("--watch-label-selector", "a b"), "unable to configure watch label selector for manager"),
            (("--watch-configs-label-selector", "a b"), "unable to configure watch configs label selector"),
            (("--default-decryption-service-account", "a"), "cannot set default service accounts when the feature gate"),
            (("--default-kubeconfig-service-account", "a"), "cannot set default service accounts when the feature gate"),
            (("--ssh-kex-algos", "curve25519-sha256,-x"), "--ssh-kex-algos: '-x' is no algorithm"),
            (("--feature-gates", "Nothing=true"), "feature-gate 'Nothing' not supported")):
        code, _, told = w.run(w.rill, "controller", *flags, "--storage-path", w.dir + "/none", "--storage-addr",
                              "127.0.0.1:%d" % peers.free_port(), "--metrics-addr", "", "--health-addr", "", timeout=30)
        if code != 1 or words not in told:
            w.fail("%s: %d %s" % (flags, code, told))


run(globals())
