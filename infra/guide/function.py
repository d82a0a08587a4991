"""The install guide of the Lambda, typed, to its page: the emulator runs the function behind its queue."""

import json

import yaml

import guide
from place import ANSWERS, GUIDE, paged, place
from reader import Reader
from shell import Shell


class Installing(Reader):
    """Somebody with the repository, a package, an account, and a key of PagerDuty."""

    def __init__(self, here, shell):
        super().__init__(here.folder, shell, ANSWERS)
        self.here = here

    def has_written(self, name):
        """The edits that are not in the guide: the emulator's addresses and partition, and pages are to stay on this machine."""
        path = self.place / name
        text = path.read_text().replace("https://sqs.us-gov-west-1.amazonaws.com", self.here.account.aws.url).replace("arn:aws-us-gov:", "arn:aws:")
        config = yaml.safe_load(text)
        config["channels"]["oncall"]["pagerduty"]["url"] = self.here.pagerduty.url
        path.write_text(yaml.safe_dump(config))

    def will_type(self, command):
        """Our own commands by a user with the operator's policy alone."""
        if command.startswith("watchfire "):
            _, outputs = self.shell.type("terraform output -json watchfire")
            key = self.here.account.somebody_with(json.loads(outputs)["operator_policy"], "operator")
            names = {"AWS_ACCESS_KEY_ID": key["aws_access_key_id"], "AWS_SECRET_ACCESS_KEY": key["aws_secret_access_key"]}
            self.shell.type("export " + " ".join(f"{name}={value}" for name, value in names.items()))


def check():
    parts = list(guide.parts(guide.section(GUIDE.read_text(), "### The Lambda instead\n", "## Upgrade\n")))
    with place("zip") as here, Shell(here.folder, here.environment) as shell:
        told = Installing(here, shell).follow(parts)
        return f"{told}; PagerDuty has: {paged(here.pagerduty)}"
