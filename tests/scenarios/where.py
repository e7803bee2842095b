"""crumbd where: what became of each line, held against what is known of the lines and of what arrived upstream."""
import json
import os
import random
import re
import shutil
import subprocess
import threading

from harness import crumbs, jsonl, text_of

RULES = """
pack: where
rules:
  - {id: where.drop, match: '^DROP item', action: drop}
  - {id: where.log, match: '^LOG item', action: log}
  - {id: where.flood, match: '^FLOOD item', event: {type: Flood, fingerprint: [flood], message: '{message}'}, limits: {burst: 2}}
  - {id: where.event, match: '^EVENT item', event: {type: Event, fingerprint: [event], message: '{message}'}}
"""
CONFIG = """
sentry: {dsn: "%s"}
rules: ['{dir}/rules.yaml']
inputs: [{tail: '{dir}/logs/app.log', format: text, timezone: UTC, from: start}]
breadcrumbs: {before: 6, after: 3, wait: 50ms}
limits: {per_issue: {burst: 2000000000, period: 1h}, per_minute: 2000000000, per_day: 2000000000}
scrub: {defaults: off}
"""
STAMP = "2026-11-30 10:00:00 "
TRACE = ["ERROR trace item=%d", "Traceback (most recent call last):", '  File "/srv/app.py", line 3, in work', "    again()",
         "ValueError: item=%d is wrong"]


def make(rnd, n):
    """The lines of the n-th message, and what they are."""
    kind = rnd.choices(["CRUMB", "EVENT", "FLOOD", "DROP", "LOG", "TRACE", "BLANK"], [80, 4, 5, 3, 3, 3, 2])[0]
    if kind == "TRACE":
        lines = [line % n if "%d" in line else line for line in TRACE]
        return kind, [STAMP + lines[0]] + lines[1:]
    level = "ERROR" if kind in ("EVENT", "FLOOD") else "INFO"
    return kind, ["" if kind == "BLANK" else "%s%s %s item=%d and some more" % (STAMP, level, kind, n)]


class Writer(threading.Thread):
    """Appends messages to app.log until it has so many lines, also half of one at a time; rotate() renames it between two messages."""

    def __init__(self, t, lines):
        super().__init__(daemon=True)
        self.t, self.lines, self.lock, self.rotations, self.written = t, lines, threading.Lock(), 0, 0
        self.f = open(t.path("logs/app.log"), "ab")
        self.known = {}  # of each file by its inode: [(kind, n, offset of each line, end)]
        self.at = 0

    def run(self):
        rnd, n = random.Random(4), 0
        while self.written < self.lines:
            with self.lock:
                known = self.known.setdefault(os.fstat(self.f.fileno()).st_ino, [])
                for _ in range(rnd.randrange(1, 60)):
                    n += 1
                    kind, lines = make(rnd, n)
                    data = ("\n".join(lines) + "\n").encode()
                    begins, at = [], self.at
                    for line in lines:
                        begins.append(at)
                        at += len(line.encode()) + 1
                    known.append((kind, n, begins, at))
                    cut = rnd.randrange(len(data))
                    for part in (data[:cut], data[cut:]):
                        self.f.write(part)
                        if rnd.random() < 0.2:
                            self.f.flush()
                    self.at = at
                    self.written += len(lines)
                self.f.flush()
            self.stopped.wait(0.004)

    stopped = threading.Event()

    def rotate(self):
        with self.lock:
            for i in range(self.rotations, 0, -1):
                os.rename(self.t.path("logs/app.log.%d" % i), self.t.path("logs/app.log.%d" % (i + 1)))
            os.rename(self.t.path("logs/app.log"), self.t.path("logs/app.log.1"))
            self.rotations += 1
            self.f.close()
            self.f = open(self.t.path("logs/app.log"), "ab")
            self.at = 0


def numbers_of(text):
    return int(re.search(r"item=(\d+)", text).group(1))


def check_line(line, got, upstream, of_crumb):
    """got: what crumbd says of it. upstream: event ids by the number of their message, of_crumb: by that of a breadcrumb."""
    kind, n, begins, nth = line
    fate = got["fate"]
    if nth:
        assert fate == "joined" and got["record"]["offset"] == begins[0], (line, got)
        assert got["record"].get("event_id") == upstream.get(n), (line, got)
    elif kind in ("EVENT", "TRACE") or (kind == "FLOOD" and n in upstream):
        assert fate == "event" and got["event_id"] == upstream[n] and got["state"] == "sent", (line, got)
        assert got["event_id"] not in [e["event_id"] for e in got.get("events", [])], (line, got)
    elif kind == "BLANK":
        assert fate == "blank", (line, got)
    else:
        assert fate == {"CRUMB": "crumb", "FLOOD": "suppressed", "DROP": "drop", "LOG": "log"}[kind], (line, got)
    if kind == "CRUMB":
        missing = of_crumb.get(n, set()) - {e["event_id"] for e in got.get("events", [])}
        assert not missing, (line, got, missing)


def check_map(t, config, path):
    """Every byte of the file has one range, and no more."""
    at = 0
    for r in jsonl(t.run("where", "--json", path, "-c", config)[0]):
        t.eq(r["from"], at, "%s has two answers, or none, at byte" % path)
        at = r["to"]
    t.eq(at, os.path.getsize(path), "known to the end of " + path)


def scenario_where_each_line(t):
    """Killed four times and rotated three while 13 000 lines are written: 10 000 of them, chosen at random, have the one answer that their text, and what arrived, says."""
    up = t.upstream()
    os.makedirs(t.path("logs"))
    t.write("rules.yaml", RULES)
    config = t.config(CONFIG % up.dsn())
    writer = Writer(t, 13000)
    d = t.start(config)
    writer.start()
    rnd = random.Random(8)
    for i in range(4):
        mark = len(up.events) + rnd.randrange(20, 150)
        up.wait(lambda: len(up.events) >= mark or not writer.is_alive(), 60)
        d.kill()
        if i < 3:
            writer.rotate()
        d = t.start(config)
    writer.join(120)
    messages = {n: kind for known in writer.known.values() for kind, n, _, _ in known}
    want = sum(kind in ("EVENT", "TRACE") for kind in messages.values())
    mains = lambda: [e for e in list(up.events) if not e.get("contexts", {}).get("crumbd", {}).get("summary")]  # noqa: E731
    t.until(lambda: sum(messages[numbers_of(text_of(e))] != "FLOOD" for e in mains()) >= want, "%d events" % want)
    d.stop()
    upstream, of_crumb = {}, {}
    for e in mains():
        upstream[numbers_of(text_of(e))] = e["event_id"]
        for c in crumbs(e):
            if "CRUMB item" in c.get("message", ""):
                of_crumb.setdefault(numbers_of(c["message"]), set()).add(e["event_id"])
    assert any(messages[n] == "FLOOD" for n in upstream) and sum(kind == "FLOOD" for kind in messages.values()) > 100

    paths = [t.path("logs", name) for name in os.listdir(t.path("logs"))]
    files = {os.stat(p).st_ino: p for p in paths if os.path.getsize(p)}
    t.eq(sorted(files), sorted(writer.known), "files")
    lines = []
    for ino, known in writer.known.items():
        check_map(t, config, files[ino])
        for kind, n, begins, end in known:
            for nth, begin in enumerate(begins):
                lines.append((files[ino], (begins + [end])[nth + 1], begin, (kind, n, begins, nth)))
    picked = rnd.sample(lines, 10000)
    words = ["%s:%d" % (path, rnd.randrange(begin, end)) for path, end, begin, _ in picked]
    answers = jsonl(t.run("where", "--json", "-c", config, *words)[0])
    t.eq(len(answers), len(picked))
    issues = {}
    for (path, end, begin, line), got in zip(picked, answers):
        t.eq((got["file"], got["from"], got["to"]), (path, begin, end if got["fate"] != "event" else got["to"]))
        check_line(line, got, upstream, of_crumb)
        if "issue" in got:
            assert re.fullmatch("[0-9a-f]{16}", got["issue"]), got
            issues.setdefault(line[0], set()).add(got["issue"])
    assert len(issues) == 3 and all(len(keys) == 1 for keys in issues.values()) and len(set.union(*issues.values())) == 3, issues

    # Of an event: the line that it is of.
    by_id = {got["event_id"]: (got["file"], got["from"], got["issue"]) for got in answers if got["fate"] == "event"}
    some = rnd.sample(sorted(by_id), 20)
    for got in jsonl(t.run("where", "--json", "-c", config, *some)[0]):
        path, begin, issue = by_id[got["event_id"]]
        t.eq((got["offset"], got["issue"], got["state"]), (begin, issue, "sent"))
        t.eq(os.stat(got["file"]).st_ino, os.stat(path).st_ino)


FILES = """
sentry: {dsn: "%s"}
rules: ['{dir}/rules.yaml']
inputs:
  - {tail: '{dir}/logs/app.log', format: text, from: start}
  - {tail: '{dir}/logs/old.log', format: text, from: end}
  - {tail: '{dir}/logs/slow.log', format: text, from: start, join: {wait: 4s}}
breadcrumbs: {wait: 10ms}
"""


def scenario_where_files(t):
    """A file is found by its bytes when it was renamed, compressed, copied or deleted; what was not read, waits or was there before is said, and what is wrong."""
    up = t.upstream()
    t.write("rules.yaml", RULES)
    lines = [STAMP + "INFO CRUMB item=1", STAMP + "ERROR EVENT item=2", STAMP + "INFO CRUMB item=3"]
    t.write("logs/app.log", "\n".join(lines) + "\n")
    t.write("logs/old.log", STAMP + "INFO CRUMB item=0\n")
    config = t.config(FILES % up.dsn())

    def ask(*words, status=0):
        out, err = t.run("where", "--json", "-c", config, *words, status=status)
        return jsonl(out) if status == 0 else err

    up.stop()
    d = t.start(config)
    d.wait_count("event", 1)
    begin = len(lines[0]) + 1
    place = "logs/app.log:%d" % (begin + 5)
    first = t.until(lambda: [a for a in ask(place) if a["fate"] == "event" and a["state"] == "waiting"], "the event waits")[0]
    t.eq((first["from"], first["to"]), (begin, begin + len(lines[1]) + 1))
    t.eq(ask("--line", "logs/app.log:2")[0]["from"], begin)
    t.eq(ask("logs/old.log:3")[0]["fate"], "before")
    up.start()
    t.until(lambda: ask(place)[0]["state"] == "sent", "the event is sent")
    t.eq([e["event_id"] for e in up.events], [first["event_id"]])
    text = t.run("where", "-c", config, place)[0]
    assert first["issue"] in text and first["event_id"] in text and "sent 20" in text and lines[1] in text, text

    up.stop()
    t.append("logs/app.log", STAMP + "ERROR EVENT item=4\n")
    end = sum(len(line) + 1 for line in lines)
    dropped = t.until(lambda: [a for a in ask("logs/app.log:%d" % end) if a.get("state") == "waiting"], "the next waits")[0]["event_id"]
    t.run("queue", "drop", dropped, "-c", config)
    got = ask(dropped)[0]
    t.eq((got["state"], got["reason"], got["offset"]), ("lost", "dropped_by_hand", end))
    up.start()

    t.append("logs/slow.log", STAMP + "ERROR it failed:\n")
    t.until(lambda: '"held"' in t.run("where", "--json", "-c", config, "logs/slow.log:3", status=None)[0], "the line waits for those of its trace")
    os.rename(t.path("logs/app.log"), t.path("logs/app.log.1"))
    t.write("logs/app.log", STAMP + "INFO CRUMB item=4\n")
    t.until(lambda: '"crumb"' in t.run("where", "--json", "-c", config, "logs/app.log:0", status=None)[0], "the new file is read")
    same = ("key", "offset", "fate", "issue", "event_id")
    for name in ("logs/app.log.1", "logs/copy.log", "logs/app.log.1.gz"):
        if name.endswith("copy.log"):
            shutil.copy(t.path("logs/app.log.1"), t.path(name))
        elif name.endswith(".gz"):
            subprocess.run(["gzip", t.path("logs/app.log.1")], check=True)
        got = ask("%s:%d" % (name, begin + 5))[0]
        t.eq([got[k] for k in same], [first[k] for k in same], name)
        t.eq(ask("--line", name + ":2")[0]["offset"], begin)
    # Long after it: the store knows it no longer as a file that is read.
    d.stop()
    t.start(config).stop()
    t.eq(ask("logs/app.log.1.gz:%d" % begin)[0]["event_id"], first["event_id"])
    os.remove(t.path("logs/copy.log"))
    t.append("logs/app.log", "not yet\n")
    t.eq(ask("logs/app.log:%d" % len(STAMP + "INFO CRUMB item=4\n"))[0]["fate"], "unread")
    assert "has no byte 9999" in ask("logs/app.log:9999", status=1)
    assert "has no line 9999" in ask("--line", "logs/app.log:9999", status=1)
    assert "knows no file" in ask("rules.yaml:1", status=1)
    assert "no file that had this name" in ask("logs/none.log:1", status=1)
    assert "nothing is known" in ask("f" * 32, status=1)
    t.run("where", "-c", config, status=2)
