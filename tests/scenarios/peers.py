"""Servers that nobody here wrote."""
import os

from bugsink import Bugsink
from harness import SHARED, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}", environment: staging}}
inputs:
  - tail: {dir}/logs/error.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{wait: 50ms}}
"""


def write_errors(t):
    """Two faults, three events, one line that is only a breadcrumb."""
    t.append("logs/error.log", nginx_line(1, "client closed keepalive connection", "info", conn=5, upstream=None)
             + nginx_line(2, conn=5) + nginx_line(3)
             + nginx_line(4, "upstream prematurely closed connection while reading response header from upstream"))


def scenario_bugsink(t):
    """Bugsink takes the events with its schema strict, groups them into two issues and shows what was in them."""
    server = Bugsink(t)
    os.makedirs(t.path("logs"))
    d = t.start(t.config(CONFIG.format(dsn=server.dsn, dir=t.dir)))
    write_errors(t)
    d.wait_count("sent", 3)
    issues = t.until(lambda: server.issues() if sum(i["digested_event_count"] for i in server.issues()) == 3 else None, "three events")
    t.eq(sorted(i["digested_event_count"] for i in issues), [1, 2])
    two = next(i for i in issues if i["digested_event_count"] == 2)
    data = server.events(two)[0]["data"]
    t.eq(data["environment"], "staging")
    t.eq(data["request"]["method"], "GET")
    t.eq(data["tags"]["errno"], "111")
    assert "item" not in two["calculated_value"], two
    d.stop()


def scenario_shared_standin(t):
    """The stand-in of shared/, which is stricter than Sentry in places, takes them too."""
    path = os.path.join(SHARED, "tools", "sentry-standin")
    if not os.path.exists(path):
        t.skip("no shared/ beside the sources")
    os.makedirs(t.path("logs"))
    p = t.program("sentry-standin", [path, "--dir", t.path("taken"), "--port-file", t.path("port")])
    t.until(lambda: os.path.exists(t.path("port")), "the stand-in listens")
    with open(t.path("port"), encoding="utf-8") as f:
        port = int(f.read())
    d = t.start(t.config(CONFIG.format(dsn="http://%s@127.0.0.1:%d/7" % ("c" * 32, port), dir=t.dir)))
    write_errors(t)
    d.wait_count("sent", 3)
    t.eq(len([x for x in os.listdir(t.path("taken")) if x.endswith(".envelope")]), 3, p.err)
    d.stop()
