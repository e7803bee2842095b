"""fates: what `crumbd where` says of the lines that were written, held against what arrived."""
import glob
import gzip
import json
import os

from torture.world import FOREIGN, NUMBER

MOST, SHOWN = 10000, 5


def lines(path):
    """Of each line with a number: the number, where it begins and where it ends."""
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
        data = f.read()
    begin = 0
    while begin < len(data):
        end = (data.find(b"\n", begin) + 1) or len(data)
        found = NUMBER.search(data[begin:end].decode("utf-8", "replace"))
        if found and int(found.group(1)) < FOREIGN:
            yield int(found.group(1)), begin, end
        begin = end


def wrong(w, ids):
    """What is wrong with the answers about at most MOST lines, chosen at random; ids: by event id the number of its line."""
    asked = [(path, w.rnd.randrange(begin, end), number) for path in sorted(glob.glob(w.t.path("logs", "*"))) for number, begin, end in lines(path)]
    asked = w.rnd.sample(asked, min(MOST, len(asked)))
    words = ["%s:%d" % (path, offset) for path, offset, _ in asked]
    out, _ = w.t.run("where", "--json", "--store", w.store, *words, status=None) if words else ("", "")
    answers = {}
    for line in out.splitlines():
        answer = json.loads(line)
        answers.setdefault((answer["file"], answer["offset"]), []).append(answer)
    faults = []
    for path, offset, number in asked:
        got = answers.get((path, offset), [])
        fates = {(a["fate"], a.get("event_id")) for a in got}  # a byte may have been asked for twice
        if len(fates) != 1 or got[0]["fate"] != "event" or ids.get(got[0]["event_id"]) != number:
            faults.append("number %d, %s at %d: where says %s" % (number, os.path.relpath(path, w.t.dir), offset, got[:2]))
    return ["%d of %d lines have no one answer, or a wrong one" % (len(faults), len(asked))] + ["  " + f for f in faults[:SHOWN]] if faults else []
