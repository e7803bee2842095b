"""The clock is set while crumbd runs, or was wrong when it ran: nothing that waits waits longer, or shorter, by it."""
import glob
import os
import time

from harness import nginx_line, sanitized

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - {{tail: "{dir}/error.log", format: nginx-error, timezone: UTC, from: start}}
breadcrumbs: {{before: 0, after: 5, wait: 1s}}
sandbox: off
"""


def settable_clock(t):
    """-> the environment for it, and what sets it"""
    library = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not library:
        t.skip("no libfaketime")
    if sanitized(t.crumbd_path):
        t.skip("libfaketime does not go with a sanitizer")
    t.write("clock", "+0")
    env = t.env(LD_PRELOAD=library[0], FAKETIME_TIMESTAMP_FILE=t.path("clock"), FAKETIME_NO_CACHE="1", FAKETIME_DONT_FAKE_MONOTONIC="1",
                DONT_FAKE_MONOTONIC="1")

    def set_clock(offset):
        t.write("clock.next", offset)
        os.rename(t.path("clock.next"), t.path("clock"))
    return env, set_clock


def scenario_the_clock_is_set(t):
    """By a day, back and forward, while an event waits for the lines after it, and while the upstream is tried again."""
    env, set_clock = settable_clock(t)
    up = t.upstream()
    t.write("error.log", "")
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir)), env=env)
    for n, offset in enumerate(("-1d", "+1d", "+0")):
        t.append("error.log", nginx_line(n))
        d.wait_count("event", n + 1)
        began = time.monotonic()
        set_clock(offset)
        t.wait_events(up, n + 1, 20)
        assert time.monotonic() - began < 15, "it waited longer"
        d.wait_log("the clock was set")
    up.script.append({"status": 503, "count": 2})
    t.append("error.log", nginx_line(3))
    d.wait_count("retries", 1)
    set_clock("-10m")
    t.wait_events(up, 4, 20)
    d.stop(sent=4)


def scenario_the_clock_was_ahead(t):
    """By a day, when crumbd was started, and is right at the next start: what was tried then, and what was not, goes at once."""
    env, set_clock = settable_clock(t)
    up = t.upstream()
    t.write("error.log", "")
    config = t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir))
    set_clock("+1d")
    up.script.append({"status": 503, "count": 1000})
    d = t.start(config, env=env)
    for n in range(2):
        t.append("error.log", nginx_line(n))
        d.wait_count("event", n + 1)
        d.wait_count("retries", 1)
    d.stop(sent=2)
    set_clock("+0")
    up.script.clear()
    d = t.start(config, env=env)
    t.wait_events(up, 2, 20)
    d.stop(sent=0)
