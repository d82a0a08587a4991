"""checkov finds nothing; what it would find and is as it should be stands beside its place as `checkov:skip=…`, with the reason."""

import json
import re
import subprocess
import sys
from pathlib import Path

from ground import TERRAFORM


def check():
    checkov = Path(sys.prefix) / "bin/checkov"
    command = ["nice", sys.executable, checkov, "--skip-download", "--compact", "-o", "json", "--framework", "terraform",
               "-d", TERRAFORM]
    ended = subprocess.run(command, text=True, capture_output=True)
    told = json.loads(ended.stdout)["results"]
    failed = [f"{one['check_id']} {one['check_name']}: {one['file_path']} {one['resource']}" for one in told["failed_checks"]]
    assert not failed, "\n".join(["checkov:", *sorted(set(failed))])
    assert len(told["passed_checks"]) > 200, f"it has looked at too little: {len(told['passed_checks'])}"
    skips = [line for file in TERRAFORM.rglob("*.tf") for line in file.read_text().splitlines() if "checkov:skip" in line]
    without = [line for line in skips if not re.search(r"checkov:skip=CKV2?_AWS_\d+: \w.{20,}", line)]
    assert not without, "a skip without its reason:\n" + "\n".join(without)
    return f"{len(told['passed_checks'])} passed, {len(skips)} explained"
