#!/usr/bin/env python3
"""sops.py - files encrypted by the real age, gpg and sops are decrypted alike.

    tests/e2e/sops.py DRIVER

Sizes around age's chunks; documents made at random, in every format. sops is taken
from $SOPS or PATH; what is not there is skipped, and all of it is status 77.
"""
import base64, json, os, random, shutil, subprocess, sys, tempfile

driver = os.path.abspath(sys.argv[1])
here = os.path.dirname(os.path.realpath(__file__))
sops = os.environ.get("SOPS") or shutil.which("sops")
rounds = int(os.environ.get("SOPS_ROUNDS", "60"))
checked = 0
tmp = tempfile.mkdtemp()
os.chdir(tmp)
env = dict(os.environ, HOME=tmp, GNUPGHOME=tmp + "/gnupg")


def run(*argv, data=None, ok=True):
    p = subprocess.run(argv, input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    if ok and p.returncode:
        sys.exit("%s: %s" % (argv, p.stderr.decode()))
    return p.stdout


def ask(**request):
    request = {k + "_b64" if isinstance(v, bytes) else k: base64.b64encode(v).decode() if isinstance(v, bytes) else v
               for k, v in request.items()}
    p = subprocess.run([driver], input=(json.dumps(request) + "\n").encode(), stdout=subprocess.PIPE)
    answer = json.loads(p.stdout)
    if "output" not in answer:
        return None, answer.get("error") or answer
    out = answer["output"]
    return (base64.b64decode(out["b64"]) if isinstance(out, dict) else out.encode()), None


def same(what, got, want):
    global checked
    checked += 1
    if got[0] != want:
        open("/tmp/sops-differs", "wb").write(want)
        sys.exit("%s differs: %s\ngot  %r\nwant %r" % (what, got[1], got[0] and got[0][:2000], want[:2000]))


def test_age():
    run("age-keygen", "-o", "key.txt")
    text = open("key.txt").read()
    key = [l for l in text.split("\n") if l.startswith("AGE-")][0]
    public = text.split("public key: ")[1].split("\n")[0]
    for n in (0, 1, 47, 48, 49, 65535, 65536, 65537, 131072, 200000):
        plain = random.randbytes(n)
        for armor in ([], ["-a"]):
            same("age %d %s" % (n, armor), ask(op="age-decrypt", key=key, text=run("age", "-r", public, *armor, data=plain)), plain)
    return text, public


words = ["a", "yes", "no", "null", "~", "1", "0x1f", "1e3", "1_000", "12:30", "2024-01-02", "true", "on", "<<", "=", "- x", "a: b", "#c", "x #y",
         "'q'", '"d"', "two\nlines\n", "tail\n\n", " lead", "trail ", "tab\there", "ünï ☃", "\\n", "{}", "[a]", "&a", "*a", "!t", "%p", "@x", "`b`", "", "long " * 40]
letters = "abcXYZ_-.09 "


def text():
    return random.choice(words) if random.random() < .7 else "".join(random.choice(letters) for _ in range(random.randint(1, 12)))


def value(depth):
    r = random.random()
    if depth and r < .2:
        return {key(): value(depth - 1) for _ in range(random.randint(0, 4))}
    if depth and r < .35:
        return [value(depth - 1) for _ in range(random.randint(0, 4))]
    return random.choice([text(), text(), text(), random.randint(-2**40, 2**40), random.random() * 10 ** random.randint(-8, 22), True, False, None])


def key():
    return (text() or "k").strip() or "k"


def tree():
    t = {key(): value(3) for _ in range(random.randint(1, 6))}
    t.pop("sops", None)
    return t or {"a": "b"}


def encrypt(name, kind, data, public):
    open(name, "wb").write(data)
    p = subprocess.run([sops, "--config", "/dev/null", "encrypt", "--age", public, "--input-type", kind, "--output-type", kind, name],
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env)
    return p.stdout if p.returncode == 0 else None


def test_sops(keys, public):
    e = dict(env, SOPS_AGE_KEY_FILE=tmp + "/key.txt")
    secret = {"k.agekey": keys}
    flat = lambda: {key().replace("=", "-").replace("\n", " ").replace("#", ""): text() for _ in range(4)}
    makers = {
        "json": lambda: json.dumps(tree()).encode(),
        "yaml": lambda: json.dumps(tree()).encode(),    # which is YAML, too: what sops writes is block style
        "dotenv": lambda: "".join("%s=%s\n" % (k, v.replace("\n", "\\n")) for k, v in flat().items() if k.strip()).encode(),
        "ini": lambda: "".join("[s%d]\n%s\n" % (i, "".join("k%d = %s\n" % (j, text().replace("\n", " ")) for j in range(3))) for i in range(2)).encode(),
        "binary": lambda: text().encode() + b"\n" + text().encode(),
    }
    for i in range(rounds):
        for kind, make in makers.items():
            data = make()
            enc = encrypt("in." + kind, kind, data, public)
            if enc is None:
                continue
            for out in ([kind] + (["json", "yaml"] if kind in ("json", "yaml") else [])):
                open("enc", "wb").write(enc)
                p = subprocess.run([sops, "decrypt", "--input-type", kind, "--output-type", out, "enc"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=e)
                got = ask(op="sops-decrypt", **{"in": kind}, out=out, text=enc, secret=secret)
                if p.returncode:
                    if got[0] is not None:
                        sys.exit("%s to %s: sops fails, we do not: %s\n%r" % (kind, out, p.stderr.decode(), data))
                    continue
                same("%s to %s, of %r" % (kind, out, data), got, p.stdout)


def test_gpg_bomb(golden):
    """A data key that unpacks to 200 MB ends at a limit."""
    make_gpg_key()
    secret = {"k.asc": run("gpg", "--armor", "--export-secret-keys", "t@example.com").decode()}
    bomb = run("gpg", "--batch", "--quiet", "--trust-model", "always", "--armor", "-z", "9", "--compress-algo", "zlib", "-r", "t@example.com", "-e",
               data=bytes(200 << 20)).decode()
    with open(golden) as f:
        text = f.read()
    at, end = text.index("-----BEGIN PGP MESSAGE-----"), text.index("-----END PGP MESSAGE-----")
    indent = text[text.rindex("\n", 0, at) + 1:at]
    text = text[:at] + ("\n" + indent).join(bomb.strip().split("\n")) + text[end + len("-----END PGP MESSAGE-----"):]
    got, why = ask(op="sops-decrypt", **{"in": "yaml"}, out="yaml", text=text.encode(), secret=secret)
    if got is not None or "65536" not in str(why):
        sys.exit("a bomb: %r %s" % (got, why))


def make_gpg_key():
    if os.path.exists("gnupg"):
        return
    os.mkdir("gnupg", 0o700)
    run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key", "T <t@example.com>", "rsa2048", "default", "never")
    fp = [l.split(":")[9] for l in run("gpg", "--list-keys", "--with-colons").decode().split("\n") if l.startswith("fpr")][0]
    run("gpg", "--batch", "--quiet", "--passphrase", "", "--quick-add-key", fp, "rsa2048", "encr", "never")


def test_gpg(public):
    make_gpg_key()
    fp = [l.split(":")[9] for l in run("gpg", "--list-keys", "--with-colons").decode().split("\n") if l.startswith("fpr")][0]
    secret = {"k.asc": run("gpg", "--armor", "--export-secret-keys", fp).decode()}
    open("p.yaml", "w").write("a: by gpg\n")
    enc = run(sops, "--config", "/dev/null", "encrypt", "--pgp", fp, "p.yaml")
    run("gpgconf", "--kill", "gpg-agent")
    same("pgp", ask(op="sops-decrypt", **{"in": "yaml"}, out="yaml", text=enc, secret=secret), b"a: by gpg\n")


try:
    if not shutil.which("age"):
        sys.exit(77)
    random.seed(int(os.environ.get("SEED", "1")))
    keys, public = test_age()
    if sops:
        test_sops(keys, public)
        if shutil.which("gpg"):
            test_gpg(public)
    if shutil.which("gpg"):
        test_gpg_bomb(os.path.join(here, "../golden/sops/pgp.enc.yaml"))
    print("sops: %d files" % checked)
finally:
    os.chdir("/")
    shutil.rmtree(tmp, ignore_errors=True)      # gpg's agent takes its sockets away at the same time
