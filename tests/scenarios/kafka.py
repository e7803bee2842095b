"""Kafka: a real broker in KRaft mode, written to by kcat and by Kafka's own client."""
import base64
import json
import os
import signal
import socket
import subprocess
import threading
import urllib.request

from harness import free_port, sanitized
from kafka_broker import Broker
from kafka_members import Writer, come_and_go, member, number_of, payloads, said
from token_server import TokenServer


def scenario_kafka_live(t):
    """Messages become events with their key and headers; positions are stored, then committed, and nothing is read twice."""
    b, up = Broker(t), t.upstream()
    b.create("logs", 2)
    b.write("logs", "".join("INFO all is well %d\n" % n for n in range(100)), "-k", "till-7", partition=0)
    b.write("logs", "ERROR the till is stuck\n", "-k", "till-7", "-H", "region=north", partition=0)
    port = free_port()
    d = member(t, b, up, more="http: 127.0.0.1:%d" % port)
    e = t.wait_events(up, 1)[0]
    t.eq((said(e), e["level"]), ("the till is stuck", "error"))
    assert "till-7" in str(e) and "north" in str(e), e
    t.eq(len(e["breadcrumbs"]["values"]), 30, e)
    b.write("logs", "ERROR the door is open\n", partition=1)
    t.wait_events(up, 2)

    def page(path):
        with urllib.request.urlopen("http://127.0.0.1:%d%s" % (port, path), timeout=10) as f:
            return f.read().decode()
    t.until(lambda: 'crumbd_input_partitions{input="kafka:tests:logs",port="0"} 2\n' in page("/metrics"), "the metrics tell of both partitions")
    t.until(lambda: 'crumbd_input_lag_messages{input="kafka:tests:logs",port="0"} 0\n' in page("/metrics"), "and of no lag")
    shown = json.loads(page("/api/inputs"))["inputs"][0]
    t.eq((shown["kind"], shown["state"], shown["partitions"], shown["lag"], shown["lines"]), ("kafka", "reading", 2, 0, 102))
    # What the engine takes of memory, beside what one takes that reads a file.
    plain = t.start(t.config("sentry: {dsn: '%s'}\ninputs:\n  - tail: %s\nrules: []\n" % (up.dsn(), t.write("plain.log", "")), "plain.yaml", "plain.db"))
    took = d.private_kib() - plain.private_kib()
    assert took <= 8 << 10 or sanitized(t.crumbd_path), took
    plain.stop()
    d.stop(sent=102)
    t.eq(b.committed("tests"), {("logs", 0): 101, ("logs", 1): 1})
    b.write("logs", "ERROR the lamp is out\n", partition=1)
    d = member(t, b, up)
    t.wait_events(up, 3)
    ledger = d.stop()
    t.eq(sorted(said(e) for e in up.events), ["the door is open", "the lamp is out", "the till is stuck"])
    t.eq(ledger["event"], 1, ledger)
    # What was held back of a partition is told when it goes to another, an hour before its period ends.
    b.create("flood", 2)
    rules = t.write("flood.yaml", "pack: flood\nrules:\n  - id: flood.all\n    match: '^flood (?<n>\\d)'\n    limits: {burst: 1}\n"
                    "    event: {type: Flood, message: 'flood {n}', fingerprint: ['{n}']}\n")
    for n in range(2):
        b.write("flood", "ERROR flood %d\n" % n * 11, partition=n)
    one = member(t, b, up, "flood-1", topics="[flood]", rules="[%s]" % rules)
    t.wait_events(up, 3 + 2 * 4)
    two = member(t, b, up, "flood-2", topics="[flood]", rules="[%s]" % rules)
    t.wait_events(up, 3 + 2 * 4 + 1)
    summaries = [e["contexts"]["crumbd"] for e in up.events if e.get("contexts", {}).get("crumbd", {}).get("summary")]
    t.eq([c["suppressed"] for c in summaries], [7], "of the partition that went")
    t.eq(b.members("tests"), {"flood-1": 1, "flood-2": 1})
    for d in (one, two):
        d.stop()
    t.eq(sum(e["contexts"]["crumbd"]["suppressed"] for e in up.events if e.get("contexts", {}).get("crumbd", {}).get("summary")), 14)


def shipped(kind, text):
    """A line as shippers write it, from a pod of its own kind."""
    pod = "till-7f9c4cb7d5-" + kind
    if kind == "fbeat":
        o = {"@timestamp": "2026-11-30T10:00:00.123Z", "@metadata": {"beat": "filebeat"}, "message": text, "host": {"name": "filebeat-1"},
             "kubernetes": {"pod": {"name": pod}, "namespace": "shop", "container": {"name": "till"}, "node": {"name": "node-3"}}}
    elif kind == "fluen":
        o = {"@timestamp": 1796032800.1, "log": text + "\n", "stream": "stderr", "time": "2026-11-30T10:00:00.1Z",
             "kubernetes": {"pod_name": pod, "namespace_name": "shop", "container_name": "till", "host": "node-3"}}
    elif kind == "vectr":
        o = {"message": text, "timestamp": "2026-11-30T10:00:00.1Z", "source_type": "kubernetes_logs", "stream": "stderr",
             "kubernetes": {"pod_name": pod, "pod_namespace": "shop", "container_name": "till", "pod_node_name": "node-3"}}
    else:
        attributes = {"service.name": "till", "host.name": "node-3", "k8s.pod.name": pod, "k8s.namespace.name": "shop", "k8s.container.name": "till"}
        o = {"resourceLogs": [{"resource": {"attributes": [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()]}, "scopeLogs": [{
            "logRecords": [{"timeUnixNano": "1796032800123456789", "severityNumber": 9, "body": {"stringValue": "before"}},
                           {"timeUnixNano": "1796032800123456789", "severityNumber": 17, "body": {"stringValue": text.split(" ", 1)[1]}},
                           {"timeUnixNano": "1796032800123456789", "severityNumber": 17, "body": {"stringValue": "the same message again"}}]}]}]}
    return json.dumps(o) + "\n"


def scenario_kafka_shippers(t):
    """What Filebeat, Fluent Bit, Vector and OpenTelemetry write: the line, in its format, and where it is from."""
    b, up = Broker(t), t.upstream()
    b.create("logs")
    kinds = ["fbeat", "fluen", "vectr", "otelc"]
    b.write("logs", "".join(shipped(kind, "ERROR from " + kind) for kind in kinds))
    d = member(t, b, up)
    events = {said(e): e for e in t.wait_events(up, 5)}
    t.eq(sorted(events), ["from " + kind for kind in sorted(kinds)] + ["the same message again"])
    for kind in kinds:
        e = events["from " + kind]
        tags = {k: e["tags"].get(k) for k in ("app", "pod", "namespace", "container")}
        t.eq((e["server_name"], tags), ("node-3", {"app": "till", "pod": "till-7f9c4cb7d5-" + kind, "namespace": "shop", "container": "till"}), e)
    # What the collector writes when nobody asks it for JSON.
    with open(t.write("proto", ""), "wb") as f:
        f.write(b"\x0a\x3a\x0a\x18\x0a\x16\x0a\x0cservice.name\x12\x06\x0a\x04till\x12\x1e\x0a\x00\x12\x0b\x11\x01\x02\x03\x04\x05\x06\x07\x08\x2a\x00\x12"
                b"\x0d\x2a\x0b\x0a\x09paid late")
    for _ in range(2):
        b.write("logs", "", t.path("proto"))
    d.wait_count("kafka_protobuf", 2)
    t.eq(d.err.count("offset=4 remedy=\"set encoding: otlp_json"), 1, d.err)
    t.eq(d.stop(sent=6)["kafka_protobuf"], 2)
    t.eq(b.committed("tests"), {("logs", 0): 6})
    # Who is not believed speaks for nobody, and what was claimed can be read.
    b.create("anybody")
    b.write("anybody", json.dumps({"message": "ERROR claimed", "release": "9.9", "host": {"name": "web-1"}, "kubernetes": {"pod": {"name": "till-1"}}}) + "\n")
    d = member(t, b, up, "two", topics="[anybody]", format="auto\n    trust: off")
    e = [e for e in t.wait_events(up, 6) if said(e) == "claimed"][0]
    d.stop(sent=1)
    assert e.get("server_name") != "web-1" and "pod" not in e["tags"] and e.get("release") != "9.9", e
    t.eq(e["contexts"]["fields"]["release"], "9.9")


def scenario_kafka_members(t):
    """Members are killed, stopped and started while numbered lines are written: each error is one event, equal in all its bytes when it is sent again."""
    come_and_go(t, 12000, 100, 6, 7)


class Nobody:
    """Takes connections at a port and hangs up."""

    def __init__(self, port):
        self.asked = 0
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen()
        self.thread = threading.Thread(target=self.accept, daemon=True)

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            s.close()
            self.asked += 1

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join()


def scenario_kafka_odd_topics(t):
    """Transactions, tombstones, ten megabytes and every codec; a topic trimmed behind a member's back, one made anew under its name, one that grows; a broker
    that goes away past the session."""
    b, up = Broker(t, more="group.max.session.timeout.ms=60000"), t.upstream()
    b.create("logs")
    b.ask("transactions", "logs", "20")
    d = member(t, b, up, options="{session.timeout.ms: 6000, heartbeat.interval.ms: 300, topic.metadata.refresh.interval.ms: 1000, metadata.max.age.ms: 5000, "
               "reconnect.backoff.max.ms: 1000}")
    t.wait_events(up, 20)
    b.write("logs", "ERROR long %s\n" % ("x" * 10000000), "-X", "message.max.bytes=12000000", partition=0)
    t.wait_events(up, 21)
    t.eq(sum("given up" in said(e) for e in up.events), 0, "what was given up is no message")
    d.wait_count("kafka_tombstones", 2)
    ledger = d.ledger()
    t.eq((ledger["kafka_tombstones"], ledger["kafka_gaps"], ledger["cut_messages"], ledger["lines_in"]), (2, 20 + 3, 1, 21), ledger)
    codecs = ["gzip", "snappy", "lz4", "zstd"]
    for codec in codecs:
        b.write("logs", "ERROR packed by %s\nERROR long by %s %s\n" % (codec, codec, "y" * 2000000), "-z", codec, "-X", "message.max.bytes=12000000", partition=0)
    t.wait_events(up, 29)
    t.eq(sorted(said(e) for e in up.events if "packed by" in said(e)), sorted("packed by " + codec for codec in codecs))
    t.eq(d.ledger()["cut_messages"], 5)
    # In its place is somebody who takes connections and says nothing, for as long as it takes to be tried so often: longer than the session.
    b.stop()
    d.wait_log("something is wrong")
    with Nobody(b.port) as nobody:
        t.until(lambda: nobody.asked >= 8, "it is tried again and again")
    b.start()
    b.write("logs", "ERROR after the broker was away\n", partition=0)
    t.wait_events(up, 30)
    # Keys go elsewhere, and the new partition is read.
    b.ask("grow", "logs", "2")
    t.until(lambda: b.members("tests") == {"one": 2}, "the new partition is somebody's")
    b.write("logs", "ERROR in the new partition\n", partition=1)
    t.wait_events(up, 31)
    d.stop()
    # What goes while nobody looks is lost, and named.
    b.write("logs", "".join("ERROR trimmed %d\n" % n for n in range(10)), partition=0)
    end = b.committed("tests")["logs", 0] + 10
    b.ask("trim", "logs", str(end - 3))
    d = member(t, b, up)
    t.wait_events(up, 34)
    ledger = d.stop()
    t.eq((ledger["kafka_lost"], ledger["event"]), (7, 3), ledger)
    # Another topic of the same name: shorter than what was read, then as long.
    for n, lines in enumerate((2, 40)):
        b.ask("delete", "logs")
        t.until(lambda: "logs" not in b.ask("topics").split(), "the topic is gone")
        b.create("logs", 2)
        b.write("logs", "".join("ERROR anew %d line %d\n" % (n, i) for i in range(lines)), partition=0)
        before = len(up.events)
        d = member(t, b, up)
        t.wait_events(up, before + lines)
        t.eq(d.stop()["kafka_recreated"], 1)
        t.eq(b.committed("tests")["logs", 0], lines)
    t.eq(len(up.duplicates), 0)


def scenario_kafka_logins(t):
    """TLS and a password: wrong ones are said and read nothing, right ones read; and where the password is kept nobody is told."""
    certificates(t)
    secret = t.write("password", "till-secret\n")
    wrong = t.write("wrong", "till-wrong\n")
    keystore = t.path("tls", "broker.p12")
    more = "\n".join(("ssl.keystore.location=" + keystore, "ssl.keystore.type=PKCS12", "ssl.keystore.password=changeit",
                      "ssl.endpoint.identification.algorithm=", "sasl.enabled.mechanisms=PLAIN", "sasl.mechanism.inter.broker.protocol=PLAIN",
                      "listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required "
                      'username="admin" password="a" user_admin="a" user_till="till-secret";',
                      "ssl.truststore.type=PEM", "ssl.truststore.location=" + t.path("tls", "ca.pem")))
    b, up = Broker(t, "SASL_SSL", more), t.upstream()
    b.client = ["-X", "security.protocol=sasl_ssl", "-X", "ssl.ca.location=" + t.path("tls", "ca.pem"), "-X", "sasl.mechanism=PLAIN",
                "-X", "sasl.username=till", "-X", "sasl.password=till-secret"]
    b.write("logs", "ERROR behind the door\n")
    good = "tls: {ca: %s}, sasl: {username: till, password_file: %s}" % (t.path("tls", "ca.pem"), secret)
    for extra, why in ((good.replace(secret, wrong), "SASL"), (good.replace("ca.pem", "other.pem"), "certificate"),
                       ("sasl: {username: till, password_file: %s}" % secret, "")):
        d = member(t, b, up, extra=extra)
        d.wait_log("something is wrong")
        assert why in d.err and "till-wrong" not in d.err, d.err
        t.eq(d.stop()["lines_in"], 0)
    d = member(t, b, up, extra=good)
    t.wait_events(up, 1)
    d.stop(sent=1)
    assert "till-secret" not in d.err


def openssl(folder, *args):
    subprocess.run(["openssl", *args], cwd=folder, check=True, capture_output=True)


def certificate(folder, days="2"):
    """The broker's, of the authority `ca`, as PKCS #12; valid for so many days; with 0 it is over before the broker runs."""
    openssl(folder, "x509", "-req", "-in", "b.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "b.pem", "-days", days, "-extfile", "ext")
    openssl(folder, "pkcs12", "-export", "-in", "b.pem", "-inkey", "b.key", "-out", "broker.p12", "-password", "pass:changeit")


def certificates(t, days="2"):
    """A certificate authority, the broker's certificate of it, and an authority that nobody knows."""
    folder = t.path("tls")
    os.makedirs(folder)
    for name in ("ca", "other"):
        openssl(folder, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".pem", "-days", "2", "-subj", "/CN=" + name)
    openssl(folder, "req", "-newkey", "rsa:2048", "-nodes", "-keyout", "b.key", "-out", "b.csr", "-subj", "/CN=127.0.0.1")
    t.write("tls/ext", "subjectAltName=IP:127.0.0.1\n")
    certificate(folder, days)


def scenario_kafka_stopped_and_full(t):
    """A member that stands still past its session, two of one instance, and an upstream that is away until the input's share of the store is used up."""
    b, up = Broker(t), t.upstream()
    b.create("logs", 4)
    one, two = member(t, b, up, "one"), member(t, b, up, "two")
    t.until(lambda: b.members("tests") == {"one": 2, "two": 2}, "both have partitions")
    writer = Writer(b, "logs", 1000, 100)
    t.wait_events(up, 10)
    one.signal(signal.SIGSTOP)
    writer.join()
    t.until(lambda: b.members("tests") == {"two": 4} and sum(b.committed("tests").values()) == 1000, "the other has read all of them")
    one.signal(signal.SIGCONT)
    t.wait_events(up, 100)
    t.until(lambda: b.members("tests") == {"one": 2, "two": 2}, "it is a member again")
    one.stop()
    two.stop()
    t.eq(sorted(number_of(e) for e in up.events), list(range(0, 1000, 10)), "each number is one event")
    assert all(len(texts) == 1 for texts in payloads(up).values())
    # Of two that say they are one, the brokers take the newer.
    extra = "instance: till-1"
    three = member(t, b, up, "three", extra=extra)
    t.until(lambda: b.members("tests") == {"three": 4}, "it is the only member")
    four = member(t, b, up, "four", extra=extra)
    three.wait_log("a Kafka input is read no more")
    b.write("logs", "ERROR number 1000 is gone\n")
    t.wait_events(up, 101)
    three.stop()
    four.stop()
    # Nothing leaves: the store fills, partitions are paused, the member stays, and all is there in the end.
    up.stop()
    five = member(t, b, up, "five", more="store_limit: 2m")
    b.write("logs", "".join("ERROR number %d is %s\n" % (n, "gone" * 100) for n in range(1001, 4001)))
    five.wait_log("used up its share of the store")
    t.eq(b.members("tests"), {"five": 4})
    left = 4001 - sum(b.committed("tests").values())
    assert left > 0, left
    up.start()
    t.wait_events(up, 3101)
    ledger = five.stop()
    t.eq((ledger["sent"], ledger["lines_in"] - ledger["read_twice"]), (3000, 3000), ledger)


def scenario_kafka_tokens(t):
    """OAUTHBEARER: tokens are fetched and renewed; a server that gives none and a broker that takes none are said, and mended; the secret and the
    tokens are told to nobody."""
    b, up = Broker(t, beside=["SASL_PLAINTEXT"], more="\n".join((
        "sasl.enabled.mechanisms=OAUTHBEARER", "listener.name.sasl_plaintext.oauthbearer.sasl.jaas.config="
        'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="admin";'))), t.upstream()
    for topic in ("left", "right"):
        b.create(topic)
        b.write(topic, "ERROR %s of the door\n" % topic)
    secret = t.write("secret", "till secret+1\n")
    # What one is given is over by its own word, whatever the server says of it.
    answers = {"left": lambda: (401, json.dumps({"error": "invalid_client", "error_description": "not known here"}).encode()),
               "right": lambda: server.gives(-3600, says_s=3600), "nowhere": None}
    server = TokenServer(t, lambda client: answers[client]())

    def starts(name, url=server.url):
        return member(t, b.doors["SASL_PLAINTEXT"], up, name, topics="[%s]" % name, options="{reconnect.backoff.max.ms: 300}", extra="sasl: {mechanism: OAUTHBEARER, token_url: '%s', client_id: %s, "
                      "client_secret_file: %s, scope: 'logs read'}" % (url, name, secret))
    left, right, nowhere = starts("left"), starts("right"), starts("nowhere", "http://127.0.0.1:%d/token?of=x" % free_port())
    left.wait_log("/token gave none: it answers 401, invalid_client: not known here")
    right.wait_log("invalid_token")
    nowhere.wait_log("/token gave none: Failed to connect")
    t.eq(nowhere.stop()["lines_in"], 0)
    assert "of=x" not in nowhere.err
    t.eq(server.asked[0], {"grant_type": ["client_credentials"], "scope": ["logs read"]})
    t.eq(server.logins[0], "Basic " + base64.b64encode(b"left:till+secret%2B1").decode())
    # Another one is asked for after ten seconds, also where the old one is said to last an hour; the secret is what is in the file by then.
    t.write("secret", "till-new\n")
    answers.update(left=lambda: server.gives(3600, says_s=2), right=lambda: server.gives(3600, says_s=2))
    t.wait_events(up, 2)
    assert "Basic " + base64.b64encode(b"left:till-new").decode() in server.logins
    given = len(server.given)
    t.until(lambda: len(server.given) >= given + 4, "tokens are renewed before they are over")
    for d in (left, right):
        t.eq((d.err.count("gave none"), d.err.count("invalid_token"), d.err.count("something is wrong")), (d is left, d is right, 1), d.err)
        d.stop(sent=1)
        for word in ["secret+1", "secret%2B1", "till-new", *server.logins, *server.given]:
            assert word not in d.err, word
    t.eq(b.committed("tests"), {("left", 0): 1, ("right", 0): 1})
    # What forwards to Kafka logs in the same way.
    b.create("events")
    answers["forward"] = lambda: server.gives(3600)
    forward = t.start(t.config("forward: {kafka: {brokers: ['%s'], topic: events, sasl: {mechanism: OAUTHBEARER, token_url: '%s', client_id: forward, "
                               "client_secret_file: %s}}}\ninputs:\n  - tail: %s\n    from: start\n" % (
                                   b.doors["SASL_PLAINTEXT"].address, server.url, secret, t.write("app.log", "ERROR behind the door\n")), "forward.yaml"))
    forward.forwards = True
    t.until(lambda: b"behind the door" in subprocess.run(["kcat", "-q", "-C", "-e", "-b", b.address, "-t", "events"], capture_output=True,
                                                         timeout=60, check=True).stdout, "the event is in Kafka")
    forward.stop(sent=1)


def scenario_kafka_in_a_reload(t):
    """A reload that brings a kafka input is refused where there is a sandbox, with the place and what to do, and what was there goes on."""
    up = t.upstream()
    log = t.write("app.log", "")
    text = "sentry: {dsn: '%s'}\ninputs:\n  - tail: %s\n    from: start\n" % (up.dsn(), log)
    d = t.start(t.config(text, "crumbd.yaml"))
    if "kafka: off" in t.run("--version")[0] or "seccomp=on" not in d.err:
        t.skip("no librdkafka or no seccomp here")
    t.config(text + "  - kafka: {brokers: ['127.0.0.1:%d'], topics: [a], group: g}\n" % free_port(), "crumbd.yaml")
    d.signal(signal.SIGHUP)
    d.wait_log("the reload is refused")
    line = [line for line in d.err.splitlines() if "the reload is refused" in line][0]
    assert "crumbd.yaml:5:" in line and "lets no thread of a new input's begin" in line and "so a restart is needed" in line, line
    with open(log, "a", encoding="utf-8") as f:
        f.write("ERROR it goes on\n")
    t.wait_events(up, 1)
    d.stop(sent=1)


def scenario_kafka_refused(t):
    """SCRAM with a wrong and a right password, and brokers with an expired certificate: said once and what to do, nothing read; once that is mended
    all that was written is there. What forwards says the same, keeps what it has, and sends it by TLS and SCRAM."""
    certificates(t, days="0")
    secret, wrong = t.write("password", "till-secret\n"), t.write("wrong", "till-wrong\n")
    scram = ".scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"
    b, up = Broker(t, beside=["SASL_PLAINTEXT", "SSL", "SASL_SSL"], users=["SCRAM-SHA-512=[name=till,password=till-secret]"], more="\n".join((
        "sasl.enabled.mechanisms=SCRAM-SHA-512", "listener.name.sasl_plaintext" + scram, "listener.name.sasl_ssl" + scram,
        "ssl.keystore.location=" + t.path("tls", "broker.p12"), "ssl.keystore.type=PKCS12", "ssl.keystore.password=changeit"))), t.upstream()
    for topic in ("known", "unknown", "shown"):
        b.create(topic)
        b.write(topic, "ERROR %s\n" % topic)
    login, tls = "sasl: {mechanism: SCRAM-SHA-512, username: till, password_file: %s}", "tls: {ca: %s}" % t.path("tls", "ca.pem")

    def starts(name, door, extra):
        return member(t, b.doors[door], up, name, topics="[%s]" % name, options="{reconnect.backoff.max.ms: 300}", extra=extra)
    b.create("events")

    def forwards(name, door, extra):
        d = t.start(t.config("forward: {kafka: {brokers: ['%s'], topic: events, %s}}\ninputs:\n  - tail: %s\n    from: start\n" % (
            b.doors[door].address, extra, t.write(name + ".log", "ERROR %s comes through\n" % name)), name + ".yaml", name + ".db"))
        d.forwards = True
        return d

    def forwarded(name):
        out = subprocess.run(["kcat", "-q", "-C", "-e", "-b", b.address, "-t", "events"], capture_output=True, timeout=60, check=True).stdout
        return ("%s comes through" % name).encode() in out
    refused, expired = forwards("refused", "SASL_PLAINTEXT", login % wrong), forwards("expired", "SASL_SSL", tls + ", " + login % secret)
    known = starts("known", "SASL_PLAINTEXT", login % secret)
    unknown, shown = starts("unknown", "SASL_PLAINTEXT", login % wrong), starts("shown", "SSL", tls)
    t.wait_events(up, 1)
    known.stop(sent=1)
    for d, why in ((unknown, "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512"),
                   (shown, "certificate has expired")):
        d.wait_log("something is wrong")
        d.wait_count("kafka_errors", 2)
        said_once = [line for line in d.err.splitlines() if "level=warn" in line]
        assert len(said_once) == 1 and why in said_once[0] and 'remedy="look at ' in said_once[0], said_once
    # One is started again with the password that is right; the other goes on by itself when its brokers have a certificate that is.
    t.eq(unknown.stop()["lines_in"], 0)
    assert "till-wrong" not in unknown.err
    unknown = starts("unknown", "SASL_PLAINTEXT", login % secret)
    t.wait_events(up, 2)
    unknown.stop(sent=1)
    for d, why in ((refused, "invalid credentials with SASL mechanism SCRAM-SHA-512"), (expired, "certificate has expired")):
        d.wait_log("does not take events", 60)
        assert why in d.err and "till-wrong" not in d.err and "till-secret" not in d.err, d.err
        t.eq(d.stop().get("sent", 0), 0, "nothing is sent")
    assert not forwarded("refused") and not forwarded("expired")
    certificate(t.path("tls"))
    b.stop()
    b.start()
    t.wait_events(up, 3)
    shown.stop(sent=1)
    for name in ("refused", "expired"):  # from the store that it has
        d = forwards(name, "SASL_SSL", tls + ", " + login % secret)
        t.until(lambda: forwarded(name), "its event is in Kafka")
        t.eq(d.stop()["sent"], 1)
    t.eq(sorted(said(e) for e in up.events), ["known", "shown", "unknown"])
    t.eq(b.committed("tests"), {(topic, 0): 1 for topic in ("known", "unknown", "shown")})
