"""kafka_steps: crumbds that forward and crumbds that take up, beside a real broker, and what has to come of it."""
import json
import os
import re
import subprocess
import urllib.request

from harness import free_port
from kafka_broker import Broker

FIRST = """
forward: {{kafka: {{brokers: ["{brokers}"], topic: {topic}, client_id: {name}}}, whole: {whole}}}
inputs:
  - {source}
    format: nginx-error
    timezone: UTC
rules: [{dir}/rules.yaml]
breadcrumbs: {{wait: {wait}}}
http: 127.0.0.1:{http}
"""

SECOND = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - kafka: {{brokers: ["{brokers}"], topics: [{topic}], group: steps, client_id: {name}, {member}
            options: {{session.timeout.ms: 6000, heartbeat.interval.ms: 300}}}}
    format: envelope
rules: []
limits: {{per_issue: {{burst: 10, period: 1h}}, per_minute: 1000000, per_day: 1000000}}
http: 127.0.0.1:{http}
"""

TAIL = "tail: {dir}/logs/{name}/*.log\n    from: start"
# Lines of a topic, as members of a group.
TOPIC = ("kafka: {{brokers: [\"{brokers}\"], topics: [lines], group: lines, client_id: {name}, {member} "
         "options: {{session.timeout.ms: {session}, heartbeat.interval.ms: 300}}}}")

RULES = """
pack: steps
rules:
  - id: steps.fault
    match: '^fault (?<n>\\d+) of unit'
    event: {type: Fault, message: 'fault {n}', fingerprint: [steps, '{n}']}
    samples:
      - format: nginx-error
        lines: '2026/11/23 10:00:00 [error] 7#7: *1 fault 1 of unit 1'
        event: {fingerprint: [steps, '1']}
"""


def line(i, fault=1):
    return "2026/11/23 10:00:00 [error] 7#7: *%d fault %d of unit %d\n" % (i, fault, i)


def of_one(n, burst=10):
    """How many events one limiter makes of n equal occurrences."""
    return min(n, burst) + sum(1 for k in range(1, 60) if burst * 2 ** k <= n)


def suppressed_of(event):
    return event.get("contexts", {}).get("crumbd", {}).get("suppressed", 0)


class Steps:
    def __init__(self, t, first=3, second=2, partitions=4, whole=100, wait="10ms", instance=True, topic=False, session=30000):
        if "kafka: off" in t.run("--version")[0]:
            t.skip("this crumbd is built without librdkafka")
        self.t, self.b, self.up, self.partitions = t, Broker(t), t.upstream(), partitions
        self.b.create("promoted", partitions)
        if topic:
            self.b.create("lines", topic)
        t.write("rules.yaml", RULES)
        self.http, self.d, self.runs, self.lines, self.faults = {}, {}, {}, {}, {}
        self.first = ["first%d" % i for i in range(first)]
        self.second = ["second%d" % i for i in range(second)]
        for name in self.first + self.second:
            os.makedirs(t.path("logs", name), exist_ok=True)
            self.http[name], self.lines[name] = free_port(), 0
            member = "instance: %s," % name if instance else ""
            source = (TOPIC if topic else TAIL).format(dir=t.dir, name=name, brokers=self.b.address, member=member, session=session)
            text = (FIRST if name in self.first else SECOND).format(dir=t.dir, name=name, brokers=self.b.address, topic="promoted", whole=whole,
                                                                    wait=wait, dsn=self.up.dsn(), source=source,
                                                                    member=member, http=self.http[name])
            t.config(text, name + ".yaml", name + ".db")
        for name in self.second + self.first:
            self.start(name)
            if name == self.second[-1]:
                self.wait_partitions({name: partitions // second for name in self.second})

    def start(self, name):
        self.d[name] = self.t.start(self.t.path(name + ".yaml"))
        self.d[name].forwards = name in self.first
        self.runs.setdefault(name, []).append(self.d[name])

    def again(self, name):
        """kill -9, and it is started with the store that it has."""
        self.d[name].kill()
        self.start(name)

    def page(self, name, path="/metrics"):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (self.http[name], path), timeout=10) as r:
            return r.read().decode()

    def metric(self, name, metric):
        """The sum of all that the metrics say by this name."""
        return sum(float(v) for v in re.findall(r"^crumbd_%s(?:\{[^}]*\})? (\S+)$" % metric, self.page(name), re.M))

    def wait_partitions(self, of):
        self.t.until(lambda: {name: self.metric(name, "input_partitions") for name in of} == of, "partitions are shared out: %s" % of, 60)

    def write(self, name, n, fault=1):
        self.t.append("logs/%s/error.log" % name, "".join(line(k, fault) for k in range(n)))
        self.lines[name] += n
        self.faults[fault] = self.faults.get(fault, 0) + n

    def read(self, name):
        """How many lines it has judged in all its runs."""
        return json.loads(self.page(name, "/api/ledger"))["all_runs"]["lines_in"]

    def ends(self, topic="promoted", partitions=None):
        """How many messages each partition has had."""
        asked = [w for p in range(partitions or self.partitions) for w in ("-t", "%s:%d:-1" % (topic, p))]
        out = subprocess.run(["kcat", "-Q", "-b", self.b.address, *asked], capture_output=True, text=True, check=True, timeout=60).stdout
        return {(topic, int(p)): int(n) for p, n in re.findall(r"\[(\d+)\] offset (\d+)", out)}

    def stop(self):
        """The first end, then, when all of it has been judged, the others: what they held back is in summaries then."""
        for name in self.first:
            self.t.until(lambda: self.read(name) == self.lines[name], name + " has read all", 60)
        ledgers = {name: self.d[name].stop() for name in self.first}
        ends = {p: n for p, n in self.ends().items() if n}
        for name in self.second:
            self.t.until(lambda: self.metric(name, "input_lag_messages") == 0, name + " has judged what it knows of", 60)
        self.t.until(lambda: self.b.committed("steps") == ends, lambda: "all is judged: %s of %s" % (self.b.committed("steps"), ends), 60)
        ledgers.update({name: self.d[name].stop() for name in self.second})
        return ledgers

    def check(self):
        """Each line is an event or in a summary, once, and the events are those of one crumbd. Where a member of the second step was told that
        its partitions are another's before it could commit (the broker does that to one whose commit crosses a rebalance), what it had counted
        since its last commit is counted by both, as crumbd-scale(7) says: at most all."""
        lost = [name for name in self.second if any("partitions are another member's already" in d.err for d in self.runs[name])]
        for fault, n in self.faults.items():
            mine = [e for e in self.up.events if e["fingerprint"] == ["steps", str(fault)]]
            events = [e for e in mine if not suppressed_of(e)]
            told = len(events) + sum(suppressed_of(e) for e in mine)
            if lost:
                assert n <= told <= (1 + len(lost)) * n and of_one(n) <= len(events) <= (1 + len(lost)) * of_one(n), (fault, n, told, len(events), lost)
                continue
            self.t.eq(told, n, "events and suppressed ones of fault %d" % fault)
            self.t.eq(len(events), of_one(n), "events of fault %d, of which there were %d" % (fault, n))


def steps(t, lines, tell=lambda _: None):
    """So many equal lines in eight partitions through three that forward and two that take up; one of each is killed on the way."""
    s = Steps(t, partitions=8, topic=8)
    t.until(lambda: sorted(s.metric(name, "input_partitions") for name in s.first) == [2, 3, 3], "the partitions of lines are shared out", 60)
    s.faults[1] = lines
    batch = max(1000, lines // 50)
    for begin in range(0, lines, batch):
        s.b.write("lines", "".join(line(i) for i in range(begin, min(begin + batch, lines))))
        if begin // batch in (15, 35):
            tell("%d lines are written; one of each step is killed" % begin)
            s.again("first1")
            s.again("second0")
    t.until(lambda: sum(s.read(name) - all_runs(s, name, "read_twice") for name in s.first) >= lines, lambda: "all lines are judged: %s" % [
        s.read(name) for name in s.first], 600)
    ends = s.ends("lines", 8)
    t.until(lambda: s.b.committed("lines") == ends, "and committed", 60)
    for name in s.first:
        s.lines[name] = s.read(name)
    ledgers = s.stop()
    s.check()
    tell("%d lines: %d events, as of one; %d messages between the steps; %d that came again" % (lines, of_one(lines), sum(s.ends().values()), sum(
        n.get("taken_before", 0) for n in ledgers.values())))


def all_runs(s, name, count):
    return json.loads(s.page(name, "/api/ledger"))["all_runs"].get(count, 0)
