"""What is made is made of what stands here, the Helm engine finds nothing wrong, and Kustomize makes the same."""

import copy
import shutil
from pathlib import Path

import yaml
from helm_python.chart import lint as helm_lint
from helm_python.errors import HelmError

import render
from ground import CHART, KUSTOMIZE, NAMESPACE, SETS, identity, installed, named, rendered, run, values
from steps import Skipped

# What somebody may have written, and what the schema says of it.
WRONG = [
    ({"replica": 3}, "replica"),
    ({"replicas": 1}, "minimum"),
    ({"config": {"queue": {"wait_second": 3}}}, "wait_second"),
    ({"config": {"routes": None}}, "routes"),
    ({"image": {"repository": ""}}, "repository"),
    ({"image": {"digest": "sha256:12"}}, "digest"),
    ({"istio": {"mode": "linkerd"}}, "mode"),
    ({"resources": {"limits": {"memory": "half"}}}, "memory"),
]
# What no schema sees.
UNFIT = [
    ({"keda": {"enabled": True}, "config": {"store": {"dynamodb": None}}}, "config.store.dynamodb"),
    ({"keda": {"enabled": True}, "config": {"queues": None}}, "no queue"),
    ({"keda": {"enabled": True}, "aws": {"region": ""}}, "aws.region"),
    ({"config": {"health": {"listen": "0.0.0.0:9090"}}}, "config.health.listen"),
]


def made():
    files = dict(render.of_the_program()) | dict(render.of_the_chart())
    there = {path for path in KUSTOMIZE.rglob("*") if path.is_file()}
    stale = sorted(str(path.relative_to(CHART.parent)) for path, text in files.items() if not path.is_file() or path.read_text() != text)
    left = sorted(str(path.relative_to(CHART.parent)) for path in there - files.keys())
    assert not stale and not left, f"infra/kubernetes/render has to run: other than made: {stale}; made no more: {left}"
    return f"{len(files)} files"


def lint():
    for name in SETS:
        report = helm_lint(CHART, values(name), strict=True, namespace=NAMESPACE, kube_version="v1.33.0")
        # 1 is information: that there is no icon.
        said = [one for one in report["messages"] if one["severity"] > 1] + report["errors"]
        assert not said, f"helm lint --strict, {name}: {said}"
    for wrong, word in WRONG + UNFIT:
        try:
            rendered(merged(values("enforce"), wrong))
        except HelmError as refused:
            assert word in str(refused), f"{wrong}: expected `{word}` in what Helm says: {refused}"
        else:
            raise AssertionError(f"the chart takes {wrong}")
    return f"{len(SETS)} sets of values; {len(WRONG) + len(UNFIT)} mistakes refused"


def merged(first, second):
    both = copy.deepcopy(first)
    for key, value in second.items():
        both[key] = merged(both[key], value) if isinstance(value, dict) and isinstance(both.get(key), dict) else value
    return both


def kustomize():
    by_kubectl = shutil.which("kubectl") is not None
    for name in SETS:
        folder = KUSTOMIZE / "overlays" / name
        built = list(yaml.safe_load_all(run(["kubectl", "kustomize", folder]))) if by_kubectl else by_hand(folder)
        other, chart = alike(built), alike([render.SPACE, *installed(rendered(values(name)))])
        differs = sorted(named(one) for key, one in (other | chart).items() if other.get(key) != chart.get(key))
        assert not differs, f"{name}: Kustomize and the chart make different things of {differs}"
    if not by_kubectl:
        raise Skipped("there is no kubectl: compared by our own reading of the overlays, not by Kustomize")
    return f"{len(SETS)} overlays as the chart makes them"


def alike(objects):
    """By what they are, without the checksum of the one and the hash of the other."""
    hashed = next(one["metadata"]["name"] for one in objects if one["kind"] == "ConfigMap")
    found = {}
    for one in yaml.safe_load_all(render.text(objects).replace(hashed, "watchfire") if hashed != "watchfire" else render.text(objects)):
        for each in one:
            found[identity(each)] = each
            if each["kind"] == "Deployment":
                annotations = each["spec"]["template"]["metadata"].pop("annotations", None) or {}
                annotations.pop("checksum/config", None)
                each["spec"]["template"]["metadata"]["annotations"] = annotations
    return found


def by_hand(folder: Path):
    """As far as our own overlays go: resources, files of a ConfigMap, patches by operations and deletions."""
    kustomization = yaml.safe_load((folder / "kustomization.yaml").read_text())
    objects = []
    for resource in kustomization["resources"]:
        path = folder / resource
        objects += by_hand(path) if path.is_dir() else list(yaml.safe_load_all(path.read_text()))
    for generator in kustomization.get("configMapGenerator", []):
        files = {file: (folder / file).read_text() for file in generator["files"]}
        if generator.get("behavior") == "replace":
            next(one for one in objects if one["kind"] == "ConfigMap")["data"] = files
        else:
            metadata = {"name": generator["name"], "namespace": generator["namespace"], **generator["options"]}
            objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": files})
    for patch in kustomization.get("patches", []):
        said = yaml.safe_load(patch["patch"])
        if isinstance(said, dict):
            objects.remove(next(one for one in objects if identity(one) == identity(said)))
            continue
        target = patch["target"]
        one = next(one for one in objects if (one["kind"], one["metadata"]["name"]) == (target["kind"], target["name"]))
        for operation in said:
            change(one, operation)
    return objects


def change(one, operation):
    *way, last = (part.replace("~1", "/").replace("~0", "~") for part in operation["path"].split("/")[1:])
    for part in way:
        one = one[part]
    if operation["op"] == "remove":
        del one[last]
    else:
        one[last] = operation["value"]
