"""The install guide of the worker, typed, to its page; the API server is that of the tests."""

import json
import shutil

import yaml

import guide
from place import ANSWERS, GUIDE, paged, place
from pod import Pod
from reader import Reader
from servers import Kubernetes
from shell import Shell


class Installing(Reader):
    """Somebody with the repository, an account with a cluster in it, and a key of PagerDuty."""

    def __init__(self, here, shell, pod):
        super().__init__(here.folder / "infra/terraform/examples/worker", shell, ANSWERS)
        self.here, self.pod = here, pod

    def has_typed(self, command):
        if command.startswith("terraform output -raw configuration"):
            self.has_another_pagerduty()
        if command.startswith("helm upgrade"):
            self.pod.credentials |= worker(self.here.account)
            self.pod.start()

    def has_another_pagerduty(self):
        """The one edit that is not in the guide: pages are to stay on this machine."""
        path = self.place / "watchfire.yaml"
        config = yaml.safe_load(path.read_text())
        config["channels"]["oncall"]["pagerduty"]["url"] = self.here.pagerduty.url
        path.write_text(yaml.safe_dump(config))


def worker(account):
    """Pod Identity is not here: a user with the policy of the role that was made stands for the pod."""
    policy = account.client("iam").get_role_policy(RoleName="watchfire-worker", PolicyName="worker")["PolicyDocument"]
    key = account.somebody_with(policy if isinstance(policy, str) else json.dumps(policy), "worker")
    return {"AWS_ACCESS_KEY_ID": key["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": key["aws_secret_access_key"]}


def check():
    parts = list(guide.parts(guide.section(GUIDE.read_text(), "## Install\n", "### The Lambda instead\n")))
    with place("kubectl", "openssl") as here, Kubernetes(here.folder) as kubernetes:
        kubectl = shutil.which("kubectl")
        where = {"KUBECONFIG": kubernetes.kubeconfig, "WATCHFIRE_GUIDE_KUBECTL": kubectl, "WATCHFIRE_GUIDE_POD": str(here.folder / "pod")}
        aws = {name: here.environment[name] for name in ("AWS_ENDPOINT_URL", "AWS_EC2_METADATA_DISABLED")}
        with Pod(here.folder, kubectl, kubernetes.kubeconfig, aws) as pod, Shell(here.folder, here.environment | where) as shell:
            told = Installing(here, shell, pod).follow(parts)
        return f"{told}; PagerDuty has: {paged(here.pagerduty)}"
