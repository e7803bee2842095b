#!/usr/bin/env python3
"""log_writer: numbers its lines and rotates its log as fast as it can.

    tests/tools/log_writer.py [--how rename|shift|copytruncate|old] [--lines N] [--keep N] [--gzip] [--seed N] [--pause S] PATH

Whoever tests something else calls `rotate` between two lines of his own; `Writer` is a thread that does both. What lies in the folder at the
end holds each number from 0 to N - 1 once, with `keep` as far as that has not been deleted.

    rename        PATH becomes PATH.SERIAL: no name is used twice
    shift         PATH.1 becomes PATH.2, and so on, as logrotate does it
    copytruncate  the same names, but PATH is copied and cut to nothing, between two lines
    old           PATH.old becomes PATH~, PATH becomes PATH.old: nothing older is kept
"""
import argparse
import gzip
import os
import random
import shutil
import sys
import threading
import time


def pack(path, keep_time=True):
    """As gzip does it: the name that is not compressed goes last. The kubelet and Docker keep no time."""
    st = os.stat(path)
    with open(path, "rb") as f, gzip.open(path + ".gz", "wb", compresslevel=1) as to:
        shutil.copyfileobj(f, to)
    if keep_time:
        os.utime(path + ".gz", ns=(st.st_atime_ns, st.st_mtime_ns))
    os.unlink(path)


def shift(path, keep):
    """PATH.1 to PATH.keep go one up; the last is deleted. Gaps end it."""
    n = 1
    while n < keep and any(os.path.exists("%s.%d%s" % (path, n, end)) for end in ("", ".gz")):
        n += 1
    for i in range(n, 0, -1):
        for end in ("", ".gz"):
            name = "%s.%d%s" % (path, i, end)
            if not os.path.exists(name):
                continue
            if i >= keep:
                os.unlink(name)
            else:
                os.rename(name, "%s.%d%s" % (path, i + 1, end))


def rotate(path, how="rename", keep=1 << 30, compress=False, serial=0, rnd=random):
    """One rotation; the caller opens the log anew after it, but for copytruncate. Returns the name of what was put aside."""
    first = path + ".1"
    if how == "rename":
        first = "%s.%d" % (path, serial)
        os.rename(path, first)
    elif how == "shift":
        shift(path, keep)
        os.rename(path, first)
    elif how == "copytruncate":
        shift(path, keep)
        shutil.copyfile(path, first)
        os.truncate(path, 0)
    else:
        first = path + ".old"
        if os.path.exists(first):
            os.rename(first, path + "~")
        os.rename(path, first)
    if compress:
        pack(first, rnd.random() < 0.5)
    return first


class Writer(threading.Thread):
    """Writes lines 0 to n - 1, made by line(number), and rotates after every few; `hold` keeps it between two of its steps."""

    def __init__(self, path, n, line, how="rename", seed=1, most=20, pause_s=0.0, **rotation):
        super().__init__(daemon=True)
        self.path, self.n, self.line, self.how, self.most, self.pause_s, self.rotation = path, n, line, how, most, pause_s, rotation
        self.rnd, self.written, self.rotations, self.failed = random.Random(seed), 0, 0, None
        self.hold = threading.Lock()
        self.out = open(path, "ab", buffering=0)

    def step(self):
        count = min(self.n - self.written, self.rnd.randrange(1, self.most))
        data = "".join(self.line(self.written + i) for i in range(count)).encode()
        cut = self.rnd.randrange(len(data))  # a line may be half there
        self.out.write(data[:cut])
        self.out.write(data[cut:])
        self.written += count
        if self.rotation.get("keep") != 0:
            self.rotations += 1
            rotate(self.path, self.how, serial=self.rotations, rnd=self.rnd, **self.rotation)
            if self.how != "copytruncate":
                self.out.close()
                self.out = open(self.path, "ab", buffering=0)

    def run(self):
        try:
            while self.written < self.n:
                with self.hold:
                    self.step()
                time.sleep(self.pause_s)
        except OSError as e:
            self.failed = e
        self.out.close()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--how", default="rename", choices=["rename", "shift", "copytruncate", "old"])
    p.add_argument("--lines", type=int, default=10000)
    p.add_argument("--keep", type=int, default=1 << 30)
    p.add_argument("--gzip", action="store_true")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--pause", type=float, default=0)
    p.add_argument("path")
    args = p.parse_args()
    w = Writer(args.path, args.lines, "%d line number\n".__mod__, args.how, args.seed, pause_s=args.pause, keep=args.keep, compress=args.gzip)
    w.run()
    print("%d lines, %d rotations" % (w.written, w.rotations))
    return 1 if w.failed else 0


if __name__ == "__main__":
    sys.exit(main())
