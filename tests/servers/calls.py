"""Who has called what of AWS, a line each, such as `worker sqs:ReceiveMessage`, in target/aws-calls.txt, or where
`WATCHFIRE_AWS_CALLS` says.

Who it is is told by the access key; a request that a test makes itself has no signature and is not written down. The
policies of infra/terraform are held to that file by infra/terraform/check.
"""

import json
import os
import re
import sys
import threading
from pathlib import Path

FILE = Path(os.environ.get("WATCHFIRE_AWS_CALLS", Path(sys.prefix).parent / "aws-calls.txt"))
# Operations that IAM knows by another name.
KNOWN_AS = {
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
}
WRITES = {"ConditionCheck": "ConditionCheckItem", "Delete": "DeleteItem", "Put": "PutItem", "Update": "UpdateItem"}

seen = set()
lock = threading.Lock()


def by(headers):
    """Whose request it is; nobody's if it is a test's own."""
    signed = headers.get("authorization", "")
    key = re.search(r"Credential=([^/]+)/", signed)
    if not key or signed.endswith("Signature=0"):
        return None
    # A function's account is its access key in ministack.
    return "function" if key[1].isdigit() else key[1]


def known_as(action):
    """As IAM knows it."""
    return KNOWN_AS.get(action, action)


def actions(action, headers, body):
    """What IAM asks for: more than the operation has in its name."""
    if action == "dynamodb:TransactWriteItems":
        items = json.loads(body).get("TransactItems", [])
        return {f"dynamodb:{WRITES[kind]}" for item in items for kind in item}
    more = {"s3:PutObjectRetention"} if action == "s3:PutObject" and "x-amz-object-lock-mode" in headers else set()
    return {known_as(action)} | more


def note(action, headers, body):
    """Writes down who has called it, if it is new."""
    who = by(headers)
    if who is None or action is None:
        return
    lines = {f"{who} {one}\n" for one in actions(action, headers, body)}
    with lock:
        new = lines - seen
        seen.update(new)
        if new:
            with FILE.open("a") as file:
                file.write("".join(sorted(new)))
