"""crumbd backfill: old files, with their own times, once."""
import gzip
import os
import random
import re
import time

from harness import item, jsonl, nginx_line
from jvm import check_whole, number, odd

DAY_S = 86400
CONFIG = """
sentry: {{dsn: "{dsn}", environment: production, release: "7.0"}}
inputs:
  - tail: {dir}/logs/*error.log
    format: nginx-error
    timezone: UTC
breadcrumbs: {{wait: 10ms}}
"""
UNLIMITED = "limits: {per_issue: {burst: 2000000000, period: 1h}, per_minute: 2000000000, per_day: 2000000000}\n"


def config(t, up, more=UNLIMITED, **args):
    return t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir) + more, **args)


def lines(first, n, begin_s, step_s=1):
    return "".join(nginx_line(first + i, when=begin_s + i * step_s) for i in range(n))


def compressed(text):
    return gzip.compress(text.encode(), mtime=0)


def backfill(t, conf, *args, pace="0"):
    """Runs in the background, like a daemon."""
    return t.start(conf, ("--pace", pace, *args), ready=False, command="backfill")


def rows(out):
    """The summary: [(name, number, text)]."""
    return [(m.group(1), int(m.group(2)), m.group(3)) for m in re.finditer(r"^(\S[\w ]*?|) +(\d+)  (.*)$", out, re.M)]


def row(out, name):
    return [n for what, n, _ in rows(out) if what == name]


def scenario_backfill_killed(t):
    """Numbered errors in .log, .log.1 and .log.2.gz, killed at random: each arrives under one id, whatever the order of the names."""
    up = t.upstream()
    now, each = time.time(), 300
    for i, name in enumerate(("shop-error.log.2.gz", "shop-error.log.1", "shop-error.log")):
        text = lines(i * each, each, now - (9 - 3 * i) * DAY_S, 60)
        t.write("logs/" + name, compressed(text) if name.endswith(".gz") else text)
    conf = config(t, up)
    rnd = random.Random(12)
    names = [t.path("logs", n) for n in ("shop-error.log", "shop-error.log.1", "shop-error.log.2.gz")]
    killed = 0
    while killed < 6:
        rnd.shuffle(names)
        mark = len(up.events) + rnd.randrange(1, 150)
        d = backfill(t, conf, *names, pace="1500")
        t.until(lambda: len(up.events) >= min(mark, 3 * each) or not d.running(), "%d events" % mark)
        if not d.running():
            break
        d.kill()
        killed += 1
        if killed == 3:  # between a stop and the next start they are rotated once more
            os.rename(t.path("logs/shop-error.log.2.gz"), t.path("logs/shop-error.log.3.gz"))
            names = [n.replace("log.2.gz", "log.3.gz") for n in names]
    d = backfill(t, conf, *names)
    d.ended()
    t.eq(killed >= 3, True, "killed %d times" % killed)
    t.eq(sorted(map(item, up.events)), list(range(3 * each)))
    assert max(map(item, up.events[:50])) < each, "the oldest go first"
    # All of it is known, also compressed and under another name; asked for, it is sent once more under other ids.
    os.rename(t.path("logs/shop-error.log.1"), t.path("logs/shop-error.log.2"))
    with open(t.path("logs/shop-error.log.2"), encoding="utf-8") as f:
        t.write("logs/shop-error.log.2.gz", compressed(f.read()))
    names = [t.path("logs", n) for n in ("shop-error.log", "shop-error.log.2.gz", "shop-error.log.2", "shop-error.log.3.gz")]
    out, _ = t.run("backfill", "-c", conf, *names)
    t.eq([r for r in rows(out) if r[0] == "files"], [("files", 4, "known, not read again")])
    t.eq((row(out, "lines"), row(out, "events")), ([0], [0]))
    backfill(t, conf, "--again", *names).ended()
    t.eq(len(up.events), 6 * each)
    t.eq(sorted(map(item, up.events)), sorted(2 * list(range(3 * each))))


def scenario_backfill_again_killed(t):
    """--again is stopped at once and gone on with without it: what it was asked for is sent once more, and no more."""
    up = t.upstream()
    names = [t.write("logs/a-error.log", lines(0, 60, time.time() - 3 * DAY_S)), t.write("logs/b-error.log", lines(60, 60, time.time() - 2 * DAY_S))]
    conf = config(t, up)
    backfill(t, conf, *names).ended()
    d = backfill(t, conf, "--again", *names, pace="20")
    t.until(lambda: len(up.events) > 122, "some are sent once more")
    d.kill()
    backfill(t, conf, *names).ended()
    t.eq(sorted(map(item, up.events)), sorted(2 * list(range(120))))
    t.run("backfill", "-c", conf, *names)
    t.eq(len(up.events), 240)


def scenario_backfill_window(t):
    """What Sentry would not take is counted and its newest time said; --since and --before; lines without a time are of the time before them."""
    up = t.upstream()
    now = int(time.time())
    old = lines(0, 30, now - 31 * DAY_S)
    stamp = lambda s: time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(s))  # noqa: E731
    logs = [t.write("logs/x-error.log", old + lines(100, 20, now - 20 * DAY_S) + lines(200, 20, now - 10 * DAY_S)),
            t.write("logs/app.log", "ERROR none has a time yet\n%s ERROR first of all\nERROR has no time\n%s INFO later\nERROR has none either\n" % (
                stamp(now - 12 * DAY_S), stamp(now - 11 * DAY_S)))]
    day = lambda n: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now - n * DAY_S))  # noqa: E731
    args = ("--since", day(15), "--before", day(5), "--environment", "past", "--release", "6.1")
    out, _ = t.run("backfill", "-c", config(t, up), "--pace", "0", *args, *logs)
    t.eq(sorted(item(e) for e in up.events if item(e) is not None), list(range(200, 220)))
    t.eq([(n, text) for what, n, text in rows(out) if what == "left out"],
         [(30, "lines older than Sentry takes, the newest of %s" % time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(now - 31 * DAY_S + 29))),
          (20, "lines outside of --since and --before")])
    when = {e["logentry"]["formatted"]: round(e["timestamp"]) for e in up.events if item(e) is None}
    t.eq(when, {"none has a time yet": now - 12 * DAY_S, "first of all": now - 12 * DAY_S, "has no time": now - 12 * DAY_S,
                "has none either": now - 11 * DAY_S})
    t.eq({(e["environment"], e["release"], e["tags"]["input"]) for e in up.events}, {("past", "6.1", "backfill")})
    t.eq([e["timestamp"] for e in up.events if item(e) == 207], [now - 10 * DAY_S + 7])
    assert "crumbd try" in t.run("help", "backfill")[0]
    # What no line of it says a time of has the file's.
    plain = t.write("logs/plain.log", "ERROR nothing tells when\n")
    os.utime(plain, (now - 3 * DAY_S, now - 3 * DAY_S))
    t.run("backfill", "-c", t.path("crumbd.yaml"), plain)
    t.eq(up.events[-1]["timestamp"], now - 3 * DAY_S)
    t.eq((up.events[-1]["environment"], up.events[-1].get("release")), ("production", None))


def scenario_backfill_floods(t):
    """Flood control goes by the records' own times: what was held back is in the summaries to the last, also when it was killed twice."""
    up = t.upstream()
    now = time.time()
    log = t.write("logs/flood-error.log", lines(0, 3000, now - 4 * DAY_S))
    conf = config(t, up, more="")
    for n in (4, 11):
        d = backfill(t, conf, log, pace="5")
        t.wait_events(up, n)
        d.kill()
    d = backfill(t, conf, log)
    d.ended()
    summaries = [e["contexts"]["crumbd"] for e in up.events if e.get("contexts", {}).get("crumbd", {}).get("summary")]
    t.eq(len(up.events) - len(summaries) + sum(s["suppressed"] for s in summaries), 3000)
    assert len(up.events) < 60, len(up.events)
    assert all(now - 5 * DAY_S < e["timestamp"] < now - 3 * DAY_S for e in up.events)
    out, _ = t.run("backfill", "-c", conf, "--pace", "0", "--again", log)
    held = row(out, "suppressed")[0]
    assert held > 2900 and row(out, "issues") == [1] and row(out, "lines") == [3000], out


def scenario_backfill_one_story(t):
    """Files of one time are read as they were written, line by line by their times; killed while nobody takes events, nothing is made twice,
    and told to stop it does not wait for them to be taken."""
    up = t.upstream()
    up.stop()
    begin = time.time() - 2 * DAY_S
    logs = [t.write("logs/a-error.log", lines(0, 300, begin, 20)), t.write("logs/b-error.log.1.gz", compressed(lines(1000, 300, begin + 10, 20)))]
    conf = config(t, up, UNLIMITED)
    store = ("--store", t.path("crumbd-backfill.db"))
    waiting = lambda: t.run("queue", "export", *store, status=None)[0].count("\n")  # noqa: E731
    for least, told in ((40, False), (200, True), (300, False)):
        d = backfill(t, conf, *logs, pace="400")
        t.until(lambda: waiting() > least, "%d events wait" % least)  # pylint: disable=cell-var-from-loop
        if told:
            d.signal(15)
            d.ended(status=3)
        else:
            d.kill()
    d = backfill(t, conf, *logs)
    t.until(d.is_ready, "it answers signals")
    t.until(lambda: waiting() == 600, "all events wait")
    d.signal(15)
    d.ended(status=3)
    t.eq(row(d.out, "waiting"), [600])
    made = [item(e) for e in jsonl(t.run("queue", "export", *store)[0])]
    t.eq(sorted(made), [*range(300), *range(1000, 1300)])
    # What a line names is known when it has been read: the order is that of the times but for one line of each file.
    when = [20 * (n % 1000) + 10 * (n >= 1000) for n in made]
    assert all(b >= a - 20 for a, b in zip(when, when[1:])), made


def rotated(t, base, traces, begin_s):
    """Traces of which two lines are in each file, so that every one is in several, beside a log of the same times."""
    text = [line for n in range(traces) for line in
            [time.strftime("%Y-%m-%d %H:%M:%S,123 [main] ERROR com.acme.Shop - order failed", time.gmtime(begin_s + n)), *odd(n)]]
    files = [text[i:i + 2] for i in range(0, len(text), 2)]
    names = []
    for i, part in enumerate(files):
        name, data = "%s.%d" % (base, len(files) - i), "".join(line + "\n" for line in part)
        names.append(t.write(name + ".gz", compressed(data)) if i % 3 == 0 else t.write(name, data))
        os.utime(names[-1], (begin_s + traces * (i + 1) / len(files),) * 2)  # in which no time is told
    return names


def scenario_backfill_rotated_traces(t):
    """A trace goes on in the next files of its rotated set, whatever is read beside it; killed again and again, each is whole and once."""
    traces, begin_s = 90, int(time.time()) - 3 * DAY_S
    up = t.upstream()
    conf = t.config('sentry: {dsn: "%s"}\ninputs:\n  - {tail: "%s", timezone: UTC}\nrules: []\nbreadcrumbs: {wait: 10ms}\n'
                    % (up.dsn(), t.path("logs/*")) + UNLIMITED)
    names = rotated(t, "logs/shop.log", traces, begin_s)
    beside = "".join(time.strftime("%Y-%m-%d %H:%M:%S,500 INFO goes on\n", time.gmtime(begin_s + s)) for s in range(traces))
    names += [t.write("logs/other.log", beside), t.write("logs/other.log.1", beside.replace("goes on", "ends"))]
    random.Random(10).shuffle(names)
    killed = 0
    while killed < 5:
        mark = len(up.events) + 7
        d = backfill(t, conf, *names, pace="40")
        t.until(lambda: len(up.events) >= min(mark, traces) or not d.running(), "%d events" % mark)
        if not d.running():
            break
        d.kill()
        killed += 1
    backfill(t, conf, *names).ended()
    t.eq(killed, 5)
    t.eq(sorted(map(number, up.events)), list(range(traces)))
    for event in up.events:
        check_whole(t, event, number(event))
        t.eq(event["logentry"]["formatted"], "order failed")


def scenario_backfill_beside(t):
    """Beside a daemon of the same configuration, in a store of its own, at a pace; stopped, it says so and goes on later."""
    up = t.upstream()
    os.makedirs(t.path("logs"))
    conf = config(t, up)
    live = t.start(conf)
    t.write("old/old-error.log", lines(0, 160, time.time() - 2 * DAY_S))
    begin = time.monotonic()
    d = backfill(t, conf, t.path("old/old-error.log"), pace="30")
    t.append("logs/live-error.log", nginx_line(9000))
    t.until(lambda: any(item(e) == 9000 for e in up.events), "the daemon's own goes out meanwhile")
    t.wait_events(up, 20)
    assert str(d.pid) in t.run("backfill", "-c", conf, t.path("old/old-error.log"), status=3)[1], "a second one is refused by name"
    d.signal(15)
    d.ended(status=3)
    assert "goes on" in d.out or "not read to the end" in d.out, d.out
    backfill(t, conf, t.path("old/old-error.log"), pace="30").ended()
    took_s = time.monotonic() - begin
    t.eq(sorted(item(e) for e in up.events), [*range(160), 9000])
    assert took_s > 4, "160 events at 30 a second took %.1f s" % took_s
    live.stop()
    # Of what the daemon follows it says so.
    _, err = t.run("backfill", "-c", conf, "--pace", "0", t.path("logs/live-error.log"))
    assert "is followed by crumbd" in err and "--before" in err, err


def scenario_backfill_damaged(t):
    """gzip that ends early: what is whole is sent, the status says it; mended, the rest is sent and nothing twice."""
    up = t.upstream()
    whole = compressed(lines(0, 800, time.time() - 2 * DAY_S))
    log = t.write("logs/cut-error.log.1.gz", whole[:len(whole) // 2])
    xz = t.write("logs/cut-error.log.2.xz", b"\xfd7zXZ\x00 and so on")
    conf = config(t, up)
    out, err = t.run("backfill", "-c", conf, "--pace", "0", log, xz, t.path("nothing.log"), status=1)
    before = len(up.events)
    assert 100 < before < 800 and "damaged" in err and "xzcat" in err and "No such file" in err, (before, err)
    t.eq(row(out, "files"), [1])
    t.run("backfill", "-c", conf, "--pace", "0", log, status=1)
    t.eq(len(up.events), before)
    t.write("logs/cut-error.log.1.gz", whole)
    t.run("backfill", "-c", conf, "--pace", "0", log)
    t.eq(sorted(map(item, up.events)), list(range(800)))
    # One that has grown is read on.
    grown = t.write("logs/grown-error.log", lines(5000, 40, time.time() - DAY_S))
    t.run("backfill", "-c", conf, "--pace", "0", grown)
    t.append("logs/grown-error.log", lines(5040, 40, time.time() - DAY_S + 40))
    t.run("backfill", "-c", conf, "--pace", "0", grown)
    t.eq(sorted(n for n in map(item, up.events) if n >= 5000), list(range(5000, 5080)))


def scenario_backfill_refuses(t):
    """Without a DSN, a file or sense it ends at once and says why."""
    conf = t.config("inputs:\n  - tail: %s\n" % t.path("logs/*.log"))
    log = t.write("logs/a.log", "2026-11-20 10:00:00 ERROR x\n")
    assert "no DSN" in t.run("backfill", "-c", conf, log, status=1)[1]
    assert "no file" in t.run("backfill", "-c", conf, status=2)[1]
    assert "--since is a time" in t.run("backfill", "-c", conf, "--since", "yesterday", log, status=2)[1]
    assert "--pace" in t.run("backfill", "-c", conf, "--pace", "fast", log, status=2)[1]
    assert "Sentry refuses" in t.run("backfill", "-c", conf, "--environment", "a b", log, status=2)[1]
