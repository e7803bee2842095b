"""token_server: an authorization server on loopback that gives tokens by the client credentials grant, as Kafka's unsecured validator takes them."""
import base64
import http.server
import json
import threading
import time
import urllib.parse


def part(o):
    return base64.urlsafe_b64encode(json.dumps(o).encode()).rstrip(b"=").decode()


def token(lasts_s):
    """Unsigned (RFC 7515, appendix A.5), of the user `till`."""
    now = int(time.time())
    return "%s.%s." % (part({"alg": "none"}), part({"sub": "till", "iat": now - 7200, "exp": now + lasts_s}))


class TokenServer:
    """answer: asked for each request with the client's id, gives status and body. asked: the forms that came; logins: the Authorization headers."""

    def __init__(self, t, answer):
        self.answer, self.asked, self.logins, self.given = answer, [], [], []
        us = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                us.logins.append(self.headers["Authorization"])
                us.asked.append(form)
                status, body = us.answer(base64.b64decode(us.logins[-1].split()[1]).decode().split(":")[0])
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = "http://127.0.0.1:%d/token" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        t.at_end.append(self.stop)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()

    def gives(self, lasts_s, says_s=None, status=200, **more):
        """An answer with a token; says_s: how long it lasts by its own words, if it lies."""
        text = token(lasts_s)
        self.given.append(text)
        return status, json.dumps({"access_token": text, "token_type": "Bearer", "expires_in": lasts_s if says_s is None else says_s, **more}).encode()
