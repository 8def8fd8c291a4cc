#!/usr/bin/env python3
"""Programs that are part of helm: helm_plugins.py RILL [HELM]

Plugins of both generations lie in $HELM_PLUGINS: as commands, as post-renderers, broken ones.
With HELM (or where $PEERS has it) that program is asked the same and must say the same, but for
what rill refuses.
"""
import os
import shutil
import subprocess
import sys
import tempfile

from peers import find

RILL = os.path.realpath(sys.argv[1])
HELM = os.path.realpath(sys.argv[2]) if len(sys.argv) > 2 else find("helm")
DIR = tempfile.mkdtemp()
PLUGINS = DIR + "/plugins"
failed = 0


def write(path, text, mode=0o644):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)
    os.chmod(path, mode)


def run(program, *argv, given="", **env):
    p = subprocess.run([*program, *argv], cwd=DIR, input=given, text=True, capture_output=True, timeout=60,
                       env=dict(PATH=os.environ["PATH"], HOME=DIR + "/home", HELM_PLUGINS=PLUGINS, **env))
    return p.returncode, p.stdout, p.stderr


def want(argv, code, out, err="", given="", **env):
    """What both say; `err` None: whatever it is."""
    global failed
    for who, program in (("rill", [RILL, "helm"]), ("helm", HELM and [HELM])):
        if not program:
            continue
        got = run(program, *argv, given=given, **env)
        if got[:2] != (code, out) or (err is not None and got[2] != err):
            failed += 1
            print("%s %s\n--- want %d\n%s%s--- got %d\n%s%s" % (who, " ".join(argv), code, out, err, *got))


def refused(argv, part):
    global failed
    code, out, err = run([RILL, "helm"], *argv)
    if code != 1 or part not in err:
        failed += 1
        print("rill %s: %d %s%s" % (" ".join(argv), code, out, err))


SAY = """#!/bin/sh
echo "args:$#:$*"
echo "name: $HELM_PLUGIN_NAME dir: ${HELM_PLUGIN_DIR##*/} ns: $HELM_NAMESPACE debug: $HELM_DEBUG"
cat
echo problem >&2
exit ${SAY_EXIT:-0}
"""
write(PLUGINS + "/say/plugin.yaml", """name: say
version: 0.1.0
usage: say something
description: at length
command: $HELM_PLUGIN_DIR/say.sh first ${WORD}
""")
write(PLUGINS + "/say/say.sh", SAY, 0o755)
write(PLUGINS + "/mute/plugin.yaml", """apiVersion: v1
name: mute
version: 1.2.3
type: cli/v1
runtime: subprocess
sourceURL: https://example.org/mute
config: {usage: mute, shortHelp: mute, longHelp: "", ignoreFlags: true}
runtimeConfig:
  platformCommand:
  - {os: windows, command: never}
  - {os: linux, arch: s390x, command: never}
  - {command: never}
  - {os: linux, command: "$HELM_PLUGIN_DIR/../say/say.sh", args: ["$HELM_PLUGIN_NAME", "a$"]}
""")
write(PLUGINS + "/nowhere/plugin.yaml", "name: nowhere\nversion: 0.1.0\ncommand: there-is-no-such-program x\n")
write(PLUGINS + "/nothing/plugin.yaml", "name: nothing\nversion: 0.1.0\n")
POST = """apiVersion: v1
name: %s
version: 0.2.0
type: postrenderer/v1
runtime: subprocess
config: {}
runtimeConfig:
  platformCommand:
  - {command: "${HELM_PLUGIN_DIR}/post.sh"}
"""
write(PLUGINS + "/paint/plugin.yaml", POST % "paint")
write(PLUGINS + "/paint/post.sh", '#!/bin/sh\nsed "s/red/${1:-blue}/"\n', 0o755)
write(PLUGINS + "/blank/plugin.yaml", POST % "blank")
write(PLUGINS + "/blank/post.sh", "#!/bin/sh\ncat >/dev/null\n", 0o755)
write(PLUGINS + "/fail/plugin.yaml", POST % "fail")
write(PLUGINS + "/fail/post.sh", "#!/bin/sh\ncat\nexit 3\n", 0o755)
write(DIR + "/web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.0.0\n")
write(DIR + "/web/templates/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  colour: red # why\n")
write(DIR + "/web/templates/hook.yaml",
      "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: h\n  annotations:\n    helm.sh/hook: pre-install\ndata: {colour: red}\n")


# What a template may write that is not simply an object, and what becomes of it on the way.
PARSING = "error merging manifests: parsing web/templates/a.yaml: "
ODD = [
    ("hello\n", PARSING + "wrong node kind: expected MappingNode but got ScalarNode: node contents:\nhello\n"),
    ("- a\n", PARSING + "wrong node kind: expected MappingNode but got SequenceNode: node contents:\n- a\n"),
    ("kind: A\nmetadata: {name: a\ndata:\n  k: v\n", PARSING + "MalformedYAMLError: yaml: line 1: did not find expected ',' or '}'"),
    ("kind: A\n---\nkind: B\n  bad: x\n", PARSING + "MalformedYAMLError: yaml: line 2: mapping values are not allowed in this context"),
    ("apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A, metadata: {name: a}}\n- apiVersion: v1\n  kind: B\n",
     "---\n# Source: web/templates/a.yaml\n{apiVersion: v1, kind: A, metadata: {name: a}}\n\n---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: B\n"),
    ("# head\n\n# second\napiVersion: v1\nkind: A\nmetadata:\n    name: a   # c\n    annotations: {}\nspec:\n    ports:\n      - port: 1\n---\n"
     "kind: B\napiVersion: v1\nmetadata:\nitems:\n- 1\n",
     "---\n# Source: web/templates/a.yaml\n# head\n\n# second\napiVersion: v1\nkind: A\nmetadata:\n  name: a # c\nspec:\n  ports:\n  - port: 1\n\n"
     "---\n# Source: web/templates/a.yaml\nkind: B\napiVersion: v1\nitems:\n- 1\n"),
]


def commands():
    told = "name: say dir: say ns: %s debug: %s\n"
    want(["say", "a", "b c"], 0, "args:4:first w a b c\n" + told % ("default", "false") + "in\n", "problem\n", given="in\n", WORD="w")
    want(["say", "-n", "x", "--debug", "--other", "--namespace=y", "-o", "json"], 0,
         "args:5:first  --other -o json\n" + told % ("y", "true"), None, WORD="")
    want(["-n", "z", "say"], 0, "args:2:first v\n" + told % ("z", "false"), "problem\n", WORD="v")
    want(["say", "x"], 7, "args:3:first v x\n" + told % ("default", "false"), 'problem\nError: plugin "say" exited with error\n',
         WORD="v", SAY_EXIT="7")
    want(["mute", "--flag"], 0, "args:2:mute a$\nname: mute dir: mute ns: default debug: false\n", "problem\n")
    want(["nowhere"], 1, "", 'Error: exec: "there-is-no-such-program": executable file not found in $PATH\n')
    want(["nothing"], 1, "", "Error: failed to prepare plugin command: no plugin command is applicable\n")
    want(["say"], 1, "", None, HELM_NO_PLUGINS="1")
    want(["none"], 1, "", None)


def post_renderers():
    hint = "\n\nUse --debug flag to render out invalid YAML\n"
    painted = ("---\n# Source: web/templates/a.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  colour: %s # why\n"
               "---\n# Source: web/templates/hook.yaml\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: h\n  annotations:\n"
               "    helm.sh/hook: pre-install\ndata: {colour: %s}\n\n")
    want(["template", "x", "web", "--post-renderer", "paint"], 0, painted % ("blue", "blue"))
    want(["template", "x", "web", "--post-renderer", "paint", "--post-renderer-args", "green"], 0, painted % ("green", "green"))
    want(["template", "x", "web", "--post-renderer", "blank"], 1, "",
         'Error: error while running post render on files: post-renderer "blank" produced empty output' + hint)
    want(["template", "x", "web", "--post-renderer", "fail"], 1, "", 'Error: error while running post render on files: '
         'failed to invoke post-renderer plugin "fail": plugin "fail" exited with error' + hint)
    for text, out in ODD:
        write(DIR + "/web/templates/a.yaml", text)
        write(DIR + "/web/templates/hook.yaml", "# nothing\n")
        code = int(out.startswith("error"))
        want(["template", "x", "web", "--post-renderer", "paint"], code, "" if code else out, out.replace("error", "Error: error", 1) + hint if code else "")
    for name in ("none", "say"):
        want(["template", "x", "web", "--post-renderer", name], 1, "", 'Error: invalid argument "%s" for "--post-renderer" flag: '
             "plugin: {Name:%s Type:postrenderer/v1} not found\n" % (name, name))


def listed():
    rows = [("blank", "0.2.0", "postrenderer/v1", "v1"), ("fail", "0.2.0", "postrenderer/v1", "v1"), ("mute", "1.2.3", "cli/v1", "v1"),
            ("nothing", "0.1.0", "cli/v1", "legacy"), ("nowhere", "0.1.0", "cli/v1", "legacy"),
            ("paint", "0.2.0", "postrenderer/v1", "v1"), ("say", "0.1.0", "cli/v1", "legacy")]
    table = "".join("%-7s\t%-7s\t%-15s\t%-10s\t%-10s\t%-24s\n" % row for row in (
        ("NAME", "VERSION", "TYPE", "APIVERSION", "PROVENANCE", "SOURCE"),
        *(row + ("unknown", "https://example.org/mute" if row[0] == "mute" else "unknown") for row in rows)))
    want(["plugin", "list"], 0, table)
    want(["plugin", "ls", "--type", "none"], 0, "NAME\tVERSION\tTYPE\tAPIVERSION\tPROVENANCE\tSOURCE\n")


def broken():
    for name, text, why in (
            ("a b", "name: a b\n", 'invalid plugin name \\"a b\\": must contain only a-z, A-Z, 0-9, _ and -'),
            ("v", "name: v\nversion: x\n", 'invalid plugin version \\"x\\": must be valid semver'),
            ("two", "name: two\ncommand: x\nplatformCommand: [{command: y}]\n", "both platformCommand and command are set"),
            ("api", "apiVersion: v7\nname: api\n", 'invalid plugin apiVersion: \\"v7\\"'),
            ("unversioned", "apiVersion: v1\nname: x\n", "plugin `version` is required"),
            ("odd", "apiVersion: v1\nname: x\nversion: 1.0.0\ntype: odd/v1\nruntime: subprocess\n",
             'failed to convert MetadataV1 to Metadata: unknown plugin type \\"odd/v1\\"')):
        shutil.rmtree(PLUGINS)
        write("%s/%s/plugin.yaml" % (PLUGINS, name), text)
        line = 'level=WARN msg="failed to load plugin (ignoring)" plugin_yaml=%s error="failed to load plugin \\"%s/%s\\": %s"\n' % (
            '"%s/%s/plugin.yaml"' % (PLUGINS, name) if " " in name else "%s/%s/plugin.yaml" % (PLUGINS, name), PLUGINS, name, why)
        code, _, err = run([RILL, "helm"], "plugin", "list")
        if code or err != line:
            global failed
            failed += 1
            print("broken %s: %d\n%s%s" % (name, code, err, line))
        theirs = HELM and run([HELM], "plugin", "list", HELM_NO_PLUGINS="1")[2]
        if theirs and theirs != line:
            failed += 1
            print("broken %s: helm says\n%s%s" % (name, theirs, line))
    shutil.rmtree(PLUGINS)
    write(PLUGINS + "/wasm/plugin.yaml", "apiVersion: v1\nname: wasm\nversion: 1.0.0\ntype: cli/v1\nruntime: extism/v1\nconfig: {}\nruntimeConfig: {}\n")
    refused(["wasm"], "plugin \"wasm\" is WebAssembly (runtime extism/v1), which rill does not run: use helm itself for it")
    for verb in ("install", "uninstall", "update", "package", "verify"):
        refused(["plugin", verb, "x", "--y"], "plugin %s: rill runs plugins and installs none" % verb)


try:
    for step in (commands, post_renderers, listed, broken):
        step()
finally:
    shutil.rmtree(DIR, ignore_errors=True)
print("helm_plugins.py: %s%s" % ("%d failed" % failed if failed else "ok", "" if HELM else "; there is no helm to compare with"))
sys.exit(1 if failed else 0)
