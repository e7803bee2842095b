"""Rules over time: what does not come is an event, once, also over restarts and kill -9."""
import os
import sqlite3
import time

from bugsink import Bugsink
from harness import crumbs, text_of

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/app.log
    format: text
    from: start
rules: [{dir}/rules.yaml]
breadcrumbs: {{wait: 10ms}}
fallback: crumb
"""

RULES = """
pack: jobs
rules:
  - id: jobs.beat
    match: '^beat'
    absence: {every: %s, monitor: the-beat}
    event: {type: BeatMissing}
  - id: jobs.hangs
    match: '^job (?<id>\\d+) started'
    pair: {end: '^job (?<id>\\d+) done', within: %s, by: ['{id}']}
    event: {type: JobHangs, tags: {job: '{id}'}}
"""


def begin(t, every, within):
    up = t.upstream()
    os.makedirs(t.path("logs"), exist_ok=True)
    t.write("logs/app.log", "")
    t.write("rules.yaml", RULES % (every, within))
    return up, t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir))


def of_type(up, name):
    return [e for e in up.events if text_of(e).startswith(name)]


def jobs(up):
    return sorted(int(e["tags"]["job"]) for e in of_type(up, "JobHangs"))


def statuses(up):
    return [c["status"] for c in up.check_ins]


def scenario_a_start_without_end(t):
    """Starts with and without an end; what came after the start is in the event."""
    up, config = begin(t, "1d", "2s")
    d = t.start(config)
    t.append("logs/app.log", "job 1 started\njob 2 started\njob 1 done\njob 2 reads /srv/input\n")
    t.wait_events(up, 1)
    e = up.events[0]
    t.eq(e["tags"]["job"], "2")
    t.eq(e["level"], "error")
    t.eq([c["message"] for c in crumbs(e)], ["job 1 started", "job 2 started", "job 1 done", "job 2 reads /srv/input"])
    crumbd = e["contexts"]["crumbd"]
    t.eq(crumbd["within"], "2s")
    assert crumbd["started"] <= e["timestamp"] - 2, e
    t.append("logs/app.log", "job 3 started\njob 3 done\n")
    d.wait_count("lines_in", 6)
    ledger = d.stop()
    t.eq((ledger["crumb"], ledger["overdue"], len(up.events)), (6, 1, 1))


def scenario_pairs_survive_kill_and_restart(t):
    """Killed and stopped while pairs are open, with ends written meanwhile: each hanging job once, no ended one at all."""
    up, config = begin(t, "1d", "3s")
    d = t.start(config)
    t.append("logs/app.log", "".join("job %d started\n" % n for n in range(1, 9)))
    d.wait_count("lines_in", 8)
    wait_stored(t, 8)
    d.kill()
    t.append("logs/app.log", "job 1 done\njob 2 done\n")
    over = time.monotonic() + 4
    t.until(lambda: time.monotonic() > over, "the pairs' time is over while crumbd is down")
    d = t.start(config)
    d.wait_count("lines_in", 2)
    t.append("logs/app.log", "job 3 done\n")
    d.wait_count("lines_in", 3)
    t.eq(up.events, [], "events before their time")
    d.stop()
    t.append("logs/app.log", "job 4 done\n")
    d = t.start(config)
    t.wait_events(up, 4)
    d.kill()
    d = t.start(config)
    t.append("logs/app.log", "job 9 started\n")
    t.wait_events(up, 5)
    t.eq(jobs(up), [5, 6, 7, 8, 9])
    t.eq(text_of(of_type(up, "JobHangs")[0]), "JobHangs: no end within 3s: job <num> started")
    d.stop()


def ask_store(t, what):
    """A number of the rows of what is waited for."""
    db = sqlite3.connect("file:%s?mode=ro" % t.path("crumbd.db"), uri=True)
    try:
        return db.execute("SELECT %s FROM overdue" % what).fetchone()[0] or 0
    except sqlite3.OperationalError:  # the daemon is writing
        return 0
    finally:
        db.close()


def wait_stored(t, rows):
    t.until(lambda: ask_store(t, "sum(length(record)>0)") >= rows, "%d rows of what is waited for are stored" % rows)


def scenario_a_silence(t):
    """A line that stops coming: one event and an error check-in; a kill in the silence makes no second one; it ends when the line comes."""
    up, config = begin(t, "1m", "1d")
    d = t.start(config)
    t.append("logs/app.log", "beat 1\n")
    t.until(lambda: statuses(up) == ["ok"], "the first check-in: %s" % up.check_ins)
    c = up.check_ins[0]
    t.eq(c["monitor_slug"], "the-beat")
    t.eq(c["monitor_config"]["schedule"], {"type": "interval", "value": 1, "unit": "minute"})
    for n in range(2, 200):
        t.append("logs/app.log", "beat %d\n" % n)
    d.wait_count("lines_in", 199)
    t.eq(statuses(up), ["ok"], "a monitor is not flooded")
    wait_stored(t, 1)
    d.kill()
    d = t.start(config)
    t.wait_events(up, 1, 120)
    t.eq(text_of(up.events[0]), "BeatMissing: jobs.beat has not been seen for 1m")
    t.eq(up.events[0]["contexts"]["log"]["message"], "beat 199")
    t.until(lambda: statuses(up)[-1] == "error", "the silence is told to the monitor")
    t.until(lambda: ask_store(t, "sum(silent)") == 1, "the silence is stored")
    d.kill()
    d = t.start(config)
    t.append("logs/app.log", "beat again\n")
    t.until(lambda: statuses(up)[-1] == "ok", "the end of the silence is told")
    ledger = d.stop()
    t.eq(len(up.events), 1)
    t.eq(len({c["check_in_id"] for c in up.check_ins}), 3, "what was sent again after a kill has the same id")
    t.eq(ledger["crumb"], 1)


def scenario_check_ins_wait_and_are_replaced(t):
    """While nobody listens upstream only the last word about a monitor is kept, and `crumbd queue` shows it."""
    up, config = begin(t, "1d", "1d")
    up.stop()
    d = t.start(config)
    t.append("logs/app.log", "beat\n")
    store = ("--store", t.path("crumbd.db"))
    t.until(lambda: "check-in the-beat: ok" in t.run("queue", "ls", *store)[0], "the check-in waits")
    d.stop()
    d = t.start(config)  # after a restart the first one is told again
    t.append("logs/app.log", "beat\n")
    d.wait_count("check_ins", 1)
    out = t.until(lambda: (lambda s: s if "check-in" in s else None)(t.run("queue", "ls", *store)[0]), "the check-in waits")
    t.eq(out.count("check-in the-beat: ok"), 1)
    up.start()
    t.until(lambda: len(up.check_ins) == 1, "one check-in upstream")
    t.until(lambda: "0 ready" in t.run("queue", "ls", *store)[0], "nothing is left")
    d.stop()
    t.eq(statuses(up), ["ok"])


def scenario_check_ins_do_no_harm(t):
    """An upstream that refuses check-ins gets its events all the same."""
    up, config = begin(t, "1d", "1s")
    up.script.append({"status": 404, "count": 1})
    d = t.start(config)
    t.append("logs/app.log", "beat\n")
    d.wait_count("retries", 1)
    t.append("logs/app.log", "job 1 started\n")
    t.wait_events(up, 1)
    t.eq(jobs(up), [1])
    d.stop()


def scenario_bugsink_and_check_ins(t):
    """Bugsink, which knows no check-ins, is not hurt by them, and takes the events of what did not come."""
    server = Bugsink(t)
    os.makedirs(t.path("logs"))
    t.write("rules.yaml", RULES % ("1d", "1s"))
    d = t.start(t.config(CONFIG.format(dsn=server.dsn, dir=t.dir)))
    t.append("logs/app.log", "beat\n")
    d.wait_count("check_ins", 1)
    t.until(lambda: sum(d.ledger().get(n, 0) for n in ("sent", "dead", "retries")) > 0, "an answer to the check-in")
    t.append("logs/app.log", "job 7 started\n")
    issues = t.until(server.issues, "an issue")
    data = server.events(issues[0])[0]["data"]
    t.eq((data["tags"]["job"], data["contexts"]["crumbd"]["within"]), ("7", "1s"))
    ledger = d.stop()
    t.eq(ledger.get("retries", 0), 0)
    print("Bugsink's answer to the check-in: %s" % ("taken" if ledger.get("sent") == 2 else "refused"))
