#!/usr/bin/env python3
"""deploy_check CRUMBD TOP: what contrib's Dockerfile, compose file and Kubernetes manifest name is there.

Nothing is built or started: no registry is needed. Each fault is one line; exit status 1 when there is one, 77 without PyYAML.
"""
import json
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


def check_configuration(name, text, logs=False):
    """crumbd takes it; secrets, which only the cluster has, are put in place. logs: those it is for are there."""
    with tempfile.TemporaryDirectory() as folder:
        dsn = os.path.join(folder, "dsn")
        with open(dsn, "w", encoding="utf-8") as f:
            f.write("https://0123456789abcdef0123456789abcdef@sentry.example.com/42\n")
        config = os.path.join(folder, "crumbd.yaml")
        with open(config, "w", encoding="utf-8") as f:
            f.write(re.sub(r"(dsn_file|http_token_file): \S+", r"\1: " + dsn, text))
        p = subprocess.run([CRUMBD, "check", "-c", config], capture_output=True, text=True, check=False,
                           env=dict(os.environ, CRUMBD_DATA=TOP))
        # The logs are where it is for, and not here; and a build may lack librdkafka, without which it cannot forward to Kafka.
        lacks = [line for line in p.stderr.splitlines() if "has no librdkafka" in line]
        wrong = [line for line in p.stderr.splitlines() if re.search("(warning|error): ", line) and line not in lacks and
                 (logs or "error: " in line or not re.search("there is no file yet|cannot be written", line))]
        check((p.returncode == 0 or lacks) and not wrong, "%s: crumbd check: %s" % (name, p.stderr or p.stdout))


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


def check_services(folder):
    """What a compose file names is there. Returns it."""
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
        for other in s.get("depends_on", {}):
            check(other in compose["services"], "%s: %s: there is no service %s" % (name, service, other))
    return compose


def check_compose(folder="contrib/docker"):
    name = folder + "/compose.yaml"
    compose = check_services(folder)
    with open(os.path.join(TOP, folder, "crumbd.yaml"), encoding="utf-8") as f:
        text = f.read()
    check_configuration(folder + "/crumbd.yaml", text)
    check_token(name, compose["services"], re.search(r"^http_token_file: (\S+)$", text, re.M))


def check_kafka_compose(folder="contrib/docker/kafka"):
    """What the agent writes is what the members read, and each of these has a store of its own."""
    name = folder + "/compose.yaml"
    compose = check_services(folder)
    services = compose["services"]
    with open(os.path.join(TOP, folder, "crumbd.yaml"), encoding="utf-8") as f:
        text = f.read()
    check_configuration(folder + "/crumbd.yaml", text)
    reads, = [i["kafka"] for i in yaml.safe_load(text)["inputs"]]
    agent, = documents(folder + "/fluent-bit.yaml")
    writes, = [o for o in agent["pipeline"]["outputs"] if o["name"] == "kafka"]
    make = services["topic"]["command"]
    topic = make[make.index("--topic") + 1]
    check(reads["topics"] == [topic] == [writes["topics"]], name + ": the topic that is made, written and read is not one")
    address = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split("://")[1]
    check([address] == reads["brokers"] == [writes["brokers"]] == [make[make.index("--bootstrap-server") + 1]], name + ": the broker has another address")
    members = [s for n, s in services.items() if n.startswith("crumbd")]
    stores = [v.split(":")[0] for s in members for v in s["volumes"] if isinstance(v, str) and v.endswith(":/var/lib/crumbd")]
    check(len(members) > 1 and len(set(stores)) == len(members), name + ": members share a store")
    check(int(make[make.index("--partitions") + 1]) >= len(members), name + ": a member has no partition")
    # What comes of it is the form that crumbd takes apart: a line of nginx's, with the host that the filter adds.
    record = {"@timestamp": 1796032800.1, "log": "2026/11/30 10:00:00 [error] 7#7: *1 open() \"/x\" failed (13: Permission denied), client: 203.0.113.9", "hostname": "web-1"}
    p = subprocess.run([CRUMBD, "parse", "--format", "auto"], input=json.dumps(record) + "\n", capture_output=True, text=True, check=False)
    parsed = json.loads(p.stdout or "{}")
    check((parsed.get("format"), parsed.get("host"), parsed.get("level")) == ("nginx-error", "web-1", "error"), name + ": the agent's record: " + p.stdout)


def check_two_steps(folder="contrib/docker/two-steps"):
    """The first step forwards to the topic that is made and that the second reads; who forwards has no DSN, and each has a store of its own."""
    name = folder + "/compose.yaml"
    services = check_services(folder)["services"]
    configurations = {}
    for step in ("first.yaml", "second.yaml"):
        with open(os.path.join(TOP, folder, step), encoding="utf-8") as f:
            text = f.read()
        check_configuration(folder + "/" + step, text)
        configurations[step] = yaml.safe_load(text)
    forward, (reads,) = configurations["first.yaml"]["forward"]["kafka"], configurations["second.yaml"]["inputs"]
    make = services["topic"]["command"]
    check([forward["topic"]] == reads["kafka"]["topics"] == [make[make.index("--topic") + 1]], name + ": the topic that is made, written and read is not one")
    address = services["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"].split("://")[1]
    check([address] == forward["brokers"] == reads["kafka"]["brokers"] == [make[make.index("--bootstrap-server") + 1]], name + ": the broker has another address")
    check(reads["format"] == "envelope", name + ": what is forwarded is not taken up")
    steps = {n: [v.split(":") for v in s["volumes"] if isinstance(v, str)] for n, s in services.items() if n == "judge" or n.startswith("limit-")}
    for n, mounts in steps.items():
        configured = [source for source, target, *_ in mounts if target == "/etc/crumbd/crumbd.yaml"]
        check(configured == ["./first.yaml" if n == "judge" else "./second.yaml"], "%s: %s has another step's configuration" % (name, n))
        check("SENTRY_DSN" not in services[n].get("environment", {}) or n != "judge", name + ": who forwards posts as well")
    stores = [source for mounts in steps.values() for source, target, *_ in mounts if target == "/var/lib/crumbd"]
    check(len(steps) > 2 and len(set(stores)) == len(steps), name + ": two crumbds share a store")
    check(int(make[make.index("--partitions") + 1]) >= len(steps) - 1, name + ": a member has no partition")


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


def check_configuration_on_node(name, text):
    """The same over a tree as a kubelet makes it: the pattern meets its links."""
    with tempfile.TemporaryDirectory() as folder:
        logs = os.path.join(folder, "var/log")
        pod = os.path.join(logs, "pods/prod_shop-1_0a1b/web")
        os.makedirs(pod)
        os.makedirs(os.path.join(logs, "containers"))
        with open(os.path.join(pod, "0.log"), "w", encoding="utf-8") as f:
            f.write("2026-11-30T10:00:00.123456789Z stderr F the first words\n")
        os.symlink(os.path.join(pod, "0.log"), os.path.join(logs, "containers/shop-1_prod_web-%064x.log" % 1))
        check_configuration(name, re.sub(r"/var/log(?=/containers/|/pods/)", logs, text), logs=True)


def check_pod(name, kind, uid):
    """What holds of each manifest with a crumbd in it; uid: 0 for root. Returns its ConfigMap's data and its pod."""
    kinds = {d["kind"]: d for d in documents(name)}
    data, workload = kinds["ConfigMap"]["data"], kinds[kind]["spec"]
    spec = workload["template"]["spec"]
    volumes = {v["name"]: v for v in spec["volumes"]}
    volumes.update((v["metadata"]["name"], v) for v in workload.get("volumeClaimTemplates", []))
    for c in spec["containers"]:
        where = "%s: container %s" % (name, c["name"])
        for m in c["volumeMounts"]:
            v = volumes.get(m["name"])
            check(v, "%s: no volume %s" % (where, m["name"]))
            check("subPath" not in m or m["subPath"] in data, "%s: the ConfigMap has no %s" % (where, m.get("subPath")))
        ports = {p.get("name") for p in c.get("ports", [])}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            check(probe not in c or c[probe]["httpGet"]["port"] in ports, "%s: %s asks a port without name" % (where, probe))
    crumbd = next(c for c in spec["containers"] if c["name"] == "crumbd")
    check_arguments(name, crumbd["args"])
    security = crumbd["securityContext"]
    # The kubelet gives an fsGroup to volumes of a pod's own, and to no folder of the node.
    check((security["runAsUser"], spec["securityContext"].get("fsGroup")) == (uid, uid or None), name + ": not the user that it is made for")
    check((security["allowPrivilegeEscalation"], security["readOnlyRootFilesystem"], security["capabilities"]) == (False, True, {"drop": ["ALL"]}),
          name + ": crumbd may do more than it needs")
    check(workload["selector"]["matchLabels"] == workload["template"]["metadata"]["labels"], name + ": the selector does not match")
    port = crumbd["ports"][0]["containerPort"]
    check(re.search(r"^probes: 0\.0\.0\.0:%d$" % port, data["crumbd.yaml"], re.M), name + ": the probes are not at port %d" % port)
    check(re.search(r"^http: 127\.0\.0\.1:", data["crumbd.yaml"], re.M), name + ": the status page is for every pod")
    check(crumbd["startupProbe"]["httpGet"]["path"] == "/healthz", name + ": no startupProbe on /healthz")
    (check_configuration if uid else check_configuration_on_node)(name, data["crumbd.yaml"])
    dsn = next(m["mountPath"] for m in crumbd["volumeMounts"] if m["name"] == "dsn")
    check({"name": "CREDENTIALS_DIRECTORY", "value": dsn} in crumbd["env"], name + ": the secret is mounted where nobody looks")
    check(volumes["dsn"]["secret"].get("optional"), name + ": without a Sentry there would be no pod")
    mounted = {m["mountPath"] for m in crumbd["volumeMounts"]}
    for path in re.findall(r"^\s*(?:- tail|store|dsn_file): (/\S+)$", data["crumbd.yaml"], re.M):
        check(any(path.startswith(m + "/") for m in mounted), "%s: %s is in no volume" % (name, path))
    return data, spec


def check_kubernetes(uid):
    name = "contrib/kubernetes/sidecar.yaml"
    data, spec = check_pod(name, "Deployment", uid)
    check(not any("readinessProbe" in c for c in spec["containers"]), name + ": crumbd's readiness would take nginx out of service")
    check_rotation(name, data["rotate.sh"])
    check_group("contrib/kubernetes/kafka-group.yaml", uid)
    check_node("contrib/kubernetes/daemonset.yaml")


def check_group(name, uid):
    """Each member has a store that comes back with it."""
    check_pod(name, "StatefulSet", uid)
    kinds = {d["kind"]: d for d in documents(name)}
    workload = kinds["StatefulSet"]["spec"]
    claims = {v["metadata"]["name"] for v in workload["volumeClaimTemplates"]}
    crumbd, = workload["template"]["spec"]["containers"]
    check({"/var/lib/crumbd"} == {m["mountPath"] for m in crumbd["volumeMounts"] if m["name"] in claims}, name + ": the store is in no claim")
    check(workload["serviceName"] == kinds["Service"]["metadata"]["name"], name + ": there is no such service")


def check_node(name):
    """It sees of the node its logs, where they are, and changes a folder of its own alone, which outlives the pod."""
    _, spec = check_pod(name, "DaemonSet", 0)
    workload = {d["kind"]: d for d in documents(name)}["DaemonSet"]["spec"]
    crumbd, = spec["containers"]
    mounts = {m["name"]: m for m in crumbd["volumeMounts"]}
    folders = {v["name"]: v["hostPath"] for v in spec["volumes"] if "hostPath" in v}
    for volume, folder in folders.items():
        mount = mounts[volume]
        if mount["mountPath"] == "/var/lib/crumbd":
            check(folder["type"] == "DirectoryOrCreate" and folder["path"] != mount["mountPath"], name + ": whose is the store's folder?")
        else:
            check(mount.get("readOnly") and mount["mountPath"] == folder["path"] and folder["type"] == "Directory",
                  "%s: %s is not mounted as it is, for reading" % (name, folder["path"]))
    check({mounts[v]["mountPath"] for v in folders} == {"/var/log/containers", "/var/log/pods", "/var/lib/crumbd"}, name + ": other folders of the node")
    check(not workload["updateStrategy"]["rollingUpdate"].get("maxSurge"), name + ": two crumbds would have one store")
    check(spec["tolerations"] == [{"operator": "Exists"}], name + ": nodes are left out")
    check(spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name + ": no seccomp profile")
    check(spec["automountServiceAccountToken"] is False and not any(spec.get(k) for k in ("hostPID", "hostIPC", "hostNetwork")),
          name + ": more of the cluster or the node than it needs")
    check("memory" in crumbd["resources"]["limits"], name + ": no limit of memory")
    check(crumbd["readinessProbe"]["httpGet"]["path"] == "/readyz", name + ": an update does not wait until a new crumbd reads")
    check({"name": "SENTRY_NAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}} in crumbd["env"], name + ": events name the pod, not the node")


check_compose()
check_kafka_compose()
check_two_steps()
check_kubernetes(check_dockerfile())
for fault in faults:
    print("contrib:", fault)
sys.exit(1 if faults else 0)
