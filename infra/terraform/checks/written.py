"""What stands in the files, without Terraform: names, encryption, retries, who may send, what is documented."""

import json
import re

import hcl2

from ground import PATTERNS, REPOSITORY, TERRAFORM

ENCRYPTED_BY = {
    "aws_sqs_queue": ("kms_master_key_id", "sqs_managed_sse_enabled"), "aws_sns_topic": ("kms_master_key_id",),
    "aws_dynamodb_table": ("server_side_encryption",), "aws_secretsmanager_secret": ("kms_key_id",),
    "aws_cloudwatch_log_group": ("kms_key_id",), "aws_lambda_function": ("kms_key_arn",),
}
NAMED_BY = {
    "aws_sqs_queue": "name", "aws_cloudwatch_event_rule": "name", "aws_cloudwatch_metric_alarm": "alarm_name", "aws_iam_role": "name",
}
OUTPUTS = {
    "guardduty_detector_id", "guardduty_sns_topic_arn", "security_hub_sns_topic_arn", "queue_url", "urgent_queue_url", "table_name",
    "evidence_bucket", "worker_role_name", "function_role_name",
}


def blocks(kind):
    """Every block of a kind: its file, its labels, what is in it."""
    for file in sorted(TERRAFORM.rglob("*.tf")):
        if ".terraform" in file.parts:
            continue
        for block in hcl2.loads(file.read_text()).get(kind, []):
            labels = []
            while len(block) == 1 and isinstance(next(iter(block.values())), dict):
                label, block = next(iter(block.items()))
                labels.append(label)
                if len(labels) == (2 if kind in ("resource", "data") else 1):
                    break
            yield file.relative_to(TERRAFORM), labels, block


def resources(*types):
    return [(f"{file}: {labels[0]}.{labels[1]}", labels[0], one) for file, labels, one in blocks("resource") if labels[0] in types]


def first(value):
    """hcl2 has every nested block, and every attribute, as a list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def is_encrypted():
    for place, kind, one in resources(*ENCRYPTED_BY):
        assert any(by in one for by in ENCRYPTED_BY[kind]), f"{place}: not encrypted by a key of ours"


def is_known_by_its_name():
    for place, kind, one in resources(*NAMED_BY):
        name = first(one[NAMED_BY[kind]])
        ours = ("${var.name}-", "${local.name}", "${local.undelivered}", "${each.key}-failed")
        assert name.startswith(ours), f"{place}: named {name}, expected what begins with var.name"


def is_retried_and_not_lost():
    targets = resources("aws_cloudwatch_event_target")
    assert len(targets) == 4, "the rules', the canaries', the tick's, what forwards"
    for place, _, one in targets:
        retry, dead = first(one["retry_policy"]), first(one["dead_letter_config"])
        assert {"maximum_event_age_in_seconds", "maximum_retry_attempts"} <= set(retry), f"{place}: how often is it retried?"
        assert "undelivered" in first(dead["arn"]), f"{place}: what is given up goes nowhere"
        if place.endswith(("target.rule", "target.forward")):
            assert not {"input", "input_path", "input_transformer"} & set(one), f"{place}: the whole event is to arrive"


def only_our_rules_send():
    for file, labels, one in blocks("data"):
        if labels[0] != "aws_iam_policy_document":
            continue
        for statement in one.get("statement", []):
            principals = first(statement.get("principals", [{}]))
            services = first(principals.get("identifiers", [[]])) or []
            conditions = [first(condition["variable"]) for condition in statement.get("condition", [])]
            place = f"{file}: {labels[1]}, {first(statement.get('sid', ['-']))}"
            if "events.amazonaws.com" in services and "sqs:SendMessage" in first(statement["actions"]):
                assert conditions == ["aws:SourceArn"], f"{place}: any rule of any account may send"
            assert "*" not in services or first(statement.get("effect", ["Allow"])) == "Deny", f"{place}: open to the world"
    for place, _, one in resources("aws_cloudwatch_event_permission"):
        assert first(first(one["condition"])["key"]) == "aws:PrincipalOrgID", f"{place}: any account may put events"


def arns_have_no_partition():
    for file in TERRAFORM.rglob("*.tf"):
        found = re.findall(r'"arn:aws[^"]*"', re.sub(r'(description|error_message) += ".*"', "", file.read_text()))
        assert not [arn for arn in found if not arn.startswith('"^')], f"{file}: {found}: expected the partition's own"


def alarms_ask_for_nothing_of_watchfire():
    alarms = resources("aws_cloudwatch_metric_alarm")
    assert len(alarms) == 7, f"{len(alarms)} kinds of alarms"
    page = (REPOSITORY / "infra/README.md").read_text()
    for place, _, one in alarms:
        assert first(one["namespace"]).startswith("AWS/"), f"{place}: a metric of somebody else"
        assert "runbook" in json.dumps(one["alarm_description"]).lower(), f"{place}: no runbook"
    for alarm in ("urgent-dead-letters", "alerts-dead-letters", "undelivered", "urgent-late", "alerts-late", "urgent-heartbeat",
                  "alerts-heartbeat", "rule-failed", "function-errors", "function-throttles", "table-throttled", "forward-undelivered"):
        assert f"#### watchfire-{alarm}" in page, f"infra/README.md has no runbook for watchfire-{alarm}"


def is_documented():
    for kind in ("variable", "output"):
        for file, labels, one in blocks(kind):
            assert len(first(one.get("description", [""]))) >= len("Its ARN."), f"{file}: {labels[0]} is not explained"
            if kind == "variable":
                assert "type" in one, f"{file}: {labels[0]} has no type"
    assert OUTPUTS <= {labels[0] for file, labels, _ in blocks("output") if str(file) == "outputs.tf"}
    about = (TERRAFORM / "README.md").read_text()
    for module in sorted((TERRAFORM / "modules").iterdir()):
        assert f"`{module.name}/`" in about, f"README.md says nothing of modules/{module.name}"
    for pattern in sorted(PATTERNS.glob("*.json")):
        assert f"`{pattern.stem}`" in about, f"README.md says nothing of the rule {pattern.stem}"


CHECKS = [is_encrypted, is_known_by_its_name, is_retried_and_not_lost, only_our_rules_send, arns_have_no_partition,
          alarms_ask_for_nothing_of_watchfire, is_documented]


def check():
    for one in CHECKS:
        one()
    return f"{len(CHECKS)} promises"
