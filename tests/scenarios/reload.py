"""SIGHUP: what is right takes the place of what was in force, what is wrong changes nothing, and no line is lost by either."""
import json
import os
import re
import shutil
import socket
import tempfile
import threading
import time
import urllib.request

from harness import TOP, free_port, nginx_line, text_of

SETTINGS = """
sentry: {{dsn: "{dsn}", environment: {environment}{ca}}}
inputs:
  - {{tail: {dir}/error.log, format: nginx-error, timezone: UTC, from: start}}
  - {{gelf: "udp://127.0.0.1:{udp}"{udp_more}}}
  - {{syslog: "tcp://127.0.0.1:{tcp}"}}
  - {{syslog: "unix:{dir}/log.socket"{unix_more}}}
{inputs}
rules: [{dir}/rules.yaml]
breadcrumbs: {{before: 0, after: 0, wait: 10ms}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000, new_issues: 1000000}}
http: 127.0.0.1:{http}
{more}
"""
RULES = "pack: p\nrules: [{id: p.one, match: 'number (?<n>[0-9]+)', event: {message: '%s {n}'}, samples: [{lines: number 7, event: {level: %s}}]}]\n"


LINES_MAX = 2000  # what a build that is ten times slower can take in time, too


class Reloading:
    """A daemon whose settings and rules are changed while it runs."""

    def __init__(self, t, inputs=""):
        self.t, self.up = t, t.upstream()
        self.udp, self.tcp, self.http = free_port(socket.SOCK_DGRAM), free_port(), free_port()
        self.rules("first")
        t.write("error.log", "")
        self.config = self.settings(inputs=inputs)
        # Of the shipped grammars one: with all of them a reload takes seconds where a sanitizer looks on.
        os.makedirs(t.path("data/rules/traces"))
        shutil.copy(os.path.join(TOP, "rules/traces/python.yaml"), t.path("data/rules/traces"))
        self.d = t.start(self.config, env=t.env(CRUMBD_DATA=t.path("data")))

    def settings(self, environment="first", udp_more="", unix_more="", inputs="", more="", dsn=None, ca=None):
        text = SETTINGS.format(dsn=dsn or self.up.dsn(), ca=", ca_file: " + ca if ca else "", dir=self.t.dir, udp=self.udp, tcp=self.tcp, http=self.http, environment=environment,
                               udp_more=udp_more, unix_more=unix_more, inputs=inputs, more=more)
        path = self.t.config(text, name="next.yaml")
        os.rename(path, self.t.path("crumbd.yaml"))
        return self.t.path("crumbd.yaml")

    def rules(self, title, level="error"):
        """With another level than error the sample fails."""
        self.t.write("next.rules", RULES % (title, level))
        os.rename(self.t.path("next.rules"), self.t.path("rules.yaml"))

    def metrics(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}/metrics", timeout=20) as r:
            return {k: float(v) for k, v in (line.rsplit(" ", 1) for line in r.read().decode().splitlines() if line[0] != "#")}

    def reloads(self, result):
        return self.metrics()[f'crumbd_reloads_total{{result="{result}"}}']

    def reload(self, result="taken"):
        before = self.reloads(result)
        self.d.signal(1)
        self.t.until(lambda: self.reloads(result) > before, lambda: f"a reload is {result}: {self.d.err[-1500:]}")

    def page(self, path="/"):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http}{path}", timeout=20) as r:
            return r.read().decode()


class Writers:
    """Numbered lines to every input at once, each number by one of them."""

    def __init__(self, r):
        self.r, self.sent, self.ending = r, 0, False
        self.lock = threading.Lock()
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.unix = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.tcp = socket.create_connection(("127.0.0.1", r.tcp))
        self.threads = [threading.Thread(target=self.run, args=(f,), daemon=True) for f in (self.file, self.datagram, self.local, self.stream)]

    def file(self, n):
        self.r.t.append("error.log", nginx_line(n, text=f"number {n} failed"))

    def datagram(self, n):
        self.udp.sendto(json.dumps({"version": "1.1", "host": "h", "level": 3, "short_message": f"number {n}"}).encode(), ("127.0.0.1", self.r.udp))

    def local(self, n):
        self.unix.sendto(f"<11>Nov 23 10:00:00 app: number {n}".encode(), self.r.t.path("log.socket"))

    def stream(self, n):
        self.tcp.sendall(f"<11>Nov 23 10:00:00 host app: number {n}\n".encode())

    def run(self, send):
        while not self.ending and self.sent < LINES_MAX:
            with self.lock:
                n, self.sent = self.sent, self.sent + 1
            send(n)
            time.sleep(0.01)

    def begin(self):
        for w in self.threads:
            w.start()

    def end(self):
        self.ending = True
        for w in self.threads:
            w.join()
        self.tcp.close()


def numbers(up):
    return sorted(int(re.search(r"(\d+)$", text_of(e)).group(1)) for e in list(up.events))


def scenario_reload_under_load(t):
    """SIGHUP every 100 ms, with files that are right and files that are wrong by turns, while each input gets numbered lines."""
    r = Reloading(t)
    w = Writers(r)
    w.begin()
    began, turn = time.monotonic(), 0
    while time.monotonic() - began < 3 or min(r.reloads("taken"), r.reloads("refused")) < 3:
        turn += 1
        if turn % 7 in (3, 6):
            r.rules(f"turn{turn}", level="fatal")
        elif turn % 7 == 5:
            t.write("crumbd.yaml", "sentry: [\n")
        else:
            r.rules(f"turn{turn}")
            r.settings(environment=f"e{turn}", udp_more=f", max_message: {1000 + turn}k" if turn % 3 else "",
                       unix_more=f", max_message: {100 + turn}k" if turn % 5 else "",
                       inputs=f"  - {{tail: '{t.dir}/other{turn % 3}.log', from: start}}")
        r.d.signal(1)
        r.d.notified()
        time.sleep(0.1)
    w.end()
    r.rules("last")
    r.settings(environment="last")
    r.reload()
    r.reload()  # the one before may have been one that was under way, with older files
    taken, refused = r.reloads("taken"), r.reloads("refused")
    assert taken > 3 and refused > 2, (taken, refused)
    t.wait_events(r.up, w.sent)
    t.eq(numbers(r.up), list(range(w.sent)), "each number once")
    w.tcp = socket.create_connection(("127.0.0.1", r.tcp))
    for n, send in enumerate((w.file, w.datagram, w.local, w.stream)):
        send(w.sent + n)
    t.wait_events(r.up, w.sent + 4)
    t.eq({(e["environment"], text_of(e).split()[0]) for e in list(r.up.events)[-4:]}, {("last", "last")}, "the last set is in force")
    w.tcp.close()
    r.d.stop(sent=w.sent + 4)


def scenario_what_a_reload_refuses(t):
    """A wrong file, a sample that fails, a port that is taken and a change that needs a restart: the reason with its place is in the
    log, on the page and in the metrics, and what was in force stays so, sockets included."""
    r = Reloading(t)
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    taken.listen()
    port = taken.getsockname()[1]
    cases = [(lambda: t.write("crumbd.yaml", "sentry: [\n"), r"crumbd.yaml:2:1: flow sequence without"),
             (lambda: r.settings(more="limits2: 7"), r"crumbd.yaml:\d+:\d+: .*limits2"),
             (lambda: r.settings(more="user: nobody"), r'crumbd.yaml:\d+:1: a change of "user" needs a restart'),
             (lambda: r.settings(udp_more=", max_message: 7k", inputs=f"  - syslog: tcp://127.0.0.1:{port}"),
              rf"cannot listen on tcp://127.0.0.1:{port}: port {port} is in use|does not let it bind the port, so a restart"),
             (lambda: (r.settings(), r.rules("second", level="fatal")), r"rules.yaml:2:\d+: event.level: is error")]
    # Where Landlock fences it in: what is read only when the first event is sent there would be found out when the old set is gone.
    fenced = re.search(r"sandbox is in force.* landlock=\d", r.d.err)
    elsewhere = tempfile.mkdtemp(prefix="crumbd-ca-")
    if fenced:
        cases.append((lambda: (r.rules("first"), r.settings(ca=f"{elsewhere}/ca.pem")),
                      rf"crumbd.yaml: sentry.ca_file {elsewhere}/ca.pem: the sandbox .* restart is needed"))
    for change, why in cases:
        change()
        r.reload("refused")
        said = [line for line in r.d.err.splitlines() if "the reload is refused" in line][-1].replace('\\"', '"')
        assert re.search(why, said), said
        assert "refused" in r.page() and re.search(why, r.page().replace("&quot;", '"').replace("&#34;", '"')), r.page()[:3000]
        t.eq(r.metrics()["crumbd_config_last_reload_successful"], 0)
    taken.close()
    os.rmdir(elsewhere)
    w = Writers(r)
    for n, send in enumerate((w.file, w.datagram, w.local, w.stream)):
        send(n)
    t.wait_events(r.up, 4)
    t.eq({(e["environment"], text_of(e).split()[0]) for e in list(r.up.events)}, {("first", "first")}, "the first set is in force")
    r.settings()
    r.rules("third")
    r.reload()
    t.eq(r.metrics()["crumbd_config_last_reload_successful"], 1)
    assert "<dt>reload</dt><dd>taken" in r.page()
    w.datagram(4)
    w.stream(5)  # on the connection of before
    t.wait_events(r.up, 6)
    t.eq([text_of(e) for e in sorted(list(r.up.events), key=text_of)][-2:], ["third 4", "third 5"])
    w.tcp.close()
    r.d.stop(sent=6)


def scenario_reload_of_where_events_go(t):
    """Another DSN: what is made from then on goes there."""
    r = Reloading(t)
    other = t.upstream()
    w = Writers(r)
    w.datagram(1)
    t.wait_events(r.up, 1)
    r.settings(dsn=other.dsn())
    r.reload()
    w.datagram(2)
    t.wait_events(other, 1)
    t.eq((numbers(r.up), numbers(other)), ([1], [2]))
    w.tcp.close()
    r.d.stop(sent=2)


TRACE = """Traceback (most recent call last):
  File "/srv/app/shop.py", line 7, in pay
    charge(order)
"""


def scenario_what_is_open_goes_on(t):
    """Over a reload: breadcrumbs, what flood control has counted, and a trace of which half has been read."""
    r = Reloading(t, inputs=f"  - {{tail: '{t.dir}/app.log', from: start, join: {{wait: 5s}}}}\n")
    config = open(t.path("crumbd.yaml"), encoding="utf-8").read().replace("before: 0", "before: 9").replace("burst: 1000000", "burst: 1")
    t.write("crumbd.yaml", config)
    r.reload()
    w = Writers(r)
    t.append("error.log", nginx_line(1, level="info", text="a line before"))
    t.append("error.log", nginx_line(2, text="number 1 failed") + nginx_line(2, text="number 2 failed"))
    t.append("app.log", TRACE)
    t.wait_events(r.up, 2)
    r.d.wait_count("lines_in", 6)
    r.rules("second")
    r.reload()
    t.append("error.log", nginx_line(3, text="number 3 failed"))
    t.append("app.log", "ValueError: no such order\nthe next line\n")
    t.wait_events(r.up, 3)
    trace = next(e for e in list(r.up.events) if "ValueError" in json.dumps(e))
    t.eq([f["lineno"] for f in trace["exception"]["values"][0]["stacktrace"]["frames"]], [7], "frames of the trace")
    t.append("error.log", nginx_line(4, text="unknown 3 of another kind failed"))
    t.wait_events(r.up, 4)
    last = next(e for e in list(r.up.events) if "another kind" in json.dumps(e.get("logentry")))
    assert any("a line before" in json.dumps(c) for c in last["breadcrumbs"]["values"]), last["breadcrumbs"]
    w.tcp.close()
    ledger = r.d.stop(sent=10)
    t.eq((ledger["suppressed"], ledger["joined"]), (1, 3), "held back as the third of its kind, and joined")
