"""Fails on a licence, a banned crate or a second version that .ci/licences.toml does not name.

Reads `cargo tree` alone: what is really built, on the machine's own target.
"""

import pathlib
import re
import subprocess
import sys
import tomllib

RULES = tomllib.loads((pathlib.Path(__file__).parent / "licences.toml").read_text())


def tree(edges):
    """Every package under those edges: {(name, version): licence}."""
    command = ["cargo", "tree", "--workspace", "-e", edges, "--prefix", "none", "--format", "{p}|{l}"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    packages = {}
    for line in filter(None, lines):
        package, licence = line.removesuffix(" (*)").split("|")
        name, version = package.split()[:2]
        packages[name, version.lstrip("v")] = licence
    return packages


def is_allowed(expression):
    """Whether an SPDX expression can be met with allowed licences alone."""
    words = re.findall(r"[()]|[^\s()/]+|/", expression)

    def either():
        met = both()
        while words and words[0] in ("OR", "/"):
            words.pop(0)
            met = both() or met
        return met

    def both():
        met = one()
        while words and words[0] == "AND":
            words.pop(0)
            met = one() and met
        return met

    def one():
        word = words.pop(0)
        if word == "(":
            met = either()
            words.pop(0)
            return met
        if words and words[0] == "WITH":
            # An exception gives more rights, never fewer; it is named together with its licence all the same.
            word = f"{word} WITH {words[1]}"
            del words[:2]
        return word in RULES["allowed"]

    return bool(words) and either() and not words


def series(version):
    """`1.2.3` is in series `1.2`: what one line of the list of duplicates covers."""
    return ".".join(version.split(".")[:2])


def main():
    everything, shipped = tree("normal,build,dev"), tree("normal,build")
    mistakes = [
        f"{name} {version}: licence `{licence}` is not allowed"
        for (name, version), licence in everything.items()
        if not is_allowed(licence)
    ]
    mistakes += [
        f"{name} {version}: banned: {RULES['banned'][name]}" for name, version in everything if name in RULES["banned"]
    ]
    versions = {}
    for name, version in shipped:
        versions.setdefault(name, []).append(version)
    older = {
        f"{name} {series(version)}"
        for name, found in versions.items()
        for version in sorted(found, key=lambda v: [int(n) for n in re.findall(r"\d+", v)])[:-1]
    }
    mistakes += [f"{name}: a second version that is not on the list" for name in older - RULES["duplicates"].keys()]
    mistakes += [f"{name}: on the list of duplicates, and no longer one" for name in RULES["duplicates"].keys() - older]
    for mistake in sorted(mistakes):
        print(f"licences: {mistake}", file=sys.stderr)
    if mistakes:
        return 1
    print(f"licences: {len(everything)} packages, all allowed; {len(older)} known second versions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
