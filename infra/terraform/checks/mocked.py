"""Terraform's own word on the files: their form, whether they are valid, and their plans with a mocked AWS.

What is `nice` here leaves the processor to `applied`, which takes the longest and mostly waits.
"""

import re
import shutil
import zipfile

from ground import TERRAFORM, copy, environment, run


def check():
    folder = copy()
    try:
        env = environment(folder)
        run(["nice", "terraform", "fmt", "-check", "-recursive", "-diff", TERRAFORM], env=env)
        root = folder / "terraform"
        with zipfile.ZipFile(root / "tests/package.zip", "w") as package:
            package.writestr("bootstrap", "#!/bin/sh\n")
        run(["nice", "terraform", "init", "-backend=false", "-no-color"], cwd=root, env=env)
        run(["nice", "terraform", "validate", "-no-color"], cwd=root, env=env)
        told = run(["nice", "terraform", "test", "-no-color"], cwd=root, env=env)
        return re.search(r"\d+ passed, \d+ failed", told)[0]
    finally:
        shutil.rmtree(folder)
