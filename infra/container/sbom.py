"""What is in the image, as CycloneDX 1.6: the crates that `watchfire` is linked of, and the libraries beside it."""

import hashlib
import json
import re
import shutil
import subprocess
import uuid
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TRIPLES = {"amd64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}


def crates(machine):
    """The packages that the program is linked of, and what each needs: no tests, nothing that only builds. `cargo metadata` knows
    licences; which of them are linked, with the features of this program alone, only `cargo tree`."""
    told = cargo("metadata", "--format-version", "1", "--locked", "--filter-platform", TRIPLES[machine])
    packages = {reference(package): package for package in json.loads(told)["packages"]}
    tree = cargo("tree", "--locked", "--package", "watchfire", "--edges", "normal,no-proc-macro", "--prefix", "depth", "--target", TRIPLES[machine])
    needs, way = {}, []
    for depth, name, version in re.findall(r"^(\d+)(\S+) v(\S+)", tree, re.M):
        one = f"pkg:cargo/{name}@{version}"
        way[int(depth):] = [one]
        needs.setdefault(one, set())
        if len(way) > 1:
            needs[way[-2]].add(one)
    return {one: packages[one] for one in needs}, needs


def cargo(*arguments):
    return subprocess.run(["cargo", *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout


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
    owned = owner_of(file)
    if not owned:
        return component
    owner, version = owned
    return component | {"version": version, "purl": f"pkg:deb/debian/{owner}@{version.replace('+', '%2B').replace(':', '%3A')}"}


def owner_of(file):
    """The package of Debian's that a file is of, and its version; none where it is nobody's, or there is no Debian."""
    if not shutil.which("dpkg-query"):
        return None
    # The packages know it by the path from before /lib became a link.
    for path in (str(file), str(file).removeprefix("/usr")):
        found = subprocess.run(["dpkg-query", "--search", path], capture_output=True, text=True)
        if found.returncode == 0:
            owner = found.stdout.split(":")[0]
            shown = subprocess.run(["dpkg-query", "--show", "--showformat=${Version}", owner], capture_output=True, text=True)
            return (owner, shown.stdout) if shown.returncode == 0 else None
    return None


def bom(machine, program, libraries):
    packages, needs = crates(machine)
    known = sums()
    ours = next(one for one, package in packages.items() if package["name"] == "watchfire")
    beside = [library(place, file) for place, file in sorted(libraries.items())]
    digest = hashlib.sha256(Path(program).read_bytes()).hexdigest()
    root = crate(packages[ours], known) | {"type": "application", "hashes": [{"alg": "SHA-256", "content": digest}]}
    needs[ours] |= {component["bom-ref"] for component in beside}
    document = {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
                "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, digest)}", "metadata": {"component": root},
                "components": [crate(packages[one], known) for one in sorted(packages.keys() - {ours})] + beside,
                "dependencies": [{"ref": one, "dependsOn": sorted(needs[one])} for one in sorted(needs)]}
    return json.dumps(document, indent=1) + "\n"
