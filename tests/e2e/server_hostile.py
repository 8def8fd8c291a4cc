#!/usr/bin/env python3
"""What clients may do to an API server without hurting it or others: server_hostile.py RILL

Objects, patches, selectors, schemas and expressions that are too much are refused with the code of
Kubernetes, watches cost little, and nobody becomes somebody else by a header. After each the server
answers as before.
"""
import json
import os
import socket
import ssl
import sys
import time

from world import World, sanitized

CMS = "/api/v1/namespaces/default/configmaps"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROWTH_KIB = 24 << 10               # of all of it but the watches, for the rest of its life
WATCHES, WATCH_KIB = 1000, 48       # and what each may cost of memory, most of it TLS
os.environ.pop("MALLOC_PERTURB_", None)     # it writes to all memory, whether it is used or not
MEASURED = not sanitized(sys.argv[1])       # a sanitizer keeps what was freed
w = World(sys.argv[1], "--no-sim")


def resident():
    with open("/proc/%d/status" % w.server.pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("VmRSS"))


def expect(what, got, code, text=""):
    """The code of an answer, and words in its message; then that the server is well."""
    status, answer = got
    message = (answer or {}).get("message", "")
    assert status == code and text in message, "%s: %d %s\n   want: %d %s" % (what, status, message[:400], code, text)
    begin = time.time()
    assert w.ask("GET", CMS)[0] == 200, what + ": and then it does not answer"
    assert time.time() - begin < 5, what + ": and then it is slow"


def config(name, **more):
    return {"metadata": {"name": name, **more}}


def definition(name, schema):
    return {"metadata": {"name": name + "s.example.com"}, "spec": {
        "group": "example.com", "scope": "Namespaced", "names": {"plural": name + "s", "singular": name, "kind": name.title()},
        "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": {
            "type": "object", "properties": {"spec": schema}}}}]}}


def test_names_that_lead_out():
    for name in ("../x", "a/b", "..", "a" * 254, "A", ""):
        expect("a ConfigMap %r" % name[:9], w.ask("POST", CMS, config(name)), 422, "metadata.name")
    expect("a path that leads out", w.ask("GET", CMS + "/..%2fx"), 404)


def test_objects_that_are_too_large():
    expect("a body of 3 MiB", w.ask("POST", CMS, {**config("big"), "data": {"a": "x" * (3 << 20)}}), 413)
    expect("data of 2 MiB", w.ask("POST", CMS, {**config("big"), "data": {"a": "x" * (2 << 20)}}), 422,
           "may not be more than 1048576 bytes")
    expect("annotations of 300 KiB", w.ask("POST", CMS, config("big", annotations={"a": "x" * (300 << 10)})), 422,
           "may not be more than 262144 bytes")
    text = json.dumps(config("deep"))[:-1] + ', "data": ' + '{"a":' * 20000 + "1" + "}" * 20000 + "}"
    expect("a nest of 20000", raw("POST", CMS, text), 400)


def raw(method, path, text):
    """A body that Python would not write."""
    import http.client
    c = http.client.HTTPSConnection(w.host, w.port, context=ssl._create_unverified_context(), timeout=60)
    c.request(method, path, text, {"Authorization": "Bearer " + w.token, "Content-Type": "application/json"})
    r = c.getresponse()
    answer = r.status, json.loads(r.read() or b"null")
    c.close()
    return answer


def test_a_hundred_thousand_labels():
    labels = {"l%d" % i: "v" for i in range(100000)}
    code, _ = w.ask("POST", CMS, config("labels", labels=labels))
    assert code in (201, 413, 422), code
    expect("a list by a label", w.ask("GET", CMS + "?labelSelector=l5%3Dv"), 200)
    w.delete(CMS + "/labels")


def test_states_of_the_future():
    expect("a list of the future", w.ask("GET", CMS + "?resourceVersion=99999999&resourceVersionMatch=Exact"), 504,
           "Too large resource version")


def test_patches_that_grow():
    w.post(CMS, {**config("patched"), "data": {"a": "x" * 1000}})
    copies = [{"op": "copy", "from": "/data", "path": "/data/c%d" % i} for i in range(64)]
    code, answer = w.ask("PATCH", CMS + "/patched", copies, "application/json-patch+json")
    assert 400 <= code < 500, (code, answer)
    many = [{"op": "test", "path": "/data/a", "value": "x"}] * 10001
    expect("10001 operations", w.ask("PATCH", CMS + "/patched", many, "application/json-patch+json"), 413, "10000")
    w.delete(CMS + "/patched")


def test_selectors_and_headers_without_end():
    for path, headers in ((CMS + "?labelSelector=" + "a," * (1 << 19) + "a", {}), (CMS, {"X-Long": "x" * (1 << 20)}),
                          (CMS, {"X-%d" % i: "x" for i in range(1000)})):
        try:
            code, _ = w.ask("GET", path, headers=headers)
            assert code in (400, 413, 414, 431), code
        except (OSError, json.JSONDecodeError):
            pass    # it was hung up on, or told without JSON
        expect("after a head without end", w.ask("GET", CMS), 200)


def test_expressions_and_schemas_that_cost_too_much():
    numbers = {"type": "array", "items": {"type": "integer"}}
    rule = "self.all(a, self.all(b, self.all(c, self.all(d, a + b + c + d > 0))))"
    expect("a rule of 10^12 steps", w.ask("POST", CRDS, definition("dear", {
        **numbers, "x-kubernetes-validations": [{"rule": rule}]})), 422, "cost")
    schema = {"type": "object"}
    for _ in range(2000):
        schema = {"type": "object", "properties": {"a": schema}}
    sys.setrecursionlimit(20000)
    code, _ = w.ask("POST", CRDS, definition("deep", schema))
    assert code in (201, 400, 413, 422), code
    w.delete(CRDS + "/deeps.example.com")
    expect("after a schema of 2000 levels", w.ask("GET", CRDS), 200)


def test_nobody_becomes_somebody_else():
    token = w.post("/api/v1/namespaces/default/serviceaccounts/default/token", {"spec": {}})["status"]["token"]
    plain = {"Authorization": "Bearer " + token}
    secrets = "/api/v1/namespaces/default/secrets"
    for headers in ({}, {"Impersonate-User": "admin"}, {"Impersonate-User": "x", "Impersonate-Group": "system:masters"},
                    {"impersonate-user": "admin"}, {"Impersonate-Uid": "1", "Impersonate-User": "admin"}):
        expect("a service account with %s" % headers, w.ask("GET", secrets, headers={**plain, **headers}), 403, "cannot")
    expect("an administrator as nobody", w.ask("GET", secrets, headers={"Impersonate-User": "nobody"}), 403,
           'User "nobody" cannot list')
    expect("a group without a user", w.ask("GET", secrets, headers={"Impersonate-Group": "system:masters"}), 400,
           "without impersonating a user")
    for wrong in ("Bearer " + token[:-6] + "AAAAAA", "Bearer x.y.z", "Bearer", "Basic YWRtaW46dA==", "Bearer " + "x" * 20000):
        code, _ = w.ask("GET", secrets, headers={"Authorization": wrong})
        assert code in (401, 403), (wrong[:20], code)


def test_watches_cost_little():
    context, streams, before = ssl._create_unverified_context(), [], resident()
    for _ in range(WATCHES):
        s = context.wrap_socket(socket.create_connection((w.host, w.port)))
        s.sendall(("GET %s?watch=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n" % (CMS, w.token)).encode())
        streams.append(s)
    for s in streams:
        assert s.recv(12) == b"HTTP/1.1 200"
    grown = resident() - before
    print("%d watches: %d KiB each" % (WATCHES, grown // WATCHES))
    assert grown < WATCHES * WATCH_KIB or not MEASURED, "%d KiB for %d watches" % (grown, WATCHES)
    expect("an object that all of them watch", w.ask("POST", CMS, config("watched")), 201)
    w.delete(CMS + "/watched")
    for s in streams:
        s.close()


def main():
    w.post(CMS, config("first"))
    before = resident()
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print("%s: %d MiB" % (name, resident() >> 10), flush=True)
            grown = resident() - before
            assert grown < GROWTH_KIB or test is test_watches_cost_little or not MEASURED, \
                "%s: it grew by %d KiB" % (name, grown)


main()
