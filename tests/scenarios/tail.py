"""Tailed files: from a line to an event, through every kind of rotation and damage."""
import os
import stat

from harness import crumbs, item, nginx_line, text_of

# No flood control, and no waiting for what comes after an event.
OPEN = """
sentry: {{dsn: "{dsn}", environment: staging, release: shop@1.2.3}}
inputs:
  - tail: {dir}/logs/*.log
    format: nginx-error
    timezone: UTC
    from: {begin}
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000}}
"""


def begin(t, text=OPEN, where="start"):
    up = t.upstream()
    os.makedirs(t.path("logs"), exist_ok=True)
    return up, t.config(text.format(dsn=up.dsn(), dir=t.dir, begin=where))


def items(up):
    return sorted(item(e) for e in up.events)


def scenario_line_to_event(t):
    """One error line becomes one event with everything it says; what was there before the first start is not sent."""
    up, config = begin(t, where="end")
    t.write("logs/error.log", nginx_line(1))
    d = t.start(config)
    t.append("logs/error.log", nginx_line(2))
    event = t.wait_events(up, 1)[0]
    t.eq(item(event), 2)
    t.eq(event["level"], "error")
    t.eq(event["environment"], "staging")
    t.eq(event["release"], "shop@1.2.3")
    t.eq(event["request"]["method"], "GET")
    t.eq(event["sdk"]["name"], "crumbd.c")
    t.eq(event["tags"].get("errno"), "111")
    assert "127.0.0.1" in event["tags"].get("upstream", ""), event["tags"]
    assert event["fingerprint"], event
    assert "item" not in " ".join(event["fingerprint"]) and "/item/2" not in text_of(event), "a path in what groups or names the issue"
    ledger = d.stop()
    t.eq((ledger["lines_in"], ledger["event"], ledger["sent"]), (1, 1, 1))


def scenario_breadcrumbs(t):
    """Lines of the same connection come first-hand, in order; those of other workers stay out; lines after the event join it."""
    up, config = begin(t, OPEN.replace("wait: 10ms", "wait: 2s, before: 30, after: 1"))
    d = t.start(config)
    t.write("logs/error.log", "".join([
        nginx_line(1, "client closed keepalive connection", "info", conn=5, upstream=None),
        nginx_line(2, "using uninitialized \"x\" variable", "warn", conn=9, upstream=None),
        nginx_line(3, "a client request body is buffered to a temporary file /tmp/1", "warn", conn=5, upstream=None),
        nginx_line(4, "other worker", "warn", conn=5, pid=8, upstream=None),
        nginx_line(5, conn=5),
        nginx_line(6, "the line after", "warn", conn=5, upstream=None)]))
    t.until(lambda: 5 in items_some(up), "the event of request 5")
    event = next(e for e in up.events if item(e) == 5)
    said = [c.get("message", "") for c in crumbs(event)]
    at = [next((i for i, s in enumerate(said) if text in s), None)
          for text in ("keepalive", "buffered to a temporary", "the line after")]
    assert None not in at and at == sorted(at), said
    assert not any("other worker" in s for s in said), said
    d.stop()


def scenario_rotation_by_rename(t):
    """The renamed file is read to its last byte, then the new one from its first."""
    up, config = begin(t)
    t.write("logs/error.log", nginx_line(1))
    d = t.start(config)
    t.wait_events(up, 1)
    for n in range(2, 12, 3):
        old = open(t.path("logs/error.log"), "ab")
        old.write(nginx_line(n).encode())
        old.flush()
        os.rename(t.path("logs/error.log"), t.path("logs/error.log.%d" % n))
        t.write("logs/error.log", nginx_line(n + 1))
        old.write(nginx_line(n + 2).encode())  # the writer has not reopened yet
        old.close()
        t.wait_events(up, n + 2)
    t.eq(items(up), list(range(1, 14)))
    t.eq(d.stop()["lines_in"], 13)


def scenario_rotation_while_stopped(t):
    """Renamed and written to while crumbd was down: both parts are read, each line once."""
    up, config = begin(t)
    t.write("logs/error.log", nginx_line(1) + nginx_line(2))
    d = t.start(config)
    t.wait_events(up, 2)
    d.stop()
    t.append("logs/error.log", nginx_line(3))
    os.rename(t.path("logs/error.log"), t.path("logs/error.log.1"))
    t.write("logs/error.log", nginx_line(4))
    t.write("logs/new.log", nginx_line(5))
    d = t.start(config)
    t.wait_events(up, 5)
    d.stop()
    t.eq(items(up), [1, 2, 3, 4, 5])
    t.eq(up.duplicates, {})


def scenario_copytruncate(t):
    """A file cut to nothing is read from its start again, and counted."""
    up, config = begin(t)
    t.write("logs/error.log", "".join(nginx_line(n) for n in range(1, 6)))
    d = t.start(config)
    t.wait_events(up, 5)
    os.truncate(t.path("logs/error.log"), 0)
    d.wait_count("files_truncated", 1)
    t.append("logs/error.log", nginx_line(6))
    t.wait_events(up, 6)
    t.eq(items(up), list(range(1, 7)))
    d.stop()


def scenario_replaced_file(t):
    """Another file under the same name is another file, also when it is longer than what had been read."""
    up, config = begin(t)
    t.write("logs/error.log", nginx_line(1))
    d = t.start(config)
    t.wait_events(up, 1)
    t.write("next", nginx_line(2) + nginx_line(3))
    os.rename(t.path("next"), t.path("logs/error.log"))
    t.wait_events(up, 3)
    t.eq(items(up), [1, 2, 3])
    d.stop()


def scenario_files_that_come_and_go(t):
    """A file that appears later is read from its first byte; one that is removed while read ends without harm."""
    up, config = begin(t, where="end")
    t.write("logs/a.log", nginx_line(1))
    d = t.start(config)
    t.write("logs/b.log", nginx_line(2))
    t.wait_events(up, 1)
    os.unlink(t.path("logs/b.log"))
    t.append("logs/a.log", nginx_line(3))
    t.wait_events(up, 2)
    t.eq(items(up), [2, 3])
    d.stop()


def scenario_line_without_end(t):
    """A last line without newline waits for the rest of it."""
    up, config = begin(t)
    line = nginx_line(1)
    t.write("logs/error.log", line[:40])
    d = t.start(config)
    t.eq(d.ledger()["lines_in"], 0)
    t.append("logs/error.log", line[40:] + nginx_line(2))
    t.wait_events(up, 2)
    t.eq(items(up), [1, 2])
    d.stop()


def scenario_permission_denied(t):
    """A file it may not read is one clear log line and a retry, not an end."""
    if os.getuid() == 0 and not os.path.exists("/usr/bin/setpriv"):
        t.skip("root may read everything, and there is no setpriv to become someone else")
    up, config = begin(t)
    path = t.write("logs/error.log", nginx_line(1))
    os.chmod(path, 0)
    if os.getuid() == 0:
        # As nobody: the folder must be its own, for the store and the ready socket.
        nobody = 65534
        for folder, _, files in os.walk(t.dir):
            os.chown(folder, nobody, nobody)
            for name in files:
                os.chown(os.path.join(folder, name), nobody if name != "error.log" else 0, nobody)
        t.crumbd_path, real = t.write("as-nobody", "#!/bin/sh\nexec setpriv --reuid=%d --regid=%d --clear-groups %s \"$@\"\n"
                                      % (nobody, nobody, t.crumbd_path)), t.crumbd_path
        os.chmod(t.crumbd_path, 0o755)
        assert os.stat(real).st_mode & stat.S_IXOTH
    up_socket = t.path("crumbd1.notify")
    d = t.start(config, ready=False)
    t.until(lambda: os.path.exists(up_socket), "the ready socket")
    os.chmod(up_socket, 0o777)
    d.wait_log("error.log")
    t.until(d.is_ready, "crumbd says READY=1")
    assert "ermission denied" in d.err, d.err
    os.chmod(path, 0o644)
    t.wait_events(up, 1)
    d.stop()


def scenario_no_regular_file(t):
    """A link to a pipe or terminal (the official nginx image) is refused with a hint; the other files go on."""
    up, config = begin(t)
    os.symlink("/dev/stderr", t.path("logs/error.log"))
    os.mkdir(t.path("logs/folder.log"))
    t.write("logs/good.log", nginx_line(1))
    d = t.start(config)
    t.wait_events(up, 1)
    d.wait_log("logs/error.log")
    d.stop()


def scenario_busy_and_quiet(t):
    """What is written to a quiet file is sent although the file beside it grows faster than anyone can read."""
    up, config = begin(t)
    block = nginx_line(7, "client closed keepalive connection", "info", upstream=None) * 25_000
    most = 150
    t.write("logs/busy.log", block * 8)
    t.write("logs/quiet.log", "")
    d = t.start(config)
    t.append("logs/quiet.log", nginx_line(1))
    written = 8
    while not up.wait(lambda: up.events, 0.01) and written < most:
        t.append("logs/busy.log", block)
        written += 1
    early = d.ledger()["lines_in"]
    print("the quiet file's event came when %d of %d lines had been read" % (early, written * 25_000))
    assert early < written * 25_000, "crumbd came to the end of the busy file: nothing is shown"
    assert written < most, "the quiet file's line was not sent beside %d lines of the busy one" % early
    d.stop()


def scenario_bad_bytes(t):
    """NUL bytes, invalid UTF-8, ANSI colours, a line of 10 MB, a binary and an empty file: counted, and the errors beside them are sent."""
    up, config = begin(t)
    bad = [b"\0" * 1000, b"\xff\xfe\xc3(" * 200, b"\x1b[31mred\x1b[0m", b"", b"\r", bytes(range(256)) * 8, b"x" * 2047]
    t.write("logs/a.log", b"\n".join(bad) + b"\n" + nginx_line(1).encode())
    t.write("logs/b.log", nginx_line(2, "long " + "y" * 10_000_000).encode() + nginx_line(3).encode())
    t.write("logs/c.log", os.urandom(200_000) + b"\n" + nginx_line(4).encode())
    t.write("logs/d.log", b"")
    t.write("logs/e.log", nginx_line(5, "\x1b[1mbold\x1b[0m \0 \udcff here".encode("utf-8", "surrogateescape").decode("latin-1")).encode("latin-1"))
    d = t.start(config)
    t.until(lambda: {1, 3, 4, 5} <= set(items_some(up)), "the good lines among the bad ones")
    ledger = d.stop()
    assert ledger.get("cut_messages", 0) >= 1, ledger
    assert ledger.get("cut_bytes", 0) > 8_900_000, ledger  # of the long line; what the random bytes lose is chance


def items_some(up):
    return [n for n in map(item, list(up.events)) if n is not None]
