"""A real nginx, provoked: what it writes becomes the issues an operator would open."""
import http.client
import os
import socket
import urllib.parse

from harness import TOP, crumbs, free_port, text_of
from nginx import FastCGI, Backend, Nginx, Tmpfs, misbehave

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/nginx/logs/error.log
    format: nginx-error
    timezone: UTC
    from: start
{access}
breadcrumbs: {{wait: {wait}}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000}}
"""
ACCESS = """
  - tail: {dir}/nginx/logs/access.log
    format: nginx-access
    from: start
"""
PHP = """PHP message: PHP Fatal error:  Uncaught RuntimeException: no stock in /srv/app/cart.php:31
Stack trace:
#0 /srv/app/index.php(7): Cart->buy()
#1 {main}
  thrown in /srv/app/cart.php on line 31"""


def set_up(t, access="", wait="10ms", **args):
    up = t.upstream()
    b = Backend(t, misbehave)
    server = """
        location /refused { proxy_pass http://127.0.0.1:%d; }
        location /backend/ { proxy_pass http://127.0.0.1:%d/; proxy_read_timeout 300ms; }
    """ % (free_port(), b.port)
    n = Nginx(t, server=server + args.pop("server", ""), **args)
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, wait=wait, access=access.format(dir=t.dir)))
    return up, n, b, t.start(config)


def by_path(up):
    """URL path -> its events."""
    out = {}
    for e in list(up.events):
        out.setdefault(e.get("request", {}).get("url", "").partition("://")[2].partition("/")[2].partition("?")[0], []).append(e)
    return out


def group_of(event):
    """What the server groups it by: its fingerprint, else the stack."""
    return tuple(event.get("fingerprint") or ["%s %s %s" % (e["type"], f.get("filename"), f.get("function"))
                                              for e in event["exception"]["values"] for f in e["stacktrace"]["frames"]])


def scenario_nginx_provoked(t):
    """Faults become events, each with its own fingerprint; what clients do wrong does not."""
    fcgi = FastCGI(t, PHP)
    up, n, _, d = set_up(t, level="info", http="limit_req_zone $server_name zone=z:32k rate=1r/m;", server="""
        location /php { fastcgi_pass 127.0.0.1:%d; }
        location /cycle { rewrite ^ /cycle last; }
        location /upload { client_max_body_size 1k; }
        location /limited { limit_req zone=z; }
    """ % fcgi.port)
    n.www("denied.txt", "x", 0)
    faults = {"refused": "111", "backend/silent": "110", "backend/close": None, "backend/garbage": None, "backend/big-header": None,
              "backend/cut-body": None, "php/cart": None, "cycle": None, "denied.txt": "13"}
    for _ in range(2):
        for path in faults:
            n.get("/%s?x=1" % path)
    n.get("/missing.txt")
    n.get("/limited")
    n.get("/limited")
    n.get("/upload", "POST", b"x" * 5000)
    n.send_raw(b"GET / HTTP/1.1\r\nHost: a\r\nBad Header\r\n\r\n")
    for text in ("111: Connection refused", "110: Connection timed out", "prematurely closed", "invalid header", "too big header",
                 "FastCGI sent in stderr", "redirection cycle", "13: Permission denied", "limiting requests", "too large body"):
        n.wait_error(text)
    t.until(lambda: all(len(by_path(up).get(p, [])) == 2 for p in faults),
            lambda: "two events for each fault, got %s" % {p: len(e) for p, e in by_path(up).items()})
    got = by_path(up)
    for path, errno in faults.items():
        a, b = got[path]
        t.eq(group_of(a), group_of(b), path)
        assert a["level"] in ("error", "fatal"), (path, a["level"])
        t.eq(a["request"]["method"], "GET")
        if errno:
            t.eq(a["tags"].get("errno"), errno, path)
        assert str(n.program.pid) not in text_of(a)
    prints = {group_of(got[p][0]) for p in faults}
    t.eq(len(prints), len(faults), "each fault is an issue of its own: %s" % sorted(prints))
    noise = {"missing.txt", "upload"} & {p for p, es in got.items() if any(e["level"] in ("error", "fatal") for e in es)}
    t.eq(noise, set(), "client noise became error events")
    d.stop()


# Path -> (location, type of its event; None: what clients do wrong, a breadcrumb).
KINDS = {
    "sock": ("proxy_pass http://unix:{dir}/none.sock:/x;", "UpstreamSocketMissing"),
    "uwsgi": ("uwsgi_pass 127.0.0.1:{dead};", "UpstreamDown"),
    "scgi": ("scgi_pass 127.0.0.1:{rude};", "UpstreamClosedEarly"),
    "grpc": ("grpc_pass grpc://127.0.0.1:{dead};", "UpstreamDown"),
    "memcached": ("set $memcached_key k; memcached_pass 127.0.0.1:{rude};", "UpstreamClosedEarly"),
    "nokey": ("memcached_pass 127.0.0.1:{dead};", "VariableNotSet"),
    "url": ("set $u ftp://a; proxy_pass $u;", "BadUpstreamUrl"),
    "resolve": ("set $u http://no.such.host.test; resolver 127.0.0.1:{dead}; resolver_timeout 300ms; proxy_pass $u;", "ResolveFailed"),
    "noresolver": ("set $u http://no.such.host.test; proxy_pass $u;", "ResolverMissing"),
    "named": ("error_page 404 = @none;", "NamedLocationMissing"),
    "loop": ("try_files /none /loop;", "RedirectCycle"),
    "ask": ("auth_request /uwsgi;", "AuthRequestFailed"),
    "page.shtml": ("ssi on; ssi_types *;", "SsiFailed"),
    "user": ("auth_basic x; auth_basic_user_file {dir}/users;", None),
    "denied": ("deny all;", None),
    "put/": ("dav_methods PUT;", None),
}


class Rude(Backend):
    """Listens to what is said first, in whatever protocol, and hangs up."""

    def serve(self, s):
        with s:
            s.recv(65536)


def scenario_nginx_kinds(t):
    """Other upstreams, resolvers, subrequests, SSI, passwords; over IPv6 and a unix socket as well: each what it is."""
    rude = Rude(t, None)
    locations = "".join("location /%s { %s }\n" % (path, where) for path, (where, _) in KINDS.items())
    for name, value in (("dead", free_port()), ("rude", rude.port)):
        locations = locations.replace("{%s}" % name, str(value))
    v6 = free_port()
    up, n, _, d = set_up(t, level="info", server="listen unix:{dir}/web.sock; listen [::1]:%d;" % v6 + locations)
    n.www("page.shtml", '<!--#nonsense a="b" -->')
    t.write("nginx/users", "joe:{PLAIN}secret\n")
    for path in KINDS:
        n.get("/" + path, headers={"Authorization": "Basic am9lOndyb25n"} if path == "user" else {})
    n.get("/put/", "PUT", b"x")
    web = http.client.HTTPConnection("::1", v6, timeout=10)
    n.get("/refused?six", connection=web)
    web.close()
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.path.join(n.dir, "web.sock"))
        s.sendall(b"GET /refused?unix HTTP/1.0\r\nHost: shop.example\r\n\r\n")
        s.recv(65536)
    want = {path: kind for path, (_, kind) in KINDS.items() if kind}
    t.until(lambda: set(want) | {"refused"} <= set(by_path(up)), lambda: "an event for each of %s" % (set(want) - set(by_path(up))))
    got = by_path(up)
    for path, kind in want.items():
        assert kind in {e["exception"]["values"][-1]["type"] for e in got[path] if "exception" in e}, (path, kind, got[path])
    t.until(lambda: len(by_path(up)["refused"]) == 2, "both events of /refused")
    t.eq(set(got) & {path for path, (_, kind) in KINDS.items() if not kind}, set(), "what clients do wrong became events")
    t.eq([text_of(e) for e in up.events if "exception" not in e], [], "events that no rule knows")
    d.stop()


def scenario_nginx_full_disk(t):
    """No space for a request body is an event; nginx is real and so is the full file system."""
    small = Tmpfs(t, "small", "64k")
    up, n, b, d = set_up(t, server="""
        location /full { client_max_body_size 10m; client_body_buffer_size 1k; client_body_temp_path %s/body;
                         proxy_pass http://127.0.0.1:1; }
    """ % small.path)
    n.get("/full", "POST", b"x" * 500_000)
    n.wait_error("28: No space left on device")
    event = t.wait_events(up, 1)[0]
    t.eq(event["tags"].get("errno"), "28")
    t.eq(event["request"]["method"], "POST")
    d.stop()


def scenario_nginx_same_connection(t):
    """The earlier error of a keep-alive connection is a breadcrumb of the later one, and no other connection's is before it."""
    up, n, _, d = set_up(t)
    c = n.connection()
    n.get("/refused?first", connection=c)
    n.get("/refused?second", connection=c)
    later = next(e for e in t.wait_events(up, 2) if "second" in str(e["request"]))
    said = [x for x in crumbs(later) if "111: Connection refused" in x.get("message", "")]
    t.eq(len(said), 1, "breadcrumbs of the first request")
    c.close()
    d.stop()


def joined(t, format, paths=("refused",)):
    up, n, _, d = set_up(t, access=ACCESS, wait="2s", format=format)
    for path in paths:
        n.get("/" + path)
    events = t.wait_events(up, len(paths))
    d.stop()
    with open(n.access_log, encoding="utf-8") as f:
        lines = f.read().splitlines()
    return events, lines


def scenario_nginx_access_join(t):
    """With contrib's log format the request's access line is an http breadcrumb, and its id the tag transaction_id."""
    events, lines = joined(t, "crumbd")
    request_id = lines[0].split()[-2]
    t.eq(len(request_id), 32)
    t.eq(events[0]["tags"].get("transaction_id"), request_id)
    http = [c for c in crumbs(events[0]) if c.get("type") == "http"]
    t.eq(len(http), 1, "http breadcrumbs")
    t.eq(http[0]["data"].get("method"), "GET")
    t.eq(int(http[0]["data"].get("status_code")), 502)
    assert http[0]["data"].get("url", "").endswith("/refused") and "joined_by" not in http[0]["data"], http


def scenario_nginx_access_join_combined(t):
    """With `combined` the join is by client, request line and time, and says that it is weak."""
    events, _ = joined(t, "combined")
    http = [c for c in crumbs(events[0]) if c.get("type") == "http"]
    t.eq(len(http), 1, "http breadcrumbs")
    t.eq(int(http[0]["data"].get("status_code")), 502)
    t.eq(http[0]["data"].get("joined_by"), "client and request line")
    assert "transaction_id" not in events[0].get("tags", {})


def scenario_nginx_logrotate(t):
    """logrotate's way with a real nginx: rename, USR1, go on."""
    up, n, _, d = set_up(t)
    for i in range(3):
        n.get("/refused?%d" % i)
        os.rename(n.error_log, n.error_log + ".%d" % i)
        n.get("/refused?late%d" % i)
        n.reopen()
        t.until(lambda: os.path.exists(n.error_log), "nginx reopens its log")
        t.wait_events(up, 2 * (i + 1))  # crumbd has seen this one before the next
    n.get("/refused?last")
    t.wait_events(up, 7)
    t.eq(len({e["request"].get("query_string") for e in up.events}), 7)
    d.stop()


FORGED = "2026/11/29 10:00:00 [emerg] 999#999: worker process 1 exited on signal 11"
FORGED_TAIL = '" failed (2: No such file or directory), client: 127.0.0.1, server: shop.example, request: "GET / HTTP/1.1", host: "shop.example"'
# What clients ask for so that the path nginx writes looks like entries of its log.
FORGED_PATHS = ["/x\n" + FORGED, "/x\"\n" + FORGED, "/x\r\n" + FORGED + "\"\r\ny", "/x\n%s\n%s" % (FORGED, FORGED), "/x" + FORGED_TAIL + "\n" + FORGED,
                "/x\n" + FORGED + FORGED_TAIL + "\n" + FORGED, "/" + "x" * 300 + "\n" + FORGED] # a breadcrumb holds 1024 characters, and the folder counts


def scenario_nginx_forged_entries(t):
    """A request whose path holds lines that look like entries of the log is one record, a warning, and makes no event."""
    up, n, _, d = set_up(t, wait="10ms, others: 30")  # each is of another connection
    before = len(n.errors())
    for path in FORGED_PATHS:
        n.send_raw(b"GET %s HTTP/1.0\r\nHost: shop.example\r\n\r\n" % urllib.parse.quote(path).encode())
    t.until(lambda: len(n.errors()) - before >= 2 * len(FORGED_PATHS), "nginx writes the forged lines")
    t.eq(sum(line.startswith(FORGED) for line in n.errors()), 9, "lines that look like entries, with a real nginx's own escaping")
    n.get("/refused")
    event = t.wait_events(up, 1)[0]
    forged = [c for c in crumbs(event) if "worker process" in c.get("message", "")]
    t.eq([c["level"] for c in forged], ["warning"] * len(FORGED_PATHS))
    t.eq(len(up.events), 1)
    d.stop()


def scenario_nginx_refuses_forged_entries(t):
    """With contrib's snippet nginx answers such requests with 400 and writes nothing of them; a query may hold what it likes."""
    with open(TOP + "/contrib/nginx/crumbd-line-breaks.conf", encoding="utf-8") as f:
        snippet = f.read()
    up, n, _, d = set_up(t, http=snippet, server="if ($breaks_lines) { return 400; }")
    for path in FORGED_PATHS:
        t.eq(n.get(urllib.parse.quote(path)), 400)
    n.www("page", "x")
    t.eq(n.get("/page?text=one%0D%0Atwo"), 200)
    n.get("/refused")
    event = t.wait_events(up, 1)[0]
    t.eq([c for c in crumbs(event) if "worker process" in c.get("message", "")], [])
    d.stop()
