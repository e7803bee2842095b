"""oracle: what has to hold at the end of a run. It knows what was written from the writers, and what arrived from the stand-in;
of crumbd's own numbers it uses the losses that it names, and that its two entries agree."""
import collections
import glob
import gzip
import hashlib
import json
import os
import sqlite3
import time

import harness
import standin
from harness import Failure

from torture import fates
from torture import where
from torture.world import number_of

# No number for so long, although crumbd was told to try, and it will not come. The longest limit of an answer is shorter.
STALL_S, RETRY_S, CEILING_S = 30, 5, 180
SHOWN = 10
# Losses of messages that were read from no file, of files, and of a store that was damaged.
NETWORK = ("udp_kernel_drops", "unread", "input_overflow", "store_overflow", "unstored", "rate_limited", "connections_memory")
FILES = ("files_gone_unread", "rotation_gap")
STORE = ("store_lost", "damaged")


def missing(w):
    return w.numbers.written - w.arrived.keys()


def wait_for_all(w):
    """Until every number has arrived, or none for so long although crumbd was told to try."""
    began, told = time.monotonic(), None
    while missing(w) - w.at_risk - w.deleted or time.monotonic() < began + (RETRY_S if missing(w) else 0):
        now = time.monotonic()
        last = max([began] + list(w.arrived_at.values())[-1:])
        if now > min(began + CEILING_S, last + STALL_S):
            return
        if not w.alive:
            raise Failure("crumbd ended by itself with %s:\n%s" % (w.daemon.p.returncode, w.daemon.err[-2000:]))
        if told is None or now - max(told, last) > RETRY_S:  # at once: dead letters may be all that is missing
            told = now
            w.t.run("queue", "retry", "-c", w.config_path, status=None, env=w.t.env(**w.env))
        w.over.wait(0.1)  # not at each request: that would hold up what is waited for


class Arrived:
    """What lies in the stand-in's folder: by event id its number, how often it came, and whether always with the same bytes."""

    def __init__(self, up):
        self.ids, self.times, self.hashes, self.differ = {}, collections.Counter(), {}, set()
        for path in up.files:
            with open(path, "rb") as f:
                for head, payload in standin.parse_envelope(f.read())[1]:
                    if head.get("type") == "event":
                        self.take(payload)

    def take(self, payload):
        event = json.loads(payload)
        key, hashed = event["event_id"], hashlib.sha256(payload).digest()
        self.times[key] += 1
        if key not in self.hashes:
            self.hashes[key], self.ids[key] = hashed, number_of(event)
        elif self.hashes[key] != hashed:
            self.differ.add(key)

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


def left_to_send(w, arrived):
    """How many events are in the store at the end. First those that arrived: crumbd was killed before it had the answer, and ended before it sent
    them again. Then the others: nobody waits for lines of a file that was deleted."""
    db = sqlite3.connect("file:%s?mode=ro" % w.store, uri=True)
    try:
        ids = [row[0].hex() for row in db.execute("SELECT event_id FROM event WHERE state = 1")]
    finally:
        db.close()
    again = sum(i in arrived.ids for i in ids)
    return again, len(ids) - again


def logs(w):
    """Every file that a log is or was, with what is in it."""
    for path in sorted(glob.glob(w.t.path("logs", "*")) + glob.glob(w.t.path("nginx", "logs", "error.log*"))):
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
            yield path, f.read()


def find(w, number):
    """Where it stands now."""
    word, place = b"/item/%d HTTP" % number, w.numbers.places[number - 1]
    for path, data in logs(w):
        if word in data:
            at = data.rfind(b"\n", 0, data.index(word)) + 1
            return "  number %d, written at %.3f s: %s at %d" % (number, place.time - w.began, os.path.relpath(path, w.t.dir), at)
    return "  number %d, written at %.3f s: in no file; %s, %d" % (number, place.time - w.began, getattr(place.source, "scheme", "log"), place.at)


def lost_unnamed(w, gone, ledger):
    """Of what is missing, what no counter and no trouble of this run stands for."""
    def named(names):
        return sum(ledger.get(name, 0) for name in names)
    lost = gone - w.at_risk
    if named(FILES):
        lost -= w.deleted
    if len(lost & w.in_store) <= named(STORE):
        lost -= w.in_store
    if not any(w.numbers.places[n - 1].source.on_disk for n in lost) and len(lost) <= named(NETWORK):
        lost = set()
    return lost


def dropped_dead(w, lost, ledger):
    """Dead letters make room on a full disk. Each was read, and is named as refused."""
    return lost if w.small_disk and len(lost) <= ledger.get("dead", 0) - ledger.get("requeued", 0) else set()


def judge(w):
    """After the last crumbd has ended well: a dictionary of figures; raises Failure with all that is wrong."""
    arrived, written, ledger = Arrived(w.up), w.numbers.written, totals(w.store)
    by_number = collections.Counter(arrived.ids.values())
    gone = written - by_number.keys()
    lost = lost_unnamed(w, gone, ledger)
    dropped = dropped_dead(w, lost, ledger)
    lost = lost - dropped
    doubled = {n for n, times in by_number.items() if times > 1 and n not in w.in_store}
    foreign = {str(n) for n in by_number if n is None or not 0 < n <= len(w.numbers)}
    wrong = told("%d numbers are missing", lost, lambda n: find(w, n)) + told(
        "%d numbers came under more than one event id", doubled, lambda n: find(w, n)) + told(
        "%d events are of nothing that was written", foreign)
    if len(arrived.differ) > made_again(arrived, ledger):
        wrong += told("%d events came again with other bytes", arrived.differ)
    asked, answers = (0, []) if w.damaged or w.copies else where.ask(w, arrived, dropped, logs(w))
    wrong += told("%d lines have no answer, or a wrong one", answers)
    wrong += ["the ledger does not balance: %s: %d and %d" % pair for pair in pairs(w, ledger, arrived, gone - dropped) if pair[1] != pair[2]]
    figures = {"numbers": len(written), "lost": len(lost), "named": len(gone) - len(lost), "doubled": len(doubled), "again": arrived.again,
               "starts": w.starts, "asked": asked}
    if wrong:
        raise Failure("\n".join(wrong + ["the ledger of all runs: %s" % json.dumps(ledger), json.dumps(figures)]))
    return figures


def told(what, which, tell=lambda x: "  %s" % x):
    return [what % len(which)] + [tell(x) for x in sorted(which)[:SHOWN]] if which else []


def made_again(arrived, ledger):
    """What was stored ahead of its checkpoint and delivered before the end is made, stored and delivered once more, under its old id."""
    return max(0, min(ledger.get("sent", 0) - len(arrived.ids), arrived.again, ledger.get("stored_ahead", 0)))


def refused_again(arrived, left, ledger):
    """What arrived, but for whose answer crumbd was no longer there, may be refused when it is sent again."""
    return max(0, min(len(arrived.ids) - left - ledger.get("sent", 0), ledger.get("dead", 0)))


def pairs(w, ledger, arrived, gone):
    """What must agree over all runs: crumbd's two entries for lines and events, and what was read and sent with what was written and arrived.
    A damaged store goes on with counts that may be older than its rows and its lines: of that only events are in two entries."""
    events = ("events made, and stored or lost", harness.total(ledger, "MADE"), harness.total(ledger, "BECAME"))
    if w.damaged:
        return [events]
    left, unsent = left_to_send(w, arrived)
    found = [("lines read, and their fates", ledger.get("lines_in", 0), harness.total(ledger, "FATE")), events,
             ("events that arrived, and were sent or are left to be sent again", len(arrived.ids),
              ledger.get("sent", 0) - made_again(arrived, ledger) + refused_again(arrived, left, ledger) + left)]
    if not w.senders:
        written = len(w.numbers.written) - len(gone) + unsent
        read = ledger.get("lines_in", 0) - sum(ledger.get(n, 0) for n in ("read_twice", "read_again", "held_again"))
        # What went ahead of its checkpoint, and whose file was deleted before it was read again, arrived and was never counted as read.
        if w.deleted:
            read += max(0, min(written - read, ledger.get("stored_ahead", 0) - ledger.get("stored_before", 0)))
        found.append(("lines written, and read", written, read))
    return found
