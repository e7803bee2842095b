"""world: one run of the torture: its crumbd, its upstream, its writers, and what is broken at the moment."""
import json
import os
import random
import re
import threading
import time

import harness
from harness import Failure

from torture import writing

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {dir}/logs/*.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {{before: 0, after: 0, wait: 10ms}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000, new_issues: 2000000000}}
"""
START_S, END_S = 60, 60
NUMBER = re.compile(r"/item/(\d+)")


def number_of(event):
    """The number of what the event is about: in its request, or in its message."""
    found = NUMBER.search(event.get("request", {}).get("url", "")) or NUMBER.search(json.dumps(event))
    return int(found.group(1)) if found else None


class World:
    def __init__(self, t, seed, seconds, most):
        self.t, self.seed, self.seconds = t, seed, seconds
        self.rnd = random.Random(seed)
        self.numbers = writing.Numbers(most)
        self.over = threading.Event()
        self.writers, self.undo, self.done = [], [], []
        self.daemon, self.restart_at = None, None
        self.up = t.upstream(on_event=self.arrive)
        self.arrived, self.arrived_at = {}, time.monotonic()
        self.config, self.env = CONFIG, {}
        os.makedirs(t.path("logs"))

    # --- upstream: called with its lock held

    def arrive(self, event):
        self.arrived.setdefault(number_of(event), []).append(event["event_id"])
        self.arrived_at = time.monotonic()
        self.up.events.clear()  # they lie in its folder
        del self.up.requests[:-100]

    # --- crumbd

    def start(self):
        """Until it is ready."""
        self.restart_at = None
        self.daemon = self.t.start(self.config_path, env=self.t.env(**self.env), ready=False)
        self.t.until(self.daemon.is_ready, "crumbd says READY=1", START_S)

    @property
    def alive(self):
        return self.daemon is not None and self.daemon.running()

    def down(self, status, again_s):
        """It has ended, as it should; started again so much later."""
        self.daemon.notify.close()
        if self.daemon.p.returncode != status:
            raise Failure("crumbd ended with %d, not %d:\n%s" % (self.daemon.p.returncode, status, self.daemon.err[-2000:]))
        self.restart_at = time.monotonic() + again_s

    def begin(self):
        self.config_path = self.t.config(self.config.format(dsn=self.up.dsn(), dir=self.t.dir))
        for _ in range(self.rnd.randrange(1, 3)):
            path = self.t.path("logs", "error%d.log" % len(self.writers) if self.writers else "error.log")
            self.writers.append(writing.LogWriter(self.numbers, path, self.rnd.random(), self.rnd.choice((4, 15, 40))))
        self.start()
        for writer in self.writers:
            writer.start()

    # --- time

    def say(self, what):
        """Into the diary of the run."""
        self.done.append("%7.3f %s" % (time.monotonic() - self.began, what))

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

    def torture(self, troubles):
        self.began = time.monotonic()
        while time.monotonic() < self.began + self.seconds:
            self.mend()
            if self.restart_at is None and not self.alive:
                raise Failure("crumbd ended by itself with %s:\n%s" % (self.daemon.p.returncode, self.daemon.err[-2000:]))
            trouble = self.rnd.choice(troubles)
            said = trouble.act(self)
            if said:
                self.say("%s: %s" % (trouble.name, said))
            # Wherever the next few events find it, so anywhere in a read, a commit or a delivery.
            self.wait(self.rnd.random() ** 2 * 0.6)
        for writer in self.writers:
            writer.end()
        self.say("mended")
        for trouble in troubles:
            trouble.heal(self)
        self.mend(all_of_it=True)

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.over.wait(min(0.02, end - time.monotonic()))
            self.mend()
