"""Senders that nobody here wrote, each pointed at crumbd by its address alone: what they say arrives as they meant it."""
import json
import os
import random
import shutil
import socket
import subprocess
import threading

import foreign
from harness import TOP, free_port
from inputs import certificates, stranger
from nginx import Nginx

# Each says something that is no error too, which must arrive and not become an event.
PYGELF = """
import logging, sys
from pygelf import GelfHttpHandler, GelfTcpHandler, GelfUdpHandler
udp, tcp, http = map(int, sys.argv[1:])
noise = open("noise").read()
handlers = {"udp": GelfUdpHandler("127.0.0.1", udp, compress=True, chunk_size=500, debug=True, include_extra_fields=True),
            "plain": GelfUdpHandler("127.0.0.1", udp, compress=False, chunk_size=500, debug=True, include_extra_fields=True),
            "tcp": GelfTcpHandler("127.0.0.1", tcp, debug=True, include_extra_fields=True),
            "http": GelfHttpHandler("127.0.0.1", http, compress=True, debug=True, include_extra_fields=True)}
"""

GRAYPY = """
import logging, sys, graypy
udp, tcp, http = map(int, sys.argv[1:])
noise = open("noise").read()
handlers = {"udp": graypy.GELFUDPHandler("127.0.0.1", udp),
            "tcp": graypy.GELFTCPHandler("127.0.0.1", tcp),
            "http": graypy.GELFHTTPHandler("127.0.0.1", http)}
"""

PYTHON_LOGS = """
def settle(unit):
    return {"a": 1}[unit]

for name, handler in handlers.items():
    log = logging.getLogger("shop." + name)
    log.propagate = False
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    log.info("all is well with %s", name)
    try:
        settle("unit-" + name)
    except KeyError:
        log.exception("cannot settle by %s", name, extra={"order": name + "-4711", "noise": noise})
    log.critical("the till by %s is gone", name)
    handler.close()
"""

GELF_PRO = """
const ports = process.argv.slice(2).map(Number);
const noise = require('fs').readFileSync('noise', 'utf8');
['udp', 'tcp'].forEach((name, i) => {
  const log = require('gelf-pro');
  delete require.cache[require.resolve('gelf-pro')];
  log.setConfig({adapterName: name, adapterOptions: {host: '127.0.0.1', port: ports[i]}, fields: {facility: 'till'}});
  log.info('all is well with ' + name);
  log.error('cannot settle by ' + name, {order: name + '-4711', noise},
            () => log.error('the queue by ' + name + ' failed', new TypeError('no unit ' + name)));
});
"""


class Listener:
    """crumbd with one input per address, in the order udp, tcp, and tls or http."""

    def __init__(self, t, kind, *schemes, rules="[]"):
        self.t, self.up = t, t.upstream()
        self.port = {s: free_port(socket.SOCK_DGRAM if s == "udp" else socket.SOCK_STREAM) for s in schemes}
        more = {"tls": ", tls: {cert: server.pem, key: server.key, client_ca: ca.pem}"}
        lines = ["  - {%s: '%s://127.0.0.1:%d'%s}" % (kind, s, self.port[s], more.get(s, "")) for s in schemes]
        self.daemon = t.start(t.config("sentry: {dsn: '%s'}\ninputs:\n%s\nrules: %s\nbreadcrumbs: {wait: 10ms}\n" % (
            self.up.dsn(), "\n".join(lines), rules)))

    def events(self, want):
        """message -> event, once that many are upstream and crumbd has read what else there was, and has ended."""
        self.t.wait_events(self.up, want)
        self.ledger = self.daemon.stop()
        got = {e["logentry"]["formatted"]: e for e in self.up.events}
        self.t.eq((len(self.up.events), len(got)), (want, want), "events and messages, %s" % sorted(got))
        return got


def tag(event, name):
    return event.get("tags", {}).get(name)


def check(t, events, message, **want):
    """The event of that message with these members; `app` and other names that an event has not are tags."""
    if message not in events:
        t.fail("no event %r; there are %s" % (message, sorted(events)))
    event = events[message]
    for name, value in want.items():
        got = event.get(name) if name in ("level", "server_name", "logger") else tag(event, name)
        t.eq(got, value, "%s of %r in %s" % (name, message, json.dumps(event)))
    return event


def scenario_logger(t):
    """util-linux's logger by UDP and TCP, in both syslog formats and with octet counting."""
    if not shutil.which("logger"):
        t.skip("no logger here (apt-get install bsdutils)")
    c = Listener(t, "syslog", "udp", "tcp")
    kinds = [(s, f, o) for s in ("udp", "tcp") for f in ("--rfc5424", "--rfc3164") for o in ((), ("--octet-count",)) if s == "tcp" or not o]
    for scheme, form, octet in kinds:
        for level, words in (("info", "well"), ("err", "gone")):
            subprocess.run(["logger", "-n", "127.0.0.1", "-P", str(c.port[scheme]), "--" + scheme, form, *octet, "-p", "daemon." + level,
                            "-t", "till", ("%s by %s %s %s" % (words, scheme, form[2:], "counted" if octet else "")).strip()], check=True, timeout=20)
    subprocess.run(["logger", "-n", "127.0.0.1", "-P", str(c.port["udp"]), "--udp", "--rfc5424", "-p", "daemon.crit", "-t", "till",
                    "--msgid", "ID47", "--sd-id", "order@32473", "--sd-param", 'unit="4711"', "structured"], check=True, timeout=20)
    events = c.events(len(kinds) + 1)
    host = socket.gethostname()
    for scheme, form, octet in kinds:
        message = ("gone by %s %s %s" % (scheme, form[2:], "counted" if octet else "")).strip()
        check(t, events, message, level="error", app="till", format="syslog",
              server_name=host if form == "--rfc5424" else host.split(".", maxsplit=1)[0])
    check(t, events, "structured", level="fatal", app="till", msgid="ID47", **{"order-32473.unit": "4711"})
    t.eq(c.ledger["lines_in"], 2 * len(kinds) + 1)


RSYSLOG = """
global(workDirectory="{dir}" localHostname="web-7" net.enableDNS="off")
module(load="imfile")
input(type="imfile" file="{dir}/udp.log" tag="till-udp" severity="error" facility="daemon" ruleset="udp")
input(type="imfile" file="{dir}/tcp.log" tag="till-tcp" severity="error" facility="daemon" ruleset="tcp")
input(type="imfile" file="{dir}/tls.log" tag="till-tls" severity="error" facility="daemon" ruleset="tls")
ruleset(name="udp") {{ action(type="omfwd" target="127.0.0.1" port="{udp}" protocol="udp") }}
ruleset(name="tcp") {{ action(type="omfwd" target="127.0.0.1" port="{tcp}" protocol="tcp" TCP_Framing="octet-counted"
    template="RSYSLOG_SyslogProtocol23Format") }}
ruleset(name="tls") {{ action(type="omfwd" target="127.0.0.1" port="{tls}" protocol="tcp" TCP_Framing="octet-counted"
    StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid" StreamDriver.CAFile="{dir}/ca.pem"
    StreamDriver.CertFile="{dir}/client.pem" StreamDriver.KeyFile="{dir}/client.key") }}
input(type="imfile" file="{dir}/stranger.log" tag="till-stranger" severity="error" facility="daemon" ruleset="stranger")
ruleset(name="stranger") {{ action(type="omfwd" target="127.0.0.1" port="{tls}" protocol="tcp" TCP_Framing="octet-counted"
    StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid" StreamDriver.CAFile="{dir}/ca.pem"
    StreamDriver.CertFile="{dir}/stranger.pem" StreamDriver.KeyFile="{dir}/stranger.key") }}
"""


def scenario_rsyslog(t):
    """Debian's rsyslog forwards files: by UDP, by TCP with octet counting, and by TLS with a client certificate; with one that
    client_ca has not signed it is refused."""
    files = foreign.Debian(t, "rsyslog", "rsyslog-openssl", "libestr0", "libfastjson4", "liblognorm5")
    certificates(t, "server", "client")
    stranger(t)
    c = Listener(t, "syslog", "udp", "tcp", "tls")
    for scheme in (*c.port, "stranger"):
        t.write(scheme + ".log", "unit %s is gone\nunit %s has no till: 4 %% \u00e4\n" % (scheme, scheme))
    conf = t.write("rsyslog.conf", RSYSLOG.format(dir=t.dir, **c.port))
    t.program("rsyslogd", [files.find("usr/sbin/rsyslogd"), "-n", "-f", conf, "-i", t.path("rsyslog.pid"), "-M",
                           files.find("usr/lib/*-linux-gnu*/rsyslog")], env=files.env)
    c.daemon.wait_count("tls_errors", 1)
    events = c.events(6)
    for scheme in c.port:
        for text in ("unit %s is gone", "unit %s has no till: 4 %% \u00e4"):
            check(t, events, text % scheme, level="error", app="till-" + scheme, server_name="web-7", format="syslog")


SYSLOG_NG = """
@version: 3.38
options {{ keep-hostname(yes); use-dns(no); stats-freq(0); flush-lines(1); }};
destination d_udp {{ network("127.0.0.1" port({udp}) transport("udp")); }};
destination d_tcp {{ network("127.0.0.1" port({tcp}) transport("tcp")); }};
destination d_counted {{ syslog("127.0.0.1" port({tcp}) transport("tcp") persist-name("counted")); }};
destination d_tls {{ syslog("127.0.0.1" port({tls}) transport("tls")
    tls(ca-file("{dir}/ca.pem") cert-file("{dir}/client.pem") key-file("{dir}/client.key") peer-verify(required-trusted))); }};
destination d_stranger {{ syslog("127.0.0.1" port({tls}) transport("tls") persist-name("stranger")
    tls(ca-file("{dir}/ca.pem") cert-file("{dir}/stranger.pem") key-file("{dir}/stranger.key") peer-verify(required-trusted))); }};
"""

SYSLOG_NG_PATH = """
log {{ source {{ file("{dir}/{name}.log" flags(no-parse) program-override("till-{name}") host-override("web-8")
    default-level(err) default-facility(daemon)); }}; destination(d_{name}); }};
"""


def scenario_syslog_ng(t):
    """Debian's syslog-ng forwards files: network() by UDP and TCP, syslog() by TCP with octet counting and by TLS with a client
    certificate; with one that client_ca has not signed it is refused."""
    files = foreign.Debian(t, "syslog-ng-core", "libivykis0", "libnet1", "libwrap0", "libjson-c5", "libpcre3", "libglib2.0-0")
    certificates(t, "server", "client")
    stranger(t)
    c = Listener(t, "syslog", "udp", "tcp", "tls")
    names = ("udp", "tcp", "counted", "tls")
    text = SYSLOG_NG.format(dir=t.dir, **c.port)
    for name in (*names, "stranger"):
        t.write(name + ".log", "unit %s is gone\nunit %s has no till: 4 %% \u00e4\n" % (name, name))
        text += SYSLOG_NG_PATH.format(dir=t.dir, name=name)
    conf = t.write("syslog-ng.conf", text)
    t.program("syslog-ng", [files.find("usr/sbin/syslog-ng"), "-F", "--stderr", "--no-caps", "-f", conf, "-R", t.path("persist"), "-p",
                            t.path("pid"), "-c", t.path("ctl"), "--module-path", files.find("usr/lib/syslog-ng/3.*")], env=files.env)
    c.daemon.wait_count("tls_errors", 1)
    events = c.events(8)
    for name in names:
        for text in ("unit %s is gone", "unit %s has no till: 4 %% \u00e4"):
            check(t, events, text % name, level="error", app="till-" + name, server_name="web-8", format="syslog")


ACCESS_RULES = """
pack: edge
when: {format: nginx-access}
rules:
  - id: edge.bad-gateway
    match: '^GET /till\\?order=4711 '
    when: {status: '^502$'}
    event: {type: BadGateway, level: warning, message: 'the edge answered {status} to {client}', fingerprint: [edge]}
"""


def scenario_nginx_by_syslog(t):
    """nginx sends its error log and its access log: each is read as what it is, and meets the rules for it."""
    t.write("edge.yaml", ACCESS_RULES)
    c = Listener(t, "syslog", "udp", rules="['%s', edge.yaml]" % os.path.join(TOP, "rules", "nginx.yaml"))
    dead = free_port()
    to = "syslog:server=127.0.0.1:%d,tag=edge" % c.port["udp"]
    n = Nginx(t, server="error_log %s error; access_log %s combined; location /till { proxy_pass http://127.0.0.1:%d; }" % (to, to, dead))
    t.write("nginx/www/fine", "fine")
    t.eq(n.get("/till?order=4711"), 502)
    t.eq(n.get("/fine"), 200)
    c.daemon.wait_count("lines_in", 3)
    t.wait_events(c.up, 2)
    c.ledger = c.daemon.stop()
    access = [e for e in c.up.events if tag(e, "rule") == "edge.bad-gateway"]
    t.eq([(e["level"], tag(e, "app"), tag(e, "format"), e["exception"]["values"][-1]["value"]) for e in access],
         [("warning", "edge", "nginx-access", "the edge answered 502 to 127.0.0.1")], json.dumps(c.up.events))
    errors = [e for e in c.up.events if tag(e, "rule") == "nginx.upstream-refused"]
    t.eq(len(errors), 1, json.dumps(c.up.events))
    e = errors[0]
    t.eq((e["level"], e["server_name"], tag(e, "app"), tag(e, "format"), tag(e, "errno"), tag(e, "upstream"), tag(e, "server")),
         ("error", socket.gethostname().split(".", maxsplit=1)[0], "edge", "nginx-error", "111", "127.0.0.1:%d" % dead, "shop.example"))
    t.eq((e["request"]["method"], e["request"]["url"]), ("GET", "http://shop.example/till"))
    t.eq(c.ledger["lines_in"], 3)


def python_logs(t, package, head, names):
    """A Python program logs with an exception, its message longer than a chunk even when compressed."""
    python = foreign.python(t, package)
    c = Listener(t, "gelf", "udp", "tcp", "http")
    noise = os.urandom(2000).hex()
    t.write("noise", noise)
    script = t.write("program.py", head + PYTHON_LOGS)
    p = t.program("python", [python, script] + [str(port) for port in c.port.values()])
    t.eq(p.wait(), 0, p.err)
    t.eq(p.err, "")
    events = c.events(2 * len(names))
    for name in names:
        check(t, events, "the till by %s is gone" % name, level="fatal", server_name=socket.gethostname(), format="gelf")
        e = check(t, events, "cannot settle by " + name, level="error", server_name=socket.gethostname(), format="gelf",
                  order=name + "-4711")
        assert e["contexts"]["fields"]["noise"].startswith(noise[:500]), "the chunks of %s are not joined rightly" % name
        t.eq([(f["filename"].rsplit("/", 1)[-1], f["lineno"] > 1) for f in e["exception"]["values"][-1]["stacktrace"]["frames"]][-1],
             ("program.py", True), "where it was logged")
    t.eq(c.ledger["lines_in"], 3 * len(names))


def scenario_pygelf(t):
    """pygelf (PyPI): zlib and plain, in chunks, by UDP; by TCP; by HTTP."""
    python_logs(t, "pygelf==0.4.3", PYGELF, ("udp", "plain", "tcp", "http"))


def scenario_graypy(t):
    """graypy (PyPI): in chunks by UDP, by TCP, by HTTP."""
    python_logs(t, "graypy==2.1.0", GRAYPY, ("udp", "tcp", "http"))


LARGE = """
import logging, sys
from pygelf import GelfUdpHandler
for name, compress, chunk in (("plain", False, 1703), ("zlib", True, 1031)):
    log = logging.getLogger(name)
    log.addHandler(GelfUdpHandler("127.0.0.1", int(sys.argv[1]), compress=compress, chunk_size=chunk))
    log.error(open(name).read())
"""

# A pattern sees the first 16 KiB of a text, so the large ones are made of a dozen fields. What is out of order breaks a run of digits, since
# no size of a chunk here is a multiple of ten. What is compressed has a checksum.
PARTS = {"_part%d" % n: "0123456789" * 1600 for n in range(12)}
LARGE_RULES = """
pack: large
rules:
  - id: large.parts
    match: '^large-\\d$'
    when: {%s}
    event: {type: Parts, message: 'parts', fingerprint: [parts]}
  - id: large.plain
    match: '^(?:0123456789){1638}'
    event: {type: Plain, message: 'plain', fingerprint: [plain]}
  - id: large.zlib
    match: '^[0-9a-f]{16384}'
    event: {type: Zlib, message: 'zlib', fingerprint: [zlib]}
""" % ", ".join("%s: '^(?:0123456789){1600}$'" % name[1:] for name in PARTS)


class Disorder:
    """Stands between a sender of chunks and crumbd: keeps them until `want` sets are whole, then passes them on in any order, every
    third one twice."""

    def __init__(self, t, to, want):
        self.sets, self.want, self.to = {}, want, ("127.0.0.1", to)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(0.1)
        self.port = self.socket.getsockname()[1]
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        t.at_end.append(self.close)

    def whole(self):
        return sum(len(s) == next(iter(s.values()))[11] for s in self.sets.values()) == self.want

    def run(self):
        while not self.done.is_set() and not self.whole():
            try:
                chunk = self.socket.recv(65536)
                self.sets.setdefault(chunk[2:10], {})[chunk[10]] = chunk
            except socket.timeout:
                pass
        disorder(self.socket, self.to, [chunk for s in self.sets.values() for chunk in s.values()])

    def close(self):
        self.done.set()
        self.thread.join()
        self.socket.close()


def disorder(s, to, chunks):
    chunks = chunks + chunks[::3]
    random.Random(4711).shuffle(chunks)
    for chunk in chunks:
        s.sendto(chunk, to)


def scenario_chunks_in_disorder(t):
    """Messages of 200 KB, made by pygelf and by hand, whose chunks come mixed, shuffled and some of them twice."""
    python = foreign.python(t, "pygelf==0.4.3")
    t.write("large.yaml", LARGE_RULES)
    c = Listener(t, "gelf", "udp", rules="[large.yaml]")
    t.write("plain", "0123456789" * 20000 + " the end of plain-1")
    t.write("zlib", os.urandom(100000).hex() + " the end of zlib-1")
    between = Disorder(t, c.port["udp"], 2)
    p = t.program("python", [python, t.write("program.py", LARGE), str(between.port)])
    t.eq(p.wait(), 0, p.err)
    c.daemon.wait_count("lines_in", 2)
    chunks = []
    for n in range(2, 6):
        message = json.dumps({"version": "1.1", "host": "h", "level": 3, **PARTS, "short_message": "large-%d" % n}).encode()
        id, size = os.urandom(8), len(message) // 127 + 1
        chunks += [b"\x1e\x0f" + id + bytes([k, 127]) + message[k * size:(k + 1) * size] for k in range(127)]
        assert size % 10, size
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        disorder(s, ("127.0.0.1", c.port["udp"]), chunks)
    c.daemon.wait_count("lines_in", 6)
    t.wait_events(c.up, 6)
    ledger = c.daemon.stop()
    t.eq(sorted(tag(e, "rule") for e in c.up.events), ["large.parts"] * 4 + ["large.plain", "large.zlib"])
    kept = sum(len(s) for s in between.sets.values())
    twice = (kept + 2) // 3 + len(chunks[::3])
    t.eq((ledger["lines_in"], ledger["gelf_chunks"], ledger["gelf_chunks_duplicate"]), (6, kept + len(chunks) + twice, twice))
    for name in ("gelf_sets_expired", "gelf_sets_evicted", "gelf_chunks_mismatch", "gelf_bad_payload"):
        t.eq(ledger.get(name, 0), 0, name)


JAVA = """
import java.util.Scanner;

public class Program {
    static void settle(String unit) {
        throw new IllegalStateException("no unit " + unit, new java.io.IOException("the disk of " + unit + " is gone"));
    }

    static void say(String name, org.slf4j.Logger log, String noise) {
        log.info("all is well with {}", name);
        try {
            settle(name);
        } catch (IllegalStateException e) {
            org.slf4j.MDC.put("order", name + "-4711");
            org.slf4j.MDC.put("noise", noise);
            log.error("cannot settle by " + name, e);
            org.slf4j.MDC.clear();
        }
    }

    static void say(String name, org.apache.logging.log4j.Logger log, String noise) {
        log.info("all is well with {}", name);
        try {
            settle(name);
        } catch (IllegalStateException e) {
            org.apache.logging.log4j.ThreadContext.put("order", name + "-4711");
            org.apache.logging.log4j.ThreadContext.put("noise", noise);
            log.error("cannot settle by " + name, e);
            org.apache.logging.log4j.ThreadContext.clearAll();
        }
    }

    public static void main(String[] a) throws Exception {
        String noise = new Scanner(new java.io.File("noise")).next();
        for (String name : new String[] {"udp", "plain", "tcp"})
            say("logback-" + name, org.slf4j.LoggerFactory.getLogger("shop." + name), noise);
        for (String name : new String[] {"udp", "tcp"})
            say("log4j-" + name, org.apache.logging.log4j.LogManager.getLogger("shop." + name), noise);
        ((ch.qos.logback.classic.LoggerContext) org.slf4j.LoggerFactory.getILoggerFactory()).stop();
        org.apache.logging.log4j.LogManager.shutdown();
    }
}
"""

LOGBACK = """<configuration>
  <appender name="udp" class="de.siegmar.logbackgelf.GelfUdpAppender">
    <graylogHost>127.0.0.1</graylogHost><graylogPort>{udp}</graylogPort><maxChunkSize>500</maxChunkSize></appender>
  <appender name="plain" class="de.siegmar.logbackgelf.GelfUdpAppender"><compressionMethod>NONE</compressionMethod>
    <graylogHost>127.0.0.1</graylogHost><graylogPort>{udp}</graylogPort><maxChunkSize>500</maxChunkSize></appender>
  <appender name="tcp" class="de.siegmar.logbackgelf.GelfTcpAppender">
    <graylogHost>127.0.0.1</graylogHost><graylogPort>{tcp}</graylogPort></appender>
  <logger name="shop.udp" level="INFO"><appender-ref ref="udp"/></logger>
  <logger name="shop.plain" level="INFO"><appender-ref ref="plain"/></logger>
  <logger name="shop.tcp" level="INFO"><appender-ref ref="tcp"/></logger>
</configuration>
"""

LOG4J = """<Configuration status="error"><Appenders>
  <Socket name="udp" host="127.0.0.1" port="{udp}" protocol="UDP"><GelfLayout includeThreadContext="true" compressionType="GZIP"/></Socket>
  <Socket name="tcp" host="127.0.0.1" port="{tcp}"><GelfLayout compressionType="OFF" includeNullDelimiter="true"/></Socket>
</Appenders><Loggers>
  <Logger name="shop.udp" level="info"><AppenderRef ref="udp"/></Logger>
  <Logger name="shop.tcp" level="info"><AppenderRef ref="tcp"/></Logger>
</Loggers></Configuration>
"""


def scenario_java(t):
    """logback-gelf by UDP (compressed and plain, in chunks) and TCP, log4j's GelfLayout by UDP and TCP: exceptions with their causes."""
    path = foreign.java(t, JAVA, "ch.qos.logback:logback-classic:1.5.18", "de.siegmar:logback-gelf:6.1.1",
                        "org.apache.logging.log4j:log4j-core:2.25.4")
    c = Listener(t, "gelf", "udp", "tcp")
    noise = os.urandom(2000).hex()
    t.write("noise", noise)
    t.write("logback.xml", LOGBACK.format(**c.port))
    t.write("log4j2.xml", LOG4J.format(**c.port))
    p = t.program("java", ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", t.dir + ":" + path, "Program"])
    t.eq(p.wait(), 0, p.err)
    names = ["logback-udp", "logback-plain", "logback-tcp", "log4j-udp", "log4j-tcp"]
    events = c.events(len(names))
    for name in names:
        e = check(t, events, "cannot settle by " + name, level="error", format="gelf", order=name + "-4711")
        text = json.dumps(e)
        for words in ("IllegalStateException: no unit " + name, "at Program.settle(Program.java:", "at Program.main(Program.java:",
                      "Caused by: java.io.IOException: the disk of %s is gone" % name):
            assert words in text, "no %r in %s" % (words, text)
        assert e["contexts"]["fields"]["noise"].startswith(noise[:500]), "the chunks of %s are not joined rightly" % name
    t.eq(c.ledger["lines_in"], 2 * len(names))


GO = """
package main

import (
	"io"
	"log"
	"os"

	"github.com/Graylog2/go-gelf/gelf"
)

func say(name string, to io.Writer, write func(*gelf.Message) error, noise string) {
	l := log.New(to, "", 0)
	l.Printf("all is well with %s", name)
	err := write(&gelf.Message{Version: "1.1", Host: "till-9", Short: "cannot settle by " + name, Level: gelf.LOG_ERR, Facility: "till",
		Full: "cannot settle by " + name + "\\npanic: no unit\\n", TimeUnix: 1795428000.25,
		Extra: map[string]interface{}{"_order": name + "-4711", "_noise": noise}})
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	noise, _ := os.ReadFile("noise")
	kinds := map[string]gelf.CompressType{"gzip": gelf.CompressGzip, "zlib": gelf.CompressZlib, "none": gelf.CompressNone}
	for name, kind := range kinds {
		w, err := gelf.NewUDPWriter(os.Args[1])
		if err != nil {
			log.Fatal(err)
		}
		w.CompressionType = kind
		say(name, w, w.WriteMessage, string(noise))
	}
	w, err := gelf.NewTCPWriter(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	say("tcp", w, w.WriteMessage, string(noise))
	w.Close()
}
"""


def scenario_go_gelf(t):
    """Graylog's own Go module by UDP (gzip, zlib and plain, in chunks) and TCP, under Go's log and by itself."""
    program = foreign.go(t, GO, "github.com/Graylog2/go-gelf@v0.0.0-20191017102106-1550ee647df0")
    c = Listener(t, "gelf", "udp", "tcp")
    noise = os.urandom(3000).hex()
    t.write("noise", noise)
    p = t.program("go", [program] + ["127.0.0.1:%d" % port for port in c.port.values()])
    t.eq(p.wait(), 0, p.err)
    names = ("gzip", "zlib", "none", "tcp")
    events = c.events(len(names))
    for name in names:
        e = check(t, events, "cannot settle by " + name, level="error", format="gelf", server_name="till-9", facility="till",
                  order=name + "-4711")
        assert e["contexts"]["fields"]["noise"].startswith(noise[:500]), "the chunks of %s are not joined rightly" % name
    t.eq(c.ledger["lines_in"], 2 * len(names))


def scenario_gelf_pro(t):
    """gelf-pro (npm): deflated and in chunks by UDP, and by TCP, with an Error object."""
    folder = foreign.node(t, "gelf-pro@1.4.0")
    c = Listener(t, "gelf", "udp", "tcp")
    t.write("noise", os.urandom(2000).hex())
    script = t.write("program.js", GELF_PRO)
    p = t.program("node", ["node", script] + [str(port) for port in c.port.values()],
                  env={"PATH": os.environ["PATH"], "NODE_PATH": os.path.join(folder, "node_modules")})
    t.eq(p.wait(), 0, p.err)
    events = c.events(4)
    for name in ("udp", "tcp"):
        for text in ("cannot settle by " + name, "the queue by %s failed" % name):
            check(t, events, text, level="error", server_name=socket.gethostname(), format="gelf", facility="till")
        t.eq(tag(events["cannot settle by " + name], "order"), name + "-4711")
        t.eq(tag(events["the queue by %s failed" % name], "error_message"), "no unit " + name)
    t.eq(c.ledger["lines_in"], 6)
