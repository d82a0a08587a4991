"""Terraform's own word on the files: their form, whether they are valid, and their plans with a mocked AWS."""

import re
import shutil
import zipfile

from ground import TERRAFORM, copy, environment, run


def check():
    folder = copy()
    try:
        env = environment(folder)
        run(["terraform", "fmt", "-check", "-recursive", "-diff", TERRAFORM], env=env)
        root = folder / "terraform"
        with zipfile.ZipFile(root / "tests/package.zip", "w") as package:
            package.writestr("bootstrap", "#!/bin/sh\n")
        for place in [root, *sorted((root / "examples").iterdir())]:
            run(["terraform", "init", "-backend=false", "-no-color"], cwd=place, env=env)
            run(["terraform", "validate", "-no-color"], cwd=place, env=env)
        told = run(["terraform", "test", "-no-color"], cwd=root, env=env)
        return re.search(r"\d+ passed, \d+ failed", told)[0]
    finally:
        shutil.rmtree(folder)
