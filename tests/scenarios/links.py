"""Folders that others may write: what they put there never makes crumbd read what is not theirs. And more files than descriptors."""
import os
import re
import socket
import time
import urllib.request

from harness import crumbs, free_port, item, nginx_line

MALLORY, APP, NOBODY = 40001, 40002, 65534
CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {tail}
    from: start
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 1000000, period: 1h}}, per_minute: 1000000, per_day: 100000000}}
http: 127.0.0.1:{web}
"""


def begin(t, tail):
    up, web = t.upstream(), free_port()
    return up, web, t.config(CONFIG.format(dsn=up.dsn(), tail=t.path(tail), web=web))


def page(web, path):
    with urllib.request.urlopen("http://127.0.0.1:%d%s" % (web, path)) as answer:
        return answer.read().decode()


def need_root(t):
    if os.geteuid() != 0:
        t.skip("only root can make files of other users")


def give(path, uid, mode=None):
    os.chown(path, uid, uid, follow_symlinks=False)
    if mode is not None:
        os.chmod(path, mode)


def scenario_links_to_what_only_crumbd_may_read(t):
    """Links to a file of root's, to crumbd's environment and to its store: none of it is read, each is named once, and the logs beside them are."""
    need_root(t)
    up, web, config = begin(t, "logs/*.log")
    os.mkdir(t.path("logs"))
    give(t.path("logs"), MALLORY, 0o755)
    t.write("shadow", "2026/11/29 10:00:00 [error] 7#7: *1 root:secret-of-root\n")
    os.chmod(t.path("shadow"), 0o600)
    targets = {"s": "../shadow", "absolute": t.path("shadow"), "environ": "../" * 20 + "proc/self/environ", "wal": "../crumbd.db-wal",
               "db": "../crumbd.db", "by-link": "s.log", "by-folder": "up/shadow"}
    os.symlink("..", t.path("logs/up"))
    give(t.path("logs/up"), MALLORY)
    for name, target in targets.items():
        os.symlink(target, t.path("logs/%s.log" % name))
        give(t.path("logs/%s.log" % name), MALLORY)
    t.write("logs/app-2026-11-29.log", nginx_line(1))
    give(t.path("logs/app-2026-11-29.log"), MALLORY, 0o640)
    os.symlink("app-2026-11-29.log", t.path("logs/current.log"))
    give(t.path("logs/current.log"), MALLORY)
    os.symlink("app-2026-11-29.log", t.path("logs/environ.log.1"))
    d = t.start(config, env=t.env(SECRET="secret-of-crumbd"))
    t.wait_events(up, 1)
    t.append("logs/app-2026-11-29.log", nginx_line(2))
    event = t.wait_events(up, 2)[1]
    t.eq((item(event), len(up.events)), (2, 2))
    t.until(lambda: 'crumbd_input_unreadable{input="%s"} 7' % t.path("logs/*.log") in page(web, "/metrics"), "seven are unreadable")
    assert "7 unreadable" in page(web, "/"), page(web, "/")
    ledger = d.stop()
    t.eq((ledger["lines_in"], ledger["event"], ledger["files_refused"]), (2, 2, 7))
    for name in targets:
        t.eq(len(re.findall(r"level=(?:warn|error) .*path=%s .*remedy=" % re.escape(t.path("logs/%s.log" % name)), d.err)), 1, name)
    for text in [str(up.events), d.err]:
        assert "secret-of" not in text, text


def scenario_what_is_said_of_links_and_other_things(t):
    """Whose link, whose target, and what to do, without a right that would let crumbd read it; what stands there instead of a file; a loop."""
    need_root(t)
    os.chmod(t.dir, 0o755)
    os.mkdir(t.path("logs"), 0o755)
    os.mkdir(t.path("state"))
    give(t.path("state"), NOBODY)
    t.write("shadow", "secret")
    os.chown(t.path("shadow"), 0, 4)
    os.chmod(t.path("shadow"), 0o640)
    t.write("closed/x", "secret")
    os.chmod(t.path("closed"), 0o700)
    links = {"own": ("../shadow", NOBODY), "hers": ("../shadow", MALLORY), "far": ("../closed/x", MALLORY), "roots": ("../shadow", 0),
             "one": ("two.log", 0), "two": ("one.log", 0), "out": ("/dev/stdout", 0), "proc": ("/proc/self/environ", 0), "zero": ("/dev/zero", 0)}
    for name, (target, uid) in links.items():
        os.symlink(target, t.path("logs/%s.log" % name))
        give(t.path("logs/%s.log" % name), uid)
    os.mkfifo(t.path("logs/pipe.log"))
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(t.path("logs/socket.log"))
    t.write("logs/good.log", nginx_line(1))
    d = t.start(t.config("inputs: [{tail: {dir}/logs/*.log, from: start}]\nstore: {dir}/state/crumbd.db\nbreadcrumbs: {wait: 10ms}\n"
                         "user: %d\n" % NOBODY))
    d.wait_count("event", 1)
    ledger = d.stop()

    def said(name):
        line, = re.findall(r"^.*path=%s .*$" % re.escape(t.path("logs/%s.log" % name)), d.err, re.M)
        return line

    for name, uids in (("own", (NOBODY, 0)), ("hers", (MALLORY, 0)), ("far", (MALLORY, "unknown"))):
        assert "link=%s.log link_uid=%s target_uid=%s " % (name, *uids) in said(name), said(name)
        assert re.search("remedy=.*chown -h root.*name the file itself.*chown", said(name)), said(name)
        assert not re.search("group|setfacl|folders above", said(name)), said(name)
    assert "group adm" in said("roots"), said("roots")
    for name, kind in (("pipe", "a named pipe"), ("socket", "a socket"), ("proc", "below /proc"), ("zero", "a device")):
        assert 'level=warn msg="this is no file to tail' in said(name) and '="%s"' % kind in said(name), said(name)
        assert "regular files" in said(name) and "nginx" not in said(name), said(name)
    assert "level=error" in said("out") and "nginx image" in said("out"), said("out")
    for name in ("one", "two"):
        assert "level=warn" in said(name) and "circle" in said(name), said(name)
    t.eq(ledger["files_refused"], 8, "hers, one, two, out, proc, zero, pipe, socket")


def scenario_a_folder_anyone_may_write(t):
    """It is named in one warning at the start, and a second name of somebody's file in it is not read."""
    need_root(t)
    up, _, config = begin(t, "shared/*/*.log")
    os.makedirs(t.path("shared/app"))
    give(t.path("shared"), 0, 0o1777)
    give(t.path("shared/app"), APP, 0o775)
    t.write("hers", "2026/11/29 10:00:00 [error] 7#7: *1 a line of hers\n")
    give(t.path("hers"), MALLORY, 0o600)
    os.link(t.path("hers"), t.path("shared/app/hers.log"))
    t.write("shared/app/a.log", nginx_line(1))
    give(t.path("shared/app/a.log"), APP)
    d = t.start(config)
    t.wait_events(up, 1)
    d.wait_log("a file with several names is not read")
    warnings = re.findall(r"level=warn msg=\"others may write in folders .* folders=\"?([^\"]*)\"? remedy=", d.err)
    t.eq(len(warnings), 1, d.err)
    named = warnings[0].split()
    assert t.path("shared") in named and t.path("shared/app") in named and t.dir not in named, named
    ledger = d.stop()
    t.eq((ledger["lines_in"], ledger["files_refused"]), (1, 1))


def scenario_breadcrumbs_of_another_file(t):
    """A file that takes the name of another, by rename or by a link, does not get its lines as breadcrumbs."""
    up, _, config = begin(t, "logs/*.log")
    now = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime())
    t.write("logs/a.log", now + " INFO shop: a line of the first file\n")
    d = t.start(config)
    d.wait_count("lines_in", 1)
    os.rename(t.path("logs/a.log"), t.path("logs/b.log"))
    t.write("logs/a.log", now + " ERROR shop: fault of the second file\n")
    event, = t.wait_events(up, 1)
    assert not [c for c in crumbs(event) if "first file" in c.get("message", "")], crumbs(event)
    t.append("logs/b.log", now + " ERROR shop: fault number two\n")
    event = t.wait_events(up, 2)[1]
    assert [c for c in crumbs(event) if "first file" in c.get("message", "")], crumbs(event)
    d.stop()


def scenario_a_path_that_looks_like_a_containers(t):
    """In a folder of somebody's own the path tells no pod; in root's it does."""
    need_root(t)
    up, _, config = begin(t, "*/pods/*/*/*.log")
    line = '2026-11-23T10:00:00Z stderr F {"level":"error","msg":"fault of %s"}\n'
    for who, owner in (("hers", MALLORY), ("roots", 0)):
        t.write("%s/pods/kube-system_dns-1_uid/dns/0.log" % who, line % who)
        for folder, _, _ in os.walk(t.path(who)):
            give(folder, owner, 0o755)
    d = t.start(config)
    events = {re.search("fault of ([a-z]+)", str(e)).group(1): e["tags"] for e in t.wait_events(up, 2)}
    assert not {"pod", "namespace", "container"} & set(events["hers"]), events["hers"]
    t.eq([events["roots"][k] for k in ("pod", "namespace", "container")], ["dns-1", "kube-system", "dns"])
    d.stop()


def scenario_more_files_than_descriptors(t):
    """300 files and a hard limit of 128: every line of every file is sent once, nothing looks rotated, and the log says what to do."""
    files = 300
    up, _, config = begin(t, "logs/*.log")
    for n in range(files):
        t.write("logs/%d.log" % n, nginx_line(n))
    t.crumbd_path = t.write("limited", "#!/bin/sh\nulimit -n 128 && exec %s \"$@\"\n" % t.crumbd_path)
    os.chmod(t.crumbd_path, 0o755)
    d = t.start(config)
    t.wait_events(up, files)
    for n in range(files):
        t.append("logs/%d.log" % n, nginx_line(files + n))
    t.wait_events(up, 2 * files)
    assert len(os.listdir("/proc/%d/fd" % d.pid)) <= 110, os.listdir("/proc/%d/fd" % d.pid)
    ledger = d.stop()
    t.eq(sorted(map(item, up.events)), list(range(2 * files)))
    t.eq((ledger["lines_in"], ledger["event"], up.duplicates), (2 * files, 2 * files, {}))
    assert ledger["files_parked"] >= files - 64, ledger
    assert not re.search("rotated|is gone|truncated|Too many open files", d.err), d.err[-2000:]
    assert "more files than may be open at once" in d.err and "LimitNOFILE" in d.err, d.err[-2000:]
