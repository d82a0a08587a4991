"""Draws a dashboard of Grafana with what a Prometheus answers: panels where the JSON puts them, plainly."""

import json
import urllib.parse
import urllib.request
from html import escape

WIDTH, ROW = 1500, 30
COLOURS = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1", "#ba43a9", "#705da0"]
# What Grafana puts in when it asks.
SET = {"$job": "watchfire", "$worker": ".*", "$__rate_interval": "20s"}


class Prometheus:
    """Asked as Grafana asks, for so many seconds back from now."""

    def __init__(self, url, now, seconds):
        self.url, self.now, self.seconds = url, now, seconds

    def answer(self, target):
        """Each series: its name, and its points."""
        expression = target["expr"].replace("$__range", f"{self.seconds}s")
        for name, value in SET.items():
            expression = expression.replace(name, value)
        if target["range"]:
            asked = {"query": expression, "start": self.now - self.seconds, "end": self.now, "step": 2}
        else:
            asked = {"query": expression, "time": self.now}
        path = "query_range" if target["range"] else "query"
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(asked)}", timeout=30) as answer:
            result = json.load(answer)["data"]["result"]
        return [(called(target["legendFormat"], one["metric"]), points(one)) for one in result]


def called(form, labels):
    for label, value in labels.items():
        form = form.replace("{{" + label + "}}", value)
    return form


def points(series):
    values = series.get("values") or [series["value"]]
    return [(at, float(value)) for at, value in values if value not in ("NaN", "+Inf", "-Inf")]


def shown(value, unit):
    if unit == "percentunit":
        return f"{value * 100:.4g} %"
    if unit == "s":
        return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s"
    return (f"{value:.3g}" if value < 100 else f"{value:.0f}") + ("/s" if unit == "ops" else "")


def text(x, y, said, size=12, colour="#ccccdc", anchor="start"):
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}">{escape(said)}</text>'


def panel(panel, series, place):
    x, y, width, height = place
    unit = panel["fieldConfig"]["defaults"]["unit"]
    yield f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="3" fill="#181b1f" stroke="#2c3235"/>'
    yield text(x + 10, y + 20, panel["title"], 13)
    series = [(name, told) for name, told in series if told]
    if not series:
        yield text(x + width / 2, y + height / 2 + 8, "No data", 14, "#6e7277", "middle")
    elif panel["type"] == "stat":
        yield text(x + width / 2, y + height / 2 + 24, shown(series[0][1][-1][1], unit), 32, "#73bf69", "middle")
    elif panel["type"] == "bargauge":
        yield from bars(series, unit, place)
    else:
        yield from lines(series, unit, place)


def bars(series, unit, place):
    x, y, width, height = place
    most = max(told[-1][1] for _, told in series) or 1
    for index, (name, told) in enumerate(sorted(series, key=lambda one: -one[1][-1][1])[:9]):
        top = y + 34 + index * 22
        yield text(x + 10, top + 13, name)
        yield f'<rect x="{x + width * .4:.1f}" y="{top}" width="{max(2, width * .45 * told[-1][1] / most):.1f}" height="16" fill="{COLOURS[index % len(COLOURS)]}"/>'
        yield text(x + width - 10, top + 13, shown(told[-1][1], unit), anchor="end")


def lines(series, unit, place):
    x, y, width, height = place
    left, right, top, bottom = x + 62, x + width - 12, y + 34, y + height - 36
    first, last = min(told[0][0] for _, told in series), max(told[-1][0] for _, told in series)
    most = max(value for _, told in series for _, value in told) or 1
    for share in (0, .5, 1):
        level = bottom - share * (bottom - top)
        yield f'<path d="M{left} {level:.1f}H{right}" stroke="#2c3235"/>'
        yield text(left - 6, level + 4, shown(most * share, unit), 11, "#8e8e8e", "end")
    for index, (name, told) in enumerate(series[:8]):
        colour = COLOURS[index % len(COLOURS)]
        way = " ".join(f"{left + (at - first) / (last - first or 1) * (right - left):.1f},{bottom - value / most * (bottom - top):.1f}" for at, value in told)
        yield f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    x = left - 50
    for index, (name, _) in enumerate(series[:8]):
        if x + 7 * len(name) > right:
            break
        yield f'<rect x="{x}" y="{bottom + 19}" width="10" height="3" fill="{COLOURS[index % len(COLOURS)]}"/>' + text(x + 14, bottom + 24, name, 11)
        x += 26 + 6.4 * len(name)


def drawn(dashboard, prometheus):
    """The picture as HTML, and the titles of the panels for which there is nothing."""
    parts, empty, low = [], [], 0
    for one in dashboard["panels"]:
        at = one["gridPos"]
        place = (at["x"] * WIDTH / 24 + 4, at["y"] * ROW + 4, at["w"] * WIDTH / 24 - 8, at["h"] * ROW - 8)
        low = max(low, (at["y"] + at["h"]) * ROW)
        if one["type"] == "row":
            parts.append(text(place[0] + 4, place[1] + 17, one["title"], 15, "#ffffff"))
            continue
        series = [each for target in one["targets"] for each in prometheus.answer(target)]
        if not any(told for _, told in series):
            empty.append(one["title"])
        parts += panel(one, series, place)
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{low + 8}" font-family="system-ui, sans-serif">{"".join(parts)}</svg>'
    return f'<meta charset="utf-8"><body style="margin:0;background:#111217">{svg}', empty, low + 8
