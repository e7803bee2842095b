"""oracle: what has to hold at the end of a run. It knows what was written from the writers and what arrived from the stand-in;
of crumbd's own numbers it uses only the losses that it names."""
import collections
import hashlib
import json
import os
import sqlite3
import time

import harness
import standin
from harness import Failure

from torture.world import number_of

STALL_S, RETRY_S, CEILING_S = 30, 5, 240
SHOWN = 10


def missing(w):
    return w.numbers.written - w.arrived.keys()


def wait_for_all(w):
    """Until every number has arrived, or none for so long although crumbd was told to try."""
    end = time.monotonic() + CEILING_S
    w.arrived_at = told = time.monotonic()
    while missing(w) and time.monotonic() < min(end, w.arrived_at + STALL_S):
        if not w.alive:
            raise Failure("crumbd ended by itself with %s:\n%s" % (w.daemon.p.returncode, w.daemon.err[-2000:]))
        if time.monotonic() - max(told, w.arrived_at) > RETRY_S:
            told = time.monotonic()
            w.t.run("queue", "retry", "-c", w.config_path, status=None)
        w.up.wait(lambda: not missing(w), 0.2)


class Arrived:
    """What lies in the stand-in's folder: by event id its number, how often it came, and whether always with the same bytes."""

    def __init__(self, up):
        self.ids, self.times, self.bytes, self.differ = {}, collections.Counter(), {}, []
        for path in up.files:
            with open(path, "rb") as f:
                for head, payload in standin.parse_envelope(f.read())[1]:
                    if head.get("type") == "event":
                        self.take(payload)

    def take(self, payload):
        event = json.loads(payload)
        key, hashed = event["event_id"], hashlib.sha256(payload).digest()
        self.times[key] += 1
        if key not in self.bytes:
            self.bytes[key], self.ids[key] = hashed, number_of(event)
        elif self.bytes[key] != hashed:
            self.differ.append(key)

    @property
    def again(self):
        return sum(n - 1 for n in self.times.values())


def totals(path):
    """The counts of all runs that a store has, also of those that were killed."""
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        return dict(db.execute("SELECT name, value FROM count"))
    finally:
        db.close()


def judge(w):
    """After the last crumbd has ended well: a dictionary of figures; raises Failure with what is wrong."""
    arrived, written = Arrived(w.up), w.numbers.written
    ledger = totals(w.store)
    gone = sorted(written - set(arrived.ids.values()))
    by_number = collections.Counter(arrived.ids.values())
    doubled = sorted(n for n, times in by_number.items() if times > 1 and n is not None)
    foreign = sorted(str(n) for n in by_number if n not in written)
    wrong = []
    if gone:
        wrong += ["%d of %d numbers are missing" % (len(gone), len(written))] + ["  " + w.numbers.place(n) for n in gone[:SHOWN]]
    if doubled:
        wrong += ["%d numbers came under more than one event id: %s" % (len(doubled), doubled[:SHOWN])]
    if foreign:
        wrong += ["%d events are of nothing that was written: %s" % (len(foreign), foreign[:SHOWN])]
    if arrived.differ:
        wrong += ["%d events came again with other bytes: %s" % (len(arrived.differ), arrived.differ[:SHOWN])]
    wrong += unbalanced(w, ledger)
    figures = {"numbers": len(written), "missing": len(gone), "doubled": len(doubled), "again": arrived.again,
               "starts": sum(isinstance(p, harness.Daemon) for p in w.t.programs)}
    if wrong:
        raise Failure("\n".join(wrong + ["the ledger of all runs: %s" % json.dumps(ledger), json.dumps(figures)]))
    return figures


def unbalanced(w, ledger):
    """What does not agree over all runs: as many lines read as were written, and by crumbd's two entries for each."""
    arrived = len(w.arrived)
    pairs = [("lines read, and their fates", ledger.get("lines_in", 0), harness.total(ledger, "FATE")),
             ("events made, and stored or lost", harness.total(ledger, "MADE"), harness.total(ledger, "BECAME")),
             ("lines written, and read", len(w.numbers.written), ledger.get("lines_in", 0) - ledger.get("read_twice", 0)),
             ("numbers that arrived, and were sent", arrived, ledger.get("sent", 0))]
    return ["the ledger does not balance: %s: %d and %d" % pair for pair in pairs if pair[1] != pair[2]]
