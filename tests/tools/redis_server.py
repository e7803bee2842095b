"""redis_server: a redis-server of a scenario, what stands between it and crumbd, and one that is none."""
import os
import shutil
import socket
import subprocess
import threading

import harness


def needs(t):
    """A crumbd that speaks to Redis."""
    if "redis: off" in t.run("--version")[0]:
        t.skip("crumbd is built without hiredis")


class Redis:
    """A redis-server in the scenario's folder, with redis-cli to look into it; the scenario is skipped where there is none."""

    def __init__(self, t, name="redis", args=(), port=None):
        if not shutil.which("redis-server") or not shutil.which("redis-cli"):
            t.skip("redis-server is not installed")
        needs(t)
        self.t, self.port, self.folder = t, port or harness.free_port(), t.path(name)
        self.cli_args = []
        os.makedirs(self.folder, exist_ok=True)
        self.p = harness.Program(t, name, ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly",
                                           "no", "--dir", self.folder, *args])

    def up(self):
        self.t.until(lambda: self.cli("PING", check=False) == "PONG", "redis-server answers")
        return self

    def cli(self, *words, check=True):
        p = subprocess.run(["redis-cli", "-p", str(self.port), *self.cli_args, *map(str, words)], capture_output=True, text=True, check=False, timeout=30)
        if check and p.returncode != 0:
            raise harness.Failure("redis-cli %s: %s%s" % (words[0], p.stdout, p.stderr))
        return p.stdout.strip()

    def counted(self):
        """What is counted of all issues, by redis-cli."""
        return sum(int(self.cli("HGET", key, "c") or 0) for key in self.cli("KEYS", "crumbd:i:*").split())

    def kill(self):
        self.p.signal(9)
        self.p.p.wait()


class Between:
    """Takes connections on a port of its own and leads them to `to`, which may change; or gives each to `act`, which answers itself."""

    def __init__(self, t, to=None, act=None):
        self.to, self.act, self.open, self.taken = to, act, [], 0
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(64)
        self.port = self.listener.getsockname()[1]
        t.at_end.append(self.stop)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            self.taken += 1
            self.open.append(s)
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        try:
            if self.act:
                self.act(s)
                return
            other = socket.create_connection(("127.0.0.1", self.to))
            self.open.append(other)
            threading.Thread(target=self.copy, args=(other, s), daemon=True).start()
            self.copy(s, other)
        except OSError:
            pass
        finally:
            self.close(s)

    def copy(self, a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
        except OSError:
            pass
        self.close(a)
        self.close(b)

    @staticmethod
    def close(s):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        s.close()

    def drop(self):
        """Ends the connections that there are."""
        for s in self.open:
            self.close(s)
        self.open = []

    def lead(self, to):
        self.to = to
        self.drop()

    def stop(self):
        self.close(self.listener)
        self.drop()
