#!/usr/bin/env python3
"""up_view - what `rill up` draws on a terminal: up_view.py RILL"""
import fcntl
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

from terminal import open_terminal

RILL = os.path.realpath(sys.argv[1])
work = pathlib.Path(tempfile.mkdtemp(prefix="up_view"))
env = {"HOME": str(work), "PATH": os.environ["PATH"], "TERM": "xterm", "GIT_CONFIG_NOSYSTEM": "1"}


def write(name, text):
    path = work / "repo" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def screen(data):
    """The lines that stand there: moves up and erases are obeyed, colours dropped."""
    lines = [""]
    for move, text in re.findall(r"\x1b\[(\d+)A\r\x1b\[J|([^\x1b]+|\x1b\[[0-9;]*m|\x1b)", data):
        if move:
            lines = lines[:len(lines) - 1 - int(move)] + [""]
        elif not text.startswith("\x1b"):
            for i, part in enumerate(text.replace("\r\n", "\n").split("\n")):
                if i:
                    lines.append("")
                lines[-1] += part
    return lines


def until(true):
    global data
    end = time.monotonic() + 20
    while time.monotonic() < end:
        os.set_blocking(master, False)
        try:
            data += os.read(master, 65536).decode()
        except (BlockingIOError, OSError):
            time.sleep(0.05)
        if true(screen(data)):
            return
    raise SystemExit("up_view: never; the screen:\n" + "\n".join(screen(data)) + "\nthe bytes:\n" + repr(data[-2000:]))


def rows(lines, pattern):
    return [l for l in lines if re.search(pattern, l)]


write("bootstrap/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: default}\ndata: {k: v}\n")
master, slave = open_terminal()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
p = subprocess.Popen([RILL, "up", str(work / "repo")], env=env, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
os.close(slave)
data = ""
try:
    until(lambda s: rows(s, r"^Kustomization +flux-system/flux-system +True +Applied revision: local@sha256:[0-9a-f]{8}"))
    if "\x1b[32mTrue" not in data:
        raise SystemExit("up_view: no colour")
    # redrawn in place: one row an object, and none wider than the terminal
    write("bootstrap/b.yaml", "kind: [\n")
    until(lambda s: rows(s, r"^Kustomization +flux-system/flux-system +False "))
    if len(rows(screen(data), "^Kustomization ")) != 1 or len(rows(screen(data), "^GitRepository ")) != 1:
        raise SystemExit("up_view: not in place:\n" + "\n".join(screen(data)))
    if max(len(l) for l in rows(screen(data), "^(Kustomization|GitRepository) ")) > 100:
        raise SystemExit("up_view: too wide:\n" + "\n".join(screen(data)))
    (work / "repo/bootstrap/b.yaml").unlink()
    until(lambda s: rows(s, r"^Kustomization +flux-system/flux-system +True "))
    p.send_signal(signal.SIGINT)
    if p.wait(20):
        raise SystemExit("up_view: ends with %d" % p.returncode)
finally:
    if p.poll() is None:
        p.kill()
        p.wait()
    shutil.rmtree(work, ignore_errors=True)
print("up_view: ok")
