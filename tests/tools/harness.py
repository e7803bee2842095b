"""harness: what every scenario is written with.

A scenario is a function `scenario_NAME(t)` in tests/scenarios/*.py; its docstring says what it shows. `t` makes things that end
with the scenario: a folder, stand-ins for Sentry, daemons, other programs. A scenario fails by `assert`, by t.fail(), by a fact
that does not come before the ceiling, and, without a word of its own, when

  - a daemon that was stopped exits with anything but 0, or its last ledger does not balance: what inputs
    framed, what the pipeline made of it, what the store took, what the sender sent, what the store settled of that (stop(sent=N) compares
    it with what the scenario sent, too);
  - daemons say that more was sent than their stand-ins took, or less where nothing was tried twice, killed, or answered oddly;
  - a store has other rows than its counts say, over all runs, also those that were killed;
  - a sanitizer wrote a line;
  - an envelope that a stand-in took breaks the protocol (shared/tools/check-envelope, where it is at hand);
  - a process is left running.

Nothing sleeps: everything waits for a fact (`t.until`, `Standin.wait`).
"""
import collections
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time

import standin

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SHARED = os.environ.get("CRUMBD_SHARED") or os.path.join(TOP, "..", "shared")
CEILING_S = float(os.environ.get("CRUMBD_CEILING", 60))
POLL_S = 0.02
# Envelopes of one stand-in that are held against the protocol; each takes some milliseconds.
CHECKED_MAX = 200
SANITIZER = re.compile(r"(?:ERROR|WARNING): (?:Address|Leak|Thread)Sanitizer|runtime error: ")


def sanitized(path, marks=(b"__asan_init", b"__tsan_init")):
    with open(path, "rb") as f:
        program = f.read()
    return any(mark in program for mark in marks)


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def read_counters(path=os.path.join(TOP, "src", "base", "counters.def")):
    """The names of each kind (FATE) and each side (MADE) of counters.def."""
    groups = collections.defaultdict(list)
    with open(path, encoding="utf-8") as f:
        for name, kind, sides in re.findall(r"^COUNTER\((\w+), *(\w+), *([^,]*),", f.read(), re.M):
            for group in [kind] + re.findall(r"COUNT_(\w+)", sides):
                groups[group].append(name)
    return groups


COUNTERS = read_counters()


def free_port(kind=socket.SOCK_STREAM):
    with socket.socket(socket.AF_INET, kind) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def parse_ledger(line):
    return {k: int(v) for k, v in re.findall(r"\b(\w+)=(\d+)(?=\s|$)", line[line.index("msg=ledger"):])}


def total(counts, group):
    return sum(counts.get(name, 0) for name in COUNTERS[group])


def check_ledger(ledger, sent=None):
    """At the end of a run: inputs, pipeline, store, sender counted the same. sent: what the scenario knows that it sent; None: it does not."""
    lines, fates, made, became, answered, settled, unframed = [ledger.get("lines_in", 0)] + [
        total(ledger, group) for group in ("FATE", "MADE", "BECAME", "ANSWERED", "SETTLED", "UNFRAMED")]
    # After a second signal alone: what the worker had in its hands when it last told its numbers.
    fates, became = fates + ledger.get("open_lines", 0), became + ledger.get("open_events", 0)
    if lines != fates:
        raise Failure("the ledger does not balance: lines_in is not the sum of its fates, %d: %s" % (fates, ledger))
    if made != became:
        raise Failure("the ledger does not balance: %d events were made, %d stored or lost: %s" % (made, became, ledger))
    if answered != settled:
        raise Failure("the ledger does not balance: %d events were accepted or refused, the store has settled %d: %s" % (
            answered, settled, ledger))
    if sent is not None and lines + unframed != sent:
        raise Failure("%d messages were sent, and the ledger knows %d: %s" % (sent, lines + unframed, ledger))


def unnamed(path):
    """What the counts of all runs in a store, also of those that were killed, do not explain: how many more rows there are, and how many more lines
    were read than met a fate. None: it is no store."""
    db = sqlite3.connect("file:%s?mode=ro" % path, uri=True)
    try:
        counts = dict(db.execute("SELECT name, value FROM count"))
        ready = db.execute("SELECT count(*) FROM event WHERE state=1").fetchone()[0]
    except sqlite3.DatabaseError:
        return None
    finally:
        db.close()
    return ready - total(counts, "CAME") + total(counts, "WENT"), counts.get("lines_in", 0) - total(counts, "FATE")


def sample(all_of_them, most):
    """At most so many of a list, spread over it; the same ones each time."""
    step = max(1, -(-len(all_of_them) // most))
    return all_of_them[::step]


class Program:
    """A child in a session of its own, with its output in files of the scenario's folder."""

    def __init__(self, t, name, argv, env=None, stdin=None, cwd=None):
        self.t, self.name, self.argv = t, name, argv
        self.out_path, self.err_path = t.path(name + ".out"), t.path(name + ".err")
        with open(self.out_path, "ab") as out, open(self.err_path, "ab") as err:
            self.p = subprocess.Popen(argv, stdin=stdin or subprocess.DEVNULL, stdout=out, stderr=err, env=env, cwd=cwd or t.dir,
                                      start_new_session=True)
        self.pid = self.p.pid
        t.programs.append(self)

    def running(self):
        return self.p.poll() is None

    def wait(self, ceiling_s=CEILING_S):
        try:
            return self.p.wait(ceiling_s)
        except subprocess.TimeoutExpired:
            raise Failure("%s did not end within %d s" % (self.name, ceiling_s)) from None

    def signal(self, number):
        os.kill(self.pid, number)

    def end(self):
        """The whole session: asked, then hard."""
        try:
            self.signal(signal.SIGTERM)
            self.p.wait(5)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.p.wait()

    @property
    def err(self):
        with open(self.err_path, encoding="utf-8", errors="replace") as f:
            return f.read()

    @property
    def out(self):
        with open(self.out_path, encoding="utf-8", errors="replace") as f:
            return f.read()


class Daemon(Program):
    """crumbd run. Ready means it said so to systemd's socket (NOTIFY_SOCKET), so that is shown too."""

    def __init__(self, t, name, argv, env, ready):
        self.notify_path = t.path(name + ".notify")
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(self.notify_path)
        os.chmod(self.notify_path, 0o777)  # as systemd's is: crumbd may become another user
        self.notify.setblocking(False)
        self.said = []
        self.forwards = False  # to Kafka: what it sends no stand-in takes
        super().__init__(t, name, argv, dict(env, NOTIFY_SOCKET=self.notify_path))
        if ready:
            t.until(self.is_ready, "crumbd says READY=1")

    def notified(self):
        """What it has said to systemd so far, in order."""
        try:
            while True:
                self.said += self.notify.recv(4096).decode().split("\n")
        except BlockingIOError:
            return self.said

    def is_ready(self):
        if "READY=1" in self.notified():
            return True
        if not self.running():
            raise Failure("crumbd ended with %s before it was ready:\n%s" % (self.p.returncode, self.err[-2000:]))
        return False

    def ledgers(self):
        return [parse_ledger(line) for line in self.err.split("\n")[:-1] if "msg=ledger" in line]

    def private_kib(self):
        with open("/proc/%d/status" % self.pid, encoding="ascii") as f:
            return next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))

    def ledger(self):
        """Asks for it (SIGUSR1)."""
        before = len(self.ledgers())
        self.signal(signal.SIGUSR1)
        self.t.until(lambda: len(self.ledgers()) > before, "a ledger after SIGUSR1")
        return self.ledgers()[-1]

    def wait_count(self, name, at_least, ceiling_s=CEILING_S):
        self.t.until(lambda: self.ledger().get(name, 0) >= at_least, "%s reaches %d" % (name, at_least), ceiling_s)

    def wait_log(self, text, ceiling_s=CEILING_S):
        self.t.until(lambda: text in self.err, "crumbd logs %r" % text, ceiling_s)

    def stop(self, ceiling_s=CEILING_S, sent=None):
        """SIGTERM, exit status 0, and a ledger that balances, and that has all that was `sent`; the ledger comes back."""
        self.signal(signal.SIGTERM)
        return self.ended(ceiling_s, sent)

    def ended(self, ceiling_s=CEILING_S, sent=None, status=0):
        got = self.wait(ceiling_s)
        if got != status:
            raise Failure("crumbd ended with %d:\n%s" % (got, self.err[-2000:]))
        ledgers = self.ledgers()
        if not ledgers:
            raise Failure("crumbd logged no ledger at its end:\n%s" % self.err[-2000:])
        check_ledger(ledgers[-1], sent)
        return ledgers[-1]

    def kill(self):
        """kill -9."""
        self.signal(signal.SIGKILL)
        self.p.wait()


class Scenario:
    def __init__(self, name, folder, crumbd):
        self.name, self.dir, self.crumbd_path = name, folder, crumbd
        self.programs, self.standins, self.at_end = [], [], []
        self.sent_besides = False  # by a command, of which there is no ledger
        self.unnamed = {}  # by store, for a scenario that changes rows itself
        os.makedirs(folder)
        os.chmod(folder, 0o755)

    # --- what a scenario says

    def fail(self, why):
        raise Failure(why)

    def skip(self, why):
        raise Skip(why)

    def eq(self, got, want, what=""):
        if got != want:
            raise Failure("%s: got %r, want %r" % (what or "not equal", got, want))

    def until(self, fact, what, ceiling_s=CEILING_S):
        """Waits for fact() to hold and returns what it returned. what: the fact in words, or a function that makes them."""
        end = time.monotonic() + ceiling_s
        while True:
            got = fact()
            if got:
                return got
            if time.monotonic() > end:
                raise Failure("not within %d s: %s" % (ceiling_s, what() if callable(what) else what))
            time.sleep(POLL_S)

    # --- files

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, text):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(text if isinstance(text, bytes) else text.encode())
        return path

    def append(self, name, text):
        with open(self.path(name), "ab") as f:
            f.write(text if isinstance(text, bytes) else text.encode())

    # --- programs

    def env(self, **more):
        """What crumbd finds around it: nothing of the user's, data from the sources, state in the scenario's folder."""
        env = {"PATH": os.environ["PATH"], "HOME": self.dir, "XDG_STATE_HOME": self.path("state"), "TZ": "UTC", "LC_ALL": "C.UTF-8",
               "CRUMBD_DATA": TOP, "ASAN_OPTIONS": "abort_on_error=0:exitcode=99:malloc_context_size=6", "UBSAN_OPTIONS": "print_stacktrace=1"}
        env.update({k: str(v) for k, v in more.items()})
        return env

    def upstream(self, **args):
        s = standin.Standin(self.path("upstream%d" % (len(self.standins) + 1)), **args)
        self.standins.append(s)
        return s

    def config(self, text, name="crumbd.yaml", store="crumbd.db"):
        """A configuration file; {dir} is the scenario's folder. The store is put there unless the text names one."""
        text = text.replace("{dir}", self.dir)
        if not re.search(r"^store:", text, re.M):
            text += "\nstore: %s\n" % self.path(store)
        return self.write(name, text)

    def start(self, config=None, args=(), env=None, ready=True, command="run"):
        """crumbd run, or another command that is a daemon, with a configuration file (a path), or with none."""
        name = "crumbd%d" % (1 + sum(isinstance(p, Daemon) for p in self.programs))
        argv = [self.crumbd_path, command] + (["-c", config] if config else []) + list(args)
        return Daemon(self, name, argv, env or self.env(), ready)

    def run(self, *args, status=0, stdin=None, env=None, ceiling_s=CEILING_S):
        """A command of crumbd to its end: (stdout, stderr). status None: any."""
        self.sent_besides |= bool({"exec", "test", "run", "-"} & set(args))
        p = subprocess.run([self.crumbd_path, *args], input=stdin.encode() if isinstance(stdin, str) else stdin or b"",
                           capture_output=True, env=env or self.env(), cwd=self.dir, timeout=ceiling_s, check=False)
        out, err = p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")
        self.append("commands.err", "$ crumbd %s\n%s[%d]\n" % (" ".join(args), err, p.returncode))
        if status is not None and p.returncode != status:
            raise Failure("crumbd %s ended with %d, not %d:\n%s%s" % (" ".join(args), p.returncode, status, out[-500:], err[-2000:]))
        return out, err

    def program(self, name, argv, **args):
        self.sent_besides = True
        return Program(self, name, argv, **args)

    def wait_events(self, up, n, ceiling_s=CEILING_S):
        """Until a stand-in has n different events; all it has."""
        if not up.wait(lambda: len(up.events) >= n, ceiling_s):
            logs = "".join(p.err[-1500:] for p in self.programs if isinstance(p, Daemon))
            raise Failure("%d of %d events within %d s; crumbd says:\n%s" % (len(up.events), n, ceiling_s, logs))
        return list(up.events)

    def wait_port(self, port, what):
        def answers():
            with socket.socket() as s:
                s.settimeout(1)
                return s.connect_ex(("127.0.0.1", port)) == 0
        self.until(answers, "%s listens on %d" % (what, port))

    # --- the end

    def finish(self, left_ceiling_s=CEILING_S):
        """The facts that hold for every scenario; raises Failure."""
        for p in self.programs:
            if isinstance(p, Daemon) and p.running():
                p.stop()
        self.check_stores()
        self.check_sent()
        for act in reversed(self.at_end):
            act()
        self.at_end = []
        for name in os.listdir(self.dir):
            if name.endswith(".err"):
                with open(self.path(name), encoding="utf-8", errors="replace") as f:
                    found = SANITIZER.search(f.read())
                if found:
                    raise Failure("%s: %s" % (name, found.group()))
        files = [f for s in self.standins for f in sample(s.files, CHECKED_MAX)]
        checker = os.path.join(SHARED, "tools", "check-envelope")
        if files and os.path.exists(checker):
            p = subprocess.run([sys.executable, checker, *files], capture_output=True, text=True, check=False)
            if p.returncode != 0:
                raise Failure("check-envelope over %d envelopes:\n%s%s" % (len(files), p.stdout[-3000:], p.stderr[-500:]))
        for p in self.programs:
            if p.running():
                p.end()
        # A process that was killed may need a moment to be gone.
        self.until(lambda: not self.left_running(), lambda: "left running: %s" % self.left_running(), left_ceiling_s)

    def check_stores(self):
        """Whatever was killed meanwhile: rows came and went by name only, and no line is without a fate unless the last run was killed."""
        ended = all(d.p.returncode == 0 for d in {tuple(d.argv): d for d in self.programs if isinstance(d, Daemon)}.values())
        for folder, _, names in os.walk(self.dir):
            for path in (os.path.join(folder, name) for name in names if name.endswith(".db")):
                rows, lines = unnamed(path) or (None, None)
                if rows is not None and rows != self.unnamed.get(path, 0):
                    raise Failure("%s has %d rows beyond those it has counted" % (path, rows))
                if lines and (ended or lines < 0):
                    raise Failure("%s has %d lines without a fate, over all runs" % (path, lines))

    def check_sent(self):
        """The numbers of senders and of stand-ins, which were counted without knowing of each other."""
        daemons = [p for p in self.programs if isinstance(p, Daemon) and not p.forwards]
        last = [d.ledgers()[-1] for d in daemons if d.ledgers()]
        said, took = sum(ledger.get("sent", 0) for ledger in last), sum(s.taken for s in self.standins)
        if self.standins and said > took:
            raise Failure("crumbd says that %d were sent, and %d were taken" % (said, took))
        surely = last and len(last) == len(daemons) and not self.sent_besides and not any(
            s.odd for s in self.standins) and not any(d.p.returncode for d in daemons) and not sum(ledger.get("retries", 0) for ledger in last)
        if surely and said != took:
            raise Failure("crumbd says that %d were sent, and %d were taken" % (said, took))

    def left_running(self):
        """Processes that have to do with the scenario's folder: pid -> command line."""
        return {int(pid): line for pid in os.listdir("/proc") if pid.isdigit() for line in [self.command_line(pid)] if line}

    def command_line(self, pid):
        """None where the process is gone, or has nothing to do with the scenario."""
        try:
            with open("/proc/%s/cmdline" % pid, "rb") as f:
                line = f.read().replace(b"\0", b" ").decode("utf-8", "replace")
            ours = self.dir + "/" in line or (os.readlink("/proc/%s/cwd" % pid) + "/").startswith(self.dir + "/")
            return line if ours and int(pid) != os.getpid() else None
        except OSError:
            return None

    def clean_up(self):
        """Whatever happened."""
        for act in reversed(self.at_end):
            try:
                act()
            except Exception as e:  # the next ones must still run
                print("harness: at the end:", e, file=sys.stderr)
        for p in self.programs:
            p.end()
        for s in self.standins:
            s.stop()

    def remove(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def jsonl(text):
    return [json.loads(line) for line in text.splitlines() if line.strip()]


# --- lines of an nginx error log

REFUSED = "connect() failed (111: Connection refused) while connecting to upstream"


def nginx_line(n, text=REFUSED, level="error", conn=None, pid=7, upstream='"http://127.0.0.1:9000/item/%d"', when=None):
    """An entry about request number n; its number is in the path."""
    stamp = time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(when))
    return '%s [%s] %d#%d: *%d %s, client: 203.0.113.9, server: shop, request: "GET /item/%d HTTP/1.1", %shost: "shop.example"\n' % (
        stamp, level, pid, pid, n if conn is None else conn, text, n, "upstream: %s, " % (upstream % n) if upstream else "")


def item(event):
    """The number that nginx_line put into the request, or None."""
    found = re.search(r"/item/(\d+)", event.get("request", {}).get("url", ""))
    return int(found.group(1)) if found else None


def text_of(event):
    """What a person reads first: the exception's value, or the message."""
    return standin.title(event)


def crumbs(event):
    got = event.get("breadcrumbs", [])
    return got.get("values", []) if isinstance(got, dict) else got
