#!/usr/bin/env python3
"""deploy_check CRUMBD TOP: what contrib's Dockerfile, compose file and Kubernetes manifest name is there.

Nothing is built or started: no registry is needed. Each fault is one line; exit status 1 when there is one, 77 without PyYAML.
"""
import os
import re
import subprocess
import sys
import tempfile

try:
    import yaml
except ImportError:
    print("SKIP contrib: no PyYAML (apt-get install python3-yaml)")
    sys.exit(77)

CRUMBD, TOP = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
faults = []


def check(fact, what):
    if not fact:
        faults.append(what)


def documents(name):
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        return list(yaml.safe_load_all(f))


def check_configuration(name, text):
    """crumbd takes it; secrets, which only the cluster has, are put in place."""
    with tempfile.TemporaryDirectory() as folder:
        dsn = os.path.join(folder, "dsn")
        with open(dsn, "w", encoding="utf-8") as f:
            f.write("https://0123456789abcdef0123456789abcdef@sentry.example.com/42\n")
        config = os.path.join(folder, "crumbd.yaml")
        with open(config, "w", encoding="utf-8") as f:
            f.write(re.sub(r"(dsn_file|http_token_file): \S+", r"\1: " + dsn, text))
        p = subprocess.run([CRUMBD, "check", "-c", config], capture_output=True, text=True, check=False,
                           env=dict(os.environ, CRUMBD_DATA=TOP))
        # The logs are where it is for, and not here.
        warned = [line for line in p.stderr.splitlines() if "warning: " in line and "there is no file yet" not in line]
        check(p.returncode == 0 and not warned, "%s: crumbd check: %s" % (name, p.stderr or p.stdout))


def check_dockerfile():
    name = "contrib/docker/Dockerfile"
    with open(os.path.join(TOP, name), encoding="utf-8") as f:
        text = re.sub(r"\\\n", " ", f.read())
    for sources in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.M):
        for source in sources.split():
            check(os.path.exists(os.path.join(TOP, source)), "%s: COPY %s: no such file" % (name, source))
    entry = re.search(r'^ENTRYPOINT \["([^"]+)"\]', text, re.M)
    check(entry and "--prefix=/usr " in text and entry.group(1) == "/usr/bin/crumbd", name + ": the entry point is not what is installed")
    user = re.search(r"^USER (\d+)$", text, re.M)
    check(user and "--uid %s " % user.group(1) in text, name + ": USER is nobody it makes")
    return user and int(user.group(1))


def check_compose(folder="contrib/docker"):
    name = folder + "/compose.yaml"
    compose, = documents(name)
    for service, s in compose["services"].items():
        build = s.get("build")
        if build:
            context = os.path.join(TOP, folder, build["context"])
            check(os.path.exists(os.path.join(context, build["dockerfile"])), "%s: %s: no such dockerfile" % (name, service))
            if "entrypoint" not in s:
                check_arguments("%s: %s" % (name, service), s.get("command", []))
        targets = []
        for v in s.get("volumes", []):
            source, target = (v["source"], v["target"]) if isinstance(v, dict) else v.split(":")[:2]
            targets.append(target)
            there = os.path.isfile(os.path.join(TOP, folder, source)) if "/" in source else source in compose["volumes"]
            check(there, "%s: %s: there is no %s" % (name, service, source))
            # Docker fills a new volume with what the image has there: nginx's links to /dev/stderr.
            copied = isinstance(v, str) or not v.get("volume", {}).get("nocopy")
            check(target != "/var/log/nginx" or not copied, "%s: %s: without nocopy" % (name, service))
        for argument in s.get("command", []):
            check(not argument.startswith("/") or argument in targets, "%s: %s: nothing is mounted at %s" % (name, service, argument))
    with open(os.path.join(TOP, folder, "crumbd.yaml"), encoding="utf-8") as f:
        text = f.read()
    check_configuration(folder + "/crumbd.yaml", text)
    check_token(name, compose["services"], re.search(r"^http_token_file: (\S+)$", text, re.M))


def check_token(name, services, configured):
    """What is served beyond loopback asks for a token, and a service that ends first makes it where crumbd looks for it."""
    check(configured, name + ": no http_token_file")
    check(services["crumbd"].get("depends_on", {}).get("token", {}).get("condition") == "service_completed_successfully",
          name + ": crumbd does not wait for its token")
    script = services["token"]["command"][0].replace("$$", "$")
    with tempfile.TemporaryDirectory() as folder:
        made = os.path.join(folder, "token")
        check(configured and configured.group(1) in script, name + ": the token is made elsewhere")
        script = script.replace(configured.group(1), made) if configured else script
        said = [subprocess.run(services["token"]["entrypoint"] + [script], capture_output=True, text=True, check=False).stdout for _ in range(2)]
        with open(made, encoding="utf-8") as f:
            token = f.read()
        check(re.fullmatch("[0-9a-f]{32}", token) and os.stat(made).st_mode & 0o77 == 0, name + ": no token, or one that others may read")
        check(said[0] == said[1] and token in said[0] and "http://127.0.0.1:8686/" in said[0], name + ": the token is not printed: %s" % said)


def check_arguments(where, arguments):
    """A command that crumbd has, and options that its help names."""
    p = subprocess.run([CRUMBD, "help", arguments[0]], capture_output=True, text=True, check=False)
    check(p.returncode == 0, "%s: crumbd has no command %s" % (where, arguments[0]))
    for option in (a for a in arguments if a.startswith("-")):
        check(re.search(r"(^|[\s\[])%s\b" % re.escape(option), p.stdout), "%s: crumbd %s has no %s" % (where, arguments[0], option))


def check_rotation(name, script):
    """A log that has grown is moved aside, a small one is not, and nginx is told; the script itself ends at once."""
    with tempfile.TemporaryDirectory() as folder:
        for log, size in (("error.log", 65 << 20), ("access.log", 100)):
            with open(os.path.join(folder, log), "wb") as f:
                f.truncate(size)
        for tool, does in (("sleep", "[ ! -e done ] && : >done"), ("nginx", 'echo "$@" >told')):
            path = os.path.join(folder, tool)
            with open(path, "w", encoding="utf-8") as f:
                f.write("#!/bin/sh\ncd %s\n%s\n" % (folder, does))
            os.chmod(path, 0o755)
        script = script.replace("/var/log/nginx", folder)
        env = dict(os.environ, PATH="%s:%s" % (folder, os.environ["PATH"]))
        # The shell that waits for all of it stands for the container.
        p = subprocess.run(["sh", "-c", script + "\nwait"], capture_output=True, text=True, check=False, env=env)
        logs = sorted(f for f in os.listdir(folder) if ".log" in f)
        check(p.returncode == 0 and logs == ["access.log", "error.log.1"], "%s: rotate.sh: %s %s" % (name, logs, p.stderr))
        check(open(os.path.join(folder, "told"), encoding="utf-8").read() == "-s reopen\n", name + ": rotate.sh does not tell nginx")


def check_kubernetes(uid):
    name = "contrib/kubernetes/sidecar.yaml"
    kinds = {d["kind"]: d for d in documents(name)}
    data, spec = kinds["ConfigMap"]["data"], kinds["Deployment"]["spec"]["template"]["spec"]
    volumes = {v["name"]: v for v in spec["volumes"]}
    for c in spec["containers"]:
        where = "%s: container %s" % (name, c["name"])
        for m in c["volumeMounts"]:
            v = volumes.get(m["name"])
            check(v, "%s: no volume %s" % (where, m["name"]))
            check("subPath" not in m or m["subPath"] in data, "%s: the ConfigMap has no %s" % (where, m.get("subPath")))
        ports = {p.get("name") for p in c.get("ports", [])}
        check("readinessProbe" not in c, where + ": crumbd's readiness would take nginx out of service")
        for probe in ("startupProbe", "livenessProbe"):
            check(probe not in c or c[probe]["httpGet"]["port"] in ports, "%s: %s asks a port without name" % (where, probe))
    crumbd = next(c for c in spec["containers"] if c["name"] == "crumbd")
    check_arguments(name, crumbd["args"])
    check(crumbd["securityContext"]["runAsUser"] == spec["securityContext"]["fsGroup"] == uid, name + ": not the image's user")
    check(kinds["Deployment"]["spec"]["selector"]["matchLabels"] == kinds["Deployment"]["spec"]["template"]["metadata"]["labels"],
          name + ": the selector does not match")
    port = crumbd["ports"][0]["containerPort"]
    check(re.search(r"^probes: 0\.0\.0\.0:%d$" % port, data["crumbd.yaml"], re.M), name + ": the probes are not at port %d" % port)
    check(re.search(r"^http: 127\.0\.0\.1:", data["crumbd.yaml"], re.M), name + ": the status page is for every pod")
    check(crumbd["startupProbe"]["httpGet"]["path"] == "/healthz", name + ": no startupProbe on /healthz")
    check_configuration(name, data["crumbd.yaml"])
    check_rotation(name, data["rotate.sh"])
    dsn = next(m["mountPath"] for m in crumbd["volumeMounts"] if m["name"] == "dsn")
    check({"name": "CREDENTIALS_DIRECTORY", "value": dsn} in crumbd["env"], name + ": the secret is mounted where nobody looks")
    check(volumes["dsn"]["secret"].get("optional"), name + ": without a Sentry there would be no pod")
    mounted = {m["mountPath"] for m in crumbd["volumeMounts"]}
    for path in re.findall(r"^\s*(?:- tail|store|dsn_file): (/\S+)$", data["crumbd.yaml"], re.M):
        check(any(path.startswith(m + "/") for m in mounted), "%s: %s is in no volume" % (name, path))


check_compose()
check_kubernetes(check_dockerfile())
for fault in faults:
    print("contrib:", fault)
sys.exit(1 if faults else 0)
