"""The metrics that there are: their registry in the program, and what is written about them."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
TELEMETRY = REPOSITORY / "router/src/telemetry"
CORE = REPOSITORY / "router/core/src"
ENDS = {"Counter": ["_total"], "Gauge": [""], "Histogram": ["_bucket", "_sum", "_count"]}


def registry():
    """The kind and the sentence of each metric, by its name in Prometheus without its end."""
    known = {}
    for path in sorted(TELEMETRY.glob("*.rs")):
        source = path.read_text()
        kinds = dict(re.findall(r"^    (\w+): (?:Family<Labels, )?(Counter|Gauge|Histogram)\b", source, re.M))
        found = re.findall(r'(\w+): shown(?:_as)?\(\s*r,\s*"(\w+)",\s*"([^"]+)"', source)
        assert {field for field, _, _ in found} == set(kinds), f"{path.name}: every metric is registered by `shown`"
        known |= {f"watchfire_{name}": (kinds[field], sentence) for field, name, sentence in found}
    assert known, "no file has a metric"
    return known


def exposed():
    """What /metrics has of each: its name with every end, and its kind."""
    return {name + end: kind for name, (kind, _) in registry().items() for end in ENDS[kind]}


def documented():
    """The labels of each metric, as router/docs/metrics.md lists them, by the name that it has there."""
    page = (REPOSITORY / "router/docs/metrics.md").read_text()
    listed = page[:page.index("\nAlarm on")]
    return {name: set(filter(None, labels.split(","))) for name, labels in re.findall(r"`(watchfire_\w+)(?:\{([^}]*)\})?`", listed)}


def labels_of(name):
    """The labels of what /metrics calls so."""
    known = documented()
    if name in known:
        return known[name]
    stem = re.sub(r"_(bucket|sum|count)$", "", name)
    return known[stem] | ({"le"} if name.endswith("_bucket") else set())


def words():
    """What the program calls its verdicts, reasons, kinds and outcomes."""
    told = {word for path in TELEMETRY.glob("*.rs") for word in re.findall(r'"(\w+)"', path.read_text())}
    variants = re.findall(r"^    ([A-Z]\w*)(?:,| \{|\()", (CORE / "verdict.rs").read_text() + (CORE / "priority.rs").read_text(), re.M)
    snake = {re.sub(r"(?<=[a-z])(?=[A-Z])", "_", variant).lower() for variant in variants}
    return told | snake | {"P0", "P1", "P2", "P3"}


def undocumented():
    """Metrics that are not in the list, and names of the list that are none."""
    heads = {name + ("_total" if kind == "Counter" else "") for name, (kind, _) in registry().items()}
    return heads ^ documented().keys()
