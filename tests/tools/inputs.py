"""inputs: a daemon that listens by every transport, and the clients to speak to it."""
import http.client
import json
import shutil
import socket
import ssl
import subprocess

from harness import free_port

RULES = """
pack: good
rules:
  - id: good.sender
    match: 'good-sender-\\d+'
    action: log
    samples:
      - {format: text, lines: 'good-sender-1', event: none}
"""

CONFIG = """
inputs:
  - {syslog: 'udp://127.0.0.1:%(udp)d'}
  - {syslog: 'tcp://127.0.0.1:%(tcp)d', idle_timeout: 30s, max_connections: 50}
  - {syslog: 'tls://127.0.0.1:%(tls)d', tls: {cert: server.pem, key: server.key, client_ca: ca.pem}}
  - {syslog: 'unix:{dir}/log'}
  - {syslog: 'unix-stream:{dir}/stream'}
  - {gelf: 'udp://127.0.0.1:%(gudp)d'}
  - {gelf: 'tcp://127.0.0.1:%(gtcp)d', max_connections: 20000}
  - {gelf: 'http://127.0.0.1:%(http)d', max_connections: 50, idle_timeout: 30s}
rules: [good.yaml]
breadcrumbs: {wait: 10ms}
limits: {per_minute: 60}
store_limit: 32m
"""


def certificates(t, *names):
    """{name}.pem and {name}.key, for 127.0.0.1, of an authority ca.pem."""
    if not shutil.which("openssl"):
        t.skip("no openssl command")

    def openssl(*args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=t.dir)
    t.write("names", "subjectAltName=IP:127.0.0.1")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=test CA", "-days", "2",
            "-addext", "keyUsage=critical,keyCertSign,cRLSign")  # which Python 3.13 asks of a CA
    for name in names:
        openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr", "-subj", "/CN=" + name)
        openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", name + ".pem",
                "-days", "2", "-extfile", "names")


def stranger(t):
    """stranger.pem and stranger.key, which no authority has signed."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "stranger.key", "-out", "stranger.pem",
                    "-subj", "/CN=stranger", "-days", "2"], check=True, capture_output=True, cwd=t.dir)


def gelf(text):
    return json.dumps({"version": "1.1", "host": "h", "short_message": text}).encode()


class Inputs:
    """crumbd with each of its network inputs; messages that contain good-sender-NUMBER are counted as `log`."""

    def __init__(self, t, env=None):
        self.t = t
        self.port = {name: free_port(kind) for name, kind in (("udp", socket.SOCK_DGRAM), ("tcp", socket.SOCK_STREAM),
                                                              ("gudp", socket.SOCK_DGRAM), ("gtcp", socket.SOCK_STREAM),
                                                              ("http", socket.SOCK_STREAM), ("tls", socket.SOCK_STREAM))}
        certificates(t, "server", "client")
        t.write("good.yaml", RULES)
        self.daemon = t.start(t.config(CONFIG % self.port), env=env)

    def connect(self, name):
        return socket.create_connection(("127.0.0.1", self.port[name]), 10)

    def datagram(self, name, data):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(data, ("127.0.0.1", self.port[name]))

    def tls(self, identity="client"):
        c = ssl.create_default_context(cafile=self.t.path("ca.pem"))
        c.check_hostname = False
        if identity:
            c.load_cert_chain(self.t.path(identity + ".pem"), self.t.path(identity + ".key"))
        return c.wrap_socket(self.connect("tls"))

    def http(self):
        return http.client.HTTPConnection("127.0.0.1", self.port["http"], timeout=10)

    def post(self, body, kept=None):
        """Over a connection that is kept, or over one of its own."""
        c = kept or self.http()
        c.request("POST", "/gelf", body)
        answer = c.getresponse()
        answer.read()
        if not kept:
            c.close()
        return answer.status

    def unix(self, name, kind):
        s = socket.socket(socket.AF_UNIX, kind)
        s.settimeout(10)
        s.connect(self.t.path(name))
        return s

    def anon_kib(self):
        """The daemon's private memory."""
        with open("/proc/%d/status" % self.daemon.pid, encoding="ascii") as f:
            return [int(line.split()[1]) for line in f if line.startswith("RssAnon")][0]
