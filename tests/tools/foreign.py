"""foreign: programs and libraries of other people for the scenarios, kept in a cache outside the sources.

Nothing is installed on the host: a syslog daemon that was installed would start, and Debian's exclude one another. Packages come
by apt-get, pip, npm, maven and go from the registries those are set up for; where one is out of reach the scenario is skipped and says so.
"""
import fcntl
import glob
import hashlib
import os
import shutil
import subprocess

CEILING_S = 300


def cache_folder():
    return os.environ.get("CRUMBD_TEST_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "crumbd-tests")


def get(t, name, commands, files=None):
    """The folder that the commands filled, each run in it, with these files to begin with; made once per name and texts of the
    files, by one scenario at a time."""
    for text in (files or {}).values():
        name += "-" + hashlib.sha256(text.encode()).hexdigest()[:12]
    folder = os.path.join(cache_folder(), name)
    os.makedirs(cache_folder(), exist_ok=True)
    with open(folder + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(folder, "done")
        if not os.path.exists(done):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            for file, text in (files or {}).items():
                with open(os.path.join(folder, file), "w", encoding="utf-8") as f:
                    f.write(text)
            for argv in commands:
                try:
                    subprocess.run(argv, cwd=folder, check=True, capture_output=True, timeout=CEILING_S)
                except (subprocess.SubprocessError, OSError) as e:
                    said = (getattr(e, "stderr", None) or b"").decode("utf-8", "replace").strip().splitlines()
                    t.skip("%s cannot be had by %s: %s" % (name, argv[0], said[-1] if said else e))
            with open(done, "w", encoding="utf-8"):
                pass
    return folder


def python(t, *packages):
    """A python that has these packages of PyPI ("name==version"), which need no others."""
    interpreter = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "python3"
    folder = get(t, "python-" + "-".join(packages), [
        [interpreter, "-m", "venv", "."],
        ["bin/pip", "install", "-q", "--disable-pip-version-check", "--no-deps", *packages]])
    return os.path.join(folder, "bin", "python")


def node(t, *packages):
    """The folder to run node in, with these packages of npm ("name@version")."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            t.skip("no %s here" % program)
    return get(t, "node-" + "-".join(packages).replace("/", "_"), [
        ["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix", ".", *packages]])


POM = """<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>tests</groupId><artifactId>tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>%s</dependencies>
</project>
"""
COPY = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies"


def java(t, source, *artifacts):
    """The class path of a program, compiled from the text of Program.java, and of these of Maven's ("group:artifact:version")."""
    for program in ("javac", "mvn"):
        if not shutil.which(program):
            t.skip("no %s here" % program)
    wanted = "".join("<dependency><groupId>%s</groupId><artifactId>%s</artifactId><version>%s</version></dependency>" % tuple(a.split(":"))
                     for a in artifacts)
    folder = get(t, "java", [["mvn", "-q", "-B", COPY, "-DoutputDirectory=lib"],
                             ["javac", "-cp", "lib/*", "-d", ".", "Program.java"]],
                 {"pom.xml": POM % wanted, "Program.java": source})
    return "%s:%s/lib/*" % (folder, folder)


def go(t, source, module):
    """A program compiled from the text of main.go, which imports this module ("path@version")."""
    if not shutil.which("go"):
        t.skip("no go here")
    folder = get(t, "go-" + module.replace("/", "_"), [["go", "get", module], ["go", "build", "-o", "program", "."]],
                 {"go.mod": "module tests\n\ngo 1.18\n", "main.go": source})
    return os.path.join(folder, "program")


class Debian:
    """Packages of the host's Debian, unpacked side by side and not installed."""

    def __init__(self, t, *packages):
        for program in ("apt-get", "dpkg-deb"):
            if not shutil.which(program):
                t.skip("%s: no %s here" % (packages[0], program))
        self.t = t
        self.root = get(t, "debian-" + packages[0], [
            ["apt-get", "download", "-q", *packages],
            ["sh", "-c", "for deb in *.deb; do dpkg-deb -x \"$deb\" . || exit 1; done; rm *.deb"]])
        self.env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC",
                    "LD_LIBRARY_PATH": ":".join(self.find(p) for p in ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib/syslog-ng")
                                                if self.has(p))}

    def has(self, pattern):
        return bool(glob.glob(os.path.join(self.root, pattern)))

    def find(self, pattern):
        found = sorted(glob.glob(os.path.join(self.root, pattern)))
        if not found:
            self.t.fail("there is no %s in %s" % (pattern, self.root))
        return found[0]
