"""Somebody who runs the Pods of a real API server that has no node: he says they run.

What a Pod does is told by the name of its first image, as on `rill server` (docs/server.md):
sim-not-ready, sim-crash, sim-exit-N. Others run and are ready, or end well where they are
not to be started again.
"""
import http.client
import json
import ssl
import threading
import time

NODE = "kubelet"
PODS = "/api/v1/namespaces/%s/pods/%s"


class Kubelet(threading.Thread):
    def __init__(self, port, token):
        super().__init__(daemon=True)
        self.port, self.token, self.stopping, self.connection, self.acts = port, token, False, None, {}

    def stop(self):
        self.stopping = True
        self.join()

    # ---- requests ----

    def ask(self, method, path, body=None, kind="application/json"):
        """The answer; None where it is a refusal, or nobody answers."""
        try:
            if not self.connection:
                self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=30,
                                                              context=ssl._create_unverified_context())
            self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                    {"Authorization": "Bearer " + self.token, "Content-Type": kind})
            r = self.connection.getresponse()
            text = r.read()
            return json.loads(text) if r.status < 300 else None
        except (OSError, http.client.HTTPException, ValueError):
            self.connection = None
            return None

    # ---- Pods ----

    def run(self):
        self.ask("POST", "/api/v1/nodes", {"metadata": {"name": NODE}, "spec": {}})
        self.ask("PATCH", "/api/v1/nodes/%s/status" % NODE, {"status": {"conditions": [
            {"type": "Ready", "status": "True", "reason": "KubeletReady", "message": ""}]}}, "application/merge-patch+json")
        while not self.stopping:
            for pod in (self.ask("GET", "/api/v1/pods") or {"items": []})["items"]:
                self.look_after(pod)
            time.sleep(0.1)

    def look_after(self, pod):
        m, spec = pod["metadata"], pod["spec"]
        path = PODS % (m["namespace"], m["name"])
        if m.get("deletionTimestamp"):
            self.ask("DELETE", path + "?gracePeriodSeconds=0")
            return
        if not spec.get("nodeName"):
            self.ask("POST", path + "/binding", {"metadata": {"name": m["name"]}, "target": {"kind": "Node", "name": NODE}})
        status = self.status(spec, pod.get("status", {}).get("phase", "Pending"))
        if status and self.acts.get(m["uid"]) != status["phase"]:
            if self.ask("PATCH", path + "/status", {"status": status}, "application/merge-patch+json"):
                self.acts[m["uid"]] = status["phase"]

    def status(self, spec, phase):
        """What comes after that phase; None: nothing does."""
        image = spec["containers"][0]["image"].rsplit("/", 1)[-1].split(":")[0]
        code, now = None, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if image.startswith("sim-exit-"):
            code = int(image[len("sim-exit-"):])
        elif spec.get("restartPolicy", "Always") != "Always":
            code = 0
        if phase == "Running" and code is not None:
            ended = {"terminated": {"exitCode": code, "reason": "Error" if code else "Completed", "startedAt": now, "finishedAt": now}}
            return self.made(spec, "Failed" if code else "Succeeded", False, ended)
        if phase != "Pending":
            return None
        if image == "sim-crash":
            return self.made(spec, "Running", False, {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}})
        return self.made(spec, "Running", image != "sim-not-ready" and code is None, {"running": {"startedAt": now}})

    @staticmethod
    def made(spec, phase, ready, state):
        return {"phase": phase, "podIP": "10.0.0.1", "hostIP": "127.0.0.1", "conditions": [
            {"type": "PodScheduled", "status": "True"}, {"type": "Initialized", "status": "True"},
            {"type": "ContainersReady", "status": str(ready)}, {"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": c["name"], "image": c["image"], "imageID": "", "ready": ready, "restartCount": 0,
                                   "started": ready, "state": state} for c in spec["containers"]]}
