"""answers: what an upstream may answer, for the script of tests/tools/standin.py. Each makes one for a source of chance. No limit is longer than
some seconds: what takes longer has tests of its own."""
import time

TEXT = b'{"detail":"as scripted"}'


def http_date(seconds):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + seconds))


def status(code, **headers):
    return lambda rnd: {"status": code, "headers": {k.replace("_", "-"): v(rnd) if callable(v) else v for k, v in headers.items()}}


ANSWERS = {
    # Limits, in all their forms, also of an answer that takes the event.
    "429 seconds": status(429, Retry_After=lambda rnd: rnd.randrange(0, 3)),
    "429 fraction": status(429, Retry_After="0.5"),
    "429 date": status(429, Retry_After=lambda rnd: http_date(2)),
    "429 date in the past": status(429, Retry_After=lambda rnd: http_date(-100)),
    "429 limits": status(429, X_Sentry_Rate_Limits="1:error;default:organization"),
    "429 all": status(429, X_Sentry_Rate_Limits="1::organization:quota"),
    "429 other category": status(429, X_Sentry_Rate_Limits="60:transaction:key, 1:error:key"),
    "429 unknown words": status(429, X_Sentry_Rate_Limits="2:error:scope:reason:namespace:more, x:error:a, ::::, 99999999999999999999:span:b"),
    "200 limits": status(200, X_Sentry_Rate_Limits="1:error:organization"),
    "503 limits": status(503, X_Sentry_Rate_Limits="1:error:organization", Retry_After="1"),
    "503 retry": status(503, Retry_After="1"),
    # The server's own trouble.
    "500": status(500), "502": status(502), "503": status(503), "504": status(504), "599": status(599),
    # What a proxy says.
    "408": status(408), "421": status(421), "425": status(425),
    # Refusals of an event, and of the project.
    "400": status(400), "413": status(413), "415": status(415), "422": status(422), "418": status(418),
    "401": status(401), "403": status(403), "404": status(404), "405": status(405), "407": status(407),
    "301": status(301, Location="http://127.0.0.1:9/"), "302": status(302), "304": status(304), "308": status(308, Location="/"),
    # Answers of success that are odd.
    "200 no JSON": lambda rnd: {"status": 200, "body": b"\xff\xfe not json"},
    "200 empty": lambda rnd: {"status": 200, "body": b""},
    "204": lambda rnd: {"status": 204, "body": b""},
    "200 long": lambda rnd: {"status": 200, "body": b" " * 3000000},
    "200 endless": lambda rnd: {"status": 200, "endless": True},
    "200 large headers": lambda rnd: {"status": 200, "headers": {"X-Large": "x" * rnd.choice((8000, 60000))}},
    "200 short body": lambda rnd: {"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{}", "taken": True},
    "200 two lengths": lambda rnd: {"raw": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}", "taken": True},
    "200 wrong chunks": lambda rnd: {"raw": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n", "taken": True},
    # Connections.
    "closed before": lambda rnd: {"close": "before"},
    "closed in the middle": lambda rnd: {"close": "middle"},
    "closed after": lambda rnd: {"close": "after"},
    "no HTTP": lambda rnd: {"raw": b"SSH-2.0-garbage\r\n\r\n"},
    "half a status line": lambda rnd: {"raw": b"HTTP/1.1 5"},
    "odd status": lambda rnd: {"raw": b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"},
    "500 endless": lambda rnd: {"status": 500, "endless": True},
    "slow": lambda rnd: {"delay": rnd.random() * 2},
    "slow to answer": lambda rnd: {"stall": rnd.random() * 2},
}
