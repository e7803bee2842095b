"""The systemd journal, live: a systemd-journald in a namespace of its own, fed by systemd's and util-linux's own tools."""
import random
import re
import socket

from harness import Daemon
from journald import Journald, Unit
from jvm import check_whole, number, trace

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs: [{{journal: {what}}}]
rules: {rules}
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000}}
"""
ENTRIES = 1200


def start(t, j, what="all", rules="[]", up=None):
    """crumbd where that journal is; the same configuration and store each time."""
    if "without systemd" in t.run("--version")[0]:
        t.skip("this crumbd is built without libsystemd")
    config = t.config(CONFIG.format(dsn=up.dsn(), what=what, rules=rules))
    name = "crumbd%d" % (1 + sum(isinstance(p, Daemon) for p in t.programs))
    return Daemon(t, name, j.inside(t.crumbd_path, "run", "-c", config), t.env(), True)


def by_message(events):
    return {e["logentry"]["formatted"] if "logentry" in e else e["exception"]["values"][-1]["value"]: e for e in events}


def scenario_journal_live(t):
    """What systemd-cat, logger and the native protocol say, with its priority, place and fields; a core dump; and nothing from before."""
    j, up = Journald(t), t.upstream()
    j.run("systemd-cat", "-t", "till", "-p", "err", stdin="before crumbd was there\n")
    j.run("journalctl", "--sync")
    d = start(t, j, rules="[shipped]", up=up)
    for level in ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"):
        j.run("systemd-cat", "-t", "till", "-p", level, stdin="the till says %s\n" % level)
    j.run("logger", "--journald", stdin="MESSAGE=no unit\nPRIORITY=3\nSYSLOG_IDENTIFIER=shop\nCODE_FILE=src/till.c\nCODE_LINE=47\n"
          "CODE_FUNC=settle\nORDER=4711\n")
    j.run("logger", "-u", "/run/systemd/journal/dev-log", "-t", "old", "-p", "daemon.err", "by the socket of dev log")
    j.send({"MESSAGE": "two lines:\nthe second", "PRIORITY": "2", "SYSLOG_IDENTIFIER": "native"})
    j.send({"MESSAGE_ID": "fc2e22bc6ee647b6b90729ab34a250b1", "PRIORITY": "2", "SYSLOG_IDENTIFIER": "systemd-coredump",
            "MESSAGE": "Process 811 (tilld) of user 1000 dumped core.\n\nStack trace of thread 811:\n#0  0x00007f settle (tilld + 0x1139)\n",
            "COREDUMP_UNIT": "till.service", "COREDUMP_EXE": "/usr/sbin/tilld", "COREDUMP_SIGNAL_NAME": "SIGSEGV", "COREDUMP_PID": "811"})
    events = by_message(t.wait_events(up, 8))
    d.wait_count("crumb", 4)
    ledger = d.stop()
    t.eq(len(up.events), 8, sorted(events))
    levels = dict.fromkeys(("emerg", "alert", "crit"), "fatal")
    levels["err"] = "error"
    for level, want in levels.items():
        e = events["the till says " + level]
        t.eq((e["level"], e["tags"]["app"], e["server_name"]), (want, "till", socket.gethostname()), level)
    e = events["no unit"]
    t.eq((e["level"], e["tags"]["app"], e["tags"]["order"]), ("error", "shop", "4711"), e)
    place = str(e)
    for part in ("src/till.c", "47", "settle"):
        assert part in place, place
    e = events["by the socket of dev log"]
    t.eq((e["level"], e["tags"]["app"]), ("error", "old"), e)
    t.eq(events["two lines:\nthe second"]["level"], "fatal")
    core = [e for e in up.events if e["tags"].get("rule") == "systemd.coredump"]
    t.eq([(e["tags"]["process"], e["tags"]["unit"]) for e in core], [("tilld", "till.service")], up.events)
    assert "SIGSEGV" in str(core[0]), core
    assert ledger["lines_in"] >= 12, ledger


def scenario_journal_of_a_unit(t):
    """`journal: till`: what the unit's processes write, what is said about it, and its core dumps; nobody else's."""
    j, up = Journald(t), t.upstream()
    unit, other = Unit(t, "till.service"), Unit(t, "other.service")
    d = start(t, j, what="till", up=up)
    unit.say(j, "by the till")
    other.say(j, "by another")
    j.send({"MESSAGE": "about the till", "PRIORITY": "3", "OBJECT_SYSTEMD_UNIT": "till.service"})
    j.send({"MESSAGE": "about another", "PRIORITY": "3", "OBJECT_SYSTEMD_UNIT": "other.service"})
    j.send({"MESSAGE_ID": "fc2e22bc6ee647b6b90729ab34a250b1", "MESSAGE": "the till dumped core", "PRIORITY": "2",
            "COREDUMP_UNIT": "till.service"})
    events = by_message(t.wait_events(up, 3))
    d.stop()
    t.eq(sorted(events), ["about the till", "by the till", "the till dumped core"])
    for e in events.values():
        t.eq(e["tags"]["unit"], "till.service", e)


def scenario_journal_first_word_of_a_unit(t):
    """A unit that has said nothing yet has a place in the store, too: what it says while crumbd is away is not missed."""
    j, up = Journald(t), t.upstream()
    start(t, j, what="till", up=up).stop()
    for n, end in enumerate((Daemon.stop, Daemon.kill)):
        j.send({"MESSAGE": "word %d" % n, "PRIORITY": "3", "OBJECT_SYSTEMD_UNIT": "till.service"})
        d = start(t, j, what="till", up=up)
        t.wait_events(up, n + 1)
        end(d)
    start(t, j, what="till", up=up).stop()
    t.eq(sorted(by_message(up.events)), ["word 0", "word 1"])


def numbers(up):
    return sorted(int(re.search(r"\d+", e["logentry"]["formatted"]).group()) for e in up.events)


def scenario_journal_exactly_once(t):
    """Restarts, kill -9, rotation, vacuum and a new journald while errors are written: each arrives once."""
    j, up = Journald(t), t.upstream()
    d = start(t, j, up=up)
    sent, batch = 0, ENTRIES // 12

    def more():
        nonlocal sent
        for n in range(sent, sent + batch):
            j.send({"MESSAGE": "number %d is gone" % n, "PRIORITY": "3", "SYSLOG_IDENTIFIER": "till", "PADDING": "x" * 900})
        sent += batch

    def seen(at_least):
        t.until(lambda: len(up.events) >= at_least, lambda: "%d of %d events" % (len(up.events), at_least))
    for turn in range(3):
        more()
        seen(sent - batch // 2)  # in the middle of it
        d.kill()
        more()
        j.rotate()
        d = start(t, j, up=up)
        more()
        d.stop()
        if turn == 0:
            j.kill()
            j.start()
        more()
        d = start(t, j, up=up)
        seen(sent)
        j.rotate()
        j.vacuum()
    d.stop()
    t.eq(sent, ENTRIES)
    t.eq(numbers(up), list(range(ENTRIES)))


def scenario_journal_killed_in_traces(t):
    """Two programs' traces, line by line; crumbd is killed again and again. Each is one event, whole: what a checkpoint was behind, the
    store had."""
    j, up = Journald(t), t.upstream()
    traces, rnd = 24, random.Random(6)
    what = "all, join: {wait: 5s}"
    d = start(t, j, what, up=up)
    todo = [[(k, line) for n in range(traces) if n % 2 == k for line in trace(n)] for k in range(2)]
    lines = len(todo[0]) + len(todo[1])
    kill_at = set(rnd.sample(range(10, lines - 10), 8))
    for i in range(lines):
        k = rnd.choice([k for k in range(2) if todo[k]])
        program, line = todo[k].pop(0)
        j.send({"MESSAGE": line, "PRIORITY": "3", "SYSLOG_IDENTIFIER": "shop-%d" % program})
        if i in kill_at:
            d.wait_count("lines_in", 1)  # something of it is in a checkpoint
            d.kill()
            d = start(t, j, what, up=up)
    t.until(lambda: len(up.events) >= traces, lambda: "%d of %d events" % (len(up.events), traces))
    t.eq(sorted(map(number, up.events)), list(range(traces)))
    for event in up.events:
        check_whole(t, event, number(event))
    d.stop()
    t.eq((len(up.events), up.duplicates), (traces, {}))
