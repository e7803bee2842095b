"""crumbd's own health: said once, measured, and, where it is asked for, an event that waits like any other."""
import json
import socket
import urllib.request

from harness import free_port, nginx_line, text_of

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - {{tail: "{dir}/error.log", format: nginx-error, timezone: UTC, from: start}}
  - gelf: udp://127.0.0.1:{udp}
breadcrumbs: {{before: 0, after: 0, wait: 10ms}}
health: {{events: {events}, silent: 1s}}
http: 127.0.0.1:{http}
store_limit: {limit}
limits: {{per_issue: {{burst: 100000, period: 1h}}, per_minute: 100000, new_issues: 100000}}
"""


def metric(http, name):
    with urllib.request.urlopen(f"http://127.0.0.1:{http}/metrics", timeout=20) as r:
        return next(float(line.rsplit(" ", 1)[1]) for line in r.read().decode().splitlines() if line.startswith(name))


def own(up):
    return [e for e in list(up.events) if e.get("logger") == "crumbd"]


def scenario_a_source_that_has_gone_silent(t):
    """One line, a metric and one event, however often it comes and goes; the other input is another matter."""
    up, http, udp = t.upstream(), free_port(), free_port(socket.SOCK_DGRAM)
    t.write("error.log", nginx_line(1))
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, http=http, udp=udp, events="on", limit="16m")))
    d.wait_log('msg="an input has gone silent"')
    t.until(lambda: metric(http, f'crumbd_input_silent{{input="{t.dir}/error.log"') == 1, "the metric")
    t.eq(metric(http, f'crumbd_input_silent{{input="udp://127.0.0.1:{udp}"'), 0, "an input that was never heard")
    t.wait_events(up, 2)
    t.append("error.log", nginx_line(2))
    d.wait_log('msg="a silent input is heard again"')
    t.until(lambda: d.err.count('msg="an input has gone silent"') == 2, "it is silent again")
    t.wait_events(up, 3)
    ledger = d.stop(sent=2)
    t.eq([(text_of(e), e["tags"]["crumbd.health"]) for e in own(up)], [(f"crumbd: the input {t.dir}/error.log has gone silent", "silent")])
    t.eq((ledger["own_events"], ledger["stored"]), (1, 3))


def scenario_a_store_that_fills(t):
    """While the server takes nothing; the event about it waits beside the others, is none of them for itself, and goes when they go."""
    up, http, udp = t.upstream(), free_port(), free_port(socket.SOCK_DGRAM)
    up.stop()
    t.write("error.log", "")
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, http=http, udp=udp, events="on", limit="512k").replace("silent: 1s", "silent: 0")))
    t.append("error.log", "".join(nginx_line(n, text=f"kind {n} " + "".join(chr(97 + (n * 31 + i * i) % 26) for i in range(1500))) for n in range(450)))
    d.wait_log("the store fills:")
    t.eq(metric(http, "crumbd_outbox_fills "), 1)
    t.eq(d.err.count("the store fills:"), 1, "lines that say so")
    up.start()
    t.until(lambda: own(up), "the event about it", 60)
    t.until(lambda: metric(http, "crumbd_outbox_fills ") == 0, "it has emptied", 60)
    d.wait_log("the store has emptied")
    d.stop()
    kinds = [e["tags"]["crumbd.health"] for e in own(up)]
    assert kinds.count("store") == 1 and kinds.count("upstream") <= 1 and len(kinds) <= 2, kinds
