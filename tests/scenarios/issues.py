"""Issues in the store: held against what arrived upstream, and what is shown of them stays text."""
import json
import os
import random
import subprocess
import urllib.parse
import urllib.request

from harness import free_port

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs: [{{tail: '{dir}/app.log', format: text, timezone: UTC, from: start}}]
rules: ['{dir}/rules.yaml']
breadcrumbs: {{wait: 300ms}}
limits: {{per_issue: {{burst: 3, period: {period}}}, per_minute: 100000}}
http: 127.0.0.1:{port}
"""

RULES = """
pack: issues
rules:
  - id: issues.refused
    match: 'refused by (?<who>\\w+)'
    event: {type: Refused, message: 'refused by {who}', fingerprint: [refused, '{who}'], tags: {who: '{who}'}}
  - {id: issues.beat, match: '^heart beats', absence: {every: 1s}, event: {type: NoBeat, message: 'the heart does not beat', fingerprint: [beat]}}
"""


def begin(t, period="1h"):
    up, port = t.upstream(), free_port()
    t.write("rules.yaml", RULES)
    t.write("app.log", "")
    return up, port, t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, port=port, period=period))


def ask(port, path, **args):
    url = "http://127.0.0.1:%d%s?%s" % (port, path, urllib.parse.urlencode(args))
    with urllib.request.urlopen(url, timeout=20) as answer:
        return json.load(answer)


def summary(event):
    return event.get("contexts", {}).get("crumbd", {}).get("suppressed", 0)


def arrived(up):
    """fingerprint -> (occurrences, of which summaries tell, events by id in the order of their times)"""
    all_of_them = {}
    for e in up.events:
        own, held, events = all_of_them.get(tuple(e["fingerprint"]), (0, 0, {}))
        all_of_them[tuple(e["fingerprint"])] = (own + (summary(e) == 0), held + summary(e), {**events, e["event_id"]: e})
    return all_of_them


def listed(t, config, *query):
    return json.loads(t.run("issues", "-c", config, "--json", "--limit", "1000", *query)[0])["issues"]


def check(t, up, config):
    """Each issue by the fingerprint of its newest event: numbers, and the events that are kept, are those that arrived."""
    found = {}
    for i in listed(t, config):
        one = json.loads(t.run("issue", "-c", config, i["key"], "--json")[0])
        t.eq((len(one["kept"]), one["newest"]), (one["events"], one["kept"][0]["id"]))
        whole = [json.loads(t.run("issue", "-c", config, i["key"], k["id"], "--json")[0]) for k in one["kept"][:1]]
        for k in whole:
            assert k["state"] == "sent" and k["issue"] == i["key"], k
        found[tuple(whole[0]["payload"]["fingerprint"])] = (i, one["kept"], [k["payload"] for k in whole])
    want = arrived(up)
    t.eq({f: (i["count"], i["suppressed"]) for f, (i, _, _) in found.items()}, {f: (own + held, held) for f, (own, held, _) in want.items()})
    for f, (i, kept, whole) in found.items():
        events = want[f][2]
        t.eq(whole, [events[e["event_id"]] for e in whole], "kept of %s" % (f,))
        times = sorted((e["timestamp"] for e in events.values()), reverse=True)
        t.eq([events[k["id"]]["timestamp"] for k in kept], times[:10] + times[10:][-1:], "which are kept of %s" % (f,))
        t.eq(sum(i["hour"]), i["count"])
    return found


def scenario_issues_are_what_arrived(t):
    """Floods, summaries, absences and kills at any moment: each issue's numbers are those of the events and summaries that arrived."""
    up, port, config = begin(t, "1s")
    rnd = random.Random(7)
    d = t.start(config)
    lines = 0
    for kill in (True, True, False):
        for _ in range(8):
            n = rnd.randrange(1, 40)
            t.append("app.log", "".join("ERROR refused by %s\n" % rnd.choice(["alpha", "beta"]) for _ in range(n)) + "INFO heart beats\n")
            lines += n
            if rnd.random() < 0.5:
                d.wait_count("event", 1)
        if kill:
            d.kill()
            d = t.start(config)
    t.append("app.log", "ERROR refused by omega\n")
    t.until(lambda: any(e["fingerprint"] == ["refused", "omega"] for e in up.events), "all is read")
    t.until(lambda: any(e["fingerprint"] == ["beat"] for e in up.events), "the absence arrives")
    d.stop()
    found = check(t, up, config)
    t.eq(sum(i["count"] for f, (i, _, _) in found.items() if f[0] == "refused"), lines + 1)
    assert any(i["suppressed"] for i, _, _ in found.values()) and len(found) == 4, found


def scenario_issues_are_asked_for(t):
    """The API's pages, an issue, its events, whether they wait or have been sent; the same of the command, beside the daemon and without."""
    up, port, config = begin(t)
    up.default = {"status": 503}
    d = t.start(config)
    t.append("app.log", "".join("ERROR refused by unit%d\n" % n for n in range(30)) + "WARN odd\n" + "ERROR refused by unit7\n" * 5)
    t.until(lambda: ask(port, "/api/issues", q="unit7")["issues"][0:1] and ask(port, "/api/issues", q="tag.who:unit7")["issues"][0]["count"] == 6, "unit7 six times")
    seen, cursor = [], ""
    while cursor is not None:
        page = ask(port, "/api/issues", limit=7, sort="first", cursor=cursor)
        t.eq(page["total"], 30)
        seen += [i["key"] for i in page["issues"]]
        cursor = page["next"]
    t.eq(len(set(seen)), 30)
    t.eq([i["key"] for i in ask(port, "/api/issues", limit=1000, sort="first")["issues"]], seen)
    top = ask(port, "/api/issues", sort="count", limit=1)["issues"][0]
    t.eq((top["title"], top["count"], top["suppressed"], top["rule"], top["state"], top["type"]),
         ("Refused: refused by unit7", 6, 2, "issues.refused", "new", "Refused"))
    t.eq([i["key"] for i in listed(t, config, "tag.who:unit7", "is:new", "level:error", "since:1h")], [top["key"]])
    t.eq(listed(t, config, "before:1h"), [])
    t.until(lambda: ask(port, "/api/issues/" + top["key"])["events"] == 4, "four events of it are kept")
    one = ask(port, "/api/issues/" + top["key"][:9])
    t.eq({m: one[m] for m in top if m not in ("events", "hour")}, {m: top[m] for m in top if m not in ("events", "hour")})
    t.eq(one["newest"], one["kept"][0]["id"])
    event = ask(port, "/api/events/" + one["newest"])
    t.eq((event["state"], event["issue"], event["payload"]["tags"]["who"]), ("waiting", top["key"], "unit7"))
    t.eq(ask(port, "/api/events/" + one["newest"] + "/payload"), event["payload"])
    text = t.run("issues", "-c", config, "--sort", "count", "unit7")[0]
    assert top["key"][:8] + "  NEW  error           6" in text and "Refused: refused by unit7" in text and "1 issue matches" in text, text
    text = t.run("issue", "-c", config, top["key"][:9])[0]
    assert "6, 2 of them held back" in text and "\nexception\n  Refused: refused by unit7\n" in text and "who" in text and "\nbreadcrumbs\n" in text, text
    with open(t.path("rules.yaml"), encoding="utf-8") as f:
        number = [n for n, line in enumerate(f, 1) if "id: issues.refused" in line][0]
    assert "\nrule's text   %s:%d\n" % (t.path("rules.yaml"), number) in text, text
    t.append("rules.yaml", "  - {id: a rule that nobody can read\n")
    broken = t.run("issue", "-c", config, top["key"])[0]
    assert "issues.refused" in broken and "rule's text" not in broken, broken
    t.run("issues", "-c", config, "level:bad", status=2)
    t.run("issue", "-c", config, "zz", status=1)
    t.run("issue", "-c", config, top["key"], "0" * 32, status=1)
    d.stop()
    t.eq(json.loads(t.run("issue", "-c", config, top["key"], one["newest"], "--json")[0]), event)


EVIL = "\u202e<script>alert(1)</script>\u2066 \u0085 \x1b[2J\x07 caf\u00e9 \U0001f4a9 "


def scenario_hostile_issues_are_text(t):
    """Titles of 8 KiB, markup, marks of direction and control bytes: on the terminal as escapes, in JSON as text."""
    up, port, config = begin(t)
    d = t.start(config)
    t.append("app.log", "ERROR %s%s\n" % (EVIL, "x" * 8192))
    t.append("app.log", "ERROR %s\n" % ("\u202e" * 4000))
    t.append("app.log", "ERROR refused by one\n")
    t.append("app.log", "ERROR %s\n" % ("too much to say of it " * 20))
    t.wait_events(up, 4)
    d.stop()
    keys = [i["key"] for i in listed(t, config)]
    t.eq(len(keys), 4)
    assert all(len(i["title"]) <= 310 and len(i["value"]) <= 410 for i in listed(t, config))
    for args in (("issues",), ("issues", "--json"), *(("issue", k) for k in keys), *(("issue", k, "--json") for k in keys)):
        out = t.run(*args, "-c", config)[0]
        bad = [c for c in out if (c < " " and c != "\n") or c in "\u202e\u2066\x85\x7f"]
        assert not bad, (args, bad)
    assert any("<script>" in i["title"] for i in listed(t, config))
    t.eq([i["key"] for i in listed(t, config, "ALERT(1)")], [i["key"] for i in listed(t, config, "<script>alert(1)</script>")])
    shown = subprocess.run(["script", "-qec", "%s issues -c %s" % (t.crumbd_path, config), "/dev/null"], capture_output=True,
                           env=t.env(TERM="xterm"), stdin=subprocess.DEVNULL, timeout=30).stdout
    assert b"\x1b[31merror\x1b[0m" in shown and b"\x1b[2J" not in shown, shown
    shown = subprocess.run(["script", "-qec", "%s issues -c %s" % (t.crumbd_path, config), "/dev/null"], capture_output=True,
                           env=t.env(TERM="xterm", NO_COLOR="1"), stdin=subprocess.DEVNULL, timeout=30).stdout
    assert b"\x1b[" not in shown and b"error" in shown, shown
    for columns, day in ((40, False), (100, False), (120, True)):
        shown = subprocess.run(["script", "-qec", "stty cols %d; %s issues -c %s" % (columns, t.crumbd_path, config), "/dev/null"], capture_output=True,
                               env=t.env(TERM="xterm", NO_COLOR="1"), stdin=subprocess.DEVNULL, timeout=30).stdout.decode()
        lines = shown.split("\r\n")
        plain = [line for line in lines if "\\x" not in line]  # an escape is longer than what it stands for
        assert all(len(line) <= max(columns, 78) for line in plain) and any("too much" in line and line.endswith("...") for line in plain), shown
        t.eq("LAST 24 HOURS" in lines[0], day, shown)
