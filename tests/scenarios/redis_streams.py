"""The redis input: streams shared out among members, by leases. The numbers are the stand-in's and redis-cli's."""
import signal

import harness
from redis_server import Between, Redis, needs

CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - redis: {{url: "redis://127.0.0.1:{port}", streams: [{streams}], group: g}}
    format: {format}
rules: [{dir}/rules.yaml]
breadcrumbs: {{wait: 10ms}}
limits: {{per_minute: 100000, new_issues: 1000000}}
"""

RULES = """
pack: streams
rules:
  - id: streams.fault
    match: '^fault (?<n>\\d+)'
    event: {type: Fault, message: 'fault {n}', fingerprint: [streams, '{n}']}
"""


def begin(t, redis, streams, up=None, fmt="text", port=None):
    up = up or t.upstream()
    t.write("rules.yaml", RULES)
    n = len([p for p in t.programs if isinstance(p, harness.Daemon)])
    return up, t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, port=port or redis.port, streams=", ".join(streams), format=fmt),
                        "crumbd%d.yaml" % n, "crumbd%d.db" % n)


def fill(redis, stream, numbers):
    """By one script, so that it is quick."""
    redis.cli("EVAL", "for i = tonumber(ARGV[1]), tonumber(ARGV[2]) do redis.call('XADD', KEYS[1], '*', 'message', 'fault ' .. i) end", 1, stream,
              numbers.start, numbers.stop - 1)


def numbers(up):
    return sorted(int(e["fingerprint"][1]) for e in up.events)


def pending(redis, stream):
    return int(redis.cli("XPENDING", stream, "g").split()[0])


def owners(redis, streams):
    return [redis.cli("GET", "crumbd:{%s}:g:lease" % s) for s in streams]


def scenario_redis_stream(t):
    """Every entry is read once and acknowledged, in whatever form: a message, an object of fields, a field of another name."""
    redis = Redis(t).up()
    fill(redis, "a", range(0, 500))
    up, config = begin(t, redis, ["a"], fmt="auto")
    d = t.start(config)
    t.wait_events(up, 500)
    redis.cli("XADD", "a", "*", "text", "fault 500")
    redis.cli("XADD", "a", "*", "level", "error", "msg", "fault 501", "host", "web-1")
    redis.cli("XADD", "a", "*", "message", "fault 502", "host", "web-1")
    e = [e for e in t.wait_events(up, 503) if e["fingerprint"][1] == "501"][0]
    assert e["contexts"]["fields"]["host"] == "web-1" and e.get("server_name") != "web-1", e  # who writes there is not known
    t.until(lambda: pending(redis, "a") == 0, "all is acknowledged")
    # What the engine takes of memory, beside what one takes that reads a file.
    plain = t.start(t.config("sentry: {dsn: '%s'}\ninputs:\n  - tail: %s\nrules: [%s]\n" % (up.dsn(), t.write("plain.log", ""), t.path("rules.yaml")),
                             "plain.yaml", "plain.db"))
    took = d.private_kib() - plain.private_kib()
    assert took <= 8 << 10 or harness.sanitized(t.crumbd_path), took
    plain.stop()
    ledger = d.stop(sent=503)
    t.eq(ledger.get("redis_lost", 0), 0, "lost entries")
    t.eq(owners(redis, ["a"]), [""], "nobody has a lease of it after the end")
    d = t.start(config)  # goes on where it was
    redis.cli("XADD", "a", "*", "message", "fault 503")
    t.wait_events(up, 504)
    d.stop(sent=1)
    redis.cli("XGROUP", "SETID", "a", "g", "0")  # as if the last owner had been killed before he could acknowledge any of it
    redis.cli("XREADGROUP", "GROUP", "g", "somebody", "COUNT", 1000, "STREAMS", "a", ">")
    t.eq(pending(redis, "a"), 504, "entries that are pending")
    d = t.start(config)
    t.until(lambda: pending(redis, "a") == 0, "all is acknowledged once more")
    t.eq(d.stop()["read_twice"], 504, "entries that had been judged")
    t.eq(numbers(up), list(range(504)), "numbers that arrived")


def scenario_redis_members(t):
    """Two members share four streams; one is killed, one is stopped past its lease, one joins: every number arrives once by its event id, byte for
    byte the same, and nothing is left unacknowledged."""
    redis = Redis(t).up()
    streams, step = ["s0", "s1", "s2", "s3"], 400
    up, config = begin(t, redis, streams)
    first = t.start(config)
    t.until(lambda: all(owners(redis, streams)), "the first member has all")
    second = t.start(begin(t, redis, streams, up)[1])
    t.until(lambda: sorted(owners(redis, streams).count(o) for o in set(owners(redis, streams))) == [2, 2], "each has two")
    for i, s in enumerate(streams):
        fill(redis, s, range(i * step, i * step + step))
    t.until(lambda: len(up.events) > step, "some have arrived")
    first.kill()
    third = t.start(begin(t, redis, streams, up)[1])
    t.until(lambda: len(set(owners(redis, streams))) == 2 and all(owners(redis, streams)), "two others have all")
    again = t.start(config)  # what it had taken and not delivered is in its store
    t.wait_events(up, 4 * step)
    t.until(lambda: all(owners(redis, streams)), "all streams have owners again")
    second.signal(signal.SIGSTOP)
    for i, s in enumerate(streams):
        fill(redis, s, range((4 + i) * step, (4 + i) * step + step))
    t.until(lambda: len(set(owners(redis, streams))) == 2 and all(owners(redis, streams)), "the others have all")
    second.signal(signal.SIGCONT)
    t.wait_events(up, 8 * step)
    t.until(lambda: sum(pending(redis, s) for s in streams) == 0, "all is acknowledged")
    t.until(lambda: len(set(owners(redis, streams))) >= 2, "streams are shared out again")
    t.eq([d.stop().get("redis_lost", 0) for d in (second, third, again)], [0, 0, 0], "lost entries")
    t.eq(numbers(up), list(range(8 * step)), "numbers that arrived")


def scenario_redis_trimmed(t):
    """What was trimmed before anyone read it is named as lost, also while nobody was there."""
    redis = Redis(t).up()
    up, config = begin(t, redis, ["a"])
    d = t.start(config)
    fill(redis, "a", range(0, 10))
    t.wait_events(up, 10)
    t.until(lambda: pending(redis, "a") == 0, "all is acknowledged")
    d.stop()
    fill(redis, "a", range(10, 40))
    redis.cli("XTRIM", "a", "MAXLEN", 5)
    d = t.start(config)
    t.wait_events(up, 15)
    d.wait_count("redis_lost", 25)
    t.eq(d.stop()["redis_lost"], 25, "lost entries")
    t.eq(numbers(up), list(range(10)) + list(range(35, 40)), "numbers that arrived")


def scenario_redis_large_entries(t):
    """An entry above what an answer may have is passed over, named once by its id, and acknowledged; those around it and one just below are read."""
    redis = Redis(t).up()
    up, config = begin(t, redis, ["a"])
    fill(redis, "a", range(0, 300))
    add = "return redis.call('XADD', KEYS[1], '*', 'message', 'fault ' .. ARGV[1] .. ' ' .. string.rep('x', tonumber(ARGV[2])))"
    large = [redis.cli("EVAL", add, 1, "a", 300, 17 << 20)]
    redis.cli("EVAL", add, 1, "a", 301, 15400000)
    fill(redis, "a", range(302, 310))
    large.append(redis.cli("EVAL", add, 1, "a", 310, 40 << 20))
    fill(redis, "a", range(311, 320))
    d = t.start(config)
    t.wait_events(up, 318)
    d.wait_count("redis_too_large", 2)
    t.until(lambda: pending(redis, "a") == 0, "all is acknowledged")
    for one in large:
        t.eq(d.err.count("id=%s " % one), 1, d.err)
    ledger = d.stop()
    t.eq((ledger["lines_in"] - ledger.get("read_twice", 0), ledger["redis_too_large"], ledger.get("redis_lost", 0)), (318, 2, 0), ledger)
    t.eq(numbers(up), [n for n in range(320) if n not in (300, 310)], "numbers that arrived")


def scenario_redis_goes_away(t):
    """Redis is killed and comes back with its file, a stream is no stream, answers are garbage: it is said, and all arrives once."""
    redis = Redis(t, args=["--appendonly", "yes", "--appendfsync", "always"]).up()
    fill(redis, "a", range(0, 100))
    redis.cli("SET", "wrong", "x")
    between = Between(t, redis.port)
    up, config = begin(t, redis, ["a", "wrong"], port=between.port)
    d = t.start(config)
    t.wait_events(up, 100)
    d.wait_log("WRONGTYPE")
    between.act = lambda s: s.recv(100) and s.sendall(b"*3\r\n:1\r\n$-5\r\nx")
    between.drop()
    d.wait_log("it does not speak as Redis does")
    between.act = None
    redis.cli("DEL", "wrong")
    redis.kill()
    again = Redis(t, args=["--appendonly", "yes", "--appendfsync", "always"], port=redis.port)
    again.up()
    fill(again, "a", range(100, 200))
    t.wait_events(up, 200)
    t.until(lambda: pending(again, "a") == 0, "all is acknowledged")
    t.eq(d.stop().get("redis_lost", 0), 0, "lost entries")
    t.eq(numbers(up), list(range(200)), "numbers that arrived")


def resp(v):
    """A value as Redis writes it; bytes are sent as they are."""
    if isinstance(v, bytes):
        return v
    if v is None:
        return b"$-1\r\n"
    if isinstance(v, int):
        return b":%d\r\n" % v
    if isinstance(v, str):
        return b"$%d\r\n%s\r\n" % (len(v.encode()), v.encode())
    return b"*%d\r\n" % len(v) + b"".join(resp(x) for x in v)


def commands(s):
    """The commands that come by a connection, as lists of words."""
    f = s.makefile("rb")
    while head := f.readline():
        words = []
        for _ in range(int(head[1:])):
            n = int(f.readline()[1:])
            words.append(f.read(n + 2)[:-2].decode("utf-8", "replace"))
        yield words


def pretends(**odd):
    """Answers as a Redis with one stream does, but for what is odd: lease, begin, claim, read, ack, members."""
    good = {"lease": [1, 0], "members": 1, "begin": [[None] * 4, 0], "claim": ["0-0", [], []], "read": [[], 0], "ack": 1}

    def act(s):
        for w in commands(s):
            if w[0] == "SCRIPT":
                answer = "0" * 40
            elif w[0] == "GET":
                answer = "name"
            elif w[0] == "XAUTOCLAIM":
                answer = odd.get("claim", good["claim"])
            elif w[0] == "EVALSHA":
                kind = ("members" if w[3].endswith(":members") else "ack" if w[2] == "4" else "read" if w[2] == "1" else
                        "lease" if w[3].endswith(":lease") else "begin")
                answer = odd.get(kind, good[kind])
            else:
                answer = b"+OK\r\n"
            s.sendall(resp(answer))
    return act


GREAT = 2 ** 63 - 1
ODD = [
    dict(lease=7), dict(lease=[]), dict(lease=["a", "b"]), dict(lease=[-5, GREAT]), dict(lease=[GREAT, GREAT]), dict(lease=[0, -1]),
    dict(members=[]), dict(members=-1), dict(members=GREAT),
    dict(begin=[]), dict(begin=[["x", "y", "z", "-1"], "q"]), dict(begin=[[str(GREAT), "kafka-place 1", str(GREAT), str(GREAT)], GREAT]), dict(begin=5),
    dict(claim=["0-0"]), dict(claim=["1-1" * 30, [], []]), dict(claim=["0-0", [["1-1", None], ["2-2", ["message"]], ["x", ["a", "b"]], 5, []], ["9-9", 5, "x"]]),
    dict(claim=["5-5", [["1-1", ["message", "fault 1"]]] * 50, []]),
    dict(read=[5, 6, 7]), dict(read=[[], GREAT]), dict(read=[[["1-1", ["a", ["b"]]], ["1-1", [None, None]], ["0-0", ["", ""]]], -GREAT]),
    dict(read=[[["%d-%d" % (9 - i, i), ["message", "fault %d" % i]] for i in range(9)], 1]),
    dict(read=[[["99999999999999-1", ["message", "fault 3"]]], 1]), dict(read=[[["1-1", ["k%d" % i for i in range(2000)]]], 1]),
    dict(ack=0), dict(ack=[1]), dict(read=[[["9-9", GREAT]], 1]), dict(read=[[["9-9", -1]], 1]),
    *[{kind: b"-%s at the moment.\r\n" % word} for word, kind in ((b"NOSCRIPT", "ack"), (b"NOSCRIPT", "read"), (b"LOADING", "members"), (b"LOADING", "read"),
                                                                  (b"OOM", "begin"), (b"READONLY", "lease"), (b"MOVED 1 127.0.0.1:1", "claim"))],
]


def scenario_redis_hostile(t):
    """Whatever a Redis answers to an input, crumbd goes on, its ledger balances, and it reads the next one that is sound."""
    needs(t)
    lanes, upstreams = 6, []
    between = [Between(t, act=pretends()) for _ in range(lanes)]
    daemons = []
    for b in between:
        up, config = begin(t, None, ["a"], fmt="auto", port=b.port)
        daemons.append(t.start(config))
        upstreams.append(up)
    for first in range(0, len(ODD), lanes):
        dropped = [(b, b.taken) for b, _ in zip(between, ODD[first:])]
        for (b, _), odd in zip(dropped, ODD[first:]):
            b.act = pretends(**odd)
            b.drop()
        t.until(lambda: all(b.taken > n for b, n in dropped), "another connection")
        for d, odd in zip(daemons, ODD[first:]):
            for answer in odd.values():
                if isinstance(answer, bytes) and "ack" not in odd:  # there is nothing to acknowledge
                    d.wait_log(answer[1:].decode().strip())
                    said = [line for line in d.err.splitlines() if answer[1:].decode().strip() in line]
                    assert 'remedy="' in said[0] and "can be reached" not in said[0], said[0]
        for d in daemons:
            d.ledger()
    redis = Redis(t).up()
    fill(redis, "a", range(5000, 5010))
    for b in between:
        b.act = None
        b.lead(redis.port)
    t.until(lambda: len({e["fingerprint"][1] for up in upstreams for e in up.events if int(e["fingerprint"][1]) >= 5000}) == 10, "what is sound arrives")
    for d in daemons:
        d.stop()
