"""Where a guide is followed: what of the repository it goes through, an account at emulators, a PagerDuty.

The emulators are those of infra/terraform/checks, with policies evaluated. `aws` is the one of PyPI, `terraform` and `kubectl` those of
this machine. What is not as at AWS, and who does it instead, is in README.md.
"""

import contextlib
import os
import shutil
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

from applied import ROUTING_KEY, Account
from ground import REPOSITORY, Server, binary, environment
from servers import PagerDuty
from steps import Skipped

HERE = Path(__file__).parent
GUIDE = REPOSITORY / "infra/README.md"
NUMBER, REGION = "111122223333", "us-gov-west-1"
# What is read by a command that begins so.
ANSWERS = {"read -rs KEY": [ROUTING_KEY], "terraform apply": ["yes"]}


@dataclass
class Place:
    folder: Path
    account: Account
    pagerduty: PagerDuty
    environment: dict


@contextlib.contextmanager
def place(*programs):
    """Skips where one of the programs or Terraform's provider is missing."""
    missing = [name for name in programs if not shutil.which(name)]
    if missing:
        raise Skipped(f"there is no {' and no '.join(missing)} on this machine")
    with tempfile.TemporaryDirectory(prefix="watchfire-guide-") as made:
        folder = Path(made)
        kept = environment(folder)
        laid_out(folder)
        with Server("aws.py", AUTH="true", AWS_ENDPOINT_URL="http://127.0.0.1:{port}", WATCHFIRE_AWS_CALLS=os.devnull) as aws, \
                Server("ecr_iam.py", WATCHFIRE_AWS_CALLS=os.devnull) as moto, PagerDuty() as pagerduty:
            account = Account(aws, NUMBER, REGION)
            account.has_a_cluster()
            yield Place(folder, account, pagerduty, kept | told(folder, aws, moto))


def laid_out(folder):
    """A package of a Lambda has the debug build in it, by its place: it is large."""
    ignored = shutil.ignore_patterns(".terraform*", "__pycache__", "*.tfstate*")
    for name in ("terraform", "kubernetes/chart"):
        shutil.copytree(REPOSITORY / "infra" / name, folder / "infra" / name, ignore=ignored)
    package = folder / "target/lambda/watchfire-bootstrap/bootstrap.zip"
    package.parent.mkdir(parents=True)
    with zipfile.ZipFile(package, "w") as made:
        made.writestr("bootstrap", f"#!/bin/sh\ncd $LAMBDA_TASK_ROOT && exec {binary('watchfire-bootstrap')}\n")


def told(folder, aws, moto):
    """What is in the environment: a region, credentials, where AWS is, and our programs before those of the machine."""
    path = [HERE / "bin", Path(os.environ["WATCHFIRE_GUIDE_AWS"]).parent, binary("watchfire").parent, os.environ["PATH"]]
    return {
        "AWS_ENDPOINT_URL": aws.url, "AWS_ENDPOINT_URL_CLOUDWATCH": moto.url, "AWS_ENDPOINT_URL_GUARDDUTY": moto.url,
        "AWS_ACCESS_KEY_ID": NUMBER, "AWS_SECRET_ACCESS_KEY": "root", "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION,  # the one is Terraform's and ours, the other of `aws`
        "TF_CLI_ARGS_apply": "-parallelism=40", "HOME": str(folder), "PATH": ":".join(map(str, path))}


def paged(pagerduty):
    """The title of the one page, a drill, marked as one, and over. What only asked for the key is no page."""
    events = pagerduty.events()
    drill = [one for one in events if one.get("dedup_key", "").startswith("drill-")]
    pages = [one for one in events if one.get("event_action") == "trigger"]
    assert [one["event_action"] for one in drill] == ["trigger", "resolve"] and pages == drill[:1], f"PagerDuty has {events}"
    assert pages[0]["routing_key"] == ROUTING_KEY
    return pages[0]["payload"]["summary"]
