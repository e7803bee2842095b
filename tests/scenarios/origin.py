"""Who is believed: reserved names, tags input and peer, trust domains."""
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request

from harness import free_port

CONFIG = """
sentry: {{dsn: "{dsn}", environment: production, release: shop@1}}
inputs:
{inputs}
rules: []
breadcrumbs: {{wait: 300ms}}
"""

RESERVED = ("rule", "format", "app", "container", "pod", "namespace", "image", "server", "transaction_id", "input", "peer", "release",
            "environment")
ID = "0af7651916cd43dd8448eb211c80319c"


def send(kind, host, port, text):
    if kind == "udp":
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(text.encode(), (host, port))
    elif kind == "tcp":
        with socket.create_connection((host, port)) as s:
            s.sendall(text.encode() + b"\n")
    else:
        urllib.request.urlopen(urllib.request.Request("http://%s:%d/gelf" % (host, port), data=text.encode())).read()


def gelf(message, host="web", level=3, **fields):
    return json.dumps({"version": "1.1", "host": host, "short_message": message, "level": level, **{"_" + k: v for k, v in fields.items()}})


def by_message(events):
    return {e["logentry"]["formatted"]: e for e in events}


def crumbs(event):
    return json.dumps(event.get("breadcrumbs", {}))


def ports_of(kinds):
    return {name: free_port(socket.SOCK_DGRAM if name.endswith("udp") else socket.SOCK_STREAM) for name in kinds}


def scenario_reserved_names_of_a_stranger(t):
    """Every reserved name, by GELF over UDP, TCP and HTTP, by JSON in syslog and by structured data: kept, and believed nowhere."""
    up = t.upstream()
    port = ports_of(("gudp", "gtcp", "http", "sudp", "stcp"))
    where = {"gudp": "udp://127.0.0.1:%d", "gtcp": "tcp://127.0.0.1:%d", "http": "http://127.0.0.1:%d", "sudp": "udp://127.0.0.1:%d",
             "stcp": "tcp://127.0.0.1:%d"}
    rows = "".join("  - {%s: '%s', trust: off}\n" % ("syslog" if name[0] == "s" else "gelf", where[name] % n) for name, n in port.items())
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), inputs=rows)))
    spoofed = dict.fromkeys(RESERVED, "spoofed")
    send("udp", "127.0.0.1", port["gudp"], gelf("by gudp", **spoofed))
    send("tcp", "127.0.0.1", port["gtcp"], gelf("by gtcp", **spoofed))
    send("http", "127.0.0.1", port["http"], gelf("by http", **spoofed))
    send("udp", "127.0.0.1", port["sudp"], "<11>1 2026-11-23T10:00:00Z web shop 7 - - " + json.dumps({"level": "error", "msg": "by sudp", **spoofed}))
    sd = " ".join('%s="spoofed"' % name for name in RESERVED)
    send("tcp", "127.0.0.1", port["stcp"], "<11>1 2026-11-23T10:00:00Z web shop 7 - [x %s] by stcp" % sd)
    events = by_message(t.wait_events(up, 5))
    d.stop()
    for name, n in port.items():
        e = events["by " + name]
        prefix = "x." if name == "stcp" else ""
        fields = e["contexts"]["fields"]
        for key in RESERVED:
            t.eq(fields.get(prefix + key), "spoofed", (name, key, e))
        assert "spoofed" not in e["tags"].values(), (name, e["tags"])
        t.eq((e["tags"]["input"], e["tags"]["peer"], e["tags"]["format"]), (where[name] % n, "127.0.0.1", "syslog" if name[0] == "s" else "gelf"))
        t.eq((e["release"], e["environment"], e["server_name"]), ("shop@1", "production", "web"), e)
        t.eq(e["tags"].get("app"), "shop" if name[0] == "s" else None, e)  # what a syslog header says is the record's own


def scenario_a_trusted_sender(t):
    """Docker's fields and a deployment's are believed where `trust: on` says so, and on this host."""
    up = t.upstream()
    port = ports_of(("gudp",))
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), inputs="  - {gelf: 'udp://127.0.0.1:%d'}\n" % port["gudp"])))
    send("udp", "127.0.0.1", port["gudp"], gelf("it fails", container_id="0123456789ab", container_name="/shop", image_name="shop:1",
                                                 tag="blue", release="shop@2", environment="staging", peer="spoofed"))
    e, = t.wait_events(up, 1)
    d.stop()
    t.eq([e["tags"][k] for k in ("app", "container", "image", "tag", "peer")], ["shop", "shop", "shop:1", "blue", "127.0.0.1"])
    t.eq((e["release"], e["environment"]), ("shop@2", "staging"))


class Elsewhere:
    """Another host: a network namespace with two addresses at the end of a cable."""

    def __init__(self, t):
        self.name = "crumbd-%d" % os.getpid()
        self.here, self.victim, self.attacker = "198.18.77.1", "198.18.77.2", "198.18.77.3"
        cable = "c%d" % (os.getpid() % 100000)
        if os.getuid() or subprocess.run(["ip", "netns", "add", self.name], capture_output=True).returncode:
            t.skip("network namespaces are not to be had")
        try:
            for line in ("link add %sa type veth peer name %sb netns %s" % (cable, cable, self.name), "addr add %s/24 dev %sa" % (self.here, cable),
                         "link set %sa up" % cable, "-n %s addr add %s/24 dev %sb" % (self.name, self.victim, cable),
                         "-n %s addr add %s/24 dev %sb" % (self.name, self.attacker, cable), "-n %s link set %sb up" % (self.name, cable)):
                if subprocess.run(["ip", *line.split()], capture_output=True).returncode:
                    self.close()
                    t.skip("network namespaces have no cables here")
        except BaseException:
            self.close()
            raise

    def send(self, kind, address, port, text):
        bound = {"udp": "s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind((%r, 0)); s.sendto(text, (host, port))" % address,
                 "tcp": "s = socket.create_connection((host, port), source_address=(%r, 0)); s.sendall(text + b'\\n'); s.close()" % address}[kind]
        code = "import socket, sys\nhost, port, text = sys.argv[1], int(sys.argv[2]), sys.argv[3].encode()\n" + bound
        subprocess.run(["ip", "netns", "exec", self.name, sys.executable, "-c", code, self.here, str(port), text], check=True, timeout=60)

    def close(self):
        subprocess.run(["ip", "netns", "del", self.name], capture_output=True)


def nginx_access(path):
    return "<190>Nov 23 10:00:00 web nginx: " + json.dumps({"time_local": time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime()), "request": "GET %s HTTP/1.1" % path,
                                                             "status": "500", "request_id": ID})


def scenario_lines_of_a_stranger_stay_apart(t):
    """From another address, with the same request id, host, app and container: nothing of it in the victim's event, nor the other way.
    nginx by syslog and its application by GELF from one address stay joined."""
    up, far = t.upstream(), Elsewhere(t)
    try:
        port = ports_of(("gtcp", "sudp"))
        rows = "  - {gelf: 'tcp://0.0.0.0:%d'}\n  - {syslog: 'udp://0.0.0.0:%d'}\n" % (port["gtcp"], port["sudp"])
        d = t.start(t.config(CONFIG.format(dsn=up.dsn(), inputs=rows)))
        fields = {"app": "shop", "request_id": ID, "container_id": "0123456789ab", "container_name": "shop"}
        lines = 0
        for who, address in (("alice", far.victim), ("mallory", far.attacker)):
            far.send("udp", address, port["sudp"], nginx_access("/of-" + who))
            far.send("tcp", address, port["gtcp"], gelf(who + " before", level=6, **fields))
            lines += 2
            d.wait_count("crumb", lines)
        for who, address in (("mallory", far.attacker), ("alice", far.victim)):
            far.send("tcp", address, port["gtcp"], gelf(who + " fails", host="localhost" if who == "mallory" else "web", **fields))
        events = by_message(t.wait_events(up, 2))
        d.stop()
    finally:
        far.close()
    for who, other, address in (("alice", "mallory", far.victim), ("mallory", "alice", far.attacker)):
        e = events[who + " fails"]
        assert other not in json.dumps(e), e
        assert "/of-" + who in crumbs(e), e
        t.eq(e["tags"]["peer"], address)
        t.eq(e["contexts"]["fields"]["container_name"], "shop")
    assert "alice before" in crumbs(events["alice fails"])
    t.eq((events["alice fails"]["server_name"], events["mallory fails"]["server_name"]), ("web", far.attacker))


def scenario_domains_by_name(t):
    """`domain:` parts senders of one address, and joins those of two inputs."""
    up = t.upstream()
    port = ports_of(("a", "b", "c"))
    rows = "".join("  - {gelf: 'tcp://127.0.0.1:%d', domain: %s}\n" % (port[name], "other" if name == "c" else "shop") for name in port)
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), inputs=rows)))
    for n, name in enumerate(port):
        send("tcp", "127.0.0.1", port[name], gelf("line of " + name, level=6, request_id=ID, app="app-" + name))
        d.wait_count("crumb", n + 1)
    send("tcp", "127.0.0.1", port["a"], gelf("it fails", request_id=ID, app="app-a"))
    e, = t.wait_events(up, 1)
    d.stop()
    assert "line of a" in crumbs(e) and "line of b" in crumbs(e), e
    assert "line of c" not in crumbs(e), e


def scenario_who_speaks_by_a_unix_socket(t):
    """The kernel names user and process, whatever the message says."""
    up = t.upstream()
    path = t.path("log")
    d = t.start(t.config(CONFIG.format(dsn=up.dsn(), inputs="  - syslog: unix:%s\n" % path)))
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.connect(path)
    s.send(b"<11>Nov 23 10:00:00 sshd[1]: it fails")
    s.close()
    e, = t.wait_events(up, 1)
    d.stop()
    assert e["tags"]["peer"].startswith("uid=%d pid=%d" % (os.getuid(), os.getpid())), e["tags"]
    t.eq(e["tags"]["input"], "unix:" + path)


def scenario_one_spelling_for_who_sends(t):
    """The log names a sender as the tag `peer` does, on loopback and on a unix socket; of a file, which nobody sends, neither names one."""
    up, port, path = t.upstream(), free_port(), t.path("log")
    t.write("rules/p.yaml", "pack: p\nrules:\n  - id: p.p\n    match: 'it fails in (?<where>\\w+)'\n    event: {project: '{where}', message: 'it fails'}\n")
    inputs = "  - syslog: unix:%s\n  - syslog: tcp://127.0.0.1:%d\n  - tail: %s\n    from: start\n" % (path, port, t.path("a.log"))
    d = t.start(t.config(re.sub("(?m)^rules: .*", "rules: [{dir}/rules/p.yaml]", CONFIG.format(dsn=up.dsn(), inputs=inputs))))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.connect(path)
        s.send(b"<11>Nov 23 10:00:00 sshd[1]: it fails in one")
    with socket.create_connection(("127.0.0.1", port)) as s:
        s.sendall(b"<11>Nov 23 10:00:00 host sshd[1]: it fails in two\n")
    t.write("a.log", "2026-11-29 10:00:00 ERROR x: it fails in three\n")
    events = t.wait_events(up, 3)
    d.stop()
    said = {re.search(r"project=(\w+)", x).group(1): re.search(r'peer=("[^"]*"|\S*)', x) for x in d.err.splitlines() if "project that is not configured" in x}
    said = {project: peer and peer.group(1).strip('"') for project, peer in said.items()}
    tags = sorted(str(e["tags"].get("peer")) for e in events)
    t.eq(sorted(str(x) for x in said.values()), tags, d.err)
    assert said["two"] == "127.0.0.1" and said["three"] is None and said["one"].startswith("uid=%d pid=" % os.getuid()), said
