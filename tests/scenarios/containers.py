"""Log files of containers, laid out as Docker and Kubernetes lay them out."""
import gzip
import json
import os
import random
import re
import shutil
import time
import urllib.request

from harness import SHARED, TOP, crumbs, free_port, jsonl, nginx_line, text_of

PIECE = 16384
CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - tail: {tail}
    from: start
rules: [{rules}]
breadcrumbs: {{wait: 10ms}}
limits: {{per_issue: {{burst: 2000000000, period: 1h}}, per_minute: 2000000000, per_day: 2000000000}}
"""


def begin(t, tail, rules="shipped"):
    up = t.upstream()
    return up, t.config(CONFIG.format(dsn=up.dsn(), tail=t.path(tail), rules=rules))


def stamp():
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + ".%09dZ" % (now % 1 * 1e9)


def docker(text, stream="stderr", attrs=None):
    """The lines that Docker's json-file driver makes of a program's line."""
    text = text + "\n"
    pieces = [text[i:i + PIECE] for i in range(0, len(text), PIECE)]
    more = {"attrs": attrs} if attrs else {}
    return [json.dumps({"log": p, "stream": stream, **more, "time": stamp()}, separators=(",", ":")) + "\n" for p in pieces]


def cri(text, stream="stderr", piece=PIECE):
    """The lines that containerd makes of it; an empty F ends what fits exactly."""
    pieces = [text[i:i + piece] for i in range(0, len(text), piece)] or [""]
    if len(text) % piece == 0 and text:
        pieces.append("")
    return ["%s %s %s %s\n" % (stamp(), stream, "P" if i + 1 < len(pieces) else "F", p) for i, p in enumerate(pieces)]


def error(n, size=0):
    """A program's JSON line about fault n, filled up to a size behind its message."""
    line = json.dumps({"level": "error", "msg": "fault number %d of this run" % n, "n": n, "filler": ""})
    return line[:-2] + "x" * max(0, size - len(line)) + line[-2:]


def numbers(up):
    return sorted(int(e["tags"]["n"]) for e in up.events)


def docker_log(t, number, name=None, image="shop:1.2", labels=None):
    cid = "%064x" % (number * 0x123456789abcdef)
    path = "docker/containers/%s/%s-json.log" % (cid, cid)
    os.makedirs(os.path.dirname(t.path(path)), exist_ok=True)
    if name:
        t.write(os.path.dirname(path) + "/config.v2.json", json.dumps(
            {"ID": cid, "Name": "/" + name, "Image": "sha256:00", "Config": {"Image": image, "Labels": labels or {}}}))
    return cid, path


def scenario_docker_files(t):
    """Pieces are joined, each stream for itself; the event says which container it is and has the lines of no other one."""
    up, config = begin(t, "docker/containers/*/*-json.log")
    cid, web = docker_log(t, 1, "shop-web-1", labels={"com.docker.compose.service": "web", "tier": "front"})
    other_id, other = docker_log(t, 2)
    long = docker(error(1, 3 * PIECE + 100), attrs={"tag": "web/1"})
    t.eq(len(long), 4)
    t.write(other, "".join(docker("a line of the other container", "stdout")))
    t.write(web, "".join(docker("a line before", "stdout") + long[:2] + docker("a line between the pieces", "stdout") + long[2:]))
    d = t.start(config)
    event, = t.wait_events(up, 1)
    tags = event["tags"]
    t.eq((tags["container"], tags["image"], tags["app"], tags["tag"]), ("shop-web-1", "shop:1.2", "web", "web/1"))
    about = event["contexts"]["container"]
    t.eq((about["id"], about["labels"]), (cid, {"com.docker.compose.service": "web", "tier": "front"}))
    t.eq(event["contexts"]["log"]["lines"], 4)
    said = [c.get("message") for c in crumbs(event)]
    assert "a line before" in said and "a line between the pieces" in said, said
    assert not [s for s in said if "other" in s], said
    # One that has no config.v2.json is named as `docker ps` shows it; broken ones do no harm.
    t.append(other, "".join(docker(error(2))))
    event = t.wait_events(up, 2)[1]
    t.eq(event["tags"]["container"], other_id[:12])
    for i, broken in enumerate((b"", b"{", b"\0" * 5000, b'{"Name":[]}', b"x" * (2 << 20))):
        cid, path = docker_log(t, 10 + i)
        t.write(os.path.dirname(path) + "/config.v2.json", broken)
        t.write(path, "".join(docker(error(10 + i))))
        t.wait_events(up, 3 + i)
        t.eq([e["tags"]["container"] for e in up.events if e["contexts"]["container"]["id"] == cid], [cid[:12]])
    ledger = d.stop()
    t.eq((ledger["joined"], ledger["event"], ledger["lines_in"]), (3, 7, 13))


def scenario_pod_files(t):
    """By the links of /var/log/containers: pod, namespace and container, in tags and for rules; nginx inside is nginx."""
    rules = t.write("rules.yaml", """
pack: shop
rules:
  - id: shop.test-namespace
    match: fault
    when: {namespace: '^test$'}
    action: drop
    samples: [{lines: 'fault', event: none}]
  - id: shop.fault
    match: fault number (?<n>[0-9]+)
    when: {pod: '^shop-'}
    event: {type: Fault, message: '{container} of {pod} in {namespace}: fault number {n}', fingerprint: [fault]}
    samples: [{lines: 'fault', event: none}]
""")
    up, config = begin(t, "containers/*.log", "shipped, " + rules)
    os.makedirs(t.path("containers"))
    paths = {}
    for namespace, pod, container in (("prod", "shop-1", "web"), ("prod", "shop-1", "proxy"), ("test", "shop-1", "web")):
        path = "pods/%s_%s_%s-uid/%s/0.log" % (namespace, pod, namespace, container)
        t.write(path, "")
        os.symlink(t.path(path), t.path("containers/%s_%s_%s-%s.log" % (pod, namespace, container, "ab" * 32)))
        paths[namespace, container] = path
    d = t.start(config)
    t.append(paths["test", "web"], "".join(cri(error(1))))
    t.append(paths["prod", "web"], "".join(cri("a word before", "stdout") + cri(error(2, 2 * PIECE))))
    event, = t.wait_events(up, 1)
    t.eq(text_of(event), "Fault: web of shop-1 in prod: fault number 2")
    t.eq([event["tags"][k] for k in ("pod", "namespace", "container", "app")], ["shop-1", "prod", "web", "web"])
    about = event["contexts"]["container"]
    t.eq((about["pod_uid"], about["id"]), ("prod-uid", "ab" * 32))
    t.eq([c["message"] for c in crumbs(event)], ["a word before"])
    # Every nginx has its worker 7 with a connection 5: only the lines of this one belong to the event.
    stranger = nginx_line(3, "client closed keepalive connection", "info", conn=5, upstream=None)
    t.append(paths["test", "web"], "".join(cri(stranger.rstrip())))
    d.wait_count("lines_in", 5)
    mine = nginx_line(4, "a client request body is buffered", "warn", conn=5, upstream=None)
    t.append(paths["prod", "proxy"], "".join(cri(mine.rstrip()) + cri(nginx_line(5, conn=5).rstrip(), piece=100)))
    event = t.wait_events(up, 2)[1]
    t.eq((event["request"]["method"], event["logger"]), ("GET", "nginx.error"))
    t.eq([event["tags"][k] for k in ("pod", "namespace", "container")], ["shop-1", "prod", "proxy"])
    said = [c.get("message", "") for c in crumbs(event)]
    assert len(said) == 1 and "buffered" in said[0], said
    # Its access line goes to the other stream, and is a request all the same.
    when = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
    t.append(paths["prod", "proxy"], "".join(
        cri('203.0.113.9 - - [%s] "GET /item/6 HTTP/1.1" 502 7 "-" "curl"' % when, "stdout") +
        cri(nginx_line(6, conn=9).rstrip())))
    event = t.wait_events(up, 3)[2]
    request, = [c for c in crumbs(event) if c["type"] == "http"]
    t.eq((request["data"]["url"], request["data"]["status_code"]), ("/item/6", 502))
    t.eq(event["contexts"]["response"]["status_code"], 502)
    d.stop()


def scenario_pod_files_are_rotated(t):
    """0.log.DATE is read to its end, 0.log.DATE.gz is not read again, 1.log belongs to the same container."""
    for tail in ("pods/*/*/*.log", "pods/*/*/*"):
        name = "a" if tail.endswith(".log") else "b"
        up, config = begin(t, name + tail)
        folder = name + "pods/prod_shop-1_uid/web/"
        t.write(folder + "0.log", "".join(cri(error(1))))
        d = t.start(config)
        t.wait_events(up, 1)
        old = open(t.path(folder + "0.log"), "ab")
        os.rename(t.path(folder + "0.log"), t.path(folder + "0.log.20240506-070809"))
        old.write("".join(cri(error(2, 40000))).encode())
        old.close()
        t.write(folder + "0.log", "".join(cri(error(3))))
        t.wait_events(up, 3)
        # The kubelet compresses what is not the newest, under another name first.
        with open(t.path(folder + "0.log.20240506-070809"), "rb") as f:
            t.write(folder + "0.log.20240506-070809.tmp", gzip.compress(f.read()))
        os.rename(t.path(folder + "0.log.20240506-070809.tmp"), t.path(folder + "0.log.20240506-070809.gz"))
        os.remove(t.path(folder + "0.log.20240506-070809"))
        t.write(folder + "1.log", "".join(cri("words after the restart", "stdout") + cri(error(4))))
        event = t.wait_events(up, 4)[3]
        t.eq(numbers(up), [1, 2, 3, 4])
        assert "words after the restart" in [c.get("message") for c in crumbs(event)], crumbs(event)
        d.stop()
        d = t.start(config)
        t.append(folder + "1.log", "".join(cri(error(5))))
        t.wait_events(up, 5)
        ledger = d.stop()
        t.eq((ledger["lines_in"], ledger["event"]), (1, 1))


class Node:
    """The folders of a node, with what a kubelet and a runtime do there: as root's, and shut to all others."""

    def __init__(self, t):
        self.t, self.logs, self.lines = t, {}, 0
        for folder in ("var/log/containers", "var/log/pods"):
            os.makedirs(t.path("node", folder))

    def run(self, pod, namespace, container, restart=0):
        """A container begins: its log, and the link to it, in place of that of the one before."""
        key, folder = (pod, namespace, container), "node/var/log/pods/%s_%s_uid-%s/%s/" % (namespace, pod, pod, container)
        self.logs[key] = folder + "%d.log" % restart
        self.create(key)
        link = self.t.path("node/var/log/containers/%s_%s_%s-%%064x.log" % key)
        if restart:
            os.remove(link % (restart - 1))
        os.symlink(self.t.path(self.logs[key]), link % restart)
        return key

    def create(self, key):
        os.chmod(self.t.write(self.logs[key], ""), 0o600)

    def say(self, key, *lines, log=None):
        """Lines as the runtime writes them; counted. log: of another name than the container's newest."""
        text = "".join(line for parts in lines for line in parts)
        self.lines += text.count("\n")
        self.t.append(log or self.logs[key], text)

    def rotate(self, key, date):
        """The first half: the log gets another name, and the runtime goes on with it until it is told."""
        old = "%s.%s" % (self.logs[key], date)
        os.rename(self.t.path(self.logs[key]), self.t.path(old))
        return old

    def compress(self, log):
        with open(self.t.path(log), "rb") as f:
            self.t.write(log + ".tmp", gzip.compress(f.read()))
        os.rename(self.t.path(log + ".tmp"), self.t.path(log + ".gz"))
        os.remove(self.t.path(log))


def as_in_the_pod(t, security):
    """From here on crumbd runs as whom the manifest says, with the capabilities that are left of it, where root can do that."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return
    t.eq(security["capabilities"], {"drop": ["ALL"]})
    t.crumbd_path = t.write("in-the-pod", "#!/bin/sh\nexec setpriv --reuid=%d --regid=%d --clear-groups --inh-caps=-all "
                            "--bounding-set=-all --no-new-privs -- %s \"$@\"\n" % (
                                security["runAsUser"], security["runAsGroup"], t.crumbd_path))
    os.chmod(t.crumbd_path, 0o755)


TRACE = """Traceback (most recent call last):
  File "/srv/till.py", line 40, in pay
    charge(order)
  File "/srv/till.py", line 12, in charge
    raise CardError("the card of this order was refused")
CardError: the card of this order was refused"""


def scenario_daemonset(t):
    """With the manifest's own configuration, as its user, over the folders of a node: pod and node in each event, and a kubelet's
    rotation, restarts of containers and of crumbd lose and double nothing."""
    try:
        import yaml
    except ImportError:
        t.skip("no PyYAML")
    with open(os.path.join(TOP, "contrib/kubernetes/daemonset.yaml"), encoding="utf-8") as f:
        kinds = {d["kind"]: d for d in yaml.safe_load_all(f)}
    container, = kinds["DaemonSet"]["spec"]["template"]["spec"]["containers"]
    as_in_the_pod(t, container["securityContext"])
    up, node, probes = t.upstream(), Node(t), free_port()
    text = kinds["ConfigMap"]["data"]["crumbd.yaml"]
    for here, there in ((":8686", ":%d" % free_port()), ("0.0.0.0:8687", "127.0.0.1:%d" % probes),
                        ("/var/log/", t.path("node/var/log/")), ("/var/lib/crumbd/", t.path("state/"))):
        assert here in text, here
        text = text.replace(here, there)
    # The sandbox knows by itself where the links lead at their own place; here it must be told.
    config = t.config(text + "source_roots: [%s]\n" % t.path("node/var/log/pods"))
    os.chmod(t.write("secret/dsn", up.dsn()), 0o400)
    env = t.env(CREDENTIALS_DIRECTORY=t.path("secret"), SENTRY_NAME="node-3")
    web = node.run("shop-1", "prod", "web")
    t.append(node.logs[web], "".join(cri(error(0))))  # long ago
    d = t.start(config, env=env)

    # A long line in pieces; who it was.
    node.say(web, cri("a word before", "stdout"), cri(error(1, 2 * PIECE)))
    event, = t.wait_events(up, 1)
    t.eq([event["tags"][k] for k in ("pod", "namespace", "container", "app", "n")], ["shop-1", "prod", "web", "web", "1"])
    about = event["contexts"]["container"]
    t.eq((about["pod_uid"], about["id"], event["server_name"]), ("uid-shop-1", "0" * 64, "node-3"))
    t.eq([c["message"] for c in crumbs(event)], ["a word before"])
    for path in ("/healthz", "/readyz", "/metrics"):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (probes, path), timeout=20) as r:
            t.eq(r.status, 200, path)

    # A trace, between the lines of its pod's other stream and of a pod that has just come. crumbd's own words are no event.
    till, own = node.run("till-1", "pay", "till"), node.run("crumbd-node-x", "logging", "crumbd")
    node.say(own, cri('level=error msg="the upstream does not answer" host=sentry.example.com'))
    for line in TRACE.split("\n"):
        node.say(till, cri(line), cri("GET /health 200", "stdout"))
        node.say(web, cri("GET /health 200", "stdout"))
    event = t.wait_events(up, 2)[1]
    exception, = event["exception"]["values"]
    t.eq((exception["type"], [f["lineno"] for f in exception["stacktrace"]["frames"]]), ("CardError", [40, 12]))
    t.eq([event["tags"][k] for k in ("pod", "namespace", "container")], ["till-1", "pay", "till"])

    # Rotation: what comes until the runtime opens the new log goes to the old one.
    old = node.rotate(web, "20261130-070809")
    node.say(web, cri(error(2, 3 * PIECE)), log=old)
    node.create(web)
    node.say(web, cri(error(3)))
    t.wait_events(up, 4)
    node.compress(old)
    d.wait_count("lines_in", node.lines)
    d.stop(sent=node.lines)
    node.lines = 0

    # An update of the DaemonSet: two rotations, a container's restart and a new pod while there is no crumbd.
    for n, date in ((4, "20261130-080809"), (5, "20261130-090809")):
        node.say(web, cri(error(n)))
        rotated = node.rotate(web, date)
        node.create(web)
        if n == 4:
            node.compress(rotated)
    node.say(web, cri(error(6)))
    node.say(till, cri(error(7)))
    till = node.run("till-1", "pay", "till", restart=1)
    node.say(till, cri("words after the restart", "stdout"), cri(error(8)))
    late = node.run("late-1", "prod", "late")
    node.say(late, cri(error(9)))
    d = t.start(config, env=env)
    events = t.wait_events(up, 10)
    d.wait_count("lines_in", node.lines)
    ledger = d.stop(sent=node.lines)
    events = list(up.events)
    t.eq(sorted(int(e["tags"]["n"]) for e in events if "n" in e["tags"]), list(range(1, 10)))
    t.eq({e["server_name"] for e in events}, {"node-3"})
    t.eq({e["tags"]["pod"] for e in events}, {"shop-1", "till-1", "late-1"})
    t.eq(ledger.get("rotation_gap", 0), 0)


def scenario_killed_between_pieces(t):
    """kill -9 again and again while lines of many pieces are written: every one once, whole, and the lines between them."""
    dice = random.Random(7)
    up, config = begin(t, "docker/containers/*/*-json.log")
    _, path = docker_log(t, 1, "shop-web-1")
    t.write(path, "")
    d = t.start(config)
    sent = 0
    for turn in range(8):
        lines = docker(error(2 * turn, dice.randrange(2, 6) * PIECE)), docker(error(2 * turn + 1, 2 * PIECE + turn), "stdout")
        order = [0] * len(lines[0]) + [1] * len(lines[1])
        dice.shuffle(order)
        at = [0, 0]
        cut = dice.randrange(1, len(order))
        for i, stream in enumerate(order):
            t.append(path, lines[stream][at[stream]])
            at[stream] += 1
            if i == cut:
                if turn % 2:  # what was whole has been stored and sent
                    whole = sum(at[s] == len(lines[s]) for s in (0, 1))
                    t.wait_events(up, sent + whole)
                d.kill()
                d = t.start(config)
        sent += 2
    t.wait_events(up, sent)
    # What was under way when it was killed is sent again, as the same event; a line judged twice would be another one.
    t.eq(numbers(up), list(range(sent)))
    for event in up.events:
        size = 2 * PIECE
        assert event["contexts"]["log"]["lines"] >= size // PIECE, event["contexts"]["log"]
        assert "partial" not in event["tags"], event["tags"]
    d.stop()


def scenario_the_last_words_of_a_container(t):
    """A line whose rest never comes is not kept for ever, nor a last one without its end."""
    up, config = begin(t, "logs/*.log")
    t.write("logs/0.log", "".join(cri(error(1, 3 * PIECE))[:2]))
    t.write("logs/1.log", docker(error(2))[0].replace("\\n", ""))
    d = t.start(config)
    t.wait_events(up, 1)
    t.eq(numbers(up), [2])
    d.wait_count("lines_in", 3)
    ledger = d.stop()
    t.eq((ledger["lines_in"], ledger["joined"]), (3, 1))


def scenario_container_lines_in_commands(t):
    """parse, try and standard input join as the daemon does, and know the container by the path."""
    long = error(1, 2 * PIECE + 10)
    cid, path = docker_log(t, 1, "shop-web-1")
    t.write(path, "".join(docker(long) + docker("end", "stdout")))
    for args in ((path,), ("--format", "docker", path)):
        first, second = jsonl(t.run("parse", *args)[0])
        t.eq((first["message"], len(first["fields"]["filler"]), first["level"]),
             ("fault number 1 of this run", len(json.loads(long)["filler"]), "error"))
        t.eq((first["app"], first["fields"]["container"], first["fields"]["image"], first["fields"]["container_id"]),
             ("shop-web-1", "shop-web-1", "shop:1.2", cid))
        t.eq((second["message"], second["fields"]["stream"]), ("end", "stdout"))
    event, = jsonl(t.run("try", "--events", path)[0])
    t.eq((event["tags"]["container"], event["contexts"]["log"]["lines"]), ("shop-web-1", 3))
    pod = t.write("pods/prod_shop-1_uid/web/0.log", "".join(cri(long) + cri("half", piece=2)[:1]))
    first, second = jsonl(t.run("parse", pod)[0])
    t.eq([first["fields"][k] for k in ("pod", "namespace", "container")], ["shop-1", "prod", "web"])
    t.eq((second["message"], second["fields"]["partial"]), ("ha", True))
    with open(pod, encoding="utf-8") as f:
        text = f.read()
    first, second = jsonl(t.run("parse", "--format", "cri", "-", stdin=text)[0])
    assert "pod" not in first["fields"] and second["message"] == "ha", (first, second)
    up = t.upstream()
    t.run("-", stdin=text, env=t.env(SENTRY_DSN=up.dsn()))
    event, = up.events
    t.eq((event["contexts"]["log"]["lines"], event["tags"]["n"]), (3, "1"))


def as_docker_writes(text):
    """A line of Fluent Bit's tests: a piece of a longer one, which has no line feed, is never short."""
    if not text.startswith("{"):
        return text  # no line of Docker's, which ends what came before
    line = json.loads(text, strict=False)
    if not line["log"].endswith("\n"):
        line["log"] += "." * PIECE
    return json.dumps(line)


def scenario_pieces_beside_fluent_bit(t):
    """Fluent Bit's own tests of containers' lines that came in pieces: crumbd has the same records."""
    path = os.path.join(SHARED, "corpus", "multiline", "fluent-bit-groups.jsonl")
    if not os.path.exists(path):
        t.skip("no %s" % path)
    with open(path, encoding="utf-8") as f:
        cases = {c["id"]: c for c in map(json.loads, f)}
    for kind, write in (("cri", str), ("docker", as_docker_writes)):
        case = cases["fluentbit-" + kind]
        log = t.write(kind + ".log", "".join(write(line) + "\n" for line in case["input"]))
        records = jsonl(t.run("parse", "--format", kind, log)[0])
        got = [r["message"].replace("." * PIECE, "") for r in records if "error" not in r]
        t.eq(sorted(got), sorted(r.rstrip("\n") for r in case["expect"]["records"] if r not in case["input"]))


def scenario_log_format_of_commands(t):
    """--log-format reads a custom access log in parse, try and explain; its lines are requests in breadcrumbs."""
    text = "$remote_addr|$request_time|$status|$request_method $uri|$http_x_shop"
    log = t.write("access.log", "203.0.113.9|0.250|503|GET /cart|blue\n")
    for option in (("--log-format", text), ("--log-format=" + text,), ("--format", "nginx-access", "--log-format", text)):
        record, = jsonl(t.run("parse", *option, log)[0])
        t.eq((record["format"], record["level"], record["message"]), ("nginx-access", "warning", "GET /cart -> 503"))
        t.eq((record["fields"]["client"], record["fields"]["http_x_shop"]), ("203.0.113.9", "blue"))
    rules = t.write("rules.yaml", """
pack: shop
rules:
  - id: shop.cart
    match: ' /cart -> 503$'
    when: {format: nginx-access, http_x_shop: blue}
    event: {type: CartDown, message: 'the cart is down for {client}'}
    samples: [{lines: x, event: none}]
""")
    event, = jsonl(t.run("try", "--rules", rules, "--events", "--log-format", text, log)[0])
    t.eq(text_of(event), "CartDown: the cart is down for [Filtered]") # a client leaves only with scrub: {send_ip: on}
    with open(log, encoding="utf-8") as f:
        out, _ = t.run("explain", "--rules", rules, "--log-format", text, f.read().strip())
    assert "decided by shop.cart" in out and "http_x_shop    blue" in out, out
    both = "$pid $connection $status $request_id $request"
    t.write("both.log", "7 5 502 0123456789abcdef GET /item/5 HTTP/1.1\n")
    up = t.upstream()
    config = t.config("""
sentry: {dsn: "%s"}
inputs:
  - {tail: {dir}/both.log, format: nginx-access, log_format: '%s', from: start}
  - {tail: {dir}/error.log, format: nginx-error, timezone: UTC}
""" % (up.dsn(), both))
    d = t.start(config)
    d.wait_count("lines_in", 1)
    t.write("error.log", nginx_line(5, conn=5))
    event, = t.wait_events(up, 1)
    request, = [c for c in crumbs(event) if c["type"] == "http"]
    t.eq((request["data"], event["tags"]["transaction_id"]),
         ({"connection": 5, "request": "0123456789abcdef", "method": "GET", "url": "/item/5", "status_code": 502}, "0123456789abcdef"))
    d.stop()
    for command in (("parse",), ("try",), ("explain",)):
        t.run(*command, "--format", "json", "--log-format", text, log, status=2)
        t.run(*command, "--log-format", "", log, status=2)
    for command in ("parse", "try"):
        t.run(command, "--log-format", status=2)
