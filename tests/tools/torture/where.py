"""where: `crumbd where` knows of every line what became of it, held against what arrived."""
import json
import re

LINE = re.compile(rb"[^\n]*/item/(\d+) HTTP[^\n]*\n")
ASKED, AT_ONCE = 400, 100


def lines(logs, least, most):
    """(path, offset, number) of each line in whole files."""
    for path, data in logs:
        for found in LINE.finditer(data):
            if least <= int(found.group(1)) <= most:
                yield path, found.start(), int(found.group(1))


def ask(w, arrived, dropped, logs):
    """dropped: numbers whose events were given up and are gone. -> how many random lines were asked for, and what is wrong with the answers."""
    known = list(lines(logs, 1, len(w.numbers)))
    chosen = w.rnd.sample(known, min(ASKED, len(known)))
    wrong = []
    for i in range(0, len(chosen), AT_ONCE):
        part = chosen[i:i + AT_ONCE]
        places = ["%s:%d" % (path, at + w.rnd.randrange(20)) for path, at, _ in part]
        out, err = w.t.run("where", "-c", w.config_path, "--json", *places, status=None, env=w.t.env())
        answers = [json.loads(line) for line in out.splitlines()]
        if len(answers) != len(part):
            wrong.append("%d answers to %d questions: %s" % (len(answers), len(part), err[:300]))
        for answer in answers:
            wrong += check(answer, part, arrived, dropped, ("sent", "gone") if w.small_disk else ("sent",))
    return len(chosen), wrong


def check(answer, part, arrived, dropped, states):
    """What is answered is where the line begins, and the event that arrived of it. Where the disk was full, it may not be known that it was sent."""
    number = [n for path, at, n in part if (path, at) == (answer.get("file"), answer.get("from"))]
    if answer.get("fate") == "forgotten":
        return []
    if len(number) != 1 or answer.get("fate") != "event" or answer.get("state") not in states:
        return ["number %s: %s" % (number, json.dumps(answer))]
    if number[0] not in dropped and arrived.ids.get(answer.get("event_id")) != number[0]:
        return ["number %s: %s" % (number, json.dumps(answer))]
    return []
