#!/usr/bin/env python3
"""Every room of `.ci/floors.txt` uses only what is below it, and no rooms use each other in a circle."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CRATE = re.compile(r"\bcrate::(\{|\w+)")
TESTS = re.compile(r"#\[cfg\(test\)\]\s*(?:#\[[^\n]*\]\s*)*(?:pub(?:\(\w+\))? )?mod \w+ \{")


def houses():
    """Each house: its name, its folder, and the floor of each room; floors count from the top."""
    house = None
    for line in (ROOT / ".ci/floors.txt").read_text().splitlines():
        line = line.split("#")[0]
        if not line.strip():
            continue
        if not line.startswith(" "):
            if house:
                yield house
            name, folder = line.split()
            house, floor = (name, ROOT / folder, {}), 0
        else:
            for room in line.split()[1:]:
                house[2][room] = floor
            floor += 1
    yield house


def code(file):
    """A file without its comments and its tests."""
    text = re.sub(r"//[^\n]*", "", file.read_text())
    return re.split(TESTS, text)[0]


def first_names(text):
    """The rooms that a text names by `crate::`, also those in braces, with the line of each."""
    for match in CRATE.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        if match.group(1) != "{":
            yield match.group(1), line
            continue
        depth, start = 0, True
        for part in re.finditer(r"[{},]|\w+", text[match.end() - 1 :]):
            if part.group() == "{":
                depth += 1
                start = depth == 1
            elif part.group() == "}":
                depth -= 1
                if depth == 0:
                    break
            elif part.group() == ",":
                start = depth == 1
            elif start:
                yield part.group(), line
                start = False


def circle(uses):
    """Rooms that use each other, if there are any."""
    done, path = set(), []

    def visit(room):
        if room in path:
            return path[path.index(room) :] + [room]
        if room in done:
            return None
        path.append(room)
        for other in sorted(uses.get(room, {})):
            if found := visit(other):
                return found
        done.add(path.pop())
        return None

    return next((found for room in sorted(uses) if (found := visit(room))), None)


def check(name, folder, floors):
    faults, uses = [], {}
    for file in sorted(folder.rglob("*.rs")):
        parts = file.relative_to(folder).parts
        room = parts[0].removesuffix(".rs")
        if room == "lib" or "tests" in parts or file.name == "tests.rs":
            continue
        if room not in floors:
            faults.append(f"{file.relative_to(ROOT)}: {room} has no floor in .ci/floors.txt ({name})")
            continue
        for other, line in first_names(code(file)):
            if other == room or other not in floors:
                continue
            place = f"{file.relative_to(ROOT)}:{line}"
            uses.setdefault(room, {}).setdefault(other, place)
            if floors[other] < floors[room]:
                faults.append(f"{place}: {room} uses {other}, which is above it ({name})")
    gone = [room for room in floors if not any((folder / at).exists() for at in (room, room + ".rs"))]
    faults += [f".ci/floors.txt: {name} has no room {room}" for room in gone]
    if found := circle(uses):
        steps = [f"{a} uses {b} at {uses[a][b]}" for a, b in zip(found, found[1:])]
        faults.append(f"{name}: a circle of rooms: " + "; ".join(steps))
    return faults


def shown():
    """The page that shows the floors shows these."""
    floors = (ROOT / ".ci/floors.txt").read_text().split("\n\n", 1)[1]
    page = ROOT / "router/ARCHITECTURE.md"
    if floors.strip() not in page.read_text():
        yield f"{page.relative_to(ROOT)}: the floors are not those of .ci/floors.txt: copy them"


faults = [*shown()]
faults += [fault for house in houses() for fault in check(*house)]
print("\n".join(faults) or "every room uses what is below it", file=sys.stderr if faults else sys.stdout)
sys.exit(1 if faults else 0)
