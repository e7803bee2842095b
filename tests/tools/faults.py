"""faults: the failing programs of tests/traces, what they print, and what is to be understood of it.

A program tells at its end what is expected, one line per exception, the oldest cause first:

    expect TYPE | VALUE | FUNCTION:LINE > FUNCTION:LINE …

with the frames in the program's own file, oldest first. In VALUE \\n is a line break, and a final * stands for anything; TYPE may be -.
`needs VERSION` is for a program that says nothing to older runtimes.
"""
import collections
import json
import os
import re
import shutil
import subprocess

import foreign
from harness import TOP

FOLDER = os.path.join(TOP, "tests", "traces")
CEILING_S = 120

# One exception: frames are (function, name of the file, line), those of the program only.
Exception_ = collections.namedtuple("Exception_", "type value frames")


class Runtime:
    """How the programs of one language are built and run. `run` and `build` are argument lists; {name}, {file} and {dir} are filled in."""

    def __init__(self, language, suffix, version, run, build=None, env=None, parts=(), own_causes=True):
        self.language, self.suffix, self.version, self.run, self.build = language, suffix, version, run, build
        self.env = env or {}
        self.parts = parts  # files that are no program
        self.own_causes = own_causes  # whether a cause is printed in another way than the next trace


RUNTIMES = {r.language: r for r in (
    Runtime("python", ".py", ["/usr/bin/python3", "--version"], ["/usr/bin/python3", "{file}"], parts=("sitecustomize",)),
    Runtime("node", ".js", ["node", "--version"], ["node", "{file}"]),
    Runtime("php", ".php", ["php", "--version"], ["php", "-n", "-d", "display_errors=0", "-d", "log_errors=1", "{file}"]),
    Runtime("ruby", ".rb", ["ruby", "--version"], ["ruby", "{file}"], own_causes=False),
    Runtime("perl", ".pl", ["perl", "-e", "print $^V"], ["perl", "{file}"]),
    Runtime("lua", ".lua", ["lua5.4", "-v"], ["lua5.4", "{file}"]),
    Runtime("bash", ".sh", ["bash", "--version"], ["bash", "{file}"]),
    Runtime("java", ".java", ["java", "-version"], ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", "{dir}", "{name}"],
            ["javac", "-d", "{dir}", "{file}"], parts=("Program",)),
    Runtime("go", ".go", ["go", "version"], ["{dir}/{name}"], ["go", "build", "-o", "{dir}/{name}", "{file}", "{dir}/quiet.go"],
            parts=("quiet", "sdk")),
    Runtime("rust", ".rs", ["rustc", "--version"], ["{dir}/{name}"], ["rustc", "-g", "-o", "{dir}/{name}", "{file}"],
            env={"RUST_BACKTRACE": "1"}),
    Runtime("c", ".c", ["gcc", "--version"], ["{dir}/{name}"],
            ["gcc", "-g", "-O0", "-fsanitize=address,undefined", "-o", "{dir}/{name}", "{file}"], env={"UBSAN_OPTIONS": "print_stacktrace=1"}),
)}


class Fault:
    def __init__(self, name, path, text, expected):
        self.name, self.path, self.text, self.expected = name, path, text, expected

    def __repr__(self):
        return self.name

    @property
    def lines(self):
        return self.text.splitlines()


def expectation(source, file):
    """The `expect` lines of a program."""
    found = []
    for line in re.findall(r"^\W+expect (.*)$", source, re.M):
        kind, value, frames = (part.strip() for part in line.split(" | " if line.count(" | ") == 2 else "|"))
        pairs = [f.rpartition(":") for f in frames.split(" > ")] if frames else []
        found.append(Exception_(kind, value.replace("\\n", "\n"), [(function, file, int(number)) for function, _, number in pairs]))
    return found


def version_of(text):
    return tuple(int(n) for n in re.search(r"\d+(?:\.\d+)*", text).group().split("."))


def said(argv, folder, env=None, status=None):
    """Standard error of a program, which ends with a status that is not 0, unless a status is asked for."""
    e = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LC_ALL": "C.UTF-8", "TZ": "UTC", **(env or {})}
    p = subprocess.run(argv, cwd=folder, env=e, stdin=subprocess.DEVNULL, capture_output=True, timeout=CEILING_S, check=False)
    text = p.stderr.decode()
    assert status is None or p.returncode == status, "%s ended with %d: %s" % (argv, p.returncode, text)
    return text


def is_here(language):
    r = RUNTIMES[language]
    return all(shutil.which(argv[0]) for argv in (r.version, r.build or r.version))


class Programs:
    """The programs of a language, copied into a folder of the scenario's, and built there."""

    def __init__(self, t, language, folder="app"):
        self.t, self.runtime = t, RUNTIMES[language]
        if not is_here(language):
            t.skip("no %s here" % self.runtime.version[0])
        p = subprocess.run(self.runtime.version, capture_output=True, check=True, timeout=CEILING_S)
        self.version = version_of((p.stdout or p.stderr).decode())
        self.dir = shutil.copytree(os.path.join(FOLDER, language), t.path(folder))
        self.files = sorted(f for f in os.listdir(self.dir) if f.endswith(self.runtime.suffix)
                            and f[:-len(self.runtime.suffix)] not in self.runtime.parts)

    def fill(self, argv, file):
        return [a.format(dir=self.dir, file=os.path.join(self.dir, file), name=file[:-len(self.runtime.suffix)]) for a in argv]

    def source(self, file):
        with open(os.path.join(self.dir, file), encoding="utf-8") as f:
            return f.read()

    def wanted(self):
        """The programs that this version of the runtime is new enough for."""
        for file in self.files:
            needs = re.search(r"^\W+needs ([\d.]+)$", self.source(file), re.M)
            if not needs or self.version >= version_of(needs.group(1)):
                yield file

    def faults(self, *names):
        """Those of these names, or all."""
        found = []
        for file in self.wanted():
            if names and file[:-len(self.runtime.suffix)] not in names:
                continue
            if self.runtime.build:
                said(self.fill(self.runtime.build, file), self.dir, status=0)
            text = said(self.fill(self.runtime.run, file), self.dir, self.runtime.env)
            found.append(Fault(file[:-len(self.runtime.suffix)], os.path.join(self.dir, file), text, expectation(self.source(file), file)))
        return found


# --- what the official SDK says of the same fault

def of_sdk(t, programs, file):
    """The event that the language's SDK makes of a program; None where there is none here for it."""
    event = t.path("sdk-%s.json" % file)
    made = SDKS[programs.runtime.language](t, programs, file)
    said(made[0], programs.dir, {**programs.runtime.env, **made[1], "SDK_EVENT": event})
    with open(event, encoding="utf-8") as f:
        return json.load(f)


def python_sdk(t, programs, file):
    python = foreign.python(t, "sentry-sdk==2.75.0", "urllib3==2.8.0", "certifi==2026.10.19.post1")
    return [python, os.path.join(programs.dir, file)], {"PYTHONPATH": os.path.join(FOLDER, "python"), "PYTHONDONTWRITEBYTECODE": "1"}


def node_sdk(t, programs, file):
    folder = foreign.node(t, "@sentry/node@10.62.0")
    return (["node", "--import", os.path.join(FOLDER, "node", "sdk.mjs"), os.path.join(programs.dir, file)], {"SDK_FOLDER": folder})


def java_sdk(t, programs, file):
    with open(os.path.join(FOLDER, "java", "Program.java"), encoding="utf-8") as f:
        path = foreign.java(t, f.read(), "io.sentry:sentry:8.63.0")
    return ["java", "-XX:TieredStopAtLevel=1", "-cp", "%s:%s" % (programs.dir, path), "Program", file[:-len(".java")]], {}


GO_MODULE = "github.com/getsentry/sentry-go@v0.27.0"


def go_sdk(t, programs, file):
    sources = {f: programs.source(f) for f in [*programs.files, "sdk.go"]}
    folder = foreign.get(t, "go-sentry", [["go", "get", GO_MODULE], *(["go", "build", "-o", f[:-3], f, "sdk.go"] for f in programs.files)],
                         {"go.mod": "module tests\n\ngo 1.18\n", **sources})
    return [os.path.join(folder, file[:-3])], {}


SDKS = {"python": python_sdk, "node": node_sdk, "java": java_sdk, "go": go_sdk}


# --- events

def understood(event, files):
    """The exceptions of an event, with the frames that are in one of these files. PHP names a closure by its place since 8.4."""
    exceptions = event.get("exception") or []
    return [Exception_(e.get("type"), e.get("value") or "",
                       [(re.sub(r"\{closure:[^{}]*\}", "{closure}", f.get("function") or ""), file_of(f), f.get("lineno")) for f in (e.get("stacktrace") or {}).get("frames", [])
                        if file_of(f) in files])
            for e in (exceptions if isinstance(exceptions, list) else exceptions.get("values", []))]


def file_of(frame):
    return os.path.basename(frame.get("abs_path") or frame.get("filename") or "")


def shown(exceptions):
    return "; ".join("%s: %r | %s" % (e.type, e.value, " > ".join("%s:%s" % (f, line) for f, _, line in e.frames)) for e in exceptions)


def fits(got, want):
    """Whether an exception is the one that a program expects."""
    value = got.value == want.value or (want.value.endswith("*") and got.value.startswith(want.value[:-1]))
    return value and want.type in ("-", got.type) and got.frames == want.frames


def comparable(exceptions, language):
    """What the text and the SDK can agree on. What an SDK knows beyond the text, and how it writes what has no name, is a matter of the language:

    python  a SyntaxError's value ends with its place in the SDK, that of a group with the number of its members in the text
    node  what has no name is `?` in the SDK, and nothing or <anonymous> in the text
    go    the text has no types; the SDK lists the errors that an error wraps, without frames
    """
    if language == "python":
        return [e._replace(value=re.sub(r" \((?:\S+, line \d+|\d+ sub-exceptions?)\)$", "", e.value)) for e in exceptions]
    if language == "node":
        return [e._replace(frames=[((f or "?").replace("<anonymous>", "?"), file, line) for f, file, line in e.frames]) for e in exceptions]
    if language == "go":
        return [e._replace(type=None) for e in exceptions if e.frames]
    return exceptions
