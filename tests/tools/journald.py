"""journald: a systemd-journald of the scenario's own, in a mount namespace where /run and /var/log are its own and the host's journal
is not seen.

Needs root and CAP_SYS_ADMIN; without them the scenario is skipped and says so. What has to see its journal runs by `inside`.
"""
import os
import shutil
import signal
import socket
import struct
import subprocess

PROGRAM = "/lib/systemd/systemd-journald"
# Its kernel's messages are the host's; a file is small so that it is also rotated by itself.
CONF = """[Journal]
Storage=persistent
ReadKMsg=no
Audit=no
RateLimitIntervalSec=0
SystemMaxFileSize=1M
SyncIntervalSec=1
ForwardToSyslog=no
ForwardToConsole=no
ForwardToWall=no
"""
HOLD = """set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
mkdir -p /run/systemd/journal /run/log /var/log/journal
touch /run/systemd/journal/flushed # or it would keep to /run until systemd asks it to move
mount --bind "$0/machine-id" /etc/machine-id
mount -t tmpfs tmpfs /etc/systemd
cp "$0/journald.conf" /etc/systemd/
touch "$0/mounted"
exec sleep infinity
"""


class Journald:
    def __init__(self, t):
        for program in ("unshare", "nsenter", "journalctl", PROGRAM):
            if not shutil.which(program):
                t.skip("no %s here" % program)
        self.t = t
        t.write("journald.conf", CONF)
        t.write("machine-id", os.urandom(16).hex() + "\n")
        self.holder = t.program("holder", ["unshare", "--mount", "--propagation", "private", "sh", "-c", HOLD, t.dir])
        t.until(lambda: os.path.exists(t.path("mounted")) or not self.holder.running(), "the namespace is there")
        if not self.holder.running():
            t.skip("no namespace for a journal: " + self.holder.err.strip())
        self.root = "/proc/%d/root" % self.holder.pid
        self.start()

    def inside(self, *argv):
        """The command line that runs argv where this journal is /var/log/journal."""
        return ["nsenter", "--target=%d" % self.holder.pid, "--mount", *argv]

    def start(self):
        self.program = self.t.program("journald", self.inside(PROGRAM))
        socket_path = self.root + "/run/systemd/journal/socket"
        self.t.until(lambda: self.answers(socket_path), "journald listens")

    def answers(self, path):
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
                s.connect(path)
            return self.program.running()
        except OSError:
            return False

    def kill(self):
        """What is in its socket would be gone with it."""
        self.run("journalctl", "--sync")
        self.program.signal(signal.SIGKILL)
        self.program.wait()

    def run(self, *argv, stdin=""):
        """A command in there, to its end; what it wrote."""
        return subprocess.run(self.inside(*argv), input=stdin, capture_output=True, text=True, check=True, timeout=60).stdout

    def send(self, fields):
        """An entry by the native protocol, from this process (systemd.io, Native Journal Protocol). A value with a line feed in it
        has its length in front."""
        data = b""
        for name, value in fields.items():
            value = value.encode() if isinstance(value, str) else value
            data += name.encode() + (b"\n" + struct.pack("<Q", len(value)) if b"\n" in value else b"=") + value + b"\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.connect(self.root + "/run/systemd/journal/socket")
            s.send(data)

    def rotate(self):
        """Asked for by its signal: the file is archived, a new one is begun."""
        before = len(self.files())
        self.program.signal(signal.SIGUSR2)
        self.t.until(lambda: len(self.files()) > before, "journald has rotated")

    def vacuum(self):
        """Only the file being written stays."""
        self.run("journalctl", "--sync")
        self.run("journalctl", "--vacuum-files=1")
        self.t.eq(len(self.files()), 1, "files after vacuum")

    def files(self):
        folder = self.root + "/var/log/journal"
        return [f for sub in os.listdir(folder) for f in os.listdir(os.path.join(folder, sub))]


class Unit:
    """A service's place in the tree of cgroups, from which journald takes the unit of whoever is in it."""

    def __init__(self, t, name):
        with open("/proc/mounts", encoding="utf-8") as f:
            mounts = {line.split()[1]: line.split()[2] for line in f}
        self.t, self.programs = t, []
        # The order in which systemd looks.
        tree = next((p for p in ("/sys/fs/cgroup", "/sys/fs/cgroup/unified") if mounts.get(p) == "cgroup2"), "/sys/fs/cgroup/systemd")
        self.folder = os.path.join(tree, "crumbdtests%d.slice" % os.getpid(), name)
        try:
            os.makedirs(self.folder)
        except OSError as e:
            t.skip("no cgroup can be made: %s" % e)
        t.at_end.append(self.remove)

    def say(self, journald, text):
        """An error by that unit's standard output. Who said it stays: journald asks /proc for the unit of a process."""
        self.programs.append(self.t.program("unit", journald.inside(
            "sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec systemd-cat -p err sh -c "$1"', self.folder, "echo %s; exec sleep infinity" % text)))

    def remove(self):
        for p in self.programs:
            p.end()
        self.t.until(lambda: self.gone(self.folder), "%s can be removed" % self.folder)
        slice_folder = os.path.dirname(self.folder)
        if not any(os.path.isdir(os.path.join(slice_folder, name)) for name in os.listdir(slice_folder)):
            self.t.until(lambda: self.gone(slice_folder), "%s can be removed" % slice_folder)

    @staticmethod
    def gone(folder):
        """A group is busy until its last process has been waited for."""
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            pass
        except OSError:
            return not os.path.exists(folder)
        return True
