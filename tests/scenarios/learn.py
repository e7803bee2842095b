"""crumbd learn: rules from a log, and what they are held against."""
import importlib.machinery
import importlib.util
import json
import os
import random
import re
import subprocess

from harness import SHARED, TOP, Skip


def scorer():
    """tests/tools/grouping, whose score knows nothing of crumbd."""
    loader = importlib.machinery.SourceFileLoader("grouping", os.path.join(TOP, "tests", "tools", "grouping"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("grouping", loader))
    loader.exec_module(module)
    return module


def loghub():
    folder = os.path.join(SHARED, "corpus", "loghub")
    if not os.path.isdir(folder):
        raise Skip("%s is not there" % folder)
    return folder


# Each kind has its lines, and what must become of them. None is in the words that shipped rules know.
SHOP = [
    ("fault", "ERROR order {n} of {who}: the card was declined by {host}", 7),
    ("fault", "WARN  count {n} of the stock at {host} was unexpected, {k} sacks lack", 5),
    ("noise", "INFO  order {n} is on its way to {who}", 60),
    ("noise", "INFO  cache holds {n} of {k} entries", 30),
]


def shop_log(seed):
    rnd, lines = random.Random(seed), []
    for kind, form, count in SHOP:
        for _ in range(count):
            lines.append((kind, form.split()[1], form.format(n=rnd.randrange(1, 99999), k=rnd.randrange(1, 9), who="user%d@example.com" % rnd.randrange(9),
                                                             host="%s.example.com" % rnd.choice(["db", "pay", "stock"]))))
    rnd.shuffle(lines)
    return ["2026-11-23 10:%02d:%02d.123 %s\n" % (i // 60 % 60, i % 60, text) for i, (_, _, text) in enumerate(lines)], lines


def scenario_learnt_rules_tell_faults_from_noise(t):
    """What is written passes check, makes one issue of each kind of fault and breadcrumbs of the rest, also of lines that it has not seen."""
    lines, _ = shop_log(1)
    log = t.write("shop.log", "".join(lines))
    told = t.run("learn", log, "-o", t.path("shop.yaml"))[1]
    assert "2 rules for what reads like a fault and 2 for noise, which match 102 of them" in told, told
    assert re.search(r"ok: 4 rules, \d+ samples", t.run("check", t.path("shop.yaml"))[0])
    other, kinds = shop_log(2)
    t.write("other.log", "".join(other))
    got = json.loads(t.run("try", "--json", "--rules", t.path("shop.yaml"), t.path("other.log"))[0])
    t.eq(got["matched"], len(other))
    t.eq(sorted(i["count"] for i in got["issues"]), [5, 7])
    for e in [json.loads(x) for x in t.run("try", "--events", "--rules", t.path("shop.yaml"), t.path("other.log"))[0].splitlines()]:
        assert not re.search(r"\d{2}", e["exception"]["values"][-1]["value"]), e
        assert e["level"] in ("error", "warning")
    t.eq(sum(k == "fault" for k, _, _ in kinds), 12)
    text = t.run("learn", log)[0]
    t.eq(text, open(t.path("shop.yaml"), encoding="utf-8").read())
    # What rules know already is left out, and a file that is there is not written over.
    told = t.run("learn", "--rules", t.path("shop.yaml"), log)[1]
    assert "102 are known to a rule" in told and "0 rules for what reads" in told, told
    assert "is there already" in t.run("learn", log, "-o", t.path("shop.yaml"), status=1)[1]


def scenario_learn_names_lines_with_secrets(t):
    """They are named with their place, and nothing of a secret is in the rules."""
    lines, _ = shop_log(3)
    lines.insert(40, "2026-11-23 10:00:00.123 INFO  login of batch with password=hunter2secret done\n")
    log = t.write("shop.log", "".join(lines))
    out, err = t.run("learn", log)
    assert "%s:41: warning" % log in err, err
    assert "hunter2secret" not in out + err


def scenario_learn_takes_any_bytes(t):
    """A binary, one line a hundred thousand times, a line of a megabyte, nothing at all: rules that check takes, or none."""
    rnd = random.Random(5)
    for name, data in [("binary.log", rnd.randbytes(300000)), ("one.log", b"ERROR disk sda is full\n" * 100000),
                       ("long.log", b"ERROR " + b"x" * (1 << 20) + b"\nERROR short one\n"), ("empty.log", b""),
                       ("braces.log", b"ERROR {a} '{{b}}' %s \\d+ [x] #1 \"q\" \x1b[1mbold\x1b[0m \xff\xfe\n" * 3)]:
        with open(t.path(name), "wb") as f:
            f.write(data)
        out = t.run("learn", t.path(name))[0]
        t.run("check", t.write(name + ".yaml", out))
        assert name != "one.log" or "# 100000 of 100000 messages, 100.0 %%; the first is %s:1\n" % t.path(name) in out, out


def peak_bytes(t, path):
    """The most memory that learn holds."""
    env = {**t.env(), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}
    p = subprocess.Popen([t.crumbd_path, "learn", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=env)
    _, status, usage = os.wait4(p.pid, 0)
    p.returncode = status
    t.eq(status, 0)
    return usage.ru_maxrss << 10


def scenario_learn_holds_little_of_thousands_of_kinds(t):
    """A binary has a kind in each line, of which hardly one gets a rule: what each takes is what is kept of it, not more the more there are."""
    few, many = (t.path(name) for name in ("few.log", "many.log"))
    for path, size in ((few, 1000), (many, 2000000)):
        with open(path, "wb") as f:
            f.write(random.Random(6).randbytes(size))
    more = peak_bytes(t, many) - peak_bytes(t, few)
    assert more < 150 << 20, more


def with_traces(path, megabytes, frames):
    """A log of which most lines are of stack traces of so many frames, so that wherever it is cut that is within one. Returns how many traces it has."""
    rnd, written, traces = random.Random(11), 0, 0
    with open(path, "w", encoding="ascii") as f:
        while written < megabytes << 20:
            second = traces // 50
            head = "2026-11-23 %02d:%02d:%02d,%03d " % (second // 3600 % 24, second // 60 % 60, second % 60, traces % 1000)
            text = head + "ERROR [main] shop.Order: order %d failed\njava.lang.IllegalStateException: no stock\n" % rnd.randrange(10**6)
            text += "".join("\tat com.acme.shop.Part%d.step(Part%d.java:%d)\n" % (k, k, rnd.randrange(900)) for k in range(rnd.choice(frames)))
            f.write(text)
            written += len(text)
            traces += 1
    return traces


def scenario_learn_is_the_same_on_one_processor(t):
    """A log of several blocks: each trace is one message, also where it lies over two of them, and the rules do not depend on the number of threads."""
    processors = os.sched_getaffinity(0)
    for name, frames in (("long", range(30, 90)), ("short", (0, 0, 1))):
        log = t.path(name + ".log")
        traces = with_traces(log, 14, frames)
        several = t.run("learn", "--json", log)[0]
        got = json.loads(several)
        t.eq((got["messages"], got["faults"] + got["noise"] + got["untold"]), (traces, 1), "traces and kinds of them")
        os.sched_setaffinity(0, {min(processors)})
        try:
            t.eq(t.run("learn", "--json", log)[0], several)
        finally:
            os.sched_setaffinity(0, processors)


def scenario_learn_over_real_logs(t):
    """Three logs of LogHub: the rules pass check, and in their own log no line meets the rule of another cluster."""
    folder = loghub()
    for name in ("Hadoop", "Linux", "Spark"):
        log = os.path.join(folder, name + "_2k.log")
        told = t.run("learn", "--rules", t.write("none.yaml", "pack: none\nrules: []\n"), log, "-o", t.path(name + ".yaml"))[1]
        rules = int(re.search(r"(\d+) rules for what", told).group(1)) + int(re.search(r"and (\d+) for noise", told).group(1))
        covered = int(re.search(r"which match (\d+)", told).group(1))
        assert rules >= 25 and covered >= 1900, told
        assert "ok: %d rules" % rules in t.run("check", t.path(name + ".yaml"))[0]
        got = json.loads(t.run("try", "--json", "--rules", t.path(name + ".yaml"), log)[0])
        assert abs(got["matched"] - covered) <= 10, (got["matched"], covered)


def scenario_clusters_are_those_of_others(t):
    """Over eight logs whose messages others have labelled, no worse than the masks alone."""
    tool, folder = scorer(), loghub()
    learnt, masks, n = [0, 0], [0, 0], 0
    for _, path, labels in tool.logs(folder):
        numbers = t.run("learn", "--assign", path)[0].split()
        t.eq(len(numbers), len(labels))
        parsed = tool.parse(t.crumbd_path, path, len(labels), [])
        for sums, keys in ((learnt, numbers), (masks, [template for _, template in parsed])):
            accuracy, f1 = tool.score(keys, labels)
            sums[0] += accuracy
            sums[1] += f1
        n += 1
    t.eq(n, 8)
    assert learnt[0] / n >= 0.97 and learnt[1] / n >= 0.96, learnt
    assert learnt[0] >= masks[0] and learnt[1] >= masks[1], (learnt, masks)


def scenario_learn_as_json(t):
    """The same numbers, and the same rules where they go into no file."""
    log = t.write("shop.log", "".join(shop_log(1)[0]))
    got = json.loads(t.run("learn", "--json", log)[0])
    t.eq((got["messages"], got["faults"], got["noise"], got["covered"], got["secrets"]), (102, 2, 2, 102, 4))
    t.eq(got["rules"], t.run("learn", log)[0])
    told = json.loads(t.run("learn", "--json", log, "-o", t.path("shop.yaml"))[0])
    t.eq(told, {k: v for k, v in got.items() if k != "rules"})
    t.eq(open(t.path("shop.yaml"), encoding="utf-8").read(), got["rules"])
    assert "not with" in t.run("learn", "--json", "--assign", log, status=2)[1]


FAIL2BAN = r"""# 2026-11-30 10:00:00 web-1 shopd[7]: error: login of bob from 192.0.2.7
[INCLUDES]
before = common.conf
[Definition]
_daemon = shopd
prefregex = ^%(__prefix_line)serror: <F-CONTENT>.+</F-CONTENT>$
failregex = ^login of <F-USER>\S+</F-USER> from <HOST>%(__tail)s$
            ^<F-NOFAIL>connection</F-NOFAIL> from <HOST>
            ^card of (\w+\s?)+ refused by <HOST>$
            ^(unbalanced <HOST>
ignoreregex = from 127\.
maxretry = 3
findtime = 60
"""


def scenario_fail2ban_filters_become_rules(t):
    """Three refusals of one client in a minute are one event, of three clients none; what was left out is said with its line."""
    t.write("common.conf", "[DEFAULT]\n__tail = (?: port \\d+)?\n")
    given = t.write("shop.conf", FAIL2BAN)
    _, err = t.run("learn", "--from", "fail2ban", given, "-o", t.path("shop.yaml"))
    assert "1 of 3 patterns are carried over" in err, err
    for line, why in ((8, "no failure"), (9, "backtracks without end"), (10, "missing closing parenthesis")):
        assert re.search(r"shop\.conf:%d: left out: .*%s" % (line, why), err), err
    assert "ok: 1 rules, 1 samples" in t.run("check", t.path("shop.yaml"))[0]
    lines = ["Nov 30 10:00:%02d web-1 shopd[7]: error: login of u%d from %s port %d\n" % (n, n, client, 4000 + n)
             for n, client in enumerate(["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.2", "127.0.0.1", "127.0.0.1", "127.0.0.1", "198.51.100.2"])]
    log = t.write("shop.log", "".join(lines))
    events = [json.loads(x) for x in t.run("try", "--events", "--rules", t.path("shop.yaml"), log)[0].splitlines()]
    t.eq([e["level"] for e in events if e["fingerprint"][0] == "shop"], ["warning"])
    t.eq(len(events), 1 + 3, "what ignoreregex leaves out is no rule's")
    got = json.loads(t.run("learn", "--from", "fail2ban", "--json", given)[0])
    t.eq((got["read"], got["written"], sorted(n["line"] for n in got["notes"])), (3, 1, [8, 9, 10]))
    t.eq(got["rules"].split("\n", 1)[1], open(t.path("shop.yaml"), encoding="utf-8").read().split("\n", 1)[1])


def scenario_grok_and_fluent_bit_become_rules(t):
    """What they name of a line is a tag of the event that another rule makes of it; the line is read as crumbd reads it."""
    grok = t.write("shop.grok", "# 2026-11-30 10:00:00 order 7 of bob failed at pay-3\nPAYHOST pay-%{INT}\nSHOP order %{INT:order} of %{USERNAME:customer} failed at %{PAYHOST:backend}\nBAD %{NOSUCH:x}\n")
    fluent = t.write("parsers.conf", "[PARSER]\n    Name shop\n    Format regex\n    Regex ^(?<at>[^ ]+ [^ ]+) (?<level>[A-Z]+) order (?<order>\\d+) of (?<customer>\\S+) failed at (?<backend>.*)$\n"
                     "    Time_Key at\n    Time_Format %Y-%m-%d %H:%M:%S\n[PARSER]\n    Name docker\n    Format json\n")
    log = t.write("shop.log", "2026-11-30 10:00:00 ERROR order 4711 of alice failed at pay-9\n")
    for kind, path, says in (("grok", grok, "NOSUCH"), ("fluent-bit", fluent, "parsers.conf:7: docker: the format json needs no rule")):
        rules = t.path(kind + ".yaml")
        _, err = t.run("learn", "--from", kind, path, "-o", rules)
        assert says in err, err
        t.run("check", rules)
        event = json.loads(t.run("try", "--events", "--rules", rules, log)[0])
        t.eq({k: event["tags"][k] for k in ("order", "customer", "backend")}, {"order": "4711", "customer": "alice", "backend": "pay-9"}, kind)
    with open(t.path("grok.yaml"), encoding="utf-8") as f:
        assert "2026-11-30 10:00:00 order 7 of bob failed at pay-3" in f.read(), "the line of the comment is the sample"
    assert "did you mean fail2ban" in t.run("learn", "--from", "fail2bann", grok, status=2)[1]


def scenario_imports_take_any_bytes(t):
    """Files that are none, too large, one line again and again, or names without end: an answer, soon, and a file that check takes."""
    rnd = random.Random(5)
    texts = {"binary": rnd.randbytes(300000), "zero": b"\0" * 100000, "empty": b"",
             "names": b"[Definition]\n" + b"".join(b"a%d = %%(a%d)s%%(a%d)s<a%d>\n" % (i, i + 1, i + 1, i + 1) for i in range(400)) + b"failregex = %(a0)s <HOST>\n",
             "many": b"[Definition]\nfailregex = x\n" + b"  ^refused by <HOST> with \\w+\n" * 600,
             "grok": b"".join(b"P%d order %%{INT:n} %%{P%d:p}\n" % (i, i + 1) for i in range(700)),
             "deep": b"[PARSER]\nName x\nRegex " + b"(?<a>" * 3000 + b")" * 3000 + b"\n"}
    env = t.env(CRUMBD_DATA=t.dir) # without the grammars of traces, whose samples take longer
    for name, text in texts.items():
        path = t.write(name + ".conf", text)
        for kind in ("fail2ban", "grok", "fluent-bit"):
            out = t.path("%s-%s.yaml" % (name, kind))
            t.run("learn", "--from", kind, path, "-o", out, status=None, ceiling_s=60)
            t.run("check", out, env=env)
    large = t.write("large.conf", b"x y\n" * 400000)
    assert "large.conf" in t.run("learn", "--from", "grok", large, status=1)[1]
