"""crumbd try: what a log would become, and what other rules would make of it."""
import json
import os
import pty
import re
import subprocess
import sys

import abuse
from harness import SHARED, TOP

LOG = """\
2026-11-20 10:00:00 ERROR db: cannot reach replica 4
2026-11-20 10:00:01 ERROR db: cannot reach replica 5
2026-11-20 10:00:02 INFO job: export 17 done with 3 failed rows
2026-11-21 10:00:03 ERROR web: the template is broken
2026-11-21 10:00:04 ERROR web: the template is broken
2026-11-21 10:00:05 ERROR web: old noise 77
2026-11-21 10:00:06 WARN disk: 91 % full
"""

OLD = """\
pack: shop
rules:
  - id: shop.disk
    match: '% full'
    event: {type: Disk, message: 'the disk fills up', fingerprint: [disk]}
"""

NEW = """\
pack: shop
rules:
  - id: shop.disk
    match: '% full'
    event: {type: Disk, message: 'the disk is nearly full', level: fatal, fingerprint: [disk]}
  - id: shop.noise
    match: 'old noise'
    action: drop
  - id: shop.export
    match: 'export \\d+ done with (?!0)\\d+ failed'
    event: {type: Export, message: 'an export has failed rows'}
  - id: shop.template
    match: 'template is broken'
    event: {type: Template, message: 'a template is broken'}
"""


def titles(issues):
    return [(i["count"], i["title"]) for i in issues]


def scenario_try_shows_no_secrets(t):
    """What try prints goes into tickets: titles, first lines and what reads like an error are scrubbed as events are, in text and JSON."""
    secrets = ["hunter2-and-more", "tiger-lily-9", "ada@example.com", "203.0.113.77", "ghp_0123456789abcdefghijABCDEFGHIJ012345"]
    log = t.write("secret.log", "2026-11-20 10:00:00 ERROR db: login failed with password=hunter2-and-more\n"
                  "2026-11-20 10:00:01 INFO job: cannot mail ada@example.com, token: ghp_0123456789abcdefghijABCDEFGHIJ012345\n"
                  "2026-11-20 10:00:02 ERROR api: refused {\"client_ip\": \"203.0.113.77\", \"api_key\": \"tiger-lily-9\"}\n")
    rules = t.write("rules/db.yaml", "pack: db\nrules:\n  - id: db.login\n    match: 'login failed with (?<rest>.*)'\n"
                    "    event: {type: Login, message: 'login failed: {rest}'}\n")
    for words in (["--json"], []):
        out = t.run("try", "--rules", rules, *words, log)[0]
        assert "login failed" in out and "cannot mail" in out and "api" in out, out
        t.eq([s for s in secrets if s in out], [], out)


def scenario_try_names_errors_that_are_no_events(t):
    """Lines of level error that a rule, or the fallback, made breadcrumbs of are counted by format and rule, the first of each shown."""
    log = t.write("a.log", "2026-11-20 10:00:00 ERROR job: retry 1 of mail\n2026-11-20 10:00:01 ERROR job: retry 2 of mail\n"
                  "{\"level\":\"error\",\"msg\":\"retry 3 of mail\"}\n2026-11-20 10:00:02 ERROR job: slow\n"
                  "2026-11-20 10:00:03 ERROR job: lost\n2026-11-20 10:00:04 INFO job: retry 4 of mail\n")
    rules = t.write("rules/job.yaml", "pack: job\nrules:\n  - id: job.retry\n    match: 'retry'\n    action: crumb\n  - id: job.slow\n    match: 'slow'\n"
                    "    threshold: {count: 5, within: 1m}\n    event: {message: 'the job is slow'}\n")
    got = json.loads(t.run("try", "--rules", rules, "--json", log)[0])
    t.eq(got["unheard"], 4)
    t.eq([(c["count"], c["title"], c["rule"], c["line"].split()[-1].strip('"}')) for c in got["crumbs"]],
         [(2, "text", "job.retry", "mail"), (1, "json", "job.retry", "mail"), (1, "text", "job.slow", "slow")])
    out = t.run("try", "--rules", rules, log)[0]
    assert "Of level error or worse, 4 became breadcrumbs and no event" in out and out.count("job.slow") > 1, out
    conf = t.write("crumb.yaml", "fallback: crumb\n")
    got = json.loads(t.run("try", "-c", conf, "--rules", rules, "--json", log)[0])
    t.eq((got["unheard"], [c.get("rule") for c in got["crumbs"]]), (5, ["job.retry", "job.retry", "job.slow", None]))


def scenario_try_summary(t):
    """The summary: what matched, what was missed, what only reads like an error, what it costs, and what a quota says to it."""
    log, rules = t.write("shop.log", LOG), t.write("rules/shop.yaml", OLD)
    got = json.loads(t.run("try", "--rules", rules, "--json", log)[0])
    t.eq([got[k] for k in ("messages", "matched", "missed", "ignored", "suspicious")], [7, 1, 5, 1, 1])
    t.eq(titles(got["issues"]), [(2, "db: cannot reach replica <num>"), (2, "web: the template is broken"), (1, "web: old noise <num>"),
                                 (1, "Disk: the disk fills up")])
    t.eq(titles(got["suspects"]), [(1, "job: export <num> done with <num> failed rows")])
    t.eq(got["days"], [{"day": "2026-11-20", "events": 2}, {"day": "2026-11-21", "events": 4}])
    t.eq(got["rules"][0]["id"], "shop.disk")
    t.eq([(q["period"], q["quota"]) for q in got["quotas"]], [("day", 100000), ("month", 5000), ("month", 50000), ("month", 100000)])
    month = got["events_a_day"] * 30
    t.eq([q["percent"] for q in got["quotas"]][1:], [round(month / q, 2) for q in (50, 500, 1000)], "percent of a month")
    for columns in (80, 120):
        out = t.run("try", "--rules", rules, log, env=dict(t.env(), COLUMNS=str(columns)))[0]
        assert max(map(len, out.splitlines())) <= columns, out
        for said in ("matched           1", "missed            5", "web: the template is broken", "shop.disk", "read like", "slow rules: none",
                     "4 on the fullest date, 2026-11-21", "limits.per_day"):
            assert said in out.replace("reads like", "read like"), (said, out)


def scenario_try_folds_new_kinds_with_limits_only(t):
    """limits.new_issues, by the records' own times, with --limits; without it every kind is shown."""
    letters = "bcdfghjklmnpqrstvwxz"
    log = t.write("kinds.log", "".join("2026-11-20 10:00:00 ERROR q%s%s is gone\n" % (a, b) for a in letters for b in letters))
    later = t.write("later.log", "".join("2026-11-20 12:00:00 ERROR z%s%s is gone\n" % (a, b) for a in letters for b in letters))
    t.eq(len(json.loads(t.run("try", "--json", log)[0])["issues"]), 400)
    t.eq(len(t.run("try", "--events", log)[0].splitlines()), 400)
    t.eq(len(json.loads(t.run("try", "--limits", "--json", log)[0])["issues"]), 150 + 1)
    t.eq(len(json.loads(t.run("try", "--limits", "--json", log, later)[0])["issues"]), 2 * 150 + 2, "an hour later and from another file")
    folded = [json.loads(e) for e in t.run("try", "--limits", "--events", log)[0].splitlines()]
    t.eq(sum(e["contexts"].get("crumbd", {}).get("suppressed", 1) for e in folded), 400)


def scenario_try_long_lists(t):
    """What is long is cut for people, and whole for programs."""
    words = ["%s%s" % (a, b) for a in ("red", "blue", "green", "pink", "grey", "black", "white", "brown") for b in
             ("fox", "dog", "cat", "hen", "cow", "pig", "owl", "bee")]
    log = t.write("zoo.log", "".join("ERROR %s has gone astray\nWARN %s refused to eat\n" % (w, w) for w in words))
    out = t.run("try", log)[0]
    assert "and 14 more" in out and "and 54 more" in out, out
    assert "no time" in out, out
    got = json.loads(t.run("try", "--json", log)[0])
    t.eq((len(got["issues"]), len(got["suspects"])), (64, 64))


def scenario_try_slow_rule(t):
    """A rule that backtracks without end is named, and does not hold the others up."""
    rules = t.write("slow.yaml", "pack: x\nrules:\n  - {id: x.slow, match: '(a+)+(?<=b)$'}\n  - {id: x.when, match: 'a', when: {message: '(a+)+(?<=b)$'}}\n  - {id: x.good, match: 'baaa'}\n")
    log = t.write("slow.log", ("ERROR b" + "a" * 3000 + "\n") * 200)
    out = t.run("try", "--rules", rules, log)[0]
    slow = out[out.index("slow rules:"):]
    assert re.search(r"x\.slow: \d+ us a try, ran into the match limit 100 times and was suspended", slow), out
    assert "x.good" not in slow, out
    assert re.search(r"x\.when: \d+ us a try, ran into the match limit 100 times and was suspended", slow), out
    rule = next(r for r in json.loads(t.run("try", "--rules", rules, "--json", log)[0])["rules"] if r["id"] == "x.slow")
    t.eq((rule["slow"], rule["match_limit"]), (True, 100))


ENTRY = '''\
2026/11/23 10:00:00 [error] 7#7: *1 FastCGI sent in stderr: "PHP message: PHP Warning:  Undefined variable $x in /srv/a.php on line 3
PHP message: PHP Notice:  Undefined index: q in /srv/f.php on line 7
PHP message: PHP Fatal error:  Uncaught TypeError: count() wants an array in /srv/List.php:12
Stack trace:
#0 {main}
  thrown in /srv/List.php on line 12" while reading upstream, client: 203.0.113.7, server: shop, request: "GET / HTTP/1.1", host: "shop"
'''


def scenario_try_and_explain_tell_every_message(t):
    """Several messages of PHP in one entry: the list has the issues of all, explain each with its rule, a comparison no more changes than there are."""
    log = t.write("error.log", ENTRY)
    found = json.loads(t.run("try", "--json", log)[0])
    t.eq((found["messages"], found["matched"], found["occurrences"]), (1, 1, 2))
    t.eq(sorted((i["count"], i["rule"], i["level"]) for i in found["issues"]),
         [(1, "nginx.php-uncaught", "error"), (1, "nginx.php-warning", "warning")])
    out = t.run("try", log)[0]
    assert "2 issues, 2 occurrences" in out and "TypeError: count() wants an array" in out, out
    out = t.run("explain", stdin=ENTRY)[0]
    t.eq(re.findall(r"^decided by (\S+)", out, re.M), ["nginx.php-warning", "nginx.php-notice", "nginx.php-uncaught"])
    out = t.run("try", "--diff", "shipped", "shipped", log)[0]
    assert "0 would appear" in out and "0 would vanish" in out and "2 would stay, 0 of them" in out, out


def journal_line(message, transport, priority="6", pid="7"):
    return json.dumps({"_TRANSPORT": transport, "PRIORITY": priority, "SYSLOG_IDENTIFIER": "shop", "_PID": pid, "_SYSTEMD_UNIT": "shop.service",
                       "_HOSTNAME": "web-1", "__REALTIME_TIMESTAMP": "1795514403123000", "MESSAGE": message}) + "\n"


def heads_of(t, log):
    events = [json.loads(line) for line in t.run("try", "--events", log)[0].splitlines() if line.startswith("{")]
    return [(e["level"], e["exception"]["values"][-1]["type"], e["exception"]["values"][-1]["value"]) for e in events]


def scenario_a_pipe_says_no_level(t):
    """What a service prints has the priority of its pipe in the journal, and in syslog what the journal made of it: a stack trace there is an
    error, and so is a line in the system's words for a failure. What says a level, or was logged with one, is as it says."""
    trace = ["Traceback (most recent call last):", '  File "/srv/shop.py", line 3, in pay', "    charge()", "ValueError: no card"]
    said = ["INFO cannot read /srv/a: Permission denied", "cp: cannot write /srv/a: Permission denied"]
    out = heads_of(t, t.write("pipe.json", "".join(journal_line(m, "stdout") for m in trace + said)))
    t.eq(out, [("error", "ValueError", "no card"), ("error", "shop", "cp: cannot write <path>: Permission denied")])
    out = heads_of(t, t.write("native.json", "".join(journal_line(m, "journal") for m in said)))
    t.eq(out, [])
    lines = "".join("<30>Nov 23 10:00:00 web-1 shop[7]: %s\n" % m for m in trace + said)
    t.eq(heads_of(t, t.write("pri.log", lines))[0], ("error", "ValueError", "no card"))
    mail = "".join("<22>Nov 23 10:00:00 web-1 shop[7]: %s\n" % m for m in said)
    t.eq(heads_of(t, t.write("mail.log", mail)), [])


def scenario_an_access_line_ends_a_trace(t):
    """Werkzeug's access line, with a blank in its time and no zone, is one, and no part of what was thrown before it."""
    log = t.write("flask.log", "ERROR in app: Exception on /cart [GET]\nTraceback (most recent call last):\n  File \"/srv/app.py\", line 3, in cart\n"
                  "    return d['x']\nKeyError: 'x'\n127.0.0.1 - - [23/Nov/2026 10:00:00] \"GET /cart HTTP/1.1\" 500 -\n")
    t.eq(heads_of(t, log), [("error", "KeyError", "'x'")])
    assert '"nginx-access","time":1795428000.000000' in t.run("parse", log)[0].splitlines()[-1], t.run("parse", log)[0]


def scenario_json_in_the_ways_of_some(t):
    """Nextcloud counts its levels from 0; Elasticsearch 7 writes an object's stack in lines of their own."""
    cloud = '{"reqId":"a%d","level":%d,"time":"2026-11-23T10:00:00+00:00","remoteAddr":"192.0.2.7","app":"core","message":"text of %d"}\n'
    t.eq([o[0] for o in heads_of(t, t.write("cloud.json", "".join(cloud % (n, n, n) for n in range(5))))], ["error", "fatal"])
    search = '{"type": "server", "timestamp": "2026-11-23T10:00:00,123Z", "level": "ERROR", "component": "o.e.x.Realm", "message": "no shard" ,\n' \
             '"stacktrace": ["org.elasticsearch.Unavailable: x",\n"at org.elasticsearch.A.b(A.java:1)"] }\n'
    t.eq(heads_of(t, t.write("search.json", search)), [("error", "Realm", "no shard")])


COMPOSE = """\
web-1  | Traceback (most recent call last):
web-1  |   File "/srv/a.py", line 3, in <module>
db-1   | 2026-11-20 02:55:00.000 UTC [1] LOG:  checkpoint starting
web-1  |     pay()
web-1  | ValueError: no card
"""


def scenario_try_lets_no_other_time_end_a_trace(t):
    """What has no time is let go by its own lines and the end of its file, not by the time of another program's line or of another file."""
    log = t.write("compose.log", COMPOSE)
    later = t.write("later.log", "2026-11-21 10:00:00 ERROR db: cannot reach replica 4\n2026-11-21 10:00:09 INFO up\n")
    out = t.run("try", "--events", log, later)[0]
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    t.eq([e["exception"]["values"][0]["value"] for e in events], ["no card", "cannot reach replica <num>"])
    t.eq(events[0]["exception"]["values"][0]["type"], "ValueError")
    out = t.run("try", "--diff", "shipped", "shipped", log, later)[0]
    assert "0 would appear" in out and "0 would vanish" in out and "2 would stay, 0 of them" in out, out


def scenario_try_asks_what_comes_back_at_the_end(t):
    """Lines that a trace might have gone on with when the file ends are asked for traces of their own, as they are where time lets them go."""
    log = t.write("crash.log", "thread 'main' panicked at src/main.rs:41:9:\nterminate called after throwing an instance of 'std::runtime_error'\n"
                  "*** stack smashing detected ***: terminated\ndouble free or corruption (out)\nSegmentation fault (core dumped)\n")
    out = t.run("try", "--events", log)[0]
    events = [json.loads(line) for line in out.splitlines() if line.startswith("{")]
    t.eq([e["exception"]["values"][0]["type"] for e in events], ["panic", "std::runtime_error", "abort", "abort", "SIGSEGV"])


def scenario_try_joins_as_the_input_does(t):
    """`join: off` of the input that reads a file, also before its last rotation, or of standard input, is that of try and of explain."""
    trace = "java.lang.IllegalStateException: no stock\n\tat com.acme.Stock.take(Stock.java:12)\n"
    config = t.write("crumbd.yaml", f"inputs:\n  - tail: {t.dir}/off*.log\n    join: off\n  - tail: {t.dir}/on.log\n  - stdin: on\n    join: off\n")
    logs = [t.write(name, trace) for name in ("off.log", "off.log.1", "on.log", "no-input.log")]
    frames = [t.run("try", "-c", config, "--events", log)[0].count('"stacktrace"') for log in logs]
    t.eq(frames, [0, 0, 1, 1])
    for joins, n in (("off", 2), ("on", 1)):
        config = t.write("crumbd.yaml", f"inputs:\n  - stdin: on\n    join: {joins}\n")
        t.eq(t.run("explain", "-c", config, stdin=trace)[0].count("record\n"), n)
        t.eq(t.run("try", "-c", config, "--events", "-", stdin=trace)[0].count('"stacktrace"'), 2 - n)


def scenario_try_diff(t):
    """--diff names issues that appear, vanish, move or change; a set of rules is a file, a folder, a pattern or a list."""
    log = t.write("shop.log", LOG)
    t.write("old/shop.yaml", OLD)
    new = t.write("new/shop.yaml", NEW)
    got = json.loads(t.run("try", "--diff", "old", new, "--json", log)[0])
    t.eq(titles(got["appear"]), [(1, "Export: an export has failed rows")])
    t.eq(titles(got["vanish"]), [(1, "web: old noise <num>")])
    t.eq([(m["count"], m["from"]["title"], m["to"]["title"], m["emptied"], m["new"]) for m in got["move"]],
         [(2, "web: the template is broken", "Template: a template is broken", True, True)])
    t.eq([(c["from"]["title"], c["to"]["title"], c["to"]["level"]) for c in got["change"]],
         [("Disk: the disk fills up", "Disk: the disk is nearly full", "fatal")])
    for names in (("old", "new"), ("old/*.yaml", "new/sh*.yaml"), ("old/shop.yaml", "new/")):
        out = t.run("try", "--diff", *names, log)[0]
        for said in ("1 would appear\n", "1 would vanish\n", "1 would move", "-> new: Template: a template is broken", "1 of them with"):
            assert said in out, (said, out)
    none = t.run("try", "--diff", "old", "old", log)[0]
    assert "0 would appear" in none and "0 would vanish" in none and "0 would move" in none and "4 would stay, 0 of" in none, none
    more = json.loads(t.run("try", "--diff", "old", "old,shipped", "--json", log)[0])
    assert more["new"]["rules"] > 300 and more["old"]["rules"] == 1, more
    assert "gone" in t.run("try", "--diff", "gone", "new", log, status=1)[1]
    t.write("bad/x.yaml", "pack: x\nrules:\n  - {id: x.y, match: '(', samples: []}\n")
    assert "bad/x.yaml:3:" in t.run("try", "--diff", "old", "bad", log, status=1)[1]
    for wrong in (("--diff", "old"), ("--diff", "old", "new"), ("--diff", "old", "new", "--rules", "new", log),
                  ("--events", "--json", log)):
        t.run("try", *wrong, status=2)


def scenario_try_what_did_not_come(t):
    """A pair whose end does not come is an issue too, and --diff knows it."""
    rule = "pack: p\nrules:\n  - id: p.job\n    match: 'job (?<n>\\d+) begins'\n    pair: {end: 'job (?<n>\\d+) ends', within: 1m, by: ['{n}']}\n" \
           "    event: {type: JobHangs, message: 'a job does not end', fingerprint: [job]}\n"
    log = t.write("job.log", "".join("2026-11-20 10:0%d:00 INFO job %s\n" % l for l in
                                     ((0, "1 begins"), (0, "2 begins"), (0, "3 begins"), (0, "2 ends"), (5, "4 begins"), (5, "4 ends"))))
    new, old = t.write("new.yaml", rule), t.write("old.yaml", "pack: p\nrules: []\n")
    got = json.loads(t.run("try", "--rules", new, "--json", log)[0])
    t.eq(titles(got["issues"]), [(2, "JobHangs: a job does not end")])
    diff = json.loads(t.run("try", "--diff", old, new, "--json", log)[0])
    t.eq(titles(diff["appear"]), [(2, "JobHangs: a job does not end")])
    assert "2 would stay" not in t.run("try", "--diff", new, new, log)[0]
    t.eq(json.loads(t.run("try", "--diff", new, old, "--json", log)[0])["vanish"][0]["count"], 2)


def scenario_try_names_are_steady(t):
    """No id gets into a title with the name of a program, a container or a logger; loggers are faults of their own."""
    log = t.write("names.log", "".join("2026-11-20 10:00:00,000 ERROR [main] org.example.%s: it broke\n" % c for c in ("Pool", "Wire")))
    got = json.loads(t.run("try", "--json", log)[0])
    t.eq(sorted(titles(got["issues"])), [(1, "Pool: it broke"), (1, "Wire: it broke")])
    ids = ("3f2a9c81d0be", "9c81d0be3f2a")
    pods = ("web-7f9c4cb7d5-4fj2z", "web-6d4cf56db6-x8k2p")
    log = t.write("names.sys", "".join("<11>Nov 20 10:00:00 h %s[1]: it broke\n" % n for n in ids + pods))
    got = json.loads(t.run("try", "--format", "syslog", "--json", log)[0])
    t.eq(sorted(titles(got["issues"])), [(2, "container: it broke"), (2, "web: it broke")])


def loghub(t, name):
    path = os.path.join(SHARED, "corpus", "loghub", name)
    if not os.path.exists(path):
        t.skip("no shared/corpus/loghub beside the sources")
    return path


def scenario_try_readme(t):
    """What the README shows of three logs is what try prints of them, and none of their lines is quoted."""
    readme = open(os.path.join(TOP, "README.md"), encoding="utf-8").read()
    shown = re.search(r"```\n(\$ crumbd try .*?)```", readme, re.S).group(1)
    parts = re.findall(r"^\$ crumbd try (\S+)\n(.*?)(?=^\$ |\Z)", shown, re.S | re.M)
    t.eq(len(parts), 3)
    for name, text in parts:
        path = loghub(t, name)
        out = t.run("try", path, env=dict(t.env(), COLUMNS="100", TZ="UTC"))[0].splitlines()
        out = [line.replace(" ISSUE, RULE | FIRST LINE", " ISSUE") for line in out]
        for line in filter(None, text.splitlines()):
            while out and out[0] != line:
                out.pop(0)
            assert out, "the README says of %s what try does not print there:\n%s" % (name, line)
        for raw in open(path, encoding="utf-8", errors="replace"):
            assert raw.strip() not in readme, raw


def scenario_try_loghub(t):
    """No id, number, time or address in any title over eight systems' logs; as many issues as there are faults."""
    issues = {"Apache": 2, "HDFS": 0, "Hadoop": 6, "Linux": 3, "OpenSSH": 1, "OpenStack": 0, "Spark": 0, "Zookeeper": 2}
    for name, n in issues.items():
        got = json.loads(t.run("try", "--json", loghub(t, name + "_2k.log"))[0])
        t.eq(got["messages"], 2000, name)
        t.eq(len(got["issues"]), n, name)
        for issue in got["issues"] + got["suspects"]:
            # What stays may have a digit in a name: jk2_init, ssh2, v1.
            assert not re.search(r"(?<![A-Za-z_])\d|\d{2}", issue["title"]), (name, issue["title"])


def scenario_events_name_the_sender_and_hold_no_junk(t):
    """Who wrote it is the server's name; what differs in each message, or repeats another tag, is no tag; no access line is made of
    an application's."""
    def event(name, line):
        events = t.run("try", "--events", t.write(name, line + "\n"))[0].splitlines()
        assert len(events) == 1, (name, events)
        return json.loads(events[0])

    nginx = event("nginx", '<187>Nov 25 10:00:00 web nginx: 2026/11/25 10:00:00 [error] 12#12: *7 connect() failed (111: Connection refused) while '
                  'connecting to upstream, client: 203.0.113.9, server: shop, request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:9000/", '
                  'host: "shop.example.com"')
    t.eq((nginx["server_name"], nginx["tags"]["rule"]), ("web", "nginx.upstream-refused"))
    own = [event(host, "<11>Nov 25 10:00:00 %s app: boom failed" % host)["server_name"] for host in ("web", "127.0.0.1", "localhost")]
    assert own[0] == "web" and own[1] == own[2] not in ("127.0.0.1", "localhost", ""), own
    logger = event("logger", '<11>1 2026-11-25T10:00:00.1Z web app - - [timeQuality tzKnown="1" isSynced="0"][x@1 k="v"] boom failed')
    t.eq(logger["tags"], {"format": "syslog", "input": t.path("logger"), "app": "app", "x-1.k": "v"})
    t.eq(logger["contexts"]["fields"], {"timeQuality.tzKnown": "1", "timeQuality.isSynced": "0"})
    docker = event("docker", json.dumps({"version": "1.1", "host": "web", "short_message": "boom failed", "level": 3, "_container_id": "0123456789ab",
                                         "_container_name": "shop", "_image_id": "sha256:01", "_image_name": "shop:1", "_command": "./run",
                                         "_created": "2026-11-25T10:00:00Z", "_tag": "blue"}))
    t.eq(docker["tags"], {"format": "gelf", "input": t.path("docker"), "app": "shop", "container": "shop", "image": "shop:1", "tag": "blue"})
    t.eq(docker["contexts"]["fields"]["container_id"], "0123456789ab")
    cloud = event("cloud", '{"severity":"ERROR","message":"boom failed","time":"2026-11-25T10:00:00Z",'
                  '"httpRequest":{"requestMethod":"GET","status":500},"requestId":"a"}')
    t.eq((cloud["tags"]["format"], cloud["level"]), ("json", "error"))


def scenario_try_reads_a_pipe(t):
    """A pipe is opened once: whoever writes to it would else be let in, and find nobody to read."""
    path = t.path("pipe")
    os.mkfifo(path)
    writer = subprocess.Popen(["sh", "-c", "echo '2026-11-25 10:00:00 ERROR shop: boom failed' > \"$1\"", "sh", path])
    try:
        out = t.run("try", "--events", path)[0].splitlines()
        t.eq(writer.wait(10), 0)
    finally:
        writer.kill()
    t.eq(len(out), 1)


def scenario_logs_judged_by_hand(t):
    """Of logs whose every line was judged by hand nearly all faults come, and hardly anything else: real ones, and probes. Each log is a run of
    its own, so that a build with sanitizers has time for the probes alone."""
    corpus = os.path.join(SHARED, "corpus", "applogs")
    if not os.path.isdir(corpus):
        t.skip("no shared/ beside the sources")
    folders = [os.path.join(corpus, "probes")] + ([] if abuse.sanitized(t.crumbd_path) else [corpus])
    for folder in folders:
        p = subprocess.run([sys.executable, os.path.join(SHARED, "tools", "score-logs"), t.crumbd_path, folder, "--floor", "0.98", "0.98"],
                           env=t.env(), capture_output=True, text=True, timeout=300, check=False)
        assert p.returncode == 0, "%s: %s\n%s" % (folder, p.stderr[-500:], p.stdout[-3000:])


def on_a_terminal(t, *args):
    """What a command says on standard error that is a terminal, its standard output being none."""
    ours, theirs = pty.openpty()
    p = subprocess.Popen([t.crumbd_path, *args], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs, env=t.env())
    os.close(theirs)
    said = b""
    try:
        while block := os.read(ours, 65536):
            said += block
    except OSError: # the terminal has nobody at its other end any more
        pass
    os.close(ours)
    t.eq(p.wait(60), 0)
    return said.decode()


def scenario_progress_on_a_terminal(t):
    """How far it is, how fast, how long still, in one line that goes at the end; elsewhere nothing of it, and nothing of what is over at once."""
    line = b"2026-11-23 10:00:00.123 INFO order 17 is on its way to user3\n"
    rules = t.write("none.yaml", "pack: none\nrules: []\n")
    for command in ("try", "learn"):
        lines = 40000
        while True:  # until it is shown before the end, which depends on the machine
            log = t.write("a.log", line * lines)
            said = on_a_terminal(t, command, "--rules", rules, log)
            if "left" in said or lines > 8000000:
                break
            lines *= 2
        size = "%.*f MB" % (os.path.getsize(log) < 1e7, os.path.getsize(log) / 1e6)
        assert re.match(r" *\d+ %%  [\d.]+ [kM]B of %s, [\d.]+ [kM]B/s  \d+ s left  \x1b\[K\r" % size, said), said
        assert "\r\x1b[K" in said
        t.eq(t.run(command, "--rules", rules, log)[1].count("\x1b"), 0)
