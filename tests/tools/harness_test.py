#!/usr/bin/env python3
"""harness_test: shows that the harness sees what it must see, with programs that behave and misbehave in crumbd's place."""
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.error
import urllib.request

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import harness  # noqa: E402
import standin  # noqa: E402

# In crumbd's place: says READY=1, logs its arguments' last word as ledger, on SIGTERM again, and ends.
FAKE = """#!{python}
import os, signal, socket, sys
LEDGER = "time=x level=info msg=ledger " + os.environ["LEDGER"]
def say(*_): print(LEDGER, file=sys.stderr, flush=True)
def end(*_):
    say()
    os._exit(int(os.environ.get("STATUS", "0")))
signal.signal(signal.SIGUSR1, say)
signal.signal(signal.SIGTERM, end)
print(os.environ.get("WORDS", ""), file=sys.stderr, flush=True)
if "CHILD" in os.environ and os.fork() == 0:
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.sendto(b"STATUS=up\\nREADY=1", os.environ["NOTIFY_SOCKET"])
while True: signal.pause()
"""


class HarnessTest(unittest.TestCase):
    def setUp(self):
        self.tmp = tempfile.TemporaryDirectory()
        self.fake = os.path.join(self.tmp.name, "crumbd")
        with open(self.fake, "w", encoding="utf-8") as f:
            f.write(FAKE.format(python=sys.executable))
        os.chmod(self.fake, 0o755)
        self.t = harness.Scenario("s", os.path.join(self.tmp.name, "s"), self.fake)

    def tearDown(self):
        self.t.clean_up()
        self.tmp.cleanup()

    def start(self, ledger="lines_in=3 event=2 crumb=1 stored=2", **env):
        return self.t.start(self.t.config("sentry: {}\n"), env=self.t.env(LEDGER=ledger, **env))

    def fails(self, words):
        with self.assertRaisesRegex(harness.Failure, words):
            self.t.finish(1)

    def test_good(self):
        d = self.start()
        self.assertEqual(d.ledger(), {"lines_in": 3, "event": 2, "crumb": 1, "stored": 2})
        d.wait_count("event", 2)
        self.t.finish()
        self.assertFalse(d.running())

    def test_facts_are_not_fates(self):
        self.start("lines_in=2 event=1 sent=1")
        self.fails("does not balance")

    def test_events_that_nobody_took(self):
        self.start("lines_in=2 event=2 stored=1")
        self.fails("2 events were made, 1 stored or lost")

    def test_answers_that_nobody_settled(self):
        self.start("lines_in=3 crumb=3 sent=2 dead=1 settled=2")
        self.fails("3 events were accepted or refused, the store has settled 2")

    def test_more_sent_than_taken(self):
        self.start("lines_in=3 crumb=3 sent=1 dead=1 settled=2")
        self.t.upstream()
        self.fails("says that 1 were sent, and 0 were taken")

    def test_more_taken_than_sent(self):
        self.start()
        up = self.t.upstream()
        event = b'{"event_id":"%s"}' % (b"a" * 32)
        self.assertEqual(self.post(up, b'%s\n{"type":"event","length":%d}\n%s' % (event, len(event), event)), 200)
        self.fails("says that 0 were sent, and 1 were taken")

    def test_what_was_sent(self):
        self.assertEqual(self.start().stop(sent=3)["crumb"], 1)
        with self.assertRaisesRegex(harness.Failure, "4 messages were sent, and the ledger knows 3"):
            self.start().stop(sent=4)
        self.start("lines_in=3 crumb=3 udp_kernel_drops=1").stop(sent=4)

    def test_exit_status(self):
        self.start(STATUS=3)
        self.fails("ended with 3")

    def test_not_ready(self):
        with self.assertRaisesRegex(harness.Failure, "before it was ready"):
            self.t.start(self.t.config(""), env=self.t.env())  # no LEDGER: a KeyError
        self.t.programs.clear()

    def test_sanitizer(self):
        self.start(WORDS="==7==ERROR: AddressSanitizer: heap-use-after-free")
        self.fails("AddressSanitizer")

    def test_left_running(self):
        d = self.start(CHILD=1)
        self.fails("left running")
        for pid in self.t.left_running():
            os.kill(pid, 9)
        self.assertFalse(d.running())

    def test_until(self):
        with self.assertRaisesRegex(harness.Failure, "never"):
            self.t.until(lambda: False, "never", 0.1)

    def post(self, up, body, **headers):
        headers = {"X-Sentry-Auth": "Sentry sentry_key=%s, sentry_version=7" % standin.KEY,
                   "Content-Type": "application/x-sentry-envelope", **headers}
        try:
            return urllib.request.urlopen(urllib.request.Request(
                "http://127.0.0.1:%d/api/1/envelope/" % up.port, body, headers), timeout=10).status
        except urllib.error.HTTPError as e:
            return e.code
        except OSError as e:
            return type(e).__name__

    def test_standin(self):
        up = self.t.upstream()
        event = b'{"event_id":"%s"}' % (b"a" * 32)
        good = b'%s\n{"type":"event","length":%d}\n%s' % (event, len(event), event)
        self.assertEqual(self.post(up, good), 200)
        self.assertEqual(self.post(up, good + b"\n"), 200)
        self.assertEqual((len(up.events), list(up.duplicates.values())), (1, [2]))
        self.assertEqual(self.post(up, good + b"x"), 400)
        self.assertEqual(self.post(up, b"{}\n{}"), 400)
        self.assertEqual(self.post(up, good, **{"X-Sentry-Auth": "none"}), 401)
        up.script.extend([{"status": 503, "count": 2}, {"close": "before"}])
        self.assertEqual([self.post(up, good) for _ in range(4)][:2], [503, 503])
        self.assertEqual([r["status"] for r in up.requests][-4:], [503, 503, None, 200])
        up.stop()
        self.assertEqual(self.post(up, good), "URLError")
        up.start()
        self.assertEqual(self.post(up, good), 200)

    def test_check_envelope(self):
        if not os.path.exists(os.path.join(harness.SHARED, "tools", "check-envelope")):
            print("SKIP check-envelope: no shared/ beside the sources")
            return
        up = self.t.upstream()
        event = b'{"event_id":"%s"}' % (b"a" * 32)
        self.post(up, b'%s\n{"type":"event","length":%d}\n%s' % (event, len(event), event))
        self.fails("check-envelope")

    def test_runner_counts(self):
        runner = os.path.join(harness.TOP, "tests", "scenarios", "run")
        p = subprocess.run([sys.executable, runner, "--crumbd", self.fake, "no-such-name"], capture_output=True, text=True, check=False)
        self.assertEqual(p.returncode, 1)
        self.assertRegex(p.stdout.splitlines()[-1], r"^0 passed, 0 failed, \d skipped$")


if __name__ == "__main__":
    unittest.main()
