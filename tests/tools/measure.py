#!/usr/bin/env python3
"""measure [--table|--limits|--check|--self-test] [TOP]: sizes and complexity of the sources, by room.

--table (the default) prints the table of CONTRIBUTING.md; --limits prints the functions whose complexity is above MOST, for
tests/complexity; --check fails on a function above MOST that is not in that file, or above its number there, and on a number
that is higher than it need be: so it can only get better. --self-test shows that --check can fail. Needs universal-ctags (where
functions begin and end, which are static) and pmccabe (complexity, McCabe's with a switch counted as one).
"""
import collections
import os
import re
import shutil
import subprocess
import sys

MOST = 20  # complexity of one function
ROOMS = [("base", "src/base"), ("text", "src/text"), ("parsers", "parsers"), ("core", "src/core"), ("io", "src/io"), ("app", "src/app")]
Function = collections.namedtuple("Function", "name file lines complexity static")
ROW = "| %-7s | %5s | %6s | %10s | %9s | %7s | %14s | %15s | %7s | %7s | %6s |"
HEAD = ("room", "files", "lines", "longest .c", "functions", "over 40", "median/p95/max", "most complex", "over 10", "over 20", "shared")


def run(top, *words):
    return subprocess.run(words, cwd=top, check=True, capture_output=True, text=True).stdout.splitlines()


def sources(top, folder):
    return sorted(os.path.join(folder, n) for n in os.listdir(os.path.join(top, folder)) if n.endswith(".c"))


def functions(top, files):
    hard = {}
    for line in run(top, "pmccabe", *files):
        m = re.match(r"(\d+)\t\d+\t\d+\t(\d+)\t\d+\t(.*)\(\d+\): (\w+)$", line)
        if m:
            hard[m.group(3), m.group(4)] = max(int(m.group(1)), hard.get((m.group(3), m.group(4)), 0))
    for line in run(top, "ctags", "--languages=C", "--c-kinds=f", "--fields=+ne", "-x", "--_xformat=%N %F %n %e %{file}", *files):
        name, file, first, last, *local = line.split()
        yield Function(name, file, int(last) - int(first) + 1, hard.get((file, name), 1), bool(local))


def lines(top, file):
    with open(os.path.join(top, file), encoding="utf-8") as f:
        return sum(1 for _ in f)


def share(part, whole):
    return "%.1f %%" % (100 * part / whole if whole else 0)


def row(top, name, files):
    found = list(functions(top, files))
    long = sorted(f.lines for f in found)
    sizes = [lines(top, f) for f in files]
    where = collections.defaultdict(set)
    for f in found:
        if f.static:
            where[f.name].add(f.file)
    at = lambda part: long[min(len(long) - 1, int(len(long) * part))]
    return ROW % (name, len(files), sum(sizes), max(sizes), len(found), share(sum(n > 40 for n in long), len(long)),
                  "%d/%d/%d" % (at(0.5), at(0.95), long[-1]), max(f.complexity for f in found),
                  share(sum(f.complexity > 10 for f in found), len(found)), sum(f.complexity > MOST for f in found),
                  sum(len(files) > 1 for files in where.values()))


def table(top):
    print(ROW % HEAD)
    print(re.sub(r"[^|]", "-", ROW % HEAD))
    everything = []
    for name, folder in ROOMS:
        everything += sources(top, folder)
        print(row(top, name, sources(top, folder)))
    print(row(top, "all", everything))


def hardest(top):
    """"FILE NAME" of each function above MOST: its complexity."""
    files = [f for _, folder in ROOMS for f in sources(top, folder)]
    return {"%s %s" % (f.file, f.name): f.complexity for f in functions(top, files) if f.complexity > MOST}


def judge(found, limits):
    for name in sorted(found):
        if name not in limits:
            yield "%s: complexity %d is over %d; take it apart" % (name, found[name], MOST)
        elif found[name] > limits[name]:
            yield "%s: complexity %d, it was %d; take it apart" % (name, found[name], limits[name])
    for name in sorted(limits):
        if found.get(name, 0) < limits[name]:
            yield "%s: complexity %s, lower than its limit %d: write that down (tests/tools/measure.py --limits >tests/complexity)" % (
                name, found.get(name, "at most %d" % MOST), limits[name])


def read_limits(top):
    with open(os.path.join(top, "tests", "complexity"), encoding="utf-8") as f:
        rows = [line.split() for line in f if line.strip() and not line.startswith("#")]
    return {"%s %s" % (file, name): int(number) for number, file, name in rows}


def self_test():
    cases = [({"a.c f": 30}, {"a.c f": 30}, None), ({}, {}, None), ({"a.c f": 21}, {}, "is over 20"),
             ({"a.c f": 31}, {"a.c f": 30}, "it was 30"), ({"a.c f": 29}, {"a.c f": 30}, "write that down"),
             ({}, {"a.c f": 30}, "write that down")]
    for found, limits, want in cases:
        got = list(judge(found, limits))
        assert not got if want is None else len(got) == 1 and want in got[0], (found, limits, want, got)


def main(args):
    for tool in ("ctags", "pmccabe"):
        if not shutil.which(tool):
            print("SKIP measure: no %s (contrib/install-packages test)" % tool)
            return 77
    if "Universal Ctags" not in run(".", "ctags", "--version")[0]:
        print("SKIP measure: ctags is not universal-ctags")
        return 77
    top = next((a for a in args if not a.startswith("-")), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    if "--self-test" in args:
        self_test()
    if "--limits" in args:
        print("# Functions above the complexity that a function may have (tests/tools/measure.py): a number only goes down, a row only goes.")
        for name, number in sorted(hardest(top).items()):
            print("%d %s" % (number, name))
    elif "--check" in args or "--self-test" in args:
        faults = list(judge(hardest(top), read_limits(top)))
        print("\n".join(faults + ["measure: %d faults" % len(faults)]))
        return 1 if faults else 0
    else:
        table(top)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
