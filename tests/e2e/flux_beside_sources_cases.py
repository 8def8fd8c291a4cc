"""The sources of flux_beside_sources.py: name -> kind, spec, a patch of it that comes after, whether it goes. {NAMES} are those of
flux_beside_sources_world.py; "base" is made whatever cases are asked for, and "late" once that has settled. "words": why rill's are its own; "reasons": and those too.

Not here: a repository whose certificate is unknown beside one that names its authority. Flux's client takes the connection of
the other, and so the repository for good."""
from flux_beside_sources_world import Repositories, chart_files, index, pack

DOCKER = '{"auths":{"{shut}":{"username":"me","password":"%s"}}}'
SECRETS = {
    "login": {"username": "me", "password": "pass"},
    "wrong": {"username": "me", "password": "no"},
    "user-only": {"username": "me"},
    "nothing": {"x": "y"},
    "ca": {"ca.crt": "{ca}"},
    "other-ca": {"ca.crt": "{other}"},
    "bad-ca": {"ca.crt": "no certificate"},
    "cert-only": {"tls.crt": "{ca}"},
    "docker": {"type": "kubernetes.io/dockerconfigjson", ".dockerconfigjson": DOCKER % "pass"},
    "docker-wrong": {"type": "kubernetes.io/dockerconfigjson", ".dockerconfigjson": DOCKER % "no"},
    "docker-elsewhere": {"type": "kubernetes.io/dockerconfigjson", ".dockerconfigjson": '{"auths":{"example.com":{"username":"a","password":"b"}}}'},
    "keys": {"accesskey": "test", "secretkey": "test"},
    "real-keys": {"accesskey": "AKIDTEST", "secretkey": "secret/key+1"},
    "half-keys": {"accesskey": "test"},
    "gcp-text": {"serviceaccount": "{"},
    "gcp-user": {"serviceaccount": '{"type": "authorized_user"}'},
    "proxy": {"address": "{nobody}"},
    "bad-proxy": {"x": "y"},
    "key-a": {"a.pub": "{key-a}"},
    "key-b": {"b.pub": "{key-b}"},
    "key-bad": {"a.pub": "no key"},
    "root": {"trusted_root.json": "{trusted}"},
    "bad-root": {"trusted_root.json": "{"},
    "notation": {"trustpolicy.json": "{", "ca.crt": "{ca}"},
    "notation-none": {"ca.crt": "{ca}"},
}

CASES = {}


def case(name, kind, spec, patch=None, **more):
    CASES[name] = dict(kind=kind, spec=spec, patch=patch, **more)


# ---- HelmRepository

def repo(name, place, patch=None, host="http", base=False, **spec):
    case("repo-" + name, "HelmRepository", {"url": "{%s}/%s" % (host, place), "timeout": "10s", **spec}, patch, base=base)


repo("good", "plain", base=True)
repo("slash", "plain/", {"suspend": True})
repo("moved", "moved", {"url": "{http}/plain"})
repo("404", "404", {"url": "{http}/plain"})
repo("500", "500")
repo("nobody", "plain", host="nobody")
repo("401", "auth", {"secretRef": {"name": "login"}})
repo("auth", "auth", {"secretRef": {"name": "wrong"}}, secretRef={"name": "login"}, base=True)
repo("wrong", "auth", secretRef={"name": "wrong"})
repo("user-only", "auth", secretRef={"name": "user-only"})
repo("nothing", "plain", secretRef={"name": "nothing"})
repo("no-secret", "auth", {"secretRef": {"name": "login"}}, secretRef={"name": "nobody"})
repo("no-cert", "plain", certSecretRef={"name": "nobody"})
repo("tls", "plain", {"certSecretRef": {"name": "other-ca"}}, host="https", certSecretRef={"name": "ca"})
repo("tls-bad", "plain", host="https", certSecretRef={"name": "bad-ca"})
repo("tls-half", "plain", host="https", certSecretRef={"name": "cert-only"})
repo("tls-nothing", "plain", host="https", certSecretRef={"name": "nothing"})
repo("ca-in-secret", "plain", host="https", secretRef={"name": "ca"})
repo("slow", "slow", timeout="2s")
for place in ("noapi", "text", "badyaml", "html", "empty", "none", "badversion", "nodigest", "wrongdigest", "nochart", "nourl", "absolute", "notgz",
              "notchart", "othername", "twice"):
    repo(place, place, base=place in ("badversion", "nodigest", "wrongdigest", "nochart", "nourl", "absolute", "notgz", "notchart", "othername"))
repo("no-index", "plain/deeper")
repo("gone", "plain")
CASES["repo-gone"]["gone"] = True
case("repo-suspended", "HelmRepository", {"url": "{http}/plain", "suspend": True}, {"suspend": False})
case("repo-scheme", "HelmRepository", {"url": "ftp://127.0.0.1/x"})
case("repo-bad-url", "HelmRepository", {"url": "http://a b/c"})
case("repo-oci", "HelmRepository", {"url": "oci://{registry}/charts", "type": "oci", "insecure": True}, base=True)
case("repo-oci-shut", "HelmRepository", {"url": "oci://{shut}/charts", "type": "oci", "insecure": True, "secretRef": {"name": "docker"}}, base=True)
case("repo-oci-login", "HelmRepository", {"url": "oci://{shut}/charts", "type": "oci", "insecure": True, "secretRef": {"name": "login"}}, base=True)
case("repo-oci-wrong", "HelmRepository", {"url": "oci://{shut}/charts", "type": "oci", "insecure": True, "secretRef": {"name": "docker-wrong"}}, base=True)
case("repo-oci-none", "HelmRepository", {"url": "oci://{shut}/charts", "type": "oci", "insecure": True, "secretRef": {"name": "nobody"}}, base=True)
case("repo-oci-http", "HelmRepository", {"url": "{http}/plain", "type": "oci"})
case("repo-no-type", "HelmRepository", {"url": "oci://{registry}/charts"}, {"type": "oci", "insecure": True})
case("repo-to-oci", "HelmRepository", {"url": "{http}/plain"}, {"url": "oci://{registry}/charts", "type": "oci", "insecure": True})
case("repo-provider", "HelmRepository", {"url": "oci://{registry}/charts", "type": "oci", "provider": "aws", "insecure": True})

# ---- HelmChart

case("git", "GitRepository", {"url": "{git}", "ref": {"branch": "main"}}, base=True)
case("git-none", "GitRepository", {"url": "{git}x", "ref": {"branch": "main"}}, base=True)
case("bucket-charts", "Bucket", {"endpoint": "{s3}", "bucketName": "stuff", "insecure": True, "secretRef": {"name": "keys"}, "region": "us-east-1"}, base=True)


def chart(name, source="good", patch=None, kind="HelmRepository", chart="hello", gone=False, **spec):
    source = "repo-" + source if kind == "HelmRepository" else source
    case("chart-" + name, "HelmChart", {"chart": chart, "sourceRef": {"kind": kind, "name": source}, **spec}, patch, gone=gone)


chart("any", patch={"version": "0.1.0"})
chart("exact", version="0.1.0", patch={"version": "9.9.9"})
chart("range", version="<0.2.0")
chart("pre", version=">=0.3.0-0", patch={"version": "*"})
chart("build", version="1.0.0+build")
chart("none", version="9.9.9", patch={"version": "0.2.0"})
chart("no-range", version=">x")
chart("nobody", chart="nobody")
chart("slash", chart="a/b")
chart("gone", gone=True)
chart("suspended", suspend=True, patch={"suspend": False})
chart("no-repo", source="nobody")
chart("values", version="0.2.0", valuesFiles=["values.yaml", "values-prod.yaml"], patch={"valuesFiles": ["values-prod.yaml"]})
chart("values-none", version="0.2.0", valuesFiles=["nobody.yaml"], patch={"ignoreMissingValuesFiles": True})
chart("values-some", version="0.2.0", valuesFiles=["values.yaml", "nobody.yaml"], ignoreMissingValuesFiles=True)
chart("values-out", version="0.2.0", valuesFiles=["../x.yaml"])
chart("revision", version="0.2.0", reconcileStrategy="Revision")
chart("nodigest", source="nodigest", version="0.2.0")
chart("wrongdigest", source="wrongdigest", version="0.2.0")
chart("nochart", source="nochart", version="0.2.0")
chart("nourl", source="nourl", version="0.2.0")
chart("absolute", source="absolute", version="0.2.0")
chart("notgz", source="notgz")
chart("notchart", source="notchart")
chart("othername", source="othername")
chart("badversion", source="badversion")
chart("auth", source="auth", version="0.2.0")
chart("verify", version="0.2.0", verify={"provider": "cosign"})
chart("oci", source="oci", version="0.1.0", patch={"version": "0.x"})
chart("oci-none", source="oci", version="9.9.9")
chart("oci-any", source="oci")
chart("oci-nobody", source="oci", chart="nobody")
chart("oci-shut", source="oci-shut", version="0.1.0")
chart("oci-login", source="oci-login", version="0.1.0")
chart("oci-wrong", source="oci-wrong", version="0.1.0")
chart("oci-no-secret", source="oci-none", version="0.1.0")
chart("oci-unsigned", source="oci", version="0.1.0", verify={"provider": "cosign", "secretRef": {"name": "key-a"}}, patch={"verify": None})
chart("oci-no-key", source="oci", version="0.1.0", verify={"provider": "cosign", "secretRef": {"name": "nobody"}})
chart("git", "git", kind="GitRepository", chart="charts/hello", patch={"valuesFiles": ["charts/hello/values-prod.yaml"]})
chart("git-dot", "git", kind="GitRepository", chart="./charts/hello/")
chart("git-revision", "git", kind="GitRepository", chart="charts/hello", reconcileStrategy="Revision")
chart("git-revision-values", "git", kind="GitRepository", chart="charts/hello", reconcileStrategy="Revision", valuesFiles=["charts/hello/values-prod.yaml"])
chart("git-values-none", "git", kind="GitRepository", chart="charts/hello", valuesFiles=["nobody.yaml"])
chart("git-nobody", "git", kind="GitRepository", chart="charts/nobody", patch={"chart": "charts/hello"})
chart("git-out", "git", kind="GitRepository", chart="../../x")
chart("git-file", "git", kind="GitRepository", chart="charts/file")
chart("git-invalid", "git", kind="GitRepository", chart="charts/invalid")
chart("git-noversion", "git", kind="GitRepository", chart="charts/noversion")
chart("git-no-artifact", "git-none", kind="GitRepository", chart="charts/hello")
chart("git-no-repo", "nobody", kind="GitRepository", chart="charts/hello")
for name in ("parent", "nodep", "olddep", "out", "baddep", "remote"):
    chart("git-" + name, "git", kind="GitRepository", chart="charts/" + name)
chart("bucket", "bucket-charts", kind="Bucket", chart="charts/hello")
chart("bucket-none", "bucket-charts", kind="Bucket", chart="charts/nobody")
chart("bucket-no-repo", "nobody", kind="Bucket", chart="charts/hello")

# ---- OCIRepository


def oci(name, repo="app", patch=None, host="registry", gone=False, **spec):
    case("oci-" + name, "OCIRepository", {"url": "oci://{%s}/%s" % (host, repo), "insecure": True, "timeout": "10s", **spec}, patch, gone=gone)


oci("latest")
oci("tag", ref={"tag": "1.0.0"}, patch={"ref": {"tag": "1.1.0"}})
oci("semver", ref={"semver": "1.x"}, patch={"ref": {"semver": ">=2.0.0-0"}})
oci("semver-filter", ref={"semver": ">=1.0.0-0", "semverFilter": ".*-rc.*"})
oci("semver-none", ref={"semver": "9.x"})
oci("semver-bad", ref={"semver": "x>y"})
oci("filter-bad", ref={"semver": "1.x", "semverFilter": "("})
oci("digest", ref={"digest": "{digest}"})
oci("digest-none", ref={"digest": "sha256:" + "0" * 64})
oci("digest-bad", ref={"digest": "sha256:0"})
oci("tag-none", ref={"tag": "nobody"}, patch={"ref": {"tag": "v1"}})
oci("repo-none", "nobody")
oci("nobody", host="nobody-host")
oci("401", host="shut", patch={"secretRef": {"name": "docker"}})
oci("shut", host="shut", secretRef={"name": "docker"}, patch={"secretRef": {"name": "docker-wrong"}})
oci("wrong", host="shut", secretRef={"name": "docker-wrong"})
oci("elsewhere", host="shut", secretRef={"name": "docker-elsewhere"})
oci("opaque", host="shut", secretRef={"name": "login"})
oci("no-secret", host="shut", secretRef={"name": "nobody"})
oci("no-account", host="shut", serviceAccountName="nobody")
oci("no-cert", certSecretRef={"name": "nobody"})
oci("no-proxy", proxySecretRef={"name": "nobody"})
oci("bad-proxy", proxySecretRef={"name": "bad-proxy"})
oci("proxy", proxySecretRef={"name": "proxy"})
oci("secure", insecure=False)
oci("bad-url", "APP")
oci("tagged-url", "app:v1")
oci("text", "text")
oci("outside", "outside")
oci("nolayers", "nolayers")
oci("typed", "typed", layerSelector={"mediaType": "application/y+gzip"}, patch={"layerSelector": {"mediaType": "application/none"}})
oci("copy", "app", layerSelector={"operation": "copy"}, patch={"layerSelector": {"operation": "extract"}})
oci("two", "two", layerSelector={"mediaType": "application/two"})
oci("ignore", ignore="*.yaml\n", patch={"ignore": "# nothing\n"})
oci("suspended", suspend=True, patch={"suspend": False})
oci("then-suspended", patch={"suspend": True})
oci("none-then-suspended", "nobody", patch={"suspend": True})
oci("gone", gone=True)
oci("provider", provider="aws")
oci("chart", "charts/hello", ref={"tag": "0.1.0"}, layerSelector={"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "operation": "copy"})
oci("unsigned", verify={"provider": "cosign", "secretRef": {"name": "key-a"}}, patch={"verify": None})
oci("no-keys", verify={"provider": "cosign", "secretRef": {"name": "nobody"}})
oci("nothing-keys", verify={"provider": "cosign", "secretRef": {"name": "nothing"}})
oci("bad-key", verify={"provider": "cosign", "secretRef": {"name": "key-bad"}})
for tag in ("key2", "key3"):
    oci("signed-" + tag, tag, ref={"tag": "v1"}, verify={"provider": "cosign", "secretRef": {"name": "key-a"}},
        patch={"verify": {"secretRef": {"name": "key-b"}}}, layerSelector={"operation": "copy"})
oci("keyless", "keyless3", ref={"tag": "v1"}, layerSelector={"operation": "copy"},
    verify={"provider": "cosign", "trustedRootSecretRef": {"name": "root"}, "matchOIDCIdentity": [{"issuer": ".*", "subject": ".*"}]},
    patch={"verify": {"matchOIDCIdentity": [{"issuer": "^no$", "subject": ".*"}]}})
oci("keyless-bad-root", "keyless3", ref={"tag": "v1"}, layerSelector={"operation": "copy"},
    verify={"provider": "cosign", "trustedRootSecretRef": {"name": "bad-root"}, "matchOIDCIdentity": [{"issuer": ".*", "subject": ".*"}]})
oci("keyless-no-root", "keyless3", ref={"tag": "v1"}, layerSelector={"operation": "copy"},
    verify={"provider": "cosign", "trustedRootSecretRef": {"name": "nobody"}, "matchOIDCIdentity": [{"issuer": ".*", "subject": ".*"}]})
oci("notation-none", verify={"provider": "notation", "secretRef": {"name": "nobody"}})
oci("notation-nothing", verify={"provider": "notation", "secretRef": {"name": "nothing"}})
oci("notation-policy", verify={"provider": "notation", "secretRef": {"name": "notation"}})
oci("notation-no-policy", verify={"provider": "notation", "secretRef": {"name": "notation-none"}})

# ---- Bucket


def bucket(name, patch=None, gone=False, **spec):
    case("bucket-" + name, "Bucket", {"endpoint": "{s3}", "bucketName": "stuff", "insecure": True, "secretRef": {"name": "keys"}, "region": "us-east-1",
                                      "timeout": "10s", **spec}, patch, gone=gone)


bucket("good", patch={"ignore": "deploy/\n"})
bucket("prefix", prefix="deploy/", patch={"prefix": "nobody"})
bucket("ignore", ignore="*.yaml\n!a.yaml\n")
bucket("ignore-all", ignore="/*\n")
bucket("bare", bucketName="bare")
bucket("none", bucketName="nobody", patch={"bucketName": "stuff"})
bucket("no-secret", secretRef={"name": "nobody"}, patch={"secretRef": {"name": "keys"}})
bucket("half-keys", secretRef={"name": "half-keys"})
bucket("nothing", secretRef={"name": "nothing"})
bucket("wrong-keys", endpoint="{checking}")
bucket("right-keys", endpoint="{checking}", secretRef={"name": "real-keys"})
bucket("nobody", endpoint="127.0.0.1:1")
bucket("bad-endpoint", endpoint="http://{s3}")
bucket("path-endpoint", endpoint="{s3}/x")
bucket("secure", insecure=False)
bucket("no-cert", certSecretRef={"name": "nobody"})
bucket("no-proxy", proxySecretRef={"name": "nobody"})
bucket("bad-proxy", proxySecretRef={"name": "bad-proxy"})
bucket("suspended", suspend=True, patch={"suspend": False})
bucket("then-suspended", patch={"suspend": True})
bucket("gone", gone=True)
bucket("gcp-no-key", provider="gcp", secretRef={"name": "nothing"})
bucket("gcp-bad", provider="gcp", secretRef={"name": "keys"})
bucket("azure-nothing", provider="azure", endpoint="http://{checking}/acct", secretRef={"name": "nothing"})
bucket("sts-provider", sts={"provider": "ldap", "endpoint": "http://{checking}/sts", "secretRef": {"name": "nobody"}})
bucket("account", provider="aws", serviceAccountName="nobody", secretRef=None)

# ---- much that is wrong at once: what is said first

NOBODY = {"name": "nobody"}
LDAP = {"provider": "ldap", "endpoint": "http://[x"}
case("repo-order-url", "HelmRepository", {"url": "oci://{registry}/x", "secretRef": NOBODY})
repo("order-cert", "plain", certSecretRef={"name": "cert-only"}, secretRef=NOBODY)
oci("order-proxy", proxySecretRef={"name": "bad-proxy"}, certSecretRef=NOBODY)
bucket("order-proxy", proxySecretRef={"name": "bad-proxy"}, certSecretRef=NOBODY)
bucket("order-sts", sts={**LDAP, "secretRef": NOBODY}, proxySecretRef=NOBODY)
bucket("order-cert", certSecretRef={"name": "cert-only"}, sts={**LDAP, "certSecretRef": NOBODY})
bucket("order-keys", secretRef={"name": "half-keys"}, sts=LDAP)
bucket("order-sts-url", sts=LDAP)
bucket("order-sts-keys", sts={"provider": "ldap", "endpoint": "http://{checking}/sts", "secretRef": {"name": "half-keys"}})
bucket("gcp-text", provider="gcp", secretRef={"name": "gcp-text"})
bucket("gcp-user", provider="gcp", secretRef={"name": "gcp-user"})
bucket("ignore-nothing", patch={"ignore": "# nothing\n"})
chart("git-build-then-source", "git", kind="GitRepository", chart="charts/hello", valuesFiles=["nobody.yaml"],
      patch={"sourceRef": {"name": "nobody"}})
case("git-order-proxy", "GitRepository", {"url": "http://a b/", "proxySecretRef": {"name": "bad-proxy"}, "secretRef": NOBODY,
                                          "include": [{"repository": NOBODY}]})
case("git-order-url", "GitRepository", {"url": "http://a b/", "secretRef": NOBODY, "include": [{"repository": NOBODY}]})
case("git-order-secret", "GitRepository", {"url": "{git}", "secretRef": NOBODY, "include": [{"repository": NOBODY}]})
case("git-order-app", "GitRepository", {"url": "{git}", "provider": "github", "include": [{"repository": NOBODY}]})
case("git-include-none", "GitRepository", {"url": "{git}", "include": [{"repository": NOBODY}]})
case("git-include-new", "GitRepository", {"url": "{git}x", "ref": {"branch": "main"}, "include": [{"repository": {"name": "git"}}]},
     {"include": None}, late=True)
case("git-include-file", "GitRepository", {"url": "{git}", "ref": {"branch": "main"}, "include": [
    {"repository": {"name": "git"}, "fromPath": "charts/sub/Chart.yaml", "toPath": "charts/file"}]}, {"include": None}, late=True)
case("git-include-dir", "GitRepository", {"url": "{git}", "ref": {"branch": "main"}, "include": [
    {"repository": {"name": "git"}, "fromPath": "charts/sub", "toPath": "charts/sub"}]}, {"include": None}, late=True)

# ---- ExternalArtifact

case("external", "ExternalArtifact", {"sourceRef": {"apiVersion": "x.io/v1", "kind": "X", "name": "x"}})
case("external-bare", "ExternalArtifact", {}, gone=True)


def then(world):
    """The world goes on."""
    new = pack(chart_files("hello", "0.4.0"), "hello/")
    Repositories.files["plain/hello-0.4.0.tgz"] = new
    Repositories.files["plain/index.yaml"] = index(world.entries + [("hello", "0.4.0", "hello-0.4.0.tgz", new)])
    Repositories.files["nodigest/index.yaml"] = b"gone bad: ["
    del Repositories.files["absolute/index.yaml"]
    del Repositories.files["plain/hello-0.1.0.tgz"]
    open_ = world.names["registry"]
    for tag in ("latest", "1.2.0"):
        world.image(open_, "app", tag, pack({"a.yaml": "new\n", "n.yaml": "n\n"}))
    world.image(open_, "two", "latest", pack({"a.yaml": "new\n"}))
    world.s3.put_object(Bucket="stuff", Key="new.yaml", Body=b"new\n")
    world.s3.delete_object(Bucket="stuff", Key="a.yaml")
    world.commit({"charts/hello/values.yaml": "a: 2\n", "charts/sub/Chart.yaml": chart_files("sub", "1.3.0")["Chart.yaml"]})


for names, why in (
        (("git-include-dir",), "Flux tells its temporary files"),
        (("bucket-nobody", "bucket-secure"), "Flux cuts the URL of the error into pieces"),
        (("oci-nobody", "oci-proxy"), "Flux asks for /v2/ before it asks for the manifest"),
        (("oci-keyless-bad-root",), "protobuf's errors are not meant to be the same twice")):
    for name in names:
        CASES[name]["words"] = why
CASES["oci-provider"].update(words="a login that fails is told as one", reasons="in Flux it is a pull that fails")
