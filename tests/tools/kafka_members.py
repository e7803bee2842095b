"""kafka_members: crumbds as members of a consumer group, and what becomes of numbered lines while they come and go."""
import collections
import json
import random
import re
import signal
import threading

from harness import total
from kafka_broker import Broker
from standin import parse_envelope

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - kafka: {{brokers: ["{brokers}"], topics: {topics}, group: tests, client_id: {name}, options: {options}, {extra}}}
    format: {format}
rules: {rules}
breadcrumbs: {{wait: 0}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000}}
"""
FAST = "{session.timeout.ms: 2000, heartbeat.interval.ms: 300}"


def member(t, b, up, name="one", topics="[logs]", format="auto", rules="[]", options=FAST, extra="", more=""):
    """A crumbd with a store of its own, which it has again when it is started again. extra: keys of kafka; more: of the file."""
    if "kafka: off" in t.run("--version")[0]:
        t.skip("this crumbd is built without librdkafka")
    text = CONFIG.format(dsn=up.dsn(), brokers=b.address, topics=topics, name=name, format=format, rules=rules, options=options, extra=extra)
    return t.start(t.config(text + more, name + ".yaml", name + ".db"))


def said(event):
    return event["logentry"]["formatted"] if "logentry" in event else event["exception"]["values"][-1]["value"]


def number_of(event):
    return int(re.search(r"number (\d+) is", said(event)).group(1))


def payloads(up):
    """By event id, the different payloads that came."""
    found = collections.defaultdict(set)
    for name in up.files:
        with open(name, "rb") as f:
            for header, payload in parse_envelope(f.read())[1]:
                if header.get("type") == "event":
                    found[json.loads(payload)["event_id"]].add(payload)
    return found


class Writer(threading.Thread):
    """Numbered lines, every tenth an error, to all partitions, in batches, spread over the seconds."""

    def __init__(self, b, topic, lines, batch, seconds=0):
        super().__init__(daemon=True)
        self.b, self.topic, self.lines, self.batch, self.pause_s, self.written = b, topic, lines, batch, seconds * batch / lines, 0
        self.start()

    def run(self):
        never = threading.Event()
        while self.written < self.lines:
            lines = range(self.written, self.written + self.batch)
            self.b.write(self.topic, "".join("%s number %d is %s\n" % (("ERROR", n, "gone") if n % 10 == 0 else ("INFO", n, "here")) for n in lines))
            self.written += self.batch
            never.wait(self.pause_s)


class Group:
    """Four members, of which some run. Those that were killed have a store whose events nobody else sends."""

    def __init__(self, t, b, up, dice):
        self.t, self.b, self.up, self.dice = t, b, up, dice
        self.running, self.frozen = {}, None
        self.away = ["one", "two", "three", "four"]
        self.killed = set()

    def begin(self, name):
        self.away.remove(name)
        self.killed.discard(name)
        self.running[name] = member(self.t, self.b, self.up, name)

    def thaw(self):
        if self.frozen:
            self.frozen.signal(signal.SIGCONT)
        self.frozen = None

    def change(self, what=None):
        """One comes, or one goes: asked, killed, or stopped in its tracks until the next change. Returns what."""
        self.thaw()
        if self.away and (len(self.running) < 2 or self.dice.random() < 0.5):
            name = self.dice.choice(self.away)
            self.begin(name)
            return "started " + name
        name = self.dice.choice(sorted(self.running))
        what = what or self.dice.choice(["ended", "killed", "frozen"])
        if what == "frozen":
            self.frozen = self.running[name]
            self.frozen.signal(signal.SIGSTOP)
            return "frozen " + name
        d = self.running.pop(name)
        self.away.append(name)
        if what == "ended":
            d.stop()
        else:
            d.kill()
            self.killed.add(name)
        return "%s %s" % (what, name)

    def end(self):
        for name in sorted(self.killed):
            self.begin(name)
        return self.running


def all_runs(t):
    """The totals of each member's store over all its runs, summed. Lines balance, events balance, and rows (`unnamed_rows`, by what lies in the store)."""
    summed = collections.Counter()
    for name in ("one", "two", "three", "four"):
        got = json.loads(t.run("ledger", "--json", "--store", t.path(name + ".db"))[0])
        t.eq((got["outbox"], got["unnamed_rows"]), ({"open": 0, "ready": 0, "dead": 0}, 0), "what is left of " + name)
        summed.update(got["counts"])
    t.eq(total(summed, "FATE"), summed["lines_in"], "lines that met a fate in all runs: %s" % +summed)
    t.eq(total(summed, "LOSS"), 0, "what was lost in all runs: %s" % +summed)
    t.eq(total(summed, "BECAME"), total(summed, "MADE"), "what became of events in all runs: %s" % +summed)
    return summed


def come_and_go(t, lines, batch, changes, seed, seconds=0, tell=lambda _: None):
    """Members are killed, ended, frozen and started while numbered lines are written; at the end each error is there once, and what came
    twice is equal in all its bytes."""
    b, up = Broker(t), t.upstream()
    b.create("logs", 8)
    group = Group(t, b, up, random.Random(seed))
    for name in ("one", "two", "three"):
        group.begin(name)
    writer = Writer(b, "logs", lines, batch, seconds)
    for n in range(changes):
        want = lines * (n + 1) // (changes + 2)
        t.until(lambda: writer.written >= want and len(up.events) >= want // 20, lambda: "%d lines are written, and half of their errors are there: %d of %d" % (
            want, len(up.events), writer.written // 10), 60 + seconds)
        tell("%d of %d lines, %d events: %s" % (writer.written, lines, len(up.events), group.change(("killed", "ended")[n % 2] if not seconds else None)))
    t.until(lambda: not writer.is_alive(), "all is written", 60 + seconds)
    group.thaw()
    running = group.end()
    t.wait_events(up, writer.written // 10, 120)
    t.until(lambda: sum(b.committed("tests").values()) == writer.written, lambda: "all is committed: %s" % b.committed("tests"))
    for d in running.values():
        d.stop()
    t.eq(sorted(number_of(e) for e in up.events), list(range(0, writer.written, 10)), "each number is one event")
    several = [texts for texts in payloads(up).values() if len(texts) > 1]
    assert not several, "%d events that came twice differ: %s" % (len(several), several[:1])
    summed = all_runs(t)
    # What a member judged after its last commit is judged again by who takes its partition, and sent again: no line less than there are, and of each
    # event that a member calls sent the server knows.
    judged, errors = summed["lines_in"] - summed["read_twice"] - summed["held_again"], summed["event"]
    assert judged >= writer.written and errors >= len(up.events), (judged, errors)
    assert len(up.events) <= summed["sent"] <= len(up.events) + len(up.duplicates), (summed["sent"], len(up.events), len(up.duplicates))
    tell("each of %d errors is one event; %d came more than once; by the ledgers of all runs %d lines were read, %d of them once more, and %d events sent" % (
        len(up.events), len(up.duplicates), summed["lines_in"], summed["lines_in"] - writer.written, summed["sent"]))
