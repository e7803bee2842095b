"""Programs of many languages fail, and what their runtimes print arrives as what their authors, and Sentry's own SDKs, say of it."""
import itertools
import json
import os
import socket
import time
import urllib.request

import faults
import trace_page
from bugsink import Bugsink
from harness import CEILING_S, TOP, free_port

CONFIG = """
sentry: {{dsn: "{dsn}"}}
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000}}
"""

INFO = "2026-11-29 10:00:00,123 [main] INFO com.acme.Shop - the next order\n"


def plain(fault):
    """Between two a line of another kind."""
    return fault.text + INFO


def logged(fault):
    """A heading of a logger, then what was printed."""
    return "2026-11-29 10:00:00,456 [main] ERROR com.acme.Shop - order failed\n%s%s" % (fault.text, INFO)


def prefixed(fault):
    """A logger that writes its head on each line."""
    return "".join("2026-11-29 10:00:00,456 [main] ERROR com.acme.Shop - %s\n" % line for line in fault.lines) + INFO


def composed(fault):
    """docker compose logs."""
    return "".join("shop-1  | %s\n" % line for line in fault.lines) + "shop-1  | " + INFO


LOGGED = "2026-11-29 10:00:00,456 [main] ERROR com.acme.Shop - order failed"


def each(head, fault):
    """A collector's words before every line: those of the application's own log, and of what the runtime prints."""
    lines = [LOGGED, *fault.lines, INFO.rstrip()]
    return "".join("%s%s\n" % (head(n) if callable(head) else head, line) for n, line in enumerate(lines))


def stamped(fault):
    """docker logs -t."""
    return each(lambda n: "2026-11-29T10:00:00.%09dZ " % (456789000 + n), fault)


def of_pod(fault):
    """kubectl logs --prefix --timestamps."""
    return each(lambda n: "[pod/shop-5d8f9c7b-x2x4z/app] 2026-11-29T10:00:00.%09dZ " % (456789000 + n), fault)


def composed_and_logged(fault):
    return each("shop-1  | ", fault)


def of_journal(fault):
    """journalctl."""
    return each("Nov 29 10:00:00 box shop[4711]: ", fault)


FILES = {"plain.log": plain, "logged.log": logged, "prefixed.log": prefixed, "compose.log": composed, "stamped.log": stamped,
         "pod.log": of_pod, "composed.log": composed_and_logged, "journalctl.log": of_journal}


def mixed(found, write):
    """The lines of all of them in turn, each written as write(fault, line) does."""
    rows = itertools.zip_longest(*[[(fault, line) for line in fault.lines] for fault in found])
    return [write(*pair) for row in rows for pair in row if pair]


def of_container(fault, line):
    """docker compose logs of several containers."""
    return "%-12s | %s\n" % (fault.name + "-1", line)


def send(port, datagrams):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for text in datagrams:
            s.sendto(text.encode(), ("127.0.0.1", port))


def by_syslog(fault, line):
    return "<27>1 2026-11-29T10:00:00Z web-1 %s 4711 - - %s" % (fault.name, line)


GELF = {"version": "1.1", "host": "web-1", "level": 3}


def by_gelf(fault, line):
    """As Docker's driver sends it, which sends nothing for an empty line."""
    return line and json.dumps({**GELF, "short_message": line, "_container_id": fault.name.encode().hex().zfill(64),
                                "_container_name": fault.name})


def whole_by_gelf(fault):
    """As a logging library does."""
    return json.dumps({**GELF, "short_message": "order failed", "full_message": fault.text, "_app": fault.name})


def received(t, found, between):
    """Sends the faults by every way, by standard input with this text between; (way, event) of all events. GELF brings each twice, and
    what has containers or processes comes line by line in turn."""
    up, piped = t.upstream(), t.upstream()
    t.run("-", "-c", t.config(CONFIG.format(dsn=piped.dsn()), "stdin.yaml", "stdin.db"), stdin=between.join(f.text for f in found))
    syslog, gelf = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    ports = {"syslog": syslog, "gelf": gelf}
    inputs = ["  - {tail: '%s', from: start}" % t.write(name, "".join(how(f) for f in found)) for name, how in FILES.items()]
    inputs.append("  - {tail: '%s', from: start}" % t.write("mixed.log", "".join(mixed(found, of_container))))
    inputs += ["  - {%s: 'udp://127.0.0.1:%d'}" % x for x in ports.items()]
    d = t.start(t.config("%sinputs:\n%s\n" % (CONFIG.format(dsn=up.dsn()), "\n".join(inputs))))
    send(syslog, mixed(found, by_syslog))
    send(gelf, filter(None, mixed(found, by_gelf)))
    send(gelf, map(whole_by_gelf, found))
    up.wait(lambda: len(up.events) >= len(found) * len(WAYS), 20)
    d.stop()
    return [(way(e, ports), e) for e in up.events] + [("stdin", e) for e in piped.events]


def way(event, ports):
    name = event["tags"]["input"]
    return next((n for n, port in ports.items() if str(port) in name), name.rpartition("/")[2])


WAYS = ["stdin", *FILES, "mixed.log", "syslog", "gelf"]


def is_fault(exceptions, fault):
    return len(exceptions) == len(fault.expected) and all(map(faults.fits, exceptions, fault.expected))


def missing(found, events, files):
    """Each fault is there by each way, by GELF twice, and nothing is besides."""
    absent, besides = {}, {}
    for name in WAYS:
        got = [faults.understood(e, files) for w, e in events if w == name]
        for fault in found * (2 if name == "gelf" else 1):
            one = next((e for e in got if is_fault(e, fault)), None)
            if one is None:
                absent.setdefault(fault, []).append(name)
            else:
                got.remove(one)
        for e in got:
            besides.setdefault(faults.shown(e), []).append(name)
    return ["%s is not there by %s: %s\nprinted:\n%s" % (fault, ways, faults.shown(fault.expected), fault.text) for fault, ways in absent.items()] + [
        "%s brings besides: %s" % (ways, e) for e, ways in besides.items()]


def not_in_app(events, files):
    return {"not in_app: %s" % json.dumps(f) for _, e in events for x in e.get("exception", {}).get("values", [])
            for f in x.get("stacktrace", {}).get("frames", []) if faults.file_of(f) in files and not f.get("in_app")}


def beside_sdk(t, programs, fault, events):
    """What differs between the SDK's event and ours of the same fault."""
    language = programs.runtime.language
    said = faults.of_sdk(t, programs, fault.name + programs.runtime.suffix)
    sdk = faults.comparable(faults.understood(said, programs.files), language)
    ours = next((e for e in (faults.understood(e, programs.files) for _, e in events) if is_fault(e, fault)), [])
    ours = faults.comparable(ours, language)
    return [] if sdk == ours else ["%s:\nthe SDK says %s\ncrumbd  says %s" % (fault, faults.shown(sdk), faults.shown(ours))]


def compare(t, language):
    """Each fault by each way once, as its program expects it, and as the SDK says it."""
    programs = faults.Programs(t, language)
    found = programs.faults()
    events = received(t, found, "" if programs.runtime.own_causes else INFO)
    wrong = [*missing(found, events, programs.files), *not_in_app(events, programs.files)]
    if language in faults.SDKS:
        wrong += [w for fault in found for w in beside_sdk(t, programs, fault, events)]
    if wrong:
        t.fail("\n".join(wrong))


def scenario_faults_python(t):
    """Python, beside sentry-sdk (PyPI)."""
    compare(t, "python")


def scenario_faults_node(t):
    """Node.js, beside @sentry/node (npm)."""
    compare(t, "node")


def scenario_faults_java(t):
    """Java, beside io.sentry (Maven)."""
    compare(t, "java")


def scenario_faults_go(t):
    """Go, beside sentry-go."""
    compare(t, "go")


def scenario_faults_php(t):
    """PHP's error log on standard error."""
    compare(t, "php")


def scenario_faults_ruby(t):
    """Ruby."""
    compare(t, "ruby")


def scenario_faults_perl(t):
    """Perl: Carp's traces, and a plain die."""
    compare(t, "perl")


def scenario_faults_rust(t):
    """Rust, with RUST_BACKTRACE=1."""
    compare(t, "rust")


def scenario_faults_c(t):
    """C with AddressSanitizer and UndefinedBehaviorSanitizer."""
    compare(t, "c")


def scenario_faults_lua(t):
    """Lua 5.4."""
    compare(t, "lua")


def scenario_faults_bash(t):
    """Bash."""
    compare(t, "bash")


def send_event(dsn, event):
    """As an SDK does."""
    where, project = dsn.rsplit("/", 1)
    key, host = where.split("://")[1].split("@")
    event = dict(event, event_id=os.urandom(16).hex(), timestamp=time.time())
    payload = json.dumps(event).encode()
    body = b"\n".join([json.dumps({"event_id": event["event_id"], "dsn": dsn}).encode(),
                       json.dumps({"type": "event", "length": len(payload)}).encode(), payload, b""])
    request = urllib.request.Request("http://%s/api/%s/envelope/" % (host, project), body, {
        "Content-Type": "application/x-sentry-envelope", "X-Sentry-Auth": "Sentry sentry_version=7, sentry_key=%s" % key})
    with urllib.request.urlopen(request, timeout=CEILING_S) as answer:
        assert answer.status == 200, answer.status


def same_to_sdk(t, language, dsn):
    """Sends what the SDK says of each fault whose types and values the text says as the SDK does; those faults."""
    programs = faults.Programs(t, language, language)
    same = []
    for fault in programs.faults():
        event = faults.of_sdk(t, programs, fault.name + programs.runtime.suffix)
        said = faults.understood(event, programs.files)
        if len(said) == len(fault.expected) and all((x.type, x.value) == (y.type, y.value) for x, y in zip(said, fault.expected)):
            same.append(fault)
            send_event(dsn, event)
    return same


def scenario_faults_are_one_issue(t):
    """The SDK's event of a fault and those that crumbd makes of what the runtime printed are one issue of Bugsink's. Not of Go, whose text has no
    types."""
    server = Bugsink(t, validate="none")
    found = []
    for language in filter(faults.is_here, ("python", "node", "java")):
        same = same_to_sdk(t, language, server.dsn)
        assert len(same) > 2, (language, same)
        for n, how in enumerate((plain, logged, prefixed)):
            name = "%s-%d" % (language, n)
            t.run("-", "-c", t.config(CONFIG.format(dsn=server.dsn), name + ".yaml", name + ".db"), stdin="".join(how(f) for f in same))
        found += same
    total = len(found) * 4
    issues = t.until(lambda: server.issues() if sum(i["digested_event_count"] for i in server.issues()) == total else None,
                     lambda: "%d events: %s" % (total, server.issues()))
    t.eq([i["digested_event_count"] for i in issues], [4] * len(found), json.dumps(issues))


def scenario_manual_shows_traces(t):
    """crumbd-traces(7): crumbd says what the examples say, the runtimes here, where they are those of the page, print so, and no grammar is
    missing."""
    shown = trace_page.examples()
    names = {f.partition(".")[0] for f in os.listdir(os.path.join(TOP, "rules", "traces"))}
    t.eq(sorted(names - set(shown) - trace_page.NOT_ALONE), [], "without an example (run tests/tools/trace_page.py)")
    with open(os.path.join(TOP, "man", "crumbd-traces.7.in"), encoding="utf-8") as f:
        page = f.read()
    t.eq([n for n in sorted(names) if "\n.It %s\n" % n not in page], [], "not in the manual's list")
    for grammar, (_, before, after) in shown.items():
        t.eq(trace_page.explained(t.crumbd_path, before, t.env()), after, grammar)
    for grammar, (language, name) in trace_page.SHOWN.items():
        still_printed(t, shown[grammar], language, name)


def still_printed(t, example, language, name):
    if not faults.is_here(language):
        return
    programs = faults.Programs(t, language, language)
    heading, before, _ = example
    if heading == trace_page.heading_of(programs):
        t.eq(trace_page.masked(trace_page.printed(programs, name)), trace_page.masked(before), "what %s prints" % language)
