"""writing: threads that write numbered errors, and remember of each number when it went where."""
import collections
import os
import random
import threading
import time

from harness import nginx_line

Place = collections.namedtuple("Place", "source part offset time")


class Numbers:
    """Hands out numbers from 1, and knows where each was written. Any thread."""

    def __init__(self, most):
        self.most, self.lock, self.places = most, threading.Lock(), []

    def take(self, n):
        """The first of up to n new numbers, and how many there are: 0 when so many have been written as may be."""
        with self.lock:
            first = len(self.places) + 1
            n = max(0, min(n, self.most - len(self.places)))
            self.places += [None] * n
            return first, n

    def put(self, number, source, part, offset):
        self.places[number - 1] = Place(source, part, offset, time.time())

    def give_back(self, number):
        """It was not written after all, and nobody may see it."""
        self.places[number - 1] = False

    @property
    def written(self):
        with self.lock:
            return {n for n, place in enumerate(self.places, 1) if place}

    def of(self, kind):
        return {n for n in self.written if self.places[n - 1].source.kind == kind}

    def place(self, number):
        place = self.places[number - 1]
        return "number %d: %s at %d" % (number, place.source.name_of(place.part), place.offset)


class LogWriter(threading.Thread):
    """Appends to a log as a program does that may be told to reopen it. A part is one file, whatever it is called meanwhile."""

    kind = "file"

    def __init__(self, numbers, path, seed, block=40, pause_s=0.02, pad=0):
        super().__init__(daemon=True)
        self.numbers, self.path, self.rnd = numbers, path, random.Random(seed)
        self.block, self.pause_s, self.pad = block, pause_s, pad
        self.over, self.lock = threading.Event(), threading.RLock()
        self.halves = False  # lines come in pieces, with pauses between
        self.names, self.rotations, self.reopen_at = [], 0, None
        self.reopen()

    def name_of(self, part):
        return os.path.basename(self.names[part])

    # --- what a program does

    def run(self):
        while not self.over.is_set():
            with self.lock:
                if self.reopen_at is not None and time.monotonic() >= self.reopen_at:
                    self.reopen()
                if not self.write(self.rnd.randrange(1, self.block)):
                    return
            self.over.wait(self.pause_s * self.rnd.random() * 2)

    def end(self):
        self.over.set()
        self.join()
        self.f.close()

    def reopen(self):
        with self.lock:
            if self.reopen_at is not None or not self.names:
                if self.names:
                    self.f.close()
                self.f = open(self.path, "ab", buffering=0)
                self.names.append(self.path)
                self.reopen_at = None

    def line(self, number):
        return nginx_line(number, when=self.now(), text=PADDED % ("x" * self.rnd.randrange(self.pad)) if self.pad else REFUSED).encode()

    def now(self):
        return None

    def write(self, n):
        first, n = self.numbers.take(n)
        offset, data = os.fstat(self.f.fileno()).st_size, []
        for number in range(first, first + n):
            data.append(self.line(number))
            self.numbers.put(number, self, len(self.names) - 1, offset)
            offset += len(data[-1])
        self.write_bytes(b"".join(data))
        return n

    def write_bytes(self, data):
        """In one write, or as if each of some had waited for a disk."""
        cuts = sorted(self.rnd.sample(range(1, len(data)), 2)) if self.halves and len(data) > 2 else []
        for begin, end in zip([0] + cuts, cuts + [len(data)]):
            self.f.write(data[begin:end])
            if cuts:
                self.over.wait(self.rnd.random() * 0.05)

    # --- what logrotate does

    def renamed(self, old, new):
        """A file of this log goes by another name; what had that name is gone."""
        os.rename(old, new)
        self.names = [name and (new if name == old else "gone (was %s)" % name if name == new else name) for name in self.names]

    def rotate(self, name=None, late_s=0.0):
        """Renames the log, to error.log.N unless a name is given; the program reopens it so much later."""
        with self.lock:
            if self.reopen_at is not None:
                self.reopen()
            self.rotations += 1
            new = self.path + (name or ".%d" % self.rotations)
            self.renamed(self.path, new)
            self.reopen_at = time.monotonic() + late_s
            if not late_s:
                self.reopen()
            return new


REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"
PADDED = REFUSED + " %s"
