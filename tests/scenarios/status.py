"""The status page: what the key `http` serves."""
import http.client
import json
import os
import re
import shutil
import socket
import subprocess
import time

from harness import check_ledger, free_port, nginx_line

CONFIG = """inputs: [{tail: "{dir}/*.log", format: nginx-error, from: start}]
http: 127.0.0.1:%d
rules: []
"""
HOSTILE = "<script>alert(1)</script> \"&\" \x1b]0;x\x07\x1b[31m \u202e failed"


def ask(port, path, method="GET", headers=None, body=None):
    """(status, headers, body) of one request."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    c.request(method, path, body=body, headers=headers or {})
    r = c.getresponse()
    got = r.status, dict(r.getheaders()), r.read().decode()
    c.close()
    return got


def text(port, path):
    return ask(port, path)[2]


def raw(port, request):
    """The status line that answers these bytes."""
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        try:
            s.sendall(request)
            return s.recv(4096).split(b"\r\n")[0].decode()
        except ConnectionError:
            return "cut off"


def start(t, lines):
    port = free_port()
    t.write("error.log", "".join(lines))
    return t.start(t.config(CONFIG % port)), port


def scenario_status_page_without_a_sentry(t):
    """Everything can be seen with no Sentry at all, and nothing that a log says is markup."""
    d, port = start(t, [nginx_line(1), nginx_line(2, text=HOSTILE, upstream=None), nginx_line(3)])
    t.until(lambda: [e["state"] for e in json.loads(text(port, "/api/events"))] == ["ready"] * 3, "three events are in the store")
    t.eq(ask(port, "/healthz")[::2], (200, "ok\n"))
    t.eq(ask(port, "/readyz")[0], 200)
    ids = [e["id"] for e in json.loads(text(port, "/api/events"))]
    assert ids == sorted(set(ids), reverse=True), ids
    events = json.loads(text(port, "/api/events?limit=2"))
    t.eq([(e["id"], e["level"], e["attempts"]) for e in events], [(ids[0], "error", 0), (ids[1], "error", 0)])
    status, headers, page = ask(port, "/")
    t.eq((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
    assert '<section class="panel verdict info"><h1>Kept here</h1>\n<p>No Sentry is configured. Events stay here' in page, page
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy and "nonce" not in policy and "http" not in policy, policy
    for path in re.findall(r'(?:href|src)="(/page/[^"]*)"', page):
        status, headers, body = ask(port, path)
        assert status == 200 and body and "immutable" in headers["Cache-Control"] and headers["X-Content-Type-Options"] == "nosniff", headers
    issues = json.loads(text(port, "/api/issues"))["issues"]
    t.eq(sum(i["count"] for i in issues), 3)
    for path in ("/", "/issues"):
        for i in issues:
            assert 'href="/issue/%s"' % i["key"] in text(port, path), text(port, path)
    flow = text(port, "/flow")
    for id in ids:
        assert 'href="/event/%d"' % id in flow, flow
        t.eq(json.loads(text(port, "/api/events/%d" % id))["payload"], json.loads(t.run("queue", "cat", str(id), "--json", "-c", t.path("crumbd.yaml"))[0]))
    event = text(port, "/event/%d" % ids[1])
    assert "<h2>breadcrumbs</h2>" in event and "&lt;script&gt;" in event, event
    hostile = text(port, "/issue/" + next(i["key"] for i in issues if "script" in i["title"]))
    assert "<h2>breadcrumbs</h2>" in hostile and "&lt;script&gt;" in hostile, hostile
    for markup in (page, flow, event, hostile, text(port, "/issues"), text(port, "/issues?q=%3Cscript%3E&x=%22%3E%3Ci%3E")):
        assert not re.search("<script(?! type=\"module\" src=\"/page/)|<style|style=|\\son\\w+=", markup) and "\x1b" not in markup and "\u202e" not in markup, markup
    assert "<h2>breadcrumbs</h2>" in text(port, "/event/" + events[1]["event_id"])
    ledger = json.loads(text(port, "/api/ledger"))
    assert ledger["balanced"], ledger
    check_ledger(ledger["counts"])
    t.eq({k: v for k, v in ledger["counts"].items() if v}, d.ledger())
    samples = dict(line.rsplit(" ", 1) for line in text(port, "/metrics").splitlines() if not line.startswith("#"))
    t.eq({k: int(samples["crumbd_%s_total" % k]) for k in ledger["counts"]}, ledger["counts"])
    t.eq(samples['crumbd_outbox_rows{state="ready"}'], "3")
    d.stop()


RULES = """
pack: p
rules:
  - {id: p.refused, match: 'connect\\(\\) failed', event: {type: Refused, fingerprint: [p, refused]}}
  - {id: p.never, match: 'never seen'}
  - {id: p.slow, match: 'slow (a+)+$'}
"""


def scenario_promtool_accepts_metrics(t):
    """With inputs of each kind that has numbers of its own, rules that were tried, and names that want escapes."""
    promtool = shutil.which("promtool")
    if not promtool:
        t.skip("no promtool (Debian's package prometheus)")
    port = free_port()
    t.write('a"b/error.log', nginx_line(1))
    rules = t.write("rules.yaml", "pack: p\nrules: [{id: p.one, match: refused, event: {}, samples: [{lines: refused, event: {level: error}}]}]\n")
    d = t.start(t.config("""inputs:
  - {tail: '{dir}/a"b/*.log', format: nginx-error, from: start}
  - syslog: udp://127.0.0.1:0
  - gelf: tcp://127.0.0.1:0
http: 127.0.0.1:%d
rules: [%s]
""" % (port, rules)))
    d.wait_count("event", 1)
    p = subprocess.run([promtool, "check", "metrics"], input=text(port, "/metrics"), capture_output=True, text=True, timeout=60, check=False)
    t.eq((p.returncode, p.stdout + p.stderr), (0, ""), "promtool check metrics")


def metrics(port):
    """name{labels} -> number"""
    return {k: float(v) for k, v in (line.rsplit(" ", 1) for line in text(port, "/metrics").splitlines() if not line.startswith("#"))}


def scenario_metrics_of_rules_and_of_what_was_suppressed(t):
    """Each rule that was tried has its numbers, a suspended one is named; suppressed, summaries and client reports agree."""
    port, up = free_port(), t.upstream()
    t.write("rules.yaml", RULES)
    slow = "slow " + "a" * 2000 + "!"
    t.write("error.log", "".join(nginx_line(n) for n in range(300)) + "".join(nginx_line(n, text=slow) for n in range(110)))
    config = t.config((CONFIG % port).replace("rules: []", "rules: [{dir}/rules.yaml]") + 'sentry: {dsn: "%s"}\nlimits: {per_issue: {burst: 5, period: 2s}}\nfallback: crumb\n' % up.dsn())
    d = t.start(config)
    d.wait_log("a rule is not tried any more", 60)
    d.wait_count("lines_in", 410)
    m = metrics(port)
    t.eq((m['crumbd_rule_hits_total{rule="p.refused"}'], m['crumbd_rule_tried_total{rule="p.refused"}']), (300, 300))
    assert 0 < m['crumbd_rule_seconds_total{rule="p.refused"}'] < 1, m
    t.eq(m['crumbd_rule_match_limit_total{rule="p.slow"}'], 100)
    t.eq((m['crumbd_rule_suspended{rule="p.slow"}'], m['crumbd_rule_suspended{rule="p.refused"}']), (1, 0))
    t.eq((m["crumbd_rules"], m["crumbd_rules_tried"], m["crumbd_rules_suspended"]), (3, 2, 1))
    assert "p.never" not in text(port, "/metrics") + text(port, "/api/rules")
    t.eq([r["id"] for r in json.loads(text(port, "/api/rules"))], ["p.refused", "p.slow"])
    page = text(port, "/")
    assert "p.refused" in page and "suspended</span>" in page, page
    suppressed = m["crumbd_suppressed_total"]
    assert suppressed > 250, m
    t.until(lambda: metrics(port)["crumbd_summarised_total"] == suppressed, "the period's summary", 30)
    t.until(lambda: metrics(port)["crumbd_issues"] == 0, "the issue to be forgotten", 30)
    ledger = d.stop()
    t.eq((ledger["suppressed"], ledger["summarised"], ledger["reported"]), (suppressed,) * 3)
    t.eq(sum(e.get("contexts", {}).get("crumbd", {}).get("suppressed", 0) for e in up.events), suppressed)
    t.eq(up.reports["sample_rate", "error"], suppressed)


def scenario_status_page_is_hard_to_misuse(t):
    d, port = start(t, [])
    t.eq(ask(port, "/", "HEAD")[2], "")
    t.eq(ask(port, "/", "HEAD")[1]["Content-Length"], ask(port, "/")[1]["Content-Length"])
    for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        status, headers, _ = ask(port, "/", method)
        t.eq((status, headers["Allow"]), (405, "GET, HEAD"), method)
    for path in ("/../etc/passwd", "/event/../metrics", "/%6detrics", "/event/0x1", "/api/", "/x?limit=1"):
        t.eq(ask(port, path)[0], 404, path)
    t.eq(ask(port, "/api/events?limit=none")[0], 400)
    # A web page may make its own name mean 127.0.0.1, but not this one's.
    t.eq(ask(port, "/", headers={"Host": "evil.example"})[0], 421)
    for host in ("localhost", "LOCALHOST:%d" % port, "127.0.0.1", "[::1]:%d" % port):
        t.eq(ask(port, "/healthz", headers={"Host": host})[0], 200, host)
    t.eq(raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100000 + b"\r\n\r\n")[:12] in ("HTTP/1.1 400", "cut off", "HTTP/1.1 413"), True)
    t.eq(raw(port, b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000000\r\n\r\n"), "HTTP/1.1 413 Request Entity Too Large")
    idle = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(100)]
    t.eq(ask(port, "/healthz")[0], 200, "beside 100 connections that say nothing")
    for s in idle:
        s.close()
    t.eq(d.stop().get("connections", 0), 0, "who looks is not in the ledger")


def scenario_not_ready_while_the_store_is_full(t):
    port = free_port()
    t.write("error.log", "".join(nginx_line(n, text='open() "/srv/%s" failed (13: Permission denied)' % ("x" * n)) for n in range(1, 400)))
    nobody = "http://0123456789abcdef0123456789abcdef@127.0.0.1:%d/1" % free_port()  # without a DSN the oldest would make room
    config = t.config('sentry: {dsn: "%s"}\nstore_limit: 160k\nlimits: {per_issue: {burst: 1000}, per_minute: 100000}\n' % nobody + CONFIG % port)
    d = t.start(config)
    t.until(lambda: ask(port, "/readyz")[0] == 503, "not ready")
    assert "full" in text(port, "/readyz"), text(port, "/readyz")
    t.eq(ask(port, "/healthz")[0], 200)
    assert "not ready" in text(port, "/")
    began = time.monotonic()
    ledger = d.stop()
    assert time.monotonic() - began < 4, "no room comes where nothing is delivered"
    assert ledger.get("read_again", 0) + ledger.get("left_open", 0) and not ledger.get("unstored"), ledger
    assert "could not be stored; files are read again" in d.err and "why=full" in d.err, d.err[-2000:]


TOKEN = "0123456789abcdef0123"
OPEN = ("/healthz", "/readyz", "/metrics")
CLOSED = ("/", "/event/1", "/api/events", "/api/events/1", "/api/events/1/payload", "/api/issues", "/api/ledger", "/api/rules", "/api/counters", "/api/inputs", "/api/delivery", "/api/dead", "/issues", "/flow", "/rules")


def start_beyond_loopback(t, token=None, more=""):
    port = free_port()
    t.write("error.log", nginx_line(1))
    if token:
        t.write("token", token + "\n")
        more += "http_token_file: {dir}/token\n"
    return t.start(t.config((CONFIG % port).replace("127.0.0.1", "0.0.0.0") + more)), port


def log_in(port, token, **headers):
    return ask(port, "/login", "POST", dict({"Content-Type": "application/x-www-form-urlencoded"}, **headers), "token=" + token)


def scenario_status_page_without_a_token(t):
    """Beyond loopback nothing is shown of what logs say, and the start says why."""
    d, port = start_beyond_loopback(t)
    d.wait_log("the status page stays closed")
    t.eq([ask(port, p)[0] for p in OPEN], [200] * 3)
    t.eq([ask(port, p)[0] for p in CLOSED], [403] * len(CLOSED))
    t.eq(ask(port, "/", headers={"Authorization": "Bearer "})[0], 403)
    t.eq(log_in(port, "x")[0], 405)
    d.stop()


def scenario_status_page_with_a_token(t):
    """A form and a cookie for people, a bearer's header for scripts; guesses are slow, forged forms refused."""
    d, port = start_beyond_loopback(t, TOKEN)
    own = "http://127.0.0.1:%d" % port
    t.eq([ask(port, p)[0] for p in OPEN], [200] * 3)
    t.eq([ask(port, p)[0] for p in CLOSED], [401] * len(CLOSED))
    t.eq(ask(port, "/api/events")[1]["WWW-Authenticate"], 'Bearer realm="crumbd"')
    t.until(lambda: len(json.loads(ask(port, "/api/events", headers={"Authorization": "Bearer " + TOKEN})[2])) == 1, "the event")
    assert '<form method="post" action="/login">' in text(port, "/"), text(port, "/")
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site", "Origin": own}, {"Sec-Fetch-Site": "same-site"}):
        t.eq(log_in(port, TOKEN, **headers)[0], 403, headers)
    for headers in ({}, {"Origin": own}, {"Sec-Fetch-Site": "same-origin", "Origin": "https://front.example"}):
        status, got, _ = log_in(port, TOKEN, **headers)
        t.eq((status, got["Location"]), (303, "/"), headers)
    cookie, *attributes = got["Set-Cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes), attributes
    assert TOKEN not in cookie and cookie.startswith("crumbd_%d=" % port), cookie
    t.eq([ask(port, p, headers={"Cookie": "a=b; " + cookie + "; c=d"})[0] for p in CLOSED], [200] * len(CLOSED))
    until, code = cookie.split("=")[1].split(".")
    for forged in ("%d.%s" % (int(until) + 1, code), "1." + code, until + "." + code[:-1] + ("0" if code[-1] != "0" else "1"), until + ".", until, "", TOKEN, until + "." + code + "0"):
        t.eq(ask(port, "/", headers={"Cookie": "crumbd_%d=%s" % (port, forged)})[0], 401, forged)
    t.eq(log_in(port, TOKEN[:-1])[0], 401)
    t.eq(log_in(port, TOKEN)[0], 429)
    t.eq(ask(port, "/", headers={"Authorization": "Bearer " + TOKEN})[0], 429)
    t.eq(ask(port, "/", headers={"Cookie": cookie})[0], 200)
    t.until(lambda: log_in(port, TOKEN.replace("0", "%30"))[0] == 303, "the next try may be made")
    line = next(x for x in d.err.splitlines() if "a wrong token" in x)
    assert "peer=127.0.0.1" in line and TOKEN[:-1] not in d.err, d.err
    t.eq(ask(port, "/", "POST", {"Cookie": cookie})[0], 405)
    d.stop()
    t.write("token", "short\n")
    err = t.run("check", "-c", t.path("crumbd.yaml"), status=1)[1]
    assert "shorter than 16" in err and "openssl rand" in err, err


def scenario_status_page_knows_its_names(t):
    d, port = start_beyond_loopback(t, TOKEN, "http_names: [logs.example]\n")
    for host, want in (("evil.example", 421), ("127.0.0.1.evil.example", 421), ("logs.example:80", 200), ("LOCALHOST", 200), ("10.0.0.9", 200),
                       ("[::1]:1", 200), (socket.gethostname(), 200)):
        t.eq(ask(port, "/healthz", headers={"Host": host})[0], want, host)
    assert "http_names" in ask(port, "/", headers={"Host": "evil.example"})[2]
    d.stop()


def scenario_status_page_on_a_unix_socket_and_probes_beside(t):
    probes = free_port()
    t.write("error.log", nginx_line(1))
    d = t.start(t.config(CONFIG.replace("127.0.0.1:%d", "unix:{dir}/page.sock") + "probes: 0.0.0.0:%d\n" % probes))
    t.eq(os.stat(t.path("page.sock")).st_mode & 0o777, 0o660)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(t.path("page.sock"))
        s.sendall(b"GET /api/ledger HTTP/1.1\r\nHost: localhost\r\n\r\n")
        got = s.makefile("rb").read()
    assert got.startswith(b"HTTP/1.1 200") and b'"balanced"' in got, got
    t.eq([ask(probes, p)[0] for p in OPEN], [200] * 3)
    t.eq([ask(probes, p)[0] for p in CLOSED], [403] * len(CLOSED))
    t.eq(ask(probes, "/healthz", headers={"Host": "evil.example"})[0], 421)
    assert "stays closed" not in d.err, d.err
    d.stop()
    out = t.run("check", "-c", t.path("crumbd.yaml"), "--dump")[0]
    assert "http: unix:" in out and "probes: 0.0.0.0:%d" % probes in out, out


def scenario_port_of_the_status_page_is_taken(t):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        t.write("error.log", nginx_line(1))
        d = t.start(t.config(CONFIG % other.getsockname()[1]))
        d.wait_log("there is no status page")
        d.wait_count("event", 1)
        d.stop()


def scenario_inputs_that_read_nothing_are_seen(t):
    """Of each input the page and the metrics tell files, lines, when the last came and what is wrong: nothing found, a file that may not be read, later read."""
    port = free_port()
    t.write("logs/a.log", nginx_line(1) + nginx_line(2))
    secret = t.write("logs/secret.log", nginx_line(3))
    os.chmod(secret, 0)
    t.write("crumbd.yaml", "inputs:\n  - tail: %s\n    format: nginx-error\n    from: start\n  - tail: %s\nhttp: 127.0.0.1:%d\nstore: %s\n" %
            (t.path("logs/*.log"), t.path("none/*.log"), port, t.path("crumbd.db")))
    d = t.start(t.path("crumbd.yaml"))

    def metric(name, of):
        found = re.search(r'^crumbd_input_%s\{input="%s"(?:,port="0")?\} (\S+)$' % (name, re.escape(t.path(of))), text(port, "/metrics"), re.M)
        return float(found.group(1))

    logs, none = "logs/*.log", "none/*.log"
    mine = os.geteuid() == 0 or os.access(secret, os.R_OK)  # root reads it all the same
    t.until(lambda: metric("lines_total", logs) == 2 + mine, "the lines are read")
    t.until(lambda: metric("files", logs) == 1 + mine and metric("unreadable", logs) == 1 - mine, "one file, and one that is not read")
    t.until(lambda: metric("behind_bytes", logs) == 0, "nothing is behind")
    t.eq((metric("up", logs), metric("files", none), metric("up", none)), (1, 0, 1))
    assert metric("last_line_timestamp_seconds", logs) > 1700000000 and metric("last_line_timestamp_seconds", none) == 0
    page = text(port, "/")
    assert "finds no file" in page and "%d lines, the last " % (2 + mine) in page, page
    if not mine:
        assert metric("last_error_timestamp_seconds", logs) > 1700000000
        assert re.search("logs/secret.log: Permission denied; (let|add) the user crumbd runs as", page), page
        os.chmod(secret, 0o600)
        t.until(lambda: metric("unreadable", logs) == 0 and metric("lines_total", logs) == 3, "it is read now")
    t.write("none/b.log", "one\n")
    t.until(lambda: metric("files", none) == 1, "a file has come")
    t.until(lambda: "finds no file" not in text(port, "/"), "the page says so, without a line")
    d.stop()
