"""CloudWatch's dashboard: what AWS itself knows of the queues, the table and the Lambda, a Lambda's own metrics, and the log."""

import json
import re

from metrics import TELEMETRY

WIDTH, HEIGHT = 24, 6


def emitted():
    """What a Lambda's lines in embedded metric format name: `router/src/telemetry/emf.rs`, and by which label they are told apart."""
    source = (TELEMETRY / "emf.rs").read_text()
    listed = source[source.index("const SHOWN"):source.index("];", source.index("const SHOWN"))]
    found = re.findall(r'\("(\w+)", Shown::(\w+)(?:\((?:Some\("(\w+)"\)|None)\))?\)', listed)
    return {name: label or None for name, shown, label in found if shown != "Nothing"}


def widgets(name, region, log_group):
    """A question, its place and what answers it."""
    queues = [f"{name}-{each}" for each in ("urgent", "alerts")]
    dead = [f"{each}-dead" for each in queues]
    sqs = lambda metric, of, statistic: [["AWS/SQS", metric, "QueueName", each, {"stat": statistic}] for each in of]
    table = lambda metric, *more: ["AWS/DynamoDB", metric, "TableName", name, *more]
    function = lambda metric, statistic: ["AWS/Lambda", metric, "FunctionName", f"{name}-function", {"stat": statistic}]
    own = lambda metric, statistic: ["Watchfire", metric, "FunctionName", f"{name}-function", {"stat": statistic}]

    def graph(title, metrics, **more):
        return {"type": "metric", "properties": {"title": title, "region": region, "view": "timeSeries", "period": 300, "metrics": metrics} | more}

    def log(title, query, view="table"):
        return {"type": "log", "properties": {"title": title, "region": region, "view": view, "query": f"SOURCE '{log_group}' | {query}"}}

    decided = 'filter message = "decided" | '
    yield "What is open?", [
        log("Incidents told today, the latest event of each", decided + 'filter verdict = "page" | stats latest(@timestamp) as at, latest(priority) as priority, '
            "latest(why) as why, latest(subject) as subject by incident | sort at desc | limit 20"),
        graph("Told, and not taken", [own(metric, "Sum") for metric in ("effects_done", "effects_transient", "effects_permanent", "fallbacks")]),
    ]
    yield "How fast did we page?", [
        graph("From the decision to the channel's answer", [own("page_latency_seconds", "p99"), own("page_latency_seconds", "p50")]),
        graph("Before it was taken: the oldest message", sqs("ApproximateAgeOfOldestMessage", queues, "Maximum"),
              annotations={"horizontal": [{"label": "P0 is late", "value": 60}]}),
        log("Slowest decisions", decided + "sort milliseconds desc | limit 10 | display @timestamp, priority, rule, milliseconds, event"),
    ]
    yield "What was withheld or limited, and why?", [
        log("Reasons", decided + 'filter verdict != "page" | stats count(*) as events by why, priority | sort events desc | limit 20'),
        log("Acts withheld", decided + "filter withheld != \"\" | stats count(*) as times by withheld, rule | sort times desc | limit 20"),
        graph("Decided, by priority", [own(f"decisions_P{priority}", "Sum") for priority in range(4)]),
    ]
    yield "Is the queue healthy?", [
        graph("Waiting", sqs("ApproximateNumberOfMessagesVisible", queues, "Maximum")),
        graph("Given up: each is a page that nobody got", sqs("ApproximateNumberOfMessagesVisible", [*dead, f"{name}-undelivered"], "Maximum"),
              annotations={"horizontal": [{"label": "redrive", "value": 1}]}),
        graph("The store", [own("store_failures", "Sum"), table("ThrottledRequests", "Operation", "TransactWriteItems", {"stat": "Sum"})]),
        graph("The Lambda", [function("Errors", "Sum"), function("Throttles", "Sum"), function("Duration", "p99"), function("ConcurrentExecutions", "Maximum")]),
    ]
    yield "What was done to the cluster?", [
        graph("Acts", [own("acts_done", "Sum"), own("acts_failed", "Sum"), own("act_latency_seconds", "p99")]),
    ]
    yield "What does it cost?", [
        graph("SQS: what was sent, taken, and asked in vain", [one for metric in ("NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfEmptyReceives")
                                                               for one in sqs(metric, queues, "Sum")], period=3600),
        graph("DynamoDB: units", [table("ConsumedReadCapacityUnits", {"stat": "Sum"}), table("ConsumedWriteCapacityUnits", {"stat": "Sum"})], period=3600),
        graph("Lambda: invocations", [function("Invocations", "Sum")], period=3600),
        graph("Lambda: milliseconds", [function("Duration", "Sum")], period=3600),
    ]


def dashboard(name, region, log_group):
    placed, y = [], 0
    for title, shown in widgets(name, region, log_group):
        placed.append({"type": "text", "x": 0, "y": y, "width": WIDTH, "height": 1, "properties": {"markdown": f"## {title}"}})
        y += 1
        for index, widget in enumerate(shown):
            width = WIDTH // len(shown)
            placed.append({"x": index * width, "y": y, "width": width, "height": HEIGHT} | widget)
        y += HEIGHT
    return {"start": "-P1D", "widgets": placed}


def named(body):
    """Each namespace and metric that it shows."""
    graphs = [widget["properties"]["metrics"] for widget in body["widgets"] if widget["type"] == "metric"]
    return {(metric[0], metric[1]) for metrics in graphs for metric in metrics}


def dimensions(body):
    """Each dimension and its value."""
    graphs = [widget["properties"]["metrics"] for widget in body["widgets"] if widget["type"] == "metric"]
    return {(metric[2], metric[3]) for metrics in graphs for metric in metrics}


def text(body):
    return json.dumps(body, indent=1) + "\n"
