"""What the tests of Helm's releases share: what is stored of them, charts, comparisons."""
import base64, gzip, io, json, os, re, tarfile

import world


class World(world.World):
    def secrets(self, ns, name=None):
        s = self.get("/api/v1/namespaces/%s/secrets?labelSelector=owner%%3Dhelm%s" % (ns, name and ",name%3D" + name or ""))
        return sorted(s["items"], key=lambda s: (s["metadata"]["labels"]["name"], int(s["metadata"]["labels"]["version"])))

    def records(self, ns, name=None):
        """What is stored of a namespace's releases, or of one."""
        return [read_record(s) for s in self.secrets(ns, name)]


def read_record(secret):
    return json.loads(gzip.decompress(base64.b64decode(base64.b64decode(secret["data"]["release"]))))


def write_record(record):
    return base64.b64encode(base64.b64encode(gzip.compress(json.dumps(record).encode()))).decode()


def archive(files):
    """Of {path: text}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as t:
        for path, text in files.items():
            i = tarfile.TarInfo(path)
            i.size = len(text.encode())
            t.addfile(i, io.BytesIO(text.encode()))
    return out.getvalue()


def pack(name, files):
    """A chart's archive: {path: text} below the chart's directory."""
    return archive({name + "/" + path: text for path, text in files.items()})


# A template that most charts of the tests have.
DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: web, image: {{ .Values.image | default "web" }}}]}
"""


def unfold(directory, files):
    """The same as a directory."""
    for path, text in files.items():
        path = os.path.join(directory, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as f:
            f.write(text)
    return directory


# ---- what differs between two runs of the same -----------------------------------

TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC"
                   r"|\d{4}/\d\d/\d\d \d\d:\d\d:\d\d"
                   r"|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d( UTC)? \d{4}")
AGES = re.compile(r"(?<=\s)(\d+[smh])+(?=\s|$)")


def masked(text, **names):
    """Times, ages and the given words replaced."""
    text = AGES.sub("AGE", TIMES.sub("TIME", text))
    for word, by in names.items():
        text = text.replace(word, by)
    return text


def plain(object):
    """An object without what every server and every moment sets anew."""
    o = json.loads(json.dumps(object))
    m = o.get("metadata", {})
    for key in ("uid", "resourceVersion", "creationTimestamp", "generation", "selfLink"):
        m.pop(key, None)
    for f in m.get("managedFields", []):
        f.pop("time", None)
    for key in ("clusterIP", "clusterIPs"):
        if o.get("spec", {}).get(key) not in (None, "None", ["None"]):
            o["spec"].pop(key)
    if o.get("kind") in (None, "Service"):
        for port in o.get("spec", {}).get("ports", []):
            port.pop("nodePort", None)
    o.pop("status", None)
    return o
