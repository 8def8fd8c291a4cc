#!/usr/bin/env python3
"""An interval in which nothing changed renders nothing: helm_idle.py RILL [RELEASES]

Many HelmReleases on rill's controller, each looked at again by its interval;
counted is what the controller tells at /metrics.
"""
import re, socket, sys, urllib.request

from helm_session import HELM, Session, chart, rill_controller
from world import until

N = int(sys.argv[2]) if len(sys.argv) > 2 else 40
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    METRICS = "127.0.0.1:%d" % free.getsockname()[1]
s = Session(sys.argv[1], "rill", lambda w: rill_controller(w, metrics=METRICS))


def metric(name):
    """All of that name, whatever their labels; or the one with these."""
    text = urllib.request.urlopen("http://%s/metrics" % METRICS, timeout=60).read().decode()
    return sum(int(n) for n in re.findall(r"(?m)^%s(?:\{.*\})? (\d+)$" % re.escape(name), text) or ["0"])


def passes():
    return sum(metric('controller_runtime_reconcile_total{controller="helmrelease",result="%s"}' % r)
               for r in ("success", "error", "requeue", "requeue_after"))


def ready(version):
    """How many are as they should be, at that version of the chart."""
    items = s.w.get(HELM % s.ns)["items"]
    return sum(1 for o in items if o.get("status", {}).get("lastAttemptedRevision") == version and any(
        c["type"] == "Ready" and c["status"] == "True" for c in o["status"].get("conditions", [])))


def seen(what):
    print("%s: %d passes, %d renders, %d requests" % (what, passes(), metric("rill_helm_renders_total"),
                                                      metric("rest_client_requests_total")), flush=True)
    return passes(), metric("rill_helm_renders_total"), metric("rest_client_requests_total")


s.begin("idle")
for i in range(N):
    s.release("r%d" % i, interval="10s", values={"colour": "c%d" % i})
until(lambda: ready("1.0.0") == N, lambda: "%d of %d are ready" % (ready("1.0.0"), N), 600)
before = seen("installed")
assert before[1] == N, before
# The finalizer, the record twice, three objects, a status and an event, and one more of what takes a
# second; streams and discovery are for all.
assert before[2] <= 10 * N, "%d requests" % before[2]
# Each is looked at again, at least once; asked for or not.
until(lambda: passes() >= before[0] + 2 * N, lambda: "%d passes" % passes(), 600)
idle = seen("after intervals")
assert idle[1] == N, "renders in an idle interval: %d" % (idle[1] - N)
for i in range(N):
    s.annotate("r%d" % i, requestedAt="x")
until(lambda: all(o["status"].get("lastHandledReconcileAt") == "x" for o in s.w.get(HELM % s.ns)["items"]), "not handled", 600)
asked = seen("after requests")
assert asked[1] == N, "renders on request: %d" % (asked[1] - N)
assert asked[2] - idle[2] <= 2 * N + 8, "%d requests" % (asked[2] - idle[2])
# What dashboards ask for.
text = urllib.request.urlopen("http://%s/metrics" % METRICS, timeout=60).read().decode()
for wanted in ("process_cpu_seconds_total ", "process_resident_memory_bytes ", "process_start_time_seconds ",
               'workqueue_longest_running_processor_seconds{controller="helmrelease",name="helmrelease"} 0',
               'workqueue_depth{controller="helmrelease",name="helmrelease",priority="0"} ',
               'workqueue_queue_duration_seconds_bucket{controller="helmrelease",name="helmrelease",le="+Inf"} ',
               'controller_runtime_max_concurrent_reconciles{controller="helmrelease"} ',
               'rest_client_requests_total{code="200",host="%s:%d",method="PATCH"} ' % (s.w.host, s.w.port),
               'controller_runtime_reconcile_time_seconds_bucket{controller="helmrelease",le="+Inf"} '):
    assert "\n" + wanted in text, wanted
# What does count: another chart, and other values.
s.chart(chart("1.1.0"), "2")
until(lambda: ready("1.1.0") == N, lambda: "%d of %d are upgraded" % (ready("1.1.0"), N), 600)
assert seen("another chart")[1] == 2 * N
s.change("r0", values={"colour": "new"})
until(lambda: metric("rill_helm_renders_total") == 2 * N + 1, "new values are not rendered", 60)
