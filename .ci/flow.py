#!/usr/bin/env python3
"""Draws .github/flow.svg, the picture of the first README: what stands here is its source.

  .ci/flow.py            draws it anew
  .ci/flow.py --check    whether it is as drawn
"""

import sys
from html import escape
from pathlib import Path

OUT = Path(__file__).parents[1] / ".github/flow.svg"
WIDTH, HEIGHT = 960, 330
LINE = 19
# In a dark frame the same with other colours: the picture has no background of its own.
STYLE = """
  text { font: 14px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .small { font-size: 12px; fill: #59636e }
  .box { fill: #f6f8fa; stroke: #8c959f }
  .ours { fill: #fff1e5; stroke: #bc4c00; stroke-width: 2 }
  .arrow { fill: none; stroke: #59636e; stroke-width: 1.5 }
  .head { fill: #59636e }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .small { fill: #9198a1 }
    .box { fill: #161b22; stroke: #656c76 }
    .ours { fill: #3d1300; stroke: #f0883e }
    .arrow { stroke: #9198a1 }
    .head { fill: #9198a1 }
  }"""

# Class, place, title, lines.
BOXES = [
    ("box", (4, 20, 196, 66), "GuardDuty", ["findings, and whether", "it still sees every cluster"]),
    ("box", (4, 102, 196, 66), "Security Hub", ["findings, custom actions,", "native or OCSF"]),
    ("box", (4, 184, 196, 66), "CloudWatch, Health, …", ["Inspector, ECR, and changes", "to what watches"]),
    ("box", (4, 266, 196, 48), "Others, by HTTP", ["with a token"]),
    ("box", (268, 76, 134, 50), "SQS: urgent", ["what may be a P0"]),
    ("box", (268, 146, 134, 50), "SQS: alerts", ["everything"]),
    ("ours", (450, 34, 246, 192), "Watchfire", [
        "reads who says what of which pod", "asks the cluster: owner, image, node", "by rules: P0 to P3, page or not, why",
        "decides once, and writes it down", "tells people, then acts", "deletes when all of it is done"]),
    ("box", (470, 270, 206, 48), "DynamoDB, or a file", ["every decision with its reason"]),
    ("box", (756, 20, 200, 84), "People", ["PagerDuty, SNS, e-mail;", "a fallback after 60 s;", "the rest in a daily digest"]),
    ("box", (756, 124, 200, 66), "Evidence", ["first; locked, chained:", "S3, or a folder"]),
    ("box", (756, 210, 200, 84), "The cluster", ["quarantine, scale to zero, …", "as far as you let it, verified,", "undone by one command"]),
]
# A way of points, and whether it has a head at its end.
ARROWS = [
    ([(200, 53), (234, 53), (234, 101), (268, 101)], True),
    ([(200, 135), (234, 135), (234, 171), (268, 171)], True),
    ([(200, 217), (234, 217), (234, 171)], False),
    ([(234, 135), (234, 101)], False),
    ([(200, 290), (426, 290), (426, 204), (450, 204)], True),
    ([(402, 101), (450, 101)], True),
    ([(402, 171), (450, 171)], True),
    ([(573, 226), (573, 270)], True),
    ([(696, 52), (756, 52)], True),
    ([(756, 74), (696, 74)], True),
    ([(696, 157), (756, 157)], True),
    ([(856, 190), (856, 210)], True),
]
# The middle of its line, and what.
NOTES = [(252, 44, "EventBridge"), (726, 46, "page"), (726, 90, "ack,"), (726, 105, "approve"), (726, 151, "act")]


def box(kind, place, title, lines):
    x, y, width, height = place
    yield f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="8"/>'
    step = 25 if kind == "ours" else 16
    yield f'<text class="title" x="{x + 12}" y="{y + LINE + 2}">{escape(title)}</text>'
    for index, line in enumerate(lines):
        below = y + LINE + 2 + step * (index + 1)
        yield f'<text class="small" x="{x + 12}" y="{below}">{escape(line)}</text>'


def arrow(points, has_head):
    way = " L".join(f"{x} {y}" for x, y in points)
    head = ' marker-end="url(#head)"' if has_head else ""
    yield f'<path class="arrow" d="M{way}"{head}/>'


def picture():
    parts = [part for one in ARROWS for part in arrow(*one)]
    parts += [part for one in BOXES for part in box(*one)]
    parts += [f'<text class="small" text-anchor="middle" x="{x}" y="{y}">{escape(text)}</text>' for x, y, text in NOTES]
    title = "GuardDuty, Security Hub and others, by EventBridge and SQS, to Watchfire, which tells people and acts in the cluster"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{title}">',
        f"<title>{title}</title>", f"<style>{STYLE}\n</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="head" d="M0 0L8 4L0 8z"/></marker></defs>', *parts, "</svg>", ""])


def main(arguments):
    if arguments == ["--check"]:
        if not OUT.is_file() or OUT.read_text() != picture():
            print(f"{OUT.name} is other than drawn: run .ci/flow.py", file=sys.stderr)
            return 1
        return 0
    if arguments:
        print(__doc__, file=sys.stderr)
        return 2
    OUT.write_text(picture())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
