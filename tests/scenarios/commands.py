"""The commands, as a person types them."""
import glob
import json
import os
import re
import shutil
import signal
import subprocess

from harness import SHARED, TOP, free_port, jsonl, nginx_line

CONFIG = """
inputs:
  - tail: {dir}/logs/error.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {wait: 10ms}
"""


def scenario_queue_without_sentry(t):
    """Without a DSN events stay in the store, and queue shows them, readably, while the daemon runs and after."""
    t.write("logs/error.log", nginx_line(1))
    config = t.config(CONFIG)
    d = t.start(config)
    d.wait_count("event", 1)
    listing = t.until(lambda: [x for x in t.run("queue", "ls", "-c", config)[0].splitlines() if "UpstreamDown" in x], "the event in queue ls")
    shown = subprocess.run(["script", "-qec", "stty cols 80; %s queue ls -c %s" % (t.crumbd_path, config), "/dev/null"], capture_output=True,
                           env=t.env(TERM="xterm"), stdin=subprocess.DEVNULL, timeout=30, check=False).stdout.decode()
    cut = next(line for line in shown.split("\r\n") if "UpstreamDown" in line)
    assert len(cut) <= 80 < len(listing[0]) and cut.endswith("..."), (shown, listing)
    row = re.match(r"\s*(\S+)", listing[0]).group(1)
    shown = t.run("queue", "cat", row, "-c", config)[0]
    assert "Connection refused" in shown and "/item/1" in shown, shown
    d.stop()
    assert "Connection refused" in t.run("queue", "cat", row, "-c", config)[0]
    exported = jsonl(t.run("queue", "export", "-c", config)[0])
    t.eq(len(exported), 1)
    t.run("queue", "drop", row, "-c", config)
    assert "UpstreamDown" not in t.run("queue", "ls", "-c", config)[0]
    t.run("queue", "cat", row, "-c", config, status=1)


def scenario_zero_configuration(t):
    """No file and no argument: it finds logs, says what it found and where its store is, and runs."""
    port = free_port()
    env = t.env(UDP_ADDR="127.0.0.1:%d" % port, TCP_ADDR="127.0.0.1:%d" % port)
    d = t.start(env=env)
    d.wait_log("crumbd.db")
    assert os.path.exists(t.path("state/crumbd/crumbd.db")), os.listdir(t.dir)
    d.stop()


def scenario_second_daemon_refused(t):
    """One store, one daemon; the second says who has it. A lock left by kill -9 is no hindrance."""
    t.write("logs/error.log", "")
    config = t.config(CONFIG)
    first = t.start(config)
    second = t.start(config, ready=False)
    t.eq(second.wait(), 3)
    assert str(first.pid) in second.err, second.err
    first.kill()
    t.start(config).stop()


def scenario_configuration_errors(t):
    """check and run refuse with file, line, column, the line itself and a caret, and guess what was meant."""
    wrong = {
        "breadcrumbs: {befor: 3}\n": (1, "before"),
        "sentry:\n  environment: x\ninputs:\n  - tail: /x.log\n    format: nginx-eror\n": (5, "nginx-error"),
        "breadcrumbs:\n  before: many\n": (2, "before"),
        "http: [1\n": (None, ""),
        "fallback: sometimes\n": (1, "fallback"),
        "inputs:\n  - tail: /x.log\n  - stdin: on\n  - tail: /x.log\n": (4, "line 2"),
    }
    for n, (text, (line, word)) in enumerate(wrong.items()):
        path = t.write("c%d.yaml" % n, text)
        for command in ("check", "run"):
            err = t.run(command, "-c", path, status=1)[1]
            place = re.search(r"c%d\.yaml:(\d+):\d+: error: " % n, err)
            assert place, (text, err)
            if line:
                t.eq(int(place.group(1)), line, text)
            assert word in err and "^" in err, err
    # A wrong DSN is named, but not shown: it may hold a key.
    err = t.run("check", "-c", t.write("dsn.yaml", "sentry: {dsn: 'https://0123456789abcdef@'}\n"), status=1)[1]
    assert "dsn.yaml:1:15: error: " in err and "0123456789abcdef" not in err, err
    t.run("check", "-c", t.path("no-such-file.yaml"), status=1)
    t.run("no-such-command", status=2)


def scenario_rule_errors(t):
    """A rule that does not compile stops check and run with its place; a sample that fails stops check only."""
    broken = t.write("broken.yaml", "pack: p\nrules:\n  - id: p.x\n    match: 'a(b'\n    samples: [{lines: ab, event: none}]\n")
    err = t.run("check", broken, status=1)[1]
    assert re.search(r"broken\.yaml:4:\d+: error: ", err), err
    t.write("logs/error.log", "")
    config = t.config(CONFIG + "rules: [{dir}/broken.yaml]\n")
    assert "broken.yaml:4:" in t.run("run", "-c", config, status=1)[1]
    false = t.write("false.yaml", "pack: p\nrules:\n  - id: p.x\n    match: 'abc'\n    event: {message: seen}\n"
                    "    samples: [{lines: xyz, event: {level: error}}]\n")
    assert "false.yaml:6:" in t.run("check", false, status=1)[1]
    t.start(t.config(CONFIG + "rules: [{dir}/false.yaml]\n", name="false-config.yaml")).stop()


def scenario_endless_patterns_are_said_at_start(t):
    """run warns, with rule, place and remedy, of what check refuses for its work; the shipped rules are not proven again."""
    t.write("rules/mine.yaml", "pack: mine\nrules:\n  - id: mine.endless\n    match: '^(a+)+$'\n    samples: [{lines: aaa, event: {level: error}}]\n")
    config = t.config("inputs: [{tail: {dir}/logs/*.log}]\nrules: [{dir}/rules/*.yaml, shipped]\n")
    said = re.compile(r'rules/mine\.yaml:4:\d+: (error|warning): (rule "mine\.endless": the pattern backtracks without end: .*possessive.*)')
    refused = said.search(t.run("check", "-c", config, status=1)[1])
    d = t.start(config)
    d.stop()
    warned = said.search(d.err)
    t.eq((refused.group(1), warned.group(1), warned.group(2)), ("error", "warning", refused.group(2)))


def scenario_endless_masks_are_refused(t):
    """check holds the masks and the patterns of scrub against texts that make them work hard, and says their places."""
    t.write("fine.yaml", "pack: p\nrules:\n  - id: p.x\n    match: 'abc'\n    event: {message: seen}\n    samples: [{lines: abc, event: {level: error}}]\n")
    text = "rules: [{dir}/fine.yaml]\nmasks:\n  own:\n    order: '%s'\n  never: ['%s']\nscrub: {patterns: ['%s']}\n"
    endless, fine = "(a+)+$", "a++b"
    for i, line in ((0, 4), (1, 5), (2, 6)):
        config = t.config(text % tuple(endless if i == k else fine for k in range(3)))
        err = t.run("check", "-c", config, status=1)[1]
        t.eq(re.findall(r"crumbd\.yaml:(\d+):\d+: error: the pattern backtracks without end", err), [str(line)])
    t.run("check", "-c", t.config(text % (fine, fine, fine)))


NAMES = """\
pack: p
when: {format: nginx-error, srever: .}
rules:
  - id: p.x
    match: 'order (?<id>\\d+) failed'
    when: {clinet: '^203'}
    event:
      message: 'order {ID} of {cleint} failed: {upstream.host} {id}'
      tags: {shop: '{sever}', pod: '{pod}', who: '{masked.usr}'}
    samples:
      - lines: '2026/11/23 10:00:00 [error] 7#7: *1 order 12 failed, client: 203.0.113.9, server: shop, request: "GET / HTTP/1.1", host: "shop"'
        event: none
"""


def scenario_check_tells_wrong_names(t):
    """A name in a template that is no capture, no member and empty in all samples; a key of `when` that no record has; each with what was meant."""
    t.write("names.yaml", NAMES)
    err = t.run("check", t.path("names.yaml"), status=1)[1]
    told = re.findall(r"names\.yaml:(\d+):(\d+): warning: (.*)", err)
    t.eq([(int(line), int(col)) for line, col, _ in told], [(6, 12), (8, 23), (8, 31), (9, 21), (9, 51), (2, 29)], err)
    for (_, _, text), part in zip(told, ('no record of its samples has "clinet"; did you mean "client"?', "{ID} is no capture of match", "did you mean {client}?",
                                         "{sever} is no capture", "{usr} is no capture", 'the pack: no record of its samples has "srever"; did you mean "server"?')):
        assert part in text, (text, part)
    assert "did you mean {id}?" in told[1][2] and "did you mean {server}?" in told[3][2], told
    assert not [text for _, _, text in told if "upstream.host" in text or "{pod}" in text], "members are known"
    right = NAMES.replace("{ID}", "{id}").replace("cleint", "client").replace("sever", "server").replace("masked.usr", "masked.request")
    right = right.replace("clinet", "client").replace("srever", "server").replace("event: none", "event: {message: x}").replace("{message: x}", "{level: error}")
    out, err = t.run("check", t.write("right.yaml", right))
    t.eq((err, out.startswith("ok: 1 rules")), ("", True))


ALL_WRONG = """\
pack: p
rules:
  - id: p.key
    mach: 'a'
    samples: [{lines: a, event: none}]
  - id: p.value
    match: 'a'
    event: {level: critical}
    samples: [{lines: a, event: {}}]
  - id: p.regex
    match: 'a(b'
    samples: [{lines: ab, event: {}}]
  - id: p.sample
    match: 'abc'
    samples: [{lines: xyz, event: {level: error}}]
"""


def scenario_check_tells_all_at_once(t):
    """What is wrong in a configuration, in a rule's keys, values, patterns and samples is all told by one run, each with what was meant."""
    t.write("rules.yaml", ALL_WRONG)
    t.write("crumbd.yaml", "fallbak: event\nsentry: {dsn: nothing}\ninputs: [{tail: /nowhere/*.log, format: nginx}]\nrules: [shiped, %s]\n" % t.path("rules.yaml"))
    err = t.run("check", "-c", t.path("crumbd.yaml"), status=1)[1]
    for part in ('crumbd.yaml:1:1: error: unknown key "fallbak"; did you mean "fallback"?', "sentry.dsn: ", 'did you mean "nginx-error"?', 'did you mean "shipped"?',
                 'rules.yaml:4:5: error: unknown key "mach"; did you mean "match"?', 'did you mean "fatal"?', "rules.yaml:11:", "this pattern does not compile",
                 "rules.yaml:15:", "the lines give no event"):
        assert part in err, (part, err)
    t.write("rules.yaml", "pack: p\nrules:\n  - id: p.x\n    match: a\n    event: {project: biling}\n    samples: [{lines: a, event: {}}]\n")
    t.write("crumbd.yaml", "sentry: {dsn: 'https://0123456789abcdef0123456789abcdef@s.example.com/1', projects: {billing: 'https://0123456789abcdef0123456789abcdef@s.example.com/2'}}\nrules: [rules.yaml]\ninputs: [{stdin: on}]\n")
    err = t.run("check", "-c", t.path("crumbd.yaml"))[1]
    assert re.search(r'rules\.yaml:5:22: warning: sentry\.projects has no "biling", so the events of rule "p\.x" go to the default one; did you mean "billing"\?', err), err
    t.write("rules.yaml", ALL_WRONG)
    assert "p.sample" not in t.run("check", t.path("rules.yaml"), status=1)[1].replace("rules.yaml:15", ""), "only what is wrong"


def scenario_check_asks_the_file_system(t):
    """check finds of the inputs what run would: a folder is refused, nothing there and what may not be read are warnings with a remedy."""
    t.write("logs/a.log", "")
    os.makedirs(t.path("logs/b.log.d"))
    os.mkfifo(t.path("logs/pipe.log"))
    config = t.write("folder.yaml", "inputs:\n  - tail: %s\nrules: []\n" % t.path("logs"))
    for command in ("check", "run"):
        err = t.run(command, "-c", config, status={"check": 1, "run": 3}[command])[1]
        assert re.search(r"folder\.yaml:2:.*it is a folder; name the files in it", err), err
    config = t.write("some.yaml", "inputs:\n  - tail: %s\n  - tail: %s\n  - tail: %s\nrules: []\n" % tuple(map(t.path, ("logs/*.log", "none/*.log", "one.log"))))
    out, err = t.run("check", "-c", config)
    assert out.startswith("ok: "), out
    assert re.search(r"some\.yaml:2:.*warning: cannot read .*/logs/pipe\.log: it is a named pipe, and tail reads regular files; let its writer", err), err
    for line, name in ((3, "none/*.log"), (4, "one.log")):
        assert re.search(r"some\.yaml:%d:.*warning: there is no file yet at .*/%s" % (line, re.escape(name)), err), err
    t.eq(err.count("warning: "), 3, err)
    env = t.env(CRUMBD_DATA=t.dir)  # without the grammars of traces, whose samples take longer
    t.write("file", "")
    config = t.write("store.yaml", "inputs: [{tail: %s}]\nrules: []\nstore: %s\n" % (t.path("logs/a.log"), t.path("file/crumbd.db")))
    out, err = t.run("check", "-c", config, env=env)
    assert re.search(r"store\.yaml:3:8: warning: the store .*/file/crumbd\.db cannot be written: .*; the user crumbd runs as must be able to", err), err
    assert "/file" in t.run("run", "-c", config, status=3)[1]
    config = t.write("new.yaml", "inputs: [{tail: %s}]\nrules: []\nstore: %s\nhttp: 0.0.0.0:%d\n" % (t.path("logs/a.log"), t.path("no/such/folder/crumbd.db"), free_port()))
    out, err = t.run("check", "-c", config, env=env)
    assert re.search(r"new\.yaml:4:7: warning: there will be no page, .* no http_token_file is named", err), err
    t.eq(err.count("warning: "), 1, err)
    t.eq(t.run("check", "-c", t.write("page.yaml", "inputs: [{tail: %s}]\nrules: []\nhttp: '[::1]:%d'\n" % (t.path("logs/a.log"), free_port())), env=env)[1], "")


def scenario_a_rule_file_that_is_not_there(t):
    """One that is named must be there, for check and for run; a pattern may wait for its first file."""
    env = t.env(CRUMBD_DATA=t.dir)
    t.write("a.log", "")
    config = t.write("crumbd.yaml", "inputs: [{tail: %s}]\nrules: [%s, shiped]\n" % (t.path("a.log"), t.path("mine.yaml")))
    for command in ("check", "run"):
        err = t.run(command, "-c", config, status=1, env=env)[1]
        assert re.search(r"crumbd\.yaml:2:9: error: there is no rule file .*/mine\.yaml\n", err), err
        assert re.search(r"crumbd\.yaml:2:\d+: error: there is no rule file .*/shiped; did you mean \"shipped\"\?", err), err
    config = t.write("crumbd.yaml", "inputs: [{tail: %s}]\nrules: [%s]\n" % (t.path("a.log"), t.path("rules.d/*.yaml")))
    assert re.search(r"crumbd\.yaml:2:9: warning: no rule file matches .*/rules\.d/\*\.yaml", t.run("check", "-c", config, env=env)[1])


def scenario_check_shipped(t):
    """The shipped rules pass with every sample, and the dump of the defaults is itself a configuration."""
    assert "/rules/" not in t.run("check")[1], "no warning either"
    dump = t.run("check", "--dump")[0]
    t.run("check", "-c", t.write("dump.yaml", dump))


def scenario_nobody_reads_what_is_printed(t):
    """A reader that went away, or none at all, is a quiet end with the usual status; a full disk is an error with its reason, by every command."""
    log = t.write("logs/error.log", nginx_line(1))
    few = t.write("few.yaml", "pack: p\nrules:\n  - id: p.x\n    match: 'onnect'\n    samples: [{lines: 'ERROR connect', event: {level: error}}]\n")
    config = t.config(CONFIG + "rules: [{dir}/few.yaml]\n")
    d = t.start(config)
    d.wait_count("event", 1)
    d.stop()
    wrong = t.write("wrong.yaml", "pack: p\nrules:\n  - id: p.x\n    match: 'abc'\n    samples: [{lines: xyz, event: {level: error}}]\n")
    commands = [(0, "--version"), (0, "help"), (0, "help", "run"), (0, "check", "-c", config), (0, "check", "-c", config, "--dump"),
                (0, "check", "--schema", "rules"), (1, "check", "-c", config, "--dump", wrong), (0, "parse", log), (0, "try", "-c", config, log),
                (0, "try", "-c", config, "--json", log), (0, "try", "-c", config, "--events", log),
                (0, "try", "-c", config, "--diff", few, few, log), (0, "explain", "-c", config, nginx_line(1)),
                (0, "queue", "ls", "-c", config), (0, "queue", "cat", "1", "-c", config), (0, "queue", "export", "-c", config),
                (0, "queue", "retry", "-c", config)]

    def end(words, prefix, stdout):
        p = subprocess.run(prefix + [t.crumbd_path, *words], stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, env=t.env(), cwd=t.dir,
                           timeout=60, check=False)
        return p.returncode, p.stderr.decode()

    for status, *words in commands:
        reader, writer = os.pipe()
        os.close(reader)
        for way, got in (("gone", end(words, [], writer)), ("closed", end(words, ["sh", "-c", 'exec "$@" >&-', "sh"], None))):
            t.eq((got[0], re.findall("(?i)standard output|broken pipe|descriptor|no such file", got[1])), (status, []), (way, words))
        os.close(writer)
        with open("/dev/full", "wb") as full:
            got = end(words, [], full)
        t.eq((got[0], "crumbd: standard output cannot be written: No space left on device" in got[1]), (3, True), (words, got))


def scenario_parse(t):
    """parse shows what was understood, one JSON object per message."""
    out = jsonl(t.run("parse", "--format", "nginx-error", "-", stdin=nginx_line(1) + nginx_line(2, "x", "warn", upstream=None))[0])
    t.eq(len(out), 2)
    t.eq(out[0]["level"], "error")
    t.eq(out[0]["message"], "connect() failed (111: Connection refused) while connecting to upstream")
    t.eq(str(out[0]["fields"]["connection"]), "1")
    t.eq(out[0]["fields"]["phase"], "connecting to upstream")
    t.eq(out[1]["level"], "warning")


def scenario_try(t):
    """try says what a log would become, without sending; --events prints the payloads; explain names the rule."""
    log = t.write("error.log", "".join(nginx_line(n) for n in range(5)) + nginx_line(9, "client closed keepalive connection", "info", upstream=None))
    summary = json.loads(t.run("try", "--format", "nginx-error", "--json", log)[0])
    t.eq(summary["lines"], 6)
    events = jsonl(t.run("try", "--format", "nginx-error", "--events", log)[0])
    t.eq(len(events), 5)
    t.eq(len({tuple(e["fingerprint"]) for e in events}), 1)
    again = jsonl(t.run("try", "--format", "nginx-error", "--events", log)[0])
    t.eq([e["event_id"] for e in events], [e["event_id"] for e in again], "event ids of the same file")
    assert "6" in t.run("try", "--format", "nginx-error", log)[0]
    said = t.run("explain", "--format", "nginx-error", nginx_line(1).rstrip("\n"))[0]
    assert "nginx." in said and "111" in said, said


def scenario_output_that_takes_no_more(t):
    """A reader that has seen enough ends a command soon and without a word; a full disk is said, and is an error."""
    log = t.write("long.log", "".join(nginx_line(n) for n in range(1000)) * 300)
    for args in (["parse", "--format", "nginx-error", log], ["try", "--events", "--format", "nginx-error", log],
                 ["check", "--dump"], ["--help"], ["--version"]):
        for target, status, why in ((None, 0, ""), ("/dev/full", 3, "No space left")):
            out = open(target, "wb") if target else subprocess.PIPE
            p = subprocess.Popen([t.crumbd_path, *args], stdout=out, stderr=subprocess.PIPE, env=t.env(), cwd=t.dir)
            if not target:
                p.stdout.readline()
            (p.stdout or out).close()
            p.stdout = None
            said = p.communicate(timeout=20)[1].decode()
            t.eq(p.returncode, status, (args, said))
            assert why in said and (why or not said), (args, said)


def scenario_test(t):
    """test sends one event to each project and prints the answers; without one, or when refused, its status says so."""
    up = t.upstream()
    config = t.config('sentry: {dsn: "%s", projects: {other: "%s"}}\n' % (up.dsn(1), up.dsn(2)))
    out = t.run("test", "-c", config)[0]
    t.eq(len(up.events), 2)
    t.eq({project for project, _ in up.seen}, {"1", "2"})
    assert "200" in out, out
    up.default = {"status": 403}
    t.run("test", "-c", config, status=1)


def scenario_version_and_help(t):
    """--version names the libraries; help knows each command that --help lists."""
    out = t.run("--version")[0]
    for name in ("crumbd ", "PCRE2", "SQLite", "libcurl", "libevent"):
        assert name.lower() in out.lower(), out
    assert re.search(r"^seccomp: ", out, re.M), out
    if shutil.which("dpkg-query"):
        # Each library's package with the version that dpkg itself names.
        packages = dict(p.split(" ") for p in re.search(r"^packages: (.*)$", out, re.M).group(1).split(", "))
        for name, version in packages.items():
            p = subprocess.run(["dpkg-query", "-W", "-f", "${Version}\n", name], capture_output=True, text=True, check=True)
            assert version in p.stdout.split(), (name, version, p.stdout)
        assert any(p.startswith("libcurl") for p in packages) and any(p.startswith("libsqlite3") for p in packages), packages
    out = t.run("--help")[0]
    for command in ("run", "check", "parse", "try", "explain", "test", "queue"):
        assert re.search(r"^\s+crumbd \[?%s\b" % command, out, re.M), (command, out)
        t.eq(t.run("help", command), t.run(command, "--help"))
    t.run("--nonsense", status=2)


def scenario_did_you_mean(t):
    """Commands, options, formats and actions that are misspelt are answered with what was most likely meant, and status 2."""
    for words, near in ((["chekc"], "check"), (["--verison"], "--version"), (["help", "tri"], "try"), (["explain", "--foramt", "text", "x"], "--format"),
                        (["explain", "--format", "nginx-eror", "x"], "nginx-error"), (["parse", "--format=nginx", "-"], "nginx-error"), (["queue", "rety"], "retry"),
                        (["check", "--dumb"], "--dump"), (["run", "--config", "x"], None), (["try", "--evnts", "x"], "--events")):
        err = t.run(*words, status=2)[1]
        assert ("did you mean %s?" % near in err) if near else "has no option" in err, (words, err)
        assert "try: crumbd help" in err, err
    assert "--format wants F" in t.run("parse", "--format", status=2)[1]
    t.eq(jsonl(t.run("parse", "--format=text", "-", stdin="ERROR x\n")[0])[0]["level"], "error")
    assert t.run("-c", "x", "--help")[0].startswith("crumbd [run] [-c FILE] [-]\n")


EXPLAINED = """\
pack: p
rules:
  - id: p.unless
    match: 'disk full'
    unless: 'on tmp'
    samples: [{lines: 'ERROR disk full', event: {level: error}}]
  - id: p.when
    match: 'disk full on'
    when: {app: '^db$'}
    samples: [{lines: 'ERROR disk full', event: none}]
  - id: p.format
    match: 'disk full on'
    when: {format: nginx-error}
    samples: [{lines: '2026/11/23 10:00:00 [error] 7#7: disk full on', event: {level: error}}]
  - id: p.words
    match: 'disk full \\d+ times'
    samples: [{lines: 'ERROR disk full 7 times', event: {level: error}}]
  - id: p.far
    match: 'printer is out of paper'
    samples: [{lines: 'ERROR printer is out of paper', event: {level: error}}]
  - id: p.tenth
    match: '(?<what>disk) full on tmp'
    threshold: {count: 12, within: 1d, by: ['{what}']}
    samples: [{lines: 'ERROR disk full on tmp', event: none}]
"""


def scenario_explain_tells_near_misses(t):
    """Near misses come first, the nearest first, each with what kept it away; then who decides, and after how many lines; - is standard input."""
    rules = t.write("rules.yaml", EXPLAINED)
    out = t.run("explain", "--rules", rules, "ERROR disk full on tmp")[0]
    told = re.findall(r"^  (p\.\w+) +(.*)$", out, re.M)
    t.eq([rule for rule, _ in told], ["p.unless", "p.when", "p.format", "p.words", "p.tenth"], out)
    for (rule, text), part in zip(told, ("so does `unless`", "`when` wants app: it has none", "for another format: this is text", '"disk full " is in it, but `match` does not match', "it decides")):
        assert part in text, (rule, text)
    assert "and 1 more that do not match" in out, out
    assert "of such lines the 12th within 1d of the same disk is the event" in out, out
    t.eq(t.run("explain", "--rules", rules, "-", stdin="ERROR disk full on tmp\n")[0], out)


def scenario_ends_on_signals(t):
    """SIGINT ends it as SIGTERM does; SIGUSR1 logs the ledger and nothing else."""
    t.write("logs/error.log", nginx_line(1))
    d = t.start(t.config(CONFIG))
    d.wait_count("event", 1)
    t.eq(d.ledger()["lines_in"], 1)
    d.signal(signal.SIGINT)
    d.ended()


def survives(pid, number):
    """Whether the process ignores or handles the signal by now."""
    with open("/proc/%d/status" % pid, encoding="ascii") as f:
        masks = re.findall(r"^Sig(?:Ign|Cgt):\s*(\w+)$", f.read(), re.M)
    return any(int(m, 16) >> (number - 1) & 1 for m in masks)


def scenario_sighup_is_no_end(t):
    """SIGHUP, from the first moment on, ends nothing: it reloads, and lines after it are read as before."""
    t.write("logs/error.log", nginx_line(1))
    d = t.start(t.config(CONFIG), ready=False)
    t.until(lambda: survives(d.pid, signal.SIGHUP), "crumbd has something for it")
    d.signal(signal.SIGHUP)
    t.until(d.is_ready, "crumbd is ready")
    before = d.err.count("are reloaded")  # the first may be under way, or have come before crumbd could do so
    d.signal(signal.SIGHUP)
    t.until(lambda: d.err.count("are reloaded") > before, "one line says so")
    t.append("logs/error.log", nginx_line(2))
    d.wait_count("event", 2)
    d.stop()


def scenario_sighup_of_a_pipe(t):
    """A terminal that hangs up does not take the last words of a command from `crumbd -`."""
    r, w = os.pipe()
    p = t.program("pipe", [t.crumbd_path, "-", "-c", t.config(CONFIG)], env=t.env(), stdin=r)
    os.close(r)
    t.until(lambda: "crumbd is running" in p.err, "crumbd runs")
    p.signal(signal.SIGHUP)
    t.until(lambda: "SIGHUP is ignored" in p.err, "it says so")
    os.write(w, nginx_line(7).encode())
    os.close(w)
    t.eq(p.wait(), 0, p.err)
    assert re.search(r"msg=ledger lines_in=1 .*event=1", p.err), p.err


def scenario_exec_passes_sighup_on(t):
    """The command of `crumbd exec` gets it, and may do with it what it wishes."""
    script = "trap 'echo hung up; exit 3' HUP; echo up; while :; do sleep 0.02; done"
    p = t.program("exec", [t.crumbd_path, "exec", "-c", t.config(CONFIG), "--", "sh", "-c", script], env=t.env())
    t.until(lambda: "up" in p.out, "the command runs")
    p.signal(signal.SIGHUP)
    t.eq(p.wait(), 3, p.err)
    t.eq(p.out, "up\nhung up\n")


def scenario_quickstart_names(t):
    """The files that the README names are there."""
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as f:
        for link in re.findall(r"\]\(([^)#:]+)\)", f.read()):
            assert os.path.exists(os.path.join(TOP, link)), link


def scenario_events_of_real_logs_conform(t):
    """Each event that `try` makes of the real logs of the corpus keeps every rule of the protocol's checker."""
    checker = os.path.join(SHARED, "tools", "check-envelope")
    logs = sorted(glob.glob(os.path.join(SHARED, "corpus", "loghub", "*.log")) + glob.glob(os.path.join(SHARED, "corpus", "nginx", "*.log")))
    if not os.path.exists(checker) or not logs:
        t.skip("no shared/ beside the sources")
    for limits in ([], ["--limits"]):
        events, _ = t.run("try", "--events", *limits, *logs)
        assert events.count("\n") > 100, f"{events.count(chr(10))} events"
        name = t.write("events.jsonl", events)
        p = subprocess.run([checker, "--events", name], capture_output=True, text=True)
        assert p.returncode == 0, p.stdout[-3000:] + p.stderr[-500:]


def scenario_exec_passes_an_early_signal_on(t):
    """A signal that comes while crumbd still compiles its rules ends the command as it wishes, and never leaves it behind."""
    script = "trap 'echo asked; exit 9' TERM; echo up; while :; do sleep 0.02; done"
    p = t.program("exec", [t.crumbd_path, "exec", "-c", t.config(CONFIG), "--", "sh", "-c", script], env=t.env())
    t.until(lambda: "up" in p.out, "the command runs")
    p.signal(signal.SIGUSR1)
    p.signal(signal.SIGTERM)
    t.eq(p.wait(), 9, p.err)
    t.eq(p.out, "up\nasked\n")
