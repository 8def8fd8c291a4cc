#!/usr/bin/env python3
"""What somebody sees who reads along: flux_terminal.py RILL

A watch is redrawn in place, a long wait shows a sign of life, and colours go
with NO_COLOR; none of it where nobody reads along.
"""
import fcntl
import os
import select
import struct
import subprocess
import termios

from flux_case import Case
from terminal import open_terminal

t = Case()
t.env["TERM"] = "xterm"
KS = ("kustomize.toolkit.fluxcd.io/v1", "kustomizations")


def kustomization(name):
    return {"apiVersion": KS[0], "kind": "Kustomization", "metadata": {"name": name, "namespace": "flux-system"},
            "spec": {"interval": "5m", "path": "./" + name, "prune": True,
                     "sourceRef": {"kind": "GitRepository", "name": "repo"}}}


def ready(name, status, message, **more):
    t.patch(*KS, "flux-system", name + "/status", {"status": {"observedGeneration": 1, **more, "conditions": [{
        "type": "Ready", "status": status, "reason": "Test", "message": message, "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z"}]}})


class Terminal:
    """A program at a terminal of so many columns and lines; `screen` is what it shows now."""

    def __init__(self, *args, columns=60, lines=8, env=None):
        self.ours, theirs = open_terminal()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.p = subprocess.Popen([t.flux, *args], cwd=t.work, env={**t.env, **(env or {})}, stdin=subprocess.DEVNULL,
                                  stdout=theirs, stderr=theirs)
        os.close(theirs)
        self.columns, self.raw, self.screen, self.row, self.at = columns, "", [""], 0, 0

    def take(self, text):
        """Only what rill says to a terminal: lines, "up so many", "clear what is below", "clear the line"."""
        self.raw += text
        while text:
            if text.startswith("\x1b["):
                end = next(i for i, c in enumerate(text) if i > 1 and c.isalpha())
                what, number, text = text[end], text[2:end], text[end + 1:]
                if what == "A":
                    self.row -= int(number)
                    assert self.row >= 0, "above the top: %r" % self.raw
                elif what == "J":
                    self.screen = self.screen[:self.row] + [""]
                elif what == "K":
                    self.screen[self.row] = self.screen[self.row][:self.at]
                else:
                    assert what == "m", what
                continue
            c, text = text[0], text[1:]
            if c == "\r":
                self.at = 0
            elif c == "\n":
                self.row, self.at = self.row + 1, 0
                self.screen += [""] * (self.row + 1 - len(self.screen))
            else:
                line = self.screen[self.row]
                self.screen[self.row] = line[:self.at] + c + line[self.at + 1:]
                self.at += 1
                assert self.at <= self.columns, "too wide: %r" % line

    def until(self, what, true):
        for _ in range(600):
            if true(self):
                return
            if select.select([self.ours], [], [], 0.1)[0]:
                try:
                    piece = os.read(self.ours, 65536)
                except OSError:
                    piece = b""
                if not piece:
                    break
                while piece[-1] & 0x80 and len(piece) < 1 << 20:
                    piece += os.read(self.ours, 1)      # no half characters
                    try:
                        piece.decode()
                        break
                    except UnicodeDecodeError:
                        pass
                self.take(piece.decode())
        if not true(self):
            t.fail("%s: never; the screen is\n%s\n%r" % (what, "\n".join(self.screen), self.raw[-2000:]))

    def end(self):
        self.p.terminate()
        self.p.wait()
        os.close(self.ours)


for name in ("one", "two", "three"):
    t.make(*KS, kustomization(name))
ready("one", "True", "Applied revision: main@sha1:" + "a" * 40, lastAppliedRevision="main@sha1:" + "a" * 40)

# ---- a watch
term = Terminal("get", "ks", "--watch")
term.until("three rows", lambda x: sum("waiting to be" in line for line in x.screen) == 2 and "one" in x.screen[1])
assert term.screen[0].split() == ["NAME", "REVISION", "SUSPENDED", "READY", "MESSAGE"], term.screen
assert [line.split()[0] for line in term.screen[1:4]] == ["one", "three", "two"], term.screen
ready("two", "False", "it does not build")
term.until("a change", lambda x: x.screen[3].split()[:3] == ["two", "False", "False"])
t.call("DELETE", t.path(*KS, "flux-system", "three"))
term.until("one gone", lambda x: [line.split()[0] for line in x.screen[1:] if line] == ["one", "two"])
for i in range(12):
    t.make(*KS, kustomization("more-%02d" % i))
term.until("more than there is room for", lambda x: "more-03" in x.raw and len([s for s in x.screen if s]) == 6)
term.end()

# elsewhere: a line for each event
status, out, err = t.run("get", "ks", "-w", "--timeout=3s")
assert status == 1 and "\x1b" not in out and out.count("\n") == 15 and "timed out waiting" in err, (out, err)

# ---- a wait
term = Terminal("reconcile", "ks", "one", "--timeout=90s", columns=100)
term.until("a sign of life", lambda x: len(x.screen) == 4 and x.screen[3].endswith("s"))
asked = t.get(*KS, "flux-system", "one")["metadata"]["annotations"]["reconcile.fluxcd.io/requestedAt"]
ready("one", "True", "fine", lastHandledReconcileAt=asked, lastAppliedRevision="main@sha1:" + "b" * 40)
term.until("the end", lambda x: "✔ applied" in x.raw and x.raw.endswith("\n"))
assert term.screen == ["► annotating Kustomization one in flux-system namespace", "✔ Kustomization annotated",
                       "◎ waiting for Kustomization reconciliation", "✔ applied revision main@sha1:" + "b" * 40, ""], term.screen
term.end()
term = Terminal("reconcile", "ks", "two", "--timeout=3s", env={"TERM": "dumb"})
term.until("the end", lambda x: "deadline exceeded" in x.raw)
assert "\x1b" not in term.raw, term.raw
term.end()
status, out, err = t.run("reconcile", "ks", "two", "--timeout=2s")
assert "\x1b" not in err and "\r" not in err, err

# ---- colours
t.write("app/one.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one, namespace: default}\n")
diff = ("diff", "ks", "one", "--path", "app")
assert "\x1b[32m" in t.at_terminal(*diff)
assert "\x1b" not in t.at_terminal(*diff, env={"NO_COLOR": "1"})
assert "\x1b" not in t.run(*diff)[1]
