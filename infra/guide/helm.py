"""`helm upgrade --install NAME CHART --namespace SPACE --values FILE…`: rendered by the Helm engine, which checks the values as
ever, and applied by kubectl. The engine's own way to a cluster asks for the schema of the API, which the API server of the tests
does not have; of one kind it says that it is not served there."""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import yaml
from helm_python import Chart

NOT_SERVED = ("PriorityClass",)


def merged(first, second):
    both = dict(first)
    for key, value in second.items():
        both[key] = merged(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def main():
    parser = argparse.ArgumentParser(prog="helm")
    parser.add_argument("upgrade", choices=["upgrade"])
    parser.add_argument("name")
    parser.add_argument("chart")
    parser.add_argument("--install", action="store_true", required=True)
    parser.add_argument("--namespace", required=True)
    parser.add_argument("--values", action="append", default=[])
    asked = parser.parse_args()
    values = {}
    for file in asked.values:
        values = merged(values, yaml.safe_load(Path(file).read_text()))
    with Chart.load(asked.chart) as chart:
        made = chart.render(values, name=asked.name, namespace=asked.namespace)
    objects = [one for text in made.values() for one in yaml.safe_load_all(text) if one]
    objects = [one for one in objects if "helm.sh/hook" not in one["metadata"].get("annotations", {})]
    left = [one for one in objects if one["kind"] in NOT_SERVED]
    listed = {"apiVersion": "v1", "kind": "List", "items": [one for one in objects if one not in left]}
    command = [os.environ["WATCHFIRE_GUIDE_KUBECTL"], "apply", "--server-side", "--validate=false", "--filename=-"]
    subprocess.run(command, input=json.dumps(listed), text=True, check=True)
    print(f"not served: {', '.join(sorted({one['kind'] for one in left}))}", file=sys.stderr)


main()
