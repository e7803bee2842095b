"""crumbd parse, as people and scripts run it."""
import gzip
import json
import os
import subprocess

from harness import jsonl

HEAD = "2026/11/23 10:00:00 [error] 7#7: *1 "
CONTEXT = ', client: 203.0.113.9, server: shop, request: "GET /c HTTP/1.1", upstream: "fastcgi://127.0.0.1:9000", host: "shop.test"'


def parse(t, *args, stdin=None, status=0, **env):
    return jsonl(t.run("parse", *args, stdin=stdin, status=status, env=t.env(**env))[0])


def scenario_entries_of_several_lines(t):
    log = t.write("error.log", HEAD + 'FastCGI sent in stderr: "PHP message: a\nStack trace:\n#0 {main}" while reading upstream' +
                  CONTEXT + "\n" + HEAD.replace("error", "notice") + "b\n")
    for args in (["--format", "nginx-error", log], [log], ["--format=nginx-error", "--", log]):
        first, second = parse(t, *args)
        t.eq(first["message"], 'FastCGI sent in stderr: "PHP message: a\nStack trace:\n#0 {main}" while reading upstream')
        t.eq((first["fields"]["host"], first["fields"]["pid"], first["keys"]), ("shop.test", 7, ["conn:7*1"]))
        t.eq((first["level"], first["severity"], first["time"]), ("error", 3, 1795428000))
        t.eq(second["message"], "b")


def scenario_standard_input_and_several_files(t):
    one, two = t.write("one.log", "ERROR one\n\nno newline at the end"), t.write("two.log", HEAD + "two\n")
    t.eq([r["message"] for r in parse(t, one, two)], ["one", "no newline at the end", "two"])
    t.eq([r["format"] for r in parse(t, one, two)], ["text", "text", "nginx-error"])
    t.eq([r["message"] for r in parse(t, "-", stdin="ERROR x\n")], ["x"])
    t.eq([r["message"] for r in parse(t, stdin="ERROR x\n")], ["x"])
    t.eq([r["format"] for r in parse(t, stdin=HEAD + "one line without its newline")], ["nginx-error"])
    t.eq(parse(t, stdin=""), [])


def scenario_gelf_framing(t):
    """One object per line, or objects that NUL ends; a broken one is shown and takes no other with it."""
    one, two, broken = b'{"host":"a","short_message":"one"}', b'{"host":"a","short_message":"two"}', b'{"host":"\xffa"'
    for end in (b"\n", b"\0", b"\r\n"):
        for frames in ((one, broken, two), (broken, one, two)):
            got = parse(t, "--format", "gelf", stdin=end.join(frames))
            t.eq([r["message"] for r in got if "error" not in r], ["one", "two"])
            bad, = [r for r in got if "error" in r]
            t.eq((set(bad), bad["raw"]), ({"error", "raw"}, '{"host":"\ufffda"'))
    pretty = one.replace(b"{", b"{\n").replace(b",", b",\n")
    t.eq([r["message"] for r in parse(t, "--format", "gelf", stdin=pretty + b"\0" + two)], ["one", "two"])
    t.eq([r["message"] for r in parse(t, "--format", "gelf", stdin=pretty)], ["one"])
    t.eq([r["message"] for r in parse(t, "--format", "gelf", stdin=b"[" + one + b", " + two + b"]\n")], ["one", "two"])


def scenario_times_are_of_the_local_zone(t):
    line = "2026/07/01 12:00:00 [error] 7#7: x\n"
    t.eq(parse(t, stdin=line, TZ="Europe/Berlin")[0]["time"], 1782900000)
    t.eq(parse(t, stdin=line, TZ="UTC")[0]["time"], 1782907200)


def scenario_templates(t):
    got, = parse(t, "--template", stdin="ERROR worker 4711 died\n")
    t.eq((got["template"], got["params"]), ("worker <num> died", ["4711"]))


def scenario_bad_use_and_bad_files(t):
    parse(t, "--format", "nginx", status=2)
    parse(t, "--format", status=2)
    parse(t, "--nonsense", status=2)
    parse(t, t.path("absent.log"), status=1)
    parse(t, t.dir, status=1)
    with gzip.open(t.path("old.log.gz"), "wb") as f:
        f.write(b"ERROR x\n")
    t.eq([r["message"] for r in parse(t, t.path("old.log.gz"))], ["x"])
    with open(t.path("cut.log.gz"), "wb") as f:
        f.write(gzip.compress(b"ERROR x\n")[:-9])
    parse(t, t.path("cut.log.gz"), status=1)
    good = t.write("good.log", "ERROR x\n")
    t.eq([r["message"] for r in parse(t, t.path("absent.log"), good, status=1)], ["x"])


def scenario_memory_is_bounded(t):
    """A hundred megabytes of one line, then of many."""
    for line, lines in ((b"x" * 65536, 1), (b"y" * 65535 + b"\n", 1600)):
        path = t.path("big.log")
        with open(path, "wb") as f:
            for _ in range(1600):
                f.write(line)
        # AddressSanitizer keeps freed memory for a while: little of it here.
        with open(t.path("out"), "wb") as out:
            p = subprocess.Popen([t.crumbd_path, "parse", "--format", "text", path], stdout=out,
                                 env=t.env(ASAN_OPTIONS="quarantine_size_mb=1"))
            _, status, usage = os.wait4(p.pid, 0)
        t.eq(status, 0)
        with open(t.path("out"), "rb") as out:
            t.eq(sum(1 for _ in out), lines)
        if usage.ru_maxrss > 65536:
            t.fail("%d KB of memory" % usage.ru_maxrss)
        os.remove(path)


def scenario_damage_gives_json_all_the_same(t):
    junk = bytes(range(256)) * 40 + b"\n" + HEAD.encode() + b'open() "/\0\xff\r" failed (2: x)' + CONTEXT.encode() + b"\n"
    for f in "nginx-error nginx-access syslog gelf docker cri json logfmt text auto".split():
        out, _ = t.run("parse", "--format", f, stdin=junk)
        for line in out.splitlines():
            json.loads(line)
        if not out:
            t.fail("%s says nothing" % f)
