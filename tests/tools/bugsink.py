"""bugsink: a Sentry-compatible server that nobody here wrote, from PyPI, in a virtual environment outside the sources.

It runs with validation set to strict: an event that its JSON Schema of Sentry events does not take is refused; unless events of SDKs are
to come, which say more than the schema knows.
"""
import fcntl
import json
import os
import subprocess
import urllib.error
import urllib.request

import harness

VERSION = "2.6.1"
INSTALL_CEILING_S = 240
SETTINGS = """
DATABASES["default"]["NAME"] = "{dir}/db.sqlite3"
DATABASES["snappea"]["NAME"] = "{dir}/snappea.sqlite3"
ALLOWED_HOSTS = ["127.0.0.1"]
BUGSINK.update({{"VALIDATE_ON_DIGEST": "{validate}", "PHONEHOME": False, "INGEST_STORE_BASE_DIR": "{dir}/ingestion"}})
"""


def install(t):
    """The folder of the virtual environment's programs; made once per version. Skips where PyPI is out of reach."""
    cache = os.environ.get("CRUMBD_TEST_CACHE") or os.path.join(
        os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "crumbd-tests")
    venv = os.path.join(cache, "bugsink-" + VERSION)
    os.makedirs(cache, exist_ok=True)
    with open(venv + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = os.path.join(venv, "done")
        if not os.path.exists(done):
            python = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else "python3"
            try:
                subprocess.run([python, "-m", "venv", "--clear", venv], check=True, capture_output=True, timeout=INSTALL_CEILING_S)
                subprocess.run([os.path.join(venv, "bin", "pip"), "install", "-q", "--disable-pip-version-check", "bugsink==" + VERSION],
                               check=True, capture_output=True, timeout=INSTALL_CEILING_S)
            except (subprocess.SubprocessError, OSError) as e:
                said = (getattr(e, "stderr", None) or b"").decode("utf-8", "replace").strip().splitlines()
                t.skip("Bugsink %s cannot be had from PyPI: %s" % (VERSION, said[-1] if said else e))
            with open(done, "w", encoding="utf-8"):
                pass
    return os.path.join(venv, "bin")


class Bugsink:
    def __init__(self, t, validate="strict"):
        self.t, self.dir, self.port = t, t.path("bugsink"), harness.free_port()
        bin_dir = install(t)
        os.makedirs(self.dir)
        self.env = {"PATH": bin_dir + ":" + os.environ["PATH"], "HOME": self.dir, "PYTHONPATH": self.dir, "LC_ALL": "C.UTF-8",
                    "DJANGO_SETTINGS_MODULE": "bugsink_conf"}
        self.command("bugsink-create-conf", "--template=local", "--host=127.0.0.1", "--port=%d" % self.port, "-o", "bugsink_conf.py")
        with open(os.path.join(self.dir, "bugsink_conf.py"), "a", encoding="utf-8") as f:
            f.write(SETTINGS.format(dir=self.dir, validate=validate))
        self.command("bugsink-manage", "migrate", "-v0")
        self.command("bugsink-manage", "migrate", "snappea", "--database=snappea", "-v0")
        self.token = self.command("bugsink-manage", "create_auth_token").strip()
        self.program = t.program("bugsink", [os.path.join(bin_dir, "gunicorn"), "bugsink.wsgi", "--bind=127.0.0.1:%d" % self.port,
                                             "--workers=1", "--threads=4"], env=self.env, cwd=self.dir)
        t.wait_port(self.port, "Bugsink")
        team = self.api("teams/", {"name": "team"})
        self.project = self.api("projects/", {"name": "crumbd", "team": team["id"]})["id"]
        self.dsn = self.api("projects/%s/" % self.project)["dsn"]

    def command(self, name, *args):
        p = subprocess.run([name, *args], env=self.env, cwd=self.dir, capture_output=True, text=True, check=False, timeout=120)
        if p.returncode != 0:
            self.t.fail("%s %s: %s" % (name, args, p.stderr[-1000:]))
        return p.stdout

    def api(self, path, post=None):
        request = urllib.request.Request(
            "http://127.0.0.1:%d/api/canonical/0/%s" % (self.port, path), json.dumps(post).encode() if post else None,
            {"Authorization": "Bearer " + self.token, "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=harness.CEILING_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise harness.Failure("Bugsink answers %d to %s: %s" % (e.code, path, e.read()[:500])) from None

    def issues(self):
        return self.api("issues/?project=%s" % self.project)["results"]

    def events(self, issue):
        """Payloads of an issue, as the server has kept them."""
        rows = self.api("events/?issue=%s" % issue["id"])["results"]
        return [self.api("events/%s/" % row["id"]) for row in rows]
