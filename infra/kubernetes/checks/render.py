"""Makes what is made: the chart's roles, policies and schema from the program, and Kustomize from the chart.

The chart is the source. Kustomize's base is the chart with the first set of values, each overlay what another set makes
otherwise. What differs on purpose: Kustomize brings the namespace, and puts a hash into the ConfigMap's name where the
chart has an annotation.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

import yaml

from ground import CHART, KUBERNETES, KUSTOMIZE, NAMESPACE, REPOSITORY, SETS, binary, identity, installed, rendered, run, values

MADE = "# Made by infra/kubernetes/render: change the chart or its values instead.\n"
SPACE = {
    "apiVersion": "v1", "kind": "Namespace",
    "metadata": {"name": NAMESPACE, "labels": {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "audit", "warn")}},
}
ACCOUNT = ["--namespace", "{{ .Release.Namespace }}", "--service-account", "{{ .Values.service_account.name }}"]


def of_the_program():
    """The chart's files that say what the program says: a path and a text for each."""
    told = lambda *arguments: run([binary("watchfire"), "rbac", *ACCOUNT, *arguments])
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "watchfire.yaml"
        write = lambda text: config.write_text(
            "channels: {screen: {console: {}}}\nroutes: {P0: {to: [screen]}, P1: {to: [screen]}}\n" + text)
        write("")
        yield CHART / "files/rbac-observe.yaml", MADE + told("--config", str(config))
        acting = told()
        yield CHART / "files/rbac-act.yaml", MADE + acting
        write("cluster: {name: c}\nevidence: {to: {directory: {path: evidence}}}\n"
              "mitigation: {mode: enforce, kill_switch: {namespace: SWITCH-NAMESPACE, name: SWITCH-NAME}}\n")
        yield CHART / "files/rbac-kill-switch.yaml", MADE + beyond(told("--config", str(config)), acting)
        write("cluster: {name: c}\nevidence: {to: {directory: {path: evidence}}}\n"
              "mitigation: {mode: enforce}\naccess: {kubernetes: {}}\n")
        yield CHART / "files/rbac-people.yaml", MADE + beyond(told("--config", str(config)), acting)
        write("cluster: {name: c}\nwatch: {}\n")
        observing = told("--config", str(config))
        write("cluster: {name: c}\nhealth_report: {}\n")
        reporting = told("--config", str(config))
        write("")
        observed = told("--config", str(config))
        yield CHART / "files/rbac-watch.yaml", MADE + beyond(observing, observed)
        yield CHART / "files/rbac-health.yaml", MADE + beyond(reporting, observed)
        yield CHART / "files/quarantine.yaml", MADE + beyond(told("--standing-policies"), acting)
    yield CHART / "values.schema.json", schema()


def beyond(all_of_it, first):
    assert all_of_it.startswith(first.rstrip("\n")), "`watchfire rbac` prints the same roles first"
    return all_of_it[len(first.rstrip("\n")):].lstrip("\n")


def schema():
    """Our own values, and watchfire.yaml as the program takes it."""
    own = yaml.safe_load((KUBERNETES / "values.schema.yaml").read_text())
    config = json.loads((REPOSITORY / "router/schemas/config.json").read_text())
    shared = config.pop("$defs")
    config.pop("$schema")
    clash = set(shared) & set(own["$defs"])
    assert not clash, f"of two things at once: {clash}"
    own["$defs"] |= shared | {"Configuration": config}
    return json.dumps(own, indent=1, ensure_ascii=False) + "\n"


def escaped(key):
    return key.replace("~", "~0").replace("/", "~1")


def difference(old, new, path=""):
    """The operations of a JSON patch; a list is replaced whole."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            at = f"{path}/{escaped(key)}"
            if key not in new:
                yield {"op": "remove", "path": at}
            elif key not in old:
                yield {"op": "add", "path": at, "value": new[key]}
            else:
                yield from difference(old[key], new[key], at)
    elif old != new:
        yield {"op": "replace", "path": path, "value": new}


def text(document):
    return yaml.dump(document, sort_keys=False, width=1000, Dumper=Plain)


class Plain(yaml.SafeDumper):
    """Without anchors; texts of several lines as they are."""

    def ignore_aliases(self, _):
        return True


def written(dumper, value):
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style="|" if "\n" in value else None)


Plain.add_representer(str, written)


def split(objects):
    """All but the ConfigMap, which Kustomize makes of its files, and the checksum of it; and those files."""
    config = next(one for one in objects if one["kind"] == "ConfigMap")
    others = {identity(one): one for one in objects if one is not config}
    for one in others.values():
        if one["kind"] == "Deployment":
            del one["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
    return others, config["data"]


def base(objects, files):
    labels = {"name": "watchfire", "namespace": NAMESPACE, "files": sorted(files)}
    kinds = {}
    for one in objects.values():
        kinds.setdefault(one["kind"].lower(), []).append(text(one))
    yield "namespace.yaml", MADE + text(SPACE)
    for kind, documents in sorted(kinds.items()):
        yield f"{kind}.yaml", MADE + "---\n".join(documents)
    yield from files.items()
    kustomization = {
        "apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization",
        "resources": ["namespace.yaml", *(f"{kind}.yaml" for kind in sorted(kinds))],
        "configMapGenerator": [labels | {"options": {"labels": config_labels()}}],
    }
    yield "kustomization.yaml", MADE + text(kustomization)


def config_labels():
    return next(one for one in installed(rendered(values(SETS[0]))) if one["kind"] == "ConfigMap")["metadata"]["labels"]


def overlay(old, new, files, are_alike):
    """What another set of values makes otherwise than the base."""
    added = [text(one) for key, one in new.items() if key not in old]
    patches = []
    for key, one in old.items():
        version, kind, namespace, name = key
        group, _, version = version.rpartition("/")
        target = {"group": group, "version": version, "kind": kind, "namespace": namespace, "name": name}
        target = {part: value for part, value in target.items() if value}
        if key not in new:
            gone = {"apiVersion": one["apiVersion"], "kind": kind, "metadata": {"name": name}, "$patch": "delete"}
            if namespace:
                gone["metadata"]["namespace"] = namespace
            patches.append({"patch": text(gone)})
        elif operations := list(difference(one, new[key])):
            patches.append({"target": target, "patch": text(operations)})
    kustomization = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "resources": ["../../base"]}
    if added:
        kustomization["resources"].append("added.yaml")
        yield "added.yaml", MADE + "---\n".join(added)
    if not are_alike:
        kustomization["configMapGenerator"] = [{"name": "watchfire", "namespace": NAMESPACE, "behavior": "replace", "files": sorted(files)}]
        yield from files.items()
    if patches:
        kustomization["patches"] = patches
    yield "kustomization.yaml", MADE + text(kustomization)


def of_the_chart():
    """Kustomize: a path and a text for each file."""
    old, old_files = split(installed(rendered(values(SETS[0]))))
    for name, content in base(old, old_files):
        yield KUSTOMIZE / "base" / name, content
    for name in SETS:
        new, files = split(installed(rendered(values(name))))
        for file, content in overlay(old, new, files, files == old_files):
            yield KUSTOMIZE / "overlays" / name / file, content


def write(files):
    for path, content in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def main():
    write(of_the_program())
    if KUSTOMIZE.exists():
        shutil.rmtree(KUSTOMIZE)
    write(of_the_chart())
    return 0


if __name__ == "__main__":
    sys.exit(main())
