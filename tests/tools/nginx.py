"""nginx: Debian's nginx started with a configuration of its own on free ports of the loopback, and what it can be provoked with."""
import http.client
import os
import shutil
import signal
import socket
import struct
import threading

import harness

TOP_CONF = """
daemon off;
worker_processes {workers};
{user}
pid {dir}/nginx.pid;
error_log {dir}/logs/error.log {level};
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {dir}/tmp/body;
    proxy_temp_path {dir}/tmp/proxy;
    fastcgi_temp_path {dir}/tmp/fastcgi;
    uwsgi_temp_path {dir}/tmp/uwsgi;
    scgi_temp_path {dir}/tmp/scgi;
    {log_format}
    access_log {dir}/logs/access.log {format};
    {http}
    server {{
        listen 127.0.0.1:{port};
        server_name shop.example;
        root {dir}/www;
        {server}
    }}
}}
"""


def find():
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


class Nginx:
    def __init__(self, t, server="", http="", level="error", format="combined", workers=1):
        if not find():
            t.skip("no nginx here (apt-get install nginx)")
        self.t, self.dir, self.port = t, t.path("nginx"), harness.free_port()
        for name in ("logs", "tmp", "www"):
            os.makedirs(os.path.join(self.dir, name))
        log_format = ""
        if format == "crumbd":
            with open(os.path.join(harness.TOP, "contrib", "nginx", "crumbd-log-format.conf"), encoding="utf-8") as f:
                log_format = f.read()
        # A worker of root's nginx must be someone else, or no file is forbidden to it.
        self.conf = t.write("nginx/nginx.conf", TOP_CONF.format(
            dir=self.dir, port=self.port, level=level, format=format, http=http, workers=workers, log_format=log_format,
            server=server.replace("{dir}", self.dir), user="user nobody nogroup;" if os.getuid() == 0 else ""))
        self.error_log, self.access_log = os.path.join(self.dir, "logs/error.log"), os.path.join(self.dir, "logs/access.log")
        self.program = t.program("nginx", [find(), "-p", self.dir, "-c", self.conf, "-e", self.error_log])
        t.wait_port(self.port, "nginx")

    def www(self, name, text="", mode=0o644):
        path = self.t.write("nginx/www/" + name, text)
        os.chmod(path, mode)

    def reopen(self):
        """What logrotate's postrotate does."""
        self.program.signal(signal.SIGUSR1)

    def workers(self):
        pid = self.program.pid
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as f:
            return [int(child) for child in f.read().split()]

    def errors(self):
        with open(self.error_log, "rb") as f:
            return f.read().decode("utf-8", "replace").splitlines()

    def wait_error(self, text):
        """The first line of the error log that has the text: the provocation worked."""
        return self.t.until(lambda: next((line for line in self.errors() if text in line), None), "nginx logs %r" % text)

    def get(self, path, method="GET", body=None, headers=(), connection=None):
        """Status of one request; None where the server closed without one."""
        c = connection or self.connection()
        try:
            c.request(method, path, body, {"Host": "shop.example", **dict(headers)})
            r = c.getresponse()
            r.read()
            return r.status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            if not connection:
                c.close()

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=harness.CEILING_S)

    def send_raw(self, data):
        with socket.create_connection(("127.0.0.1", self.port), harness.CEILING_S) as s:
            s.sendall(data)
            try:
                return s.recv(65536)
            except OSError:
                return b""


class Backend:
    """A server behind nginx that reads a request's head and then does what `behave(socket, head)` says."""

    def __init__(self, t, behave):
        self.behave, self.stopping = behave, threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        t.at_end.append(self.stop)
        threading.Thread(target=self.accept, daemon=True).start()

    def stop(self):
        self.stopping.set()
        self.listener.close()

    def accept(self):
        while True:
            try:
                s, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(s,), daemon=True).start()

    def serve(self, s):
        with s:
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    got = s.recv(65536)
                    if not got:
                        return
                    head += got
                self.behave(self, s, head)
            except OSError:
                pass


def misbehave(backend, s, head):
    """Behaves by the request's path."""
    path = head.split(b" ")[1].decode()
    if path.startswith("/silent"):
        backend.stopping.wait(harness.CEILING_S)
    elif path.startswith("/garbage"):
        s.sendall(b"HTTP/1.1 200 OK\r\nBad\x01Header: x\r\n\r\n")
    elif path.startswith("/big-header"):
        s.sendall(b"HTTP/1.1 200 OK\r\nX-Big: %s\r\n\r\n" % (b"x" * 70000))
    elif path.startswith("/cut-body"):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this")
    elif path.startswith("/fine"):
        s.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    # anything else: closed without an answer


class FastCGI(Backend):
    """A responder (fastcgi.com, specification 1.0, sections 3 and 8) that says `stderr` and answers 500, whatever is asked."""

    def __init__(self, t, stderr):
        self.stderr = stderr.encode()
        super().__init__(t, None)

    def serve(self, s):
        with s:
            try:
                while True:
                    kind, request, length, padding = struct.unpack(">xBHHBx", self.exactly(s, 8))
                    self.exactly(s, length + padding)
                    if kind == 5 and length == 0:  # the end of stdin
                        break
                s.sendall(self.record(7, request, self.stderr) + self.record(7, request, b"")
                          + self.record(6, request, b"Status: 500 Oops\r\nContent-Type: text/plain\r\n\r\noops")
                          + self.record(6, request, b"") + self.record(3, request, bytes(8)))
            except OSError:
                pass

    @staticmethod
    def exactly(s, n):
        out = b""
        while len(out) < n:
            got = s.recv(n - len(out))
            if not got:
                raise OSError("closed")
            out += got
        return out

    @staticmethod
    def record(kind, request, content):
        return struct.pack(">BBHHBx", 1, kind, request, len(content), 0) + content


class Tmpfs:
    """A small file system of its own, for a disk that is full. Root only; skips where mounting is not allowed."""

    def __init__(self, t, name, size):
        self.path = t.path(name)
        os.makedirs(self.path)
        if os.getuid() != 0 or os.system("mount -t tmpfs -o size=%s,mode=1777 none '%s' 2>/dev/null" % (size, self.path)) != 0:
            t.skip("no small file system can be mounted here (root only)")
        t.at_end.append(self.unmount)

    def unmount(self):
        os.system("umount -l '%s'" % self.path)
