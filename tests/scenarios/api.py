"""The API of the status page: each answer is as its JSON Schema says, with no member that the schema does not know."""
import glob
import json
import os
import re

import harness
from harness import free_port, nginx_line
from live import CONFIG, Stream
from status import ask

SCHEMAS = os.path.join(harness.TOP, "contrib", "schema")
RULES = """pack: p
rules:
  - {id: p.refused, match: 'connect\\(\\) failed', event: {type: Refused}}
  - {id: p.never, match: 'never seen'}
"""


def strict(schema):
    """The same, but without room for members that it does not name."""
    if isinstance(schema, list):
        return [strict(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    out = {k: strict(v) for k, v in schema.items()}
    if isinstance(out.get("properties"), dict):
        out.setdefault("additionalProperties", False)
    return out


def load(t):
    try:
        import jsonschema
    except ImportError:
        t.skip("no jsonschema (Debian's package python3-jsonschema)")
    out = {}
    for path in glob.glob(os.path.join(SCHEMAS, "api-*.schema.json")):
        with open(path, encoding="utf-8") as f:
            schema = json.load(f)
        jsonschema.Draft7Validator.check_schema(schema)
        out[os.path.basename(path)[4:-12]] = jsonschema.Draft7Validator(strict(schema))
    return out


def defined_counters():
    """What counters.def says, in its order, as the answer has it."""
    with open(os.path.join(harness.TOP, "src", "base", "counters.def"), encoding="utf-8") as f:
        rows = re.findall(r'^COUNTER\((\w+), *(\w+), *([^,]*), *"[^"]*", *"((?:[^"\\]|\\.)*)"\)$', f.read(), re.M)
    return [{"name": name, "kind": kind.lower(), "sides": sorted(side.lower() for side in re.findall(r"COUNT_(\w+)", sides)),
             "help": re.sub(r"\\(.)", r"\1", text)} for name, kind, sides, text in rows]


def scenario_answers_are_as_their_schemas_say(t):
    schemas, seen = load(t), set()
    port, up = free_port(), t.upstream()
    t.write("rules.yaml", RULES)
    t.write("error.log", nginx_line(1) + nginx_line(2, text="nothing", level="notice", upstream=None))
    config = (CONFIG % (port, 2)).replace("rules: []", "rules: [{dir}/rules.yaml]").replace("inputs: [", "inputs: [{syslog: 'udp://127.0.0.1:0'}, {tail: '{dir}/none.txt'}, ")
    d = t.start(t.config(config + 'sentry: {dsn: "%s", projects: {other: "%s"}}\n' % (up.dsn(), up.dsn(2))))

    def check(name, value):
        e = next(schemas[name].iter_errors(value), None)
        if e:
            t.fail("%s: at %s: %s" % (name, list(e.absolute_path), e.message[:300]))
        seen.add(name)
        return value

    def get(name, path, status=200, method="GET", **headers):
        got = ask(port, path, method, headers)
        t.eq((got[0], got[1]["Content-Type"]), (status, "application/json"), path)
        return check(name, json.loads(got[2]))

    t.wait_events(up, 1)
    stream = Stream(port, "/api/live?lines=on")
    up.default = {"status": 400, "body": b"no"}
    t.append("error.log", "".join(nginx_line(n) for n in range(3, 9)) + nginx_line(9, text="done", level="notice", upstream=None) + "not of nginx\n\n")
    t.until(lambda: len(stream.of("line")) >= 6, "lines")
    t.until(lambda: get("delivery", "/api/delivery")["projects"][0]["dead"], "a dead letter")
    counts = get("ledger", "/api/ledger")["counts"]
    t.eq(set(counts), {name for kind in ("FATE", "LOSS", "FACT") for name in harness.COUNTERS[kind]})
    assert get("events", "/api/events")
    assert get("rules", "/api/rules?all=on")
    get("rule", "/api/rules/p.refused")
    counters = get("counters", "/api/counters")
    t.eq([c["name"] for c in counters], [c["name"] for c in defined_counters()])
    for counter, defined in zip(counters, defined_counters()):
        t.eq(dict(counter, sides=sorted(counter["sides"])), defined)
    t.eq({c["name"] for c in counters}, set(counts), "the names of the ledger")
    issues = get("issues", "/api/issues?limit=1")["issues"]
    issue = get("issue", "/api/issues/" + issues[0]["key"])
    assert issue["kept"], issue
    for event in issue["kept"]:
        t.eq(get("event", "/api/events/" + event["id"])["issue"], issue["key"])
    get("inputs", "/api/inputs")
    dead = get("dead", "/api/dead?limit=1")
    assert dead["dead"] and dead["next"], dead
    get("changed", "/api/dead/%d/drop" % dead["dead"][0]["id"], method="POST", **{"X-Crumbd": "1"})
    get("error", "/api/dead/%d/drop" % dead["dead"][0]["id"], 404, "POST", **{"X-Crumbd": "1"})
    get("error", "/api/nothing", 404)
    for event, name in (("line", "live-line"), ("issue", "live-issue"), ("ledger", "live-ledger"), ("delivery", "delivery")):
        for value in t.until(lambda: stream.of(event), "what the stream tells"):
            check(name, value)
    check("live-skipped", {"count": 1})  # scenarios of live.py see it told
    stream.close()
    t.eq(sorted(set(schemas) - seen), [], "schemas that no answer was held against")
    d.stop()
