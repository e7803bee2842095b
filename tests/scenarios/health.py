"""crumbd's own health: said once, measured, and, where it is asked for, an event that waits like any other."""
import json
import re
import socket
import time
import urllib.request

from harness import free_port, nginx_line, sanitized, text_of

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


IDLE = """
inputs: [{tail: "{dir}/error.log"}, {syslog: 'udp://127.0.0.1:0'}, {gelf: 'tcp://127.0.0.1:0'}]
"""
IDLE_KB = 8000  # what README.md promises
OFTEN = ["connect() failed (111: Connection refused) while connecting to upstream", "no live upstreams while connecting to upstream",
         "upstream timed out (110: Connection timed out) while reading response header from upstream",
         "upstream prematurely closed connection while reading response header from upstream",
         "upstream sent too big header while reading response header from upstream",
         "recv() failed (104: Connection reset by peer) while reading response header from upstream"]


def private_kb(d):
    with open(f"/proc/{d.p.pid}/status") as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def quiet(t, d):
    """It has used no time of a processor for half a second."""
    def ticks():
        with open(f"/proc/{d.p.pid}/stat") as f:
            return sum(int(x) for x in f.read().rsplit(")", 1)[1].split()[11:13])

    def still():
        before = ticks()
        time.sleep(0.5)
        return ticks() == before
    t.until(still, "it has nothing to do")


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
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, http=http, udp=udp, events="on", limit="1m").replace("silent: 1s", "silent: 0")))
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


def code_kb(d):
    """Of memory that is machine code made here."""
    with open(f"/proc/{d.p.pid}/smaps") as f:
        return sum(int(kb) for kb in re.findall(r"^\S+ rwxp .*\n(?:\w+: .*\n)*?Anonymous: +(\d+) kB", f.read(), re.M))


def scenario_idle_memory(t):
    """With the shipped rules and inputs that get nothing. Patterns have no code yet; one that lines match often gets it, beside the reading."""
    if sanitized(t.crumbd_path):
        t.skip("a sanitizer's memory is not crumbd's")
    t.write("error.log", "")
    d = t.start(t.config(IDLE))
    quiet(t, d)
    t.until(lambda: private_kb(d) < IDLE_KB, lambda: "%d KB of private memory, of which %d KB are code" % (private_kb(d), code_kb(d)))
    code = code_kb(d)
    if "run without JIT" in d.err:
        return
    t.append("error.log", "".join(nginx_line(n) for n in range(100)))
    d.wait_count("lines_in", 100)
    quiet(t, d)
    assert private_kb(d) < IDLE_KB + 1000, private_kb(d)
    # Of several patterns: the code of one may find room in a page that is there.
    written = "".join(nginx_line(n, said) for n in range(100) for said in OFTEN)
    t.append("error.log", written)
    t.until(lambda: code_kb(d) > code, "code of what was matched often")
    t.append("error.log", written)
    d.wait_count("lines_in", 100 + 200 * len(OFTEN))
    ledger = d.stop(sent=100 + 200 * len(OFTEN))
    t.eq(ledger.get("crumb", 0), 0, "lines that its rule did not know")
