"""Command lines of flux, good ones and bad ones: what flux_beside_cli.py asks.

`lines` makes them from the commands and flags that the help lists, from the
tables below, and from dice with a seed. A line is a list of words; the objects
and files that they name are those of flux_beside_world.py.
"""
import itertools
import random
import re

# ---- the kinds: word of get, word of the other verbs, a few names, and whether reconcile knows it
KINDS = (
    ("sources git", "source git", ("flux-system", "failing", "paused"), True),
    ("sources oci", "source oci", ("manifests", "digest"), True),
    ("sources helm", "source helm", ("podinfo", "podinfo-oci"), True),
    ("sources chart", "source chart", ("podinfo-podinfo", "git-chart"), True),
    ("sources bucket", "source bucket", ("minio",), True),
    ("sources external", "source external", ("my-artifact",), False),
    ("artifacts generators", "artifact generator", ("my-gen",), False),
    ("kustomizations", "kustomization", ("flux-system", "podinfo", "broken", "fresh"), True),
    ("helmreleases", "helmrelease", ("podinfo", "failed", "byref"), True),
    ("images repository", "image repository", ("podinfo",), True),
    ("images policy", "image policy", ("podinfo", "none"), True),
    ("images update", "image update", ("flux-system",), True),
    ("alerts", "alert", ("on-call",), False),
    ("alert-providers", "alert-provider", ("slack",), False),
    ("receivers", "receiver", ("github",), True),
)
ALIASES = {"kustomizations": ("ks", "kustomization"), "helmreleases": ("hr", "helmrelease"), "alerts": ("alert",),
           "alert-providers": ("alert-provider",), "receivers": ("receiver",), "sources git": ("source git",),
           "images repository": ("image repository",), "artifacts generators": ("artifact generator",),
           "kustomization": ("ks",), "helmrelease": ("hr",)}
READERS = {"get", "export", "tree", "trace", "stats", "events", "debug", "version", "check", "completion", "envsubst"}
NAMES = ("", "nope", "A_b", "a.b", "a/b", "-", "x" * 70)

# ---- a call of each command that works, or comes far
BASES = {
    "create alert": "xx --provider-ref=slack --event-source=Kustomization/*",
    "create alert-provider": "xx --type=slack --channel=general --address=https://example.com",
    "create helmrelease": "xx --source=HelmRepository/podinfo --chart=podinfo",
    "create image policy": "xx --image-ref=podinfo --select-semver=6.x",
    "create image repository": "xx --image=ghcr.io/stefanprodan/podinfo",
    "create image update": "xx --git-repo-ref=flux-system --checkout-branch=main --author-name=a --author-email=a@b",
    "create kustomization": "xx --source=GitRepository/flux-system --path=./ks",
    "create receiver": "xx --type=github --event=ping --secret-ref=s --resource=GitRepository/webapp",
    "create secret git": "xx --url=https://example.com/a.git --username=u --password=p",
    "create secret githubapp": "xx --app-id=1 --app-installation-id=2 --app-private-key=./key.pem",
    "create secret helm": "xx --username=u --password=p",
    "create secret notation": "xx --ca-cert-file=./ca.crt --trust-policy-file=./policy.json",
    "create secret oci": "xx --url=ghcr.io --username=u --password=p",
    "create secret proxy": "xx --address=https://proxy:1 --username=u --password=p",
    "create secret receiver": "xx --token=t --type=github --hostname=h.example.com",
    "create secret tls": "xx --tls-crt-file=./tls.crt --tls-key-file=./tls.key",
    "create source bucket": "xx --bucket-name=b --endpoint=minio:9000 --access-key=a --secret-key=b",
    "create source chart": "xx --source=HelmRepository/podinfo --chart=podinfo",
    "create source git": "xx --url=https://example.com/a.git --branch=main",
    "create source helm": "xx --url=https://example.com/charts",
    "create source oci": "xx --url=oci://ghcr.io/a/b --tag=1",
    "create tenant": "xx --with-namespace=apps",
    "build kustomization": "podinfo --path=./ks",
    "diff kustomization": "podinfo --path=./ks --progress-bar=false",
    "build artifact": "--path=./ks --output=./out.tgz",
    "diff artifact": "oci://127.0.0.1:1/a/b:1 --path=./ks",
    "push artifact": "oci://127.0.0.1:1/a/b:1 --path=./ks --source=s --revision=r",
    "pull artifact": "oci://127.0.0.1:1/a/b:1 --output=./outdir",
    "tag artifact": "oci://127.0.0.1:1/a/b:1 --tag=2",
    "list artifacts": "oci://127.0.0.1:1/a/b",
    "debug helmrelease": "podinfo -n podinfo --show-values",
    "debug kustomization": "podinfo --show-vars",
    "tree kustomization": "flux-system",
    "tree artifact generator": "my-gen",
    "trace": "deployment podinfo -n podinfo",
    "trigger receiver": "r --url=http://127.0.0.1:1 --token=t --retries=0",
    "migrate": "-f ./old --yes",
    "install": "--export",
    "uninstall": "--dry-run --silent",
    "check": "--pre",
    "events": "-A",
    "bootstrap git": "--url=https://127.0.0.1:1/a.git --branch=main --password=p --path=x",
    "bootstrap github": "--owner=o --repository=r",
    "bootstrap gitlab": "--owner=o --repository=r",
    "bootstrap gitea": "--owner=o --repository=r",
    "bootstrap bitbucket-server": "--owner=o --repository=r --hostname=h --username=u",
}

# ---- values of flags, by the name or the type
FILES = ("./key.pem", "./nope", "", "./ks", "./ca.crt", "./broken.yaml")
VALUES = {
    "path": ("./ks", "ks", ".", "", "./nope", "./values.yaml", "/etc/hostname", "ABS/ks"), "chart": ("podinfo", "./c", "", "a/b"),
    "output": ("json", "yaml", "x", "", "./out.tgz", "./nope/out"), "url": ("https://example.com/a", "http://e/x", "ssh://git@e.com/a",
        "ssh://git@127.0.0.1:1/a", "oci://ghcr.io/a/b", "git@e.com:a/b", "://x", "", "ftp://e/a", "http://u:p@e/a", "x y"),
    "source": ("GitRepository/flux-system", "gitrepository/a", "OCIRepository/m.ns", "Bucket/b", "x", "Foo/b", "", "HelmRepository/p.ns.x",
               "GitRepository/", "/a", "HelmChart/x", "ExternalArtifact/e"),
    "chart-ref": ("OCIRepository/a", "HelmChart/b.ns", "Foo/a", "a", "", "ExternalArtifact/x"),
    "values": ("./values.yaml", "./nope", "./broken.yaml", "./values.yaml,./more.yaml", "", "./ks"),
    "values-from": ("ConfigMap/c", "Secret/s", "Secret/s.k", "Foo/c", "c", "", "configmap/c", "ConfigMap/"),
    "depends-on": ("a", "a/b", "a/b/c", "a,b", "", "A_b"), "label": ("a=b", "a", "a=b,c=d", "=b", "a=", "a=b=c", "A B=c", ""),
    "labels": ("a=b", ""), "health-check": ("Deployment/a.b", "a/b", "Deployment/a", "HelmRelease/a.b", "Foo/a.b", "", "/a.b", "Deployment/.b"),
    "event-source": ("Kustomization/*", "HelmRelease/a.b", "Foo/a", "a", "", "kustomization/a", "GitRepository/"),
    "resource": ("GitRepository/a", "Foo/a", "a", "", "HelmRepository/a.b", "gitrepository/x"), "event": ("ping,push", "", "x"),
    "event-severity": ("info", "error", "x", ""), "label-selector": ("tier=app", "tier", "!tier", "a in (b,c)", "a=b,c", "a b", "", "=", "a==b", "tier!=app"),
    "status-selector": ("ready=true", "ready=false", "ready", "ready=x", "", "Ready=True", "foo=true", "ready!=true", "=", "suspended=true",
                        "ready=unknown", "ready=false,ready=true"),
    "for": ("Kustomization/podinfo", "HelmRelease/podinfo", "kustomization", "Pod/x", "Kustomization/nope", "a/b/c", "", "HelmChart/podinfo-podinfo",
            "Alert/on-call", "ImagePolicy/podinfo", "GitRepository/"),
    "types": ("Normal", "warning", "Normal,Warning", "x", ""), "kind": ("Kustomization", "deployment", "Foo", "", "HelmRelease"),
    "api-version": ("apps/v1", "v1", "kustomize.toolkit.fluxcd.io/v1", "a/b/c", "", "helm.toolkit.fluxcd.io/v2beta1"),
    "kustomization-file": ("./ks.yaml", "./nope.yaml", "./ks", "./broken.yaml", "", "./values.yaml", "./two.yaml"),
    "local-sources": ("GitRepository/flux-system/flux-system=./", "a=b", "a", "", "GitRepository/x=./,Bucket/b/c=./"),
    "ignore-paths": ("*.md", "a,b", "", "!x", "deployment.yaml"), "add-ignore-paths": ("*.md", ""), "components": ("source-controller", "x", "",
        "source-controller,kustomize-controller", "source-controller,"),
    "components-extra": ("image-reflector-controller", "x", "image-reflector-controller,image-automation-controller,source-watcher", ""),
    "ssh-key-algorithm": ("rsa", "ecdsa", "ed25519", "x", ""), "ssh-ecdsa-curve": ("p256", "p521", "x", ""), "ssh-rsa-bits": ("1024", "2048", "7", "x", "1025"),
    "provider": ("generic", "aws", "azure", "gcp", "github", "x", ""), "verify-provider": ("cosign", "notation", "x", ""),
    "decryption-provider": ("sops", "x", ""), "crds": ("Skip", "Create", "CreateReplace", "skip", "x", ""), "type": ("generic", "github", "slack",
        "x", "", "generic-hmac", "generic-oidc", "nexus", "cdevents", "gcr"),
    "reconcile-strategy": ("ChartVersion", "Revision", "x", ""), "visibility": ("public", "x"), "log-level": ("debug", "info", "error", "x", ""),
    "level": ("info", "debug", "error", "x", ""), "select-semver": ("6.x", ">=1.0.0", "x", "", ">= 1 < 2"), "select-numeric": ("asc", "desc", "x", ""),
    "select-alpha": ("asc", "desc", "x", ""), "filter-regex": ("^v(?P<v>.*)$", "[", "", "a"), "filter-extract": ("$v", "", "$x"), "filter-semver": ("6.x", "x y"),
    "reflect-digest": ("Always", "IfNotPresent", "Never", "x", ""), "image": ("ghcr.io/a/b", "a", "ghcr.io/a/b:1", "UPPER/x", "", "ghcr.io/a b"),
    "layer-selector": ("a:copy", "a:extract", "a:x", "a", ""), "digest": ("sha256:" + "0" * 64, "x", ""), "tag": ("1", "1,2", ""), "branch": ("main", "", "a b"),
    "with-namespace": ("apps,ops", "A_b", "", "a"), "cluster-role": ("cluster-admin", "x", ""), "with-service-account": ("sa", "A_b", ""),
    "since": ("1h", "x", "-1h", "0s"), "since-time": ("2026-01-01T00:00:00Z", "x"), "tail": ("0", "10", "-1", "x"), "version": ("2.9", "2.6", "x", "v2.9.0", ""),
    "address": ("https://example.com", "", "x y", "://"), "creds": ("u:p", "u", ":", ""), "annotations": ("a=b", "a", "a=b=c", ""),
    "kubeconfig-secret-ref": ("s", "", "A_b"), "service-account": ("sa", "", "A_b"), "trust-policy-file": ("./policy.json", "./nope", "", "./values.yaml", "./broken.yaml"),
    "cosign-key": ("./key.pem", ""), "oidc-provider": ("github", "forgejo", "x", ""), "oidc-token": ("t", ""), "oidc-audience": ("a", ""),
    "payload": ("{}", "", "x"), "cluster-domain": ("cluster.local", "x y", ""), "registry": ("ghcr.io/x", "", "x y"), "registry-creds": ("u:p", "u", ""),
    "image-pull-secret": ("s", ""), "toleration-keys": ("a,b", ""), "hostname": ("h.example.com", "http://h", "h/x", ""), "endpoint": ("minio:9000", "", "http://x"),
    "app-id": ("1", "x", ""), "app-installation-id": ("2", "x", ""), "sparse-checkout-paths": ("a,b", ""), "signing-key-type": ("gpg", "ssh", "x", ""),
    "retries": ("0", "x", "-1"), "retry-interval": ("1s", "x", "-5s"),
}
TYPES = {"bool": ("", "=false", "=true", "=x", "=1", "="), "duration": ("1m", "1.5h", "90s", "0s", "-5s", "x", "5", "1d", ""),
         "int": ("3", "x", "-1", ""), "string": ("a", "", "a b", "A_b"), "strings": ("a", "a,b", "", '"a', "a,"), "stringArray": ("a", "", "a=b"),
         "stringToString": ("a=b", "a", "")}
GLOBALS = (
    ("-n", "podinfo"), ("-n", "nope"), ("-n", "A_b"), ("-n", ""), ("--namespace=podinfo",), ("-n",), ("--timeout=1s",), ("--timeout", "-5s"), ("--timeout=0s",),
    ("--timeout=x",), ("--timeout=1ns",), ("--context=nope",), ("--context=",), ("--cluster=nope",), ("--user=nope",), ("--user=other",), ("--kubeconfig=./nope",),
    ("--kubeconfig=./broken.yaml",), ("--kubeconfig=./ks",), ("--kubeconfig=",), ("--server=127.0.0.1:1",), ("--server=http://127.0.0.1:1",),
    ("--server=https://127.0.0.1:1/x",), ("--server=ftp://x",), ("--server=://x",), ("--server=x y",), ("--server=",), ("--token=wrong",), ("--as=jane",),
    ("--as=jane", "--as-group=g"), ("--as-group=g",), ("--as-uid=1",), ("--as=a", "--as-user-extra=a=b"), ("--as-user-extra=a",), ("--as=a", "--as-user-extra=a"),
    ("--as=a", "--as-user-extra="), ("--as=system:serviceaccount:flux-system:sa",), ("--client-certificate=./tls.crt",), ("--client-key=./tls.key",),
    ("--client-certificate=./tls.crt", "--client-key=./nope"), ("--client-certificate=./nope", "--client-key=./tls.key"),
    ("--client-certificate=./tls.crt", "--client-key=./tls.key"), ("--client-certificate=./ca.crt", "--client-key=./tls.key"),
    ("--client-certificate=./broken.yaml", "--client-key=./tls.key"), ("--certificate-authority=./nope",), ("--certificate-authority=./ca.crt",),
    ("--certificate-authority=./broken.yaml",), ("--insecure-skip-tls-verify",), ("--insecure-skip-tls-verify=x",), ("--certificate-authority=./ca.crt", "--insecure-skip-tls-verify"),
    ("--tls-server-name=example.com",), ("--cache-dir=./cache",), ("--cache-dir=/dev/null/x",), ("--disable-compression",), ("--kube-api-qps=1",), ("--kube-api-qps=x",),
    ("--kube-api-qps=-1",), ("--kube-api-qps=0",), ("--kube-api-burst=0",), ("--kube-api-burst=x",), ("--kube-api-burst=-3",), ("--ns-follows-kube-context",), ("--verbose",),
    ("--username=x",), ("-x",), ("--",), ("--", "x"), ("-h=false",), ("--help=x",), ("--version",), ("-v",), ("-nA",), ("--nam",), ("--request-timeout=1s",), ("-A=x",), ("-An",),
)
REPRESENTATIVES = ("get kustomizations", "get all", "export source git flux-system", "suspend helmrelease nope", "reconcile kustomization nope", "create source git xx --url=https://e.com/a --branch=main",
                   "create secret proxy xx --address=https://x --export", "delete alert nope -s", "tree kustomization flux-system", "trace deployment podinfo", "events", "stats", "check --pre", "version",
                   "debug kustomization podinfo --show-status", "build kustomization podinfo --path=./ks", "diff kustomization podinfo --path=./ks --progress-bar=false", "logs",
                   "resume image policy nope", "envsubst", "migrate -f ./old --dry-run", "completion bash", "build artifact -p ./ks -o out.tgz", "uninstall --dry-run -s")


def flags_of(text):
    """(name, short, type) of a command's own flags, from its help."""
    own = re.search(r"^Flags:\n((?:  .*\n)+)", text, re.M)
    for line in own.group(1).splitlines() if own else ():
        m = re.match(r"  (?:-(\w), |    )--([\w-]+)(?: (\S+))?(?:   |$)", line)
        if m and m.group(2) != "help":
            yield m.group(2), m.group(1), m.group(3) or "bool"


def values_of(name, kind):
    if kind == "bool":
        return TYPES["bool"]
    if name in VALUES:
        return VALUES[name]
    if name.endswith("file") or name in ("private-key", "app-private-key"):
        return FILES
    return TYPES.get(kind, TYPES["string"])


def flag(name, kind, value):
    """The word or words of a flag."""
    if kind == "bool":
        return ["--" + name + value]
    return ["--" + name + "=" + value]


def base(command):
    """A call of a command that works, or comes far."""
    if command in BASES:
        return command.split() + BASES[command].split()
    verb, _, rest = command.partition(" ")
    for get, act, names, _ in KINDS:
        if rest == (get if verb == "get" else act):
            return command.split() + ([] if verb == "get" else [names[0]] + (["-n", "podinfo"] if act == "helmrelease" else []))
    return command.split()


def is_short(words):
    """A call that would wait gets a limit; `create` only prints."""
    limit = {"create": "--export", "reconcile": "--timeout=1s", "resume": "--timeout=1s", "delete": "-s"}.get(words[0])
    if not limit or limit == "--export" in words:
        return words
    # where a flag lacks its value, the limit is not to be that
    at = len(words) - (words[-1].startswith("-") and "=" not in words[-1])
    return words[:at] + [limit] + words[at:]


def skipped(words):
    """What goes to the Internet, changes the server for good, or runs on."""
    verb = words[0]
    if verb in ("plugin", "uninstall") and ("--dry-run" not in words or "--dry-run=false" in words):
        return True
    if verb in ("install", "docgen"):       # the manifests are others, and so is the manual
        return True
    if verb == "bootstrap" and any(w.startswith("--url=ssh:") for w in words):      # without an agent: the words are our own
        return True
    if any(w.startswith("--resolve-symlinks") for w in words):      # flux tells of its temporary directory
        return True
    if any(w in ("-w", "--watch", "-f", "--follow") or w.startswith(("--watch", "--follow")) for w in words) and verb in ("get", "events", "logs", "stats"):
        return True
    return verb == "bootstrap" and any(w.startswith(("--version", "-v", "--manifests")) for w in words)


def of_kinds():
    """The verbs on every kind, its names, and names that are none."""
    for get, act, names, reconciles in KINDS:
        home = "podinfo" if act == "helmrelease" else "flux-system"
        for word in (get, *ALIASES.get(get, ())):
            for more in ((), ("-A",), ("--no-header",), ("-n", home), ("-n", "podinfo"), ("-n", "nope"), ("-n", "empty", "--no-header"), ("-A", "-n", "podinfo"), ("-A", "nope")):
                yield ["get", *word.split(), *more]
            for name in (*names, *NAMES, "a b", "ks"):
                yield ["get", *word.split(), name, "-n", home]
            for s in VALUES["label-selector"]:
                yield ["get", *word.split(), "-A", "-l", s]
            for s in VALUES["status-selector"]:
                yield ["get", *word.split(), "-A", "--status-selector", s]
            yield ["get", *word.split(), *names, "-n", home]
        verbs = ["export", "suspend", "resume", "delete"] + (["reconcile"] if reconciles else [])
        for verb in ("export",) if not reconciles and act.startswith(("source", "artifact")) else verbs:
            for word in (act, *ALIASES.get(act, ())):
                for name in (*names, *NAMES):
                    yield [verb, *word.split(), name, "-n", home]
                yield [verb, *word.split()]
                yield [verb, *word.split(), names[0], "-n", "nope"]
                yield [verb, *word.split(), *names, "nope", "-n", home]
                yield [verb, *word.split(), "nope", names[0], names[0], "-n", home]
                for more in ((), ("-n", home), ("-n", "empty"), ("-n", "nope")):
                    yield [verb, *word.split(), "--all", *more]
                yield [verb, *word.split(), names[0], "--all", "-n", home]


def inspecting():
    for word in ("deployment podinfo", "deployment/podinfo", "deploy podinfo", "Deployment.apps podinfo", "deployments.v1.apps podinfo", "cm podinfo-values", "secret flux-system",
                 "ks podinfo", "ks/podinfo ks/flux-system", "ks podinfo flux-system", "kustomization podinfo", "hr podinfo", "helmrelease/podinfo", "namespace podinfo", "ns podinfo", "all", "all podinfo", "all/x", "foo x",
                 "foo/x", "pod x", "x", "", "/", "a/", "ks/", "ks/podinfo deployment/podinfo", "ks/podinfo x", "gitrepo flux-system", "helmrepo podinfo", "deployment", "deployment,cm podinfo",
                 "deployment/podinfo cm/podinfo-values", "podinfo --kind=deployment --api-version=apps/v1", "podinfo --kind=Deployment", "podinfo --api-version=apps/v1", "--kind=a --api-version=b",
                 "podinfo --kind=Kustomization --api-version=kustomize.toolkit.fluxcd.io/v1", "podinfo --kind=HelmRelease --api-version=helm.toolkit.fluxcd.io/v2", "clusterrole x", "externalartifact my-artifact",
                 "events", "svc podinfo", "sa default"):
        for n in ((), ("-n", "podinfo"), ("-n", "nope")):
            yield ["trace", *word.split(), *n]
    for command, shows in (("helmrelease", ("status", "values", "history")), ("kustomization", ("status", "vars", "history"))):
        for name, ns in (("podinfo", "podinfo"), ("podinfo", "flux-system"), ("failed", "podinfo"), ("byref", "podinfo"), ("broken", "flux-system"), ("flux-system", "flux-system"), ("vars", "flux-system"),
                         ("novars", "flux-system"), ("nope", "flux-system"), ("novalues", "podinfo"), ("badvalues", "podinfo")):
            for n in range(4):
                for pick in itertools.combinations(shows, n):
                    yield ["debug", command, name, "-n", ns, *("--show-" + p for p in pick)]
        yield ["debug", command]
        yield ["debug", command, "a", "b"]
    for name in ("flux-system", "podinfo", "broken", "nope", "", "loop", "a/b"):
        for more in ((), ("--compact",), ("-o", "json"), ("-o", "yaml"), ("-o", "x"), ("-o", ""), ("-n", "podinfo"), ("--compact", "-o", "json")):
            yield ["tree", "ks", name, *more]
            yield ["tree", "artifact", "generator", name, *more]
    for kind in VALUES["for"]:
        for more in ((), ("-A",), ("-n", "podinfo"), ("--types=Warning",), ("-n", "nope"), ("--no-header",)):
            yield ["events", "--for", kind, *more]
    for n in ("", "podinfo", "nope"):
        yield ["stats", "-n", n] if n else ["stats", "-A"]
    for words in ("logs x", "logs --kind=x", "logs -A --tail=1", "version --client", "version -o json", "version -o json --client", "version -o x", "version x", "check x", "check --pre x", "check",
                  "check --components=x", "check --components-extra=x", "completion", "completion x", "completion bash x", "completion zsh", "docgen", "docgen x", "get", "get x", "get sources", "get sources x",
                  "get sources all", "get sources all -A", "get images all -A", "get all x", "get all -A x", "get images", "get artifacts", "foo", "gett", "g", "create", "create x", "create source", "create source x y",
                  "create secret", "create secret x", "export", "export x", "export source", "suspend", "suspend x y", "resume source", "reconcile x", "reconcile source", "delete", "delete source x", "tree", "tree x",
                  "build", "build x", "diff x", "push", "pull x", "tag", "list", "list x", "debug", "debug x", "bootstrap", "bootstrap x", "trigger", "trigger x", "uninstall x --dry-run -s", "install x --export", "help",
                  "help get", "help x", "help get x", "get ks --help", "-h", "--help get", "-v get", "export source git --all --with-credentials -A", "export source git flux-system --with-credentials",
                  "export source helm --all --with-credentials", "export source bucket minio --with-credentials", "export source oci --all --with-credentials", "export image update --all", "", "migrate", "migrate x"):
        yield words.split()


def of_files():
    for path in ("./old", "./old/hr.yaml", "/", "ABS/old", "./nope", "", ".", "./old/readme.md", "./broken.yaml", "./ks", "/etc/passwd", "..", "~"):
        for more in (("--yes",), ("--dry-run",), (), ("--yes", "--version=2.6"), ("--yes", "--version=2.8", "--dry-run"), ("--yes", "-e", ".md"), ("--yes", "--extensions=yaml"), ("--dry-run", "--yes", "-v", "2.7")):
            if path not in ("/", "..") or "--yes" not in more:
                yield ["migrate", "-f", path, *more]
    for name in ("podinfo", "flux-system", "broken", "nope", "fresh", "vars", "", "two"):
        for path in ("./ks", "./nope", "./plain", "./empty", "./bad", "./badyaml", "./values.yaml", "ABS/ks", ".", "./sub"):
            for file in ((), ("--kustomization-file=./ks.yaml",), ("--kustomization-file=./two.yaml",), ("--kustomization-file=ABS/two.yaml",)):
                yield ["build", "ks", name, "--path", path, *file]
                yield ["diff", "ks", name, "--path", path, "--progress-bar=false", *file]
        for more in (("--dry-run",), ("--dry-run", "--kustomization-file=./ks.yaml"), ("--in-memory-build",), ("--strict-substitute",), ("-r",), ("-r", "--local-sources=GitRepository/flux-system/flux-system=./"),
                     ("--dry-run", "--kustomization-file=./two.yaml", "--strict-substitute"), ("--ignore-paths=*.yaml",), ("--dry-run", "--kustomization-file=./broken.yaml")):
            yield ["build", "ks", name, "--path=./plain", *more]
        for more in (("--ignore-not-found",), ("--ignore-not-found", "--kustomization-file=./ks.yaml"), ("--in-memory-build",), ("--strict-substitute",), ("-r",), ("-r", "--local-sources=GitRepository/flux-system/flux-system=./"),
                     ("--path=./plain", "-n", "podinfo")):
            yield ["diff", "ks", name, "--path=./plain", "--progress-bar=false", *more]


def lines(helps, pairs=1500, seed=1):
    """All lines; `helps` are the helps of all commands that run, by their words."""
    dice = random.Random(seed)
    made = [*of_kinds(), *inspecting(), *of_files()]
    for command, text in helps.items():
        flags = list(flags_of(text))
        made += [command.split() + [name] for name in (*NAMES, "a b c")] + [command.split(), base(command), base(command) + ["x"], base(command) + ["y", "z"]]
        for name, short, kind in flags:
            for value in values_of(name, kind):
                made.append(base(command) + flag(name, kind, value))
            made.append(base(command) + ["--" + name])
            if short:
                made += [base(command) + ["-" + short], base(command) + ["-" + short + "x"], base(command) + ["-" + short + "=x"]]
            # without what the base says of it
            made.append([w for w in base(command) if not w.startswith("--" + name)])
    for words in REPRESENTATIVES:
        made += [words.split() + list(more) for more in GLOBALS]
        made.append([*GLOBALS[0], *is_short(words.split())])
    commands = sorted(helps)
    for _ in range(pairs):
        command = dice.choice(commands)
        flags = list(flags_of(helps[command]))
        words = base(command)
        for name, _, kind in dice.sample(flags, min(len(flags), dice.choice((2, 2, 3)))):
            words = words + flag(name, kind, dice.choice(values_of(name, kind)))
        made.append(words + list(dice.choice(GLOBALS) if dice.random() < 0.2 else ()))
    seen = set()
    for words in made:
        words = is_short(words) if words else words
        key = tuple(words)
        if key not in seen and not (words and skipped(words)):
            seen.add(key)
            yield words
