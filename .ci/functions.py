#!/usr/bin/env python3
"""Where it is decided whether somebody hears of it, a function has at most five parameters and fits on a screen."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "router/core/src"
ROOMS = ("decide", "suppress", "timer")
PARAMETERS, LINES = 5, 50

FUNCTION = re.compile(r"^( *)(?:pub(?:\([^)]*\))? )?(?:(?:const|async|unsafe) )*fn (\w+)", re.M)
OWN = re.compile(r"(&\s*)?('\w+ )?(mut )?self\b.*", re.S)


def blanked(text):
    """The text without what comments and strings say, as long as it was: their brackets are none."""
    blank = lambda match: re.sub(r"[^\n]", " ", match.group())
    return re.sub(r'//[^\n]*|"(?:\\.|[^"\\])*"', blank, text)


def parts(text, start):
    """What stands between the bracket at `start` and its own end, by its commas; and where that ends."""
    depth, found, since = 0, [], start + 1
    for at in range(start, len(text)):
        letter = text[at]
        if letter in "([{<":
            depth += 1
        elif letter in ")]}" or letter == ">" and text[at - 1] not in "-=":
            depth -= 1
        if depth == 0 or depth == 1 and letter == ",":
            found.append(text[since:at].strip())
            since = at + 1
        if depth == 0:
            return [part for part in found if part], at
    raise ValueError("a bracket without an end")


def functions(text):
    """Each function: its name, the line it begins in, how many parameters and lines it has; `self` counts as none."""
    for match in FUNCTION.finditer(text):
        indent, name = match.groups()
        at = match.end()
        if text[at] == "<":
            at = parts(text, at)[1] + 1
        parameters, at = parts(text, at)
        # `rustfmt` ends a body in the column where its function begins; an empty one, or none, in its line.
        body = re.compile(r";$|\{\}|\{", re.M).search(text, at)
        end = body if body.group() != "{" else re.compile(rf"^{indent}\}}", re.M).search(text, body.end())
        first = text.count("\n", 0, match.start()) + 1
        counted = sum(not OWN.fullmatch(parameter) for parameter in parameters)
        yield name, first, counted, text.count("\n", match.start(), end.end()) + 1


def check(file):
    for name, line, parameters, lines in functions(blanked(file.read_text())):
        place = f"{file.relative_to(ROOT)}:{line}: {name}"
        if parameters > PARAMETERS:
            yield f"{place} has {parameters} parameters, expected at most {PARAMETERS}"
        if lines > LINES:
            yield f"{place} has {lines} lines, expected at most {LINES}"


def files():
    """The files of the rooms: each is one file, a folder, or both."""
    for room in ROOMS:
        found = [CORE / f"{room}.rs", *sorted((CORE / room).rglob("*.rs"))]
        found = [file for file in found if file.exists()]
        if not found:
            sys.exit(f".ci/functions.py: there is no room {room}")
        yield from found


faults = [fault for file in files() for fault in check(file)]
print("\n".join(faults) or "every function that decides is short", file=sys.stderr if faults else sys.stdout)
sys.exit(1 if faults else 0)
