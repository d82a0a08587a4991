"""What a role may do is what is called by whoever has it, both ways: target/aws-calls.txt, which the end-to-end tests write,
against modules/permissions/permissions.json, of which alone the policies are made (`applied` looks at those)."""

import json
from collections import defaultdict

from ground import TARGET, TERRAFORM
from steps import Skipped

PERMISSIONS = TERRAFORM / "modules/permissions/permissions.json"
ROLES = ("worker", "function", "operator", "doctor")
# What everybody may, whatever a policy says.
FREE = {"sts:GetCallerIdentity"}
# By any other access key: in a test's own process, as any of them.
ANYBODY = "anybody"
IMPLIED = ("by_lambda", "by_services")


def permitted():
    """What each role may, by its own calls."""
    features = json.loads(PERMISSIONS.read_text())
    known = {"on", *ROLES, *IMPLIED}
    assert all(set(about) <= known for about in features.values()), f"a member that is none of {sorted(known)}"
    return {role: {action for about in features.values() for action in about.get(role, [])} for role in ROLES}


def made():
    file = TARGET / "aws-calls.txt"
    if not file.exists():
        raise Skipped(f"{file} is missing: tests/run writes it")
    calls = defaultdict(set)
    for line in file.read_text().splitlines():
        who, action = line.split()
        if action not in FREE:
            calls[who if who in ROLES else ANYBODY].add(action)
    return calls


def check():
    may, calls = permitted(), made()
    everybody = set().union(*may.values())
    wrong = [f"{who} calls {action}: permissions.json has it not, so it will be refused"
             for who in ROLES for action in sorted(calls[who] - may[who])]
    wrong += [f"a test calls {action}: permissions.json has it for nobody" for action in sorted(calls[ANYBODY] - everybody)]
    # The function is the same router as the worker; its tests need not go every way again.
    seen = {"worker": calls["worker"] | calls[ANYBODY], "operator": calls["operator"] | calls[ANYBODY],
            "doctor": calls["doctor"] | calls[ANYBODY],
            "function": calls["function"] | calls["worker"] | calls[ANYBODY]}
    wrong += [f"{who} may {action}: no test of all has called it, so take it away (or run all of tests/run)"
              for who in ROLES for action in sorted(may[who] - seen[who])]
    assert not wrong, "\n".join(["policies and calls:", *wrong])
    return ", ".join(f"{role} {len(may[role])} actions" for role in ROLES)
