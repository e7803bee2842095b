"""crumbd learn: rules from a log, and what they are held against."""
import importlib.machinery
import importlib.util
import json
import os
import random
import re

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


# Each kind has its lines, and what must become of them.
SHOP = [
    ("fault", "ERROR order {n} of {who}: the card was declined by {host}", 7),
    ("fault", "WARN  cannot reach stock service at {host}:{n}, {k} tries left", 5),
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
