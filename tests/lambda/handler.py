"""What most teams have, to compare with: a plain Python Lambda of boto3 and requests. It pages each finding of a batch once,
and reports the records that nobody took. No rules, no incidents, no grouping, no fallback."""

import json
import os

import boto3
import requests

TABLE = os.environ.get("TABLE")
table = boto3.resource("dynamodb").Table(TABLE) if TABLE else None
pagerduty = requests.Session()
PRIORITIES = [(7.0, "critical"), (4.0, "error"), (0.0, "warning")]


def is_new(event):
    if table is None:
        return True
    try:
        table.put_item(Item={"pk": event["id"]}, ConditionExpression="attribute_not_exists(pk)")
    except table.meta.client.exceptions.ConditionalCheckFailedException:
        return False
    return True


def page(event):
    finding = event["detail"]
    severity = next(word for least, word in PRIORITIES if finding["severity"] >= least)
    body = {
        "routing_key": os.environ["PD_KEY"], "event_action": "trigger", "dedup_key": finding["arn"],
        "payload": {"summary": finding["title"], "source": finding["accountId"], "severity": severity,
                    "custom_details": finding},
    }
    pagerduty.post(os.environ["PD_URL"], json=body, timeout=10).raise_for_status()


def handler(batch, _context):
    failures = []
    for record in batch["Records"]:
        try:
            event = json.loads(record["body"])
            if is_new(event):
                page(event)
        except Exception as error:
            print(json.dumps({"message": "not paged", "id": record["messageId"], "error": str(error)}))
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def main():
    """As Lambda's own runtime: one invocation after the other, over one connection."""
    import http.client

    api = http.client.HTTPConnection(os.environ["AWS_LAMBDA_RUNTIME_API"])
    while True:
        api.request("GET", "/2018-06-01/runtime/invocation/next")
        answer = api.getresponse()
        invocation, batch = answer.getheader("lambda-runtime-aws-request-id"), json.loads(answer.read())
        done = json.dumps(handler(batch, None))
        api.request("POST", f"/2018-06-01/runtime/invocation/{invocation}/response", done)
        api.getresponse().read()


if __name__ == "__main__":
    main()
