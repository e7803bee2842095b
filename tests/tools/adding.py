#!/usr/bin/env python3
"""adding TOP: a dummy of each thing that is added often, in a copy of the tree.

A format, an input, a counter, a rule pack and a command, each added by what its row of CONTRIBUTING.md's table "Adding things" names and by
nothing else; the copy is built by the configuration of the folder it is called in, and the dummies do what they are for. Ends with
77 where that cannot be built.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

PARSER = r"""/* dummy: "DUMMY text" is a record of level error. */
#include "parsers/parsers.h"

static const char *detect(struct slice line)
{
    return slice_starts(line, SLICE("DUMMY ")) ? "DUMMY in front" : NULL;
}

static bool parse(struct parse_ctx *ctx, struct record *r)
{
    (void)ctx;
    r->message = slice_from(r->raw, 6);
    r->level = LEVEL_ERROR;
    return true;
}

const struct format_traits format_dummy = {0};
const struct parser parser_dummy = {.detect = detect, .parse = parse};
"""
INPUT = r"""/* in_dummy: hands on nothing; it counts its start. */
#include "io/input.h"

#include <stdlib.h>

#include "base/xalloc.h"

static struct input *dummy_start(struct event_base *base, const struct input_options *opt, const struct input_sink *sink, struct diag *d)
{
    (void)base;
    (void)opt;
    (void)d;
    sink->counts->v[COUNT_dummies]++;
    struct input *in = xcalloc(1, sizeof *in);
    in->type = &in_dummy;
    return in;
}

static void dummy_pause(struct input *in, bool paused)
{
    (void)in;
    (void)paused;
}

static bool dummy_drained(struct input *in)
{
    return in != NULL;
}

static void dummy_stop(struct input *in)
{
    free(in);
}

const struct input_type in_dummy = {
    .kind = INPUT_DUMMY, .start = dummy_start, .pause = dummy_pause, .drained = dummy_drained, .stop = dummy_stop};
"""
COMMAND = r"""/* crumbd dummy: says so. */
#include "app/command.h"

#include <stdio.h>

int cmd_dummy(int argc, char **argv)
{
    printf("%s of %d\n", argv[0], argc);
    return EXIT_WELL;
}
"""
PACK = r"""pack: dummy
when: {format: dummy}
rules:
  - id: dummy-broken
    match: 'broken (?<part>\w+)$'
    event: {type: Dummy, message: 'broken {part}'}
    samples:
      - lines: 'DUMMY it is broken here'
        event: {exception: {values: [{type: Dummy, value: 'broken here'}]}}
"""
CONFIG = """sentry: {dsn: "http://0123456789abcdef0123456789abcdef@127.0.0.1:9/1"}
store: %s/store.db
rules: []
inputs:
  - dummy: hello
"""
# What is copied: what a build of the program alone needs.
COPIED = ["src", "parsers", "rules", "man", "contrib", "build-aux", "m4", "configure", "configure.ac", "config.h.in", "aclocal.m4", "Makefile.am",
          "Makefile.in", "CONTRIBUTING.md", "README.md", "NEWS.md", "LICENSE", "tests/lists.test", "tests/tools/harness.py", "tests/tools/standin.py"]
# What the harness of the copy makes of a ledger and of a store with one dummy.
HARNESS = """
import sys
import harness
try:
    harness.check_ledger({"dummies": 1})
except harness.Failure as e:
    print(e)
print("unnamed rows and lines:", harness.unnamed(sys.argv[1]))
"""


class Fault(Exception):
    pass


def skip(why):
    print("SKIP adding: %s" % why)
    sys.exit(77)


class Tree:
    """The copy, and what the table allows to touch in it."""

    def __init__(self, top):
        self.top = top
        with open(os.path.join(top, "CONTRIBUTING.md"), encoding="utf-8") as f:
            section = f.read().split("## Adding things", 1)[1].split("\n## ", 1)[0]
        self.rows = dict(re.findall(r"^\| (.+?) \| (.+) \|$", section, re.M))
        self.row = None

    def begin(self, thing):
        if thing not in self.rows:
            raise Fault("CONTRIBUTING has no row for %s" % thing)
        self.row = [w.replace("NAME", "dummy") for w in re.findall(r"`([^`]+)`", self.rows[thing])]

    def path(self, name):
        if name not in self.row:
            raise Fault("%s is touched, but CONTRIBUTING's row does not name it" % name)
        return os.path.join(self.top, name)

    def create(self, name, text):
        with open(self.path(name), "x", encoding="utf-8") as f:
            f.write(text)

    def change(self, path, pattern, new):
        with open(path, encoding="utf-8") as f:
            text, n = re.subn(pattern, lambda m: new + m.group(), f.read(), count=1, flags=re.M)
        if not n:
            raise Fault("%s has no place for a row: %s" % (path, pattern))
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def add_row(self, name, row, before):
        self.change(self.path(name), before, row + "\n")

    def list_in(self, variable, name):
        if variable not in self.row:
            raise Fault("%s is touched, but CONTRIBUTING's row does not name it" % variable)
        self.change(os.path.join(self.top, "Makefile.am"), r"(?<=^%s = \\\n)" % variable, "\t%s \\\n" % name)


def add_dummies(tree):
    tree.begin("a format")
    tree.create("parsers/dummy.c", PARSER)
    tree.add_row("parsers/formats.def", 'FORMAT(11, DUMMY, dummy, "dummy", false)', r"^INPUT_FORMAT\(")
    tree.list_in("PARSERS", "parsers/dummy.c")
    tree.begin("an input")
    tree.create("src/io/in_dummy.c", INPUT)
    tree.add_row("src/io/inputs.def", 'INPUT(DUMMY, dummy, "dummy", TRAITS(.any_format = true), bind_text, "{\\"type\\":\\"string\\"}", "a word", "Nothing.")', r"^#undef INPUT$")
    tree.list_in("IO", "src/io/in_dummy.c")
    tree.begin("a counter")
    tree.add_row("src/base/counters.def", 'COUNTER(dummies, FACT, COUNT_MADE | COUNT_CAME, "", "dummies that were started")', r"^COUNTER\(event, ")
    tree.begin("a rule pack")
    tree.create("rules/dummy.yaml", PACK)
    tree.list_in("RULES", "rules/dummy.yaml")
    tree.begin("a command")
    tree.create("src/app/cmd_dummy.c", COMMAND)
    tree.add_row("src/app/commands.def", 'COMMAND(dummy, "", "Says so.")', r"^#undef COMMAND$")
    tree.list_in("APP", "src/app/cmd_dummy.c")


def run(args, cwd, **more):
    done = subprocess.run(args, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    return done.returncode, done.stdout


def build(source, folder, configured):
    """As the folder that is configured, but quick: without optimisation and sanitizers, and the program alone."""
    os.mkdir(folder)
    with open(os.path.join(configured, "config.status"), encoding="utf-8") as f:
        text = f.read()
    was = re.search(r"^srcdir='([^']*)'", text, re.M).group(1)
    if not os.path.isabs(was):
        text = re.sub(r"^srcdir='[^']*'", lambda m: "srcdir='%s'" % source, text, flags=re.M)
        was = os.path.abspath(os.path.join(configured, was))
    text = text.replace(was, source).replace("ac_pwd='%s'" % configured, "ac_pwd='%s'" % folder)
    with open(os.path.join(folder, "config.status"), "w", encoding="utf-8") as f:
        f.write(text)
    quick = ["CFLAGS=-O0 -g0", "SAN_CFLAGS=", "HARDEN_CFLAGS=", "TUNE_CFLAGS="]
    for args, cwd in ((["automake", "--no-force"], source), (["sh", "./config.status", "-q"], folder),
                      (["make", "-s", "-j%d" % (os.cpu_count() or 1), "crumbd"] + quick, folder)):
        env = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        status, said = run(args, cwd, env=env)
        if status:
            raise Fault("%s:\n%s" % (" ".join(args), said[-3000:]))
    return os.path.join(folder, "crumbd")


def want(what, status, said, *texts):
    for text in texts:
        if text not in said:
            raise Fault("%s does not say %r, but ends with %d and:\n%s" % (what, text, status, said[-2000:]))


def run_daemon(crumbd, folder):
    """Its status, and what it says from its start to its end."""
    config = os.path.join(folder, "crumbd.yaml")
    with open(config, "w", encoding="utf-8") as f:
        f.write(CONFIG % folder)
    os.chmod(config, 0o600)
    want("check --dump", *run([crumbd, "check", "-c", config, "--dump"], folder), "dummy:")
    daemon = subprocess.Popen([crumbd, "run", "-c", config], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    said = ""
    for line in daemon.stderr:
        said += line
        if "dummy=hello" in line:
            daemon.send_signal(signal.SIGTERM)
    status = daemon.wait()
    want("run", status, said, "input dummy=hello", "dummies=1")
    return status, said


def check_sides(crumbd, source, folder):
    """The counter says that a row came to the store, and none did: the store and the harness know it by the counter's row alone."""
    want("run again", *run_daemon(crumbd, folder), "some came or went unnamed before", "unnamed_rows=-1")
    want("the harness", *run([sys.executable, "-B", "-c", HARNESS, os.path.join(folder, "store.db")], os.path.join(source, "tests", "tools")),
         "1 events were made, 0 stored or lost", "unnamed rows and lines: (-2, 0)")


def check(crumbd, source, folder):
    log = os.path.join(folder, "dummy.log")
    with open(log, "w", encoding="utf-8") as f:
        f.write("DUMMY it is broken here\n")
    want("parse", *run([crumbd, "parse", log], folder), '"format":"dummy"', '"level":"error"', '"message":"it is broken here"')
    status, said = run([crumbd, "check", os.path.join(source, "rules", "dummy.yaml")], folder)
    if status:
        raise Fault("check of the pack: %s" % said)
    want("help", *run([crumbd, "help"], folder), "  crumbd dummy\n")
    want("dummy", *run([crumbd, "dummy"], folder), "dummy of 1\n")
    run_daemon(crumbd, folder)
    check_sides(crumbd, source, folder)


def main(top):
    if not shutil.which("automake") or not os.path.exists("config.status"):
        skip("no automake, or not in a build")
    top, configured = os.path.abspath(top), os.getcwd()
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o700)
        source, folder = os.path.join(work, "source"), os.path.join(work, "build")
        os.makedirs(os.path.join(source, "tests", "tools"))
        for name in COPIED:
            full, to = os.path.join(top, name), os.path.join(source, name)
            if os.path.isdir(full):
                shutil.copytree(full, to)
            elif os.path.exists(full):
                shutil.copy2(full, to)
        subprocess.run(["chmod", "-R", "u+w", source], check=True)
        add_dummies(Tree(source))
        status, said = run(["bash", "tests/lists.test"], source, env=dict(os.environ, top_srcdir=source))
        if status:
            raise Fault(said)
        check(build(source, folder, configured), source, folder)
    print("adding: a format, an input, a counter, a rule pack and a command, each by its row")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except Fault as fault:
        print("adding: %s" % fault)
        sys.exit(1)
