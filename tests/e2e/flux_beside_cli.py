#!/usr/bin/env python3
"""Thousands of command lines beside the real flux: flux_beside_cli.py RILL [OPTION...]

Both programs are asked the same line on the same server with the same objects and files; what they
print, their exit status, and what they leave on the server and in the directory is compared, without
times and what dice have made. Skipped where flux is not among the peers ($PEERS).

  --every N     only each Nth line (default 12: what a test has time for)
  --only REGEX  only lines that match
  --answers F   keep what flux said in this file, and ask it only what is not there yet, or differs
  --known       only lines that F has an answer to
  --otherwise   also lines where rill is known to do otherwise
  --workers N   servers side by side (default 3)
  --show N      differences to print (default 40)
  --list        print the lines and ask nobody
"""
import argparse
import concurrent.futures
import copy
import http.client
import json
import os
import random
import re
import shutil
import ssl
import subprocess
import sys
import threading

import flux_beside_lines
import flux_beside_world as world
import peers
from flux_case import Case

VOLATILE = (
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d| [+-]\d{4}( \w+)?)?", "<time>"), (r"\b\d+(y\d+)?d\b|\b\d+y\b", "<age>"), (r"127\.0\.0\.1:\d{2,}", "<server>"),
    (r"\?timeout=32s\b", ""), (r"hook/[0-9a-f]{64}|\b[0-9a-f]{64}\b", "<made>"), (r"127\.0\.0\.1:\d+->", "<from>->"), (r"flux version 2\.9\.\d+|v?2\.9\.[45]\b", "<version>"), (r"\d+(\.\d+)?(ms|µs|s) ?ago", "<ago>"), (r"/tmp/[\w./-]*", "<tmp>"), (r"(identity(\.pub)?|known_hosts): .*(\n(  )+.*)*", r"\1: <made>"),
    (r"-----BEGIN [\s\S]*?-----END [^\n]*", "<pem>"), (r"(ecdsa|ssh)-[\w-]+ AAAA\S+", "<key>"),
)
CHANGES = {"create", "suspend", "resume", "reconcile", "delete"}


# where rill does otherwise: lines, and why
OTHERWISE = (
    (r"^uninstall .*--(server|token|client-certificate|certificate-authority|tls-server-name|kube-api-burst|timeout)", "flux says that it has finished when nothing could be asked"),
    (r"^(build|diff) .*--strict-substitute", "rill says what helps against a variable that is not set"),
    (r"^completion .*(-n (A_b|$)|-nA)", "a script is written whatever the namespace is called"),
    (r"^migrate -f ABS|^migrate -f (\./old|\.)(/hr.yaml)?$|^migrate .*--yes=false$", "flux draws its question also where there is no terminal"),
    (r"^bootstrap gitlab( |$)(?!.*--repository=\S)|^bootstrap gitlab .*--repository=$", "a name that is none is told before the token is asked for"),
    (r"^build artifact .*--output=(\./nope/out)?( |$)", "flux names its temporary file"),
    (r"^(build|diff) ks .* -r --local-sources", "below, what the files say counts, not what is in the cluster"),
    (r"^trace .*--cache-dir", "nothing is kept of what the server has"),
    (r"^create secret git .*--private-key-file=\./ca.crt", "what is no key is told in OpenSSL's words"),
    (r"^(logs|check|trace) .*--kube-api-burst=(0|-3)", "flux has another client for these, with a burst of its own or none"),
)


def plain(text, world_dir):
    text = text.replace(world_dir, "<work>")
    for regex, what in VOLATILE:
        text = re.sub(regex, what, text)
    text = re.sub(r"(?m)^[EWI]\d{4} [\d:.]+ .*\n", "", text)     # what client-go logs
    if re.match("# ?(compdef|bash|fish|powershell|zsh)", text, re.I):
        return "a script of completion"
    # of a help the outline counts, as in the cases of the command line
    return "help of " + re.search(r"Usage:\n +(.*)", text).group(1) if re.search(r"(^|\n)Usage:\n", text) else text


class Place:
    """A server with the objects, a directory with the files, and both programs."""

    def __init__(self, flux):
        self.case = Case()
        self.programs = {"flux": flux, "rill": self.case.flux}
        for name in world.NAMESPACES:
            self.case.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
        for made in world.OBJECTS:
            self.put(made)
        for name, text in world.FILES.items():
            self.case.write(name, text)
        self.keys()
        self.connection = None
        self.home = os.path.join(self.case.dir, "home")
        os.mkdir(self.home)
        self.objects, self.files = self.seen(), self.read()

    def keys(self):
        for key, crt, name in (("ca.key", "ca.crt", "ca"), ("tls.key", "tls.crt", "jane"), ("key.pem", "other.crt", "other")):
            subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", crt, "-subj", "/CN=" + name, "-days", "30"],
                           cwd=self.case.work, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def put(self, made):
        made = copy.deepcopy(made)
        where = self.case.path(made["apiVersion"], world.plural(made["kind"]), made["metadata"].get("namespace"))
        code, got = self.case.call("POST", where, made)
        if code == 201 and "status" in made:
            code, got = self.case.call("PATCH", "%s/%s/status" % (where, made["metadata"]["name"]), {"status": made["status"]}, "application/merge-patch+json")
        if code not in (200, 201):
            self.case.fail("%s: %s" % (made["metadata"]["name"], got))

    def ask(self, method, path, body=None):
        if not self.connection:
            host = re.sub("https?://", "", self.case.url)
            self.connection = http.client.HTTPSConnection(host, context=ssl._create_unverified_context(), timeout=30)
        self.connection.request(method, path, json.dumps(body) if body else None, {"Authorization": "Bearer " + self.case.token, "Content-Type": "application/json"})
        answer = self.connection.getresponse()
        return json.loads(answer.read() or b"null")

    def seen(self):
        """All objects that a command may change, by where they are."""
        found = {}
        for api, plural in [*world.WATCHED, ("v1", "namespaces")]:
            for got in self.ask("GET", self.case.path(api, plural))["items"]:
                meta = got["metadata"]
                got.update(apiVersion=api)
                found[self.case.path(api, plural, meta.get("namespace"), meta["name"])] = got
        return found

    def read(self):
        found = {}
        for where, _, names in os.walk(self.case.work):
            for name in names:
                path = os.path.join(where, name)
                with open(path, "rb") as f:
                    found[os.path.relpath(path, self.case.work)] = f.read()
        return found

    def restored(self):
        """What was changed on the server, undone."""
        changed, now = {}, self.seen()
        for path in sorted({*now, *self.objects}):
            before, after = self.objects.get(path), now.get(path)
            if before and after and before["metadata"]["resourceVersion"] == after["metadata"]["resourceVersion"]:
                continue
            changed[path] = self.told(after)
            if after:
                self.ask("DELETE", path)
            if before:
                made = copy.deepcopy(before)
                for name in ("resourceVersion", "uid", "creationTimestamp", "managedFields", "generation"):
                    made["metadata"].pop(name, None)
                made["kind"] = next((k["kind"] for k in world.OBJECTS if world.plural(k["kind"]) == path.split("/")[-2]), None) or made.get("kind") or "ServiceAccount"
                self.put(made)
        if changed:
            self.objects = self.seen()
        return changed

    @staticmethod
    def told(made):
        """An object without what the server makes."""
        if not made:
            return "gone"
        meta = {k: v for k, v in made["metadata"].items() if k in ("labels", "annotations", "finalizers")}
        return {"metadata": meta, **{k: v for k, v in made.items() if k not in ("metadata", "status", "apiVersion", "kind")}}

    def tidied(self):
        """What was changed in the directory, undone."""
        changed, now = {}, self.read()
        for path in sorted({*now, *self.files}):
            if now.get(path) == self.files.get(path):
                continue
            changed[path] = "gone" if path not in now else "an archive" if now[path].startswith(b"\x1f\x8b") else now[path].decode("utf-8", "replace")
            if path in self.files:
                self.case.write(path, "")
                with open(os.path.join(self.case.work, path), "wb") as f:
                    f.write(self.files[path])
            else:
                os.remove(os.path.join(self.case.work, path))
        return changed

    def run(self, who, words):
        """What a program does with a line."""
        argv = [w.replace("ABS", self.case.work) for w in words]
        env = {**self.case.env, "HOME": self.home}
        shutil.rmtree(os.path.join(self.home, ".kube"), ignore_errors=True)     # what flux keeps of the server
        try:
            p = subprocess.run([self.programs[who], *argv], cwd=self.case.work, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=40)
            got = [p.returncode, *(plain(t.decode("utf-8", "replace"), self.case.work) for t in (p.stdout, p.stderr))]
        except subprocess.TimeoutExpired:
            got = ["does not end", "", ""]
        files = self.tidied()
        objects = self.restored() if CHANGES & set(words) else {}
        return got + [plain(json.dumps([files, objects], sort_keys=True, indent=1), self.case.work) if files or objects else ""]


def helps(case):
    """The helps of all commands that run."""
    found = {}

    def visit(words):
        text = case.run(*words, "--help")[1]
        listed = re.search(r"^Available Commands:\n((?:  .*\n)+)", text, re.M)
        usage = re.search(r"^Usage:\n((?:  .*\n)+)", text, re.M).group(1)
        if words and any(not line.endswith("[command]") for line in usage.strip("\n").split("\n")):
            found[" ".join(words)] = text
        for line in listed.group(1).splitlines() if listed else ():
            if line.split()[0] != "help":
                visit([*words, line.split()[0]])
    visit([])
    return found


def kept_helps(case, answers):
    """The same, from beside the answers, where they are kept."""
    path = answers + ".helps" if answers else os.devnull
    if answers and os.path.exists(path):
        with open(path) as f:
            return json.load(f)
    found = helps(case)
    with open(path, "w") as f:
        json.dump(found, f)
    return found


def show(words, wanted, got):
    print("==== flux " + " ".join(w if re.fullmatch(r"[\w./=:@,-]+", w) else repr(w) for w in words))
    for name, w, g in zip(("exit status", "output", "errors", "left behind"), wanted, got):
        if w != g:
            print("  %s of flux: %s\n  %s of rill: %s" % (name, str(w)[:1500], name, str(g)[:1500]))
    sys.stdout.flush()


def main():
    a = argparse.ArgumentParser()
    a.add_argument("rill")
    a.add_argument("--every", type=int, default=12)
    a.add_argument("--only", default="")
    a.add_argument("--answers")
    a.add_argument("--known", action="store_true")
    a.add_argument("--otherwise", action="store_true")
    a.add_argument("--workers", type=int, default=3)
    a.add_argument("--show", type=int, default=40)
    a.add_argument("--list", action="store_true")
    a = a.parse_args()
    flux = peers.find("flux")
    if not flux:
        print("flux_beside_cli.py: skipped: there is no flux: make peers, or set $PEERS")
        return 77
    case = Case(server=False)
    case.flux = flux
    asked = [w for i, w in enumerate(flux_beside_lines.lines(kept_helps(case, a.answers))) if i % a.every == 0 and re.search(a.only, " ".join(w))]
    if a.list:
        print("\n".join(json.dumps(w) for w in asked))
        return 0
    otherwise = [] if a.otherwise else [w for w in asked if any(re.search(regex, " ".join(w)) for regex, _ in OTHERWISE)]
    asked = [w for w in asked if w not in otherwise]
    known = {}
    if a.answers and os.path.exists(a.answers):
        with open(a.answers) as f:
            known = {tuple(words): got for words, got in map(json.loads, f)}
    if a.known:
        asked = [w for w in asked if tuple(w) in known]
    random.Random(1).shuffle(asked)     # so that waits and work lie side by side
    kept = open(a.answers, "a") if a.answers else None
    here, lock, differing = threading.local(), threading.Lock(), []

    def ask_flux(words):
        wanted = here.place.run("flux", words)
        if kept:
            with lock:
                kept.write(json.dumps([words, wanted]) + "\n")
                kept.flush()
        return wanted

    def compare(words):
        if not hasattr(here, "place"):
            here.place = Place(flux)
        before = known.get(tuple(words))
        # answers of before, by the sieve of now
        wanted = [before[0], *(plain(text, "<work>") for text in before[1:])] if before else ask_flux(words)
        got = here.place.run("rill", words)
        if got != wanted and before:
            wanted = ask_flux(words)
        if got != wanted:
            with lock:
                differing.append(words)
                if len(differing) <= a.show:
                    show(words, wanted, got)

    with concurrent.futures.ThreadPoolExecutor(a.workers) as workers:
        for _ in workers.map(compare, asked):
            pass
    print("%d lines, %d differ; %d are known to do" % (len(asked), len(differing), len(otherwise)))
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
