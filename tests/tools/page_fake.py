"""page_fake: serves src/page as crumbd does, with answers of its own making: states that are hard to bring about, or 1000 issues.

    python3 tests/tools/page_fake.py [PORT]     for a browser, by hand
"""
import http.server
import json
import os
import random
import re
import sys
import threading
import time
import urllib.parse

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGE = os.path.join(TOP, "src", "page")
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
POLICY = ("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; "
          "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
SHELL = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><title>crumbd</title><link rel="icon" href="/page/x/icon.svg"><link rel="stylesheet" href="/page/x/page.css">
<script type="module" src="/page/x/main.js"></script></head><body><a class="skip" href="#main">To the content</a><header><a class="brand" href="/">crumbd</a>
<nav aria-label="Views"><a href="/">Overview</a><a href="/issues">Issues</a><a href="/flow">Flow</a><a href="/rules">Rules</a></nav><div id="state"></div></header>
<main id="main"></main></body></html>"""
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)> \u202egnp.exe\u202c \x1b[31mred\x07 \u200b" + "A" * 300
KINDS = [("UpstreamConnectionRefused", "connect() to upstream failed: Connection refused", "nginx.upstream-refused", "error"),
         ("ConnectionError", "gateway timed out", "", "error"), ("DiskFull", "no space left on device /var/lib/postgresql", "postgresql.disk-full", "fatal"),
         ("", "retrying job <num> of queue mail", "sidekiq.retry", "warning"), ("UpstreamTimeout", "upstream timed out while reading response header", "nginx.upstream-timeout", "error"),
         ("OOMKilled", "Killed process <num> (java) total-vm:8123456kB", "kernel.oom", "fatal"), ("PHPFatalError", "Uncaught RuntimeException: no stock in /srv/app/cart.php:31", "php-fpm.fatal", "error")]
FATES = dict(lines_in=183402, event=2210, crumb=171533, log=120, drop=7401, joined=1930, suppressed=201, refused=7, sent=2089, dead=3, udp_kernel_drops=412, input_overflow=9, files_gone_unread=1)


def counters():
    """counters.def as /api/counters has it."""
    with open(os.path.join(TOP, "src", "base", "counters.def"), encoding="utf-8") as f:
        found = re.findall(r'^COUNTER\((\w+), (\w+), ([^,]+), "\w*", "(.*)"\)$', f.read(), re.M)
    return [{"name": n, "kind": k.lower(), "sides": [x.lower() for x in re.findall(r"COUNT_(\w+)", s)], "help": h} for n, k, s, h in found]


def issue(n, now):
    r = random.Random(n)
    type_, value, rule, level = KINDS[n % len(KINDS)]
    if n == 3:
        type_, value = HOSTILE[:60], HOSTILE
    peak = r.choice([1, 3, 20, 400])
    day = [0 if r.random() < .4 else r.randint(0, peak) for _ in range(24)]
    hour = [0 if r.random() < .7 else r.randint(0, peak) for _ in range(60)]
    month = [0] * 10 + [r.randint(0, peak * 9) for _ in range(20)]
    last = now - 3 * n - r.randint(0, 5)
    state = "new" if n % 9 == 0 else "quiet" if last < now - 1800 else "ongoing"
    count = sum(month)
    return {"key": "%016x" % (0x9E3779B97F4A7C15 * (n + 1) & 2**64 - 1), "title": "%s: %s" % (type_, value) if type_ else value, "type": type_,
            "value": value + (" #%d" % n if n >= len(KINDS) and n != 3 else ""), "level": level, "rule": rule, "project": r.choice(["", "billing"]), "app": r.choice(["shop", "mail", "cart"]),
            "host": r.choice(["web-1", "web-2"]), "transaction": r.choice(["", "GET /cart"]), "state": state, "first": last - 86400 * r.randint(0, 20) - 60, "last": last,
            "count": count, "suppressed": count // 3, "events": min(count, 11), "hour": hour, "day": day, "month": month}


def payload(item, now):
    frames = [{"filename": "/usr/lib/python3/dist-packages/celery/app.py", "function": "run%d" % i, "lineno": 10 + i, "in_app": False} for i in range(4)]
    frames += [{"filename": "/srv/app/pay.py", "function": "charge", "lineno": 31, "in_app": True, "pre_context": ["def charge(card):", "    amount = total(card.cart)"],
                "context_line": "    gateway.charge(card, amount)", "post_context": ["    return receipt(card)", ""]},
               {"filename": "/usr/lib/python3/dist-packages/requests/api.py", "function": "request", "lineno": 59, "in_app": False, "context_line": "return session.request(method=method, url=url, **kwargs)"},
               {"filename": "/usr/lib/python3/dist-packages/urllib3/pool.py", "function": "urlopen", "lineno": 715, "in_app": False}]
    crumbs = [{"timestamp": now - 40.2, "type": "default", "category": "app", "level": "info", "message": "worker started"},
              {"timestamp": now - 2.31, "type": "http", "category": "nginx.access", "level": "info", "message": "GET /cart -> 200", "data": {"request": "req-81", "method": "GET", "status_code": 200}},
              {"timestamp": now - 1.1, "type": "default", "category": "shop.pay", "level": "warning", "message": "gateway slow, 900 ms " + HOSTILE[:80], "data": {"request": "req-81"}},
              {"timestamp": now - .02, "type": "default", "category": "cron", "level": "info", "message": "session cleanup done"},
              {"timestamp": now + .12, "type": "error", "category": "shop.pay", "level": "error", "message": "order 4711 rolled back", "data": {"request": "req-81"}}]
    return {"event_id": "e" * 32, "timestamp": now, "platform": "python", "level": item["level"], "logger": "shop.pay", "server_name": item["host"], "environment": "production", "release": "shop@2.4.1",
            "exception": {"values": [{"type": "TimeoutError", "value": "timed out", "stacktrace": {"frames": frames[-2:]}},
                                     {"type": item["type"] or "Error", "value": item["value"], "stacktrace": {"frames": frames}}]},
            "logentry": {"formatted": "shop.pay Payment failed"}, "breadcrumbs": {"values": crumbs}, "fingerprint": ["nginx", "upstream-down", "shop"],
            "tags": {"errno": "111", "upstream": "127.0.0.1:9000", "rule": item["rule"], "format": "text", "input": "/var/log/shop.log", HOSTILE[:30]: "v"},
            "request": {"method": "POST", "url": "http://shop.example/pay", "query_string": "a=1&b=<b>", "headers": [["Host", "shop.example"], ["User-Agent", "curl/8"]]},
            "user": {"ip_address": "203.0.113.9"},
            "contexts": {"log": {"type": "log", "source": "/var/log/shop.log", "message": "shop.pay \x1b[201~ failed\nit's \\here"}, "nginx": {"worker_pid": 7, "phase": "connecting to upstream"}}}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64  # a browser asks for all modules at once


class Fake:
    def __init__(self, n=1000, port=0):
        self.now, self.streams, self.lock = time.time(), [], threading.Condition()
        self.issues = {i["key"]: i for i in (issue(k, self.now) for k in range(n))}
        self.posts = []
        project = {"upstream": "https://sentry.example.com/42", "answered": self.now - 18, "open": 0, "waiting": 0, "dead": 0, "next": None, "answer": None}
        self.delivery = {"projects": [dict(project, project="", state="waiting", since=self.now - 2820, next=self.now + 12, answer="connection refused by sentry.example.com:443", waiting=1204, dead=3),
                                      dict(project, project="billing", state="delivering", since=self.now - 86400, answer="HTTP 400: no <b>event</b>")]}
        read = {"kind": "tail", "state": "reading", "files": 3, "unreadable": 0, "behind": 0, "last_line": self.now - 1, "kernel_drops": 0, "dropped_events": 0, "slow_turns": 0, "error": None}
        self.inputs = {"inputs": [dict(read, input="/var/log/nginx/*error.log", lines=120443),
                                  dict(read, input="/var/log/nginx/*access.log", lines=61002, state="behind", behind=5 << 20),
                                  dict(read, input="/var/log/secret/*.log", lines=0, last_line=None, state="unreadable", unreadable=1, error={"time": self.now - 99, "text": "/var/log/secret/a.log: Permission denied"}),
                                  dict(read, input="udp://0.0.0.0:12201", kind="gelf", lines=1957, last_line=self.now - 4000, state="silent", kernel_drops=412)]}
        handler = type("Handler", (Handler,), {"fake": self})
        self.server = Server(("127.0.0.1", port), handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def say(self, event, data):
        with self.lock:
            for q, out in self.streams:
                if event != "issue" or all(matches(data, w) for w in q.split()):
                    out.append("event: %s\ndata: %s\n\n" % (event, json.dumps(data)))
            self.lock.notify_all()

    def occur(self, key, n=1):
        i = self.issues[key]
        i.update(last=time.time(), count=i["count"] + n, state="ongoing" if i["state"] == "quiet" else i["state"])
        for of in ("hour", "day", "month"):
            i[of][-1] += n
        self.say("issue", i)

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def answer(self, path, params):
        if path == "/api/issues":
            q, sort = params.get("q", ""), params.get("sort", "last")
            found = [i for i in self.issues.values() if all(matches(i, w) for w in q.split())]
            found.sort(key=lambda i: -i[sort])
            at, limit = int(params.get("cursor", 0)), int(params.get("limit", 50))
            return {"issues": found[at:at + limit], "total": len(found), "next": str(at + limit) if at + limit < len(found) else None}
        m = re.fullmatch(r"/api/issues/(\w+)", path)
        if m:
            i = next((i for k, i in self.issues.items() if k.startswith(m[1])), None)
            return i and dict(i, kept=[{"id": "%032x" % k, "time": i["last"] - 60 * k, "title": i["title"], "host": i["host"]} for k in range(1, 12)], newest="%032x" % 1)
        if path == "/api/dead":
            return {"next": None, "dead": [{"id": k, "state": "dead", "event_id": "%032x" % k, "level": "error", "title": "Huge: " + HOSTILE[:80], "project": "", "time": self.now - 999, "attempts": 1,
                     "reason": "413 Payload Too Large: event submission exceeds the limit"} for k in (7, 8, 9)]}
        m = re.fullmatch(r"/api/events/(\w+)", path)
        if m:
            i = next(iter(self.issues.values()))
            return {"id": m[1], "issue": i["key"], "time": i["last"], "state": "sent", "payload": payload(i, i["last"])}
        rules = [{"id": k[2] or "none.%d" % n, "tried": 4000 * n, "hits": 77 * n, "seconds": .004 * n, "last": self.now - 50 * n if n else None, "match_limit": 0, "suspended": n == 6,
                  "file": "/usr/share/crumbd/rules/nginx.yaml", "line": 7 * n + 3} for n, k in enumerate(KINDS)]
        if path.startswith("/api/rules/"):
            return next((dict(r, text="- id: %s\n  match: '<b>%s'\n" % (r["id"], HOSTILE[:40])) for r in rules if path.endswith("/" + r["id"])), None)
        return {"/api/delivery": self.delivery, "/api/inputs": self.inputs, "/api/counters": counters(), "/api/ledger": {"balanced": True, "counts": FATES},
                "/api/rules": rules}.get(path)


def matches(i, word):
    name, _, value = word.partition(":")
    if value:
        return {"is": i["state"] == value, "since": True}.get(name, str(i.get(name, "")) == value)
    return word.lower() in (i["title"] + i["rule"]).lower()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    fake = None

    def log_message(self, *args):
        pass

    def send(self, status, type_, body):
        self.send_response(status)
        self.send_header("Content-Type", type_)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        params = dict(urllib.parse.parse_qsl(url.query))
        if url.path == "/api/live":
            return self.stream(params.get("q", ""))
        if url.path.startswith("/page/"):
            name = os.path.basename(url.path)
            with open(os.path.join(PAGE, name), "rb") as f:
                return self.send(200, TYPES[os.path.splitext(name)[1]], f.read())
        if url.path == "/readyz":
            return self.send(200, "text/plain", b"ready\n")
        if url.path.startswith("/api/"):
            got = self.fake.answer(url.path, params)
            return self.send(200 if got is not None else 404, "application/json", json.dumps(got if got is not None else {"error": "there is nothing here"}).encode())
        return self.send(200, "text/html; charset=utf-8", SHELL.encode())

    def do_POST(self):
        if self.headers.get("X-Crumbd") != "1":
            return self.send(403, "application/json", b'{"error":"this needs the header X-Crumbd"}')
        self.fake.posts.append(self.path)
        return self.send(200, "application/json", b"{}")

    def stream(self, q):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        mine = []
        with self.fake.lock:
            self.fake.streams.append((q, mine))
        try:
            self.wfile.write(b": hello\n\n")
            while True:
                with self.fake.lock:
                    self.fake.lock.wait_for(lambda: mine, 5)
                    out = "".join(mine) or ": still here\n\n"
                    mine.clear()
                self.wfile.write(out.encode())
                self.wfile.flush()
        except OSError:
            pass
        finally:
            with self.fake.lock:
                self.fake.streams = [s for s in self.fake.streams if s[1] is not mine]


if __name__ == "__main__":
    fake = Fake(port=int(sys.argv[1]) if len(sys.argv) > 1 else 8687)
    print("http://127.0.0.1:%d/" % fake.port)
    keys = list(fake.issues)
    while True:
        time.sleep(2)
        fake.occur(random.choice(keys[:20]))
        FATES["lines_in"] += 50
        FATES["crumb"] += 50
        fake.inputs["inputs"][0]["lines"] += 50
        fake.say("ledger", {"counts": FATES, "inputs": fake.inputs["inputs"]})
