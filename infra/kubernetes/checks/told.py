"""Alerts and dashboards ask for metrics that there are, by labels and words that there are; every metric is written about."""

import json
import re
import sys

import promql_parser
import yaml
from grafana_foundation_sdk.models import bargauge, dashboard, stat, timeseries

from ground import CHART, REPOSITORY

DASHBOARDS = REPOSITORY / "infra/dashboards"
sys.path.insert(0, str(DASHBOARDS))

import cloudwatch
import grafana
import metrics

# Not ours: which workers there are, by Prometheus itself.
FOREIGN = {"up"}
PLACE = {"job", "pod", "namespace", "instance"}
# AWS's own, https://docs.aws.amazon.com: what a dashboard may ask of them.
OF_AWS = {
    "AWS/SQS": {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible", "NumberOfMessagesSent", "NumberOfMessagesReceived",
                "NumberOfEmptyReceives"},
    "AWS/DynamoDB": {"ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits", "ThrottledRequests"},
    "AWS/Lambda": {"Errors", "Throttles", "Duration", "ConcurrentExecutions", "Invocations"},
}


def selectors(expression):
    """Each metric of an expression and its matchers."""
    found = []
    promql_parser.walk(promql_parser.parse(expression), lambda node: found.append(node) if isinstance(node, promql_parser.VectorSelector) else None, lambda node: None)
    return [(one.name, [(matcher.name, matcher.value) for matcher in one.matchers.matchers]) for one in found]


def grouped(expression):
    """The labels that it is summed by."""
    return {label.strip() for labels in re.findall(r"\bby \(([^)]*)\)", expression) for label in labels.split(",")}


def mistakes(expression, called=""):
    exposed, words = metrics.exposed(), metrics.words()
    known = PLACE
    for name, matchers in selectors(expression):
        if name in FOREIGN:
            continue
        if name not in exposed:
            yield f"no metric {name}"
            continue
        labels = metrics.labels_of(name) | PLACE
        known = known | labels
        for label, value in matchers:
            if label not in labels:
                yield f"{name} has no label {label}"
            elif label not in PLACE | {"le"}:
                yield from (f"nothing is called {word}" for word in value.split("|") if word not in words)
    for label in grouped(expression) | set(re.findall(r"\{\{(?:\s*\$labels\.)?\s*(\w+)\s*\}\}", called)):
        if label not in known:
            yield f"no label {label} to tell apart by"


def alerts():
    stale = metrics.undocumented()
    assert not stale, f"in router/docs/metrics.md or in the registry alone: {sorted(stale)}"
    listed = yaml.safe_load((CHART / "files/alerts.yaml").read_text())["alerts"]
    wrong = [f"{one['alert']}: {what}" for one in listed for what in mistakes(one["expr"], one["summary"])]
    assert not wrong, "\n".join(wrong)
    page = (CHART.parent / "README.md").read_text()
    silent = [one["alert"] for one in listed if f"\n### {one['alert']}\n" not in page]
    assert not silent, f"no heading of README.md says what to do: {silent}"
    wrong = list(mistakes("sum by (rule) (watchfire_pages_total{why=\"limitted\"}) + sum(watchfire_acts_total{end=\"fail\"})"))
    assert wrong == ["no metric watchfire_pages_total", "nothing is called fail", "no label rule to tell apart by"], f"nothing is found: {wrong}"
    return f"{len(listed)} alerts, {len(metrics.registry())} metrics, each documented"


def boards():
    for path, text in made():
        assert path.read_text() == text, f"infra/dashboards/make has to run: {path.name} is other than made"
    body = grafana.dashboard()
    asked = {expression: target["legendFormat"] for panel in body["panels"] for target in panel.get("targets", []) for expression in [target["expr"]]}
    plain = lambda expression: expression.replace("[$__rate_interval]", "[5m]").replace("[$__range]", "[1d]")
    wrong = [f"{what}: {expression}" for expression, called in asked.items() for what in mistakes(plain(expression), called)]
    assert not wrong, "\n".join(wrong)
    used = {name for expression in asked for name, _ in selectors(plain(expression))}
    idle = {name for name in metrics.registry() if not any(one.startswith(name) for one in used)}
    assert not idle, f"on no panel: {sorted(idle)}"
    typed(body)
    shown = cloudwatch_names()
    return f"Grafana: {len(body['panels'])} panels, every metric on one; CloudWatch: {shown} metrics"


def clouded():
    return cloudwatch.dashboard("watchfire", "us-gov-west-1", "/aws/lambda/watchfire-function")


def made():
    yield DASHBOARDS / "grafana.json", json.dumps(grafana.dashboard(), indent=1) + "\n"
    yield DASHBOARDS / "cloudwatch.json", cloudwatch.text(clouded())


def cloudwatch_names():
    emitted, words = metrics_emitted(), metrics.words()
    named = cloudwatch.named(clouded())
    elsewhere = {(kind, value) for kind, value in cloudwatch.dimensions(clouded()) if kind != "Operation"} - made_by_terraform()
    assert not elsewhere, f"Terraform makes nothing of that name: {sorted(elsewhere)}"
    for space, metric in named:
        if space in OF_AWS:
            assert metric in OF_AWS[space], f"{space} has no {metric}"
            continue
        stem = next((name for name in emitted if metric == name or metric.startswith(f"{name}_")), None)
        assert stem, f"no line of a Lambda has {metric}"
        word = metric.removeprefix(stem).removeprefix("_")
        assert (emitted[stem] is None) == (word == "") and (not word or word in words), f"{metric}: a Lambda tells {stem} apart by {emitted[stem]}"
    return len(named)


def made_by_terraform():
    """The queues, the table and the function, named as its modules name them."""
    read = lambda module: (REPOSITORY / f"infra/terraform/modules/{module}/main.tf").read_text().replace("${var.name}", "watchfire")
    queues = re.search(r"\bqueues\s*=\s*toset\(\[([^\]]+)\]", read("queues"))[1]
    queues = {queue.strip(' "') for queue in queues.split(",")}
    assert all(pattern in read("queues") for pattern in ('"watchfire-${each.key}"', '"watchfire-${each.key}-dead"')), "queues are named otherwise"
    names = {f"watchfire-{queue}{end}" for queue in queues for end in ("", "-dead")} | set(re.findall(r'undelivered = "([^"]+)"', read("queues")))
    function = re.search(r'\bname\s*=\s*"(watchfire-[^"]+)"', read("function"))[1]
    return {("QueueName", name) for name in names} | {("TableName", "watchfire"), ("FunctionName", function)}


def metrics_emitted():
    emitted = cloudwatch.emitted()
    strange = {name for name in emitted if f"watchfire_{name}" not in metrics.registry()}
    assert emitted and not strange, f"in the lines of a Lambda and not in the registry: {strange}"
    return emitted


def typed(body):
    """By Grafana's own types: what they do not know would be lost on the way through them."""
    options = {"stat": stat.Options, "bargauge": bargauge.Options, "timeseries": timeseries.Options}
    through = json.loads(json.dumps(dashboard.Dashboard.from_json(body), default=lambda one: one.to_json()))
    lost = list(missing(body, through, "dashboard"))
    for panel in body["panels"]:
        if panel["type"] in options:
            kept = json.loads(json.dumps(options[panel["type"]].from_json(panel["options"]), default=lambda one: one.to_json()))
            lost += missing(panel["options"], kept, panel["title"])
    assert not lost, f"Grafana's types do not know {lost[:10]}"


def missing(ours, theirs, where):
    if isinstance(ours, dict):
        for key, value in ours.items():
            if not isinstance(theirs, dict) or key not in theirs:
                if value not in (None, "", [], {}):
                    yield f"{where}.{key}"
            else:
                yield from missing(value, theirs[key], f"{where}.{key}")
    elif isinstance(ours, list):
        for index, value in enumerate(ours):
            yield from missing(value, theirs[index] if index < len(theirs) else None, f"{where}[{index}]")
    elif ours != theirs:
        yield f"{where}: {ours} became {theirs}"
