#!/usr/bin/env python3
"""gen_nginx: writes what the scan bench reads.

    gen_nginx.py log MEGABYTES FILE      an nginx error log of lines of about 260 bytes; 4 % of them match a rule of `rules`
    gen_nginx.py matching MEGABYTES FILE the same, and all of them match
    gen_nginx.py unknown MEGABYTES FILE  the same, and no rule knows any, nor one of those that crumbd ships
    gen_nginx.py access MEGABYTES FILE   an nginx access log (combined) of lines of about 200 bytes; 1 % of them are answers of 5xx
    gen_nginx.py mixed MEGABYTES FILE    nine of its lines, then one of the error log, and so on
    gen_nginx.py rules N FILE            N rules; the first ones are the same for every N, and match
    gen_nginx.py patterns N FILE         the same patterns, one per line, for ripgrep
    gen_nginx.py loose-rules N FILE      N rules whose patterns begin as most lines of the log do and end otherwise; none matches
    gen_nginx.py loose-patterns N FILE   the same patterns, one per line, for ripgrep

The same arguments give the same bytes.
"""
import random
import re
import sys

FAULTS = [
    "connect() failed (111: Connection refused) while connecting to upstream",
    "upstream timed out (110: Connection timed out) while reading response header from upstream",
    "upstream prematurely closed connection while reading response header from upstream",
    "no live upstreams while connecting to upstream",
    "recv() failed (104: Connection reset by peer) while reading response header from upstream",
    "upstream sent too big header while reading response header from upstream",
    "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number) while SSL handshaking to upstream",
    "connect() to unix:/run/php/fpm.sock failed (11: Resource temporarily unavailable) while connecting to upstream",
]
NOISE = [
    'open() "/srv/www/static/img/%d/%x.png" failed (2: No such file or directory)',
    'access forbidden by rule',
    'client intended to send too large body: %d%x bytes',
    'directory index of "/srv/www/files/%d/%x/" is forbidden',
    'user "u%d%x" was not found in "/etc/nginx/htpasswd"',
]
UNKNOWN = [
    'pagespeed: rewrote /css/%d.%x.css',
    'brotli: window of %d bits',
]
PATHS = ["/", "/api/v1/cart/#", "/api/v1/items?page=#&sort=price", "/static/app.#.js", "/static/img/#.png", "/login", "/robots.txt", "/search?q=lamp+#"]
REFERRERS = ["-", "-", "https://shop.example.com/", "https://www.example.net/search?q=error+500"]
BROWSERS = ["Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36",
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
            "curl/8.5.0", "kube-probe/1.31"]

MATCHING = [
    r'connect\(\) failed \((?<errno>\d+): (?<reason>[^)]+)\) while connecting to upstream',
    r'upstream timed out \((?<errno>\d+): [^)]+\) while (?<phase>[a-z ]+)',
    r'upstream prematurely closed connection while (?<phase>[a-z ]+)',
    r'no live upstreams while connecting to upstream',
    r'recv\(\) failed \((?<errno>\d+): [^)]+\) while reading response header',
    r'upstream sent too big header',
    r'SSL_do_handshake\(\) failed \(SSL: (?<ssl>[^)]*)\) while SSL handshaking to upstream',
    r'connect\(\) to unix:(?<path>\S+) failed \((?<errno>\d+):',
]
# A head that lines of the log have, and what they do not have behind it.
LOOSE = [
    (r'open\(\) "(?<path>[^"]+)" failed \({}', ("13", "20", "24", "36", "40")),
    (r'directory index of "(?<path>[^"]+)" {}', ("was read", "has [0-9]+ files", "exists", r"in \S+ is", "took [0-9]+ ms")),
    (r'user "(?<user>[^"]+)" was {}', ("denied", r"locked by \S+", "found twice", "removed", r"not found in (?<file>[^ ,]+) either")),
    (r'client intended to send too large {}', ("chunk", r"header(?: line)?: \d+ bytes", "trailer", r"cookie \S+", r"body: -\d+")),
    (r'access forbidden by {}', ("module", r"rule \d+", "the map", r"zone \w+", "geo")),
    (r'client: (?<ip>[0-9.]+), server: (?<server>[^,]+), {}', ("login", r'request: "PUT', r'upstream: "https', r'subrequest: "/auth', "bytes from")),
    (r'request: "(?<method>[A-Z]+) (?<path>\S+) HTTP/{}', (r"2", r"1\.0", r"3", r"0\.9", r'1\.1", subrequest')),
    (r'host: "(?<host>[^"]+)"{}', (r', referrer: "https://crawler', r', referrer: "http://\d', ", from", r"\.", ":")),
    (r'\[error\] (?<pid>\d+)#\d+: {}', (r"\d", "open socket", r"signal \d+", r"\*\d+ no \w+ for", "worker")),
    (r'upstream timed out \((?<errno>\d+): [^)]+\) while {}', ("SSL", r"resolving \S+", r"proxying \w+", r"logging to \S+", "waiting")),
]
WORDS = ("worker cache upstream socket buffer header frame stream session zone shard replica lease quota token queue batch index segment "
         "cursor handle thread fiber kernel driver device volume inode journal commit rollback snapshot").split()


def pattern(i):
    if i < len(MATCHING):
        return MATCHING[i]
    rnd = random.Random(i)
    a, b, c = rnd.sample(WORDS, 3)
    return (rf'{a} {b}-{i} (?:failed|was lost) \((?<code>\d+): [^)]+\)', rf'cannot {a} the {b} of {c} \d+ in zone "z{i}"',
            rf'{a} of {b} {i:03d} exceeded (?<limit>\d+) {c}s', rf'unexpected {c} in {a} {b}: 0x[0-9a-f]+ at e{i}\b')[i % 4]


def loose(i):
    head, tails = LOOSE[i % len(LOOSE)]
    number = i // len(LOOSE)
    return head.replace("{}", tails[number % len(tails)] + (f" of {number}" if number >= len(tails) else ""))


def log(megabytes, out, share=0.04, noise=NOISE, noise_level="error"):
    write_lines(megabytes, out, lambda rnd, second, _: error_line(rnd, second, *error_text(rnd, share, noise, noise_level)))


def matching(megabytes, out):
    log(megabytes, out, 1)


def unknown(megabytes, out):
    log(megabytes, out, 0, UNKNOWN, "info")


def error_line(rnd, second, text, level):
    s = second % 86400
    line = (f"2026/11/23 {s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d} [{level}] {7000 + rnd.randrange(4)}#0: *{rnd.randrange(1, 90000)} {text}, "
            f"client: 203.0.113.{rnd.randrange(256)}, server: shop.example.com, request: \"GET /api/v1/cart/{rnd.randrange(10**6)}?session={rnd.randrange(1 << 60):x} HTTP/1.1\", ")
    if level == "error" and "upstream" in text:
        line += 'upstream: "http://10.0.0.7:8080/api/v1/cart", '
    return line + 'host: "shop.example.com"\n'


def error_text(rnd, share, noise, noise_level):
    if rnd.random() < share:
        return rnd.choice(FAULTS), "error"
    text = rnd.choice(noise)
    return (text % (rnd.randrange(100000), rnd.randrange(1 << 32))[:text.count("%")] if "%" in text else text), noise_level


def access_line(rnd, second):
    s = second % 86400
    path = rnd.choice(PATHS).replace("#", str(rnd.randrange(10**6)))
    status = rnd.choices((200, 304, 301, 404, 401, 499, 502, 504), (820, 90, 30, 30, 10, 10, 6, 4))[0]
    return (f"203.0.113.{rnd.randrange(256)} - {rnd.choice(('-', '-', '-', 'ada'))} [23/Nov/2026:{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d} +0000] "
            f"\"{rnd.choice(('GET', 'GET', 'GET', 'POST', 'HEAD'))} {path} HTTP/1.1\" {status} {rnd.randrange(100, 90000)} "
            f"\"{rnd.choice(REFERRERS)}\" \"{rnd.choice(BROWSERS)}\"\n")


def write_lines(megabytes, out, line):
    """line(rnd, second, number)"""
    rnd = random.Random(7)
    size = second = number = 0
    with open(out, "w") as f:
        while size < megabytes * 1000000:
            second += rnd.random() < 0.01
            size += f.write(line(rnd, second, number))
            number += 1


def access(megabytes, out):
    write_lines(megabytes, out, lambda rnd, second, _: access_line(rnd, second))


def mixed(megabytes, out):
    write_lines(megabytes, out, lambda rnd, second, number: access_line(rnd, second) if number % 10 < 9 else
                error_line(rnd, second, *error_text(rnd, 0.04, NOISE, "error")))


def rules(n, out, make=pattern):
    with open(out, "w") as f:
        f.write("pack: bench\nwhen: {format: nginx-error}\nrules:\n")
        for i in range(n):
            f.write(f"  - id: bench.r{i:04d}\n    match: '{make(i)}'\n    event: {{type: Bench{i}, fingerprint: [bench, r{i}]}}\n")


def patterns(n, out, make=pattern):
    with open(out, "w") as f:
        for i in range(n):
            f.write(re.sub(r"\(\?<\w+>", "(", make(i)) + "\n")


def loose_rules(n, out):
    rules(n, out, loose)


def loose_patterns(n, out):
    patterns(n, out, loose)


if __name__ == "__main__":
    if len(sys.argv) != 4 or sys.argv[1] not in ("log", "matching", "unknown", "access", "mixed", "rules", "patterns", "loose-rules", "loose-patterns"):
        sys.exit(__doc__)
    globals()[sys.argv[1].replace("-", "_")](int(sys.argv[2]), sys.argv[3])
