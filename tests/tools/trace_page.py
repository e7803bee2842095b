#!/usr/bin/env python3
"""trace_page.py CRUMBD: writes man/traces.mdoc, the examples of crumbd-traces(7).

Each is what a runtime printed, or the shortest telling sample of a grammar whose runtime is not among those of tests/traces, and what
`crumbd explain` says of it. A scenario holds them true: crumbd must still say so, and the runtimes still print so.
"""
import os
import re
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import faults  # noqa: E402
from harness import TOP  # noqa: E402

PAGE = os.path.join(TOP, "man", "traces.mdoc")
HOME = "/srv/app"
# Which program of which language is shown, under the name of its grammar.
SHOWN = {"python": ("python", "causes"), "node": ("node", "causes"), "java": ("java", "Causes"), "php": ("php", "causes"),
         "ruby": ("ruby", "causes"), "perl": ("perl", "plain"), "go": ("go", "causes"), "rust": ("rust", "index"), "lua": ("lua", "plain"),
         "sanitizer": ("c", "ubsan"), "shell": ("bash", "plain")}
NAMES = {"python": "Python", "node": "Node.js", "java": "Java", "php": "PHP", "ruby": "Ruby", "perl": "Perl", "go": "Go", "rust": "Rust",
         "lua": "Lua", "c": "GCC", "bash": "Bash"}
# Grammars whose samples, of a server's own log, begin with a level that is taken off before.
NOT_ALONE = {"postgresql", "sqlserver"}
TITLES = {"browser": "Browsers", "c": "C and C++", "dart": "Dart", "dotnet": ".NET", "gdb": "GDB", "kernel": "Linux", "mysql": "MySQL and MariaDB",
          "phpunit": "PHPUnit", "postgresql": "PostgreSQL", "swift": "Swift", "valgrind": "Valgrind", "clojure": "Clojure",
          "elixir": "Elixir", "erlang": "Erlang"}
LINES_MAX = 22


def printed(programs, name):
    """What the program prints, its folder named /srv/app, and without the lines of Node's own files, which no two versions share."""
    fault = programs.faults(name)[0]
    text = fault.text.replace(programs.dir, HOME)
    text = re.sub(r"\.\.\.\S*/(\w+\.lua):", HOME + r"/\1:", text)  # Lua shows the end of a long name
    return "".join(line for line in text.splitlines(True) if "(node:" not in line and not line.startswith("Node.js v")).strip("\n") + "\n"


def explained(crumbd, text, env):
    """The trace, as `crumbd explain` shows it."""
    p = subprocess.run([crumbd, "explain"], input=text.encode(), capture_output=True, env=env, check=True, timeout=60)
    found = re.search(r"^trace\n(.*?)^rules\n", p.stdout.decode(), re.M | re.S)
    return re.sub(r"^  ", "", found.group(1), flags=re.M) if found else ""


def is_telling(after):
    """It has a frame of the application, and a type of its own."""
    return "+ " in after and "exception      backtrace\n" not in after


def masked(text):
    """Without addresses and numbers of threads."""
    return re.sub(r"0x[0-9a-f]+|(?<=thread 'main' \()\d+", "0", text)


def samples(path):
    """Of a grammar, those of a page's size, the shortest first, and of three lines or more before others."""
    import yaml  # only to write the page
    with open(path, encoding="utf-8") as f:
        all_of_them = [s["lines"].strip("\n") + "\n" for s in yaml.safe_load(f)["samples"] if isinstance(s.get("trace"), dict)]
    fit = [s for s in all_of_them if s.count("\n") <= LINES_MAX and s.isascii()]
    return sorted(fit, key=lambda s: (s.count("\n") < 3, len(s)))


# --- the page

def literal(text):
    lines = (re.sub(r"^([.'])", r"\\&\1", line.replace("\\", "\\e")) for line in text.splitlines())
    return ".Bd -literal\n%s\n.Ed\n" % "\n".join(lines)


def plain(lines):
    return "".join(re.sub(r"^\\&", "", line).replace("\\e", "\\") for line in lines.splitlines(True))


def example(grammar, heading, before, after):
    return ".Ss %s\n.\\\" %s\n%s.Pp\nbecomes\n%s" % (heading, grammar, literal(before), literal(after))


def examples(text=None):
    """Of the page: grammar -> (heading, before, after)."""
    if text is None:
        with open(PAGE, encoding="utf-8") as f:
            text = f.read()
    found = re.findall(r'^\.Ss ([^\n]*)\n\.\\" (\w+)\n\.Bd -literal\n(.*?)^\.Ed\n\.Pp\nbecomes\n\.Bd -literal\n(.*?)^\.Ed\n', text, re.M | re.S)
    return {grammar: (heading, plain(before), plain(after)) for heading, grammar, before, after in found}


def heading_of(programs):
    return "%s %s" % (NAMES[programs.runtime.language], ".".join(map(str, programs.version[:2])))


class Here:
    """What faults.Programs asks of a scenario."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, name):
        return os.path.join(self.folder, name)

    def skip(self, why):
        sys.exit(why)


def main():
    crumbd = os.path.abspath(sys.argv[1])
    env = {"PATH": os.environ["PATH"], "CRUMBD_DATA": TOP, "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    out, old = "", examples()
    for file in sorted(os.listdir(os.path.join(TOP, "rules", "traces"))):
        grammar = file.partition(".")[0]
        if grammar in SHOWN:
            language, name = SHOWN[grammar]
            with tempfile.TemporaryDirectory() as folder:
                programs = faults.Programs(Here(folder), language)
                heading, before = heading_of(programs), printed(programs, name)
        else:
            heading = TITLES.get(grammar, grammar)
            before = next((s for s in samples(os.path.join(TOP, "rules", "traces", file)) if is_telling(explained(crumbd, s, env))), None)
        if before and grammar in old and masked(before) == masked(old[grammar][1]):
            before = old[grammar][1]  # nothing but addresses would change
        if before is None:
            print("%s: no sample is a trace by itself" % grammar, file=sys.stderr)
        else:
            out += example(grammar, heading, before, explained(crumbd, before, env))
    with open(PAGE, "w", encoding="utf-8") as f:
        f.write(out)


if __name__ == "__main__":
    main()
