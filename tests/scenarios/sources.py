"""Source lines of frames, and stacks as fingerprints."""
import json
import os
import socket
import subprocess
import sys

from harness import free_port

CONFIG = """
sentry: {{dsn: "{dsn}", projects: {{shop: {{dsn: "{shop}", group: everywhere}}}}}}
inputs:
  - {{tail: {dir}/app.log, from: start}}
  - {{gelf: 'tcp://127.0.0.1:{port}', trust: off}}
rules: [{dir}/rules.yaml]
in_app: [{dir}/app, -{dir}/app/lib]
source_roots: [{dir}/app]
breadcrumbs: {{wait: 10ms, before: 0}}
store: {dir}/state/crumbd.db
"""
RULES = """
pack: test
rules:
  - {id: test.shop, match: 'of the shop', event: {project: shop}}
"""
SHOP = """import lib.cart

password = "hunter2"


def order(n):
    return lib.cart.load(n)


order(7)
"""
CART = """def load(n):
    stock = {}
    return stock[n]
"""


def begin(t):
    up, port = t.upstream(), free_port()
    t.write("rules.yaml", RULES)
    t.write("app/shop.py", SHOP)
    t.write("app/lib/__init__.py", "")
    t.write("app/lib/cart.py", CART)
    t.write("app/cart.js", "function load() {\n  throw new Error('gone')\n}\nload()\n")
    t.write("outside/secret.js", "const key = 'other'\n")
    os.symlink("../outside/secret.js", t.path("app", "link.js"))
    t.write("app.log", "")
    return up, port, t.config(CONFIG.format(dsn=up.dsn(1), shop=up.dsn(2), dir=t.dir, port=port))


def frames(event):
    return event["exception"]["values"][-1]["stacktrace"]["frames"]


def has_lines(frame):
    return "pre_context" in frame or "post_context" in frame


def node(value, *places):
    return "".join(["Error: %s\n" % value] + ["    at f%d (%s)\n" % (i, p) for i, p in enumerate(places)])


def scenario_source_lines(t):
    """What python3 prints of a failing program, and what a log may name beside it, read inside the sandbox."""
    up, port, config = begin(t)
    d = t.start(config)
    failing = [sys.executable, t.path("app", "shop.py")]
    printed = subprocess.run(failing, stderr=subprocess.PIPE, check=False, text=True).stderr
    t.append("app.log", printed)
    top, order, load = frames(t.wait_events(up, 1)[0])
    t.eq(top["context_line"], "order(7)")
    t.eq(order["context_line"], "    return lib.cart.load(n)")
    t.eq(order["pre_context"], ["", 'password = "[Filtered]"', "", "", "def order(n):"])
    t.eq(order["post_context"], ["", "", "order(7)"])
    t.eq(load["pre_context"], ["def load(n):", "    stock = {}"])
    t.eq([top["in_app"], order["in_app"], load["in_app"]], [True, True, False])
    # Outside, by a link too; relative; a file that is changed after what it is said to have done.
    t.append("app.log", node("one", t.path("app", "cart.js") + ":2:9", "cart.js:4:1",
                             t.path("outside", "secret.js") + ":1:1", t.path("app", "link.js") + ":1:1",
                             t.path("app", "..", "outside", "secret.js") + ":1:1"))
    lines = {f["function"]: f.get("context_line") for f in frames(t.wait_events(up, 2)[1])}
    t.eq(lines, {"f0": "  throw new Error('gone')", "f1": "load()", "f2": None, "f3": None, "f4": None})
    os.utime(t.path("app", "cart.js"), (4e9, 4e9))
    t.append("app.log", node("two", t.path("app", "cart.js") + ":2:9"))
    assert not any(map(has_lines, frames(t.wait_events(up, 3)[2])))
    # A sender who is not believed has what it printed and nothing else.
    with socket.create_connection(("127.0.0.1", port)) as s:
        message = {"version": "1.1", "host": "h", "short_message": "failed", "level": 3, "full_message": printed}
        s.sendall(json.dumps(message).encode() + b"\0")
    event = t.wait_events(up, 4)[3]
    assert not any(map(has_lines, frames(event)))
    t.eq(frames(event)[1]["context_line"], "return lib.cart.load(n)")
    t.eq(d.stop()["source_frames"], 5)


def scenario_group_everywhere(t):
    """One project's events have the stack's fingerprint, the other's Sentry groups; flood control knows the fault in
    both."""
    up, _, config = begin(t)
    d = t.start(config)
    for n in range(12):
        t.append("app.log", node("cart %d" % n, "/srv/cart.js:%d:9" % (n + 2)))
        t.append("app.log", node("cart %d of the shop" % n, "/srv/r%d/cart.js:%d:9" % (n, n + 2)))
        t.append("app.log", node("cart %d of the shop" % n, "/srv/other.js:%d:9" % n))
    d.wait_count("suppressed", 6)
    groups = {}
    for event in t.wait_events(up, 30):
        groups.setdefault(tuple(event.get("fingerprint", ())), []).append(event)
    t.eq([len(key) for key in sorted(groups)], [0, 2, 2])
    t.eq([len(events) for events in groups.values()], [10, 10, 10])
    t.eq({key[0] for key in groups if key}, {"Error"})
    d.stop()
