"""world: one run of the torture: its crumbd, its upstream, its writers, and what is broken at the moment."""
import fcntl
import json
import os
import random
import re
import signal
import threading
import time

from harness import REFUSED, Failure, nginx_line

from torture import writing

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/*.log
    format: nginx-error
    timezone: UTC
    from: start
{inputs}
breadcrumbs: {{before: 0, after: 0, wait: 10ms}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000, new_issues: 2000000000}}
store: {store}
"""
START_S, END_S = 60, 60
# How long before kill -9 something may have come that no transaction has yet; of files that is read again.
UNSTORED_S = 2
# How old an outcome may be that a store has lost with its pages.
OUTCOME_S = 10
FOREIGN = 10 ** 9
NUMBER = re.compile(r"/item/(\d+)")


def number_of(event):
    """The number of what the event is about: in its request, or in its message."""
    found = NUMBER.search(event.get("request", {}).get("url", "")) or NUMBER.search(json.dumps(event))
    return int(found.group(1)) if found else None


class World:
    def __init__(self, t, seed, seconds, most):
        self.t, self.seconds, self.rnd = t, seconds, random.Random(seed)
        self.numbers = writing.Numbers(most)
        self.over = threading.Event()
        self.logs, self.senders = [], []
        self.undo, self.diary, self.began = [], [], time.monotonic()
        self.daemon, self.restart_at, self.paused = None, None, []
        self.fifo, self.said = None, None
        self.arrived, self.arrived_at = {}, {}  # by number: event ids, and the time of the first
        # What troubles want of it.
        self.config, self.inputs, self.env, self.store = CONFIG, "", {}, t.path("crumbd.db")
        self.suffix, self.small_disk = None, False
        self.halves, self.pad, self.blocked_log, self.foreigners = False, 0, False, 0
        # What they excuse.
        self.at_risk, self.in_store, self.deleted = set(), set(), set()
        self.damaged, self.copies, self.starts, self.stalls = False, False, 0, []
        os.makedirs(t.path("logs"))
        self.up = t.upstream(on_event=self.arrive)

    # --- upstream: called with its lock held

    def arrive(self, event):
        number = number_of(event)
        self.arrived.setdefault(number, []).append(event["event_id"])
        self.arrived_at.setdefault(number, time.monotonic())
        self.up.events.clear()  # they lie in its folder
        del self.up.requests[:-100]

    # --- crumbd

    def begin(self):
        for i in range(self.rnd.randrange(1, 3)):
            path = self.t.path("logs", "error%d.log" % i if i else "error.log")
            self.logs.append(writing.LogWriter(self.numbers, path, self.rnd.random(), self.rnd.choice((4, 15, 40)), self.pad, self.halves))
        for writer in self.logs:
            writer.suffix = self.suffix or writer.suffix
        self.config_path = self.t.config(self.config.format(dsn=self.up.dsn(), dir=self.t.dir, inputs=self.inputs, store=self.store))
        self.start()
        for writer in self.logs + self.senders:
            writer.start()

    def start(self):
        """Until it is ready."""
        self.restart_at = None
        self.starts += 1
        if self.blocked_log:
            self.block_log(self.t.path("crumbd%d.err" % self.starts))
        self.daemon = self.t.start(self.config_path, env=self.t.env(**self.env), ready=False)
        if self.blocked_log:
            os.unlink(self.daemon.err_path)
            self.daemon.err_path = self.said
        self.t.until(self.daemon.is_ready, "crumbd says READY=1", START_S)
        self.stalled_until_now()

    def block_log(self, path):
        """stderr is a pipe that holds a page, and that nobody reads until it has ended."""
        self.close_log()
        os.mkfifo(path)
        self.fifo = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(self.fifo, 1031, 4096)  # F_SETPIPE_SZ
        self.said = path + ".said"
        self.t.append(self.said, "")

    def close_log(self):
        """What it has said until the pipe was full."""
        if self.fifo is not None:
            try:
                while got := os.read(self.fifo, 65536):
                    self.t.append(self.said, got)
            except BlockingIOError:
                pass
            os.close(self.fifo)
        self.fifo = None

    @property
    def alive(self):
        return self.daemon is not None and self.daemon.running()

    def kill(self, again_s):
        self.wake()
        self.at_risk_since(UNSTORED_S)
        self.daemon.kill()
        return self.down(-signal.SIGKILL, again_s)

    def terminate(self, again_s):
        self.wake()
        self.at_risk_since(0)
        began = time.monotonic()
        self.daemon.signal(signal.SIGTERM)
        self.daemon.wait(END_S)
        return "after %.2f s, %s" % (time.monotonic() - began, self.down(0, again_s))

    def down(self, status, again_s):
        """It has ended, as it should; started again so much later."""
        self.daemon.notify.close()
        if self.daemon.p.returncode != status:
            raise Failure("crumbd ended with %d, not %d:\n%s" % (self.daemon.p.returncode, status, self.daemon.err[-2000:]))
        self.restart_at = time.monotonic() + again_s
        return "again after %.2f s" % again_s

    def pause(self, seconds, wake):
        """It does not run for so long, or until it is to be ended."""
        self.paused.append(wake)
        self.stalled(seconds)
        self.later(seconds, lambda: wake in self.paused and self.wake())

    def wake(self):
        paused, self.paused = self.paused, []
        for wake in paused:
            wake()

    # --- what may be lost: messages of the network that came to nobody, and what was in a store that was damaged

    def stalled(self, seconds):
        """So long it may not store what comes."""
        self.stalls.append((time.monotonic(), time.monotonic() + seconds))

    def at_risk_since(self, unstored_s):
        """crumbd ends now, and what the network brought so long before may be in no store. While it was held up it stored nothing."""
        since = time.monotonic() - unstored_s
        for begin, end in reversed(self.stalls):
            since = min(since, begin - unstored_s) if end >= since else since
        self.down_since = since

    def stalled_until_now(self):
        """It listens again."""
        since, self.down_since = getattr(self, "down_since", None), None
        if since is not None:
            with self.numbers.lock:
                self.at_risk |= {n for n, p in enumerate(self.numbers.places, 1) if p and not p.source.on_disk and p.time >= since}

    def store_at_risk(self):
        """What is in the store, and what it knows to have been delivered."""
        now = time.monotonic()
        self.in_store |= {n for n in self.numbers.written if now - self.arrived_at.get(n, now) < OUTCOME_S}
        self.damaged = True

    # --- files

    def foreign_line(self):
        """An error that nobody has asked crumbd to read."""
        self.foreigners += 1
        return nginx_line(FOREIGN + self.foreigners, text=REFUSED).encode()

    @staticmethod
    def numbers_in(path):
        with open(path, encoding="utf-8", errors="replace") as f:
            return {int(n) for n in NUMBER.findall(f.read())}

    def delete(self, path):
        """What crumbd has not read of it is lost, and named."""
        self.deleted |= self.numbers_in(path)
        os.unlink(path)

    # --- time

    def say(self, what):
        self.diary.append("%7.3f %s\n" % (time.monotonic() - self.began, what))

    def later(self, seconds, undo):
        """What has been broken is mended then, or at the end of the run."""
        self.undo.append((time.monotonic() + seconds, undo))

    def mend(self, all_of_it=False):
        due = [u for u in self.undo if all_of_it or u[0] <= time.monotonic()]
        self.undo = [u for u in self.undo if u not in due]
        for _, undo in due:
            undo()
        if self.restart_at is not None and (all_of_it or time.monotonic() >= self.restart_at):
            self.start()
        elif self.restart_at is None and not self.alive:
            raise Failure("crumbd ended by itself with %s:\n%s" % (self.daemon.p.returncode, self.daemon.err[-2000:]))

    def wait(self, seconds):
        end = time.monotonic() + seconds
        self.mend()
        while time.monotonic() < end:
            self.over.wait(min(0.02, end - time.monotonic()))
            self.mend()

    def torture(self, troubles):
        self.began = time.monotonic()
        while time.monotonic() < self.began + self.seconds:
            trouble = self.rnd.choice(troubles)
            said = trouble.act(self)
            if said:
                self.say("%s: %s" % (trouble.name, said))
            # Wherever the next few events find it, so anywhere in a read, a commit or a delivery.
            self.wait(self.rnd.random() ** 2 * 0.6)
        for writer in self.logs + self.senders:
            writer.end()
        for trouble in troubles:
            trouble.heal(self)
        self.mend(all_of_it=True)
        self.say("all is mended")
