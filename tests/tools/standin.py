#!/usr/bin/env python3
"""standin: a small server that takes Sentry envelopes, for tests and for trying crumbd without a Sentry.

    standin.py [--port N] [--dir DIR] [--tls CERT KEY]

Prints its DSN, then one line for every event it gets, and keeps each request body as DIR/NNNNNN.envelope. The scenarios use the
class Standin, which can also misbehave: `script` holds the answers to the next requests, `default` the answer after those.
An answer is a dictionary; {} takes the envelope as Sentry does. Its keys:

    status   the HTTP status; 300 and more: the envelope is not taken
    headers  more headers
    body     bytes of the answer
    delay    seconds before the answer (the envelope is judged after them)
    stall    seconds between taking the envelope and the answer
    close    "before" reading the body, "after" having taken the envelope, or "middle" of the answer's headers
    raw      bytes sent instead of an HTTP answer; the envelope is not taken, unless `taken`
    taken    True: it is taken all the same
    endless  True: the answer's body has no end
    count    for how many requests, 1 by default (script only)
"""
import argparse
import collections
import gzip
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY = "0123456789abcdef0123456789abcdef"
EVENT_BYTES_MAX = 1 << 20
# Of an answer: what may leave crumbd without one that it knows.
ODD = {"delay", "stall", "close", "raw", "endless"}


class Refused(Exception):
    def __init__(self, status, why):
        super().__init__(why)
        self.status = status


def parse_envelope(body):
    """-> (header, [(item header, payload bytes)]); ValueError when it is none."""
    head, _, rest = body.partition(b"\n")
    header, items = json.loads(head), []
    if not isinstance(header, dict):
        raise ValueError("envelope header is no object")
    while rest:
        head, _, rest = rest.partition(b"\n")
        item = json.loads(head)
        length = item.get("length") if isinstance(item, dict) else None
        if not isinstance(length, int) or not 0 <= length <= len(rest):
            raise ValueError("item header without a length that fits")
        payload, rest = rest[:length], rest[length:]
        if rest and rest[:1] != b"\n":
            raise ValueError("payload goes on past its length")
        items.append((item, payload))
        rest = rest[1:]
    return header, items


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "standin"
    timeout = 120

    def log_message(self, *args):
        pass

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass  # the peer went away, or a script closed the connection

    def read_body(self):
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        out = []
        while True:
            size = int(self.rfile.readline().split(b";")[0], 16)
            out.append(self.rfile.read(size))
            self.rfile.readline()
            if not size:
                return b"".join(out)

    def hang_up(self):
        self.close_connection = True
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def answer(self, status, body, headers=()):
        self.send_response(status)
        for name, value in dict(headers).items():
            self.send_header(name, str(value))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(404, b'{"detail":"not here"}')

    def do_POST(self):
        owner = self.server.owner
        with owner.changed:
            owner.under_way += 1
            owner.most_under_way = max(owner.most_under_way, owner.under_way)
        try:
            self.serve(owner, owner.next_answer())
        finally:
            with owner.changed:
                owner.under_way -= 1

    def serve(self, owner, do):
        if do.get("close") == "before":
            owner.note(self, b"", do, None)
            return self.hang_up()
        body = self.read_body()
        if do.get("delay"):
            owner.stopping.wait(do["delay"])
        status, text = do.get("status", 200), b'{"detail":"as scripted"}'
        if "raw" in do and not do.get("taken"):
            status = None
        elif status < 300:
            try:
                text = owner.take(self, body)
            except Refused as e:
                status, text = e.status, json.dumps({"detail": str(e)}).encode()
        owner.note(self, body, do, status)
        if do.get("stall"):
            owner.stopping.wait(do["stall"])
        if do.get("close") == "after":
            return self.hang_up()
        if do.get("close") == "middle":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Le")
            return self.hang_up()
        if do.get("endless"):
            self.wfile.write(b"HTTP/1.1 %d Endless\r\nContent-Type: application/json\r\n\r\n" % status)
            while not owner.stopping.is_set():
                self.wfile.write(b" " * 65536)  # until the peer has had enough
            return self.hang_up()
        if "raw" in do:
            self.wfile.write(do["raw"])
            return self.hang_up()
        return self.answer(status, do.get("body", text), do.get("headers", {}))


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, *args):
        self.open = set()
        super().__init__(*args)

    def process_request(self, request, client_address):
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def hang_up_all(self):
        for request in list(self.open):
            try:
                request.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def handle_error(self, request, client_address):
        kind = sys.exc_info()[0]
        if not issubclass(kind, (OSError, ssl.SSLError)):
            super().handle_error(request, client_address)


class Standin:
    """All members are guarded by `changed`, a condition that is notified at every request."""

    def __init__(self, folder, port=0, tls=None, on_event=None, host="127.0.0.1"):
        self.folder, self.tls, self.on_event = folder, tls, on_event
        os.makedirs(folder, exist_ok=True)
        self.changed = threading.Condition()
        self.stopping = threading.Event()
        self.script = collections.deque()
        self.default = {}
        self.under_way = self.most_under_way = 0  # requests read and not yet answered
        self.requests = []  # dictionaries: time, path, headers, bytes, answer, status
        self.files = []  # of the envelopes taken
        self.events = []  # payloads, the first of each event_id, in the order of arrival
        self.seen = collections.Counter()  # (project, event_id) -> how often
        self.odd = False  # some answer did not come at once and whole
        self.check_ins = []  # payloads, in the order of arrival
        self.reports = collections.Counter()  # (reason, category) -> quantity
        self.server = None
        self.host, self.port = host, port
        self.start()

    def start(self):
        """Also after stop(), on the same port."""
        self.stopping.clear()
        self.server = Server((self.host, self.port), Handler)
        self.server.owner = self
        self.port = self.server.server_address[1]
        if self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        """From now on connections are refused; open ones end."""
        if self.server:
            self.stopping.set()
            self.server.shutdown()
            self.server.server_close()
            self.server.hang_up_all()
            self.server = None

    def dsn(self, project=1, key=KEY):
        return "%s://%s@127.0.0.1:%d/%d" % ("https" if self.tls else "http", key, self.port, project)

    def next_answer(self):
        with self.changed:
            if not self.script:
                return self.default
            do = self.script[0]
            do["count"] = do.get("count", 1) - 1
            if do["count"] <= 0:
                self.script.popleft()
            return do

    def note(self, handler, body, do, status):
        with self.changed:
            self.odd |= bool(ODD & do.keys())
            self.requests.append({"time": time.time(), "path": handler.path, "headers": dict(handler.headers),
                                  "bytes": len(body), "answer": do, "status": status})
            self.changed.notify_all()

    def take(self, handler, body):
        path = re.fullmatch(r".*/api/(\d+)/envelope/", handler.path.partition("?")[0])
        if not path:
            raise Refused(404, "no such path: " + handler.path)
        auth = re.findall(r"sentry_(\w+)=([^, &]+)", handler.headers.get("X-Sentry-Auth", "") + handler.path.partition("?")[2])
        auth = dict(auth)
        if not re.fullmatch(r"[0-9a-f]{32}", auth.get("key", "")) or auth.get("version") != "7":
            raise Refused(401, "sentry_key or sentry_version is missing")
        if handler.headers.get_content_type() != "application/x-sentry-envelope":
            raise Refused(400, "content type " + handler.headers.get_content_type())
        try:
            if handler.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            header, items = parse_envelope(body)
        except (ValueError, OSError, EOFError, zlib.error) as e:
            raise Refused(400, "no envelope: %s" % e)
        events = [p for h, p in items if h.get("type") == "event"]
        if len(events) > 1 or any(len(p) > EVENT_BYTES_MAX for p in events):
            raise Refused(413, "too large")
        try:
            events = [json.loads(p) for p in events]
            reports = [json.loads(p) for h, p in items if h.get("type") == "client_report"]
            check_ins = [json.loads(p) for h, p in items if h.get("type") == "check_in"]
        except ValueError as e:
            raise Refused(400, "payload is no JSON: %s" % e)
        if events and header.get("event_id") != events[0].get("event_id"):
            raise Refused(400, "event_id of header and event differ")
        if len(check_ins) > 1 or (check_ins and (events or "event_id" in header)):
            raise Refused(400, "a check-in goes alone")
        for c in check_ins:
            if not (re.fullmatch(r"[0-9a-f]{32}", c.get("check_in_id", "")) and re.fullmatch(r"[a-z0-9_-]{1,50}", c.get("monitor_slug", "")) and
                    c.get("status") in ("in_progress", "ok", "error")):
                raise Refused(400, "no check-in: %s" % c)
        with self.changed:
            name = os.path.join(self.folder, "%06d.envelope" % (len(self.files) + 1))
            with open(name, "wb") as f:
                f.write(body)
            self.files.append(name)
            for event in events:
                key = (path.group(1), event["event_id"])
                self.seen[key] += 1
                if self.seen[key] == 1:
                    self.events.append(event)
                    if self.on_event:
                        self.on_event(event)
            self.check_ins += check_ins
            for report in reports:
                for row in report.get("discarded_events", []):
                    self.reports[row["reason"], row["category"]] += row["quantity"]
        return json.dumps({"id": header.get("event_id")}).encode()

    @property
    def taken(self):
        """Events and check-ins, each as often as it was taken."""
        with self.changed:
            return sum(self.seen.values()) + len(self.check_ins)

    @property
    def duplicates(self):
        with self.changed:
            return {key: n for key, n in self.seen.items() if n > 1}

    def wait(self, fact, ceiling_s):
        """True as soon as fact() holds; False when it did not within the ceiling."""
        with self.changed:
            return self.changed.wait_for(fact, ceiling_s)


def title(event):
    values = event.get("exception", {}).get("values") or [{}]
    text = values[-1].get("value") or event.get("logentry", {}).get("formatted", "")
    return ("%s: %s" % (values[-1]["type"], text) if values[-1].get("type") else text).replace("\n", " ")


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--dir", default="standin")
    p.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    args = p.parse_args()
    s = Standin(args.dir, args.port, args.tls,
                lambda e: print(e["event_id"], e.get("level", ""), title(e)[:160], sep="  ", flush=True))
    print("SENTRY_DSN=" + s.dsn(), flush=True)
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        s.stop()


if __name__ == "__main__":
    main()
