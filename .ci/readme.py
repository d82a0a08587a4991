#!/usr/bin/env python3
"""Whether the pages that documents show are those that are sent: a block behind `<!-- page: NAME -->` is what core's test of pages
keeps as router/core/tests/pages/NAME.txt, from its beginning, with a line `…` for what is left out."""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCUMENTS = ["README.md"]
BLOCK = re.compile(r"<!-- page: (\S+) -->\n```text\n(.*?)\n```", re.DOTALL)


def stray(shown, page):
    """The first shown line that is not the page's next one; none where all are."""
    place, is_next = 0, True
    for line in shown.splitlines():
        if line == "…":
            is_next = False
        elif line or is_next:
            found = page.index(line, place) if line in page[place:] else None
            if found is None or is_next and found != place:
                return line
            place, is_next = found + 1, True
    return None


def main():
    seen, wrong = 0, []
    for document in DOCUMENTS:
        for name, shown in BLOCK.findall((ROOT / document).read_text()):
            seen += 1
            line = stray(shown, (ROOT / f"router/core/tests/pages/{name}.txt").read_text().splitlines())
            if line is not None:
                wrong.append(f"{document}: the page {name} has no such line here: {line!r}")
    if not seen:
        wrong.append(f"no page is shown in {', '.join(DOCUMENTS)}")
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
