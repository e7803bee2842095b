"""What crumbd gives up: root's user, capabilities, setuid programs, core dumps; and what the command of `exec` keeps."""
import os
import pwd
import re
import shutil

from harness import nginx_line

NOBODY = 65534
CAP_DAC_READ_SEARCH = 1 << 2
CONFIG = """
inputs:
  - tail: {dir}/logs/*.log
    format: nginx-error
    timezone: UTC
    from: start
breadcrumbs: {wait: 10ms}
store: {dir}/state/crumbd.db
"""


def as_root(t):
    if os.geteuid() != 0:
        t.skip("only root can become somebody else")
    return pwd.getpwuid(NOBODY).pw_name


def status(pid, tid=None):
    """/proc/PID/status of a process or of one of its threads: name -> words."""
    path = "/proc/%d/status" % pid if tid is None else "/proc/%d/task/%s/status" % (pid, tid)
    with open(path, encoding="ascii") as f:
        return {k: v.split() for k, v in re.findall(r"^(\w+):[ \t]*(.*)$", f.read(), re.M)}


def threads(pid):
    return [status(pid, tid) for tid in os.listdir("/proc/%d/task" % pid)]


def check_hardened(t, pid):
    for th in threads(pid):
        t.eq(th["NoNewPrivs"], ["1"], "no_new_privs of " + th["Name"][0])
    with open("/proc/%d/limits" % pid, encoding="ascii") as f:
        core = re.search(r"^Max core file size +(\S+) +(\S+)", f.read(), re.M)
    t.eq(core.groups(), ("0", "0"), "core")


def scenario_becomes_its_user(t):
    """Started as root with `user`, no thread of it has anything of root's left, the store is that user's, and events are stored."""
    name = as_root(t)
    t.write("logs/error.log", nginx_line(1))
    d = t.start(t.config(CONFIG + "user: %s\n" % name))
    d.wait_count("event", 1)
    for th in threads(d.pid):
        t.eq(th["Uid"], [str(NOBODY)] * 4, "user of " + th["Name"][0])
        t.eq(th["Gid"], [str(NOBODY)] * 4, "group of " + th["Name"][0])
        assert "0" not in th["Groups"], th["Groups"]
        for caps in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            t.eq(int(th[caps][0], 16), 0, caps)
    check_hardened(t, d.pid)
    # Not dumpable: what is in /proc is root's, and not the user's whom it runs as.
    t.eq(os.stat("/proc/%d/environ" % d.pid).st_uid, 0)
    d.stop()
    for file in [t.path("state")] + [t.path("state", f) for f in os.listdir(t.path("state"))]:
        t.eq(os.stat(file).st_uid, NOBODY, file)
    d = t.start(t.config(CONFIG + "user: %s\n" % name))
    t.append("logs/error.log", nginx_line(2))
    d.wait_count("event", 1)
    d.stop()


def scenario_becomes_its_group(t):
    """`group`, or what stands behind the colon of `user`, is the group it runs as; the other meaning of `group` stays."""
    as_root(t)
    for more, gid in (("user: 65534:4\n", "4"), ("user: nobody\ngroup: adm\n", "4"), ("user: nobody\ngroup: everywhere\n", str(NOBODY))):
        config = t.config(CONFIG + more)
        d = t.start(config)
        t.eq(status(d.pid)["Gid"], [gid] * 4, more)
        t.eq(status(d.pid)["Uid"], [str(NOBODY)] * 4, more)
        d.stop()
    out = t.run("check", "--dump", "-c", config)[0]
    assert re.search(r"^user: nobody$", out, re.M) and re.search(r"^group: everywhere$", out, re.M), out
    assert re.search(r"^keep_read: off +# default$", out, re.M) and re.search(r"^sandbox: on +# default$", out, re.M), out


def scenario_keep_read(t):
    """With `keep_read` the one capability that reads every log stays in every thread, and it does read."""
    name = as_root(t)
    os.chmod(t.write("logs/secret.log", nginx_line(1)), 0o600)
    d = t.start(t.config(CONFIG + "user: %s\nkeep_read: on\n" % name))
    d.wait_count("event", 1)
    for th in threads(d.pid):
        for caps in ("CapPrm", "CapEff", "CapBnd"):
            t.eq(int(th[caps][0], 16), CAP_DAC_READ_SEARCH, caps)
        t.eq(th["Uid"], [str(NOBODY)] * 4)
    d.stop()


def scenario_store_of_another(t):
    """A store that the user cannot write is refused at start, with the command that mends it; nothing of it is changed."""
    name = as_root(t)
    t.write("logs/error.log", nginx_line(1))
    t.start(t.config(CONFIG)).stop()
    before = {f: os.stat(t.path("state", f)).st_uid for f in os.listdir(t.path("state"))}
    d = t.start(t.config(CONFIG + "user: %s\n" % name), ready=False)
    t.eq(d.wait(), 3)
    assert "chown -R %s %s" % (name, t.path("state")) in d.err, d.err
    t.eq({f: os.stat(t.path("state", f)).st_uid for f in before}, before)
    for wrong in ("user: nobody-of-this-name", "user: root", "user: 'nobody:no-such-group'"):
        d = t.start(t.config(CONFIG + wrong + "\n"), ready=False)
        t.eq(d.wait(), 3, wrong)
        assert re.search(r"user|group", d.err), d.err


def scenario_root_without_user(t):
    """Root that becomes nobody keeps no capability but those that files take."""
    as_root(t)
    t.write("logs/error.log", nginx_line(1))
    d = t.start(t.config(CONFIG))
    d.wait_count("event", 1)
    files = sum(1 << n for n in (0, 1, 2, 3))  # CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
    for th in threads(d.pid):
        for caps in ("CapPrm", "CapEff", "CapBnd"):
            t.eq(int(th[caps][0], 16) & ~files, 0, caps)
    check_hardened(t, d.pid)
    d.stop()


def scenario_exec_command_inherits_nothing(t):
    """The command of `exec` can do what it could do without crumbd: a setuid program raises it, and no limit is crumbd's."""
    as_root(t)
    if os.statvfs(t.dir).f_flag & os.ST_NOSUID:
        t.skip("no setuid programs on this file system")
    # As nobody, from where nobody can reach it.
    crumbd, whoami = shutil.copy(t.crumbd_path, t.path("crumbd")), shutil.copy(shutil.which("id"), t.path("setuid-id"))
    os.chmod(whoami, 0o4755)
    os.mkdir(t.path("state"))
    os.chown(t.path("state"), NOBODY, NOBODY)
    nobody = ["setpriv", "--reuid=%d" % NOBODY, "--regid=%d" % NOBODY, "--clear-groups", "--"]
    show = "%s -u; ulimit -Hc; grep -E '^(NoNewPrivs|Seccomp|Cap...|SigIgn):' /proc/self/status; cat /dev/null" % whoami

    def answer(argv):
        p = t.program("as%d" % len(t.programs), nobody + argv, env=t.env())
        t.eq(p.wait(), 0, p.err)
        return p.out

    alone = answer(["sh", "-c", show])
    assert alone.startswith("0\n"), alone
    t.eq(answer([crumbd, "exec", "-c", t.config(CONFIG), "--", "sh", "-c", show]), alone)
