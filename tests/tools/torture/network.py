"""network: threads that send numbered errors over UDP, TCP and HTTP, one at a time, and go on whatever becomes of crumbd."""
import http.client
import json
import math
import random
import socket
import threading

import harness

INPUT = "  - gelf: %s://127.0.0.1:%d\n"


class Sender(threading.Thread):
    """Its numbers have no place but the order in which they went."""

    scheme = None
    on_disk = False

    def __init__(self, numbers, seed, pause_s=0.02):
        super().__init__(daemon=True)
        self.numbers, self.rnd, self.pause_s = numbers, random.Random(seed), pause_s
        self.over, self.connection, self.sent = threading.Event(), None, 0
        self.port = harness.free_port(socket.SOCK_DGRAM if self.scheme == "udp" else socket.SOCK_STREAM)

    def run(self):
        while not self.over.is_set():
            number, n = self.numbers.take(1)
            if not n:
                return
            self.sent += 1
            # On its way until the call has returned: a crumbd that ends in between may have it or not.
            self.numbers.put(number, self, self.sent, math.inf)
            if self.try_to_send(self.message(number)):
                self.numbers.put(number, self, self.sent)
            else:
                self.numbers.give_back(number)
                self.hang_up()
            self.over.wait(self.pause_s * self.rnd.random() * 2)

    def message(self, number):
        return json.dumps({"version": "1.1", "host": "shop", "level": 3, "short_message": "order refused, see /item/%d" % number}).encode()

    def try_to_send(self, data):
        try:
            return self.send(data)
        except (OSError, http.client.HTTPException):
            return False

    def hang_up(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def end(self):
        self.over.set()
        self.join()
        self.hang_up()


class Udp(Sender):
    scheme = "udp"

    def send(self, data):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            return s.sendto(data, ("127.0.0.1", self.port)) == len(data)


class Tcp(Sender):
    scheme = "tcp"

    def send(self, data):
        self.connection = self.connection or socket.create_connection(("127.0.0.1", self.port), 1)
        self.connection.sendall(data + b"\0")
        return True


class Http(Sender):
    scheme = "http"

    def send(self, data):
        self.connection = self.connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=1)
        self.connection.request("POST", "/gelf", data)
        answer = self.connection.getresponse()
        answer.read()
        return answer.status < 300


SENDERS = (Udp, Tcp, Http)
