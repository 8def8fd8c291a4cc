#!/usr/bin/env python3
"""`rill helm create`: helm_create.py RILL

What it writes is linted, packed and rendered. With helm ($PEERS) beside it the same arguments give
the same words, the same files and, for all kinds of values, the same objects.
"""
import json, os, re, shutil, subprocess, sys, tempfile

try:
    import yaml
except ImportError:
    print("helm_create.py: skipped: there is no Python module yaml")
    sys.exit(77)

from peers import find

HELM = os.environ.get("HELM") or find("helm")
tmp = tempfile.mkdtemp(prefix="helm-create.")
RILL = tmp + "/helm"
os.symlink(os.path.realpath(sys.argv[1]), RILL)
ENV = {"HOME": tmp + "/home", "PATH": os.environ["PATH"], "TMPDIR": tmp}
FILES = {".helmignore", "Chart.yaml", "values.yaml", "charts"} | {"templates/" + f for f in (
    "NOTES.txt", "_helpers.tpl", "deployment.yaml", "hpa.yaml", "httproute.yaml", "ingress.yaml", "service.yaml",
    "serviceaccount.yaml", "tests/test-connection.yaml")}
VALUES = [
    {},
    {"ingress": {"enabled": True, "className": "nginx", "annotations": {"a": "b"}, "tls": [{"secretName": "s", "hosts": ["h"]}]}},
    {"autoscaling": {"enabled": True}},
    {"autoscaling": {"enabled": True, "targetMemoryUtilizationPercentage": 70, "targetCPUUtilizationPercentage": None}},
    {"httpRoute": {"enabled": True, "annotations": {"a": "b"}}},
    {"httpRoute": {"enabled": True, "hostnames": [], "rules": [
        {"matches": [{"path": {"value": "/"}}], "filters": [{"type": "X"}]}, {"matches": [{"path": {"value": "/2"}}]}]}},
    {"serviceAccount": {"create": False}}, {"serviceAccount": {"create": False, "name": "x"}},
    {"serviceAccount": {"name": "y", "automount": False, "annotations": {"k": "v"}}},
    {"nameOverride": "nn"}, {"fullnameOverride": "f" * 70},
    {"podLabels": {"a": "b"}, "podAnnotations": {"c": "d"}, "podSecurityContext": {"fsGroup": 1},
     "securityContext": {"runAsUser": 2}, "resources": {"limits": {"cpu": 1}}, "nodeSelector": {"a": "b"},
     "image": {"tag": "t"}, "imagePullSecrets": [{"name": "z"}], "replicaCount": 3},
    {"tolerations": [{"key": "a"}], "affinity": {"a": {"b": "c"}}, "volumes": [{"name": "v"}],
     "volumeMounts": [{"name": "v", "mountPath": "/v"}], "livenessProbe": None, "readinessProbe": None},
    {"service": {"type": "NodePort", "port": 81}}, {"service": {"type": "LoadBalancer"}},
]


def run(program, *args, cwd=tmp, input=None):
    p = subprocess.run([program, *args], cwd=cwd, env=ENV, capture_output=True, text=True, input=input)
    return p.returncode, p.stdout, p.stderr


def tree(dir):
    out = {}
    for base, dirs, files in os.walk(dir):
        for f in files + [d for d in dirs if not os.listdir(os.path.join(base, d))]:
            path = os.path.join(base, f)
            out[os.path.relpath(path, dir)] = open(path, "rb").read() if os.path.isfile(path) else None
    return out


def objects(program, release, chart, values):
    code, out, errors = run(program, "template", release, chart, "-f", "-", input=json.dumps(values))
    assert code == 0, errors
    return [o for o in yaml.safe_load_all(out) if o]


def new_chart():
    assert run(RILL, "create", "web") == (0, "Creating web\n", "")
    assert set(tree(tmp + "/web")) == FILES, sorted(tree(tmp + "/web"))
    code, out, errors = run(RILL, "lint", "--strict", "web")
    assert code == 0 and "[INFO] Chart.yaml: icon is recommended" in out, out + errors
    assert run(RILL, "package", "web")[0] == 0
    kinds = [o["kind"] for o in objects(RILL, "r", "web", {})]
    assert kinds == ["ServiceAccount", "Service", "Deployment", "Pod"], kinds
    d = objects(RILL, "r", "web-0.1.0.tgz", {"image": {"tag": "9"}})[2]
    assert d["metadata"]["name"] == "r-web" and d["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:9", d
    for values in VALUES:
        assert "<CHARTNAME>" not in json.dumps(objects(RILL, "r", "web", values))
    # again: what is there is overwritten and told of
    open(tmp + "/web/values.yaml", "w").write("x: 1\n")
    open(tmp + "/web/own", "w").write("kept")
    code, out, errors = run(RILL, "create", tmp + "/web")
    warnings = re.findall(r'^WARNING: File "(.*)" already exists\. Overwriting\.$', out, re.M)
    assert code == 0 and out.startswith("Creating %s/web\n" % tmp) and tmp + "/web/values.yaml" in warnings, out
    assert tree(tmp + "/web")["own"] == b"kept" and b"x: 1" not in tree(tmp + "/web")["values.yaml"]


def starters():
    path = tmp + "/home/.local/share/helm/starters/mine"
    files = {"Chart.yaml": "apiVersion: v2\nname: mine\nversion: 3.0.0\nicon: x\n", "values.yaml": "# of <CHARTNAME>\na: <CHARTNAME>\n",
             "templates/a.yaml": "a: <CHARTNAME>-<CHARTNAME>\n", "README.md": "<CHARTNAME>\n", "values.schema.json": "{}",
             "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n"}
    for name, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(path, name)), exist_ok=True)
        open(os.path.join(path, name), "w").write(text)
    for starter in ("mine", path):
        assert run(RILL, "create", "next", "--starter", starter) == (0, "Creating next\n", ""), starter
        got = tree(tmp + "/next")
        assert set(got) == set(files) - {"charts/sub/Chart.yaml"} | {"charts/sub-1.0.0.tgz"}, sorted(got)
        assert got["values.yaml"] == b"# of next\na: next\n" and got["templates/a.yaml"] == b"a: next-next\n", got
        assert got["README.md"] == b"<CHARTNAME>\n"
        assert yaml.safe_load(got["Chart.yaml"]) == {
            "apiVersion": "v2", "name": "next", "type": "application", "version": "0.1.0", "appVersion": "0.1.0",
            "description": "A Helm chart for Kubernetes"}
        assert b"icon" not in got["Chart.yaml"]
    if not HELM:
        return
    os.makedirs(tmp + "/theirs", exist_ok=True)
    assert run(HELM, "create", "next", "-p", "mine", cwd=tmp + "/theirs")[0] == 0
    theirs = tree(tmp + "/theirs/next")
    got.pop("charts/sub-1.0.0.tgz"), theirs.pop("charts/sub-1.0.0.tgz")
    assert got == theirs, (got, theirs)


WRONG = (["create"], ["create", "a", "b"], ["create", "wr ong"], ["create", "n" * 251], ["create", "none/such/web"],
         ["create", "file"], ["create", "file/web"], ["create", "web2", "--starter", "unknown"], ["create", "web2", "--what"],
         ["create", "web2", "--chart-api-version", "v3"], ["create", "web2", "--chart-api-version", "v9"],
         ["create", "file", "--starter", "mine"])


def wrong():
    open(tmp + "/file", "w").close()
    for args in WRONG:
        ours = run(RILL, *args)
        assert ours[0] == 1 and ours[2].startswith("Error: "), (args, ours)
        theirs = run(HELM, *args) if HELM else ours
        assert ours == theirs, (args, ours, theirs)
    assert not os.path.exists(tmp + "/web2")


def beside_helm():
    if not HELM:
        return
    os.makedirs(tmp + "/helms")
    assert run(HELM, "create", "web", cwd=tmp + "/helms")[0] == 0
    assert set(tree(tmp + "/helms/web")) == FILES
    shutil.rmtree(tmp + "/web")
    run(RILL, "create", "web")
    assert yaml.safe_load(open(tmp + "/web/values.yaml")) == yaml.safe_load(open(tmp + "/helms/web/values.yaml"))
    for release in ("r", "web", "my-web-x", "r" * 50):
        for values in VALUES:
            ours, theirs = (objects(HELM, release, c, values) for c in ("web", "helms/web"))
            assert ours == theirs, (release, values, ours, theirs)


try:
    new_chart(), starters(), wrong(), beside_helm()
finally:
    shutil.rmtree(tmp)
