#!/usr/bin/env python3
"""`rill helm` and helm 4 do and say the same: helm_exchange.py RILL [GROUP...]

Every step runs in two namespaces of one server, by rill in the one and by helm in
the other, turn about: what one made the other goes on with. Output, exit
status, the stored records and the objects must be equal; what only reads is
asked by both programs of both namespaces. Without helm ($PEERS) it is skipped.
"""
import difflib, json, os, re, sys

from helm_world import DEPLOYMENT, World, masked, pack, plain, read_record, unfold
from peers import find

HELM = os.environ.get("HELM") or find("helm")
if not HELM:
    print("helm_exchange.py: skipped: there is no helm: make peers, or set $PEERS")
    sys.exit(77)
w = World(sys.argv[1])
RILL = w.dir + "/helm"
os.symlink(w.rill, RILL)
SPACES = ("nsa", "nsb")
NOISE = re.compile(r"^[IWE]\d{4} [\d:.]+ .*\n", re.M)     # of client-go
POD = re.compile(r"(for pod: \S+-)[a-z0-9]{5},")           # whose name is by chance
OBJECTS = ("/api/v1/namespaces/%s/configmaps", "/api/v1/namespaces/%s/secrets", "/api/v1/namespaces/%s/services",
           "/apis/apps/v1/namespaces/%s/deployments", "/api/v1/namespaces/%s/serviceaccounts")
failures, told, steps, turn = [], set(), 0, 0


def differ(title, ours, theirs):
    if ours == theirs:
        return False
    lines = difflib.unified_diff(theirs.splitlines(), ours.splitlines(), "helm", "rill", lineterm="", n=2)
    text = "\n".join(line[:600] for line in lines) or "line ends: %r, %r" % (theirs[-80:], ours[-80:])
    if text in told:
        return True
    told.add(text)
    failures.append(title)
    print("---- %s\n%s\n" % (title, text))
    return True


def differ_each(title, ours, theirs):
    """The same by name."""
    for name in sorted(set(ours) | set(theirs)):
        differ("%s: %s" % (title, name), ours.get(name, ""), theirs.get(name, ""))


def answer(program, ns, args, env=None):
    code, out, err = w.run(program, "-n", ns, *[a.replace("{ns}", ns) for a in args], env=env)
    return "exit status %d\n%s\nerrors:\n%s" % (code, in_order(out), POD.sub(r"\1POD,", NOISE.sub("", err)))


def in_order(text):
    """The blocks of `status` in an order: helm's is that of a Go map."""
    head, begin, rest = text.partition("RESOURCES:\n")
    if not begin:
        return text
    blocks, end, rest = rest.partition("\n\n\n")
    return head + begin + "\n\n".join(sorted(blocks.split("\n\n"))) + end + rest


def same(text):
    for ns in SPACES:
        text = text.replace(ns, "NS")
    return masked(re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UID", text))


def text_of(object):
    return same(json.dumps(object, indent=1))


def objects(ns):
    out = {}
    for path in OBJECTS:
        for o in (w.get(path % ns) or {}).get("items", []):
            name = o["metadata"]["name"]
            if name not in ("kube-root-ca.crt", "default") and o.get("type") != "helm.sh/release.v1":
                out[path.split("/")[-1] + "/" + name] = text_of(plain(o))
    return out


def stored(ns):
    out = {}
    for s in w.secrets(ns):
        m = s["metadata"]
        labels = {k: v if k not in ("createdAt", "modifiedAt") else "TIME" for k, v in m["labels"].items()}
        out[m["name"]] = text_of({"labels": labels, "type": s["type"], "record": read_record(s)})
    return out


def do(*args, env=None):
    """Something that changes the cluster: one program in each namespace."""
    global steps, turn
    steps, turn = steps + 1, 1 - turn
    ours, theirs = SPACES[turn], SPACES[1 - turn]
    title = "helm " + " ".join(args)
    a, b = answer(RILL, ours, args, env), answer(HELM, theirs, args, env)
    differ(title, same(a), same(b))
    differ_each(title, stored(ours), stored(theirs))
    differ_each(title, objects(ours), objects(theirs))


def ask(*args, env=None, of=SPACES):
    """Something that changes nothing: both programs, both namespaces."""
    global steps
    steps += 1
    for ns in of:
        if differ("helm -n %s %s" % (ns, " ".join(args)), masked(answer(RILL, ns, args, env)),
                  masked(answer(HELM, ns, args, env))):
            break


# ---- charts ------------------------------------------------------------------

WEB = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels: {colour: "{{ .Values.colour }}"}
data:
  colour: {{ .Values.colour | quote }}
  revision: "{{ .Release.Revision }}"
  upgrade: "{{ .Release.IsUpgrade }}"
---
apiVersion: v1
kind: Secret
metadata: {name: "{{ .Release.Name }}-hidden"}
stringData: {password: {{ .Values.colour | quote }}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-kept
  annotations: {helm.sh/resource-policy: keep}
---
""" + DEPLOYMENT + """{{- with .Values.extra }}
---
{{ toYaml . }}
{{- end }}
"""
HOOKS = """apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-before
  annotations:
    helm.sh/hook: pre-install,pre-upgrade,pre-rollback,pre-delete
    helm.sh/hook-weight: "-5"
    helm.sh/hook-delete-policy: hook-succeeded,before-hook-creation
data: {revision: "{{ .Release.Revision }}"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-after
  annotations:
    helm.sh/hook: post-install,post-upgrade
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-test
  annotations: {helm.sh/hook: test}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-test2
  annotations: {helm.sh/hook: test, helm.sh/hook-weight: "3"}
"""
CHART = """apiVersion: v2
name: web
version: %s
appVersion: "9"
description: A web
annotations: {b: c, a: d}
"""
FILES = {"Chart.yaml": CHART % "1.0.0", "values.yaml": "colour: red\nreplicas: 1\nlist: [1, 2]\ndeep: {a: 1, b: {c: 2}}\n",
         "templates/web.yaml": WEB, "templates/hooks.yaml": HOOKS,
         "templates/NOTES.txt": "It is {{ .Values.colour }}.\n\nRevision {{ .Release.Revision }}\n"}
unfold(w.dir + "/web", FILES)
unfold(w.dir + "/next", dict(FILES, **{"Chart.yaml": CHART % "1.1.0", "values.yaml": "colour: green\nreplicas: 2\nnew: 1\n"}))
unfold(w.dir + "/bare", {"Chart.yaml": "apiVersion: v2\nname: bare\nversion: 0.1.0\n",
                         "templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}}\n"})
unfold(w.dir + "/strict", dict(FILES, **{"values.schema.json": json.dumps(
    {"type": "object", "properties": {"replicas": {"type": "integer", "maximum": 3}, "colour": {"enum": ["red", "blue"]}}})}))
unfold(w.dir + "/broken", dict(FILES, **{"templates/web.yaml": "{{ fail .Values.colour }}"}))
unfold(w.dir + "/parent", {"Chart.yaml": "apiVersion: v2\nname: parent\nversion: 2.0.0\ndependencies:\n- {name: web, version: 1.0.0}\n",
                           "templates/NOTES.txt": "parent\n", "values.yaml": "web: {colour: sub}\n",
                           **{"charts/web/" + k: v for k, v in FILES.items()}})
# helm takes notes in the order of a Go map: one alone has none
unfold(w.dir + "/quiet", {"Chart.yaml": "apiVersion: v2\nname: quiet\nversion: 2.0.0\n",
                          **{"charts/web/" + k: v for k, v in FILES.items()}})
unfold(w.dir + "/old", dict(FILES, **{"Chart.yaml": (CHART % "1.0.0") + "kubeVersion: '>=1.99.0'\n"}))
unfold(w.dir + "/gone", dict(FILES, **{"Chart.yaml": (CHART % "1.0.0") + "deprecated: true\n"}))
unfold(w.dir + "/lib", {"Chart.yaml": "apiVersion: v2\nname: lib\nversion: 1.0.0\ntype: library\n", "templates/_a.tpl": ""})
RUN = """{{- range $name, $x := .Values.run }}
---
apiVersion: {{ $x.pod | ternary "v1" "batch/v1" }}
kind: {{ $x.pod | ternary "Pod" "Job" }}
metadata:
  name: {{ $.Release.Name }}-{{ $name }}
  annotations: {helm.sh/hook: "{{ $x.on }}", helm.sh/hook-weight: "{{ $x.weight | default 0 }}",
    helm.sh/hook-delete-policy: "{{ $x.policy | default "before-hook-creation" }}",
    helm.sh/hook-output-log-policy: "hook-failed,hook-succeeded"}
spec:
  {{- if $x.pod }}
  {restartPolicy: Never, containers: [{name: run, image: {{ $x.image }}}]}
  {{- else }}
  {backoffLimit: 0, template: {spec: {restartPolicy: Never, containers: [{name: run, image: {{ $x.image }}}]}}}
  {{- end }}
{{- end }}
"""
unfold(w.dir + "/run", dict(FILES, **{"templates/hooks.yaml": RUN}))
unfold(w.dir, {"values.yaml": "colour: blue\ndeep: {b: null}\n", "file.txt": "from a file\n", "bad.yaml": "a: [\n",
               "extra.yaml": "extra: {apiVersion: v1, kind: ConfigMap, metadata: {name: extra}, data: {a: b}}\n",
               "wrong.yaml": "extra: {apiVersion: v1, kind: ConfigMap, metadata: {name: extra}, data: {a: true}}\n"})
open(w.dir + "/web-1.0.0.tgz", "wb").write(pack("web", FILES))


# ---- steps -------------------------------------------------------------------

def install():
    do("install", "web", "./web")
    do("install", "web", "./web")
    do("install", "packed", "web-1.0.0.tgz", "-o", "json")
    do("install", "second", "./web", "-o", "yaml", "--set", "colour=blue")
    do("install", "fixed", "./bare")
    do("install", "--name-template", "named-{{ 1 }}", "./bare")
    do("install", "a", "./bare", "--name-template", "x")
    do("install", "a", "./bare", "--generate-name")
    do("install", "./bare")
    do("install")
    do("install", "a", "b", "c", "d")
    do("install", "Bad_Name", "./bare")
    do("install", "a-name-that-is-longer-than-fifty-three-characters-is-bad", "./bare")
    do("install", "a", "./missing")
    do("install", "a", "missing/chart")
    do("install", "a", "./bad.yaml")
    do("install", "a", "./lib")
    do("install", "a", "./old")
    do("install", "a", "./gone", "--hide-notes")
    do("install", "a", "./broken")
    do("install", "parent", "./parent")
    do("install", "parent2", "./quiet", "--render-subchart-notes", "--description", "a parent")


def values():
    do("install", "v1", "./web", "-f", "values.yaml", "--set", "a.b=1,c[0]=x", "--set-string", "s=1", "--set-json",
       'j={"a":[1,2]}', "--set-file", "f=file.txt", "--set-literal", "l=a,b=c")
    do("install", "v2", "./web", "-f", "missing.yaml")
    do("install", "v2", "./web", "-f", "bad.yaml")
    do("install", "v2", "./web", "--set", "a[")
    do("install", "v2", "./web", "--set-json", "a={")
    do("install", "v2", "./web", "--set-file", "a=missing.txt")
    do("install", "v2", "./strict", "--set", "replicas=5")
    do("install", "v2", "./strict", "--set", "replicas=x,colour=green")
    do("install", "v2", "./strict", "--set", "replicas=5", "--skip-schema-validation")
    for o in ("table", "json", "yaml"):
        ask("get", "values", "v1", "-o", o)
        ask("get", "values", "v1", "-a", "-o", o)
    ask("get", "values", "web")


def flags():
    for dry in ("client", "server", "none", "bogus", "true", "false"):
        do("install", "dry-" + dry, "./web", "--dry-run=" + dry)
    do("install", "dry", "./web", "--dry-run")
    do("install", "dry", "./web", "--dry-run=client", "-o", "json")
    do("install", "dry", "./web", "--dry-run=client", "-o", "yaml", "--hide-notes")
    do("install", "dry", "./web", "--dry-run=client", "--hide-secret")
    do("install", "dry", "./web", "--hide-secret")
    do("install", "labelled", "./bare", "--labels", "a=b,c=d")
    do("install", "x", "./bare", "--labels", "name=b")
    do("install", "nohooks", "./web", "--no-hooks")
    do("install", "quiet", "./web", "--hide-notes")
    do("install", "bad", "./web", "-f", "wrong.yaml")
    do("install", "bad", "./web", "-f", "wrong.yaml", "--replace")
    do("install", "bad2", "./web", "-f", "wrong.yaml", "--rollback-on-failure", "--timeout", "20s")
    do("install", "atomic", "./bare", "--atomic")
    do("install", "forced", "./bare", "--force")
    do("install", "x", "./bare", "--force-conflicts", "--force-replace")
    do("install", "client", "./web", "--server-side=false")
    do("install", "x", "./bare", "--server-side=bogus")
    do("install", "x", "./bare", "--wait=bogus")
    do("install", "waited", "./bare", "--wait")
    do("install", "waited2", "./bare", "--wait=legacy", "--wait-for-jobs")
    do("install", "waited3", "./bare", "--wait=true")
    do("install", "x", "./bare", "--timeout", "bogus")
    do("install", "x", "./bare", "-o", "bogus")
    do("install", "x", "./bare", "--bogus")
    do("install", "x", "./web", "--set", "extra.kind=ConfigMap")
    do("install", "x", "./web", "--set", "extra.kind=Unknown,extra.apiVersion=v9,extra.metadata.name=x")
    do("install", "owner", "./web", "-f", "extra.yaml")
    do("install", "thief", "./web", "-f", "extra.yaml")
    do("install", "thief", "./web", "-f", "extra.yaml", "--take-ownership", "--force-conflicts")
    do("install", "x", "./web", "--verify")
    do("install", "x", "web-1.0.0.tgz", "--verify")
    do("install", "x", "./web", "--version", "9.9.9", "--dry-run=client")
    do("install", "made", "./bare", "-n", "{ns}x")
    do("install", "made", "./bare", "-n", "{ns}x", "--create-namespace")


# What helm says of its storage and its waits, and before an action, is not ours to say.
OTHERS = re.compile(r'msg="?(getting |creating release"|updating release"|deleting release"|pruned records|waiting for resource|'
                    r'all resources achieved|number of dependencies|Original chart version|Chart path)')


def steps_of(program, ns, args):
    """The lines of --debug about an action and its objects; those of one kind helm sends in no order."""
    _, _, errors = w.run(program, "-n", ns, "--debug", *args)
    lines = [masked(line) for line in errors.splitlines() if line.startswith("level=") and not OTHERS.search(line)]
    return same("\n".join(sorted(lines)))


def debug():
    """Each step of an action, as --debug tells it; the controller's events have the same lines."""
    global steps
    for args in (["install", "told", "./web"], ["upgrade", "told", "./web", "--set", "colour=blue"],
                 ["upgrade", "told", "./bare"], ["upgrade", "told", "./web", "-f", "wrong.yaml", "--cleanup-on-fail"],
                 ["upgrade", "told", "./web", "--server-side=false", "--force-replace", "--reuse-values"],
                 ["upgrade", "told", "./web", "--server-side=true", "--force-conflicts", "--no-hooks"],
                 ["upgrade", "told", "./web", "--dry-run=server", "--reset-then-reuse-values"],
                 ["rollback", "told", "1"], ["rollback", "told", "1", "--dry-run=server"], ["uninstall", "told", "--dry-run"],
                 ["uninstall", "told", "--keep-history", "--no-hooks"], ["install", "wrong", "./web", "-f", "wrong.yaml"],
                 ["install", "Bad_Name", "./web"], ["install", "over", "./web", "--take-ownership", "--force-conflicts"],
                 ["uninstall", "over"]):
        steps += 1
        differ("--debug of helm %s" % " ".join(args), steps_of(RILL, SPACES[0], args), steps_of(HELM, SPACES[1], args))


def rendered():
    """`template` that asks the cluster."""
    do("install", "first", "./web", "-f", "extra.yaml")
    for more in ([], ["--no-hooks"], ["--api-versions", "a/v1", "--kube-version", "1.20"], ["--skip-tests"], ["--is-upgrade"]):
        ask("template", "new", "./web", "--dry-run=server", *more)
    ask("template", "first", "./web", "--dry-run=server")
    ask("template", "thief", "./web", "-f", "extra.yaml", "--dry-run=server")
    ask("template", "thief", "./web", "-f", "extra.yaml", "--dry-run=server", "--take-ownership")
    ask("template", "thief", "./web", "-f", "extra.yaml", "--dry-run=server", "--is-upgrade")
    ask("template", "x", "./web", "--dry-run=server", "--set", "extra.kind=Unknown,extra.apiVersion=v9,extra.metadata.name=x")
    ask("template", "x", "./web", "--validate")
    ask("template", "x", "./web", "--validate", "--dry-run=client")
    ask("template", "x", "./web", "--dry-run=server", "--kubeconfig", "/none", of=SPACES[:1])
    ask("template", "x", "./broken", "--dry-run=server", of=SPACES[:1])
    ask("install", "x", "./web", "--kubeconfig", "/none", of=SPACES[:1])
    ask("uninstall", "first", "--dry-run")
    ask("uninstall", "none", "--dry-run")
    do("uninstall", "first")


def run(on, image, *more, pod=False, name="x", **how):
    how = {"on": on, "image": image, "pod": pod, **how}
    return ["--set-json", "run." + name + "=" + json.dumps(how), *more]


def hooks():
    for wait in ("hookOnly", "watcher", "legacy"):
        n = "h" + wait[0].lower()
        do("install", n, "./run", "--wait=" + wait, *run("pre-install,post-upgrade", "sim-exit-0"))
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "8s", *run("pre-upgrade", "sim-exit-3"))
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "8s", *run("post-upgrade", "sim-exit-3", policy="hook-failed"))
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "8s", *run("pre-upgrade", "sim-exit-3", pod=True))
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "8s", *run("pre-upgrade", "sim-exit-0", pod=True, policy="hook-succeeded"))
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "3s", *run("pre-upgrade", "sim-not-ready", pod=True))
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "3s", *run("pre-upgrade", "sim-not-ready"))
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "8s", *run("pre-upgrade", "sim-exit-0", policy="hook-succeeded", weight=-1),
           *run("pre-upgrade", "sim-exit-1", name="y", policy="hook-failed"))
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "8s", *run("test", "sim-exit-1", pod=True))
        do("test", n, "--timeout", "8s")
        do("test", n, "--logs", "--timeout", "8s")
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "8s", *run("test", "sim-exit-0", pod=True))
        do("test", n, "--logs", "--timeout", "8s")
        do("upgrade", n, "./run", "--wait=" + wait, "--timeout", "8s", *run("pre-delete", "sim-exit-1", name="z"))
        do("uninstall", n, "--wait=" + wait, "--timeout", "8s")
        do("uninstall", n, "--wait=" + wait, "--no-hooks")


def no_logs():
    """Of somebody who may do all but read what Pods say."""
    someone = ["--kube-as-user", "someone"]
    rights = [{"apiGroups": ["*"], "resources": ["secrets", "configmaps", "pods", "jobs", "deployments", "services"], "verbs": ["*"]}]
    for ns in SPACES:
        rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/%s/" % ns
        w.post(rbac + "roles", {"metadata": {"name": "mute"}, "rules": rights})
        w.post(rbac + "rolebindings", {"metadata": {"name": "mute"}, "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "mute"},
                                       "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io", "name": "someone"}]})
    do("install", "mute", "./run", "--timeout", "8s", *run("pre-install", "sim-exit-0", pod=True), *someone)
    do("upgrade", "mute", "./run", "--timeout", "8s", *run("pre-upgrade", "sim-exit-3", pod=True), *someone)
    for image in "sim-exit-0", "sim-exit-1":
        do("upgrade", "mute", "./run", "--timeout", "8s", *run("test", image, pod=True), *someone)
        do("test", "mute", "--logs", "--timeout", "8s", *someone)
    do("uninstall", "mute")


def memory():
    """Releases out of files, without a cluster."""
    records = [read_record(s) for ns in SPACES[:1] for s in w.secrets(ns) if s["metadata"]["labels"]["name"] in ("hh", "web", "packed")]
    for r in records:
        r["namespace"] = "nsa" if r["name"] != "packed" else ""
    open(w.dir + "/memory.yaml", "w").write(json.dumps(records[1:]))
    open(w.dir + "/more.yaml", "w").write(json.dumps(records[:1]))
    env = {"HELM_DRIVER": "memory", "HELM_MEMORY_DRIVER_DATA": "memory.yaml:more.yaml", "KUBECONFIG": "/none"}
    for o in ("table", "json", "yaml"):
        ask("list", "-o", o, env=env)
        ask("history", "web", "-o", o, env=env)
        ask("status", "web", "-o", o, env=env)
        ask("get", "values", "web", "-o", o, env=env)
        ask("get", "metadata", "packed", "-o", o, env=env, of=SPACES[:1])
    ask("list", "-q", "-m", "1", env=env)
    ask("get", "all", "web", env=env)
    ask("get", "manifest", "nothing", env=env)


def upgrade():
    do("upgrade", "web", "./next")
    do("upgrade", "web", "./web", "--set", "colour=blue", "-o", "json")
    do("upgrade", "web", "./next")
    do("upgrade", "web", "./next", "--set", "replicas=3", "--reuse-values")
    do("upgrade", "web", "./web", "--set", "replicas=4", "--reset-then-reuse-values", "-o", "yaml")
    do("upgrade", "web", "./next", "--reset-values", "--description", "as it was")
    do("upgrade", "web")
    do("upgrade", "nothing", "./web")
    do("upgrade", "Bad_", "./web")
    do("upgrade", "fresh", "./web", "--install")
    do("upgrade", "fresh", "./web", "--install")
    do("upgrade", "fresh2", "./web", "-i", "-o", "json")
    do("upgrade", "fresh3", "./web", "-i", "--dry-run=client")
    do("upgrade", "web", "./next", "--dry-run=client")
    do("upgrade", "web", "./next", "--dry-run=server", "--hide-notes")
    do("upgrade", "web", "./next", "--dry-run=server", "--hide-secret", "-o", "yaml")
    do("upgrade", "web", "./broken")
    do("upgrade", "web", "./strict", "--set", "colour=pink")
    do("upgrade", "web", "./next", "--set", "extra.kind=Unknown,extra.apiVersion=v9,extra.metadata.name=x")
    do("upgrade", "web", "./next", "-f", "wrong.yaml")
    do("upgrade", "web", "./next", "-f", "wrong.yaml", "--cleanup-on-fail")
    do("upgrade", "web", "./next", "-f", "wrong.yaml", "--rollback-on-failure", "--timeout", "20s")
    do("upgrade", "web", "./next", "-f", "extra.yaml", "--set", "extra.metadata.name=mine")
    do("upgrade", "web", "./next", "--reset-values")
    do("upgrade", "web", "./next", "--history-max", "3")
    do("upgrade", "web", "./next", "--no-hooks", "--labels", "x=y,z=1")
    do("upgrade", "web", "./next", "--labels", "x=null")
    do("upgrade", "web", "./next", "--force-replace")
    do("upgrade", "web", "./next", "--force-replace", "--server-side=false", "--set", "colour=forced")
    do("upgrade", "client", "./next", "--set", "colour=csa")
    do("upgrade", "client", "./next", "--set", "colour=ssa", "--server-side=true")
    do("upgrade", "client", "./next", "--set", "colour=csa", "--server-side=false")
    do("upgrade", "web", "./bare")
    do("upgrade", "web", "./next", "--wait", "--timeout", "30s", "--set", "replicas=0")
    do("upgrade", "web", "./next", "-f", "extra.yaml")
    do("upgrade", "web", "./next", "-f", "extra.yaml", "--take-ownership", "--force-conflicts")


def look():
    for o in ("table", "json", "yaml"):
        ask("list", "-o", o)
        ask("list", "-q", "-o", o)
        ask("history", "web", "-o", o)
        ask("history", "web", "--show-rollback-revision", "-o", o)
        ask("status", "web", "-o", o)
        ask("status", "labelled", "--revision", "1", "-o", o)
        ask("get", "metadata", "web", "-o", o)
        ask("get", "metadata", "labelled", "-o", o)
        ask("get", "metadata", "parent", "-o", o)
    ask("list", "-o", "bogus")
    for f in ("--failed", "--deployed", "--pending", "--superseded", "--uninstalled", "--uninstalling", "-r", "--no-headers"):
        ask("list", f)
    for f in ((), ("-r",)):     # helm looks at seconds only: the first and the last are far enough apart
        ask("list", "-d", "-q", "-m", "1", "-f", "^(packed|waited3)$", *f)
    ask("list", "-m", "2")
    ask("list", "-m", "2", "--offset", "3")
    ask("list", "-m", "0", "-q")
    ask("list", "--offset", "500")
    ask("list", "--offset", "500", "-o", "json")
    ask("list", "--failed", "-f", "^none$", "-q")
    ask("list", "--failed", "-f", "^none$", "-o", "yaml")
    ask("list", "-f", "^w")
    ask("list", "-f", "(")
    ask("list", "-l", "a=b")
    ask("list", "-l", "a=(")
    ask("list", "-l", "a in (b,c),c!=e", "-q")
    ask("list", "--time-format", "2006-01-02")
    ask("list", "--superseded", "--deployed")
    ask("list", "extra")
    ask("list", "-A", "-q", of=SPACES[:1])
    for name in ("web", "parent", "client", "bad", "nothing", "Bad_"):
        ask("get", "all", name)
        ask("get", "manifest", name)
        ask("get", "hooks", name)
        ask("get", "notes", name)
        ask("status", name)
        ask("history", name)
    ask("get", "all", "web", "--template", "{{ .Release.Name }} {{ .Release.Info.Status }} {{ .Release.Version }}")
    ask("get", "all", "web", "--template", "{{ .Release.Chart.Metadata.Name }}: {{ range .Release.Hooks }}{{ .Name }} {{ end }}")
    ask("get", "all", "web", "--template", "{{ .Release.Info.LastDeployed }} {{ .Release.Chart.Metadata.KubeVersion }}")
    ask("get", "values", "web", "--revision", "99")
    ask("get", "manifest", "web", "--revision", "99")
    ask("get", "values")
    ask("get", "notes", "web", "extra")
    ask("history", "web", "--max", "2")
    ask("history", "web", "--max", "0")
    ask("history", "web", "--max", "1", "-o", "yaml")
    ask("history")
    ask("status", "web", "--revision", "99")
    ask("status")


def rollback():
    do("rollback", "web")
    do("rollback", "web", "1")
    do("rollback", "fresh", "1")
    do("rollback", "fresh", "1", "--dry-run")
    do("rollback", "fresh", "1", "--dry-run=client")
    do("rollback", "fresh", "99")
    do("rollback", "fresh", "x")
    do("rollback", "nothing")
    do("rollback")
    do("rollback", "Bad_")
    do("rollback", "client", "1", "--no-hooks")
    do("rollback", "client", "2", "--server-side=true")
    do("rollback", "client", "1", "--force-replace", "--server-side=false")
    do("rollback", "client", "3", "--server-side=bogus")
    do("rollback", "client", "99", "--server-side=bogus")
    do("rollback", "nothing", "--server-side=bogus")
    do("upgrade", "nothing", "./web", "--server-side=bogus")
    do("upgrade", "client", "./broken", "--server-side=bogus")
    do("upgrade", "client", "./web", "--server-side=bogus")
    do("upgrade", "bogus", "./bare", "--server-side=bogus", "--install")
    do("uninstall", "bogus")
    do("rollback", "client", "1", "--force-replace", "--force-conflicts")
    do("rollback", "client", "1", "--force", "--force-conflicts")
    do("rollback", "nothing", "x", "--description", "x" * 257)
    do("rollback", "client", "1", "--dry-run=bogus", "--description", "x" * 257)
    do("rollback", "fresh", "0", "--cleanup-on-fail", "--history-max", "2")
    do("rollback", "fresh", "--wait", "--wait-for-jobs", "--timeout", "20s")
    do("rollback", "fixed", "1", "--force-conflicts", "--description", "back again")
    do("rollback", "fixed", "1", "--recreate-pods")
    do("rollback", "packed")


def test():
    do("test", "web")
    do("test", "web", "--filter", "name=web-test")
    do("test", "web", "--filter", "!name=web-test")
    do("test", "web", "--filter", "name=none")
    do("test", "web", "--filter", "bogus")
    do("test", "web", "--logs")
    do("test", "fixed")
    do("test", "nothing")
    do("test")
    do("test", "web", "--timeout", "20s")


def uninstall():
    do("uninstall", "web", "--dry-run")
    do("uninstall", "web")
    do("uninstall", "web")
    do("uninstall", "web", "--ignore-not-found")
    do("uninstall", "nothing", "fixed")
    do("uninstall", "fixed", "packed")
    do("uninstall", "fresh", "--keep-history", "--description", "enough")
    do("uninstall", "fresh", "--keep-history")
    ask("list", "--uninstalled")
    ask("status", "fresh")
    ask("history", "fresh")
    do("upgrade", "fresh", "./web")
    do("install", "fresh", "./web", "--replace")
    do("uninstall", "fresh", "--keep-history")
    do("upgrade", "fresh", "./web", "--install")
    do("rollback", "fresh", "1")
    do("uninstall", "fresh", "--cascade", "bogus")
    do("uninstall", "fresh", "--cascade", "orphan")
    do("uninstall", "client", "--cascade", "foreground", "--wait", "--timeout", "30s")
    do("uninstall", "second", "--no-hooks", "--wait=legacy", "--timeout", "30s")
    do("uninstall", "owner")
    do("uninstall", "thief", "--wait=hookOnly")
    do("uninstall")
    do("uninstall", "Bad_")
    do("uninstall", "parent")


def verify():
    ask("verify", "missing.tgz", of=SPACES[:1])
    ask("verify", "web", of=SPACES[:1])
    ask("verify", "web-1.0.0.tgz", of=SPACES[:1])
    ask("verify", of=SPACES[:1])
    ask("verify", "web-1.0.0.tgz", "--keyring", "none", of=SPACES[:1])


for ns in SPACES:
    w.namespace(ns)
for group in (install, values, flags, rendered, debug, hooks, no_logs, upgrade, look, memory, rollback, test, uninstall, verify):
    if len(sys.argv) > 2 and group.__name__ not in sys.argv[2:]:
        continue
    group()
print("helm_exchange.py: %d steps, %d differ" % (steps, len(failures)))
for f in failures:
    print("   " + f)
sys.exit(1 if failures else 0)
