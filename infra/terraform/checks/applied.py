"""The examples as they are, applied to emulators: a second plan is empty, the policies are what permissions.json says, only the
rules may send, and an event of GuardDuty becomes a page through what was made, with no permission but those of the role.

ministack evaluates the policies of whoever calls it (`AUTH=true`), so a permission that is missing fails here. It does not ask a
queue's policy about EventBridge: that is compared. It delivers nothing to a bus of another account: that hop is the test's, after
it has looked at the rule, the target and the role of it. CloudWatch and GuardDuty are moto's. Whoever knows AWS finds the rest in
infra/terraform/README.md.
"""

import concurrent.futures
import json
import os
import shutil
import subprocess
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import boto3
import yaml

from calls import PERMISSIONS
from ground import PATTERNS, REPOSITORY, Server, binary, copy, environment, run, until

ROUTING_KEY = "r0ut1ngk3yr0ut1ngk3yr0ut1ngk3y00"
CLUSTER = "prod"
# No cluster is here.
ELSEWHERE = {"cluster"}
# Of an event that came by both queues at once, one Lambda has it in hand and the other gives its copy back; that is on its queue
# again when its visibility is over, minutes later.
ONE_COPY = 1


class PagerDuty:
    """Takes every page."""

    def __init__(self):
        pages = self.pages = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                pages.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                answer = json.dumps({"status": "success", "message": "Event processed", "dedup_key": pages[-1].get("dedup_key", "")})
                self.send_response(202)
                self.send_header("content-type", "application/json")
                self.end_headers()
                self.wfile.write(answer.encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/v2/enqueue"

    def paged(self, within, program=None):
        def look():
            assert program is None or program.poll() is None, f"it ended with {program.returncode}"
            return [page for page in self.pages if page.get("routing_key") == ROUTING_KEY and page.get("event_action") == "trigger"]

        return until("a page", within, look)


class Account:
    """An account in a region, as its root."""

    def __init__(self, aws, number, region):
        self.aws, self.number, self.region = aws, number, region

    def client(self, service, key=None):
        key = key or {"aws_access_key_id": self.number, "aws_secret_access_key": "root"}
        return boto3.client(service, endpoint_url=self.aws.url, region_name=self.region, **key)

    def has_a_cluster(self):
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "eks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
        role = self.client("iam").create_role(RoleName="cluster", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        self.client("eks").create_cluster(name=CLUSTER, roleArn=role, resourcesVpcConfig={"subnetIds": ["subnet-1"]})

    def has_a_deployer_for(self, other):
        trust = {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{other.number}:root"}, "Action": "sts:AssumeRole"}]}
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam = self.client("iam")
        role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        iam.put_role_policy(RoleName="deployer", PolicyName="everything", PolicyDocument=json.dumps(everything))
        return role

    def somebody_with(self, policy, name):
        """Credentials of a user who may what that policy says, and nothing else."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="policy", PolicyDocument=policy)
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}

    def finds_a_miner(self, bus="default"):
        """GuardDuty puts a finding on a bus."""
        event = json.loads((REPOSITORY / "router/demo/09-miner.json").read_text())
        entry = {"Source": event["source"], "DetailType": event["detail-type"], "Detail": json.dumps(event["detail"]),
                 "EventBusName": bus}
        answer = self.client("events").put_events(Entries=[entry])
        assert answer["FailedEntryCount"] == 0, answer


class Example:
    """One of examples/, in a copy, with its account and its own CloudWatch."""

    def __init__(self, folder, name, account, moto, **variables):
        self.place, self.account, self.pagerduty = folder / "terraform/examples" / name, account, PagerDuty()
        self.env = environment(
            folder, AWS_ENDPOINT_URL=account.aws.url, AWS_ENDPOINT_URL_CLOUDWATCH=moto.url, AWS_ENDPOINT_URL_GUARDDUTY=moto.url,
            AWS_ACCESS_KEY_ID=account.number, AWS_SECRET_ACCESS_KEY="root", AWS_EC2_METADATA_DISABLED="true")
        given = {"region": account.region, "cluster_name": CLUSTER, "emails": ["oncall@example.com"], **variables}
        (self.place / "terraform.tfvars.json").write_text(json.dumps(given))

    def terraform(self, *arguments):
        return run(["terraform", *arguments], cwd=self.place, env=self.env)

    def apply(self):
        self.terraform("init", "-no-color")
        self.terraform("apply", "-no-color", "-auto-approve", "-parallelism=40")
        # Exit code 2 where it would change something.
        self.terraform("plan", "-no-color", "-detailed-exitcode")
        self.state = json.loads(self.terraform("show", "-json"))["values"]
        self.outputs = self.state["outputs"]["watchfire"]["value"]
        self.is_as_written()

    def resources(self, kind, module=None):
        found, modules = [], [self.state["root_module"]]
        while modules:
            one = modules.pop()
            modules += one.get("child_modules", [])
            found += [it["values"] | {"index": it.get("index")} for it in one.get("resources", []) if it["type"] == kind and it["mode"] == "managed"]
        return found

    def is_as_written(self):
        """What was made says what the files do."""
        rules = {rule["arn"]: rule for rule in self.resources("aws_cloudwatch_event_rule")}
        for rule in rules.values():
            if rule["event_pattern"]:
                stem = rule["name"].removeprefix("watchfire-").removeprefix("forward-")
                assert json.loads(rule["event_pattern"]) == json.loads((PATTERNS / f"{stem}.json").read_text()), rule["name"]
        targets = self.resources("aws_cloudwatch_event_target")
        senders = lambda arn, at: {a for a, rule in rules.items() for t in targets if t["rule"] == rule["name"] and t["event_bus_name"] == rule["event_bus_name"] and at(t) == arn}
        for queue in self.resources("aws_sqs_queue"):
            allowed = {arn for statement in json.loads(queue["policy"])["Statement"] if statement["Effect"] == "Allow"
                       for arn in listed(statement["Condition"]["ArnEquals"]["aws:SourceArn"])}
            expected = senders(queue["arn"], lambda t: t["arn"]) | senders(queue["arn"], lambda t: t["dead_letter_config"][0]["arn"])
            assert allowed == expected, f"{queue['name']}: may send: {sorted(allowed ^ expected)}"
        for policy in self.resources("aws_iam_role_policy"):
            role = policy["name"]
            if role in ("worker", "function"):
                has = {action for statement in json.loads(policy["policy"])["Statement"] for action in listed(statement["Action"])}
                assert has == self.may(role), f"{role}: {sorted(has ^ self.may(role))}"

    def may(self, role):
        """By permissions.json, of what these examples have."""
        callers = {"worker": ["worker", "by_services"], "function": ["function", "by_lambda", "by_services"]}[role]
        absent = {"row_objects", "repositories", "inspector", "pod_roles", "event_buses", "models", "guardrails", "security_hubs", "networks"}
        absent |= {"log_groups", "undelivered"} if role == "worker" else set()
        features = json.loads(PERMISSIONS.read_text()).values()
        return {action for about in features if about["on"] not in absent for caller in callers for action in about.get(caller, [])}

    def configuration(self, key):
        """What of watchfire.yaml comes from Terraform, with PagerDuty's key in Secrets Manager."""
        written = yaml.safe_load(self.outputs["configuration"])
        written.pop("cluster")  # there is no API server behind it
        written["channels"]["oncall"] = {"pagerduty": {"routing_key": {"secret_arn": key}, "url": self.pagerduty.url, "payload": "standard"}}
        written["routes"] = {"P0": {"to": ["oncall", "guardduty"]}, "P1": {"to": ["oncall"]}, "P2": {"to": ["security-hub"]}, "P3": {"to": []}}
        return written

    def has_its_key(self):
        arn = self.outputs["secret_arns"]["pagerduty-routing-key"]
        self.account.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=ROUTING_KEY)
        return arn


def listed(value):
    return value if isinstance(value, list) else [value]


def secret_without_suffix(account):
    """Known before it is made; what AWS adds to it is left out."""
    return f"arn:aws:secretsmanager:{account.region}:{account.number}:secret:watchfire/pagerduty-routing-key"


def package(folder, name, account, pagerduty):
    """The zip of a Lambda: what lambda/build makes, but the binary is not copied, a debug build is large. By names alone, as a
    user has to write it before anything is applied."""
    url = f"{account.aws.url}/{account.number}/watchfire"
    configuration = {
        "queues": [{"url": f"{url}-urgent", "visibility_seconds": 181}, {"url": f"{url}-alerts", "visibility_seconds": 181}],
        "store": {"dynamodb": {"table": "watchfire"}},
        "channels": {"oncall": {"pagerduty": {
            "routing_key": {"secret_arn": secret_without_suffix(account)}, "url": pagerduty.url, "payload": "standard"}}},
        "routes": {"P0": {"to": ["oncall"]}, "P1": {"to": ["oncall"]}, "P2": {"to": []}, "P3": {"to": []}},
    }
    path = folder / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("bootstrap", f"#!/bin/sh\ncd $LAMBDA_TASK_ROOT && exec {binary('watchfire-bootstrap')}\n")
        made.writestr("watchfire.yaml", json.dumps(configuration))
    return str(path)


def worker(folder, aws, moto):
    account = Account(aws, "111122223333", "us-gov-west-1")
    account.has_a_cluster()
    example = Example(folder, "worker", account, moto)
    example.apply()
    written = example.configuration(example.has_its_key())
    written |= {"http": {"listen": "127.0.0.1:0"}, "health": {"listen": "127.0.0.1:0"}}
    written["store"]["path"] = str(folder / "queue.redb")
    (folder / "whole.yaml").write_text(json.dumps(written))
    written.pop("evidence")  # of a cluster that is not here
    (folder / "watchfire.yaml").write_text(json.dumps(written))
    policy = next(one["policy"] for one in example.resources("aws_iam_role_policy") if one["name"] == "worker")
    # Pod Identity is not here: a user with the role's policy stands for the pod.
    operator = as_user(example, account.somebody_with(example.outputs["operator_policy"], "operator"))
    for command in (["check", "--live"], ["evidence", "list"]):
        run([binary("watchfire"), *command, "--config", "whole.yaml"], cwd=folder, env=operator)
    is_sound(folder, as_user(example, account.somebody_with(example.outputs["doctor_policy"], "doctor")))
    with open(folder / "worker.log", "w") as log:
        command = [binary("watchfire"), "run", "--config", "watchfire.yaml", "--log", "json"]
        program = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, env=as_user(example, account.somebody_with(policy, "worker")))
    try:
        account.finds_a_miner()
        example.pagerduty.paged(60, program)
        is_deleted(example)
    except AssertionError as why:
        raise AssertionError(f"{why}\n{(folder / 'worker.log').read_text()[-4000:]}") from why
    finally:
        program.terminate()
        program.wait()
    refused = [line for line in (folder / "worker.log").read_text().splitlines() if "AccessDenied" in line or '"level":"ERROR"' in line]
    assert not refused, "\n".join(refused)


def is_sound(folder, doctor):
    """What `doctor` says with its own policy, and no other, of what was applied."""
    command = [binary("watchfire"), "doctor", "--config", "whole.yaml", "--output", "json"]
    told = subprocess.run(command, cwd=folder, env=doctor, capture_output=True, text=True)
    assert told.stdout, told.stderr
    wrong = [f"{section['name']}: {finding['found']}" for section in json.loads(told.stdout)["sections"]
             for finding in section["findings"] if finding["grade"] in ("warn", "fail") and section["name"] not in ELSEWHERE]
    assert not wrong, "\n".join(wrong)


def as_user(example, key):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "WATCHFIRE_"))}
    return kept | {"AWS_ACCESS_KEY_ID": key["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": key["aws_secret_access_key"],
                   "AWS_REGION": example.account.region, "AWS_ENDPOINT_URL": example.account.aws.url, "AWS_EC2_METADATA_DISABLED": "true"}


def is_deleted(example, left=0):
    """Both queues are empty, but for so many, and nothing is given up or undelivered."""
    sqs = example.account.client("sqs")
    asked = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    seen = {}

    def are_empty():
        for queue in example.resources("aws_sqs_queue"):
            if f":{example.account.number}:" in queue["arn"]:
                numbers = sqs.get_queue_attributes(QueueUrl=queue["url"], AttributeNames=asked)["Attributes"]
                seen[queue["name"]] = [int(number) for number in numbers.values()]
        given_up = [name for name, numbers in seen.items() if name.endswith(("-dead", "-undelivered")) and any(numbers)]
        assert not given_up, f"given up: {given_up}"
        return sum(map(sum, seen.values())) <= left

    try:
        until("every queue is empty", 60, are_empty)
    except AssertionError as why:
        raise AssertionError(f"{why}: {seen}") from why


def function(folder, aws, moto):
    account = Account(aws, "222233334444", "us-gov-east-1")
    account.has_a_cluster()
    receiver = PagerDuty()
    example = Example(folder, "lambda", account, moto, package=package(folder, "lambda", account, receiver))
    example.apply()
    example.has_its_key()
    account.finds_a_miner()
    receiver.paged(90)
    is_deleted(example, ONE_COPY)


def two_accounts(folder, aws, moto):
    account, member = Account(aws, "333344445555", "us-west-2"), Account(aws, "444455556666", "us-west-2")
    account.has_a_cluster()
    receiver = PagerDuty()
    example = Example(
        folder, "two-accounts", account, moto, package=package(folder, "two-accounts", account, receiver), organization_id="o-a1b2c3d4e5",
        member_role_arn=member.has_a_deployer_for(account))
    example.apply()
    example.has_its_key()
    bus = example.outputs["bus_arn"]
    forwarding = [target for target in example.resources("aws_cloudwatch_event_target") if target["arn"] == bus]
    forwarder = next(one["policy"] for one in example.resources("aws_iam_role_policy") if one["name"] == "forward")
    assert "watchfire-forward-guardduty" in {target["rule"] for target in forwarding}
    assert all(target["role_arn"].startswith(f"arn:aws:iam::{member.number}:role/") for target in forwarding)
    assert [(one["Action"], one["Resource"]) for one in json.loads(forwarder)["Statement"]] == [("events:PutEvents", bus)]
    account.finds_a_miner(bus.rpartition("/")[2])
    receiver.paged(90)
    is_deleted(example, ONE_COPY)


EXAMPLES = [worker, function, two_accounts]


def check():
    folder = copy()
    try:
        with Server("aws.py", AUTH="true", AWS_ENDPOINT_URL="http://127.0.0.1:{port}", WATCHFIRE_AWS_CALLS=os.devnull) as aws, \
                Server("ecr_iam.py", WATCHFIRE_AWS_CALLS=os.devnull) as moto, \
                concurrent.futures.ThreadPoolExecutor(len(EXAMPLES)) as pool:
            for job in [pool.submit(example, folder, aws, moto) for example in EXAMPLES]:
                job.result()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return f"{len(EXAMPLES)} examples, a page through each"
