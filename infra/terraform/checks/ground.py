"""Where things are, and the programs that the checks run."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from steps import Skipped

TERRAFORM = Path(__file__).parents[1]
REPOSITORY = TERRAFORM.parents[1]
TARGET = Path(sys.prefix).parent
PATTERNS = TERRAFORM / "modules/events/patterns"
# Where mirrors of providers are put, and Terraform's own places for them.
ROOTS = [Path("/opt"), Path("/usr/share"), Path("/usr/local/share"), Path("/usr/local/lib"), Path.home() / ".terraform.d",
         Path.home() / ".local/share"]


def binary(name):
    """A program of this workspace, as tests/run has built it."""
    path = TARGET / "debug" / name
    assert path.is_file(), f"{path} is missing: run tests/run"
    return path


def mirror():
    """The folder with the AWS provider, `HOST/hashicorp/aws/…`; `WATCHFIRE_TEST_TERRAFORM_MIRROR` names one elsewhere."""
    if not shutil.which("terraform"):
        raise Skipped("there is no terraform on this machine")
    named = os.environ.get("WATCHFIRE_TEST_TERRAFORM_MIRROR")
    roots = [(Path(named), 1)] if named else [(root, depth) for root in ROOTS for depth in (1, 2, 3)]
    for root, depth in roots:
        for provider in root.glob("*/" * depth + "hashicorp/aws"):
            return str(provider.parents[2])
    raise Skipped("no folder has Terraform's AWS provider; WATCHFIRE_TEST_TERRAFORM_MIRROR is to name one that has HOST/hashicorp/aws")


def environment(folder, **more):
    """Nothing of the tester's own AWS or Terraform; providers only from the mirror."""
    settings = folder / "terraform.rc"
    settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror()}"\n  }}\n}}\n')
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_"))}
    return kept | {"TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"} | more


def copy():
    """All of infra/terraform in a folder of its own, with a package for a Lambda that nobody runs."""
    folder = Path(tempfile.mkdtemp(prefix="watchfire-terraform-"))
    ignored = shutil.ignore_patterns(".terraform*", "__pycache__", "*.tfstate*")
    shutil.copytree(TERRAFORM, folder / "terraform", ignore=ignored)
    return folder


def run(command, **options):
    """What it prints; it has to succeed."""
    ended = subprocess.run(command, text=True, capture_output=True, **options)
    told = (ended.stdout + ended.stderr).strip()
    assert ended.returncode == 0, f"{' '.join(map(str, command))[:200]} ended with {ended.returncode}:\n{told[-6000:]}"
    return ended.stdout


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def until(what, within, ask):
    """Asks again until the answer is there."""
    end = time.monotonic() + within
    while not (answer := ask()):
        assert time.monotonic() < end, f"not within {within} s: {what}"
        time.sleep(0.1)
    return answer


class Server:
    """A server of tests/servers, which ends when this does."""

    def __init__(self, script, **environment):
        self.port = free_port()
        python = TARGET / "venv/bin/python"
        assert python.exists(), f"{python} is missing: run tests/run"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.process = subprocess.Popen(
            [python, REPOSITORY / "tests/servers" / script, str(self.port)], stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=kept | {name: value.format(port=self.port) for name, value in environment.items()})
        until(f"{script} listens", 60, self.listens)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def listens(self):
        assert self.process.poll() is None, "the server ended at once"
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
