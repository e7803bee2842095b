"""The page in a real browser: Debian's Chromium, driven by playwright-core, looked at by axe-core (both from npm)."""
import itertools
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time

import foreign
from harness import TOP, Failure, free_port
from nginx import Backend, Nginx, misbehave
from page_fake import Fake

CEILING_S = 300
# A row of a list, an answer of 1000, a picture of each size: what a reader would feel as a stop, on a machine that does other things.
LONGEST_MS = 500
ANSWER_MS = 2000  # from a key to the rows that it asks for, among a hundred thousand, on such a machine
PACKAGES = ("playwright-core@1.65.1", "axe-core@4.14.1")


def browse(t, steps, **given):
    """Steps of tests/tools/browse_STEPS.mjs to their end."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        t.skip("no chromium here (Debian's package chromium)")
    tools = os.path.join(TOP, "tests", "tools")
    given.update(chromium=chromium, pictures=os.environ.get("CRUMBD_PICTURES"))
    # A Unix socket of Chromium's lies some 45 bytes below TMPDIR, and its whole path has to fit into 107: the folder of the scenario may lie too deep.
    with tempfile.TemporaryDirectory(prefix="crumbd-", dir="/tmp", ignore_cleanup_errors=True) as home:
        p = subprocess.run(["node", os.path.join(tools, "browse.mjs"), os.path.join(tools, "browse_%s.mjs" % steps), json.dumps(given)],
                           cwd=foreign.node(t, *PACKAGES), env=dict(os.environ, TMPDIR=home, HOME=home), capture_output=True, text=True,
                           timeout=CEILING_S, check=False)
    if p.returncode:
        raise Failure("in the browser:\n%s%s" % (p.stdout, p.stderr[-3000:]))


def scenario_page_of_a_thousand_issues(t):
    """Every view with a thousand issues that change, and texts made to do harm: smooth, readable, by keyboard, and nothing becomes markup."""
    fake = Fake(1000)
    t.at_end.append(fake.close)
    over, keys = threading.Event(), list(fake.issues)

    def go_on():
        while not over.wait(0.1):
            fake.occur(random.choice(keys))
    threading.Thread(target=go_on, daemon=True).start()
    t.at_end.append(over.set)
    browse(t, "many", base="http://127.0.0.1:%d" % fake.port, issues=1000, longest_ms=LONGEST_MS)
    t.eq(fake.posts, ["/api/dead/7/retry", "/api/dead/7/drop"])


MANY = 100000
KINDS = (("TimeoutError", "gateway took longer than %d ms", "error"), ("DiskFull", "no space left on device /srv/%d", "fatal"),
         ("", "retrying job %d of queue mail", "warning"), ("<b>Refused</b>", "connect() to 10.0.0.%d failed \u202e", "error"))


def fill(store, n):
    """Issues as crumbd writes them, the newest of now, each a second older than the one before."""
    now, r = time.time_ns() // 1000, random.Random(n)

    def rows():
        for i in range(n):
            type_, value, level = KINDS[i % len(KINDS)]
            title = (type_ + ": " if type_ else "") + value % i
            yield (r.getrandbits(63), now - 10**6 * (i + r.randrange(86400)), now - 10**6 * i, r.randrange(1, 5000), 0, 0, title, type_, value % i, level, "shop.rule-%d" % (i % 50),
                   "", "app-%d" % (i % 9), "web-%d" % (i % 5), "", "", None, 512)
    with sqlite3.connect(store) as db:
        db.executemany("INSERT OR IGNORE INTO issue(key,first_us,last_us,count,suppressed,events,title,type,value,level,rule,project,app,host,origin,tags,history,bytes)"
                       " VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", rows())
    db.close()


if os.environ.get("CRUMBD_LONG"):  # for `tests/run long`
    def scenario_page_of_a_hundred_thousand_issues(t):
        """A real store of them, while lines come: the list, a search as one types, a filter and another order, none of which makes a reader wait."""
        port = free_port()
        config = t.config("inputs: [{tail: '{dir}/a.log', format: text}]\nissues: {keep: 30d, size: 256m}\nhttp: 127.0.0.1:%d\n" % port)
        t.write("a.log", "")
        t.start(config).stop()
        fill(t.path("crumbd.db"), MANY)
        d, over = t.start(config), threading.Event()

        def go_on():
            for n in itertools.count():
                if over.wait(0.1):
                    return
                t.append("a.log", "2026-11-30 10:00:00 ERROR shop: order %d of %s failed\n" % (n, "abc"[n % 3]))
        threading.Thread(target=go_on, daemon=True).start()
        t.at_end.append(over.set)
        browse(t, "flood", base="http://127.0.0.1:%d" % port, issues=MANY, longest_ms=LONGEST_MS, answer_ms=ANSWER_MS)
        over.set()
        d.stop()


CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - {{tail: {dir}/nginx/logs/error.log, format: nginx-error, from: start}}
  - {{tail: {dir}/nginx/logs/access.log, format: nginx-access, from: start}}
breadcrumbs: {{wait: 50ms}}
http: 127.0.0.1:{port}
"""


def scenario_page_while_nginx_fails(t):
    """Issues appear, count on and are read, with their rule and what became of each line, in a page that is never loaded again."""
    up, port, dead, backend = t.upstream(), free_port(), free_port(), Backend(t, misbehave)
    n = Nginx(t, format="crumbd", server="""
        location /refused { proxy_pass http://127.0.0.1:%d; }
        location /backend/ { proxy_pass http://127.0.0.1:%d/; proxy_read_timeout 100ms; }
    """ % (dead, backend.port))
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, port=port)))
    browse(t, "real", base="http://127.0.0.1:%d" % port, nginx="http://127.0.0.1:%d" % n.port)
    d.stop()


def scenario_page_is_small(t):
    """All of its own code is under 60 KB, and it names no other host."""
    folder = os.path.join(TOP, "src", "page")
    total = 0
    for name in os.listdir(folder):
        if name.endswith((".js", ".css", ".svg")):
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                text = f.read()
            total += len(text.encode())
            assert not re.search(r"""https?://|['"(]//""", text.replace("http://www.w3.org/2000/svg", "")), name
            for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"):
                assert sink not in text, (name, sink)
    assert total < 60 * 1024, total
