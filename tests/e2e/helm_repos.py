#!/usr/bin/env python3
"""Chart repositories on the command line: helm_repos.py RILL [HELM]

`rill helm repo`, `search`, `pull`, `dependency`, and commands that take a
chart from a repository, against a server on loopback and, where
docker-registry is installed, a registry. What is expected was said by helm
4.3.2; with HELM, that program is asked the same and must say the same.
"""
import hashlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

RILL = os.path.realpath(sys.argv[1])
HELM = os.path.realpath(sys.argv[2]) if len(sys.argv) > 2 else None
DIR = tempfile.mkdtemp()


HUB = [{"id": "one/app", "attributes": {"description": "<b> & " + "long " * 20, "repo": {"url": "http://h/", "name": "one"}},
        "relationships": {"latestChartVersion": {"data": {"version": "1.0.0", "app_version": "2"}}}},
       {"id": "two/app", "artifactHub": {"packageUrl": "https://artifacthub.io/packages/helm/two/app"}, "attributes": {}}, None,
       {"id": 3, "attributes": "text"}]


class Repo(http.server.SimpleHTTPRequestHandler):
    seen = []

    def __init__(self, *a):
        super().__init__(*a, directory=DIR + "/srv")

    def do_GET(self):
        Repo.seen.append((self.path, self.headers.get("Authorization"), self.headers.get("Host")))
        if self.path.startswith("/auth/"):
            if not self.headers.get("Authorization"):
                return self.send_error(401, "Unauthorized")
            self.path = self.path[5:]
        if self.path.startswith("/hub/"):
            return self.hub(urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query, True)["q"][0])
        return super().do_GET()

    def hub(self, words):
        """Artifact Hub, as far as it is asked: the words say what shall be found."""
        if words == "broken":
            return self.send_error(500)
        text = json.dumps({"data": {"nothing": None, "empty": []}.get(words, HUB + [{"id": words}])})
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text[:40 if words == "short" else None].encode())

    def send_error(self, code, message=None, explain=None):
        own = "own words" if self.path.startswith("/own/") else None
        super().send_error(code, own or http.HTTPStatus(code).phrase)

    def log_message(self, *_):
        pass


def serve():
    s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Repo)
    threading.Thread(target=s.serve_forever, daemon=True).start()
    return s.server_address[1]


failed = 0
running = []


def fail(text):
    global failed
    failed += 1
    print("helm_repos.py: " + text)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


def run(who, *argv, **env):
    """(exit, out, err) in the program's own home."""
    home = DIR + "/" + who
    os.makedirs(home + "/work", exist_ok=True)
    program = [RILL, "helm"] if who == "rill" else [HELM]
    p = subprocess.run(program + list(argv), cwd=home + "/work", stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                       env=dict(PATH=os.environ["PATH"], HOME=home, **env), timeout=60)
    return p.returncode, p.stdout.replace(home, "HOME"), p.stderr.replace(home, "HOME")


def want(argv, code, out, err=""):
    """What both say; `out` None: whatever, but the same."""
    got = run("rill", *argv)
    if out is not None and got != (code, out, err):
        fail("%s\n--- want %r\n%s%s--- got %r\n%s%s" % (" ".join(argv), code, out, err, got[0], got[1], got[2]))
    if out is None and (got[0] != code):
        fail("%s: exit %d\n%s" % (" ".join(argv), got[0], got[2]))
    if HELM:
        theirs = run("helm", *argv)
        if theirs != got:
            fail("%s: helm says otherwise\n%s%s--- rill\n%s%s" % (" ".join(argv), theirs[1], theirs[2], got[1], got[2]))
    return got


def both(what):
    for who in ("rill", "helm") if HELM else ("rill",):
        what(DIR + "/" + who + "/work")


def same_files(*paths):
    for p in paths if HELM else ():
        a, b = (open(DIR + "/" + who + "/" + p, "rb").read() for who in ("rill", "helm"))
        drop = lambda x: b"\n".join(l for l in x.split(b"\n") if not l.startswith(b"generated:"))
        if drop(a) != drop(b):
            fail("%s differs" % p)


def package(name, version, description="A chart", deps=""):
    write(DIR + "/src/%s/Chart.yaml" % name, "apiVersion: v2\nname: %s\nversion: %s\nappVersion: \"9\"\ndescription: %s\nkeywords:\n- web\n%s" % (name, version, description, deps))
    write(DIR + "/src/%s/values.yaml" % name, "v: %s\n" % version)
    write(DIR + "/src/%s/templates/c.yaml" % name, "kind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  v: {{ .Values.v | quote }}\n")
    os.makedirs(DIR + "/srv", exist_ok=True)
    subprocess.run([RILL, "helm", "package", DIR + "/src/" + name, "-d", DIR + "/srv"], check=True, stdout=subprocess.DEVNULL)


def index_command():
    code, out, err = run("rill", "repo", "index", DIR + "/srv")
    if (code, out, err) != (0, "", ""):
        fail("repo index: %s%s" % (out, err))
    text = open(DIR + "/srv/index.yaml").read()
    digest = hashlib.sha256(open(DIR + "/srv/app-1.2.0.tgz", "rb").read()).hexdigest()
    for line in ("    digest: " + digest, "    - app-1.2.0.tgz", "  other:"):
        if line + "\n" not in text:
            fail("index.yaml has no line %r" % line)
    run("rill", "repo", "index", DIR + "/srv", "--json", "--url", "https://h/x")
    ix = json.load(open(DIR + "/srv/index.yaml"))
    if [v["version"] for v in ix["entries"]["app"]] != ["2.0.0-rc.1", "1.10.0", "1.2.0"] or ix["entries"]["app"][1]["urls"] != ["https://h/x/app-1.10.0.tgz"]:
        fail("index as JSON: %s" % ix)
    os.rename(DIR + "/srv/app-1.2.0.tgz", DIR + "/app-1.2.0.tgz")
    shutil.copy(DIR + "/srv/index.yaml", DIR + "/old.yaml")
    run("rill", "repo", "index", DIR + "/srv", "--json", "--merge", DIR + "/old.yaml")
    ix = json.load(open(DIR + "/srv/index.yaml"))
    if [v["urls"][0] for v in ix["entries"]["app"]] != ["app-2.0.0-rc.1.tgz", "app-1.10.0.tgz", "https://h/x/app-1.2.0.tgz"]:
        fail("merged index: %s" % ix)
    os.rename(DIR + "/app-1.2.0.tgz", DIR + "/srv/app-1.2.0.tgz")
    run("rill", "repo", "index", DIR + "/srv")
    got = run("rill", "repo", "index", "none")
    if got != (1, "", "Error: open none/index.yaml: no such file or directory\n"):
        fail("index of nothing: %r" % (got,))


def repo_commands(url):
    looks = 'Error: looks like "%s" is not a valid chart repository or cannot be reached: failed to fetch %s/index.yaml : 404 Not Found\n'
    want(["repo", "list"], 0, "", "no repositories to show\n")
    want(["repo", "update"], 1, "", "Error: no repositories found. You must add one before updating\n")
    want(["search", "repo"], 1, "", "Error: no repositories configured\n")
    want(["repo", "remove", "x"], 1, "", "Error: no repositories configured\n")
    want(["repo", "add", "one", url], 0, '"one" has been added to your repositories\n')
    want(["repo", "add", "one", url], 0, '"one" already exists with the same configuration, skipping\n')
    want(["repo", "add", "one", url + "/"], 1, "", "Error: repository name (one) already exists, please specify a different name\n")
    want(["repo", "add", "one", url + "/", "--force-update"], 0, '"one" has been added to your repositories\n')
    want(["repo", "add", "a/b", url], 1, "", "Error: repository name (a/b) contains '/', please specify a different name without '/'\n")
    want(["repo", "add", "bad", url + "/no"], 1, "", looks % (url + "/no", url + "/no"))
    want(["repo", "add", "bad", "ftp://h"], 1, "", "Error: could not find protocol handler for: ftp\n")
    want(["repo", "add", "bad", "oci://h/x"], 1, "", 'Error: looks like "oci://h/x" is not a valid chart repository or cannot be reached: '
         'failed to perform "FetchReference" on source: invalid reference\n')
    no_ca = 'can\'t create TLS config for client: can\'t read CA file: "/none": open /none: no such file or directory\n'
    want(["repo", "add", "bad", url, "--ca-file", "/none"], 1, "",
         'Error: looks like "%s" is not a valid chart repository or cannot be reached: %s' % (url, no_ca))
    both_bad = 'can\'t create TLS config for client: unable to read %s file: "/no": open /no: no such file or directory\ncan\'t read CA file: "/none": open /none: no such file or directory\n'
    both(lambda w: write(w + "/text", "no PEM"))
    for flags, said in ((["--ca-file", "/none", "--cert-file", "/no"], both_bad % "cert"), (["--ca-file", "/none", "--cert-file", "text", "--key-file", "/no"], both_bad % "key"),
                        (["--ca-file", "text"], "can't create TLS config for client: failed to append certificates from pem block\n"),
                        (["--cert-file", "text", "--key-file", "text"], "can't create TLS config for client: unable to load cert from key pair: tls: failed to find any PEM data in certificate input\n")):
        want(["repo", "add", "bad", url] + flags, 1, "", 'Error: looks like "%s" is not a valid chart repository or cannot be reached: %s' % (url, said))
        want(["pull", "oci://127.0.0.1:1/a"] + flags, 1, "", "Error: missing registry client: " + said)
    want(["repo", "add", "half", url, "--cert-file", "/no"], 0, '"half" has been added to your repositories\n')
    want(["repo", "remove", "half"], 0, '"half" has been removed from your repositories\n')
    want(["pull", "oci://127.0.0.1:1/a", "--ca-file", "/none"], 1, "", "Error: missing registry client: " + no_ca)
    want(["repo", "add", "bad", url, "--username", "u"], 1, "Password: \n", "Error: inappropriate ioctl for device\n")
    want(["registry", "login", "h"], 1, "Username: ", "Error: EOF\n")
    want(["registry", "login", "h", "-u", "u"], 1, "Password: ", "Error: inappropriate ioctl for device\n")
    for ref, what in (("h/A", 'repository "A"'), ("h/a:-1", 'tag "-1"'), ("h/a//b", 'repository "a//b"')):
        want(["pull", "oci://" + ref], 1, "", "Error: invalid reference: invalid %s\n" % what)
    want(["repo", "add", "in", url + "/auth"], 1, "", 'Error: looks like "%s/auth" is not a valid chart repository or cannot be reached: failed to fetch %s/auth/index.yaml : 401 Unauthorized\n' % (url, url))
    want(["repo", "add", "in", url + "/auth", "--username", "u", "--password", "p"], 0, '"in" has been added to your repositories\n')
    want(["repo", "list", "-o", "yaml"], 0, "- name: one\n  url: %s/\n- name: in\n  url: %s/auth\n" % (url, url))
    want(["repo", "list"], 0, None)
    want(["repo", "update"], 0, 'Hang tight while we grab the latest from your chart repositories...\n...Successfully got an update from the "one" chart repository\n'
         '...Successfully got an update from the "in" chart repository\nUpdate Complete. ⎈Happy Helming!⎈\n') if not HELM else None
    want(["repo", "update", "nope"], 1, "", "Error: no repositories found matching 'nope'.  Nothing will be updated\n")
    want(["repo", "remove", "in"], 0, '"in" has been removed from your repositories\n')
    same_files(".config/helm/repositories.yaml", ".cache/helm/repository/one-index.yaml")
    if oct(os.stat(DIR + "/rill/.config/helm/repositories.yaml").st_mode & 0o777) != "0o600":
        fail("repositories.yaml can be read by others")


def search():
    want(["search", "repo", "app", "-o", "yaml"], 0, "- app_version: \"9\"\n  description: A chart\n  name: one/app\n  version: 1.10.0\n")
    want(["search", "repo", "WEB", "-l"], 0, None)
    want(["search", "repo", "--devel", "-o", "json"], 0, None)
    want(["search", "repo", "app", "--version", "<1.5", "-o", "json"], 0, '[{"name":"one/app","version":"1.2.0","app_version":"9","description":"A chart"}]\n')
    want(["search", "repo", "-r", "^oth.*"], 0, None)
    want(["search", "repo", "nothing"], 0, "No results found\n")
    want(["search", "repo", "nothing", "--fail-on-no-result"], 1, "", "Error: no results found\n")


def hub(url):
    hub, table = url + "/hub", "URL%s\tCHART VERSION\tAPP VERSION\tDESCRIPTION%s\n"
    want(["search", "hub", "x", "--endpoint", hub], 0, table % (" " * 41, " " * 39) + "".join(
        "%-44s\t%-13s\t%-11s\t%-50s\n" % row for row in (
            (hub + "/charts/one/app", "1.0.0", "2", "<b> & " + "long " * 8 + "l..."),
            ("https://artifacthub.io/packages/helm/two/app", "", "", ""), (hub + "/charts/", "", "", ""),
            (hub + "/charts/", "", "", ""), (hub + "/charts/x", "", "", ""))))
    for more in (["--list-repo-url"], ["-o", "json"], ["-o", "yaml"], ["--max-col-width", "20"], ["--max-col-width", "0"]):
        want(["search", "hub", "a b&c", "d", "--endpoint", hub, *more], 0, None)
    want(["search", "hub", "--endpoint", hub + "/"], 0, None)
    for words in ("nothing", "empty", "short"):
        want(["search", "hub", words, "--endpoint", hub], 0, "No results found\n")
        want(["search", "hub", words, "--endpoint", hub, "-o", "yaml"], 0, "[]\n")
        want(["search", "hub", words, "--endpoint", hub, "--fail-on-no-result"], 1, "", "Error: no results found\n")
    want(["search", "hub", "broken", "--endpoint", hub], 1, "", 'Error: unable to perform search against "%s"\n' % hub)
    want(["search", "hub", "--endpoint", "http://127.0.0.1:1"], 1, "", 'Error: unable to perform search against "http://127.0.0.1:1"\n')
    want(["search", "hub", "--endpoint", "nowhere"], 1, "", 'Error: unable to create connection to "nowhere": no hostname provided\n')
    want(["search", "hub", "--endpoint", "http://a b"], 1, "",
         'Error: unable to create connection to "http://a b": parse "http://a b": invalid character " " in host name\n')
    want(["search", "hub", "--max-col-width", "-1"], 1, "",
         'Error: invalid argument "-1" for "--max-col-width" flag: strconv.ParseUint: parsing "-1": invalid syntax\n')


def odd():
    """Charts that are not there, and words that mean nothing."""
    both(lambda at: os.makedirs(at + "/empty", exist_ok=True))
    want(["pull", "ftp://h/x"], 1, "", 'Error: scheme "ftp" not supported\n')
    for what in ("all", "chart", "values", "readme", "crds"):
        want(["show", what, "empty"], 1, "", "Error: Chart.yaml file is missing\n")
    want(["show", "values", DIR + "/src/app", "--jsonpath", "{.gone}"], 0, "")
    want(["dependency", "list", "empty"], 1, "", "Error: Chart.yaml file is missing\n")
    want(["dependency", "list", "nowhere"], 1, "", "Error: stat nowhere: no such file or directory\n")
    want(["dependency", "list", "--max-col-width", "-1"], 1, "",
         'Error: invalid argument "-1" for "--max-col-width" flag: strconv.ParseUint: parsing "-1": invalid syntax\n')
    wait = 'Error: invalid argument "x" for "--wait" flag: invalid wait input "x". Valid inputs are watcher, hookOnly, and legacy\n'
    for command in ("install", "upgrade", "rollback", "uninstall", "template"):
        want([command, "--wait=x"], 1, "", wait)
    for command in ("upgrade", "rollback"):
        want([command, "a", "--server-side"], 1, "", "Error: flag needs an argument: --server-side\n")
    for old in ("force", "force-replace"):
        notice = "Flag --force has been deprecated, use --force-replace instead\n" if old == "force" else ""
        want(["template", DIR + "/src/app", "--force-conflicts", "--" + old], 1, "", notice + "Error: if any flags in the group "
             "[%s force-conflicts] are set none of the others can be; [%s] were all set\n" % (
                 old, " ".join(sorted((old, "force-conflicts")))))
    write(DIR + "/src/untyped/Chart.yaml", "apiVersion: v2\nname: untyped\nversion: 1.0.0\n")
    write(DIR + "/src/untyped/templates/a.yaml", "kind: A\n")
    code, out, err = run("rill", "install", "x", DIR + "/src/untyped", "--dry-run=client")
    if code or "kind: A\n" not in out or err:
        fail("install --dry-run=client looks at what only a server knows: %d %s%s" % (code, out, err))
    want(["env", "KUBECONFIG"], 0, "\n")
    os.makedirs(DIR + "/bin")
    os.symlink(RILL, DIR + "/bin/helm")
    for argv, name in (([DIR + "/bin/helm"], DIR + "/bin/helm"), ([RILL, "helm"], "helm")):
        got = subprocess.run(argv + ["env", "HELM_BIN"], text=True, stdout=subprocess.PIPE).stdout
        if got != name + "\n":
            fail("HELM_BIN of %s: %s" % (argv, got))
    got = run("rill", "version", "--color", "bogus")
    if got != (1, "", 'Error: invalid color mode "bogus": must be one of: never, auto, always\n'):
        fail("a colour that is none: %r" % (got,))


def pull(url):
    want(["pull", "one/app"], 0, "")
    want(["pull", "app", "--repo", url, "--version", "~1.2"], 0, "")
    want(["pull", "one/app", "--devel"], 0, "")
    want(["pull", url + "/other-0.1.0.tgz"], 0, "")
    want(["pull", "one/app", "--untar", "--untardir", "x"], 0, "")
    missing = "WARNING: Verification not found for %%s: failed to fetch %s/app-1.10.0.tgz.prov : 404 Not Found\n" % url
    want(["pull", "one/app", "--prov"], 0, missing % "one/app")
    want(["pull", "app", "--repo", url, "--prov"], 0, missing % (url + "/app-1.10.0.tgz"))
    want(["pull", "one/app", "--prov", "--untar", "--untardir", "x"], 1, "", "Error: failed to untar: a file or directory with the name x/app already exists\n")
    want(["pull", "one/app", "--untar", "--untardir", "x"], 1, "", "Error: failed to untar: a file or directory with the name x/app already exists\n")
    want(["pull", "one/app", "--version", "9.x"], 1, "", 'Error: chart "app" matching 9.x not found in one index. (try \'helm repo update\'): no chart version found for app-9.x\n')
    want(["pull", "two/app"], 1, "", "Error: repo two not found\n")
    want(["pull", "app"], 1, "", "Error: non-absolute URLs should be in form of repo_name/path_to_chart, got: app\n")
    got = run("rill", "pull", "app", "--repo", url, "--version", "9.x")
    if got != (1, "", 'the newest version is 1.10.0\nError: chart "app" version "9.x" not found in %s repository\n' % url):
        fail("pull of what is not there: %s %s" % got[1:])
    for f in ("app-1.10.0.tgz", "app-1.2.0.tgz", "app-2.0.0-rc.1.tgz", "other-0.1.0.tgz"):
        a, b = open(DIR + "/rill/work/" + f, "rb").read(), open(DIR + "/srv/" + f, "rb").read()
        if a != b:
            fail(f + " differs")
    same_files("work/x/app/Chart.yaml", "work/x/app/templates/c.yaml")


def take(url):
    """Commands that take a chart from anywhere."""
    text = "---\n# Source: app/templates/c.yaml\nkind: ConfigMap\nmetadata:\n  name: r\ndata:\n  v: \"%s\"\n"
    want(["template", "r", "one/app"], 0, text % "1.10.0")
    want(["template", "r", "app", "--repo", url, "--version", "<1.5"], 0, text % "1.2.0")
    want(["template", "r", url + "/app-1.2.0.tgz"], 0, text % "1.2.0")
    write(DIR + "/srv/values.yaml", "v: from afar\n")
    want(["template", "r", "one/app", "-f", url + "/values.yaml"], 0, text % "from afar")
    want(["show", "values", "one/app"], 0, "v: 1.10.0\n\n")


def credentials(port):
    """A login goes to its own host and no other (where helm tells both)."""
    write(DIR + "/srv/far/index.yaml", "apiVersion: v1\nentries:\n  app:\n  - name: app\n    version: 1.2.0\n    urls:\n    - http://localhost:%d/app-1.2.0.tgz\n" % port)
    for more, expect in (((), None), (("--pass-credentials",), "Basic dTpw")):
        Repo.seen.clear()
        if run("rill", "pull", "app", "--repo", "http://127.0.0.1:%d/auth/far" % port, "--username", "u", "--password", "p", *more) != (0, "", ""):
            fail("pull with a login")
        got = [a for p, a, h in Repo.seen if p.endswith(".tgz")]
        if set(got) != {expect} or any(a != "Basic dTpw" for p, a, h in Repo.seen if p.endswith("index.yaml")):
            fail("who was told what: %s" % Repo.seen)


def dependencies(url):
    def deps(text):
        both(lambda w: (shutil.rmtree(w + "/c", ignore_errors=True), write(w + "/c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n" + text)))
    got = 'Hang tight while we grab the latest from your chart repositories...\n...Successfully got an update from the "one" chart repository\nUpdate Complete. ⎈Happy Helming!⎈\n'
    deps("- name: app\n  version: 1.x\n  repository: '@one'\n")
    want(["dependency", "update", "c"], 0, got + "Saving 1 charts\nDownloading app from repo %s/\nDeleting outdated charts\n" % url)
    same_files("work/c/Chart.lock", "work/c/charts/app-1.10.0.tgz")
    want(["dependency", "list", "c"], 0, None)
    both(lambda w: shutil.rmtree(w + "/c/charts"))
    want(["dependency", "build", "c", "--skip-refresh"], 0, "Saving 1 charts\nDownloading app from repo %s/\nDeleting outdated charts\n" % url)
    deps("- name: app\n  version: 7.x\n  repository: %s\n" % url)
    want(["dep", "up", "c"], 1, got, "Error: can't get a valid version for 1 subchart(s): \"app\" (repository \"%s\", version \"7.x\"). Make sure a matching chart version exists in the repo, or change the version constraint in Chart.yaml\n" % url)
    deps("- name: none\n  version: 7.x\n  repository: %s\n" % url)
    want(["dep", "up", "c", "--skip-refresh"], 1, "", "Error: none chart not found in repo %s\n" % url)
    deps("- name: app\n  version: 1.2.0\n  repository: %s/auth/..\n" % url)
    want(["dep", "up", "c", "--skip-refresh"], 0, None)
    deps("- name: app\n  version: 1.x\n  repository: stable\n")
    want(["dep", "up", "c"], 1, None)
    index = ".cache/helm/repository/one-index.yaml"
    deps("- name: app\n  version: 1.2.0\n  repository: oci://127.0.0.1:1/x\n")
    both(lambda w: os.rename(w + "/../" + index, w + "/index.yaml"))
    want(["dep", "up", "c", "--skip-refresh"], 1, "", "Error: open HOME/%s: no such file or directory\n" % index)
    both(lambda w: os.rename(w + "/index.yaml", w + "/../" + index))
    want(["repo", "remove", "one"], 0, '"one" has been removed from your repositories\n')
    deps("- name: app\n  version: 1.2.0\n  repository: %s\n- name: app\n  alias: two\n  version: 1.2.0\n  repository: %s\n" % (url, url))
    want(["dep", "up", "c"], 0, 'Getting updates for unmanaged Helm repositories...\n...Successfully got an update from the "%s" chart repository\nSaving 2 charts\nDownloading app from repo %s\nAlready downloaded app from repo %s\nDeleting outdated charts\n' % (url, url, url)) if not HELM else None
    if not HELM:
        want(["dep", "build", "c"], 1, "", "Error: no repository definition for %s, %s. Please add the missing repos via 'helm repo add'\n" % (url, url))


def local_dependencies(url):
    """Those that need nobody, and what is wrong with them is told first."""
    def deps(text, version="v2"):
        both(lambda w: (shutil.rmtree(w + "/l", ignore_errors=True), write(w + "/l/Chart.yaml", "apiVersion: %s\nname: l\nversion: 1.0.0\n%s" % (version, text))))
    listed = "dependencies:\n- name: d\n  version: 1.x\n"
    for command in (["dependency", "update"], ["dependency", "build"]):
        want(command + ["empty"], 1, "", "Error: Chart.yaml file is missing\n")
        deps(listed + "  repository: file://../gone\n")
        want(command + ["l"], 1, "", "Error: directory gone not found\n")
    deps(listed)
    want(["dep", "up", "l", "--skip-refresh"], 1, "", "Error: directory l/charts/d not found\n")
    want(["package", "l", "-u"], 1, "", "Error: directory HOME/work/l/charts/d not found\n")
    both(lambda w: write(w + "/l/charts/d/Chart.yaml", "apiVersion: v2\nname: d\nversion: 2.0.0\n"))
    what = "dependency d at version 2.0.0 does not satisfy the constraint 1.x\n"
    want(["dep", "up", "l", "--skip-refresh"], 1, "Saving 1 charts\nDependency d did not declare a repository. Assuming it exists in the charts directory\n"
         "Save error occurred:  " + what, "Error: " + what)
    want(["dep", "up", "l/charts", "--skip-refresh"], 1, "", "Error: Chart.yaml file is missing\n")
    both(lambda w: (shutil.rmtree(w + "/l/charts"), write(w + "/l/charts", "")))
    deps("", "v1")
    both(lambda w: (write(w + "/l/requirements.yaml", listed + "  repository: file://../d\n"),
                    write(w + "/d/Chart.yaml", "apiVersion: v1\nname: d\nversion: 1.0.0\n"),
                    write(w + "/l/requirements.lock", "dependencies:\n- name: d\n  version: 1.0.0\n  repository: file://../d\n"
                          "digest: sha256:%s\ngenerated: \"2020-01-01T00:00:00Z\"\n" % hashlib.sha256(
                              b'{"dependencies":[{"name":"d","version":"1.x","repository":"file://../d"}]}').hexdigest())))
    old = 'level=INFO msg="warning: a valid Helm v3 hash was not found. Checking against Helm v2 hash..."\n'
    want(["dep", "build", "l", "--skip-refresh"], 0, "Saving 1 charts\nDeleting outdated charts\n", old)
    both(lambda w: write(w + "/l/requirements.yaml", listed + "  repository: file://../d/\n"))
    want(["dep", "build", "l", "--skip-refresh"], 1, "", old + "Error: the lock file (requirements.lock) is out of sync with the dependencies file "
         "(requirements.yaml). Please update the dependencies\n")
    both(lambda w: write(w + "/plain.tgz", "text"))
    want(["dependency", "list", "plain.tgz"], 1, "", "Error: file 'plain.tgz' does not appear to be a gzipped archive; got 'application/octet-stream'\n")


def entries(url):
    """An index with an entry that is none, versions that are meant and not there, and development versions."""
    write(DIR + "/srv/odd/index.yaml", "apiVersion: v1\nentries:\n  app:\n  - name: app\n    version: none\n  - name: app\n    version: 1.2.0\n    urls:\n    - ../app-1.2.0.tgz\n")
    skip = 'level=WARN msg="skipping loading invalid entry for chart" name=app version=none source=%s error="validation: chart.metadata.version \\"none\\" is invalid"\n'
    cached = "HOME/.cache/helm/repository/odd-index.yaml"
    want(["repo", "add", "odd", url + "/odd"], 0, '"odd" has been added to your repositories\n', skip % (url + "/odd"))
    want(["search", "repo", "odd/app", "-l", "-o", "json"], 0, '[{"name":"odd/app","version":"1.2.0","app_version":"","description":""}]\n', skip % cached)
    other = 'level=WARN msg="unable to find exact version requested; falling back to closest available version" chart=app requested=%s selected=1.2.0\n'
    want(["pull", "odd/app", "--version", "v1.2.0"], 0, "", skip % cached + other % "v1.2.0")
    want(["pull", "odd/app", "--version", "1.x"], 0, "", skip % cached)
    want(["repo", "remove", "odd"], 0, '"odd" has been removed from your repositories\n')
    want(["pull", "one/app", "--version", "1.2"], 0, "", other % "1.2")
    for command, prefix in ((["show", "chart"], ""), (["template", "r"], ""), (["install", "r", "--dry-run=client"], "INSTALLATION FAILED: ")):
        want(command + ["nothing", "--devel", "--repo", url], 1, "", "Error: " + prefix + 'chart "nothing" version ">0.0.0-0" not found in %s repository\n' % url)
    want(["show", "chart", "one/app", "--devel"], 0, None)
    if "version: 2.0.0-rc.1\n" not in run("rill", "show", "chart", "one/app", "--devel")[1]:
        fail("show --devel takes no development version")
    want(["repo", "add", "own", url + "/own"], 1, "", 'Error: looks like "%s/own" is not a valid chart repository or cannot be reached: '
         "failed to fetch %s/own/index.yaml : 404 own words\n" % (url, url))


def signed(url):
    """A chart that helm 4.3.2 signed; the key is in tests/golden/helm-prov."""
    if not shutil.which("gpg"):
        print("helm_repos.py: no gpg here: signatures are not tried")
        return
    golden = os.path.dirname(os.path.dirname(os.path.realpath(__file__))) + "/golden/helm-prov/"
    for f in ("plus-1.0.0+x.tgz", "plus-1.0.0+x.tgz.prov"):
        shutil.copy(golden + f, DIR + "/srv/" + f)
        both(lambda w: shutil.copy(golden + f, w + "/" + f))
    both(lambda w: shutil.copy(golden + "pub.gpg", w + "/pub.gpg"))
    run("rill", "repo", "index", DIR + "/srv")
    digest = hashlib.sha256(open(golden + "plus-1.0.0+x.tgz", "rb").read()).hexdigest()
    report = "Signed by: Helm Tester <t@example.org>\nUsing Key With Fingerprint: %s\nChart Hash Verified: sha256:%s\n" % (open(golden + "fingerprint").read().strip(), digest)
    ring = ["--keyring", "pub.gpg"]
    want(["verify", "plus-1.0.0+x.tgz", *ring], 0, report)
    want(["verify", "plus-1.0.0+x.tgz", "--keyring", "none.gpg"], 1, "", "Error: failed to load keyring: open none.gpg: no such file or directory\n")
    want(["pull", "plus", "--repo", url, "--verify", *ring], 0, report)
    want(["pull", "app", "--repo", url, "--verify", *ring], 1, "", 'Error: failed to fetch provenance "%s/app-1.10.0.tgz.prov"\n' % url)
    want(["pull", "plus", "--repo", url, "--prov"], 0, "")
    want(["show", "chart", "plus", "--repo", url, "--verify", *ring], 0, None)
    want(["show", "chart", "plus-1.0.0+x.tgz", "--verify", *ring], 0, None)
    want(["template", "x", "app-1.10.0.tgz", "--verify", *ring], 1, None)
    both(lambda w: open(w + "/plus-1.0.0+x.tgz", "ab").write(b"x"))
    other = hashlib.sha256(open(golden + "plus-1.0.0+x.tgz", "rb").read() + b"x").hexdigest()
    want(["verify", "plus-1.0.0+x.tgz", *ring], 1, "", 'Error: sha256 sum does not match for plus-1.0.0+x.tgz: "sha256:%s" != "sha256:%s"\n' % (digest, other))
    text = open(golden + "plus-1.0.0+x.tgz.prov").read()
    write(DIR + "/rill/work/plus-1.0.0+x.tgz.prov", text.replace(digest, other))
    if run("rill", "verify", "plus-1.0.0+x.tgz", *ring) != (1, "", "Error: openpgp: invalid signature\n"):
        fail("a changed provenance file is taken")
    write(DIR + "/rill/work/plus-1.0.0+x.tgz.prov", "no signature\n")
    if run("rill", "verify", "plus-1.0.0+x.tgz", *ring) != (1, "", "Error: signature block not found\n"):
        fail("no signature is taken")
    write(DIR + "/rill/work/empty.gpg", "")
    shutil.copy(golden + "plus-1.0.0+x.tgz.prov", DIR + "/rill/work/plus-1.0.0+x.tgz.prov")
    shutil.copy(golden + "plus-1.0.0+x.tgz", DIR + "/rill/work/plus-1.0.0+x.tgz")
    if run("rill", "verify", "plus-1.0.0+x.tgz", "--keyring", "empty.gpg")[0] != 1:
        fail("an empty keyring is enough")


def start_registry(name, extra=""):
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    port = s.getsockname()[1]
    s.close()
    write(DIR + "/%s.yml" % name, "version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %s/%s}\n%shttp:\n  addr: 127.0.0.1:%d\n" % (DIR, name, extra, port))
    running.append(subprocess.Popen(["docker-registry", "serve", DIR + "/%s.yml" % name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
    for _ in range(200):
        try:
            urllib.request.urlopen("http://127.0.0.1:%d/v2/" % port, timeout=5)
            break
        except urllib.error.HTTPError:
            break
        except OSError:
            time.sleep(0.05)
    return port


def registry():
    if not shutil.which("docker-registry"):
        print("helm_repos.py: no docker-registry here: charts of registries are not tried")
        return
    port = start_registry("open")
    for v in ("1.2.0", "1.10.0", "2.0.0-rc.1"):
        both(lambda w: shutil.copy2(DIR + "/srv/app-%s.tgz" % v, w + "/app.tgz"))
        code, out, err = want(["push", "app.tgz", "oci://127.0.0.1:%d/charts" % port, "--plain-http"], 0, None)
        if not out.startswith("Pushed: 127.0.0.1:%d/charts/app:%s\nDigest: sha256:" % (port, v)):
            fail("push says: " + out + err)
    ref = "oci://127.0.0.1:%d/charts/app" % port
    code, out, err = want(["pull", ref, "--plain-http", "--version", "1.2.x"], 0, None)
    if not out.startswith("Pulled: 127.0.0.1:%d/charts/app:1.2.0\nDigest: sha256:" % port):
        fail("pull says: " + out)
    want(["pull", ref, "--plain-http", "--version", "9.x"], 1, "", "Error: could not locate a version matching provided version string 9.x\n")
    want(["pull", ref + ":1.2.0", "--plain-http", "--version", "1.10.0"], 1, "", "Error: chart reference and version mismatch: 1.10.0 is not 1.2.0\n")
    want(["pull", ref + ":3.0.0", "--plain-http"], 1, "", 'Error: failed to perform "FetchReference" on source: 127.0.0.1:%d/charts/app:3.0.0: not found\n' % port)
    code, out, err = want(["template", "r", ref, "--plain-http"], 0, None)
    if 'v: "1.10.0"' not in out:
        fail("template of a registry's chart: " + out + err)
    digest = next(l for l in run("rill", "pull", ref + ":1.2.0", "--plain-http")[1].split("\n") if l.startswith("Digest: "))[8:]
    at, zero = "127.0.0.1:%d/charts/app" % port, "sha256:" + "0" * 64
    want(["pull", ref + "@" + digest, "--plain-http", "--version", "1.2.0"], 0, None)
    want(["pull", ref + "@" + digest, "--plain-http", "--version", "7.0.0"], 0, None)
    want(["pull", ref + "@" + zero, "--plain-http", "--version", "1.2.0"], 1, "", "Error: chart reference digest mismatch: %s is not %s\n" % (digest, zero))
    want(["pull", ref + "@" + zero, "--plain-http"], 1, "", 'Error: failed to perform "FetchReference" on source: %s@%s: not found\n' % (at, zero))
    unknown = 'Error: GET "http://127.0.0.1:%d/v2/charts/none/tags/list": response status code 404: name unknown: repository name not known to registry: map[name:charts/none]\n'
    want(["pull", "oci://127.0.0.1:%d/charts/none" % port, "--plain-http"], 1, "", unknown % port)
    want(["pull", ref, "--version", "1.2.0"], 1, "", 'Error: failed to perform "FetchReference" on source: Get "https://127.0.0.1:%d/v2/charts/app/manifests/1.2.0": '
         "http: server gave HTTP response to HTTPS client\n" % port)
    nobody = ': dial tcp 127.0.0.1:1: connect: connection refused\n'
    want(["pull", "oci://127.0.0.1:1/app", "--version", "1.0.0", "--plain-http"], 1, "", 'Error: failed to perform "FetchReference" on source: Get "http://127.0.0.1:1/v2/app/manifests/1.0.0"' + nobody)
    want(["pull", "oci://127.0.0.1:1/app", "--plain-http"], 1, "", 'Error: Get "http://127.0.0.1:1/v2/app/tags/list"' + nobody)
    want(["pull", ref + ":1.2.0", "--plain-http", "--prov"], 0, None)
    pulled = "Pulled: %s:1.2.0\nDigest: %s\n" % (at, digest)
    want(["pull", ref, "--version", "1.2.0", "--plain-http", "--verify"], 1, pulled, 'Error: failed to fetch provenance "oci://%s:1.2.0.prov"\n' % at)
    code, out, err = want(["push", "app.tgz", "oci://127.0.0.1:1/x", "--plain-http"], 1, None)
    if 'Error: failed to perform "Exists" on destination: Head "http://127.0.0.1:1/v2/x/app/manifests/sha256:' not in err:
        fail("push to nobody: " + err)
    want(["pull", "oci://bad host/x"], 1, "", "Error: invalid chart URL format: oci://bad host/x\n")
    want(["pull", "oci://"], 1, "", "Error: non-absolute URLs should be in form of repo_name/path_to_chart, got: oci:\n")
    subprocess.run([RILL, "push", "artifact", "oci://127.0.0.1:%d/plain:1.0.0" % port, "--path", DIR + "/src/app", "--source", "s", "--revision", "r"],
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    want(["pull", "oci://127.0.0.1:%d/plain" % port, "--version", "1.0.0", "--plain-http"], 1, "",
         "Error: manifest does not contain minimum number of descriptors (2), descriptors found: 1\n")
    want(["push", "none.tgz", "oci://h/x"], 1, "", "Error: none.tgz: no such file\n")
    want(["push", ".", "oci://h/x"], 1, "", "Error: cannot push directory, must provide chart archive (.tgz)\n")
    want(["push", "app.tgz", "http://h/x"], 1, "", "Error: scheme \"http\" not supported\n")
    logins()


def logins():
    try:
        import crypt
    except ImportError:
        return
    write(DIR + "/users", "me:" + crypt.crypt("pass", "$2b$05$abcdefghijklmnopqrstuv") + "\n")
    port = start_registry("closed", "auth:\n  htpasswd: {realm: r, path: %s/users}\n" % DIR)
    host, ref = "127.0.0.1:%d" % port, "oci://127.0.0.1:%d/charts" % port
    warning = 'level=WARN msg="using --password via the CLI is insecure. Use --password-stdin"\n'
    code, out, err = want(["push", "app.tgz", ref, "--plain-http"], 1, None)
    if not err.endswith('": basic credential not found\n') or 'Error: failed to perform "Exists" on destination: HEAD "http://' not in err:
        fail("push without a login: " + err)
    want(["push", "app.tgz", ref, "--plain-http", "--username", "me"], 1, None)
    want(["push", "app.tgz", ref, "--plain-http", "--username", "me", "--password", "wrong"], 1, None)
    want(["pull", ref + "/app", "--plain-http"], 1, "", 'Error: GET "http://%s/v2/charts/app/tags/list": basic credential not found\n' % host)
    want(["registry", "login", host, "-u", "", "-p", "x", "--plain-http"], 1, "", warning + 'Error: authenticating to "%s": GET "http://%s/v2/": '
         "missing username or password for basic auth\n" % (host, host))
    code, out, err = run("rill", "registry", "login", host, "-u", "me", "-p", "wrong", "--plain-http")
    if code != 1 or 'Error: authenticating to "%s": ' % host not in err:
        fail("login with a wrong password: " + err)
    want(["registry", "login", host, "-u", "me", "-p", "pass", "--plain-http"], 0, "Login Succeeded\n", warning)
    want(["push", "app.tgz", ref, "--plain-http"], 0, None)
    want(["pull", ref + "/app", "--plain-http", "--devel"], 0, None)
    if oct(os.stat(DIR + "/rill/.config/helm/registry/config.json").st_mode & 0o777) != "0o600":
        fail("logins can be read by others")
    want(["registry", "logout", host], 0, "Removing login credentials for %s\n" % host)
    code, out, err = run("rill", "pull", ref + "/app", "--plain-http")
    if code != 1 or "basic credential not found" not in err:
        fail("pull after logout: " + err)


def main():
    os.environ["SOURCE_DATE_EPOCH"] = "1700000000"
    os.environ["HOME"] = DIR
    try:
        for v in ("1.2.0", "1.10.0", "2.0.0-rc.1"):
            package("app", v)
        package("other", "0.1.0", "Something of another kind that is described at length, more than fits")
        port = serve()
        url = "http://127.0.0.1:%d" % port
        index_command()
        repo_commands(url)
        search()
        hub(url)
        odd()
        pull(url)
        take(url)
        entries(url)
        credentials(port)
        signed(url)
        dependencies(url)
        local_dependencies(url)
        registry()
    finally:
        for p in running:
            p.terminate()
            p.wait()
        shutil.rmtree(DIR, ignore_errors=True)
    print("helm_repos.py: %s" % ("%d failed" % failed if failed else "ok"))
    sys.exit(1 if failed else 0)


main()
