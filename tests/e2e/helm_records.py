#!/usr/bin/env python3
"""The records of charts that people use, as helm 4 makes them: helm_records.py RILL SHARED [CHART...]

Each chart of the corpus below SHARED is installed with the same values by rill
and by helm, each on a server of its own. The stored records must be the same
text, and the objects the same, but for times. Skipped without helm ($PEERS) or
the corpus.
"""
import base64, difflib, gzip, json, os, re, sys

from helm_world import World, masked, plain
from peers import find

HELM = find("helm")
REAL = os.path.join(sys.argv[2], "corpus", "helm", "real")
if not HELM or not os.path.isdir(REAL):
    print("helm_records.py: skipped: there is no helm (make peers, or set $PEERS), or no %s" % REAL)
    sys.exit(77)

# Chart, and the case of the corpus whose values are taken.
CHARTS = [("alertmanager", "config-reload-values"), ("argo-events", "test-values"),
          ("argocd-image-updater", "default"), ("external-secrets", "default"), ("fluent-bit", "default"),
          ("grafana-agent-operator", "default"), ("ingress-nginx", "controller-configmap-addheaders-values"),
          ("jiralert", "test-values"), ("kube-state-metrics", "02-custom-resource-state-only-values"), ("memcached", "generic"),
          ("metrics-server", "default"), ("node-exporter", "generic"), ("podinfo", "values-prod"), ("prometheus", "default"),
          ("prometheus-blackbox-exporter", "default-values"), ("prometheus-fastly-exporter", "default"),
          ("prometheus-kafka-exporter", "default"), ("prometheus-node-exporter", "common-labels-values"),
          ("prometheus-pingmesh-exporter", "extraenv-values"), ("prometheus-rabbitmq-exporter", "default-values"),
          ("reloader", "default"), ("traefik", "default"), ("victoria-logs-single", "default"),
          ("victoria-traces-single", "default")]
KINDS = ("/api/v1/namespaces/%s/configmaps", "/api/v1/namespaces/%s/services", "/api/v1/namespaces/%s/serviceaccounts",
         "/apis/apps/v1/namespaces/%s/deployments", "/apis/apps/v1/namespaces/%s/statefulsets",
         "/apis/apps/v1/namespaces/%s/daemonsets", "/apis/rbac.authorization.k8s.io/v1/namespaces/%s/roles")
# What those charts make up anew each time.
RANDOM = re.compile(r"(?<=-test-)[a-z0-9]{5}\b")


def flags_of(chart, case):
    cases = json.load(open(os.path.join(REAL, chart, "case.json")))["cases"]
    args = next(c for c in cases if c["name"] == case)["args"]
    out, i = [], 2
    while i < len(args):
        if args[i] in ("-n", "--kube-version", "--namespace", "-a", "--api-versions"):
            i += 1
        elif args[i] in ("-f", "--values"):
            out += ["-f", os.path.join(REAL, chart, args[i + 1])]
            i += 1
        else:
            out.append(args[i])
        i += 1
    return [os.path.join(REAL, chart, args[1])] + out


def text_of(o):
    return RANDOM.sub("RANDOM", masked(json.dumps(o, indent=1)))


def made(w, ns):
    out = {}
    for s in w.secrets(ns):
        bytes_ = gzip.decompress(base64.b64decode(base64.b64decode(s["data"]["release"])))
        labels = {k: "TIME" if k in ("createdAt", "modifiedAt") else v for k, v in s["metadata"]["labels"].items()}
        out["text of " + s["metadata"]["name"]] = RANDOM.sub("RANDOM", masked(bytes_.decode()))
        out[s["metadata"]["name"]] = text_of({"labels": labels, "type": s["type"], "record": json.loads(bytes_)})
    for path in KINDS:
        for o in (w.get(path % ns) or {}).get("items", []):
            if o["metadata"]["name"] not in ("kube-root-ca.crt", "default"):
                out[path.split("/")[-1] + "/" + RANDOM.sub("RANDOM", o["metadata"]["name"])] = text_of(plain(o))
    return out


def compare(chart, ours, theirs):
    differ = [name for name in sorted(set(ours) | set(theirs)) if ours.get(name) != theirs.get(name)]
    for name in differ:
        a, b = theirs.get(name, ""), ours.get(name, "")
        if name.startswith("text of"):
            print("---- %s: %s: %d bytes, not %d" % (chart, name, len(b), len(a)))
            continue
        print("---- %s: %s" % (chart, name))
        for line in list(difflib.unified_diff(a.splitlines(), b.splitlines(), "helm", "rill", lineterm="", n=2))[:60]:
            print(line[:300])
    return differ


def main():
    worlds = [(World(sys.argv[1], "--no-sim"), program) for program in (None, HELM)]
    failed = []
    for chart, case in CHARTS:
        if len(sys.argv) > 3 and chart not in sys.argv[3:]:
            continue
        flags, seen = flags_of(chart, case), []
        for w, program in worlds:
            ns = "ns-" + chart[:30]
            w.namespace(ns)
            command = [program] if program else [w.rill, "helm"]
            code, out, err = w.run(*command, "install", "rel", *flags, "-n", ns, "--take-ownership", "--timeout", "60s", "--no-hooks")
            seen.append(dict(made(w, ns), answer="%d\n%s\n%s" % (code, RANDOM.sub("RANDOM", masked(out)), masked(err))))
            w.run(*command, "uninstall", "rel", "-n", ns, "--no-hooks")
        differ = compare(chart, *seen)
        failed += [chart] if differ else []
        ours = [name for name in seen[0] if "/" in name]
        if "sh.helm.release.v1.rel.v1" not in seen[0]:
            failed.append(chart)
        print("%s (%s): %s, %d objects" % (chart, case, "differs" if differ else "equal", len(ours)), flush=True)
    return failed


failed = main()
sys.exit("differ: " + ", ".join(failed) if failed else 0)
