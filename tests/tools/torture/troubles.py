"""troubles: what is done to crumbd and to what is around it.

A kind is a class; `prepare` comes before anything is started, `act` does it once, somewhere in it, and says what it did; `heal` ends
what must not last. `cannot` says why it cannot be done here. What a kind excuses, it tells the world: numbers `at_risk`.
"""
import gzip
import os
import shutil
import signal
import subprocess
import threading

import nginx

from torture import network, writing
from torture.answers import ANSWERS


class Trouble:
    name = None

    @classmethod
    def cannot(cls, crumbd):
        return None

    def prepare(self, w):
        pass

    def act(self, w):
        raise NotImplementedError

    def heal(self, w):
        pass


# --- crumbd itself

class Kill(Trouble):
    """kill -9, and started again at once or somewhat later"""
    name = "kill"

    def act(self, w):
        return w.kill(w.rnd.choice((0, 0, w.rnd.random()))) if w.alive else None


class Term(Trouble):
    """SIGTERM: it ends in time, with status 0, and is started again"""
    name = "term"

    def act(self, w):
        return w.terminate(w.rnd.choice((0, 0, w.rnd.random()))) if w.alive else None


class Stop(Trouble):
    """SIGSTOP, with two rotations meanwhile"""
    name = "stop"

    def act(self, w):
        if not w.alive or w.paused:
            return None
        seconds = 0.1 + w.rnd.random() * 2
        self.pause(w, seconds)
        if w.rnd.random() < 0.7:
            for _ in range(2):
                w.rnd.choice(w.logs).rotate()
                w.wait(seconds / 4)
        return "for %.2f s" % seconds

    def pause(self, w, seconds):
        w.daemon.signal(signal.SIGSTOP)
        w.pause(seconds, lambda d=w.daemon: d.signal(signal.SIGCONT))


class Frozen(Stop):
    """its control group is frozen, with two rotations meanwhile"""
    name = "frozen"
    V1, V2 = "/sys/fs/cgroup/freezer", "/sys/fs/cgroup"

    @classmethod
    def cannot(cls, crumbd):
        top = cls.V1 if os.path.isdir(cls.V1) else cls.V2
        group = os.path.join(top, "crumbd-torture-test-%d" % os.getpid())
        try:
            os.mkdir(group)
            able = os.path.exists(os.path.join(group, "freezer.state")) or os.path.exists(os.path.join(group, "cgroup.freeze"))
            os.rmdir(group)
        except OSError as e:
            return "no control group can be made: %s" % e
        return None if able else "no control group can be frozen here"

    def prepare(self, w):
        self.top = self.V1 if os.path.isdir(self.V1) else self.V2
        self.group = os.path.join(self.top, "crumbd-torture-%d" % os.getpid())
        self.switch, self.on, self.off = ("freezer.state", "FROZEN", "THAWED") if self.top == self.V1 else ("cgroup.freeze", "1", "0")
        os.mkdir(self.group)
        w.t.at_end.append(self.remove)

    def remove(self):
        self.put(self.group, self.switch, self.off)
        with open(os.path.join(self.group, "cgroup.procs"), encoding="ascii") as f:
            for pid in f.read().split():
                self.put(self.top, "cgroup.procs", pid)
        os.rmdir(self.group)

    @staticmethod
    def put(group, name, value):
        with open(os.path.join(group, name), "w", encoding="ascii") as f:
            f.write(str(value))

    def pause(self, w, seconds):
        self.put(self.group, "cgroup.procs", w.daemon.pid)
        self.put(self.group, self.switch, self.on)
        w.pause(seconds, lambda: self.put(self.group, self.switch, self.off))


class Blocked(Trouble):
    """nobody reads what crumbd says on stderr"""
    name = "blocked"

    def prepare(self, w):
        w.blocked_log = True

    def act(self, w):
        return w.rnd.choice(w.logs).rotate()  # something to say


class Clock(Trouble):
    """the clock is set back and forward, by minutes and by days"""
    name = "clock"
    LIBRARIES = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1", "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1")

    @classmethod
    def cannot(cls, crumbd):
        with open(crumbd, "rb") as f:
            if b"__asan_init" in f.read():
                return "libfaketime and AddressSanitizer do not go together"
        return None if any(map(os.path.exists, cls.LIBRARIES)) else "no libfaketime here (apt-get install libfaketime)"

    def prepare(self, w):
        self.file = w.t.write("clock", "+0\n")
        w.env.update(LD_PRELOAD=next(filter(os.path.exists, self.LIBRARIES)), FAKETIME_TIMESTAMP_FILE=self.file, FAKETIME_NO_CACHE="1",
                     FAKETIME_DONT_FAKE_MONOTONIC="1")
        w.config += "sandbox: off\n"

    def act(self, w):
        seconds = w.rnd.choice((-2, 2, -60, 60, -3600, 3600, -86400, 86400, 0)) * (1 + w.rnd.random())
        with open(self.file, "w", encoding="ascii") as f:
            f.write("%+.3f\n" % seconds)
        return "%+.0f s" % seconds


# --- files

class Rename(Trouble):
    """logs are renamed, and their writers reopen them at once or only after some more lines"""
    name = "rename"

    def act(self, w):
        late_s = w.rnd.choice((0, 0, w.rnd.random() * 0.3))
        new = w.rnd.choice(w.logs).rotate(w.rnd.choice(NAMES)(w.rnd), late_s=late_s)
        return "%s, reopened after %.2f s" % (new, late_s)


# What rotated logs are called. An own name for each: none is written over.
NAMES = [lambda rnd: None, lambda rnd: None, lambda rnd: "-202611%02d-%06d" % (rnd.randrange(1, 31), rnd.randrange(10 ** 6)),
         lambda rnd: ".%d.old" % rnd.randrange(10 ** 6), lambda rnd: ".%d.bak" % rnd.randrange(10 ** 6), lambda rnd: ".%d~" % rnd.randrange(10 ** 6)]


class Burst(Trouble):
    """several renames within 20 ms, with some lines in each file"""
    name = "burst"

    def act(self, w):
        writer, n = w.rnd.choice(w.logs), w.rnd.randrange(2, 9)
        with writer.lock:
            for _ in range(n):
                writer.rotate()
                writer.write(w.rnd.randrange(0, 8))
        return "%d renames" % n


class Race(Trouble):
    """a log is rotated every few milliseconds under full load, and crumbd killed and started in the middle of it"""
    name = "race"

    def act(self, w):
        writer, n, pause_s = w.rnd.choice(w.logs), w.rnd.randrange(10, 100), w.rnd.choice((0.001, 0.003, 0.01))

        def rotations():
            for _ in range(n):
                with writer.lock:
                    writer.rotate()
                    writer.write(w.rnd.randrange(1, 6))
                w.over.wait(pause_s)
        thread = threading.Thread(target=rotations)
        thread.start()
        w.wait(n * pause_s * w.rnd.random())
        killed = w.alive and w.rnd.random() < 0.5
        if killed:
            w.kill(0)
            w.mend()
        thread.join()
        return "%d renames, one each %g ms%s" % (n, pause_s * 1000, ", killed meanwhile" if killed else "")


class CopyTruncate(Trouble):
    """a log is copied and then cut to nothing"""
    name = "copytruncate"

    def prepare(self, w):
        w.copies = True  # of lines, each with one fate

    def act(self, w):
        return w.rnd.choice(w.logs).copy_and_truncate()


class Gzip(Trouble):
    """a rotated log is compressed at once, or one rotation later"""
    name = "gzip"

    def act(self, w):
        writer = w.rnd.choice(w.logs)
        plain = [n for n in writer.rotated() if not n.endswith(".gz")]
        new = writer.rotate()
        old = w.rnd.choice(plain + [new])
        with open(old, "rb") as f, gzip.open(old + ".gz~", "wb") as g:
            shutil.copyfileobj(f, g)
        os.rename(old + ".gz~", old + ".gz")
        os.unlink(old)
        return old


class Logrotate(Trouble):
    """the program itself, with compress or without"""
    name = "logrotate"
    PATH = "/usr/sbin:/usr/bin"
    CONF = '"%s" {\n  rotate 1000\n  nocreate\n  nomail\n  %s\n}\n'

    @classmethod
    def cannot(cls, crumbd):
        return None if shutil.which("logrotate", path=cls.PATH) else "no logrotate here (apt-get install logrotate)"

    def prepare(self, w):
        # One mode for a log, and no other's names like its own: it would write over what it does not count.
        self.mode = w.rnd.choice(("nocompress", "compress", "compress\n  delaycompress"))
        w.suffix = "-%d"

    def act(self, w):
        writer = w.rnd.choice(w.logs)
        with writer.lock:
            if writer.reopen_at is not None:
                writer.reopen()
            conf = w.t.write("logrotate.conf", self.CONF % (writer.path, self.mode))
            done = subprocess.run([shutil.which("logrotate", path=self.PATH), "-f", "-s", w.t.path("logrotate.state"), conf],
                                  capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            writer.reopen()
        return self.mode.replace("\n ", "")


class Inode(Trouble):
    """an inode is used again: by a file that is no log where an empty rotated one was deleted, by a new log where one was read to its end"""
    name = "inode"

    def act(self, w):
        return self.foreign(w) if w.rnd.random() < 0.5 else self.own(w)

    def foreign(self, w):
        writer = w.rnd.choice(w.logs)
        with writer.lock:
            writer.rotate()
            w.wait(w.rnd.random() * 0.3)
            new = writer.rotate()  # nothing was written to it
            assert os.stat(new).st_size == 0
            inode = os.stat(new).st_ino
            self.end(w)
            os.unlink(new)
            path = w.t.path("logs", w.rnd.choice(("notes-%d.txt", "other-%d", "error-notes-%d")) % writer.rotations)
            with open(path, "wb") as f:
                f.write(b"".join(w.foreign_line() for _ in range(3)))
            return "%s, %s" % (path, "the same" if os.stat(path).st_ino == inode else "another")

    def own(self, w):
        writer = w.rnd.choice(w.logs)
        read = [n for n in writer.rotated() if not n.endswith((".gz", ".txt")) and w.numbers_in(n) <= w.arrived.keys()]
        if not read:
            return None
        self.end(w)
        with writer.lock:
            inode = os.stat(read[0]).st_ino
            os.unlink(read[0])
            writer.rotate()
            return "%s, %s" % (read[0], "the same" if os.stat(writer.path).st_ino == inode else "another")

    @staticmethod
    def end(w):
        """Nobody may have the file open when its inode is to be free."""
        if w.alive and w.rnd.random() < 0.7:
            end = w.terminate if w.rnd.random() < 0.5 else w.kill
            end(0.1)


class Gone(Trouble):
    """a rotated log is deleted while crumbd cannot have read it: such a loss has a name"""
    name = "gone"

    def act(self, w):
        if not w.alive or w.paused:
            return None
        writer = w.rnd.choice(w.logs)
        if w.rnd.random() < 0.5:
            w.kill(0.3)
        else:
            Stop().pause(w, 0.3)
        w.wait(0.1)
        with writer.lock:
            new = writer.rotate()
            w.delete(new)
        return new


class Nginx(Trouble):
    """nginx writes errors, too, and its log is rotated as logs are"""
    name = "nginx"

    @classmethod
    def cannot(cls, crumbd):
        return None if nginx.find() else "no nginx here (apt-get install nginx)"

    def prepare(self, w):
        server = nginx.Nginx(w.t, server="location / { proxy_pass http://127.0.0.1:9; }")
        w.logs.append(writing.NginxWriter(w.numbers, server, w.rnd.random()))
        w.inputs += "  - tail: %s\n    format: nginx-error\n    timezone: local\n    from: start\n" % server.error_log

    def act(self, w):
        return w.logs[0].rotate(late_s=w.rnd.random() * 0.2) if w.rnd.random() < 0.5 else None


class Half(Trouble):
    """lines come in pieces, also while their file is renamed"""
    name = "half"

    def prepare(self, w):
        w.halves = True

    def act(self, w):
        writer = w.rnd.choice(w.logs)
        seconds = w.rnd.random()

        def between():
            if writer.reopen_at is None and w.rnd.random() < 0.5:  # else it would be opened anew in the middle of a line
                writer.rotate(late_s=1000)
            w.wait(seconds)
        with writer.lock:
            writer.write(1, between)
            if writer.reopen_at is not None:
                writer.reopen_at = 0
        return "for %.2f s" % seconds


# --- disk and store

class Disk(Trouble):
    """the store is on a small disk that fills and empties"""
    name = "disk"
    SIZES = ("6m", "24m")

    @classmethod
    def cannot(cls, crumbd):
        return None if os.getuid() == 0 else "no small file system can be mounted here (root only)"

    def prepare(self, w):
        self.size = w.rnd.choice(self.SIZES)
        self.disk = nginx.Tmpfs(w.t, "disk", self.size)
        w.store, w.small_disk = os.path.join(self.disk.path, "crumbd.db"), True
        w.pad, self.others = w.rnd.choice((0, 1000, 3000)), os.path.join(self.disk.path, "others")

    def act(self, w):
        if os.path.exists(self.others):
            return None
        free = os.statvfs(self.disk.path)
        left = w.rnd.choice((0, 0, w.rnd.randrange(1 << 20)))
        n = max(0, free.f_bavail * free.f_frsize - left)
        try:
            with open(self.others, "wb", buffering=0) as f:
                while n > 0:
                    n -= f.write(b"x" * min(n, 65536)) or n
        except OSError:
            pass
        seconds = w.rnd.random() * 3
        w.stalled(seconds)
        w.later(seconds, self.empty)
        if w.rnd.random() < 0.5 and w.up.server:
            w.up.stop()
            w.later(w.rnd.random() * 4, lambda: w.up.server or w.up.start())
        return "%s, but %d bytes, for %.2f s" % (self.size, left, seconds)

    def empty(self):
        if os.path.exists(self.others):
            os.unlink(self.others)


class Damage(Trouble):
    """pages of the store are overwritten, while crumbd is stopped and while it runs"""
    name = "damage"

    def act(self, w):
        if w.rnd.random() < 0.6 or not os.path.exists(w.store):
            return None
        free = os.statvfs(os.path.dirname(w.store))
        if free.f_bavail * free.f_frsize < 1 << 20:  # no new one can take its place, and crumbd says so and ends
            return None
        running = w.alive and w.rnd.random() < 0.5
        if not running and w.alive:
            w.kill(0.2)
        w.store_at_risk()
        with open(w.store, "r+b") as f:
            pages = max(1, os.fstat(f.fileno()).st_size // 4096)
            hit = [0] if w.rnd.random() < 0.2 else sorted(w.rnd.randrange(pages) for _ in range(w.rnd.randrange(1, 6)))
            for page in hit:
                f.seek(page * 4096)
                f.write(w.rnd.choice((bytes(4096), w.rnd.randbytes(4096), b"\xff" * 4096)))
        return "pages %s of %d%s" % (hit, pages, " while it runs" if running else "")


# --- upstream and network

class Down(Trouble):
    """nobody listens upstream, then somebody does"""
    name = "down"

    def act(self, w):
        if not w.up.server:
            return None
        seconds = w.rnd.random() * 3
        w.up.stop()
        w.later(seconds, lambda: w.up.server or w.up.start())
        return "for %.2f s" % seconds


class Upstream(Trouble):
    """every answer that the stand-in knows: refusals, limits, resets, delays, bodies without end"""
    name = "upstream"

    def act(self, w):
        with w.up.changed:
            if len(w.up.script) > 20:
                return None
            # A date means nothing to a clock that is days off.
            name = w.rnd.choice(sorted(name for name in ANSWERS if not (w.env and "date" in name)))
            answer = dict(ANSWERS[name](w.rnd), count=w.rnd.randrange(1, 6))
            w.up.script.append(answer)
        return "%s, %d times" % (name, answer["count"])

    def heal(self, w):
        with w.up.changed:
            w.up.script.clear()


class Network(Trouble):
    """errors come over UDP, TCP and HTTP as well"""
    name = "network"

    def prepare(self, w):
        w.senders += [c(w.numbers, w.rnd.random()) for c in network.SENDERS]
        w.inputs += "".join(network.INPUT % (s.scheme, s.port) for s in w.senders)

    def act(self, w):
        sender = w.rnd.choice(w.senders)
        sender.pause_s = w.rnd.choice((0.002, 0.02, 0.1))
        return "%s, one each %g ms" % (sender.scheme, sender.pause_s * 1000)


KINDS = {c.name: c for c in vars().copy().values() if isinstance(c, type) and issubclass(c, Trouble) and c.name}
