"""Notifications: those whom `notify` names are told what they asked for, each in its own form, and hold up nothing."""
import email
import email.policy
import html
import json
import os
import re
import sys
from contextlib import contextmanager
from urllib.parse import unquote

from clock import settable_clock
from harness import TOP, free_port, nginx_line
from receiver import Receiver

EXAMPLES = os.path.join(TOP, "contrib", "notify")
CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - {{tail: "{dir}/error.log", format: nginx-error, timezone: UTC, from: start}}
breadcrumbs: {{before: 0, after: 5, wait: 50ms}}
health: {{silent: {silent}}}
rules: [all.yaml]
{notify}
"""
# A title is all of the line: what ends strings of JSON, parameters and lines, turns text around, and is secret.
RULE = """pack: own
rules:
  - id: all
    match: '^(?<all>nasty.*)$'
    event: {message: '{all}'}
    samples: [{lines: nasty, event: {level: error}}]
"""
NASTY = 'nasty "a" \\ {title} %41&b=c</b> \u202eevil password=hunter2-Secret'
SHOWN = re.escape('nasty "a" \\ {title} %41&b=c</b>  evil password=') + r"\[Filtered\]"


@contextmanager
def receiver():
    r = Receiver()
    try:
        yield r
    finally:
        r.stop()


def start(t, notify, silent="1d", up=None, **args):
    t.write("all.yaml", RULE)
    config = CONFIG.format(dsn=(up or t.upstream()).dsn(), dir=t.dir, silent=silent, notify=notify)
    return t.start(t.config(config), **args)


def bodies(r):
    return [json.loads(q.body) for q in r.requests]


def example(t, name, url):
    """The file of contrib with its secrets in files, and with another address."""
    with open(os.path.join(EXAMPLES, name + ".yaml"), encoding="utf-8") as f:
        text = f.read()
    for secret in re.findall(r"(\w+): ([a-z]+-[a-z]+)[,}]", text):
        t.write(secret[1], "%s/services/T0/B0/x1y2\n" % url if secret[0] == "url" else "-100%s-%s\n" % secret)
    return re.sub(r"url: https?://[a-z0-9.:]+/", "url: %s/" % url, text)


def fits_telegram(q):
    body = json.loads(q.body)
    assert (q.method, q.path) == ("POST", "/bot-100token-telegram-token/sendMessage"), q.path
    assert set(body) == {"chat_id", "text", "disable_web_page_preview"} and body["chat_id"] == "-100chat-telegram-chat", body
    return body["text"]


def fits_slack(q):
    assert (q.method, q.path) == ("POST", "/services/T0/B0/x1y2"), q.path
    body = json.loads(q.body)
    assert set(body) == {"text"} and "<" not in body["text"], body
    return html.unescape(body["text"])


def fits_matrix(q):
    room = re.fullmatch(r"/_matrix/client/v3/rooms/([^/]+)/send/m\.room\.message/[0-9a-f]{32}", q.path)
    body = json.loads(q.body)
    assert q.method == "PUT" and unquote(room.group(1)) == "!abc:example.org" and q.headers["Authorization"] == "Bearer -100token-matrix-token"
    assert set(body) == {"msgtype", "body"} and body["msgtype"] == "m.text", body
    return body["body"]


def fits_ntfy(q):
    body = json.loads(q.body)
    assert (q.method, q.path, q.headers["Authorization"]) == ("POST", "/", "Bearer -100token-ntfy-token")
    assert set(body) == {"topic", "title", "message", "tags"} and body["topic"] == "ops" and isinstance(body["tags"], list), body
    return body["message"]


def scenario_each_example_of_contrib(t):
    """A real line, with all in it that could break a request: each service is told what it takes, and no secret of the line."""
    fits = {"telegram": ("/bot", fits_telegram), "slack": ("/services", fits_slack), "matrix": ("/_matrix", fits_matrix), "ntfy": ("/$", fits_ntfy)}
    t.eq(sorted([*fits, "mail"]), sorted(f[:-5] for f in os.listdir(EXAMPLES) if f.endswith(".yaml")))
    with receiver() as r:
        entries = "notify:\n" + "".join(example(t, name, r.url).split("notify:\n")[1] for name in fits)
        t.write("error.log", nginx_line(1, text=NASTY))
        up = t.upstream()
        d = start(t, entries, up=up)
        t.until(lambda: len(r.requests) == len(fits), "four requests")
        t.eq(d.stop(sent=1)["notified"], len(fits))
        t.wait_events(up, 1)
        for name, (path, fit) in fits.items():
            said = [fit(q) for q in r.requests if re.match(path, q.path)]
            t.eq(len(said), 1, name)
            assert re.fullmatch(r"New issue on \S+: " + SHOWN + r" \(error\)", said[0]), said
        assert all(q.headers["Content-Type"] == "application/json" for q in r.requests)


def scenario_mail_of_contrib(t):
    """The receiver of contrib makes one mail of a request, and no header of what stands in it."""
    port = free_port()
    t.write("sendmail", '#!/bin/sh\ncat >"%s/mail.$$" && mv "%s/mail.$$" "%s/sent.$$"; echo "$@" >"%s/words"\n' % ((t.dir,) * 4))
    os.chmod(t.path("sendmail"), 0o755)
    p = t.program("crumbd-mail", [sys.executable, os.path.join(EXAMPLES, "crumbd-mail"), "--to", "ops@example.org", "--from", "crumbd@example.org",
                                  "--listen", "127.0.0.1:%d" % port, "--sendmail", t.path("sendmail")])
    t.wait_port(port, "crumbd-mail")
    t.write("error.log", nginx_line(1, text=NASTY))
    d = start(t, example(t, "mail", "http://127.0.0.1:%d" % port))
    t.until(lambda: any(f.startswith("sent.") for f in os.listdir(t.dir)), "a mail")
    t.eq(d.stop(sent=1)["notified"], 1)
    out, _ = t.run("test", "-c", t.path("crumbd.yaml"))
    assert "accepted: HTTP 204" in out, out
    mails = []
    for name in sorted(f for f in os.listdir(t.dir) if f.startswith("sent.")):
        with open(t.path(name), "rb") as f:
            mails.append(email.message_from_binary_file(f, policy=email.policy.default))
    p.end()
    t.eq(len(mails), 2)
    mail = next(m for m in mails if "new-issue" in m["Subject"])
    t.eq((mail["To"], mail["From"]), ("ops@example.org", "crumbd@example.org"))
    assert re.fullmatch(r"\[\S+\] new-issue: " + SHOWN.replace("\\ \\ ", "\\ "), mail["Subject"].strip()), mail["Subject"]
    assert re.match("New issue on .*" + SHOWN, mail.get_content()) and "hunter2" not in mail.as_string(), mail.as_string()
    assert re.search(r"^issue [0-9a-f]{16}$", mail.get_content(), re.M), mail.get_content()


def scenario_what_is_told_once(t):
    """A new issue, not its next occurrence; a silent source; losses, together; nothing that was not asked for."""
    up = t.upstream()
    with receiver() as r:
        t.write("error.log", nginx_line(1) + nginx_line(2) + nginx_line(3, text="another kind"))
        hook = "notify:\n  - {url: '%s/all', body: '{\"on\": \"{on}\", \"text\": \"{text}\", \"event\": \"{event}\", \"issue\": \"{issue}\", \"time\": \"{time}\"}'}\n" % r.url
        hook += "  - {url: '%s/losses?what={text}', on: [losses], method: GET}\n" % r.url
        d = start(t, hook, silent="1s", up=up)
        t.until(lambda: sum(q.path == "/all" for q in r.requests) == 3, "two issues, and silence")
        told = [json.loads(q.body) for q in r.requests if q.path == "/all"]
        t.eq(sorted(x["on"] for x in told), ["new-issue", "new-issue", "source-silent"])
        ids = {e["event_id"] for e in t.wait_events(up, 3)}
        assert {x["event"] for x in told if x["event"]} <= ids and len({x["issue"] for x in told}) == 3, told
        assert all(re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", x["time"]) for x in told), told
        up.script.append({"status": 400})
        t.append("error.log", nginx_line(4))
        t.until(lambda: any(q.path.startswith("/losses") for q in r.requests), "losses are told")
        t.eq([(q.method, unquote(q.path).split(": ", 1)[1], q.body) for q in r.requests if q.path.startswith("/losses")], [("GET", "lost: dead 1", b"")])
        d.stop(sent=4)


def scenario_an_issue_that_comes_back(t):
    """Seen again eight days later by the clock it is a regression; six days later it is not."""
    env, set_clock = settable_clock(t)
    with receiver() as r:
        hook = "sandbox: off\nnotify:\n  - {url: '%s/', body: '{\"on\": \"{on}\"}'}\n" % r.url
        for n, offset in enumerate(("-20d", "-14d", "-6d")):
            set_clock(offset)
            t.append("error.log", nginx_line(n))
            d = start(t, hook, env=env)
            d.wait_count("event", 1)
            d.stop(sent=1)
        t.eq([x["on"] for x in bodies(r)], ["new-issue", "regression"])


def scenario_an_upstream_that_is_down(t):
    """For a minute, of a clock that runs faster; and what is told of it does not wait for it."""
    env, _ = settable_clock(t)
    env = {k: v for k, v in env.items() if "MONOTONIC" not in k and k != "FAKETIME_TIMESTAMP_FILE"}
    env["FAKETIME"] = "+0 x40"
    up = t.upstream()
    up.stop()
    with receiver() as r:
        t.write("error.log", nginx_line(1))
        d = start(t, "sandbox: off\nnotify:\n  - {url: '%s/', on: [upstream-down], body: '{\"text\": \"{text}\"}'}\n" % r.url, up=up, env=env)
        t.until(lambda: r.requests, "it is told")
        assert re.fullmatch(r"crumbd on \S+: the server of the project default takes no events", bodies(r)[0]["text"]), bodies(r)
        d.stop(sent=1)


def scenario_a_receiver_in_trouble(t):
    """One that never answers holds up no event; one that is busy is asked again under the same id; a refusal is counted, as is what waits at the end."""
    up = t.upstream()
    with receiver() as dumb, receiver() as busy, receiver() as strict:
        dumb.default, busy.script, strict.default = None, [503, 429], 403
        t.write("secret", "s3cr3t-t0k3n\n")
        hook = "notify:\n" + "".join("  - {url: '%s/{id}/{secret.key}', secrets: {key: secret}}\n" % x.url for x in (dumb, busy, strict))
        t.write("error.log", nginx_line(1))
        d = start(t, hook, up=up)
        t.wait_events(up, 1)
        t.until(lambda: len(busy.requests) == 3 and strict.requests and dumb.requests, "all were asked")
        t.append("error.log", nginx_line(2, text="another kind"))
        t.wait_events(up, 2)
        t.eq(len({q.path for q in busy.requests[:3]}), 1, "the id of three tries")
        d.wait_log("notifications are taken again")
        t.until(lambda: len(strict.requests) == 2, "the next one is asked, too")
        ledger = d.stop(sent=2)
        t.eq((ledger["notified"], ledger["notifications_lost"]), (2, 4))
        assert "HTTP 403" in d.err and "s3cr3t" not in d.err, d.err


def scenario_so_many_an_hour(t):
    """The bound of an hour holds, what is above is counted; a reload with another bound tells anew, one without keeps it."""
    up = t.upstream()
    with receiver() as r:
        hook = "notify:\n  - {url: '%s/', per_hour: 2}\n" % r.url
        words = ["alpha", "bravo", "charlie", "delta", "echo"]
        t.write("error.log", "".join(nginx_line(n, text="the %s fails" % w) for n, w in enumerate(words)))
        d = start(t, hook, up=up)
        t.wait_events(up, 5)
        d.wait_count("notifications_held", 3)
        t.until(lambda: len(r.requests) == 2, "two")
        d.signal(1)
        d.wait_log("settings and rules are reloaded")
        t.append("error.log", nginx_line(9, text="the foxtrot fails"))
        d.wait_count("notifications_held", 4)
        t.config(CONFIG.format(dsn=up.dsn(), dir=t.dir, silent="1d", notify=hook.replace("2}", "3}")))
        d.signal(1)
        t.until(lambda: d.err.count("settings and rules are reloaded") == 2, "the second reload")
        t.append("error.log", nginx_line(10, text="the golf fails"))
        t.until(lambda: len(r.requests) == 3, "a third one")
        t.eq(d.stop(sent=7)["notified"], 3)


def scenario_wrong_entries_are_named(t):
    """By place, without what is secret in them."""
    t.write("all.yaml", RULE)
    env = t.env(CRUMBD_DATA=t.dir) # without the grammars of traces, whose samples take longer
    for body, says in (("{url: 'ftp://x/'}", 'must begin with https://'),
                       ("{url: 'https://x/', body: '{titel}'}", "did you mean {title}?"),
                       ("{url: 'https://x/{secret.a}'}", "names no file for {secret.a}"),
                       ("{url: 'https://x/', secrets: {a: nowhere}}", "nowhere"),
                       ("{url: 'https://x/', headers: {A: \"b\\nc\"}}", "one line"),
                       ("{url: 'https://x/', on: [new-isue]}", 'did you mean "new-issue"?')):
        _, err = t.run("check", "-c", t.config("notify:\n  - %s\nrules: [all.yaml]\n" % body), status=1, env=env)
        assert says in err and "crumbd.yaml:2:" in err, (body, err)
    out, _ = t.run("check", "--dump", "-c", t.config("notify:\n  - {url: 'https://u:geheim@x/hidden', headers: {Authorization: Bearer abc}}\nrules: [all.yaml]\n"), status=None, env=env)
    assert "geheim" not in out and "hidden" not in out and "Bearer" not in out and "https://xxxx" in out, out


def scenario_a_queue_that_is_full(t):
    """A receiver that never answers: sixty-four wait, those above are counted, and every event is delivered meanwhile."""
    up = t.upstream()
    with receiver() as r:
        r.default = None
        words = ["".join(chr(97 + int(c)) for c in str(n)) for n in range(100, 180)]
        t.write("error.log", "".join(nginx_line(n, text="%s fails" % w) for n, w in enumerate(words)))
        d = start(t, "notify:\n  - {url: '%s/', per_hour: 1000}\n" % r.url, up=up)
        t.wait_events(up, 80)
        d.wait_count("notifications_lost", 16)
        t.eq(d.stop(sent=80)["notifications_lost"], 80)
        totals = json.loads(t.run("ledger", "--json", "-c", t.path("crumbd.yaml"))[0])
        t.eq(len(r.requests), 1)
        assert '"notifications_lost": 80' in json.dumps(totals), totals
