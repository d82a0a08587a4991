"""The install guide, typed at emulators, to its page.

The emulators are those of infra/terraform/checks, with policies evaluated; the API server is that of the tests. `aws` is the one
of PyPI, `terraform` and `kubectl` those of this machine. What is not as at AWS, and who does it instead, is in README.md.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import yaml

import guide
from applied import ROUTING_KEY, Account
from ground import REPOSITORY, Server, environment
from pod import Pod
from reader import Reader
from servers import Kubernetes, PagerDuty
from shell import Shell
from steps import Skipped

HERE = Path(__file__).parent
GUIDE = REPOSITORY / "infra/README.md"
# What is read by a command that begins so.
ANSWERS = {"read -rs KEY": [ROUTING_KEY], "terraform apply": ["yes"]}


class Installing(Reader):
    """Somebody with the repository, an account with a cluster in it, and a key of PagerDuty."""

    def __init__(self, folder, shell, account, pagerduty, pod):
        super().__init__(folder / "infra/terraform/examples/worker", shell, ANSWERS)
        self.account, self.pagerduty, self.pod = account, pagerduty, pod

    def has_typed(self, command):
        if command.startswith("terraform output -raw configuration"):
            self.has_another_pagerduty()
        if command.startswith("helm upgrade"):
            self.pod.credentials |= worker(self.account)
            self.pod.start()

    def has_another_pagerduty(self):
        """The one edit that is not in the guide: pages are to stay on this machine."""
        path = self.place / "watchfire.yaml"
        config = yaml.safe_load(path.read_text())
        config["channels"]["oncall"]["pagerduty"]["url"] = self.pagerduty.url
        path.write_text(yaml.safe_dump(config))


def worker(account):
    """Pod Identity is not here: a user with the policy of the role that was made stands for the pod."""
    policy = account.client("iam").get_role_policy(RoleName="watchfire-worker", PolicyName="worker")["PolicyDocument"]
    key = account.somebody_with(policy if isinstance(policy, str) else json.dumps(policy), "worker")
    return {"AWS_ACCESS_KEY_ID": key["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": key["aws_secret_access_key"]}


def tools():
    wanted = [name for name in ("kubectl", "openssl") if not shutil.which(name)]
    if wanted:
        raise Skipped(f"there is no {' and no '.join(wanted)} on this machine")
    return shutil.which("kubectl")


def laid_out(folder):
    """What of the repository the guide goes through."""
    ignored = shutil.ignore_patterns(".terraform*", "__pycache__", "*.tfstate*")
    for name in ("terraform", "kubernetes/chart"):
        shutil.copytree(REPOSITORY / "infra" / name, folder / "infra" / name, ignore=ignored)


def at(folder, aws, moto, kubernetes, kubectl):
    """The environment of the shell: a region, credentials, a kubeconfig, and our programs before those of the machine."""
    path = [HERE / "bin", Path(os.environ["WATCHFIRE_GUIDE_AWS"]).parent, os.environ["PATH"]]
    return environment(
        folder, AWS_ENDPOINT_URL=aws.url, AWS_ENDPOINT_URL_CLOUDWATCH=moto.url, AWS_ENDPOINT_URL_GUARDDUTY=moto.url,
        AWS_ACCESS_KEY_ID="111122223333", AWS_SECRET_ACCESS_KEY="root", AWS_REGION="us-gov-west-1", AWS_DEFAULT_REGION="us-gov-west-1",
        AWS_EC2_METADATA_DISABLED="true",
        TF_CLI_ARGS_apply="-parallelism=40", HOME=str(folder), KUBECONFIG=kubernetes.kubeconfig, WATCHFIRE_GUIDE_KUBECTL=kubectl,
        WATCHFIRE_GUIDE_POD=str(folder / "pod"), PATH=":".join(map(str, path)))


def is_paged(events):
    """A drill, marked as one, and over."""
    seen = [(one.get("event_action"), one["dedup_key"].partition("-")[0], one["routing_key"]) for one in events if "dedup_key" in one]
    assert seen == [(action, "drill", ROUTING_KEY) for action in ("trigger", "resolve")], f"PagerDuty has {events}"
    return next(one["payload"]["summary"] for one in events if one.get("event_action") == "trigger")


def check():
    kubectl = tools()
    parts = list(guide.parts(guide.section(GUIDE.read_text(), "## Install\n", "### The Lambda instead\n")))
    with tempfile.TemporaryDirectory(prefix="watchfire-guide-") as made:
        folder = Path(made)
        environment(folder)  # skips where there is no provider
        laid_out(folder)
        with Server("aws.py", AUTH="true", AWS_ENDPOINT_URL="http://127.0.0.1:{port}", WATCHFIRE_AWS_CALLS=os.devnull) as aws, \
                Server("ecr_iam.py", WATCHFIRE_AWS_CALLS=os.devnull) as moto, \
                PagerDuty() as pagerduty, Kubernetes(folder) as kubernetes:
            account = Account(aws, "111122223333", "us-gov-west-1")
            account.has_a_cluster()
            here = at(folder, aws, moto, kubernetes, kubectl)
            elsewhere = {"AWS_ENDPOINT_URL": aws.url, "AWS_EC2_METADATA_DISABLED": "true"}
            with Pod(folder, kubectl, kubernetes.kubeconfig, elsewhere) as pod, Shell(folder, here) as shell:
                told = Installing(folder, shell, account, pagerduty, pod).follow(parts)
            page = is_paged(pagerduty.events())
    return f"{told}; PagerDuty has: {page}"
