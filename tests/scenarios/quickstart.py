"""The first of the README's two commands."""
import os
import re
import signal
import subprocess

from harness import TOP, Daemon, free_port, nginx_line


def scenario_quickstart(t):
    """contrib/quickstart builds in a folder of its own, ends with crumbd running, and says what to look at; no Sentry."""
    port = free_port()
    env = t.env(CRUMBD_BUILD=t.path("build"), CFLAGS="-O1", UDP_ADDR="127.0.0.1:%d" % port, TCP_ADDR="127.0.0.1:%d" % port)
    del env["CRUMBD_DATA"]
    d = Daemon(t, "quickstart", [os.path.join(TOP, "contrib", "quickstart")], env, ready=False)
    t.until(d.is_ready, lambda: "crumbd is ready; quickstart says:\n" + d.out[-2000:], 240)
    for words in ("queue ls", "queue cat", "try", "SENTRY_DSN"):
        assert words in d.out, d.out
    t.run("queue", "ls", env=env)
    # The other terminal, as printed: a log of one's own meets the shipped rules.
    log = t.write("error.log", nginx_line(1))
    shown = re.search(r"^ +(cd .* && export CRUMBD_DATA=\S+)", d.out, re.M).group(1)
    program = re.search(r"^ +(\S+) try \S+", d.out, re.M).group(1)
    said = subprocess.run(["bash", "-c", "%s && %s try %s" % (shown, program, log)], capture_output=True, text=True, check=True, env=env)
    assert "nginx.upstream-refused" in said.stdout and not said.stderr, said
    d.signal(signal.SIGINT)
    d.ended()
