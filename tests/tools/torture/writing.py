"""writing: threads that write numbered errors, and remember of each number when it went where."""
import collections
import glob
import os
import random
import shutil
import threading
import time

from harness import REFUSED, Failure, nginx_line

REOPEN_S = 20

Place = collections.namedtuple("Place", "source at time")  # at: the offset in a log, the how manieth message of a sender


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

    def put(self, number, source, at, when=None):
        self.places[number - 1] = Place(source, at, time.monotonic() if when is None else when)

    def give_back(self, number):
        """Nobody can know whether it was taken."""
        self.places[number - 1] = None

    def __len__(self):
        return len(self.places)

    @property
    def written(self):
        """Those that must arrive."""
        with self.lock:
            return {n for n, place in enumerate(self.places, 1) if place}


class LogWriter(threading.Thread):
    """Appends to a log as a program does that can be told to reopen it, a few lines at a time."""

    on_disk = True

    def __init__(self, numbers, path, seed, block=40, pad=0, halves=False):
        super().__init__(daemon=True)
        self.numbers, self.path, self.rnd = numbers, path, random.Random(seed)
        self.block, self.pad, self.halves = block, pad, halves
        self.over, self.lock = threading.Event(), threading.RLock()
        self.suffix, self.rotations, self.reopen_at = ".%d", 0, None
        self.f = None
        self.open()

    # --- what a program does

    def run(self):
        while not self.over.is_set():
            with self.lock:
                if self.reopen_at is not None and time.monotonic() >= self.reopen_at:
                    self.reopen()
                if not self.write(self.rnd.randrange(1, self.block)):
                    return
            self.over.wait(0.04 * self.rnd.random())

    def end(self):
        self.over.set()
        self.join()

    def open(self):
        if self.f:
            self.f.close()
        self.f = open(self.path, "ab", buffering=0)

    def reopen(self):
        self.reopen_at = None
        self.open()

    def line(self, number):
        return nginx_line(number, text=REFUSED + (" " + "x" * self.rnd.randrange(self.pad) if self.pad else "")).encode()

    def write(self, n, between=None):
        """How many lines it was allowed to write. between: what happens in the middle of a line."""
        first, n = self.numbers.take(n)
        at, data = os.fstat(self.f.fileno()).st_size, []
        for number in range(first, first + n):
            data.append(self.line(number))
            self.numbers.put(number, self, at)
            at += len(data[-1])
        if n:
            self.write_bytes(b"".join(data), between or (lambda: self.over.wait(self.rnd.random() * 0.05)), between or self.halves)
        return n

    def write_bytes(self, data, between, pieces):
        cut = self.rnd.randrange(1, len(data)) if pieces else len(data)
        self.f.write(data[:cut])
        if pieces:
            between()
            self.f.write(data[cut:])

    # --- what is done to the log

    def rotated(self):
        """What the log has been renamed to, or copied or compressed."""
        return sorted(set(glob.glob(self.path + "?*")))

    def rotate(self, name=None, late_s=0.0):
        """Renames it, to error.log.N unless another name is given; the program reopens it so much later. -> the new name"""
        with self.lock:
            if self.reopen_at is not None:
                self.reopen()
            self.rotations += 1
            new = self.path + (name or self.suffix % self.rotations)
            os.rename(self.path, new)
            self.reopen_at = time.monotonic() + late_s
            if not late_s:
                self.reopen()
            return new

    def copy_and_truncate(self):
        """Nothing is written between the two: what logrotate would lose there is not crumbd's."""
        with self.lock:
            if self.reopen_at is not None:
                self.reopen()
            self.rotations += 1
            new = self.path + self.suffix % self.rotations
            shutil.copyfile(self.path, new)
            os.truncate(self.path, 0)
            return new


class NginxWriter(LogWriter):
    """nginx writes them: each number is a request for which no upstream is there."""

    def __init__(self, numbers, nginx, seed):
        self.nginx, self.connection = nginx, nginx.connection()
        super().__init__(numbers, nginx.error_log, seed, block=20)

    def open(self):
        """SIGUSR1, and the workers have it: one that found it renamed again could not make it anew, and would say so. At first it is there."""
        end = time.monotonic() + REOPEN_S
        while not os.path.exists(self.path) or not all(map(self.has_it, self.nginx.workers())):
            self.nginx.reopen()
            self.over.wait(0.02)
            if time.monotonic() > end:
                raise Failure("nginx does not reopen its log")

    def has_it(self, pid):
        folder = "/proc/%d/fd" % pid
        try:
            return any(os.readlink(os.path.join(folder, fd)) == os.path.realpath(self.path) for fd in os.listdir(folder))
        except OSError:
            return False  # it is just closing the old one

    def write(self, n, between=None):
        first, n = self.numbers.take(n)
        for number in range(first, first + n):
            at = os.stat(self.path).st_size if os.path.exists(self.path) else 0
            self.numbers.put(number, self, at)
            status = self.nginx.get("/item/%d" % number, connection=self.connection)
            if status != 502:
                raise Failure("nginx answers %s" % status)
            if between:
                between()
        return n
