#!/usr/bin/env python3
"""What every flux command says to a wrong call: flux_wrong.py RILL [--in-turn]

All commands are found by their help, and called with an unknown flag, an
unknown context, a kubeconfig that is missing or broken, a server that is not
there, and one that has none of the definitions. None may crash, wait, or fail
without a word; those that need a server have the texts of the original.
With --in-turn each gets one of the faults of the connection, the next one the next:
for a program that takes its time to start.
"""
import re
import socket
import sys

from flux_case import Case

t = Case(server=False)
t.env.update(FLUXCD_PLUGIN_CATALOG="http://127.0.0.1:1/", TERM="xterm")
LOCAL = {"completion", "envsubst", "plugin", "trigger"}     # need no cluster at all
with socket.socket() as s:                                  # nobody listens there
    s.bind(("127.0.0.1", 0))
    nowhere = "127.0.0.1:%d" % s.getsockname()[1]
t.write("broken", "apiVersion: v1\nkind: [\n")
t.write("config", "apiVersion: v1\nkind: Config\ncurrent-context: a\n"
                  "contexts: [{name: a, context: {cluster: a, user: a}}]\n"
                  "clusters: [{name: a, cluster: {server: 'https://%s'}}]\nusers: [{name: a, user: {token: x}}]\n" % nowhere)


def commands(words=()):
    """Every command that runs, as a list of words."""
    text = t.tell(*words, "--help")
    listed = re.search(r"^Available Commands:\n((?:  .*\n)+)", text, re.M)
    usage = re.search(r"^Usage:\n((?:  .*\n)+)", text, re.M).group(1)
    if any(not line.endswith("[command]") for line in usage.strip("\n").split("\n")):
        yield list(words)
    for line in listed.group(1).splitlines() if listed else ():
        if line.split()[0] not in ("help", "completion"):
            yield from commands((*words, line.split()[0]))


def call(words, *more, env=None):
    """Exit status and error of a call that fails or needs nothing."""
    status, out, err = t.run(*words, *more, env=env, timeout=90)
    called = " ".join(["flux", *words, *more])
    if status not in (0, 1, 2):
        t.fail("%s: exit status %d\n%s%s" % (called, status, out, err))
    if status and not re.search("^✗ .", err, re.M):
        t.fail("%s: fails without a word\n%s%s" % (called, out, err))
    return status, err


everything = [c for c in commands() if c]
assert len(everything) > 130, len(everything)
FAULTS = (("context", '✗ context "nope" does not exist', {"KUBECONFIG": "config"}, ["--context=nope"]),
          ("missing", "✗ stat ./missing: no such file or directory", {}, ["--kubeconfig=./missing"]),
          ("broken", '✗ error loading config file "broken": ', {"KUBECONFIG": "broken"}, []),
          ("nowhere", "dial tcp %s: connect: connection refused" % nowhere, {"KUBECONFIG": "config"}, ["--timeout=5s"]))
in_turn = "--in-turn" in sys.argv[2:]
asked = {what: 0 for what, *_ in FAULTS}
for i, words in enumerate(everything):
    status, err = call(words, "--no-such-flag")
    if err != "✗ unknown flag: --no-such-flag\n" and words[0] != "plugin":
        t.fail("%s --no-such-flag: %s" % (" ".join(words), err))
    if words[0] in LOCAL:
        continue
    for what, text, env, more in [FAULTS[i % len(FAULTS)]] if in_turn else FAULTS:
        status, err = call([*words, "name"], *more, env=env)
        if status and text in err:
            asked[what] += 1
print("%d commands; told of a wrong %s" % (len(everything), ", ".join("%s %d" % i for i in asked.items())))
for what, n in asked.items():
    assert n >= (10 if in_turn else 60), (what, n)

# ---- what the original says
for group in ("get", "create", "suspend", "resume", "export", "reconcile", "delete", "build", "diff", "tree"):
    out = t.tell(group, "no-such-kind", err="")
    assert out.startswith(t.tell(group, "--help").split("\n")[0]) and "Available Commands:" in out, out
t.tell("gett", status=1, out="", err='✗ unknown command "gett" for "flux"\n\nDid you mean this?\n\tget\n\n')
t.tell("get", "ks", "-n", "A_b", status=1, err='✗ namespace must be a valid DNS label: "A_b"\n')
t.tell("get", "ks", "--timeout", "x", status=1,
       err='✗ invalid argument "x" for "--timeout" flag: time: invalid duration "x"\n')

for words, text in (
        ("create source bucket b1 --provider=x",
         'invalid argument "x" for "--provider" flag: source bucket provider \'x\' is not supported, must be one of: generic, aws, azure, gcp'),
        ("create source chart c1 --source=r",
         'invalid argument "r" for "--source" flag: invalid helm chart source \'r\', must be in format <kind>/<name>'),
        ("create ks k1 --decryption-provider=x",
         'invalid argument "x" for "--decryption-provider" flag: unsupported decryption provider \'x\', must be one of: sops'),
        ("create ks k1 --decryption-provider=",
         'invalid argument "" for "--decryption-provider" flag: no decryption provider given, must be one of: sops'),
        ("create ks k1 --source=Foo/", 'invalid argument "Foo/" for "--source" flag: no name given for source of kind \'Foo\''),
        ("create ks k1 --source=Bucket", 'invalid argument "Bucket" for "--source" flag: no kind specified for source \'Bucket\''),
        ("create ks k1 --source=g --health-check=a/b/c --export",
         "invalid health check 'a/b/c' must be in the format 'kind/name.namespace' [a b c]"),
        ("create hr h1 --crds=x --chart=c", 'invalid argument "x" for "--crds" flag: unsupported upgrade CRDs policy \'x\', '
         "must be one of: Skip, Create, CreateReplace"),
        ("create hr h1 --chart-ref=helmchart/o --export",
         "chart reference kind 'helmchart' is not supported, must be one of: OCIRepository, HelmChart"),
        ("create source oci o1 --url=oci://x/y --tag=1 --layer-selector=:copy --export",
         "invalid --layer-selector \":copy\": must be in the format '<media-type>:<operation>'"),
        ("create secret git s1 --ssh-rsa-bits=100",
         'invalid argument "100" for "--ssh-rsa-bits" flag: RSA key bit size must be at least 1024'),
        ("create secret git s1 --ssh-rsa-bits=x",
         'invalid argument "x" for "--ssh-rsa-bits" flag: strconv.Atoi: parsing "x": invalid syntax'),
        ("create image repository i1 --image=docker.io/x:1", "unable to parse image value: repository can only contain the characters "
         "`abcdefghijklmnopqrstuvwxyz0123456789_-./`: x:1")):
    t.tell(*words.split(), status=1, out="", err="✗ %s\n" % text)
# What is made up to the mistake is told; a chart's lone subject is passed over.
t.tell("create", "hr", "h1", "--chart=c", "--reconcile-strategy=x", status=1,
       err="✚ generating HelmRelease\n✗ 'x' is an invalid reconcile strategy(valid: Revision, ChartVersion)\n")
t.tell("create", "source", "chart", "c1", "--source=HelmRepository/r", "--chart=c", "--verify-issuer=i", "--export", status=1,
       err="✚ generating HelmChart source\n✗ a verification provider must be specified when OIDC issuer/subject is specified\n")
assert "verify" not in t.tell("create", "source", "chart", "c1", "--source=HelmRepository/r", "--chart=c", "--verify-subject=s",
                              "--export", err="✚ generating HelmChart source\n")
assert 'sourceRef:\n        name: ""\n' in t.tell("create", "hr", "h1", "--chart=c", "--export", err="")
assert 'extract: ""\n' in t.tell("create", "image", "policy", "i1", "--image-ref=p", "--select-numeric=asc",
                                 "--filter-regex=a", "--export", err="")
t.write("policy.json", '{"version": "1.0", "trustPolicies": [{"registryScopes": ["*"]}]}')
t.tell("create", "secret", "notation", "n1", "--ca-cert-file=x.txt", "--trust-policy-file=policy.json", status=1,
       err="✗ invalid trust policy: trust policy: a trust policy statement is missing a name, every statement requires a name\n")
groups = 'failed to get server groups: Get "https://%s/api": dial tcp %s: connect: connection refused\n' % (nowhere, nowhere)
t.tell("get", "ks", env={"KUBECONFIG": "config"}, status=1, err="✗ " + groups)
for words, text, status in (("get all", ("✗ " + groups) * 14, 0), ("events", "✗ error getting events: " + groups, 1),
                            ("version", "✗ " + groups, 1), ("events --for=Kustomization/x", "✗ " + groups, 1),
                            ("suspend hr nope", "✗ failed suspending HelmRelease nope in flux-system namespace: " + groups, 0),
                            ("migrate", "► starting migration of custom resources\n✗ failed to list CRDs: " + groups, 1),
                            ("uninstall -s", "✗ cluster info unavailable: " + groups, 1),
                            ("logs", '✗ Get "https://%s/apis/apps/v1/namespaces/flux-system/deployments?labelSelector=app.kubernetes.io%%2Fpart-of%%3Dflux": '
                             "dial tcp %s: connect: connection refused\n" % (nowhere, nowhere), 1),
                            ("create source helm xx --url=https://e/x --ca-file=gone", "✗ unable to read TLS CA file: open gone: no such file or directory\n", 1),
                            ("create secret proxy xx --address=http://x", "✗ " + groups, 1)):
    t.tell(*words.split(), env={"KUBECONFIG": "config"}, status=status, out="", err=text)
t.tell("check", env={"KUBECONFIG": "config"}, status=1, err_has="✗ checking failed: " + groups)
t.tell("get", "ks", "--timeout=0s", env={"KUBECONFIG": "config"}, status=1,
       err="✗ client rate limiter Wait returned an error: context deadline exceeded\n")
for words, text in (("events --timeout=0s", "error getting events: client rate limiter Wait returned an error: context deadline exceeded"),
                    ("suspend hr nope --timeout=1ns", "failed suspending HelmRelease nope in flux-system namespace: client rate limiter Wait "
                     "returned an error: context deadline exceeded"),
                    ("get ks --kube-api-burst=-3", "failed to get server groups: client rate limiter Wait returned an error: rate: Wait(n=1) "
                     "exceeds limiter's burst -3")):
    t.tell(*words.split(), env={"KUBECONFIG": "config"}, status=words[0] != "s", err="✗ %s\n" % text)
t.tell("migrate", "-f", ".", "--version=x", status=1,
       err="✗ version x is not supported, supported versions are: 2.9, 2.8, 2.7, 2.6\n")
t.tell("get", "all", "--context=nope", env={"KUBECONFIG": "config"}, out="", err='✗ context "nope" does not exist\n' * 14)

# ---- servers, certificates and users that are none
t.write("tls.crt", "no certificate\n")
CLIENT = "kubernetes client initialization failed: "
for words, text in (("--server=://x", CLIENT + 'host must be a URL or a host:port pair: "://x"'),
                    ("--server=x/y", CLIENT + 'host must be a URL or a host:port pair: "x/y"'),
                    ("--server=" + nowhere, groups[:-1].replace("https", "http")),
                    ("--server=https://%s/x" % nowhere, groups[:-1].replace("/api", "/x/api")),
                    ("--server=ftp://x", 'failed to get server groups: Get "ftp://x/api": unsupported protocol scheme "ftp"'),
                    ("--certificate-authority=tls.crt", CLIENT + "unable to load root certificates: unable to parse bytes as PEM block"),
                    ("--certificate-authority=tls.crt --insecure-skip-tls-verify",
                     CLIENT + "specifying a root certificates file with the insecure flag is not allowed"),
                    ("--client-certificate=tls.crt", "invalid configuration: client-key-data or client-key must be specified for a "
                     "to use the clientCert authentication method."),
                    ("--client-certificate=tls.crt --as-uid=1", "invalid configuration: [client-key-data or client-key must be specified "
                     "for a to use the clientCert authentication method., requesting uid, groups or user-extra for a without "
                     "impersonating a user]"),
                    ("--timeout=1ns", "client rate limiter Wait returned an error: context deadline exceeded")):
    t.tell("get", "ks", *words.split(), env={"KUBECONFIG": "config"}, status=1, out="", err="✗ %s\n" % text)
t.tell("get", "ks", "--server=x y", env={"KUBECONFIG": "config"}, status=1,
       err='✗ %sparse "http://x y": invalid character " " in host name\n' % CLIENT)
for words, text in (("--context=nope", 'kubernetes configuration load failed: context "nope" does not exist'),
                    ("--certificate-authority=tls.crt", "unable to load root certificates: unable to parse bytes as PEM block")):
    t.tell("logs", words, env={"KUBECONFIG": "config"}, status=1, err="✗ %s\n" % text)
t.tell("get", "ks", env={"KUBECONFIG": "broken"}, status=1,
       err='✗ error loading config file "broken": yaml: line 2: did not find expected node content\n')
t.tell("check", "--pre", "--server=x y", env={"KUBECONFIG": "config"}, status=1,
       err='► checking prerequisites\n✗ parse "http://x y": invalid character " " in host name\n')

# ---- registries where nobody answers, and words about them
plain = 'Get "https://{0}/v2/": dial tcp {0}: connect: connection refused; Get "http://{0}/v2/": dial tcp {0}: connect: connection refused' \
    .format(nowhere)
t.write("files/a.yaml", "a: 1\n")
OF = ("oci://%s/a/b:1" % nowhere,)
for words, err in (("push artifact %s -f files --source=s --revision=r" % OF, "✗ error setting up transport: %s\n" % plain),
                   ("push artifact %s -f files --source=s --revision=r --provider=aws" % OF,
                    "► logging in to registry with provider credentials\n✗ error setting up transport: %s\n" % plain),
                   ("push artifact %s -f files --source=s --revision=r -a a=b=c" % OF,
                    "✗ invalid annotation a=b=c, must be in the format key=value\n"),
                   ("tag artifact %s --tag=2" % OF,
                    '► tagging artifact\n✗ tagging artifact failed: fetching "%s/a/b:1": %s\n' % (nowhere, plain)),
                   ("list artifacts oci://%s/a/b" % nowhere, "✗ listing tags failed: %s\n" % plain),
                   ("diff artifact %s --path=files" % OF, "✗ %s\n" % plain),
                   ("bootstrap github --owner=o --repository=r", "✗ could not read token: could not read from stdin: EOF\n")):
    t.tell(*words.split(), status=1, err=err)
assert t.tell("completion", "fish", "x", err="") == t.tell("completion", "fish", err="")
for path, text in (("/", "open /: invalid argument"), ("..", "open ..: invalid argument"), (t.work, "open %s: invalid argument" % t.work),
                   ("./gone/", "openat gone: no such file or directory")):
    t.tell("migrate", "-f", path, status=1, err="► starting migration of custom resources\n✗ failed to stat path %s: %s\n"
           % ("gone" if "gone" in path else path, text))
t.write("old/a.yaml", "apiVersion: helm.toolkit.fluxcd.io/v2beta1\nkind: HelmRelease\n")
t.tell("migrate", "-f", "./old/", "--dry-run", err_has="✚ old/a.yaml:1: HelmRelease v2beta1 -> v2\n")
t.tell("diff", "ks", "x", "--path=./gone", env={"KUBECONFIG": "config"}, status=2, err='✗ invalid resource path "./gone"\n')
t.tell("build", "ks", "x", "--path=./gone", env={"KUBECONFIG": "config"}, status=1, err='✗ invalid resource path "%s/gone"\n' % t.work)

# ---- names and addresses
EMPTY = "name part must be non-empty name part must consist of alphanumeric characters, "
for words, text in (("tenant dev", "with-namespace is required"),
                    ("tenant dev --with-namespace=a/", "invalid namespace 'a/': [" + EMPTY),
                    ("tenant dev --with-namespace=a --with-service-account=b/", "invalid service-account name 'b/': [" + EMPTY),
                    ("secret oci xx --username=u --password=p --url=a:b:c", "error parsing url: 'could not parse reference: a:b:c'"),
                    ("secret oci xx --username=u --password=p --url=A/b", "error parsing url: 'could not parse reference: A/b'")):
    t.tell("create", *words.split(), "--export", status=1, out="", err_has="✗ " + text)
t.tell("create", "tenant", "dev", "--with-namespace=", "--export", out="", err="")
t.tell("create", "secret", "oci", "xx", "--username=u", "--password=p", "--url=ghcr.io/ab:1", "--label=a=b", "--export",
       out_has="  name: xx\n  namespace: flux-system\nstringData:\n")
t.tell("create", "secret", "git", "xx", "--url=https://[::1", "--export", status=1, out="",
       err="✗ git URL parse failed: parse \"https://[::1\": missing ']' in host\n")
t.tell("create", "secret", "proxy", "xx", "--address=://", "--export", status=1, out="",
       err='✗ invalid proxy address: parse "://": missing protocol scheme\n')
t.tell("create", "secret", "oci", "xx", "--username=u", "--password=p", "--url=https://example.com/a", "--export", out_has='"https://example.com/a": {')
t.write("switched.pem", "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n")
t.tell("create", "secret", "tls", "xx", "--tls-crt-file=switched.pem", "--tls-key-file=switched.pem", "--export", status=1, out="",
       err="✗ invalid TLS certificate and key pair: tls: failed to find certificate PEM data in certificate input, but did find a "
           "private key; PEM inputs may have been switched\n")
t.tell("create", "secret", "git", "xx", "--url=ssh://git@%s/a" % nowhere, "--export", status=1, out="",
       err="✗ SSH key scan for host %s failed, error: dial tcp %s: connect: connection refused\n" % (nowhere, nowhere))
t.tell("trigger", "receiver", "r", "--url=://x", "--token=t", status=1, out="",
       err_has='✗ unable to create request: parse "://x/hook/')
t.tell("create", "ks", "xx", "--source=p", "--export", env={"FLUX_SYSTEM_NAMESPACE": "A_b"}, out_has="namespace: flux-system",
       err='⚠️  ignoring invalid FLUX_SYSTEM_NAMESPACE: "A_b"\n')

for words, err in (("nope", '✗ unknown command "nope" for "flux"\n'), ("get ks --bad", "✗ unknown flag: --bad\n"), ("version --client", ""),
                   ("create ks", "✗ name is required\n")):
    t.tell(*words.split(), status=1 if err else 0, env={"FLUX_SYSTEM_NAMESPACE": "A_b"},
           err='⚠️  ignoring invalid FLUX_SYSTEM_NAMESPACE: "A_b"\n' + err)
assert "retryInterval" not in t.tell("create", "ks", "xx", "--source=p", "--retry-interval=-5s", "--export", err="")
t.tell("bootstrap", "git", "--url=ftp://e/a", env={"KUBECONFIG": "config"}, status=1,
       err='✗ failed to create authentication options for ftp://e/a: scheme "ftp" is not supported\n')

# ---- and what helps, for who reads along
at = t.at_terminal("get", "kss")
assert at.endswith('\n"flux get" knows no "kss"\n'), at[-200:]
at = t.at_terminal("get", "kustomization", "--context=nope", env={"KUBECONFIG": "config"})
assert at == '✗ context "nope" does not exist\n  there are these contexts: a\n', at
at = t.at_terminal("get", "ks", env={"KUBECONFIG": "config"})
assert at.endswith("connection refused\n  is the cluster up, and is this its address? --context and --server choose another\n"), at
at = t.at_terminal("get", "ks", env={"KUBECONFIG": "broken"})
assert at.startswith('✗ error loading config file "broken": '), at
at = t.at_terminal("get", "ks", env={"KUBECONFIG": "", "HOME": t.dir})
assert "\n  no kubeconfig was found: " in at, at

# ---- objects that are not there
t = Case(options=("--no-sim",))
t.call("POST", "/api/v1/namespaces", {"metadata": {"name": "flux-system"}})
ks = "kustomizations.kustomize.toolkit.fluxcd.io"
for words, text in (("trace ks a b", 'x: [%s "a" not found, %s "b" not found]' % (ks, ks)),
                    ("trace ks a -n nope", 'x: namespaces "nope" not found'),
                    ("trace ks a ks -n nope", 'x: namespaces "nope" not found'),
                    ("trace a.b", 'the server doesn\'t have a resource type "a"'),
                    ("trace x --kind=Deployment --api-version=apps/v9", "failed to find object: unable to retrieve the complete list of "
                     "server APIs: apps/v9: no matches for apps/v9, Resource="),
                    ("trace x --kind=Foo --api-version=apps/v1", 'failed to find object: no matches for kind "Foo" in version "apps/v1"'),
                    ("trace a/b/c", "arguments in resource/name form may not have more than one slash"),
                    ("trace /x", "arguments in resource/name form must have a single resource and name"),
                    ("trace x --kind=Foo --api-version=a/b/c", "invaild apiVersion: unexpected GroupVersion string: a/b/c"),
                    ("trace flux-system --kind=namespaces --api-version=v1",
                     'failed to find object: no matches for kind "namespaces" in version "v1"'),
                    ("events --for=/x", "'x' is not a recognized Flux kind"),
                    ("events --for=Kustomization/a/b", "'Kustomization/a/b' is not a recognized Flux kind")):
    t.tell(*words.split(), status=1, err="✗ %s\n" % text)
for words, text in (("export ks a/b", 'invalid resource name "a/b": [may not contain \'/\']'),
                    ("delete hr a%/b -s", 'invalid resource name "a%/b": [may not contain \'/\' may not contain \'%\']'),
                    ("reconcile source git ..", "invalid resource name \"..\": [may not be '..']"),
                    ("trace all", "resource(s) were provided, but no name was specified"),
                    ("trace all flux-system", "you must specify only one resource"),
                    ("get ks -l a!=b", 'unable to parse label selector: "!=" is not a valid label selector operator'),
                    ("get ks -l a>1", 'unable to parse label selector: "gt" isn\'t supported in label selectors')):
    t.tell(*words.split(), status=1, out="", err="✗ %s\n" % text)
t.tell("get", "ks", "--as-user-extra=a", status=1, err='✗ no Kustomization objects found in "flux-system" namespace\n')
t.tell("trace", "", status=1, err='✗ the server doesn\'t have a resource type ""\n')
none = "the server has asked for the client to provide credentials"
for words, text in (("get ks", "✗ failed to get server groups: %s\n" % none),
                    ("check --pre", "► checking prerequisites\n✗ Kubernetes API call failed: %s\n" % none)):
    t.tell(*words.split(), "--token=wrong", status=1, err=text)
t.tell("check", "--pre", "--timeout", "-5s", err_has="✔ prerequisites checks passed\n")
t.tell("tree", "ks", "", status=1, err="✗ resource name may not be empty\n")
t.tell("trace", "namespace", "flux-system",
       err="failed to trace Namespace/flux-system in namespace : object not managed by Flux")
t.tell("get", "images", "all", "nope", err="".join(
    "✗ %s object 'nope' not found in \"flux-system\" namespace\n" % k
    for k in ("ImageRepository", "ImagePolicy", "ImageUpdateAutomation")))

# ---- a server without the definitions of Flux
t = Case(options=("--no-sim",), crds=None)
t.call("POST", "/api/v1/namespaces", {"metadata": {"name": "flux-system"}})
t.tell("get", "all", "-A", err="", out="")
for words in everything:
    if words[0] in LOCAL | {"install", "bootstrap", "logs", "migrate", "check"}:
        continue
    status, err = call([*words, "name"], "--timeout=5s")
    if words[0] == "get" and words[-1] != "all" and not re.fullmatch('✗ no matches for kind "[A-Za-z]+" in version ".*fluxcd.io/v.*"\n', err):
        t.fail("%s: %s" % (" ".join(words), err))
t.tell("check", status=1, err_has="✗ checking failed: customresourcedefinitions.apiextensions.k8s.io "
       '"gitrepositories.source.toolkit.fluxcd.io" not found\n')
assert t.at_terminal("get", "ks").endswith("\n  Flux is not installed in this cluster: `flux install` does it\n")
