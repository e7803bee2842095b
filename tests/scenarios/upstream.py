"""Upstreams that are absent, slow, rude or refusing: events wait, and what cannot be sent is kept where it can be seen."""
import collections
import os
import re
import signal
import socket
import subprocess

import inputs
import nginx
from harness import free_port, item, nginx_line

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/error.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000}}
"""


def begin(t):
    up = t.upstream()
    os.makedirs(t.path("logs"))
    t.write("logs/error.log", "")
    return up, t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir))


def write(t, first, last):
    t.append("logs/error.log", "".join(nginx_line(n) for n in range(first, last + 1)))


def check(t, up, d, last, once=True):
    t.wait_events(up, last, 90)
    t.eq(sorted(map(item, up.events)), list(range(1, last + 1)))
    if once:
        t.eq(up.duplicates, {})
    t.until(lambda: d.ledger().get("sent", 0) >= last, "crumbd knows that all were sent")
    return d.stop()


def scenario_upstream_down(t):
    """Nobody listens, then somebody does; a restart between."""
    up, config = begin(t)
    up.stop()
    d = t.start(config)
    write(t, 1, 20)
    d.wait_count("event", 20)
    d.wait_count("retries", 1)
    d.stop()
    d = t.start(config)
    write(t, 21, 25)
    d.wait_count("event", 25 if d.ledger()["lines_in"] > 5 else 5)
    up.start()
    t.wait_events(up, 25, 90)
    t.eq(sorted(map(item, up.events)), list(range(1, 26)))
    t.eq(up.duplicates, {})
    d.stop()


def scenario_upstream_rude(t):
    """Errors, garbage, and connections closed before, in and after the answer: each event arrives."""
    up, config = begin(t)
    up.script.extend([{"status": 500}, {"close": "before"}, {"raw": b"SSH-2.0-garbage\r\n\r\n"}, {"close": "middle"}, {"status": 503},
                      {"close": "after"}, {"status": 200, "body": b"\xff\xfe not json"}])
    d = t.start(config)
    write(t, 1, 12)
    ledger = check(t, up, d, 12, once=False)
    # A kept connection that is closed without an answer is no failure: libcurl sends the request again.
    assert ledger["retries"] >= 3, ledger


def scenario_upstream_slow(t):
    """A slow server slows nothing but itself: lines are read meanwhile, and each event arrives once."""
    up, config = begin(t)
    up.default = {"delay": 1}
    d = t.start(config)
    write(t, 1, 4)
    d.wait_count("event", 4, 5)
    write(t, 5, 6)
    d.wait_count("event", 6, 5)
    assert len(up.events) < 6
    check(t, up, d, 6)


def scenario_upstream_far_away(t):
    """Answers that take 50 ms: many requests at a time, over kept connections, and each event arrives once."""
    up, config = begin(t)
    up.default = {"delay": 0.05}
    write(t, 1, 600)
    d = t.start(config)
    check(t, up, d, 600)
    assert 8 < up.most_under_way <= 64, up.most_under_way


def scenario_upstream_http2(t):
    """nginx with HTTP/2 in front: many requests at a time over one connection, also when it ends connections for a reload."""
    up, config = begin(t)
    up.default = {"delay": 0.05}
    inputs.certificates(t, "front")
    port = free_port()
    front = nginx.Nginx(t, http="""
        log_format seen '$server_protocol $connection $status';
        upstream sentry { server 127.0.0.1:%d; keepalive 64; }""" % up.port, server="""
        listen 127.0.0.1:%d ssl http2;
        access_log %s seen;
        ssl_certificate %s;
        ssl_certificate_key %s;
        location / { proxy_pass http://sentry; proxy_http_version 1.1; proxy_set_header Connection ""; }""" % (port, t.path("seen.log"), t.path("front.pem"), t.path("front.key")))
    with open(config, encoding="utf-8") as f:
        text = f.read().replace('dsn: "%s"' % up.dsn(), 'dsn: "%s", ca_file: %s' % (up.dsn().replace("http://", "https://").replace(str(up.port), str(port)), t.path("ca.pem")))
    t.write("crumbd.yaml", text)
    write(t, 1, 600)
    d = t.start(config)
    t.wait_events(up, 200)
    front.program.signal(signal.SIGHUP)
    t.wait_events(up, 600, 90)
    assert 8 < up.most_under_way <= 64, up.most_under_way
    d.wait_count("sent", 600)
    t.eq(d.stop().get("retries", 0), 0)
    with open(t.path("seen.log"), encoding="utf-8") as f:
        seen = [line.split() for line in f]
    t.eq({(version, status) for version, _, status in seen}, {("HTTP/2.0", "200")})
    # Those that met the end of the first connection may have had one each.
    by_connection = collections.Counter(c for _, c, _ in seen)
    assert sum(n for _, n in by_connection.most_common(2)) >= 480, by_connection


HOSTS = """#!/bin/sh
exec unshare --mount --propagation private sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' '%s' '%s' "$@"
"""


def scenario_upstream_two_addresses(t):
    """A server's name has two addresses, and the first takes no connections: events go to the second, and none fails."""
    dead = socket.socket()
    dead.bind(("127.0.0.1", 0))
    dead.listen(0)
    port = dead.getsockname()[1]
    fill = [socket.socket() for _ in range(3)]  # its queue: what comes then is not answered at all
    for s in fill:
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", port))
    up = t.upstream(host="127.0.0.2", port=port)
    os.makedirs(t.path("logs"))
    t.write("logs/error.log", "".join(nginx_line(n) for n in range(1, 21)))
    os.chmod(t.write("with-hosts", HOSTS % (t.write("hosts", "127.0.0.1 sentry.test\n127.0.0.2 sentry.test\n"), t.crumbd_path)), 0o755)
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode:
        t.skip("no mount namespaces here")
    t.crumbd_path, crumbd = t.path("with-hosts"), t.crumbd_path
    d = t.start(t.config(CONFIG.format(dsn=up.dsn().replace("127.0.0.1", "sentry.test"), dir=t.dir)))
    t.crumbd_path = crumbd
    t.wait_events(up, 20)
    d.wait_count("sent", 20)
    t.eq(d.stop().get("retries", 0), 0)
    for s in [dead] + fill:
        s.close()


def scenario_stopped_while_upstream_hangs(t):
    """SIGTERM while the server takes requests and says nothing: it ends in time, the events stay, and go at the next start."""
    up, config = begin(t)
    up.default = {"delay": 60}
    d = t.start(config)
    write(t, 1, 3)
    t.until(lambda: up.server.open, "a request under way")
    d.wait_count("event", 3)
    d.signal(signal.SIGTERM)
    t.eq(d.ended(15).get("sent", 0), 0)
    up.stop()
    up.default = {}
    up.start()
    check(t, up, t.start(config), 3, once=False)  # the first requests may have been taken after all, under the same ids


def scenario_dead_letters(t):
    """What the server refuses is kept with its reason; retry and drop work on it, beside the running daemon."""
    up, config = begin(t)
    up.script.extend([{"status": 400}, {"status": 413}])
    d = t.start(config)
    write(t, 1, 3)
    d.wait_count("dead", 2)
    t.wait_events(up, 1)
    listing = t.run("queue", "ls", "-c", config)[0]
    assert "400" in listing and "413" in listing, listing
    t.run("queue", "retry", "-c", config)
    t.wait_events(up, 3)
    t.eq(sorted(map(item, up.events)), [1, 2, 3])
    d.stop()


def scenario_project_paused(t):
    """401 means the key is wrong: one try, not one for each event; after the key is right again everything arrives."""
    up, config = begin(t)
    up.default = {"status": 401}
    d = t.start(config)
    write(t, 1, 10)
    d.wait_count("event", 10)
    d.wait_log("401")
    tries = len(up.requests)
    assert tries < 10, "a try for each event"
    write(t, 11, 30)
    d.wait_count("event", 30)
    d.stop()
    assert len(up.requests) <= tries + 4, "%d requests to a project that refuses the key" % len(up.requests)
    up.default = {}
    d = t.start(config)
    t.wait_events(up, 30)
    t.eq(sorted(map(item, up.events)), list(range(1, 31)))
    d.stop()


def scenario_no_dsn_keeps_the_newest(t):
    """Without a DSN the store is a window on what came last: it never stops the reading, and what left it is counted."""
    os.makedirs(t.path("logs"))
    t.write("logs/error.log", "")
    config = CONFIG.format(dsn="", dir=t.dir).replace('sentry: {dsn: ""}', "store_limit: 512k")
    d = t.start(t.config(config), env=t.env(SENTRY_DSN=""))
    write(t, 1, 3000)
    d.wait_count("event", 3000)
    ledger = d.stop()
    t.eq(ledger["event"], 3000)
    said, _ = t.run("queue", "ls", "-c", t.path("crumbd.yaml"))
    left = int(re.search(r"^(\d+) ready to send", said, re.M).group(1))
    assert 0 < left < 3000, said
    t.eq(ledger["store_overflow"] + left, 3000)
