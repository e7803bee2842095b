"""By what messages are brought together: numbers of groupings, masks of one's own, where a line comes from, commands of exec."""
import contextlib
import json
import os
import sqlite3

from harness import TOP, jsonl

POD = "2026-11-23 10:00:0%d ERROR pod \"%s\": it broke\n"


def fingerprints(events):
    return {tuple(e["fingerprint"]) for e in events}


def tried(t, *args):
    return [json.loads(line) for line in t.run("try", "--events", *args)[0].splitlines()]


def scenario_old_store_keeps_its_grouping(t):
    """A store of before groupings had a number goes on with 1, check says so, and an issue stays one; the configuration changes it for good."""
    sql = open(os.path.join(TOP, "tests", "unit", "old-store-10.sql"), encoding="utf-8").read()
    store = t.path("old.db")
    with contextlib.closing(sqlite3.connect(store)) as db:
        db.executescript(sql)
    t.write("app.log", POD % (0, "web-1") + POD % (1, "db"))
    text = "store: {dir}/%s\ninputs: [{tail: '{dir}/app.log', from: start}]\nbreadcrumbs: {wait: 10ms}\nrules: []\n%s"
    old, new = t.config(text % ("old.db", ""), name="old.yaml"), t.config(text % ("new.db", ""), name="new.yaml")

    def issues(config, name):
        d = t.start(config)
        d.wait_count("event", 2)
        d.stop()
        events = [e for e in jsonl(t.run("queue", "export", "-c", config)[0]) if "it broke" in json.dumps(e)]
        t.eq(len(events), 2)
        with sqlite3.connect(t.path(name)) as db:
            return db.execute("SELECT value FROM meta WHERE name='grouping'").fetchone()[0], len(fingerprints(events))

    t.eq(issues(old, "old.db"), (1, 2))
    assert "grouping 1, that of the store" in t.run("check", "-c", old)[0]
    assert "grouping 2, the newest" in t.run("check", "-c", new)[0]
    t.eq(issues(new, "new.db"), (2, 1))
    assert "grouping 2, that of the store" in t.run("check", "-c", new)[0]
    changed = t.config(text % ("old.db", "grouping: 2\n"), name="changed.yaml")
    d = t.start(changed)
    d.wait_log("grouping_before=1")
    d.stop()
    assert "grouping 2, as the configuration says" in t.run("check", "-c", changed)[0]
    assert "grouping 2, that of the store" in t.run("check", "-c", old)[0]
    t.run("check", "-c", t.config("grouping: 3\n", name="wrong.yaml"), status=1)


def scenario_try_compares_two_groupings(t):
    """--diff with two numbers says what would move; a number that is none is refused."""
    log = t.write("app.log", POD % (0, "web-1") + POD % (1, "db"))
    got = json.loads(t.run("try", "--diff", "1", "2", "--json", log)[0])
    t.eq((got["old"]["issues"], got["new"]["issues"]), (2, 1))
    t.eq(sum(m["count"] for m in got["move"]), 2)
    assert "2 messages under two groupings" in t.run("try", "--diff", "1", "2", log)[0]
    t.run("try", "--diff", "1", "9", log, status=2)
    t.run("try", "--diff", "1", "shipped", log, status=2)


def scenario_masks_of_ones_own(t):
    """What the configuration masks is taken out of titles and fingerprints, and what it keeps tells issues apart."""
    lines = ["order ORD-ABC lost", "order ORD-XYZ lost", "code E1234 at 5", "code E9999 at 6"]
    log = t.write("app.log", "".join("2026-11-23 10:00:0%d ERROR %s\n" % (i, line) for i, line in enumerate(lines)))
    plain = fingerprints(tried(t, log))
    t.eq(len(plain), 3)
    config = t.config("rules: []\nmasks:\n  own: {order: '\\bORD-[A-Z]+\\b'}\n  never: ['\\bE[0-9]{4}\\b']\n")
    t.eq({f[-1] for f in fingerprints(tried(t, "-c", config, log))}, {"order <order> lost", "code E1234 at <num>", "code E9999 at <num>"})
    wrong = t.config("masks: {own: {Order: 'x'}, never: ['(']}\n", name="wrong.yaml")
    said = t.run("check", "-c", wrong, status=1)[1]
    assert "small letters" in said and "wrong.yaml:1:" in said, said
    assert "own:" in t.run("check", "-c", config, "--dump")[0]


def scenario_where_a_line_comes_from(t):
    """Lines alike of two logs are two issues, of a log and what rotation made of it one; every event has a transaction."""
    line = "2026-11-23 10:00:00 ERROR it broke\n"
    paths = [t.write(name, line) for name in ("shop.log", "shop.log.1", "shop.log-20261122", "pay.log")]
    events = tried(t, *paths)
    t.eq([e["tags"]["file"] for e in events], ["shop.log", "shop.log", "shop.log", "pay.log"])
    t.eq(len(fingerprints(events)), 2)
    t.eq([e["transaction"] for e in events], ["shop.log", "shop.log", "shop.log", "pay.log"])
    syslog = t.write("messages", "<11>Nov 23 10:00:00 web shop[1]: it broke\n")
    event = tried(t, "--format", "syslog", syslog)[0]
    t.eq((event["transaction"], event["tags"]["app"], event["tags"].get("file")), ("shop", "shop", None))
    nginx = t.write("error.log", '2026/11/23 10:00:00 [error] 7#7: *1 connect() failed (111: Connection refused) while connecting to upstream, client: '
                    '203.0.113.9, server: shop, request: "GET /cart/17 HTTP/1.1", upstream: "http://192.0.2.1:80/cart/17", host: "shop"\n')
    t.eq(tried(t, nginx)[0]["transaction"], "GET /cart/* via 192.0.2.1:80")


def scenario_jobs_of_exec_are_told_apart(t):
    """Two scripts of one interpreter are two issues, by what they print and by how they end; arguments come along, scrubbed."""
    up = t.upstream()
    config = t.config('sentry: {dsn: "%s"}\nbreadcrumbs: {wait: 10ms}\n' % up.dsn())
    script = "echo 2026-11-23 10:00:00 ERROR it broke; exit 3\n"
    for name in ("nightly.sh", "hourly.sh"):
        t.run("exec", "-c", config, "--", "sh", t.write(name, script), "--password", "Zq7Xw3Lk9Pm2", status=3)
    events = t.wait_events(up, 4)
    t.eq(len(fingerprints(events)), 4)
    ends = [e for e in events if e["tags"].get("rule") == "exec.failed"]
    t.eq(sorted(e["tags"]["command"] for e in ends), ["hourly.sh", "nightly.sh"])
    t.eq(sorted({e["tags"]["app"] for e in events}), ["hourly.sh", "nightly.sh"])
    t.eq(sorted({e["transaction"] for e in events}), ["hourly.sh", "nightly.sh"])
    for e in ends:
        assert "format" not in e["tags"] and "arguments" not in e["tags"], e["tags"]
        assert "--password" in e["contexts"]["fields"]["arguments"], e["contexts"]
        assert "Zq7Xw3Lk9Pm2" not in json.dumps(e), e


def scenario_head_alone_is_no_event(t):
    """A line that has time and level and says nothing, or a request's id alone, is a breadcrumb: what follows says what happened."""
    head = "F, [2026-11-23T10:00:00.12345%d #812] FATAL -- : "
    tag = "[3f2a9c81-d0be-4f3f-8a3e-0c1d2e3f4a5b] "
    log = t.write("production.log", (head + "  \n") % 1 + head % 2 + tag + "  \n" + head % 3 + tag + "the cart is gone\n" + "2026-11-23 10:00:01 ERROR \n")
    t.eq([e["logentry"]["formatted"] for e in tried(t, log)], [tag + "the cart is gone"])
