"""kafka_speed: lines of nginx's in topics, read by a crumbd, and in turn by a consumer that only counts (tests/bench/count_kafka.c)."""
import glob
import os
import re
import subprocess
import sys
import time

from kafka_broker import Broker

BENCH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench")
PARTITIONS, TURNS, CEILING_S = 4, 3, 300
TICKS = os.sysconf("SC_CLK_TCK")
CONFIG = """
sentry: {{dsn: "{dsn}"}}
inputs:
  - kafka: {{brokers: ["{brokers}"], topics: [{topic}], group: {group}}}
rules: [shipped]
"""


def cpu_by_thread(pid):
    """Seconds, by the thread's name."""
    found = {}
    for path in glob.glob("/proc/%d/task/*/stat" % pid):
        try:
            with open(path, encoding="ascii") as f:
                head, rest = f.read().rsplit(")", 1)
        except OSError:
            continue
        part, name = rest.split(), head.split("(", 1)[1]
        found[name] = found.get(name, 0) + (int(part[11]) + int(part[12])) / TICKS
    return found


class Speed:
    def __init__(self, t, tell, megabytes):
        self.t, self.tell, self.megabytes, self.runs = t, tell, megabytes, 0
        build = os.path.dirname(t.crumbd_path)
        self.counter = os.path.join(build, "tests", "bench", "count_kafka")
        subprocess.run(["make", "-s", "-C", build, "tests/bench/count_kafka"], check=True)
        self.b, self.up = Broker(t), t.upstream()

    def fill(self, kind):
        """A topic of that kind of lines. Returns how many there are."""
        log = self.t.path(kind + ".log")
        subprocess.run([sys.executable, os.path.join(BENCH, "gen_nginx.py"), kind, str(self.megabytes), log], check=True)
        self.b.create(kind, PARTITIONS)
        subprocess.run(["kcat", "-q", "-P", "-b", self.b.address, "-t", kind, "-l", log], check=True, timeout=CEILING_S)
        with open(log, "rb") as f:
            return sum(1 for _ in f)

    def count(self, kind, lines):
        """Lines a second; CPU seconds of the thread that counts, and of all."""
        p = subprocess.run([self.counter, self.b.address, kind, str(lines)], check=True, stdout=subprocess.PIPE, text=True)
        got = {k: float(v) for k, v in re.findall(r"(\w+)=([\d.]+)", p.stdout)}
        return lines / got["seconds"], got["own_cpu"], got["cpu"]

    def read(self, kind, lines):
        """The same of a crumbd, whose worker is the thread."""
        self.runs += 1
        d = self.t.start(self.t.config(CONFIG.format(dsn=self.up.dsn(), brokers=self.b.address, topic=kind, group="crumbd-%d" % self.runs),
                                       store="crumbd-%d.db" % self.runs))
        first = self.t.until(lambda: d.ledger().get("lines_in", 0), "the first line comes")
        begun, before = time.monotonic(), cpu_by_thread(d.pid)
        d.wait_count("lines_in", lines, CEILING_S)
        seconds, cpu = time.monotonic() - begun, cpu_by_thread(d.pid)
        memory = d.private_kib()
        d.stop(sent=lines)
        share = lines / (lines - first)
        cpu = {name: share * (s - before.get(name, 0)) for name, s in cpu.items()}
        return (lines - first) / seconds, cpu["worker"], sum(cpu.values()), memory

    def compare(self, kind):
        lines = self.fill(kind)
        for _ in range(TURNS):
            counted, read = self.count(kind, lines), self.read(kind, lines)
            self.tell("%-7s only counts %8.0f lines/s, CPU %.2f us a line (its own thread %.2f)   crumbd %7.0f lines/s, CPU %.2f (its worker %.2f), "
                      "RssAnon %d KiB   ratio %.2f, by CPU %.2f" % (
                          kind, counted[0], 1e6 * counted[2] / lines, 1e6 * counted[1] / lines, read[0], 1e6 * read[2] / lines,
                          1e6 * read[1] / lines, read[3], read[0] / counted[0], counted[2] / read[2]))


def speed(t, tell, megabytes):
    s = Speed(t, tell, megabytes)
    for kind in ("log", "access", "mixed"):
        s.compare(kind)
