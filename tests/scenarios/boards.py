"""What contrib has for those who look at /metrics: alerts and a board, of numbers that are there."""
import json
import os
import re
import shutil
import subprocess
import urllib.request

from harness import TOP, Skip, free_port

ALERTS = os.path.join(TOP, "contrib", "prometheus", "crumbd-alerts.yaml")
BOARD = os.path.join(TOP, "contrib", "grafana", "crumbd.json")


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def names_in(text):
    """Also those of a regular expression on __name__."""
    found = set(re.findall(r"\bcrumbd_[a-z_]+", re.sub(r"crumbd_\(", "(", text)))
    for inside, end in re.findall(r"=~\\?\"crumbd_\(([a-z_|]+)\)(_total)", text):
        found |= {"crumbd_" + name + end for name in inside.split("|")}
    return found


def scenario_alerts_and_board_name_what_is_there(t):
    """Every number that they name is in /metrics; every loss of counters.def is among those they watch; and each panel names its promise."""
    port = free_port()
    d = t.start(t.config("http: 127.0.0.1:%d\nsentry: {dsn: '%s'}\ninputs: [{tail: '{dir}/*.log'}]\n" % (port, t.upstream().dsn())))
    with urllib.request.urlopen("http://127.0.0.1:%d/metrics" % port, timeout=20) as answer:
        there = set(re.findall(r"^(?:# TYPE )?(crumbd_[a-z_]+)", answer.read().decode(), re.M))
    d.stop()
    with open(os.path.join(TOP, "src", "base", "counters.def"), encoding="utf-8") as f:
        losses = {"crumbd_%s_total" % name for name in re.findall(r"^COUNTER\((\w+), LOSS,", f.read(), re.M)}
    assert len(losses) > 20
    for path in (ALERTS, BOARD):
        named = names_in(text_of(path))
        assert len(named) > 40, named
        assert not named - there, (path, named - there)
        assert not losses - named, (path, losses - named)
    for panel in json.loads(text_of(BOARD))["panels"]:
        assert re.match(r"Promise [1-5]: ", panel["description"]), panel["title"]
        assert panel["targets"]


def scenario_promtool_takes_the_alerts(t):
    """As Prometheus itself reads them."""
    del t
    promtool = shutil.which("promtool")
    if not promtool:
        raise Skip("no promtool")
    p = subprocess.run([promtool, "check", "rules", ALERTS], capture_output=True, text=True, timeout=60, check=False)
    assert p.returncode == 0 and "SUCCESS" in p.stdout, p.stdout + p.stderr
