"""What is in the image, as CycloneDX 1.6: the crates that `watchfire` is linked of, and the libraries beside it."""

import hashlib
import json
import re
import subprocess
import uuid
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TRIPLES = {"amd64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}


def crates(machine):
    """The packages that the program is linked of, and what each needs: no tests, nothing that only builds."""
    told = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", TRIPLES[machine]],
        cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    told = json.loads(told)
    packages = {package["id"]: package for package in told["packages"]}
    nodes = {node["id"]: node for node in told["resolve"]["nodes"]}
    needs, open_ones = {}, [next(one for one, package in packages.items() if package["name"] == "watchfire")]
    while open_ones:
        one = open_ones.pop()
        if one in needs:
            continue
        needs[one] = sorted(dep["pkg"] for dep in nodes[one]["deps"]
                            if any(kind["kind"] is None for kind in dep["dep_kinds"]) and not only_builds(packages[dep["pkg"]]))
        open_ones += needs[one]
    return packages, needs


def only_builds(package):
    """A macro of the compiler is in no program."""
    return all("proc-macro" in target["kind"] for target in package["targets"] if set(target["kind"]) & {"lib", "rlib", "proc-macro"})


def sums():
    locked = (REPOSITORY / "Cargo.lock").read_text()
    return {(name, version): digest for name, version, digest in
            re.findall(r'name = "([^"]+)"\nversion = "([^"]+)"\nsource = "[^"]+"\nchecksum = "([0-9a-f]{64})"', locked)}


def reference(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def crate(package, known):
    component = {"type": "library", "bom-ref": reference(package), "name": package["name"], "version": package["version"],
                 "purl": reference(package)}
    if package.get("license"):
        component["licenses"] = [{"expression": package["license"].replace("/", " OR ")}]
    if digest := known.get((package["name"], package["version"])):
        component["hashes"] = [{"alg": "SHA-256", "content": digest}]
    return component


def library(place, file):
    """A library of the system; Debian's name and version where it is Debian's."""
    component = {"type": "library", "bom-ref": f"file:{place}", "name": place.rpartition("/")[2],
                 "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(file.read_bytes()).hexdigest()}]}
    try:
        owner = subprocess.run(["dpkg-query", "--search", str(file)], capture_output=True, text=True, check=True).stdout.split(":")[0]
        version = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", owner], capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return component
    return component | {"version": version, "purl": f"pkg:deb/debian/{owner}@{version.replace('+', '%2B').replace(':', '%3A')}"}


def bom(machine, program, libraries):
    packages, needs = crates(machine)
    known = sums()
    ours = next(packages[one] for one in needs if packages[one]["name"] == "watchfire")
    others = sorted((one for one in needs if packages[one] is not ours), key=lambda one: reference(packages[one]))
    beside = [library(place, file) for place, file in sorted(libraries.items())]
    digest = hashlib.sha256(Path(program).read_bytes()).hexdigest()
    root = crate(ours, known) | {"type": "application", "hashes": [{"alg": "SHA-256", "content": digest}]}
    dependencies = [{"ref": reference(packages[one]), "dependsOn": sorted({reference(packages[need]) for need in needs[one]})} for one in needs]
    for each in dependencies:
        if each["ref"] == root["bom-ref"]:
            each["dependsOn"] += [component["bom-ref"] for component in beside]
    document = {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
                "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}", "metadata": {"component": root},
                "components": [crate(packages[one], known) for one in others] + beside,
                "dependencies": sorted(dependencies, key=lambda each: each["ref"])}
    return json.dumps(document, indent=1) + "\n"
