"""Where things are, the Helm engine, and the programs that the checks run."""

import os
import subprocess
import sys
from pathlib import Path

import yaml
from helm_python import Chart

KUBERNETES = Path(__file__).parents[1]
REPOSITORY = KUBERNETES.parents[1]
TARGET = Path(sys.prefix).parent
CHART = KUBERNETES / "chart"
KUSTOMIZE = KUBERNETES / "kustomize"
NAMESPACE = "watchfire"
# The first is the base that the others are overlays of.
SETS = ["observe", "approve", "enforce", "govcloud", "volume"]


def binary(name):
    """A program of this workspace, as tests/run has built it."""
    path = Path(os.environ.get("WATCHFIRE_TEST_BINARIES", TARGET / "debug")) / name
    assert path.is_file(), f"{path} is missing: run tests/run"
    return path


def run(command, **options):
    """What it prints; it has to succeed."""
    ended = subprocess.run(list(map(str, command)), text=True, capture_output=True, **options)
    told = (ended.stdout + ended.stderr).strip()
    assert ended.returncode == 0, f"{' '.join(map(str, command))[:200]} ended with {ended.returncode}:\n{told[-6000:]}"
    return ended.stdout


def values(name):
    return yaml.safe_load((KUBERNETES / "values" / f"{name}.yaml").read_text())


def rendered(given):
    """What the Helm engine makes of the chart and these values: what is installed, and what `helm test` runs, in order."""
    with Chart.load(CHART) as chart:
        made = chart.render(given, name="watchfire", namespace=NAMESPACE)
    files = [text for name, text in sorted(made.items()) if name.endswith(".yaml")]
    return [one for text in files for one in yaml.safe_load_all(text) if one]


def installed(objects):
    """Without what only `helm test` runs."""
    return [one for one in objects if "helm.sh/hook" not in one["metadata"].get("annotations", {})]


def identity(one):
    metadata = one["metadata"]
    return (one["apiVersion"], one["kind"], metadata.get("namespace", ""), metadata["name"])


def named(one):
    _, kind, namespace, name = identity(one)
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def the(objects, kind, name="watchfire"):
    return next(one for one in objects if one["kind"] == kind and one["metadata"]["name"] == name)
