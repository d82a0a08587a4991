"""Which rule of EventBridge takes which sample event, by our own matcher: what must arrive does, what must not does not.

The table is arrives.txt; `WRITE_TABLE=1 infra/terraform/check arrives` writes it anew. A pattern is told as EventBridge gets it.
"""

import json
import os
from pathlib import Path

from ground import PATTERNS, REPOSITORY, binary, run

TABLE = Path(__file__).parent / "arrives.txt"
# EventBridge takes no longer ones.
LONGEST = 2048
# What AWS sends and nobody asked for: no finding, nothing that a rule of ours is about.
UNWANTED = {
    ("aws.ec2", "EC2 Spot Instance Interruption Warning"), ("aws.ecr", "ECR Image Action"),
    ("aws.securityhub", "Security Hub Announcement"), ("aws.securityhub", "Security Hub Standard Results"),
}
# Of API calls, those that only work with findings; whoever looks at them all the time would be in every digest.
UNWANTED_CALLS = {"call-findings-archived.json", "call-findings-listed.json"}


def samples():
    """The events that come from AWS's own services."""
    for path in sorted((REPOSITORY / "rules/examples").glob("*.json")):
        event = json.loads(path.read_text())
        if event.get("source", "").startswith("aws."):
            yield path.name, event


def taken(patterns, events):
    """The rules that take each event."""
    cases = [(event, rule) for event in events for rule in patterns]
    lines = "\n".join(json.dumps({"pattern": json.loads(patterns[rule]), "event": events[event]}) for event, rule in cases)
    answers = [json.loads(line) for line in run([binary("watchfire"), "pattern"], input=lines).splitlines()]
    assert len(answers) == len(cases)
    wrong = {rule: answer["invalid"] for (_, rule), answer in zip(cases, answers) if "match" not in answer}
    assert not wrong, f"no event patterns: {wrong}"
    found = {event: [] for event in events}
    for (event, rule), answer in zip(cases, answers):
        if answer["match"]:
            found[event].append(rule)
    return found


def check():
    patterns = {path.stem: json.dumps(json.loads(path.read_text()), separators=(",", ":")) for path in sorted(PATTERNS.glob("*.json"))}
    long = {rule: len(pattern) for rule, pattern in patterns.items() if len(pattern) > LONGEST}
    assert not long, f"longer than EventBridge takes: {long}"
    events = dict(samples())
    found = taken(patterns, events)
    table = "".join(f"{event:40} {' '.join(rules) or '-'}\n" for event, rules in found.items())
    if os.environ.get("WRITE_TABLE"):
        TABLE.write_text(table)
    missed, intruders = [], []
    for event, rules in found.items():
        ordinary = [rule for rule in rules if rule != "urgent"]
        kind = (events[event]["source"], events[event]["detail-type"])
        is_wanted = kind not in UNWANTED and event not in UNWANTED_CALLS
        if is_wanted and len(ordinary) != 1:
            missed.append(f"{event}: expected one rule beside urgent, found {ordinary}")
        if not is_wanted and rules:
            intruders.append(f"{event}: {rules}")
    assert not missed and not intruders, "\n".join(["what must arrive:", *missed, "what must not:", *intruders])
    assert table == TABLE.read_text(), f"{TABLE} has something else: WRITE_TABLE=1 writes it anew; look at the difference"
    return f"{len(events)} events, {len(patterns)} patterns"
