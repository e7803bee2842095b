"""Two steps over Kafka: crumbds that judge lines forward what they promote, others take it up, limit it and deliver it. A real broker."""
import json
import os
import signal
import subprocess
import threading

from kafka_steps import Steps, line, of_one

LINES = int(os.environ.get("CRUMBD_STEP_LINES", 30000))  # of each that forwards


def scenario_two_steps(t):
    """Equal faults through three crumbds that forward and two that take up, of which one each is killed in between: the events are those of one,
    and every line is in them or in a summary."""
    s = Steps(t)
    for name in s.first:
        s.write(name, LINES)
        for fault in range(2, 12):
            s.write(name, 7, fault)
    s.d["first0"].wait_count("lines_in", LINES // 3)
    s.again("first0")
    t.wait_events(s.up, 5)
    s.again("second1")
    for name in s.first:
        s.write(name, LINES // 2)
    s.d["first1"].wait_count("lines_in", s.lines["first1"])
    for name in s.first:
        t.until(lambda: "crumbd_counted_total" in s.page(name), name + " thins")
    ledgers = s.stop()
    s.check()
    t.eq(sum(l.get("counted", 0) > 0 for n, l in ledgers.items() if n in s.first), 3, "all of them thinned")


def scenario_two_steps_move(t):
    """Of two that take up one ends in the middle of a flood, then comes back: the issue is not first seen again, and each line is counted once."""
    s = Steps(t, first=1, partitions=2, instance=False)
    for fault in range(1, 9):
        s.write("first0", 40, fault)
    s.write("first0", 4000)
    t.until(lambda: len(s.up.events) >= 8 * of_one(40), "the events of all have come")
    gone = s.d["second0"].stop()
    assert gone["event"], gone
    for fault in range(1, 9):
        s.write("first0", 60, fault)
    s.write("first0", 4000)
    s.wait_partitions({"second1": 2})
    s.start("second0")
    s.wait_partitions({"second0": 1, "second1": 1})
    for fault in range(1, 9):
        s.write("first0", 100, fault)
    s.stop()
    s.check()


def scenario_two_steps_frozen(t):
    """Of two that read lines from Kafka and forward one is stopped past its session, in the middle of a flood, and goes on: what both have judged is
    told by both, as events and by numbers, and counts once."""
    s = Steps(t, first=2, second=1, partitions=2, topic=4, instance=False, session=2000)
    t.until(lambda: s.b.members("lines") == {"first0": 2, "first1": 2}, "the partitions of lines are shared out", 60)
    frozen, written = s.d["first0"], 0

    def write(lines):
        s.b.write("lines", "".join(line(i) for i in range(lines)))
        s.faults[1] = s.faults.get(1, 0) + lines
    for _ in range(6):
        writer = threading.Thread(target=lambda: [write(2000) for _ in range(20)])
        had = s.read("first0")
        writer.start()
        t.until(lambda: s.read("first0") > had + 4000, "it is in the middle of it")
        frozen.signal(signal.SIGSTOP)
        writer.join()
        written += 40000
        t.until(lambda: s.b.members("lines") == {"first1": 4} and sum(s.b.committed("lines").values()) == written, "the other has judged the rest", 60)
        frozen.signal(signal.SIGCONT)
        t.until(lambda: s.b.members("lines") == {"first0": 2, "first1": 2}, "it is a member again", 60)
        t.until(lambda: all(s.metric(name, "outbox_rows") == 0 for name in s.first), "all is sent")
        t.until(lambda: s.b.committed("steps") == {p: n for p, n in s.ends().items() if n}, "and taken up", 60)
        if s.metric("second0", "told_twice_total") > 0:
            break
    else:
        t.fail("nothing was told twice in six times")
    write(20)  # what is owed still passes with the next
    t.until(lambda: sum(s.b.committed("lines").values()) == written + 20, "all is judged", 60)
    s.lines = {name: s.read(name) for name in s.first}
    s.stop()
    s.check()


def scenario_two_steps_odd(t):
    """Kafka away while lines are judged; messages that no crumbd has written; one that comes again; what of a first step the page shows."""
    s = Steps(t, first=1, second=1, partitions=1)
    s.write("first0", 30)
    t.wait_events(s.up, of_one(30))
    s.b.stop()
    s.write("first0", 30)
    s.d["first0"].wait_count("stored", 60)
    s.d["first0"].wait_log("does not take events", 90)
    shown = json.loads(s.page("first0", "/api/delivery"))["projects"][0]
    t.eq((shown["project"], shown["state"]), ("", "waiting"), shown)
    assert "kafka topic promoted at" in shown["upstream"], shown
    s.again("first0")  # nobody has them but its store
    s.b.start()
    t.until(lambda: s.d["first0"].ledger().get("sent", 0) >= 30, "they are sent", 60)
    message = subprocess.run(["kcat", "-q", "-C", "-e", "-b", s.b.address, "-t", "promoted", "-o", "0", "-c", "1"], capture_output=True, check=True,
                             timeout=60).stdout
    for value in (b"not an envelope", b"{}\n{}\n{}", message.rstrip(b"\n"), message[:-20]):
        t.write("value", "")
        with open(t.path("value"), "wb") as f:
            f.write(value)
        subprocess.run(["kcat", "-P", "-b", s.b.address, "-t", "promoted", t.path("value")], check=True, timeout=60)
    s.d["second0"].wait_count("taken_before", 1)
    s.d["second0"].wait_count("refused", 3)
    s.d["second0"].wait_log("not of its input's format")
    # What crumbd test sends goes the same way.
    out, _ = t.run("test", "-c", t.path("first0.yaml"))
    assert "accepted" in out, out
    t.until(lambda: [e for e in s.up.events if e["fingerprint"] == ["crumbd", "test"]], "the test event has come", 60)
    # Another topic is taken at a reload.
    s.b.create("other")
    with open(t.path("first0.yaml"), encoding="utf-8") as f:
        text = f.read()
    t.write("first0.yaml", text.replace("topic: promoted", "topic: other"))
    s.d["first0"].signal(signal.SIGHUP)
    s.d["first0"].wait_log("settings and rules are reloaded")
    s.write("first0", 5, 3)
    t.until(lambda: s.ends("other", 1) == {("other", 0): 5}, "they are in the other topic", 60)
    del s.faults[3]
    ledgers = s.stop()
    t.eq({k: ledgers["second0"][k] for k in ("refused", "taken_before")}, {"refused": 3, "taken_before": 1}, ledgers)
    s.check()


def scenario_two_steps_settings(t):
    """What cannot stand together is said with its place."""
    forward = "forward: {kafka: {brokers: [127.0.0.1:9], topic: x, options: {%s}}}\n"
    dsn = "sentry: {%s}\n"
    key = "https://%s@sentry.example.com/1" % ("0123456789abcdef" * 2)
    stdin = "rules: []\ninputs: [{stdin: on}]\n"
    if "kafka: off" in t.run("--version")[0]:
        t.skip("this crumbd is built without librdkafka")
    for text, said in (
            (forward % "" + stdin, None),
            (forward % "" + dsn % ("dsn: '%s'" % key) + stdin, "take away the DSN of this one, which comes from sentry.dsn"),
            (forward % "" + dsn % ("projects: {a: '%s'}" % key) + stdin, "take away sentry.projects"),
            (forward % "" + "limits: {shared: 'redis://127.0.0.1:9'}\n" + stdin, '"limits.shared" has its place there'),
            (forward % "acks: 1" + stdin, "crumbd sets it by a key of its own"),
            (forward % "no.such: 1" + stdin, "librdkafka refuses no.such"),
            ("forward: {whole: 5}\n" + stdin, '"kafka"'),
            ("rules: []\ninputs: [{stdin: on, format: envelope}]\n", "it is for kafka inputs"),
            ("rules: []\ninputs: [{kafka: {brokers: [127.0.0.1:9], topics: [x], group: g}, format: envelope}]\n", None)):
        out, err = t.run("check", "-c", t.write("c.yaml", text), status=1 if said else 0)
        assert not said or said in err, (said, err)
